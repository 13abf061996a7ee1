/** A million random byte strings through the decoder: it always answers, within bounds, and for the same reason (TEST_SEED, CASES). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../src/decoder/decode.ts';
import type { Decode, Instruction } from '../src/decoder/instruction.ts';
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

let decoders = 0;
/** A decoder that has met nothing yet. */
async function newDecoder(): Promise<Decode> {
  const path = `../src/decoder/decode.ts?${decoders += 1}`;
  return (await import(path) as typeof import('../src/decoder/decode.ts')).decode;
}
/** One that has met so many instructions that it remembers no more: all of these have four prefixes that mean nothing. */
const NOTHING = [0x2e, 0x36, 0x3e, 0x26];
async function decoderThatIsFull(): Promise<Decode> {
  const full = await newDecoder();
  for (const opcode of [0x01, 0x03, 0x29, 0x2b]) {
    for (let rex = 0x40; rex < 0x50; rex++) for (let modrm = 0; modrm < 0x100; modrm++) full(Uint8Array.of(...NOTHING, rex, opcode, modrm, ...new Array<number>(12).fill(0)), 0, 19);
  }
  return full;
}
/** Of all maps but those of VEX, EVEX and XOP, each with some prefixes: opcodes with ModRM bytes of every kind. */
function* everyOpcode(): Generator<Uint8Array> {
  const tail = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
  for (const prefixes of [[], [0x66], [0xf2], [0xf3], [0x48], [0x66, 0x49], [0xf3, 0x48], [0x66, 0xf2], [0xf0], [0x64], [0x67]]) for (const escape of [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]) {
    for (let opcode = 0; opcode < 0x100; opcode++) for (const modrm of [0x01, 0x04, 0x05, 0x48, 0x8b, 0xc1, 0xd9, 0xe2, 0xf7]) yield Uint8Array.of(...prefixes, ...escape, opcode, modrm, ...tail, ...tail);
  }
}
random('every opcode, after all the others were met: what it is to a decoder that remembers none', async () => {
  const decode = await newDecoder(), anew = await decoderThatIsFull();
  for (const bytes of everyOpcode()) decode(bytes, 0, bytes.length);
  for (const bytes of everyOpcode()) {
    const known = JSON.stringify(decode(bytes, 0, bytes.length)), unknown = JSON.stringify(anew(bytes, 0, bytes.length));
    if (known !== unknown) assert.is(known, unknown, Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(''));
  }
});
random(`${CASES / 50} byte strings (seed ${testSeed()}): what was met with other numbers is decoded as if it had not been`, async () => {
  const source = new Random(testSeed()), bytes = new Uint8Array(SPACE_BYTES), decode = await newDecoder(), anew = await decoderThatIsFull();
  for (let n = 0; n < CASES / 50; n++) {
    fill(bytes, source);
    const first = decode(bytes, 0, SPACE_BYTES);
    for (let k = 0; k < 4; k++) {
      bytes[source.below(first?.length ?? 1)] = source.below(0x100);
      const end = source.below(3) > 0 ? SPACE_BYTES : source.below(SPACE_BYTES), known = JSON.stringify(decode(bytes, 0, end)), unknown = JSON.stringify(anew(bytes, 0, end));
      if (known === unknown || NOTHING.every(prefix => bytes.includes(prefix))) continue;
      assert.is(known, unknown, `seed ${testSeed()}, case ${n}: ${Array.from(bytes.subarray(0, end), byte => byte.toString(16).padStart(2, '0')).join('')}`);
    }
  }
});
random.run();
