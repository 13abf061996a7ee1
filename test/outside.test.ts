/** Standard input that comes when it comes, and the host's own clock: read(2), poll(2), clock_gettime(2), nanosleep(2), as one task and as two see them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN } from '../src/base/errno.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { runGuest } from './support/guest.ts';
import { build, DATA, systemCall } from './support/guest-program.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const call = (w: KernelWorld, name: string, ...args: (number | bigint | string)[]): number => Number(w.call(SYS.get(name) ?? -1, ...args));
const MILLISECOND_NS = 1e6, POLLIN = 1, POLLOUT = 4, POLLHUP = 16, O_NONBLOCK = 0o4000, F_SETFL = 4;
/** A world whose standard input gets texts at such times, in milliseconds from the start. */
function world(input: readonly (readonly [afterMilliseconds: number, text: string])[], clock: 'virtual' | 'host' = 'virtual'): KernelWorld {
  const host = new MemoryHost();
  host.laterInput = input.map(([after, text]) => ({ afterNs: after * MILLISECOND_NS, text }));
  return new KernelWorld({}, host, [], null, clock);
}
const milliseconds = (host: MemoryHost, since: bigint): number => Number(host.realTimeNs() - since) / MILLISECOND_NS;
const monotonicMs = ({ kernel }: KernelWorld): number => kernel.system.clock.monotonicNs() / MILLISECOND_NS;
const pollInput = (w: KernelWorld, timeout: number, events = POLLIN): readonly [number, number] => {
  const fds = w.words(BigInt(events) << 32n), found = call(w, 'poll', fds, 1, timeout);
  return [found, w.peek(fds, 8).getUint16(6, true)];
};
const read = (w: KernelWorld, most = 64): string | number => {
  const at = w.buffer(most), got = call(w, 'read', 0, at, most);
  return got < 0 ? got : w.text(at, got);
};

const input = suite('outside › standard input');
input('poll waits for what comes, and for no more than its time', () => {
  const w = world([[500, 'late']]), before = monotonicMs(w);
  assert.equal(pollInput(w, 300), [0, 0]);
  assert.is(Math.round(monotonicMs(w) - before), 300);
  assert.equal(pollInput(w, 1000), [1, POLLIN]);
  assert.is(read(w), 'late', 'a look takes nothing away');
  assert.equal(pollInput(w, -1), [1, POLLHUP], 'and then it is over');
  assert.is(read(w), '');
});
input('what comes soon is waited for, though poll would not: so two runs see the same', () => {
  const w = world([[10, 'soon'], [500, 'late']]);
  assert.equal(pollInput(w, 0), [1, POLLIN]);
  assert.equal([read(w, 3), read(w)], ['soo', 'n']);
  assert.equal([pollInput(w, 0), pollInput(w, 0)], [[0, 0], [0, 0]]);
});
input('select and epoll see what poll sees', () => {
  const w = world([[100, 'x']]), set = w.words(1), time = w.words(0, 50_000), epoll = call(w, 'epoll_create1', 0), event = w.words(1, 7);
  assert.is(call(w, 'select', 1, set, 0, 0, time), 0);
  assert.is(call(w, 'epoll_ctl', epoll, 1, 0, event), 0);
  assert.is(call(w, 'epoll_wait', epoll, event, 1, 20), 0);
  assert.is(call(w, 'epoll_wait', epoll, event, 1, -1), 1);
  w.poke(set, Uint8Array.of(1));
  assert.is(call(w, 'select', 1, set, 0, 0, time), 1);
});
input('with O_NONBLOCK a read says that there is nothing yet', () => {
  const w = world([[100, 'x']]);
  call(w, 'fcntl', 0, F_SETFL, O_NONBLOCK);
  assert.is(read(w), -EAGAIN);
  assert.equal(pollInput(w, -1), [1, POLLIN]);
  assert.is(read(w), 'x');
});
input('an alarm ends a read that nothing comes for', () => {
  const w = world([[60_000, 'x']]), action = w.words(1, 0, 0, 0);
  assert.is(call(w, 'rt_sigaction', 14, w.words(0x400000, 0x04000000, 0x400000, 0), 0, 8), 0);
  call(w, 'setitimer', 0, w.words(0, 0, 0, 300_000), 0);
  call(w, 'read', 0, action, 8);
  assert.is(w.task.registers.rip, 0x400000, 'the handler is entered');
  assert.ok(milliseconds(w.host, 1_700_000_000_000_000_000n) < 1000);
});
input('standard output is ready for writing alone', () => {
  const w = world([[100, 'x']]), fds = w.words(1n | BigInt(POLLIN | POLLOUT) << 32n);
  assert.is(call(w, 'poll', fds, 1, 0), 1);
  assert.is(w.peek(fds, 8).getUint16(6, true), POLLOUT);
});
input('one task reads, and the other goes on meanwhile', () => {
  const elf = build(`_start:
    ${systemCall(57)}
    test eax, eax
    jz child
    ${systemCall(0, 0, DATA, 4)}
    ${systemCall(1, 1, DATA, 4)}
    ${systemCall(61, -1, 0, 0, 0)}
    ${systemCall(231, 0)}
  child:
    mov qword ptr [${DATA + 16}], 0
    mov qword ptr [${DATA + 24}], 100000000
    mov dword ptr [${DATA + 8}], 0x20646c6f
    ${systemCall(35, DATA + 16, 0)}
    ${systemCall(1, 1, DATA + 8, 4)}
    ${systemCall(231, 0)}
  `, 0x1000);
  const input = (afterMs: number): string => {
    const { stdout, status, stderr } = runGuest(elf, { laterInput: [{ afterNs: afterMs * MILLISECOND_NS, text: 'new ' }] });
    assert.is(status, 0, stderr);
    return String.fromCharCode(...stdout);
  };
  assert.equal([input(5), input(3000)], ['new old ', 'old new ']);
});
input.run();

const clock = suite("outside › the host's clock");
clock('a sleep takes as long as it says, and dates are the host\'s', () => {
  const w = world([], 'host'), { host } = w, began = host.realTimeNs(), now = w.buffer(16);
  assert.is(call(w, 'nanosleep', w.words(2, 500_000_000), 0), 0);
  assert.is(milliseconds(host, began), 2500);
  call(w, 'clock_gettime', 0, now);
  assert.is(w.peek(now, 8).getBigInt64(0, true), host.realTimeNs() / 1_000_000_000n);
});
clock('poll waits that long', () => {
  const w = world([[700, 'x']], 'host'), { host } = w, began = host.realTimeNs();
  assert.equal(pollInput(w, 300), [0, 0]);
  assert.is(milliseconds(host, began), 300);
  assert.equal(pollInput(w, -1), [1, POLLIN]);
  assert.ok(milliseconds(host, began) >= 700 && milliseconds(host, began) < 710);
});
clock('the virtual one is no later for what the host needs', () => {
  const w = world([[700, 'x']]), before = monotonicMs(w);
  assert.equal(pollInput(w, -1), [1, POLLIN]);
  assert.is(monotonicMs(w), before);
});
clock.run();
