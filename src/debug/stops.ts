/** Why a program stopped: values, one kind each (as ptrace(2) and the GDB Remote Serial Protocol tell them apart). */
import type { Va } from '../base/types.ts';
import type { SignalInfo } from '../syscalls/signal-state.ts';
import type { WatchKind } from './watches.ts';

/** What the kernel did in place of an instruction at an address of a trampoline. */
export interface Invocation {
  /** The address that was called, and what /proc/self/fdinfo says the object is. */
  readonly address: Va;
  readonly type: string;
  /** Registers that have another value now. */
  readonly registers: readonly { readonly name: string; readonly old: bigint; readonly now: bigint }[];
  /** What was written at RSP, and where; null: nothing was. */
  readonly pushed: { readonly at: Va; readonly bytes: Uint8Array } | null;
  readonly target: Va;
}
export type StopReason =
  | { readonly reason: 'breakpoint'; readonly address: Va }
  /** Forwards the access is over, backwards it comes next. */
  | { readonly reason: 'watchpoint'; readonly kind: WatchKind; readonly address: Va; readonly length: number; readonly old: Uint8Array; readonly now: Uint8Array }
  /** `invocation`: the step went through a trampoline. */
  | { readonly reason: 'step'; readonly invocation: Invocation | null }
  /** Not delivered yet: `Target.choose` says what becomes of it. */
  | { readonly reason: 'signal'; readonly signal: number; readonly info: SignalInfo }
  /** A process has ended, by a signal or with a status. */
  | { readonly reason: 'exit'; readonly status: number; readonly signal: number | null }
  | { readonly reason: 'task-exit' }
  | { readonly reason: 'fork' | 'vfork' | 'clone'; readonly child: number; readonly childPid: number }
  /** The child of a vfork has let go of its parent's memory. */
  | { readonly reason: 'vfork-done' }
  | { readonly reason: 'exec'; readonly path: string }
  | { readonly reason: 'syscall'; readonly phase: 'entry' | 'return'; readonly number: number; readonly name: string }
  /** Not answered yet. */
  | { readonly reason: 'page-fault'; readonly address: Va; readonly code: number }
  | { readonly reason: 'trampoline'; readonly invocation: Invocation }
  | { readonly reason: 'condition' }
  | { readonly reason: 'interrupt' }
  /** Backwards there is nothing before, or forwards nobody is left. */
  | { readonly reason: 'start' | 'end' };
/** `tid`, `pid`: who. */
export type Stop = StopReason & { readonly tid: number; readonly pid: number };
