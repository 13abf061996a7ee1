/** Traces of whole runs, what is left of them by filters, and where two of them part. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../src/cli/main.ts';
import { CliHost } from './support/cli-host.ts';
import { guestWithSymbols, STORY } from './support/debug-world.ts';
import { runGuest } from './support/guest.ts';
import { DATA } from './support/guest-program.ts';
import { slot } from './support/trampfd-program.ts';
import { golden } from './support/vectors.ts';

interface Run { readonly status: number; readonly trace: string; readonly stdout: string; readonly stderr: string }
async function traced(guest: Uint8Array, ...options: readonly string[]): Promise<Run> {
  const host = new CliHost(['run', '--memory', '64M', '--trace', 'trace', ...options, '/guest'], { '/guest': [guest] });
  const status = await main(host);
  return { status, trace: host.text('/home/trace') ?? '', stdout: host.output, stderr: host.errors };
}
const SHORT = guestWithSymbols(STORY.replace('r12d, 200', 'r12d, 2').replace('r12d, 300', 'r12d, 3').replace(', 300', ', 3'));
const trace = suite('debug trace › records');
trace('a program with a trampoline, a signal, a thread and a child says all it does', async () => {
  const { trace: text, status } = await traced(SHORT);
  assert.is(status, 0);
  golden('debug-trace.txt', text);
});
trace('memory: what was read, what was written, only the write of an instruction that does both in one place, one that straddles pages once, vectors, the first element of a string', async () => {
  const code = `mov rax, 0x1122334455667788\nmov ${slot(0)}, rax\nadd byte ptr [${DATA + 1}], 1\npush rax\npop rbx\nmov [${DATA + 0xffc}], rax\nmov rcx, [${DATA + 0xffc}]\nmovups xmm1, [${DATA}]\nmov edi, ${DATA + 64}\nmov esi, ${DATA}\nmov ecx, 2\nrep movsd`;
  const { trace: text } = await traced(guestWithSymbols(code), '--trace-filter', 'kinds=m', '--trace-filter', 'symbol=_start');
  assert.equal(text.trimEnd().split('\n').slice(1).map(line => line.split(' ').slice(3).join(' ')), [
    'write 0x600000 8 0x1122334455667788', 'write 0x600001 1 0x78', 'write 0x7fffffffee38 8 0x1122334455667788', 'read 0x7fffffffee38 8 0x1122334455667788',
    'write 0x600ffc 8 0x1122334455667788', 'read 0x600ffc 8 0x1122334455667788', 'read 0x600000 16 0x1122334455667888',
    'read 0x600000 4 0x55667888', 'write 0x600040 4 0x55667888',
  ]);
});
trace('filters: kinds, a range, a symbol, a thread; of one name any, of several all', async () => {
  const kinds = async (...filters: readonly string[]): Promise<readonly string[]> => {
    const { trace: text } = await traced(SHORT, ...filters.flatMap(filter => ['--trace-filter', filter]));
    return text.trimEnd().split('\n').slice(1);
  };
  const all = await kinds(), only = async (filter: string, wants: (line: string) => boolean): Promise<void> => { assert.equal(await kinds(...filter.split(' ')), all.filter(wants)); };
  await only('kinds=e', line => line.startsWith('e '));
  await only('kinds=ir tid=1001', line => /^[ir] 1001 /.test(line));
  await only('kinds=i,symbol=f,symbol=target', line => /^i \d+ \d+ \S+ <(f|target)\b/.test(line));
  await only('kinds=i range=0x400006-0x400013', line => /^i \d+ \d+ 0x4000(06|0e) /.test(line));
  for (const wrong of ['kinds=q', 'symbol', 'range=5', 'tid=x', 'what=1']) assert.match((await traced(SHORT, '--trace-filter', wrong)).stderr, /^tramp64: option --trace-filter/);
});
trace('what is traced is what happens', async () => {
  const { status, stdout, stderr } = await traced(guestWithSymbols(STORY, 6), '--stats', '--trace-filter', 'kinds=e'), alone = runGuest(guestWithSymbols(STORY, 6));
  assert.equal([status, stdout], [alone.status, String.fromCharCode(...alone.stdout)]);
  assert.match(stderr, new RegExp(`^instructions +${alone.counters.instructions.toLocaleString('en')}\ncycles +${Math.round(alone.counters.cycles).toLocaleString('en')} +100.0 %$`, 'm'));
});
trace('a file that cannot be written is a sentence', async () => {
  const host = new CliHost(['run', '--trace', '/nowhere/trace', '/guest'], { '/guest': [SHORT] });
  assert.equal([await main(host), host.errors], [2, 'tramp64: /nowhere/trace: cannot be written\n']);
});
trace.run();

const parting = suite('debug trace › diff');
const diff = async (a: string, b: string, ...options: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> => {
  const host = new CliHost(['diff', 'a', 'b', ...options], { '/home/a': [a], '/home/b': [b] }), status = await main(host);
  return { status, stdout: host.output, stderr: host.errors };
};
parting('two runs of one program do not part, and heads are no records', async () => {
  const [a, b] = [await traced(SHORT), await traced(SHORT)];
  assert.equal(await diff(a.trace, b.trace.replace('/guest', '/other')), { status: 0, stdout: '', stderr: '' });
});
parting('the first difference is told with what is around it', async () => {
  assert.equal(await diff('# x\n1\n2\n3\n4\n5\n', '1\n2\n3\nfour\n5\n', '--context', '1'), { status: 1, stdout: 'a:5 and b:4 differ\n  3\n- 4\n- 5\n+ four\n+ 5\n', stderr: '' });
  assert.equal(await diff('1\n', '1\n2'), { status: 1, stdout: 'a:end and b:2 differ\n  1\n- (ends here)\n+ 2\n', stderr: '' });
});
parting('a program that takes another way is found where it takes it', async () => {
  const other = guestWithSymbols(STORY.replace('r12d, 200', 'r12d, 2').replace('r12d, 300', 'r12d, 3').replace(', 300', ', 3').replace(`${slot(1)}, 3`, `${slot(1)}, 4`));
  const { status, stdout } = await diff((await traced(SHORT)).trace, (await traced(other)).trace, '--context', '0');
  assert.is(status, 1);
  assert.match(stdout, /\n- i 1000 3 0x40010b <f> add QWORD PTR ds:0x600008,0x3\n\+ i 1000 3 0x40010b <f> add QWORD PTR ds:0x600008,0x4\n$/);
});
parting('lines over the edges of blocks are whole', async () => {
  const lines = Array.from({ length: 60_000 }, (_, k) => `record ${k} ${'x'.repeat(k % 17)}`), changed = [...lines];
  changed[54_321] = 'other';
  assert.is((await diff(lines.join('\n'), `${lines.join('\n')}\n`)).status, 0);
  assert.match((await diff(lines.join('\n'), changed.join('\n'))).stdout, /^a:54322 and b:54322 differ\n/);
});
parting('trouble is 2', async () => {
  const host = new CliHost(['diff', 'a', 'b'], { '/home/a': ['1\n'] });
  assert.equal([await main(host), host.errors], [2, 'tramp64: diff: b: cannot be read\n']);
  const one = new CliHost(['diff', 'a']);
  assert.equal([await main(one), one.errors], [2, 'tramp64: diff: two traces, please. Usage: tramp64 diff A B\n']);
  assert.is((await diff('', '', '--context', 'many')).status, 2);
});
parting.run();
