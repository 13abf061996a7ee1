/**
 * A second look at float operations whose operands or result are not ordinary: whether MXCSR makes it matter. What then needs more than the NaN that x86
 * makes is left to the primitive itself. Functions of vectors, one for each shape and operation; scalars come as vectors of one lane repeated.
 */
import { STAGING, STATE } from '../../base/layout.ts';
import { Code } from '../../wasm/code.ts';
import type { ModuleWriter } from '../../wasm/module.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { type Value, Values } from '../../wasm/values.ts';
import { DE, IE, OE, PE, UE, WATCH_TINY, WATCH_ZERO, ZE } from '../mxcsr.ts';
import { constantOf, nanOf } from './primitives/nan.ts';
import { repeated, vector1, vector2, zeros } from './primitives/row.ts';

const { i32, v128 } = TYPE;
export const VECTOR_SHAPES = ['f32x4', 'f64x2'] as const;
export type VectorShape = (typeof VECTOR_SHAPES)[number];
/** a + b, a - b, a plus b with the signs of its even lanes changed, a * b, a / b, the root of a. */
export const CLOSE_OPERATIONS = ['sum', 'difference', 'alternating', 'product', 'quotient', 'root'] as const;
export type CloseOperation = (typeof CLOSE_OPERATIONS)[number];

/** High words, or singles: the least normal number, infinity; what a product's error needs (src/exec/primitives/error-free.ts); the quiet bit. */
const WORDS = {
  f32x4: { least: 0x00800000, infinity: 0x7f800000, safe: 0x1c000000, split: 0x45800800, quiet: 0x400000 },
  f64x2: { least: 0x00100000, infinity: 0x7ff00000, safe: 0x0df00000, split: 0x41a00000, quiet: 0x80000 },
} as const;
/** 2^27 + 1 has bits in its low word. */
const SPLIT_LOW = { f32x4: 0, f64x2: 0x02000000 } as const;

/** What such a function knows. */
class Lanes {
  readonly v: Values;
  readonly shape: VectorShape;
  constructor(v: Values, shape: VectorShape) { this.v = v; this.shape = shape; }
  constant(name: keyof (typeof WORDS)['f32x4'], low = 0): Value { return constantOf(this.v, this.shape, WORDS[this.shape][name], low); }
  do(operation: 'add' | 'sub' | 'mul' | 'eq' | 'ne' | 'lt' | 'le' | 'gt', a: Value, b: Value): Value { return vector2(this.v, `${this.shape}.${operation}`, a, b); }
  size(a: Value): Value { return vector1(this.v, `${this.shape}.abs`, a); }
  and(a: Value, b: Value): Value { return vector2(this.v, 'v128.and', a, b); }
  or(a: Value, b: Value): Value { return vector2(this.v, 'v128.or', a, b); }
  isNot(a: Value, b: Value): Value { return this.do('ne', a, b); }
  isNan(a: Value): Value { return this.isNot(a, a); }
  isSomething(a: Value): Value { return this.isNot(a, zeros(this.v)); }
  isDenormal(a: Value): Value { return this.and(this.do('lt', this.size(a), this.constant('least')), this.isSomething(a)); }
  isInfinite(a: Value): Value { return this.do('eq', this.size(a), this.constant('infinity')); }
  isFinite(a: Value): Value { return this.do('lt', this.size(a), this.constant('infinity')); }
  isSignalling(a: Value): Value {
    const bit = this.and(a, this.constant('quiet'));
    return this.and(this.isNan(a), vector2(this.v, this.shape === 'f32x4' ? 'i32x4.eq' : 'i64x2.eq', bit, zeros(this.v)));
  }
  /** These exceptions if any lane is not 0. */
  raise(lanes: Value, exceptions: number): Value {
    const { v } = this;
    return v.op3(OP.select, i32, v.constant32(exceptions), v.constant32(0), v.op1(OP['v128.any_true'], i32, lanes));
  }
  private minus(a: Value, b: Value): Value { return this.do('sub', a, b); }
  private high(a: Value): Value {
    const scaled = this.do('mul', a, this.constant('split', SPLIT_LOW[this.shape]));
    return this.minus(scaled, this.minus(scaled, a));
  }
  sumError(a: Value, b: Value, sum: Value): Value {
    const bb = this.minus(sum, a);
    return this.do('add', this.minus(a, this.minus(sum, bb)), this.minus(b, bb));
  }
  productError(a: Value, b: Value, product: Value): Value {
    const ah = this.high(a), al = this.minus(a, ah), bh = this.high(b), bl = this.minus(b, bh), times = (x: Value, y: Value): Value => this.do('mul', x, y);
    return this.do('add', this.do('add', this.do('add', this.minus(times(ah, bh), product), times(ah, bl)), times(al, bh)), times(al, bl));
  }
}

/** Lanes whose result may not be exact. */
function inexact(l: Lanes, operation: CloseOperation, a: Value, b: Value, r: Value): Value {
  const isSafe = (x: Value): Value => l.do('gt', l.size(x), l.constant('safe')), not = (x: Value): Value => vector1(l.v, 'v128.not', x);
  switch (operation) {
    case 'product': return l.and(l.and(l.isSomething(a), l.isSomething(b)), l.or(l.isSomething(l.productError(a, b, r)), not(isSafe(r))));
    case 'quotient': case 'root': {
      const by = operation === 'root' ? r : b, back = l.do('mul', r, by), rest = l.do('sub', l.do('sub', a, back), l.productError(r, by, back));
      return l.and(l.isSomething(a), l.or(l.isSomething(rest), not(isSafe(a))));
    }
    default: return l.isSomething(l.sumError(a, b, r));
  }
}
/** What tiny results raise: of sums and differences they are exact. */
function tiny(l: Lanes, operation: CloseOperation, a: Value, b: Value, r: Value): Value {
  const isTiny = l.do('le', l.size(r), l.constant('least'));
  switch (operation) {
    case 'product': return l.raise(l.and(isTiny, l.and(l.isSomething(a), l.isSomething(b))), UE);
    case 'quotient': return l.raise(l.and(isTiny, l.and(l.isSomething(a), l.isFinite(b))), UE);
    case 'root': return l.v.constant32(0);
    default: return l.v.op2(OP['i32.or'], i32, l.raise(l.and(isTiny, l.isSomething(r)), WATCH_TINY), l.raise(l.do('eq', r, zeros(l.v)), WATCH_ZERO));
  }
}
const SIGNS = { f32x4: [0, 0, 0, 0x80, 0, 0, 0, 0], f64x2: [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0] } as const;
/** The second operand of what is a sum. */
function addend(l: Lanes, operation: CloseOperation, b: Value): Value {
  if (operation === 'difference') return vector1(l.v, `${l.shape}.neg`, b);
  return operation === 'alternating' ? vector2(l.v, 'v128.xor', b, repeated(l.v, ...SIGNS[l.shape])) : b;
}

const watch = (v: Values): Value => v.loaded(OP['i32.load'], i32, STATE.floatWatch);
const either = (v: Values, ...all: Value[]): Value => all.reduce((a, b) => v.op2(OP['i32.or'], i32, a, b));
/** What the next operation would raise of these lanes. */
const matteringLater = (l: Lanes, denormal: Value, nan: Value): Value => l.v.and32(either(l.v, l.raise(denormal, DE), l.raise(nan, IE)), watch(l.v));
/** Such lanes are remembered: generated code looks closely from now on. */
export function writeCare(code: Code): void {
  code.i32(0); code.i32(1); code.memory(OP['i32.store'], STATE.floatCareful);
  code.i32(0); code.bytes16(OP['v128.const'], new Uint8Array(16)); code.memory(OP['v128.store'], STATE.floatLimit);
}
function writeCareIf(code: Code, v: Values, denormal: Value): void {
  v.push(denormal);
  code.if();
  writeCare(code);
  code.end();
}
/** (a, b, result, number of the primitive): the result. Whether it trapped is at STAGING.trapped. */
function writeArithmetic(code: Code, shape: VectorShape, operation: CloseOperation, primitive: number): void {
  const v = new Values(code), l = new Lanes(v, shape), NUMBER = 3;
  const a = v.variable(0, v128), b = v.variable(1, v128), r = v.variable(2, v128), second = addend(l, operation, b);
  const isDenormal = l.or(l.isDenormal(a), l.isDenormal(b)), isNanOperand = l.or(l.isNan(a), l.isNan(b));
  const isInvalid = l.or(vector2(v, 'v128.andnot', l.isNan(r), isNanOperand), l.or(l.isSignalling(a), l.isSignalling(b)));
  const isInfinite = l.and(l.isInfinite(r), l.and(l.isFinite(a), l.isFinite(b)));
  const raised = either(v, l.raise(isDenormal, DE), l.raise(isInvalid, IE), l.raise(isInfinite, OE | ZE), tiny(l, operation, a, second, r), l.raise(inexact(l, operation, a, second, r), PE));
  const matters = v.and32(raised, watch(v)), result = code.local(v128);
  const nan = v.op3(OP['v128.bitselect'], v128, r, operation === 'root' ? nanOf(v, shape, a) : nanOf(v, shape, a, b), l.do('eq', r, r));
  const end = v.variable(result, v128), cares = matteringLater(l, l.or(isDenormal, l.isDenormal(end)), l.or(isNanOperand, l.isNan(end)));
  for (const n of [matters, nan, isDenormal, isNanOperand, cares]) v.mark(n);
  code.i32(0); code.i32(0); code.memory(OP['i32.store'], STAGING.trapped);
  v.push(matters);
  v.keep(nan); v.keep(isDenormal); v.keep(isNanOperand);
  code.if(v128);
  for (let k = 0; k < 2; k++) { code.i32(0); code.get(k); code.memory(OP['v128.store'], STAGING.primitive + 16 * (k + 1)); }
  code.i32(0); code.get(NUMBER); code.call(primitive); code.memory(OP['i32.store'], STAGING.trapped);
  code.i32(0); code.memory(OP['v128.load'], STAGING.primitive);
  code.else();
  v.push(nan);
  code.end();
  code.set(result);
  writeCareIf(code, v, cares);
  code.get(result);
}
/** (a, b, whether quiet NaNs are invalid): whether comparing them raises what matters. */
function writeComparison(code: Code, shape: VectorShape): void {
  const v = new Values(code), l = new Lanes(v, shape), a = v.variable(0, v128), b = v.variable(1, v128), isAny = v.variable(2, i32);
  const isDenormal = l.or(l.isDenormal(a), l.isDenormal(b)), isNan = l.or(l.isNan(a), l.isNan(b)), isSignalling = l.or(l.isSignalling(a), l.isSignalling(b));
  const invalid = v.op3(OP.select, i32, l.raise(isNan, IE), l.raise(isSignalling, IE), isAny), need = code.local(i32);
  const matters = v.and32(either(v, l.raise(isDenormal, DE), invalid), watch(v)), cares = matteringLater(l, isDenormal, isNan);
  for (const n of [matters, cares]) v.mark(n);
  v.push(matters); code.set(need);
  writeCareIf(code, v, cares);
  code.get(need);
}

/** Writes all of them. `primitive`: the number of that function (see imports.ts). */
export function writeClose(module: ModuleWriter, primitive: number): void {
  const arithmetic = module.type([v128, v128, v128, i32], [v128]), comparison = module.type([v128, v128, i32], [i32]);
  for (const shape of VECTOR_SHAPES) {
    for (const operation of CLOSE_OPERATIONS) {
      const code = new Code(4);
      writeArithmetic(code, shape, operation, primitive);
      module.exportFunction(`${shape}.${operation}`, module.function(arithmetic, code));
    }
    const code = new Code(3);
    writeComparison(code, shape);
    module.exportFunction(`${shape}.comparison`, module.function(comparison, code));
  }
}
