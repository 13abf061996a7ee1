/** Rounding to integers that stay floats (SDM: ROUNDPD): bits 1:0 of the immediate are the mode; bit 2 asks for MXCSR's, taken to be nearest. */
import type { Scratch } from '../primitive.ts';
import { type FloatShapes, isNan32, isNan64, quiet32, quiet64 } from './float.ts';
import { integer, vector } from './lanes.ts';

/** Adding and taking away 2^52 rounds a smaller double as the addition does: to the nearest integer, or the even one. A zero loses its sign. */
const INTEGERS_FROM = 2 ** 52;
export function nearest(x: number): number {
  if (!(Math.abs(x) < INTEGERS_FROM)) return x;
  return x < 0 ? (x - INTEGERS_FROM) + INTEGERS_FROM : (x + INTEGERS_FROM) - INTEGERS_FROM;
}
function rounded(x: number, mode: number): number {
  switch ((mode & 4) !== 0 ? 0 : mode & 3) {
    case 0: return nearest(x) || x * 0;
    case 1: return Math.floor(x);
    case 2: return Math.ceil(x);
    default: return Math.trunc(x);
  }
}
function lane64(s: Scratch, r: number, a: number, b: number): void {
  if (isNan64(s, a)) quiet64(s, r, a); else s.f64[r >> 1] = rounded(s.f64[a >> 1], s.i32[b]);
}
function lane32(s: Scratch, r: number, a: number, b: number): void {
  if (isNan32(s, a)) quiet32(s, r, a); else s.f32[r] = rounded(s.f32[a], s.i32[b]);
}
/** Of a; b is the immediate. */
export const round: FloatShapes = {
  f64: integer('x86.roundsd', 8, lane64),
  f32: integer('x86.roundss', 4, (s, r, a, b) => { lane32(s, r, a, b); s.i32[r + 1] = 0; }),
  f64x2: vector('x86.roundpd', (s, r, a, b) => { lane64(s, r, a, b); lane64(s, r + 2, a + 2, b); }),
  f32x4: vector('x86.roundps', (s, r, a, b) => { for (let k = 0; k < 4; k++) lane32(s, r + k, a + k, b); }),
};
