/** The system-call form of trampolines, call by call: arguments in order, targets, rights, life times, limits, and that its objects are those of descriptors. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EAGAIN, EFAULT, EIDRM, EINVAL, ENOMEM, ENOSPC, EPERM } from '../src/base/errno.ts';
import { OBJECTS_A_PROCESS_MAX } from '../src/trampfd/handles.ts';
import { TYPES } from '../src/trampfd/uapi.ts';
import { DATA_AT } from './support/kernel-world.ts';
import { ATTACH, BY_ID, NAME, PCS, PERSIST, REGS, SET_REGS, SET_SP, SET_STACK, STACK, TrampfdWorld, contexts, pcs, regs, stack, words, type Call } from './support/trampfd-world.ts';

const BAD = 0x10, AT = DATA_AT + 0x1000, PLACE = 0x70_0000, TARGET = 0x401000n, R10 = 10;
const GOOD = contexts([['r10', 7n], ['rip', TARGET]]), NO_PARAMETER = 0;
type Arg = number | bigint;
type Row = readonly [call: Call, args: readonly Arg[], result: number, argument?: Uint8Array];

/** Each row in a world of its own, where a trampoline is at PLACE and another has the ID 0; `argument` lies at AT. */
function rows(title: string, table: readonly Row[]): void {
  const calls = suite(`trampfd › ${title}`);
  for (const [name, args, result, argument = GOOD] of table) {
    const shown = argument === GOOD ? '' : ` with ${[...argument.subarray(0, 32)].join(' ')}`;
    calls(`${name}(${args.map(arg => typeof arg === 'number' && arg > 0xffff ? `0x${arg.toString(16)}` : String(arg)).join(', ')})${shown} = ${result}`, () => {
      const w = new TrampfdWorld(), good = w.buffer(GOOD.length, GOOD);
      assert.is(w.sys('tramp_create', 0, 0, good, PLACE), PLACE);
      assert.is(w.sys('tramp_create', 0, BY_ID, good, 0o700), 0);
      w.poke(AT, argument);
      assert.is(w.sys(name, ...args), result);
    });
  }
  calls.run();
}
const changed = (at: number, value: number): Uint8Array => {
  const bytes = GOOD.slice();
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
};
const FORTY = contexts(Array.from({ length: 40 }, () => ['rip', TARGET] as const)), FULL = contexts([], new Array<number>(64).fill(1), SET_SP, 256);

rows('tramp_create checks its arguments in order', [
  ['tramp_create', [0, 0, AT, 0x71_0000], 0x71_0000], ['tramp_create', [0, BY_ID, AT, 0o600], 1], ['tramp_create', [0, BY_ID | PERSIST, AT, 0o777], 1],
  ['tramp_create', [5, 32, BAD, 0], -EINVAL], ['tramp_create', [5, 0, 0, 0], -EINVAL], ['tramp_create', [0, PERSIST, AT, 0], -EINVAL], ['tramp_create', [0, ATTACH, AT, 0], -EINVAL],
  ['tramp_create', [5, 0, BAD, 0], -EINVAL], ['tramp_create', [-1, 0, BAD, 0], -EINVAL], ['tramp_create', [0, BY_ID, BAD, 0o1000], -EINVAL], ['tramp_create', [0, 0, BAD, 0], -EFAULT],
  ['tramp_create', [0, 0, 0, 0], -EINVAL], ['tramp_create', [0, 0, 1, 0], -EFAULT],
  ['tramp_create', [0, 0, AT, 0x71_0000], 0x71_0000, contexts([])], ['tramp_create', [0, 0, AT, 0x71_0000], 0x71_0000, FORTY], ['tramp_create', [0, 0, AT, 0x71_0000], 0x71_0000, FULL],
  ['tramp_create', [0, 0, DATA_AT + 0x20000 - 8, 0], -EFAULT],
]);
const BROKEN: readonly (readonly [string, Uint8Array])[] = [
  ['41 registers', changed(0, 41)], ['2^32 - 1 registers', changed(0, 0xffff_ffff)], ['65 bytes of data', changed(4, 65)], ['an unknown flag', contexts([['rip', TARGET]], [1], 2)],
  ['an offset beyond 256', contexts([['rip', TARGET]], [1], 0, 257)], ['a flag without data', contexts([['rip', TARGET]], [], 2)], ['a reserved word of an entry', changed(20, 1)],
  ['a 32-bit name', contexts([['eip', TARGET]])], ['a name beyond', changed(16, NAME.max)], ['no rip', contexts([['r10', 1n]])], ['a rip of 0', contexts([['rip', 0n]])],
];
for (const call of ['tramp_create', 'tramp_set'] as const) {
  rows(`what ${call} finds wrong with contexts`, BROKEN.map(([, bytes]) => call === 'tramp_create' ? [call, [0, 0, AT, 0], -EINVAL, bytes] : [call, [PLACE, SET_REGS | SET_STACK, AT], -EINVAL, bytes]));
}
rows('tramp_set, tramp_get and tramp_allow', [
  ['tramp_set', [PLACE, SET_REGS, AT], 0], ['tramp_set', [0, BY_ID | SET_STACK, AT], 0], ['tramp_set', [PLACE, 0, AT], -EINVAL], ['tramp_set', [PLACE, BY_ID, AT], -EINVAL],
  ['tramp_set', [PLACE, 0x20 | SET_REGS, AT], -EINVAL], ['tramp_set', [PLACE, SET_REGS, 0], -EINVAL], ['tramp_set', [PLACE, SET_REGS, BAD], -EFAULT],
  ['tramp_set', [PLACE + 1, SET_REGS, BAD], -EINVAL], ['tramp_set', [DATA_AT, SET_REGS, AT], -EINVAL], ['tramp_set', [0, SET_REGS, AT], -EINVAL],
  ['tramp_set', [1n << 62n, SET_REGS, AT], -EINVAL], ['tramp_set', [-1n, SET_REGS, AT], -EINVAL], ['tramp_set', [1, BY_ID | SET_REGS, AT], -EINVAL],
  ['tramp_set', [1 << 15, BY_ID | SET_REGS, AT], -EIDRM], ['tramp_set', [-1, BY_ID | SET_REGS, AT], -EINVAL],
  ['tramp_get', [PLACE, 0, AT, 720], 48], ['tramp_get', [0, BY_ID, AT, 16], 48], ['tramp_get', [PLACE, 0, AT, 15], -EINVAL], ['tramp_get', [PLACE, 0, AT, 721], -EINVAL],
  ['tramp_get', [PLACE, SET_REGS, AT, 48], -EINVAL], ['tramp_get', [PLACE, 0, 0, 48], -EINVAL], ['tramp_get', [PLACE, 0, BAD, 48], -EFAULT], ['tramp_get', [DATA_AT, 0, AT, 48], -EINVAL],
  ['tramp_get', [0, 0, 1, 0], -EINVAL],
  ['tramp_allow', [PLACE, 0, AT, 1], 0], ['tramp_allow', [PLACE, 0, AT, 0], 0], ['tramp_allow', [PLACE, 0, 0, 0], 0], ['tramp_allow', [PLACE, 0, AT, 17], -EINVAL], ['tramp_allow', [PLACE, 0, AT, 1n << 62n], -EINVAL],
  ['tramp_allow', [PLACE, 0, 0, 1], -EINVAL], ['tramp_allow', [PLACE, 0, BAD, 1], -EFAULT], ['tramp_allow', [PLACE, SET_REGS, AT, 1], -EINVAL], ['tramp_allow', [5, BY_ID, AT, 1], -EINVAL],
  ['tramp_allow', [PLACE, 0, AT, 2], -EINVAL, words(TARGET, 0n)], ['tramp_allow', [PLACE, 0, AT, 16], 0, words(...new Array<bigint>(16).fill(TARGET))],
]);
rows('tramp_share and tramp_free', [
  ['tramp_share', [PLACE, 0, 0o600], 1], ['tramp_share', [PLACE, PERSIST, 0o600], 1], ['tramp_share', [PLACE, 0, 0o1000], -EINVAL], ['tramp_share', [PLACE, SET_REGS, 0], -EINVAL],
  ['tramp_share', [PLACE, ATTACH, 0], -EINVAL], ['tramp_share', [0, BY_ID | ATTACH | PERSIST, 0], -EINVAL], ['tramp_share', [0, BY_ID | ATTACH, 0x71_0000], 0x71_0000],
  ['tramp_share', [0, BY_ID, 0o644], 0], ['tramp_share', [7, BY_ID, 0o644], -EINVAL], ['tramp_share', [DATA_AT, 0, 0], -EINVAL],
  ['tramp_free', [PLACE, 0], 0], ['tramp_free', [0, BY_ID], 0], ['tramp_free', [0, 0], -EINVAL], ['tramp_free', [PLACE, SET_REGS], -EINVAL], ['tramp_free', [PLACE + 4096, 0], -EINVAL],
  ['tramp_free', [DATA_AT, 0], -EINVAL], ['tramp_free', [1, BY_ID], -EINVAL], ['tramp_free', [1 << 15, BY_ID], -EIDRM],
]);

const form = suite('trampfd › without descriptors');
const create = (w: TrampfdWorld, flags = 0, where = 0, bytes = GOOD, type = 0): number => w.sys('tramp_create', type, flags, w.buffer(bytes.length, bytes), where);
const set = (w: TrampfdWorld, target: number, flags: number, bytes: Uint8Array): number => w.sys('tramp_set', target, flags, w.buffer(bytes.length, bytes));
const get = (w: TrampfdWorld, target: number, flags = 0): Uint8Array => {
  const at = w.buffer(720), length = w.sys('tramp_get', target, flags, at, 720);
  return length < 0 ? words(length) : new Uint8Array(w.peek(at, length).buffer);
};
form('one call makes a trampoline: no descriptor, no frame, an address that loads its context', () => {
  const w = new TrampfdWorld(), bytes = w.buffer(GOOD.length, GOOD), frames = w.mmu.frames.used, next = w.sys('dup', 0);
  const at = w.sys('tramp_create', 0, 0, bytes, 0);
  assert.is(w.sys('dup', 0), next + 1);
  assert.is(w.mmu.frames.used, frames);
  assert.equal([w.fault(at), w.task.registers.rip, w.task.registers.get(R10)], ['resume', Number(TARGET), 7n]);
  assert.is(w.sys('munmap', at, 4096), 0);
  assert.is(w.objects.live, 0, 'munmap frees it, too');
});
form('a type without contexts takes its parameter in their place', () => {
  const w = new TrampfdWorld(), at = create(w, 0, 0, words(0, 0), TYPES.KERNEL);
  assert.ok(at > 0);
  assert.is(set(w, at, SET_REGS, GOOD), -EINVAL);
  assert.is(create(w, 0, 0, words(99, 0), TYPES.KERNEL), -EINVAL);
  assert.is(w.sys('tramp_create', TYPES.KERNEL, 0, BAD, NO_PARAMETER), -EFAULT);
  assert.is(w.objects.live, 1, 'what was refused is gone');
});
form('set replaces one context or both; what is wrong with either leaves both', () => {
  const w = new TrampfdWorld(), both = contexts([['rbx', 1n], ['rip', TARGET]], [1, 2, 3], SET_SP, 8), at = create(w, 0, 0, both);
  assert.equal(get(w, at), both);
  assert.is(set(w, at, SET_REGS, contexts([['rip', 5n]], [9])), 0);
  assert.equal(get(w, at), contexts([['rip', 5n]], [1, 2, 3], SET_SP, 8));
  assert.is(set(w, at, SET_STACK, contexts([['rip', 6n]], [9])), 0);
  assert.equal(get(w, at), contexts([['rip', 5n]], [9]));
  assert.is(set(w, at, SET_REGS | SET_STACK, contexts([['rip', 7n]], [1], 4)), -EINVAL);
  assert.is(set(w, at, SET_REGS | SET_STACK, contexts([['r10', 7n]], [1])), -EINVAL);
  assert.equal(get(w, at), contexts([['rip', 5n]], [9]));
  assert.is(set(w, at, SET_REGS | SET_STACK, contexts([])), 0);
  assert.equal(get(w, at), contexts([]));
  assert.is(w.fault(at), 'denied', 'nothing is left to load');
});
form('fast ones are created, found, changed, shared and freed by the address at which they are called, in the middle of a page or not', () => {
  const WANTS_FAST = 32, w = new TrampfdWorld(), frames = w.mmu.frames.used, places = [1n, 2n, 3n].map(value => create(w, WANTS_FAST, 0, contexts([['r10', value], ['rip', TARGET]])));
  assert.equal(places.map(at => at % 4096), [0, 40, 80]);
  assert.equal(places.map(at => get(w, at)), [1n, 2n, 3n].map(value => contexts([['r10', value], ['rip', TARGET]])));
  const before = w.text(places[1]!, 40);
  assert.equal([set(w, places[1]!, SET_REGS, GOOD), get(w, places[1]!)], [0, GOOD]);
  assert.is.not(w.text(places[1]!, 40), before);
  assert.equal([w.sys('tramp_free', places[1]! - 40, 0), w.sys('tramp_get', places[2]! + 1, 0, AT, 16)], [-EINVAL, -EINVAL]);
  const id = w.sys('tramp_share', places[2]!, 0, 0o700), other = w.sys('tramp_share', id, BY_ID | ATTACH, 0);
  assert.equal([other % 4096, other === places[2], w.text(other, 40) === w.text(places[2]!, 40)], [80, false, true]);
  assert.equal([...places, other].map(at => w.sys('tramp_free', at, 0)), [0, 0, 0, 0]);
  assert.equal([w.objects.live, w.sys('tramp_free', id, BY_ID), w.objects.live, w.objects.bytes], [1, 0, 0, 0]);
  assert.ok(w.mmu.frames.used <= frames + 2, 'the frame is back; tables and pages of data stay');
  assert.is(create(w, WANTS_FAST, 0, words(0, 0), TYPES.KERNEL), -EINVAL, 'not of a type that has no code');
});
form('allowed PCs bind what comes after them', () => {
  const w = new TrampfdWorld(), at = create(w), list = w.buffer(16, words(1n, 2n));
  assert.is(w.sys('tramp_allow', at, 0, list, 2), 0);
  assert.is(w.fault(at), 'resume', 'what is there is not checked again');
  assert.equal([set(w, at, SET_REGS, contexts([['rip', 2n]])), set(w, at, SET_REGS, contexts([['rip', 3n]]))], [0, -EINVAL]);
  assert.is(w.sys('tramp_allow', at, 0, 0, 0), 0);
  assert.is(set(w, at, SET_REGS, contexts([['rip', 3n]])), 0);
});
form('objects are those of descriptors: each form sees what the other wrote', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({ [REGS]: regs(['rip', TARGET]), [STACK]: stack([5], 0, 16), [PCS]: pcs(TARGET, 9n) });
  assert.equal(get(w, at), contexts([['rip', TARGET]], [5], 0, 16));
  assert.equal([set(w, at, SET_REGS, contexts([['rip', 8n]])), set(w, at, SET_REGS, contexts([['rip', 9n]]))], [-EINVAL, 0]);
  assert.equal(w.read(fd, REGS, 24), regs(['rip', 9n]));
  const id = w.sys('tramp_share', at, 0, 0o700), other = w.sys('tramp_share', id, BY_ID | ATTACH, 0);
  assert.equal([w.sys('close', fd), w.sys('tramp_free', at, 0), w.sys('tramp_free', id, BY_ID)], [0, 0, 0]);
  assert.equal([w.fault(other), w.task.registers.rip, w.objects.live], ['resume', 9, 1]);
  assert.is(w.sys('tramp_free', other, 0), 0);
  assert.is(w.objects.live, 0);
});
form('a hint that is taken gives another address', () => {
  const w = new TrampfdWorld(), at = create(w, 0, PLACE), other = create(w, 0, PLACE);
  assert.is(at, PLACE);
  assert.ok(other !== PLACE && other > 0);
});
form('by ID there is nothing mapped until it is attached, at as many places as wanted', () => {
  const w = new TrampfdWorld(), before = w.task.process.memory.vmas.length, id = create(w, BY_ID, 0o700);
  assert.is(w.task.process.memory.vmas.length, before);
  const places = [w.sys('tramp_share', id, BY_ID | ATTACH, 0), w.sys('tramp_share', id, BY_ID | ATTACH, 0)];
  assert.equal(places.map(at => w.fault(at)), ['resume', 'resume']);
  assert.is(w.sys('tramp_free', id, BY_ID), 0);
  assert.equal([w.sys('tramp_get', id, BY_ID, w.buffer(16), 16), w.fault(places[0]!)], [-EINVAL, 'resume']);
  for (const at of places) w.sys('tramp_free', at, 0);
  assert.is(w.objects.live, 0);
});
form('a number is given again with another sequence: the old one is EIDRM', () => {
  const w = new TrampfdWorld(), id = create(w, BY_ID, 0o700);
  w.sys('tramp_free', id, BY_ID);
  const next = create(w, BY_ID, 0o700);
  assert.is(next, id + (1 << 15));
  assert.is(w.sys('tramp_free', id, BY_ID), -EIDRM);
});
form('sharing what has an ID changes its mode, and its ID stays', () => {
  const w = new TrampfdWorld(), at = create(w);
  assert.equal([w.sys('tramp_share', at, 0, 0o700), w.sys('tramp_share', at, 0, 0o400)], [0, 0]);
  assert.is(set(w, at, SET_REGS, GOOD), -EACCES, 'also by address');
  assert.equal(get(w, at), GOOD);
  assert.is(w.sys('tramp_share', 0, BY_ID | ATTACH, 0), -EACCES);
  assert.is(w.sys('tramp_share', 0, BY_ID, 0o100), 0);
  assert.ok(w.sys('tramp_share', 0, BY_ID | ATTACH, 0) > 0);
  assert.equal([get(w, 0, BY_ID), w.sys('tramp_allow', 0, BY_ID, 0, 0)], [words(-EACCES), -EACCES]);
});
form('others have the rights the mode gives them, and only owners give or take', () => {
  const w = new TrampfdWorld(), id = create(w, BY_ID, 0o705), { user } = w.host;
  Object.assign(user, { euid: 2000, egid: 2000, groups: [2000] });
  assert.equal(get(w, id, BY_ID), GOOD);
  assert.is(set(w, id, BY_ID | SET_REGS, GOOD), -EACCES);
  const at = w.sys('tramp_share', id, BY_ID | ATTACH, 0);
  assert.is(w.fault(at), 'resume');
  assert.equal([w.sys('tramp_share', id, BY_ID, 0o777), w.sys('tramp_free', id, BY_ID), w.sys('tramp_free', at, 0)], [-EPERM, -EPERM, 0]);
  Object.assign(user, { euid: 0 });
  assert.equal([w.sys('tramp_share', id, BY_ID, 0o777), w.sys('tramp_free', id, BY_ID)], [0, 0]);
});
form('at most 4,096 IDs: then ENOSPC, and with an address it goes on', () => {
  const w = new TrampfdWorld(), at = w.buffer(GOOD.length, GOOD);
  for (let k = 0; k < 4096; k++) if (w.sys('tramp_create', 0, BY_ID, at, 0o700) < 0) throw new Error(`${k}`);
  assert.is(w.sys('tramp_create', 0, BY_ID, at, 0o700), -ENOSPC);
  const place = w.sys('tramp_create', 0, 0, at, 0);
  assert.is(w.sys('tramp_share', place, 0, 0o700), -ENOSPC);
  assert.is(w.fault(place), 'resume');
  assert.is(w.objects.live, 4097);
  w.sys('tramp_free', 17, BY_ID);
  assert.ok(w.sys('tramp_share', place, 0, 0o700) > 0);
});
form('at most 16,384 objects a process: then EAGAIN, until one is free', () => {
  const w = new TrampfdWorld(), at = w.buffer(GOOD.length, GOOD);
  let last = 0;
  for (let k = 0; k < OBJECTS_A_PROCESS_MAX; k++) last = w.sys('tramp_create', 0, 0, at, 0);
  assert.equal([w.sys('tramp_create', 0, 0, at, 0), w.sys('tramp_create', 0, BY_ID, at, 0o700)], [-EAGAIN, -EAGAIN]);
  assert.is(w.sys('trampfd_create', 0, w.words(0), 0), 3, 'descriptors have a limit of their own');
  assert.is(w.sys('tramp_free', last, 0), 0);
  assert.ok(w.sys('tramp_create', 0, 0, at, 0) > 0);
});
form('a limit of address space is ENOMEM, and leaves nothing behind', () => {
  const RLIMIT_AS = 9, SETRLIMIT = 160, w = new TrampfdWorld();
  w.call(SETRLIMIT, RLIMIT_AS, w.words(4096, 4096));
  assert.equal([create(w), w.objects.live], [-ENOMEM, 0]);
  const id = create(w, BY_ID, 0o700);
  assert.equal([id, w.sys('tramp_share', id, BY_ID | ATTACH, 0), w.objects.live], [0, -ENOMEM, 1]);
});
form('an ID goes with who made it, unless it persists', () => {
  const w = new TrampfdWorld(), at = create(w), kept = create(w, BY_ID | PERSIST, 0o700), other = create(w, BY_ID, 0o700);
  assert.equal([w.sys('tramp_share', at, PERSIST, 0o700), other], [2, 1]);
  assert.is(kept, 0);
  w.kernel.end(w.task.process, 0);
  w.task.process.memory.release();
  assert.equal([w.objects.live, w.objects.ids.all().map(({ id }) => id)], [2, [0, 2]]);
});
form.run();
