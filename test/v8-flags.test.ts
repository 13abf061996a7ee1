/** How V8's flags are set and taken back while it compiles beside us (host/v8-flags.ts). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EFFORTS, Flags, V8_FLAGS } from '../src/host/v8-flags.ts';

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
claims('one with a value has its usual value for a while', () => {
  const { flags, said } = recorded();
  flags.setFlagsFromString('--max-inlined-bytecode-size-cumulative=2500');
  flags.without(() => said.push('run'));
  assert.equal(said, ['--max-inlined-bytecode-size-cumulative=2500', '--max-inlined-bytecode-size-cumulative=920', 'run', '--max-inlined-bytecode-size-cumulative=2500']);
});
claims('how long a function may be that V8 takes into another is said once, at the beginning: it looks twice while it compiles beside us', () => {
  const limits = (flags: readonly string[]): readonly string[] => flags.filter(flag => flag.startsWith('--max-inlined-bytecode-size='));
  assert.is(limits(V8_FLAGS).length, 1);
  assert.equal(limits(Object.values(EFFORTS).flat()), []);
});
claims.run();
