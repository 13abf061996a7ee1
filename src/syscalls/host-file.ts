/** Files of the host in the guest's descriptor table: regular files, terminals, pipes and devices, directories, and O_PATH's names. */
import { EBADF, EFAULT, EFBIG, EINVAL, ENODEV, ENOENT, ENOSPC, ENOTDIR, ENOTTY, ENXIO, EOPNOTSUPP, ESPIPE } from '../base/errno.ts';
import { fileKey, type ByteString, type Host, type HostStat } from '../host/host.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Va } from '../base/types.ts';
import { CHUNK_BYTES, copyInPieces, copyOutPieces } from './buffers.ts';
import type { DirectoryEntry, File, Result, Stat, UserBuffer } from './file.ts';
import type { HostTerminal } from './host-terminal.ts';
import { HostInput, type Outside } from './host-input.ts';
import { HostHandle, type HostPages, type PageCache } from './pages.ts';
import type { KernelTask } from './process.ts';
import type { SharedObjects } from './shared-objects.ts';
import { mayRead, terminalIoctl, TIOCGWINSZ } from './terminal.ts';
import {
  O_ACCMODE, O_CREAT, O_DIRECTORY, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, POLLHUP, POLLIN, POLLOUT, POLLRDHUP,
  S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET,
} from './uapi.ts';

/** Files no larger than this many bytes can be spoken of in doubles. */
const OFFSET_MAX = Number.MAX_SAFE_INTEGER;
/** /dev/zero: major 1, minor 5. Its private mappings are anonymous memory (mem(4)). */
const DEV_ZERO = 0x105n;
const ZERO_BYTES_MAX = 2 ** 30;

export interface HostFileServices {
  readonly host: Host; readonly pageCache: PageCache; readonly staging: Uint8Array; readonly shared: SharedObjects; readonly outside: Outside;
}

/** Opens what is at `path`: a HostDirectory or a HostFile. */
export function openHostFile(services: HostFileServices, path: ByteString, flags: number, mode: number): File | Result {
  const { host } = services;
  return opened(services, host.open(path, flags, mode), path, flags);
}
function opened(services: HostFileServices, fd: number, path: ByteString, flags: number): File | Result {
  const { host } = services;
  if (fd < 0) return fd;
  const stat = host.fstat(fd);
  if (typeof stat === 'number') { host.close(fd); return stat; }
  if ((flags & O_TRUNC) !== 0) services.pageCache.find(fileKey(stat))?.truncate(stat.size);
  const handle = new HostHandle(host, fd, (flags & O_ACCMODE) !== O_RDONLY);
  if ((stat.mode & S_IFMT) === S_IFDIR) return new HostDirectory(handle, path);
  return new HostFile(services, handle, path, stat, false);
}

/** Standard input, output or error: descriptor `fd` of the emulator's own, which stays open for its reports. Null: it is closed. */
export function inheritedFile(services: HostFileServices, fd: number): HostFile | null {
  const { host } = services, stat = host.fstat(fd);
  if (typeof stat === 'number') return null;
  const link = host.readLink(`/proc/self/fd/${fd}`);
  const handle = new HostHandle(host, fd, fd !== 0).retain();
  return new HostFile(services, handle, typeof link === 'string' ? link : `/dev/fd/${fd}`, stat, true);
}

export class HostFile implements File {
  hostPath: ByteString;
  private readonly services: HostFileServices;
  private handle: HostHandle;
  private opened: HostStat;
  private key: string;
  /** Regular files and block devices: reads and writes name their place. The rest is a stream. */
  private readonly isSeekable: boolean;
  private waits = true;
  /** The host's descriptor keeps the position, because others outside share it (standard input from a file), until the guest seeks. */
  private sharesPosition: boolean;

  constructor(services: HostFileServices, handle: HostHandle, path: ByteString, stat: HostStat, isInherited: boolean) {
    this.services = services; this.handle = handle; this.hostPath = path; this.opened = stat;
    this.key = fileKey(stat);
    this.isSeekable = isKind(stat, S_IFREG) || isKind(stat, S_IFBLK);
    this.sharesPosition = isInherited && this.isSeekable;
    if (this.isStream) this.poll = () => this.readiness();
    if (handle.isWritable && this.isSeekable) services.pageCache.addWriter(this.key);
  }
  get name(): ByteString { return nameNow(this.services.host, this.handle.fd, this.hostPath); }
  get hostFd(): number { return this.handle.fd; }
  /** Pipes, sockets and terminals have no positions; other devices have, and ignore them. */
  private get isStream(): boolean {
    return !this.isSeekable && (!isKind(this.opened, S_IFCHR) || this.services.host.isTerminal(this.handle.fd));
  }
  private get pages(): HostPages | null { return this.services.pageCache.find(this.key); }

  read(to: UserBuffer, at: number, isExplicit = false, task: KernelTask | null = null): Result {
    const { host, staging } = this.services;
    if (this.isStream) return isExplicit ? -ESPIPE : this.readStream(to, task);
    if (at > OFFSET_MAX) return 0;
    const isShared = !this.isSeekable || this.sharesPosition && !isExplicit;
    this.pages?.flush(isShared ? 0 : at, isShared ? Infinity : at + to.length);
    return copyOutPieces(to, staging, (into, done) => host.read(this.handle.fd, into, isShared ? null : at + done));
  }
  /** One host read: what is there now, however much was asked for. Nothing is taken that has nowhere to go. */
  private readStream(to: UserBuffer, task: KernelTask | null): Result {
    const { host, staging } = this.services, { input, terminal } = this, { fd } = this.handle, allowed = terminal === null ? 0 : mayRead(terminal, task);
    if (allowed < 0) return allowed;
    const into = staging.subarray(0, Math.min(to.length, staging.length)), typed = task === null ? null : terminal?.read(host, fd, input, into, task, this.waits) ?? null;
    if (typed !== null) return typed <= 0 ? typed : to.memory.copyOut(to.address, into.subarray(0, typed)) ? typed : -EFAULT;
    const mayBlock = task === null || this.waits && task.process.system.life.mayBlock;
    return copyOutPieces({ ...to, length: into.length }, staging, bytes => input.read(fd, bytes, mayBlock));
  }
  /** Of streams alone: the rest is always ready, and epoll(7) does not take it. */
  readonly poll?: () => number;
  private readiness(): number {
    const { input, terminal } = this, { fd } = this.handle, typed = terminal?.look(this.services.host, fd, input) ?? null;
    if (typed !== null) return POLLOUT | (typed ? POLLIN : 0);
    const there = input.look(fd);
    if (there === 'never') return POLLOUT;
    if (isKind(this.opened, S_IFIFO)) return there === 'now' ? POLLIN : there === 'end' ? POLLHUP : 0;
    return POLLOUT | (there === 'later' ? 0 : POLLIN) | (there === 'end' && terminal === null ? POLLRDHUP : 0);
  }
  flagged(flags: number): void { this.waits = (flags & O_NONBLOCK) === 0; }
  private get terminal(): HostTerminal | null { return isKind(this.opened, S_IFCHR) ? this.services.shared.hostTerminal(this.opened.rdev) : null; }
  /** Of a terminal's many names all read the same. */
  private get input(): HostInput {
    const { host, outside, shared } = this.services, { terminal } = this;
    return shared.hostInput(terminal === null ? this.key : `terminal ${this.opened.rdev}`, () => new HostInput(host, outside, terminal !== null));
  }
  write(from: UserBuffer, at: number, isExplicit = false): Result {
    const { host, staging } = this.services;
    if (this.isSeekable && at + from.length > OFFSET_MAX) return -EFBIG;
    if (isExplicit && this.isStream) return -ESPIPE;
    const places = this.isSeekable && (isExplicit || !this.sharesPosition);
    return copyInPieces(from, staging, (bytes, done) => {
      const put = host.write(this.handle.fd, bytes, places ? at + done : null);
      if (put > 0 && places) this.pages?.update(at + done, bytes.subarray(0, put));
      return put;
    });
  }
  seek(offset: number, whence: number, from: number): Result {
    if (!this.isSeekable) return this.isStream ? -ESPIPE : 0;
    const current = this.sharesPosition ? Math.max(0, this.services.host.position(this.handle.fd)) : from;
    if (this.sharesPosition && whence === SEEK_CUR && offset === 0) return current;
    const size = whence === SEEK_CUR || whence === SEEK_SET ? 0 : this.stat().size ?? 0;
    const to = seekTo(offset, whence, current, size);
    if (to >= 0) this.sharesPosition = false;
    return to;
  }
  stat(): Stat {
    const stat = this.services.host.fstat(this.handle.fd);
    return typeof stat === 'number' ? this.opened : stat;
  }
  truncate(length: number): Result {
    if (!this.isSeekable) return -EINVAL;
    const result = this.services.host.ftruncate(this.handle.fd, length);
    if (result === 0) this.pages?.truncate(length);
    return result;
  }
  /** Zeros in the place of bytes: the host has no way to make a hole. Of more than a gibibyte it is refused. */
  zero(from: number, to: number): Result {
    if (to - from > ZERO_BYTES_MAX) return -EOPNOTSUPP;
    const zeros = new Uint8Array(Math.max(0, Math.min(CHUNK_BYTES, to - from)));
    for (let at = from; at < to; at += zeros.length) {
      const bytes = zeros.subarray(0, Math.min(zeros.length, to - at)), put = this.services.host.write(this.handle.fd, bytes, at);
      if (put < bytes.length) return put < 0 ? put : -ENOSPC;
      this.pages?.update(at, bytes);
    }
    return 0;
  }
  map(request: MapRequest): MapRequest | Result {
    if (isKind(this.opened, S_IFCHR) && this.opened.rdev === DEV_ZERO && !request.shared) return request;
    if (!isKind(this.opened, S_IFREG)) return -ENODEV;
    return { ...request, object: this.services.pageCache.open(this.key, () => this.name, this.opened, this.handle) };
  }
  ioctl(request: number, argument: Va, memory: UserMemory, task: KernelTask | null = null): Result {
    const { host, shared } = this.services, { fd } = this.handle;
    if (!host.isTerminal(fd)) return -ENOTTY;
    const terminal = shared.hostTerminal(this.opened.rdev);
    // The window is the host's, until the guest says otherwise.
    if (request === TIOCGWINSZ && terminal.columns === 0) {
      const size = host.windowSize(fd) ?? { columns: 80, rows: 24 };
      return memory.copyOut(argument, new Uint8Array(new Uint16Array([size.rows, size.columns, 0, 0]).buffer)) ? 0 : -EFAULT;
    }
    const actions = { changed: (isFlushing: boolean) => terminal.changed(host, fd, isFlushing, task), waiting: () => terminal.waiting };
    return terminalIoctl(terminal, actions, request, argument, memory, task);
  }
  sync(): Result {
    const flushed = this.pages?.flush(0, Infinity) ?? 0;
    return flushed < 0 ? flushed : this.services.host.fsync(this.handle.fd);
  }
  /** Of O_TMPFILE: it may be given a name. */
  isNameless = false;
  /**
   * linkat(2) of a file without a name: the host cannot give it one, so what is in it goes to a new file, which it is from now on. What else has the old one
   * open or mapped keeps that.
   */
  giveName(path: ByteString): Result {
    const { host, staging, pageCache } = this.services, now = this.stat(), O_NEW = O_RDWR | O_CREAT | O_EXCL;
    this.pages?.flush(0, Infinity);
    const fd = host.open(path, O_NEW, now.mode & 0o7777), stat = fd < 0 ? fd : host.fstat(fd);
    if (typeof stat === 'number') return stat;
    const source = host.reopen(this.handle.fd, O_RDONLY);
    let copied = Math.min(source, 0);
    for (let at = 0, got = 1; copied === 0 && got > 0; at += got) {
      got = host.read(source, staging, at);
      const put = got > 0 ? host.write(fd, staging.subarray(0, got), at) : got;
      if (put !== got || got < 0) copied = put < 0 ? put : -ENOSPC;
    }
    if (source >= 0) host.close(source);
    if (copied < 0) { host.close(fd); host.unlink(path); return copied; }
    const { isWritable } = this.handle;
    if (isWritable) pageCache.removeWriter(this.key);
    this.handle.release();
    this.handle = new HostHandle(host, fd, isWritable);
    this.opened = stat; this.key = fileKey(stat); this.hostPath = path; this.isNameless = false;
    if (isWritable) pageCache.addWriter(this.key);
    return 0;
  }
  /** Streams have no name to be opened by, so they are shared. */
  reopen(flags: number): File | Result {
    if (this.isSeekable && !this.sharesPosition) return this.openAgain(flags);
    return new HostFile(this.services, this.handle.retain(), this.hostPath, this.opened, true);
  }
  /** By its name, or by its descriptor where it has none any more. */
  private openAgain(flags: number): File | Result {
    const { host } = this.services, { fd } = this.handle, path = host.pathOf(fd);
    if (typeof path === 'string') return openHostFile(this.services, path, flags, 0);
    const again = host.reopen(fd, flags);
    return again === -ENOENT ? openHostFile(this.services, this.hostPath, flags, 0) : opened(this.services, again, this.hostPath, flags);
  }
  release(): void {
    if (this.handle.isWritable && this.isSeekable) this.services.pageCache.removeWriter(this.key);
    this.handle.release();
  }
}

export class HostDirectory implements File {
  readonly hostPath: ByteString;
  private readonly handle: HostHandle;
  private known: readonly DirectoryEntry[] | null = null;

  constructor(handle: HostHandle, path: ByteString) { this.handle = handle; this.hostPath = path; }
  /** Where it is now, though it was renamed. */
  get directory(): ByteString {
    const path = this.handle.host.pathOf(this.handle.fd);
    return typeof path === 'string' ? path : this.hostPath;
  }
  get name(): ByteString { return nameNow(this.handle.host, this.handle.fd, this.hostPath); }
  get hostFd(): number { return this.handle.fd; }
  seek(offset: number, whence: number, from: number): Result { return seekTo(offset, whence, from, this.known?.length ?? 0); }
  stat(): Stat | Result { return this.handle.host.fstat(this.handle.fd); }
  entries(from: number): readonly DirectoryEntry[] | Result {
    if (from > 0 && this.known !== null) return this.known;
    const { host } = this.handle, { directory } = this, names = host.list(directory);
    if (typeof names === 'number') return names;
    this.known = ['.', '..', ...names].map(name => {
      const stat = host.stat(`${directory}/${name}`, false);
      // Gone since it was listed: it is still an entry of the directory as it was.
      return typeof stat === 'number' ? { ino: 1n, type: 0, name } : { ino: stat.ino, type: (stat.mode & S_IFMT) >> 12, name };
    });
    return this.known;
  }
  ioctl(): Result { return -ENOTTY; }
  sync(): Result { return 0; }
  reopen(): File | Result {
    return new HostDirectory(this.handle.retain(), this.directory);
  }
  release(): void { this.handle.release(); }
}

/** open(2) with O_PATH: a name, not a file. Reads and writes are refused by the description's flags. */
export class PathFile implements File {
  readonly name: ByteString;
  readonly hostPath: ByteString;
  readonly directory?: ByteString;
  private readonly host: Host;
  private readonly followsLinks: boolean;
  private constructor(host: Host, path: ByteString, followsLinks: boolean, isDirectory: boolean) {
    this.host = host; this.name = path; this.hostPath = path; this.followsLinks = followsLinks;
    if (isDirectory) this.directory = path;
  }
  static open(host: Host, path: ByteString, flags: number, followsLinks: boolean): PathFile | Result {
    const stat = host.stat(path, followsLinks);
    if (typeof stat === 'number') return stat;
    const isDirectory = isKind(stat, S_IFDIR);
    if ((flags & O_DIRECTORY) !== 0 && !isDirectory) return -ENOTDIR;
    return new PathFile(host, path, followsLinks, isDirectory);
  }
  stat(): Stat | Result { return this.host.stat(this.hostPath, this.followsLinks); }
  ioctl(): Result { return -EBADF; }
}

/** What readlink(/proc/self/fd/N) shows: the file's path now, or that it has none any more (proc(5)). */
function nameNow(host: Host, fd: number, path: ByteString): ByteString {
  const now = host.pathOf(fd), real = typeof now === 'string' ? now : host.realPath(path);
  if (typeof real === 'string') return real;
  const stat = host.fstat(fd);
  return typeof stat !== 'number' && stat.nlink === 0 ? `${path} (deleted)` : path;
}

/** lseek(2) on a file of `size` bytes without holes. */
export function seekTo(offset: number, whence: number, from: number, size: number): Result {
  if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    if (offset < 0 || offset >= size) return -ENXIO;
    return whence === SEEK_DATA ? offset : size;
  }
  if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return -EINVAL;
  const to = offset + (whence === SEEK_CUR ? from : whence === SEEK_END ? size : 0);
  return to < 0 || to > OFFSET_MAX ? -EINVAL : to;
}

function isKind(stat: HostStat, kind: number): boolean { return (stat.mode & S_IFMT) === kind; }
