/** Paths, taken apart and resolved as Linux does (path_resolution(7)), for hosts that are not what is on the disk. */
import { EBUSY, EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY } from '../base/errno.ts';
import type { ByteString, HostResult } from './host.ts';

/** Bytes of a name, and of a path with its final zero. Links followed in one resolution. */
const NAME_MAX = 255, PATH_MAX = 4096, LINKS_MAX = 40;

/** What resolution asks of a tree of names. `N` is whatever stands for a file there. */
export interface Tree<N> {
  readonly root: N;
  isDirectory(node: N): boolean;
  /** Where a symbolic link leads; null: it is none. */
  linkTarget(node: N): ByteString | null;
  parent(node: N): N;
  /** 0: the directory may be searched. */
  search(directory: N): HostResult;
  child(directory: N, name: ByteString): N | null | HostResult;
}
/** The directory a path's last name is in, the name ('' for the root, `.` and `..`), and what it names: null if nothing does. */
export interface Resolved<N> {
  readonly directory: N; readonly name: ByteString; readonly node: N | null;
  /** The path ended in a slash: what it names must be a directory. */
  readonly wantsDirectory: boolean;
}

/**
 * What becomes of a link at the end of a path: it is followed; or only where a slash comes after it; or never, because the call makes, removes or
 * moves the name itself, and looks at that slash later.
 */
export type Last = 'follow' | 'stay' | 'name';

export function resolvePath<N>(tree: Tree<N>, path: ByteString, last: Last): Resolved<N> | HostResult {
  if (path === '') return -ENOENT;
  if (path.length >= PATH_MAX) return -ENAMETOOLONG;
  /** Names still to be looked up, the next one last. */
  const names = namesOf(path);
  let wantsDirectory = endsAsDirectory(path), links = 0;
  let directory = tree.root, name = '', node: N | null = tree.root;
  while (names.length > 0) {
    if (node === null) return -ENOENT;
    if (!tree.isDirectory(node)) return -ENOTDIR;
    directory = node;
    const allowed = tree.search(directory);
    if (allowed < 0) return allowed;
    const next = names.pop() ?? '', isLast = names.length === 0;
    if (next === '.' || next === '..') {
      node = next === '.' ? directory : tree.parent(directory);
      name = '';
      continue;
    }
    if (next.length > NAME_MAX) return -ENAMETOOLONG;
    const child: N | null | HostResult = tree.child(directory, next);
    if (typeof child === 'number') return child;
    name = next; node = child;
    const target = child === null || isLast && (last === 'name' || last === 'stay' && !wantsDirectory) ? null : tree.linkTarget(child);
    if (target === null) continue;
    links += 1;
    if (links > LINKS_MAX) return -ELOOP;
    if (target === '') return -ENOENT;
    names.push(...namesOf(target));
    if (isLast && endsAsDirectory(target)) wantsDirectory = true;
    node = target.startsWith('/') ? tree.root : directory;
    name = '';
  }
  if (wantsDirectory && last !== 'name' && node !== null && !tree.isDirectory(node)) return -ENOTDIR;
  return { directory, name, node, wantsDirectory };
}
/** A path's names, the first one last. */
function namesOf(path: ByteString): ByteString[] { return path.split('/').filter(name => name !== '').reverse(); }
function endsAsDirectory(path: ByteString): boolean { return path.endsWith('/') || /(^|\/)\.$/.test(path); }
/** Why a path that ends in `.`, in `..` or at the root names no directory that can be removed (rmdir(2)). */
export function cannotRemove(path: ByteString): HostResult {
  const last = lastName(path.replace(/\/+$/, ''));
  return last === '.' ? -EINVAL : last === '..' ? -ENOTEMPTY : -EBUSY;
}
/** Why open(2) makes no file at a path with a slash at its end. */
export function cannotCreate<N>(tree: Tree<N>, path: ByteString, isNew: boolean): HostResult {
  const found = resolvePath(tree, path, 'name');
  return typeof found === 'number' ? found : isNew && found.name === '' ? -EEXIST : -EISDIR;
}

/** `name` in the directory at `path`. */
export function joined(path: ByteString, name: ByteString): ByteString { return path === '/' ? `/${name}` : `${path}/${name}`; }
/** `path`, as it is called from `directory`. */
export function absolute(directory: ByteString, path: ByteString): ByteString { return path.startsWith('/') ? path : joined(directory, path); }
/** What comes before the last slash of an absolute path, and what after. */
export function parentOf(path: ByteString): ByteString { return path.slice(0, Math.max(1, path.lastIndexOf('/'))); }
export function lastName(path: ByteString): ByteString { return path.slice(path.lastIndexOf('/') + 1); }
/** `path` as it is called where the directory `outside` is the root; null: it is not in there. */
export function within(outside: ByteString, path: ByteString): ByteString | null {
  if (outside === '/' || path === outside) return outside === '/' ? path : '/';
  return path.startsWith(`${outside}/`) ? path.slice(outside.length) : null;
}
