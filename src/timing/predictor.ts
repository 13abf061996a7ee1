/**
 * Branch prediction, as far as trampolines need it (AMD, Software Optimization Guide for Family 19h, §2.8): conditional
 * branches by a history-hashed table of 2-bit counters, indirect ones by their last target, returns by a 32-entry stack.
 *
 * Written once, as WebAssembly functions over tables in linear memory: the interpreter calls them, generated code imports them.
 */
import { PREDICTOR, STATE, type LinearMemory } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { Code, type Local } from '../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../wasm/module.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { type Value, Values } from '../wasm/values.ts';
import { BRANCH_CYCLES } from './costs.ts';

const COUNTERS = 1 << 14;
const TARGETS = 1 << 12;
const RETURNS = 32;
const HISTORY_BITS = 12;
const COUNTERS_AT = PREDICTOR.at, TARGETS_AT = COUNTERS_AT + COUNTERS, RETURNS_AT = TARGETS_AT + 8 * TARGETS;

/** What each learns, and how many parameters it has; all are i32, addresses are low words. Each returns its cost in cycles, `called` nothing. */
export const PREDICTOR_FUNCTIONS = [
  /** (end of the branch, whether it was taken). Ends name branches: where a block begins depends on how it was entered. */
  { name: 'conditional', parameters: 2, hasCost: true, write: conditional },
  /** (end of the branch, where it went). */
  { name: 'indirect', parameters: 2, hasCost: true, write: indirect },
  /** (where the call should return to). */
  { name: 'called', parameters: 1, hasCost: false, write: called },
  /** (where the return went). */
  { name: 'returned', parameters: 1, hasCost: true, write: returned },
] as const;
export type PredictorFunction = (typeof PREDICTOR_FUNCTIONS)[number]['name'];

type PredictorExports = Readonly<Record<PredictorFunction, (a: i32, b?: i32) => i32>>;

export class Predictor {
  readonly functions: PredictorExports;
  private readonly memory: LinearMemory;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(predictorModule(memory.u8.length)), { tramp64: { memory: memory.wasm } });
    this.functions = instance.exports as PredictorExports;
  }
  conditional(from: i32, isTaken: boolean): number { return this.functions.conditional(from, isTaken ? 1 : 0); }
  direct(): number { return BRANCH_CYCLES.taken; }
  indirect(from: i32, to: i32): number { return this.functions.indirect(from, to); }
  called(next: i32): void { this.functions.called(next); }
  returned(to: i32): number { return this.functions.returned(to); }
  get misses(): number { return this.memory.view.getFloat64(STATE.branchMisses, true); }
}

function predictorModule(memoryBytes: number): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  declareMemory(module, memoryBytes);
  for (const { name, parameters, hasCost, write } of PREDICTOR_FUNCTIONS) {
    const code = new Code(parameters), type = module.type(Array(parameters).fill(TYPE.i32), hasCost ? [TYPE.i32] : []);
    write(new Formulas(code, [0, 1]));
    module.exportFunction(name, module.function(type, code));
  }
  return module.bytes();
}

/** Formulas of 32-bit numbers, and code that follows from them. */
class Formulas {
  private readonly code: Code;
  private readonly v: Values;
  private readonly parameters: readonly Local[];
  constructor(code: Code, parameters: readonly Local[]) { this.code = code; this.v = new Values(code); this.parameters = parameters; }
  parameter(index: number): Value { return this.v.variable(this.parameters[index]!, TYPE.i32); }
  constant(value: number): Value { return this.v.constant32(value); }
  of(operation: number, a: Value, b: Value): Value { return this.v.op2(operation, TYPE.i32, a, b); }
  and(a: Value, mask: number): Value { return this.of(OP['i32.and'], a, this.constant(mask)); }
  xor(a: Value, b: Value): Value { return this.of(OP['i32.xor'], a, b); }
  plus(a: Value, b: Value): Value { return this.of(OP['i32.add'], a, b); }
  times(a: Value, factor: number): Value { return this.of(OP['i32.mul'], a, this.constant(factor)); }
  shiftedRight(a: Value, by: number): Value { return this.of(OP['i32.shr_u'], a, this.constant(by)); }
  shiftedLeft(a: Value, by: number): Value { return this.of(OP['i32.shl'], a, this.constant(by)); }
  select(condition: Value, then: Value, otherwise: Value): Value { return this.v.op3(OP.select, TYPE.i32, then, otherwise, condition); }
  /** A number loaded now; `at` is where, without `offset`. */
  load(at: Value, offset: number, operation: number = OP['i32.load']): Value {
    const to = this.v.result(TYPE.i32);
    this.v.mark(at); this.v.push(at);
    this.code.memory(operation, offset);
    const local = this.code.local(TYPE.i32);
    this.code.set(local);
    this.v.keptIn(to, local);
    return to;
  }
  store(at: Value, offset: number, value: Value, operation: number = OP['i32.store']): void {
    this.v.mark(at); this.v.mark(value);
    this.v.push(at); this.v.push(value);
    this.code.memory(operation, offset);
  }
  /** Adds a number to the double that counts misses. */
  countMiss(isMiss: Value): void {
    this.v.mark(isMiss);
    this.code.i32(0);
    this.code.i32(0); this.code.memory(OP['f64.load'], STATE.branchMisses);
    this.v.push(isMiss);
    this.code.op(OP['f64.convert_i32_s']); this.code.op(OP['f64.add']);
    this.code.memory(OP['f64.store'], STATE.branchMisses);
  }
  give(value: Value): void { this.v.mark(value); this.v.push(value); }
}

function conditional(f: Formulas): void {
  const from = f.parameter(0), isTaken = f.parameter(1), zero = f.constant(0);
  const history = f.load(zero, STATE.history);
  const slot = f.and(f.xor(f.xor(from, f.shiftedRight(from, 13)), history), COUNTERS - 1);
  const counter = f.load(slot, COUNTERS_AT, OP['i32.load8_u']);
  const up = f.plus(counter, f.of(OP['i32.lt_u'], counter, f.constant(3)));
  const down = f.of(OP['i32.sub'], counter, f.of(OP['i32.ne'], counter, zero));
  f.store(slot, COUNTERS_AT, f.select(isTaken, up, down), OP['i32.store8']);
  f.store(zero, STATE.history, f.and(f.of(OP['i32.or'], f.shiftedLeft(history, 1), isTaken), (1 << HISTORY_BITS) - 1));
  const isMiss = f.xor(f.of(OP['i32.ge_u'], counter, f.constant(2)), isTaken);
  f.countMiss(isMiss);
  f.give(f.plus(f.times(isTaken, BRANCH_CYCLES.taken), f.times(isMiss, BRANCH_CYCLES.conditionalMiss)));
}
function indirect(f: Formulas): void {
  const from = f.parameter(0), to = f.parameter(1);
  const entry = f.shiftedLeft(f.and(f.xor(from, f.shiftedRight(from, 12)), TARGETS - 1), 3);
  const branch = f.load(entry, TARGETS_AT), target = f.load(entry, TARGETS_AT + 4);
  const isMiss = f.of(OP['i32.or'], f.of(OP['i32.ne'], branch, from), f.of(OP['i32.ne'], target, to));
  f.store(entry, TARGETS_AT, from);
  f.store(entry, TARGETS_AT + 4, to);
  f.countMiss(isMiss);
  f.give(f.plus(f.times(isMiss, BRANCH_CYCLES.indirectMiss), f.constant(BRANCH_CYCLES.taken)));
}
function called(f: Formulas): void {
  const zero = f.constant(0), top = f.load(zero, STATE.returnTop);
  const above = f.and(f.plus(top, f.constant(1)), RETURNS - 1);
  f.store(zero, STATE.returnTop, above);
  f.store(f.shiftedLeft(above, 2), RETURNS_AT, f.parameter(0));
}
function returned(f: Formulas): void {
  const zero = f.constant(0), top = f.load(zero, STATE.returnTop);
  const expected = f.load(f.shiftedLeft(top, 2), RETURNS_AT);
  f.store(zero, STATE.returnTop, f.and(f.plus(top, f.constant(-1)), RETURNS - 1));
  const isMiss = f.of(OP['i32.ne'], expected, f.parameter(0));
  f.countMiss(isMiss);
  f.give(f.plus(f.times(isMiss, BRANCH_CYCLES.returnMiss), f.constant(BRANCH_CYCLES.taken)));
}

/** Writes one of them into a function: the arguments are locals, the cost is left on the stack. */
export function writePrediction(code: Code, name: PredictorFunction, ...parameters: readonly Local[]): void {
  PREDICTOR_FUNCTIONS.find(row => row.name === name)!.write(new Formulas(code, parameters));
}
