/**
 * Between 80-bit values and what memory holds: m32fp, m64fp, m80fp, m16int to m64int, m80bcd (SDM vol. 1 §4.2, §4.7, §8.2).
 * An image in memory is the Environment's words: bytes 0-3 in `lo`, 4-7 in `hi`, 8-9 in `rest`.
 */
import { normalise, round, take, IE, PE, type Environment, type Format } from './environment.ts';
import { toInteger, withoutNumber } from './arithmetic.ts';
import { BIAS, EXPONENT_MAX, Float80, INDEFINITE, KIND, kindOf, zero } from './float80.ts';

const SINGLE: Format = { bits: 24, exponentMin: BIAS - 126, exponentMax: BIAS + 127, wrap: 0 };
const DOUBLE: Format = { bits: 53, exponentMin: BIAS - 1022, exponentMax: BIAS + 1023, wrap: 0 };

/** The value of an image of 4, 8 or 10 bytes, exactly; NaNs stay as they are. */
export function readReal(e: Environment, bytes: number): Float80 {
  if (bytes === 10) return new Float80((e.rest >>> 15) & 1, e.rest & EXPONENT_MAX, e.hi, e.lo);
  return bytes === 4 ? readSingle(e, e.lo) : readDouble(e, e.lo, e.hi);
}
function readSingle(e: Environment, image: number): Float80 {
  e.hi = (image << 9) >>> 1; e.lo = 0; e.rest = 0;
  return widened(e, SINGLE, image >>> 31, (image >>> 23) & 0xff);
}
function readDouble(e: Environment, lo: number, hi: number): Float80 {
  e.hi = ((hi & 0xf_ffff) << 11) | (lo >>> 21); e.lo = lo << 11; e.rest = 0;
  return widened(e, DOUBLE, hi >>> 31, (hi >>> 20) & 0x7ff);
}
/** The working significand is the fraction, below a place for the integer bit. */
function widened(e: Environment, format: Format, sign: number, field: number): Float80 {
  if (field === 0 && (e.hi | e.lo) === 0) return zero(sign);
  if (field === 0) {
    e.isFromDenormal = true;
    const exponent = format.exponentMin - normalise(e);
    return new Float80(sign, exponent, e.hi, e.lo);
  }
  const exponent = field === topField(format) ? EXPONENT_MAX : field + format.exponentMin - 1;
  return new Float80(sign, exponent, e.hi | 0x8000_0000, e.lo);
}
/** The exponent field of infinities and NaNs. */
const topField = (format: Format): number => format.exponentMax - format.exponentMin + 2;

/** What FST stores; 10 bytes take the value as it is. */
export function writeReal(e: Environment, v: Float80, bytes: number): void {
  const { sign, exponent, hi, lo } = bytes === 10 ? v : narrowed(e, v, bytes === 4 ? SINGLE : DOUBLE);
  switch (bytes) {
    case 4:
      e.lo = (sign << 31) | (exponent << 23) | ((hi >>> 8) & 0x7f_ffff);
      break;
    case 8:
      e.hi = (sign << 31) | (exponent << 20) | ((hi >>> 11) & 0xf_ffff);
      e.lo = (hi << 21) | (lo >>> 11);
      break;
    default:
      e.rest = (sign << 15) | exponent; e.hi = hi; e.lo = lo;
  }
}
/** The value with the exponent field of a narrower format. */
function narrowed(e: Environment, v: Float80, format: Format): Float80 {
  const special = withoutNumber(e, v);
  if (special !== null) return new Float80(special.sign, topField(format), special.hi, special.lo);
  if (v.exponent === EXPONENT_MAX) return new Float80(v.sign, topField(format), v.hi, v.lo);
  if (kindOf(v) === KIND.zero) return v;
  e.hi = v.hi; e.lo = v.lo; e.rest = 0;
  const exponent = (v.exponent === 0 ? 1 : v.exponent) - normalise(e);
  return round(e, format, v.sign, exponent);
}

/** The value of an integer of 2, 4 or 8 bytes. */
export function readInteger(e: Environment, bytes: number): Float80 {
  const low = bytes === 2 ? (e.lo << 16) >> 16 : e.lo;
  const sign = (bytes === 8 ? e.hi : low) >>> 31;
  e.hi = bytes === 8 ? e.hi : low >> 31; e.lo = low; e.rest = 0;
  if ((e.hi | e.lo) === 0) return zero(0);
  if (sign === 1) negateWords(e);
  const exponent = BIAS + 63 - normalise(e);
  return new Float80(sign, exponent, e.hi, e.lo);
}
function negateWords(e: Environment): void {
  e.lo = -e.lo | 0;
  e.hi = (~e.hi + (e.lo === 0 ? 1 : 0)) | 0;
}
/** What FIST stores, rounded by `mode`. Out of range, infinite or not a number: the integer indefinite, and nothing but #I. */
export function writeInteger(e: Environment, mode: number, v: Float80, bytes: number): void {
  const fits = kindOf(v) < KIND.infinity && toInteger(e, mode, v) && magnitudeFits(e, v.sign, bytes);
  if (fits && v.sign === 1) negateWords(e);
  if (fits) return;
  refuse(e);
  e.hi = 0x8000_0000 | 0;
  e.lo = bytes === 8 ? 0 : bytes === 4 ? 0x8000_0000 | 0 : 0x8000;
}
function magnitudeFits(e: Environment, sign: number, bytes: number): boolean {
  if (bytes === 8) return e.hi >= 0 || (sign === 1 && e.hi === (0x8000_0000 | 0) && e.lo === 0);
  const limit = bytes === 4 ? 0x8000_0000 : 0x8000;
  return e.hi === 0 && e.lo >>> 0 < limit + sign;
}
function refuse(e: Environment): void {
  e.raised = (e.raised & ~PE) | IE;
  e.isUp = false;
}

const DECIMAL_LIMIT = 10n ** 18n;

/** Packed decimal: nine bytes of two digits, then the sign in the top bit of the last (§4.7). */
export function readDecimal(e: Environment): Float80 {
  const sign = (e.rest >>> 15) & 1;
  let n = 0n;
  for (const word of [e.rest & 0xff, e.hi, e.lo]) {
    for (let shift = 28; shift >= 0; shift -= 4) n = n * 10n + BigInt((word >>> shift) & 15);
  }
  if (n === 0n) return zero(sign);
  const exponent = take(e, n, 0, false);
  return new Float80(sign, exponent, e.hi, e.lo);
}
export function writeDecimal(e: Environment, v: Float80): void {
  const isInteger = kindOf(v) < KIND.infinity && toInteger(e, e.mode, v);
  const n = (BigInt(e.hi >>> 0) << 32n) | BigInt(e.lo >>> 0);
  if (!isInteger || n >= DECIMAL_LIMIT) {
    refuse(e);
    return writeReal(e, INDEFINITE, 10); // The packed decimal indefinite has the same bytes (§4.7).
  }
  const digits = n.toString().padStart(18, '0');
  e.rest = (v.sign << 15) | Number.parseInt(digits.slice(0, 2), 16);
  e.hi = Number.parseInt(digits.slice(2, 10), 16) | 0;
  e.lo = Number.parseInt(digits.slice(10), 16) | 0;
}
