/** A host inside one of its directories (chroot(2)): links and `..` are followed here, one name at a time, so nothing leads out of it. */
import { EBUSY, EEXIST, ENOENT } from '../base/errno.ts';
import type { ByteString, Host, HostResult, HostStat, HostVolume } from './host.ts';
import { cannotCreate, cannotRemove, joined, parentOf, resolvePath, within, type Last, type Resolved, type Tree } from './path.ts';
import { WrappedHost } from './wrapped-host.ts';

const O_CREAT = 0o100, O_EXCL = 0o200, O_NOFOLLOW = 0o400000, S_IFMT = 0o170000, DIRECTORY = 0o040000, LINK = 0o120000;
/** A file by its path inside; `kind` is its S_IFMT. */
interface Spot { readonly path: ByteString; readonly kind: number }

export class RootedHost extends WrappedHost implements Tree<Spot> {
  readonly root: Spot = { path: '/', kind: DIRECTORY };
  private readonly outside: ByteString;

  /** `outside`: an absolute path without links. */
  constructor(inner: Host, outside: ByteString) { super(inner); this.outside = outside; }
  /** The working directory as it is called inside, or the root. */
  override get directory(): ByteString { return within(this.outside, this.inner.directory) ?? '/'; }

  // — the tree that paths are resolved in —

  isDirectory(spot: Spot): boolean { return spot.kind === DIRECTORY; }
  linkTarget(spot: Spot): ByteString | null {
    const target = spot.kind === LINK ? this.inner.readLink(this.outsidePath(spot.path)) : null;
    return typeof target === 'number' ? '' : target;
  }
  parent(spot: Spot): Spot { return { path: parentOf(spot.path), kind: DIRECTORY }; }
  /** The host looks at that when it is asked for what is inside. */
  search(): HostResult { return 0; }
  child(directory: Spot, name: ByteString): Spot | null | HostResult {
    const path = joined(directory.path, name), stat = this.inner.stat(this.outsidePath(path), false);
    if (typeof stat !== 'number') return { path, kind: stat.mode & S_IFMT };
    return stat === -ENOENT ? null : stat;
  }

  // — what the host offers, by paths inside —

  override open(path: ByteString, flags: number, mode: number): HostResult {
    if ((flags & O_CREAT) !== 0 && path.endsWith('/')) return cannotCreate<Spot>(this, path, (flags & O_EXCL) !== 0);
    const isNew = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
    const last = isNew ? 'name' : (flags & O_NOFOLLOW) === 0 ? 'follow' : 'stay';
    return this.at<number>(path, last, (outside, name) => isNew && name === '' ? -EEXIST : this.inner.open(outside, flags | O_NOFOLLOW, mode));
  }
  override pathOf(fd: number): ByteString | HostResult {
    const path = this.inner.pathOf(fd);
    return typeof path === 'number' ? path : within(this.outside, path) ?? -ENOENT;
  }
  override stat(path: ByteString, followsLinks: boolean): HostStat | HostResult { return this.at(path, followsLinks ? 'follow' : 'stay', outside => this.inner.stat(outside, false)); }
  override volume(path: ByteString): HostVolume | HostResult { return this.at(path, 'follow', outside => this.inner.volume(outside)); }
  override access(path: ByteString, mode: number): HostResult { return this.at(path, 'follow', outside => this.inner.access(outside, mode)); }
  override list(path: ByteString): readonly ByteString[] | HostResult { return this.at(path, 'follow', outside => this.inner.list(outside)); }
  override readLink(path: ByteString): ByteString | HostResult { return this.at(path, 'stay', outside => this.inner.readLink(outside)); }
  override realPath(path: ByteString): ByteString | HostResult {
    const found = resolvePath<Spot>(this, path, 'follow');
    return typeof found === 'number' ? found : found.node?.path ?? -ENOENT;
  }
  override unlink(path: ByteString): HostResult { return this.at(path, 'name', outside => this.inner.unlink(outside)); }
  override rmdir(path: ByteString): HostResult {
    return this.at(path, 'name', (outside, name) => name !== '' ? this.inner.rmdir(outside) : cannotRemove(path));
  }
  override mkdir(path: ByteString, mode: number): HostResult { return this.at(path, 'name', outside => this.inner.mkdir(outside, mode)); }
  override symlink(target: ByteString, path: ByteString): HostResult { return this.at(path, 'name', outside => this.inner.symlink(target, outside)); }
  override rename(from: ByteString, to: ByteString): HostResult {
    return this.at<number>(from, 'name', (old, oldName) => this.at<number>(to, 'name', (place, name) => oldName === '' || name === '' ? -EBUSY : this.inner.rename(old, place)));
  }
  override link(from: ByteString, to: ByteString): HostResult {
    return this.at<number>(from, 'stay', old => {
      const stat = this.inner.stat(old, false);
      return typeof stat === 'number' ? stat : this.at<number>(to, 'name', place => this.inner.link(old, place));
    });
  }
  override truncate(path: ByteString, length: number): HostResult { return this.at(path, 'follow', outside => this.inner.truncate(outside, length)); }
  override chmod(path: ByteString, mode: number): HostResult { return this.at(path, 'follow', outside => this.inner.chmod(outside, mode)); }
  override chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    return this.at(path, followsLinks ? 'follow' : 'stay', outside => this.inner.chown(outside, uid, gid, false));
  }
  override setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    return this.at(path, followsLinks ? 'follow' : 'stay', outside => this.inner.setTimes(outside, atimeNs, mtimeNs, false));
  }

  /** `name`: the last one, '' where that is a way up. The path outside has no link in it, and a slash at its end where `path` has: the host then says what is wrong. */
  private at<T>(path: ByteString, last: Last, run: (outside: ByteString, name: ByteString) => T | HostResult): T | HostResult {
    const found = resolvePath<Spot>(this, path, last);
    return typeof found === 'number' ? found : run(this.outsideOf(found), found.name);
  }
  private outsideOf(found: Resolved<Spot>): ByteString {
    const inside = found.node?.path ?? joined(found.directory.path, found.name), slash = found.wantsDirectory && inside !== '/' ? '/' : '';
    return this.outsidePath(inside) + slash;
  }
  private outsidePath(inside: ByteString): ByteString { return this.outside === '/' ? inside : inside === '/' ? this.outside : this.outside + inside; }
}

