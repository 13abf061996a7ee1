/** Seeded randomness for tests: xorshift128 (Marsaglia 2003), with values that like edges. */
export class Random {
  private readonly s: Uint32Array;
  readonly seed: number;
  constructor(seed: number) {
    this.seed = seed;
    this.s = new Uint32Array([seed ^ 0x9e3779b9, seed * 0x85ebca6b, 0xc2b2ae35 ^ (seed >>> 3), 0x27d4eb2f]);
    for (let k = 0; k < 16; k++) this.word();
  }
  /** 32 random bits, unsigned. */
  word(): number {
    const s = this.s, t = s[0] ^ (s[0] << 11);
    s[0] = s[1]; s[1] = s[2]; s[2] = s[3];
    s[3] = s[3] ^ (s[3] >>> 19) ^ t ^ (t >>> 8);
    return s[3];
  }
  /** A whole number in [0, below). */
  below(below: number): number { return this.word() % below; }
  pick<T>(from: readonly T[]): T { return from[this.below(from.length)]; }
  /** 64 bits: half the time an edge of some size, or one beside it. */
  operand(): bigint {
    if (this.below(2) === 0) return (BigInt(this.word()) << 32n) | BigInt(this.word());
    const bits = this.pick([0n, 1n, 7n, 8n, 15n, 16n, 31n, 32n, 62n, 63n]);
    return BigInt.asUintN(64, (1n << bits) + BigInt(this.below(3) - 1) * (this.below(4) === 0 ? -1n : 1n));
  }
}
/** The seed of a random test: TEST_SEED, or a fixed one. */
export const testSeed = (): number => Number(process.env['TEST_SEED'] ?? 20201);
