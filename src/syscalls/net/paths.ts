/** Sockets by path: which name stands for which (unix(7), "Pathname sockets"). */
import { EADDRINUSE, ENOENT } from '../../base/errno.ts';
import type { ByteString } from '../../host/host.ts';
import type { Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { AT_FDCWD } from '../uapi.ts';
import { locateHost } from '../walk.ts';

/** A new name: what it is known by, or -errno. */
export function bindPath(task: KernelTask, path: ByteString): ByteString | Result {
  const key = locateHost(task, AT_FDCWD, path, false), { host, network } = task.process.system;
  if (typeof key === 'number') return key;
  if (network.unixNames.has(key) || typeof host.stat(key, false) !== 'number') return -EADDRINUSE;
  const folder = host.stat(key.slice(0, key.lastIndexOf('/')) || '/', true);
  return typeof folder === 'number' ? folder : key;
}
export function findPath(task: KernelTask, path: ByteString): ByteString | Result {
  const key = locateHost(task, AT_FDCWD, path, true), { host, network } = task.process.system;
  if (typeof key === 'number' || network.unixNames.has(key)) return key;
  const stat = host.stat(key, true);
  return typeof stat === 'number' ? (stat === -ENOENT ? -ENOENT : stat) : key;
}
