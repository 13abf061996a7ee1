/** pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2): a process behind a descriptor. It is ready when the process has ended. */
import { EBADF, EFAULT, EINVAL, EPERM, ESRCH } from '../base/errno.ts';
import { ANONYMOUS_STAT } from './eventfd.ts';
import { FileDescription, type File, type Result, type Stat } from './file.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { infoFrom, raiseProcess } from './signal.ts';
import { INFO_BYTES, isForged, readInfo } from './signal-frame.ts';
import { SIGNAL_MAX } from './signal-state.ts';
import { userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { O_NONBLOCK, O_RDWR, POLLHUP, POLLIN } from './uapi.ts';

export class PidFile implements File {
  readonly name = 'anon_inode:[pidfd]';
  readonly process: KernelProcess;
  constructor(process: KernelProcess) { this.process = process; }
  /** It ended and was waited for: nobody has its number any more. */
  get isGone(): boolean { return this.process.system.processes.get(this.process.pid) !== this.process; }
  poll(): number { return this.process.waitStatus === null ? 0 : POLLIN | (this.isGone ? POLLHUP : 0); }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string { const pid = this.isGone ? -1 : this.process.pid; return `Pid:\t${pid}\nNSpid:\t${pid}\n`; }
}
/** A descriptor for a process, closed on exec: pidfd_open(2), CLONE_PIDFD. */
export function openProcess(task: KernelTask, process: KernelProcess, flags: number): Result {
  return task.process.files.install(new FileDescription(new PidFile(process), O_RDWR | flags), true);
}

function pidfdOpen(task: KernelTask, a: Args): Result {
  const pid = a.int(0), flags = a.uint(1), { processes, tasks } = task.process.system, process = processes.get(pid);
  if (pid <= 0 || (flags & ~O_NONBLOCK) !== 0) return -EINVAL;
  if (process === undefined) return tasks.has(pid) ? -EINVAL : -ESRCH;
  return openProcess(task, process, flags);
}
function processOf(task: KernelTask, fd: number): KernelProcess | Result {
  const file = task.process.files.get(fd)?.file;
  if (!(file instanceof PidFile)) return -EBADF;
  return file.isGone ? -ESRCH : file.process;
}
function pidfdSendSignal(task: KernelTask, a: Args): Result {
  const process = processOf(task, a.int(0)), signal = a.int(1);
  if (a.uint(3) !== 0) return -EINVAL;
  if (process === -EBADF) return process;
  let info = infoFrom(task.process, signal, 0);
  if (a.pointer(2) !== 0) {
    const view = userStructure(task, a.pointer(2), INFO_BYTES);
    if (view === null) return -EFAULT;
    info = readInfo(view);
    if (info.signal !== signal) return -EINVAL;
    if (isForged(info) && process !== task.process) return -EPERM;
  }
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  if (typeof process === 'number') return process;
  if (signal !== 0) raiseProcess(process, info);
  return 0;
}
function pidfdGetfd(task: KernelTask, a: Args): Result {
  const process = processOf(task, a.int(0));
  if (a.uint(2) !== 0) return -EINVAL;
  if (typeof process === 'number') return process;
  if (process.waitStatus !== null) return -ESRCH;
  const description = process.files.get(a.int(1));
  return description === null ? -EBADF : task.process.files.install(description.retain(), true);
}

export const pidfdCalls: SyscallRows<KernelTask> = [
  call(424, 'pidfd_send_signal', 'fd signal ptr hex → int', pidfdSendSignal),
  call(434, 'pidfd_open', 'int pidfd → fd', pidfdOpen),
  call(438, 'pidfd_getfd', 'fd fd hex → fd', pidfdGetfd),
];
