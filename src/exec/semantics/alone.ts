/** What stands alone in its block, has no operands, and is found in every program that starts: SYSCALL, CPUID, XGETBV (SDM vol. 2). */
import { register } from '../../decoder/instruction.ts';
import { type Helper, type Semantics, VECTOR } from '../ops.ts';
import { inUse, XCR0 } from '../x87/xsave.ts';
import { helps, type Scores } from './scores.ts';

const RAX = 0, RCX = 1, RDX = 2, RBX = 3;
const COUNTER = register('gpr', RCX, 8), FLAGS = register('gpr', 11, 8);

/** SYSCALL: rcx = next RIP, r11 = RFLAGS; the rest is the kernel's. */
const syscall: Semantics = m => {
  m.write(COUNTER, m.next());
  m.write(FLAGS, m.readFlags());
  m.syscall();
};
const cpuid: Helper = function cpuid({ state, model }) {
  const row = model.answer(state.low(RAX), state.low(RCX));
  state.setWords(RAX, row.eax, 0); state.setWords(RBX, row.ebx, 0); state.setWords(RCX, row.ecx, 0); state.setWords(RDX, row.edx, 0);
};
/** XCR0; and XINUSE, where the processor tells. */
const xgetbv: Helper = function xgetbv(context) {
  const { state, model } = context, index = state.low(RCX);
  if (!model.hasXsave) context.trap(VECTOR.undefined);
  if (index !== 0 && !(index === 1 && model.has('xgetbv1'))) context.trap(VECTOR.protection);
  state.setWords(RAX, index === 0 ? XCR0 : inUse(state), 0); state.setWords(RDX, 0, 0);
};
export const ALONE: Scores = ['syscall', syscall, 'cpuid', helps(cpuid), 'xgetbv', helps(xgetbv)];
