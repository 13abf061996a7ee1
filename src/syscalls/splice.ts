/** Bytes from descriptor to descriptor: sendfile(2), splice(2), tee(2), vmsplice(2), copy_file_range(2), in pieces through the kernel. */
import { EAGAIN, EBADF, EFAULT, EINVAL, EISDIR, EOVERFLOW, EPIPE, ESPIPE, EXDEV } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { KernelMemory } from './buffers.ts';
import type { FileDescription, Result } from './file.ts';
import { contentSize, descriptionOf, gather, readFrom, writeTo } from './io.ts';
import type { KernelTask } from './process.ts';
import { raise } from './signal.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { O_ACCMODE, O_APPEND, O_NONBLOCK, O_RDONLY, O_WRONLY, SEEK_CUR, SIGPIPE, TRANSFER_BYTES_MAX } from './uapi.ts';
import { untilDone } from './waiting.ts';

type Outcome = Result | Control;
const PIECE_BYTES = 65536;

/** Where a side of a copy is: a place of its own, which is told back, or (null) the description's position. */
interface Side { readonly description: FileDescription; at: number | null; readonly offsetAt: Va }
function side(task: KernelTask, description: FileDescription, offsetAt: Va): Side | Result {
  if (offsetAt === 0) return { description, at: null, offsetAt };
  if (description.file.pipe !== undefined) return -ESPIPE;
  const view = userStructure(task, offsetAt, 8);
  if (view === null) return -EFAULT;
  const at = Number(view.getBigInt64(0, true));
  return at < 0 ? -EINVAL : { description, at, offsetAt };
}
function tellPlace(task: KernelTask, from: Side): boolean {
  const { at } = from;
  return at === null || putStructure(task, from.offsetAt, 8, view => setWord(view, 0, at)) === 0;
}
/** Copies until one side has no more to give or take: the bytes moved, or the first error where there are none. */
function copy(task: KernelTask, from: Side, to: Side, count: number): Result {
  const kernel = new KernelMemory(new Uint8Array(Math.min(count, PIECE_BYTES)));
  let done = 0;
  while (done < count) {
    const room = roomIn(to.description, Math.min(kernel.bytes.length, count - done));
    if (room === 0) return done > 0 ? done : -EAGAIN;
    const got = readFrom(task, from.description, { memory: kernel, address: 0, length: room }, from.at);
    if (got <= 0) return done > 0 ? done : got;
    const put = writeTo(task, to.description, { memory: kernel, address: 0, length: got }, to.at);
    const moved = Math.max(0, put);
    if (moved < got && from.at === null) from.description.position -= seeks(from.description) ? got - moved : 0;
    if (from.at !== null) from.at += moved;
    if (to.at !== null) to.at += moved;
    done += moved;
    if (put < got) return done > 0 ? done : put;
  }
  return done;
}
const seeks = (description: FileDescription): boolean => (description.file.seek?.(0, SEEK_CUR, description.position) ?? -1) >= 0;
/** A pipe is given no more than it has room for, so that nothing that was read is lost. */
function roomIn(description: FileDescription, length: number): number {
  const { pipe } = description.file;
  return pipe === undefined || pipe.readers === 0 ? length : pipe.roomFor(length);
}

/** A copy that waits while there is nothing to move. */
function moving(task: KernelTask, from: Side, to: Side, count: number, waits: boolean): Outcome {
  return untilDone(() => {
    const moved = copy(task, from, to, count);
    return moved > 0 && !(tellPlace(task, from) && tellPlace(task, to)) ? -EFAULT : moved;
  }, waits);
}
const isWaiting = (description: FileDescription): boolean => (description.flags & O_NONBLOCK) === 0;
const canRead = (description: FileDescription): boolean => (description.flags & O_ACCMODE) !== O_WRONLY;
const canWrite = (description: FileDescription): boolean => (description.flags & O_ACCMODE) !== O_RDONLY;

function sendfile(task: KernelTask, a: Args): Outcome {
  const to = descriptionOf(task.process, a.int(0)), from = descriptionOf(task.process, a.int(1));
  if (to === null || from === null || !canRead(from) || !canWrite(to)) return -EBADF;
  if (from.file.entries !== undefined || !seeks(from)) return -EINVAL;
  const source = side(task, from, a.pointer(2));
  if (typeof source === 'number') return source;
  if (from.file.read === undefined || (to.flags & O_APPEND) !== 0) return -EINVAL;
  return moving(task, source, { description: to, at: null, offsetAt: 0 }, Math.min(a.size(3), TRANSFER_BYTES_MAX), isWaiting(to));
}

const SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15;
function splice(task: KernelTask, a: Args): Outcome {
  const from = descriptionOf(task.process, a.int(0)), to = descriptionOf(task.process, a.int(2)), flags = a.uint(5), length = a.size(4);
  if (length === 0) return 0;
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (from === null || to === null || !canRead(from) || !canWrite(to)) return -EBADF;
  const source = from.file.pipe, sink = to.file.pipe;
  if (source === undefined && sink === undefined || source !== undefined && source === sink) return -EINVAL;
  if (source === undefined && from.file.read === undefined || sink === undefined && to.file.write === undefined) return -EINVAL;
  const input = side(task, from, a.pointer(1)), output = side(task, to, a.pointer(3));
  if (typeof input === 'number') return input;
  if (typeof output === 'number') return output;
  if (sink === undefined && (to.flags & O_APPEND) !== 0) return -EINVAL;
  const waits = (flags & SPLICE_F_NONBLOCK) === 0 && (source !== undefined || isWaiting(from)) && (sink !== undefined || isWaiting(to));
  return moving(task, input, output, Math.min(length, TRANSFER_BYTES_MAX), waits);
}

/** Copies what is in one pipe to another, and leaves it there. */
function tee(task: KernelTask, a: Args): Outcome {
  const from = descriptionOf(task.process, a.int(0)), to = descriptionOf(task.process, a.int(1)), length = a.size(2), flags = a.uint(3);
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (length === 0) return 0;
  if (from === null || to === null || !canRead(from) || !canWrite(to)) return -EBADF;
  const source = from.file.pipe, sink = to.file.pipe;
  if (source === undefined || sink === undefined || source === sink) return -EINVAL;
  return untilDone(() => {
    if (sink.readers === 0) { raise(task, { signal: SIGPIPE, code: 0, address: 0 }); return -EPIPE; }
    if (source.length === 0) return source.writers === 0 ? 0 : -EAGAIN;
    const bytes = new Uint8Array(Math.min(length, source.length, sink.capacity));
    source.peek(bytes, 0);
    const put = sink.put(bytes.subarray(0, sink.roomFor(bytes.length)));
    return put === 0 ? -EAGAIN : put;
  }, (flags & SPLICE_F_NONBLOCK) === 0);
}

/** Pages are copied, not given: a program cannot tell but by changing them too early. */
function vmsplice(task: KernelTask, a: Args): Outcome {
  const description = descriptionOf(task.process, a.int(0)), flags = a.uint(3), count = a.size(2);
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (description === null) return -EBADF;
  const memory = gather(task, a.pointer(1), count);
  if (typeof memory === 'number') return memory;
  if (description.file.pipe === undefined) return -EBADF;
  if (memory.length === 0) return 0;
  const buffer = { memory, address: 0, length: Math.min(memory.length, TRANSFER_BYTES_MAX) };
  const run = canWrite(description) ? writeTo : readFrom;
  return untilDone(() => run(task, description, buffer, null), (flags & SPLICE_F_NONBLOCK) === 0);
}

function copyFileRange(task: KernelTask, a: Args): Outcome {
  const from = descriptionOf(task.process, a.int(0)), to = descriptionOf(task.process, a.int(2)), length = Math.min(a.size(4), TRANSFER_BYTES_MAX);
  if (from === null || to === null || !canRead(from) || !canWrite(to)) return -EBADF;
  if (a.uint(5) !== 0) return -EINVAL;
  if (from.file.entries !== undefined || to.file.entries !== undefined) return -EISDIR;
  if ((to.flags & O_APPEND) !== 0) return -EBADF;
  if (contentSize(from) === null || contentSize(to) === null) return from.file.pipe !== undefined || to.file.pipe !== undefined ? -EINVAL : -EXDEV;
  const input = side(task, from, a.pointer(1)), output = side(task, to, a.pointer(3));
  if (typeof input === 'number') return input;
  if (typeof output === 'number') return output;
  const start = input.at ?? from.position, target = output.at ?? to.position;
  if (start + length > Number.MAX_SAFE_INTEGER || target + length > Number.MAX_SAFE_INTEGER) return -EOVERFLOW;
  const isSame = from.file.stat !== undefined && from.file.name === to.file.name;
  if (isSame && start < target + length && target < start + length && length > 0) return -EINVAL;
  return moving(task, input, output, length, false);
}

export const spliceCalls: SyscallRows<KernelTask> = [
  call(40, 'sendfile', 'fd fd offp size → size', sendfile),
  call(275, 'splice', 'fd offp fd offp size splice → size', splice, 'bytes are copied'),
  call(276, 'tee', 'fd fd size splice → size', tee, 'bytes are copied; packets become bytes'),
  call(278, 'vmsplice', 'fd iov int splice → size', vmsplice, 'bytes are copied'),
  call(326, 'copy_file_range', 'fd offp fd offp size uint → size', copyFileRange),
];
