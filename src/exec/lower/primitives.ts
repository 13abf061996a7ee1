/** Primitives as WebAssembly: the instruction of that name where there is one, a few instructions where they make it up. What has neither is called. */
import type { Primitive } from '../primitive.ts';
import type { Value, Values } from '../../wasm/values.ts';
import { exactConversions, conversions } from './primitives/convert.ts';
import { crypto } from './primitives/crypto.ts';
import { floats } from './primitives/float.ts';
import { fusions } from './primitives/fused.ts';
import { integers } from './primitives/integer.ts';
import type { Row } from './primitives/row.ts';
import { shuffles } from './primitives/shuffle.ts';
import { vex } from './primitives/vex.ts';
import { texts } from './primitives/text.ts';
import type { Watched, WatchedRow } from './primitives/watched.ts';

/** A primitive's value, or null. Vectors are v128; other operands i32, i64 or floats. */
export function lowerPrimitive(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Value | null {
  rows ??= tableOf(exactConversions, integers, shuffles, texts, crypto, vex);
  return rows.get(primitive.name)?.(v, a, b, c) ?? null;
}
/** That of one that MXCSR governs. */
export function lowerWatched(v: Values, primitive: Primitive, a: Value, b: Value, c: Value): Watched | null {
  watchedRows ??= tableOf(floats, fusions, conversions);
  return watchedRows.get(primitive.name)?.(v, a, b, c, primitive) ?? null;
}

/** Made when they are first asked for: few programs are so short that nothing is compiled, but those count milliseconds. */
let rows: ReadonlyMap<string, Row> | null = null, watchedRows: ReadonlyMap<string, WatchedRow> | null = null;
function tableOf<R>(...tables: readonly (() => Readonly<Record<string, R>>)[]): ReadonlyMap<string, R> {
  return new Map(tables.flatMap(table => Object.entries(table())));
}
