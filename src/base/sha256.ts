/** SHA-256 (FIPS 180-4), so that a result can say which bytes it is of. */

/** The first 32 bits of the fractional parts of the roots of primes: square roots begin the hash, cube roots are the rounds' constants (§4.2.2, §5.3.3). */
function fractions(count: number, root: number): Int32Array {
  const words = new Int32Array(count);
  for (let n = 2, found = 0; found < count; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (isPrime) words[found++] = (n ** (1 / root) % 1) * 2 ** 32;
  }
  return words;
}
const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** In hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const hash = fractions(8, 2), k = fractions(64, 3), w = new Int32Array(64);
  const padded = new Uint8Array(((bytes.length + 8 >> 6) + 1) << 6), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  for (let at = 0; at < padded.length; at += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15] ?? 0, y = w[t - 2] ?? 0;
      w[t] = (w[t - 16] ?? 0) + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + (w[t - 7] ?? 0) + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
    for (let t = 0; t < 64; t++) {
      const first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + (k[t] ?? 0) + (w[t] ?? 0) | 0;
      const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c)) | 0;
      h = g; g = f; f = e; e = d + first | 0; d = c; c = b; b = a; a = first + second | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, n) => { hash[n] = (hash[n] ?? 0) + word; });
  }
  return [...hash].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
