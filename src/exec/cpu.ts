/** The processor: fetches blocks, has them performed, counts, and returns to its caller for everything a kernel does. */
import { SLOT, STATE, type LinearMemory } from '../base/layout.ts';
import type { i32, Va } from '../base/types.ts';
import type { PageFault } from '../mmu/fault.ts';
import { ACCESS, type Mmu } from '../mmu/mmu.ts';
import { Costs } from '../timing/costs.ts';
import { Predictor } from '../timing/predictor.ts';
import { BlockCache, ENDING, NOTHING, type Block } from './block.ts';
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

export class Cpu {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly costs = new Costs();
  readonly predictor: Predictor;
  readonly blocks: BlockCache;
  private readonly interpreter: Interpreter;
  private readonly pageFault: Exit;

  constructor(memory: LinearMemory, mmu: Mmu) {
    this.state = new CpuState(memory);
    this.mmu = mmu;
    this.predictor = new Predictor(memory);
    this.blocks = new BlockCache(memory, mmu, this.costs);
    this.interpreter = new Interpreter(this.state, mmu);
    this.pageFault = Object.freeze({ reason: 'page-fault', fault: mmu.fault } as const);
  }
  setBreakpoint(at: Va): void { this.blocks.setBreakpoint(at); }
  clearBreakpoint(at: Va): void { this.blocks.clearBreakpoint(at); }

  /** Runs at most `budget` instructions. A breakpoint at the very first one does not stop: whoever resumes wants to get past it. */
  run(budget: number): Exit {
    const r = this.state.r32, f64 = this.state.f64, m = this.interpreter;
    let left = budget, cycles = 0, mayStop = false;
    let exit: Exit | null = null;
    let block = NOTHING;
    try {
      while (left > 0) {
        const lo = r[RIP], hi = r[RIP + 1];
        const next = this.blocks.known(lo, hi) ?? this.fetch(lo, hi);
        if (next === null) { exit = this.fault(); break; }
        block = next;
        if (block.stopsHere && mayStop) { exit = STOP; break; }
        mayStop = true;
        if (block.ending === ENDING.stop) { f64[CYCLES] += cycles; cycles = 0; } // RDTSC and its like read them.

        const { instructions, semantics } = block;
        const end = instructions.length < left ? instructions.length : left;
        r[RIP + 1] = block.nextHi;
        let k = 0;
        while (k < end) {
          const i = instructions[k];
          m.begin();
          r[RIP] = (r[RIP] + i.length) | 0;
          semantics[k](m, i);
          k += 1;
          if (m.outcome !== OUTCOME.next) break;
        }
        left -= k;
        const outcome = m.outcome;
        if (outcome > OUTCOME.jumped) {
          m.outcome = OUTCOME.next;
          cycles += block.costOf(k);
          exit = this.leave(block, k, outcome);
          if (exit !== null) break;
        } else {
          m.outcome = OUTCOME.next;
          if (k === instructions.length) cycles += block.cost + this.endOf(block, lo, outcome);
          else cycles += block.costOf(k);
        }
      }
    } catch (thrown) {
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      const done = this.rewind(block);
      left -= done;
      cycles += block.costOf(done);
      exit = thrown === TRAP ? EXCEPTIONS[m.vector] : this.fault();
    }
    f64[CYCLES] += cycles;
    f64[INSTRUCTIONS] += budget - left;
    return exit ?? BUDGET;
  }
  private fault(): Exit { return this.mmu.fault.address === -1 ? EXCEPTIONS[VECTOR.protection] : this.pageFault; }

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
    const vector = outcome === OUTCOME.trapped ? this.interpreter.vector : -1;
    if (vector !== VECTOR.breakpoint) {
      this.state.r32[RIP] = (block.lo + block.offsetOf(executed - 1)) | 0;
      this.state.r32[RIP + 1] = block.hi;
    }
    return vector === -1 ? null : EXCEPTIONS[vector];
  }
  /** Cycles of the branch that ends a block. `from` is the block's address: one branch a block, so it names the branch as well. */
  private endOf(block: Block, from: i32, outcome: number): number {
    const to = this.state.r32[RIP], p = this.predictor;
    switch (block.ending) {
      case ENDING.branch: return p.conditional(from, outcome === OUTCOME.jumped);
      case ENDING.jump: return p.direct();
      case ENDING.call: p.called((block.lo + block.bytes) | 0); return p.direct();
      case ENDING.return: return p.returned(to);
      case ENDING.jumpIndirect: return p.indirect(from, to);
      case ENDING.callIndirect: p.called((block.lo + block.bytes) | 0); return p.indirect(from, to);
      default: return 0;
    }
  }
  /** Cycles spent outside the program: system calls, faults, signals. */
  charge(cycles: number): void { this.state.f64[CYCLES] += cycles; }
}
