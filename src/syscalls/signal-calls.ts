/** System calls of signals: sigaction(2), sigprocmask(2), sigreturn(2), sigaltstack(2), kill(2), tkill(2), sigpending(2), sigsuspend(2), pause(2). */
import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ESRCH } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { actionOf, isIgnored, isInterrupted, raise, SIGKILL, SIGSTOP, SI_KERNEL, UNBLOCKABLE } from './signal.ts';
import { isOnStack, popFrame, readStack, STACK, writeStack } from './signal-frame.ts';
import { bitOf, SIGNAL_MAX, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, type SignalAction, type SignalStack } from './signal-state.ts';
import { putStructure, userStructure } from './structure.ts';
import type { Args, Control, SyscallRows } from './task.ts';

const SIGSEGV = 11, SIGRTMIN = 32;
const SET_BYTES = 8;
const SI_USER = 0, SI_TKILL = -6;

// — actions —

/** struct kernel_sigaction: handler, flags, restorer, mask. */
const ACTION = { handler: 0, flags: 8, restorer: 16, mask: 24, bytes: 32 } as const;
/** NOCLDSTOP NOCLDWAIT SIGINFO EXPOSE_TAGBITS RESTORER ONSTACK RESTART NODEFER RESETHAND: other bits are cleared, which is how programs ask (sigaction(2)). */
const SA_KNOWN = 0xdc00_0807n;

function rtSigaction(task: KernelTask, a: Args): Result {
  const signal = a.int(0), { signals } = task;
  if (a.size(3) !== SET_BYTES) return -EINVAL;
  const view = a.pointer(1) === 0 ? null : userStructure(task, a.pointer(1), ACTION.bytes);
  if (view === null && a.pointer(1) !== 0) return -EFAULT;
  if (signal < 1 || signal > SIGNAL_MAX || (view !== null && (signal === SIGKILL || signal === SIGSTOP))) return -EINVAL;
  const old = actionOf(signals, signal);
  if (view !== null) {
    signals.actions[signal] = readAction(view);
    if (isIgnored(signals, signal)) discard(task, signal);
  }
  return a.pointer(2) === 0 ? 0 : putStructure(task, a.pointer(2), ACTION.bytes, into => writeAction(into, old));
}
function readAction(view: DataView): SignalAction {
  return {
    handler: view.getBigUint64(ACTION.handler, true), flags: view.getBigUint64(ACTION.flags, true) & SA_KNOWN,
    restorer: view.getBigUint64(ACTION.restorer, true), mask: view.getBigUint64(ACTION.mask, true) & ~UNBLOCKABLE,
  };
}
function writeAction(view: DataView, action: SignalAction): void {
  view.setBigUint64(ACTION.handler, action.handler, true);
  view.setBigUint64(ACTION.flags, action.flags, true);
  view.setBigUint64(ACTION.restorer, action.restorer, true);
  view.setBigUint64(ACTION.mask, action.mask, true);
}
/** "Setting a signal action to SIG_IGN for a signal that is pending shall cause the pending signal to be discarded, whether or not it is blocked": POSIX. */
function discard(task: KernelTask, signal: number): void {
  const { pending } = task.signals;
  for (let i = pending.length - 1; i >= 0; i--) if (pending[i]?.signal === signal) pending.splice(i, 1);
}

// — masks —

const MASK_CHANGES: { readonly [how: number]: (mask: bigint, set: bigint) => bigint } = {
  /* SIG_BLOCK */ 0: (mask, set) => mask | set,
  /* SIG_UNBLOCK */ 1: (mask, set) => mask & ~set,
  /* SIG_SETMASK */ 2: (_mask, set) => set,
};
function rtSigprocmask(task: KernelTask, a: Args): Result {
  if (a.size(3) !== SET_BYTES) return -EINVAL;
  const { signals } = task, old = signals.mask;
  if (a.pointer(1) !== 0) {
    const set = userStructure(task, a.pointer(1), SET_BYTES);
    if (set === null) return -EFAULT;
    const changed = MASK_CHANGES[a.int(0)]?.(old, set.getBigUint64(0, true) & ~UNBLOCKABLE);
    if (changed === undefined) return -EINVAL;
    signals.mask = changed;
  }
  return a.pointer(2) === 0 ? 0 : putStructure(task, a.pointer(2), SET_BYTES, view => view.setBigUint64(0, old, true));
}
function rtSigpending(task: KernelTask, a: Args): Result {
  const { signals } = task, length = a.size(1);
  if (length > SET_BYTES) return -EINVAL;
  const set = signals.pending.reduce((bits, { signal }) => bits | bitOf(signal), 0n) & signals.mask;
  const bytes = new Uint8Array(SET_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, set, true);
  return task.process.memory.copyOut(a.pointer(0), bytes.subarray(0, length)) ? 0 : -EFAULT;
}

// — waiting —

function untilInterrupted(task: KernelTask): Control {
  return { then: 'sleep', until: () => isInterrupted(task.signals) ? -EINTR : null };
}
/** The mask of before comes back with the handler's return. */
function rtSigsuspend(task: KernelTask, a: Args): Result | Control {
  if (a.size(1) !== SET_BYTES) return -EINVAL;
  const set = userStructure(task, a.pointer(0), SET_BYTES), { signals } = task;
  if (set === null) return -EFAULT;
  signals.savedMask = signals.mask;
  signals.mask = set.getBigUint64(0, true) & ~UNBLOCKABLE;
  return untilInterrupted(task);
}

// — the way back, and the alternate stack —

function rtSigreturn(task: KernelTask): Control {
  const { signals } = task, returned = popFrame(task);
  if (returned !== null) {
    signals.mask = returned.mask & ~UNBLOCKABLE;
    if (returned.isSound) setStack(task, returned.stack);
  }
  if (returned === null || !returned.isSound) raise(task, { signal: SIGSEGV, code: SI_KERNEL, address: 0 });
  return { then: 'registers-replaced' };
}

/** MINSIGSTKSZ on x86-64. */
const STACK_BYTES_MIN = 2048n;
function setStack(task: KernelTask, stack: SignalStack): Result {
  const { signals, registers } = task, mode = (stack.flags & ~SS_AUTODISARM) >>> 0;
  if (isOnStack(signals.alternate, registers.get(4))) return -EPERM;
  if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) return -EINVAL;
  if (mode !== SS_DISABLE && stack.size < STACK_BYTES_MIN) return -ENOMEM;
  signals.alternate = mode === SS_DISABLE ? { at: 0n, size: 0n, flags: stack.flags } : stack;
  return 0;
}
function sigaltstack(task: KernelTask, a: Args): Result {
  const { alternate } = task.signals, sp = task.registers.get(4);
  const wanted = a.pointer(0) === 0 ? null : userStructure(task, a.pointer(0), STACK.bytes);
  if (wanted === null && a.pointer(0) !== 0) return -EFAULT;
  const result = wanted === null ? 0 : setStack(task, readStack(wanted, 0));
  if (result < 0 || a.pointer(1) === 0) return result;
  const state = alternate.size === 0n ? SS_DISABLE : isOnStack(alternate, sp) ? SS_ONSTACK : 0;
  const flags = (state | (alternate.flags & SS_AUTODISARM)) >>> 0;
  return putStructure(task, a.pointer(1), STACK.bytes, view => writeStack(view, 0, { ...alternate, flags }));
}

// — sending —

/** To oneself: there is nobody else. Signal 0 only asks whether one is there. */
function send(task: KernelTask, signal: number, code: number): Result {
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  const { user } = task.process.system.host;
  if (signal === 0 || raise(task, { signal, code, address: 0, pid: task.process.pid, uid: user.uid })) return 0;
  // A full queue loses what kill sends, and refuses what names a thread.
  return code === SI_TKILL && signal >= SIGRTMIN ? -EAGAIN : 0;
}
/** 0 and -pid are the process's own group. -1 is everybody but oneself. */
function kill(task: KernelTask, a: Args): Result {
  const pid = a.int(0);
  return pid === 0 || Math.abs(pid) === task.process.pid ? send(task, a.int(1), SI_USER) : -ESRCH;
}
function tkill(task: KernelTask, a: Args): Result {
  if (a.int(0) <= 0) return -EINVAL;
  return a.int(0) === task.tid ? send(task, a.int(1), SI_TKILL) : -ESRCH;
}
function tgkill(task: KernelTask, a: Args): Result {
  if (a.int(0) <= 0 || a.int(1) <= 0) return -EINVAL;
  return a.int(0) === task.process.pid && a.int(1) === task.tid ? send(task, a.int(2), SI_TKILL) : -ESRCH;
}

const STOPS = 'stop signals are ignored: nobody could continue the program';
export const signalCalls: SyscallRows<KernelTask> = [
  [13, { name: 'rt_sigaction', run: rtSigaction, shape: 'signal sigaction sigactionout size → int', partial: STOPS }],
  [14, { name: 'rt_sigprocmask', run: rtSigprocmask, shape: 'sighow sigset sigsetout size → int' }],
  [15, { name: 'rt_sigreturn', run: rtSigreturn, shape: '→ int', partial: 'the image of extended state is FXSAVE\'s' }],
  [34, { name: 'pause', run: untilInterrupted, shape: '→ int', partial: 'with one task, only a pending signal ends it' }],
  [62, { name: 'kill', run: kill, shape: 'int signal → int', partial: 'to oneself; what kill and tgkill send waits in one queue' }],
  [127, { name: 'rt_sigpending', run: rtSigpending, shape: 'sigsetout size → int' }],
  [130, { name: 'rt_sigsuspend', run: rtSigsuspend, shape: 'sigset size → int', partial: 'with one task, only a pending signal ends it' }],
  [131, { name: 'sigaltstack', run: sigaltstack, shape: 'sigstack sigstackout → int' }],
  [200, { name: 'tkill', run: tkill, shape: 'int signal → int', partial: 'to oneself' }],
  [234, { name: 'tgkill', run: tgkill, shape: 'int int signal → int', partial: 'to oneself' }],
];
