/** What a micro-architecture is, as data: how much it does in a cycle, how long things take, and where each figure comes from. */
import { assert } from '../base/assert.ts';

/**
 * What instructions compete for. `slot` is dispatch; `serial` is no unit but time in which nothing else happens. The others are named after what
 * they do; an instruction may use several (a shift is an ALU operation, too).
 */
export const RESOURCES = ['slot', 'alu', 'shift', 'select', 'multiply', 'divide', 'branch', 'load', 'vectorLoad', 'store', 'vectorStore', 'fp', 'fpAdd', 'fpMultiply', 'fpShuffle', 'fpDivide', 'serial'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Figures of profiles have two decimals at most: in hundredths they are small integers, and sums of them exact in any order. */
export function hundredths(figure: number): number {
  const whole = Math.round(figure * 100);
  assert(Math.abs(figure * 100 - whole) < 1e-6, `a figure of a profile has more than two decimals: ${figure}`);
  return whole;
}

export interface CostRow {
  /** Names; one that ends in `*` stands for all that begin so. A name comes before a beginning, and VEX forms are as those without. */
  readonly operations: string;
  /** Cycles from operands to result. */
  readonly latency: number;
  /** What it uses: `alu`, `alu*2`, `serial*36.5`. Without `slot` it is dispatched as one. */
  readonly uses: string;
  readonly source: string;
}
export interface Profile {
  readonly name: string;
  /** Uses of each resource in a cycle. */
  readonly capacities: Readonly<Record<Resource, number>>;
  readonly rows: readonly CostRow[];
  /** What no row names. */
  readonly otherwise: { readonly general: CostRow; readonly vector: CostRow; readonly x87: CostRow };
  /** Cycles of a front end that goes elsewhere: a jump, a call, a return. */
  readonly taken: { readonly jump: number; readonly call: number; readonly return: number };
  /** From where a branch is resolved to where its successor executes. */
  readonly refill: { readonly conditional: number; readonly indirect: number; readonly return: number };
  /** Where only a branch's history predicts it, and it was not asked for lately. */
  readonly override: number;
  /** Where an indirect branch was predicted right, but not where it last went. */
  readonly redirected: number;
  readonly branchTargets: BranchTargets;
  /** Loads: from L1 to general registers, to vectors, and what a scaled index adds; from a store that is still on its way, by the stack pointer, and where it does not cover the load; what a move adds that waits for the same address as an operation on memory before it. */
  readonly load: { readonly general: number; readonly vector: number; readonly scaled: number; readonly forwarded: number; readonly forwardedVector: number; readonly renamed: number; readonly blocked: number; readonly second: number };
  /** What LOCK adds. */
  readonly locked: number;
  /** Cycles that execution may be behind dispatch: what the reorder buffer holds. */
  readonly behind: number;
  /** Instructions of a loop that may wait for its chain: what schedulers hold of them. */
  readonly window: number;
  /** Repeated string instructions: short ones take so many cycles an element, long ones so many to begin with and then a byte. */
  readonly strings: { readonly move: StringCosts; readonly store: StringCosts; readonly compare: number };
  readonly memories: Memories;
  /** Whether CMP and TEST, or any ALU operation, are one with the conditional jump behind them. */
  readonly fuses: string;
}
/** Tags: so many sets, a power of two, of so many ways. */
export interface Table { readonly sets: number; readonly ways: number }
/** Cycles that a load takes longer than one from L1 where it finds its line here, and where a stream of lines was foreseen. */
export interface Beyond { readonly cycles: number; readonly foreseen: number }
/** Caches and TLBs; lines are 64 bytes, pages 4 KiB. */
export interface Memories {
  readonly code: Table; readonly data: Table;
  readonly second: Table & Beyond; readonly third: Table & Beyond; readonly memory: Beyond;
  readonly codePages: Table; readonly dataPages: Table; readonly secondCodePages: Table; readonly secondDataPages: Table;
  /** What a translation takes longer that the second TLB has; a walk, on top, is the environment's. */
  readonly secondPages: number;
  /** How much of fetching code goes on before it is needed, where branches are predicted right. */
  readonly ahead: number;
  /** Instructions behind a load that is late which may be dispatched before it arrives. */
  readonly window: number;
  /** A line of code is written that was fetched. */
  readonly codeWritten: number;
}
/**
 * Branches whose targets are known when they are fetched, in two levels of sets. Sets are found by the number of an aligned chunk of code. All but the
 * ways of the second are powers of two. So many cycles more takes a branch that is in the second level only, and one that is in neither.
 */
export interface BranchTargets {
  readonly first: { readonly bytes: number; readonly sets: number; readonly ways: number };
  readonly second: { readonly bytes: number; readonly sets: number; readonly ways: number };
  readonly fromSecond: number;
  readonly missed: number;
}
export interface StringCosts { readonly short: number; readonly perElement: number; readonly shortMax: number; readonly long: number; readonly perByte: number }
/** Of profiles there are (profiles/processors.ts); the first is what is meant where nothing is said. */
export const PROFILE_NAMES = ['zen3', 'skylake', 'generic'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];
