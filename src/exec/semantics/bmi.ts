/** BMI1 and BMI2, with the flags that the manual leaves open as AMD's processors have them (SDM vol. 2: ANDN, BEXTR, BLSI ... SHRX). */
import { register } from '../../decoder/instruction.ts';
import { AF, CF, type Ops, RULE, type Semantics, SF, type Temp } from '../ops.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import * as p from '../primitives/vex.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';

const RDX: Readonly<Record<number, ReturnType<typeof register>>> = { 4: register('gpr', 2, 4), 8: register('gpr', 2, 8) };

function writeLogic(m: Ops, i: Instruction, result: Temp): void {
  m.write(i.operands[0], result);
  m.flags(RULE.logic, i.size, result, result, result);
}
const andn: Semantics = (m, i) => {
  const a = m.read(i.operands[1]), b = m.read(i.operands[2]);
  writeLogic(m, i, m.and(m.not(a, i.size), b));
};
/** The lowest one, or all up to it, or all but it; CF says whether there is none, or for BLSI that there is one. */
const lowest = (compute: (m: Ops, a: Temp, i: Instruction) => Temp, carriesNone: boolean): Semantics => (m, i) => {
  const a = m.read(i.operands[1]), result = compute(m, a, i), isNone = m.isZero(a);
  writeLogic(m, i, result);
  m.writeFlags(CF, carriesNone ? isNone : m.isZero(isNone));
};
const blsi = lowest((m, a, i) => m.and(a, m.sub(m.constant(0), a, i.size)), false);
const blsmsk = lowest((m, a, i) => m.xor(a, m.sub(a, m.constant(1), i.size)), true);
const blsr = lowest((m, a, i) => m.and(a, m.sub(a, m.constant(1), i.size)), true);

/** As many low ones as `count` says, which is below 64. */
function ones(m: Ops, count: Temp): Temp { return m.sub(m.shiftLeft(m.constant(1), count, 8), m.constant(1), 8); }
/** `length` bits from `start` on: two bytes of the last operand. */
const bextr: Semantics = (m, i) => {
  const a = m.read(i.operands[1]), control = m.read(i.operands[2]), bits = m.constant(63);
  const start = m.zeroExtend(control, 1), length = m.zeroExtend(m.shiftRight(control, m.constant(8), i.size), 1);
  const shifted = m.select(m.lessUnsigned(bits, start), m.constant(0), m.shiftRight(a, m.and(start, bits), i.size));
  const result = m.select(m.lessUnsigned(bits, length), shifted, m.and(shifted, ones(m, m.and(length, bits))));
  writeLogic(m, i, result);
  m.writeFlags(AF | SF, m.constant(AF));
};
const bzhi: Semantics = (m, i) => {
  const a = m.read(i.operands[1]), from = m.zeroExtend(m.read(i.operands[2]), 1), isBeyond = m.lessUnsigned(m.constant(8 * i.size - 1), from);
  const result = m.select(isBeyond, a, m.and(a, ones(m, m.and(from, m.constant(63)))));
  writeLogic(m, i, result);
  m.writeFlags(CF, isBeyond);
};
/** If both destinations are one, it gets the high half. */
const mulx: Semantics = (m, i) => {
  const a = m.read(RDX[i.size]!), b = m.read(i.operands[2]), low = m.multiply(a, b, i.size), high = m.multiplyHigh(a, b, i.size, false);
  m.write(i.operands[1], low);
  m.write(i.operands[0], high);
};
const deposit = (primitive: Primitive): Semantics => (m, i) => {
  const a = m.read(i.operands[1]), mask = m.read(i.operands[2]);
  m.write(i.operands[0], m.apply(primitive, a, mask));
};
const rorx: Semantics = (m, i) => {
  const a = m.read(i.operands[1]), count = m.read(i.operands[2]);
  m.write(i.operands[0], m.rotateLeft(a, m.and(m.sub(m.constant(0), count, 4), m.constant(8 * i.size - 1)), i.size));
};
const shift = (name: 'shiftLeft' | 'shiftRight' | 'shiftRightSigned'): Semantics => (m, i) => {
  const a = m.read(i.operands[1]), count = m.and(m.read(i.operands[2]), m.constant(8 * i.size - 1));
  m.write(i.operands[0], m[name](a, count, i.size));
};

export const bmi = (): Scores => [
  'andn', andn, 'bextr', bextr, 'blsi', blsi, 'blsmsk', blsmsk, 'blsr', blsr, 'bzhi', bzhi, 'mulx', mulx, 'pdep', deposit(p.pdep), 'pext', deposit(p.pext), 'rorx', rorx,
  'shlx', shift('shiftLeft'), 'shrx', shift('shiftRight'), 'sarx', shift('shiftRightSigned'),
];
