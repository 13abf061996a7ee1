/** The whole score: the semantics of every operation, gathered from the family files. */
import { UNDEFINED_ROW } from '../../decoder/decode.ts';
import { FORM, type Instruction, PREFIX } from '../../decoder/instruction.ts';
import { type Semantics, VECTOR } from '../ops.ts';
import { arithmetic } from './arithmetic.ts';
import { bits } from './bits.ts';
import { bmi } from './bmi.ts';
import { control } from './control.ts';
import { fma } from './fma.ts';
import { mmx, mmxForms } from './mmx.ts';
import { moves } from './moves.ts';
import { segmentMoves, segments } from './segments.ts';
import { shifts } from './shifts.ts';
import { sseCompare } from './sse-compare.ts';
import { sseControl } from './sse-control.ts';
import { sseConvert } from './sse-convert.ts';
import { sseExtended } from './sse-extended.ts';
import { sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMoves } from './sse-moves.ts';
import { sseShuffle } from './sse-shuffle.ts';
import { sseText } from './sse-text.ts';
import { strings } from './strings.ts';
import { system } from './system.ts';
import { isSameWithVex, vex } from './vex.ts';
import { vexMemory } from './vex-memory.ts';
import { vexMoves } from './vex-moves.ts';
import { x87 } from './x87.ts';

type Table = Readonly<Record<string, Semantics>>;
/** No name is in two of them, or in x87. */
export const USUAL: readonly Table[] = [
  arithmetic, bits, control, moves, segments, shifts, system,
  sseCompare, sseControl, sseConvert, sseExtended, sseFloat, sseInteger, sseMoves, sseShuffle, sseText, strings,
];
function usual(operation: string): Semantics | undefined {
  for (const table of USUAL) { const score = table[operation]; if (score !== undefined) return score; }
  return undefined;
}
/** Made when something of it is met: a program has no VEX, MMX or x87 at all, or little. */
function once(make: () => Table): () => Table {
  let made: Table | null = null;
  return () => made ??= make();
}
const BMI = once(bmi), MMX = once(() => mmx()), MMX_FORMS = once(() => mmxForms()), FMA = once(() => fma()), VEX = [vexMoves, vex, () => vexMemory()].map(once);
const known = new Map<string, Semantics | undefined>();
function rare(operation: string): Semantics | undefined {
  if (operation[0] === 'f') return x87[operation];
  if (operation[0] !== 'v') return BMI()[operation] ?? MMX()[operation];
  if (isSameWithVex(operation)) return usual(operation.slice(1));
  const score = FMA_NAME.test(operation) ? FMA()[operation] : undefined;
  return score ?? VEX.reduce<Semantics | undefined>((found, table) => found ?? table()[operation], undefined);
}
const FMA_NAME = /^vfn?m/;
/** By Instruction.operation. What is decoded but not here is not implemented: #UD. */
export function semanticsNamed(operation: string): Semantics | undefined {
  const score = known.get(operation);
  if (score !== undefined || known.has(operation)) return score;
  const found = usual(operation) ?? rare(operation);
  known.set(operation, found);
  return found;
}
const notImplemented: Semantics = m => { m.trap(VECTOR.undefined); };
/** By Instruction.row. */
const ofRows: Semantics[] = [];
/** Chosen once, when a block is built: by the row, because that is done for every instruction of code that is executed once. */
export function semanticsOf(i: Instruction): Semantics {
  const { row } = i;
  return row === UNDEFINED_ROW ? choose(i) : ofRows[row] ??= choose(i);
}
/** Instructions with an MMX register share names with those of XMM registers, but not their scores. */
function choose({ operation, operands }: Instruction): Semantics {
  const others = operands.filter(({ form }) => form === FORM.other);
  if (others.some(({ file }) => file === 'mmx')) return MMX_FORMS()[operation] ?? semanticsNamed(operation) ?? notImplemented;
  const isSystem = others.some(({ file }) => file === 'segment' || file === 'control' || file === 'debug');
  return (isSystem ? segmentMoves[operation] : semanticsNamed(operation)) ?? notImplemented;
}
/** The same of a processor whose CR4.OSXSAVE is not set. */
export function semanticsWithoutVex(i: Instruction): Semantics { return (i.prefixes & PREFIX.vex) !== 0 ? notImplemented : semanticsOf(i); }
