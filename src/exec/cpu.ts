/** The processor: fetches blocks, has them performed, counts, and returns to its caller for everything a kernel does. */
import { PAGE_MASK, SLOT, STATE, TLB, type LinearMemory } from '../base/layout.ts';
import type { i32, Va } from '../base/types.ts';
import type { PageFault } from '../mmu/fault.ts';
import { ACCESS, type Mmu } from '../mmu/mmu.ts';
import { Costs } from '../timing/costs.ts';
import { Predictor } from '../timing/predictor.ts';
import { BlockCache, type Block } from './block.ts';
import { FAULT, Interpreter, OUTCOME, TRAP } from './interpret.ts';
import { VECTOR } from './ops.ts';
import { CpuState } from './state.ts';

/** Why the CPU came back. RIP is the faulting instruction for faults, the next one after a system call or INT3. */
export type Exit =
  | { readonly reason: 'syscall' }
  | { readonly reason: 'page-fault'; readonly fault: PageFault }
  | { readonly reason: 'exception'; readonly vector: number }
  /** A breakpoint at RIP, not yet executed. */
  | { readonly reason: 'stop' }
  | { readonly reason: 'budget' };

const SYSCALL: Exit = Object.freeze({ reason: 'syscall' });
const STOP: Exit = Object.freeze({ reason: 'stop' });
const BUDGET: Exit = Object.freeze({ reason: 'budget' });
const EXCEPTIONS: readonly Exit[] = Array.from({ length: 32 }, (_, vector) => Object.freeze({ reason: 'exception', vector } as const));

const RIP = 2 * SLOT.rip;
const CYCLES = STATE.cycles >> 3, INSTRUCTIONS = STATE.instructions >> 3;
const TLB_WORDS = TLB.at >> 2, EXECUTE = TLB.execute >> 2, ADDEND = TLB.addend >> 2;

export class Cpu {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly costs = new Costs();
  readonly predictor: Predictor;
  readonly blocks: BlockCache;
  private readonly interpreter: Interpreter;
  private readonly pageFault: Exit;
  private readonly words: Int32Array;
  /** The instructions of the block at hand that are done: what a fault leaves behind is counted from it. */
  private done = 0;
  private current: Block | null = null;

  constructor(memory: LinearMemory, mmu: Mmu) {
    this.state = new CpuState(memory);
    this.mmu = mmu;
    this.words = memory.i32;
    this.predictor = new Predictor(memory);
    this.blocks = new BlockCache(memory, mmu, this.costs);
    this.interpreter = new Interpreter(this.state, mmu);
    this.pageFault = Object.freeze({ reason: 'page-fault', fault: mmu.fault } as const);
  }
  setBreakpoint(at: Va): void { this.blocks.setBreakpoint(at); }
  clearBreakpoint(at: Va): void { this.blocks.clearBreakpoint(at); }

  /** Runs at most `budget` instructions. A breakpoint at the very first one does not stop: whoever resumes wants to get past it. */
  run(budget: number): Exit {
    try {
      return this.interpret(budget);
    } catch (thrown) {
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      return this.unwind(thrown === TRAP);
    }
  }
  /** An instruction gave up in the middle: nothing of it counts, and RIP goes back to it. */
  private unwind(isTrap: boolean): Exit {
    const block = this.current!, r = this.state.r32;
    const lo = (block.lo + block.offsetOf(this.done)) | 0;
    r[RIP] = lo; r[RIP + 1] = block.hi;
    this.count(block, this.done);
    this.interpreter.abandon();
    if (isTrap) return EXCEPTIONS[this.interpreter.vector];
    return this.mmu.fault.address === -1 ? EXCEPTIONS[VECTOR.protection] : this.pageFault;
  }
  private count(block: Block, instructions: number): void {
    const f64 = this.state.f64;
    f64[INSTRUCTIONS] += instructions;
    f64[CYCLES] += instructions === block.instructions.length ? block.cost : block.costOf(instructions);
  }

  private interpret(budget: number): Exit {
    const r = this.state.r32, words = this.words, m = this.interpreter;
    let left = budget;
    let mayStop = false;
    while (left > 0) {
      const lo = r[RIP], hi = r[RIP + 1];
      const e = TLB_WORDS + (((lo >>> 12) ^ (lo >>> 22) ^ (hi << 3)) & (TLB.entries - 1)) * 8;
      const pa = words[e + EXECUTE] === (lo & PAGE_MASK) && words[e + EXECUTE + 1] === hi
        ? (lo + words[e + ADDEND]) | 0
        : this.mmu.fill(lo, hi, ACCESS.execute);
      const block = pa === -1 ? null : this.blocks.at(lo, hi, pa);
      if (block === null) return this.mmu.fault.address === -1 ? EXCEPTIONS[VECTOR.protection] : this.pageFault;
      if (block.stopsHere && mayStop) return STOP;
      mayStop = true;

      const { instructions, semantics } = block;
      const end = instructions.length < left ? instructions.length : left;
      this.current = block;
      r[RIP + 1] = block.nextHi;
      let k = 0;
      while (k < end) {
        const i = instructions[k];
        this.done = k;
        m.begin();
        r[RIP] = (r[RIP] + i.length) | 0;
        semantics[k](m, i);
        k += 1;
        if (m.outcome !== OUTCOME.next) break;
      }
      left -= k;
      const outcome = m.outcome;
      m.outcome = OUTCOME.next;
      if (outcome >= OUTCOME.syscall && outcome !== OUTCOME.codeWritten) {
        const exit = this.leave(block, k, outcome);
        if (exit !== null) return exit;
        continue;
      }
      this.count(block, k);
      if (k === instructions.length && block.flow !== 'next') this.predict(block, lo, outcome === OUTCOME.jumped);
    }
    return BUDGET;
  }
  /** The rarer ends of an instruction. null: go on. */
  private leave(block: Block, executed: number, outcome: number): Exit | null {
    if (outcome === OUTCOME.syscall) { this.count(block, executed); return SYSCALL; }
    const r = this.state.r32;
    const isTrap = outcome === OUTCOME.trapped;
    const isBreakpoint = isTrap && this.interpreter.vector === VECTOR.breakpoint;
    if (!isBreakpoint) {
      r[RIP] = (block.lo + block.offsetOf(executed - 1)) | 0;
      r[RIP + 1] = block.hi;
    }
    this.count(block, isTrap && !isBreakpoint ? executed - 1 : executed);
    return isTrap ? EXCEPTIONS[this.interpreter.vector] : null;
  }
  /** Charges the branch that ends a block. `from` is the block's address: one branch a block, so it names the branch as well. */
  private predict(block: Block, from: i32, hasJumped: boolean): void {
    const to = this.state.r32[RIP], p = this.predictor;
    let cycles = 0;
    switch (block.flow) {
      case 'branch': cycles = p.conditional(from, hasJumped); break;
      case 'jump': cycles = p.direct(); break;
      case 'call': cycles = p.direct(); p.called((block.lo + block.bytes) | 0); break;
      case 'jump-indirect': cycles = p.indirect(from, to); break;
      case 'call-indirect': cycles = p.indirect(from, to); p.called((block.lo + block.bytes) | 0); break;
      case 'return': cycles = p.returned(to); break;
      default: return;
    }
    this.state.f64[CYCLES] += cycles;
  }
  /** Cycles spent outside the program: system calls, faults, signals. */
  charge(cycles: number): void { this.state.f64[CYCLES] += cycles; }
}
