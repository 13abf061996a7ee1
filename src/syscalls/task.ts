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
  /** Others after execve. */
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
export interface Sleep {
  readonly then: 'sleep';
  /**
   * The call's result, or null: not yet. Asked again when there is news, while other registers are loaded: it takes from the call's arguments
   * what it needs before.
   */
  readonly until: () => Result | null;
  /** Only what rouses the task (`Life.rouse`), a signal or its time can change the answer: it is asked at first and then. */
  readonly isRoused?: true;
  /** On the monotonic clock: when time alone may change its mind. */
  readonly wakesAtNs?: number | undefined;
  /**
   * What a signal that will be handled makes of it (signal(7), "Interruption of system calls"). 'restart', if absent: the call is made again after a
   * handler with SA_RESTART, else EINTR. 'fail': EINTR. 'never': only one that kills ends it. A function gives the result, -EINTR most often; where it gives null it is
   * as 'restart'.
   */
  readonly onSignal?: 'restart' | 'fail' | 'never' | (() => Result | null) | undefined;
  /** It is over with EINTR once the task was stopped and continued (signal(7), "Interruption of system calls and library functions by stop signals"). */
  readonly failsAfterStop?: boolean;
  /** The open file it waits for: another thread may close the descriptor meanwhile, and the file stays (Linux: fdget). */
  readonly holds?: FileDescription | undefined;
  /** It ends other than by `until`: a signal, or the task's end. */
  readonly abandoned?: () => void;
}
/** Not every call returns: some end the task or its whole process, some sleep, some replace the registers. */
export type Control =
  | { readonly then: 'exit'; readonly status: number; readonly scope: 'task' | 'process' }
  | Sleep
  | { readonly then: 'registers-replaced' };
/** Most calls need a Task; the kernel's own need more of it (process.ts). */
export type Handler<T extends Task = Task> = (task: T, args: Args) => Result | Control;

export interface Syscall<T extends Task = Task> {
  readonly number: number;
  readonly name: string;
  /** For strace, one word an argument, then the result: 'fd data size → size'. The words are rows of strace-words.ts. */
  readonly shape: string;
  readonly run: Handler<T>;
  /** What is not supported, in one sentence; '': nothing that is known. */
  readonly partial: string;
}
export type SyscallRows<T extends Task = Task> = readonly Syscall<T>[];
/** A row of the table. There are hundreds: V8 takes much longer to make each by an object literal of its own. */
export function call<T extends Task>(number: number, name: string, shape: string, run: Handler<T>, partial = ''): Syscall<T> {
  return { number, name, shape, run, partial };
}
