/** From a path the guest gave to what it names (path_resolution(7)): a file of the host, or something the kernel makes up. */
import { EACCES, EBADF, ENOENT, ENOTDIR } from '../base/errno.ts';
import { byteString, type ByteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';
import type { FileDescription, Result } from './file.ts';
import { findMadeUp, type MadeUp } from './proc.ts';
import type { KernelTask } from './process.ts';
import { AT_FDCWD, PATH_MAX } from './uapi.ts';

export type Place =
  | { readonly kind: 'host'; readonly path: ByteString }
  /** A file of /proc/self, or a random device. */
  | { readonly kind: 'made-up'; readonly path: ByteString; readonly node: MadeUp }
  /** /proc/self/fd/N, which is whatever N is. */
  | { readonly kind: 'open'; readonly path: ByteString; readonly description: FileDescription };

/** Links from /proc/self to the host's files are followed at most this often. */
const LINKS_MAX = 8;

export function pathArgument(task: KernelTask, at: Va): ByteString | Result {
  const bytes = task.process.memory.copyInString(at, PATH_MAX);
  return typeof bytes === 'number' ? bytes : byteString(bytes);
}

/** What `path` names for a call with `dirfd`. `followsLast`: a link at its end is followed. */
export function locate(task: KernelTask, dirfd: number, path: ByteString, followsLast: boolean): Place | Result {
  if (path === '') return -ENOENT;
  const base = path.startsWith('/') ? '' : startOf(task, dirfd);
  if (typeof base === 'number') return base;
  let whole = path.startsWith('/') ? path : base === '/' ? `/${path}` : `${base}/${path}`;
  for (let links = 0; links < LINKS_MAX; links++) {
    const found = findMadeUp(task, whole);
    if (found === 'absent') return -ENOENT;
    if (found === null) return { kind: 'host', path: whole };
    const { node, rest } = found;
    if (rest === '' && (node.kind !== 'link' || !followsLast)) return { kind: 'made-up', path: whole, node };
    if (node.kind !== 'link') return -ENOTDIR;
    const description = node.opens?.() ?? null;
    if (rest === '' && description !== null) return { kind: 'open', path: whole, description };
    const target = node.target();
    if (!target.startsWith('/')) return rest === '' ? -ENOENT : -ENOTDIR;
    whole = target + rest;
  }
  return -ENOENT;
}

/** As `locate`, for calls that change or need a real file. */
export function locateHost(task: KernelTask, dirfd: number, path: ByteString, followsLast: boolean): ByteString | Result {
  const place = locate(task, dirfd, path, followsLast);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return place.path;
  return (place.kind === 'open' ? place.description.file.hostPath : undefined) ?? -EACCES;
}

/** `locateHost` of a path in guest memory. */
export function hostPathArgument(task: KernelTask, dirfd: number, at: Va, followsLast: boolean): ByteString | Result {
  const path = pathArgument(task, at);
  return typeof path === 'number' ? path : locateHost(task, dirfd, path, followsLast);
}

function startOf(task: KernelTask, dirfd: number): ByteString | Result {
  if (dirfd === AT_FDCWD) return task.process.directory;
  const description = task.process.files.get(dirfd);
  if (description === null) return -EBADF;
  return description.file.directory ?? -ENOTDIR;
}
