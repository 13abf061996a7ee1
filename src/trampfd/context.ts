/** Register, stack and allowed-PC contexts (trampfd RFC v1): checked and parsed once, when written, so that an invocation only copies. */
import { EINVAL } from '../base/errno.ts';
import { vaOf } from '../base/words.ts';
import type { i32, Va } from '../base/types.ts';
import type { Result } from '../syscalls/file.ts';
import {
  FIRST_NAME, MAX_DATA_SIZE, MAX_PCS, MAX_REGS, MAX_STACK_OFFSET, REGISTER_OF_NAME, REGS, RIP_NAME, SET_SP, STACK, VALUES, type Extent,
} from './uapi.ts';

/** What was written, or null: it removes the context; or -errno. */
export type Parsed<Context> = Context | null | Result;

export interface RegisterContext {
  /** As written, for reads. */
  readonly bytes: Uint8Array;
  /** Register, low word, high word: three for every general register named, in order. A register named twice: the last wins. */
  readonly loads: Int32Array;
  /** The last value given to rip, as the CPU's next address and exactly. */
  readonly target: Va;
  readonly pc: bigint;
}
export interface StackContext {
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
  /** Bytes left free between the data and the old rsp. */
  readonly offset: number;
  readonly isMoving: boolean;
}
/** What an invocation is made of. */
export interface Contexts { readonly registers: RegisterContext | null; readonly stack: StackContext | null }
export interface AllowedPcs { readonly bytes: Uint8Array; readonly values: readonly bigint[] }

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const isWhole = (bytes: Uint8Array, extent: Extent, count: number): boolean => bytes.length === extent.header + extent.element * count;

export function parseRegisters(bytes: Uint8Array): Parsed<RegisterContext> {
  const view = viewOf(bytes), count = view.getUint32(0, true), reserved = view.getUint32(4, true);
  if (reserved !== 0 || count > MAX_REGS || !isWhole(bytes, REGS, count)) return -EINVAL;
  if (count === 0) return null;
  const loads: i32[] = [];
  let pc = 0n, target = 0, setsPc = false;
  for (let at = REGS.header; at < bytes.length; at += REGS.element) {
    const name = view.getUint32(at, true), lo = view.getInt32(at + 8, true), hi = view.getInt32(at + 12, true);
    if (name < FIRST_NAME || name > RIP_NAME || view.getUint32(at + 4, true) !== 0) return -EINVAL;
    const register = REGISTER_OF_NAME[name - FIRST_NAME];
    if (register !== undefined) { loads.push(register, lo, hi); continue; }
    pc = view.getBigUint64(at + 8, true); target = pcOf(lo, hi);
    setsPc ||= pc !== 0n;
  }
  return setsPc ? { bytes, loads: Int32Array.from(loads), target, pc } : -EINVAL;
}
/** Doubles hold addresses below 2^53. The rest are nobody's, and cut to a page stay so: rounding could turn 2^64 - 1 into 0. */
export function pcOf(lo: i32, hi: i32): Va { return vaOf((hi >>> 0) < 0x20_0000 ? lo : lo & ~0xfff, hi); }

export function parseStack(bytes: Uint8Array): Parsed<StackContext> {
  const view = viewOf(bytes), size = view.getUint32(8, true);
  if (view.getUint32(12, true) !== 0 || size > MAX_DATA_SIZE || !isWhole(bytes, STACK, size)) return -EINVAL;
  const flags = view.getUint32(0, true), offset = view.getUint32(4, true);
  if ((flags & ~SET_SP) !== 0 || offset > MAX_STACK_OFFSET) return -EINVAL;
  return size === 0 ? null : { bytes, data: bytes.subarray(STACK.header), offset, isMoving: (flags & SET_SP) !== 0 };
}

export function parseAllowedPcs(bytes: Uint8Array): Parsed<AllowedPcs> {
  const view = viewOf(bytes), count = view.getUint32(0, true), reserved = view.getUint32(4, true);
  if (reserved !== 0 || count > MAX_PCS || !isWhole(bytes, VALUES, count)) return -EINVAL;
  const values = Array.from({ length: count }, (_, i) => view.getBigUint64(VALUES.header + VALUES.element * i, true));
  if (values.includes(0n)) return -EINVAL;
  return count === 0 ? null : { bytes, values };
}
