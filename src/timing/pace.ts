/** How long a block of code takes, in parts of a cycle. pacer.ts works it out when the block is built. */
import type { Instruction } from '../decoder/instruction.ts';

/** Times are integers in this part of a cycle, so that sums are exact in any order. */
export const CYCLE_PARTS = 64;
/** Of cycles that are not negative. */
export const parts = (cycles: number): number => (cycles * CYCLE_PARTS + 0.5) | 0;

/** Who works out what is seldom asked for, when it is: what dispatching the first instructions takes, and a wrong prediction at the end. */
export interface Pacing {
  dispatchOf(instructions: readonly Instruction[], count: number): number;
  /** The same of no instruction, of one, and so on up to all of them: `tell` hears them in this order. */
  dispatchesOf(instructions: readonly Instruction[], tell: (cost: number) => void): void;
  /** @param dispatched cycles of dispatching the block */
  missOf(instructions: readonly Instruction[], dispatched: number): Resolved;
}

/** A block's times, in parts of a cycle. */
export class Pace {
  /** Of dispatching all of it, and of going elsewhere where that is certain. */
  readonly cost: number;
  /** How much longer execution takes than that; what is negative catches up. */
  readonly behind: number;
  /** What more the front end takes where a conditional branch at the end is taken. */
  readonly taken: number;
  /** How much further execution is behind when a loop begins anew here, and how far it may be: what waits there is not the whole of a reorder buffer. */
  readonly round: number;
  readonly behindMax: number;
  /** Where the loop that begins anew here ends instead: nothing behind it waits for what it waited for. */
  readonly breaks: boolean;
  /** Where only its history predicted it. */
  readonly override: number;
  /** null: nothing is timed. */
  private readonly pacer: Pacing | null;
  private readonly instructions: readonly Instruction[];
  private resolved: Resolved | null = null;
  /** What dispatching all of it takes, going elsewhere left out; null: it is worked out. */
  private readonly whole: number | null;
  constructor(instructions: readonly Instruction[], cost: number, behind: number, taken: number, { round, behindMax, breaks }: Round, override: number, pacer: Pacing | null, whole: number | null = null) {
    this.instructions = instructions; this.whole = whole; this.cost = cost; this.behind = behind; this.taken = taken; this.round = round; this.behindMax = behindMax; this.breaks = breaks; this.override = override; this.pacer = pacer;
  }
  /** Of dispatching the first `count` instructions; worked out every time. */
  front(count: number): number {
    if (this.pacer === null) return count * CYCLE_PARTS;
    return this.whole !== null && count === this.instructions.length ? this.whole : this.pacer.dispatchOf(this.instructions, count);
  }
  /** `front` of every count from 0 to that of its instructions: `tell` hears them in this order. @param count how many there are */
  fronts(count: number, tell: (front: number) => void): void {
    if (this.pacer === null) for (let k = 0; k <= count; k++) tell(k * CYCLE_PARTS);
    else this.pacer.dispatchesOf(this.instructions, tell);
  }
  /** Where the branch at its end was predicted wrong. Even. */
  get miss(): number { return (this.resolved ??= this.resolve()).miss; }
  /** That is known only when all that is behind was executed. */
  get drains(): boolean { return (this.resolved ??= this.resolve()).drains; }
  private resolve(): Resolved { return this.pacer === null ? NEVER_WRONG : this.pacer.missOf(this.instructions, this.cost / CYCLE_PARTS); }
  /** Whose times are known: what is worked out when it is asked for comes from the pacer, if there is one. */
  static known(instructions: readonly Instruction[], { cost, behind, taken, round, behindMax, breaks, override, whole }: Times, pacer: Pacing | null): Pace {
    return new Pace(instructions, cost, behind, taken, { round, busy: 0, behindMax, breaks }, override, pacer, whole);
  }
  /** Without timing: an instruction is a cycle, and nothing else takes any time. */
  static untimed(count: number): Pace { return new Pace([], count * CYCLE_PARTS, 0, 0, NO_ROUND, 0, null); }
}
/** What a pace says from the beginning, and maybe what `front` says of all its instructions. */
export type Times = Pick<Pace, 'cost' | 'behind' | 'taken' | 'round' | 'behindMax' | 'breaks' | 'override'> & { readonly whole: number | null };
export interface Resolved { readonly miss: number; readonly drains: boolean }
export interface Round {
  /** How much longer execution takes than what is dispatched, and how much longer that takes than its blocks. */
  readonly round: number;
  readonly busy: number;
  readonly behindMax: number;
  readonly breaks: boolean;
}
export const NO_ROUND: Round = { round: 0, busy: 0, behindMax: 0, breaks: false }, NEVER_WRONG: Resolved = { miss: 0, drains: false };
