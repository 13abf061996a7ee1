/** Floating-point comparison: into masks, and into RFLAGS (SDM: CMPPD, UCOMISD). */
import { comisd, comiss, compare, ucomisd, ucomiss } from '../primitives/float.ts';
import { ARITHMETIC_FLAGS, type Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { binaryWithImmediate, first, lane, laneOf, type LaneSize, second, third } from './sse-operands.ts';

function scalarCompare(primitive: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    const target = first(i), source = second(i), predicate = third(i);
    const a = m.read(lane(target, size));
    const b = laneOf(m, source, size);
    m.write(lane(target, size), m.apply(primitive, a, b, m.read(predicate)));
  };
}
/** OF, SF and AF are cleared. To COMISD quiet NaNs are invalid, too. */
function order(primitive: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    const a = m.read(lane(first(i), size));
    const b = laneOf(m, second(i), size);
    m.writeFlags(ARITHMETIC_FLAGS, m.apply(primitive, a, b));
  };
}

export const sseCompare = (): Scores => [
  'cmpps', binaryWithImmediate(compare.f32x4), 'cmppd', binaryWithImmediate(compare.f64x2),
  'cmpss', scalarCompare(compare.f32, 4), 'cmpsd', scalarCompare(compare.f64, 8),
  'ucomiss', order(ucomiss, 4), 'comiss', order(comiss, 4), 'ucomisd', order(ucomisd, 8), 'comisd', order(comisd, 8),
];
