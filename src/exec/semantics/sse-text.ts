/** SSE4.2's string comparisons (SDM vol. 1 §12.10.3). */
import { type Instruction, register } from '../../decoder/instruction.ts';
import * as text from '../primitives/text.ts';
import { ARITHMETIC_FLAGS, type Ops, type Semantics, type Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { isVex, writeLower } from './vex-operands.ts';
import { first, second, third, unalignedVectorOf, whole } from './sse-operands.ts';

const EAX = register('gpr', 0, 4), EDX = register('gpr', 2, 4), RAX = register('gpr', 0, 8), RDX = register('gpr', 2, 8), ECX = register('gpr', 1, 4);
const XMM0 = register('xmm', 0, 16);

/** What the primitive takes beside the strings: their lengths are in registers, or the strings end themselves. */
type Control = (m: Ops, i: Instruction) => Temp;
const implicit: Control = (m, i) => m.read(third(i));
const explicit: Control = (m, i) => m.apply(text.lengths, m.signExtend(m.read(EAX), 4, 8), m.signExtend(m.read(EDX), 4, 8), m.read(third(i)));
const explicit64: Control = (m, i) => m.apply(text.lengths, m.read(RAX), m.read(RDX), m.read(third(i)));

/** Memory needs no alignment. */
function compared(m: Ops, i: Instruction, primitive: Primitive, control: Control): Temp {
  const a = m.read(whole(first(i)));
  const b = unalignedVectorOf(m, second(i));
  return m.apply(primitive, a, b, control(m, i));
}
const toIndex = (primitive: Primitive, control: Control): Semantics => (m, i) => {
  const found = compared(m, i, primitive, control);
  m.write(ECX, m.zeroExtend(found, 4));
  m.writeFlags(ARITHMETIC_FLAGS, m.shiftRight(found, m.constant(32), 8));
};
const toMask = (primitive: Primitive, control: Control): Semantics => (m, i) => {
  const found = compared(m, i, primitive, control);
  const mask = m.apply(text.mask, found, m.read(third(i)));
  if (isVex(i)) writeLower(m, XMM0, mask); else m.write(XMM0, mask);
  m.writeFlags(ARITHMETIC_FLAGS, m.shiftRight(found, m.constant(32), 8));
};
export const sseText = (): Scores => [
  'pcmpistri', toIndex(text.pcmpistri, implicit), 'pcmpistrm', toMask(text.pcmpistrm, implicit),
  'pcmpestri', toIndex(text.pcmpestri, explicit), 'pcmpestrm', toMask(text.pcmpestrm, explicit),
  'pcmpestriq', toIndex(text.pcmpestri, explicit64), 'pcmpestrmq', toMask(text.pcmpestrm, explicit64),
];
