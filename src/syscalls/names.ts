/** Calls that take paths: open(2), access(2), mkdir(2), unlink(2), rename(2), link(2), readlink(2), chmod(2), utimensat(2), chdir(2) and their families. */
import {
  EACCES, EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, ENOTDIR, ENXIO, EOPNOTSUPP, EPERM, ERANGE,
} from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import { FileDescription, type File, type Result } from './file.ts';
import { openHostFile, PathFile } from './host-file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { getWord, userStructure } from './structure.ts';
import type { Args, SyscallRows } from './task.ts';
import {
  AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_LARGEFILE,
  O_NOFOLLOW, O_PATH, O_RDONLY, O_TMPFILE, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT,
} from './uapi.ts';
import { hostPathArgument, locate, locateHost, pathArgument, type Place } from './walk.ts';

// — open —

/** The bits open remembers: not those that only say how to open (F_GETFL never shows them). */
const OPENING_FLAGS = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC | 0o400;

function open(task: KernelTask, dirfd: number, pathAt: Va, flags: number, mode: number): Result {
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  const { files } = task.process;
  const free = files.lowestFree();
  if (free < 0) return free;
  const followsLast = (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
  const place = locate(task, dirfd, path, followsLast);
  if (typeof place === 'number') return place;
  const file = openPlace(task, place, flags, mode);
  if (typeof file === 'number') return file;
  return files.install(new FileDescription(file, (flags & ~OPENING_FLAGS) | O_LARGEFILE), (flags & O_CLOEXEC) !== 0);
}
function openPlace(task: KernelTask, place: Place, flags: number, mode: number): File | Result {
  const { process } = task, { system } = process;
  if (place.kind === 'open') return place.description.file.reopen?.(flags) ?? -ENXIO;
  if (place.kind === 'made-up') return openMadeUp(place, flags);
  if ((flags & O_PATH) !== 0) return PathFile.open(system.host, place.path, flags, (flags & O_NOFOLLOW) === 0);
  if ((flags & O_TMPFILE) === O_TMPFILE) return -EOPNOTSUPP;
  return openHostFile(system, place.path, flags, mode & 0o7777 & ~process.umask);
}
function openMadeUp(place: Place & { kind: 'made-up' }, flags: number): File | Result {
  const { node, path } = place;
  if (node.kind === 'link') return -ELOOP;
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
  if ((flags & O_DIRECTORY) !== 0 && node.kind !== 'directory') return -ENOTDIR;
  if ((flags & O_ACCMODE) !== O_RDONLY && !path.startsWith('/dev')) return -EACCES;
  return node.open();
}

// — questions about a name —

function access(task: KernelTask, dirfd: number, pathAt: Va, mode: number, flags: number): Result {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  const place = locate(task, dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return task.process.system.host.access(place.path, mode);
  return place.kind === 'made-up' && (mode & 2) !== 0 && !place.path.startsWith('/dev') ? -EACCES : 0;
}
function readlink(task: KernelTask, dirfd: number, pathAt: Va, at: Va, room: number): Result {
  if (room <= 0) return -EINVAL;
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  const place = locate(task, dirfd, path, false);
  if (typeof place === 'number') return place;
  const target = linkTarget(task, place);
  if (typeof target === 'number') return target;
  const bytes = bytesOf(target).subarray(0, room);
  return task.process.memory.copyOut(at, bytes) ? bytes.length : -EFAULT;
}
function linkTarget(task: KernelTask, place: Place): ByteString | Result {
  if (place.kind === 'host') return task.process.system.host.readLink(place.path);
  if (place.kind !== 'made-up' || place.node.kind !== 'link') return -EINVAL;
  return /^\/proc\/(self|thread-self)\/?$/.test(place.path) ? place.node.target().slice('/proc/'.length) : place.node.target();
}
function getcwd(task: KernelTask, a: Args): Result {
  const bytes = bytesOf(task.process.directory + '\0');
  if (a.size(1) < bytes.length) return -ERANGE;
  return task.process.memory.copyOut(a.pointer(0), bytes) ? bytes.length : -EFAULT;
}
function enter(task: KernelTask, path: ByteString | Result): Result {
  if (typeof path === 'number') return path;
  const { host } = task.process.system, stat = host.stat(path, true);
  if (typeof stat === 'number') return stat;
  if ((stat.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  const searchable = host.access(path, 1), real = host.realPath(path);
  if (searchable < 0 || typeof real === 'number') return typeof real === 'number' ? real : searchable;
  task.process.directory = real;
  return 0;
}
function fchdir(task: KernelTask, a: Args): Result {
  const description = task.process.files.get(a.int(0));
  return description === null ? -EBADF : enter(task, description.file.directory ?? -ENOTDIR);
}

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
function mkdir(task: KernelTask, path: ByteString, mode: number): Result { return task.process.system.host.mkdir(path, mode & 0o1777 & ~task.process.umask); }
function rmdir(task: KernelTask, path: ByteString): Result {
  // "pathname has . as last component" (rmdir(2)); the host would see the joined path.
  return /(^|\/)\.\/*$/.test(path) ? -EINVAL : task.process.system.host.rmdir(path);
}
function unlink(task: KernelTask, path: ByteString): Result { return task.process.system.host.unlink(path); }
function unlinkat(task: KernelTask, path: ByteString, flags: number): Result {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  return (flags & AT_REMOVEDIR) !== 0 ? rmdir(task, path) : unlink(task, path);
}
function twoPaths(task: KernelTask, fromFd: number, fromAt: Va, followsFrom: boolean, toFd: number, toAt: Va): readonly [ByteString, ByteString] | Result {
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
  const path = a.pointer(1) === 0 ? task.process.files.get(a.int(0))?.file.hostPath ?? -EBADF : emptyOr(task, a.int(0), a.pointer(1), flags, follows);
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
  const times = [0, 1].map(i => hasMicroseconds ? timeOf(getWord(view, 16 * i), getWord(view, 16 * i + 8) * 1000) : timeOf(getWord(view, 8 * i), 0));
  return times.includes(-1n) ? -EINVAL : setTimes(task, path, times, true);
}
function umask(task: KernelTask, a: Args): Result {
  const old = task.process.umask;
  task.process.umask = a.int(0) & 0o777;
  return old;
}

/** Extended attributes: as on a file system that has none (ENOTSUP, xattr(7)). */
const XATTRS: SyscallRows<KernelTask> = [
  [188, 'setxattr'], [189, 'lsetxattr'], [190, 'fsetxattr'], [191, 'getxattr'], [192, 'lgetxattr'], [193, 'fgetxattr'], [194, 'listxattr'], [195, 'llistxattr'],
  [196, 'flistxattr'], [197, 'removexattr'], [198, 'lremovexattr'], [199, 'fremovexattr'],
].map(([number, name]) => [number as number, {
  name: name as string, run: () => -EOPNOTSUPP, partial: 'no extended attributes',
  shape: `${String(name).startsWith('f') ? 'fd' : 'path'} ${String(name).includes('list') ? 'ptr' : 'path ptr'} size → size`,
}]);

export const nameCalls: SyscallRows<KernelTask> = [
  [2, { name: 'open', run: (task, a) => open(task, AT_FDCWD, a.pointer(0), a.int(1), a.int(2)), shape: 'path open mode? → fd' }],
  [21, { name: 'access', run: (task, a) => access(task, AT_FDCWD, a.pointer(0), a.int(1), 0), shape: 'path access → int' }],
  [76, { name: 'truncate', run: atName((task, path, a) => truncate(task, path, a.long(1)), true), shape: 'path off → int' }],
  [79, { name: 'getcwd', run: getcwd, shape: 'cwd size → size' }],
  [80, { name: 'chdir', run: (task, a) => enter(task, hostPathArgument(task, AT_FDCWD, a.pointer(0), true)), shape: 'path → int' }],
  [81, { name: 'fchdir', run: fchdir, shape: 'fd → int' }],
  [82, { name: 'rename', run: (task, a) => rename(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0), shape: 'path path → int' }],
  [83, { name: 'mkdir', run: atName((task, path, a) => mkdir(task, path, a.int(1))), shape: 'path mode → int' }],
  [84, { name: 'rmdir', run: atName((task, path) => rmdir(task, path)), shape: 'path → int' }],
  [85, { name: 'creat', run: (task, a) => open(task, AT_FDCWD, a.pointer(0), O_CREAT | O_WRONLY | O_TRUNC, a.int(1)), shape: 'path mode → fd' }],
  [86, { name: 'link', run: (task, a) => link(task, AT_FDCWD, a.pointer(0), AT_FDCWD, a.pointer(1), 0), shape: 'path path → int' }],
  [87, { name: 'unlink', run: atName((task, path) => unlink(task, path)), shape: 'path → int' }],
  [88, { name: 'symlink', run: (task, a) => symlink(task, a.pointer(0), AT_FDCWD, a.pointer(1)), shape: 'path path → int' }],
  [89, { name: 'readlink', run: (task, a) => readlink(task, AT_FDCWD, a.pointer(0), a.pointer(1), a.int(2)), shape: 'path bytes size → size' }],
  [90, { name: 'chmod', run: atName((task, path, a) => chmod(task, path, a.int(1)), true), shape: 'path mode → int' }],
  [91, { name: 'fchmod', run: onFile((task, path, a) => chmod(task, path, a.int(1))), shape: 'fd mode → int', partial: 'by path: a renamed file is missed' }],
  [92, { name: 'chown', run: atName((task, path, a) => chown(task, path, a.uint(1), a.uint(2), true), true), shape: 'path int int → int' }],
  [93, { name: 'fchown', run: onFile((task, path, a) => chown(task, path, a.uint(1), a.uint(2), true)), shape: 'fd int int → int', partial: 'by path, as fchmod' }],
  [94, { name: 'lchown', run: atName((task, path, a) => chown(task, path, a.uint(1), a.uint(2), false)), shape: 'path int int → int' }],
  [95, { name: 'umask', run: umask, shape: 'mode → mode' }],
  [132, { name: 'utime', run: atName((task, path, a) => setOldTimes(task, path, a.pointer(1), false), true), shape: 'path ptr → int' }],
  [133, { name: 'mknod', run: () => -EPERM, shape: 'path mode hex → int', partial: 'no device nodes or named pipes are made' }],
  [235, { name: 'utimes', run: atName((task, path, a) => setOldTimes(task, path, a.pointer(1), true), true), shape: 'path ptr → int' }],
  [257, { name: 'openat', run: (task, a) => open(task, a.int(0), a.pointer(1), a.int(2), a.int(3)), shape: 'dirfd path open mode? → fd', partial: 'no O_TMPFILE' }],
  [258, { name: 'mkdirat', run: atDirectory((task, path, a) => mkdir(task, path, a.int(2))), shape: 'dirfd path mode → int' }],
  [259, { name: 'mknodat', run: () => -EPERM, shape: 'dirfd path mode hex → int', partial: 'no device nodes or named pipes are made' }],
  [260, { name: 'fchownat', run: fchownat, shape: 'dirfd path int int at → int' }],
  [261, { name: 'futimesat', run: atDirectory((task, path, a) => setOldTimes(task, path, a.pointer(2), true), true), shape: 'dirfd path ptr → int' }],
  [263, { name: 'unlinkat', run: atDirectory((task, path, a) => unlinkat(task, path, a.uint(2))), shape: 'dirfd path atrm → int' }],
  [264, { name: 'renameat', run: (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), 0), shape: 'dirfd path dirfd path → int' }],
  [265, { name: 'linkat', run: (task, a) => link(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4)), shape: 'dirfd path dirfd path at → int' }],
  [266, { name: 'symlinkat', run: (task, a) => symlink(task, a.pointer(0), a.int(1), a.pointer(2)), shape: 'path dirfd path → int' }],
  [267, { name: 'readlinkat', run: (task, a) => readlink(task, a.int(0), a.pointer(1), a.pointer(2), a.int(3)), shape: 'dirfd path bytes size → size' }],
  [268, { name: 'fchmodat', run: atDirectory((task, path, a) => chmod(task, path, a.int(2)), true), shape: 'dirfd path mode → int' }],
  [269, { name: 'faccessat', run: (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), 0), shape: 'dirfd path access → int' }],
  [280, { name: 'utimensat', run: utimensat, shape: 'dirfd path times at → int', partial: 'microsecond precision' }],
  [316, {
    name: 'renameat2', run: (task, a) => rename(task, a.int(0), a.pointer(1), a.int(2), a.pointer(3), a.uint(4)), shape: 'dirfd path dirfd path hex → int',
    partial: 'RENAME_NOREPLACE only, and not atomic',
  }],
  [439, { name: 'faccessat2', run: (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), a.uint(3)), shape: 'dirfd path access ataccess → int' }],
  ...XATTRS,
];
