/** What a trampoline's life costs, for suites in words. Exact: differences of deterministic runs. */
import { isChangeable, isReleasable } from './contenders/common.ts';
import type { Contender } from './contenders.ts';
import type { Counters, GuestRun } from './guest.ts';
import { Laps, perform, programOf, WrongSum } from './laps.ts';
import { rounds, type Work } from './program.ts';
import { costOf, memoryOf, type Cost, type Memory, type Row } from './record.ts';

/** Invocations and changes differ by this many between two rounds whose difference is taken; the shorter one has warmed everything up. */
const WARM_UP = 100, REPEATED = 1000;
/** Trampolines of the two runs that tell what one takes, `most` aside: more than a page of every kind of slot. */
export const MANY = 4000;
/** Changes of a run that is made to see its sum, and invocations beyond one of each. */
const CHECKED = 250;
const PERMISSIVE = 'permissive';
const IDLE: Work = { count: 1, changes: 0, invocations: 0, releases: false };

/** Of one of many, the making of its context included; the loops around it are. Memory is amortised over many, and all of it. */
export interface Life { readonly create: Cost; readonly change: Cost | null; readonly free: Cost | null; readonly memory: Memory; readonly left: Memory }
export interface Measurement extends Life { readonly contender: Contender; readonly invoke: Cost }

/** What was run: the same again would come to the same, and suites have much in common. */
const known = new WeakMap<Contender, Map<string, GuestRun>>();
function run(contender: Contender, work: Work, policy: string): GuestRun {
  const runs = known.get(contender) ?? new Map<string, GuestRun>(), key = `${policy} ${Object.values(work).join(' ')}`, outcome = runs.get(key) ?? perform(contender, programOf(contender, work), work.count, policy);
  known.set(contender, runs);
  runs.set(key, outcome);
  return outcome;
}
function succeeded(contender: Contender, work: Work): GuestRun {
  const outcome = run(contender, work, PERMISSIVE), { status, refusals } = outcome;
  if (status !== 0) throw new WrongSum(`${contender.name}: the guest failed with status ${status}${refusals.map(refusal => `, ${refusal}`).join('')}`);
  return outcome;
}
export const counters = (contender: Contender, work: Partial<Work>): Counters => succeeded(contender, { ...IDLE, ...work }).counters;
const lapsIn = (contender: Contender, work: Work): Laps => new Laps(succeeded(contender, work), work);

const oneOf = (contender: Contender): Work =>
  ({ count: 1, changes: isChangeable(contender) ? rounds(WARM_UP, WARM_UP, REPEATED) : 0, invocations: rounds(WARM_UP, WARM_UP, REPEATED), releases: isReleasable(contender) });
/** All parts at once, and more than once around: the sum is checked. */
const manyOf = (contender: Contender, most: number): Work =>
  ({ count: 1 + most, changes: isChangeable(contender) ? CHECKED : 0, invocations: most + CHECKED, releases: isReleasable(contender) });
export function lifeOf(contender: Contender): Life {
  type At = (at: Laps['at']) => number;
  const more = contender.most ?? MANY, one = lapsIn(contender, oneOf(contender)), many = lapsIn(contender, manyOf(contender, more)), isReleased = isReleasable(contender);
  const grown = (from: At, to: At): Cost => costOf(one.added(from(one.at), to(one.at)), many.added(from(many.at), to(many.at)), more), memory = (to: At): Memory => memoryOf(one.lap(to(one.at)), many.lap(to(many.at)), more);
  return {
    create: grown(() => 0, at => at.created), change: isChangeable(contender) ? one.repeated(one.at.changed, REPEATED) : null, free: isReleased ? grown(at => at.invoked, at => at.released) : null,
    memory: memory(at => at.created), left: memory(at => isReleased ? at.released : at.created),
  };
}
export function invocationOf(contender: Contender): Cost {
  const laps = lapsIn(contender, oneOf(contender));
  return laps.repeated(laps.at.invoked, REPEATED);
}
export const measure = (contender: Contender): Measurement => ({ contender, invoke: invocationOf(contender), ...lifeOf(contender) });

/** What becomes of a contender under a policy. */
export interface Trial extends Pick<Row, 'refusals'>, Pick<GuestRun, 'death'> {
  /** Of one invocation, the loop around it included; null: it does not work. */
  readonly cycles: number | null;
}
const TRIED = 100, TRIAL: Work = { ...IDLE, invocations: rounds(WARM_UP, WARM_UP, TRIED) };
/** One trampoline under each policy. */
export const trials = (contender: Contender, policies: readonly string[]): readonly Trial[] => policies.map(name => {
  const tried = run(contender, TRIAL, name), { status, refusals, death } = tried;
  if (status !== 0) return { cycles: null, refusals, death };
  const laps = new Laps(tried, TRIAL);
  return { cycles: laps.repeated(laps.at.invoked, TRIED).cycles, refusals, death };
});
