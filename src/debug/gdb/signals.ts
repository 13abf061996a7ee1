/** Linux's signals by gdb's numbers (include/gdb/signals.def as documented in the GDB manual, appendix E.3; signal(7)). */

/** gdb's number, by Linux's. 143 is "unknown". */
const GDB: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, 143, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
  77, ...Array.from({ length: 31 }, (_, k) => 45 + k), 78,
];
const LINUX = new Map(GDB.map((gdb, linux) => [gdb, linux]));
export function gdbSignal(linux: number): number { return GDB[linux] ?? 143; }
/** null: Linux has no such signal. */
export function linuxSignal(gdb: number): number | null { return LINUX.get(gdb) ?? null; }
