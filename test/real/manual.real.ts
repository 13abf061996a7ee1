/** The manual page as groff reads it, and completions as bash, zsh and fish take them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands.ts';
import { completion, manualPage, SHELLS } from '../../src/cli/manual.ts';

const folder = mkdtempSync(join(tmpdir(), 'tramp64-manual-')), text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes), script = (shell: string): string => join(folder, `tramp64.${shell}`);
const said = (command: string, ...words: readonly string[]): readonly string[] => {
  const { stdout, stderr } = spawnSync(command, words, { cwd: folder });
  assert.is(text(stderr), '');
  return text(stdout).split('\n').filter(line => line !== '');
};
const manual = suite('manual');
manual.before(() => { for (const shell of SHELLS) writeFileSync(script(shell), completion(shell, COMMANDS)); });
manual('groff has nothing to say against the page', () => {
  writeFileSync(join(folder, 'tramp64.1'), manualPage(COMMANDS, '1.2.3'));
  assert.equal(said('groff', '-man', '-ww', '-z', 'tramp64.1'), []);
});
const bash = (...words: readonly string[]): readonly string[] =>
  said('bash', '-c', `source ${script('bash')}; COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _tramp64; printf '%s\\n' "\${COMPREPLY[@]}"`);
manual('bash: commands, options, values, suites', () => {
  assert.equal(bash('tramp64', 'c'), ['compare', 'completion']);
  assert.equal(bash('tramp64', 'bench', '--js'), ['--json']);
  assert.equal(bash('tramp64', 'run', '--engine', 'thr'), ['threaded']);
  assert.equal(bash('tramp64', 'bench', 'pol'), ['policies']);
  assert.equal(bash('tramp64', 'completion', 'z'), ['zsh']);
});
const fish = (line: string): readonly string[] => said('fish', '--no-config', '-c', `source ${script('fish')}; complete -C '${line}'`).map(found => found.split('\t')[0] ?? '');
manual('fish: commands, options, values, suites', () => {
  assert.equal(fish('tramp64 c'), ['compare', 'completion']);
  assert.equal(fish('tramp64 bench --js'), ['--json']);
  assert.equal(fish('tramp64 run --engine thr'), ['threaded']);
  assert.ok(fish('tramp64 bench pol').includes('policies'));
});
manual('zsh reads its script', () => { assert.equal(said('zsh', '-n', script('zsh')), []); });
manual.after(() => { rmSync(folder, { recursive: true, force: true }); });
manual.run();
