/** src/host/script.ts: modules as scripts, of which some wait until they are needed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { FIRST, scriptsOf } from '../src/host/script.ts';

type Main = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
type Run = (require: unknown, script: (name: string) => unknown) => { readonly main: () => Main };
const COUNTER = 'export class Counter { n = 0; next() { return ++this.n; } }\nexport const FIRST_ONE = 1 << 2;\nexport const TABLE = { a: 5, b: FIRST_ONE };';

/** Writes modules, makes scripts of them, and runs the first. `loaded`: which were wanted. */
async function world(modules: Readonly<Record<string, string>>, later: Readonly<Record<string, readonly string[]>>): Promise<{ main: Main; loaded: string[]; texts: ReadonlyMap<string, string> }> {
  const root = mkdtempSync(join(tmpdir(), 'tramp64-script-')), loaded: string[] = [], values = new Map<string, { readonly main: () => Main }>();
  try {
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(root, `${name}.ts`), text);
    const texts = await scriptsOf({ root, entry: 'start.ts', later });
    const load = (name: string): { readonly main: () => Main } => {
      const known = values.get(name);
      if (known !== undefined) return known;
      loaded.push(name);
      const value = (new Script(texts.get(name)!, { filename: name }).runInThisContext() as Run)(createRequire(join(root, 'x')), load);
      values.set(name, value);
      return value;
    };
    return { main: load(FIRST).main(), loaded, texts };
  } finally { rmSync(root, { recursive: true, force: true }); }
}
async function refusal(modules: Readonly<Record<string, string>>, later: Readonly<Record<string, readonly string[]>>): Promise<string> {
  try { await world(modules, later); } catch (error) { return (error as Error).message; }
  return 'none';
}

const scripts = suite('script › modules that wait');
scripts('are loaded when something of them is used, and once', async () => {
  const { main, loaded } = await world({
    start: 'import { Counter } from "./counter.ts"; let one = null; export const next = () => (one ??= new Counter()).next(); export const is = () => one instanceof Counter; export const pair = () => ({ Counter });',
    counter: COUNTER,
  }, { late: ['counter.ts'] });
  assert.equal(loaded, [FIRST]);
  assert.equal([main['next']!(), main['next']!(), main['is']!(), Object.keys(main['pair']!() as object)], [1, 2, true, ['Counter']]);
  assert.equal(loaded, [FIRST, 'late']);
});
scripts('give their constants to who reads them without being loaded', async () => {
  const { main, loaded, texts } = await world({ start: 'import { FIRST_ONE, TABLE } from "./counter.ts"; export const read = () => FIRST_ONE + TABLE.b;', counter: COUNTER }, { late: ['counter.ts'] });
  assert.equal([main['read']!(), loaded], [8, [FIRST]]);
  assert.not.match(texts.get(FIRST)!, /late/);
});
scripts('give a table of constants that somebody reads as a whole', async () => {
  const { main, loaded } = await world({ start: 'import { TABLE } from "./counter.ts"; export const read = () => { const { a, b } = TABLE; return [a, b, Object.keys(TABLE)]; };', counter: COUNTER }, { late: ['counter.ts'] });
  assert.equal([main['read']!(), loaded], [[5, 4, ['a', 'b']], [FIRST, 'late']]);
});
scripts('share what both need with the first', async () => {
  const { main, loaded } = await world({
    shared: 'export const seen = []; export const note = what => { seen.push(what); };',
    start: 'import { note, seen } from "./shared.ts"; import { work } from "./work.ts"; export const go = () => { note("start"); work(); return seen; };',
    work: 'import { note } from "./shared.ts"; import { deep } from "./deep.ts"; export const work = () => { note("work"); note(deep()); };',
    deep: 'export const deep = () => "deep";',
  }, { late: ['work.ts'] });
  assert.equal([main['go']!(), loaded], [['start', 'work', 'deep'], [FIRST, 'late']]);
});
scripts('can be imported by name when they are wanted, and need each other', async () => {
  const { main, loaded } = await world({
    start: 'export const go = async () => (await import("./command.ts")).command();',
    command: 'import { Counter } from "./counter.ts"; export const command = () => new Counter().next();',
    counter: COUNTER,
  }, { late: ['counter.ts'], more: ['command.ts'] });
  assert.is(await main['go']!(), 1);
  assert.equal(loaded, [FIRST, 'more', 'late']);
});
scripts('cannot be needed while modules are initialised', async () => {
  const says = /^Counter, of a module that waits in the script 'late', is used while modules are initialised$/;
  assert.match(await refusal({ start: 'import { Counter } from "./counter.ts"; export class Own extends Counter {}', counter: COUNTER }, { late: ['counter.ts'] }), says);
  assert.match(await refusal({ start: 'import { Counter } from "./counter.ts"; export const one = new Counter();', counter: COUNTER }, { late: ['counter.ts'] }), says);
});
scripts('are to be listed with what only they have and what imports them', async () => {
  const modules = { start: 'import { work } from "./work.ts"; export const go = () => work();', work: 'import { deep } from "./deep.ts"; export const work = () => deep();', deep: 'import { Counter } from "./counter.ts"; export const deep = () => new Counter().next();', counter: COUNTER };
  assert.is(await refusal(modules, { late: ['work.ts', 'counter.ts'] }), 'deep.ts is in the script \'late\' alone: it has to be listed there');
  assert.is(await refusal(modules, { late: ['work.ts', 'counter.ts', 'deep.ts'] }), 'none');
});
scripts.run();
