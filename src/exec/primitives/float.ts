/**
 * IEEE 754 arithmetic and comparison on f64 and f32 (SDM vol. 1 §11.5.2, table 4-7). NaN payloads move as integers: JavaScript
 * may change those of its numbers. Single results are the double result rounded once more, which is exact for + - * / and sqrt
 * (53 >= 2 * 24 + 2 bits).
 */
import { vector, integer } from './lanes.ts';
import { CF, PF, ZF } from '../ops.ts';
import type { Primitive, Scratch } from '../primitive.ts';

/** One operation in its four shapes: a 64-bit scalar, a 32-bit scalar, two and four lanes. */
export interface FloatShapes { readonly f64: Primitive; readonly f32: Primitive; readonly f64x2: Primitive; readonly f32x4: Primitive }

const QUIET64 = 0x80000, QUIET32 = 0x400000;
const EXPONENT64 = 0x7ff00000, EXPONENT32 = 0x7f800000;
/** "QNaN floating-point indefinite" (SDM vol. 1 §4.2.2). */
const INDEFINITE64 = 0xfff80000 | 0, INDEFINITE32 = 0xffc00000 | 0;

export function isNan64(s: Scratch, at: number): boolean {
  const hi = s.i32[at + 1] & 0x7fffffff;
  return hi > EXPONENT64 || (hi === EXPONENT64 && s.i32[at] !== 0);
}
export function isNan32(s: Scratch, at: number): boolean { return (s.i32[at] & 0x7fffffff) > EXPONENT32; }

/** The result of an operation that gave a NaN: the first operand if it is one, else the second, quieted; else the default. */
function nan64(s: Scratch, r: number, a: number, b: number): void {
  if (isNan64(s, a)) quiet64(s, r, a);
  else if (isNan64(s, b)) quiet64(s, r, b);
  else { s.i32[r] = 0; s.i32[r + 1] = INDEFINITE64; }
}
function nan32(s: Scratch, r: number, a: number, b: number): void {
  if (isNan32(s, a)) quiet32(s, r, a);
  else if (isNan32(s, b)) quiet32(s, r, b);
  else s.i32[r] = INDEFINITE32;
}

/** A NaN, made quiet. */
export function quiet64(s: Scratch, r: number, a: number): void { s.i32[r] = s.i32[a]; s.i32[r + 1] = s.i32[a + 1] | QUIET64; }
export function quiet32(s: Scratch, r: number, a: number): void { s.i32[r] = s.i32[a] | QUIET32; }

type Compute = (a: number, b: number) => number;
/** What one lane does: words `a` and `b` in, word `r` out. */
type Lane = (s: Scratch, r: number, a: number, b: number) => void;

function computed64(compute: Compute): Lane {
  return (s, r, a, b) => {
    const result = compute(s.f64[a >> 1], s.f64[b >> 1]);
    if (result === result) s.f64[r >> 1] = result; else nan64(s, r, a, b);
  };
}
function computed32(compute: Compute): Lane {
  return (s, r, a, b) => {
    const result = compute(s.f32[a], s.f32[b]);
    if (result === result) s.f32[r] = result; else nan32(s, r, a, b);
  };
}
/** Of a alone, whatever `b` is. */
function unary(lane: Lane): Lane { return (s, r, a) => lane(s, r, a, a); }
/** b where `isSecond`, else a: bit by bit, whatever they are. */
function picked64(isSecond: (a: number, b: number) => boolean): Lane {
  return (s, r, a, b) => {
    const from = isSecond(s.f64[a >> 1], s.f64[b >> 1]) ? b : a;
    s.i32[r] = s.i32[from]; s.i32[r + 1] = s.i32[from + 1];
  };
}
function picked32(isSecond: (a: number, b: number) => boolean): Lane {
  return (s, r, a, b) => { s.i32[r] = s.i32[isSecond(s.f32[a], s.f32[b]) ? b : a]; };
}

function shapes(name: string, lane64: Lane, lane32: Lane): FloatShapes {
  return {
    f64: integer(`f64.${name}`, 8, lane64),
    f32: integer(`f32.${name}`, 4, (s, r, a, b) => { lane32(s, r, a, b); s.i32[r + 1] = 0; }),
    f64x2: pairs(`f64x2.${name}`, lane64, lane64),
    f32x4: quads(`f32x4.${name}`, lane32, lane32),
  };
}
/** Even and odd lanes may differ (ADDSUBPD). */
function pairs(name: string, even: Lane, odd: Lane): Primitive {
  return vector(name, (s, r, a, b) => { even(s, r, a, b); odd(s, r + 2, a + 2, b + 2); });
}
function quads(name: string, even: Lane, odd: Lane): Primitive {
  return vector(name, (s, r, a, b) => {
    even(s, r, a, b); odd(s, r + 1, a + 1, b + 1);
    even(s, r + 2, a + 2, b + 2); odd(s, r + 3, a + 3, b + 3);
  });
}
/** Doubles are where programs spend their time: each has its operation written out, one call less than `computed64`. */
const add64: Lane = (s, r, a, b) => { const v = s.f64[a >> 1] + s.f64[b >> 1]; if (v === v) s.f64[r >> 1] = v; else nan64(s, r, a, b); };
const sub64: Lane = (s, r, a, b) => { const v = s.f64[a >> 1] - s.f64[b >> 1]; if (v === v) s.f64[r >> 1] = v; else nan64(s, r, a, b); };
const mul64: Lane = (s, r, a, b) => { const v = s.f64[a >> 1] * s.f64[b >> 1]; if (v === v) s.f64[r >> 1] = v; else nan64(s, r, a, b); };
const div64: Lane = (s, r, a, b) => { const v = s.f64[a >> 1] / s.f64[b >> 1]; if (v === v) s.f64[r >> 1] = v; else nan64(s, r, a, b); };

export const add = shapes('add', add64, computed32((a, b) => a + b));
export const sub = shapes('sub', sub64, computed32((a, b) => a - b));
export const mul = shapes('mul', mul64, computed32((a, b) => a * b));
export const div = shapes('div', div64, computed32((a, b) => a / b));
export const sqrt = shapes('sqrt', unary(computed64(Math.sqrt)), unary(computed32(Math.sqrt)));

/** WebAssembly's pseudo-minimum, b < a ? b : a, is MINPD with its operands exchanged: SDM "return the second operand". */
function pick(name: string, isSecond: (a: number, b: number) => boolean): FloatShapes {
  return shapes(name, picked64(isSecond), picked32(isSecond));
}
export const pmin = pick('pmin', (a, b) => b < a);
export const pmax = pick('pmax', (a, b) => a < b);

/** RCPPS and RSQRTPS promise a relative error of 1.5 * 2^-12; here they are as exact as a single. Denormals count as zero. */
function approximate(name: string, compute: (x: number) => number): Pick<FloatShapes, 'f32' | 'f32x4'> {
  const lane = unary(computed32(a => {
    const result = compute(Math.abs(a) < LEAST_NORMAL32 ? a * 0 : a);
    return Math.abs(result) < LEAST_NORMAL32 ? result * 0 : result;
  }));
  return shapes(name, lane, lane);
}
const LEAST_NORMAL32 = 2 ** -126;
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
/** All ones or all zeros by lane; c is the predicate. */
export const compare: FloatShapes = {
  f64: integer('x86.cmpsd', 8, (s, r, a, b, c) => { s.i32[r] = s.i32[r + 1] = holds(s.i32[c], s.f64[a >> 1], s.f64[b >> 1]) ? -1 : 0; }),
  f32: integer('x86.cmpss', 4, (s, r, a, b, c) => { s.i32[r] = holds(s.i32[c], s.f32[a], s.f32[b]) ? -1 : 0; s.i32[r + 1] = 0; }),
  f64x2: vector('x86.cmppd', (s, r, a, b, c) => {
    for (let k = 0; k < 4; k += 2) s.i32[r + k] = s.i32[r + k + 1] = holds(s.i32[c], s.f64[a + k >> 1], s.f64[b + k >> 1]) ? -1 : 0;
  }),
  f32x4: vector('x86.cmpps', (s, r, a, b, c) => {
    for (let k = 0; k < 4; k++) s.i32[r + k] = holds(s.i32[c], s.f32[a + k], s.f32[b + k]) ? -1 : 0;
  }),
};
/** Bits of RFLAGS (SDM: UCOMISD). */
function order(a: number, b: number): number { return a > b ? 0 : a < b ? CF : a === b ? ZF : ZF | PF | CF; }
export const order64 = integer('x86.ucomisd', 4, (s, r, a, b) => { s.i32[r] = order(s.f64[a >> 1], s.f64[b >> 1]); s.i32[r + 1] = 0; });
export const order32 = integer('x86.ucomiss', 4, (s, r, a, b) => { s.i32[r] = order(s.f32[a], s.f32[b]); s.i32[r + 1] = 0; });

// — SSE3: neighbours; SSE4.1: dot products —

const ADD64 = computed64((a, b) => a + b), ADD32 = computed32((a, b) => a + b);
const SUB64 = computed64((a, b) => a - b), SUB32 = computed32((a, b) => a - b);
export const addsubpd = pairs('x86.addsubpd', SUB64, ADD64);
export const addsubps = quads('x86.addsubps', SUB32, ADD32);
function horizontal64(name: string, lane: Lane): Primitive {
  return vector(name, (s, r, a, b) => { lane(s, r, a, a + 2); lane(s, r + 2, b, b + 2); });
}
function horizontal32(name: string, lane: Lane): Primitive {
  return vector(name, (s, r, a, b) => {
    lane(s, r, a, a + 1); lane(s, r + 1, a + 2, a + 3);
    lane(s, r + 2, b, b + 1); lane(s, r + 3, b + 2, b + 3);
  });
}
export const haddpd = horizontal64('x86.haddpd', ADD64);
export const hsubpd = horizontal64('x86.hsubpd', SUB64);
export const haddps = horizontal32('x86.haddps', ADD32);
export const hsubps = horizontal32('x86.hsubps', SUB32);

const MUL64 = computed64((a, b) => a * b), MUL32 = computed32((a, b) => a * b);
/** Bits 5:4 of c choose the products that count, 1:0 the lanes that get the sum. */
export const dppd = vector('x86.dppd', (s, r, a, b, c) => {
  const pattern = s.i32[c];
  for (let k = 0; k < 2; k++) {
    if ((pattern >> k + 4 & 1) !== 0) MUL64(s, r + 2 * k, a + 2 * k, b + 2 * k); else s.f64[(r >> 1) + k] = 0;
  }
  ADD64(s, r, r, r + 2);
  for (let k = 2; k >= 0; k -= 2) {
    const mask = (pattern >> (k >> 1) & 1) !== 0 ? -1 : 0;
    s.i32[r + k + 1] = s.i32[r + 1] & mask; s.i32[r + k] = s.i32[r] & mask;
  }
});
/** The same with bits 7:4 and 3:0: the sums of two pairs are added. */
export const dpps = vector('x86.dpps', (s, r, a, b, c) => {
  const pattern = s.i32[c];
  for (let k = 0; k < 4; k++) {
    if ((pattern >> k + 4 & 1) !== 0) MUL32(s, r + k, a + k, b + k); else s.i32[r + k] = 0;
  }
  ADD32(s, r, r, r + 1); ADD32(s, r + 2, r + 2, r + 3); ADD32(s, r, r, r + 2);
  for (let k = 3; k >= 0; k--) s.i32[r + k] = (pattern >> k & 1) !== 0 ? s.i32[r] : 0;
});
