/** Packed integers in XMM registers: arithmetic, comparison, logic, shifts (SDM vol. 1 §11.4.2). */
import * as p from '../primitives/integer.ts';
import { and, andnot, lowHalf, or, shiftBytesLeft, shiftBytesRight, xor } from '../primitives/bits.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import type { Ops, Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { binary, exchanged, first, isMemory, isXmm, lane, second, third, vectorOf, whole } from './sse-operands.ts';
import { isVex, isWide, writeBoth, writeLower } from './vex-operands.ts';

/** The count is an immediate, or the low 64 bits of a vector; one in memory is read whole. */
function shift(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexShift(m, i, primitive); return; }
    const target = first(i), source = second(i);
    const value = m.read(whole(target));
    const count = isXmm(source) ? m.read(lane(source, 8)) : isMemory(source) ? m.apply(lowHalf, vectorOf(m, source)) : m.read(source);
    m.write(whole(target), m.apply(primitive, value, count));
  };
}

function vexShift(m: Ops, i: Instruction, primitive: Primitive): void {
  const target = first(i), by = third(i), value = m.read(second(i));
  const count = isXmm(by) ? m.read(lane(by, 8)) : isMemory(by) ? m.apply(lowHalf, m.read(by)) : m.read(by), lower = m.apply(primitive, value, count);
  if (isWide(target)) writeBoth(m, target, lower, m.apply(primitive, m.upper(value), count));
  else writeLower(m, target, lower);
}

export const sseInteger = (): Scores => [
  'paddb', binary(p.i8x16add), 'paddw', binary(p.i16x8add), 'paddd', binary(p.i32x4add), 'paddq', binary(p.i64x2add),
  'psubb', binary(p.i8x16sub), 'psubw', binary(p.i16x8sub), 'psubd', binary(p.i32x4sub), 'psubq', binary(p.i64x2sub),
  'paddsb', binary(p.i8x16addSatS), 'paddsw', binary(p.i16x8addSatS), 'paddusb', binary(p.i8x16addSatU), 'paddusw', binary(p.i16x8addSatU),
  'psubsb', binary(p.i8x16subSatS), 'psubsw', binary(p.i16x8subSatS), 'psubusb', binary(p.i8x16subSatU), 'psubusw', binary(p.i16x8subSatU),
  'pcmpeqb', binary(p.i8x16eq), 'pcmpeqw', binary(p.i16x8eq), 'pcmpeqd', binary(p.i32x4eq),
  'pcmpgtb', binary(p.i8x16gtS), 'pcmpgtw', binary(p.i16x8gtS), 'pcmpgtd', binary(p.i32x4gtS),
  'pminub', binary(p.i8x16minU), 'pmaxub', binary(p.i8x16maxU), 'pminsw', binary(p.i16x8minS), 'pmaxsw', binary(p.i16x8maxS),
  'pavgb', binary(p.i8x16avgr), 'pavgw', binary(p.i16x8avgr), 'psadbw', binary(p.psadbw),
  'pmullw', binary(p.i16x8mul), 'pmulhw', binary(p.pmulhw), 'pmulhuw', binary(p.pmulhuw), 'pmuludq', binary(p.pmuludq), 'pmaddwd', binary(p.i32x4dot),
  'packsswb', binary(p.i8x16narrowS), 'packuswb', binary(p.i8x16narrowU), 'packssdw', binary(p.i16x8narrowS),
  'pand', binary(and), 'por', binary(or), 'pxor', binary(xor), 'pandn', exchanged(andnot),
  'psllw', shift(p.psllw), 'pslld', shift(p.pslld), 'psllq', shift(p.psllq),
  'psrlw', shift(p.psrlw), 'psrld', shift(p.psrld), 'psrlq', shift(p.psrlq),
  'psraw', shift(p.psraw), 'psrad', shift(p.psrad),
  'pslldq', shift(shiftBytesLeft), 'psrldq', shift(shiftBytesRight),
];
