/**
 * Disassembly and assembler against binutils: a gcc -static program, busybox, bash, libc, python and libcrypto line by line, every row of the
 * tables with random operands and prefixes, and larger sources through GNU as. UPDATE=1 records the two vector files anew.
 *
 * libcrypto has tables among its code, so what is no instruction counts as well: objdump's (bad), how much it takes, and names of other processors'.
 * One thing is spelled otherwise in all of these files: EVEX has its name, but (evex) for operands. Elsewhere some useless prefixes that change a name
 * or are shown differ (fldenvw, rdrand with 66 and REX.W), MPX with other prefixes, AMX, Key Locker, SSE4a and what else is no instruction here.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROWS } from '../../src/decoder/all-rows.ts';
import { assemble } from '../../src/decoder/assemble.ts';
import { codeOf, lines, type Code, type Line } from '../../src/decoder/disasm.ts';
import { encode, fits, isEncodable, PLAIN, sizesOf } from '../../src/decoder/encode.ts';
import type { Syntax } from '../../src/decoder/format.ts';
import { type ElfImage, parseElf } from '../../src/loader/elf.ts';
import { gnuAssemble, gnuAssembleEach, hexOf, linesOf, ORIGIN } from '../support/assembler.ts';
import { dumpEach, dumpFile, SLOT_BYTES, SLOTS_AT } from '../support/objdump.ts';
import { Random, testSeed } from '../support/random.ts';
import { randomOperands } from '../support/row-operands.ts';
import { FORMS } from '../support/sse-forms.ts';
import { vectorFile, vectorLines } from '../support/vectors.ts';

const SYNTAXES: readonly Syntax[] = ['intel', 'att'];
const directory = mkdtempSync(join(tmpdir(), 'tramp64-disasm-'));

const executableSections = (path: string): readonly Code[] => codeOf(parseElf(new Uint8Array(readFileSync(path)), 'read') as ElfImage);

const isSameEvex = (line: Line, expected: string): boolean => isEvex(line) && line.text.split(' ')[0] === expected.replace('{evex} ', '').split(' ')[0];
const isEvex = (line: Line): boolean => line.instruction?.mnemonic === 'evex';

function compareFile(path: string, syntax: Syntax): void {
  const truth = dumpFile(path, syntax), wrong: string[] = [];
  let total = 0, same = 0, evex = 0;
  for (const section of executableSections(path)) {
    for (const line of lines(section, { syntax })) {
      const expected = truth.get(line.address);
      total++;
      if (expected?.length !== line.bytes.length) wrong.push(`${line.address.toString(16)}: ${line.bytes.length} bytes, not ${expected?.length}`);
      else if (isSameEvex(line, expected.text)) evex++;
      else if (expected.text === line.text) same++;
      else wrong.push(`${line.address.toString(16)}: ${line.text} | ${expected.text}`);
    }
  }
  console.log(`${path}, ${syntax}: ${same} of ${total - evex} texts agree (${(100 * same / (total - evex)).toFixed(3)} %), ${evex} EVEX by name`);
  assert.is(truth.size, total);
  assert.equal(wrong.slice(0, 20), []);
}

const files = suite('disasm › files');
files.before(() => {
  writeFileSync(join(directory, 'hello.c'), '#include <stdio.h>\nint main(int n, char **v) { printf("%s %d %f\\n", v[0], n, n * 1.5); return 0; }\n');
  assert.is(spawnSync('gcc', ['-O2', '-static', '-o', 'hello', 'hello.c'], { cwd: directory }).status, 0);
});
files.after(() => rmSync(directory, { recursive: true }));
for (const syntax of SYNTAXES) {
  files(`every instruction of a gcc -static program reads as objdump has it (${syntax})`, () => compareFile(join(directory, 'hello'), syntax));
  files(`every instruction of busybox reads as objdump has it (${syntax})`, () => compareFile('/usr/bin/busybox', syntax));
}
for (const path of ['/bin/bash', '/lib/x86_64-linux-gnu/libc.so.6', '/usr/bin/python3', '/usr/lib/x86_64-linux-gnu/libcrypto.so.3']) {
  files(`every instruction of ${path} reads as objdump has it`, () => compareFile(path, 'intel'));
}
files.run();

const rows = suite('disasm › rows');
const TRIES = 8;
/** MPX gave these hints a meaning that objdump still knows. */
const isMpx = (code: Uint8Array): boolean => /0f1[ab]/.test(hexOf(code));
rows('every row with random operands reads as objdump has it', () => {
  const random = new Random(testSeed()), codes: Uint8Array[] = [];
  for (const row of ROWS.filter(isEncodable)) {
    for (const size of sizesOf(row)) {
      for (let n = 0; n < TRIES; n++) {
        const operands = randomOperands(row, size, random);
        if (fits(row, operands, size)) codes.push(Uint8Array.from(encode(row, operands, size, { ...PLAIN, condition: row.adds === 'condition' ? random.below(16) : 0 })));
      }
    }
  }
  const own = codes.filter(code => !isMpx(code));
  for (const syntax of SYNTAXES) {
    const truth = dumpEach(own, syntax), wrong: string[] = [];
    own.forEach((bytes, n) => {
      const [line] = lines({ address: SLOTS_AT + n * SLOT_BYTES, bytes }, { syntax });
      const expected = truth[n]?.text ?? '';
      if (line?.text !== expected && !expected.includes('(bad)')) wrong.push(`${hexOf(bytes)}: ${line?.text} | ${expected}`);
    });
    assert.equal(wrong.slice(0, 20), [], `seed ${random.seed}: ${wrong.length} of ${own.length}`);
  }
});
rows.run();

const vectors = suite('disasm › vectors');
vectors('the recorded texts are those of the objdump that is here', () => {
  const cases = vectorLines('format.txt').map(line => (line.split('@')[0] ?? ''));
  const codes = cases.map(hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16)));
  const intel = dumpEach(codes, 'intel'), att = dumpEach(codes, 'att');
  vectorFile('format.txt', cases.map((hex, n) => `${hex}@${(SLOTS_AT + n * SLOT_BYTES).toString(16)} | ${intel[n]?.text} | ${att[n]?.text}`), true);
});
vectors('the recorded encodings are those of the as that is here', () => {
  const programs = vectorLines('assemble.txt').map(line => line.slice(0, line.lastIndexOf(' | ')));
  const isAlone = (program: string): boolean => !program.includes(' // ') && !/^\w+:|^\w+ = /.test(program);
  const alone = programs.filter(isAlone), together = new Map(alone.map((program, n) => [program, n])), encoded = gnuAssembleEach(alone);
  vectorFile('assemble.txt', programs.map(program => {
    const at = together.get(program), bytes = at === undefined ? gnuAssemble(linesOf(program), ORIGIN) : null;
    return `${program} | ${at === undefined ? hexOf(bytes ?? new Uint8Array(0)) : encoded[at]}`;
  }), true);
});
vectors.run();

const sources = suite('assemble › sources');
function compareSource(source: string): void {
  const truth = gnuAssemble(source, ORIGIN);
  if (truth === null) throw new Error('as refuses the source');
  const bytes = assemble(source, { origin: ORIGIN }).bytes;
  const at = bytes.findIndex((byte, n) => byte !== truth[n]);
  const around = (of: Uint8Array): string => hexOf(of.subarray(Math.max(at - 8, 0), at + 16));
  assert.ok(at < 0 && bytes.length === truth.length, `at ${at}: ${around(bytes)}, as has ${around(truth)}; ${bytes.length} and ${truth.length} bytes`);
}
sources('every XMM form is encoded as GNU as does', () => compareSource(FORMS.map(form => form.text).join('\n')));
sources('a thousand branches over random distances are as short as GNU as makes them', () => {
  const random = new Random(testSeed()), BRANCHES = 1000;
  const text = Array.from({ length: BRANCHES }, (_, n) => {
    const target = Math.min(BRANCHES - 1, Math.max(0, n + random.below(60) - 30));
    const align = random.below(20) === 0 ? `.p2align ${1 + random.below(5)}\n` : '';
    return `${align}l${n}: ${random.pick(['jmp', 'je', 'jl', 'call'])} l${target}\n${random.pick(['nop', 'mov eax, 5', 'add rax, [rbx+rcx*4+100]', 'ret'])}`;
  });
  compareSource(text.join('\n'));
});
sources('what the disassembler prints of a program can be assembled again', () => {
  const again = mkdtempSync(join(tmpdir(), 'tramp64-again-')), hello = join(again, 'empty');
  assert.is(spawnSync('gcc', ['-O2', '-static', '-x', 'c', '-o', hello, '-'], { input: new TextEncoder().encode('int main(void) { return 0; }') }).status, 0);
  const [section] = [...executableSections(hello)].sort((a, b) => b.bytes.length - a.bytes.length);
  rmSync(again, { recursive: true });
  let tried = 0;
  for (const line of lines(section ?? { address: 0, bytes: new Uint8Array(0) })) {
    if (isEvex(line) || line.address % 7 !== 0 || /riz|data16|addr32|rex|cs nop|\(bad\)|#|ds jmp|<|bnd|movabs .*ds:/.test(line.text)) continue;
    const text = line.text.replace(/^((?:[a-z]\w* )*(?:j\w+|call|loop\w*|xbegin)) +([0-9a-f]+)$/, '$1 0x$2');
    const [back] = lines({ address: line.address, bytes: assemble(text, { origin: line.address }).bytes });
    assert.is(back?.text.replace(/\+0x0\]/, ']'), line.text.replace(/\+0x0\]/, ']'), hexOf(line.bytes));
    tried++;
  }
  assert.ok(tried > 5000, `${tried} lines`);
});
sources.run();
