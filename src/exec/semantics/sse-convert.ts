/** Conversions (SDM vol. 1 §10.4.1.5, §11.4.1.6). Those with MMX registers are in mmx.ts. */
import { fromHalves } from '../primitives/bits.ts';
import * as p from '../primitives/convert.ts';
import type { Operand } from '../../decoder/instruction.ts';
import type { Ops, Semantics, Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { first, isMemory, lane, laneOf, type LaneSize, scalarUnary, second, unary, whole } from './sse-operands.ts';

/** A general register or memory of 4 or 8 bytes becomes the low lane; the rest stays. */
function fromInteger(from32: Primitive, from64: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    const target = first(i), source = second(i);
    m.write(lane(target, size), m.apply(source.size === 8 ? from64 : from32, m.read(source)));
  };
}
function toInteger(to32: Primitive, to64: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    const target = first(i), source = second(i);
    m.write(target, m.apply(target.size === 8 ? to64 : to32, laneOf(m, source, size)));
  };
}
/** Two lanes become four bytes wider each: memory gives only 8 bytes, and they need no alignment. */
function fromLowHalf(primitive: Primitive): Semantics {
  return (m, i) => m.write(whole(first(i)), m.apply(primitive, lowHalfOf(m, second(i))));
}
function lowHalfOf(m: Ops, source: Operand): Temp {
  return isMemory(source) ? m.apply(fromHalves, m.load(m.address(source), 8), m.constant(0)) : m.read(whole(source));
}

export const sseConvert = (): Scores => [
  'cvtsi2sd', fromInteger(p.f64FromI32, p.f64FromI64, 8), 'cvtsi2ss', fromInteger(p.f32FromI32, p.f32FromI64, 4),
  'cvtsd2si', toInteger(p.cvtsd2si32, p.cvtsd2si64, 8), 'cvttsd2si', toInteger(p.cvttsd2si32, p.cvttsd2si64, 8),
  'cvtss2si', toInteger(p.cvtss2si32, p.cvtss2si64, 4), 'cvttss2si', toInteger(p.cvttss2si32, p.cvttss2si64, 4),
  'cvtss2sd', scalarUnary(p.f64FromF32, 4, 8), 'cvtsd2ss', scalarUnary(p.f32FromF64, 8, 4),
  'cvtps2pd', fromLowHalf(p.f64x2FromF32), 'cvtdq2pd', fromLowHalf(p.f64x2FromI32),
  'cvtpd2ps', unary(p.f32x4FromF64), 'cvtdq2ps', unary(p.f32x4FromI32),
  'cvtps2dq', unary(p.cvtps2dq), 'cvttps2dq', unary(p.cvttps2dq), 'cvtpd2dq', unary(p.cvtpd2dq), 'cvttpd2dq', unary(p.cvttpd2dq),
];
