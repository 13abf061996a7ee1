/** Sockets, epoll, eventfd, poll and select against the host's kernel: net.c prints what every call answers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGuest, runNative } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'tramp64-net-'));
const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
function compile(name: string): Uint8Array {
  const path = join(folder, name), source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const { status, stderr } = spawnSync('gcc', ['-static', '-O1', '-w', '-o', path, source, '-lpthread']);
  if (status !== 0) throw new Error(text(stderr));
  return readFileSync(path);
}

const sockets = suite('real › sockets');
sockets('every call on sockets and epoll answers as on the host', () => {
  const elf = compile('net'), native = runNative(elf), here = runGuest(elf);
  assert.fixture(text(here.stdout), text(native.stdout));
  assert.is(here.status, native.status);
});
const many = { elf: null as Uint8Array | null };
for (const section of ['transfers', 'server', 'waits', 'timers', 'processes', 'paths']) sockets(`${section}: threads and processes see what they see on the host`, () => {
  const elf = many.elf ??= compile('net-many'), native = runNative(elf, [section]), here = runGuest(elf, { args: [section] });
  assert.fixture(text(here.stdout), text(native.stdout));
  assert.is(here.status, native.status);
});
sockets.after(() => rmSync(folder, { recursive: true, force: true }));
sockets.run();
