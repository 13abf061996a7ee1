/**
 * Conversions between integers, singles and doubles (SDM vol. 1 §11.4.1.6, table E-1; vol. 1 §4.8.4 rounding).
 * CVT* round as MXCSR.RC says, and `nearest` is the one place where that is always "nearest, even"; CVTT* truncate.
 * What does not fit is the integer indefinite: only the top bit set.
 */
import { WORD } from '../../base/words.ts';
import { integer, vector } from './lanes.ts';
import { isNan32, isNan64 } from './float.ts';
import { nearest } from './round.ts';
import type { Primitive, Scratch } from '../primitive.ts';

const INDEFINITE = 0x80000000 | 0;
type Rounding = (x: number) => number;

/** NaN fails every comparison. */
function toI32(x: number): number { return x >= -0x8000_0000 && x <= 0x7fff_ffff ? x : INDEFINITE; }
function writeI64(s: Scratch, r: number, x: number): void {
  const fits = x >= -(2 ** 63) && x < 2 ** 63, hi = Math.floor(x / WORD);
  s.i32[r] = fits ? x - hi * WORD : 0;
  s.i32[r + 1] = fits ? hi : INDEFINITE;
}
/** A float at word `at`, as a number: for rounding only, a NaN loses its payload. */
function f64At(s: Scratch, at: number): number { return s.f64[at >> 1]; }
function f32At(s: Scratch, at: number): number { return s.f32[at]; }

function scalarToI32(name: string, value: typeof f64At, round: Rounding): Primitive {
  return integer(name, 4, (s, r, a) => { s.i32[r] = toI32(round(value(s, a))); s.i32[r + 1] = 0; });
}
function scalarToI64(name: string, value: typeof f64At, round: Rounding): Primitive {
  return integer(name, 8, (s, r, a) => writeI64(s, r, round(value(s, a))));
}
export const cvtsd2si32 = scalarToI32('x86.cvtsd2si32', f64At, nearest);
export const cvtsd2si64 = scalarToI64('x86.cvtsd2si64', f64At, nearest);
export const cvtss2si32 = scalarToI32('x86.cvtss2si32', f32At, nearest);
export const cvtss2si64 = scalarToI64('x86.cvtss2si64', f32At, nearest);
export const cvttsd2si32 = scalarToI32('x86.cvttsd2si32', f64At, Math.trunc);
export const cvttsd2si64 = scalarToI64('x86.cvttsd2si64', f64At, Math.trunc);
export const cvttss2si32 = scalarToI32('x86.cvttss2si32', f32At, Math.trunc);
export const cvttss2si64 = scalarToI64('x86.cvttss2si64', f32At, Math.trunc);

function singlesToI32(name: string, round: Rounding): Primitive {
  return vector(name, (s, r, a) => { for (let k = 0; k < 4; k++) s.i32[r + k] = toI32(round(s.f32[a + k])); });
}
/** The upper half is cleared. */
function doublesToI32(name: string, round: Rounding): Primitive {
  return vector(name, (s, r, a) => {
    s.i32[r] = toI32(round(f64At(s, a))); s.i32[r + 1] = toI32(round(f64At(s, a + 2)));
    s.i32[r + 2] = s.i32[r + 3] = 0;
  });
}
export const cvtps2dq = singlesToI32('x86.cvtps2dq', nearest);
export const cvttps2dq = singlesToI32('x86.cvttps2dq', Math.trunc);
export const cvtpd2dq = doublesToI32('x86.cvtpd2dq', nearest);
export const cvttpd2dq = doublesToI32('x86.cvttpd2dq', Math.trunc);

export const f64FromI32 = integer('f64.convert_i32_s', 8, (s, r, a) => { s.f64[r >> 1] = s.i32[a]; });
/** Both products are exact; the sum rounds once. */
export const f64FromI64 = integer('f64.convert_i64_s', 8, (s, r, a) => { s.f64[r >> 1] = s.i32[a + 1] * WORD + s.u32[a]; });
export const f32FromI32 = integer('f32.convert_i32_s', 4, (s, r, a) => { s.f32[r] = s.i32[a]; s.i32[r + 1] = 0; });
/** From 2^53 on the double would round too, and the single of it wrongly: the low 11 bits become one sticky bit, far below any tie. */
export const f32FromI64 = integer('f32.convert_i64_s', 4, (s, r, a) => {
  const hi = s.i32[a + 1];
  let lo = s.u32[a];
  if ((hi >= 0x20_0000 || hi < -0x20_0000) && (lo & 0x7ff) !== 0) lo = (lo & ~0x7ff | 0x800) >>> 0;
  s.f32[r] = hi * WORD + lo;
  s.i32[r + 1] = 0;
});
export const f32x4FromI32 = vector('f32x4.convert_i32x4_s', (s, r, a) => { for (let k = 0; k < 4; k++) s.f32[r + k] = s.i32[a + k]; });
/** Of the low two lanes. */
export const f64x2FromI32 = vector('f64x2.convert_low_i32x4_s', (s, r, a) => {
  s.f64[r >> 1] = s.i32[a]; s.f64[(r >> 1) + 1] = s.i32[a + 1];
});

/** A NaN keeps its sign and the top of its payload, and becomes quiet. */
function promote(s: Scratch, r: number, a: number): void {
  if (!isNan32(s, a)) { s.f64[r >> 1] = s.f32[a]; return; }
  const bits = s.i32[a];
  s.i32[r] = bits << 29;
  s.i32[r + 1] = (bits & 0x80000000) | 0x7ff80000 | (bits & 0x7fffff) >> 3;
}
function demote(s: Scratch, r: number, a: number): void {
  if (!isNan64(s, a)) { s.f32[r] = s.f64[a >> 1]; return; }
  const hi = s.i32[a + 1];
  s.i32[r] = (hi & 0x80000000) | 0x7fc00000 | (hi & 0xfffff) << 3 | s.i32[a] >>> 29;
}
export const f64FromF32 = integer('f64.promote_f32', 8, promote);
export const f32FromF64 = integer('f32.demote_f64', 4, (s, r, a) => { demote(s, r, a); s.i32[r + 1] = 0; });
export const f64x2FromF32 = vector('f64x2.promote_low_f32x4', (s, r, a) => { promote(s, r, a); promote(s, r + 2, a + 1); });
export const f32x4FromF64 = vector('f32x4.demote_f64x2_zero', (s, r, a) => {
  demote(s, r, a); demote(s, r + 1, a + 2);
  s.i32[r + 2] = s.i32[r + 3] = 0;
});
