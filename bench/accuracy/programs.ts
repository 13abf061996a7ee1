/** Small general programs (../reference/*.c, committed as ELFs): every one timed by RDTSC inside, on the processor and here. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stopwatch } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../reference');

/** Dependent additions before every program: the yardstick of both. */
const ADDITIONS = 20_000;
/** Timed runs of each. */
const RUNS = 8;

export const programs = (profile: string, watch: Stopwatch): readonly Comparison[] => compared('programs', profile, watch);
/** Which the profile was not chosen with in view. */
export const unseen = (profile: string, watch: Stopwatch): readonly Comparison[] => compared('unseen', profile, watch);

function compared(section: string, profile: string, watch: Stopwatch): readonly Comparison[] {
  const times = watch.run(readFileSync(join(folder, `${section}.elf`)), []);
  const last = (n: number, k: number): number => times[2 * (RUNS * n + RUNS - 1) + k]!;
  return rowsOf(profile, section).map((row, n) => ({ name: row['name']!, measured: measuredOf(row), modelled: last(n, 1) * ADDITIONS / last(n, 0) }));
}
