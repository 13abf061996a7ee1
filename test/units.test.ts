/**
 * MMX, string comparison, cryptography and the rest of the user's instructions against the processor, in every engine: natively where the host is
 * x86-64 Linux and has them, against its recorded answers everywhere.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { existsSync, readFileSync } from 'node:fs';
import { OTHERS, REFERENCE } from './support/engines.ts';
import { isNativeHost, runGuest, runNative } from './support/guest.ts';
import { fingerprint } from './support/form-program.ts';
import { testSeed } from './support/random.ts';
import { UNIT_FORMS } from './support/unit-forms.ts';
import { definedStates, inputsOf, stateDifference, unitProgram } from './support/unit-program.ts';
import { vectorFile } from './support/vectors.ts';

/** TEST_UNITS=n: n inputs for every form, in every engine; a recorded run has few, and the engines take turns. */
const INPUTS = Number(process.env['TEST_UNITS'] ?? 8), isThorough = process.env['TEST_UNITS'] !== undefined, RECORDED_SEED = 20201;
const FLAGS = isNativeHost && existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const isHostFit = ['sha_ni', 'aes', 'pclmulqdq', 'sse4_2', 'rdpid', 'adx'].every(flag => FLAGS.includes(` ${flag}`));
const oneLine = (body: string): string => body.replaceAll('\n', '; ');

const units = suite(`units › against the processor (seed ${testSeed()})`);
/** Of a family with more forms every fifth one. */
const FORMS_MAX = 150;
Object.entries(UNIT_FORMS).forEach(([family, all], k) => units(`${family}: registers, x87, vectors, flags and memory after every form, ${INPUTS} inputs each`, () => {
  const step = isThorough || all.length <= FORMS_MAX ? 1 : 5, forms = all.filter((_, n) => n % step === 0);
  const program = unitProgram(forms, INPUTS, testSeed()), engines = isThorough ? [REFERENCE, ...OTHERS] : [REFERENCE, OTHERS[k % OTHERS.length]!];
  const theirs = isHostFit ? runNative(program.elf).stdout : null;
  let recorded: string[] = [];
  for (const engine of engines) {
    const ours = runGuest(program.elf, { cpu: { engine, ...(engine === REFERENCE ? {} : { hotRuns: 3, threaded: { runs: 2, wait: 500 } }) } });
    assert.is(ours.stdout.length, program.outputBytes, `the guest ended early: status ${ours.status} ${ours.stderr}`);
    const wrong: string[] = [], lines: string[] = [];
    forms.forEach((form, index) => {
      const mine = definedStates(ours.stdout, form, index, INPUTS);
      const processor = theirs === null ? mine : definedStates(theirs, form, index, INPUTS);
      const text = stateDifference(mine, processor, inputsOf(program, form));
      if (text !== '') wrong.push(`${oneLine(form.body)}: ${text}`);
      lines.push(`${oneLine(form.body)} | ${fingerprint(processor)}`);
    });
    assert.equal(wrong, [], engine);
    if (engine === REFERENCE) recorded = lines; else assert.equal(lines, recorded, engine);
  }
  if (testSeed() === RECORDED_SEED && !isThorough) vectorFile(`units-${family}.txt`, recorded, theirs !== null);
}));
units.run();
