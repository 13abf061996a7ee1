/**
 * `npm run build`: in dist/lib the modules and their types, for programs; and dist/cli.js with what it starts (bundle.ts).
 * The bytecode is that of functions which ran before it was saved: those that small programs need.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import { buildSync } from 'esbuild'; // tsx brings it along.
import { Bundle } from './bundle.ts';

const here = fileURLToPath(import.meta.url), root = resolve(dirname(here), '../..');
const WARM_UP = ['raw', 'heap', 'lines', 'print', 'start'].map(name => join(root, `test/fixtures/${name}.elf`));

function run(...words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root });
  if (status === 0) return;
  const [said, complained] = [stdout, stderr].map(bytes => new TextDecoder().decode(bytes));
  fs.writeSync(2, `build: node ${words.join(' ')}\n${said}${complained}`);
  process.exit(1);
}
function bundle(entry: string, outfile: string, banner: string, footer = ''): void {
  buildSync({
    absWorkingDir: root, entryPoints: [entry], outfile, banner: { js: banner }, footer: { js: footer },
    bundle: true, platform: 'node', format: 'cjs', target: 'node20', minifyWhitespace: true, minifySyntax: true, logLevel: 'warning',
  });
}
/** Runs small programs, in a process of its own: their output goes nowhere. */
async function warmUp(dist: string): Promise<void> {
  v8.setFlagsFromString('--no-flush-bytecode'); // Otherwise V8 forgets functions that have not run for a while.
  const bundle = new Bundle(dist), { start } = bundle.program(createRequire(here));
  for (const program of WARM_UP) {
    process.argv.splice(2, Infinity, 'run', '--', program);
    await start('');
  }
  v8.setFlagsFromString('--flush-bytecode'); // V8 refuses bytecode that was made under other flags.
  bundle.saveBytecode();
}
function build(dist: string): void {
  fs.rmSync(dist, { recursive: true, force: true });
  run('node_modules/typescript/bin/tsc', '-p', 'src', '--outDir', `${dist}/lib`);
  fs.writeFileSync(`${dist}/lib/package.json`, '{ "type": "module" }\n');
  fs.writeFileSync(`${dist}/package.json`, '{ "type": "commonjs" }\n'); // Node takes a fifth longer to start an ES module.
  bundle('src/cli/start.ts', `${dist}/tramp64.js`, '(function (require) { const module = { exports: {} };', 'return module.exports; })');
  bundle('src/host/launch.ts', `${dist}/cli.js`, '#!/usr/bin/env node');
  fs.chmodSync(`${dist}/cli.js`, 0o755);
  run('--import', 'tsx', here, 'warm-up', dist);
}

const [first, second] = process.argv.slice(2);
if (first === 'warm-up' && second !== undefined) await warmUp(second);
else build(first ?? join(root, 'dist'));
