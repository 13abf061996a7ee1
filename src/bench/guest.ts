/** Runs a bench guest in a machine of its own, without a disk, and reads what it tells of calls that were refused. */
import { ErrnoTable } from '../host/errno-table.ts';
import { bytesOf } from '../host/host.ts';
import { MemoryHost } from '../host/memory-host.ts';
import { Machine, type Counters } from '../machine.ts';
import type { SecurityPolicy } from '../syscalls/policy.ts';
import { REFUSAL_BYTES } from './program.ts';

export type { Counters };
export interface GuestRun {
  readonly status: number;
  /** What killed it. */
  readonly signal: number | null;
  readonly counters: Counters;
  /** What it wrote, both streams. */
  readonly output: string;
  readonly reports: readonly string[];
  /** Calls that failed, in order: `mmap EACCES`. */
  readonly refusals: readonly string[];
}

const MEMORY_BYTES = 256 << 20;

export function runImage(elf: Uint8Array, args: readonly string[] = [], policy: SecurityPolicy | null = null): GuestRun {
  const host = new MemoryHost({ '/bench': elf });
  const machine = new Machine({ host, memoryBytes: MEMORY_BYTES, policy });
  const refusal = machine.exec('/bench', ['bench', ...args], []);
  if (refusal !== null) return { status: refusal.status, signal: null, counters: machine.counters(), output: '', reports: [refusal.sentence], refusals: [] };
  const { status, signal } = machine.run();
  return { status, signal, counters: machine.counters(), output: host.output, reports: host.reports, refusals: refusalsIn(bytesOf(host.output), machine) };
}
function refusalsIn(told: Uint8Array, { kernel }: Machine): readonly string[] {
  const view = new DataView(told.buffer, told.byteOffset, told.length), errors = new ErrnoTable(), refusals: string[] = [];
  for (let at = 0; at + REFUSAL_BYTES <= told.length; at += REFUSAL_BYTES) {
    const number = view.getInt32(at, true), errno = -view.getInt32(at + 8, true);
    refusals.push(number < 0 ? 'failed' : `${kernel.nameOf(number) || number} ${errors.byNumber(errno)?.name ?? errno}`);
  }
  return refusals;
}
