/** Calls on names: what every one of them does and refuses, on a host that is a table in memory. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { E2BIG, EACCES, EBADF, EBUSY, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY, ENXIO, EOPNOTSUPP, EPERM, EXDEV } from '../src/base/errno.ts';
import { bytesOf } from '../src/host/host.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
type Argument = number | bigint | string;
const call = (w: KernelWorld, name: string, ...args: readonly Argument[]): number => {
  const result = w.call(SYS.get(name) ?? -1, ...args);
  if (typeof result !== 'number') throw new Error(`${name} did not return: ${result.then}`);
  return result;
};
const AT = -100, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_NONBLOCK = 0o4000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000, O_PATH = 0o10000000, O_TMPFILE = 0o20200000;
const S_IFIFO = 0o010000, S_IFSOCK = 0o140000, S_IFCHR = 0o020000, NOFOLLOW = 0x100, EMPTY_PATH = 0x1000, FOLLOW = 0x400;
/** /home has a (a file), d (a directory with b), l -> a, m -> d, loop -> loop. */
function world(): KernelWorld {
  const w = new KernelWorld({ '/home/a': 'file a', '/other': 'other' });
  call(w, 'mkdir', 'd', 0o755);
  w.host.put('/home/d/b', 'file b', 0o644);
  for (const [target, path] of [['a', 'l'], ['d', 'm'], ['loop', 'loop'], ['/other', 'd/abs'], ['../a', 'd/up'], ['../../other', 'd/far']] as const) call(w, 'symlink', target, path);
  return w;
}
function names(w: KernelWorld, path: string): string[] {
  const fd = call(w, 'open', path, O_DIRECTORY), at = w.buffer(2048), found: string[] = [];
  const got = call(w, 'getdents64', fd, at, 2048);
  for (let done = 0; done < got;) {
    const length = w.peek(at + done, 24).getUint16(16, true);
    found.push(w.text(at + done + 19, length - 19).split('\0')[0] ?? '');
    done += length;
  }
  call(w, 'close', fd);
  return found.slice(2).sort();
}
const stat = (w: KernelWorld, path: string): { mode: number; nlink: number; ino: bigint } => {
  const at = w.buffer(144), got = call(w, 'lstat', path, at), view = w.peek(at, 144);
  return got < 0 ? { mode: got, nlink: 0, ino: 0n } : { mode: view.getUint32(24, true), nlink: Number(view.getBigUint64(16, true)), ino: view.getBigUint64(8, true) };
};

/** Calls and what they return, each in a world of its own. HOW…: an open_how. */
const ANSWERS: readonly (readonly [string, readonly Argument[], number])[] = [
  ['renameat2', [AT, 'a', AT, 'd', 1], -EEXIST], ['renameat2', [AT, 'none', AT, 'd', 1], -ENOENT], ['renameat2', [AT, 'a', AT, 'n', 1], 0], ['renameat2', [AT, 'a', AT, 'd', 3], -EINVAL],
  ['renameat2', [AT, 'a', AT, 'n', 2], -ENOENT], ['renameat2', [AT, 'a', AT, 'd', 2], 0], ['renameat2', [AT, 'a', AT, 'n', 4], -EINVAL], ['rename', ['d/.', 'x'], -EBUSY],
  ['rename', ['a', '/proc/x'], -ENOENT], ['rename', ['a', '/proc/stat'], -EXDEV], ['rename', ['/proc/stat', 'x'], -EBUSY], ['unlink', ['/proc/stat'], -EPERM], ['mkdir', ['/proc', 0o755], -EEXIST],
  ['mkdir', ['/dev/null', 0o755], -EEXIST], ['rmdir', ['/proc'], -EPERM], ['symlink', ['x', '/dev/null'], -EEXIST], ['link', ['/proc/stat', 'x'], -EXDEV], ['chmod', ['/proc/stat', 0], -EPERM],
  ['linkat', [AT, 'a', AT, 'x', 8], -EINVAL], ['linkat', [AT, '', AT, 'x', 0], -ENOENT], ['linkat', [3, '', AT, 'x', EMPTY_PATH], -ENOENT], ['linkat', [AT, '/proc/self/fd/3', AT, 'x', FOLLOW], 0],
  ['linkat', [AT, '/proc/self/fd/3', AT, 'x', 0], -EXDEV], ['fchmodat2', [AT, 'l', 0o600, NOFOLLOW], -EOPNOTSUPP], ['fchmodat2', [AT, 'a', 0o600, NOFOLLOW], 0], ['fchmodat2', [AT, 'a', 0o600, 1], -EINVAL],
  ['fchmodat2', [3, '', 0o600, EMPTY_PATH], 0], ['fchmodat2', [99, '', 0o600, EMPTY_PATH], -EBADF], ['fchmod', [99, 0], -EBADF], ['fchown', [99, 0, 0], -EBADF], ['fchownat', [3, '', -1, -1, EMPTY_PATH], 0],
  ['utimensat', [AT, 'none', 0, 0], -ENOENT], ['utimensat', [AT, 0, 0, 0], -EFAULT], ['utimensat', [3, 0, 0, 0], 0], ['utimensat', [3, 0, 0, NOFOLLOW], -EINVAL], ['utimensat', [99, 0, 0, 0], -EBADF],
  ['utimensat', [AT, 'a', 8, 0], -EFAULT], ['utimensat', [AT, 'a', 0, 4], -EINVAL], ['utime', ['a', 0], 0], ['utimes', ['none', 0], -ENOENT], ['futimesat', [3, 0, 0], 0], ['futimesat', [AT, 'a', 0], 0],
  ['mknod', ['n', 0o644, 0], 0], ['mknod', ['a', 0o100644, 0], -EEXIST], ['mknod', ['n', S_IFCHR | 0o600, 0x103], -EPERM], ['mknod', ['n', 0o040755, 0], -EPERM], ['mknod', ['n', 0o170000, 0], -EINVAL],
  ['mknod', ['a', S_IFIFO, 0], -EEXIST], ['mknod', ['none/n', S_IFIFO, 0], -ENOENT], ['mknod', ['a/n', S_IFIFO, 0], -ENOTDIR], ['mknodat', [AT, 'n', S_IFSOCK | 0o600, 0], 0],
  ['chroot', ['d'], -EPERM], ['chroot', ['a'], -ENOTDIR], ['chroot', ['none'], -ENOENT], ['mount', ['a', 'd', 'ext4', 0, 0], -EPERM], ['umount2', ['d', 0], -EPERM], ['pivot_root', ['d', 'd'], -EPERM],
  ['name_to_handle_at', [AT, 'a', 0, 0, 0], -EOPNOTSUPP], ['open_by_handle_at', [3, 0, 0], -EPERM], ['open', ['loop', 0], -ELOOP], ['open', ['l', O_NOFOLLOW], -ELOOP], ['open', ['l', O_PATH | O_NOFOLLOW], 4],
  ['open', ['a', O_PATH | O_DIRECTORY], -ENOTDIR], ['open', ['.', O_TMPFILE | O_RDWR, 0o600], 4], ['open', ['.', O_TMPFILE, 0o600], -EINVAL], ['open', ['a', O_TMPFILE | O_RDWR, 0o600], -ENOTDIR],
  ['open', ['.', O_TMPFILE & ~O_DIRECTORY | O_RDWR, 0o600], -EINVAL], ['faccessat2', [3, '', 4, EMPTY_PATH], 0], ['faccessat2', [AT, '', 4, EMPTY_PATH], 0], ['faccessat2', [AT, 'none', 0, 0], -ENOENT],
  ['faccessat2', [AT, 'loop', 7, NOFOLLOW], 0], ['faccessat2', [AT, 'a', 8, 0], -EINVAL], ['readlinkat', [AT, 'l', 0x600000, 8], 1], ['truncate', ['a', -1n], -EINVAL], ['truncate', ['/dev/null', 0], -EINVAL],
  ['openat2', [AT, 'a', 'HOW', 23], -EINVAL], ['openat2', [AT, 'a', 8, 24], -EFAULT], ['openat2', [AT, 'a', 'HOW', 5000], -E2BIG], ['openat2', [AT, 'a', 'HOW', 24], 4], ['openat2', [AT, 'a', 'HOW LONG', 32], -E2BIG],
  ['openat2', [AT, 'a', 'HOW MODE', 24], -EINVAL], ['openat2', [AT, 'a', 'HOW FLAGS', 24], -EINVAL], ['openat2', [AT, 'a', 'HOW BOTH', 24], -EINVAL], ['openat2', [AT, 'l', 'HOW NOLINKS', 24], -ELOOP],
  ['openat2', [AT, 'a', 'HOW NOLINKS', 24], 4], ['openat2', [AT, 'm/b', 'HOW NOLINKS', 24], -ELOOP], ['openat2', [AT, '/home/a', 'HOW BENEATH', 24], -EXDEV], ['openat2', [AT, '../other', 'HOW BENEATH', 24], -EXDEV],
  ['openat2', [AT, 'd/../a', 'HOW BENEATH', 24], 4], ['openat2', [AT, 'd/abs', 'HOW BENEATH', 24], -EXDEV], ['openat2', [AT, 'd/up', 'HOW BENEATH', 24], 4], ['openat2', [AT, 'd/far', 'HOW BENEATH', 24], -EXDEV],
  ['openat2', [AT, 'd/far', 'HOW INROOT', 24], -ENOENT], ['openat2', [AT, '/a', 'HOW INROOT', 24], 4], ['openat2', [AT, '../../a', 'HOW INROOT', 24], 4], ['openat2', [AT, '/proc/self/fd/3', 'HOW NOMAGIC', 24], -ELOOP],
  ['statx', [AT, 'a', 0, 0x1fff, 'ROOM'], 0],
];
const HOWS: Readonly<Record<string, readonly number[]>> = {
  HOW: [0, 0, 0], 'HOW LONG': [0, 0, 0, 1], 'HOW MODE': [0, 0o600, 0], 'HOW FLAGS': [0x8000_0000, 0, 0], 'HOW BOTH': [0, 0, 24], 'HOW NOLINKS': [0, 0, 4], 'HOW BENEATH': [0, 0, 8], 'HOW INROOT': [0, 0, 16],
  'HOW NOMAGIC': [0, 0, 2], ROOM: new Array<number>(32).fill(0),
};
const answers = suite('paths › answers');
for (const [name, args, result] of ANSWERS) {
  answers(`${name}(${args.join(', ')}) = ${result}`, () => {
    const w = world();
    call(w, 'open', 'a', 0);
    const value = (arg: Argument): Argument => { const how = HOWS[String(arg)]; return how === undefined ? arg : w.words(...how); };
    assert.is(call(w, name, ...args.map(value)), result);
  });
}
answers.run();

const changes = suite('paths › changes');
changes('RENAME_EXCHANGE exchanges', () => {
  const w = world();
  assert.is(call(w, 'renameat2', AT, 'a', AT, '/other', 2), 0);
  assert.equal([w.host.text('/home/a'), w.host.text('/other'), names(w, '/home').length], ['other', 'file a', 5]);
});
changes('a process stays in its directory when that is renamed, and finds nothing when it is removed', () => {
  const w = world(), at = w.buffer(64);
  call(w, 'mkdir', '/tmp/x', 0o755);
  call(w, 'chdir', '/tmp/x');
  assert.is(call(w, 'rename', '/tmp/x', '/home/y'), 0);
  assert.equal([call(w, 'getcwd', at, 64), w.text(at, 7)], [8, '/home/y']);
  call(w, 'rmdir', '/home/y');
  assert.equal([call(w, 'getcwd', at, 64), call(w, 'open', 'x', O_CREAT | O_WRONLY, 0o600)], [-ENOENT, -ENOENT]);
});
changes('an open file keeps its name when it is renamed, and a directory its files', () => {
  const w = world(), fd = call(w, 'open', 'a', 0), directory = call(w, 'open', 'd', O_DIRECTORY), at = w.buffer(64);
  call(w, 'rename', 'a', 'z'); call(w, 'rename', 'd', 'e');
  const got = call(w, 'readlink', `/proc/self/fd/${fd}`, at, 64);
  assert.is(w.text(at, got), '/home/z');
  assert.is(call(w, 'fchmod', fd, 0o600), 0);
  assert.is(stat(w, 'z').mode, 0o100600);
  assert.ok(call(w, 'openat', directory, 'b', 0) > 0);
});
changes('UTIME_OMIT twice does nothing, whatever the path', () => {
  const w = world(), OMIT = 0x3ffffffe;
  assert.is(call(w, 'utimensat', AT, 'none', w.words(0, OMIT, 0, OMIT), 0), 0);
  assert.is(call(w, 'utimensat', AT, 'a', w.words(0, 1e9, 0, 0), 0), -EINVAL);
  assert.is(call(w, 'utimes', 'a', w.words(0, 1e6, 0, 0)), -EINVAL);
});
changes('a file of O_TMPFILE has no name', () => {
  const w = world(), fd = call(w, 'open', '/tmp', O_TMPFILE | O_RDWR, 0o600), at = w.buffer(8);
  assert.equal(names(w, '/tmp'), []);
  assert.equal([call(w, 'write', fd, 'text', 4), call(w, 'pread64', fd, at, 4, 0), w.text(at, 4)], [4, 4, 'text']);
});
changes('statx tells the mount, fstatfs what kind of file system has it', () => {
  const w = world(), at = w.buffer(256), fd = call(w, 'open', 'a', 0), type = (): number => Number(w.peek(at, 8).getBigUint64(0, true));
  call(w, 'statx', AT, 'a', 0, 0x7ff, at);
  assert.equal([w.peek(at, 256).getUint32(0, true) & 0x1000, w.peek(at, 256).getUint32(144, true)], [0x1000, 20]);
  call(w, 'statfs', '/proc/self', at); assert.is(type(), 0x9fa0);
  call(w, 'statfs', '/dev/shm', at); assert.is(type(), 0x1021994);
  call(w, 'pipe', at); call(w, 'fstatfs', w.peek(at, 4).getInt32(0, true), at); assert.is(type(), 0x50495045);
  assert.is(call(w, 'fstatfs', fd, at), 0);
});
changes.run();

const shm = suite('paths › /dev/shm');
shm('is memory of the machine: files, directories, mappings that are shared', () => {
  const w = world(), fd = call(w, 'open', '/dev/shm/x', O_RDWR | O_CREAT | O_EXCL, 0o600);
  assert.is(call(w, 'ftruncate', fd, 8192), 0);
  const map = call(w, 'mmap', 0, 8192, 3, 1, fd, 0), again = call(w, 'open', '/dev/shm/x', O_RDWR), other = call(w, 'mmap', 0, 8192, 3, 1, again, 0), at = w.buffer(8);
  w.poke(map + 5000, bytesOf('shared'));
  assert.equal([w.text(other + 5000, 6), call(w, 'pread64', again, at, 6, 5000), w.text(at, 6)], ['shared', 6, 'shared']);
  assert.equal([call(w, 'mkdir', '/dev/shm/d', 0o755), names(w, '/dev/shm'), w.host.text('/dev/shm/x')], [0, ['d', 'x'], null]);
  assert.equal([call(w, 'rename', '/dev/shm/x', '/dev/shm/d/y'), call(w, 'rename', '/dev/shm/d/y', '/home/y'), call(w, 'link', 'a', '/dev/shm/a')], [0, -EXDEV, -EXDEV]);
  const link = w.buffer(64), got = call(w, 'readlink', `/proc/self/fd/${fd}`, link, 64);
  assert.is(w.text(link, got), '/dev/shm/d/y');
  assert.equal([call(w, 'chdir', '/dev/shm/d'), call(w, 'getcwd', link, 64), w.text(link, 10), stat(w, 'y').mode, stat(w, '/dev/shm').mode], [0, 11, '/dev/shm/d', 0o100600, 0o041777]);
});
shm.run();

const special = suite('paths › FIFOs and sockets');
const fifo = (w: KernelWorld, path = 'f', mode = 0o644): void => { assert.is(call(w, 'mknod', path, S_IFIFO | mode, 0), 0); };
special('a name of the machine is seen, changed and removed as the host\'s are', () => {
  const w = world();
  fifo(w, 'm/f');
  assert.equal([names(w, 'd'), stat(w, '/home/d/f').mode, stat(w, 'd/f').ino === stat(w, 'm/f').ino], [['abs', 'b', 'f', 'far', 'up'], S_IFIFO | 0o644, true]);
  assert.equal([call(w, 'rmdir', 'd'), call(w, 'mkdir', 'd/f', 0o755), call(w, 'symlink', 'x', 'd/f'), call(w, 'link', 'a', 'd/f'), call(w, 'rmdir', 'd/f')], [-ENOTEMPTY, -EEXIST, -EEXIST, -EEXIST, -ENOTDIR]);
  assert.equal([call(w, 'chmod', 'd/f', 0o600), call(w, 'access', 'd/f', 6), call(w, 'access', 'd/f', 1), stat(w, 'd/f').mode], [0, 0, -EACCES, S_IFIFO | 0o600]);
  assert.equal([call(w, 'link', 'd/f', 'g'), stat(w, 'g').nlink, call(w, 'rename', 'd', 'e'), stat(w, 'e/f').nlink, stat(w, 'd/f').mode], [0, 2, 0, 2, -ENOENT]);
  assert.equal([call(w, 'rename', 'g', 'a'), w.host.text('/home/a'), stat(w, 'a').mode, call(w, 'rename', 'e/b', 'a'), stat(w, 'a').mode], [0, null, S_IFIFO | 0o600, 0, 0o100644]);
  assert.equal([call(w, 'unlink', 'e/f'), stat(w, 'e/f').mode, call(w, 'truncate', 'e/f', 0)], [0, -ENOENT, -ENOENT]);
  assert.is(w.kernel.system.special.isEmpty, true);
});
special('a link leads to a FIFO, and a socket cannot be opened', () => {
  const w = world();
  fifo(w);
  call(w, 'symlink', '/home/f', '/tmp/l'); call(w, 'mknod', 's', S_IFSOCK | 0o755, 0);
  assert.ok(call(w, 'open', '/tmp/l', O_NONBLOCK) > 0);
  assert.equal([call(w, 'open', 's', 0), call(w, 'open', 'f', O_CREAT | O_EXCL, 0), call(w, 'open', 'f', O_DIRECTORY), call(w, 'open', 'f', O_WRONLY | O_CREAT | O_NONBLOCK) > 0], [-ENXIO, -EEXIST, -ENOTDIR, true]);
  assert.ok(w.kernel.system.special.find('/tmp/l')?.kind === 'fifo' && w.kernel.system.special.find('/home/s')?.kind === 'socket' && w.kernel.system.special.find('/home/a') === null);
});
special('bytes go through a FIFO; without a reader O_NONBLOCK is ENXIO, without a writer it ends', () => {
  const w = world(), at = w.buffer(8);
  fifo(w);
  assert.is(call(w, 'open', 'f', O_WRONLY | O_NONBLOCK), -ENXIO);
  const reader = call(w, 'open', 'f', O_NONBLOCK), writer = call(w, 'open', 'f', O_WRONLY);
  assert.equal([call(w, 'write', writer, 'abc', 3), call(w, 'read', reader, at, 8), w.text(at, 3)], [3, 3, 'abc']);
  call(w, 'write', writer, 'gone', 4);
  call(w, 'close', writer); call(w, 'close', reader);
  const again = call(w, 'open', 'f', O_RDWR);
  assert.is(call(w, 'fcntl', again, 4, O_NONBLOCK), 0);
  assert.is(call(w, 'read', again, at, 8), -11);
  assert.is(call(w, 'open', 'f', O_WRONLY) > 0, true);
});
special('an unlinked FIFO lives on for those who have it', () => {
  const w = world(), at = w.buffer(8);
  fifo(w);
  const reader = call(w, 'open', 'f', O_NONBLOCK), writer = call(w, 'open', 'f', O_WRONLY), view = w.buffer(144);
  call(w, 'unlink', 'f');
  assert.equal([call(w, 'write', writer, 'x', 1), call(w, 'read', reader, at, 8), call(w, 'fstat', reader, view), w.peek(view, 144).getUint32(16, true)], [1, 1, 0, 0]);
});
special('an open waits for the other end', () => {
  const w = world(), child = call(w, 'fork');
  fifo(w);
  w.call(2, 'f', O_WRONLY); // It sleeps: from here on the child runs.
  assert.is(w.kernel.current?.process.pid, child);
});
special('who waited and was killed has not been there', () => {
  const w = world(), child = call(w, 'fork');
  fifo(w);
  w.call(2, 'f', O_WRONLY); // The first process sleeps; its child kills it, and finds no writer.
  const other = w.kernel.current;
  assert.is(other?.process.pid, child);
  for (const number of [62n, 24n]) { // kill, and its turn ends.
    other?.registers.set(0, number); other?.registers.set(7, 1000n); other?.registers.set(6, 9n);
    if (other !== null) w.kernel.call(other);
  }
  const node = w.kernel.system.special.find('/home/f'), pipe = (node?.object as { pipe: { writers: number } | null } | undefined)?.pipe;
  assert.equal([node?.kind, pipe?.writers ?? 0], ['fifo', 0]);
});
special('bind makes a name that stays when the socket is gone', () => {
  const w = world(), fd = call(w, 'socket', 1, 1, 0), other = call(w, 'socket', 1, 1, 0), address = w.buffer(16, bytesOf('\x01\0s\0'));
  assert.equal([call(w, 'bind', fd, address, 4), stat(w, 's').mode, call(w, 'bind', other, address, 4)], [0, S_IFSOCK | 0o755, -98]);
  call(w, 'rename', 's', 't');
  assert.equal([call(w, 'listen', fd, 1), call(w, 'connect', other, address, 4), call(w, 'connect', other, w.buffer(16, bytesOf('\x01\0t\0')), 4)], [0, -ENOENT, 0]);
  call(w, 'close', fd);
  assert.equal([stat(w, 't').mode, call(w, 'connect', call(w, 'socket', 1, 1, 0), w.buffer(16, bytesOf('\x01\0t\0')), 4), call(w, 'unlink', 't')], [S_IFSOCK | 0o755, -111, 0]);
});
special('who may not write a directory makes no FIFO there', () => {
  const w = world();
  call(w, 'chmod', 'd', 0o555);
  assert.is(call(w, 'mknod', 'd/f', S_IFIFO, 0), -EACCES);
});
special.run();
