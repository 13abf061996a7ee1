/** open(2) and the questions about a name: access(2), readlink(2), getcwd(2), chdir(2). */
import { EACCES, EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOTDIR, ENXIO, EOPNOTSUPP, ERANGE } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import { FileDescription, type File, type Result } from './file.ts';
import { openHostFile, PathFile } from './host-file.ts';
import { openMadeUp, statOf } from './made-up.ts';
import type { KernelTask } from './process.ts';
import type { Args, SyscallRows } from './task.ts';
import {
  AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_CREAT, O_EXCL, O_LARGEFILE, O_NOFOLLOW, O_PATH, O_TMPFILE, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT,
} from './uapi.ts';
import { locate, pathArgument, type Place } from './walk.ts';

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
  if (place.kind === 'made-up') {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    return place.node.kind === 'link' && (flags & O_PATH) === 0 ? -ELOOP : openMadeUp(place.node, place.path, flags);
  }
  if ((flags & O_PATH) !== 0) return PathFile.open(system.host, place.path, flags, (flags & O_NOFOLLOW) === 0);
  if ((flags & O_TMPFILE) === O_TMPFILE) return -EOPNOTSUPP;
  return openHostFile(system, place.path, flags, mode & 0o7777 & ~process.umask);
}
// — questions about a name —

function access(task: KernelTask, dirfd: number, pathAt: Va, mode: number, flags: number): Result {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  const place = locate(task, dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return task.process.system.host.access(place.path, mode);
  const stat = place.kind === 'made-up' ? statOf(place.node, place.path) : { mode: 0o777 };
  return ((stat.mode | stat.mode >> 3 | stat.mode >> 6) & mode) === mode ? 0 : -EACCES;
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
  return place.node.target();
}
function getcwd(task: KernelTask, a: Args): Result {
  const bytes = bytesOf(task.process.directory + '\0');
  if (a.size(1) < bytes.length) return -ERANGE;
  return task.process.memory.copyOut(a.pointer(0), bytes) ? bytes.length : -EFAULT;
}
function chdir(task: KernelTask, dirfd: number, path: ByteString | Result): Result {
  const place = typeof path === 'number' ? path : locate(task, dirfd, path, true);
  if (typeof place === 'number') return place;
  if (place.kind !== 'made-up') return enter(task, place.kind === 'host' ? place.path : place.description.file.directory ?? -ENOTDIR);
  if (place.node.kind !== 'directory') return -ENOTDIR;
  task.process.directory = place.path;
  return 0;
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
  return description === null ? -EBADF : chdir(task, AT_FDCWD, description.file.directory ?? -ENOTDIR);
}

export const openCalls: SyscallRows<KernelTask> = [
  [2, { name: 'open', run: (task, a) => open(task, AT_FDCWD, a.pointer(0), a.int(1), a.int(2)), shape: 'path open mode? → fd' }],
  [21, { name: 'access', run: (task, a) => access(task, AT_FDCWD, a.pointer(0), a.int(1), 0), shape: 'path access → int' }],
  [79, { name: 'getcwd', run: getcwd, shape: 'cwd size → size' }],
  [80, { name: 'chdir', run: (task, a) => chdir(task, AT_FDCWD, pathArgument(task, a.pointer(0))), shape: 'path → int' }],
  [81, { name: 'fchdir', run: fchdir, shape: 'fd → int' }],
  [85, {
    name: 'creat', run: (task, a) => open(task, AT_FDCWD, a.pointer(0), O_CREAT | O_WRONLY | O_TRUNC, a.int(1)), shape: 'path mode → fd',
  }],
  [89, {
    name: 'readlink', run: (task, a) => readlink(task, AT_FDCWD, a.pointer(0), a.pointer(1), a.int(2)), shape: 'path bytes size → size',
  }],
  [257, {
    name: 'openat', run: (task, a) => open(task, a.int(0), a.pointer(1), a.int(2), a.int(3)), shape: 'dirfd path open mode? → fd',
    partial: 'no O_TMPFILE',
  }],
  [267, {
    name: 'readlinkat', run: (task, a) => readlink(task, a.int(0), a.pointer(1), a.pointer(2), a.int(3)),
    shape: 'dirfd path bytes size → size',
  }],
  [269, { name: 'faccessat', run: (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), 0), shape: 'dirfd path access → int' }],
  [439, {
    name: 'faccessat2', run: (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), a.uint(3)),
    shape: 'dirfd path access ataccess → int',
  }],
];
