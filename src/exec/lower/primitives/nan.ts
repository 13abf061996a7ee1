/** The NaNs an operation gives (SDM vol. 1 §4.8.3.5, table 4-7): of numbers all processors make the same, of NaNs WebAssembly leaves the payload open. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { NONE, repeated, shuffled, type Shape, vector1, vector2 } from './row.ts';

/** `fast` is right where it is a number; `nan` where it, or a lane of it, is none. */
export interface Checked { readonly fast: Value; readonly nan: Value }
export type CheckedRow = (v: Values, a: Value, b: Value, c: Value) => Checked | null;
export type CheckedRows = Readonly<Record<Shape, Readonly<Record<string, CheckedRow>>>>;

/** The high words: what makes a NaN quiet, and the "QNaN floating-point indefinite". */
const QUIET = { f32: 0x400000, f64: 0x80000 } as const, INDEFINITE = { f32: 0xffc00000 | 0, f64: 0xfff80000 | 0 } as const;
const bytesOf = (word: number): number[] => [0, 8, 16, 24].map(shift => word >>> shift & 0xff);

/** The first operand if that is a NaN, else the second, quieted; of numbers, the indefinite. */
export function nanOf(v: Values, shape: Shape, a: Value, b: Value = NONE): Value {
  const indefinite = constant(v, shape, INDEFINITE);
  return otherwise(v, shape, a, b === NONE ? indefinite : otherwise(v, shape, b, indefinite));
}
/** A NaN, made quiet. */
export function quiet(v: Values, shape: Shape, a: Value): Value {
  const bit = constant(v, shape, QUIET);
  switch (shape) {
    case 'f32': return v.f32(v.op2(OP['i32.or'], TYPE.i32, v.i32(a), v.i32(bit)));
    case 'f64': return v.f64(v.op2(OP['i64.or'], TYPE.i64, v.i64(a), v.i64(bit)));
    default: return vector2(v, 'v128.or', a, bit);
  }
}
function constant(v: Values, shape: Shape, words: Readonly<Record<'f32' | 'f64', number>>): Value {
  switch (shape) {
    case 'f32': return v.f32(v.constant32(words.f32));
    case 'f64': return v.f64(v.constant64(0, words.f64));
    case 'f32x4': return repeated(v, ...bytesOf(words.f32));
    case 'f64x2': return repeated(v, 0, 0, 0, 0, ...bytesOf(words.f64));
  }
}
/** a, quieted, if it is a NaN. */
function otherwise(v: Values, shape: Shape, a: Value, other: Value): Value {
  if (shape === 'f32' || shape === 'f64') {
    const x = v[shape](a);
    return v.op3(OP.select, TYPE[shape], quiet(v, shape, a), other, v.op2(OP[`${shape}.ne`], TYPE.i32, x, x));
  }
  return v.op3(OP['v128.bitselect'], TYPE.v128, quiet(v, shape, a), other, vector2(v, `${shape}.ne`, a, a));
}
/** Lanes that are numbers stay. */
export function checked(v: Values, shape: Shape, fast: Value, nan: Value): Checked {
  if (shape === 'f32' || shape === 'f64') return { fast, nan };
  return { fast, nan: v.op3(OP['v128.bitselect'], TYPE.v128, fast, nan, vector2(v, `${shape}.eq`, fast, fast)) };
}

// — NaNs of another size: the sign, and the top of the payload —

/** Of a single with its sign extended, the shift leaves three bits of the exponent to set. */
export const promotedNan = (v: Values, a: Value): Value => {
  const wide = v.op1(OP['i64.extend32_s'], TYPE.i64, v.i64(a));
  return v.f64(v.op2(OP['i64.or'], TYPE.i64, v.op2(OP['i64.shl'], TYPE.i64, wide, v.constant64(29)), v.constant64(0, 0x7ff80000)));
};
export const promotedNans = (v: Values, a: Value): Value =>
  vector2(v, 'v128.or', vector2(v, 'i64x2.shl', vector1(v, 'i64x2.extend_low_i32x4_s', a), v.constant32(29)), repeated(v, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f));
/** A double's exponent is long enough to fill the single's, and its sign. */
export const demotedNan = (v: Values, a: Value): Value => {
  const payload = v.i32(v.op2(OP['i64.shr_u'], TYPE.i64, v.i64(a), v.constant64(29))), high = v.i32(v.op2(OP['i64.shr_u'], TYPE.i64, v.i64(a), v.constant64(32)));
  const or = (n: Value, bits: number): Value => v.op2(OP['i32.or'], TYPE.i32, n, v.constant32(bits));
  return v.f32(v.and32(or(payload, QUIET.f32), or(high, 0x7fffffff)));
};
/** What is above the second lane does not matter. */
export const demotedNans = (v: Values, a: Value): Value => {
  const payload = vector2(v, 'i64x2.shr_u', a, v.constant32(29)), high = vector2(v, 'i64x2.shr_u', a, v.constant32(32));
  const wide = vector2(v, 'v128.and', vector2(v, 'v128.or', payload, repeated(v, ...bytesOf(QUIET.f32))), vector2(v, 'v128.or', high, repeated(v, ...bytesOf(0x7fffffff))));
  return shuffled(v, 4, wide, wide, [0, 2, 0, 2]);
};
