/** The debugged program: all that a debugger may ask of it, forwards and backwards. See README.md. */
import type { Va } from '../base/types.ts';
import { assert } from '../base/assert.ts';
import { decode } from '../decoder/decode.ts';
import type { CpuState } from '../exec/state.ts';
import type { ByteString, Host } from '../host/host.ts';
import { HostRecord, RecordedHost } from '../host/recorded-host.ts';
import { type Ending, type MachineOptions, sliceAfter } from '../machine.ts';
import type { Refusal } from '../syscalls/exec.ts';
import type { KernelProcess, KernelTask } from '../syscalls/process.ts';
import { PROT_EXEC } from '../mmu/vma.ts';
import { raise } from '../syscalls/signal.ts';
import { Trace } from '../syscalls/strace.ts';
import { TrampolineFile } from '../trampfd/trampoline.ts';
import { DebuggedMachine, type Moved, type Snapshot } from './debugged-machine.ts';
import { hashOf } from './hash.ts';
import { EVENT, History, isBefore, isSame, type Position, type SignalChoice, START } from './history.ts';
import { type Entry, Observer, ripOf } from './observer.ts';
import { type Register, Registers } from './registers.ts';
import type { Invocation, Stop, StopReason } from './stops.ts';
import type { Watchpoint } from './watches.ts';

export interface Program { readonly path: ByteString; readonly argv: readonly ByteString[]; readonly envp: readonly ByteString[] }
export interface TargetOptions {
  readonly host: Host;
  readonly program: Program;
  /** Made anew for every run of the program. */
  readonly machine?: () => Omit<MachineOptions, 'host'>;
}
/** How the program is to go on. */
export type Resume =
  | { readonly how: 'continue' }
  /** One instruction of a task, while others have their turns; or of whoever comes next (null). */
  | { readonly how: 'step'; readonly tid: number | null }
  /** Instruction by instruction of a task, or of all, until the condition holds. */
  | { readonly how: 'until'; readonly tid: number | null; readonly isThere: () => boolean };

/** What stops a program beside breakpoints. */
export interface Catches {
  /** Numbers of system calls; 'all'. */
  syscalls: ReadonlySet<number> | 'all' | null;
  pageFaults: boolean;
  trampolines: boolean;
  forks: boolean;
  clones: boolean;
  execs: boolean;
  exits: boolean;
  /** Signals that are delivered without a stop. */
  passedSignals: ReadonlySet<number>;
}
export interface Breakpoint { readonly address: Va; readonly pid: number | null }

/** Distances in front of the place gone back to at which the machine is kept, in instructions: to go back again from there is quick. */
const SNAPSHOTS_BEFORE: readonly number[] = [2_000_000, 100_000, 3_000];
/** How far back is looked at first for the last stop, in instructions, and how much further each time. */
const SPAN_FIRST = 100_000, SPAN_FACTOR = 16;
const SI_USER = 0, STATUS_KILLED = 137;
const FOREVER = Number.MAX_SAFE_INTEGER;
/** A REP, or a task that waits for its turn, gives others so many moves before anyone looks up. */
const MOVES_A_SLICE = 20_000;

export class Target {
  readonly registers = new Registers();
  readonly catches: Catches = { syscalls: null, pageFaults: false, trampolines: false, forks: false, clones: false, execs: true, exits: true, passedSignals: new Set() };
  private readonly options: TargetOptions;
  private readonly record: HostRecord;
  private readonly history = new History<DebuggedMachine>();
  private readonly breakpoints = new Set<Breakpoint>();
  private readonly watchpoints = new Set<Watchpoint>();
  private machine: DebuggedMachine;
  private observer: Observer;
  /** Breakpoints the processor knows; what it knows of watchpoints is stale. */
  private applied = new Set<Va>();
  private isWatchStale = false;
  private snapshots: Snapshot[] = [];
  private resumed: Resume = { how: 'continue' };
  /** What becomes of the signal that is held. */
  private choice: SignalChoice = 'deliver';
  private isStepDue = false;
  /** Told of system calls, page faults and trampolines as the program gets to them, each time it does: not while it is brought back somewhere. */
  onEvent: ((what: StopReason, tid: number) => void) | null = null;
  private isRewinding = false;
  /** A signal is held that was not told, because something else was first. */
  private owesSignal = false;

  private constructor(options: TargetOptions, machine: DebuggedMachine, record: HostRecord) {
    this.options = options; this.record = record;
    this.machine = machine;
    this.observer = new Observer(machine, this.registers);
  }
  /** A program before its first instruction; or why it cannot run. */
  static open(options: TargetOptions): Target | Refusal {
    const record = new HostRecord(), machine = start(options, record);
    if ('sentence' in machine) return machine;
    const target = new Target(options, machine, record);
    target.history.noteSwitch(START, target.tid);
    return target;
  }

  // — who there is —

  /** The machine as it is now: another one after going back. For looking only. */
  get now(): DebuggedMachine { return this.machine; }
  get tasks(): readonly KernelTask[] { return [...this.machine.kernel.system.tasks.values()]; }
  get processes(): readonly KernelProcess[] { return [...this.machine.kernel.system.processes.values()].filter(({ waitStatus }) => waitStatus === null); }
  /** The task that runs next; null: all have ended. */
  get current(): KernelTask | null { return this.machine.held?.task ?? this.machine.task; }
  get tid(): number | null { return this.current?.tid ?? null; }
  task(tid: number): KernelTask | null { return this.machine.kernel.system.tasks.get(tid) ?? null; }
  process(pid: number): KernelProcess | null { const found = this.machine.kernel.system.processes.get(pid); return found === undefined || found.waitStatus !== null ? null : found; }
  get ending(): Ending | null { return this.machine.kernel.ending; }
  /** The signal that waits for `choose`. */
  get held(): number | null { return this.machine.held?.info.signal ?? null; }

  // — registers and memory —

  private isLoaded(task: KernelTask): boolean { return task === this.machine.kernel.current; }
  private stateOf(task: KernelTask): CpuState { return this.isLoaded(task) ? this.machine.cpu.state : this.registers.stateOf(task.context); }
  readRegister(tid: number, register: Register): Uint8Array | null {
    const task = this.task(tid), bytes = new Uint8Array(register.bytes);
    if (task === null) return null;
    register.read(this.stateOf(task), bytes);
    return bytes;
  }
  /** false: there is no such task. The future that was known is forgotten. */
  writeRegister(tid: number, register: Register, bytes: Uint8Array): boolean {
    if (this.task(tid) === null || bytes.length !== register.bytes) return false;
    const copy = bytes.slice();
    this.act(machine => {
      const task = machine.kernel.system.tasks.get(tid), isLoaded = task === machine.kernel.current;
      if (task === undefined) return;
      const state = isLoaded ? machine.cpu.state : this.registers.stateOf(task.context);
      register.write(state, copy);
      if (!isLoaded) state.saveContext(task.context);
    });
    return true;
  }
  rip(tid: number): Va | null { const task = this.task(tid); return task === null ? null : ripOf(this.machine, task); }
  /** What comes next is no instruction: the task is at a trampoline that is called by its fault. */
  isAtTrampoline(tid: number): boolean {
    const task = this.task(tid), vma = task === null ? null : task.process.memory.find(ripOf(this.machine, task));
    return vma !== null && (vma.prot & PROT_EXEC) === 0 && vma.object instanceof TrampolineFile;
  }
  /** The bytes that are mapped, whatever their protection, up to the first that is not. Nothing is paged in. */
  readMemory(pid: number, at: Va, length: number): Uint8Array {
    return this.process(pid)?.memory.peek(at, length) ?? new Uint8Array(0);
  }
  /** Past protection: false at the first byte that cannot be written. The future that was known is forgotten. */
  writeMemory(pid: number, at: Va, bytes: Uint8Array): boolean {
    const copy = bytes.slice(), result = { isDone: false };
    this.act(machine => {
      const process = machine.kernel.system.processes.get(pid);
      result.isDone = process !== undefined && process.waitStatus === null && process.memory.poke(at, copy);
    });
    return result.isDone;
  }
  /** As if somebody outside had sent it (kill(2)). */
  raise(tid: number, signal: number): void {
    this.act(({ kernel }) => {
      const task = kernel.system.tasks.get(tid);
      if (task === undefined) return;
      raise(task, { signal, code: SI_USER, address: 0, pid: 0, uid: 0 });
      if (task === kernel.current) kernel.settle();
    });
  }
  /** Whether from here on system calls are reported (strace(1)), each of them once. */
  trace(isOn: boolean): void {
    const report = (line: string): void => { this.options.host.report(line); };
    this.act(({ kernel, host }) => { kernel.trace = isOn ? new Trace(line => { if (host.isLive) report(line); }) : null; });
  }
  /** The guest's files, for looking: nothing of it is the program's. */
  get files(): Host { return this.options.host; }
  /** All is over, here. */
  kill(): void { this.act(({ kernel }) => { kernel.stop(STATUS_KILLED); }); }
  /** Something from outside, at this very instant: it is done again whenever the program gets here. */
  private act(act: (machine: DebuggedMachine) => void): void {
    const { machine, history } = this, { position } = machine, { event } = machine;
    history.cut(position);
    this.snapshots = [];
    act(machine);
    if (machine.asked === null) {
      history.addAct(event, position.instructions, act);
      machine.noteAct();
    } else history.addEarly(event, act);
    history.reached(machine.position);
    this.observer.refresh(this.watchpoints);
  }
  /** What becomes of the signal that is held when the program goes on. */
  choose(choice: SignalChoice): void { this.choice = choice; }

  // — what stops it —

  addBreakpoint(breakpoint: Breakpoint): void { this.breakpoints.add(breakpoint); }
  removeBreakpoint(breakpoint: Breakpoint): void { this.breakpoints.delete(breakpoint); }
  addWatchpoint(watchpoint: Watchpoint): void { this.watchpoints.add(watchpoint); this.isWatchStale = true; }
  removeWatchpoint(watchpoint: Watchpoint): void { this.watchpoints.delete(watchpoint); this.isWatchStale = true; }
  clearPoints(): void { this.breakpoints.clear(); this.watchpoints.clear(); this.isWatchStale = true; }
  private hasBreakpoint(address: Va, pid: number): boolean {
    for (const point of this.breakpoints) if (point.address === address && (point.pid === null || point.pid === pid)) return true;
    return false;
  }
  /** Tells the processor what was set and removed: what comes to the same costs nothing. */
  private arm(): void {
    this.observer.onEvent = this.onEvent === null || this.isRewinding ? null : (what, { tid }) => { this.onEvent?.(what, tid); };
    const { cpu } = this.machine, wanted = new Set(Array.from(this.breakpoints, ({ address }) => address));
    for (const address of this.applied) if (!wanted.has(address)) cpu.clearBreakpoint(address);
    for (const address of wanted) if (!this.applied.has(address)) cpu.setBreakpoint(address);
    this.applied = wanted;
    this.observer.refresh(this.watchpoints);
    if (!this.isWatchStale) return;
    this.isWatchStale = false;
    this.machine.watches.set(this.watchpoints);
    this.machine.applyWatches();
  }
  private disarm(): void {
    for (const address of this.applied) this.machine.cpu.clearBreakpoint(address);
    this.applied = new Set();
    this.machine.watches.set([]);
    this.machine.applyWatches();
    this.isWatchStale = true;
  }

  // — forwards —

  /** From here on: a breakpoint at the very next instruction is passed. */
  resume(how: Resume): void {
    this.resumed = how;
    this.isStepDue = false;
    this.arm();
    this.machine.cpu.passBreakpoint();
  }
  /** At most about so many instructions of what `resume` said; null: it goes on. */
  advance(instructions: number): Stop | null {
    const end = this.machine.position.instructions + instructions;
    for (let moves = 0; moves < MOVES_A_SLICE; moves++) {
      const left = end - this.machine.position.instructions;
      if (left <= 0) return null;
      const stop = this.once(left);
      if (stop !== null) { this.history.reached(this.machine.position); this.choice = 'deliver'; return stop; }
    }
    return null;
  }
  /** Until it stops. */
  run(how: Resume): Stop {
    this.resume(how);
    for (;;) { const stop = this.advance(FOREVER); if (stop !== null) return stop; }
  }
  /** It was asked to stop: where it is. */
  interrupted(): Stop { this.history.reached(this.machine.position); return this.stopOf({ reason: 'interrupt' }); }

  private stopOf(what: StopReason, task: KernelTask | null = this.current): Stop {
    return { ...what, tid: task?.tid ?? 0, pid: task?.process.pid ?? this.machine.kernel.first?.pid ?? 0 };
  }
  /** One move, and what of it stops the program. */
  private once(left: number): Stop | null {
    const { machine, resumed, current, observer } = this, seen = observer.next();
    if (seen !== null) return this.told(seen);
    const { held } = machine, owed = this.owesSignal ? held : null;
    this.owesSignal = false;
    if (owed !== null) return this.stopOf({ reason: 'signal', signal: owed.info.signal, info: owed.info });
    if (current === null) return this.stopOf({ reason: 'end' });
    const isOwn = resumed.how !== 'continue' && (resumed.tid === null || current.tid === resumed.tid);
    if (isOwn && this.isStepDue && machine.asked === null && machine.held === null) { const stop = this.stepped(null); if (stop !== null) return stop; }
    const before = machine.position.instructions, moved = this.move(isOwn ? 1 : left, isOwn, observer);
    if (machine.task !== current) machine.cpu.passBreakpoint(false);
    observer.look(moved, current, this.catches, this.watchpoints);
    if (isOwn && machine.position.instructions > before && moved !== 'answered') this.isStepDue = true;
    return this.stopAfter(moved, current) ?? (isOwn ? this.stepAfter(moved, current) : null);
  }
  private told({ what, task, pid }: Entry): Stop { return { ...this.stopOf(what, task), ...pid === undefined ? {} : { pid, tid: pid } }; }
  private stopAfter(moved: Moved, task: KernelTask): Stop | null {
    const { machine: { held, cpu }, observer } = this, seen = observer.next(), isSignal = held !== null && !this.catches.passedSignals.has(held.info.signal);
    this.owesSignal = seen !== null && isSignal;
    if (seen !== null) return this.told(seen);
    if (isSignal) return this.stopOf({ reason: 'signal', signal: held.info.signal, info: held.info });
    if (moved !== 'breakpoint') return null;
    return this.hasBreakpoint(cpu.state.rip, task.process.pid) ? this.stopOf({ reason: 'breakpoint', address: cpu.state.rip }) : null;
  }
  private stepAfter(moved: Moved, task: KernelTask): Stop | null {
    const { machine: { asked, held }, observer } = this;
    // What is asked for by an instruction belongs to it; what the kernel does in place of one counts as one.
    if (this.isStepDue && asked === null && held === null && (moved === 'ran' || this.current === task)) return this.stepped(null);
    if (observer.wasMoved) return this.stepped(observer.invocation);
    return task.isGone ? this.stopOf({ reason: 'step', invocation: null }) : null;
  }
  private stepped(invocation: Invocation | null): Stop | null {
    const { resumed } = this;
    this.isStepDue = false;
    if (resumed.how === 'until') return resumed.isThere() ? this.stopOf({ reason: 'condition' }) : null;
    return this.stopOf({ reason: 'step', invocation });
  }

  /** One move of the machine, with what the debugger did there before, or wants now. */
  private move(budget: number, isOne: boolean, observer: Observer | null): Moved {
    const { history, machine } = this, { instructions } = machine.position;
    const done = history.actAt(machine.event, instructions);
    if (done !== null) { done(machine); machine.noteAct(); return 'acted'; }
    const number = machine.event, most = Math.min(budget, sliceAfter(instructions), history.nextAct(number) - instructions), { task, asked } = machine, rip = task === null ? 0 : ripOf(machine, task);
    const choice = history.choiceAt(number) ?? this.choice;
    observer?.before(task);
    let moved = machine.move(Math.max(1, most), isOne, choice);
    if (moved === 'watch') { if (task !== null) observer?.accessing(task); moved = machine.passWatch(); }
    if (moved === 'asked') for (const act of history.earlyAt(number)) act(machine);
    if (moved === 'answered' || moved === 'released') {
      const isStep = task !== null && !task.isGone && ripOf(machine, task) !== rip && (moved === 'released' || asked?.reason === 'page-fault');
      history.note(number, isStep ? EVENT.step : EVENT.quiet, instructions, machine.position.instructions);
      if (moved === 'released') history.choose(number, choice);
    }
    if (machine.task !== task) history.noteSwitch(machine.position, machine.task?.tid ?? null);
    return moved;
  }

  // — backwards —

  get position(): Position { return this.machine.position; }
  /** The latest position there was. */
  get end(): Position { return this.history.end; }
  /** The record of the host's answers, or of events, did not fit what happened the second time: must not be. */
  get hasParted(): boolean { return this.history.hasParted; }
  /** Where the step that led here began: of a task's, or of any. */
  previous(tid: number | null): Position | null { return this.history.stepBefore(this.position, tid); }
  /** To a position the program has passed. */
  goTo(position: Position): void {
    this.history.reached(this.machine.position);
    assert(!isBefore(this.end, position), 'nobody was there yet');
    this.rewindTo(position);
    this.approach(position);
    this.choice = 'deliver';
    this.owesSignal = false;
    this.observer.reset();
  }
  /** `count` steps back of a task's, or of any: false where the program begins before that. */
  back(count: number, tid: number | null = null): boolean {
    for (let k = 0; k < count; k++) {
      const position = this.previous(tid);
      if (position === null) { this.goTo(START); return false; }
      this.goTo(position);
    }
    return true;
  }
  stepBack(tid: number): Stop {
    const is = this.back(1, tid);
    return this.stopOf(is ? { reason: 'step', invocation: null } : { reason: 'start' }, this.task(tid) ?? this.current);
  }
  /** To the last stop before here, or to the start. It is looked for in ever longer parts of the past, the latest first. */
  continueBack(): Stop {
    const here = this.position;
    let until = here, last: Met | null = null;
    for (let span = SPAN_FIRST; last === null && isBefore(START, until); span *= SPAN_FACTOR) {
      this.approachCount(Math.max(0, here.instructions - span), here);
      const from = this.position;
      last = this.lastStop(until, here);
      until = from;
    }
    this.goTo(last?.at ?? START);
    return last?.stop ?? this.stopOf({ reason: 'start' });
  }
  /** Runs on to a position; the last stop on the way that lies before `here`. */
  private lastStop(until: Position, here: Position): Met | null {
    let last: Met | null = null;
    this.isRewinding = true;
    this.resume({ how: 'continue' });
    this.isRewinding = false;
    this.machine.cpu.passBreakpoint(false);
    for (let before = this.position; isBefore(before, until); before = this.position) {
      const stop = this.once(Math.max(1, until.instructions - before.instructions));
      if (stop === null) continue;
      // An access is met before it happens.
      const at = stop.reason === 'watchpoint' ? this.observer.lastAccess ?? this.history.stepBefore(this.position, null) ?? before : this.position;
      if (isBefore(at, here) && isReversible(stop)) last = { stop, at };
    }
    return last;
  }
  /** Back to where so many instructions were done, and nothing is asked. */
  private approachCount(count: number, here: Position): void {
    const isQuiet = count > 0 && count >= this.history.quietSince(here);
    this.rewindTo({ instructions: count, events: isQuiet ? Math.floor(here.events) : 0 });
    for (let { instructions } = this.position; instructions < count || this.machine.asked !== null; { instructions } = this.position) this.move(count - instructions, count - instructions <= 1, null);
    this.observer.reset();
  }
  /** A machine that is at a position or before it. */
  private rewindTo(position: Position): void {
    if (!isBefore(position, this.machine.position)) { this.disarm(); return; }
    const kept = this.snapshots.filter(snapshot => !isBefore(position, snapshot.position)).at(-1);
    if (kept !== undefined && this.machine.isQuietSince(kept)) {
      this.disarm();
      this.machine.restore(kept);
      this.snapshots = this.snapshots.filter(snapshot => !isBefore(position, snapshot.position));
      return;
    }
    const machine = start(this.options, this.record);
    assert(!('sentence' in machine), 'a program that could run cannot');
    this.machine = machine;
    this.observer = new Observer(machine, this.registers);
    this.applied = new Set();
    this.isWatchStale = true;
    this.snapshots = [];
  }
  private approach(position: Position): void {
    const { machine, history } = this, quiet = history.quietSince(position);
    const marks = Number.isInteger(position.events) ? SNAPSHOTS_BEFORE.map(distance => Math.max(quiet, position.instructions - distance)) : [];
    this.snapshots = this.snapshots.filter(snapshot => snapshot.position.events === position.events);
    for (;;) {
      const now = machine.position;
      if (isSame(now, position)) return;
      assert(isBefore(now, position), 'the program went past where it was to stop');
      const left = position.instructions - now.instructions, isQuiet = now.events === position.events && machine.held === null;
      if (isQuiet && marks.includes(now.instructions) && this.snapshots.at(-1)?.position.instructions !== now.instructions) this.snapshots.push(machine.snapshot());
      const mark = isQuiet ? marks.find(at => at > now.instructions) ?? position.instructions : position.instructions;
      this.move(Math.max(1, Math.min(left, mark - now.instructions)), left <= 1, null);
    }
  }
  /** A number for all a program can see: registers and memory of every task, and what was counted. */
  hash(): string { return hashOf(this.machine, task => this.stateOf(task), this.registers); }
  /** The bytes of an instruction: fewer where memory ends. */
  instructionAt(pid: number, at: Va): ReturnType<typeof decode> {
    const bytes = this.readMemory(pid, at, 15), padded = new Uint8Array(15);
    padded.set(bytes);
    return bytes.length === 0 ? null : decode(padded, 0, bytes.length);
  }
}
/** A stop on the way back, and where it is gone back to. */
interface Met { readonly stop: Stop; readonly at: Position }
function isReversible({ reason }: Stop): boolean { return reason === 'breakpoint' || reason === 'watchpoint' || reason === 'syscall' || reason === 'trampoline' || reason === 'page-fault'; }

function start({ host, program, machine }: TargetOptions, record: HostRecord): DebuggedMachine | Refusal {
  const made = new DebuggedMachine(new RecordedHost(host, record), machine?.() ?? {});
  return made.exec(program.path, program.argv, program.envp) ?? made;
}
