/** Packed integers as WebAssembly (SDM vol. 1 §11.4.2, ch. 12): most are its instructions, some take a few. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { CF, ZF } from '../../ops.ts';
import { around, evens, instructions, odds, type OpName, repeated, type Row, type Rows, shuffled, vector1, vector2, zeros } from './row.ts';

/** Of a vector with itself it is a constant, whatever the vector: how programs make zeros and ones. */
const orConstant = (name: OpName, byte: number): Row => (v, a, b) => a === b ? repeated(v, byte) : vector2(v, name, a, b);

// — shifts: WebAssembly takes counts modulo the lane's width —

type LanesName = 'i16x8' | 'i32x4' | 'i64x2';
const WIDTHS = { i16x8: 16, i32x4: 32, i64x2: 64 } as const;
/** A constant count, where those too great for 32 bits are as good as others too great. */
function constantCount(v: Values, n: Value): number { return v.type(n) === TYPE.i64 && v.high(n) !== 0 ? 0xffff_ffff : v.low(n) >>> 0; }

function logicalShift(lanes: LanesName, operation: 'shl' | 'shr_u'): Row {
  const width = WIDTHS[lanes], name = `${lanes}.${operation}` as const;
  return (v, a, b) => {
    if (v.isConstant(b)) return constantCount(v, b) < width ? vector2(v, name, a, v.i32(b)) : zeros(v);
    const count = v.i64(b), fits = v.op2(OP['i64.lt_u'], TYPE.i32, count, v.constant64(width));
    return v.op3(OP.select, TYPE.v128, vector2(v, name, a, v.i32(count)), zeros(v), fits);
  };
}
/** Too great a count leaves the signs, as the greatest that fits does. */
function signedShift(lanes: 'i16x8' | 'i32x4'): Row {
  const width = WIDTHS[lanes], name = `${lanes}.shr_s` as const;
  return (v, a, b) => {
    if (v.isConstant(b)) return vector2(v, name, a, v.constant32(Math.min(constantCount(v, b), width - 1)));
    const count = v.i64(b), fits = v.op2(OP['i64.lt_u'], TYPE.i32, count, v.constant64(width));
    return vector2(v, name, a, v.op3(OP.select, TYPE.i32, v.i32(count), v.constant32(width - 1), fits));
  };
}

// — products —

/** The high halves of 16-bit products. */
const highProducts = (sign: 's' | 'u'): Row => (v, a, b) =>
  odds(v, 2, vector2(v, `i32x4.extmul_low_i16x8_${sign}`, a, b), vector2(v, `i32x4.extmul_high_i16x8_${sign}`, a, b));
/** 64-bit products of the even lanes. */
const wideProducts = (sign: 's' | 'u'): Row => (v, a, b) =>
  vector2(v, `i64x2.extmul_low_i32x4_${sign}`, shuffled(v, 4, a, a, [0, 2, 0, 2]), shuffled(v, 4, b, b, [0, 2, 0, 2]));
/** Both saturate, but -1 * -1 comes round to -1 on x86. */
const roundedProducts: Row = (v, a, b) => {
  const least = repeated(v, 0, 0x80);
  const wraps = vector2(v, 'v128.and', vector2(v, 'i16x8.eq', a, least), vector2(v, 'i16x8.eq', b, least));
  return vector2(v, 'v128.xor', vector2(v, 'i16x8.q15mulr_sat_s', a, b), wraps);
};
/** PMADDUBSW: 16-bit products of the even bytes and of the odd ones, which all fit. */
const mixedProducts: Row = (v, a, b) => {
  const eight = v.constant32(8);
  const even = vector2(v, 'i16x8.mul', vector2(v, 'v128.and', a, repeated(v, 0xff, 0)), vector2(v, 'i16x8.shr_s', vector2(v, 'i16x8.shl', b, eight), eight));
  const odd = vector2(v, 'i16x8.mul', vector2(v, 'i16x8.shr_u', a, eight), vector2(v, 'i16x8.shr_s', b, eight));
  return vector2(v, 'i16x8.add_sat_s', even, odd);
};

// — sums —

/** PSADBW: of two saturated differences one is zero. The sums of four bytes meet in the upper word. */
const differences: Row = (v, a, b) => {
  const bytes = vector2(v, 'v128.or', vector2(v, 'i8x16.sub_sat_u', a, b), vector2(v, 'i8x16.sub_sat_u', b, a));
  const sums = vector1(v, 'i32x4.extadd_pairwise_i16x8_u', vector1(v, 'i16x8.extadd_pairwise_i8x16_u', bytes));
  const word = v.constant32(32);
  return vector2(v, 'i64x2.shr_u', vector2(v, 'i64x2.add', sums, vector2(v, 'i64x2.shl', sums, word)), word);
};
const neighbours = (name: OpName, size: 2 | 4): Row => (v, a, b) => vector2(v, name, evens(v, size, a, b), odds(v, size, a, b));

/** PSIGNB: (a ^ -1) + 1 where b is negative, nothing where it is zero. */
const signed = (lanes: 'i8x16' | 'i16x8' | 'i32x4'): Row => (v, a, b) => {
  const isNegative = vector2(v, `${lanes}.lt_s`, b, zeros(v));
  const value = vector2(v, `${lanes}.sub`, vector2(v, 'v128.xor', a, isNegative), isNegative);
  return vector2(v, 'v128.andnot', value, vector2(v, `${lanes}.eq`, b, zeros(v)));
};

/** PMOVSXBD ...: step by step from the low lanes of a scalar. */
function widen(...steps: OpName[]): Row { return (v, a) => steps.reduce((value, name) => vector1(v, name, value), around(v, a)); }
const widenings = (letter: 's' | 'z', sign: 's' | 'u'): Rows => {
  const bytes = `i16x8.extend_low_i8x16_${sign}` as const, words = `i32x4.extend_low_i16x8_${sign}` as const, doublewords = `i64x2.extend_low_i32x4_${sign}` as const;
  return {
    [`x86.pmov${letter}xbw`]: widen(bytes), [`x86.pmov${letter}xbd`]: widen(bytes, words), [`x86.pmov${letter}xbq`]: widen(bytes, words, doublewords),
    [`x86.pmov${letter}xwd`]: widen(words), [`x86.pmov${letter}xwq`]: widen(words, doublewords), [`x86.pmov${letter}xdq`]: widen(doublewords),
  };
};

/** Bits of RFLAGS: ZF when a and b share no bit, CF when b has none outside a. */
const tested: Row = (v, a, b) => {
  const none = (vector: Value): Value => v.eqz(v.op1(OP['v128.any_true'], TYPE.i32, vector));
  const zero = v.op2(OP['i32.mul'], TYPE.i32, none(vector2(v, 'v128.and', a, b)), v.constant32(ZF));
  return v.op2(OP['i32.or'], TYPE.i32, zero, v.op2(OP['i32.mul'], TYPE.i32, none(vector2(v, 'v128.andnot', b, a)), v.constant32(CF)));
};

export const integers = (): Rows => ({
  ...instructions(
    'v128.and', 'v128.andnot', 'v128.or',
    'i8x16.add', 'i8x16.sub', 'i16x8.add', 'i16x8.sub', 'i32x4.add', 'i32x4.sub', 'i64x2.add', 'i64x2.sub',
    'i8x16.add_sat_s', 'i8x16.sub_sat_s', 'i8x16.add_sat_u', 'i8x16.sub_sat_u', 'i16x8.add_sat_s', 'i16x8.sub_sat_s', 'i16x8.add_sat_u', 'i16x8.sub_sat_u',
    'i8x16.gt_s', 'i16x8.gt_s', 'i32x4.gt_s', 'i64x2.eq', 'i64x2.gt_s',
    'i8x16.min_s', 'i8x16.max_s', 'i8x16.min_u', 'i8x16.max_u', 'i16x8.min_s', 'i16x8.max_s', 'i16x8.min_u', 'i16x8.max_u',
    'i32x4.min_s', 'i32x4.max_s', 'i32x4.min_u', 'i32x4.max_u', 'i8x16.avgr_u', 'i16x8.avgr_u',
    'i16x8.mul', 'i32x4.mul', 'i32x4.dot_i16x8_s', 'i8x16.abs', 'i16x8.abs', 'i32x4.abs',
    'i8x16.narrow_i16x8_s', 'i8x16.narrow_i16x8_u', 'i16x8.narrow_i32x4_s', 'i16x8.narrow_i32x4_u',
    'i8x16.bitmask', 'i32x4.bitmask', 'i64x2.bitmask',
  ),
  'v128.xor': orConstant('v128.xor', 0),
  'i8x16.eq': orConstant('i8x16.eq', 0xff), 'i16x8.eq': orConstant('i16x8.eq', 0xff), 'i32x4.eq': orConstant('i32x4.eq', 0xff),
  'x86.psllw': logicalShift('i16x8', 'shl'), 'x86.pslld': logicalShift('i32x4', 'shl'), 'x86.psllq': logicalShift('i64x2', 'shl'),
  'x86.psrlw': logicalShift('i16x8', 'shr_u'), 'x86.psrld': logicalShift('i32x4', 'shr_u'), 'x86.psrlq': logicalShift('i64x2', 'shr_u'),
  'x86.psraw': signedShift('i16x8'), 'x86.psrad': signedShift('i32x4'),
  'x86.pmulhw': highProducts('s'), 'x86.pmulhuw': highProducts('u'), 'x86.pmuldq': wideProducts('s'), 'x86.pmuludq': wideProducts('u'),
  'x86.pmulhrsw': roundedProducts, 'x86.pmaddubsw': mixedProducts,
  'x86.psadbw': differences,
  'x86.phaddw': neighbours('i16x8.add', 2), 'x86.phaddd': neighbours('i32x4.add', 4), 'x86.phaddsw': neighbours('i16x8.add_sat_s', 2),
  'x86.phsubw': neighbours('i16x8.sub', 2), 'x86.phsubd': neighbours('i32x4.sub', 4), 'x86.phsubsw': neighbours('i16x8.sub_sat_s', 2),
  'x86.psignb': signed('i8x16'), 'x86.psignw': signed('i16x8'), 'x86.psignd': signed('i32x4'),
  ...widenings('s', 's'), ...widenings('z', 'u'),
  'x86.ptest': tested,
});
