/** Security policies against a kernel that has one (PR_SET_MDWE, Linux 6.3), and the real libffi, in Python's ctypes, under all of them. Needs gcc and python3. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, '../..'), folder = mkdtempSync(join(tmpdir(), 'tramp64-policy-'));
const built = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'src/host/build.ts'), 'script', folder], { cwd: root });
if (built.status !== 0) throw new Error(byteString(new Uint8Array(built.stderr)));
interface Outcome { readonly status: number | null; readonly stdout: string; readonly stderr: string }
function outcome(program: string, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(program, args, { timeout: 120_000 });
  return { status, stdout: byteString(new Uint8Array(stdout)), stderr: byteString(new Uint8Array(stderr)) };
}
const under = (policy: string, ...args: readonly string[]): Outcome => outcome(process.execPath, join(folder, 'cli.js'), 'run', '--policy', policy, '--', ...args);

const policy = suite('policy › real');
policy('wx refuses what PR_SET_MDWE does', () => {
  const program = join(folder, 'mdwe');
  assert.is(outcome('gcc', '-O1', '-static', '-o', program, join(here, 'mdwe.c')).status, 0);
  const native = outcome(program);
  assert.match(native.stdout, /^memory, writable and executable: EACCES$/m, 'this kernel has it');
  assert.equal(under('wx', program).stdout, native.stdout);
});
/** libffi 3.4 of Debian asks for memory that is writable and executable, then for a memfd, then for files in /tmp and elsewhere. */
for (const [name, said] of [['permissive', '42'], ['execstack', '42'], ['wx', '42'], ['ipe', ''], ['exectramp-only', ''], ['deny-all', '']] as const) {
  policy(`libffi's closures under ${name}: ${said === '' ? 'none of its ways is left' : 'one of its ways works'}`, () => {
    const script = join(folder, 'closure.py');
    writeFileSync(script, 'import ctypes\nf = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)\nprint(f(41))\n');
    const { stdout, stderr } = under(name, '/usr/bin/python3', script);
    assert.is(stdout.trim(), said);
    if (said === '') assert.match(stderr, /audit: denied \{ exec[^]*MemoryError/);
  });
}
policy.after(() => rmSync(folder, { recursive: true, force: true }));
policy.run();
