/**
 * Addition to remainder on 80-bit values (SDM vol. 2: FADD, FMUL, FDIV, FSQRT, FPREM, FRNDINT, FSCALE, FXTRACT, FCOM).
 * Each raises into its Environment in the order of SDM vol. 1 §4.9.2: invalid, zero divide, denormal, then rounding's own.
 */
import type { i32 } from '../../base/types.ts';
import { DE, goesUp, IE, normalise, PE, round, roundExtended, ROUND, shiftRight, take, ZE, type Environment } from './environment.ts';
import { BIAS, Float80, INDEFINITE, infinity, KIND, kindOf, negate, quieted, significandOf, zero } from './float80.ts';

/** Two numbers in, one out; operands in the order of the mnemonic. */
export type Binary = (e: Environment, a: Float80, b: Float80) => Float80;
export type Unary = (e: Environment, a: Float80) => Float80;

export function invalid(e: Environment): Float80 {
  e.raised |= IE;
  return INDEFINITE;
}

/** The larger significand wins, then the positive sign; a quiet NaN wins over a signaling one (SDM vol. 1 table 4-7). */
function largerNaN(a: Float80, b: Float80): Float80 {
  const first = quieted(a), second = quieted(b);
  if (first.hi !== second.hi) return first.hi >>> 0 > second.hi >>> 0 ? first : second;
  if (first.lo !== second.lo) return first.lo >>> 0 > second.lo >>> 0 ? first : second;
  return first.sign < second.sign ? first : second;
}

/** The result when an operand is no number; null when both are. */
export function withoutNumbers(e: Environment, a: Float80, b: Float80): Float80 | null {
  const ka = kindOf(a), kb = kindOf(b);
  if (ka <= KIND.infinity && kb <= KIND.infinity) return null;
  if (ka === KIND.unsupported || kb === KIND.unsupported) return invalid(e);
  if (ka === KIND.signaling || kb === KIND.signaling) e.raised |= IE;
  if (ka <= KIND.infinity) return quieted(b);
  if (kb <= KIND.infinity) return quieted(a);
  if (ka === kb) return largerNaN(a, b);
  return ka === KIND.quiet ? a : b;
}
/** The same for one operand. */
export function withoutNumber(e: Environment, a: Float80): Float80 | null {
  const kind = kindOf(a);
  if (kind <= KIND.infinity) return null;
  if (kind === KIND.unsupported) return invalid(e);
  if (kind === KIND.signaling) e.raised |= IE;
  return quieted(a);
}

/** The exponent that goes with the significand as it stands: denormals have that of the smallest normal number. */
const exponentOf = (v: Float80): number => (v.exponent === 0 ? 1 : v.exponent);
const noteDenormal = (e: Environment, kind: number): void => { if (kind === KIND.denormal || e.isFromDenormal) e.raised |= DE; };
/** An exact zero sum is +0, but -0 when rounding down. */
const cancelled = (e: Environment): Float80 => zero(e.mode === ROUND.down ? 1 : 0);

/** The working significand := v's, normalised; returns the biased exponent. */
function takeNormal(e: Environment, v: Float80): number {
  e.hi = v.hi; e.lo = v.lo; e.rest = 0;
  return exponentOf(v) - (v.hi < 0 ? 0 : normalise(e));
}

export const add: Binary = (e, a, b) => withoutNumbers(e, a, b) ?? sum(e, a, b);
export const subtract: Binary = (e, a, b) => withoutNumbers(e, a, b) ?? sum(e, a, negate(b));
export const subtractReversed: Binary = (e, a, b) => subtract(e, b, a);

function sum(e: Environment, a: Float80, b: Float80): Float80 {
  const ka = kindOf(a), kb = kindOf(b);
  if (ka === KIND.infinity && kb === KIND.infinity) return a.sign === b.sign ? a : invalid(e);
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.infinity) return a;
  if (kb === KIND.infinity) return b;
  if (ka === KIND.zero && kb === KIND.zero) return a.sign === b.sign ? a : cancelled(e);
  // A zero has the smallest exponent and adds nothing: no case of its own.
  const isAFirst = exponentOf(a) >= exponentOf(b);
  const large = isAFirst ? a : b, small = isAFirst ? b : a;
  e.hi = small.hi; e.lo = small.lo; e.rest = 0;
  shiftRight(e, exponentOf(large) - exponentOf(small));
  return a.sign === b.sign ? addInto(e, large) : subtractFrom(e, large);
}
/** large + the working significand. */
function addInto(e: Environment, large: Float80): Float80 {
  const lo = (large.lo >>> 0) + (e.lo >>> 0);
  const hi = (large.hi >>> 0) + (e.hi >>> 0) + (lo > 0xffff_ffff ? 1 : 0);
  let exponent = exponentOf(large);
  e.lo = lo | 0; e.hi = hi | 0;
  if (hi > 0xffff_ffff) {
    shiftRight(e, 1);
    e.hi |= 0x8000_0000;
    exponent += 1;
  } else if (e.hi >= 0) exponent -= normalise(e);
  return round(e, e.format, large.sign, exponent);
}
/** large - the working significand; the sign turns if that was the larger one. */
function subtractFrom(e: Environment, large: Float80): Float80 {
  const rest = -(e.rest >>> 0);
  const lo = (large.lo >>> 0) - (e.lo >>> 0) - (rest < 0 ? 1 : 0);
  const hi = (large.hi >>> 0) - (e.hi >>> 0) - (lo < 0 ? 1 : 0);
  let sign = large.sign;
  e.rest = rest | 0; e.lo = lo | 0; e.hi = hi | 0;
  if (hi < 0) {
    // Equal exponents, so nothing was shifted out: negate 64 bits.
    sign ^= 1;
    e.lo = -e.lo | 0;
    e.hi = (~e.hi + (e.lo === 0 ? 1 : 0)) | 0;
  }
  if ((e.hi | e.lo | e.rest) === 0) return cancelled(e);
  return round(e, e.format, sign, exponentOf(large) - normalise(e));
}

/** The high word of an unsigned product. */
function highWord(a: i32, b: i32): number {
  const al = a & 0xffff, ah = a >>> 16, bl = b & 0xffff, bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return ah * bh + (middle >>> 16) + (other >>> 16);
}
const WORD = 0x1_0000_0000;

export const multiply: Binary = (e, a, b) => {
  const special = withoutNumbers(e, a, b);
  if (special !== null) return special;
  const ka = kindOf(a), kb = kindOf(b), sign = a.sign ^ b.sign;
  if ((ka === KIND.infinity && kb === KIND.zero) || (ka === KIND.zero && kb === KIND.infinity)) return invalid(e);
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.infinity || kb === KIND.infinity) return infinity(sign);
  if (ka === KIND.zero || kb === KIND.zero) return zero(sign);
  const exponent = takeNormal(e, a), hi = e.hi, lo = e.lo;
  return round(e, e.format, sign, product(e, hi, lo, exponent + takeNormal(e, b) - BIAS + 1));
};
/** The working significand times another, both normal; `exponent` is that of a product of 2 or more. */
function product(e: Environment, hi: i32, lo: i32, exponent: number): number {
  const first = highWord(lo, e.lo) + (Math.imul(hi, e.lo) >>> 0) + (Math.imul(lo, e.hi) >>> 0);
  const second = highWord(hi, e.lo) + highWord(lo, e.hi) + (Math.imul(hi, e.hi) >>> 0) + Math.floor(first / WORD);
  const third = highWord(hi, e.hi) + Math.floor(second / WORD);
  e.rest = (first | 0) | (Math.imul(lo, e.lo) !== 0 ? 1 : 0);
  e.lo = second | 0;
  e.hi = third | 0;
  return e.hi < 0 ? exponent : exponent - normalise(e);
}

export const divide: Binary = (e, a, b) => {
  const special = withoutNumbers(e, a, b);
  if (special !== null) return special;
  const ka = kindOf(a), kb = kindOf(b), sign = a.sign ^ b.sign;
  if (ka === kb && (ka === KIND.infinity || ka === KIND.zero)) return invalid(e);
  if (kb === KIND.zero && ka !== KIND.infinity) {
    e.raised |= ZE;
    return infinity(sign);
  }
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.infinity) return infinity(sign);
  if (ka === KIND.zero || kb === KIND.infinity) return zero(sign);
  // 96 and more significant bits; scale as if both significands were integers.
  const over = significandOf(a) << 160n, under = significandOf(b);
  const quotient = over / under;
  return round(e, e.format, sign, take(e, quotient, exponentOf(a) - exponentOf(b) - 160, quotient * under !== over));
};
export const divideReversed: Binary = (e, a, b) => divide(e, b, a);

/** The integer part of a square root. */
export function rootOf(n: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(n))));
  // Newton from a value good to 50 bits: two or three steps, then at most one off.
  for (let next = (root + n / root) >> 1n; ; next = (root + n / root) >> 1n) {
    const isDone = next - root <= 1n && root - next <= 1n;
    root = next;
    if (isDone) break;
  }
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}

export const squareRoot: Unary = (e, a) => {
  const special = withoutNumber(e, a);
  if (special !== null) return special;
  const kind = kindOf(a);
  if (kind === KIND.zero) return a;
  if (a.sign === 1) return invalid(e);
  noteDenormal(e, kind);
  if (kind === KIND.infinity) return a;
  // An even power of two under the root, and 98 bits or more of it.
  const scale = exponentOf(a) - BIAS - 63 - 196;
  const odd = scale & 1;
  const n = significandOf(a) << BigInt(196 + odd);
  const root = rootOf(n);
  return round(e, e.format, 0, take(e, root, (scale - odd) / 2, root * root !== n));
};

/** Rounds |v| to an integer in the working `hi` and `lo`; false if that takes more than 64 bits. */
export function toInteger(e: Environment, mode: number, v: Float80): boolean {
  e.hi = v.hi; e.lo = v.lo; e.rest = 0;
  const drop = BIAS + 63 - exponentOf(v);
  if (drop < 0) return false;
  shiftRight(e, drop);
  const rest = e.rest;
  if (rest === 0) return true;
  e.raised |= PE;
  e.rest = 0;
  e.isUp = goesUp(mode, v.sign, rest, (e.lo & 1) !== 0);
  if (!e.isUp) return true;
  e.lo = (e.lo + 1) | 0;
  // A fraction was there, so the integer part had 63 bits at most: no carry out.
  if (e.lo === 0) e.hi = (e.hi + 1) | 0;
  return true;
}

export const roundToInteger: Unary = (e, a) => {
  const special = withoutNumber(e, a);
  if (special !== null) return special;
  const kind = kindOf(a);
  noteDenormal(e, kind);
  if (kind === KIND.zero || kind === KIND.infinity || !toInteger(e, e.mode, a)) return a;
  if ((e.hi | e.lo) === 0) return zero(a.sign);
  return new Float80(a.sign, BIAS + 63 - normalise(e), e.hi, e.lo);
};

/** ST(0) * 2^(ST(1) chopped). */
export const scale: Binary = (e, a, b) => {
  const special = withoutNumbers(e, a, b);
  if (special !== null) return special;
  const ka = kindOf(a), kb = kindOf(b);
  if (kb === KIND.infinity) return scaleByInfinity(e, a, ka, b.sign);
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.infinity || ka === KIND.zero) return a;
  const exponent = takeNormal(e, a);
  // Beyond 2^16 every number overflows or underflows, wrapped or not.
  const distance = b.exponent >= BIAS + 16 ? 0x10000 : b.exponent < BIAS ? 0 : b.hi >>> (BIAS + 31 - b.exponent);
  return roundExtended(e, a.sign, exponent + (b.sign === 1 ? -distance : distance));
};
function scaleByInfinity(e: Environment, a: Float80, kind: number, sign: number): Float80 {
  if (kind === (sign === 1 ? KIND.infinity : KIND.zero)) return invalid(e);
  noteDenormal(e, kind);
  return sign === 1 ? zero(a.sign) : infinity(a.sign);
}

/** FXTRACT: the exponent as a number (what ST(1) becomes) and the significand (pushed). */
export function extract(e: Environment, a: Float80): { exponent: Float80; significand: Float80 } {
  const special = withoutNumber(e, a);
  if (special !== null) return { exponent: special, significand: special };
  const kind = kindOf(a);
  if (kind === KIND.zero) {
    e.raised |= ZE;
    return { exponent: infinity(1), significand: a };
  }
  if (kind === KIND.infinity) return { exponent: infinity(0), significand: a };
  noteDenormal(e, kind);
  const exponent = takeNormal(e, a) - BIAS;
  const significand = new Float80(a.sign, BIAS, e.hi, e.lo);
  return { exponent: fromInteger(e, exponent), significand };
}
/** A small integer, exactly. */
export function fromInteger(e: Environment, value: number): Float80 {
  if (value === 0) return zero(0);
  e.hi = 0; e.lo = Math.abs(value) | 0; e.rest = 0;
  const exponent = BIAS + 63 - normalise(e);
  return new Float80(value < 0 ? 1 : 0, exponent, e.hi, e.lo);
}

export interface Remainder {
  readonly value: Float80;
  /** Its low three bits; -1: the reduction is not complete; null: there is none. */
  readonly quotient: number | null;
}
/** FPREM chops the quotient, FPREM1 rounds it to nearest; both exact. Exponents 64 or more apart are brought nearer only. */
export function remainder(e: Environment, a: Float80, b: Float80, isNearest: boolean): Remainder {
  const special = withoutNumbers(e, a, b);
  if (special !== null) return { value: special, quotient: null };
  const ka = kindOf(a), kb = kindOf(b);
  if (ka === KIND.infinity || kb === KIND.zero) return { value: invalid(e), quotient: null };
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.zero) return { value: a, quotient: 0 };
  const exponentA = takeNormal(e, a), over = workingBits(e);
  if (kb === KIND.infinity) return { value: rounded(e, a.sign, over, exponentA), quotient: 0 };
  const exponentB = takeNormal(e, b), under = workingBits(e);
  const distance = exponentA - exponentB;
  if (distance < -1) return { value: rounded(e, a.sign, over, exponentA), quotient: 0 };
  if (distance >= 64) {
    const step = (distance & 31) | 32;
    return { value: rounded(e, a.sign, (over << BigInt(step)) % under, exponentA - step), quotient: -1 };
  }
  return reduced(e, a.sign, over << BigInt(distance + 1), under << 1n, exponentB - 1, isNearest);
}
const workingBits = (e: Environment): bigint => (BigInt(e.hi >>> 0) << 32n) | BigInt(e.lo >>> 0);

/** Both in units of half the last place of b, so that a distance of -1 needs no fraction. */
function reduced(e: Environment, sign: number, dividend: bigint, divisor: bigint, exponent: number, isNearest: boolean): Remainder {
  let quotient = dividend / divisor, left = dividend % divisor, resultSign = sign;
  const twice = left << 1n;
  if (isNearest && (twice > divisor || (twice === divisor && (quotient & 1n) === 1n))) {
    quotient += 1n;
    left = divisor - left;
    resultSign ^= 1;
  }
  return { value: rounded(e, left === 0n ? sign : resultSign, left, exponent), quotient: Number(quotient & 7n) };
}
/** n * 2^(exponent - 63), exact but for underflow. */
function rounded(e: Environment, sign: number, n: bigint, exponent: number): Float80 {
  if (n === 0n) return zero(sign);
  return roundExtended(e, sign, take(e, n, exponent - BIAS - 63, false));
}

/** The outcome of a comparison, as its bits of the status word: C3 C2 C0. */
export const ORDER = { greater: 0, less: 0x100, equal: 0x4000, unordered: 0x4500 } as const;

/** FCOM signals every NaN, FUCOM only what is signaling or unsupported. */
export function compare(e: Environment, a: Float80, b: Float80, isQuiet: boolean): number {
  const ka = kindOf(a), kb = kindOf(b);
  if (ka > KIND.infinity || kb > KIND.infinity) {
    if (!isQuiet || ka > KIND.quiet || kb > KIND.quiet) e.raised |= IE;
    return ORDER.unordered;
  }
  noteDenormal(e, ka);
  noteDenormal(e, kb);
  if (ka === KIND.zero && kb === KIND.zero) return ORDER.equal;
  if (a.sign !== b.sign) return a.sign === 1 ? ORDER.less : ORDER.greater;
  const magnitude = compareMagnitudes(a, b);
  if (magnitude === 0) return ORDER.equal;
  return (magnitude < 0) === (a.sign === 0) ? ORDER.less : ORDER.greater;
}
function compareMagnitudes(a: Float80, b: Float80): number {
  if (exponentOf(a) !== exponentOf(b)) return exponentOf(a) - exponentOf(b);
  if (a.hi !== b.hi) return (a.hi >>> 0) - (b.hi >>> 0);
  return (a.lo >>> 0) - (b.lo >>> 0);
}
