/** Two outcomes of a case: where they differ in what is defined, and how that reads. */
import { format } from '../../../src/decoder/format.ts';
import type { Snippet } from './forms.ts';
import { AT, type Extended, headerBytes, SLOT_BYTES, SLOTS, WINDOW } from './layout.ts';
import { registersOf } from './rules.ts';
import { flagsIgnored, isApproximate, isReciprocal } from './undefined.ts';

const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
export interface CompareOptions { readonly extended: Extended; readonly hasMxcsr: boolean }

/** A part of a record: its name, where it is, and whether it is one number (least byte first) or bytes in order. */
interface Part { readonly name: string; readonly at: number; readonly bytes: number; readonly isNumber: boolean }
function partsOf(extended: Extended, windowBytes: number): Part[] {
  const number = (name: string, at: number, bytes: number): Part => ({ name, at, bytes, isNumber: true }), header = headerBytes(extended);
  const x = AT.extended, row = (name: string, at: number, bytes: number, count: number, stride = bytes): Part[] => Array.from({ length: count }, (_, k) => number(`${name}${k}`, at + stride * k, bytes));
  const more: Record<Extended, () => Part[]> = {
    none: () => [], xmm: () => row('xmm', x, 16, 16), ymm: () => row('ymm', x, 32, 16),
    fxsave: () => [number('fcw', x, 2), number('fsw', x + 2, 2), number('ftw', x + 4, 1), number('fop', x + 6, 2), number('fip', x + 8, 8), number('fdp', x + 16, 8), ...row('st', x + 32, 10, 8, 16), ...row('xmm', x + 160, 16, 16)],
  };
  return [
    ...row('', AT.gpr, 8, 16).map((part, k) => ({ ...part, name: REGISTERS[k]! })), number('flags', AT.flags, 8), number('signal', AT.signal, 4), number('code', AT.code, 4),
    number('address', AT.address, 8), number('rip', AT.rip, 8), number('mxcsr', AT.mxcsr, 4), number('taken', AT.taken, 4), ...more[extended](),
    ...Array.from({ length: windowBytes / 16 }, (_, k): Part => ({ name: `[${(WINDOW + 16 * k).toString(16)}]`, at: header + 16 * k, bytes: 16, isNumber: false })),
  ];
}
const shown = (record: Uint8Array, { at, bytes, isNumber }: Part): string => {
  const digits = Array.from(record.subarray(at, at + bytes), byte => byte.toString(16).padStart(2, '0'));
  return isNumber ? digits.reverse().join('').replace(/^0+(?=.)/, '') : digits.join('');
};
const partsBySize = new Map<string, readonly Part[]>();
function partsFor(extended: Extended, windowBytes: number): readonly Part[] {
  const key = `${extended}${windowBytes}`, known = partsBySize.get(key);
  if (known !== undefined) return known;
  const made = partsOf(extended, windowBytes);
  partsBySize.set(key, made);
  return made;
}

/** Both are multiples of 8 long. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  const words = (bytes: Uint8Array): Int32Array => (bytes.byteOffset % 4 === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : new Int32Array(bytes.slice().buffer));
  const x = words(a), y = words(b);
  for (let k = 0; k < x.length; k++) if (x[k] !== y[k]) return false;
  return true;
}
/** Bytes of a record with all that is not compared set to the same. */
export function defined(record: Uint8Array, before: Uint8Array, snippet: Snippet, { extended, hasMxcsr }: CompareOptions): Uint8Array {
  const own = record.slice(), view = new DataView(own.buffer);
  view.setUint32(AT.flags, view.getUint32(AT.flags, true) & ~flagsIgnored(snippet.i, before), true);
  if (!hasMxcsr) view.setUint32(AT.mxcsr, 0, true);
  if (extended === 'fxsave') {
    const x = AT.extended;
    own[x + 5] = 0; own.fill(0, x + 28, x + 32);
    if (!hasMxcsr) own.fill(0, x + 24, x + 28);
    for (let k = 0; k < 8; k++) own.fill(0, x + 42 + 16 * k, x + 48 + 16 * k);
    own.fill(0, x + 416, x + 512);
    if (snippet.i.operation.startsWith('fxsave')) own.fill(0, headerBytes(extended));
  }
  return own;
}
/** Neighbours differ by 1, across powers of two too: the integer bit aside. */
const ordinal = (bytes: Uint8Array, at: number): bigint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at), top = view.getUint16(8, true), magnitude = (BigInt(top & 0x7fff) << 63n) + (view.getBigUint64(0, true) & 0x7fff_ffff_ffff_ffffn);
  return (top & 0x8000) === 0 ? magnitude : -magnitude;
};
const C1 = 0x02;
/** Registers of the x87 one unit in the last place apart, and C1, are taken for equal. */
function bringNear(a: Uint8Array, b: Uint8Array): void {
  for (let k = 0; k < 8; k++) {
    const at = AT.extended + 32 + 16 * k, distance = ordinal(a, at) - ordinal(b, at);
    if (distance >= -1n && distance <= 1n) b.set(a.subarray(at, at + 10), at);
  }
  const status = AT.extended + 3;
  if (((a[status]! ^ b[status]!) & ~C1) === 0) b[status] = a[status]!;
}

/** Two reciprocals with errors of 1.5 * 2^-12 at most, in units of a single's last place. */
const RECIPROCAL_UNITS = 0x1800;
function bringSinglesNear(a: Uint8Array, b: Uint8Array, extended: Extended): void {
  const x = new Int32Array(a.buffer, a.byteOffset), y = new Int32Array(b.buffer, b.byteOffset);
  for (let k = AT.extended >> 2; k < headerBytes(extended) >> 2; k++) if (Math.abs(x[k]! - y[k]!) <= RECIPROCAL_UNITS) y[k] = x[k]!;
}

/** null: they agree in all that is defined. Otherwise a line. */
export function complaintOf(snippet: Snippet, n: number, before: Uint8Array, host: Uint8Array, here: Uint8Array, options: CompareOptions): string | null {
  const a = defined(host, before, snippet, options), b = defined(here, before, snippet, options);
  if (isApproximate(snippet.i)) bringNear(a, b);
  if (isReciprocal(snippet.i)) bringSinglesNear(a, b, options.extended);
  if (isSame(a, b)) return null;
  const parts = partsFor(options.extended, snippet.windowBytes), named = registersOf(snippet.i), text = format(snippet.i, SLOTS + n * SLOT_BYTES, 'intel');
  const different = parts.filter(part => shown(a, part) !== shown(b, part));
  const told = parts.filter(part => ['signal', 'code', 'address'].includes(part.name) && a[AT.signal] !== 0 && !different.includes(part));
  const inputs = parts.filter(part => different.includes(part) || isInput(part, snippet, named, options.extended));
  const list = (record: Uint8Array, which: readonly Part[]): string => which.map(part => `${part.name}=${shown(record, part)}`).join(' ');
  const encoding = Array.from(snippet.encoding, byte => byte.toString(16).padStart(2, '0')).join('');
  return `${encoding} ${text} | ${list(before, inputs)} | host ${list(host, [...different, ...told])} | here ${list(here, different)}`;
}
function isInput(part: Part, { i }: Snippet, named: ReadonlySet<number>, extended: Extended): boolean {
  const register = REGISTERS.indexOf(part.name);
  if (register >= 0) return named.has(register);
  if (part.name === 'flags') return extended === 'none';
  if (/^(fcw|fsw|ftw|st[0-2])$/.test(part.name)) return extended === 'fxsave';
  return i.operands.some(o => o.kind === 'reg' && `${o.file === 'ymm' || extended === 'ymm' && o.file === 'xmm' ? 'ymm' : o.file === 'mmx' ? 'st' : o.file}${o.index}` === part.name)
    || part.name.startsWith('[') && i.operands.some(o => o.kind === 'mem') && part.name.endsWith('c0]');
}
