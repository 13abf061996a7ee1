/** One address space's paging structures (SDM 3A §4.5), in guest frames. Owns these, and a reference to every frame mapped. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { i32, Pa, Va } from '../base/types.ts';
import { bigOf, hiOf, loOf } from '../base/words.ts';
import {
  leafBits, leafHigh, NX_HIGH, PTE, TABLE_BITS, wordInDirectory, wordInPdpt, wordInPml4, wordInTable,
} from './entry.ts';
import type { Frames } from './frames.ts';
import type { Mmu } from './mmu.ts';

const TABLE_WORDS = PAGE_BYTES >> 2;
/** Bytes that one entry of a level spans: level 1 holds the leaves. */
const SPAN = [0, 2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39] as const;
const PML4_LEVEL = 4;

/** A step of a walk, for debuggers. */
export interface WalkStep { readonly level: number; readonly at: Pa; readonly entry: bigint }

export class PageTable {
  readonly root: Pa;
  /** Tables in use, and frames mapped by leaves; the zero frame costs nothing and is not counted. */
  tables = 1;
  pages = 0;
  peakPages = 0;
  private readonly words: Int32Array;
  private readonly frames: Frames;

  private constructor(mmu: Mmu, root: Pa) { this.words = mmu.memory.i32; this.frames = mmu.frames; this.root = root; }
  /** An empty one, or null where no frame is left. */
  static create(mmu: Mmu): PageTable | null {
    const root = mmu.frames.allocate();
    return root === -1 ? null : new PageTable(mmu, root);
  }

  /** The word index of the leaf of a user address, or -1 where a table is missing. */
  leaf(at: Va): number {
    const lo = loOf(at), hi = hiOf(at), w = this.words;
    const e4 = w[(this.root >> 2) + wordInPml4(hi)]!;
    if (e4 === 0) return -1;
    const e3 = w[((e4 & PTE.frame) >> 2) + wordInPdpt(lo, hi)]!;
    if (e3 === 0) return -1;
    const e2 = w[((e3 & PTE.frame) >> 2) + wordInDirectory(lo)]!;
    return e2 === 0 ? -1 : ((e2 & PTE.frame) >> 2) + wordInTable(lo);
  }
  /** The same, making the tables that are missing; -1 where no frame is left. */
  ensure(at: Va): number {
    const lo = loOf(at), hi = hiOf(at);
    const table3 = this.tableAt((this.root >> 2) + wordInPml4(hi));
    if (table3 === -1) return -1;
    const table2 = this.tableAt((table3 >> 2) + wordInPdpt(lo, hi));
    if (table2 === -1) return -1;
    const table1 = this.tableAt((table2 >> 2) + wordInDirectory(lo));
    return table1 === -1 ? -1 : (table1 >> 2) + wordInTable(lo);
  }
  private tableAt(entry: number): Pa {
    const there = this.words[entry]!;
    if (there !== 0) return there & PTE.frame;
    const made = this.frames.allocate();
    if (made === -1) return -1;
    this.tables += 1;
    this.words[entry] = made | TABLE_BITS;
    return made;
  }
  /** The low word of the leaf: 0 where nothing is mapped. */
  query(at: Va): i32 {
    const leaf = this.leaf(at);
    return leaf === -1 ? 0 : this.words[leaf]!;
  }

  /** Maps a frame, taking over one reference to it; what was there is released. false: no frame for a table, and nothing is mapped. */
  map(at: Va, frame: Pa, prot: number, mayWrite: boolean): boolean {
    const leaf = this.ensure(at);
    if (leaf === -1) return false;
    this.forget(leaf);
    this.words[leaf] = frame | leafBits(prot, mayWrite);
    this.words[leaf + 1] = leafHigh(prot);
    this.count(frame, 1);
    return true;
  }
  private forget(leaf: number): void {
    const frame = this.words[leaf]! & PTE.frame;
    if (frame === 0) return;
    this.words[leaf] = 0; this.words[leaf + 1] = 0;
    this.count(frame, -1);
    this.frames.release(frame);
  }
  private count(frame: Pa, change: number): void {
    if (frame === this.frames.zero) return;
    this.pages += change;
    if (this.pages > this.peakPages) this.peakPages = this.pages;
  }

  /** The first page from `at` on, below `end`, that has a frame; else `end`. */
  next(at: Va, end: Va): Va {
    for (let page = at; page < end;) {
      const level = this.missingLevel(page);
      if (level === 0) return page;
      page += SPAN[level]! - (page % SPAN[level]!);
    }
    return end;
  }
  /** The level of the first entry of 0 on the way to an address; 0: none is. */
  private missingLevel(at: Va): number {
    const lo = loOf(at), hi = hiOf(at), w = this.words;
    const e4 = w[(this.root >> 2) + wordInPml4(hi)]!;
    if (e4 === 0) return 4;
    const e3 = w[((e4 & PTE.frame) >> 2) + wordInPdpt(lo, hi)]!;
    if (e3 === 0) return 3;
    const e2 = w[((e3 & PTE.frame) >> 2) + wordInDirectory(lo)]!;
    if (e2 === 0) return 2;
    return w[((e2 & PTE.frame) >> 2) + wordInTable(lo)] === 0 ? 1 : 0;
  }

  /** Releases the frames of a range, and the tables that are then empty. */
  unmap(start: Va, end: Va): void { this.clear(this.root, PML4_LEVEL, 0, start, end); }
  /** `base` is the first address that `table` spans. */
  private clear(table: Pa, level: number, base: Va, start: Va, end: Va): void {
    const span = SPAN[level]!, first = Math.max(0, Math.floor((start - base) / span));
    const last = Math.min(TABLE_WORDS / 2, Math.ceil((end - base) / span));
    for (let index = first; index < last; index++) {
      const entry = (table >> 2) + 2 * index, child = this.words[entry]! & PTE.frame;
      if (child === 0) continue;
      if (level === 1) { this.forget(entry); continue; }
      this.clear(child, level - 1, base + index * span, start, end);
      if (!this.isEmpty(child)) continue;
      this.words[entry] = 0;
      this.frames.release(child);
      this.tables -= 1;
    }
  }
  private isEmpty(table: Pa): boolean {
    const w = this.words, at = table >> 2;
    for (let k = 0; k < TABLE_WORDS; k += 2) if (w[at + k] !== 0) return false;
    return true;
  }

  /**
   * Gives the mapped pages of a range the bits of `prot`. A private page that nobody else holds may be written at once,
   * and so may a shared one that was written before (Linux: can_change_pte_writable); any other gains W by a fault.
   */
  protect(start: Va, end: Va, prot: number, isShared: boolean): void {
    const w = this.words;
    for (let at = this.next(start, end); at < end; at = this.next(at + PAGE_BYTES, end)) {
      const leaf = this.leaf(at), low = w[leaf]!, frame = low & PTE.frame;
      const mayWrite = isShared ? (low & (PTE.writable | PTE.dirty)) !== 0 : this.frames.references(frame) === 1;
      w[leaf] = frame | leafBits(prot, mayWrite) | (low & (PTE.accessed | PTE.dirty));
      w[leaf + 1] = leafHigh(prot);
    }
  }
  /** Lets the page at `leaf` be written, as far as `prot` does. */
  allowWrite(leaf: number, prot: number): void { this.words[leaf]! |= leafBits(prot, true); }
  /** Moves the pages of a range; the ranges do not overlap and the target is empty. false: no frame for a table, and nothing has moved. */
  move(from: Va, to: Va, length: number): boolean {
    const end = from + length, w = this.words;
    for (let at = this.next(from, end); at < end; at = this.next(at + PAGE_BYTES, end)) {
      if (this.ensure(at - from + to) !== -1) continue;
      this.unmap(to, to + length);
      return false;
    }
    for (let at = this.next(from, end); at < end; at = this.next(at + PAGE_BYTES, end)) {
      const old = this.leaf(at), leaf = this.leaf(at - from + to);
      w[leaf] = w[old]!; w[leaf + 1] = w[old + 1]!;
      w[old] = 0; w[old + 1] = 0;
    }
    this.unmap(from, end);
    return true;
  }
  /** Maps the pages of a range in `child` too; in both only a fault may make them writable again. false: no frame left. */
  share(child: PageTable, start: Va, end: Va): boolean {
    const w = this.words;
    for (let at = this.next(start, end); at < end; at = this.next(at + PAGE_BYTES, end)) {
      const leaf = this.leaf(at), copy = child.ensure(at), frame = w[leaf]! & PTE.frame;
      if (copy === -1) return false;
      w[leaf]! &= ~PTE.writable;
      w[copy] = w[leaf]! & ~(PTE.accessed | PTE.dirty);
      w[copy + 1] = w[leaf + 1]! & NX_HIGH;
      this.frames.retain(frame);
      child.count(frame, 1);
    }
    return true;
  }
  /** Drops everything, the root included. */
  release(): void {
    this.releaseTable(this.root, PML4_LEVEL);
    this.tables = 0; this.pages = 0;
  }
  private releaseTable(table: Pa, level: number): void {
    const w = this.words;
    for (let entry = table >> 2, end = entry + TABLE_WORDS; entry < end; entry += 2) {
      const child = w[entry]! & PTE.frame;
      if (child === 0) continue;
      if (level === 1) this.frames.release(child); else this.releaseTable(child, level - 1);
    }
    this.frames.release(table);
  }

  /** The entries on the way to an address, down to the first that is not present. */
  walk(at: Va): WalkStep[] {
    const lo = loOf(at), hi = hiOf(at);
    const steps: WalkStep[] = [];
    let table = this.root;
    for (const [k, word] of [wordInPml4(hi), wordInPdpt(lo, hi), wordInDirectory(lo), wordInTable(lo)].entries()) {
      const entry = (table >> 2) + word, low = this.words[entry]!;
      steps.push({ level: PML4_LEVEL - k, at: entry << 2, entry: bigOf(low, this.words[entry + 1]!) });
      if ((low & PTE.present) === 0) break;
      table = low & PTE.frame;
    }
    return steps;
  }
}
