/**
 * The predictor's formulas as WebAssembly, to be written into any function (AMD, Software Optimization Guide for Family 19h, §2.8; what is learned and
 * what is not: bench/reference). A conditional branch has a 3-bit counter; where that is wrong, the outcomes of the last 64 branches may know better.
 * An indirect one goes where it last went after the same ten that were taken, of whose addresses two bits are remembered; returns have a stack.
 * Tables are in linear memory; histories are in locals while the function runs.
 */
import { PREDICTOR, STATE } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import type { Code, Local } from '../wasm/code.ts';
import { OP, TYPE } from '../wasm/opcode.ts';

const COUNTERS = 1 << 14, CONTEXTS = 1 << 16, TARGETS = 1 << 12, RETURNS = 32;
const COUNTER_MAX = 7, TAKEN_FROM = 4;
const HISTORY_AT = PREDICTOR.at, PATH_AT = HISTORY_AT + 8, TOP_AT = HISTORY_AT + 12;
const COUNTERS_AT = PREDICTOR.at + 64, CONTEXTS_AT = COUNTERS_AT + COUNTERS, TARGETS_AT = CONTEXTS_AT + 2 * CONTEXTS, RETURNS_AT = TARGETS_AT + 8 * TARGETS;
/** Two bits each of the last ten branches that were taken: of where they stand and where they went. */
const PATH_MASK = 0xfffff, PATH_SHIFT = 2, PLACE_BITS = 3, PATH_SPREAD = 0x9e3779b1 | 0, PATH_SPREAD_SHIFT = 20;
/** 2^64 divided by the golden ratio: what is multiplied by it is spread over the upper bits (Knuth, vol. 3, §6.4). */
const SPREAD = { lo: 0x7f4a7c15, hi: 0x9e3779b9 | 0 };
const CONTEXT_SHIFT = 47, CONTEXT_MASK = 2 * (CONTEXTS - 1), TAG_SHIFT = 30, TAG_MASK = 0xfffc;
/** Bits of an entry beside its tag: where the branch goes, and whether it was so twice. */
const GOES = 1, IS_SURE = 2;

/** The low word of an address: known now, or in a local. */
export type Place = { readonly value: i32 } | { readonly local: Local };
/** Writes what it costs that a branch was predicted wrong, or right by its history only. */
export interface Outcomes { readonly onMiss: () => void; readonly onOverride: () => void }

export class PredictorCode {
  private readonly code: Code;
  private readonly history: Local;
  private readonly path: Local;
  private readonly top: Local;
  private readonly slot: Local;
  private readonly counter: Local;
  private readonly hash: Local;
  private readonly entry: Local;
  private readonly outcomes: Outcomes;

  constructor(code: Code, outcomes: Outcomes) {
    this.code = code; this.outcomes = outcomes;
    this.history = code.local(TYPE.i64); this.path = code.local(TYPE.i32); this.top = code.local(TYPE.i32); this.slot = code.local(TYPE.i32);
    this.counter = code.local(TYPE.i32); this.hash = code.local(TYPE.i64); this.entry = code.local(TYPE.i32);
  }
  /** Before the first use, and after code that may have used the predictor otherwise. */
  load(): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i64.load'], HISTORY_AT); code.set(this.history);
    code.i32(0); code.memory(OP['i32.load'], PATH_AT); code.set(this.path);
    code.i32(0); code.memory(OP['i32.load'], TOP_AT); code.set(this.top);
  }
  store(): void {
    const { code } = this;
    code.i32(0); code.get(this.history); code.memory(OP['i64.store'], HISTORY_AT);
    code.i32(0); code.get(this.path); code.memory(OP['i32.store'], PATH_AT);
    code.i32(0); code.get(this.top); code.memory(OP['i32.store'], TOP_AT);
  }

  /** A conditional branch that ends at `from` (its end names it: where a block begins depends on how it was entered), in two steps. */
  consult(from: Place): void {
    const { code } = this;
    this.pushHash(from, 13);
    code.i32(COUNTERS - 1); code.op(OP['i32.and']); code.tee(this.slot);
    code.memory(OP['i32.load8_u'], COUNTERS_AT); code.set(this.counter);
  }
  /** What came of it. */
  learn(from: Place, isTaken: boolean): void {
    const { code } = this, end = isTaken ? COUNTER_MAX : 0;
    code.get(this.counter); code.i32(end); code.op(OP['i32.ne']);
    code.ifUnlikely();
    code.get(this.counter); code.i32(TAKEN_FROM); code.op(isTaken ? OP['i32.lt_u'] : OP['i32.ge_u']);
    code.ifUnlikely();
    this.askHistory(from, isTaken);
    code.end();
    code.get(this.slot);
    code.get(this.counter); code.i32(isTaken ? 1 : -1); code.op(OP['i32.add']);
    code.memory(OP['i32.store8'], COUNTERS_AT);
    code.end();
    code.get(this.history); code.i64(1); code.op(OP['i64.shl']);
    if (isTaken) { code.i64(1); code.op(OP['i64.or']); }
    code.set(this.history);
  }
  /** The counter was wrong. After the same outcomes as last time it was, that is known. */
  private askHistory(from: Place, isTaken: boolean): void {
    const { code, hash, entry } = this;
    code.get(this.history);
    this.push(from); code.op(OP['i64.extend_i32_u']); code.i64(SPREAD.lo, SPREAD.hi); code.op(OP['i64.mul']);
    code.op(OP['i64.xor']); code.i64(SPREAD.lo, SPREAD.hi); code.op(OP['i64.mul']); code.set(hash);
    const pushIndex = (): void => { code.get(hash); code.i64(CONTEXT_SHIFT); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); code.i32(CONTEXT_MASK); code.op(OP['i32.and']); };
    const pushEntry = (): void => {
      code.get(hash); code.i64(TAG_SHIFT); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); code.i32(TAG_MASK); code.op(OP['i32.and']);
      if (isTaken) { code.i32(GOES); code.op(OP['i32.or']); }
    };
    pushIndex(); code.memory(OP['i32.load16_u'], CONTEXTS_AT); code.tee(entry);
    pushEntry(); code.i32(IS_SURE); code.op(OP['i32.or']); code.op(OP['i32.eq']);
    code.if();
    this.outcomes.onOverride();
    code.else();
    // Seen once: sure from now on. Another one's that is sure: less so. Otherwise this one's.
    pushIndex();
    pushEntry(); code.i32(IS_SURE); code.op(OP['i32.or']);
    code.get(entry); code.i32(~IS_SURE); code.op(OP['i32.and']);
    pushEntry();
    code.get(entry); code.i32(IS_SURE); code.op(OP['i32.and']); code.op(OP.select);
    code.get(entry); pushEntry(); code.op(OP['i32.eq']); code.op(OP.select);
    code.memory(OP['i32.store16'], CONTEXTS_AT);
    this.count();
    this.outcomes.onMiss();
    code.end();
  }
  /** An indirect branch that ends at `from` went to `to`. */
  indirect(from: Place, to: Place): void {
    const { code } = this;
    this.pushHash(from, 12);
    this.pushPath(); code.i32(PATH_SPREAD); code.op(OP['i32.mul']); code.i32(PATH_SPREAD_SHIFT); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
    code.i32(TARGETS - 1); code.op(OP['i32.and']); code.i32(3); code.op(OP['i32.shl']); code.tee(this.slot);
    code.memory(OP['i32.load'], TARGETS_AT); this.pushSite(from); code.op(OP['i32.ne']);
    code.get(this.slot); code.memory(OP['i32.load'], TARGETS_AT + 4); this.push(to); code.op(OP['i32.ne']);
    code.op(OP['i32.or']);
    code.ifUnlikely();
    code.get(this.slot); this.pushSite(from); code.memory(OP['i32.store'], TARGETS_AT);
    code.get(this.slot); this.push(to); code.memory(OP['i32.store'], TARGETS_AT + 4);
    this.count();
    this.outcomes.onMiss();
    code.end();
    this.took(from, to);
  }
  /** A branch that ends at `from` went to `to`. Of a branch its last byte is what counts. */
  took(from: Place, to: Place): void {
    const { code } = this;
    code.get(this.path); code.i32(PATH_SHIFT); code.op(OP['i32.shl']);
    if ('value' in from && 'value' in to) code.i32(((from.value - 1) ^ to.value) >>> 2 & PLACE_BITS);
    else { this.push(from); code.i32(1); code.op(OP['i32.sub']); this.push(to); code.op(OP['i32.xor']); code.i32(2); code.op(OP['i32.shr_u']); code.i32(PLACE_BITS); code.op(OP['i32.and']); }
    code.op(OP['i32.or']); code.set(this.path);
  }
  /** A call was made that should return to `next`. */
  called(next: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.tee(this.top);
    code.i32(2); code.op(OP['i32.shl']);
    this.push(next);
    code.memory(OP['i32.store'], RETURNS_AT);
  }
  /** A return that ends at `from` went to `to`. */
  returned(from: Place, to: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(2); code.op(OP['i32.shl']); code.memory(OP['i32.load'], RETURNS_AT);
    this.push(to); code.op(OP['i32.ne']);
    code.ifUnlikely();
    this.count();
    this.outcomes.onMiss();
    code.end();
    code.get(this.top); code.i32(-1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.set(this.top);
    this.took(from, to);
  }

  private push(place: Place): void {
    if ('local' in place) this.code.get(place.local); else this.code.i32(place.value);
  }
  /** The address with the path: what an entry is known by. */
  private pushSite(from: Place): void {
    const { code } = this;
    this.push(from); this.pushPath(); code.i32(12); code.op(OP['i32.shl']); code.op(OP['i32.xor']);
  }
  private pushPath(): void { const { code } = this; code.get(this.path); code.i32(PATH_MASK); code.op(OP['i32.and']); }
  /** The address, mixed with its upper bits. */
  private pushHash(place: Place, shift: number): void {
    const { code } = this;
    if ('value' in place) { code.i32(place.value ^ (place.value >>> shift)); return; }
    code.get(place.local);
    code.get(place.local); code.i32(shift); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
  }
  private count(): void {
    const { code } = this;
    code.i32(0);
    code.i32(0); code.memory(OP['f64.load'], STATE.branchMisses); code.f64(1); code.op(OP['f64.add']);
    code.memory(OP['f64.store'], STATE.branchMisses);
  }
}
