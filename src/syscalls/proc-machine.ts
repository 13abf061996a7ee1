/** /proc and /sys as far as they speak of the machine: the emulated one, the same on every host (proc(5), sysfs(5)). */
import { PAGE_BYTES } from '../base/layout.ts';
import type { ByteString } from '../host/host.ts';
import { link, text, textTree, type MadeUp, type MadeUpDirectory } from './made-up.ts';
import { pids, taskCount } from './population.ts';
import type { KernelTask, System } from './process.ts';
import { UTSNAME } from './identity.ts';

/** Nanoseconds of a clock tick (sysconf(_SC_CLK_TCK) is 100). */
export const TICK_NS = 1e7;
/** /proc/sys: what there is, as Linux has it on a machine that nobody has tuned. */
const SYSCTL = `
fs/aio-max-nr 65536
fs/file-max 9223372036854775807
fs/file-nr 64\\t0\\t9223372036854775807
fs/inotify/max_queued_events 16384
fs/inotify/max_user_instances 128
fs/inotify/max_user_watches 8192
fs/mqueue/msg_max 10
fs/mqueue/msgsize_max 8192
fs/mqueue/queues_max 256
fs/nr_open 1048576
fs/pipe-max-size 1048576
fs/protected_hardlinks 0
fs/protected_symlinks 0
kernel/cap_last_cap 40
kernel/core_pattern core
kernel/dmesg_restrict 1
kernel/domainname (none)
kernel/hostname ${UTSNAME[1]}
kernel/msgmax 8192
kernel/msgmnb 16384
kernel/msgmni 32000
kernel/ngroups_max 65536
kernel/osrelease ${UTSNAME[2]}
kernel/ostype ${UTSNAME[0]}
kernel/overflowgid 65534
kernel/overflowuid 65534
kernel/perf_event_paranoid 2
kernel/pid_max 32768
kernel/random/boot_id 5c2f0a4e-64d1-4e0b-9f3a-7a1b64e0c0de
kernel/random/entropy_avail 256
kernel/random/poolsize 256
kernel/randomize_va_space 0
kernel/sched_rr_timeslice_ms 100
kernel/sem 32000\\t1024000000\\t500\\t32000
kernel/shmall 18446744073692774399
kernel/shmmax 18446744073692774399
kernel/shmmni 4096
kernel/threads-max 4096
kernel/version ${UTSNAME[3]}
net/core/somaxconn 4096
net/ipv4/ip_local_port_range 32768\\t60999
net/ipv4/ip_unprivileged_port_start 1024
net/unix/max_dgram_qlen 10
vm/max_map_count 65530
vm/mmap_min_addr 65536
vm/nr_hugepages 0
vm/overcommit_memory 0
vm/overcommit_ratio 50
vm/swappiness 60
`;
const SYS = `
devices/system/cpu/cpu0/topology/core_cpus_list 0
devices/system/cpu/cpu0/topology/core_id 0
devices/system/cpu/cpu0/topology/core_siblings_list 0
devices/system/cpu/cpu0/topology/physical_package_id 0
devices/system/cpu/cpu0/topology/thread_siblings 1
devices/system/cpu/cpu0/topology/thread_siblings_list 0
devices/system/cpu/kernel_max 0
devices/system/cpu/offline
devices/system/cpu/online 0
devices/system/cpu/possible 0
devices/system/cpu/present 0
devices/system/node/node0/cpulist 0
devices/system/node/online 0
devices/system/node/possible 0
kernel/mm/transparent_hugepage/enabled always madvise [never]
kernel/mm/transparent_hugepage/hpage_pmd_size 2097152
`;
/** Names of rows in the table of mounts: device, place, type, options. */
const MOUNTS = `
root / ext4 rw,relatime 8:1
proc /proc proc rw,nosuid,nodev,noexec,relatime 0:22
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0:23
devtmpfs /dev devtmpfs rw,nosuid 0:6
tmpfs /dev/shm tmpfs rw,nosuid,nodev 0:24
`;
const mountRows = (): readonly string[] => MOUNTS.trim().split('\n');

export function sysRoot(): MadeUpDirectory { return textTree(SYS); }

export const mounts = (): ByteString => mountRows().map(row => `${row.split(' ').slice(0, 4).join(' ')} 0 0\n`).join('');
export const mountInfo = (): ByteString => mountRows().map((row, i) => {
  const [device = '', place = '', type = '', options = '', numbers = ''] = row.split(' ');
  return `${MOUNT_ID + i} ${i === 0 ? 1 : MOUNT_ID} ${numbers} / ${place} ${options} - ${type} ${device} rw\n`;
}).join('');
/** The root's in mountinfo, and so statx's and fdinfo's. */
export const MOUNT_ID = 20;

/** Files of /proc by name. */
export function machineFiles(task: KernelTask): { readonly [name: string]: () => MadeUp } {
  const { system } = task.process;
  return {
    cmdline: () => text(() => 'BOOT_IMAGE=/boot/vmlinuz root=/dev/root ro\n'),
    cpuinfo: () => text(() => processorText(system)),
    devices: () => text(() => 'Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n  8 sd\n'),
    filesystems: () => text(() => 'nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tsockfs\nnodev\tpipefs\nnodev\tdevpts\n\text4\n'),
    loadavg: () => text(() => loadAverage(task)),
    meminfo: () => text(() => memoryText(system)),
    mounts: () => link(() => 'self/mounts'),
    stat: () => text(() => statText(task)),
    swaps: () => text(() => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    sys: () => sysctl(system),
    uptime: () => text(() => { const { up, idle } = times(system); return `${up} ${idle}\n`; }),
    version: () => text(() => `${UTSNAME[0]} version ${UTSNAME[2]} (tramp64) ${UTSNAME[3]}\n`),
  };
}
function sysctl(system: System): MadeUpDirectory {
  const tree = textTree(SYSCTL);
  return within(tree, ['kernel', 'random'], { uuid: () => text(() => randomUuid(system)) });
}
/** The tree with more in one of its directories. */
function within(tree: MadeUpDirectory, path: readonly string[], rows: { readonly [name: string]: () => MadeUp }): MadeUpDirectory {
  const [first, ...rest] = path;
  if (first === undefined) {
    return { ...tree, names: () => [...tree.names(), ...Object.keys(rows)], child: name => Object.hasOwn(rows, name) ? rows[name]?.() ?? null : tree.child(name) };
  }
  return {
    ...tree, child: name => {
      const child = tree.child(name);
      return name === first && child !== null && child !== 'host' && child.kind === 'directory' ? within(child, rest, rows) : child;
    },
  };
}
/** A random UUID (RFC 4122 §4.4), another for every reader. */
function randomUuid(system: System): ByteString {
  const bytes = new Uint8Array(16);
  system.entropy.fill(bytes);
  bytes[6] = bytes[6]! & 15 | 0x40; bytes[8] = bytes[8]! & 63 | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}\n`;
}
function times({ clock }: System): { readonly up: string; readonly idle: string } {
  const up = clock.monotonicNs();
  return { up: (up / 1e9).toFixed(2), idle: ((up - clock.cpuNs()) / 1e9).toFixed(2) };
}
function loadAverage(task: KernelTask): ByteString { return `0.00 0.00 0.00 1/${taskCount(task)} ${Math.max(...pids(task))}\n`; }
function statText(task: KernelTask): ByteString {
  const { clock } = task.process.system, ticks = (ns: number): number => Math.floor(ns / TICK_NS), cpu = clock.cpuNs(), up = clock.monotonicNs();
  const row = `${ticks(cpu)} 0 0 ${ticks(up - cpu)} 0 0 0 0 0 0\n`;
  const booted = clock.realSeconds() - Math.floor(up / 1e9);
  return `cpu  ${row}cpu0 ${row}intr 0\nctxt 0\nbtime ${booted}\nprocesses ${pids(task).length}\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`;
}
function memoryText({ memory }: System): ByteString {
  const { frames } = memory, free = frames.total - frames.used, none = 0;
  const rows: { readonly [name: string]: number } = {
    MemTotal: frames.total, MemFree: free, MemAvailable: free, Buffers: none, Cached: none, SwapCached: none, Active: frames.used, Inactive: none,
    SwapTotal: none, SwapFree: none, Dirty: none, Writeback: none, AnonPages: frames.used, Mapped: none, Shmem: none, KReclaimable: none, Slab: none,
    SReclaimable: none, SUnreclaim: none, KernelStack: none, PageTables: none, CommitLimit: frames.total, Committed_AS: frames.used, VmallocTotal: none,
  };
  const lines = Object.entries(rows).map(([name, pages]) => `${`${name}:`.padEnd(15)} ${String(pages * PAGE_BYTES / 1024).padStart(8)} kB\n`);
  return `${lines.join('')}HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n`;
}
/** What Linux calls features that the manuals call otherwise (arch/x86/include/asm/cpufeatures.h); '' are those it does not show. */
const FLAG_NAMES: { readonly [feature: string]: string } = {
  sse3: 'pni', 'sse4.1': 'sse4_1', 'sse4.2': 'sse4_2', 'lahf-lm': 'lahf_lm', lzcnt: 'abm', sha: 'sha_ni', prefetchw: '3dnowprefetch', 'invariant-tsc': 'constant_tsc nonstop_tsc', osxsave: '',
};
const BASELINE = ['fpu', 'tsc', 'msr', 'pae', 'cx8', 'cmov', 'clflush', 'mmx', 'fxsr', 'sse', 'sse2', 'syscall', 'nx', 'rdtscp', 'lm'];
function processorText({ cpuid }: System): ByteString {
  const names = cpuid?.features.map(([, , , name]) => FLAG_NAMES[name] ?? name).filter(name => name !== '') ?? BASELINE;
  const rows: readonly (readonly [string, string])[] = [
    ['processor', '0'], ['vendor_id', 'AuthenticAMD'], ['cpu family', '25'], ['model', '1'], ['model name', cpuid?.brand ?? 'tramp64 emulated x86-64 processor'],
    ['stepping', '1'], ['cpu MHz', '3200.000'], ['cache size', '512 KB'], ['physical id', '0'], ['siblings', '1'], ['core id', '0'], ['cpu cores', '1'], ['apicid', '0'],
    ['initial apicid', '0'], ['fpu', 'yes'], ['fpu_exception', 'yes'], ['cpuid level', '13'], ['wp', 'yes'], ['flags', names.join(' ')], ['bugs', ''], ['bogomips', '6400.00'],
    ['clflush size', '64'], ['cache_alignment', '64'], ['address sizes', '40 bits physical, 48 bits virtual'], ['power management', ''],
  ];
  return `${rows.map(([name, value]) => `${name}${name.length < 8 ? '\t\t' : '\t'}: ${value}\n`).join('')}\n`;
}
