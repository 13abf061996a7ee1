/** The arithmetic flags, from the rule that was remembered (SDM vol. 1 §3.4.3.1; vol. 2, "Flags Affected" of each instruction). */
import { STATE } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { bigOf } from '../base/words.ts';
import { AF, ARITHMETIC_FLAGS, CF, OF, PF, RULE, SF, ZF } from './ops.ts';

const KIND = STATE.flagsRule >> 2, KNOWN = STATE.eflags >> 2;
const RESULT = STATE.flagsResult >> 2, A = STATE.flagsA >> 2, B = STATE.flagsB >> 2;

/**
 * The rule word: size in bits 0-3, rule in bits 4-7; from bit 16 on, where RFLAGS has them, the flags that lie in `eflags` already because they
 * were written since. Under RULE.known all of them do.
 */
export const ruleWord = (rule: number, size: number): number => (rule << 4) | size;
export const ruleOf = (word: number): number => (word >> 4) & 15;
export const sizeOf = (word: number): number => word & 15;
const RULE_BITS = 0xf0;
/** Whether a flag, or all of several, must be read from `eflags`. */
export const isWritten = (word: number, flags: number): boolean => (word & RULE_BITS) === RULE.known || (flags & ~(word >> WRITTEN_SHIFT)) === 0;
/** The rule word after flags of `mask` were written to `eflags`. */
export function afterWriting(word: number, mask: number): number {
  const written = ((word >> WRITTEN_SHIFT) | mask) & ARITHMETIC_FLAGS;
  return ruleOf(word) === RULE.known || written === ARITHMETIC_FLAGS ? RULE.known : (word & 0xff) | (written << WRITTEN_SHIFT);
}
export const WRITTEN_SHIFT = 16;

/** The word of a value that holds its top bit, moved so that the top bit is bit 31. */
function top(r: Int32Array, at: number, size: number): i32 {
  switch (size) {
    case 8: return r[at + 1];
    case 4: return r[at];
    case 2: return r[at] << 16;
    default: return r[at] << 24;
  }
}
/** Bit `n` of a 64-bit value; 0 outside. */
function bit(r: Int32Array, at: number, n: number): number {
  if (n < 0 || n > 63) return 0;
  return n < 32 ? (r[at] >>> n) & 1 : (r[at + 1] >>> (n - 32)) & 1;
}
/** CF, 0 or 1. */
export function carryOf(r: Int32Array): number { return isWritten(r[KIND], CF) ? r[KNOWN] & CF : carryByRule(r); }
function carryByRule(r: Int32Array): number {
  const word = r[KIND], size = sizeOf(word);
  switch (ruleOf(word)) {
    case RULE.add: case RULE.adc: {
      const a = top(r, A, size), b = top(r, B, size);
      return ((a & b) | ((a | b) & ~top(r, RESULT, size))) >>> 31;
    }
    case RULE.sub: case RULE.sbb: {
      const a = top(r, A, size), b = top(r, B, size);
      return ((~a & b) | ((~a | b) & top(r, RESULT, size))) >>> 31;
    }
    case RULE.inc: case RULE.dec: return r[B];
    case RULE.shl: return bit(r, A, 8 * size - r[B]);
    case RULE.shr: return bit(r, A, r[B] - 1);
    case RULE.sar: return r[B] > 8 * size ? top(r, A, size) >>> 31 : bit(r, A, r[B] - 1);
    case RULE.mulUnsigned: return isExcessive(r, size, false) ? 1 : 0;
    case RULE.mulSigned: return isExcessive(r, size, true) ? 1 : 0;
    default: return 0;
  }
}
/** Whether a product needs more than `size` bytes. Doubles tell up to 32 bits: what they round is far too large. */
function isExcessive(r: Int32Array, size: number, isSigned: boolean): boolean {
  const bits = 8 * size;
  if (size === 8) {
    const cut = (value: bigint): bigint => isSigned ? BigInt.asIntN(64, value) : value;
    const product = cut(bigOf(r[A], r[A + 1])) * cut(bigOf(r[B], r[B + 1]));
    return (isSigned ? BigInt.asIntN(64, product) : BigInt.asUintN(64, product)) !== product;
  }
  const operand = (at: number): number => isSigned ? (r[at] << (32 - bits)) >> (32 - bits) : r[at] >>> 0;
  const product = operand(A) * operand(B), half = 2 ** (bits - 1);
  return isSigned ? product < -half || product >= half : product >= 2 * half;
}
/** ZF, 0 or 1: results are cut to their size, so all their words count. */
export function zeroOf(r: Int32Array): number {
  return isWritten(r[KIND], ZF) ? (r[KNOWN] & ZF) >>> 6 : (r[RESULT] | r[RESULT + 1]) === 0 ? 1 : 0;
}
export function signOf(r: Int32Array): number {
  return isWritten(r[KIND], SF) ? (r[KNOWN] & SF) >>> 7 : top(r, RESULT, sizeOf(r[KIND])) >>> 31;
}
export function parityOf(r: Int32Array): number {
  if (isWritten(r[KIND], PF)) return (r[KNOWN] & PF) >>> 2;
  let low = r[RESULT] & 0xff;
  low ^= low >> 4;
  return (0x9669 >>> (low & 15)) & 1;
}
export function overflowOf(r: Int32Array): number {
  const word = r[KIND], size = sizeOf(word);
  if (isWritten(word, OF)) return (r[KNOWN] & OF) >>> 11;
  switch (ruleOf(word)) {
    case RULE.add: case RULE.adc: { const s = top(r, RESULT, size); return ((top(r, A, size) ^ s) & (top(r, B, size) ^ s)) >>> 31; }
    case RULE.sub: case RULE.sbb: { const a = top(r, A, size); return ((a ^ top(r, B, size)) & (a ^ top(r, RESULT, size))) >>> 31; }
    case RULE.inc: return isTopBitOnly(r, size) ? 1 : 0;
    case RULE.dec: return isAllButTopBit(r, size) ? 1 : 0;
    case RULE.shl: return (top(r, RESULT, size) >>> 31) ^ carryByRule(r);
    // By one, the top bit of the operand; more is undefined: what shifting one at a time would leave.
    case RULE.shr: return r[B] === 1 ? top(r, A, size) >>> 31 : 0;
    case RULE.mulUnsigned: case RULE.mulSigned: return carryByRule(r);
    default: return 0;
  }
}
function isTopBitOnly(r: Int32Array, size: number): boolean {
  return size === 8 ? r[RESULT] === 0 && r[RESULT + 1] === (1 << 31) : top(r, RESULT, size) === (1 << 31);
}
function isAllButTopBit(r: Int32Array, size: number): boolean {
  if (size === 8) return r[RESULT] === -1 && r[RESULT + 1] === 0x7fffffff;
  return r[RESULT] === (size === 4 ? 0x7fffffff : size === 2 ? 0x7fff : 0x7f);
}
export function adjustOf(r: Int32Array): number {
  if (isWritten(r[KIND], AF)) return (r[KNOWN] & AF) >>> 4;
  switch (ruleOf(r[KIND])) {
    case RULE.add: case RULE.adc: case RULE.sub: case RULE.sbb: return ((r[A] ^ r[B] ^ r[RESULT]) >>> 4) & 1;
    case RULE.inc: return (r[RESULT] & 15) === 0 ? 1 : 0;
    case RULE.dec: return (r[RESULT] & 15) === 15 ? 1 : 0;
    // Undefined; AMD's set it.
    case RULE.shl: case RULE.shr: case RULE.sar: return 1;
    default: return 0;
  }
}
/** Computes all six now and leaves them in `eflags`: the whole of RFLAGS is returned. */
export function settle(r: Int32Array): number {
  if (ruleOf(r[KIND]) === RULE.known) return r[KNOWN];
  const flags = carryOf(r) | (parityOf(r) << 2) | (adjustOf(r) << 4) | (zeroOf(r) << 6) | (signOf(r) << 7) | (overflowOf(r) << 11);
  r[KNOWN] = (r[KNOWN] & ~ARITHMETIC_FLAGS) | flags;
  r[KIND] = RULE.known;
  return r[KNOWN];
}
/** Condition `cc` (SDM vol. 2, appendix B.1.4.7), 0 or 1. */
export function conditionOf(r: Int32Array, cc: number): number {
  switch (cc >> 1) {
    case 0: return overflowOf(r) ^ (cc & 1);
    case 1: return carryOf(r) ^ (cc & 1);
    case 2: return zeroOf(r) ^ (cc & 1);
    case 3: return (carryOf(r) | zeroOf(r)) ^ (cc & 1);
    case 4: return signOf(r) ^ (cc & 1);
    case 5: return parityOf(r) ^ (cc & 1);
    case 6: return (signOf(r) ^ overflowOf(r)) ^ (cc & 1);
    default: return ((signOf(r) ^ overflowOf(r)) | zeroOf(r)) ^ (cc & 1);
  }
}
