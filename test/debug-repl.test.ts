/** The debugger's commands: transcripts of sessions (`UPDATE=1` rewrites them), scripts, pipes, and the line a user types. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, placeOf, type Scope } from '../src/debug/expression.ts';
import { Mistake } from '../src/debug/mistake.ts';
import { COMMANDS, commandOf } from '../src/debug/repl/commands.ts';
import { LineEditor } from '../src/debug/repl/line-editor.ts';
import { guestWithSymbols, STORY, transcript, typed } from './support/debug-world.ts';
import { DATA } from './support/guest-program.ts';
import { make, regs, slot, sys } from './support/trampfd-program.ts';
import { golden } from './support/vectors.ts';

/** A trampoline with a stack context: 16 bytes are pushed, and rsp moves; the target takes them off and calls on. */
const PUSHING = `
  ${make('context')}
  mov r13, rax
  ${sys('pwrite', 'r14', 'offset pushes', 32, 2)}
  mov rbx, 3
round:
  call outer
  dec rbx
  jnz round
  jmp finish
outer:
  push rbp
  mov rbp, rsp
  mov rdi, rbx
  mov rax, r13
invoke:
  call rax
returned:
  pop rbp
  ret
target:
  pop rsi
  pop rdx
  add rsp, 16
  add ${slot(2)}, rdi
inner:
  call leaf
  ret
leaf: inc ${slot(0)}
  mov rcx, 4
  mov rdi, ${DATA + 64}
  xor eax, eax
  rep stosb
  ret
.balign 8
pushes: .long 1, 0, 16, 0
.quad 0x1111, 0x2222
${regs('context', ['r10', 5], ['rip', 'target'])}`;

const SESSIONS: Readonly<Record<string, readonly [code: string, outputs: number, commands: string]>> = {
  'debug-forwards': [STORY, 0, `
    info program
    step
    step 2
    bt
    finish
    next 2
    next
    until
    tbreak f
    break *after if u64[data] == 5
    continue
    c
    print data
    p/d *data
    p $r12 - 190
    info breakpoints
    disable 2
    break trampoline
    break syscall kill
    break clone
    c
    disassemble
    c
    c
    signal 0
    threads
    c 150
    tb count
    c
    threads
    thread 1000
    bt
    thread 1001
    c
    delete
    c
    registers
    back
    print data3
    print *data3`],
  'debug-trampoline': [PUSHING, 0, `
    b invoke
    c
    disassemble/2
    trampfd
    step
    pagetable
    x/2i
    x/2i $rip
    step
    bt
    x/3xg $rsp
    step 3
    bt
    b leaf
    c
    bt
    pagetable data
    maps
    watch data
    step
    n
    n
    n
    n
    d
    finish
    finish
    cycles`],
  'debug-backwards': [PUSHING, 0, `
    b finish
    c
    p *data2
    watch data2
    reverse-continue
    p *data2
    bt
    rc
    p *data2
    d
    reverse-finish
    step
    rs
    tb outer
    rc
    set *data2 = 1000
    b finish
    c
    p *data2
    reverse-next 3
    reverse-next
    rn
    c
    c
    rc
    rc
    rc
    start`],
  'debug-looking': [STORY, 0, `
    registers
    set $rax = 0x1122334455667788
    p $eax
    set $al = 1
    p $rax
    set $eax = 1
    p $rax
    set $zf = 1
    set $cf = 1
    registers eflags
    p $zf + $pf
    registers x87
    registers mxcsr xmm1
    set $xmm1 = 0x12345678
    registers xmm1
    p/x $xmm1
    set $mine = $rsp - 8
    p $mine == $rsp - 8
    set u32[data] = 0x41424344
    set u8[data1] = 0xff
    p i8[data1]
    p/t u8[data]
    p/o 64
    p/c 65
    p/a after + 3
    x/2xg data
    x/4xb data
    x
    x/s data
    x/2c data
    x/3i f
    display/x *data
    display/2i $rip
    next
    undisplay 1
    step
    info display
    find data, 64, 0xff
    bytes data, 8
    symbol again + 2
    watch u32[data]
    awatch data2
    rwatch 0x600020
    info breakpoints
    delete 1 3
    info watchpoints
    pt 0xdead0000
    handle usr1 pass
    info signals`],
  'debug-events': [PUSHING, 0, `
    b fault
    c
    c
    c
    tlb
    d
    b syscall mmap
    run
    c
    d
    tb round
    c
    trace on
    tb leaf
    c
    until
    next
    trace off
    strace on
    c`],
  'debug-mistakes': [STORY, 0, `
    frobnicate
    re
    break nowhere
    break syscall nothing
    break f if (
    p
    p 1 +
    p 1 / 0
    p u64[16]
    p $nothing
    x/4q data
    x/2xg 0x600ff8 + 0x1fffff
    set 5 = 6
    set
    delete 7
    step 0
    thread 7
    undisplay 3
    pagetable 0xffffffffffffffff
    info nothing
    source nowhere
    trace perhaps
    handle SIGNOTHING stop
    signal
    finish
    kill
    step
    registers`],
};
const sessions = suite('debug repl › sessions');
for (const [name, [code, outputs, commands]] of Object.entries(SESSIONS)) {
  sessions(`${name} says what it said`, async () => { golden(`${name}.txt`, await transcript(guestWithSymbols(code, outputs), commands)); });
}
sessions('the same session twice is the same to the byte', async () => {
  const [code, outputs, commands] = SESSIONS['debug-backwards']!, guest = guestWithSymbols(code, outputs);
  assert.is(await transcript(guest, commands), await transcript(guest, commands));
});
sessions('every command has a line of help, and no two share a word', () => {
  const words = COMMANDS.flatMap(({ name, short }) => [name, ...short]);
  assert.is(new Set(words).size, words.length);
  for (const { help, name } of COMMANDS) assert.ok(help.length > 10 && !help.includes('\n'), name);
  assert.is(commandOf('disp', COMMANDS).name, 'display');
});
sessions.run();

const HELLO = `${sys('write', 1, 'offset text', 5)}\n${sys('read', 0, DATA + 64, 4)}\n${sys('write', 1, DATA + 64, 4)}\njmp finish\ntext: .byte 104, 101, 108, 108, 111`;
const scripts = suite('debug repl › scripts');
scripts('commands from a pipe: the program gets no input, its output is not in the middle of a line, mistakes are on standard error and in the status', async () => {
  const outcome = await typed(guestWithSymbols(HELLO), 'tb finish\nnonsense\nc\np 7\nc\n');
  assert.is(outcome.stdout.replace(/^=> .*\n/gm, ''), 'breakpoint 1: 0x40005b <finish>\nhello\0\0\0\0\nbreakpoint 1: finish\n0x7 (7)\nthe program has ended with status 0\n');
  assert.equal([outcome.stderr, outcome.status], ['tramp64: no such command: nonsense; see help\n', 1]);
});
scripts('--batch with -x and -ex: in their order, up to the first mistake, and the program keeps its input', async () => {
  const files = { '/home/first': ['# a comment\n\np 1\n'], '/home/second': ['p 3\nsource first\nbroken\np 4\n'] } as const;
  const good = await typed(guestWithSymbols(HELLO), 'abcd', ['--batch', '-x', 'first', '-ex', 'p 2', '-ex', 'c'], files);
  assert.equal(good, { status: 0, stdout: '0x1 (1)\n0x2 (2)\nhelloabcd\nthe program has ended with status 0\n', stderr: '' });
  const bad = await typed(guestWithSymbols(HELLO), '', ['--batch', '-x', 'second', '-ex', 'p 5'], files);
  assert.equal(bad, { status: 1, stdout: '0x3 (3)\n0x1 (1)\n', stderr: 'tramp64: second:3: no such command: broken; see help\n' });
});
scripts('--input and --output give the program files', async () => {
  const outcome = await typed(guestWithSymbols(HELLO), 'c\nquit\np 1\n', ['--input', 'in', '--output', 'out'], { '/home/in': ['wxyz'] });
  assert.equal(outcome, { status: 0, stdout: 'the program has ended with status 0\n', stderr: '' });
  assert.match((await typed(guestWithSymbols(HELLO), '', ['--input', 'nowhere'])).stderr, /nowhere: cannot be opened/);
});
scripts.run();

const NOWHERE: Scope = { register: name => name === 'rax' ? 5n : null, symbol: name => name === 'main' ? 0x400n : null, load: (at, bytes) => at === 8n ? 0xff80n & (1n << BigInt(8 * bytes)) - 1n : null };
const expressions = suite('debug repl › expressions');
for (const [text, value] of [
  ['1 + 2 * 3', 7n], ['(1 + 2) * 3', 9n], ['-1', -1n], ['~0 & 0xff', 255n], ['1 << 4 | 1', 17n], ['main + $rax', 0x405n], ['*8', 0xff80n], ['i8[8]', -128n], ['u8[4 + 4]', 128n], ['!5 == 0', 1n],
  ["'A'", 65n], ['10 % 4 - 1', 1n], ['1 < 2 && 2 < 1', 0n], ['0 || 3', 1n], ['0b101 ^ 0o7', 2n], ['&u8[8]', 8n], ['7 - 3 - 2', 2n], ['0xffffffffffffffff + 2', 1n],
] as const) expressions(`${text} is ${value}`, () => { assert.is(evaluate(text, NOWHERE), value); });
expressions('what is wrong is said in a sentence', () => {
  for (const text of ['', '1 +', '(1', 'u8[8', '1 2', '#', 'other', '$rbx', '*9', '1 / 0']) assert.throws(() => evaluate(text, NOWHERE), (error: unknown) => error instanceof Mistake);
  assert.throws(() => placeOf('5', NOWHERE), /cannot be set/);
});
expressions.run();

const editing = suite('debug repl › line editor');
const editor = (): LineEditor => {
  const made = new LineEditor(text => ({ from: text.lastIndexOf(' ') + 1, words: ['break', 'back', 'backtrace'].filter(word => word.startsWith(text.slice(text.lastIndexOf(' ') + 1))) }));
  made.begin();
  return made;
};
for (const [keys, line] of [
  ['abc\r', 'abc'], ['ac\x1b[Db\r', 'abc'], ['abc\x7f\x7f\r', 'a'], ['bc\x01a\x05d\r', 'abcd'], ['one two\x17three\r', 'one three'], ['abc\x02\x02\x0b\r', 'a'], ['xyz\x15abc\r', 'abc'],
  ['ab\x1b[D\x1b[3~c\r', 'ac'], ['br\t\r', 'break '], ['ba\t\r', 'back'], ['a\x1bOD\x1b[Hb\r', 'ba'], ['one two\x1bb\x1bbX\r', 'Xone two'], ['ab\x17\x19\x19\r', 'abab'], ['a\x1b[99~b\r', 'ab'],
] as const) editing(`${JSON.stringify(keys)} is ${line}`, () => { assert.equal(editor().feed(keys), { outcome: { kind: 'line', text: line }, rest: '' }); });
editing('history goes up and down, keeps what was begun, and an empty line is not of it', () => {
  const made = editor(), line = (keys: string): string => { const { outcome } = made.feed(keys); made.begin(); return outcome.kind === 'line' ? outcome.text : outcome.kind; };
  line('one\r'); line('\r'); line('two\r');
  assert.equal([line('\x1b[A\r'), line('\x1b[A\x1b[A\r'), line('new\x1b[A\x1b[B\r'), line('a\x03'), line('\x04'), line('a\x04\r')], ['two', 'one', 'new', 'cancelled', 'end', 'a']);
});
editing('what comes at once is several lines, and what is shown fits', () => {
  const made = editor();
  assert.equal(made.feed('a\rb\r'), { outcome: { kind: 'line', text: 'a' }, rest: 'b\r' });
  made.begin();
  made.feed('0123456789'.repeat(3));
  assert.is(made.shown('> ', 12), '\r> 123456789\x1b[K\r\x1b[11C');
  made.feed('\x01ba\t\t');
  made.begin();
  made.feed('ba\t\t');
  assert.equal(made.notice, ['back', 'backtrace']);
});
editing.run();
