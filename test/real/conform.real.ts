/**
 * What the manual pages claim of system calls: conform/*.c, one claim a test, each natively and here in a fresh directory, with the same output.
 * `CLAIMS=pattern` runs some. Needs gcc.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
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

/** Claims that do not hold here yet, and why. What is listed and holds after all is a failure too: take it out. */
const NOT_YET: Readonly<Record<string, string>> = {
};

const COMPILE = ['-O1', '-w', '-fno-toplevel-reorder', '-fno-stack-protector'];
interface Linking { readonly name: string; readonly flags: readonly string[] }
const STATIC: Linking = { name: 'static', flags: ['-static'] };
const LINKINGS: readonly Linking[] = [STATIC];

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
  get path(): string { return join(folder, `${this.name}-${this.linking.name}`); }
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

function compile(program: Program, name: string, linking: Linking): void {
  const { status, stderr } = spawnSync('gcc', [...COMPILE, ...linking.flags, '-o', program.path, join(sources, `${name}.c`), '-pthread']);
  assert.is(status, 0, byteString(new Uint8Array(stderr)));
}
for (const name of readdirSync(sources).filter(file => file.endsWith('.c')).map(file => file.slice(0, -2))) {
  for (const linking of LINKINGS) {
    const claims = suite(`real › ${name}, ${linking.name}`), program = new Program(name, linking);
    if (program.claims.length > 0) claims.before(() => compile(program, name, linking));
    for (const claim of program.claims) {
      const words = claim.replaceAll('_', ' '), reason = NOT_YET[claim];
      claims(reason === undefined ? words : `${words} (not yet: ${reason})`, () => {
        const native = program.native(claim), answer = program.here(claim);
        assert.is(native?.end, null, 'it must work natively');
        if (reason === undefined) assert.equal(answer, native);
        else assert.not.equal(answer, native, 'it holds: take it out of the list');
      });
    }
    claims.run();
  }
}

const last = suite('real › conform');
last.after(() => rmSync(folder, { recursive: true, force: true }));
last.run();
