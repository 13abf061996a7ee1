/** Chance, seeded: getrandom(2), /dev/urandom and AT_RANDOM give the same bytes on every run with the same seed. Not for secrets. */

/** xorshift128 (Marsaglia, "Xorshift RNGs", 2003, §3.1) started from splitmix-like words of the seed. */
export class Entropy {
  private readonly state = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      this.state[i] = Math.imul(x ^ (x >>> 16), 0x85ebca6b) | 1;
    }
    for (let i = 0; i < 64; i++) this.next();
  }
  next(): number {
    const s = this.state;
    let t = s[3] ?? 0;
    const first = s[0] ?? 0;
    s[3] = s[2] ?? 0; s[2] = s[1] ?? 0; s[1] = first;
    t ^= t << 11; t ^= t >>> 8;
    s[0] = t ^ first ^ (first >>> 19);
    return s[0] ?? 0;
  }
  fill(bytes: Uint8Array): void { for (let i = 0; i < bytes.length; i++) bytes[i] = this.next() >>> 24; }
}
