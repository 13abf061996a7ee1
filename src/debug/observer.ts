/** Looks at a machine before and after every move, and says what of it a debugger wants to hear. */
import { SLOT } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { addressOf } from '../base/words.ts';
import { decode } from '../decoder/decode.ts';
import type { Exit } from '../exec/cpu.ts';
import { PF_FETCH } from '../mmu/fault.ts';
import { PROT_EXEC } from '../mmu/vma.ts';
import type { KernelProcess, KernelTask } from '../syscalls/process.ts';
import { TrampolineFile } from '../trampfd/trampoline.ts';
import type { DebuggedMachine, Moved } from './debugged-machine.ts';
import type { Position } from './history.ts';
import { GENERAL, type Registers } from './registers.ts';
import type { Invocation, StopReason } from './stops.ts';
import type { Catches } from './target.ts';
import type { Watchpoint } from './watches.ts';

/** Something to stop for, and whose it is. */
export interface Entry { readonly what: StopReason; readonly task: KernelTask | null; readonly pid?: number }

const RAX = 0, GENERALS = 16, SIZE_DEFAULT = 8, INSTRUCTION_BYTES_MAX = 15;

/** A task's RIP, whether it runs or not. */
export function ripOf({ kernel, cpu }: DebuggedMachine, task: KernelTask): Va {
  if (kernel.current === task) return cpu.state.rip;
  const view = new DataView(task.context.buffer, task.context.byteOffset);
  return addressOf(view.getInt32(8 * SLOT.rip, true), view.getInt32(8 * SLOT.rip + 4, true));
}

interface Asked { readonly exit: Exit; readonly number: number; readonly rip: Va; readonly memory: KernelProcess['memory']; readonly general: readonly bigint[] | null; readonly address: Va }

export class Observer {
  /** The last move took the task elsewhere, other than by an instruction: through a trampoline, or into a handler. */
  wasMoved = false;
  invocation: Invocation | null = null;
  /** Where the instruction began whose access was seen last; null: the kernel's was. */
  lastAccess: Position | null = null;
  /** Told of every system call, page fault and trampoline, whatever is to stop the program. */
  onEvent: ((what: StopReason, task: KernelTask) => void) | null = null;
  private readonly machine: DebuggedMachine;
  private readonly registers: Registers;
  private readonly tasks = new Map<number, KernelTask>();
  private readonly processes = new Map<number, KernelProcess>();
  private readonly values = new Map<Watchpoint, Uint8Array>();
  /** By tid: the call whose return is waited for. */
  private readonly calls = new Map<number, number>();
  private readonly vforks = new Map<KernelProcess, KernelTask>();
  private readonly queue: Entry[] = [];
  private asked: Asked | null = null;
  private rip: Va = 0;
  private accessBytes = 0;
  private accessFrom: Position | null = null;

  constructor(machine: DebuggedMachine, registers: Registers) {
    this.machine = machine; this.registers = registers;
    this.reset();
  }
  /** Who there is now is known. */
  reset(): void {
    const { system } = this.machine.kernel;
    this.tasks.clear(); this.processes.clear(); this.calls.clear(); this.vforks.clear(); this.queue.length = 0;
    for (const [tid, task] of system.tasks) this.tasks.set(tid, task);
    for (const [pid, process] of system.processes) if (process.waitStatus === null) this.processes.set(pid, process);
    for (const process of this.processes.values()) if (!process.hasLetGo && process.parent?.tasks[0] !== undefined) this.vforks.set(process, process.parent.tasks[0]);
  }
  /** What watched bytes are now is how they should be. */
  refresh(watchpoints: Iterable<Watchpoint>): void {
    this.values.clear();
    for (const point of watchpoints) this.values.set(point, this.valueOf(point));
  }
  private valueOf({ pid, address, length }: Watchpoint): Uint8Array {
    const process = this.machine.kernel.system.processes.get(pid);
    return process === undefined || process.waitStatus !== null ? new Uint8Array(0) : process.memory.peek(address, length);
  }
  /** What was seen and not told yet. */
  next(): Entry | null { return this.queue.shift() ?? null; }

  // — before —

  before(task: KernelTask | null): void {
    const { machine } = this, exit = machine.asked;
    this.wasMoved = false; this.invocation = null; this.accessFrom = null;
    this.asked = null;
    if (task === null) return;
    this.rip = ripOf(machine, task);
    if (exit === null) return;
    const fault = exit.reason === 'page-fault' ? exit.fault : null, { memory } = task.process;
    const isRefused = fault !== null && (fault.code & PF_FETCH) !== 0 && ((memory.find(fault.address)?.prot ?? PROT_EXEC) & PROT_EXEC) === 0;
    const general = isRefused ? Array.from({ length: GENERALS }, (_, k) => machine.cpu.state.get(k)) : null;
    this.asked = { exit, number: exit.reason === 'syscall' ? task.registers.low(RAX) : -1, rip: this.rip, memory, general, address: fault?.address ?? 0 };
  }
  /** An instruction is about to access a watched page. */
  accessing(task: KernelTask): void {
    const { machine } = this, bytes = task.process.memory.peek(ripOf(machine, task), INSTRUCTION_BYTES_MAX), instruction = bytes.length === 0 ? null : decode(bytes, 0, bytes.length);
    this.accessFrom = machine.position;
    this.accessBytes = Math.max(...instruction?.operands.map(({ kind, size }) => kind === 'mem' ? size : 0) ?? [], 0) || SIZE_DEFAULT;
  }

  // — after —

  look(moved: Moved, task: KernelTask, catches: Catches, watchpoints: ReadonlySet<Watchpoint>): void {
    const { machine, queue } = this;
    if (this.accessFrom !== null) {
      if (machine.position.instructions > this.accessFrom.instructions) this.compare(task, watchpoints, this.accessFrom);
      this.accessFrom = null;
    }
    if (moved === 'asked') this.lookAtQuestion(task, catches);
    if (moved !== 'answered' && moved !== 'released') return;
    this.wasMoved = !task.isGone && ripOf(machine, task) !== this.rip && (moved === 'released' || this.asked?.exit.reason === 'page-fault');
    if (this.wasMoved && this.asked?.general != null) this.lookAtInvocation(task, this.asked, this.asked.general, catches);
    if (this.onEvent !== null && this.asked !== null && this.asked.number !== -1 && machine.task === task) this.onEvent({ reason: 'syscall', phase: 'return', number: this.asked.number, name: machine.kernel.nameOf(this.asked.number) }, task);
    this.lookAtPopulation(task, catches);
    if (watchpoints.size > 0) this.compare(null, watchpoints, null);
    const { task: current } = machine, number = current === null ? undefined : this.calls.get(current.tid);
    if (current === null || number === undefined) return;
    this.calls.delete(current.tid);
    queue.push({ what: { reason: 'syscall', phase: 'return', number, name: machine.kernel.nameOf(number) }, task: current });
  }
  private lookAtQuestion(task: KernelTask, { syscalls, pageFaults }: Catches): void {
    const { asked, kernel } = this.machine;
    if (asked?.reason === 'page-fault') this.onEvent?.({ reason: 'page-fault', ...asked.fault }, task);
    else if (asked?.reason === 'syscall') this.onEvent?.({ reason: 'syscall', phase: 'entry', number: task.registers.low(RAX), name: kernel.nameOf(task.registers.low(RAX)) }, task);
    if (asked?.reason === 'page-fault' && pageFaults) this.queue.push({ what: { reason: 'page-fault', ...asked.fault }, task });
    const number = task.registers.low(RAX);
    if (asked?.reason !== 'syscall' || syscalls === null || syscalls !== 'all' && !syscalls.has(number)) return;
    this.calls.set(task.tid, number);
    this.queue.push({ what: { reason: 'syscall', phase: 'entry', number, name: kernel.nameOf(number) }, task });
  }
  private lookAtInvocation(task: KernelTask, { memory, address }: Asked, general: readonly bigint[], { trampolines }: Catches): void {
    const { machine } = this, object = memory.find(address)?.object, isRunning = machine.kernel.current === task;
    const state = isRunning ? machine.cpu.state : this.registers.stateOf(task.context), names = GENERAL;
    const registers = general.flatMap((old, k) => { const now = state.get(k); return now === old ? [] : [{ name: names[k]!, old, now }]; });
    const stack = object instanceof TrampolineFile ? object.stack : null;
    const at = stack === null ? 0 : stack.isMoving ? state.rsp : Number(general[4]) - stack.data.length - stack.offset;
    this.invocation = {
      address, type: object instanceof TrampolineFile ? object.fdinfo().split('\n')[0]!.replace('type: ', '') : object?.name ?? '', registers,
      pushed: stack === null ? null : { at, bytes: stack.data }, target: state.rip,
    };
    this.onEvent?.({ reason: 'trampoline', invocation: this.invocation }, task);
    if (trampolines) this.queue.push({ what: { reason: 'trampoline', invocation: this.invocation }, task });
  }
  /** Who came, who went, who runs something else. */
  private lookAtPopulation(task: KernelTask, catches: Catches): void {
    const { tasks, processes } = this.machine.kernel.system, { asked, queue } = this;
    if (asked !== null && !task.isGone && task.process.memory !== asked.memory) {
      this.tasks.clear();
      for (const [tid, other] of tasks) this.tasks.set(tid, other);
      if (catches.execs) queue.push({ what: { reason: 'exec', path: task.process.executable.path }, task });
    }
    for (const [tid, child] of tasks) if (!this.tasks.has(tid)) {
      const { process } = child, reason = process === task.process ? 'clone' : process.hasLetGo ? 'fork' : 'vfork';
      this.tasks.set(tid, child); this.processes.set(process.pid, process);
      if (reason === 'vfork') this.vforks.set(process, task);
      if (reason === 'clone' ? catches.clones : catches.forks) queue.push({ what: { reason, child: tid, childPid: process.pid }, task });
    }
    for (const [child, parent] of this.vforks) if (child.hasLetGo) {
      this.vforks.delete(child);
      if (catches.forks && !parent.isGone) queue.push({ what: { reason: 'vfork-done' }, task: parent });
    }
    if (this.tasks.size === tasks.size) return;
    for (const [tid, gone] of this.tasks) if (!tasks.has(tid)) {
      this.tasks.delete(tid); this.calls.delete(tid);
      if (catches.clones && gone.process.waitStatus === null) queue.push({ what: { reason: 'task-exit' }, task: gone });
    }
    for (const [pid, process] of this.processes) if (process.waitStatus !== null || processes.get(pid) !== process) {
      this.processes.delete(pid);
      const status = process.waitStatus ?? 0, signal = status & 0x7f;
      if (catches.exits) queue.push({ what: { reason: 'exit', status: status >> 8, signal: signal === 0 ? null : signal }, task: null, pid });
    }
  }
  /** `task`: whose instruction it was; null: the kernel's doing. */
  private compare(task: KernelTask | null, points: ReadonlySet<Watchpoint>, from: Position | null): void {
    const { accesses } = this.machine.watches;
    for (const point of points) {
      const { pid, kind, address, length } = point, old = this.values.get(point) ?? new Uint8Array(0), now = this.valueOf(point);
      this.values.set(point, now);
      const isChanged = !isEqual(old, now), isOwn = task !== null && task.process.pid === pid;
      const isMet = isOwn && accesses.some(({ at, isWrite }) => at < address + length && at + this.accessBytes > address && (kind === 'access' || kind === 'read' && !isWrite));
      if (!(kind === 'read' ? isMet : isMet || isChanged)) continue;
      this.lastAccess = from;
      this.queue.push({ what: { reason: 'watchpoint', kind, address, length, old, now }, task });
    }
  }
}
/** Memory that is gone has not changed. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean { return b.length < a.length || a.every((byte, k) => byte === b[k]); }
