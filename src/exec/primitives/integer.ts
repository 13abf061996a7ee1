/** Packed integer arithmetic and comparison (SDM vol. 1 §10.4.4, §11.4.2). What memcpy and strlen use works on words, not lanes. */
import type { i32 } from '../../base/types.ts';
import { clamp, countOf, integer, lanes, narrow, shift, vector, words } from './lanes.ts';
import type { Primitive, Scratch } from '../primitive.ts';

const TOP8 = 0x80808080 | 0, LOW8 = 0x7f7f7f7f, TOP16 = 0x80008000 | 0, LOW16 = 0x7fff7fff;

/** 0xff in every byte whose top bit is set in `tops`, of which only top bits may be set; the same for 16-bit lanes. */
function spread8(tops: i32): i32 { return Math.imul(tops >>> 7, 0xff); }
function spread16(tops: i32): i32 { return Math.imul(tops >>> 15, 0xffff); }

// Sums within lanes: the top bits are added without carry, so that nothing leaves its lane.
function add8(a: i32, b: i32): i32 { return ((a & LOW8) + (b & LOW8)) ^ ((a ^ b) & TOP8); }
function sub8(a: i32, b: i32): i32 { return ((a | TOP8) - (b & LOW8)) ^ ((a ^ ~b) & TOP8); }
function add16(a: i32, b: i32): i32 { return ((a & LOW16) + (b & LOW16)) ^ ((a ^ b) & TOP16); }
function sub16(a: i32, b: i32): i32 { return ((a | TOP16) - (b & LOW16)) ^ ((a ^ ~b) & TOP16); }
/** Top bits of the lanes that are zero. */
function zeros8(x: i32): i32 { return ~(((x & LOW8) + LOW8) | x | LOW8); }
function zeros16(x: i32): i32 { return ~(((x & LOW16) + LOW16) | x | LOW16); }
function equal8(a: i32, b: i32): i32 { return spread8(zeros8(a ^ b)); }
function equal16(a: i32, b: i32): i32 { return spread16(zeros16(a ^ b)); }
/** Top bits of the lanes where a >= b, unsigned. */
function atLeast8(a: i32, b: i32): i32 {
  const low = (a | TOP8) - (b & LOW8); // Top bit: the low seven bits of a are not below b's.
  return ((a & ~b) | (~(a ^ b) & low)) & TOP8;
}
function atLeast16(a: i32, b: i32): i32 {
  const low = (a | TOP16) - (b & LOW16);
  return ((a & ~b) | (~(a ^ b) & low)) & TOP16;
}
function smaller8(a: i32, b: i32): i32 { const m = spread8(atLeast8(a, b)); return (b & m) | (a & ~m); }
function smaller16(a: i32, b: i32): i32 { const m = spread16(atLeast16(a, b)); return (b & m) | (a & ~m); }
function larger8(a: i32, b: i32): i32 { const m = spread8(atLeast8(a, b)); return (a & m) | (b & ~m); }
// Signed: flipping the sign bits turns the signed order into the unsigned one.
function smaller16S(a: i32, b: i32): i32 { const m = spread16(atLeast16(a ^ TOP16, b ^ TOP16)); return (b & m) | (a & ~m); }
function larger16S(a: i32, b: i32): i32 { const m = spread16(atLeast16(a ^ TOP16, b ^ TOP16)); return (a & m) | (b & ~m); }
function greater8S(a: i32, b: i32): i32 { return ~spread8(atLeast8(b ^ TOP8, a ^ TOP8)); }
function greater16S(a: i32, b: i32): i32 { return ~spread16(atLeast16(b ^ TOP16, a ^ TOP16)); }
/** max(a - b, 0) takes away no more than there is; min(a + b, all ones) is the same seen from above. */
function less8(a: i32, b: i32): i32 { return sub8(a, smaller8(a, b)); }
function less16(a: i32, b: i32): i32 { return sub16(a, smaller16(a, b)); }
/** (a + b + 1) / 2 without the carry: what both have, and half of what one has, rounded up. */
function average8(a: i32, b: i32): i32 { return (a | b) - ((a ^ b) >>> 1 & LOW8); }
function average16(a: i32, b: i32): i32 { return (a | b) - ((a ^ b) >>> 1 & LOW16); }

export const i8x16add = words('i8x16.add', add8);
export const i8x16sub = words('i8x16.sub', sub8);
export const i16x8add = words('i16x8.add', add16);
export const i16x8sub = words('i16x8.sub', sub16);
export const i32x4add = words('i32x4.add', (a, b) => a + b);
export const i32x4sub = words('i32x4.sub', (a, b) => a - b);
export const i64x2add = vector('i64x2.add', (s, r, a, b) => { add64(s, r, a, b); add64(s, r + 2, a + 2, b + 2); });
export const i64x2sub = vector('i64x2.sub', (s, r, a, b) => { sub64(s, r, a, b); sub64(s, r + 2, a + 2, b + 2); });
function add64(s: Scratch, r: number, a: number, b: number): void {
  const lo = s.u32[a] + s.u32[b];
  s.i32[r] = lo;
  s.i32[r + 1] = s.i32[a + 1] + s.i32[b + 1] + (lo > 0xffff_ffff ? 1 : 0);
}
function sub64(s: Scratch, r: number, a: number, b: number): void {
  const lo = s.u32[a] - s.u32[b];
  s.i32[r] = lo;
  s.i32[r + 1] = s.i32[a + 1] - s.i32[b + 1] - (lo < 0 ? 1 : 0);
}

export const i8x16addSatS = lanes('i8x16.add_sat_s', 'i8', (a, b) => clamp(a + b, -0x80, 0x7f));
export const i8x16subSatS = lanes('i8x16.sub_sat_s', 'i8', (a, b) => clamp(a - b, -0x80, 0x7f));
export const i8x16addSatU = words('i8x16.add_sat_u', (a, b) => ~less8(~a, b));
export const i8x16subSatU = words('i8x16.sub_sat_u', less8);
export const i16x8addSatS = lanes('i16x8.add_sat_s', 'i16', (a, b) => clamp(a + b, -0x8000, 0x7fff));
export const i16x8subSatS = lanes('i16x8.sub_sat_s', 'i16', (a, b) => clamp(a - b, -0x8000, 0x7fff));
export const i16x8addSatU = words('i16x8.add_sat_u', (a, b) => ~less16(~a, b));
export const i16x8subSatU = words('i16x8.sub_sat_u', less16);

/** Written out, because every strlen and memchr runs on it. */
export const i8x16eq = vector('i8x16.eq', (s, r, a, b) => {
  const w = s.i32;
  w[r] = equal8(w[a], w[b]); w[r + 1] = equal8(w[a + 1], w[b + 1]);
  w[r + 2] = equal8(w[a + 2], w[b + 2]); w[r + 3] = equal8(w[a + 3], w[b + 3]);
});
export const i16x8eq = words('i16x8.eq', equal16);
export const i32x4eq = words('i32x4.eq', (a, b) => a === b ? -1 : 0);
export const i8x16gtS = words('i8x16.gt_s', greater8S);
export const i16x8gtS = words('i16x8.gt_s', greater16S);
export const i32x4gtS = words('i32x4.gt_s', (a, b) => a > b ? -1 : 0);
/** Written out, as i8x16.eq. */
export const i8x16minU = vector('i8x16.min_u', (s, r, a, b) => {
  const w = s.i32;
  w[r] = smaller8(w[a], w[b]); w[r + 1] = smaller8(w[a + 1], w[b + 1]);
  w[r + 2] = smaller8(w[a + 2], w[b + 2]); w[r + 3] = smaller8(w[a + 3], w[b + 3]);
});
export const i8x16maxU = words('i8x16.max_u', larger8);
export const i16x8minS = words('i16x8.min_s', smaller16S);
export const i16x8maxS = words('i16x8.max_s', larger16S);
export const i8x16avgr = words('i8x16.avgr_u', average8);
export const i16x8avgr = words('i16x8.avgr_u', average16);

export const i16x8mul = lanes('i16x8.mul', 'i16', Math.imul);
export const pmulhw = lanes('x86.pmulhw', 'i16', (a, b) => (a * b) >> 16);
export const pmulhuw = lanes('x86.pmulhuw', 'u16', (a, b) => (a * b) >>> 16);
export const i32x4dot = vector('i32x4.dot_i16x8_s', (s, r, a, b) => {
  const v = s.i16;
  for (let k = 0; k < 4; k++) s.i32[r + k] = v[2 * (a + k)] * v[2 * (b + k)] + v[2 * (a + k) + 1] * v[2 * (b + k) + 1];
});
/** 32 x 32 -> 64 bits of the even lanes: four partial products of 16 bits, each exact in a double. */
export const pmuludq = vector('x86.pmuludq', (s, r, a, b) => { multiplyWide(s, r, a, b); multiplyWide(s, r + 2, a + 2, b + 2); });
function multiplyWide(s: Scratch, r: number, a: number, b: number): void {
  const x = s.u32[a], y = s.u32[b], yLow = y & 0xffff, yHigh = y >>> 16;
  const low = x * yLow, middle = x * yHigh + Math.floor(low / 0x10000); // Below 2^49.
  s.i32[r] = Math.imul(x, y);
  s.i32[r + 1] = Math.floor(middle / 0x10000);
}
/** Sums of absolute differences of each half's bytes. */
export const psadbw = vector('x86.psadbw', (s, r, a, b) => {
  const v = s.u8;
  for (let half = 0; half < 2; half++) {
    let sum = 0;
    for (let k = 8 * half; k < 8 * half + 8; k++) sum += Math.abs(v[4 * a + k] - v[4 * b + k]);
    s.i32[r + 2 * half] = sum; s.i32[r + 2 * half + 1] = 0;
  }
});

export const i8x16narrowS = narrow('i8x16.narrow_i16x8_s', 'i16', 'i8', lane => clamp(lane, -0x80, 0x7f));
export const i8x16narrowU = narrow('i8x16.narrow_i16x8_u', 'i16', 'u8', lane => clamp(lane, 0, 0xff));
export const i16x8narrowS = narrow('i16x8.narrow_i32x4_s', 'i32', 'i16', lane => clamp(lane, -0x8000, 0x7fff));

// WebAssembly takes counts modulo the lane's width, x86 does not: hence x86's names.
export const psllw = shift('x86.psllw', 'u16', 16, (lane, count) => lane << count);
export const psrlw = shift('x86.psrlw', 'u16', 16, (lane, count) => lane >>> count);
export const psraw = shift('x86.psraw', 'i16', 15, (lane, count) => lane >> count);
export const pslld = shift('x86.pslld', 'i32', 32, (lane, count) => count > 31 ? 0 : lane << count);
export const psrld = shift('x86.psrld', 'i32', 32, (lane, count) => count > 31 ? 0 : lane >>> count);
export const psrad = shift('x86.psrad', 'i32', 31, (lane, count) => lane >> count);
export const psllq = halves('x86.psllq', (s, r, a, count) => {
  const lo = s.i32[a], hi = s.i32[a + 1];
  s.i32[r] = count > 31 ? 0 : lo << count;
  s.i32[r + 1] = count > 63 ? 0 : count > 31 ? lo << (count - 32) : count === 0 ? hi : hi << count | lo >>> (32 - count);
});
export const psrlq = halves('x86.psrlq', (s, r, a, count) => {
  const lo = s.i32[a], hi = s.i32[a + 1];
  s.i32[r] = count > 63 ? 0 : count > 31 ? hi >>> (count - 32) : count === 0 ? lo : lo >>> count | hi << (32 - count);
  s.i32[r + 1] = count > 31 ? 0 : hi >>> count;
});
function halves(name: string, one: (s: Scratch, r: number, a: number, count: number) => void): Primitive {
  return vector(name, (s, r, a, b) => {
    const count = countOf(s, b, 64);
    one(s, r, a, count);
    one(s, r + 2, a + 2, count);
  });
}

/** c: which lane. */
export const extract16 = integer('x86.pextrw', 4, (s, r, a, b) => {
  s.i32[r] = s.u16[2 * a + (s.i32[b] & 7)];
  s.i32[r + 1] = 0;
});
export const insert16 = vector('x86.pinsrw', (s, r, a, b, c) => {
  for (let k = 0; k < 4; k++) s.i32[r + k] = s.i32[a + k];
  s.i16[2 * r + (s.i32[c] & 7)] = s.i32[b];
});
