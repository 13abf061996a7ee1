/** A host that tells what is done to its files through it (inotify(7)): put around another once somebody wants to know. */
import { ENOENT } from '../base/errno.ts';
import { fileKey, type ByteString, type Host, type HostResult, type HostStat } from './host.ts';
import { lastName, parentOf } from './path.ts';
import { WrappedHost } from './wrapped-host.ts';

const O_ACCMODE = 3, O_CREAT = 0o100, O_TRUNC = 0o1000, S_IFMT = 0o170000, DIRECTORY = 0o040000;
/** What happens, in inotify's bits (linux/inotify.h). */
export const CHANGE = {
  access: 1, modify: 2, attributes: 4, closeWritten: 8, closeRead: 0x10, open: 0x20, movedFrom: 0x40, movedTo: 0x80, create: 0x100, delete: 0x200,
  deleteSelf: 0x400, moveSelf: 0x800, isDirectory: 0x4000_0000,
} as const;

/** Who hears of it. Files are known by `fileKey`. */
export interface Watcher {
  /** To a name in a directory. */
  entry(directory: string, name: ByteString, bits: number, cookie: number): void;
  /** To a file itself. */
  self(key: string, bits: number): void;
}
/** A file: which it is, and where it is. */
interface Target { readonly key: string; readonly directory: string | null; readonly name: ByteString; readonly bits: number }
interface Open { target: Target; readonly isWritable: boolean }

export class WatchedHost extends WrappedHost {
  private readonly watcher: Watcher;
  private readonly opened = new Map<number, Open>();
  /** Files without a name that are still open. */
  private readonly dying = new Set<string>();
  private lastCookie = 0;
  constructor(inner: Host, watcher: Watcher) { super(inner); this.watcher = watcher; }

  // — which file it is —

  private target(stat: HostStat, path: ByteString | HostResult): Target {
    const bits = (stat.mode & S_IFMT) === DIRECTORY ? CHANGE.isDirectory : 0, key = fileKey(stat);
    const parent = typeof path === 'string' && path !== '/' ? this.inner.stat(parentOf(path), true) : -ENOENT;
    return { key, directory: typeof parent === 'number' ? null : fileKey(parent), name: typeof path === 'string' ? lastName(path) : '', bits };
  }
  private atPath(path: ByteString, followsLinks: boolean): Target | null {
    const stat = this.inner.stat(path, followsLinks), real = followsLinks ? this.inner.realPath(path) : path;
    return typeof stat === 'number' ? null : this.target(stat, real);
  }
  private atFd(fd: number, isWritable = false): Open | null {
    const known = this.opened.get(fd), stat = known === undefined ? this.inner.fstat(fd) : 0;
    if (known !== undefined) return known;
    if (typeof stat === 'number') return null;
    const open = { target: this.target(stat, this.inner.pathOf(fd)), isWritable };
    this.opened.set(fd, open);
    return open;
  }
  private place(path: ByteString): { readonly directory: string; readonly name: ByteString } | null {
    const trimmed = path.replace(/\/+$/, ''), parent = this.inner.stat(parentOf(trimmed), true);
    return typeof parent === 'number' ? null : { directory: fileKey(parent), name: lastName(trimmed) };
  }

  // — telling —

  private tell(target: Target | null, bits: number): void {
    if (target === null) return;
    if (target.directory !== null) this.watcher.entry(target.directory, target.name, bits | target.bits, 0);
    this.watcher.self(target.key, bits | target.bits);
  }
  private tellEntry(path: ByteString, bits: number, cookie = 0): void {
    const place = this.place(path);
    if (place !== null) this.watcher.entry(place.directory, place.name, bits, cookie);
  }
  private afterChange(result: HostResult, target: () => Target | null, bits: number): HostResult {
    if (result >= 0) this.tell(target(), bits);
    return result;
  }
  private made(result: HostResult, path: ByteString, bits: number): HostResult {
    if (result >= 0) this.tellEntry(path, bits);
    return result;
  }
  /** A file has lost a name: its last one, maybe. */
  private lost(stat: HostStat): void {
    const key = fileKey(stat), isDirectory = (stat.mode & S_IFMT) === DIRECTORY;
    if (!isDirectory) this.watcher.self(key, CHANGE.attributes);
    if (!isDirectory && stat.nlink > 1) return;
    const isOpen = [...this.opened.values()].some(({ target }) => target.key === key);
    if (isOpen) this.dying.add(key); else this.watcher.self(key, CHANGE.deleteSelf);
  }

  // — open files —

  override open(path: ByteString, flags: number, mode: number): HostResult {
    const before = (flags & (O_CREAT | O_TRUNC)) === 0 ? 0 : this.inner.stat(path, true), fd = this.inner.open(path, flags, mode);
    if (fd < 0) return fd;
    this.opened.delete(fd);
    const target = this.atFd(fd, (flags & O_ACCMODE) !== 0)?.target ?? null;
    if (before === -ENOENT) this.tellEntry(path, CHANGE.create);
    else if (typeof before !== 'number' && (flags & O_TRUNC) !== 0 && before.size > 0) this.tell(target, CHANGE.modify);
    this.tell(target, CHANGE.open);
    return fd;
  }
  override close(fd: number): void {
    const open = this.atFd(fd);
    this.inner.close(fd);
    this.opened.delete(fd);
    if (open === null) return;
    this.tell(open.target, open.isWritable ? CHANGE.closeWritten : CHANGE.closeRead);
    const { key } = open.target;
    if (!this.dying.has(key) || [...this.opened.values()].some(({ target }) => target.key === key)) return;
    this.dying.delete(key);
    this.watcher.self(key, CHANGE.deleteSelf);
  }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult {
    const got = this.inner.read(fd, into, at);
    return got > 0 ? this.afterChange(got, () => this.atFd(fd)?.target ?? null, CHANGE.access) : got;
  }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult {
    const put = this.inner.write(fd, from, at);
    return put > 0 ? this.afterChange(put, () => this.atFd(fd, true)?.target ?? null, CHANGE.modify) : put;
  }
  private onFd(fd: number, result: HostResult, bits: number): HostResult { return this.afterChange(result, () => this.atFd(fd)?.target ?? null, bits); }
  override ftruncate(fd: number, length: number): HostResult { return this.onFd(fd, this.inner.ftruncate(fd, length), CHANGE.modify); }
  override fchmod(fd: number, mode: number): HostResult { return this.onFd(fd, this.inner.fchmod(fd, mode), CHANGE.attributes); }
  override fchown(fd: number, uid: number, gid: number): HostResult { return this.onFd(fd, this.inner.fchown(fd, uid, gid), CHANGE.attributes); }
  override fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult {
    return this.onFd(fd, this.inner.fsetTimes(fd, atimeNs, mtimeNs), CHANGE.attributes);
  }

  // — names —

  override list(path: ByteString): readonly ByteString[] | HostResult {
    const names = this.inner.list(path);
    if (typeof names !== 'number') this.tell(this.atPath(path, true), CHANGE.access);
    return names;
  }
  override mkdir(path: ByteString, mode: number): HostResult { return this.made(this.inner.mkdir(path, mode), path, CHANGE.create | CHANGE.isDirectory); }
  override symlink(target: ByteString, path: ByteString): HostResult { return this.made(this.inner.symlink(target, path), path, CHANGE.create); }
  override link(from: ByteString, to: ByteString): HostResult {
    const result = this.inner.link(from, to), stat = result < 0 ? result : this.inner.stat(from, false);
    if (typeof stat !== 'number') this.watcher.self(fileKey(stat), CHANGE.attributes);
    return this.made(result, to, CHANGE.create);
  }
  override unlink(path: ByteString): HostResult {
    const stat = this.inner.stat(path, false), result = this.inner.unlink(path);
    if (result === 0 && typeof stat !== 'number') this.lost(stat);
    return this.made(result, path, CHANGE.delete);
  }
  override rmdir(path: ByteString): HostResult {
    const stat = this.inner.stat(path, false), result = this.inner.rmdir(path);
    if (result === 0 && typeof stat !== 'number') this.lost(stat);
    return this.made(result, path, CHANGE.delete | CHANGE.isDirectory);
  }
  override rename(from: ByteString, to: ByteString): HostResult {
    const stat = this.inner.stat(from, false), covered = this.inner.stat(to, false), result = this.inner.rename(from, to);
    if (result < 0 || typeof stat === 'number') return result;
    if (typeof covered !== 'number' && fileKey(covered) === fileKey(stat)) return result;
    const bits = (stat.mode & S_IFMT) === DIRECTORY ? CHANGE.isDirectory : 0, cookie = ++this.lastCookie;
    this.tellEntry(from, CHANGE.movedFrom | bits, cookie);
    this.tellEntry(to, CHANGE.movedTo | bits, cookie);
    this.watcher.self(fileKey(stat), CHANGE.moveSelf);
    if (typeof covered !== 'number') this.lost(covered);
    // What is open may have moved with it.
    for (const [fd, open] of this.opened) {
      const now = this.inner.fstat(fd);
      if (typeof now !== 'number') open.target = this.target(now, this.inner.pathOf(fd));
    }
    return result;
  }
  private onPath(path: ByteString, followsLinks: boolean, result: HostResult, bits: number): HostResult {
    return this.afterChange(result, () => this.atPath(path, followsLinks), bits);
  }
  override truncate(path: ByteString, length: number): HostResult { return this.onPath(path, true, this.inner.truncate(path, length), CHANGE.modify); }
  override chmod(path: ByteString, mode: number): HostResult { return this.onPath(path, true, this.inner.chmod(path, mode), CHANGE.attributes); }
  override chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    return this.onPath(path, followsLinks, this.inner.chown(path, uid, gid, followsLinks), CHANGE.attributes);
  }
  override setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    return this.onPath(path, followsLinks, this.inner.setTimes(path, atimeNs, mtimeNs, followsLinks), CHANGE.attributes);
  }
}
