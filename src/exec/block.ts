/** Blocks: straight runs of decoded code, cached by address and physical page, dropped when a byte of them is written. */
import { PAGE_BYTES, type LinearMemory } from '../base/layout.ts';
import type { i32, Pa, Va } from '../base/types.ts';
import { vaOf } from '../base/words.ts';
import { decode } from '../decoder/decode.ts';
import type { Flow, Instruction } from '../decoder/instruction.ts';
import { ACCESS, type Mmu } from '../mmu/mmu.ts';
import type { Costs } from '../timing/costs.ts';
import { lineOf } from '../timing/caches.ts';
import { type Notes, notesOf } from '../timing/notes.ts';
import { CYCLE_PARTS, Pace, type Times } from '../timing/pace.ts';
import type { Region } from './compile/region.ts';
import { isMark } from './mark.ts';
import type { Semantics } from './ops.ts';
import { semanticsOf, semanticsWithoutVex } from './semantics/index.ts';
import type { Thread } from './threaded/thread.ts';

const INSTRUCTIONS_MAX = 64;
const INSTRUCTION_BYTES_MAX = 15;
/** The table begins small, because V8 moves what is new, and has room for twice as many blocks as there are, up to so many. */
const TABLE_ENTRIES = 1 << 9, TABLE_ENTRIES_MAX = 1 << 15;

/** Flow as a number, for the loop that switches on it. */
export const ENDING = { next: 0, branch: 1, jump: 2, call: 3, return: 4, jumpIndirect: 5, callIndirect: 6, stop: 7 } as const;
const ENDINGS: Readonly<Record<Flow, number>> = {
  next: ENDING.next, branch: ENDING.branch, jump: ENDING.jump, call: ENDING.call, return: ENDING.return,
  'jump-indirect': ENDING.jumpIndirect, 'call-indirect': ENDING.callIndirect, stop: ENDING.stop,
};

/** An address in words. */
export interface Target { readonly lo: i32; readonly hi: i32 }
/** Places an indirect branch was seen to go to that are remembered. */
const TARGETS_MAX = 4;
/** What most blocks have none of, they share. */
const NO_STOPS: number[] = [], NO_TARGETS: readonly Target[] = [], NO_MEMBERS: readonly Region[] = [], NO_FAR: readonly FarCode[] = [];
/** A page that a look ahead came to, as it was then. `page` is null where nothing could be fetched. */
export interface FarCode { readonly lo: i32; readonly hi: i32; readonly pa: Pa; readonly page: CodePage | null }

/** Instructions executed one after the other; only the last may leave. They lie in one page, but for one that straddles two. */
export class Block {
  /** The address of the first instruction. */
  readonly lo: i32;
  readonly hi: i32;
  /** High word of every "next instruction" address in it. */
  readonly nextHi: i32;
  readonly pa: Pa;
  /** The second page of a straddling instruction, or -1. */
  readonly secondPa: Pa;
  readonly bytes: number;
  readonly instructions: readonly Instruction[];
  readonly semantics: readonly Semantics[];
  readonly pace: Pace;
  /** Cycles of dispatching all of it. */
  readonly cost: number;
  readonly ending: number;
  /** Instructions with breakpoints. */
  readonly stops: readonly number[];
  isValid = true;
  /** Who waits for its loads; only with detailed timing. */
  private known: Notes | null = null;
  /** Its threaded code. */
  thread: Thread | null = null;
  /** Executions before it had that. */
  interpreted = 0;
  /** The number of runs at which it is hot enough to be compiled, if it is not part of something compiled by then. */
  hotAt: number;
  /** The count of instructions since when it has been getting hot. */
  since = 0;
  /** The compiled region that can be entered here, and the argument that says so. */
  region: Region | null = null;
  argument = 0;
  /** How often the region was entered here other than from generated code. */
  entered = 0;
  /** It was compiled as an entry once; and again, because without it something was missing. */
  wasSeed = false;
  isProvenEntry = false;
  /** Code of other pages that its times were worked out from. */
  far: readonly FarCode[] = NO_FAR;
  /** Its compilation was left to another block. */
  wasPutOff = false;
  /** Compiled regions it is part of. */
  members: readonly Region[] = NO_MEMBERS;
  /** The MMU's epoch in which its translation was last found good. */
  epoch: number;

  constructor(lo: i32, hi: i32, nextHi: i32, pa: Pa, secondPa: Pa, bytes: number, instructions: readonly Instruction[],
    semantics: readonly Semantics[], pace: Pace, flow: Flow, stops: readonly number[], epoch: number, hotAt: number) {
    this.lo = lo; this.hi = hi; this.nextHi = nextHi; this.pa = pa; this.secondPa = secondPa; this.bytes = bytes;
    this.instructions = instructions; this.semantics = semantics; this.pace = pace;
    this.cost = pace.cost / CYCLE_PARTS; this.ending = ENDINGS[flow]; this.stops = stops;
    this.epoch = epoch; this.hotAt = hotAt;
  }
  get notes(): Notes { return this.known ??= notesOf(this.instructions); }
  /** Lines of its first and of its last byte. */
  get firstLine(): i32 { return lineOf(this.lo, this.hi); }
  get lastLine(): i32 {
    const last = (this.lo + this.bytes - 1) | 0;
    return lineOf(last, last >>> 0 < this.lo >>> 0 ? (this.hi + 1) | 0 : this.hi);
  }
  /** How often it was executed where that is counted: by the interpreters, where there is anything to be generated. */
  get runs(): number { return this.thread === null ? this.interpreted : this.thread.runs; }
  set runs(value: number) { if (this.thread === null) this.interpreted = value; else this.thread.open(value, Math.max(value, this.hotAt - 1)); }
  /** One more. Gives how often it was by now. */
  count(): number { return this.thread === null ? this.interpreted += 1 : this.runs += 1; }
  /** Where an indirect jump or call at its end was seen to go. */
  targets: readonly Target[] = NO_TARGETS;
  noteTarget(lo: i32, hi: i32): void {
    for (const t of this.targets) if (t.lo === lo && t.hi === hi) return;
    if (this.targets.length < TARGETS_MAX) this.targets = [...this.targets, { lo, hi }];
  }
  /** Bytes before instruction `index`. */
  offsetOf(index: number): number {
    let offset = 0;
    for (let k = 0; k < index; k++) offset += this.instructions[k].length;
    return offset;
  }
  /** Cycles of dispatching the first `count` instructions. */
  costOf(count: number): number { return count === 0 ? 0 : this.pace.front(count) / CYCLE_PARTS; }
  /** The first breakpoint from an instruction on: its index, or the number of instructions. */
  stopFrom(index: number): number { return this.stops.find(stop => stop >= index) ?? this.instructions.length; }
}

/** An empty slot of the table: matches no address, because no code lies at -1. */
export const NOTHING = new Block(-1, -1, -1, -1, -1, 0, [], [], Pace.untimed(0), 'stop', [], -1, -1);

/** It lies in the half of the address space that is the program's; and it lies in two pages or looks at others, not both. */
export function isKeepable({ stops, hi, secondPa, far }: Block): boolean { return stops.length === 0 && hi >= 0 && (secondPa === -1 || far.length === 0); }

/** What is known of a page's code, as long as nothing is written there. */
export class CodePage {
  /** Every valid block with bytes in it. */
  readonly blocks = new Map<Va, Block>();
  /** What a look ahead decoded, until a block is made of it. */
  readonly ahead = new Map<Va, readonly Instruction[]>();
  /** How many there were before it. */
  readonly order: number;
  /** Somebody has code of the page who is no block. */
  isHeld = false;
  /** Not all bytes are those that its blocks were made among. */
  wasWritten = false;
  constructor(order: number) { this.order = order; }
}

function nextPage(lo: i32, hi: i32): Target {
  const next = ((lo & -PAGE_BYTES) + PAGE_BYTES) | 0;
  return { lo: next, hi: next === 0 ? (hi + 1) | 0 : hi };
}
function slotOf(lo: i32, hi: i32, mask: number): number { return (lo ^ (lo >>> 15) ^ (hi << 7)) & mask; }

export class BlockCache {
  private readonly memory: LinearMemory;
  private readonly mmu: Mmu;
  private readonly costs: Costs;
  private table: Block[] = new Array<Block>(TABLE_ENTRIES).fill(NOTHING);
  private mask = TABLE_ENTRIES - 1;
  /** By physical page numbers. */
  private readonly pages = new Map<number, CodePage>();
  private readonly straddle = new Uint8Array(2 * INSTRUCTION_BYTES_MAX);
  private readonly breakpoints = new Set<Va>();
  /** The latest valid block at each address. */
  private readonly byAddress = new Map<Va, Block>();
  built = 0;
  /** Of these, blocks that another run could begin with. */
  fresh = 0;
  private pageCount = 0;
  /** Marks stop like breakpoints. To be said before anything is decoded. */
  stopsAtMarks = false;
  /** Told of every block that is not to be executed any more. */
  readonly onForget: ((block: Block) => void)[] = [];
  /** Told before there is a breakpoint; when bytes of a held page, or all of it, are about to change; and of every page that is about to be given back or written as a whole. */
  onBreakpoint: () => void = () => { /* Nobody has code that is no block's. */ };
  onHeldWrite: (frame: Pa, isWhole: boolean) => void = () => { /* Nobody holds one. */ };
  onPageEnd: (page: CodePage, frame: Pa) => void = () => { /* Nobody wants to know. */ };
  /** Asked for a block that was executed without being one. */
  unseen: (lo: i32, hi: i32) => Block | null = () => null;

  /** Executions after which a block is hot: a block keeps what it was when it was built. */
  hotRuns: number;
  private readonly hasVex: boolean;
  /** `hasVex`: otherwise instructions with that prefix are undefined. */
  constructor(memory: LinearMemory, mmu: Mmu, costs: Costs, hotRuns: number, hasVex: boolean) {
    this.hasVex = hasVex;
    this.memory = memory; this.mmu = mmu; this.costs = costs; this.hotRuns = hotRuns;
    mmu.onCodeWrite = (pa, length) => this.drop(pa, length);
  }
  semanticsOf(i: Instruction): Semantics { return this.scores()(i); }
  private scores(): (i: Instruction) => Semantics { return this.hasVex ? semanticsOf : semanticsWithoutVex; }
  /** How many known blocks hold an instruction with this prefix (PREFIX). */
  countWith(prefix: number): number {
    let count = 0;
    for (const { instructions } of this.byAddress.values()) if (instructions.some(i => (i.prefixes & prefix) !== 0)) count += 1;
    return count;
  }

  /** The block at an address, if its translation still holds: the epoch is that in which it was last looked up. */
  known(lo: i32, hi: i32): Block | null {
    const block = this.table[slotOf(lo, hi, this.mask)];
    return block.lo === lo && block.hi === hi && block.epoch === this.mmu.epoch && block.isValid === true ? block : null;
  }
  /** The block last executed at an address, if what it was decoded from is still there. */
  seen(lo: i32, hi: i32): Block | null {
    const block = this.byAddress.get(vaOf(lo, hi));
    if (block === undefined) return this.unseen(lo, hi);
    if (block.epoch === this.mmu.epoch) return block;
    if (this.mmu.probe(lo, hi, ACCESS.execute) !== block.pa || (block.secondPa !== -1 && this.secondPage(lo, hi) !== block.secondPa)) return null;
    return this.trusted(block);
  }
  /** Its translation was just found good, and is until the epoch changes. */
  private trusted(block: Block): Block {
    block.epoch = this.mmu.epoch;
    this.mmu.noteFetch(block.lo, block.hi);
    if (block.secondPa !== -1) this.mmu.noteFetch((block.lo + block.bytes) | 0, block.nextHi);
    return block;
  }
  /** The block at an address whose first byte lies at `pa`, or null: a fault is in `mmu.fault`. */
  at(lo: i32, hi: i32, pa: Pa): Block | null {
    // A process that starts anew, or comes to run again, asks so for every block.
    const slot = slotOf(lo, hi, this.mask), last = this.table[slot];
    if (last.lo === lo && last.hi === hi && last.pa === pa && last.secondPa === -1 && last.isValid) return this.trusted(last);
    const address = vaOf(lo, hi), block = this.find(lo, hi, pa, address);
    if (block === null) return null;
    this.byAddress.set(address, block);
    if (this.mask < TABLE_ENTRIES_MAX - 1 && this.byAddress.size > this.mask >> 1) this.grow();
    return this.table[slotOf(lo, hi, this.mask)] = this.trusted(block);
  }
  private grow(): void {
    const { table } = this, entries = 4 * table.length;
    this.mask = entries - 1;
    this.table = new Array<Block>(entries).fill(NOTHING);
    for (const block of table) if (block !== NOTHING) this.table[slotOf(block.lo, block.hi, this.mask)] = block;
  }
  /** The block of code that was executed at an address whose first byte lay at `pa`, wherever that is mapped by now; its times are known. */
  again(lo: i32, hi: i32, pa: Pa, times: Times): Block | null {
    this.times = times;
    const block = this.find(lo, hi, pa, vaOf(lo, hi));
    this.times = null;
    return block;
  }
  private find(lo: i32, hi: i32, pa: Pa, address: Va): Block | null {
    const page = this.pages.get(pa >>> 12), known = page?.blocks.get(address);
    if (known !== undefined && known.pa === pa) {
      const second = known.secondPa === -1 ? -1 : this.secondPage(lo, hi);
      if (second === -1 && known.secondPa !== -1) return null;
      if (second === known.secondPa) return known;
      this.forget(known);
    }
    const block = this.build(lo, hi, pa, address, page?.ahead);
    if (block === null) return null;
    this.built += 1;
    this.remember(block, pa, address);
    if (block.secondPa !== -1) this.remember(block, block.secondPa, address);
    return block;
  }
  private remember(block: Block, pa: Pa, address: Va): void {
    this.pageAt(pa).blocks.set(address, block);
  }
  private pageAt(pa: Pa): CodePage {
    const page = pa >>> 12;
    let code = this.pages.get(page);
    if (code === undefined) { this.pages.set(page, code = new CodePage(this.pageCount++)); this.mmu.markCode(page << 12); }
    return code;
  }
  /** Writes to the frame are told from now on, once. */
  hold(frame: Pa): void { this.pageAt(frame).isHeld = true; }
  /** Every page with blocks, and its frame. */
  *all(): Generator<readonly [CodePage, Pa]> { for (const [page, code] of this.pages) yield [code, page << 12]; }
  private end(page: number): void { this.pages.delete(page); this.mmu.clearCode(page << 12); }
  private forget(block: Block): void {
    block.isValid = false;
    const address = vaOf(block.lo, block.hi);
    if (this.byAddress.get(address) === block) this.byAddress.delete(address);
    for (const tell of this.onForget) tell(block);
    for (const pa of [block.pa, block.secondPa]) {
      const code = this.pages.get(pa >>> 12);
      if (pa === -1 || code === undefined) continue;
      if (code.blocks.get(address) === block) code.blocks.delete(address);
      if (code.blocks.size === 0 && !code.isHeld) this.end(pa >>> 12);
    }
  }

  /** Forgets every block with a byte in [pa, pa + length). */
  drop(pa: Pa, length: number): void {
    for (let page = pa >>> 12; page <= (pa + length - 1) >>> 12; page++) {
      const code = this.pages.get(page);
      if (code === undefined) continue;
      code.ahead.clear();
      if (length === PAGE_BYTES && !code.wasWritten) this.onPageEnd(code, page << 12);
      code.wasWritten = true;
      if (code.isHeld) {
        code.isHeld = false;
        this.onHeldWrite(page << 12, length === PAGE_BYTES);
      }
      if (code.blocks.size === 0) this.end(page);
      for (const block of code.blocks.values()) {
        const firstBytes = block.secondPa === -1 ? block.bytes : PAGE_BYTES - (block.pa & (PAGE_BYTES - 1));
        const isHit = (block.pa < pa + length && block.pa + firstBytes > pa)
          || (block.secondPa !== -1 && block.secondPa < pa + length && block.secondPa + block.bytes - firstBytes > pa);
        if (isHit) this.forget(block);
      }
    }
  }
  setBreakpoint(at: Va): void {
    if (this.breakpoints.has(at)) return;
    this.onBreakpoint();
    this.breakpoints.add(at);
    this.forgetWhere(block => { const start = vaOf(block.lo, block.hi); return start <= at && at < start + block.bytes; });
  }
  clearBreakpoint(at: Va): void {
    if (this.breakpoints.delete(at)) this.forgetWhere(block => { const start = vaOf(block.lo, block.hi); return block.stops.length > 0 && start <= at && at < start + block.bytes; });
  }
  private forgetWhere(isConcerned: (block: Block) => boolean): void {
    for (const { blocks } of [...this.pages.values()]) for (const block of [...blocks.values()]) if (isConcerned(block)) this.forget(block);
  }

  /** The second page of what straddles two, or -1. */
  secondPage(lo: i32, hi: i32): Pa {
    const { lo: next, hi: nextHi } = nextPage(lo, hi);
    return this.mmu.probe(next, nextHi, ACCESS.execute);
  }
  /** All that its times and its bytes were taken from outside its page. */
  farOf({ lo, hi, secondPa, far }: Block): readonly FarCode[] {
    return secondPa === -1 ? far : [{ ...nextPage(lo, hi), pa: secondPa, page: this.pages.get(secondPa >>> 12) ?? null }];
  }
  private build(lo: i32, hi: i32, pa: Pa, address: Va, ahead: Map<Va, readonly Instruction[]> | undefined): Block | null {
    const before = ahead === undefined || ahead.size === 0 ? undefined : ahead.get(address), instructions = before ?? this.straightFrom(lo, pa);
    if (before !== undefined) ahead!.delete(address);
    return instructions.length > 0 ? this.make(lo, hi, pa, -1, instructions) : this.buildStraddling(lo, hi, pa);
  }
  /** Instructions that are one block: none if the first reaches into another page. */
  private straightFrom(lo: i32, pa: Pa): readonly Instruction[] {
    // What is looked up in another script is looked up once a block.
    const { u8 } = this.memory, pageEnd = (pa & -PAGE_BYTES) + PAGE_BYTES, read = decode;
    const instructions: Instruction[] = [];
    for (let at = pa, count = 0; count < INSTRUCTIONS_MAX; count++) {
      const instruction = at < pageEnd ? read(u8, at, pageEnd) : null;
      if (instruction === null) break;
      const { kind: { flow }, length } = instruction;
      at += length;
      // What must see exact counters stands alone; what ends at a 4 GiB border too, because its "next" has another high word.
      const isAlone = flow === 'stop' || ((lo + (at - pa)) | 0) === 0;
      if (isAlone && count > 0) break;
      instructions[count] = instruction;
      if (isAlone || flow !== 'next') break;
    }
    return instructions;
  }
  private buildStraddling(lo: i32, hi: i32, pa: Pa): Block | null {
    const second = this.secondPage(lo, hi);
    if (second === -1) return null;
    const first = PAGE_BYTES - (pa & (PAGE_BYTES - 1));
    this.straddle.set(this.memory.u8.subarray(pa, pa + first));
    this.straddle.set(this.memory.u8.subarray(second, second + INSTRUCTION_BYTES_MAX), first);
    const instruction = decode(this.straddle, 0, first + INSTRUCTION_BYTES_MAX);
    return this.make(lo, hi, pa, second, [instruction!]); // More than 15 bytes were there: never null.
  }
  private make(lo: i32, hi: i32, pa: Pa, secondPa: Pa, instructions: readonly Instruction[]): Block {
    const { length } = instructions, semantics: Semantics[] = [], start = vaOf(lo, hi), semanticsOf = this.scores();
    const { mayStop } = this, stops: number[] = mayStop ? [] : NO_STOPS;
    let bytes = 0;
    for (let n = 0; n < length; n++) {
      const i = instructions[n];
      if (mayStop && this.stopsAt(start + bytes, i)) stops.push(n);
      bytes += i.length;
      semantics[n] = semanticsOf(i);
    }
    this.pageLo = lo & -PAGE_BYTES; this.pageHi = hi; this.page = pa & -PAGE_BYTES; this.ownLo = lo; this.own = secondPa === -1 ? instructions : null;
    this.far = NO_FAR;
    const { times } = this, pace = times === null ? this.costs.of(instructions, { lo, endLo: (lo + bytes) | 0, hi }, this.ahead) : this.costs.again(instructions, times), last = instructions[length - 1];
    const block = new Block(lo, hi, ((start + bytes) / 0x1_0000_0000) | 0, pa, secondPa, bytes, instructions, semantics, pace, last.kind.flow, stops, this.mmu.epoch, this.hotRuns);
    block.far = this.far;
    if (times === null && isKeepable(block)) this.fresh += 1;
    return block;
  }
  /** There are breakpoints, or marks are. */
  get mayStop(): boolean { return this.breakpoints.size > 0 || this.stopsAtMarks; }
  private stopsAt(at: Va, i: Instruction): boolean { return this.breakpoints.has(at) || (this.stopsAtMarks && isMark(i)); }
  /** The page of the block that is being made, and where it is; where the block is, and its instructions unless it straddles pages: it is not known yet. */
  private pageLo: i32 = 0;
  private pageHi: i32 = 0;
  private page: Pa = 0;
  private ownLo: i32 = 0;
  private own: readonly Instruction[] | null = null;
  /** Times of the block that is being made, if they are known. */
  private times: Times | null = null;
  /** Pages that looks ahead came to. */
  private far: readonly FarCode[] = NO_FAR;
  /** A page as it is now; writes to it are seen from now on. */
  farCode(lo: i32, hi: i32): FarCode {
    const pa = this.mmu.look(lo, hi);
    return { lo, hi, pa, page: pa === -1 ? null : this.pageAt(pa) };
  }
  /** Whether a page is what a look ahead saw there. */
  isAsSeen({ pa, page }: FarCode): boolean { return page === null || (this.pages.get(pa >>> 12) === page && !page.wasWritten); }
  /** Instructions from an address on, where they could be fetched now: what a look ahead may know, whoever performs. */
  private readonly ahead = (lo: i32, hi: i32): readonly Instruction[] | null => {
    const isNear = (lo & -PAGE_BYTES) === this.pageLo && hi === this.pageHi;
    if (isNear && lo === this.ownLo && this.own !== null) return this.own;
    const va = vaOf(lo, hi), at = isNear ? this.page + (lo & (PAGE_BYTES - 1)) : this.mmu.look(lo, hi), pageLo = lo & -PAGE_BYTES;
    if (!isNear && !this.far.some(known => known.lo === pageLo && known.hi === hi)) this.far = [...this.far, this.farCode(pageLo, hi)];
    if (at === -1) return null;
    const page = this.pages.get(at >>> 12), known = page?.blocks.get(va);
    if (known !== undefined && known.pa === at && known.secondPa === -1) return known.instructions;
    const before = page?.ahead.get(va);
    if (before !== undefined) return before;
    const instructions = this.straightFrom(lo, at);
    if (instructions.length === 0) return null;
    // Where nothing was executed nothing may ever be.
    if (page !== undefined && (page.blocks.size > 0 || page.isHeld)) page.ahead.set(va, instructions);
    return instructions;
  };
}
