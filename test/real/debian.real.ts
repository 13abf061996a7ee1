/** Debian's own programs, unmodified and dynamic: natively and here the same output, errors, status, and the same files left behind. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';
import { BASH, COREUTILS, LANGUAGES, TEXT, TOOLS, type Script } from './debian-scripts.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-debian-'));
const TRAMP64 = [process.execPath, '--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(root, 'src/cli.ts'), 'run', '--'];
/** Nothing of the machine's owner, and every date, seed and name fixed. */
const ENVIRONMENT = {
  PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', TERM: 'dumb', PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0', PERL_HASH_SEED: '0',
  GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'C', GIT_COMMITTER_EMAIL: 'c@example.org',
  GIT_AUTHOR_DATE: '2020-01-01T00:00:00Z', GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z', SOURCE_DATE_EPOCH: '0',
};
/** What every script finds in its directory. */
const FILES: Readonly<Record<string, string>> = {
  'words': 'delta\nalpha\ncharlie\nbravo\nalpha\necho\n', 'numbers': Array.from({ length: 500 }, (_, i) => `${(i * 7919) % 1009}\tline ${i}\n`).join(''),
  'table.csv': 'name,age,city\nann,31,Oslo\nbob,27,Rome\ncid,45,Oslo\ndot,27,Bern\n', 'text': 'The quick brown fox\njumps over the lazy dog.\n\nTwo  spaces,\ttabs; and "quotes".\n',
  'hello.c': '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { printf("hello %d %.6f\\n", n, sqrt(n)); return n; }\n', 'tree/a/one': '1\n', 'tree/a/two': '2\n', 'tree/b/three': '3\n',
};
const template = join(folder, 'template');
for (const [name, text] of Object.entries(FILES)) {
  spawnSync('mkdir', ['-p', dirname(join(template, name))]);
  writeFileSync(join(template, name), text);
}

interface Outcome { readonly status: number | null; readonly stdout: readonly string[]; readonly stderr: readonly string[]; readonly left: readonly string[] }
/** Both run in a directory of the same name, one after the other: paths are part of what programs say. */
function outcomeOf(command: readonly string[], input: string): Outcome {
  const cwd = join(folder, 'work'), [head = '', ...rest] = command;
  rmSync(cwd, { recursive: true, force: true });
  spawnSync('cp', ['-a', template, cwd]);
  const { status, stdout, stderr } = spawnSync(head, rest, { cwd, env: { ...ENVIRONMENT, HOME: cwd }, input, maxBuffer: 1 << 28, timeout: 300_000 });
  const lines = (bytes: Uint8Array): string[] => byteString(new Uint8Array(bytes)).split('\n');
  return { status, stdout: lines(stdout), stderr: lines(stderr), left: lines(spawnSync('sh', ['-c', LISTING], { cwd }).stdout) };
}
/** Modes, names, links, contents. Git's index holds times, and databases may. */
const LISTING = String.raw`find . -mindepth 1 -printf '%M %P %l\n' | sort; find . -type f ! -name index ! -name '*.db' -print0 | sort -z | xargs -0 -r sha1sum`;
const all: Readonly<Record<string, readonly Script[]>> = { bash: BASH, coreutils: COREUTILS, text: TEXT, languages: LANGUAGES, tools: TOOLS };
for (const [title, scripts] of Object.entries(all)) {
  const debian = suite(`real › Debian › ${title}`);
  for (const { name, run, input = '' } of scripts) {
    debian(name, () => {
      const command = typeof run === 'string' ? ['bash', '-c', run] : run, native = outcomeOf(command, input);
      assert.ok(native.status !== null && native.status !== 127, `must work natively: ${native.stderr.join('\n')}`);
      assert.equal(outcomeOf([...TRAMP64, ...command], input), native);
    });
  }
  debian.run();
}
const end = suite('real › Debian › end');
end('nothing is left behind', () => rmSync(folder, { recursive: true, force: true }));
end.run();
