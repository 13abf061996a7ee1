/** Brings pages in: demand-zero, file pages, copy-on-write (Linux: mm/memory.c, handle_mm_fault). */
import { PAGE_MASK } from '../base/layout.ts';
import type { Pa, Va } from '../base/types.ts';
import { PTE } from './entry.ts';
import type { Frames } from './frames.ts';
import type { PageTable } from './page-table.ts';
import type { Vma } from './vma.ts';

export type PageInResult = 'resume' | 'past-end' | 'no-memory';

export class Pager {
  private readonly words: Int32Array;
  private readonly frames: Frames;
  private readonly table: PageTable;

  constructor(words: Int32Array, frames: Frames, table: PageTable) { this.words = words; this.frames = frames; this.table = table; }

  /** Makes the page at `page` there for an access that the mapping allows. The caller flushes its TLB entry. */
  bring(vma: Vma, page: Va, isWrite: boolean): PageInResult {
    const leaf = this.table.leaf(page), low = leaf === -1 ? 0 : this.words[leaf]!;
    if (low === 0) return vma.object === null ? this.bringZero(vma, page, isWrite) : this.bringObject(vma, page, isWrite);
    if (!isWrite || (low & PTE.writable) !== 0) return 'resume';
    if (vma.shared) return this.bringObject(vma, page, true);
    const frame = low & PTE.frame;
    if (this.frames.references(frame) > 1) return this.mapCopy(vma, page, frame);
    this.table.allowWrite(leaf, vma.prot);
    return 'resume';
  }
  private bringZero(vma: Vma, page: Va, isWrite: boolean): PageInResult {
    if (isWrite) return this.map(vma, page, this.frames.allocate(), true);
    this.frames.retain(this.frames.zero);
    return this.map(vma, page, this.frames.zero, false);
  }
  private bringObject(vma: Vma, page: Va, isWrite: boolean): PageInResult {
    const found = vma.object?.page(vma.offset + page - vma.start, isWrite && vma.shared) ?? null;
    if (found === null) return 'past-end';
    if (found === 'no-memory') return 'no-memory';
    if (isWrite && !vma.shared) return this.mapCopy(vma, page, found);
    this.frames.retain(found);
    return this.map(vma, page, found, isWrite);
  }
  private mapCopy(vma: Vma, page: Va, of: Pa): PageInResult { return this.map(vma, page, this.frames.allocateCopy(of), true); }

  /** Takes over a reference to `frame`; -1 is the allocation that failed. */
  private map(vma: Vma, page: Va, frame: Pa, mayWrite: boolean): PageInResult {
    if (frame === -1) return 'no-memory';
    if (this.table.map(page, frame & PAGE_MASK, vma.prot, mayWrite)) return 'resume';
    this.frames.release(frame);
    return 'no-memory';
  }
}
