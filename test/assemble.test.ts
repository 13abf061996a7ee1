/** The assembler against recorded GNU as, its errors, and every row of the tables there and back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROWS } from '../src/decoder/all-rows.ts';
import { assemble, AssembleError } from '../src/decoder/assemble.ts';
import { decode } from '../src/decoder/decode.ts';
import { encode, fits, isEncodable, PLAIN, sizesOf } from '../src/decoder/encode.ts';
import type { Operand } from '../src/decoder/instruction.ts';
import type { Row } from '../src/decoder/rows.ts';
import { format } from '../src/decoder/format.ts';
import { hexOf, linesOf, ORIGIN } from './support/assembler.ts';
import { Random, testSeed } from './support/random.ts';
import { randomOperands } from './support/row-operands.ts';
import { vectorLines } from './support/vectors.ts';

const recorded = suite('assemble › as recorded');
for (const line of vectorLines('assemble.txt')) {
  const cut = line.lastIndexOf(' | ');
  const program = line.slice(0, cut), hex = line.slice(cut + 3);
  recorded(program, () => {
    // One-line vectors stand at a multiple of 32, where only distances count.
    assert.is(hexOf(assemble(linesOf(program), { origin: ORIGIN }).bytes), hex);
  });
}
recorded.run();

const errors = suite('assemble › errors');
const ERRORS: readonly (readonly [source: string, message: RegExp])[] = [
  ['frobnicate eax', /line 1: no such instruction: frobnicate/],
  ['nop\nadd eax', /line 2: no form of add takes a 32-bit register/],
  ['add eax, bx', /no form of add takes a 32-bit register, a 16-bit register/],
  ['mov r8, ah', /no form of mov/],
  ['mov sil, ah', /no form of mov/],
  ['inc [rax]', /inc needs a size: byte ptr/],
  ['mov [rax], 5', /mov needs a size/],
  ['lock mov [rax], eax', /mov cannot be locked/],
  ['add al, 300', /no form of add takes a 8-bit register, the value 300/],
  ['add rax, 0x80000000', /no form of add/],
  ['int 256', /no form of int/],
  ['jmp nowhere', /no such symbol: nowhere/],
  ['jmp short far\n.skip 200\nfar:', /the target is 200 bytes away: too far/],
  ['loop far\n.skip 200\nfar:', /too far/],
  ['a: nop\na: nop', /line 2: a is defined twice/],
  ['mov eax, [rax+rbx+rcx]', /at most a base and an index/],
  ['mov eax, [rax*3]', /a scale is 1, 2, 4 or 8, not 3/],
  ['mov eax, [rsp*2]', /rsp cannot be an index/],
  ['mov eax, [rax+ebx]', /the registers of an address have one size/],
  ['mov eax, [rip+rax]', /rip takes no other register/],
  ['mov eax, [rbx-rax]', /rax cannot be subtracted/],
  ['mov eax, (1+2', /expected \)/],
  ['mov eax, 5 5', /5 is not expected here/],
  ['mov eax, @', /cannot read @/],
  ['.frob 1', /no such directive: .frob/],
  ['.byte 256', /256 does not fit in 1 bytes/],
  ['.balign 3', /3 is not a power of two/],
  ['nop\nnop\n.org 1', /line 3: .org goes back by 1 bytes/],
  ['.ascii hello', /expected a string/],
  ['nop\n.balign 0x100000000', /the program is too long/],
  ['rep', /rep has no instruction behind it/],
  ['fld st(8)', /there is no st\(8\)/],
];
for (const [source, message] of ERRORS) {
  errors(source.replaceAll('\n', ' // '), () => {
    assert.throws(() => assemble(source), (error: unknown) => error instanceof AssembleError && message.test(error.message));
  });
}
errors.run();

const results = suite('assemble › results');
results('labels are addresses from the origin on, numeric ones stay inside', () => {
  const { labels, bytes, origin } = assemble('a: nop\n1: nop\nb: jmp 1b', { origin: 0x5000 });
  assert.equal([...labels], [['a', 0x5000], ['b', 0x5002]]);
  assert.is(bytes.length, 4);
  assert.is(origin, 0x5000);
});
results('symbols are constants: the shortest form is chosen by their value', () => {
  assert.is(hexOf(assemble('add eax, N', { symbols: { N: 5 } }).bytes), '83c005');
  assert.is(hexOf(assemble('mov rax, N', { symbols: { N: 0x1122334455667788n } }).bytes), '48b88877665544332211');
});
results('a comment begins with # or ; outside strings', () => {
  assert.is(hexOf(assemble('nop # nop\nnop ; nop\n.ascii "#;"').bytes), '9090233b');
});
results('mangled source is an AssembleError or a program, never a crash', () => {
  const random = new Random(testSeed()), sources = vectorLines('assemble.txt').map(line => line.slice(0, line.lastIndexOf(' | ')));
  for (let n = 0; n < 3000; n++) {
    const a = random.pick(sources), b = random.pick(sources);
    const mangled = linesOf(a.slice(0, random.below(a.length + 1)) + random.pick(['', ' ', ',', '[', '-', '0x', 'rax', '"']) + b.slice(random.below(b.length + 1)));
    try {
      assemble(mangled);
    } catch (error) {
      assert.instance(error, AssembleError, `seed ${random.seed}: ${mangled}`);
    }
  }
});
results.run();

const rows = suite('assemble › every row there and back');
const TRIES = 6;
const random = new Random(testSeed());
for (const row of ROWS.filter(isEncodable)) {
  const name = `${row.names.join('|')} ${row.operands.map(spec => spec.text).join(' ')} (row ${row.index})`;
  rows(name, () => {
    let encoded = 0;
    for (const size of sizesOf(row)) {
      for (let n = 0; n < TRIES; n++) {
        const operands = randomOperands(row, size, random);
        if (!fits(row, operands, size) || isNop(row, operands)) continue;
        const bytes = Uint8Array.from(encode(row, operands, size, { ...PLAIN, condition: row.adds === 'condition' ? random.below(16) : 0 }));
        const decoded = decode(bytes, 0, bytes.length);
        const told = `seed ${random.seed}: ${hexOf(bytes)}`;
        encoded++;
        if (decoded === null) throw new Error(`${told}: more bytes are wanted`);
        assert.is(decoded.length, bytes.length, told);
        assert.is(ROWS[decoded.row]?.operation, isHint(row) ? ROWS[decoded.row]?.operation : row.operation, told);
        if (decoded.row === row.index) assert.equal(decoded.operands.length, operands.length, told);
        sameAgain(format(decoded, ORIGIN, 'intel'), bytes, told);
      }
    }
    assert.ok(encoded > 0, 'no operands fit');
  });
}
rows.run();

/** 90 with rax is NOP. */
function isNop(row: Row, operands: readonly Operand[]): boolean { return row.opcode === 0x90 && operands[0]?.index === 0; }
/** Of the hint NOPs any ModRM.reg will do that no instruction has: the encoder takes 0, which one may have. */
function isHint(row: Row): boolean { return row.names[0] === 'nop' && row.digit < 0; }

/** What the text says assembles to bytes that decode to the same text: the shortest form may be another. */
function sameAgain(text: string, bytes: Uint8Array, told: string): void {
  const isRoundTrip = !/^(nop|fwait|xchg|ud[012]|xbegin|data16)|st\(|#|\briz\b|pushw|popw|callw|retw|leavew|enterw|87 only/.test(text);
  if (!isRoundTrip) return;
  const again = reassembled(text, told);
  const decoded = decode(again, 0, again.length);
  assert.ok(decoded !== null && again.length <= bytes.length, `${told} ${text} ${hexOf(again)}`);
  assert.is(format(decoded, ORIGIN, 'intel'), text, told);
}

function reassembled(text: string, told: string): Uint8Array {
  try {
    return assemble(text.replace(/^((?:[a-z]\w* )*(?:j\w+|call|loop\w*|xbegin)) +([0-9a-f]+)$/, '$1 0x$2'), { origin: ORIGIN }).bytes;
  } catch (error) {
    throw new Error(`${told} ${text}: ${String(error)}`);
  }
}
