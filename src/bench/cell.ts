/** Measures one cell of the matrix: one run of a guest that tells its laps. */
import { sha256 } from '../base/sha256.ts';
import { bytesOf } from '../host/host.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';
import type { ENVIRONMENTS, Order, PROFILES } from './axes.ts';
import { isChangeable, isReleasable } from './contenders/common.ts';
import { CONTENDERS, type Contender } from './contenders.ts';
import { INTERPRETED_MAX, runImage, type Counters, type GuestOptions, type GuestRun } from './guest.ts';
import { WrongSum } from './measure.ts';
import { compiledWork, guestProgram, lapsOf, rounds, type Work } from './program.ts';
import { BASELINE, costOf, less, memoryOf, minus, perOne, WORKS, type Memory, type Row } from './record.ts';

export interface Cell {
  readonly contender: Contender;
  readonly profile: (typeof PROFILES)[number];
  readonly environment: (typeof ENVIRONMENTS)[number];
  readonly policy: string;
  readonly count: number;
  readonly order: Order;
  readonly seed: number | null;
}
const SHORT = 100, REPEATED = 1000;
const STATUS_WRONG_SUM = 1;

export class Measuring {
  private readonly bare = new Map<string, Memory>();

  /** Throws WrongSum if a guest computed what its closures do not. */
  async row(cell: Cell): Promise<Row> {
    const { contender, count, order, policy, profile, environment, seed } = cell, inRounds = rounds(Math.max(SHORT, count), SHORT, Math.max(REPEATED, count));
    const work: Work = { count, changes: isChangeable(contender) ? inRounds : 0, invocations: inRounds, releases: isReleasable(contender), step: order.step(count) };
    return { mechanism: contender.name, profile: profile.name, environment: environment.name, policy, count, order: order.name, seed, ...await this.measured(cell, work) };
  }
  private async measured(cell: Cell, work: Work): Promise<Measured> {
    const { contender, count } = cell, isCompiled = 'image' in contender, image = isCompiled ? contender.image() : guestProgram(contender, work), words = isCompiled ? compiledWork(contender.way, work) : [];
    const program = await sha256(isCompiled ? joined(image, bytesOf(words.join(' '))) : image), run = perform(cell, image, words), at = lapsOf(work);
    if (run.status !== 0) return failed(program, run);
    const lap = (n: number): Counters => run.marks[n]?.counters ?? run.counters, start = lap(0), created = lap(at.created);
    const more = (n: number): ReturnType<typeof costOf> => costOf(less(lap(n - 1), lap(n - 2)), less(lap(n), lap(n - 1)), Math.max(REPEATED, count));
    const bare = perOne(this.bareOf(cell, count), count), released = work.releases ? lap(at.released) : lap(at.invoked);
    return {
      program, outcome: WORKS, refusals: run.refusals, invoke: more(at.invoked), create: costOf(start, created, count), change: isChangeable(contender) ? more(at.changed) : null,
      free: work.releases ? costOf(lap(at.invoked), released, count) : null,
      memory: minus(memoryOf(start, created, count), bare), left: minus(memoryOf(start, released, count), bare),
    };
  }
  /** What tables of pointers and contexts need, which everyone has: all of it. */
  private bareOf(cell: Cell, count: number): Memory {
    const key = [cell.profile.name, cell.environment.name, count].join(), known = this.bare.get(key);
    if (known !== undefined) return known;
    const work: Work = { count, changes: 0, invocations: 0, releases: false }, contender = CONTENDERS.find(({ name }) => name === BASELINE);
    if (contender === undefined || 'image' in contender) throw new WrongSum(`there is no ${BASELINE}`);
    const { marks: [start, created] } = perform({ ...cell, contender, policy: 'permissive' }, guestProgram(contender, work), []);
    if (start === undefined || created === undefined) throw new WrongSum(`${BASELINE}: the guest failed`);
    const bare = memoryOf(start.counters, created.counters, 1);
    this.bare.set(key, bare);
    return bare;
  }
}
type Measured = Pick<Row, 'program' | 'outcome' | 'refusals' | 'invoke' | 'create' | 'change' | 'free' | 'memory' | 'left'>;

function failed(program: string, { death, refusals }: GuestRun): Measured {
  return { program, outcome: death !== null && refusals.length === 0 ? death : 'refused', refusals, invoke: null, create: null, change: null, free: null, memory: null, left: null };
}
function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
function perform({ contender, profile, environment, policy, seed, count }: Cell, image: Uint8Array, args: readonly string[]): GuestRun {
  const rules = SecurityPolicy.of(policy.replaceAll('+', ','));
  if (typeof rules === 'string') throw new WrongSum(rules);
  const options: GuestOptions = { policy: rules, cpu: { engine: count <= INTERPRETED_MAX ? 'interpret' : 'auto', ...profile.options.cpu, ...environment.options.cpu }, ...(seed === null ? {} : { seed }) };
  const run = runImage(image, args, options);
  if (run.status === STATUS_WRONG_SUM) throw new WrongSum(`${contender.name}: its invocations gave a wrong sum`);
  return run;
}
