/** How far the x87's functions are from the truth, here and on the host processor: within one unit in the last place of 64 bits. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../support/cases/campaign.ts';
import { type Snippet, snippetOf } from '../support/cases/forms.ts';
import { AT } from '../support/cases/layout.ts';
import { programOf } from '../support/cases/program.ts';
import { performed, performedNatively } from '../support/cases/run.ts';
import { States } from '../support/cases/state.ts';
import { Random, testSeed } from '../support/random.ts';
import { fractionOf, REFERENCE, unitsOff } from '../support/x87-reference.ts';

const ROUNDS = Number(process.env['CASES'] ?? 4000);
const ST0 = AT.extended + 32, ST1 = ST0 + 16, TAGS = AT.extended + 4;
/** Rounded to nearest, masked, both operands there. */
function isPlain(record: Uint8Array): boolean {
  const control = record[AT.extended]! | record[AT.extended + 1]! << 8, top = record[AT.extended + 3]! >> 3 & 7;
  return (control & 0xc3f) === 0x3f && (record[TAGS]! >> top & 1) === 1 && (record[TAGS]! >> (top + 1 & 7) & 1) === 1 && (record[TAGS]! >> (top + 7 & 7) & 1) === 0;
}
const isInside = (operation: string, x: bigint, y: bigint): boolean => {
  const one = 1n << 900n, magnitude = x < 0n ? -x : x;
  switch (operation) {
    case 'f2xm1': return magnitude < one;
    case 'fyl2x': return x > 0n && x !== one;
    case 'fyl2xp1': return magnitude * 1000n < 292n * one; // 1 - sqrt(1/2)
    case 'fpatan': return y !== 0n;
    default: return magnitude >> 900n < 1n << 62n;
  }
};

const precision = suite(`x87 › precision (seed ${testSeed()})`);
for (const operation of Object.keys(REFERENCE)) precision(`${operation} is within a unit in the last place of the truth`, () => {
  const random = new Random(testSeed()), states = new States(testSeed(), { family: 'x87', hasMxcsr: false }), [row] = rowsOf('x87', new RegExp(`^${operation}$`));
  const snippets: Snippet[] = [snippetOf(row!, random)!], program = programOf('x87', snippets, ROUNDS, states, () => random);
  const host = performedNatively(program), { after } = performed(program, 'interpret'), [stride] = program.stride as [number];
  let count = 0, here = 0, there = 0;
  for (let at = 0; at < after.length; at += stride) {
    const before = program.before.subarray(at, at + stride), x = fractionOf(before, ST0), y = fractionOf(before, ST1);
    if (x === null || y === null || !isPlain(before) || !isInside(operation, x, y)) continue;
    // FPTAN pushes 1.
    const place = operation === 'fptan' ? ST1 : ST0, mine = fractionOf(after.subarray(at, at + stride), place), theirs = fractionOf(host.subarray(at, at + stride), place);
    if (mine === null || theirs === null) continue;
    const truth = REFERENCE[operation]!(x, y);
    count += 1; here = Math.max(here, unitsOff(mine, truth)); there = Math.max(there, unitsOff(theirs, truth));
  }
  console.log(`  ${operation}: ${count} cases, at most ${here.toFixed(4)} units here, ${there.toFixed(4)} on the host`);
  assert.ok(count > 20, 'enough of them');
  assert.ok(here <= 0.5001, 'rounded to nearest');
});
precision.run();
