/** Calls on open files: read(2), write(2), lseek(2), dup(2), fcntl(2), ioctl(2), pipe(2), memfd_create(2), getdents64(2) and their like. */
import { EAGAIN, EBADF, EFAULT, EFBIG, EINTR, EINVAL, EISDIR, ENFILE, ENOMEM, ENOTDIR, EOPNOTSUPP, EPIPE, ESPIPE } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { byteString, bytesOf } from '../host/host.ts';
import type { UserMemory } from '../mmu/user.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import { GatheredMemory, type Range } from './buffers.ts';
import { FileDescription, type DirectoryEntry, type Result, type UserBuffer } from './file.ts';
import { F_SEAL_EXEC, F_SEAL_SEAL, MemoryFile } from './memory-file.ts';
import { AnonymousPages } from './pages.ts';
import { Pipe, PipeReader, PipeWriter } from './pipe.ts';
import { RLIMIT_FSIZE, UNLIMITED, type KernelProcess, type KernelTask } from './process.ts';
import { raise } from './signal.ts';
import { userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import {
  IOVECS_MAX, O_ACCMODE, O_APPEND, O_CLOEXEC, O_DIRECT, O_LARGEFILE, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, S_IFMT, S_IFREG, SIGPIPE, SIGXFSZ, TRANSFER_BYTES_MAX,
} from './uapi.ts';

type Outcome = Result | Control;

/** The description behind `fd`; O_PATH ones only where the call allows them. */
export function descriptionOf(process: KernelProcess, fd: number): FileDescription | null {
  const description = process.files.get(fd);
  return description === null || (description.flags & O_PATH) !== 0 ? null : description;
}

// — reading and writing —

/** A part of `read` or `write` as one kind of call makes it; `at` null: at the description's position, which moves. */
type Transfer = (task: KernelTask, description: FileDescription, buffer: UserBuffer, at: number | null, appends?: boolean) => Result;

export function readFrom(task: KernelTask, description: FileDescription, to: UserBuffer, at: number | null): Result {
  const { file } = description;
  if ((description.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  if (file.read === undefined) return file.entries === undefined ? -EINVAL : -EISDIR;
  if (at !== null) return file.read(to, at, true, task);
  const result = file.read(to, description.position, false, task);
  if (result > 0 && file.isAddressed !== true) description.position += result;
  return result;
}

/** A broken pipe raises SIGPIPE too, and a write past RLIMIT_FSIZE SIGXFSZ (write(2)). */
export function writeTo(task: KernelTask, description: FileDescription, from: UserBuffer, at: number | null, appends?: boolean): Result {
  const { file } = description;
  if ((description.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if (file.write === undefined) return -EINVAL;
  const atEnd = (appends ?? (description.flags & O_APPEND) !== 0) && file.isAddressed !== true;
  const end = atEnd ? sizeOf(description) ?? description.position : description.position;
  // On Linux pwrite appends too where the file was opened with O_APPEND: pwrite(2), BUGS.
  const place = at === null || atEnd ? end : at;
  const allowed = withinFileLimit(task, description, place, from.length);
  if (allowed < 0) return allowed;
  const result = file.write(allowed < from.length ? { ...from, length: allowed } : from, place, at !== null, task);
  if (at === null && atEnd) description.position = end;
  if (at === null && result > 0 && file.isAddressed !== true) description.position = place + result;
  if (result === -EPIPE && file.breaksQuietly !== true) raise(task, { signal: SIGPIPE, code: 0, address: 0 });
  return result;
}
/** How many bytes of a write RLIMIT_FSIZE allows; -EFBIG where none, with SIGXFSZ. Only regular files have the limit. */
export function withinFileLimit(task: KernelTask, description: FileDescription, place: number, length: number): Result {
  const limit = task.process.limits[RLIMIT_FSIZE]?.soft ?? UNLIMITED;
  if (limit === UNLIMITED || length === 0 || place + length <= Number(limit) || sizeOf(description) === null) return length;
  if (place < Number(limit)) return Number(limit) - place;
  raise(task, { signal: SIGXFSZ, code: 0, address: 0 });
  return -EFBIG;
}

/** The size of what has one: a regular file. */
export function sizeOf(description: FileDescription): number | null {
  const stat = description.file.stat?.();
  return typeof stat === 'object' && (stat.mode & S_IFMT) === S_IFREG ? stat.size ?? null : null;
}

/** The size of a file that can be mapped, as the host's and memfds can: what is made up has none that counts. */
export function contentSize(description: FileDescription): number | null { return description.file.map === undefined ? null : sizeOf(description); }

/** The last offset there is, and one byte. */
const OFFSETS_END = 2 ** 63 - 1024;
interface TransferOptions { readonly at: number | null; readonly isWaiting?: boolean; readonly appends?: boolean }

/** Runs a transfer; one that finds nothing to do waits for it, unless the description says not to. */
function transfer(task: KernelTask, fd: number, run: Transfer, buffer: UserBuffer, options: TransferOptions): Outcome {
  const description = descriptionOf(task.process, fd), { at, appends } = options;
  if (description === null) return -EBADF;
  if (at !== null && (at < 0 || at + buffer.length > OFFSETS_END)) return -EINVAL;
  if (at !== null && description.file.seek === undefined) return -ESPIPE;
  const result = run(task, description, buffer, at, appends);
  if ((description.flags & O_NONBLOCK) !== 0 || options.isWaiting === false) return result;
  const goesOn = run === writeTo && description.file.writesAll === true && result > 0 && result < buffer.length;
  return result === -EAGAIN || goesOn ? completed(task, run, description, buffer, Math.max(0, result)) : result;
}
/** The rest of a transfer that began with `done` bytes: of one read, or of a whole write. A signal ends it with what was done. */
function completed(task: KernelTask, run: Transfer, description: FileDescription, buffer: UserBuffer, done: number): Control {
  const { file } = description, isWhole = run === writeTo && file.writesAll === true, { clock } = task.process.system;
  const timeoutNs = (run === writeTo ? file.timeouts?.sendTimeoutNs : file.timeouts?.receiveTimeoutNs) ?? null;
  const endsAtNs = timeoutNs === null ? Infinity : clock.monotonicNs() + timeoutNs;
  return {
    then: 'sleep', holds: description, wakesAtNs: endsAtNs === Infinity ? undefined : endsAtNs,
    until: () => {
      const rest = { ...buffer, address: buffer.address + done, length: buffer.length - done };
      const result = run(task, description, rest, null);
      if (result === -EAGAIN) return clock.monotonicNs() < endsAtNs ? null : done > 0 ? done : -EAGAIN;
      if (result < 0) return done > 0 ? done : result;
      done += result;
      if (!isWhole || done === buffer.length || result === 0) return done;
      task.process.system.life.stir();
      return null;
    },
    failsAfterStop: timeoutNs !== null,
    onSignal: () => done > 0 ? done : timeoutNs === null ? null : -EINTR, // signal(7): with a timeout it is not made again.
  };
}

function buffer(memory: UserMemory, address: Va, length: number): UserBuffer {
  return { memory, address, length: Math.min(length, TRANSFER_BYTES_MAX) };
}
const plain = (run: Transfer) => (task: KernelTask, a: Args): Outcome => oneBuffer(task, run, a, AT_POSITION);
const placed = (run: Transfer) => (task: KernelTask, a: Args): Outcome => oneBuffer(task, run, a, { at: a.long(3) });
/** A buffer that reaches beyond where programs may have memory is refused before anything is done (Linux: access_ok). */
function oneBuffer(task: KernelTask, run: Transfer, a: Args, options: TransferOptions): Outcome {
  const at = a.pointer(1), length = a.size(2);
  if (at + length > TASK_SIZE) return descriptionOf(task.process, a.int(0)) === null ? -EBADF : -EFAULT;
  return transfer(task, a.int(0), run, buffer(task.process.memory, at, length), options);
}
const AT_POSITION: TransferOptions = { at: null };

/** An array of `count` struct iovec, or -errno. */
export function gather(task: KernelTask, at: Va, count: number): GatheredMemory | Result {
  if (count > IOVECS_MAX) return -EINVAL;
  const view = userStructure(task, at, 16 * count);
  if (view === null) return -EFAULT;
  const ranges: Range[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getInt32(16 * i + 12, true) < 0) return -EINVAL; // "an iov_len value is negative": readv(2).
    ranges.push({ at: Number(view.getBigUint64(16 * i, true)), length: Number(view.getBigUint64(16 * i + 8, true)) });
  }
  return new GatheredMemory(task.process.memory, ranges);
}
/** A file that is addressed gets the buffers one by one, as on Linux one without a readv of its own: each must be a whole part. */
function eachBuffer(task: KernelTask, description: FileDescription, run: Transfer, gathered: GatheredMemory, at: number | null): Result {
  let done = 0;
  for (const range of gathered.ranges) {
    if (range.length === 0) continue;
    const result = run(task, description, buffer(task.process.memory, range.at, range.length), at);
    if (result < 0) return done > 0 ? done : result;
    done += result;
    if (result < range.length) break;
  }
  return done;
}
function vectors(task: KernelTask, a: Args, run: Transfer, options: TransferOptions): Outcome {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  const memory = gather(task, a.pointer(1), a.size(2));
  if (typeof memory === 'number') return memory;
  if (description.file.isAddressed === true) return eachBuffer(task, description, run, memory, options.at);
  return transfer(task, a.int(0), run, buffer(memory, 0, memory.length), options);
}
const vectored = (run: Transfer, isPlaced: boolean) => (task: KernelTask, a: Args): Outcome =>
  vectors(task, a, run, isPlaced ? { at: a.long(3) } : AT_POSITION);

const RWF_NOWAIT = 8, RWF_APPEND = 0x10, RWF_NOAPPEND = 0x20, RWF_KNOWN = 0x3f;
/** preadv2(2): an offset of -1 is the position. HIPRI, DSYNC and SYNC need nothing done. */
const vectored2 = (run: Transfer) => (task: KernelTask, a: Args): Outcome => {
  const flags = a.uint(5), at = a.long(3) === -1 ? null : a.long(3);
  if ((flags & ~RWF_KNOWN) !== 0) return -EOPNOTSUPP;
  if ((flags & RWF_APPEND) !== 0 && (flags & RWF_NOAPPEND) !== 0) return -EINVAL;
  if ((flags & (RWF_APPEND | RWF_NOAPPEND)) !== 0 && run === readFrom) return -EOPNOTSUPP;
  const appends = (flags & RWF_APPEND) !== 0 ? { appends: true } : (flags & RWF_NOAPPEND) !== 0 ? { appends: false } : {};
  return vectors(task, a, run, { at, isWaiting: (flags & RWF_NOWAIT) === 0, ...appends });
};

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

// — making files that have no name —

function pipeCall(task: KernelTask, at: Va, flags: number): Result {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
  const { files, memory, system } = task.process, closeOnExec = (flags & O_CLOEXEC) !== 0, status = flags & (O_NONBLOCK | O_DIRECT);
  if (system.shared.pipes.isSpent) return -ENFILE;
  const pipe = new Pipe(system.newInode(), system.shared.pipes);
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
  const MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16;
  const { memory, system, files } = task.process, flags = a.uint(1);
  if ((flags & MFD_HUGETLB) !== 0) return -ENOMEM;
  if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) !== 0) return -EINVAL;
  const name = memory.copyInString(a.pointer(0), MEMFD_NAME_BYTES_MAX + 1);
  if (typeof name === 'number') return name === -EFAULT ? -EFAULT : -EINVAL;
  if ((flags & MFD_NOEXEC_SEAL) !== 0 && (flags & MFD_EXEC) !== 0) return -EINVAL;
  const denied = (flags & MFD_NOEXEC_SEAL) === 0 ? system.policy?.memfd(task) ?? 0 : 0;
  if (denied < 0) return denied;
  const pages = new AnonymousPages(`/memfd:${byteString(name)} (deleted)`, system.newInode(), 0, system.memory);
  pages.seals = (flags & MFD_NOEXEC_SEAL) !== 0 ? F_SEAL_EXEC : (flags & MFD_ALLOW_SEALING) !== 0 ? 0 : F_SEAL_SEAL;
  return files.install(new FileDescription(new MemoryFile(pages, system.staging), O_RDWR | O_LARGEFILE), (flags & MFD_CLOEXEC) !== 0);
}

// — directories —

/** linux_dirent64: ino, off, reclen, type, name; linux_dirent has the type at its end. Multiples of 8. */
function direntBytes(entry: DirectoryEntry, isOld: boolean): number { return Math.ceil(((isOld ? 18 : 19) + entry.name.length + (isOld ? 2 : 1)) / 8) * 8; }
const getdents = (isOld: boolean) => (task: KernelTask, a: Args): Result => {
  const description = descriptionOf(task.process, a.int(0)), room = a.uint(2);
  if (description === null) return -EBADF;
  const entries = description.file.entries?.(description.position) ?? -ENOTDIR;
  if (typeof entries === 'number') return entries;
  const bytes = new Uint8Array(Math.min(room, 1 << 20)), view = new DataView(bytes.buffer);
  let used = 0, next = description.position;
  for (; next < entries.length; next++) {
    const entry = entries[next], length = entry === undefined ? 0 : direntBytes(entry, isOld);
    if (entry === undefined || used + length > bytes.length) break;
    view.setBigUint64(used, entry.ino, true);
    view.setBigUint64(used + 8, BigInt(next + 1), true);
    view.setUint16(used + 16, length, true);
    view.setUint8(used + (isOld ? length - 1 : 18), entry.type);
    bytes.set(bytesOf(entry.name), used + (isOld ? 18 : 19));
    used += length;
  }
  if (used === 0 && next < entries.length) return -EINVAL;
  if (!task.process.memory.copyOut(a.pointer(1), bytes.subarray(0, used))) return -EFAULT;
  description.position = next;
  return used;
};

export function duplicateFrom(process: KernelProcess, fd: number, from: number, closeOnExec: boolean): Result {
  return from < 0 || from >= process.files.limit ? -EINVAL : duplicate(process, fd, from, closeOnExec);
}

export const ioCalls: SyscallRows<KernelTask> = [
  call(0, 'read', 'fd bytes size → size', plain(readFrom)),
  call(1, 'write', 'fd data size → size', plain(writeTo)),
  call(3, 'close', 'fd → int', close),
  call(8, 'lseek', 'fd off whence → off', lseek, 'SEEK_DATA and SEEK_HOLE see holes of memfds only'),
  call(17, 'pread64', 'fd bytes size off → size', placed(readFrom)),
  call(18, 'pwrite64', 'fd data size off → size', placed(writeTo)),
  call(19, 'readv', 'fd iovout int → size', vectored(readFrom, false)),
  call(20, 'writev', 'fd iov int → size', vectored(writeTo, false)),
  call(22, 'pipe', 'fds → int', (task, a) => pipeCall(task, a.pointer(0), 0)),
  call(32, 'dup', 'fd → fd', dup),
  call(33, 'dup2', 'fd fd → fd', dup2),
  call(78, 'getdents', 'fd dirents uint → size', getdents(true)),
  call(217, 'getdents64', 'fd dirents uint → size', getdents(false)),
  call(292, 'dup3', 'fd fd openbits → fd', dup3),
  call(293, 'pipe2', 'fds openbits → int', (task, a) => pipeCall(task, a.pointer(0), a.int(1))),
  call(295, 'preadv', 'fd iovout int off → size', vectored(readFrom, true)),
  call(296, 'pwritev', 'fd iov int off → size', vectored(writeTo, true)),
  call(319, 'memfd_create', 'path memfd → fd', memfdCreate, 'no MFD_HUGETLB; F_SEAL_EXEC is remembered only'),
  call(327, 'preadv2', 'fd iovout int off int rwf → size', vectored2(readFrom)),
  call(328, 'pwritev2', 'fd iov int off int rwf → size', vectored2(writeTo)),
  call(436, 'close_range', 'uint uint hex → int', closeRange),
];
