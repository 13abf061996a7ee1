/** Rounding to integers that stay floats (SDM: ROUNDPD): bits 1:0 of the immediate are the mode; bit 2 asks for MXCSR's, bit 3 for no PE. */
import { DOWN, IE, NEAREST, PE, roundingOf, UP } from '../mxcsr.ts';
import type { Scratch } from '../primitive.ts';
import { type FloatShapes, isNan32, isNan64, isSignalling32, isSignalling64, quiet32, quiet64, seen32, seen64 } from './float.ts';
import { floatScalar, floatVector } from './lanes.ts';

/** Adding and taking away 2^52 rounds a smaller double as the addition does: to the nearest integer, or the even one. A zero loses its sign. */
const INTEGERS_FROM = 2 ** 52;
function nearest(x: number): number {
  if (!(Math.abs(x) < INTEGERS_FROM)) return x;
  return x < 0 ? (x - INTEGERS_FROM) + INTEGERS_FROM : (x + INTEGERS_FROM) - INTEGERS_FROM;
}
/** The integer that a rounding mode of MXCSR makes of a number. */
export function integerOf(x: number, mode: number): number {
  switch (mode) {
    case NEAREST: return nearest(x) || x * 0;
    case DOWN: return Math.floor(x);
    case UP: return Math.ceil(x);
    default: return Math.trunc(x);
  }
}
const ASKS_MXCSR = 4, SUPPRESSES_PE = 8;
function rounded(s: Scratch, x: number, immediate: number): number {
  const result = integerOf(x, (immediate & ASKS_MXCSR) !== 0 ? roundingOf(s.control) : immediate & 3);
  if (result !== x && (immediate & SUPPRESSES_PE) === 0) s.raised |= PE;
  return result;
}
function lane64(s: Scratch, r: number, a: number, b: number): void {
  if (!isNan64(s, a)) { s.f64[r >> 1] = rounded(s, seen64(s, a), s.i32[b]!); return; }
  if (isSignalling64(s, a)) s.raised |= IE;
  quiet64(s, r, a);
}
function lane32(s: Scratch, r: number, a: number, b: number): void {
  if (!isNan32(s, a)) { s.f32[r] = rounded(s, seen32(s, a), s.i32[b]!); return; }
  if (isSignalling32(s, a)) s.raised |= IE;
  quiet32(s, r, a);
}
/** Of a; b is the immediate. */
export const round: FloatShapes = {
  f64: floatScalar('x86.roundsd', 8, lane64),
  f32: floatScalar('x86.roundss', 4, (s, r, a, b) => { lane32(s, r, a, b); s.i32[r + 1] = 0; }),
  f64x2: floatVector('x86.roundpd', (s, r, a, b) => { lane64(s, r, a, b); lane64(s, r + 2, a + 2, b); }),
  f32x4: floatVector('x86.roundps', (s, r, a, b) => { for (let k = 0; k < 4; k++) lane32(s, r + k, a + k, b); }),
};
