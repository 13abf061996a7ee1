/** ioctl(2): what every descriptor answers; the rest is asked of its file (ioctl_tty(2), ioctl_fionread(2)). */
import { EBADF, EFAULT, EINVAL, ENOTTY, EOPNOTSUPP } from '../base/errno.ts';
import type { FileDescription, Result } from './file.ts';
import { contentSize, descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from './terminal.ts';
import { O_NONBLOCK } from './uapi.ts';

const FIGETBSZ = 2, FIFREEZE = 0xc004_5877, FIQSIZE = 0x5460, FICLONE = 0x4004_9409, FICLONERANGE = 0x4020_940d, FIDEDUPERANGE = 0xc018_9436;
const O_ASYNC = 0o20000;

/** FIONBIO, FIOASYNC: a flag of the description, by the int behind the argument. */
function setFlag(task: KernelTask, description: FileDescription, flag: number, a: Args): Result {
  const value = userStructure(task, a.pointer(2), 4);
  if (value === null) return -EFAULT;
  description.flags = value.getInt32(0, true) !== 0 ? description.flags | flag : description.flags & ~flag;
  description.file.flagged?.(description.flags);
  return 0;
}
function ioctl(task: KernelTask, a: Args): Result {
  const { files, memory } = task.process;
  const fd = a.int(0), request = a.uint(1), description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  const ask = (): Result => description.file.ioctl?.(request, a.pointer(2), memory, task) ?? -ENOTTY;
  const withSize = (tell: (size: number) => Result, otherwise: () => Result): Result => {
    const size = contentSize(description);
    return size === null ? otherwise() : tell(size);
  };
  const putInt = (value: number): Result => putStructure(task, a.pointer(2), 4, view => view.setInt32(0, value, true));
  switch (request) {
    case FIOCLEX: case FIONCLEX: files.setCloseOnExec(fd, request === FIOCLEX); return 0;
    case FIONBIO: return setFlag(task, description, O_NONBLOCK, a);
    case FIOASYNC: return setFlag(task, description, O_ASYNC, a);
    case FIONREAD: return withSize(size => putInt(Math.max(0, size - description.position)), ask);
    case FIGETBSZ: return withSize(() => putInt(4096), () => -EINVAL);
    case FIQSIZE: return withSize(size => putStructure(task, a.pointer(2), 8, view => setWord(view, 0, size)), () => -ENOTTY);
    case FICLONE: case FICLONERANGE: case FIDEDUPERANGE: case FIFREEZE: return -EOPNOTSUPP;
    default: return ask();
  }
}

export const ioctlCalls: SyscallRows<KernelTask> = [
  call(16, 'ioctl', 'fd ioctl ptr → int',
    ioctl, 'descriptors, pipes, sockets and terminals; a terminal of the host is raw or as it was, what else it is set to is remembered; breaks, TCXONC and TIOCEXCL do nothing'),
];
