/** A region: hot blocks that go to each other, compiled as one function. Chosen by how often they were executed. */
import type { i32, Pa } from '../../base/types.ts';
import { vaOf } from '../../base/words.ts';
import { PAGE_BYTES, PAGE_MASK } from '../../base/layout.ts';
import { type Block, type BlockCache, ENDING } from '../block.ts';

/** More make one function's compilation a pause. */
const BLOCKS_MAX = 64, INSTRUCTIONS_MAX = 1200;
/** A neighbour comes along if it was executed at least once in as many times as the seed. */
const SHARE_OF_SEED = 64;
/** Bits of a site that number it within its region. */
export const SITE_BITS = 12;

/** Where a block goes, as far as that is known without executing it. */
export interface Successor { readonly lo: i32; readonly hi: i32 }

export class Region {
  readonly number: number;
  /** The function's slot in the table. */
  readonly slot: number;
  readonly blocks: readonly Block[];
  /** Nodes a caller can enter at: their places here are the function's arguments. */
  readonly entries: readonly number[];
  /** Pages its code lies in, and where those were when it was compiled: virtual address as words, physical address. */
  readonly pages: readonly { readonly lo: i32; readonly hi: i32; readonly pa: Pa }[];
  isValid = true;
  /** The MMU's epoch in which its pages were last found where they were. */
  epoch: number;
  readonly helps: number[] = [];
  private readonly nodes = new Map<number, number>();
  private readonly firstSites: readonly number[];

  constructor(number: number, slot: number, blocks: readonly Block[], entries: readonly number[], epoch: number) {
    this.number = number; this.slot = slot; this.blocks = blocks; this.entries = entries; this.epoch = epoch;
    blocks.forEach((block, node) => this.nodes.set(vaOf(block.lo, block.hi), node));
    let sites = 0;
    this.firstSites = blocks.map(block => { const first = sites; sites += block.instructions.length; return first; });
    this.pages = pagesOf(blocks);
  }
  /** The node that begins at an address, or -1. */
  nodeAt(lo: i32, hi: i32): number { return this.nodes.get(vaOf(lo, hi)) ?? -1; }
  /** What STATE.site holds when code gives up before instruction `index` of a node. */
  siteOf(node: number, index: number): number { return this.number << SITE_BITS | (this.firstSites[node]! + index); }
  /** The block of a site, by its number within the region. */
  blockOf(site: number): Block {
    let node = this.blocks.length - 1;
    while (this.firstSites[node]! > site) node -= 1;
    return this.blocks[node]!;
  }
  /** The instruction of a site within its block. */
  indexOf(site: number): number {
    let node = this.blocks.length - 1;
    while (this.firstSites[node]! > site) node -= 1;
    return site - this.firstSites[node]!;
  }
  helpNumber(number: number): number { this.helps.push(number); return number; }
}

export const isCompilable = (block: Block): boolean => block.isValid && !block.stopsHere && block.ending !== ENDING.stop;

/** Blocks around a seed that are worth compiling with it: it comes first. */
export function blocksAround(seed: Block, cache: BlockCache): readonly Block[] {
  const chosen: Block[] = [], waiting = [seed], seen = new Set([seed]);
  let instructions = 0;
  const least = seed.runs / SHARE_OF_SEED;
  while (waiting.length > 0 && chosen.length < BLOCKS_MAX) {
    // The hottest first, so that what is left out is the coldest.
    let best = 0;
    for (let k = 1; k < waiting.length; k++) if (waiting[k]!.runs > waiting[best]!.runs) best = k;
    const [block] = waiting.splice(best, 1) as [Block];
    if (instructions + block.instructions.length > INSTRUCTIONS_MAX) continue;
    chosen.push(block);
    instructions += block.instructions.length;
    for (const { lo, hi } of [...successorsOf(block), ...returnSiteOf(block)]) {
      const next = cache.seen(lo, hi);
      if (next === null || seen.has(next) || !isCompilable(next) || next.runs < least) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return chosen;
}
/** Direct successors: the target, and what follows. */
export function successorsOf(block: Block): readonly Successor[] {
  const next = nextOf(block);
  switch (block.ending) {
    case ENDING.next: return [next];
    case ENDING.branch: return [targetOf(block, next), next];
    case ENDING.jump: case ENDING.call: return [targetOf(block, next)];
    default: return [];
  }
}
/** Where a call returns to. */
export function returnSiteOf(block: Block): readonly Successor[] {
  return block.ending === ENDING.call || block.ending === ENDING.callIndirect ? [nextOf(block)] : [];
}
function nextOf(block: Block): Successor { return { lo: (block.lo + block.bytes) | 0, hi: block.nextHi }; }
function targetOf(block: Block, next: Successor): Successor {
  const o = block.instructions[block.instructions.length - 1]!.operands[0]!, lo = (next.lo + o.disp) | 0;
  if (o.size === 2) return { lo: lo & 0xffff, hi: 0 };
  return { lo, hi: (next.hi + o.dispHigh + ((lo >>> 0) < (next.lo >>> 0) ? 1 : 0)) | 0 };
}

function pagesOf(blocks: readonly Block[]): Region['pages'] {
  const pages = new Map<number, { lo: i32; hi: i32; pa: Pa }>();
  const note = (lo: i32, hi: i32, pa: Pa): void => { pages.set(vaOf(lo & PAGE_MASK, hi), { lo: lo & PAGE_MASK, hi, pa: pa & PAGE_MASK }); };
  for (const { lo, hi, pa, secondPa } of blocks) {
    note(lo, hi, pa);
    if (secondPa === -1) continue;
    const next = ((lo & PAGE_MASK) + PAGE_BYTES) | 0;
    note(next, next === 0 ? (hi + 1) | 0 : hi, secondPa);
  }
  return [...pages.values()];
}
