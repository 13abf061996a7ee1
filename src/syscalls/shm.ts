/** System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2). */
import { EACCES, EFAULT, EINVAL, EPERM } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { PROT_ALL, PROT_EXEC, PROT_READ, PROT_WRITE, type Origin, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';
import { IPC_INFO, IPC_READ, IPC_RMID, IPC_SET, IPC_STAT, IPC_WRITE, mayControl, mayUse, now, PERM_BYTES, putPermissions, setPermissions, setWords, type IpcFields } from './ipc.ts';
import { withinMemoryLimits } from './memory-limits.ts';
import { AnonymousPages } from './pages.ts';
import { impliedProt } from './personality.ts';
import type { KernelTask } from './process.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';

export const SEGMENTS_MAX = 4096;
const SEGMENT_BYTES_MAX = 2 ** 46;
const SHM_RDONLY = 0o10000, SHM_RND = 0o20000, SHM_REMAP = 0o40000, SHM_EXEC = 0o100000, SHM_HUGETLB = 0o4000;
const SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15;
/** In `mode`: it goes with its last mapping (SHM_DEST). */
const DESTROYED = 0o1000, LOCKED = 0o2000;

/** A segment: pages that live until it is removed and nothing maps them. */
export class Segment extends AnonymousPages {
  override readonly origin: Origin = 'memory';
  readonly id: number; readonly key: number; uid: number; gid: number; readonly creatorUid: number; readonly creatorGid: number;
  mode: number;
  isRemoved = false;
  readonly bytes: number;
  readonly creatorPid: number;
  attached = 0; attachedAt = 0; detachedAt = 0; changedAt: number; lastPid = 0;
  private readonly seconds: () => number;

  constructor(task: KernelTask, fields: IpcFields, bytes: number) {
    super(`/SYSV${(fields.key >>> 0).toString(16).padStart(8, '0')} (deleted)`, fields.id, Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES, task.process.system.memory);
    this.id = fields.id; this.key = fields.key; this.uid = fields.uid; this.gid = fields.gid;
    this.creatorUid = fields.creatorUid; this.creatorGid = fields.creatorGid; this.mode = fields.mode;
    this.bytes = bytes; this.creatorPid = task.process.pid; this.changedAt = now(task);
    this.seconds = () => task.process.system.clock.realSeconds();
    this.retain();
  }
  override mapped(vma: Vma): void { super.mapped(vma); this.attached += 1; this.attachedAt = this.seconds(); }
  override unmapped(vma: Vma): void { this.attached -= 1; this.detachedAt = this.seconds(); super.unmapped(vma); this.goes?.(); }
  /** What the last detaching does once the segment is to be destroyed. */
  goes: (() => void) | null = null;
}

const segments = (task: KernelTask) => task.process.system.shared.segments;

function shmget(task: KernelTask, a: Args): Result {
  const bytes = a.size(1), flags = a.int(2);
  const check = (segment: Segment): Result => bytes > segment.bytes ? -EINVAL : 0;
  return segments(task).get(task, a.int(0), flags, check, fields => {
    if (bytes < 1 || bytes > SEGMENT_BYTES_MAX || (flags & SHM_HUGETLB) !== 0) return -EINVAL;
    return new Segment(task, fields, bytes);
  });
}

function shmat(task: KernelTask, a: Args): Result | Va {
  const segment = segments(task).find(a.int(0)), flags = a.int(2), wanted = a.pointer(1), { memory } = task.process;
  if (typeof segment === 'number') return segment;
  const at = (flags & SHM_RND) !== 0 ? Math.floor(wanted / PAGE_BYTES) * PAGE_BYTES : wanted;
  if (at % PAGE_BYTES !== 0 || at === 0 && (flags & SHM_REMAP) !== 0) return -EINVAL;
  const isReadOnly = (flags & SHM_RDONLY) !== 0;
  if (!mayUse(task, segment, IPC_READ | (isReadOnly ? 0 : IPC_WRITE) | ((flags & SHM_EXEC) !== 0 ? 0o111 : 0))) return -EACCES;
  const limited = withinMemoryLimits(task.process, segment.length, false, at, at === 0 ? 0 : segment.length);
  if (limited < 0) return limited;
  const prot = impliedProt(task, PROT_READ | (isReadOnly ? 0 : PROT_WRITE) | ((flags & SHM_EXEC) !== 0 ? PROT_EXEC : 0));
  const request = {
    at, length: segment.length, prot, maxProt: isReadOnly ? PROT_ALL & ~PROT_WRITE : PROT_ALL, fixed: at !== 0,
    keep: (flags & SHM_REMAP) === 0, shared: true, object: segment, offset: 0,
  };
  const denied = task.process.system.policy?.map(task, request) ?? 0;
  if (denied < 0) return denied;
  const mapped = memory.map(request);
  // Something is there already: shmat says EINVAL where mmap says EEXIST.
  if (mapped < 0) return mapped === -EPERM ? -EPERM : at !== 0 ? -EINVAL : mapped;
  segment.lastPid = task.process.pid;
  return mapped;
}

/** Every part of the mapping that began at the address goes. */
function shmdt(task: KernelTask, a: Args): Result {
  const at = a.pointer(0), { memory, pid } = task.process;
  if (at % PAGE_BYTES !== 0) return -EINVAL;
  const found = memory.vmas.find(vma => vma.start >= at && vma.object instanceof Segment && vma.start - vma.offset === at)?.object;
  if (!(found instanceof Segment)) return -EINVAL;
  found.lastPid = pid;
  for (const vma of memory.vmas.filter(part => part.object === found && part.start - part.offset === at)) memory.unmap(vma.start, vma.end - vma.start);
  return 0;
}

const SHMID_BYTES = 112, INFO_BYTES = 72;
function putSegment(task: KernelTask, at: Va, segment: Segment): Result {
  return putStructure(task, at, SHMID_BYTES, view => {
    putPermissions(view, segment);
    setWords(view, PERM_BYTES, [segment.bytes, segment.attachedAt, segment.detachedAt, segment.changedAt]);
    view.setInt32(80, segment.creatorPid, true);
    view.setInt32(84, segment.lastPid, true);
    setWords(view, 88, [segment.attached]);
  });
}
function shmctl(task: KernelTask, a: Args): Result {
  const id = a.int(0), command = a.int(1), at = a.pointer(2), table = segments(task);
  if (command === IPC_INFO) {
    const told = putStructure(task, at, INFO_BYTES, view => setWords(view, 0, [SEGMENT_BYTES_MAX, 1, SEGMENTS_MAX, SEGMENTS_MAX, SEGMENT_BYTES_MAX / PAGE_BYTES]));
    return told < 0 ? told : table.highest;
  }
  if (command === SHM_INFO) {
    const all = table.all(), sum = (of: (segment: Segment) => number): number => all.reduce((total, segment) => total + of(segment), 0);
    const told = putStructure(task, at, 48, view => {
      view.setInt32(0, all.length, true);
      setWords(view, 8, [sum(segment => segment.length / PAGE_BYTES), sum(segment => segment.pageCount)]);
    });
    return told < 0 ? told : table.highest;
  }
  const isByIndex = command === SHM_STAT || command === SHM_STAT_ANY;
  const segment = isByIndex ? table.atIndex(id) ?? -EINVAL : table.find(id);
  if (typeof segment === 'number') return segment;
  if (command === IPC_STAT || isByIndex) {
    if (command !== SHM_STAT_ANY && !mayUse(task, segment, IPC_READ)) return -EACCES;
    const told = putSegment(task, at, segment);
    return told < 0 ? told : isByIndex ? segment.id : 0;
  }
  if (command !== IPC_RMID && command !== IPC_SET && command !== SHM_LOCK && command !== SHM_UNLOCK) return -EINVAL;
  const error = mayControl(task, segment);
  if (error < 0) return error;
  if (command === IPC_RMID) destroy(task, segment);
  else if (command === IPC_SET) {
    const view = userStructure(task, at, SHMID_BYTES);
    if (view === null) return -EFAULT;
    setPermissions(view, segment);
    segment.changedAt = now(task);
  } else segment.mode = command === SHM_LOCK ? segment.mode | LOCKED : segment.mode & ~LOCKED;
  return 0;
}
/** Now, or with the last mapping. */
function destroy(task: KernelTask, segment: Segment): void {
  const table = segments(task);
  if ((segment.mode & DESTROYED) !== 0) return;
  segment.mode |= DESTROYED;
  if (segment.attached > 0) segment.goes = () => { if (segment.attached === 0 && !segment.isRemoved) table.remove(segment); };
  else table.remove(segment);
  segment.release();
}

export const shmCalls: SyscallRows<KernelTask> = [
  call(29, 'shmget', 'hex size ipc → int', shmget, 'no SHM_HUGETLB'),
  call(30, 'shmat', 'int ptr shmat → ptr', shmat),
  call(31, 'shmctl', 'int int ptr → int', shmctl, 'SHM_LOCK is remembered only'),
  call(67, 'shmdt', 'ptr → int', shmdt),
];
