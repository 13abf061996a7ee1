/** Pages of files in guest physical memory (Linux: struct address_space, the page cache): what mmap maps and read and write agree with. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';
import { majorOf, minorOf, type Host, type HostStat } from '../host/host.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { Frames } from '../mmu/frames.ts';
import type { Mmu } from '../mmu/mmu.ts';
import { type Mappable, type Origin, PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';

/** Guest physical memory, as those who own pages of it use it. */
export class PhysicalMemory {
  readonly bytes: Uint8Array;
  readonly frames: Frames;
  /** Every address space there is, to take pages from. */
  spaces: () => Iterable<AddressSpace> = () => [];
  private readonly mmu: Mmu;
  constructor(bytes: Uint8Array, frames: Frames, mmu: Mmu) { this.bytes = bytes; this.frames = frames; this.mmu = mmu; }
  /** Code translated from the page is told first. */
  write(pa: Pa, from: Uint8Array): void { this.mmu.beforeWrite(pa, from.length); this.bytes.set(from, pa); }
  zero(pa: Pa, length: number): void { this.mmu.beforeWrite(pa, length); this.bytes.fill(0, pa, pa + length); }
  /** An object's bytes from `from` to `to` are gone: who has them mapped asks again, and past the end meets SIGBUS. */
  invalidate(object: Mappable, from: number, to: number): void { for (const space of this.spaces()) space.invalidate(object, from, to); }
}

/** A host descriptor with several owners: the open file, and the pages mapped from it after it is closed. */
export class HostHandle {
  readonly host: Host;
  readonly fd: number;
  readonly isWritable: boolean;
  private owners = 1;
  constructor(host: Host, fd: number, isWritable: boolean) { this.host = host; this.fd = fd; this.isWritable = isWritable; }
  retain(): this { this.owners += 1; return this; }
  release(): void { this.owners -= 1; if (this.owners === 0) this.host.close(this.fd); }
}

/** The pages of one host file, shared by all its mappings: read when touched, written back when dirty. */
export class HostPages implements Mappable {
  readonly origin = 'file';
  readonly name: string;
  readonly device: string;
  readonly inode: number;
  /** The file as it was when the first page could have been read. */
  readonly stat: HostStat;
  /** Its bytes were changed through this machine: what the file's times say no longer tells whether the pages are right. */
  isChanged = false;
  private handle: HostHandle;
  private readonly memory: PhysicalMemory;
  private readonly pages = new Map<number, Pa>();
  private readonly dirty = new Set<number>();
  private readonly onUnused: () => void;
  private mappings = 0;

  constructor(name: string, stat: HostStat, handle: HostHandle, memory: PhysicalMemory, onUnused: () => void) {
    this.name = name; this.device = deviceColumn(stat.dev); this.inode = Number(stat.ino); this.stat = stat;
    this.handle = handle.retain(); this.memory = memory; this.onUnused = onUnused;
  }
  get isMapped(): boolean { return this.mappings > 0; }
  get pageCount(): number { return this.pages.size; }
  /** Pages that come to be written need a descriptor that can write them back. */
  useHandle(handle: HostHandle): void {
    if (this.handle.isWritable || !handle.isWritable) return;
    this.handle.release();
    this.handle = handle.retain();
  }
  /** Bytes of the file, for whoever wants to know what it is: exactly so many, or null. */
  bytes(at: number, length: number): Uint8Array | null {
    if (at + length > this.stat.size) return null;
    const bytes = new Uint8Array(length);
    return this.handle.host.read(this.handle.fd, bytes, at) === length ? bytes : null;
  }
  page(offset: number, forWrite: boolean): Pa | null | 'no-memory' {
    const index = offset / PAGE_BYTES;
    const pa = this.pages.get(index) ?? this.readPage(offset, index);
    if (forWrite && typeof pa === 'number') { this.dirty.add(index); this.isChanged = true; }
    return pa;
  }
  mapped(): void { this.mappings += 1; }
  unmapped(): void {
    this.mappings -= 1;
    if (this.mappings > 0) return;
    this.flush(0, Infinity);
    this.onUnused();
  }
  /** Nothing maps it, and nothing will. */
  drop(): void {
    for (const pa of this.pages.values()) this.memory.frames.release(pa);
    this.pages.clear();
    this.handle.release();
  }
  /** Writes dirty pages that overlap the range back to the file. They stay dirty: their mappings may write on without a fault. */
  flush(from: number, to: number): Result {
    for (const index of this.dirty) {
      const at = index * PAGE_BYTES, pa = this.pages.get(index);
      if (pa === undefined || at >= to || at + PAGE_BYTES <= from) continue;
      const error = this.writeBack(at, pa);
      if (error < 0) return error;
    }
    return 0;
  }
  /** The file's bytes from `at` on were written by other means. */
  update(at: number, bytes: Uint8Array): void {
    this.isChanged = true;
    eachPart(at, bytes.length, (index, inPage, done, length) => {
      const pa = this.pages.get(index);
      if (pa !== undefined) this.memory.write(pa + inPage, bytes.subarray(done, done + length));
    });
  }
  /** The file is shorter: pages past its end are gone, from every mapping too; the rest of the last is zero. */
  truncate(length: number): void {
    const end = Math.ceil(length / PAGE_BYTES), last = this.pages.get(Math.floor(length / PAGE_BYTES));
    if (last !== undefined && length % PAGE_BYTES !== 0) this.memory.zero(last + length % PAGE_BYTES, PAGE_BYTES - length % PAGE_BYTES);
    this.memory.invalidate(this, end * PAGE_BYTES, Infinity);
    for (const [index, pa] of this.pages) {
      if (index < end) continue;
      this.memory.frames.release(pa);
      this.pages.delete(index);
      this.dirty.delete(index);
    }
  }
  private readPage(offset: number, index: number): Pa | null | 'no-memory' {
    const { host, fd } = this.handle, { frames, bytes } = this.memory;
    const pa = frames.allocate();
    if (pa < 0) return 'no-memory';
    if (host.read(fd, bytes.subarray(pa, pa + PAGE_BYTES), offset) <= 0) { frames.release(pa); return null; }
    this.pages.set(index, pa);
    return pa;
  }
  private writeBack(at: number, pa: Pa): Result {
    const { host, fd } = this.handle;
    const stat = host.fstat(fd);
    if (typeof stat === 'number') return stat;
    const length = Math.min(PAGE_BYTES, stat.size - at); // Bytes past the end of the file are nobody's.
    return length <= 0 ? 0 : host.write(fd, this.memory.bytes.subarray(pa, pa + length), at);
  }
}

/** Files nobody maps whose pages stay all the same, and the share of memory these may take. */
const UNUSED_FILES_MAX = 64, UNUSED_SHARE = 4;

/**
 * Which host files have pages in memory, by device and inode. Pages outlive the last mapping, so that a program that is started again is found with
 * what was decoded of it: as long as the file is as it was, there is room, and few others were used since.
 */
export class PageCache {
  private readonly objects = new Map<string, HostPages>();
  /** Those without a mapping; the one longest without first. */
  private readonly unused = new Map<string, HostPages>();
  private readonly memory: PhysicalMemory;
  /** How many have a file open for writing. */
  private readonly writers = new Map<string, number>();
  /** Files that were ever open for writing, or cut by their name; null: nobody asks. */
  everWritten: Set<string> | null = null;
  constructor(memory: PhysicalMemory) {
    this.memory = memory;
    memory.frames.reclaim = () => this.reclaim();
  }
  addWriter(key: string): void { this.everWritten?.add(key); this.writers.set(key, (this.writers.get(key) ?? 0) + 1); }
  removeWriter(key: string): void {
    const left = (this.writers.get(key) ?? 0) - 1;
    if (left > 0) this.writers.set(key, left); else this.writers.delete(key);
  }
  isWritten(key: string): boolean { return this.writers.has(key); }
  /** Pages of all files, mapped or not. */
  get pages(): number { return [...this.objects.values()].reduce((sum, { pageCount }) => sum + pageCount, 0); }
  find(key: string): HostPages | null { return this.objects.get(key) ?? null; }
  /** The pages of a file as it is now, if there are any. */
  findCurrent(key: string, stat: HostStat): HostPages | null {
    const known = this.objects.get(key);
    if (known === undefined) return null;
    // What is mapped is the file, whoever changed it.
    if (known.isMapped || !known.isChanged && isSame(known.stat, stat)) return known;
    this.forget(key, known);
    return null;
  }
  /** The pages of a file, new or shared; new ones need its name. */
  open(key: string, name: () => string, stat: HostStat, handle: HostHandle): HostPages {
    const known = this.findCurrent(key, stat);
    if (known !== null) { known.useHandle(handle); return this.noted(key, known); }
    const pages: HostPages = new HostPages(name(), stat, handle, this.memory, () => this.keep(key, pages));
    this.objects.set(key, pages);
    return this.noted(key, pages);
  }
  /** It was used now. Until it is mapped it counts as unused: whoever asked for it may fail to map it. */
  private noted(key: string, pages: HostPages): HostPages {
    if (!pages.isMapped) this.keep(key, pages);
    return pages;
  }
  private keep(key: string, pages: HostPages): void {
    this.unused.delete(key);
    if (pages.isChanged) { this.forget(key, pages); return; }
    this.unused.set(key, pages);
    this.trim();
  }
  private trim(): void {
    let files = 0, pages = 0;
    for (const [key, object] of this.unused) {
      if (object.isMapped) this.unused.delete(key);
      else { files += 1; pages += object.pageCount; }
    }
    const pagesMax = this.memory.frames.limit / UNUSED_SHARE;
    for (const [key, object] of this.unused) {
      // The last one is what is being opened.
      if (files <= UNUSED_FILES_MAX && pages <= pagesMax || files === 1) return;
      files -= 1; pages -= object.pageCount;
      this.forget(key, object);
    }
  }
  /** Memory is short: lets go of one file's pages. */
  private reclaim(): boolean {
    for (const [key, object] of this.unused) {
      if (object.isMapped) { this.unused.delete(key); continue; }
      const hadPages = object.pageCount > 0;
      this.forget(key, object);
      if (hadPages) return true;
    }
    return false;
  }
  private forget(key: string, pages: HostPages): void {
    this.objects.delete(key);
    this.unused.delete(key);
    pages.drop();
  }
  flushAll(): void { for (const object of this.objects.values()) object.flush(0, Infinity); }
}
function isSame(a: HostStat, b: HostStat): boolean { return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size; }

/** The device column of /proc/self/maps: major:minor in hex. */
function deviceColumn(dev: bigint): string { return [majorOf(dev), minorOf(dev)].map(number => number.toString(16).padStart(2, '0')).join(':'); }

const isWritable = (vma: Vma): boolean => vma.shared && (vma.maxProt & PROT_WRITE) !== 0;
/** Pages with no file behind them: memfd_create(2). Holes read as zeros and become pages when touched. */
export class AnonymousPages implements Mappable {
  readonly origin: Origin = 'memfd';
  readonly name: string;
  readonly inode: number;
  private readonly memory: PhysicalMemory;
  private readonly pages = new Map<number, Pa>();
  private owners = 0;
  /** Shared mappings that are, or could become, writable: as long as there is one, no seal forbids writing. */
  writableMappings = 0;
  /** F_SEAL_* bits (fcntl(2)). */
  seals = 0;
  length: number;

  constructor(name: string, inode: number, length: number, memory: PhysicalMemory) {
    this.name = name; this.inode = inode; this.length = length; this.memory = memory;
  }
  page(offset: number): Pa | null | 'no-memory' {
    if (offset >= this.length) return null;
    const index = offset / PAGE_BYTES, known = this.pages.get(index);
    if (known !== undefined) return known;
    const pa = this.memory.frames.allocate();
    if (pa < 0) return 'no-memory';
    this.pages.set(index, pa);
    return pa;
  }
  mapped(vma: Vma): void { this.retain(); if (isWritable(vma)) this.writableMappings += 1; }
  unmapped(vma: Vma): void { if (isWritable(vma)) this.writableMappings -= 1; this.release(); }
  retain(): void { this.owners += 1; }
  release(): void {
    this.owners -= 1;
    if (this.owners > 0) return;
    for (const pa of this.pages.values()) this.memory.frames.release(pa);
    this.pages.clear();
  }
  get pageCount(): number { return this.pages.size; }

  /** Copies out of the pages; `at + into.length` must not exceed `length`. */
  read(at: number, into: Uint8Array): void {
    eachPart(at, into.length, (index, inPage, done, length) => {
      const pa = this.pages.get(index);
      if (pa === undefined) into.fill(0, done, done + length);
      else into.set(this.memory.bytes.subarray(pa + inPage, pa + inPage + length), done);
    });
  }
  /** false: physical memory is full. Grows the object. */
  write(at: number, from: Uint8Array): boolean {
    this.length = Math.max(this.length, at + from.length);
    let isComplete = true;
    eachPart(at, from.length, (index, inPage, done, length) => {
      const pa = this.page(index * PAGE_BYTES);
      if (typeof pa === 'number') this.memory.write(pa + inPage, from.subarray(done, done + length));
      else isComplete = false;
    });
    return isComplete;
  }
  /** Pages past the new end go, from every mapping too. */
  truncate(length: number): void {
    const old = this.length;
    this.length = length;
    if (length < old) this.punch(length, Math.ceil(old / PAGE_BYTES) * PAGE_BYTES);
  }
  /** The first byte from `at` on in a page that is there, or in one that is not; `length` or more where there is none. */
  seek(at: number, isData: boolean): number {
    if (!isData) { let index = Math.floor(at / PAGE_BYTES); while (this.pages.has(index)) index += 1; return index * PAGE_BYTES; }
    let best = Infinity;
    for (const index of this.pages.keys()) if (index * PAGE_BYTES + PAGE_BYTES > at && index < best) best = index;
    return best * PAGE_BYTES;
  }
  /** Makes a hole: whole pages go, parts of others become zero. */
  punch(from: number, to: number): void {
    const first = Math.ceil(from / PAGE_BYTES), end = Math.floor(to / PAGE_BYTES), { memory } = this;
    const zero = (at: number, until: number): void => {
      const pa = this.pages.get(Math.floor(at / PAGE_BYTES));
      if (pa !== undefined && at < until) memory.zero(pa + at % PAGE_BYTES, until - at);
    };
    zero(from, Math.min(to, first * PAGE_BYTES));
    if (end >= first) zero(end * PAGE_BYTES, to);
    if (end <= first) return;
    memory.invalidate(this, first * PAGE_BYTES, end * PAGE_BYTES);
    for (const [index, pa] of this.pages) {
      if (index < first || index >= end) continue;
      memory.frames.release(pa);
      this.pages.delete(index);
    }
  }
}
/** The bytes from `at` on page by page: which page, where in it, how many were before, how many. */
function eachPart(at: number, total: number, part: (index: number, inPage: number, done: number, length: number) => void): void {
  for (let done = 0; done < total;) {
    const inPage = (at + done) % PAGE_BYTES, length = Math.min(PAGE_BYTES - inPage, total - done);
    part((at + done - inPage) / PAGE_BYTES, inPage, done, length);
    done += length;
  }
}
