/** A program in C with the marks of bench/tramp64.h: it runs natively as if there were none, and is measured here. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync, type SpawnResult } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resultsIn } from '../../src/bench/output/json.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..'), folder = mkdtempSync(join(tmpdir(), 'tramp64-marks-')), text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const SOURCE = `
#include "tramp64.h"
static volatile long sum;
int main(void) {
  tramp64_begin("adding");
  for (long n = 0; n < 1000; n++) sum += n;
  tramp64_end("adding", 1000);
  return sum != 499500;
}`;
const tramp64 = (...words: readonly string[]): SpawnResult => spawnSync(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(root, 'src/cli.ts'), ...words], { cwd: folder });

const marks = suite('bench program');
marks.before(() => {
  copyFileSync(join(root, 'bench/tramp64.h'), join(folder, 'tramp64.h'));
  writeFileSync(join(folder, 'mine.c'), SOURCE);
});
for (const [compiler, ...flags] of [['gcc', '-O2', '-Wall', '-Werror'], ['gcc', '-O0'], ['gcc', '-O2', '-static', '-std=c99'], ['gcc', '-O2', '-x', 'c++', '-nostdlib++']]) {
  marks(`${compiler ?? ''} ${flags.join(' ')}: the same natively, and a row here`, () => {
    const { status, stderr } = spawnSync(compiler ?? '', [...flags, '-o', 'mine', 'mine.c'], { cwd: folder });
    if (flags.includes('c++') && status !== 0) return; // There is no g++.
    assert.is(status, 0, text(stderr));
    assert.is(spawnSync(join(folder, 'mine'), []).status, 0);
    const measured = tramp64('bench', '--program', './mine', '--alone', '--json', '--repeat'), results = resultsIn(text(measured.stdout));
    if (typeof results === 'string') throw new Error(`${results}\n${text(measured.stderr)}`);
    assert.equal(results.rows.map(({ mechanism, outcome }) => [mechanism, outcome]), [['adding', 'works']]);
    const instructions = results.rows[0]?.invoke?.instructions ?? 0;
    assert.ok(instructions > 4 && instructions < 12, `${instructions}`);
  });
}
marks.after(() => { rmSync(folder, { recursive: true, force: true }); });
marks.run();
