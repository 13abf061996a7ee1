/** Floating-point arithmetic and comparison as WebAssembly: IEEE 754 is the same everywhere, but for NaNs. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { checked, type CheckedRow, type CheckedRows, nanOf, quiet } from './nan.ts';
import { around, evens, instruction, NONE, odds, repeated, type Row, type Rows, type Shape, vector1, vector2, withImmediate2 } from './row.ts';

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
function computed(shape: Shape, operation: 'add' | 'sub' | 'mul' | 'div' | 'sqrt'): CheckedRow {
  const row = instruction(`${shape}.${operation}`);
  return (v, a, b) => checked(v, shape, row(v, a, b), nanOf(v, shape, a, b));
}
const arithmetic = (shape: Shape): Readonly<Record<string, CheckedRow>> =>
  Object.fromEntries((['add', 'sub', 'mul', 'div', 'sqrt'] as const).map(operation => [`${shape}.${operation}`, computed(shape, operation)]));

/** ROUNDPD: MXCSR's mode is taken to be nearest. */
function rounded(shape: Shape): CheckedRow {
  const modes = (['nearest', 'floor', 'ceil', 'trunc'] as const).map(name => instruction(`${shape}.${name}`));
  return (v, a, b) => {
    if (!v.isConstant(b)) return null;
    const mode = v.low(b);
    return checked(v, shape, modes[(mode & 4) !== 0 ? 0 : mode & 3](v, a, NONE), quiet(v, shape, a));
  };
}
/** HADDPD, HSUBPD ...: neighbours become the lanes of two vectors. */
function neighbours(shape: 'f32x4' | 'f64x2', operation: 'add' | 'sub'): CheckedRow {
  const size = shape === 'f32x4' ? 4 : 8, row = computed(shape, operation);
  return (v, a, b) => row(v, evens(v, size, a, b), odds(v, size, a, b), NONE);
}
/** ADDSUBPD: b is added with the signs of its even lanes flipped, if it is a number. */
function alternating(shape: 'f32x4' | 'f64x2'): CheckedRow {
  const signs = shape === 'f32x4' ? [0, 0, 0, 0x80, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
  return (v, a, b) => checked(v, shape, vector2(v, `${shape}.add`, a, vector2(v, 'v128.xor', b, repeated(v, ...signs))), nanOf(v, shape, a, b));
}

/** Minima and maxima are one of their operands, NaN or not. */
const pmin = { f32x4: instruction('f32x4.pmin'), f64x2: instruction('f64x2.pmin') }, pmax = { f32x4: instruction('f32x4.pmax'), f64x2: instruction('f64x2.pmax') };

export const FLOAT: Rows = {
  'f32x4.pmin': pmin.f32x4, 'f64x2.pmin': pmin.f64x2, 'f32.pmin': lowLane('f32', pmin.f32x4, 'f32x4'), 'f64.pmin': lowLane('f64', pmin.f64x2, 'f64x2'),
  'f32x4.pmax': pmax.f32x4, 'f64x2.pmax': pmax.f64x2, 'f32.pmax': lowLane('f32', pmax.f32x4, 'f32x4'), 'f64.pmax': lowLane('f64', pmax.f64x2, 'f64x2'),
  'x86.cmpps': compared('f32x4'), 'x86.cmppd': compared('f64x2'),
  'x86.cmpss': lowLane('f32', compared('f32x4'), 'i32x4'), 'x86.cmpsd': lowLane('f64', compared('f64x2'), 'i64x2'),
  'x86.vcmpps': comparedVex('f32x4'), 'x86.vcmppd': comparedVex('f64x2'),
  'x86.vcmpss': lowLane('f32', comparedVex('f32x4'), 'i32x4'), 'x86.vcmpsd': lowLane('f64', comparedVex('f64x2'), 'i64x2'),
  'x86.ucomiss': ordered('f32'), 'x86.ucomisd': ordered('f64'),
};
export const FLOAT_CHECKED: CheckedRows = {
  f32: { ...arithmetic('f32'), 'x86.roundss': rounded('f32') },
  f64: { ...arithmetic('f64'), 'x86.roundsd': rounded('f64') },
  f32x4: {
    ...arithmetic('f32x4'), 'x86.roundps': rounded('f32x4'), 'x86.addsubps': alternating('f32x4'),
    'x86.haddps': neighbours('f32x4', 'add'), 'x86.hsubps': neighbours('f32x4', 'sub'),
  },
  f64x2: {
    ...arithmetic('f64x2'), 'x86.roundpd': rounded('f64x2'), 'x86.addsubpd': alternating('f64x2'),
    'x86.haddpd': neighbours('f64x2', 'add'), 'x86.hsubpd': neighbours('f64x2', 'sub'),
  },
};
