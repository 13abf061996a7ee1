/** The committed programs run here as they ran on the host that recorded test/golden/fixture-*.txt, and twice the same. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine, type Counters } from '../src/machine.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost, nativeOutcome, type Fixture } from './support/fixtures.ts';
import { isNativeHost } from './support/guest.ts';
import { golden, isUpdate } from './support/vectors.ts';

interface Outcome { readonly status: number; readonly stdout: string }
const goldenText = ({ status, stdout }: Outcome): string => `${stdout}\nstatus ${status}\n`;

function emulated({ name, args, stdin }: Fixture): Outcome & { readonly counters: Counters } {
  const host = fixtureHost(fixtureBytes(name), stdin), machine = new Machine({ host, memoryBytes: 32 << 20 });
  const refusal = machine.exec('/guest', ['guest', ...args], ENVIRONMENT);
  assert.is(refusal, null);
  const { status } = machine.run();
  return { status, stdout: host.output, counters: machine.counters() };
}

const fixtures = suite('fixtures');
for (const fixture of FIXTURES) {
  const file = `fixture-${fixture.name}.txt`;
  if (isNativeHost) {
    fixtures(`${fixture.name} does on this host what was recorded`, () => golden(file, goldenText(nativeOutcome(fixture))));
  }
  fixtures(`${fixture.name} writes what it writes natively, and ends as it does`, () => {
    const text = goldenText(emulated(fixture));
    if (isUpdate) assert.is(text, goldenText(nativeOutcome(fixture))); // The truth is recorded above, never what we make of it.
    else golden(file, text);
  });
  fixtures(`${fixture.name} counts the same twice`, () => assert.equal(emulated(fixture).counters, emulated(fixture).counters));
}
fixtures.run();
