/** What things cost, in core cycles: code by a profile (profile.ts, pace.ts), the kernel by an environment. */
import type { Instruction } from '../decoder/instruction.ts';
import { type Environment, GUEST } from './environments.ts';
import { Pace, type Pacing, type Resolved, type Times } from './pace.ts';
import { type CodeReader, Pacer, type Place } from './pacer.ts';
import type { Profile } from './profile.ts';
import { ZEN3 } from './profiles/zen3.ts';

/** What system calls and faults of trampolines do beyond entering and leaving the kernel (Zen 3 guest, measured; differences of the figures named). */
export const WORK_CYCLES = {
  /** write to an eventfd 945 less getpid 515, in the same run: a copy, a lock, a small change. */
  contextWritten: 430,
  /**
   * Code generated for a trampoline, on top of the call that asks for it. An argument, not a measurement: some 40 bytes are laid out and stored, and
   * before anyone runs them the processor serialises (sync_core's IRET to itself, about as long as CPUID's 100).
   */
  codeGenerated: 150,
  /** mmap and munmap less any system call. */
  mapped: 5996, unmapped: 5996,
  /** semget and IPC_RMID 5033 less twice getpid 510: an identifier is found and given back, a small object allocated and freed. */
  identified: 4013,
  /** Up to 32 bytes copied from user memory, compared with a few sequences, two registers set: as contextWritten without its lock, rounded down. */
  sequenceEmulated: 300,
} as const;

/** `none`: an instruction is a cycle, and nothing else costs anything. `fast`: what the profile says. `detailed`: caches, TLBs and code that is written, too. */
export type Timing = 'none' | 'fast' | 'detailed';

export class Costs implements Pacing {
  readonly isTimed: boolean;
  readonly isDetailed: boolean;
  readonly profile: Profile;
  /** Made when it is asked: what an earlier run left needs none. */
  private made: Pacer | null = null;
  readonly environment: Environment;
  /** Whether what the processor leaks is kept from the kernel. */
  private readonly mitigates: boolean;
  constructor(timing: Timing = 'fast', environment: Environment = GUEST, mitigates = true, profile: Profile = ZEN3) {
    this.isTimed = timing !== 'none'; this.isDetailed = timing === 'detailed'; this.profile = profile; this.environment = environment; this.mitigates = mitigates;
  }
  /** Times of a block. */
  of(instructions: readonly Instruction[], place: Place, read: CodeReader): Pace {
    return this.isTimed ? this.pacer.paceOf(instructions, place, read) : UNTIMED[instructions.length] ??= Pace.untimed(instructions.length);
  }
  /** Times of a block that were worked out in an earlier run. */
  again(instructions: readonly Instruction[], times: Times): Pace { return Pace.known(instructions, times, this.isTimed ? this : null); }
  private get pacer(): Pacer { return this.made ??= new Pacer(this.profile); }
  dispatchOf(instructions: readonly Instruction[], count: number): number { return this.pacer.dispatchOf(instructions, count); }
  dispatchesOf(instructions: readonly Instruction[], tell: (cost: number) => void): void { this.pacer.dispatchesOf(instructions, tell); }
  missOf(instructions: readonly Instruction[], dispatched: number): Resolved { return this.pacer.missOf(instructions, dispatched); }
  syscall(name: string): number { return this.entered(this.environment.calls[name] ?? this.environment.systemCall); }
  /** Of what enters the kernel. */
  entered(cycles: number): number { return this.mitigates ? cycles : Math.max(0, cycles - this.environment.mitigations); }
}
/** By the number of instructions. */
const UNTIMED: Pace[] = [];
