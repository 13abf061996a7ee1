/** Edge-biased 16-byte inputs for SSE instructions, from a seed: the same seed gives the same inputs. */
import { Random } from './random.ts';
import type { Kind } from './sse-forms.ts';

/** Zeros, ones, infinities, quiet and signalling NaNs, denormals, borders, ties, and the ends of the integer ranges. */
const SINGLES = [
  0x00000000, 0x80000000, 0x3f800000, 0xbfc00000, 0x7f800000, 0xff800000, 0x7fc12345, 0xffc54321, 0x7f8abcde, 0xff812345,
  0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f000000, 0x40200000, 0xc0600000, 0x4b800001, 0x4f000000,
  0xcf000000, 0x4effffff, 0x5f000000, 0xdf000000, 0x4b7fffff, 0x3effffff, 0x34000000, 0x7f000000,
];
const DOUBLES = [
  0x0000000000000000n, 0x8000000000000000n, 0x3ff0000000000000n, 0xbff8000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n,
  0x7ff8123456789abcn, 0xfff8cba987654321n, 0x7ff0abcdef012345n, 0xfff4000000000001n, 0x0000000000000001n, 0x800fffffffffffffn,
  0x0010000000000000n, 0x7fefffffffffffffn, 0xffefffffffffffffn, 0x3fe0000000000000n, 0x4004000000000000n, 0xc00c000000000000n,
  0x41dfffffffc00000n, 0x41e0000000000000n, 0xc1e0000000000000n, 0xc1e0000000200000n, 0x43e0000000000000n, 0xc3e0000000000000n,
  0x43dfffffffffffffn, 0x4330000000000001n, 0x36a0000000000000n, 0x380fffffffffffffn, 0x47efffffe0000000n, 0x47effffff0000000n,
  0x3ff0000010000000n,
];
const INTEGERS = [
  0x00000000, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x80008000, 0x7fff7fff, 0x80000000, 0x7fffffff, 0x00000001, 0x01010101,
  0x00ff00ff, 0xff00ff00, 0x0001fffe, 0x80007fff, 0x807f01fe, 0x01000001, 0x00010000, 0x7f80ff01,
];
/** Reciprocals of these are infinities, zeros and NaNs: the same on every processor. */
const EXTREMES = SINGLES.slice(0, 2).concat(SINGLES.slice(4, 12));

export class Inputs {
  private readonly random: Random;
  constructor(seed: number) { this.random = new Random(seed); }
  below(count: number): number { return this.random.below(count); }
  private chance(outOf: number): boolean { return this.random.below(outOf) === 0; }

  vector(kind: Kind): Uint8Array {
    const view = new DataView(new ArrayBuffer(16));
    for (let at = 0; at < 16; at += kind === 'double' ? 8 : 4) this.lane(view, at, kind);
    if (kind === 'count' && !this.chance(8)) { view.setUint32(0, this.random.below(72), true); view.setUint32(4, 0, true); }
    return new Uint8Array(view.buffer);
  }
  private lane(view: DataView, at: number, kind: Kind): void {
    switch (kind) {
      case 'single': view.setUint32(at, this.chance(3) ? this.nearby(this.random.word(), 0x3f800000) : this.random.pick(SINGLES), true); return;
      case 'extreme': view.setUint32(at, this.random.pick(EXTREMES), true); return;
      case 'double':
        view.setBigUint64(at, this.random.pick(DOUBLES), true);
        if (!this.chance(3)) return;
        view.setUint32(at, this.random.word(), true);
        view.setUint32(at + 4, this.nearby(this.random.word(), 0x3ff00000), true);
        return;
      default: view.setUint32(at, this.chance(2) ? this.random.word() : this.random.pick(INTEGERS), true);
    }
  }
  /** Half of the time one whose exponent is close to that of 1, so that sums and differences are interesting. */
  private nearby(random: number, one: number): number {
    return this.chance(2) ? random : ((random & 0x80ffffff) + one - 0x400000) >>> 0;
  }
}
