/** Cycles by cause: they add up, and each is what its program is made for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CAUSES, type Cause, topDown } from '../src/timing/causes.ts';
import { systemCall as call, build } from './support/guest-program.ts';
import { runGuest } from './support/guest.ts';

const causes = suite('causes'), ROUNDS = 4000;
const loop = (body: string): string => `_start: mov r15d, ${ROUNDS}\nmov eax, 0x12345\nagain:\n${body}\ndec r15d\njnz again\n${call(60, 0)}`;
/** What most of a program's cycles are for, and the program. */
const PROGRAMS: readonly (readonly [Cause, string, string])[] = [
  ['issue', 'what waits for nothing', loop('mov ebx, 1\nmov ecx, 2\nmov edx, 3\nmov esi, 4\nmov edi, 5\nmov r8d, 6\nmov r9d, 7\nmov r10d, 8\nmov ebx, 1\nmov ecx, 2\nmov edx, 3')],
  ['dependencies', 'products of products', loop('imul rax, rax\nimul rax, rax\nimul rax, rax')],
  ['branch', 'jumps by chance', loop('imul eax, eax, 1664525\nadd eax, 1013904223\nbt eax, 31\njc 1f\nadd ebx, 3\n1: bt eax, 30\njc 2f\nadd ecx, 5\n2: bt eax, 29\njc 3f\nadd edx, 7\n3: nop')],
  ['syscall', 'system calls', loop(call(39))],
  ['fault', 'memory that is touched', `_start: ${call(9, 0, 1 << 21, 3, 0x22, -1, 0)}mov ecx, 512\nagain: mov byte ptr [rax], 1\nadd rax, 4096\ndec ecx\njnz again\n${call(60, 0)}`],
];
for (const [cause, what, source] of PROGRAMS) causes(`${what}: most of it is ${cause}, and all of it adds up`, () => {
  const { counters } = runGuest(build(source, 64)), { cycles } = counters, parts = CAUSES.map(each => counters.causes[each.cause]);
  assert.is(parts.reduce((sum, part) => sum + part, 0), cycles);
  assert.ok(parts.every(part => part >= 0), JSON.stringify(counters.causes));
  assert.ok(counters.causes[cause] > cycles / 2, JSON.stringify(counters.causes));
  const [all, ...rows] = topDown(counters.causes, cycles);
  assert.is(rows.filter(([name]) => !name.startsWith('    ')).reduce((sum, [, value]) => sum + value, 0), all![1]);
});
causes('detailed: chains through memory are mostly caches, lines a page apart mostly TLBs; all of it adds up', () => {
  const walk = (bytes: number, count: number, rounds: number): string => `_start: ${call(9, 0, 1 << 22, 3, 0x22, -1, 0)}mov r12, rax\nmov r13d, ${rounds}\nround: mov rbx, r12\nmov ecx, ${count}\nagain: mov rdx, [rbx]\nlea rbx, [rbx+rdx+${bytes}]\ndec ecx\njnz again\ndec r13d\njnz round\n${call(60, 0)}`;
  for (const [cause, bytes, count, rounds] of [['cache', 320, 2000, 8], ['tlb', 4160, 400, 150]] as const) {
    const { counters } = runGuest(build(walk(bytes, count, rounds), 64), { cpu: { timing: 'detailed' } }), { cycles } = counters, parts = CAUSES.map(each => counters.causes[each.cause]);
    assert.is(parts.reduce((sum, part) => sum + part, 0), cycles);
    assert.ok(parts.every(part => part >= 0), JSON.stringify(counters.causes));
    const own = cycles - counters.causes.fault - counters.causes.syscall;
    assert.ok(counters.causes[cause] > own / 3, JSON.stringify(counters.causes));
  }
});
causes('without timing an instruction is a cycle of issue', () => {
  const { counters } = runGuest(build(loop('imul rax, rax'), 64), { cpu: { timing: 'none' } });
  assert.equal([counters.causes.issue, counters.cycles], [counters.instructions, counters.instructions]);
});
causes.run();
