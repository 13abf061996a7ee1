/** FMA3: a product and a sum that are rounded once (SDM vol. 2: VFMADD132PD ...). The digits name two factors and an addend, by operand. */
import { fused } from '../primitives/fused.ts';
import type { FloatShapes } from '../primitives/float.ts';
import type { Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { laneOf, type LaneSize } from './sse-operands.ts';
import { vexTernary, writeLane } from './vex-operands.ts';

/** Which operands are multiplied, and which is added. */
const ORDERS = { 132: [0, 2, 1], 213: [1, 0, 2], 231: [1, 2, 0] } as const;
type Order = keyof typeof ORDERS;

const packed = (primitive: Primitive, order: Order): Semantics => (m, i) => {
  const [x, y, z] = ORDERS[order];
  vexTernary(m, i, primitive, i.operands[x], i.operands[y], i.operands[z]);
};
/** What is above the low lane stays the destination's. */
const scalar = (primitive: Primitive, order: Order, size: LaneSize): Semantics => (m, i) => {
  const [x, y, z] = ORDERS[order], { operands } = i;
  const a = laneOf(m, operands[x], size), b = laneOf(m, operands[y], size), c = laneOf(m, operands[z], size);
  writeLane(m, operands[0], operands[0], m.apply(primitive, a, b, c), size);
};
function family(name: string, shapes: FloatShapes): Scores {
  return ([132, 213, 231] as const).flatMap(order => [
    `v${name}${order}ps`, packed(shapes.f32x4, order), `v${name}${order}pd`, packed(shapes.f64x2, order),
    `v${name}${order}ss`, scalar(shapes.f32, order, 4), `v${name}${order}sd`, scalar(shapes.f64, order, 8),
  ]);
}
function alternating(name: string, shapes: Pick<FloatShapes, 'f32x4' | 'f64x2'>): Scores {
  return ([132, 213, 231] as const).flatMap(order => [`v${name}${order}ps`, packed(shapes.f32x4, order), `v${name}${order}pd`, packed(shapes.f64x2, order)]);
}

export function fma(): Scores {
  const { fmadd, fmsub, fnmadd, fnmsub, fmaddsub, fmsubadd } = fused();
  return [
    ...family('fmadd', fmadd), ...family('fmsub', fmsub), ...family('fnmadd', fnmadd), ...family('fnmsub', fnmsub),
    ...alternating('fmaddsub', fmaddsub), ...alternating('fmsubadd', fmsubadd),
  ];
}
