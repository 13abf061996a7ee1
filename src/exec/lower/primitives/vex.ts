/** What only VEX instructions have, as WebAssembly: lanes, halves of 256 bits, permutations by vectors, shifts lane by lane (SDM vol. 1 §14.6). */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { range, repeated, type Row, type Rows, shuffled, vector2, withImmediate, withImmediate2, zeros } from './row.ts';

const lane32: Row = (v, a, b) => v.type(b) === TYPE.f32 || v.isOperation(b, OP['i32x4.extract_lane'])
  ? v.lane2(OP['f32x4.replace_lane'], TYPE.v128, a, v.f32(b), 0) : v.lane2(OP['i32x4.replace_lane'], TYPE.v128, a, v.i32(b), 0);
const lane64: Row = (v, a, b) => v.type(b) === TYPE.f64 || v.isOperation(b, OP['i64x2.extract_lane'])
  ? v.lane2(OP['f64x2.replace_lane'], TYPE.v128, a, v.f64(b), 0) : v.lane2(OP['i64x2.replace_lane'], TYPE.v128, a, v.i64(b), 0);
const splat = (name: 'i8x16.splat' | 'i16x8.splat' | 'i32x4.splat'): Row => (v, a) => v.op1(OP[name], TYPE.v128, v.i32(a));

// — permutations by vectors: numbers of lanes become numbers of bytes —

/** The low bytes of lanes of `size` bytes, each in all bytes of its lane. */
function repeatedLows(v: Values, a: Value, size: 4 | 8): Value { return v.shuffle(a, a, range(16).map(k => k - k % size)); }
function numbersOfBytes(v: Values, a: Value, size: 4 | 8, mask: number, shift: number): Value {
  const lows = vector2(v, 'v128.and', repeatedLows(v, a, size), repeated(v, mask));
  return vector2(v, 'i8x16.add', v.op2(OP['i8x16.shl'], TYPE.v128, lows, v.constant32(shift)), v.constant128(range(16).map(k => k % size)));
}
/** A number from 16 on gives 0. */
const swizzle = (v: Values, a: Value, numbers: Value): Value => vector2(v, 'i8x16.swizzle', a, numbers);
const doublewords: Row = (v, a, b, c) => {
  const numbers = numbersOfBytes(v, a, 4, 7, 2);
  return vector2(v, 'v128.or', swizzle(v, b, numbers), swizzle(v, c, vector2(v, 'i8x16.sub', numbers, repeated(v, 16))));
};
const singles: Row = (v, a, b) => swizzle(v, a, numbersOfBytes(v, b, 4, 3, 2));
/** Bit 1 of a quadword counts 8 bytes. */
const doubles: Row = (v, a, b) => swizzle(v, a, numbersOfBytes(v, b, 8, 2, 2));

// — shifts: WebAssembly takes counts modulo the lane —

function shifts32(name: 'shl' | 'shr_u' | 's'): Row {
  return (v, a, b) => range(4).reduce((all, k) => {
    const lane = v.lane1(OP['i32x4.extract_lane'], TYPE.i32, a, k), count = v.lane1(OP['i32x4.extract_lane'], TYPE.i32, b, k);
    const isSmall = v.op2(OP['i32.lt_u'], TYPE.i32, count, v.constant32(32));
    const shifted = name === 's' ? v.op2(OP['i32.shr_s'], TYPE.i32, lane, v.op3(OP.select, TYPE.i32, count, v.constant32(31), isSmall))
      : v.op3(OP.select, TYPE.i32, v.op2(OP[`i32.${name}`], TYPE.i32, lane, count), v.constant32(0), isSmall);
    return v.lane2(OP['i32x4.replace_lane'], TYPE.v128, all, shifted, k);
  }, zeros(v));
}
function shifts64(name: 'shl' | 'shr_u'): Row {
  return (v, a, b) => range(2).reduce((all, k) => {
    const lane = v.lane1(OP['i64x2.extract_lane'], TYPE.i64, a, k), count = v.lane1(OP['i64x2.extract_lane'], TYPE.i64, b, k);
    const isSmall = v.op2(OP['i64.lt_u'], TYPE.i32, count, v.constant64(64));
    const shifted = v.op3(OP.select, TYPE.i64, v.op2(OP[`i64.${name}`], TYPE.i64, lane, count), v.constant64(0), isSmall);
    return v.lane2(OP['i64x2.replace_lane'], TYPE.v128, all, shifted, k);
  }, zeros(v));
}

export const vex = (): Rows => ({
  'x86.lane32': lane32, 'x86.lane64': lane64, 'i8x16.splat': splat('i8x16.splat'), 'i16x8.splat': splat('i16x8.splat'), 'i32x4.splat': splat('i32x4.splat'),
  'x86.choose': withImmediate2((_v, a, b, which) => (which & 1) !== 0 ? b : a),
  'x86.clear_if': withImmediate((v, a, which) => (which & 1) !== 0 ? zeros(v) : a),
  'x86.vpermq': withImmediate2((v, a, b, numbers) => shuffled(v, 8, a, b, [numbers & 3, numbers >> 2 & 3])),
  'x86.vpermd': doublewords, 'x86.vpermilps': singles, 'x86.vpermilpd': doubles,
  'x86.vpsllvd': shifts32('shl'), 'x86.vpsrlvd': shifts32('shr_u'), 'x86.vpsravd': shifts32('s'), 'x86.vpsllvq': shifts64('shl'), 'x86.vpsrlvq': shifts64('shr_u'),
});
