/** The host as Node sees it (nodejs.org/api/fs). The only file that touches the disk, the terminal and the clock. */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import tty from 'node:tty';
import v8 from 'node:v8';
import { EAGAIN, EBADF, EINTR, EIO, ENOENT, ENOSYS, ENOTTY, ESPIPE } from '../base/errno.ts';
import { ErrnoTable } from './errno-table.ts';
import { ExactTimes, nodeTime } from './exact-times.ts';
import { ChildHelper } from './helper.ts';
import { KeptFolder } from './kept-folder.ts';
import { PrebuiltFiles } from './prebuilt-files.ts';
import { type Build, type Effort, EFFORTS } from './v8-flags.ts';
import { byteString, bytesOf, majorOf, utf8Bytes } from './host.ts';
import type { ByteString, Host, HostResult, HostStat, HostUser, HostVolume, WindowSize } from './host.ts';

/** Linux's O_* bits (asm-generic/fcntl.h) and what this host calls them. Access modes 0 to 2 are the same everywhere. */
const OPEN_FLAGS: readonly (readonly [number, keyof typeof fs.constants])[] = [
  [0o100, 'O_CREAT'], [0o200, 'O_EXCL'], [0o400, 'O_NOCTTY'], [0o1000, 'O_TRUNC'], [0o2000, 'O_APPEND'], [0o4000, 'O_NONBLOCK'],
  [0o10000, 'O_DSYNC'], [0o200000, 'O_DIRECTORY'], [0o400000, 'O_NOFOLLOW'], [0o4010000, 'O_SYNC'],
];
const O_ACCMODE = 3, O_WRONLY = 1, O_NONBLOCK = 0o4000, O_NOFOLLOW = 0o400000;
const S_IFMT = 0o170000, S_IFSOCK = 0o140000, S_IFREG = 0o100000, S_IFCHR = 0o020000;
/** How long a descriptor that says EAGAIN is left alone. */
const RETRY_MILLISECONDS = 5;

interface NodeError { readonly code?: string; readonly errno?: number }

export class NodeHost implements Host {
  readonly prebuilt?: PrebuiltFiles;
  readonly keptFiles?: KeptFolder;
  readonly directory: ByteString;
  readonly environment: readonly ByteString[];
  readonly arguments: readonly ByteString[];
  readonly user: HostUser;
  readonly umask: number;
  private readonly errors = new ErrnoTable();
  /** By descriptor: one that does not wait, or -errno. */
  private readonly unwaiting = new Map<number, HostResult>();
  private readonly nothing = new Int32Array(new SharedArrayBuffer(4));
  private rawInput: tty.ReadStream | null = null;
  private readonly exactTimes = new ExactTimes();
  private readonly isLinux = process.platform === 'linux';

  /** @param build without one, nothing was generated in advance, and nothing is kept for later runs */
  constructor(build: Build | null = null) {
    if (build !== null) {
      this.keptFiles = new KeptFolder(build.stamp);
      this.prebuilt = new PrebuiltFiles(build.folder, build.flags);
    }
    this.directory = utf8Bytes(process.cwd());
    this.arguments = this.rawStrings('/proc/self/cmdline', process.argv.slice(2));
    this.environment = this.rawStrings('/proc/self/environ', Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`));
    this.umask = process.umask(0);
    this.user = {
      uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000, euid: process.geteuid?.() ?? 1000, egid: process.getegid?.() ?? 1000,
      groups: process.getgroups?.() ?? [],
    };
  }

  open(path: ByteString, flags: number, mode: number): HostResult {
    return this.attempt(() => fs.openSync(native(path), nativeFlags(flags), mode));
  }
  close(fd: number): void {
    const now = this.unwaiting.get(fd);
    this.unwaiting.delete(fd);
    if (now !== undefined && now >= 0 && now !== fd) this.close(now);
    this.attempt(() => { fs.closeSync(fd); return 0; });
  }

  read(fd: number, into: Uint8Array, at: number | null): HostResult {
    for (;;) {
      const result = this.attempt(() => fs.readSync(fd, into, 0, into.length, at));
      if (result !== -EAGAIN && result !== -EINTR) return result;
      this.pause(RETRY_MILLISECONDS);
    }
  }
  readNow(fd: number, into: Uint8Array): HostResult {
    let now = this.unwaiting.get(fd);
    if (now === undefined) this.unwaiting.set(fd, now = this.unwaitingOf(fd));
    if (now < 0) return now === -ENOENT ? this.read(fd, into, null) : now;
    const { length } = into, from = now, result = this.attempt(() => fs.readSync(from, into, 0, length, null));
    return result === -EINTR ? -EAGAIN : result;
  }
  /**
   * A descriptor of the same file that does not wait. O_NONBLOCK belongs to all who share a description, and they may not want it: the file is opened once
   * more, for reading alone. A socket cannot be (unix(7)); Node sets those it is given. -ENOENT: there is none.
   */
  private unwaitingOf(fd: number): HostResult {
    const stat = this.fstat(fd);
    if (!this.isLinux || typeof stat === 'number') return -ENOENT;
    const flags = this.attempt(() => parseInt(/^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8));
    if ((flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    if ((flags & O_NONBLOCK) !== 0) return fd;
    if ((stat.mode & S_IFMT) !== S_IFSOCK) {
      const again = this.reopen(fd, O_NONBLOCK);
      return again < 0 ? -ENOENT : again;
    }
    return this.attempt(() => { new net.Socket({ fd, manualStart: true }).unref(); return fd; });
  }
  write(fd: number, from: Uint8Array, at: number | null): HostResult {
    let done = 0;
    while (done < from.length) {
      const result = this.attempt(() => fs.writeSync(fd, from, done, from.length - done, at === null ? null : at + done));
      if (result === -EAGAIN || result === -EINTR) { this.pause(RETRY_MILLISECONDS); continue; }
      if (result < 0) return done > 0 ? done : result;
      done += result;
    }
    return done;
  }
  position(fd: number): HostResult {
    const stat = this.fstat(fd);
    if (typeof stat === 'number' || (stat.mode & S_IFMT) !== S_IFREG) return -ESPIPE;
    return this.attempt(() => {
      const line = /^pos:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
      return line === null ? -ESPIPE : Number(line[1]);
    });
  }
  pathOf(fd: number): ByteString | HostResult {
    if (!this.isLinux) return -ENOENT;
    const path = this.readLink(`/proc/self/fd/${fd}`);
    return typeof path === 'string' && (!path.startsWith('/') || path.endsWith(' (deleted)')) ? -ENOENT : path;
  }
  reopen(fd: number, flags: number): HostResult { return this.isLinux ? this.open(`/proc/self/fd/${fd}`, flags & ~O_NOFOLLOW, 0) : -ENOENT; }
  fstat(fd: number): HostStat | HostResult { return this.withExactTimes(this.statNow(fd)); }
  ftruncate(fd: number, length: number): HostResult { return this.done(() => fs.ftruncateSync(fd, length)); }
  fchmod(fd: number, mode: number): HostResult { return this.done(() => fs.fchmodSync(fd, mode)); }
  fchown(fd: number, uid: number, gid: number): HostResult { return this.done(() => fs.fchownSync(fd, uid, gid)); }
  fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult {
    const result = this.done(() => fs.futimesSync(fd, nodeTime(atimeNs), nodeTime(mtimeNs)));
    return result < 0 ? result : this.exactTimes.remember(this.statNow(fd), atimeNs, mtimeNs);
  }
  fsync(fd: number): HostResult { return this.done(() => fs.fsyncSync(fd)); }

  stat(path: ByteString, followsLinks: boolean): HostStat | HostResult {
    return this.withExactTimes(this.statNow(path, followsLinks));
  }
  volume(path: ByteString): HostVolume | HostResult { return this.attempt(() => fs.statfsSync(native(path))); }
  access(path: ByteString, mode: number): HostResult { return this.done(() => fs.accessSync(native(path), mode)); }
  list(path: ByteString): readonly ByteString[] | HostResult { return this.attempt(() => fs.readdirSync(native(path), 'latin1')); }
  readLink(path: ByteString): ByteString | HostResult { return this.attempt(() => fs.readlinkSync(native(path), 'latin1')); }
  realPath(path: ByteString): ByteString | HostResult { return this.attempt(() => fs.realpathSync.native(native(path), 'latin1')); }
  unlink(path: ByteString): HostResult { return this.done(() => fs.unlinkSync(native(path))); }
  rmdir(path: ByteString): HostResult { return this.done(() => fs.rmdirSync(native(path))); }
  mkdir(path: ByteString, mode: number): HostResult { return this.done(() => fs.mkdirSync(native(path), mode)); }
  rename(from: ByteString, to: ByteString): HostResult { return this.done(() => fs.renameSync(native(from), native(to))); }
  link(from: ByteString, to: ByteString): HostResult { return this.done(() => fs.linkSync(native(from), native(to))); }
  symlink(target: ByteString, path: ByteString): HostResult { return this.done(() => fs.symlinkSync(native(target), native(path))); }
  truncate(path: ByteString, length: number): HostResult { return this.done(() => fs.truncateSync(native(path), length)); }
  chmod(path: ByteString, mode: number): HostResult { return this.done(() => fs.chmodSync(native(path), mode)); }
  chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    return this.done(() => (followsLinks ? fs.chownSync : fs.lchownSync)(native(path), uid, gid));
  }
  setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    const result = this.done(() => (followsLinks ? fs.utimesSync : fs.lutimesSync)(native(path), nodeTime(atimeNs), nodeTime(mtimeNs)));
    return result < 0 ? result : this.exactTimes.remember(this.statNow(path, followsLinks), atimeNs, mtimeNs);
  }

  isTerminal(fd: number): boolean {
    const stat = this.fstat(fd);
    return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFCHR && !this.isMemory(stat) && tty.isatty(fd);
  }
  /** /dev/null and its like (Linux's major number 1): asking Node whether it is a terminal would take milliseconds. */
  private isMemory(stat: HostStat): boolean { return this.isLinux && majorOf(stat.rdev) === 1; }
  /** Node sets the terminal back when it ends, whether of itself or by a signal it may handle. */
  setRaw(fd: number, isRaw: boolean): HostResult {
    if (!this.isTerminal(fd) || !this.isTerminal(0)) return -ENOTTY;
    return this.done(() => {
      this.rawInput ??= new tty.ReadStream(0);
      this.rawInput.unref().setRawMode(isRaw);
    });
  }
  windowSize(fd: number): WindowSize | null {
    if (!this.isTerminal(fd)) return null;
    return { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
  }
  /** To the microsecond. */
  realTimeNs(): bigint { return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n; }
  pause(milliseconds: number): void { Atomics.wait(this.nothing, 0, 0, milliseconds); }
  /** V8 compiles hot functions beside the program, and a short program is over before that pays. (WebAssembly is always optimised.) */
  optimise(effort: Effort): void { for (const flag of EFFORTS[effort]) v8.setFlagsFromString(flag); }
  get description(): { readonly node: string; readonly platform: string } { return { node: process.versions.node, platform: `${process.platform} ${process.arch}` }; }
  onSignals(names: readonly string[], listener: (name: string) => void): () => void {
    const rows = names.map(name => [name, () => { listener(name); }] as const);
    for (const [name, run] of rows) process.on(name, run);
    return () => { for (const [name, run] of rows) process.off(name, run); };
  }
  breathe(): Promise<void> { return new Promise(resolve => { setImmediate(resolve); }); }
  helper(words: readonly string[]): ChildHelper { return new ChildHelper(words); }
  get processors(): number { return os.availableParallelism(); }
  report(line: string): void { this.write(2, new TextEncoder().encode(line + '\n'), null); }

  /** Node decodes what it is given as UTF-8; where that lost something, Linux still has the bytes. */
  private rawStrings(path: string, decoded: readonly string[]): readonly ByteString[] {
    if (!this.isLinux || !decoded.some(text => text.includes('\ufffd'))) return decoded.map(utf8Bytes);
    const raw = this.attempt(() => byteString(fs.readFileSync(path)).split('\0'));
    return typeof raw === 'number' ? decoded.map(utf8Bytes) : raw.slice(0, -1).slice(-decoded.length);
  }
  /** As Node tells it. */
  private statNow(of: number | ByteString, followsLinks = true): HostStat | HostResult {
    return this.attempt(() => {
      if (typeof of === 'number') return hostStat(fs.fstatSync(of, { bigint: true }));
      return hostStat((followsLinks ? fs.statSync : fs.lstatSync)(native(of), { bigint: true }));
    });
  }
  private withExactTimes(stat: HostStat | HostResult): HostStat | HostResult { return typeof stat === 'number' ? stat : this.exactTimes.of(stat); }
  private done(action: () => void): HostResult { return this.attempt(() => { action(); return 0; }); }
  /** Node reports errors by throwing; the kernel wants -errno. */
  private attempt<T>(action: () => T): T | HostResult {
    try { return action(); } catch (error) { return -this.errnoOf(error as NodeError); }
  }
  private errnoOf(error: NodeError): number {
    if (this.isLinux && typeof error.errno === 'number' && error.errno < 0 && error.errno > -200) return -error.errno;
    if (typeof error.code !== 'string') return EIO;
    return this.errors.byName(error.code)?.number ?? (error.code.startsWith('ERR_FEATURE') ? ENOSYS : EIO);
  }
}

/** ASCII paths go to Node as they are; others as bytes, or Node would encode them. */
function native(path: ByteString): string | Uint8Array { return /^[\x01-\x7f]*$/.test(path) ? path : bytesOf(path); }

function nativeFlags(flags: number): number {
  let bits = flags & O_ACCMODE;
  for (const [linux, name] of OPEN_FLAGS) if ((flags & linux) === linux) bits |= fs.constants[name] ?? 0;
  return bits;
}

function hostStat(s: fs.BigIntStats): HostStat {
  return {
    dev: s.dev, ino: s.ino, mode: Number(s.mode), nlink: Number(s.nlink), uid: Number(s.uid), gid: Number(s.gid), rdev: s.rdev,
    size: Number(s.size), blksize: Number(s.blksize), blocks: Number(s.blocks), atimeNs: s.atimeNs, mtimeNs: s.mtimeNs, ctimeNs: s.ctimeNs,
    btimeNs: s.birthtimeNs,
  };
}
