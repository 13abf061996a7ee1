/** What instructions leave undefined (SDM vol. 2), where the emulator does not do as the processor that answers does: not compared. */
import type { Instruction } from '../../../src/decoder/instruction.ts';

/** Operations, and the flags of theirs that are not compared, as letters of "oszapc". */
const FLAGS: readonly (readonly [operations: RegExp, flags: string])[] = [
  // Intel's compute SF from the product and leave ZF; AMD's leave all four.
  [/^(mul|imul)$/, 'szap'],
];
const BITS: Readonly<Record<string, number>> = { o: 0x800, s: 0x80, z: 0x40, a: 0x10, p: 0x04, c: 0x01 };

/** The bits of RFLAGS that are not compared after an instruction. */
export function flagsIgnored(i: Instruction, _before: Uint8Array): number {
  let bits = 0;
  for (const [operations, flags] of FLAGS) if (operations.test(i.operation)) for (const flag of flags) bits |= BITS[flag]!;
  return bits;
}
/** Reciprocals are right to 12 bits. */
export const isReciprocal = (i: Instruction): boolean => /^v?(rcp|rsqrt)/.test(i.operation);
/** x87 functions whose results may be one unit in the last place away. */
const APPROXIMATE = /^(f2xm1|fyl2x|fyl2xp1|fsin|fcos|fsincos|fptan|fpatan)$/;
export const isApproximate = (i: Instruction): boolean => APPROXIMATE.test(i.operation);
