/** Guests that use trampolines, written in assembly: what they call, how they put values out, and what became of them. */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import type { Counters, Machine } from '../../src/machine.ts';
import { runGuest, type GuestOptions } from './guest.ts';
import { NAME, type Name } from './trampfd-world.ts';

export const TEXT = 0x400000, OUT = 0x600000, DATA_BYTES = 0x200000, SPARE = OUT + 0x10000;
/** Where the 64-bit values lie that a guest puts out when it ends. */
export const slot = (n: number): string => `qword ptr [${OUT + 8 * n}]`;
export const SYS = {
  read: 0, write: 1, open: 2, close: 3, mmap: 9, mprotect: 10, munmap: 11, rt_sigaction: 13, rt_sigreturn: 15, pread: 17, pwrite: 18, yield: 24, dup: 32, getpid: 39, sendmsg: 46, recvmsg: 47, socketpair: 53,
  clone: 56, fork: 57, execve: 59, exit: 60, wait4: 61, ftruncate: 77, gettid: 186, futex: 202, exit_group: 231, memfd_create: 319,
  trampfd_create: 440, tramp_create: 442, tramp_set: 443, tramp_get: 444, tramp_allow: 445, tramp_share: 446, tramp_free: 447,
} as const;
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
/** A system call; what an argument names may not be a register that an earlier one has replaced. */
export function sys(name: keyof typeof SYS, ...args: readonly (string | number)[]): string {
  return `${args.map((arg, i) => arg === ARGUMENTS[i] ? '' : `mov ${ARGUMENTS[i]}, ${arg}`).join('\n')}\nmov eax, ${SYS[name]}\nsyscall`;
}
const entriesText = (entries: readonly (readonly [Name, string | number])[]): string => entries.map(([name, value]) => `.long ${NAME[name]}, 0\n.quad ${value}`).join('\n');
/** struct trampfd_regs; values may name labels. */
export function regs(label: string, ...entries: readonly (readonly [Name, string | number])[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0\n${entriesText(entries)}\n${label}_end:`;
}
/** struct tramp_context, registers only. */
export function contexts(label: string, ...entries: readonly (readonly [Name, string | number])[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0, 0, 0\n${entriesText(entries)}`;
}
/** The fault-path trampoline of the descriptor form: r14 is its descriptor, rax its address. */
export const make = (label: string): string => `
  ${sys('trampfd_create', 0, 'offset zeros', 0)}
  mov r14, rax
  ${sys('pwrite', 'r14', `offset ${label}`, `offset ${label}_end - ${label}`, 1)}
  ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}`;
/** A handler of a signal: labels `handler` and `restorer` are the guest's. */
export const catchSignal = (signal: number): string => sys('rt_sigaction', signal, 'offset action', 0, 8);
const SA_SIGINFO_RESTORER = 0x400_0004;
export const ACTION = `.balign 8\naction: .quad handler, ${SA_SIGINFO_RESTORER}, restorer, 0\nrestorer: ${sys('rt_sigreturn')}\n`;

export interface Ran {
  readonly out: readonly bigint[]; readonly status: number; readonly signal: number | null; readonly stderr: string;
  readonly invocations: number; readonly live: number; readonly counters: Counters; readonly machine: Machine;
}
/** Assembles a guest, whose label `finish` puts `outputs` slots out and ends it, and runs it. */
export function run(code: string, outputs = 0, options: GuestOptions = {}): Ran {
  const source = `_start:\n${code}\nfinish:\n${sys('write', 1, OUT, 8 * outputs)}\n${sys('exit_group', 0)}\n.balign 8\nzeros: .quad 0, 0, 0\n`;
  const { bytes, labels } = assemble(source, { origin: TEXT });
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: DATA_BYTES }, entry: labels.get('_start') ?? 0 });
  const { stdout, status, signal, stderr, counters, machine } = runGuest(elf, options);
  const view = new DataView(stdout.buffer, stdout.byteOffset, stdout.length), { invocations, live } = machine.trampolines;
  return { out: Array.from({ length: stdout.length >> 3 }, (_, k) => view.getBigInt64(8 * k, true)), status, signal, stderr, invocations, live, counters, machine };
}
