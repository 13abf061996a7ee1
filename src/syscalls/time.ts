/** clock_gettime(2), nanosleep(2), times(2), getrusage(2) and their families, on the virtual clock (clock.ts). */
import { EFAULT, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { Clock } from './clock.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import type { Args, Control, SyscallRows } from './task.ts';

const TIMER_ABSTIME = 1;
interface Time { readonly seconds: number; readonly nanoseconds: number }
const split = (ns: number): Time => ({ seconds: Math.floor(ns / 1e9), nanoseconds: ns % 1e9 });
const real = (clock: Clock): Time => ({ seconds: clock.realSeconds(), nanoseconds: clock.realNanoseconds() });
const monotonic = (clock: Clock): Time => split(clock.monotonicNs());
const cpu = (clock: Clock): Time => split(clock.cpuNs());
/** By number: REALTIME, MONOTONIC, PROCESS_ and THREAD_CPUTIME_ID, MONOTONIC_RAW, the COARSE ones, BOOTTIME, the ALARM ones, (none), TAI. */
const CLOCKS: readonly (((clock: Clock) => Time) | undefined)[] = [
  real, monotonic, cpu, cpu, monotonic, real, monotonic, monotonic, real, monotonic, undefined, real,
];

function clockGettime(task: KernelTask, a: Args): Result {
  const time = CLOCKS[a.int(0)]?.(task.process.system.clock);
  return time === undefined ? -EINVAL : putTime(task, a.pointer(1), time.seconds, time.nanoseconds);
}
function clockGetres(task: KernelTask, a: Args): Result {
  if (CLOCKS[a.int(0)] === undefined) return -EINVAL;
  return a.pointer(1) === 0 ? 0 : putTime(task, a.pointer(1), 0, 1);
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

/** Sleeps: nothing else can happen meanwhile, so the clock jumps. */
function sleepUntil(clock: Clock, wakesAtNs: number): Control {
  return { then: 'sleep', until: () => clock.monotonicNs() >= wakesAtNs ? 0 : null, wakesAtNs };
}
/** A struct timespec as nanoseconds, or -errno. Longer than a century is as long. */
export function timespec(task: KernelTask, at: Va): number {
  const view = userStructure(task, at, 16);
  if (view === null) return -EFAULT;
  const seconds = getWord(view, 0), nanoseconds = getWord(view, 8);
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1e9) return -EINVAL;
  return Math.min(seconds * 1e9 + nanoseconds, 3.2e18);
}
function nanosleep(task: KernelTask, a: Args): Result | Control {
  const { clock } = task.process.system, ns = timespec(task, a.pointer(0));
  return ns < 0 ? ns : sleepUntil(clock, clock.monotonicNs() + ns);
}
function clockNanosleep(task: KernelTask, a: Args): Result | Control {
  const { clock } = task.process.system, now = CLOCKS[a.int(0)]?.(clock), ns = timespec(task, a.pointer(2));
  if (now === undefined) return -EINVAL;
  if (ns < 0) return ns;
  const left = (a.int(1) & TIMER_ABSTIME) === 0 ? ns : ns - now.seconds * 1e9 - now.nanoseconds;
  return left <= 0 ? 0 : sleepUntil(clock, clock.monotonicNs() + left);
}

/** Clock ticks are 10 ms (AT_CLKTCK). */
const TICK_NANOSECONDS = 1e7;
function times(task: KernelTask, a: Args): Result {
  const { clock } = task.process.system;
  if (a.pointer(0) !== 0) {
    const told = putStructure(task, a.pointer(0), 32, view => setWord(view, 0, Math.floor(clock.cpuNs() / TICK_NANOSECONDS)));
    if (told < 0) return told;
  }
  return Math.floor(clock.monotonicNs() / TICK_NANOSECONDS);
}
function getrusage(task: KernelTask, a: Args): Result {
  const RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1, who = a.int(0);
  if (who !== RUSAGE_SELF && who !== RUSAGE_CHILDREN && who !== RUSAGE_THREAD) return -EINVAL;
  return putStructure(task, a.pointer(1), 144, view => {
    if (who === RUSAGE_CHILDREN) return;
    const { memory, system } = task.process, used = cpu(system.clock);
    setWord(view, 0, used.seconds); setWord(view, 8, Math.floor(used.nanoseconds / 1000));
    setWord(view, 32, memory.peakResidentBytes / 1024);
    setWord(view, 64, memory.minorFaults);
  });
}

export const timeCalls: SyscallRows<KernelTask> = [
  [35, { name: 'nanosleep', run: nanosleep, shape: 'timespec ptr → int' }],
  [96, { name: 'gettimeofday', run: gettimeofday, shape: 'timeval ptr → int' }],
  [98, { name: 'getrusage', run: getrusage, shape: 'rusage ptr → int', partial: 'user time, peak memory and minor faults' }],
  [100, { name: 'times', run: times, shape: 'ptr → int', partial: 'user time only' }],
  [201, { name: 'time', run: time, shape: 'ptr → int' }],
  [228, { name: 'clock_gettime', run: clockGettime, shape: 'clock timespecout → int', partial: 'no clocks of other processes' }],
  [229, { name: 'clock_getres', run: clockGetres, shape: 'clock timespecout → int' }],
  [230, { name: 'clock_nanosleep', run: clockNanosleep, shape: 'clock timer timespec ptr → int' }],
];
