/** Ways that may not lead everywhere: the `resolve` of openat2(2). */
import { EBADF, ELOOP, ENOENT, ENOTDIR, EXDEV } from '../base/errno.ts';
import type { ByteString, HostResult } from '../host/host.ts';
import { joined, parentOf, resolvePath, type Tree } from '../host/path.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { AT_FDCWD, S_IFDIR, S_IFLNK, S_IFMT } from './uapi.ts';
import { locate, type Place } from './walk.ts';

export const RESOLVE_FLAGS = { noXdev: 1, noMagicLinks: 2, noSymlinks: 4, beneath: 8, inRoot: 16, cached: 32, all: 63 } as const;

/** A file on the way, by its path; `kind` is its S_IFMT. */
interface Step { readonly path: ByteString; readonly kind: number; readonly dev: bigint }
/** As `locate`, on a way that `resolve` allows. */
export function resolveBelow(task: KernelTask, dirfd: number, path: ByteString, resolve: number, followsLast: boolean): Place | Result {
  const start = locate(task, dirfd, '.', true), has = (flag: keyof typeof RESOLVE_FLAGS): boolean => (resolve & RESOLVE_FLAGS[flag]) !== 0;
  if (path === '' || typeof start === 'number') return path === '' ? -ENOENT : path.startsWith('/') && !has('beneath') && !has('inRoot') ? -ENOENT : start as Result;
  const isBounded = has('beneath') || has('inRoot');
  if (start.kind !== 'host' || !isBounded && !has('noSymlinks') && !has('noXdev')) {
    const place = locate(task, dirfd, path, followsLast);
    return typeof place !== 'number' && place.kind === 'open' ? -ELOOP : place;
  }
  if (dirfd !== AT_FDCWD && task.process.files.get(dirfd) === null) return -EBADF;
  if (has('beneath') && path.startsWith('/')) return -EXDEV;
  const { host } = task.process.system, base = host.realPath(start.path);
  if (typeof base === 'number') return base;
  const whole = isBounded || path.startsWith('/') ? path : joined(base, path), bottom = isBounded ? base : '/', stat = host.stat(bottom, true), from = host.stat(base, true);
  if (typeof stat === 'number' || typeof from === 'number') return -ENOTDIR;
  // What went wrong on the way, whatever the search itself makes of it.
  let refusal = 0;
  const tree: Tree<Step> = {
    root: { path: bottom, kind: stat.mode & S_IFMT, dev: stat.dev },
    isDirectory: ({ kind }) => kind === S_IFDIR,
    linkTarget: step => {
      if (step.kind !== S_IFLNK) return null;
      const target = host.readLink(step.path);
      if (has('noSymlinks')) refusal ||= -ELOOP;
      if (typeof target === 'string' && target.startsWith('/') && has('beneath')) refusal ||= -EXDEV;
      return typeof target === 'number' || refusal !== 0 ? '' : target;
    },
    parent: step => {
      if (step.path !== bottom) return { path: parentOf(step.path), kind: S_IFDIR, dev: step.dev };
      if (has('beneath')) refusal ||= -EXDEV;
      return step;
    },
    search: (): HostResult => refusal,
    child: (directory, name) => {
      const child = joined(directory.path, name), stat = host.stat(child, false);
      if (typeof stat === 'number') return stat === -ENOENT ? null : stat;
      if (has('noXdev') && stat.dev !== from.dev) refusal ||= -EXDEV;
      return { path: child, kind: stat.mode & S_IFMT, dev: stat.dev };
    },
  };
  const found = resolvePath(tree, whole, followsLast ? 'follow' : 'stay');
  if (refusal !== 0 || typeof found === 'number') return refusal || found as Result;
  // With RESOLVE_NO_SYMLINKS a link that is not followed is refused as well: there is nothing else to open.
  return { kind: 'host', path: found.node?.path ?? joined(found.directory.path, found.name) };
}
