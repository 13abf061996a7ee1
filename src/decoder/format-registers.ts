/** What registers are called (SDM vol. 1 §3.4.1), in both directions: number to name for text, name to number for the assembler. */
import type { Size } from '../base/types.ts';
import type { RegisterFile } from './instruction.ts';

const LOW = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const HIGH = ['8', '9', '10', '11', '12', '13', '14', '15'];

const GPR8 = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil', ...HIGH.map(n => `r${n}b`)];
const GPR16 = [...LOW, ...HIGH.map(n => `r${n}w`)];
export const GPR32: readonly string[] = [...LOW.map(n => `e${n}`), ...HIGH.map(n => `r${n}d`)];
export const GPR64: readonly string[] = [...LOW.map(n => `r${n}`), ...HIGH.map(n => `r${n}`)];
const GPR: Partial<Record<Size, readonly string[]>> = { 1: GPR8, 2: GPR16, 4: GPR32, 8: GPR64 };

export const SEGMENTS: readonly string[] = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const HIGH8 = ['ah', 'ch', 'dh', 'bh'];

function numbered(stem: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${stem}${n}`);
}

const FILES: Record<Exclude<RegisterFile, 'gpr'>, readonly string[]> = {
  high8: HIGH8,
  xmm: numbered('xmm', 16),
  ymm: numbered('ymm', 16),
  mmx: numbered('mm', 8),
  st: Array.from({ length: 8 }, (_, n) => `st(${n})`),
  segment: SEGMENTS,
  control: numbered('cr', 16),
  debug: numbered('dr', 16),
  mask: numbered('k', 8),
};

/** Intel's name of a register; registers that do not exist have the name objdump gives them. */
export function registerName(file: RegisterFile, index: number, size: Size): string {
  const names = file === 'gpr' ? GPR[size] ?? GPR64 : FILES[file];
  return names[index] ?? '(bad)';
}

export interface NamedRegister { readonly file: RegisterFile; readonly index: number; readonly size: Size }

const FILE_SIZES: Record<Exclude<RegisterFile, 'gpr'>, Size> = {
  high8: 1, xmm: 16, ymm: 32, mmx: 8, st: 10, segment: 2, control: 8, debug: 8, mask: 8,
};

/** Every register by its name; `st` is st(0). */
export const REGISTERS: ReadonlyMap<string, NamedRegister> = (() => {
  const all = new Map<string, NamedRegister>();
  for (const size of [1, 2, 4, 8] as const) GPR[size]?.forEach((name, index) => all.set(name, { file: 'gpr', index, size }));
  for (const [file, names] of Object.entries(FILES) as [Exclude<RegisterFile, 'gpr'>, readonly string[]][]) {
    names.forEach((name, index) => all.set(name, { file, index, size: FILE_SIZES[file] }));
  }
  all.set('st', { file: 'st', index: 0, size: 10 });
  return all;
})();
