/** Floating-point arithmetic and logic of SSE to SSE4.1 (SDM vol. 1 §10.4.1.2, §11.4.1, ch. 12). */
import { and, andnot, or, xor } from '../primitives/bits.ts';
import {
  add, addsubpd, addsubps, div, dppd, dpps, haddpd, haddps, hsubpd, hsubps, mul, pmax, pmin, reciprocal, reciprocalRoot, sqrt, sub, type FloatShapes,
} from '../primitives/float.ts';
import { round } from '../primitives/round.ts';
import type { Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { binary, binaryWithImmediate, exchanged, first, lane, laneOf, type LaneSize, scalar, scalarExchanged, scalarUnary, second, third, unary, unaryWithImmediate } from './sse-operands.ts';

/** ADDPS, ADDPD, ADDSS, ADDSD. */
function family(name: string, shapes: FloatShapes): Scores {
  return [`${name}ps`, binary(shapes.f32x4), `${name}pd`, binary(shapes.f64x2), `${name}ss`, scalar(shapes.f32, 4), `${name}sd`, scalar(shapes.f64, 8)];
}
/** MINPS ... give their second operand when in doubt; the primitive gives its first. */
function extremes(name: string, shapes: FloatShapes): Scores {
  return [`${name}ps`, exchanged(shapes.f32x4), `${name}pd`, exchanged(shapes.f64x2), `${name}ss`, scalarExchanged(shapes.f32, 4), `${name}sd`, scalarExchanged(shapes.f64, 8)];
}

function roundScalar(primitive: Primitive, size: LaneSize): Semantics {
  return (m, i) => m.write(lane(first(i), size), m.apply(primitive, laneOf(m, second(i), size), m.read(third(i))));
}

export const sseFloat = (): Scores => [
  ...family('add', add), ...family('sub', sub), ...family('mul', mul), ...family('div', div),
  ...extremes('min', pmin), ...extremes('max', pmax),
  'sqrtps', unary(sqrt.f32x4), 'sqrtpd', unary(sqrt.f64x2), 'sqrtss', scalarUnary(sqrt.f32, 4), 'sqrtsd', scalarUnary(sqrt.f64, 8),
  'rcpps', unary(reciprocal.f32x4), 'rcpss', scalarUnary(reciprocal.f32, 4),
  'rsqrtps', unary(reciprocalRoot.f32x4), 'rsqrtss', scalarUnary(reciprocalRoot.f32, 4),
  'andps', binary(and), 'andpd', binary(and), 'orps', binary(or), 'orpd', binary(or), 'xorps', binary(xor), 'xorpd', binary(xor),
  'andnps', exchanged(andnot), 'andnpd', exchanged(andnot),
  'addsubps', binary(addsubps), 'addsubpd', binary(addsubpd),
  'haddps', binary(haddps), 'haddpd', binary(haddpd), 'hsubps', binary(hsubps), 'hsubpd', binary(hsubpd),
  'dpps', binaryWithImmediate(dpps), 'dppd', binaryWithImmediate(dppd),
  'roundps', unaryWithImmediate(round.f32x4), 'roundpd', unaryWithImmediate(round.f64x2),
  'roundss', roundScalar(round.f32, 4), 'roundsd', roundScalar(round.f64, 8),
];
