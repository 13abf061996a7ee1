/** inotify(7): what happens to files, as something to read. Only what is done inside the machine is told (watched-host.ts). */
import { EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, EMFILE, ENOSPC, ENOTDIR, ENOTTY } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, fileKey, type ByteString } from '../host/host.ts';
import { CHANGE, WatchedHost, type Watcher } from '../host/watched-host.ts';
import type { UserMemory } from '../mmu/user.ts';
import { ANONYMOUS_STAT } from './eventfd.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { putInt } from './structure.ts';
import { FIONREAD } from './terminal.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, O_RDONLY, POLLIN, S_IFDIR, S_IFMT } from './uapi.ts';
import { locateHost, pathArgument } from './walk.ts';

const IN_ALL_EVENTS = 0xfff, IN_Q_OVERFLOW = 0x4000, IN_IGNORED = 0x8000, IN_ONLYDIR = 0x0100_0000, IN_DONT_FOLLOW = 0x0200_0000, IN_EXCL_UNLINK = 0x0400_0000,
  IN_MASK_CREATE = 0x1000_0000, IN_MASK_ADD = 0x2000_0000, IN_ONESHOT = 0x8000_0000;
const IN_KNOWN = IN_ALL_EVENTS | 0x2000 | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | CHANGE.isDirectory | IN_ONESHOT;
/** As in /proc/sys/fs/inotify, and what all queues together may hold. */
const INSTANCES_MAX = 128, WATCHES_MAX = 8192, EVENTS_MAX = 16_384, ALL_EVENTS_MAX = 65_536;
/** struct inotify_event without its name, which is filled up with zeros to a multiple of that. */
const EVENT_BYTES = 16;

interface Event { readonly wd: number; readonly mask: number; readonly cookie: number; readonly name: ByteString }
interface Watch { readonly wd: number; readonly key: string; mask: number }

/** All watches of the machine. */
export class Watches implements Watcher {
  readonly instances = new Set<Inotify>();
  /** Which instances watch a file. */
  private readonly byKey = new Map<string, Set<Inotify>>();
  /** Events and watches there are. */
  events = 0;
  count = 0;

  entry(directory: string, name: ByteString, bits: number, cookie: number): void {
    for (const instance of this.byKey.get(directory) ?? []) instance.happened(directory, bits, cookie, name);
  }
  self(key: string, bits: number): void {
    for (const instance of this.byKey.get(key) ?? []) {
      instance.happened(key, bits, 0, '');
      if ((bits & CHANGE.deleteSelf) !== 0) instance.drop(key);
    }
  }
  watch(key: string, instance: Inotify): void {
    const known = this.byKey.get(key);
    if (known === undefined) this.byKey.set(key, new Set([instance])); else known.add(instance);
    this.count += 1;
  }
  unwatch(key: string, instance: Inotify): void {
    const known = this.byKey.get(key);
    known?.delete(instance);
    if (known?.size === 0) this.byKey.delete(key);
    this.count -= 1;
  }
}

/** What inotify_init1(2) makes. */
class Inotify implements File {
  readonly name = 'anon_inode:inotify';
  readonly edges = { input: 0, output: 0 };
  readonly watches: Watches;
  private readonly byWd = new Map<number, Watch>();
  private readonly byKey = new Map<string, Watch>();
  private queue: Event[] = [];
  private lastWd = 0;
  constructor(watches: Watches) { this.watches = watches; watches.instances.add(this); }

  add(key: string, mask: number): Result {
    const known = this.byKey.get(key), kept = mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK);
    if (known !== undefined) {
      if ((mask & IN_MASK_CREATE) !== 0) return -EEXIST;
      known.mask = (mask & IN_MASK_ADD) !== 0 ? known.mask | kept : kept;
      return known.wd;
    }
    if (this.watches.count >= WATCHES_MAX) return -ENOSPC;
    const watch = { wd: ++this.lastWd, key, mask: kept };
    this.byWd.set(watch.wd, watch);
    this.byKey.set(key, watch);
    this.watches.watch(key, this);
    return watch.wd;
  }
  remove(wd: number): Result {
    const watch = this.byWd.get(wd);
    if (watch === undefined) return -EINVAL;
    this.drop(watch.key);
    return 0;
  }
  /** Nothing of it is told any more. */
  drop(key: string): void {
    const watch = this.byKey.get(key);
    if (watch === undefined) return;
    this.byKey.delete(key);
    this.byWd.delete(watch.wd);
    this.watches.unwatch(key, this);
    this.put({ wd: watch.wd, mask: IN_IGNORED, cookie: 0, name: '' });
  }
  happened(key: string, bits: number, cookie: number, name: ByteString): void {
    const watch = this.byKey.get(key);
    if (watch === undefined || (watch.mask & bits & IN_ALL_EVENTS) === 0) return;
    this.put({ wd: watch.wd, mask: bits, cookie, name });
    if ((watch.mask & IN_ONESHOT) !== 0) this.drop(key);
  }
  /** "If successive output inotify events produced are identical, they are coalesced" (inotify(7)). */
  private put(event: Event): void {
    const last = this.queue.at(-1);
    if (last !== undefined && last.wd === event.wd && last.mask === event.mask && last.cookie === event.cookie && last.name === event.name) return;
    const isFull = this.queue.length >= EVENTS_MAX || this.watches.events >= ALL_EVENTS_MAX;
    if (isFull && last?.mask === IN_Q_OVERFLOW) return;
    this.queue.push(isFull ? { wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: '' } : event);
    this.watches.events += 1;
    this.edges.input += 1;
  }

  read(to: UserBuffer): Result {
    let done = 0, taken = 0;
    for (const event of this.queue) {
      const length = EVENT_BYTES + nameBytes(event);
      if (done + length > to.length) break;
      if (!to.memory.copyOut(to.address + done, layOut(event))) { if (done === 0) return -EFAULT; break; }
      done += length;
      taken += 1;
    }
    if (taken === 0) return this.queue.length === 0 ? -EAGAIN : -EINVAL;
    this.queue = this.queue.slice(taken);
    this.watches.events -= taken;
    return done;
  }
  poll(): number { return this.queue.length > 0 ? POLLIN : 0; }
  ioctl(request: number, argument: Va, memory: UserMemory): Result {
    if (request !== FIONREAD) return -ENOTTY;
    return putInt(memory, argument, this.queue.reduce((sum, event) => sum + EVENT_BYTES + nameBytes(event), 0));
  }
  seek(): Result { return 0; }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string { return [...this.byWd.values()].map(({ wd, mask }) => `inotify wd:${wd.toString(16)} mask:${(mask >>> 0).toString(16)} ignored_mask:0\n`).join(''); }
  release(): void {
    for (const { key } of this.byWd.values()) this.watches.unwatch(key, this);
    this.watches.events -= this.queue.length;
    this.watches.instances.delete(this);
  }
}
function nameBytes({ name }: Event): number { return name === '' ? 0 : Math.ceil((name.length + 1) / EVENT_BYTES) * EVENT_BYTES; }
function layOut(event: Event): Uint8Array {
  const bytes = new Uint8Array(EVENT_BYTES + nameBytes(event)), view = new DataView(bytes.buffer);
  view.setInt32(0, event.wd, true); view.setUint32(4, event.mask, true); view.setUint32(8, event.cookie, true); view.setUint32(12, bytes.length - EVENT_BYTES, true);
  bytes.set(bytesOf(event.name), EVENT_BYTES);
  return bytes;
}

// — calls —

function create(task: KernelTask, flags: number): Result {
  const { files, system } = task.process, { shared } = system;
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  if (shared.watches === null) {
    const watches = shared.watches = new Watches();
    system.host.wrap(inner => new WatchedHost(inner, watches));
  }
  if (shared.watches.instances.size >= INSTANCES_MAX) return -EMFILE;
  const free = files.lowestFree();
  if (free < 0) return free;
  return files.install(new FileDescription(new Inotify(shared.watches), O_RDONLY | flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
}
function instanceOf(task: KernelTask, fd: number): Inotify | Result {
  const description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  return description.file instanceof Inotify ? description.file : -EINVAL;
}
function addWatch(task: KernelTask, a: Args): Result {
  const mask = a.uint(2), { host } = task.process.system, R_OK = 4;
  if ((mask & ~IN_KNOWN) !== 0 || (mask & IN_KNOWN) === 0) return -EINVAL;
  const instance = instanceOf(task, a.int(0));
  if (typeof instance === 'number') return instance;
  if ((mask & IN_MASK_ADD) !== 0 && (mask & IN_MASK_CREATE) !== 0) return -EINVAL;
  const path = pathArgument(task, a.pointer(1)), follows = (mask & IN_DONT_FOLLOW) === 0;
  if (typeof path === 'number') return path;
  // What is made up never tells of anything, as in Linux's /proc.
  const place = locateHost(task, AT_FDCWD, path, follows, MADE_UP);
  if (place === -MADE_UP) return instance.add(`made up ${path}`, mask);
  if (typeof place === 'number') return place;
  const stat = host.stat(place, follows), allowed = typeof stat === 'number' ? stat : follows ? host.access(place, R_OK) : 0;
  if (typeof stat === 'number' || allowed < 0) return allowed;
  return (mask & IN_ONLYDIR) !== 0 && (stat.mode & S_IFMT) !== S_IFDIR ? -ENOTDIR : instance.add(fileKey(stat), mask);
}
const MADE_UP = 4000;
function removeWatch(task: KernelTask, a: Args): Result {
  const instance = instanceOf(task, a.int(0));
  return typeof instance === 'number' ? instance : instance.remove(a.int(1));
}

export const inotifyCalls: SyscallRows<KernelTask> = [
  call(253, 'inotify_init', '→ fd', task => create(task, 0), 'tells what is done inside the machine'),
  call(254, 'inotify_add_watch', 'fd path hex → int', addWatch, 'not /dev/shm, FIFOs and sockets; pages of a mapped file tell when they are written back'),
  call(255, 'inotify_rm_watch', 'fd int → int', removeWatch),
  call(294, 'inotify_init1', 'hex → fd', (task, a) => create(task, a.int(0)), 'tells what is done inside the machine'),
];
