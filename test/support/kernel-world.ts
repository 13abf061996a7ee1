/** A small world for kernel tests: a program that does nothing, whose system calls the test makes. */
import { LinearMemory } from '../../src/base/layout.ts';
import { EFAULT } from '../../src/base/errno.ts';
import { byteString, bytesOf } from '../../src/host/host.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { Frames } from '../../src/mmu/frames.ts';
import { Mmu } from '../../src/mmu/mmu.ts';
import type { SwitchedRegisters } from '../../src/mmu/user.ts';
import { Kernel } from '../../src/syscalls/kernel.ts';
import type { SecurityPolicy } from '../../src/syscalls/policy.ts';
import type { KernelTask } from '../../src/syscalls/process.ts';
import type { Control, SyscallRows } from '../../src/syscalls/task.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';

/** Registers without a processor. */
export class PlainRegisters implements SwitchedRegisters {
  rip = 0; rsp = 0; flags = 0x202;
  readonly values = new BigUint64Array(16);
  readonly bases = [0n, 0n];
  low(register: number): number { return Number(BigInt.asIntN(32, this.get(register))); }
  high(register: number): number { return Number(BigInt.asIntN(32, this.get(register) >> 32n)); }
  setWords(register: number, lo: number, hi: number): void { this.set(register, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)); }
  get(register: number): bigint { return this.values[register] ?? 0n; }
  set(register: number, value: bigint): void { this.values[register] = value; }
  saveExtended(into: Uint8Array): void { into.fill(0); }
  restoreExtended(): boolean { return true; }
  resetExtended(): void {}
  readonly contextBytes = 19 * 8;
  saveContext(into: Uint8Array): void { new BigUint64Array(into.buffer).set([...this.values, ...this.bases, BigInt(this.rip)]); this.spare.set(into, this.rsp); }
  loadContext(from: Uint8Array): void {
    const words = new BigUint64Array(from.buffer);
    this.values.set(words.subarray(0, 16)); this.bases.splice(0, 2, words[16]!, words[17]!);
    this.rip = Number(words[18]); this.rsp = this.spare.get(from) ?? 0;
  }
  private readonly spare = new WeakMap<Uint8Array, number>();
  reset(): void { this.values.fill(0n); this.bases.fill(0n); }
  readonly extendedBytes = 512;
  segmentBase(isGs: boolean): bigint { return this.bases[isGs ? 1 : 0] ?? 0n; }
  setSegmentBase(isGs: boolean, value: bigint): void { this.bases[isGs ? 1 : 0] = value; }
}

export const TEXT_AT = 0x400000, DATA_AT = 0x600000;
/** A program of one HLT, with some writable memory. */
export const PROGRAM = writeElf({ text: { at: TEXT_AT, bytes: new Uint8Array([0xf4]) }, data: { at: DATA_AT, bytes: new Uint8Array(8), size: 0x20000 }, entry: TEXT_AT });

const ARGUMENT_REGISTERS = [7, 6, 2, 10, 8, 9];

export class KernelWorld {
  readonly host: MemoryHost;
  readonly kernel: Kernel;
  readonly task: KernelTask;
  readonly mmu: Mmu;
  cycles = 0;
  /** Where the next string or buffer goes. */
  private next = DATA_AT + 0x100;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}, host = new MemoryHost(), extraCalls: SyscallRows<KernelTask> = [], policy: SecurityPolicy | null = null, clock: 'virtual' | 'host' = 'virtual') {
    const memory = new LinearMemory(16 << 20);
    this.host = host;
    this.mmu = new Mmu(memory, new Frames(memory));
    for (const [path, contents] of Object.entries(files)) host.put(path, contents);
    host.put('/bin/program', PROGRAM);
    this.kernel = new Kernel({ host, mmu: this.mmu, cycles: () => this.cycles, registers: new PlainRegisters(), extraCalls: () => policy?.guard(extraCalls) ?? extraCalls, policy, clock });
    const task = this.kernel.exec('/bin/program', ['program', 'one', 'two'], host.environment);
    if ('sentence' in task) throw new Error(task.sentence);
    this.task = task;
  }
  /** Makes a system call; strings become pointers to copies in guest memory. The result, or how it did not return. */
  call(number: number, ...args: readonly (number | bigint | string)[]): number | Control {
    const { registers } = this.task;
    registers.set(0, BigInt(number));
    ARGUMENT_REGISTERS.forEach((register, i) => {
      const arg = args[i] ?? 0;
      registers.set(register, BigInt.asUintN(64, BigInt(typeof arg === 'string' ? this.string(arg) : arg)));
    });
    const control = this.kernel.call(this.task);
    return control ?? Number(BigInt.asIntN(64, registers.get(0)));
  }
  /** Room for `length` bytes, holding `bytes`. */
  buffer(length: number, bytes: Uint8Array = new Uint8Array(0)): number {
    const at = this.next;
    this.next += Math.ceil(length / 16) * 16;
    if (bytes.length > 0) this.poke(at, bytes);
    return at;
  }
  string(text: string): number { return this.buffer(text.length + 1, bytesOf(text + '\0')); }
  words(...values: readonly (number | bigint)[]): number {
    const bytes = new Uint8Array(8 * values.length), view = new DataView(bytes.buffer);
    values.forEach((value, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), true));
    return this.buffer(bytes.length, bytes);
  }
  poke(at: number, bytes: Uint8Array): void { if (!this.task.process.memory.copyOut(at, bytes)) throw new Error(`cannot write ${at}: -${EFAULT}`); }
  peek(at: number, length: number): DataView {
    const bytes = new Uint8Array(length);
    if (!this.task.process.memory.copyIn(at, bytes)) throw new Error(`cannot read ${at}`);
    return new DataView(bytes.buffer);
  }
  text(at: number, length: number): string { return byteString(new Uint8Array(this.peek(at, length).buffer)); }
  /** The whole of a file, read by the guest. */
  slurp(path: string): string {
    const fd = this.call(2, path, 0), at = this.buffer(0x2000);
    if (typeof fd !== 'number' || fd < 0) return `open: ${String(fd)}`;
    const got = this.call(0, fd, at, 0x2000);
    this.call(3, fd);
    return this.text(at, Number(got));
  }
}
