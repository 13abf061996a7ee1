/** Where the end of a block goes (SDM vol. 2A, JMP: relative displacements). */
import type { Block, Target } from './block.ts';

/** What lies behind it. */
export function nextOf(block: Block): Target { return { lo: (block.lo + block.bytes) | 0, hi: block.nextHi }; }
/** Where a direct branch, jump or call goes. */
export function targetOf(block: Block): Target {
  const o = block.instructions[block.instructions.length - 1]!.operands[0]!, next = nextOf(block), lo = (next.lo + o.disp) | 0;
  if (o.size === 2) return { lo: lo & 0xffff, hi: 0 };
  return { lo, hi: (next.hi + o.dispHigh + ((lo >>> 0) < (next.lo >>> 0) ? 1 : 0)) | 0 };
}
