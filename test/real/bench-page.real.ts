/** The bench's page in Chromium: no message on the console, plots that are seen, tables that are sorted. SHOTS=DIR keeps pictures of it at desktop and phone widths, light and dark. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..'), CHROMIUM = '/usr/bin/chromium';
const FLAGS = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=3000 --enable-logging=stderr'.split(' ');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-page-')), page = join(folder, 'page.html');
/** Presses the head of the cycles, twice, and says what is on top; then what is visible. */
const PROBE = `<script>const heads=[...document.querySelectorAll('table')][0].tHead.rows[0].cells,head=[...heads].find(cell=>cell.textContent==='cycles').firstChild;
const topRow=()=>document.querySelector('tbody tr').textContent;head.click();const first=topRow();head.click();
document.title=[first,topRow(),[...document.querySelectorAll('svg')].filter(svg=>svg.getBoundingClientRect().width>0).length,document.documentElement.scrollWidth<=innerWidth].join('|')</script>`;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
function chromium(...words: readonly string[]): { readonly stdout: string; readonly stderr: string } {
  const profile = mkdtempSync(join(tmpdir(), 'tramp64-chromium-'));
  const { stdout, stderr } = spawnSync(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, ...words], { timeout: 120_000, maxBuffer: 1 << 26 });
  rmSync(profile, { recursive: true, force: true });
  return { stdout: text(stdout), stderr: text(stderr) };
}
const seen = suite('bench page');
seen.before(() => {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install chromium`);
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'bench/main.ts', 'table', 'policies', '--count', '1,64', '--policy', 'permissive,wx', '--html', page], { cwd: root });
  assert.is(status, 0, text(stderr));
});
for (const [what, size] of [['a desk', '1280,2000'], ['a phone', '500,900']] as const) {
  seen(`on ${what}: no message on the console, four plots to be seen, no page wider than the window, a table sorted by its head`, () => {
    const probed = join(folder, 'probed.html');
    writeFileSync(probed, readFileSync(page, 'utf8').replace('</body>', `${PROBE}</body>`));
    const { stdout, stderr } = chromium(`--window-size=${size}`, '--dump-dom', `file://${probed}`);
    assert.equal(stderr.split('\n').filter(line => line.includes('CONSOLE')), []);
    const [first = '', last = '', plots, fits] = (/<title>([^<]*)<\/title>/.exec(stdout)?.[1] ?? '').split('|');
    assert.match(first, /^(in)?direct call/, 'calls without a trampoline');
    assert.match(last, /^signal/);
    assert.equal([plots, fits], ['4', 'true']);
  });
}
seen('pictures of it can be taken, light and dark', () => {
  const { SHOTS = folder } = process.env;
  for (const scheme of ['light', 'dark']) for (const [name, size] of [['desk', '1280,3600'], ['phone', '500,4600']] as const) {
    const file = join(SHOTS, `${name}-${scheme}.png`);
    chromium(`--window-size=${size}`, `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`, `--screenshot=${file}`, `file://${page}`);
    assert.ok(readFileSync(file).length > 50_000, file);
  }
});
seen.after(() => { rmSync(folder, { recursive: true, force: true }); });
seen.run();
