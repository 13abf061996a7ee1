/** fcntl(2) and flock(2): what a descriptor and its description are set to, and locks. */
import { EAGAIN, EBADF, EFAULT, EINVAL, EOVERFLOW, EPERM } from '../base/errno.ts';
import { fileKey } from '../host/host.ts';
import type { FileDescription, Result } from './file.ts';
import { descriptionOf, duplicateFrom } from './io.ts';
import type { LockKey, LockOwner, RecordLock } from './locks.ts';
import { MemoryFile } from './memory-file.ts';
import type { KernelTask } from './process.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { O_ACCMODE, O_PATH, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_END, SEEK_SET } from './uapi.ts';
import { untilDone } from './waiting.ts';

type Outcome = Result | Control;

/** What a lock is on: a file by its device and inode, or what has none by its name. */
function keyOf(description: FileDescription): LockKey {
  const stat = description.file.stat?.();
  return typeof stat === 'object' && stat.ino !== undefined ? fileKey(stat) : description.file.name;
}

// — flock —

const LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
function flock(task: KernelTask, a: Args): Outcome {
  const description = descriptionOf(task.process, a.int(0)), { locks } = task.process.system.shared;
  const kind = a.int(1) & ~LOCK_NB;
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) return -EINVAL;
  if (description === null) return -EBADF;
  const key = keyOf(description);
  if (kind === LOCK_UN) { locks.unlockWhole(key, description); return 0; }
  return untilDone(() => {
    const result = locks.lockWhole(key, description, kind === LOCK_EX);
    if (result === 0) endWithDescription(task, description, key);
    return result;
  }, (a.int(1) & LOCK_NB) === 0);
}
function endWithDescription(task: KernelTask, description: FileDescription, key: LockKey): void {
  const { locks } = task.process.system.shared;
  description.atLastClose ??= () => {
    locks.unlockWhole(key, description);
    locks.unlock(key, description, 0, Infinity);
    locks.forgetWaits(description);
  };
}
/** "All locks held on a file by a given process are removed when any file descriptor for that file is closed": fcntl(2). */
function endWithDescriptors(task: KernelTask): void {
  const { files, system } = task.process, { locks } = system.shared;
  files.atClose ??= closed => locks.unlock(keyOf(closed), files, 0, Infinity);
}

// — record locks —

const F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;
/** struct flock: l_type, l_whence, l_start, l_len, l_pid. */
const FLOCK_BYTES = 32, OFFSET_MAX = 2 ** 63;
interface LockRequest { readonly kind: number; readonly start: number; readonly end: number; readonly pid: number }
function lockRequest(task: KernelTask, description: FileDescription, a: Args): LockRequest | Result {
  const view = userStructure(task, a.pointer(2), FLOCK_BYTES);
  if (view === null) return -EFAULT;
  const kind = view.getInt16(0, true), whence = view.getInt16(2, true), length = getWord(view, 16);
  if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return -EINVAL;
  const stat = whence === SEEK_END ? description.file.stat?.() : 0;
  const base = whence === SEEK_CUR ? description.position : typeof stat === 'object' ? stat.size ?? 0 : 0;
  const at = base + getWord(view, 8);
  if (at >= OFFSET_MAX) return -EOVERFLOW;
  const start = length < 0 ? at + length : at, end = length < 0 ? at : length === 0 ? Infinity : at + length;
  if (start < 0) return -EINVAL;
  if (end > OFFSET_MAX && end !== Infinity) return -EOVERFLOW;
  if (kind !== F_RDLCK && kind !== F_WRLCK && kind !== F_UNLCK) return -EINVAL;
  return { kind, start, end, pid: view.getInt32(24, true) };
}
function wantedLock(task: KernelTask, description: FileDescription, request: LockRequest, isOfd: boolean): RecordLock {
  const owner: LockOwner = isOfd ? description : task.process.files;
  return { owner, pid: isOfd ? -1 : task.process.pid, isExclusive: request.kind === F_WRLCK, start: request.start, end: request.end };
}
const getLock = (isOfd: boolean): Command => (task, _fd, description, a) => {
  const request = lockRequest(task, description, a);
  if (typeof request === 'number') return request;
  if (request.kind === F_UNLCK && !isOfd || isOfd && request.pid !== 0) return -EINVAL;
  const { locks } = task.process.system.shared;
  const found = request.kind === F_UNLCK ? null : locks.conflict(keyOf(description), wantedLock(task, description, request, isOfd));
  if (found === null) return task.process.memory.copyOut(a.pointer(2), new Uint8Array([F_UNLCK, 0])) ? 0 : -EFAULT;
  return putStructure(task, a.pointer(2), FLOCK_BYTES, view => {
    view.setInt16(0, found.isExclusive ? F_WRLCK : F_RDLCK, true);
    setWord(view, 8, found.start);
    setWord(view, 16, found.end === Infinity ? 0 : found.end - found.start);
    view.setInt32(24, found.pid, true);
  });
};
const setLock = (isOfd: boolean, waits: boolean): Command => (task, _fd, description, a) => {
  const request = lockRequest(task, description, a), { locks } = task.process.system.shared;
  if (typeof request === 'number') return request;
  if (isOfd && request.pid !== 0) return -EINVAL;
  const key = keyOf(description), wanted = wantedLock(task, description, request, isOfd), access = description.flags & O_ACCMODE;
  if (request.kind === F_UNLCK) { locks.unlock(key, wanted.owner, request.start, request.end); return 0; }
  if (access === (request.kind === F_RDLCK ? O_WRONLY : O_RDONLY)) return -EBADF;
  if (isOfd) endWithDescription(task, description, key); else endWithDescriptors(task);
  const result = locks.lock(key, wanted);
  if (result !== -EAGAIN || !waits) return result;
  const waiter = locks.waiter(key, wanted), now = waiter.until();
  if (now !== null) return now;
  return { then: 'sleep', until: waiter.until, abandoned: waiter.forget };
};

// — everything else —

/** What F_SETFL may change: O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME. */
const SETTABLE_FLAGS = 0o2000 | 0o4000 | 0o20000 | 0o40000 | 0o1000000;
const SIGNAL_MAX = 64, F_OWNER_TID = 0, F_OWNER_PGRP = 2;
type Command = (task: KernelTask, fd: number, description: FileDescription, a: Args) => Outcome;

function setOwner(description: FileDescription, kind: number, id: number): Result {
  description.signalTo = { ...description.signalTo, kind, id };
  return 0;
}
function addSeals(description: FileDescription, seals: number): Result {
  if (!(description.file instanceof MemoryFile)) return -EINVAL;
  if ((description.flags & O_ACCMODE) === O_RDONLY) return -EPERM;
  return description.file.addSeals(seals);
}
/** Leases are for owners of files nobody else has open; here nobody else asks to be told. */
function setLease(description: FileDescription, kind: number): Result {
  if (kind !== F_RDLCK && kind !== F_WRLCK && kind !== F_UNLCK) return -EINVAL;
  return description.file.hostPath === undefined ? -EINVAL : -EAGAIN;
}
/** A hint about how long data lives: RWH_WRITE_LIFE_NOT_SET until it is set. */
const getHint: Command = (task, _fd, _description, a) => putStructure(task, a.pointer(2), 8, () => {});
const setHint: Command = (task, _fd, _description, a) => {
  const hint = userStructure(task, a.pointer(2), 8);
  return hint === null ? -EFAULT : hint.getBigUint64(0, true) > 5n ? -EINVAL : 0;
};

const FCNTL: { readonly [command: number]: Command } = {
  /* F_DUPFD */ 0: (task, fd, _, a) => duplicateFrom(task.process, fd, a.int(2), false),
  /* F_GETFD */ 1: (task, fd) => task.process.files.closeOnExec(fd) ? 1 : 0,
  /* F_SETFD */ 2: (task, fd, _, a) => { task.process.files.setCloseOnExec(fd, (a.int(2) & 1) !== 0); return 0; },
  /* F_GETFL */ 3: (_task, _fd, description) => description.flags,
  /* F_SETFL */ 4: (_task, _fd, description, a) => {
    description.flags = (description.flags & ~SETTABLE_FLAGS) | (a.int(2) & SETTABLE_FLAGS);
    description.file.flagged?.(description.flags);
    return 0;
  },
  /* F_GETLK, F_SETLK, F_SETLKW */ 5: getLock(false), 6: setLock(false, false), 7: setLock(false, true),
  /* F_SETOWN */ 8: (_task, _fd, description, a) =>
    a.int(2) < 0 ? setOwner(description, F_OWNER_PGRP, -a.int(2)) : setOwner(description, 1, a.int(2)),
  /* F_GETOWN */ 9: (_task, _fd, { signalTo }) => signalTo.kind === F_OWNER_PGRP ? -signalTo.id : signalTo.id,
  /* F_SETSIG */ 10: (_task, _fd, description, a) => {
    if (a.int(2) < 0 || a.int(2) > SIGNAL_MAX) return -EINVAL;
    description.signalTo = { ...description.signalTo, signal: a.int(2) };
    return 0;
  },
  /* F_GETSIG */ 11: (_task, _fd, description) => description.signalTo.signal,
  /* F_SETOWN_EX */ 15: (task, _fd, description, a) => {
    const view = userStructure(task, a.pointer(2), 8);
    if (view === null) return -EFAULT;
    const kind = view.getInt32(0, true);
    return kind < F_OWNER_TID || kind > F_OWNER_PGRP ? -EINVAL : setOwner(description, kind, view.getInt32(4, true));
  },
  /* F_GETOWN_EX */ 16: (task, _fd, { signalTo }, a) => putStructure(task, a.pointer(2), 8, view => {
    view.setInt32(0, signalTo.kind, true); view.setInt32(4, signalTo.id, true);
  }),
  /* F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW */ 36: getLock(true), 37: setLock(true, false), 38: setLock(true, true),
  /* F_SETLEASE */ 1024: (_task, _fd, description, a) => setLease(description, a.int(2)),
  /* F_GETLEASE */ 1025: () => F_UNLCK,
  /* F_DUPFD_CLOEXEC */ 1030: (task, fd, _, a) => duplicateFrom(task.process, fd, a.int(2), true),
  /* F_SETPIPE_SZ */ 1031: (_task, _fd, description, a) => {
    const pipe = description.file.pipe ?? null;
    return pipe === null ? -EBADF : pipe.resize(a.uint(2));
  },
  /* F_GETPIPE_SZ */ 1032: (_task, _fd, description) => description.file.pipe?.capacity ?? -EBADF,
  /* F_ADD_SEALS */ 1033: (_task, _fd, description, a) => addSeals(description, a.uint(2)),
  /* F_GET_SEALS */ 1034: (_task, _fd, description) => description.file instanceof MemoryFile ? description.file.seals : -EINVAL,
  /* F_[GS]ET_RW_HINT */ 1035: getHint, 1036: setHint, /* F_[GS]ET_FILE_RW_HINT */ 1037: getHint, 1038: setHint,
};
/** What a description opened with O_PATH may be asked: F_DUPFD, F_[GS]ETFD, F_GETFL, F_DUPFD_CLOEXEC (open(2)). */
const FOR_PATHS: readonly number[] = [0, 1, 2, 3, 1030];

function fcntl(task: KernelTask, a: Args): Outcome {
  const description = task.process.files.get(a.int(0)), command = a.int(1);
  if (description === null || (description.flags & O_PATH) !== 0 && !FOR_PATHS.includes(command)) return -EBADF;
  return Object.hasOwn(FCNTL, command) ? FCNTL[command]?.(task, a.int(0), description, a) ?? -EINVAL : -EINVAL;
}

export const fcntlCalls: SyscallRows<KernelTask> = [
  call(72, 'fcntl', 'fd fcntl fcntlarg → fcntl', fcntl, 'leases are refused, O_ASYNC and the owner are remembered but send no signal; hints are forgotten; locks are within the machine'),
  call(73, 'flock', 'fd flock → int', flock, 'within the machine'),
];
