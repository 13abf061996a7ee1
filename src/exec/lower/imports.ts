/** What every generated module imports, in one order: so that function numbers are constants. */
import { assert } from '../../base/assert.ts';
import { declareMemory, type ModuleWriter } from '../../wasm/module.ts';
import { TYPE, type ValueType } from '../../wasm/opcode.ts';
import { SLOW_FUNCTIONS } from '../../timing/predictor-slow.ts';
import { CLOSE_OPERATIONS, type CloseOperation, VECTOR_SHAPES, type VectorShape } from './close.ts';

const { i32, i64, v128 } = TYPE;

interface ImportRow { readonly name: string; readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] }
/** Of every code. */
const USUAL = [
  /** (address, size): where in linear memory the bytes are, 0: let the interpreter do it. Straddling ones are gathered in STAGING. */
  { name: 'load', parameters: [i64, i32], results: [i32] },
  /** (address, size): the place to read and then to write, or 0. */
  { name: 'modify', parameters: [i64, i32], results: [i32] },
  /** (address, size): stores what lies in STAGING. Not 0, or 0. */
  { name: 'store', parameters: [i64, i32], results: [i32] },
  /** (number): performs a helper's instruction on the state in memory. 0: done, -1: let the interpreter do it. */
  { name: 'help', parameters: [i32], results: [i32] },
  /** (record): has the interpreter perform the instruction of a record on the state in memory. One of CALLED; see src/exec/threaded. */
  { name: 'perform', parameters: [i32], results: [i32] },
  /** (number): runs a primitive on the words at STAGING.primitive. 0: done, 1: it trapped, let the interpreter do it. */
  { name: 'primitive', parameters: [i32], results: [i32] },
  /** (rule word, eflags, result, a, b): RFLAGS. */
  { name: 'settle', parameters: [i32, i32, i64, i64, i64], results: [i32] },
] as const satisfies readonly ImportRow[];
/** See close.ts. */
const CLOSE = VECTOR_SHAPES.flatMap((shape): ImportRow[] => [
  ...CLOSE_OPERATIONS.map(operation => ({ name: `${shape}.${operation}`, parameters: [v128, v128, v128, i32], results: [v128] })),
  { name: `${shape}.comparison`, parameters: [v128, v128, i32], results: [i32] },
]);
/** Those of memory for near accesses: (address, size, where in STATE to leave the page). `loadWritable` leaves only pages that can be written, too. */
const NEAR = [
  { name: 'loadNear', parameters: [i64, i32, i32], results: [i32] },
  { name: 'loadWritable', parameters: [i64, i32, i32], results: [i32] },
  { name: 'modifyNear', parameters: [i64, i32, i32], results: [i32] },
  { name: 'storeNear', parameters: [i64, i32, i32], results: [i32] },
] as const satisfies readonly ImportRow[];
/** See timing/caches-code.ts. */
const CACHES = [
  { name: 'cacheData', parameters: [i32, i32, i32], results: [] },
  { name: 'cacheCode', parameters: [i32, i32], results: [i32] },
  { name: 'cachePass', parameters: [i32, i32, i32], results: [] },
  { name: 'cacheResolve', parameters: [i32, i32], results: [] },
] as const satisfies readonly ImportRow[];
const ALL: readonly ImportRow[] = [...USUAL, ...CLOSE, ...NEAR, ...SLOW_FUNCTIONS, ...CACHES];
const USUAL_COUNT = USUAL.length + CLOSE.length, NEAR_COUNT = USUAL_COUNT + NEAR.length;
/** How many of them a module needs: all up to the last that it calls. For every type of them V8 compiles how it would call JavaScript. */
const COUNTS = { usual: USUAL_COUNT, near: NEAR_COUNT, timed: NEAR_COUNT + SLOW_FUNCTIONS.length, detailed: ALL.length } as const;
export type ImportsNeeded = keyof typeof COUNTS;
export type ImportName = (typeof USUAL | typeof NEAR | typeof SLOW_FUNCTIONS | typeof CACHES)[number]['name'] | `${VectorShape}.${CloseOperation | 'comparison'}`;

/** The number of each imported function. */
export const IMPORTED = Object.fromEntries(ALL.map((row, k) => [row.name, k])) as Readonly<Record<ImportName, number>>;

/** The type of generated functions, (argument) -> one of LEFT: the first in every module. */
export const FUNCTION_TYPE = 0;

/** Declares them, the linear memory and the table of functions. */
export function declareImports(module: ModuleWriter, needed: ImportsNeeded, memoryBytes?: number): void {
  assert(module.type([i32], [i32]) === FUNCTION_TYPE, 'generated functions have another type');
  for (const { name, parameters, results } of ALL.slice(0, COUNTS[needed])) module.importFunction('tramp64', name, module.type(parameters, results));
  declareMemory(module, memoryBytes);
  module.importTable('tramp64', 'functions', 1);
}
