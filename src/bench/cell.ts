/** Measures one cell of the matrix: one run of a guest that tells its laps. */
import { sha256 } from '../base/sha256.ts';
import { bytesOf } from '../host/host.ts';
import type { ENVIRONMENTS, Order, PROFILES } from './axes.ts';
import { isChangeable, isReleasable } from './contenders/common.ts';
import { CONTENDERS, type Contender } from './contenders.ts';
import type { GuestRun } from './guest.ts';
import { Laps, perform, type Program, programOf, WrongSum } from './laps.ts';
import { rounds, type Work } from './program.ts';
import { BASELINE, costOf, memoryOf, minus, perOne, WORKS, type Memory, type Row } from './record.ts';

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

export class Measuring {
  private readonly bare = new Map<string, Memory>();

  /** Throws WrongSum if a guest computed what its closures do not. */
  async row(cell: Cell): Promise<Row> {
    const { contender, count, order, policy, profile, environment, seed } = cell, inRounds = rounds(Math.max(SHORT, count), SHORT, Math.max(REPEATED, count));
    const work: Work = { count, changes: isChangeable(contender) ? inRounds : 0, invocations: inRounds, releases: isReleasable(contender), step: order.step(count) };
    return { mechanism: contender.name, profile: profile.name, environment: environment.name, policy, count, order: order.name, seed, ...await this.measured(cell, work) };
  }
  private async measured(cell: Cell, work: Work): Promise<Measured> {
    const { contender, count } = cell, program = programOf(contender, work), hash = await hashOf(program), run = performed(cell, program);
    if (run.status !== 0) return failed(hash, run);
    const laps = new Laps(run, work), { created, changed, invoked, released } = laps.at, more = Math.max(REPEATED, count), bare = perOne(this.bareOf(cell, count), count);
    const memoryAt = (n: number): Memory => minus(memoryOf(laps.lap(0), laps.lap(n), count), bare);
    return {
      program: hash, outcome: WORKS, refusals: run.refusals, invoke: laps.repeated(invoked, more), create: costOf(laps.lap(0), laps.lap(created), count), change: isChangeable(contender) ? laps.repeated(changed, more) : null,
      free: work.releases ? costOf(laps.lap(invoked), laps.lap(released), count) : null, memory: memoryAt(created), left: memoryAt(work.releases ? released : invoked),
    };
  }
  /** What tables of pointers and contexts need, which everyone has: all of it. */
  private bareOf(cell: Cell, count: number): Memory {
    const key = [cell.profile.name, cell.environment.name, count].join(), known = this.bare.get(key);
    if (known !== undefined) return known;
    const work: Work = { count, changes: 0, invocations: 0, releases: false }, contender = CONTENDERS.find(({ name }) => name === BASELINE);
    if (contender === undefined) throw new WrongSum(`there is no ${BASELINE}`);
    const laps = new Laps(performed({ ...cell, contender, policy: 'permissive' }, programOf(contender, work)), work), bare = memoryOf(laps.lap(0), laps.lap(laps.at.created), 1);
    this.bare.set(key, bare);
    return bare;
  }
}
type Measured = Pick<Row, 'program' | 'outcome' | 'refusals' | 'invoke' | 'create' | 'change' | 'free' | 'memory' | 'left'>;

function failed(program: string, { death, refusals }: GuestRun): Measured {
  return { program, outcome: death !== null && refusals.length === 0 ? death : 'refused', refusals, invoke: null, create: null, change: null, free: null, memory: null, left: null };
}
/** Of the file, and of arguments if there are any. */
function hashOf({ image, args }: Program): Promise<string> {
  const words = bytesOf(args.join(' ')), all = new Uint8Array(image.length + words.length);
  all.set(image);
  all.set(words, image.length);
  return sha256(all);
}
function performed({ contender, profile, environment, policy, seed, count }: Cell, program: Program): GuestRun {
  return perform(contender, program, count, policy, { cpu: { ...profile.options.cpu, ...environment.options.cpu }, ...(seed === null ? {} : { seed }) });
}
