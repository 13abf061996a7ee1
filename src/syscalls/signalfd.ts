/** signalfd(2): pending signals as something to read. Whose they are is whoever reads or polls. */
import { EAGAIN, EBADF, EFAULT, EINVAL } from '../base/errno.ts';
import { ANONYMOUS_STAT } from './eventfd.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { pendingSet, SET_BYTES, SIGCHLD, signalSet, takeOf } from './signal.ts';
import { isFault } from './signal-names.ts';
import type { SignalInfo } from './signal-state.ts';
import { call, type SyscallRows, type Task } from './task.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR, POLLIN } from './uapi.ts';

const INFO_BYTES = 128, SI_QUEUE = -1, SI_TIMER = -2;

/** struct signalfd_siginfo. */
function infoBytes(info: SignalInfo): Uint8Array {
  const view = new DataView(new ArrayBuffer(INFO_BYTES)), { signal, code, value = 0n } = info;
  view.setUint32(0, signal, true);
  view.setInt32(8, code, true);
  if (isFault(signal, code)) { view.setBigUint64(72, BigInt(info.address), true); return new Uint8Array(view.buffer); }
  if (code !== SI_TIMER) { view.setUint32(12, info.pid ?? 0, true); view.setUint32(16, info.uid ?? 0, true); }
  if (signal === SIGCHLD && code > 0) view.setInt32(40, Number(value & 0xffff_ffffn), true);
  else if (code === SI_QUEUE || code === SI_TIMER || info.value !== undefined) {
    view.setInt32(44, Number(BigInt.asIntN(32, value)), true);
    view.setBigUint64(48, value, true);
  }
  return new Uint8Array(view.buffer);
}

export class SignalFile implements File {
  readonly name = 'anon_inode:[signalfd]';
  mask: bigint;
  constructor(mask: bigint) { this.mask = mask; }

  read(to: UserBuffer, _at: number, _isExplicit?: boolean, task?: KernelTask): Result {
    if (to.length < INFO_BYTES) return -EINVAL;
    if (task === undefined) return -EAGAIN;
    let done = 0;
    for (; done + INFO_BYTES <= to.length; done += INFO_BYTES) {
      const info = takeOf(task.signals, this.mask);
      if (info === null) break;
      if (!to.memory.copyOut(to.address + done, infoBytes(info))) return done > 0 ? done : -EFAULT;
    }
    return done === 0 ? -EAGAIN : done;
  }
  poll(task: Task | null = null): number { return task !== null && (pendingSet(task.signals) & this.mask) !== 0n ? POLLIN : 0; }
  seek(): Result { return 0; }
  stat(): Stat { return ANONYMOUS_STAT; }
  fdinfo(): string { return `sigmask:\t${this.mask.toString(16).padStart(16, '0')}\n`; }
}

function signalfd(task: KernelTask, fd: number, at: number, setBytes: number, flags: number): Result {
  if (setBytes !== SET_BYTES || (flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  const mask = signalSet(task, at), { files } = task.process;
  if (mask === null) return -EFAULT;
  if (fd === -1) return files.install(new FileDescription(new SignalFile(mask), O_RDWR | flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
  const description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  if (!(description.file instanceof SignalFile)) return -EINVAL;
  description.file.mask = mask;
  return fd;
}

export const signalfdCalls: SyscallRows<KernelTask> = [
  call(282, 'signalfd', 'int sigset size → fd', (task, a) => signalfd(task, a.int(0), a.pointer(1), a.size(2), 0)),
  call(289, 'signalfd4', 'int sigset size sfd → fd', (task, a) => signalfd(task, a.int(0), a.pointer(1), a.size(2), a.int(3))),
];
