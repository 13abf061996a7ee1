/** poll(2), select(2) and their p-variants: what is ready now; else time passes at once, for nothing else can happen. */
import { EBADF, EFAULT, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { getWord, userStructure } from './structure.ts';
import type { Args, Control, SyscallRows } from './task.ts';
import { timespec } from './time.ts';
import { DESCRIPTORS_MAX, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from './uapi.ts';

function readiness(task: KernelTask, fd: number): number {
  const description = task.process.files.get(fd);
  return description === null ? POLLNVAL : description.file.poll?.() ?? (POLLIN | POLLOUT);
}

/** Asks until something is ready or the time is up. `timeoutNs` below 0: for ever. */
function awaitReady(task: KernelTask, timeoutNs: number, look: () => Result): Result | Control {
  const now = look();
  if (now !== 0 || timeoutNs === 0) return now;
  if (timeoutNs < 0) return { then: 'sleep', until: () => { const ready = look(); return ready === 0 ? null : ready; } };
  const { clock } = task.process.system, wakesAtNs = clock.monotonicNs() + timeoutNs;
  return {
    then: 'sleep', wakesAtNs, until: () => {
      const ready = look();
      return ready !== 0 || clock.monotonicNs() >= wakesAtNs ? ready : null;
    },
  };
}

function pollFor(task: KernelTask, at: Va, count: number, timeoutNs: number): Result | Control {
  if (count > DESCRIPTORS_MAX) return -EINVAL;
  const view = userStructure(task, at, 8 * count);
  if (view === null) return -EFAULT;
  return awaitReady(task, timeoutNs, () => {
    let ready = 0;
    for (let i = 0; i < count; i++) {
      const fd = view.getInt32(8 * i, true), wanted = view.getInt16(8 * i + 4, true);
      const found = fd < 0 ? 0 : readiness(task, fd) & (wanted | POLLERR | POLLHUP | POLLNVAL);
      view.setInt16(8 * i + 6, found, true);
      if (found !== 0) ready += 1;
    }
    return task.process.memory.copyOut(at, new Uint8Array(view.buffer)) ? ready : -EFAULT;
  });
}
function poll(task: KernelTask, a: Args): Result | Control { return pollFor(task, a.pointer(0), a.uint(1), a.int(2) * 1e6); }
function ppoll(task: KernelTask, a: Args): Result | Control {
  const timeoutNs = a.pointer(2) === 0 ? null : timespec(task, a.pointer(2));
  return timeoutNs !== null && timeoutNs < 0 ? timeoutNs : pollFor(task, a.pointer(0), a.uint(1), timeoutNs ?? -1);
}

/** The conditions of select's three sets, in their order. */
const SETS: readonly number[] = [POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, 0];
function selectFor(task: KernelTask, a: Args, timeoutNs: number): Result | Control {
  const count = a.int(0);
  if (count < 0) return -EINVAL;
  const bytes = Math.ceil(Math.min(count, DESCRIPTORS_MAX) / 64) * 8;
  const wanted: (Uint8Array | null)[] = [], places = [1, 2, 3].map(i => a.pointer(i));
  for (const at of places) {
    const set = at === 0 ? null : new Uint8Array(bytes);
    if (set !== null && !task.process.memory.copyIn(at, set)) return -EFAULT;
    wanted.push(set);
  }
  const has = (set: Uint8Array | null | undefined, fd: number): boolean => set != null && ((set[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0;
  for (let fd = 0; fd < bytes * 8 && fd < count; fd++) {
    if (wanted.some(set => has(set, fd)) && task.process.files.get(fd) === null) return -EBADF;
  }
  return awaitReady(task, timeoutNs, () => {
    let ready = 0;
    for (const [i, set] of wanted.entries()) {
      if (set === null) continue;
      const found = new Uint8Array(bytes);
      for (let fd = 0; fd < bytes * 8 && fd < count; fd++) {
        if (!has(set, fd) || (readiness(task, fd) & (SETS[i] ?? 0)) === 0) continue;
        found[fd >> 3] = (found[fd >> 3] ?? 0) | (1 << (fd & 7));
        ready += 1;
      }
      if (!task.process.memory.copyOut(places[i] ?? 0, found)) return -EFAULT;
    }
    return ready;
  });
}
function select(task: KernelTask, a: Args): Result | Control {
  if (a.pointer(4) === 0) return selectFor(task, a, -1);
  const timeout = userStructure(task, a.pointer(4), 16);
  if (timeout === null) return -EFAULT;
  const seconds = getWord(timeout, 0), microseconds = getWord(timeout, 8);
  return seconds < 0 || microseconds < 0 ? -EINVAL : selectFor(task, a, seconds * 1e9 + microseconds * 1000);
}
function pselect6(task: KernelTask, a: Args): Result | Control {
  const timeoutNs = a.pointer(4) === 0 ? null : timespec(task, a.pointer(4));
  return timeoutNs !== null && timeoutNs < 0 ? timeoutNs : selectFor(task, a, timeoutNs ?? -1);
}

export const pollCalls: SyscallRows<KernelTask> = [
  [7, { name: 'poll', run: poll, shape: 'pollfds uint int → polled', partial: 'files of the host count as ready' }],
  [23, {
    name: 'select', run: select, shape: 'int ptr ptr ptr ptr → selected',
    partial: 'files of the host count as ready; the time left is not told',
  }],
  [270, {
    name: 'pselect6', run: pselect6, shape: 'int ptr ptr ptr timespec ptr → selected',
    partial: 'as select; the signal mask is ignored',
  }],
  [271, { name: 'ppoll', run: ppoll, shape: 'pollfds uint timespec ptr size → polled', partial: 'as poll; the signal mask is ignored' }],
];
