/** Families of system calls that most programs call something of, but for the smallest: looked for where table.ts has no such number. */
import { cloneCalls } from './clone.ts';
import { fcntlCalls } from './fcntl.ts';
import type { KernelTask } from './process.ts';
import { signalCalls } from './signal-calls.ts';
import type { SyscallRows } from './task.ts';
import { timeCalls } from './time.ts';
import { waitCalls } from './wait.ts';

export const OFTEN_FAMILIES: readonly SyscallRows<KernelTask>[] = [
  timeCalls,
  cloneCalls,
  waitCalls,
  signalCalls,
  fcntlCalls,
];
