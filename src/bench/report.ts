/** The comparison as text: tables, and a sentence on each of the discussion's two claims. */
import type { Measurement } from './measure.ts';
import { bytesIn, PARTS, type Cost } from './record.ts';

type Column = { readonly title: string; readonly cell: (m: Measurement, base: Measurement) => string };
/** What rounds to nothing has no sign. */
const number = (value: number, digits: number): string => value.toFixed(digits).replace(/^-(?=0\.?0*$)/, '');
const bytes = (value: number): string => value < 0.5 ? '0' : Math.round(value).toString();

const NAME: Column = { title: 'contender', cell: m => m.contender.name };
const INVOCATION: readonly Column[] = [
  NAME,
  { title: 'instructions', cell: m => number(m.invoke.instructions, 1) },
  { title: 'cycles', cell: m => number(m.invoke.cycles, 1) },
  { title: 'page faults', cell: m => number(m.invoke.pageFaults, 0) },
  { title: 'system calls', cell: m => number(m.invoke.systemCalls, 0) },
  { title: 'TLB misses', cell: m => number(m.invoke.tlbMisses, 0) },
  { title: 'code B', cell: m => bytes(m.memory.code) },
  { title: 'data B', cell: (m, base) => bytes(m.memory.data - base.memory.data) },
  { title: 'tables B', cell: (m, base) => bytes(m.memory.tables - base.memory.tables) },
  { title: 'kernel B', cell: m => bytes(m.memory.kernel) },
  { title: 'ratio', cell: (m, base) => `${number(m.invoke.cycles / base.invoke.cycles, 2)}x` },
];
const LIFE: readonly Column[] = [NAME, ...PARTS.slice(1).flatMap((name): Column[] => [
  { title: `${name}: instr.`, cell: m => cell(m[name], c => number(c.instructions, 1)) },
  { title: 'cycles', cell: m => cell(m[name], c => number(c.cycles, 1)) },
  { title: 'calls', cell: m => cell(m[name], c => number(c.systemCalls, 2)) },
  { title: 'faults', cell: m => cell(m[name], c => number(c.pageFaults, 2)) },
]), { title: 'left B', cell: (m, base) => m.free === null ? '-' : bytes(bytesIn(m.left) - bytesIn(base.left)) }];
const cell = (cost: Cost | null, text: (c: Cost) => string): string => cost === null ? '-' : text(cost);

export const invocations = (rows: readonly Measurement[], base: Measurement): string => table(INVOCATION, rows, base);
export const lives = (rows: readonly Measurement[], base: Measurement): string => table(LIFE, rows, base);

function table(titled: readonly Column[], rows: readonly Measurement[], base: Measurement): string {
  return columns([titled.map(c => c.title), ...rows.map(m => titled.map(c => c.cell(m, base)))]);
}
/** Cells under their titles, the first column to the left. */
export function columns(cells: readonly (readonly string[])[]): string {
  const [titles = [], ...rest] = cells, widths = titles.map((_, n) => Math.max(...cells.map(row => row[n]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((text, n) => n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0)).join('  ').trimEnd();
  return [line(titles), widths.map(w => '-'.repeat(w)).join('  '), ...rest.map(line)].join('\n');
}

/** The claims at the heart of the discussion, answered with the table's own numbers. */
export function sentences(find: (name: string) => Measurement): string {
  const trampfd = find('trampfd, by fault'), yardstick = find('system call'), loop = find('indirect call');
  const userspace = [find('return trampoline, drop'), find('return trampoline, return'), find('code page + data page')];
  const cycles = (m: Measurement): number => m.invoke.cycles;
  const fastest = userspace.reduce((a, b) => cycles(a) <= cycles(b) ? a : b), slowest = userspace.reduce((a, b) => cycles(a) >= cycles(b) ? a : b);
  const overLoop = (m: Measurement): number => cycles(m) - cycles(loop);
  const perCall = overLoop(trampfd) / overLoop(yardstick);
  const first = `"About the same amount of time as getpid()": ${perCall < 1.5 ? 'holds' : 'does not hold'}. An invocation through the fault costs ${number(perCall, 1)} times a plain `
    + `system call (${number(overLoop(trampfd), 0)} cycles against ${number(overLoop(yardstick), 0)} beyond the indirect call), because an exception takes the slow way into the kernel and back.`;
  const second = `"Userspace is much faster", and memory: ${cycles(trampfd) > 5 * cycles(slowest) ? 'holds' : 'does not hold'}. Userspace trampolines take ${number(cycles(fastest), 1)} to ${number(cycles(slowest), 1)} cycles, `
    + `${number(cycles(trampfd) / cycles(slowest), 0)} to ${number(cycles(trampfd) / cycles(fastest), 0)} times fewer than trampfd's ${number(cycles(trampfd), 0)}; trampfd in turn needs no page of code or data `
    + `(${bytes(trampfd.memory.code)} bytes), only ${bytes(trampfd.memory.kernel)} bytes in the kernel and a mapping of its own, where they need `
    + `${bytes(fastest.memory.code + fastest.memory.data - loop.memory.data)} to ${bytes(slowest.memory.code + slowest.memory.data - loop.memory.data)} bytes of shared pages.`;
  return `${first}\n${second}`;
}
