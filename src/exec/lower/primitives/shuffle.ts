/** Shuffles, blends, and lanes in and out of vectors as WebAssembly (SDM vol. 1 §10.4.4, §11.4.1.3, ch. 12). Patterns have to be known. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { around, range, repeated, type Row, type Rows, shuffled, vector2, withImmediate, withImmediate2, zeros } from './row.ts';

const two = (pattern: number, k: number): number => pattern >> 2 * k & 3;
/** Lanes of `size` bytes, always the same ones. */
const always = (size: 1 | 2 | 4 | 8, lanes: readonly number[]): Row => (v, a, b) => shuffled(v, size, a, b, lanes);
const alwaysOf1 = (size: 4, lanes: readonly number[]): Row => (v, a) => shuffled(v, size, a, a, lanes);
/** PUNPCKLBW ...: lanes of a and b alternate. */
function interleaved(size: 1 | 2 | 4 | 8, isHigh: boolean): Row {
  const count = 16 / size, first = isHigh ? count / 2 : 0;
  return always(size, range(count / 2).flatMap(k => [first + k, count + first + k]));
}

/** Sixteen of the bytes of low:high from byte `count` on; beyond them are zeros. */
function bytesFrom(v: Values, low: Value, high: Value, count: number): Value {
  if (count >= 32) return zeros(v);
  return count <= 16 ? v.shuffle(low, high, range(16).map(k => k + count)) : v.shuffle(high, zeros(v), range(16).map(k => k + count - 16));
}
const shiftBytesRight = withImmediate((v, a, count) => bytesFrom(v, a, zeros(v), count & 0xff));
const shiftBytesLeft = withImmediate((v, a, count) => bytesFrom(v, zeros(v), a, 16 - Math.min(count & 0xff, 16)));

/** An index from 128 on gives 0 in both; x86 takes the others modulo 16. */
const pshufb: Row = (v, a, b) => vector2(v, 'i8x16.swizzle', a, vector2(v, 'v128.and', b, repeated(v, 0x8f)));

/** Lanes of b where a bit of c says so. */
const blend = (size: 2 | 4 | 8): Row => withImmediate2((v, a, b, pattern) =>
  shuffled(v, size, a, b, range(16 / size).map(k => (pattern >> k & 1) !== 0 ? 16 / size + k : k)));
const blendBySign = (lanes: 'i8x16' | 'i32x4' | 'i64x2'): Row => (v, a, b, c) =>
  v.op3(OP['v128.bitselect'], TYPE.v128, b, a, vector2(v, `${lanes}.lt_s`, c, zeros(v)));

/** A vector of two halves. Of a float and zero it is one move; MOVHPS replaces the high lane of what the low one came from. */
const halves: Row = (v, a, b) => {
  if (!isZero(v, b)) return v.lane2(OP['f64x2.replace_lane'], TYPE.v128, around(v, a), v.f64(b), 1);
  if (isSingle(v, a)) return v.lane2(OP['f32x4.replace_lane'], TYPE.v128, zeros(v), v.f32(a), 0);
  return v.lane2(OP['f64x2.replace_lane'], TYPE.v128, zeros(v), v.f64(a), 0);
};
function isZero(v: Values, n: Value): boolean { return v.isConstant(n) && v.low(n) === 0 && v.high(n) === 0; }
/** A lane, or what was loaded: four bytes that need not pass through a general register. */
function isSingle(v: Values, n: Value): boolean {
  return v.type(n) === TYPE.f32 || v.isOperation(n, OP['i32x4.extract_lane']) || (v.type(n) === TYPE.i32 && v.isResult(n));
}

/** INSERTPS: bits 7:6 chose the source, 5:4 say where it goes, 3:0 which lanes to clear. */
const insertps = withImmediate2((v, a, b, pattern) => {
  const value = v.lane2(OP['f32x4.replace_lane'], TYPE.v128, a, v.f32(b), pattern >> 4 & 3);
  const kept = range(16).map(k => (pattern >> (k >> 2) & 1) !== 0 ? 0 : 0xff);
  return (pattern & 15) === 0 ? value : vector2(v, 'v128.and', value, v.constant128(kept));
});

export const shuffles = (): Rows => ({
  'x86.punpcklbw': interleaved(1, false), 'x86.punpcklwd': interleaved(2, false), 'x86.punpckldq': interleaved(4, false), 'x86.punpcklqdq': interleaved(8, false),
  'x86.punpckhbw': interleaved(1, true), 'x86.punpckhwd': interleaved(2, true), 'x86.punpckhdq': interleaved(4, true), 'x86.punpckhqdq': interleaved(8, true),
  'x86.pshufd': withImmediate((v, a, pattern) => shuffled(v, 4, a, a, range(4).map(k => two(pattern, k)))),
  'x86.pshuflw': withImmediate((v, a, pattern) => shuffled(v, 2, a, a, range(8).map(k => k < 4 ? two(pattern, k) : k))),
  'x86.pshufhw': withImmediate((v, a, pattern) => shuffled(v, 2, a, a, range(8).map(k => k < 4 ? k : 4 + two(pattern, k - 4)))),
  'x86.shufps': withImmediate2((v, a, b, pattern) => shuffled(v, 4, a, b, range(4).map(k => two(pattern, k) + (k < 2 ? 0 : 4)))),
  'x86.shufpd': withImmediate2((v, a, b, pattern) => shuffled(v, 8, a, b, [pattern & 1, 2 + (pattern >> 1 & 1)])),
  'x86.movsldup': alwaysOf1(4, [0, 0, 2, 2]), 'x86.movshdup': alwaysOf1(4, [1, 1, 3, 3]),
  'x86.pslldq': shiftBytesLeft, 'x86.psrldq': shiftBytesRight,
  'x86.palignr': withImmediate2((v, a, b, count) => bytesFrom(v, b, a, count & 0xff)),
  'x86.pshufb': pshufb,
  'x86.pblendw': blend(2), 'x86.blendps': blend(4), 'x86.blendpd': blend(8),
  'x86.pblendvb': blendBySign('i8x16'), 'x86.blendvps': blendBySign('i32x4'), 'x86.blendvpd': blendBySign('i64x2'),

  'x86.halves': halves,
  'i64x2.splat': (v, a) => v.op1(OP['f64x2.splat'], TYPE.v128, v.f64(a)),
  'i64x2.extract_lane 0': (v, a) => v.lane1(OP['i64x2.extract_lane'], TYPE.i64, a, 0),
  'i64x2.extract_lane 1': (v, a) => v.lane1(OP['i64x2.extract_lane'], TYPE.i64, a, 1),
  'x86.pextrb': withImmediate((v, a, at) => v.lane1(OP['i8x16.extract_lane_u'], TYPE.i32, a, at & 15)),
  'x86.pextrw': withImmediate((v, a, at) => v.lane1(OP['i16x8.extract_lane_u'], TYPE.i32, a, at & 7)),
  'x86.pextrd': withImmediate((v, a, at) => v.lane1(OP['i32x4.extract_lane'], TYPE.i32, a, at & 3)),
  'x86.pextrq': withImmediate((v, a, at) => v.lane1(OP['i64x2.extract_lane'], TYPE.i64, a, at & 1)),
  'x86.pinsrb': withImmediate2((v, a, b, at) => v.lane2(OP['i8x16.replace_lane'], TYPE.v128, a, v.i32(b), at & 15)),
  'x86.pinsrw': withImmediate2((v, a, b, at) => v.lane2(OP['i16x8.replace_lane'], TYPE.v128, a, v.i32(b), at & 7)),
  'x86.pinsrd': withImmediate2((v, a, b, at) => v.lane2(OP['i32x4.replace_lane'], TYPE.v128, a, v.i32(b), at & 3)),
  'x86.pinsrq': withImmediate2((v, a, b, at) => v.lane2(OP['i64x2.replace_lane'], TYPE.v128, a, v.i64(b), at & 1)),
  'x86.insertps.source': withImmediate((v, a, pattern) => v.lane1(OP['i32x4.extract_lane'], TYPE.i32, a, pattern >> 6 & 3)),
  'x86.insertps': insertps,
});
