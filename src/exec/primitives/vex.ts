/** What only VEX instructions need: permutations of 256 bits half by half, shifts lane by lane, comparisons with 32 predicates; BMI2's bit fields (SDM vol. 2). */
import type { Primitive, Scratch } from '../primitive.ts';
import { compare, type FloatShapes } from './float.ts';
import { integer, vector } from './lanes.ts';

function copy(s: Scratch, r: number, a: number): void {
  const w = s.i32;
  w[r] = w[a]; w[r + 1] = w[a + 1]; w[r + 2] = w[a + 2]; w[r + 3] = w[a + 3];
}

// — lanes —

/** a with b for its lowest lane. */
export const lane32 = vector('x86.lane32', (s, r, a, b) => { copy(s, r, a); s.i32[r] = s.i32[b]; });
export const lane64 = vector('x86.lane64', (s, r, a, b) => { copy(s, r, a); s.i32[r] = s.i32[b]; s.i32[r + 1] = s.i32[b + 1]; });
export const splat8 = vector('i8x16.splat', (s, r, a) => { s.i32.fill(Math.imul(s.u8[4 * a], 0x01010101), r, r + 4); });
export const splat16 = vector('i16x8.splat', (s, r, a) => { s.i32.fill(Math.imul(s.u16[2 * a], 0x00010001), r, r + 4); });
export const splat32 = vector('i32x4.splat', (s, r, a) => { s.i32.fill(s.i32[a], r, r + 4); });

// — halves —

/** a, or b where bit 0 of c is set. */
export const choose = vector('x86.choose', (s, r, a, b, c) => copy(s, r, (s.i32[c] & 1) !== 0 ? b : a));
/** a, or nothing where bit 0 of b is set. */
export const clearIf = vector('x86.clear_if', (s, r, a, b) => { if ((s.i32[b] & 1) !== 0) s.i32.fill(0, r, r + 4); else copy(s, r, a); });
/** Two of the quadwords of a (0 and 1) and b (2 and 3), as the low four bits of c say. */
export const quadwords = vector('x86.vpermq', (s, r, a, b, c) => {
  const w = s.i32;
  for (let k = 0; k < 2; k++) {
    const number = w[c] >> 2 * k & 3, from = (number < 2 ? a : b) + 2 * (number & 1);
    w[r + 2 * k] = w[from]; w[r + 2 * k + 1] = w[from + 1];
  }
});
/** Doublewords of b (0 to 3) and c (4 to 7) by the low three bits of a's. */
export const doublewords = vector('x86.vpermd', (s, r, a, b, c) => {
  const w = s.i32;
  for (let k = 0; k < 4; k++) { const number = w[a + k] & 7; w[r + k] = w[(number < 4 ? b : c) + (number & 3)]; }
});
/** Lanes of a by the bits of b's: 1:0 of doublewords, 1 of quadwords. */
export const vpermilps = vector('x86.vpermilps', (s, r, a, b) => { for (let k = 0; k < 4; k++) s.i32[r + k] = s.i32[a + (s.i32[b + k] & 3)]; });
export const vpermilpd = vector('x86.vpermilpd', (s, r, a, b) => {
  for (let k = 0; k < 4; k += 2) { const from = a + (s.i32[b + k] & 2); s.i32[r + k] = s.i32[from]; s.i32[r + k + 1] = s.i32[from + 1]; }
});

// — shifts, each lane by its own count —

type Shift = (lane: number, count: number) => number;
function shifts32(name: string, most: number, compute: Shift): Primitive {
  return vector(name, (s, r, a, b) => { for (let k = 0; k < 4; k++) s.i32[r + k] = compute(s.i32[a + k], Math.min(s.u32[b + k], most)); });
}
export const vpsllvd = shifts32('x86.vpsllvd', 32, (lane, count) => count === 32 ? 0 : lane << count);
export const vpsrlvd = shifts32('x86.vpsrlvd', 32, (lane, count) => count === 32 ? 0 : lane >>> count);
export const vpsravd = shifts32('x86.vpsravd', 31, (lane, count) => lane >> count);
function shifts64(name: string, isLeft: boolean): Primitive {
  return vector(name, (s, r, a, b) => {
    for (let k = 0; k < 4; k += 2) {
      const lo = s.i32[a + k], hi = s.i32[a + k + 1], count = s.i32[b + k + 1] === 0 ? Math.min(s.u32[b + k], 64) : 64, n = count & 31;
      const isFar = count >= 32, isOut = count === 64;
      if (isLeft) {
        s.i32[r + k] = isFar ? 0 : lo << n;
        s.i32[r + k + 1] = isOut ? 0 : isFar ? lo << n : n === 0 ? hi : hi << n | lo >>> 32 - n;
      } else {
        s.i32[r + k] = isOut ? 0 : isFar ? hi >>> n : n === 0 ? lo : lo >>> n | hi << 32 - n;
        s.i32[r + k + 1] = isFar ? 0 : hi >>> n;
      }
    }
  });
}
export const vpsllvq = shifts64('x86.vpsllvq', true), vpsrlvq = shifts64('x86.vpsrlvq', false);

// — comparison —

/** A predicate of VCMPPD (SDM vol. 2, CMPPD, table 3-1) by those of CMPPD: of b and a if `isSwapped`, with a second one to `join`. */
interface Asked { readonly first: number; readonly isSwapped: boolean; readonly join: 'or' | 'and' | 'none' | 'all' | null; readonly second: number }
const asked = (first: number, isSwapped = false, join: Asked['join'] = null, second = 0): Asked => ({ first, isSwapped, join, second });
const EQ = 0, LT = 1, LE = 2, UNORD = 3, NEQ = 4, NLT = 5, NLE = 6, ORD = 7;
/** By the low four bits. Bit 4 makes those that mind quiet NaNs quiet, and the others mind them. */
const predicates = (): readonly Asked[] => [
  asked(EQ), asked(LT), asked(LE), asked(UNORD), asked(NEQ), asked(NLT), asked(NLE), asked(ORD),
  asked(EQ, false, 'or', UNORD), asked(NLE, true), asked(NLT, true), asked(EQ, false, 'none'),
  asked(NEQ, false, 'and', ORD), asked(LE, true), asked(LT, true), asked(EQ, false, 'all'),
];
const MINDS = (legacy: number): boolean => (legacy & 3) === LT || (legacy & 3) === LE;
const KEPT = new Int32Array(4);

function compareAll(name: string, shape: Primitive, known: readonly Asked[]): Primitive {
  const words = Math.max(shape.size >> 2, 1);
  const ask = (s: Scratch, r: number, a: number, b: number, c: number, legacy: number): void => { s.i32[c] = legacy; shape.run(s, r, a, b, c); };
  const keep = (s: Scratch, r: number): void => { for (let k = 0; k < words; k++) KEPT[k] = s.i32[r + k]; };
  return { ...shape, name, run: (s, r, a, b, c) => {
    const predicate = s.i32[c], { first, isSwapped, join, second } = known[predicate & 15]!, isTurned = (predicate & 16) !== 0;
    if (isTurned && !MINDS(first)) ask(s, r, a, b, c, LT);
    const { raised } = s;
    if (isSwapped) ask(s, r, b, a, c, first); else ask(s, r, a, b, c, first);
    if (join === 'none' || join === 'all') s.i32.fill(join === 'all' ? -1 : 0, r, r + words);
    else if (join !== null) {
      keep(s, r);
      ask(s, r, a, b, c, second);
      for (let k = 0; k < words; k++) s.i32[r + k] = join === 'or' ? s.i32[r + k] | KEPT[k] : s.i32[r + k] & KEPT[k];
    }
    if (isTurned && MINDS(first)) {
      keep(s, r);
      s.raised = raised;
      ask(s, r, a, b, c, UNORD);
      for (let k = 0; k < words; k++) s.i32[r + k] = KEPT[k];
    }
    s.i32[c] = predicate;
  } };
}
/** Made when asked for. */
export function compareVex(): FloatShapes {
  const known = predicates(), of = (name: string, shape: Primitive): Primitive => compareAll(name, shape, known);
  return {
    f64: of('x86.vcmpsd', compare.f64), f32: of('x86.vcmpss', compare.f32), f64x2: of('x86.vcmppd', compare.f64x2), f32x4: of('x86.vcmpps', compare.f32x4),
  };
}

// — BMI2 —

/** Low bits of a go where b has ones (SDM: PDEP), or come from there (PEXT). */
export const pdep = integer('x86.pdep', 8, (s, r, a, b) => {
  let lo = 0, hi = 0;
  for (let n = 0, k = 0; n < 64; n++) {
    if ((s.i32[b + (n >> 5)] >>> (n & 31) & 1) === 0) continue;
    const bit = s.i32[a + (k >> 5)] >>> (k & 31) & 1;
    if (n < 32) lo |= bit << n; else hi |= bit << n - 32;
    k++;
  }
  s.i32[r] = lo; s.i32[r + 1] = hi;
});
export const pext = integer('x86.pext', 8, (s, r, a, b) => {
  let lo = 0, hi = 0;
  for (let n = 0, k = 0; n < 64; n++) {
    if ((s.i32[b + (n >> 5)] >>> (n & 31) & 1) === 0) continue;
    const bit = s.i32[a + (n >> 5)] >>> (n & 31) & 1;
    if (k < 32) lo |= bit << k; else hi |= bit << k - 32;
    k++;
  }
  s.i32[r] = lo; s.i32[r + 1] = hi;
});
