/** The Linux kernel of the emulated machine: makes processes, answers system calls, lets tasks take turns, tells how programs end (syscalls(2), sched(7)). */
import { EAGAIN, EINTR, ENOMEM, ENOSYS, ERESTARTSYS } from '../base/errno.ts';
import { assert } from '../base/assert.ts';
import { WORD } from '../base/words.ts';
import type { Va } from '../base/types.ts';
import type { ByteString, Host } from '../host/host.ts';
import { AddressSpace } from '../mmu/address-space.ts';
import type { Mmu } from '../mmu/mmu.ts';
import type { SwitchedRegisters } from '../mmu/user.ts';
import { CallArgs, RAX } from './args.ts';
import { CHUNK_BYTES } from './buffers.ts';
import { CYCLES_PER_NANOSECOND, HostClock, VirtualClock } from './clock.ts';
import { Entropy } from './entropy.ts';
import { type ExecRequest, Images, loadProgram, type LoadedProgram, type Refusal } from './exec.ts';
import { DescriptorTable } from './fd-table.ts';
import { FileDescription, type Result } from './file.ts';
import { Futexes } from './futex-queues.ts';
import { leaveFutexes } from './futex.ts';
import { inheritedFile } from './host-file.ts';
import { Network } from './net/network.ts';
import { PageCache, PhysicalMemory } from './pages.ts';
import { personalityAfterExec } from './personality.ts';
import type { SecurityPolicy } from './policy.ts';
import { KernelProcess, KernelTask, type Identification, type Life, type System } from './process.ts';
import { OFTEN_FAMILIES } from './often-table.ts';
import { RARE_FAMILIES } from './rare-table.ts';
import {
  actionOf, CLD_EXITED, CLD_KILLED, claim, deliver, hasPending, infoFrom, isInterrupted, isKilled, isOrphaned, newSignalState, raiseProcess, resetForExec, SA_NOCLDWAIT, SIGCHLD, SIGCONT,
  SIGHUP, takeStop,
} from './signal.ts';
import { SharedObjects } from './shared-objects.ts';
import { SIG_IGN, type SignalInfo } from './signal-state.ts';
import { symbolAt } from './symbols.ts';
import { tableOf, USUAL_FAMILIES } from './table.ts';
import { Vigil } from './host-input.ts';
import { GuestFiles } from './special.ts';
import type { Args, Control, Sleep, Syscall, SyscallRows } from './task.ts';
import { Timers } from './timers.ts';
import { forgetPosixTimers } from './timer-calls.ts';
import { signalName } from './signal-names.ts';
import type { Trace } from './strace.ts';
import { O_RDONLY, O_RDWR, O_WRONLY } from './uapi.ts';

export interface KernelOptions {
  readonly host: Host;
  readonly mmu: Mmu;
  /** Cycles the processor has run: what time is made of. */
  readonly cycles: () => number;
  /** The processor's registers, which tasks take turns to have. */
  readonly registers: SwitchedRegisters;
  /** Told that a handler was entered: it costs time. */
  readonly onHandler?: () => void;
  /** Told again and again as long as all sleep and time passes outside: it may stop the machine. */
  readonly whileIdle?: (() => void) | undefined;
  /** Asked for when a number is nobody else's. */
  readonly extraCalls?: () => SyscallRows<KernelTask>;
  /** What may become code; null or absent: anything. */
  readonly policy?: SecurityPolicy | null;
  readonly seed?: number;
  /** 'host': dates are today's. */
  readonly clock?: 'virtual' | 'host';
  /** CPUID.1:EDX, for AT_HWCAP. */
  readonly hwcap?: number;
  /** AT_HWCAP2. */
  readonly hwcap2?: number;
  /** For /proc/cpuinfo. */
  readonly cpuid?: Identification;
}
/** How a program ended: `status` is what a shell sees, `signal` what killed it, or null. */
export interface Ending { readonly status: number; readonly signal: number | null }

/** The first process there is, and where numbers begin again (Linux: PID_MAX_DEFAULT, RESERVED_PIDS). */
const FIRST_PID = 1000, PIDS_END = 32_768, PIDS_AGAIN_FROM = 300;
/** FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2: the x86-64 baseline. */
const HWCAP_BASELINE = 0x0780_8111;
/** Falling asleep and being woken takes so long: who is interrupted again and again gets to the end of its time all the same. */
const INTERRUPTED_NANOSECONDS = 1000;
/** Calls that make no difference to anybody but those they rouse. */
const QUIET_CALLS: ReadonlySet<string> = new Set(['futex', 'sched_yield', 'nanosleep', 'clock_nanosleep', 'clock_gettime', 'gettimeofday', 'getpid', 'gettid', 'rt_sigprocmask', 'mmap', 'mprotect', 'madvise', 'brk']);
/** How long all wait for standard input before others go on without; how often these look whether it has come. */
const PATIENCE_MILLISECONDS = 20, LOOK_NANOSECONDS = 2_000_000n;
/** What a shell gives a program that had to be stopped. */
const STATUS_DEADLOCK = 2;

export class Kernel implements Life {
  readonly system: System;
  /** Writes a line for every call and signal; null: silent. */
  trace: Trace | null = null;
  /** Asked before a signal takes effect; true: it stays pending, and whoever said so has it delivered later. */
  holds: ((task: KernelTask, info: SignalInfo, address: Va | null) => boolean) | null = null;
  /** The task that runs; null once all have ended. */
  current: KernelTask | null = null;
  /** How the first process ended; null: it runs. */
  ending: Ending | null = null;
  /** The first process: its memory stays after its end, for reports. */
  first: KernelProcess | null = null;
  private readonly options: KernelOptions;
  private readonly table = tableOf(USUAL_FAMILIES);
  private oftenTable: ReturnType<typeof tableOf> | null = null;
  private rareTable: ReturnType<typeof tableOf> | null = null;
  private readonly args = new CallArgs();
  /** Who may run, in order; who sleeps; of these whom to ask at every turn, and whom next time. */
  private readonly ready: KernelTask[] = [];
  private readonly sleepers = new Set<KernelTask>();
  private readonly curious = new Set<KernelTask>();
  private readonly roused = new Set<KernelTask>();
  private lastSleep = 0;
  /** Something happened since the curious were asked that could make a difference to them. */
  private isNews = true;
  /** Whose registers the processor has. */
  private loaded: KernelTask | null = null;
  private lastPid = FIRST_PID - 1;
  private lookedOutsideNs = 0n;
  /** When the current task's time was last counted, in cycles. */
  private countedAt = 0;

  constructor(options: KernelOptions) {
    const { host, mmu, cycles } = options;
    const memory = new PhysicalMemory(mmu.memory.u8, mmu.frames, mmu);
    const files = new GuestFiles(host), isHostClock = options.clock === 'host', clock = isHostClock ? new HostClock(cycles, host) : new VirtualClock(cycles);
    files.useClock(() => BigInt(clock.realSeconds()) * 1_000_000_000n + BigInt(clock.realNanoseconds()));
    let inodes = 0, network: Network | null = null;
    this.options = options;
    this.system = {
      host: files, special: files.special, cpuid: options.cpuid ?? null, memory, pageCache: new PageCache(memory), entropy: new Entropy(options.seed ?? 1), staging: new Uint8Array(CHUNK_BYTES),
      clock, newInode: () => ++inodes,
      timers: new Timers(), outside: { isAwaited: false, patienceMilliseconds: isHostClock ? 0 : PATIENCE_MILLISECONDS }, futexes: new Futexes(tid => { const task = this.system.tasks.get(tid); if (task !== undefined) this.rouseTask(task); }), processes: new Map(), tasks: new Map(), life: this,
      images: new Images(),
      processor: { hwcap: options.hwcap ?? HWCAP_BASELINE, hwcap2: options.hwcap2 ?? 0, extendedBytes: options.registers.extendedBytes },
      get network() { return network ??= new Network(() => ++inodes); },
      shared: new SharedObjects(), policy: options.policy ?? null,
    };
    options.policy?.begin(this.system);
    memory.spaces = () => Array.from(this.system.processes.values(), process => process.memory);
  }

  // — programs —

  /** The first task of the first process, which runs `path`. Relative paths start from the host's directory. */
  exec(path: ByteString, argv: readonly ByteString[], envp: readonly ByteString[]): KernelTask | Refusal {
    const { host } = this.system, prepared = this.prepare({ path, directory: host.directory, argv, envp });
    if ('sentence' in prepared) return prepared;
    const { space, loaded } = prepared, pid = this.newPid();
    const process = new KernelProcess({
      pid, parent: null, memory: space, files: this.standardFiles(), system: this.system, executable: loaded.executable,
      fs: { directory: host.directory, umask: host.umask }, name: loaded.name, group: pid, session: pid,
    });
    const task = new KernelTask(pid, process, this.options.registers, newSignalState());
    this.first = process;
    this.start(task);
    this.ready.pop();
    this.current = this.loaded = task;
    enter(task.registers, loaded.entry, loaded.executable.stackPointer);
    space.activate();
    return task;
  }
  private prepare(request: ExecRequest): { readonly space: AddressSpace; readonly loaded: LoadedProgram } | Refusal {
    const space = AddressSpace.create(this.options.mmu);
    if (space === null) return { sentence: 'physical memory is full', status: 126, errno: ENOMEM };
    const loaded = loadProgram(this.system, space, request);
    if (!('sentence' in loaded)) return { space, loaded };
    space.release();
    return loaded;
  }
  execute(task: KernelTask, request: ExecRequest): number {
    const prepared = this.prepare(request);
    if ('sentence' in prepared) return -prepared.errno;
    const { space, loaded } = prepared, { process } = task;
    for (const other of [...process.tasks]) if (other !== task) this.removeTask(other);
    leaveFutexes(task);
    if (task.tid !== process.pid) { this.system.tasks.delete(task.tid); task.tid = process.pid; this.system.tasks.set(task.tid, task); }
    if (process.files.isShared) { const own = process.files.copy(); process.files.release(); process.files = own; }
    process.files.closeForExec();
    process.memory.release();
    process.memory = space; process.executable = loaded.executable; process.name = loaded.name;
    process.personality = personalityAfterExec(process.personality);
    process.hasExecuted = true; process.hasLetGo = true; process.isDumpable = true; process.parentDeathSignal = 0;
    task.ownName = null; task.clearTidAt = 0; task.robustListAt = 0;
    if (this.system.shared.posixTimers > 0) forgetPosixTimers(process);
    resetForExec(task.signals);
    enter(task.registers, loaded.entry, loaded.executable.stackPointer);
    space.activate();
    return 0;
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
  newPid(): number {
    const { processes, tasks } = this.system, taken = new Set<number>();
    for (const { group, session } of processes.values()) taken.add(group).add(session);
    for (let tried = 0; tried < PIDS_END; tried++) {
      this.lastPid = this.lastPid + 1 < PIDS_END ? this.lastPid + 1 : PIDS_AGAIN_FROM;
      if (!processes.has(this.lastPid) && !tasks.has(this.lastPid) && !taken.has(this.lastPid)) return this.lastPid;
    }
    return -EAGAIN;
  }

  // — system calls —

  private rowOf(number: number): Syscall<KernelTask> | null {
    return this.table[number] ?? (this.oftenTable ??= tableOf(OFTEN_FAMILIES))[number] ?? (this.rareTable ??= tableOf([...RARE_FAMILIES, this.options.extraCalls?.() ?? []]))[number] ?? null;
  }
  /** A call's name; '' for a number that is nobody's. */
  nameOf(number: number): string { return this.rowOf(number)?.name ?? ''; }
  /**
   * Answers the call whose number is in RAX, and has somebody run: the same task or, where that sleeps or has ended, `current`, before whose next
   * instruction `settle` is to be asked. Gives what became of the call where it did not return; null where it did.
   */
  call(task: KernelTask): Control | null {
    const { registers } = task, number = registers.low(RAX), { args } = this;
    args.take(registers);
    const row = this.rowOf(number);
    const outcome = row === null ? -ENOSYS : row.run(task, args);
    if (row === null || !QUIET_CALLS.has(row.name)) this.isNews = true;
    if (typeof outcome === 'number') {
      this.trace?.call(task, number, row, args, outcome);
      setResult(registers, this.told(task, number, outcome));
      return null;
    }
    if (outcome.then === 'sleep') {
      task.call = { number, args: args.copy() };
      this.putToSleep(task, outcome);
      const { waitStatus } = task.process;
      return waitStatus === null ? null : { then: 'exit', status: waitStatus >> 8, scope: 'process' };
    }
    // strace shows what sigreturn leaves in RAX as its result.
    const shown = outcome.then === 'exit' ? null : Number(BigInt.asIntN(64, registers.get(RAX)));
    this.trace?.call(task, number, row, args, shown);
    if (outcome.then === 'exit') {
      if (outcome.scope === 'task') this.endTask(task, outcome.status); else this.end(task.process, (outcome.status & 0xff) << 8);
      this.schedule();
    }
    return outcome;
  }
  /** What the program hears of a result: nothing of a call that is made again once its signals have been dealt with. */
  private told(task: KernelTask, number: number, result: Result): Result {
    if (result !== -ERESTARTSYS) return result;
    task.restart = number;
    return -EINTR;
  }
  /** A call that the kernel makes on a task's behalf, and that does not sleep: its result alone. */
  serve(task: KernelTask, number: number, args: Args): Result {
    const outcome = this.rowOf(number)?.run(task, args) ?? -ENOSYS;
    return typeof outcome === 'number' ? outcome : -EAGAIN;
  }
  /** To be asked before the current task goes on: it gets its signals, and whoever runs in its place if they end or stop it. */
  settle(): void {
    for (let task = this.current; task !== null && (hasPending(task.signals) || task.signals.savedMask !== null || task.restart !== null);) {
      this.deliver(task, null);
      if (this.current === task) return;
      task = this.current;
    }
  }
  /**
   * Hands the current task its signals; where one kills or stops it, somebody else is current then. `address`: of the fault that raised one.
   */
  deliver(task: KernelTask, address: Va | null): void {
    const { holds } = this;
    const outcome = deliver(task, info => this.trace?.signal(task, info), holds === null ? null : info => holds(task, info, address));
    if (outcome === 'none') return;
    if (outcome === 'handled') { this.options.onHandler?.(); return; }
    if (outcome === 'stopped') { this.ready.push(task); this.schedule(); return; }
    this.killed(task, outcome.killed, address);
    this.schedule();
  }

  // — taking turns —

  /** Nobody else could want the processor, and no time is waited for. */
  get isAlone(): boolean { return this.ready.length === 0 && this.sleepers.size === 0 && this.system.timers.isEmpty; }
  get mayBlock(): boolean { return this.isAlone && this.options.whileIdle === undefined; }
  /** The current task has run for its share: others come first. */
  preempt(): void {
    if (this.current === null) return;
    this.ready.push(this.current);
    this.schedule();
  }
  start(task: KernelTask): void {
    const { process } = task;
    this.system.processes.set(process.pid, process);
    this.system.tasks.set(task.tid, task);
    process.tasks.push(task);
    this.ready.push(task);
  }
  private putToSleep(task: KernelTask, sleep: Sleep): void {
    assert(!task.isGone, 'a task that is gone makes a call');
    task.sleep = sleep;
    sleep.holds?.retain();
    task.sleepNumber = ++this.lastSleep;
    task.hasStopped = false;
    task.sleptAtNs = this.system.clock.monotonicNs();
    this.sleepers.add(task);
    if (sleep.isRoused !== true) this.curious.add(task);
    this.roused.add(task);
    if (sleep.wakesAtNs !== undefined) this.setAlarm(task, sleep.wakesAtNs);
    this.schedule();
  }
  private setAlarm(task: KernelTask, at: number): void {
    task.alarm = this.system.timers.at(at, () => { task.alarm = null; this.rouseTask(task); });
  }
  private leavesSleep(task: KernelTask): void {
    const held = task.sleep?.holds;
    task.sleep = null;
    task.alarm?.cancel();
    task.alarm = null;
    this.sleepers.delete(task); this.curious.delete(task); this.roused.delete(task);
    held?.release();
  }
  stir(): void { this.isNews = true; }
  rouse({ tasks }: KernelProcess): void { for (const task of tasks) this.rouseTask(task); }
  rouseTask(task: KernelTask): void { if (task.sleep !== null) this.roused.add(task); }
  /** Finds who goes on, and gives it the processor. Where all sleep, the clock jumps to what comes next; where nothing will, it is over. */
  private schedule(): void {
    this.count();
    this.current = null;
    const { clock, timers, outside } = this.system;
    let vigil: Vigil | null = null;
    if (outside.isAwaited && this.isTimeToLook()) this.isNews = true;
    for (;;) {
      if (!timers.isEmpty && timers.run(clock.monotonicNs())) this.isNews = true;
      this.wake();
      const next = this.ready.findIndex(task => !task.process.isStopped);
      if (next >= 0) {
        this.resume(this.ready.splice(next, 1)[0]!);
        return;
      }
      if (this.isNews) continue;
      const at = timers.next;
      if (this.ready.length + this.sleepers.size === 0) return;
      this.options.whileIdle?.();
      if (outside.isAwaited) { (vigil ??= new Vigil(this.system)).wait(at); this.isNews = true; } else if (at !== undefined) clock.advanceTo(at);
      else if (!this.isSomebodyRoused()) this.deadlock();
    }
  }
  /** While others run, what sleepers wait for may have come. */
  private isTimeToLook(): boolean {
    const { host, outside } = this.system, now = host.realTimeNs(), isTime = now - this.lookedOutsideNs >= LOOK_NANOSECONDS;
    if (isTime) { this.lookedOutsideNs = now; outside.isAwaited = false; }
    return isTime;
  }
  private isSomebodyRoused(): boolean {
    for (const { process } of this.roused) if (!process.isStopped) return true;
    return false;
  }
  /** Asks the sleepers whose sleep may be over, in the order they went to sleep. */
  private wake(): void {
    const { isNews } = this, asked = [...this.roused];
    this.isNews = false;
    if (isNews) for (const task of this.curious) if (!this.roused.has(task)) asked.push(task);
    asked.sort((a, b) => a.sleepNumber - b.sleepNumber);
    // Who is roused meanwhile is asked next time.
    for (const task of asked) if (task.sleep !== null) this.ask(task);
  }
  private ask(task: KernelTask): void {
    const { process, signals } = task;
    if (hasPending(signals)) takeStop(task);
    if (process.isStopped) return;
    this.roused.delete(task);
    const sleep = task.sleep!, result = sleep.until() ?? this.interrupted(task, sleep);
    if (result === null) return;
    this.leavesSleep(task);
    if (sleep.isRoused !== true) this.isNews = true;
    task.result = result;
    this.ready.push(task);
  }
  /** What a signal makes of a sleep; null: it goes on. */
  private interrupted(task: KernelTask, sleep: Sleep): Result | null {
    const { signals } = task, { onSignal = 'restart' } = sleep;
    if (task.hasStopped && sleep.failsAfterStop === true) {
      sleep.abandoned?.();
      return (typeof onSignal === 'function' ? onSignal() : null) ?? -EINTR;
    }
    if (!hasPending(signals) || !isInterrupted(signals)) return null;
    if (onSignal === 'never' && !isKilled(signals)) return null;
    claim(signals);
    this.system.clock.advanceTo(task.sleptAtNs + INTERRUPTED_NANOSECONDS);
    const result = typeof onSignal === 'function' ? onSignal() : null;
    sleep.abandoned?.();
    if (result !== null) return result;
    if (onSignal !== 'fail') task.restart = task.call?.number ?? null;
    return -EINTR;
  }
  /** The processor goes to a task: its registers, its memory, and what its call returned. */
  private resume(task: KernelTask): void {
    const { registers } = this.options, { loaded } = this;
    if (loaded !== task) {
      if (loaded !== null && !loaded.isGone) {
        loaded.process.memory.leave(registers);
        registers.saveContext(loaded.context);
      }
      registers.loadContext(task.context);
      this.loaded = task;
    }
    task.process.memory.activate();
    this.current = task;
    const { result, call } = task;
    if (result !== null) {
      setResult(registers, this.told(task, call?.number ?? 0, result));
      if (this.trace !== null && call !== null) this.trace.call(task, call.number, this.rowOf(call.number), call.args, result);
      task.result = null;
    }
  }
  /** Time used up to now goes to the current task. */
  private count(): void {
    const now = this.options.cycles();
    if (this.current !== null) this.current.cycles += now - this.countedAt;
    this.countedAt = now;
  }
  cpuNs(process: KernelProcess): number {
    this.count();
    return Math.floor((process.endedCycles + process.tasks.reduce((sum, { cycles }) => sum + cycles, 0)) / CYCLES_PER_NANOSECOND);
  }
  taskCpuNs(task: KernelTask): number {
    this.count();
    return Math.floor(task.cycles / CYCLES_PER_NANOSECOND);
  }
  /** All wait for what nothing can bring about. The user hears of it if the program itself is among them. */
  private deadlock(): void {
    const isStopped = this.first?.isStopped === true;
    if (this.ending === null) {
      this.system.host.report(isStopped ? 'tramp64: the program has stopped itself, and nobody is there to continue it'
        : 'tramp64: deadlock: the program waits for what nothing can bring about');
    }
    this.stop(STATUS_DEADLOCK);
    assert(this.ready.length + this.sleepers.size === 0, 'somebody who is gone waits');
  }

  // — ends —

  endTask(task: KernelTask, status: number): void {
    const { process } = task;
    // What the last one says counts (Linux: synchronize_group_exit).
    if (process.tasks.length === 1) this.end(process, (status & 0xff) << 8); else this.removeTask(task);
  }
  private removeTask(task: KernelTask): void {
    const { process } = task, { tasks } = process;
    this.count();
    task.sleep?.abandoned?.();
    this.leavesSleep(task);
    this.isNews = true;
    task.isGone = true;
    const queued = this.ready.indexOf(task);
    if (queued >= 0) this.ready.splice(queued, 1);
    leaveFutexes(task);
    this.system.tasks.delete(task.tid);
    tasks.splice(tasks.indexOf(task), 1);
    process.endedCycles += task.cycles;
    if (this.current === task) this.current = null;
  }
  end(process: KernelProcess, waitStatus: number): void {
    if (process.waitStatus !== null) return;
    const isKilled = (waitStatus & 0x7f) !== 0;
    this.trace?.ended(process, waitStatus);
    const sigchld = process.parent?.tasks[0] === undefined ? null : actionOf(process.parent.tasks[0].signals, SIGCHLD);
    for (const task of [...process.tasks]) this.removeTask(task);
    process.waitStatus = waitStatus;
    process.isStopped = false; process.hasLetGo = true;
    process.files.release();
    this.system.shared.exited(process);
    this.system.pageCache.flushAll();
    for (const end of process.atEnd.splice(0)) end();
    if (process === this.first) this.ending = { status: isKilled ? 128 + (waitStatus & 0x7f) : waitStatus >> 8, signal: isKilled ? waitStatus & 0x7f : null };
    else process.memory.release();
    this.orphan(process);
    const { parent } = process;
    if (parent === null) { this.forget(process); return; }
    this.rouse(parent);
    const isReaped = process.exitSignal === SIGCHLD && sigchld !== null && (sigchld.handler === SIG_IGN || (sigchld.flags & SA_NOCLDWAIT) !== 0n);
    if (isReaped) this.forget(process);
    if (process.exitSignal === 0) return;
    raiseProcess(parent, infoFrom(process, process.exitSignal, isKilled ? CLD_KILLED : CLD_EXITED, BigInt(isKilled ? waitStatus & 0x7f : waitStatus >> 8)));
  }
  /** Nobody will ask for it any more: its number is free. */
  forget(process: KernelProcess): void {
    this.system.processes.delete(process.pid);
    if (process.parent === null) return;
    process.parent.children.delete(process);
    this.rouse(process.parent);
  }
  /** Children go to the nearest ancestor that wants them, or to nobody: then nobody waits for them. Groups that lose their last tie to the session hear of it. */
  private orphan(process: KernelProcess): void {
    let heir = process.parent;
    while (heir !== null && !heir.isSubreaper) heir = heir.parent;
    for (const child of process.children) {
      if (child.parentDeathSignal !== 0) raiseProcess(child, infoFrom(process, child.parentDeathSignal, 0));
      const wasOrphaned = isOrphaned(child);
      child.parent = heir;
      if (heir !== null) { heir.children.add(child); this.rouse(heir); }
      else if (child.waitStatus !== null) this.system.processes.delete(child.pid);
      if (child.waitStatus !== null || wasOrphaned || !isOrphaned(child)) continue;
      const group = [...this.system.processes.values()].filter(other => other.group === child.group && other.waitStatus === null);
      if (!group.some(({ isStopped }) => isStopped)) continue;
      for (const member of group) for (const signal of [SIGHUP, SIGCONT]) raiseProcess(member, { signal, code: 128, address: 0 });
    }
    process.children.clear();
  }
  /** A signal ends a process. Of the first one the user hears in a line: what, where, and for faults the address. */
  private killed(task: KernelTask, signal: number, address: Va | null): void {
    if (task.process === this.first) {
      const { rip } = task.registers, symbol = symbolAt(task.process, rip);
      const where = `rip 0x${rip.toString(16)}${symbol === null ? '' : ` <${symbol}>`}`;
      const what = address === null ? '' : `, address 0x${address.toString(16)}`;
      this.system.host.report(`tramp64: ${signalName(signal)} at ${where}${what}`);
    }
    this.end(task.process, signal);
  }
  /** Everything ends, with this status: at the user's limits, or because nothing would ever happen. */
  stop(status: number): void { for (const process of [...this.system.processes.values()]) this.end(process, status << 8); }
}

/** Registers at the entry point (psABI §3.4.1): all zero. RDX is what the program registers with atexit. */
function enter(registers: SwitchedRegisters, entry: Va, stackPointer: Va): void {
  registers.reset();
  registers.rip = entry;
  registers.rsp = stackPointer;
}
function setResult(registers: SwitchedRegisters, result: Result): void { registers.setWords(RAX, result | 0, Math.floor(result / WORD)); }
