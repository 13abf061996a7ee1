/** Primitives as WebAssembly: by name where WebAssembly has the instruction, by rows where a few make it up. What has neither is called. */
import { OP, TYPE, type ValueType } from '../../wasm/opcode.ts';
import type { Primitive } from '../primitive.ts';
import type { SuspectTest } from './effect.ts';
import type { Value, Values } from '../../wasm/values.ts';

export interface Lowered { readonly value: Value; readonly suspect: SuspectTest }
type Row = (v: Values, a: Value, b: Value, c: Value) => Value | null;

/** A primitive's value, or null: it has to be called. Vectors are v128; other operands i32, i64 or floats. */
export function lowerPrimitive(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Lowered | null {
  const value = ROWS[primitive.name]?.(v, a, b, c) ?? null;
  return value === null ? null : { value, suspect: SUSPECTS[primitive.name] ?? 'never' };
}

const NONE = -1;
/** An instruction whose operands are vectors. */
const vectors = (name: keyof typeof OP, result: ValueType = TYPE.v128): Row => (v, a, b) => b === NONE ? v.op1(OP[name], result, a) : v.op2(OP[name], result, a, b);
const f64 = (name: keyof typeof OP): Row => (v, a, b) => b === NONE ? v.op1(OP[name], TYPE.f64, v.f64(a)) : v.op2(OP[name], TYPE.f64, v.f64(a), v.f64(b));
const f32 = (name: keyof typeof OP): Row => (v, a, b) => b === NONE ? v.op1(OP[name], TYPE.f32, v.f32(a)) : v.op2(OP[name], TYPE.f32, v.f32(a), v.f32(b));

/** Of the results that may be NaNs, which of the operands' payloads they carry is the processor's business. */
const SUSPECTS: Readonly<Record<string, SuspectTest>> = {
  'f64.add': 'f64', 'f64.sub': 'f64', 'f64.mul': 'f64', 'f64.div': 'f64', 'f64.sqrt': 'f64',
  'f32.add': 'f32', 'f32.sub': 'f32', 'f32.mul': 'f32', 'f32.div': 'f32', 'f32.sqrt': 'f32',
  'f64x2.add': 'f64x2', 'f64x2.sub': 'f64x2', 'f64x2.mul': 'f64x2', 'f64x2.div': 'f64x2', 'f64x2.sqrt': 'f64x2',
  'f32x4.add': 'f32x4', 'f32x4.sub': 'f32x4', 'f32x4.mul': 'f32x4', 'f32x4.div': 'f32x4', 'f32x4.sqrt': 'f32x4',
};
const ROWS: Readonly<Record<string, Row>> = {
  'v128.and': vectors('v128.and'), 'v128.or': vectors('v128.or'), 'v128.xor': vectors('v128.xor'), 'v128.andnot': vectors('v128.andnot'),
  'f64.add': f64('f64.add'), 'f64.sub': f64('f64.sub'), 'f64.mul': f64('f64.mul'), 'f64.div': f64('f64.div'), 'f64.sqrt': f64('f64.sqrt'),
  'f32.add': f32('f32.add'), 'f32.sub': f32('f32.sub'), 'f32.mul': f32('f32.mul'), 'f32.div': f32('f32.div'), 'f32.sqrt': f32('f32.sqrt'),
};
