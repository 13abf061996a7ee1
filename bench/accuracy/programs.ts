/** Small general programs (programs/*.c, committed as one ELF): every one timed by RDTSC inside, on the processor and here. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stopwatch } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const elf = join(dirname(fileURLToPath(import.meta.url)), '../reference/programs.elf');

/** Dependent additions before every program: the yardstick of both. */
const ADDITIONS = 20_000;
/** Timed runs of each. */
const RUNS = 8;

export function programs(profile: string, watch: Stopwatch): readonly Comparison[] {
  const times = watch.run(readFileSync(elf), []);
  const last = (n: number, k: number): number => times[2 * (RUNS * n + RUNS - 1) + k]!;
  return rowsOf(profile, 'programs').map((row, n) => ({ name: row['name']!, measured: measuredOf(row), modelled: last(n, 1) * ADDITIONS / last(n, 0) }));
}
