/**
 * What a contender is, and the words that contenders have in common: guest assembly in Intel syntax, around which program.ts puts one guest.
 * A system call that fails goes to `failed_` and its number, which tells; code that has another way to try calls `refused` first (program.ts).
 */
import { MAP_ANONYMOUS, MAP_PRIVATE } from '../../syscalls/uapi.ts';

interface Named {
  readonly name: string;
  /** One line for the legend. */
  readonly what: string;
  /** Its place in libffi's order, as ported (programs/port.c): its own methods first, then a table of trampfd's, then a signal. */
  readonly libffiPlace?: number;
  /** How many there can be at once, if that is less than thousands: one descriptor each. */
  readonly most?: number;
}
/** A contender in assembly. */
export interface AssemblyContender extends Named {
  /** Fills the table at FUNCTIONS with COUNT pointers; may use every register. Ends with `ret`. */
  readonly create: string;
  /** One invocation of the closure whose pointer is at [rbx]: argument in rdi, result in rax; keeps rbx rbp r12 r13. */
  readonly invoke: string;
  /** Binds the closure whose pointer is at [rbx] to another context, rsi; keeps rbx rbp r12 r13. None: there is nothing that binds. */
  readonly change?: string;
  /** Gives back all COUNT; may use every register. Ends with `ret`. None: there is nothing to give back. */
  readonly release?: string;
  /** Further code. */
  readonly code?: string;
  /** A page of code at the label `template`, which names nothing but itself. */
  readonly template?: string;
  /** PT_GNU_STACK asks for an executable stack. */
  readonly hasExecutableStack?: boolean;
}
/** A contender that a compiler made: an ELF that takes `way` and the words of compiledWork (program.ts) and does the same. */
export interface CompiledContender extends Named {
  readonly image: () => Uint8Array;
  readonly way: string;
}
export type Contender = AssemblyContender | CompiledContender;
export function isChangeable(contender: Contender): boolean { return 'image' in contender || contender.change !== undefined; }
export function isReleasable(contender: Contender): boolean { return 'image' in contender || contender.release !== undefined; }

export const SYSCALL = {
  write: 1, open: 2, close: 3, mmap: 9, mprotect: 10, munmap: 11, rt_sigaction: 13, rt_sigreturn: 15, pread64: 17, pwrite64: 18, ftruncate: 77, unlink: 87,
  getppid: 110, memfd_create: 319, trampfd_create: 440, trampfd: 441, tramp_create: 442, tramp_set: 443, tramp_free: 447,
};
export const PAGE = 4096;
export const CALL = 'call qword ptr [rbx]';
/** The closure's context belonging to the pointer at [rbx]: contexts are 16 bytes, pointers 8. */
export const CONTEXT_OF_RBX = 'lea r10, [rbx+rbx+CONTEXTS-2*FUNCTIONS]';

export const call = (number: number): string => `mov eax, ${number}\nsyscall\ntest rax, rax\njs failed_${number}`;
/** Arguments 1 to 6 as operands, then the call. */
export function callWith(number: number, ...operands: readonly string[]): string {
  const registers = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
  const moves = operands.map((operand, n) => operand === registers[n] ? '' : operand.startsWith('&') ? `lea ${registers[n]}, [rip+${operand.slice(1)}]` : `mov ${registers[n]}, ${operand}`);
  return [...moves, call(number)].join('\n');
}
export const anonymous = (length: string, prot: number): string => callWith(SYSCALL.mmap, '0', length, `${prot}`, `${MAP_PRIVATE | MAP_ANONYMOUS}`, '-1', '0');
