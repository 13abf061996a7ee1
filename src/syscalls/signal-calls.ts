/** System calls of signals: sigaction(2), sigprocmask(2), sigreturn(2), sigaltstack(2), kill(2), tkill(2), sigqueue(3), sigpending(2), sigsuspend(2), sigwaitinfo(2), pause(2). */
import { EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM, ESRCH } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import {
  actionOf, infoFrom, isIgnored, pendingSet, raise, raiseProcess, removePending, replaceMask, SET_BYTES, SIGKILL, signalSet, SIGSTOP, SI_KERNEL, takeOf, UNBLOCKABLE,
} from './signal.ts';
import { infoBytes, INFO_BYTES, isForged, isOnStack, popFrame, readInfo, readStack, SI_TKILL, STACK, writeStack } from './signal-frame.ts';
import { SIGNAL_MAX, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, type SignalAction, type SignalInfo, type SignalStack } from './signal-state.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { timespec } from './time.ts';

const SIGSEGV = 11, SIGRTMIN = 32;
const SI_USER = 0;

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
    // "The pending signal [shall] be discarded, whether or not it is blocked": POSIX.
    if (isIgnored(signals, signal)) removePending(task.process, [signal]);
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
    const set = signalSet(task, a.pointer(1));
    if (set === null) return -EFAULT;
    const changed = MASK_CHANGES[a.int(0)]?.(old, set);
    if (changed === undefined) return -EINVAL;
    signals.mask = changed;
  }
  return a.pointer(2) === 0 ? 0 : putStructure(task, a.pointer(2), SET_BYTES, view => view.setBigUint64(0, old, true));
}
function rtSigpending(task: KernelTask, a: Args): Result {
  const { signals } = task, length = a.size(1);
  if (length > SET_BYTES) return -EINVAL;
  const set = pendingSet(signals) & signals.mask;
  const bytes = new Uint8Array(SET_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, set, true);
  return task.process.memory.copyOut(a.pointer(0), bytes.subarray(0, length)) ? 0 : -EFAULT;
}

// — waiting —

/** Only a signal ends it. */
function untilInterrupted(): Control { return { then: 'sleep', isRoused: true, until: () => null, onSignal: 'fail' }; }
/** The mask of before comes back with the handler's return. */
function rtSigsuspend(task: KernelTask, a: Args): Result | Control {
  if (a.size(1) !== SET_BYTES) return -EINVAL;
  const set = signalSet(task, a.pointer(0));
  if (set === null) return -EFAULT;
  replaceMask(task.signals, set);
  return untilInterrupted();
}
/** The signals waited for are taken without a handler, and are not blocked as far as the choice of a thread goes. */
function rtSigtimedwait(task: KernelTask, a: Args): Result | Control {
  if (a.size(3) !== SET_BYTES) return -EINVAL;
  const set = signalSet(task, a.pointer(0)), { signals } = task, { clock } = task.process.system, infoAt = a.pointer(1);
  if (set === null) return -EFAULT;
  const ns = a.pointer(2) === 0 ? Infinity : timespec(task, a.pointer(2));
  if (ns < 0) return ns;
  const deadline = clock.monotonicNs() + ns;
  const attempt = (): Result | null => {
    const info = takeOf(signals, set);
    if (info === null) return clock.monotonicNs() >= deadline ? -EAGAIN : null;
    signals.awaited = 0n;
    return infoAt !== 0 && !task.process.memory.copyOut(infoAt, infoBytes(info)) ? -EFAULT : info.signal;
  };
  const now = attempt();
  if (now !== null) return now;
  signals.awaited = set;
  const over = (): void => { signals.awaited = 0n; };
  return {
    then: 'sleep', isRoused: true, abandoned: over, onSignal: 'fail', failsAfterStop: true, wakesAtNs: ns === Infinity ? undefined : deadline,
    until: () => { const result = attempt(); if (result !== null) over(); return result; },
  };
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

/** Signal 0 only asks whether somebody is there. */
function isSignal(signal: number): boolean { return signal >= 0 && signal <= SIGNAL_MAX; }
/** A positive pid is a process; 0 and -pid are a group; -1 is everybody but oneself (and the first process, as init is spared). */
function kill(task: KernelTask, a: Args): Result {
  const pid = a.int(0), signal = a.int(1), { process } = task, { processes } = process.system;
  const all = [...processes.values()], group = pid === 0 ? process.group : -pid;
  const targets: readonly KernelProcess[] = pid > 0 ? all.filter(other => other.pid === pid)
    : pid === -1 ? all.filter(other => other !== process) : all.filter(other => other.group === group);
  if (targets.length === 0) return -ESRCH;
  if (!isSignal(signal)) return -EINVAL;
  if (signal !== 0) for (const target of targets) raiseProcess(target, infoFrom(process, signal, SI_USER));
  return 0;
}
/** A full queue loses what kill sends, and refuses what names a thread. */
function direct(target: KernelTask | undefined, info: SignalInfo): Result {
  if (target === undefined) return -ESRCH;
  if (!isSignal(info.signal)) return -EINVAL;
  return info.signal === 0 || raise(target, info) || info.signal < SIGRTMIN ? 0 : -EAGAIN;
}
function tkill(task: KernelTask, a: Args): Result {
  if (a.int(0) <= 0) return -EINVAL;
  return direct(task.process.system.tasks.get(a.int(0)), infoFrom(task.process, a.int(1), SI_TKILL));
}
function inGroup(task: KernelTask, pid: number, tid: number): KernelTask | undefined {
  const target = task.process.system.tasks.get(tid);
  return target?.process.pid === pid ? target : undefined;
}
function tgkill(task: KernelTask, a: Args): Result {
  if (a.int(0) <= 0 || a.int(1) <= 0) return -EINVAL;
  return direct(inGroup(task, a.int(0), a.int(1)), infoFrom(task.process, a.int(2), SI_TKILL));
}
/** siginfo_t from a program: its code must not be one of the kernel's, but to oneself. */
function userInfo(task: KernelTask, a: Args, i: number, signal: number, isOwn: boolean): SignalInfo | Result {
  const view = userStructure(task, a.pointer(i), INFO_BYTES);
  if (view === null) return -EFAULT;
  if (!isSignal(signal)) return -EINVAL;
  const info = { ...readInfo(view), signal };
  return isForged(info) && !isOwn ? -EPERM : info;
}
function rtSigqueueinfo(task: KernelTask, a: Args): Result {
  const info = userInfo(task, a, 2, a.int(1), a.int(0) === task.process.pid), target = task.process.system.processes.get(a.int(0));
  if (typeof info === 'number') return info;
  if (target === undefined) return -ESRCH;
  return info.signal === 0 || raiseProcess(target, info) || info.signal < SIGRTMIN ? 0 : -EAGAIN;
}
function rtTgsigqueueinfo(task: KernelTask, a: Args): Result {
  if (a.int(0) <= 0 || a.int(1) <= 0) return -EINVAL;
  const info = userInfo(task, a, 3, a.int(2), a.int(0) === task.process.pid);
  return typeof info === 'number' ? info : direct(inGroup(task, a.int(0), a.int(1)), info);
}

export const signalCalls: SyscallRows<KernelTask> = [
  call(13, 'rt_sigaction', 'signal sigaction sigactionout size → int', rtSigaction),
  call(14, 'rt_sigprocmask', 'sighow sigset sigsetout size → int', rtSigprocmask),
  call(15, 'rt_sigreturn', '→ int', rtSigreturn),
  call(34, 'pause', '→ int', untilInterrupted),
  call(62, 'kill', 'int signal → int', kill),
  call(127, 'rt_sigpending', 'sigsetout size → int', rtSigpending),
  call(128, 'rt_sigtimedwait', 'sigset ptr timespec? size → int', rtSigtimedwait),
  call(129, 'rt_sigqueueinfo', 'int signal ptr → int', rtSigqueueinfo),
  call(130, 'rt_sigsuspend', 'sigset size → int', rtSigsuspend),
  call(131, 'sigaltstack', 'sigstack sigstackout → int', sigaltstack),
  call(200, 'tkill', 'int signal → int', tkill),
  call(234, 'tgkill', 'int int signal → int', tgkill),
  call(297, 'rt_tgsigqueueinfo', 'int int signal ptr → int', rtTgsigqueueinfo),
];
