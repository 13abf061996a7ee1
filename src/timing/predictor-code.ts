/**
 * The predictor's formulas as WebAssembly, to be written into any function (AMD, Software Optimization Guide for Family 19h, §2.8; what is learned and
 * what is not: bench/reference). A conditional branch has a 3-bit counter; where that is wrong, the outcomes of the last 40 branches may know better. An
 * indirect one goes where it last went after the same 64 outcomes and the same six of its kind, returns among them, of whose targets two bits are
 * remembered; returns have a stack. Where a direct branch goes is known if it was taken lately. What happens seldom is in predictor-slow.ts. Tables are
 * in linear memory; histories are in locals while the function runs.
 */
import type { Code, Local } from '../wasm/code.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { count, firstOf, pushFirst, pushSite, type SlowFunctions } from './predictor-slow.ts';
import { COUNTERS, type Place, PREDICTED, RETURNS, TABLES } from './predictor-tables.ts';
import type { BranchTargets } from './profile.ts';

const COUNTER_MAX = 7, TAKEN_FROM = 4;
/** Two bits each of where the last six went that are indirect, returns among them. */
const PATH_MASK = 0xfff, PATH_SHIFT = 2, PLACE_BITS = 3;
/** Writes what it costs that a branch was predicted wrong, or right by its history only; and that the front end waits for so many parts of a cycle, which are on the stack. */
export interface Outcomes { readonly onMiss: () => void; readonly onOverride: () => void; readonly onSteered: () => void }

export class PredictorCode {
  private readonly code: Code;
  private readonly history: Local;
  private readonly path: Local;
  private readonly top: Local;
  private readonly slot: Local;
  private readonly counter: Local;
  private readonly outcome: Local;
  private readonly first: BranchTargets['first'];
  private readonly slow: SlowFunctions;
  private readonly outcomes: Outcomes;

  constructor(code: Code, { first }: BranchTargets, slow: SlowFunctions, outcomes: Outcomes) {
    this.code = code; this.first = first; this.slow = slow; this.outcomes = outcomes;
    this.history = code.local(TYPE.i64); this.path = code.local(TYPE.i32); this.top = code.local(TYPE.i32); this.slot = code.local(TYPE.i32);
    this.counter = code.local(TYPE.i32); this.outcome = code.local(TYPE.i32);
  }
  /** Before the first use, and after code that may have used the predictor otherwise. */
  load(): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i64.load'], TABLES.history); code.set(this.history);
    code.i32(0); code.memory(OP['i32.load'], TABLES.path); code.set(this.path);
    code.i32(0); code.memory(OP['i32.load'], TABLES.top); code.set(this.top);
  }
  store(): void {
    const { code } = this;
    code.i32(0); code.get(this.history); code.memory(OP['i64.store'], TABLES.history);
    code.i32(0); code.get(this.path); code.memory(OP['i32.store'], TABLES.path);
    code.i32(0); code.get(this.top); code.memory(OP['i32.store'], TABLES.top);
  }

  /** A conditional branch that ends at `from` (its end names it: where a block begins depends on how it was entered), in two steps. */
  consult(from: Place): void {
    const { code } = this;
    this.pushHash(from, 13);
    code.i32(COUNTERS - 1); code.op(OP['i32.and']); code.tee(this.slot);
    code.memory(OP['i32.load8_u'], TABLES.counters); code.set(this.counter);
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
    code.memory(OP['i32.store8'], TABLES.counters);
    code.end();
    code.get(this.history); code.i64(1); code.op(OP['i64.shl']);
    if (isTaken) { code.i64(1); code.op(OP['i64.or']); }
    code.set(this.history);
  }
  /** The counter was wrong. */
  private askHistory(from: Place, isTaken: boolean): void {
    const { code } = this;
    this.push(from); code.get(this.history); code.i32(isTaken ? 1 : 0);
    code.call(this.slow.surprised);
    this.writeOutcome();
  }
  /** One of PREDICTED is on the stack. */
  private writeOutcome(): void {
    const { code, outcome } = this;
    code.tee(outcome);
    code.if();
    code.get(outcome); code.i32(PREDICTED.byHistory); code.op(OP['i32.eq']);
    code.if(); this.outcomes.onOverride(); code.else(); this.outcomes.onMiss(); code.end();
    code.end();
  }
  /** An indirect branch that ends at `from` went to `to`. */
  indirect(from: Place, to: Place): void {
    const { code } = this;
    pushSite(code, from); code.tee(this.slot);
    code.memory(OP['i32.load'], TABLES.sites); this.push(from); code.op(OP['i32.ne']);
    code.get(this.slot); code.memory(OP['i32.load'], TABLES.sites + 4); this.push(to); code.op(OP['i32.ne']);
    code.op(OP['i32.or']);
    code.ifUnlikely();
    this.push(from); this.push(to); code.get(this.history); code.get(this.path); code.i32(PATH_MASK); code.op(OP['i32.and']);
    code.call(this.slow.turned);
    this.writeOutcome();
    code.end();
    this.wentTo(to);
  }
  /** A direct branch that ends at `from` was taken. */
  direct(from: Place): void {
    const { code } = this;
    if ('value' in from) { code.i32(0); code.memory(OP['i32.load'], TABLES.known + firstOf(from.value, this.first)); }
    else { pushFirst(code, from.local, this.first); code.memory(OP['i32.load'], TABLES.known); }
    this.push(from); code.op(OP['i32.ne']);
    code.ifUnlikely();
    this.push(from); code.call(this.slow.steered);
    this.outcomes.onSteered();
    code.end();
  }
  /** A call was made that should return to `next`. */
  called(next: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.tee(this.top);
    code.i32(2); code.op(OP['i32.shl']);
    this.push(next);
    code.memory(OP['i32.store'], TABLES.returns);
  }
  /** A return went to `to`. */
  returned(to: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(2); code.op(OP['i32.shl']); code.memory(OP['i32.load'], TABLES.returns);
    this.push(to); code.op(OP['i32.ne']);
    code.ifUnlikely();
    count(code);
    this.outcomes.onMiss();
    code.end();
    code.get(this.top); code.i32(-1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.set(this.top);
    this.wentTo(to);
  }

  /** What is remembered of where branches went that may go elsewhere: of returns, too. */
  private wentTo(to: Place): void {
    const { code } = this;
    code.get(this.path); code.i32(PATH_SHIFT); code.op(OP['i32.shl']);
    if ('value' in to) code.i32(to.value >>> 2 & PLACE_BITS); else { code.get(to.local); code.i32(2); code.op(OP['i32.shr_u']); code.i32(PLACE_BITS); code.op(OP['i32.and']); }
    code.op(OP['i32.or']); code.set(this.path);
  }
  private push(place: Place): void {
    if ('local' in place) this.code.get(place.local); else this.code.i32(place.value);
  }
  /** The address, mixed with its upper bits. */
  private pushHash(place: Place, shift: number): void {
    const { code } = this;
    if ('value' in place) { code.i32(place.value ^ (place.value >>> shift)); return; }
    code.get(place.local);
    code.get(place.local); code.i32(shift); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']);
  }
}
