/** The axes of the matrix, each a table: a value more is a row more. A cell of the matrix is a mechanism and a value of each. */
import { POLICY_NAMES } from '../syscalls/policy.ts';
import { ENVIRONMENTS as KERNELS } from '../timing/environments.ts';
import { PROCESSORS } from '../timing/profiles/processors.ts';
import type { GuestOptions } from './guest.ts';

interface Value { readonly name: string; readonly what: string }
/** What a processor or its surroundings change of the machine a guest runs in. */
interface Setting extends Value { readonly options: Pick<GuestOptions, 'cpu'> }

export const PROFILES: readonly Setting[] = PROCESSORS.map(({ profile, what }) => ({ name: profile.name, what: `${what}: src/timing/profiles/${profile.name}.ts`, options: { cpu: { profile } } }));
/** Each as its kernel mostly is, and without mitigations of what processors leak. */
export const ENVIRONMENTS: readonly Setting[] = KERNELS.flatMap(environment => [
  { name: environment.name, what: environment.what, options: { cpu: { environment } } },
  { name: `${environment.name}-unmitigated`, what: `${environment.what}; nothing is mitigated`, options: { cpu: { environment, mitigates: false } } },
]);
/** Every policy by itself, and the two that leave each other gaps together. */
export const POLICIES: readonly Value[] = [...POLICY_NAMES.map(name => ({ name: name as string, what: `--policy ${name}` })), { name: 'wx+ipe', what: '--policy wx,ipe' }];
/** In which order trampolines are called: so many places from one to the next, which shares no divisor with their number. */
export interface Order extends Value { readonly step: (count: number) => number }
export const ORDERS: readonly Order[] = [
  { name: 'in-turn', what: 'each after its neighbour', step: () => 1 },
  { name: 'scattered', what: 'each far from the one before, as far as the golden ratio goes', step: count => apart(count, Math.round(count * 0.618)) },
];
export const COUNTS: readonly number[] = [1, 16, 256, 4096, 16_384];
/** What fits into a guest's tables. */
export const COUNT_MAX = 16_384;

function apart(count: number, step: number): number {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);
  return count < 3 ? 1 : divisor(step, count) === 1 ? step : apart(count, step + 1);
}

/** Values by name out of an axis: or what is wrong with them. */
export function pick<Row extends Value>(axis: readonly Row[], names: readonly string[], what: string): readonly Row[] | string {
  const rows: Row[] = [];
  for (const name of names) {
    const row = axis.find(each => each.name === name);
    if (row === undefined) return `there is no ${what} '${name}'; there ${axis.length === 1 ? 'is' : 'are'} ${axis.map(each => each.name).join(', ')}`;
    rows.push(row);
  }
  return rows;
}
