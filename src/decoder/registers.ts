/** Operands made once: instructions share them. */
import type { Size } from '../base/types.ts';
import { immediate, type Operand, register, type RegisterFile } from './instruction.ts';

const SIZES: Readonly<Record<RegisterFile, readonly Size[]>> = {
  gpr: [1, 2, 4, 8], high8: [1], xmm: [1, 2, 4, 8, 16], ymm: [32], mmx: [8], st: [10], segment: [2], control: [8], debug: [8], mask: [8],
};
const COUNTS: Readonly<Record<RegisterFile, number>> = {
  gpr: 16, high8: 4, xmm: 16, ymm: 16, mmx: 8, st: 8, segment: 6, control: 9, debug: 8, mask: 8,
};
/** Control registers that are not there. */
const isMissing = (file: RegisterFile, number: number): boolean => file === 'control' && (number === 1 || number > 4 && number < 8);

/** Indexed by size, then by number. */
function family(file: RegisterFile): readonly (readonly (Operand | null)[])[] {
  const sized: (Operand | null)[][] = [];
  for (const size of SIZES[file]) {
    sized[size] = Array.from({ length: COUNTS[file] }, (_, number) => isMissing(file, number) ? null : register(file, number, size));
  }
  return sized;
}
const FAMILIES: Readonly<Record<RegisterFile, readonly (readonly (Operand | null)[])[]>> = {
  gpr: family('gpr'), high8: family('high8'), xmm: family('xmm'), ymm: family('ymm'), mmx: family('mmx'), st: family('st'),
  segment: family('segment'), control: family('control'), debug: family('debug'), mask: family('mask'),
};

/** null: there is no such register. */
export function registerOf(file: RegisterFile, number: number, size: number): Operand | null {
  return FAMILIES[file][size]?.[number] ?? null;
}

/**
 * Operands no bits encode, of which text tells others of the same value apart by identity: `shl eax,1` has two encodings,
 * `fsub st,st(0)` and `fsub st(0),st` are different ones.
 */
export const ONE = immediate(1, 1, 0);
export const STACK_TOP = register('st', 0, 10);
