/** Families of system calls that most programs call nothing of: looked for where the others have no such number. */
import { epollCalls } from './epoll.ts';
import { eventCalls } from './eventfd.ts';
import { inotifyCalls } from './inotify.ts';
import { memoryAdviceCalls } from './memory-advice.ts';
import { memoryOtherCalls } from './memory-others.ts';
import { mountCalls } from './mounts.ts';
import { mqueueCalls } from './mqueue.ts';
import { msgCalls } from './msg.ts';
import { nameCalls } from './names.ts';
import { netCalls } from './net/calls.ts';
import { OFTEN_FAMILIES } from './often-table.ts';
import { pidfdCalls } from './pidfd.ts';
import { pollCalls } from './poll.ts';
import { refusedCalls } from './refused.ts';
import { schedulingCalls } from './scheduling.ts';
import { semCalls } from './sem.ts';
import { shmCalls } from './shm.ts';
import { signalfdCalls } from './signalfd.ts';
import { spliceCalls } from './splice.ts';
import { timerCalls } from './timer-calls.ts';
import { timerfdCalls } from './timerfd.ts';
import { xattrCalls } from './xattr.ts';
import type { KernelTask } from './process.ts';
import { USUAL_FAMILIES } from './table.ts';
import type { SyscallRows } from './task.ts';

export const RARE_FAMILIES: readonly SyscallRows<KernelTask>[] = [
  nameCalls,
  mountCalls,
  pollCalls,
  timerCalls,
  epollCalls,
  eventCalls,
  netCalls,
  timerfdCalls,
  signalfdCalls,
  pidfdCalls,
  spliceCalls,
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
export const FAMILIES: readonly SyscallRows<KernelTask>[] = [...USUAL_FAMILIES, ...OFTEN_FAMILIES, ...RARE_FAMILIES];
