/** What the parts of the formatter share: an instruction, how it was encoded, and questions about it. */
import type { Va } from '../base/types.ts';
import type { Spelling } from './format-spelling.ts';
import { PREFIX } from './instruction.ts';
import type { Instruction, Operand } from './instruction.ts';

export type Syntax = 'intel' | 'att';
/** `name` or `name+0x10`: how an address is called, where it has a name. */
export type Symbols = (address: Va) => string | null;

export interface Context {
  readonly i: Instruction;
  readonly syntax: Syntax;
  /** null: the bytes are not known. */
  readonly spelling: Spelling | null;
  /** The address of the next instruction. */
  readonly next: Va;
  readonly symbol: Symbols | undefined;
}

/** call and jmp through a far pointer. */
export function isFar(i: Instruction): boolean {
  return i.operation === 'lcall' || i.operation === 'ljmp';
}

/** MOV with an address instead of ModRM. */
export function isOffset(c: Context): boolean {
  return c.i.mnemonic === 'movabs' && c.i.operands.some(operand => operand.kind === 'mem');
}

/** The last operand's value, or -1. */
export function immediateOf(i: Instruction): number {
  const last = i.operands[i.operands.length - 1];
  return last?.kind === 'imm' ? last.lo & 0xff : -1;
}

/** Prefix bytes as the decoder knows them: each once, in one order. */
export function canonicalPrefixes(i: Instruction): number[] {
  const bits = i.prefixes;
  const present: [number, number][] = [[PREFIX.lock, 0xf0], [PREFIX.repne, 0xf2], [PREFIX.rep, 0xf3], [PREFIX.operandSize, 0x66],
    [PREFIX.cs, 0x2e], [PREFIX.ss, 0x36], [PREFIX.ds, 0x3e], [PREFIX.es, 0x26], [PREFIX.fs, 0x64], [PREFIX.gs, 0x65],
    [PREFIX.addressSize, 0x67]];
  return present.filter(([bit]) => (bits & bit) !== 0).map(([, byte]) => byte);
}

/** A branch with a distance of one byte goes by its own rules: the prefix has no say in its text. */
export function isShortBranch(c: Context): boolean {
  if (c.i.operands[0]?.kind !== 'rel' || c.spelling === null) return false;
  return c.spelling.opcode !== 0x0f && c.spelling.opcode !== 0xe8 && c.spelling.opcode !== 0xe9;
}

export function isLoop(i: Instruction): boolean { return i.flow === 'branch' && i.mnemonic.startsWith('loop'); }

export function isVector(i: Instruction): boolean {
  return i.operands.some(operand => operand.file === 'xmm' || operand.file === 'mmx' || operand.file === 'ymm');
}

export function isPort(i: Instruction, operand: Operand, at: number): boolean {
  return operand.file === 'gpr' && operand.index === 2 && (i.mnemonic === 'in' && at === 1 || i.mnemonic === 'out' && at === 0);
}

/** The arithmetic whose destination is the numbered register. */
const POPPING = /^f(add|mul|subr?|divr?)p$/;

/** Of two x87 registers one is always the top of the stack, and is written without its number. */
export function isStackTop(c: Context, operand: Operand, at: number): boolean {
  const operands = c.i.operands;
  if (operand.index !== 0 || operand.file !== 'st' || operands.length < 2) return false;
  if (operands[1 - at]?.index !== 0) return true;
  const destinationIsTop = c.spelling === null ? !POPPING.test(c.i.mnemonic) : (c.spelling.opcode & 4) === 0 || c.spelling.opcode === 0xdf;
  return destinationIsTop === (at === 0);
}
