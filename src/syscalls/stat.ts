/** stat(2), statx(2), statfs(2) and their families: what is known about a file, laid out as the guest wants it. */
import { EBADF, EINVAL, ENOENT } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { majorOf, minorOf, type ByteString, type HostVolume } from '../host/host.ts';
import type { File, Result, Stat } from './file.ts';
import { statOf } from './made-up.ts';
import { MOUNT_ID } from './proc-machine.ts';
import type { KernelTask } from './process.ts';
import { putStructure, setWord } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from './uapi.ts';
import { hostPathOf, locate, pathArgument } from './walk.ts';

const NS = 1_000_000_000n;

function statOfDescription(task: KernelTask, fd: number): Stat | Result {
  const description = task.process.files.get(fd);
  if (description === null) return -EBADF;
  return description.file.stat?.() ?? { mode: 0o600, nlink: 1 };
}
/** What the path names, or with AT_EMPTY_PATH and an empty path what the descriptor does. */
function statAt(task: KernelTask, dirfd: number, pathAt: Va, flags: number): Stat | Result {
  const path = pathArgument(task, pathAt);
  if (typeof path === 'number') return path;
  if (path === '' && (flags & AT_EMPTY_PATH) !== 0) {
    return dirfd === AT_FDCWD ? statPath(task, dirfd, '.', true) : statOfDescription(task, dirfd);
  }
  return path === '' ? -ENOENT : statPath(task, dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
}
function statPath(task: KernelTask, dirfd: number, path: ByteString, followsLast: boolean): Stat | Result {
  const place = locate(task, dirfd, path, followsLast);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return task.process.system.host.stat(place.path, followsLast);
  return place.kind === 'made-up' ? statOf(place.node, place.path) : place.description.file.stat?.() ?? -EINVAL;
}

/** struct stat: 144 bytes (asm/stat.h). */
function putStat(task: KernelTask, at: Va, stat: Stat | Result): Result {
  if (typeof stat === 'number') return stat;
  return putStructure(task, at, 144, view => {
    view.setBigUint64(0, stat.dev ?? 0n, true); view.setBigUint64(8, stat.ino ?? 0n, true); setWord(view, 16, stat.nlink ?? 1);
    view.setUint32(24, stat.mode, true); view.setUint32(28, stat.uid ?? 0, true); view.setUint32(32, stat.gid ?? 0, true);
    view.setBigUint64(40, stat.rdev ?? 0n, true); setWord(view, 48, stat.size ?? 0);
    setWord(view, 56, stat.blksize ?? 4096); setWord(view, 64, stat.blocks ?? 0);
    [stat.atimeNs, stat.mtimeNs, stat.ctimeNs].forEach((time, i) => {
      view.setBigInt64(72 + 16 * i, seconds(time), true);
      view.setBigInt64(80 + 16 * i, nanoseconds(time), true);
    });
  });
}
function seconds(ns = 0n): bigint { return (ns - nanoseconds(ns)) / NS; }
function nanoseconds(ns = 0n): bigint { return ((ns % NS) + NS) % NS; }

const STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800, STATX_MNT_ID = 0x1000, AT_STATX_SYNC_TYPE = 0x6000, AT_NO_AUTOMOUNT = 0x800;
/** struct statx: 256 bytes (linux/stat.h). */
function statx(task: KernelTask, a: Args): Result {
  const flags = a.uint(2);
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_STATX_SYNC_TYPE | AT_NO_AUTOMOUNT)) !== 0) return -EINVAL;
  if ((flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE || a.int(3) < 0) return -EINVAL;
  const stat = statAt(task, a.int(0), a.pointer(1), flags);
  if (typeof stat === 'number') return stat;
  return putStructure(task, a.pointer(4), 256, view => {
    const born = stat.btimeNs === undefined ? 0 : STATX_BTIME;
    view.setUint32(0, STATX_BASIC_STATS | STATX_MNT_ID | born, true); view.setUint32(4, stat.blksize ?? 4096, true); view.setUint32(16, stat.nlink ?? 1, true);
    view.setUint32(20, stat.uid ?? 0, true); view.setUint32(24, stat.gid ?? 0, true); view.setUint16(28, stat.mode, true);
    view.setBigUint64(32, stat.ino ?? 0n, true); setWord(view, 40, stat.size ?? 0); setWord(view, 48, stat.blocks ?? 0);
    putStatxTime(view, 64, stat.atimeNs); putStatxTime(view, 80, stat.btimeNs); putStatxTime(view, 96, stat.ctimeNs); putStatxTime(view, 112, stat.mtimeNs);
    putDevice(view, 128, stat.rdev); putDevice(view, 136, stat.dev); setWord(view, 144, MOUNT_ID);
  });
}
function putStatxTime(view: DataView, at: number, ns: bigint | undefined): void {
  view.setBigInt64(at, seconds(ns), true);
  view.setUint32(at + 8, Number(nanoseconds(ns)), true);
}
function putDevice(view: DataView, at: number, dev = 0n): void {
  view.setUint32(at, majorOf(dev), true);
  view.setUint32(at + 4, minorOf(dev), true);
}

function newfstatat(task: KernelTask, a: Args): Result {
  const flags = a.uint(3);
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) !== 0) return -EINVAL;
  return putStat(task, a.pointer(2), statAt(task, a.int(0), a.pointer(1), flags));
}

/** struct statfs: 120 bytes (asm-generic/statfs.h). */
function putVolume(task: KernelTask, at: Va, volume: HostVolume | Result): Result {
  if (typeof volume === 'number') return volume;
  const NAME_MAX = 255;
  return putStructure(task, at, 120, view => {
    const { type, bsize, blocks, bfree, bavail, files, ffree } = volume;
    [type, bsize, blocks, bfree, bavail, files, ffree, 0, NAME_MAX, bsize].forEach((word, i) => setWord(view, 8 * i, word));
  });
}
/** What kind of file system has it, where that is none of the host's (linux/magic.h). */
const MAGIC: readonly (readonly [RegExp, number])[] = [
  [/^\/proc(\/|$)/, 0x9fa0], [/^\/sys(\/|$)/, 0x6265_6572], [/^\/dev\/pts(\/|$)/, 0x1cd1], [/^\/dev(\/|$)/, 0x0102_1994], [/^pipe:/, 0x5049_5045], [/^socket:/, 0x534f_434b],
  [/^\/memfd:/, 0x0102_1994],
];
const ANON_INODE_MAGIC = 0x0904_1934;
function madeUpVolume(name: ByteString): HostVolume {
  const type = MAGIC.find(([pattern]) => pattern.test(name))?.[1] ?? ANON_INODE_MAGIC;
  return { type, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
}
function statfs(task: KernelTask, a: Args): Result {
  const path = pathArgument(task, a.pointer(0)), place = typeof path === 'number' ? path : locate(task, AT_FDCWD, path, true);
  if (typeof place === 'number') return place;
  if (place.kind === 'open') return putVolume(task, a.pointer(1), volumeOf(task, place.description.file));
  return putVolume(task, a.pointer(1), place.kind === 'host' ? task.process.system.host.volume(place.path) : madeUpVolume(place.path));
}
function fstatfs(task: KernelTask, a: Args): Result {
  const description = task.process.files.get(a.int(0));
  return description === null ? -EBADF : putVolume(task, a.pointer(1), volumeOf(task, description.file));
}
function volumeOf(task: KernelTask, file: File): HostVolume | Result {
  const path = hostPathOf(task, file), volume = path === null ? -ENOENT : task.process.system.host.volume(path);
  return volume === -ENOENT ? madeUpVolume(path ?? file.name) : volume;
}

export const statCalls: SyscallRows<KernelTask> = [
  call(4, 'stat', 'path stat → int', (task, a) => putStat(task, a.pointer(1), statAt(task, AT_FDCWD, a.pointer(0), 0))),
  call(5, 'fstat', 'fd stat → int', (task, a) => putStat(task, a.pointer(1), statOfDescription(task, a.int(0)))),
  call(6, 'lstat', 'path stat → int', (task, a) => putStat(task, a.pointer(1), statAt(task, AT_FDCWD, a.pointer(0), AT_SYMLINK_NOFOLLOW))),
  call(137, 'statfs', 'path ptr → int', statfs),
  call(138, 'fstatfs', 'fd ptr → int', fstatfs),
  call(262, 'newfstatat', 'dirfd path stat at → int', newfstatat),
  call(332, 'statx', 'dirfd path atstatx statxmask statx → int', statx, 'no attributes'),
];
