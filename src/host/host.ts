/** What the emulated kernel asks of the machine it runs on: everything outside the guest (disk, terminal, time) comes through here. */

/** A string of bytes: every character is one byte, 0 to 255. Linux paths, arguments and environments are bytes, not text. */
export type ByteString = string;
/** Values of 0 and more are results; -1 … -4095 are -errno, in Linux's numbers whatever the host's are. */
export type HostResult = number;

export interface HostStat {
  readonly dev: bigint; readonly ino: bigint; readonly mode: number; readonly nlink: number; readonly uid: number; readonly gid: number;
  readonly rdev: bigint; readonly size: number; readonly blksize: number; readonly blocks: number;
  readonly atimeNs: bigint; readonly mtimeNs: bigint; readonly ctimeNs: bigint;
  /** When it was made, where that is known. */
  readonly btimeNs?: bigint;
}
/** Which file it is, whatever it is called: its device and inode. */
export function fileKey({ dev = 0n, ino = 0n }: { readonly dev?: bigint; readonly ino?: bigint }): string { return `${dev}:${ino}`; }
/** What a device number is made of (makedev(3)). */
export function majorOf(dev: bigint): number { return Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)); }
export function minorOf(dev: bigint): number { return Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)); }
/** statfs(2), as far as a host knows it. */
export interface HostVolume {
  readonly type: number; readonly bsize: number; readonly blocks: number; readonly bfree: number; readonly bavail: number;
  readonly files: number; readonly ffree: number;
}
export interface HostUser {
  readonly uid: number; readonly gid: number; readonly euid: number; readonly egid: number; readonly groups: readonly number[];
}
export interface WindowSize { readonly columns: number; readonly rows: number }

/** Paths are absolute. Flags and modes are Linux's; the host translates. No method throws for anything the guest can cause. */
export interface Host {
  open(path: ByteString, flags: number, mode: number): HostResult;
  close(fd: number): void;
  /** One read; blocks until there is something. `at` null: at the descriptor's own position. */
  read(fd: number, into: Uint8Array, at: number | null): HostResult;
  /** What a read at the descriptor's own position gets now; -EAGAIN: it would wait. A host that cannot tell waits. */
  readNow(fd: number, into: Uint8Array): HostResult;
  /** Writes all of `from` unless an error stops it: then the bytes written, or -errno if there were none. */
  write(fd: number, from: Uint8Array, at: number | null): HostResult;
  /** The descriptor's own position, or -ESPIPE where it has none or the host cannot tell. */
  position(fd: number): HostResult;
  /** Where the descriptor's file is now; -ENOENT: nowhere any more, or nobody knows. */
  pathOf(fd: number): ByteString | HostResult;
  /** The file of a descriptor once more, though it may have no name; -ENOENT where the host cannot. */
  reopen(fd: number, flags: number): HostResult;
  fstat(fd: number): HostStat | HostResult;
  ftruncate(fd: number, length: number): HostResult;
  fchmod(fd: number, mode: number): HostResult;
  fchown(fd: number, uid: number, gid: number): HostResult;
  fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult;
  fsync(fd: number): HostResult;
  stat(path: ByteString, followsLinks: boolean): HostStat | HostResult;
  volume(path: ByteString): HostVolume | HostResult;
  access(path: ByteString, mode: number): HostResult;
  /** Names without `.` and `..`, in the host's order. */
  list(path: ByteString): readonly ByteString[] | HostResult;
  readLink(path: ByteString): ByteString | HostResult;
  /** The path without links, `.` and `..`. */
  realPath(path: ByteString): ByteString | HostResult;
  unlink(path: ByteString): HostResult;
  rmdir(path: ByteString): HostResult;
  mkdir(path: ByteString, mode: number): HostResult;
  rename(from: ByteString, to: ByteString): HostResult;
  link(from: ByteString, to: ByteString): HostResult;
  symlink(target: ByteString, path: ByteString): HostResult;
  truncate(path: ByteString, length: number): HostResult;
  chmod(path: ByteString, mode: number): HostResult;
  chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult;
  setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult;

  isTerminal(fd: number): boolean;
  /** Input comes as it is typed, unseen, or by lines again; as it was at the end, whatever comes. */
  setRaw(fd: number, isRaw: boolean): HostResult;
  windowSize(fd: number): WindowSize | null;
  /** The working directory, the environment (`NAME=value`) and the user the emulator was started with. */
  readonly directory: ByteString;
  readonly environment: readonly ByteString[];
  readonly user: HostUser;
  /** File modes a program starts without (umask(2)); the host itself creates files with the modes it is told. */
  readonly umask: number;
  /** Nanoseconds since 1970. Only `--clock host` shows them to the guest. */
  realTimeNs(): bigint;
  /** Lets this much time pass. */
  pause(milliseconds: number): void;
  /** Files that a host keeps itself are dated by the guest's clock, in nanoseconds since 1970. */
  useClock?(nowNs: () => bigint): void;
  /** One line of the emulator's own, on its standard error. */
  report(line: string): void;
}

/** Byte strings from and to bytes. */
export function bytesOf(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
/** Up to here one character after the other is fastest. */
const SHORT_BYTES = 200;
export function byteString(bytes: Uint8Array): ByteString {
  let text = '';
  if (bytes.length <= SHORT_BYTES) {
    for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}
/** The bytes of text in UTF-8, which is how a terminal and Node's own strings spell them. */
export function utf8Bytes(text: string): ByteString { return ASCII.test(text) ? text : byteString(new TextEncoder().encode(text)); }
const ASCII = /^[\0-\x7f]*$/;
