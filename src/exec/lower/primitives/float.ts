/** Floating-point arithmetic and comparison as WebAssembly: IEEE 754 is the same everywhere, but for NaNs, and for what MXCSR adds. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import type { Primitive } from '../../primitive.ts';
import { add, sub } from '../../primitives/float.ts';
import type { CloseOperation } from '../close.ts';
import { around, evens, instruction, NONE, odds, repeated, type Row, type Shape, vector1, vector2, withImmediate2 } from './row.ts';
import { isLimited, isNan, isUnusual, type WatchedRow, type WatchedRows } from './watched.ts';

/** Scalars that are computed as vectors: WebAssembly has these instructions only there. */
function lowLane(shape: 'f32' | 'f64', row: Row, to: 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2'): Row {
  const type = LANE_TYPES[to];
  return (v, a, b, c) => {
    const whole = row(v, around(v, v[shape](a)), around(v, v[shape](b)), c);
    return whole === null ? null : v.lane1(OP[`${to}.extract_lane`], type, whole, 0);
  };
}
const LANE_TYPES = { f32x4: TYPE.f32, f64x2: TYPE.f64, i32x4: TYPE.i32, i64x2: TYPE.i64 } as const;

/** CMPPS ...: predicates 4-7 negate 0-3, but "not equal" is an instruction. */
function compared(shape: 'f32x4' | 'f64x2'): Row {
  return withImmediate2((v, a, b, predicate) => {
    switch (predicate & 7) {
      case 0: return vector2(v, `${shape}.eq`, a, b);
      case 1: return vector2(v, `${shape}.lt`, a, b);
      case 2: return vector2(v, `${shape}.le`, a, b);
      case 3: return vector2(v, 'v128.or', vector2(v, `${shape}.ne`, a, a), vector2(v, `${shape}.ne`, b, b));
      case 4: return vector2(v, `${shape}.ne`, a, b);
      case 5: return vector1(v, 'v128.not', vector2(v, `${shape}.lt`, a, b));
      case 6: return vector1(v, 'v128.not', vector2(v, `${shape}.le`, a, b));
      default: return vector2(v, 'v128.and', vector2(v, `${shape}.eq`, a, a), vector2(v, `${shape}.eq`, b, b));
    }
  });
}
/** VCMPPS ...: the second eight predicates are other questions, or the same of b and a; the second sixteen differ in what they raise. */
function comparedVex(shape: 'f32x4' | 'f64x2'): Row {
  const row = compared(shape), is = (v: Values, predicate: number, a: Value, b: Value): Value => row(v, a, b, v.constant32(predicate))!;
  return withImmediate2((v, a, b, predicate) => {
    switch (predicate & 15) {
      case 8: return vector2(v, 'v128.or', is(v, 0, a, b), is(v, 3, a, b));
      case 9: return is(v, 6, b, a);
      case 10: return is(v, 5, b, a);
      case 11: return repeated(v, 0);
      case 12: return vector2(v, 'v128.and', is(v, 4, a, b), is(v, 7, a, b));
      case 13: return is(v, 2, b, a);
      case 14: return is(v, 1, b, a);
      case 15: return repeated(v, 0xff);
      default: return is(v, predicate & 7, a, b);
    }
  });
}
/** Bytes of RFLAGS by a >= b (adds 2) and a <= b (adds 1): unordered, less, greater, equal. */
const ORDER_FLAGS = 0x40_00_01_45;
/** UCOMISD: a byte of the table, shifted down. */
function ordered(shape: 'f32' | 'f64'): Row {
  return (v, a, b) => {
    const x = v[shape](a), y = v[shape](b);
    const atLeast = v.shift32(OP['i32.shl'], v.op2(OP[`${shape}.ge`], TYPE.i32, x, y), 4);
    const atMost = v.shift32(OP['i32.shl'], v.op2(OP[`${shape}.le`], TYPE.i32, x, y), 3);
    const from = v.op2(OP['i32.shr_u'], TYPE.i32, v.constant32(ORDER_FLAGS), v.op2(OP['i32.or'], TYPE.i32, atLeast, atMost));
    return v.and32(from, v.constant32(0xff));
  };
}

/** One operation of a and b, or of a alone. */
function arithmetic(shape: Shape, operation: CloseOperation, fast: (v: Values, a: Value, b: Value) => Value): WatchedRow {
  return (v, a, b, _c, primitive) => ({
    fast: fast(v, a, b), operands: (b === NONE ? [a] : [a, b]).map(value => ({ shape, value })), numbers: false, tests: result => [isUnusual(v, shape, result)],
    seesLimit: true, isSeen: shape,
    close: { by: 'operation', shape, operation, a, b: b === NONE ? a : b, primitive },
  });
}
const OPERATIONS = { add: 'sum', sub: 'difference', mul: 'product', div: 'quotient', sqrt: 'root' } as const;
const arithmeticOf = (shape: Shape): WatchedRows => Object.fromEntries(Object.entries(OPERATIONS)
  .map(([name, operation]) => [`${shape}.${name}`, arithmetic(shape, operation, instruction(`${shape}.${name as keyof typeof OPERATIONS}`))]));

/** ROUNDPD, if it does not ask for MXCSR's mode, or that is the usual one. */
function rounded(shape: Shape): WatchedRow {
  const modes = (['nearest', 'floor', 'ceil', 'trunc'] as const).map(name => instruction(`${shape}.${name}`));
  return (v, a, b) => {
    if (!v.isConstant(b)) return null;
    const mode = v.low(b);
    return {
      fast: modes[(mode & 4) !== 0 ? 0 : mode & 3]!(v, a, NONE), operands: [{ shape, value: a }], seesLimit: true, isSeen: shape, close: { by: 'nobody' },
      numbers: false, tests: result => [isLimited(v), isNan(v, shape, result)],
    };
  };
}
/** HADDPD, HSUBPD ...: neighbours become the lanes of two vectors. */
function neighbours(shape: 'f32x4' | 'f64x2', operation: 'add' | 'sub', of: Primitive): WatchedRow {
  const size = shape === 'f32x4' ? 4 : 8, row = arithmetic(shape, OPERATIONS[operation], instruction(`${shape}.${operation}`));
  return (v, a, b) => row(v, evens(v, size, a, b), odds(v, size, a, b), NONE, of);
}
/** ADDSUBPD: b is added with the signs of its even lanes flipped. */
function alternating(shape: 'f32x4' | 'f64x2'): WatchedRow {
  const signs = shape === 'f32x4' ? [0, 0, 0, 0x80, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
  return arithmetic(shape, 'alternating', (v, a, b) => vector2(v, `${shape}.add`, a, vector2(v, 'v128.xor', b, repeated(v, ...signs))));
}
/** What is computed right, NaN or not, denormal or not, but for what it raises and for DAZ. `isAny`: quiet NaNs are invalid, too. */
function compares(shape: Shape, row: Row, isAny: (v: Values, c: Value) => boolean, isSeen: Shape | null = null): WatchedRow {
  return (v, a, b, c) => {
    const fast = row(v, a, b, c);
    return fast === null ? null : {
      fast, operands: [a, b].map(value => ({ shape, value })), numbers: true, tests: () => [], seesLimit: false, isSeen,
      close: { by: 'comparison', shape, a, b, isAny: isAny(v, c) },
    };
  };
}
const always = (): boolean => true, never = (): boolean => false;
/** Of quiet NaNs it is invalid to ask which is less. */
const asksForLess = (v: Values, c: Value): boolean => (v.low(c) & 3) === 1 || (v.low(c) & 3) === 2;

/** The second sixteen mind quiet NaNs where the first do not. */
const minds = (v: Values, c: Value): boolean => ((v.low(c) & 3) === 1 || (v.low(c) & 3) === 2) !== ((v.low(c) & 16) !== 0);

/** Minima and maxima are one of their operands, NaN or not. */
function extremes(operation: 'pmin' | 'pmax'): WatchedRows {
  const single = instruction(`f32x4.${operation}`), double = instruction(`f64x2.${operation}`);
  return {
    [`f32x4.${operation}`]: compares('f32x4', single, always, 'f32x4'), [`f64x2.${operation}`]: compares('f64x2', double, always, 'f64x2'),
    [`f32.${operation}`]: compares('f32', lowLane('f32', single, 'f32x4'), always, 'f32'), [`f64.${operation}`]: compares('f64', lowLane('f64', double, 'f64x2'), always, 'f64'),
  };
}

export const floats = (): WatchedRows => ({
  ...arithmeticOf('f32'), ...arithmeticOf('f64'), ...arithmeticOf('f32x4'), ...arithmeticOf('f64x2'),
  ...extremes('pmin'), ...extremes('pmax'),
  'x86.roundss': rounded('f32'), 'x86.roundsd': rounded('f64'), 'x86.roundps': rounded('f32x4'), 'x86.roundpd': rounded('f64x2'),
  'x86.addsubps': alternating('f32x4'), 'x86.addsubpd': alternating('f64x2'),
  'x86.haddps': neighbours('f32x4', 'add', add.f32x4), 'x86.hsubps': neighbours('f32x4', 'sub', sub.f32x4),
  'x86.haddpd': neighbours('f64x2', 'add', add.f64x2), 'x86.hsubpd': neighbours('f64x2', 'sub', sub.f64x2),
  'x86.cmpps': compares('f32x4', compared('f32x4'), asksForLess), 'x86.cmppd': compares('f64x2', compared('f64x2'), asksForLess),
  'x86.cmpss': compares('f32', lowLane('f32', compared('f32x4'), 'i32x4'), asksForLess), 'x86.cmpsd': compares('f64', lowLane('f64', compared('f64x2'), 'i64x2'), asksForLess),
  'x86.vcmpps': compares('f32x4', comparedVex('f32x4'), minds), 'x86.vcmppd': compares('f64x2', comparedVex('f64x2'), minds),
  'x86.vcmpss': compares('f32', lowLane('f32', comparedVex('f32x4'), 'i32x4'), minds), 'x86.vcmpsd': compares('f64', lowLane('f64', comparedVex('f64x2'), 'i64x2'), minds),
  'x86.ucomiss': compares('f32', ordered('f32'), never), 'x86.comiss': compares('f32', ordered('f32'), always),
  'x86.ucomisd': compares('f64', ordered('f64'), never), 'x86.comisd': compares('f64', ordered('f64'), always),
});
