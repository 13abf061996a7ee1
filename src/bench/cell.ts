/** Measures one cell of the matrix: one run of a guest that tells its laps, or differences of runs where a compiler made it. */
import { sha256 } from '../base/sha256.ts';
import { bytesOf } from '../host/host.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';
import type { ENVIRONMENTS, Order, PROFILES } from './axes.ts';
import type { AssemblyContender, CompiledContender } from './contenders/common.ts';
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
  /** Of compiled programs, by what their first run came to: policies that do not concern them make no difference. */
  private readonly compiled = new Map<string, Measured>();

  /** Throws WrongSum if a guest computed what its closures do not. */
  async row(cell: Cell): Promise<Row> {
    const { contender, count, order, policy, profile, environment, seed } = cell;
    const inRounds = rounds(Math.max(SHORT, count), SHORT, Math.max(REPEATED, count));
    const place = { mechanism: contender.name, profile: profile.name, environment: environment.name, policy, count, order: order.name, seed };
    return 'image' in contender ? { ...place, ...await this.ofCompiled(cell, contender) } : { ...place, ...await this.ofAssembly(cell, contender, { count, changes: inRounds, invocations: inRounds, releases: true, step: order.step(count) }) };
  }
  private async ofAssembly(cell: Cell, contender: AssemblyContender, wanted: Work): Promise<Measured> {
    const { count } = wanted, work: Work = { ...wanted, changes: contender.change === undefined ? 0 : wanted.changes, releases: contender.release !== undefined };
    const image = guestProgram(contender, work), program = await sha256(image), run = perform(cell, image, []), at = lapsOf(work);
    if (run.status !== 0) return failed(program, run);
    const lap = (n: number): Counters => run.marks[n]?.counters ?? run.counters, start = lap(0), created = lap(at.created);
    const more = (n: number): ReturnType<typeof costOf> => costOf(less(lap(n - 1), lap(n - 2)), less(lap(n), lap(n - 1)), Math.max(REPEATED, count));
    const bare = perOne(this.bareOf(cell, count), count), released = work.releases ? lap(at.released) : lap(at.invoked);
    return {
      program, outcome: WORKS, refusals: run.refusals, invoke: more(at.invoked), create: costOf(start, created, count), change: contender.change === undefined ? null : more(at.changed),
      free: work.releases ? costOf(lap(at.invoked), released, count) : null,
      memory: minus(memoryOf(start, created, count), bare), left: minus(memoryOf(start, released, count), bare),
    };
  }
  /** Creation and release of as many beyond the first. */
  private async ofCompiled(cell: Cell, contender: CompiledContender): Promise<Measured> {
    const { count } = cell, image = contender.image(), [, warm] = repetitions(count);
    const idle: Work = { count, changes: 0, invocations: 0, releases: false }, program = await sha256(joined(image, bytesOf(compiledWork(contender.way, idle).join(' '))));
    const first = perform(cell, image, compiledWork(contender.way, { ...idle, invocations: warm }));
    if (first.status !== 0) return failed(program, first);
    const key = JSON.stringify([cell.profile.name, cell.environment.name, cell.seed, count, program, first.counters]), known = this.compiled.get(key);
    if (known !== undefined) return { ...known, refusals: first.refusals };
    const measured = { program, outcome: WORKS, refusals: first.refusals, ...this.differences(cell, contender, idle, first.counters) };
    this.compiled.set(key, measured);
    return measured;
  }
  private differences(cell: Cell, contender: CompiledContender, idle: Work, invoked: Counters): Omit<Measured, 'program' | 'outcome' | 'refusals'> {
    const counted = (work: Partial<Work>): Counters => {
      const { status, counters } = perform(cell, contender.image(), compiledWork(contender.way, { ...idle, ...work }));
      if (status !== 0) throw new WrongSum(`${contender.name}: the guest failed with status ${status}`);
      return counters;
    };
    const { count } = cell, [repeated, warm] = repetitions(count), most = Math.max(2, count), made = most - 1;
    const few = counted({ count: 1 }), many = counted({ count: most }), fewFreed = counted({ count: 1, releases: true }), manyFreed = counted({ count: most, releases: true });
    const bare = perOne(minus(this.bareOf(cell, most), this.bareOf(cell, 1)), made);
    return {
      invoke: costOf(invoked, counted({ invocations: warm + repeated }), repeated), create: costOf(few, many, made),
      change: costOf(counted({ changes: warm }), counted({ changes: warm + repeated }), repeated), free: costOf(less(fewFreed, few), less(manyFreed, many), made),
      memory: minus(memoryOf(few, many, made), bare), left: minus(memoryOf(fewFreed, manyFreed, made), bare),
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
/** How often the difference does what is measured, and what comes before it. */
const repetitions = (count: number): readonly [repeated: number, warm: number] => [Math.max(REPEATED, count), Math.max(SHORT, count)];
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
