/** POSIX message queues (mq_overview(7)): descriptors of queues that have names of their own. */
import { EACCES, EAGAIN, EBADF, EBUSY, EEXIST, EFAULT, EINVAL, EMFILE, EMSGSIZE, ENAMETOOLONG, ENOENT, ENOSPC, ETIMEDOUT } from '../base/errno.ts';
import { byteString, bytesOf, type ByteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';
import { copyOutPieces } from './buffers.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import { now } from './ipc.ts';
import type { KernelProcess, KernelTask, System } from './process.ts';
import { infoFrom, raiseProcess } from './signal.ts';
import { SIGNAL_MAX } from './signal-state.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { timespec } from './time.ts';
import { O_ACCMODE, O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_WRONLY, POLLIN, POLLOUT, S_IFREG } from './uapi.ts';

/** /proc/sys/fs/mqueue, and RLIMIT_MSGQUEUE for all there are. */
const QUEUES_MAX = 256, MESSAGES_MAX = 10, MESSAGE_BYTES_MAX = 8192, BYTES_MAX = 819_200, PRIORITIES = 32_768;
const ATTRIBUTE_BYTES = 64, NAME_BYTES_MAX = 255;
const SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SI_MESGQ = -3;

interface Message { readonly priority: number; readonly bytes: Uint8Array }
interface Notice { readonly process: KernelProcess; readonly signal: number; readonly value: bigint }

export class NamedQueue {
  readonly name: ByteString;
  readonly inode: number;
  readonly mode: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly messages: Message[] = [];
  receivers = 0;
  openings = 0;
  notice: Notice | null = null;
  readonly createdAt: number;
  constructor(task: KernelTask, name: ByteString, mode: number, messagesMax: number, bytesMax: number) {
    this.name = name; this.mode = mode; this.messagesMax = messagesMax; this.bytesMax = bytesMax;
    this.inode = task.process.system.newInode();
    this.createdAt = now(task);
  }
  /** What Linux counts against RLIMIT_MSGQUEUE: the messages, and what it keeps for each. */
  get bytes(): number { return this.messagesMax * (this.bytesMax + 128); }
  /** Higher priorities first; equal ones in order. */
  put(message: Message): void {
    const behind = this.messages.findIndex(other => other.priority < message.priority);
    this.messages.splice(behind === -1 ? this.messages.length : behind, 0, message);
    if (this.messages.length > 1 || this.notice === null || this.receivers > 0) return;
    const { process, signal, value } = this.notice;
    this.notice = null;
    if (signal > 0) raiseProcess(process, infoFrom(process, signal, SI_MESGQ, value));
  }
}

class QueueFile implements File {
  readonly queue: NamedQueue;
  private readonly system: System;
  constructor(queue: NamedQueue, system: System) { this.queue = queue; this.system = system; queue.openings += 1; }
  get name(): string { return `/${this.queue.name}`; }
  stat(): Stat {
    const { user } = this.system.host;
    return { mode: S_IFREG | this.queue.mode, ino: BigInt(this.queue.inode), nlink: 1, uid: user.euid, gid: user.egid, size: 80, blksize: 4096 };
  }
  /** As mqueue's file system shows a queue. */
  read(to: UserBuffer, at: number): Result {
    const { messages, notice } = this.queue, size = messages.reduce((sum, message) => sum + message.bytes.length, 0);
    const text = bytesOf(`QSIZE:${String(size).padEnd(11)}NOTIFY:0     SIGNO:${String(notice?.signal ?? 0).padEnd(6)}NOTIFY_PID:${String(notice?.process.pid ?? 0).padEnd(6)}\n`);
    const rest = text.subarray(Math.min(at, text.length));
    return copyOutPieces({ ...to, length: Math.min(to.length, rest.length) }, this.system.staging, (into, done) => { into.set(rest.subarray(done, done + into.length)); return into.length; });
  }
  seek(offset: number): Result { return offset; }
  release(): void {
    this.queue.openings -= 1;
    this.system.shared.forgetQueue(this.queue);
  }
  poll(): number { return (this.queue.messages.length > 0 ? POLLIN : 0) | (this.queue.messages.length < this.queue.messagesMax ? POLLOUT : 0); }
}

function nameArgument(task: KernelTask, at: Va): ByteString | Result {
  const bytes = task.process.memory.copyInString(at, NAME_BYTES_MAX + 1);
  if (typeof bytes === 'number') return bytes;
  const name = byteString(bytes);
  if (name === '') return -ENOENT;
  if (name === '.' || name === '..' || name.includes('/')) return -EACCES;
  return name.length > NAME_BYTES_MAX ? -ENAMETOOLONG : name;
}
function createQueue(task: KernelTask, name: ByteString, mode: number, attributesAt: Va): NamedQueue | Result {
  const { names, allQueues } = task.process.system.shared, view = attributesAt === 0 ? null : userStructure(task, attributesAt, ATTRIBUTE_BYTES);
  if (attributesAt !== 0 && view === null) return -EFAULT;
  const messages = view === null ? MESSAGES_MAX : getWord(view, 8), bytes = view === null ? MESSAGE_BYTES_MAX : getWord(view, 16);
  if (messages <= 0 || bytes <= 0 || messages > MESSAGES_MAX || bytes > MESSAGE_BYTES_MAX) return -EINVAL;
  if (names.size >= QUEUES_MAX) return -ENOSPC;
  const queue = new NamedQueue(task, name, mode & 0o777 & ~task.process.umask, messages, bytes);
  let inUse = queue.bytes;
  for (const other of allQueues) inUse += other.bytes;
  if (inUse > BYTES_MAX) return -EMFILE;
  names.set(name, queue);
  allQueues.add(queue);
  return queue;
}
function mqOpen(task: KernelTask, a: Args): Result {
  const name = nameArgument(task, a.pointer(0)), flags = a.int(1), { files, system } = task.process, { names } = system.shared;
  if (typeof name === 'number') return name;
  const free = files.lowestFree();
  if (free < 0) return free;
  let queue: NamedQueue | Result | undefined = names.get(name);
  if (queue === undefined) queue = (flags & O_CREAT) === 0 ? -ENOENT : createQueue(task, name, a.uint(2), a.pointer(3));
  else {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    if ((flags & O_ACCMODE) === O_ACCMODE) return -EINVAL;
    const wanted = [4, 2, 6][flags & O_ACCMODE] ?? 6;
    if (system.host.user.euid !== 0 && (wanted & ~(queue.mode >> 6)) !== 0) return -EACCES;
  }
  if (typeof queue === 'number') return queue;
  return files.install(new FileDescription(new QueueFile(queue, system), flags & (O_ACCMODE | O_NONBLOCK)), (flags & O_CLOEXEC) !== 0);
}
function mqUnlink(task: KernelTask, a: Args): Result {
  const name = nameArgument(task, a.pointer(0));
  if (typeof name === 'number') return name;
  const { shared } = task.process.system, queue = shared.names.get(name);
  if (queue === undefined) return -ENOENT;
  shared.names.delete(name);
  shared.forgetQueue(queue);
  return 0;
}

interface Opened { readonly description: FileDescription; readonly queue: NamedQueue }
function opened(task: KernelTask, fd: number): Opened | null {
  const description = task.process.files.get(fd);
  return description !== null && description.file instanceof QueueFile ? { description, queue: description.file.queue } : null;
}
/** The moment an absolute timeout names, on the monotonic clock; null: never. */
function deadline(task: KernelTask, at: Va): number | null {
  if (at === 0) return null;
  const ns = timespec(task, at), { clock } = task.process.system;
  return ns < 0 ? ns : clock.monotonicNs() + Math.max(0, ns - clock.realSeconds() * 1e9 - clock.realNanoseconds());
}
/** Tries; waits if the description does, until the time is up. */
function waiting(task: KernelTask, { description }: Opened, wakesAtNs: number | null, attempt: () => Result | null, ends: () => void): Result | Control {
  const now = attempt(), { clock } = task.process.system;
  if (now !== null) return now;
  if ((description.flags & O_NONBLOCK) !== 0) return -EAGAIN;
  const until = (): Result | null => {
    const result = attempt() ?? (wakesAtNs !== null && clock.monotonicNs() >= wakesAtNs ? -ETIMEDOUT : null);
    if (result !== null) ends();
    return result;
  };
  return { then: 'sleep', until, wakesAtNs: wakesAtNs ?? undefined, abandoned: ends };
}
function send(task: KernelTask, a: Args): Result | Control {
  const wakesAtNs = deadline(task, a.pointer(4)), length = a.size(2), priority = a.uint(3);
  if (wakesAtNs !== null && wakesAtNs < 0) return wakesAtNs;
  if (priority >= PRIORITIES) return -EINVAL;
  const open = opened(task, a.int(0));
  if (open === null || (open.description.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  const { queue } = open;
  if (length > queue.bytesMax) return -EMSGSIZE;
  const text = userStructure(task, a.pointer(1), length);
  if (text === null) return -EFAULT;
  const message = { priority, bytes: new Uint8Array(text.buffer) };
  return waiting(task, open, wakesAtNs, () => {
    if (queue.messages.length >= queue.messagesMax) return null;
    queue.put(message);
    return 0;
  }, () => {});
}
function receive(task: KernelTask, a: Args): Result | Control {
  const wakesAtNs = deadline(task, a.pointer(4)), at = a.pointer(1), room = a.size(2), priorityAt = a.pointer(3);
  if (wakesAtNs !== null && wakesAtNs < 0) return wakesAtNs;
  const open = opened(task, a.int(0));
  if (open === null || (open.description.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  const { queue } = open;
  if (room < queue.bytesMax) return -EMSGSIZE;
  let isWaiting = false;
  return waiting(task, open, wakesAtNs, () => {
    const message = queue.messages[0];
    if (message === undefined) { if (!isWaiting) { isWaiting = true; queue.receivers += 1; } return null; }
    queue.messages.shift();
    if (isWaiting) { isWaiting = false; queue.receivers -= 1; }
    if (priorityAt !== 0 && putStructure(task, priorityAt, 4, view => view.setUint32(0, message.priority, true)) < 0) return -EFAULT;
    return task.process.memory.copyOut(at, message.bytes) ? message.bytes.length : -EFAULT;
  }, () => { if (isWaiting) { isWaiting = false; queue.receivers -= 1; } });
}
/** struct sigevent: the value, the signal, the kind. */
function notify(task: KernelTask, a: Args): Result {
  const view = a.pointer(1) === 0 ? null : userStructure(task, a.pointer(1), 64);
  if (a.pointer(1) !== 0 && view === null) return -EFAULT;
  const kind = view?.getInt32(12, true) ?? SIGEV_NONE, signal = view?.getInt32(8, true) ?? 0;
  if (view !== null && kind !== SIGEV_SIGNAL && kind !== SIGEV_NONE) return -EINVAL;
  if (kind === SIGEV_SIGNAL && (signal < 0 || signal > SIGNAL_MAX)) return -EINVAL;
  const queue = opened(task, a.int(0))?.queue;
  if (queue === undefined) return -EBADF;
  if (view === null) { if (queue.notice?.process === task.process) queue.notice = null; return 0; }
  if (queue.notice !== null) return -EBUSY;
  queue.notice = { process: task.process, signal: kind === SIGEV_SIGNAL ? signal : 0, value: view.getBigUint64(0, true) };
  return 0;
}
function getsetattr(task: KernelTask, a: Args): Result {
  const wanted = a.pointer(1) === 0 ? null : userStructure(task, a.pointer(1), ATTRIBUTE_BYTES), open = opened(task, a.int(0));
  if (a.pointer(1) !== 0 && wanted === null) return -EFAULT;
  if (wanted !== null && (getWord(wanted, 0) & ~O_NONBLOCK) !== 0) return -EINVAL;
  if (open === null) return -EBADF;
  const { description, queue } = open, old = description.flags & O_NONBLOCK;
  if (wanted !== null) description.flags = description.flags & ~O_NONBLOCK | getWord(wanted, 0);
  if (a.pointer(2) === 0) return 0;
  return putStructure(task, a.pointer(2), ATTRIBUTE_BYTES, view => {
    [old, queue.messagesMax, queue.bytesMax, queue.messages.length].forEach((value, i) => setWord(view, 8 * i, value));
  });
}

export const mqueueCalls: SyscallRows<KernelTask> = [
  call(240, 'mq_open', 'path open mode? ptr → fd', mqOpen),
  call(241, 'mq_unlink', 'path → int', mqUnlink),
  call(242, 'mq_timedsend', 'fd data size uint timespec → int', send),
  call(243, 'mq_timedreceive', 'fd bytes size ptr timespec → size', receive),
  call(244, 'mq_notify', 'fd ptr → int', notify, 'no SIGEV_THREAD'),
  call(245, 'mq_getsetattr', 'fd ptr ptr → int', getsetattr),
];
