/**
 * AVX, AVX2, FMA3, F16C and BMI against the processor, in every engine: natively where the host is x86-64 Linux and has them, against its
 * recorded answers everywhere.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { existsSync, readFileSync } from 'node:fs';
import { CpuWorld } from './support/cpu-world.ts';
import { OTHERS, REFERENCE } from './support/engines.ts';
import { isNativeHost, runGuest, runNative } from './support/guest.ts';
import { fingerprint } from './support/integer-program.ts';
import { testSeed } from './support/random.ts';
import type { Engine } from '../src/exec/cpu.ts';
import { type VexForm, vexForms } from './support/vex-forms.ts';
import { definedStates, inputsOf, stateDifference, type VexProgram, vexProgram } from './support/vex-program.ts';
import { vectorFile } from './support/vectors.ts';

/** TEST_VEX=n: n random instructions of every row, n inputs each, in every engine; otherwise few, recorded. */
const THOROUGH = process.env['TEST_VEX'], isThorough = THOROUGH !== undefined, RECORDED_SEED = 20201;
const INPUTS = isThorough ? Number(THOROUGH) : 5, TRIES = isThorough ? Number(THOROUGH) : 1;
const FLAGS = isNativeHost && existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const isHostFit = ['avx2', 'fma', 'f16c', 'bmi1', 'bmi2', 'aes', 'vaes', 'vpclmulqdq'].every(flag => FLAGS.includes(` ${flag}`));

const vex = suite(`vex › against the processor (seed ${testSeed()})`);
const forms = vexForms(testSeed(), TRIES);
/** Regions take their time: they get every fourth form, and the rest in test/engines.test.ts. */
const STRIDES: readonly (readonly [Engine, number])[] = isThorough ? [REFERENCE, ...OTHERS].map(engine => [engine, 1] as const) : [[REFERENCE, 1], ['threaded', 1], ['compile', 4]];
interface Trial { readonly forms: readonly VexForm[]; readonly program: VexProgram; readonly theirs: Uint8Array | null }
const trials = new Map<number, Trial>();
function trialOf(stride: number): Trial {
  let trial = trials.get(stride);
  if (trial === undefined) {
    const own = forms.filter((_, n) => n % stride === 0), program = vexProgram(own, INPUTS, testSeed());
    trials.set(stride, trial = { forms: own, program, theirs: isHostFit ? runNative(program.elf).stdout : null });
  }
  return trial;
}
let recorded: readonly string[] = [];
for (const [engine, stride] of STRIDES) {
  vex(`${engine}: registers, flags and memory after ${stride === 1 ? 'every form' : 'some forms'}, ${INPUTS} inputs each`, () => {
    const { forms: own, program, theirs } = trialOf(stride);
    const ours = runGuest(program.elf, { cpu: { engine, ...(engine === REFERENCE ? {} : { hotRuns: 3, threaded: { runs: 2, wait: 500 } }) } });
    assert.is(ours.stdout.length, program.outputBytes, `the guest ended early: status ${ours.status} signal ${ours.signal} ${ours.stderr}`);
    const wrong: string[] = [], lines: string[] = [];
    own.forEach((form, index) => {
      const mine = definedStates(ours.stdout, form, index, INPUTS);
      const processor = theirs === null ? mine : definedStates(theirs, form, index, INPUTS);
      const text = stateDifference(mine, processor, inputsOf(program, form));
      if (text !== '') wrong.push(`${form.text}: ${text}`);
      lines.push(`${form.text} | ${fingerprint(processor)}`);
    });
    assert.equal(wrong.slice(0, 20), [], `${wrong.length} of ${own.length}`);
    if (engine === REFERENCE) recorded = lines; else assert.equal(lines, recorded.filter((_, n) => n % stride === 0));
    if (engine === REFERENCE && testSeed() === RECORDED_SEED && !isThorough) vectorFile('vex.txt', lines, theirs !== null);
  });
}
vex('elements of a masked move whose address has 32 bits come round at 4 GiB', () => {
  for (const [text, code] of [['vpmaskmovd xmm1, xmm0, [ebp]', 4], ['vmaskmovpd [ebp], xmm0, xmm1', 6]] as const) {
    const w = new CpuWorld(`mov ebp, -8\nmov rax, -1\nvmovq xmm0, rax\nvpslldq xmm0, xmm0, 8\n${text}`);
    assert.is(w.run(100), `page-fault 0x0 ${code}`, text);
  }
});
vex.run();
