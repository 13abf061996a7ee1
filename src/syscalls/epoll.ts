/** epoll(7): which of many files are ready, level or edge. */
import { EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, ENOSPC, EPERM } from '../base/errno.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import { ANONYMOUS_STAT } from './eventfd.ts';
import { FileDescription, type Edges, type File, type Result, type Stat } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows, type Task } from './task.ts';
import { readiness } from './poll.ts';
import {
  O_CLOEXEC, O_RDWR, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDBAND, POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM, S_IFCHR, S_IFDIR,
  S_IFMT, S_IFREG,
} from './uapi.ts';
import { awaitReady, underMask } from './waiting.ts';

const EPOLLEXCLUSIVE = 1 << 28, EPOLLWAKEUP = 1 << 29, EPOLLONESHOT = 1 << 30, EPOLLET = 1 << 31;
const PRIVATE_BITS = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;
const INPUT_BITS = POLLIN | POLLRDNORM | POLLRDBAND | POLLPRI | POLLRDHUP, OUTPUT_BITS = POLLOUT | POLLWRNORM | POLLWRBAND;
const ALWAYS_BITS = POLLERR | POLLHUP;
const EXCLUSIVE_OK_BITS = POLLIN | POLLOUT | ALWAYS_BITS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
/** "More than EP_MAX_NESTS" epolls in one another are ELOOP. */
const NESTS_MAX = 4;
/** What one epoll watches, nested ones counted through; looking at it is that much work. */
const WATCHED_MAX = 65536;
/** /proc/sys/fs/epoll/max_user_watches. */
const WATCHED_IN_ALL_MAX = 1 << 19;
const EVENT_BYTES = 12;

/** One descriptor watched: the number it was added by and the open file it meant. */
interface Item {
  readonly fd: number;
  readonly description: FileDescription;
  /** EPOLL* bits asked for. Without poll's bits it is silent: EPOLLONESHOT has fired. */
  events: number;
  data: bigint;
  /** The file's edges when it was last reported; null: anything is news. */
  seen: Edges | null;
  /** For files that count no edges: the bits that held at the last look. */
  bits: number;
}
const NO_EDGES: Edges = { input: 0, output: 0 };
const edgesOf = (file: File): Edges => ({ input: file.edges?.input ?? 0, output: file.edges?.output ?? 0 });

export class Epoll implements File {
  readonly name = 'anon_inode:[eventpoll]';
  /** In the order they are told of: those nobody has looked at, those that were told of and may still be ready, those that had nothing to tell. */
  private items: Item[] = [];
  /** Epolls that watch this one. */
  private readonly watchers = new Set<Epoll>();
  private readonly total: { count: number };
  /** @param total what all epolls watch */
  constructor(total = { count: 0 }) { this.total = total; }

  /** What holds of an item and was asked for; nothing if it is no news to one that is edge-triggered. */
  private stateOf(item: Item, task: Task | null): number {
    const wanted = item.events & ~PRIVATE_BITS;
    if (wanted === 0) return 0;
    const { file } = item.description, bits = readiness(file, task) & wanted, before = item.bits;
    item.bits = bits;
    if (bits === 0 || (item.events & EPOLLET) === 0 || item.seen === null) return bits;
    const { edges } = file;
    if (edges === undefined) return (bits & ~before) !== 0 ? bits : 0;
    const isNews = (edges.input !== item.seen.input && (item.events & INPUT_BITS) !== 0)
      || (edges.output !== item.seen.output && (item.events & OUTPUT_BITS) !== 0)
      || ((bits & ALWAYS_BITS & ~before) !== 0);
    return isNews ? bits : 0;
  }
  /** Forgets files that are closed: nobody told us. */
  private dropClosed(): void {
    if (this.items.every(item => item.description.references > 0)) return;
    for (const item of this.items.filter(item => item.description.references <= 0)) this.forget(item);
  }
  private forget(item: Item): void {
    this.items = this.items.filter(other => other !== item);
    this.total.count -= 1;
    const { file } = item.description;
    if (file instanceof Epoll && !this.items.some(other => other.description.file === file)) file.watchers.delete(this);
  }

  /** Up to `most` events, [bits, data] each. */
  collect(most: number, task: Task | null): (readonly [bits: number, data: bigint])[] {
    this.dropClosed();
    const found: (readonly [number, bigint])[] = [], again: Item[] = [], silent: Item[] = [];
    let looked = 0;
    for (; looked < this.items.length && found.length < most; looked++) {
      const item = this.items[looked]!, bits = this.stateOf(item, task);
      if (bits === 0) { silent.push(item); continue; }
      found.push([bits, item.data]);
      (item.events & (EPOLLET | EPOLLONESHOT)) === 0 ? again.push(item) : silent.push(item);
      item.seen = edgesOf(item.description.file);
      if ((item.events & EPOLLONESHOT) !== 0) item.events &= PRIVATE_BITS;
    }
    if (found.length > 0) this.items = [...this.items.slice(looked), ...again, ...silent];
    return found;
  }
  poll(task: Task | null = null): number {
    this.dropClosed();
    return this.items.some(item => {
      const before = item.bits, bits = this.stateOf(item, task);
      item.bits = before; // Only who is told has seen it.
      return bits !== 0;
    }) ? POLLIN | POLLRDNORM : 0;
  }
  get edges(): Edges {
    let input = 0;
    for (const { description: { file }, events } of this.items) {
      const { edges = NO_EDGES } = file;
      input += ((events & INPUT_BITS) !== 0 ? edges.input : 0) + ((events & OUTPUT_BITS) !== 0 ? edges.output : 0);
    }
    return { input, output: 0 };
  }
  seek(): Result { return 0; }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string {
    return this.items.map(({ fd, events, data }) =>
      `tfd: ${String(fd).padStart(8)} events: ${(events >>> 0).toString(16).padStart(8)} data: ${data.toString(16).padStart(16)}\n`).join('');
  }
  release(): void { for (const item of this.items) this.forget(item); }

  add(fd: number, description: FileDescription, events: number, data: bigint): Result {
    this.dropClosed();
    if (this.find(fd, description) !== undefined) return -EEXIST;
    const { file } = description;
    if (this.items.length >= WATCHED_MAX || this.total.count >= WATCHED_IN_ALL_MAX) return -ENOSPC;
    if (file instanceof Epoll) {
      if (file.holds(this, 0) || this.heightAbove(0) + 1 + file.heightBelow() > NESTS_MAX) return -ELOOP;
      file.watchers.add(this);
    }
    const item: Item = { fd, description, events, data, seen: null, bits: 0 };
    this.items.push(item);
    this.total.count += 1;
    if ((this.watchers.size > 0 || file instanceof Epoll) && this.tops().some(top => top.weight() > WATCHED_MAX)) {
      this.forget(item);
      return -EINVAL; // As Linux says of too many paths to one file.
    }
    return 0;
  }
  modify(fd: number, description: FileDescription, events: number, data: bigint): Result {
    const item = this.find(fd, description);
    if (item === undefined) return -ENOENT;
    if (((events | item.events) & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
    item.events = events; item.data = data; item.seen = null; item.bits = 0;
    return 0;
  }
  remove(fd: number, description: FileDescription): Result {
    const item = this.find(fd, description);
    if (item === undefined) return -ENOENT;
    this.forget(item);
    return 0;
  }
  private find(fd: number, description: FileDescription): Item | undefined {
    return this.items.find(item => item.fd === fd && item.description === description);
  }

  // — nesting —

  private *inner(): Iterable<Epoll> { for (const { description: { file } } of this.items) if (file instanceof Epoll) yield file; }
  private holds(other: Epoll, depth: number): boolean {
    if (other === this || depth > NESTS_MAX) return true;
    for (const epoll of this.inner()) if (epoll.holds(other, depth + 1)) return true;
    return false;
  }
  private heightBelow(): number {
    let height = 0;
    for (const epoll of this.inner()) height = Math.max(height, 1 + epoll.heightBelow());
    return height;
  }
  private heightAbove(depth: number): number {
    let height = 0;
    if (depth <= NESTS_MAX) for (const epoll of this.watchers) height = Math.max(height, 1 + epoll.heightAbove(depth + 1));
    return height;
  }
  private tops(): Epoll[] { return this.watchers.size === 0 ? [this] : [...this.watchers].flatMap(epoll => epoll.tops()); }
  private weight(): number {
    let sum = this.items.length;
    for (const epoll of this.inner()) { sum += epoll.weight(); if (sum > WATCHED_MAX) break; }
    return sum;
  }
}

// — calls —

function create(task: KernelTask, flags: number): Result {
  if ((flags & ~O_CLOEXEC) !== 0) return -EINVAL;
  return task.process.files.install(new FileDescription(new Epoll(task.process.system.shared.epollWatches), O_RDWR), (flags & O_CLOEXEC) !== 0);
}

/** Regular files, directories and devices of memory are always ready: "does not support epoll". */
function cannotWait(file: File): boolean {
  if (file.poll !== undefined) return false;
  const stat = file.stat?.() ?? 0;
  if (typeof stat === 'number') return false;
  const kind = stat.mode & S_IFMT, device = Number(stat.rdev ?? 0n);
  const MEMORY_MAJOR = 1, RANDOM_MINOR = 8;
  return kind === S_IFREG || kind === S_IFDIR || (kind === S_IFCHR && device >> 8 === MEMORY_MAJOR && (device & 0xff) < RANDOM_MINOR);
}

const EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
function control(task: KernelTask, a: Args): Result {
  const operation = a.int(1), fd = a.int(2);
  const event = operation === EPOLL_CTL_DEL ? null : userStructure(task, a.pointer(3), EVENT_BYTES);
  if (operation !== EPOLL_CTL_DEL && event === null) return -EFAULT;
  const epoll = descriptionOf(task.process, a.int(0)), target = descriptionOf(task.process, fd);
  if (epoll === null || target === null) return -EBADF;
  if (cannotWait(target.file)) return -EPERM;
  if (epoll.file === target.file || !(epoll.file instanceof Epoll)) return -EINVAL;
  if (event === null) return epoll.file.remove(fd, target);
  const asked = event.getInt32(0, true) | ALWAYS_BITS, data = event.getBigUint64(4, true);
  if ((asked & EPOLLEXCLUSIVE) !== 0) {
    if (operation === EPOLL_CTL_MOD || target.file instanceof Epoll || (asked & ~EXCLUSIVE_OK_BITS) !== 0) return -EINVAL;
  }
  if (operation === EPOLL_CTL_ADD) return epoll.file.add(fd, target, asked, data);
  return operation === EPOLL_CTL_MOD ? epoll.file.modify(fd, target, asked, data) : -EINVAL;
}

const EVENTS_MAX = Math.floor(0x7fff_ffff / EVENT_BYTES);
/** A look finds at most this many events: what the kernel lays out at once. */
const LOOK_EVENTS_MAX = 4096;
function wait(task: KernelTask, a: Args, timeoutNs: number | null): Result | Control {
  const most = a.int(2), at = a.pointer(1), description = descriptionOf(task.process, a.int(0));
  if (most <= 0 || most > EVENTS_MAX) return -EINVAL;
  if (at + EVENT_BYTES * most > TASK_SIZE) return -EFAULT;
  if (description === null) return -EBADF;
  const { file } = description;
  if (!(file instanceof Epoll)) return -EINVAL;
  return awaitReady(task, timeoutNs, () => {
    const events = file.collect(Math.min(most, LOOK_EVENTS_MAX), task);
    if (events.length === 0) return 0;
    const told = putStructure(task, at, EVENT_BYTES * events.length, view => {
      for (const [i, [bits, data]] of events.entries()) {
        view.setUint32(EVENT_BYTES * i, bits, true);
        view.setBigUint64(EVENT_BYTES * i + 4, data, true);
      }
    });
    return told < 0 ? told : events.length;
  }, undefined, true);
}
function milliseconds(value: number): number | null { return value < 0 ? null : value * 1e6; }
function epollPwait(task: KernelTask, a: Args): Result | Control {
  const timeoutNs = milliseconds(a.int(3)), setAt = a.pointer(4), setBytes = a.size(5);
  return underMask(task, setAt, setBytes, () => wait(task, a, timeoutNs));
}

export const epollCalls: SyscallRows<KernelTask> = [
  call(213, 'epoll_create', 'int → fd', (task, a) => a.int(0) <= 0 ? -EINVAL : create(task, 0)),
  call(232, 'epoll_wait', 'fd epollevents int int → int', (task, a) => wait(task, a, milliseconds(a.int(3)))),
  call(233, 'epoll_ctl', 'fd epollctl fd epollevent → int', control, 'EPOLLEXCLUSIVE and EPOLLWAKEUP are accepted and ignored'),
  call(281, 'epoll_pwait', 'fd epollevents int int sigset size → int', epollPwait),
  call(291, 'epoll_create1', 'epollbits → fd', (task, a) => create(task, a.int(0))),
];
