/** The terminals of the machine under /dev: ptmx, pts/N and tty (pts(4), tty(4)). */
import { EIO, ENOSPC } from '../base/errno.ts';
import type { ByteString } from '../host/host.ts';
import type { File, Result, Stat } from './file.ts';
import { directory, type MadeUp, type MadeUpDirectory } from './made-up.ts';
import type { KernelTask, System } from './process.ts';
import { PTMX_STAT, Pty, PtyMaster, PtySlave } from './pty.ts';
import { FOREGROUND_GROUP, takeTerminal } from './terminal.ts';
import { S_IFCHR, S_IFDIR } from './uapi.ts';

const PTYS_MAX = 256, O_NOCTTY = 0o400;
const TTY_STAT: Stat = { mode: S_IFCHR | 0o666, nlink: 1, rdev: 0x500n, blksize: 1024 };

/** What `name` is in /dev, if it is one of the machine's terminals. */
export function terminalNode(task: KernelTask, name: ByteString): MadeUp | null {
  const { system } = task.process;
  if (name === 'ptmx') return { kind: 'file', stat: PTMX_STAT, open: () => openMaster(system) };
  if (name === 'pts') return { ...slaves(task), stat: { mode: S_IFDIR | 0o755, ino: 1n, nlink: 2, blksize: 1024 } };
  const own = name === 'tty' ? controlling(task) : null;
  return own === null ? null : { kind: 'file', stat: TTY_STAT, open: () => new PtySlave(own) };
}
/** /dev/pts: the machine's, and the host's where standard input, output or error is one. */
function slaves(task: KernelTask): MadeUpDirectory {
  const { system } = task.process, { ptys } = system.shared;
  return directory({ ptmx: () => ({ kind: 'file', stat: PTMX_STAT, open: () => openMaster(system) }) }, {
    names: () => Array.from(ptys.keys(), String),
    child: name => {
      const pty = /^\d{1,4}$/.test(name) ? ptys.get(Number(name)) : undefined;
      if (pty !== undefined) return { kind: 'file', stat: pty.slaveStat(), open: flags => openSlave(task, pty, flags) };
      return standardNames(system).includes(`/dev/pts/${name}`) ? 'host' : null;
    },
  });
}
function standardNames(system: System): readonly (ByteString | Result)[] { return [0, 1, 2].map(fd => system.host.readLink(`/proc/self/fd/${fd}`)); }
function controlling(task: KernelTask): Pty | null {
  const { session } = task.process;
  for (const pty of task.process.system.shared.ptys.values()) if (pty.terminal.session === session) return pty;
  return null;
}
function openMaster(system: System): File | Result {
  const { shared } = system;
  // What standard input, output and error are called on the host is not called so again.
  const taken = standardNames(system);
  for (let index = 0; index < PTYS_MAX; index++) {
    if (shared.ptys.has(index) || taken.includes(`/dev/pts/${index}`)) continue;
    const pty = new Pty(system, index);
    shared.ptys.set(index, pty);
    return new PtyMaster(pty);
  }
  return -ENOSPC;
}
function openSlave(task: KernelTask, pty: Pty, flags: number): File | Result {
  if (pty.isLocked || pty.isHungUp) return -EIO;
  const slave = new PtySlave(pty), { host } = task.process.system;
  const hasTerminal = controlling(task) !== null || task.process.session === FOREGROUND_GROUP && [0, 1, 2].some(fd => host.isTerminal(fd));
  if ((flags & O_NOCTTY) === 0 && !hasTerminal) takeTerminal(pty.terminal, task);
  return slave;
}
