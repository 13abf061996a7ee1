/** AES rounds, carry-less products and SHA as WebAssembly (SDM vol. 1 §12.13; FIPS 197; FIPS 180-4). */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { inverseBox, SHA1_CONSTANTS, substitutionBox } from '../../primitives/crypto.ts';
import { range, repeated, type Row, type Rows, shuffled, vector2, withImmediate2, zeros } from './row.ts';

const xor = (v: Values, ...values: Value[]): Value => values.reduce((sum, value) => vector2(v, 'v128.xor', sum, value));

// — AES: sixteen bytes, column by column —

const COLUMNS = 4;
/** Row r of the state moves by r columns. */
const shiftRows = (v: Values, a: Value, by: 1 | 3): Value => v.shuffle(a, a, range(16).map(k => 4 * (((k >> 2) + by * (k & 3)) % COLUMNS) + (k & 3)));
/** Every byte looked up: of sixteen tables of sixteen bytes, one has it, and the others give 0. */
function substituted(v: Values, a: Value, box: Uint8Array): Value {
  const part = (k: number): Value => vector2(v, 'i8x16.swizzle', v.constant128([...box.subarray(16 * k, 16 * k + 16)]), k === 0 ? a : xor(v, a, repeated(v, 16 * k)));
  return range(16).map(part).reduce((all, one) => vector2(v, 'v128.or', all, one));
}
/** Within each column, the byte `by` rows below. */
const below = (v: Values, a: Value, by: number): Value => v.shuffle(a, a, range(16).map(k => (k & 12) + ((k + by) & 3)));
/** Twice every byte, in GF(2^8). */
function doubled(v: Values, a: Value): Value {
  const overflow = vector2(v, 'v128.and', vector2(v, 'i8x16.lt_s', a, zeros(v)), repeated(v, 0x1b));
  return xor(v, vector2(v, 'i8x16.add', a, a), overflow);
}
/** 2, 3, 1, 1. */
function mixColumns(v: Values, a: Value): Value {
  const twice = doubled(v, a);
  return xor(v, twice, below(v, xor(v, twice, a), 1), below(v, xor(v, a, below(v, a, 1)), 2));
}
/** 14, 11, 13, 9: the same of 5, 0, 4, 0. */
function unmixColumns(v: Values, a: Value): Value {
  const four = doubled(v, doubled(v, xor(v, a, below(v, a, 2))));
  return mixColumns(v, xor(v, a, four));
}
const aesenc: Row = (v, a, b) => xor(v, mixColumns(v, substituted(v, shiftRows(v, a, 1), substitutionBox())), b);
const aesenclast: Row = (v, a, b) => xor(v, substituted(v, shiftRows(v, a, 1), substitutionBox()), b);
const aesdec: Row = (v, a, b) => xor(v, unmixColumns(v, substituted(v, shiftRows(v, a, 3), inverseBox())), b);
const aesdeclast: Row = (v, a, b) => xor(v, substituted(v, shiftRows(v, a, 3), inverseBox()), b);

// — products without carries —

const HOLES = [0x11111111, 0x22222222, 0x44444444, 0x88888888 | 0];
/** The low 64 bits. Of every fourth bit, sums have room for what they carry: it is masked away. */
function carrylessLow(v: Values, x: Value, y: Value): Value {
  const sparse = (n: Value): Value[] => HOLES.map(mask => v.and64(n, v.constant64(mask, mask))), xs = sparse(x), ys = sparse(y);
  const sum = (k: number): Value => v.and64(range(4).map(j => v.op2(OP['i64.mul'], TYPE.i64, xs[j]!, ys[(k - j) & 3]!)).reduce((a, b) => v.op2(OP['i64.xor'], TYPE.i64, a, b)), v.constant64(HOLES[k]!, HOLES[k]!));
  return range(4).map(sum).reduce((a, b) => v.op2(OP['i64.or'], TYPE.i64, a, b));
}
/** Both halves' bits, last first. */
function reversed(v: Values, a: Value): Value {
  const nibbles = range(16).map(n => (n & 1) << 3 | (n & 2) << 1 | (n & 4) >> 1 | n >> 3), table = v.constant128(nibbles), four = v.constant32(4);
  const low = vector2(v, 'i8x16.swizzle', table, vector2(v, 'v128.and', a, repeated(v, 15))), high = vector2(v, 'i8x16.swizzle', table, vector2(v, 'i8x16.shr_u', a, four));
  const bytes = vector2(v, 'v128.or', vector2(v, 'i8x16.shl', low, four), high);
  return v.shuffle(bytes, bytes, range(16).map(k => k ^ 7));
}
const pclmulqdq = withImmediate2((v, a, b, immediate) => {
  const half = (n: Value, k: number): Value => v.lane1(OP['i64x2.extract_lane'], TYPE.i64, n, k), p = immediate & 1, q = immediate >> 4 & 1;
  const low = carrylessLow(v, half(a, p), half(b, q)), mirrored = carrylessLow(v, half(reversed(v, a), p), half(reversed(v, b), q));
  const both = v.lane2(OP['i64x2.replace_lane'], TYPE.v128, v.op1(OP['i64x2.splat'], TYPE.v128, low), mirrored, 1), turned = reversed(v, both);
  // The product has 127 bits.
  const high = v.op2(OP['i64.shr_u'], TYPE.i64, half(turned, 1), v.constant64(1));
  return v.lane2(OP['i64x2.replace_lane'], TYPE.v128, both, high, 1);
});

// — SHA —

const rotated = (v: Values, a: Value, by: number): Value => vector2(v, 'v128.or', vector2(v, 'i32x4.shl', a, v.constant32(by)), vector2(v, 'i32x4.shr_u', a, v.constant32(32 - by)));
const smallSigma = (v: Values, a: Value, p: number, q: number, shift: number): Value => xor(v, rotated(v, a, 32 - p), rotated(v, a, 32 - q), vector2(v, 'i32x4.shr_u', a, v.constant32(shift)));
const sha256msg1: Row = (v, a, b) => vector2(v, 'i32x4.add', a, smallSigma(v, shuffled(v, 4, a, b, [1, 2, 3, 4]), 7, 18, 3));
/** The upper two words need the lower two. */
const sha256msg2: Row = (v, a, b) => {
  const lower = vector2(v, 'i32x4.add', a, smallSigma(v, shuffled(v, 4, b, zeros(v), [2, 3, 4, 4]), 17, 19, 10));
  return vector2(v, 'i32x4.add', lower, smallSigma(v, shuffled(v, 4, zeros(v), lower, [0, 0, 4, 5]), 17, 19, 10));
};
const sha1msg1: Row = (v, a, b) => xor(v, a, shuffled(v, 4, b, a, [2, 3, 4, 5]));
const sha1msg2: Row = (v, a, b) => {
  const words = rotated(v, xor(v, a, shuffled(v, 4, b, zeros(v), [4, 0, 1, 2])), 1);
  return xor(v, words, rotated(v, shuffled(v, 4, words, zeros(v), [3, 4, 4, 4]), 1));
};
const sha1nexte: Row = (v, a, b) => vector2(v, 'i32x4.add', b, shuffled(v, 4, zeros(v), rotated(v, a, 30), [0, 0, 0, 7]));

const word = (v: Values, a: Value, k: number): Value => v.lane1(OP['i32x4.extract_lane'], TYPE.i32, a, k);
const sum = (v: Values, ...values: Value[]): Value => values.reduce((a, b) => v.add32(a, b));
const two = (v: Values, name: 'i32.and' | 'i32.or' | 'i32.xor' | 'i32.rotl', a: Value, b: Value): Value => v.op2(OP[name], TYPE.i32, a, b);
const rotl = (v: Values, a: Value, by: number): Value => two(v, 'i32.rotl', a, v.constant32(by));
const choose = (v: Values, x: Value, y: Value, z: Value): Value => two(v, 'i32.xor', z, two(v, 'i32.and', x, two(v, 'i32.xor', y, z)));
const majority = (v: Values, x: Value, y: Value, z: Value): Value => two(v, 'i32.or', two(v, 'i32.and', x, y), two(v, 'i32.and', z, two(v, 'i32.or', x, y)));
const parity = (v: Values, x: Value, y: Value, z: Value): Value => two(v, 'i32.xor', x, two(v, 'i32.xor', y, z));
/** Words 0 to 3. */
function together(v: Values, words: readonly Value[]): Value {
  return words.slice(1).reduce((all, one, k) => v.lane2(OP['i32x4.replace_lane'], TYPE.v128, all, one, k + 1), v.op1(OP['i32x4.splat'], TYPE.v128, words[0]!));
}
const sha1rnds4 = withImmediate2((v, a, b, immediate) => {
  const f = [choose, parity, majority, parity][immediate & 3]!, constant = v.constant32(SHA1_CONSTANTS[immediate & 3]!);
  let [p, q, x, y, z] = [word(v, a, 3), word(v, a, 2), word(v, a, 1), word(v, a, 0), v.constant32(0)];
  for (let k = 3; k >= 0; k--) {
    const next = sum(v, f(v, q, x, y), rotl(v, p, 5), word(v, b, k), z, constant);
    [z, y, x, q, p] = [y, x, rotl(v, q, 30), p, next];
  }
  return together(v, [y, x, q, p]);
});
const bigSigma = (v: Values, a: Value, p: number, q: number, r: number): Value => parity(v, rotl(v, a, 32 - p), rotl(v, a, 32 - q), rotl(v, a, 32 - r));
const sha256rnds2: Row = (v, a, b, c) => {
  let [p, q, x, y, e, f, g, h] = [word(v, b, 3), word(v, b, 2), word(v, a, 3), word(v, a, 2), word(v, b, 1), word(v, b, 0), word(v, a, 1), word(v, a, 0)];
  for (let k = 0; k < 2; k++) {
    const first = sum(v, h, bigSigma(v, e, 6, 11, 25), choose(v, e, f, g), word(v, c, k)), second = sum(v, bigSigma(v, p, 2, 13, 22), majority(v, p, q, x));
    [h, g, f, e, y, x, q, p] = [g, f, e, v.add32(y, first), x, q, p, v.add32(first, second)];
  }
  return together(v, [f, e, q, p]);
};

export const crypto = (): Rows => ({
  'x86.aesenc': aesenc, 'x86.aesenclast': aesenclast, 'x86.aesdec': aesdec, 'x86.aesdeclast': aesdeclast, 'x86.aesimc': (v, a) => unmixColumns(v, a),
  'x86.pclmulqdq': pclmulqdq,
  'x86.sha1msg1': sha1msg1, 'x86.sha1msg2': sha1msg2, 'x86.sha1nexte': sha1nexte, 'x86.sha1rnds4': sha1rnds4,
  'x86.sha256msg1': sha256msg1, 'x86.sha256msg2': sha256msg2, 'x86.sha256rnds2': sha256rnds2,
});
