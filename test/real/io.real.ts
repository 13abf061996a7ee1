/** Pipes, locks, terminals, System V objects and memory: io/*.c print the same natively and here. Needs gcc. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGuest, runNative } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'tramp64-io-')), sources = fileURLToPath(new URL('io', import.meta.url));
const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

const same = suite('real › io');
for (const name of readdirSync(sources)) same(`${name} prints what it prints on the host`, () => {
  const program = join(folder, 'a'), { status, stderr } = spawnSync('gcc', ['-static', '-O1', '-w', '-o', program, join(sources, name), '-lrt', '-lutil']);
  if (status !== 0) throw new Error(text(stderr));
  const elf = readFileSync(program), native = runNative(elf), here = runGuest(elf);
  assert.fixture(text(here.stdout), text(native.stdout));
});
same.after(() => rmSync(folder, { recursive: true }));
same.run();
