/** timerfd_create(2): a timer that is read. As on Linux it rests between its expiry and the read that tells of it. */
import { EAGAIN, EBADF, EFAULT, EINVAL, EPERM } from '../base/errno.ts';
import type { Clock } from './clock.ts';
import { ANONYMOUS_STAT } from './eventfd.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask, System } from './process.ts';
import { userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { ITIMERSPEC_BYTES, NANOSECONDS_MAX, nsOf, putItimerspec, timeAt, type Time } from './time.ts';
import type { Timer } from './timers.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR, POLLIN } from './uapi.ts';

const CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7, ALARM_CLOCKS: readonly number[] = [8, 9];
const TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2;
const COUNT_BYTES = 8;

export class TimerFile implements File {
  readonly name = 'anon_inode:[timerfd]';
  readonly edges = { input: 0, output: 0 };
  private readonly system: System;
  private readonly clockId: number;
  private timer: Timer | null = null;
  /** On the monotonic clock. */
  private expiresAt = 0;
  private interval = 0;
  private ticks = 0;
  /** It went off, and waits to be read before it goes on. */
  private isResting = false;
  constructor(system: System, clockId: number) { this.system = system; this.clockId = clockId; }

  private get clock(): Clock { return this.system.clock; }
  private fire(): void {
    this.timer?.cancel();
    this.timer = null;
    this.ticks += 1;
    this.isResting = true;
    this.edges.input += 1;
  }
  /** Time may have passed since anybody looked. */
  private look(): void { if (this.timer !== null && this.clock.monotonicNs() >= this.expiresAt) this.fire(); }
  private schedule(): void { this.timer = this.system.timers.at(this.expiresAt, () => this.fire()); }
  /** A periodic timer goes on: periods that went by meanwhile count. */
  private goOn(): void {
    if (!this.isResting || this.interval === 0) return;
    const missed = Math.max(0, Math.floor((this.clock.monotonicNs() - this.expiresAt) / this.interval));
    this.ticks += missed;
    this.expiresAt += (missed + 1) * this.interval;
    this.isResting = false;
    this.schedule();
  }
  set(value: Time, interval: number, isAbsolute: boolean): void {
    this.timer?.cancel();
    this.timer = null;
    this.ticks = 0;
    this.isResting = false;
    this.interval = interval;
    if (value.seconds === 0 && value.nanoseconds === 0) return;
    const now = this.clock.monotonicNs();
    this.expiresAt = !isAbsolute ? now + nsOf(value) : this.clockId === CLOCK_REALTIME ? now + this.untilReal(value) : nsOf(value);
    if (this.expiresAt <= now) this.fire(); else this.schedule();
  }
  private untilReal({ seconds, nanoseconds }: Time): number {
    const left = (seconds - this.clock.realSeconds()) * 1e9 + nanoseconds - this.clock.realNanoseconds();
    return Math.max(0, Math.min(left, NANOSECONDS_MAX));
  }
  /** What is left, and the interval, in nanoseconds. */
  get setting(): readonly [value: number, interval: number] {
    this.look();
    this.goOn();
    return [this.timer === null ? 0 : Math.max(1, this.expiresAt - this.clock.monotonicNs()), this.interval];
  }
  read(to: UserBuffer): Result {
    if (to.length < COUNT_BYTES) return -EINVAL;
    this.look();
    if (this.ticks === 0) return -EAGAIN;
    this.goOn();
    const { ticks } = this;
    this.ticks = 0;
    return to.memory.copyOut(to.address, new Uint8Array(new BigUint64Array([BigInt(ticks)]).buffer)) ? COUNT_BYTES : -EFAULT;
  }
  poll(): number { this.look(); return this.ticks > 0 ? POLLIN : 0; }
  seek(): Result { return 0; }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string {
    const [value, interval] = this.setting, pair = (ns: number): string => `(${Math.floor(ns / 1e9)}, ${ns % 1e9})`;
    return `clockid: ${this.clockId}\nticks: ${this.ticks}\nsettime flags: 00\nit_value: ${pair(value)}\nit_interval: ${pair(interval)}\n`;
  }
  release(): void { this.timer?.cancel(); this.timer = null; }
}

function create(task: KernelTask, a: Args): Result {
  const clockId = a.int(0), flags = a.int(1), { files, system } = task.process;
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  if (ALARM_CLOCKS.includes(clockId)) return -EPERM;
  if (clockId !== CLOCK_REALTIME && clockId !== CLOCK_MONOTONIC && clockId !== CLOCK_BOOTTIME) return -EINVAL;
  return files.install(new FileDescription(new TimerFile(system, clockId), O_RDWR | flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
}
function timerOf(task: KernelTask, fd: number): TimerFile | Result {
  const description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  return description.file instanceof TimerFile ? description.file : -EINVAL;
}
function settime(task: KernelTask, a: Args): Result {
  const flags = a.int(1), view = userStructure(task, a.pointer(2), ITIMERSPEC_BYTES);
  if (view === null) return -EFAULT;
  const interval = timeAt(view, 0), value = timeAt(view, 16);
  if (interval === null || value === null || (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0) return -EINVAL;
  const timer = timerOf(task, a.int(0));
  if (typeof timer === 'number') return timer;
  const old = timer.setting;
  timer.set(value, nsOf(interval), (flags & TFD_TIMER_ABSTIME) !== 0);
  return a.pointer(3) === 0 ? 0 : putItimerspec(task, a.pointer(3), ...old);
}
function gettime(task: KernelTask, a: Args): Result {
  const timer = timerOf(task, a.int(0));
  return typeof timer === 'number' ? timer : putItimerspec(task, a.pointer(1), ...timer.setting);
}

export const timerfdCalls: SyscallRows<KernelTask> = [
  call(283, 'timerfd_create', 'clock tfd → fd', create, 'the alarm clocks are refused'),
  call(286, 'timerfd_settime', 'fd tfdset timersetting timersettingout → int', settime, 'nobody sets the clock: TFD_TIMER_CANCEL_ON_SET never cancels'),
  call(287, 'timerfd_gettime', 'fd timersettingout → int', gettime),
];
