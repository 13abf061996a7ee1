/** TRAMPFD_EMULATE against what GCC and libffi really write: a program with nested functions and closures, no page of which is executable but its text. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGuest } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'tramp64-emulate-')), source = join(dirname(fileURLToPath(import.meta.url)), 'emulate.c');
const EXPECTED = `nested ${(3 * 5 + 3) + (4 * 5 + 7)} ${20 * 21 / 2 + 1}\nsorted 9 7 5 0 -3, counted\n`;
/** Sums of closures: even ones add 15 and i to 10 i, odd ones 0.75 and i. */
const COUNT = 1000, EVEN = COUNT / 2 * (COUNT - 2) / 2 * 11 + COUNT / 2 * 15, ODD = COUNT / 2 * (COUNT / 2) * 11 + COUNT / 2 * 0.75;
const ALL = `${EXPECTED}libffi ${EVEN} ${ODD.toFixed(2)}\n`;

const emulate = suite('trampfd › what GCC and libffi write');
for (const options of [['-O0'], ['-O2'], ['-O2', '-fcf-protection=none'], ['-O2', '-fcf-protection=full'], ['-O2', '-mcmodel=large']]) {
  const program = join(folder, options.join(''));
  emulate(`gcc ${options.join(' ')}`, () => {
    const made = spawnSync('gcc', ['-static', '-w', ...options, '-Wl,-z,noexecstack', '-o', program, source, '-lffi'], {});
    assert.is(made.status, 0, String(made.stderr));
    const elf = new Uint8Array(readFileSync(program)), told = (args: readonly string[]) => {
      const { stdout, signal, stderr, machine } = runGuest(elf, { args });
      return { text: new TextDecoder().decode(stdout), signal, stderr, machine };
    };
    const both = told(['3']);
    assert.equal([both.text, both.signal], [ALL, null], both.stderr);
    assert.ok(both.machine.trampolines.invocations > COUNT);
    assert.equal([told(['2']).text, told(['2']).signal, told(['1']).text, told([]).signal], [EXPECTED, 11, '', 11]);
  });
}
emulate.after(() => { rmSync(folder, { recursive: true }); });
emulate.run();
