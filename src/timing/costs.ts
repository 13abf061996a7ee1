/**
 * What things cost, in core cycles: a first, additive table. Every figure names its source.
 *
 * `Zen 3` is a measurement on an AMD EPYC 7003 ("Milan") guest under KVM, Linux 6.18, core cycles calibrated against a
 * dependent `add` chain (1.000). Throughput figures are used, not latencies: trampolines run at the pace of their
 * branches. Costs are multiples of 1/64, so that sums of doubles are exact in any order.
 */
import { assert } from '../base/assert.ts';
import type { Instruction } from '../decoder/instruction.ts';

const ZEN3 = 'Zen 3, measured';
const DERIVED = 'Zen 3, derived';

interface CostRow { readonly cycles: number; readonly operations: string; readonly source: string }

/** A name comes before a beginning (`cvt*`); what no row names costs `ALU_CYCLES`. */
export const INSTRUCTION_COSTS: readonly CostRow[] = [
  { cycles: 0, operations: 'nop endbr64 endbr32 prefetch*', source: `${DERIVED}: dispatched, never executed` },
  { cycles: 1, operations: 'imul mul mulx', source: `${ZEN3}: imul r64 throughput 1.07, mul 1.10` },
  { cycles: 9, operations: 'div idiv', source: `${ZEN3}: div r64 with small operands 8.9` },
  { cycles: 9, operations: 'cmpxchg xadd cmpxchg8b cmpxchg16b', source: `${ZEN3}: cmpxchg [m] 9.0, lock xadd 8.1` },
  { cycles: 0.5, operations: 'push', source: 'Zen 3, published: two stores a cycle; measured, push and pop pairs 1.08' },
  { cycles: 22 / 64, operations: 'pop', source: 'Zen 3, published: three loads a cycle' },
  { cycles: 20, operations: 'enter', source: `${ZEN3}: enter + leave 20.4` },
  { cycles: 23, operations: 'pushf popf', source: `${ZEN3}: pushfq/popfq chain 23.3` },
  { cycles: 3, operations: 'bsf bsr', source: `${ZEN3}: bsf r64 3.4` },
  { cycles: 36, operations: 'rdtsc', source: `${ZEN3}: 36.5` },
  { cycles: 70, operations: 'rdtscp', source: `${ZEN3}: 70.5` },
  { cycles: 100, operations: 'cpuid', source: 'Zen 3, published: about 100 on bare metal; a guest traps, which is not modelled' },
  { cycles: 24, operations: 'movs', source: `${ZEN3}: rep movsb of 1 to 64 bytes 23.6 to 26` },
  { cycles: 22, operations: 'stos', source: `${ZEN3}: rep stosb of 1 byte 22` },
  { cycles: 22, operations: 'scas cmps lods', source: `${DERIVED}: as stos` },
  { cycles: 0.5, operations: 'addps addpd addss addsd subps subpd subss subsd mulps mulpd mulss mulsd', source: `${ZEN3}: mulsd throughput 0.50` },
  { cycles: 3, operations: 'divss', source: `${ZEN3}: throughput 3.03` },
  { cycles: 7.5, operations: 'divsd divpd', source: `${ZEN3}: throughput 7.47` },
  { cycles: 5.5, operations: 'divps', source: `${ZEN3}: throughput 5.52` },
  { cycles: 5, operations: 'sqrtss sqrtps', source: `${ZEN3}: throughput 4.94` },
  { cycles: 8.5, operations: 'sqrtsd sqrtpd', source: `${ZEN3}: throughput 8.44` },
  { cycles: 1, operations: 'cvt*', source: `${DERIVED}: half of the 2.97 latency of cvtdq2ps, rounded down to its throughput` },
  { cycles: 7, operations: 'fmul* fadd* fsub*', source: `${ZEN3}: fmul st chain 6.9` },
  { cycles: 15, operations: 'fdiv* fsqrt', source: `${ZEN3}: fdiv st chain 14.9` },
];
/** `add r64,r64` throughput 0.25 to 0.28 (Zen 3, measured): four integer pipes. */
export const ALU_CYCLES = 0.25;
/** Three loads a cycle (published); nearest multiple of 1/64. */
const LOAD_CYCLES = 22 / 64;
/** Two stores a cycle (published). */
const STORE_CYCLES = 0.5;
/** `lock add [m]` 8.1, `xchg [m]` 8.7 (Zen 3, measured). */
const LOCKED_CYCLES = 8;
/** Reading memory only: everything else with a memory destination stores, too. */
const READS_ONLY = new Set(['cmp', 'test', 'bt', 'push', 'jmp', 'call', 'mul', 'imul', 'div', 'idiv', 'comiss', 'comisd', 'ucomiss', 'ucomisd']);

/** Branches (Zen 3, measured; per event). */
export const BRANCH_CYCLES = {
  /** A taken branch or jump, one every 16 bytes: 1.00. */
  taken: 1,
  /** Random 50 % conditional: 17.0 a miss. */
  conditionalMiss: 17,
  /** Two random targets of one call site: 21.7; always wrong through memory: 22.8. */
  indirectMiss: 22,
  /** call, drop the frame, ret: 22.9 against 4.96 balanced. */
  returnMiss: 18,
} as const;

/** What the kernel costs, user to user (Zen 3 guest, measured, unless said otherwise). */
export const EVENT_CYCLES = {
  /** Instruction-fetch fault served in the kernel without a signal: the vsyscall emulation of time(), 1270 to 1292. */
  fetchFaultServed: 1280,
  /** read fault and write fault on demand-zero memory: p50 of single faults 3300 and 6200. */
  minorFaultRead: 3300,
  minorFaultWrite: 6200,
  /** SIGSEGV round trip 9375 less rt_sigreturn below. */
  signalDelivery: 8675,
  /**
   * One instruction interpreted by the kernel: fetched by a copy from user memory (some 20 instructions with STAC and CLAC), decoded by tables, dispatched by an
   * indirect branch that is mostly missed (22 above), its registers in memory. An argument, not a measurement.
   */
  instructionInterpreted: 100,
  /** Any other system call: brk(0) 299, ENOSYS 307. */
  systemCall: 307,
} as const;

/** What system calls and faults of trampolines do beyond entering and leaving the kernel (Zen 3 guest, measured; differences of the figures named). */
export const WORK_CYCLES = {
  /** write to an eventfd 945 less getpid 515, in the same run: a copy, a lock, a small change. */
  contextWritten: 430,
  /**
   * Code generated for a trampoline, on top of the call that asks for it. An argument, not a measurement: some 40 bytes are laid out and stored, and
   * before anyone runs them the processor serialises (sync_core's IRET to itself, about as long as CPUID's 100).
   */
  codeGenerated: 150,
  /** mmap and munmap below less `systemCall`. */
  mapped: 7193, unmapped: 7193,
  /** semget and IPC_RMID 5033 less twice getpid 510: an identifier is found and given back, a small object allocated and freed. */
  identified: 4013,
  /** Up to 32 bytes copied from user memory, compared with a few sequences, two registers set: as contextWritten without its lock, rounded down. */
  sequenceEmulated: 300,
} as const;

/** System calls that cost more than `systemCall`. */
export const SYSCALL_CYCLES: Readonly<Record<string, number>> = {
  getppid: 440, getpid: 440, rt_sigprocmask: 428, getcpu: 375, time: 324,
  /** Inference: sigreturn reads a frame that delivery wrote; 700 of the round trip's 9375. */
  rt_sigreturn: 700,
  /** A datagram of one byte through a socketpair(2), sent and received: 8511. */
  sendmsg: 4255, recvmsg: 4256,
  /** An anonymous inode's file comes and goes: eventfd2 and close 8021, less the close that will be counted by itself. */
  trampfd_create: 7714,
  /** A small object is allocated (as much as contextWritten): no file, no descriptor. */
  tramp_create: 737,
  /**
   * `systemCall`; sequenceEmulated, whose work is much the same; and IRET instead of SYSRET, because RCX is not RIP any more: IRETQ to the same privilege level 132 (Zen 3
   * guest, measured). An argument for the sum, not a measurement of it.
   */
  tramp_enter: 737,
  mprotect: 8500, mmap: 7500, munmap: 7500,
};

/** `none`: an instruction is a cycle, and nothing else costs anything. `fast`: the tables above. */
export type Timing = 'none' | 'fast';
const CYCLES_UNTIMED = 1;

export class Costs {
  private readonly byOperation = new Map<string, number>();
  readonly isTimed: boolean;
  constructor(timing: Timing = 'fast') { this.isTimed = timing !== 'none'; }

  /** Cycles of one instruction, taken branches and misses aside: a pure function of its form. */
  of(i: Instruction): number {
    if (!this.isTimed) return CYCLES_UNTIMED;
    let cycles = this.ofOperation(i.operation);
    const destination = i.operands[0];
    const readsMemory = hasMemoryOperand(i) && i.operation !== 'lea' && i.operation !== 'nop';
    if (readsMemory) cycles += LOAD_CYCLES;
    if (readsMemory && destination?.kind === 'mem' && !READS_ONLY.has(i.operation)) cycles += STORE_CYCLES;
    if (i.lock || (i.operation === 'xchg' && readsMemory)) cycles += LOCKED_CYCLES;
    return cycles;
  }
  private ofOperation(operation: string): number {
    let cycles = this.byOperation.get(operation);
    if (cycles === undefined) this.byOperation.set(operation, cycles = rowCycles(operation));
    return cycles;
  }
  syscall(name: string): number { return SYSCALL_CYCLES[name] ?? EVENT_CYCLES.systemCall; }
}
function hasMemoryOperand(i: Instruction): boolean {
  for (const { kind } of i.operands) if (kind === 'mem') return true;
  return false;
}

/** Names as they stand in the rows, and beginnings of names, in the rows' order. Read when there is something to time. */
interface Patterns { readonly byName: ReadonlyMap<string, number>; readonly byBeginning: readonly { readonly beginning: string; readonly cycles: number }[] }
let patterns: Patterns | null = null;
function readPatterns(): Patterns {
  const byName = new Map<string, number>(), byBeginning: { readonly beginning: string; readonly cycles: number }[] = [];
  for (const { operations, cycles } of INSTRUCTION_COSTS) {
    assert(cycles * 64 === Math.floor(cycles * 64), `the cost of ${operations} is not a multiple of 1/64`);
    for (const pattern of operations.split(' ')) {
      if (pattern.endsWith('*')) byBeginning.push({ beginning: pattern.slice(0, -1), cycles });
      else if (!byName.has(pattern)) byName.set(pattern, cycles);
    }
  }
  return { byName, byBeginning };
}
function rowCycles(operation: string): number {
  const { byName, byBeginning } = patterns ??= readPatterns();
  return byName.get(operation) ?? byBeginning.find(({ beginning }) => operation.startsWith(beginning))?.cycles ?? ALU_CYCLES;
}
