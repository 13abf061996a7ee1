/** Random instructions of every row with a VEX prefix, on registers and memory that vex-program.ts knows. */
import { SLOT } from '../../src/base/layout.ts';
import type { Size } from '../../src/base/types.ts';
import { ROWS } from '../../src/decoder/all-rows.ts';
import { decode } from '../../src/decoder/decode.ts';
import { encode, fits, isEncodable, sizesOf } from '../../src/decoder/encode.ts';
import { format } from '../../src/decoder/format.ts';
import { memory, NONE, type Operand, register } from '../../src/decoder/instruction.ts';
import { MAP, type Row } from '../../src/decoder/rows.ts';
import { semanticsNamed } from '../../src/exec/semantics/index.ts';
import { Random } from './random.ts';
import { randomOperands } from './row-operands.ts';
import type { Kind } from './sse-forms.ts';

export interface VexForm { readonly text: string; readonly kind: Kind; readonly body: string; readonly undefinedFlags: number }

/** rax rcx rdx rbx r8 r9: what a state has. rsi points to its memory. */
const GENERALS = [0, 1, 2, 3, 8, 9], RSI = 6;
export const MEMORY_BYTES = 64;

/** Operands from `randomOperands`, moved to where they may be. */
function tamed(operand: Operand, alignment: number, random: Random): Operand {
  if (operand.kind === 'reg' && operand.file === 'gpr') return register('gpr', random.pick(GENERALS), operand.size);
  if (operand.kind !== 'mem') return operand;
  const room = MEMORY_BYTES - operand.size, disp = alignment * random.below(Math.floor(room / alignment) + 1);
  return memory(operand.size, RSI, NONE, 0, disp, NONE, 8);
}
const ALIGNED = /^vmov(aps|apd|dqa|nt)/;
/** Of parts of two numbers a reciprocal is not the same everywhere. */
const INEXACT = /^v(rcp|rsqrt)/;
function alignmentOf(name: string): number { return ALIGNED.test(name) ? 32 : INEXACT.test(name) ? 4 : 1; }
/** What cannot be tried on any state: VLDMXCSR refuses most values, gathers go anywhere, VMASKMOVDQU stores at rdi. */
const SPECIAL = /^(vldmxcsr|vmaskmovdqu|vp?gather)/;

function kindOf(name: string): Kind {
  if (/^v(rcp|rsqrt)/.test(name)) return 'extreme';
  if (/^vps[lr][lra][wdq]$/.test(name)) return 'count';
  if (/^vcvt(dq|si|ph)|^v(and|or|xor|blend|perm|mov|broadcast|unpck|shuf|insert|extract|test)/.test(name)) return 'integer';
  if (/p?s?d$/.test(name) && /(p|s)d$|pd2|sd2/.test(name) || /pd2|sd2/.test(name)) return 'double';
  return /(ps|ss)$|ps2|ss2/.test(name) ? 'single' : 'integer';
}
const hexList = (bytes: readonly number[]): string => `.byte ${bytes.join(', ')}`;
/** PF and AF of BMI are open, and of BEXTR SF. */
const AF = 0x10, PF = 4, SF = 0x80;
function undefinedFlagsOf(name: string): number { return name === 'bextr' ? AF | PF | SF : /^(andn|bls|bzhi)/.test(name) ? AF | PF : 0; }

/** `tries` of each row and vector size. */
export function vexForms(seed: number, tries: number): VexForm[] {
  const rows = ROWS.filter(row => row.map >= MAP.vex && isEncodable(row) && row.operation !== 'ud' && semanticsNamed(row.operation) !== undefined);
  return [...rows.flatMap(row => {
    // A stream of its own for every row: a new one changes no other's forms.
    const random = new Random(seed ^ (row.map << 20 | row.opcode << 12) ^ row.classes * 0x9e37);
    return SPECIAL.test(row.operation) ? [] : sizesOf(row).flatMap(size => Array.from({ length: tries }, () => formOf(row, size, random)));
  }), ...gathers(seed), ...SINGLE];
}
function formOf(row: Row, size: Size, random: Random): VexForm {
  for (;;) {
    const operands = randomOperands(row, size, random).map(operand => tamed(operand, alignmentOf(row.operation), random));
    if (!fits(row, operands, size)) continue;
    const bytes = encode(row, operands, size), i = decode(Uint8Array.from(bytes), 0, bytes.length)!;
    return { text: format(i, SLOT.zero, 'intel'), kind: kindOf(row.operation), body: hexList(bytes), undefinedFlags: undefinedFlagsOf(row.operation) };
  }
}
/** Indexes are made small first. */
function gathers(seed: number): VexForm[] {
  const random = new Random(seed);
  return ['x', 'y'].flatMap(length => ['vpgatherdd', 'vpgatherdq', 'vpgatherqd', 'vpgatherqq', 'vgatherdps', 'vgatherdpd', 'vgatherqps', 'vgatherqpd'].map(name => {
    const isQuad = /gatherq/.test(name), isWideElement = /(dq|qq|pd)$/.test(name), element = isWideElement ? 'qword' : 'dword';
    const indexFile = !isQuad && isWideElement ? 'x' : length, file = isQuad && !isWideElement ? 'x' : length, [a, b, c] = shuffled(random);
    const text = `${name} ${file}mm${a}, ${element} ptr [rsi+${indexFile}mm${b}*4], ${file}mm${c}`;
    return { text, kind: 'integer', body: `${isQuad ? 'vpsrlq' : 'vpsrld'} ymm${b}, ymm${b}, ${isQuad ? 61 : 29}\n${text}`, undefinedFlags: 0 } as const;
  }));
}
function shuffled(random: Random): readonly [number, number, number] {
  const numbers = Array.from({ length: 16 }, (_, n) => n), take = (): number => numbers.splice(random.below(numbers.length), 1)[0]!;
  return [take(), take(), take()];
}
const SINGLE: readonly VexForm[] = [
  { text: 'vmaskmovdqu xmm3, xmm9', kind: 'integer', body: 'mov r10, rdi\nlea rdi, [rsi+5]\nvmaskmovdqu xmm3, xmm9\nmov rdi, r10', undefinedFlags: 0 },
  { text: 'vldmxcsr [rsi]', kind: 'integer', body: 'mov dword ptr [rsi], 0x9fc0\nvldmxcsr dword ptr [rsi]\nvstmxcsr dword ptr [rsi+4]', undefinedFlags: 0 },
];
