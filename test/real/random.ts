#!/usr/bin/env -S node --import tsx
/**
 * Random instructions against the host processor: `node --import tsx test/real/random.ts --family integer --cases 1000000 --seed 1 --engine compile`.
 * Whatever the emulator implements is tried, with operands that like edges; what differs is one line each.
 */
import type { Engine } from '../../src/exec/cpu.ts';
import { runCampaign } from '../support/cases/campaign.ts';
import { FAMILIES, type Family, obeysMxcsr } from '../support/cases/forms.ts';
import { ENGINES } from '../support/cases/run.ts';

const USAGE = `random.ts [--family ${FAMILIES.join('|')}|all] [--cases N] [--seed S] [--engine ${ENGINES.join('|')}|all] [--only PATTERN] [--mxcsr] [--lines N] [--snippets N] [--rounds N]`;
const values = new Map<string, string>(), words = process.argv.slice(2);
while (words.length > 0) {
  const name = words.shift()!;
  if (!/^--(family|cases|seed|engine|only|mxcsr|lines|snippets|rounds)$/.test(name)) { console.error(USAGE); process.exit(2); }
  values.set(name, name === '--mxcsr' ? '' : words.shift() ?? '');
}
const number = (name: string, otherwise: number): number => Number(values.get(name) ?? otherwise);
const listed = <T extends string>(name: string, all: readonly T[]): readonly T[] => {
  const value = values.get(name) ?? 'all';
  return value === 'all' ? all : value.split(',') as T[];
};
const families = listed<Family>('--family', FAMILIES), engines = listed<Engine>('--engine', ENGINES), cases = number('--cases', 20_000), seed = number('--seed', 1), linesMax = number('--lines', 3);
let isWrong = false;
for (const family of families) {
  const start = Date.now(), shown = new Map<string, number>();
  const { cases: done, forms, differ, instructions } = runCampaign({
    family, cases, seed, engines, hasMxcsr: values.has('--mxcsr') || obeysMxcsr(family), snippetsEach: number('--snippets', 1000), rounds: number('--rounds', 20),
    ...(values.has('--only') ? { only: new RegExp(values.get('--only')!) } : {}),
    onComplaint(engine, line) {
      // A few of each instruction.
      const key = `${engine} ${/ (?:lock |rep\w* )?(\S+)/.exec(line)?.[1]}`, count = (shown.get(key) ?? 0) + 1;
      shown.set(key, count);
      if (count <= linesMax) console.log(`${engine}: ${line}`);
    },
  });
  const performers = [...instructions].map(([engine, { all, interpreted, threaded, compiled }]) => {
    const share = (part: number): string => `${Math.round(100 * part / all)} %`;
    return `${engine} (of instructions ${share(interpreted)} interpreted, ${share(threaded)} threaded, ${share(compiled)} compiled)`;
  });
  for (const [key, count] of shown) if (count > linesMax) console.log(`${key}: ${count} in all`);
  console.log(`${family}: ${done} cases of ${forms} rows, seed ${seed}, ${((Date.now() - start) / 1000).toFixed(1)} s, ${performers.join(', ')}: ${differ} differ`);
  isWrong ||= differ > 0;
}
process.exit(isWrong ? 1 : 0);
