/** AVX, AVX2, F16C: what is SSE's formula with one source more, by name, and what differs from it (SDM vol. 1 §14.1-14.7). */
import { and, fromHalves, highHalf, lowHalf } from '../primitives/bits.ts';
import * as convert from '../primitives/convert.ts';
import * as e from '../primitives/extended.ts';
import { f16x4FromF32, f32x4FromF16 } from '../primitives/half.ts';
import { round } from '../primitives/round.ts';
import { pshufd, shufpd, unpackLow64 } from '../primitives/shuffle.ts';
import * as p from '../primitives/vex.ts';
import { ARITHMETIC_FLAGS, type Ops, type Semantics, type Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import type { Scores } from './scores.ts';
import { first, fourth, isMemory, lane, laneOf, type LaneSize, second, third } from './sse-operands.ts';
import {
  isWide, vexBinary, vexBinaryWithImmediate, vexScalar, vexTernary, vexUnaryWithImmediate, writeBoth, writeLower, writeWide,
} from './vex-operands.ts';

// — widths that change —

/** VPMOVSXBW ...: each half takes `bytes` of the source. */
const widen = (primitive: Primitive, bytes: 2 | 4 | 8): Semantics => (m, i) => {
  const target = first(i), source = second(i);
  if (!isWide(target)) { writeLower(m, target, m.apply(primitive, isMemory(source) ? m.load(m.address(source), bytes) : m.read(lane(source, 8)))); return; }
  const value = m.read(source), isVector = bytes === 8;
  const lower = m.apply(primitive, isVector ? m.apply(lowHalf, value) : value);
  const upper = isVector ? m.apply(highHalf, value) : m.shiftRight(value, m.constant(8 * bytes), bytes === 4 ? 8 : 4);
  writeBoth(m, target, lower, m.apply(primitive, upper));
};
/** Lanes become twice as wide: the source has half the destination's bytes. */
const fromLowHalf = (primitive: Primitive): Semantics => (m, i) => {
  const target = first(i), source = second(i), value = m.read(source);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, value, m.apply(fromHalves, m.apply(highHalf, value), m.constant(0))));
  else writeLower(m, target, m.apply(primitive, m.apply(fromHalves, value, m.constant(0))));
};
/** The low quadwords of both halves. */
function joined(m: Ops, value: Temp): Temp { return m.apply(unpackLow64, value, m.upper(value)); }
/** And half as wide: two halves of the source make one vector. */
const toLowHalf = (primitive: Primitive): Semantics => (m, i) => {
  const target = first(i), source = second(i), value = m.read(source);
  writeLower(m, target, isWide(source) ? joined(m, m.applyBoth(primitive, value, m.upper(value))) : m.apply(primitive, value));
};
/** Memory faults before anything is raised. */
const toHalves: Semantics = (m, i) => {
  const target = first(i), source = second(i), at = isMemory(target) ? m.address(target) : null;
  if (at !== null) m.probe(at, isWide(source) ? 16 : 8);
  const value = m.read(source), control = m.read(third(i));
  const result = isWide(source) ? joined(m, m.applyBoth(f16x4FromF32, value, m.upper(value), control, control)) : m.apply(f16x4FromF32, value, control);
  if (at === null) writeLower(m, target, result);
  else if (isWide(source)) m.store(at, result, 16);
  else m.store(at, m.apply(lowHalf, result), 8);
};

// — scalars —

const fromInteger = (from32: Primitive, from64: Primitive, size: LaneSize): Semantics => (m, i) => {
  const source = third(i);
  vexScalar(m, i, m.apply(source.size === 8 ? from64 : from32, m.read(source)), size);
};
const withImmediate = (primitive: Primitive, size: LaneSize): Semantics => (m, i) =>
  vexScalar(m, i, m.apply(primitive, laneOf(m, third(i), size), m.read(fourth(i))), size);
const compareScalar = (primitive: Primitive, size: LaneSize): Semantics => (m, i) => {
  const a = m.read(lane(second(i), size)), b = laneOf(m, third(i), size);
  vexScalar(m, i, m.apply(primitive, a, b, m.read(fourth(i))), size);
};

// — lanes —

const binary = (primitive: Primitive): Semantics => (m, i) => { vexBinary(m, i, primitive); };
const withImmediateOfHalf = (primitive: Primitive, shift: number): Semantics => (m, i) => { vexBinaryWithImmediate(m, i, primitive, shift); };
const blendBySign = (primitive: Primitive): Semantics => (m, i) => { vexTernary(m, i, primitive, second(i), third(i), fourth(i)); };
const permuteSingles: Semantics = (m, i) => {
  if (third(i).kind === 'imm') vexUnaryWithImmediate(m, i, pshufd); else vexBinary(m, i, p.vpermilps);
};
const insert = (primitive: Primitive): Semantics => (m, i) => {
  const value = m.read(third(i));
  writeLower(m, first(i), m.apply(primitive, m.read(second(i)), value, m.read(fourth(i))));
};
const insertps: Semantics = (m, i) => {
  const source = third(i), pattern = m.read(fourth(i));
  const value = isMemory(source) ? m.read(source) : m.apply(e.insertpsSource, m.read(source), pattern);
  writeLower(m, first(i), m.apply(e.insertps, m.read(second(i)), value, pattern));
};

// — tests: ZF and CF of both halves —

function test(m: Ops, a: Temp, b: Temp, signs: Temp | null): Temp { return m.apply(e.ptest, a, signs === null ? b : m.apply(and, b, signs)); }
function writeTest(m: Ops, i: Instruction, signs: Temp | null): void {
  const a = m.read(first(i)), b = m.read(second(i)), lower = test(m, a, b, signs);
  m.writeFlags(ARITHMETIC_FLAGS, isWide(first(i)) ? m.and(lower, test(m, m.upper(a), m.upper(b), signs)) : lower);
}
const SIGN = -0x8000_0000;
const vtestps: Semantics = (m, i) => { writeTest(m, i, m.apply(p.splat32, m.constant(SIGN))); };
const vtestpd: Semantics = (m, i) => {
  const high = m.shiftLeft(m.constant(1), m.constant(63), 8);
  writeTest(m, i, m.apply(fromHalves, high, high));
};

export function vex(): Scores {
  const compares = p.compareVex();
  return [
    'vpmovsxbw', widen(e.pmovsxbw, 8), 'vpmovsxbd', widen(e.pmovsxbd, 4), 'vpmovsxbq', widen(e.pmovsxbq, 2),
    'vpmovsxwd', widen(e.pmovsxwd, 8), 'vpmovsxwq', widen(e.pmovsxwq, 4), 'vpmovsxdq', widen(e.pmovsxdq, 8),
    'vpmovzxbw', widen(e.pmovzxbw, 8), 'vpmovzxbd', widen(e.pmovzxbd, 4), 'vpmovzxbq', widen(e.pmovzxbq, 2),
    'vpmovzxwd', widen(e.pmovzxwd, 8), 'vpmovzxwq', widen(e.pmovzxwq, 4), 'vpmovzxdq', widen(e.pmovzxdq, 8),
    'vcvtps2pd', fromLowHalf(convert.f64x2FromF32), 'vcvtdq2pd', fromLowHalf(convert.f64x2FromI32),
    'vcvtpd2ps', toLowHalf(convert.f32x4FromF64), 'vcvtpd2dq', toLowHalf(convert.cvtpd2dq), 'vcvttpd2dq', toLowHalf(convert.cvttpd2dq),
    'vcvtph2ps', fromLowHalf(f32x4FromF16), 'vcvtps2ph', toHalves,
    'vcvtsi2sd', fromInteger(convert.f64FromI32, convert.f64FromI64, 8), 'vcvtsi2ss', fromInteger(convert.f32FromI32, convert.f32FromI64, 4),

    'vroundss', withImmediate(round.f32, 4), 'vroundsd', withImmediate(round.f64, 8),
    'vcmpps', withImmediateOfHalf(compares.f32x4, 0), 'vcmppd', withImmediateOfHalf(compares.f64x2, 0),
    'vcmpss', compareScalar(compares.f32, 4), 'vcmpsd', compareScalar(compares.f64, 8),

    'vshufpd', withImmediateOfHalf(shufpd, 2), 'vblendps', withImmediateOfHalf(e.blendps, 4), 'vblendpd', withImmediateOfHalf(e.blendpd, 2),
    'vpblendd', withImmediateOfHalf(e.blendps, 4), 'vmpsadbw', withImmediateOfHalf(e.mpsadbw, 3),
    'vblendvps', blendBySign(e.blendvps), 'vblendvpd', blendBySign(e.blendvpd), 'vpblendvb', blendBySign(e.pblendvb), 'vpermilps', permuteSingles,
    'vpinsrb', insert(e.pinsrb), 'vpinsrd', insert(e.pinsrd), 'vpinsrq', insert(e.pinsrq), 'vinsertps', insertps,
    'vpsllvd', binary(p.vpsllvd), 'vpsllvq', binary(p.vpsllvq), 'vpsrlvd', binary(p.vpsrlvd), 'vpsrlvq', binary(p.vpsrlvq), 'vpsravd', binary(p.vpsravd),
    'vptest', (m, i) => { writeTest(m, i, null); }, 'vtestps', vtestps, 'vtestpd', vtestpd,
  ];
}
