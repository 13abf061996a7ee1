/** SSE4.2's comparison of strings (SDM vol. 1 §12.10.3.1; vol. 2 §4.1): lengths, then a bit for every element of b, then an index or a mask. */
import { CF, OF, SF, ZF } from '../ops.ts';
import { integer, vector } from './lanes.ts';
import type { Scratch } from '../primitive.ts';

/** The immediate (§4.1.2 to §4.1.6). */
const WORDS = 1, SIGNED = 2, AGGREGATION = 12, NEGATIVE = 16, MASKED = 32, LAST_OR_WIDE = 64;
const EQUAL_ANY = 0, RANGES = 4, EQUAL_EACH = 8;
/** A control word: the immediate, the length of a from bit 8 on, that of b from bit 16 on. */
const A_SHIFT = 8, B_SHIFT = 16, LENGTH = 31;

const countOf = (control: number): number => (control & WORDS) !== 0 ? 8 : 16;
function elementAt(s: Scratch, control: number, at: number, k: number): number {
  switch (control & (WORDS | SIGNED)) {
    case 0: return s.u8[4 * at + k];
    case WORDS: return s.u16[2 * at + k];
    case SIGNED: return s.i8[4 * at + k];
    default: return s.i16[2 * at + k];
  }
}
/** Elements before the first that is zero. */
function implicitLength(s: Scratch, immediate: number, at: number): number {
  const count = countOf(immediate);
  let k = 0;
  while (k < count && elementAt(s, immediate, at, k) !== 0) k += 1;
  return k;
}
/** The absolute value of a register, at most all elements. */
function explicitLength(s: Scratch, immediate: number, at: number): number {
  const count = countOf(immediate), lo = s.i32[at], hi = s.i32[at + 1];
  if (hi === lo >> 31 && lo !== -0x8000_0000) return Math.min(Math.abs(lo), count);
  return count;
}
function implicitControl(s: Scratch, a: number, b: number, c: number): number {
  const immediate = s.i32[c] & 0xff;
  return immediate | implicitLength(s, immediate, a) << A_SHIFT | implicitLength(s, immediate, b) << B_SHIFT;
}
/** Of the registers that hold the lengths and the immediate. */
export const lengths = integer('x86.pcmpestr.lengths', 4, (s, r, a, b, c) => {
  const immediate = s.i32[c] & 0xff;
  s.i32[r] = immediate | explicitLength(s, immediate, a) << A_SHIFT | explicitLength(s, immediate, b) << B_SHIFT;
  s.i32[r + 1] = 0;
});

function matches(s: Scratch, control: number, a: number, b: number, j: number, lengthA: number, lengthB: number): boolean {
  switch (control & AGGREGATION) {
    case EQUAL_ANY: {
      if (j >= lengthB) return false;
      const element = elementAt(s, control, b, j);
      for (let k = 0; k < lengthA; k++) if (elementAt(s, control, a, k) === element) return true;
      return false;
    }
    case RANGES: {
      if (j >= lengthB) return false;
      const element = elementAt(s, control, b, j);
      for (let k = 0; k + 1 < lengthA; k += 2) if (elementAt(s, control, a, k) <= element && element <= elementAt(s, control, a, k + 1)) return true;
      return false;
    }
    case EQUAL_EACH:
      return j >= lengthA || j >= lengthB ? j >= lengthA && j >= lengthB : elementAt(s, control, a, j) === elementAt(s, control, b, j);
    default: { // A begins at b's element j, as far as there is room to see.
      const end = Math.min(lengthA, countOf(control) - j);
      for (let k = 0; k < end; k++) if (j + k >= lengthB || elementAt(s, control, a, k) !== elementAt(s, control, b, j + k)) return false;
      return true;
    }
  }
}
/** A bit for every element of b. */
function bitsOf(s: Scratch, control: number, a: number, b: number): number {
  const count = countOf(control), lengthA = control >> A_SHIFT & LENGTH, lengthB = control >> B_SHIFT & LENGTH;
  let bits = 0;
  for (let j = 0; j < count; j++) if (matches(s, control, a, b, j, lengthA, lengthB)) bits |= 1 << j;
  if ((control & NEGATIVE) === 0) return bits;
  return bits ^ ((1 << ((control & MASKED) !== 0 ? lengthB : count)) - 1);
}
/** ZF: b ends within the vector. SF: a does. CF: there is a bit; OF: it is the first. */
function flagsOf(control: number, bits: number): number {
  const count = countOf(control), lengthA = control >> A_SHIFT & LENGTH, lengthB = control >> B_SHIFT & LENGTH;
  return (bits !== 0 ? CF : 0) | (lengthB < count ? ZF : 0) | (lengthA < count ? SF : 0) | ((bits & 1) !== 0 ? OF : 0);
}
function indexOf(control: number, bits: number): number {
  if (bits === 0) return countOf(control);
  return 31 - Math.clz32((control & LAST_OR_WIDE) !== 0 ? bits : bits & -bits);
}
/** Eight bytes: the index of the first or last bit, and above it bits of RFLAGS. */
function toIndex(s: Scratch, r: number, a: number, b: number, control: number): void {
  const bits = bitsOf(s, control, a, b);
  s.i32[r] = indexOf(control, bits);
  s.i32[r + 1] = flagsOf(control, bits);
}
/** Eight bytes: the bits themselves, and above them bits of RFLAGS. */
function toBits(s: Scratch, r: number, a: number, b: number, control: number): void {
  const bits = bitsOf(s, control, a, b);
  s.i32[r] = bits;
  s.i32[r + 1] = flagsOf(control, bits);
}
/** c is the immediate. */
export const pcmpistri = integer('x86.pcmpistri', 8, (s, r, a, b, c) => toIndex(s, r, a, b, implicitControl(s, a, b, c)));
export const pcmpistrm = integer('x86.pcmpistrm', 8, (s, r, a, b, c) => toBits(s, r, a, b, implicitControl(s, a, b, c)));
/** c is what `lengths` gives. */
export const pcmpestri = integer('x86.pcmpestri', 8, (s, r, a, b, c) => toIndex(s, r, a, b, s.i32[c]));
export const pcmpestrm = integer('x86.pcmpestrm', 8, (s, r, a, b, c) => toBits(s, r, a, b, s.i32[c]));
/** The bits of a as they are, or each spread over its element; b is the immediate. */
export const mask = vector('x86.pcmpstr.mask', (s, r, a, b) => {
  const bits = s.i32[a] & 0xffff, immediate = s.i32[b];
  if ((immediate & LAST_OR_WIDE) === 0) { s.i32[r] = bits; s.i32[r + 1] = s.i32[r + 2] = s.i32[r + 3] = 0; return; }
  const bytes = (immediate & WORDS) !== 0 ? 2 : 1;
  for (let k = 0; k < 16; k++) s.u8[4 * r + k] = (bits >> (k / bytes | 0) & 1) !== 0 ? 0xff : 0;
});
