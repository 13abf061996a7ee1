/** A machine that can be stopped anywhere: between instructions, before the kernel answers, before a signal is delivered. */
import { CACHES, PAGE_MASK, PHYSICAL_AT, PREDICTOR, STATE } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import type { Exit } from '../exec/cpu.ts';
import type { RecordedHost } from '../host/recorded-host.ts';
import { Machine, type MachineOptions } from '../machine.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { SIGKILL } from '../syscalls/signal.ts';
import type { SignalInfo } from '../syscalls/signal-state.ts';
import type { Position, SignalChoice } from './history.ts';
import { Watches } from './watches.ts';

/** A signal that waits for the debugger's word. */
export interface Held { readonly task: KernelTask; readonly info: SignalInfo; readonly address: Va | null }

/** What a move came to: instructions were performed; one is next that has a breakpoint, or accesses a watched page; the kernel is asked, or has answered; a signal was let go; the debugger did something. */
export type Moved = 'ran' | 'breakpoint' | 'watch' | 'asked' | 'answered' | 'released' | 'acted';

const SI_USER = 0;

export class DebuggedMachine extends Machine {
  readonly host: RecordedHost;
  readonly watches = new Watches();
  /** What the processor came back with, not yet answered. */
  asked: Exit | null = null;
  held: Held | null = null;
  private events = 0;
  private released: SignalInfo | null = null;
  /** Turns that have ended, which changes who waits for what. */
  private turns = 0;
  private owesTurnEnd = false;
  private performsOne = false;
  private readonly faulted = { address: 0, code: 0 };

  constructor(host: RecordedHost, options: Omit<MachineOptions, 'host'>) {
    super({ ...options, host });
    this.host = host;
    this.kernel.holds = (task, info, address) => this.holds(task, info, address);
  }
  get position(): Position { return { instructions: this.cpu.state.instructions, events: this.asked === null ? this.events : this.events + 0.5 }; }
  /** The next event's number. */
  get event(): number { return this.events; }
  /** The debugger did something, which counts as an event. */
  noteAct(): void { this.events += 1; }

  private holds(task: KernelTask, info: SignalInfo, address: Va | null): boolean {
    if (this.released === info) { this.released = null; return false; }
    if (info.signal === SIGKILL) return false;
    this.held ??= { task, info, address };
    return true;
  }
  protected override perform(budget: number): Exit { return this.performsOne ? this.cpu.runOne() : this.cpu.run(budget); }
  protected override endTurn(): boolean {
    const hasEnded = super.endTurn();
    if (hasEnded) this.turns += 1;
    return hasEnded;
  }
  protected override finish(exit: Exit): void {
    this.answer(exit);
    if (this.held === null) this.endTurn(); else this.owesTurnEnd = true;
  }

  /** The next thing that happens, at most so many instructions. `isOne`: one instruction, whatever generated code there is. */
  move(budget: number, isOne: boolean, choice: SignalChoice): Moved {
    if (this.held !== null) { this.events += 1; this.release(this.held, choice); return 'released'; }
    const { asked } = this;
    if (asked === null) return this.go(budget, isOne);
    this.asked = null;
    this.events += 1;
    Object.assign(this.mmu.fault, this.faulted);
    this.finish(asked);
    return 'answered';
  }
  private go(budget: number, isOne: boolean): Moved {
    this.watches.mode = 'fault';
    this.watches.hasFaulted = false;
    this.performsOne = isOne;
    const exit = this.advance(budget);
    this.watches.mode = 'off';
    this.performsOne = false;
    return exit.reason === 'page-fault' && this.watches.hasFaulted ? 'watch' : this.came(exit);
  }
  /** The instruction that accesses a watched page; what it accesses is noted in `watches`. */
  passWatch(): Moved {
    this.watches.accesses.length = 0;
    this.watches.mode = 'once';
    this.performsOne = true;
    this.cpu.passBreakpoint();
    this.cpu.passFault();
    const exit = this.advance(1);
    this.watches.mode = 'off';
    this.performsOne = false;
    return this.came(exit);
  }
  private came(exit: Exit): Moved {
    if (exit.reason === 'budget' || exit.reason === 'stop') { this.finish(exit); return exit.reason === 'stop' ? 'breakpoint' : 'ran'; }
    this.asked = exit;
    Object.assign(this.faulted, this.mmu.fault);
    return 'asked';
  }
  private release({ task, info, address }: Held, choice: SignalChoice): void {
    const { pending } = task.signals, at = pending.indexOf(info);
    this.held = null;
    if (choice === 'deliver') this.released = info;
    else if (choice === 'discard') pending.splice(at, 1);
    else pending[at] = this.released = { signal: choice.signal, code: SI_USER, address: 0, pid: task.process.pid, uid: 0 };
    this.kernel.deliver(task, address);
    this.kernel.settle();
    if (!this.owesTurnEnd || this.held !== null) return;
    this.owesTurnEnd = false;
    this.endTurn();
  }
  /** Accesses to what is watched are seen from now on. */
  applyWatches(): void {
    this.mmu.watcher = this.watches.isEmpty ? null : (lo, hi, access) => this.watches.see(lo, hi, access);
    this.mmu.flushData();
  }

  /** Everything a stretch without events can change. */
  snapshot(): Snapshot {
    const { state } = this.cpu, context = new Uint8Array(state.contextBytes), { u8 } = this.memory;
    state.saveContext(context);
    return {
      position: this.position, turns: this.turns, context, counters: u8.slice(STATE.instructions, STATE.left), causes: u8.slice(STATE.causes, STATE.bytes), turnLeft: this.turnLeft, cutting: this.cpu.cutting,
      predictor: u8.slice(PREDICTOR.at, PREDICTOR.at + PREDICTOR.bytes), caches: u8.slice(CACHES.at, CACHES.at + (this.cpu.costs.isDetailed ? CACHES.bytes : 0)), memory: u8.slice(PHYSICAL_AT, this.mmu.frames.end),
    };
  }
  /** Nothing has changed since but what a snapshot holds. */
  isQuietSince({ position, turns }: Snapshot): boolean { return this.held === null && position.events === this.events && turns === this.turns; }
  restore({ context, counters, causes, cutting, turnLeft, predictor, caches, memory }: Snapshot): void {
    const { u8 } = this.memory, page = -PAGE_MASK;
    this.asked = null;
    this.cpu.state.loadContext(context);
    u8.set(counters, STATE.instructions);
    u8.set(causes, STATE.causes);
    u8.set(predictor, PREDICTOR.at);
    u8.set(caches, CACHES.at);
    this.turnLeft = turnLeft;
    this.cpu.cutting = cutting;
    const now = new Int32Array(this.memory.buffer, PHYSICAL_AT, memory.length >> 2), then = new Int32Array(memory.buffer);
    for (let at = 0; at < memory.length; at += page) {
      let k = at >> 2;
      const end = (at + page) >> 2;
      while (k < end && now[k] === then[k]) k += 1;
      if (k === end) continue;
      this.mmu.beforeWrite(PHYSICAL_AT + at, page);
      u8.set(memory.subarray(at, at + page), PHYSICAL_AT + at);
    }
    this.mmu.flushData();
  }
}
export interface Snapshot {
  readonly position: Position; readonly turns: number;
  readonly context: Uint8Array; readonly counters: Uint8Array; readonly causes: Uint8Array; readonly turnLeft: number; readonly cutting: readonly number[]; readonly predictor: Uint8Array; readonly caches: Uint8Array; readonly memory: Uint8Array;
}
