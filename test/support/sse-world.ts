/** The smallest machine an SSE instruction can run in: one page of memory. */
import { LinearMemory, STATE } from '../../src/base/layout.ts';
import type { Instruction } from '../../src/decoder/instruction.ts';
import { FAULT, Interpreter, TRAP } from '../../src/exec/interpret.ts';
import { semanticsOf } from '../../src/exec/semantics/index.ts';
import { CpuState } from '../../src/exec/state.ts';
import { Frames } from '../../src/mmu/frames.ts';
import { Mmu } from '../../src/mmu/mmu.ts';
import { TABLE_BITS } from '../../src/mmu/entry.ts';

/** The one page. The next is not mapped. */
export const PAGE = 0x40000;
const VECTOR_BYTES = 32;

export class SseWorld {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly interpreter: Interpreter;
  private readonly frame: number;

  constructor() {
    const memory = new LinearMemory(0x10000), frames = new Frames(memory);
    this.state = new CpuState(memory);
    this.mmu = new Mmu(memory, frames);
    this.interpreter = new Interpreter(this.state, this.mmu);
    const tables = Array.from({ length: 4 }, () => frames.allocate());
    this.frame = frames.allocate();
    tables.forEach((table, level) => {
      const isLeaf = level === 3, entry = isLeaf ? this.frame : tables[level + 1];
      memory.i32[(table >> 2) + (isLeaf ? 2 * (PAGE >>> 12) : 0)] = entry | TABLE_BITS;
    });
    this.mmu.root = tables[0];
  }
  /** Bytes of the page at an address within it. */
  bytes(at: number, length: number): Uint8Array {
    const from = this.frame + at - PAGE;
    return this.state.memory.u8.subarray(from, from + length);
  }
  xmm(number: number): Uint8Array {
    const from = STATE.vector + VECTOR_BYTES * number;
    return this.state.u8.subarray(from, from + 16);
  }

  /** Performs the instruction; `fault`, `trap` with its vector, or null. */
  perform(i: Instruction): string | null {
    const m = this.interpreter;
    m.begin();
    try {
      semanticsOf(i)(m, i);
    } catch (thrown) {
      if (thrown === FAULT) return 'fault';
      if (thrown === TRAP) return `trap ${m.vector}`;
      throw thrown;
    } finally { m.abandon(); }
    return null;
  }
}
