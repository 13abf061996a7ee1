/** Who a task is, how it runs and ends: getpid(2), exit(2), exit_group(2), setpgid(2), setsid(2), arch_prctl(2), prctl(2), sched_*(2), rseq. */
import { EACCES, EFAULT, EINVAL, ENOSYS, EPERM, ESRCH } from '../base/errno.ts';
import { byteString, bytesOf } from '../host/host.ts';
import type { Result } from './file.ts';
import { TIMER_SLACK, type KernelProcess, type KernelTask } from './process.ts';
import { SIGNAL_MAX } from './signal-state.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Handler, type SyscallRows } from './task.ts';

/** The task a number names (0: the caller's own), or null. */
function taskOf(task: KernelTask, tid: number): KernelTask | null { return tid === 0 ? task : task.process.system.tasks.get(tid) ?? null; }
/** The process a number names, one that ended and was not waited for too. */
function processOf(task: KernelTask, pid: number): KernelProcess | null { return pid === 0 ? task.process : task.process.system.processes.get(pid) ?? null; }
const ofProcess = (value: (process: KernelProcess) => Result): Handler<KernelTask> => (task, a) => {
  const named = processOf(task, a.int(0));
  return named === null ? -ESRCH : value(named);
};

/** The smallest struct rseq. */
const RSEQ_BYTES = 32;

// — groups and sessions (credentials(7)) —

function setpgid(task: KernelTask, a: Args): Result {
  const { process } = task, { processes } = process.system, target = processOf(task, a.int(0));
  if (a.int(1) < 0) return -EINVAL;
  if (target === null || (target !== process && target.parent !== process)) return -ESRCH;
  const group = a.int(1) === 0 ? target.pid : a.int(1);
  if (target !== process && target.session !== process.session) return -EPERM;
  if (target !== process && target.hasExecuted) return -EACCES;
  if (target.session === target.pid) return -EPERM;
  const isThere = group === target.pid || [...processes.values()].some(other => other.group === group && other.session === process.session);
  if (!isThere) return -EPERM;
  target.group = group;
  return 0;
}
function setsid(task: KernelTask): Result {
  const { process } = task;
  for (const other of process.system.processes.values()) if (other.group === process.pid) return -EPERM;
  process.group = process.session = process.pid;
  return process.pid;
}

// — segments —

const ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004;
const TASK_SIZE_MAX = 0x7fff_ffff_f000n;
function archPrctl(task: KernelTask, a: Args): Result {
  const code = a.int(0), { registers } = task;
  if (code === ARCH_SET_FS || code === ARCH_SET_GS) {
    if (a.big(1) >= TASK_SIZE_MAX) return -EPERM;
    registers.setSegmentBase(code === ARCH_SET_GS, a.big(1));
    return 0;
  }
  if (code !== ARCH_GET_FS && code !== ARCH_GET_GS) return -EINVAL;
  return putStructure(task, a.pointer(1), 8, view => view.setBigUint64(0, registers.segmentBase(code === ARCH_GET_GS), true));
}

// — scheduling —

function schedGetaffinity(task: KernelTask, a: Args): Result {
  if (taskOf(task, a.int(0)) === null) return -ESRCH;
  if (a.uint(1) < 8 || a.uint(1) % 8 !== 0) return -EINVAL;
  const told = putStructure(task, a.pointer(2), 8, view => setWord(view, 0, 1));
  return told < 0 ? told : 8;
}
/** The one processor must be among them. */
function schedSetaffinity(task: KernelTask, a: Args): Result {
  const bytes = userStructure(task, a.pointer(2), Math.min(a.uint(1), 8));
  if (bytes === null) return -EFAULT;
  if (taskOf(task, a.int(0)) === null) return -ESRCH;
  return bytes.byteLength > 0 && (bytes.getUint8(0) & 1) !== 0 ? 0 : -EINVAL;
}
function getcpu(task: KernelTask, a: Args): Result {
  for (const i of [0, 1]) if (a.pointer(i) !== 0 && putStructure(task, a.pointer(i), 4, () => {}) < 0) return -EFAULT;
  return 0;
}

// — names and settings —

const NAME_BYTES_MAX = 16, CAPABILITIES = 41;
type PrctlOption = (task: KernelTask, a: Args) => Result;
const flag = (value: number): value is 0 | 1 => value === 0 || value === 1;
const PRCTL: { readonly [option: number]: PrctlOption } = {
  /* PR_SET_PDEATHSIG */ 1: ({ process }, a) => {
    if (a.size(1) > SIGNAL_MAX) return -EINVAL;
    process.parentDeathSignal = a.int(1);
    return 0;
  },
  /* PR_GET_PDEATHSIG */ 2: (task, a) => putStructure(task, a.pointer(1), 4, view => view.setInt32(0, task.process.parentDeathSignal, true)),
  /* PR_GET_DUMPABLE */ 3: ({ process }) => process.isDumpable ? 1 : 0,
  /* PR_SET_DUMPABLE */ 4: ({ process }, a) => { if (!flag(a.size(1))) return -EINVAL; process.isDumpable = a.int(1) === 1; return 0; },
  /* PR_GET_KEEPCAPS */ 7: () => 0,
  /* PR_GET_TIMING */ 13: () => 0,
  /* PR_SET_NAME */ 15: (task, a) => {
    const name = task.process.memory.copyInString(a.pointer(1), NAME_BYTES_MAX);
    const bytes = typeof name === 'number' ? userStructure(task, a.pointer(1), NAME_BYTES_MAX - 1) : name;
    if (bytes === null) return -EFAULT;
    task.ownName = byteString(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes.buffer));
    if (task.tid === task.process.pid) task.process.name = task.ownName;
    return 0;
  },
  /* PR_GET_NAME */ 16: (task, a) => putStructure(task, a.pointer(1), NAME_BYTES_MAX, view => {
    new Uint8Array(view.buffer).set(bytesOf(task.name).subarray(0, NAME_BYTES_MAX - 1));
  }),
  /* PR_GET_SECCOMP */ 21: () => 0,
  /* PR_CAPBSET_READ */ 23: (_task, a) => a.size(1) < CAPABILITIES ? 1 : -EINVAL,
  /* PR_GET_TSC: PR_TSC_ENABLE */ 25: (task, a) => putStructure(task, a.pointer(1), 4, view => view.setInt32(0, 1, true)),
  /* PR_SET_TIMERSLACK */ 29: (task, a) => { task.timerSlack = a.size(1) === 0 ? TIMER_SLACK : a.size(1); return 0; },
  /* PR_GET_TIMERSLACK */ 30: task => task.timerSlack,
  /* PR_SET_CHILD_SUBREAPER */ 36: ({ process }, a) => { process.isSubreaper = a.size(1) !== 0; return 0; },
  /* PR_GET_CHILD_SUBREAPER */ 37: (task, a) => putStructure(task, a.pointer(1), 4, view => view.setInt32(0, task.process.isSubreaper ? 1 : 0, true)),
  /* PR_SET_NO_NEW_PRIVS */ 38: ({ process }, a) => {
    if (a.size(1) !== 1 || a.size(2) !== 0 || a.size(3) !== 0 || a.size(4) !== 0) return -EINVAL;
    process.hasNoNewPrivileges = true;
    return 0;
  },
  /* PR_GET_NO_NEW_PRIVS */ 39: ({ process }) => process.hasNoNewPrivileges ? 1 : 0,
  /* PR_GET_TID_ADDRESS */ 40: (task, a) => putStructure(task, a.pointer(1), 8, view => setWord(view, 0, task.clearTidAt)),
  /* PR_SET_THP_DISABLE */ 41: () => 0,
  /* PR_GET_THP_DISABLE */ 42: () => 0,
};
function prctl(task: KernelTask, a: Args): Result { return PRCTL[a.int(0)]?.(task, a) ?? -EINVAL; }

/** Where a task waits for its turn without waiting for anything. */
const schedYield: Handler<KernelTask> = () => ({ then: 'sleep', isRoused: true, until: () => 0 });

export const taskCalls: SyscallRows<KernelTask> = [
  call(24, 'sched_yield', '→ int', schedYield),
  call(39, 'getpid', '→ int', task => task.process.pid),
  call(60, 'exit', 'int → int', (_task, a) => ({ then: 'exit', status: a.int(0) & 0xff, scope: 'task' })),
  call(109, 'setpgid', 'int int → int', setpgid),
  call(110, 'getppid', '→ int', task => task.process.parentPid),
  call(111, 'getpgrp', '→ int', task => task.process.group),
  call(112, 'setsid', '→ int', setsid),
  call(121, 'getpgid', 'int → int', ofProcess(({ group }) => group)),
  call(124, 'getsid', 'int → int', ofProcess(({ session }) => session)),
  call(157, 'prctl', 'prctl prctlarg prctlarg prctlarg prctlarg → int', prctl, 'names, parents and children, privileges; what else is harmless'),
  call(158, 'arch_prctl', 'arch ptr → int', archPrctl),
  call(186, 'gettid', '→ int', task => task.tid),
  call(203, 'sched_setaffinity', 'int uint ptr → int', schedSetaffinity, 'there is one processor'),
  call(204, 'sched_getaffinity', 'int uint cpus → int', schedGetaffinity),
  call(218, 'set_tid_address', 'ptr → int', (task, a) => { task.clearTidAt = a.pointer(0); return task.tid; }),
  call(231, 'exit_group', 'int → int', (_task, a) => ({ then: 'exit', status: a.int(0) & 0xff, scope: 'process' })),
  call(309, 'getcpu', 'ptr ptr ptr → int', getcpu),
  call(334, 'rseq', 'ptr hex hex hex → int', (_task, a) => a.uint(2) === 0 && a.uint(1) >= RSEQ_BYTES ? -ENOSYS : -EINVAL, 'not implemented: libraries do without'),
];
