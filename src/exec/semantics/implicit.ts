/**
 * Instructions that name no operands, as numbers: those found in every program that starts are performed without being decoded. SYSCALL, CPUID and XGETBV
 * (SDM vol. 2), which stand alone in their blocks, and string instructions.
 */
import type { Size } from '../../base/types.ts';
import { Instruction, NONE, register } from '../../decoder/instruction.ts';
import { type Helper, type Semantics, VECTOR } from '../ops.ts';
import { inUse, XCR0 } from '../x87/xsave.ts';
import { helps, scoreIn, type Scores } from './scores.ts';
import { strings } from './strings.ts';

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
/** What stands alone. */
export const ALONE: Scores = ['syscall', syscall, 'cpuid', helps(cpuid), 'xgetbv', helps(xgetbv)];

/** By their places in numbers. */
const NAMES: readonly string[] = ['syscall', 'cpuid', 'xgetbv', 'movs', 'stos', 'lods', 'cmps', 'scas'], REPEATS = [null, 'rep', 'repne'] as const;
/** A number is odd, so that it is no offset of a register: above that the name, the size, REP, and whether addresses have 4 bytes. */
const NAME_AT = 1, SIZE_AT = 5, REPEAT_AT = 7, SHORT_AT = 9, NAME_MASK = 15, SIZE_MASK = 3, REPEAT_MASK = 3;

/** 0: it has none. */
export function implicitNumber({ operation, operands: { length }, segment, kind: { size, rep, addressSize } }: Instruction): number {
  const name = length === 0 && segment === NONE ? NAMES.indexOf(operation) : -1;
  if (name < 0) return 0;
  const log = Math.log2(size);
  return log > SIZE_MASK ? 0 : 1 | name << NAME_AT | log << SIZE_AT | REPEATS.indexOf(rep) << REPEAT_AT | (addressSize === 4 ? 1 << SHORT_AT : 0);
}
export interface Implicit { readonly instruction: Instruction; readonly semantics: Semantics }
const known = new Map<number, Implicit>(), LENGTHS = 16;
/** What performs needs of it: it has no row. @param length its bytes */
export function implicitOf(number: number, length: number): Implicit {
  const key = number * LENGTHS + length, before = known.get(key);
  if (before !== undefined) return before;
  const operation = NAMES[number >> NAME_AT & NAME_MASK]!, size = 1 << (number >> SIZE_AT & SIZE_MASK) as Size, rep = REPEATS[number >> REPEAT_AT & REPEAT_MASK]!;
  const kind = { mnemonic: operation, operation, size, condition: 0, lock: false, rep, flow: 'next', prefixes: 0, addressSize: (number >> SHORT_AT & 1) !== 0 ? 4 : 8, segment: NONE, row: 0, number: 0 } as const;
  const implicit: Implicit = { instruction: new Instruction(kind, length, [], 0), semantics: (scoreIn(ALONE, operation) ?? scoreIn(strings(), operation))! };
  known.set(key, implicit);
  return implicit;
}
