/** A host without files, for programs that are to have nothing but their standard streams: an empty root directory that nobody can write. */
import { EACCES, EBADF, EEXIST, EINVAL, EISDIR, ENOENT, EROFS } from '../base/errno.ts';
import type { ByteString, HostResult, HostStat, HostVolume } from './host.ts';
import { WrappedHost } from './wrapped-host.ts';

const O_ACCMODE = 3, O_CREAT = 0o100, O_EXCL = 0o200, W_OK = 2;
/** The root directory's own descriptor: the host's are smaller. */
const ROOT_FD = 2 ** 30, FIRST_OPENED = 3;
const ROOT: HostStat = {
  dev: 0x2fn, ino: 1n, mode: 0o040555, nlink: 2, uid: 0, gid: 0, rdev: 0n, size: 4096, blksize: 4096, blocks: 8, atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n,
};
const TMPFS_MAGIC = 0x1021994;

export class ClosedHost extends WrappedHost {
  private isSealed = false;
  /** From now on there are no files: whoever starts a program opens what it is made of before that. */
  seal(): void { this.isSealed = true; }

  override get directory(): ByteString { return '/'; }
  override open(path: ByteString, flags: number, mode: number): HostResult {
    if (!this.isSealed) return this.inner.open(path, flags, mode);
    if (!isRoot(path)) return this.absent(path, (flags & O_CREAT) !== 0);
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    return (flags & O_ACCMODE) !== 0 || (flags & O_CREAT) !== 0 ? -EISDIR : ROOT_FD;
  }
  override close(fd: number): void { if (fd !== ROOT_FD) this.inner.close(fd); }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult { return fd === ROOT_FD ? -EISDIR : this.inner.read(fd, into, at); }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult { return fd === ROOT_FD ? -EBADF : this.inner.write(fd, from, at); }
  override position(fd: number): HostResult { return fd === ROOT_FD ? -EISDIR : this.inner.position(fd); }
  override pathOf(fd: number): ByteString | HostResult { return fd === ROOT_FD ? '/' : -ENOENT; }
  override reopen(): HostResult { return -ENOENT; }
  override fstat(fd: number): HostStat | HostResult { return fd === ROOT_FD ? ROOT : this.inner.fstat(fd); }
  override ftruncate(fd: number, length: number): HostResult { return fd < FIRST_OPENED ? this.inner.ftruncate(fd, length) : -EINVAL; }
  override fchmod(): HostResult { return -EROFS; }
  override fchown(): HostResult { return -EROFS; }
  override fsetTimes(): HostResult { return -EROFS; }
  override fsync(fd: number): HostResult { return fd === ROOT_FD ? 0 : this.inner.fsync(fd); }
  override isTerminal(fd: number): boolean { return fd !== ROOT_FD && this.inner.isTerminal(fd); }

  override stat(path: ByteString, followsLinks: boolean): HostStat | HostResult {
    return this.isSealed ? isRoot(path) ? ROOT : -ENOENT : this.inner.stat(path, followsLinks);
  }
  override volume(path: ByteString): HostVolume | HostResult {
    return isRoot(path) ? { type: TMPFS_MAGIC, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 1, ffree: 0 } : -ENOENT;
  }
  override access(path: ByteString, mode: number): HostResult {
    if (!this.isSealed) return this.inner.access(path, mode);
    if (!isRoot(path)) return -ENOENT;
    return (mode & W_OK) === 0 ? 0 : this.user.euid === 0 ? -EROFS : -EACCES;
  }
  override list(path: ByteString): readonly ByteString[] | HostResult { return isRoot(path) ? [] : -ENOENT; }
  override readLink(path: ByteString): ByteString | HostResult {
    if (!this.isSealed) return this.inner.readLink(path);
    return isRoot(path) ? -EINVAL : -ENOENT;
  }
  override realPath(path: ByteString): ByteString | HostResult {
    if (!this.isSealed) return this.inner.realPath(path);
    return isRoot(path) ? '/' : -ENOENT;
  }
  override unlink(path: ByteString): HostResult { return isRoot(path) ? -EISDIR : this.absent(path, true); }
  override rmdir(path: ByteString): HostResult { return this.absent(path, true); }
  override mkdir(path: ByteString): HostResult { return this.create(path); }
  override symlink(_target: ByteString, path: ByteString): HostResult { return this.create(path); }
  override rename(from: ByteString): HostResult { return this.absent(from, true); }
  override link(from: ByteString): HostResult { return isRoot(from) ? -EROFS : -ENOENT; }
  override truncate(path: ByteString): HostResult { return isRoot(path) ? -EISDIR : -ENOENT; }
  override chmod(path: ByteString): HostResult { return isRoot(path) ? -EROFS : -ENOENT; }
  override chown(path: ByteString): HostResult { return isRoot(path) ? -EROFS : -ENOENT; }
  override setTimes(path: ByteString): HostResult { return isRoot(path) ? -EROFS : -ENOENT; }

  private create(path: ByteString): HostResult { return isRoot(path) ? -EEXIST : this.absent(path, true); }
  /** A name in the root would have to be written there; one further down has no directory to be in. */
  private absent(path: ByteString, writes: boolean): HostResult { return writes && plain(path).lastIndexOf('/') === 0 ? -EROFS : -ENOENT; }
}

/** Without doubled slashes, `.` and `..`: all there is to step out of is the root. */
function plain(path: ByteString): ByteString { return `/${path.split('/').filter(name => name !== '' && name !== '.' && name !== '..').join('/')}`; }
function isRoot(path: ByteString): boolean { return plain(path) === '/'; }
