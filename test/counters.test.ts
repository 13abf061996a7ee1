/** Clocks and counters: RDTSC, RDTSCP, RDPMC and clock_gettime tell a program what the model counts, in every engine. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '../src/exec/cpu.ts';
import { PERFORMANCE_COUNTERS } from '../src/exec/counters.ts';
import { CYCLES_PER_NANOSECOND } from '../src/syscalls/clock.ts';
import { build, DATA, slot, systemCall as call, values } from './support/guest-program.ts';
import { runGuest, writeAndExit } from './support/guest.ts';

const counters = suite('counters'), ENGINES: readonly Engine[] = ['interpret', 'threaded', 'compile', 'auto'], FIXED = 0x4000_0000, ROUNDS = 5000;
const read = (ecx: number, n: number): string => `mov ecx, ${ecx}\nrdpmc\nshl rdx, 32\nor rax, rdx\nmov ${slot(n)}, rax\n`;
const stamp = (n: number): string => `rdtsc\nshl rdx, 32\nor rax, rdx\nmov ${slot(n)}, rax\n`;
/** CLOCK_MONOTONIC, in nanoseconds. */
const clock = (n: number): string => `${call(228, 1, DATA + 0x100, 0, 0, 0, 0)}mov rax, [DATA+0x100]\nimul rax, rax, 1000000000\nadd rax, [DATA+0x108]\nmov ${slot(n)}, rax\n`.replaceAll('DATA', `${DATA}`);
const WORK = `mov r15d, ${ROUNDS}\nmov eax, 0x12345\nagain: imul eax, eax, 1664525\nadd eax, 1013904223\nbt eax, 31\njc 1f\nadd ebx, 3\n1: dec r15d\njnz again\n`;
const SOURCE = `_start: ${read(FIXED, 0)}${stamp(1)}${read(FIXED + 1, 2)}${read(0, 3)}${WORK}${read(FIXED, 4)}${stamp(5)}${read(FIXED + 1, 6)}${read(0, 7)}${clock(8)}${stamp(9)}${WORK.replaceAll('again', 'second')}${clock(10)}${stamp(11)}${writeAndExit(DATA, 8 * 12)}`;
for (const engine of ENGINES) counters(`${engine}: instructions are exact, cycles are those of RDTSC, misses those of the predictor, and the clock goes by cycles`, () => {
  const { stdout, counters: { branchMisses } } = runGuest(build(SOURCE, 0x1000), { cpu: { engine, hotRuns: 20 } }), [i0, t0, c0, m0, i1, t1, c1, m1, n0, t2, n1, t3] = values(stdout).map(Number) as [number, number, number, number, number, number, number, number, number, number, number, number];
  const taken = (i1 - i0) - (4 * 4 + 4 + 2) - 2 - 6 * ROUNDS;
  assert.ok(taken > 0.4 * ROUNDS && taken < 0.6 * ROUNDS, `${i1 - i0} instructions`);
  assert.ok(c0 > t0 && c1 > t1 && Math.abs((c1 - c0) - (t1 - t0)) < 20, `${c0} ${t0} ${c1} ${t1}`);
  assert.ok(m1 - m0 > 0.2 * ROUNDS && m1 <= branchMisses);
  assert.ok(Math.abs((n1 - n0) * CYCLES_PER_NANOSECOND - (t3 - t2)) < 50, `${n1 - n0} ns, ${t3 - t2} cycles`);
});
counters('they read the same in every engine', () => {
  const [first, ...others] = ENGINES.map(engine => values(runGuest(build(SOURCE, 0x1000), { cpu: { engine, hotRuns: 20 } }).stdout));
  for (const other of others) assert.equal(other, first);
});
counters('every counter can be read; what there is none of is #GP', () => {
  for (const { ecx } of PERFORMANCE_COUNTERS) assert.is(runGuest(build(`_start: mov ecx, ${ecx}\nrdpmc\n${call(60, 0)}`, 64)).status, 0);
  for (const ecx of [6, FIXED + 3, 0xffff_ffff]) assert.is(runGuest(build(`_start: mov ecx, ${ecx}\nrdpmc\n${call(60, 0)}`, 64)).signal, 11);
});
counters.run();
