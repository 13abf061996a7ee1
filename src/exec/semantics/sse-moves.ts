/** Moves of SSE, SSE2 and SSE3 (SDM vol. 2: MOVAPS ... MOVUPS, LDDQU, MASKMOVDQU). */
import { STATE, VECTOR_BYTES } from '../../base/layout.ts';
import { memory, NONE } from '../../decoder/instruction.ts';
import { duplicateHalf, fromHalves, highHalf, signs32, signs64, signs8 } from '../primitives/bits.ts';
import { movshdup, movsldup } from '../primitives/shuffle.ts';
import type { Helper, Semantics } from '../ops.ts';
import { helps, type Scores } from './scores.ts';
import { first, isMemory, isXmm, lane, laneOf, type LaneSize, second, unalignedVectorOf, unary, vectorOf, whole } from './sse-operands.ts';

const aligned: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  const value = vectorOf(m, source);
  if (isMemory(target)) m.store(m.address(target), value, 16, true);
  else m.write(whole(target), value);
};
const unaligned: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  const value = unalignedVectorOf(m, source);
  if (isMemory(target)) m.store(m.address(target), value, 16);
  else m.write(whole(target), value);
};
/** Between registers the upper lanes stay; from memory they are cleared. */
function scalarMove(size: LaneSize): Semantics {
  return (m, i) => {
    const target = first(i), source = second(i);
    const value = laneOf(m, source, size);
    if (isMemory(target)) m.store(m.address(target), value, size);
    else if (isMemory(source)) m.write(whole(target), m.apply(fromHalves, value, m.constant(0)));
    else m.write(lane(target, size), value);
  };
}
/** MOVD, MOVQ: the size is that of the side that is not an XMM register; to an XMM register the rest is cleared. */
const integerMove: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  const size = isXmm(source) ? (isXmm(target) ? 8 : target.size === 4 ? 4 : 8) : source.size;
  const value = isXmm(source) ? m.read(lane(source, size === 4 ? 4 : 8)) : m.read(source);
  if (isXmm(target)) m.write(whole(target), m.apply(fromHalves, value, m.constant(0)));
  else m.write(target, value);
};
/** MOVLPS, MOVLPD; between registers it is MOVHLPS. */
const lowMove: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  if (isMemory(target)) m.store(m.address(target), m.read(lane(source, 8)), 8);
  else m.write(lane(target, 8), isMemory(source) ? m.load(m.address(source), 8) : m.apply(highHalf, m.read(whole(source))));
};
/** MOVHPS, MOVHPD; between registers it is MOVLHPS. */
const highMove: Semantics = (m, i) => {
  const target = first(i), source = second(i);
  if (isMemory(target)) m.store(m.address(target), m.apply(highHalf, m.read(whole(source))), 8);
  else {
    const low = m.read(lane(target, 8));
    m.write(whole(target), m.apply(fromHalves, low, laneOf(m, source, 8)));
  }
};
const toInteger = (primitive: typeof signs8): Semantics => (m, i) =>
  m.write(first(i), m.apply(primitive, m.read(whole(second(i)))));
const storeInteger: Semantics = (m, i) => m.write(first(i), m.read(second(i)));

const RDI = 7;
/** Stores the bytes of the first operand whose mask byte has its top bit set: each run of them once all runs are known to be writable. */
const maskedStore: Helper = (c, i) => {
  const source = first(i), mask = second(i);
  const at = c.address(memory(16, RDI, NONE, 0, 0, i.segment, i.addressSize));
  const bytes = registerBytes(c.state.u8, source.index), isSelected = registerBytes(c.state.u8, mask.index).map(byte => byte >> 7);
  for (let pass = 0; pass < 2; pass++) {
    for (let start = isSelected.indexOf(1), end = start; start !== -1; start = isSelected.indexOf(1, end)) {
      end = isSelected.indexOf(0, start);
      if (end === -1) end = 16;
      if (pass === 0) c.probe(at + start, end - start, true);
      else c.store(at + start, bytes.subarray(start, end));
    }
  }
};
function registerBytes(state: Uint8Array, register: number): Uint8Array {
  return state.slice(STATE.vector + VECTOR_BYTES * register, STATE.vector + VECTOR_BYTES * register + 16);
}

export const sseMoves = (): Scores => [
  'movaps', aligned, 'movapd', aligned, 'movdqa', aligned,
  'movntps', aligned, 'movntpd', aligned, 'movntdq', aligned, 'movntdqa', aligned,
  'movups', unaligned, 'movupd', unaligned, 'movdqu', unaligned, 'lddqu', unaligned,
  'movss', scalarMove(4), 'movsd', scalarMove(8),
  'movd', integerMove, 'movq', integerMove,
  'movlps', lowMove, 'movlpd', lowMove, 'movhlps', lowMove,
  'movhps', highMove, 'movhpd', highMove, 'movlhps', highMove,
  'movmskps', toInteger(signs32), 'movmskpd', toInteger(signs64), 'pmovmskb', toInteger(signs8),
  'movnti', storeInteger,
  'maskmovdqu', helps(maskedStore),
  'movddup', (m, i) => m.write(whole(first(i)), m.apply(duplicateHalf, laneOf(m, second(i), 8))),
  'movsldup', unary(movsldup), 'movshdup', unary(movshdup),
];
