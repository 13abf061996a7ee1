/** Runs a contender's guest and tells what a trampoline's life costs. Exact: differences of two deterministic runs. */
import type { Contender } from './contenders.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';
import { runImage, type Counters, type GuestRun } from './guest.ts';
import { compiledWork, guestProgram, type Work } from './program.ts';

/** Invocations and changes differ by this many between the two runs whose difference is taken; the shorter one has warmed everything up. */
const WARM_UP = 100, REPEATED = 1000;
/** Trampolines of the two runs that tell what one takes, `most` aside: more than a page of every kind of slot. */
export const MANY = 4000;
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
  const outcome = runs.get(key)
    ?? ('image' in contender ? runImage(contender.image(), compiledWork(contender.way, whole), { policy: policyOf(policy) }) : runImage(guestProgram(contender, whole), [], { policy: policyOf(policy) }));
  if (outcome.status === 1) throw new WrongSum(`${contender.name}: its invocations gave a wrong sum`);
  runs.set(key, outcome);
  return outcome;
}
export function counters(contender: Contender, work: Partial<Work>): Counters {
  const { status, counters, refusals } = run(contender, work);
  if (status !== 0) throw new WrongSum(`${contender.name}: the guest failed with status ${status}${refusals.map(refusal => `, ${refusal}`).join('')}`);
  return counters;
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

export function invocationOf(contender: Contender): Cost {
  return costOf(counters(contender, { invocations: WARM_UP }), counters(contender, { invocations: WARM_UP + REPEATED }), REPEATED);
}
export function lifeOf(contender: Contender): Life {
  const counted = (work: Partial<Work>): Counters => counters(contender, work);
  const isCompiled = 'image' in contender, changes = isCompiled || contender.change !== undefined, releases = isCompiled || contender.release !== undefined;
  const more = contender.most ?? MANY, all = { count: 1 + more }, few = counted({}), many = counted(all);
  const fewLeft = releases ? counted({ releases: true }) : few, manyLeft = releases ? counted({ ...all, releases: true }) : many;
  const creation = costOf(few, many, more);
  return {
    creation,
    change: changes ? costOf(counted({ changes: WARM_UP }), counted({ changes: WARM_UP + REPEATED }), REPEATED) : null,
    release: releases ? minus(costOf(fewLeft, manyLeft, more), creation) : null,
    memory: memoryOf(few, many, more), left: memoryOf(fewLeft, manyLeft, more),
  };
}

export function measure(contender: Contender): Measurement {
  // All of a contender's parts at once, more than once around: the sum is checked.
  counters(contender, { count: 500, changes: 250, invocations: 1200, releases: true });
  return { contender, invocation: invocationOf(contender), ...lifeOf(contender) };
}

/** What becomes of a contender under a policy. */
export interface Trial {
  /** Of one invocation, the loop around it included; null: it does not work. */
  readonly cycles: number | null;
  /** Calls that failed: what else was tried before it worked, or what it failed of. */
  readonly refusals: readonly string[];
  /** What killed it. */
  readonly signal: number | null;
}
const TRIED = 100;
/** One trampoline under each policy, named as `--policy` names it. */
export function trials(contender: Contender, policies: readonly string[]): readonly Trial[] {
  const cyclesOf = new Map<number, number>(); // Runs of the same cycles so far are the same runs.
  return policies.map(name => {
    const short = run(contender, { invocations: WARM_UP }, name), { refusals, signal, counters: { cycles } } = short;
    if (short.status !== 0) return { cycles: null, refusals, signal };
    const each = cyclesOf.get(cycles) ?? (run(contender, { invocations: WARM_UP + TRIED }, name).counters.cycles - cycles) / TRIED;
    cyclesOf.set(cycles, each);
    return { cycles: each, refusals, signal };
  });
}
function policyOf(name: string): SecurityPolicy | null {
  const policy = SecurityPolicy.of(name);
  if (typeof policy === 'string') throw new WrongSum(policy);
  return policy;
}
