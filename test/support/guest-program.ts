/** Guests written in assembly: system calls, the 64-bit values that a guest puts out, and its ELF. */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';

export const TEXT = 0x400000, DATA = 0x600000;
/** A 64-bit value of the guest's, among those that it puts out when it ends. */
export const slot = (n: number): string => `qword ptr [${DATA + 8 * n}]`;
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
/** A system call; what an argument names may not be a register that an earlier one has replaced. */
export function systemCall(number: number, ...args: readonly (number | bigint | string)[]): string {
  return `${args.map((arg, i) => arg === ARGUMENTS[i] ? '' : `mov ${ARGUMENTS[i]}, ${arg}`).join('\n')}\nmov eax, ${number}\nsyscall\n`;
}
/** A program that starts at its label `_start`, with so much memory at DATA, which begins with `data`. */
export function build(source: string, dataBytes: number, data: Uint8Array = new Uint8Array(8)): Uint8Array { return buildLabelled(source, dataBytes, data).elf; }
/** And where its labels are. */
export function buildLabelled(source: string, dataBytes: number, data: Uint8Array = new Uint8Array(8)): { readonly elf: Uint8Array; readonly labels: ReadonlyMap<string, number> } {
  const { bytes, labels } = assemble(source, { origin: TEXT });
  return { elf: writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: data, size: dataBytes }, entry: labels.get('_start') ?? 0 }), labels };
}
/** What a guest put out. */
export function values(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >> 3 }, (_, k) => view.getBigInt64(8 * k, true));
}
