/** Process groups as terminals see them (credentials(7), setpgid(2)). */
import type { System } from './process.ts';
import { raiseProcess } from './signal.ts';

const SI_KERNEL = 128;

/** From the kernel to every process of a group. */
export function signalGroup(system: System, group: number, signal: number): void {
  for (const process of system.processes.values()) {
    if (process.group === group && process.waitStatus === null) raiseProcess(process, { signal, code: SI_KERNEL, address: 0 });
  }
}
