/** What processes share beside files: made when first asked for, so that a program that does without pays nothing. */
import type { ByteString } from '../host/host.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { HostInput } from './host-input.ts';
import { HostTerminal } from './host-terminal.ts';
import type { Watches } from './inotify.ts';
import { IpcTable } from './ipc.ts';
import { LockTable } from './locks.ts';
import type { NamedQueue } from './mqueue.ts';
import { QUEUES_MAX, type MessageQueue } from './msg.ts';
import { PipeBudget } from './pipe.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import type { Pty } from './pty.ts';
import { SETS_MAX, type SemaphoreSet } from './sem.ts';
import { SEGMENTS_MAX, type Segment } from './shm.ts';
import { FOREGROUND_GROUP, SANE_FLAGS } from './terminal.ts';
import { Attributes } from './xattr.ts';

export class SharedObjects {
  /** Pseudo-terminals, by number. */
  readonly ptys = new Map<number, Pty>();
  /** POSIX message queues, by name. */
  readonly names = new Map<ByteString, NamedQueue>();
  /** Those too that are open without a name: they count against the limit. */
  readonly allQueues = new Set<NamedQueue>();
  /** What membarrier(2) was told, by address space. */
  readonly barriers = new WeakMap<AddressSpace, number>();
  /** sched_setscheduler(2), ioprio_set(2). */
  readonly policies = new WeakMap<KernelTask, number>();
  readonly ioPriorities = new WeakMap<KernelProcess, number>();
  /** inotify(7)'s, once there are any. */
  watches: Watches | null = null;
  /** What all pipes hold; timers of timer_create(2); what all epolls watch. */
  readonly pipes = new PipeBudget();
  posixTimers = 0;
  readonly epollWatches = { count: 0 };
  private attributeStore: Attributes | null = null;
  private lockTable: LockTable | null = null;
  private segmentTable: IpcTable<Segment> | null = null;
  private semaphoreTable: IpcTable<SemaphoreSet> | null = null;
  private queueTable: IpcTable<MessageQueue> | null = null;
  private terminals: Map<bigint, HostTerminal> | null = null;
  private inputs: Map<string, HostInput> | null = null;

  get hasAttributes(): boolean { return this.attributeStore !== null; }
  get attributes(): Attributes { return this.attributeStore ??= new Attributes(); }
  get locks(): LockTable { return this.lockTable ??= new LockTable(); }
  get segments(): IpcTable<Segment> { return this.segmentTable ??= new IpcTable(SEGMENTS_MAX); }
  get semaphores(): IpcTable<SemaphoreSet> { return this.semaphoreTable ??= new IpcTable(SETS_MAX); }
  get queues(): IpcTable<MessageQueue> { return this.queueTable ??= new IpcTable(QUEUES_MAX); }
  /** A terminal of the host, by its device number. It controls the session of the first process. */
  hostTerminal(device: bigint): HostTerminal {
    this.terminals ??= new Map();
    const known = this.terminals.get(device);
    if (known !== undefined) return known;
    const terminal = new HostTerminal(SANE_FLAGS);
    terminal.session = terminal.foreground = FOREGROUND_GROUP;
    this.terminals.set(device, terminal);
    return terminal;
  }

  /** A stream of the host by which something comes in, by its file. */
  hostInput(key: string, make: () => HostInput): HostInput {
    this.inputs ??= new Map();
    let input = this.inputs.get(key);
    if (input === undefined) this.inputs.set(key, input = make());
    return input;
  }
  forgetQueue(queue: NamedQueue): void {
    if (queue.openings === 0 && this.names.get(queue.name) !== queue) this.allQueues.delete(queue);
  }
  /** A process has ended: what it did to semaphores is undone, and who waits to be told of messages waits no more. */
  exited(process: KernelProcess): void {
    if (this.semaphoreTable !== null) for (const set of this.semaphoreTable.all()) set.exited(process);
    for (const queue of this.names.values()) if (queue.notice?.process === process) queue.notice = null;
    for (const pty of this.ptys.values()) if (pty.terminal.session === process.pid) pty.leave();
  }
}
