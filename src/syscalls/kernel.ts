/** The Linux kernel of the emulated machine: makes processes, answers system calls, tells how programs end (syscalls(2)). */
import { ENOSYS } from '../base/errno.ts';
import { WORD } from '../base/words.ts';
import type { Va } from '../base/types.ts';
import type { ByteString, Host } from '../host/host.ts';
import { symbolise } from '../loader/elf.ts';
import { AddressSpace } from '../mmu/address-space.ts';
import type { Mmu } from '../mmu/mmu.ts';
import type { SignalRegisters } from '../mmu/user.ts';
import { CallArgs, RAX } from './args.ts';
import { CHUNK_BYTES } from './buffers.ts';
import { HostCalendar, VirtualClock } from './clock.ts';
import { Entropy } from './entropy.ts';
import { loadProgram, type Refusal } from './exec.ts';
import { DescriptorTable } from './fd-table.ts';
import { FileDescription, type Result } from './file.ts';
import { inheritedFile } from './host-file.ts';
import { PageCache, PhysicalMemory } from './pages.ts';
import { KernelProcess, KernelTask, type System } from './process.ts';
import { newSignalState } from './signal.ts';
import type { SignalInfo } from './signal-state.ts';
import { FAMILIES, tableOf } from './table.ts';
import type { Control, Syscall, SyscallRows } from './task.ts';
import { signalName } from './signal-names.ts';
import type { Trace } from './strace.ts';
import { O_RDONLY, O_RDWR, O_WRONLY } from './uapi.ts';

export interface KernelOptions {
  readonly host: Host;
  readonly mmu: Mmu;
  /** Cycles the processor has run: what time is made of. */
  readonly cycles: () => number;
  /** The registers a new task gets. The kernel sets the general ones, RIP and the segment bases. */
  readonly newRegisters: () => SignalRegisters;
  readonly extraCalls?: SyscallRows;
  readonly seed?: number;
  /** 'host': dates are today's. */
  readonly clock?: 'virtual' | 'host';
  /** CPUID.1:EDX, for AT_HWCAP. */
  readonly hwcap?: number;
  /** AT_HWCAP2. */
  readonly hwcap2?: number;
}

/** The first process there is. Its parent is not of this machine. */
const FIRST_PID = 1000, PARENT_PID = 999;
/** FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2: the x86-64 baseline. */
const HWCAP_BASELINE = 0x0780_8111;
/** What a shell gives a program that had to be stopped. */
const STATUS_DEADLOCK = 2;

export class Kernel {
  readonly system: System;
  /** Writes a line for every call and signal; null: silent. */
  trace: Trace | null = null;
  /** By pid. One, until there is fork. */
  readonly processes = new Map<number, KernelProcess>();
  private readonly options: KernelOptions;
  private readonly table: readonly (Syscall<KernelTask> | null)[];
  private readonly args = new CallArgs();

  constructor(options: KernelOptions) {
    const { host, mmu, cycles } = options;
    const memory = new PhysicalMemory(mmu.memory.u8, mmu.frames, mmu);
    let inodes = 0;
    this.options = options;
    this.table = tableOf([...FAMILIES, options.extraCalls ?? []]);
    this.system = {
      host, memory, pageCache: new PageCache(memory), entropy: new Entropy(options.seed ?? 1), staging: new Uint8Array(CHUNK_BYTES),
      clock: options.clock === 'host' ? new HostCalendar(cycles, host) : new VirtualClock(cycles), newInode: () => ++inodes,
    };
  }

  /** The first task of a new process that runs `path`. Relative paths start from the host's directory. */
  exec(path: ByteString, argv: readonly ByteString[], envp: readonly ByteString[]): KernelTask | Refusal {
    const { host } = this.system;
    const whole = path.startsWith('/') ? path : `${host.directory}/${path}`;
    const space = AddressSpace.create(this.options.mmu);
    if (space === null) return { sentence: 'physical memory is full', status: 126 };
    const loaded = loadProgram(this.system, space, { path: whole, argv, envp, hwcap: this.options.hwcap ?? HWCAP_BASELINE, hwcap2: this.options.hwcap2 ?? 0 });
    if ('sentence' in loaded) { space.release(); return { ...loaded, sentence: loaded.sentence.replace(whole, path) }; }
    const process = new KernelProcess({
      pid: FIRST_PID, parentPid: PARENT_PID, memory: space, files: this.standardFiles(), system: this.system, executable: loaded.executable,
      directory: host.directory, umask: host.umask, name: path.slice(path.lastIndexOf('/') + 1, path.lastIndexOf('/') + 16),
    });
    this.processes.set(process.pid, process);
    const task = new KernelTask(process.pid, process, this.options.newRegisters(), newSignalState());
    enter(task.registers, loaded.entry, loaded.executable.stackPointer);
    space.activate();
    return task;
  }
  private standardFiles(): DescriptorTable {
    const files = new DescriptorTable();
    for (const fd of [0, 1, 2]) {
      const file = inheritedFile(this.system, fd);
      const access = this.system.host.isTerminal(fd) ? O_RDWR : fd === 0 ? O_RDONLY : O_WRONLY;
      if (file !== null) files.put(fd, new FileDescription(file, access), false);
    }
    return files;
  }

  /** A call's name; '' for a number that is nobody's. */
  nameOf(number: number): string { return this.table[number]?.name ?? ''; }
  /** Answers the call whose number is in RAX. null: done, resume; otherwise the task does not simply go on. */
  call(task: KernelTask): Control | null {
    const { registers } = task, number = registers.low(RAX), { args } = this;
    args.take(registers);
    const row = this.table[number] ?? null;
    const outcome = row === null ? -ENOSYS : row.run(task, args);
    if (typeof outcome === 'number') {
      this.trace?.call(task, number, row, args, outcome);
      setResult(registers, outcome);
      return null;
    }
    return this.control(task, number, row, outcome);
  }
  private control(task: KernelTask, number: number, row: Syscall<KernelTask> | null, outcome: Control): Control | null {
    if (outcome.then === 'sleep') {
      const result = this.awaken(outcome);
      this.trace?.call(task, number, row, this.args, result);
      if (result === null) return this.deadlock(task);
      setResult(task.registers, result);
      return null;
    }
    // strace shows what sigreturn leaves in RAX as its result.
    const shown = outcome.then === 'exit' ? null : Number(BigInt.asIntN(64, task.registers.get(RAX)));
    this.trace?.call(task, number, row, this.args, shown);
    if (outcome.then === 'exit') this.end(task.process, outcome.status);
    return outcome;
  }
  /** With one task, only time can end a sleep: it jumps there. null: nothing ever will. */
  private awaken(sleep: Control & { then: 'sleep' }): Result | null {
    const now = sleep.until();
    if (now !== null || sleep.wakesAtNs === undefined) return now;
    this.system.clock.advanceTo(sleep.wakesAtNs);
    return sleep.until();
  }
  private deadlock(task: KernelTask): Control {
    this.system.host.report('tramp64: deadlock: the program waits for what nothing can bring about');
    this.end(task.process, STATUS_DEADLOCK);
    return { then: 'exit', status: STATUS_DEADLOCK };
  }

  /** A signal that ends the process, in one line: what, where, and for faults the address. Returns the exit status. */
  killed(task: KernelTask, signal: number, address: Va | null): number {
    const { rip } = task.registers, symbol = this.symbolAt(task.process, rip);
    const where = `rip 0x${rip.toString(16)}${symbol === null ? '' : ` <${symbol}>`}`;
    const what = address === null ? '' : `, address 0x${address.toString(16)}`;
    this.system.host.report(`tramp64: ${signalName(signal)} at ${where}${what}`);
    this.trace?.killed(signal);
    this.close(task.process);
    return 128 + signal;
  }
  /** A signal is delivered: strace's line between the calls. */
  traceSignal(info: SignalInfo): void { this.trace?.signal(info); }
  /** `main+0x10`, from the program's own symbols. */
  symbolAt(process: KernelProcess, address: Va): string | null {
    const { image, bias } = process.executable;
    return symbolise(image, address - bias);
  }

  private end(process: KernelProcess, status: number): void {
    this.trace?.exited(status);
    this.close(process);
  }
  /** What a process's end does to the world outside: files are closed, dirty pages go home. Its memory stays, for reports. */
  private close(process: KernelProcess): void {
    process.files.closeAll();
    this.system.pageCache.flushAll();
    this.processes.delete(process.pid);
  }
}

/** Registers at the entry point (psABI §3.4.1): all zero. RDX is what the program registers with atexit. */
function enter(registers: SignalRegisters, entry: Va, stackPointer: Va): void {
  for (let register = 0; register < 16; register++) registers.setWords(register, 0, 0);
  registers.setSegmentBase(false, 0n);
  registers.setSegmentBase(true, 0n);
  registers.rip = entry;
  registers.rsp = stackPointer;
}
function setResult(registers: SignalRegisters, result: Result): void { registers.setWords(RAX, result | 0, Math.floor(result / WORD)); }
