/** Calls that change what paths name: mkdir(2), unlink(2), rename(2), link(2), chmod(2), utimensat(2) and their like. */
import { EBADF, EEXIST, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, EPERM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { ByteString } from '../host/host.ts';
import type { Result } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { getWord, userStructure } from './structure.ts';
import type { Args, SyscallRows } from './task.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW } from './uapi.ts';
import { hostPathArgument, locateHost, pathArgument } from './walk.ts';

// — changes to names —

/** A call on one host path, found without following a link at its end. */
type OnPath = (task: KernelTask, path: ByteString, a: Args) => Result;
const atName = (run: OnPath, followsLast = false) => (task: KernelTask, a: Args): Result => {
  const path = hostPathArgument(task, AT_FDCWD, a.pointer(0), followsLast);
  return typeof path === 'number' ? path : run(task, path, a);
};
const atDirectory = (run: OnPath, followsLast = false) => (task: KernelTask, a: Args): Result => {
  const path = hostPathArgument(task, a.int(0), a.pointer(1), followsLast);
  return typeof path === 'number' ? path : run(task, path, a);
};
function mkdir(task: KernelTask, path: ByteString, mode: number): Result {
  return task.process.system.host.mkdir(path, mode & 0o1777 & ~task.process.umask);
}
function rmdir(task: KernelTask, path: ByteString): Result {
  // "pathname has . as last component" (rmdir(2)); the host would see the joined path.
  return /(^|\/)\.\/*$/.test(path) ? -EINVAL : task.process.system.host.rmdir(path);
}
function unlink(task: KernelTask, path: ByteString): Result { return task.process.system.host.unlink(path); }
function unlinkat(task: KernelTask, path: ByteString, flags: number): Result {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  return (flags & AT_REMOVEDIR) !== 0 ? rmdir(task, path) : unlink(task, path);
}
type TwoPaths = readonly [from: ByteString, to: ByteString];
function twoPaths(task: KernelTask, fromFd: number, fromAt: Va, followsFrom: boolean, toFd: number, toAt: Va): TwoPaths | Result {
  const from = hostPathArgument(task, fromFd, fromAt, followsFrom);
  if (typeof from === 'number') return from;
  const to = hostPathArgument(task, toFd, toAt, false);
  return typeof to === 'number' ? to : [from, to];
}
function rename(task: KernelTask, fromFd: number, fromAt: Va, toFd: number, toAt: Va, flags: number): Result {
  const RENAME_NOREPLACE = 1;
  if ((flags & ~RENAME_NOREPLACE) !== 0) return -EINVAL;
  const { host } = task.process.system, paths = twoPaths(task, fromFd, fromAt, false, toFd, toAt);
  if (typeof paths === 'number') return paths;
  if (flags === RENAME_NOREPLACE && typeof host.stat(paths[1], false) !== 'number') return -EEXIST;
  return host.rename(...paths);
}
function link(task: KernelTask, fromFd: number, fromAt: Va, toFd: number, toAt: Va, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const { host } = task.process.system, follows = (flags & AT_SYMLINK_FOLLOW) !== 0;
  const paths = twoPaths(task, fromFd, fromAt, follows, toFd, toAt);
  if (typeof paths === 'number') return paths;
  const from = follows ? host.realPath(paths[0]) : paths[0];
  return typeof from === 'number' ? from : host.link(from, paths[1]);
}
function symlink(task: KernelTask, targetAt: Va, dirfd: number, pathAt: Va): Result {
  const target = pathArgument(task, targetAt), path = hostPathArgument(task, dirfd, pathAt, false);
  if (typeof target === 'number' || target === '') return typeof target === 'number' ? target : -ENOENT;
  return typeof path === 'number' ? path : task.process.system.host.symlink(target, path);
}

// — owners, modes, sizes, times —

/** The host's path of an open file, for calls that Node offers for paths only. */
const onFile = (run: OnPath) => (task: KernelTask, a: Args): Result => {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  return description.file.hostPath === undefined ? -EPERM : run(task, description.file.hostPath, a);
};
function chmod(task: KernelTask, path: ByteString, mode: number): Result { return task.process.system.host.chmod(path, mode & 0o7777); }
function chown(task: KernelTask, path: ByteString, uid: number, gid: number, followsLinks: boolean): Result {
  const KEEP = 0xffff_ffff, { host } = task.process.system;
  const stat = host.stat(path, followsLinks);
  if (typeof stat === 'number') return stat;
  return host.chown(path, uid === KEEP ? stat.uid : uid, gid === KEEP ? stat.gid : gid, followsLinks);
}
function fchownat(task: KernelTask, a: Args): Result {
  const flags = a.uint(4), follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = emptyOr(task, a.int(0), a.pointer(1), flags, follows);
  return typeof path === 'number' ? path : chown(task, path, a.uint(2), a.uint(3), follows);
}
/** With AT_EMPTY_PATH and an empty path: the descriptor's own file. */
function emptyOr(task: KernelTask, dirfd: number, pathAt: Va, flags: number, followsLast: boolean): ByteString | Result {
  const path = pathArgument(task, pathAt);
  if (path !== '' || (flags & AT_EMPTY_PATH) === 0) return typeof path === 'number' ? path : locateHost(task, dirfd, path, followsLast);
  return task.process.files.get(dirfd)?.file.hostPath ?? -EBADF;
}
function truncate(task: KernelTask, path: ByteString, length: number): Result {
  return length < 0 ? -EINVAL : task.process.system.host.truncate(path, length);
}

const UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;
function nowNs(task: KernelTask): bigint {
  const { clock } = task.process.system;
  return BigInt(clock.realSeconds()) * 1_000_000_000n + BigInt(clock.realNanoseconds());
}
/** Sets both times; null: now, undefined: as it was. */
function setTimes(task: KernelTask, path: ByteString, times: readonly (bigint | null | undefined)[], followsLinks: boolean): Result {
  const { host } = task.process.system, stat = host.stat(path, followsLinks);
  if (typeof stat === 'number') return stat;
  const [atime, mtime] = times.map((time, i) => time === undefined ? (i === 0 ? stat.atimeNs : stat.mtimeNs) : time ?? nowNs(task));
  return host.setTimes(path, atime ?? 0n, mtime ?? 0n, followsLinks);
}
function utimensat(task: KernelTask, a: Args): Result {
  const flags = a.uint(3), follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const view = a.pointer(2) === 0 ? null : userStructure(task, a.pointer(2), 32);
  if (a.pointer(2) !== 0 && view === null) return -EFAULT;
  const times = [0, 16].map(at => view === null ? null : timeOf(getWord(view, at), getWord(view, at + 8)));
  if (times.includes(-1n)) return -EINVAL;
  // A null path means the descriptor itself: what futimens(3) asks for.
  const path = a.pointer(1) === 0 ? task.process.files.get(a.int(0))?.file.hostPath ?? -EBADF
    : emptyOr(task, a.int(0), a.pointer(1), flags, follows);
  if (typeof path === 'number') return path;
  return times.every(time => time === undefined) ? 0 : setTimes(task, path, times, follows);
}
/** -1n: no such time. */
function timeOf(seconds: number, nanoseconds: number): bigint | null | undefined {
  if (nanoseconds === UTIME_NOW) return null;
  if (nanoseconds === UTIME_OMIT) return undefined;
  return nanoseconds < 0 || nanoseconds >= 1e9 ? -1n : BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
/** utime(2) has seconds; utimes(2) and futimesat(2) have seconds and microseconds. */
function setOldTimes(task: KernelTask, path: ByteString, at: Va, hasMicroseconds: boolean): Result {
  if (at === 0) return setTimes(task, path, [null, null], true);
  const view = userStructure(task, at, hasMicroseconds ? 32 : 16);
  if (view === null) return -EFAULT;
  const stride = hasMicroseconds ? 16 : 8;
  const times = [0, stride].map(i => timeOf(getWord(view, i), hasMicroseconds ? getWord(view, i + 8) * 1000 : 0));
  return times.includes(-1n) ? -EINVAL : setTimes(task, path, times, true);
}
function umask(task: KernelTask, a: Args): Result {
  const old = task.process.umask;
  task.process.umask = a.int(0) & 0o777;
  return old;
}

/** Extended attributes: as on a file system that has none (ENOTSUP, xattr(7)). */
const XATTRS: SyscallRows<KernelTask> = [
  [188, 'setxattr'], [189, 'lsetxattr'], [190, 'fsetxattr'], [191, 'getxattr'], [192, 'lgetxattr'], [193, 'fgetxattr'], [194, 'listxattr'],
  [195, 'llistxattr'], [196, 'flistxattr'], [197, 'removexattr'], [198, 'lremovexattr'], [199, 'fremovexattr'],
].map(([number, name]) => [number as number, {
  name: name as string, run: () => -EOPNOTSUPP, partial: 'no extended attributes',
  shape: `${String(name).startsWith('f') ? 'fd' : 'path'} ${String(name).includes('list') ? 'ptr' : 'path ptr'} size → size`,
}]);

export const nameCalls: SyscallRows<KernelTask> = [
  [76, { name: 'truncate', run: atName((task, path, a) => truncate(task, path, a.long(1)), true), shape: 'path off → int' }],
  [82, { name: 'rename', run: (task, a) => rename(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0), shape: 'path path → int' }],
  [83, { name: 'mkdir', run: atName((task, path, a) => mkdir(task, path, a.int(1))), shape: 'path mode → int' }],
  [84, { name: 'rmdir', run: atName((task, path) => rmdir(task, path)), shape: 'path → int' }],
  [86, { name: 'link', run: (task, a) => link(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0), shape: 'path path → int' }],
  [87, { name: 'unlink', run: atName((task, path) => unlink(task, path)), shape: 'path → int' }],
  [88, { name: 'symlink', run: (task, a) => symlink(task, a.pointer(0), AT_FDCWD, a.pointer(1)), shape: 'path path → int' }],
  [90, { name: 'chmod', run: atName((task, path, a) => chmod(task, path, a.int(1)), true), shape: 'path mode → int' }],
  [91, {
    name: 'fchmod', run: onFile((task, path, a) => chmod(task, path, a.int(1))), shape: 'fd mode → int',
    partial: 'by path: a renamed file is missed',
  }],
  [92, { name: 'chown', run: atName((task, path, a) => chown(task, path, a.uint(1), a.uint(2), true), true), shape: 'path int int → int' }],
  [93, {
    name: 'fchown', run: onFile((task, path, a) => chown(task, path, a.uint(1), a.uint(2), true)), shape: 'fd int int → int',
    partial: 'by path, as fchmod',
  }],
  [94, { name: 'lchown', run: atName((task, path, a) => chown(task, path, a.uint(1), a.uint(2), false)), shape: 'path int int → int' }],
  [95, { name: 'umask', run: umask, shape: 'mode → mode' }],
  [132, { name: 'utime', run: atName((task, path, a) => setOldTimes(task, path, a.pointer(1), false), true), shape: 'path ptr → int' }],
  [133, { name: 'mknod', run: () => -EPERM, shape: 'path mode hex → int', partial: 'no device nodes or named pipes are made' }],
  [235, { name: 'utimes', run: atName((task, path, a) => setOldTimes(task, path, a.pointer(1), true), true), shape: 'path ptr → int' }],
  [258, { name: 'mkdirat', run: atDirectory((task, path, a) => mkdir(task, path, a.int(2))), shape: 'dirfd path mode → int' }],
  [259, { name: 'mknodat', run: () => -EPERM, shape: 'dirfd path mode hex → int', partial: 'no device nodes or named pipes are made' }],
  [260, { name: 'fchownat', run: fchownat, shape: 'dirfd path int int at → int' }],
  [261, {
    name: 'futimesat', run: atDirectory((task, path, a) => setOldTimes(task, path, a.pointer(2), true), true),
    shape: 'dirfd path ptr → int',
  }],
  [263, { name: 'unlinkat', run: atDirectory((task, path, a) => unlinkat(task, path, a.uint(2))), shape: 'dirfd path atrm → int' }],
  [264, {
    name: 'renameat', run: (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), 0),
    shape: 'dirfd path dirfd path → int',
  }],
  [265, {
    name: 'linkat', run: (task, a) => link(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4)),
    shape: 'dirfd path dirfd path at → int',
  }],
  [266, { name: 'symlinkat', run: (task, a) => symlink(task, a.pointer(0), a.int(1), a.pointer(2)), shape: 'path dirfd path → int' }],
  [268, { name: 'fchmodat', run: atDirectory((task, path, a) => chmod(task, path, a.int(2)), true), shape: 'dirfd path mode → int' }],
  [280, { name: 'utimensat', run: utimensat, shape: 'dirfd path times at → int', partial: 'microsecond precision' }],
  [316, {
    name: 'renameat2', run: (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4)),
    shape: 'dirfd path dirfd path hex → int',
    partial: 'RENAME_NOREPLACE only, and not atomic',
  }],
  ...XATTRS,
];
