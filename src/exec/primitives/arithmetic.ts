/**
 * One lane of IEEE 754 arithmetic under MXCSR (SDM vol. 1 §11.5.2): in doubles where operands and result are neither tiny nor huge, with their error where
 * that is asked for; by soft-float.ts otherwise. Single results are the double result rounded once more, which is exact for + - * / and sqrt
 * (53 >= 2 * 24 + 2 bits).
 */
import { DOWN, PE, roundingOf } from '../mxcsr.ts';
import type { Scratch } from '../primitive.ts';
import { isMiddling32, isMiddling64, productError, quotientError, rootError, settle32, settle64, sumError } from './error-free.ts';
import { DOUBLE, SINGLE, softAdd, softDiv, softMul, softSqrt, softSub } from './soft-float.ts';

/** Words `a` and `b` in, word `r` out. */
export type Lane = (s: Scratch, r: number, a: number, b: number) => void;

const LEAST64 = 2 ** -1022, MOST64 = 2 ** 1000;
/** Operations on such numbers with such a result raise nothing but PE. */
function isNormal64(x: number): boolean { const n = Math.abs(x); return n > LEAST64 && n < MOST64; }
function isOrdinary64(x: number): boolean { return x === 0 || isNormal64(x); }
function isOrdinary32(x: number): boolean { return x === 0 || isMiddling32(x); }
const isExact = (s: Scratch): boolean => (s.watch & PE) !== 0;
/** A sum of 0 has a sign that depends on rounding. */
const isPlainZero = (s: Scratch, value: number): boolean => value === 0 && roundingOf(s.control) !== DOWN;

export const add64: Lane = (s, r, a, b) => {
  const x = s.f64[a >> 1]!, y = s.f64[b >> 1]!, v = x + y;
  if ((isNormal64(v) || isPlainZero(s, v)) && isOrdinary64(x) && isOrdinary64(y)) {
    if (isExact(s)) settle64(s, r, v, sumError(x, y, v)); else s.f64[r >> 1] = v;
  } else softAdd(s, DOUBLE, r, a, b);
};
export const sub64: Lane = (s, r, a, b) => {
  const x = s.f64[a >> 1]!, y = s.f64[b >> 1]!, v = x - y;
  if ((isNormal64(v) || isPlainZero(s, v)) && isOrdinary64(x) && isOrdinary64(y)) {
    if (isExact(s)) settle64(s, r, v, sumError(x, -y, v)); else s.f64[r >> 1] = v;
  } else softSub(s, DOUBLE, r, a, b);
};
export const mul64: Lane = (s, r, a, b) => {
  const x = s.f64[a >> 1]!, y = s.f64[b >> 1]!, v = x * y;
  if (!isExact(s) && isNormal64(v) && isOrdinary64(x) && isOrdinary64(y)) s.f64[r >> 1] = v;
  else if (isMiddling64(v) && isMiddling64(x) && isMiddling64(y)) settle64(s, r, v, productError(x, y, v));
  else if (v === 0 && (x === 0 ? isOrdinary64(y) : y === 0 && isOrdinary64(x))) s.f64[r >> 1] = v;
  else softMul(s, DOUBLE, r, a, b);
};
export const div64: Lane = (s, r, a, b) => {
  const x = s.f64[a >> 1]!, y = s.f64[b >> 1]!, v = x / y;
  if (!isExact(s) && isNormal64(v) && isOrdinary64(x) && isOrdinary64(y)) s.f64[r >> 1] = v;
  else if (isMiddling64(v) && isMiddling64(x) && isMiddling64(y)) settle64(s, r, v, quotientError(x, y, v));
  else if (x === 0 && isNormal64(y)) s.f64[r >> 1] = v;
  else softDiv(s, DOUBLE, r, a, b);
};
export const sqrt64: Lane = (s, r, a) => {
  const x = s.f64[a >> 1]!, v = Math.sqrt(x);
  if (!isExact(s) && isNormal64(v) && isNormal64(x)) s.f64[r >> 1] = v;
  else if (isMiddling64(v) && isMiddling64(x)) settle64(s, r, v, rootError(x, v));
  else if (x === 0) s.f64[r >> 1] = v;
  else softSqrt(s, DOUBLE, r, a);
};

export const add32: Lane = (s, r, a, b) => {
  const x = s.f32[a]!, y = s.f32[b]!, wide = x + y, v = Math.fround(wide);
  if ((isMiddling32(v) || isPlainZero(s, v)) && isOrdinary32(x) && isOrdinary32(y)) settle32(s, r, v, wide === v ? sumError(x, y, wide) : wide - v);
  else softAdd(s, SINGLE, r, a, b);
};
export const sub32: Lane = (s, r, a, b) => {
  const x = s.f32[a]!, y = s.f32[b]!, wide = x - y, v = Math.fround(wide);
  if ((isMiddling32(v) || isPlainZero(s, v)) && isOrdinary32(x) && isOrdinary32(y)) settle32(s, r, v, wide === v ? sumError(x, -y, wide) : wide - v);
  else softSub(s, SINGLE, r, a, b);
};
/** Products, quotients and roots of singles that a double cannot tell from a single are singles. */
export const mul32: Lane = (s, r, a, b) => {
  const x = s.f32[a]!, y = s.f32[b]!, wide = x * y, v = Math.fround(wide);
  if ((isMiddling32(v) || wide === 0) && isOrdinary32(x) && isOrdinary32(y)) settle32(s, r, v, wide - v); else softMul(s, SINGLE, r, a, b);
};
export const div32: Lane = (s, r, a, b) => {
  const x = s.f32[a]!, y = s.f32[b]!, wide = x / y, v = Math.fround(wide);
  if ((isMiddling32(v) || x === 0) && isOrdinary32(x) && isMiddling32(y)) settle32(s, r, v, wide - v); else softDiv(s, SINGLE, r, a, b);
};
export const sqrt32: Lane = (s, r, a) => {
  const x = s.f32[a]!, wide = Math.sqrt(x), v = Math.fround(wide);
  if (isMiddling32(x) && x > 0) settle32(s, r, v, wide - v); else if (x === 0) s.f32[r] = v; else softSqrt(s, SINGLE, r, a);
};
