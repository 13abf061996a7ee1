/** The code of fast trampolines on the processor we run on: registers, rsp, flags and stack afterwards are what they are here. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../src/decoder/assemble.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { bodyOf, entry } from '../src/trampfd/codegen.ts';
import { parseRegisters, parseStack } from '../src/trampfd/context.ts';
import { isNativeHost, runGuest, runNative, writeAndExit } from './support/guest.ts';
import { Random, testSeed } from './support/random.ts';
import { NAME, regs, SET_SP, stack, type Name } from './support/trampfd-world.ts';

const TEXT = 0x400000, OUT = 0x600000, CASES = 60, CASE_BYTES = 0x400, BLOCK = 0x400, SAFE = OUT + CASES * CASE_BYTES + 0x1000;
const NAMES = Object.keys(NAME).filter(name => /^r/.test(name) && name !== 'rip') as Name[];

/** A case: what is in registers and flags before, a trampoline, and what is there afterwards, stored. */
function caseOf(random: Random, k: number): string {
  const at = OUT + k * CASE_BYTES, named = Array.from({ length: random.below(5) }, () => [random.pick(NAMES), random.operand()] as const);
  const size = random.below(3) === 0 ? 0 : 1 + random.below(64), data = Array.from({ length: size }, () => random.pick([0, 255, random.below(256)]));
  const target = BigInt(TEXT + BLOCK + 2 * k * BLOCK + BLOCK);
  const registers = parseRegisters(regs(...named, ['rip', target])), pushed = parseStack(stack(data, random.below(2) * SET_SP, random.below(257)));
  if (registers === null || typeof registers === 'number' || typeof pushed === 'number') throw new Error('no such context');
  const bytes = [...entry, ...bodyOf(registers, pushed, 4)].flatMap(({ bytes }) => [...bytes]);
  return `
    .balign ${BLOCK}
  call${k}: .byte ${bytes.join(', ')}
    .balign ${BLOCK}
    ${NAMES.map((name, i) => `mov [${at + 8 * i}], ${name}`).join('\n')}
    mov [${at + 120}], rsp
    mov rsp, ${SAFE}
    pushf
    pop qword ptr [${at + 128}]
  `;
}
function before(random: Random, k: number): string {
  const rsp = OUT + k * CASE_BYTES + CASE_BYTES - random.below(32);
  return `${NAMES.map(name => `mov ${name}, ${random.operand()}`).join('\n')}
    mov rsp, ${SAFE}
    push ${random.word() & 0x8d5}
    popf
    mov rsp, ${rsp}
    jmp call${k}`;
}
const silicon = suite('trampfd › fast › silicon');
silicon(`${CASES} trampolines of chance`, () => {
  if (!isNativeHost) return;
  const seed = testSeed(), random = new Random(seed);
  let source = `_start: ${before(random, 0)}\n`;
  for (let k = 0; k < CASES; k++) source += `${caseOf(random, k)}\n${k + 1 < CASES ? before(random, k + 1) : `cld\n${writeAndExit(OUT, CASES * CASE_BYTES)}`}\n`;
  const { bytes } = assemble(source, { origin: TEXT });
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: CASES * CASE_BYTES + 0x2000 }, entry: TEXT });
  const native = runNative(elf), here = runGuest(elf);
  assert.equal([native.status, here.status, here.stderr, native.stdout.length], [0, 0, '', CASES * CASE_BYTES], `seed ${seed}`);
  for (let k = 0; k < CASES; k++) {
    const part = (out: Uint8Array): number[] => [...out.subarray(k * CASE_BYTES, (k + 1) * CASE_BYTES)];
    assert.equal(part(native.stdout), part(here.stdout), `seed ${seed}, case ${k}`);
  }
});
silicon.run();
