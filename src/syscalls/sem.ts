/** System V semaphores: semget(2), semop(2), semtimedop(2), semctl(2), with the adjustments that a process's end undoes. */
import { E2BIG, EACCES, EAGAIN, EFAULT, EFBIG, EIDRM, EINVAL, ENOSPC, ERANGE } from '../base/errno.ts';
import type { Result } from './file.ts';
import {
  IPC_INFO, IPC_NOWAIT, IPC_READ, IPC_RMID, IPC_SET, IPC_STAT, IPC_WRITE, mayControl, mayUse, now, PERM_BYTES, putPermissions, setPermissions,
  setWords, type IpcFields, type IpcObject,
} from './ipc.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { putStructure, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { timespec } from './time.ts';

/** Sets, semaphores of one set and of all, operations of one call, the highest value (/proc/sys/kernel/sem; fewer sets than there could be). */
export const SETS_MAX = 1024;
const SEMAPHORES_A_SET_MAX = 32_000, SEMAPHORES_MAX = 1 << 20, OPERATIONS_MAX = 500, VALUE_MAX = 32_767;
const SEM_UNDO = 0o10000;
const GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17, SEM_STAT = 18, SEM_INFO = 19, SEM_STAT_ANY = 20;

interface Operation { readonly index: number; readonly change: number; readonly flags: number }
/** Who waits for semaphore `index`: to become zero, or to grow. */
interface Waiter { readonly index: number; readonly isForZero: boolean }

export class SemaphoreSet implements IpcObject {
  readonly id: number; readonly key: number; uid: number; gid: number; readonly creatorUid: number; readonly creatorGid: number;
  mode: number;
  isRemoved = false;
  readonly values: Int32Array;
  readonly pids: Int32Array;
  readonly undo = new Map<KernelProcess, Int32Array>();
  readonly waiters = new Set<Waiter>();
  operatedAt = 0;
  changedAt: number;
  constructor(task: KernelTask, fields: IpcFields, count: number) {
    this.id = fields.id; this.key = fields.key; this.uid = fields.uid; this.gid = fields.gid;
    this.creatorUid = fields.creatorUid; this.creatorGid = fields.creatorGid; this.mode = fields.mode;
    this.values = new Int32Array(count); this.pids = new Int32Array(count);
    this.changedAt = now(task);
  }
  /** All operations or none: 0, -errno, or the one that must wait. */
  attempt(process: KernelProcess, operations: readonly Operation[], seconds: number): Result | Operation {
    const values = this.values.slice(), undo = (this.undo.get(process) ?? new Int32Array(values.length)).slice();
    let isUndone = false;
    for (const operation of operations) {
      const { index, change, flags } = operation, value = values[index]! + change;
      if (change === 0 ? values[index] !== 0 : value < 0) return (flags & IPC_NOWAIT) !== 0 ? -EAGAIN : operation;
      if (value > VALUE_MAX) return -ERANGE;
      values[index] = value;
      if ((flags & SEM_UNDO) === 0) continue;
      undo[index]! -= change;
      if (Math.abs(undo[index]!) > VALUE_MAX + 1) return -ERANGE;
      isUndone = true;
    }
    this.values.set(values);
    for (const { index } of operations) this.pids[index] = process.pid;
    if (isUndone) this.undo.set(process, undo);
    this.operatedAt = seconds;
    return 0;
  }
  /** A process's end: its adjustments are made, as far as they go. */
  exited(process: KernelProcess): void {
    this.undo.get(process)?.forEach((change, index) => {
      if (change === 0) return;
      this.values[index] = Math.min(VALUE_MAX, Math.max(0, this.values[index]! + change));
      this.pids[index] = process.pid;
    });
    this.undo.delete(process);
  }
}

const sets = (task: KernelTask) => task.process.system.shared.semaphores;

function semget(task: KernelTask, a: Args): Result {
  const count = a.int(1), table = sets(task);
  if (count < 0 || count > SEMAPHORES_A_SET_MAX) return -EINVAL;
  const check = (set: SemaphoreSet): Result => count > set.values.length ? -EINVAL : 0;
  return table.get(task, a.int(0), a.int(2), check, fields => {
    if (count === 0) return -EINVAL;
    const inUse = table.all().reduce((sum, set) => sum + set.values.length, 0);
    return inUse + count > SEMAPHORES_MAX ? -ENOSPC : new SemaphoreSet(task, fields, count);
  });
}

function operate(task: KernelTask, a: Args, timeoutNs: number | null): Result | Control {
  const count = a.uint(2), { process } = task, { clock } = process.system;
  if (count < 1 || a.int(0) < 0) return -EINVAL;
  if (count > OPERATIONS_MAX) return -E2BIG;
  const view = userStructure(task, a.pointer(1), 6 * count);
  if (view === null) return -EFAULT;
  if (timeoutNs !== null && timeoutNs < 0) return timeoutNs;
  const set = sets(task).find(a.int(0));
  if (typeof set === 'number') return set;
  const operations = Array.from({ length: count }, (_, i) => ({
    index: view.getUint16(6 * i, true), change: view.getInt16(6 * i + 2, true), flags: view.getInt16(6 * i + 4, true),
  }));
  if (operations.some(({ index }) => index >= set.values.length)) return -EFBIG;
  if (!mayUse(task, set, operations.some(({ change }) => change !== 0) ? IPC_WRITE : IPC_READ)) return -EACCES;

  let waiter: Waiter | null = null;
  const wakesAtNs = timeoutNs === null ? undefined : clock.monotonicNs() + timeoutNs;
  const leave = (result: Result): Result => { if (waiter !== null) set.waiters.delete(waiter); return result; };
  const until = (): Result | null => {
    if (set.isRemoved) return leave(-EIDRM);
    const outcome = set.attempt(process, operations, clock.realSeconds());
    if (typeof outcome === 'number') return leave(outcome);
    if (wakesAtNs !== undefined && clock.monotonicNs() >= wakesAtNs) return leave(-EAGAIN);
    const isForZero = outcome.change === 0;
    if (waiter !== null && waiter.index === outcome.index && waiter.isForZero === isForZero && set.waiters.has(waiter)) return null;
    leave(0);
    waiter = { index: outcome.index, isForZero };
    set.waiters.add(waiter);
    return null;
  };
  const first = until();
  if (first !== null) return first;
  return { then: 'sleep', until, wakesAtNs, onSignal: 'fail', failsAfterStop: true, abandoned: () => { leave(0); } };
}
function semop(task: KernelTask, a: Args): Result | Control { return operate(task, a, null); }
function semtimedop(task: KernelTask, a: Args): Result | Control { return operate(task, a, a.pointer(3) === 0 ? null : timespec(task, a.pointer(3))); }

const SEMID_BYTES = 104, INFO_BYTES = 40;
function semctl(task: KernelTask, a: Args): Result {
  const id = a.int(0), index = a.int(1), command = a.int(2), at = a.pointer(3), table = sets(task);
  if (id < 0) return -EINVAL;
  if (command === IPC_INFO || command === SEM_INFO) {
    const all = table.all(), count = all.reduce((sum, set) => sum + set.values.length, 0), isUsage = command === SEM_INFO;
    const words = [0, SETS_MAX, SEMAPHORES_MAX, SEMAPHORES_MAX, SEMAPHORES_A_SET_MAX, OPERATIONS_MAX, OPERATIONS_MAX, isUsage ? all.length : 20, VALUE_MAX, isUsage ? count : VALUE_MAX];
    const told = putStructure(task, at, INFO_BYTES, view => words.forEach((word, i) => view.setInt32(4 * i, word, true)));
    return told < 0 ? told : table.highest;
  }
  const isByIndex = command === SEM_STAT || command === SEM_STAT_ANY;
  const set = isByIndex ? table.atIndex(id) ?? -EINVAL : table.find(id);
  if (typeof set === 'number') return set;
  if (command === IPC_STAT || isByIndex) {
    if (command !== SEM_STAT_ANY && !mayUse(task, set, IPC_READ)) return -EACCES;
    const told = putStructure(task, at, SEMID_BYTES, view => {
      putPermissions(view, set);
      setWords(view, PERM_BYTES, [set.operatedAt, 0, set.changedAt, 0, set.values.length]);
    });
    return told < 0 ? told : isByIndex ? set.id : 0;
  }
  if (command === IPC_RMID || command === IPC_SET) return controlSet(task, set, command, a);
  return command === GETALL || command === SETALL ? allValues(task, set, command, a) : oneValue(task, set, command, index, a);
}
function controlSet(task: KernelTask, set: SemaphoreSet, command: number, a: Args): Result {
  const error = mayControl(task, set);
  if (error < 0) return error;
  if (command === IPC_RMID) { sets(task).remove(set); return 0; }
  const view = userStructure(task, a.pointer(3), SEMID_BYTES);
  if (view === null) return -EFAULT;
  setPermissions(view, set);
  set.changedAt = now(task);
  return 0;
}
function allValues(task: KernelTask, set: SemaphoreSet, command: number, a: Args): Result {
  if (!mayUse(task, set, command === GETALL ? IPC_READ : IPC_WRITE)) return -EACCES;
  if (command === GETALL) return putStructure(task, a.pointer(3), 2 * set.values.length, view => set.values.forEach((value, i) => view.setUint16(2 * i, value, true)));
  const view = userStructure(task, a.pointer(3), 2 * set.values.length);
  if (view === null) return -EFAULT;
  const values = Array.from(set.values, (_, i) => view.getUint16(2 * i, true));
  if (values.some(value => value > VALUE_MAX)) return -ERANGE;
  set.values.set(values);
  set.undo.clear();
  set.pids.fill(task.process.pid);
  set.changedAt = now(task);
  return 0;
}
function oneValue(task: KernelTask, set: SemaphoreSet, command: number, index: number, a: Args): Result {
  if (![GETPID, GETVAL, GETNCNT, GETZCNT, SETVAL].includes(command)) return -EINVAL;
  if (index < 0 || index >= set.values.length) return -EINVAL;
  if (!mayUse(task, set, command === SETVAL ? IPC_WRITE : IPC_READ)) return -EACCES;
  const waiting = (isForZero: boolean): number => [...set.waiters].filter(waiter => waiter.index === index && waiter.isForZero === isForZero).length;
  if (command === GETPID) return set.pids[index]!;
  if (command === GETVAL) return set.values[index]!;
  if (command !== SETVAL) return waiting(command === GETZCNT);
  const value = a.int(3);
  if (value < 0 || value > VALUE_MAX) return -ERANGE;
  set.values[index] = value;
  for (const undo of set.undo.values()) undo[index] = 0;
  set.pids[index] = task.process.pid;
  set.changedAt = now(task);
  return 0;
}

export const semCalls: SyscallRows<KernelTask> = [
  call(64, 'semget', 'hex int ipc → int', semget),
  call(65, 'semop', 'int ptr uint → int', semop),
  call(66, 'semctl', 'int int int ptr → int', semctl),
  call(220, 'semtimedop', 'int ptr uint timespec → int', semtimedop),
];
