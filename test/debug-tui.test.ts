/** The debugger's screen, without a terminal: keys in, lines out (`UPDATE=1` rewrites the goldens). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codesOf, render, textOf } from '../src/debug/tui/render.ts';
import { ENTER, LEAVE, Screen } from '../src/debug/tui/screen.ts';
import { Tui } from '../src/debug/tui/tui.ts';
import { main } from '../src/cli/main.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { RedirectedHost } from '../src/host/redirected-host.ts';
import { CliHost } from './support/cli-host.ts';
import { guestWithSymbols, STORY, typed } from './support/debug-world.ts';
import { golden } from './support/vectors.ts';

const SMALL = { columns: 80, rows: 24 }, LARGE = { columns: 120, rows: 36 };
function screen(size = SMALL, code = STORY): { readonly tui: Tui; readonly shown: () => string } {
  const host = new MemoryHost({});
  host.put('/guest', guestWithSymbols(code, 1), 0o755);
  const tui = new Tui(output => ({ host: new RedirectedHost(host, { input: null, output }), program: { path: '/guest', argv: ['guest'], envp: [] }, machine: () => ({ memoryBytes: 64 << 20 }) }), host, size, () => null);
  tui.start();
  return { tui, shown: () => `${render(tui.view, size).map(line => textOf(line).trimEnd()).join('\n')}\n` };
}
const screens = suite('debug tui › screens');
for (const [name, size, keys] of [
  ['start', SMALL, []],
  ['stepped', SMALL, ['s', 'ss']],
  ['trampoline', SMALL, ['T', 'c', 'm', 'data\r']],
  ['syscalls', LARGE, ['S', ':break *invoke\r', 'c', 'c', 's', 's', 's', 'S', 'c']],
  ['back', LARGE, [':b target\r', 'c', 'r', 'r', 'm$rsp\r', 'pdata\r']],
  ['listing', SMALL, ['\x1b[B\x1b[Bjjj', ' ', 'c', 'k']],
  ['help', LARGE, ['?']],
  ['command', SMALL, [':info threads\r', ':p 1 +\r', 'M', ' ', ':', 'disas']],
  ['ended', SMALL, [':handle usr1 pass\r', 'c']],
] as const) {
  screens(`${name} is what it was, at ${size.columns}x${size.rows}`, async () => {
    const { tui, shown } = screen(size);
    for (const key of keys) await tui.input(key);
    golden(`tui-${name}.txt`, shown());
  });
}
screens('every line is as wide as the terminal, and there are as many as it has rows', async () => {
  for (const size of [SMALL, LARGE, { columns: 200, rows: 60 }, { columns: 81, rows: 25 }, { columns: 40, rows: 10 }]) {
    const { tui } = screen(size);
    for (const keys of ['', 'ssss', '?', '\x1b', ':p *data', '\r', 'c', 'g']) {
      await tui.input(keys);
      const lines = render(tui.view, size);
      assert.equal([lines.length, ...new Set(lines.map(line => textOf(line).length))], [size.rows, size.columns], `${size.columns} ${keys}`);
    }
  }
});
screens('what changed is marked with and without colours', async () => {
  const { tui } = screen();
  await tui.input('sss');
  const lines = render(tui.view, SMALL).map(line => [codesOf(line, false), codesOf(line, true)]);
  assert.ok(lines.some(([coloured, plain]) => coloured!.includes('\x1b[1;33m*rsp') && plain!.includes('*rsp')) || lines.some(([coloured]) => coloured!.includes('\x1b[1;33m*r12')), lines.join('\n'));
  assert.is(lines.slice(1).some(([, plain]) => plain!.includes('\x1b')), false);
});
screens('only lines that are new are written', async () => {
  const { tui } = screen(), terminal = new Screen(true), first = terminal.update(render(tui.view, SMALL));
  assert.ok(first.startsWith('\x1b[2J\x1b[1;1H'));
  assert.is(terminal.update(render(tui.view, SMALL)), '');
  await tui.input('s');
  const second = terminal.update(render(tui.view, SMALL));
  assert.ok(second.length > 0 && second.length < first.length);
});
screens('no key does harm: at the beginning, in the middle, at the end, and after it', async () => {
  const { tui, shown } = screen();
  for (let round = 0; round < 4; round++) {
    for (let code = 1; code < 127; code++) if (!'q:mp'.includes(String.fromCharCode(code))) await tui.input(String.fromCharCode(code));
    await tui.input('\x1b');
    for (const key of ['\x1b[A', '\x1b[B', '\x1b[5~', '\x1b[6~', '\x1b[Z', ':kill\r', 'sncbrRC.h ', '\x1b', ':run\r', 'm0xffffffffffffffff\r', 'p-1\r']) await tui.input(key);
    assert.is(shown().split('\n').length, 25);
  }
});
screens.run();

class TerminalHost extends CliHost {
  raw: boolean[] = [];
  override isTerminal(): boolean { return true; }
  override setRaw(_fd?: number, isRaw?: boolean): number { this.raw.push(isRaw === true); return 0; }
}
const terminals = suite('debug tui › terminals');
for (const [what, keys] of [['a key', 'sq'], ['the end of input', 's'], ['a command', ':quit\r']] as const) {
  terminals(`the terminal is given back after ${what}`, async () => {
    const host = new TerminalHost(['debug', '--tui', '--memory', '64M', '-ex', 'break f', '/guest'], { '/guest': [guestWithSymbols(STORY)] });
    host.input = keys;
    assert.is(await main(host), 0);
    assert.ok(host.output.startsWith(ENTER) && host.output.endsWith(LEAVE));
    assert.equal(host.raw, [true, false]);
  });
}
terminals('and after what is wrong', async () => {
  const host = new TerminalHost(['debug', '--tui', '--memory', '64M', '/guest'], { '/guest': ['no program'] });
  assert.is(await main(host), 2);
  assert.ok(host.output.endsWith(LEAVE));
  assert.match(host.errors, /not an ELF file/);
  assert.equal((await typed(guestWithSymbols(STORY), '', ['--tui'])).stderr, 'tramp64: debug: --tui needs a terminal\n');
});
terminals.run();
