/** The processor: fetches blocks, has them performed, counts, and returns to its caller for everything a kernel does. */
import { CYCLES_OF, RECORDS, SLOT, STATE, type LinearMemory } from '../base/layout.ts';
import type { i32, Va } from '../base/types.ts';
import { WORD, isCanonical } from '../base/words.ts';
import { NOT_CANONICAL, type PageFault } from '../mmu/fault.ts';
import { decode } from '../decoder/decode.ts';
import { NONE, PREFIX, type Instruction } from '../decoder/instruction.ts';
import { ACCESS, type Mmu } from '../mmu/mmu.ts';
import type { KernelCause } from '../timing/causes.ts';
import { CYCLE_PARTS } from '../timing/pace.ts';
import { Costs, type Timing } from '../timing/costs.ts';
import type { Environment } from '../timing/environments.ts';
import { Caches } from '../timing/caches.ts';
import { Predictor } from '../timing/predictor.ts';
import type { Profile } from '../timing/profile.ts';
import { ZEN3 } from '../timing/profiles/zen3.ts';
import { BlockCache, ENDING, NOTHING, type Block, type Target } from './block.ts';
import { BlockClock } from './clock.ts';
import { CpuModel, type ModelName } from './cpuid.ts';
import { FAULT, Interpreter, OUTCOME, TRAP } from './interpret.ts';
import { isTrap, TF, VECTOR } from './ops.ts';
import { Regions } from './compile/regions.ts';
import { LEFT } from './generated/ground.ts';
import { type Prebuilt, Support } from './generated/support.ts';
import { CpuState, FXSAVE_BYTES, RSP } from './state.ts';
import { AREA } from './x87/xsave.ts';
import { NEVER, type ThreadedOptions, Threads } from './threaded/threads.ts';

/** Why the CPU came back. RIP is the faulting instruction for faults, the next one after a system call or INT3. */
export type Exit =
  | { readonly reason: 'syscall' }
  | { readonly reason: 'page-fault'; readonly fault: PageFault }
  /** `isStep`: #DB because TF was set. */
  | { readonly reason: 'exception'; readonly vector: number; readonly isStep?: boolean }
  /** A breakpoint at RIP, not yet executed. */
  | { readonly reason: 'stop' }
  | { readonly reason: 'budget' };

const SYSCALL: Exit = Object.freeze({ reason: 'syscall' });
const STOP: Exit = Object.freeze({ reason: 'stop' });
const BUDGET: Exit = Object.freeze({ reason: 'budget' });
const STEPPED: Exit = Object.freeze({ reason: 'exception', vector: VECTOR.debug, isStep: true });
const EXCEPTIONS: readonly Exit[] = Array.from({ length: 32 }, (_, vector) => Object.freeze({ reason: 'exception', vector } as const));

/** Who performs: the interpreter alone; it and one of what is generated from the same score; or whichever is best for code of its age. */
export type Engine = 'interpret' | 'threaded' | 'compile' | 'auto';
export interface CpuOptions {
  readonly engine?: Engine;
  readonly timing?: Timing;
  /** Where the kernel runs, and whether it mitigates what the processor leaks. */
  readonly environment?: Environment;
  readonly mitigates?: boolean;
  /** Whose times are counted; absent: a Zen 3's. */
  readonly profile?: Profile;
  /** Executions after which a block is compiled, from the first instruction on. Absent: as suits programs that may end soon. */
  readonly hotRuns?: number;
  readonly threaded?: Partial<ThreadedOptions>;
  /** What need not be generated; made for the profile that is usual. */
  readonly prebuilt?: Prebuilt;
  /** What CPUID reports. */
  readonly model?: ModelName;
  /** 32 random bits a call: RDRAND's. */
  readonly random?: () => number;
}
/** What the interpreter performs is worth compiling sooner than what is threaded. */
const HOT_RUNS = 150, HOT_THREADED_RUNS = 20_000;
/** A program that ends before it has executed so many instructions is hardly worth compiling: interpreted, or threaded. */
const HOT_FROM = 40_000, HOT_THREADED_FROM = 2_500_000;
/** Making the threaded interpreter, and V8's optimising it in the background, takes the time of so many interpreted instructions. */
const LATER: ThreadedOptions = { runs: 1, wait: 60_000, bytes: RECORDS.end - RECORDS.at };
/** Where nothing else makes code fast. */
const SOON: ThreadedOptions = { ...LATER, wait: 20_000 };

const DONE = -1, NO_HEADER = 0;
const NOWHERE = -1;
const RIP = 2 * SLOT.rip, EFLAGS = STATE.eflags >> 2;
const RBP = 5, STACK_OPERATIONS: ReadonlySet<string> = new Set(['push', 'pop', 'pushf', 'popf', 'call', 'ret', 'enter', 'leave', 'iret', 'retf']);
const STATE_LEFT = STATE.left >> 2, STATE_SITE = STATE.site >> 2, STATE_BEHIND = STATE.behind >> 2;
const THREADED = STATE.threaded >> 3, CYCLES = STATE.cycles >> 3, INSTRUCTIONS = STATE.instructions >> 3;

export class Cpu {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly costs: Costs;
  readonly predictor: Predictor;
  readonly blocks: BlockCache;
  private readonly clock: BlockClock;
  /** With detailed timing only. */
  readonly caches: Caches | null;
  private readonly interpreter: Interpreter;
  private readonly pageFault: Exit;
  private readonly support: Support | null;
  private readonly threads: Threads | null;
  private readonly regions: Regions | null;
  /** A breakpoint that was stopped at, and whose instruction has not been executed since. */
  private passing: Va = NOWHERE;
  private takenOver = NOTHING;
  /** Where the last budget ended in a block that had begun: the block's address, the instruction (-1: it did not), the epoch. */
  private cutLo = 0;
  private cutHi = 0;
  private cutIndex = -1;
  private cutEpoch = 0;
  /** Where the last fault was in a block that had begun: the block's address, the instruction (-1: it did not). */
  private faultedLo = 0;
  private faultedHi = 0;
  private faultedIndex = -1;
  /** The last run ended with its budget. */
  private wasCutShort = false;
  /** The last block that was taken over had not begun: the budget was too small for it. */
  private wasRefused = false;
  private generatedInstructions = 0;
  private isStepping = false;

  constructor(memory: LinearMemory, mmu: Mmu, options: CpuOptions = {}) {
    this.state = new CpuState(memory);
    this.mmu = mmu;
    this.costs = new Costs(options.timing, options.environment, options.mitigates, options.profile);
    const { profile, environment, isTimed, isDetailed } = this.costs, caches = isDetailed ? new Caches(memory, profile.memories, environment) : null;
    const prebuilt = profile === ZEN3 ? options.prebuilt ?? null : null;
    this.predictor = new Predictor(memory, profile, prebuilt);
    this.caches = caches;
    if (caches !== null) { mmu.onRoot = root => { caches.enter(root); }; caches.enter(mmu.root); }
    this.clock = new BlockClock(this.state, this.predictor, isTimed ? profile : null, caches);
    const engine = options.engine ?? 'auto', hotRuns = engine === 'threaded' ? NEVER : options.hotRuns ?? HOT_RUNS;
    this.interpreter = new Interpreter(this.state, mmu, isTimed, profile);
    this.interpreter.caches = caches;
    if (options.model !== undefined) this.interpreter.model = new CpuModel(options.model);
    this.blocks = new BlockCache(memory, mmu, this.costs, hotRuns, this.model.hasXsave);
    this.state.extendedBytes = this.model.hasXsave ? AREA.bytes : FXSAVE_BYTES;
    if (options.random !== undefined) this.interpreter.random = options.random;
    this.pageFault = Object.freeze({ reason: 'page-fault', fault: mmu.fault } as const);
    const support = engine === 'interpret' ? null : new Support(this.interpreter, mmu, prebuilt, this.costs.isTimed ? this.predictor : null);
    this.support = support;
    this.threads = support === null || engine === 'compile' ? null : new Threads(support, this.blocks, this.interpreter, this.clock,
      engine === 'threaded' ? NEVER : options.hotRuns ?? HOT_THREADED_RUNS, { ...(engine === 'threaded' ? SOON : LATER), ...options.threaded });
    this.regions = support === null || engine === 'threaded' ? null : new Regions(support, mmu, this.blocks, this.clock.profile, isDetailed, options.hotRuns !== undefined ? 0 : this.threads === null ? HOT_FROM : HOT_THREADED_FROM);
  }
  get model(): CpuModel { return this.interpreter.model; }
  /** Somebody beside the interpreter performs instructions. */
  get isGenerating(): boolean { return this.support !== null; }
  setBreakpoint(at: Va): void { this.blocks.setBreakpoint(at); }
  clearBreakpoint(at: Va): void { this.blocks.clearBreakpoint(at); }

  /** The next run gets past the breakpoint at RIP: as after stopping there. false: it stops even there. */
  passBreakpoint(passes = true): void { this.passing = passes ? this.state.rip : NOWHERE; }

  /** Runs at most `budget` instructions. A breakpoint stops it before its instruction, once: the run after that gets past it. */
  run(budget: number): Exit {
    if ((this.state.eflags & TF) !== 0 && !this.isStepping) return this.step();
    const { interpreter: m, support, blocks } = this, threads = this.isStepping ? null : this.threads, r = this.state.r32, f64 = this.state.f64;
    const isAlone = support === null;
    // Where the last budget ended is no place of the program's: it does not count as hot.
    let start = 0, isCounted = !this.wasCutShort;
    let left = budget, counted = budget, cycles = 0, mayStop = this.state.rip !== this.passing;
    let exit: Exit | null = null;
    let block = NOTHING;
    try {
      while (left > 0) {
        const lo = r[RIP], hi = r[RIP + 1];
        const begun = this.cutIndex < 0 ? null : this.resumed(lo, hi), known = begun ?? blocks.known(lo, hi);
        let end: number;
        if (isAlone && known !== null && begun === null && known.stops.length === 0 && known.ending !== ENDING.stop && known.instructions.length <= left) {
          // The usual case of the interpreter alone: nothing is to be seen to but the instructions.
          block = known;
          start = 0; this.cutIndex = -1;
          end = block.instructions.length;
          this.clock.begin(block);
        } else {
          let hasBegun = begun !== null, isCompiled = false, header = known === null && threads !== null && threads.mayBeKept ? threads.kept(lo, hi, left) : NO_HEADER;
          if (header < NO_HEADER) {
            this.cutIndex = -1;
            f64[CYCLES] += cycles; cycles = 0; f64[INSTRUCTIONS] += counted - left; counted = left;
            const outcome = threads!.performAlone(-header);
            if (outcome === null) continue;
            left -= 1; cycles = threads!.aloneCost(-header, outcome === OUTCOME.next) / CYCLE_PARTS;
            isCounted = mayStop = true;
            if (outcome === OUTCOME.next) continue;
            exit = SYSCALL;
            break;
          }
          if (header === NO_HEADER) {
            const next = known ?? this.fetch(lo, hi);
            if (next === null) { exit = this.fault(null); break; }
            block = next;
            start = hasBegun ? this.cutIndex : 0;
            this.cutIndex = -1;
            if (mayStop && block.stops.length > 0 && block.stopFrom(start) === start) { exit = STOP; this.cut(block, start, hasBegun); break; }
            if (!hasBegun) {
              isCompiled = block.region !== null && !this.isStepping && this.regions!.register(block);
              if (!isCompiled && threads !== null && threads.isReady(block, left)) header = block.thread!.at;
            }
          } else this.cutIndex = -1;
          if (isCompiled || header !== NO_HEADER) {
            f64[CYCLES] += cycles; cycles = 0;
            r[STATE_LEFT] = left;
            const why = isCompiled ? support!.enter() : threads!.enter(header);
            const isAway = why === LEFT.gaveUpAtRecord && support!.hasFaulted && this.mmu.fault.address !== NOT_CANONICAL && this.takeFault();
            if (why !== LEFT.toUnknown && !isAway) start = this.takeOver(why === LEFT.gaveUpAtRecord);
            const done = left - r[STATE_LEFT];
            if (!this.costs.isTimed) cycles = done;
            this.generatedInstructions += done;
            left -= done;
            if (isAway) { exit = this.pageFault; break; }
            if (why !== LEFT.toUnknown && support!.hasFaulted) {
              support!.hasFaulted = false;
              this.faultIn(this.takenOver, this.wasRefused ? -1 : start);
              exit = this.fault(this.takenOver.instructions[start] ?? null);
              break;
            }
            if (start === DONE && (r[EFLAGS] & TF) !== 0 && !this.isStepping) break;
            if (why === LEFT.toUnknown || start === DONE) { mayStop = true; continue; }
            block = this.takenOver;
            hasBegun = !this.wasRefused;
            if (left === 0) { this.cut(block, start, hasBegun); continue; }
          } else if (isCounted && !hasBegun && !this.isStepping) {
            if (block.count() === block.hotAt && this.regions?.compile(block, f64[INSTRUCTIONS] + counted - left) === true) continue;
          }
          if (block.ending === ENDING.stop) { f64[CYCLES] += cycles; cycles = 0; f64[INSTRUCTIONS] += counted - left; counted = left; } // RDTSC, RDPMC and their like read them.
          if (!hasBegun) this.clock.begin(block);
          const last = block.stops.length === 0 ? block.instructions.length : block.stopFrom(mayStop ? start : start + 1);
          end = last - start < left ? last : start + left;
        }
        isCounted = mayStop = true;
        let k = m.perform(block, start, end);
        const outcome = m.outcome;
        if (outcome <= OUTCOME.jumped && k === block.instructions.length) {
          m.outcome = OUTCOME.next;
          left -= k - start; cycles += block.cost - block.costOf(start);
          if (!isAlone && block.ending >= ENDING.jumpIndirect && outcome === OUTCOME.jumped) block.noteTarget(r[RIP], r[RIP + 1]);
          this.clock.end(block, outcome === OUTCOME.jumped, r[RIP]);
          continue;
        }
        if (outcome === OUTCOME.trapped && !isTrap(m.vector)) k -= 1; // A fault: not done, so it does not count.
        left -= k - start; cycles += block.costOf(k) - block.costOf(start);
        m.outcome = OUTCOME.next;
        if (outcome <= OUTCOME.jumped) { this.cut(block, k, true); continue; }
        exit = this.leave(block, k, outcome);
        if (exit !== null || ((r[EFLAGS] & TF) !== 0 && !this.isStepping)) break;
      }
    } catch (thrown) {
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      const done = this.rewind(block);
      left -= done - start;
      cycles += block.costOf(done) - block.costOf(start);
      this.faultIn(block, done);
      exit = thrown === TRAP ? EXCEPTIONS[m.vector] : this.fault(block.instructions[done]!);
    }
    f64[CYCLES] += cycles;
    f64[INSTRUCTIONS] += counted - left;
    if (exit === STOP) this.passBreakpoint();
    else if (left < budget) this.passing = NOWHERE;
    this.wasCutShort = exit === null;
    return exit ?? BUDGET;
  }
  /**
   * Performs one instruction whose bytes [0, end) the caller has fetched from RIP, so that its page need not be executable. null: it is done, or one round of
   * its REP is. 'more': the bytes are no whole instruction. System calls are the caller's to refuse: nothing has happened then, and the vector is #UD.
   */
  perform(bytes: Uint8Array, end: number): Exit | 'more' | null {
    const i = decode(bytes, 0, end), { interpreter: m } = this, r = this.state.r32, lo = r[RIP], hi = r[RIP + 1];
    if (i === null) return 'more';
    if (i.operation === 'syscall') return EXCEPTIONS[VECTOR.undefined];
    const next = (lo + i.length) | 0;
    m.begin();
    m.block = NOTHING;
    r[RIP] = next;
    if ((next >>> 0) < (lo >>> 0)) r[RIP + 1] = (hi + 1) | 0;
    try {
      this.blocks.semanticsOf(i)(m, i);
    } catch (thrown) {
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      r[RIP] = lo; r[RIP + 1] = hi;
      m.abandon();
      return thrown === TRAP ? EXCEPTIONS[m.vector] : this.fault(i);
    }
    const { outcome } = m;
    m.outcome = OUTCOME.next;
    if (outcome === OUTCOME.again || (outcome === OUTCOME.trapped && !isTrap(m.vector))) { r[RIP] = lo; r[RIP + 1] = hi; }
    if (outcome === OUTCOME.trapped) return EXCEPTIONS[m.vector];
    if (outcome !== OUTCOME.again) this.state.f64[INSTRUCTIONS] += 1;
    return null;
  }
  /** What the MMU says of the instruction's access, or of fetching it. */
  private fault(i: Instruction | null): Exit {
    if (this.mmu.fault.address !== NOT_CANONICAL) return this.pageFault;
    this.interpreter.error = 0;
    return EXCEPTIONS[i !== null && this.isStackAccess(i) ? VECTOR.stack : VECTOR.protection];
  }
  /** RSP and RBP address the stack segment, unless an FS or GS prefix says otherwise (SDM vol. 3A §6.15, #SS). What has a memory operand beside the stack faults by that first. */
  private isStackAccess({ operands, operation }: Instruction): boolean {
    const operand = operands.find(o => o.kind === 'mem'), usesStack = STACK_OPERATIONS.has(operation);
    if (operand === undefined) return usesStack;
    const isOnStack = operand.segment === NONE && (operand.base === RSP || operand.base === RBP);
    if (!usesStack) return isOnStack;
    const m = this.interpreter, t = m.address(operand), lo = m.scratch.i32[t]! >>> 0, hi = m.scratch.i32[t + 1]!;
    m.begin();
    const isWhole = isCanonical(hi) && isCanonical(lo + operand.size > WORD ? (hi + 1) | 0 : hi);
    return isWhole || isOnStack;
  }
  /** The error code of the last exception that `run` came back with. */
  get errorCode(): number { return this.interpreter.error; }
  /** One instruction, performed by the interpreter whatever else there is for it. */
  runOne(): Exit {
    if ((this.state.eflags & TF) !== 0) return this.step();
    this.isStepping = true;
    try { return this.run(1); } finally { this.isStepping = false; }
  }
  /** With TF set: one instruction, and #DB after it. */
  private step(): Exit {
    this.isStepping = true;
    try {
      const exit = this.run(1);
      return exit === BUDGET ? STEPPED : exit;
    } finally { this.isStepping = false; }
  }

  /**
   * Generated code gave up before an instruction of `takenOver`: RIP goes there, and what of its block was counted in advance is taken back.
   * Returns the instruction's index, or DONE if the interpreter has nothing to do.
   */
  private takeOver(isThreaded: boolean): number {
    const { r32: r, f64 } = this.state, site = r[STATE_SITE], support = this.support!;
    this.wasRefused = site < 0;
    const { block, index } = isThreaded ? this.threads!.ofRecord(site) : this.regions!.placeOf(site < 0 ? ~site : site);
    // What a call has done all the same counts; after a REP that is not finished RIP stays.
    const { helped } = support, done = helped === OUTCOME.next ? index : index + 1;
    support.helped = OUTCOME.next;
    if (isThreaded) {
      f64[THREADED] -= block.instructions.length - done;
    }
    this.goBack(block, helped === OUTCOME.codeWritten || helped === OUTCOME.cut ? done : index);
    if (helped === OUTCOME.cut) this.cut(block, done, true);
    r[STATE_LEFT] += block.instructions.length - done;
    if (this.costs.isTimed) f64[CYCLES] -= block.cost - block.costOf(done);
    this.takenOver = block;
    return done === index ? index : DONE;
  }
  /**
   * The same of a page fault in what an earlier run left: no block is made of that. Where one was, this does nothing, and gives false.
   */
  private takeFault(): boolean {
    const { r32: r, f64 } = this.state, support = this.support!, step = support.helped === OUTCOME.next ? this.threads!.stepOf(r[STATE_SITE]) : null;
    if (step === null) return false;
    const { lo, hi, count, cost, index, offset, front } = step, undone = count - index;
    support.hasFaulted = false;
    f64[THREADED] -= undone;
    r[RIP] = (lo + offset) | 0; r[RIP + 1] = hi;
    r[STATE_LEFT] += undone;
    if (this.costs.isTimed) f64[CYCLES] -= (cost - front) / CYCLE_PARTS;
    this.faultIn({ lo, hi }, index);
    return true;
  }
  /** The budget ends before an instruction of a block: the next run goes on there, and what is counted for the block is what an uncut run counts. */
  private cut({ lo, hi }: Target, index: number, hasBegun: boolean): void {
    if (!hasBegun) return;
    this.cutLo = lo; this.cutHi = hi; this.cutIndex = index; this.cutEpoch = this.mmu.epoch;
  }
  /** The fault that the last run came back with was no event of the program's: the next run goes on in the block. */
  passFault(): void { this.cut({ lo: this.faultedLo, hi: this.faultedHi }, this.faultedIndex, this.faultedIndex >= 0); }
  private faultIn({ lo, hi }: Target, index: number): void { this.faultedLo = lo; this.faultedHi = hi; this.faultedIndex = index; }
  private resumed(lo: i32, hi: i32): Block | null {
    const { cutLo, cutHi, cutIndex } = this;
    if (this.cutEpoch !== this.mmu.epoch) return null;
    const block = this.blocks.known(cutLo, cutHi) ?? this.fetch(cutLo, cutHi);
    if (block === null || cutIndex >= block.instructions.length) return null;
    return ((block.lo + block.offsetOf(cutIndex)) | 0) === lo && (cutIndex === 0 ? block.hi : block.nextHi) === hi ? block : null;
  }
  /** What a run goes on from beside the registers, for whoever puts these back. */
  get cutting(): readonly number[] { return [this.cutLo, this.cutHi, this.cutEpoch === this.mmu.epoch ? this.cutIndex : -1, this.state.r32[STATE_BEHIND]!]; }
  set cutting([lo = 0, hi = 0, index = -1, behind = 0]: readonly number[]) {
    this.cutLo = lo; this.cutHi = hi; this.cutIndex = index; this.cutEpoch = this.mmu.epoch;
    this.state.r32[STATE_BEHIND] = behind;
  }
  /** The block at an address the table does not know yet, or null: `mmu.fault` says why. */
  private fetch(lo: i32, hi: i32): Block | null {
    const pa = this.mmu.probe(lo, hi, ACCESS.execute);
    return pa === -1 ? null : this.blocks.at(lo, hi, pa);
  }
  /** An instruction gave up in the middle: RIP goes back to it, and nothing of it counts. Returns how many before it are done. */
  private rewind(block: Block): number {
    const r = this.state.r32;
    let done = 0, at = block.lo;
    for (; ((at + block.instructions[done].length) | 0) !== r[RIP]; done++) at = (at + block.instructions[done].length) | 0;
    r[RIP] = at; r[RIP + 1] = block.hi;
    this.interpreter.abandon();
    return done;
  }
  /** The rarer ends of an instruction. null: go on. */
  private leave(block: Block, executed: number, outcome: number): Exit | null {
    if (outcome === OUTCOME.syscall) return SYSCALL;
    if (outcome === OUTCOME.codeWritten) return null;
    if (outcome === OUTCOME.again) { this.goBack(block, executed - 1); return null; }
    const { vector } = this.interpreter;
    if (!isTrap(vector)) this.goBack(block, executed);
    return EXCEPTIONS[vector];
  }
  /** RIP becomes the address of an instruction of the block. */
  private goBack(block: Block, index: number): void {
    this.state.r32[RIP] = (block.lo + block.offsetOf(index)) | 0;
    // Only an instruction that stands alone ends at a 4 GiB border.
    this.state.r32[RIP + 1] = index === 0 ? block.hi : block.nextHi;
  }
  /** Leaves translated code to a later run, where there is a store for it. The last thing to be done with a processor. */
  keepCode(): void { this.threads?.keep(); }
  /** How often generated code left work to us: helpers, primitives, TLB misses. */
  get calls(): number { return this.support?.calls ?? 0; }
  /** Instructions that the interpreter has performed. */
  get interpretedInstructions(): number { return this.state.instructions - this.generatedInstructions; }
  /** Cycles spent outside the program: system calls, faults, signals. */
  charge(cycles: number, cause: KernelCause): void {
    if (!this.costs.isTimed) return;
    this.state.drain();
    this.state.f64[CYCLES] += cycles;
    this.state.f64[CYCLES_OF[cause] >> 3] += cycles;
  }

  /** What was counted beside the architecture: it depends on the engine. `engine milliseconds` on the host, too. */
  stats(): readonly (readonly [name: string, value: number])[] {
    const { state, blocks, threads, regions, generatedInstructions, interpretedInstructions } = this, threaded = state.f64[THREADED]!;
    return [
      ['blocks decoded', blocks.built], ['blocks with VEX', blocks.countWith(PREFIX.vex)],
      ['instructions interpreted', interpretedInstructions], ['instructions threaded', threaded],
      ['instructions compiled', generatedInstructions - threaded],
      ['blocks kept before', threads?.stats.kept ?? 0], ['blocks threaded', threads?.stats.blocks ?? 0], ['forms met', threads?.stats.forms ?? 0], ['instructions called', threads?.stats.calls ?? 0],
      ['forms with handlers', threads?.stats.handlers ?? 0], ['generations', threads?.stats.generations ?? 0], ['handler bytes', threads?.stats.wasmBytes ?? 0],
      ['regions compiled', regions?.stats.regions ?? 0], ['regions dropped', regions?.stats.dropped ?? 0], ['region bytes', regions?.stats.wasmBytes ?? 0],
      ['engine milliseconds', Math.round((threads?.stats.milliseconds ?? 0) + (regions?.stats.milliseconds ?? 0))],
    ];
  }
}
