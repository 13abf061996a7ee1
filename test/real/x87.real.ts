/** x87 transcendentals against the host processor: random cases compared directly, and the recorded ones, which UPDATE=1 rewrites. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bytesOf, FLAGS, type Form, formOf, hexOf, isClose, parseWorld, perform, printWorld, registerBytes, registerHex, TRANSCENDENTALS, type World,
} from '../support/x87-forms.ts';
import { FakeContext } from '../support/x87-context.ts';
import { type Case, randomCase, Random } from '../support/x87-inputs.ts';

const HERE = import.meta.url;
const VECTORS = fileURLToPath(new URL('../vectors/x87-transcendental.txt', HERE));
const RECORD = { image: 16, memory: 128, flags: 256, rax: 264, bytes: 272 } as const;
const folder = mkdtempSync(join(tmpdir(), 'tramp64-x87-'));
const program = join(folder, 'x87');
const oracle = suite('x87 on the host');

oracle.before(() => {
  const built = spawnSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL('x87.c', HERE))]);
  assert.is(built.status, 0, 'gcc builds the oracle');
});
oracle.after(() => rmSync(folder, { recursive: true, force: true }));

function writeRecord(bytes: Uint8Array, { code, before }: Case): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top = (before.status >> 11) & 7;
  bytes.set(bytesOf(code));
  bytes[15] = code.length / 2;
  view.setUint16(RECORD.image, before.control, true);
  view.setUint16(RECORD.image + 4, before.status, true);
  let tags = 0;
  before.stack.forEach((hex, i) => {
    if (hex === null) tags |= 3 << (2 * ((top + i) & 7));
    else bytes.set(registerBytes(hex), RECORD.image + 28 + 10 * i);
  });
  view.setUint16(RECORD.image + 8, tags, true);
  bytes.set(bytesOf(before.memory), RECORD.memory);
  view.setUint32(RECORD.flags, before.flags | 2, true);
  view.setUint16(RECORD.rax, before.ax, true);
}
function readRecord(bytes: Uint8Array, { before }: Case): World {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const status = view.getUint16(RECORD.image + 4, true), tags = view.getUint16(RECORD.image + 8, true), top = (status >> 11) & 7;
  const stack = before.stack.map((_, i) => {
    const at = RECORD.image + 28 + 10 * i;
    return ((tags >> (2 * ((top + i) & 7))) & 3) === 3 ? null : registerHex(bytes.slice(at, at + 10));
  });
  return {
    control: view.getUint16(RECORD.image, true), status, stack, ax: view.getUint16(RECORD.rax, true),
    memory: hexOf(bytes.slice(RECORD.memory, RECORD.memory + before.memory.length / 2)), flags: view.getUint32(RECORD.flags, true) & FLAGS,
  };
}
/** What the host makes of them. */
function ask(cases: readonly Case[]): World[] {
  const input = new Uint8Array(cases.length * RECORD.bytes);
  cases.forEach((one, k) => writeRecord(input.subarray(k * RECORD.bytes, (k + 1) * RECORD.bytes), one));
  const run = spawnSync(program, [], { input, maxBuffer: input.length + 1 });
  assert.is(run.status, 0, `the oracle ends well (${run.signal ?? run.status})`);
  return cases.map((one, k) => readRecord(new Uint8Array(run.stdout.subarray(k * RECORD.bytes, (k + 1) * RECORD.bytes)), one));
}
const line = ({ code, before }: Case, after: World): string => `${code} ${printWorld(before)} : ${printWorld(after)}`;
function casesOf(forms: readonly Form[], seed: number, each: number): Case[] {
  const random = new Random(seed);
  return forms.flatMap(form => Array.from({ length: each }, () => randomCase(random, form)));
}

/** Prints the first disagreement of each form, or all of them. */
function compare(forms: readonly Form[], each: number): void {
  const seed = Number(process.env['SEED'] ?? 87), all = process.env['ALL'] !== undefined;
  const cases = casesOf(forms, seed, each), context = new FakeContext(), shown = new Set<string>();
  let count = 0;
  ask(cases).forEach((host, k) => {
    const one = cases[k]!, here = perform(context, one.code, one.before);
    if (isClose(here, host)) return;
    count += 1;
    if (all || !shown.has(one.code)) console.log(`${formOf(one.code).operation}\n  host ${line(one, host)}\n  here ${line(one, here)}`);
    shown.add(one.code);
  });
  console.log(`${cases.length} cases, seed ${seed}, ${count} differ`);
  assert.is(count, 0);
}
oracle('every transcendental is within one unit in the last place of the host’s', () => compare(TRANSCENDENTALS, Number(process.env['EACH'] ?? 400)));

/** Results around the least normal number, which other cases found. */
const FOUND = ['d9f3 77f 2000 3fff8,00018', 'd9f3 a7f 1000 40008,0001ffffffffffffffff'].map((text): Case => ({ code: text.slice(0, 4), before: parseWorld(text.slice(4)) }));
oracle('the recorded vectors are what the host answers', () => {
  const cases = [...casesOf(TRANSCENDENTALS, 1, 60), ...FOUND], answers = ask(cases);
  const text = `${HEADER}${cases.map((one, k) => `${line(one, answers[k]!)}\n`).join('')}`;
  if (process.env['UPDATE']) writeFileSync(VECTORS, text);
  assert.is(readFileSync(VECTORS, 'utf8'), text);
});
const HEADER = `# Answers of an AMD EPYC (family 25, model 17). A line: code, before : after; each is: control status st0,st1,... m=memory f=rflags a=ax.
# Registers are sign, exponent and significand with trailing zeros cut off, "-" an empty one. Written by test/real/x87.real.ts.
`;
oracle.run();
