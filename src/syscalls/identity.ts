/** Who and where: credentials(7), uname(2), sysinfo(2), getrlimit(2), getrandom(2), and what else asks about the system. */
import { EFAULT, EINVAL, EPERM, ESRCH } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { bytesOf, type HostUser } from '../host/host.ts';
import { copyOutPieces } from './buffers.ts';
import type { Result } from './file.ts';
import { RLIMIT_NOFILE, RLIMIT_STACK, type KernelProcess, type KernelTask, type Limit } from './process.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
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
    view.setUint16(80, task.process.system.tasks.size, true); view.setUint32(104, 1, true);
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
function setLimit(task: KernelTask, process: KernelProcess, resource: number, at: Va): Result {
  const view = userStructure(task, at, 16), { limits, files, memory } = process, old = limits[resource];
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
  const pid = a.int(0), process = pid === 0 ? task.process : task.process.system.processes.get(pid), limit = (process ?? task.process).limits[a.uint(1)];
  if (limit === undefined) return -EINVAL;
  if (pid < 0 || process === undefined) return -ESRCH;
  const set = a.pointer(2) === 0 ? 0 : setLimit(task, process, a.uint(1), a.pointer(2));
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

// — capabilities (capabilities(7)): the superuser has all there are, as /proc/self/status says, though what is asked of the machine is refused —

const CAPABILITIES: readonly number[] = [0xffff_ffff, 0x1ff];
/** Versions of struct __user_cap_header_struct, and how many data structures follow. */
const CAPABILITY_VERSIONS: Readonly<Record<number, number>> = { 0x1998_0330: 1, 0x2007_1026: 2, 0x2008_0522: 2 };
const NEWEST_VERSION = 0x2008_0522, CAPABILITY_BYTES = 12;
/** The header at argument 0: how many data structures there are, or -errno; an unknown version is told the newest. */
function capabilityHeader(task: KernelTask, a: Args): { readonly count: number; readonly pid: number } | Result {
  const view = userStructure(task, a.pointer(0), 8);
  if (view === null) return -EFAULT;
  const count = CAPABILITY_VERSIONS[view.getUint32(0, true)];
  if (count !== undefined) return { count, pid: view.getInt32(4, true) };
  const told = putStructure(task, a.pointer(0), 4, header => header.setUint32(0, NEWEST_VERSION, true));
  return told < 0 ? told : -EINVAL;
}
function capget(task: KernelTask, a: Args): Result {
  const header = capabilityHeader(task, a);
  if (typeof header === 'number') return header === -EINVAL && a.pointer(1) === 0 ? 0 : header;
  if (header.pid < 0) return -EINVAL;
  if (header.pid !== 0 && !task.process.system.tasks.has(header.pid)) return -ESRCH;
  if (a.pointer(1) === 0) return 0;
  return putStructure(task, a.pointer(1), CAPABILITY_BYTES * header.count, view => {
    for (let i = 0; i < header.count; i++) for (const at of [0, 4]) view.setUint32(CAPABILITY_BYTES * i + at, heldCapabilities(task, i), true);
  });
}
function heldCapabilities(task: KernelTask, word: number): number { return task.process.system.host.user.euid === 0 ? CAPABILITIES[word] ?? 0 : 0; }
/** To what one has, or less: which then has no effect, for rights are the invoking user's. */
function capset(task: KernelTask, a: Args): Result {
  const header = capabilityHeader(task, a);
  if (typeof header === 'number') return header;
  if (header.pid !== 0 && header.pid !== task.tid) return -EPERM;
  const view = userStructure(task, a.pointer(1), CAPABILITY_BYTES * header.count);
  if (view === null) return -EFAULT;
  for (let i = 0; i < header.count; i++) {
    const mine = heldCapabilities(task, i);
    if ((view.getUint32(12 * i, true) & ~view.getUint32(12 * i + 4, true)) !== 0 || (view.getUint32(12 * i + 4, true) & ~mine) !== 0) return -EPERM;
  }
  return 0;
}
function setgroups(task: KernelTask, a: Args): Result {
  const { groups } = task.process.system.host.user, count = a.int(0);
  if (count < 0 || count > 65_536) return -EINVAL;
  const view = userStructure(task, a.pointer(1), 4 * count);
  if (view === null) return -EFAULT;
  return count === groups.length && groups.every((group, i) => view.getUint32(4 * i, true) === group) ? 0 : -EPERM;
}

const PER_QUERY = 0xffff_ffff;
/** READ_IMPLIES_EXEC acts (policy.ts); the rest is remembered. Addresses are never random, whatever ADDR_NO_RANDOMIZE says. */
function personality(task: KernelTask, a: Args): Result {
  const { process } = task, old = process.personality;
  if (a.uint(0) !== PER_QUERY) process.personality = a.uint(0);
  return old;
}

const LIMITS = 'FSIZE, DATA, STACK, NOFILE, NPROC, AS and SIGPENDING act, MEMLOCK on each mlock alone';
export const identityCalls: SyscallRows<KernelTask> = [
  call(63, 'uname', 'ptr → int', uname),
  call(97, 'getrlimit', 'rlimit ptr → int', getrlimit),
  call(99, 'sysinfo', 'ptr → int', sysinfo, 'uptime, memory and tasks'),
  call(102, 'getuid', '→ int', user('uid')),
  call(104, 'getgid', '→ int', user('gid')),
  call(105, 'setuid', 'int → int', becomes(['uid']), 'only to what one is'),
  call(106, 'setgid', 'int → int', becomes(['gid']), 'only to what one is'),
  call(107, 'geteuid', '→ int', user('euid')),
  call(108, 'getegid', '→ int', user('egid')),
  call(113, 'setreuid', 'int int → int', becomes(['uid', 'euid']), 'only to what one is'),
  call(114, 'setregid', 'int int → int', becomes(['gid', 'egid']), 'only to what one is'),
  call(115, 'getgroups', 'int ptr → int', getgroups),
  call(117, 'setresuid', 'int int int → int', becomes(['uid', 'euid', 'euid']), 'only to what one is'),
  call(118, 'getresuid', 'ptr ptr ptr → int', threeIds(['uid', 'euid', 'euid'])),
  call(119, 'setresgid', 'int int int → int', becomes(['gid', 'egid', 'egid']), 'only to what one is'),
  call(120, 'getresgid', 'ptr ptr ptr → int', threeIds(['gid', 'egid', 'egid'])),
  call(116, 'setgroups', 'int ptr → int', setgroups, 'only to what they are'),
  call(122, 'setfsuid', 'int → int', user('euid'), 'changes nothing'),
  call(123, 'setfsgid', 'int → int', user('egid'), 'changes nothing'),
  call(125, 'capget', 'ptr ptr → int', capget, 'all or none'),
  call(126, 'capset', 'ptr ptr → int', capset, 'changes nothing'),
  call(135, 'personality', 'hex → hex', personality, 'of READ_IMPLIES_EXEC, what mmap, mprotect and shmat do; the rest is remembered'),
  call(160, 'setrlimit', 'rlimit ptr → int', (task, a) => setLimit(task, task.process, a.uint(0), a.pointer(1)), LIMITS),
  call(302, 'prlimit64', 'int rlimit rlim rlimout → int', prlimit64, LIMITS),
  call(318, 'getrandom', 'random size grnd → size', getrandom, 'seeded, not secret'),
];
