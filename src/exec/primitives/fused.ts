/**
 * Fused multiply-add (SDM vol. 1 §14.5): a * b + c, rounded once. Singles have an exact product in doubles; of doubles, the product and the sums are
 * pairs of doubles without an error (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Trans. Comput. 57, 2008). The first operand
 * that is a NaN is the result, whatever the signs.
 */
import { PE, RC } from '../mxcsr.ts';
import type { Primitive, Scratch } from '../primitive.ts';
import type { FloatShapes } from './float.ts';
import { isMiddling32, isMiddling64, productError, sumError, toOdd } from './error-free.ts';
import { floatScalar, floatVector } from './lanes.ts';
import { DOUBLE, SINGLE, softFused } from './soft-float.ts';

/** Which signs change: of the product, of c. */
const NEITHER = 0, PRODUCT = 1, ADDEND = 2, BOTH = 3;
type Signs = typeof NEITHER | typeof PRODUCT | typeof ADDEND | typeof BOTH;

function fused64(s: Scratch, signs: Signs, r: number, a: number, b: number, c: number): void {
  const x = (signs & PRODUCT) === 0 ? s.f64[a >> 1]! : -s.f64[a >> 1]!, y = s.f64[b >> 1]!, z = (signs & ADDEND) === 0 ? s.f64[c >> 1]! : -s.f64[c >> 1]!;
  const high = x * y;
  if (!isMiddling64(high) || !isMiddling64(x) || !isMiddling64(y) || !(isMiddling64(z) || z === 0) || (s.control & RC) !== 0) { softFused(s, DOUBLE, signs, r, a, b, c); return; }
  const low = productError(x, y, high);
  const t = z + low, tLow = sumError(z, low, t), v = high + t, vLow = sumError(high, t, v);
  let rest = tLow + vLow;
  const lost = sumError(tLow, vLow, rest);
  if (lost !== 0) rest = toOdd(rest, lost);
  const sum = v + rest;
  if (lost !== 0 || sumError(v, rest, sum) !== 0) s.raised |= PE;
  s.f64[r >> 1] = sum;
}
function fused32(s: Scratch, signs: Signs, r: number, a: number, b: number, c: number): void {
  const x = (signs & PRODUCT) === 0 ? s.f32[a]! : -s.f32[a]!, y = s.f32[b]!, z = (signs & ADDEND) === 0 ? s.f32[c]! : -s.f32[c]!;
  const xy = x * y, sum = xy + z, error = sumError(xy, z, sum), single = Math.fround(error === 0 ? sum : toOdd(sum, error));
  if (!isMiddling32(single) || !isMiddling32(x) || !isMiddling32(y) || !(isMiddling32(z) || z === 0) || (s.control & RC) !== 0) { softFused(s, SINGLE, signs, r, a, b, c); return; }
  if (error !== 0 || single !== sum) s.raised |= PE;
  s.f32[r] = single;
}

function pairs(name: string, even: Signs, odd: Signs): Primitive {
  return floatVector(name, (s, r, a, b, c) => { fused64(s, even, r, a, b, c); fused64(s, odd, r + 2, a + 2, b + 2, c + 2); });
}
function quads(name: string, even: Signs, odd: Signs): Primitive {
  return floatVector(name, (s, r, a, b, c) => {
    for (let k = 0; k < 4; k += 2) { fused32(s, even, r + k, a + k, b + k, c + k); fused32(s, odd, r + k + 1, a + k + 1, b + k + 1, c + k + 1); }
  });
}
function shapes(name: string, signs: Signs): FloatShapes {
  return {
    f64: floatScalar(`x86.${name}sd`, 8, (s, r, a, b, c) => fused64(s, signs, r, a, b, c)),
    f32: floatScalar(`x86.${name}ss`, 4, (s, r, a, b, c) => { fused32(s, signs, r, a, b, c); s.i32[r + 1] = 0; }),
    f64x2: pairs(`x86.${name}pd`, signs, signs), f32x4: quads(`x86.${name}ps`, signs, signs),
  };
}
/** a * b + c, a * b - c, -(a * b) + c, -(a * b) - c; where two signs change by turns, odd lanes are added and even ones subtracted, or the other way round. */
export const fused = () => ({
  fmadd: shapes('fmadd', NEITHER), fmsub: shapes('fmsub', ADDEND), fnmadd: shapes('fnmadd', PRODUCT), fnmsub: shapes('fnmsub', BOTH),
  fmaddsub: { f64x2: pairs('x86.fmaddsubpd', ADDEND, NEITHER), f32x4: quads('x86.fmaddsubps', ADDEND, NEITHER) },
  fmsubadd: { f64x2: pairs('x86.fmsubaddpd', NEITHER, ADDEND), f32x4: quads('x86.fmsubaddps', NEITHER, ADDEND) },
});
