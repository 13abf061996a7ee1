/** The whole score: the semantics of every operation, gathered from the family files. */
import { once } from '../../base/once.ts';
import { UNDEFINED_ROW } from '../../decoder/decode.ts';
import { FORM, type Instruction, PREFIX } from '../../decoder/instruction.ts';
import { type Semantics, VECTOR } from '../ops.ts';
import { arithmetic } from './arithmetic.ts';
import { bits } from './bits.ts';
import { bmi } from './bmi.ts';
import { control } from './control.ts';
import { fma } from './fma.ts';
import { ALONE } from './implicit.ts';
import { mmx, mmxForms } from './mmx.ts';
import { moves } from './moves.ts';
import { scoreIn, type Scores } from './scores.ts';
import { segmentMoves, segments } from './segments.ts';
import { shifts } from './shifts.ts';
import { sseCompare } from './sse-compare.ts';
import { sseControl } from './sse-control.ts';
import { sseConvert } from './sse-convert.ts';
import { sseCrypto } from './sse-crypto.ts';
import { sseExtended } from './sse-extended.ts';
import { sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMoves } from './sse-moves.ts';
import { sseShuffle } from './sse-shuffle.ts';
import { sseText } from './sse-text.ts';
import { strings } from './strings.ts';
import { system } from './system.ts';
import { vex } from './vex.ts';
import { vexMemory } from './vex-memory.ts';
import { vexMoves } from './vex-moves.ts';
import { x87 } from './x87.ts';

/** Made when something is looked for there: a program has no floats, no VEX, MMX or x87 at all, or little. Families whose names stand in functions are not even looked up before (host/script.ts). */
const INTEGER = once(() => sseInteger()), VEX_MOVES = once(() => vexMoves()), FLOAT = once(() => sseFloat()), VEX = once(() => vex());
const X87 = once(() => x87()), MMX = once(() => mmx()), MMX_FORMS = once(() => mmxForms()), FMA = once(() => fma()), VEX_MEMORY = once(() => vexMemory());
/** No name is in two of them, or in x87. What programs have is looked for first. */
export const USUAL: readonly (() => Scores)[] = [
  () => ALONE, strings,
  ...[() => moves(), () => arithmetic(), () => control(), () => shifts(), () => bits(), () => sseMoves()].map(once), INTEGER,
  ...[() => sseShuffle(), () => system(), () => segments(), () => bmi(), () => sseControl(), () => sseExtended(), () => sseText()].map(once),
  FLOAT, ...[() => sseCompare(), () => sseConvert(), () => sseCrypto()].map(once),
];
function usual(operation: string): Semantics | undefined {
  for (const family of USUAL) { const score = scoreIn(family(), operation); if (score !== undefined) return score; }
  return undefined;
}
/** The scores of these know VEX by themselves, or have nothing that differs; so do those of sse-integer.ts, and of sse-float.ts where vex.ts has none. */
const SAME = ` punpcklbw punpcklwd punpckldq punpcklqdq punpckhbw punpckhwd punpckhdq punpckhqdq unpcklps unpckhps unpcklpd unpckhpd pshufd pshuflw pshufhw shufps pextrw
 pshufb palignr phaddw phaddd phaddsw phsubw phsubd phsubsw pmaddubsw pmulhrsw psignb psignw psignd pabsb pabsw pabsd
 pminsb pmaxsb pminuw pmaxuw pminsd pmaxsd pminud pmaxud pmulld pmuldq packusdw pcmpeqq pcmpgtq phminposuw pblendw dpps dppd pextrb pextrd pextrq extractps roundps roundpd
 cvtsd2si cvttsd2si cvtss2si cvttss2si cvtss2sd cvtsd2ss cvtdq2ps cvtps2dq cvttps2dq ucomiss comiss ucomisd comisd movsldup movshdup maskmovdqu ldmxcsr stmxcsr
 pcmpistri pcmpistrm pcmpestri pcmpestrm pcmpestriq pcmpestrmq aesenc aesenclast aesdec aesdeclast aesimc aeskeygenassist pclmulqdq `.replaceAll('\n', ' ');
/** Whether it is also that of the name with a `v`. */
function isSameWithVex(operation: string): boolean { return SAME.includes(` ${operation} `); }
/** By the name behind the `v`. */
function withVex(name: string): Semantics | undefined {
  const operation = `v${name}`, move = scoreIn(VEX_MOVES(), operation);
  if (move !== undefined) return move;
  if (INTEGER().includes(name) || isSameWithVex(name)) return usual(name);
  return (FMA_NAME.test(operation) ? scoreIn(FMA(), operation) : undefined) ?? scoreIn(VEX(), operation) ?? scoreIn(VEX_MEMORY(), operation) ?? scoreIn(FLOAT(), name);
}
const FMA_NAME = /^vfn?m/;
function found(operation: string): Semantics | undefined {
  switch (operation[0]) {
    case 'f': return scoreIn(X87(), operation);
    case 'v': return withVex(operation.slice(1)) ?? usual(operation); // VERR has none.
    default: return usual(operation) ?? scoreIn(MMX(), operation);
  }
}
const known = new Map<string, Semantics | undefined>();
/** By Instruction.operation. What is decoded but not here is not implemented: #UD. */
export function semanticsNamed(operation: string): Semantics | undefined {
  const score = known.get(operation);
  if (score !== undefined || known.has(operation)) return score;
  const first = found(operation);
  known.set(operation, first);
  return first;
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
  if (others.some(({ file }) => file === 'mmx')) return scoreIn(MMX_FORMS(), operation) ?? semanticsNamed(operation) ?? notImplemented;
  const isSystem = others.some(({ file }) => file === 'segment' || file === 'control' || file === 'debug');
  return (isSystem ? scoreIn(segmentMoves, operation) : semanticsNamed(operation)) ?? notImplemented;
}
/** The same of a processor whose CR4.OSXSAVE is not set. */
export function semanticsWithoutVex(i: Instruction): Semantics { return (i.prefixes & PREFIX.vex) !== 0 ? notImplemented : semanticsOf(i); }
