/** What programs say of their memory: madvise(2), msync(2), mincore(2), mlock(2) and their like. */
import { EACCES, EFAULT, EINVAL, ENOMEM, EPERM, ESRCH } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';
import { mappingsIn, pagesUp, populate } from './memory.ts';
import { HostPages } from './pages.ts';
import { RLIMIT_MEMLOCK, UNLIMITED, type KernelTask } from './process.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';

/** A range of whole pages, or -errno; an empty one is no error. */
function pageRange(start: Va, bytes: number): readonly [Va, Va] | Result {
  const length = pagesUp(bytes);
  if (start % PAGE_BYTES !== 0) return -EINVAL;
  return start + length > Number.MAX_SAFE_INTEGER ? -ENOMEM : [start, start + length];
}

type Advice = (task: KernelTask, vma: Vma, start: Va, end: Va) => Result;
const nothing: Advice = () => 0;
const isAnonymous = (vma: Vma): boolean => vma.object === null && !vma.shared;
const setting = (change: Partial<Vma>, allowed: (vma: Vma) => boolean): Advice => (task, vma, start, end) =>
  allowed(vma) ? task.process.memory.change(start, end, part => ({ ...part, ...change })) : -EINVAL;
/** Shared memory that may be written: its pages go, from every mapping. */
const remove: Advice = (task, vma, start, end) => {
  if (vma.object?.punch === undefined) return -EINVAL;
  if (!vma.shared || (vma.maxProt & PROT_WRITE) === 0) return -EACCES;
  const from = vma.offset + start - vma.start, to = from + end - start;
  task.process.system.memory.invalidate(vma.object, from, to);
  vma.object.punch(from, to);
  return 0;
};
const populating = (isWrite: boolean): Advice => (task, vma, start, end) => {
  if (vma.special || (isWrite ? (vma.prot & PROT_WRITE) === 0 : vma.prot === 0)) return -EINVAL;
  return populate(task, start, end, isWrite) ? 0 : -EFAULT;
};
const discard: Advice = (task, vma, start, end) => vma.special ? -EINVAL : task.process.memory.discard(start, end - start);
const MADV_DONTFORK = 10, MADV_DOFORK = 11, MADV_HWPOISON = 100, MADV_SOFT_OFFLINE = 101;
const ADVICE: { readonly [advice: number]: Advice } = {
  /* NORMAL, RANDOM, SEQUENTIAL, WILLNEED */ 0: nothing, 1: nothing, 2: nothing, 3: nothing,
  /* DONTNEED */ 4: discard,
  /* FREE: may be taken, need not be */ 8: (_task, vma) => isAnonymous(vma) ? 0 : -EINVAL,
  /* REMOVE */ 9: remove,
  [MADV_DONTFORK]: setting({ inherit: false }, () => true), [MADV_DOFORK]: setting({ inherit: true }, vma => !vma.special),
  /* (UN)MERGEABLE, (NO)HUGEPAGE, (DONT|DO)DUMP */ 12: nothing, 13: nothing, 14: nothing, 15: nothing, 16: nothing, 17: nothing,
  /* WIPEONFORK, KEEPONFORK */ 18: setting({ wipes: true }, isAnonymous), 19: setting({ wipes: false }, isAnonymous),
  /* COLD, PAGEOUT */ 20: nothing, 21: nothing,
  /* POPULATE_READ, POPULATE_WRITE */ 22: populating(false), 23: populating(true),
  /* DONTNEED_LOCKED */ 24: discard,
};

function advise(task: KernelTask, at: Va, length: number, advice: number): Result {
  if (advice === MADV_HWPOISON || advice === MADV_SOFT_OFFLINE) return -EPERM;
  const act = Object.hasOwn(ADVICE, advice) ? ADVICE[advice] : undefined, range = pageRange(at, length);
  if (act === undefined || typeof range === 'number') return -EINVAL;
  const [from, to] = range, { found, isCovered } = mappingsIn(task, from, to);
  for (const vma of found) {
    const result = act(task, vma, Math.max(from, vma.start), Math.min(to, vma.end));
    if (result < 0) return result;
  }
  return isCovered ? 0 : -ENOMEM;
}
function madvise(task: KernelTask, a: Args): Result { return advise(task, a.pointer(0), a.size(1), a.int(2)); }

function msync(task: KernelTask, a: Args): Result {
  const MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4, flags = a.uint(2), range = pageRange(a.pointer(0), a.size(1));
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
  const range = pageRange(a.pointer(0), a.size(1));
  if (typeof range === 'number') return range;
  const [start, end] = range, { memory } = task.process;
  if (!mappingsIn(task, start, end).isCovered) return -ENOMEM;
  return putStructure(task, a.pointer(2), (end - start) / PAGE_BYTES, view => {
    for (let at = start; at < end; at += PAGE_BYTES) view.setUint8((at - start) / PAGE_BYTES, memory.translate(at, 'read') === -1 ? 0 : 1);
  });
}

/** Nothing is ever paged out: to lock is to fault in. */
function lock(task: KernelTask, a: Args, isLocking: boolean, faultsIn: boolean): Result {
  const start = Math.floor(a.pointer(0) / PAGE_BYTES) * PAGE_BYTES, end = pagesUp(a.pointer(0) + a.size(1));
  const limit = task.process.limits[RLIMIT_MEMLOCK]?.soft ?? UNLIMITED, isRoot = task.process.system.host.user.euid === 0;
  if (isLocking && limit !== UNLIMITED && !isRoot && end - start > Number(limit)) return limit === 0n ? -EPERM : -ENOMEM;
  const { found, isCovered } = mappingsIn(task, start, end);
  if (isLocking && faultsIn) for (const vma of found) populate(task, Math.max(start, vma.start), Math.min(end, vma.end), (vma.prot & PROT_WRITE) !== 0 && !vma.shared);
  return isCovered ? 0 : -ENOMEM;
}
function mlock2(task: KernelTask, a: Args): Result {
  const MLOCK_ONFAULT = 1, flags = a.uint(2);
  return (flags & ~MLOCK_ONFAULT) !== 0 ? -EINVAL : lock(task, a, true, flags === 0);
}
function mlockall(_task: KernelTask, a: Args): Result {
  const MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4, flags = a.uint(0);
  return flags === 0 || flags === MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 ? -EINVAL : 0;
}

// — places of memory: there is one node —

const MPOL_MAX = 7, MPOL_F_NODE = 1, MPOL_F_ADDR = 2, MPOL_F_MEMS_ALLOWED = 4, MPOL_DEFAULT = 0;
function policy(mode: number): Result { return (mode & 0xff) >= MPOL_MAX ? -EINVAL : 0; }
function getMempolicy(task: KernelTask, a: Args): Result {
  const flags = a.uint(4), nodes = a.size(2);
  if ((flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) !== 0) return -EINVAL;
  if ((flags & MPOL_F_MEMS_ALLOWED) !== 0 && (flags & (MPOL_F_NODE | MPOL_F_ADDR)) !== 0) return -EINVAL;
  if ((flags & MPOL_F_ADDR) === 0 && a.pointer(3) !== 0) return -EINVAL;
  if ((flags & MPOL_F_ADDR) !== 0 && task.process.memory.find(a.pointer(3)) === null) return -EFAULT;
  if (a.pointer(0) !== 0 && putStructure(task, a.pointer(0), 4, view => view.setInt32(0, MPOL_DEFAULT, true)) < 0) return -EFAULT;
  if (a.pointer(1) === 0) return 0;
  if (nodes < 1 || nodes > 32_768) return -EINVAL;
  return putStructure(task, a.pointer(1), Math.ceil(nodes / 64) * 8, view => view.setUint8(0, (flags & MPOL_F_MEMS_ALLOWED) !== 0 ? 1 : 0));
}
function movePages(task: KernelTask, a: Args): Result {
  const count = a.size(1), pid = a.int(0);
  if (pid !== 0 && !task.process.system.processes.has(pid)) return -ESRCH;
  if (count === 0) return 0;
  if (count > 4096) return -EINVAL;
  const pages = userStructure(task, a.pointer(2), 8 * count);
  if (pages === null) return -EFAULT;
  const { memory } = task.process;
  return putStructure(task, a.pointer(4), 4 * count, view => {
    for (let i = 0; i < count; i++) view.setInt32(4 * i, memory.translate(Number(pages.getBigUint64(8 * i, true)), 'read') === -1 ? -EFAULT : 0, true);
  });
}

export const memoryAdviceCalls: SyscallRows<KernelTask> = [
  call(26, 'msync', 'ptr size msync → int', msync),
  call(27, 'mincore', 'ptr size ptr → int', mincore, 'tells of pages of this process'),
  call(28, 'madvise', 'ptr size madvise → int', madvise, 'MADV_FREE frees nothing; what is only advice changes nothing'),
  call(149, 'mlock', 'ptr size → int', (task, a) => lock(task, a, true, true), 'faults in; nothing is ever paged out'),
  call(150, 'munlock', 'ptr size → int', (task, a) => lock(task, a, false, false)),
  call(151, 'mlockall', 'hex → int', mlockall, 'checked only'),
  call(152, 'munlockall', '→ int', () => 0),
  call(237, 'mbind', 'ptr size int ptr size hex → int', (_task, a) => policy(a.int(2)), 'there is one node'),
  call(238, 'set_mempolicy', 'int ptr size → int', (_task, a) => policy(a.int(0)), 'there is one node'),
  call(239, 'get_mempolicy', 'ptr ptr size ptr hex → int', getMempolicy, 'there is one node'),
  call(256, 'migrate_pages', 'int size ptr ptr → int', () => 0, 'there is one node'),
  call(279, 'move_pages', 'int size ptr ptr ptr hex → int', movePages, 'tells where pages are: on the one node'),
  call(325, 'mlock2', 'ptr size hex → int', mlock2, 'as mlock'),
];
