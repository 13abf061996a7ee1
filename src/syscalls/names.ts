/** Calls that change what paths name: mkdir(2), unlink(2), rename(2), link(2), mknod(2), chmod(2), utimensat(2) and their like. */
import { EBADF, EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, EPERM, EXDEV, ETXTBSY } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { fileKey, type ByteString } from '../host/host.ts';
import { joined, parentOf } from '../host/path.ts';
import { isBeingRun } from './exec.ts';
import { Fifo } from './fifo.ts';
import type { FileDescription, Result } from './file.ts';
import { HostFile } from './host-file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { getWord, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import {
  AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_CREAT, O_EXCL, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK,
} from './uapi.ts';
import { hostPathArgument, hostPathOf, locate, locateHost, pathArgument } from './walk.ts';

// — changes to names —

/** A call on one host path, found without following a link at its end. */
type OnPath = (task: KernelTask, path: ByteString, a: Args) => Result;
/** `refusal`: what the call says of a name in /proc, /dev or /sys. */
const atName = (run: OnPath, refusal: number) => (task: KernelTask, a: Args): Result => onPath(task, AT_FDCWD, a.pointer(0), refusal, path => run(task, path, a));
const atDirectory = (run: OnPath, refusal: number) => (task: KernelTask, a: Args): Result => onPath(task, a.int(0), a.pointer(1), refusal, path => run(task, path, a));
function onPath(task: KernelTask, dirfd: number, at: Va, refusal: number, run: (path: ByteString) => Result): Result {
  const path = hostPathArgument(task, dirfd, at, false, refusal);
  return typeof path === 'number' ? path : run(path);
}
function mkdir(task: KernelTask, path: ByteString, mode: number): Result {
  return task.process.system.host.mkdir(path, mode & 0o1777 & ~task.process.umask);
}
function rmdir(task: KernelTask, path: ByteString): Result {
  // "pathname has . as last component" (rmdir(2)); the host would see the joined path.
  return /(^|\/)\.\/*$/.test(path) ? -EINVAL : task.process.system.host.rmdir(path);
}
function unlink(task: KernelTask, path: ByteString): Result {
  const { host, shared } = task.process.system, stat = shared.hasAttributes ? host.stat(path, false) : 0, result = host.unlink(path);
  // The inode may be another file's next.
  if (result === 0 && typeof stat === 'object' && stat.nlink === 1) shared.attributes.forget(fileKey(stat));
  return result;
}
function unlinkat(task: KernelTask, a: Args): Result {
  const flags = a.uint(2), isDirectory = (flags & AT_REMOVEDIR) !== 0;
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  return onPath(task, a.int(0), a.pointer(1), EPERM, path => isDirectory ? rmdir(task, path) : unlink(task, path));
}
function symlink(task: KernelTask, targetAt: Va, dirfd: number, pathAt: Va): Result {
  const target = pathArgument(task, targetAt);
  if (typeof target === 'number' || target === '') return typeof target === 'number' ? target : -ENOENT;
  return onPath(task, dirfd, pathAt, EEXIST, path => task.process.system.host.symlink(target, path));
}
function mknod(task: KernelTask, dirfd: number, pathAt: Va, mode: number): Result {
  const { system, umask } = task.process, kind = mode & S_IFMT, bits = mode & 0o7777 & ~umask;
  if (kind === S_IFDIR) return -EPERM;
  if (![0, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK].includes(kind)) return -EINVAL;
  return onPath(task, dirfd, pathAt, EEXIST, path => {
    if (kind === S_IFCHR || kind === S_IFBLK) return typeof system.host.stat(path, false) === 'number' ? -EPERM : -EEXIST;
    if (kind === S_IFIFO || kind === S_IFSOCK) {
      const made = system.special.make(path, kind === S_IFIFO ? 'fifo' : 'socket', bits, kind === S_IFIFO ? new Fifo(system.shared.pipes) : null);
      return typeof made === 'number' ? made : 0;
    }
    if (path.endsWith('/')) return -ENOENT;
    const fd = system.host.open(path, O_CREAT | O_EXCL, bits);
    if (fd >= 0) system.host.close(fd);
    return Math.min(fd, 0);
  });
}

// — two names —

const RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2;
function rename(task: KernelTask, fromFd: number, fromAt: Va, toFd: number, toAt: Va, flags: number): Result {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0 || flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) return -EINVAL; // RENAME_WHITEOUT: "not supported by the filesystem".
  const { host } = task.process.system, from = hostPathArgument(task, fromFd, fromAt, false, EBUSY);
  if (typeof from === 'number') return from;
  const to = hostPathArgument(task, toFd, toAt, false, EXDEV);
  if (typeof to === 'number') return to;
  if ([from, to].some(path => /(^|\/)\.\.?\/*$/.test(path))) return -EBUSY;
  if (flags === RENAME_NOREPLACE && typeof host.stat(to, false) !== 'number') return typeof host.stat(from, false) === 'number' ? -ENOENT : -EEXIST;
  const old = directoryIn(task, from), other = flags === RENAME_EXCHANGE ? directoryIn(task, to) : null;
  const result = flags === RENAME_EXCHANGE ? exchange(task, from, to) : host.rename(from, to);
  if (result < 0 || old === null && other === null) return result;
  const moved = host.realPath(to), back = other === null ? -ENOENT : host.realPath(from);
  for (const each of task.process.system.processes.values()) {
    const place = movedTo(each.directory, old, moved) ?? movedTo(each.directory, other, back);
    if (place !== null) each.directory = place;
  }
  return result;
}
/** The real path, if it is a directory that a process is in: that goes where the directory goes. */
function directoryIn(task: KernelTask, path: ByteString): ByteString | null {
  const { processes, host } = task.process.system, name = path.slice(path.lastIndexOf('/'));
  if (![...processes.values()].some(({ directory }) => directory.includes(name))) return null;
  const real = host.realPath(path);
  return typeof real === 'string' ? real : null;
}
function movedTo(directory: ByteString, from: ByteString | null, to: ByteString | Result): ByteString | null {
  if (from === null || typeof to === 'number' || directory !== from && !directory.startsWith(`${from}/`)) return null;
  return to + directory.slice(from.length);
}
/** Three renames: no task sees the ones between, but another program of the host might. */
function exchange(task: KernelTask, from: ByteString, to: ByteString): Result {
  const { host } = task.process.system, between = joined(parentOf(from), `.#exchange-${task.process.system.newInode().toString(36)}`);
  const first = host.stat(from, false), second = host.stat(to, false);
  if (typeof first === 'number' || typeof second === 'number') return typeof first === 'number' ? first : second as Result;
  const moved = host.rename(from, between);
  if (moved < 0) return moved;
  const came = host.rename(to, from);
  if (came < 0) { host.rename(between, from); return came; }
  const went = host.rename(between, to);
  if (went < 0) { host.rename(from, to); host.rename(between, from); }
  return went;
}
/** The file of O_TMPFILE that a link is to be made to, if it is one: by its descriptor, or by what /proc/self/fd calls it. */
function namelessIn(task: KernelTask, fromFd: number, fromAt: Va, from: ByteString | FileDescription): HostFile | null {
  const path = typeof from === 'string' ? pathArgument(task, fromAt) : null, place = typeof path === 'string' ? locate(task, fromFd, path, true) : null;
  const description = typeof from !== 'string' ? from : place !== null && typeof place !== 'number' && place.kind === 'open' ? place.description : null;
  const file = description?.file;
  return file instanceof HostFile && file.isNameless ? file : null;
}
function link(task: KernelTask, fromFd: number, fromAt: Va, toFd: number, toAt: Va, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const { host } = task.process.system, follows = (flags & AT_SYMLINK_FOLLOW) !== 0, from = targetOf(task, fromFd, fromAt, flags, follows, EXDEV);
  const nameless = typeof from === 'number' ? null : namelessIn(task, fromFd, fromAt, from);
  if (nameless !== null) return onPath(task, toFd, toAt, EEXIST, to => nameless.giveName(to));
  if (typeof from === 'number') return from;
  // "The caller must have the CAP_DAC_READ_SEARCH capability" to link a descriptor's file (open(2)).
  if (typeof from !== 'string' && host.user.euid !== 0) return -ENOENT;
  const path = typeof from === 'string' ? from : hostPathOf(task, from.file);
  const source = path === null ? -EXDEV : follows ? host.realPath(path) : path;
  return typeof source === 'number' ? source : onPath(task, toFd, toAt, EEXIST, to => host.link(source, to));
}

// — owners, modes, sizes, times —

/** A path of the host, or with AT_EMPTY_PATH and an empty path the open file that `dirfd` is. */
function targetOf(task: KernelTask, dirfd: number, pathAt: Va, flags: number, followsLast: boolean, refusal = EPERM): ByteString | FileDescription | Result {
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  if (path !== '' || (flags & AT_EMPTY_PATH) === 0) return locateHost(task, dirfd, path, followsLast, refusal);
  return dirfd === AT_FDCWD ? locateHost(task, dirfd, '.', true, refusal) : task.process.files.get(dirfd) ?? -EBADF;
}
/** A change of what a path or a descriptor refers to. */
interface Change {
  readonly byPath: (path: ByteString, followsLinks: boolean) => Result;
  readonly byFd: (fd: number) => Result;
}
function apply(target: ByteString | FileDescription | Result, followsLinks: boolean, { byPath, byFd }: Change): Result {
  if (typeof target === 'number') return target;
  if (typeof target === 'string') return byPath(target, followsLinks);
  const { file } = target;
  if (file.hostFd !== undefined) return byFd(file.hostFd);
  return file.hostPath === undefined ? 0 : byPath(file.hostPath, false); // A pipe's or a socket's are its own business, and nobody looks at them.
}
function changeMode(task: KernelTask, target: ByteString | FileDescription | Result, mode: number, followsLinks: boolean): Result {
  const { host } = task.process.system, bits = mode & 0o7777;
  return apply(target, followsLinks, {
    byFd: fd => host.fchmod(fd, bits),
    byPath: (path, follows) => {
      const stat = follows ? 0 : host.stat(path, false);
      if (stat !== 0 && typeof stat === 'number') return stat;
      return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFLNK ? -EOPNOTSUPP : host.chmod(path, bits);
    },
  });
}
function fchmodat(task: KernelTask, a: Args, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  return changeMode(task, targetOf(task, a.int(0), a.pointer(1), flags, follows), a.int(2), follows);
}
const KEEP = 0xffff_ffff;
function changeOwner(task: KernelTask, target: ByteString | FileDescription | Result, uid: number, gid: number, followsLinks: boolean): Result {
  const { host } = task.process.system;
  const both = (stat: ReturnType<typeof host.stat>, run: (uid: number, gid: number) => Result): Result =>
    typeof stat === 'number' ? stat : run(uid === KEEP ? stat.uid : uid, gid === KEEP ? stat.gid : gid);
  return apply(target, followsLinks, {
    byFd: fd => both(host.fstat(fd), (owner, group) => host.fchown(fd, owner, group)),
    byPath: (path, follows) => both(host.stat(path, follows), (owner, group) => host.chown(path, owner, group, follows)),
  });
}
function fchownat(task: KernelTask, a: Args): Result {
  const flags = a.uint(4), follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  return changeOwner(task, targetOf(task, a.int(0), a.pointer(1), flags, follows), a.uint(2), a.uint(3), follows);
}
function open(task: KernelTask, fd: number): FileDescription | Result { return descriptionOf(task.process, fd) ?? -EBADF; }
function truncate(task: KernelTask, a: Args): Result {
  const length = a.long(1), path = length < 0 ? -EINVAL : hostPathArgument(task, AT_FDCWD, a.pointer(0), true, EINVAL);
  if (typeof path === 'number') return path;
  const { host, pageCache, policy } = task.process.system;
  if (isBeingRun(task.process.system, path)) return -ETXTBSY;
  const denied = policy?.write(task, path) ?? 0;
  const result = denied < 0 ? denied : host.truncate(path, length), stat = result < 0 ? result : host.stat(path, true);
  if (typeof stat !== 'number') pageCache.find(fileKey(stat))?.truncate(length);
  return result;
}

const UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;
function nowNs(task: KernelTask): bigint {
  const { clock } = task.process.system;
  return BigInt(clock.realSeconds()) * 1_000_000_000n + BigInt(clock.realNanoseconds());
}
/** A time to set; null: now; undefined: as it was. */
type Times = readonly (bigint | null | undefined)[];
function changeTimes(task: KernelTask, target: ByteString | FileDescription | Result, times: Times, followsLinks: boolean): Result {
  const { host } = task.process.system;
  const both = (stat: ReturnType<typeof host.stat>, run: (atimeNs: bigint, mtimeNs: bigint) => Result): Result => {
    if (typeof stat === 'number') return stat;
    const [atime, mtime] = times.map((time, i) => time === undefined ? (i === 0 ? stat.atimeNs : stat.mtimeNs) : time ?? nowNs(task));
    return run(atime ?? 0n, mtime ?? 0n);
  };
  return apply(target, followsLinks, {
    byFd: fd => both(host.fstat(fd), (atime, mtime) => host.fsetTimes(fd, atime, mtime)),
    byPath: (path, follows) => both(host.stat(path, follows), (atime, mtime) => host.setTimes(path, atime, mtime, follows)),
  });
}
function utimensat(task: KernelTask, a: Args): Result {
  const flags = a.uint(3), follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const view = a.pointer(2) === 0 ? null : userStructure(task, a.pointer(2), 32);
  if (a.pointer(2) !== 0 && view === null) return -EFAULT;
  const times = [0, 16].map(at => view === null ? null : timeOf(getWord(view, at), getWord(view, at + 8)));
  if (times.every(time => time === undefined)) return 0; // Linux does not even look at the path.
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0 || times.includes(-1n)) return -EINVAL;
  // A null path means the descriptor itself: what futimens(3) asks for.
  if (a.pointer(1) === 0 && a.int(0) !== AT_FDCWD) return flags === 0 ? changeTimes(task, open(task, a.int(0)), times, true) : -EINVAL;
  return changeTimes(task, targetOf(task, a.int(0), a.pointer(1), flags, follows), times, follows);
}
/** -1n: no such time. */
function timeOf(seconds: number, nanoseconds: number): bigint | null | undefined {
  if (nanoseconds === UTIME_NOW) return null;
  if (nanoseconds === UTIME_OMIT) return undefined;
  return nanoseconds < 0 || nanoseconds >= 1e9 ? -1n : BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
/** utime(2) has seconds; utimes(2) and futimesat(2) have seconds and microseconds. */
function setOldTimes(task: KernelTask, dirfd: number, pathAt: Va, at: Va, hasMicroseconds: boolean): Result {
  const view = at === 0 ? null : userStructure(task, at, hasMicroseconds ? 32 : 16), stride = hasMicroseconds ? 16 : 8;
  if (at !== 0 && view === null) return -EFAULT;
  const times = [0, stride].map(i => view === null ? null : timeOf(getWord(view, i), hasMicroseconds ? getWord(view, i + 8) * 1000 : 0));
  if (times.includes(-1n)) return -EINVAL;
  // futimesat(2) takes a null path for the descriptor itself.
  const target = pathAt === 0 && dirfd !== AT_FDCWD ? open(task, dirfd) : hostPathArgument(task, dirfd, pathAt, true, EPERM);
  return changeTimes(task, target, times, true);
}
function umask(task: KernelTask, a: Args): Result {
  const old = task.process.umask;
  task.process.umask = a.int(0) & 0o777;
  return old;
}

const NO_FILE = 'of pipes, sockets, memfds and what is made up nothing changes';
export const nameCalls: SyscallRows<KernelTask> = [
  call(76, 'truncate', 'path off → int', truncate),
  call(82, 'rename', 'path path → int', (task, a) => rename(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0)),
  call(83, 'mkdir', 'path mode → int', atName((task, path, a) => mkdir(task, path, a.int(1)), EEXIST)),
  call(84, 'rmdir', 'path → int', atName((task, path) => rmdir(task, path), EPERM)),
  call(86, 'link', 'path path → int', (task, a) => link(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0)),
  call(87, 'unlink', 'path → int', atName((task, path) => unlink(task, path), EPERM)),
  call(88, 'symlink', 'path path → int', (task, a) => symlink(task, a.pointer(0), AT_FDCWD, a.pointer(1))),
  call(90, 'chmod', 'path mode → int', (task, a) => changeMode(task, hostPathArgument(task, AT_FDCWD, a.pointer(0), true, EPERM), a.int(1), true)),
  call(91, 'fchmod', 'fd mode → int', (task, a) => changeMode(task, open(task, a.int(0)), a.int(1), true), NO_FILE),
  call(92, 'chown', 'path int int → int', (task, a) => changeOwner(task, hostPathArgument(task, AT_FDCWD, a.pointer(0), true, EPERM), a.uint(1), a.uint(2), true)),
  call(93, 'fchown', 'fd int int → int', (task, a) => changeOwner(task, open(task, a.int(0)), a.uint(1), a.uint(2), true), NO_FILE),
  call(94, 'lchown', 'path int int → int', (task, a) => changeOwner(task, hostPathArgument(task, AT_FDCWD, a.pointer(0), false, EPERM), a.uint(1), a.uint(2), false)),
  call(95, 'umask', 'mode → mode', umask),
  call(132, 'utime', 'path ptr → int', (task, a) => setOldTimes(task, AT_FDCWD, a.pointer(0), a.pointer(1), false)),
  call(133, 'mknod', 'path nodemode device? → int', (task, a) => mknod(task, AT_FDCWD, a.pointer(0), a.int(1)), 'no device nodes are made'),
  call(235, 'utimes', 'path ptr → int', (task, a) => setOldTimes(task, AT_FDCWD, a.pointer(0), a.pointer(1), true)),
  call(258, 'mkdirat', 'dirfd path mode → int', atDirectory((task, path, a) => mkdir(task, path, a.int(2)), EEXIST)),
  call(259, 'mknodat', 'dirfd path nodemode device? → int', (task, a) => mknod(task, a.int(0), a.pointer(1), a.int(2)), 'no device nodes are made'),
  call(260, 'fchownat', 'dirfd path int int at → int', fchownat),
  call(261, 'futimesat', 'dirfd path ptr → int', (task, a) => setOldTimes(task, a.int(0), a.pointer(1), a.pointer(2), true)),
  call(263, 'unlinkat', 'dirfd path atrm → int', unlinkat),
  call(264, 'renameat', 'dirfd path dirfd path → int', (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), 0)),
  call(265, 'linkat', 'dirfd path dirfd path at → int', (task, a) => link(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4))),
  call(266, 'symlinkat', 'path dirfd path → int', (task, a) => symlink(task, a.pointer(0), a.int(1), a.pointer(2))),
  call(268, 'fchmodat', 'dirfd path mode → int', (task, a) => fchmodat(task, a, 0)),
  call(280, 'utimensat', 'dirfd path times at → int', utimensat, 'files of the host keep microseconds, the machine remembers the rest; of pipes, sockets and memfds nothing changes'),
  call(316, 'renameat2', 'dirfd path dirfd path renamebits → int',
    (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4)), 'no RENAME_WHITEOUT; RENAME_EXCHANGE is three renames of the host'),
  call(452, 'fchmodat2', 'dirfd path mode at → int', (task, a) => fchmodat(task, a, a.uint(3))),
];
