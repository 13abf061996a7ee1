/** Guests that use trampolines, written in assembly: what they call, how trampolines of each form are made, what guests put out, and what became of them. */
import type { Counters, Machine } from '../../src/machine.ts';
import { runGuest, type GuestOptions } from './guest.ts';
import { build, DATA, systemCall, values } from './guest-program.ts';
import { FAST } from '../../src/trampfd/uapi.ts';
import { NAME, type Name } from './trampfd-world.ts';

export { slot } from './guest-program.ts';
export const OUT = DATA, DATA_BYTES = 0x200000, SPARE = OUT + 0x10000;
export const SYS = {
  read: 0, write: 1, open: 2, close: 3, mmap: 9, mprotect: 10, munmap: 11, rt_sigaction: 13, rt_sigreturn: 15, pread: 17, pwrite: 18, yield: 24, dup: 32, setitimer: 38, getpid: 39,
  sendmsg: 46, recvmsg: 47, socketpair: 53, clone: 56, fork: 57, execve: 59, exit: 60, wait4: 61, ftruncate: 77, sigaltstack: 131, gettid: 186, futex: 202, exit_group: 231,
  memfd_create: 319, trampfd_create: 440, trampfd: 441, tramp_create: 442, tramp_set: 443, tramp_get: 444, tramp_allow: 445, tramp_share: 446, tramp_free: 447,
} as const;
export const sys = (name: keyof typeof SYS, ...args: readonly (string | number)[]): string => systemCall(SYS[name], ...args);

type ContextEntry = readonly [name: Name, value: string | number | bigint];
const entriesText = (entries: readonly ContextEntry[]): string => entries.map(([name, value]) => `.long ${NAME[name]}, 0\n.quad ${value}`).join('\n');
/** struct trampfd_regs; values may name labels. */
export function regs(label: string, ...entries: readonly ContextEntry[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0\n${entriesText(entries)}\n${label}_end:`;
}
/** struct tramp_context, registers only. */
export function contexts(label: string, ...entries: readonly ContextEntry[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0, 0, 0\n${entriesText(entries)}`;
}

/**
 * What makes trampolines out of the register context from rsi to rdi: rax is the address, r14 the descriptor. Of a fast one the kernel says where in its page,
 * r15, it is.
 */
const MAKERS = `
make_faulting:
  call make_descriptor
  ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}
  ret
make_fast:
  lea rax, [rip+fast_info]
  call make_descriptor_of
  sub rsp, 24
  ${sys('pread', 'r14', 'rsp', 24, 0)}
  ${sys('mmap', 0, 4096, 5, 2, 'r14', 0)}
  mov r15, rax
  mov ecx, dword ptr [rsp+16]
  add rax, rcx
  add rsp, 24
  ret
make_descriptor:
  lea rax, [rip+zeros]
make_descriptor_of:
  push rsi
  push rdi
  ${sys('trampfd_create', 0, 'rax', 0)}
  mov r14, rax
  pop rdx
  pop rsi
  sub rdx, rsi
  mov rdi, r14
  mov r10d, 1
  ${sys('pwrite')}
  ret
.balign 8
zeros: .quad 0, 0, 0
fast_info: .long ${FAST}, 0
`;
const maker = (routine: string) => (label: string): string => `lea rsi, [rip+${label}]\nlea rdi, [rip+${label}_end]\ncall ${routine}\n`;
/** The trampoline that faults, of the register context at a label. */
export const make = maker('make_faulting');
/** The trampoline whose code the kernel makes. */
export const makeFast = maker('make_fast');
/** A form of trampoline: what its context looks like, and what makes one of it, at rax. */
export interface Form { readonly name: string; readonly context: typeof regs; readonly make: (label: string) => string }
/** Those with a descriptor, r14. */
export const DESCRIPTOR_FORMS: readonly Form[] = [{ name: 'that faults', context: regs, make }, { name: 'that is fast', context: regs, make: makeFast }];
const byCall = (flags: number) => (label: string): string => sys('tramp_create', 0, flags, `offset ${label}`, 0);
export const FORMS: readonly Form[] = [
  ...DESCRIPTOR_FORMS, { name: 'of a system call', context: contexts, make: byCall(0) }, { name: 'of a system call, fast', context: contexts, make: byCall(32) },
  { name: 'that is a system call', context: contexts, make: byCall(64) },
];

/** A handler of a signal: labels `handler` and `restorer` are the guest's. */
export const catchSignal = (signal: number): string => sys('rt_sigaction', signal, 'offset action', 0, 8);
const SA_SIGINFO_RESTORER = 0x400_0004;
export const ACTION = `.balign 8\naction: .quad handler, ${SA_SIGINFO_RESTORER}, restorer, 0\nrestorer: ${sys('rt_sigreturn')}\n`;

/** A guest, whose label `finish` puts `outputs` slots out and ends it. */
export function programSource(code: string, outputs: number): string {
  return `_start:\n${code}\nfinish:\n${sys('write', 1, OUT, 8 * outputs)}\n${sys('exit_group', 0)}\n${MAKERS}`;
}
export function program(code: string, outputs: number): Uint8Array { return build(programSource(code, outputs), DATA_BYTES); }
export interface Ran {
  readonly out: readonly bigint[]; readonly status: number; readonly signal: number | null; readonly stderr: string;
  readonly invocations: number; readonly live: number; readonly counters: Counters; readonly machine: Machine;
}
/** Runs such a guest. */
export function run(code: string, outputs = 0, options: GuestOptions = {}): Ran {
  const { stdout, status, signal, stderr, counters, machine } = runGuest(program(code, outputs), options), { invocations, live } = machine.trampolines;
  return { out: values(stdout), status, signal, stderr, invocations, live, counters, machine };
}
