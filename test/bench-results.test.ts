/** Results of the bench: the same on every run, in every form, compared with a baseline, in shards, and never half written. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { ENOSPC } from '../src/base/errno.ts';
import { sha256 } from '../src/base/sha256.ts';
import { ORDERS } from '../src/bench/axes.ts';
import { cellsOf, MATRIX, measureAll } from '../src/bench/matrix.ts';
import { compare } from '../src/bench/output/compare.ts';
import { asJson, resultsIn } from '../src/bench/output/json.ts';
import { COLUMNS } from '../src/bench/output/columns.ts';
import type { Results } from '../src/bench/record.ts';
import { main } from '../src/cli/main.ts';
import { bytesOf } from '../src/host/host.ts';
import { CliHost } from './support/cli-host.ts';
import { kernelCycles } from '../src/timing/causes.ts';

interface Outcome { readonly status: number; readonly output: string; readonly errors: string; readonly host: CliHost }
type Files = Readonly<Record<string, string>>;
async function bench(words: readonly string[], files: Files = {}, change: (host: CliHost) => void = () => { /* As it is. */ }): Promise<Outcome> {
  const host = new CliHost(words, Object.fromEntries(Object.entries(files).map(([name, text]) => [`/home/${name}`, [text] as const])));
  change(host);
  const status = await main(host);
  return { status, output: host.output, errors: host.errors, host };
}
/** Few cells that differ: a page written, one with a data page, and the kernel's. */
const FEW = ['bench', 'table', '--filter', '^(indirect call|.1. written|trampfd, by fault)'];
const parsed = (text: string): Results => {
  const results = resultsIn(text);
  if (typeof results === 'string') throw new Error(results);
  return results;
};
/** Measured once, for all tests. */
const measured = bench([...FEW, '--json']);

const hashes = suite('bench › sha256');
hashes('FIPS 180-4\'s examples, and every length around a block', async () => {
  assert.is(await sha256(bytesOf('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.is(await sha256(bytesOf('')), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.is(await sha256(bytesOf('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  assert.is(new Set(await Promise.all(Array.from({ length: 130 }, (_, n) => sha256(new Uint8Array(n))))).size, 130);
});
hashes.run();

const results = suite('bench › results');
results('are the same on every run, but for the host block', async () => {
  const [a, b] = [(await measured).output, (await bench([...FEW, '--json', '--repeat'])).output];
  const withoutHost = (text: string): string => text.slice(0, text.indexOf('"host"'));
  assert.is(withoutHost(a), withoutHost(b));
  assert.ok(a.includes('"host"'));
});
results('an indirect call is 11 instructions, a trampoline by fault a page fault that the kernel serves', async () => {
  const { rows } = parsed((await measured).output), [indirect, written, fault] = rows;
  assert.equal(rows.map(({ mechanism, outcome }) => [mechanism, outcome]), [['indirect call', 'works'], ['(1) written, W+X', 'works'], ['trampfd, by fault', 'works']]);
  assert.equal([indirect?.invoke?.instructions, written?.invoke?.instructions, fault?.invoke?.pageFaults], [11, 12, 1]);
  assert.ok(rows.every(row => row.invoke !== null && Math.abs(Object.values(row.invoke.causes).reduce((sum, of) => sum + of, 0) - row.invoke.cycles) < 1e-5));
  assert.ok((fault?.invoke?.causes.trampfd ?? 0) > 1000 && kernelCycles(written!.invoke!.causes) === 0);
  assert.equal([written?.memory?.code, fault?.memory?.code, fault?.memory?.kernel], [8192, 0, 200]);
});
results('who performs makes no difference but to TLB misses', async () => {
  const cells = cellsOf(MATRIX.find(({ name }) => name === 'smoke')?.selections ?? []).filter(({ contender, count }) => count > 1 && /fast|table/.test(contender.name));
  const by = (engine: 'interpret' | 'threaded' | 'compile') => measureAll(cells.map(cell => ({ ...cell, profile: { ...cell.profile, options: { cpu: { engine } } } })), () => true);
  const rows = await by('interpret') ?? [];
  assert.ok(rows.length >= 4);
  for (const engine of ['threaded', 'compile'] as const) assert.equal(compare(rows, await by(engine) ?? []).differences, []);
});
results('JSON comes back as it was, and a row is a line', async () => {
  const { output } = await measured;
  assert.is(asJson(parsed(output)), output);
  assert.is(output.split('\n').filter(line => line.includes('"mechanism"')).length, 3);
});
results('CSV has a column for everything, Markdown and text those that tell something', async () => {
  const csv = (await bench([...FEW, '--csv'])).output.split('\r\n');
  assert.is(csv.length, 1 + 3 + 1);
  assert.is(csv[0]?.split(',').length, COLUMNS.length);
  assert.match(csv[2] ?? '', /^"\(1\) written, W\+X",zen3,guest,permissive,1,in-turn,,[0-9a-f]{64},works,12,/);
  assert.match((await bench([...FEW, '--markdown'])).output, /^profile zen3, [^\n]+\n\n\| mechanism \| [^\n]+\n\| --- \|[^\n]+\n\| indirect call \|/);
  assert.match((await bench([...FEW, '--output', 'table.txt'])).host.text('/home/table.txt') ?? '', /^profile zen3, [^\n]+\n\nmechanism +instructions/);
});
results('a policy\'s denials are outcomes', async () => {
  const { rows } = parsed((await bench(['bench', 'table', '--filter', '.1. written|by fault', '--policy', 'wx,deny-all', '--json'])).output);
  assert.equal(rows.map(({ mechanism, policy, outcome, refusals, invoke }) => [mechanism, policy, outcome, refusals, invoke === null]), [
    ['(1) written, W+X', 'wx', 'refused', ['mmap EACCES'], true], ['(1) written, W+X', 'deny-all', 'refused', ['mmap EACCES'], true],
    ['trampfd, by fault', 'wx', 'works', [], false], ['trampfd, by fault', 'deny-all', 'refused', ['trampfd_create EACCES'], true],
  ]);
});
results('orders: both call every trampoline, one after its neighbour, one far from it', () => {
  const [inTurn, scattered] = ORDERS;
  for (const count of [1, 2, 3, 4, 6, 64, 100, 1000, 16_384]) {
    for (const order of ORDERS) {
      const step = order.step(count), visited = new Set(Array.from({ length: count }, (_, n) => n * step % count));
      assert.is(visited.size, count, `${order.name} ${count}`);
    }
  }
  assert.is(inTurn?.step(1000), 1);
  assert.ok((scattered?.step(1000) ?? 0) > 300);
});
results('a mechanism that needs a descriptor each is not asked for more than there are', () => {
  const cells = cellsOf(MATRIX.find(({ name }) => name === 'counts')?.selections ?? []);
  assert.equal(cells.filter(({ contender, count }) => contender.name === 'trampfd, by fault' && count > 1000), []);
  assert.ok(cells.some(({ contender, count, order }) => contender.name === 'trampfd, table' && count === 16_384 && order.name === 'scattered'));
});
results.run();

const checks = suite('bench › check');
checks('the smoke suite is what bench/baseline.json says', async () => {
  const before = readFileSync('bench/baseline.json', 'utf8'), words = ['bench', '--check', 'baseline.json', ...process.env['UPDATE'] === '1' ? ['--update'] : []];
  const { status, output, errors, host } = await bench(words, { 'baseline.json': before });
  assert.equal([status, errors], [0, ''], `${output}npm run bench:check -- --update rewrites it`);
  if (process.env['UPDATE'] === '1') writeFileSync('bench/baseline.json', host.text('/home/baseline.json') ?? before);
});
/** The results as a baseline in which something was otherwise. */
const baseline = async (change: (text: string) => string = text => text): Promise<Files> => ({ 'base.json': change((await measured).output) });
checks('nothing changed: status 0', async () => {
  const { status, output, errors } = await bench(['bench', '--check', 'base.json'], await baseline());
  assert.equal([status, output, errors], [0, '3 rows, no difference\n', '']);
});
checks('a row with other cycles: status 1, its name, before and after, and the cause', async () => {
  const { status, output, errors } = await bench(['bench', '--check', 'base.json'], await baseline(text => text.replace(/"cycles":6,("pageFaults".*?)"issue":6,/, '"cycles":5.385,$1"issue":5.4,')));
  assert.is(status, 1);
  assert.is(output, '(1) written, W+X [zen3, guest, permissive, 1 in-turn]\n  invoke cycles: 5.385 -> 6 (+11.4 %)\n  invoke cycles, issue: 5.4 -> 6 (+11.1 %)\n1 of 3 rows differ\n');
  assert.match(errors, /^tramp64: bench: not what base.json says; if that is meant: [^\n]+--update\n$/);
});
checks('another program is told, as are rows that only one of them has; a tolerance leaves small differences out', async () => {
  const other = await bench(['bench', '--check', 'base.json'], await baseline(text => text.replace('"cycles":6,', '"cycles":6.1,').replace(/("mechanism":"\(1\)[^}]*?"program":")\w\w\w/, '$1000').replace('trampfd, by fault', 'a mechanism of old')));
  assert.is(other.status, 1);
  assert.match(other.output, /^\(1\) written, W\+X \[[^\]]+\] \(its program is another one\)\n  invoke cycles: 6.1 -> 6[^\n]*\na mechanism of old \[[^\]]+\]: is not in the second\n2 of 2 rows differ\n$/);
  assert.is((await bench(['bench', '--check', 'base.json', '--tolerance', '0.5%'], await baseline(text => text.replace('"cycles":6,', '"cycles":6.01,')))).status, 0);
  assert.is((await bench(['bench', '--check', 'base.json', '--tolerance', '0.5%'], await baseline(text => text.replace('"cycles":6,', '"cycles":6.06,')))).status, 1);
});
checks('--update writes what was measured, and the next check is content', async () => {
  const { status, host } = await bench(['bench', '--check', 'base.json', '--update'], await baseline(text => text.replace('"cycles":6,', '"cycles":1,')));
  assert.is(status, 0);
  const text = host.text('/home/base.json') ?? '';
  assert.not.ok(text.includes('"host"'));
  assert.is((await bench(['bench', '--check', 'base.json'], { 'base.json': text })).status, 0);
  assert.is(parsed((await bench([...FEW, '--check', 'new.json', '--update'])).host.text('/home/new.json') ?? '').rows.length, 3);
});
checks('JUnit XML has a case a row; GitHub gets an annotation a difference, and a summary', async () => {
  const { status, output, host } = await bench(['bench', '--check', 'base.json', '--junit', 'junit.xml'], { ...await baseline(text => text.replace('"cycles":6,', '"cycles":5.385,')) });
  assert.is(status, 1);
  assert.not.match(output, /::error/);
  assert.match(host.text('/home/junit.xml') ?? '', /<testsuite name="tramp64 bench" tests="3" failures="1">\n    <testcase [^>]*indirect call[^>]*\/>\n    <testcase [^>]*>\n      <failure message="invoke cycles: 5.385 -&gt; 6/);
  const inCi = await bench(['bench', '--check', 'base.json'], { ...await baseline(text => text.replace('"cycles":6,', '"cycles":5.385,')), 'summary.md': 'before\n' },
    ciHost => { ciHost.environment = ['GITHUB_ACTIONS=true', 'GITHUB_STEP_SUMMARY=/home/summary.md']; });
  assert.match(inCi.output, /^::error title=tramp64 bench%3A \(1\) written%2C W\+X [^\n:]+::\(1\) written, W\+X [^\n]+%0A  invoke cycles: 5.385 -> 6 \(\+11.4 %25\)$/m);
  assert.match(inCi.host.text('/home/summary.md') ?? '', /^before\n### tramp64 bench: 1 of 3 rows differ\n\n\| row \| what \| before \| after \|\n/);
});
checks.run();

const parts = suite('bench › parts');
parts('shards merged are what the whole is', async () => {
  const shards = await Promise.all([1, 2].map(index => bench([...FEW, '--json', '--shard', `${index}/2`])));
  const merged = await bench(['bench', 'merge', 'b.json', 'a.json', '--json'], { 'a.json': shards[0]?.output ?? '', 'b.json': shards[1]?.output ?? '' });
  assert.equal(parsed(merged.output).rows, parsed((await measured).output).rows);
  const other = await bench(['bench', 'merge', 'a.json', 'b.json'], { 'a.json': (await measured).output, 'b.json': (await measured).output.replace('"cycles":6,', '"cycles":1,') });
  assert.equal([other.status, other.errors], [1, 'tramp64: bench: b.json has other numbers for (1) written, W+X [zen3, guest, permissive, 1 in-turn] than a file before it\n']);
});
parts('compare: status 1 and what changed, or 0', async () => {
  const a = (await measured).output, files = { 'a.json': a, 'b.json': a.replace('"kernel":200', '"kernel":300') };
  const { status, output } = await bench(['compare', 'a.json', 'b.json'], files);
  assert.equal([status, output], [1, 'trampfd, by fault [zen3, guest, permissive, 1 in-turn]\n  bytes of kernel: 200 -> 300 (+50.0 %)\n1 of 3 rows differ\n']);
  assert.is((await bench(['compare', 'a.json', 'a.json'], files)).status, 0);
  assert.match((await bench(['compare', 'a.json', 'b.json', '--markdown'], files)).output, /\| bytes of kernel \| 200 \| 300 \|/);
});
parts('Ctrl-C: a sentence, status 130, no file', async () => {
  const { status, errors, host } = await bench([...FEW, '--json', '--output', 'r.json'], {}, interrupted => { Object.assign(interrupted, { onSignals: (_names: readonly string[], listener: (name: string) => void) => { listener('SIGINT'); return () => { /* Nothing to end. */ }; } }); });
  assert.equal([status, errors, host.text('/home/r.json')], [130, 'tramp64: bench: interrupted after 0 of 3 measurements; nothing was written\n', null]);
});
parts('suites in words: Ctrl-C is a sentence, too', async () => {
  const { status, output, errors } = await bench(['bench'], {}, interrupted => { Object.assign(interrupted, { onSignals: (_names: readonly string[], listener: (name: string) => void) => { listener('SIGINT'); return () => {}; } }); });
  assert.equal([status, output, errors], [130, '', 'tramp64: bench: interrupted\n']);
});
/** What the other side of `helper` does, without a process. */
async function helped(line: string): Promise<string> {
  const host = new CliHost(['bench', 'cells']);
  host.input = `${line}\n`;
  assert.equal([await main(host), host.errors], [0, '']);
  return host.output.trimEnd();
}
for (const [claim, answersMax] of [['rows are the same', Infinity], ['what helpers that end leave is measured all the same', 1]] as const) {
  parts(`several processes measure: ${claim}`, async () => {
    let helpers = 0;
    const { output } = await bench([...FEW, '--json', '--jobs', '2'], {}, host => { Object.assign(host, { helper: () => {
      let answers = 0;
      helpers += 1;
      return { ask: (line: string) => answers++ < answersMax ? helped(line) : Promise.resolve(null), end: () => {} };
    } }); });
    assert.is(helpers, 2);
    assert.equal(parsed(output).rows, parsed((await measured).output).rows);
  });
}
parts('a helper takes questions of the bench\'s only', async () => {
  const host = new CliHost(['bench', 'cells']);
  host.input = 'hello\n';
  assert.equal([await main(host), host.errors], [2, 'tramp64: bench: cells is for processes that tramp64 bench starts; see tramp64 bench --help\n']);
  assert.match((await bench([...FEW, '--jobs', 'many'])).errors, /^tramp64: bench: option --jobs takes a number of processes, not 'many'\n$/);
});
parts('a full disk: a sentence, a status, and the file as it was', async () => {
  for (const words of [[...FEW, '--json', '--output', 'r.json'], ['bench', '--check', 'r.json', '--update']]) {
    const before = (await measured).output;
    const { status, errors, host } = await bench(words, { 'r.json': before }, full => {
      const { write } = full;
      full.write = (fd, from, at) => fd > 2 ? -ENOSPC : write.call(full, fd, from, at);
    });
    assert.equal([status, errors, host.text('/home/r.json'), host.text('/home/r.json.part')], [3, 'tramp64: r.json: the disk is full\n', before, null]);
  }
  for (const words of [[...FEW, '--json'], ['bench', '--list'], ['bench', '--help'], ['--help'], ['--version'], ['syscalls']]) {
    const { status, errors } = await bench(words, {}, full => { full.write = () => -ENOSPC; });
    assert.equal([status, errors], [3, 'tramp64: standard output: the disk is full\n'], words.join(' '));
  }
});
parts.run();

const pictures = suite('bench › pictures');
pictures('the page needs no network, and has every plot wide and narrow, and every row', async () => {
  const { host, output, status } = await bench(['bench', 'table', 'policies', '--count', '1,64', '--filter', '^(indirect call|.1. written|trampfd, by fault)', '--policy', 'permissive,wx', '--html', 'page.html', '--svg', 'plots']);
  assert.equal([status, output], [0, '']);
  const page = host.text('/home/page.html') ?? '', names = ['cost', 'causes', 'memory', 'policies'];
  assert.equal([...page.matchAll(/https?:[^"'\s]*/g)].map(([url]) => url).filter(url => url !== 'http://www.w3.org/2000/svg'), []);
  assert.is([...page.matchAll(/<svg /g)].length, 2 * names.length);
  assert.is([...page.matchAll(/<tr class="f-/g)].length, 3 + 12);
  assert.match(page, /<td data-v="6">6.0<\/td>/);
  assert.not.match(page.slice(0, page.indexOf('<script>')), /NaN|undefined|Infinity/);
  for (const name of names) for (const file of [name, `${name}-narrow`]) assert.match(host.text(`/home/plots/${file}.svg`) ?? '', /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 \d+ \d+"/);
});
pictures('every processor and environment has plots of its own', async () => {
  const { host, status } = await bench(['bench', '--count', '1', '--filter', '^(indirect call|signal)$', '--profile', 'zen3,generic', '--environment', 'guest,bare-metal-unmitigated', '--policy', 'permissive', '--svg', 'plots']);
  assert.is(status, 0);
  const plots = ['zen3-guest', 'zen3-bare-metal-unmitigated', 'generic-guest', 'generic-bare-metal-unmitigated'].map(place => host.text(`/home/plots/causes-${place}.svg`));
  assert.ok(plots.every(plot => plot?.includes('>signals<')));
  assert.is(new Set(plots).size, 4);
});
pictures('names in results are no markup', async () => {
  const text = (await measured).output.replaceAll('(1) written, W+X', '<script>alert(1)</script>'), { host } = await bench(['bench', 'merge', 'a.json', '--html', 'page.html'], { 'a.json': text });
  assert.not.ok((host.text('/home/page.html') ?? '').includes('<script>alert'));
});
pictures.run();

/** Arguments, and what is said of them: status 2. */
const MISTAKES: readonly (readonly [words: string, said: RegExp])[] = [
  ['bench frobnicate', /there is no suite 'frobnicate'; there are table, policies, counts, smoke, all/],
  ['bench --count 0', /--count takes numbers from 1 to 16384, not '0'/], ['bench --count 1,x', /not 'x'/], ['bench --count 16385', /not '16385'/],
  ['bench --policy nix', /there is no policy 'nix'; there are permissive, wx/], ['bench --profile z80', /there is no profile 'z80'; there are zen3, skylake, generic/],
  ['bench --environment moon', /there is no environment 'moon'/], ['bench --order none', /there is no order 'none'; there are in-turn, scattered/], ['bench --filter (', /--filter takes a regular expression, not '\('/],
  ['bench --filter nothing-is-called-so', /nothing to be measured/], ['bench --shard 3/2', /--shard takes I\/N, as 1\/4, not '3\/2'/], ['bench --seed x', /--seed takes a number/], ['bench --json --csv', /one of --json and --csv, please/],
  ['bench claims --json', /claims is a text/], ['bench --update --json', /--update rewrites what --check names/], ['bench --check none.json', /none.json: no such file/], ['bench --check text', /text: no JSON: /],
  ['bench --check foreign.json', /foreign.json: no results of tramp64 bench/], ['bench --check future.json', /future.json: results in the format tramp64-bench-99; this tramp64 reads tramp64-bench-1/],
  ['bench --check cut.json', /cut.json: row 1: invoke is not what it should be/], ['bench --check good.json --tolerance much', /--tolerance takes a number or a percentage, as 0.5%, not 'much'/],
  ['bench merge', /merge which files\?/], ['bench merge foreign.json', /foreign.json: no results/], ['compare a.json', /two files, please/], ['compare foreign.json foreign.json', /no results/],
];
const mistakes = suite('bench › mistakes');
for (const [words, said] of MISTAKES) {
  mistakes(words, async () => {
    const good = (await measured).output, { status, output, errors } = await bench(words.split(' '), {
      text: 'just text', 'foreign.json': '{"rows":[]}', 'future.json': '{"format":"tramp64-bench-99"}', 'cut.json': good.replace('"instructions":11', '"instructions":"eleven"'), 'good.json': good,
    });
    assert.equal([status, output, errors.split('\n').length], [2, '', 2]);
    assert.match(errors, said);
  });
}
mistakes.run();
