/** Some ten thousand random cases of each family of instructions, in every performer, against the host processor: see random.ts for more of them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCampaign } from '../support/cases/campaign.ts';
import { FAMILIES, obeysMxcsr } from '../support/cases/forms.ts';
import { ENGINES } from '../support/cases/run.ts';
import { testSeed } from '../support/random.ts';

const CASES = Number(process.env['CASES'] ?? 20_000), LINES_MAX = 20;
const random = suite(`random cases (seed ${testSeed()})`);
for (const family of FAMILIES) random(`${CASES} of ${family}, in every performer`, () => {
  const wrong: string[] = [];
  const { cases, differ } = runCampaign({
    family, cases: CASES, seed: testSeed(), engines: ENGINES, hasMxcsr: obeysMxcsr(family),
    onComplaint: (engine, line) => { if (wrong.length < LINES_MAX) wrong.push(`${engine}: ${line}`); },
  });
  console.log(`  ${family}: ${cases} cases, ${differ} differ`);
  assert.is(differ, 0, wrong.join('\n'));
});
random.run();
