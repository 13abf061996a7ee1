/** System calls as a guest makes them, one at a time, on a host that is a table in memory. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, EISDIR, EMFILE, ENAMETOOLONG, ENODEV, ENOENT, ENOMEM, ENOSYS, ENOTDIR, ENOTTY, EPERM, EPIPE, ERANGE, ESPIPE, ETIMEDOUT } from '../src/base/errno.ts';
import { bytesOf } from '../src/host/host.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { ARGUMENTS } from '../src/syscalls/strace-words.ts';
import { DATA_AT, KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const world = (files: Readonly<Record<string, string>> = { '/home/a.txt': 'hello world\n' }): KernelWorld => new KernelWorld(files);
const call = (w: KernelWorld, name: string, ...args: readonly (number | bigint | string)[]): number => {
  const number = SYS.get(name);
  if (number === undefined) throw new Error(`no such call: ${name}`);
  const result = w.call(number, ...args);
  if (typeof result !== 'number') throw new Error(`${name} did not return: ${result.then}`);
  return result;
};
const AT_FDCWD = -100, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_APPEND = 0o2000, O_NONBLOCK = 0o4000, O_DIRECTORY = 0o200000, O_CLOEXEC = 0o2000000;
const BAD = 0x10;

const table = suite('kernel › the table');
table('every call has a number of its own', () => {
  const numbers = FAMILIES.flat().map(({ number }) => number);
  assert.is(new Set(numbers).size, numbers.length);
});
table('every word of every shape can be printed', () => {
  const words = FAMILIES.flat().flatMap(({ shape }) => (shape.split('→')[0] ?? '').split(' ')).filter(word => word !== '');
  assert.equal([...new Set(words)].filter(word => !Object.hasOwn(ARGUMENTS, word)), []);
});
table('an unknown call is ENOSYS, whatever its number', () => {
  const w = world();
  for (const number of [335, 511, 512, 1000, 0x7fffffff, -1]) assert.is(w.call(number), -ENOSYS);
});
table('no call crashes on arguments of zeros, of ones, of minus ones, or of addresses that nobody has', () => {
  for (const { number, name } of FAMILIES.flat()) {
    const w = world({});
    for (const value of [0n, 1n, 0xffff_ffff_ffff_ffffn, 0x7fff_ffff_fff8n, BigInt(DATA_AT), 1n << 63n]) {
      const result = w.call(number, value, value, value, value, value, value);
      assert.ok(typeof result !== 'number' || result >= -4095, `${name}(${value}…) = ${String(result)}`);
      if (w.task.isGone) break;
    }
  }
});
table.run();

/** What each call answers to a plain mistake: name, arguments, result. The world has a.txt (open as 3) and /home/d. */
const MISTAKES: readonly (readonly [string, readonly (number | bigint | string)[], number])[] = [
  ['read', [99, DATA_AT, 1], -EBADF], ['read', [3, BAD, 1], -EFAULT], ['read', [3, BAD, 0], 0], ['write', [1, BAD, 1], -EFAULT], ['write', [3, DATA_AT, 1], -EBADF],
  ['read', [1, DATA_AT, 1], -EBADF], ['lseek', [1, 0, 0], -ESPIPE], ['lseek', [3, -1n, 0], -EINVAL], ['lseek', [3, 0, 9], -EINVAL], ['pread64', [3, DATA_AT, 1, -1n], -EINVAL],
  ['readv', [3, DATA_AT, 1025], -EINVAL], ['readv', [3, BAD, 1], -EFAULT], ['open', ['/none', 0], -ENOENT], ['open', [BAD, 0], -EFAULT], ['open', ['', 0], -ENOENT],
  ['open', ['x'.repeat(4096), 0], -ENAMETOOLONG], ['open', ['a.txt/b', 0], -ENOTDIR], ['open', ['a.txt', O_DIRECTORY], -ENOTDIR],
  ['open', ['a.txt', O_CREAT | O_EXCL, 0o600], -EEXIST], ['open', ['d', O_RDWR], -EISDIR], ['openat', [3, 'x', 0], -ENOTDIR], ['openat', [77, 'x', 0], -EBADF],
  ['close', [99], -EBADF], ['close', [-1], -EBADF], ['dup2', [99, 5], -EBADF], ['dup2', [3, 1024], -EBADF], ['dup2', [3, 3], 3], ['dup3', [3, 3, 0], -EINVAL],
  ['fcntl', [3, 9999], -EINVAL], ['fcntl', [99, 1], -EBADF], ['fcntl', [3, 0, 5000], -EINVAL], ['ioctl', [3, 0x5401, DATA_AT], -ENOTTY], ['pipe', [BAD], -EFAULT],
  ['pipe2', [DATA_AT, 1], -EINVAL], ['getdents64', [3, DATA_AT, 100], -ENOTDIR], ['ftruncate', [3, 1], -EINVAL], ['access', ['a.txt', 8], -EINVAL],
  ['access', ['none', 0], -ENOENT], ['getcwd', [DATA_AT, 3], -ERANGE], ['getcwd', [BAD, 99], -EFAULT], ['readlink', ['a.txt', DATA_AT, 9], -EINVAL], ['readlink', ['a.txt', DATA_AT, 0], -EINVAL],
  ['chdir', ['a.txt'], -ENOTDIR], ['chdir', ['none'], -ENOENT], ['fchdir', [3], -ENOTDIR], ['rmdir', ['d/.'], -EINVAL], ['unlinkat', [AT_FDCWD, 'a.txt', 1], -EINVAL],
  ['mkdir', ['d', 0o755], -EEXIST], ['symlink', ['', 'l'], -ENOENT], ['renameat2', [AT_FDCWD, 'a.txt', AT_FDCWD, 'd', 1], -EEXIST], ['renameat2', [AT_FDCWD, 'a.txt', AT_FDCWD, 'b', 8], -EINVAL],
  ['stat', ['none', DATA_AT], -ENOENT], ['stat', ['a.txt', BAD], -EFAULT], ['newfstatat', [99, '', DATA_AT, 0x1000], -EBADF], ['newfstatat', [3, '', DATA_AT, 0], -ENOENT],
  ['newfstatat', [3, 'x', DATA_AT, 0x4], -EINVAL], ['statx', [AT_FDCWD, 'a.txt', 0x6000, 0, DATA_AT], -EINVAL], ['getxattr', ['a.txt', 'user.x', 0, 0], -61],
  ['mmap', [0, 0, 3, 0x22, -1, 0], -EINVAL], ['mmap', [0, 4096, 3, 0x20, -1, 0], -EINVAL], ['mmap', [0, 4096, 3, 2, 99, 0], -EBADF], ['mmap', [0, 4096, 3, 0x22, -1, 1], -EINVAL],
  ['mmap', [0, 4096, 3, 1, 3, 0], -EACCES], ['mmap', [0, 4096, 1, 2, 1, 0], -EACCES], ['mmap', [0, 4096, 1, 2, 0, 0], -ENODEV], ['mmap', [DATA_AT, 4096, 3, 0x100022, -1, 0], -EEXIST],
  ['mmap', [0, 1n << 47n, 3, 0x22, -1, 0], -ENOMEM], ['munmap', [1, 4096], -EINVAL], ['munmap', [0x1000, 0], -EINVAL], ['mprotect', [0x10000000, 4096, 1], -ENOMEM],
  ['madvise', [DATA_AT, 4096, 999], -EINVAL], ['madvise', [DATA_AT + 1, 4096, 4], -EINVAL], ['madvise', [0x10000000, 4096, 0], -ENOMEM], ['mremap', [DATA_AT, 4096, 0, 0], -EINVAL],
  ['msync', [DATA_AT, 4096, 5], -EINVAL], ['poll', [BAD, 1, 0], -EFAULT], ['select', [-1, 0, 0, 0, 0], -EINVAL], ['clock_gettime', [99, DATA_AT], -EINVAL],
  ['clock_gettime', [-1, DATA_AT], -EINVAL], ['clock_gettime', [0, BAD], -EFAULT], ['nanosleep', [BAD, 0], -EFAULT], ['getrlimit', [16, DATA_AT], -EINVAL],
  ['prlimit64', [1, 7, 0, 0], -3], ['setuid', [0], -EPERM], ['getrandom', [DATA_AT, 1, 8], -EINVAL], ['getrandom', [BAD, 1, 0], -EFAULT], ['arch_prctl', [0x9999, 0], -EINVAL],
  ['arch_prctl', [0x1002, 1n << 47n], -EPERM], ['futex', [DATA_AT, 0, 7, 0], -EAGAIN], ['futex', [DATA_AT + 1, 0, 0, 0], -EINVAL], ['futex', [BAD, 0, 0, 0], -EFAULT], ['futex', [DATA_AT, 1, 1], 0],
  ['sched_getaffinity', [0, 7, DATA_AT], -EINVAL], ['prctl', [12345], -EINVAL], ['execve', ['/bin/none', 0, 0], -ENOENT], ['execve', [BAD, 0, 0], -EFAULT], ['clone', [0x10000, 0, 0, 0, 0], -EINVAL], ['wait4', [-1, 0, 64, 0], -EINVAL], ['wait4', [-1, 0, 0, 0], -10], ['memfd_create', ['m', 0x100], -EINVAL],
  ['memfd_create', ['m'.repeat(250), 0], -EINVAL], ['set_robust_list', [DATA_AT, 8], -EINVAL], ['sendfile', [1, 0, 0, 5], -EINVAL], ['fallocate', [3, 0, 0, 1], -EBADF],
];
const mistakes = suite('kernel › mistakes have the errno Linux gives');
for (const [name, args, result] of MISTAKES) {
  mistakes(`${name}(${args.map(arg => typeof arg === 'string' && arg.length > 40 ? '…' : String(arg)).join(', ')}) = ${result}`, () => {
    const w = world();
    call(w, 'mkdir', '/home/d', 0o755);
    assert.is(call(w, 'open', 'a.txt', 0), 3);
    assert.is(call(w, name, ...args), result);
  });
}
mistakes.run();

const files = suite('kernel › files');
files('what was written is read back, and the position is shared by dup', () => {
  const w = world(), fd = call(w, 'open', 'new', O_RDWR | O_CREAT, 0o666), at = w.buffer(16);
  assert.is(call(w, 'write', fd, 'abcdef', 6), 6);
  const twin = call(w, 'dup', fd);
  assert.is(call(w, 'lseek', twin, 2, 0), 2);
  assert.is(call(w, 'read', fd, at, 16), 4);
  assert.is(w.text(at, 4), 'cdef');
  assert.is(call(w, 'pread64', fd, at, 2, 1), 2);
  assert.is(call(w, 'lseek', fd, 0, 1), 6);
});
files('open takes the umask from the mode, and forgets O_CREAT', () => {
  const w = world(), stat = w.buffer(144), fd = call(w, 'open', 'new', 1 | O_CREAT | O_APPEND, 0o666);
  call(w, 'fstat', fd, stat);
  assert.is(w.peek(stat, 144).getUint32(24, true), 0o100644);
  assert.is(call(w, 'fcntl', fd, 3), 1 | O_APPEND | 0o100000);
});
files('O_APPEND writes at the end wherever the position is', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', O_RDWR | O_APPEND);
  call(w, 'lseek', fd, 0, 0);
  call(w, 'write', fd, 'more', 4);
  assert.is(w.host.text('/home/a.txt'), 'hello world\nmore');
});
files('a read of 2^46 bytes takes what there is, one that reaches past all addresses is EFAULT', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', 0), at = w.buffer(4096);
  assert.equal([call(w, 'read', fd, at, 1n << 62n), call(w, 'read', fd, at, 1n << 46n)], [-EFAULT, 12]);
});
files('writev and readv treat their buffers as one', () => {
  const w = world(), fd = call(w, 'open', 'v', O_RDWR | O_CREAT, 0o600);
  assert.is(call(w, 'writev', fd, w.words(w.string('abc'), 3, 0, 0, w.string('defg'), 4), 3), 7);
  const a = w.buffer(16), b = w.buffer(16);
  assert.is(call(w, 'preadv', fd, w.words(a, 2, b, 9), 2, 1), 6);
  assert.equal([w.text(a, 2), w.text(b, 4)], ['bc', 'defg']);
});
files('descriptors are the lowest free, at most 1024, and RLIMIT_NOFILE lowers that', () => {
  const w = world();
  assert.is(call(w, 'open', 'a.txt', 0), 3);
  assert.is(call(w, 'fcntl', 3, 1030, 100), 100);
  assert.is(call(w, 'fcntl', 100, 1), 1);
  call(w, 'close', 0);
  assert.is(call(w, 'dup', 3), 0);
  call(w, 'prlimit64', 0, 7, w.words(6, 1024), 0);
  assert.equal([call(w, 'dup', 3), call(w, 'dup', 3), call(w, 'dup', 3)], [4, 5, -EMFILE]);
});
files('close_range closes the range, or marks it close-on-exec', () => {
  const w = world();
  for (let i = 0; i < 5; i++) call(w, 'open', 'a.txt', 0);
  assert.is(call(w, 'close_range', 5, 0xffffffff, 4), 0);
  assert.equal([call(w, 'fcntl', 4, 1), call(w, 'fcntl', 5, 1)], [0, 1]);
  assert.is(call(w, 'close_range', 4, 6, 0), 0);
  assert.equal([3, 4, 5, 6, 7].map(fd => call(w, 'fcntl', fd, 1)), [0, -EBADF, -EBADF, -EBADF, 1]);
});
files('relative paths start from the directory, which chdir and fchdir move', () => {
  const w = world({ '/home/a.txt': 'x', '/tmp/b': 'in tmp' }), at = w.buffer(64);
  const home = call(w, 'open', '.', O_DIRECTORY);
  assert.is(call(w, 'chdir', '/tmp/../tmp'), 0);
  assert.is(call(w, 'getcwd', at, 64), 5);
  assert.is(w.text(at, 4), '/tmp');
  assert.is(w.slurp('b'), 'in tmp');
  assert.ok(call(w, 'openat', home, 'a.txt', 0) > 0);
  assert.is(call(w, 'fchdir', home), 0);
  assert.is(w.slurp('a.txt'), 'x');
});
files('getdents64 lists every name once, in pieces of any size', () => {
  const w = world({ '/tmp/one': '1', '/tmp/two': '2', '/tmp/three-with-a-long-name': '3' });
  const fd = call(w, 'open', '/tmp', O_DIRECTORY), at = w.buffer(64), names: string[] = [];
  for (;;) {
    const got = call(w, 'getdents64', fd, at, 48);
    if (got <= 0) { assert.is(got, 0); break; }
    for (let done = 0; done < got; done += w.peek(at + done, 24).getUint16(16, true)) {
      names.push(w.text(at + done + 19, 29).split('\0')[0] ?? '');
    }
  }
  assert.equal(names, ['.', '..', 'one', 'two', 'three-with-a-long-name']);
  assert.is(call(w, 'getdents64', fd, at, 8), 0);
  call(w, 'lseek', fd, 0, 0);
  assert.is(call(w, 'getdents64', fd, at, 8), -EINVAL);
});
files('stat, fstat, lstat, newfstatat and statx tell the same', () => {
  const w = world(), at = w.buffer(256), fd = call(w, 'open', 'a.txt', 0);
  call(w, 'symlink', 'a.txt', 'link');
  const size = (...args: readonly [string, ...(number | string)[]]): bigint => { assert.is(call(w, ...args), 0); return w.peek(at, 144).getBigUint64(48, true); };
  assert.equal([size('stat', 'link', at), size('fstat', fd, at), size('newfstatat', fd, '', at, 0x1000), size('newfstatat', AT_FDCWD, 'link', at, 0)], [12n, 12n, 12n, 12n]);
  assert.is(call(w, 'lstat', 'link', at), 0);
  assert.is(w.peek(at, 144).getUint32(24, true) & 0o170000, 0o120000);
  assert.is(call(w, 'statx', AT_FDCWD, 'a.txt', 0, 0x7ff, at), 0);
  assert.is(w.peek(at, 256).getBigUint64(40, true), 12n);
});
files('utimensat sets, keeps and takes the virtual now', () => {
  const w = world(), at = w.buffer(144), OMIT = 0x3ffffffe;
  const mtime = (): bigint => { call(w, 'stat', 'a.txt', at); return w.peek(at, 144).getBigInt64(88, true); };
  assert.is(call(w, 'utimensat', AT_FDCWD, 'a.txt', w.words(5, 0, 77, 0), 0), 0);
  assert.is(mtime(), 77n);
  assert.is(call(w, 'utimensat', AT_FDCWD, 'a.txt', w.words(5, 0, 0, OMIT), 0), 0);
  assert.is(mtime(), 77n);
  assert.is(call(w, 'utimensat', AT_FDCWD, 'a.txt', 0, 0), 0);
  assert.is(mtime(), 1_595_894_500n);
});
files('sendfile copies from the position, or from an offset it then moves', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', 0), offset = w.words(6);
  assert.is(call(w, 'sendfile', 1, fd, 0, 5), 5);
  assert.is(call(w, 'sendfile', 1, fd, offset, 100), 6);
  assert.is(w.host.output, 'helloworld\n');
  assert.is(w.peek(offset, 8).getBigInt64(0, true), 12n);
  assert.is(call(w, 'lseek', fd, 0, 1), 5);
});
files('standard output that nobody reads is EPIPE and raises SIGPIPE', () => {
  const w = world();
  w.host.isDeaf = true;
  assert.is(call(w, 'write', 1, 'x', 1), -EPIPE);
  assert.equal(w.task.signals.pending.map(info => info.signal), [13]);
});
files('standard input ends with 0', () => {
  const w = world(), at = w.buffer(16);
  w.host.input = 'line\n';
  assert.equal([call(w, 'read', 0, at, 16), call(w, 'read', 0, at, 16)], [5, 0]);
});
files('closing every descriptor closes every host file; the program\'s own stays', () => {
  const w = world();
  for (let i = 0; i < 4; i++) call(w, 'open', 'a.txt', 0);
  assert.is(w.host.opened.size, 5);
  call(w, 'close_range', 0, 100, 0);
  assert.is(w.host.opened.size, 1);
});
files.run();

const pipes = suite('kernel › pipes and memfds');
const pipe = (w: KernelWorld, flags = 0): [number, number] => {
  const at = w.buffer(8);
  assert.is(call(w, 'pipe2', at, flags), 0);
  const pair = w.peek(at, 8);
  return [pair.getInt32(0, true), pair.getInt32(4, true)];
};
pipes('bytes come out as they went in, and the end comes when the writer is closed', () => {
  const w = world(), [reader, writer] = pipe(w, O_CLOEXEC), at = w.buffer(16);
  call(w, 'write', writer, 'hello', 5);
  assert.is(call(w, 'read', reader, at, 2), 2);
  assert.is(call(w, 'read', reader, at, 16), 3);
  assert.is(w.text(at, 3), 'llo');
  call(w, 'close', writer);
  assert.is(call(w, 'read', reader, at, 16), 0);
});
pipes('a full pipe and an empty one are EAGAIN when non-blocking', () => {
  const w = world(), [reader, writer] = pipe(w, O_NONBLOCK), at = w.buffer(0x10000);
  assert.is(call(w, 'read', reader, at, 1), -EAGAIN);
  assert.is(call(w, 'write', writer, at, 0x10000), 0x10000);
  assert.is(call(w, 'write', writer, at, 1), -EAGAIN);
});
pipes('a writer without readers is EPIPE and raises SIGPIPE', () => {
  const w = world(), [reader, writer] = pipe(w);
  call(w, 'close', reader);
  assert.is(call(w, 'write', writer, 'x', 1), -EPIPE);
  assert.is(w.task.signals.pending.length, 1);
});
pipes('reading what only oneself could write is a deadlock, told in a line', () => {
  const w = world(), [reader] = pipe(w);
  assert.equal(w.call(0, reader, DATA_AT, 1), { then: 'exit', status: 2, scope: 'process' });
  assert.match(w.host.reports.at(-1) ?? '', /^tramp64: deadlock/);
});
pipes('poll sees both ends, and a timeout passes at once in virtual time', () => {
  const w = world(), [reader, writer] = pipe(w), fds = w.buffer(16);
  const set = (fd: number, events: number): void => { const bytes = new DataView(new ArrayBuffer(8)); bytes.setInt32(0, fd, true); bytes.setInt16(4, events, true); w.poke(fds, new Uint8Array(bytes.buffer)); };
  set(reader, 1);
  const before = w.kernel.system.clock.monotonicNs();
  assert.is(call(w, 'poll', fds, 1, 5000), 0);
  assert.is(w.kernel.system.clock.monotonicNs() - before, 5e9);
  call(w, 'write', writer, 'x', 1);
  assert.is(call(w, 'poll', fds, 1, -1), 1);
  assert.is(w.peek(fds, 8).getInt16(6, true), 1);
  set(99, 1);
  assert.is(call(w, 'poll', fds, 1, 0), 1);
  assert.is(w.peek(fds, 8).getInt16(6, true), 32);
});
pipes('select answers with the sets that are ready', () => {
  const w = world(), [reader, writer] = pipe(w), set = w.words(1 << reader), out = w.words(1 << writer);
  assert.is(call(w, 'select', writer + 1, set, out, 0, w.words(1, 0)), 1);
  assert.equal([w.peek(set, 8).getUint32(0, true), w.peek(out, 8).getUint32(0, true)], [0, 1 << writer]);
  assert.is(call(w, 'select', 64, w.words(1n << 63n), 0, 0, w.words(0, 0)), -EBADF);
});
pipes('select looks no further than the table of descriptors has room, which grows by doubling and is as small as can be for a child', () => {
  const w = world(), [reader] = pipe(w), beyond = w.words(0n, 1n << 35n), select = (): number => call(w, 'select', 128, beyond, 0, 0, w.words(0, 0)) as number;
  assert.is(select(), 0, 'descriptor 99 is beyond the 64 there is room for');
  assert.is(call(w, 'dup2', reader, 70), 70);
  assert.is(select(), -EBADF);
  call(w, 'close', 70);
  assert.is(select(), -EBADF, 'tables do not shrink');
  assert.equal([w.task.process.files.size, w.task.process.files.copy().size], [128, 64]);
});
pipes('a memfd is a file and memory at once', () => {
  const w = world(), fd = call(w, 'memfd_create', 'name', 1), at = w.buffer(16);
  assert.is(call(w, 'fcntl', fd, 1), 1);
  call(w, 'ftruncate', fd, 8192);
  const map = call(w, 'mmap', 0, 8192, 3, 1, fd, 0);
  w.poke(map + 4090, bytesOf('crossing'));
  assert.is(call(w, 'pread64', fd, at, 8, 4090), 8);
  assert.is(w.text(at, 8), 'crossing');
  call(w, 'pwrite64', fd, 'written!', 8, 0);
  assert.is(w.text(map, 8), 'written!');
  assert.match(w.slurp('/proc/self/maps'), /rw-s .* \/memfd:name \(deleted\)/);
});
pipes.run();

const memory = suite('kernel › memory');
memory('a private mapping of a file shows it and keeps writes to itself', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', 0), map = call(w, 'mmap', 0, 4096, 3, 2, fd, 0);
  call(w, 'close', fd);
  assert.is(w.text(map, 14), 'hello world\n\0\0');
  w.poke(map, bytesOf('JELLO'));
  assert.is(w.host.text('/home/a.txt'), 'hello world\n');
});
memory('writes to a shared mapping reach the file on msync, munmap, exit, and any read of the file', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', O_RDWR), map = call(w, 'mmap', 0, 4096, 3, 1, fd, 0), at = w.buffer(8);
  w.poke(map, bytesOf('A'));
  assert.is(call(w, 'msync', map, 4096, 4), 0);
  assert.is(w.host.text('/home/a.txt'), 'Aello world\n');
  w.poke(map, bytesOf('B'));
  call(w, 'pread64', fd, at, 1, 0);
  assert.is(w.text(at, 1), 'B');
  w.poke(map, bytesOf('C'));
  call(w, 'munmap', map, 4096);
  assert.is(w.host.text('/home/a.txt'), 'Cello world\n');
  const again = call(w, 'mmap', 0, 4096, 3, 1, fd, 0);
  w.poke(again + 11, bytesOf('D past the end'));
  w.call(231, 0);
  assert.is(w.host.text('/home/a.txt'), 'Cello worldD');
});
memory('writes to the file show in its mappings', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', O_RDWR), map = call(w, 'mmap', 0, 4096, 1, 1, fd, 0);
  assert.is(w.text(map, 1), 'h');
  call(w, 'pwrite64', fd, 'J', 1, 0);
  assert.is(w.text(map, 5), 'Jello');
});
memory('a shared mapping of a read-only file can never be made writable', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', 0), map = call(w, 'mmap', 0, 4096, 1, 1, fd, 0);
  assert.is(call(w, 'mprotect', map, 4096, 3), -EACCES);
});
memory('MADV_DONTNEED makes private memory zero again and leaves the rest of the mapping', () => {
  const w = world(), map = call(w, 'mmap', 0, 12288, 3, 0x22, -1, 0);
  for (const page of [0, 4096, 8192]) w.poke(map + page, bytesOf('x'));
  assert.is(call(w, 'madvise', map + 4096, 4096, 4), 0);
  assert.equal([w.text(map, 1), w.text(map + 4096, 1), w.text(map + 8192, 1)], ['x', '\0', 'x']);
});
memory('brk grows the heap in place and shrinks it again', () => {
  const w = world(), start = call(w, 'brk', 0);
  assert.is(call(w, 'brk', start + 10000), start + 10000);
  w.poke(start + 9999, bytesOf('x'));
  assert.match(w.slurp('/proc/self/maps'), /\[heap\]/);
  assert.is(call(w, 'brk', start), start);
  assert.is(call(w, 'brk', 5), start);
});
memory.run();

const time = suite('kernel › time and chance');
time('time is made of cycles, 3.2 a nanosecond, from a fixed date', () => {
  const w = world(), at = w.buffer(16);
  w.cycles = 3.2e9;
  assert.is(call(w, 'clock_gettime', 1, at), 0);
  assert.equal([w.peek(at, 16).getBigInt64(0, true), w.peek(at, 16).getBigInt64(8, true)], [101n, 0n]);
  assert.is(call(w, 'time', 0), 1_595_894_400 + 101);
  call(w, 'clock_gettime', 2, at);
  assert.is(w.peek(at, 16).getBigInt64(0, true), 1n);
});
time('a sleep of any length takes no time and moves the clock by itself', () => {
  const w = world(), at = w.buffer(16);
  assert.is(call(w, 'nanosleep', w.words(3600, 5), 0), 0);
  call(w, 'clock_gettime', 1, at);
  assert.equal([w.peek(at, 16).getBigInt64(0, true), w.peek(at, 16).getBigInt64(8, true)], [3700n, 5n]);
  assert.is(call(w, 'clock_nanosleep', 1, 1, w.words(4000, 0), 0), 0);
  call(w, 'clock_gettime', 1, at);
  assert.is(w.peek(at, 16).getBigInt64(0, true), 4000n);
  for (let i = 0; i < 5; i++) assert.is(call(w, 'nanosleep', w.words(0x7fff_ffff_ffff_ffffn, 0), 0), 0);
});
time('a futex that nobody can wake times out, or is a deadlock', () => {
  const w = world(), at = w.words(7);
  assert.is(call(w, 'futex', at, 0, 7, w.words(1, 0)), -ETIMEDOUT);
  assert.equal(w.call(202, at, 0, 7, 0), { then: 'exit', status: 2, scope: 'process' });
});
time('getrandom, /dev/urandom and AT_RANDOM are the same on every run', () => {
  const bytes = (): string => { const w = world(), at = w.buffer(32), fd = call(w, 'open', '/dev/urandom', 0); call(w, 'getrandom', at, 16, 0); call(w, 'read', fd, at + 16, 16); return w.text(at, 32); };
  assert.is(bytes(), bytes());
  assert.ok(new Set(bytes()).size > 16);
});
time.run();

const proc = suite('kernel › /proc/self');
proc('exe, cwd and fd/N are links to what they name', () => {
  const w = world(), at = w.buffer(64);
  const link = (path: string): string => w.text(at, Math.max(0, call(w, 'readlink', path, at, 64)));
  const fd = call(w, 'open', './a.txt', 0);
  assert.equal([link('/proc/self/exe'), link('/proc/self/cwd'), link(`/proc/self/fd/${fd}`), link('/proc/self')], ['/bin/program', '/home', '/home/a.txt', '1000']);
  assert.is(call(w, 'readlink', '/proc/self/fd/77', at, 64), -ENOENT);
  assert.is(w.slurp('/proc/self/cwd/a.txt'), 'hello world\n');
  assert.ok(w.slurp('/proc/self/exe').startsWith('\x7fELF'));
});
proc('opening fd/N opens the file anew, at its beginning', () => {
  const w = world(), fd = call(w, 'open', 'a.txt', 0), at = w.buffer(16);
  call(w, 'read', fd, at, 6);
  assert.is(w.slurp(`/proc/self/fd/${fd}`), 'hello world\n');
  assert.is(w.slurp(`/dev/fd/${fd}`), 'hello world\n');
});
proc('texts tell of the process', () => {
  const w = world();
  assert.is(w.slurp('/proc/self/cmdline'), 'program\0one\0two\0');
  assert.is(w.slurp('/proc/self/environ'), 'PATH=/bin\0HOME=/home\0');
  assert.is(w.slurp('/proc/1000/comm'), 'program\n');
  assert.match(w.slurp('//proc/./self//maps'), /^00400000-00401000 r-xp 00001000 08:01 \d+ +\/bin\/program\n/);
  assert.is(w.slurp('/proc/self/stat').split(' ').length, 52);
  assert.match(w.slurp('/proc/self/fdinfo/1'), /^pos:\t0\nflags:\t01\nmnt_id:/);
  assert.is(w.slurp('/proc/self/mem'), `open: ${-ENOENT}`);
  assert.is(call(w, 'open', '/proc/self/maps', O_RDWR), -EACCES);
});
proc('prctl names the process', () => {
  const w = world(), at = w.buffer(16);
  call(w, 'prctl', 15, 'a name that is much too long');
  call(w, 'prctl', 16, at);
  assert.is(w.text(at, 16), 'a name that is \0');
});
proc.run();
