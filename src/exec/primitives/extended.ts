/** What SSSE3 and SSE4.1 added to the packed integers (SDM vol. 1 ch. 12). */
import type { Primitive, Scratch } from '../primitive.ts';
import { clamp, integer, lanes, type LaneView, narrow, vector, words } from './lanes.ts';
import { CF, ZF } from '../ops.ts';

/** Bytes of a chosen by those of b; the top bit clears. */
export const pshufb = vector('x86.pshufb', (s, r, a, b) => {
  const v = s.u8;
  for (let k = 0; k < 16; k++) {
    const from = v[4 * b + k];
    v[4 * r + k] = from > 127 ? 0 : v[4 * a + (from & 15)];
  }
});
/** Sixteen of the bytes of a:b from byte c on; beyond them are zeros. */
export const palignr = vector('x86.palignr', (s, r, a, b, c) => {
  const v = s.u8, count = v[4 * c];
  for (let k = 0; k < 16; k++) {
    const from = k + count;
    v[4 * r + k] = from < 16 ? v[4 * b + from] : from < 32 ? v[4 * a + from - 16] : 0;
  }
});
/** Neighbours are combined: those of a give the low half, those of b the high one. */
function neighbours(name: string, view: 'i16' | 'i32', compute: (even: number, odd: number) => number): Primitive {
  const perWord = view === 'i16' ? 2 : 1, half = 2 * perWord;
  return vector(name, (s, r, a, b) => {
    const v = s[view], to = r * perWord, left = a * perWord, right = b * perWord;
    for (let k = 0; k < half; k++) {
      v[to + k] = compute(v[left + 2 * k], v[left + 2 * k + 1]);
      v[to + half + k] = compute(v[right + 2 * k], v[right + 2 * k + 1]);
    }
  });
}
export const phaddw = neighbours('x86.phaddw', 'i16', (even, odd) => even + odd);
export const phaddd = neighbours('x86.phaddd', 'i32', (even, odd) => even + odd);
export const phaddsw = neighbours('x86.phaddsw', 'i16', (even, odd) => clamp(even + odd, -0x8000, 0x7fff));
export const phsubw = neighbours('x86.phsubw', 'i16', (even, odd) => even - odd);
export const phsubd = neighbours('x86.phsubd', 'i32', (even, odd) => even - odd);
export const phsubsw = neighbours('x86.phsubsw', 'i16', (even, odd) => clamp(even - odd, -0x8000, 0x7fff));

/** Unsigned bytes of a times signed bytes of b, neighbours added with saturation. */
export const pmaddubsw = vector('x86.pmaddubsw', (s, r, a, b) => {
  const x = s.u8, y = s.i8;
  for (let k = 0; k < 8; k++) {
    const sum = x[4 * a + 2 * k] * y[4 * b + 2 * k] + x[4 * a + 2 * k + 1] * y[4 * b + 2 * k + 1];
    s.i16[2 * r + k] = clamp(sum, -0x8000, 0x7fff);
  }
});
const withSignOf = (a: number, b: number): number => b < 0 ? -a : b === 0 ? 0 : a;
export const psignb = lanes('x86.psignb', 'i8', withSignOf);
export const psignw = lanes('x86.psignw', 'i16', withSignOf);
export const psignd = words('x86.psignd', withSignOf);
export const pmulhrsw = lanes('x86.pmulhrsw', 'i16', (a, b) => (a * b + 0x4000) >> 15);
export const i8x16abs = lanes('i8x16.abs', 'i8', a => Math.abs(a));
export const i16x8abs = lanes('i16x8.abs', 'i16', a => Math.abs(a));
export const i32x4abs = words('i32x4.abs', a => Math.abs(a));

export const i8x16minS = lanes('i8x16.min_s', 'i8', Math.min);
export const i8x16maxS = lanes('i8x16.max_s', 'i8', Math.max);
export const i16x8minU = lanes('i16x8.min_u', 'u16', Math.min);
export const i16x8maxU = lanes('i16x8.max_u', 'u16', Math.max);
export const i32x4minS = words('i32x4.min_s', Math.min);
export const i32x4maxS = words('i32x4.max_s', Math.max);
export const i32x4minU = words('i32x4.min_u', (a, b) => a >>> 0 < b >>> 0 ? a : b);
export const i32x4maxU = words('i32x4.max_u', (a, b) => a >>> 0 > b >>> 0 ? a : b);
export const i32x4mul = words('i32x4.mul', Math.imul);
export const i16x8narrowU = narrow('i16x8.narrow_i32x4_u', 'i32', 'u16', lane => clamp(lane, 0, 0xffff));

export const i64x2eq = vector('i64x2.eq', (s, r, a, b) => {
  for (let k = 0; k < 4; k += 2) {
    const isEqual = s.i32[a + k] === s.i32[b + k] && s.i32[a + k + 1] === s.i32[b + k + 1];
    s.i32[r + k] = s.i32[r + k + 1] = isEqual ? -1 : 0;
  }
});
export const i64x2gtS = vector('i64x2.gt_s', (s, r, a, b) => {
  for (let k = 0; k < 4; k += 2) {
    const x = s.i32[a + k + 1], y = s.i32[b + k + 1];
    s.i32[r + k] = s.i32[r + k + 1] = x > y || (x === y && s.u32[a + k] > s.u32[b + k]) ? -1 : 0;
  }
});
/** 32 x 32 -> 64 bits of the even lanes, signed: the high word is that of the exact product's floor, the low one wraps by itself. */
export const pmuldq = vector('x86.pmuldq', (s, r, a, b) => { multiplyWide(s, r, a, b); multiplyWide(s, r + 2, a + 2, b + 2); });
function multiplyWide(s: Scratch, r: number, a: number, b: number): void {
  const x = s.i32[a], y = s.i32[b], yLow = y & 0xffff, yHigh = y >> 16;
  s.i32[r] = Math.imul(x, y);
  s.i32[r + 1] = Math.floor((x * yHigh + Math.floor(x * yLow / 0x10000)) / 0x10000);
}

/** The low lanes of an integer, each made as wide as the result's. */
function widen(name: string, from: LaneView | 'i32', to: 'i16' | 'i32' | 'i64' | 'u64'): Primitive {
  const perWord = from === 'i32' ? 1 : from === 'i16' || from === 'u16' ? 2 : 4;
  return vector(name, (s, r, a) => {
    const first = a * perWord;
    if (to === 'i16') for (let k = 0; k < 8; k++) s.i16[2 * r + k] = laneAt(s, from, first + k);
    else if (to === 'i32') for (let k = 0; k < 4; k++) s.i32[r + k] = laneAt(s, from, first + k);
    else for (let k = 0; k < 2; k++) s.i32[r + 2 * k + 1] = (s.i32[r + 2 * k] = laneAt(s, from, first + k)) >> 31 & (to === 'i64' ? -1 : 0);
  });
}
function laneAt(s: Scratch, view: LaneView | 'i32', at: number): number {
  switch (view) {
    case 'i8': return s.i8[at];
    case 'u8': return s.u8[at];
    case 'i16': return s.i16[at];
    case 'u16': return s.u16[at];
    default: return s.i32[at];
  }
}
export const pmovsxbw = widen('x86.pmovsxbw', 'i8', 'i16');
export const pmovsxbd = widen('x86.pmovsxbd', 'i8', 'i32');
export const pmovsxbq = widen('x86.pmovsxbq', 'i8', 'i64');
export const pmovsxwd = widen('x86.pmovsxwd', 'i16', 'i32');
export const pmovsxwq = widen('x86.pmovsxwq', 'i16', 'i64');
export const pmovsxdq = widen('x86.pmovsxdq', 'i32', 'i64');
export const pmovzxbw = widen('x86.pmovzxbw', 'u8', 'i16');
export const pmovzxbd = widen('x86.pmovzxbd', 'u8', 'i32');
export const pmovzxbq = widen('x86.pmovzxbq', 'u8', 'i64');
export const pmovzxwd = widen('x86.pmovzxwd', 'u16', 'i32');
export const pmovzxwq = widen('x86.pmovzxwq', 'u16', 'i64');
export const pmovzxdq = widen('x86.pmovzxdq', 'i32', 'u64');

/** Lanes of b where a bit of c says so, else of a; `halfwords` is the lane's size. */
function blend(name: string, halfwords: 1 | 2 | 4): Primitive {
  return vector(name, (s, r, a, b, c) => {
    const v = s.i16, pattern = s.i32[c];
    for (let k = 0; k < 8; k++) v[2 * r + k] = v[2 * ((pattern >> (k / halfwords | 0) & 1) !== 0 ? b : a) + k];
  });
}
export const pblendw = blend('x86.pblendw', 1);
export const blendps = blend('x86.blendps', 2);
export const blendpd = blend('x86.blendpd', 4);
/** Lanes of b where c's lane has its top bit set, else of a; `bytes` is the lane's size. */
function blendBySign(name: string, bytes: 1 | 4 | 8): Primitive {
  return vector(name, (s, r, a, b, c) => {
    const v = s.u8;
    for (let k = 0; k < 16; k++) v[4 * r + k] = v[4 * (v[4 * c + (k | bytes - 1)] > 127 ? b : a) + k];
  });
}
export const pblendvb = blendBySign('x86.pblendvb', 1);
export const blendvps = blendBySign('x86.blendvps', 4);
export const blendvpd = blendBySign('x86.blendvpd', 8);

/** Bits of RFLAGS: ZF when a and b share no bit, CF when b has none outside a. */
export const ptest = integer('x86.ptest', 4, (s, r, a, b) => {
  const w = s.i32;
  let common = 0, outside = 0;
  for (let k = 0; k < 4; k++) { common |= w[a + k] & w[b + k]; outside |= ~w[a + k] & w[b + k]; }
  w[r] = (common === 0 ? ZF : 0) | (outside === 0 ? CF : 0);
  w[r + 1] = 0;
});
/** The least of eight unsigned words, and where it is. */
export const phminposuw = vector('x86.phminposuw', (s, r, a) => {
  let at = 0;
  for (let k = 1; k < 8; k++) if (s.u16[2 * a + k] < s.u16[2 * a + at]) at = k;
  s.i32[r] = s.u16[2 * a + at] | at << 16;
  s.i32[r + 1] = s.i32[r + 2] = s.i32[r + 3] = 0;
});
/** Eight sums of four absolute differences: four bytes of b, against those of a from eight places on. */
export const mpsadbw = vector('x86.mpsadbw', (s, r, a, b, c) => {
  const v = s.u8, left = 4 * a + (s.i32[c] & 4), right = 4 * b + 4 * (s.i32[c] & 3);
  for (let k = 0; k < 8; k++) {
    let sum = 0;
    for (let n = 0; n < 4; n++) sum += Math.abs(v[left + k + n] - v[right + n]);
    s.i16[2 * r + k] = sum;
  }
});

/** The lane that b (modulo their number) names. */
function extract(name: string, view: 'u8' | 'i32'): Primitive {
  const perWord = view === 'u8' ? 4 : 1;
  return integer(name, 4, (s, r, a, b) => {
    s.i32[r] = s[view][a * perWord + (s.i32[b] & 4 * perWord - 1)];
    s.i32[r + 1] = 0;
  });
}
export const pextrb = extract('x86.pextrb', 'u8');
export const pextrd = extract('x86.pextrd', 'i32');
export const pextrq = integer('x86.pextrq', 8, (s, r, a, b) => {
  const from = a + 2 * (s.i32[b] & 1);
  s.i32[r] = s.i32[from]; s.i32[r + 1] = s.i32[from + 1];
});
/** b replaces the lane that c names. */
function insert(name: string, view: 'u8' | 'i32'): Primitive {
  const perWord = view === 'u8' ? 4 : 1;
  return vector(name, (s, r, a, b, c) => {
    for (let k = 0; k < 4; k++) s.i32[r + k] = s.i32[a + k];
    s[view][r * perWord + (s.i32[c] & 4 * perWord - 1)] = s.i32[b];
  });
}
export const pinsrb = insert('x86.pinsrb', 'u8');
export const pinsrd = insert('x86.pinsrd', 'i32');
export const pinsrq = vector('x86.pinsrq', (s, r, a, b, c) => {
  for (let k = 0; k < 4; k++) s.i32[r + k] = s.i32[a + k];
  const to = r + 2 * (s.i32[c] & 1);
  s.i32[to] = s.i32[b]; s.i32[to + 1] = s.i32[b + 1];
});
/** INSERTPS: bits 7:6 of c choose a lane of the source, 5:4 where it goes, 3:0 the lanes to clear. */
export const insertpsSource = integer('x86.insertps.source', 4, (s, r, a, b) => {
  s.i32[r] = s.i32[a + (s.i32[b] >> 6 & 3)];
  s.i32[r + 1] = 0;
});
export const insertps = vector('x86.insertps', (s, r, a, b, c) => {
  const pattern = s.i32[c];
  for (let k = 0; k < 4; k++) s.i32[r + k] = (pattern >> k & 1) !== 0 ? 0 : (pattern >> 4 & 3) === k ? s.i32[b] : s.i32[a + k];
});
