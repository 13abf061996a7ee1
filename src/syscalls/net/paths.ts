/** Sockets by path (unix(7), "Pathname sockets"): a name that bind(2) makes is a node of the machine's (special.ts), and stands for the socket as long as that lives. */
import { EADDRINUSE, EEXIST } from '../../base/errno.ts';
import type { ByteString } from '../../host/host.ts';
import { permits } from '../../host/overlay-node.ts';
import type { Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import type { SpecialNode } from '../special.ts';
import { AT_FDCWD } from '../uapi.ts';
import { locateHost } from '../walk.ts';

/** "On Linux, connecting to a stream socket object requires write permission on that socket" (unix(7)). */
const W_OK = 2;

/** Makes a name: what the socket is known by, or -errno. */
export function bindPath(task: KernelTask, path: ByteString): ByteString | Result {
  const { system, umask } = task.process, place = locateHost(task, AT_FDCWD, path, false, EADDRINUSE);
  if (typeof place === 'number') return place;
  const made = system.special.make(place, 'socket', 0o777 & ~umask, null);
  return typeof made !== 'number' ? keyOf(made) : made === -EEXIST ? -EADDRINUSE : made;
}
export function isTaken(task: KernelTask, path: ByteString): boolean {
  const place = locateHost(task, AT_FDCWD, path, false, EADDRINUSE);
  return place === -EADDRINUSE || typeof place === 'string' && typeof task.process.system.host.stat(place, false) !== 'number';
}
/** What a socket with this name would be known by: it may be gone, and what has the name may be none. */
export function findPath(task: KernelTask, path: ByteString): ByteString | Result {
  const { system } = task.process, place = locateHost(task, AT_FDCWD, path, true);
  if (typeof place === 'number') return place;
  const node = system.special.find(place);
  if (node === null) { const stat = system.host.stat(place, true); return typeof stat === 'number' ? stat : ''; }
  const allowed = permits(node.stat, system.host.user, W_OK);
  return allowed < 0 ? allowed : keyOf(node);
}
/** Whatever the node is called by now. */
function keyOf(node: SpecialNode): ByteString { return `/${node.stat.ino}`; }
