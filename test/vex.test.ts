/**
 * AVX, AVX2, FMA3, F16C and BMI against the processor, in every engine: natively where the host is x86-64 Linux and has them, against its
 * recorded answers everywhere.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { existsSync, readFileSync } from 'node:fs';
import { CpuWorld, DATA } from './support/cpu-world.ts';
import { OTHERS, REFERENCE } from './support/engines.ts';
import { isNativeHost, runGuest, runNative } from './support/guest.ts';
import { fingerprint } from './support/form-program.ts';
import { testSeed } from './support/random.ts';
import type { Engine } from '../src/exec/cpu.ts';
import { bytesOf } from './support/sse-forms.ts';
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
vex('no half of a dot product goes further than the other, and what it did by then is flagged', () => {
  // What a processor answered: MXCSR, operands from their highest byte on, the immediate, and MXCSR afterwards.
  const cases = [
    [0x18a7, 'f80be0c124d7216dff7fffff10453b1c1f243072cf00000000000000ff7fffff', 'f80be0c124d7216dff7fffff10453b1c1f243072cf00000000000000ff7fffff', 0xaf, 0x18bf],
    [0x5c80, 'a866dd3100800000cf000000ffc54321bfc00000a970210ee7ddcec600800000', '8d3600b5008000007f000000800000003f800000ff7fffff594193f73effffff', 0xf8, 0x5cba],
  ] as const;
  for (const engine of [REFERENCE, ...OTHERS]) for (const [mxcsr, a, b, pattern, after] of cases) {
    const w = new CpuWorld(`ldmxcsr [DATA+64]\nvmovups ymm1, [DATA]\nvmovups ymm2, [DATA+32]\nvdpps ymm3, ymm1, ymm2, ${pattern}`, undefined, { engine, hotRuns: 1 });
    w.poke(DATA, [...bytesOf(a).reverse(), ...bytesOf(b).reverse(), mxcsr & 0xff, mxcsr >> 8, 0, 0]);
    assert.is(w.run(100), '#19', engine);
    assert.is(w.cpu.state.mxcsr.toString(16), after.toString(16), engine);
  }
});
vex.run();
