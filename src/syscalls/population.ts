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

export function pids({ process: { system } }: KernelTask): readonly number[] { return [...system.processes.keys()].sort((a, b) => a - b); }
/** A process by its number, or by that of one of its threads. */
export function processOf({ process: { system } }: KernelTask, id: number): KernelProcess | null {
  return system.processes.get(id) ?? system.tasks.get(id)?.process ?? null;
}
export function taskCount({ process: { system } }: KernelTask): number { return system.tasks.size; }
export function describe(task: KernelTask): TaskDescription {
  const { process } = task, { system, group, session } = process, isLeader = task.tid === process.pid;
  return {
    name: task.name, state: process.isStopped ? 'T' : task.sleep === null ? 'R' : 'S', group, session, threads: process.tasks.length,
    cpuNs: isLeader ? system.life.cpuNs(process) : system.life.taskCpuNs(task), startNs: process.startNs,
    sharedPending: task.signals.shared.reduce((bits, { signal }) => bits | 1n << BigInt(signal - 1), 0n),
  };
}
