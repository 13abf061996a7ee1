/** libffi's closures (ints, doubles, structs, varargs, 10,000 at once) ported to trampfd: under every policy and every combination of policies. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STATIC_LIBFFI } from '../../src/bench/contenders/compiled.ts';
import { runImage } from '../../src/bench/guest.ts';
import { POLICY_NAMES, SecurityPolicy } from '../../src/syscalls/policy.ts';

const [, ...NAMES] = POLICY_NAMES;
const COMBINATIONS = Array.from({ length: 1 << NAMES.length }, (_, bits) => NAMES.filter((_, n) => (bits >> n & 1) === 1).join(',') || 'permissive');
function closures(way: string, name: string, count: number): readonly string[] {
  const policy = SecurityPolicy.of(name);
  if (typeof policy === 'string') throw new Error(policy);
  const { status, output } = runImage(STATIC_LIBFFI(), [way, `${count}`], { policy });
  return [`${status}`, ...output.trim().split('\n')];
}
const BEHAVIOUR = ['ints: ok', 'doubles: ok', 'structs in memory: ok', 'structs in registers: ok', 'varargs: ok'];
/** Ways of the port, the call that is denied under `deny-all`, and of how many there can be descriptors. */
const WAYS: readonly (readonly [way: string, used: string, denied: string | null, most: number])[] = [
  ['ported-table', 'trampfd, table', 'trampfd(table)', 10_000], ['ported-fast', 'trampfd, fast', 'trampfd_create(TRAMPFD_USER)', 1000], ['ported-fault', 'trampfd, by fault', 'trampfd_create(TRAMPFD_USER)', 1000],
  ['ported-gate', 'system-call route', 'tramp_create(a system call)', 10_000], ['ported-signal', 'signal', null, 10_000],
];

const libffi = suite('libffi, ported');
for (const name of COMBINATIONS) {
  libffi(`under ${name}: all that closures do, 10,000 of them`, () => {
    const lines = closures('ported', name, 10_000), used = name.includes('deny-all') ? 'signal' : name.includes('exectramp-only') ? 'trampfd, table' : 'static';
    assert.equal(lines.slice(0, -1), ['0', ...BEHAVIOUR, '10000 closures at once: ok']);
    assert.ok(lines.at(-1)?.startsWith(`trampolines: ${used}; denied: ${used === 'static' ? 'nothing' : 'mmap(file, RX) EACCES, '}`), lines.at(-1));
  });
}
for (const [way, used, denied, most] of WAYS) for (const name of POLICY_NAMES) {
  const isDenied = denied !== null && name === 'deny-all', count = name === 'permissive' ? most : 60;
  libffi(`${way} under ${name}: ${isDenied ? 'says what was denied' : `${count} closures`}`, () => {
    const lines = closures(way, name, count);
    assert.equal(lines, isDenied ? ['2', `trampolines: none; denied: ${denied} EACCES`] : ['0', ...BEHAVIOUR, `${count} closures at once: ok`, `trampolines: ${used}; denied: nothing`]);
  });
}
libffi.run();
