/** Pipes, locks, sizes and copies between descriptors, among several processes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EBADF, EBUSY, EDEADLK, EFBIG, EINVAL, EOPNOTSUPP, EPERM, EPIPE, ESPIPE } from '../src/base/errno.ts';
import { bytesOf } from '../src/host/host.ts';
import { answer, child, interrupted, sleeping } from './support/asking.ts';
import { KernelWorld } from './support/kernel-world.ts';

type World = { w: KernelWorld; call: (name: string, ...args: (number | bigint | string)[]) => number };
const world = (): World => {
  const w = new KernelWorld({ '/home/a.txt': 'hello world\n' });
  return { w, call: (name, ...args) => answer(w, w.task, name, ...args) };
};
const O_RDWR = 2, O_NONBLOCK = 0o4000, O_DIRECT = 0o40000, O_APPEND = 0o2000, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032, F_ADD_SEALS = 1033, F_GET_SEALS = 1034;
const pipe = ({ w, call }: World, flags = 0): [number, number] => {
  const at = w.buffer(8);
  assert.is(call('pipe2', at, flags), 0);
  return [w.peek(at, 8).getInt32(0, true), w.peek(at, 8).getInt32(4, true)];
};

const pipes = suite('io › pipes');
pipes('a write larger than the pipe goes on as it is read, and counts whole', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it), from = call('mmap', 0, 200_000, 3, 0x22, -1, 0), to = call('mmap', 0, 200_000, 3, 0x22, -1, 0);
  w.poke(from, Uint8Array.from({ length: 200_000 }, (_, i) => i * 7 >> 3));
  const sleep = sleeping(w, w.task, 'write', writer, from, 200_000);
  assert.is(sleep.until(), null);
  assert.is(interrupted(sleep), 65536);
  let got = 0;
  for (let result: number | null = null; got < 200_000;) {
    got += call('read', reader, to + got, 30_000);
    result ??= sleep.until();
    assert.ok(result === null || result === 200_000 && got >= 200_000 - 65536);
  }
  assert.equal(w.text(to, 200_000), w.text(from, 200_000));
});
pipes('a signal before anything was written restarts the write', () => {
  const it = world(), { w, call } = it, [, writer] = pipe(it), at = w.buffer(0x10000);
  assert.is(call('write', writer, at, 0x10000), 0x10000);
  assert.is(interrupted(sleeping(w, w.task, 'write', writer, at, 100)), 'restart');
});
pipes('writes of up to PIPE_BUF are whole or not at all; longer ones may be part', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it, O_NONBLOCK), at = w.buffer(0x10000);
  assert.is(call('write', writer, at, 65536 - 4096), 65536 - 4096);
  assert.is(call('write', writer, at, 1), 1);
  assert.is(call('write', writer, at, 4096), -EAGAIN);
  assert.is(call('write', writer, at, 8000), 8000 % 4096);
  assert.equal([call('write', writer, at, 192), call('write', writer, at, 191)], [-EAGAIN, 191]);
  assert.is(call('read', reader, at, 8192), 8192);
  assert.is(call('write', writer, at, 40000), 8192);
});
pipes('pages count, not bytes: 16 writes of 2049 fill a pipe, as on Linux', () => {
  const it = world(), { w, call } = it, [, writer] = pipe(it, O_NONBLOCK), at = w.buffer(0x1000);
  let writes = 0;
  while (call('write', writer, at, 2049) === 2049) writes += 1;
  assert.is(writes, 16);
  assert.is(call('write', writer, at, 2047), 2047);
});
pipes('F_SETPIPE_SZ rounds up to a power of two of pages, keeps what is there, and has a limit', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it, O_NONBLOCK), at = w.buffer(0x10000), big = call('mmap', 0, 1 << 21, 3, 0x22, -1, 0);
  assert.is(call('fcntl', reader, F_GETPIPE_SZ), 65536);
  call('write', writer, 'first', 5);
  assert.equal([call('fcntl', writer, F_SETPIPE_SZ, 0), call('fcntl', writer, F_SETPIPE_SZ, 4097)], [4096, 8192]);
  assert.is(call('write', writer, at, 8000), 4096 + 8000 % 4096);
  assert.is(call('fcntl', writer, F_SETPIPE_SZ, 1), -EBUSY);
  assert.is(call('fcntl', writer, F_SETPIPE_SZ, 1 << 20), 1 << 20);
  assert.is(call('fcntl', writer, F_SETPIPE_SZ, (1 << 20) + 1), -EPERM);
  assert.is(call('fcntl', writer, F_SETPIPE_SZ, 1n << 31n), -EPERM);
  assert.is(call('fcntl', 1, F_GETPIPE_SZ), -EBADF);
  assert.is(call('write', writer, big, 1 << 21), (1 << 20) - 8192);
  assert.is(call('read', reader, at, 5), 5);
  assert.is(w.text(at, 5), 'first');
});
pipes('with O_DIRECT every write is a packet, and a short read loses its rest', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it, O_DIRECT), at = w.buffer(0x4000);
  call('write', writer, 'one', 3);
  call('write', writer, 'second', 6);
  call('write', writer, at, 5000);
  assert.is(call('read', reader, at, 100), 3);
  assert.is(call('read', reader, at, 2), 2);
  assert.is(w.text(at, 2), 'se');
  assert.equal([call('read', reader, at, 0x4000), call('read', reader, at, 0x4000)], [4096, 904]);
});
pipes('a reader that goes away wakes the writer with EPIPE and SIGPIPE, or with what it had written', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it), at = w.buffer(0x18000), other = child(w, 1001);
  const started = sleeping(w, w.task, 'write', writer, at, 0x18000);
  call('close', reader);
  const waiting = sleeping(w, other, 'write', writer, at, 10);
  answer(w, other, 'close', reader);
  assert.equal([started.until(), waiting.until()], [0x10000, -EPIPE]);
  assert.equal([w.task.signals.pending.length, other.signals.pending.length], [1, 1]);
});
pipes('64 mebibytes in writes of one leave nothing behind in guest memory', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it, O_NONBLOCK), at = call('mmap', 0, 1 << 20, 3, 0x22, -1, 0);
  call('fcntl', writer, F_SETPIPE_SZ, 1 << 20);
  for (let i = 0; i < 64; i++) {
    assert.is(call('write', writer, at, 1 << 20), 1 << 20);
    assert.is(call('read', reader, at, 1 << 20), 1 << 20);
  }
  assert.ok(w.kernel.system.memory.frames.used < 400);
});
pipes.run();

const flock = suite('io › locks');
const F_SETLK = 6, F_SETLKW = 7, F_GETLK = 5, F_OFD_SETLK = 37, F_OFD_GETLK = 36, RD = 0, WR = 1, UN = 2;
const lock = (w: KernelWorld, kind: number, start: number, length: number, whence = 0): number => w.words(kind | whence << 16, start, length, 0);
const told = (w: KernelWorld, at: number): number[] => {
  const view = w.peek(at, 32);
  return [view.getInt16(0, true), Number(view.getBigInt64(8, true)), Number(view.getBigInt64(16, true)), view.getInt32(24, true)];
};
flock('flock is a description\'s: dup shares it, another open waits for it, the last close ends it', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', 0), twin = call('dup', fd), other = call('open', 'a.txt', 0);
  assert.equal([call('flock', fd, 2), call('flock', twin, 2), call('flock', other, 1 | 4)], [0, 0, -EAGAIN]);
  const sleep = sleeping(w, w.task, 'flock', other, 1);
  call('close', fd);
  assert.is(sleep.until(), null);
  call('close', twin);
  assert.is(sleep.until(), 0);
  assert.equal([call('flock', other, 8), call('flock', other, 9), call('flock', 99, 1)], [0, -EINVAL, -EBADF]);
});
flock('record locks are a process\'s: ranges split and join, others are told who holds what', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR), other = child(w, 1001);
  assert.is(call('fcntl', fd, F_SETLK, lock(w, WR, 0, 100)), 0);
  assert.is(call('fcntl', fd, F_SETLK, lock(w, UN, 40, 20)), 0);
  const probe = lock(w, WR, 30, 50);
  assert.is(answer(w, other, 'fcntl', fd, F_GETLK, probe), 0);
  assert.equal(told(w, probe), [WR, 0, 40, 1000]);
  assert.is(answer(w, other, 'fcntl', fd, F_SETLK, lock(w, RD, 45, 10)), 0);
  assert.is(answer(w, other, 'fcntl', fd, F_SETLK, lock(w, RD, 45, 20)), -EAGAIN);
  assert.is(call('fcntl', fd, F_SETLK, lock(w, WR, 40, 5)), 0);
  const joined = lock(w, RD, 0, 0);
  assert.is(answer(w, other, 'fcntl', fd, F_GETLK, joined), 0);
  assert.equal(told(w, joined), [WR, 0, 45, 1000]);
  const free = lock(w, RD, 200, 0);
  assert.is(answer(w, other, 'fcntl', fd, F_GETLK, free), 0);
  assert.is(told(w, free)[0], UN);
});
flock('any close of the file ends the process\'s record locks on it', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR), other = child(w, 1001);
  call('fcntl', fd, F_SETLK, lock(w, WR, 0, 0));
  const sleep = sleeping(w, other, 'fcntl', fd, F_SETLKW, lock(w, WR, -2, 2, 2));
  assert.is(sleep.until(), null);
  call('close', call('open', 'a.txt', 0));
  assert.is(sleep.until(), 0);
});
flock('a circle of waiters is EDEADLK', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR), other = child(w, 1001), third = child(w, 1002);
  [w.task, other, third].forEach((task, i) => assert.is(answer(w, task, 'fcntl', fd, F_SETLK, lock(w, WR, i, 1)), 0));
  const first = sleeping(w, w.task, 'fcntl', fd, F_SETLKW, lock(w, WR, 1, 1));
  sleeping(w, other, 'fcntl', fd, F_SETLKW, lock(w, WR, 2, 1));
  assert.is(answer(w, third, 'fcntl', fd, F_SETLKW, lock(w, WR, 0, 1)), -EDEADLK);
  assert.is(interrupted(first), 'restart');
  assert.is(typeof sleeping(w, third, 'fcntl', fd, F_SETLKW, lock(w, WR, 0, 1)), 'object');
});
flock('locks of open file descriptions conflict with the rest, and name no process', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR), again = call('open', 'a.txt', O_RDWR), probe = lock(w, WR, 0, 0);
  assert.is(call('fcntl', fd, F_OFD_SETLK, lock(w, WR, 5, 5)), 0);
  assert.equal([call('fcntl', again, F_OFD_SETLK, lock(w, RD, 0, 6)), call('fcntl', again, F_SETLK, lock(w, RD, 0, 6))], [-EAGAIN, -EAGAIN]);
  assert.is(call('fcntl', again, F_OFD_GETLK, probe), 0);
  assert.equal(told(w, probe), [WR, 5, 5, -1]);
  call('close', fd);
  assert.is(call('fcntl', again, F_OFD_SETLK, lock(w, RD, 0, 6)), 0);
});
flock('mistakes', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', 0);
  assert.equal([lock(w, WR, 0, 1), lock(w, 7, 0, 1), lock(w, RD, 0, 1, 9), lock(w, RD, -1, 1), lock(w, RD, 5, -6)].map(at => call('fcntl', fd, F_SETLK, at)),
    [-EBADF, -EINVAL, -EINVAL, -EINVAL, -EINVAL]);
});
flock.run();

const space = suite('io › sizes and seals');
const SIGXFSZ = 25, SIGBUS = 'past-end';
const touch = (w: KernelWorld, at: number): string => w.task.process.memory.resolve({ address: at, code: 4 }, w.task.registers);
space('RLIMIT_FSIZE cuts a write short, then is EFBIG with SIGXFSZ', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR | O_APPEND);
  call('setrlimit', 1, w.words(15, 100));
  assert.equal([call('write', fd, 'abcdef', 6), call('write', fd, 'x', 1), call('ftruncate', fd, 16), call('ftruncate', fd, 15)], [3, -EFBIG, -EFBIG, 0]);
  assert.equal(w.task.signals.pending.map(({ signal }) => signal), [SIGXFSZ]);
  assert.is(call('write', 1, 'free', 4), 4);
});
space('a file that gets shorter takes pages from its mappings, shared and private', () => {
  for (const flags of [1, 2]) for (const how of ['memfd', 'descriptor', 'name']) {
    const { w, call } = world(), fd = how === 'memfd' ? call('memfd_create', 'm', 0) : call('open', 'a.txt', O_RDWR);
    const cut = (length: number): number => how === 'name' ? call('truncate', 'a.txt', length) : call('ftruncate', fd, length);
    call('ftruncate', fd, 3 * 4096);
    const map = call('mmap', 0, 3 * 4096, 3, flags, fd, 0);
    for (const page of [0, 1, 2]) w.poke(map + 4096 * page + 100, bytesOf('text'));
    assert.is(cut(4096 + 102), 0);
    assert.is(w.text(map + 100, 4), 'text');
    assert.is(w.text(map + 4096 + 100, 4), flags === 1 ? 'te\0\0' : 'text');
    assert.is(touch(w, map + 8192), SIGBUS);
    assert.is(cut(3 * 4096), 0);
    assert.is(w.text(map + 8192 + 100, 4), '\0\0\0\0');
  }
});
space('fallocate lengthens, keeps, zeroes and punches', () => {
  for (const isMemory of [false, true]) {
    const { w, call } = world(), fd = isMemory ? call('memfd_create', 'm', 0) : call('open', 'a.txt', O_RDWR), at = w.buffer(144), KEEP = 1, PUNCH = 2, ZERO = 16;
    const size = (): number => { call('fstat', fd, at); return Number(w.peek(at, 144).getBigInt64(48, true)); };
    call('pwrite64', fd, 'hello world\n', 12, 0);
    assert.equal([call('fallocate', fd, KEEP, 0, 100), size(), call('fallocate', fd, 0, 10, 90), size()], [0, 12, 0, 100]);
    assert.is(call('fallocate', fd, PUNCH | KEEP, 2, 3), 0);
    assert.is(call('fallocate', fd, ZERO, 98, 10), 0);
    call('pread64', fd, at, 12, 0);
    assert.equal([w.text(at, 12), size()], ['he\0\0\0 world\n', 108]);
    assert.equal([call('fallocate', fd, PUNCH, 0, 1), call('fallocate', fd, 0, 0, 0), call('fallocate', fd, 8, 0, 4096)], [-EOPNOTSUPP, -EINVAL, -EOPNOTSUPP]);
  }
  const it = world(), [, writer] = pipe(it);
  assert.is(it.call('fallocate', writer, 0, 0, 1), -ESPIPE);
});
space('seals forbid what they say, and writable mappings forbid the seal', () => {
  const { w, call } = world(), fd = call('memfd_create', 'm', 2), [SEAL, SHRINK, GROW, WRITE] = [1, 2, 4, 8];
  assert.is(call('fcntl', call('memfd_create', 'plain', 0), F_GET_SEALS), SEAL);
  assert.is(call('fcntl', 1, F_GET_SEALS), -EINVAL);
  call('ftruncate', fd, 8192);
  const map = call('mmap', 0, 8192, 3, 1, fd, 0);
  assert.is(call('fcntl', fd, F_ADD_SEALS, WRITE), -EBUSY);
  call('munmap', map, 8192);
  assert.is(call('fcntl', fd, F_ADD_SEALS, SHRINK | GROW), 0);
  assert.equal([call('ftruncate', fd, 4096), call('ftruncate', fd, 9000), call('ftruncate', fd, 8192), call('pwrite64', fd, 'xy', 2, 8191), call('pwrite64', fd, 'x', 1, 8192)],
    [-EPERM, -EPERM, 0, 1, -EPERM]);
  assert.is(call('fcntl', fd, F_ADD_SEALS, WRITE | SEAL), 0);
  assert.equal([call('write', fd, 'x', 1), call('mmap', 0, 4096, 3, 1, fd, 0), call('fcntl', fd, F_ADD_SEALS, 0), call('fcntl', fd, F_GET_SEALS)], [-EPERM, -EPERM, -EPERM, 15]);
  const readable = call('mmap', 0, 4096, 1, 1, fd, 0);
  assert.ok(readable > 0);
  assert.is(call('mprotect', readable, 4096, 3), -13);
  assert.ok(w.text(readable, 1) === '\0');
});
space.run();

const attributes = suite('io › extended attributes');
attributes('user. attributes are kept, listed, replaced and removed; others are not there', () => {
  const { w, call } = world(), at = w.buffer(64), fd = call('open', 'a.txt', 0);
  assert.equal([call('setxattr', 'a.txt', 'user.one', 'value', 5, 0), call('fsetxattr', fd, 'user.two', 'x', 1, 0)], [0, 0]);
  assert.equal([call('setxattr', 'a.txt', 'user.one', 'v', 1, 1), call('setxattr', 'a.txt', 'user.new', 'v', 1, 2)], [-17, -61]);
  assert.equal([call('getxattr', 'a.txt', 'user.one', 0, 0), call('getxattr', 'a.txt', 'user.one', at, 3), call('fgetxattr', fd, 'user.one', at, 64), w.text(at, 5)], [5, -34, 5, 'value']);
  assert.equal([call('listxattr', 'a.txt', at, 64), w.text(at, 18)], [18, 'user.one\0user.two\0']);
  assert.equal([call('removexattr', 'a.txt', 'user.one'), call('removexattr', 'a.txt', 'user.one'), call('getxattr', 'a.txt', 'security.x', at, 64), call('setxattr', 'a.txt', 'odd', 'v', 1, 0)],
    [0, -61, -61, -EOPNOTSUPP]);
  call('unlink', 'a.txt');
  call('close', call('open', 'a.txt', O_RDWR | 0o100, 0o600));
  assert.is(call('listxattr', 'a.txt', at, 64), 0);
});
attributes.run();

const copies = suite('io › from descriptor to descriptor');
copies('splice moves between a pipe and a file, at a place or at the position', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it), fd = call('open', 'a.txt', O_RDWR), offset = w.words(6);
  assert.is(call('splice', fd, offset, writer, 0, 100, 0), 6);
  assert.is(w.peek(offset, 8).getUint32(0, true), 12);
  assert.is(call('splice', reader, 0, fd, 0, 3, 0), 3);
  assert.is(w.host.text('/home/a.txt'), 'worlo world\n');
  assert.is(call('lseek', fd, 0, 1), 3);
  assert.equal([call('splice', fd, 0, fd, 0, 1, 0), call('splice', fd, 0, writer, offset, 1, 0), call('splice', fd, 0, writer, 0, 1, 99)], [-EINVAL, -ESPIPE, -EINVAL]);
});
copies('splice and tee wait for what they need, unless told not to', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it), [second, third] = pipe(it), at = w.buffer(16);
  assert.is(call('splice', reader, 0, third, 0, 10, 2), -EAGAIN);
  const sleep = sleeping(w, w.task, 'splice', reader, 0, third, 0, 10, 0);
  call('write', writer, 'spliced', 7);
  assert.is(sleep.until(), 7);
  call('write', writer, 'twice', 5);
  assert.is(call('tee', reader, third, 10, 0), 5);
  assert.is(call('read', reader, at, 16), 5);
  assert.is(call('read', second, at, 16), 12);
  assert.is(w.text(at, 12), 'splicedtwice');
});
copies('vmsplice fills a pipe from memory', () => {
  const it = world(), { w, call } = it, [reader, writer] = pipe(it), at = w.buffer(16);
  assert.is(call('vmsplice', writer, w.words(w.string('ab'), 2, w.string('cde'), 3), 2, 0), 5);
  assert.is(call('read', reader, at, 16), 5);
  assert.is(w.text(at, 5), 'abcde');
});
copies('copy_file_range copies within the machine and moves both positions', () => {
  const { w, call } = world(), from = call('open', 'a.txt', 0), to = call('open', 'b.txt', O_RDWR | 0o100, 0o600), offset = w.words(6);
  assert.equal([call('copy_file_range', from, 0, to, 0, 5, 0), call('copy_file_range', from, offset, to, 0, 100, 0)], [5, 6]);
  assert.is(w.host.text('/home/b.txt'), 'helloworld\n');
  assert.equal([call('lseek', from, 0, 1), call('lseek', to, 0, 1), w.peek(offset, 8).getUint32(0, true)], [5, 11, 12]);
  assert.equal([call('copy_file_range', from, 0, from, 0, 5, 0), call('copy_file_range', to, 0, from, 0, 5, 0)], [-EBADF, -EBADF]);
});
copies('preadv2 and pwritev2 take -1 for the position, and flags', () => {
  const { w, call } = world(), fd = call('open', 'a.txt', O_RDWR), at = w.buffer(16), vector = w.words(at, 4);
  assert.equal([call('preadv2', fd, vector, 1, -1n, 0, 0), call('preadv2', fd, vector, 1, -1n, 0, 0)], [4, 4]);
  assert.is(w.text(at, 4), 'o wo');
  assert.is(call('pwritev2', fd, vector, 1, 0, 0, 0x10), 4);
  assert.is(w.host.text('/home/a.txt'), 'hello world\no wo');
  assert.equal([call('preadv2', fd, vector, 1, 0, 0, 0x80), call('pwritev2', fd, vector, 1, 0, 0, 0x30)], [-EOPNOTSUPP, -EINVAL]);
});
copies.run();
