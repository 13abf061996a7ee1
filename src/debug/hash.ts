/** A number for the state of a machine: two that are equal have the same. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { CpuState } from '../exec/state.ts';
import type { KernelTask } from '../syscalls/process.ts';
import type { DebuggedMachine } from './debugged-machine.ts';
import type { Registers } from './registers.ts';

/** Two words of a multiplicative hash (after FNV-1a, a word at a time). */
class Sum {
  private a = 0x811c9dc5 | 0;
  private b = 0x9e3779b9 | 0;
  word(value: number): void {
    this.a = Math.imul(this.a ^ value, 0x01000193);
    this.b = Math.imul(this.b ^ (value >>> 16 | value << 16), 0x85ebca6b) ^ this.a >>> 13;
  }
  bytes(bytes: Uint8Array): void { for (const byte of bytes) this.word(byte); }
  number(value: number): void { this.word(value | 0); this.word(Math.floor(value / 0x1_0000_0000) | 0); this.word((value * 64) | 0); }
  get text(): string { return [this.a, this.b].map(word => (word >>> 0).toString(16).padStart(8, '0')).join(''); }
}

export function hashOf(machine: DebuggedMachine, stateOf: (task: KernelTask) => CpuState, registers: Registers): string {
  const { system } = machine.kernel, sum = new Sum(), words = machine.memory.i32;
  sum.number(machine.cpu.state.instructions);
  sum.number(machine.cpu.state.cycles);
  for (const [tid, task] of system.tasks) {
    sum.number(tid);
    const state = stateOf(task);
    for (const register of registers.all) {
      const bytes = new Uint8Array(register.bytes);
      register.read(state, bytes);
      sum.bytes(bytes);
    }
  }
  for (const { pid, memory, waitStatus } of system.processes.values()) {
    sum.number(pid);
    if (waitStatus !== null) { sum.number(waitStatus); continue; }
    for (const { start, end, prot } of memory.vmas) {
      sum.number(start); sum.number(end); sum.word(prot);
      for (let at = memory.nextMapped(start, end); at < end; at = memory.nextMapped(at + PAGE_BYTES, end)) {
        const from = memory.reachToPeek(at) >> 2;
        sum.number(at);
        for (let k = from; k < from + PAGE_BYTES / 4; k++) sum.word(words[k]!);
      }
    }
  }
  return sum.text;
}
