/** The house rules that a program can check: layers point one way, node: stays in host, every suite runs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const isDirectory = (path: string): boolean => { try { readdirSync(path); return true; } catch { return false; } };
const filesBelow = (path: string): string[] => readdirSync(path).flatMap(name => {
  const full = join(path, name);
  return isDirectory(full) ? filesBelow(full) : [full];
});
const sources = (folder: string): { path: string; text: string }[] => filesBelow(join(root, folder))
  .filter(path => path.endsWith('.ts')).map(path => ({ path: path.slice(root.length + 1), text: readFileSync(path, 'utf8') }));
const importsOf = (text: string): string[] => [...text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/gm)].map(m => (m[1] ?? m[2])!);

/** Which folder may import which; everything may import base. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [], decoder: [], host: [], wasm: [], loader: ['mmu', 'host'], mmu: [], timing: ['decoder', 'wasm'],
  exec: ['decoder', 'mmu', 'timing', 'wasm'],
  syscalls: ['mmu', 'loader', 'host'],
  trampfd: ['syscalls', 'mmu'],
  debug: ['machine.ts', 'exec', 'syscalls', 'trampfd', 'mmu', 'decoder', 'loader', 'timing', 'host'],
  bench: ['machine.ts', 'trampfd', 'syscalls', 'loader', 'mmu', 'host', 'decoder', 'timing'],
};
const layers = suite('tidy › layers');
layers('imports in src point one way', () => {
  const wrong: string[] = [];
  for (const { path, text } of sources('src')) {
    const folder = path.split('/')[1];
    const allowed = ARROWS[folder];
    if (allowed === undefined || path.endsWith('.d.ts')) continue; // machine.ts, cli.ts and cli/ may see everything.
    for (const target of importsOf(text)) {
      if (!target.startsWith('.')) continue;
      const [, into] = resolve(dirname(join(root, path)), target).slice(root.length + 1).split('/');
      if (into !== folder && into !== 'base' && !allowed.includes(into!)) wrong.push(`${path} imports ${target}`);
    }
  }
  assert.equal(wrong, []);
});
layers('only the command line and the library\'s entry know the debugger', () => {
  const wrong = sources('src').filter(({ path, text }) => !/^src\/(cli|debug|index)\b/.test(path) && importsOf(text).some(target => target.includes('/debug/')));
  assert.equal(wrong.map(({ path }) => path), []);
});
layers('only host imports node:', () => {
  const wrong = sources('src').filter(({ path, text }) => !path.startsWith('src/host/') && importsOf(text).some(target => target.startsWith('node:')));
  assert.equal(wrong.map(({ path }) => path), []);
});
layers('every file begins by saying what it is', () => {
  const silent = [...sources('src'), ...sources('bench'), ...sources('test')].filter(({ path, text }) => !/^(#!.*\n)?\/\*\*/.test(text) && !path.endsWith('.d.ts'));
  assert.equal(silent.map(({ path }) => path), []);
});
layers('no file exceeds a sitting: 700 lines, tables aside', () => {
  const long = sources('src').filter(({ path, text }) => !path.includes('/table/') && text.split('\n').length > 700);
  assert.equal(long.map(({ path }) => path), []);
});
layers.run();

const suites = suite('tidy › suites');
suites('every suite that is made is run: uvu passes a forgotten one silently', () => {
  const forgotten = sources('test').flatMap(({ path, text }) => [...text.matchAll(/^const (\w+) = suite\(/gm)]
    .filter(m => !new RegExp(`^${m[1]}\\.run\\(\\)`, 'm').test(text)).map(m => `${path}: ${m[1]}`));
  assert.equal(forgotten, []);
});
suites('no test is left with .only or .skip', () => {
  const left = sources('test').filter(({ path, text }) => path !== 'test/tidy.test.ts' && /^\s*\w+\.(only|skip)\(/m.test(text));
  assert.equal(left.map(({ path }) => path), []);
});
suites.run();

const project = suite('tidy › project');
project('depends on nothing at run time, and on typescript, tsx and uvu to build and test', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies?: object; devDependencies: object };
  assert.is(manifest.dependencies, undefined);
  assert.equal(Object.keys(manifest.devDependencies).sort(), ['tsx', 'typescript', 'uvu']);
});
project('the lock file holds no registry address', () => {
  assert.not.ok(existsSync(join(root, 'package-lock.json')) && /"resolved"|https?:\/\/[^"]*\.tgz/.test(readFileSync(join(root, 'package-lock.json'), 'utf8')));
});
project.run();
