/** A helper's world without an interpreter: flat guest memory with per-page permissions, traps and faults as exceptions. */
import { ZEN3 } from '../../src/timing/profiles/zen3.ts';
import { LinearMemory, PAGE_BYTES, PHYSICAL_AT } from '../../src/base/layout.ts';
import type { Instruction, Operand } from '../../src/decoder/instruction.ts';
import { CpuModel } from '../../src/exec/cpuid.ts';
import { settle } from '../../src/exec/flags.ts';
import type { Helper, HelperContext, Ops, Semantics } from '../../src/exec/ops.ts';
import { CpuState } from '../../src/exec/state.ts';
import { vaOf } from '../../src/base/words.ts';

/** An access that the page does not allow. */
export class FakeFault extends Error {
  readonly at: number;
  readonly isWrite: boolean;
  constructor(at: number, isWrite: boolean) { super(`fault at ${at.toString(16)}`); this.at = at; this.isWrite = isWrite; }
}
export class FakeTrap extends Error {
  readonly vector: number;
  constructor(vector: number) { super(`trap ${vector}`); this.vector = vector; }
}

/** Guest addresses 0 to 960 KiB lie in a row in linear memory. */
export class FakeContext implements HelperContext {
  readonly state = new CpuState(new LinearMemory(0xf_0000));
  readonly forbidden = new Set<number>();
  readonly readOnly = new Set<number>();
  high = 0;
  isAgain = false;
  cycles = 0;
  readonly profile = ZEN3;

  get bytes(): Uint8Array { return this.state.memory.u8.subarray(PHYSICAL_AT); }
  address(operand: Operand): number {
    const slot = (register: number): number => vaOf(this.state.low(register), this.state.high(register));
    return slot(operand.base) + operand.disp + slot(operand.segment);
  }
  private check(at: number, isWrite: boolean): void {
    if (at >= 2 ** 47) throw new FakeTrap(13);
    const page = Math.floor(at / PAGE_BYTES);
    if (at >= 0xf_0000 || this.forbidden.has(page) || (isWrite && this.readOnly.has(page))) throw new FakeFault(at, isWrite);
  }
  span(at: number, length: number, isWrite: boolean): number {
    if (at % PAGE_BYTES + length > PAGE_BYTES) throw new Error('a span leaves its page');
    this.check(at, isWrite);
    return PHYSICAL_AT + at;
  }
  probe(at: number, length: number, isWrite: boolean): void {
    for (let byte = at; byte < at + length; byte++) this.check(byte, isWrite);
  }
  load(at: number, into: Uint8Array): void {
    this.probe(at, into.length, false);
    into.set(this.bytes.subarray(at, at + into.length));
  }
  store(at: number, bytes: Uint8Array): void {
    this.probe(at, bytes.length, true);
    this.bytes.set(bytes, at);
  }
  read(operand: Operand): number {
    if (operand.kind === 'reg') return this.state.low(operand.index);
    const bytes = new Uint8Array(4);
    this.load(this.address(operand), bytes.subarray(0, operand.size));
    return new DataView(bytes.buffer).getInt32(0, true);
  }
  write(operand: Operand, lo: number, hi: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setInt32(0, lo, true);
    new DataView(bytes.buffer).setInt32(4, hi, true);
    if (operand.kind === 'mem') return this.store(this.address(operand), bytes.subarray(0, operand.size));
    this.state.u8.set(bytes.subarray(0, operand.size), 8 * operand.index);
  }
  readFlags(): number { return settle(this.state.r32); }
  writeFlags(mask: number, value: number): void { this.state.eflags = (settle(this.state.r32) & ~mask) | (value & mask); }
  readonly model = new CpuModel();
  trapAfter(): void {}
  random(): number { return 0; }
  trap(vector: number): never { throw new FakeTrap(vector); }
  again(): void { this.isAgain = true; }
  charge(cycles: number): void { this.cycles += cycles; }

  /** Executes one instruction to its end, however often it asks for another go; returns how often it was called. */
  run(semantics: Semantics, i: Instruction): number {
    const help = (helper: Helper, instruction: Instruction): void => helper(this, instruction);
    for (let calls = 1; ; calls++) {
      this.isAgain = false;
      semantics({ help, trap: vector => this.trap(vector) } as Partial<Ops> as Ops, i);
      if (!this.isAgain) return calls;
    }
  }
}
