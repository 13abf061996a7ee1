/** Decoding, rule by rule (SDM vol. 2, ch. 2 and appendix A): test/vectors/decode.txt, and what a line of text cannot say. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROWS } from '../src/decoder/all-rows.ts';
import { decode } from '../src/decoder/decode.ts';
import { FORM, type Instruction, PREFIX } from '../src/decoder/instruction.ts';
import { STACK_TOP } from '../src/decoder/registers.ts';
import { CLASS, opcodesOf, RowReader } from '../src/decoder/rows.ts';
import { dump } from './support/instruction-dump.ts';
import { isUpdate, vectorLines } from './support/vectors.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from((hex.match(/../g) ?? []).map(byte => parseInt(byte, 16)));
const decoded = (hex: string): Instruction | null => decode(bytesOf(hex), 0, hex.length / 2);
const dumped = (hex: string): string => `${hex} | ${dump(decoded(hex), hex.length / 2)}`;

/** Comments stay where they are. test/real/decode.real.ts asks objdump and the processor about what was written. */
function rewrite(): void {
  const path = fileURLToPath(new URL('vectors/decode.txt', import.meta.url).href);
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, lines.map(line => line === '' || line.startsWith('#') ? line : dumped(line.split(' ')[0]!)).join('\n'));
}

const vectors = suite('decode › vectors');
vectors('every recorded encoding means what it meant', () => {
  if (isUpdate) rewrite();
  const lines = vectorLines('decode.txt');
  assert.ok(lines.length > 700);
  assert.equal(lines.map(line => dumped(line.split(' ')[0]!)), lines);
});
vectors('every beginning of a recorded encoding asks for more, or is the same', () => {
  for (const line of vectorLines('decode.txt')) {
    const bytes = bytesOf(line.split(' ')[0]!), whole = decode(bytes, 0, bytes.length);
    for (let end = 0; end < bytes.length; end++) {
      const part = decode(bytes, 0, end);
      if (part !== null) assert.equal(part, whole, `${line}, of which ${end} bytes`);
      else if (whole !== null && whole.mnemonic !== 'ud') assert.ok(end < whole.length, line);
    }
  }
});
vectors('nothing before `start` or from `end` on is looked at', () => {
  const bytes = bytesOf('0f48890405000000000f');
  assert.is(dump(decode(bytes, 1, 9), 8), 'mov 8 m8[rax*1+0x0] rax');
  assert.is(decode(bytes, 1, 8), null);
  assert.is(decode(bytes, 3, 3), null);
});
vectors.run();

const fields = suite('decode › fields');
const prefixes = (hex: string): number => decoded(hex)!.prefixes;
fields('prefixes are kept as bits, even those that mean nothing', () => {
  assert.is(prefixes('2e36263e6690'), PREFIX.cs | PREFIX.ss | PREFIX.es | PREFIX.ds | PREFIX.operandSize);
  assert.is(prefixes('f2f36748ab'), PREFIX.repne | PREFIX.rep | PREFIX.addressSize | PREFIX.rex | PREFIX.rexW);
  assert.is(prefixes('4866f00108'), PREFIX.operandSize | PREFIX.lock);
  assert.is(prefixes('6564488b00'), PREFIX.gs | PREFIX.fs | PREFIX.rex | PREFIX.rexW);
  assert.is(prefixes('c5f877'), PREFIX.vex);
  assert.is(prefixes('62f1fd486f00'), PREFIX.evex);
});
fields('operands have the form of their file and size', () => {
  const forms = (hex: string): number[] => decoded(hex)!.operands.map(operand => operand.form);
  assert.equal(forms('88e0'), [FORM.gpr8, FORM.high8]);
  assert.equal(forms('66 89c8'.replace(' ', '')), [FORM.gpr16, FORM.gpr16]);
  assert.equal(forms('0101'), [FORM.memory, FORM.gpr32]);
  assert.equal(forms('4883c001'), [FORM.gpr64, FORM.immediate]);
  assert.equal(forms('f20f5800'), [FORM.vector, FORM.memory]);
  assert.equal(forms('eb00'), [FORM.relative]);
  assert.equal(forms('8cd8'), [FORM.gpr32, FORM.other]);
});
fields('registers are shared, and st by name is not st(0) by number', () => {
  assert.is(decoded('4889c8')!.operands[0], decoded('4801c8')!.operands[0]);
  assert.is(decoded('d8c0')!.operands[0], STACK_TOP);
  assert.is.not(decoded('d8c0')!.operands[1], STACK_TOP);
});
fields('equal rows have equal numbers, and an undefined encoding has none', () => {
  assert.is(decoded('01d8')!.row, decoded('4c014510')!.row);
  assert.is(ROWS[decoded('0f84fbffffff')!.row]!.names[0], 'jcc');
  assert.is(decoded('06')!.row, -1);
});
fields.run();

const rows = suite('decode › rows');
rows('the quick look at a line finds the opcodes that reading it finds', () => {
  const reader = new RowReader(), { lines } = reader;
  for (const row of ROWS) {
    const line = lines[row.index]!;
    const first = (row.map << 8) + Math.max(row.opcode, 0);
    assert.equal(opcodesOf(line), { first, count: row.opcode < 0 ? 256 : row.adds === 'register' ? 8 : row.adds === 'condition' ? 16 : 1 }, line);
  }
});
/** Encodings of a row: every register form and one memory form, without other prefixes than it needs. */
function* encodingsOf(row: (typeof ROWS)[number]): Generator<number[]> {
  const prefix = { [CLASS.operandSize]: [0x66], [CLASS.rep]: [0xf3], [CLASS.repne]: [0xf2] }[row.classes] ?? [];
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][row.map]!;
  const head = [...row.isAddress32 ? [0x67] : [], ...prefix, ...row.needsRexW ? [0x48] : [], ...escape];
  const opcodes = row.adds === 'register' ? 8 : row.adds === 'condition' ? 16 : 1;
  for (let n = 0; n < opcodes; n++) {
    if (!row.hasModrm) yield [...head, row.opcode + n];
    else if (row.modrm >= 0) yield [...head, row.opcode, row.modrm];
    else for (let reg = 0; reg < 8; reg++) for (const mod of [0, 0xc0]) {
      yield [...head, row.opcode + n, mod | (row.digit >= 0 ? row.digit : reg) << 3];
    }
  }
}
rows('every row is reached', () => {
  const isReached = (row: (typeof ROWS)[number]): boolean => {
    for (const encoding of encodingsOf(row)) {
      const bytes = new Uint8Array(24);
      bytes.set(encoding);
      if (decode(bytes, 0, 24)!.row === row.index) return true;
    }
    return false;
  };
  const unreached = ROWS.filter(row => row.map < 8 && !isReached(row));
  assert.equal(unreached.map(row => `${row.index} ${row.names[0]}`), []);
});
rows.run();
