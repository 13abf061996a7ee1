/** The whole score: the semantics of every operation, gathered from the family files. */
import type { Instruction } from '../../decoder/instruction.ts';
import { type Semantics, VECTOR } from '../ops.ts';
import { arithmetic } from './arithmetic.ts';
import { bits } from './bits.ts';
import { control } from './control.ts';
import { moves, segmentMoves } from './moves.ts';
import { shifts } from './shifts.ts';
import { sseCompare } from './sse-compare.ts';
import { sseControl } from './sse-control.ts';
import { sseConvert } from './sse-convert.ts';
import { sseExtended } from './sse-extended.ts';
import { sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMoves } from './sse-moves.ts';
import { hasMmx } from './sse-operands.ts';
import { sseShuffle } from './sse-shuffle.ts';
import { strings } from './strings.ts';
import { system } from './system.ts';
import { x87 } from './x87.ts';

/** By Instruction.operation. What is decoded but not here is not implemented: #UD. */
export const SEMANTICS: Readonly<Record<string, Semantics>> = Object.freeze({
  ...arithmetic, ...bits, ...control, ...moves, ...shifts, ...system,
  ...sseCompare, ...sseControl, ...sseConvert, ...sseExtended, ...sseFloat, ...sseInteger, ...sseMoves, ...sseShuffle, ...strings, ...x87,
});
const notImplemented: Semantics = m => { m.trap(VECTOR.undefined); };
const SYSTEM_FILES: ReadonlySet<string> = new Set(['segment', 'control', 'debug']);

/** Chosen once, when a block is built. */
export function semanticsOf(i: Instruction): Semantics {
  if (hasMmx(i)) return notImplemented;
  const isSystem = i.operands.some(operand => SYSTEM_FILES.has(operand.file));
  return (isSystem ? segmentMoves[i.operation] : SEMANTICS[i.operation]) ?? notImplemented;
}
