/**
 * Threaded code of an earlier run of a program: a piece of memory, as it was written then and lies now (record.ts). It is good, page by page, where code is
 * byte for byte what it was; what a run does not come to is never decoded. kept-writer.ts writes it.
 */
import { PAGE_MASK, RECORDS } from '../../base/layout.ts';
import type { i32, Pa, Va } from '../../base/types.ts';
import { vaOf } from '../../base/words.ts';
import type { Target } from '../block.ts';
import { vaOfHeader, HEADER, RECORD } from './record.ts';

/** Where it stays from run to run. */
export interface CodeStore {
  /** All that translations depend on beside code: who wrote them, and for which machine. */
  readonly key: string;
  /** How many new blocks are worth writing; absent: as many as take longer to decode than to write. */
  readonly least?: number;
  /** Puts what there is where it is told; gives how many bytes, 0: there is nothing, or no room for it. */
  read(into: Uint8Array): number;
  write(bytes: Uint8Array): void;
}

/** Byte offsets in the head. Places are offsets from the head's own. */
export const KEPT = {
  magic: 0, length: 4,
  /** Of everything from `key` on. */
  digest: 8,
  key: 32, pages: 40, headers: 44, targets: 48, far: 52, pagesAt: 56, headersAt: 60, bodiesAt: 64, stepsAt: 68, targetsAt: 72, farAt: 76,
  /** How many runs have added to it. */
  writes: 80,
  /** How many forms, the first, have all the handlers it needs. */
  forms: 84,
  bytes: 96,
} as const;
export const KEPT_MAGIC = 0x4334_3674;
/** The most there is room for, and to spare. */
export const KEPT_BYTES_MAX = 1 << 23;
/**
 * Words of a digest; of a page: its address, the digest of its bytes, its first header and how many there are. Of a target: whose header, and the address.
 * Of a page that a block looked at far away: whose header, and as of a page, or only whether code could be fetched there.
 */
export const DIGEST_WORDS = 4, PAGE_WORDS = 8, TARGET_WORDS = 3, FAR_WORDS = 8;
export const PAGE = { address: 0, digest: 2, first: 6, count: 7 } as const, FAR = { header: 0, address: 1, digest: 3, isThere: 7 } as const;
/** For every record a word: of a block's first its header's number, of others how far from its beginning they are, and what dispatching those before takes. */
const OFFSET_BITS = 10;
export const FRONT_MAX = 2 ** (32 - OFFSET_BITS) - 1;
export const stepOf = (offset: number, front: number): i32 => offset | front << OFFSET_BITS;

/** A page of other code that a block's times depend on. @param digest null: nothing could be fetched there */
export interface FarPage { readonly lo: i32; readonly hi: i32; readonly digest: readonly number[] | null }
/** An instruction's block: its address, instructions and cost; its number there, and what comes before it, in bytes and parts of a cycle. */
export interface Step { readonly lo: i32; readonly hi: i32; readonly count: number; readonly cost: number; readonly index: number; readonly offset: number; readonly front: number }

/** FNV-1a, twice from different beginnings (Fowler, Noll, Vo): two words for a text. */
export function wordsOf(text: string): readonly [i32, i32] {
  let a = 0x811c9dc5 | 0, b = 0x2545f491;
  for (let k = 0; k < text.length; k++) {
    const c = text.charCodeAt(k);
    a = Math.imul(a ^ c, 0x01000193); b = Math.imul(b ^ c, 0x01000193);
  }
  return [a, b];
}

/** A page of code, and what is known of it in this run. */
export class KeptPage {
  readonly row: number;
  readonly first: number;
  readonly count: number;
  /** The frame whose bytes were found to be the same, and the last one whose bytes were not. */
  frame: Pa = -1;
  badFrame: Pa = -1;
  /** The MMU's epoch in which its headers were opened last. */
  epoch = -1;
  /** They were opened at all; and at which count of instructions. */
  wasOpened = false;
  since = 0;
  constructor(row: number, first: number, count: number) { this.row = row; this.first = first; this.count = count; }
}

export class KeptCode {
  /** Behind it. */
  readonly end: number;
  readonly blocks: number;
  readonly writes: number;
  readonly pages = new Map<Va, KeptPage>();
  /** Nothing of it is to be entered any more; and nothing that was made of it has its records. */
  isOver = false;
  isLeft = false;
  private readonly words: Int32Array;
  private readonly headersAt: number;
  private readonly headerCount: number;
  private headers: Map<Va, number> | null = null;

  private constructor(words: Int32Array) {
    const base = RECORDS.at, field = (offset: number): number => words[(base + offset) >> 2]!, count = field(KEPT.pages);
    this.words = words; this.end = base + field(KEPT.length); this.headersAt = base + field(KEPT.headersAt); this.headerCount = field(KEPT.headers); this.writes = field(KEPT.writes);
    let blocks = 0;
    for (let k = 0, row = (base + field(KEPT.pagesAt)) >> 2; k < count; k++, row += PAGE_WORDS) {
      const page = new KeptPage(row, words[row + PAGE.first]!, words[row + PAGE.count]!);
      blocks += page.count;
      this.pages.set(vaOf(words[row]!, words[row + 1]!), page);
    }
    this.blocks = blocks;
  }
  /** Where it belongs. */
  static room(memory: Uint8Array): Uint8Array { return memory.subarray(RECORDS.at, RECORDS.at + KEPT_BYTES_MAX); }
  /** Whether bytes may be kept code for this key: what costs little to see. */
  static isLike(bytes: Uint8Array, key: string): boolean {
    if (bytes.length < KEPT.bytes || bytes.length > KEPT_BYTES_MAX || bytes.length % 16 !== 0) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset), [a, b] = wordsOf(key);
    return view.getInt32(KEPT.magic, true) === KEPT_MAGIC && view.getInt32(KEPT.length, true) === bytes.length
      && view.getInt32(KEPT.key, true) === a && view.getInt32(KEPT.key + 4, true) === b;
  }
  /** What is like kept code says so itself. */
  static formsIn(bytes: Uint8Array): number { return new DataView(bytes.buffer, bytes.byteOffset).getInt32(KEPT.forms, true); }
  /** Of what is like it and where it belongs; null: the bytes are not what was written. @param digest leaves the digest of [from, to) in words, and says from where on */
  static in(words: Int32Array, digest: (from: number, to: number) => number): KeptCode | null {
    const end = RECORDS.at + words[(RECORDS.at + KEPT.length) >> 2]!;
    return isSameDigest(words, digest(RECORDS.at + KEPT.key, end), (RECORDS.at + KEPT.digest) >> 2) ? new KeptCode(words) : null;
  }

  pageOf(lo: i32, hi: i32): KeptPage | undefined { return this.pages.get(vaOf(lo & PAGE_MASK, hi)); }
  /** The byte offset of a header by its number, and of the header behind a page's last. */
  header(number: number): number { return this.headersAt + HEADER.bytes * number; }
  endOf({ first, count }: KeptPage): number { return this.header(first + count); }
  /** The header of a block, 0: none. */
  find(page: KeptPage, lo: i32, hi: i32): number {
    const { words } = this, end = this.endOf(page);
    for (let at = this.header(page.first); at < end; at += HEADER.bytes) {
      if (words[(at + HEADER.address) >> 2] === lo && words[(at + HEADER.address + 4) >> 2] === hi) return at;
    }
    return 0;
  }
  /** The header of an address, whether or not there is a block; 0: none. */
  headerOf(va: Va): number {
    if (this.headers === null) {
      const { words } = this, headers = this.headers = new Map<Va, number>();
      for (let k = 0, at = this.headersAt; k < this.headerCount; k++, at += HEADER.bytes) headers.set(vaOfHeader(words, at), at);
    }
    return this.headers.get(va) ?? 0;
  }
  /** The header of the block whose first record this is. */
  headerOfBody(body: number): number { return this.header(this.stepWord(body)); }
  /** Of a record that is no block's. */
  step(record: number, index: number): Step {
    const word = index === 0 ? 0 : this.stepWord(record), header = this.headerOfBody(record - RECORD.bytes * index), field = (offset: number): number => this.words[(header + offset) >> 2]!;
    return { lo: field(HEADER.address), hi: field(HEADER.address + 4), count: field(HEADER.count), cost: field(HEADER.cost), index, offset: word & ((1 << OFFSET_BITS) - 1), front: word >>> OFFSET_BITS };
  }
  stepWord(record: number): i32 {
    const { words } = this, base = RECORDS.at, field = (offset: number): number => words[(base + offset) >> 2]!;
    return words[(base + field(KEPT.stepsAt) + 4 * ((record - base - field(KEPT.bodiesAt)) / RECORD.bytes)) >> 2]!;
  }
  /** Pages of other code that a block's times depend on. */
  farOf(header: number): readonly FarPage[] {
    const { words } = this, base = RECORDS.at, count = words[(base + KEPT.far) >> 2]!, pages: FarPage[] = [];
    for (let k = 0, row = (base + words[(base + KEPT.farAt) >> 2]!) >> 2; k < count; k++, row += FAR_WORDS) {
      if (this.header(words[row + FAR.header]!) !== header) continue;
      const at = row + FAR.digest, digest = words[row + FAR.isThere] === 0 ? null : [...words.subarray(at, at + DIGEST_WORDS)];
      pages.push({ lo: words[row + FAR.address]!, hi: words[row + FAR.address + 1]!, digest });
    }
    return pages;
  }
  /** Where a block's indirect branch went in earlier runs. */
  targetsOf(header: number): readonly Target[] {
    const { words } = this, base = RECORDS.at, count = words[(base + KEPT.targets) >> 2]!, targets: Target[] = [];
    for (let k = 0, row = (base + words[(base + KEPT.targetsAt) >> 2]!) >> 2; k < count; k++, row += TARGET_WORDS) {
      if (this.header(words[row]!) === header) targets.push({ lo: words[row + 1]!, hi: words[row + 2]! });
    }
    return targets;
  }
  /** Whether the bytes of a page are what they were; `at`: the word their digest begins at. */
  isSame({ row }: KeptPage, at: number): boolean { return isSameDigest(this.words, at, row + PAGE.digest); }
}
/** At two places in words. */
function isSameDigest(words: Int32Array, a: number, b: number): boolean {
  for (let k = 0; k < DIGEST_WORDS; k++) if (words[a + k] !== words[b + k]) return false;
  return true;
}
