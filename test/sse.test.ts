/** SSE to SSE4.1: alignment, faults, and the scores as text (SDM vol. 1 ch. 10-12). What a processor answers is in random.test.ts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../src/decoder/assemble.ts';
import { decode } from '../src/decoder/decode.ts';
import type { Instruction, Operand } from '../src/decoder/instruction.ts';
import { ROWS } from '../src/decoder/all-rows.ts';
import { MAP } from '../src/decoder/rows.ts';
import { Printer } from '../src/exec/print.ts';
import { semanticsNamed, semanticsOf } from '../src/exec/semantics/index.ts';
import { VECTOR } from '../src/exec/ops.ts';
import { bytesOf, FORMS, hexOf } from './support/sse-forms.ts';
import { PAGE, SseWorld } from './support/sse-world.ts';
import { golden } from './support/vectors.ts';

const forms = FORMS.map(({ text }) => ({ text, encoding: hexOf(assemble(text).bytes) }));
const GP = `trap ${VECTOR.protection}`;
const instructionOf = (encoding: string): Instruction => decode(bytesOf(encoding), 0, encoding.length / 2)!;
const formOf = (text: string): Instruction => instructionOf(forms.find(form => form.text === text)!.encoding);

interface MemoryForm { readonly text: string; readonly i: Instruction; readonly operand: Operand }
function memoryForms(): MemoryForm[] {
  const all = forms.map(({ text, encoding }) => ({ text, i: instructionOf(encoding) }));
  return all.flatMap(({ text, i }) => i.operands.filter(operand => operand.kind === 'mem').map(operand => ({ text, i, operand })));
}
const NEEDS_NO_ALIGNMENT = /^(movups|movupd|movdqu|lddqu|stmxcsr|prefetch|clflush)/;
const NEVER_LOADS = /^prefetch/;

const faults = suite('sse › faults');
faults('a 16-byte operand off its boundary raises #GP and changes nothing, but for the moves that say "unaligned"', () => {
  const world = new SseWorld(), wrong: string[] = [];
  for (const { text, i, operand } of memoryForms()) {
    world.bytes(PAGE, 64).fill(0); world.xmm(0).fill(0x77);
    world.state.setWords(1, PAGE + 8, 0);
    const isAligned = operand.size === 16 && !NEEDS_NO_ALIGNMENT.test(text);
    const outcome = world.perform(i);
    if (outcome !== (isAligned ? GP : null)) wrong.push(`${text}: ${outcome}`);
    if (isAligned && (world.xmm(0).some(byte => byte !== 0x77) || world.bytes(PAGE, 64).some(byte => byte !== 0))) wrong.push(`${text} wrote`);
  }
  assert.equal(wrong, []);
});
faults('a page that is not there faults before anything is written', () => {
  const world = new SseWorld(), wrong: string[] = [];
  for (const { text, i } of memoryForms()) {
    world.xmm(0).fill(0x77);
    world.state.setWords(0, 0x1234, 0); world.state.setWords(1, 2 * PAGE, 0);
    const outcome = world.perform(i);
    if (outcome !== (NEVER_LOADS.test(text) ? null : 'fault')) wrong.push(`${text}: ${outcome}`);
    if (world.xmm(0).some(byte => byte !== 0x77) || world.state.low(0) !== 0x1234) wrong.push(`${text} wrote`);
  }
  assert.equal(wrong, []);
});
faults('`maskmovdqu` with an empty mask touches no memory, and one that runs off the page writes none of it', () => {
  const world = new SseWorld(), i = formOf('maskmovdqu xmm0, xmm1');
  world.xmm(0).fill(0xab); world.xmm(1).fill(0x7f);
  world.state.setWords(7, 2 * PAGE, 0);
  assert.is(world.perform(i), null);
  world.xmm(1)[0] = world.xmm(1)[15] = 0x80;
  world.state.setWords(7, PAGE + 4096 - 8, 0);
  assert.is(world.perform(i), 'fault');
  assert.is(hexOf(world.bytes(PAGE + 4096 - 8, 8)), '0'.repeat(16));
  world.state.setWords(7, PAGE + 4096 - 16, 0);
  assert.is(world.perform(i), null);
  assert.is(hexOf(world.bytes(PAGE + 4096 - 16, 16)), `ab${'00'.repeat(14)}ab`);
});
faults('`ldmxcsr` takes every bit that exists and raises #GP for the others', () => {
  const world = new SseWorld();
  const i = instructionOf('0fae11'); // ldmxcsr [rcx]
  world.state.setWords(1, PAGE + 3, 0);
  world.bytes(PAGE + 3, 4).set([0x00, 0x80, 0x01, 0x00]);
  assert.is(world.perform(i), GP);
  assert.is(world.state.mxcsr, 0x1f80);
  world.bytes(PAGE + 3, 4).set([0xff, 0xff, 0x00, 0x00]);
  assert.is(world.perform(i), null);
  assert.is(world.state.mxcsr, 0xffff);
});
faults.run();

/** GFNI: the processor that answered has none. */
const LATER = /^gf2p8/;
const scores = suite('sse › scores');
const WRITES = /^\s*(write|store|write-flags)/, MAY_FAULT = / = (load|read m|modify m)|^\s*(store|write m)\d/;
scores('every score prints, with all accesses that may fault before its first write', () => {
  const byText = new Map(forms.map(({ text, encoding }) => [text.replace(/, \d+$/, ', imm'), encoding]));
  const lines = [...byText].map(([text, encoding]) => {
    const printer = new Printer(), i = instructionOf(encoding);
    semanticsOf(i)(printer, i);
    const firstWrite = printer.lines.findIndex(line => WRITES.test(line)), score = `${text}: ${printer.lines.join('; ')}`;
    assert.not.ok(firstWrite >= 0 && printer.lines.slice(firstWrite + 1).some(line => MAY_FAULT.test(line)), score);
    return score;
  });
  golden('sse-scores.txt', lines.join('\n') + '\n');
});
scores('a score depends on the form alone: other registers, the same text', () => {
  const textOf = (i: Instruction): string => { const printer = new Printer(); semanticsOf(i)(printer, i); return printer.lines.join('; '); };
  assert.is(textOf(instructionOf('0f58c1')), textOf(instructionOf('450f58fe'))); // addps xmm0, xmm1; addps xmm15, xmm14
});
scores('every row of SSE to SSE4.1 has a score', () => {
  const missing = ROWS.filter(row => row.operands.some(spec => spec.file === 'xmm') && row.map < MAP.vex)
    .filter(row => !row.operands.some(spec => spec.file === 'mmx') && !LATER.test(row.operation) && semanticsNamed(row.operation) === undefined);
  assert.equal(missing.map(row => row.operation), []);
});
scores.run();

const approximations = suite('sse › approximations');
approximations('`rcpss` and `rsqrtss` are within 1.5 * 2^-12 of the truth', () => {
  const world = new SseWorld(), single = new Float32Array(1);
  for (const [text, truth] of [['rcpss xmm0, xmm1', (x: number) => 1 / x], ['rsqrtss xmm0, xmm1', (x: number) => 1 / Math.sqrt(x)]] as const) {
    for (single[0] = 1e-30; single[0] < 1e30; single[0] *= 3.7) {
      world.xmm(1).set(new Uint8Array(single.buffer));
      world.perform(formOf(text));
      const got = new DataView(world.xmm(0).slice().buffer).getFloat32(0, true), want = truth(single[0]);
      assert.ok(Math.abs(got - want) <= 1.5 * 2 ** -12 * want, `${text} of ${single[0]} is ${got}, not ${want}`);
    }
  }
});
approximations.run();
