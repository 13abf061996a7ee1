/** The command line as a user meets it: help, mistakes, and programs that cannot run. One sentence on stderr, a status, never a stack trace. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../src/cli/main.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { fishName, manualPage } from '../src/cli/manual.ts';
import { flag, option, readCommandLine } from '../src/cli/options.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { CliHost } from './support/cli-host.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
interface Outcome { readonly status: number | null; readonly stdout: string; readonly stderr: string }

// write(1, "hi\n", 3); exit_group(7)
const HELLO = new Uint8Array([
  0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x48, 0x8d, 0x35, 0x16, 0, 0, 0, 0xba, 3, 0, 0, 0, 0x0f, 0x05,
  0xb8, 231, 0, 0, 0, 0xbf, 7, 0, 0, 0, 0x0f, 0x05, 0x90, 0x90, 0x90, 0x68, 0x69, 0x0a,
]);
const elf = writeElf({ text: { at: 0x400000, bytes: HELLO }, entry: 0x400000 });
/** xor ecx, ecx; xgetbv; mov edi, eax; mov eax, 231; syscall */
const XCR0 = writeElf({ text: { at: 0x400000, bytes: Uint8Array.of(0x31, 0xc9, 0x0f, 0x01, 0xd0, 0x89, 0xc7, 0xb8, 231, 0, 0, 0, 0x0f, 0x05) }, entry: 0x400000 });
const patched = (at: number, ...bytes: readonly number[]): Uint8Array => { const copy = elf.slice(); copy.set(bytes, at); return copy; };
/** The working directory of every test. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  hello: elf, xcr0: XCR0, text: 'just text\n', empty: '', cut: elf.slice(0, 70), arm: patched(18, 183), wide: patched(4, 1), interp: patched(64 + 56, 3, 0, 0, 0),
};
const hostOf = (args: readonly string[]): CliHost => {
  const host = new CliHost(args, {
    ...Object.fromEntries(Object.entries(FILES).map(([name, contents]) => [`/home/${name}`, [contents] as const])),
    '/home/plain': [elf, 0o644], '/bin/hello': [elf], '/bin/forbidden': [elf, 0o644],
  });
  host.environment = ['PATH=/nowhere:/bin', 'HOME=/home'];
  return host;
};

async function tramp64(...args: readonly string[]): Promise<Outcome> {
  const host = hostOf(args), status = await main(host);
  return { status, stdout: host.output, stderr: host.errors };
}

/** Arguments, status, and what stderr says. */
const MISTAKES: readonly (readonly [readonly string[], number, RegExp])[] = [
  [[], 2, /^usage: tramp64 COMMAND/],
  [['frobnicate'], 2, /^tramp64: unknown command 'frobnicate'; see tramp64 --help\n$/],
  [['--frobnicate'], 2, /^tramp64: unknown option --frobnicate/],
  [['help', 'frobnicate'], 2, /^tramp64: unknown command/],
  [['run'], 2, /^tramp64: run: which program\?/],
  [['run', '--nope', './hello'], 2, /^tramp64: run: unknown option --nope; see tramp64 run --help\n$/],
  [['run', '--strace=yes', './hello'], 2, /^tramp64: run: option --strace takes no value/],
  [['run', '--env'], 2, /^tramp64: run: option --env needs a value: --env NAME=VALUE/],
  [['run', '--env', 'NOEQUALS', './hello'], 2, /^tramp64: option --env takes NAME=VALUE, not 'NOEQUALS'\n$/],
  [['run', './nothere'], 127, /^tramp64: \.\/nothere: no such program\n$/],
  [['run', 'nothere'], 127, /^tramp64: nothere: no such program\n$/],
  [['run', './hello/x'], 127, /^tramp64: \.\/hello\/x: no such program\n$/],
  [['run', './text'], 2, /^tramp64: \.\/text: not an ELF file\n$/],
  [['run', './empty'], 2, /^tramp64: \.\/empty: not an ELF file\n$/],
  [['run', './cut'], 2, /^tramp64: \.\/cut: truncated ELF file: [^\n]+\n$/],
  [['run', './arm'], 2, /^tramp64: \.\/arm: an ELF file for another architecture \(machine 183\)/],
  [['run', './wide'], 2, /32-bit/],
  [['run', './'], 126, /^tramp64: \.\/: not a regular file\n$/],
  [['run', '.'], 127, /^tramp64: \.: no such program\n$/],
  [['run', 'forbidden'], 126, /^tramp64: forbidden: permission denied\n$/],
  [['run', ''], 2, /^tramp64: run: which program/],
  [['run', './plain'], 126, /^tramp64: \.\/plain: permission denied\n$/],
  [['run', './interp'], 2, /dynamic loader cannot be read/],
  [['disasm'], 2, /^tramp64: disasm: one file, please/],
  [['disasm', 'a', 'b'], 2, /^tramp64: disasm: one file, please/],
  [['disasm', 'nothere'], 2, /^tramp64: nothere: no such file\n$/],
  [['disasm', '.'], 2, /^tramp64: \.: not a regular file\n$/],
  [['disasm', 'text'], 2, /^tramp64: text: not an ELF file\n$/],
  [['run', '--cpu', 'v4', 'hello'], 2, /^tramp64: run: option --cpu is one of v1, v2, v3, zen3, not 'v4'/],
  [['completion', 'csh'], 2, /^tramp64: completion: for which shell\? bash, zsh, fish\n$/],
  [['completion'], 2, /^tramp64: completion: for which shell\?/],
  [['disasm', 'hello', '--syntax', 'masm'], 2, /^tramp64: disasm: option --syntax is one of intel, att, not 'masm'/],
];
const mistakes = suite('cli › mistakes');
for (const [args, status, said] of MISTAKES) {
  mistakes(`tramp64 ${args.join(' ')}: one sentence, status ${status}`, async () => {
    const outcome = await tramp64(...args);
    assert.match(outcome.stderr, said);
    assert.is(outcome.status, status);
    assert.is(outcome.stdout, '');
    assert.not.match(outcome.stderr, /\n\s+at /);
  });
}
mistakes.run();

const help = suite('cli › help');
help('--help names every command, and a command\'s names every option', async () => {
  const { status, stdout } = await tramp64('--help');
  assert.is(status, 0);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command.name} `, 'm'));
  for (const command of COMMANDS) {
    const { stdout: text } = await tramp64(command.name, '--help');
    for (const option of command.options) assert.ok(text.includes(option.name), option.name);
  }
});
help('every command has examples, and they are its own', async () => {
  for (const { name } of COMMANDS) {
    const { stdout } = await tramp64(name, '--help'), examples = stdout.slice(stdout.indexOf('\nExamples:\n'));
    assert.match(examples, new RegExp(`^  (\\S.*; )?tramp64 ${name}`, 'm'), name);
  }
});
help('the manual page is man/tramp64.1 (UPDATE=1 writes it)', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }, page = manualPage(COMMANDS, version), file = join(root, 'man/tramp64.1');
  if (process.env['UPDATE'] === '1') writeFileSync(file, page);
  assert.is(readFileSync(file, 'utf8'), page);
  assert.is((await tramp64('man')).stdout, manualPage(COMMANDS, 'unknown'));
});
help('completions name every command and every option, in every shell', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await tramp64('completion', shell);
    assert.is(status, 0);
    for (const { name, options: all } of COMMANDS) {
      assert.ok(stdout.includes(name), name);
      for (const option of all) assert.ok(stdout.includes(shell === 'fish' ? fishName(option) : option.name), option.name);
    }
  }
});
help.run();

const run = suite('cli › run');
run('a program\'s output and exit status are its own', async () => {
  assert.equal(await tramp64('run', './hello'), { status: 7, stdout: 'hi\n', stderr: '' });
});
run('--strace tells every call on standard error', async () => {
  assert.is((await tramp64('run', '--strace', '--', './hello')).stderr, 'write(1, "hi\\n", 3) = 3\nexit_group(7) = ?\n+++ exited with 7 +++\n');
});
run('--cpu says whether there is XSAVE', async () => {
  assert.is((await tramp64('run', '--cpu', 'v3', './xcr0')).status, 7);
  assert.is((await tramp64('run', '--cpu', 'v1', './xcr0')).status, 128 + 4);
});
run('--stats counts instructions and calls', async () => {
  assert.match((await tramp64('run', '--stats', './hello')).stderr, /^instructions +8$[^]*^system calls +2$/m);
});
run('a name without a slash is looked for in the program\'s PATH', async () => {
  assert.is((await tramp64('run', 'hello')).status, 7);
  assert.is((await tramp64('run', '--env', 'PATH=/nowhere', 'hello')).status, 127);
  assert.is((await tramp64('run', '--env=PATH=/nowhere:', 'hello')).status, 7);
});
run.run();

const asProcess = suite('cli › as a process');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-cli-'));
const spawn = (...args: readonly string[]): Outcome => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(root, 'src/cli.ts'), ...args], { cwd: folder });
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { status, stdout: text(stdout), stderr: text(stderr) };
};
asProcess('runs a program of the disk, wherever it was started', () => {
  writeFileSync(join(folder, 'hello \u00fc'), elf);
  chmodSync(join(folder, 'hello \u00fc'), 0o755);
  assert.equal(spawn('run', './hello \u00fc'), { status: 7, stdout: 'hi\n', stderr: '' });
});
asProcess('--version is the package\'s', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.is(spawn('--version').stdout, `tramp64 ${version}\n`);
});
asProcess('a mistake is one sentence and a status', () => {
  assert.equal(spawn('run', './nothere'), { status: 127, stdout: '', stderr: 'tramp64: ./nothere: no such program\n' });
});
asProcess.after(() => rmSync(folder, { recursive: true, force: true }));
asProcess.run();

const options = suite('cli › options');
const OPTIONS = [flag('--flag', ''), option('--set', 'X', '')];
options('end at the first operand, at --, and not at a lone dash', () => {
  const read = (...words: readonly string[]): readonly string[] | string => { const line = readCommandLine(words, OPTIONS); return typeof line === 'string' ? line : line.operands; };
  assert.equal(read('--flag', 'prog', '--flag'), ['prog', '--flag']);
  assert.equal(read('--', '--flag'), ['--flag']);
  assert.equal(read('--set', '--', 'x'), ['x']);
  assert.equal(read('-', '--flag'), ['-', '--flag']);
});
options('may come after operands where a command says so', () => {
  const line = readCommandLine(['file', '--set', 'x', 'more', '--', '--flag'], OPTIONS, true);
  assert.equal(typeof line === 'string' ? line : [line.operands, line.values.get('--set')], [['file', 'more', '--flag'], ['x']]);
});
options('values come after = or as the next word, and repeat', () => {
  const line = readCommandLine(['--set', 'a', '--set=b=c', '--flag'], OPTIONS);
  assert.equal(typeof line === 'string' ? line : [line.values.get('--set'), line.values.get('--flag')], [['a', 'b=c'], ['']]);
});
options.run();
