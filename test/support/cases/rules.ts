/** What a random case has to know of instructions beyond their operands, as data: registers they imply, and how much memory they take (SDM vol. 2). */
import type { Instruction, Operand } from '../../../src/decoder/instruction.ts';

/** Registers that address memory without being named. */
export const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  xlat: ['rbx'], movs: ['rsi', 'rdi'], cmps: ['rsi', 'rdi'], stos: ['rdi'], scas: ['rdi'], lods: ['rsi'],
  push: ['rsp'], pop: ['rsp'], pushf: ['rsp'], popf: ['rsp'], call: ['rsp'], ret: ['rsp'], enter: ['rsp', 'rbp'], leave: ['rbp'],
  maskmovdqu: ['rdi'], vmaskmovdqu: ['rdi'], maskmovq: ['rdi'],
};
export const STRINGS = /^(movs|cmps|stos|scas|lods)$/;
/** BT and its kin with a register: an offset into memory, counted in bits. */
export const BIT_OFFSET = /^bt[src]?$/;
/** How many elements a repeated string instruction has at most. */
export const COUNT_MAX = 12;

const WINDOW_BYTES: Readonly<Record<string, number>> = { xlat: 320, enter: 1024, fxsave: 640, fxsave64: 640, fxrstor: 640, fxrstor64: 640 };
/** Bytes of operands whose size the row does not say. */
export const IMAGE_BYTES: Readonly<Record<string, number>> = { fnsave: 108, frstor: 108, fnstenv: 28, fldenv: 28 };
/** Memory that operands lie in: what is behind it is not compared. */
export function windowBytesOf(i: { readonly operation: string; readonly operands: readonly Operand[] }): number {
  return WINDOW_BYTES[i.operation] ?? (STRINGS.test(i.operation) ? 256 : 128);
}
/** What an instruction reads or writes though its operands do not say so, for those who read about a case. */
export function registersOf(i: Instruction): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const o of i.operands) {
    if (o.kind === 'reg' && o.file === 'gpr') numbers.add(o.index);
    if (o.kind === 'reg' && o.file === 'high8') numbers.add(o.index);
    if (o.kind === 'mem') for (const n of [o.base, o.index]) if (n < 16) numbers.add(n);
  }
  for (const name of [...IMPLIED[i.operation] ?? [], ...ALSO[i.operation] ?? (i.operands.length === 0 ? ['rax', 'rcx', 'rdx'] : [])]) numbers.add(NUMBERS[name]!);
  if (i.rep !== null) numbers.add(1);
  return numbers;
}
export const NUMBERS: Readonly<Record<string, number>> = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 };
const ALSO: Readonly<Record<string, readonly string[]>> = {
  mul: ['rax', 'rdx'], imul: ['rax', 'rdx'], div: ['rax', 'rdx'], idiv: ['rax', 'rdx'], cmpxchg: ['rax'], mulx: ['rdx'],
  cmpxchg8b: ['rax', 'rdx', 'rbx', 'rcx'], cmpxchg16b: ['rax', 'rdx', 'rbx', 'rcx'],
};
