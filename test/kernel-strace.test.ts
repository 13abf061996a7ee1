/** strace's notation, call by call: the golden file is what a guest's calls print. */
import { suite } from 'uvu';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { raise } from '../src/syscalls/signal.ts';
import { Trace } from '../src/syscalls/strace.ts';
import { DATA_AT, KernelWorld } from './support/kernel-world.ts';
import { golden } from './support/vectors.ts';

const SYS = new Map(FAMILIES.flat().map(({ name, number }) => [name, number]));
const suiteOf = suite('kernel › strace');

type Step = readonly [string, ...(number | bigint | string)[]];
/** Every printer at least once, and the exceptions to them. 0x600100 on: strings; BUFFER: room for results. */
const BUFFER = DATA_AT + 0x10000, AT_FDCWD = -100;
const STEPS: readonly Step[] = [
  ['write', 1, 'hello\n', 6], ['write', 1, 'a\t"b"\\\x01\x809 more than thirty-two bytes here we go', 48], ['write', 1, 8, 4], ['write', 1, '', 0],
  ['openat', AT_FDCWD, 'a.txt', 0], ['read', 3, BUFFER, 50], ['read', 3, 8, 50], ['lseek', 3, 0, 2], ['lseek', 3, -2n, 1], ['pread64', 3, BUFFER, 3, 1],
  ['openat', AT_FDCWD, '/nope/x', 0o1101, 0o644], ['open', 'new', 0o2102, 0o600], ['open', '.', 0o200000], ['open', 8, 0], ['creat', 'c', 0o640],
  ['newfstatat', AT_FDCWD, 'a.txt', BUFFER, 0], ['newfstatat', 3, '', BUFFER, 0x1000], ['lstat', '/none', BUFFER], ['fstat', 1, BUFFER],
  ['statx', AT_FDCWD, 'a.txt', 0, 0x7ff, BUFFER], ['stat', '/tmp', BUFFER], ['getdents64', 5, BUFFER, 4096],
  ['access', 'a.txt', 0], ['access', '/x', 6], ['faccessat2', AT_FDCWD, '/x', 1, 0x200], ['unlinkat', AT_FDCWD, '/nodir', 0x200], ['mkdir', '/home/d', 0o755],
  ['rename', '/nox', '/noy'], ['readlink', '/proc/self/exe', BUFFER, 100], ['getcwd', BUFFER, 100], ['umask', 0o77], ['chmod', 'a.txt', 0o4755],
  ['utimensat', AT_FDCWD, '/nox', 0, 0], ['utimensat', AT_FDCWD, 'a.txt', 'UTIMES', 0], ['linkat', AT_FDCWD, 'a.txt', AT_FDCWD, 'hard', 0x400], ['symlink', 'a.txt', 'soft'],
  ['pipe2', BUFFER, 0o2004000], ['dup2', 3, 20], ['dup3', 3, 21, 0o2000000], ['fcntl', 3, 3], ['fcntl', 3, 2, 1], ['fcntl', 3, 1], ['fcntl', 3, 1030, 10], ['fcntl', 4, 4, 0o4000],
  ['ioctl', 1, 0x5413, BUFFER], ['ioctl', 1, 0x5401, BUFFER], ['ioctl', 1, 0x1234, 0], ['close', 99],
  ['mmap', 0, 8192, 3, 0x22, -1, 0], ['mmap', 0, 4096, 5, 2, 3, 0x1000], ['mmap', 0x10000000, 4096, 0, 0x4032, -1, 0], ['mprotect', 0x10000000, 4096, 1],
  ['munmap', 0x10000000, 4096], ['mremap', 0x10000000, 4096, 8192, 1], ['mremap', 0x10000000, 4096, 8192, 3, 0x20000000], ['madvise', 0, 1, 4], ['brk', 0],
  ['msync', DATA_AT, 4096, 4], ['memfd_create', 'x', 1],
  ['nanosleep', 'TIME', 0], ['clock_gettime', 1, BUFFER], ['clock_gettime', 77, BUFFER], ['clock_nanosleep', 0, 1, 'TIME', 0], ['gettimeofday', BUFFER, 0], ['getrusage', -1, BUFFER],
  ['prlimit64', 0, 3, 0, BUFFER], ['prlimit64', 0, 7, 'LIMIT', 0], ['getrandom', BUFFER, 4, 1], ['arch_prctl', 0x1002, 0x1234], ['set_tid_address', BUFFER],
  ['futex', BUFFER, 128, 12345, 0], ['futex', BUFFER, 1, 1], ['prctl', 15, 'name'], ['prctl', 16, BUFFER], ['prctl', 38, 1, 0, 0, 0], ['sched_getaffinity', 0, 128, BUFFER],
  ['writev', 1, 'VECTORS', 2], ['readv', 3, 8, 1], ['poll', 'POLL', 2, 0], ['sendfile', 1, 3, 0, 5], ['getpid'], ['rseq', 0, 32, 0, 0x53053053],
  ['rseq', 0, 32, 0x1234, 0],
  ['mknod', 'fifo', 0o010644, 0], ['mknodat', AT_FDCWD, 'device', 0o020600, 0x103], ['renameat2', AT_FDCWD, 'a.txt', AT_FDCWD, 'soft', 2], ['openat2', AT_FDCWD, 'a.txt', 'HOW', 24],
  ['fchmodat2', AT_FDCWD, 'soft', 0o600, 0x100], ['chroot', '/tmp'], ['mount', 'proc', '/proc', 'proc', 0, 0],
];

suiteOf('prints every kind of argument and result', () => {
  const w = new KernelWorld({ '/home/a.txt': 'hello world\n' });
  const structures: Readonly<Record<string, number>> = {
    UTIMES: w.words(5, 7, 0, 0x3fffffff), TIME: w.words(1, 5), LIMIT: w.words(512, 1024), HOW: w.words(0o2000101, 0o640, 12), VECTORS: w.words(w.string('one'), 3, w.string('two\n'), 4),
    POLL: w.words(0x0000_0001_0000_0000n, 0x0000_0005_0000_0063n),
  };
  w.kernel.trace = new Trace(line => w.host.report(line));
  for (const [name, ...args] of STEPS) w.call(SYS.get(name) ?? -1, ...args.map(arg => typeof arg === 'string' ? structures[arg] ?? arg : arg));
  w.call(500, 1, 2, 3, 4, 5, 6);
  w.call(0x12345, 1);
  w.kernel.trace.signal(w.task, { signal: 11, code: 1, address: 8 });
  w.kernel.trace.signal(w.task, { signal: 11, code: 2, address: 0 });
  w.kernel.trace.signal(w.task, { signal: 6, code: -6, address: 0, pid: 1000 });
  w.kernel.trace.signal(w.task, { signal: 34, code: 0, address: 0 });
  w.call(231, 3);
  golden('strace.txt', w.host.reports.join('\n') + '\n');
});
suiteOf('a signal that kills ends the trace', () => {
  const w = new KernelWorld();
  w.kernel.trace = new Trace(line => w.host.report(line));
  raise(w.task, { signal: 11, code: 1, address: 0, trap: 14 });
  w.kernel.deliver(w.task, 0);
  golden('strace-killed.txt', w.host.reports.join('\n') + '\n');
});
suiteOf.run();
