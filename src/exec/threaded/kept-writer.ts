/** Gathers threaded code that a later run of the program may begin with, and packs it: see kept-code.ts. */
import { RECORDS } from '../../base/layout.ts';
import type { i32, Va } from '../../base/types.ts';
import { hiOf, loOf, vaOf } from '../../base/words.ts';
import { type Block, ENDING, type Target } from '../block.ts';
import { DIGEST_WORDS, FAR, FAR_WORDS, type FarPage, FRONT_MAX, KEPT, KEPT_BYTES_MAX, KEPT_MAGIC, type KeptCode, PAGE, PAGE_WORDS, stepOf, TARGET_WORDS, wordsOf } from './kept-code.ts';
import { endingOf, vaOfHeader, HANDLER, HEADER, LOOKS_FAR, PLACE_MASK, RECORD } from './record.ts';

/** A block that is kept: what its header says, where its records are, and what is known of its end. What stands alone (ENDING.stop) is not threaded: `body` is what record.ts says. */
export interface KeptBlock {
  readonly lo: i32; readonly hi: i32;
  readonly body: number; readonly count: number; readonly cost: number; readonly behind: number; readonly bytes: number;
  readonly ending: number; readonly targets: readonly Target[]; readonly far: readonly FarPage[];
  /** Where its steps begin among the keeper's. */
  readonly step: number;
}
/** Blocks of a page, by address; where two programs have another page each at one address, the one that was there first (`order`) is kept. */
interface Page { readonly order: number; readonly digest: readonly number[]; readonly blocks: Map<Va, KeptBlock> }

const ALIGNMENT = 32;
/** Of pages that this run began with: where they were executed, before all others; otherwise behind all. */
const ORDER = { executed: -1, unused: Infinity } as const;
const align = (bytes: number): number => (bytes + ALIGNMENT - 1) & -ALIGNMENT;

export class CodeKeeper {
  private readonly pages = new Map<Va, Page>();
  private readonly words: Int32Array;
  /** Of all blocks, see kept-code.ts. */
  private steps = new Int32Array(1 << 12);
  private stepCount = 0;
  constructor(words: Int32Array) { this.words = words; }
  private note(step: i32): void {
    if (this.stepCount === this.steps.length) {
      const { steps } = this;
      this.steps = new Int32Array(2 * steps.length);
      this.steps.set(steps);
    }
    this.steps[this.stepCount++] = step;
  }
  /** Where the steps of a block begin, for KeptBlock; null: it takes too long. */
  stepsOf({ instructions, pace }: Block): number | null {
    const first = this.stepCount;
    let k = 0, offset = 0, isLong = false;
    pace.fronts(instructions.length, front => {
      isLong ||= front > FRONT_MAX;
      this.note(stepOf(offset, front));
      offset += instructions[k++]?.length ?? 0;
    });
    if (!isLong) return first;
    this.stepCount = first;
    return null;
  }

  add(page: Va, order: number, digest: readonly number[], blocks: readonly KeptBlock[]): void {
    const before = this.pages.get(page), same = this.pageOf(page, digest);
    if (before !== undefined && same === null && before.order <= order) return;
    const kept = same ?? { order, digest, blocks: new Map<Va, KeptBlock>() };
    this.pages.set(page, kept);
    for (const block of blocks) kept.blocks.set(vaOf(block.lo, block.hi), block);
  }
  /** The page with these bytes. */
  private pageOf(va: Va, digest: readonly number[]): Page | null {
    const page = this.pages.get(va);
    return page !== undefined && page.digest.every((word, k) => word === digest[k]) ? page : null;
  }
  /** How many blocks there are. */
  get blocks(): number {
    let sum = 0;
    for (const { blocks: { size } } of this.pages.values()) sum += size;
    return sum;
  }
  /** What this run began with, but for what it took over, goes on being kept. */
  addEarlier(code: KeptCode): void {
    const { words } = this;
    for (const [va, page] of code.pages) {
      const digest = Array.from({ length: DIGEST_WORDS }, (_, k) => words[page.row + PAGE.digest + k]!), blocks: KeptBlock[] = [], known = this.pageOf(va, digest);
      for (let at = code.header(page.first), end = code.endOf(page); at < end; at += HEADER.bytes) {
        const field = (offset: number): number => words[(at + offset) >> 2]!, origin = field(HEADER.origin), lo = field(HEADER.address), hi = field(HEADER.address + 4), body = field(HEADER.body), count = field(HEADER.count), ending = endingOf(origin);
        if (origin === 0 || known?.blocks.has(vaOf(lo, hi)) === true) continue;
        const step = this.stepCount;
        for (let k = 0, records = recordsOf({ ending, count }); k < records; k++) this.note(code.stepWord(body + RECORD.bytes * k));
        blocks.push({ lo, hi, body, count, cost: field(HEADER.cost), behind: field(HEADER.behind), bytes: field(HEADER.length), ending, targets: code.targetsOf(at), far: code.farOf(at), step });
      }
      this.add(va, page.wasOpened ? ORDER.executed : ORDER.unused, digest, blocks);
    }
  }

  /** @param handlers how many handlers a later run has at its beginning. @param writes how many runs have added to it. null: there is too much. */
  pack(key: string, handlers: number, writes: number): Uint8Array | null {
    const { words } = this, pages = [...this.pages].sort(([a], [b]) => a - b), blocks: KeptBlock[] = [], places = new Map<Va, number>();
    let bodyBytes = 0, targets = 0, far = 0;
    for (const [, page] of pages) for (const block of [...page.blocks.values()].sort((a, b) => (a.lo >>> 0) - (b.lo >>> 0))) {
      places.set(vaOf(block.lo, block.hi), blocks.length);
      blocks.push(block);
      bodyBytes += RECORD.bytes * recordsOf(block); targets += block.targets.length; far += block.far.length;
    }
    for (const block of blocks) for (let k = 0, last = linkCount(block); k < last; k++) {
      const header = words[linkOf(block, k)]!;
      if (header !== 0 && !places.has(vaOfHeader(words, header))) places.set(vaOfHeader(words, header), places.size);
    }
    const pagesAt = KEPT.bytes, headersAt = align(pagesAt + 4 * PAGE_WORDS * pages.length), bodiesAt = align(headersAt + HEADER.bytes * places.size), stepsAt = bodiesAt + bodyBytes;
    const targetsAt = stepsAt + 4 * bodyBytes / RECORD.bytes, farAt = targetsAt + 4 * TARGET_WORDS * targets, length = align(farAt + 4 * FAR_WORDS * far);
    if (length > KEPT_BYTES_MAX) return null;
    const out = new Int32Array(length >> 2), [keyA, keyB] = wordsOf(key);
    const put = (at: number, value: number): void => { out[at >> 2] = value; };
    put(KEPT.magic, KEPT_MAGIC); put(KEPT.length, length); put(KEPT.key, keyA); put(KEPT.key + 4, keyB);
    put(KEPT.pages, pages.length); put(KEPT.headers, places.size); put(KEPT.targets, targets); put(KEPT.far, far); put(KEPT.writes, writes);
    put(KEPT.pagesAt, pagesAt); put(KEPT.headersAt, headersAt); put(KEPT.bodiesAt, bodiesAt); put(KEPT.stepsAt, stepsAt); put(KEPT.targetsAt, targetsAt); put(KEPT.farAt, farAt);
    let row = pagesAt, first = 0;
    for (const [va, { digest, blocks: { size } }] of pages) {
      put(row, loOf(va)); put(row + 4, hiOf(va));
      out.set(digest, (row >> 2) + PAGE.digest);
      put(row + 4 * PAGE.first, first); put(row + 4 * PAGE.count, size);
      row += 4 * PAGE_WORDS; first += size;
    }
    for (const [va, number] of places) {
      const header = headersAt + HEADER.bytes * number + HEADER.address;
      put(header, loOf(va)); put(header + 4, hiOf(va));
    }
    const halves = new Uint16Array(out.buffer), firstMissing = HANDLER.firstForm + handlers;
    let bodyAt = bodiesAt, step = stepsAt, target = targetsAt, farPage = farAt, behind: number = HANDLER.firstForm;
    for (let number = 0; number < blocks.length; number++) {
      const block = blocks[number]!, { body, count } = block, header = headersAt + HEADER.bytes * number, records = recordsOf(block), end = bodyAt + RECORD.bytes * records;
      put(header + HEADER.count, count); put(header + HEADER.body, records === 0 ? body : RECORDS.at + bodyAt); put(header + HEADER.cost, block.cost); put(header + HEADER.behind, block.behind);
      put(header + HEADER.length, block.bytes); put(header + HEADER.origin, (block.ending + 1) | (block.far.length > 0 ? LOOKS_FAR : 0));
      if (records > 0) out.set(words.subarray(body >> 2, (body + end - bodyAt) >> 2), bodyAt >> 2);
      for (let k = 0; k < records; k++) {
        const record = (bodyAt + RECORD.bytes * k) >> 1;
        if (halves[record + RECORD.handler / 2]! >= firstMissing) halves[record + RECORD.handler / 2] = HANDLER.call;
        behind = Math.max(behind, halves[record + RECORD.handler / 2]! + 1);
        halves[record + RECORD.place / 2] &= PLACE_MASK;
      }
      for (let k = 0, last = linkCount(block); k < last; k++) {
        const link = linkOf(block, k), to = words[link]!;
        if (to !== 0) out[link + ((bodyAt - body) >> 2)] = RECORDS.at + headersAt + HEADER.bytes * places.get(vaOfHeader(words, to))!;
      }
      for (let k = 0; k < records; k++, step += 4) put(step, k === 0 ? number : this.steps[block.step + k]!);
      for (const { lo, hi } of block.targets) { put(target, number); put(target + 4, lo); put(target + 8, hi); target += 4 * TARGET_WORDS; }
      for (const { lo, hi, digest } of block.far) {
        put(farPage + 4 * FAR.header, number); put(farPage + 4 * FAR.address, lo); put(farPage + 4 * FAR.address + 4, hi); put(farPage + 4 * FAR.isThere, digest === null ? 0 : 1);
        out.set(digest ?? [], (farPage >> 2) + FAR.digest);
        farPage += 4 * FAR_WORDS;
      }
      bodyAt = end;
    }
    put(KEPT.forms, behind - HANDLER.firstForm);
    return new Uint8Array(out.buffer);
  }
}
/** With the one behind the last. */
function recordsOf({ ending, count }: Pick<KeptBlock, 'ending' | 'count'>): number { return ending === ENDING.stop ? 0 : count + 1; }
/** How many words of a block's records hold headers: of the record behind the last, and of a direct branch. 0 in one is nowhere (#GP when it is taken). */
function linkCount({ ending }: KeptBlock): number { return ending === ENDING.stop ? 0 : ending === ENDING.branch || ending === ENDING.jump || ending === ENDING.call ? 3 : 1; }
function linkOf({ body, count }: KeptBlock, k: number): number {
  const end = body + RECORD.bytes * count;
  return (k === 0 ? end + RECORD.taken : end - RECORD.bytes + (k === 1 ? RECORD.taken : RECORD.next)) >> 2;
}
