/** Runs a bench guest in a machine of its own, without a disk, and reads what it tells of calls that were refused. */
import { ErrnoTable } from '../host/errno-table.ts';
import { bytesOf } from '../host/host.ts';
import { MemoryHost } from '../host/memory-host.ts';
import { Machine, type Counters, type MachineOptions, type Mark } from '../machine.ts';
import { signalName } from '../syscalls/signal-names.ts';
import { REFUSAL_BYTES } from './program.ts';

export type { Counters, Mark };
export interface GuestRun {
  readonly status: number;
  /** What killed it: a signal's name, and whether it was code that may not run. */
  readonly death: string | null;
  readonly counters: Counters;
  /** Marks it came to, in order. */
  readonly marks: readonly Mark[];
  /** What it wrote, both streams. */
  readonly output: string;
  readonly reports: readonly string[];
  /** Calls that failed, in order: `mmap EACCES`. */
  readonly refusals: readonly string[];
}

const MEMORY_BYTES = 256 << 20;
/** Up to so many trampolines a guest is over before generated code pays. Who performs makes no difference to what is counted but TLB misses, which are the emulator's own. */
export const INTERPRETED_MAX = 256;

/** A run is a machine of its own: what processor, which policy and seed. */
export type GuestOptions = Pick<MachineOptions, 'cpu' | 'policy' | 'seed'>;

export function runImage(elf: Uint8Array, args: readonly string[] = [], options: GuestOptions = {}): GuestRun {
  const host = new MemoryHost({ '/bench': elf }), marks: Mark[] = [];
  const machine = new Machine({ host, memoryBytes: MEMORY_BYTES, onMark: mark => { marks.push(mark); }, ...options });
  const refusal = machine.exec('/bench', ['bench', ...args], []);
  if (refusal !== null) return { status: refusal.status, death: null, counters: machine.counters(), marks, output: '', reports: [refusal.sentence], refusals: [] };
  const { status, signal } = machine.run();
  return { status, death: signal === null ? null : deathOf(signal, host.reports), counters: machine.counters(), marks, output: host.output, reports: host.reports, refusals: refusalsIn(bytesOf(host.output), machine) };
}
/** A fault at the address that was to be executed: no call had failed before, the processor refuses. */
export function deathOf(signal: number, reports: readonly string[]): string {
  const isFetch = reports.some(report => /at rip (0x[0-9a-f]+)[^,]*, address \1$/.test(report));
  return `${signalName(signal)}${isFetch ? ' when called' : ''}`;
}
function refusalsIn(told: Uint8Array, { kernel }: Machine): readonly string[] {
  const view = new DataView(told.buffer, told.byteOffset, told.length), errors = new ErrnoTable(), refusals: string[] = [];
  for (let at = 0; at + REFUSAL_BYTES <= told.length; at += REFUSAL_BYTES) {
    const number = view.getInt32(at, true), errno = -view.getInt32(at + 8, true);
    refusals.push(number < 0 ? 'failed' : `${kernel.nameOf(number) || number} ${errors.byNumber(errno)?.name ?? errno}`);
  }
  return refusals;
}
