/** Caches and TLBs for who performs in TypeScript: the functions of caches-code.ts, and what seldom happens. */
import { CACHES, COUNTS, CYCLES_OF, LOADS, STATE, type LinearMemory } from '../base/layout.ts';
import type { i32, Pa } from '../base/types.ts';
import { type CacheExports, cachesModule, FILTER, LAST_PAGE, LINE_SHIFT, placesOf, type Places, SPACE } from './caches-code.ts';
import { NO_MASKS, STORES } from './notes.ts';
import type { Environment } from './environments.ts';
import type { Memories } from './profile.ts';

const DATA_FILTER = FILTER.data >> 2, CODE_FILTER = FILTER.code >> 2, LATE = LOADS.late >> 2, CYCLES = STATE.cycles >> 3;
/** Spreads a root's frame over the bits that number pages. */
const SPREAD = 0x9e3779b1 | 0, PAGE_LINES = -64;
const HIGH_SHIFT = 32 - LINE_SHIFT;

const COUNTED = [
  ['L1I misses', COUNTS.l1i], ['L1D misses', COUNTS.l1d], ['L2 misses', COUNTS.l2], ['L3 misses', COUNTS.l3], ['ITLB misses', COUNTS.itlb], ['DTLB misses', COUNTS.dtlb],
  ['page walks for code', COUNTS.codeWalks], ['page walks for data', COUNTS.dataWalks], ['code lines written', COUNTS.codeWritten],
] as const;

/** The line of an address: its low word. */
export const lineOf = (lo: i32, hi: i32): i32 => (lo >>> LINE_SHIFT) | (hi << HIGH_SHIFT);

export class Caches {
  readonly exports: CacheExports;
  private readonly words: Int32Array;
  private readonly f64: Float64Array;
  private readonly places: Places;
  private readonly codeWritten: number;
  private root: Pa = -1;

  constructor(memory: LinearMemory, memories: Memories, { pageWalk }: Environment) {
    this.words = memory.i32; this.f64 = new Float64Array(memory.buffer, 0, (CACHES.at + CACHES.bytes) >> 3);
    this.places = placesOf(memories); this.codeWritten = memories.codeWritten;
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(cachesModule(memories, pageWalk)), { tramp64: { memory: memory.wasm } }).exports as unknown as CacheExports;
  }
  /** An access at an address; of who waits for it nothing is known. */
  touch(lo: i32, hi: i32, isStore: boolean): void {
    const line = lineOf(lo, hi);
    if (!this.knows(line)) this.exports.data(line, NO_MASKS, isStore ? STORES : 0);
  }
  /** What was counted, as people call it. */
  counts(): readonly (readonly [name: string, count: number])[] { return COUNTED.map(([name, at]) => [name, this.f64[at >> 3]!]); }
  /** Whether it is in L1 for sure. */
  knows(line: i32): boolean { return this.words[DATA_FILTER + (line & FILTER.mask)] === line; }
  /** A block begins. Gives what fetching its code took, in parts of a cycle. */
  fetch(first: i32, last: i32): number {
    const w = this.words;
    return w[CODE_FILTER + (first & FILTER.mask)] === first && w[CODE_FILTER + (last & FILTER.mask)] === last ? 0 : this.exports.code(first, last);
  }
  get isWaiting(): boolean { return this.words[LATE] !== 0; }
  /** Bytes that may be code change: where they had been fetched, all that was fetched is fetched anew. */
  write(lo: i32, hi: i32, length: number): void {
    const { l1i: { tags, sets, ways } } = this.places, w = this.words, last = lineOf((lo + length - 1) | 0, (lo + length - 1 | 0) >>> 0 < lo >>> 0 ? (hi + 1) | 0 : hi);
    for (let line = lineOf(lo, hi); ; line = (line + 1) | 0) {
      const row = (tags >> 2) + (line & (sets - 1)) * ways, at = w.subarray(row, row + ways).indexOf(line);
      if (at >= 0) {
        w[row + at] = 0;
        if (w[CODE_FILTER + (line & FILTER.mask)] === line) w[CODE_FILTER + (line & FILTER.mask)] = 0;
        this.f64[CYCLES]! += this.codeWritten;
        this.f64[CYCLES_OF.cache >> 3]! += this.codeWritten;
        this.f64[COUNTS.codeWritten >> 3]! += 1;
      }
      if (line === last) return;
    }
  }
  /** Another address space: the first level and the TLBs know nothing of it, and what is beyond is shared by nobody. */
  enter(root: Pa): void {
    if (root === this.root) return;
    this.root = root;
    const w = this.words, { l1i, l1d, itlb, dtlb, secondItlb, secondDtlb } = this.places;
    w.fill(0, DATA_FILTER, DATA_FILTER + FILTER.lines); w.fill(0, CODE_FILTER, CODE_FILTER + FILTER.lines);
    for (const { tags, sets, ways } of [l1i, l1d, itlb, dtlb, secondItlb, secondDtlb]) w.fill(0, tags >> 2, (tags >> 2) + sets * ways);
    w[LAST_PAGE.data >> 2] = w[LAST_PAGE.code >> 2] = 0;
    w[SPACE >> 2] = Math.imul(root >>> 12, SPREAD) & PAGE_LINES;
  }
}
