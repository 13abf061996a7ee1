/** Bits and flags (SDM vol. 2: BT, BTS, BTR, BTC, BSF, BSR, LZCNT, TZCNT, POPCNT, CRC32, CLC … STD, LAHF, SAHF, PUSHF, POPF). */
import type { Size } from '../../base/types.ts';
import { type Instruction, type Operand, register } from '../../decoder/instruction.ts';
import { CRC32 } from '../primitives/crc.ts';
import { AF, ARITHMETIC_FLAGS, CF, DF, OF, type Ops, PF, SF, type Semantics, type Temp, TF, ZF } from '../ops.ts';
import { RSP } from '../state.ts';
import { push } from './moves.ts';
import type { Scores } from './scores.ts';

const AH = register('high8', 0, 1), STACK_POINTER = register('gpr', RSP, 8);
/** What POPF in user mode may change: not IF, IOPL, VIF, VIP (SDM vol. 2, POPF, table 4-21). */
const POPF_MASK = ARITHMETIC_FLAGS | TF | DF | 0x4000 | 0x40000 | 0x200000;

/** What becomes of the bit. `mask` has it set. */
type Change = ((m: Ops, a: Temp, mask: Temp) => Temp) | null;

/** BT and its kin: a register offset reaches beyond a memory operand, an immediate one wraps within it. */
const bitTest = (change: Change): Semantics => (m, i) => {
  const to = i.first, offset = i.second;
  const index = m.signExtend(m.read(offset), offset.size, 8);
  const within = m.and(index, m.constant(8 * i.size - 1));
  const isFar = to.kind === 'mem' && offset.kind === 'reg';
  const at = isFar ? farAddress(m, to, index, i) : 0;
  if (isFar && change !== null) m.probe(at, i.size);
  const a = isFar ? m.load(at, i.size) : change === null ? m.read(to) : m.modify(to);
  const bit = m.and(m.shiftRight(a, within, i.size), m.constant(1));
  if (change !== null) {
    const result = change(m, a, m.shiftLeft(m.constant(1), within, i.size));
    if (isFar) m.store(at, result, i.size);
    else m.write(to, result);
  }
  m.writeFlags(CF, bit);
};
function farAddress(m: Ops, to: Operand, index: Temp, i: Instruction): Temp {
  const bytes = m.shiftRightSigned(index, m.constant(3), 8);
  const words = m.and(bytes, m.constant(-i.size));
  if (to.addressSize === 8) return m.add(m.address(to), words, 8);
  // The sum is cut to 32 bits, too, before the segment's base is added.
  const effective = m.effective(to);
  return m.add(m.zeroExtend(m.add(effective, words, 8), 4), m.sub(m.address(to), effective, 8), 8);
}
/** BSF and BSR: of zero, ZF is set and the destination keeps its value, as the processors do and AMD documents. */
const scan = (isForward: boolean): Semantics => (m, i) => {
  const a = m.read(i.second), isNone = m.isZero(a);
  const found = isForward ? m.lowestBit(a) : m.highestBit(a);
  if (m.when(m.isZero(isNone))) { m.write(i.first, found); m.end(); }
  m.writeFlags(ZF, m.shiftLeft(isNone, m.constant(6), 8));
};
/** LZCNT and TZCNT: of zero, the operand size, and CF. Undefined are OF, which stays, and SF, AF, PF, which are cleared. */
const count = (isTrailing: boolean): Semantics => (m, i) => {
  const bits = 8 * i.size, a = m.read(i.second), isNone = m.isZero(a);
  const found = isTrailing ? m.lowestBit(a) : m.sub(m.constant(bits - 1), m.highestBit(a), i.size);
  const result = m.select(isNone, m.constant(bits), found);
  m.write(i.first, result);
  m.writeFlags(ARITHMETIC_FLAGS & ~OF, m.or(isNone, m.shiftLeft(m.isZero(result), m.constant(6), 8)));
};
const popcnt: Semantics = (m, i) => {
  const a = m.read(i.second), result = m.countOnes(a);
  m.write(i.first, result);
  m.writeFlags(ARITHMETIC_FLAGS, m.shiftLeft(m.isZero(a), m.constant(6), 8));
};

const crc32: Semantics = (m, i) => {
  const source = i.second, target = i.first, value = m.read(source);
  m.write(target, m.zeroExtend(m.apply(CRC32[source.size as 1 | 2 | 4 | 8], m.read(target), value), 4));
};

const setFlag = (mask: number, value: number): Semantics => m => { m.writeFlags(mask, m.constant(value)); };
const cmc: Semantics = m => { m.writeFlags(CF, m.xor(m.carry(), m.constant(1))); };
const LAHF_FLAGS = SF | ZF | AF | PF | CF;
const lahf: Semantics = m => { m.write(AH, m.or(m.and(m.readFlags(), m.constant(LAHF_FLAGS)), m.constant(2))); };
const sahf: Semantics = m => { m.writeFlags(LAHF_FLAGS, m.read(AH)); };
const pushf: Semantics = (m, i) => { push(m, m.and(m.readFlags(), m.constant(~0x30000)), i.size as Size); };
/** Flags before RSP: who writes TF may give up. */
const popf: Semantics = (m, i) => {
  const top = m.read(STACK_POINTER);
  m.writeFlags(i.size === 2 ? POPF_MASK & 0xffff : POPF_MASK, m.load(top, i.size));
  m.write(STACK_POINTER, m.add(top, m.constant(i.size), 8));
};

export const bits = (): Scores => [
  'bt', bitTest(null), 'bts', bitTest((m, a, mask) => m.or(a, mask)), 'btc', bitTest((m, a, mask) => m.xor(a, mask)),
  'btr', bitTest((m, a, mask) => m.and(a, m.not(mask, 8))),
  'bsf', scan(true), 'bsr', scan(false), 'tzcnt', count(true), 'lzcnt', count(false), 'popcnt', popcnt,
  'crc32', crc32,
  'clc', setFlag(CF, 0), 'stc', setFlag(CF, CF), 'cld', setFlag(DF, 0), 'std', setFlag(DF, DF), 'cmc', cmc,
  'lahf', lahf, 'sahf', sahf, 'pushf', pushf, 'popf', popf, 'pushfq', pushf, 'popfq', popf,
];
