/** /dev: the memory devices of mem(4), null(4), full(4) and random(4), and links to what a process has open. Terminals are the machine's own; everything else under /dev is not there. */
import { ENODEV, ENOSPC, ENOTTY } from '../base/errno.ts';
import type { ByteString } from '../host/host.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { copyOutPieces } from './buffers.ts';
import type { File, Result, Stat, UserBuffer } from './file.ts';
import { RandomDevice } from './memory-file.ts';
import { DEV_DEV, directory, link, type MadeUp, type MadeUpDirectory } from './made-up.ts';
import { AnonymousPages } from './pages.ts';
import type { KernelTask, System } from './process.ts';
import { terminalNode } from './terminal-nodes.ts';
import { S_IFCHR, S_IFDIR } from './uapi.ts';

/** Minor numbers of major 1 (Linux: Documentation/admin-guide/devices.txt). */
const MINORS = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 } as const;
type Device = keyof typeof MINORS;
const LINKS: { readonly [name: string]: ByteString } = {
  fd: '/proc/self/fd', stdin: '/proc/self/fd/0', stdout: '/proc/self/fd/1', stderr: '/proc/self/fd/2', core: '/proc/kcore',
};
/** The host's: where shared memory lies, and the terminal the emulator was started on. */
const OF_THE_HOST: ReadonlySet<string> = new Set(['shm', 'tty', 'console']);

export function devices(task: KernelTask): MadeUpDirectory {
  const { system } = task.process, names = [...Object.keys(MINORS), ...Object.keys(LINKS), 'shm', 'ptmx', 'pts', 'tty'];
  const child = (name: ByteString): MadeUp | 'host' | null => {
    if (Object.hasOwn(MINORS, name)) return node(system, name as Device);
    const target = Object.hasOwn(LINKS, name) ? LINKS[name] : undefined;
    if (target !== undefined) return link(() => target);
    return terminalNode(task, name) ?? (OF_THE_HOST.has(name) ? 'host' : null);
  };
  return { ...directory({}, { names: () => names, child }), stat: { mode: S_IFDIR | 0o755, nlink: 3, blksize: 4096 } };
}
function node(system: System, name: Device): MadeUp {
  const stat = statOf(name);
  const isRandom = name === 'random' || name === 'urandom';
  return { kind: 'file', stat, open: () => isRandom ? new RandomDevice(`/dev/${name}`, stat, system.entropy, system.staging) : new MemoryDevice(system, name) };
}
/** Whether it is asked by its name or once it is open. */
function statOf(name: Device): Stat {
  return { dev: DEV_DEV, ino: BigInt(MINORS[name]) + 1n, mode: S_IFCHR | 0o666, nlink: 1, rdev: 0x100n + BigInt(MINORS[name]), blksize: 4096 };
}

/** /dev/null ends at once, /dev/zero and /dev/full never; what is written is forgotten, but there is no room in /dev/full. */
class MemoryDevice implements File {
  readonly name: ByteString;
  private readonly system: System;
  private readonly device: Device;
  constructor(system: System, device: Device) { this.system = system; this.device = device; this.name = `/dev/${device}`; }
  read(to: UserBuffer): Result {
    return this.device === 'null' ? 0 : copyOutPieces(to, this.system.staging, into => { into.fill(0); return into.length; });
  }
  write(from: UserBuffer): Result { return this.device === 'full' && from.length > 0 ? -ENOSPC : from.length; }
  seek(): Result { return 0; }
  stat(): Stat { return statOf(this.device); }
  /** "a shared mapping of /dev/zero is shared anonymous memory" (mmap(2), MAP_ANONYMOUS, in older systems). */
  map(request: MapRequest): MapRequest | Result {
    if (this.device !== 'zero') return -ENODEV;
    if (!request.shared) return request;
    const { system } = this;
    return { ...request, object: new AnonymousPages('/dev/zero (deleted)', system.newInode(), request.offset + request.length, system.memory) };
  }
  ioctl(): Result { return -ENOTTY; }
  reopen(): File { return this; }
}
