/** What the clock of the performers in TypeScript does from block to block; generated code does the same (lower/clock-code.ts). */
import { CYCLES_OF, STATE } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import type { Caches } from '../timing/caches.ts';
import { CYCLE_PARTS } from '../timing/pace.ts';
import type { Profile } from '../timing/profile.ts';
import type { Predictor } from '../timing/predictor.ts';
import { PREDICTED } from '../timing/predictor-tables.ts';
import { type Block, ENDING } from './block.ts';
import type { CpuState } from './state.ts';

const CYCLES = STATE.cycles >> 3, BEHIND = STATE.behind >> 2, WAITED = CYCLES_OF.dependencies >> 3, RESTEERED = CYCLES_OF.branch >> 3;

export class BlockClock {
  /** null: nothing is timed. */
  readonly profile: Profile | null;
  readonly isTimed: boolean;
  get isDetailed(): boolean { return this.caches !== null; }
  /** How far execution may be behind, in parts of a cycle. */
  private readonly behindMax: number;
  private readonly r32: Int32Array;
  private readonly f64: Float64Array;
  private readonly predictor: Predictor;
  private readonly caches: Caches | null;

  constructor(state: CpuState, predictor: Predictor, profile: Profile | null, caches: Caches | null) {
    this.r32 = state.r32; this.f64 = state.f64; this.predictor = predictor; this.caches = caches;
    this.profile = profile; this.isTimed = profile !== null; this.behindMax = Math.round((profile?.behind ?? 0) * CYCLE_PARTS);
  }
  /** A block begins. Dispatching it is its performer's to count. */
  begin(block: Block): void {
    const { caches } = this, { pace } = block;
    if (caches !== null) {
      if (caches.isWaiting) caches.exports.pass(pace.cost, block.instructions.length, block.notes.killed);
      const fetched = caches.fetch(block.firstLine, block.lastLine);
      if (fetched !== 0) this.advance(-fetched);
    }
    if (pace.behind !== 0) this.advance(pace.behind);
  }
  /** Execution falls behind, or catches up; dispatch waits where it is too far behind. */
  private advance(by: number, behindMax = this.behindMax): void {
    const behind = this.r32[BEHIND]! + by, isTooFar = by > 0 && behind > behindMax;
    this.r32[BEHIND] = behind < 0 ? 0 : isTooFar ? behindMax : behind;
    if (isTooFar) this.charge(behind - behindMax, WAITED);
  }
  /** `cause`: where in STATE, as doubles; CYCLES: issue. */
  private charge(parts: number, cause: number): void {
    const cycles = parts / CYCLE_PARTS;
    this.f64[CYCLES] += cycles;
    if (cause !== CYCLES) this.f64[cause] += cycles;
  }
  /** The front end waits; execution catches up. */
  private delay(parts: number): void {
    if (parts === 0) return;
    this.advance(-parts);
    this.charge(parts, RESTEERED);
  }
  /** Dispatch waits for what is executed, but not for loads that nobody in it waits for. */
  private drain(): void {
    this.charge(this.r32[BEHIND]!, WAITED);
    this.r32[BEHIND] = 0;
  }
  private learn(block: Block, how: number): void {
    const { pace } = block, { caches } = this;
    if (how === PREDICTED.right) return;
    if (how === PREDICTED.byHistory) { this.delay(pace.override); return; }
    if (caches !== null) {
      const { words } = block.notes;
      caches.exports.resolve(words[words.length - 2]!, words[words.length - 1]!);
    }
    if (pace.drains) this.drain(); else this.advance(-pace.miss);
    this.charge(pace.miss, RESTEERED);
  }
  /** The branch at the end of a block went somewhere. Its end names it: where a block begins depends on how it was entered. */
  end(block: Block, isTaken: boolean, to: i32): void {
    if (!this.isTimed) return;
    const from = (block.lo + block.bytes) | 0, { predictor: p } = this, { pace } = block;
    switch (block.ending) {
      case ENDING.branch:
        this.learn(block, p.conditional(from, isTaken));
        if (isTaken) { this.delay(p.direct(from)); this.charge(pace.taken, CYCLES); this.advance(pace.round, pace.behindMax); } else if (pace.breaks) this.r32[BEHIND] = 0;
        break;
      case ENDING.jump: this.delay(p.direct(from)); if (pace.round !== 0) this.advance(pace.round, pace.behindMax); break;
      case ENDING.call: p.called(from); this.delay(p.direct(from)); break;
      case ENDING.return: this.learn(block, p.returned(to)); break;
      case ENDING.jumpIndirect: this.learn(block, p.indirect(from, to)); break;
      case ENDING.callIndirect: p.called(from); this.learn(block, p.indirect(from, to)); break;
      default:
    }
  }
}
