/** A host whose files cannot be changed: EROFS, as on a file system mounted read-only (mount(2), MS_RDONLY). Devices, terminals and pipes are written as always. */
import { EEXIST, EISDIR, EINVAL, ENOENT, EROFS } from '../base/errno.ts';
import type { ByteString, HostResult } from './host.ts';
import { parentOf } from './path.ts';
import { WrappedHost } from './wrapped-host.ts';

const O_ACCMODE = 3, O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, W_OK = 2;
const S_IFMT = 0o170000, DIRECTORY = 0o040000, REGULAR = 0o100000, LINK = 0o120000;
/** Standard input, output and error are the emulator's own: who redirected them meant them to be written. */
const FIRST_OPENED = 3;

export class ReadOnlyHost extends WrappedHost {
  override open(path: ByteString, flags: number, mode: number): HostResult {
    const kind = this.kindOf(path, true), writes = (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0;
    if (kind < 0) return kind === -ENOENT && (flags & O_CREAT) !== 0 ? this.missing(path) : kind;
    if (kind === REGULAR && writes && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL)) {
      const allowed = this.inner.access(path, W_OK);
      return allowed < 0 ? allowed : -EROFS;
    }
    return this.inner.open(path, flags & ~(kind === REGULAR ? O_TRUNC : 0), mode);
  }
  override access(path: ByteString, mode: number): HostResult {
    const allowed = this.inner.access(path, mode);
    return allowed === 0 && (mode & W_OK) !== 0 && isOnDisk(this.kindOf(path, true)) ? -EROFS : allowed;
  }
  // What the path names is looked at first: a mistake in it is told before anything else.
  override mkdir(path: ByteString): HostResult { return this.create(path); }
  override symlink(_target: ByteString, path: ByteString): HostResult { return this.create(path); }
  override link(from: ByteString, to: ByteString): HostResult {
    const kind = this.kindOf(from, false);
    return kind < 0 ? kind : this.create(to);
  }
  override unlink(path: ByteString): HostResult { return this.missing(path); }
  override rmdir(path: ByteString): HostResult { return this.missing(path); }
  override rename(from: ByteString, to: ByteString): HostResult {
    const here = this.missing(from);
    return here === -EROFS ? this.missing(to) : here;
  }
  override truncate(path: ByteString): HostResult {
    const kind = this.kindOf(path, true);
    if (kind < 0) return kind;
    return kind === REGULAR ? -EROFS : kind === DIRECTORY ? -EISDIR : -EINVAL;
  }
  override chmod(path: ByteString): HostResult { return this.change(path, true); }
  override chown(path: ByteString, _uid: number, _gid: number, followsLinks: boolean): HostResult { return this.change(path, followsLinks); }
  override setTimes(path: ByteString, _atimeNs: bigint, _mtimeNs: bigint, followsLinks: boolean): HostResult { return this.change(path, followsLinks); }
  override reopen(fd: number, flags: number): HostResult {
    return (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0 ? -EROFS : this.inner.reopen(fd, flags);
  }
  override ftruncate(fd: number, length: number): HostResult { return fd < FIRST_OPENED ? this.inner.ftruncate(fd, length) : -EINVAL; }
  override fchmod(): HostResult { return -EROFS; }
  override fchown(): HostResult { return -EROFS; }
  override fsetTimes(): HostResult { return -EROFS; }

  private create(path: ByteString): HostResult { return this.kindOf(path, false) >= 0 ? -EEXIST : this.missing(path); }
  /** Nothing can be made or removed in the directory, if there is one. */
  private missing(path: ByteString): HostResult {
    const kind = this.kindOf(`${parentOf(path.replace(/\/+$/, ''))}/`, true);
    return kind < 0 ? kind : -EROFS;
  }
  private change(path: ByteString, followsLinks: boolean): HostResult {
    const kind = this.kindOf(path, followsLinks);
    return kind < 0 ? kind : -EROFS;
  }
  private kindOf(path: ByteString, followsLinks: boolean): number {
    const stat = this.inner.stat(path, followsLinks);
    return typeof stat === 'number' ? stat : stat.mode & S_IFMT;
  }
}

function isOnDisk(kind: number): boolean { return kind === REGULAR || kind === DIRECTORY || kind === LINK; }
