/**
 * The decoder against others: objdump on whole programs, one encoding at a time on recorded and random ones, and the host
 * processor, which is asked how long an instruction is by putting it at the end of a page.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from '../../src/decoder/decode.ts';
import type { Instruction } from '../../src/decoder/instruction.ts';
import { Random, testSeed } from '../support/random.ts';
import { vectorLines } from '../support/vectors.ts';

const CASES = Number(process.env['CASES'] ?? 20_000);
const directory = mkdtempSync(join(tmpdir(), 'tramp64-decode-'));
const bytesOf = (hex: string): Uint8Array => Uint8Array.from((hex.match(/../g) ?? []).map(byte => parseInt(byte, 16)));
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
function outputOf(command: string, args: readonly string[], input = ''): string {
  const ran = spawnSync(command, args, { input, cwd: directory, maxBuffer: 1 << 30 });
  assert.is(ran.status, 0, `${command}: ${ran.error?.message ?? new TextDecoder().decode(ran.stderr)}`);
  return new TextDecoder().decode(ran.stdout);
}

/** Prefixes that objdump writes before the mnemonic. */
const BEFORE = /^(?:(?:rep|repz|repnz|lock|bnd|notrack|data16|addr32|[c-gs]s|rex(?:\.\w+)?|xacquire|xrelease) +)*/;
/** Spellings that are not the instruction's name: comparisons and products whose immediate is in it, remarks, MPX where it is a NOP. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/^(v?)cmp[a-z_]+?([ps][sd])$/, '$1cmp$2'], [/^(v?)pclmul[lh]q[lh]qdq$/, '$1pclmulqdq'], [/^f(n?\w+)\(.*/, 'f$1'],
  [/^bnd(?:ldx|stx|mov)$/, 'nop'],
];
function nameOf(text: string): string {
  const [name = ''] = text.replace(BEFORE, '').split(/[ ,]/);
  return SPELLINGS.reduce((shorter, [from, to]) => shorter.replace(from, to), name);
}
/** AVX-512 is recognised, not decoded. */
const isSameName = (theirs: string, ours: string): boolean => theirs === ours || ours === 'evex' && theirs.startsWith('v');

interface Line { readonly address: number; readonly bytes: Uint8Array; readonly text: string }
function* linesOf(listing: string): Generator<Line> {
  for (const line of listing.split('\n')) {
    const [, address, bytes, text] = /^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(.*)$/.exec(line) ?? [];
    if (address !== undefined) yield { address: parseInt(address, 16), bytes: bytesOf(bytes!.replaceAll(' ', '')), text: text!.trim() };
  }
}

const programs = suite('decode › programs');
function agree(path: string): void {
  let count = 0, names = 0;
  const wrong: string[] = [];
  for (const { address, bytes, text } of linesOf(outputOf('objdump', ['-d', '-w', '-M', 'intel', path]))) {
    const i = decode(bytes, 0, bytes.length);
    count++;
    if (i === null || i.length !== bytes.length) wrong.push(`${address.toString(16)} ${hexOf(bytes)} ${text}: ${i?.length ?? 'more'}`);
    else if (!isSameName(nameOf(text), i.mnemonic)) { names++; console.log(`  ${hexOf(bytes)}: ${text}, here ${i.mnemonic}`); }
  }
  console.log(`  ${path}: ${count} instructions, ${wrong.length} boundaries and ${names} mnemonics differ`);
  assert.ok(count > 10_000);
  assert.equal(wrong, []);
  assert.is(names, 0);
}
programs('busybox has objdump\'s boundaries and mnemonics', () => agree(outputOf('sh', ['-c', 'command -v busybox']).trim()));
programs('a static glibc program has objdump\'s boundaries and mnemonics', () => {
  const lines = ['#include <stdio.h>', '#include <math.h>', 'int main(int c) { return printf("%g %Lf", sin(c), c * 1.5L) < 0; }', ''];
  writeFileSync(join(directory, 'hello.c'), lines.join('\n'));
  outputOf('gcc', ['-O2', '-static', '-o', 'hello', 'hello.c', '-lm']);
  agree(join(directory, 'hello'));
});
programs.run();

/** Decoded one by one, with no neighbours to be mistaken for a part. */
const SLOT_BYTES = 32;
function* disassembled(encodings: readonly Uint8Array[]): Generator<readonly [encoding: Uint8Array, line: Line | undefined]> {
  const all = new Uint8Array(encodings.length * SLOT_BYTES).fill(0x90);
  encodings.forEach((encoding, n) => all.set(encoding, n * SLOT_BYTES));
  writeFileSync(join(directory, 'all.bin'), all);
  const byAddress = new Map<number, Line>();
  const listing = outputOf('objdump', ['-D', '-w', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', 'all.bin']);
  for (const line of linesOf(listing)) byAddress.set(line.address, line);
  for (const [n, encoding] of encodings.entries()) yield [encoding, byAddress.get(n * SLOT_BYTES)];
}

const recorded = suite('decode › recorded');
/** Where objdump says otherwise and the processor, when tried, did as we do. */
const KNOWN: readonly RegExp[] = [
  /^(48|40)(66|48|40|f3|2e)/, // It ends an instruction after a REX that is not the last prefix ...
  /^6{28}90/, //  ... and after fourteen prefixes.
  /^f34190/, // XCHG, which is PAUSE there.
  /^0fae(e[9-f]|f[1-79-f])/, // The rm of a fence is ignored.
  /^f20fbc/, // BSF does not mind F2.
  /^(d9d[8-f]|ddc[89a-f])/, // Aliases of x87 operations.
  /^67(48)?a[0-3]/, // movabs is mov there when its address is short.
  /^62f6/, // Maps of FP16 hold only what it knows.
];
recorded('test/vectors/decode.txt has objdump\'s lengths and names', () => {
  const encodings = vectorLines('decode.txt').map(line => bytesOf(line.split(' ')[0]!))
    .filter(bytes => decode(bytes, 0, bytes.length) !== null);
  const wrong: string[] = [];
  for (const [bytes, line] of disassembled(encodings)) {
    const i = decode(bytes, 0, bytes.length)!, hex = hexOf(bytes);
    if (i.mnemonic === 'ud' || i.length < bytes.length || KNOWN.some(pattern => pattern.test(hex))) continue;
    const isRight = line !== undefined && line.bytes.length === i.length && isSameName(nameOf(line.text), i.mnemonic);
    if (!isRight) wrong.push(`${hex}: ${line?.text}, here ${i.mnemonic}`);
  }
  assert.equal(wrong, []);
});
recorded.run();

const SIGILL = 4, SIGTRAP = 5;
interface Answer { readonly signal: number; readonly step: number; readonly wantsMore: boolean }
class Host {
  constructor() {
    const source = fileURLToPath(new URL('decode-host.c', import.meta.url).href);
    outputOf('gcc', ['-O1', '-w', '-o', 'host', source]);
  }
  ask(encodings: readonly Uint8Array[]): Answer[] {
    const answers = outputOf('./host', [], encodings.map(bytes => `${hexOf(bytes)}\n`).join('')).trim().split('\n');
    return answers.map(answer => {
      const [signal, step, wantsMore] = answer.split(' ').map(Number);
      return { signal: signal!, step: step!, wantsMore: wantsMore === 1 };
    });
  }
}
/** AMD's own, which are undefined here as on Intel's: SSE4a, SVM, LOCK MOV CR8; and VERR and VERW, which some models let have LOCK. */
const VENDOR = /^(?:66|67|f[023]|[2-3][6e]|6[45]|4.)*0f(?:2b|78|79|01d[8-f]|2[02]|00)/;
/** Extensions that not every processor has, by the name Linux gives them in /proc/cpuinfo: without one its instructions are undefined. */
const EXTENSIONS: readonly (readonly [RegExp, string])[] = [
  [/^gf2p8/, 'gfni'], [/^sha(1|256)/, 'sha_ni'], [/^aes/, 'aes'], [/^pclmulqdq$/, 'pclmulqdq'], [/^ad[co]x$/, 'adx'], [/^movdir/, 'movdiri'],
];
const FLAGS = new Set((/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '').trim().split(' '));
const isLacking = (i: Instruction): boolean => EXTENSIONS.some(([pattern, flag]) => pattern.test(i.mnemonic) && !FLAGS.has(flag));
/** Segment loads of CS and descriptors are refused when executed; what the processor lacks is left out. */
const isAsked = (i: Instruction): boolean => i.flow !== 'stop' && !(i.mnemonic === 'mov' && i.operands[0]!.file === 'segment') && !isLacking(i);

const PREFIXES = [0x66, 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x64, 0x2e, 0x48, 0x40, 0x41, 0x44, 0x4f];
function randomEncoding(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: 15 }, () => random.below(256));
  let at = 0;
  for (let count = random.below(3); count > 0; count--) bytes[at++] = random.pick(PREFIXES);
  for (const byte of random.pick([[], [], [0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]])) bytes[at++] = byte;
  return bytes;
}

const processor = suite('decode › processor');
interface Question { readonly bytes: Uint8Array; readonly i: Instruction; readonly kind: 'undefined' | 'whole' | 'cut' }
function questionsOf(random: Random): Question[] {
  const questions: Question[] = [];
  while (questions.length < CASES) {
    const bytes = randomEncoding(random), i = decode(bytes, 0, bytes.length)!;
    if (i.mnemonic === 'ud') questions.push({ bytes, i, kind: 'undefined' });
    else if (isAsked(i)) {
      questions.push({ bytes: bytes.subarray(0, i.length), i, kind: 'whole' });
      if (i.length > 1) questions.push({ bytes: bytes.subarray(0, i.length - 1), i, kind: 'cut' });
    }
  }
  return questions;
}
processor(`${CASES} random encodings (seed ${testSeed()}): refused if undefined; of others exactly our bytes are needed`, () => {
  const asked = questionsOf(new Random(testSeed())), answers = new Host().ask(asked.map(({ bytes }) => bytes)), wrong: string[] = [];
  asked.forEach(({ bytes, i, kind }, n) => {
    const { signal, step, wantsMore } = answers[n]!;
    const isRight = kind === 'undefined' ? signal === SIGILL || VENDOR.test(hexOf(bytes)) : kind === 'cut' ? wantsMore
      : signal !== SIGILL && !(wantsMore && step === 0) && (signal !== SIGTRAP || i.flow !== 'next' || i.rep !== null || step === i.length);
    if (!isRight) wrong.push(`${hexOf(bytes)} ${kind} ${i.mnemonic}: signal ${signal}, step ${step}${wantsMore ? ', wants more' : ''}`);
  });
  assert.equal(wrong, []);
});
processor.after(() => rmSync(directory, { recursive: true, force: true }));
processor.run();
