/** What `tramp64 bench` is asked for: options -> cells of the matrix, or one sentence on what is wrong with them. */
import { COUNT_MAX, ENVIRONMENTS, ORDERS, pick, POLICIES, PROFILES } from '../bench/axes.ts';
import type { Cell } from '../bench/cell.ts';
import { cellsOf, MATRIX, placeOf, shardOf, type Selection } from '../bench/matrix.ts';
import { nameOf, type Results } from '../bench/record.ts';
import type { UserCell } from '../bench/user.ts';
import { isPictured } from './bench-output.ts';
import { type CommandLine, lastValue } from './options.ts';

export interface Plan { readonly cells: readonly Cell[]; readonly repeats: boolean }

/** Values of an option that takes several, with commas and by being repeated. */
function listed(line: CommandLine, name: string): readonly string[] | null {
  const values = line.values.get(name);
  return values === undefined ? null : values.flatMap(value => value.split(','));
}
/** Words that are no program's arguments. */
export function suitesOf(line: CommandLine): readonly string[] { return line.values.has('--program') ? [] : line.operands; }
/** `baseline`: its rows are what is measured, if no suite is named. `counts`: how many trampolines the user's program had, which it is compared by. */
export function planOf(line: CommandLine, baseline: Results | null, counts: readonly number[] = []): Plan | string {
  const suites = suitesOf(line), isAlone = line.values.has('--alone');
  if (isAlone && !line.values.has('--program')) return '--alone is for --program';
  const selections = suites.length === 0 && baseline !== null ? null : selectionsOf(line, suites.length > 0 ? suites : [isPictured(line) ? 'all' : 'table'], counts);
  if (typeof selections === 'string') return selections;
  const filter = filterOf(line), shard = shardFor(line);
  if (typeof filter === 'string') return filter;
  if (typeof shard === 'string') return shard;
  const all = selections === null ? cellsIn(baseline) : cellsOf(selections), cells = filter === null ? all : all.filter(({ contender }) => filter.test(contender.name));
  if (isAlone) return { cells: [], repeats: false };
  if (cells.length === 0 && !line.values.has('--program')) return 'there is nothing to be measured: see tramp64 bench --list';
  return { cells: shardOf(cells, ...shard), repeats: line.values.has('--repeat') };
}
/** Cells of results' rows, as far as there are such. */
function cellsIn(results: Results | null): readonly Cell[] {
  const rows = results?.rows ?? [], wanted = new Map(rows.map(row => [nameOf(row), row]));
  const selections = rows.map((row): Selection => ({
    filter: null, profiles: PROFILES.filter(({ name }) => name === row.profile), environments: ENVIRONMENTS.filter(({ name }) => name === row.environment),
    policies: [row.policy], counts: [row.count], orders: ORDERS.filter(({ name }) => name === row.order), seed: row.seed,
  }));
  const kinds = new Map(selections.map((selection, n) => [JSON.stringify([rows[n]?.profile, rows[n]?.environment, rows[n]?.policy, rows[n]?.count, rows[n]?.order]), selection]));
  return cellsOf([...kinds.values()]).filter(cell => wanted.has(nameOf(placeOf(cell))));
}

function selectionsOf(line: CommandLine, suites: readonly string[], otherCounts: readonly number[]): readonly Selection[] | string {
  const parts = pick(MATRIX.map(part => ({ ...part, what: part.summary })), suites, 'suite');
  if (typeof parts === 'string') return parts;
  const counts = countsOf(line), seed = seedOf(line), policies = listed(line, '--policy'), profiles = pick(PROFILES, listed(line, '--profile') ?? [], 'profile');
  const environments = pick(ENVIRONMENTS, listed(line, '--environment') ?? [], 'environment'), orders = pick(ORDERS, listed(line, '--order') ?? [], 'order');
  for (const wrong of [counts, seed, profiles, environments, orders, pick(POLICIES, policies ?? [], 'policy')]) if (typeof wrong === 'string') return wrong;
  const given = <Value>(values: readonly Value[] | string | null, otherwise: readonly Value[]): readonly Value[] => values === null || typeof values === 'string' || values.length === 0 ? otherwise : values;
  return parts.flatMap(part => part.selections).map(selection => ({
    filter: selection.filter, seed: typeof seed === 'number' ? seed : null, counts: given(counts, given(otherCounts, selection.counts)), policies: given(policies, selection.policies),
    profiles: given(profiles, selection.profiles), environments: given(environments, selection.environments), orders: given(orders, selection.orders),
  }));
}
/** Under what the user's program is run: as mechanisms are, each of the values that were given. */
export function userCellsOf(line: CommandLine): readonly UserCell[] | string {
  const selections = selectionsOf(line, ['table'], []);
  return typeof selections === 'string' ? selections : selections.flatMap(({ profiles, environments, policies, seed }) =>
    profiles.flatMap(profile => environments.flatMap(environment => policies.map(policy => ({ profile, environment, policy, seed })))));
}
function countsOf(line: CommandLine): readonly number[] | string | null {
  const values = listed(line, '--count');
  if (values === null) return null;
  const wrong = values.find(value => !/^\d+$/.test(value) || Number(value) < 1 || Number(value) > COUNT_MAX);
  return wrong === undefined ? values.map(Number) : `option --count takes numbers from 1 to ${COUNT_MAX}, not '${wrong}'`;
}
function seedOf(line: CommandLine): number | string | null {
  const text = lastValue(line, '--seed');
  return text === undefined ? null : /^\d{1,15}$/.test(text) ? Number(text) : `option --seed takes a number, not '${text}'`;
}
function filterOf(line: CommandLine): RegExp | string | null {
  const text = lastValue(line, '--filter');
  if (text === undefined) return null;
  try { return new RegExp(text); } catch { return `option --filter takes a regular expression, not '${text}'`; }
}
function shardFor(line: CommandLine): readonly [index: number, count: number] | string {
  const text = lastValue(line, '--shard') ?? '1/1', [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const isRight = index !== undefined && count !== undefined && Number(index) >= 1 && Number(index) <= Number(count);
  return isRight ? [Number(index), Number(count)] : `option --shard takes I/N, as 1/4, not '${text}'`;
}
/** A part of what was: 0.5% is 0.005. */
export function toleranceOf(line: CommandLine): number | string {
  const text = lastValue(line, '--tolerance') ?? '0', [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  return number === undefined ? `option --tolerance takes a number or a percentage, as 0.5%, not '${text}'` : Number(number) / (percent === '%' ? 100 : 1);
}
