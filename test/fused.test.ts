/** Fused multiply-add and half-precision conversions: recorded answers of a processor, with the exceptions it raised (SDM vol. 1 §14.4, §14.5). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FUSED_FORMS, runFused } from './support/fused-forms.ts';
import { bytesOf } from './support/sse-forms.ts';
import { vectorLines } from './support/vectors.ts';

const fused = suite('fused');
fused('every recorded form gives what it gave on the processor, and raises what it raised', () => {
  const wrong = vectorLines('fused.txt').filter(line => {
    const [text, control, a, b, c, result, raised] = line.split(' | ').flatMap((part, k) => k === 0 ? [part] : part.split(' '));
    const form = FUSED_FORMS.find(one => one.text === text)!;
    return runFused(form, parseInt(control!, 16), [a, b, c].map(hex => bytesOf(hex!))) !== `${result} ${raised}`;
  });
  assert.equal(wrong, []);
});
fused.run();
