/**
 * A machine that tells where its cycles go, and what happens when (README.md, "Profiles"). What it counts is what it counts alone: between samples it runs as always, and where
 * samples are taken depends on instructions alone, so that the same program has the same profile in every engine.
 */
import { CYCLES_OF } from '../base/layout.ts';
import type { Exit } from '../exec/cpu.ts';
import { type Ending, Machine, type MachineOptions } from '../machine.ts';
import { PF_FETCH, PF_WRITE } from '../mmu/fault.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { CAUSES, type KernelCause } from '../timing/causes.ts';
import { EventLog } from './event-log.ts';
import { Names } from './names.ts';
import { Profile } from './profile.ts';
import { Stacks } from './stacks.ts';

/** Instructions between samples: a part of what was executed so far, so that short programs have enough of them and long ones not too many. Of loops it shares no divisor. */
const INTERVAL_MIN = 127, INTERVAL_PART = 1000;
/** Calls after which something else may be where code was. */
const REMAPS: ReadonlySet<string> = new Set(['mmap', 'munmap', 'mremap']);
/** RIP is behind it by then. */
const SYSCALL_BYTES = 2;
const RAX = 0, KERNEL = CAUSES.flatMap(({ cause, isKernel }) => isKernel ? [cause as KernelCause] : []);
const hex = (value: number): string => `0x${value.toString(16)}`;

/** Whether there are samples; what gets the text of events, and what becomes of lines that strace prints. */
export interface ProfileOptions { readonly isSampled: boolean; readonly put: ((text: string) => void) | null }

export class ProfiledMachine extends Machine {
  readonly profile: Profile | null;
  private readonly events: EventLog | null;
  private readonly stacks = new Stacks(this);
  private readonly names = new Names();
  /** Instructions at the next sample. */
  private next = INTERVAL_MIN;
  /** The program's cycles, as opposed to the kernel's, that are in the profile. */
  private sampled = 0;
  private readonly before: Record<KernelCause, number> = { syscall: 0, trampfd: 0, fault: 0, signal: 0 };

  constructor(options: MachineOptions, { isSampled, put }: ProfileOptions) {
    super(options);
    this.profile = isSampled ? new Profile() : null;
    this.events = put === null ? null : new EventLog(this, put, options.strace === true ? line => { options.host.report(line); } : null);
    if (this.events !== null) this.kernel.trace = this.events;
  }
  override turn(budget: number): Ending | null {
    this.events?.runs(this.task);
    const ending = super.turn(budget);
    if (ending !== null) this.events?.end();
    return ending;
  }

  protected override perform(budget: number): Exit {
    const { state } = this.cpu;
    if (this.profile === null) return super.perform(budget);
    const exit = super.perform(Math.min(budget, this.next - state.instructions));
    if (state.instructions >= this.next) this.sample();
    return exit;
  }
  private sample(): void {
    const { task } = this, { instructions } = this.cpu.state;
    if (task !== null) this.take(this.stacks.of(task));
    if (instructions >= this.next) this.next = instructions + Math.max(INTERVAL_MIN, Math.floor(instructions / INTERVAL_PART));
  }
  /** What the program took since the last sample it took there. */
  private take(stack: string): void {
    let own = this.cpu.state.cycles;
    for (const cause of KERNEL) own -= this.cyclesOf(cause);
    this.profile?.add(stack, own - this.sampled);
    this.sampled = own;
  }
  private cyclesOf(cause: KernelCause): number { return this.cpu.state.f64[CYCLES_OF[cause] >> 3]!; }

  protected override finish(exit: Exit): void {
    const { task } = this;
    if (task === null || exit.reason === 'budget' || exit.reason === 'stop') {
      this.answer(exit);
      // Another task is next: what this one took is its own.
      if (this.turnLeft <= 0 && this.profile !== null) this.sample();
    } else this.asked(exit, task);
    this.endTurn();
  }
  private asked(exit: Exit, task: KernelTask): void {
    const { profile, events } = this, { process } = task, { memory } = process, { rip } = this.cpu.state;
    const stack = profile === null ? '' : this.stacks.of(task, exit.reason === 'syscall' ? rip - SYSCALL_BYTES : rip);
    const number = exit.reason === 'syscall' ? task.registers.low(RAX) : -1, name = number === -1 ? '' : this.kernel.nameOf(number), since = events?.now() ?? 0;
    const isRefused = exit.reason === 'page-fault' && memory.find(exit.fault.address)?.object?.origin === 'trampoline', [address, code] = exit.reason === 'page-fault' ? [exit.fault.address, exit.fault.code] : [0, 0];
    if (exit.reason === 'syscall') events?.begin(task);
    for (const cause of KERNEL) this.before[cause] = this.cyclesOf(cause);
    this.answer(exit);
    const isThere = this.task === task && process.memory === memory, to = this.cpu.state.rip;
    for (const cause of KERNEL) {
      // A signal may be the next task's.
      const where = cause === 'signal' && this.task !== null && this.task !== task ? this.stacks.root(this.task) : stack;
      const what = cause === 'syscall' ? `syscall ${name === '' ? number : name}` : cause === 'fault' ? exit.reason === 'page-fault' ? 'page fault' : 'exception' : cause;
      profile?.add(`${where};[kernel];${what}`, this.cyclesOf(cause) - this.before[cause]);
    }
    if (!isThere && profile !== null) this.take(stack);
    if (REMAPS.has(name)) this.stacks.forget(process);
    if (events === null || exit.reason === 'syscall') return;
    if (exit.reason === 'exception') events.piece(task, `exception ${exit.vector}`, 'fault', since, { at: hex(rip) });
    else if (isThere && isRefused && (code & PF_FETCH) !== 0 && to !== rip) events.piece(task, 'trampoline', 'trampoline', since, { address: hex(address), to: hex(to), name: this.names.at(process, to) });
    else events.piece(task, 'page fault', 'fault', since, { address: hex(address), access: (code & PF_FETCH) !== 0 ? 'fetch' : (code & PF_WRITE) !== 0 ? 'write' : 'read' });
  }
}
