/** The table of system calls as people read it: `tramp64 syscalls`, and the support table of src/syscalls/README.md (`UPDATE=1` rewrites it). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../src/cli/main.ts';
import { allCalls, callsAsMarkdown } from '../src/cli/syscalls.ts';
import { CliHost } from './support/cli-host.ts';

const README = join(dirname(fileURLToPath(import.meta.url)), '../src/syscalls/README.md');
const calls = suite('the calls there are');
calls('at least 250 of them, each once, each with a shape', () => {
  const rows = allCalls();
  assert.ok(rows.length >= 250, `${rows.length} calls`);
  assert.is(new Set(rows.map(({ number }) => number)).size, rows.length);
  assert.is(new Set(rows.map(({ name }) => name)).size, rows.length);
});
calls('the README shows them as they are', () => {
  const text = readFileSync(README, 'utf8'), wanted = text.replace(/<!-- calls -->\n[^]*<!-- end -->/, () => `<!-- calls -->\n${callsAsMarkdown()}<!-- end -->`);
  if (process.env['UPDATE'] === '1') writeFileSync(README, wanted);
  else assert.is(text, wanted, 'UPDATE=1 rewrites it');
});
calls('tramp64 syscalls prints a line for each', async () => {
  const host = new CliHost(['syscalls']);
  assert.is(await main(host), 0);
  const lines = host.output.split('\n');
  assert.is(lines.length, allCalls().length + 1);
  assert.match(lines[0], /^ {2}0 {2}read +fd /);
});
calls.run();
