/** Memory of MAP_SHARED | MAP_ANONYMOUS: an object with no name and no file (Linux: shmem_zero_setup). */
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';
import type { Frames } from './frames.ts';
import type { Mappable } from './vma.ts';

/** Pages come to be when touched, and go with the last mapping. */
export class SharedMemory implements Mappable {
  readonly name = '/dev/zero (deleted)';
  readonly device = '00:01';
  /** Linux has a file for each; that it has one is all that this says. */
  readonly inode = 1;
  private readonly frames: Frames;
  private readonly pages = new Map<number, Pa>();
  private readonly length: number;
  private mappings = 0;

  constructor(frames: Frames, length: number) { this.frames = frames; this.length = length; }

  /** The object is as long as its first mapping: one that mremap made longer ends in SIGBUS, as on Linux. */
  page(offset: number): Pa | null | 'no-memory' {
    if (offset >= this.length) return null;
    const known = this.pages.get(offset / PAGE_BYTES);
    if (known !== undefined) return known;
    const made = this.frames.allocate();
    if (made === -1) return 'no-memory';
    this.pages.set(offset / PAGE_BYTES, made);
    return made;
  }
  /** Whole pages go; the caller asks every address space to forget them first. */
  punch(from: number, to: number): void {
    for (const [index, pa] of this.pages) {
      if (index * PAGE_BYTES < from || (index + 1) * PAGE_BYTES > to) continue;
      this.frames.release(pa);
      this.pages.delete(index);
    }
  }
  mapped(): void { this.mappings += 1; }
  unmapped(): void {
    this.mappings -= 1;
    if (this.mappings > 0) return;
    for (const pa of this.pages.values()) this.frames.release(pa);
    this.pages.clear();
  }
}
