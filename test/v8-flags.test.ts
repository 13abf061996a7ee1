/** How V8's flags are set and taken back while it compiles beside us (host/v8-flags.ts). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Flags } from '../src/host/v8-flags.ts';

const claims = suite("V8's flags");
/** What was set, in order. */
function recorded(): { readonly flags: Flags; readonly said: string[] } {
  const said: string[] = [];
  return { flags: new Flags(flag => { said.push(flag); }), said };
}
claims('one that is off is on again for a while, and off after that, whatever happened', () => {
  const { flags, said } = recorded();
  flags.setFlagsFromString('--no-lazy');
  assert.throws(() => flags.without(() => { said.push('run'); throw new Error('wrong'); }), 'wrong');
  assert.equal(said, ['--no-lazy', '--lazy', 'run', '--no-lazy']);
});
claims('others are set with none of those before, and the last one is taken back first', () => {
  const { flags, said } = recorded();
  flags.setFlagsFromString('--no-lazy');
  assert.is(flags.with(['--one', '--no-two'], () => { said.push('run'); return 7; }), 7);
  assert.equal(said, ['--no-lazy', '--lazy', '--one', '--no-two', 'run', '--two', '--no-one', '--no-lazy']);
});
claims('one with a value is never changed again: a function that V8 is taking into another must stay short enough', () => {
  const { flags, said } = recorded();
  flags.setFlagsFromString('--max-inlined-bytecode-size=900');
  flags.without(() => said.push('run'));
  flags.with(['--one'], () => said.push('run'));
  assert.equal(said, ['--max-inlined-bytecode-size=900', 'run', '--one', 'run', '--no-one']);
});
claims.run();
