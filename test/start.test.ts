/** dist/cli.js as it is installed: scripts and their bytecode, which may be missing, damaged or another V8's. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemble } from '../src/decoder/assemble.ts';
import { writeElf } from '../src/loader/write-elf.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-start-')), dist = join(folder, 'dist'), bytecode = join(dist, 'tramp64.bytecode');
const RAW = join(root, 'test/fixtures/raw.elf'), TEXT = 0x400000, LOOPS = join(root, 'test/fixtures/loops.elf'), HEAP = join(root, 'test/fixtures/heap.elf'), PRINT = join(root, 'test/fixtures/print.elf');

/** Where this suite's runs keep code. */
const caches = join(folder, 'caches'), kept = join(caches, 'tramp64');

interface Outcome { readonly status: number | null; readonly stdout: string; readonly stderr: string }
function nodeWith(XDG_CACHE_HOME: string, ...args: readonly string[]): Outcome { return nodeIn({ XDG_CACHE_HOME }, ...args); }
function nodeIn(variables: Readonly<Record<string, string>>, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...variables } });
  return { status, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
const node = (...args: readonly string[]): Outcome => nodeWith(caches, ...args);
const tramp64 = (...args: readonly string[]): Outcome => node(join(dist, 'cli.js'), ...args);
const build = (step: string): void => assert.is(node('--import', 'tsx', 'src/host/build.ts', step, dist).status, 0);

const start = suite('start › with and without bytecode');
let expected: Outcome = { status: null, stdout: '', stderr: '' };
start.before(() => {
  mkdirSync(dist);
  writeFileSync(join(folder, 'package.json'), readFileSync(join(root, 'package.json')));
  build('script');
  expected = tramp64('run', RAW);
});
start('without bytecode a program runs as ever', () => {
  assert.not.ok(existsSync(bytecode));
  assert.equal({ ...expected, stdout: '' }, { status: 42, stdout: '', stderr: '' });
  assert.match(expected.stdout, /^uname 0$/m);
});
start('with it, the same comes out', () => {
  build('bytecode');
  assert.equal(tramp64('run', RAW), expected);
  assert.equal(tramp64('run', './nothere'), { status: 127, stdout: '', stderr: 'tramp64: ./nothere: no such program\n' });
  assert.equal(tramp64('run', '--policy', 'deny-all', RAW), expected);
  assert.match(tramp64('disasm', RAW).stdout, /\tsyscall\n/);
});
/** A file of a program that does this and exits. */
function programOf(name: string, source: string): string {
  const program = join(folder, `${name}.elf`), { bytes } = assemble(`${source}\nxor edi, edi\nmov eax, 60\nsyscall`, { origin: TEXT });
  writeFileSync(program, writeElf({ text: { at: TEXT, bytes }, entry: TEXT }));
  chmodSync(program, 0o755);
  return program;
}
/** Says which scripts are loaded, and whether V8 refused their bytecode. */
const told = join(folder, 'told.cjs');
const scriptsOf = (...args: readonly string[]): string => node('-r', told, join(dist, 'cli.js'), 'run', ...args).stderr;
start('V8 takes the bytecode of every script, whatever flags the program sets meanwhile', () => {
  writeFileSync(told, `const vm = require('vm'), { Script } = vm;
    vm.Script = class extends Script { constructor(text, options) { super(text, options); console.error(require('path').basename(options.filename) + ' ' + this.cachedDataRejected); } };`);
  assert.is(scriptsOf(LOOPS), 'tramp64.js false\ndecode.js false\ntranslate.js false\nrows.js false\ncompile.js false\ninstructions.js false\n');
  assert.is(scriptsOf('--engine', 'interpret', '--timing', 'none', HEAP), 'tramp64.js false\ndecode.js false\ntranslate.js false\nrows.js false\n');
});
start('and whatever it has set for the interpreter alone', () => {
  const program = programOf('floats', 'mov ecx, 200000\nagain: dec ecx\njnz again\naddsd xmm0, xmm0');
  assert.match(scriptsOf('--engine', 'interpret', program), /^(\w+\.js false\n)*instructions\.js false\n$/);
});
start('a program of integers loads nothing of floats and ciphers, CRC32 among them', () => {
  const program = programOf('integers', 'crc32 eax, edi\npext eax, eax, eax');
  assert.not.match(scriptsOf('--timing', 'none', program), /instructions/);
});
start('--version is the package\'s', () => {
  assert.match(tramp64('--version').stdout, /^tramp64 \d+\.\d+\.\d+\n$/);
});
start('and with an end missing, another V8\'s, or what was never bytecode', () => {
  const good = readFileSync(bytecode), others = good.slice();
  others[4]! ^= 0xff; // V8's version.
  for (const bytes of [good.slice(0, good.length >> 1), others, new Uint8Array(0), new TextEncoder().encode('not bytecode')]) {
    writeFileSync(bytecode, bytes);
    assert.equal(tramp64('run', RAW), expected);
  }
});
/** How many blocks a run begins with; and that it does what it always does. */
function keptBy(folderOfCaches: string, ...options: readonly string[]): number {
  const outcome = (...more: readonly string[]): Outcome => nodeWith(folderOfCaches, join(dist, 'cli.js'), 'run', '--stats', ...options, ...more, PRINT), [without, found] = [outcome('--code-cache', 'off'), outcome()] as const;
  const counted = ({ stderr }: Outcome): readonly string[] => stderr.split('\n').filter(row => /^ *(instructions|cycles|issue|dependencies|branches|branch misses|system calls|page faults|faults) {2,}/.test(row));
  assert.equal({ ...found, stderr: counted(found) }, { ...without, stderr: counted(without) });
  assert.ok(counted(found).length > 7);
  return Number(/^blocks kept before +([\d,]+)/m.exec(found.stderr)?.[1]?.replaceAll(',', ''));
}
start('translated code is kept in the user\'s caches: for the next run, of the same kind', () => {
  build('prebuilt');
  rmSync(caches, { recursive: true, force: true });
  assert.is(keptBy(caches), 0);
  const [name = '', ...others] = readdirSync(kept), file = join(kept, name), bytes = readFileSync(file);
  assert.equal(others, []);
  assert.is(Number(statSync(file, { bigint: true }).mode) & 0o777, 0o600);
  assert.ok(keptBy(caches) > 100);
  assert.is(keptBy(caches, '--timing', 'none'), 0);
  assert.ok(keptBy(caches, '--timing', 'none') > 100);
  assert.is(readdirSync(kept).length, 2);
  for (const damaged of [bytes.slice(0, -16), bytes.map((byte, at) => at === 1000 ? byte ^ 1 : byte), new TextEncoder().encode('no code')]) {
    writeFileSync(file, damaged);
    assert.is(keptBy(caches), 0);
    assert.ok(keptBy(caches) > 100, 'it was written again');
  }
});
start('V8 takes the machine code of prebuilt modules, whatever flags the program sets meanwhile; without it they are compiled', () => {
  const count = join(folder, 'count.cjs'), codes = readdirSync(dist).filter(name => name.endsWith('.code'));
  // Only what is prebuilt is so large.
  writeFileSync(count, `const { Module } = WebAssembly;
    WebAssembly.Module = new Proxy(Module, { construct(of, [bytes]) { if (bytes.length > 10000) console.error('compiled'); return new of(bytes); } });`);
  const compiled = (...options: readonly string[]): string => node('-r', count, join(dist, 'cli.js'), 'run', ...options, PRINT).stderr;
  assert.is(codes.length, 5); // What generated code stands on, and all handlers and few of them, with cycles counted or not.
  // At the first execution, and after the program has set flags.
  for (const options of [[], ['--timing', 'none'], ['--code-cache', 'off']]) assert.is(compiled(...options), '');
  const bytes = codes.map(name => readFileSync(join(dist, name)));
  for (const [k, name] of codes.entries()) {
    const others = bytes[k]!.slice();
    others[4]! ^= 0xff; // V8's version.
    writeFileSync(join(dist, name), others);
  }
  assert.is(compiled(), 'compiled\ncompiled\n');
  for (const name of codes) rmSync(join(dist, name), {});
  assert.is(compiled(), 'compiled\ncompiled\n');
  for (const [k, name] of codes.entries()) writeFileSync(join(dist, name), bytes[k]!);
});
start('what an earlier run left is executed without what decodes and translates', () => {
  const steps = Array.from({ length: 40 }, (_, k) => `cmp eax, ${k}\nje p${k}\nadd ebx, 1\np${k}: add eax, 3`).join('\n'), program = programOf('steps', `xor eax, eax\ncpuid\n${steps}`), fresh = join(folder, 'fresh');
  const scripts = (): string => nodeWith(fresh, '-r', told, join(dist, 'cli.js'), 'run', program).stderr;
  assert.match(scripts(), /^tramp64[^]*decode[^]*translate/);
  assert.match(scripts(), /^tramp64.js \w+\n$/);
});
start('and nowhere where that is not wanted, or cannot be', () => {
  const elsewhere = join(folder, 'elsewhere');
  assert.is(keptBy(elsewhere, '--code-cache', 'off'), 0);
  assert.not.ok(existsSync(elsewhere));
  for (const impossible of ['/dev/null', '/proc/nothere']) for (let time = 0; time < 2; time++) assert.is(keptBy(impossible), 0);
  assert.is(nodeIn({ XDG_CACHE_HOME: '', HOME: '' }, join(dist, 'cli.js'), 'run', PRINT).status, 0);
  assert.not.ok(existsSync('/.cache/tramp64'), 'who has no home has no caches');
});
start('256 files are kept, the latest ones', () => {
  for (let k = 0; k < 300; k++) {
    writeFileSync(join(kept, `old-${k}`), '');
    utimesSync(join(kept, `old-${k}`), k + 1, k + 1);
  }
  keptBy(caches, '--cpu', 'v2');
  const names = readdirSync(kept);
  assert.is(names.length, 256);
  assert.not.ok(names.includes('old-46'));
  assert.ok(names.includes('old-47'));
});
start.after(() => rmSync(folder, { recursive: true, force: true }));
start.run();
