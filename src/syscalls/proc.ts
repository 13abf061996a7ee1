/** Files the kernel makes up: /proc/self and the machine (proc(5)), /dev/fd and its kin, random(4). The rest is the host's. */
import { PAGE_BYTES } from '../base/layout.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import { FileDescription, type File, type Stat } from './file.ts';
import { ListingDirectory, RandomDevice, SnapshotFile } from './memory-file.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from './uapi.ts';

export type MadeUp =
  | { readonly kind: 'link'; readonly target: () => ByteString; readonly opens?: () => FileDescription | null }
  | { readonly kind: 'file' | 'directory'; readonly stat: Stat; readonly open: () => File };
export interface Found { readonly node: MadeUp; /** What of the path comes after it: empty, or from a slash on. */ readonly rest: ByteString }

type Text = (task: KernelTask) => ByteString;
/** /proc/self: files by name. */
const FILES: { readonly [name: string]: Text } = {
  auxv: task => latin(task.process.executable.auxiliary),
  cmdline: task => task.process.executable.argv.map(text => text + '\0').join(''),
  comm: task => task.process.name + '\n',
  environ: task => task.process.executable.envp.map(text => text + '\0').join(''),
  maps: task => task.process.memory.procMaps(),
  stat: statLine,
  statm: task => `${sizePages(task)} ${residentPages(task)} 0 0 0 0 0\n`,
  status: statusText,
};
const LINKS: { readonly [name: string]: Text } = {
  cwd: task => task.process.directory,
  exe: task => task.process.executable.path,
  root: () => '/',
};
const DEV_LINKS: { readonly [path: string]: ByteString } = {
  '/dev/stdin': '/proc/self/fd/0', '/dev/stdout': '/proc/self/fd/1', '/dev/stderr': '/proc/self/fd/2', '/dev/fd': '/proc/self/fd',
};

/** Files of /proc that speak of the machine: they must agree with sysinfo(2) and the clock. */
const OF_THE_MACHINE: { readonly [path: string]: Text } = {
  '/proc/loadavg': () => '0.00 0.00 0.00 1/1 1000\n',
  '/proc/meminfo': memoryText,
  '/proc/uptime': task => `${(task.process.system.clock.monotonicNs() / 1e9).toFixed(2)} 0.00\n`,
};
/** What every process shows the same: the host's will do. */
const OF_THE_HOST: readonly string[] = ['mounts', 'mountinfo', 'mountstats', 'cgroup', 'net'];

/** The made-up thing that `path`, or a beginning of it, names; 'absent': nothing, and the host must not be asked; null: the host's affair. */
export function findMadeUp(task: KernelTask, path: ByteString): Found | 'absent' | null {
  if (!path.includes('/proc') && !path.includes('/dev')) return null;
  const clean = path.replace(/\/(?:\.?\/)+/g, '/').replace(/\/\.?$/, '');
  if (clean === '/dev/random' || clean === '/dev/urandom') return { node: randomDevice(task, clean), rest: '' };
  const ofTheMachine = Object.hasOwn(OF_THE_MACHINE, clean) ? OF_THE_MACHINE[clean] : undefined;
  if (ofTheMachine !== undefined) return { node: textFile(clean, () => ofTheMachine(task)), rest: '' };
  const dev = /^\/dev\/(?:stdin|stdout|stderr|fd)(?=\/|$)/.exec(clean)?.[0];
  const target = dev === undefined ? undefined : DEV_LINKS[dev];
  if (dev !== undefined && target !== undefined) return { node: { kind: 'link', target: () => target }, rest: clean.slice(dev.length) };
  const proc = /^\/proc\/(self|thread-self|\d+)(?=\/|$)/.exec(clean);
  if (proc === null) return null;
  if (proc[1] === 'self' || proc[1] === 'thread-self') {
    const own = proc[1] === 'self' ? String(task.process.pid) : `${task.process.pid}/task/${task.tid}`;
    if (clean.length === proc[0].length) return { node: { kind: 'link', target: () => `/proc/${own}` }, rest: '' };
  } else if (Number(proc[1]) !== task.process.pid) return null;
  return inProcess(task, clean.slice(proc[0].length).replace(/^\/task\/\d+(?=\/|$)/, ''));
}

function inProcess(task: KernelTask, path: ByteString): Found | 'absent' | null {
  const [, first = '', second = ''] = path.split('/');
  const rest = (parts: string[]): ByteString => path.slice(parts.reduce((sum, part) => sum + part.length + 1, 0));
  const names = (): readonly ByteString[] => [...Object.keys(FILES), ...Object.keys(LINKS), 'fd', 'fdinfo'];
  if (first === '') return { node: directory(`/proc/${task.process.pid}`, names), rest: '' };
  const file = Object.hasOwn(FILES, first) ? FILES[first] : undefined;
  if (file !== undefined) return { node: textFile(`/proc/self/${first}`, () => file(task)), rest: rest([first]) };
  const link = Object.hasOwn(LINKS, first) ? LINKS[first] : undefined;
  if (link !== undefined) return { node: { kind: 'link', target: () => link(task) }, rest: rest([first]) };
  if (first !== 'fd' && first !== 'fdinfo') return OF_THE_HOST.includes(first) ? null : 'absent';
  const { files } = task.process;
  if (second === '') return { node: directory(`/proc/${task.process.pid}/${first}`, () => files.open().map(String)), rest: '' };
  const description = /^\d{1,7}$/.test(second) ? files.get(Number(second)) : null;
  if (description === null) return 'absent';
  if (first === 'fdinfo') {
    const node = textFile(`/proc/self/fdinfo/${second}`, () => fdinfo(task.process, Number(second), description));
    return { node, rest: rest([first, second]) };
  }
  return { node: { kind: 'link', target: () => description.file.name, opens: () => description }, rest: rest([first, second]) };
}

/** What lstat says of a link, and stat of the rest. */
export function statOf(node: MadeUp): Stat {
  return node.kind === 'link' ? { mode: S_IFLNK | 0o777, nlink: 1, size: 0, blksize: 1024 } : node.stat;
}

function directory(name: ByteString, list: () => readonly ByteString[]): MadeUp {
  return { kind: 'directory', stat: { mode: S_IFDIR | 0o555, nlink: 2, blksize: 1024 }, open: () => new ListingDirectory(name, list) };
}
function textFile(name: ByteString, text: () => ByteString): MadeUp {
  return { kind: 'file', stat: { mode: S_IFREG | 0o444, nlink: 1, blksize: 1024 }, open: () => new SnapshotFile(name, bytesOf(text())) };
}
function randomDevice(task: KernelTask, name: ByteString): MadeUp {
  const { entropy, staging } = task.process.system;
  const stat = { mode: S_IFCHR | 0o666, nlink: 1, rdev: name === '/dev/random' ? 0x108n : 0x109n, blksize: 4096 };
  return { kind: 'file', stat, open: () => new RandomDevice(name, entropy, staging) };
}

function fdinfo(process: KernelProcess, fd: number, description: FileDescription): ByteString {
  const flags = description.flags | (process.files.closeOnExec(fd) ? 0o2000000 : 0);
  const lines = description.file.fdinfo?.() ?? '';
  return `pos:\t${description.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t1\n${lines}`;
}
/** proc(5), /proc/[pid]/stat: 52 fields, of which those that mean something here are filled in. */
function statLine(task: KernelTask): ByteString {
  const { process } = task, { pid } = process;
  const fields: (number | string)[] = new Array<number>(52).fill(0);
  const ticks = Math.floor(process.system.clock.cpuNs() / 1e7);
  [pid, `(${process.name})`, 'R', process.parentPid, pid, pid].forEach((value, i) => { fields[i] = value; });
  fields[13] = ticks; fields[17] = 20; fields[19] = 1; fields[21] = 10_000;
  fields[22] = sizePages(task) * PAGE_BYTES; fields[23] = residentPages(task); fields[24] = '18446744073709551615';
  fields[27] = process.executable.stackPointer; fields[37] = 17;
  return fields.join(' ') + '\n';
}
function statusText(task: KernelTask): ByteString {
  const { process } = task, { user } = process.system.host;
  const kilobytes = (pages: number): string => `${String(pages * 4).padStart(8)} kB`;
  return [
    `Name:\t${process.name}`, `Umask:\t${process.umask.toString(8).padStart(4, '0')}`, 'State:\tR (running)', `Tgid:\t${process.pid}`,
    `Pid:\t${task.tid}`,
    `PPid:\t${process.parentPid}`, 'TracerPid:\t0', `Uid:\t${user.uid}\t${user.euid}\t${user.euid}\t${user.euid}`,
    `Gid:\t${user.gid}\t${user.egid}\t${user.egid}\t${user.egid}`, `FDSize:\t64`, `VmSize:\t${kilobytes(sizePages(task))}`,
    `VmRSS:\t${kilobytes(residentPages(task))}`, 'Threads:\t1', '',
  ].join('\n');
}
function memoryText(task: KernelTask): ByteString {
  const { frames } = task.process.system.memory, free = frames.total - frames.used;
  const none = { Buffers: 0, Cached: 0, SwapTotal: 0, SwapFree: 0, Shmem: 0, SReclaimable: 0 };
  const rows = { MemTotal: frames.total, MemFree: free, MemAvailable: free, ...none };
  return Object.entries(rows).map(([name, pages]) => `${`${name}:`.padEnd(15)} ${String(pages * 4).padStart(8)} kB\n`).join('');
}
function sizePages(task: KernelTask): number {
  return task.process.memory.vmas.reduce((sum, vma) => sum + (vma.end - vma.start) / PAGE_BYTES, 0);
}
function residentPages(task: KernelTask): number { return task.process.memory.residentBytes / PAGE_BYTES; }
function latin(bytes: Uint8Array): ByteString { return Array.from(bytes, byte => String.fromCharCode(byte)).join(''); }
