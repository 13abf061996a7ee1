/** Calls that are not for programs without rights over the machine, and calls that this kernel was built without: each with the errno it then has. */
import { EACCES, EBADF, EFAULT, EINTR, EINVAL, ENODEV, ENOSYS, EOPNOTSUPP, EPERM, ESRCH } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { putStructure, setWord } from './structure.ts';
import { type Args, call, type Handler, type SyscallRows } from './task.ts';

/** number, name, errno, shape. */
type Refusal = readonly [number, string, number, string];
const SUPERUSERS = 'needs rights over the machine, which no program has', ABSENT = 'not implemented', OBSOLETE = 'there is no such call in kernels of today';
const REFUSED: readonly (readonly [string, readonly Refusal[]])[] = [
  [SUPERUSERS, [
    [101, 'ptrace', EPERM, 'int int ptr ptr → int'], [103, 'syslog', EPERM, 'int ptr int → int'], [153, 'vhangup', EPERM, '→ int'],
    [164, 'settimeofday', EPERM, 'timeval ptr → int'],
    [169, 'reboot', EPERM, 'hex hex hex ptr → int'],
    [170, 'sethostname', EPERM, 'data size → int'], [171, 'setdomainname', EPERM, 'data size → int'], [172, 'iopl', EPERM, 'int → int'],
    [173, 'ioperm', EPERM, 'hex hex int → int'], [175, 'init_module', EPERM, 'ptr size path → int'], [176, 'delete_module', EPERM, 'path hex → int'],
    [246, 'kexec_load', EPERM, 'ptr size ptr hex → int'], [300, 'fanotify_init', EPERM, 'hex hex → fd'],
    [301, 'fanotify_mark', EPERM, 'fd hex hex dirfd path → int'], [308, 'setns', EPERM, 'fd hex → int'],
    [313, 'finit_module', EPERM, 'fd path hex → int'], [320, 'kexec_file_load', EPERM, 'fd fd size path hex → int'], [321, 'bpf', EPERM, 'int ptr size → int'],
    [298, 'perf_event_open', EACCES, 'ptr int int int hex → fd'], [323, 'userfaultfd', EPERM, 'hex → fd'],
  ]],
  [ABSENT, [
    [139, 'sysfs', ENOSYS, 'int ptr ptr → int'], [206, 'io_setup', ENOSYS, 'uint ptr → int'], [207, 'io_destroy', ENOSYS, 'hex → int'],
    [208, 'io_getevents', ENOSYS, 'hex int int ptr timespec → int'], [209, 'io_submit', ENOSYS, 'hex int ptr → int'], [210, 'io_cancel', ENOSYS, 'hex ptr ptr → int'],
    [248, 'add_key', ENOSYS, 'path path ptr size int → int'], [249, 'request_key', ENOSYS, 'path path path int → int'], [250, 'keyctl', ENOSYS, 'int hex hex hex hex → int'],
    [451, 'cachestat', ENOSYS, 'fd ptr ptr hex → int'], [462, 'mseal', ENOSYS, 'ptr size hex → int'], [333, 'io_pgetevents', ENOSYS, 'hex int int ptr timespec ptr → int'],
    [425, 'io_uring_setup', ENOSYS, 'uint ptr → fd'], [426, 'io_uring_enter', ENOSYS, 'fd uint uint hex ptr size → int'],
    [427, 'io_uring_register', ENOSYS, 'fd uint ptr uint → int'],
    [453, 'map_shadow_stack', EOPNOTSUPP, 'ptr size hex → ptr'],
  ]],
  [OBSOLETE, [
    [134, 'uselib', ENOSYS, 'path → int'], [136, 'ustat', ENOSYS, 'hex ptr → int'], [156, '_sysctl', ENOSYS, 'ptr → int'], [174, 'create_module', ENOSYS, 'path size → int'],
    [177, 'get_kernel_syms', ENOSYS, 'ptr → int'], [178, 'query_module', ENOSYS, 'path int ptr size ptr → int'], [180, 'nfsservctl', ENOSYS, 'int ptr ptr → int'],
    [181, 'getpmsg', ENOSYS, 'hex hex hex hex hex → int'], [182, 'putpmsg', ENOSYS, 'hex hex hex hex hex → int'], [183, 'afs_syscall', ENOSYS, 'hex hex hex hex hex → int'],
    [184, 'tuxcall', ENOSYS, 'hex hex hex → int'], [185, 'security', ENOSYS, 'hex hex hex → int'], [205, 'set_thread_area', ENOSYS, 'ptr → int'],
    [211, 'get_thread_area', ENOSYS, 'ptr → int'], [212, 'lookup_dcookie', ENOSYS, 'hex ptr size → int'], [214, 'epoll_ctl_old', ENOSYS, 'hex hex hex hex → int'],
    [215, 'epoll_wait_old', ENOSYS, 'hex hex hex hex → int'], [236, 'vserver', ENOSYS, 'hex hex hex hex hex → int'],
  ]],
];

/** adjtimex(2) that only asks: the clock keeps perfect time. */
function readAdjustment(task: KernelTask, at: number): Result {
  const mode = new Uint8Array(4), STA_UNSYNC = 0x40, TIME_ERROR = 5;
  if (!task.process.memory.copyIn(at, mode)) return -EFAULT;
  if (mode.some(byte => byte !== 0)) return -EPERM;
  const { clock } = task.process.system;
  const told = putStructure(task, at, 208, view => {
    view.setInt32(40, STA_UNSYNC, true);
    setWord(view, 56, 1); setWord(view, 64, 32_768_000);
    setWord(view, 72, clock.realSeconds()); setWord(view, 80, Math.floor(clock.realNanoseconds() / 1000));
    setWord(view, 88, 10_000);
  });
  return told < 0 ? told : TIME_ERROR;
}
/** Whether two processes share what they have: only the numbers are told apart (kcmp(2)). */
function kcmp(task: KernelTask, a: Args): Result {
  const KCMP_FILE = 0, KCMP_VM = 1, KCMP_FILES = 2, KCMP_FS = 3, { processes } = task.process.system;
  const first = processes.get(a.int(0)), second = processes.get(a.int(1)), kind = a.int(2);
  if (first === undefined || second === undefined) return -ESRCH;
  const order = (same: boolean): Result => same ? 0 : first.pid < second.pid ? 1 : 2;
  if (kind === KCMP_VM) return order(first.memory === second.memory);
  if (kind === KCMP_FILES) return order(first.files === second.files);
  if (kind === KCMP_FS) return order(first.fs === second.fs);
  if (kind !== KCMP_FILE) return -EINVAL;
  const one = first.files.get(a.uint(3)), other = second.files.get(a.uint(4));
  if (one === null || other === null) return -EBADF;
  return one === other ? 0 : a.uint(3) < a.uint(4) ? 1 : 2;
}
const CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SYSVSEM = 0x40000, CLONE_THREAD = 0x10000, CLONE_SIGHAND = 0x800, CLONE_VM = 0x100;
/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACES = 0x7e02_0080;
/** Descriptors and directories can be had alone; namespaces are the superuser's, and what threads share stays shared. */
function unshare({ process }: KernelTask, a: Args): Result {
  const flags = a.uint(0), alone = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM, threads = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  if ((flags & ~(alone | threads | NAMESPACES)) !== 0) return -EINVAL;
  if ((flags & NAMESPACES) !== 0) return -EPERM;
  if ((flags & threads) !== 0 && process.tasks.length > 1) return -EINVAL;
  if ((flags & (CLONE_FS | CLONE_FILES)) !== 0 && process.tasks.length > 1) return -EPERM;
  if ((flags & CLONE_FS) !== 0) process.fs = { ...process.fs };
  if ((flags & CLONE_FILES) !== 0 && process.files.isShared) { const shared = process.files; process.files = shared.copy(); shared.release(); }
  return 0;
}
function seccomp(_task: KernelTask, a: Args): Result {
  const SECCOMP_GET_ACTION_AVAIL = 2;
  return a.uint(0) === SECCOMP_GET_ACTION_AVAIL ? -EOPNOTSUPP : -EINVAL;
}
const modifyLdt: Handler<KernelTask> = (_task, a) => a.int(0) === 0 || a.int(0) === 2 ? 0 : -ENOSYS;

/** What a superuser's call is told before it is told that it may not: its arguments make no sense. */
const HOST_NAME_BYTES_MAX = 64, SYSLOG_ACTIONS = 10, REBOOT_MAGIC = 0xfee1_dead | 0;
const NONSENSE: { readonly [name: string]: (a: Args) => boolean } = {
  sethostname: a => a.int(1) < 0 || a.int(1) > HOST_NAME_BYTES_MAX, setdomainname: a => a.int(1) < 0 || a.int(1) > HOST_NAME_BYTES_MAX,
  reboot: a => a.int(0) !== REBOOT_MAGIC, syslog: a => a.int(0) < 0 || a.int(0) > SYSLOG_ACTIONS,
};
const refuse = (name: string, errno: number): Handler<KernelTask> => {
  const isNonsense = NONSENSE[name];
  if (isNonsense === undefined) return () => -errno;
  return (task, a) => task.process.system.host.user.euid === 0 && isNonsense(a) ? -EINVAL : -errno;
};

export const refusedCalls: SyscallRows<KernelTask> = [
  ...REFUSED.flatMap(([partial, rows]) => rows.map(([number, name, errno, shape]) => call(number, name, shape, refuse(name, errno), partial))),
  call(154, 'modify_ldt', 'int ptr size → int', modifyLdt, 'the table is empty and stays so'),
  call(159, 'adjtimex', 'ptr → int', (task, a) => readAdjustment(task, a.pointer(0)), 'only asks'),
  call(219, 'restart_syscall', '→ int', () => -EINTR, 'calls are made again as they were'),
  call(272, 'unshare', 'hex → int', unshare, 'descriptors and directories of a process with one thread'),
  call(305, 'clock_adjtime', 'clock ptr → int', (task, a) => a.int(0) === 0 ? readAdjustment(task, a.pointer(1)) : -ENODEV, 'only asks, CLOCK_REALTIME'),
  call(312, 'kcmp', 'int int int hex hex → int', kcmp, 'files, memory, descriptors and directories'),
  call(317, 'seccomp', 'int hex ptr → int', seccomp, 'not implemented: EINVAL'),
];
