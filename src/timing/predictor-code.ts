/**
 * The predictor's formulas as WebAssembly, to be written into any function (AMD, Software Optimization Guide for Family 19h, §2.8): conditional
 * branches by a history-hashed table of 2-bit counters, indirect ones by their last target, returns by a 32-entry stack. Tables are in linear
 * memory; the history and the top of the stack are in locals while the function runs.
 */
import { PREDICTOR, STATE } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import type { Code, Local } from '../wasm/code.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { BRANCH_CYCLES } from './costs.ts';

const COUNTERS = 1 << 14, TARGETS = 1 << 12, RETURNS = 32;
const COUNTER_MAX = 3, TAKEN_FROM = 2;
const HISTORY_BITS = 12, HISTORY_MASK = (1 << HISTORY_BITS) - 1;
const COUNTERS_AT = PREDICTOR.at, TARGETS_AT = COUNTERS_AT + COUNTERS, RETURNS_AT = TARGETS_AT + 8 * TARGETS;

/** The low word of an address: known now, or in a local. */
export type Place = { readonly value: i32 } | { readonly local: Local };
/** Writes what a miss costs: whole cycles. */
type OnMiss = (cycles: number) => void;

export class PredictorCode {
  private readonly code: Code;
  private readonly history: Local;
  private readonly top: Local;
  private readonly slot: Local;
  private readonly counter: Local;
  private readonly onMiss: OnMiss;

  constructor(code: Code, onMiss: OnMiss) {
    this.code = code; this.onMiss = onMiss;
    this.history = code.local(TYPE.i32); this.top = code.local(TYPE.i32); this.slot = code.local(TYPE.i32); this.counter = code.local(TYPE.i32);
  }
  /** Before the first use, and after code that may have used the predictor otherwise. */
  load(): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i32.load'], STATE.history); code.set(this.history);
    code.i32(0); code.memory(OP['i32.load'], STATE.returnTop); code.set(this.top);
  }
  store(): void {
    const { code } = this;
    code.i32(0); code.get(this.history); code.memory(OP['i32.store'], STATE.history);
    code.i32(0); code.get(this.top); code.memory(OP['i32.store'], STATE.returnTop);
  }

  /** A conditional branch that ends at `from` (its end names it: where a block begins depends on how it was entered), in two steps. */
  consult(from: Place): void {
    const { code } = this;
    this.pushHash(from, 13);
    code.get(this.history); code.op(OP['i32.xor']); code.i32(COUNTERS - 1); code.op(OP['i32.and']); code.tee(this.slot);
    code.memory(OP['i32.load8_u'], COUNTERS_AT); code.set(this.counter);
  }
  /** What came of it. */
  learn(isTaken: boolean): void {
    const { code } = this, end = isTaken ? COUNTER_MAX : 0;
    code.get(this.counter); code.i32(TAKEN_FROM); code.op(isTaken ? OP['i32.lt_u'] : OP['i32.ge_u']);
    this.missed(BRANCH_CYCLES.conditionalMiss);
    code.get(this.slot);
    code.get(this.counter); code.get(this.counter); code.i32(end); code.op(OP['i32.ne']); code.op(isTaken ? OP['i32.add'] : OP['i32.sub']);
    code.memory(OP['i32.store8'], COUNTERS_AT);
    code.get(this.history); code.i32(1); code.op(OP['i32.shl']);
    if (isTaken) { code.i32(1); code.op(OP['i32.or']); }
    code.i32(HISTORY_MASK); code.op(OP['i32.and']); code.set(this.history);
  }
  /** An indirect branch that ends at `from` went to `to`. */
  indirect(from: Place, to: Place): void {
    const { code } = this;
    this.pushHash(from, 12);
    code.i32(TARGETS - 1); code.op(OP['i32.and']); code.i32(3); code.op(OP['i32.shl']); code.tee(this.slot);
    code.memory(OP['i32.load'], TARGETS_AT); this.push(from); code.op(OP['i32.ne']);
    code.get(this.slot); code.memory(OP['i32.load'], TARGETS_AT + 4); this.push(to); code.op(OP['i32.ne']);
    code.op(OP['i32.or']);
    this.missed(BRANCH_CYCLES.indirectMiss);
    code.get(this.slot); this.push(from); code.memory(OP['i32.store'], TARGETS_AT);
    code.get(this.slot); this.push(to); code.memory(OP['i32.store'], TARGETS_AT + 4);
  }
  /** A call was made that should return to `next`. */
  called(next: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.tee(this.top);
    code.i32(2); code.op(OP['i32.shl']);
    this.push(next);
    code.memory(OP['i32.store'], RETURNS_AT);
  }
  /** A return went to `to`. */
  returned(to: Place): void {
    const { code } = this;
    code.get(this.top); code.i32(2); code.op(OP['i32.shl']); code.memory(OP['i32.load'], RETURNS_AT);
    this.push(to); code.op(OP['i32.ne']);
    this.missed(BRANCH_CYCLES.returnMiss);
    code.get(this.top); code.i32(-1); code.op(OP['i32.add']); code.i32(RETURNS - 1); code.op(OP['i32.and']); code.set(this.top);
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
  /** Takes from the stack whether it was a miss. */
  private missed(cycles: number): void {
    const { code } = this;
    code.ifUnlikely();
    code.i32(0);
    code.i32(0); code.memory(OP['f64.load'], STATE.branchMisses); code.f64(1); code.op(OP['f64.add']);
    code.memory(OP['f64.store'], STATE.branchMisses);
    this.onMiss(cycles);
    code.end();
  }
}
