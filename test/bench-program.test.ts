/** `tramp64 bench --program`: parts that a guest marks are rows beside the mechanisms', and one that crashes or marks wrongly is told of in a sentence. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { HEADER } from '../src/bench/header.ts';
import { resultsIn } from '../src/bench/output/json.ts';
import type { Row } from '../src/bench/record.ts';
import { main } from '../src/cli/main.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { MARK } from '../src/machine.ts';
import { CliHost } from './support/cli-host.ts';

const mark = (kind: number, label: string, times = 0): string => `lea rdi, [rip+${label}]\nmov esi, ${times}\n.byte 0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, ${kind}`;
const begin = (label: string): string => mark(MARK.begin, label), end = (label: string, times: number): string => mark(MARK.end, label, times);
const exit = (status: number): string => `mov edi, ${status}\nmov eax, 60\nsyscall`;
const NAMES = 'create: .asciz "mine/create"\ninvoke: .asciz "mine/invoke"\nfree: .asciz "free"\nloop: .asciz "a loop"';
const loop = (times: number, label: string): string => `mov ecx, ${times}\n${label}: dec ecx\njnz ${label}`;
/** mmap(0, 4096, rwx, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), written to; ends with 3 where it is denied. */
const PAGE = 'xor edi, edi\nmov esi, 4096\nmov edx, 7\nmov r10d, 0x22\nmov r8, -1\nxor r9d, r9d\nmov eax, 9\nsyscall\ntest rax, rax\njs denied\nmov byte ptr [rax], 0xc3';
const MINE = [begin('create'), PAGE, end('create', 4), begin('invoke'), loop(1000, 'first'), end('invoke', 1000), begin('invoke'), loop(1000, 'second'), end('invoke', 1000), begin('loop'), loop(10, 'third'), end('loop', 10), exit(0), `denied: ${exit(3)}`, NAMES].join('\n');

async function bench(text: string, ...words: readonly string[]): Promise<{ readonly status: number; readonly rows: readonly Row[]; readonly output: string; readonly errors: string }> {
  const { bytes } = assemble(text, { origin: 0x400000 }), host = new CliHost(['bench', '--program', './mine', ...words], { '/home/mine': [writeElf({ text: { at: 0x400000, bytes }, entry: 0x400000 })] });
  const status = await main(host), results = status === 0 && words.includes('--json') ? resultsIn(host.output) : null;
  if (typeof results === 'string') throw new Error(results);
  return { status, rows: results?.rows ?? [], output: host.output, errors: host.errors };
}

const programs = suite('bench › program');
programs('parts of one name are one row, parts that come again are added up, other names are rows of their own', async () => {
  const { rows } = await bench(MINE, '--alone', '--json', '--repeat'), [mine, other] = rows;
  assert.equal(rows.map(({ mechanism, count, outcome }) => [mechanism, count, outcome]), [['mine', 4, 'works'], ['a loop', 1, 'works']]);
  assert.is(mine?.invoke?.instructions, (2 * (1 + 2 * 1000) + 2 * 3) / 2000);
  assert.is(other?.invoke?.instructions, (1 + 2 * 10 + 3) / 10);
  assert.equal([mine?.create?.systemCalls, mine?.create?.pageFaults, mine?.memory?.code, mine?.free], [0.25, 0.25, 1024, null]);
  assert.match(mine?.program ?? '', /^[0-9a-f]{64}$/);
});
programs('they stand beside mechanisms with as many trampolines', async () => {
  const { rows } = await bench(MINE, '--json', '--filter', '^indirect call');
  assert.equal(rows.map(({ mechanism, count }) => [mechanism, count]), [['indirect call', 1], ['indirect call', 4], ['mine', 4], ['a loop', 1]]);
});
programs('what a policy denies is an outcome', async () => {
  const { rows } = await bench(MINE, '--alone', '--json', '--policy', 'permissive,wx');
  assert.equal(rows.map(({ mechanism, policy, outcome }) => [mechanism, policy, outcome]), [['mine', 'permissive', 'works'], ['a loop', 'permissive', 'works'], ['mine', 'wx', 'status 3'], ['a loop', 'wx', 'status 3']]);
});
programs('its arguments are operands, and its output goes to standard error', async () => {
  const hello = `${begin('loop')}\n${end('loop', 1)}\nmov eax, 1\nmov edi, 1\nmov rsi, [rsp+16]\nmov edx, 3\nsyscall\n${exit(0)}\n${NAMES}`, { output, errors, status } = await bench(hello, '--alone', '--csv', '--', 'abc');
  assert.is(status, 0);
  assert.is(errors, 'abc');
  assert.match(output, /^mechanism,[^\n]*\r\na loop,[^\n]*\r\n$/);
});
/** What it does, and what is said of it: status 1. */
const WRONG: readonly (readonly [what: string, text: string, said: string])[] = [
  ['has no marks', exit(0), './mine: it has no marks; see tramp64 bench --header'],
  ['crashes in a part', `${begin('loop')}\nmov rax, [0]\n${exit(0)}\n${NAMES}`, './mine: it ended with SIGSEGV, and its part "a loop" did not end'],
  ['fails at last', `${begin('loop')}\n${end('loop', 1)}\n${exit(5)}\n${NAMES}`, './mine: it ended with status 5 after 2 marks: nothing of it can be trusted'],
  ['leaves a part open', `${begin('loop')}\n${exit(0)}\n${NAMES}`, './mine: its part "a loop" did not end'],
  ['ends what did not begin', `${end('loop', 1)}\n${exit(0)}\n${NAMES}`, './mine: its part "a loop" ended before it began'],
  ['begins twice', `${begin('loop')}\n${begin('loop')}\n${exit(0)}\n${NAMES}`, './mine: its part "a loop" began twice'],
  ['ends no times', `${begin('loop')}\n${end('loop', 0)}\n${exit(0)}\n${NAMES}`, './mine: its part "a loop" ended 0 times'],
  ['has no name', `mov edi, 1\n.byte 0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, 1\n${exit(0)}`, './mine: a mark has no name'],
];
for (const [what, text, said] of WRONG) {
  programs(`a program that ${what}: one sentence`, async () => {
    const { status, output, errors } = await bench(text, '--alone');
    assert.equal([status, output, errors.split('\n').slice(-2)], [1, '', [`tramp64: bench: ${said}`, '']]);
  });
}
programs('--header is bench/tramp64.h', async () => {
  const host = new CliHost(['bench', '--header']);
  assert.is(await main(host), 0);
  assert.is(host.output, readFileSync('bench/tramp64.h', 'utf8'));
  assert.is(HEADER, host.output);
});
programs.run();
