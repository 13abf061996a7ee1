/** Profiles and events of whole runs: what adds up, what is named, and that nobody notices being looked at. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../src/cli/main.ts';
import { CliHost } from './support/cli-host.ts';
import { guestWithSymbols, STORY } from './support/debug-world.ts';
import { build, systemCall } from './support/guest-program.ts';
import { runGuest } from './support/guest.ts';

interface Looked { readonly status: number; readonly profile: string; readonly events: string; readonly stdout: string; readonly errors: string }
async function looked(guest: Uint8Array, ...options: readonly string[]): Promise<Looked> {
  const host = new CliHost(['run', '--memory', '64M', '--profile', 'folded', '--events', 'events', '--stats', ...options, '/guest'], { '/guest': [guest] }), status = await main(host);
  return { status, profile: host.text('/home/folded') ?? '', events: host.text('/home/events') ?? '', stdout: host.output, errors: host.errors };
}
const GUEST = guestWithSymbols(STORY, 6);
const stacksIn = (profile: string): ReadonlyMap<string, number> => new Map(profile.trimEnd().split('\n').map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
const profiles = suite('profile');
profiles('its cycles are those of the run, which is what it is without', async () => {
  const { status, profile, stdout, errors } = await looked(GUEST), alone = runGuest(GUEST), stat = (name: string): number => Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(errors)?.[1]?.replaceAll(',', ''));
  assert.equal([status, stdout], [alone.status, String.fromCharCode(...alone.stdout)]);
  assert.equal([stat('instructions'), stat('cycles')], [alone.counters.instructions, Math.round(alone.counters.cycles)]);
  assert.is([...stacksIn(profile).values()].reduce((sum, cycles) => sum + cycles, 0), stat('cycles'));
});
profiles('it is the same every time, and in every engine', async () => {
  const all = await Promise.all(['auto', 'interpret', 'threaded', 'compile', 'auto'].map(engine => looked(GUEST, '--engine', engine)));
  for (const { profile, events } of all) assert.equal([profile, events], [all[0]!.profile, all[0]!.events]);
});
profiles('the kernel is beneath the function that needed it: calls by their names, faults, a trampoline\'s caller', async () => {
  const stacks = stacksIn((await looked(GUEST)).profile), has = (pattern: RegExp): boolean => [...stacks.keys()].some(stack => pattern.test(stack));
  assert.ok(has(/^guest\/1000;(?:\w+;)*kill;\[kernel\];syscall kill$/), [...stacks.keys()].join('\n'));
  assert.ok(has(/^guest\/1000;.*\[kernel\];page fault$/) && has(/^guest\/1001;/) && has(/^guest\/1000;.*\[kernel\];signal$/));
  assert.ok(has(/^guest\/1000;\w+;\[trampfd\];\[kernel\];trampfd$/), [...stacks.keys()].join('\n'));
});
profiles('functions have what they take, callers before them', async () => {
  const code = `mov r12d, 300\nagain: call outer\ndec r12d\njnz again\n${systemCall(60, 0)}outer: push rbp\nmov rbp, rsp\nmov ecx, 20\nown: dec ecx\njnz own\ncall inner\ncall inner\npop rbp\nret\ninner: mov ecx, 100\nwork: imul rax, rax\ndec ecx\njnz work\nret\n`;
  const stacks = stacksIn((await looked(guestWithSymbols(code))).profile), own = (pattern: RegExp): number => [...stacks].reduce((sum, [stack, cycles]) => pattern.test(stack) ? sum + cycles : sum, 0);
  assert.ok(own(/;(outer|own);(inner|work)$/) > 300 * 2 * 100 * 2.5, JSON.stringify([...stacks]));
  assert.ok(own(/;(outer|own)$/) < own(/;(outer|own);(inner|work)$/) / 5);
});
profiles('events are JSON: every call with its text, in order of time, within its task; and who has the processor', async () => {
  const { events } = await looked(GUEST), { traceEvents: all } = JSON.parse(events) as { traceEvents: readonly { name: string; ph: string; cat?: string; ts: number; dur?: number; pid: number; tid: number; args: Record<string, string> }[] };
  const of = (category: string): typeof all => all.filter(({ cat }) => cat === category), { counters } = runGuest(GUEST);
  assert.is(of('syscall').length, counters.systemCalls);
  assert.match(of('syscall').find(({ name }) => name === 'kill')?.args['call'] ?? '', /^kill\(1000, SIGUSR1\) = 0$/);
  assert.equal([of('trampoline').map(({ args }) => args['name']), of('signal')[0]?.name], [['target'], 'SIGUSR1']);
  assert.ok(of('fault').every(({ args }) => /^0x/.test(args['address'] ?? '')) && of('fault').length > 0);
  const turns = all.filter(({ pid, ph }) => pid === 0 && ph === 'X'), end = counters.cycles / 3200;
  assert.ok(Math.abs(turns.reduce((sum, { dur = 0 }) => sum + dur, 0) - end) < 1, `${end}`);
  assert.equal(turns.map(({ ts }) => ts), turns.map(({ ts }) => ts).sort((a, b) => a - b));
  assert.ok(turns.some(({ args }) => `${args['tid']}` === '1001'));
});
profiles('what cannot be written is a sentence, and nothing of it is left', async () => {
  for (const option of ['--profile', '--events']) {
    const host = new CliHost(['run', option, '/nowhere/file', '/guest'], { '/guest': [build(`_start: ${systemCall(60, 0)}`, 64)] });
    assert.is(await main(host), 2);
    assert.match(host.errors, /^tramp64: \/nowhere\/file: /);
  }
  const host = new CliHost(['run', '--profile', 'a', '--trace', 'b', '/guest'], { '/guest': [GUEST] });
  assert.equal([await main(host), host.errors], [2, 'tramp64: run: --trace goes with neither --profile nor --events\n']);
});
profiles.run();
