/** The matrix as a list of cells, and its measuring. Cells know nothing of each other: part of a matrix is measured as all of it would be. */
import { COUNTS, ENVIRONMENTS, ORDERS, POLICIES, PROFILES, type Order } from './axes.ts';
import { Measuring, type Cell } from './cell.ts';
import { CONTENDERS } from './contenders.ts';
import { WrongSum } from './laps.ts';
import { nameOf, type Place, type Row } from './record.ts';

/** A value of each axis; mechanisms by their names. */
export interface Selection {
  readonly filter: RegExp | null;
  readonly profiles: readonly (typeof PROFILES)[number][];
  readonly environments: readonly (typeof ENVIRONMENTS)[number][];
  readonly policies: readonly string[];
  readonly counts: readonly number[];
  readonly orders: readonly Order[];
  readonly seed: number | null;
}
const EVERYONE: Selection = { filter: null, profiles: PROFILES.slice(0, 1), environments: ENVIRONMENTS.slice(0, 1), policies: ['permissive'], counts: [1], orders: ORDERS.slice(0, 1), seed: null };

/** Parts of the matrix that have a name. */
export interface MatrixPart { readonly name: string; readonly summary: string; readonly selections: readonly Selection[] }
const TABLE: Selection = EVERYONE, BY_COUNT: Selection = { ...EVERYONE, counts: COUNTS, orders: ORDERS }, BY_POLICY: Selection = { ...EVERYONE, policies: POLICIES.map(({ name }) => name) };
export const MATRIX: readonly MatrixPart[] = [
  { name: 'table', summary: 'every mechanism: cost of an invocation, memory of a trampoline', selections: [TABLE] },
  { name: 'policies', summary: 'every mechanism under every security policy: whether it works, what is refused', selections: [BY_POLICY] },
  { name: 'counts', summary: `every mechanism with ${COUNTS[0] ?? 0} to ${COUNTS.at(-1)?.toLocaleString('en') ?? ''} trampolines, called in turn and scattered`, selections: [BY_COUNT] },
  { name: 'smoke', summary: 'a few seconds\' worth: every mechanism once, one trampoline; then 64 under two policies', selections: [TABLE, { ...EVERYONE, counts: [64], policies: ['permissive', 'wx'], filter: /^(indirect call|\(1\)|code page|trampfd, (by fault|fast|table))/ }] },
  { name: 'all', summary: 'all of these', selections: [TABLE, BY_POLICY, BY_COUNT] },
];

/** Where rows stand in results: mechanism by mechanism; what is in no table comes last, as it came. */
export function inOrder(a: Place, b: Place): number {
  const at = (axis: readonly { readonly name: string }[], name: string): number => (axis.findIndex(each => each.name === name) + axis.length + 1) % (axis.length + 1);
  return at(CONTENDERS, a.mechanism) - at(CONTENDERS, b.mechanism) || at(PROFILES, a.profile) - at(PROFILES, b.profile) || at(ENVIRONMENTS, a.environment) - at(ENVIRONMENTS, b.environment)
    || at(POLICIES, a.policy) - at(POLICIES, b.policy) || a.count - b.count || at(ORDERS, a.order) - at(ORDERS, b.order);
}
export const placeOf = ({ contender, profile, environment, policy, count, order }: Cell): Place =>
  ({ mechanism: contender.name, profile: profile.name, environment: environment.name, policy, count, order: order.name });

/** null: there is no such cell. */
export function cellAt(place: Place, seed: number | null): Cell | null {
  const named = <Value extends { readonly name: string }>(axis: readonly Value[], name: string): Value | null => axis.find(each => each.name === name) ?? null;
  const contender = named(CONTENDERS, place.mechanism), profile = named(PROFILES, place.profile), environment = named(ENVIRONMENTS, place.environment), order = named(ORDERS, place.order);
  return contender === null || profile === null || environment === null || order === null ? null : { contender, profile, environment, order, policy: place.policy, count: place.count, seed };
}
/** Each cell once. */
export function cellsOf(selections: readonly Selection[]): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const contender of CONTENDERS) for (const selection of selections) {
    if (selection.filter !== null && !selection.filter.test(contender.name)) continue;
    for (const profile of selection.profiles) for (const environment of selection.environments) for (const policy of selection.policies)
      for (const count of selection.counts) for (const order of selection.orders) {
        const cell = { contender, profile, environment, policy, count, order, seed: selection.seed };
        if (isPossible(cell)) cells.set(nameOf(placeOf(cell)), cell);
      }
  }
  return [...cells.values()].sort((a, b) => inOrder(placeOf(a), placeOf(b)));
}
/** Too many for a mechanism, or an order that makes no difference, or that its program does not know. */
function isPossible({ contender, count, order }: Cell): boolean {
  return count <= (contender.most ?? Infinity) && (order.step(count) !== 1 ? !('image' in contender) : order === ORDERS[0]);
}
/** Every so many, beginning with the `index`-th of `count` (from 1): together all shards are the whole. */
export const shardOf = <Item>(items: readonly Item[], index: number, count: number): readonly Item[] => items.filter((_, n) => n % count === index - 1);

/** Told what is measured now, and how many were before it. Returning false ends it all. */
export type Progress = (done: number, cell: Cell) => boolean | Promise<boolean>;
/** null: it was ended. `repeats`: everything is measured twice, and has to be the same. */
export async function measureAll(cells: readonly Cell[], progress: Progress, repeats = false): Promise<readonly Row[] | null> {
  const measuring = new Measuring(), again = new Measuring(), rows: Row[] = [];
  for (const [n, cell] of cells.entries()) {
    if (!await progress(n, cell)) return null;
    rows.push(await measureOne(cell, measuring, repeats ? again : null));
  }
  return rows;
}
/** `again`: by whom it is measured a second time. Throws WrongSum where that comes to something else. */
export async function measureOne(cell: Cell, measuring: Measuring, again: Measuring | null): Promise<Row> {
  const row = await measuring.row(cell);
  if (again !== null && JSON.stringify(await again.row(cell)) !== JSON.stringify(row)) throw new WrongSum(`${cell.contender.name}: measured twice, with two results`);
  return row;
}
