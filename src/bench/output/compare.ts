/** Two results, row by row: what changed, from what to what, and by which cause. */
import { CAUSES } from '../../timing/causes.ts';
import { COUNTED, MEMORY, nameOf, PARTS, type Cost, type Row } from '../record.ts';

export interface Change { readonly what: string; readonly before: number | string; readonly after: number | string }
export interface Difference {
  readonly name: string;
  /** Of both, `changes` tells; otherwise one of them does not have the row. */
  readonly kind: 'changed' | 'missing' | 'new';
  readonly changes: readonly Change[];
  /** The guest is another program than before. */
  readonly isOtherProgram: boolean;
}
export interface Comparison { readonly compared: readonly Row[]; readonly differences: readonly Difference[] }

/** `tolerance`: a part of what was before. Rows that are only in `after` count as differences, too: a baseline has to know them. */
export function compare(before: readonly Row[], after: readonly Row[], tolerance = 0): Comparison {
  const known = new Map(before.map(row => [nameOf(row), row])), found = new Set(after.map(nameOf)), differences: Difference[] = [];
  for (const row of after) {
    const name = nameOf(row), old = known.get(name);
    if (old === undefined) { differences.push({ name, kind: 'new', changes: [], isOtherProgram: false }); continue; }
    const changes = changesOf(old, row, tolerance);
    if (changes.length > 0) differences.push({ name, kind: 'changed', changes, isOtherProgram: old.program !== row.program });
  }
  for (const name of known.keys()) if (!found.has(name)) differences.push({ name, kind: 'missing', changes: [], isOtherProgram: false });
  return { compared: after, differences };
}

function changesOf(before: Row, after: Row, tolerance: number): readonly Change[] {
  const changes: Change[] = [];
  const look = (what: string, a: number | string | undefined, b: number | string | undefined): void => {
    const isSame = a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(b - a) <= tolerance * Math.abs(a));
    if (!isSame) changes.push({ what, before: a ?? '-', after: b ?? '-' });
  };
  look('outcome', [before.outcome, ...before.refusals].join(', '), [after.outcome, ...after.refusals].join(', '));
  for (const part of PARTS) {
    const a: Cost | null = before[part], b: Cost | null = after[part];
    for (const name of COMPARED) look(`${part} ${NAMES[name] ?? name}`, a?.[name], b?.[name]);
    for (const { cause, name } of CAUSES) look(`${part} cycles, ${name}`, a?.causes[cause], b?.causes[cause]);
  }
  for (const from of ['memory', 'left'] as const) for (const name of MEMORY) look(`${from === 'left' ? 'bytes left' : 'bytes'} of ${name}`, before[from]?.[name], after[from]?.[name]);
  return changes;
}
/** How often the emulator looked translations up depends on who performed, and that on how it was built. */
const COMPARED = COUNTED.filter(name => name !== 'tlbMisses');
const NAMES: Readonly<Record<string, string>> = { pageFaults: 'page faults', systemCalls: 'system calls', branchMisses: 'branch misses' };

/** One a line. */
export function changeText({ what, before, after }: Change): string {
  const ratio = typeof before === 'number' && typeof after === 'number' && before !== 0 ? ` (${after < before ? '' : '+'}${(100 * (after - before) / Math.abs(before)).toFixed(1)} %)` : '';
  return `${what}: ${shown(before)} -> ${shown(after)}${ratio}`;
}
const shown = (value: number | string): string => typeof value === 'number' ? `${Math.round(value * 1000) / 1000}` : value;
export function differenceText({ name, kind, changes, isOtherProgram }: Difference): string {
  if (kind !== 'changed') return `${name}: ${kind === 'new' ? 'is not in the first' : 'is not in the second'}\n`;
  return `${name}${isOtherProgram ? ' (its program is another one)' : ''}\n${changes.map(change => `  ${changeText(change)}\n`).join('')}`;
}
export function comparisonText({ compared, differences }: Comparison): string {
  if (differences.length === 0) return `${rowsIn(compared)}, no difference\n`;
  return `${differences.map(differenceText).join('')}${differences.length} of ${rowsIn(compared)} differ\n`;
}
const rowsIn = (rows: readonly unknown[]): string => `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
export function comparisonMarkdown({ compared, differences }: Comparison): string {
  if (differences.length === 0) return `### tramp64 bench: ${rowsIn(compared)}, no difference\n`;
  const lines = differences.flatMap(({ name, kind, changes }) => kind !== 'changed' ? [`| ${name} | ${kind} | | |\n`]
    : changes.map(({ what, before, after }) => `| ${name} | ${what} | ${shown(before)} | ${shown(after)} |\n`));
  return `### tramp64 bench: ${differences.length} of ${rowsIn(compared)} differ\n\n| row | what | before | after |\n| --- | --- | ---: | ---: |\n${lines.join('')}`;
}
