/** A process and its tasks as the kernel knows them (Linux: struct task_struct, signal_struct, mm_struct, fs_struct; credentials(7)). */
import type { Va } from '../base/types.ts';
import type { ByteString, Host } from '../host/host.ts';
import type { ElfImage } from '../loader/elf.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { SwitchedRegisters } from '../mmu/user.ts';
import type { CallArgs } from './args.ts';
import type { Clock } from './clock.ts';
import type { Entropy } from './entropy.ts';
import type { ExecRequest, Images, ProcessorFacts } from './exec.ts';
import type { DescriptorTable } from './fd-table.ts';
import type { Futexes } from './futex-queues.ts';
import type { Outside } from './host-input.ts';
import type { Network } from './net/network.ts';
import type { PageCache, PhysicalMemory } from './pages.ts';
import type { SecurityPolicy } from './policy.ts';
import type { SharedObjects } from './shared-objects.ts';
import type { SignalState } from './signal-state.ts';
import type { SpecialNodes } from './special.ts';
import type { Process, Sleep, Task } from './task.ts';
import type { Timer, Timers } from './timers.ts';

/** What all processes share: the emulated machine's kernel, without its table of calls. */
export interface System {
  readonly host: Host & { wrap(around: (inner: Host) => Host): void };
  /** FIFOs and sockets by their names, which `host` shows among its files. */
  readonly special: SpecialNodes;
  /** Null: nobody said. */
  readonly cpuid: Identification | null;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly outside: Outside;
  readonly futexes: Futexes;
  readonly entropy: Entropy;
  readonly memory: PhysicalMemory;
  readonly pageCache: PageCache;
  /** By pid: those that run, and those that ended and were not waited for. */
  readonly processes: Map<number, KernelProcess>;
  /** By tid: those that run. */
  readonly tasks: Map<number, KernelTask>;
  /** The life of processes, for the calls that change it (kernel.ts). */
  readonly life: Life;
  readonly images: Images;
  readonly processor: ProcessorFacts;
  /** What processes share beside files: locks, terminals, System V objects. */
  readonly shared: SharedObjects;
  /** A buffer for bytes on their way between host and guest; whoever uses it is done before anyone else can. */
  readonly staging: Uint8Array;
  /** Sockets: what they share. */
  readonly network: Network;
  /** What may become code; null: anything. */
  readonly policy: SecurityPolicy | null;
  /** Inode numbers for what has no host file: pipes, memfds. */
  newInode(): number;
}
/** What CPUID says of the processor: its name, and its features as rows whose fourth column is their name. */
export interface Identification { readonly brand: string; readonly features: readonly (readonly [unknown, unknown, unknown, string, ...unknown[]])[] }
/** What only the kernel as a whole can do. */
export interface Life {
  /** Nobody but the current task could do anything before the host has answered it. */
  readonly mayBlock: boolean;
  /** The processor time of a process in nanoseconds, now. */
  cpuNs(process: KernelProcess): number;
  taskCpuNs(task: KernelTask): number;
  /** Makes a task that may run from now on; its context and all else is the caller's. */
  start(task: KernelTask): void;
  /** The lowest number from the last one on that names no task, process, group or session; -EAGAIN. */
  newPid(): number;
  /** Ends a process as `wait4` tells it. All of its tasks are gone after that. */
  end(process: KernelProcess, waitStatus: number): void;
  /** Ends one task; the process with its last. */
  endTask(task: KernelTask, status: number): void;
  /** A new program in the place of the old one: 0 or -errno, and then nothing has changed. */
  execute(task: KernelTask, request: ExecRequest): number;
  /** Nobody will ask for an ended process any more: its number is free. */
  forget(process: KernelProcess): void;
  /** Something happened that its sleepers may wait for: those are asked that are asked only then. */
  rouse(process: KernelProcess): void;
  rouseTask(task: KernelTask): void;
  /** A sleeper has done part of its work, and sleeps on: whoever was asked before it is asked again. */
  stir(): void;
}

/** The program a process runs. */
export interface Executable {
  readonly path: ByteString;
  readonly image: ElfImage;
  /** What the loader added to every address of the file. */
  readonly bias: number;
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  readonly auxiliary: Uint8Array;
  /** Which file it is, as the page cache names it. */
  readonly fileKey: string;
  readonly stackPointer: Va;
}
/** getrlimit(2). */
export interface Limit { readonly soft: bigint; readonly hard: bigint }
export const UNLIMITED = 0xffff_ffff_ffff_ffffn;
export const RLIMIT_FSIZE = 1, RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7, RLIMIT_MEMLOCK = 8, RLIMIT_AS = 9, RLIMIT_SIGPENDING = 11;

/** Where relative paths start, and what new files may not grant: shared under CLONE_FS (Linux: struct fs_struct). */
export interface FileSystemContext {
  /** Absolute, without links. */
  directory: ByteString;
  umask: number;
}
/** A waiting parent learns of it, once a kind. */
export interface StopNotice { readonly kind: 'stopped' | 'continued'; readonly signal: number }

export interface ProcessFields {
  readonly pid: number;
  readonly parent: KernelProcess | null;
  readonly memory: AddressSpace;
  readonly files: DescriptorTable;
  readonly fs: FileSystemContext;
  readonly system: System;
  readonly executable: Executable;
  readonly name: ByteString;
  readonly group: number;
  readonly session: number;
  readonly exitSignal?: number;
}
/** The parent of who has none in this machine. */
const OUTER_PARENT_PID = 999;

export class KernelProcess implements Process {
  readonly pid: number;
  parent: KernelProcess | null;
  readonly children = new Set<KernelProcess>();
  /** Threads that have not ended, the oldest first. */
  readonly tasks: KernelTask[] = [];
  memory: AddressSpace;
  files: DescriptorTable;
  fs: FileSystemContext;
  readonly system: System;
  executable: Executable;
  limits = defaultLimits();
  /** What the program is called: PR_SET_NAME, /proc/self/comm. At most 15 bytes. */
  name: ByteString;
  /** setpgid(2), setsid(2). */
  group: number;
  session: number;
  /** It has executed a program since fork: its parent may not move it to another group any more. */
  hasExecuted = false;
  /** Sent to the parent at the end; 0: none, and it is a "clone child" to wait4. */
  exitSignal: number;
  /** How it ended, as wait4 tells it; null: it runs. It stays in `processes` until it is waited for. */
  waitStatus: number | null = null;
  isStopped = false;
  notice: StopNotice | null = null;
  /** A vfork parent waits until this is true. */
  hasLetGo = true;
  /** PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE. */
  isSubreaper = false;
  parentDeathSignal = 0;
  hasNoNewPrivileges = false;
  isDumpable = true;
  /** Processor time in cycles of tasks that ended, and of children that were waited for. */
  endedCycles = 0;
  childrenCycles = 0;
  /** Largest resident set of children waited for, in bytes; and minor faults. */
  childrenPeakBytes = 0;
  childrenFaults = 0;
  niceness = 0;
  /** personality(2). */
  personality = 0;
  /** When it came to be, on the monotonic clock. */
  readonly startNs: number;
  /** What else its end ends: timers, locks. */
  readonly atEnd: (() => void)[] = [];

  constructor(fields: ProcessFields) {
    this.pid = fields.pid; this.parent = fields.parent; this.memory = fields.memory; this.files = fields.files; this.fs = fields.fs;
    this.system = fields.system; this.executable = fields.executable; this.name = fields.name; this.group = fields.group;
    this.session = fields.session; this.exitSignal = fields.exitSignal ?? 17;
    this.startNs = fields.system.clock.monotonicNs();
    fields.parent?.children.add(this);
  }
  get parentPid(): number { return this.parent === null ? OUTER_PARENT_PID : this.parent.pid; }
  get directory(): ByteString { return this.fs.directory; }
  set directory(path: ByteString) { this.fs.directory = path; }
  get umask(): number { return this.fs.umask; }
  set umask(mode: number) { this.fs.umask = mode; }
}

/** What PR_SET_TIMERSLACK begins with, and 0 stands for. */
export const TIMER_SLACK = 50_000;

export class KernelTask implements Task {
  tid: number;
  readonly process: KernelProcess;
  /** The processor's: this task's while it is the current one. */
  readonly registers: SwitchedRegisters;
  /** Its registers while it is not. */
  readonly context: Uint8Array;
  readonly signals: SignalState;
  /** What it waits for, and the call that waits. */
  sleep: Sleep | null = null;
  /** Its place among those that sleep, since when it does, and what wakes it in time. */
  sleepNumber = 0;
  sleptAtNs = 0;
  alarm: Timer | null = null;
  call: { readonly number: number; readonly args: CallArgs } | null = null;
  /** It was stopped in that sleep. */
  hasStopped = false;
  /** What the call that slept returns when the task goes on; null: it slept in no call. */
  result: number | null = null;
  /** A signal ended a call that may be made again after the handler (SA_RESTART): its number. */
  restart: number | null = null;
  isGone = false;
  /** Processor time used, in cycles. */
  cycles = 0;
  /** PR_SET_TIMERSLACK, in nanoseconds: remembered. */
  timerSlack = TIMER_SLACK;
  /** PR_SET_NAME; null: the process's. */
  ownName: ByteString | null = null;
  /** set_tid_address(2), set_robust_list(2): what a task's end touches. */
  clearTidAt: Va = 0;
  robustListAt: Va = 0;
  constructor(tid: number, process: KernelProcess, registers: SwitchedRegisters, signals: SignalState) {
    this.tid = tid; this.process = process; this.registers = registers; this.signals = signals;
    this.context = new Uint8Array(registers.contextBytes);
  }
  get name(): ByteString { return this.ownName ?? this.process.name; }
}

/** In order: CPU, FSIZE, DATA, STACK, CORE, RSS, NPROC, NOFILE, MEMLOCK, AS, LOCKS, SIGPENDING, MSGQUEUE, NICE, RTPRIO, RTTIME. */
function defaultLimits(): Limit[] {
  const none = { soft: UNLIMITED, hard: UNLIMITED };
  const both = (value: bigint): Limit => ({ soft: value, hard: value });
  return [
    none, none, none, { soft: 8n << 20n, hard: UNLIMITED }, { soft: 0n, hard: UNLIMITED }, none, both(4096n), both(1024n),
    both(8n << 20n), none, none, both(4096n), both(819_200n), both(0n), both(0n), none,
  ];
}
