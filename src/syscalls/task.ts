/** Tasks, processes and the system-call table's types (Linux: struct task_struct, arch/x86/entry/syscalls). */
import type { Va } from '../base/types.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { SignalRegisters } from '../mmu/user.ts';
import type { FileDescription, Result } from './file.ts';
import type { SignalState } from './signal-state.ts';

export interface FdTable {
  get(fd: number): FileDescription | null;
  /** The lowest free descriptor, or -EMFILE. */
  install(description: FileDescription, closeOnExec: boolean): Result;
}
export interface Process {
  readonly pid: number;
  readonly memory: AddressSpace;
  readonly files: FdTable;
}
export interface Task {
  readonly tid: number;
  readonly process: Process;
  readonly registers: SignalRegisters;
  readonly signals: SignalState;
}
/** Six registers, read through the type the man page gives them. */
export interface Args {
  /** i32. */
  int(i: number): number;
  /** u32. */
  uint(i: number): number;
  /** u64 as a double: exact below 2^53, and larger than any size there is above. */
  size(i: number): number;
  /** i64 as a double (offsets). */
  long(i: number): number;
  pointer(i: number): Va;
  big(i: number): bigint;
}
/** Not every call returns: some end the task, some sleep, some replace the registers. */
export type Control =
  | { readonly then: 'exit'; readonly status: number }
  /** Until `until` has a result. `wakesAtNs`: on the monotonic clock, when time alone may change its mind. */
  | { readonly then: 'sleep'; readonly until: () => Result | null; readonly wakesAtNs?: number }
  | { readonly then: 'registers-replaced' };
/** Most calls need a Task; the kernel's own need more of it (process.ts). */
export type Handler<T extends Task = Task> = (task: T, args: Args) => Result | Control;

export interface Syscall<T extends Task = Task> {
  readonly name: string;
  readonly run: Handler<T>;
  /** For strace, one word an argument, then the result: 'fd data size → size'. The words are rows of strace-words.ts. */
  readonly shape: string;
  /** What is not supported, in one sentence. */
  readonly partial?: string;
}
export type SyscallRows<T extends Task = Task> = readonly (readonly [number, Syscall<T>])[];
