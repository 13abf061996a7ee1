/** A processor, an address space and assembled code: page faults are served as a kernel would, everything else comes back as a word. */
import { CACHES, LinearMemory, PAGE_BYTES, PREDICTOR, STATE } from '../../src/base/layout.ts';
import type { Va } from '../../src/base/types.ts';
import { assemble } from '../../src/decoder/assemble.ts';
import { Cpu, type CpuOptions } from '../../src/exec/cpu.ts';
import { AddressSpace } from '../../src/mmu/address-space.ts';
import { Frames } from '../../src/mmu/frames.ts';
import { Mmu } from '../../src/mmu/mmu.ts';
import { PROT_ALL, PROT_READ, PROT_WRITE } from '../../src/mmu/vma.ts';

/** Two writable pages of code, two of data with nothing mapped beside them, and a stack that ends at STACK. */
export const CODE = 0x400000, DATA = 0x600000, STACK = 0x800000;
const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const BUDGET = 10_000;

export class CpuWorld {
  readonly memory = new LinearMemory(4 << 20);
  readonly mmu: Mmu;
  readonly cpu: Cpu;
  space: AddressSpace;
  labels: ReadonlyMap<string, Va> = new Map();

  /** The program begins at `origin`, within the pages of code. */
  constructor(source: string, origin = CODE, options: CpuOptions = {}) {
    this.mmu = new Mmu(this.memory, new Frames(this.memory));
    this.cpu = new Cpu(this.memory, this.mmu, options);
    this.space = AddressSpace.create(this.mmu)!;
    this.begin(source, origin);
  }
  /** The same with another program: as new, but for what the processor knows of frames and addresses. */
  restart(source: string, origin = CODE): void {
    const { cpu: { state }, memory } = this;
    for (const at of this.labels.values()) this.cpu.clearBreakpoint(at);
    this.space.release();
    this.space = AddressSpace.create(this.mmu)!;
    state.reset();
    state.instructions = state.cycles = 0;
    state.u8.fill(0, STATE.branchMisses, STATE.left);
    state.u8.fill(0, STATE.causes, STATE.bytes);
    memory.u8.fill(0, PREDICTOR.at, PREDICTOR.at + PREDICTOR.bytes);
    if (this.cpu.costs.isDetailed) memory.u8.fill(0, CACHES.at, CACHES.at + CACHES.bytes);
    this.begin(source, origin);
  }
  private begin(source: string, origin: Va): void {
    this.space.activate();
    this.map(CODE, 2, PROT_ALL); this.map(DATA, 2); this.map(STACK - 2 * PAGE_BYTES, 2);
    const { bytes, labels } = assemble(source, { origin, symbols: { CODE, DATA, STACK } });
    this.labels = labels;
    this.poke(origin, bytes);
    this.cpu.state.rip = origin; this.cpu.state.rsp = STACK - 0x100;
  }
  map(at: Va, pages: number, prot = PROT_READ | PROT_WRITE): void {
    this.space.map({ at, length: pages * PAGE_BYTES, prot, fixed: true, shared: false, object: null, offset: 0 });
  }
  /** As the kernel writes: read(2) into the program's memory. */
  poke(at: Va, bytes: ArrayLike<number>): void {
    if (!this.space.copyOut(at, Uint8Array.from(bytes))) throw new Error(`nothing to write at 0x${at.toString(16)}`);
  }
  peek(at: Va, length: number): number[] {
    const bytes = new Uint8Array(length);
    return this.space.copyIn(at, bytes) ? [...bytes] : [];
  }
  label(name: string): Va { return this.labels.get(name)!; }
  get(register: string): number { return Number(this.cpu.state.get(REGISTERS.indexOf(register))); }
  set(register: string, value: number | bigint): void { this.cpu.state.set(REGISTERS.indexOf(register), BigInt.asUintN(64, BigInt(value))); }
  get rip(): Va { return this.cpu.state.rip; }

  /** `syscall`, `stop`, `budget`, `#3`, or `page-fault 0x601000 6` for what paging does not help. */
  run(budget = BUDGET): string {
    const { state } = this.cpu, end = state.instructions + budget;
    for (;;) {
      const exit = this.cpu.run(end - state.instructions);
      if (exit.reason === 'exception') return `#${exit.vector}`;
      if (exit.reason !== 'page-fault') return exit.reason;
      const { address, code } = exit.fault;
      if (this.space.resolve(exit.fault, state) !== 'resume') return `page-fault 0x${BigInt.asUintN(64, BigInt(address)).toString(16)} ${code}`;
    }
  }
  /** Everything a program can see of the processor, and its counters. */
  snapshot(): Record<string, string | number> {
    const { state } = this.cpu;
    return {
      ...Object.fromEntries(REGISTERS.map((name, k) => [name, state.get(k).toString(16)])), rip: state.rip, flags: state.flags,
      instructions: state.instructions, cycles: state.cycles,
    };
  }
}
