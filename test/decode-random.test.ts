/** A million random byte strings through the decoder: it always answers, within bounds, and for the same reason (TEST_SEED, CASES). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../src/decoder/decode.ts';
import type { Instruction } from '../src/decoder/instruction.ts';
import { RowIndex } from '../src/decoder/row-index.ts';
import { exampleOf, usualEncodings } from '../src/decoder/usual.ts';
import { USUAL_EXAMPLES } from '../src/decoder/usual-examples.ts';
import { Random, testSeed } from './support/random.ts';

const CASES = Number(process.env['CASES'] ?? 1_000_000);
const SPACE_BYTES = 24, LENGTH_MAX = 15;
const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x64, 0x65, 0x40, 0x41, 0x44, 0x48, 0x4f];
const ESCAPES: readonly (readonly number[])[] = [[0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a], [0xc4], [0xc5], [0x62]];

/** Uniform bytes, or prefixes, an escape and uniform bytes. */
function fill(bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < SPACE_BYTES; at += 4) {
    const word = random.word();
    bytes[at] = word; bytes[at + 1] = word >>> 8; bytes[at + 2] = word >>> 16; bytes[at + 3] = word >>> 24;
  }
  const kind = random.below(4);
  if (kind === 0) return;
  let at = 0;
  for (let count = random.below(kind === 3 ? 16 : 4); count > 0; count--) bytes[at++] = random.pick(PREFIXES);
  if (kind !== 2) for (const byte of random.pick(ESCAPES)) bytes[at++] = byte;
}

/** What is wrong with the answer for `available` bytes, or null. */
function complaint(i: Instruction | null, available: number): string | null {
  if (i === null) return available < LENGTH_MAX ? null : 'more than 15 bytes are wanted';
  if (i.length < 1 || i.length > LENGTH_MAX || i.length > available) return `length ${i.length} of ${available}`;
  if (i.mnemonic === '' || i.operation === '') return 'no name';
  if (i.lock && i.operands[0]?.kind !== 'mem') return 'LOCK without a memory destination';
  return null;
}
const isSame = (a: Instruction, b: Instruction): boolean =>
  a.row === b.row && a.length === b.length && a.mnemonic === b.mnemonic && a.prefixes === b.prefixes;

const random = suite('decode › random');
random(`${CASES} byte strings (seed ${testSeed()}): an answer within the bytes; fewer bytes ask for more or change nothing`, () => {
  const source = new Random(testSeed()), bytes = new Uint8Array(SPACE_BYTES);
  for (let n = 0; n < CASES; n++) {
    fill(bytes, source);
    const start = source.below(4), available = source.below(SPACE_BYTES - start + 1), part = source.below(available + 1);
    const whole = decode(bytes, start, start + available), beginning = decode(bytes, start, start + part);
    const wrong = complaint(whole, available) ?? complaint(beginning, part)
      ?? (beginning !== null && (whole === null || !isSame(whole, beginning)) ? `${part} bytes give something else` : null)
      ?? (beginning === null && whole !== null && whole.mnemonic !== 'ud' && part >= whole.length ? `${part} bytes give nothing` : null);
    if (wrong === null) continue;
    const hex = Array.from(bytes.subarray(start, start + available), byte => byte.toString(16).padStart(2, '0')).join('');
    assert.unreachable(`seed ${testSeed()}, case ${n}: ${hex}: ${wrong}`);
  }
});

type Decode = (bytes: Uint8Array, start: number, end: number) => Instruction | null;
const decoderOf = (index: RowIndex): Decode => (bytes, start, end) => decode(bytes, start, end, index);
const newDecoder = (): Decode => decoderOf(new RowIndex());
const decoderThatRemembersNothing = (): Decode => decoderOf(new RowIndex(undefined, 0));
const SAID = ['mnemonic', 'operation', 'size', 'condition', 'lock', 'rep', 'flow', 'prefixes', 'addressSize', 'segment', 'row', 'length', 'operands', 'first', 'second', 'code'] as const;
const said = (i: Instruction | null): string => i === null ? 'nothing' : JSON.stringify(SAID.map(name => i[name]));
const LEGACY_PREFIXES = [[], [0x66], [0xf2], [0xf3], [0x48], [0x66, 0x49], [0xf3, 0x48], [0x66, 0xf2], [0xf0], [0x64], [0x67]];
const LEGACY_ESCAPES = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const VEX = [[0xc5, 0xf8], [0xc5, 0xfd], [0xc5, 0x72], [0xc4, 0xe1, 0x79], [0xc4, 0xe1, 0xfb], [0xc4, 0xe2, 0x7d], [0xc4, 0xe2, 0xf9], [0xc4, 0x42, 0x73], [0xc4, 0xe3, 0x79], [0xc4, 0xe3, 0x75], [0x64, 0xc4, 0xe2, 0x71], [0x8f, 0xe9, 0x78], [0x62, 0xf1, 0x7c, 0x48]];
/** Of all maps, each with some prefixes: opcodes with ModRM bytes of every kind. */
function* everyOpcode(): Generator<Uint8Array> {
  const tail = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
  for (const before of [...LEGACY_PREFIXES.flatMap(prefixes => LEGACY_ESCAPES.map(escape => [...prefixes, ...escape])), ...VEX]) {
    for (let opcode = 0; opcode < 0x100; opcode++) for (const modrm of [0x01, 0x04, 0x05, 0x48, 0x8b, 0xc1, 0xd9, 0xe2, 0xf7]) yield Uint8Array.of(...before, opcode, modrm, ...tail, ...tail);
  }
}
random('every opcode, after all the others were met: what it is to a decoder that remembers none', () => {
  const decode = newDecoder(), anew = decoderThatRemembersNothing();
  for (const bytes of everyOpcode()) decode(bytes, 0, bytes.length);
  for (const bytes of everyOpcode()) {
    const known = said(decode(bytes, 0, bytes.length)), unknown = said(anew(bytes, 0, bytes.length));
    if (known !== unknown) assert.is(known, unknown, Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(''));
  }
});
random(`${CASES / 50} byte strings (seed ${testSeed()}): what was met with other numbers is decoded as if it had not been`, () => {
  const source = new Random(testSeed()), bytes = new Uint8Array(SPACE_BYTES), decode = newDecoder(), anew = decoderThatRemembersNothing();
  for (let n = 0; n < CASES / 50; n++) {
    fill(bytes, source);
    const first = decode(bytes, 0, SPACE_BYTES);
    for (let k = 0; k < 4; k++) {
      bytes[source.below(first?.length ?? 1)] = source.below(0x100);
      const end = source.below(3) > 0 ? SPACE_BYTES : source.below(SPACE_BYTES), known = said(decode(bytes, 0, end)), unknown = said(anew(bytes, 0, end));
      if (known !== unknown) assert.is(known, unknown, `seed ${testSeed()}, case ${n}: ${Array.from(bytes.subarray(0, end), byte => byte.toString(16).padStart(2, '0')).join('')}`);
    }
  }
});
random('every opcode: what it is to a decoder for which a builder wrote down what is usual', () => {
  const decode = decoderOf(new RowIndex(usualEncodings(USUAL_EXAMPLES))), anew = newDecoder();
  for (const bytes of everyOpcode()) {
    const usual = said(decode(bytes, 0, bytes.length)), read = said(anew(bytes, 0, bytes.length));
    if (usual !== read) assert.is(usual, read, Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(''));
  }
});
random('every usual instruction: from what was written down, without reading a row', () => {
  const index = new RowIndex(usualEncodings(USUAL_EXAMPLES)), anew = newDecoder();
  index.rows = () => assert.unreachable('a row was read') as never;
  for (const hex of USUAL_EXAMPLES) {
    const bytes = exampleOf(hex), i = decode(bytes, 0, bytes.length, index);
    assert.is(said(i), said(anew(bytes, 0, bytes.length)), hex);
    assert.is(2 * i!.length, hex.length);
  }
});
random.run();
