/** Who and where: credentials(7), uname(2), sysinfo(2), getrlimit(2), getrandom(2), and what else asks about the system. */
import { EFAULT, EINVAL, ENOSYS, EPERM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, type HostUser } from '../host/host.ts';
import { copyOutPieces } from './buffers.ts';
import type { Result } from './file.ts';
import { RLIMIT_NOFILE, RLIMIT_STACK, type KernelTask, type Limit } from './process.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import type { Args, SyscallRows } from './task.ts';
import { DESCRIPTORS_MAX } from './uapi.ts';

/** struct new_utsname: six fields of 65 bytes. The kernel the trampfd series was written for. */
export const UTSNAME = ['Linux', 'tramp64', '5.8.0', '#1 SMP', 'x86_64', '(none)'] as const;
function uname(task: KernelTask, a: Args): Result {
  return putStructure(task, a.pointer(0), 65 * UTSNAME.length, view => {
    UTSNAME.forEach((text, i) => new Uint8Array(view.buffer).set(bytesOf(text), 65 * i));
  });
}

function sysinfo(task: KernelTask, a: Args): Result {
  const { clock, memory } = task.process.system, { frames } = memory;
  return putStructure(task, a.pointer(0), 112, view => {
    setWord(view, 0, Math.floor(clock.monotonicNs() / 1e9));
    setWord(view, 32, frames.total * 4096); setWord(view, 40, (frames.total - frames.used) * 4096);
    view.setUint16(80, 1, true); view.setUint32(104, 1, true);
  });
}

const user = (field: 'uid' | 'gid' | 'euid' | 'egid') => (task: KernelTask): Result => task.process.system.host.user[field];
/** set*id(2): to what one is already; `ids` are argument numbers, -1 keeps. */
const becomes = (fields: readonly (keyof HostUser)[]) => (task: KernelTask, a: Args): Result =>
  fields.every((field, i) => a.int(i) === -1 || a.uint(i) === task.process.system.host.user[field]) ? 0 : -EPERM;
/** getresuid(2): real, effective and saved, to three places. */
const threeIds = (fields: readonly ('uid' | 'gid' | 'euid' | 'egid')[]) => (task: KernelTask, a: Args): Result => {
  const { user } = task.process.system.host;
  return Math.min(...fields.map((field, i) => putStructure(task, a.pointer(i), 4, view => view.setUint32(0, user[field], true))));
};
function getgroups(task: KernelTask, a: Args): Result {
  const { groups } = task.process.system.host.user, room = a.int(0);
  if (room === 0) return groups.length;
  if (room < groups.length) return -EINVAL;
  const told = putStructure(task, a.pointer(1), 4 * groups.length, view => groups.forEach((group, i) => view.setUint32(4 * i, group, true)));
  return told < 0 ? told : groups.length;
}

// — limits —

function putLimit(task: KernelTask, at: Va, limit: Limit): Result {
  return putStructure(task, at, 16, view => { view.setBigUint64(0, limit.soft, true); view.setBigUint64(8, limit.hard, true); });
}
function setLimit(task: KernelTask, resource: number, at: Va): Result {
  const view = userStructure(task, at, 16), { limits, files, memory } = task.process, old = limits[resource];
  if (view === null) return -EFAULT;
  if (old === undefined) return -EINVAL;
  const limit = { soft: view.getBigUint64(0, true), hard: view.getBigUint64(8, true) };
  if (limit.soft > limit.hard) return -EINVAL;
  if (limit.hard > old.hard) return -EPERM;
  limits[resource] = limit;
  if (resource === RLIMIT_STACK) memory.stackBytesMax = Number(limit.soft);
  if (resource === RLIMIT_NOFILE) files.limit = Math.min(DESCRIPTORS_MAX, Number(limit.soft));
  return 0;
}
function getrlimit(task: KernelTask, a: Args): Result {
  const limit = task.process.limits[a.uint(0)];
  return limit === undefined ? -EINVAL : putLimit(task, a.pointer(1), limit);
}
function prlimit64(task: KernelTask, a: Args): Result {
  const limit = task.process.limits[a.uint(1)], pid = a.int(0);
  if (limit === undefined) return -EINVAL;
  if (pid !== 0 && pid !== task.process.pid) return -EPERM;
  const set = a.pointer(2) === 0 ? 0 : setLimit(task, a.uint(1), a.pointer(2));
  return set < 0 || a.pointer(3) === 0 ? set : putLimit(task, a.pointer(3), limit);
}

// — chance —

const RANDOM_BYTES_MAX = 0x1ff_ffff;
function getrandom(task: KernelTask, a: Args): Result {
  const GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4, flags = a.uint(2);
  if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0 || (flags & 6) === 6) return -EINVAL;
  const { memory, system } = task.process;
  const to = { memory, address: a.pointer(0), length: Math.min(a.size(1), RANDOM_BYTES_MAX) };
  return copyOutPieces(to, system.staging, into => { system.entropy.fill(into); return into.length; });
}

export const identityCalls: SyscallRows<KernelTask> = [
  [63, { name: 'uname', run: uname, shape: 'ptr → int' }],
  [97, { name: 'getrlimit', run: getrlimit, shape: 'rlimit ptr → int' }],
  [99, { name: 'sysinfo', run: sysinfo, shape: 'ptr → int', partial: 'uptime and memory' }],
  [102, { name: 'getuid', run: user('uid'), shape: '→ int' }],
  [104, { name: 'getgid', run: user('gid'), shape: '→ int' }],
  [105, { name: 'setuid', run: becomes(['uid']), shape: 'int → int', partial: 'only to what one is' }],
  [106, { name: 'setgid', run: becomes(['gid']), shape: 'int → int', partial: 'only to what one is' }],
  [107, { name: 'geteuid', run: user('euid'), shape: '→ int' }],
  [108, { name: 'getegid', run: user('egid'), shape: '→ int' }],
  [113, { name: 'setreuid', run: becomes(['uid', 'euid']), shape: 'int int → int', partial: 'only to what one is' }],
  [114, { name: 'setregid', run: becomes(['gid', 'egid']), shape: 'int int → int', partial: 'only to what one is' }],
  [115, { name: 'getgroups', run: getgroups, shape: 'int ptr → int' }],
  [117, { name: 'setresuid', run: becomes(['uid', 'euid', 'euid']), shape: 'int int int → int', partial: 'only to what one is' }],
  [118, { name: 'getresuid', run: threeIds(['uid', 'euid', 'euid']), shape: 'ptr ptr ptr → int' }],
  [119, { name: 'setresgid', run: becomes(['gid', 'egid', 'egid']), shape: 'int int int → int', partial: 'only to what one is' }],
  [120, { name: 'getresgid', run: threeIds(['gid', 'egid', 'egid']), shape: 'ptr ptr ptr → int' }],
  [125, { name: 'capget', run: () => -ENOSYS, shape: 'ptr ptr → int', partial: 'not implemented' }],
  [135, { name: 'personality', run: () => 0, shape: 'hex → int', partial: 'always PER_LINUX' }],
  [140, { name: 'getpriority', run: () => 20, shape: 'int int → int', partial: 'always nice 0' }],
  [141, { name: 'setpriority', run: () => 0, shape: 'int int int → int', partial: 'accepted and ignored' }],
  [160, {
    name: 'setrlimit', run: (task, a) => setLimit(task, a.uint(0), a.pointer(1)), shape: 'rlimit ptr → int',
    partial: 'only RLIMIT_NOFILE acts',
  }],
  [302, { name: 'prlimit64', run: prlimit64, shape: 'int rlimit rlim rlimout → int', partial: 'only RLIMIT_NOFILE acts' }],
  [318, { name: 'getrandom', run: getrandom, shape: 'random size grnd → size', partial: 'seeded, not secret' }],
];
