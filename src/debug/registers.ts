/** The registers a debugger sees, one a row (GDB manual, "Standard Target Features", i386; SDM vol. 1 §3.4, §8.1, §10.2), read and written as bytes. */
import { LinearMemory, PHYSICAL_BYTES_STEP, SELECTOR, SLOT, STATE, VECTOR_BYTES } from '../base/layout.ts';
import { CpuState } from '../exec/state.ts';
import { MXCSR_MASK } from '../exec/mxcsr.ts';
import { restoreEnvironment, saveEnvironment } from '../exec/x87/fxsave.ts';
import { topOf } from '../exec/x87/stack.ts';

/** General registers by their encoding. */
export const GENERAL: readonly string[] = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
export type RegisterGroup = 'general' | 'x87' | 'vector' | 'system';
export type Feature = 'core' | 'sse' | 'linux' | 'segments' | 'avx';
export interface Register {
  readonly name: string;
  readonly bytes: number;
  /** Which of gdb's features has it, and the type it has there. */
  readonly feature: Feature;
  readonly type: string;
  readonly group: RegisterGroup;
  readonly read: (s: CpuState, into: Uint8Array) => void;
  readonly write: (s: CpuState, from: Uint8Array) => void;
}

type Row = Omit<Register, 'name'>;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
/** Bytes of the state block. */
function place(feature: Register['feature'], type: string, group: RegisterGroup, bytes: number, at: (s: CpuState) => number): Row {
  return {
    feature, type, group, bytes,
    read: (s, into) => { const from = at(s); into.set(s.u8.subarray(from, from + bytes)); },
    write: (s, from) => { s.u8.set(from, at(s)); },
  };
}
function word(feature: Register['feature'], type: string, group: RegisterGroup, get: (s: CpuState) => number, set: (s: CpuState, value: number) => void): Row {
  return {
    feature, type, group, bytes: 4,
    read: (s, into) => { viewOf(into).setUint32(0, get(s) >>> 0, true); },
    write: (s, from) => { set(s, viewOf(from).getUint32(0, true)); },
  };
}
const slot = (number: number, type: string): Row => place('core', type, 'general', 8, () => 8 * number);
const ENVIRONMENT_BYTES = 28;
/** Part of the x87's environment as FNSTENV stores it: 16 bits of it, or 32. */
function environment(at: number, bits: 16 | 32): Row {
  const image = new Uint8Array(ENVIRONMENT_BYTES), view = viewOf(image);
  return word('core', 'int', 'x87', s => {
    saveEnvironment(s, image, 4);
    return bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
  }, (s, value) => {
    saveEnvironment(s, image, 4);
    if (bits === 16) view.setUint16(at, value & 0xffff, true); else view.setUint32(at, value, true);
    restoreEnvironment(s, image, 4);
  });
}
/** In STATE.selectors: es, cs, ss, ds, fs, gs. */
function selector(index: number): Row {
  const at = STATE.selectors + 2 * index;
  return word('core', 'int32', 'system', s => s.view.getUint16(at, true), (s, value) => { s.view.setUint16(at, value & 0xffff, true); });
}
const fixed = (value: number): Row => word('core', 'int32', 'system', () => value, () => { /* It is always that. */ });
/** Bits of RFLAGS that POPF may change in user mode, and what is always set (SDM vol. 1 §3.4.3). */
const FLAGS_MASK = 0x0024_4dd5, FLAGS_ALWAYS = 0x202;

/** In gdb's order for amd64: their numbers are its numbers. */
const ROWS: readonly (readonly [names: string, row: (k: number) => Row])[] = [
  ['rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15', k => slot([0, 3, 1, 2, 6, 7, 5, 4][k] ?? k, k === 6 || k === 7 ? 'data_ptr' : 'int64')],
  ['rip', () => slot(SLOT.rip, 'code_ptr')],
  ['eflags', () => word('core', 'i386_eflags', 'general', s => s.flags, (s, value) => { s.flags = (value & FLAGS_MASK) | FLAGS_ALWAYS; })],
  ['cs ss', k => fixed(k === 0 ? SELECTOR.code : SELECTOR.stack)],
  ['ds es fs gs', k => selector([3, 0, 4, 5][k]!)],
  ['st0 st1 st2 st3 st4 st5 st6 st7', k => place('core', 'i387_ext', 'x87', 10, s => STATE.fpu + 16 * ((topOf(s) + k) & 7))],
  ['fctrl fstat ftag fiseg fioff foseg fooff fop', k => environment([0, 4, 8, 16, 12, 24, 20, 18][k]!, k === 4 || k === 6 ? 32 : 16)],
  ['xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15', k => place('sse', 'vec128', 'vector', 16, () => STATE.vector + VECTOR_BYTES * k)],
  ['mxcsr', () => word('sse', 'i386_mxcsr', 'vector', s => s.mxcsr, (s, value) => { s.mxcsr = value & MXCSR_MASK; })],
  // The number of the call that would be made again: the kernel does that itself.
  ['orig_rax', () => ({ feature: 'linux', type: 'int', group: 'system', bytes: 8, read: (_, into) => { into.fill(0xff); }, write: () => { /* It is always -1. */ } })],
  ['fs_base gs_base', k => place('segments', 'int', 'system', 8, () => 8 * (k === 0 ? SLOT.fs : SLOT.gs))],
  ['ymm0h ymm1h ymm2h ymm3h ymm4h ymm5h ymm6h ymm7h ymm8h ymm9h ymm10h ymm11h ymm12h ymm13h ymm14h ymm15h', k => place('avx', 'uint128', 'vector', 16, () => STATE.vector + VECTOR_BYTES * k + 16)],
];

export class Registers {
  readonly all: readonly Register[] = ROWS.flatMap(([names, row]) => names.split(' ').map((name, k): Register => ({ name, ...row(k) })));
  private readonly byName = new Map(this.all.map(register => [register.name, register]));
  private scratch: CpuState | null = null;

  find(name: string): Register | null { return this.byName.get(name) ?? null; }
  /** A processor that has a context loaded, for registers of tasks that do not run. */
  stateOf(context: Uint8Array): CpuState {
    this.scratch ??= new CpuState(new LinearMemory(PHYSICAL_BYTES_STEP));
    this.scratch.loadContext(context);
    return this.scratch;
  }
}
/** A little-endian number. */
export function numberOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let k = bytes.length - 1; k >= 0; k--) value = value << 8n | BigInt(bytes[k]!);
  return value;
}
export function bytesOfNumber(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let k = 0, rest = value; k < length; k++, rest >>= 8n) bytes[k] = Number(rest & 0xffn);
  return bytes;
}
/** RFLAGS by the names of the bits that are set. */
const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0, 'CF'], [2, 'PF'], [4, 'AF'], [6, 'ZF'], [7, 'SF'], [8, 'TF'], [9, 'IF'], [10, 'DF'], [11, 'OF'], [18, 'AC'], [21, 'ID'],
];
export function flagNames(flags: number): string { return FLAG_NAMES.filter(([bit]) => (flags >>> bit & 1) !== 0).map(([, name]) => name).join(' '); }
