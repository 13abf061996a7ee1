/**
 * A region: hot blocks that go to each other, compiled as one function. Chosen by how often they were executed; what a hot call calls is
 * copied into the caller, so that its return has one place to go to.
 */
import { PAGE_BYTES, PAGE_MASK } from '../../base/layout.ts';
import type { i32, Pa, Va } from '../../base/types.ts';
import { vaOf } from '../../base/words.ts';
import { type Block, type BlockCache, ENDING, type Target } from '../block.ts';
import { nextOf, targetOf } from '../targets.ts';

/** More make one function's compilation a pause. */
const NODES_MAX = 96, INSTRUCTIONS_MAX = 1200;
/** A neighbour comes along if it was executed at least once in as many times as the seed. */
const SHARE_OF_SEED = 64;
/** Calls within calls that are copied. */
const DEPTH_MAX = 5;
/** Places a function that calls itself returns to, that its returns look at before they ask where code is. */
const RETURNS_MAX = 4;
/** Bits of a site that number it within its region. */
export const SITE_BITS = 12;

/** A call whose callee was copied: where it was called from, and where it returns to. */
interface Context { readonly outer: Context | null; readonly callee: Target; readonly returnTo: Target; readonly depth: number; readonly number: number }

/** A block in its place: the same block may stand in several contexts. */
export class Node {
  readonly block: Block;
  readonly context: Context | null;
  /** Of the block's first instruction, within the region. */
  readonly firstSite: number;
  /** Where it goes if it goes directly, or where it was seen to go: by address, in this node's context or one beside it. */
  readonly edges: { readonly to: Target; readonly node: number }[] = [];
  constructor(block: Block, context: Context | null, firstSite: number) { this.block = block; this.context = context; this.firstSite = firstSite; }
  /** The node at an address this one goes to, or -1. */
  edgeTo(lo: i32, hi: i32): number {
    const edge = this.edges.find(({ to }) => to.lo === lo && to.hi === hi);
    return edge === undefined ? -1 : edge.node;
  }
}

/** What is to be compiled: the first nodes are the seeds. */
export interface Choice { readonly nodes: readonly Node[]; readonly entries: readonly number[] }

export class Region {
  readonly number: number;
  /** The function's slot in the table. */
  readonly slot: number;
  readonly nodes: readonly Node[];
  readonly seeds: readonly Block[];
  /** Nodes a caller can enter at: their places here are the function's arguments. */
  readonly entries: readonly number[];
  /** Pages its code lies in, and where those were when it was compiled: virtual address as words, physical address. */
  readonly pages: readonly { readonly lo: i32; readonly hi: i32; readonly pa: Pa }[];
  isValid = true;
  /** The MMU's epoch in which its pages were last found where they were. */
  epoch: number;
  readonly helps: number[] = [];

  constructor(number: number, slot: number, seeds: readonly Block[], nodes: readonly Node[], entries: readonly number[], epoch: number) {
    this.number = number; this.slot = slot; this.seeds = seeds; this.nodes = nodes; this.entries = entries; this.epoch = epoch;
    this.pages = pagesOf(this.blocks);
  }
  /** Each block once. */
  get blocks(): ReadonlySet<Block> { return new Set(this.nodes.map(node => node.block)); }
  /** Whether a block stands in it other than as part of a callee. */
  isInBase(block: Block): boolean { return this.nodes.some(node => node.block === block && node.context === null); }
  /** What STATE.site holds when code gives up before instruction `index` of a node. */
  siteOf(node: Node, index: number): number { return this.number << SITE_BITS | (node.firstSite + index); }
  /** The node of a site, by its number within the region. */
  nodeOf(site: number): Node {
    let n = this.nodes.length - 1;
    while (this.nodes[n]!.firstSite > site) n -= 1;
    return this.nodes[n]!;
  }
  helpNumber(number: number): number { this.helps.push(number); return number; }
}

export const isCompilable = (block: Block): boolean => block.isValid && block.stops.length === 0 && block.ending !== ENDING.stop;

/** Blocks around one or more seeds that are worth compiling with them. */
export function choose(seeds: readonly Block[], cache: BlockCache): Choice { return new Chooser(seeds, cache).choose(); }

interface Candidate { readonly block: Block; readonly context: Context | null }

class Chooser {
  private readonly cache: BlockCache;
  private readonly seeds: readonly Block[];
  private readonly least: number;
  private readonly nodes: Node[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly waiting: Candidate[] = [];
  private readonly seen = new Set<string>();
  private readonly contexts = new Map<string, Context>();
  private readonly recursive = new Map<Va, boolean>();
  private instructions = 0;
  /** Where calls return to whose callees stand in the region without a copy: known when everything was taken. */
  private returns: readonly { readonly to: Target; readonly context: null }[] = [];

  constructor(seeds: readonly Block[], cache: BlockCache) {
    this.seeds = seeds; this.cache = cache;
    this.least = Math.min(...seeds.map(seed => seed.runs)) / SHARE_OF_SEED;
  }

  choose(): Choice {
    for (const seed of this.seeds) this.take({ block: seed, context: null });
    while (this.waiting.length > 0 && this.nodes.length < NODES_MAX) this.take(this.hottest());
    this.returns = this.returnsOf();
    for (const node of this.nodes) for (const { to, context } of this.waysOf(node)) {
      const number = this.numbers.get(keyOf(to.lo, to.hi, context));
      if (number !== undefined) node.edges.push({ to, node: number });
    }
    return this.withoutUnreachable();
  }
  /** The hottest first, so that what is left out is the coldest. */
  private hottest(): Candidate {
    let best = 0;
    for (let k = 1; k < this.waiting.length; k++) if (this.waiting[k]!.block.runs > this.waiting[best]!.block.runs) best = k;
    return this.waiting.splice(best, 1)[0]!;
  }
  private consider(block: Block | null, context: Context | null): void {
    if (block === null || !isCompilable(block) || block.runs < this.least) return;
    const key = keyOf(block.lo, block.hi, context);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.waiting.push({ block, context });
  }
  private take({ block, context }: Candidate): void {
    this.seen.add(keyOf(block.lo, block.hi, context));
    if (this.instructions + block.instructions.length > INSTRUCTIONS_MAX) return;
    const node = new Node(block, context, this.instructions);
    this.instructions += block.instructions.length;
    this.numbers.set(keyOf(block.lo, block.hi, context), this.nodes.push(node) - 1);
    for (const { to, context: other } of this.waysOf(node)) this.consider(this.cache.seen(to.lo, to.hi), other);
    if (isCall(block)) this.consider(this.cache.seen(nextOf(block).lo, nextOf(block).hi), context);
  }
  /** Where a node may go, and in which context it is then. */
  private waysOf({ block, context }: Candidate): readonly { readonly to: Target; readonly context: Context | null }[] {
    switch (block.ending) {
      case ENDING.next: return [{ to: nextOf(block), context }];
      case ENDING.branch: return [{ to: targetOf(block), context }, { to: nextOf(block), context }];
      case ENDING.jump: return [{ to: targetOf(block), context }];
      case ENDING.jumpIndirect: return block.targets.map(to => ({ to, context }));
      case ENDING.call: return [this.callee(block, context, targetOf(block))];
      case ENDING.callIndirect: return block.targets.map(to => this.callee(block, context, to));
      case ENDING.return: return context === null ? this.returns : [{ to: context.returnTo, context: context.outer }];
      default: return [];
    }
  }
  private returnsOf(): readonly { readonly to: Target; readonly context: null }[] {
    const isBase = ({ to, context }: { readonly to: Target; readonly context: Context | null }): boolean => context === null && this.numbers.has(keyOf(to.lo, to.hi, null));
    const calls = this.nodes.filter(node => node.context === null && isCall(node.block) && this.waysOf(node).some(isBase));
    const found = calls.map(({ block }) => ({ to: nextOf(block), context: null })).filter(isBase);
    return found.length > RETURNS_MAX ? [] : found;
  }
  /** A callee gets a copy for each call, unless it calls itself. */
  private callee(block: Block, context: Context | null, to: Target): { readonly to: Target; readonly context: Context | null } {
    for (let c = context; c !== null; c = c.outer) if (isSame(c.callee, to)) return { to, context: c };
    if ((context?.depth ?? 0) >= DEPTH_MAX || this.isRecursive(to)) return { to, context: null };
    const returnTo = nextOf(block), key = `${keyOf(returnTo.lo, returnTo.hi, context)}>${vaOf(to.lo, to.hi)}`;
    let made = this.contexts.get(key);
    if (made === undefined) {
      made = { outer: context, callee: to, returnTo, depth: (context?.depth ?? 0) + 1, number: this.contexts.size + 1 };
      this.contexts.set(key, made);
    }
    return { to, context: made };
  }
  /** Whether a callee comes by a seed: then the seeds' own function calls itself. */
  private isRecursive(callee: Target): boolean {
    const key = vaOf(callee.lo, callee.hi), known = this.recursive.get(key);
    if (known !== undefined) return known;
    const seen = new Set<Block>(), waiting = [this.cache.seen(callee.lo, callee.hi)];
    while (waiting.length > 0 && seen.size < NODES_MAX) {
      const block = waiting.pop()!;
      if (block === null || seen.has(block)) continue;
      seen.add(block);
      const ways = isCall(block) ? [nextOf(block)] : this.waysOf({ block, context: null }).map(way => way.to);
      for (const { lo, hi } of ways) waiting.push(this.cache.seen(lo, hi));
    }
    const isFound = this.seeds.some(seed => seen.has(seed));
    this.recursive.set(key, isFound);
    return isFound;
  }
  /**
   * Entries are the seeds, and where calls return to that no return in the region knows: those out of the region, and those of callees that
   * have no copy of their own. What was chosen and is not reached from there is left out.
   */
  private withoutUnreachable(): Choice {
    const reached = new Set<number>(), entries = this.seeds.map((_, n) => n);
    const visit = (start: number): void => {
      const stack = [start];
      while (stack.length > 0) {
        const n = stack.pop()!;
        if (reached.has(n)) continue;
        reached.add(n);
        for (const { node } of this.nodes[n]!.edges) stack.push(node);
      }
    };
    for (const n of entries) visit(n);
    for (let isChanged = true; isChanged;) {
      isChanged = false;
      for (let n = 0; n < this.nodes.length; n++) {
        const { block, context } = this.nodes[n]!;
        if (!reached.has(n) || context !== null || !isCall(block)) continue;
        const site = this.numbers.get(keyOf(nextOf(block).lo, nextOf(block).hi, null));
        if (site === undefined || reached.has(site)) continue;
        entries.push(site);
        visit(site);
        isChanged = true;
      }
    }
    return this.renumbered([...reached].sort((a, b) => a - b), entries);
  }
  private renumbered(kept: readonly number[], entries: readonly number[]): Choice {
    const place = new Map(kept.map((n, k) => [n, k]));
    let sites = 0;
    const nodes = kept.map(n => {
      const { block, context } = this.nodes[n]!, node = new Node(block, context, sites);
      sites += block.instructions.length;
      return node;
    });
    kept.forEach((n, k) => { for (const { to, node } of this.nodes[n]!.edges) nodes[k]!.edges.push({ to, node: place.get(node)! }); });
    return { nodes, entries: entries.map(n => place.get(n)!) };
  }
}
const keyOf = (lo: i32, hi: i32, context: Context | null): string => `${vaOf(lo, hi)}@${context?.number ?? 0}`;
const isSame = (a: Target, b: Target): boolean => a.lo === b.lo && a.hi === b.hi;
const isCall = (block: Block): boolean => block.ending === ENDING.call || block.ending === ENDING.callIndirect;

function pagesOf(blocks: Iterable<Block>): Region['pages'] {
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
