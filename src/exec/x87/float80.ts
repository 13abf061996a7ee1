/** The double extended-precision value and its classes (SDM vol. 1 §4.2.2, §4.8.3, table 8-3). */
import type { i32 } from '../../base/types.ts';

/** Immutable: a sign, a biased exponent and a significand whose top bit is the explicit integer bit. */
export class Float80 {
  readonly sign: number;
  /** 15 bits, biased by 16,383. */
  readonly exponent: number;
  readonly hi: i32;
  readonly lo: i32;
  constructor(sign: number, exponent: number, hi: i32, lo: i32) {
    this.sign = sign; this.exponent = exponent; this.hi = hi; this.lo = lo;
  }
}

export const BIAS = 16383;
export const EXPONENT_MAX = 0x7fff;
const INTEGER_BIT = 0x8000_0000 | 0;
const QUIET_BIT = 0x4000_0000;

/** Ordered: numbers first, then what decides a result alone. */
export const KIND = { zero: 0, denormal: 1, normal: 2, infinity: 3, quiet: 4, signaling: 5, unsupported: 6 } as const;

/** Pseudo-denormals count as denormals; unnormals, pseudo-infinities and pseudo-NaNs are unsupported (table 8-3). */
export function kindOf(v: Float80): number {
  if (v.exponent === 0) return (v.hi | v.lo) === 0 ? KIND.zero : KIND.denormal;
  if (v.hi >= 0) return KIND.unsupported;
  if (v.exponent !== EXPONENT_MAX) return KIND.normal;
  if (v.hi === INTEGER_BIT && v.lo === 0) return KIND.infinity;
  return (v.hi & QUIET_BIT) !== 0 ? KIND.quiet : KIND.signaling;
}

export const zero = (sign: number): Float80 => new Float80(sign, 0, 0, 0);
export const one = (sign: number): Float80 => new Float80(sign, BIAS, INTEGER_BIT, 0);
export const infinity = (sign: number): Float80 => new Float80(sign, EXPONENT_MAX, INTEGER_BIT, 0);
export const negate = (v: Float80): Float80 => new Float80(v.sign ^ 1, v.exponent, v.hi, v.lo);
export const quieted = (v: Float80): Float80 => new Float80(v.sign, v.exponent, v.hi | QUIET_BIT, v.lo);

/** The QNaN floating-point indefinite: the masked answer to an invalid operation. */
export const INDEFINITE = new Float80(1, EXPONENT_MAX, INTEGER_BIT | QUIET_BIT, 0);

/** Bits of a significand, as an unsigned BigInt. */
export const significandOf = (v: Float80): bigint => (BigInt(v.hi >>> 0) << 32n) | BigInt(v.lo >>> 0);

/** Ten bytes in memory order. */
export function loadFloat80(view: DataView, at: number): Float80 {
  const top = view.getUint16(at + 8, true);
  return new Float80(top >> 15, top & EXPONENT_MAX, view.getInt32(at + 4, true), view.getInt32(at, true));
}
export function storeFloat80(view: DataView, at: number, v: Float80): void {
  view.setInt32(at, v.lo, true);
  view.setInt32(at + 4, v.hi, true);
  view.setUint16(at + 8, (v.sign << 15) | v.exponent, true);
}
