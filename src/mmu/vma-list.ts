/** The VMAs of an address space, in order (Linux: mm/mmap.c's vma tree): search, cut, join, and holes. */
import type { Va } from '../base/types.ts';
import type { Vma } from './vma.ts';

/** TASK_SIZE: 2^47 less a guard page (arch/x86/include/asm/page_64_types.h). */
export const TASK_SIZE: Va = 2 ** 47 - 4096;
/** sysctl_max_map_count. */
export const VMAS_MAX = 65_530;
/** What all address spaces of a machine may have together. */
const VMAS_IN_ALL_MAX = 1 << 20;
/** Room kept free below a mapping that grows down (stack_guard_gap: 256 pages). */
export const GUARD_GAP_BYTES = 256 * 4096;
/** vm.mmap_min_addr. */
export const LOWEST: Va = 0x10000;
/** Linux without randomisation: TASK_SIZE less the 128 MiB kept for the stack. Placement goes down from here. */
export const MMAP_BASE: Va = TASK_SIZE - 0x800_0000;
/** TASK_UNMAPPED_BASE: where placement goes up from, when below MMAP_BASE nothing fits. */
const BOTTOM_UP_BASE: Va = Math.ceil(TASK_SIZE / 3 / 4096) * 4096;

/** Where MAP_32BIT places. */
const LOW_START: Va = 0x4000_0000, LOW_END: Va = 0x8000_0000;

/** The part of a mapping in [start, end). */
export function partOf(vma: Vma, start: Va, end: Va): Vma {
  if (start === vma.start && end === vma.end) return vma;
  return { ...vma, start, end, offset: vma.object === null ? 0 : vma.offset + start - vma.start };
}
/** Linux's vma_merge rules: alike in everything, and the object's bytes go on. Special mappings never join. */
export function canJoin(a: Vma, b: Vma): boolean {
  return a.end === b.start && !a.special && !b.special
    && a.prot === b.prot && a.maxProt === b.maxProt && a.shared === b.shared && a.inherit === b.inherit
    && a.growsDown === b.growsDown && (a.wipes ?? false) === (b.wipes ?? false) && a.label === b.label && a.object === b.object
    && (a.object === null || a.offset + a.end - a.start === b.offset);
}
/** The lowest address another mapping may end at. */
function guardedStart(vma: Vma): Va { return vma.growsDown ? Math.max(0, vma.start - GUARD_GAP_BYTES) : vma.start; }

function joined(vmas: readonly Vma[]): Vma[] {
  const out: Vma[] = [];
  for (const vma of vmas) {
    const before = out.at(-1);
    if (before !== undefined && canJoin(before, vma)) out[out.length - 1] = { ...before, end: vma.end, wasWritable: before.wasWritable === true || vma.wasWritable === true };
    else out.push(vma);
  }
  return out;
}

export class VmaList {
  readonly all: Vma[] = [];
  /** Those whose objects want to know of fetches elsewhere. */
  readonly watchers: Vma[] = [];
  private readonly total: { count: number };
  /** @param total mappings of all lists */
  constructor(total = { count: 0 }) { this.total = total; }
  hasRoomFor(added: number): boolean { return this.all.length + added <= VMAS_MAX && this.total.count + added <= VMAS_IN_ALL_MAX; }
  get canCopy(): boolean { return this.total.count + this.all.length <= VMAS_IN_ALL_MAX; }
  /** What the last search from the top learned: from here up to MMAP_BASE no hole is longer than `passedBytesMax`. */
  private passed: Va = MMAP_BASE;
  private passedBytesMax = 0;

  /** The index of the first mapping that ends above an address. */
  indexAbove(address: Va): number {
    const all = this.all;
    let low = 0, high = all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (all[middle]!.end > address) high = middle; else low = middle + 1;
    }
    return low;
  }
  find(address: Va): Vma | null {
    const vma = this.all[this.indexAbove(address)];
    return vma !== undefined && vma.start <= address ? vma : null;
  }
  isFree(start: Va, end: Va): boolean {
    const vma = this.all[this.indexAbove(start)];
    return vma === undefined || vma.start >= end;
  }
  /** Free, and not in the guard gap of the mapping above. */
  isRoom(start: Va, end: Va): boolean {
    const vma = this.all[this.indexAbove(start)];
    return end <= TASK_SIZE && (vma === undefined || guardedStart(vma) >= end);
  }
  /** How many more mappings there are once [start, end) is cut out. */
  addedByCut(start: Va, end: Va): number {
    const vma = this.find(start);
    return vma !== null && vma.start < start && vma.end > end ? 1 : 0;
  }

  /**
   * Puts `news` in the place of mappings [from, to), joining neighbours that are alike. Objects hear of mappings that
   * come before they hear of those that go, so that one that counts them does not die of a split.
   */
  replace(from: number, to: number, news: readonly Vma[]): void {
    const all = this.all, first = Math.max(0, from - 1), last = Math.min(all.length, to + 1);
    const before = all.slice(first, last);
    const after = joined([...all.slice(first, from), ...news, ...all.slice(to, last)]);
    all.splice(first, last - first, ...after);
    this.total.count += after.length - (last - first);
    for (const vma of after) if (!before.includes(vma)) this.came(vma);
    for (const vma of before) if (!after.includes(vma)) this.went(vma);
  }
  private came(vma: Vma): void {
    if (vma.object?.deniedElsewhere !== undefined) this.watchers.push(vma);
    vma.object?.mapped?.(vma);
  }
  private went(vma: Vma): void {
    if (vma.object?.deniedElsewhere !== undefined) this.watchers.splice(this.watchers.indexOf(vma), 1);
    vma.object?.unmapped?.(vma);
  }
  /** One that comes after all others, and stays apart from them. */
  append(vma: Vma): void {
    this.all.push(vma);
    this.total.count += 1;
    this.came(vma);
  }
  clear(): Vma[] {
    this.total.count -= this.all.length;
    this.watchers.length = 0;
    return this.all.splice(0);
  }
  insert(vma: Vma): void {
    const at = this.indexAbove(vma.start);
    this.replace(at, at, [vma]);
  }
  /** Removes what lies in [start, end). */
  cut(start: Va, end: Va): void {
    const from = this.indexAbove(start);
    let to = from;
    while (to < this.all.length && this.all[to]!.start < end) to += 1;
    if (from === to) return;
    const head = this.all[from]!, tail = this.all[to - 1]!, rest: Vma[] = [];
    if (head.start < start) rest.push(partOf(head, head.start, start));
    if (tail.end > end) rest.push(partOf(tail, end, tail.end));
    this.replace(from, to, rest);
    this.passed = MMAP_BASE; this.passedBytesMax = 0;
  }
  /** Replaces a part of mapping number `index` by `part`, which lies within it. */
  exchange(index: number, part: Vma): void {
    const vma = this.all[index]!, news: Vma[] = [part];
    if (vma.start < part.start) news.unshift(partOf(vma, vma.start, part.start));
    if (vma.end > part.end) news.push(partOf(vma, part.end, vma.end));
    this.replace(index, index + 1, news);
  }

  /** Where `length` bytes fit: the highest place below MMAP_BASE, else the lowest above BOTTOM_UP_BASE, else -1. */
  place(length: number): Va | -1 {
    const at = this.placeDown(length);
    return at === -1 ? this.placeUp(length) : at;
  }
  /** MAP_32BIT: the highest place in the second gibibyte, or -1 (Linux: find_start_end). */
  placeLow(length: number): Va | -1 {
    let end: Va = LOW_END, index = this.indexAbove(end - 1);
    if (index < this.all.length) end = Math.min(end, guardedStart(this.all[index]!));
    for (; end - length >= LOW_START; index -= 1) {
      const below = index > 0 ? this.all[index - 1]! : null;
      if (below === null || below.end <= end - length) return end - length;
      end = Math.min(end, guardedStart(below));
    }
    return -1;
  }
  private placeDown(length: number): Va | -1 {
    if (length <= this.passedBytesMax) { this.passed = MMAP_BASE; this.passedBytesMax = 0; }
    let end = this.passed, index = this.indexAbove(end - 1);
    if (index < this.all.length) end = Math.min(end, guardedStart(this.all[index]!));
    for (; ; index -= 1) {
      const below = index > 0 ? this.all[index - 1]! : null;
      const room = end - Math.max(LOWEST, below === null ? 0 : below.end);
      if (room >= length) { this.passed = end; return end - length; }
      this.passedBytesMax = Math.max(this.passedBytesMax, room);
      if (below === null) return -1;
      end = Math.min(end, guardedStart(below));
    }
  }
  private placeUp(length: number): Va | -1 {
    let at = BOTTOM_UP_BASE;
    for (let index = this.indexAbove(at); index < this.all.length; index += 1) {
      const vma = this.all[index]!;
      if (at + length <= guardedStart(vma)) return at;
      at = Math.max(at, vma.end);
    }
    return at + length <= TASK_SIZE ? at : -1;
  }
}
