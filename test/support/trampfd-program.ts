/** Assembly for guests with trampolines: register contexts, system calls, and a function that makes a trampoline of any form. */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { runGuest, type GuestOptions } from './guest.ts';
import { NAME, type Name } from './trampfd-world.ts';

export const TEXT = 0x400000, OUT = 0x600000, DATA_BYTES = 0x100000;
export const READ = 0, WRITE = 1, CLOSE = 3, MMAP = 9, MPROTECT = 10, MUNMAP = 11, RT_SIGACTION = 13, RT_SIGRETURN = 15, PREAD = 17, PWRITE = 18, SCHED_YIELD = 24, SETITIMER = 38, CLONE = 56, FORK = 57,
  EXIT = 60, WAIT4 = 61, SIGALTSTACK = 131, FUTEX = 202, EXIT_GROUP = 231, CREATE = 440, TABLE = 441;
/** Where the 64-bit values that a guest puts out lie, until it ends. */
export const slot = (n: number): string => `qword ptr [${OUT + 8 * n}]`;
/** struct trampfd_regs; values may name labels. */
export function context(label: string, ...entries: readonly (readonly [Name, string | number | bigint])[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0\n${entries.map(([name, value]) => `.long ${NAME[name]}, 0\n.quad ${value}`).join('\n')}\n${label}_end:`;
}
export function syscall(number: number, ...args: readonly (string | number)[]): string {
  const registers = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
  return `${args.map((arg, i) => `mov ${registers[i]}, ${arg}`).join('\n')}\nmov eax, ${number}\nsyscall`;
}
/** `make` turns the register context from rsi to rdi into a fast trampoline, after the kernel said where in its page it is: rax is its address, r14 its descriptor, r15 the page. */
const MAKE = `
make:
  push rsi
  push rdi
  ${syscall(CREATE, 0, 'offset fast', 0)}
  mov r14, rax
  pop rdx
  pop rsi
  sub rdx, rsi
  mov rdi, r14
  mov r10d, 1
  ${syscall(PWRITE)}
  sub rsp, 24
  ${syscall(PREAD, 'r14', 'rsp', 24, 0)}
  ${syscall(MMAP, 0, 4096, 5, 2, 'r14', 0)}
  mov r15, rax
  mov ecx, dword ptr [rsp+16]
  add rax, rcx
  add rsp, 24
  ret
.balign 8
fast: .long 1, 0`;
export const make = (label: string): string => `lea rsi, [rip+${label}]\nlea rdi, [rip+${label}_end]\ncall make`;

export function program(code: string, outputs: number): Uint8Array {
  const source = `_start:\n${code}\nfinish:\n${syscall(WRITE, 1, OUT, 8 * outputs)}\n${syscall(EXIT_GROUP, 0)}\n${MAKE}`;
  const { bytes, labels } = assemble(source, { origin: TEXT });
  return writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: DATA_BYTES }, entry: labels.get('_start') ?? 0 });
}
/** Runs a guest: what it put out, and what became of it. */
export function run(code: string, outputs = 0, options: GuestOptions = {}): ReturnType<typeof runGuest> & { readonly out: readonly bigint[] } {
  const result = runGuest(program(code, outputs), options), { stdout } = result, view = new DataView(stdout.buffer, stdout.byteOffset);
  return { ...result, out: Array.from({ length: stdout.length >> 3 }, (_, k) => view.getBigInt64(8 * k, true)) };
}
