/** The memory of other processes, and what the processor does for memory: process_vm_readv(2), membarrier(2), pkeys(7). */
import { EFAULT, EINVAL, ENOSPC, EPERM, ESRCH } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import { GatheredMemory } from './buffers.ts';
import type { Result } from './file.ts';
import { gather } from './io.ts';
import { protect } from './memory.ts';
import type { KernelTask } from './process.ts';
import { type Args, call, type SyscallRows } from './task.ts';

/** Page by page, so that what lies before the first that cannot be reached is counted. */
const transfer = (isWrite: boolean) => (task: KernelTask, a: Args): Result => {
  const { system } = task.process;
  if (a.size(5) !== 0) return -EINVAL;
  const local = gather(task, a.pointer(1), a.size(2)), ranges = gather(task, a.pointer(3), a.size(4));
  if (typeof local === 'number') return local;
  if (typeof ranges === 'number') return ranges;
  const process = system.processes.get(a.int(0));
  if (process === undefined) return -ESRCH;
  const remote = new GatheredMemory(process.memory, ranges.ranges), total = Math.min(local.length, remote.length);
  const [from, to] = isWrite ? [local, remote] : [remote, local];
  let done = 0;
  for (const range of ranges.ranges) {
    for (let at = range.at; at < range.at + range.length && done < total;) {
      const length = Math.min(PAGE_BYTES - at % PAGE_BYTES, range.at + range.length - at, total - done), bytes = system.staging.subarray(0, length);
      if (!from.copyIn(done, bytes) || !to.copyOut(done, bytes)) return done > 0 ? done : -EFAULT;
      done += length; at += length;
    }
  }
  return done;
};

const QUERY = 0, GLOBAL = 1, GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL_EXPEDITED = 4, PRIVATE_EXPEDITED = 8, REGISTER_PRIVATE_EXPEDITED = 16,
  PRIVATE_EXPEDITED_SYNC_CORE = 32, REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64;
const COMMANDS = 127;
/** One processor runs one task at a time: every access of the others is done. What must be registered first is, all the same. */
function membarrier(task: KernelTask, a: Args): Result {
  const command = a.int(0), { barriers } = task.process.system.shared, registered = barriers.get(task.process.memory) ?? 0;
  if (a.uint(1) !== 0) return -EINVAL;
  switch (command) {
    case QUERY: return COMMANDS;
    case GLOBAL: case GLOBAL_EXPEDITED: return 0;
    case REGISTER_GLOBAL_EXPEDITED: case REGISTER_PRIVATE_EXPEDITED: case REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
      barriers.set(task.process.memory, registered | command);
      return 0;
    case PRIVATE_EXPEDITED: return (registered & REGISTER_PRIVATE_EXPEDITED) !== 0 ? 0 : -EPERM;
    case PRIVATE_EXPEDITED_SYNC_CORE: return (registered & REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) !== 0 ? 0 : -EPERM;
    default: return -EINVAL;
  }
}

/** As on a processor without protection keys. */
function pkeyMprotect(task: KernelTask, a: Args): Result {
  return a.int(3) === -1 ? protect(task, a) : -EINVAL;
}
function pkeyAlloc(_task: KernelTask, a: Args): Result { return a.size(0) !== 0 || a.size(1) > 3 ? -EINVAL : -ENOSPC; }

export const memoryOtherCalls: SyscallRows<KernelTask> = [
  call(310, 'process_vm_readv', 'int iovout int ptr int hex → size', transfer(false)),
  call(311, 'process_vm_writev', 'int iov int ptr int hex → size', transfer(true)),
  call(324, 'membarrier', 'int hex int → int', membarrier),
  call(329, 'pkey_mprotect', 'ptr size prot int → int', pkeyMprotect, 'no keys: -1 only'),
  call(330, 'pkey_alloc', 'hex hex → int', pkeyAlloc, 'no keys: ENOSPC'),
  call(331, 'pkey_free', 'int → int', () => -EINVAL, 'no keys'),
];
