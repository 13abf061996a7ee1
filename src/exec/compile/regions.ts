/** Compiled regions: when they are made, how they are found, when they are dropped. */
import { ACCESS, type Mmu } from '../../mmu/mmu.ts';
import { ModuleWriter } from '../../wasm/module.ts';
import { type Block, type BlockCache, ENDING } from '../block.ts';
import { type Support, TABLE_SLOTS } from '../generated/support.ts';
import { declareImports } from '../lower/imports.ts';
import type { Profile } from '../../timing/profile.ts';
import { type Flow, flowOf } from './flow.ts';
import { RegionLowering } from './region-lowering.ts';
import { choose, isCompilable, Region, SITE_BITS } from './region.ts';

/** Instructions within which a block must reach the number of runs that makes it hot. */
const HOT_INSTRUCTIONS = 1 << 24;
/** Executions after which a block that was put off is looked at again. */
const RUNS_TO_ASK_AGAIN = 20;
/** What runs so often is worth compiling even in a program that may end soon. */
const EARLY_RUNS = 20_000;
const FIRST_SLOT = 16;
/** Modules cost memory mappings, of which a process has 65,530, for as long as their table lives: when it is full, everything is dropped. */
const REGIONS_MAX = TABLE_SLOTS - FIRST_SLOT;
const SITE_MASK = (1 << SITE_BITS) - 1;
/** Each entry more costs the loops around it their shape. */
const SEEDS_MAX = 4;

/** What `--stats` says of the compiler. */
export interface CompileStats { regions: number; dropped: number; wasmBytes: number; milliseconds: number }

export class Regions {
  readonly stats: CompileStats = { regions: 0, dropped: 0, wasmBytes: 0, milliseconds: 0 };
  private readonly support: Support;
  private readonly mmu: Mmu;
  private readonly cache: BlockCache;
  private readonly profile: Profile | null;
  private readonly isDetailed: boolean;
  private lowering: RegionLowering | null = null;
  /** By number. A dropped one stays until its number is given to another: code of it may be on its way back. */
  private readonly all: (Region | null)[] = [];
  private readonly freeNumbers: number[] = [];
  /** Regions linked with the present table, dropped ones among them. */
  private linkedCount = 0;
  private readonly hotFrom: number;
  /** Instructions retired when it was last asked. */
  private now = 0;

  /** @param hotFrom instructions before which next to nothing is hot: a program that ends sooner is not worth compiling */
  constructor(support: Support, mmu: Mmu, cache: BlockCache, profile: Profile | null, isDetailed: boolean, hotFrom: number) {
    this.support = support; this.mmu = mmu; this.cache = cache; this.profile = profile; this.isDetailed = isDetailed; this.hotFrom = hotFrom;
    cache.onForget.push(block => { for (const region of block.members) this.drop(region); });
  }

  /** Compiles what is around a hot block. False: it cannot be compiled, or was not executed that often lately. `now`: instructions retired. */
  compile(seed: Block, now: number): boolean {
    this.now = now;
    if (!isCompilable(seed) || !this.isHot(seed) || this.isPutOff(seed)) return false;
    const start = Date.now(); // Performance.now would have Node load a module.
    const grown = seed.members.find(region => region.isInBase(seed)) ?? null, seeds = this.seedsFor(seed, grown);
    if (grown !== null) this.drop(grown);
    this.make(seeds);
    this.stats.milliseconds += Date.now() - start;
    return true;
  }
  private make(seeds: readonly Block[]): void {
    if (this.linkedCount === REGIONS_MAX) this.dropAll();
    this.linkedCount += 1;
    const { nodes, entries } = choose(seeds, this.cache), number = this.freeNumbers.pop() ?? this.all.push(null) - 1;
    const flow = flowOf(nodes.map(node => node.edges.map(edge => edge.node)), entries);
    // Whatever the dispatcher goes to can be entered, but for copies of callees: they have a caller.
    const region = new Region(number, FIRST_SLOT + number, seeds, nodes, flow.dispatched.filter(n => nodes[n]!.context === null), this.mmu.epoch);
    this.all[number] = region;
    this.link(region, flow);
    for (const block of region.blocks) { block.members = [...block.members, region]; this.cool(block); }
    for (const node of region.entries) {
      const { block } = nodes[node]!;
      block.region = region; block.argument = flow.dispatched.indexOf(node);
    }
    this.registerAll(region);
  }
  /** Writes its function and puts it into the table. */
  private link(region: Region, flow: Flow): void {
    this.lowering ??= new RegionLowering(this.support, this.profile, this.isDetailed);
    const module = new ModuleWriter();
    declareImports(module, this.isDetailed ? 'detailed' : this.profile === null ? 'near' : 'timed', this.support.memoryBytes);
    module.element(region.slot, [module.function(this.support.functionType, this.lowering.writeRegion(region, flow))]);
    const bytes = module.bytes();
    this.support.instantiate(bytes);
    this.stats.regions += 1; this.stats.wasmBytes += bytes.length;
  }

  /** Hot is who reaches the number of runs quickly: a few in every time slice add up, too. */
  private isHot(block: Block): boolean {
    if (this.now < this.hotFrom && block.runs < EARLY_RUNS) { this.cool(block); return false; }
    const isQuick = this.now - block.since <= HOT_INSTRUCTIONS;
    if (!isQuick) this.cool(block);
    return isQuick;
  }
  /** A block that only returns is hot with those it returns to: if one of them comes soon, it is part of a region that has both. */
  private isPutOff(block: Block): boolean {
    if (block.ending !== ENDING.return || block.wasPutOff) return false;
    block.wasPutOff = true;
    block.hotAt = block.runs + RUNS_TO_ASK_AGAIN;
    return true;
  }
  /** It has to become hot anew. */
  private cool(block: Block): void { block.since = this.now; block.hotAt = block.runs + this.cache.hotRuns; }
  /**
   * A block of a region that is hot all the same is where it is entered from outside. It becomes an entry; the former ones stay if they were
   * entered, too, or were taken away once already and came back.
   */
  private seedsFor(seed: Block, grown: Region | null): readonly Block[] {
    const others = grown === null ? [] : grown.seeds.filter(other => other.isProvenEntry || other.entered >= this.cache.hotRuns / 4);
    seed.isProvenEntry = seed.wasSeed;
    seed.wasSeed = true;
    return others.length < SEEDS_MAX ? [seed, ...others] : [seed];
  }

  /** Makes an entry block's code known to generated code. False: it is not good any more. */
  register(block: Block): boolean {
    const { region } = block;
    if (region === null) return false;
    if (region.epoch !== this.mmu.epoch) {
      if (!this.isInPlace(region)) { this.drop(region); return false; }
      region.epoch = this.mmu.epoch;
      this.registerAll(region);
    } else this.support.register(block.lo, block.hi, region.slot, block.argument);
    block.entered += 1;
    return true;
  }
  private registerAll(region: Region): void {
    for (const node of region.entries) {
      const { block } = region.nodes[node]!;
      if (block.region === region) this.support.register(block.lo, block.hi, region.slot, block.argument);
    }
  }
  private isInPlace(region: Region): boolean {
    return region.pages.every(({ lo, hi, pa }) => this.mmu.probe(lo, hi, ACCESS.execute) === pa);
  }

  /** Which instruction a STATE.site is. */
  placeOf(site: number): { readonly block: Block; readonly index: number } {
    const local = site & SITE_MASK, { block, firstSite } = this.all[site >>> SITE_BITS]!.nodeOf(local);
    return { block, index: local - firstSite };
  }

  private drop(region: Region): void {
    if (!region.isValid) return;
    region.isValid = false;
    for (const block of region.blocks) {
      block.members = block.members.filter(member => member !== region);
      if (block.region !== region) continue;
      this.support.unregister(block.lo, block.hi, region.slot);
      block.region = null;
      this.cool(block);
    }
    for (const help of region.helps) this.support.releaseHelp(help);
    this.support.releaseSlot(region.slot);
    this.freeNumbers.push(region.number);
    this.stats.dropped += 1;
  }
  private dropAll(): void {
    for (const region of this.all) if (region !== null) this.drop(region);
    this.support.relink();
    this.linkedCount = 0;
  }
}
