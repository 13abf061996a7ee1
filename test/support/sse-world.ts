/** The smallest machine an SSE instruction can run in: one page of memory, and the states of sse-forms.ts. */
import { LinearMemory, SLOT, STATE } from '../../src/base/layout.ts';
import { decode } from '../../src/decoder/decode.ts';
import type { Instruction } from '../../src/decoder/instruction.ts';
import { FAULT, Interpreter, TRAP } from '../../src/exec/interpret.ts';
import { MXCSR_AT_START } from '../../src/exec/mxcsr.ts';
import { semanticsOf } from '../../src/exec/semantics/index.ts';
import { CpuState } from '../../src/exec/state.ts';
import { Frames } from '../../src/mmu/frames.ts';
import { Mmu } from '../../src/mmu/mmu.ts';
import { TABLE_BITS } from '../../src/mmu/entry.ts';
import { AT, STATE_BYTES } from './sse-forms.ts';

/** The one page: its second half-page is where rcx and rdi point. The next page is not mapped. */
export const PAGE = 0x40000;
const MEMORY = PAGE + 0x800;
const RAX = 0, RCX = 1, RDI = 7;
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
  /** The state after the instruction these bytes encode. */
  run(encoding: Uint8Array, before: Uint8Array): Uint8Array {
    const after = new Uint8Array(STATE_BYTES);
    const { state } = this;
    this.xmm(0).set(before.subarray(AT.xmm0, 16)); this.xmm(1).set(before.subarray(AT.xmm1, 32));
    this.bytes(MEMORY, 16).set(before.subarray(AT.memory, 48));
    state.u8.set(before.subarray(AT.rax, 56), 8 * RAX);
    state.setWords(RCX, MEMORY, 0); state.setWords(RDI, MEMORY, 0); state.setWords(SLOT.rip, 0, 0);
    state.view.setInt32(STATE.flagsRule, 0, true); state.mxcsr = MXCSR_AT_START;
    state.u8.set(before.subarray(AT.flags, AT.flags + 4), STATE.eflags);
    const trouble = this.perform(decode(encoding, 0, encoding.length)!);
    if (trouble !== null) return after;
    after.set(this.xmm(0), AT.xmm0); after.set(this.xmm(1), AT.xmm1); after.set(this.bytes(MEMORY, 16), AT.memory);
    after.set(state.u8.subarray(8 * RAX, 8 * RAX + 8), AT.rax);
    after.set(state.u8.subarray(STATE.eflags, STATE.eflags + 4), AT.flags);
    return after;
  }
}
