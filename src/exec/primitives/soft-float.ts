/**
 * IEEE 754 arithmetic on integers, rounded once under MXCSR (SDM vol. 1 §4.8.4, §4.9.1, §10.2.3): right for all operands, and slow. What is faster
 * leaves to it whatever is rare.
 */
import { DAZ, DE, DOWN, FTZ, IE, NEAREST, OE, PE, roundingOf, UE, unmaskedOf, UP, ZE } from '../mxcsr.ts';
import type { Scratch } from '../primitive.ts';

/** Bits of the significand, and the least and greatest exponent of a normal number. */
export interface Format { readonly precision: number; readonly least: number; readonly most: number }
export const HALF: Format = { precision: 11, least: -14, most: 15 };
export const SINGLE: Format = { precision: 24, least: -126, most: 127 };
export const DOUBLE: Format = { precision: 53, least: -1022, most: 1023 };

/** (-1)^isNegative * significand * 2^exponent. */
export interface Finite { readonly isNegative: boolean; readonly significand: bigint; readonly exponent: number }
interface Operand extends Finite { readonly kind: 'finite' | 'infinite' | 'nan'; readonly isDenormal: boolean; readonly isSignalling: boolean; readonly bits: bigint }
/** What an operation gives: a number to be rounded, or what needs no rounding. */
type Result = Finite | 'invalid' | 'infinity' | '-infinity' | 'divided by zero' | '-divided by zero';

const signBit = (f: Format): bigint => 1n << BigInt(widthOf(f) - 1);
const widthOf = (f: Format): number => f === DOUBLE ? 64 : f === SINGLE ? 32 : 16;
const infinity = (f: Format): bigint => BigInt(f.most - f.least + 2) << BigInt(f.precision - 1);
const quietBit = (f: Format): bigint => 1n << BigInt(f.precision - 2);
/** "QNaN floating-point indefinite" (SDM vol. 1 §4.2.2). */
const indefinite = (f: Format): bigint => signBit(f) | infinity(f) | quietBit(f);

export function bitsAt(s: Scratch, f: Format, at: number): bigint {
  const low = BigInt(s.u32[at]!);
  return f === DOUBLE ? BigInt(s.u32[at + 1]!) << 32n | low : low;
}
export function putBits(s: Scratch, f: Format, at: number, bits: bigint): void {
  s.i32[at] = Number(bits & 0xffff_ffffn);
  if (f === DOUBLE) s.i32[at + 1] = Number(bits >> 32n);
}

function bitLength(n: bigint): number {
  const text = n.toString(16);
  return 4 * text.length + 28 - Math.clz32(parseInt(text[0]!, 16));
}
/** n / 2^count, rounded to an integer. */
function shifted(n: bigint, count: number, isNegative: boolean, mode: number): bigint {
  if (count <= 0) return n << BigInt(-count);
  const whole = n >> BigInt(count), rest = n - (whole << BigInt(count));
  if (rest === 0n) return whole;
  if (mode !== NEAREST) return mode === (isNegative ? DOWN : UP) ? whole + 1n : whole;
  const half = 1n << BigInt(count - 1);
  return rest > half || (rest === half && (whole & 1n) !== 0n) ? whole + 1n : whole;
}
/** Rounds to the format, and raises what that raises. Gives the bits. A significand of 0 is a zero. */
export function rounded(s: Scratch, f: Format, x: Finite): bigint {
  const { isNegative, significand, exponent } = x, sign = isNegative ? signBit(f) : 0n;
  if (significand === 0n) return sign;
  const mode = roundingOf(s.control), lowest = f.least - f.precision + 1, length = bitLength(significand);
  const ideal = exponent + length - f.precision, last = Math.max(ideal, lowest);
  const kept = shifted(significand, last - exponent, isNegative, mode);
  const isExactTo = (value: bigint, exponentOf: number): boolean => exponentOf <= exponent || value << BigInt(exponentOf - exponent) === significand;
  // Tininess is detected after rounding as if the exponent had no limit; to who traps on it, or on overflow, so is inexactness.
  const unlimited = shifted(significand, ideal - exponent, isNegative, mode), isTiny = ideal < lowest && (ideal < lowest - 1 || unlimited >> BigInt(f.precision) === 0n);
  const unmasked = unmaskedOf(s.control), trapsTiny = isTiny && (unmasked & UE) !== 0, isExact = trapsTiny ? isExactTo(unlimited, ideal) : isExactTo(kept, last);
  if (isTiny && !trapsTiny && (s.control & FTZ) !== 0) { s.raised |= UE | PE; return sign; }
  if (trapsTiny || (isTiny && !isExact)) s.raised |= UE;
  if (!isExact) s.raised |= PE;
  const bits = kept + (BigInt(last - lowest) << BigInt(f.precision - 1)), limit = infinity(f);
  if (bits < limit) return sign | bits;
  s.raised |= (unmasked & OE) !== 0 ? OE : OE | PE;
  return sign | (mode === NEAREST || mode === (isNegative ? DOWN : UP) ? limit : limit - 1n);
}

/** Denormals count as zero if MXCSR.DAZ says so. */
function unpack(s: Scratch, f: Format, bits: bigint): Operand {
  const isNegative = (bits & signBit(f)) !== 0n, magnitude = bits & ~signBit(f), limit = infinity(f), fraction = BigInt(f.precision - 1);
  const biased = Number(magnitude >> fraction), lowest = f.least - f.precision + 1;
  const isDenormal = biased === 0 && magnitude !== 0n && (s.control & DAZ) === 0;
  return {
    bits, isNegative, isDenormal, kind: magnitude > limit ? 'nan' : magnitude === limit ? 'infinite' : 'finite',
    isSignalling: magnitude > limit && (magnitude & quietBit(f)) === 0n,
    significand: biased === 0 ? (isDenormal ? magnitude : 0n) : magnitude - (BigInt(biased - 1) << fraction),
    exponent: biased === 0 ? lowest : lowest + biased - 1,
  };
}
/** Denormals and rounding only matter to numbers that are valid. */
function finish(s: Scratch, f: Format, operands: readonly Operand[], result: Result): bigint {
  if (result === 'invalid') { s.raised |= IE; return indefinite(f); }
  if (result === 'divided by zero' || result === '-divided by zero') { s.raised |= ZE; return infinity(f) | (result === 'divided by zero' ? 0n : signBit(f)); }
  if (operands.some(x => x.isDenormal)) s.raised |= DE;
  if (result === 'infinity' || result === '-infinity') return infinity(f) | (result === 'infinity' ? 0n : signBit(f));
  return rounded(s, f, result);
}
/** The first operand that is a NaN, quieted; null if none is. */
function nanOf(s: Scratch, f: Format, operands: readonly Operand[]): bigint | null {
  if (operands.some(x => x.isSignalling)) s.raised |= IE;
  const first = operands.find(x => x.kind === 'nan');
  return first === undefined ? null : first.bits | quietBit(f);
}
const isZero = (x: Operand): boolean => x.kind === 'finite' && x.significand === 0n;
const infinite = (isNegative: boolean): Result => isNegative ? '-infinity' : 'infinity';

/** A sum that is 0 is -0 where both are, or when rounding down. */
function total(s: Scratch, x: Finite, y: Finite): Finite {
  const exponent = Math.min(x.exponent, y.exponent);
  const signed = (n: Finite): bigint => (n.isNegative ? -n.significand : n.significand) << BigInt(n.exponent - exponent);
  const sum = signed(x) + signed(y);
  if (sum !== 0n) return { isNegative: sum < 0n, significand: sum < 0n ? -sum : sum, exponent };
  const isSame = x.isNegative === y.isNegative && x.significand === 0n && y.significand === 0n;
  return { isNegative: isSame ? x.isNegative : roundingOf(s.control) === DOWN, significand: 0n, exponent };
}
function sum(s: Scratch, x: Operand, y: Operand): Result {
  if (x.kind === 'infinite') return y.kind === 'infinite' && x.isNegative !== y.isNegative ? 'invalid' : infinite(x.isNegative);
  return y.kind === 'infinite' ? infinite(y.isNegative) : total(s, x, y);
}
function product(_s: Scratch, x: Operand, y: Operand): Result {
  const isNegative = x.isNegative !== y.isNegative;
  if (x.kind === 'infinite' || y.kind === 'infinite') return isZero(x) || isZero(y) ? 'invalid' : infinite(isNegative);
  return { isNegative, significand: x.significand * y.significand, exponent: x.exponent + y.exponent };
}
/** More bits than any format has, and one for the rest. */
const QUOTIENT_BITS = 130;
function quotient(_s: Scratch, x: Operand, y: Operand): Result {
  const isNegative = x.isNegative !== y.isNegative;
  if (x.kind === 'infinite') return y.kind === 'infinite' ? 'invalid' : infinite(isNegative);
  if (y.kind === 'infinite') return { isNegative, significand: 0n, exponent: 0 };
  if (isZero(y)) return isZero(x) ? 'invalid' : isNegative ? '-divided by zero' : 'divided by zero';
  const dividend = x.significand << BigInt(QUOTIENT_BITS), whole = dividend / y.significand;
  return { isNegative, significand: whole << 1n | (whole * y.significand === dividend ? 0n : 1n), exponent: x.exponent - y.exponent - QUOTIENT_BITS - 1 };
}
function root(_s: Scratch, x: Operand): Result {
  if (isZero(x)) return x;
  if (x.isNegative) return 'invalid';
  if (x.kind === 'infinite') return 'infinity';
  const shift = QUOTIENT_BITS + (x.exponent & 1), square = x.significand << BigInt(shift);
  let whole = 1n << BigInt(Math.ceil(bitLength(square) / 2));
  for (let next = whole; ; whole = next) {
    next = (whole + square / whole) >> 1n;
    if (next >= whole) break;
  }
  return { isNegative: false, significand: whole << 1n | (whole * whole === square ? 0n : 1n), exponent: (x.exponent - shift) / 2 - 1 };
}
/** x * y + z. */
function fused(s: Scratch, x: Operand, y: Operand, z: Operand): Result {
  const xy = product(s, x, y);
  if (typeof xy !== 'string') return z.kind === 'infinite' ? infinite(z.isNegative) : total(s, xy, z);
  return xy === 'invalid' || (z.kind === 'infinite' && xy !== infinite(z.isNegative)) ? 'invalid' : xy;
}

type Binary = (s: Scratch, x: Operand, y: Operand) => Result;
function binary(operation: Binary) {
  return (s: Scratch, f: Format, r: number, a: number, b: number): void => {
    const operands = [unpack(s, f, bitsAt(s, f, a)), unpack(s, f, bitsAt(s, f, b))] as const;
    putBits(s, f, r, nanOf(s, f, operands) ?? finish(s, f, operands, operation(s, ...operands)));
  };
}
/** Word r = a op b, all of one format. */
export const softAdd = binary(sum);
export const softSub = binary((s, x, y) => sum(s, x, { ...y, isNegative: !y.isNegative }));
export const softMul = binary(product);
export const softDiv = binary(quotient);
export function softSqrt(s: Scratch, f: Format, r: number, a: number): void {
  const x = unpack(s, f, bitsAt(s, f, a));
  putBits(s, f, r, nanOf(s, f, [x]) ?? finish(s, f, [x], root(s, x)));
}
/** a * b + c, where `signs` negates the product (1) and c (2): of NaNs no sign changes. */
export function softFused(s: Scratch, f: Format, signs: number, r: number, a: number, b: number, c: number): void {
  const x = unpack(s, f, bitsAt(s, f, a)), y = unpack(s, f, bitsAt(s, f, b)), z = unpack(s, f, bitsAt(s, f, c)), operands = [x, y, z];
  const negated = (n: Operand, isIt: boolean): Operand => isIt ? { ...n, isNegative: !n.isNegative } : n;
  putBits(s, f, r, nanOf(s, f, operands) ?? finish(s, f, operands, fused(s, negated(x, (signs & 1) !== 0), y, negated(z, (signs & 2) !== 0))));
}
/** A number of one format becomes one of another; a NaN keeps the top of its payload. */
export function softConvert(s: Scratch, from: Format, bits: bigint, to: Format): bigint {
  const x = unpack(s, from, bits), by = BigInt(to.precision - from.precision);
  if (x.isSignalling) s.raised |= IE;
  const sign = x.isNegative ? signBit(to) : 0n, payload = bits & (1n << BigInt(from.precision - 1)) - 1n;
  if (x.kind === 'nan') return sign | infinity(to) | quietBit(to) | (by >= 0n ? payload << by : payload >> -by);
  return finish(s, to, [x], x.kind === 'infinite' ? infinite(x.isNegative) : x);
}
