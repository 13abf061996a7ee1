/** From a path the guest gave to what it names (path_resolution(7)): a file of the host, or something the kernel makes up. */
import { EACCES, EBADF, ELOOP, ENOENT, ENOTDIR } from '../base/errno.ts';
import { byteString, type ByteString } from '../host/host.ts';
import { absolute } from '../host/path.ts';
import type { Va } from '../base/types.ts';
import { devices } from './devices.ts';
import type { File, FileDescription, Result } from './file.ts';
import type { MadeUp, MadeUpDirectory } from './made-up.ts';
import { procRoot } from './proc.ts';
import { sysRoot } from './proc-machine.ts';
import type { KernelTask } from './process.ts';
import { AT_FDCWD, PATH_MAX } from './uapi.ts';

export type Place =
  | { readonly kind: 'host'; readonly path: ByteString }
  /** Something in /proc, /dev or /sys. */
  | { readonly kind: 'made-up'; readonly path: ByteString; readonly node: MadeUp }
  /** /proc/self/fd/N, which is whatever N is. */
  | { readonly kind: 'open'; readonly path: ByteString; readonly description: FileDescription };

/** As many links as Linux follows. */
const LINKS_MAX = 40;
/** What is made up begins there; a path with none of these names is the host's affair. */
const ROOTS: { readonly [name: string]: (task: KernelTask) => MadeUpDirectory } = { proc: procRoot, dev: devices, sys: sysRoot };
const SUSPECT = /\/(?:proc|dev|sys)(?:\/|$)/;

export function pathArgument(task: KernelTask, at: Va): ByteString | Result {
  const bytes = task.process.memory.copyInString(at, PATH_MAX);
  return typeof bytes === 'number' ? bytes : byteString(bytes);
}

/** What `path` names for a call with `dirfd`. `followsLast`: a link at its end is followed. */
export function locate(task: KernelTask, dirfd: number, path: ByteString, followsLast: boolean): Place | Result {
  if (path === '') return -ENOENT;
  const base = path.startsWith('/') ? '' : startOf(task, dirfd);
  if (typeof base === 'number') return base;
  let whole = absolute(base, path);
  if (whole.length >= PATH_MAX) whole = whole.replace(/(?:\/\.?(?=\/))+/g, '');
  for (let links = 0; links <= LINKS_MAX; links++) {
    const step: Place | Result | ByteString = SUSPECT.test(whole) ? walk(task, whole, followsLast) : { kind: 'host', path: whole };
    if (typeof step !== 'string') return step;
    whole = step;
  }
  return -ELOOP;
}

/** What the path names, or the path that is to be looked at instead. */
function walk(task: KernelTask, whole: ByteString, followsLast: boolean): Place | Result | ByteString {
  const names = whole.split('/').filter(name => name !== '' && name !== '.'), isDirectory = /\/\.?$/.test(whole);
  const entrance = entranceIn(names);
  if (entrance === null) return { kind: 'host', path: whole };
  const root = ROOTS[entrance.name]?.(task);
  const nodes: MadeUp[] = root === undefined ? [] : [root], trail = [entrance.name];
  for (let i = entrance.end; i < names.length; i++) {
    const name = names[i] ?? '', at = nodes.at(-1), rest = names.slice(i + 1), after = rest.map(each => `/${each}`).join('') + (isDirectory ? '/' : '');
    if (at?.kind !== 'directory') return -ENOTDIR;
    if (name === '..') {
      nodes.pop(); trail.pop();
      if (nodes.length === 0) return after || '/';
      continue;
    }
    const child = at.child(name), path = `/${trail.join('/')}/${name}`;
    if (child === null) return -ENOENT;
    if (child === 'host') return { kind: 'host', path: path + after };
    if (child.kind === 'link' && (followsLast || after !== '')) {
      const description = child.opens?.() ?? null, isLast = rest.length === 0 && !isDirectory;
      if (description !== null && isLast) return { kind: 'open', path, description };
      const target = description === null ? child.target() : description.file.directory;
      if (target === undefined) return -ENOTDIR;
      return absolute(`/${trail.join('/')}`, target) + after;
    }
    nodes.push(child); trail.push(name);
  }
  const node = nodes.at(-1);
  if (node === undefined) return -ENOENT;
  return isDirectory && node.kind !== 'directory' ? -ENOTDIR : { kind: 'made-up', path: `/${trail.join('/')}`, node };
}
/** Which of the roots a path enters first, and how many names that takes. (`..` after a link of the host would mislead, and nobody writes it.) */
function entranceIn(names: readonly ByteString[]): { readonly name: string; readonly end: number } | null {
  const trail: ByteString[] = [];
  for (const [i, name] of names.entries()) {
    if (name === '..') trail.pop(); else trail.push(name);
    if (trail.length === 1 && name !== '..' && Object.hasOwn(ROOTS, name)) return { name, end: i + 1 };
  }
  return null;
}

/** As `locate`, for calls that change or need a real file. `refusal`: what such a call says of something made up. */
export function locateHost(task: KernelTask, dirfd: number, path: ByteString, followsLast: boolean, refusal = EACCES): ByteString | Result {
  const place = locate(task, dirfd, path, followsLast);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return place.path;
  return (place.kind === 'open' ? hostPathOf(task, place.description.file) : null) ?? -refusal;
}
/** Where an open file is now, or was when it was opened. Null: nowhere on the host. */
export function hostPathOf(task: KernelTask, file: File): ByteString | null {
  const now = file.hostFd === undefined ? -ENOENT : task.process.system.host.pathOf(file.hostFd);
  return typeof now === 'string' ? now : file.hostPath ?? null;
}

/** `locateHost` of a path in guest memory. */
export function hostPathArgument(task: KernelTask, dirfd: number, at: Va, followsLast: boolean, refusal = EACCES): ByteString | Result {
  const path = pathArgument(task, at);
  return typeof path === 'number' ? path : locateHost(task, dirfd, path, followsLast, refusal);
}

function startOf(task: KernelTask, dirfd: number): ByteString | Result {
  if (dirfd === AT_FDCWD) return task.process.directory;
  const description = task.process.files.get(dirfd);
  if (description === null) return -EBADF;
  return description.file.directory ?? -ENOTDIR;
}
