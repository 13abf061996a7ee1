/** Page faults (SDM 3A §4.7, figure 4-12). */
import type { u32, Va } from '../base/types.ts';

export const PF_PRESENT = 1;
export const PF_WRITE = 2;
export const PF_USER = 4;
export const PF_RESERVED = 8;
export const PF_FETCH = 16;

/** What an address is that is not canonical: the CPU raises #GP or #SS instead of #PF. Itself it is not canonical either. */
export const NOT_CANONICAL = 2 ** 47;

/** CR2 and the error code of the last failed translation. One per MMU, reused: copy it to keep it. */
export interface PageFault {
  /** CR2. Of the upper half it is negative: doubles hold those addresses, too, less 2^64. */
  address: Va;
  code: u32;
}
