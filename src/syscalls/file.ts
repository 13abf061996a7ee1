/** Open files as the kernel sees them (Linux: file_operations; POSIX 3.258 open file description). */
import type { Va } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { ByteString } from '../host/host.ts';
import type { KernelTask } from './process.ts';
import type { Task } from './task.ts';
import type { Pipe } from './pipe.ts';

/** ≥ 0: the value. -4095 … -1: -errno, as the kernel returns it. */
export type Result = number;

/** A range of guest memory a read fills or a write empties. Unchecked: `memory.copyOut` says whether it is there. */
export interface UserBuffer {
  readonly memory: UserMemory;
  readonly address: Va;
  readonly length: number;
}
/** Fields of struct stat (stat(2)); those a file leaves out are 0. */
export interface Stat {
  readonly dev?: bigint; readonly ino?: bigint; readonly mode: number; readonly nlink?: number;
  readonly uid?: number; readonly gid?: number; readonly rdev?: bigint; readonly size?: number;
  readonly blksize?: number; readonly blocks?: number;
  readonly atimeNs?: bigint; readonly mtimeNs?: bigint; readonly ctimeNs?: bigint; readonly btimeNs?: bigint;
}

/** What a file of one kind can do. An operation it lacks gives the errno a real kernel gives. */
export interface File {
  /** What readlink(/proc/self/fd/N) shows. */
  readonly name: string;
  /**
   * Reads and writes name their place; a description adds the result to its position unless `isAddressed`.
   * `isExplicit`: the place is pread's or pwrite's, not the description's. -EAGAIN: nothing now, ask again when something happened.
   */
  read?(to: UserBuffer, at: number, isExplicit?: boolean, task?: KernelTask): Result;
  write?(from: UserBuffer, at: number, isExplicit?: boolean, task?: KernelTask): Result;
  /** Positions address parts of the file: reads and writes do not advance them, and zero counts are not short-cut. */
  readonly isAddressed?: boolean;
  /** Of either end of a pipe: what is between them. */
  readonly pipe?: Pipe;
  /** A write that may wait goes on until all is written, whatever room there is at first (pipes, streams). */
  readonly writesAll?: boolean;
  /** Nobody is signalled where a write finds no reader: EPIPE is all (datagrams). */
  readonly breaksQuietly?: boolean;
  /** How long a read and a write may wait (socket(7), SO_RCVTIMEO, SO_SNDTIMEO); null: for ever. */
  readonly timeouts?: { readonly receiveTimeoutNs: number | null; readonly sendTimeoutNs: number | null };
  /** The status flags of its description: as it is opened, and when they change (fcntl(2), F_SETFL). */
  flagged?(flags: number): void;
  /** The new position, or -errno. Absent: ESPIPE. */
  seek?(offset: number, whence: number, from: number): Result;
  stat?(): Stat | Result;
  truncate?(length: number): Result;
  /** Makes bytes within the file zero (fallocate(2)). Absent: EOPNOTSUPP. */
  zero?(from: number, to: number): Result;
  /** All directory entries, for getdents64; `from` 0 reads the directory anew. Absent: not a directory (ENOTDIR). */
  entries?(from: number): readonly DirectoryEntry[] | Result;
  /** Where a directory is on the host: what relative paths start from. */
  readonly directory?: ByteString;
  /** Checks a mapping's parameters and completes them, or refuses with -errno. `flags` are mmap's MAP_* bits. Absent: ENODEV. */
  map?(request: MapRequest, flags: number, task: KernelTask): MapRequest | Result;
  ioctl?(request: number, argument: Va, memory: UserMemory, task?: KernelTask): Result;
  /** The same file opened once more, as /proc/self/fd/N does. Absent: ENXIO. */
  reopen?(flags: number): File | Result;
  /** POLLIN | POLLOUT … bits that hold now (poll(2)), for the task that asks. Absent: always readable and writable. */
  poll?(task?: Task | null): number;
  /** How often those who wait for input, and for room, were woken: edge-triggered epoll(7) reports the file again when it grew. */
  readonly edges?: Edges;
  /** Changes of the file's owner, mode and times, by the host's path. Absent: they change nothing. */
  readonly hostPath?: ByteString;
  sync?(): Result;
  /** Lines for /proc/self/fdinfo/N after pos and flags. */
  fdinfo?(): string;
  /** The host's descriptor, where the file is one. */
  readonly hostFd?: number;
  /** The last descriptor referring to it was closed. */
  release?(): void;
}
export interface Edges { readonly input: number; readonly output: number }
export interface DirectoryEntry { readonly ino: bigint; readonly type: number; readonly name: ByteString }

const NOBODY = { kind: 1, id: 0, signal: 0 };
/** An open file description: shared by dup and fork, so position and flags live here. */
export class FileDescription {
  position = 0;
  /** Descriptors and messages in flight that hold it. */
  references = 1;
  readonly file: File;
  /** O_* bits of open(2), access mode included. */
  flags: number;
  /** fcntl(2), F_SETOWN and F_SETSIG: kind as in struct f_owner_ex. */
  signalTo: { readonly kind: number; readonly id: number; readonly signal: number } = NOBODY;
  /** Told of the last close, before the file is: who holds locks by this description. */
  atLastClose: ((description: FileDescription) => void) | null = null;
  constructor(file: File, flags: number) {
    this.file = file; this.flags = flags;
    file.flagged?.(flags);
  }
  retain(): this { this.references += 1; return this; }
  release(): void {
    this.references -= 1;
    if (this.references > 0) return;
    this.atLastClose?.(this);
    this.file.release?.();
  }
}
