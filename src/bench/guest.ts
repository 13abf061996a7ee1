/** Runs a bench guest in a machine of its own, without a disk. */
import { MemoryHost } from '../host/memory-host.ts';
import { Machine, type Counters } from '../machine.ts';

export type { Counters };

const MEMORY_BYTES = 64 << 20;

export function runImage(elf: Uint8Array): { readonly status: number; readonly counters: Counters; readonly reports: readonly string[] } {
  const host = new MemoryHost({ '/bench': elf });
  const machine = new Machine({ host, memoryBytes: MEMORY_BYTES });
  const refusal = machine.exec('/bench', ['bench'], []);
  if (refusal !== null) return { status: refusal.status, counters: machine.counters(), reports: [refusal.sentence] };
  const { status } = machine.run();
  return { status, counters: machine.counters(), reports: host.reports };
}
