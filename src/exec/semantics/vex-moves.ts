/** Moves, broadcasts and permutations with VEX (SDM vol. 2: VMOVAPS ..., VBROADCAST, VINSERTF128, VPERM2F128, VPERMQ, VZEROALL). */
import { STATE } from '../../base/layout.ts';
import { duplicateHalf, fromHalves, highHalf, signs32, signs64, signs8 } from '../primitives/bits.ts';
import { insert16 } from '../primitives/integer.ts';
import { shufpd, unpackLow64 } from '../primitives/shuffle.ts';
import * as p from '../primitives/vex.ts';
import type { Helper, Ops, Semantics, Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import { helps, type Scores } from './scores.ts';
import { first, fourth, isMemory, isXmm, lane, laneOf, type LaneSize, second, third } from './sse-operands.ts';
import { isWide, vexBinary, vexScalar, writeBoth, writeLower } from './vex-operands.ts';

/** Only these moves want memory aligned. */
const move = (aligned: boolean): Semantics => (m, i) => {
  const target = first(i), source = second(i);
  const value = isMemory(source) ? m.load(m.address(source), source.size, aligned) : m.read(source);
  if (!isMemory(target)) {
    if (isWide(target)) writeBoth(m, target, value, m.upper(value)); else writeLower(m, target, value);
  } else if (isWide(target)) m.storeWide(m.address(target), value, m.upper(value), aligned);
  else m.store(m.address(target), value, 16, aligned);
};
/** VMOVSS, VMOVSD: from and to memory the lane alone; between registers the other lanes come from a third. */
const scalarMove = (size: LaneSize): Semantics => (m, i) => {
  const target = first(i), source = second(i);
  if (isMemory(target)) m.store(m.address(target), m.read(lane(source, size)), size);
  else if (isMemory(source)) writeLower(m, target, m.apply(fromHalves, m.load(m.address(source), size), m.constant(0)));
  else vexScalar(m, i, m.read(lane(third(i), size)), size);
};
/** VMOVD, VMOVQ: the size is that of the side that is not an XMM register. */
const integerMove: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  const size = isXmm(source) ? (isXmm(target) ? 8 : target.size === 4 ? 4 : 8) : source.size;
  const value = isXmm(source) ? m.read(lane(source, size === 4 ? 4 : 8)) : m.read(source);
  if (isXmm(target)) writeLower(m, target, m.apply(fromHalves, value, m.constant(0)));
  else m.write(target, value);
};
/** VMOVLPS, VMOVLPD; of two registers it is VMOVHLPS. */
const lowMove: Semantics = (m, i) => {
  const target = first(i);
  if (isMemory(target)) { m.store(m.address(target), m.read(lane(second(i), 8)), 8); return; }
  const source = third(i), value = isMemory(source) ? m.load(m.address(source), 8) : m.apply(highHalf, m.read(source));
  vexScalar(m, i, value, 8);
};
/** VMOVHPS, VMOVHPD; of two registers it is VMOVLHPS. */
const highMove: Semantics = (m, i) => {
  const target = first(i);
  if (isMemory(target)) m.store(m.address(target), m.apply(highHalf, m.read(second(i))), 8);
  else writeLower(m, target, m.apply(fromHalves, m.read(lane(second(i), 8)), laneOf(m, third(i), 8)));
};
/** VMOVDDUP of 128 bits takes 64. */
const duplicate: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  if (!isWide(target)) { writeLower(m, target, m.apply(duplicateHalf, laneOf(m, source, 8))); return; }
  const value = m.read(source), upper = m.upper(value);
  writeBoth(m, target, m.apply(unpackLow64, value, value), m.apply(unpackLow64, upper, upper));
};
/** `bits` of each half. */
const toInteger = (primitive: Primitive, bits: number): Semantics => (m, i) => {
  const value = m.read(second(i)), lower = m.apply(primitive, value);
  m.write(first(i), isWide(second(i)) ? m.or(lower, m.shiftLeft(m.apply(primitive, m.upper(value)), m.constant(bits), 4)) : lower);
};

// — into and out of lanes —

const insert = (primitive: Primitive): Semantics => (m, i) => {
  const value = m.read(third(i));
  writeLower(m, first(i), m.apply(primitive, m.read(second(i)), value, m.read(fourth(i))));
};
/** Every lane is the one given. */
const broadcast = (primitive: Primitive): Semantics => (m, i) => {
  const target = first(i), value = m.apply(primitive, m.read(second(i)));
  if (isWide(target)) writeBoth(m, target, value, value); else writeLower(m, target, value);
};
const broadcastHalf: Semantics = (m, i) => {
  const value = m.read(second(i));
  writeBoth(m, first(i), value, value);
};
const insertHalf: Semantics = (m, i) => {
  const a = m.read(second(i)), half = m.read(third(i)), which = m.read(fourth(i));
  const lower = m.apply(p.choose, half, a, which);
  writeBoth(m, first(i), lower, m.apply(p.choose, m.upper(a), half, which));
};
const extractHalf: Semantics = (m, i) => {
  const target = first(i), a = m.read(second(i)), half = m.apply(p.choose, a, m.upper(a), m.read(third(i)));
  if (isMemory(target)) m.store(m.address(target), half, 16); else writeLower(m, target, half);
};

// — across halves —

/** One of four halves, by two bits; nothing where the fourth is set. */
function chosenHalf(m: Ops, a: Temp, b: Temp, selector: Temp): Temp {
  const inA = m.apply(p.choose, a, m.upper(a), selector), inB = m.apply(p.choose, b, m.upper(b), selector);
  const half = m.apply(p.choose, inA, inB, m.shiftRight(selector, m.constant(1), 4));
  return m.apply(p.clearIf, half, m.shiftRight(selector, m.constant(3), 4));
}
const permuteHalves: Semantics = (m, i) => {
  const a = m.read(second(i)), b = m.read(third(i)), selector = m.read(fourth(i)), lower = chosenHalf(m, a, b, selector);
  writeBoth(m, first(i), lower, chosenHalf(m, a, b, m.shiftRight(selector, m.constant(4), 4)));
};
const permuteQuadwords: Semantics = (m, i) => {
  const a = m.read(second(i)), upper = m.upper(a), selector = m.read(third(i)), lower = m.apply(p.quadwords, a, upper, selector);
  writeBoth(m, first(i), lower, m.apply(p.quadwords, a, upper, m.shiftRight(selector, m.constant(4), 4)));
};
const permuteDoublewords: Semantics = (m, i) => {
  const numbers = m.read(second(i)), a = m.read(third(i)), upper = m.upper(a), lower = m.apply(p.doublewords, numbers, a, upper);
  writeBoth(m, first(i), lower, m.apply(p.doublewords, m.upper(numbers), a, upper));
};
/** Of the immediate's bits each half has its own two. */
const permuteDoubles: Semantics = (m, i) => {
  const target = first(i), control = third(i);
  if (control.kind !== 'imm') { vexBinary(m, i, p.vpermilpd); return; }
  const a = m.read(second(i)), pattern = m.read(control), lower = m.apply(shufpd, a, a, pattern);
  if (!isWide(target)) { writeLower(m, target, lower); return; }
  const upper = m.upper(a);
  writeBoth(m, target, lower, m.apply(shufpd, upper, upper, m.shiftRight(pattern, m.constant(2), 4)));
};

const zeroAll: Helper = function zeroAll(c) { c.state.u8.fill(0, STATE.vector, STATE.fpu); };

export const vexMoves = (): Scores => [
  'vmovaps', move(true), 'vmovapd', move(true), 'vmovdqa', move(true), 'vmovntps', move(true), 'vmovntpd', move(true), 'vmovntdq', move(true), 'vmovntdqa', move(true),
  'vmovups', move(false), 'vmovupd', move(false), 'vmovdqu', move(false), 'vlddqu', move(false),
  'vmovss', scalarMove(4), 'vmovsd', scalarMove(8), 'vmovd', integerMove, 'vmovq', integerMove,
  'vmovlps', lowMove, 'vmovlpd', lowMove, 'vmovhlps', lowMove, 'vmovhps', highMove, 'vmovhpd', highMove, 'vmovlhps', highMove, 'vmovddup', duplicate,
  'vmovmskps', toInteger(signs32, 4), 'vmovmskpd', toInteger(signs64, 2), 'vpmovmskb', toInteger(signs8, 16),
  'vbroadcastss', broadcast(p.splat32), 'vbroadcastsd', broadcast(duplicateHalf), 'vbroadcastf128', broadcastHalf, 'vbroadcasti128', broadcastHalf,
  'vpbroadcastb', broadcast(p.splat8), 'vpbroadcastw', broadcast(p.splat16), 'vpbroadcastd', broadcast(p.splat32), 'vpbroadcastq', broadcast(duplicateHalf),
  'vinsertf128', insertHalf, 'vinserti128', insertHalf, 'vextractf128', extractHalf, 'vextracti128', extractHalf,
  'vperm2f128', permuteHalves, 'vperm2i128', permuteHalves, 'vpermq', permuteQuadwords, 'vpermpd', permuteQuadwords,
  'vpermd', permuteDoublewords, 'vpermps', permuteDoublewords, 'vpermilpd', permuteDoubles,
  'vpinsrw', insert(insert16),
  'vzeroupper', m => { m.clearUppers(); }, 'vzeroall', helps(zeroAll),
];
