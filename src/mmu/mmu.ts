/** The hardware's part: 4-level walk, TLB, page-fault codes (SDM 3A §4.5-4.10). Knows entries and bits, nothing of VMAs. */
import { NEAR, NOWHERE_NEAR, PAGE_BYTES, PAGE_MASK, STATE, TLB, type LinearMemory } from '../base/layout.ts';
import type { i32, Pa, Va } from '../base/types.ts';
import { addressOf, hiOf, loOf, isCanonical } from '../base/words.ts';
import { PTE, RESERVED_HIGH, wordInDirectory, wordInPdpt, wordInPml4, wordInTable } from './entry.ts';
import { NOT_CANONICAL, PF_FETCH, PF_PRESENT, PF_RESERVED, PF_USER, PF_WRITE, type PageFault } from './fault.ts';
import type { Frames } from './frames.ts';

/** The order is that of the tags in a TLB entry: a tag's word is twice this. */
export const ACCESS = { read: 0, write: 1, execute: 2 } as const;
const FAULT_BITS = [0, PF_WRITE, PF_FETCH] as const;

const TLB_WORD = TLB.at >> 2, ENTRY_WORDS = TLB.entryBytes >> 2, TLB_WORDS = TLB.entries * ENTRY_WORDS;
const WRITE = TLB.write >> 2, EXECUTE = TLB.execute >> 2, ADDEND = TLB.addend >> 2;
const EPOCH = STATE.epoch >> 2, NEAR_PAGE = (STATE.near + NEAR.page) >> 2, NEAR_ADDEND = (STATE.near + NEAR.addend) >> 2;
/** No page address: its low bits are not zero. */
const INVALID = 1;
/** No address space: every access faults. */
const NO_ROOT = 0, LEVELS = 4;

/** Where the TLB entry of an address begins, in 32-bit words of the linear memory. */
export function tlbSlot(lo: i32, hi: i32): number {
  const n = (lo >>> 7) | (hi << 25);
  return TLB_WORD + (((n ^ ((n >>> 10) & TLB.fold)) & TLB.mask) >> 2);
}

const PAGE_SHIFT = 12, PAGES_PER_WORD = 1 << 20;
function pageNumber(lo: i32, hi: i32): number { return (hi >>> 0) * PAGES_PER_WORD + (lo >>> PAGE_SHIFT); }

/** An address space as the processor sees it: CR3, and the epoch its translations of code belong to (as a PCID does in the hardware's own caches). */
export interface Translations { readonly root: Pa; epoch: number; era: number }
/** What becomes of an access to a page that is watched: as ever; it faults; this once it does not; it does not, and reads need not be seen. */
export const SEEN = { not: 0, fault: 1, once: 2, read: 3 } as const;
/** Pages code was fetched from that are remembered. */
const EXECUTED_MAX = 1 << 16;

export class Mmu {
  readonly memory: LinearMemory;
  readonly frames: Frames;
  /** Mappings of all address spaces. */
  readonly mappings = { count: 0 };
  /** How the last `fill` or `probe` that returned -1 failed. */
  readonly fault: PageFault = { address: 0, code: 0 };
  /** Walks for a page that was not in the TLB, those that ended in a fault included. */
  misses = 0;
  /** Told of permitted accesses that the TLB does not know; gives one of SEEN. To be followed by `flushData`. */
  watcher: ((lo: i32, hi: i32, access: number) => number) | null = null;
  /** Told of the table that translations begin with from now on. */
  onRoot: (root: Pa) => void = () => {};
  /** By frame (pa >>> 12): 1 = code was translated from it, and its TLB entries carry no write tag. */
  readonly code: Uint8Array;
  /** Told before bytes of a frame with translated code change, or the frame is freed. */
  onCodeWrite: (pa: Pa, length: number) => void = () => {};
  /** By frame: 1 = it may have a write tag somewhere in the TLB. */
  private readonly tagged: Uint8Array;
  private readonly words: Int32Array;
  /** Numbers of the pages code was fetched from in this era, whatever the space: an epoch ends with a change of one of them. */
  private readonly executed = new Set<number>();
  private cr3: Pa = NO_ROOT;
  private lastEpoch = 0;
  /** Epochs of earlier ones are over. */
  private era = 0;
  /** Whose epoch it is. */
  private space: Translations | null = null;

  constructor(memory: LinearMemory, frames: Frames) {
    this.memory = memory; this.frames = frames; this.words = memory.i32;
    this.code = new Uint8Array(memory.u8.length >>> 12); this.tagged = new Uint8Array(this.code.length);
    frames.onFree = pa => { this.beforeWrite(pa, PAGE_BYTES); this.code[pa >>> 12] = 0; };
    this.flush();
  }

  /** A translation of code found good holds until the epoch changes: with the space, or a page that code was fetched from. Generated code sees it, too. */
  get epoch(): number { return this.words[EPOCH]!; }
  /** One that nothing belongs to yet. */
  newEpoch(): number { return this.lastEpoch += 1; }
  private endEpoch(): void {
    const epoch = this.words[EPOCH] = this.newEpoch();
    if (this.space !== null) this.space.epoch = epoch;
  }

  /** CR3: the PML4's address, 0 for none. */
  get root(): Pa { return this.cr3; }
  set root(pa: Pa) { this.cr3 = pa; this.space = null; this.onRoot(pa); this.flush(); }
  /** Loads a space's CR3. Its translations of code are as good as when it was left. */
  enter(space: Translations): void {
    if (space.era !== this.era) { space.era = this.era; space.epoch = this.newEpoch(); }
    this.space = space;
    this.cr3 = space.root;
    this.onRoot(space.root);
    this.words[EPOCH] = space.epoch;
    this.flushData();
  }
  flush(): void {
    this.endEpoch();
    this.flushData();
  }
  /** The TLB, and nothing of what is known of code: permissions to write have changed. */
  flushData(): void {
    this.words.fill(INVALID, TLB_WORD, TLB_WORD + TLB_WORDS);
    this.forgetNear();
  }
  /** To be told where code is fetched from by whoever will not ask again until the epoch changes. */
  noteFetch(lo: i32, hi: i32): void {
    if (this.executed.size === EXECUTED_MAX && !this.executed.has(pageNumber(lo, hi))) {
      this.executed.clear();
      this.era += 1;
      if (this.space !== null) this.space.era = this.era;
      this.endEpoch();
    }
    this.executed.add(pageNumber(lo, hi));
  }
  /** Whether code was fetched from the page, or from one of [start, end). */
  isExecuted(va: Va): boolean { return this.executed.has(pageNumber(loOf(va), hiOf(va))); }
  isAnyExecuted(start: Va, end: Va): boolean {
    const first = start / PAGE_BYTES, last = end / PAGE_BYTES;
    for (const page of this.executed) if (page >= first && page < last) return true;
    return false;
  }
  /** Many pages at once. */
  flushRange(start: Va, end: Va): void {
    if (this.isAnyExecuted(start, end)) this.endEpoch();
    this.flushData();
  }
  /** INVLPG. Pages of data are flushed all the time, as they are brought in: code does not depend on them. */
  flushPage(va: Va): void {
    if (this.isExecuted(va)) this.endEpoch();
    const lo = loOf(va) & PAGE_MASK, hi = hiOf(va), slot = tlbSlot(lo, hi), w = this.words;
    if (w[slot] === lo && w[slot + 1] === hi) w[slot] = w[slot + WRITE] = w[slot + EXECUTE] = INVALID;
    if (w[NEAR_PAGE] === lo && w[NEAR_PAGE + 1] === hi) this.forgetNear();
  }

  private forgetNear(): void {
    const w = this.words;
    w[NEAR_PAGE] = NOWHERE_NEAR.lo; w[NEAR_PAGE + 1] = NOWHERE_NEAR.hi; w[NEAR_ADDEND] = NOWHERE_NEAR.addend;
  }

  /** The physical address behind a user access, or -1 with `fault` filled in. */
  probe(lo: i32, hi: i32, access: number): Pa {
    const slot = tlbSlot(lo, hi), w = this.words;
    if (w[slot + 2 * access] === (lo & PAGE_MASK) && w[slot + 2 * access + 1] === hi) return (lo + w[slot + ADDEND]!) | 0;
    return this.fill(lo, hi, access);
  }

  /** `probe` past the TLB: walks, checks, marks the entries accessed (and dirty), and fills the TLB. */
  fill(lo: i32, hi: i32, access: number): Pa {
    if (!isCanonical(hi)) return this.raise(NOT_CANONICAL, 0);
    const w = this.words, bits = PF_USER | FAULT_BITS[access]!;
    if (this.cr3 === NO_ROOT) return this.miss(lo, hi, bits);
    const at4 = (this.cr3 >> 2) + wordInPml4(hi), e4 = w[at4]!;
    if ((e4 & PTE.present) === 0) return this.miss(lo, hi, bits);
    const at3 = ((e4 & PTE.frame) >> 2) + wordInPdpt(lo, hi), e3 = w[at3]!;
    if ((e3 & PTE.present) === 0) return this.miss(lo, hi, bits);
    const at2 = ((e3 & PTE.frame) >> 2) + wordInDirectory(lo), e2 = w[at2]!;
    if ((e2 & PTE.present) === 0) return this.miss(lo, hi, bits);
    const at1 = ((e2 & PTE.frame) >> 2) + wordInTable(lo), e1 = w[at1]!;
    if ((e1 & PTE.present) === 0) return this.miss(lo, hi, bits);

    const all = e4 & e3 & e2 & e1, high = w[at4 + 1]! | w[at3 + 1]! | w[at2 + 1]! | w[at1 + 1]!;
    // Large pages are not offered, so the bit that asks for one is reserved.
    if ((high & RESERVED_HIGH) !== 0 || ((e4 | e3 | e2) & PTE.large) !== 0 || (e4 | e3 | e2 | e1) < 0) {
      return this.miss(lo, hi, bits | PF_PRESENT | PF_RESERVED);
    }
    if ((all & PTE.user) === 0) return this.miss(lo, hi, bits | PF_PRESENT);
    if (access === ACCESS.write && (all & PTE.writable) === 0) return this.miss(lo, hi, bits | PF_PRESENT);
    if (access === ACCESS.execute && high < 0) return this.miss(lo, hi, bits | PF_PRESENT);

    const seen = this.watcher === null ? SEEN.not : this.watcher(lo, hi, access);
    if (seen === SEEN.fault) return this.raise(addressOf(lo, hi), bits | PF_PRESENT);
    if ((all & PTE.accessed) === 0) { w[at4]! |= PTE.accessed; w[at3]! |= PTE.accessed; w[at2]! |= PTE.accessed; }
    const leaf = e1 | PTE.accessed | (access === ACCESS.write ? PTE.dirty : 0);
    if (leaf !== e1) w[at1] = leaf;
    if (seen === SEEN.once) return (leaf & PTE.frame) | (lo & ~PAGE_MASK);
    const mayWrite = seen === SEEN.not && (all & PTE.writable) !== 0 && (leaf & PTE.dirty) !== 0 && this.code[(leaf & PTE.frame) >>> 12] === 0;
    return this.insert(lo, hi, leaf & PTE.frame, access, mayWrite);
  }
  /** Where an instruction's byte is, -1 where fetching it would fault: nothing is marked, filled or told. */
  look(lo: i32, hi: i32): Pa {
    if (!isCanonical(hi) || this.cr3 === NO_ROOT) return -1;
    const w = this.words;
    let table = this.cr3;
    for (let level = 0; level < LEVELS; level++) {
      const at = (table >> 2) + (level === 0 ? wordInPml4(hi) : level === 1 ? wordInPdpt(lo, hi) : level === 2 ? wordInDirectory(lo) : wordInTable(lo)), entry = w[at]!;
      if ((entry & (PTE.present | PTE.user)) !== (PTE.present | PTE.user) || w[at + 1]! < 0 || (level < LEVELS - 1 && (entry & PTE.large) !== 0)) return -1;
      table = entry & PTE.frame;
    }
    return table | (lo & ~PAGE_MASK);
  }
  /** A page that could be walked can be read, so the read tag says whose entry it is. */
  private insert(lo: i32, hi: i32, frame: Pa, access: number, mayWrite: boolean): Pa {
    const slot = tlbSlot(lo, hi), page = lo & PAGE_MASK, w = this.words;
    if (w[slot] !== page || w[slot + 1] !== hi) {
      this.misses += 1;
      w[slot] = page; w[slot + 1] = hi;
      w[slot + EXECUTE] = INVALID;
    }
    if (mayWrite) { w[slot + WRITE] = page; this.tagged[frame >>> 12] = 1; } else w[slot + WRITE] = INVALID;
    w[slot + WRITE + 1] = hi;
    if (access === ACCESS.execute) { w[slot + EXECUTE] = page; w[slot + EXECUTE + 1] = hi; }
    w[slot + ADDEND] = frame - page;
    return frame | (lo & ~PAGE_MASK);
  }
  private miss(lo: i32, hi: i32, code: number): -1 {
    const slot = tlbSlot(lo, hi), w = this.words;
    if (w[slot] !== (lo & PAGE_MASK) || w[slot + 1] !== hi) this.misses += 1;
    return this.raise(addressOf(lo, hi), code);
  }
  raise(address: Va, code: number): -1 {
    this.fault.address = address; this.fault.code = code;
    return -1;
  }

  /** From now on stores to this frame are seen: no TLB entry of it lets one pass. */
  markCode(pa: Pa): void {
    const frame = pa & PAGE_MASK, w = this.words;
    this.code[pa >>> 12] = 1;
    this.forgetNear();
    if (this.tagged[pa >>> 12] === 0) return;
    this.tagged[pa >>> 12] = 0;
    for (let slot = TLB_WORD; slot < TLB_WORD + TLB_WORDS; slot += ENTRY_WORDS) {
      if (((w[slot + WRITE]! + w[slot + ADDEND]!) | 0) === frame) w[slot + WRITE] = INVALID;
    }
  }
  clearCode(pa: Pa): void { this.code[pa >>> 12] = 0; }
  /** To be called by whoever is about to change bytes of a frame other than through a store of the CPU. */
  beforeWrite(pa: Pa, length: number): void {
    if (this.code[pa >>> 12] !== 0) this.onCodeWrite(pa, length);
  }
}
