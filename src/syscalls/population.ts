/** Who lives in the machine, as /proc tells it. */
import type { ByteString } from '../host/host.ts';
import type { KernelProcess, KernelTask } from './process.ts';

export interface TaskDescription {
  readonly name: ByteString;
  /** R, S, T or Z. */
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly threads: number;
  /** Processor time used, and when it began. */
  readonly cpuNs: number;
  readonly startNs: number;
  readonly sharedPending: bigint;
}
/** When the first program started, on the monotonic clock. */
const START_NS = 100e9;

export function pids(viewer: KernelTask): readonly number[] { return [viewer.process.pid]; }
/** The first task of a process, or a thread by its own number. */
export function taskOf(viewer: KernelTask, id: number): KernelTask | null { return id === viewer.process.pid || id === viewer.tid ? viewer : null; }
export function tasksOf(viewer: KernelTask, process: KernelProcess): readonly KernelTask[] { return process === viewer.process ? [viewer] : []; }
export function taskCount(_viewer: KernelTask): number { return 1; }
export function describe(task: KernelTask): TaskDescription {
  const { process } = task;
  return {
    name: process.name, state: 'R', group: process.pid, session: process.pid, threads: 1, cpuNs: process.system.clock.cpuNs(), startNs: START_NS, sharedPending: 0n,
  };
}
