/** Runs a contender's guest and tells what a trampoline's life costs. Exact: differences of deterministic runs. */
import { isChangeable, isReleasable } from './contenders/common.ts';
import type { Contender } from './contenders.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';
import { INTERPRETED_MAX, runImage, type Counters, type GuestOptions, type GuestRun, type Mark } from './guest.ts';
import { compiledWork, guestProgram, lapsOf, rounds, type Work } from './program.ts';

/** Invocations and changes differ by this many between two rounds or runs whose difference is taken; the shorter one has warmed everything up. */
const WARM_UP = 100, REPEATED = 1000;
/** Trampolines of the two runs that tell what one takes, `most` aside: more than a page of every kind of slot. */
export const MANY = 4000;
/** Changes of a run that is made to see its sum, and invocations beyond one of each. */
const CHECKED = 250;
const PERMISSIVE = 'permissive';
const IDLE: Work = { count: 1, changes: 0, invocations: 0, releases: false };

/** Of one invocation, change, creation or release. */
export interface Cost { readonly instructions: number; readonly cycles: number; readonly pageFaults: number; readonly systemCalls: number; readonly tlbMisses: number }
export interface Life {
  /** Of one of many, the loop around it and the making of its context included. */
  readonly creation: Cost;
  /** The loop around it included; null: there is nothing to be changed. */
  readonly change: Cost | null;
  /** Of one of many; null: there is nothing to give back. */
  readonly release: Cost | null;
  /** Bytes for one trampoline, amortised over many. */
  readonly memory: Memory;
  /** The same when they have been given back. */
  readonly left: Memory;
}
export interface Measurement extends Life {
  readonly contender: Contender;
  /** The loop around it included. */
  readonly invocation: Cost;
}
export interface Memory { readonly code: number; readonly data: number; readonly tables: number; readonly kernel: number }

/** A guest's result was not what its closures compute: nothing of the table can be trusted. */
export class WrongSum extends Error {}

/** What was run: the same again would come to the same, and suites have much in common. */
const known = new WeakMap<Contender, Map<string, GuestRun>>();
function run(contender: Contender, work: Partial<Work>, policy: string = PERMISSIVE): GuestRun {
  const whole = { ...IDLE, ...work }, runs = known.get(contender) ?? new Map<string, GuestRun>(), key = `${policy} ${Object.values(whole).join(' ')}`;
  known.set(contender, runs);
  const options: GuestOptions = { policy: policyOf(policy), cpu: { engine: whole.count <= INTERPRETED_MAX ? 'interpret' : 'auto' } };
  const outcome = runs.get(key) ?? ('image' in contender ? runImage(contender.image(), compiledWork(contender.way, whole), options) : runImage(guestProgram(contender, whole), [], options));
  if (outcome.status === 1) throw new WrongSum(`${contender.name}: its invocations gave a wrong sum`);
  runs.set(key, outcome);
  return outcome;
}
export const counters = (contender: Contender, work: Partial<Work>): Counters => succeeded(contender, run(contender, work)).counters;
function succeeded(contender: Contender, outcome: GuestRun): GuestRun {
  const { status, refusals } = outcome;
  if (status !== 0) throw new WrongSum(`${contender.name}: the guest failed with status ${status}${refusals.map(refusal => `, ${refusal}`).join('')}`);
  return outcome;
}

const costOf = (few: Counters, many: Counters, times: number): Cost => {
  const each = (of: (c: Counters) => number): number => (of(many) - of(few)) / times;
  return {
    instructions: each(c => c.instructions), cycles: each(c => c.cycles), pageFaults: each(c => c.pageFaults), systemCalls: each(c => c.systemCalls), tlbMisses: each(c => c.tlbMisses),
  };
};
export const memoryOf = (few: Counters, many: Counters, count: number): Memory => {
  const grown = (of: (c: Counters) => number): number => (of(many) - of(few)) / count;
  return { code: grown(c => c.codeBytes), data: grown(c => c.dataBytes), tables: grown(c => c.tableBytes), kernel: grown(c => c.kernelBytes) };
};
const minus = (a: Cost, b: Cost): Cost => ({
  instructions: a.instructions - b.instructions, cycles: a.cycles - b.cycles, pageFaults: a.pageFaults - b.pageFaults, systemCalls: a.systemCalls - b.systemCalls,
  tlbMisses: a.tlbMisses - b.tlbMisses,
});

// — guests tell laps: two runs say everything —

type At = ReturnType<typeof lapsOf>;
class Laps {
  readonly at: At;
  private readonly told: readonly Counters[];
  constructor(contender: Contender, work: Work) {
    const { marks } = succeeded(contender, run(contender, work));
    this.at = lapsOf(work);
    this.told = marks.map(mark => mark.counters);
  }
  lap(n: number): Counters {
    const found = this.told[n];
    if (found === undefined) throw new WrongSum('a guest told too few laps');
    return found;
  }
  cost(from: number, to: number, times: number): Cost { return costOf(this.lap(from), this.lap(to), times); }
  /** Of one, where the round that ended at this lap is the last. */
  repeated(last: number): Cost { return minus(this.cost(last - 1, last, REPEATED), this.cost(last - 2, last - 1, REPEATED)); }
}
const oneOf = (contender: Contender): Work =>
  ({ count: 1, changes: isChangeable(contender) ? rounds(WARM_UP, WARM_UP, REPEATED) : 0, invocations: rounds(WARM_UP, WARM_UP, REPEATED), releases: isReleasable(contender) });
/** All parts at once, and more than once around: the sum is checked. */
const manyOf = (contender: Contender, most: number): Work =>
  ({ count: 1 + most, changes: isChangeable(contender) ? CHECKED : 0, invocations: most + CHECKED, releases: isReleasable(contender) });
export function lifeOf(contender: Contender): Life {
  const more = contender.most ?? MANY, one = new Laps(contender, oneOf(contender)), many = new Laps(contender, manyOf(contender, more));
  const grown = (from: (at: At) => number, to: (at: At) => number): Cost => minus(many.cost(from(many.at), to(many.at), more), one.cost(from(one.at), to(one.at), more));
  const memory = (to: (at: At) => number): Memory => memoryOf(one.lap(to(one.at)), many.lap(to(many.at)), more), isReleased = isReleasable(contender);
  return {
    creation: grown(() => 0, at => at.created), change: isChangeable(contender) ? one.repeated(one.at.changed) : null,
    release: isReleased ? grown(at => at.invoked, at => at.released) : null,
    memory: memory(at => at.created), left: memory(at => isReleased ? at.released : at.created),
  };
}

export function invocationOf(contender: Contender): Cost {
  const laps = new Laps(contender, oneOf(contender));
  return laps.repeated(laps.at.invoked);
}
export function measure(contender: Contender): Measurement { return { contender, invocation: invocationOf(contender), ...lifeOf(contender) }; }

/** What becomes of a contender under a policy. */
export interface Trial {
  /** Of one invocation, the loop around it included; null: it does not work. */
  readonly cycles: number | null;
  /** Calls that failed: what else was tried before it worked, or what it failed of. */
  readonly refusals: readonly string[];
  /** What killed it. */
  readonly death: string | null;
}
const TRIED = 100;
/** One trampoline under each policy, named as `--policy` names it. */
export function trials(contender: Contender, policies: readonly string[]): readonly Trial[] {
  const cyclesOf = new Map<number, number>(); // Runs of the same cycles so far are the same runs.
  return policies.map(name => {
    const laps = { ...IDLE, invocations: rounds(WARM_UP, WARM_UP, TRIED) }, first = run(contender, laps, name);
    const { refusals, death, counters: { cycles } } = first;
    if (first.status !== 0) return { cycles: null, refusals, death };
    const each = cyclesOf.get(cycles) ?? furtherCycles(first.marks, lapsOf(laps).invoked) / TRIED;
    cyclesOf.set(cycles, each);
    return { cycles: each, refusals, death };
  });
}
/** The cycles of the round that ended at this lap, less those of the one before. */
function furtherCycles(marks: readonly Mark[], last: number): number {
  const [before = NaN, second = NaN, end = NaN] = [last - 2, last - 1, last].map(n => marks[n]?.counters.cycles);
  return end - second - (second - before);
}
function policyOf(name: string): SecurityPolicy | null {
  const policy = SecurityPolicy.of(name);
  if (typeof policy === 'string') throw new WrongSum(policy);
  return policy;
}
