/** Calls on open files: read(2), write(2), lseek(2), dup(2), fcntl(2), ioctl(2), pipe(2), memfd_create(2), getdents64(2) and their like. */
import { EAGAIN, EBADF, EFAULT, EINVAL, EISDIR, ENOSYS, ENOTDIR, ENOTTY, EOPNOTSUPP, EPIPE, ESPIPE } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { byteString, bytesOf } from '../host/host.ts';
import type { UserMemory } from '../mmu/user.ts';
import { GatheredMemory, KernelMemory, type Range } from './buffers.ts';
import { FileDescription, type DirectoryEntry, type Result, type UserBuffer } from './file.ts';
import { MemoryFile } from './memory-file.ts';
import { AnonymousPages } from './pages.ts';
import { Pipe, PipeReader, PipeWriter } from './pipe.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { raise } from './signal.ts';
import { userStructure } from './structure.ts';
import type { Args, Control, SyscallRows } from './task.ts';
import { FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from './terminal.ts';
import {
  IOVECS_MAX, O_ACCMODE, O_APPEND, O_CLOEXEC, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, SEEK_CUR, SIGPIPE, TRANSFER_BYTES_MAX,
} from './uapi.ts';

type Outcome = Result | Control;

/** The description behind `fd`; O_PATH ones only where the call allows them. */
export function descriptionOf(process: KernelProcess, fd: number): FileDescription | null {
  const description = process.files.get(fd);
  return description === null || (description.flags & O_PATH) !== 0 ? null : description;
}

// — reading and writing —

function readFrom(description: FileDescription, to: UserBuffer, at: number | null): Result {
  const { file } = description;
  if ((description.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  if (file.read === undefined) return file.entries === undefined ? -EINVAL : -EISDIR;
  if (at !== null) return file.read(to, at, true);
  const result = file.read(to, description.position);
  if (result > 0 && file.isAddressed !== true) description.position += result;
  return result;
}

function writeTo(description: FileDescription, from: UserBuffer, at: number | null): Result {
  const { file } = description;
  if ((description.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if (file.write === undefined) return -EINVAL;
  const appends = (description.flags & O_APPEND) !== 0 && file.isAddressed !== true;
  if (appends) description.position = sizeOf(description) ?? description.position;
  // On Linux pwrite appends too where the file was opened with O_APPEND: pwrite(2), BUGS.
  if (at !== null) return file.write(from, appends ? description.position : at, true);
  const result = file.write(from, description.position);
  if (result > 0 && file.isAddressed !== true) description.position += result;
  return result;
}

function sizeOf(description: FileDescription): number | null {
  const stat = description.file.stat?.();
  return typeof stat === 'object' && description.file.seek !== undefined ? stat.size ?? null : null;
}

type Transfer = typeof readFrom;

/** Runs a transfer; one that finds nothing to do waits for it, unless the description says not to. */
function transfer(task: KernelTask, fd: number, run: Transfer, buffer: UserBuffer, at: number | null): Outcome {
  const description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  if (at !== null && at < 0) return -EINVAL;
  if (at !== null && description.file.seek === undefined) return -ESPIPE;
  const result = run(description, buffer, at);
  if (result === -EPIPE) raise(task, { signal: SIGPIPE, code: 0, address: 0 });
  if (result !== -EAGAIN || (description.flags & O_NONBLOCK) !== 0) return result;
  return {
    then: 'sleep', until: () => {
      const again = run(description, buffer, at);
      if (again === -EPIPE) raise(task, { signal: SIGPIPE, code: 0, address: 0 });
      return again === -EAGAIN ? null : again;
    },
  };
}

function buffer(memory: UserMemory, address: Va, length: number): UserBuffer {
  return { memory, address, length: Math.min(length, TRANSFER_BYTES_MAX) };
}
const plain = (run: Transfer) => (task: KernelTask, a: Args): Outcome =>
  transfer(task, a.int(0), run, buffer(task.process.memory, a.pointer(1), a.size(2)), null);
const placed = (run: Transfer) => (task: KernelTask, a: Args): Outcome =>
  transfer(task, a.int(0), run, buffer(task.process.memory, a.pointer(1), a.size(2)), a.long(3));

/** The array of struct iovec at argument 1, or -errno. */
function gather(task: KernelTask, a: Args): GatheredMemory | Result {
  const count = a.size(2);
  if (count > IOVECS_MAX) return -EINVAL;
  const view = userStructure(task, a.pointer(1), 16 * count);
  if (view === null) return -EFAULT;
  const ranges: Range[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getInt32(16 * i + 12, true) < 0) return -EINVAL; // "an iov_len value is negative": readv(2).
    ranges.push({ at: Number(view.getBigUint64(16 * i, true)), length: Number(view.getBigUint64(16 * i + 8, true)) });
  }
  return new GatheredMemory(task.process.memory, ranges);
}
/** A file that is addressed gets the buffers one by one, as on Linux one without a readv of its own: each must be a whole part. */
function eachBuffer(description: FileDescription, run: Transfer, gathered: GatheredMemory, memory: UserMemory, at: number | null): Result {
  let done = 0;
  for (const range of gathered.ranges) {
    if (range.length === 0) continue;
    const result = run(description, buffer(memory, range.at, range.length), at);
    if (result < 0) return done > 0 ? done : result;
    done += result;
    if (result < range.length) break;
  }
  return done;
}
const vectored = (run: Transfer, isPlaced: boolean) => (task: KernelTask, a: Args): Outcome => {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  const memory = gather(task, a);
  if (typeof memory === 'number') return memory;
  if (description.file.isAddressed === true) return eachBuffer(description, run, memory, task.process.memory, isPlaced ? a.long(3) : null);
  return transfer(task, a.int(0), run, buffer(memory, 0, memory.length), isPlaced ? a.long(3) : null);
};

const SENDFILE_BYTES = 65536;
/** sendfile(2), in pieces through the kernel's own memory. */
function sendfile(task: KernelTask, a: Args): Outcome {
  const { files, memory } = task.process;
  const to = files.get(a.int(0)), from = files.get(a.int(1)), offsetAt = a.pointer(2), count = Math.min(a.size(3), TRANSFER_BYTES_MAX);
  if (to === null || from === null) return -EBADF;
  if (from.file.entries !== undefined || (from.file.seek?.(0, SEEK_CUR, from.position) ?? -1) < 0) return -EINVAL;
  const start = offsetAt === 0 ? null : userStructure(task, offsetAt, 8);
  if (offsetAt !== 0 && start === null) return -EFAULT;
  const kernel = new KernelMemory(new Uint8Array(Math.min(count, SENDFILE_BYTES)));
  let at = start === null ? from.position : Number(start.getBigInt64(0, true)), done = 0;
  while (done < count) {
    const got = readFrom(from, { memory: kernel, address: 0, length: Math.min(kernel.bytes.length, count - done) }, at);
    if (got <= 0) { if (done === 0 && got < 0) return got; break; }
    const put = writeTo(to, { memory: kernel, address: 0, length: got }, null);
    if (put === -EPIPE) raise(task, { signal: SIGPIPE, code: 0, address: 0 });
    if (put < 0) { if (done === 0) return put; break; }
    done += put; at += put;
    if (put < got) break;
  }
  if (start === null) { from.position = at; return done; }
  start.setBigInt64(0, BigInt(at), true);
  return memory.copyOut(offsetAt, new Uint8Array(start.buffer)) ? done : -EFAULT;
}

// — positions and descriptors —

function lseek(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  if (description.file.seek === undefined) return -ESPIPE;
  const to = description.file.seek(a.long(1), a.int(2), description.position);
  if (to >= 0) description.position = to;
  return to;
}
function close(task: KernelTask, a: Args): Result { return task.process.files.close(a.int(0)); }
function closeRange(task: KernelTask, a: Args): Result {
  const CLOSE_RANGE_CLOEXEC = 4;
  const first = a.uint(0), last = a.uint(1), flags = a.uint(2), { files } = task.process;
  if (first > last || (flags & ~CLOSE_RANGE_CLOEXEC) !== 0) return -EINVAL;
  for (const fd of files.open()) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) files.setCloseOnExec(fd, true); else files.close(fd);
  }
  return 0;
}
function duplicate(process: KernelProcess, fd: number, from: number, closeOnExec: boolean): Result {
  const description = process.files.get(fd);
  return description === null ? -EBADF : process.files.install(description.retain(), closeOnExec, from);
}
function duplicateTo(process: KernelProcess, fd: number, to: number, closeOnExec: boolean): Result {
  const description = process.files.get(fd);
  if (description === null || to < 0 || to >= process.files.limit) return -EBADF;
  process.files.put(to, description.retain(), closeOnExec);
  return to;
}
function dup(task: KernelTask, a: Args): Result { return duplicate(task.process, a.int(0), 0, false); }
function dup2(task: KernelTask, a: Args): Result {
  const fd = a.int(0), to = a.int(1);
  if (fd === to) return task.process.files.get(fd) === null ? -EBADF : to;
  return duplicateTo(task.process, fd, to, false);
}
function dup3(task: KernelTask, a: Args): Result {
  if (a.int(0) === a.int(1) || (a.int(2) & ~O_CLOEXEC) !== 0) return -EINVAL;
  return duplicateTo(task.process, a.int(0), a.int(1), (a.int(2) & O_CLOEXEC) !== 0);
}

const F_GETLK = 5, F_UNLCK = 2;
/** What F_SETFL may change: O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME. */
const SETTABLE_FLAGS = 0o2000 | 0o4000 | 0o20000 | 0o40000 | 0o1000000;
type FcntlCommand = (process: KernelProcess, fd: number, description: FileDescription, a: Args) => Result;
const FCNTL: { readonly [command: number]: FcntlCommand } = {
  /* F_DUPFD */ 0: (process, fd, _, a) => duplicateFrom(process, fd, a.int(2), false),
  /* F_GETFD */ 1: (process, fd) => process.files.closeOnExec(fd) ? 1 : 0,
  /* F_SETFD */ 2: (process, fd, _, a) => { process.files.setCloseOnExec(fd, (a.int(2) & 1) !== 0); return 0; },
  /* F_GETFL */ 3: (_process, _fd, description) => description.flags,
  /* F_SETFL */ 4: (_process, _fd, description, a) => {
    description.flags = (description.flags & ~SETTABLE_FLAGS) | (a.int(2) & SETTABLE_FLAGS);
    return 0;
  },
  // One process holds all locks there are: none ever conflicts.
  /* F_GETLK */ [F_GETLK]: (process, _fd, _, a) => process.memory.copyOut(a.pointer(2), new Uint8Array([F_UNLCK, 0])) ? 0 : -EFAULT,
  /* F_SETLK */ 6: () => 0,
  /* F_SETLKW */ 7: () => 0,
  /* F_DUPFD_CLOEXEC */ 1030: (process, fd, _, a) => duplicateFrom(process, fd, a.int(2), true),
};
function duplicateFrom(process: KernelProcess, fd: number, from: number, closeOnExec: boolean): Result {
  return from < 0 || from >= process.files.limit ? -EINVAL : duplicate(process, fd, from, closeOnExec);
}
function fcntl(task: KernelTask, a: Args): Result {
  const description = task.process.files.get(a.int(0));
  if (description === null) return -EBADF;
  return FCNTL[a.int(1)]?.(task.process, a.int(0), description, a) ?? -EINVAL;
}

function ioctl(task: KernelTask, a: Args): Result {
  const { files, memory } = task.process;
  const fd = a.int(0), request = a.uint(1), argument = a.pointer(2), description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  if (request === FIOCLEX || request === FIONCLEX) { files.setCloseOnExec(fd, request === FIOCLEX); return 0; }
  if (request === FIONBIO) {
    const value = userStructure(task, argument, 4);
    if (value === null) return -EFAULT;
    description.flags = value.getInt32(0, true) !== 0 ? description.flags | O_NONBLOCK : description.flags & ~O_NONBLOCK;
    return 0;
  }
  const size = request === FIONREAD ? sizeOf(description) : null;
  if (size !== null && description.file.map !== undefined) {
    const left = new Uint8Array(new Int32Array([Math.max(0, size - description.position)]).buffer);
    return memory.copyOut(argument, left) ? 0 : -EFAULT;
  }
  return description.file.ioctl?.(request, argument, memory) ?? -ENOTTY;
}

// — making files that have no name —

function pipeCall(task: KernelTask, at: Va, flags: number): Result {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | 0o40000)) !== 0) return -EINVAL;
  const { files, memory, system } = task.process, closeOnExec = (flags & O_CLOEXEC) !== 0, status = flags & O_NONBLOCK;
  const pipe = new Pipe(system.newInode());
  const reader = files.install(new FileDescription(new PipeReader(pipe, system.staging), O_RDONLY | status), closeOnExec);
  if (reader < 0) return reader;
  const writer = files.install(new FileDescription(new PipeWriter(pipe, system.staging), O_WRONLY | status), closeOnExec);
  const isTold = writer >= 0 && memory.copyOut(at, new Uint8Array(new Int32Array([reader, writer]).buffer));
  if (isTold) return 0;
  files.close(reader);
  if (writer >= 0) files.close(writer);
  return writer < 0 ? writer : -EFAULT;
}

const MEMFD_NAME_BYTES_MAX = 249;
function memfdCreate(task: KernelTask, a: Args): Result {
  const MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16;
  const { memory, system, files } = task.process, flags = a.uint(1);
  if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) !== 0) return -EINVAL;
  const name = memory.copyInString(a.pointer(0), MEMFD_NAME_BYTES_MAX + 1);
  if (typeof name === 'number') return name === -EFAULT ? -EFAULT : -EINVAL;
  const pages = new AnonymousPages(`/memfd:${byteString(name)} (deleted)`, system.newInode(), 0, system.memory);
  return files.install(new FileDescription(new MemoryFile(pages, system.staging), O_RDWR), (flags & MFD_CLOEXEC) !== 0);
}

// — directories —

/** linux_dirent64: ino, off, reclen, type, name; multiples of 8. */
function direntBytes(entry: DirectoryEntry): number { return Math.ceil((19 + entry.name.length + 1) / 8) * 8; }
function getdents64(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), room = a.uint(2);
  if (description === null) return -EBADF;
  const entries = description.file.entries?.(description.position) ?? -ENOTDIR;
  if (typeof entries === 'number') return entries;
  const bytes = new Uint8Array(Math.min(room, 1 << 20)), view = new DataView(bytes.buffer);
  let used = 0, next = description.position;
  for (; next < entries.length; next++) {
    const entry = entries[next];
    if (entry === undefined || used + direntBytes(entry) > bytes.length) break;
    view.setBigUint64(used, entry.ino, true);
    view.setBigUint64(used + 8, BigInt(next + 1), true);
    view.setUint16(used + 16, direntBytes(entry), true);
    view.setUint8(used + 18, entry.type);
    bytes.set(bytesOf(entry.name), used + 19);
    used += direntBytes(entry);
  }
  if (used === 0 && next < entries.length) return -EINVAL;
  if (!task.process.memory.copyOut(a.pointer(1), bytes.subarray(0, used))) return -EFAULT;
  description.position = next;
  return used;
}

// — sizes and the disk —

function ftruncate(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), length = a.long(1);
  if (description === null) return -EBADF;
  if (length < 0 || (description.flags & O_ACCMODE) === O_RDONLY) return -EINVAL;
  return description.file.truncate?.(length) ?? -EINVAL;
}
function fallocate(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), offset = a.long(2), length = a.long(3);
  if (description === null || (description.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if (offset < 0 || length <= 0) return -EINVAL;
  if (a.int(1) !== 0) return -EOPNOTSUPP;
  const size = sizeOf(description);
  if (size === null) return -ESPIPE;
  return offset + length <= size ? 0 : description.file.truncate?.(offset + length) ?? -EINVAL;
}
function fsync(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0));
  return description === null ? -EBADF : description.file.sync?.() ?? -EINVAL;
}
function openOnly(task: KernelTask, a: Args): Result { return descriptionOf(task.process, a.int(0)) === null ? -EBADF : 0; }
function sync(task: KernelTask): Result { task.process.system.pageCache.flushAll(); return 0; }

export const ioCalls: SyscallRows<KernelTask> = [
  [0, { name: 'read', run: plain(readFrom), shape: 'fd bytes size → size' }],
  [1, { name: 'write', run: plain(writeTo), shape: 'fd data size → size' }],
  [3, { name: 'close', run: close, shape: 'fd → int' }],
  [8, { name: 'lseek', run: lseek, shape: 'fd off whence → off', partial: 'SEEK_DATA and SEEK_HOLE see no holes' }],
  [16, { name: 'ioctl', run: ioctl, shape: 'fd ioctl ptr → int', partial: 'terminal settings are accepted and ignored' }],
  [17, { name: 'pread64', run: placed(readFrom), shape: 'fd bytes size off → size' }],
  [18, { name: 'pwrite64', run: placed(writeTo), shape: 'fd data size off → size' }],
  [19, { name: 'readv', run: vectored(readFrom, false), shape: 'fd iovout int → size' }],
  [20, { name: 'writev', run: vectored(writeTo, false), shape: 'fd iov int → size' }],
  [22, { name: 'pipe', run: (task, a) => pipeCall(task, a.pointer(0), 0), shape: 'fds → int' }],
  [32, { name: 'dup', run: dup, shape: 'fd → fd' }],
  [33, { name: 'dup2', run: dup2, shape: 'fd fd → fd' }],
  [40, { name: 'sendfile', run: sendfile, shape: 'fd fd offp size → size' }],
  [72, { name: 'fcntl', run: fcntl, shape: 'fd fcntl fcntlarg → fcntl', partial: 'record locks never conflict' }],
  [73, { name: 'flock', run: openOnly, shape: 'fd int → int', partial: 'locks never conflict' }],
  [74, { name: 'fsync', run: fsync, shape: 'fd → int' }],
  [75, { name: 'fdatasync', run: fsync, shape: 'fd → int' }],
  [77, { name: 'ftruncate', run: ftruncate, shape: 'fd off → int' }],
  [162, { name: 'sync', run: sync, shape: '→ int' }],
  [217, { name: 'getdents64', run: getdents64, shape: 'fd dirents uint → size' }],
  [221, { name: 'fadvise64', run: openOnly, shape: 'fd off off int → int' }],
  [285, { name: 'fallocate', run: fallocate, shape: 'fd int off off → int', partial: 'mode 0 only' }],
  [292, { name: 'dup3', run: dup3, shape: 'fd fd openbits → fd' }],
  [293, {
    name: 'pipe2', run: (task, a) => pipeCall(task, a.pointer(0), a.int(1)), shape: 'fds openbits → int',
    partial: 'O_DIRECT is ignored',
  }],
  [295, { name: 'preadv', run: vectored(readFrom, true), shape: 'fd iovout int off → size' }],
  [296, { name: 'pwritev', run: vectored(writeTo, true), shape: 'fd iov int off → size' }],
  [306, { name: 'syncfs', run: fsync, shape: 'fd → int' }],
  [319, { name: 'memfd_create', run: memfdCreate, shape: 'path memfd → fd', partial: 'no seals' }],
  [326, {
    name: 'copy_file_range', run: () => -ENOSYS, shape: 'fd offp fd offp size uint → size',
    partial: 'not implemented: programs fall back to read and write',
  }],
  [436, { name: 'close_range', run: closeRange, shape: 'uint uint hex → int' }],
];
