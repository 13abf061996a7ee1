/** Float operations as WebAssembly does them, and when that is not what MXCSR asks for: what has to be looked at, and who looks closely. */
import { FLOATS, STATE } from '../../../base/layout.ts';
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { LEAST_TWICE } from '../../mxcsr.ts';
import type { Primitive } from '../../primitive.ts';
import type { CloseOperation } from '../close.ts';
import type { Called, Effect } from '../effect.ts';
import { NONE, type Shape, vector1, vector2, zeros } from './row.ts';

export interface Watched {
  readonly fast: Value;
  /** What must not be denormal, nor a NaN if `numbers`. */
  readonly operands: readonly { readonly shape: Shape; readonly value: Value }[];
  readonly numbers: boolean;
  /** i32s made of the result; one that is not 0 is a reason to look closely. */
  readonly tests: (result: Value) => readonly Value[];
  /** One of the tests fails where STATE.floatLimit is 0. */
  readonly seesLimit: boolean;
  readonly close: Close;
  /** The result is neither a denormal nor a NaN, unless STATE.floatCareful says so. */
  readonly isSeen: Shape | null;
}
/** Who looks closely: a function of src/exec/lower/close.ts, which may perform the primitive; one that says whether to perform it; or nobody. */
export type Close =
  | { readonly by: 'operation'; readonly shape: Shape; readonly operation: CloseOperation; readonly a: Value; readonly b: Value; readonly primitive: Primitive }
  | { readonly by: 'comparison'; readonly shape: Shape; readonly a: Value; readonly b: Value; readonly isAny: boolean }
  | { readonly by: 'nobody' };
export type WatchedRow = (v: Values, a: Value, b: Value, c: Value, primitive: Primitive) => Watched | null;
export type WatchedRows = Readonly<Record<string, WatchedRow>>;

const limit = (v: Values): Value => v.loaded(OP['i32.load'], TYPE.i32, STATE.floatLimit);
/** The usual mode is not at hand. */
export const isLimited = (v: Values): Value => v.eqz(limit(v));
export const anyTrue = (v: Values, lanes: Value): Value => v.op1(OP['v128.any_true'], TYPE.i32, lanes);
export const or32 = (v: Values, a: Value, b: Value): Value => v.op2(OP['i32.or'], TYPE.i32, a, b);

const twice32 = (v: Values, a: Value): Value => v.op2(OP['i32.shl'], TYPE.i32, a, v.constant32(1));
/** The lanes of singles, and the high words of doubles. */
const SINGLES = -1, HIGH_WORDS = 0xa;
/** 0 where the result is normal, and the usual mode at hand. `lanes`: which 32-bit lanes of a vector. */
export function isUnusual(v: Values, shape: Shape, result: Value, lanes = shape === 'f32x4' ? SINGLES : HIGH_WORDS): Value {
  switch (shape) {
    case 'f32': return outside(v, v.i32(result), LEAST_TWICE.f32);
    case 'f64': return outside(v, v.i32(v.op2(OP['i64.shr_u'], TYPE.i64, v.i64(result), v.constant64(32))), LEAST_TWICE.f64);
    default: return masked(v, unusualLanes(v, shape, result), lanes);
  }
}
const loaded128 = (v: Values, offset: number): Value => v.loaded(OP['v128.load'], TYPE.v128, offset);
const masked = (v: Values, words: Value, lanes: number): Value => v.and32(v.op1(OP['i32x4.bitmask'], TYPE.i32, words), v.constant32(lanes));
function unusualLanes(v: Values, shape: 'f32x4' | 'f64x2', result: Value): Value {
  const twice = vector2(v, 'i32x4.shl', result, v.constant32(1)), least = loaded128(v, shape === 'f32x4' ? FLOATS.leastTwice32 : FLOATS.leastTwice64);
  return vector2(v, 'i32x4.ge_u', vector2(v, 'i32x4.sub', twice, least), loaded128(v, STATE.floatLimit));
}
function outside(v: Values, word: Value, least: number): Value {
  return v.op2(OP['i32.ge_u'], TYPE.i32, v.op2(OP['i32.sub'], TYPE.i32, twice32(v, word), v.constant32(least)), limit(v));
}
/** 0 where no lane is denormal: shifted once to the left, they lie between 0 and the least normal number. */
export function isDenormal(v: Values, shape: Shape, a: Value): Value {
  switch (shape) {
    case 'f32': return v.op2(OP['i32.lt_u'], TYPE.i32, v.op2(OP['i32.sub'], TYPE.i32, twice32(v, v.i32(a)), v.constant32(1)), v.constant32(0x00ffffff));
    case 'f64': {
      const twice = v.op2(OP['i64.shl'], TYPE.i64, v.i64(a), v.constant64(1));
      return v.op2(OP['i64.lt_u'], TYPE.i32, v.op2(OP['i64.sub'], TYPE.i64, twice, v.constant64(1)), v.constant64(-1, 0x001fffff));
    }
    default: return haveDenormal(v, shape, a);
  }
}
/** The same of several vectors at once. */
function haveDenormal(v: Values, shape: 'f32x4' | 'f64x2', ...vectors: readonly Value[]): Value {
  if (shape === 'f32x4') {
    const shifted = vectors.map(a => vector2(v, 'i32x4.sub', vector2(v, 'i32x4.shl', a, v.constant32(1)), loaded128(v, FLOATS.ones32)));
    return masked(v, vector2(v, 'i32x4.le_u', shifted.reduce((a, b) => vector2(v, 'i32x4.min_u', a, b)), loaded128(v, FLOATS.denormals32)), SINGLES);
  }
  const denormals = vectors.map(a => vector2(v, 'v128.and', vector2(v, 'f64x2.lt', vector1(v, 'f64x2.abs', a), loaded128(v, FLOATS.least64)), vector2(v, 'f64x2.ne', a, zeros(v))));
  return masked(v, denormals.reduce((a, b) => vector2(v, 'v128.or', a, b)), HIGH_WORDS);
}
/** Not 0 where an operation gave nothing unusual but zeros as it should, and none of its operands is denormal: the commonest reason to look again. */
export function isPlainZero(v: Values, shape: Shape, operation: CloseOperation, a: Value, b: Value, result: Value): Value {
  if (shape === 'f32' || shape === 'f64') {
    const zero = shape === 'f32' ? v.f32(v.constant32(0)) : v.f64(v.constant64(0));
    const isZero = (n: Value): Value => v.op2(OP[`${shape}.eq`], TYPE.i32, v[shape](n), zero);
    return v.and32(limit(v), plainZero(operation, a, b, result, isZero, v.and32.bind(v), (x, y) => or32(v, x, y)));
  }
  const zeros128 = plainZero(operation, a, b, result, n => vector2(v, `${shape}.eq`, n, zeros(v)), (x, y) => vector2(v, 'v128.and', x, y), (x, y) => vector2(v, 'v128.or', x, y));
  const rest = masked(v, vector2(v, 'v128.andnot', unusualLanes(v, shape, result), zeros128), shape === 'f32x4' ? SINGLES : HIGH_WORDS);
  return v.and32(limit(v), v.eqz(rest));
}
type Both = (x: Value, y: Value) => Value;
function plainZero(operation: CloseOperation, a: Value, b: Value, result: Value, isZero: (n: Value) => Value, and: Both, or: Both): Value {
  switch (operation) {
    case 'product': return and(isZero(result), or(isZero(a), isZero(b)));
    case 'quotient': case 'root': return and(isZero(result), isZero(a));
    default: return isZero(result);
  }
}
/** 1 where a lane is a NaN. */
export function isNan(v: Values, shape: Shape, a: Value): Value {
  if (shape !== 'f32' && shape !== 'f64') return masked(v, vector2(v, `${shape}.ne`, a, a), SINGLES);
  const x = v[shape](a);
  return v.op2(OP[`${shape}.ne`], TYPE.i32, x, x);
}
/** The same as a vector in every lane. */
export function inAllLanes(v: Values, shape: Shape, a: Value): Value {
  switch (shape) {
    case 'f32': return v.op1(OP['f32x4.splat'], TYPE.v128, v.f32(a));
    case 'f64': return v.op1(OP['f64x2.splat'], TYPE.v128, v.f64(a));
    default: return a;
  }
}
/** `unseen`: the operands that may be denormals or NaNs. */
export function floatEffect(v: Values, watched: Watched, unseen: Watched['operands'], before: Value, called: Called): Effect & { kind: 'float' } {
  const { fast, operands, numbers, tests, seesLimit, close, isSeen } = watched, to = v.result(v.type(fast));
  const odd = (shape: Shape, value: Value): Value[] => [isDenormal(v, shape, value), isNan(v, shape, value)];
  const distinct = unseen.filter(({ value }, k) => k === 0 || value !== unseen[0]!.value), shape = unseen[0]?.shape;
  const denormal = shape === 'f32x4' || shape === 'f64x2' ? [haveDenormal(v, shape, ...distinct.map(({ value }) => value))] : distinct.map(one => isDenormal(v, one.shape, one.value));
  const oddOperands = [...denormal, ...numbers ? distinct.map(one => isNan(v, one.shape, one.value)) : []];
  const isTrusting = unseen.length < operands.length && !seesLimit;
  return {
    kind: 'float', fast, to, before, close, called, tests: [...isTrusting ? [isLimited(v)] : [], ...oddOperands, ...tests(to)],
    operands: close.by === 'nobody' ? [] : [inAllLanes(v, close.shape, close.a), inAllLanes(v, close.shape, close.b)],
    excuse: close.by === 'operation' ? isPlainZero(v, close.shape, close.operation, close.a, close.b, to) : NONE,
    odd: close.by === 'nobody' && isSeen !== null ? odd(isSeen, to) : [],
  };
}
export function vectorShape(shape: Shape): 'f32x4' | 'f64x2' { return shape === 'f32' || shape === 'f32x4' ? 'f32x4' : 'f64x2'; }
export function lowLane(v: Values, shape: 'f32' | 'f64', a: Value): Value {
  return shape === 'f32' ? v.lane1(OP['f32x4.extract_lane'], TYPE.f32, a, 0) : v.lane1(OP['f64x2.extract_lane'], TYPE.f64, a, 0);
}
