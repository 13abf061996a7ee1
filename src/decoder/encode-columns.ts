/** What an operand of a row takes and where the encoding keeps it: `xmm/m64`, `r/m16`, `imm8s` as data (notation: README.md). */
import type { Size } from '../base/types.ts';
import type { RegisterFile } from './instruction.ts';

/** Bytes; or 'v' = 2, 4, 8 by prefix; 'y' = 4, 8; 'p' = a far pointer, 2 bytes more; 'any' = whatever was said; 'wide' = 4 or 8 for the same; null = not taken. */
export type Width = number | 'v' | 'y' | 'p' | 'any' | 'wide' | null;

export interface Column {
  /** reg, rm: fields of ModRM. opcode: the low three bits. fixed: implied. */
  readonly place: 'reg' | 'rm' | 'opcode' | 'fixed' | 'immediate' | 'relative' | 'offset';
  readonly file: RegisterFile;
  readonly register: Width;
  readonly memory: Width;
  /** The number of the implied register, or the implied value. */
  readonly fixed: number;
  /** Bytes of an immediate; `z` is 4, or 2 with an operand of 2. `isSigned`: shorter than its operand, which it extends to. */
  readonly immediate: number | 'z' | null;
  readonly isSigned: boolean;
}

const NOTHING: Column = { place: 'fixed', file: 'gpr', register: null, memory: null, fixed: -1, immediate: null, isSigned: false };

const FIXED: Readonly<Record<string, Partial<Column>>> = {
  al: { register: 1, fixed: 0 }, cl: { register: 1, fixed: 1 }, ax: { register: 2, fixed: 0 }, dx: { register: 2, fixed: 2 },
  acc: { register: 'v', fixed: 0 }, fs: { file: 'segment', register: 2, fixed: 4 }, gs: { file: 'segment', register: 2, fixed: 5 },
  st: { file: 'st', register: 'any', fixed: 0 }, xmm0: { file: 'xmm', register: 'any', fixed: 0 },
  1: { immediate: 0, fixed: 1 },
};
const NUMBERS: Readonly<Record<string, Partial<Column>>> = {
  imm: { immediate: 'z' }, imm8: { immediate: 1 }, imm8s: { immediate: 1, isSigned: true }, imm16: { immediate: 2 }, imm64: { immediate: 8 },
};
const REGISTER_FILES: Readonly<Record<string, RegisterFile>> = {
  r: 'gpr', rm: 'gpr', m: 'gpr', xmm: 'xmm', mm: 'mmx', sreg: 'segment', cr: 'control', dr: 'debug', sti: 'st',
};

/** @param hasOpcodeRegister the row's opcode holds a register (`50+r`, `c0+i`) */
export function columnOf(text: string, hasOpcodeRegister: boolean): Column {
  const fixed = FIXED[text];
  if (fixed !== undefined) return { ...NOTHING, ...fixed };
  const number = NUMBERS[text];
  if (number !== undefined) return { ...NOTHING, place: 'immediate', ...number };
  if (text === 'rel') return { ...NOTHING, place: 'relative' };
  if (text === 'moffs8') return { ...NOTHING, place: 'offset', memory: 1 };
  if (text === 'moffs') return { ...NOTHING, place: 'offset', memory: 'v' };
  const [, stem = '', width = '', memory, where] = /^(rm|r|m|xmm|mm|sreg|cr|dr|sti)(\d+|y|p)?(?:\/m(\d+))?(?:\.(\w+))?$/.exec(text) ?? [];
  const file = REGISTER_FILES[stem];
  if (file === undefined) throw new Error(`no such operand in the rows: ${text}`);
  // MOVMSKPS and its like clear the upper half anyway, so a 64-bit name does as well.
  if (text === 'r32') return { ...NOTHING, place: 'reg', register: 'wide' };
  const own: Width = width === '' ? 'v' : width === 'y' || width === 'p' ? width : width === '0' ? 'any' : Number(width) / 8;
  const isModrm = stem === 'rm' || stem === 'm' || memory !== undefined || where === 'rm';
  return {
    ...NOTHING,
    place: isModrm ? 'rm' : hasOpcodeRegister ? 'opcode' : 'reg',
    file,
    register: stem === 'm' ? null : file === 'gpr' ? own : 'any',
    memory: memory !== undefined ? Number(memory) / 8 : stem === 'rm' || stem === 'm' ? own === 64 ? 'any' : own : null,
  };
}

/** A row as the encoder sees it. */
export interface Shape {
  readonly names: readonly string[];
  /** 0x66, 0xf2 or 0xf3 as part of the opcode, or 0. */
  readonly prefix: number;
  readonly needsRexW: boolean;
  readonly isAddress32: boolean;
  readonly opcode: readonly number[];
  /** The condition is in the opcode: 70+cc. */
  readonly isCondition: boolean;
  readonly hasModrm: boolean;
  /** What ModRM.reg is where it is part of the opcode, otherwise -1. */
  readonly digit: number;
  /** Bytes of a distance to branch over, or 0. */
  readonly distanceBytes: number;
  readonly columns: readonly Column[];
  readonly isDefault64: boolean;
  readonly isLockable: boolean;
  /** Operand sizes, the default first; [0]: the operands fix everything. */
  readonly sizes: readonly Size[];
}

import { integerRows } from './table/integer.ts';
import { systemRows } from './table/system.ts';
import { mmxRows } from './table/mmx.ts';
import { sseRows } from './table/sse.ts';
import { x87Rows } from './table/x87.ts';
function parse(line: string): Shape | null {
  const [name = '', op = '', operands = '-', attributes = ''] = line.trim().split(/\s{2,}/);
  if (name === '' || name.startsWith('#')) return null;
  const toks = op.split(' ');
  let prefix = 0, needsRexW = false, isAddress32 = false, isCondition = false, digit = -1, hasModrm = false, hasR = false;
  const opcode: number[] = []; let distanceBytes = 0;
  toks.forEach((t, n) => {
    if (t === 'np' || t === 'nfx' || t === 'b0' && n === 1 && toks[2] === '90') return;
    if (t === 'rex.w') { needsRexW = true; return; }
    if (t === 'a32') { isAddress32 = true; return; }
    if (t === '/r') { hasModrm = true; return; }
    if (/^\/\d$/.test(t)) { hasModrm = true; digit = Number(t[1]); return; }
    if (t === 'cb' && n > 0) { distanceBytes = 1; return; }
    if (t === 'cz') { distanceBytes = 4; return; }
    if (/^i[bwzq]$/.test(t)) return;
    const m = /^([0-9a-f]{2})(\+(r|i|cc))?$/.exec(t);
    if (m === null) throw new Error(line);
    if (opcode.length === 0 && prefix === 0 && ['66', 'f2', 'f3'].includes(t) && /^([0-9a-f]{2}|rex.w|b0)/.test(toks[n + 1] ?? '')) { prefix = parseInt(t, 16); return; }
    opcode.push(parseInt(m[1]!, 16));
    if (m[3] === 'cc') isCondition = true; else if (m[3] !== undefined) hasR = true;
  });
  const columns = operands === '-' ? [] : operands.split(' ').map(t => columnOf(t, hasR));
  if (columns[0]?.file === 'segment' && columns[0].place === 'reg' && columns[1] !== undefined) columns[1] = { ...columns[1], register: 'any' };
  const names = name.split('|');
  const isDefault64 = /\bd64\b/.test(attributes), max32 = /max32/.test(attributes), fixedSize = /size=(\d+)/.exec(attributes);
  const isOpen = names.length > 1 || columns.some(c => c.register === 'v' || c.memory === 'v' || c.memory === 'p' || c.immediate === 'z') || /^(movs|cmps|stos|lods|scas|ins|outs)$/.test(name) && fixedSize === null;
  const isY = columns.some(c => c.register === 'y' || c.memory === 'y');
  const sizes: Size[] = isOpen ? (isDefault64 ? [8, 2] : max32 ? [4, 2] : op === 'b8+r iz' ? [4, 2] : [4, 8, 2]) : isY ? [4, 8] : [0];
  return { names, prefix, needsRexW, isAddress32, opcode, isCondition, hasModrm, digit, distanceBytes, columns, isDefault64, isLockable: /\block\b/.test(attributes), sizes };
}
export const SHAPES: readonly Shape[] = [integerRows, systemRows, x87Rows, mmxRows, sseRows].flatMap(t => t.split('\n')).map(parse).filter(s => s !== null);
