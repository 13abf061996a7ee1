/**
 * F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS (SDM vol. 1 §8.3.7 to §8.3.10): series on 256-bit fractions,
 * rounded once. The processor's own answers differ from the rounded truth by less than one unit in the last place.
 */
import { invalid, rootOf, withoutNumber, withoutNumbers } from './arithmetic.ts';
import { DE, PE, roundExtended, take, UE, ZE, type Environment } from './environment.ts';
import { BIAS, Float80, infinity, KIND, kindOf, one, significandOf, zero } from './float80.ts';

/** Fractions are BigInts with this many bits behind the point. */
const BITS = 256;
const FRACTION = BigInt(BITS);
const UNIT = 1n << FRACTION;
const PI = 0x3_243f6a88_85a308d3_13198a2e_03707344_a4093822_299f31d0_082efa98_ec4e6c89n;
const LN2 = 0xb17217f7_d1cf79ab_c9e3b398_03f2f6af_40f34326_7298b62d_8a0d175b_8baafa2bn;
const LOG2E = 0x1_71547652_b82fe177_7d0ffda0_d23a7d11_d6aef551_bad2b4b1_164a2cd9_a342648fn;
/** Arguments are reduced by pi as the processor holds it: 66 bits (§8.3.8). */
const HALF_PI_66 = 0x3_243f6a88_85a308d3n << (FRACTION - 65n);

const exponentOf = (v: Float80): number => (v.exponent === 0 ? 1 : v.exponent) - BIAS;
/** |v| as a fraction; exact for 2^-192 and more. */
function fractionOf(v: Float80): bigint {
  const shift = exponentOf(v) - 63 + BITS;
  return shift >= 0 ? significandOf(v) << BigInt(shift) : significandOf(v) >> BigInt(-shift);
}
/** Below this exponent the first term of an odd series is the result, to 2^-128 of it; of other series two terms are. */
const TINY = -64;
const isTiny = (v: Float80): boolean => exponentOf(v) < TINY;
/** n * 2^scale, and a little more, rounded. */
const nearly = (e: Environment, sign: number, n: bigint, scale: number): Float80 => roundExtended(e, sign, take(e, n, scale, true));
const fraction = (e: Environment, sign: number, n: bigint): Float80 => nearly(e, sign, n, -BITS);
/** |v| times a fraction. */
const times = (e: Environment, sign: number, v: Float80, n: bigint): Float80 =>
  nearly(e, sign, significandOf(v) * n, exponentOf(v) - 63 - BITS);
function inexact(e: Environment, v: Float80): Float80 {
  e.raised |= PE;
  return v;
}
/** v, less or more by next to nothing. */
const beside = (e: Environment, v: Float80, isLess: boolean): Float80 =>
  nearly(e, v.sign, (significandOf(v) << 64n) - (isLess ? 1n : 0n), exponentOf(v) - 63 - 64);
const noteDenormal = (e: Environment, ...kinds: number[]): void => { if (kinds.includes(KIND.denormal)) e.raised |= DE; };

// — series —

const product = (a: bigint, b: bigint): bigint => (a * b) >> FRACTION;
const quotient = (a: bigint, b: bigint): bigint => (a << FRACTION) / b;

/** e^x - 1. */
function exponential(x: bigint): bigint {
  let sum = 0n;
  for (let term = x, k = 2n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = product(term, x) / k;
  }
  return sum;
}
/** x + x^3/3 + ..., or with turning signs: artanh and arctan. */
function oddSeries(x: bigint, turns: boolean): bigint {
  const square = turns ? -product(x, x) : product(x, x);
  let sum = 0n;
  for (let power = x, k = 1n; power / k !== 0n; k += 2n) {
    sum += power / k;
    power = product(power, square);
  }
  return sum;
}
/** x - x^3/3! + ... from a first term: the sine from x, the cosine from 1. */
function circular(x: bigint, first: bigint, from: bigint): bigint {
  const square = product(x, x);
  let sum = 0n;
  for (let term = first, k = from; term !== 0n && term !== -1n; k += 2n) {
    sum += term;
    term = -product(term, square) / (k * (k + 1n));
  }
  return sum;
}
/** arctan of 0 to 1: halved three times, then the series. */
function arctangent(t: bigint): bigint {
  let x = t;
  for (let k = 0; k < 3; k++) x = quotient(x, UNIT + rootOf((UNIT * UNIT) + x * x));
  return oddSeries(x, true) << 3n;
}

// — powers and logarithms of 2 —

/** 2^x - 1 for -1 to 1. */
export function powerLessOne(e: Environment, a: Float80): Float80 {
  const special = withoutNumber(e, a);
  if (special !== null) return special;
  const kind = kindOf(a);
  if (kind === KIND.zero) return a;
  if (kind === KIND.infinity) return a.sign === 1 ? one(1) : a;
  noteDenormal(e, kind);
  const exponent = exponentOf(a);
  // Undefined beyond; the processor leaves x.
  if (exponent >= 0 && (exponent > 0 || significandOf(a) !== 1n << 63n)) return inexact(e, a);
  if (exponent === 0) return inexact(e, a.sign === 1 ? new Float80(1, BIAS - 1, one(1).hi, 0) : a);
  if (isTiny(a)) return times(e, a.sign, a, LN2 + secondTerm(a.sign === 1, fractionOf(a), LN2, LN2));
  const x = product(fractionOf(a), LN2), y = exponential(a.sign === 1 ? -x : x);
  return fraction(e, a.sign, y < 0n ? -y : y);
}

/** Half of x times a factor, of a first term's factor, with a sign. */
function secondTerm(isLess: boolean, x: bigint, factor: bigint, first: bigint): bigint {
  const half = product(product(x, factor), first) >> 1n;
  return isLess ? -half : half;
}
/** log2 of a positive number, as a fraction with a sign. */
function logarithm(a: Float80): bigint {
  const length = significandOf(a).toString(2).length;
  let n = significandOf(a) << BigInt(BITS - length + 1), exponent = exponentOf(a) - 64 + length;
  // From 1..2 to sqrt(1/2)..sqrt(2), so that the logarithm of what is almost 1 keeps its digits.
  if (product(n, n) > 2n * UNIT) { n >>= 1n; exponent += 1; }
  const z = quotient(n - UNIT, n + UNIT);
  return BigInt(exponent) * UNIT + 2n * product(oddSeries(z, false), LOG2E);
}
/** y * log2(x), x in ST(0), y in ST(1). */
export function yLog2x(e: Environment, x: Float80, y: Float80): Float80 {
  const special = withoutNumbers(e, x, y);
  if (special !== null) return special;
  const kx = kindOf(x), ky = kindOf(y);
  if (x.sign === 1 && kx !== KIND.zero) return invalid(e);
  if (kx === KIND.zero) return logarithmOfZero(e, y, ky);
  const isOne = x.exponent === BIAS && significandOf(x) === 1n << 63n;
  const isBelowOne = kx !== KIND.infinity && exponentOf(x) < 0;
  if (ky === KIND.infinity ? isOne : kx === KIND.infinity && ky === KIND.zero) return invalid(e);
  noteDenormal(e, kx, ky);
  const sign = y.sign ^ (isBelowOne ? 1 : 0);
  if (ky === KIND.infinity || kx === KIND.infinity) return infinity(sign);
  if (isOne || ky === KIND.zero) return zero(sign);
  const log = logarithm(x);
  if (log % UNIT === 0n && log !== 0n) return roundExact(e, sign, y, log / UNIT);
  return times(e, sign, y, log < 0n ? -log : log);
}
function logarithmOfZero(e: Environment, y: Float80, ky: number): Float80 {
  if (ky === KIND.zero) return invalid(e);
  if (ky !== KIND.infinity) e.raised |= ZE;
  return infinity(y.sign ^ 1);
}
/** The logarithm of a power of two is exact; #P is raised none the less, and #U with it. */
function roundExact(e: Environment, sign: number, y: Float80, n: bigint): Float80 {
  const v = roundExtended(e, sign, take(e, significandOf(y) * (n < 0n ? -n : n), exponentOf(y) - 63, false));
  e.raised |= v.exponent === 0 ? PE | UE : PE;
  return v;
}
/** y * log2(x + 1). */
export function yLog2xPlusOne(e: Environment, x: Float80, y: Float80): Float80 {
  const special = withoutNumbers(e, x, y);
  if (special !== null) return special;
  const kx = kindOf(x), ky = kindOf(y), sign = x.sign ^ y.sign;
  if (kx === KIND.infinity && x.sign === 1) return invalid(e);
  if ((kx === KIND.zero && ky === KIND.infinity) || (kx === KIND.infinity && ky === KIND.zero)) return invalid(e);
  noteDenormal(e, kx, ky);
  if (kx === KIND.infinity || ky === KIND.infinity) return infinity(sign);
  if (kx === KIND.zero || ky === KIND.zero) return zero(sign);
  // -1 and less has no logarithm; undefined well before, the processor leaves x.
  if (exponentOf(x) >= 0 && x.sign === 1) return inexact(e, x);
  if (isTiny(x)) return nearly(e, sign, significandOf(x) * significandOf(y) * (LOG2E + secondTerm(x.sign === 0, fractionOf(x), UNIT, LOG2E)), exponentOf(x) + exponentOf(y) - 126 - BITS);
  return times(e, sign, y, logarithmPlusOne(x));
}
function logarithmPlusOne(x: Float80): bigint {
  if (exponentOf(x) >= 100) return logarithm(x);
  const f = x.sign === 1 ? -fractionOf(x) : fractionOf(x);
  let n = UNIT + f, exponent = 0n;
  while (product(n, n) > 2n * UNIT) { n >>= 1n; exponent += 1n; }
  while (2n * product(n, n) < UNIT) { n <<= 1n; exponent -= 1n; }
  const log = exponent * UNIT + 2n * product(oddSeries(quotient(n - UNIT, n + UNIT), false), LOG2E);
  return log < 0n ? -log : log;
}

// — angles —

/** |x| of 2^63 and more is not reduced: C2 is set and nothing else happens (§8.3.10). */
export const isOutOfRange = (a: Float80): boolean => kindOf(a) === KIND.normal && exponentOf(a) >= 63;

interface Angle { readonly sine: bigint; readonly cosine: bigint }
/** Sine and cosine of a number that is not tiny. */
function circularOf(a: Float80): Angle {
  const x = fractionOf(a), turns = (x + HALF_PI_66 / 2n) / HALF_PI_66;
  const r = x - turns * HALF_PI_66;
  const s = circular(r, r, 2n), c = circular(r, UNIT, 1n);
  const quarter = Number(turns & 3n);
  const sine = quarter % 2 === 0 ? s : c, cosine = quarter % 2 === 0 ? c : s;
  const sineTurns = quarter >= 2, cosineTurns = quarter === 1 || quarter === 2;
  return { sine: (a.sign === 1) !== sineTurns ? -sine : sine, cosine: cosineTurns ? -cosine : cosine };
}
const signed = (e: Environment, n: bigint): Float80 => fraction(e, n < 0n ? 1 : 0, n < 0n ? -n : n);

/** What all four share: the answer when no series is needed, or null. */
function withoutAngle(e: Environment, a: Float80): Float80 | null {
  const special = withoutNumber(e, a);
  if (special !== null) return special;
  const kind = kindOf(a);
  if (kind === KIND.infinity) return invalid(e);
  noteDenormal(e, kind);
  return null;
}
export function sine(e: Environment, a: Float80): Float80 {
  const special = withoutAngle(e, a);
  if (special !== null || kindOf(a) === KIND.zero) return special ?? a;
  return isTiny(a) ? beside(e, a, true) : signed(e, circularOf(a).sine);
}
export function cosine(e: Environment, a: Float80): Float80 {
  const special = withoutAngle(e, a);
  if (special !== null || kindOf(a) === KIND.zero) return special ?? one(0);
  return isTiny(a) ? beside(e, one(0), true) : signed(e, circularOf(a).cosine);
}
export function tangent(e: Environment, a: Float80): Float80 {
  const special = withoutAngle(e, a);
  if (special !== null || kindOf(a) === KIND.zero) return special ?? a;
  if (isTiny(a)) return beside(e, a, false);
  const { sine: s, cosine: c } = circularOf(a);
  return signed(e, quotient(s, c));
}

/** arctan(y / x) in the quadrant of (x, y): x in ST(0), y in ST(1) (SDM vol. 2, table 3-31). */
export function arctangentOf(e: Environment, x: Float80, y: Float80): Float80 {
  const special = withoutNumbers(e, x, y);
  if (special !== null) return special;
  const kx = kindOf(x), ky = kindOf(y);
  noteDenormal(e, kx, ky);
  if (ky === KIND.zero || (kx === KIND.infinity && ky !== KIND.infinity)) return x.sign === 0 ? zero(y.sign) : fraction(e, y.sign, PI);
  if (kx === KIND.infinity) return fraction(e, y.sign, x.sign === 0 ? PI >> 2n : (3n * PI) >> 2n);
  if (kx === KIND.zero || ky === KIND.infinity) return fraction(e, y.sign, PI >> 1n);
  const shiftX = BigInt(exponentOf(x) < exponentOf(y) ? 0 : Math.min(exponentOf(x) - exponentOf(y), 512));
  const shiftY = BigInt(exponentOf(x) < exponentOf(y) ? Math.min(exponentOf(y) - exponentOf(x), 512) : 0);
  const magnitudeX = significandOf(x) << shiftX, magnitudeY = significandOf(y) << shiftY;
  if (x.sign === 0 && exponentOf(x) - exponentOf(y) > 128) {
    // The arc is the ratio, and a little less.
    return nearly(e, y.sign, ((significandOf(y) << 192n) - 1n) / significandOf(x), exponentOf(y) - exponentOf(x) - 192);
  }
  const isFlat = magnitudeY <= magnitudeX;
  const t = arctangent(isFlat ? quotient(magnitudeY, magnitudeX) : quotient(magnitudeX, magnitudeY)), acute = isFlat ? t : (PI >> 1n) - t;
  return fraction(e, y.sign, x.sign === 0 ? acute : PI - acute);
}
