/** Integer arithmetic and logic (SDM vol. 2: ADD, ADC, SUB, SBB, CMP, INC, DEC, NEG, AND, OR, XOR, TEST, NOT, MUL, IMUL, DIV, IDIV, CBW, CWD). */
import type { Size } from '../../base/types.ts';
import { type Instruction, type Operand, register } from '../../decoder/instruction.ts';
import { AF, CF, type Helper, type HelperContext, OF, PF, RULE, type Semantics, SF, type Temp, VECTOR, ZF, type Ops } from '../ops.ts';
import { helps, type Scores } from './scores.ts';

const ACCUMULATOR = { 1: register('gpr', 0, 1), 2: register('gpr', 0, 2), 4: register('gpr', 0, 4), 8: register('gpr', 0, 8) };
const DATA = { 2: register('gpr', 2, 2), 4: register('gpr', 2, 4), 8: register('gpr', 2, 8) };
const AX = ACCUMULATOR[2];
/** rax and rdx at an operand size. */
export const accumulator = (size: Size): Operand => ACCUMULATOR[size as 1 | 2 | 4 | 8];
export const dataRegister = (size: Size): Operand => DATA[size as 2 | 4 | 8];

const add: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const sum = m.add(a, b, i.size);
  m.write(i.first, sum);
  m.flags(RULE.add, i.size, sum, a, b);
};
const adc: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const sum = m.add(m.add(a, b, i.size), m.carry(), i.size);
  m.write(i.first, sum);
  m.flags(RULE.adc, i.size, sum, a, b);
};
const sub: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const difference = m.sub(a, b, i.size);
  m.write(i.first, difference);
  m.flags(RULE.sub, i.size, difference, a, b);
};
const sbb: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const difference = m.sub(m.sub(a, b, i.size), m.carry(), i.size);
  m.write(i.first, difference);
  m.flags(RULE.sbb, i.size, difference, a, b);
};
const cmp: Semantics = (m, i) => {
  const a = m.read(i.first), b = m.read(i.second);
  m.flags(RULE.sub, i.size, m.sub(a, b, i.size), a, b);
};
const logic = (combine: (m: Ops, a: Temp, b: Temp) => Temp): Semantics => (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const result = combine(m, a, b);
  m.write(i.first, result);
  m.flags(RULE.logic, i.size, result, a, b);
};
const test: Semantics = (m, i) => {
  const a = m.read(i.first), b = m.read(i.second);
  m.flags(RULE.logic, i.size, m.and(a, b), a, b);
};
const not: Semantics = (m, i) => { m.write(i.first, m.not(m.modify(i.first), i.size)); };
const neg: Semantics = (m, i) => {
  const b = m.modify(i.first), zero = m.constant(0);
  const result = m.sub(zero, b, i.size);
  m.write(i.first, result);
  m.flags(RULE.sub, i.size, result, zero, b);
};
const inc: Semantics = (m, i) => {
  const a = m.modify(i.first), kept = m.carry();
  const result = m.add(a, m.constant(1), i.size);
  m.write(i.first, result);
  m.flags(RULE.inc, i.size, result, a, kept);
};
const dec: Semantics = (m, i) => {
  const a = m.modify(i.first), kept = m.carry();
  const result = m.sub(a, m.constant(1), i.size);
  m.write(i.first, result);
  m.flags(RULE.dec, i.size, result, a, kept);
};

/** MUL, and IMUL with one operand: rdx:rax = rax * operand; of bytes, ax = al * operand. */
const wideMultiply = (isSigned: boolean): Semantics => (m, i) => {
  const a = m.read(accumulator(i.size)), b = m.read(i.first);
  const low = m.multiply(a, b, i.size), high = m.multiplyHigh(a, b, i.size, isSigned);
  if (i.size === 1) m.write(AX, m.or(low, m.shiftLeft(high, m.constant(8), 2)));
  else { m.write(accumulator(i.size), low); m.write(dataRegister(i.size), high); }
  m.flags(isSigned ? RULE.mulSigned : RULE.mulUnsigned, i.size, low, a, b);
};
const multiplySigned = wideMultiply(true);
const imul: Semantics = (m, i) => {
  if (i.operands.length === 1) { multiplySigned(m, i); return; }
  const a = m.read(i.operands[i.operands.length - 2]), b = m.read(i.operands[i.operands.length - 1]);
  const low = m.multiply(a, b, i.size);
  m.write(i.first, low);
  m.flags(RULE.mulSigned, i.size, low, a, b);
};

/** DIV and IDIV: rdx:rax (of bytes, ax) by the operand. Flags are undefined; AMD's leave CF and OF, set AF and clear the others. */
const divide = (isSigned: boolean): Semantics => (m, i) => {
  const { size } = i, divisor = m.read(i.first);
  const whole = size === 1 ? m.read(AX) : m.read(accumulator(size));
  const high = size === 1 ? m.shiftRight(whole, m.constant(8), 2) : m.read(dataRegister(size));
  const low = size === 1 ? m.zeroExtend(whole, 1) : whole;
  const quotient = m.divide(high, low, divisor, size, isSigned);
  const rest = m.sub(low, m.multiply(quotient, divisor, size), size);
  if (size === 1) m.write(AX, m.or(quotient, m.shiftLeft(rest, m.constant(8), 2)));
  else {
    m.write(accumulator(size), quotient);
    m.write(dataRegister(size), rest);
  }
  m.writeFlags(SF | ZF | AF | PF, m.constant(AF));
};

/** CBW, CWDE, CDQE: the accumulator's lower half, sign-extended. */
const widen: Semantics = (m, i) => {
  const half = (i.size / 2) as Size;
  m.write(accumulator(i.size), m.signExtend(m.read(accumulator(half)), half, i.size));
};
/** CWD, CDQ, CQO: rdx = the accumulator's sign. */
const spread: Semantics = (m, i) => {
  m.write(dataRegister(i.size), m.shiftRightSigned(m.read(accumulator(i.size)), m.constant(8 * i.size - 1), i.size));
};

/** XADD: the sum to the destination, the old destination to the source. */
const xadd: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  const sum = m.add(a, b, i.size);
  if (i.first.kind === 'mem') { m.write(i.first, sum); m.write(i.second, a); }
  else { m.write(i.second, a); m.write(i.first, sum); }
  m.flags(RULE.add, i.size, sum, a, b);
};
const cmpxchg: Semantics = (m, i) => {
  const old = m.modify(i.first), expected = m.read(accumulator(i.size)), value = m.read(i.second);
  const isEqual = m.equal(old, expected);
  // A register that compares unequal is not written at all: its upper half stays. Memory always is.
  if (i.first.kind === 'mem') m.write(i.first, m.select(isEqual, value, old));
  else if (m.when(isEqual)) { m.write(i.first, value); m.end(); }
  if (m.when(m.isZero(isEqual))) { m.write(accumulator(i.size), old); m.end(); }
  m.flags(RULE.sub, i.size, m.sub(expected, old, i.size), expected, old);
};
/** CMPXCHG8B and CMPXCHG16B compare and exchange two registers at once: only ZF changes. */
const cmpxchgPair = (half: 4 | 8): Helper => function cmpxchgPair(context: HelperContext, i: Instruction): void {
  const at = context.address(i.first), { state } = context;
  if (half === 8 && at % 16 !== 0) context.trap(VECTOR.protection);
  const bytes = new Uint8Array(2 * half), view = new DataView(bytes.buffer);
  context.probe(at, 2 * half, true);
  context.load(at, bytes);
  const word = (n: number): number => view.getInt32(4 * n, true);
  const halfWords = half / 4;
  const isEqual = word(0) === state.low(0) && word(halfWords) === state.low(2)
    && (half === 4 || (word(1) === state.high(0) && word(3) === state.high(2)));
  if (isEqual) {
    [3, 1].forEach((register, k) => {
      view.setInt32(half * k, state.low(register), true);
      if (half === 8) view.setInt32(half * k + 4, state.high(register), true);
    });
  }
  context.store(at, bytes);
  if (!isEqual) {
    state.setWords(0, word(0), half === 8 ? word(1) : 0);
    state.setWords(2, word(halfWords), half === 8 ? word(3) : 0);
  }
  context.writeFlags(ZF, isEqual ? ZF : 0);
};
const pair8 = cmpxchgPair(4), pair16 = cmpxchgPair(8);

/** ADCX and ADOX: an addition that touches one flag only. */
const addWith = (flag: number, shift: number): Semantics => (m, i) => {
  const a = m.read(i.first), b = m.read(i.second);
  const carry = m.and(m.shiftRight(m.readFlags(), m.constant(shift), 8), m.constant(1));
  const partial = m.add(a, b, i.size), sum = m.add(partial, carry, i.size);
  const out = m.or(m.lessUnsigned(partial, a), m.lessUnsigned(sum, partial));
  m.write(i.first, sum);
  m.writeFlags(flag, m.shiftLeft(out, m.constant(shift), 8));
};

export const arithmetic = (): Scores => [
  'add', add, 'adc', adc, 'sub', sub, 'sbb', sbb, 'cmp', cmp, 'test', test, 'not', not, 'neg', neg, 'inc', inc, 'dec', dec, 'imul', imul, 'xadd', xadd, 'cmpxchg', cmpxchg,
  'and', logic((m, a, b) => m.and(a, b)), 'or', logic((m, a, b) => m.or(a, b)), 'xor', logic((m, a, b) => m.xor(a, b)),
  'mul', wideMultiply(false),
  'div', divide(false), 'idiv', divide(true),
  'cbw', widen, 'cwde', widen, 'cdqe', widen, 'cwd', spread, 'cdq', spread, 'cqo', spread,
  'cmpxchg8b', helps(pair8), 'cmpxchg16b', helps(pair16),
  'adcx', addWith(CF, 0), 'adox', addWith(OF, 11),
];
