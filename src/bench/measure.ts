/** Runs a contender's guest and tells what one invocation costs and what one trampoline occupies. Exact: differences of two deterministic runs. */
import type { Contender } from './contenders.ts';
import { guestProgram } from './program.ts';
import { runImage, type Counters, type GuestRun } from './guest.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';

/** Invocations differ by this many between the two runs whose difference is taken; the shorter one has warmed everything up. */
const WARM_UP = 100, INVOCATIONS = 1000;
/** Trampolines of the two runs that tell memory: several pages of every kind of slot. */
const FEW = 0, MANY = 510;

export interface Measurement {
  readonly contender: Contender;
  /** For one invocation, the loop around it included. */
  readonly instructions: number; readonly cycles: number; readonly pageFaults: number; readonly systemCalls: number; readonly tlbMisses: number;
  /** Bytes for one trampoline, amortised over `MANY`. */
  readonly memory: Memory;
}
export interface Memory { readonly code: number; readonly data: number; readonly tables: number; readonly kernel: number }

function counters(contender: Contender, count: number, invocations: number): Counters {
  const { status, counters, refusals } = checked(contender, runImage(guestProgram(contender, count, invocations)));
  if (status !== 0) throw new WrongSum(`${contender.name}: the guest failed with status ${status}${refusals.map(refusal => `, ${refusal}`).join('')}`);
  return counters;
}
function checked(contender: Contender, run: GuestRun): GuestRun {
  if (run.status === 1) throw new WrongSum(`${contender.name}: its invocations gave a wrong sum`);
  return run;
}
/** A guest's result was not what its closures compute: nothing of the table can be trusted. */
export class WrongSum extends Error {}

export function measure(contender: Contender): Measurement {
  const short = counters(contender, 1, WARM_UP), long = counters(contender, 1, WARM_UP + INVOCATIONS);
  const each = (of: (c: Counters) => number): number => (of(long) - of(short)) / INVOCATIONS;
  const few = counters(contender, 1, FEW), many = counters(contender, MANY + 1, FEW);
  const grown = (of: (c: Counters) => number): number => (of(many) - of(few)) / MANY;
  return {
    contender,
    instructions: each(c => c.instructions), cycles: each(c => c.cycles), pageFaults: each(c => c.pageFaults),
    systemCalls: each(c => c.systemCalls), tlbMisses: each(c => c.tlbMisses),
    memory: { code: grown(c => c.codeBytes), data: grown(c => c.dataBytes), tables: grown(c => c.tableBytes), kernel: grown(c => c.kernelBytes) },
  };
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
  const few = guestProgram(contender, 1, WARM_UP), many = guestProgram(contender, 1, WARM_UP + TRIED);
  return policies.map(policy => {
    const short = runUnder(contender, few, policy), { refusals, signal } = short;
    if (short.status !== 0) return { cycles: null, refusals, signal };
    return { cycles: (runUnder(contender, many, policy).counters.cycles - short.counters.cycles) / TRIED, refusals, signal };
  });
}
function runUnder(contender: Contender, program: Uint8Array, name: string): GuestRun {
  const policy = SecurityPolicy.of(name);
  if (typeof policy === 'string') throw new WrongSum(policy);
  return checked(contender, runImage(program, policy));
}
