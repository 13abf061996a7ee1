/** One process's memory: VMAs over a page-table root (Linux: struct mm_struct; mmap(2), munmap(2), mprotect(2), mremap(2), brk(2)). */
import { EACCES, EEXIST, EFAULT, EINVAL, ENOMEM, EOVERFLOW, EPERM } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa, Va } from '../base/types.ts';
import { NX_HIGH, PTE } from './entry.ts';
import { PF_FETCH, PF_WRITE, type PageFault } from './fault.ts';
import { mapsLine } from './maps.ts';
import type { Mmu, Translations } from './mmu.ts';
import { PageTable, type WalkStep } from './page-table.ts';
import { Pager, type PageInResult } from './pager.ts';
import { SharedMemory } from './shared-memory.ts';
import { type Reach, UserCopy } from './user-copy.ts';
import type { UserMemory, UserRegisters } from './user.ts';
import { GUARD_GAP_BYTES, LOWEST, partOf, TASK_SIZE, VmaList } from './vma-list.ts';
import { type Mappable, PROT_ALL, PROT_EXEC, PROT_NONE, PROT_WRITE, type Vma } from './vma.ts';

export type Access = 'read' | 'write' | 'execute';
export type FaultVerdict = 'resume' | 'no-mapping' | 'denied' | 'past-end' | 'no-memory';

export interface MapRequest {
  /** A hint, or the place itself if `fixed`. */
  readonly at: Va;
  /** Bytes; rounded up to pages. */
  readonly length: number;
  readonly prot: number;
  /** PROT_* bits that mprotect may later grant; PROT_ALL but for shared mappings of files opened read-only. */
  readonly maxProt?: number;
  readonly fixed: boolean;
  /** With `fixed`: -EEXIST instead of replacing what is there (MAP_FIXED_NOREPLACE). */
  readonly keep?: boolean;
  readonly shared: boolean;
  /** In the second gibibyte (MAP_32BIT). */
  readonly low?: boolean;
  readonly special?: boolean;
  readonly growsDown?: boolean;
  /** It may be larger than memory is: whoever touches too much of it gets SIGBUS. */
  readonly noReserve?: boolean;
  readonly inherit?: boolean;
  readonly object: Mappable | null;
  readonly offset: number;
  readonly label?: string;
}

/** RLIMIT_STACK, as it is at first. */
const STACK_BYTES_MAX = 8 * 1024 * 1024;
/** Bits of mprotect(2) beyond PROT_*: one without effect on x86, and two that extend the range. */
const PROT_SEM = 8, PROT_GROWSDOWN = 0x0100_0000;
/** Files end below this (Linux: MAX_LFS_FILESIZE). */
const FILE_BYTES_MAX = 2 ** 63;
/** Beyond this many pages, flushing the whole TLB is cheaper (Linux: tlb_single_page_flush_ceiling). */
const FLUSH_PAGES_MAX = 33;

function pageOf(at: Va): Va { return at - (at & (PAGE_BYTES - 1)); }
function pagesUp(length: number): number { return Math.ceil(length / PAGE_BYTES) * PAGE_BYTES; }
function isAligned(at: number): boolean { return at % PAGE_BYTES === 0; }

/** x86 has no way to forbid only reading. */
function allows(prot: number, faultCode: number): boolean {
  if ((faultCode & PF_WRITE) !== 0) return (prot & PROT_WRITE) !== 0;
  if ((faultCode & PF_FETCH) !== 0) return (prot & PROT_EXEC) !== 0;
  return prot !== PROT_NONE;
}

/** Results below zero are -errno. */
export class AddressSpace implements UserMemory, Reach, Translations {
  /** Faults that `resolve` answered by paging. */
  minorFaults = 0;
  /** RLIMIT_STACK: how far a mapping that grows down may reach. */
  stackBytesMax = STACK_BYTES_MAX;
  private readonly mmu: Mmu;
  private readonly table: PageTable;
  private readonly pager: Pager;
  private readonly copy: UserCopy;
  private readonly list: VmaList;
  private breakStart: Va = 0;
  private breakEnd: Va = 0;
  /** Processes that have it (CLONE_VM). */
  private owners = 1;
  /** What else its end ends (Linux: mmu_notifier_ops.release). */
  private readonly releases: (() => void)[] = [];
  /** Some object cares where tasks are interrupted. */
  private hasLeaving = false;

  /** Translations: what code of it may be trusted. */
  epoch: number;
  era = 0;

  private constructor(mmu: Mmu, table: PageTable) {
    this.mmu = mmu; this.table = table;
    this.list = new VmaList(mmu.mappings);
    this.epoch = mmu.newEpoch();
    this.pager = new Pager(mmu.memory.i32, mmu.frames, table);
    this.copy = new UserCopy(mmu, this);
  }
  /** An empty one, or null where no frame is left. */
  static create(mmu: Mmu): AddressSpace | null {
    const table = PageTable.create(mmu);
    return table === null ? null : new AddressSpace(mmu, table);
  }

  get vmas(): readonly Vma[] { return this.list.all; }
  /** CR3. */
  get root(): Pa { return this.table.root; }
  /** Bytes of page tables, and of data pages mapped: untouched pages that read as zero cost nothing. */
  get tableBytes(): number { return this.table.tables * PAGE_BYTES; }
  get residentBytes(): number { return this.table.pages * PAGE_BYTES; }
  get peakResidentBytes(): number { return this.table.peakPages * PAGE_BYTES; }
  find(address: Va): Vma | null { return this.list.find(address); }
  procMaps(): string { return this.list.all.map(mapsLine).join(''); }
  /** The first page from `at` on, below `end`, that has a frame; else `end`. */
  nextMapped(at: Va, end: Va): Va { return this.table.next(at, end); }
  /** The paging-structure entries on the way to an address. */
  walk(at: Va): readonly WalkStep[] { return this.table.walk(at); }

  /** Makes this the space the CPU sees: loads CR3, flushes the TLB. */
  activate(): void { if (!this.isActive) this.mmu.enter(this); }
  private get isActive(): boolean { return this.mmu.root === this.table.root; }
  private flushPage(page: Va): void {
    if (this.isActive) this.mmu.flushPage(page);
    else if (this.mmu.isExecuted(page)) this.epoch = this.mmu.newEpoch();
  }
  private flushRange(start: Va, end: Va): void {
    if (!this.isActive) { if (this.mmu.isAnyExecuted(start, end)) this.epoch = this.mmu.newEpoch(); return; }
    if (end - start > FLUSH_PAGES_MAX * PAGE_BYTES) { this.mmu.flushRange(start, end); return; }
    for (let page = start; page < end; page += PAGE_BYTES) this.mmu.flushPage(page);
  }

  // — faults —
  /** The slow path of a fault: page in, offer it to the mapped object, or refuse. Neither allocates nor throws when the object takes it. */
  resolve(fault: PageFault, registers: UserRegisters): FaultVerdict {
    const vma = this.list.find(fault.address) ?? this.grow(fault.address);
    if (vma === null) return 'no-mapping';
    if (!allows(vma.prot, fault.code)) {
      return vma.object?.denied?.(vma, fault, registers, this) === true || this.isTakenElsewhere(vma, fault, registers) ? 'resume' : 'denied';
    }
    const result = this.bring(vma, fault.address, (fault.code & PF_WRITE) !== 0);
    if (result === 'resume') this.minorFaults += 1;
    return result;
  }
  private isTakenElsewhere(vma: Vma, fault: PageFault, registers: UserRegisters): boolean {
    if ((fault.code & PF_FETCH) === 0) return false;
    for (const { object } of this.list.watchers) if (object?.deniedElsewhere?.(vma, fault, registers, this) === true) return true;
    return false;
  }
  private bring(vma: Vma, address: Va, isWrite: boolean): PageInResult {
    // Where nothing was, nothing is remembered.
    const page = pageOf(address), wasThere = this.table.query(page) !== 0, result = this.pager.bring(vma, page, isWrite);
    if (wasThere) this.flushPage(page);
    return result;
  }
  /** Extends a mapping that grows down to an address below it, if it may (Linux: expand_stack). */
  private grow(address: Va): Vma | null {
    const index = this.list.indexAbove(address), vma = this.list.all[index], below = this.list.all[index - 1];
    if (vma === undefined || !vma.growsDown || address < LOWEST) return null;
    const start = pageOf(address), added = vma.start - start;
    if (vma.end - start > this.stackBytesMax) return null;
    if (below !== undefined && !below.growsDown && below.prot !== PROT_NONE && start - below.end < GUARD_GAP_BYTES) return null;
    if (vma.object !== null && vma.offset < added) return null;
    this.list.replace(index, index + 1, [{ ...vma, start, offset: vma.object === null ? 0 : vma.offset - added }]);
    return this.list.find(address);
  }

  // — the kernel's accesses —
  /** Checked against the guest's protection, paging in as needed. `false` at the first byte that cannot be read. */
  copyIn(from: Va, into: Uint8Array): boolean { return this.copy.in(from, into); }
  /** The same for writing; what lies before the first byte that cannot be written may have been. */
  copyOut(to: Va, bytes: Uint8Array): boolean { return this.copy.out(to, bytes); }
  /** A string whose NUL is among the first `limit` bytes: its bytes without it, or -EFAULT, or -ENAMETOOLONG. */
  copyInString(from: Va, limit: number): Uint8Array | number { return this.copy.string(from, limit); }
  /** Reads past protection, for debuggers and reports: bytes up to the first that is not mapped. Pages nothing in. */
  peek(at: Va, length: number): Uint8Array { return this.copy.peek(at, length); }
  /** Writes past protection (copying a private page first). */
  poke(at: Va, bytes: Uint8Array): boolean { return this.copy.poke(at, bytes); }

  /** The physical address of a byte as the kernel accesses it for the program, or -1; good to the end of the page. */
  reach(at: Va, isWrite: boolean): Pa {
    if (!(at >= 0 && at < TASK_SIZE)) return -1;
    const leaf = this.table.leaf(at), low = leaf === -1 ? 0 : this.mmu.memory.i32[leaf]!;
    const wanted = isWrite ? PTE.present | PTE.writable : PTE.present;
    if ((low & wanted) !== wanted) return this.reachByFault(at, isWrite);
    this.mmu.memory.i32[leaf] = low | (isWrite ? PTE.accessed | PTE.dirty : PTE.accessed);
    return (low & PTE.frame) | (at & (PAGE_BYTES - 1));
  }
  private reachByFault(at: Va, isWrite: boolean): Pa {
    const vma = this.list.find(at) ?? this.grow(at);
    if (vma === null || !allows(vma.prot, isWrite ? PF_WRITE : 0)) return -1;
    return this.bring(vma, at, isWrite) === 'resume' ? this.frameAt(at) : -1;
  }
  reachToPoke(at: Va): Pa {
    const vma = this.list.find(at);
    if (vma === null || ((vma.shared || vma.special) && (vma.maxProt & PROT_WRITE) === 0)) return -1;
    return this.bring(vma, at, true) === 'resume' ? this.frameAt(at) : -1;
  }
  reachToPeek(at: Va): Pa {
    const held = this.frameAt(at), vma = this.list.find(at);
    if (held !== -1 || vma === null) return held;
    if (vma.object === null) return this.mmu.frames.zero | (at & (PAGE_BYTES - 1));
    const found = vma.object.page(vma.offset + pageOf(at) - vma.start, false);
    return typeof found === 'number' ? found | (at & (PAGE_BYTES - 1)) : -1;
  }
  private frameAt(at: Va): Pa {
    const frame = at >= 0 && at < TASK_SIZE ? this.table.query(at) & PTE.frame : 0;
    return frame === 0 ? -1 : frame | (at & (PAGE_BYTES - 1));
  }
  /** What the CPU would find now, or -1 where it would fault. */
  translate(address: Va, access: Access): Pa {
    if (!(address >= 0 && address < TASK_SIZE)) return -1;
    const leaf = this.table.leaf(address), low = leaf === -1 ? 0 : this.mmu.memory.i32[leaf]!;
    if ((low & PTE.present) === 0 || (access === 'write' && (low & PTE.writable) === 0)) return -1;
    if (access === 'execute' && (this.mmu.memory.i32[leaf + 1]! & NX_HIGH) !== 0) return -1;
    return (low & PTE.frame) | (address & (PAGE_BYTES - 1));
  }

  // — mappings —
  map(request: MapRequest): Va | number {
    if (!isAligned(request.offset) || request.length <= 0) return -EINVAL;
    const length = pagesUp(request.length), maxProt = request.maxProt ?? PROT_ALL, prot = request.prot & PROT_ALL;
    if (length > TASK_SIZE) return -ENOMEM;
    if (request.object !== null && request.offset + length > FILE_BYTES_MAX) return -EOVERFLOW;
    const at = this.placeFor(request, length);
    if (at < 0) return at;
    if ((prot & ~maxProt) !== 0) return -EACCES;
    if (!this.list.hasRoomFor(1 + this.list.addedByCut(at, at + length))) return -ENOMEM;
    if (request.object === null && (prot & PROT_WRITE) !== 0 && request.noReserve !== true && !this.canHold(length)) return -ENOMEM;

    if (request.fixed) this.drop(at, at + length);
    const isAnonymous = request.object === null;
    if (request.object?.leave !== undefined) this.hasLeaving = true;
    const object = isAnonymous && request.shared ? new SharedMemory(this.mmu.frames, length) : request.object;
    this.list.insert({
      start: at, end: at + length, prot, maxProt, shared: request.shared, inherit: request.inherit ?? true,
      special: request.special ?? false, growsDown: request.growsDown ?? false, object, wasWritable: request.shared && (prot & PROT_WRITE) !== 0,
      offset: isAnonymous ? 0 : request.offset, label: request.label ?? object?.name ?? '',
    });
    return at;
  }
  /** What could not be held if it were touched is refused at once: a fault could say so only by a signal (proc(5), overcommit_memory). */
  private canHold(length: number): boolean { return this.mmu.frames.hasRoom(length / PAGE_BYTES); }
  /** Where a request goes, or -errno (Linux: get_unmapped_area). */
  private placeFor(request: MapRequest, length: number): Va | number {
    if (request.fixed) return this.checkFixed(request.at, length, request.keep ?? false);
    const page = pageOf(request.at), hint = page > 0 ? Math.max(page, LOWEST) : 0;
    if (hint > 0 && this.list.isRoom(hint, hint + length)) return hint;
    const at = request.low === true ? this.list.placeLow(length) : this.list.place(length);
    return at === -1 ? -ENOMEM : at;
  }
  private checkFixed(at: Va, length: number, keep: boolean): Va | number {
    if (at > TASK_SIZE - length) return -ENOMEM;
    if (!isAligned(at)) return -EINVAL;
    if (at < LOWEST) return -EPERM;
    return keep && !this.list.isFree(at, at + length) ? -EEXIST : at;
  }

  unmap(start: Va, length: number): number {
    if (!isAligned(start) || start > TASK_SIZE || length > TASK_SIZE - start || length <= 0) return -EINVAL;
    const end = start + pagesUp(length);
    if (!this.list.hasRoomFor(this.list.addedByCut(start, end))) return -ENOMEM;
    this.drop(start, end);
    return 0;
  }
  private drop(start: Va, end: Va): void {
    this.table.unmap(start, end);
    this.list.cut(start, end);
    this.flushRange(start, end);
  }

  /** On -ENOMEM at a gap and on -EACCES, what lies before has changed. `permit` is asked of every mapping: 0 or -errno. */
  protect(start: Va, length: number, prot: number, permit?: (vma: Vma, prot: number) => number): number {
    if (!isAligned(start)) return -EINVAL;
    if (length === 0) return 0;
    const end = start + pagesUp(length), wanted = prot & PROT_ALL;
    if (end > 2 ** 64) return -ENOMEM;
    if ((prot & ~(PROT_ALL | PROT_SEM | PROT_GROWSDOWN)) !== 0) return -EINVAL;
    let at = start;
    if ((prot & PROT_GROWSDOWN) !== 0) {
      const vma = this.list.all[this.list.indexAbove(start)];
      if (vma === undefined || vma.start >= end) return -ENOMEM;
      if (!vma.growsDown) return -EINVAL;
      at = vma.start;
    }
    while (at < end) {
      const vma = this.list.find(at);
      if (vma === null) return -ENOMEM;
      if ((wanted & ~vma.maxProt) !== 0) return -EACCES;
      const stop = Math.min(end, vma.end), permitted = permit?.(vma, wanted) ?? 0;
      if (permitted < 0) return permitted;
      if (!this.protectPart(vma, at, stop, wanted)) return -ENOMEM;
      at = stop;
    }
    return 0;
  }
  /** false: too many mappings, or too much memory. */
  private protectPart(vma: Vma, start: Va, end: Va, prot: number): boolean {
    if (prot === vma.prot) return true;
    const added = (start > vma.start ? 1 : 0) + (end < vma.end ? 1 : 0);
    if (!this.list.hasRoomFor(added)) return false;
    if (vma.prot === PROT_NONE && vma.object === null && (prot & PROT_WRITE) !== 0 && !this.canHold(end - start)) return false;
    this.list.exchange(this.list.indexAbove(start), { ...partOf(vma, start, end), prot, wasWritable: vma.wasWritable === true || vma.shared && (prot & PROT_WRITE) !== 0 });
    this.table.protect(start, end, prot, vma.shared);
    this.flushRange(start, end);
    return true;
  }

  /** Whether a private mapping of an object has pages of its own, because it was written (Linux: vma->anon_vma). */
  isModified({ start, end, object, offset, shared }: Vma): boolean {
    if (object === null || shared) return false;
    for (let at = this.table.next(start, end); at < end; at = this.table.next(at + PAGE_BYTES, end)) {
      if ((this.table.query(at) & PTE.frame) !== object.page(offset + at - start, false)) return true;
    }
    return false;
  }

  /** What madvise(2) changes of mappings: each part of one in the range is exchanged for what `change` makes of it, or left (null). */
  change(start: Va, end: Va, change: (vma: Vma) => Vma | null): number {
    for (let index = this.list.indexAbove(start); ; index = this.list.indexAbove(start)) {
      const vma = this.list.all[index];
      if (vma === undefined || vma.start >= end || start >= end) return 0;
      const part = partOf(vma, Math.max(start, vma.start), Math.min(end, vma.end)), changed = change(part);
      if (!this.list.hasRoomFor(2)) return -ENOMEM;
      if (changed !== null) this.list.exchange(index, changed);
      start = part.end;
    }
  }

  /**
   * mremap(2); `fixedAt` is MREMAP_FIXED's address. An old length of 0 maps the pages of a shared mapping a second time.
   * `keepsOld`: the old mapping stays, without its pages (MREMAP_DONTUNMAP).
   */
  remap(old: Va, oldLength: number, newLength: number, mayMove: boolean, fixedAt: Va | null, keepsOld = false): Va | number {
    const from = pagesUp(oldLength), to = pagesUp(newLength);
    if (!isAligned(old) || to === 0) return -EINVAL;
    if (keepsOld) return mayMove && from === to ? this.remapKeeping(old, from, fixedAt) : -EINVAL;
    if (fixedAt !== null) return mayMove ? this.remapTo(old, from, to, fixedAt) : -EINVAL;
    const vma = this.list.find(old);
    if (vma === null) return -EFAULT;
    if (from === to) return old;
    if (from > to) {
      const result = this.unmap(old + to, from - to);
      return result < 0 ? result : old;
    }
    const error = checkResize(vma, old, from, to);
    if (error < 0) return error;
    if (from > 0 && old + from === vma.end && old + to <= TASK_SIZE && this.list.isFree(vma.end, old + to)) {
      const index = this.list.indexAbove(old);
      this.list.replace(index, index + 1, [{ ...vma, end: old + to }]);
      return old;
    }
    const at = mayMove ? this.list.place(to) : -1;
    return at === -1 ? -ENOMEM : this.move(vma, old, from, to, at);
  }
  private remapKeeping(old: Va, length: number, fixedAt: Va | null): Va | number {
    if (fixedAt !== null) {
      if (!isAligned(fixedAt) || fixedAt > TASK_SIZE - length || old + length > fixedAt && fixedAt + length > old) return -EINVAL;
      if (fixedAt < LOWEST) return -EPERM;
    }
    const vma = this.list.find(old);
    if (vma === null) return -EFAULT;
    if (vma.object !== null || vma.shared || vma.special) return -EINVAL;
    if (length > vma.end - old) return -EFAULT;
    if (fixedAt !== null) this.drop(fixedAt, fixedAt + length);
    const at = fixedAt ?? this.list.place(length);
    return at === -1 ? -ENOMEM : this.move(vma, old, length, length, at, true);
  }
  /** As on Linux the target is unmapped before the source is looked at. */
  private remapTo(old: Va, from: number, to: number, at: Va): Va | number {
    if (!isAligned(at) || to > TASK_SIZE || at > TASK_SIZE - to) return -EINVAL;
    if (old + from > at && at + to > old) return -EINVAL;
    if (this.list.find(old)?.special === true) return -EINVAL;
    if (at < LOWEST) return -EPERM;
    if (!this.list.hasRoomFor(5)) return -ENOMEM;
    this.drop(at, at + to);
    if (from > to) {
      const result = this.unmap(old + to, from - to);
      if (result < 0) return result;
    }
    const vma = this.list.find(old), kept = Math.min(from, to);
    if (vma === null) return -EFAULT;
    const error = checkResize(vma, old, kept, to);
    return error < 0 ? error : this.move(vma, old, kept, to, at);
  }
  private move(vma: Vma, old: Va, from: number, to: number, at: Va, keepsOld = false): Va | number {
    if (!this.list.hasRoomFor(1 + this.list.addedByCut(old, old + from))) return -ENOMEM;
    if (from > 0 && !this.table.move(old, at, from)) return -ENOMEM;
    this.list.insert({ ...partOf(vma, old, Math.max(old + from, old + PAGE_BYTES)), start: at, end: at + to });
    if (from > 0 && !keepsOld) this.list.cut(old, old + from);
    this.flushRange(old, old + from);
    return at;
  }

  /** Where the heap begins: the loader says, once. */
  startBreak(at: Va): void { this.breakStart = this.breakEnd = at; }
  /** brk(2) as the kernel answers it: the break after the call, which is the old one where it cannot move. */
  setBreak(to: Va): Va {
    if (to < this.breakStart || this.breakStart === 0) return this.breakEnd;
    const old = pagesUp(this.breakEnd), end = pagesUp(to);
    if (end < old && this.unmap(end, old - end) < 0) return this.breakEnd;
    if (end > old && !this.extendBreak(old, end)) return this.breakEnd;
    return this.breakEnd = to;
  }
  private extendBreak(old: Va, end: Va): boolean {
    if (!this.list.isRoom(old, end + PAGE_BYTES) || !this.list.hasRoomFor(1) || !this.canHold(end - old)) return false;
    this.list.insert({
      start: old, end, prot: PROT_ALL & ~PROT_EXEC, maxProt: PROT_ALL, shared: false, inherit: true,
      special: false, growsDown: false, object: null, offset: 0, label: '[heap]',
    });
    return true;
  }

  /** madvise(2) MADV_DONTNEED: pages are dropped, and come again as if untouched. -ENOMEM at a gap, after the rest. */
  discard(start: Va, length: number): number {
    const end = start + pagesUp(length);
    if (!isAligned(start) || end > TASK_SIZE) return -EINVAL;
    let result = 0, at = start;
    for (let index = this.list.indexAbove(start); at < end; index += 1) {
      const vma = this.list.all[index];
      if (vma === undefined || vma.start >= end) return -ENOMEM;
      if (vma.special) return -EINVAL;
      if (vma.start > at) result = -ENOMEM;
      this.dropPages(Math.max(at, vma.start), Math.min(end, vma.end));
      at = vma.end;
    }
    return result;
  }
  /** An object's bytes [from, to) are no longer those its pages held (truncate): whoever touches them asks the object again. */
  invalidate(object: Mappable, from: number, to: number): void {
    for (const vma of this.list.all) {
      if (vma.object !== object) continue;
      const start = Math.max(vma.start, vma.start + pagesUp(from) - vma.offset);
      const end = Math.min(vma.end, vma.start + pagesUp(to) - vma.offset);
      if (start < end) this.dropPages(start, end);
    }
  }
  private dropPages(start: Va, end: Va): void {
    this.table.unmap(start, end);
    this.flushRange(start, end);
  }

  // — life —
  /** A copy that shares every private page until one side writes it; null where no frame is left. */
  fork(): AddressSpace | null {
    const child = this.list.canCopy ? AddressSpace.create(this.mmu) : null;
    if (child === null) return null;
    child.stackBytesMax = this.stackBytesMax; child.breakStart = this.breakStart; child.breakEnd = this.breakEnd;
    let isComplete = true;
    for (const vma of this.list.all) {
      if (!vma.inherit) continue;
      child.list.append(vma);
      // Pages of a shared mapping come again from its object.
      if (!vma.shared && vma.wipes !== true) isComplete &&= this.table.share(child.table, vma.start, vma.end);
    }
    if (this.isActive) this.mmu.flushData();
    if (isComplete) return child;
    child.release();
    return null;
  }
  /** The task whose registers these are is about to be interrupted. */
  leave(registers: UserRegisters): void {
    if (!this.hasLeaving) return;
    const vma = this.list.find(registers.rip);
    vma?.object?.leave?.(vma, registers, this);
  }
  atRelease(end: () => void): void { this.releases.push(end); }
  retain(): this { this.owners += 1; return this; }
  get isShared(): boolean { return this.owners > 1; }
  /** One owner less; the last drops every mapping, frame and table, and the space is not to be used again. */
  release(): void {
    this.owners -= 1;
    if (this.owners > 0) return;
    if (this.isActive) this.mmu.root = 0;
    this.table.release();
    const gone = this.list.clear();
    for (const vma of gone) vma.object?.unmapped?.(vma);
    for (const end of this.releases.splice(0)) end();
  }
}

/** Whether `from` bytes at `old` may become `to` bytes: 0 or -errno (Linux: vma_to_resize). */
function checkResize(vma: Vma, old: Va, from: number, to: number): number {
  if (from === 0 && !vma.shared) return -EINVAL;
  if (from > vma.end - old) return -EFAULT;
  if (to !== from && vma.special) return -EFAULT;
  return 0;
}
