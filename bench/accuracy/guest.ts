/** Times guest kernels with the guest's own RDTSC: the same instructions that timed them on a processor. */
import { assemble } from '../../src/decoder/assemble.ts';
import type { CpuOptions } from '../../src/exec/cpu.ts';
import { bytesOf } from '../../src/host/host.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { Machine } from '../../src/machine.ts';

export const TEXT = 0x400000, DATA = 0x2000000;
/** What the harness keeps at DATA; kernels have what follows. */
const COUNTER = DATA, START = DATA + 8, TIMES = DATA + 64, TIMES_MAX = 64;
export const FREE = DATA + 0x1000;
const MEMORY_BYTES = 1 << 30;

export interface Kernel {
  /** A function at `kernel`, which may change every register but RSP, and whatever else it calls. */
  readonly code: string;
  /** Performed once, before the first call. */
  readonly before?: string;
  /** Bytes behind the code, from the next page on, readable and executable. */
  readonly text?: Uint8Array;
  readonly data?: Uint8Array;
  readonly dataBytes?: number;
  /** Timed calls; the last one is what counts. */
  readonly calls?: number;
  readonly symbols?: Readonly<Record<string, number>>;
}
/** Where `text` of a kernel comes to lie. */
export const TEXT_AFTER = TEXT + 0x100000;

/** `tellsWord`: puts out what the kernel has left at FREE instead of times. */
function image({ code, before = '', text, data = new Uint8Array(8), dataBytes = 1 << 16, calls = 3, symbols = {} }: Kernel, tellsWord = false): Uint8Array {
  const source = `
_start:
  ${before}
  mov dword ptr [COUNTER], ${calls}
  mov qword ptr [START+8], TIMES
.balign 64
again:
  lfence
  rdtsc
  lfence
  shl rdx, 32
  or rax, rdx
  mov [START], rax
  call kernel
  rdtscp
  lfence
  shl rdx, 32
  or rax, rdx
  ${tellsWord ? 'mov eax, [FREE]' : 'sub rax, [START]'}
  mov rcx, [START+8]
  mov [rcx], rax
  add qword ptr [START+8], 8
  dec dword ptr [COUNTER]
  jnz again
  mov edi, 1
  mov esi, TIMES
  mov edx, ${8 * Math.min(calls, TIMES_MAX)}
  mov eax, 1
  syscall
  xor edi, edi
  mov eax, 231
  syscall
.balign 64
kernel:
  ${code}
`;
  const { bytes, labels } = assemble(source, { origin: TEXT, symbols: { COUNTER, START, TIMES, DATA, FREE, TEXT_AFTER, ...symbols } });
  const whole = new Uint8Array(text === undefined ? bytes.length : TEXT_AFTER - TEXT + text.length);
  whole.set(bytes);
  if (text !== undefined) whole.set(text, TEXT_AFTER - TEXT);
  const all = new Uint8Array(FREE - DATA + data.length);
  all.set(data, FREE - DATA);
  return writeElf({ text: { at: TEXT, bytes: whole }, data: { at: DATA, bytes: all, size: FREE - DATA + Math.max(dataBytes, data.length) }, entry: labels.get('_start') ?? 0 });
}

/** Times guests under one model. */
export class Stopwatch {
  private readonly cpu: CpuOptions;
  private overhead = 0;
  constructor(cpu: CpuOptions) {
    this.cpu = cpu;
    this.overhead = this.cycles({ code: 'ret' });
  }
  /** Cycles of the last call, without those of the harness. */
  cycles(kernel: Kernel): number {
    const times = this.run(image(kernel), []);
    return times[times.length - 1]! - this.overhead;
  }
  /** What a kernel leaves as a word at FREE: a time that it has taken itself. */
  value(kernel: Kernel): number {
    const words = this.run(image({ ...kernel, calls: 3 }, true), []);
    return words[words.length - 1]! - this.overhead;
  }
  /** The 64-bit values that a program puts out. */
  run(elf: Uint8Array, args: readonly string[]): readonly number[] {
    const host = new MemoryHost({ '/kernel': elf }), machine = new Machine({ host, memoryBytes: MEMORY_BYTES, cpu: this.cpu });
    const refusal = machine.exec('/kernel', ['kernel', ...args], []);
    if (refusal !== null) throw new Error(refusal.sentence);
    const { status, signal } = machine.run();
    if (status !== 0 || signal !== null) throw new Error(`the kernel ended with status ${status}, signal ${signal ?? 'none'}`);
    const bytes = bytesOf(host.output), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length >> 3 }, (_, k) => Number(view.getBigUint64(8 * k, true)));
  }
}
