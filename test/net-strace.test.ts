/** strace's notation of sockets, epoll and their kin: the golden file is what a guest's calls print. */
import { suite } from 'uvu';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { Trace } from '../src/syscalls/strace.ts';
import { KernelWorld } from './support/kernel-world.ts';
import { golden } from './support/vectors.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const suiteOf = suite('net › strace');
suiteOf('prints addresses, messages, options and events', () => {
  const w = new KernelWorld(), trace = new Trace(line => w.host.report(line));
  w.kernel.trace = trace;
  const call = (name: string, ...args: (number | bigint | string)[]): unknown => w.call(SYS.get(name) ?? -1, ...args);
  const bytes = (...values: readonly number[]): [number, number] => [w.buffer(values.length, new Uint8Array(values)), values.length];
  const at = w.buffer(256), length = w.words(128), text = (value: string): number[] => Array.from(value, c => c.charCodeAt(0));
  const inet = bytes(2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), one = new Array<number>(15).fill(0);
  call('socket', 1, 0o2004001, 0); call('socket', 2, 2, 17); call('socket', 10, 1, 0); call('socket', 16, 3, 0); call('socket', 99, 1, 0);
  call('bind', 3, ...bytes(1, 0, 0, ...text('name'))); call('listen', 3, 5); call('connect', 3, ...bytes(1, 0, ...text('/none\0'))); call('accept4', 3, at, length, 0o2000000);
  call('connect', 4, ...inet); call('getsockname', 4, at, length); call('getpeername', 4, at, length); call('sendto', 4, 'hi', 2, 0x4040, ...inet); call('connect', 4, 0, 0);
  call('bind', 5, ...bytes(10, 0, 0, 80, 0, 0, 0, 0, ...one, 1, 0, 0, 0, 0)); call('bind', 5, ...bytes(10, 0, 0, 0, 0, 0, 0, 0, ...new Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1, 0, 0, 0, 0));
  call('getsockname', 6, at, w.words(128)); call('getsockname', 5, at, 8);
  call('socketpair', 1, 5, 0, at); call('write', 7, 'packet', 6); call('recvfrom', 8, at, 10, 2, 0, 0); call('shutdown', 7, 1);
  call('setsockopt', 7, 1, 16, w.words(1), 4); call('getsockopt', 7, 1, 17, at, w.words(12)); call('getsockopt', 7, 1, 4, at, w.words(4)); call('setsockopt', 8, 1, 20, w.words(1, 500), 16);
  call('setsockopt', 5, 1, 13, w.words(5n << 32n | 1n), 8); call('getsockopt', 5, 6, 1, at, w.words(4)); call('getsockopt', 5, 77, 5, at, w.words(4));
  const control = w.words(20, 1n << 32n | 1n, 0), vector = w.words(w.string('ab'), 2, w.string('cde'), 3);
  call('sendmsg', 8, w.words(0, 0, vector, 2, control, 24, 0), 0x4000); call('recvmsg', 7, w.words(0, 0, w.words(at, 100), 1, w.buffer(64), 64, 0), 0x40000000);
  const mmsg = w.words(0, 0, vector, 1, 0, 0, 0, 0);
  call('sendmmsg', 8, mmsg, 1, 0); call('recvmmsg', 7, mmsg, 1, 0x40, 0); call('sendmsg', 8, 8, 0);
  call('eventfd2', 1, 0o2004001); call('epoll_create1', 0o2000000); call('epoll_ctl', 11, 1, 10, bytes(5, 0, 0, 0x80, 7, 0, 0, 0, 1, 0, 0, 0)[0]); call('epoll_ctl', 11, 2, 99, 0);
  call('epoll_wait', 11, at, 8, 0); call('epoll_wait', 11, at, 8, 0); call('epoll_pwait', 11, at, 8, 0, w.words(2), 8);
  call('select', 12, w.words(1 << 10), 0, 0, w.words(1, 0)); call('pselect6', 0, 0, 0, 0, w.words(0, 1), w.words(0, 8)); call('ppoll', 0, 0, w.words(0, 1), w.words(512), 8);
  call('timerfd_create', 1, 0o2004000); call('timerfd_settime', 12, 1, w.words(0, 0, 1000, 5), 0); call('timerfd_gettime', 12, at); call('timerfd_settime', 12, 0, w.words(0, 0, -1, 0), 0);
  call('signalfd4', -1, w.words(1 << 9), 8, 0o2000000); call('pidfd_open', 1000, 0); call('pidfd_send_signal', 14, 0, 0, 0); call('pidfd_getfd', 14, 99, 0);
  golden('strace-net.txt', w.host.reports.join('\n') + '\n');
});
suiteOf.run();
