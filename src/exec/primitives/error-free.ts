/** What a rounded result lacks to the exact one, as a double or at least its sign, and rounding by that (Knuth, TAOCP vol. 2 §4.2.2; Dekker, Numer. Math. 18, 1971). */
import { DOWN, PE, RC, roundingOf, UP } from '../mxcsr.ts';
import type { Scratch } from '../primitive.ts';

/** Within these no error of a product or sum is lost to the ends of the exponent's range. */
const LEAST64 = 2 ** -800, MOST64 = 2 ** 900;
export function isMiddling64(x: number): boolean { const n = Math.abs(x); return n > LEAST64 && n < MOST64; }
const LEAST32 = 2 ** -126, MOST32 = 2 ** 127;
/** A single that is no denormal, nor close to being one or to overflowing. */
export function isMiddling32(x: number): boolean { const n = Math.abs(x); return n > LEAST32 && n < MOST32; }

/** a + b, less its rounded value. */
export function sumError(a: number, b: number, sum: number): number {
  const bb = sum - a;
  return (a - (sum - bb)) + (b - bb);
}
const SPLIT = 2 ** 27 + 1;
/** a * b, less its rounded value. */
export function productError(a: number, b: number, product: number): number {
  const as = SPLIT * a, ah = as - (as - a), al = a - ah;
  const bs = SPLIT * b, bh = bs - (bs - b), bl = b - bh;
  return ((ah * bh - product) + ah * bl + al * bh) + al * bl;
}
/** The sign of a / b, less its rounded value. */
export function quotientError(a: number, b: number, quotient: number): number {
  const back = quotient * b, rest = (a - back) - productError(quotient, b, back);
  return b < 0 ? -rest : rest;
}
/** The sign of the root of a, less its rounded value. */
export function rootError(a: number, root: number): number {
  const back = root * root;
  return (a - back) - productError(root, root, back);
}

/** Made odd where it is inexact, a sum can be rounded again. `error` is not 0. */
const ODD = new DataView(new ArrayBuffer(8));
export function toOdd(sum: number, error: number): number {
  ODD.setFloat64(0, sum);
  const low = ODD.getInt32(4);
  if ((low & 1) !== 0) return sum;
  // Away from 0 the last bit is set; towards it, the number before an even one is odd.
  if (error > 0 === sum > 0) ODD.setInt32(4, low | 1);
  else {
    if (low === 0) ODD.setInt32(0, ODD.getInt32(0) - 1);
    ODD.setInt32(4, low - 1);
  }
  return ODD.getFloat64(0);
}

/** Which way to the number that MXCSR asks for, from the nearest one: 1 away from 0, -1 towards it. `error` is not 0. */
function step(s: Scratch, value: number, error: number): number {
  switch (roundingOf(s.control)) {
    case DOWN: return error > 0 ? 0 : value < 0 ? 1 : -1;
    case UP: return error < 0 ? 0 : value > 0 ? 1 : -1;
    default: return error > 0 === value > 0 ? 0 : -1;
  }
}
/** Word r = the value nearest to a result that differs from it by `error`, rounded as MXCSR says. */
export function settle64(s: Scratch, r: number, value: number, error: number): void {
  s.f64[r >> 1] = value;
  if (error === 0) return;
  s.raised |= PE;
  if ((s.control & RC) === 0) return;
  const by = step(s, value, error), low = s.i32[r]!;
  s.i32[r] = low + by;
  if (by > 0 && low === -1) s.i32[r + 1]! += 1;
  if (by < 0 && low === 0) s.i32[r + 1]! -= 1;
}
export function settle32(s: Scratch, r: number, value: number, error: number): void {
  s.f32[r] = value;
  if (error === 0) return;
  s.raised |= PE;
  if ((s.control & RC) !== 0) s.i32[r]! += step(s, value, error);
}
