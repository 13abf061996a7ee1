/** /proc/PID and /proc/PID/task/TID: what is known of a process and its tasks, as texts and links (proc(5)). */
import { EINVAL } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import { byteString, type ByteString } from '../host/host.ts';
import { mapsLine } from '../mmu/maps.ts';
import type { Vma } from '../mmu/vma.ts';
import type { FileDescription } from './file.ts';
import { directory, link, text, type MadeUp, type MadeUpDirectory } from './made-up.ts';
import { describe, pids, processOf } from './population.ts';
import { machineFiles, MOUNT_ID, mountInfo, mounts, TICK_NS } from './proc-machine.ts';
import { type KernelProcess, type KernelTask, type Limit, UNLIMITED } from './process.ts';
import { SIG_IGN } from './signal-state.ts';
import { O_ACCMODE, O_CLOEXEC, O_PATH, O_RDONLY, O_WRONLY, S_IFDIR } from './uapi.ts';


/** What `task` sees in /proc. */
export function procRoot(task: KernelTask): MadeUpDirectory {
  const { pid } = task.process;
  return directory({
    self: () => link(() => String(pid)),
    'thread-self': () => link(() => `${pid}/task/${task.tid}`),
    ...machineFiles(task),
  }, {
    names: () => pids(task).map(String),
    child: name => {
      const found = /^[1-9]\d{0,6}$/.test(name) ? processOf(task, Number(name)) : null;
      return found === null ? null : processDirectory(found, task);
    },
  });
}

/** `viewer`: who looks. */
function processDirectory(process: KernelProcess, viewer: KernelTask): MadeUpDirectory {
  const leader = process.tasks.find(({ tid }) => tid === process.pid) ?? process.tasks[0];
  if (leader === undefined) return remains(process);
  return directory({
    ...taskFiles(leader, viewer),
    autogroup: () => text(() => '/autogroup-1 nice 0\n'),
    coredump_filter: () => text(() => '00000033\n', () => 0),
    mountstats: () => text(() => ''),
    task: () => directory({}, {
      names: () => process.tasks.map(({ tid }) => String(tid)),
      child: name => {
        const found = process.tasks.find(({ tid }) => String(tid) === name);
        return found === undefined ? null : directory(taskFiles(found, viewer));
      },
    }),
  });
}
/** Of a process that ended and that nobody has waited for. */
function remains(process: KernelProcess): MadeUpDirectory {
  const { pid, parentPid, group, session, name } = process, empty = (): MadeUp => text(() => '');
  return directory({
    cmdline: empty, environ: empty, maps: empty, comm: () => text(() => `${name}\n`),
    stat: () => text(() => `${[pid, `(${name})`, 'Z', parentPid, group, session, 0, -1, ...new Array<number>(44).fill(0)].join(' ')}\n`),
    status: () => text(() => `Name:\t${name}\nState:\tZ (zombie)\nTgid:\t${pid}\nNgid:\t0\nPid:\t${pid}\nPPid:\t${parentPid}\nTracerPid:\t0\nThreads:\t1\n`),
  });
}
function taskFiles(task: KernelTask, viewer: KernelTask): { readonly [name: string]: () => MadeUp } {
  const { process } = task, { memory, executable } = process;
  const limitOfScore = (value: ByteString): number => /^-?\d+\s*$/.test(value) && Math.abs(Number(value)) <= 1000 ? 0 : -EINVAL;
  return {
    auxv: () => text(() => byteString(executable.auxiliary), undefined, 0o400),
    cgroup: () => text(() => '0::/\n'),
    cmdline: () => text(() => executable.argv.map(each => each + '\0').join('')),
    comm: () => text(() => task.name + '\n', value => { rename(task, value.replace(/\n.*$/s, '').slice(0, 15)); return 0; }),
    cwd: () => link(() => process.directory),
    environ: () => text(() => executable.envp.map(each => each + '\0').join(''), undefined, 0o400),
    exe: () => link(() => executable.path),
    fd: () => descriptors(process, 0o500, (_fd, description) => linkToOpen(description)),
    fdinfo: () => descriptors(process, 0o500, (fd, description) => text(() => fdinfo(process, fd, description))),
    gid_map: () => text(() => IDENTITY_MAP),
    io: () => text(() => ['rchar', 'wchar', 'syscr', 'syscw', 'read_bytes', 'write_bytes', 'cancelled_write_bytes'].map(name => `${name}: 0\n`).join(''), undefined, 0o400),
    limits: () => text(() => limitsText(process.limits)),
    loginuid: () => text(() => '4294967295'),
    maps: () => text(() => memory.procMaps()),
    mountinfo: () => text(mountInfo),
    mounts: () => text(mounts),
    oom_adj: () => text(() => '0\n', () => 0),
    oom_score: () => text(() => '0\n'),
    oom_score_adj: () => text(() => '0\n', limitOfScore),
    personality: () => text(() => `${process.personality.toString(16).padStart(8, '0')}\n`, undefined, 0o400),
    root: () => link(() => '/'),
    schedstat: () => text(() => `${describe(task).cpuNs} 0 1\n`),
    setgroups: () => text(() => 'allow\n'),
    smaps: () => text(() => memory.vmas.map(smapsEntry).join('')),
    smaps_rollup: () => text(() => rollup(memory.vmas, memory.residentBytes)),
    stat: () => text(() => statLine(task)),
    statm: () => text(() => `${sizePages(process)} ${residentPages(process)} 0 ${pagesOf(memory.vmas.filter(isCode))} 0 ${pagesOf(memory.vmas.filter(isData))} 0\n`),
    status: () => text(() => statusText(task)),
    timerslack_ns: () => text(() => '50000\n', () => 0),
    uid_map: () => text(() => IDENTITY_MAP),
    wchan: () => text(() => task === viewer ? '0' : 'do_wait'),
  };
}
/** Its mode tells what the descriptor may be used for (proc_pid_fd(5)). */
function linkToOpen(description: FileDescription): MadeUp {
  const access = description.flags & O_ACCMODE, isName = (description.flags & O_PATH) !== 0;
  const mode = isName ? 0 : (access !== O_WRONLY ? 0o500 : 0) | (access !== O_RDONLY ? 0o300 : 0);
  return { kind: 'link', target: () => description.file.name, opens: () => description, mode };
}
function rename(task: KernelTask, name: ByteString): void {
  task.ownName = name;
  if (task.tid === task.process.pid) task.process.name = name;
}
const IDENTITY_MAP = '         0          0 4294967295\n';

function descriptors(process: KernelProcess, mode: number, node: (fd: number, description: FileDescription) => MadeUp): MadeUpDirectory {
  const made = directory({}, {
    names: () => process.files.open().map(String),
    child: name => {
      const fd = /^(0|[1-9]\d{0,6})$/.test(name) ? Number(name) : -1, description = process.files.get(fd);
      return description === null ? null : node(fd, description);
    },
  });
  return { ...made, stat: { ...made.stat, mode: S_IFDIR | mode } };
}
function fdinfo(process: KernelProcess, fd: number, description: FileDescription): ByteString {
  const flags = description.flags | (process.files.closeOnExec(fd) ? O_CLOEXEC : 0), stat = description.file.stat?.();
  const ino = typeof stat === 'object' ? stat.ino ?? 0n : 0n;
  return `pos:\t${description.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${MOUNT_ID}\nino:\t${ino}\n${description.file.fdinfo?.() ?? ''}`;
}

// — memory —

const isCode = (vma: Vma): boolean => (vma.prot & 4) !== 0, isData = (vma: Vma): boolean => !vma.shared && (vma.prot & 2) !== 0;
function pagesOf(vmas: readonly Vma[]): number { return vmas.reduce((sum, vma) => sum + (vma.end - vma.start) / PAGE_BYTES, 0); }
function sizePages(process: KernelProcess): number { return pagesOf(process.memory.vmas); }
function residentPages(process: KernelProcess): number { return process.memory.residentBytes / PAGE_BYTES; }
function kilobytes(bytes: number): string { return `${String(bytes / 1024).padStart(8)} kB`; }
/** Rows of smaps whose number is not kept for a single mapping. */
const UNCOUNTED = ['Shared_Clean', 'Shared_Dirty', 'Private_Clean', 'Private_Dirty', 'Referenced', 'Anonymous', 'LazyFree', 'AnonHugePages', 'Shared_Hugetlb', 'Private_Hugetlb', 'Swap', 'SwapPss', 'Locked'];
function smapsEntry(vma: Vma): ByteString {
  const row = (name: string, bytes: number): string => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`, [r, w, x] = [1, 2, 4].map(bit => (vma.prot & bit) !== 0);
  const flags = [r && 'rd', w && 'wr', x && 'ex', vma.shared && 'sh', 'mr', 'mw', 'me', vma.shared && 'ms', !vma.inherit && 'dc'].filter(flag => flag !== false).join(' ');
  const sizes = row('Size', vma.end - vma.start) + row('KernelPageSize', PAGE_BYTES) + row('MMUPageSize', PAGE_BYTES) + row('Rss', 0) + row('Pss', 0);
  return `${mapsLine(vma)}${sizes}${UNCOUNTED.map(name => row(name, 0)).join('')}THPeligible:    0\nVmFlags: ${flags} \n`;
}
function rollup(vmas: readonly Vma[], resident: number): ByteString {
  const hex = (at: number): string => at.toString(16).padStart(8, '0'), first = vmas[0]?.start ?? 0, last = vmas.at(-1)?.end ?? 0;
  return `${hex(first)}-${hex(last)} ---p 00000000 00:00 0                          [rollup]\nRss:            ${kilobytes(resident)}\nPss:            ${kilobytes(resident)}\n`
    + UNCOUNTED.map(name => `${`${name}:`.padEnd(16)}${kilobytes(0)}\n`).join('');
}

// — the process —

/** /proc/PID/stat: 52 fields, of which those that mean something here are filled in. */
function statLine(task: KernelTask): ByteString {
  const { process } = task, { memory, executable } = process, about = describe(task);
  const fields: (number | string)[] = new Array<number>(52).fill(0), ticks = Math.floor(about.cpuNs / TICK_NS);
  [task.tid, `(${about.name})`, about.state, process.parentPid, about.group, about.session, 0, -1].forEach((value, i) => { fields[i] = value; });
  fields[9] = memory.minorFaults; fields[13] = ticks; fields[17] = 20 + process.niceness; fields[18] = process.niceness; fields[19] = about.threads; fields[21] = Math.floor(about.startNs / TICK_NS);
  fields[22] = sizePages(process) * PAGE_BYTES; fields[23] = residentPages(process); fields[24] = '18446744073709551615';
  const code = memory.vmas.filter(isCode);
  fields[25] = code[0]?.start ?? 0; fields[26] = code[0]?.end ?? 0; fields[27] = executable.stackPointer; fields[37] = 17;
  return fields.join(' ') + '\n';
}
function statusText(task: KernelTask): ByteString {
  const { process } = task, { system, memory } = process, { user } = system.host, about = describe(task), size = sizePages(process) * PAGE_BYTES;
  const sum = (those: (vma: Vma) => boolean): string => kilobytes(pagesOf(memory.vmas.filter(those)) * PAGE_BYTES), resident = memory.residentBytes;
  const { actions, mask, pending } = task.signals, set = (bits: bigint): string => bits.toString(16).padStart(16, '0');
  const where = (wanted: (handler: bigint) => boolean): bigint => actions.reduce((bits, { handler }, signal) => signal > 0 && wanted(handler) ? bits | 1n << BigInt(signal - 1) : bits, 0n);
  const all = user.euid === 0 ? '000001ffffffffff' : set(0n);
  const rows: readonly (readonly [string, string | number])[] = [
    ['Name', about.name.replace(/[\\\n]/g, each => each === '\n' ? '\\n' : '\\\\')], ['Umask', process.umask.toString(8).padStart(4, '0')],
    ['State', `${about.state} (${STATES[about.state] ?? 'running'})`], ['Tgid', process.pid], ['Ngid', 0], ['Pid', task.tid], ['PPid', process.parentPid], ['TracerPid', 0],
    ['Uid', `${user.uid}\t${user.euid}\t${user.euid}\t${user.euid}`], ['Gid', `${user.gid}\t${user.egid}\t${user.egid}\t${user.egid}`], ['FDSize', process.files.size],
    ['Groups', user.groups.map(group => `${group} `).join('')], ['NStgid', process.pid], ['NSpid', task.tid], ['NSpgid', about.group], ['NSsid', about.session],
    ['VmPeak', kilobytes(size)], ['VmSize', kilobytes(size)], ['VmLck', kilobytes(0)], ['VmPin', kilobytes(0)], ['VmHWM', kilobytes(memory.peakResidentBytes)],
    ['VmRSS', kilobytes(resident)], ['RssAnon', kilobytes(resident)], ['RssFile', kilobytes(0)], ['RssShmem', kilobytes(0)], ['VmData', sum(isData)],
    ['VmStk', sum(vma => vma.label === '[stack]')], ['VmExe', sum(isCode)], ['VmLib', kilobytes(0)], ['VmPTE', kilobytes(memory.tableBytes)], ['VmSwap', kilobytes(0)],
    ['CoreDumping', 0], ['THP_enabled', 0], ['Threads', about.threads], ['SigQ', `${pending.length + task.signals.shared.length}/4096`],
    ['SigPnd', set(pending.reduce((bits, { signal }) => bits | 1n << BigInt(signal - 1), 0n))], ['ShdPnd', set(about.sharedPending)], ['SigBlk', set(mask)],
    ['SigIgn', set(where(handler => handler === SIG_IGN))], ['SigCgt', set(where(handler => handler > SIG_IGN))],
    ['CapInh', set(0n)], ['CapPrm', all], ['CapEff', all], ['CapBnd', '000001ffffffffff'], ['CapAmb', set(0n)], ['NoNewPrivs', process.hasNoNewPrivileges ? 1 : 0], ['Seccomp', 0],
    ['Cpus_allowed', 1], ['Cpus_allowed_list', 0], ['Mems_allowed', 1], ['Mems_allowed_list', 0], ['voluntary_ctxt_switches', 0], ['nonvoluntary_ctxt_switches', 0],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join('');
}
const STATES: { readonly [letter: string]: string } = { R: 'running', S: 'sleeping', T: 'stopped', Z: 'zombie' };

/** The rows of limits in RLIMIT_* order, with their units. */
const LIMITS = [
  'Max cpu time|seconds', 'Max file size|bytes', 'Max data size|bytes', 'Max stack size|bytes', 'Max core file size|bytes', 'Max resident set|bytes',
  'Max processes|processes', 'Max open files|files', 'Max locked memory|bytes', 'Max address space|bytes', 'Max file locks|locks', 'Max pending signals|signals',
  'Max msgqueue size|bytes', 'Max nice priority|', 'Max realtime priority|', 'Max realtime timeout|us',
];
function limitsText(limits: readonly Limit[]): ByteString {
  const value = (limit: bigint): string => (limit === UNLIMITED ? 'unlimited' : String(limit)).padEnd(20);
  const rows = LIMITS.map((row, i) => {
    const [name = '', unit = ''] = row.split('|'), limit = limits[i];
    return `${name.padEnd(25)} ${value(limit?.soft ?? UNLIMITED)} ${value(limit?.hard ?? UNLIMITED)} ${unit.padEnd(10)}\n`;
  });
  return `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} Units     \n${rows.join('')}`;
}
