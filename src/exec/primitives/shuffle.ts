/** Shuffles (SDM vol. 1 §10.4.4, §11.4.1.3). The pattern is a value, an immediate's Temp: two bits choose each lane. */
import { interleave, vector } from './lanes.ts';
import { duplicateHalf, fromHalves } from './bits.ts';

export const unpackLow8 = interleave('x86.punpcklbw', 'u8', false);
export const unpackHigh8 = interleave('x86.punpckhbw', 'u8', true);
export const unpackLow16 = interleave('x86.punpcklwd', 'u16', false);
export const unpackHigh16 = interleave('x86.punpckhwd', 'u16', true);
export const unpackLow32 = interleave('x86.punpckldq', 'i32', false);
export const unpackHigh32 = interleave('x86.punpckhdq', 'i32', true);
export const unpackLow64 = vector('x86.punpcklqdq', fromHalves.run);
export const unpackHigh64 = vector('x86.punpckhqdq', (s, r, a, b) => fromHalves.run(s, r, a + 2, b + 2, 0));

export const pshufd = vector('x86.pshufd', (s, r, a, b) => {
  const w = s.i32, pattern = w[b];
  w[r] = w[a + (pattern & 3)]; w[r + 1] = w[a + (pattern >> 2 & 3)];
  w[r + 2] = w[a + (pattern >> 4 & 3)]; w[r + 3] = w[a + (pattern >> 6 & 3)];
});
export const pshuflw = vector('x86.pshuflw', (s, r, a, b) => {
  for (let k = 0; k < 4; k++) s.i16[2 * r + k] = s.i16[2 * a + (s.i32[b] >> 2 * k & 3)];
  s.i32[r + 2] = s.i32[a + 2]; s.i32[r + 3] = s.i32[a + 3];
});
export const pshufhw = vector('x86.pshufhw', (s, r, a, b) => {
  s.i32[r] = s.i32[a]; s.i32[r + 1] = s.i32[a + 1];
  for (let k = 0; k < 4; k++) s.i16[2 * r + 4 + k] = s.i16[2 * a + 4 + (s.i32[b] >> 2 * k & 3)];
});
/** Two lanes of a, then two of b; c is the pattern. */
export const shufps = vector('x86.shufps', (s, r, a, b, c) => {
  const w = s.i32, pattern = w[c];
  w[r] = w[a + (pattern & 3)]; w[r + 1] = w[a + (pattern >> 2 & 3)];
  w[r + 2] = w[b + (pattern >> 4 & 3)]; w[r + 3] = w[b + (pattern >> 6 & 3)];
});
export const shufpd = vector('x86.shufpd', (s, r, a, b, c) =>
  fromHalves.run(s, r, a + 2 * (s.i32[c] & 1), b + (s.i32[c] & 2), 0));

// SSE3's copies within a vector.
export const movddup = duplicateHalf;
export const movsldup = vector('x86.movsldup', (s, r, a) => {
  s.i32[r] = s.i32[r + 1] = s.i32[a]; s.i32[r + 2] = s.i32[r + 3] = s.i32[a + 2];
});
export const movshdup = vector('x86.movshdup', (s, r, a) => {
  s.i32[r] = s.i32[r + 1] = s.i32[a + 1]; s.i32[r + 2] = s.i32[r + 3] = s.i32[a + 3];
});
