/** alarm(2), setitimer(2), getitimer(2), timer_create(2) and its family: signals at a time. */
import { EAGAIN, EFAULT, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { ROUNDING_NANOSECONDS } from './clock.ts';
import type { Result } from './file.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { isQueued, pendingCount, raise, raiseProcess, SI_KERNEL } from './signal.ts';
import { SIGNAL_MAX, type SignalInfo } from './signal-state.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { ITIMERSPEC_BYTES, nsOf, putItimerspec, readClock, setTimeval, timeAt, timevalAt } from './time.ts';
import type { Timer } from './timers.ts';

/** Something that fires once or again and again, on the clock or on a task's processor time. Nanoseconds. */
class Alarm {
  interval = 0;
  /** On its own clock; 0: disarmed. */
  expiry = 0;
  private timer: Timer | null = null;
  /** It rang last and nobody was told: nor will it change anything while all sleep. */
  private isVain = false;
  private readonly task: KernelTask;
  private readonly clock: number;
  private readonly ring: (missed: number) => boolean;
  /** @param ring false: it told nobody */
  constructor(task: KernelTask, clock: number, ring: (missed: number) => boolean) { this.task = task; this.clock = clock; this.ring = ring; }

  private now(): number { return readClock(this.task, this.clock) ?? 0; }
  get left(): number { return this.expiry === 0 ? 0 : Math.max(1, this.expiry - this.now()); }
  /** @param delay nanoseconds from now, or a moment if absolute; 0 disarms */
  arm(delay: number, interval: number, isAbsolute: boolean): void {
    this.cancel();
    this.interval = interval;
    this.isVain = false;
    if (delay === 0) return;
    this.expiry = isAbsolute ? delay : this.now() + delay;
    this.schedule();
  }
  cancel(): void { this.timer?.cancel(); this.timer = null; this.expiry = 0; }
  private schedule(): void {
    const { timers, clock } = this.task.process.system, fire = (): void => { this.fire(); };
    const isProcessorTime = this.clock < 0 || this.clock === PROCESS_CPUTIME || this.clock === THREAD_CPUTIME;
    this.timer = isProcessorTime ? timers.when(() => this.now() >= this.expiry, fire)
      : timers.at(clock.monotonicNs() + Math.max(0, this.expiry - this.now()), fire, this.isVain);
  }
  /** Periods that went by meanwhile are one ring that tells how many. */
  private fire(): void {
    const now = this.now(), isPeriodic = this.interval > 0, missed = isPeriodic ? Math.max(0, Math.floor((now - this.expiry) / this.interval)) : 0;
    this.timer = null;
    this.expiry = isPeriodic ? this.expiry + this.interval * (missed + 1) : 0;
    if (isPeriodic && this.expiry <= now) this.expiry = now + ROUNDING_NANOSECONDS; // Centuries from now, nanoseconds are too small for doubles.
    this.isVain = !this.ring(missed);
    if (isPeriodic) this.schedule();
  }
}

const MONOTONIC = 1, PROCESS_CPUTIME = 2, THREAD_CPUTIME = 3;
const SIGALRM = 14, SIGVTALRM = 26, SIGPROF = 27, SI_TIMER = -2;
/** ITIMER_REAL, _VIRTUAL, _PROF: the clock and the signal. There is no system time. */
const INTERVAL_TIMERS: readonly (readonly [clock: number, signal: number])[] = [[MONOTONIC, SIGALRM], [PROCESS_CPUTIME, SIGVTALRM], [PROCESS_CPUTIME, SIGPROF]];

/** A process's timers, made when the first is asked for. A child has none; execve keeps the interval timers. */
interface OfProcess { readonly interval: readonly Alarm[]; readonly posix: Map<number, PosixTimer>; nextId: number }
/** `overrun`: times it fired beyond the one that is being told (timer_getoverrun(2)). */
interface PosixTimer { readonly alarm: Alarm; overrun: number }
/** Whether a signal was kept or given to somebody: it may be ignored, or pending already. */
function rings(process: KernelProcess, raiseIt: () => void): boolean {
  const before = pendingCount(process);
  raiseIt();
  return pendingCount(process) > before;
}
const known = new WeakMap<KernelProcess, OfProcess>();
function timersOf(task: KernelTask): OfProcess {
  const { process } = task, there = known.get(process);
  if (there !== undefined) return there;
  const interval = INTERVAL_TIMERS.map(([clock, signal]) => new Alarm(task, clock, () => rings(process, () => raiseProcess(process, { signal, code: SI_KERNEL, address: 0 }))));
  const made: OfProcess = { interval, posix: new Map(), nextId: 0 };
  known.set(process, made);
  process.atEnd.push(() => { for (const alarm of interval) alarm.cancel(); forgetPosixTimers(process); });
  return made;
}
/** execve(2): "POSIX timers are not preserved". */
export function forgetPosixTimers(process: KernelProcess): void {
  const timers = known.get(process);
  if (timers === undefined) return;
  for (const { alarm } of timers.posix.values()) alarm.cancel();
  process.system.shared.posixTimers -= timers.posix.size;
  timers.posix.clear();
}

// — interval timers —

const MICROSECONDS = 1e6;
/** A struct timeval at `at` of a structure, in nanoseconds, or -EINVAL. */
function timeval(view: DataView, at: number): number {
  const { seconds, microseconds } = timevalAt(view, at);
  return seconds < 0 || microseconds < 0 || microseconds >= MICROSECONDS ? -EINVAL : nsOf({ seconds, nanoseconds: microseconds * 1000 });
}
/** struct itimerval. What is left is rounded up: none is left only of a timer that is disarmed. */
const ITIMERVAL_BYTES = 32;
function putInterval(task: KernelTask, at: Va, left: number, interval: number): Result {
  return putStructure(task, at, ITIMERVAL_BYTES, view => { setTimeval(view, 0, interval, Math.ceil); setTimeval(view, 16, left, Math.ceil); });
}
function getitimer(task: KernelTask, a: Args): Result {
  const alarm = timersOf(task).interval[a.int(0)];
  return alarm === undefined ? -EINVAL : putInterval(task, a.pointer(1), alarm.left, alarm.interval);
}
function setitimer(task: KernelTask, a: Args): Result {
  const alarm = timersOf(task).interval[a.int(0)], view = a.pointer(1) === 0 ? null : userStructure(task, a.pointer(1), ITIMERVAL_BYTES);
  if (view === null && a.pointer(1) !== 0) return -EFAULT;
  const interval = view === null ? 0 : timeval(view, 0), value = view === null ? 0 : timeval(view, 16);
  if (alarm === undefined || interval < 0 || value < 0) return -EINVAL;
  const { left, interval: old } = alarm;
  alarm.arm(value, interval, false);
  return a.pointer(2) === 0 ? 0 : putInterval(task, a.pointer(2), left, old);
}
/** Seconds that were left, rounded to the nearest but never to none. */
function alarm(task: KernelTask, a: Args): Result {
  const timer = timersOf(task).interval[0]!, { left } = timer;
  timer.arm(a.uint(0) * 1e9, 0, false);
  return left === 0 ? 0 : Math.max(1, Math.round(left / 1e9));
}

// — POSIX timers —

/** struct sigevent: value, signal, how, thread. */
const SIGEVENT_BYTES = 64, SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4;
/** Of all processes together, as RLIMIT_SIGPENDING has it. */
const TIMERS_MAX = 4096, OVERRUN_MAX = 0x7fff_ffff;
function timerCreate(task: KernelTask, a: Args): Result {
  const clock = a.int(0), timers = timersOf(task), { process } = task;
  if (readClock(task, clock) === undefined) return -EINVAL;
  if (process.system.shared.posixTimers >= TIMERS_MAX) return -EAGAIN;
  const event = a.pointer(1) === 0 ? null : userStructure(task, a.pointer(1), SIGEVENT_BYTES);
  if (event === null && a.pointer(1) !== 0) return -EFAULT;
  const id = timers.nextId, how = event?.getInt32(12, true) ?? SIGEV_SIGNAL, signal = event?.getInt32(8, true) ?? SIGALRM;
  const value = event?.getBigUint64(0, true) ?? BigInt(id);
  if (how !== SIGEV_SIGNAL && how !== SIGEV_NONE && how !== SIGEV_THREAD_ID) return -EINVAL;
  if (how !== SIGEV_NONE && (signal < 1 || signal > SIGNAL_MAX)) return -EINVAL;
  const target = how === SIGEV_THREAD_ID ? process.system.tasks.get(event!.getInt32(16, true)) : undefined;
  if (how === SIGEV_THREAD_ID && target?.process !== process) return -EINVAL;
  // si_timerid and si_overrun lie where pid and uid do. A timer has one signal pending at most, which counts (timer_getoverrun(2)).
  const info: SignalInfo = { signal, code: SI_TIMER, address: 0, pid: id, get uid() { return timer.overrun; }, value };
  const ring = (missed: number): boolean => {
    if (isQueued(process, info)) { timer.overrun = Math.min(timer.overrun + missed + 1, OVERRUN_MAX); return false; }
    timer.overrun = Math.min(missed, OVERRUN_MAX);
    return rings(process, () => {
      if (how === SIGEV_SIGNAL) raiseProcess(process, info); else if (target !== undefined && !target.isGone) raise(target, info);
    });
  };
  const timer: PosixTimer = { alarm: new Alarm(task, clock, ring), overrun: 0 };
  if (putStructure(task, a.pointer(2), 4, view => view.setInt32(0, id, true)) < 0) return -EFAULT;
  timers.posix.set(id, timer);
  process.system.shared.posixTimers += 1;
  timers.nextId += 1;
  return 0;
}
const TIMER_ABSTIME = 1;
function timerSettime(task: KernelTask, a: Args): Result {
  const timer = timersOf(task).posix.get(a.int(0));
  if (a.pointer(2) === 0) return -EINVAL;
  const view = userStructure(task, a.pointer(2), ITIMERSPEC_BYTES);
  if (view === null) return -EFAULT;
  const interval = timeAt(view, 0), value = timeAt(view, 16);
  if (timer === undefined || interval === null || value === null) return -EINVAL;
  const { left, interval: old } = timer.alarm;
  timer.alarm.arm(nsOf(value), nsOf(interval), (a.int(1) & TIMER_ABSTIME) !== 0);
  timer.overrun = 0;
  return a.pointer(3) === 0 ? 0 : putItimerspec(task, a.pointer(3), left, old);
}
function timerGettime(task: KernelTask, a: Args): Result {
  const timer = timersOf(task).posix.get(a.int(0));
  return timer === undefined ? -EINVAL : putItimerspec(task, a.pointer(1), timer.alarm.left, timer.alarm.interval);
}
function timerDelete(task: KernelTask, a: Args): Result {
  const { posix } = timersOf(task), timer = posix.get(a.int(0));
  if (timer === undefined) return -EINVAL;
  timer.alarm.cancel();
  posix.delete(a.int(0));
  task.process.system.shared.posixTimers -= 1;
  return 0;
}

export const timerCalls: SyscallRows<KernelTask> = [
  call(36, 'getitimer', 'int ptr → int', getitimer),
  call(37, 'alarm', 'uint → int', alarm),
  call(38, 'setitimer', 'int ptr ptr → int', setitimer),
  call(222, 'timer_create', 'clock ptr ptr → int', timerCreate),
  call(223, 'timer_settime', 'int hex ptr ptr → int', timerSettime),
  call(224, 'timer_gettime', 'int ptr → int', timerGettime),
  call(225, 'timer_getoverrun', 'int → int', (task, a) => timersOf(task).posix.get(a.int(0))?.overrun ?? -EINVAL),
  call(226, 'timer_delete', 'int → int', timerDelete),
];
