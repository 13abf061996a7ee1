/** Signals: raised, kept, delivered (signal(7); Linux: kernel/signal.c, arch/x86/kernel/signal.c). */
import { EINTR } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { RLIMIT_SIGPENDING, type KernelProcess, type KernelTask } from './process.ts';
import { pushFrame, SA_NODEFER } from './signal-frame.ts';
import { bitOf, NO_STACK, SIG_DFL, SIG_IGN, SIGNAL_MAX, type SignalAction, type SignalInfo, type SignalState } from './signal-state.ts';
import { userStructure } from './structure.ts';
import type { Task } from './task.ts';

export const SIGHUP = 1, SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;
const SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGURG = 23, SIGWINCH = 28, SIGSYS = 31, SIGRTMIN = 32;
export const SI_KERNEL = 128;
/** A signal set of those that nothing blocks, catches or ignores. */
export const UNBLOCKABLE = bitOf(SIGKILL) | bitOf(SIGSTOP);
const SA_RESETHAND = 0x8000_0000n, SA_RESTART = 0x1000_0000n;
export const SA_NOCLDSTOP = 1n, SA_NOCLDWAIT = 2n;
const VECTOR_PAGE_FAULT = 14;
/** RLIMIT_SIGPENDING, for all processes together: more real-time signals are not kept. A few every task may keep anyway. */
const PENDING_MAX = 4096, PENDING_ANYWAY = 64;

/** What an instruction's own fault raises: it can be neither ignored nor put off. */
const SYNCHRONOUS: readonly number[] = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS];
/** Default actions "Ign" and "Stop" of signal(7). All others end the process. */
const IGNORED_BY_DEFAULT: readonly number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH];
const STOPPING: readonly number[] = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

const STOPPING_SET = STOPPING.reduce((set, signal) => set | bitOf(signal), 0n);
const DEFAULT_ACTION: SignalAction = { handler: SIG_DFL, flags: 0n, restorer: 0n, mask: 0n };

/** As after execve of a program nobody prepared. */
export function newSignalState(): SignalState {
  return {
    actions: new Array<SignalAction>(SIGNAL_MAX + 1).fill(DEFAULT_ACTION), mask: 0n, savedMask: null, pending: [], shared: [], awaited: 0n,
    alternate: NO_STACK, lastTrap: { trap: 0, error: 0, cr2: 0 },
  };
}
/** Of a new thread of the same process: its own mask and queue. */
export function threadSignalState(of: SignalState): SignalState {
  return { ...newSignalState(), actions: of.actions, shared: of.shared, mask: of.mask };
}
/** Of a child: the same actions, mask and stack, nothing pending (fork(2)). */
export function childSignalState(of: SignalState): SignalState {
  return { ...newSignalState(), actions: [...of.actions], mask: of.mask, alternate: of.alternate };
}
/** execve(2): handlers are gone, what is ignored stays so. */
export function resetForExec(signals: SignalState): void {
  signals.actions = signals.actions.map(({ handler }) => handler === SIG_IGN ? { ...DEFAULT_ACTION, handler } : DEFAULT_ACTION);
  signals.alternate = NO_STACK;
}
export function actionOf(signals: SignalState, signal: number): SignalAction { return signals.actions[signal] ?? DEFAULT_ACTION; }
export function isIgnored(signals: SignalState, signal: number): boolean {
  const { handler } = actionOf(signals, signal);
  return handler === SIG_IGN || (handler === SIG_DFL && IGNORED_BY_DEFAULT.includes(signal));
}
export function isBlocked(signals: SignalState, signal: number): boolean { return (signals.mask & bitOf(signal)) !== 0n; }
function isSynchronous(info: SignalInfo): boolean { return info.code > 0 && SYNCHRONOUS.includes(info.signal); }
/** It is pending and will be handled, or kill, or stop. */
function isDue(signals: SignalState, { signal }: SignalInfo): boolean { return !isBlocked(signals, signal) && !isIgnored(signals, signal); }
/** A signal is pending that will be handled or kill: what ends a sleep (EINTR). A stop does not: who is continued sleeps on. */
export function isInterrupted(signals: SignalState): boolean {
  if ((pendingSet(signals) & ~signals.mask) === 0n) return false;
  const ends = (info: SignalInfo): boolean => isDue(signals, info) && !(STOPPING.includes(info.signal) && actionOf(signals, info.signal).handler === SIG_DFL);
  return signals.pending.some(ends) || signals.shared.some(ends);
}
/** A signal is pending that will end the process. */
export function isKilled(signals: SignalState): boolean {
  const kills = (info: SignalInfo): boolean => isDue(signals, info) && !STOPPING.includes(info.signal) && actionOf(signals, info.signal).handler === SIG_DFL;
  return signals.pending.some(kills) || signals.shared.some(kills);
}
export function hasPending(signals: SignalState): boolean { return signals.pending.length > 0 || signals.shared.length > 0; }
function queuesOf({ tasks }: KernelProcess): SignalInfo[][] { return tasks[0] === undefined ? [] : [tasks[0].signals.shared, ...tasks.map(({ signals }) => signals.pending)]; }
/** Signals kept for a process and its tasks. */
export function pendingCount(process: KernelProcess): number { return queuesOf(process).reduce((sum, { length }) => sum + length, 0); }
function pendingInAll({ system }: KernelProcess): number {
  let sum = 0;
  for (const process of system.processes.values()) sum += pendingCount(process);
  return sum;
}
/** This very one is kept. */
export function isQueued(process: KernelProcess, info: SignalInfo): boolean { return queuesOf(process).some(queue => queue.includes(info)); }
/** Everything pending, as sigpending(2) counts. */
export function pendingSet(signals: SignalState): bigint { return setOf(signals.pending) | setOf(signals.shared); }
function setOf(queue: readonly SignalInfo[]): bigint {
  let low = 0, high = 0; // Queues may be long, and are looked at often.
  for (const { signal } of queue) if (signal <= 32) low |= 1 << (signal - 1); else high |= 1 << (signal - 33);
  return BigInt(high >>> 0) << 32n | BigInt(low >>> 0);
}
/** Takes out one of a set, blocked or not: sigtimedwait(2), signalfd(2). */
export function takeOf(signals: SignalState, set: bigint): SignalInfo | null {
  for (const queue of [signals.pending, signals.shared]) {
    let best = -1;
    for (const [i, { signal }] of queue.entries()) if ((set & bitOf(signal)) !== 0n && (best === -1 || signal < queue[best]!.signal)) best = i;
    if (best !== -1) return queue.splice(best, 1)[0]!;
  }
  return null;
}

/** What is known of a signal that a process sends, or that tells of it. */
export function infoFrom({ pid, system }: KernelProcess, signal: number, code: number, value?: bigint): SignalInfo {
  return { signal, code, address: 0, pid, uid: system.host.user.uid, ...value === undefined ? {} : { value } };
}
/** Makes a signal pending for one task, unless it is ignored or a standard one that is pending already. `false`: the queue is full. */
export function raise(task: Task, info: SignalInfo): boolean {
  const { signals } = task;
  if (info.trap !== undefined) rememberTrap(signals, info.trap, info.error ?? 0, info.address);
  if (isSynchronous(info)) force(signals, info.signal);
  else if (!prepare((task as KernelTask).process, info.signal)) return true;
  if (isDiscarded(signals, info.signal)) return true;
  return queue(signals.pending, signals.pending, info, (task as KernelTask).process);
}
/** The same for a process: the first thread that can take it now does (Linux: complete_signal). */
export function raiseProcess(process: KernelProcess, info: SignalInfo): boolean {
  const first = process.tasks[0];
  if (first === undefined || !prepare(process, info.signal)) return true;
  const taker = process.tasks.find(({ signals }) => !isBlocked(signals, info.signal) || (signals.awaited & bitOf(info.signal)) !== 0n);
  if (isDiscarded((taker ?? first).signals, info.signal)) return true;
  const { shared } = first.signals;
  return queue(taker === undefined ? shared : taker.signals.pending, shared, info, process);
}
function isDiscarded(signals: SignalState, signal: number): boolean {
  return !isBlocked(signals, signal) && (signals.awaited & bitOf(signal)) === 0n && isIgnored(signals, signal);
}
function queue(into: SignalInfo[], alsoIn: readonly SignalInfo[], info: SignalInfo, process: KernelProcess): boolean {
  const { signal } = info, isPending = into.some(other => other.signal === signal) || alsoIn.some(other => other.signal === signal);
  if (signal < SIGRTMIN && isPending) return true;
  // One of each kind is always kept, as long as nobody counts on its value (Linux: send_signal_locked).
  const isFull = into.length >= Number(process.limits[RLIMIT_SIGPENDING]!.soft) || into.length >= PENDING_ANYWAY && pendingInAll(process) >= PENDING_MAX;
  if (signal >= SIGRTMIN && isFull && (isPending || info.code < 0)) return false;
  into.push(info.code <= 0 && info.pid === undefined ? { ...info, pid: process.pid } : info);
  process.system.life.rouse(process);
  return true;
}
/** SIGCONT and the stops undo each other when they are raised, whatever becomes of them (Linux: prepare_signal). false: nobody is there. */
function prepare(process: KernelProcess, signal: number): boolean {
  if (process.waitStatus !== null) return false;
  const removes = STOPPING.includes(signal) ? [SIGCONT] : signal === SIGCONT ? STOPPING : [];
  if (removes.length > 0) removePending(process, removes);
  if (signal === SIGCONT && process.isStopped) continueProcess(process, true);
  if (signal === SIGKILL && process.isStopped) continueProcess(process, false);
  return true;
}
/** As if they had never been raised, blocked or not. */
export function removePending(process: KernelProcess, signals: readonly number[]): void {
  for (const queue of queuesOf(process)) for (let i = queue.length - 1; i >= 0; i--) if (signals.includes(queue[i]!.signal)) queue.splice(i, 1);
}

/** si_code of SIGCHLD. */
export const CLD_EXITED = 1, CLD_KILLED = 2, CLD_STOPPED = 5, CLD_CONTINUED = 6;
function continueProcess(process: KernelProcess, isTold: boolean): void {
  process.isStopped = false;
  process.notice = isTold ? { kind: 'continued', signal: SIGCONT } : null;
  process.system.life.rouse(process);
  if (isTold) tellParent(process, CLD_CONTINUED, SIGCONT);
}
/** All tasks of a process stop; its parent is told. */
function stopProcess(process: KernelProcess, signal: number): void {
  process.isStopped = true;
  for (const task of process.tasks) task.hasStopped = true;
  process.notice = { kind: 'stopped', signal };
  tellParent(process, CLD_STOPPED, signal);
}
function tellParent(process: KernelProcess, code: number, status: number): void {
  const { parent } = process;
  if (parent !== null) process.system.life.rouse(parent);
  const action = parent?.tasks[0] === undefined ? null : actionOf(parent.tasks[0].signals, SIGCHLD);
  if (parent === null || action === null || (action.flags & SA_NOCLDSTOP) !== 0n) return;
  raiseProcess(parent, infoFrom(process, SIGCHLD, code, BigInt(status)));
}
/** Nobody in its session could continue it: no parent of a member is in another group of the session (POSIX 3.285). */
export function isOrphaned(process: KernelProcess): boolean {
  for (const other of process.system.processes.values()) {
    if (other.group !== process.group || other.waitStatus !== null) continue;
    const { parent } = other;
    if (parent !== null && parent.group !== other.group && parent.session === other.session) return false;
  }
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
 * `seen` is told of those that are handled or kill, in order. `holds` is asked of each that would take effect; true: it and all after it stay pending.
 */
export function deliver(task: KernelTask, seen?: (info: SignalInfo) => void, holds: ((info: SignalInfo) => boolean) | null = null): 'none' | 'handled' | 'stopped' | { readonly killed: number } {
  const { signals, process } = task;
  let outcome: 'none' | 'handled' = 'none';
  for (let info = take(signals); info !== null; info = take(signals)) {
    if (holds !== null && !isIgnored(signals, info.signal) && holds(info)) { signals.pending.unshift(info); return outcome; }
    const { signal } = info, action = actionOf(signals, signal);
    if (isIgnored(signals, signal)) continue; // Blocked when it was raised.
    if (action.handler === SIG_DFL && STOPPING.includes(signal)) {
      if (signal !== SIGSTOP && isOrphaned(process)) continue;
      seen?.(info);
      stopProcess(process, signal);
      return 'stopped';
    }
    seen?.(info);
    if (action.handler === SIG_DFL) return { killed: signal };
    restartOrFail(task, (action.flags & SA_RESTART) !== 0n);
    if ((action.flags & SA_RESETHAND) !== 0n) signals.actions[signal] = { ...action, handler: SIG_DFL };
    process.memory.leave(task.registers);
    if (pushFrame(task, info, action)) {
      signals.mask |= action.mask | ((action.flags & SA_NODEFER) === 0n ? bitOf(signal) : 0n);
      signals.savedMask = null;
      outcome = 'handled';
    } else {
      if (signal === SIGSEGV) return { killed: SIGSEGV };
      raise(task, { signal: SIGSEGV, code: SI_KERNEL, address: 0 });
    }
  }
  restartOrFail(task, true);
  restoreMask(signals);
  return outcome;
}
/** For the time of a call that waits: sigsuspend(2), ppoll(2). */
export function replaceMask(signals: SignalState, mask: bigint): void { signals.savedMask = signals.mask; signals.mask = mask; }
export function restoreMask(signals: SignalState): void {
  if (signals.savedMask === null) return;
  signals.mask = signals.savedMask;
  signals.savedMask = null;
}
/** A sigset_t of the guest, without what nothing blocks; null: it cannot be read. */
export const SET_BYTES = 8;
export function signalSet(task: Task, at: Va): bigint | null {
  const view = userStructure(task, at, SET_BYTES);
  return view === null ? null : view.getBigUint64(0, true) & ~UNBLOCKABLE;
}
const RAX = 0, SYSCALL_BYTES = 2;
/** A call that a signal ended is made again, or tells of it (Linux: handle_signal, ERESTARTSYS). */
function restartOrFail(task: KernelTask, restarts: boolean): void {
  const { registers, restart } = task;
  if (restart === null) return;
  task.restart = null;
  if (restarts) { registers.setWords(RAX, restart, 0); registers.rip -= SYSCALL_BYTES; } else registers.setWords(RAX, -EINTR, -1);
}
/** SIGKILL, then faults, then what faults raise though somebody sent it, then the lowest number; of one number the oldest. The task's own before its process's. Blocked ones stay. */
function take(signals: SignalState): SignalInfo | null { return takeFrom(signals, signals.pending) ?? takeFrom(signals, signals.shared); }
function takeFrom(signals: SignalState, queue: SignalInfo[]): SignalInfo | null {
  if (queue.length === 0 || (setOf(queue) & ~signals.mask) === 0n) return null;
  let best = -1, bestRank = Infinity;
  for (const [i, info] of queue.entries()) {
    if (isBlocked(signals, info.signal)) continue;
    const rank = rankOf(info);
    if (rank < bestRank) { best = i; bestRank = rank; }
  }
  return best === -1 ? null : queue.splice(best, 1)[0] ?? null;
}
/** A sleeper that is to stop does, without waking. */
export function takeStop(task: KernelTask): void {
  const { signals, process } = task;
  for (const queue of [signals.pending, signals.shared]) {
    if ((setOf(queue) & STOPPING_SET) === 0n) continue;
    for (const [i, info] of [...queue.entries()].reverse()) {
      if (!STOPPING.includes(info.signal) || !isDue(signals, info) || actionOf(signals, info.signal).handler !== SIG_DFL) continue;
      queue.splice(i, 1);
      if (info.signal === SIGSTOP || !isOrphaned(process)) stopProcess(process, info.signal);
    }
  }
}
/** A sleep ends for a signal that any thread of the process could take: this one does. */
export function claim(signals: SignalState): void {
  if (signals.pending.some(info => isDue(signals, info))) return;
  const i = signals.shared.findIndex(info => isDue(signals, info));
  if (i !== -1) signals.pending.push(...signals.shared.splice(i, 1));
}
function rankOf(info: SignalInfo): number {
  if (info.signal === SIGKILL) return -SIGNAL_MAX - 2;
  if (isSynchronous(info)) return -SIGNAL_MAX - 1;
  return SYNCHRONOUS.includes(info.signal) ? info.signal - SIGNAL_MAX : info.signal;
}
