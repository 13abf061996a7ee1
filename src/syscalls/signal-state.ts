/** The signal state of one task (Linux: struct sighand_struct, sigpending, sas_ss; sigaction(2), sigaltstack(2)). */
import type { Va } from '../base/types.ts';

/** struct kernel_sigaction on x86-64. `handler` 0 is SIG_DFL, 1 is SIG_IGN. */
export interface SignalAction { readonly handler: Va; readonly flags: bigint; readonly restorer: Va; readonly mask: bigint }

/** siginfo_t, as far as it is known when the signal is raised. */
export interface SignalInfo { readonly signal: number; readonly code: number; readonly address: Va; readonly pid?: number; readonly value?: bigint }

export interface SignalState {
  /** By signal number, 1 to 64; shared by the threads of a process. */
  readonly actions: SignalAction[];
  /** Bit n - 1: signal n is blocked. */
  mask: bigint;
  readonly pending: SignalInfo[];
  /** sigaltstack; size 0: none. */
  alternate: { at: Va; size: number; flags: number };
}
