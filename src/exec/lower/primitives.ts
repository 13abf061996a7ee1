/** Primitives as WebAssembly: the instruction of that name where there is one, a few instructions where they make it up. What has neither is called. */
import type { Primitive } from '../primitive.ts';
import type { Value, Values } from '../../wasm/values.ts';
import { CONVERT, WATCHED_CONVERT } from './primitives/convert.ts';
import { CRYPTO } from './primitives/crypto.ts';
import { FLOAT } from './primitives/float.ts';
import { FUSED } from './primitives/fused.ts';
import { INTEGER } from './primitives/integer.ts';
import type { Row } from './primitives/row.ts';
import { SHUFFLE } from './primitives/shuffle.ts';
import { VEX } from './primitives/vex.ts';
import { TEXT } from './primitives/text.ts';
import type { Watched, WatchedRow } from './primitives/watched.ts';

/** A primitive's value, or null. Vectors are v128; other operands i32, i64 or floats. */
export function lowerPrimitive(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Value | null {
  return ROWS.get(primitive.name)?.(v, a, b, c) ?? null;
}
/** That of one that MXCSR governs. */
export function lowerWatched(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Watched | null {
  return WATCHED_ROWS.get(primitive.name)?.(v, a, b, c, primitive) ?? null;
}

const ROWS: ReadonlyMap<string, Row> = new Map([CONVERT, INTEGER, SHUFFLE, TEXT, CRYPTO, VEX].flatMap(rows => Object.entries(rows)));
const WATCHED_ROWS: ReadonlyMap<string, WatchedRow> = new Map([FLOAT, FUSED, WATCHED_CONVERT].flatMap(rows => Object.entries(rows)));
