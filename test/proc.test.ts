/** /proc, /dev and /sys: what a guest finds there is the emulated machine's, the same everywhere. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EEXIST, EINVAL, EISDIR, ELOOP, ENODEV, ENOENT, ENOSPC, ENOTDIR } from '../src/base/errno.ts';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const call = (w: KernelWorld, name: string, ...args: readonly (number | bigint | string)[]): number => {
  const result = w.call(SYS.get(name) ?? -1, ...args);
  if (typeof result !== 'number') throw new Error(`${name} did not return: ${result.then}`);
  return result;
};
const O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000, O_PATH = 0o10000000;
function names(w: KernelWorld, path: string): string[] {
  const fd = call(w, 'open', path, O_DIRECTORY), at = w.buffer(4096), found: string[] = [];
  if (fd < 0) return [String(fd)];
  for (let got = call(w, 'getdents64', fd, at, 4096); got > 0; got = call(w, 'getdents64', fd, at, 4096)) {
    for (let done = 0; done < got;) {
      const length = w.peek(at + done, 24).getUint16(16, true);
      found.push(w.text(at + done + 19, length - 19).split('\0')[0] ?? '');
      done += length;
    }
  }
  call(w, 'close', fd);
  return found.slice(2);
}
function link(w: KernelWorld, path: string): string { const at = w.buffer(256), got = call(w, 'readlink', path, at, 256); return got < 0 ? String(got) : w.text(at, got); }
const modeOf = (w: KernelWorld, path: string): string => { const at = w.buffer(144), got = call(w, 'lstat', path, at); return got < 0 ? String(got) : w.peek(at, 144).getUint32(24, true).toString(8); };

const paths = suite('/proc › paths');
/** Calls and what they return. */
const ANSWERS: readonly (readonly [string, readonly (number | string)[], number])[] = [
  ['open', ['/proc/none', 0], -ENOENT], ['open', ['/proc/99999/stat', 0], -ENOENT], ['open', ['/proc/self/stat/', 0], -ENOTDIR], ['open', ['/proc/self/stat/x', 0], -ENOTDIR],
  ['open', ['/proc/self/maps', O_RDWR], -EACCES], ['open', ['/proc/self', O_WRONLY], -EISDIR], ['open', ['/proc/self/stat', O_CREAT | O_EXCL, 0], -EEXIST],
  ['open', ['/proc/self/exe', O_NOFOLLOW], -ELOOP], ['open', ['/proc/self/fd/99', 0], -ENOENT], ['open', ['/proc/self/mem', 0], -ENOENT], ['open', ['/dev/none', 0], -ENOENT],
  ['open', ['/dev/kvm', 0], -ENOENT], ['open', ['/sys/kernel', O_RDWR], -EISDIR], ['access', ['/proc/self/stat', 4], 0], ['access', ['/proc/self/stat', 2], -EACCES],
  ['access', ['/dev/null', 6], 0], ['access', ['/dev/null', 1], -EACCES], ['chdir', ['/proc/self/stat'], -ENOTDIR], ['chdir', ['/proc/self/none'], -ENOENT], ['open', ['/proc/self/fd/0/x', 0], -ENOTDIR],
];
for (const [name, args, result] of ANSWERS) paths(`${name}(${args.join(', ')}) = ${result}`, () => { assert.is(call(new KernelWorld(), name, ...args), result); });
paths('every spelling of a path leads there', () => {
  const w = new KernelWorld();
  for (const path of ['/proc/1000/comm', '/proc/self/comm', '//proc/./self//comm', '/home/../proc/self/comm', '/proc/self/../1000/comm', '/proc/self/task/1000/comm', '/proc/thread-self/comm',
    '/proc/../proc/self/comm', '/proc/self/cwd/../proc/self/comm', '/proc/self/root/proc/self/comm', '/dev/../proc/self/comm']) assert.is(w.slurp(path), 'program\n', path);
  call(w, 'chdir', '/proc/self');
  assert.is(w.slurp('comm'), 'program\n');
  const at = w.buffer(64);
  call(w, 'getcwd', at, 64);
  assert.is(w.text(at, 10), '/proc/1000');
  const fd = call(w, 'open', '/proc', O_DIRECTORY), path = call(w, 'open', '/proc/self', O_PATH);
  assert.ok(call(w, 'openat', fd, 'self/comm', 0) > 0 && call(w, 'openat', path, 'comm', 0) > 0);
  assert.is(call(w, 'fchdir', fd), 0);
  assert.is(w.slurp('uptime'), '100.00 100.00\n');
});
paths('a directory behind a descriptor is a way on', () => {
  const w = new KernelWorld({ '/tmp/x': 'in tmp' }), fd = call(w, 'open', '/tmp', O_DIRECTORY);
  assert.is(w.slurp(`/proc/self/fd/${fd}/x`), 'in tmp');
  assert.is(w.slurp(`/dev/fd/${fd}/x`), 'in tmp');
});
paths('names, kinds and inodes in a listing are those stat tells', () => {
  const w = new KernelWorld();
  assert.ok(['self', 'thread-self', '1000', 'cpuinfo', 'meminfo', 'stat', 'sys', 'uptime'].every(name => names(w, '/proc').includes(name)));
  assert.equal(names(w, '/proc/self/task'), ['1000']);
  assert.equal(names(w, '/proc/self/fd'), ['0', '1', '2', '3']);
  for (const [directory, name] of [['/proc', 'self'], ['/proc/self', 'stat'], ['/proc/self', 'fd'], ['/dev', 'null'], ['/sys/devices/system/cpu', 'online']] as const) assert.ok(names(w, directory).includes(name));
  assert.equal([modeOf(w, '/proc/self'), modeOf(w, '/proc/self/stat'), modeOf(w, '/proc/self/fd'), modeOf(w, '/dev/null'), modeOf(w, '/dev/fd')], ['120777', '100444', '40500', '20666', '120777']);
  const at = w.buffer(144), other = w.buffer(144), fd = call(w, 'open', '/proc/self/stat', 0);
  call(w, 'stat', '/proc/self/stat', at); call(w, 'fstat', fd, other);
  assert.equal(w.text(at, 144), w.text(other, 144));
});
paths.run();

const texts = suite('/proc › texts');
texts('the machine is the same on every host', () => {
  const w = new KernelWorld();
  assert.equal([w.slurp('/proc/sys/kernel/ostype'), w.slurp('/proc/sys/kernel/hostname'), w.slurp('/proc/sys/kernel/pid_max'), w.slurp('/proc/sys/vm/overcommit_memory')], ['Linux\n', 'tramp64\n', '32768\n', '0\n']);
  assert.equal([w.slurp('/sys/devices/system/cpu/online'), w.slurp('/sys/devices/system/cpu/possible'), w.slurp('/sys/devices/system/cpu/offline')], ['0\n', '0\n', '\n']);
  assert.match(w.slurp('/proc/cpuinfo'), /^processor\t: 0\nvendor_id\t: AuthenticAMD\n[^]*\nflags\t\t: fpu /);
  assert.match(w.slurp('/proc/stat'), /^cpu  \d+ 0 0 \d+ 0 0 0 0 0 0\ncpu0 [^]*\nbtime 1595894400\n/);
  assert.match(w.slurp('/proc/version'), /^Linux version 5\.8\.0 /);
});
texts('the table of mounts, memory and chance are the machine\'s', () => {
  const w = new KernelWorld();
  assert.match(w.slurp('/proc/mounts'), /^\/?\w+ \/ \w+ rw,relatime 0 0\nproc \/proc proc /);
  assert.match(w.slurp('/proc/self/mountinfo'), /^20 1 8:1 \/ \/ rw,relatime - ext4 root rw\n21 20 0:22 \/ \/proc /);
  assert.match(w.slurp('/proc/meminfo'), /^MemTotal: +16\d{3} kB\nMemFree: /);
  assert.match(w.slurp('/proc/sys/kernel/random/uuid'), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/);
  assert.is.not(w.slurp('/proc/sys/kernel/random/uuid'), w.slurp('/proc/sys/kernel/random/uuid'));
  assert.is(w.slurp('/proc/sys/kernel/random/boot_id'), w.slurp('/proc/sys/kernel/random/boot_id'));
});
texts('limits are those of the process', () => {
  const w = new KernelWorld();
  call(w, 'prlimit64', 0, 7, w.words(100, 200), 0);
  assert.match(w.slurp('/proc/self/limits'), /^Limit {21}Soft Limit {11}Hard Limit {11}Units {5}\nMax cpu time {14}unlimited {12}unlimited {12}seconds {3}\n[^]*\nMax open files {12}100 {18}200 {18}files {5}\n/);
});
texts('status and stat agree', () => {
  const w = new KernelWorld(), status = w.slurp('/proc/self/status'), stat = w.slurp('/proc/self/stat').trim().split(' ');
  assert.match(status, /^Name:\tprogram\nUmask:\t0022\nState:\tR \(running\)\nTgid:\t1000\n[^]*\nUid:\t1000\t1000\t1000\t1000\n[^]*\nThreads:\t1\n[^]*\nSigCgt:\t0{16}\n/);
  assert.equal(stat.slice(0, 4), ['1000', '(program)', 'R', '999']);
  assert.is(Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1]) * 1024, Number(stat[22]));
});
texts('smaps has an entry for every line of maps', () => {
  const w = new KernelWorld(), maps = w.slurp('/proc/self/maps').trim().split('\n'), smaps = w.slurp('/proc/self/smaps').split('\n');
  assert.equal(smaps.filter(line => /^[0-9a-f]+-/.test(line)), maps);
  assert.is(smaps.filter(line => line.startsWith('Size:')).length, maps.length);
});
texts('other processes are there as long as they run or were not waited for', () => {
  const w = new KernelWorld(), child = call(w, 'fork');
  assert.ok(names(w, '/proc').includes(String(child)));
  assert.match(w.slurp(`/proc/${child}/stat`), new RegExp(`^${child} \\(program\\) R 1000 1000 1000 `));
  assert.match(w.slurp(`/proc/${child}/status`), /\nPPid:\t1000\n/);
});
texts('comm and oom_score_adj can be written', () => {
  const w = new KernelWorld(), comm = call(w, 'open', '/proc/self/comm', O_RDWR), score = call(w, 'open', '/proc/self/oom_score_adj', O_WRONLY);
  assert.is(call(w, 'write', comm, 'a name that is too long\n', 24), 24);
  assert.is(w.slurp('/proc/self/comm'), 'a name that is \n');
  assert.equal([call(w, 'write', score, '500', 3), call(w, 'write', score, '5000', 4)], [3, -EINVAL]);
});
texts('fdinfo shows position and flags', () => {
  const w = new KernelWorld({ '/home/a': 'abc' }), fd = call(w, 'open', 'a', O_RDWR | 0o2000000);
  call(w, 'lseek', fd, 2, 0);
  assert.match(w.slurp(`/proc/self/fdinfo/${fd}`), /^pos:\t2\nflags:\t02100002\nmnt_id:\t20\nino:\t\d+\n$/);
});
texts('a text is as it was at its first read, and new from the beginning', () => {
  const w = new KernelWorld(), fd = call(w, 'open', '/proc/uptime', 0), at = w.buffer(32);
  assert.is(call(w, 'read', fd, at, 4), 4);
  w.cycles = 3.2e9;
  call(w, 'read', fd, at + 4, 10);
  assert.is(w.text(at, 14), '100.00 100.00\n');
  call(w, 'pread64', fd, at, 6, 0);
  assert.is(w.text(at, 6), '101.00');
});
texts.run();

const devices = suite('/dev');
devices('null ends, zero never does, full has no room', () => {
  const w = new KernelWorld(), at = w.buffer(16, new Uint8Array([1, 2, 3, 4]));
  const [none, zero, full] = ['null', 'zero', 'full'].map(name => call(w, 'open', `/dev/${name}`, O_RDWR | O_CREAT, 0o600)) as [number, number, number];
  assert.equal([call(w, 'read', none, at, 4), call(w, 'write', none, at, 4), call(w, 'write', zero, at, 4), call(w, 'write', full, at, 4), call(w, 'lseek', none, 5, 0)], [0, 4, 4, -ENOSPC, 0]);
  assert.equal([call(w, 'read', zero, at, 2), w.text(at, 4)], [2, '\0\0\x03\x04']);
  assert.equal([call(w, 'read', full, at, 4), w.text(at, 4)], [4, '\0\0\0\0']);
  assert.is(call(w, 'mmap', 0, 4096, 3, 2, none, 0), -ENODEV);
});
devices('zero maps memory, private and shared', () => {
  const w = new KernelWorld(), fd = call(w, 'open', '/dev/zero', O_RDWR);
  for (const flags of [1, 2]) {
    const map = call(w, 'mmap', 0, 8192, 3, flags, fd, 0);
    assert.ok(map > 0);
    assert.is(w.peek(map + 5000, 1).getUint8(0), 0);
    w.poke(map + 5000, new Uint8Array([7]));
  }
});
devices('stdin, stdout, stderr and fd lead to what is open', () => {
  const w = new KernelWorld();
  assert.equal(['fd', 'stdin', 'stdout', 'stderr'].map(name => link(w, `/dev/${name}`)), ['/proc/self/fd', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2']);
  const fd = call(w, 'open', '/dev/stdout', O_WRONLY);
  call(w, 'write', fd, 'said', 4);
  assert.is(w.host.output, 'said');
});
devices.run();
