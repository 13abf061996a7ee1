/** Gathers threaded code that a later run of the program may begin with, and packs it: see kept-code.ts. */
import { RECORDS } from '../../base/layout.ts';
import type { i32, Va } from '../../base/types.ts';
import { hiOf, loOf, vaOf } from '../../base/words.ts';
import { ENDING, type Target } from '../block.ts';
import { DIGEST_WORDS, KEPT, KEPT_BYTES_MAX, KEPT_MAGIC, type KeptCode, PAGE, PAGE_WORDS, TARGET_WORDS, wordsOf } from './kept-code.ts';
import { HANDLER, HEADER, RECORD } from './record.ts';

/** A block that is kept: what its header says, where its records are, and what is known of its end. */
export interface KeptBlock {
  readonly lo: i32; readonly hi: i32;
  readonly body: number; readonly count: number; readonly cost: number; readonly behind: number; readonly bytes: number;
  readonly ending: number; readonly targets: readonly Target[];
}
/** Blocks of a page, by address; where two programs have another page each at one address, the one that was there first (`order`) is kept. */
interface Page { readonly order: number; readonly digest: readonly number[]; readonly blocks: Map<Va, KeptBlock> }

const ALIGNMENT = 32, ORDER_OF_EARLIER = -1;
const align = (bytes: number): number => (bytes + ALIGNMENT - 1) & -ALIGNMENT;

export class CodeKeeper {
  private readonly pages = new Map<Va, Page>();
  private readonly words: Int32Array;
  constructor(words: Int32Array) { this.words = words; }

  add(page: Va, order: number, digest: readonly number[], blocks: readonly KeptBlock[]): void {
    const before = this.pages.get(page), isSame = before !== undefined && before.digest.every((word, k) => word === digest[k]);
    if (before !== undefined && !isSame && before.order <= order) return;
    const kept = isSame ? before : { order, digest, blocks: new Map<Va, KeptBlock>() };
    this.pages.set(page, kept);
    for (const block of blocks) kept.blocks.set(vaOf(block.lo, block.hi), block);
  }
  /** What this run began with, but for what it took over, goes on being kept. */
  addEarlier(code: KeptCode): void {
    const { words } = this;
    for (const [va, page] of code.pages) {
      const digest = Array.from({ length: DIGEST_WORDS }, (_, k) => words[page.row + PAGE.digest + k]!), blocks: KeptBlock[] = [], known = this.pages.get(va);
      for (let k = 0; k < page.count; k++) {
        const at = code.header(page.first + k), field = (offset: number): number => words[(at + offset) >> 2]!, origin = field(HEADER.origin), lo = field(HEADER.address), hi = field(HEADER.address + 4);
        if (origin === 0 || known?.blocks.has(vaOf(lo, hi)) === true) continue;
        blocks.push({ lo, hi, body: field(HEADER.body), count: field(HEADER.count), cost: field(HEADER.cost), behind: field(HEADER.behind), bytes: field(HEADER.length), ending: origin - 1, targets: code.targetsOf(at) });
      }
      this.add(va, page.wasOpened ? ORDER_OF_EARLIER : Infinity, digest, blocks);
    }
  }

  /** @param handlers how many handlers a later run has at its beginning. null: there is too much. */
  pack(key: string, handlers: number): Uint8Array | null {
    const { words } = this, pages = [...this.pages].sort(([a], [b]) => a - b).map(([va, { digest, blocks }]) => ({ va, digest, blocks: [...blocks.values()].sort((a, b) => (a.lo >>> 0) - (b.lo >>> 0)) }));
    const blocks = pages.flatMap(page => page.blocks), places = new Map<Va, number>(blocks.map(({ lo, hi }, number) => [vaOf(lo, hi), number]));
    for (const block of blocks) for (const link of linksOf(block, words)) {
      const va = this.vaOfHeader(words[link]!);
      if (!places.has(va)) places.set(va, places.size);
    }
    const pagesAt = KEPT.bytes, headersAt = align(pagesAt + 4 * PAGE_WORDS * pages.length), bodiesAt = align(headersAt + HEADER.bytes * places.size);
    const targetsAt = bodiesAt + blocks.reduce((sum, { count }) => sum + RECORD.bytes * (count + 1), 0), targetCount = blocks.reduce((sum, { targets }) => sum + targets.length, 0);
    const length = align(targetsAt + 4 * TARGET_WORDS * targetCount);
    if (length > KEPT_BYTES_MAX) return null;
    const out = new Int32Array(length >> 2), halves = new Uint16Array(out.buffer), [a, b] = wordsOf(key);
    const head: Readonly<Record<Exclude<keyof typeof KEPT, 'digest' | 'key' | 'bytes'>, number>> = { magic: KEPT_MAGIC, length, pages: pages.length, headers: places.size, targets: targetCount, pagesAt, headersAt, targetsAt };
    for (const [name, value] of Object.entries(head)) out[KEPT[name as keyof typeof head] >> 2] = value;
    out[KEPT.key >> 2] = a; out[(KEPT.key >> 2) + 1] = b;
    pages.reduce((first, { va, digest, blocks: { length: count } }, k) => {
      out.set([loOf(va), hiOf(va), ...digest, first, count], (pagesAt >> 2) + PAGE_WORDS * k);
      return first + count;
    }, 0);
    for (const [va, number] of places) out.set([loOf(va), hiOf(va)], (headersAt + HEADER.bytes * number + HEADER.address) >> 2);
    let bodyAt = bodiesAt, target = targetsAt >> 2;
    for (const [number, block] of blocks.entries()) {
      const { body, count, targets } = block, header = (headersAt + HEADER.bytes * number) >> 2, fields = { count, body: RECORDS.at + bodyAt, cost: block.cost, behind: block.behind, length: block.bytes, origin: block.ending + 1 };
      for (const [name, value] of Object.entries(fields)) out[header + (HEADER[name as keyof typeof fields] >> 2)] = value;
      out.set(words.subarray(body >> 2, (body + RECORD.bytes * (count + 1)) >> 2), bodyAt >> 2);
      for (let k = 0; k <= count; k++) {
        const at = (bodyAt + RECORD.bytes * k + RECORD.handler) >> 1;
        if (halves[at]! >= HANDLER.firstForm + handlers) halves[at] = HANDLER.call;
      }
      for (const link of linksOf(block, words)) out[link + ((bodyAt - body) >> 2)] = RECORDS.at + headersAt + HEADER.bytes * places.get(this.vaOfHeader(words[link]!))!;
      for (const { lo, hi } of targets) { out.set([number, lo, hi], target); target += TARGET_WORDS; }
      bodyAt += RECORD.bytes * (count + 1);
    }
    return new Uint8Array(out.buffer);
  }
  private vaOfHeader(at: number): Va { return vaOf(this.words[(at + HEADER.address) >> 2]!, this.words[(at + HEADER.address + 4) >> 2]!); }
}
/** The words of a block's records that hold headers; nowhere (#GP when it is taken) is none. */
function linksOf({ body, count, ending }: KeptBlock, words: Int32Array): number[] {
  const last = body + RECORD.bytes * (count - 1), links = [(last + RECORD.bytes + RECORD.taken) >> 2];
  if (ending === ENDING.branch || ending === ENDING.jump || ending === ENDING.call) links.push((last + RECORD.taken) >> 2, (last + RECORD.next) >> 2);
  return links.filter(link => words[link] !== 0);
}
