/**
 * Fused multiply-add as WebAssembly, which has none: as in src/exec/primitives/fused.ts, two lanes at a time. What lies near the ends of the exponent's
 * range, and whatever is no ordinary number, is left to the primitive.
 */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { range, repeated, type Shape, shuffled, vector1, vector2, zeros } from './row.ts';
import { inAllLanes, isUnusual, lowLane, vectorShape, type WatchedRow, type WatchedRows } from './watched.ts';

/** Doubles by their high words: 2^27 + 1, and what is middling. */
const SPLIT = [0, 0, 0, 2, 0, 0, 0xa0, 0x41], LEAST = [0, 0, 0, 0, 0, 0, 0xf0, 0x0d], MOST = [0, 0, 0, 0, 0, 0, 0x30, 0x78], SIGN = [0, 0, 0, 0, 0, 0, 0, 0x80];
const add = (v: Values, a: Value, b: Value): Value => vector2(v, 'f64x2.add', a, b);
const sub = (v: Values, a: Value, b: Value): Value => vector2(v, 'f64x2.sub', a, b);
const mul = (v: Values, a: Value, b: Value): Value => vector2(v, 'f64x2.mul', a, b);
const and = (v: Values, a: Value, b: Value): Value => vector2(v, 'v128.and', a, b);

/** The upper half of the bits of a factor. */
function highOf(v: Values, a: Value): Value {
  const scaled = mul(v, a, repeated(v, ...SPLIT));
  return sub(v, scaled, sub(v, scaled, a));
}
function productError(v: Values, a: Value, b: Value, product: Value): Value {
  const ah = highOf(v, a), al = sub(v, a, ah), bh = highOf(v, b), bl = sub(v, b, bh);
  return add(v, add(v, add(v, sub(v, mul(v, ah, bh), product), mul(v, ah, bl)), mul(v, al, bh)), mul(v, al, bl));
}
function sumError(v: Values, a: Value, b: Value, sum: Value): Value {
  const bb = sub(v, sum, a);
  return add(v, sub(v, a, sub(v, sum, bb)), sub(v, b, bb));
}
/** Even and inexact sums become the odd number beside them: further from 0 if the error has their sign. */
function toOdd(v: Values, sum: Value, error: Value): Value {
  const ones = repeated(v, 1, 0, 0, 0, 0, 0, 0, 0), isEven = vector2(v, 'i64x2.eq', and(v, sum, ones), zeros(v)), isInexact = vector2(v, 'f64x2.ne', error, zeros(v));
  const step = vector2(v, 'v128.or', v.op2(OP['i64x2.shr_s'], TYPE.v128, vector2(v, 'v128.xor', sum, error), v.constant32(63)), ones);
  return vector2(v, 'i64x2.add', sum, and(v, step, and(v, isEven, isInexact)));
}

interface Fused { readonly fast: Value; readonly tests: readonly Value[] }
function fusedDoubles(v: Values, a: Value, b: Value, c: Value): Fused {
  const high = mul(v, a, b), low = productError(v, a, b, high);
  const t = add(v, c, low), tLow = sumError(v, c, low, t), whole = add(v, high, t), wholeLow = sumError(v, high, t, whole);
  const rest = add(v, tLow, wholeLow), fast = add(v, whole, toOdd(v, rest, sumError(v, tLow, wholeLow, rest)));
  const isMiddling = (n: Value): Value => {
    const size = vector1(v, 'f64x2.abs', n);
    return and(v, vector2(v, 'f64x2.gt', size, repeated(v, ...LEAST)), vector2(v, 'f64x2.lt', size, repeated(v, ...MOST)));
  };
  const isFit = and(v, and(v, isMiddling(high), isMiddling(a)), and(v, isMiddling(b), vector2(v, 'v128.or', isMiddling(c), vector2(v, 'f64x2.eq', c, zeros(v)))));
  return { fast, tests: [v.op2(OP['i32.ne'], TYPE.i32, v.op1(OP['i64x2.bitmask'], TYPE.i32, isFit), v.constant32(3))] };
}
/** Of the low two lanes; a product of singles is exact in doubles. */
function fusedPair(v: Values, a: Value, b: Value, c: Value): Value {
  const wide = (n: Value): Value => vector1(v, 'f64x2.promote_low_f32x4', n), product = mul(v, wide(a), wide(b)), addend = wide(c), sum = add(v, product, addend);
  return vector1(v, 'f32x4.demote_f64x2_zero', toOdd(v, sum, sumError(v, product, addend, sum)));
}
function fusedSingles(v: Values, a: Value, b: Value, c: Value): Fused {
  const high = (n: Value): Value => shuffled(v, 8, n, n, [1, 1]);
  return { fast: shuffled(v, 8, fusedPair(v, a, b, c), fusedPair(v, high(a), high(b), high(c)), [0, 2]), tests: [] };
}

/** Which signs change: lanes are even or odd. */
type Lanes = 'none' | 'all' | 'even' | 'odd';
function negated(v: Values, shape: 'f32x4' | 'f64x2', a: Value, lanes: Lanes): Value {
  if (lanes === 'none') return a;
  const size = shape === 'f32x4' ? 4 : 8, isChanged = (lane: number): boolean => lanes === 'all' || (lane % 2 === 0) === (lanes === 'even');
  return vector2(v, 'v128.xor', a, v.constant128(range(16).map(k => isChanged(Math.floor(k / size)) && k % size === size - 1 ? SIGN[7]! : 0)));
}
function fused(shape: Shape, product: Lanes, addend: Lanes): WatchedRow {
  const whole = vectorShape(shape);
  return (v, a, b, c) => {
    const [x, y, z] = [a, b, c].map(n => inAllLanes(v, shape, n)) as [Value, Value, Value], xs = negated(v, whole, x, product), zs = negated(v, whole, z, addend);
    const { fast, tests } = whole === 'f64x2' ? fusedDoubles(v, xs, y, zs) : shape === 'f32' ? { fast: fusedPair(v, xs, y, zs), tests: [] } : fusedSingles(v, xs, y, zs);
    return {
      fast: shape === 'f32' || shape === 'f64' ? lowLane(v, shape, fast) : fast, operands: [a, b, c].map(value => ({ shape, value })), numbers: false,
      tests: result => [isUnusual(v, shape, result), ...tests], seesLimit: true, isSeen: shape, close: { by: 'nobody' },
    };
  };
}
const SUFFIXES = { ps: 'f32x4', pd: 'f64x2', ss: 'f32', sd: 'f64' } as const;
const family = (name: string, product: Lanes, addend: Lanes): WatchedRows =>
  Object.fromEntries(Object.entries(SUFFIXES).map(([suffix, shape]) => [`x86.${name}${suffix}`, fused(shape, product, addend)]));

export const fusions = (): WatchedRows => ({
  ...family('fmadd', 'none', 'none'), ...family('fmsub', 'none', 'all'), ...family('fnmadd', 'all', 'none'), ...family('fnmsub', 'all', 'all'),
  'x86.fmaddsubps': fused('f32x4', 'none', 'even'), 'x86.fmaddsubpd': fused('f64x2', 'none', 'even'),
  'x86.fmsubaddps': fused('f32x4', 'none', 'odd'), 'x86.fmsubaddpd': fused('f64x2', 'none', 'odd'),
});
