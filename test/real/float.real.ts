/**
 * SSE's floating point against the host processor, with any MXCSR: results, flags, and what is raised where it is not masked.
 * UPDATE=1 also records test/vectors/float.txt, which `npm test` replays without a host.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../src/decoder/decode.ts';
import { gnuAssembleEach } from '../support/assembler.ts';
import { answerHere, answerOf, FLOAT_FORMS, mxcsrFrom } from '../support/float-forms.ts';
import { FloatHost, type Question } from '../support/float-host.ts';
import { testSeed } from '../support/random.ts';
import { bytesOf, hexOf } from '../support/sse-forms.ts';
import { Inputs } from '../support/sse-inputs.ts';
import { SseWorld } from '../support/sse-world.ts';
import { vectorFile } from '../support/vectors.ts';

/** Of each form. */
const CASES = Number(process.env['CASES'] ?? 1000), RECORDED = 7;

const host = new FloatHost(FLOAT_FORMS.map(form => form.text)), encodings = gnuAssembleEach(FLOAT_FORMS.map(form => form.text));
function questions(seed: number, each: number): Question[] {
  const inputs = new Inputs(seed);
  return FLOAT_FORMS.flatMap(({ kind }, form) => Array.from({ length: each }, () => ({ form, mxcsr: mxcsrFrom(inputs), vectors: [0, 1, 2].map(() => inputs.vector(kind)) })));
}
const textOf = ({ form }: Question): string => FLOAT_FORMS[form]!.text;
const show = ({ mxcsr, vectors }: Question): string => `${mxcsr.toString(16)} ${hexOf(vectors[0]!)} ${hexOf(vectors[1]!)}`;

const float = suite('float on the host');
float.after(() => host.close());
const seed = testSeed();
float(`every form does what the host processor does (TEST_SEED=${seed}, ${CASES} inputs each)`, () => {
  const world = new SseWorld(), asked = questions(seed, CASES), answers = host.ask(asked), wrong = new Map<string, string>();
  const instructions = encodings.map(encoding => decode(bytesOf(encoding), 0, encoding.length / 2)!);
  asked.forEach((question, k) => {
    const text = textOf(question), expected = answerOf(text, answers[k]!), got = answerHere(world, text, instructions[question.form]!, question.mxcsr, question.vectors);
    if (got !== expected) wrong.set(text, `${show(question)}: host ${expected}, here ${got}`);
  });
  assert.equal([...wrong], []);
});
float('test/vectors/float.txt is what the host answers', () => {
  const asked = questions(1, RECORDED), answers = host.ask(asked);
  vectorFile('float.txt', asked.flatMap((question, k) => {
    const line = `${show(question)} > ${answerOf(textOf(question), answers[k]!)}`;
    return k % RECORDED === 0 ? [`${textOf(question)} | ${encodings[question.form]!}`, line] : [line];
  }), true);
});
float.run();
