/** A host seen through another: every question is passed on. Those who keep something back override it. */
import type { ByteString, Host, HostResult, HostStat, HostUser, HostVolume, WindowSize } from './host.ts';

export class WrappedHost implements Host {
  protected inner: Host;
  constructor(inner: Host) { this.inner = inner; }

  open(path: ByteString, flags: number, mode: number): HostResult { return this.inner.open(path, flags, mode); }
  close(fd: number): void { this.inner.close(fd); }
  read(fd: number, into: Uint8Array, at: number | null): HostResult { return this.inner.read(fd, into, at); }
  readNow(fd: number, into: Uint8Array): HostResult { return this.inner.readNow(fd, into); }
  write(fd: number, from: Uint8Array, at: number | null): HostResult { return this.inner.write(fd, from, at); }
  position(fd: number): HostResult { return this.inner.position(fd); }
  pathOf(fd: number): ByteString | HostResult { return this.inner.pathOf(fd); }
  reopen(fd: number, flags: number): HostResult { return this.inner.reopen(fd, flags); }
  fstat(fd: number): HostStat | HostResult { return this.inner.fstat(fd); }
  ftruncate(fd: number, length: number): HostResult { return this.inner.ftruncate(fd, length); }
  fchmod(fd: number, mode: number): HostResult { return this.inner.fchmod(fd, mode); }
  fchown(fd: number, uid: number, gid: number): HostResult { return this.inner.fchown(fd, uid, gid); }
  fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult { return this.inner.fsetTimes(fd, atimeNs, mtimeNs); }
  fsync(fd: number): HostResult { return this.inner.fsync(fd); }
  stat(path: ByteString, followsLinks: boolean): HostStat | HostResult { return this.inner.stat(path, followsLinks); }
  volume(path: ByteString): HostVolume | HostResult { return this.inner.volume(path); }
  access(path: ByteString, mode: number): HostResult { return this.inner.access(path, mode); }
  list(path: ByteString): readonly ByteString[] | HostResult { return this.inner.list(path); }
  readLink(path: ByteString): ByteString | HostResult { return this.inner.readLink(path); }
  realPath(path: ByteString): ByteString | HostResult { return this.inner.realPath(path); }
  unlink(path: ByteString): HostResult { return this.inner.unlink(path); }
  rmdir(path: ByteString): HostResult { return this.inner.rmdir(path); }
  mkdir(path: ByteString, mode: number): HostResult { return this.inner.mkdir(path, mode); }
  rename(from: ByteString, to: ByteString): HostResult { return this.inner.rename(from, to); }
  link(from: ByteString, to: ByteString): HostResult { return this.inner.link(from, to); }
  symlink(target: ByteString, path: ByteString): HostResult { return this.inner.symlink(target, path); }
  truncate(path: ByteString, length: number): HostResult { return this.inner.truncate(path, length); }
  chmod(path: ByteString, mode: number): HostResult { return this.inner.chmod(path, mode); }
  chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult { return this.inner.chown(path, uid, gid, followsLinks); }
  setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    return this.inner.setTimes(path, atimeNs, mtimeNs, followsLinks);
  }
  pause(milliseconds: number): void { this.inner.pause(milliseconds); }
  isTerminal(fd: number): boolean { return this.inner.isTerminal(fd); }
  setRaw(fd: number, isRaw: boolean): HostResult { return this.inner.setRaw(fd, isRaw); }
  windowSize(fd: number): WindowSize | null { return this.inner.windowSize(fd); }
  get directory(): ByteString { return this.inner.directory; }
  get environment(): readonly ByteString[] { return this.inner.environment; }
  get user(): HostUser { return this.inner.user; }
  get umask(): number { return this.inner.umask; }
  realTimeNs(): bigint { return this.inner.realTimeNs(); }
  useClock(nowNs: () => bigint): void { this.inner.useClock?.(nowNs); }
  report(line: string): void { this.inner.report(line); }
}
