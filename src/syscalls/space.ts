/** How long files are and what is on the disk: ftruncate(2), fallocate(2), fsync(2), sync(2), posix_fadvise(2), readahead(2). */
import { EBADF, EFBIG, EINVAL, ENODEV, EOPNOTSUPP, EPERM, ESPIPE } from '../base/errno.ts';
import type { FileDescription, Result } from './file.ts';
import { contentSize, descriptionOf, sizeOf, withinFileLimit } from './io.ts';
import type { KernelTask } from './process.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY } from './uapi.ts';

const FILE_BYTES_MAX = 2 ** 63;

function truncateTo(task: KernelTask, description: FileDescription, length: number): Result {
  const size = sizeOf(description) ?? 0, allowed = length > size ? withinFileLimit(task, description, size, length - size) : 0;
  if (allowed < 0) return allowed;
  // To just beyond the limit is still beyond it (setrlimit(2), RLIMIT_FSIZE).
  if (length > size && allowed < length - size) return withinFileLimit(task, description, length, 1);
  return description.file.truncate?.(length) ?? -EINVAL;
}
function ftruncate(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), length = a.long(1);
  if (length < 0) return -EINVAL;
  if (description === null) return -EBADF;
  if ((description.flags & O_ACCMODE) === O_RDONLY) return -EINVAL;
  return truncateTo(task, description, length);
}

const KEEP_SIZE = 1, PUNCH_HOLE = 2, COLLAPSE_RANGE = 8, ZERO_RANGE = 0x10, INSERT_RANGE = 0x20, UNSHARE_RANGE = 0x40;
const MODES_KNOWN = KEEP_SIZE | PUNCH_HOLE | COLLAPSE_RANGE | ZERO_RANGE | INSERT_RANGE | UNSHARE_RANGE;
/** Space is never short, so what is reserved is nothing; what is punched or zeroed reads as zeros. */
function fallocate(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), mode = a.uint(1), offset = a.long(2), length = a.long(3), end = offset + length;
  if (description === null) return -EBADF;
  if (offset < 0 || length <= 0) return -EINVAL;
  if ((mode & ~MODES_KNOWN) !== 0) return -EOPNOTSUPP;
  if ((mode & PUNCH_HOLE) !== 0 && ((mode & KEEP_SIZE) === 0 || (mode & ZERO_RANGE) !== 0)) return -EOPNOTSUPP;
  if ((mode & (COLLAPSE_RANGE | INSERT_RANGE | UNSHARE_RANGE)) !== 0) return -EOPNOTSUPP;
  if ((description.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if ((mode & ~KEEP_SIZE) !== 0 && (description.flags & O_APPEND) !== 0) return -EPERM;
  const { file } = description, size = sizeOf(description);
  if (file.pipe !== undefined) return -ESPIPE;
  if (size === null || file.truncate === undefined) return -ENODEV;
  if (end >= FILE_BYTES_MAX) return -EFBIG;
  const zeroed = (mode & (PUNCH_HOLE | ZERO_RANGE)) === 0 || offset >= size ? 0 : file.zero?.(offset, Math.min(end, size)) ?? -EOPNOTSUPP;
  if (zeroed < 0 || (mode & KEEP_SIZE) !== 0 || end <= size) return zeroed;
  return truncateTo(task, description, end);
}

function fsync(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0));
  return description === null ? -EBADF : description.file.sync?.() ?? -EINVAL;
}
function syncfs(task: KernelTask, a: Args): Result { return descriptionOf(task.process, a.int(0)) === null ? -EBADF : sync(task); }
function sync(task: KernelTask): Result { task.process.system.pageCache.flushAll(); return 0; }
function syncFileRange(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0)), offset = a.long(1), length = a.long(2);
  if (description === null) return -EBADF;
  if ((a.uint(3) & ~7) !== 0 || offset < 0 || length < 0) return -EINVAL;
  return description.file.seek === undefined ? -ESPIPE : 0;
}
const ADVICE_MAX = 5;
function fadvise(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  if (description.file.pipe !== undefined) return -ESPIPE;
  return a.long(2) < 0 || a.uint(3) > ADVICE_MAX ? -EINVAL : 0;
}
function readahead(task: KernelTask, a: Args): Result {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null || (description.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  return contentSize(description) === null ? -EINVAL : 0;
}

export const spaceCalls: SyscallRows<KernelTask> = [
  call(74, 'fsync', 'fd → int', fsync),
  call(75, 'fdatasync', 'fd → int', fsync),
  call(77, 'ftruncate', 'fd off → int', ftruncate),
  call(162, 'sync', '→ int', sync, 'mapped pages go to their files; the host is not told to sync'),
  call(187, 'readahead', 'fd off size → int', readahead, 'nothing is read ahead'),
  call(221, 'fadvise64', 'fd off off int → int', fadvise, 'advice changes nothing'),
  call(277, 'sync_file_range', 'fd off off int → int', syncFileRange, 'nothing is written out'),
  call(285, 'fallocate', 'fd int off off → int', fallocate, 'holes in files of the host are zeros; no COLLAPSE_ or INSERT_RANGE'),
  call(306, 'syncfs', 'fd → int', syncfs, 'as sync'),
];
