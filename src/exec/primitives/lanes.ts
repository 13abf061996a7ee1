/** Makers of vector primitives, by how the lanes lie (SDM vol. 1 §4.6.2): lane 0 is the lowest, words are little-endian. */
import type { i32 } from '../../base/types.ts';
import type { Primitive, Scratch } from '../primitive.ts';

export type Run = Primitive['run'];
/** Views of a Scratch, with the lanes a 32-bit word holds of each. */
const LANES_PER_WORD = { i8: 4, u8: 4, i16: 2, u16: 2, i32: 1 } as const;
type AnyView = keyof typeof LANES_PER_WORD;
/** No loop below sees more than four of the views: V8 makes element accesses twenty times slower for the fifth. */
export type LaneView = Exclude<AnyView, 'i32'>;

export function vector(name: string, run: Run): Primitive { return { name, size: 16, raises: false, run }; }
export function integer(name: string, size: 4 | 8, run: Run): Primitive { return { name, size, raises: false, run }; }
/** Those that MXCSR governs. */
export function floatVector(name: string, run: Run): Primitive { return { name, size: 16, raises: true, run }; }
export function floatScalar(name: string, size: 4 | 8, run: Run): Primitive { return { name, size, raises: true, run }; }

/** Works on whole 32-bit words, whatever lanes they hold. */
export function words(name: string, compute: (a: i32, b: i32) => i32): Primitive {
  return vector(name, (s, r, a, b) => {
    const w = s.i32;
    w[r] = compute(w[a], w[b]);
    w[r + 1] = compute(w[a + 1], w[b + 1]);
    w[r + 2] = compute(w[a + 2], w[b + 2]);
    w[r + 3] = compute(w[a + 3], w[b + 3]);
  });
}
/** Works lane by lane; the view cuts the result to the lane. */
export function lanes(name: string, view: LaneView, compute: (a: number, b: number) => number): Primitive {
  const perWord = LANES_PER_WORD[view], count = 4 * perWord;
  return vector(name, (s, r, a, b) => {
    const v = s[view], to = r * perWord, left = a * perWord, right = b * perWord;
    for (let k = 0; k < count; k++) v[to + k] = compute(v[left + k], v[right + k]);
  });
}
/** Shifts every lane by one count. A count of `bits` or more shifts by `most` (SDM: PSLLW, PSRLW, PSRAW). */
export function shift(name: string, view: 'i16' | 'u16' | 'i32', most: number, compute: (lane: number, count: number) => number): Primitive {
  const perWord = LANES_PER_WORD[view], lanesCount = 4 * perWord;
  return vector(name, (s, r, a, b) => {
    const v = s[view], to = r * perWord, from = a * perWord, count = countOf(s, b, most);
    for (let k = 0; k < lanesCount; k++) v[to + k] = compute(v[from + k], count);
  });
}
/** A 64-bit count, at most `most`. */
export function countOf(s: Scratch, at: number, most: number): number {
  const lo = s.i32[at];
  return s.i32[at + 1] !== 0 || lo < 0 || lo > most ? most : lo;
}
/** Each 16-bit lane of a and b in turn is made half as wide: a's fill the low half of the result. */
export function narrow(name: string, from: 'i16' | 'i32', to: LaneView, compute: (lane: number) => number): Primitive {
  const perWord = LANES_PER_WORD[from], count = 4 * perWord;
  return vector(name, (s, r, a, b) => {
    const wide = s[from], out = s[to], at = r * LANES_PER_WORD[to], left = a * perWord, right = b * perWord;
    for (let k = 0; k < count; k++) {
      out[at + k] = compute(wide[left + k]);
      out[at + count + k] = compute(wide[right + k]);
    }
  });
}
/** Lanes of a and b alternate, from the low or the high half of each (SDM: PUNPCKLBW ...). */
export function interleave(name: string, view: 'u8' | 'u16' | 'i32', isHigh: boolean): Primitive {
  const perWord = LANES_PER_WORD[view], half = 2 * perWord, first = isHigh ? half : 0;
  return vector(name, (s, r, a, b) => {
    const v = s[view], to = r * perWord, left = a * perWord + first, right = b * perWord + first;
    for (let k = 0; k < half; k++) {
      v[to + 2 * k] = v[left + k];
      v[to + 2 * k + 1] = v[right + k];
    }
  });
}

export function clamp(value: number, least: number, most: number): number { return value < least ? least : value > most ? most : value; }
