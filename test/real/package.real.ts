/** The package as it is installed: what is in it, `npx` from the tarball, and its library for programs and for the type checker. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..'), folder = mkdtempSync(join(tmpdir(), 'tramp64-package-')), text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
function said(cwd: string, command: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, env: { ...process.env, npm_config_update_notifier: 'false', npm_config_offline: 'true', FORCE_COLOR: '0' }, maxBuffer: 1 << 26 });
  assert.is(status, 0, `${command} ${words.join(' ')}\n${text(stdout)}${text(stderr)}`);
  return text(stdout);
}
const EXAMPLE = `import { assemble, decode, format, Machine, MemoryHost, Target, writeElf, type Counters, type Instruction } from 'tramp64';
const code = assemble('mov edi, 7\\nmov eax, 60\\nsyscall', { origin: 0x400000 }), elf = writeElf({ text: { at: 0x400000, bytes: code.bytes }, entry: 0x400000 });
const host = new MemoryHost({ '/bin/seven': elf }), machine = new Machine({ host });
machine.exec('/bin/seven', ['seven'], []);
const status: number = machine.run().status, counters: Counters = machine.counters();
const jump: Instruction | null = decode(Uint8Array.of(0x41, 0xff, 0xe3), 0, 3);
console.log(status, counters.instructions, jump && format(jump, 0, 'intel'), typeof Target.open);
`;
let tarball = '';
const packed = suite('package');
packed.before(() => {
  said(root, 'npm', 'pack', '--silent', '--pack-destination', folder);
  tarball = join(folder, readdirSync(folder).find(name => name.endsWith('.tgz')) ?? '');
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  said(folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
});
packed('it has dist, its description, README and licence, and nothing else', () => {
  const files = said(folder, 'tar', 'tzf', tarball).trim().split('\n');
  assert.equal([...new Set(files.map(file => file.split('/').slice(0, 2).join('/')))].sort(), ['package/LICENSE', 'package/README.md', 'package/dist', 'package/package.json']);
  assert.equal(files.filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts')), []);
});
packed('npx runs it: a program, a bench, its version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  copyFileSync(join(root, 'test/fixtures/raw.elf'), join(folder, 'raw'));
  assert.is(said(folder, 'npx', 'tramp64', '--version'), `tramp64 ${version}\n`);
  assert.match(text(spawnSync('npx', ['tramp64', 'run', './raw'], { cwd: folder }).stdout), /^uname 0$/m);
  assert.match(said(folder, 'npx', 'tramp64', 'bench', '--filter', '^indirect', '--csv'), /\r\nindirect call,zen3,/);
  assert.match(said(folder, 'npx', '--yes', `--package=${tarball}`, 'tramp64', 'disasm', 'raw'), /\tsyscall\n/);
});
packed('the library runs in a program, and its types hold', () => {
  writeFileSync(join(folder, 'example.ts'), EXAMPLE);
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "target": "es2022", "module": "nodenext", "lib": ["es2022", "dom"], "types": [], "outDir": "out" }, "files": ["example.ts"] }');
  said(folder, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', folder);
  assert.match(said(folder, process.execPath, 'out/example.js'), /^7 3 jmp +r11 function\n$/);
});
packed('the manual page is found where npm says', () => {
  assert.match(readFileSync(join(folder, 'node_modules/tramp64/dist/tramp64.1'), 'utf8'), /^\.TH TRAMP64 1/);
});
packed.after(() => { rmSync(folder, { recursive: true, force: true }); });
packed.run();
