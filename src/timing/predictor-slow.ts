/** What the predictor does seldom, as functions that generated code calls: where a counter was wrong, and where a branch was taken whose target is not at hand. */
import { STATE } from '../base/layout.ts';
import { Code, type Local } from '../wasm/code.ts';
import type { ModuleWriter } from '../wasm/module.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { CYCLE_PARTS } from './pace.ts';
import { KNOWN_SET_WORDS, type Place, PREDICTED, RECENT, SITES, TABLES, TARGETS } from './predictor-tables.ts';
import type { BranchTargets } from './profile.ts';

/** The functions' numbers in the module that calls them. */
export interface SlowFunctions {
  /** (end of a conditional branch whose counter was wrong, outcomes before, whether it was taken): one of PREDICTED. */
  readonly surprised: number;
  /** (end of an indirect branch, where it went, outcomes before, the path), unless it always goes there: one of PREDICTED. */
  readonly turned: number;
  /** (end of a direct branch that was taken and is not in the first level): parts of a cycle. */
  readonly steered: number;
}
const { i32, i64 } = TYPE;
/** Their types. */
export const SLOW_FUNCTIONS = [
  { name: 'surprised', parameters: [i32, i64, i32], results: [i32] },
  { name: 'turned', parameters: [i32, i32, i64, i32], results: [i32] },
  { name: 'steered', parameters: [i32], results: [i32] },
] as const;

/** 2^64 divided by the golden ratio: what is multiplied by it is spread over the upper bits (Knuth, vol. 3, §6.4). */
const SPREAD = { lo: 0x7f4a7c15, hi: 0x9e3779b9 | 0 }, SPREAD_WORD = 0x9e3779b1 | 0;
/** So many of the outcomes before count: 40. */
const OUTCOMES_HIGH = 0xff;
const PAIR_SHIFT = 47, PAIR_MASK = 0x1fffc, TAG_SHIFT = 30, TAG_MASK = 0xfffc, RECENT_SHIFT = 20;
/** Bits of an entry beside its tag: where the branch goes, and whether that was right before. */
const PATH_AT = 20, MIX_SHIFT = 29, TARGET_SHIFT = 52, SITE_SHIFT = 11;
const IS_SURE = 2, BOTH_SURE = 0x20002, SECOND_SURE = 0x20000, KNOWN_MASK = 0xffff & ~IS_SURE;

/** Writes them in the order of SLOW_FUNCTIONS. */
export function writeSlowFunctions(module: ModuleWriter, targets: BranchTargets): SlowFunctions {
  const codes = { surprised: surprised(), turned: turned(), steered: steered(targets) };
  const [first = 0, second = 0, third = 0] = SLOW_FUNCTIONS.map(({ name, parameters, results }) => {
    const index = module.function(module.type(parameters, results), codes[name]);
    module.exportFunction(name, index);
    return index;
  });
  return { surprised: first, turned: second, steered: third };
}

export function count(code: Code): void {
  code.i32(0);
  code.i32(0); code.memory(OP['f64.load'], STATE.branchMisses); code.f64(1); code.op(OP['f64.add']);
  code.memory(OP['f64.store'], STATE.branchMisses);
}

/**
 * After the same outcomes as before the branch goes where it went; that is learned every other time only, by chance, as a processor of several tables
 * takes some times to find out how many outcomes matter. What was asked for lately is known at once, the rest a little later.
 */
function surprised(): Code {
  const code = new Code(3), FROM = 0, HISTORY = 1, IS_TAKEN = 2;
  const hash = code.local(i64), pair = code.local(i32), entry = code.local(i32), word = code.local(i32), way = code.local(i32);
  const spread = (): void => { code.i64(SPREAD.lo, SPREAD.hi); code.op(OP['i64.mul']); };
  const hashed = (shift: number, mask: number): void => { code.get(hash); code.i64(shift); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); code.i32(mask); code.op(OP['i32.and']); };
  const second = (): void => { code.get(word); code.i32(16); code.op(OP['i32.shr_u']); };
  const put = (at: number, push: () => void): void => { code.get(pair); push(); code.memory(OP['i32.store16'], TABLES.contexts + at); };
  const pushEntry = (): void => { code.get(entry); };
  const otherwise = (how: number): void => { code.i32(how); code.op(OP.return); };
  code.get(HISTORY); code.i64(-1, OUTCOMES_HIGH); code.op(OP['i64.and']); code.get(FROM); code.op(OP['i64.extend_i32_u']); spread(); code.op(OP['i64.xor']); spread(); code.set(hash);
  hashed(PAIR_SHIFT, PAIR_MASK); code.tee(pair);
  code.memory(OP['i32.load'], TABLES.contexts); code.set(word);
  hashed(TAG_SHIFT, TAG_MASK); code.get(IS_TAKEN); code.op(OP['i32.or']); code.set(entry);
  // Known: from now on that is sure.
  const unknown = code.block(), known = code.block();
  code.get(pair); code.set(way);
  code.get(word); code.i32(KNOWN_MASK); code.op(OP['i32.and']); code.get(entry); code.op(OP['i32.eq']); code.brIf(known);
  code.get(pair); code.i32(2); code.op(OP['i32.add']); code.set(way);
  second(); code.i32(KNOWN_MASK); code.op(OP['i32.and']); code.get(entry); code.op(OP['i32.ne']); code.brIf(unknown);
  code.end();
  code.get(way); code.get(entry); code.i32(IS_SURE); code.op(OP['i32.or']); code.memory(OP['i32.store16'], TABLES.contexts);
  hashed(RECENT_SHIFT, 2 * (RECENT - 1)); code.tee(way); code.memory(OP['i32.load16_u'], TABLES.recent); code.get(entry); code.op(OP['i32.eq']);
  code.if(); otherwise(PREDICTED.right); code.end();
  code.get(way); code.get(entry); code.memory(OP['i32.store16'], TABLES.recent);
  otherwise(PREDICTED.byHistory);
  code.end();
  // Known to go elsewhere, which is known no more. Or unknown: it takes the place of one that is not sure, or makes both less so.
  count(code);
  const isSame = (push: () => void): void => { push(); code.get(entry); code.op(OP['i32.xor']); code.i32(TAG_MASK); code.op(OP['i32.and']); code.op(OP['i32.eqz']); };
  isSame(() => { code.get(word); }); code.if(); put(0, pushEntry); otherwise(PREDICTED.wrong); code.end();
  isSame(second); code.if(); put(2, pushEntry); otherwise(PREDICTED.wrong); code.end();
  code.i32(0); code.i32(0); code.memory(OP['i32.load'], TABLES.tick); code.i32(1); code.op(OP['i32.add']); code.tee(way); code.memory(OP['i32.store'], TABLES.tick);
  code.get(way); code.i32(SPREAD_WORD); code.op(OP['i32.mul']); code.i32(0); code.op(OP['i32.lt_s']);
  code.if();
  code.get(word); code.i32(IS_SURE); code.op(OP['i32.and']); code.op(OP['i32.eqz']);
  code.if(); put(0, pushEntry); otherwise(PREDICTED.wrong); code.end();
  code.get(word); code.i32(SECOND_SURE); code.op(OP['i32.and']); code.op(OP['i32.eqz']);
  code.if(); put(2, pushEntry); otherwise(PREDICTED.wrong); code.end();
  code.get(pair); code.get(word); code.i32(~BOTH_SURE); code.op(OP['i32.and']); code.memory(OP['i32.store'], TABLES.contexts);
  code.end();
  code.i32(PREDICTED.wrong);
  return code;
}

/** It goes where it last went after the same outcomes and on the same path; where that is not known, where it last went at all, which is known sooner. */
function turned(): Code {
  const code = new Code(4), FROM = 0, TO = 1, HISTORY = 2, PATH = 3;
  const hash = code.local(i64), site = code.local(i32), slot = code.local(i32), last = code.local(i32), predicted = code.local(i32);
  const tag = (): void => { code.get(hash); code.op(OP['i32.wrap_i64']); };
  pushSite(code, { local: FROM }); code.tee(site); code.memory(OP['i32.load'], TABLES.sites + 4); code.tee(last); code.set(predicted);
  code.get(site); code.get(TO); code.memory(OP['i32.store'], TABLES.sites + 4);
  // One that was not met goes nowhere that is known; one that went elsewhere is looked up by its path from now on.
  code.get(site); code.memory(OP['i32.load'], TABLES.sites); code.tee(slot); code.get(FROM); code.op(OP['i32.ne']);
  code.get(slot); code.get(FROM); code.i32(-1); code.op(OP['i32.xor']); code.op(OP['i32.ne']); code.op(OP['i32.and']);
  code.if();
  code.get(site); code.get(FROM); code.memory(OP['i32.store'], TABLES.sites);
  count(code);
  code.i32(PREDICTED.wrong); code.op(OP.return);
  code.end();
  code.get(site); code.get(FROM); code.i32(-1); code.op(OP['i32.xor']); code.memory(OP['i32.store'], TABLES.sites);
  // Outcomes, path and address are mixed into an index above and a tag below.
  const spread = (): void => { code.i64(SPREAD.lo, SPREAD.hi); code.op(OP['i64.mul']); };
  code.get(HISTORY); spread(); code.get(PATH); code.i32(PATH_AT); code.op(OP['i32.shl']); code.get(FROM); code.op(OP['i32.xor']); code.op(OP['i64.extend_i32_u']); code.op(OP['i64.xor']); spread(); code.tee(hash);
  code.get(hash); code.i64(MIX_SHIFT); code.op(OP['i64.shr_u']); code.op(OP['i64.xor']); spread(); code.tee(hash);
  code.i64(TARGET_SHIFT); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); code.i32(TARGETS - 1); code.op(OP['i32.and']); code.i32(3); code.op(OP['i32.shl']); code.tee(slot);
  code.memory(OP['i32.load'], TABLES.targets); tag(); code.op(OP['i32.eq']);
  code.if(); code.get(slot); code.memory(OP['i32.load'], TABLES.targets + 4); code.set(predicted); code.end();
  code.get(slot); tag(); code.memory(OP['i32.store'], TABLES.targets);
  code.get(slot); code.get(TO); code.memory(OP['i32.store'], TABLES.targets + 4);
  code.get(predicted); code.get(TO); code.op(OP['i32.ne']);
  code.if();
  count(code);
  code.i32(PREDICTED.wrong); code.op(OP.return);
  code.end();
  code.i32(PREDICTED.right); code.i32(PREDICTED.byHistory); code.get(last); code.get(TO); code.op(OP['i32.eq']); code.op(OP.select);
  return code;
}
/** Where it is noted where an indirect branch went. */
export function pushSite(code: Code, from: Place): void {
  if ('value' in from) { code.i32(((from.value ^ (from.value >>> SITE_SHIFT)) & (SITES - 1)) << 3); return; }
  code.get(from.local); code.get(from.local); code.i32(SITE_SHIFT); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
  code.i32(SITES - 1); code.op(OP['i32.and']); code.i32(3); code.op(OP['i32.shl']);
}

/** The branch goes to its place in the first level, and who was there to another in its set. If it is in neither level, it takes a place in the second, too: first in, first out. */
function steered({ first, second, fromSecond, missed }: BranchTargets): Code {
  const code = new Code(1), FROM = 0, place = code.local(i32), before = code.local(i32), set = code.local(i32), way = code.local(i32);
  const parts = (cycles: number): number => Math.round(cycles * CYCLE_PARTS), setBytes = 4 * KNOWN_SET_WORDS;
  const other = (k: number): void => { code.get(place); code.i32(4 * k); code.op(OP['i32.xor']); };
  const known = (): void => { code.memory(OP['i32.load'], TABLES.known); };
  pushFirst(code, FROM, first); code.tee(place);
  known(); code.set(before);
  code.get(place); code.get(FROM); code.memory(OP['i32.store'], TABLES.known);
  for (let k = 1; k < first.ways; k++) {
    other(k); known(); code.get(FROM); code.op(OP['i32.eq']);
    code.if();
    other(k); code.get(before); code.memory(OP['i32.store'], TABLES.known);
    code.i32(0); code.op(OP.return);
    code.end();
  }
  // Places that are not its own take turns in leaving.
  code.get(before);
  code.if();
  code.get(place);
  code.i32(0); code.i32(0); code.memory(OP['i32.load'], TABLES.turn); code.i32(1); code.op(OP['i32.add']); code.tee(way); code.memory(OP['i32.store'], TABLES.turn);
  code.get(way); code.i32(first.ways - 1); code.op(OP['i32.rem_u']); code.i32(1); code.op(OP['i32.add']); code.i32(2); code.op(OP['i32.shl']); code.op(OP['i32.xor']);
  code.get(before); code.memory(OP['i32.store'], TABLES.known);
  code.i32(0); code.set(way);
  code.end();
  // Sets of the second are found by all bits of the chunk's number.
  const bits = Math.log2(second.sets);
  code.get(FROM); code.i32(1); code.op(OP['i32.sub']); code.i32(Math.log2(second.bytes)); code.op(OP['i32.shr_u']); code.tee(set);
  code.get(set); code.i32(bits); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
  code.get(set); code.i32(2 * bits); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
  code.i32(second.sets - 1); code.op(OP['i32.and']); code.i32(setBytes); code.op(OP['i32.mul']); code.set(set);
  const next = code.loop();
  code.get(set); code.get(way); code.op(OP['i32.add']); code.memory(OP['i32.load'], TABLES.knownSets); code.get(FROM); code.op(OP['i32.eq']);
  code.if(); code.i32(parts(fromSecond)); code.op(OP.return); code.end();
  code.get(way); code.i32(4); code.op(OP['i32.add']); code.tee(way); code.i32(4 * second.ways); code.op(OP['i32.lt_u']); code.brIf(next);
  code.end();
  const turn = (KNOWN_SET_WORDS - 1) * 4;
  code.get(set); code.memory(OP['i32.load'], TABLES.knownSets + turn); code.set(way);
  code.get(set); code.get(way); code.op(OP['i32.add']); code.get(FROM); code.memory(OP['i32.store'], TABLES.knownSets);
  code.get(set);
  code.get(way); code.i32(4); code.op(OP['i32.add']); code.tee(way); code.i32(0);
  code.get(way); code.i32(4 * second.ways); code.op(OP['i32.lt_u']); code.op(OP.select);
  code.memory(OP['i32.store'], TABLES.knownSets + turn);
  code.i32(0); code.i32(0); code.memory(OP['i32.load'], TABLES.unknown); code.i32(1); code.op(OP['i32.add']); code.memory(OP['i32.store'], TABLES.unknown);
  code.i32(parts(missed));
  return code;
}

/**
 * Where a branch is looked for in the first level before the rest of its set is: sets are found by bits of its chunk's number, and places within them by
 * where it stands in the chunk, so that those that stand close together do not meet.
 */
export function pushFirst(code: Code, from: Local, first: BranchTargets['first']): void {
  const { way, chunk, sets, bits } = shapeOf(first), last = (shift: number): void => { code.get(from); code.i32(1); code.op(OP['i32.sub']); code.i32(shift); code.op(OP['i32.shr_u']); };
  last(chunk); last(chunk + bits); code.op(OP['i32.xor']); code.i32(sets - 1); code.op(OP['i32.and']); code.i32(chunk - way); code.op(OP['i32.shl']);
  last(way); code.i32((1 << (chunk - way)) - 1); code.op(OP['i32.and']); code.op(OP['i32.or']);
  code.i32(2); code.op(OP['i32.shl']);
}
/** The same of an address that is known. */
export function firstOf(from: number, first: BranchTargets['first']): number {
  const { way, chunk, sets, bits } = shapeOf(first), last = (from - 1) >>> 0;
  return (((last >>> chunk) ^ (last >>> (chunk + bits))) & (sets - 1)) << (chunk - way + 2) | ((last >>> way) & ((1 << (chunk - way)) - 1)) << 2;
}
function shapeOf({ sets, ways, bytes }: BranchTargets['first']): { readonly way: number; readonly chunk: number; readonly sets: number; readonly bits: number } {
  const chunk = Math.log2(bytes);
  return { way: chunk - Math.log2(ways), chunk, sets, bits: Math.log2(sets) };
}
