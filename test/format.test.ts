/** Instruction text against recorded objdump, and what needs no recording: symbols, lines, the wait that joins an x87 instruction. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROWS } from '../src/decoder/all-rows.ts';
import { disasmElf, disassemble, lines } from '../src/decoder/disasm.ts';
import { decode } from '../src/decoder/decode.ts';
import { format, type Syntax } from '../src/decoder/format.ts';
import { MANDATORY } from '../src/decoder/format-names.ts';
import { CLASS, MAP } from '../src/decoder/rows.ts';
import { Random, testSeed } from './support/random.ts';
import { vectorLines } from './support/vectors.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
/** The first line of text for bytes at an address. */
function textOf(hex: string, address: number, syntax: Syntax): string {
  for (const line of lines({ address, bytes: bytesOf(hex) }, { syntax })) return line.text;
  return '';
}

const recorded = suite('format › as objdump');
for (const line of vectorLines('format.txt')) {
  const [where = '', intel, att] = line.split(' | ');
  const [hex = '', address = '0'] = where.split('@');
  recorded(`${hex} is \`${intel}\``, () => {
    assert.is(textOf(hex, parseInt(address, 16), 'intel'), intel);
    assert.is(textOf(hex, parseInt(address, 16), 'att'), att);
  });
}
recorded.run();

const alone = suite('format › without bytes');
const textAlone = (hex: string, syntax: Syntax = 'intel'): string => {
  const bytes = bytesOf(hex), i = decode(bytes, 0, bytes.length);
  return i === null ? '' : format(i, 0x401000, syntax);
};
alone('a displacement of 0 is not shown', () => assert.is(textAlone('8b4500'), 'mov    eax,DWORD PTR [rbp]'));
alone('useless prefixes are as the decoder keeps them: once, in one order', () => assert.is(textAlone('66662e0f1f840000000000'), 'cs nop WORD PTR [rax+rax*1]'));
alone('a shift by one says 1', () => assert.is(textAlone('d1e0'), 'shl    eax,1'));
alone('lock and rep stay', () => {
  assert.is(textAlone('f00fb10a'), 'lock cmpxchg DWORD PTR [rdx],ecx');
  assert.is(textAlone('f348ab', 'att'), 'rep stos %rax,%es:(%rdi)');
});
alone('EVEX has a name only where its bytes are known', () => {
  assert.is(textAlone('62f1fd486f00'), '(evex)');
  assert.is(textOf('62f1fd486f00', 0, 'intel'), 'vmovdqa64 (evex)');
  assert.is(textOf('62f37d483e0801', 0, 'intel'), 'vpcmpltub (evex)');
  assert.is(textOf('62f27d483d00', 0, 'att'), 'vpmaxsd (evex)');
  assert.is(textOf('62f17d48ff00', 0, 'att'), '(bad)');
});
alone('what is undefined is (bad)', () => assert.is(textAlone('06'), '(bad)'));
alone.run();

const symbols = suite('format › symbols');
const name = (address: number): string | null => address === 0x401005 ? 'next' : address === 0x401010 ? 'table+0x8' : null;
const named = (hex: string): string => {
  const bytes = bytesOf(hex), i = decode(bytes, 0, bytes.length);
  return i === null ? '' : format(i, 0x401000, 'intel', name, bytes);
};
symbols('a branch shows the name of its target', () => assert.is(named('e800000000'), 'call   401005 <next>'));
symbols('a rip-relative operand shows the name of its address', () =>
  assert.is(named('8b050a000000'), 'mov    eax,DWORD PTR [rip+0xa]        # 401010 <table+0x8>'));
symbols('an address without a name is only a number', () => assert.is(named('e900000100'), 'jmp    411005'));
symbols.run();

/** Prefixes, escapes and WAIT: what random bytes have too little of. */
const ODD = [0x66, 0x67, 0xf2, 0xf3, 0x48, 0x0f, 0x9b, 0xf0, 0x2e, 0xc4, 0x62];
const disasm = suite('format › disassembly');
disasm('a line is address, bytes and text, between tabs', () => {
  assert.equal([...disassemble([{ address: 0x401000, bytes: bytesOf('5531c0c3') }])], ['401000:\t55\tpush   rbp', '401001:\t31 c0\txor    eax,eax', '401003:\tc3\tret']);
});
disasm('WAIT and the x87 instruction behind it are one line', () => {
  assert.equal([...disassemble([{ address: 0, bytes: bytesOf('9bd93c249b90') }], 'att')], ['0:\t9b d9 3c 24\tfstcw  (%rsp)', '4:\t9b\tfwait', '5:\t90\tnop']);
});
disasm('an instruction that the section cuts short is (bad)', () => {
  assert.equal([...disassemble([{ address: 0, bytes: bytesOf('90e80000') }])], ['0:\t90\tnop', '1:\te8 00 00\t(bad)']);
});
disasm('only executable sections are shown', () => {
  const section = { name: '.text', address: 0, bytes: bytesOf('c3'), isExecutable: true };
  assert.is([...disasmElf({ sections: [section, { ...section, isExecutable: false }], symbols: [] })].length, 1);
});
disasm('any bytes have a text, and every byte is in a line', () => {
  const random = new Random(testSeed()), bytes = Uint8Array.from({ length: 50_000 }, () => random.below(4) === 0 ? random.pick(ODD) : random.word());
  for (const syntax of ['intel', 'att'] as const) {
    let at = 0;
    for (const line of lines({ address: 0, bytes }, { syntax })) {
      assert.is(line.address, at, `seed ${random.seed}`);
      assert.not.match(line.text, /undefined|NaN|null/, `seed ${random.seed}`);
      at += line.bytes.length;
    }
    assert.is(at, bytes.length);
  }
});
disasm.run();

const tables = suite('format › tables');
tables('every prefix that is part of an opcode without vector operands is known', () => {
  const fixed: Readonly<Record<number, number>> = { [CLASS.rep]: 0xf3, [CLASS.repne]: 0xf2, [CLASS.operandSize]: 0x66 };
  const unknown = ROWS.filter(row => row.map < MAP.vex && row.classes in fixed && row.names[0] !== 'nop')
    .filter(row => row.operands.length === 0 || row.operands.some(spec => spec.memory > 0 || spec.file === 'gpr'))
    .filter(row => !row.operands.some(spec => (spec.file === 'xmm' || spec.file === 'mmx') && !spec.text.includes('/')))
    .filter(row => MANDATORY[row.names[0] ?? ''] !== fixed[row.classes]);
  assert.equal(unknown.map(row => `${row.names[0]} ${row.operands.map(spec => spec.text).join(' ')}`), []);
});
tables.run();
