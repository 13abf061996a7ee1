/** Primitives as WebAssembly: the instruction of that name where there is one, a few instructions where they make it up. What has neither is called. */
import type { Primitive } from '../primitive.ts';
import type { SuspectTest } from './effect.ts';
import type { Value, Values } from '../../wasm/values.ts';
import { CONVERT, CONVERT_SUSPECTS } from './primitives/convert.ts';
import { FLOAT, FLOAT_SUSPECTS } from './primitives/float.ts';
import { INTEGER } from './primitives/integer.ts';
import type { Row, Rows, SuspectRows } from './primitives/row.ts';
import { SHUFFLE } from './primitives/shuffle.ts';

export interface Lowered { readonly value: Value; readonly suspect: SuspectTest }
interface Entry { readonly row: Row; readonly suspect: SuspectTest }

/** A primitive's value, or null: it has to be called. Vectors are v128; other operands i32, i64 or floats. */
export function lowerPrimitive(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Lowered | null {
  const entry = ENTRIES.get(primitive.name);
  if (entry === undefined) return null;
  const value = entry.row(v, a, b, c);
  return value === null ? null : { value, suspect: entry.suspect };
}

const entries = (suspect: SuspectTest, rows: Rows): [string, Entry][] => Object.entries(rows).map(([name, row]) => [name, { row, suspect }]);
const suspects = (tables: SuspectRows): [string, Entry][] => (['f32', 'f64', 'f32x4', 'f64x2'] as const).flatMap(test => entries(test, tables[test]));
const ENTRIES: ReadonlyMap<string, Entry> = new Map([
  ...[FLOAT, CONVERT, INTEGER, SHUFFLE].flatMap(rows => entries('never', rows)),
  ...[FLOAT_SUSPECTS, CONVERT_SUSPECTS].flatMap(suspects),
]);
