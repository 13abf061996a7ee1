/** Signals: raised, kept, delivered (signal(7); Linux: kernel/signal.c, arch/x86/kernel/signal.c). */
import type { Va } from '../base/types.ts';
import { pushFrame, SA_NODEFER } from './signal-frame.ts';
import { bitOf, NO_STACK, SIG_DFL, SIG_IGN, SIGNAL_MAX, type SignalAction, type SignalInfo, type SignalState } from './signal-state.ts';
import type { Task } from './task.ts';

export const SIGKILL = 9, SIGSTOP = 19;
const SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGCHLD = 17, SIGCONT = 18, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22,
  SIGURG = 23, SIGWINCH = 28, SIGSYS = 31, SIGRTMIN = 32;
export const SI_KERNEL = 128;
/** A signal set of those that nothing blocks, catches or ignores. */
export const UNBLOCKABLE = bitOf(SIGKILL) | bitOf(SIGSTOP);
const SA_RESETHAND = 0x8000_0000n;
const VECTOR_PAGE_FAULT = 14;
/** RLIMIT_SIGPENDING: more real-time signals are not kept. */
const PENDING_MAX = 4096;

/** What an instruction's own fault raises: it can be neither ignored nor put off. */
const SYNCHRONOUS: readonly number[] = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS];
/** Default action "Ign" of signal(7); the stops too, for there is nobody to continue the program. All others end it. */
const IGNORED_BY_DEFAULT: readonly number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

const DEFAULT_ACTION: SignalAction = { handler: SIG_DFL, flags: 0n, restorer: 0n, mask: 0n };

/** As after execve of a program nobody prepared. */
export function newSignalState(): SignalState {
  return {
    actions: new Array<SignalAction>(SIGNAL_MAX + 1).fill(DEFAULT_ACTION), mask: 0n, savedMask: null, pending: [],
    alternate: NO_STACK, lastTrap: { trap: 0, error: 0, cr2: 0 },
  };
}
export function actionOf(signals: SignalState, signal: number): SignalAction { return signals.actions[signal] ?? DEFAULT_ACTION; }
export function isIgnored(signals: SignalState, signal: number): boolean {
  const { handler } = actionOf(signals, signal);
  return handler === SIG_IGN || (handler === SIG_DFL && IGNORED_BY_DEFAULT.includes(signal));
}
export function isBlocked(signals: SignalState, signal: number): boolean { return (signals.mask & bitOf(signal)) !== 0n; }
function isSynchronous(info: SignalInfo): boolean { return info.code > 0 && SYNCHRONOUS.includes(info.signal); }
/** A signal is pending that will be handled or kill: what ends a sleep (EINTR). */
export function isInterrupted(signals: SignalState): boolean {
  return signals.pending.some(({ signal }) => !isBlocked(signals, signal) && !isIgnored(signals, signal));
}

/** Makes a signal pending, unless it is ignored or a standard one that is pending already. `false`: the queue is full. */
export function raise(task: Task, info: SignalInfo): boolean {
  const { signals } = task, { signal } = info;
  if (info.trap !== undefined) rememberTrap(signals, info.trap, info.error ?? 0, info.address);
  if (isSynchronous(info)) force(signals, signal);
  if (!isBlocked(signals, signal) && isIgnored(signals, signal)) return true;
  const isPending = signals.pending.some(other => other.signal === signal);
  if (signal < SIGRTMIN && isPending) return true;
  if (isPending && signals.pending.length >= PENDING_MAX) return false;
  signals.pending.push(info.code <= 0 && info.pid === undefined ? { ...info, pid: task.process.pid } : info);
  return true;
}
/** A fault the program cannot be told of kills it: the default action is restored, and the signal unblocked (Linux: force_sig_info). */
function force(signals: SignalState, signal: number): void {
  const action = actionOf(signals, signal), blocked = isBlocked(signals, signal);
  if (blocked || action.handler === SIG_IGN) signals.actions[signal] = { ...action, handler: SIG_DFL };
  if (blocked) signals.mask &= ~bitOf(signal);
}
function rememberTrap(signals: SignalState, trap: number, error: number, address: Va): void {
  signals.lastTrap = { trap, error, cr2: trap === VECTOR_PAGE_FAULT ? address : signals.lastTrap.cr2 };
}

/**
 * Gives the task every pending signal that is not blocked, each handler's frame on top of the one before.
 * `seen` is told of those that are handled or kill, in order.
 */
export function deliver(task: Task, seen?: (info: SignalInfo) => void): 'none' | 'handled' | { readonly killed: number } {
  const { signals } = task;
  let outcome: 'none' | 'handled' = 'none';
  for (let info = take(signals); info !== null; info = take(signals)) {
    const { signal } = info, action = actionOf(signals, signal);
    if (isIgnored(signals, signal)) continue; // Blocked when it was raised.
    seen?.(info);
    if (action.handler === SIG_DFL) return { killed: signal };
    if ((action.flags & SA_RESETHAND) !== 0n) signals.actions[signal] = { ...action, handler: SIG_DFL };
    if (pushFrame(task, info, action)) {
      signals.mask |= action.mask | ((action.flags & SA_NODEFER) === 0n ? bitOf(signal) : 0n);
      signals.savedMask = null;
      outcome = 'handled';
    } else {
      if (signal === SIGSEGV) return { killed: SIGSEGV };
      raise(task, { signal: SIGSEGV, code: SI_KERNEL, address: 0 });
    }
  }
  if (signals.savedMask !== null) { signals.mask = signals.savedMask; signals.savedMask = null; }
  return outcome;
}
/** SIGKILL, then faults, then what faults raise though somebody sent it, then the lowest number; of one number the oldest. Blocked ones stay. */
function take(signals: SignalState): SignalInfo | null {
  let best = -1, bestRank = Infinity;
  for (const [i, info] of signals.pending.entries()) {
    if (isBlocked(signals, info.signal)) continue;
    const rank = rankOf(info);
    if (rank < bestRank) { best = i; bestRank = rank; }
  }
  return best === -1 ? null : signals.pending.splice(best, 1)[0] ?? null;
}
function rankOf(info: SignalInfo): number {
  if (info.signal === SIGKILL) return -SIGNAL_MAX - 2;
  if (isSynchronous(info)) return -SIGNAL_MAX - 1;
  return SYNCHRONOUS.includes(info.signal) ? info.signal - SIGNAL_MAX : info.signal;
}
