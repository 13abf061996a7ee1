/** The table of system calls (arch/x86/entry/syscalls/syscall_64.tbl), by number: families that every program calls something of. Others: often-table.ts, rare-table.ts. */
import { futexCalls } from './futex.ts';
import { identityCalls } from './identity.ts';
import { ioCalls } from './io.ts';
import { ioctlCalls } from './ioctl.ts';
import { memoryCalls } from './memory.ts';
import { openCalls } from './open.ts';
import type { KernelTask } from './process.ts';
import { spaceCalls } from './space.ts';
import { statCalls } from './stat.ts';
import type { Syscall, SyscallRows } from './task.ts';
import { taskCalls } from './tasks.ts';

export const USUAL_FAMILIES: readonly SyscallRows<KernelTask>[] = [
  ioCalls,
  openCalls,
  statCalls,
  spaceCalls,
  memoryCalls,
  identityCalls,
  taskCalls,
  futexCalls,
  ioctlCalls,
];

/** Numbers run to 511; beyond is nobody's. */
export function tableOf(families: readonly SyscallRows<KernelTask>[]): readonly (Syscall<KernelTask> | null)[] {
  const table = new Array<Syscall<KernelTask> | null>(512).fill(null);
  for (const rows of families) for (const row of rows) table[row.number] = row;
  return table;
}
