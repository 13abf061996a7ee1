/**
 * Caches and TLBs as a WebAssembly module over tables in linear memory (AMD, Software Optimization Guide for Family 19h, §2.5, §2.6, §2.12; what is
 * modelled and what is not: src/README.md). Lines and pages are virtual; a table's sets are rows of tags, replaced in turn. Beyond the first level a
 * page's place is scattered, as physical pages are. Who performs asks a filter in place (`FILTER`), a word a line that is in L1 for sure, and calls only
 * where that does not know. All of it may be done twice in a row and counts once: an instruction that is given up is begun anew.
 */
import { assert } from '../base/assert.ts';
import { CACHES, COUNTS, CYCLES_OF, LOADS, STATE } from '../base/layout.ts';
import { Code, type Local } from '../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../wasm/module.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { FED, STORES, WAITS } from './notes.ts';
import { CYCLE_PARTS } from './pace.ts';
import { TABLES } from './predictor-tables.ts';
import type { Memories, Table } from './profile.ts';

/** Of an address: which line, and of a line which page. */
export const LINE_SHIFT = 6;
const PAGE_OF_LINE = 6, LINES_A_PAGE = 64;
/** Lines that a filter knows, by their lowest bits: words. */
export const FILTER = { lines: 512, mask: 511, data: CACHES.tables, code: CACHES.tables + 2048 } as const;
const WORD_BYTES = 4, VECTOR_WORDS = 4;
const NOTHING: readonly number[] = new Array<number>(16).fill(0);
/** The page last asked for; how many branches had been missed, or their targets unknown, when code last was; what tells one address space's lines from another's. */
const AFTER_FILTERS = FILTER.code + 2048, MISSES_SEEN = AFTER_FILTERS + 8;
export const LAST_PAGE = { data: AFTER_FILTERS, code: AFTER_FILTERS + 4 } as const;
export const SPACE = AFTER_FILTERS + 16;
const TABLES_AT = AFTER_FILTERS + 64;
/** Lines missed lately, by which streams are recognised. */
const STREAMS: Table = { sets: 1, ways: 16 };
/** Which bits of a page's hash say where it lies in tables beyond the first level, from which on. Any would do: as with physical pages, some are luckier. */
const BITS = { second: 6, third: 14, pages: 22 } as const;
/** How much of what a store waits for holds up others: one part of so many, as a power of two. */
const STORE_SHIFT = 3;

/** A table and its place. `next`: a byte a set, which way is replaced. */
interface Placed extends Table { readonly tags: number; readonly next: number }
export type Places = Readonly<Record<'l1i' | 'l1d' | 'l2' | 'l3' | 'itlb' | 'dtlb' | 'secondItlb' | 'secondDtlb' | 'codeStreams' | 'dataStreams', Placed>>;
export function placesOf({ code, data, second, third, codePages, dataPages, secondCodePages, secondDataPages }: Memories): Places {
  let at: number = TABLES_AT;
  const place = ({ sets, ways }: Table): Placed => {
    assert(ways % VECTOR_WORDS === 0 && (sets & (sets - 1)) === 0, `a table of ${sets} sets of ${ways}`);
    const tags = at, next = tags + WORD_BYTES * sets * ways;
    at = (next + sets + 15) & -16;
    return { sets, ways, tags, next };
  };
  const places: Places = {
    l1i: place(code), l1d: place(data), l2: place(second), l3: place(third), itlb: place(codePages), dtlb: place(dataPages),
    secondItlb: place(secondCodePages), secondDtlb: place(secondDataPages), codeStreams: place(STREAMS), dataStreams: place(STREAMS),
  };
  assert(at <= CACHES.at + CACHES.bytes, 'tables of caches that do not fit');
  return places;
}

/** What it exports. */
export interface CacheExports {
  /** (line, masks, kind): an access that the filter does not know. See notes.ts. */
  readonly data: (line: number, masks: number, kind: number) => void;
  /** (first line, last line): a block begins there, and the filter does not know one of them. Gives what fetching took, in parts of a cycle: execution catches up by as much. */
  readonly code: (first: number, last: number) => number;
  /** (parts of a cycle, instructions, mask): a block begins that is dispatched in so much, and leaves nothing of what these registers were. */
  readonly pass: (cost: number, count: number, killed: number) => void;
  /** (masks, kind): a branch was predicted wrong, which is known when its operands are. */
  readonly resolve: (masks: number, kind: number) => void;
}
export const CACHE_FUNCTIONS = { data: [3, 0], code: [2, 1], pass: [3, 0], resolve: [2, 0] } as const satisfies Readonly<Record<keyof CacheExports, readonly [parameters: number, results: number]>>;

const parts = (cycles: number): number => Math.round(cycles * CYCLE_PARTS);

/** Writes the functions. */
class Writer {
  private readonly m: Memories;
  private readonly places: Places;
  private readonly walk: number;
  private beyondFunction = 0;
  /** @param walk cycles of a page walk */
  constructor(memories: Memories, walk: number) { this.m = memories; this.places = placesOf(memories); this.walk = walk; }

  module(): Uint8Array<ArrayBuffer> {
    const module = new ModuleWriter(), { i32 } = TYPE;
    declareMemory(module);
    const add = (parameters: number, results: number, write: (code: Code) => void): number => {
      const code = new Code(parameters), type = module.type(Array(parameters).fill(i32), Array(results).fill(i32));
      write(code);
      return module.function(type, code);
    };
    this.beyondFunction = add(2, 1, code => this.beyond(code));
    const bodies: Readonly<Record<keyof CacheExports, (code: Code) => void>> = { data: code => this.data(code), code: code => this.code(code), pass: code => this.pass(code), resolve: code => this.resolve(code) };
    for (const [name, [parameters, results]] of Object.entries(CACHE_FUNCTIONS)) module.exportFunction(name, add(parameters, results, bodies[name as keyof CacheExports]));
    return module.bytes();
  }

  // — tables —
  /** Sets `row` to the first tag of a set, whose number is on the stack and goes to `set`. */
  private row(code: Code, { sets, ways, tags }: Placed, set: Local, row: Local): void {
    code.i32(sets - 1); code.op(OP['i32.and']); code.tee(set);
    code.i32(WORD_BYTES * ways); code.op(OP['i32.mul']); code.i32(tags); code.op(OP['i32.add']); code.set(row);
  }
  /** Leaves on the stack whether a tag is among those of the row. */
  private isThere(code: Code, { ways }: Placed, row: Local, pushTag: () => void): void {
    for (let k = 0; k < ways; k += VECTOR_WORDS) {
      code.get(row); code.memory(OP['v128.load'], WORD_BYTES * k); pushTag(); code.op(OP['i32x4.splat']); code.op(OP['i32x4.eq']);
      if (k > 0) code.op(OP['v128.or']);
    }
    code.op(OP['v128.any_true']);
  }
  /** Puts a tag where the one lies that is to be replaced, which is left in `victim`. */
  private replace(code: Code, { ways, next }: Placed, set: Local, row: Local, tag: Local, victim: Local | null): void {
    const way = code.local(TYPE.i32), at = code.local(TYPE.i32);
    code.get(set); code.memory(OP['i32.load8_u'], next); code.tee(way); code.i32(2); code.op(OP['i32.shl']); code.get(row); code.op(OP['i32.add']); code.set(at);
    if (victim !== null) { code.get(at); code.memory(OP['i32.load'], 0); code.set(victim); }
    code.get(at); code.get(tag); code.memory(OP['i32.store'], 0);
    code.get(set);
    code.get(way); code.i32(1); code.op(OP['i32.add']); code.tee(way); code.i32(0); code.get(way); code.i32(ways); code.op(OP['i32.lt_u']); code.op(OP.select);
    code.memory(OP['i32.store8'], next);
  }
  private count(code: Code, at: number): void {
    code.i32(0); code.i32(0); code.memory(OP['f64.load'], at); code.f64(1); code.op(OP['f64.add']); code.memory(OP['f64.store'], at);
  }
  /** Leaves a page's number on the stack, scattered. */
  private scatter(code: Code, pushPage: () => void, hash: Local): void {
    const fold = (shift: number): void => { code.tee(hash); code.get(hash); code.i32(shift); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']); };
    pushPage(); code.i32(0x9e3779b1 | 0); code.op(OP['i32.mul']); fold(15); code.i32(0x85ebca6b | 0); code.op(OP['i32.mul']); fold(13);
  }
  /** Adds parts of a cycle to the cycles, and to those of a cause, whose place in STATE `pushCause` pushes. */
  private charge(code: Code, value: Local, pushCause: () => void): void {
    const addTo = (push: () => void, at: number): void => {
      push(); push(); code.memory(OP['f64.load'], at);
      code.get(value); code.op(OP['f64.convert_i32_s']); code.f64(1 / CYCLE_PARTS); code.op(OP['f64.mul']); code.op(OP['f64.add']);
      code.memory(OP['f64.store'], at);
    };
    addTo(() => code.i32(0), STATE.cycles); addTo(pushCause, 0);
  }
  /** Pushes the cause of a cost, of which `pages` is for translations: what there is more of. */
  private pushCause(code: Code, cost: Local, pages: Local): void {
    code.i32(CYCLES_OF.tlb); code.i32(CYCLES_OF.cache); code.get(pages); code.i32(1); code.op(OP['i32.shl']); code.get(cost); code.op(OP['i32.gt_s']); code.op(OP.select);
  }

  /** (line, whether it was foreseen): the second level and what is behind it. Gives what it takes longer than L1. */
  private beyond(code: Code): void {
    const [line, isForeseen] = [0, 1], { l2, l3 } = this.places, { second, third, memory } = this.m;
    const hash = code.local(TYPE.i32), set = code.local(TYPE.i32), row = code.local(TYPE.i32), near = code.local(TYPE.i32);
    const give = ({ cycles, foreseen }: { readonly cycles: number; readonly foreseen: number }): void => {
      code.i32(parts(foreseen)); code.i32(parts(cycles)); code.get(isForeseen); code.op(OP.select);
      code.return();
    };
    const tag = (): void => code.get(line);
    this.scatter(code, () => { code.get(line); code.i32(PAGE_OF_LINE); code.op(OP['i32.shr_u']); }, hash); code.set(hash);
    code.get(line); code.i32(LINES_A_PAGE - 1); code.op(OP['i32.and']); code.set(near);
    code.get(line); code.i32(0); code.memory(OP['i32.load'], SPACE); code.op(OP['i32.xor']); code.set(line);
    for (const { table, bits, misses, found } of [{ table: l2, bits: BITS.second, misses: COUNTS.l2, found: second }, { table: l3, bits: BITS.third, misses: COUNTS.l3, found: third }]) {
      this.pushSet(code, hash, bits, near);
      this.row(code, table, set, row);
      this.isThere(code, table, row, tag);
      code.if(); give(found); code.end();
      this.replace(code, table, set, row, line, null);
      this.count(code, misses);
    }
    give(memory);
    code.op(OP.unreachable);
  }
  /** The set of a line: it depends on the line in its page, and on bits of its page's hash. */
  private pushSet(code: Code, hash: Local, bits: number, near: Local): void {
    code.get(hash); code.i32(bits); code.op(OP['i32.shr_u']); code.i32(PAGE_OF_LINE); code.op(OP['i32.shl']); code.get(near); code.op(OP['i32.or']);
  }
  /** Leaves on the stack whether a line that was missed goes on with a stream, up or (of data) down, and notes it. */
  private foresee(code: Code, streams: Placed, line: Local, isData: boolean): void {
    const row = code.local(TYPE.i32), set = code.local(TYPE.i32);
    const beside = (by: number): void => this.isThere(code, streams, row, () => { code.get(line); code.i32(by); code.op(OP['i32.add']); });
    code.i32(streams.tags); code.set(row); code.i32(0); code.set(set);
    beside(-1);
    if (isData) { beside(-2); code.op(OP['i32.and']); beside(1); beside(2); code.op(OP['i32.and']); code.op(OP['i32.or']); }
    this.replace(code, streams, set, row, line, null);
  }
  /** Looks a line up in L1 and beyond; adds what that takes to `cost`. */
  private line(code: Code, name: 'l1i' | 'l1d', line: Local, cost: Local): void {
    const l1 = this.places[name], isData = name === 'l1d', filter = isData ? FILTER.data : FILTER.code;
    const set = code.local(TYPE.i32), row = code.local(TYPE.i32), victim = code.local(TYPE.i32);
    const inFilter = (of: Local): void => { code.get(of); code.i32(FILTER.mask); code.op(OP['i32.and']); code.i32(2); code.op(OP['i32.shl']); };
    code.get(line);
    this.row(code, l1, set, row);
    this.isThere(code, l1, row, () => code.get(line));
    code.op(OP['i32.eqz']);
    code.if();
    this.replace(code, l1, set, row, line, victim);
    inFilter(victim); code.memory(OP['i32.load'], filter); code.get(victim); code.op(OP['i32.eq']);
    code.if(); inFilter(victim); code.i32(0); code.memory(OP['i32.store'], filter); code.end();
    this.count(code, isData ? COUNTS.l1d : COUNTS.l1i);
    code.get(line); this.foresee(code, isData ? this.places.dataStreams : this.places.codeStreams, line, isData);
    code.call(this.beyondFunction);
    code.get(cost); code.op(OP['i32.add']); code.set(cost);
    code.end();
    inFilter(line); code.get(line); code.memory(OP['i32.store'], filter);
  }
  /** Looks a line's page up in the TLBs; adds what that takes to `cost`. */
  private page(code: Code, isData: boolean, line: Local, cost: Local): void {
    const first = isData ? this.places.dtlb : this.places.itlb, then = isData ? this.places.secondDtlb : this.places.secondItlb, last = isData ? LAST_PAGE.data : LAST_PAGE.code;
    const page = code.local(TYPE.i32), set = code.local(TYPE.i32), row = code.local(TYPE.i32), hash = code.local(TYPE.i32);
    const addCost = (cycles: number): void => { code.get(cost); code.i32(parts(cycles)); code.op(OP['i32.add']); code.set(cost); };
    code.get(line); code.i32(PAGE_OF_LINE); code.op(OP['i32.shr_u']); code.tee(page);
    code.i32(0); code.memory(OP['i32.load'], last); code.op(OP['i32.ne']);
    code.if();
    code.i32(0); code.get(page); code.memory(OP['i32.store'], last);
    code.get(page);
    this.row(code, first, set, row);
    this.isThere(code, first, row, () => code.get(page));
    code.op(OP['i32.eqz']);
    code.if();
    const victim = code.local(TYPE.i32);
    this.replace(code, first, set, row, page, victim);
    this.forgetLines(code, isData ? FILTER.data : FILTER.code, victim);
    this.count(code, isData ? COUNTS.dtlb : COUNTS.itlb);
    this.scatter(code, () => code.get(page), hash); code.i32(BITS.pages); code.op(OP['i32.shr_u']);
    this.row(code, then, set, row);
    this.isThere(code, then, row, () => code.get(page));
    code.if();
    addCost(this.m.secondPages);
    code.else();
    this.replace(code, then, set, row, page, null);
    this.count(code, isData ? COUNTS.dataWalks : COUNTS.codeWalks);
    addCost(this.m.secondPages + this.walk);
    code.end();
    code.end();
    code.end();
  }

  /** What a filter knows is in the TLB, too: lines of a page that is not there any more are looked up again, and of others that share their places. */
  private forgetLines(code: Code, filter: number, page: Local): void {
    code.get(page); code.i32(PAGE_OF_LINE); code.op(OP['i32.shl']); code.i32(FILTER.mask); code.op(OP['i32.and']); code.i32(2); code.op(OP['i32.shl']); code.set(page);
    for (let k = 0; k < WORD_BYTES * LINES_A_PAGE; k += WORD_BYTES * VECTOR_WORDS) { code.get(page); code.bytes16(OP['v128.const'], NOTHING); code.memory(OP['v128.store'], filter + k); }
  }

  // — what is asked —
  private word(code: Code, at: number): void { code.i32(0); code.memory(OP['i32.load'], at); }
  private data(code: Code): void {
    const [line, masks, kind] = [0, 1, 2] as const, cost = code.local(TYPE.i32), late = code.local(TYPE.i32), pages = code.local(TYPE.i32), cause = code.local(TYPE.i32);
    const raise = (at: number): void => {
      code.i32(0); code.get(cost); this.word(code, at); code.get(cost); this.word(code, at); code.op(OP['i32.gt_s']); code.op(OP.select); code.memory(OP['i32.store'], at);
    };
    this.line(code, 'l1d', line, cost);
    this.page(code, true, line, pages);
    code.get(cost); code.get(pages); code.op(OP['i32.add']); code.tee(cost); code.op(OP['i32.eqz']);
    code.if(); code.return(); code.end();
    this.pushCause(code, cost, pages); code.set(cause);
    code.get(kind); code.i32(STORES); code.op(OP['i32.and']);
    code.if();
    code.get(cost); code.i32(STORE_SHIFT); code.op(OP['i32.shr_u']); code.set(cost);
    this.charge(code, cost, () => code.get(cause));
    code.return();
    code.end();
    this.word(code, LOADS.late); code.tee(late); code.op(OP['i32.eqz']);
    code.if(); code.i32(0); code.i32(this.m.window); code.memory(OP['i32.store'], LOADS.room); code.end();
    // It begins when its address is known.
    code.get(cost);
    this.word(code, LOADS.own);
    code.get(late); code.i32(0); this.word(code, LOADS.waiting); code.get(masks); code.op(OP['i32.and']); code.i32(0xffff); code.op(OP['i32.and']); code.op(OP.select);
    code.get(kind); code.i32(FED); code.op(OP['i32.and']); code.op(OP.select);
    code.op(OP['i32.add']); code.set(cost);
    code.get(cost); code.get(late); code.op(OP['i32.gt_s']);
    code.if(); code.i32(0); code.get(cause); code.memory(OP['i32.store'], LOADS.cause); code.end();
    raise(LOADS.own); raise(LOADS.late);
    code.i32(0); this.word(code, LOADS.waiting); code.get(masks); code.i32(16); code.op(OP['i32.shr_u']); code.op(OP['i32.or']); code.memory(OP['i32.store'], LOADS.waiting);
  }
  /** Where branches are predicted right and their targets known, lines are asked for well before they are needed. */
  private code(code: Code): void {
    const [line, last] = [0, 1] as const, cost = code.local(TYPE.i32), pages = code.local(TYPE.i32), ahead = code.local(TYPE.i32);
    const missed = code.local(TYPE.i32);
    code.i32(0); code.memory(OP['f64.load'], STATE.branchMisses); code.op(OP['i32.trunc_sat_f64_s']); this.word(code, TABLES.unknown); code.op(OP['i32.add']); code.set(missed);
    code.i32(0); code.i32(parts(this.m.ahead)); code.get(missed); this.word(code, MISSES_SEEN); code.op(OP['i32.ne']); code.op(OP.select); code.set(ahead);
    code.i32(0); code.get(missed); code.memory(OP['i32.store'], MISSES_SEEN);
    const again = code.loop();
    this.line(code, 'l1i', line, cost);
    this.page(code, false, line, pages);
    code.get(line); code.get(last); code.op(OP['i32.ne']);
    code.if();
    code.get(line); code.i32(1); code.op(OP['i32.add']); code.set(line);
    code.br(again);
    code.end();
    code.end();
    const wait = code.local(TYPE.i32);
    code.get(cost); code.get(pages); code.op(OP['i32.add']); code.tee(cost); code.get(ahead); code.op(OP['i32.sub']); code.tee(wait); code.i32(0); code.op(OP['i32.le_s']);
    code.if(); code.i32(0); code.return(); code.end();
    this.charge(code, wait, () => this.pushCause(code, cost, pages));
    code.get(wait);
  }
  private forget(code: Code): void { for (const at of [LOADS.late, LOADS.own, LOADS.waiting]) { code.i32(0); code.i32(0); code.memory(OP['i32.store'], at); } }
  private pass(code: Code): void {
    const [cost, count, killed] = [0, 1, 2] as const, late = code.local(TYPE.i32), room = code.local(TYPE.i32);
    this.word(code, LOADS.late); code.get(cost); code.op(OP['i32.sub']); code.tee(late); code.i32(0); code.op(OP['i32.le_s']);
    code.if(); this.forget(code); code.return(); code.end();
    this.word(code, LOADS.room); code.get(count); code.op(OP['i32.sub']); code.tee(room); code.i32(0); code.op(OP['i32.lt_s']);
    // The reorder buffer is full: dispatch waits for what is in it.
    code.if(); this.charge(code, late, () => this.word(code, LOADS.cause)); this.forget(code); code.return(); code.end();
    code.i32(0); code.get(late); code.memory(OP['i32.store'], LOADS.late);
    code.i32(0); code.get(room); code.memory(OP['i32.store'], LOADS.room);
    code.i32(0); code.i32(0); code.memory(OP['i32.store'], LOADS.own);
    code.i32(0); this.word(code, LOADS.waiting); code.get(killed); code.i32(-1); code.op(OP['i32.xor']); code.op(OP['i32.and']); code.memory(OP['i32.store'], LOADS.waiting);
  }
  private resolve(code: Code): void {
    const [masks, kind] = [0, 1] as const, wait = code.local(TYPE.i32), late = code.local(TYPE.i32), own = code.local(TYPE.i32);
    this.word(code, LOADS.own); code.tee(own);
    this.word(code, LOADS.late); code.tee(late); code.i32(0); this.word(code, LOADS.waiting); code.get(masks); code.op(OP['i32.and']); code.i32(0xffff); code.op(OP['i32.and']); code.op(OP.select);
    code.get(kind); code.i32(WAITS); code.op(OP['i32.and']); code.op(OP.select);
    code.tee(wait); code.op(OP['i32.eqz']);
    code.if(); code.return(); code.end();
    this.charge(code, wait, () => this.word(code, LOADS.cause));
    code.get(late); code.get(wait); code.op(OP['i32.sub']); code.tee(late); code.i32(0); code.op(OP['i32.le_s']);
    code.if(); this.forget(code); code.return(); code.end();
    code.i32(0); code.get(late); code.memory(OP['i32.store'], LOADS.late);
    code.i32(0); code.i32(0); code.memory(OP['i32.store'], LOADS.own);
  }
}

export function cachesModule(memories: Memories, walk: number): Uint8Array<ArrayBuffer> { return new Writer(memories, walk).module(); }
