/** poll(2), select(2) and their p-variants: which files are ready, and waiting until one is. */
import { EBADF, EFAULT, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { File, Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { getWord, putStructure, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows, type Task } from './task.ts';
import { nsOf, setTimespec, setTimeval, timespec, timevalAt } from './time.ts';
import {
  POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM,
} from './uapi.ts';
import { awaitReady, underMask } from './waiting.ts';

/** What poll(2) sees of a file. Normal data is data: POLLRDNORM and POLLWRNORM come with POLLIN and POLLOUT. */
export function readiness(file: File, task: Task | null): number {
  const bits = file.poll?.(task) ?? (POLLIN | POLLOUT);
  return bits | ((bits & POLLIN) !== 0 ? POLLRDNORM : 0) | ((bits & POLLOUT) !== 0 ? POLLWRNORM : 0);
}
function readinessOf(task: KernelTask, fd: number): number {
  const description = task.process.files.get(fd);
  return description === null ? POLLNVAL : readiness(description.file, task);
}

function pollFor(task: KernelTask, at: Va, count: number, timeoutNs: number | null, finish?: (result: Result) => Result): Result | Control {
  if (count > task.process.files.limit) return -EINVAL;
  const view = userStructure(task, at, 8 * count), { memory } = task.process;
  if (view === null) return -EFAULT;
  return awaitReady(task, timeoutNs, () => {
    let ready = 0;
    for (let i = 0; i < count; i++) {
      const fd = view.getInt32(8 * i, true), wanted = view.getUint16(8 * i + 4, true);
      const found = fd < 0 ? 0 : readinessOf(task, fd) & (wanted | POLLERR | POLLHUP | POLLNVAL);
      view.setUint16(8 * i + 6, found, true);
      if (found !== 0) ready += 1;
    }
    return ready;
  }, result => {
    // revents alone are written: the guest may have changed the rest.
    for (let i = 0; i < count; i++) if (!memory.copyOut(at + 8 * i + 6, new Uint8Array(view.buffer, 8 * i + 6, 2))) return -EFAULT;
    return finish?.(result) ?? result;
  });
}
function poll(task: KernelTask, a: Args): Result | Control {
  const timeout = a.int(2);
  return pollFor(task, a.pointer(0), a.uint(1), timeout < 0 ? null : timeout * 1e6);
}
/** The p-variants tell what is left of the time, as their system calls do (select(2), C library/kernel differences). */
function timeLeft(task: KernelTask, at: Va, timeoutNs: number | null, set: (view: DataView, at: number, ns: number) => void): (result: Result) => Result {
  if (timeoutNs === null || timeoutNs === 0) return result => result;
  const { clock } = task.process.system, ends = clock.monotonicNs() + timeoutNs;
  return result => { putStructure(task, at, 16, view => set(view, 0, Math.max(0, ends - clock.monotonicNs()))); return result; };
}

function ppoll(task: KernelTask, a: Args): Result | Control {
  const timeoutAt = a.pointer(2), timeoutNs = timeoutAt === 0 ? null : timespec(task, timeoutAt);
  if (timeoutNs !== null && timeoutNs < 0) return timeoutNs;
  const finish = timeLeft(task, timeoutAt, timeoutNs, setTimespec);
  return underMask(task, a.pointer(3), a.size(4), () => pollFor(task, a.pointer(0), a.uint(1), timeoutNs, finish));
}

/** The conditions of select's three sets, in their order (select(2), "Correspondence between select() and poll() notifications"). */
const SETS: readonly number[] = [
  POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR, POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR, POLLPRI,
];
function selectFor(task: KernelTask, a: Args, timeoutNs: number | null, finish: (result: Result) => Result): Result | Control {
  if (a.int(0) < 0) return -EINVAL;
  const { files, memory } = task.process, count = Math.min(a.int(0), files.size), bytes = Math.ceil(count / 64) * 8;
  const wanted: (Uint8Array | null)[] = [], places = [1, 2, 3].map(i => a.pointer(i));
  for (const at of places) {
    const set = at === 0 ? null : new Uint8Array(bytes);
    if (set !== null && !memory.copyIn(at, set)) return -EFAULT;
    wanted.push(set);
  }
  const has = (set: Uint8Array | null | undefined, fd: number): boolean => set != null && ((set[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0;
  const asked = Array.from({ length: count }, (_, fd) => fd).filter(fd => wanted.some(set => has(set, fd)));
  if (asked.some(fd => files.get(fd) === null)) return -EBADF;
  const found = wanted.map(set => set === null ? null : new Uint8Array(bytes));
  return awaitReady(task, timeoutNs, () => {
    let ready = 0;
    for (const fd of asked) {
      const bits = readinessOf(task, fd);
      for (const [i, set] of found.entries()) {
        if (set === null || !has(wanted[i], fd) || (bits & (SETS[i] ?? 0)) === 0) continue;
        set[fd >> 3] = (set[fd >> 3] ?? 0) | (1 << (fd & 7));
        ready += 1;
      }
    }
    return ready;
  }, result => {
    const told = finish(result);
    if (told < 0) return told; // "On error, the sets are unmodified."
    return found.every((set, i) => set === null || memory.copyOut(places[i] ?? 0, set)) ? told : -EFAULT;
  });
}
function select(task: KernelTask, a: Args): Result | Control {
  const timeoutAt = a.pointer(4);
  if (timeoutAt === 0) return selectFor(task, a, null, result => result);
  const timeout = userStructure(task, timeoutAt, 16);
  if (timeout === null) return -EFAULT;
  const { seconds, microseconds } = timevalAt(timeout, 0);
  if (seconds < 0 || microseconds < 0) return -EINVAL;
  const timeoutNs = nsOf({ seconds, nanoseconds: microseconds * 1000 });
  return selectFor(task, a, timeoutNs, timeLeft(task, timeoutAt, timeoutNs, setTimeval));
}
/** The sixth argument points to a pointer to the mask, and its size. */
function pselect6(task: KernelTask, a: Args): Result | Control {
  const timeoutAt = a.pointer(4), timeoutNs = timeoutAt === 0 ? null : timespec(task, timeoutAt);
  const mask = a.pointer(5) === 0 ? null : userStructure(task, a.pointer(5), 16);
  if (mask === null && a.pointer(5) !== 0) return -EFAULT;
  if (timeoutNs !== null && timeoutNs < 0) return timeoutNs;
  const finish = timeLeft(task, timeoutAt, timeoutNs, setTimespec), run = (): Result | Control => selectFor(task, a, timeoutNs, finish);
  return mask === null ? run() : underMask(task, Number(mask.getBigUint64(0, true)), getWord(mask, 8), run);
}

export const pollCalls: SyscallRows<KernelTask> = [
  call(7, 'poll', 'pollfds uint int → polled', poll),
  call(23, 'select', 'int fdset fdset fdset timevalin → selected', select),
  call(270, 'pselect6', 'int fdset fdset fdset timespec sigmaskp → selected', pselect6),
  call(271, 'ppoll', 'pollfds uint timespec sigset size → polled', ppoll),
];
