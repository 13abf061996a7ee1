/** Real programs with code kept from run to run: what dist/cli.js does and counts with it is what it does without, and what the host does. Needs gcc, musl-gcc and Debian's programs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import childProcess, { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..'), folder = mkdtempSync(join(tmpdir(), 'tramp64-kept-')), dist = join(folder, 'dist'), place = join(folder, 'place');
/** Runs of a program with one folder; the first finds nothing. */
const TIMES = 2, TIMEOUT_MS = 60_000;

/** What this file takes of Node beyond src/host/node.d.ts. */
interface Spawned {
  readonly stdout: { on(event: 'data', listener: (bytes: Uint8Array) => void): unknown };
  readonly stderr: Spawned['stdout'];
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (status: number | null, signal: string | null) => void): unknown;
}
interface SpawnOptions { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly stdio: readonly string[]; readonly timeout: number; readonly killSignal: string }
const { spawn } = childProcess as unknown as { spawn(command: string, args: readonly string[], options: SpawnOptions): Spawned };
const SIGSEGV = 11;

interface Outcome { readonly status: number | string; readonly stdout: string; readonly stderr: string }
/** What else a program finds is the same every time: its directory, its environment, no input. */
function outcomeOf(command: readonly string[], caches = '/nothere'): Promise<Outcome> {
  const [head = '', ...rest] = command, decoder = new TextDecoder('latin1');
  return new Promise((done, failed) => {
    const child = spawn(head, rest, { cwd: place, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: place, XDG_CACHE_HOME: caches }, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, killSignal: 'SIGKILL' }), texts = ['', ''];
    [child.stdout, child.stderr].forEach((stream, k) => stream.on('data', (bytes: Uint8Array) => { texts[k] += decoder.decode(bytes); }));
    child.on('error', failed);
    child.on('close', (status, signal) => { done({ status: status ?? (signal === 'SIGSEGV' ? 128 + SIGSEGV : signal ?? ''), stdout: texts[0]!, stderr: texts[1]! }); });
  });
}
interface Counted extends Outcome { readonly rows: readonly string[]; readonly kept: number; /** It was a short program. */ readonly isShort: boolean }
/** Here, by the command that is installed. What is counted: all but what the engines are asked and do, which is what may differ. */
async function counted(caches: string, options: readonly string[], command: readonly string[]): Promise<Counted> {
  const { stderr: said, ...others } = await outcomeOf([process.execPath, join(dist, 'cli.js'), 'run', '--stats', ...options, '--', ...command], caches);
  const lines = said.split('\n'), from = lines.findIndex(line => /^instructions {2,}[\d,]+$/.test(line)), to = lines.findIndex(line => line.startsWith('blocks decoded '));
  if (from < 0 || to < from) throw new Error(`${command.join(' ')}: status ${others.status}, ${said}`);
  const stat = (name: string): number => Number(new RegExp(`^${name} +([\\d,]+)$`, 'm').exec(said)?.[1]?.replaceAll(',', '')), kept = stat('blocks kept before'), isShort = stat('generations') === 0;
  return { ...others, stderr: lines.slice(0, from).join('\n'), rows: lines.slice(from, to).filter(line => !line.startsWith('TLB misses ')).map(line => line.replace(/ +/g, ' ')), kept, isShort };
}
const results = ({ status, stdout }: Outcome): object => ({ status, stdout }), all = ({ status, stdout, stderr, rows }: Counted): object => ({ status, stdout, stderr, rows });
function freshCaches(): string { return mkdtempSync(join(folder, 'caches-')); }
const filesIn = (caches: string): readonly string[] => readdirSync(caches).length === 0 ? [] : readdirSync(join(caches, 'tramp64'));

interface Trial {
  readonly options?: readonly string[];
  readonly caches?: string;
  readonly times?: number;
  /** Nothing is kept of what is over before it is translated. */
  readonly mayKeepNothing?: boolean;
}
/** Natively, without kept code, and several times with it. Returns how many blocks each time began with. */
async function isSame(command: readonly string[], { options = [], caches = freshCaches(), times = TIMES, mayKeepNothing = false }: Trial = {}): Promise<readonly number[]> {
  const runs = async (): Promise<readonly Counted[]> => {
    const found: Counted[] = [];
    while (found.length < times) found.push(await counted(caches, options, command));
    return found;
  };
  const [native, without, found] = await Promise.all([outcomeOf(command), counted(caches, ['--code-cache', 'off', ...options], command), runs()]), words = command.join(' ');
  assert.equal(results(without), results(native), `${words}, without what is kept`);
  assert.is(without.kept, 0);
  assert.ok(without.rows.length > 12);
  for (const [k, run] of found.entries()) {
    assert.equal(all(run), all(without), `${words}, run ${k + 1}`);
    assert.ok(k === 0 || mayKeepNothing || !found[0]!.isShort || run.kept > 0, `${words}, run ${k + 1}: nothing was kept`);
  }
  return found.map(({ kept }) => kept);
}

function build(): void {
  mkdirSync(dist); mkdirSync(place);
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const step of ['script', 'prebuilt', 'bytecode']) {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/host/build.ts', step, dist], { cwd: root });
    if (status !== 0) throw new Error(`${step}: ${new TextDecoder().decode(stderr)}`);
  }
  writeFileSync(join(place, 'words'), 'delta\nalpha\ncharlie\nbravo\nalpha\n');
  writeFileSync(join(place, 'numbers'), Array.from({ length: 300 }, (_, i) => `${(i * 7919) % 307} line ${i}\n`).join(''));
}
build();
/** @param source C, or the path of a file */
function compile(compiler: string, name: string, source: string, ...options: readonly string[]): string {
  const path = join(place, name), text = source.endsWith('.c') ? source : `${path}.c`;
  if (text !== source) writeFileSync(text, source);
  const { status, stderr } = spawnSync(compiler, ['-O2', '-w', ...options, '-o', path, text, '-lm']);
  if (status !== 0) throw new Error(new TextDecoder().decode(stderr));
  return `./${name}`;
}
const HELLO = '#include <stdio.h>\nint main(int n, char **v) { printf("hello, %d words\\n", n); return n; }\n', KEPT_C = join(root, 'test/real/kept.c');

const compiled = suite('real › kept code › C programs');
compiled('hello world of glibc, static', async () => { await isSame([compile('gcc', 'hello', HELLO, '-static'), 'world']); });
compiled('hello world of glibc, dynamic, at its own address', async () => { await isSame([compile('gcc', 'hello-dynamic', HELLO)]); });
compiled('hello world of musl, which is too short to keep', async () => { await isSame([compile('musl-gcc', 'hello-musl', HELLO, '-static')], { mayKeepNothing: true }); });
/** With loops so short that they are kept. */
const BRIEF = '-DTIMES=50', STATIC = compile('gcc', 'static', KEPT_C, '-static', '-pthread', BRIEF), DYNAMIC = compile('gcc', 'dynamic', KEPT_C, '-pthread', BRIEF);
/** The programs of kept.c. */
const CLAIMS: Readonly<Record<string, string>> = {
  jit: 'code is written where it is writable all the time, changes itself, and is other memory then',
  toggle: 'pages are writable or executable in turn',
  twice: 'a page is written at one address and executed at another',
  patch: 'a program makes a page of its own code writable, and changes it',
  copies: 'a child changes its copy of a page of code, and its parent does not',
  signals: 'handlers of faults jump back; and the last fault has none',
  threads: 'four threads share locks and memory',
  floats: 'numbers are added, rounded four ways, printed and read',
  again: 'a program executes itself, as itself and as its children',
};
for (const [name, claim] of Object.entries(CLAIMS)) {
  compiled(`${name}: ${claim}`, async () => {
    await isSame([STATIC, name, '5']);
  });
}
// What they were told before is not what they do now: their file is one.
compiled('programs that change their code, told another thing each time', async () => {
  const caches = freshCaches();
  const firsts: number[] = [];
  for (const words of [['jit', '3'], ['jit', '4'], ['toggle', '4'], ['twice', '3'], ['patch', '4660'], ['patch', '6'], ['copies', '1'], ['jit', '3']]) firsts.push(...await isSame([DYNAMIC, ...words], { caches, times: 1 }));
  assert.is(firsts[0], 0);
  assert.ok(firsts.slice(1).every(count => count > 0), firsts.join(' '));
  assert.is(filesIn(caches).length, 1);
});
for (const name of ['jit', 'patch', 'copies', 'signals', 'threads']) {
  compiled(`${name}, with no time counted`, async () => { await isSame([STATIC, name, '2'], { options: ['--timing', 'none'], times: 2 }); });
}
compiled('another program by the same name does what it does', async () => {
  const caches = freshCaches(), sources = [HELLO, HELLO.replace('hello', 'HELLO'), HELLO.replace('return n', 'return 3 * n + 40'), HELLO.replace('main(', 'more(int n) { return n ^ 77; }\nint main(').replace('return n;', 'return more(n);'), HELLO];
  for (const source of sources) await isSame([compile('gcc', 'changing', source, '-static')], { caches, times: 2 });
  assert.is(filesIn(caches).length, 1);
});
compiled.run();

/** What a program is told to do; each ends by itself, with its files left as they were. */
const SHELL = `i=0; while [ $i -lt 15 ]; do i=$((i+1)); echo "line $i"; done | grep 3 | sed 's/line/row/' | sort -r | (read first; echo "first $first"; wc -l)
for w in $(cat words); do case $w in a*) echo $w | tr a-z A-Z;; *) (echo "<$w>"; exit 2) || echo "status $?";; esac; done
seq 1 50 | awk '{ s += $1 } END { print s }' & wait; cut -c1-3 numbers | uniq -c | tail -n 2; sha256sum words; exit 5`;
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'busybox sh, with pipes and forks': ['busybox', 'sh', '-c', SHELL],
  'bash, whose programs are others': ['bash', '-c', 'ls | sort | head -n 3; grep -c line numbers; /bin/echo one | sed s/one/two/ | tr t T; env -i X=1 env; exit 3'],
  mawk: ['mawk', '{ s = s substr($2, 1, 1); n += length($0) * 1.5 } NR % 100 == 0 { print NR, n, length(s); split($0, w, " "); print w[3] }', 'numbers'],
  sed: ['sed', '-n', '-E', '/^1/{s/([0-9]+) line ([0-9]+)/\\2:\\1/;y/:/=/;p;h};$!d;x;G;p', 'numbers'],
  grep: ['grep', '-nE', '^(1.*[27]|[3-5]+ ).*(9|10)$', 'numbers'],
  sort: ['sort', '-k3,3nr', '-k1,1', 'numbers', 'words'],
  lua: ['lua5.4', '-e', 'local t = {} for i = 1, 400 do t[#t + 1] = (i * 7919 % 601) .. "" end table.sort(t) print(t[1], t[400], #table.concat(t), ("%5.2f"):format(math.pi), 7 // 2, 2 ^ 0.5) print(pcall(error, "x")) os.exit(12)'],
  'gzip and back': ['sh', '-c', 'gzip -9c numbers | gzip -dc | cmp - numbers && gzip -1c words numbers | sha256sum'],
};
const programs = suite('real › kept code › Debian\'s programs');
for (const [name, command] of Object.entries(PROGRAMS)) programs(name, async () => { await isSame(command); });
for (const name of ['busybox sh, with pipes and forks', 'lua', 'sort']) {
  programs(`${name}, with no time counted`, async () => { await isSame(PROGRAMS[name]!, { options: ['--timing', 'none'], times: 2 }); });
}
programs('sh with one script after another: its file grows, and what they do stays', async () => {
  const caches = freshCaches(), sizes: number[] = [], scripts = [':', 'echo one two | (read a b; echo $b)', 'printf "%s\\n" a b c', 'for x in 3 1 2; do echo $((x * x)); done', ':'];
  for (const script of scripts) {
    await isSame(['sh', '-c', script], { caches, times: 1, mayKeepNothing: true });
    const [name = '', ...others] = filesIn(caches);
    assert.equal(others, []);
    sizes.push(readFileSync(join(caches, 'tramp64', name)).length);
  }
  assert.equal(sizes, [...sizes].sort((a, b) => a - b));
  assert.ok(sizes.at(-1)! > sizes[0]!, sizes.join(' '));
});
programs('busybox by another applet each time, stopped on its way, and by another engine', async () => {
  const caches = freshCaches();
  for (const words of [['sort', '-n', 'numbers'], ['sha256sum', 'numbers'], ['awk', '{ s += $1 } END { print s, s / 7 }', 'numbers']]) {
    const stopped = await counted(caches, ['--max-instructions', '20000'], ['busybox', ...words]);
    assert.is(stopped.status, 124);
    for (const options of [['--engine', 'threaded'], ['--memory', '64M', '--seed', '7']]) await isSame(['busybox', ...words], { caches, options, times: 1, mayKeepNothing: true });
  }
  assert.is(filesIn(caches).length, 1);
});
programs.run();

const together = suite('real › kept code › several at once');
const AT_ONCE: readonly (readonly string[])[] = [['busybox', 'echo', 'one'], ['busybox', 'cat', 'words'], ['busybox', 'wc', 'words'], ['busybox', 'head', '-n', '2', 'numbers'], [STATIC, 'patch', '9'], [STATIC, 'jit', '1']];
together('with one folder, and files that are written meanwhile, each does what it does alone', async () => {
  const caches = freshCaches(), expected: Counted[] = [];
  for (const command of AT_ONCE) expected.push(await counted(caches, ['--code-cache', 'off'], command));
  for (let round = 1; round <= 2; round++) {
    const found = await Promise.all(AT_ONCE.map(command => counted(caches, [], command)));
    for (const [k, run] of found.entries()) {
      assert.equal(all(run), all(expected[k]!), `${AT_ONCE[k]!.join(' ')}, round ${round}`);
      assert.ok(round === 1 || !run.isShort || run.kept > 0);
    }
  }
  // A file by each program's name, and no draft.
  assert.is(filesIn(caches).filter(name => /^[0-9a-f]{16}$/.test(name)).length, 2);
  assert.is(filesIn(caches).length, 2);
});
together('and the same program several times, from nothing on', async () => {
  const caches = freshCaches(), command = AT_ONCE[0]!, [native, without, ...found] = await Promise.all([outcomeOf(command), counted(caches, ['--code-cache', 'off'], command), ...Array.from({ length: 4 }, () => counted(caches, [], command))]);
  assert.equal(results(without), results(native));
  for (const run of found) assert.equal(all(run), all(without));
  assert.ok((await counted(caches, [], command)).kept > 0);
});
together.after(() => { rmSync(folder, { recursive: true, force: true }); });
together.run();
