/** open(2), openat2(2), and the questions about a name: access(2), readlink(2), getcwd(2), chdir(2). */
import { E2BIG, EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, ENOTDIR, ENXIO, EPERM, ERANGE, ETXTBSY } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import { permits } from '../host/overlay-node.ts';
import { joined, parentOf } from '../host/path.ts';
import { isBeingRun } from './exec.ts';
import { openFifo, waitForOtherEnd } from './fifo.ts';
import { FileDescription, type File, type Result } from './file.ts';
import { HostFile, openHostFile, PathFile } from './host-file.ts';
import { openMadeUp, statOf } from './made-up.ts';
import type { KernelTask } from './process.ts';
import { RESOLVE_FLAGS, resolveBelow } from './resolve.ts';
import type { SpecialNode } from './special.ts';
import { userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import {
  AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_LARGEFILE, O_NOFOLLOW, O_PATH, O_RDONLY,
  O_TMPFILE, O_TRUNC, O_WRONLY, S_IFDIR, S_IFLNK, S_IFMT,
} from './uapi.ts';
import { hostPathOf, locate, pathArgument, type Place } from './walk.ts';

/** The bits open remembers: not those that only say how to open (F_GETFL never shows them). */
const OPENING_FLAGS = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC | 0o400;
/** What O_PATH leaves of the others. */
const PATH_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
const O_TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY;

type Outcome = Result | Control;

function open(task: KernelTask, dirfd: number, pathAt: Va, flags: number, mode: number): Outcome {
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  if ((flags & O_PATH) !== 0) return openPath(task, locate(task, dirfd, path, (flags & O_NOFOLLOW) === 0), flags & PATH_FLAGS, 0);
  if ((flags & O_TMPFILE_BIT) !== 0 && ((flags & O_DIRECTORY) === 0 || (flags & O_ACCMODE) === O_RDONLY)) return -EINVAL;
  const isNew = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL) && (flags & O_TMPFILE_BIT) === 0;
  return openPath(task, locate(task, dirfd, path, (flags & O_NOFOLLOW) === 0 && !isNew), flags, mode);
}
function openPath(task: KernelTask, place: Place | Result, flags: number, mode: number): Outcome {
  const { files, system } = task.process, free = files.lowestFree();
  if (free < 0 || typeof place === 'number') return free < 0 ? free : place as Result;
  const install = (file: File): Result =>
    files.install(new FileDescription(file, (flags & ~OPENING_FLAGS) | ((flags & O_PATH) === 0 ? O_LARGEFILE : 0)), (flags & O_CLOEXEC) !== 0);
  const node = place.kind === 'host' ? system.special.find(place.path, (flags & O_NOFOLLOW) === 0) : null;
  if (node !== null && place.kind === 'host' && (flags & O_PATH) === 0) return openSpecial(task, node, place.path, flags, install);
  const file = openPlace(task, place, flags, mode);
  return typeof file === 'number' ? file : install(file);
}
function openPlace(task: KernelTask, place: Place, flags: number, mode: number): File | Result {
  const { process } = task, { system } = process, writes = (flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0;
  const mayWrite = (path: ByteString): Result => writes ? system.policy?.write(task, path) ?? 0 : 0;
  if (place.kind === 'open') {
    const { file } = place.description, denied = file.hostPath === undefined ? 0 : mayWrite(file.hostPath);
    if (denied < 0) return denied;
    if ((flags & O_DIRECTORY) !== 0 && file.directory === undefined) return -ENOTDIR;
    return file.reopen?.(flags) ?? -ENXIO;
  }
  if (place.kind === 'made-up') {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    return place.node.kind === 'link' && (flags & O_PATH) === 0 ? -ELOOP : openMadeUp(place.node, place.path, flags);
  }
  if ((flags & O_PATH) !== 0) return PathFile.open(system.host, place.path, flags, (flags & O_NOFOLLOW) === 0);
  if ((flags & O_TMPFILE_BIT) !== 0) return openNameless(task, place.path, flags, mode & 0o7777 & ~process.umask);
  if (writes && isBeingRun(system, place.path)) return -ETXTBSY;
  const denied = mayWrite(place.path);
  if (denied < 0) return denied;
  return openHostFile(system, place.path, flags, mode & 0o7777 & ~process.umask);
}
/** O_TMPFILE: a file whose name is gone before anyone can see it. */
function openNameless(task: KernelTask, directory: ByteString, flags: number, mode: number): File | Result {
  const { system } = task.process, stat = system.host.stat(directory, true);
  if (typeof stat === 'number') return stat;
  if ((stat.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  for (let tried = 0; tried < 100; tried++) {
    const path = joined(directory, `.#${system.newInode().toString(36)}`);
    const file = openHostFile(system, path, (flags & ~(O_TMPFILE | O_TRUNC)) | O_CREAT | O_EXCL, mode);
    if (file === -EEXIST) continue;
    if (typeof file !== 'number') system.host.unlink(path);
    if (file instanceof HostFile) file.isNameless = (flags & O_EXCL) === 0;
    return file;
  }
  return -EAGAIN;
}
/** A FIFO or a socket of this machine: the first waits for its other end, the second cannot be opened. */
function openSpecial(task: KernelTask, node: SpecialNode, path: ByteString, flags: number, install: (file: File) => Result): Outcome {
  const { system } = task.process, access = flags & O_ACCMODE;
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
  if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
  const allowed = permits(node.stat, system.host.user, (access === O_WRONLY ? 0 : 4) | (access === O_RDONLY ? 0 : 2));
  if (allowed < 0) return allowed;
  const opened = node.kind === 'fifo' ? openFifo(node, path, flags, system.staging) : -ENXIO;
  return typeof opened === 'number' ? opened : waitForOtherEnd(opened, () => install(opened.file));
}

const HOW_BYTES_MIN = 24, HOW_BYTES_MAX = 4096;
/** openat2(2): flags are not ignored but refused, and the way to the file may be narrowed. */
function openat2(task: KernelTask, a: Args): Outcome {
  const size = a.size(3);
  if (size < HOW_BYTES_MIN || size > HOW_BYTES_MAX) return size < HOW_BYTES_MIN ? -EINVAL : -E2BIG;
  const how = userStructure(task, a.pointer(2), size), path = pathArgument(task, a.pointer(1));
  if (how === null) return -EFAULT;
  for (let at = HOW_BYTES_MIN; at < size; at++) if (how.getUint8(at) !== 0) return -E2BIG;
  const [flags, mode, resolve] = [0, 8, 16].map(at => Number(how.getBigUint64(at, true))) as [number, number, number];
  const KNOWN = 0o27777703, makes = (flags & O_CREAT) !== 0 || (flags & O_TMPFILE_BIT) !== 0;
  if (flags > 0x7fff_ffff || (flags & ~KNOWN) !== 0 || resolve > RESOLVE_FLAGS.all || (resolve & ~RESOLVE_FLAGS.all) !== 0) return -EINVAL;
  if (mode > 0o7777 || mode !== 0 && !makes || (flags & O_PATH) !== 0 && (flags & ~PATH_FLAGS) !== 0) return -EINVAL;
  if ((resolve & RESOLVE_FLAGS.beneath) !== 0 && (resolve & RESOLVE_FLAGS.inRoot) !== 0) return -EINVAL;
  if (resolve === 0) return open(task, a.int(0), a.pointer(1), flags, mode);
  if (typeof path === 'number') return path;
  if ((resolve & RESOLVE_FLAGS.cached) !== 0) return -EAGAIN;
  const follows = (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
  return openPath(task, resolveBelow(task, a.int(0), path, resolve, follows), flags, mode);
}

// — questions about a name —

function access(task: KernelTask, dirfd: number, pathAt: Va, mode: number, flags: number): Result {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = pathArgument(task, pathAt), { host } = task.process.system;
  if (typeof path === 'number') return path;
  if (path === '' && (flags & AT_EMPTY_PATH) !== 0 && dirfd !== AT_FDCWD) {
    const description = task.process.files.get(dirfd);
    return description === null ? -EBADF : accessToOpen(task, description, mode);
  }
  const follows = (flags & AT_SYMLINK_NOFOLLOW) === 0, place = locate(task, dirfd, path === '' && (flags & AT_EMPTY_PATH) !== 0 ? '.' : path, follows);
  if (typeof place === 'number') return place;
  if (place.kind === 'open') return accessToOpen(task, place.description, mode);
  if (place.kind === 'made-up') {
    const { mode: has } = statOf(place.node, place.path);
    return ((has | has >> 3 | has >> 6) & mode) === mode ? 0 : -EACCES;
  }
  const stat = follows ? 0 : host.stat(place.path, false);
  return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFLNK ? 0 : host.access(place.path, mode);
}
function accessToOpen(task: KernelTask, { file }: FileDescription, mode: number): Result {
  const path = hostPathOf(task, file);
  return path === null ? 0 : task.process.system.host.access(path, mode);
}
function readlink(task: KernelTask, dirfd: number, pathAt: Va, at: Va, room: number): Result {
  if (room <= 0) return -EINVAL;
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  const target = path === '' ? linkOfDescriptor(task, dirfd) : linkTarget(task, locate(task, dirfd, path, false));
  if (typeof target === 'number') return target;
  const bytes = bytesOf(target).subarray(0, room);
  return task.process.memory.copyOut(at, bytes) ? bytes.length : -EFAULT;
}
function linkTarget(task: KernelTask, place: Place | Result): ByteString | Result {
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return task.process.system.host.readLink(place.path);
  return place.kind === 'made-up' && place.node.kind === 'link' ? place.node.target() : -EINVAL;
}
/** "pathname can be an empty string, in which case the call operates on the symbolic link referred to by dirfd" (readlinkat(2)), got with O_PATH. */
function linkOfDescriptor(task: KernelTask, dirfd: number): ByteString | Result {
  const file = task.process.files.get(dirfd)?.file, stat = file?.stat?.();
  if (typeof stat !== 'object' || (stat.mode & S_IFMT) !== S_IFLNK || file?.hostPath === undefined) return -ENOENT;
  return task.process.system.host.readLink(file.hostPath);
}
function getcwd(task: KernelTask, a: Args): Result {
  const { directory, system, memory } = task.process, bytes = bytesOf(directory + '\0');
  const here = locate(task, AT_FDCWD, '.', true);
  if (typeof here === 'number' || here.kind === 'host' && system.host.stat(directory, true) === -ENOENT) return -ENOENT; // It was removed.
  if (a.size(1) < bytes.length) return -ERANGE;
  return memory.copyOut(a.pointer(0), bytes) ? bytes.length : -EFAULT;
}
function chdir(task: KernelTask, path: ByteString | Result): Result {
  const place = typeof path === 'number' ? path : locate(task, AT_FDCWD, path, true);
  if (typeof place === 'number') return place;
  if (place.kind !== 'made-up') return enter(task, place.kind === 'host' ? place.path : place.description.file.directory ?? -ENOTDIR);
  if (place.node.kind !== 'directory') return -ENOTDIR;
  task.process.directory = place.path;
  return 0;
}
/** A way up leads out of a directory that was removed, too. */
function chdirCall(task: KernelTask, path: ByteString | Result): Result {
  const result = chdir(task, path);
  if (result !== -ENOENT || typeof path === 'number' || !/^\.\.(\/|$)/.test(path)) return result;
  return chdir(task, joined(parentOf(task.process.directory), path.slice(3) || '.'));
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
  return description === null ? -EBADF : chdir(task, description.file.directory ?? -ENOTDIR);
}
/** Nobody here may change what the root is: whoever starts the machine does (`--root`). */
function chroot(task: KernelTask, a: Args): Result {
  const path = pathArgument(task, a.pointer(0)), place = typeof path === 'number' ? path : locate(task, AT_FDCWD, path, true);
  if (typeof place === 'number') return place;
  const stat = place.kind === 'host' ? task.process.system.host.stat(place.path, true) : -EPERM;
  if (typeof stat === 'number') return stat;
  return (stat.mode & S_IFMT) === S_IFDIR ? -EPERM : -ENOTDIR;
}

export const openCalls: SyscallRows<KernelTask> = [
  call(2, 'open', 'path open mode? → fd', (task, a) => open(task, AT_FDCWD, a.pointer(0), a.int(1), a.int(2))),
  call(21, 'access', 'path access → int', (task, a) => access(task, AT_FDCWD, a.pointer(0), a.int(1), 0)),
  call(79, 'getcwd', 'cwd size → size', getcwd),
  call(80, 'chdir', 'path → int', (task, a) => chdirCall(task, pathArgument(task, a.pointer(0)))),
  call(81, 'fchdir', 'fd → int', fchdir),
  call(85, 'creat', 'path mode → fd', (task, a) => open(task, AT_FDCWD, a.pointer(0), O_CREAT | O_WRONLY | O_TRUNC, a.int(1))),
  call(89, 'readlink', 'path bytes size → size', (task, a) => readlink(task, AT_FDCWD, a.pointer(0), a.pointer(1), a.int(2))),
  call(161, 'chroot', 'path → int', chroot, 'nobody may'),
  call(257, 'openat', 'dirfd path open mode? → fd', (task, a) => open(task, a.int(0), a.pointer(1), a.int(2), a.int(3)), 'a file of O_TMPFILE is copied when it is given a name'),
  call(267, 'readlinkat', 'dirfd path bytes size → size', (task, a) => readlink(task, a.int(0), a.pointer(1), a.pointer(2), a.int(3))),
  call(269, 'faccessat', 'dirfd path access → int', (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), 0)),
  call(437, 'openat2', 'dirfd path openhow size → fd', openat2, 'RESOLVE_CACHED is always EAGAIN'),
  call(439, 'faccessat2', 'dirfd path access ataccess → int', (task, a) => access(task, a.int(0), a.pointer(1), a.int(2), a.uint(3)), 'AT_EACCESS changes nothing'),
];
