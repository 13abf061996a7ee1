/**
 * IEEE 754 arithmetic and comparison on f64 and f32 under MXCSR (SDM vol. 1 §11.5.2, table 4-7). NaN payloads move as integers: JavaScript
 * may change those of its numbers.
 */
import { DAZ, DE, IE, unmaskedOf } from '../mxcsr.ts';
import { add32, add64, div32, div64, type Lane, mul32, mul64, sqrt32, sqrt64, sub32, sub64 } from './arithmetic.ts';
import { floatScalar, floatVector } from './lanes.ts';
import { CF, PF, ZF } from '../ops.ts';
import type { Primitive, Scratch } from '../primitive.ts';

/** One operation in its four shapes: a 64-bit scalar, a 32-bit scalar, two and four lanes. */
export interface FloatShapes { readonly f64: Primitive; readonly f32: Primitive; readonly f64x2: Primitive; readonly f32x4: Primitive }

const QUIET64 = 0x80000, QUIET32 = 0x400000;
const EXPONENT64 = 0x7ff00000, EXPONENT32 = 0x7f800000;
const LEAST64 = 2 ** -1022, LEAST32 = 2 ** -126;
/** "QNaN floating-point indefinite" (SDM vol. 1 §4.2.2). */
const INDEFINITE32 = 0xffc00000 | 0;

export function isNan64(s: Scratch, at: number): boolean {
  const hi = s.i32[at + 1]! & 0x7fffffff;
  return hi > EXPONENT64 || (hi === EXPONENT64 && s.i32[at] !== 0);
}
export function isNan32(s: Scratch, at: number): boolean { return (s.i32[at]! & 0x7fffffff) > EXPONENT32; }
export function isSignalling64(s: Scratch, at: number): boolean { return (s.i32[at + 1]! & QUIET64) === 0 && isNan64(s, at); }
export function isSignalling32(s: Scratch, at: number): boolean { return (s.i32[at]! & QUIET32) === 0 && isNan32(s, at); }
/** A NaN, made quiet. */
export function quiet64(s: Scratch, r: number, a: number): void { s.i32[r] = s.i32[a]!; s.i32[r + 1] = s.i32[a + 1]! | QUIET64; }
export function quiet32(s: Scratch, r: number, a: number): void { s.i32[r] = s.i32[a]! | QUIET32; }

const isTiny64 = (x: number): boolean => Math.abs(x) < LEAST64 && x !== 0;
const isTiny32 = (x: number): boolean => Math.abs(x) < LEAST32 && x !== 0;
/** A number, as MXCSR.DAZ wants it seen. */
export function seen64(s: Scratch, at: number): number { const x = s.f64[at >> 1]!; return (s.control & DAZ) !== 0 && isTiny64(x) ? x * 0 : x; }
export function seen32(s: Scratch, at: number): number { const x = s.f32[at]!; return (s.control & DAZ) !== 0 && isTiny32(x) ? x * 0 : x; }

function shapes(name: string, lane64: Lane, lane32: Lane): FloatShapes {
  return {
    f64: floatScalar(`f64.${name}`, 8, lane64),
    f32: floatScalar(`f32.${name}`, 4, (s, r, a, b) => { lane32(s, r, a, b); s.i32[r + 1] = 0; }),
    f64x2: pairs(`f64x2.${name}`, lane64, lane64),
    f32x4: quads(`f32x4.${name}`, lane32, lane32),
  };
}
/** Even and odd lanes may differ (ADDSUBPD). */
function pairs(name: string, even: Lane, odd: Lane): Primitive {
  return floatVector(name, (s, r, a, b) => { even(s, r, a, b); odd(s, r + 2, a + 2, b + 2); });
}
function quads(name: string, even: Lane, odd: Lane): Primitive {
  return floatVector(name, (s, r, a, b) => {
    even(s, r, a, b); odd(s, r + 1, a + 1, b + 1);
    even(s, r + 2, a + 2, b + 2); odd(s, r + 3, a + 3, b + 3);
  });
}
export const add = shapes('add', add64, add32);
export const sub = shapes('sub', sub64, sub32);
export const mul = shapes('mul', mul64, mul32);
export const div = shapes('div', div64, div32);
export const sqrt = shapes('sqrt', sqrt64, sqrt32);

/** What comparing raises; `any`: quiet NaNs are invalid, too. */
function raise64(s: Scratch, a: number, b: number, any: boolean): void {
  const x = s.f64[a >> 1]!, y = s.f64[b >> 1]!;
  if (x !== x || y !== y) { if (any || isSignalling64(s, a) || isSignalling64(s, b)) s.raised |= IE; }
  else if ((isTiny64(x) || isTiny64(y)) && (s.control & DAZ) === 0) s.raised |= DE;
}
function raise32(s: Scratch, a: number, b: number, any: boolean): void {
  const x = s.f32[a]!, y = s.f32[b]!;
  if (x !== x || y !== y) { if (any || isSignalling32(s, a) || isSignalling32(s, b)) s.raised |= IE; }
  else if ((isTiny32(x) || isTiny32(y)) && (s.control & DAZ) === 0) s.raised |= DE;
}

/** b where `isSecond`, else a: bit by bit, NaN or not. */
function picked64(isSecond: (a: number, b: number) => boolean): Lane {
  return (s, r, a, b) => {
    raise64(s, a, b, true);
    const from = isSecond(seen64(s, a), seen64(s, b)) ? b : a, isZero = seen64(s, from) === 0;
    s.i32[r] = isZero ? 0 : s.i32[from]!; s.i32[r + 1] = isZero ? s.i32[from + 1]! & 0x80000000 : s.i32[from + 1]!;
  };
}
function picked32(isSecond: (a: number, b: number) => boolean): Lane {
  return (s, r, a, b) => {
    raise32(s, a, b, true);
    const from = isSecond(seen32(s, a), seen32(s, b)) ? b : a;
    s.i32[r] = seen32(s, from) === 0 ? s.i32[from]! & 0x80000000 : s.i32[from]!;
  };
}
/** WebAssembly's pseudo-minimum, b < a ? b : a, is MINPD with its operands exchanged: SDM "return the second operand". */
function pick(name: string, isSecond: (a: number, b: number) => boolean): FloatShapes {
  return shapes(name, picked64(isSecond), picked32(isSecond));
}
export const pmin = pick('pmin', (a, b) => b < a);
export const pmax = pick('pmax', (a, b) => a < b);

/** RCPPS and RSQRTPS promise a relative error of 1.5 * 2^-12; here they are as exact as a single. Denormals count as zero, and nothing is raised. */
function approximate(name: string, compute: (x: number) => number): Pick<FloatShapes, 'f32' | 'f32x4'> {
  const lane: Lane = (s, r, at) => {
    const a = s.f32[at]!, result = compute(isTiny32(a) ? a * 0 : a);
    if (isNan32(s, at)) quiet32(s, r, at);
    else if (result !== result) s.i32[r] = INDEFINITE32;
    else s.f32[r] = isTiny32(result) ? result * 0 : result;
  };
  const { f32, f32x4 } = shapes(name, lane, lane);
  return { f32: { ...f32, raises: false }, f32x4: { ...f32x4, raises: false } };
}
export const reciprocal = approximate('reciprocal', x => 1 / x);
/** The root of -0 is -0, and its reciprocal -infinity, as hardware has it. */
export const reciprocalRoot = approximate('reciprocal_root', x => 1 / Math.sqrt(x));

// — comparison —

/** Predicates 0-3 are equal, less, less or equal, unordered; 4-7 are their negations (SDM: CMPPD). */
function holds(predicate: number, a: number, b: number): boolean {
  const isNegated = (predicate & 4) !== 0;
  switch (predicate & 3) {
    case 0: return (a === b) !== isNegated;
    case 1: return (a < b) !== isNegated;
    case 2: return (a <= b) !== isNegated;
    default: return (a !== a || b !== b) !== isNegated;
  }
}
/** Of quiet NaNs it is invalid to ask which is less. */
const asksForLess = (predicate: number): boolean => (predicate & 3) === 1 || (predicate & 3) === 2;
/** All ones or all zeros. */
function mask64(s: Scratch, a: number, b: number, predicate: number): number {
  raise64(s, a, b, asksForLess(predicate));
  return holds(predicate, seen64(s, a), seen64(s, b)) ? -1 : 0;
}
function mask32(s: Scratch, a: number, b: number, predicate: number): number {
  raise32(s, a, b, asksForLess(predicate));
  return holds(predicate, seen32(s, a), seen32(s, b)) ? -1 : 0;
}
/** By lane; c is the predicate. */
export const compare: FloatShapes = {
  f64: floatScalar('x86.cmpsd', 8, (s, r, a, b, c) => { s.i32[r] = s.i32[r + 1] = mask64(s, a, b, s.i32[c]!); }),
  f32: floatScalar('x86.cmpss', 4, (s, r, a, b, c) => { s.i32[r] = mask32(s, a, b, s.i32[c]!); s.i32[r + 1] = 0; }),
  f64x2: floatVector('x86.cmppd', (s, r, a, b, c) => { for (let k = 0; k < 4; k += 2) s.i32[r + k] = s.i32[r + k + 1] = mask64(s, a + k, b + k, s.i32[c]!); }),
  f32x4: floatVector('x86.cmpps', (s, r, a, b, c) => { for (let k = 0; k < 4; k++) s.i32[r + k] = mask32(s, a + k, b + k, s.i32[c]!); }),
};
/** Bits of RFLAGS (SDM: UCOMISD). */
function order(a: number, b: number): number { return a > b ? 0 : a < b ? CF : a === b ? ZF : ZF | PF | CF; }
function order64(name: string, any: boolean): Primitive {
  return floatScalar(name, 4, (s, r, a, b) => { raise64(s, a, b, any); s.i32[r] = order(seen64(s, a), seen64(s, b)); s.i32[r + 1] = 0; });
}
function order32(name: string, any: boolean): Primitive {
  return floatScalar(name, 4, (s, r, a, b) => { raise32(s, a, b, any); s.i32[r] = order(seen32(s, a), seen32(s, b)); s.i32[r + 1] = 0; });
}
export const ucomisd = order64('x86.ucomisd', false), comisd = order64('x86.comisd', true);
export const ucomiss = order32('x86.ucomiss', false), comiss = order32('x86.comiss', true);

// — SSE3: neighbours; SSE4.1: dot products —

export const addsubpd = pairs('x86.addsubpd', sub64, add64);
export const addsubps = quads('x86.addsubps', sub32, add32);
function horizontal64(name: string, lane: Lane): Primitive {
  return floatVector(name, (s, r, a, b) => { lane(s, r, a, a + 2); lane(s, r + 2, b, b + 2); });
}
function horizontal32(name: string, lane: Lane): Primitive {
  return floatVector(name, (s, r, a, b) => {
    lane(s, r, a, a + 1); lane(s, r + 1, a + 2, a + 3);
    lane(s, r + 2, b, b + 1); lane(s, r + 3, b + 2, b + 3);
  });
}
export const haddpd = horizontal64('x86.haddpd', add64);
export const hsubpd = horizontal64('x86.hsubpd', sub64);
export const haddps = horizontal32('x86.haddps', add32);
export const hsubps = horizontal32('x86.hsubps', sub32);

/** Who traps on products sees nothing of sums; what products raise is flagged before sums are tried. */
function traps(s: Scratch): boolean {
  if ((s.raised & unmaskedOf(s.control)) !== 0 || s.stages === 0) return true;
  s.stages -= 1; s.control |= s.raised;
  return false;
}
/** Bits 5:4 of c choose the products that count, 1:0 the lanes that get the sum. */
export const dppd = floatVector('x86.dppd', (s, r, a, b, c) => {
  const pattern = s.i32[c];
  for (let k = 0; k < 2; k++) {
    if ((pattern >> k + 4 & 1) !== 0) mul64(s, r + 2 * k, a + 2 * k, b + 2 * k); else s.f64[(r >> 1) + k] = 0;
  }
  if (traps(s)) return;
  add64(s, r, r, r + 2);
  for (let k = 2; k >= 0; k -= 2) {
    const mask = (pattern >> (k >> 1) & 1) !== 0 ? -1 : 0;
    s.i32[r + k + 1] = s.i32[r + 1] & mask; s.i32[r + k] = s.i32[r] & mask;
  }
});
/** The same with bits 7:4 and 3:0: the sums of two pairs are added. */
export const dpps = floatVector('x86.dpps', (s, r, a, b, c) => {
  const pattern = s.i32[c];
  for (let k = 0; k < 4; k++) {
    if ((pattern >> k + 4 & 1) !== 0) mul32(s, r + k, a + k, b + k); else s.i32[r + k] = 0;
  }
  if (traps(s)) return;
  add32(s, r, r, r + 1); add32(s, r + 2, r + 2, r + 3);
  if (traps(s)) return;
  add32(s, r, r, r + 2);
  for (let k = 3; k >= 0; k--) s.i32[r + k] = (pattern >> k & 1) !== 0 ? s.i32[r] : 0;
});
