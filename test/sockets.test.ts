/** Sockets as one process sees them: unix(7), tcp(7), udp(7), netlink(7). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, EMSGSIZE, ENETUNREACH, ENOTCONN, ENOTSOCK, EPERM, EPIPE, ETOOMANYREFS,
} from '../src/base/errno.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const call = (w: KernelWorld, name: string, ...args: (number | bigint | string)[]): number => {
  const result = w.call(SYS.get(name) ?? -1, ...args);
  assert.type(result, 'number', `${name} did not return`);
  return Number(result);
};
const UNIX = 1, INET = 2, INET6 = 10, NETLINK = 16, STREAM = 1, DGRAM = 2, SEQPACKET = 5, NONBLOCK = 0o4000, SOL_SOCKET = 1;
const PEEK = 2, TRUNC = 0x20, DONTWAIT = 0x40, NOSIGNAL = 0x4000;
const POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLRDHUP = 0x2000;
const pair = (w: KernelWorld, type = STREAM): [number, number] => {
  const at = w.buffer(8);
  assert.is(call(w, 'socketpair', UNIX, type | NONBLOCK, 0, at), 0);
  return [w.peek(at, 8).getInt32(0, true), w.peek(at, 8).getInt32(4, true)];
};
const write = (w: KernelWorld, fd: number, text: string): number => call(w, 'write', fd, text, text.length);
/** What a receive brings: text, or the error. */
const receive = (w: KernelWorld, fd: number, room = 100, flags = 0): string | number => {
  const at = w.buffer(room), got = call(w, 'recvfrom', fd, at, room, flags | DONTWAIT, 0, 0);
  return got < 0 ? got : w.text(at, Math.min(got, room));
};
const poll = (w: KernelWorld, fd: number): number => {
  const at = w.words(BigInt(fd) | 0x2005n << 32n);
  call(w, 'poll', at, 1, 0);
  return w.peek(at, 8).getUint16(6, true);
};
const unixAddress = (w: KernelWorld, name: string): [number, number] => {
  const bytes = new Uint8Array([UNIX, 0, ...Array.from(name, c => c.charCodeAt(0))]);
  return [w.buffer(bytes.length, bytes), bytes.length];
};
const inetAddress = (w: KernelWorld, port: number, ip: readonly number[] = [127, 0, 0, 1]): [number, number] =>
  [w.buffer(16, new Uint8Array([INET, 0, port >> 8, port & 0xff, ...ip, 0, 0, 0, 0, 0, 0, 0, 0])), 16];
const inet6Address = (w: KernelWorld, port: number, ip: readonly number[]): [number, number] =>
  [w.buffer(32, new Uint8Array([INET6, 0, port >> 8, port & 0xff, 0, 0, 0, 0, ...ip, 0, 0, 0, 0])), 28];
const nameOf = (w: KernelWorld, fd: number, which: 'getsockname' | 'getpeername' = 'getsockname'): Uint8Array => {
  const at = w.buffer(128), length = w.words(128);
  assert.is(call(w, which, fd, at, length), 0);
  return new Uint8Array(w.peek(at, w.peek(length, 4).getInt32(0, true)).buffer);
};
const portOf = (w: KernelWorld, fd: number): number => new DataView(nameOf(w, fd).buffer).getUint16(2);

const unix = suite('net › unix');
unix('a stream has no borders, a datagram and a packet have', () => {
  const w = new KernelWorld();
  for (const [type, expected] of [[STREAM, ['one', 'twothree', -EAGAIN]], [DGRAM, ['one', 'two', 'three']], [SEQPACKET, ['one', 'two', 'three']]] as const) {
    const [a, b] = pair(w, type);
    for (const text of ['one', 'two', 'three']) write(w, a, text);
    assert.equal([receive(w, b, 3), receive(w, b), receive(w, b)], expected);
  }
});
unix('a packet that does not fit is cut, and MSG_TRUNC tells how long it was', () => {
  const w = new KernelWorld(), [a, b] = pair(w, DGRAM), at = w.buffer(8);
  write(w, a, 'long message');
  assert.is(call(w, 'recvfrom', b, at, 4, PEEK | TRUNC, 0, 0), 12);
  assert.equal([receive(w, b, 4), receive(w, b)], ['long', -EAGAIN]);
});
unix('the end comes after what was written; a writer without a reader gets EPIPE and SIGPIPE', () => {
  const w = new KernelWorld(), [a, b] = pair(w);
  write(w, a, 'last');
  call(w, 'close', a);
  assert.is(poll(w, b), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  assert.equal([receive(w, b), receive(w, b)], ['last', '']);
  assert.is(call(w, 'sendto', b, 'x', 1, NOSIGNAL, 0, 0), -EPIPE);
  assert.is(w.task.signals.pending.length, 0);
  assert.is(call(w, 'sendto', b, 'x', 1, 0, 0, 0), -EPIPE);
  assert.equal(w.task.signals.pending.map(({ signal }) => signal), [13]);
});
unix('what was not read is ECONNRESET for the other end, once', () => {
  const w = new KernelWorld(), [a, b] = pair(w);
  write(w, a, 'unread');
  call(w, 'close', b);
  assert.equal([poll(w, a) & POLLERR, receive(w, a), receive(w, a)], [POLLERR, -ECONNRESET, '']);
});
unix('a full socket is EAGAIN, and whoever reads makes room', () => {
  const w = new KernelWorld(), [a, b] = pair(w), at = w.buffer(0x8000);
  let sent = 0;
  for (let got = 0; got !== -EAGAIN; sent += Math.max(0, got)) got = call(w, 'write', a, at, 0x8000);
  assert.ok(sent > 100_000 && sent < 300_000, String(sent));
  assert.is(poll(w, a), 0);
  let got = 0;
  for (let part = 1; part > 0; got += Math.max(0, part)) part = call(w, 'recvfrom', b, at, 0x8000, DONTWAIT, 0, 0);
  assert.equal([got, poll(w, a)], [sent, POLLOUT]);
});
unix('an abstract name is listened to, connected to and accepted from', () => {
  const w = new KernelWorld(), listener = call(w, 'socket', UNIX, STREAM, 0), client = call(w, 'socket', UNIX, STREAM, 0), address = unixAddress(w, '\0name');
  assert.is(call(w, 'connect', client, ...address), -ECONNREFUSED);
  assert.equal([call(w, 'bind', listener, ...address), call(w, 'listen', listener, 1)], [0, 0]);
  assert.is(call(w, 'bind', client, ...address), -EADDRINUSE);
  assert.is(call(w, 'connect', client, ...address), 0);
  write(w, client, 'early');
  const server = call(w, 'accept', listener, 0, 0);
  assert.equal([receive(w, server), String.fromCharCode(...nameOf(w, client, 'getpeername').subarray(2))], ['early', '\0name']);
});
unix('a name bound by the kernel is five digits', () => {
  const w = new KernelWorld(), fd = call(w, 'socket', UNIX, DGRAM, 0);
  assert.is(call(w, 'bind', fd, unixAddress(w, '')[0], 2), 0);
  assert.match(String.fromCharCode(...nameOf(w, fd).subarray(2)), /^\0[0-9a-f]{5}$/);
});
unix('files are no sockets', () => {
  const w = new KernelWorld();
  assert.equal([call(w, 'recvfrom', 0, 0, 0, 0, 0, 0), call(w, 'listen', 1, 1)], [-ENOTSOCK, -ENOTSOCK]);
});
unix.run();

const messages = suite('net › messages');
/** Sends a byte with descriptors. */
const pass = (w: KernelWorld, fd: number, fds: readonly number[]): number => {
  const control = new DataView(new ArrayBuffer(16 + Math.ceil(fds.length / 2) * 8));
  control.setBigUint64(0, BigInt(16 + 4 * fds.length), true); control.setInt32(8, 1, true); control.setInt32(12, 1, true);
  fds.forEach((each, i) => control.setInt32(16 + 4 * i, each, true));
  const at = w.buffer(control.byteLength, new Uint8Array(control.buffer));
  return call(w, 'sendmsg', fd, w.words(0, 0, w.words(w.string('x'), 1), 1, at, control.byteLength, 0), 0);
};
/** Receives one: the descriptors, and msg_flags. */
const take = (w: KernelWorld, fd: number, room = 256, flags = 0): { readonly fds: readonly number[]; readonly flags: number } => {
  const control = w.buffer(room), header = w.words(0, 0, w.words(w.buffer(64), 64), 1, control, room, 0);
  assert.ok(call(w, 'recvmsg', fd, header, flags | DONTWAIT) >= 0);
  const used = Number(w.peek(header + 40, 8).getBigUint64(0, true)), count = used === 0 ? 0 : (Number(w.peek(control, 8).getBigUint64(0, true)) - 16) / 4;
  return { fds: Array.from({ length: count }, (_, i) => w.peek(control + 16 + 4 * i, 4).getInt32(0, true)), flags: w.peek(header + 48, 4).getUint32(0, true) };
};
messages('a descriptor arrives as another that means the same file', () => {
  const w = new KernelWorld({ '/home/a.txt': 'hello' }), [a, b] = pair(w), file = call(w, 'open', 'a.txt', 0), at = w.buffer(8);
  assert.is(pass(w, a, [file]), 1);
  call(w, 'close', file);
  const { fds: [got = -1] } = take(w, b);
  assert.is(call(w, 'read', got, at, 8), 5);
});
messages('what finds no room is closed, and MSG_CTRUNC says so', () => {
  const w = new KernelWorld(), [a, b] = pair(w), event = call(w, 'eventfd', 0);
  pass(w, a, [event, event]);
  assert.equal(take(w, b, 20), { fds: [event + 1], flags: 8 });
});
messages('a message nobody reads closes what it carries', () => {
  const w = new KernelWorld(), [a, b] = pair(w), [reader, writer] = pair(w);
  pass(w, a, [writer]);
  call(w, 'close', writer);
  assert.is(poll(w, reader) & POLLHUP, 0);
  call(w, 'close', b);
  assert.is(poll(w, reader) & POLLHUP, POLLHUP);
});
messages('sockets in one another\'s messages are found and closed', () => {
  const w = new KernelWorld(), [watched, other] = pair(w);
  for (let i = 0; i < 300; i++) {
    const [a, b] = pair(w);
    assert.is(pass(w, a, [a, b, ...i === 299 ? [other] : []]), 1);
    call(w, 'close', a); call(w, 'close', b);
  }
  call(w, 'close', other);
  for (const fd of pair(w)) call(w, 'close', fd); // When any socket is closed, they are looked for.
  assert.is(poll(w, watched) & POLLHUP, POLLHUP);
});
messages('more in flight than RLIMIT_NOFILE is ETOOMANYREFS', () => {
  const w = new KernelWorld(), [a] = pair(w, DGRAM), results = Array.from({ length: 12 }, () => pass(w, a, new Array<number>(200).fill(0)));
  assert.equal([results[0], results.at(-1)], [1, -ETOOMANYREFS]);
});
messages.run();

const inet = suite('net › inet');
const listening = (w: KernelWorld, backlog = 4): { readonly listener: number; readonly address: [number, number] } => {
  const listener = call(w, 'socket', INET, STREAM | NONBLOCK, 0);
  assert.equal([call(w, 'bind', listener, ...inetAddress(w, 0)), call(w, 'listen', listener, backlog)], [0, 0]);
  return { listener, address: inetAddress(w, portOf(w, listener)) };
};
inet('a connection carries bytes both ways, ends and resets', () => {
  const w = new KernelWorld(), { listener, address } = listening(w), client = call(w, 'socket', INET, STREAM, 0);
  assert.is(call(w, 'connect', client, ...address), 0);
  const server = call(w, 'accept', listener, 0, 0);
  write(w, client, 'one'); write(w, client, 'two');
  assert.is(receive(w, server), 'onetwo');
  assert.is(call(w, 'shutdown', client, 1), 0);
  assert.equal([receive(w, server), write(w, server, 'reply'), receive(w, client)], ['', 5, 'reply']);
  write(w, server, 'more');
  call(w, 'close', client);
  assert.is(write(w, server, 'x'), -EPIPE);
});
inet('who connects without waiting is told later', () => {
  const w = new KernelWorld(), { address } = listening(w), client = call(w, 'socket', INET, STREAM | NONBLOCK, 0), other = call(w, 'socket', INET, STREAM | NONBLOCK, 0);
  assert.equal([call(w, 'connect', client, ...address), poll(w, client)], [-EINPROGRESS, POLLOUT]);
  assert.equal([call(w, 'connect', other, ...inetAddress(w, 9)), call(w, 'connect', other, ...inetAddress(w, 9))], [-EINPROGRESS, -ECONNREFUSED]);
});
inet('a listener whose queue is full lets others wait', () => {
  const w = new KernelWorld(), { listener, address } = listening(w, 0), clients = [0, 1].map(() => call(w, 'socket', INET, STREAM | NONBLOCK, 0));
  for (const client of clients) call(w, 'connect', client, ...address);
  assert.equal(clients.map(client => poll(w, client)), [POLLOUT, 0]);
  call(w, 'accept', listener, 0, 0);
  assert.is(poll(w, clients[1] ?? -1), POLLOUT);
});
inet('nothing but this machine can be reached, and only its addresses be had', () => {
  const w = new KernelWorld(), stream = call(w, 'socket', INET, STREAM, 0), datagram = call(w, 'socket', INET, DGRAM, 0), outside = inetAddress(w, 80, [93, 184, 216, 34]);
  assert.equal([call(w, 'connect', stream, ...outside), call(w, 'sendto', datagram, 'x', 1, 0, ...outside), call(w, 'bind', stream, ...outside)], [-ENETUNREACH, -ENETUNREACH, -EADDRNOTAVAIL]);
  assert.equal([call(w, 'socket', INET, 3, 1), call(w, 'socket', 17, 3, 0), call(w, 'socket', 38, 5, 0)], [-EPERM, -EPERM, -EAFNOSUPPORT]);
});
inet('who listens on :: hears IPv4 too, by a mapped address', () => {
  const w = new KernelWorld(), listener = call(w, 'socket', INET6, STREAM, 0), any = new Array<number>(16).fill(0);
  assert.equal([call(w, 'bind', listener, ...inet6Address(w, 0, any)), call(w, 'listen', listener, 1)], [0, 0]);
  const client = call(w, 'socket', INET, STREAM, 0);
  assert.is(call(w, 'connect', client, ...inetAddress(w, portOf(w, listener))), 0);
  const server = call(w, 'accept', listener, 0, 0);
  assert.equal([...nameOf(w, server, 'getpeername').subarray(8, 24)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]);
});
inet('datagrams reach who is bound; where nobody is, a connected sender is told', () => {
  const w = new KernelWorld(), one = call(w, 'socket', INET, DGRAM, 0), two = call(w, 'socket', INET, DGRAM, 0);
  call(w, 'bind', one, ...inetAddress(w, 0));
  const address = inetAddress(w, portOf(w, one));
  assert.equal([call(w, 'sendto', two, 'hello', 5, 0, ...address), receive(w, one)], [5, 'hello']);
  assert.is(call(w, 'sendto', two, w.buffer(16), 65508, 0, ...address), -EMSGSIZE);
  call(w, 'connect', two, ...address);
  call(w, 'close', one);
  assert.equal([write(w, two, 'x'), poll(w, two) & POLLERR, write(w, two, 'x'), write(w, two, 'x')], [1, POLLERR, -ECONNREFUSED, 1]);
});
inet('a port is one socket\'s, unless both say otherwise', () => {
  const w = new KernelWorld(), on = w.words(1), reuse = [0, 1].map(() => call(w, 'socket', INET, DGRAM, 0)), plain = call(w, 'socket', INET, DGRAM, 0);
  for (const fd of reuse) call(w, 'setsockopt', fd, SOL_SOCKET, 15, on, 4);
  assert.is(call(w, 'bind', reuse[0] ?? -1, ...inetAddress(w, 0)), 0);
  const address = inetAddress(w, portOf(w, reuse[0] ?? -1));
  assert.equal([call(w, 'bind', plain, ...address), call(w, 'bind', reuse[1] ?? -1, ...address)], [-EADDRINUSE, 0]);
});
inet('a receive waits no longer than SO_RCVTIMEO', () => {
  const w = new KernelWorld(), fd = call(w, 'socket', INET, DGRAM, 0), before = w.kernel.system.clock.monotonicNs();
  call(w, 'bind', fd, ...inetAddress(w, 0));
  call(w, 'setsockopt', fd, SOL_SOCKET, 20, w.words(2, 500000), 16);
  assert.is(call(w, 'recvfrom', fd, w.buffer(8), 8, 0, 0, 0), -EAGAIN);
  assert.is(w.kernel.system.clock.monotonicNs() - before, 2.5e9);
});
inet('netlink tells of lo and its two addresses', () => {
  const w = new KernelWorld(), fd = call(w, 'socket', NETLINK, 3, 0), at = w.buffer(4096);
  const ask = (type: number): number[] => {
    call(w, 'sendto', fd, w.words(20n | BigInt(type) << 32n | 0x301n << 48n, 7, 0), 20, 0, 0, 0);
    const types: number[] = [];
    for (;;) {
      const got = call(w, 'recvfrom', fd, at, 4096, DONTWAIT, 0, 0);
      for (let k = 0; k < got; k += w.peek(at + k, 4).getUint32(0, true)) types.push(w.peek(at + k + 4, 2).getUint16(0, true));
      if (got <= 0 || types.includes(3)) return types;
    }
  };
  assert.equal([ask(18), ask(22)], [[16, 3], [20, 20, 3]]);
});
inet('what all sockets hold together has a limit', () => {
  const w = new KernelWorld(), { network } = w.kernel.system, at = w.buffer(0x8000);
  network.buffered.add(64 << 20);
  const [a] = pair(w);
  assert.is(call(w, 'write', a, at, 0x8000), -EAGAIN);
  assert.is(receive(w, a), -EAGAIN);
  assert.is(call(w, 'getpeername', call(w, 'socket', INET, STREAM, 0), at, at), -ENOTCONN);
});
inet.run();
