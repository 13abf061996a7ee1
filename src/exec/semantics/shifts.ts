/** Shifts, rotates and double shifts (SDM vol. 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). */
import type { Size } from '../../base/types.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import { AF, CF, OF, type Ops, RULE, type Rule, type Semantics, type Temp } from '../ops.ts';
import type { Scores } from './scores.ts';

type Shift = (m: Ops, a: Temp, count: Temp, size: Size) => Temp;

/** The count, masked to five bits, six for 64-bit operands. */
function maskedCount(m: Ops, i: Instruction, operand: number): Temp {
  const count = i.operands[operand];
  return m.and(count === undefined ? m.constant(1) : m.read(count), m.constant(i.size === 8 ? 63 : 31));
}
/** A count of 0 changes no flag; a 32-bit destination is written all the same, which clears its upper half. */
const shift = (perform: Shift, rule: Rule): Semantics => (m, i) => {
  const to = i.first;
  const a = m.modify(to), count = maskedCount(m, i, 1);
  const result = perform(m, a, count, i.size);
  m.write(to, result);
  if (m.when(count)) { m.flags(rule, i.size, result, a, count); m.end(); }
};
const topBit = (m: Ops, a: Temp, size: Size): Temp => m.and(m.shiftRight(a, m.constant(8 * size - 1), size), m.constant(1));
const bitOne = (m: Ops, a: Temp): Temp => m.and(a, m.constant(1));

/** CF and OF, from single bits, where the count is not 0. */
function rotateFlags(m: Ops, count: Temp, carry: Temp, overflow: Temp): void {
  if (m.when(count)) {
    m.writeFlags(CF | OF, m.or(carry, m.shiftLeft(overflow, m.constant(11), 8)));
    m.end();
  }
}
const rol: Semantics = (m, i) => {
  const to = i.first;
  const a = m.modify(to), count = maskedCount(m, i, 1);
  const result = m.rotateLeft(a, count, i.size);
  m.write(to, result);
  const carry = bitOne(m, result);
  rotateFlags(m, count, carry, m.xor(topBit(m, result, i.size), carry));
};
const ror: Semantics = (m, i) => {
  const to = i.first;
  const a = m.modify(to), count = maskedCount(m, i, 1);
  const result = m.rotateLeft(a, m.sub(m.constant(8 * i.size), m.and(count, m.constant(8 * i.size - 1)), 8), i.size);
  m.write(to, result);
  const top = topBit(m, result, i.size);
  rotateFlags(m, count, top, m.xor(top, bitOne(m, m.shiftRight(result, m.constant(8 * i.size - 2), i.size))));
};
/** The count of a rotation through the carry: modulo 9 and 17 for bytes and words, in the masked five bits. All around, it changes OF only. */
function carryRotateCount(m: Ops, i: Instruction, masked: Temp): Temp {
  let count = masked;
  const period = 8 * i.size + 1;
  if (i.size > 2) return count;
  for (let times = i.size === 1 ? 3 : 1; times > 0; times--) {
    const less = m.sub(count, m.constant(period), 8);
    count = m.select(m.lessUnsigned(count, m.constant(period)), count, less);
  }
  return count;
}
/** RCL rotates (8 * size + 1) bits: the result is the operand's low part up, the carry, and the high part down. */
const rcl: Semantics = (m, i) => {
  const to = i.first, bits = 8 * i.size;
  const a = m.modify(to), masked = maskedCount(m, i, 1), count = carryRotateCount(m, i, masked), carry = m.carry();
  const isNone = m.isZero(count);
  const before = m.select(isNone, m.constant(0), m.sub(count, m.constant(1), 8));
  const up = m.shiftLeft(a, count, i.size);
  const carried = m.shiftLeft(carry, before, i.size);
  // Bits that leave at the top come in again below the carry: shifted down by bits + 1 - count, which may be 64 only for counts of 0 and 1.
  const down = m.shiftRight(m.shiftRight(a, m.constant(1), i.size), m.sub(m.constant(bits - 1), before, 8), i.size);
  const result = m.select(isNone, a, m.or(up, m.or(carried, down)));
  m.write(to, result);
  const out = m.select(isNone, carry, bitOne(m, m.shiftRight(a, m.sub(m.constant(bits - 1), before, 8), i.size)));
  rotateFlags(m, masked, out, m.xor(topBit(m, result, i.size), out));
};
const rcr: Semantics = (m, i) => {
  const to = i.first, bits = 8 * i.size;
  const a = m.modify(to), masked = maskedCount(m, i, 1), count = carryRotateCount(m, i, masked), carry = m.carry();
  const isNone = m.isZero(count);
  const before = m.select(isNone, m.constant(0), m.sub(count, m.constant(1), 8));
  const down = m.shiftRight(a, count, i.size);
  const carried = m.shiftLeft(carry, m.sub(m.constant(bits - 1), before, 8), i.size);
  const up = m.shiftLeft(m.shiftLeft(a, m.constant(1), i.size), m.sub(m.constant(bits - 1), before, 8), i.size);
  const result = m.select(isNone, a, m.or(down, m.or(carried, up)));
  m.write(to, result);
  const out = m.select(isNone, carry, bitOne(m, m.shiftRight(a, before, i.size)));
  rotateFlags(m, masked, out, m.xor(topBit(m, result, i.size), bitOne(m, m.shiftRight(result, m.constant(bits - 2), i.size))));
};

/** OF, undefined but for a count of 1: AMD's go by the result, as if it had been shifted one at a time. */
function doubleOverflow(m: Ops, result: Temp, carry: Temp, size: Size, isLeft: boolean): Temp {
  return m.xor(topBit(m, result, size), isLeft ? carry : bitOne(m, m.shiftRight(result, m.constant(8 * size - 2), size)));
}
/** SHLD and SHRD: bits of the second operand move in. */
const double = (isLeft: boolean): Semantics => (m, i) => {
  if (i.size === 2) { doubleWords(m, i, isLeft); return; }
  const to = i.first, bits = 8 * i.size;
  const a = m.modify(to), b = m.read(i.second), count = maskedCount(m, i, 2);
  const isNone = m.isZero(count);
  // In two steps, because a count of 0 leaves `bits` to go, and shifts reach 63 at most.
  const distance = m.select(isNone, m.constant(bits - 1), m.sub(m.constant(bits), count, 8));
  const kept = isLeft ? m.shiftLeft(a, count, i.size) : m.shiftRight(a, count, i.size);
  const moved = isLeft ? m.shiftRight(b, distance, i.size) : m.shiftLeft(b, distance, i.size);
  const result = m.select(isNone, a, m.or(kept, moved));
  m.write(to, result);
  if (m.when(count)) {
    m.flags(isLeft ? RULE.shl : RULE.shr, i.size, result, a, count);
    const carry = isLeft ? bitOne(m, m.shiftRight(a, distance, i.size)) : 0;
    m.writeFlags(OF, m.shiftLeft(doubleOverflow(m, result, carry, i.size, isLeft), m.constant(11), 8));
    m.end();
  }
};
/** Counts above 16 are undefined: AMD's have the second operand come in twice, and carry nothing out. */
function doubleWords(m: Ops, i: Instruction, isLeft: boolean): void {
  const to = i.first, a = m.modify(to), b = m.read(i.second), count = maskedCount(m, i, 2);
  const twice = m.or(b, m.shiftLeft(b, m.constant(16), 8));
  // Left: a b b, of which the upper word counts after shifting. Right: b b a, of which the lower.
  const whole = isLeft ? m.or(m.shiftLeft(a, m.constant(32), 8), twice) : m.or(a, m.shiftLeft(twice, m.constant(16), 8));
  const result = isLeft ? m.zeroExtend(m.shiftRight(m.shiftLeft(whole, count, 8), m.constant(32), 8), 2) : m.zeroExtend(m.shiftRight(whole, count, 8), 2);
  m.write(to, result);
  if (m.when(count)) {
    const place = isLeft ? m.sub(m.constant(48), count, 8) : m.sub(count, m.constant(1), 8), carry = m.and(m.shiftRight(whole, place, 8), m.lessUnsigned(count, m.constant(17)));
    const overflow = doubleOverflow(m, isLeft ? m.shiftLeft(a, count, 2) : result, carry, 2, isLeft);
    m.flags(RULE.logic, 2, result, result, result);
    m.writeFlags(CF | AF | OF, m.or(m.or(carry, m.constant(AF)), m.shiftLeft(overflow, m.constant(11), 8)));
    m.end();
  }
}

export const shifts = (): Scores => [
  'shl', shift((m, a, n, size) => m.shiftLeft(a, n, size), RULE.shl), 'sal', shift((m, a, n, size) => m.shiftLeft(a, n, size), RULE.shl),
  'shr', shift((m, a, n, size) => m.shiftRight(a, n, size), RULE.shr), 'sar', shift((m, a, n, size) => m.shiftRightSigned(a, n, size), RULE.sar),
  'rol', rol, 'ror', ror, 'rcl', rcl, 'rcr', rcr, 'shld', double(true), 'shrd', double(false),
];
