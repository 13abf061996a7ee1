/**
 * What the manual pages claim of system calls (conform/*.c, a test a claim): natively and here, in fresh directories, they print the same.
 * `CLAIMS=pattern` runs some. And eight threads that contend are the same in every run. Needs gcc.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync, type SpawnResult } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, '../..'), sources = join(here, 'conform');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-conform-'));
const TIMEOUT_MS = 60_000;
/** The program as it is installed, for that starts faster. */
const built = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'src/host/build.ts'), 'script', folder], { cwd: root });
if (built.status !== 0) throw new Error(byteString(new Uint8Array(built.stderr)));
const TRAMP64 = [process.execPath, join(folder, 'cli.js'), 'run', '--'];

/** How programs are linked; those in which much is the library's are run both ways. */
type Linking = 'static' | 'dynamic';
const COMPILE = ['-O1', '-w', '-pthread', '-fno-toplevel-reorder', '-fno-stack-protector'];
const LINK: Readonly<Record<Linking, readonly string[]>> = { static: ['-static'], dynamic: [] };
const DYNAMIC_TOO = ['exec', 'fork', 'pthread'];
const linkingsOf = (name: string): readonly Linking[] => DYNAMIC_TOO.includes(name) ? ['static', 'dynamic'] : ['static'];
function compile(path: string, source: string, linking: Linking): void {
  const { status, stderr } = spawnSync('gcc', [...COMPILE, ...LINK[linking], '-o', path, source]);
  assert.is(status, 0, byteString(new Uint8Array(stderr)));
}

/** What a claim printed, in lines; `end`: why it did not come to its own end. */
interface Answer { readonly lines: readonly string[]; readonly end: string | null }
class Program {
  readonly claims: readonly string[];
  private readonly name: string;
  private readonly linking: Linking;
  private readonly answers = new Map<string, Map<string, Answer>>();
  constructor(name: string, linking: Linking) {
    this.name = name; this.linking = linking;
    const wanted = new RegExp(process.env['CLAIMS'] ?? '');
    this.claims = [...readFileSync(join(sources, `${name}.c`), 'latin1').matchAll(/^TEST\((\w+)\)/gm)].map(match => match[1]!)
      .filter(claim => wanted.test(claim) || wanted.test(name));
  }
  get path(): string { return join(folder, `${this.name}-${this.linking}`); }
  native(claim: string): Answer | undefined { return this.ask('native', [this.path], claim); }
  here(claim: string): Answer | undefined { return this.ask('here', [...TRAMP64, this.path], claim); }

  private ask(who: string, command: readonly string[], claim: string): Answer | undefined {
    let answers = this.answers.get(who);
    if (answers === undefined) this.answers.set(who, answers = this.run(command));
    return answers.get(claim);
  }
  /** All claims in one run; where one ends the program, the next run goes on after it. */
  private run(command: readonly string[]): Map<string, Answer> {
    const answers = new Map<string, Answer>(), cwd = mkdtempSync(join(folder, 'run-')), [head = '', ...rest] = command;
    for (let left = [...this.claims]; left.length > 0;) {
      const ran = spawnSync(head, [...rest, ...left], { cwd, env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' }, input: '', maxBuffer: 1 << 26, timeout: TIMEOUT_MS });
      const said = byteString(new Uint8Array(ran.stderr)).trim(), end = `status ${ran.status ?? ran.signal}${said === '' ? '' : `: ${said}`}`;
      for (const part of byteString(new Uint8Array(ran.stdout)).split(/^# /m).slice(1)) {
        const [claim = '', ...lines] = part.trimEnd().split('\n'), isWhole = lines.at(-1) === '.';
        answers.set(claim, isWhole ? { lines: lines.slice(0, -1), end: null } : { lines, end });
      }
      const after = left.filter(claim => !answers.has(claim));
      if (after.length === left.length) answers.set(after.shift()!, { lines: [], end });
      left = after;
    }
    return answers;
  }
}

for (const name of readdirSync(sources).filter(file => file.endsWith('.c')).map(file => file.slice(0, -2))) {
  for (const linking of linkingsOf(name)) {
    const claims = suite(`real › ${name}, ${linking}`), program = new Program(name, linking);
    if (program.claims.length > 0) claims.before(() => compile(program.path, join(sources, `${name}.c`), linking));
    for (const claim of program.claims) {
      claims(claim.replaceAll('_', ' '), () => {
        const native = program.native(claim);
        assert.is(native?.end, null, 'it must work natively');
        assert.equal(program.here(claim), native);
      });
    }
    claims.run();
  }
}

const determinism = suite('real › determinism');
/** They interpret thirty million instructions: a machine that is busy is no failure. @param flags of V8's */
const contend = (path: string, options: readonly string[], ...flags: readonly string[]): SpawnResult =>
  spawnSync(TRAMP64[0]!, [...flags, ...TRAMP64.slice(1, -1), '--stats', ...options, '--', path, 'in detail'], { input: '', timeout: 5 * TIMEOUT_MS });
/** All but what the engines took of the host's time. */
const contention = (path: string, ...options: readonly string[]): string[] => {
  const ran = contend(path, options);
  assert.equal({ options, status: ran.status, signal: ran.signal, why: ran.error?.message }, { options, status: 0, signal: null, why: undefined }, byteString(new Uint8Array(ran.stderr)).slice(0, 2000));
  return [ran.stdout, ran.stderr].flatMap(bytes => byteString(new Uint8Array(bytes)).split('\n')).filter(line => !line.includes('milliseconds'));
};
determinism('eight threads that contend get the same turns, instructions and cycles in every run, whoever performs', () => {
  const path = join(folder, 'contend');
  compile(path, join(here, 'contend.c'), 'static');
  const first = contention(path), isCounted = (line: string): boolean => /^(counter|history|thread|instructions {2}|cycles|page faults|system calls)/.test(line);
  assert.ok(first.some(line => /^thread \d waited [1-9]/.test(line)), 'they contend');
  assert.equal(contention(path), first);
  for (const engine of ['interpret', 'threaded', 'compile']) {
    assert.equal(contention(path, '--engine', engine).filter(isCounted), first.filter(isCounted));
  }
});
/** V8 compiles beside the program, which loads scripts the while: it once ended two processes of five that it began to optimise so early. */
determinism('scripts that are loaded while V8 optimises do not end the process', () => {
  const path = join(folder, 'contend');
  for (let n = 0; n < 6; n++) {
    const ran = contend(path, ['--engine', 'interpret'], '--interrupt-budget=11660');
    assert.is(ran.status, 0, byteString(new Uint8Array(ran.stderr)).slice(0, 2000));
  }
});
determinism.after(() => rmSync(folder, { recursive: true, force: true }));
determinism.run();
