/** Primitives that see 128 bits and no lanes, or move whole words (SDM: PAND, MOVQ, MOVMSKPS, PSLLDQ; WebAssembly: v128.and ...). */
import { integer, vector } from './lanes.ts';

export const and = vector('v128.and', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[a] & w[b]; w[r + 1] = w[a + 1] & w[b + 1]; w[r + 2] = w[a + 2] & w[b + 2]; w[r + 3] = w[a + 3] & w[b + 3];
});
/** a and not b, as WebAssembly orders them: PANDN complements its first operand. */
export const andnot = vector('v128.andnot', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[a] & ~w[b]; w[r + 1] = w[a + 1] & ~w[b + 1]; w[r + 2] = w[a + 2] & ~w[b + 2]; w[r + 3] = w[a + 3] & ~w[b + 3];
});
export const or = vector('v128.or', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[a] | w[b]; w[r + 1] = w[a + 1] | w[b + 1]; w[r + 2] = w[a + 2] | w[b + 2]; w[r + 3] = w[a + 3] | w[b + 3];
});
export const xor = vector('v128.xor', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[a] ^ w[b]; w[r + 1] = w[a + 1] ^ w[b + 1]; w[r + 2] = w[a + 2] ^ w[b + 2]; w[r + 3] = w[a + 3] ^ w[b + 3];
});

/** A vector of two 64-bit integers: the low one is a. */
export const fromHalves = vector('x86.halves', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[a]; w[r + 1] = w[a + 1]; w[r + 2] = w[b]; w[r + 3] = w[b + 1];
});
export const lowHalf = integer('i64x2.extract_lane 0', 8, (s, r, a) => { s.i32[r] = s.i32[a]; s.i32[r + 1] = s.i32[a + 1]; });
export const highHalf = integer('i64x2.extract_lane 1', 8, (s, r, a) => { s.i32[r] = s.i32[a + 2]; s.i32[r + 1] = s.i32[a + 3]; });
export const duplicateHalf = vector('i64x2.splat', (s, r, a) => {
  const w = s.i32;
  w[r] = w[r + 2] = w[a]; w[r + 1] = w[r + 3] = w[a + 1];
});

/** The four sign bits of the bytes of a word, in its low four bits: the multiplication gathers them at the top. */
function signsOf(word: number): number { return Math.imul((word >>> 7) & 0x01010101, 0x10204080) >>> 28; }
export const signs8 = integer('i8x16.bitmask', 4, (s, r, a) => {
  const w = s.i32;
  w[r] = signsOf(w[a]) | signsOf(w[a + 1]) << 4 | signsOf(w[a + 2]) << 8 | signsOf(w[a + 3]) << 12;
  w[r + 1] = 0;
});
export const signs32 = integer('i32x4.bitmask', 4, (s, r, a) => {
  const w = s.i32;
  w[r] = w[a] >>> 31 | (w[a + 1] >>> 31) << 1 | (w[a + 2] >>> 31) << 2 | (w[a + 3] >>> 31) << 3;
  w[r + 1] = 0;
});
export const signs64 = integer('i64x2.bitmask', 4, (s, r, a) => {
  s.i32[r] = s.i32[a + 1] >>> 31 | (s.i32[a + 3] >>> 31) << 1;
  s.i32[r + 1] = 0;
});

/** Bytes move up by the count; zeros come in below. */
export const shiftBytesLeft = vector('x86.pslldq', (s, r, a, b) => {
  const bytes = s.u8, to = 4 * r, from = 4 * a, count = Math.min(bytes[4 * b], 16);
  for (let k = 0; k < 16; k++) bytes[to + k] = k < count ? 0 : bytes[from + k - count];
});
export const shiftBytesRight = vector('x86.psrldq', (s, r, a, b) => {
  const bytes = s.u8, to = 4 * r, from = 4 * a, count = Math.min(bytes[4 * b], 16);
  for (let k = 0; k < 16; k++) bytes[to + k] = k + count > 15 ? 0 : bytes[from + k + count];
});
