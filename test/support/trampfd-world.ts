/** A kernel world with trampolines: the structures of the trampfd RFC v1 as bytes, and the calls and faults that use them. */
import type { Va } from '../../src/base/types.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';
import type { FaultVerdict } from '../../src/mmu/address-space.ts';
import { PF_FETCH, PF_USER } from '../../src/mmu/fault.ts';
import type { SecurityPolicy } from '../../src/syscalls/policy.ts';
import { trampfdCalls, TrampolineObjects } from '../../src/trampfd/calls.ts';
import { FAST } from '../../src/trampfd/uapi.ts';
import { KernelWorld } from './kernel-world.ts';

export const NAME = {
  eax: 0, eip: 7, rax: 8, rbx: 9, rcx: 10, rdx: 11, rsi: 12, rdi: 13, rbp: 14, r8: 15, r9: 16, r10: 17, r11: 18, r12: 19, r13: 20, r14: 21, r15: 22, rip: 23, max: 24,
} as const;
export type Name = keyof typeof NAME;
export type Entry = readonly [name: Name, value: bigint];
export const MAP = 0, REGS = 1, STACK = 2, PCS = 3;
export const SET_SP = 1;
/** System calls, by the names the tests use. */
export const SYS = {
  read: 0, write: 1, close: 3, fstat: 5, lseek: 8, mmap: 9, mprotect: 10, munmap: 11, pread: 17, pwrite: 18, readv: 19, writev: 20, mremap: 25, dup: 32,
  sendfile: 40, fcntl: 72, ftruncate: 77, readlink: 89, preadv: 295, pwritev: 296, trampfd_create: 440, trampfd: 441, fork: 57, process_vm_writev: 311, madvise: 28,
  tramp_create: 442, tramp_set: 443, tramp_get: 444, tramp_allow: 445, tramp_share: 446, tramp_free: 447,
} as const;
export type Call = keyof typeof SYS;

/** Little-endian words of 4 bytes; bigints are 8. */
export function words(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce<number>((sum, value) => sum + (typeof value === 'bigint' ? 8 : 4), 0)), view = new DataView(bytes.buffer);
  let at = 0;
  for (const value of values) {
    if (typeof value === 'bigint') view.setBigUint64(at, BigInt.asUintN(64, value), true); else view.setUint32(at, value, true);
    at += typeof value === 'bigint' ? 8 : 4;
  }
  return bytes;
}
/** struct trampfd_regs. */
export function regs(...entries: readonly Entry[]): Uint8Array {
  return words(entries.length, 0, ...entries.flatMap(([name, value]) => [NAME[name], 0, value]));
}
/** struct trampfd_stack. */
export function stack(data: readonly number[], flags = 0, offset = 0): Uint8Array {
  return new Uint8Array([...words(flags, offset, data.length, 0), ...data]);
}
/** struct tramp_context: both contexts of the system-call form. */
export function contexts(entries: readonly Entry[], data: readonly number[] = [], flags = 0, offset = 0): Uint8Array {
  return new Uint8Array([...words(entries.length, data.length, flags, offset, ...entries.flatMap(([name, value]) => [NAME[name], 0, value])), ...data]);
}
export const BY_ID = 1, SET_REGS = 2, SET_STACK = 4, ATTACH = 8, PERSIST = 16;
/** struct trampfd_values. */
export function pcs(...values: readonly bigint[]): Uint8Array { return words(values.length, 0, ...values); }

export class TrampfdWorld extends KernelWorld {
  readonly objects: TrampolineObjects;
  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}, policy: SecurityPolicy | null = null) {
    const objects = new TrampolineObjects();
    super(files, new MemoryHost(), trampfdCalls(objects), policy);
    this.objects = objects;
  }
  sys(name: Call, ...args: readonly (number | bigint | string)[]): number {
    const result = this.call(SYS[name], ...args);
    if (typeof result !== 'number') throw new Error(`${name} did not return: ${result.then}`);
    return result;
  }
  create(): number { return this.sys('trampfd_create', 0, this.words(0), 0); }
  /** The fast form; `map` context's ioffset; its mapping. */
  createFast(): number { return this.sys('trampfd_create', 0, this.words(FAST), 0); }
  ioffset(fd: number): number {
    const map = this.read(fd, MAP, 24);
    return typeof map === 'number' ? map : new DataView(map.buffer).getUint32(16, true);
  }
  mapFast(fd: number): Va { return this.sys('mmap', 0, 4096, 5, 2, fd, 0); }
  write(fd: number, offset: number, bytes: Uint8Array, count = bytes.length): number {
    return this.sys('pwrite', fd, this.buffer(bytes.length, bytes), count, offset);
  }
  /** What a read of `count` bytes gives, or the error. Bytes it does not touch are 0xee. */
  read(fd: number, offset: number, count: number): Uint8Array | number {
    const at = this.buffer(count, new Uint8Array(count).fill(0xee)), result = this.sys('pread', fd, at, count, offset);
    return result < 0 ? result : new Uint8Array(this.peek(at, count).buffer);
  }
  map(fd: number): Va { return this.sys('mmap', 0, 4096, 0, 2, fd, 0); }
  /** A mapped trampoline with contexts. */
  trampoline(contexts: Readonly<Record<number, Uint8Array>>): { readonly fd: number; readonly at: Va } {
    const fd = this.create();
    for (const [offset, bytes] of Object.entries(contexts)) {
      const result = this.write(fd, Number(offset), bytes);
      if (result !== bytes.length) throw new Error(`context ${offset}: ${result}`);
    }
    return { fd, at: this.map(fd) };
  }
  /** The fault of a fetch, or of what `code` says, at `at`, with RIP there. */
  fault(at: Va, code = PF_USER | PF_FETCH): FaultVerdict {
    const { registers, process } = this.task;
    registers.rip = at;
    return process.memory.resolve({ address: at, code }, registers);
  }
}
