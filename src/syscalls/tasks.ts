/** Calls on tasks: exit(2), getpid(2), futex(2), arch_prctl(2), prctl(2), sched_*(2), and those of fork and exec that wait for their day. */
import { EAGAIN, ECHILD, EFAULT, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT } from '../base/errno.ts';
import { byteString, bytesOf } from '../host/host.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import type { Args, Control, Handler, SyscallRows } from './task.ts';
import { timespec } from './time.ts';

function exit(_task: KernelTask, a: Args): Control { return { then: 'exit', status: a.int(0) & 0xff }; }

const isSelf = (task: KernelTask, pid: number): boolean => pid === 0 || pid === task.process.pid;
const ofSelf = (value: (task: KernelTask) => Result): Handler<KernelTask> => (task, a) => isSelf(task, a.int(0)) ? value(task) : -ESRCH;

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

// — futex —

const FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10, FUTEX_COMMAND = 0x7f;
/** With one task nobody waits and nobody wakes: WAKE finds none, WAIT ends by its time, or never. */
function futex(task: KernelTask, a: Args): Result | Control {
  const command = a.int(1) & FUTEX_COMMAND;
  const at = a.pointer(0);
  if (at % 4 !== 0) return -EINVAL;
  if (command === FUTEX_WAKE || command === FUTEX_WAKE_BITSET) return 0;
  if (command !== FUTEX_WAIT && command !== FUTEX_WAIT_BITSET) return -ENOSYS;
  const word = userStructure(task, at, 4);
  if (word === null) return -EFAULT;
  if (word.getUint32(0, true) !== a.uint(2)) return -EAGAIN;
  if (a.pointer(3) === 0) return { then: 'sleep', until: () => null };
  const ns = timespec(task, a.pointer(3)), { clock } = task.process.system;
  if (ns < 0) return ns;
  const FUTEX_CLOCK_REALTIME = 0x100;
  // FUTEX_WAIT counts from now; FUTEX_WAIT_BITSET names a moment (futex(2)).
  const now = (a.int(1) & FUTEX_CLOCK_REALTIME) !== 0 ? clock.realSeconds() * 1e9 + clock.realNanoseconds() : clock.monotonicNs();
  const wakesAtNs = clock.monotonicNs() + (command === FUTEX_WAIT ? ns : Math.max(0, ns - now));
  return { then: 'sleep', until: () => clock.monotonicNs() >= wakesAtNs ? -ETIMEDOUT : null, wakesAtNs };
}

// — scheduling —

function schedGetaffinity(task: KernelTask, a: Args): Result {
  if (!isSelf(task, a.int(0))) return -ESRCH;
  if (a.uint(1) < 8 || a.uint(1) % 8 !== 0) return -EINVAL;
  const told = putStructure(task, a.pointer(2), 8, view => setWord(view, 0, 1));
  return told < 0 ? told : 8;
}
function getcpu(task: KernelTask, a: Args): Result {
  for (const i of [0, 1]) if (a.pointer(i) !== 0 && putStructure(task, a.pointer(i), 4, () => {}) < 0) return -EFAULT;
  return 0;
}

// — names and settings —

const NAME_BYTES_MAX = 16;
type PrctlOption = (task: KernelTask, a: Args) => Result;
const PRCTL: { readonly [option: number]: PrctlOption } = {
  /* PR_SET_PDEATHSIG */ 1: () => 0,
  /* PR_GET_DUMPABLE */ 3: () => 1,
  /* PR_SET_DUMPABLE */ 4: () => 0,
  /* PR_SET_NAME */ 15: (task, a) => {
    const name = task.process.memory.copyInString(a.pointer(1), NAME_BYTES_MAX);
    const bytes = typeof name === 'number' ? userStructure(task, a.pointer(1), NAME_BYTES_MAX - 1) : name;
    if (bytes === null) return -EFAULT;
    task.process.name = byteString(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes.buffer));
    return 0;
  },
  /* PR_GET_NAME */ 16: (task, a) => putStructure(task, a.pointer(1), NAME_BYTES_MAX, view => {
    new Uint8Array(view.buffer).set(bytesOf(task.process.name).subarray(0, NAME_BYTES_MAX - 1));
  }),
  /* PR_CAPBSET_READ */ 23: () => 0,
  /* PR_SET_TIMERSLACK */ 29: () => 0,
  /* PR_GET_TIMERSLACK */ 30: () => 50_000,
  /* PR_SET_NO_NEW_PRIVS */ 38: () => 0,
  /* PR_GET_NO_NEW_PRIVS */ 39: () => 0,
};
function prctl(task: KernelTask, a: Args): Result { return PRCTL[a.int(0)]?.(task, a) ?? -EINVAL; }

const later = (name: string, shape: string) => ({ name, run: () => -ENOSYS, shape, partial: 'not implemented: there is one task' });

export const taskCalls: SyscallRows<KernelTask> = [
  [24, { name: 'sched_yield', run: () => 0, shape: '→ int' }],
  [39, { name: 'getpid', run: task => task.process.pid, shape: '→ int' }],
  [56, later('clone', 'hex ptr ptr ptr ptr → int')],
  [57, later('fork', '→ int')],
  [58, later('vfork', '→ int')],
  [59, later('execve', 'path ptr ptr → int')],
  [60, { name: 'exit', run: exit, shape: 'int → int' }],
  [61, { name: 'wait4', run: () => -ECHILD, shape: 'int ptr hex ptr → int', partial: 'there are no children' }],
  [109, { name: 'setpgid', run: ofSelf(() => 0), shape: 'int int → int', partial: 'accepted and ignored' }],
  [110, { name: 'getppid', run: task => task.process.parentPid, shape: '→ int' }],
  [111, { name: 'getpgrp', run: task => task.process.pid, shape: '→ int' }],
  [112, { name: 'setsid', run: () => -EPERM, shape: '→ int' }],
  [121, { name: 'getpgid', run: ofSelf(task => task.process.pid), shape: 'int → int' }],
  [124, { name: 'getsid', run: ofSelf(task => task.process.pid), shape: 'int → int' }],
  [145, { name: 'sched_getscheduler', run: ofSelf(() => 0), shape: 'int → int' }],
  [157, { name: 'prctl', run: prctl, shape: 'prctl prctlarg prctlarg prctlarg prctlarg → int', partial: 'names; what else is harmless' }],
  [158, { name: 'arch_prctl', run: archPrctl, shape: 'arch ptr → int' }],
  [186, { name: 'gettid', run: task => task.tid, shape: '→ int' }],
  [202, { name: 'futex', run: futex, shape: 'ptr futex int timespec? → int', partial: 'WAIT and WAKE' }],
  [203, { name: 'sched_setaffinity', run: ofSelf(() => 0), shape: 'int uint ptr → int', partial: 'there is one processor' }],
  [204, { name: 'sched_getaffinity', run: schedGetaffinity, shape: 'int uint cpus → int' }],
  [218, { name: 'set_tid_address', run: (task, a) => { task.clearTidAt = a.pointer(0); return task.tid; }, shape: 'ptr → int' }],
  [231, { name: 'exit_group', run: exit, shape: 'int → int' }],
  [273, {
    name: 'set_robust_list', shape: 'ptr size → int',
    run: (task, a) => { if (a.size(1) !== 24) return -EINVAL; task.robustListAt = a.pointer(0); return 0; },
  }],
  [309, { name: 'getcpu', run: getcpu, shape: 'ptr ptr ptr → int' }],
  [334, { name: 'rseq', run: () => -ENOSYS, shape: 'ptr hex hex hex → int', partial: 'not implemented: libraries do without' }],
  [435, later('clone3', 'ptr size → int')],
];
