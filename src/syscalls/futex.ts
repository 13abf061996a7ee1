/** futex(2), futex_waitv(2), and what a task's end does to the locks it holds (set_robust_list(2), Documentation/locking/robust-futex-ABI, pi-futex). */
import { EAGAIN, EDEADLK, EFAULT, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { Result } from './file.ts';
import type { Waiter } from './futex-queues.ts';
import type { KernelTask, System } from './process.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type Sleep, type SyscallRows } from './task.ts';
import { timespec } from './time.ts';

const FUTEX_COMMAND = 0x7f, FUTEX_PRIVATE_FLAG = 0x80, FUTEX_CLOCK_REALTIME = 0x100;
/** Of the word of a lock: who has it, that others wait, and that who had it died. */
const TID = 0x3fff_ffff, OWNER_DIED = 0x4000_0000, WAITERS = 0x8000_0000 | 0;

type Outcome = Result | Control;
const readWord = (space: AddressSpace, at: Va): number | null => {
  const bytes = new Uint8Array(4);
  return space.copyIn(at, bytes) ? new DataView(bytes.buffer).getInt32(0, true) : null;
};
const writeWord = (space: AddressSpace, at: Va, value: number): boolean => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return space.copyOut(at, bytes);
};
const isAligned = (at: Va): boolean => at % 4 === 0;

/** When a call gives up: a moment on the monotonic clock, undefined for never, or -errno. */
function deadlineOf(task: KernelTask, at: Va, isAbsolute: boolean, isReal: boolean): number | undefined {
  if (at === 0) return undefined;
  const ns = timespec(task, at), { clock } = task.process.system, now = clock.monotonicNs();
  if (ns < 0) return ns;
  if (!isAbsolute) return now + ns;
  return isReal ? now + Math.max(0, ns - (clock.realSeconds() * 1e9 + clock.realNanoseconds())) : ns;
}
function sleepOn(task: KernelTask, waiters: readonly Waiter[], deadline: number | undefined, result: (woken: number) => Result, onSignal: Sleep['onSignal']): Sleep {
  const { futexes, clock } = task.process.system;
  for (const waiter of waiters) futexes.add(waiter);
  const abandoned = (): void => { for (const waiter of waiters) futexes.remove(waiter); };
  return {
    then: 'sleep', isRoused: true, abandoned, onSignal, wakesAtNs: deadline,
    until: () => {
      const woken = waiters.findIndex(({ isWoken }) => isWoken);
      if (woken >= 0) { abandoned(); return result(woken); }
      if (deadline === undefined || clock.monotonicNs() < deadline) return null;
      abandoned();
      return -ETIMEDOUT;
    },
  };
}
const isPrivate = (a: Args): boolean => (a.int(1) & FUTEX_PRIVATE_FLAG) !== 0;
function waiterOf(task: KernelTask, at: Va, isOwn: boolean, fields: Partial<Waiter> = {}): Waiter {
  const { process, tid } = task;
  return { tid, key: process.system.futexes.keyOf(process.memory, at, isOwn), bitset: -1, isPi: false, isWoken: false, at, space: process.memory, target: null, ...fields };
}

function wait(task: KernelTask, a: Args, bitset: number, isAbsolute: boolean): Outcome {
  const at = a.pointer(0);
  if (!isAligned(at) || bitset === 0) return -EINVAL;
  const deadline = deadlineOf(task, a.pointer(3), isAbsolute, (a.int(1) & FUTEX_CLOCK_REALTIME) !== 0);
  if (deadline !== undefined && deadline < 0) return deadline;
  const word = readWord(task.process.memory, at);
  if (word === null) return -EFAULT;
  if (word !== a.int(2)) return -EAGAIN;
  return sleepOn(task, [waiterOf(task, at, isPrivate(a), { bitset })], deadline, () => 0, deadline === undefined ? 'restart' : 'fail');
}
/** Which word is meant, or -errno. It must be there even if nobody waits. */
function keyAt(task: KernelTask, at: Va, isOwn: boolean): string | Result {
  if (!isAligned(at)) return -EINVAL;
  return readWord(task.process.memory, at) === null ? -EFAULT : task.process.system.futexes.keyOf(task.process.memory, at, isOwn);
}
function wake(task: KernelTask, a: Args, bitset: number): Result {
  const key = keyAt(task, a.pointer(0), isPrivate(a));
  if (typeof key === 'number') return key;
  return bitset === 0 ? -EINVAL : task.process.system.futexes.wake(key, Math.max(1, a.int(2)), bitset);
}
function requeue(task: KernelTask, a: Args, compares: boolean): Result {
  const { futexes } = task.process.system, from = keyAt(task, a.pointer(0), isPrivate(a)), to = keyAt(task, a.pointer(4), isPrivate(a));
  if (a.int(2) < 0 || a.int(3) < 0) return -EINVAL;
  if (typeof from === 'number') return from;
  if (typeof to === 'number') return to;
  if (compares && readWord(task.process.memory, a.pointer(0)) !== a.int(5)) return -EAGAIN;
  const woken = futexes.wake(from, a.int(2)), moved = futexes.waiting(from).slice(0, a.int(3));
  for (const waiter of moved) futexes.move(waiter, to, a.pointer(4));
  return woken + moved.length;
}
/** FUTEX_WAKE_OP: operation 28:31 (bit 3: the operand is a shift), comparison 24:27, operand 12:23, compared 0:11. */
function wakeOp(task: KernelTask, a: Args): Result {
  const { memory, system } = task.process, first = keyAt(task, a.pointer(0), isPrivate(a)), second = keyAt(task, a.pointer(4), isPrivate(a)), code = a.int(5);
  if (typeof first === 'number') return first;
  if (typeof second === 'number') return second;
  const old = readWord(memory, a.pointer(4));
  if (old === null) return -EFAULT;
  const raw = code << 8 >> 20, operand = (code >>> 28 & 8) !== 0 ? 1 << (raw & 31) : raw, compared = code << 20 >> 20;
  const value = [operand, old + operand, old | operand, old & ~operand, old ^ operand][code >>> 28 & 7];
  const holds = [old === compared, old !== compared, old < compared, old <= compared, old > compared, old >= compared][code >>> 24 & 15];
  if (value === undefined || holds === undefined) return -ENOSYS;
  if (!writeWord(memory, a.pointer(4), value)) return -EFAULT;
  const woken = system.futexes.wake(first, Math.max(1, a.int(2)));
  return holds ? woken + system.futexes.wake(second, Math.max(1, a.int(3))) : woken;
}

// — locks that are handed over (priority inheritance; here everybody has the same) —

/** Tries to own a word: 0, -EAGAIN if somebody else does, or why not. */
function acquire(task: KernelTask, space: AddressSpace, at: Va, hasOthers: boolean): Result {
  const word = readWord(space, at);
  if (word === null) return -EFAULT;
  if ((word & TID) === task.tid) return -EDEADLK;
  if ((word & TID) !== 0) return task.process.system.tasks.has(word & TID) ? -EAGAIN : -ESRCH;
  return writeWord(space, at, task.tid | (word & OWNER_DIED) | (hasOthers ? WAITERS : 0)) ? 0 : -EFAULT;
}
function lockPi(task: KernelTask, a: Args, tries: boolean, isReal: boolean): Outcome {
  const at = a.pointer(0), { memory, system } = task.process;
  if (!isAligned(at)) return -EINVAL;
  const deadline = tries ? undefined : deadlineOf(task, a.pointer(3), true, isReal);
  if (deadline !== undefined && deadline < 0) return deadline;
  const taken = acquire(task, memory, at, system.futexes.waiting(system.futexes.keyOf(memory, at, isPrivate(a))).length > 0);
  if (taken !== -EAGAIN || tries) return taken;
  writeWord(memory, at, (readWord(memory, at) ?? 0) | WAITERS);
  return sleepOn(task, [waiterOf(task, at, isPrivate(a), { isPi: true })], deadline, () => 0, 'never');
}
/** The word goes to who waited longest. */
function handOver({ futexes }: System, space: AddressSpace, at: Va, key: string, extra: number): boolean {
  const [next, ...others] = futexes.waiting(key).filter(({ isPi }) => isPi);
  if (next === undefined) return writeWord(space, at, extra);
  if (!writeWord(space, at, next.tid | extra | (others.length > 0 ? WAITERS : 0))) return false;
  futexes.wakeOne(next);
  return true;
}
function unlockPi(task: KernelTask, a: Args): Result {
  const at = a.pointer(0), { memory, system } = task.process;
  if (!isAligned(at)) return -EINVAL;
  const word = readWord(memory, at);
  if (word === null) return -EFAULT;
  if ((word & TID) !== task.tid) return -EPERM;
  return handOver(system, memory, at, system.futexes.keyOf(memory, at, isPrivate(a)), 0) ? 0 : -EFAULT;
}
function waitRequeuePi(task: KernelTask, a: Args): Outcome {
  const at = a.pointer(0), { memory, system } = task.process, target = keyAt(task, a.pointer(4), isPrivate(a));
  if (!isAligned(at) || a.int(5) === 0) return -EINVAL;
  if (typeof target === 'number') return target;
  const deadline = deadlineOf(task, a.pointer(3), true, (a.int(1) & FUTEX_CLOCK_REALTIME) !== 0);
  if (deadline !== undefined && deadline < 0) return deadline;
  if (system.futexes.keyOf(memory, at, isPrivate(a)) === target) return -EINVAL;
  if (readWord(memory, at) !== a.int(2)) return -EAGAIN;
  return sleepOn(task, [waiterOf(task, at, isPrivate(a), { target })], deadline, () => 0, () => -EAGAIN);
}
function cmpRequeuePi(task: KernelTask, a: Args): Result {
  const { futexes, tasks } = task.process.system, from = keyAt(task, a.pointer(0), isPrivate(a)), to = keyAt(task, a.pointer(4), isPrivate(a));
  if (a.int(2) !== 1 || a.int(3) < 0) return -EINVAL;
  if (typeof from === 'number') return from;
  if (typeof to === 'number') return to;
  if (readWord(task.process.memory, a.pointer(0)) !== a.int(5)) return -EAGAIN;
  const moved = futexes.waiting(from).slice(0, 1 + a.int(3));
  if (moved.some(({ target }) => target !== to)) return -EINVAL;
  for (const waiter of moved) {
    const owner = tasks.get(waiter.tid);
    if (owner !== undefined && acquire(owner, waiter.space, a.pointer(4), futexes.waiting(to).length > 0) === 0) { futexes.wakeOne(waiter); continue; }
    waiter.isPi = true;
    futexes.move(waiter, to, a.pointer(4));
    const word = readWord(waiter.space, a.pointer(4));
    if (word !== null) writeWord(waiter.space, a.pointer(4), word | WAITERS);
  }
  return moved.length;
}

type Command = (task: KernelTask, a: Args) => Outcome;
/** By number: WAIT, WAKE, (FD), REQUEUE, CMP_REQUEUE, WAKE_OP, LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_BITSET, WAKE_BITSET, WAIT_REQUEUE_PI, CMP_REQUEUE_PI, LOCK_PI2. */
const COMMANDS: readonly (Command | null)[] = [
  (task, a) => wait(task, a, -1, false), (task, a) => wake(task, a, -1), null, (task, a) => requeue(task, a, false),
  (task, a) => requeue(task, a, true), wakeOp, (task, a) => lockPi(task, a, false, true), unlockPi, (task, a) => lockPi(task, a, true, true),
  (task, a) => wait(task, a, a.int(5), true), (task, a) => wake(task, a, a.int(5)), waitRequeuePi, cmpRequeuePi,
  (task, a) => lockPi(task, a, false, (a.int(1) & FUTEX_CLOCK_REALTIME) !== 0),
];
/** Commands that may be counted in real time. */
const MAY_BE_REAL: readonly number[] = [0, 9, 11, 13];
function futex(task: KernelTask, a: Args): Outcome {
  const command = a.int(1) & FUTEX_COMMAND;
  if ((a.int(1) & FUTEX_CLOCK_REALTIME) !== 0 && !MAY_BE_REAL.includes(command)) return -ENOSYS;
  return COMMANDS[command]?.(task, a) ?? -ENOSYS;
}

const WAITV_MAX = 128, WAITV_BYTES = 24, FUTEX_32 = 2, FUTEX2_PRIVATE = 128, CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1;
/** struct futex_waitv { u64 val, uaddr; u32 flags, reserved }. Gives the index of one that was woken. */
function futexWaitv(task: KernelTask, a: Args): Outcome {
  const count = a.uint(1), clock = a.int(4);
  if (count === 0 || count > WAITV_MAX || a.uint(2) !== 0 || a.pointer(0) === 0) return -EINVAL;
  if (a.pointer(3) !== 0 && clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return -EINVAL;
  const deadline = deadlineOf(task, a.pointer(3), true, clock === CLOCK_REALTIME), view = userStructure(task, a.pointer(0), WAITV_BYTES * count);
  if (deadline !== undefined && deadline < 0) return deadline;
  if (view === null) return -EFAULT;
  const waiters: Waiter[] = [];
  for (let i = 0; i < count; i++) {
    const at = getWord(view, WAITV_BYTES * i + 8), flags = view.getUint32(WAITV_BYTES * i + 16, true);
    if ((flags & ~FUTEX2_PRIVATE) !== FUTEX_32 || view.getUint32(WAITV_BYTES * i + 20, true) !== 0 || !isAligned(at)) return -EINVAL;
    const word = readWord(task.process.memory, at);
    if (word === null) return -EFAULT;
    if (word !== view.getInt32(WAITV_BYTES * i, true)) return -EAGAIN;
    waiters.push(waiterOf(task, at, (flags & FUTEX2_PRIVATE) !== 0));
  }
  return sleepOn(task, waiters, deadline, woken => woken, 'restart');
}

// — a task's end —

/** Locks in a list longer than this are left alone: it may be a circle. */
const ROBUST_LIST_LIMIT = 2048, ROBUST_HEAD_BYTES = 24;
/** What a task owned is marked, and who waits for it is woken; who waits to hear of its end, too (set_tid_address(2)). */
export function leaveFutexes(task: KernelTask): void {
  walkRobustList(task);
  const { system, memory } = task.process;
  for (const { space, at, key, isPi, isWoken } of system.futexes.lockWaiters()) {
    const word = isPi && !isWoken ? readWord(space, at) : null;
    if (word !== null && (word & TID) === task.tid) handOver(system, space, at, key, OWNER_DIED);
  }
  // A process that nobody shares memory with has nobody to tell (Linux: mm_release).
  if (task.clearTidAt === 0 || !memory.isShared && task.process.tasks.length === 1) return;
  if (!writeWord(memory, task.clearTidAt, 0)) return;
  system.futexes.wake(system.futexes.keyOf(memory, task.clearTidAt, false), 1);
}
/** struct robust_list_head { next; offset of the word from an entry; an entry being locked or unlocked }. Bit 0 of a link: it is a PI lock. */
function walkRobustList(task: KernelTask): void {
  if (task.robustListAt === 0) return;
  const head = userStructure(task, task.robustListAt, ROBUST_HEAD_BYTES);
  if (head === null) return;
  const offset = getWord(head, 8), underWay = getWord(head, 16);
  let link = getWord(head, 0);
  for (let left = ROBUST_LIST_LIMIT; left > 0 && link - link % 2 !== task.robustListAt; left--) {
    const entry = link - link % 2, next = userStructure(task, entry, 8);
    if (entry !== underWay - underWay % 2 && !die(task, entry + offset, link % 2 !== 0, false)) return;
    if (next === null) return;
    link = getWord(next, 0);
  }
  if (underWay !== 0) die(task, underWay - underWay % 2 + offset, underWay % 2 !== 0, true);
}
/** false: the list is broken. */
function die(task: KernelTask, at: Va, isPi: boolean, isUnderWay: boolean): boolean {
  const { memory, system } = task.process, word = isAligned(at) ? readWord(memory, at) : null;
  if (word === null) return false;
  const key = system.futexes.keyOf(memory, at, false);
  if (isUnderWay && !isPi && word === 0) { system.futexes.wake(key, 1); return true; }
  if ((word & TID) !== task.tid) return true;
  if (isPi) {
    const own = system.futexes.keyOf(memory, at, true);
    return handOver(system, memory, at, system.futexes.waiting(own).length > 0 ? own : key, OWNER_DIED);
  }
  if (!writeWord(memory, at, (word & WAITERS) | OWNER_DIED)) return false;
  if ((word & WAITERS) !== 0) system.futexes.wake(key, 1);
  return true;
}

export const futexCalls: SyscallRows<KernelTask> = [
  call(202, 'futex', 'ptr futex int timespec? → int', futex),
  call(273, 'set_robust_list', 'ptr size → int', (task, a) => { if (a.size(1) !== ROBUST_HEAD_BYTES) return -EINVAL; task.robustListAt = a.pointer(0); return 0; }),
  call(274, 'get_robust_list', 'int ptr ptr → int', (task, a) => {
    const of = a.int(0) === 0 ? task : task.process.system.tasks.get(a.int(0));
    if (of === undefined) return -ESRCH;
    const told = putStructure(task, a.pointer(2), 8, view => setWord(view, 0, ROBUST_HEAD_BYTES));
    return told < 0 ? told : putStructure(task, a.pointer(1), 8, view => setWord(view, 0, of.robustListAt));
  }),
  call(449, 'futex_waitv', 'ptr uint hex timespec? int → int', futexWaitv),
];
