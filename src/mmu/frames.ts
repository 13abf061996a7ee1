/** Physical page frames and who holds them (Linux: struct page's _refcount, alloc_page, put_page). */
import { assert } from '../base/assert.ts';
import { PAGE_BYTES, PHYSICAL_AT, type LinearMemory } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';

/** Every 4 KiB page from PHYSICAL_AT up. Which frame comes next depends only on what was allocated and released before. */
export class Frames {
  /** Frames there are, and how many of them may be in use at once. */
  readonly total: number;
  readonly limit: number;
  /** A frame of zeros that nobody writes: what an untouched private page reads as. It counts as used for ever. */
  readonly zero: Pa;
  /** Told of every frame whose last reference goes, while its bytes are still there. */
  onFree: (pa: Pa) => void = () => {};
  /** Asked when the limit is reached to let go of something that nobody needs: true if a frame is free now. */
  reclaim: () => boolean = () => false;
  private readonly memory: LinearMemory;
  private readonly counts: Int32Array;
  /** A stack of frames that were used and released. */
  private readonly returned: Int32Array;
  private returnedCount = 0;
  /** The first frame never handed out: from here on memory is still zero, and the host has not given it a page. */
  private fresh: Pa = PHYSICAL_AT;
  private inUse = 0;

  constructor(memory: LinearMemory, limit = Infinity) {
    this.memory = memory;
    this.total = (memory.u8.length - PHYSICAL_AT) / PAGE_BYTES;
    this.limit = Math.min(limit, this.total);
    this.counts = new Int32Array(this.total);
    this.returned = new Int32Array(this.total);
    this.zero = this.allocate();
  }
  get used(): number { return this.inUse; }
  /** Behind all that were ever handed out. */
  get end(): Pa { return this.fresh; }
  /** Whether so many frames could be had now, letting go of what nobody needs. */
  hasRoom(frames: number): boolean {
    if (frames > this.limit) return false;
    while (this.limit - this.inUse < frames) if (!this.reclaim()) return false;
    return true;
  }

  /** A zeroed frame with one reference, or -1. */
  allocate(): Pa {
    const { fresh } = this, pa = this.take();
    if (pa !== -1 && this.fresh === fresh) this.memory.u8.fill(0, pa, pa + PAGE_BYTES);
    return pa;
  }
  /** A frame with the bytes of another and one reference, or -1. */
  allocateCopy(of: Pa): Pa {
    const { fresh } = this, pa = this.take();
    if (pa !== -1 && !(this.fresh !== fresh && of === this.zero)) this.memory.u8.copyWithin(pa, of, of + PAGE_BYTES);
    return pa;
  }
  private take(): Pa {
    if (this.inUse >= this.limit && !this.reclaim()) return -1;
    let pa = this.fresh;
    if (this.returnedCount > 0) pa = this.returned[this.returnedCount -= 1]!;
    else this.fresh += PAGE_BYTES;
    this.counts[this.numberOf(pa)] = 1;
    this.inUse += 1;
    return pa;
  }
  retain(pa: Pa): void {
    assert(this.references(pa) > 0, 'a free frame is retained');
    this.counts[this.numberOf(pa)]! += 1;
  }
  release(pa: Pa): void {
    const count = this.references(pa);
    assert(count > 0, 'a frame is freed twice');
    if (count === 1) this.onFree(pa & -PAGE_BYTES);
    this.counts[this.numberOf(pa)] = count - 1;
    if (count > 1) return;
    this.returned[this.returnedCount] = pa & -PAGE_BYTES;
    this.returnedCount += 1;
    this.inUse -= 1;
  }
  references(pa: Pa): number { return this.counts[this.numberOf(pa)] ?? 0; }

  private numberOf(pa: Pa): number { return (pa - PHYSICAL_AT) >>> 12; }
}
