/** eventfd(2): a counter behind a descriptor. */
import { EAGAIN, EFAULT, EINVAL } from '../base/errno.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import type { KernelTask } from './process.ts';
import { call, type SyscallRows } from './task.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR, POLLERR, POLLIN, POLLOUT } from './uapi.ts';

const EFD_SEMAPHORE = 1;
const COUNT_BYTES = 8;
/** The counter's limit is one below it: all ones never fit. */
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** What fstat tells of files without a place: mode 0600 and one inode for all (fs/anon_inodes.c). */
export const ANONYMOUS_STAT: Stat = { mode: 0o600, ino: 1n, nlink: 1, blksize: 4096 };

export class EventFile implements File {
  readonly name = 'anon_inode:[eventfd]';
  readonly edges = { input: 0, output: 0 };
  private count: bigint;
  private readonly isSemaphore: boolean;
  constructor(count: number, isSemaphore: boolean) { this.count = BigInt(count); this.isSemaphore = isSemaphore; }

  read(to: UserBuffer): Result {
    if (to.length < COUNT_BYTES) return -EINVAL;
    if (this.count === 0n) return -EAGAIN;
    const taken = this.isSemaphore ? 1n : this.count;
    this.count -= taken;
    this.edges.output += 1;
    return to.memory.copyOut(to.address, new Uint8Array(new BigUint64Array([taken]).buffer)) ? COUNT_BYTES : -EFAULT;
  }
  write(from: UserBuffer): Result {
    if (from.length < COUNT_BYTES) return -EINVAL;
    const added = new BigUint64Array(1);
    if (!from.memory.copyIn(from.address, new Uint8Array(added.buffer))) return -EFAULT;
    const [value = 0n] = added;
    if (value === ALL_ONES) return -EINVAL;
    if (ALL_ONES - this.count <= value) return -EAGAIN;
    this.count += value;
    this.edges.input += 1;
    return COUNT_BYTES;
  }
  poll(): number {
    return (this.count > 0n ? POLLIN : 0) | (this.count < ALL_ONES - 1n ? POLLOUT : 0) | (this.count === ALL_ONES ? POLLERR : 0);
  }
  seek(): Result { return 0; }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string { return `eventfd-count: ${this.count.toString(16).padStart(16)}\n`; }
}

function eventfd(task: KernelTask, count: number, flags: number): Result {
  if ((flags & ~(EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC)) !== 0) return -EINVAL;
  const file = new EventFile(count, (flags & EFD_SEMAPHORE) !== 0);
  return task.process.files.install(new FileDescription(file, O_RDWR | flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
}

export const eventCalls: SyscallRows<KernelTask> = [
  call(284, 'eventfd', 'uint → fd', (task, a) => eventfd(task, a.uint(0), 0)),
  call(290, 'eventfd2', 'uint efd → fd', (task, a) => eventfd(task, a.uint(0), a.int(1))),
];
