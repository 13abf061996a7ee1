/** src/host/bundle.ts: scripts that wait, where the guest has taken all descriptors, and where another build lies there by now. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as vm from 'node:vm';
import { Bundle, type Parts } from '../src/host/bundle.ts';

const FIRST = '(function (require, script) { return { stamp: "a", main: () => ({ start: name => script(name) }) }; })';
const OTHERS: Readonly<Record<string, string>> = { same: '(function () { return { stamp: "a" }; })', other: '(function () { return { stamp: "b" }; })' };

/** A program of such scripts, in files of a process that may have so many open. */
function program(descriptors: number): { readonly load: (name: string) => unknown; readonly opened: () => number } {
  let opened = 0;
  const open = (): number => {
    if (opened === descriptors) throw new Error('EMFILE');
    return opened += 1;
  };
  const fs = {
    openSync: open, closeSync: () => { opened -= 1; },
    readFileSync: (path: string) => {
      open(); opened -= 1;
      const name = /(\w+)\.js$/.exec(path)?.[1];
      if (name === undefined) throw new Error('ENOENT');
      return OTHERS[name] ?? FIRST;
    },
  } as unknown as Parts['fs'];
  const { start } = new Bundle('dist', { fs, vm }).program(() => ({}));
  return { load: name => start(name, null), opened: () => opened };
}

const bundle = suite('bundle');
bundle('a script that waits is loaded with the descriptor that is kept for it', () => {
  const { load, opened } = program(1);
  assert.is(opened(), 1);
  assert.equal(load('same'), { stamp: 'a' });
  assert.is(opened(), 1);
});
bundle('a script of another build is refused', () => { assert.throws(() => program(8).load('other'), 'replaced by another build'); });
bundle.run();
