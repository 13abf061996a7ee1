/** The table of system calls (arch/x86/entry/syscalls/syscall_64.tbl): every family's rows, by number. */
import { cloneCalls } from './clone.ts';
import { futexCalls } from './futex.ts';
import { fcntlCalls } from './fcntl.ts';
import { identityCalls } from './identity.ts';
import { inotifyCalls } from './inotify.ts';
import { ioCalls } from './io.ts';
import { ioctlCalls } from './ioctl.ts';
import { memoryAdviceCalls } from './memory-advice.ts';
import { memoryOtherCalls } from './memory-others.ts';
import { memoryCalls } from './memory.ts';
import { mountCalls } from './mounts.ts';
import { mqueueCalls } from './mqueue.ts';
import { msgCalls } from './msg.ts';
import { nameCalls } from './names.ts';
import { netCalls } from './net/calls.ts';
import { openCalls } from './open.ts';
import { epollCalls } from './epoll.ts';
import { eventCalls } from './eventfd.ts';
import { pidfdCalls } from './pidfd.ts';
import { pollCalls } from './poll.ts';
import type { KernelTask } from './process.ts';
import { refusedCalls } from './refused.ts';
import { schedulingCalls } from './scheduling.ts';
import { semCalls } from './sem.ts';
import { shmCalls } from './shm.ts';
import { signalCalls } from './signal-calls.ts';
import { signalfdCalls } from './signalfd.ts';
import { spaceCalls } from './space.ts';
import { spliceCalls } from './splice.ts';
import { statCalls } from './stat.ts';
import type { Syscall, SyscallRows } from './task.ts';
import { taskCalls } from './tasks.ts';
import { timeCalls } from './time.ts';
import { timerCalls } from './timer-calls.ts';
import { timerfdCalls } from './timerfd.ts';
import { waitCalls } from './wait.ts';
import { xattrCalls } from './xattr.ts';

export const FAMILIES: readonly SyscallRows<KernelTask>[] = [
  ioCalls,
  openCalls,
  nameCalls,
  mountCalls,
  statCalls,
  memoryCalls,
  pollCalls,
  timeCalls,
  identityCalls,
  taskCalls,
  cloneCalls,
  waitCalls,
  futexCalls,
  signalCalls,
  timerCalls,
  epollCalls,
  eventCalls,
  netCalls,
  timerfdCalls,
  signalfdCalls,
  pidfdCalls,
  fcntlCalls,
  ioctlCalls,
  spliceCalls,
  spaceCalls,
  memoryAdviceCalls,
  memoryOtherCalls,
  shmCalls,
  semCalls,
  msgCalls,
  mqueueCalls,
  schedulingCalls,
  inotifyCalls,
  refusedCalls,
  xattrCalls,
];

/** Numbers run to 511; beyond is nobody's. */
export function tableOf(families: readonly SyscallRows<KernelTask>[]): readonly (Syscall<KernelTask> | null)[] {
  const table = new Array<Syscall<KernelTask> | null>(512).fill(null);
  for (const rows of families) for (const [number, row] of rows) table[number] = row;
  return table;
}
