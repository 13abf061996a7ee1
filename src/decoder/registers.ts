/** Operands made once: instructions share them. */
import type { Size } from '../base/types.ts';
import { immediate, type Operand, register, type RegisterFile } from './instruction.ts';

const SIZES: Readonly<Record<RegisterFile, readonly number[]>> = {
  gpr: [1, 2, 4, 8], high8: [1], xmm: [1, 2, 4, 8, 16], ymm: [32], mmx: [8], st: [10], segment: [2], control: [8], debug: [8], mask: [8],
};
const COUNTS: Readonly<Record<RegisterFile, number>> = {
  gpr: 16, high8: 4, xmm: 16, ymm: 16, mmx: 8, st: 8, segment: 6, control: 9, debug: 8, mask: 8,
};
/** Files whose numbers have a fourth bit, in REX or VEX; where others are meant that is ignored. */
const IS_EXTENDED: ReadonlySet<RegisterFile> = new Set<RegisterFile>(['gpr', 'xmm', 'ymm', 'control', 'debug']);
/** Control registers that are not there. */
const isMissing = (file: RegisterFile, number: number): boolean => file === 'control' && (number === 1 || number > 4 && number < 8);

/** By number: null where there is none. */
export type Registers = readonly (Operand | null)[];
const NUMBERS = 16, NO_REGISTERS: Registers = new Array<null>(NUMBERS).fill(null);
const made = new Map<string, Registers>();

/** Registers as a field of four bits means them. @param size bytes of them that take part @param hasRex otherwise four of the registers of a byte are others (SDM vol. 2 table 2-2) */
export function registersOf(file: RegisterFile, size: number, hasRex: boolean): Registers {
  if (!SIZES[file].includes(size)) return NO_REGISTERS;
  const isOld = file === 'gpr' && size === 1 && !hasRex, key = `${file} ${size}${isOld ? ' old' : ''}`;
  let known = made.get(key);
  if (known === undefined) made.set(key, known = isOld ? oldBytes() : family(file, size as Size));
  return known;
}
function family(file: RegisterFile, size: Size): Registers {
  const registers = Array.from({ length: COUNTS[file] }, (_, number) => isMissing(file, number) ? null : register(file, number, size));
  return Array.from({ length: NUMBERS }, (_, number) => registers[IS_EXTENDED.has(file) ? number : number & 7] ?? null);
}
/** AH, CH, DH and BH stand where SPL, BPL, SIL and DIL do. */
function oldBytes(): Registers {
  const bytes = registersOf('gpr', 1, true), high = registersOf('high8', 1, true);
  return bytes.map((byte, number) => (number & 4) === 0 ? byte : high[number & 3]!);
}

/**
 * Operands no bits encode, of which text tells others of the same value apart by identity: `shl eax,1` has two encodings,
 * `fsub st,st(0)` and `fsub st(0),st` are different ones.
 */
export const ONE = immediate(1, 1, 0);
export const STACK_TOP = register('st', 0, 10);
