/** The signal state of one task (Linux: struct sighand_struct, sigpending, signal_struct.shared_pending, sas_ss_*, thread.trap_nr; sigaction(2), sigaltstack(2)). */
import type { Va } from '../base/types.ts';

export const SIG_DFL = 0n, SIG_IGN = 1n;
export const SIGNAL_MAX = 64;
/** Of sigaltstack(2). */
export const SS_ONSTACK = 1, SS_DISABLE = 2, SS_AUTODISARM = 0x8000_0000;

/** struct kernel_sigaction on x86-64. `handler` is an address, SIG_DFL or SIG_IGN. Words are kept whole: what is set is what is read back. */
export interface SignalAction { readonly handler: bigint; readonly flags: bigint; readonly restorer: bigint; readonly mask: bigint }

/** siginfo_t, as far as it is known when the signal is raised. */
export interface SignalInfo {
  readonly signal: number;
  /** si_code: above 0 the kernel's, 0 and below a program's. */
  readonly code: number;
  /** si_addr of faults; otherwise 0. */
  readonly address: Va;
  /** si_pid and si_uid: who sent it; absent: the task itself, and the superuser. */
  readonly pid?: number;
  readonly uid?: number;
  /** si_value of sigqueue(3). */
  readonly value?: bigint;
  /** Exception vector and error code, where an instruction raised it. */
  readonly trap?: number;
  readonly error?: number;
}

/** sigaltstack(2). `flags` are those it was set with. Size 0: none. */
export interface SignalStack { readonly at: bigint; readonly size: bigint; readonly flags: number }
export const NO_STACK: SignalStack = { at: 0n, size: 0n, flags: SS_DISABLE };
/** The last exception a signal was raised for, as every later frame tells it. */
export interface LastTrap { readonly trap: number; readonly error: number; readonly cr2: Va }

export interface SignalState {
  /** By signal number, 1 to 64; shared by the threads of a process. */
  actions: SignalAction[];
  /** Bit n - 1: signal n is blocked. */
  mask: bigint;
  /** The mask put aside while a call waits under another (sigsuspend(2), ppoll(2)): what the handler's return brings back. */
  savedMask: bigint | null;
  /** The task's own, and those of its process that no thread could take when they were raised; in the order they were raised. */
  readonly pending: SignalInfo[];
  readonly shared: SignalInfo[];
  /** What sigtimedwait(2) waits for: not blocked as far as the choice of a thread goes. */
  awaited: bigint;
  alternate: SignalStack;
  lastTrap: LastTrap;
}

/** Bit of a signal in a sigset_t. */
export function bitOf(signal: number): bigint { return 1n << BigInt(signal - 1); }
