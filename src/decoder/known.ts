/** Instructions met before, by their bytes: what one means depends on nothing else. For a program's start, when decoding is not fast yet. */
import { decode, UNDEFINED_ROW } from './decode.ts';
import type { Decode, Instruction } from './instruction.ts';

/** By then decode is optimised, and faster than looking. */
const NODES_MAX = 1 << 14, ROOT = 0;
/** Longer ones hold addresses and constants, and seldom come again. */
const LENGTH_MAX = 8;

export class KnownInstructions {
  /** From a node and a byte to the next node, or to ~n for number n of `met`. */
  private readonly tree = new Map<number, number>();
  private readonly met: Instruction[] = [];
  private nodes = 1;

  readonly decode: Decode = (bytes, start, end) => {
    if (this.nodes > NODES_MAX) return decode(bytes, start, end);
    const { tree } = this, last = start + LENGTH_MAX < end ? start + LENGTH_MAX : end;
    for (let at = start, node: number = ROOT; at < last; at++) {
      const next = tree.get(node << 8 | bytes[at]!);
      if (next === undefined) break;
      if (next < 0) return this.met[~next]!;
      node = next;
    }
    const instruction = decode(bytes, start, end);
    if (instruction !== null && instruction.row !== UNDEFINED_ROW && instruction.length <= LENGTH_MAX) this.remember(bytes, start, instruction);
    return instruction;
  };
  private remember(bytes: Uint8Array, start: number, instruction: Instruction): void {
    const { tree } = this, end = start + instruction.length - 1;
    let node: number = ROOT;
    for (let at = start; at < end; at++) {
      const key = node << 8 | bytes[at]!, known = tree.get(key);
      if (known === undefined) tree.set(key, node = this.nodes++);
      else node = known;
    }
    tree.set(node << 8 | bytes[end]!, ~(this.met.push(instruction) - 1));
  }
}
