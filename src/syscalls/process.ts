/** A process and its tasks as the kernel knows them (Linux: struct task_struct, mm_struct, fs_struct; credentials(7)). */
import type { Va } from '../base/types.ts';
import type { ByteString, Host } from '../host/host.ts';
import type { ElfImage } from '../loader/elf.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { SignalRegisters } from '../mmu/user.ts';
import type { Clock } from './clock.ts';
import type { Entropy } from './entropy.ts';
import type { DescriptorTable } from './fd-table.ts';
import type { PageCache, PhysicalMemory } from './pages.ts';
import type { SignalState } from './signal-state.ts';
import type { Process, Task } from './task.ts';

/** What all processes share: the emulated machine's kernel, without its table of calls. */
export interface System {
  readonly host: Host;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly memory: PhysicalMemory;
  readonly pageCache: PageCache;
  /** A buffer for bytes on their way between host and guest; whoever uses it is done before anyone else can. */
  readonly staging: Uint8Array;
  /** Inode numbers for what has no host file: pipes, memfds. */
  newInode(): number;
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
  readonly stackPointer: Va;
}

/** RLIMIT_* (getrlimit(2)), by number: soft and hard. */
export interface Limit { readonly soft: bigint; readonly hard: bigint }
export const UNLIMITED = 0xffff_ffff_ffff_ffffn;
export const RLIMIT_NOFILE = 7;

export class KernelProcess implements Process {
  readonly pid: number;
  readonly parentPid: number;
  readonly memory: AddressSpace;
  readonly files: DescriptorTable;
  readonly system: System;
  readonly executable: Executable;
  readonly limits: Limit[];
  /** Absolute, without links. */
  directory: ByteString;
  umask: number;
  /** What the program is called: PR_SET_NAME, /proc/self/comm. At most 15 bytes. */
  name: ByteString;

  constructor(fields: Omit<KernelProcess, 'limits'>) {
    this.pid = fields.pid; this.parentPid = fields.parentPid; this.memory = fields.memory; this.files = fields.files;
    this.system = fields.system; this.executable = fields.executable; this.directory = fields.directory;
    this.umask = fields.umask; this.name = fields.name;
    this.limits = defaultLimits();
  }
}

export class KernelTask implements Task {
  readonly tid: number;
  readonly process: KernelProcess;
  readonly registers: SignalRegisters;
  readonly signals: SignalState;
  /** set_tid_address(2), set_robust_list(2): what a task's end would touch. */
  clearTidAt: Va = 0;
  robustListAt: Va = 0;
  constructor(tid: number, process: KernelProcess, registers: SignalRegisters, signals: SignalState) {
    this.tid = tid; this.process = process; this.registers = registers; this.signals = signals;
  }
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
