/** wait4(2), waitid(2): children that ended, stopped or were continued. */
import { ECHILD, EFAULT, EINVAL, ESRCH } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { Result } from './file.ts';
import { CYCLES_PER_NANOSECOND } from './clock.ts';
import { PidFile } from './pidfd.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, infoFrom, SIGCHLD } from './signal.ts';
import { INFO_BYTES, infoBytes } from './signal-frame.ts';
import { putStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { putUsage } from './time.ts';

const WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x100_0000;
/** __WNOTHREAD, __WALL, __WCLONE: of threads as parents and of children without SIGCHLD. */
const WNOTHREAD = 0x2000_0000, WALL = 0x4000_0000, WCLONE = 0x8000_0000 | 0;
const PID_MIN = -0x8000_0000;
const STOPPED = 0x7f, CONTINUED = 0xffff;

type Chosen = (child: KernelProcess) => boolean;
/** What was found: as wait4 tells it, and as waitid does. */
interface Found { readonly child: KernelProcess; readonly status: number; readonly code: number; readonly value: number }

/** The first child with news of the kinds asked for; null: none yet; -ECHILD: none could have. */
function look(task: KernelTask, isChosen: Chosen, options: number): Found | null | Result {
  let hasChild = false;
  for (const child of task.process.children) {
    const isOdd = child.exitSignal !== SIGCHLD;
    if (!isChosen(child) || ((options & WALL) === 0 && isOdd !== ((options & WCLONE) !== 0))) continue;
    hasChild = true;
    const { waitStatus, notice } = child;
    if (waitStatus !== null) {
      if ((options & WEXITED) === 0) continue;
      const signal = waitStatus & 0x7f;
      return { child, status: waitStatus, code: signal === 0 ? CLD_EXITED : CLD_KILLED, value: signal === 0 ? waitStatus >> 8 : signal };
    }
    if (notice?.kind === 'stopped' && (options & WUNTRACED) !== 0) return { child, status: notice.signal << 8 | STOPPED, code: CLD_STOPPED, value: notice.signal };
    if (notice?.kind === 'continued' && (options & WCONTINUED) !== 0) return { child, status: CONTINUED, code: CLD_CONTINUED, value: notice.signal };
  }
  return hasChild ? null : -ECHILD;
}
/** It was told, and will not be again. An ended child is gone, and its time is its parent's children's. */
function take(task: KernelTask, { child }: Found): void {
  const { process } = task;
  if (child.waitStatus === null) { child.notice = null; return; }
  process.childrenCycles += child.endedCycles + child.childrenCycles;
  process.childrenPeakBytes = Math.max(process.childrenPeakBytes, child.memory.peakResidentBytes, child.childrenPeakBytes);
  process.childrenFaults += child.memory.minorFaults + child.childrenFaults;
  process.system.life.forget(child);
}
function waitFor(task: KernelTask, isChosen: Chosen, options: number, tell: (found: Found | null) => Result): Result | Control {
  const attempt = (): Result | null => {
    const found = look(task, isChosen, options);
    if (found === null) return null;
    if (typeof found === 'number') return found;
    const result = tell(found);
    if ((options & WNOWAIT) === 0) take(task, found);
    return result;
  };
  const now = attempt();
  if (now !== null) return now;
  return (options & WNOHANG) !== 0 ? tell(null) : { then: 'sleep', isRoused: true, until: attempt };
}

/** What a child and those it waited for have used. */
function putUsageOf(task: KernelTask, at: Va, { memory, endedCycles, childrenCycles, childrenPeakBytes, childrenFaults }: KernelProcess): Result {
  const userNs = Math.floor((endedCycles + childrenCycles) / CYCLES_PER_NANOSECOND);
  return putUsage(task, at, userNs, Math.max(memory.peakResidentBytes, childrenPeakBytes), memory.minorFaults + childrenFaults);
}
function wait4(task: KernelTask, a: Args): Result | Control {
  const pid = a.int(0), options = a.int(2), statusAt = a.pointer(1), usageAt = a.pointer(3), { group } = task.process;
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) !== 0) return -EINVAL;
  if (pid === PID_MIN) return -ESRCH; // It has no positive counterpart.
  const isChosen: Chosen = child => pid === -1 || (pid > 0 ? child.pid === pid : child.group === (pid === 0 ? group : -pid));
  return waitFor(task, isChosen, options | WEXITED, found => {
    if (found === null) return 0;
    const { child, status } = found;
    if (statusAt !== 0 && putStructure(task, statusAt, 4, view => view.setInt32(0, status, true)) < 0) return -EFAULT;
    if (usageAt !== 0 && putUsageOf(task, usageAt, child) < 0) return -EFAULT;
    return child.pid;
  });
}

const P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3;
function waitid(task: KernelTask, a: Args): Result | Control {
  const kind = a.int(0), id = a.int(1), infoAt = a.pointer(2), options = a.int(3), usageAt = a.pointer(4), { process } = task;
  if ((options & ~(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL | WCLONE)) !== 0) return -EINVAL;
  if ((options & (WUNTRACED | WEXITED | WCONTINUED)) === 0) return -EINVAL;
  if (kind === P_PID && id <= 0 || kind === P_PGID && id < 0) return -EINVAL;
  const file = kind === P_PIDFD ? process.files.get(id)?.file : null, named = file instanceof PidFile ? file.process : null;
  if (kind < P_ALL || kind > P_PIDFD || kind === P_PIDFD && named === null) return -EINVAL;
  const group = id === 0 ? process.group : id;
  const isChosen: Chosen = child => kind === P_ALL || (kind === P_PID ? child.pid === id : kind === P_PGID ? child.group === group : child === named);
  return waitFor(task, isChosen, options, found => {
    const info = found === null ? new Uint8Array(INFO_BYTES) : infoBytes(infoFrom(found.child, SIGCHLD, found.code, BigInt(found.value)));
    if (infoAt !== 0 && !process.memory.copyOut(infoAt, info)) return -EFAULT;
    return found !== null && usageAt !== 0 && putUsageOf(task, usageAt, found.child) < 0 ? -EFAULT : 0;
  });
}

export const waitCalls: SyscallRows<KernelTask> = [
  call(61, 'wait4', 'int ptr hex ptr → int', wait4, 'usage: user time, peak memory and minor faults'),
  call(247, 'waitid', 'int int ptr hex ptr → int', waitid, 'usage: user time, peak memory and minor faults'),
];
