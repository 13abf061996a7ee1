/** Profiles: data that is whole, and about instructions there are; and what loops of one instruction take by them, whoever performs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../src/cli/main.ts';
import { ROWS } from '../src/decoder/all-rows.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { decode } from '../src/decoder/decode.ts';
import type { Instruction } from '../src/decoder/instruction.ts';
import type { Engine } from '../src/exec/cpu.ts';
import { askedOf, feed } from '../src/timing/dataflow.ts';
import { notesOf } from '../src/timing/notes.ts';
import { hundredths, PROFILE_NAMES, type Profile, RESOURCES } from '../src/timing/profile.ts';
import { PROCESSORS } from '../src/timing/profiles/processors.ts';
import { GENERALS, REGISTERS, useOf } from '../src/timing/use.ts';
import { CliHost } from './support/cli-host.ts';
import { build, systemCall } from './support/guest-program.ts';
import { runGuest } from './support/guest.ts';

/** Operations, VEX forms by the names they share, and forms with rows of their own. */
const OPERATIONS = ['lea3', 'cmova', ...ROWS.flatMap(({ operation }) => [operation, operation.replace(/^v/, '')])];
const profiles = suite('profiles'), named = (name: string): Profile => PROCESSORS.find(({ profile }) => profile.name === name)!.profile;
profiles('are those that the command line names', () => { assert.equal(PROCESSORS.map(({ profile }) => profile.name), [...PROFILE_NAMES]); });
for (const { profile } of PROCESSORS) profiles(`${profile.name}: every row has a source, resources there are, and instructions there are, once`, () => {
  const seen = new Set<string>();
  for (const { operations, uses, latency, source } of profile.rows) {
    assert.match(source, /^\w+: ./, operations);
    assert.ok(latency >= 0 && uses.split(' ').every(use => use === '' || (RESOURCES as readonly string[]).includes(use.split('*')[0]!)), operations);
    for (const name of operations.split(' ')) {
      assert.ok(OPERATIONS.some(operation => name.endsWith('*') ? operation.startsWith(name.slice(0, -1)) : operation === name), `${name} is nothing`);
      assert.not.ok(seen.has(name), `${name} twice`);
      seen.add(name);
    }
  }
  assert.ok(RESOURCES.every(resource => profile.capacities[resource] > 0));
});
for (const { profile } of PROCESSORS) profiles(`${profile.name}: figures that are summed have two decimals at most`, () => {
  const { rows, otherwise, load, locked, capacities } = profile, all = [...rows, ...Object.values(otherwise)];
  const figures = [...all.flatMap(({ latency, uses }) => [latency, ...uses.split(' ').map(use => Number(use.split('*')[1] ?? 1))]), ...Object.values(load), ...Object.values(capacities), locked];
  assert.equal(figures.filter(figure => Number(figure.toFixed(2)) !== figure), []);
  assert.equal(figures.map(figure => hundredths(figure) / 100), figures);
});

const ROUNDS = 500;
/** Cycles of one round of a loop. */
function roundOf(body: string, profile: Profile): number {
  const timed = (rounds: number): number => runGuest(build(`_start: mov r15d, ${rounds}\nmov rbx, rsp\nmov [rsp], rsp\nagain:\n${body}\ndec r15d\njnz again\n${systemCall(60, 0)}`, 64), { cpu: { profile } }).counters.cycles;
  return (timed(2 * ROUNDS) - timed(ROUNDS)) / ROUNDS;
}
const CHAINS: readonly (readonly [string, zen3: number, skylake: number, generic: number])[] = [
  ['imul rax, rax\nimul rax, rax', 6, 6, 6],
  ['addsd xmm0, xmm0\naddsd xmm0, xmm0', 6, 8, 6],
  ['mulsd xmm0, xmm0\nmulsd xmm0, xmm0', 6, 8, 10],
  ['mov rbx, [rbx]\nmov rbx, [rbx]', 8, 10, 10],
  ['adc rax, rax\nadc rax, rax', 2, 2, 4],
  ['mov eax, 1\nmov ecx, 2\nmov edx, 3\nmov esi, 4\nmov edi, 5\nmov r8d, 6\nmov r9d, 7\nmov r10d, 8\nmov r11d, 9\nmov r12d, 10\nmov r13d, 11', 3.28, 3, 4],
];
for (const [body, ...cycles] of CHAINS) profiles(`a round of \`${body.split('\n')[0]}\` takes ${cycles.join(', ')} cycles`, () => {
  PROFILE_NAMES.forEach((name, k) => { const round = roundOf(body, named(name)); assert.ok(Math.abs(round - cycles[k]!) < 0.2, `${name}: ${round}`); });
});
for (const name of PROFILE_NAMES) profiles(`${name}: the same cycles, by cause, in every engine`, () => {
  const mixed = build(`_start: mov r15d, 3000\nagain: imul r15, r15, 1\nmov [rsp-8], r15\nmov rax, [rsp-8]\nbt r15, 2\njc 1f\ncall f\n1: dec r15d\njnz again\n${systemCall(60, 0)}f: cvtsi2sd xmm0, rax\nsqrtsd xmm0, xmm0\nret\n`, 64);
  const [first, ...others] = (['interpret', 'threaded', 'compile', 'auto'] as const).map((engine: Engine) => ({ ...runGuest(mixed, { cpu: { engine, profile: named(name), hotRuns: 20, threaded: { wait: 500 } } }).counters, tlbMisses: 0 }));
  for (const other of others) assert.equal(other, first);
});
profiles('an address without a base or an index waits for no vector register', () => {
  for (const code of ['mov rax, [rbx]', 'mov rax, [rip+8]', 'mov rax, [rcx*2+8]']) {
    const use = useOf(decode(assemble(code).bytes, 0, 15)!), waiting = new Uint8Array(REGISTERS).fill(1, GENERALS);
    assert.is(feed(use, waiting), false, code);
    assert.equal([...askedOf([use]).slice(GENERALS)].includes(1), false, code);
  }
  const { bytes } = assemble('movsd xmm0, [rdi]\nmovsd xmm1, [rdi]\nmov rax, [rsi]\nmov rbx, [rip+8]');
  const instructions: Instruction[] = [];
  for (let at = 0; at < bytes.length; at += instructions.at(-1)!.length) instructions.push(decode(bytes, at, bytes.length)!);
  const { words } = notesOf(instructions);
  assert.equal([words[4]! & 0xffff, words[5], words[6]! & 0xffff, words[7]], [1 << 6, 0, 0, 0], 'of the loads behind, whose address is RSI, and none');
});
profiles('--cpu-profile chooses', async () => {
  const cycles = async (...options: readonly string[]): Promise<string> => {
    const host = new CliHost(['run', '--stats', ...options, '/guest'], { '/guest': [build(`_start: mov ecx, 100\nagain: addsd xmm0, xmm0\ndec ecx\njnz again\n${systemCall(60, 0)}`, 64)] });
    assert.is(await main(host), 0);
    return /^cycles +(\S+)/m.exec(host.errors)?.[1] ?? '';
  };
  const [usual, zen3, skylake, generic] = await Promise.all([cycles(), ...PROFILE_NAMES.map(name => cycles('--cpu-profile', name))]);
  assert.is(usual, zen3);
  assert.is(new Set([zen3, skylake, generic]).size, 3);
});
profiles.run();
