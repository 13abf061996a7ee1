/** mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), remap_file_pages(2): thin, for the rules are the address space's. */
import { EACCES, EBADF, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { PROT_ALL, PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { FileDescription, Result } from './file.ts';
import { descriptionOf } from './io.ts';
import { isData, withinMemoryLimits } from './memory-limits.ts';
import { impliedProt } from './personality.ts';
import type { KernelTask } from './process.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import {
  MAP_32BIT, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE, MAP_PRIVATE,
  MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE, O_ACCMODE, O_RDWR, O_WRONLY,
} from './uapi.ts';

/** The MAP_* bits there have always been: MAP_SHARED_VALIDATE refuses others (mmap(2)). */
const MAP_LEGACY = 0x7c07_f9f3;

function mmap(task: KernelTask, a: Args): Result {
  const flags = a.uint(3), kind = flags & MAP_TYPE, offset = a.size(5), length = a.size(1);
  if (offset % PAGE_BYTES !== 0) return -EINVAL;
  const description = (flags & MAP_ANONYMOUS) !== 0 ? null : descriptionOf(task.process, a.int(4));
  if ((flags & MAP_ANONYMOUS) === 0 && description === null) return -EBADF;
  if (length === 0 || kind !== MAP_SHARED && kind !== MAP_PRIVATE && (kind !== MAP_SHARED_VALIDATE || description === null)) return -EINVAL;
  if (kind === MAP_SHARED_VALIDATE && (flags & ~MAP_LEGACY) !== 0) return -EOPNOTSUPP;
  if ((flags & MAP_HUGETLB) !== 0) return description === null ? -ENOMEM : -EINVAL;
  const keep = (flags & MAP_FIXED_NOREPLACE) !== 0, fixed = keep || (flags & MAP_FIXED) !== 0;
  const request: MapRequest = {
    at: a.pointer(0), length, prot: impliedProt(task, a.uint(2)), fixed, keep, shared: kind !== MAP_PRIVATE, low: (flags & MAP_32BIT) !== 0,
    growsDown: (flags & MAP_GROWSDOWN) !== 0, noReserve: (flags & MAP_NORESERVE) !== 0, object: null, offset: description === null ? 0 : offset,
  };
  const complete = description === null ? request : mapFile(task, description, request, flags);
  if (typeof complete === 'number') return complete;
  const denied = task.process.system.policy?.map(task, complete) ?? 0;
  if (denied < 0) return denied;
  const bytes = pagesUp(length), isDataMapping = isData({ shared: request.shared, prot: request.prot, growsDown: request.growsDown ?? false });
  const limited = withinMemoryLimits(task.process, bytes, isDataMapping, request.at, fixed ? bytes : 0);
  if (limited < 0) return limited;
  const at = task.process.memory.map(complete);
  const populates = (flags & MAP_LOCKED) !== 0 || (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE;
  if (at >= 0 && populates) populate(task, at, at + bytes, (request.prot & PROT_WRITE) !== 0 && !request.shared);
  return at;
}
function mapFile(task: KernelTask, { file, flags: opened }: FileDescription, request: MapRequest, flags: number): MapRequest | Result {
  const access = opened & O_ACCMODE;
  if (access === O_WRONLY) return -EACCES;
  const maxProt = request.shared && access !== O_RDWR ? PROT_ALL & ~PROT_WRITE : PROT_ALL;
  if ((request.prot & PROT_ALL & ~maxProt) !== 0) return -EACCES;
  return file.map?.({ ...request, maxProt }, flags, task) ?? -ENODEV;
}
export function pagesUp(length: number): number { return Math.ceil(length / PAGE_BYTES) * PAGE_BYTES; }
/** Faults in what can be, as long as there is memory. false: something could not be. */
export function populate(task: KernelTask, start: Va, end: Va, isWrite: boolean): boolean {
  const { memory, system } = task.process, most = start + system.memory.frames.total * PAGE_BYTES;
  for (let at = start; at < Math.min(end, most); at += PAGE_BYTES) if (memory.reach(at, isWrite) === -1) return false;
  return end <= most;
}

function munmap(task: KernelTask, a: Args): Result { return task.process.memory.unmap(a.pointer(0), a.size(1)); }
/** mprotect and pkey_mprotect. */
export function protect(task: KernelTask, a: Args): Result {
  const { memory, system: { policy } } = task.process;
  return memory.protect(a.pointer(0), a.size(1), impliedProt(task, a.uint(2)), policy === null ? undefined : (vma, prot) => policy.protect(task, vma, prot));
}
/** brk(2) as the kernel answers it: the old break where a limit forbids the new. */
function brk(task: KernelTask, a: Args): Result {
  const { memory } = task.process, to = a.pointer(0), now = memory.setBreak(0);
  if (to > now && withinMemoryLimits(task.process, pagesUp(to) - pagesUp(now), true) < 0) return now;
  return memory.setBreak(to);
}

function mremap(task: KernelTask, a: Args): Result {
  const MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MREMAP_DONTUNMAP = 4, flags = a.uint(3), old = a.pointer(0), from = a.size(1), to = a.size(2);
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
  const fixedAt = (flags & MREMAP_FIXED) !== 0 ? a.pointer(4) : null, keepsOld = (flags & MREMAP_DONTUNMAP) !== 0;
  const grown = pagesUp(to) - (keepsOld ? 0 : pagesUp(from)), vma = task.process.memory.find(old);
  const limited = grown > 0 && vma !== null ? withinMemoryLimits(task.process, grown, isData(vma)) : 0;
  if (limited < 0) return limited;
  const doublesOrMoves = (flags & MREMAP_MAYMOVE) !== 0 || from === 0;
  const denied = vma !== null && doublesOrMoves ? task.process.system.policy?.remap(task, vma) ?? 0 : 0;
  if (denied < 0) return denied;
  return task.process.memory.remap(old, from, to, (flags & MREMAP_MAYMOVE) !== 0, fixedAt, keepsOld);
}

/** Pages of a shared mapping in another order: a mapping of its own for the part. */
function remapFilePages(task: KernelTask, a: Args): Result {
  const start = Math.floor(a.pointer(0) / PAGE_BYTES) * PAGE_BYTES, length = Math.floor(a.size(1) / PAGE_BYTES) * PAGE_BYTES, { memory } = task.process;
  const vma = memory.find(start), offset = a.size(3) * PAGE_BYTES;
  if (a.uint(2) !== 0 || length === 0 || vma === null || !vma.shared || vma.object === null || start + length > vma.end) return -EINVAL;
  if (offset + length > Number.MAX_SAFE_INTEGER) return -EINVAL;
  const { prot, maxProt, shared, growsDown, inherit, object } = vma;
  const request = { at: start, length, prot, maxProt, fixed: true, shared, growsDown, inherit, object, offset };
  const denied = task.process.system.policy?.map(task, request) ?? 0;
  if (denied < 0) return denied;
  const at = memory.map(request);
  return at < 0 ? at : 0;
}

/** The parts of mappings in a range, and whether they cover it. */
export function mappingsIn(task: KernelTask, start: Va, end: Va): { readonly found: readonly Vma[]; readonly isCovered: boolean } {
  const found = task.process.memory.vmas.filter(vma => vma.start < end && vma.end > start);
  const covered = found.reduce((sum, vma) => sum + Math.min(end, vma.end) - Math.max(start, vma.start), 0);
  return { found, isCovered: covered === end - start };
}

export const memoryCalls: SyscallRows<KernelTask> = [
  call(9, 'mmap', 'ptr size prot map mapfd hex → ptr', mmap, 'no huge pages: MAP_HUGETLB is ENOMEM'),
  call(10, 'mprotect', 'ptr size prot → int', protect),
  call(11, 'munmap', 'ptr size → int', munmap),
  call(12, 'brk', 'ptr → ptr', brk),
  call(25, 'mremap', 'ptr size size mremap mremapto → ptr', mremap),
  call(216, 'remap_file_pages', 'ptr size prot size map → int', remapFilePages),
];
