/** The bench as a command: the matrix of mechanisms and policies, the discussion's claims (test/golden/bench-*.txt), and how a guest tells which call it failed of. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AssemblyContender } from '../src/bench/contenders/common.ts';
import { PLAIN } from '../src/bench/contenders/plain.ts';
import { DEBIAN_LIBFFI, STATIC_LIBFFI } from '../src/bench/contenders/compiled.ts';
import { runImage } from '../src/bench/guest.ts';
import { cellAt, measureAll } from '../src/bench/matrix.ts';
import { trials } from '../src/bench/measure.ts';
import { POLICIES } from '../src/bench/policies.ts';
import { SUITES } from '../src/bench/suites.ts';
import { main } from '../src/cli/main.ts';
import { SecurityPolicy } from '../src/syscalls/policy.ts';
import { CliHost } from './support/cli-host.ts';
import { golden } from './support/vectors.ts';

const bench = suite('bench');
bench('table: what an invocation costs, what a trampoline takes, and its life', async () => {
  const host = new CliHost(['bench']);
  assert.equal([await main(host), host.errors], [0, '']);
  golden('bench-table.txt', host.output);
  const readme = readFileSync('README.md', 'utf8'), [, table = ''] = /^(contender +instructions[^]*?)\n\n/m.exec(host.output) ?? [], sentences = host.output.trimEnd().split('\n').slice(-2).join('\n');
  const wanted = readme.replace(/^contender +instructions[^]*?(?=\n```)/m, () => table).replace(/^"About the same[^]*?(?=\n\n)/m, () => sentences);
  if (process.env['UPDATE'] === '1') writeFileSync('README.md', wanted);
  else assert.is(readme, wanted, 'README.md has it as it is; UPDATE=1 rewrites it');
});
bench('policies: every mechanism under every policy, which call is refused and with what', async () => {
  const host = new CliHost(['bench', 'policies']);
  assert.equal([await main(host), host.errors], [0, '']);
  golden('bench-policies.txt', host.output);
});
bench('claims: the discussion\'s questions, and the numbers behind the answers', async () => {
  const host = new CliHost(['bench', 'claims']);
  assert.equal([await main(host), host.errors], [0, '']);
  golden('bench-claims.txt', host.output);
});
/** Columns of README's second table, and its rows. */
const ELSEWHERE = [['zen3', 'guest', 'Zen 3, guest'], ['zen3', 'bare-metal-unmitigated', 'Zen 3, bare metal'], ['skylake', 'guest', 'Skylake, guest'], ['generic', 'guest', 'generic, guest']] as const;
const SHOWN = ['indirect call', 'return trampoline, return', 'trampfd, fast', 'system call', 'trampfd, by fault', 'signal'];
bench('README has what other processors and kernels take', async () => {
  const cells = SHOWN.flatMap(mechanism => ELSEWHERE.map(([profile, environment]) => cellAt({ mechanism, profile, environment, policy: 'permissive', count: 1, order: 'in-turn' }, null)));
  const rows = await measureAll(cells.filter(cell => cell !== null), () => true) ?? [];
  const lines = SHOWN.map((name, n) => `| ${name} | ${rows.slice(4 * n, 4 * n + 4).map(row => (row.invoke?.cycles ?? 0).toFixed(1)).join(' | ')} |\n`);
  const table = `| | ${ELSEWHERE.map(([, , title]) => title).join(' | ')} |\n| --- |${' ---: |'.repeat(ELSEWHERE.length)}\n${lines.join('')}`;
  const readme = readFileSync('README.md', 'utf8'), wanted = readme.replace(/^\| \| Zen 3, guest[^]*?\n(?=\n)/m, () => table);
  if (process.env['UPDATE'] === '1') writeFileSync('README.md', wanted);
  else assert.is(readme, wanted, 'UPDATE=1 rewrites it');
});
bench('--help names every suite', async () => {
  const host = new CliHost(['bench', '--help']);
  await main(host);
  for (const { name } of SUITES) assert.ok(host.output.includes(name), name);
});

const TARGETS = PLAIN.find(({ name }) => name === 'indirect call');
const MMAP = (prot: number): string => `xor edi, edi\nmov esi, 4096\nmov edx, ${prot}\nmov r10d, 0x22\nmov r8, -1\nxor r9d, r9d\nmov eax, 9\nsyscall\ntest rax, rax`;
const contender = (create: string): AssemblyContender => ({ name: 'test', what: '', create, invoke: TARGETS?.invoke ?? '' });
bench('a guest tells the call that failed, its errno, and what it tried before', () => {
  const direct = contender(`${MMAP(7)}\njs failed_9\n${TARGETS?.create ?? ''}`);
  assert.equal(trials(direct, ['permissive', 'wx']).map(({ cycles, refusals }) => [cycles !== null, refusals]), [[true, []], [false, ['mmap EACCES']]]);
  const patient = contender(`${MMAP(7)}\njns ready\nmov ebx, 9\ncall refused\n${MMAP(3)}\njs failed_9\nready: ${TARGETS?.create ?? ''}`);
  assert.equal(trials(patient, ['permissive', 'wx']).map(({ cycles, refusals }) => [cycles !== null, refusals]), [[true, []], [true, ['mmap EACCES']]]);
  assert.equal(trials(contender('jmp failed'), ['permissive']), [{ cycles: null, refusals: ['failed'], death: null }]);
});
bench('what a signal kills is told by the signal', () => {
  const code = 'push 0xc3\ncall rsp\nadd rsp, 8\n', onStack = { ...contender(`${code}${TARGETS?.create ?? ''}`), hasExecutableStack: true };
  assert.equal(trials(onStack, ['permissive', 'execstack']).map(({ cycles, death }) => [cycles !== null, death]), [[true, null], [false, 'SIGSEGV when called']]);
});
bench('a wrong sum is an error, whatever the policy', () => {
  assert.throws(() => trials({ ...contender(TARGETS?.create ?? ''), invoke: 'mov eax, 1' }, ['permissive']), /wrong sum/);
});
bench('libffi\'s closures (ints, doubles, structs, varargs, many at once), as Debian builds it, static and ported to trampfd, under every policy', () => {
  const lines = ['unported, Debian', 'unported, static', 'ported, static'].flatMap(what => POLICIES.map(name => {
    const policy = SecurityPolicy.of(name);
    if (typeof policy === 'string') throw new Error(policy);
    const [way = '', build] = what.split(', '), { status, output } = runImage(build === 'static' ? STATIC_LIBFFI() : DEBIAN_LIBFFI(), [way, way === 'ported' && name === 'exectramp-only' ? '10000' : way === 'ported' && name === 'deny-all' ? '200' : '60'], { policy });
    return `${what}, ${name}: ${output.trim().split('\n').join('; ')}; status ${status}`;
  }));
  golden('bench-libffi.txt', `${lines.join('\n')}\n`);
});
bench.run();
