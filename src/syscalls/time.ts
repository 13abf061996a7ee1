/** clock_gettime(2), nanosleep(2), times(2), getrusage(2) and their families, on the virtual clock (clock.ts). */
import { EFAULT, EINTR, EINVAL, EPERM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { CYCLES_PER_NANOSECOND, type Clock } from './clock.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';

const TIMER_ABSTIME = 1, THREAD_CPUTIME = 3;
/** A moment or a span: split, for doubles hold no date to the nanosecond. */
export interface Time { readonly seconds: number; readonly nanoseconds: number }
const split = (ns: number): Time => ({ seconds: Math.floor(ns / 1e9), nanoseconds: ns % 1e9 });
const real = (clock: Clock): Time => ({ seconds: clock.realSeconds(), nanoseconds: clock.realNanoseconds() });
const monotonic = (clock: Clock): Time => split(clock.monotonicNs());
const ofProcess = (_clock: Clock, { process }: KernelTask): Time => split(process.system.life.cpuNs(process));
const ofThread = (_clock: Clock, task: KernelTask): Time => split(task.process.system.life.taskCpuNs(task));
type ClockReader = (clock: Clock, task: KernelTask) => Time;
/** By number: REALTIME, MONOTONIC, PROCESS_ and THREAD_CPUTIME_ID, MONOTONIC_RAW, the COARSE ones, BOOTTIME, the ALARM ones, (none), TAI. */
const CLOCKS: readonly (ClockReader | undefined)[] = [
  real, monotonic, ofProcess, ofThread, monotonic, real, monotonic, monotonic, real, monotonic, undefined, real,
];
const COARSE = [5, 6], COARSE_NANOSECONDS = 4_000_000;

/** How a clock is read; negative ids are processor time of another task: ~pid << 3, 4 for a thread, and a kind (clock_getcpuclockid(3)). */
function clockOf(task: KernelTask, id: number): ClockReader | undefined {
  if (id >= 0) return CLOCKS[id];
  const pid = ~(id >> 3), { processes, tasks } = task.process.system;
  if ((id & 3) === 3) return undefined;
  const thread = (id & 4) === 0 ? null : pid === 0 ? task : tasks.get(pid), process = (id & 4) !== 0 ? null : pid === 0 ? task.process : processes.get(pid);
  if (thread?.process === task.process) return clock => ofThread(clock, thread);
  const leader = process?.tasks[0];
  return leader === undefined ? undefined : clock => ofProcess(clock, leader);
}
/** Nanoseconds on a clock, now; undefined: there is none. */
export function readClock(task: KernelTask, id: number): number | undefined {
  const time = clockOf(task, id)?.(task.process.system.clock, task);
  return time === undefined ? undefined : time.seconds * 1e9 + time.nanoseconds;
}

function clockGettime(task: KernelTask, a: Args): Result {
  const time = clockOf(task, a.int(0))?.(task.process.system.clock, task);
  return time === undefined ? -EINVAL : putTime(task, a.pointer(1), time.seconds, time.nanoseconds);
}
function clockGetres(task: KernelTask, a: Args): Result {
  if (clockOf(task, a.int(0)) === undefined) return -EINVAL;
  return a.pointer(1) === 0 ? 0 : putTime(task, a.pointer(1), 0, COARSE.includes(a.int(0)) ? COARSE_NANOSECONDS : 1);
}
function clockSettime(task: KernelTask, a: Args): Result {
  const ns = timespec(task, a.pointer(1));
  if (a.int(0) !== 0) return -EINVAL;
  return ns < 0 ? ns : -EPERM;
}
function putTime(task: KernelTask, at: Va, seconds: number, fraction: number): Result {
  return putStructure(task, at, 16, view => { setWord(view, 0, seconds); setWord(view, 8, fraction); });
}
function gettimeofday(task: KernelTask, a: Args): Result {
  const now = real(task.process.system.clock);
  const told = a.pointer(0) === 0 ? 0 : putTime(task, a.pointer(0), now.seconds, Math.floor(now.nanoseconds / 1000));
  return told < 0 || a.pointer(1) === 0 ? told : putStructure(task, a.pointer(1), 8, () => {});
}
function time(task: KernelTask, a: Args): Result {
  const now = task.process.system.clock.realSeconds();
  if (a.pointer(0) === 0) return now;
  const told = putStructure(task, a.pointer(0), 8, view => setWord(view, 0, now));
  return told < 0 ? told : now;
}

// — struct timespec, timeval, itimerspec, rusage —

/** Longer than a century is as long. */
export const NANOSECONDS_MAX = 3.2e18;
export function nsOf({ seconds, nanoseconds }: Time): number { return Math.min(seconds * 1e9 + nanoseconds, NANOSECONDS_MAX); }
/** A struct timespec at `at` of a structure; null: it is none. */
export function timeAt(view: DataView, at: number): Time | null {
  const seconds = getWord(view, at), nanoseconds = getWord(view, at + 8);
  return seconds < 0 || nanoseconds < 0 || nanoseconds >= 1e9 ? null : { seconds, nanoseconds };
}
/** A struct timeval, whatever is in it. */
export function timevalAt(view: DataView, at: number): { readonly seconds: number; readonly microseconds: number } {
  return { seconds: getWord(view, at), microseconds: getWord(view, at + 8) };
}
/** A struct timespec of the guest as nanoseconds, or -errno. */
export function timespec(task: KernelTask, at: Va): number {
  const view = userStructure(task, at, 16);
  if (view === null) return -EFAULT;
  const time = timeAt(view, 0);
  return time === null ? -EINVAL : nsOf(time);
}
export function setTimespec(view: DataView, at: number, ns: number): void {
  const { seconds, nanoseconds } = split(ns);
  setWord(view, at, seconds); setWord(view, at + 8, nanoseconds);
}
export function setTimeval(view: DataView, at: number, ns: number, round = Math.floor): void {
  const microseconds = round(ns / 1000);
  setWord(view, at, Math.floor(microseconds / 1e6)); setWord(view, at + 8, microseconds % 1e6);
}
/** struct itimerspec. */
export const ITIMERSPEC_BYTES = 32;
export function putItimerspec(task: KernelTask, at: Va, left: number, interval: number): Result {
  return putStructure(task, at, ITIMERSPEC_BYTES, view => { setTimespec(view, 0, interval); setTimespec(view, 16, left); });
}
/** struct rusage: user time, peak memory, minor faults. */
export function putUsage(task: KernelTask, at: Va, userNs: number, peakBytes: number, minorFaults: number): Result {
  return putStructure(task, at, 144, view => { setTimeval(view, 0, userNs); setWord(view, 32, peakBytes / 1024); setWord(view, 64, minorFaults); });
}

/** `leftAt`: where a signal has the time left written; 0: nowhere. */
function sleepUntil(task: KernelTask, wakesAtNs: number, leftAt: Va): Control {
  const { clock } = task.process.system;
  const onSignal = (): Result => {
    const left = split(Math.max(0, wakesAtNs - clock.monotonicNs()));
    return leftAt !== 0 && putTime(task, leftAt, left.seconds, left.nanoseconds) < 0 ? -EFAULT : -EINTR;
  };
  return { then: 'sleep', isRoused: true, until: () => clock.monotonicNs() >= wakesAtNs ? 0 : null, wakesAtNs, onSignal };
}
function nanosleep(task: KernelTask, a: Args): Result | Control {
  const { clock } = task.process.system, ns = timespec(task, a.pointer(0));
  return ns < 0 ? ns : sleepUntil(task, clock.monotonicNs() + ns, a.pointer(1));
}
function clockNanosleep(task: KernelTask, a: Args): Result | Control {
  const { clock } = task.process.system, now = readClock(task, a.int(0)), ns = timespec(task, a.pointer(2)), isAbsolute = (a.int(1) & TIMER_ABSTIME) !== 0;
  if (now === undefined || a.int(0) === THREAD_CPUTIME) return -EINVAL;
  if (ns < 0) return ns;
  const left = isAbsolute ? ns - now : ns;
  return left <= 0 ? 0 : sleepUntil(task, clock.monotonicNs() + left, isAbsolute ? 0 : a.pointer(3));
}

/** Clock ticks are 10 ms (AT_CLKTCK). */
const TICK_NANOSECONDS = 1e7;
const childrenNs = ({ process }: KernelTask): number => Math.floor(process.childrenCycles / CYCLES_PER_NANOSECOND);
function times(task: KernelTask, a: Args): Result {
  const { clock, life } = task.process.system;
  if (a.pointer(0) !== 0) {
    const told = putStructure(task, a.pointer(0), 32, view => {
      setWord(view, 0, Math.floor(life.cpuNs(task.process) / TICK_NANOSECONDS));
      setWord(view, 16, Math.floor(childrenNs(task) / TICK_NANOSECONDS));
    });
    if (told < 0) return told;
  }
  return Math.floor(clock.monotonicNs() / TICK_NANOSECONDS);
}
function getrusage(task: KernelTask, a: Args): Result {
  const RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1, who = a.int(0);
  if (who !== RUSAGE_SELF && who !== RUSAGE_CHILDREN && who !== RUSAGE_THREAD) return -EINVAL;
  const { process } = task, { memory, system: { life } } = process;
  if (who === RUSAGE_CHILDREN) return putUsage(task, a.pointer(1), childrenNs(task), process.childrenPeakBytes, process.childrenFaults);
  return putUsage(task, a.pointer(1), who === RUSAGE_SELF ? life.cpuNs(process) : life.taskCpuNs(task), memory.peakResidentBytes, memory.minorFaults);
}

export const timeCalls: SyscallRows<KernelTask> = [
  call(35, 'nanosleep', 'timespec ptr → int', nanosleep),
  call(96, 'gettimeofday', 'timeval ptr → int', gettimeofday),
  call(98, 'getrusage', 'rusage ptr → int', getrusage, 'user time, peak memory and minor faults'),
  call(100, 'times', 'ptr → int', times, 'user time only'),
  call(201, 'time', 'ptr → int', time),
  call(227, 'clock_settime', 'clock timespec → int', clockSettime, 'nobody may set a clock'),
  call(228, 'clock_gettime', 'clock timespecout → int', clockGettime),
  call(229, 'clock_getres', 'clock timespecout → int', clockGetres),
  call(230, 'clock_nanosleep', 'clock timer timespec ptr → int', clockNanosleep),
];
