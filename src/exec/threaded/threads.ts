/** Threaded code: when blocks become records, when the interpreter of them is generated, and how it is entered. */
import { NOTES, PAGE_BYTES, PAGE_MASK, RECORDS, SLOT, STATE } from '../../base/layout.ts';
import { assert } from '../../base/assert.ts';
import type { i32, Pa, Va } from '../../base/types.ts';
import { vaOf } from '../../base/words.ts';
import { decode } from '../../decoder/decode.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import { decodeExample } from '../../decoder/usual.ts';
import { ACCESS, type Mmu } from '../../mmu/mmu.ts';
import type { Times } from '../../timing/pace.ts';
import { ModuleWriter } from '../../wasm/module.ts';
import { type Block, type BlockCache, type CodePage, ENDING, type FarCode, isKeepable, NOTHING } from '../block.ts';
import type { BlockClock } from '../clock.ts';
import type { Prebuilt, PrimitiveExample, Support } from '../generated/support.ts';
import { FAULT, type Interpreter, OUTCOME, TRAP } from '../interpret.ts';
import { UNKNOWN_RULE, useOf } from '../lower/instruction-use.ts';
import { declareImports } from '../lower/imports.ts';
import type { Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import { type Implicit, implicitNumber, implicitOf } from '../semantics/implicit.ts';
import { semanticsOf } from '../semantics/index.ts';
import { type CodeStore, DIGEST_WORDS, type FarPage, KEPT, KEPT_BYTES_MAX, KeptCode, type KeptPage, type Step } from './kept-code.ts';
import { CodeKeeper, type KeptBlock } from './kept-writer.ts';
import { CALL_COUNTED, CALLS_COUNTED_MAX, endingOf, HANDLER, HEADER, LOOKS_FAR, ORIGIN_OF_STOP, PLACE_MASK, RECORD, SLOT_OF_THREADS } from './record.ts';
import { Thread } from './thread.ts';
import { Translator } from './translator.ts';
import { CALLED, ThreadedLowering } from './threaded-lowering.ts';

/** The next generation waits for so many instructions that are called because their form was met too late, and every further one longer. */
const CALLS_MAX = 4000, WAIT_GROWTH = 2;
const RIP = 2 * SLOT.rip;

/** What is made already waits for so few instructions, interpreted a second time, that glibc's hello world gains by it and musl's ends before it is loaded. */
const EARLY = 600;
/**
 * After so many threaded instructions what was made in advance is replaced by handlers for what the program has, which V8 optimises: soon where it was told not to
 * optimise; where a build for it came with machine code, later, because few handlers are only a quarter faster than many.
 */
const SLOW_INSTRUCTIONS = 3_000_000, PREBUILT_INSTRUCTIONS = 20_000_000;
/** With handlers made in advance blocks are hot sooner; and what is called seldom may be called for longer, because so many calls in loops take as long as a generation. */
export const HOT_EARLY_RUNS = 2_000;
const EARLY_CALLS_MAX = 8_000;
export function threadsName(isTimed: boolean, isDetailed = false): string { return isDetailed ? 'threads-detailed' : isTimed ? 'threads-timed' : 'threads'; }
/** The same with handlers for what programs have that begin, print and end: two fifths of the code, which a short start notices. */
export function fewName(name: string): string { return `${name}-few`; }

/** What is kept is written when there are so many new blocks, and a share of those there were; but not if there are very many. */
const FRESH_MIN = 32, FRESH_SHARE = 16, KEEP_BYTES_MAX = 1 << 24;
/** The first times few are enough: the same program with other files goes other ways, and a start that has nothing to decode loads no decoder. */
const FRESH_FEW = 2, WRITES_FEW = 4;
/** What stands alone is performed so often without a block. */
const ALONE_MAX = 16;
/** Of headers: they may be entered as often as before. */
const AS_BEFORE = -1;
/** Header of nothing; an epoch before all; no frame; no record. */
const NONE_KEPT = 0, NO_EPOCH = 0, NOWHERE = -1 & PAGE_MASK, NO_RECORD = 0;

/** As a number of executions: nobody compiles. */
export const NEVER = 0x7fffffff;

export interface ThreadedOptions {
  /** Executions before a block is translated. */
  readonly runs: number;
  /** Instructions interpreted in such blocks before there is threaded code. */
  readonly wait: number;
  /** The memory for records. */
  readonly bytes: number;
  /** Where code stays for the next run. */
  readonly store?: CodeStore;
}
/** An instruction that is called, and what comes after it. `block` is NOTHING where that was not made. */
interface Called { readonly block: Block; readonly index: number; readonly instruction: Instruction; readonly semantics: Semantics; readonly nextLo: i32; readonly nextHi: i32 }
/** What `--stats` says of it. */
export interface ThreadedStats { kept: number; blocks: number; forms: number; calls: number; generations: number; handlers: number; wasmBytes: number; milliseconds: number }

export class Threads {
  readonly stats: ThreadedStats = { kept: 0, blocks: 0, forms: 0, calls: 0, generations: 0, handlers: 0, wasmBytes: 0, milliseconds: 0 };
  private readonly support: Support;
  private readonly mmu: Mmu;
  private readonly interpreter: Interpreter;
  private readonly clock: BlockClock;
  private readonly cache: BlockCache;
  private readonly hotRuns: number;
  private readonly options: ThreadedOptions;
  private readonly runsBefore: number;
  private lowering: ThreadedLowering | null = null;
  private readonly words: Int32Array;
  private readonly halves: Uint16Array;
  private made: Translator | null = null;
  private readonly byAddress = new Map<Va, Thread>();
  /** By the first record. */
  private readonly byBody = new Map<number, Block>();
  private next: number = RECORDS.at;
  private run: ((header: number) => number) | null = null;
  private module: WebAssembly.Module | null = null;
  private readonly waiting: { readonly block: Block; readonly rule: number }[] = [];
  /** What was made in advance, until it is asked for. */
  private awaited: Prebuilt | null;
  /** What was made in advance, since it was asked for. */
  private begun: Prebuilt | null = null;
  /** Only a few of the handlers made in advance are there, all that what was kept needs: what is translated may need others. */
  private hasFew = false;
  /** `run` is not optimised by V8. */
  private isSlow = false;
  /** Threaded instructions after which there is to be a generation in any case. */
  private prebuiltUntil = Infinity;
  /** There was no generation yet that V8 optimises. */
  private isEarly = false;
  private wait: number;
  /** What is called less often than this (a record's place with its count) does not shorten the wait. */
  private seldom = 0;
  private nextWait = CALLS_MAX;
  /** There may be code of an earlier run: `kept` is to be asked. */
  mayBeKept: boolean;
  private readonly store: CodeStore | null;
  private keptCode: KeptCode | null = null;
  /** By headers of kept code: pages far away that were found to be as they are to be. */
  private readonly far = new Map<number, readonly FarCode[]>();
  private keeper: CodeKeeper | null = null;
  /** Instructions whose blocks were not made, by the record. */
  private readonly alone = new Map<number, Called>();
  /** The record whose instruction is performed alone just now. */
  private atWork = NO_RECORD;
  /** Blocks in which two handlers do what one will when there is another generation. */
  private readonly apart: Block[] = [];

  /** @param hotRuns executions that make a threaded block hot */
  constructor(support: Support, cache: BlockCache, interpreter: Interpreter, clock: BlockClock, hotRuns: number, options: ThreadedOptions) {
    const { memory } = interpreter.state;
    this.support = support; this.mmu = interpreter.mmu; this.interpreter = interpreter; this.clock = clock;
    this.cache = cache; this.hotRuns = hotRuns; this.options = options; this.runsBefore = options.runs;
    this.awaited = support.prebuilt; this.wait = this.awaited === null ? options.wait : Math.min(options.wait, EARLY);
    this.words = memory.i32; this.halves = new Uint16Array(memory.buffer);
    support.perform = record => this.perform(record);
    support.onRelink.push(() => { if (this.module !== null) this.link(this.module); });
    cache.onForget.push(block => this.forget(block));
    this.store = this.awaited === null || clock.isDetailed ? null : options.store ?? null;
    this.mayBeKept = this.store !== null;
    if (!this.mayBeKept) return;
    cache.onHeldWrite = (frame, isWhole) => { this.closeFrame(frame, isWhole); };
    cache.onBreakpoint = () => { if (this.keptCode?.isOver === false) this.closeKept(this.keptCode); };
    cache.onPageEnd = (page, frame) => { if (this.isWorthKeeping) this.gather(page, frame); };
    cache.unseen = (lo, hi) => this.seen(lo, hi);
  }

  /** Whether a block whose translation holds can be entered. If not yet, this counts as its being executed by the interpreter. */
  isReady(block: Block, left: number): boolean {
    const thread = block.thread ?? (block.interpreted < this.runsBefore ? null : this.translated(block));
    if (thread === null || left < block.instructions.length) return false;
    const { epoch } = this.mmu;
    if (thread.isClosed) {
      if (block.runs >= block.hotAt - 1) return false;
      thread.open(block.runs, block.hotAt - 1);
    }
    thread.epoch = epoch;
    this.support.register(block.lo, block.hi, SLOT_OF_THREADS, thread.at);
    return true;
  }
  /** Executes the block of a header and what follows. Gives one of LEFT. */
  enter(header: number): number {
    if (this.wait <= 0 || this.interpreter.state.f64[STATE.threaded >> 3]! > this.prebuiltUntil) this.generate();
    return this.run!(header);
  }
  /** Which instruction a record is. */
  ofRecord(record: number): { readonly block: Block; readonly index: number } {
    const index = this.halves[(record + RECORD.place) >> 1]! & PLACE_MASK, body = record - RECORD.bytes * index;
    return { block: this.byBody.get(body) ?? this.blockOf(this.keptCode!.headerOfBody(body)), index };
  }

  /** The same where no block was made of what an earlier run left; null: one was. */
  stepOf(record: number): Step | null {
    const index = this.halves[(record + RECORD.place) >> 1]! & PLACE_MASK;
    return this.isNobodys(record, index) ? this.keptCode!.step(record, index) : null;
  }
  private isNobodys(record: number, index: number): boolean { return record < this.keptEnd && !this.byBody.has(record - RECORD.bytes * index); }

  private forget(block: Block): void {
    const { thread } = block;
    if (thread === null) return;
    thread.close(); // Its records stay: they may be at work.
    thread.block = null;
    const { runs } = thread;
    block.thread = null;
    block.runs = runs;
  }

  // — translation —
  /** Made when there is something to be translated: what an earlier run left is. */
  private get translator(): Translator {
    const { words, halves } = this;
    return this.made ??= new Translator({ words, halves, isTimed: this.clock.isTimed, headerAt: (lo, hi) => this.headerAt(lo, hi) }, this.begun);
  }
  private translated(block: Block): Thread | null {
    if (block.ending === ENDING.stop || block.stops.length > 0) return null;
    if (this.wait > 0 && this.run === null) {
      if (block.interpreted === this.runsBefore) this.waiting.push({ block, rule: this.words[STATE.flagsRule >> 2]! });
      this.wait -= block.instructions.length;
      if (this.wait > 0) return null;
      if (this.awaited !== null && !this.begin(this.awaited)) return null;
      for (const earlier of this.waiting) if (earlier.block.isValid && earlier.block.thread === null) this.translate(earlier.block, earlier.rule);
      this.waiting.length = 0;
    }
    if (this.hasFew) this.linkPrebuilt(this.begun!, false);
    return block.thread ?? this.translate(block, this.words[STATE.flagsRule >> 2]!);
  }
  /** @param entryRule the rule word it was once entered with */
  private translate(block: Block, entryRule: number): Thread {
    const count = block.instructions.length;
    if (!this.hasRoom(count)) this.dropAll();
    const thread = this.threadAt(block.lo, block.hi);
    if (thread.block !== null) this.forget(thread.block);
    const body = this.take((count + 1) * RECORD.bytes), { translator } = this;
    if (!translator.write(body, block, entryRule)) this.apart.push(block);
    if (this.clock.isDetailed) {
      this.words.set(block.notes.words, (NOTES.at + ((body - RECORDS.at) >> 2)) >> 2);
      thread.killed = block.notes.killed;
    }
    thread.place(block, body);
    block.since = this.support.instructions; block.hotAt = block.runs + this.hotNow;
    thread.open(block.runs, block.hotAt - 1);
    block.thread = thread;
    this.byBody.set(body, block);
    this.stats.blocks += 1; this.stats.forms = translator.forms.met;
    return thread;
  }
  /** For a block of so many instructions, and headers. */
  private hasRoom(count: number): boolean { return this.next + (count + 1) * RECORD.bytes + 3 * HEADER.bytes <= RECORDS.at + this.options.bytes; }
  /** Nothing is dropped to make room, because somebody is about to enter a header: where there is none, the block is translated when it is asked for. */
  private translateAnew(block: Block): void {
    this.forget(block);
    if (this.hasRoom(block.instructions.length)) this.translate(block, UNKNOWN_RULE);
  }
  /** What `writePace` and the header say. */
  private timesOf(header: number): Times {
    const { words, halves } = this, word = (at: number): number => words[at >> 2]!, ending = endingOf(word(header + HEADER.origin)), isBranch = ending === ENDING.branch, hasRound = isBranch || ending === ENDING.jump, isPredicted = isBranch || ending === ENDING.jumpIndirect || ending === ENDING.callIndirect;
    const last = word(header + HEADER.body) + RECORD.bytes * (word(header + HEADER.count) - 1), override = isPredicted ? halves[(last + RECORD.override) >> 1]! : 0;
    const isAlone = ending === ENDING.stop;
    return {
      cost: word(header + HEADER.cost), behind: isAlone ? 0 : word(header + HEADER.behind), whole: isAlone ? word(header + HEADER.whole) : null, taken: isBranch ? halves[(last + RECORD.takenCost) >> 1]! : 0,
      round: hasRound ? word(last + RECORD.round) : 0, behindMax: hasRound ? halves[(last + RECORD.behindMax) >> 1]! : 0, breaks: (override & 1) !== 0, override: override >> 1,
    };
  }
  private take(bytes: number): number { const at = this.next; this.next += bytes; return at; }
  private threadAt(lo: i32, hi: i32): Thread {
    const va = vaOf(lo, hi);
    let thread = this.byAddress.get(va);
    if (thread !== undefined) return thread;
    const kept = this.keptCode === null ? NONE_KEPT : this.keptCode.headerOf(va);
    if (kept === NONE_KEPT) thread = Thread.of(this.words, this.take(HEADER.bytes), lo, hi);
    else {
      thread = new Thread(this.words, kept);
      thread.takeOver(null, 0);
    }
    this.byAddress.set(va, thread);
    return thread;
  }
  /** Where branches to an address go, whatever is there. */
  private headerAt(lo: i32, hi: i32): number {
    const kept = this.keptCode === null ? NONE_KEPT : this.keptCode.headerOf(vaOf(lo, hi));
    return kept === NONE_KEPT ? this.threadAt(lo, hi).at : kept;
  }
  /** The memory for records is full: all begins anew. */
  private dropAll(): void {
    for (const block of this.byBody.values()) this.forget(block);
    this.byAddress.clear(); this.byBody.clear();
    this.apart.length = 0;
    this.keptCode = this.keeper = null;
    this.alone.clear(); this.far.clear();
    this.mayBeKept = false;
    this.support.unregisterAll(SLOT_OF_THREADS);
    this.next = RECORDS.at;
    this.seldom = 0; // They begin to count anew: so large a program would never come to a generation.
  }

  // — code of an earlier run —
  /** The header of what an earlier run left for an address, if it can be entered, negative if it stands alone (`performAlone`); 0: there is none, or a block was made of it. */
  kept(lo: i32, hi: i32, left: number): number {
    const code = this.keptCode ?? this.openKept();
    if (code === null || code.isOver) return NONE_KEPT;
    const page = code.pageOf(lo, hi);
    if (page === undefined || (page.epoch !== this.mmu.epoch && !this.openPage(code, page, lo, hi))) return NONE_KEPT;
    const header = code.find(page, lo, hi), { words } = this, origin = header === NONE_KEPT ? 0 : words[(header + HEADER.origin) >> 2]!;
    if (origin === 0) return NONE_KEPT;
    if (this.straddles(header)) { if (!this.openStraddling(code, header)) return NONE_KEPT; }
    else if ((origin & LOOKS_FAR) !== 0) {
      if (!this.looksAsBefore(code, header)) return NONE_KEPT;
      this.openHeader(header, true);
    }
    if (endingOf(origin) === ENDING.stop) {
      if (this.isAlone(header)) return -header;
      this.blockOf(header);
      return NONE_KEPT;
    }
    if (words[(header + HEADER.count) >> 2]! > left || words[(header + HEADER.countdown) >> 2]! <= 0) { this.blockOf(header); return NONE_KEPT; }
    this.support.register(lo, hi, SLOT_OF_THREADS, header);
    return header;
  }
  /** What is executed often is better off as a block. */
  private isAlone(header: number): boolean {
    const { words } = this;
    return words[(header + HEADER.body) >> 2]! !== 0 && (words[(header + HEADER.countdown) >> 2]! -= 1) >= -ALONE_MAX;
  }
  /** Performs a header's instruction without a block. Gives its outcome; null: it traps, and nothing was done, which a block of it will. */
  performAlone(header: number): number | null {
    const { words, interpreter: m } = this, r = m.state.r32, word = (offset: number): number => words[(header + offset) >> 2]!, lo = word(HEADER.address), hi = word(HEADER.address + 4), next = (lo + word(HEADER.length)) | 0;
    r[RIP] = next; r[RIP + 1] = next >>> 0 < lo >>> 0 ? (hi + 1) | 0 : hi;
    m.block = NOTHING;
    try {
      const { instruction, semantics } = implicitOf(word(HEADER.body), word(HEADER.length));
      return m.performOne(semantics, instruction);
    } catch (thrown) {
      if (thrown !== TRAP) throw thrown;
      m.abandon();
      r[RIP] = lo; r[RIP + 1] = hi;
      this.blockOf(header);
      return null;
    }
  }
  /** Parts of a cycle that it takes: `isWhole`, with going elsewhere. */
  aloneCost(header: number, isWhole: boolean): number { return this.words[(header + (isWhole ? HEADER.cost : HEADER.whole)) >> 2]!; }
  private openKept(): KeptCode | null {
    const { awaited, words } = this, store = this.store!;
    this.mayBeKept = false;
    if (awaited === null || this.cache.mayStop || this.next !== RECORDS.at) return null;
    const room = KeptCode.room(this.interpreter.state.memory.u8), bytes = room.subarray(0, store.read(room));
    if (!KeptCode.isLike(bytes, store.key) || !this.begin(awaited, KeptCode.formsIn(bytes))) return null;
    const code = this.keptCode = KeptCode.in(words, (from, to) => this.support.digest(from, to));
    if (code === null) return null;
    this.mayBeKept = true;
    this.next = code.end;
    this.stats.kept = code.blocks;
    return code;
  }
  private get keptEnd(): number { return this.keptCode?.end ?? 0; }
  /** The code of a page can be entered from now on, if its bytes are those it was made of. */
  private openPage(code: KeptCode, page: KeptPage, lo: i32, hi: i32): boolean {
    const { mmu, support } = this, frame = mmu.look(lo, hi) & PAGE_MASK, isNew = page.frame !== frame;
    // Where nothing can be fetched, whoever fetches is to see it first.
    if (frame === NOWHERE || frame === page.badFrame || mmu.probe(lo, hi, ACCESS.execute) === -1) return false;
    if (isNew) {
      // Its blocks go on as they are where they were executed.
      this.takeEntered(code, page);
      if (!code.isSame(page, this.digestOf(frame))) { page.badFrame = frame; return false; }
      page.frame = frame;
      this.cache.hold(frame);
    }
    mmu.noteFetch(lo, hi);
    if (!page.wasOpened) page.since = support.instructions;
    support.openHeaders(code.header(page.first), code.endOf(page), page.wasOpened ? AS_BEFORE : this.hotNow - 1);
    page.wasOpened = true;
    page.epoch = mmu.epoch;
    return true;
  }
  private openHeader(header: number, isFirst: boolean): void {
    const { words } = this;
    if (isFirst) words[(header + HEADER.countdown) >> 2] = this.hotNow - 1;
    words[(header + HEADER.epoch) >> 2] = this.mmu.epoch;
  }
  private straddles(header: number): boolean { return (this.words[(header + HEADER.address) >> 2]! & ~PAGE_MASK) + this.words[(header + HEADER.length) >> 2]! > PAGE_BYTES; }
  /** What lies in two pages can be entered until one of them changes, or is another. */
  private openStraddling(code: KeptCode, header: number): boolean {
    const { words, cache, mmu } = this, lo = words[(header + HEADER.address) >> 2]!, hi = words[(header + HEADER.address + 4) >> 2]!, second = cache.secondPage(lo, hi), isFirst = !this.far.has(header);
    // Whoever fetches is to see first that nothing can be.
    if (second === -1 || (isFirst && !this.looksAsBefore(code, header))) return false;
    const { lo: nextLo, hi: nextHi, pa } = this.far.get(header)![0]!;
    if (pa !== second) { this.drop(header); return false; }
    mmu.noteFetch(nextLo, nextHi);
    cache.hold(second);
    if (words[(header + HEADER.origin) >> 2] !== ORIGIN_OF_STOP) this.openHeader(header, isFirst);
    return true;
  }
  /** Nothing of it is to be used: it is decoded, if it is wanted. */
  private drop(header: number): void { new Thread(this.words, header).takeOver(null, 0); }
  /** Whether a block that is to be entered for the first time finds, far away, what its times were worked out from. If not, it is dropped. */
  private looksAsBefore(code: KeptCode, header: number): boolean {
    const { cache, words } = this, seen: FarCode[] = [];
    for (const { lo, hi, digest } of code.farOf(header)) {
      const far = cache.farCode(lo, hi);
      if ((digest === null) !== (far.page === null) || digest?.every((word, k) => word === words[this.digestOf(far.pa) + k]) === false) { this.drop(header); return false; }
      seen.push(far);
    }
    words[(header + HEADER.origin) >> 2]! &= ~LOOKS_FAR;
    this.far.set(header, seen);
    return true;
  }
  /** Of a frame: the word it begins at. */
  private digestOf(frame: Pa): number { return this.support.digest(frame, frame + PAGE_BYTES); }
  /** Bytes of it are about to change: what was executed goes on in the times it was executed in, unless all of it goes; but for what is at work. */
  private closeFrame(frame: Pa, isWhole: boolean): void {
    const code = this.keptCode;
    if (code === null || code.isOver) return;
    if (this.atWork !== NO_RECORD) this.ofRecord(this.atWork);
    for (const page of code.pages.values()) if (page.frame === frame) {
      if (!isWhole) this.takeEntered(code, page);
      page.frame = -1;
      this.closePage(code, page);
    }
    for (const [header, [second]] of this.far) if (second?.pa === frame && this.words[(header + HEADER.origin) >> 2] !== 0 && this.straddles(header)) this.drop(header);
  }
  private closePage(code: KeptCode, page: KeptPage): void {
    page.epoch = -1;
    for (let at = code.header(page.first), end = code.endOf(page); at < end; at += HEADER.bytes) if (this.words[(at + HEADER.origin) >> 2] !== 0) this.words[(at + HEADER.epoch) >> 2] = NO_EPOCH;
  }
  /** What of a page was executed becomes blocks, whether or not it is mapped now. */
  private takeEntered(code: KeptCode, page: KeptPage): void {
    if (page.frame === -1) return;
    for (let at = code.header(page.first), end = code.endOf(page); at < end; at += HEADER.bytes) if (this.wasEntered(at)) {
      // Its times depend on nothing but its bytes.
      if (this.straddles(at)) this.drop(at); else this.blockOf(at, page.frame | (this.words[(at + HEADER.address) >> 2]! & ~PAGE_MASK));
    }
  }
  /** What is executed becomes a block: whoever wants to know more of it than how to go on. @param pa where its first byte is; null: where it can be fetched */
  private blockOf(header: number, pa: Pa | null = null): Block {
    const { words, cache } = this, word = (offset: number): number => words[(header + offset) >> 2]!, lo = word(HEADER.address), hi = word(HEADER.address + 4);
    const block = cache.again(lo, hi, pa ?? this.paOf(lo, hi), this.timesOf(header));
    assert(block !== null && block.instructions.length === word(HEADER.count) && block.bytes === word(HEADER.length), 'kept code is not what its page says');
    block.far = this.far.get(header) ?? block.far;
    if (block.ending === ENDING.stop) { this.drop(header); return block; }
    const thread = new Thread(words, header), page = this.keptCode!.pageOf(lo, hi)!;
    thread.takeOver(block, block.hotAt - 1);
    block.thread = thread; block.since = page.since;
    for (const { lo: to, hi: toHi } of this.keptCode!.targetsOf(header)) block.noteTarget(to, toHi);
    this.byAddress.set(vaOf(lo, hi), thread);
    this.byBody.set(thread.body, block);
    return block;
  }
  /** Of code that is being executed. */
  private paOf(lo: i32, hi: i32): Pa {
    const pa = this.mmu.probe(lo, hi, ACCESS.execute);
    assert(pa !== -1, 'code is executed that cannot be fetched');
    return pa;
  }
  /** Whoever compiles a block looks for those around it. */
  private seen(lo: i32, hi: i32): Block | null {
    const code = this.keptCode, page = code?.pageOf(lo, hi);
    if (code === null || page === undefined || code.isOver || page.epoch !== this.mmu.epoch) return null;
    const header = code.find(page, lo, hi);
    if (header === NONE_KEPT || !this.wasEntered(header) || this.words[(header + HEADER.epoch) >> 2] !== this.mmu.epoch) return null;
    this.blockOf(header);
    return this.cache.at(lo, hi, this.paOf(lo, hi));
  }
  private wasEntered(header: number): boolean {
    const origin = this.words[(header + HEADER.origin) >> 2]!;
    return origin !== 0 && (origin & LOOKS_FAR) === 0 && origin !== ORIGIN_OF_STOP && this.words[(header + HEADER.countdown) >> 2]! < this.hotNow - 1;
  }
  /** Nothing of it is entered any more; blocks that are made of it go on. */
  private closeKept(code: KeptCode): void {
    for (const page of code.pages.values()) { this.takeEntered(code, page); this.closePage(code, page); }
    code.isOver = true;
  }
  /** Its handlers go: what was executed is translated anew, what was not is decoded if it is wanted. */
  private leaveKept(code: KeptCode): void {
    if (!code.isOver) this.closeKept(code);
    code.isLeft = true;
    for (const [body, block] of [...this.byBody]) {
      if (body >= code.end || block.thread?.body !== body) continue;
      this.translateAnew(block);
    }
  }

  // — code for a later run —
  /** How many new blocks make it worth writing. */
  private get least(): number {
    const { store, keptCode } = this, usual = store?.least ?? FRESH_MIN;
    if (keptCode === null) return usual;
    return keptCode.writes < WRITES_FEW ? Math.min(usual, FRESH_FEW) : Math.max(usual, keptCode.blocks / FRESH_SHARE);
  }
  /** A program that has handlers generated is no short one: most of its code would be translated anew for these all the same. */
  private get isWorthKeeping(): boolean {
    return this.store !== null && this.run !== null && this.stats.generations === 0 && this.cache.fresh >= this.least
      && this.next <= RECORDS.at + KEEP_BYTES_MAX && this.keptEnd <= RECORDS.at + KEPT_BYTES_MAX / 2;
  }
  private gather(page: CodePage, frame: Pa): void {
    const byPage = new Map<Va, KeptBlock[]>();
    for (const block of page.blocks.values()) {
      if (!isKeepable(block) || (block.pa & PAGE_MASK) !== frame) continue;
      const far = this.cache.farOf(block);
      if (!far.every(seen => this.cache.isAsSeen(seen))) continue;
      // Nothing is dropped to make room: records may be at work.
      const isThreaded = block.ending !== ENDING.stop;
      if (isThreaded && block.thread === null && !this.hasRoom(block.instructions.length)) continue;
      const { lo, hi, instructions, pace, bytes, ending, targets } = block, va = vaOf(lo & PAGE_MASK, hi), blocks = byPage.get(va) ?? [], keeper = this.keeper ??= new CodeKeeper(this.words);
      const step = isThreaded ? keeper.stepsOf(block) : NO_RECORD;
      if (step === null) continue;
      const body = isThreaded ? (block.thread ?? this.translate(block, UNKNOWN_RULE)).body : implicitNumber(instructions[0]!);
      blocks.push({ lo, hi, body, count: instructions.length, cost: pace.cost, behind: isThreaded ? pace.behind : pace.front(1), bytes, ending, targets, far: far.map(seen => this.farPage(seen)), step });
      byPage.set(va, blocks);
    }
    if (byPage.size === 0) return;
    const digest = this.wholeDigest(frame);
    for (const [va, blocks] of byPage) this.keeper!.add(va, page.order, digest, blocks);
  }
  private wholeDigest(frame: Pa): readonly number[] {
    const at = this.digestOf(frame);
    return [...this.words.subarray(at, at + DIGEST_WORDS)];
  }
  private farPage({ lo, hi, pa, page }: FarCode): FarPage { return { lo, hi, digest: page === null ? null : this.wholeDigest(pa) }; }
  /** Leaves what this run has translated to the next. After it there is no run. */
  keep(): void {
    const { store, awaited } = this;
    if (store === null) return;
    // What ended before it was translated is so now: its next start is quicker by that.
    if (this.run === null && awaited !== null && this.cache.fresh >= this.least && !this.cache.mayStop) this.begin(awaited);
    if (!this.isWorthKeeping) return;
    for (const [page, frame] of this.cache.all()) if (!page.wasWritten) this.gather(page, frame);
    if (this.keeper === null) return;
    if (this.keptCode !== null) this.keeper.addEarlier(this.keptCode);
    if (this.keeper.blocks - (this.keptCode?.blocks ?? 0) < this.least) return;
    const bytes = this.keeper.pack(store.key, this.translator.firstHandlers, (this.keptCode?.writes ?? 0) + 1);
    if (bytes === null) return;
    const { memory } = this.interpreter.state, view = new Int32Array(bytes.buffer);
    memory.u8.set(bytes, RECORDS.at);
    const at = this.support.digest(RECORDS.at + KEPT.key, RECORDS.at + bytes.length);
    view.set(this.words.subarray(at, at + DIGEST_WORDS), KEPT.digest >> 2);
    store.write(bytes);
  }

  // — generation —
  private get hotNow(): number { return this.isEarly && this.hotRuns !== NEVER ? Math.min(this.hotRuns, HOT_EARLY_RUNS) : this.hotRuns; }
  /** With handlers made in advance. @param forms the first so many are enough */
  private begin(prebuilt: Prebuilt, forms = Infinity): boolean {
    this.awaited = null;
    if (!this.linkPrebuilt(prebuilt, forms <= prebuilt.few)) { this.wait = this.options.wait; return false; }
    this.begun = prebuilt;
    this.isEarly = true;
    this.seldom = CALL_COUNTED * CALLS_COUNTED_MAX;
    this.wait = EARLY_CALLS_MAX;
    this.cache.hotRuns = this.hotNow;
    return true;
  }
  /** false: there is no such module. */
  private linkPrebuilt(prebuilt: Prebuilt, hasFew: boolean): boolean {
    const usual = threadsName(this.clock.isTimed, this.clock.isDetailed), name = hasFew ? fewName(usual) : usual, module = prebuilt.module(name);
    if (module === null) return false;
    const optimised = prebuilt.optimised(name);
    let primitives: readonly PrimitiveExample[] | null = null;
    this.support.primitives.expect(place => primitiveOf((primitives ??= prebuilt.primitives)[place]!));
    this.hasFew = hasFew; this.isSlow = optimised === null;
    this.prebuiltUntil = this.isSlow ? SLOW_INSTRUCTIONS : PREBUILT_INSTRUCTIONS;
    this.link(optimised ?? prebuilt.compileOnce(module));
    return true;
  }
  private link(module: WebAssembly.Module): void {
    this.module = module;
    this.run = this.support.instantiate(module).exports['run'] as (header: number) => number;
  }
  private generate(): void {
    const start = Date.now(), module = new ModuleWriter();
    this.translator.forms.forget();
    if (this.keptCode?.isLeft === false) this.leaveKept(this.keptCode);
    for (const block of this.apart.splice(0)) if (block.isValid && block.thread !== null) this.translateAnew(block);
    declareImports(module, this.clock.isDetailed ? 'detailed' : this.clock.isTimed ? 'timed' : 'usual', this.support.memoryBytes);
    this.hasFew = false;
    this.lowering ??= new ThreadedLowering(this.support, SLOT_OF_THREADS, this.clock.profile, this.clock.isDetailed);
    const index = module.function(this.support.functionType, this.lowering.writeFunction(this.translator.forms.rows));
    module.element(SLOT_OF_THREADS, [index]);
    module.exportFunction('run', index);
    const bytes = module.bytes();
    const { prebuilt } = this.support;
    this.isSlow &&= this.interpreter.state.f64[STATE.threaded >> 3]! <= SLOW_INSTRUCTIONS;
    this.isEarly &&= this.isSlow;
    if (!this.isSlow) this.prebuiltUntil = Infinity;
    this.cache.hotRuns = this.hotNow;
    this.link(this.isSlow ? prebuilt!.compileOnce(bytes) : new WebAssembly.Module(bytes));
    if (this.isSlow) this.wait = EARLY_CALLS_MAX; else { this.wait = this.nextWait; this.nextWait *= WAIT_GROWTH; this.seldom = 0; }
    this.stats.generations += 1; this.stats.handlers = this.lowering.handlerCount; this.stats.wasmBytes = bytes.length; this.stats.milliseconds += Date.now() - start;
  }

  /** Of what an earlier run left, as long as nobody needs its block: to decode it would take longer than to perform all of it. null: its block is needed. */
  private aloneAt(record: number): Called | null {
    const { words } = this, index = this.halves[(record + RECORD.place) >> 1]! & PLACE_MASK;
    if (!this.isNobodys(record, index)) return null;
    const known = this.alone.get(record);
    if (known !== undefined) return known;
    const step = this.keptCode!.step(record, index), { hi } = step;
    if (index === step.count - 1) return null;
    const lo = (step.lo + step.offset) | 0, pa = this.paOf(lo, hi);
    const { instruction, semantics } = this.implicitAt(record, (words[(record + RECORD.nextAddress) >> 2]! - lo) | 0) ?? this.decoded(pa);
    const alone: Called = { block: NOTHING, index, instruction, semantics, nextLo: (lo + instruction.length) | 0, nextHi: hi };
    this.alone.set(record, alone);
    return alone;
  }
  private decoded(pa: Pa): Implicit {
    const instruction = decode(this.interpreter.state.memory.u8, pa, (pa & PAGE_MASK) + PAGE_BYTES);
    assert(instruction !== null, 'kept code is not what its page says');
    return { instruction, semantics: this.cache.semanticsOf(instruction) };
  }
  /** null: it is to be decoded. */
  private implicitAt(record: number, length: number): Implicit | null {
    // Where nothing but its handler is known, more may be wanted of it.
    const { halves } = this, number = halves[(record + RECORD.handler) >> 1] === HANDLER.call ? 0 : halves[(record + RECORD.implicit) >> 1]!;
    return (number & 1) === 0 ? null : implicitOf(number, length);
  }
  private inBlock(record: number): Called {
    const { block, index } = this.ofRecord(record), instruction = block.instructions[index]!;
    return { block, index, instruction, semantics: block.semantics[index]!, nextLo: (block.lo + block.offsetOf(index) + instruction.length) | 0, nextHi: block.nextHi };
  }
  /** Performs the instruction of a record. Gives one of CALLED. */
  private perform(record: number): number {
    const { block, index, instruction, semantics, nextLo, nextHi } = this.aloneAt(record) ?? this.inBlock(record), { interpreter: m, mmu } = this, r = m.state.r32, { misses } = mmu;
    r[RIP] = nextLo; r[RIP + 1] = nextHi;
    m.block = block;
    if (block === NOTHING) this.atWork = record;
    try {
      m.begin();
      semantics(m, instruction);
    } catch (thrown) {
      this.atWork = NO_RECORD;
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      m.abandon();
      if (thrown === FAULT) this.support.hasFaulted = true;
      // The interpreter will do it again, and count again.
      else mmu.misses = misses;
      return CALLED.gaveUp;
    }
    this.atWork = NO_RECORD;
    const { outcome } = m;
    m.outcome = OUTCOME.next;
    if (outcome === OUTCOME.trapped) return CALLED.gaveUp;
    if (outcome > OUTCOME.jumped) { this.support.helped = outcome; return CALLED.gaveUp; }
    // What is alone is no block's last.
    if (index === block.instructions.length - 1) this.clock.end(block, outcome === OUTCOME.jumped, r[RIP]!);
    this.stats.calls += 1;
    if (outcome === OUTCOME.jumped) return CALLED.jumped;
    if (this.isWanted(record, semantics, instruction)) this.wait -= 1;
    if (this.wait > 0 || index === block.instructions.length - 1) return CALLED.next;
    // There is enough to generate anew: that needs nothing of the old on the stack.
    this.support.helped = OUTCOME.cut;
    return CALLED.gaveUp;
  }
  /** Whether another generation would have a handler for what was called, and it is called so often that it lies in a loop. */
  private isWanted(record: number, semantics: Semantics, i: Instruction): boolean {
    const { halves } = this, place = (record + RECORD.place) >> 1;
    if (halves[place]! < this.seldom) { halves[place] += CALL_COUNTED; return false; }
    const handler = halves[(record + RECORD.handler) >> 1]!, form = this.translator.forms.rows[handler - HANDLER.firstForm];
    if (form !== undefined) return !form.isWritten && !form.isPrebuilt;
    // What was kept has no form; but with one, a handler could be generated. If it has a handler, that is what calls.
    return handler === HANDLER.call && record < this.keptEnd && this.translator.shapeOf(semantics, i) !== null;
  }
}

/** Of an instruction that calls it: whoever needs one needs its code. */
function primitiveOf({ name, example }: PrimitiveExample): Primitive {
  const instruction = decodeExample(example), found = useOf(semanticsOf(instruction), instruction).floats.find(primitive => primitive.name === name);
  assert(found !== undefined, `${example} does not call ${name}`);
  return found;
}
