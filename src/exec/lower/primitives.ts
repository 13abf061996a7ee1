/** Primitives as WebAssembly: the instruction of that name where there is one, a few instructions where they make it up. What has neither is called. */
import type { Primitive } from '../primitive.ts';
import type { SuspectTest } from './effect.ts';
import type { Value, Values } from '../../wasm/values.ts';
import { CONVERT, CONVERT_CHECKED } from './primitives/convert.ts';
import { CRYPTO } from './primitives/crypto.ts';
import { FLOAT, FLOAT_CHECKED } from './primitives/float.ts';
import { INTEGER } from './primitives/integer.ts';
import type { CheckedRow, CheckedRows } from './primitives/nan.ts';
import type { Row } from './primitives/row.ts';
import { SHUFFLE } from './primitives/shuffle.ts';
import { VEX } from './primitives/vex.ts';
import { TEXT } from './primitives/text.ts';

/** A value; where `check` is not null, `check.nan` takes its place if it is not a number. */
export interface Lowered { readonly value: Value; readonly check: { readonly suspect: SuspectTest; readonly nan: Value } | null }

/** A primitive's value, or null: it has to be called. Vectors are v128; other operands i32, i64 or floats. */
export function lowerPrimitive(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Lowered | null {
  const value = ROWS.get(primitive.name)?.(v, a, b, c) ?? null;
  return value === null ? lowerChecked(v, primitive, a, b, c) : { value, check: null };
}
function lowerChecked(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Lowered | null {
  const entry = CHECKED_ROWS.get(primitive.name), lowered = entry?.row(v, a, b, c) ?? null;
  return entry === undefined || lowered === null ? null : { value: lowered.fast, check: { suspect: entry.suspect, nan: lowered.nan } };
}

interface Entry { readonly row: CheckedRow; readonly suspect: SuspectTest }
const entriesOf = (tables: CheckedRows): [string, Entry][] => (['f32', 'f64', 'f32x4', 'f64x2'] as const).flatMap(suspect =>
  Object.entries(tables[suspect]).map(([name, row]): [string, Entry] => [name, { row, suspect }]));
const ROWS: ReadonlyMap<string, Row> = new Map([FLOAT, CONVERT, INTEGER, SHUFFLE, TEXT, CRYPTO, VEX].flatMap(rows => Object.entries(rows)));
const CHECKED_ROWS: ReadonlyMap<string, Entry> = new Map([FLOAT_CHECKED, CONVERT_CHECKED].flatMap(entriesOf));
