/** The debugger in a real terminal, tmux's: its screen is what the renderer gives, at any size; lines are typed as one is used to; and however it ends, the terminal is as it was. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { render, textOf } from '../../src/debug/tui/render.ts';
import { Tui } from '../../src/debug/tui/tui.ts';
import { NodeHost } from '../../src/host/node-host.ts';
import { RedirectedHost } from '../../src/host/redirected-host.ts';
import { guestWithSymbols, STORY } from '../support/debug-world.ts';
import { DATA } from '../support/guest-program.ts';
import { sys } from '../support/trampfd-program.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..'), folder = mkdtempSync(join(tmpdir(), 'tramp64-tui-')), guest = join(folder, 'guest'), socket = join(folder, 'tmux');
const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const SMALL = { columns: 80, rows: 24 }, LARGE = { columns: 110, rows: 35 }, WAIT_MILLISECONDS = 60_000, CALM_MILLISECONDS = 150;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
function tmux(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...words]);
  if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${decode(stderr)}`);
  return decode(stdout);
}
const rest = (milliseconds: number): Promise<void> => new Promise(done => { setTimeout(done, milliseconds); });
const shown = (): string => tmux('capture-pane', '-p').split('\n').map(line => line.trimEnd()).join('\n').trimEnd();
/** Waits until the screen is as it should be; the assertion says what it was. */
async function expectScreen(wanted: string): Promise<void> {
  for (const from = performance.now(); shown() !== wanted && performance.now() - from < WAIT_MILLISECONDS;) await rest(CALM_MILLISECONDS);
  assert.is(shown(), wanted);
}
async function expectText(wanted: RegExp): Promise<void> {
  for (const from = performance.now(); !wanted.test(shown()) && performance.now() - from < WAIT_MILLISECONDS;) await rest(CALM_MILLISECONDS);
  assert.match(shown(), wanted);
}
/** A shell that starts the debugger, and tells how it and the terminal are afterwards. */
function open(how = '--tui'): void {
  const node = `env -i TERM=screen ${process.execPath} --import ${join(root, 'node_modules/tsx/dist/loader.mjs')} ${join(root, 'src/cli.ts')}`;
  writeFileSync(join(folder, 'script'), `trap : INT\ncd ${folder}\necho before\n${node} debug --memory 64M ${how} ./guest\necho after $?\nstty -a | grep -o -e '-\\?icanon' -e '-\\?echo '\nsleep 1000\n`);
  tmux('new-session', '-d', '-x', String(SMALL.columns), '-y', String(SMALL.rows), `sh ${join(folder, 'script')}`);
  tmux('set-option', '-g', 'status', 'off');
  tmux('set-option', '-g', 'window-size', 'manual');
  tmux('resize-window', '-x', String(SMALL.columns), '-y', String(SMALL.rows));
}
function expected(): { readonly tui: Tui; readonly text: (size?: typeof SMALL) => string } {
  const host = new NodeHost(), path = './guest';
  const made = new Tui(output => ({
    host: new RedirectedHost(new Proxy(host, { get: (all, name) => name === 'directory' ? folder : Reflect.get(all, name) as unknown }), { input: null, output }), program: { path, argv: [path], envp: ['TERM=screen'] }, machine: () => ({ memoryBytes: 64 << 20 }),
  }), host, SMALL, () => null);
  made.start();
  return { tui: made, text: (size = SMALL) => { made.resize(size); return render(made.view, size).map(line => textOf(line).trimEnd()).join('\n').trimEnd(); } };
}
const child = (): number => Number(readFileSync(`/proc/${tmux('list-panes', '-F', '#{pane_pid}').trim()}/task/${tmux('list-panes', '-F', '#{pane_pid}').trim()}/children`, 'utf8').trim().split(' ')[0]);

const terminal = suite('tui › tmux');
terminal.before(() => { writeFileSync(guest, guestWithSymbols(STORY, 1)); chmodSync(guest, 0o755); });
terminal.after.each(() => { spawnSync('tmux', ['-S', socket, 'kill-server']); });
terminal.after(() => { rmSync(folder, { recursive: true, force: true }); });
if (hasTmux && existsSync('/proc/self')) {
  terminal('keys, sizes, commands and pages are shown as rendered; q leaves everything as it was', async () => {
    const { tui, text } = expected();
    open();
    await expectScreen(text());
    for (const keys of ['s', 'ss', 'Tc', 'b', 'm', 'data', '\r', ':info break', '\r', '?', 'j', 'x', 'C']) {
      tmux('send-keys', '-l', keys);
      await tui.input(keys);
      await expectScreen(text());
    }
    tmux('resize-window', '-x', String(LARGE.columns), '-y', String(LARGE.rows));
    await expectScreen(text(LARGE));
    tmux('resize-window', '-x', '60', '-y', '20');
    await expectText(/^60 columns and 20 rows are too few/);
    tmux('resize-window', '-x', String(SMALL.columns), '-y', String(SMALL.rows));
    await expectScreen(text());
    tmux('send-keys', '-l', 'q');
    await expectText(/^before\nafter 0\nicanon\necho$/);
  });
  for (const [signal, status] of [['TERM', 143], ['HUP', 129], ['INT', 130]] as const) {
    terminal(`SIG${signal} leaves everything as it was`, async () => {
      open();
      await expectText(/-- events/);
      spawnSync('kill', [`-${signal}`, String(child())]);
      await expectText(new RegExp(`^before\\nafter ${status}\\nicanon\\necho$`));
    });
  }
  terminal('Control-C stops a program that runs for ever', async () => {
    writeFileSync(guest, guestWithSymbols('loop: inc rax\njmp loop'));
    open();
    await expectText(/-- events/);
    tmux('send-keys', '-l', 'c');
    await rest(500);
    tmux('send-keys', 'C-c');
    await expectText(/interrupted/);
    tmux('send-keys', '-l', 'q');
    await expectText(/^before\nafter 0\nicanon\necho$/);
  });
  terminal('commands are typed with completion and history, an empty line repeats, and the program has the terminal while it runs', async () => {
    const echo = `${sys('read', 0, DATA + 64, 8)}\n${sys('write', 1, DATA + 64, 8)}\nloop: inc rax\njmp loop\nlooping: ret\n`;
    writeFileSync(guest, guestWithSymbols(echo));
    const says = async (keys: readonly string[], wanted: RegExp): Promise<void> => { for (const key of keys) tmux('send-keys', ...key.length === 1 || key.includes(' ') ? ['-l', key] : [key]); await expectText(wanted); };
    open('');
    await expectText(/_start>: .*\n\(tramp64\)$/);
    await says(['s', 't', 'e', 'Tab', 'Enter'], /step\n=> 0x400007 .*\n\(tramp64\)$/);
    await says(['Enter'], /\(tramp64\)\n=> 0x40000e .*\n\(tramp64\)$/);
    await says(['p /x loo', 'Tab'], /\(tramp64\) p \/x loop$/);
    await says(['Tab'], /\nloop +looping\n\(tramp64\) p \/x loop$/);
    await says(['C-u', 'Up', 'Up', 'Home', 'x', 'x', 'BSpace', 'BSpace', 'End', 'C-c'], /step\n\(tramp64\)$/);
    await says(['c', 'Enter'], /\(tramp64\) c$/);
    await says(['typed', 'Enter'], /typed\ntyped/);
    await says(['C-c'], /interrupted\n=> .*<loop.*\n\(tramp64\)$/);
    await says(['nonsense', 'Enter'], /no such command: nonsense; see help\n\(tramp64\)$/);
    await says(['C-d'], /after 0\nicanon\necho$/);
  });
}
terminal.run();
