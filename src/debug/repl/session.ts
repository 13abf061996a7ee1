/** A debugging session: a target, which may be started again, what is to stop it, and how it goes on, in steps that a person thinks in. Prints lines; throws a Mistake. */
import type { Va } from '../../base/types.ts';
import type { KernelProcess, KernelTask } from '../../syscalls/process.ts';
import { Backtrace, callBefore, type Frame } from '../backtrace.ts';
import { codeAt } from '../code.ts';
import { evaluate, type Scope } from '../expression.ts';
import { fail } from '../mistake.ts';
import { Names } from '../names.ts';
import { bytesOfNumber, numberOf } from '../registers.ts';
import type { Stop } from '../stops.ts';
import { type Resume, Target, type TargetOptions } from '../target.ts';
import { Log } from './log.ts';
import { type Point, Points } from './points.ts';
import { Calls, type Speaker, stopLines } from './told.ts';
import { type Format, hex, sliceOf, sliceValue, withSlice } from './values.ts';

/** Who drives a session: where its lines go, and whether the user wants the program to stop. */
export interface Driver {
  say(line: string): void;
  /** Called between slices while the program runs. true: it is to stop. */
  breathe?(): Promise<boolean>;
}
/** An address at which a journey ends if the condition holds there. */
interface Goal { readonly address: Va; readonly isThere: (tid: number) => boolean }
export interface Display { readonly number: number; readonly text: string; readonly show: () => string }

/** Between two looks at the user. */
const SLICE_INSTRUCTIONS = 2_000_000;
const FRAMES_MAX = 256;
/** SIGALRM, SIGCHLD, SIGURG, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO: everyday matters, as for gdb. */
const EVERYDAY_SIGNALS = [14, 17, 23, 26, 27, 28, 29];

export class Session {
  readonly points = new Points();
  readonly displays: Display[] = [];
  readonly variables = new Map<string, bigint>();
  readonly names = new Names();
  readonly calls = new Calls();
  readonly log = new Log(this.calls);
  readonly passedSignals = new Set(EVERYDAY_SIGNALS);
  readonly driver: Driver;
  /** Every instruction is printed before it is performed. */
  isTracing = false;
  isOver = false;
  /** What x showed last, and where that ended. */
  examined: { readonly format: Format; readonly end: Va } | null = null;
  lastStop: Stop | null = null;
  private readonly open: () => TargetOptions;
  private now: Target | null = null;
  private selected: number | null = null;
  private isBack = false;

  /** `open`: what to debug, anew for every start. */
  constructor(open: () => TargetOptions, driver: Driver) { this.open = open; this.driver = driver; }
  say(line: string): void { this.driver.say(line); }

  // — the target —

  /** The program from its beginning on. */
  start(): void {
    const target = Target.open(this.open());
    if ('sentence' in target) fail(target.sentence);
    this.now = target;
    this.log.clear();
    target.onEvent = (what, tid) => { this.log.event(target.position, what, tid, this.speakerOf(target, tid)); };
    this.lastStop = null;
    this.points.forget();
    this.select(target.tid);
    this.isBack = false;
    this.apply();
  }
  kill(): void { this.now = null; this.selected = null; }
  get hasTarget(): boolean { return this.now !== null; }
  get target(): Target { return this.now ?? fail('the program does not run; `run` starts it'); }
  /** The thread that commands are about. */
  get task(): KernelTask { const { target, selected } = this; return (selected === null ? null : target.task(selected)) ?? fail('the program has ended; `run` starts it again, reverse commands go back'); }
  get tid(): number { return this.task.tid; }
  get process(): KernelProcess { return this.task.process; }
  get rip(): Va { return this.target.rip(this.tid) ?? 0; }
  select(tid: number | null): void { this.selected = tid; }
  apply(): void {
    if (this.now === null) return;
    this.now.catches.passedSignals = this.passedSignals;
    this.points.apply(this.now, (this.selected === null ? null : this.now.task(this.selected)?.process.pid) ?? this.now.now.kernel.first?.pid ?? 0);
  }

  // — looking —

  register(name: string): bigint | null {
    const slice = sliceOf(this.target.registers, name);
    if (slice === null) return null;
    return sliceValue(slice, this.target.readRegister(this.tid, slice.register) ?? new Uint8Array(0));
  }
  setRegister(name: string, value: bigint): void {
    const { target, tid } = this, slice = sliceOf(target.registers, name);
    if (slice === null) { this.variables.set(name, value); return; }
    const old = numberOf(target.readRegister(tid, slice.register) ?? new Uint8Array(0));
    target.writeRegister(tid, slice.register, bytesOfNumber(BigInt.asUintN(8 * slice.register.bytes, withSlice(slice, old, value)), slice.register.bytes));
  }
  load(at: bigint, length: number): Uint8Array { return at > BigInt(Number.MAX_SAFE_INTEGER) ? new Uint8Array(0) : this.target.readMemory(this.process.pid, Number(at), length); }
  readonly scope: Scope = {
    register: name => this.register(name) ?? this.variables.get(name) ?? null,
    symbol: name => { const found = this.names.find(this.process, name); return found === null ? null : BigInt(found.start); },
    load: (at, length) => { const bytes = this.load(at, length); return bytes.length < length ? null : numberOf(bytes); },
  };
  value(text: string): bigint { return evaluate(text, this.scope); }
  address(text: string): Va {
    const value = BigInt.asUintN(64, this.value(text));
    return value < 1n << 53n ? Number(value) : fail(`${hex(value)} is no address of a program`);
  }
  /** `0x401000 <main>`. */
  place(at: Va): string { const name = this.nameOf(at); return name === null ? hex(at) : `${hex(at)} <${name}>`; }
  nameOf(at: Va): string | null { return this.names.at(this.process, at); }
  private speakerOf(target: Target, tid: number): Speaker {
    const process = target.task(tid)?.process ?? null;
    return {
      place: at => { const name = process === null ? null : this.names.at(process, at); return name === null ? hex(at) : `${hex(at)} <${name}>`; },
      register: name => numberOf(target.readRegister(tid, target.registers.find(name)!) ?? new Uint8Array(0)),
    };
  }
  private readonly speaker: Speaker = { place: at => this.place(at), register: name => this.register(name) ?? 0n };
  /** Where the thread is: its next instruction. */
  whereLine(): string {
    const { target, names, process, rip } = this, line = codeAt(target, names, process, rip, 1)[0];
    return `=> ${this.place(rip)}: ${line?.text ?? '(nothing is mapped here)'}`;
  }
  frames(most = FRAMES_MAX): readonly Frame[] { return new Backtrace(this.target, this.names).of(this.process, name => Number(this.register(name) ?? 0n), most); }

  // — going on —

  /** What stops the program, whatever it is. */
  private async once(how: Resume): Promise<Stop> {
    const { target, driver } = this;
    target.resume(how);
    for (;;) {
      const stop = target.advance(SLICE_INSTRUCTIONS);
      if (stop !== null) return stop;
      if (await driver.breathe?.() === true) return target.interrupted();
    }
  }
  /** Until a goal or something the user wants to know of. */
  private async travel(how: Resume, goals: readonly Goal[] = []): Promise<void> {
    const { target } = this, marks = goals.map(({ address }) => ({ address, pid: null })), traced = this.isTracing ? this.traced(how) : how;
    this.isBack = false;
    for (const mark of marks) target.addBreakpoint(mark);
    try {
      for (;;) {
        const stop = await this.once(traced), isThere = stop.reason === 'breakpoint' && goals.some(({ address, isThere }) => address === stop.address && isThere(stop.tid));
        this.arrive(stop);
        const points = this.met(stop);
        if (points !== null || isThere) { this.tell(stop, points ?? []); return; }
      }
    } finally { for (const mark of marks) target.removeBreakpoint(mark); }
  }
  private traced(how: Resume): Resume {
    if (how.how === 'step') return how;
    return { how: 'until', tid: null, isThere: () => {
      this.select(this.target.tid);
      if (this.target.tid !== null) this.say(this.traceLine());
      return how.how === 'until' && (how.tid === null || how.tid === this.target.tid) && how.isThere();
    } };
  }
  private traceLine(): string { return `${this.target.tasks.length > 1 ? `[${this.tid}] ` : ''}${this.whereLine().slice(3)}`; }
  private arrive(stop: Stop): void {
    this.lastStop = stop;
    this.select(this.target.task(stop.tid) === null ? this.target.tid : stop.tid);
  }
  /** The points that a stop is for; null: nobody wants to know. */
  private met(stop: Stop): readonly Point[] | null {
    const points = this.points.of(stop);
    if (points === null) return [];
    const met = points.filter(point => {
      if (point.condition !== null && this.value(point.condition) === 0n) return false;
      point.hits += 1;
      if (point.ignored === 0) return true;
      point.ignored -= 1;
      return false;
    });
    for (const point of met) if (point.isTemporary) this.points.remove(point);
    if (met.some(({ isTemporary }) => isTemporary)) this.apply();
    return met.length > 0 ? met : null;
  }
  tell(stop: Stop, points: readonly Point[]): void {
    if (stop.reason === 'end' || !this.isAlive) { this.sayEnd(); return; }
    for (const { number, what } of points) this.say(`${points.length > 0 && stop.reason === 'watchpoint' ? 'watchpoint' : 'breakpoint'} ${number}: ${what}`);
    const at = stop.reason === 'step' && stop.invocation !== null ? stop.invocation.address : stop.reason === 'trampoline' ? stop.invocation.address : null;
    const isPresent = at !== null && (Number(this.process.memory.walk(at).at(-1)?.entry ?? 0n) & 1) !== 0;
    for (const line of stopLines(stop, this.isBack, this.calls, this.speaker, isPresent)) this.say(line);
    this.showPlace();
  }
  /** Where it is now, and what is displayed at every stop. */
  showPlace(): void {
    if (this.target.tasks.length > 1) this.say(`thread ${this.tid}`);
    this.say(this.whereLine());
    for (const display of this.displays) this.showDisplay(display);
  }
  showDisplay({ number, text, show }: Display): void { this.say(`${number}: ${text} = ${show()}`); }
  get isAlive(): boolean { return this.now !== null && this.now.tid !== null; }
  private sayEnd(): void {
    const { ending } = this.target, signal = ending?.signal ?? null;
    this.say(signal === null ? `the program has ended with status ${ending?.status ?? 0}` : `the program was killed by signal ${signal}`);
  }

  async step(count: number): Promise<void> {
    for (let k = 0; k < count; k++) {
      const { tid } = this;
      if (k < count - 1) {
        this.isBack = false;
        const stop = await this.once({ how: 'step', tid });
        this.arrive(stop);
        const points = this.met(stop);
        if (stop.reason !== 'step' || stop.invocation !== null || this.isTracing) this.tell(stop, points ?? []);
        if (stop.reason !== 'step') return;
      } else await this.travel({ how: 'step', tid });
    }
  }
  async continue(): Promise<void> { await this.travel({ how: 'continue' }); }
  /** Over calls and repeated instructions. */
  async next(): Promise<void> {
    const { tid, rip, process, target } = this, instruction = target.instructionAt(process.pid, rip);
    if (instruction === null) { await this.step(1); return; }
    const after = rip + instruction.length;
    if (instruction.flow === 'call' || instruction.flow === 'call-indirect') await this.travel({ how: 'continue' }, [this.goal(after, tid, this.register('rsp')!)]);
    else if (instruction.rep !== null) await this.travel({ how: 'until', tid, isThere: () => target.rip(tid) !== rip });
    else await this.step(1);
  }
  /** Back in a frame whose RSP was that, or that is gone by now. */
  private goal(address: Va, tid: number, rsp: bigint): Goal { return { address, isThere: who => who === tid && this.rspOf(tid) >= rsp }; }
  private rspOf(tid: number): bigint { return numberOf(this.target.readRegister(tid, this.target.registers.find('rsp')!) ?? new Uint8Array(0)); }
  async finish(): Promise<void> {
    const { tid } = this, frame = this.frames(1)[0];
    if (frame?.caller == null || frame.cfa === null || frame.caller === 0) fail('nobody knows where this function returns to');
    await this.travel({ how: 'continue' }, [this.goal(frame.caller, tid, BigInt(frame.cfa))]);
    if (this.isAlive && this.lastStop?.reason === 'breakpoint' && this.lastStop.address === frame.caller) this.say(`rax ${hex(this.register('rax')!)}`);
  }
  async until(address: Va): Promise<void> { await this.travel({ how: 'continue' }, [{ address, isThere: () => true }]); }
  /** Like next, but never back to where a loop begins. */
  async untilAfter(): Promise<void> {
    const { tid, rip, process, target } = this, instruction = target.instructionAt(process.pid, rip), first = instruction?.operands[0];
    const isBackward = instruction !== null && first?.kind === 'rel' && first.disp < 0 && (instruction.flow === 'branch' || instruction.flow === 'jump');
    if (isBackward) await this.travel({ how: 'continue' }, [this.goal(rip + instruction.length, tid, this.register('rsp')!)]); else await this.next();
  }

  // — going back —

  private get backTid(): number | null { return this.selected !== null && this.target.task(this.selected) !== null ? this.selected : null; }
  back(count: number): void {
    const { target } = this, tid = this.backTid, isThere = target.back(count, tid);
    this.cameBack({ reason: isThere ? 'step' : 'start', invocation: null, tid: tid ?? target.tid ?? 0, pid: 0 });
  }
  private cameBack(stop: Stop, points: readonly Point[] = []): void {
    this.isBack = true;
    this.log.cut(this.target.position);
    this.arrive(stop);
    this.tell(stop, points);
  }
  /** To the last stop that the user wants to know of, or to a goal. */
  reverseContinue(goals: readonly Goal[] = []): void {
    const { target } = this, marks = goals.map(({ address }) => ({ address, pid: null }));
    for (const mark of marks) target.addBreakpoint(mark);
    try {
      for (;;) {
        const stop = target.continueBack(), isThere = stop.reason === 'breakpoint' && goals.some(({ address, isThere }) => address === stop.address && isThere(stop.tid));
        this.arrive(stop);
        const points = this.met(stop);
        if (points !== null || isThere) { this.cameBack(stop, points ?? []); return; }
      }
    } finally { for (const mark of marks) target.removeBreakpoint(mark); }
  }
  /** Back over what the instruction before did: if that was a return, to the call. */
  reverseNext(): void {
    const { target } = this, tid = this.backTid ?? fail('the thread is gone');
    if (!target.back(1, tid)) { this.cameBack({ reason: 'start', tid, pid: 0 }); return; }
    this.arrive({ reason: 'step', invocation: null, tid, pid: 0 });
    const { process, rip } = this, rsp = this.register('rsp')!;
    if (target.instructionAt(process.pid, rip)?.flow !== 'return') { this.cameBack({ reason: 'step', invocation: null, tid, pid: 0 }); return; }
    const call = callBefore(target, process, Number(numberOf(this.load(rsp, 8))));
    if (call === null) { this.cameBack({ reason: 'step', invocation: null, tid, pid: 0 }); return; }
    this.reverseContinue([{ address: call, isThere: who => who === tid && this.rspOf(tid) === rsp + 8n }]);
  }
  /** To the call that led into this function. */
  reverseFinish(): void {
    const { tid } = this, frame = this.frames(1)[0], call = frame?.caller == null ? null : callBefore(this.target, this.process, frame.caller);
    if (frame?.cfa == null || call === null) fail('nobody knows where this function was called');
    this.reverseContinue([{ address: call, isThere: who => who === tid && this.rspOf(tid) === BigInt(frame.cfa!) }]);
  }
}
