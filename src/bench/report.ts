/** The comparison as text: one table, and a sentence on each of the discussion's two claims. */
import type { Measurement } from './measure.ts';

type Column = { readonly title: string; readonly cell: (m: Measurement, base: Measurement) => string };
const number = (value: number, digits: number): string => value.toFixed(digits);
const bytes = (value: number): string => value < 0.5 ? '0' : Math.round(value).toString();

const COLUMNS: readonly Column[] = [
  { title: 'contender', cell: m => m.contender.name },
  { title: 'instructions', cell: m => number(m.instructions, 1) },
  { title: 'cycles', cell: m => number(m.cycles, 1) },
  { title: 'page faults', cell: m => number(m.pageFaults, 0) },
  { title: 'system calls', cell: m => number(m.systemCalls, 0) },
  { title: 'TLB misses', cell: m => number(m.tlbMisses, 0) },
  { title: 'code B', cell: m => bytes(m.memory.code) },
  { title: 'data B', cell: (m, base) => bytes(m.memory.data - base.memory.data) },
  { title: 'tables B', cell: (m, base) => bytes(m.memory.tables - base.memory.tables) },
  { title: 'kernel B', cell: m => bytes(m.memory.kernel) },
  { title: 'ratio', cell: (m, base) => `${number(m.cycles / base.cycles, 2)}x` },
];

export function table(rows: readonly Measurement[], base: Measurement): string {
  return columns([COLUMNS.map(c => c.title), ...rows.map(m => COLUMNS.map(c => c.cell(m, base)))]);
}
/** Titles and rows, the first column to the left. */
export function columns(cells: readonly (readonly string[])[]): string {
  const widths = cells[0].map((_, n) => Math.max(...cells.map(row => row[n].length)));
  const line = (row: readonly string[]): string => row.map((text, n) => n === 0 ? text.padEnd(widths[n]) : text.padStart(widths[n])).join('  ').trimEnd();
  return [line(cells[0]), widths.map(w => '-'.repeat(w)).join('  '), ...cells.slice(1).map(line)].join('\n');
}

/** The claims at the heart of the discussion, answered with the table's own numbers. */
export function sentences(find: (name: string) => Measurement): string {
  const trampfd = find('trampfd, by fault'), yardstick = find('system call'), loop = find('indirect call');
  const userspace = [find('return trampoline, drop'), find('return trampoline, return'), find('code page + data page')];
  const fastest = userspace.reduce((a, b) => a.cycles <= b.cycles ? a : b), slowest = userspace.reduce((a, b) => a.cycles >= b.cycles ? a : b);
  const overLoop = (m: Measurement): number => m.cycles - loop.cycles;
  const perCall = overLoop(trampfd) / overLoop(yardstick);
  const first = `"About the same amount of time as getpid()": ${perCall < 1.5 ? 'holds' : 'does not hold'}. An invocation through the fault costs ${number(perCall, 1)} times a plain `
    + `system call (${number(overLoop(trampfd), 0)} cycles against ${number(overLoop(yardstick), 0)} beyond the indirect call), because an exception takes the slow way into the kernel and back.`;
  const second = `"Userspace is much faster", and memory: ${trampfd.cycles > 5 * slowest.cycles ? 'holds' : 'does not hold'}. Userspace trampolines take ${number(fastest.cycles, 1)} to ${number(slowest.cycles, 1)} cycles, `
    + `${number(trampfd.cycles / slowest.cycles, 0)} to ${number(trampfd.cycles / fastest.cycles, 0)} times fewer than trampfd's ${number(trampfd.cycles, 0)}; trampfd in turn needs no page of code or data `
    + `(${bytes(trampfd.memory.code)} bytes), only ${bytes(trampfd.memory.kernel)} bytes in the kernel and a mapping of its own, where they need `
    + `${bytes(fastest.memory.code + fastest.memory.data - loop.memory.data)} to ${bytes(slowest.memory.code + slowest.memory.data - loop.memory.data)} bytes of shared pages.`;
  return `${first}\n${second}`;
}
