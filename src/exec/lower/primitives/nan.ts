/** The NaNs an operation gives (SDM vol. 1 §4.8.3.5, table 4-7): of numbers all processors make the same, of NaNs WebAssembly leaves the payload open. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { NONE, repeated, vector2 } from './row.ts';

type VectorShape = 'f32x4' | 'f64x2';
/** What makes a NaN quiet, and the "QNaN floating-point indefinite": singles, or high words. */
const QUIET = { f32x4: 0x400000, f64x2: 0x80000 } as const, INDEFINITE = { f32x4: 0xffc00000, f64x2: 0xfff80000 } as const;
const bytesOf = (word: number): number[] => [0, 8, 16, 24].map(shift => word >>> shift & 0xff);

/** A single in every lane, or the double of these words. */
export function constantOf(v: Values, shape: VectorShape, word: number, low = 0): Value {
  return shape === 'f32x4' ? repeated(v, ...bytesOf(word)) : repeated(v, ...bytesOf(low), ...bytesOf(word));
}
/** By lane: the first operand if that is a NaN, else the second, quieted; of numbers, the indefinite. */
export function nanOf(v: Values, shape: VectorShape, a: Value, b: Value = NONE): Value {
  const indefinite = constantOf(v, shape, INDEFINITE[shape]);
  return otherwise(v, shape, a, b === NONE ? indefinite : otherwise(v, shape, b, indefinite));
}
/** a, quieted, if it is a NaN. */
function otherwise(v: Values, shape: VectorShape, a: Value, other: Value): Value {
  const quiet = vector2(v, 'v128.or', a, constantOf(v, shape, QUIET[shape]));
  return v.op3(OP['v128.bitselect'], TYPE.v128, quiet, other, vector2(v, `${shape}.ne`, a, a));
}
