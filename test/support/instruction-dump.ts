/**
 * An Instruction on one line, for vectors: `mnemonic=operation size operands attributes`.
 * Sizes are bytes: `m4[rbx+rcx*4+0x10]`, `xmm3:8`, `i4:-1`, `rel8:+0x10`; a register's name tells its size.
 */
import { SLOT } from '../../src/base/layout.ts';
import { bigOf } from '../../src/base/words.ts';
import { type Instruction, NONE, type Operand } from '../../src/decoder/instruction.ts';

const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const HIGH = ['ah', 'ch', 'dh', 'bh'], SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const FILES: Readonly<Record<string, string>> = { mmx: 'mm', st: 'st', control: 'cr', debug: 'dr', mask: 'k' };

function general(number: number, size: number): string {
  if (number >= 8) return `r${number}${size === 8 ? '' : size === 4 ? 'd' : size === 2 ? 'w' : 'b'}`;
  const name = LEGACY[number]!;
  return size === 8 ? `r${name}` : size === 4 ? `e${name}` : size === 2 ? name : number < 4 ? `${name[0]}l` : `${name}l`;
}
const signed = (value: bigint): string => value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;

function memoryText(o: Operand): string {
  const slot = (number: number): string => number === SLOT.rip ? 'rip' : general(number, o.addressSize);
  const terms = [
    ...o.base === NONE ? [] : [slot(o.base)],
    ...o.index === NONE ? [] : [`${o.file === 'gpr' ? slot(o.index) : `${o.file}${o.index}`}*${1 << o.shift}`],
    ...o.disp === 0 && o.dispHigh === 0 && o.base !== NONE ? [] : [signed(BigInt.asIntN(64, bigOf(o.disp, o.dispHigh)))],
  ].join('+').replace('+-', '-');
  return `m${o.size}[${segmentText(o.segment)}${terms}]`;
}
const segmentText = (segment: number): string => segment === SLOT.fs ? 'fs:' : segment === SLOT.gs ? 'gs:' : '';

function operandText(o: Operand): string {
  switch (o.kind) {
    case 'mem': return memoryText(o);
    case 'imm': return `i${o.size}:${signed(BigInt.asIntN(64, bigOf(o.lo, o.hi)))}`;
    case 'rel': return `rel${o.size}:${signed(BigInt(o.disp))}`;
    default: break;
  }
  if (o.file === 'gpr') return general(o.index, o.size);
  if (o.file === 'high8') return HIGH[o.index]!;
  if (o.file === 'segment') return SEGMENTS[o.index]!;
  if (o.file === 'xmm') return `xmm${o.index}:${o.size}`;
  return `${FILES[o.file] ?? o.file}${o.index}`;
}

/** @param bytes how many there were: a shorter instruction says its length */
export function dump(i: Instruction | null, bytes: number): string {
  if (i === null) return 'more';
  return [
    i.operation === i.mnemonic ? i.mnemonic : `${i.mnemonic}=${i.operation}`, String(i.size), ...i.operands.map(operandText),
    ...i.condition === 0 ? [] : [`cc=${i.condition}`], ...i.lock ? ['lock'] : [], ...i.rep === null ? [] : [i.rep],
    ...i.addressSize === 4 ? ['a32'] : [],
    ...i.segment === NONE || i.operands.some(o => o.kind === 'mem') ? [] : [segmentText(i.segment).slice(0, 2)],
    ...i.flow === 'next' ? [] : [i.flow], ...i.length === bytes ? [] : [`length=${i.length}`],
  ].join(' ');
}
