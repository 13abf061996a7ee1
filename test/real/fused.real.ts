/**
 * Fused multiply-add and half-precision conversions against the host processor, with any rounding, DAZ and FTZ: results and exceptions.
 * UPDATE=1 also records test/vectors/fused.txt, which `npm test` replays without a host.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MXCSR_AT_START } from '../../src/exec/mxcsr.ts';
import { FloatHost } from '../support/float-host.ts';
import { FUSED_FORMS, fusedInputs, runFused } from '../support/fused-forms.ts';
import { testSeed } from '../support/random.ts';
import { hexOf } from '../support/sse-forms.ts';
import { Inputs } from '../support/sse-inputs.ts';
import { vectorFile } from '../support/vectors.ts';

const CASES = Number(process.env['CASES'] ?? 2000);
/** Rounding, DAZ and FTZ. */
const CONTROLS = 0xe040;

const host = new FloatHost(FUSED_FORMS.map(form => form.text));
interface Case { readonly form: (typeof FUSED_FORMS)[number]; readonly control: number; readonly vectors: readonly Uint8Array[]; readonly expected: string }
function cases(seed: number, each: number): Case[] {
  const inputs = new Inputs(seed), all = FUSED_FORMS.flatMap((form, number) => Array.from({ length: each }, () =>
    ({ form, number, control: inputs.below(2) === 0 ? MXCSR_AT_START : MXCSR_AT_START | inputs.below(0x10000) & CONTROLS, vectors: fusedInputs(inputs, form) })));
  const answers = host.ask(all.map(({ number, control, vectors }) => ({ form: number, mxcsr: control, vectors })));
  return all.map((one, k) => {
    const { mxcsr, xmm0 } = answers[k]!;
    return { ...one, expected: `${hexOf(xmm0.subarray(0, one.form.primitive.size))} ${(mxcsr & ~one.control).toString(16)}` };
  });
}
const show = ({ form, control, vectors }: Case): string => `${form.text} | ${control.toString(16)} ${vectors.map(hexOf).join(' ')}`;

const fused = suite('fused on the host');
fused.after(() => host.close());
const seed = testSeed();
fused(`every form does what the host processor does (TEST_SEED=${seed}, ${CASES} inputs each)`, () => {
  const wrong = new Map<string, string>();
  for (const one of cases(seed, CASES)) {
    const got = runFused(one.form, one.control, one.vectors);
    if (got !== one.expected) wrong.set(one.form.text, `${show(one)}: host ${one.expected}, here ${got}`);
  }
  assert.equal([...wrong], []);
});
fused('test/vectors/fused.txt is what the host answers', () => {
  vectorFile('fused.txt', cases(1, 8).map(one => `${show(one)} | ${one.expected}`), true);
});
fused.run();
