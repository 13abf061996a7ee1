/** What a primitive's row is, and what rows are made of. */
import { OP, TYPE, type ValueType } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';

/** A primitive's value, or null: not of these operands. An operand that is not there is NONE. */
export type Row = (v: Values, a: Value, b: Value, c: Value) => Value | null;
export type Rows = Readonly<Record<string, Row>>;
export type OpName = keyof typeof OP;
export type Shape = 'f32' | 'f64' | 'f32x4' | 'f64x2';

export const NONE = -1;

export function vector1(v: Values, name: OpName, a: Value): Value { return v.op1(OP[name], TYPE.v128, a); }
export function vector2(v: Values, name: OpName, a: Value, b: Value): Value { return v.op2(OP[name], TYPE.v128, a, b); }

/** The instruction of this name: of floats if it begins with their type, of vectors otherwise. */
export function instruction(name: OpName): (v: Values, a: Value, b: Value) => Value {
  const [type, operation = ''] = name.split('.'), result = resultOf(type, operation);
  const view = (v: Values, n: Value): Value => type === 'f64' ? v.f64(n) : type === 'f32' ? v.f32(n) : n;
  return (v, a, b) => b === NONE ? v.op1(OP[name], result, view(v, a)) : v.op2(OP[name], result, view(v, a), view(v, b));
}
function resultOf(type: string | undefined, operation: string): ValueType {
  if (operation === 'bitmask') return TYPE.i32;
  return type === 'f64' || type === 'f32' ? TYPE[type] : TYPE.v128;
}
/** Primitives that are named as the instruction they are. */
export function instructions(...names: OpName[]): Rows { return Object.fromEntries(names.map(name => [name, instruction(name)])); }

// — rows that need their immediate when code is written —

/** The immediate is b. */
export function withImmediate(row: (v: Values, a: Value, immediate: number) => Value): Row {
  return (v, a, b) => v.isConstant(b) ? row(v, a, v.low(b)) : null;
}
/** The immediate is c. */
export function withImmediate2(row: (v: Values, a: Value, b: Value, immediate: number) => Value): Row {
  return (v, a, b, c) => v.isConstant(c) ? row(v, a, b, v.low(c)) : null;
}

// — vectors —

/** These bytes again and again. */
export function repeated(v: Values, ...bytes: number[]): Value { return v.constant128(Array.from({ length: 16 }, (_, k) => bytes[k % bytes.length])); }
export function zeros(v: Values): Value { return repeated(v, 0); }
/** i8x16.shuffle by lanes of `size` bytes: those of a come before those of b. */
export function shuffled(v: Values, size: 1 | 2 | 4 | 8, a: Value, b: Value, lanes: readonly number[]): Value {
  return v.shuffle(a, b, lanes.flatMap(lane => Array.from({ length: size }, (_, k) => size * lane + k)));
}
export function evens(v: Values, size: 2 | 4 | 8, a: Value, b: Value): Value { return shuffled(v, size, a, b, range(16 / size).map(k => 2 * k)); }
export function odds(v: Values, size: 2 | 4 | 8, a: Value, b: Value): Value { return shuffled(v, size, a, b, range(16 / size).map(k => 2 * k + 1)); }
export function range(count: number): number[] { return Array.from({ length: count }, (_, k) => k); }

const FIRST_LANES = [OP['i64x2.extract_lane'], OP['f64x2.extract_lane'], OP['i32x4.extract_lane'], OP['f32x4.extract_lane']];
/** A vector with this scalar in its low lane; what is above does not matter. Often there is one it came from. */
export function around(v: Values, n: Value): Value {
  if (FIRST_LANES.some(operation => v.isOperation(n, operation)) && v.laneOf(n) === 0) return v.child(n);
  return v.type(n) === TYPE.f32 ? v.op1(OP['f32x4.splat'], TYPE.v128, n) : v.op1(OP['f64x2.splat'], TYPE.v128, v.f64(n));
}
