/** Policies and priorities (sched(7), getpriority(2), ioprio_set(2)): remembered; every task gets its turn all the same. */
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH, E2BIG } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';

const SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5, SCHED_DEADLINE = 6, SCHED_RESET_ON_FORK = 0x4000_0000;
const NORMAL: readonly number[] = [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE], KNOWN: readonly number[] = [...NORMAL, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE];
const NICE_MIN = -20, NICE_MAX = 19, REAL_TIME_MAX = 99;
const ATTRIBUTE_BYTES = 48;

function taskOf(task: KernelTask, tid: number): KernelTask | Result {
  if (tid < 0) return -EINVAL;
  return tid === 0 ? task : task.process.system.tasks.get(tid) ?? -ESRCH;
}
/** Real-time policies are for those who may; the others take no priority. */
function setPolicy(task: KernelTask, tid: number, policy: number, priority: number): Result {
  const named = taskOf(task, tid), plain = policy & ~SCHED_RESET_ON_FORK;
  if (typeof named === 'number') return named;
  if (!KNOWN.includes(plain) || priority < 0 || priority > REAL_TIME_MAX) return -EINVAL;
  if (NORMAL.includes(plain) !== (priority === 0)) return -EINVAL;
  if (!NORMAL.includes(plain)) return -EPERM;
  task.process.system.shared.policies.set(named, policy);
  return 0;
}
function policyOf(task: KernelTask): number { return task.process.system.shared.policies.get(task) ?? SCHED_OTHER; }
function parameter(task: KernelTask, at: number): number {
  const view = at === 0 ? null : userStructure(task, at, 4);
  return view === null ? at === 0 ? -EINVAL : -EFAULT : view.getInt32(0, true);
}
function setScheduler(task: KernelTask, a: Args): Result {
  if (a.int(1) < 0) return -EINVAL;
  const priority = parameter(task, a.pointer(2));
  return priority === -EFAULT ? -EFAULT : setPolicy(task, a.int(0), a.int(1), priority);
}
function setParameter(task: KernelTask, a: Args): Result {
  const named = taskOf(task, a.int(0)), priority = parameter(task, a.pointer(1));
  if (priority < 0) return priority === -EFAULT ? -EFAULT : -EINVAL;
  return typeof named === 'number' ? named : setPolicy(task, a.int(0), policyOf(named), priority);
}
function getParameter(task: KernelTask, a: Args): Result {
  const named = taskOf(task, a.int(0));
  if (a.pointer(1) === 0) return -EINVAL;
  return typeof named === 'number' ? named : putStructure(task, a.pointer(1), 4, () => {});
}
const priorityLimit = (realTime: number) => (_task: KernelTask, a: Args): Result => {
  const policy = a.int(0);
  return policy === SCHED_FIFO || policy === SCHED_RR ? realTime : KNOWN.includes(policy) ? 0 : -EINVAL;
};
/** Everybody's slice is as long as SCHED_OTHER's is on an idle machine: 0.1 s is SCHED_RR's. */
function roundRobinInterval(task: KernelTask, a: Args): Result {
  const named = taskOf(task, a.int(0)), SLICE_NS = 4_000_000;
  return typeof named === 'number' ? named : putStructure(task, a.pointer(1), 16, view => setWord(view, 8, SLICE_NS));
}
function getAttributes(task: KernelTask, a: Args): Result {
  const named = taskOf(task, a.int(0)), size = a.uint(2);
  if (a.pointer(1) === 0 || size < ATTRIBUTE_BYTES || size > 4096 || a.uint(3) !== 0) return -EINVAL;
  if (typeof named === 'number') return named;
  return putStructure(task, a.pointer(1), ATTRIBUTE_BYTES, view => {
    view.setUint32(0, ATTRIBUTE_BYTES, true);
    view.setUint32(4, policyOf(named) & ~SCHED_RESET_ON_FORK, true);
    view.setInt32(16, named.process.niceness, true);
  });
}
function setAttributes(task: KernelTask, a: Args): Result {
  const head = userStructure(task, a.pointer(1), 4), size = head?.getUint32(0, true) ?? 0;
  if (a.pointer(1) === 0 || a.uint(2) !== 0) return -EINVAL;
  if (head === null) return -EFAULT;
  if (size !== 0 && size < ATTRIBUTE_BYTES) return -E2BIG;
  const view = userStructure(task, a.pointer(1), ATTRIBUTE_BYTES);
  if (view === null) return -EFAULT;
  return setPolicy(task, a.int(0), view.getUint32(4, true), view.getUint32(20, true));
}

// — niceness —

/** The processes that PRIO_PROCESS, PRIO_PGRP or PRIO_USER name. */
function chosen(task: KernelTask, which: number, who: number): readonly KernelProcess[] | Result {
  const { process } = task, all = [...process.system.processes.values()].filter(({ waitStatus }) => waitStatus === null);
  if (which === 0) {
    const named = who === 0 ? process : process.system.tasks.get(who)?.process;
    return named === undefined ? [] : [named];
  }
  if (which === 1) return all.filter(({ group }) => group === (who === 0 ? process.group : who));
  if (which !== 2) return -EINVAL;
  return who === 0 || who === process.system.host.user.uid ? all : [];
}
/** As the call gives it: 20 less the niceness, so that it is never negative. */
function getPriority(task: KernelTask, a: Args): Result {
  const found = chosen(task, a.int(0), a.int(1));
  if (typeof found === 'number') return found;
  return found.length === 0 ? -ESRCH : Math.max(...found.map(({ niceness }) => 20 - niceness));
}
function setPriority(task: KernelTask, a: Args): Result {
  const found = chosen(task, a.int(0), a.int(1)), niceness = Math.min(NICE_MAX, Math.max(NICE_MIN, a.int(2)));
  if (typeof found === 'number') return found;
  if (found.length === 0) return -ESRCH;
  const isRoot = task.process.system.host.user.euid === 0;
  for (const process of found) {
    if (niceness < process.niceness && !isRoot) return -EACCES;
    process.niceness = niceness;
  }
  return 0;
}

// — priorities of input and output —

const IOPRIO_SHIFT = 13, CLASSES = 4, LEVELS = 8, REAL_TIME_CLASS = 1;
function ioprioSet(task: KernelTask, a: Args): Result {
  const kind = a.int(2) >> IOPRIO_SHIFT, level = a.int(2) & 0xff;
  if (kind < 0 || kind >= CLASSES || level >= LEVELS || kind === 0 && level !== 0) return -EINVAL;
  if (kind === REAL_TIME_CLASS && task.process.system.host.user.euid !== 0) return -EPERM;
  const found = ofClass(task, a);
  if (typeof found === 'number') return found;
  for (const process of found) task.process.system.shared.ioPriorities.set(process, a.int(2));
  return found.length === 0 ? -ESRCH : 0;
}
function ioprioGet(task: KernelTask, a: Args): Result {
  const found = ofClass(task, a);
  if (typeof found === 'number') return found;
  const first = found[0];
  return first === undefined ? -ESRCH : task.process.system.shared.ioPriorities.get(first) ?? 0;
}
/** IOPRIO_WHO_PROCESS, _PGRP and _USER count from 1. */
function ofClass(task: KernelTask, a: Args): readonly KernelProcess[] | Result { return chosen(task, a.int(0) - 1, a.int(1)); }

const ONE_TURN = 'remembered: tasks take turns all the same';
export const schedulingCalls: SyscallRows<KernelTask> = [
  call(140, 'getpriority', 'int int → int', getPriority),
  call(141, 'setpriority', 'int int int → int', setPriority, ONE_TURN),
  call(142, 'sched_setparam', 'int ptr → int', setParameter, 'no real-time policies'),
  call(143, 'sched_getparam', 'int ptr → int', getParameter),
  call(144, 'sched_setscheduler', 'int int ptr → int', setScheduler, 'no real-time policies: EPERM'),
  call(145, 'sched_getscheduler', 'int → int', (task, a) => { const named = taskOf(task, a.int(0)); return typeof named === 'number' ? named : policyOf(named); }),
  call(146, 'sched_get_priority_max', 'int → int', priorityLimit(REAL_TIME_MAX)),
  call(147, 'sched_get_priority_min', 'int → int', priorityLimit(1)),
  call(148, 'sched_rr_get_interval', 'int ptr → int', roundRobinInterval),
  call(251, 'ioprio_set', 'int int hex → int', ioprioSet, 'remembered'),
  call(252, 'ioprio_get', 'int int → int', ioprioGet),
  call(314, 'sched_setattr', 'int ptr hex → int', setAttributes, 'no real-time policies: EPERM'),
  call(315, 'sched_getattr', 'int ptr uint hex → int', getAttributes),
];
