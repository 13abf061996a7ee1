/**
 * What happens in a machine, in the format of Chrome's trace viewer and Perfetto ("Trace Event Format"): system calls, faults, trampolines and signals of every
 * task, and which of them the processor works for. Times are microseconds of the guest's, from the program's start.
 */
import type { ByteString } from '../host/host.ts';
import { lastName } from '../host/path.ts';
import type { Machine } from '../machine.ts';
import type { KernelProcess, KernelTask } from '../syscalls/process.ts';
import { signalName } from '../syscalls/signal-names.ts';
import type { SignalInfo } from '../syscalls/signal-state.ts';
import { Trace } from '../syscalls/strace.ts';
import type { Args, Syscall } from '../syscalls/task.ts';

/** Phases: a piece of time, an instant, something about a track. */
type Phase = 'X' | 'i' | 'M';
/** The track of the processor: no process has this number. */
const PROCESSOR = 0;

/** It is told of calls and signals as strace is, and of the rest by the machine. */
export class EventLog extends Trace {
  private readonly machine: Machine;
  private readonly put: (text: string) => void;
  private readonly startNs: number;
  private readonly known = new Set<number>();
  /** By tid, when a call began that has not returned. */
  private readonly begun = new Map<number, number>();
  private running: KernelTask | null = null;
  private runningSince = 0;
  private isFirst = true;
  private told = '';

  /** `also`: gets what strace prints. */
  constructor(machine: Machine, put: (text: string) => void, also: ((line: string) => void) | null) {
    let told = (_: string): void => { /* Not before the log is there. */ };
    super(line => { told(line); also?.(line); });
    told = line => { this.told = line.replace(/^\[pid +\d+\] /, ''); };
    this.machine = machine; this.put = put;
    this.startNs = machine.kernel.system.clock.monotonicNs();
    put('{"displayTimeUnit":"ns","traceEvents":[\n');
    this.name(PROCESSOR, PROCESSOR, 'processor', 'task');
  }
  now(): number { return (this.machine.kernel.system.clock.monotonicNs() - this.startNs) / 1000; }

  override call(task: KernelTask, number: number, row: Pick<Syscall, 'name' | 'shape'> | null, args: Args, result: number | null): void {
    super.call(task, number, row, args, result);
    const since = this.begun.get(task.tid) ?? this.now();
    this.begun.delete(task.tid);
    this.piece(task, row?.name ?? `syscall ${number}`, 'syscall', since, { call: this.told });
  }
  override signal(task: KernelTask, info: SignalInfo): void {
    super.signal(task, info);
    this.event('i', signalName(info.signal), 'signal', this.now(), task.process.pid, task.tid, { signal: this.told }, ',"s":"t"');
  }
  override ended(process: KernelProcess, waitStatus: number): void {
    super.ended(process, waitStatus);
    this.event('i', 'exit', 'task', this.now(), process.pid, process.pid, { status: this.told }, ',"s":"p"');
  }
  /** A call begins: it may return when others have run. */
  begin(task: KernelTask): void { this.begun.set(task.tid, this.now()); }
  /** From `since` until now. */
  piece(task: KernelTask, name: string, category: string, since: number, args: Readonly<Record<string, unknown>>): void {
    this.event('X', name, category, since, task.process.pid, task.tid, args, `,"dur":${this.rounded(this.now() - since)}`);
  }
  /** Who has the processor; null: nobody any more. */
  runs(task: KernelTask | null): void {
    const { running, runningSince: since } = this;
    if (task === running) return;
    if (running !== null) this.event('X', this.nameOf(running), 'task', since, PROCESSOR, PROCESSOR, { tid: running.tid }, `,"dur":${this.rounded(this.now() - since)}`);
    this.running = task; this.runningSince = this.now();
    if (task === null || this.known.has(task.tid)) return;
    this.known.add(task.tid);
    this.name(task.process.pid, task.tid, this.nameOf(task), `thread ${task.tid}`);
  }
  end(): void {
    this.runs(null);
    this.put('\n]}\n');
  }
  private nameOf({ process, tid }: KernelTask): ByteString { return `${lastName(process.executable.path)}/${tid}`; }
  private name(pid: number, tid: number, process: string, thread: string): void {
    this.event('M', 'process_name', '', 0, pid, tid, { name: process });
    this.event('M', 'thread_name', '', 0, pid, tid, { name: thread });
  }
  private rounded(microseconds: number): number { return Math.round(microseconds * 1000) / 1000; }
  private event(phase: Phase, name: string, category: string, at: number, pid: number, tid: number, args: Readonly<Record<string, unknown>>, more = ''): void {
    const head = `"name":${JSON.stringify(name)},"ph":"${phase}"${category === '' ? '' : `,"cat":"${category}"`},"ts":${this.rounded(at)}${more}`;
    this.put(`${this.isFirst ? '' : ',\n'}{${head},"pid":${pid},"tid":${tid},"args":${JSON.stringify(args)}}`);
    this.isFirst = false;
  }
}
