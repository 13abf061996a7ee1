/**
 * The library: `import { Machine, decode } from 'tramp64'`.
 *
 * ```ts
 * import { decode, format, Machine, MemoryHost } from 'tramp64';
 *
 * const host = new MemoryHost({ '/bin/hello': elf });
 * const machine = new Machine({ host });
 * machine.exec('/bin/hello', ['hello'], []);
 * const { status } = machine.run();
 * console.log(host.output, status, machine.counters().cycles);
 *
 * const instruction = decode(Uint8Array.of(0x41, 0xff, 0xe3), 0, 3);
 * console.log(instruction && format(instruction, 0, 'intel')); // jmp    r11
 * ```
 *
 * Types speak of `WebAssembly`, which TypeScript's `lib: ["dom"]` and `@types/node` declare. What is not exported here may change.
 */
import { decode as decodeByUsual } from './decoder/decode.ts';
import type { Instruction } from './decoder/instruction.ts';

/** A processor, its memory and a Linux kernel around them: `exec` loads a program, `run` runs it to its end, `turn` a part of it; `counters` tells what was counted. */
export { Machine } from './machine.ts';
export type { Counters, Ending, MachineOptions, Mark } from './machine.ts';
export type { Cause, Causes } from './timing/causes.ts';
export type { CpuOptions, Engine } from './exec/cpu.ts';
/** Which memory may become code: `SecurityPolicy.of('wx,ipe')`, or a sentence on what is wrong with the names. */
export { SecurityPolicy } from './syscalls/policy.ts';

/** A program under control, forwards and backwards: breakpoints, watchpoints, steps, registers and memory. */
export { Target } from './debug/target.ts';
export type { Breakpoint, Program, Resume, TargetOptions } from './debug/target.ts';
export type { Stop, StopReason } from './debug/stops.ts';

/** Bytes [start, end) to the instruction at their beginning; null: it has more bytes than there are. What is none has the mnemonic `ud`. */
export const decode: (bytes: Uint8Array, start: number, end: number) => Instruction | null = decodeByUsual;
/** An instruction in the notation of Intel's manual or of AT&T; `address` is where it lies. */
export { format } from './decoder/format.ts';
export type { Instruction, Operand } from './decoder/instruction.ts';
/** Intel syntax to bytes. */
export { assemble } from './decoder/assemble.ts';
/** The smallest static executable around code. */
export { writeElf } from './loader/write-elf.ts';

/** Everything outside the guest: files, terminal, time. A table in memory for tests and tools; or this machine's. */
export type { Host } from './host/host.ts';
export { MemoryHost } from './host/memory-host.ts';
export { NodeHost } from './host/node-host.ts';

/** Results of `tramp64 bench --json`: read, checked and compared. */
export { resultsIn } from './bench/output/json.ts';
export { compare } from './bench/output/compare.ts';
export type { Cost, Memory, Results, Row } from './bench/record.ts';
