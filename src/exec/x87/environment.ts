/** What one x87 operation works under and leaves behind: control, exceptions, and the rounding step (SDM vol. 1 §4.8.4, §8.1.5, §8.5). */
import type { i32 } from '../../base/types.ts';
import { EXPONENT_MAX, Float80, infinity, zero } from './float80.ts';

/** Exception flags of the status word; the low six are also the masks of the control word. */
export const IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32, SF = 64;
/** Rounding control (table 4-8). */
export const ROUND = { nearest: 0, down: 1, up: 2, chop: 3 } as const;

/** Where a result is cut. Exponents are biased by 16,383 whatever the format. */
export interface Format {
  readonly bits: 24 | 53 | 64;
  readonly exponentMin: number;
  readonly exponentMax: number;
  /** Results in registers: what an unmasked overflow or underflow takes off or adds to the exponent. In memory: 0, nothing is stored. */
  readonly wrap: number;
}
const EXTENDED: Format = { bits: 64, exponentMin: 1, exponentMax: EXPONENT_MAX - 1, wrap: 24576 };
/** By precision control (table 8-2): registers keep their exponent range, only the significand shrinks. Encoding 1 is reserved. */
const BY_PRECISION: readonly Format[] = [{ ...EXTENDED, bits: 24 }, EXTENDED, { ...EXTENDED, bits: 53 }, EXTENDED];

export class Environment {
  /** Rounding control. */
  readonly mode: number;
  /** Bits of the control word: 1 = masked. */
  readonly masks: number;
  /** How FADD, FSUB, FMUL, FDIV and FSQRT round. */
  readonly format: Format;
  /** Exceptions so far. */
  raised = 0;
  /** An operand was a denormal single or double in memory: widened it is normal, but #D is due all the same. */
  isFromDenormal = false;
  /** The last rounding went away from zero: C1. */
  isUp = false;
  /** The significand being worked on: 64 bits, and 32 below them whose last is sticky. */
  hi: i32 = 0;
  lo: i32 = 0;
  rest: i32 = 0;

  constructor(control: number, mode: number = (control >> 10) & 3) {
    this.mode = mode;
    this.masks = control & 0x3f;
    this.format = BY_PRECISION[(control >> 8) & 3]!;
  }
  /** Whether an unmasked exception of these was raised. */
  traps(exceptions: number): boolean { return (this.raised & ~this.masks & exceptions) !== 0; }
}

/** Shifts the working significand right; what falls out stays as the sticky bit. */
export function shiftRight(e: Environment, count: number): void {
  let left = Math.min(count, 96);
  for (; left >= 32; left -= 32) {
    e.rest = e.lo | (e.rest !== 0 ? 1 : 0);
    e.lo = e.hi;
    e.hi = 0;
  }
  if (left === 0) return;
  const lost = e.rest << (32 - left);
  e.rest = (e.lo << (32 - left)) | (e.rest >>> left) | (lost !== 0 ? 1 : 0);
  e.lo = (e.hi << (32 - left)) | (e.lo >>> left);
  e.hi >>>= left;
}

/** Shifts the working significand, not zero, left until its top bit is set; returns by how much. */
export function normalise(e: Environment): number {
  let count = 0;
  while (e.hi === 0) {
    e.hi = e.lo; e.lo = e.rest; e.rest = 0;
    count += 32;
  }
  const left = Math.clz32(e.hi);
  if (left === 0) return count;
  e.hi = (e.hi << left) | (e.lo >>> (32 - left));
  e.lo = (e.lo << left) | (e.rest >>> (32 - left));
  e.rest <<= left;
  return count + left;
}

/** Puts n * 2^scale (n > 0; `isMore`: and a little more) into the working significand; returns its biased exponent. */
export function take(e: Environment, n: bigint, scale: number, isMore: boolean): number {
  const length = bitLength(n);
  const drop = length - 96;
  const top = drop > 0 ? n >> BigInt(drop) : n << BigInt(-drop);
  const isSticky = isMore || (drop > 0 && (n & ((1n << BigInt(drop)) - 1n)) !== 0n);
  e.hi = Number(top >> 64n) | 0;
  e.lo = Number((top >> 32n) & 0xffff_ffffn) | 0;
  e.rest = Number(top & 0xffff_ffffn) | (isSticky ? 1 : 0);
  return 16383 + scale + length - 1;
}
/** Bits of a positive BigInt. */
export function bitLength(n: bigint): number {
  const digits = n.toString(16);
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits[0]!, 16)) - 28);
}

/** Whether a magnitude with `rest` below its last bit goes up. */
export function goesUp(mode: number, sign: number, rest: i32, isOdd: boolean): boolean {
  switch (mode) {
    case ROUND.nearest: return rest < 0 && (isOdd || (rest << 1) !== 0);
    case ROUND.down: return sign === 1 && rest !== 0;
    case ROUND.up: return sign === 0 && rest !== 0;
    default: return false;
  }
}

/** Cuts the working significand to `bits`; returns the 32 bits below, sticky. */
function cut(e: Environment, bits: number): i32 {
  if (bits === 64) return e.rest;
  const sticky = (e.rest | (bits === 24 ? e.lo << 24 : 0)) !== 0 ? 1 : 0;
  if (bits === 53) {
    const rest = (e.lo << 21) | sticky;
    e.lo &= ~0x7ff;
    return rest;
  }
  const rest = (e.hi << 24) | (e.lo >>> 8) | sticky;
  e.hi &= ~0xff;
  e.lo = 0;
  return rest;
}

const isOdd = (e: Environment, bits: number): boolean => ((bits === 64 ? e.lo : bits === 53 ? e.lo >>> 11 : e.hi >>> 8) & 1) !== 0;

/** Adds one unit in the last place; whether it carried out of the top. */
function increment(e: Environment, bits: number): boolean {
  if (bits === 24) e.hi = (e.hi + 0x100) | 0;
  else {
    const unit = bits === 53 ? 0x800 : 1;
    e.lo = (e.lo + unit) | 0;
    if (e.lo >>> 0 >= unit) return false;
    e.hi = (e.hi + 1) | 0;
  }
  return e.hi >>> 0 < (bits === 24 ? 0x100 : 1);
}

/** Tininess is detected after rounding (SDM vol. 1 §4.9.1.5): would the result be as large as the smallest normal one? */
function isTiny(e: Environment, format: Format, sign: number, exponent: number): boolean {
  if (exponent < format.exponentMin - 1) return true;
  const { hi, lo } = e;
  const rest = cut(e, format.bits);
  const carries = goesUp(e.mode, sign, rest, isOdd(e, format.bits)) && increment(e, format.bits);
  e.hi = hi; e.lo = lo;
  return !carries;
}

/**
 * Rounds the normalised working significand at a biased exponent into a format. The result's `exponent` is the
 * exponent field of that format. The caller of a memory format stores nothing if an unmasked exception was raised.
 */
export function round(e: Environment, format: Format, sign: number, exponentBefore: number): Float80 {
  let exponent = exponentBefore;
  let tiny = false;
  if (exponent < format.exponentMin && isTiny(e, format, sign, exponent)) {
    tiny = (e.masks & UE) !== 0;
    if (!tiny) {
      e.raised |= UE;
      exponent += format.wrap;
      if (format.wrap > 0 && exponent < format.exponentMin) return beyond(e, zero(sign), false);
    }
  }
  if (exponent < format.exponentMin) {
    shiftRight(e, format.exponentMin - exponent);
    exponent = format.exponentMin;
  }
  const rest = cut(e, format.bits);
  const up = goesUp(e.mode, sign, rest, isOdd(e, format.bits));
  if (up && increment(e, format.bits)) {
    e.hi = 0x8000_0000 | 0;
    exponent += 1;
  }
  if (rest !== 0) {
    e.raised |= tiny ? PE | UE : PE;
    e.isUp = up;
  }
  if (exponent > format.exponentMax) return overflow(e, format, sign, exponent);
  return new Float80(sign, exponent - format.exponentMin + (e.hi < 0 ? 1 : 0), e.hi, e.lo);
}

/** FSCALE can go so far that even the wrapped exponent does not do (§8.5.4). */
function beyond(e: Environment, result: Float80, isUp: boolean): Float80 {
  e.raised |= PE;
  e.isUp = isUp;
  return result;
}
/** Masked: infinity or the largest number, by rounding mode (SDM vol. 1 table 4-11). Unmasked: the exponent is wrapped (§8.5.4). */
function overflow(e: Environment, format: Format, sign: number, exponent: number): Float80 {
  e.raised |= OE;
  if ((e.masks & OE) === 0) {
    const wrapped = exponent - format.wrap;
    if (wrapped > format.exponentMax) return beyond(e, infinity(sign), true);
    return new Float80(sign, wrapped - format.exponentMin + 1, e.hi, e.lo);
  }
  e.raised |= PE;
  const isInfinite = e.mode === ROUND.nearest || e.mode === (sign === 1 ? ROUND.down : ROUND.up);
  e.isUp = isInfinite;
  const field = format.exponentMax - format.exponentMin + 1;
  if (isInfinite) return new Float80(sign, field + 1, 0x8000_0000 | 0, 0);
  e.hi = e.lo = e.rest = -1;
  cut(e, format.bits);
  return new Float80(sign, field, e.hi, e.lo);
}
/** Register results that do not obey precision control. */
export const roundExtended = (e: Environment, sign: number, exponent: number): Float80 => round(e, EXTENDED, sign, exponent);
