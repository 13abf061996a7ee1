/** clone(2), clone3(2), fork(2), vfork(2), execve(2), execveat(2). */
import { E2BIG, EACCES, EAGAIN, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, EPERM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { byteString, type ByteString, type Host } from '../host/host.ts';
import { POINTER_BYTES, STRING_BYTES_MAX, STRINGS_BYTES_MAX } from './exec.ts';
import type { Result } from './file.ts';
import { openProcess } from './pidfd.ts';
import { KernelProcess, KernelTask, RLIMIT_NPROC, RLIMIT_STACK } from './process.ts';
import { childSignalState, newSignalState, SIGCHLD, threadSignalState } from './signal.ts';
import { getWord, putStructure, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, PATH_MAX, S_IFLNK, S_IFMT, S_IFREG } from './uapi.ts';
import { locateHost } from './walk.ts';

export const CLONE = {
  vm: 0x100, fs: 0x200, files: 0x400, sighand: 0x800, pidfd: 0x1000, vfork: 0x4000, parent: 0x8000, thread: 0x10000,
  setTls: 0x80000, parentSetTid: 0x100000, childClearTid: 0x200000, childSetTid: 0x1000000,
} as const;
/** New namespaces: NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACES = 0x7e02_0080, NEWNS = 0x2_0000, NEWUSER = 0x1000_0000;
/** Of clone3, beyond 32 bits: CLEAR_SIGHAND, INTO_CGROUP. */
const CLEAR_SIGHAND = 1, INTO_CGROUP = 2;
const EXIT_SIGNAL_MAX = 64;
const RAX = 0, RSP = 4;
const X_OK = 1;

interface Request {
  readonly flags: number;
  readonly clearsHandlers?: boolean;
  readonly exitSignal: number;
  /** The child's RSP; 0: as the parent's. */
  readonly stack: Va;
  readonly parentTidAt: Va;
  readonly childTidAt: Va;
  readonly tls: bigint;
  readonly pidfdAt: Va;
  readonly isLegacy?: boolean;
}

function start(task: KernelTask, request: Request): Result | Control {
  const { flags } = request, { process } = task, { system } = process, has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(CLONE.fs) && (flags & (NEWNS | NEWUSER)) !== 0) return -EINVAL;
  if ((flags & NAMESPACES) !== 0) return -EPERM;
  if (has(CLONE.thread) && !has(CLONE.sighand) || has(CLONE.sighand) && !has(CLONE.vm)) return -EINVAL;
  if (has(CLONE.pidfd)) {
    if (has(CLONE.thread) || request.isLegacy === true && has(CLONE.parentSetTid)) return -EINVAL; // clone's argument is one place for both.
    const free = process.files.lowestFree(), isPlace = free < 0 || putStructure(task, request.pidfdAt, 4, view => view.setInt32(0, free, true)) === 0;
    if (free < 0 || !isPlace) return free < 0 ? free : -EFAULT;
  }
  if (system.tasks.size + system.processes.size >= Number(process.limits[RLIMIT_NPROC]!.soft)) return -EAGAIN;
  if (!has(CLONE.thread) && !has(CLONE.files) && !process.files.canCopy) return -EAGAIN;
  const tid = system.life.newPid();
  if (tid < 0) return tid;
  const owner = has(CLONE.thread) ? process : fork(task, tid, request);
  if (owner === null) return -ENOMEM;
  const signals = has(CLONE.thread) ? threadSignalState(task.signals) : childSignalState(task.signals);
  if (has(CLONE.vm) && !has(CLONE.vfork)) signals.alternate = newSignalState().alternate;
  if (!has(CLONE.thread) && has(CLONE.sighand)) signals.actions = task.signals.actions;
  if (request.clearsHandlers === true) signals.actions = signals.actions.map(action => action.handler > 1n ? newSignalState().actions[0]! : action);
  const child = new KernelTask(tid, owner, task.registers, signals);
  child.ownName = task.ownName;
  if (has(CLONE.childClearTid)) child.clearTidAt = request.childTidAt;
  saveChildContext(task, child, request);
  if (has(CLONE.pidfd)) openProcess(task, owner, 0);
  if (has(CLONE.parentSetTid)) putTid(task, request.parentTidAt, tid);
  if (has(CLONE.childSetTid)) putTid(child, request.childTidAt, tid);
  system.life.start(child);
  if (!has(CLONE.vfork)) return tid;
  owner.hasLetGo = false;
  return { then: 'sleep', until: () => owner.hasLetGo ? tid : null, onSignal: 'never' };
}
/** Linux does not say when it cannot. */
function putTid(task: KernelTask, at: Va, tid: number): void { putStructure(task, at, 4, view => view.setInt32(0, tid, true)); }
/** The child as clone begins it, without its task; null: no memory. */
function fork(task: KernelTask, pid: number, { flags, exitSignal }: Request): KernelProcess | null {
  const { process } = task, has = (flag: number): boolean => (flags & flag) !== 0;
  const memory = has(CLONE.vm) ? process.memory.retain() : process.memory.fork();
  if (memory === null) return null;
  const child = new KernelProcess({
    pid, parent: has(CLONE.parent) ? process.parent : process, memory, files: has(CLONE.files) ? process.files.share() : process.files.copy(),
    fs: has(CLONE.fs) ? process.fs : { ...process.fs }, system: process.system, executable: process.executable, name: task.name,
    group: process.group, session: process.session, exitSignal: has(CLONE.parent) ? process.exitSignal : exitSignal,
  });
  child.limits = [...process.limits]; child.personality = process.personality;
  child.hasNoNewPrivileges = process.hasNoNewPrivileges; child.isDumpable = process.isDumpable; child.niceness = process.niceness;
  return child;
}
/** The parent's registers with what is the child's own. */
function saveChildContext(task: KernelTask, child: KernelTask, { flags, stack, tls }: Request): void {
  const { registers, context } = task;
  registers.saveContext(context);
  registers.setWords(RAX, 0, 0);
  if (stack !== 0) registers.set(RSP, BigInt(stack));
  if ((flags & CLONE.setTls) !== 0) registers.setSegmentBase(false, tls);
  registers.saveContext(child.context);
  registers.loadContext(context);
}

function clone(task: KernelTask, a: Args): Result | Control {
  const flags = a.uint(0) & ~0xff | 0, exitSignal = a.int(0) & 0xff;
  return start(task, {
    flags, exitSignal: (flags & CLONE.thread) !== 0 ? 0 : exitSignal, stack: a.pointer(1), parentTidAt: a.pointer(2), childTidAt: a.pointer(3), tls: a.big(4), pidfdAt: a.pointer(2), isLegacy: true,
  });
}
const NOTHING = { stack: 0, parentTidAt: 0, childTidAt: 0, tls: 0n, pidfdAt: 0 } as const;

/** struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup. */
const CLONE_ARGS_BYTES_MIN = 64, CLONE_ARGS_BYTES = 88, PAGE = 4096;
function clone3(task: KernelTask, a: Args): Result | Control {
  const size = a.size(1);
  if (size > PAGE) return -E2BIG;
  if (size < CLONE_ARGS_BYTES_MIN) return -EINVAL;
  const bytes = new Uint8Array(Math.max(size, CLONE_ARGS_BYTES));
  if (!task.process.memory.copyIn(a.pointer(0), bytes.subarray(0, size))) return -EFAULT;
  if (bytes.subarray(CLONE_ARGS_BYTES).some(byte => byte !== 0)) return -E2BIG;
  const view = new DataView(bytes.buffer), word = (i: number): number => getWord(view, 8 * i);
  const flags = view.getInt32(0, true), high = view.getUint32(4, true), exitSignal = word(4), stack = word(5), stackBytes = word(6);
  const clearsHandlers = (high & CLEAR_SIGHAND) !== 0;
  if ((high & ~(CLEAR_SIGHAND | INTO_CGROUP)) !== 0 || (flags & 0xff) !== 0 || exitSignal < 0 || exitSignal > EXIT_SIGNAL_MAX) return -EINVAL;
  if ((high & INTO_CGROUP) !== 0 || word(9) !== 0) return -EINVAL;
  if (clearsHandlers && (flags & CLONE.sighand) !== 0 || (stack === 0) !== (stackBytes === 0)) return -EINVAL;
  if ((flags & (CLONE.thread | CLONE.parent)) !== 0 && exitSignal !== 0) return -EINVAL;
  return start(task, { flags, clearsHandlers, exitSignal, stack: stack + stackBytes, parentTidAt: word(3), childTidAt: word(2), tls: view.getBigUint64(56, true), pidfdAt: word(1) });
}

// — execve —

/** The strings an array of pointers names, as many as any stack could take; 0 is an empty array. */
function strings(task: KernelTask, at: Va): ByteString[] | Result {
  const { memory } = task.process, all: ByteString[] = [];
  if (at === 0) return all;
  let total = 0;
  for (let i = 0; ; i++) {
    const pointer = userStructure(task, at + 8 * i, 8);
    if (pointer === null) return -EFAULT;
    const where = getWord(pointer, 0);
    if (where === 0) return all;
    const bytes = where < 0 ? -EFAULT : memory.copyInString(where, STRING_BYTES_MAX);
    if (typeof bytes === 'number') return bytes === -ENAMETOOLONG ? -E2BIG : bytes;
    total += bytes.length + 1 + POINTER_BYTES;
    if (total > STRINGS_BYTES_MAX) return -E2BIG;
    all.push(byteString(bytes));
  }
}
/** What is wrong with a file comes before what is wrong with the strings: 0 or -errno. */
function refusedFile(host: Host, path: ByteString, followsLast: boolean): Result {
  const stat = host.stat(path, followsLast);
  if (typeof stat === 'number') return stat;
  if ((stat.mode & S_IFMT) === S_IFLNK) return -ELOOP;
  return (stat.mode & S_IFMT) !== S_IFREG || host.access(path, X_OK) < 0 ? -EACCES : 0;
}
function execute(task: KernelTask, dirfd: number, pathAt: Va, argvAt: Va, envpAt: Va, flags: number): Result | Control {
  const { memory, files, system, directory, limits } = task.process;
  const bytes = memory.copyInString(pathAt, PATH_MAX);
  if (typeof bytes === 'number') return bytes;
  const name = byteString(bytes), isDescriptor = name === '' && (flags & AT_EMPTY_PATH) !== 0, follows = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  if (name === '' && !isDescriptor) return -ENOENT;
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return -EINVAL;
  const hostPath = isDescriptor ? files.get(dirfd)?.file.hostPath ?? -ENOENT : locateHost(task, dirfd, name, follows);
  if (typeof hostPath === 'number') return hostPath;
  const refused = refusedFile(system.host, hostPath, follows);
  if (refused < 0) return refused;
  const argv = strings(task, argvAt);
  if (typeof argv === 'number') return argv;
  const envp = strings(task, envpAt);
  if (typeof envp === 'number') return envp;
  const result = system.life.execute(task, {
    path: isDescriptor ? `/dev/fd/${dirfd}` : name, hostPath, directory, argv: argv.length === 0 ? [''] : argv, envp, stackBytes: Number(limits[RLIMIT_STACK]!.soft),
  });
  return result < 0 ? result : { then: 'registers-replaced' };
}

export const cloneCalls: SyscallRows<KernelTask> = [
  call(56, 'clone', 'hex ptr ptr ptr ptr → int', clone, 'no namespaces'),
  call(57, 'fork', '→ int', task => start(task, { flags: 0, exitSignal: SIGCHLD, ...NOTHING })),
  call(58, 'vfork', '→ int', task => start(task, { flags: CLONE.vm | CLONE.vfork, exitSignal: SIGCHLD, ...NOTHING })),
  call(59, 'execve', 'path ptr ptr → int', (task, a) => execute(task, AT_FDCWD, a.pointer(0), a.pointer(1), a.pointer(2), 0)),
  call(322, 'execveat', 'dirfd path ptr ptr hex → int', (task, a) => execute(task, a.int(0), a.pointer(1), a.pointer(2), a.pointer(3), a.int(4))),
  call(435, 'clone3', 'ptr size → int', clone3, 'no namespaces, no control groups, no chosen pids'),
];
