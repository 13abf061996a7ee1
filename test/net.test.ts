/** Waiting and sockets: epoll(7), eventfd(2), poll(2), socket(7), unix(7), tcp(7), udp(7), as one task sees them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM, ESRCH } from '../src/base/errno.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const call = (w: KernelWorld, name: string, ...args: (number | bigint | string)[]): number => {
  const result = w.call(SYS.get(name) ?? -1, ...args);
  assert.type(result, 'number', `${name} did not return`);
  return Number(result);
};
const O_NONBLOCK = 0o4000;
const IN = 1, OUT = 4, HUP = 16, ET = 0x80000000, ONESHOT = 0x40000000;
const pipe = (w: KernelWorld, flags = O_NONBLOCK): [number, number] => {
  const at = w.buffer(8);
  assert.is(call(w, 'pipe2', at, flags), 0);
  return [w.peek(at, 4).getInt32(0, true), w.peek(at + 4, 4).getInt32(0, true)];
};

const events = suite('net › eventfd');
events('adds what is written, and a read takes all', () => {
  const w = new KernelWorld(), fd = call(w, 'eventfd2', 3, O_NONBLOCK), at = w.words(4), out = w.buffer(8);
  assert.is(call(w, 'write', fd, at, 8), 8);
  assert.is(call(w, 'read', fd, out, 8), 8);
  assert.is(w.peek(out, 8).getBigUint64(0, true), 7n);
  assert.is(call(w, 'read', fd, out, 8), -EAGAIN);
  assert.is(call(w, 'read', fd, out, 7), -EINVAL);
});
events('as a semaphore a read takes one', () => {
  const w = new KernelWorld(), fd = call(w, 'eventfd2', 2, 1 | O_NONBLOCK), out = w.buffer(8);
  assert.equal([call(w, 'read', fd, out, 8), call(w, 'read', fd, out, 8), call(w, 'read', fd, out, 8)], [8, 8, -EAGAIN]);
  assert.is(w.peek(out, 8).getBigUint64(0, true), 1n);
});
events('never reaches all ones', () => {
  const w = new KernelWorld(), fd = call(w, 'eventfd2', 0, O_NONBLOCK);
  assert.is(call(w, 'write', fd, w.words(-1), 8), -EINVAL);
  assert.is(call(w, 'write', fd, w.words(-2), 8), 8);
  assert.is(call(w, 'write', fd, w.words(1), 8), -EAGAIN);
});
events.run();

const epoll = suite('net › epoll');
const ctl = (w: KernelWorld, ep: number, op: number, fd: number, bits: number, data = fd): number => {
  const event = new DataView(new ArrayBuffer(12));
  event.setUint32(0, bits, true); event.setBigUint64(4, BigInt(data), true);
  return call(w, 'epoll_ctl', ep, op, fd, w.buffer(12, new Uint8Array(event.buffer)));
};
const ADD = 1, DEL = 2, MOD = 3;
/** What epoll_wait tells at once: `[bits, data]`. */
const ready = (w: KernelWorld, ep: number, most = 8): (readonly [number, number])[] => {
  const at = w.buffer(12 * most), count = call(w, 'epoll_wait', ep, at, most, 0);
  return Array.from({ length: count }, (_, i) => [w.peek(at + 12 * i, 12).getUint32(0, true), Number(w.peek(at + 12 * i, 12).getBigUint64(4, true))] as const);
};
epoll('level-triggered, tells as long as it is so', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), fd = call(w, 'eventfd', 0);
  assert.is(ctl(w, ep, ADD, fd, IN), 0);
  assert.equal(ready(w, ep), []);
  call(w, 'write', fd, w.words(1), 8);
  assert.equal([ready(w, ep), ready(w, ep)], [[[IN, fd]], [[IN, fd]]]);
});
epoll('edge-triggered, tells once for each write, whether or not it was read', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), fd = call(w, 'eventfd', 1);
  assert.is(ctl(w, ep, ADD, fd, IN | ET), 0);
  assert.equal([ready(w, ep), ready(w, ep)], [[[IN, fd]], []]);
  call(w, 'write', fd, w.words(1), 8);
  assert.equal([ready(w, ep), ready(w, ep)], [[[IN, fd]], []]);
  assert.is(ctl(w, ep, MOD, fd, IN | OUT | ET), 0);
  assert.equal(ready(w, ep), [[IN | OUT, fd]]);
});
epoll('edge-triggered, a pipe is told of for every write', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), [reader, writer] = pipe(w);
  ctl(w, ep, ADD, reader, IN | ET);
  call(w, 'write', writer, 'x', 1);
  assert.equal([ready(w, ep), ready(w, ep)], [[[IN, reader]], []]);
  call(w, 'write', writer, 'x', 1);
  assert.equal(ready(w, ep), [[IN, reader]]);
});
epoll('one-shot, tells once until it is modified', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), fd = call(w, 'eventfd', 1);
  ctl(w, ep, ADD, fd, IN | ONESHOT);
  assert.equal([ready(w, ep), ready(w, ep)], [[[IN, fd]], []]);
  ctl(w, ep, MOD, fd, IN | ONESHOT, 77);
  assert.equal(ready(w, ep), [[IN, 77]]);
});
epoll('gives everybody a turn', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), fds = [1, 2, 3].map(() => call(w, 'eventfd', 1));
  for (const fd of fds) ctl(w, ep, ADD, fd, IN);
  assert.equal([0, 1, 2, 3].map(() => ready(w, ep, 1)[0]?.[1]), [...fds, fds[0]]);
});
epoll('a closed file is forgotten, one that is open elsewhere is not', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), fd = call(w, 'eventfd', 1), other = call(w, 'dup', fd);
  ctl(w, ep, ADD, fd, IN);
  call(w, 'close', fd);
  assert.equal(ready(w, ep), [[IN, fd]]);
  call(w, 'close', other);
  assert.equal(ready(w, ep), []);
});
epoll('a writer that is gone is told though nobody asked', () => {
  const w = new KernelWorld(), ep = call(w, 'epoll_create1', 0), [reader, writer] = pipe(w);
  ctl(w, ep, ADD, reader, 0);
  call(w, 'close', writer);
  assert.equal(ready(w, ep), [[HUP, reader]]);
});
epoll('nests, but not in a ring and not too deep', () => {
  const w = new KernelWorld(), eps = Array.from({ length: 7 }, () => call(w, 'epoll_create1', 0)), fd = call(w, 'eventfd', 1);
  const [a = 0, b = 0] = eps;
  assert.is(ctl(w, a, ADD, a, IN), -EINVAL);
  assert.is(ctl(w, b, ADD, fd, IN), 0);
  assert.is(ctl(w, a, ADD, b, IN), 0);
  assert.is(ctl(w, b, ADD, a, IN), -ELOOP);
  assert.equal(ready(w, a), [[IN, b]]);
  const chain = eps.slice(1).map((ep, i) => ctl(w, ep, ADD, eps[i + 2] ?? fd, IN));
  assert.is(chain.filter(result => result === -ELOOP).length > 0, true);
});
epoll('mistakes have the errno Linux gives', () => {
  const w = new KernelWorld({ '/home/a.txt': 'x' }), ep = call(w, 'epoll_create1', 0), fd = call(w, 'eventfd', 0), at = w.buffer(64);
  assert.equal([call(w, 'epoll_create', 0), call(w, 'epoll_create1', 1), ctl(w, ep, ADD, 99, IN), ctl(w, ep, MOD, fd, IN), ctl(w, ep, DEL, fd, IN)], [-EINVAL, -EINVAL, -EBADF, -ENOENT, -ENOENT]);
  assert.equal([ctl(w, ep, ADD, fd, IN), ctl(w, ep, ADD, fd, IN), ctl(w, ep, 9, fd, IN), ctl(w, fd, ADD, ep, IN)], [0, -EEXIST, -EINVAL, -EINVAL]);
  assert.is(ctl(w, ep, ADD, call(w, 'open', 'a.txt', 0), IN), -EPERM);
  assert.equal([call(w, 'epoll_wait', ep, at, 0, 0), call(w, 'epoll_wait', fd, at, 1, 0), call(w, 'epoll_wait', 99, at, 1, 0)], [-EINVAL, -EINVAL, -EBADF]);
});
epoll.run();

const timers = suite('net › timerfd');
/** An itimerspec: what it is set to, then the interval, in nanoseconds. */
const setting = (w: KernelWorld, value: number, interval = 0): number => w.words(Math.floor(interval / 1e9), interval % 1e9, Math.floor(value / 1e9), value % 1e9);
const ticks = (w: KernelWorld, fd: number): number => { const at = w.buffer(8), got = call(w, 'read', fd, at, 8); return got < 0 ? got : Number(w.peek(at, 8).getBigUint64(0, true)); };
timers('a read waits until it goes off, and tells how often it has', () => {
  const w = new KernelWorld(), { clock } = w.kernel.system, fd = call(w, 'timerfd_create', 1, 0), before = clock.monotonicNs();
  assert.is(call(w, 'timerfd_settime', fd, 0, setting(w, 5e9, 1e9), 0), 0);
  assert.equal([ticks(w, fd), clock.monotonicNs() - before], [1, 5e9]);
  clock.advanceTo(before + 8.5e9);
  assert.is(ticks(w, fd), 3);
  const left = w.buffer(32);
  assert.is(call(w, 'timerfd_gettime', fd, left), 0);
  assert.equal([0, 8, 16, 24].map(at => Number(w.peek(left + at, 8).getBigUint64(0, true))), [1, 0, 0, 5e8]);
});
timers('a poll wakes when it goes off; an edge comes once for a read', () => {
  const w = new KernelWorld(), { clock } = w.kernel.system, fd = call(w, 'timerfd_create', 1, O_NONBLOCK), ep = call(w, 'epoll_create1', 0), before = clock.monotonicNs();
  ctl(w, ep, ADD, fd, IN | ET);
  call(w, 'timerfd_settime', fd, 0, setting(w, 1e6, 1e6), 0);
  assert.is(call(w, 'epoll_wait', ep, w.buffer(12), 1, -1), 1);
  assert.is(clock.monotonicNs() - before, 1e6);
  assert.equal([call(w, 'epoll_wait', ep, w.buffer(12), 1, 10), ticks(w, fd), ticks(w, fd)], [0, 11, -EAGAIN]);
});
timers('a moment that has passed has gone off; 0 disarms', () => {
  const w = new KernelWorld(), fd = call(w, 'timerfd_create', 0, O_NONBLOCK), old = w.buffer(32);
  assert.equal([call(w, 'timerfd_settime', fd, 1, setting(w, 1e9), 0), ticks(w, fd)], [0, 1]);
  call(w, 'timerfd_settime', fd, 0, setting(w, 3e9), 0);
  assert.equal([call(w, 'timerfd_settime', fd, 0, setting(w, 0), old), w.peek(old + 16, 8).getBigUint64(0, true)], [0, 3n]);
  assert.equal([ticks(w, fd), call(w, 'timerfd_settime', fd, 0, setting(w, 1.5e9 - 2e9), 0), call(w, 'timerfd_create', 2, 0)], [-EAGAIN, -EINVAL, -EINVAL]);
});
timers.run();

const signals = suite('net › signalfd');
signals('gives the blocked signals of whoever reads, as polls see them', () => {
  const w = new KernelWorld(), { pid } = w.task.process, set = w.words(1n << 9n), fd = call(w, 'signalfd4', -1, set, 8, O_NONBLOCK), at = w.buffer(256);
  assert.is(call(w, 'rt_sigprocmask', 0, set, 0, 8), 0);
  assert.is(call(w, 'read', fd, at, 256), -EAGAIN);
  call(w, 'kill', pid, 10);
  assert.is(call(w, 'poll', w.words(BigInt(fd) | 1n << 32n), 1, 0), 1);
  assert.equal([call(w, 'read', fd, at, 256), w.peek(at, 4).getUint32(0, true), w.peek(at + 12, 4).getUint32(0, true)], [128, 10, pid]);
  assert.equal([call(w, 'read', fd, at, 127), call(w, 'signalfd4', fd, set, 4, 0), call(w, 'signalfd4', 0, set, 8, 0)], [-EINVAL, -EINVAL, -EINVAL]);
});
signals.run();

const processes = suite('net › pidfd');
processes('names a process, sends it signals, and gives its descriptors', () => {
  const w = new KernelWorld(), { pid } = w.task.process, fd = call(w, 'pidfd_open', pid, 0), event = call(w, 'eventfd', 7);
  assert.equal([call(w, 'fcntl', fd, 1), call(w, 'pidfd_open', 4711, 0), call(w, 'pidfd_open', 0, 0)], [1, -ESRCH, -EINVAL]);
  w.task.signals.mask = 1n << 9n;
  assert.equal([call(w, 'pidfd_send_signal', fd, 10, 0, 0), call(w, 'pidfd_send_signal', event, 10, 0, 0)], [0, -EBADF]);
  assert.is(w.task.signals.shared.length, 1);
  assert.is(ticks(w, call(w, 'pidfd_getfd', fd, event, 0)), 7);
});
processes.run();

const waiting = suite('net › poll and select');
waiting('select tells what is left of the time', () => {
  const w = new KernelWorld(), [reader, writer] = pipe(w), set = w.words(1 << reader), time = w.words(5, 250000);
  call(w, 'write', writer, 'x', 1);
  assert.is(call(w, 'select', reader + 1, set, 0, 0, time), 1);
  assert.equal([w.peek(time, 16).getBigInt64(0, true), w.peek(time, 16).getBigInt64(8, true)], [5n, 250000n]);
  call(w, 'read', reader, w.buffer(8), 8);
  assert.is(call(w, 'select', reader + 1, set, 0, 0, time), 0);
  assert.equal([w.peek(time, 16).getBigInt64(0, true), w.peek(time, 16).getBigInt64(8, true), w.peek(set, 8).getUint32(0, true)], [0n, 0n, 0]);
});
waiting('ppoll and pselect put the mask back when they are done', () => {
  const w = new KernelWorld(), mask = w.words(-1), { signals } = w.task;
  signals.mask = 4n;
  assert.is(call(w, 'ppoll', 0, 0, w.words(1, 0), mask, 8), 0);
  assert.is(call(w, 'pselect6', 0, 0, 0, 0, w.words(1, 0), w.words(mask, 8)), 0);
  assert.equal([signals.mask, signals.savedMask], [4n, null]);
  assert.is(call(w, 'ppoll', 0, 0, w.words(1, 0), mask, 4), -EINVAL);
});
waiting('no more descriptors than RLIMIT_NOFILE', () => {
  const w = new KernelWorld(), at = w.buffer(8 * 8);
  w.host.laterInput = [{ afterNs: 1e9, text: 'x' }]; // An end would be told unasked.
  call(w, 'prlimit64', 0, 7, w.words(7, 1024), 0);
  assert.equal([call(w, 'poll', at, 8, 0), call(w, 'poll', at, 7, 0)], [-EINVAL, 0]);
});
waiting.run();
