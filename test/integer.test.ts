/** Every integer form against the processor: natively where the host is x86-64 Linux, against its recorded answers everywhere. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isNativeHost, runGuest, runNative } from './support/guest.ts';
import { vectorFile } from './support/vectors.ts';
import { INTEGER_FORMS } from './support/integer-forms.ts';
import { definedOutput, fingerprint, integerProgram, RECORD_BYTES } from './support/integer-program.ts';
import { testSeed } from './support/random.ts';

const INPUTS = 12;
/** Recorded vectors hold for this seed only; others need the host. */
const RECORDED_SEED = 20201;
const NAMES = ['rax', 'rbx', 'rcx', 'rdx', 'r8', 'r9', 'flags'];

const integer = suite(`integer › against the processor (seed ${testSeed()})`);
const oneLine = (body: string): string => body.replaceAll('\n', '; ');

/** Where two outputs first differ, in words. */
function difference(ours: Uint8Array, theirs: Uint8Array): string {
  const a = new DataView(ours.buffer), b = new DataView(theirs.buffer);
  for (let at = 0; at < ours.length; at += 8) {
    if (a.getBigUint64(at, true) === b.getBigUint64(at, true)) continue;
    const field = (at % RECORD_BYTES) / 8;
    return `input ${Math.floor(at / RECORD_BYTES)}: ${NAMES[field] ?? `memory+${8 * field - 64}`} is ${a.getBigUint64(at, true).toString(16)}, the processor says ${b.getBigUint64(at, true).toString(16)}`;
  }
  return '';
}
integer('registers, flags and memory after every form', () => {
  const program = integerProgram(INTEGER_FORMS, INPUTS, testSeed());
  const ours = runGuest(program.elf);
  assert.is(ours.stdout.length, program.outputBytes, `the guest ended early: status ${ours.status} ${ours.stderr}`);
  const theirs = isNativeHost ? runNative(program.elf).stdout : null;
  const wrong: string[] = [], lines: string[] = [];
  INTEGER_FORMS.forEach((form, index) => {
    const mine = definedOutput(ours.stdout, form, index, INPUTS);
    if (theirs !== null) {
      const processor = definedOutput(theirs, form, index, INPUTS), text = difference(mine, processor);
      if (text !== '') wrong.push(`${oneLine(form.body)}: ${text}`);
      lines.push(`${oneLine(form.body)} | ${form.undefined} | ${fingerprint(processor)}`);
    } else lines.push(`${oneLine(form.body)} | ${form.undefined} | ${fingerprint(mine)}`);
  });
  assert.equal(wrong, []);
  if (testSeed() === RECORDED_SEED) vectorFile('integer.txt', lines, theirs !== null);
});
integer.run();
