/** Linux's signals by gdb's numbers (include/gdb/signals.def as documented in the GDB manual, appendix E.3; signal(7)), and what ptrace(2) says of other stops. */
import type { SignalInfo } from '../../syscalls/signal-state.ts';
import type { Stop } from '../stops.ts';

/** gdb's number, by Linux's. 143 is "unknown". */
const GDB: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, 143, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
  77, ...Array.from({ length: 31 }, (_, k) => 45 + k), 78,
];
const LINUX = new Map(GDB.map((gdb, linux) => [gdb, linux]));
export function gdbSignal(linux: number): number { return GDB[linux] ?? 143; }
/** null: Linux has no such signal. */
export function linuxSignal(gdb: number): number | null { return LINUX.get(gdb) ?? null; }

const SIGINT = 2, SIGTRAP = 5, SI_USER = 0, SI_KERNEL = 128, TRAP_TRACE = 2, TRAP_HWBKPT = 4;
/** si_code of SIGTRAP, by what stopped the program (sigaction(2)). */
const TRAP_CODES: Readonly<Partial<Record<Stop['reason'], number>>> = { breakpoint: SI_KERNEL, step: TRAP_TRACE, watchpoint: TRAP_HWBKPT };
export function infoOf(stop: Stop): SignalInfo {
  if (stop.reason === 'signal') return stop.info;
  return { signal: stop.reason === 'interrupt' ? SIGINT : SIGTRAP, code: TRAP_CODES[stop.reason] ?? SI_USER, address: 0 };
}
