/**
 * Conversions between integers, singles and doubles under MXCSR (SDM vol. 1 §11.4.1.6, table E-1; vol. 1 §4.8.4 rounding). CVTT* truncate. What does
 * not fit is invalid, and the integer indefinite: only the top bit set.
 */
import { WORD } from '../../base/words.ts';
import { IE, PE, roundingOf, TOWARDS_ZERO } from '../mxcsr.ts';
import type { Primitive, Scratch } from '../primitive.ts';
import { isMiddling32, settle32, settle64, sumError } from './error-free.ts';
import { seen32, seen64 } from './float.ts';
import { floatScalar, floatVector, integer, vector } from './lanes.ts';
import { integerOf } from './round.ts';
import { bitsAt, DOUBLE, putBits, SINGLE, softConvert } from './soft-float.ts';

const INDEFINITE = 0x80000000 | 0;
/** The number at a word, as MXCSR.DAZ wants it seen: a NaN loses its payload. */
type Seen = (s: Scratch, at: number) => number;
type Mode = (s: Scratch) => number;
const truncating: Mode = () => TOWARDS_ZERO, asMxcsrSays: Mode = s => roundingOf(s.control);

/** NaN fails every comparison. */
function toI32(s: Scratch, x: number, mode: number): number {
  const n = integerOf(x, mode);
  if (!(n >= -0x8000_0000 && n <= 0x7fff_ffff)) { s.raised |= IE; return INDEFINITE; }
  if (n !== x) s.raised |= PE;
  return n;
}
function writeI64(s: Scratch, r: number, x: number, mode: number): void {
  const n = integerOf(x, mode), fits = n >= -(2 ** 63) && n < 2 ** 63, hi = Math.floor(n / WORD);
  if (!fits) s.raised |= IE; else if (n !== x) s.raised |= PE;
  s.i32[r] = fits ? n - hi * WORD : 0;
  s.i32[r + 1] = fits ? hi : INDEFINITE;
}
function scalarToI32(name: string, value: Seen, mode: Mode): Primitive {
  return floatScalar(name, 4, (s, r, a) => { s.i32[r] = toI32(s, value(s, a), mode(s)); s.i32[r + 1] = 0; });
}
function scalarToI64(name: string, value: Seen, mode: Mode): Primitive {
  return floatScalar(name, 8, (s, r, a) => writeI64(s, r, value(s, a), mode(s)));
}
export const cvtsd2si32 = scalarToI32('x86.cvtsd2si32', seen64, asMxcsrSays);
export const cvtsd2si64 = scalarToI64('x86.cvtsd2si64', seen64, asMxcsrSays);
export const cvtss2si32 = scalarToI32('x86.cvtss2si32', seen32, asMxcsrSays);
export const cvtss2si64 = scalarToI64('x86.cvtss2si64', seen32, asMxcsrSays);
export const cvttsd2si32 = scalarToI32('x86.cvttsd2si32', seen64, truncating);
export const cvttsd2si64 = scalarToI64('x86.cvttsd2si64', seen64, truncating);
export const cvttss2si32 = scalarToI32('x86.cvttss2si32', seen32, truncating);
export const cvttss2si64 = scalarToI64('x86.cvttss2si64', seen32, truncating);

function singlesToI32(name: string, mode: Mode): Primitive {
  return floatVector(name, (s, r, a) => { for (let k = 0; k < 4; k++) s.i32[r + k] = toI32(s, seen32(s, a + k), mode(s)); });
}
/** The upper half is cleared. */
function doublesToI32(name: string, mode: Mode): Primitive {
  return floatVector(name, (s, r, a) => {
    s.i32[r] = toI32(s, seen64(s, a), mode(s)); s.i32[r + 1] = toI32(s, seen64(s, a + 2), mode(s));
    s.i32[r + 2] = s.i32[r + 3] = 0;
  });
}
export const cvtps2dq = singlesToI32('x86.cvtps2dq', asMxcsrSays);
export const cvttps2dq = singlesToI32('x86.cvttps2dq', truncating);
export const cvtpd2dq = doublesToI32('x86.cvtpd2dq', asMxcsrSays);
export const cvttpd2dq = doublesToI32('x86.cvttpd2dq', truncating);

/** Exact, as are all products below. */
export const f64FromI32 = integer('f64.convert_i32_s', 8, (s, r, a) => { s.f64[r >> 1] = s.i32[a]!; });
export const f64FromI64 = floatScalar('f64.convert_i64_s', 8, (s, r, a) => {
  const high = s.i32[a + 1]! * WORD, low = s.u32[a]!, sum = high + low;
  settle64(s, r, sum, sumError(high, low, sum));
});
function singleFromI32(s: Scratch, r: number, a: number): void {
  const n = s.i32[a]!, v = Math.fround(n);
  settle32(s, r, v, n - v);
}
export const f32FromI32 = floatScalar('f32.convert_i32_s', 4, (s, r, a) => { singleFromI32(s, r, a); s.i32[r + 1] = 0; });
/** From 2^53 on the double would round too, and the single of it wrongly: the low 11 bits become one sticky bit, far below any tie. */
export const f32FromI64 = floatScalar('f32.convert_i64_s', 4, (s, r, a) => {
  const hi = s.i32[a + 1]!;
  let lo = s.u32[a]!;
  if ((hi >= 0x20_0000 || hi < -0x20_0000) && (lo & 0x7ff) !== 0) lo = (lo & ~0x7ff | 0x800) >>> 0;
  const n = hi * WORD + lo, v = Math.fround(n);
  settle32(s, r, v, n - v);
  s.i32[r + 1] = 0;
});
export const f32x4FromI32 = floatVector('f32x4.convert_i32x4_s', (s, r, a) => { for (let k = 0; k < 4; k++) singleFromI32(s, r + k, a + k); });
/** Of the low two lanes. */
export const f64x2FromI32 = vector('f64x2.convert_low_i32x4_s', (s, r, a) => {
  s.f64[r >> 1] = s.i32[a]!; s.f64[(r >> 1) + 1] = s.i32[a + 1]!;
});

/** What is neither a NaN nor denormal is exact. */
function promote(s: Scratch, r: number, a: number): void {
  const x = s.f32[a]!;
  if (isMiddling32(x) || x === 0) s.f64[r >> 1] = x; else putBits(s, DOUBLE, r, softConvert(s, SINGLE, bitsAt(s, SINGLE, a), DOUBLE));
}
function demote(s: Scratch, r: number, a: number): void {
  const x = s.f64[a >> 1]!, v = Math.fround(x);
  if (isMiddling32(v) || x === 0) settle32(s, r, v, x - v); else putBits(s, SINGLE, r, softConvert(s, DOUBLE, bitsAt(s, DOUBLE, a), SINGLE));
}
export const f64FromF32 = floatScalar('f64.promote_f32', 8, promote);
export const f32FromF64 = floatScalar('f32.demote_f64', 4, (s, r, a) => { demote(s, r, a); s.i32[r + 1] = 0; });
export const f64x2FromF32 = floatVector('f64x2.promote_low_f32x4', (s, r, a) => { promote(s, r, a); promote(s, r + 2, a + 1); });
export const f32x4FromF64 = floatVector('f32x4.demote_f64x2_zero', (s, r, a) => {
  demote(s, r, a); demote(s, r + 1, a + 2);
  s.i32[r + 2] = s.i32[r + 3] = 0;
});
