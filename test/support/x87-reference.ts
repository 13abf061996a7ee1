/** Functions of the x87 to 400 bits, by other series than the emulator's: Machin's pi, Euler's arctangent, doubling, Newton (SDM vol. 1 §8.3.7-8.3.10). */

/** Numbers are BigInts with so many bits behind the point: enough for arguments of 2^-200 and more. */
const BITS = 900n, UNIT = 1n << BITS;
const product = (a: bigint, b: bigint): bigint => (a * b) >> BITS;
const quotient = (a: bigint, b: bigint): bigint => (a << BITS) / b;
const absolute = (n: bigint): bigint => (n < 0n ? -n : n);

/** Euler: arctan t = sum of 2^2n (n!)^2 / (2n+1)! * t^(2n+1) / (1 + t^2)^(n+1). */
function arctangent(t: bigint): bigint {
  if (absolute(t) > UNIT) return (t < 0n ? -1n : 1n) * (PI >> 1n) - arctangent(quotient(UNIT, t));
  const square = product(t, t), ratio = quotient(square, UNIT + square);
  let sum = 0n;
  for (let term = quotient(t, UNIT + square), n = 1n; term !== 0n && term !== -1n; n++) { sum += term; term = product(term, ratio) * 2n * n / (2n * n + 1n); }
  return sum;
}
/** artanh of 1 / n. */
function inverseArtanh(n: bigint): bigint {
  let sum = 0n;
  for (let power = UNIT / n, k = 1n; power !== 0n; power /= n * n, k += 2n) sum += power / k;
  return sum;
}
const PI: bigint = 4n * (4n * arctangent(UNIT / 5n) - arctangent(UNIT / 239n));
const LN2 = 18n * inverseArtanh(26n) - 2n * inverseArtanh(4801n) + 8n * inverseArtanh(8749n);
/** pi as the processor holds it. */
const HALF_PI_66 = 0x3_243f6a88_85a308d3n << BITS - 65n;

const HALVINGS = 24n;
/** e^x - 1: of x / 2^24 by Taylor, then doubled. */
function exponentialLessOne(x: bigint): bigint {
  let sum = 0n;
  for (let term = x >> HALVINGS, k = 2n; term !== 0n && term !== -1n; k++) { sum += term; term = product(term, x >> HALVINGS) / k; }
  for (let k = 0n; k < HALVINGS; k++) sum = product(sum, sum + 2n * UNIT);
  return sum;
}
/** ln x by Newton (Halley): y + 2 (x - e^y) / (x + e^y), for x around 1; others lose powers of two first. */
function logarithm(x: bigint): bigint {
  let n = x, twos = 0n;
  while (n > 3n * UNIT / 2n) { n >>= 1n; twos += 1n; }
  while (n < 3n * UNIT / 4n) { n <<= 1n; twos -= 1n; }
  let y = n - UNIT;
  for (let k = 0; k < 8; k++) { const power = exponentialLessOne(y) + UNIT; y += quotient(2n * (n - power), n + power); }
  return y + twos * LN2;
}
/** Sine and cosine of x less the nearest number of quarters of 66 bits, by doubling. */
function circular(x: bigint): { sine: bigint; cosine: bigint } {
  const quarters = (2n * x + (x < 0n ? -HALF_PI_66 : HALF_PI_66)) / (2n * HALF_PI_66), r = (x - quarters * HALF_PI_66) >> 12n;
  let s = 0n, c = 0n;
  for (let term = r, k = 2n; term !== 0n && term !== -1n; k += 2n) { s += term; term = -product(product(term, r), r) / (k * (k + 1n)); }
  for (let term = UNIT, k = 1n; term !== 0n && term !== -1n; k += 2n) { c += term; term = -product(product(term, r), r) / (k * (k + 1n)); }
  for (let k = 0; k < 12; k++) { const twice = 2n * product(s, c); c = product(c, c) - product(s, s); s = twice; }
  for (let k = ((quarters % 4n) + 4n) % 4n; k > 0n; k--) [s, c] = [c, -s];
  return { sine: s, cosine: c };
}

/** By operation: what becomes of ST(0), or of ST(1) and ST(0) before they are one; x is ST(0), y ST(1). */
export const REFERENCE: Readonly<Record<string, (x: bigint, y: bigint) => bigint>> = {
  f2xm1: x => exponentialLessOne(product(x, LN2)),
  fyl2x: (x, y) => product(y, quotient(logarithm(x), LN2)),
  fyl2xp1: (x, y) => product(y, quotient(logarithm(UNIT + x), LN2)),
  fsin: x => circular(x).sine, fcos: x => circular(x).cosine,
  fptan: x => { const { sine, cosine } = circular(x); return quotient(sine, cosine); },
  fpatan: (x, y) => (x === 0n ? (y < 0n ? -1n : 1n) * (PI >> 1n) : arctangent(quotient(y, x)) + (x > 0n ? 0n : y < 0n ? -PI : PI)),
};

/** The ten bytes of a finite number as a fraction; null: it is not, or too small to keep its bits. */
export function fractionOf(bytes: Uint8Array, at: number): bigint | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at), top = view.getUint16(8, true), exponent = (top & 0x7fff) - 16383, significand = view.getBigUint64(0, true);
  if (exponent < -200 || exponent > 200 || significand >> 63n === 0n) return null;
  return (significand << BigInt(Number(BITS) - 63 + exponent)) * (top >> 15 === 1 ? -1n : 1n);
}
/** How far a number is from the truth, in units of the truth's last place of 64 bits. */
export function unitsOff(value: bigint, truth: bigint): number {
  const length = absolute(truth).toString(2).length, ulp = 1n << BigInt(Math.max(length - 64, 0));
  return Number((absolute(value - truth) << 40n) / ulp) / 2 ** 40;
}
