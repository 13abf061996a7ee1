/** Masked moves and gathers: memory element by element, of which only the chosen ones can fault (SDM vol. 2: VMASKMOVPS, VPMASKMOVD, VGATHERDPS ...). */
import { STATE, VECTOR_BYTES } from '../../base/layout.ts';
import { memory, NONE, type Operand } from '../../decoder/instruction.ts';
import type { Helper, HelperContext, Semantics } from '../ops.ts';
import { helps, type Scores } from './scores.ts';

const vectorAt = (operand: Operand): number => STATE.vector + VECTOR_BYTES * operand.index;
/** Whether the mask chooses element k: its top bit. */
const isChosen = (c: HelperContext, mask: Operand, k: number, size: number): boolean => c.state.u8[vectorAt(mask) + size * (k + 1) - 1] >= 0x80;

/** Where the element is that lies `offset` bytes behind the first, which is at `at`: addresses of 32 bits come round. */
function elementBehind(c: HelperContext, o: Operand, at: number, offset: number): number {
  if (o.addressSize !== 4 || offset === 0) return at + offset;
  return c.address(memory(o.size, o.base, o.index, o.shift, (o.disp + offset) | 0, o.segment, o.addressSize, o.dispHigh));
}

function maskedLoad(size: 4 | 8): Helper {
  return function maskedLoad(c, i) {
    const [target, mask, source] = i.operands as readonly [Operand, Operand, Operand], at = c.address(source);
    const loaded = new Uint8Array(VECTOR_BYTES);
    for (let k = 0; k < target.size / size; k++) {
      if (isChosen(c, mask, k, size)) c.load(elementBehind(c, source, at, size * k), loaded.subarray(size * k, size * (k + 1)));
    }
    c.state.u8.set(loaded, vectorAt(target));
  };
}
/** Nothing is stored before all that is to be is known to be writable. */
function maskedStore(size: 4 | 8): Helper {
  return function maskedStore(c, i) {
    const [target, mask, source] = i.operands as readonly [Operand, Operand, Operand], at = c.address(target), from = vectorAt(source);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < source.size / size; k++) {
        if (!isChosen(c, mask, k, size)) continue;
        if (pass === 0) c.probe(elementBehind(c, target, at, size * k), size, true);
        else c.store(elementBehind(c, target, at, size * k), c.state.u8.slice(from + size * k, from + size * (k + 1)));
      }
    }
  };
}
function masked(size: 4 | 8): Semantics {
  const load = maskedLoad(size), store = maskedStore(size);
  return (m, i) => { m.help(i.operands[0].kind === 'mem' ? store : load, i); };
}

/** Every element that is done with, loaded or not, clears its part of the mask, so that after a fault the rest is gathered. */
function gather(size: 4 | 8, indexSize: 4 | 8): Semantics {
  const helper: Helper = function gather(c, i) {
    const [target, source, mask] = i.operands as readonly [Operand, Operand, Operand], { u8, view } = c.state;
    const to = vectorAt(target), chooser = vectorAt(mask), indexes = STATE.vector + VECTOR_BYTES * source.index;
    const count = Math.min(target.size / size, (source.file === 'ymm' ? 32 : 16) / indexSize), element = new Uint8Array(size);
    for (let k = 0; k < count; k++) {
      if (isChosen(c, mask, k, size)) {
        const lo = view.getInt32(indexes + indexSize * k, true), hi = indexSize === 8 ? view.getInt32(indexes + indexSize * k + 4, true) : lo >> 31;
        c.load(elementAt(c, source, lo, hi), element);
        u8.set(element, to + size * k);
      }
      u8.fill(0, chooser + size * k, chooser + size * (k + 1));
    }
    u8.fill(0, to + size * count, to + VECTOR_BYTES);
    u8.fill(0, chooser, chooser + VECTOR_BYTES);
  };
  return helps(helper);
}
/** Base and displacement, and one element of the index for its index: scaled, it is what a displacement of 64 bits can say. */
function elementAt(c: HelperContext, source: Operand, lo: number, hi: number): number {
  const scaled = BigInt.asIntN(64, (BigInt(hi) << 32n | BigInt(lo >>> 0)) << BigInt(source.shift)) + BigInt(source.disp);
  return c.address(memory(source.size, source.base, NONE, 0, Number(BigInt.asIntN(32, scaled)), source.segment, source.addressSize, Number(BigInt.asIntN(32, scaled >> 32n))));
}

export const vexMemory = (): Scores => [
  'vmaskmovps', masked(4), 'vmaskmovpd', masked(8), 'vpmaskmovd', masked(4), 'vpmaskmovq', masked(8),
  'vgatherdps', gather(4, 4), 'vgatherqps', gather(4, 8), 'vgatherdpd', gather(8, 4), 'vgatherqpd', gather(8, 8),
  'vpgatherdd', gather(4, 4), 'vpgatherqd', gather(4, 8), 'vpgatherdq', gather(8, 4), 'vpgatherqq', gather(8, 8),
];
