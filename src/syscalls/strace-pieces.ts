/** What strace's printers are made of: numbers, strings, structures behind pointers (strace(1)). */
import { byteString, type ByteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';
import { signalName } from './signal-names.ts';
import type { NameTable } from './strace-names.ts';
import type { Args, Task } from './task.ts';

/** A call as it is printed: after it ran. `result` null: it does not return. */
export interface TracedCall { readonly task: Task; readonly args: Args; readonly result: number | null }
/** null: the argument is left out (open's mode without O_CREAT). */
export type Printer = (call: TracedCall, i: number) => string | null;

/** Characters shown of a string, elements of an array. */
export const STRING_MAX = 32, ELEMENTS_MAX = 32;

export const hex = (value: number): string => value === 0 ? '0' : `0x${value.toString(16)}`;
export const pointer = (at: Va): string => at === 0 ? 'NULL' : `0x${at.toString(16)}`;
export const octal = (value: number): string => `0${value.toString(8).padStart(2, '0')}`;
const ESCAPES: { readonly [character: string]: string } = {
  '\n': '\\n', '\t': '\\t', '\r': '\\r', '\v': '\\v', '\f': '\\f', '"': '\\"', '\\': '\\\\',
};

/** In quotes; unprintable bytes as the shortest octal escape the next character allows. */
export function quote(bytes: ByteString): string {
  const text = bytes.replace(/[^\x20-\x7e]|["\\]/g, (character, at: number) => {
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const digits = character.charCodeAt(0).toString(8);
    return '\\' + (/[0-7]/.test(bytes[at + 1] ?? '') ? digits.padStart(3, '0') : digits);
  });
  return `"${text}"`;
}
export function read(call: TracedCall, at: Va, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  return call.task.process.memory.copyIn(at, bytes) ? bytes : null;
}
export function view(call: TracedCall, at: Va, length: number): DataView | null {
  const bytes = read(call, at, length);
  return bytes === null ? null : new DataView(bytes.buffer);
}
export function buffer(call: TracedCall, at: Va, length: number): string {
  const bytes = read(call, at, Math.min(length, STRING_MAX));
  if (bytes === null) return pointer(at);
  return quote(byteString(bytes)) + (length > STRING_MAX ? '...' : '');
}
export function path(call: TracedCall, at: Va): string {
  if (at === 0) return 'NULL';
  const bytes = call.task.process.memory.copyInString(at, 4096);
  return typeof bytes === 'number' ? pointer(at) : quote(byteString(bytes));
}
export const failed = (call: TracedCall): boolean => call.result === null || call.result < 0;
/** Something the call writes: unknown where it failed. */
export const told = (print: Printer): Printer => (call, i) => failed(call) ? pointer(call.args.pointer(i)) : print(call, i);
/** A structure of `length` bytes behind a pointer. */
export const structure = (length: number, print: (fields: DataView) => string): Printer => (call, i) => {
  const at = call.args.pointer(i), fields = at === 0 ? null : view(call, at, length);
  return fields === null ? pointer(at) : print(fields);
};
export const choice = (names: NameTable): Printer => (call, i) => names.of(call.args.int(i)) ?? hex(call.args.uint(i));
export const flags = (names: NameTable, zero = '0'): Printer => (call, i) => names.flags(call.args.uint(i), zero);

export const timespec = structure(16, fields => `{tv_sec=${fields.getBigInt64(0, true)}, tv_nsec=${fields.getBigInt64(8, true)}}`);
export const timeval = structure(16, fields => `{tv_sec=${fields.getBigInt64(0, true)}, tv_usec=${fields.getBigInt64(8, true)}}`);
export function signalSet(mask: bigint): string {
  const all = Array.from({ length: 64 }, (_, i) => i + 1), short = (signal: number): string => signalName(signal).replace(/^SIG/, '');
  const inSet = all.filter(signal => (mask >> BigInt(signal - 1)) & 1n);
  if (inSet.length <= ELEMENTS_MAX) return `[${inSet.map(short).join(' ')}]`;
  return `~[${all.filter(signal => !inSet.includes(signal)).map(short).join(' ')}]`;
}
export const sigset = structure(8, fields => signalSet(fields.getBigUint64(0, true)));
