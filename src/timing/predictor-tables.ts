/** Where the predictor's tables lie, how large they are, and what it says of a branch. */
import { PREDICTOR } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import type { Local } from '../wasm/code.ts';

export const COUNTERS = 1 << 14, SITES = 1 << 11, TARGETS = 1 << 12, RETURNS = 32;
/** Pairs of entries of 2 bytes: branches after certain outcomes. Those that were asked for lately, one entry each. */
export const CONTEXT_PAIRS = 1 << 15, RECENT = 1 << 8;
/** Words of a set of the second level: addresses, then which is the next to be replaced. */
export const KNOWN_SET_WORDS = 16;
export const KNOWN_MAX = 1 << 12, KNOWN_SETS_MAX = 1 << 9;

const HEADER_BYTES = 64;
const countersAt = PREDICTOR.at + HEADER_BYTES, contextsAt = countersAt + COUNTERS, targetsAt = contextsAt + 4 * CONTEXT_PAIRS, returnsAt = targetsAt + 8 * TARGETS;
const recentAt = returnsAt + 4 * RETURNS, sitesAt = recentAt + 2 * RECENT, knownAt = sitesAt + 8 * SITES, knownSetsAt = knownAt + 4 * KNOWN_MAX;
export const TABLES = {
  /** Outcomes of the last 64 conditional branches, the path, the top of the return stack, a count that chance is made of, one of who leaves, and one of branches whose targets were not known. */
  history: PREDICTOR.at, path: PREDICTOR.at + 8, top: PREDICTOR.at + 12, tick: PREDICTOR.at + 16, turn: PREDICTOR.at + 20, unknown: PREDICTOR.at + 24,
  counters: countersAt, contexts: contextsAt, targets: targetsAt, returns: returnsAt, recent: recentAt,
  /** Indirect branches, and where they last went: their ends, inverted if not always to the same place. */
  sites: sitesAt,
  /** Ends of branches whose targets are known: the first level, and sets of the second. */
  known: knownAt, knownSets: knownSetsAt, end: knownSetsAt + 4 * KNOWN_SET_WORDS * KNOWN_SETS_MAX,
} as const;

/** The low word of an address: known now, or in a local. */
export type Place = { readonly value: i32 } | { readonly local: Local };

/** What comes of asking. */
export const PREDICTED = { right: 0, wrong: 1, byHistory: 2 } as const;
