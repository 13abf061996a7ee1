/** Who performs the score: the interpreter is the reference, the others are measured against it. */
import type { CpuOptions, Engine } from '../../src/exec/cpu.ts';
import type { Timing } from '../../src/timing/costs.ts';

export const REFERENCE: Engine = 'interpret';
export const OTHERS: readonly Engine[] = ['threaded', 'compile', 'auto'];
export const TIMINGS: readonly Timing[] = ['fast', 'none', 'detailed'];

/** Hot at once. Regions are `compile`'s, threads `threaded`'s; `auto` has both. Where three runs make hot, there is room for few threads. */
export const EAGER: readonly CpuOptions[] = OTHERS.flatMap(engine => [1, 2, 3].flatMap(hotRuns => TIMINGS.map((timing): CpuOptions => (
  { engine, timing, hotRuns, threaded: { runs: hotRuns - 1, wait: 1, ...(hotRuns === 3 ? { bytes: 1 << 14 } : {}) } }))));

/** As test names have it: `compile fast 2`. */
export const nameOf = ({ engine, timing, hotRuns }: CpuOptions): string => [engine, timing, hotRuns].filter(word => word !== undefined).join(' ');
