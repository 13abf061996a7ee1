/** Floating point under MXCSR: recorded answers of a processor, with the flags it set and the exceptions it raised (SDM vol. 1 §11.5). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../src/decoder/decode.ts';
import { answerHere } from './support/float-forms.ts';
import { bytesOf } from './support/sse-forms.ts';
import { SseWorld } from './support/sse-world.ts';
import { vectorLines } from './support/vectors.ts';

const float = suite('float');
float('every recorded form gives and flags what it did on the processor, or traps and writes nothing', () => {
  const world = new SseWorld(), wrong: string[] = [];
  let text = '', encoding = new Uint8Array(0);
  for (const line of vectorLines('float.txt')) {
    const [question, expected] = line.split(' > ');
    if (expected === undefined) { const [name, hex] = line.split(' | '); text = name!; encoding = Uint8Array.from(bytesOf(hex!)); continue; }
    const [mxcsr, first, second] = question!.split(' '), i = decode(encoding, 0, encoding.length)!;
    const got = answerHere(world, text, i, parseInt(mxcsr!, 16), [bytesOf(first!), bytesOf(second!)]);
    if (got !== expected) wrong.push(`${text} of ${question}: recorded ${expected}, here ${got}`);
  }
  assert.equal(wrong, []);
});
float.run();
