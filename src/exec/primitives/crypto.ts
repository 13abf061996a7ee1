/** AES rounds, carry-less products, SHA-1 and SHA-256 (SDM vol. 1 §12.13; FIPS 197; FIPS 180-4). */
import type { i32 } from '../../base/types.ts';
import { once } from '../../base/once.ts';
import type { Scratch } from '../primitive.ts';
import { vector } from './lanes.ts';

// — AES: a state is four columns, each a word; row 0 is the lowest byte —

interface AesTables {
  readonly box: Uint8Array; readonly inverse: Uint8Array;
  /** A column of which only row 0 is not zero, substituted and mixed; that of another row is this one rotated. */
  readonly mixed: Int32Array;
  /** The same unmixed: of the inverse, and (for AESIMC) of the byte itself. */
  readonly inverseMixed: Int32Array; readonly unmixed: Int32Array;
}
const double = (x: number): number => (x << 1) ^ (x > 127 ? 0x11b : 0);
/** FIPS 197 §5.1.1: the inverse in GF(2^8), of powers of the generator 3, then an affine map. */
function makeTables(): AesTables {
  const box = new Uint8Array(256), inverse = new Uint8Array(256), mixed = new Int32Array(256), inverseMixed = new Int32Array(256), unmixed = new Int32Array(256);
  const powers = [1];
  for (let k = 1; k < 255; k++) powers.push(powers[k - 1] ^ double(powers[k - 1]));
  box[0] = affine(0);
  powers.forEach((x, k) => { box[x] = affine(powers[(255 - k) % 255]); });
  for (let x = 0; x < 256; x++) {
    inverse[box[x]] = x;
    const two = double(x), four = double(two), eight = double(four);
    unmixed[x] = (eight ^ four ^ two) | (eight ^ x) << 8 | (eight ^ four ^ x) << 16 | (eight ^ two ^ x) << 24;
  }
  for (let x = 0; x < 256; x++) {
    const s = box[x], two = double(s);
    mixed[x] = two | s << 8 | s << 16 | (two ^ s) << 24;
    inverseMixed[x] = unmixed[inverse[x]];
  }
  return { box, inverse, mixed, inverseMixed, unmixed };
}
const tables = once(makeTables);
export const substitutionBox = (): Uint8Array => tables().box;
export const inverseBox = (): Uint8Array => tables().inverse;
function affine(x: number): number {
  const twice = x << 8 | x;
  return (x ^ twice >> 7 ^ twice >> 6 ^ twice >> 5 ^ twice >> 4 ^ 0x63) & 0xff;
}
const rotate = (x: i32, by: number): i32 => x << by | x >>> 32 - by;

/** One round: rows are shifted by `turn` (1, or 3 to undo it), bytes looked up in columns. */
function round(s: Scratch, r: number, a: number, b: number, table: Int32Array, turn: 1 | 3): void {
  const v = s.u8, w = s.i32, at = 4 * a;
  for (let c = 0; c < 4; c++) {
    w[r + c] = w[b + c] ^ table[v[at + 4 * c]] ^ rotate(table[v[at + 4 * (c + turn & 3) + 1]], 8)
      ^ rotate(table[v[at + 4 * (c + 2 & 3) + 2]], 16) ^ rotate(table[v[at + 4 * (c - turn & 3) + 3]], 24);
  }
}
/** The last round mixes no columns. */
function lastRound(s: Scratch, r: number, a: number, b: number, box: Uint8Array, turn: 1 | 3): void {
  const v = s.u8;
  for (let c = 0; c < 4; c++) for (let row = 0; row < 4; row++) v[4 * (r + c) + row] = v[4 * (b + c) + row] ^ box[v[4 * (a + (c + turn * row & 3)) + row]];
}
export const aesenc = vector('x86.aesenc', (s, r, a, b) => round(s, r, a, b, tables().mixed, 1));
export const aesenclast = vector('x86.aesenclast', (s, r, a, b) => lastRound(s, r, a, b, tables().box, 1));
export const aesdec = vector('x86.aesdec', (s, r, a, b) => round(s, r, a, b, tables().inverseMixed, 3));
export const aesdeclast = vector('x86.aesdeclast', (s, r, a, b) => lastRound(s, r, a, b, tables().inverse, 3));
export const aesimc = vector('x86.aesimc', (s, r, a) => {
  const { unmixed } = tables(), v = s.u8;
  for (let c = 0; c < 4; c++) {
    const at = 4 * (a + c);
    s.i32[r + c] = unmixed[v[at]] ^ rotate(unmixed[v[at + 1]], 8) ^ rotate(unmixed[v[at + 2]], 16) ^ rotate(unmixed[v[at + 3]], 24);
  }
});
/** Words 1 and 3 substituted; and each again, rotated and with the round constant. */
export const aeskeygenassist = vector('x86.aeskeygenassist', (s, r, a, b) => {
  const { box } = tables(), w = s.i32, constant = w[b] & 0xff;
  for (let k = 0; k < 4; k += 2) {
    const at = 4 * (a + k + 1), v = s.u8, word = box[v[at]] | box[v[at + 1]] << 8 | box[v[at + 2]] << 16 | box[v[at + 3]] << 24;
    w[r + k] = word;
    w[r + k + 1] = rotate(word, 24) ^ constant;
  }
});

// — products without carries —

/** Adds x * y, at word `to`. */
function multiplyInto(w: Int32Array, to: number, x: i32, y: i32): void {
  let lo = 0, hi = 0;
  for (let k = 0; k < 32; k++) {
    const chosen = -(x >>> k & 1);
    lo ^= y << k & chosen;
    hi ^= y >>> 1 >>> 31 - k & chosen;
  }
  w[to] ^= lo; w[to + 1] ^= hi;
}
/** Of the halves that bits 0 and 4 of c choose. */
export const pclmulqdq = vector('x86.pclmulqdq', (s, r, a, b, c) => {
  const w = s.i32, x = a + 2 * (w[c] & 1), y = b + 2 * (w[c] >> 4 & 1);
  w[r] = w[r + 1] = w[r + 2] = w[r + 3] = 0;
  multiplyInto(w, r, w[x], w[y]);
  multiplyInto(w, r + 1, w[x], w[y + 1]);
  multiplyInto(w, r + 1, w[x + 1], w[y]);
  multiplyInto(w, r + 2, w[x + 1], w[y + 1]);
});

// — SHA: the highest word is the first —

export const sha1msg1 = vector('x86.sha1msg1', (s, r, a, b) => {
  const w = s.i32;
  w[r + 3] = w[a + 1] ^ w[a + 3]; w[r + 2] = w[a] ^ w[a + 2];
  w[r + 1] = w[b + 3] ^ w[a + 1]; w[r] = w[b + 2] ^ w[a];
});
export const sha1msg2 = vector('x86.sha1msg2', (s, r, a, b) => {
  const w = s.i32;
  w[r + 3] = rotate(w[a + 3] ^ w[b + 2], 1); w[r + 2] = rotate(w[a + 2] ^ w[b + 1], 1);
  w[r + 1] = rotate(w[a + 1] ^ w[b], 1); w[r] = rotate(w[a] ^ w[r + 3], 1);
});
export const sha1nexte = vector('x86.sha1nexte', (s, r, a, b) => {
  const w = s.i32;
  w[r] = w[b]; w[r + 1] = w[b + 1]; w[r + 2] = w[b + 2];
  w[r + 3] = w[b + 3] + rotate(w[a + 3], 30);
});
const choose = (x: i32, y: i32, z: i32): i32 => x & y ^ ~x & z;
const majority = (x: i32, y: i32, z: i32): i32 => x & y ^ x & z ^ y & z;
const parity = (x: i32, y: i32, z: i32): i32 => x ^ y ^ z;
/** FIPS 180-4 §4.1.1, §4.2.1. */
const SHA1_FUNCTIONS = [choose, parity, majority, parity];
export const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
/** b's first word has the fifth of the state in it. */
export const sha1rnds4 = vector('x86.sha1rnds4', (s, r, a, b, c) => {
  const w = s.i32, f = SHA1_FUNCTIONS[w[c] & 3], constant = SHA1_CONSTANTS[w[c] & 3];
  let p = w[a + 3], q = w[a + 2], x = w[a + 1], y = w[a], z = 0;
  for (let k = 3; k >= 0; k--) {
    const next = (f(q, x, y) + rotate(p, 5) + w[b + k] + z + constant) | 0;
    z = y; y = x; x = rotate(q, 30); q = p; p = next;
  }
  w[r + 3] = p; w[r + 2] = q; w[r + 1] = x; w[r] = y;
});
const smallSigma0 = (x: i32): i32 => rotate(x, 25) ^ rotate(x, 14) ^ x >>> 3;
const smallSigma1 = (x: i32): i32 => rotate(x, 15) ^ rotate(x, 13) ^ x >>> 10;
export const sha256msg1 = vector('x86.sha256msg1', (s, r, a, b) => {
  const w = s.i32;
  for (let k = 0; k < 4; k++) w[r + k] = w[a + k] + smallSigma0(k < 3 ? w[a + k + 1] : w[b]);
});
export const sha256msg2 = vector('x86.sha256msg2', (s, r, a, b) => {
  const w = s.i32;
  for (let k = 0; k < 4; k++) w[r + k] = w[a + k] + smallSigma1(k < 2 ? w[b + k + 2] : w[r + k - 2]);
});
/** Two rounds: b has A, B, E, F, a the others, c the two sums of message and constant. */
export const sha256rnds2 = vector('x86.sha256rnds2', (s, r, a, b, c) => {
  const w = s.i32;
  let p = w[b + 3], q = w[b + 2], x = w[a + 3], y = w[a + 2], e = w[b + 1], f = w[b], g = w[a + 1], h = w[a];
  for (let k = 0; k < 2; k++) {
    const first = (h + (rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7)) + choose(e, f, g) + w[c + k]) | 0;
    const second = (rotate(p, 30) ^ rotate(p, 19) ^ rotate(p, 10)) + majority(p, q, x);
    h = g; g = f; f = e; e = (y + first) | 0; y = x; x = q; q = p; p = (first + second) | 0;
  }
  w[r + 3] = p; w[r + 2] = q; w[r + 1] = e; w[r] = f;
});
