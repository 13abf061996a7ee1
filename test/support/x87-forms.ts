/** Every x87 form as one line (machine code, operation, operands), and cases of it: state before, state after (SDM vol. 2, appendix B.17). */
import { STATE } from '../../src/base/layout.ts';
import { type Instruction, memory, NONE, type Operand, PREFIX, register } from '../../src/decoder/instruction.ts';
import { instructionOf } from './instruction.ts';
import type { Size } from '../../src/base/types.ts';
import { scoreIn } from '../../src/exec/semantics/scores.ts';
import { x87 } from '../../src/exec/semantics/x87.ts';
import { FakeContext } from './x87-context.ts';

export interface Form {
  readonly code: string;
  readonly operation: string;
  readonly operands: readonly Operand[];
  readonly memoryBytes: number;
  readonly condition: number;
}

const scores = x87();
/** Memory operands are at [rsi], which holds this. */
export const MEMORY_AT = 0x2000;
const st = (index: number): Operand => register('st', index, 10);
function operandOf(text: string): Operand {
  if (text.startsWith('m')) return memory(Number(text.slice(1)) as Size, 6, NONE, 0, 0, NONE, 8);
  return text === 'ax' ? register('gpr', 0, 2) : st(Number(text.slice(2)));
}
const byte = (n: number): string => n.toString(16).padStart(2, '0');
function form(code: string, operation: string, operands = '', condition = 0): Form {
  const list = operands === '' ? [] : operands.split(' ').map(operandOf);
  return { code, operation, operands: list, memoryBytes: list[0]?.kind === 'mem' ? list[0].size : 0, condition };
}
/** `/digit` with [rsi]. */
const atMemory = (opcode: string, digit: number): string => opcode + byte((digit << 3) | 6);

const ARITHMETIC = ['add', 'mul', 'com', 'comp', 'sub', 'subr', 'div', 'divr'];
const arithmetic = ARITHMETIC.flatMap((name, digit) => [
  form(atMemory('d8', digit), `f${name}`, 'm4'), form(atMemory('dc', digit), `f${name}`, 'm8'),
  form(atMemory('da', digit), `fi${name}`, 'm4'), form(atMemory('de', digit), `fi${name}`, 'm2'),
  form(`d8${byte(0xc1 + 8 * digit)}`, `f${name}`, name.startsWith('com') ? 'st1' : 'st0 st1'),
]);
const PAIRS: readonly (readonly [string, number])[] = [
  ['add', 0xc0], ['mul', 0xc8], ['subr', 0xe0], ['sub', 0xe8], ['divr', 0xf0], ['div', 0xf8],
];
const intoOther = PAIRS.flatMap(([name, opcode]) => [
  form(`dc${byte(opcode + 2)}`, `f${name}`, 'st2 st0'), form(`de${byte(opcode + 1)}`, `f${name}p`, 'st1 st0'),
]);
const MOVES = [
  form('d906', 'fld', 'm4'), form('dd06', 'fld', 'm8'), form('db2e', 'fld', 'm10'), form('d9c1', 'fld', 'st1'),
  form('df06', 'fild', 'm2'), form('db06', 'fild', 'm4'), form('df2e', 'fild', 'm8'), form('df26', 'fbld', 'm10'),
  form('d916', 'fst', 'm4'), form('dd16', 'fst', 'm8'), form('ddd2', 'fst', 'st2'),
  form('d91e', 'fstp', 'm4'), form('dd1e', 'fstp', 'm8'), form('db3e', 'fstp', 'm10'), form('ddda', 'fstp', 'st2'),
  form('df16', 'fist', 'm2'), form('db16', 'fist', 'm4'),
  form('df1e', 'fistp', 'm2'), form('db1e', 'fistp', 'm4'), form('df3e', 'fistp', 'm8'),
  form('df0e', 'fisttp', 'm2'), form('db0e', 'fisttp', 'm4'), form('dd0e', 'fisttp', 'm8'), form('df36', 'fbstp', 'm10'),
  form('d9c9', 'fxch', 'st1'),
];
/** By condition: b, e, be, u and their contraries. */
const CONDITIONS: readonly (readonly [string, number])[] = [
  ['dac1', 2], ['dac9', 4], ['dad1', 6], ['dad9', 10], ['dbc1', 3], ['dbc9', 5], ['dbd1', 7], ['dbd9', 11],
];
const CONDITIONAL = CONDITIONS.map(([code, condition]) => form(code, 'fcmovcc', 'st0 st1', condition));
const COMPARISONS = [
  form('ded9', 'fcompp'), form('dde1', 'fucom', 'st1'), form('dde9', 'fucomp', 'st1'), form('dae9', 'fucompp'),
  form('dbf1', 'fcomi', 'st0 st1'), form('dff1', 'fcomip', 'st0 st1'), form('dbe9', 'fucomi', 'st0 st1'), form('dfe9', 'fucomip', 'st0 st1'),
  form('d9e4', 'ftst'), form('d9e5', 'fxam'),
];
const UNARY = [
  form('d9e0', 'fchs'), form('d9e1', 'fabs'), form('d9fa', 'fsqrt'), form('d9fc', 'frndint'), form('d9f4', 'fxtract'),
  form('d9f8', 'fprem'), form('d9f5', 'fprem1'), form('d9fd', 'fscale'),
];
const CONSTANTS = ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz'].map((name, k) => form(`d9${byte(0xe8 + k)}`, name));
const CONTROL = [
  form('d9f7', 'fincstp'), form('d9f6', 'fdecstp'), form('ddc2', 'ffree', 'st2'), form('d9d0', 'fnop'), form('9b', 'fwait'),
  form('d936', 'fnstenv', 'm0'), form('d926', 'fldenv', 'm0'), form('66d936', 'fnstenv', 'm0'), form('66d926', 'fldenv', 'm0'),
  form('dd36', 'fnsave', 'm0'), form('66dd36', 'fnsave', 'm0'), form('dd26', 'frstor', 'm0'), form('66dd26', 'frstor', 'm0'),
  form('d93e', 'fnstcw', 'm2'), form('d92e', 'fldcw', 'm2'), form('dd3e', 'fnstsw', 'm2'), form('dfe0', 'fnstsw', 'ax'),
  form('dbe2', 'fnclex'), form('dbe3', 'fninit'),
];
/** What is exact, or rounded as the manual says: to be equal in every bit. */
export const FORMS: readonly Form[] = [
  ...arithmetic, ...intoOther, ...MOVES, ...CONDITIONAL, ...COMPARISONS, ...UNARY, ...CONSTANTS, ...CONTROL,
];
/** What the processor approximates: to be equal to about a unit in the last place. */
export const TRANSCENDENTALS: readonly Form[] = [
  form('d9f0', 'f2xm1'), form('d9f1', 'fyl2x'), form('d9f9', 'fyl2xp1'), form('d9f2', 'fptan'), form('d9f3', 'fpatan'),
  form('d9fe', 'fsin'), form('d9ff', 'fcos'), form('d9fb', 'fsincos'),
];
const BY_CODE: ReadonlyMap<string, Form> = new Map([...FORMS, ...TRANSCENDENTALS].map(f => [f.code, f]));
export const formOf = (code: string): Form => BY_CODE.get(code)!;

function madeOf({ code, operation, operands, condition }: Form): Instruction {
  const prefixes = code.startsWith('66') ? PREFIX.operandSize : 0;
  return instructionOf(operation, { length: code.length / 2, operands, condition, prefixes, code: parseInt(code.slice(-4), 16) });
}

/** The unit, its memory operand, RFLAGS and AX: ST(0) first, `null` an empty register, otherwise 20 hex digits. */
export interface World {
  readonly control: number;
  readonly status: number;
  readonly stack: readonly (string | null)[];
  /** Hex, in memory order. */
  readonly memory: string;
  readonly flags: number;
  readonly ax: number;
}

export const hexOf = (bytes: Uint8Array): string => [...bytes].map(byte).join('');
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
/** Sign, exponent and significand as one number, and its ten bytes. */
export const registerHex = (bytes: Uint8Array): string => hexOf(bytes.slice(0, 10).reverse());
export const registerBytes = (hex: string): Uint8Array => bytesOf(hex).reverse();

export const FLAGS = 0x8d5;

/** Performs one form on the emulator. */
export function perform(c: FakeContext, code: string, before: World): World {
  const s = c.state, at = bytesOf(before.memory);
  s.reset();
  s.fpuControl = before.control; s.fpuStatus = before.status;
  const slot = (i: number): number => ((s.fpuStatus >> 11) + i) & 7;
  before.stack.forEach((hex, i) => {
    if (hex === null) return;
    s.fpuTags |= 1 << slot(i);
    s.u8.set(registerBytes(hex), STATE.fpu + 16 * slot(i));
  });
  c.bytes.set(at, MEMORY_AT);
  s.setWords(6, MEMORY_AT, 0);
  s.setWords(0, before.ax, 0);
  c.writeFlags(FLAGS, before.flags);
  const f = formOf(code);
  c.run(scoreIn(scores, f.operation)!, madeOf(f));
  const stack = before.stack.map((_, i) => {
    const from = STATE.fpu + 16 * slot(i);
    return (s.fpuTags & (1 << slot(i))) === 0 ? null : registerHex(s.u8.slice(from, from + 10));
  });
  return {
    control: s.fpuControl, status: s.fpuStatus, stack, memory: hexOf(c.bytes.slice(MEMORY_AT, MEMORY_AT + at.length)),
    flags: c.readFlags() & FLAGS, ax: s.low(0) & 0xffff,
  };
}

const C1 = 0x200;
/** Neighbours differ by 1, across powers of two too: without the integer bit. */
function ordinal(hex: string | null): bigint {
  if (hex === null) return -1n;
  return (BigInt(`0x${hex.slice(0, 4)}`) << 63n) + BigInt.asUintN(63, BigInt(`0x${hex.slice(4)}`));
}
/** Equal but for C1 and one unit in the last place of a register. */
export function isClose(a: World, b: World): boolean {
  const isNear = a.stack.every((hex, i) => {
    const distance = ordinal(hex) - ordinal(b.stack[i]!);
    return distance >= -1n && distance <= 1n && (hex === null) === (b.stack[i] === null);
  });
  return isNear && (a.status & ~C1) === (b.status & ~C1) && a.control === b.control;
}

/** `control status st0,st1,... [m=...] [f=...] [a=...]`: registers lose trailing zeros, the list its empty end. */
export function printWorld(w: World): string {
  const stack = w.stack.map(hex => (hex === null ? '-' : hex.replace(/0+$/, '').padEnd(1, '0')));
  while (stack.at(-1) === '-') stack.pop();
  const words = [w.control.toString(16), w.status.toString(16), stack.length === 0 ? '-' : stack.join(',')];
  if (w.memory !== '') words.push(`m=${w.memory}`);
  if (w.flags !== 0) words.push(`f=${w.flags.toString(16)}`);
  if (w.ax !== 0) words.push(`a=${w.ax.toString(16)}`);
  return words.join(' ');
}
export function parseWorld(text: string): World {
  const [control, status, list, ...named] = text.trim().split(' ') as [string, string, string, ...string[]];
  const stack: (string | null)[] = list.split(',').map(word => (word === '-' ? null : word.padEnd(20, '0')));
  while (stack.length < 8) stack.push(null);
  const value = (key: string): string => named.find(word => word.startsWith(key))?.slice(2) ?? '';
  const number = (key: string): number => Number.parseInt(value(key) || '0', 16);
  return {
    control: Number.parseInt(control, 16), status: Number.parseInt(status, 16), stack,
    memory: value('m='), flags: number('f='), ax: number('a='),
  };
}
