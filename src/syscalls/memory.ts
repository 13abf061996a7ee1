/** mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2), msync(2): thin, for the rules are the address space's. */
import { EACCES, EBADF, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { PROT_ALL, PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';
import { descriptionOf } from './io.ts';
import { HostPages } from './pages.ts';
import type { KernelTask } from './process.ts';
import { putStructure } from './structure.ts';
import type { Args, SyscallRows } from './task.ts';
import {
  MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE,
  O_ACCMODE, O_RDWR, O_WRONLY,
} from './uapi.ts';

/** Every MAP_* bit there is: MAP_SHARED_VALIDATE refuses others (mmap(2)). */
const MAP_KNOWN = 0x1ff97f;

function mmap(task: KernelTask, a: Args): Result {
  const flags = a.uint(3), kind = flags & MAP_TYPE, offset = a.size(5);
  if (offset % PAGE_BYTES !== 0) return -EINVAL;
  const description = (flags & MAP_ANONYMOUS) !== 0 ? null : descriptionOf(task.process, a.int(4));
  if ((flags & MAP_ANONYMOUS) === 0 && description === null) return -EBADF;
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE && kind !== MAP_SHARED_VALIDATE) return -EINVAL;
  if (kind === MAP_SHARED_VALIDATE && (flags & ~MAP_KNOWN) !== 0) return -EOPNOTSUPP;
  if ((flags & MAP_HUGETLB) !== 0 || a.size(1) === 0) return -EINVAL;
  const keep = (flags & MAP_FIXED_NOREPLACE) !== 0;
  const request: MapRequest = {
    at: a.pointer(0), length: a.size(1), prot: a.uint(2), fixed: keep || (flags & MAP_FIXED) !== 0, keep, shared: kind !== MAP_PRIVATE,
    growsDown: (flags & MAP_GROWSDOWN) !== 0, object: null, offset: description === null ? 0 : offset,
  };
  const { memory } = task.process;
  if (description === null) return memory.map(request);
  const access = description.flags & O_ACCMODE;
  if (access === O_WRONLY) return -EACCES;
  const maxProt = request.shared && access !== O_RDWR ? PROT_ALL & ~PROT_WRITE : PROT_ALL;
  if ((request.prot & PROT_ALL & ~maxProt) !== 0) return -EACCES;
  const complete = description.file.map?.({ ...request, maxProt }, flags) ?? -ENODEV;
  return typeof complete === 'number' ? complete : memory.map(complete);
}

function munmap(task: KernelTask, a: Args): Result { return task.process.memory.unmap(a.pointer(0), a.size(1)); }
function mprotect(task: KernelTask, a: Args): Result { return task.process.memory.protect(a.pointer(0), a.size(1), a.uint(2)); }
function brk(task: KernelTask, a: Args): Result { return task.process.memory.setBreak(a.pointer(0)); }

function mremap(task: KernelTask, a: Args): Result {
  const MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, flags = a.uint(3);
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) !== 0) return -EINVAL;
  const fixedAt = (flags & MREMAP_FIXED) !== 0 ? a.pointer(4) : null;
  return task.process.memory.remap(a.pointer(0), a.size(1), a.size(2), (flags & MREMAP_MAYMOVE) !== 0, fixedAt);
}

/** The parts of mappings in a range, and whether they cover it. */
function mappingsIn(task: KernelTask, start: Va, end: Va): { readonly found: readonly Vma[]; readonly isCovered: boolean } {
  const found = task.process.memory.vmas.filter(vma => vma.start < end && vma.end > start);
  const covered = found.reduce((sum, vma) => sum + Math.min(end, vma.end) - Math.max(start, vma.start), 0);
  return { found, isCovered: covered === end - start };
}
/** The range of a call on whole pages, or -errno; an empty one is no error. */
function pageRange(a: Args): readonly [Va, Va] | Result {
  const start = a.pointer(0), length = Math.ceil(a.size(1) / PAGE_BYTES) * PAGE_BYTES;
  if (start % PAGE_BYTES !== 0) return -EINVAL;
  return start + length > Number.MAX_SAFE_INTEGER ? -ENOMEM : [start, start + length];
}

const MADV_DONTNEED = 4;
/** Advice taken by doing nothing: NORMAL to WILLNEED, FREE, DONTFORK to NOHUGEPAGE, (DONT)DUMP, WIPE- and KEEPONFORK, COLD, PAGEOUT. */
const HARMLESS_ADVICE: readonly number[] = [0, 1, 2, 3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];
function madvise(task: KernelTask, a: Args): Result {
  const advice = a.int(2), range = pageRange(a);
  if (advice !== MADV_DONTNEED && !HARMLESS_ADVICE.includes(advice)) return -EINVAL;
  if (typeof range === 'number') return range;
  const { found, isCovered } = mappingsIn(task, ...range);
  if (advice === MADV_DONTNEED) for (const vma of found) discard(task, vma, ...range);
  return isCovered ? 0 : -ENOMEM;
}
/** Private pages go, to be zero or the file's again; shared ones are the object's and stay. Mapping anew in place does just that. */
function discard(task: KernelTask, vma: Vma, from: Va, to: Va): void {
  if (vma.shared || vma.special) return;
  const start = Math.max(from, vma.start), end = Math.min(to, vma.end);
  const { prot, maxProt, shared, growsDown, inherit, object, label } = vma;
  const offset = object === null ? 0 : vma.offset + start - vma.start;
  task.process.memory.map({ at: start, length: end - start, prot, maxProt, fixed: true, shared, growsDown, inherit, object, offset, label });
}

function msync(task: KernelTask, a: Args): Result {
  const MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4, flags = a.uint(2), range = pageRange(a);
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || (flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -EINVAL;
  if (typeof range === 'number') return range;
  const [start, end] = range, { found, isCovered } = mappingsIn(task, start, end);
  for (const vma of found) {
    if (!vma.shared || !(vma.object instanceof HostPages)) continue;
    const error = vma.object.flush(vma.offset + Math.max(start, vma.start) - vma.start, vma.offset + Math.min(end, vma.end) - vma.start);
    if (error < 0) return error;
  }
  return isCovered ? 0 : -ENOMEM;
}

/** mincore(2): bit 0 of a byte a page. */
function mincore(task: KernelTask, a: Args): Result {
  const range = pageRange(a);
  if (typeof range === 'number') return range;
  const [start, end] = range, { memory } = task.process;
  if (!mappingsIn(task, start, end).isCovered) return -ENOMEM;
  return putStructure(task, a.pointer(2), (end - start) / PAGE_BYTES, view => {
    for (let at = start; at < end; at += PAGE_BYTES) view.setUint8((at - start) / PAGE_BYTES, memory.translate(at, 'read') === -1 ? 0 : 1);
  });
}
/** Nothing is ever paged out: to lock is to have been there. */
function lock(task: KernelTask, a: Args): Result {
  const start = Math.floor(a.pointer(0) / PAGE_BYTES) * PAGE_BYTES, end = Math.ceil((a.pointer(0) + a.size(1)) / PAGE_BYTES) * PAGE_BYTES;
  return mappingsIn(task, start, end).isCovered ? 0 : -ENOMEM;
}

export const memoryCalls: SyscallRows<KernelTask> = [
  [9, {
    name: 'mmap', run: mmap, shape: 'ptr size prot map mapfd hex → ptr',
    partial: 'MAP_HUGETLB is refused with EINVAL; MAP_32BIT and MAP_POPULATE are ignored',
  }],
  [10, { name: 'mprotect', run: mprotect, shape: 'ptr size prot → int' }],
  [11, { name: 'munmap', run: munmap, shape: 'ptr size → int' }],
  [12, { name: 'brk', run: brk, shape: 'ptr → ptr' }],
  [25, { name: 'mremap', run: mremap, shape: 'ptr size size mremap mremapto → ptr', partial: 'no MREMAP_DONTUNMAP' }],
  [26, { name: 'msync', run: msync, shape: 'ptr size msync → int' }],
  [27, { name: 'mincore', run: mincore, shape: 'ptr size ptr → int' }],
  [28, {
    name: 'madvise', run: madvise, shape: 'ptr size madvise → int',
    partial: 'MADV_DONTNEED acts, MADV_REMOVE and newer advice is refused, the rest is accepted',
  }],
  [149, { name: 'mlock', run: lock, shape: 'ptr size → int' }],
  [150, { name: 'munlock', run: lock, shape: 'ptr size → int' }],
  [151, { name: 'mlockall', run: () => 0, shape: 'hex → int' }],
  [152, { name: 'munlockall', run: () => 0, shape: '→ int' }],
];
