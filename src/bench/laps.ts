/** One life of a guest, told in laps: what is between them is what its parts cost. */
import { SecurityPolicy } from '../syscalls/policy.ts';
import type { Contender } from './contenders.ts';
import { INTERPRETED_MAX, runImage, type Counters, type GuestOptions, type GuestRun } from './guest.ts';
import { compiledWork, guestProgram, lapsOf, type Work } from './program.ts';
import { costOf, less, type Cost } from './record.ts';

/** A guest's result was not what its closures compute: nothing of the table can be trusted. */
export class WrongSum extends Error {}
const STATUS_WRONG_SUM = 1;

/** A guest's file, and its arguments. */
export interface Program { readonly image: Uint8Array; readonly args: readonly string[] }
export const programOf = (contender: Contender, work: Work): Program =>
  'image' in contender ? { image: contender.image(), args: compiledWork(contender.way, work) } : { image: guestProgram(contender, work), args: [] };

/** `policy`: named as an axis of the matrix, or as `--policy`, has it. */
export function perform({ name }: Contender, { image, args }: Program, count: number, policy: string, options: GuestOptions = {}): GuestRun {
  const rules = SecurityPolicy.of(policy.replaceAll('+', ','));
  if (typeof rules === 'string') throw new WrongSum(rules);
  const run = runImage(image, args, { ...options, policy: rules, cpu: { engine: count <= INTERPRETED_MAX ? 'interpret' : 'auto', ...options.cpu } });
  if (run.status === STATUS_WRONG_SUM) throw new WrongSum(`${name}: its invocations gave a wrong sum`);
  return run;
}

export class Laps {
  readonly at: ReturnType<typeof lapsOf>;
  private readonly told: readonly Counters[];
  constructor({ marks }: GuestRun, work: Work) {
    this.at = lapsOf(work);
    this.told = marks.map(mark => mark.counters);
  }
  lap(n: number): Counters {
    const found = this.told[n];
    if (found === undefined) throw new WrongSum('a guest told too few laps');
    return found;
  }
  added(from: number, to: number): Counters { return less(this.lap(to), this.lap(from)); }
  /** Of one, where the round that ended at this lap is the last, and does so many more than the one before. */
  repeated(last: number, more: number): Cost { return costOf(this.added(last - 2, last - 1), this.added(last - 1, last), more); }
}
