/** Pipes (pipe(7)): 64 KiB between two ends, inside the emulator. */
import { EAGAIN, EFAULT, ENOTTY, EPIPE } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import type { File, Result, Stat, UserBuffer } from './file.ts';
import { FIONREAD } from './terminal.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, S_IFIFO } from './uapi.ts';

const CAPACITY_BYTES = 65536;
/** Writes of up to this many bytes happen whole or not at all (PIPE_BUF). */
const ATOMIC_BYTES = 4096;

/** The buffer between the ends. */
export class Pipe {
  readonly inode: number;
  readers = 0;
  writers = 0;
  private readonly ring = new Uint8Array(CAPACITY_BYTES);
  private readAt = 0;
  length = 0;
  constructor(inode: number) { this.inode = inode; }
  get room(): number { return CAPACITY_BYTES - this.length; }

  take(into: Uint8Array): number {
    const count = Math.min(into.length, this.length), toEnd = Math.min(count, CAPACITY_BYTES - this.readAt);
    into.set(this.ring.subarray(this.readAt, this.readAt + toEnd));
    into.set(this.ring.subarray(0, count - toEnd), toEnd);
    this.readAt = (this.readAt + count) % CAPACITY_BYTES;
    this.length -= count;
    return count;
  }
  put(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.room), at = (this.readAt + this.length) % CAPACITY_BYTES;
    const toEnd = Math.min(count, CAPACITY_BYTES - at);
    this.ring.set(bytes.subarray(0, toEnd), at);
    this.ring.set(bytes.subarray(toEnd, count), 0);
    this.length += count;
    return count;
  }
}

abstract class PipeEnd implements File {
  protected readonly pipe: Pipe;
  protected readonly staging: Uint8Array;
  constructor(pipe: Pipe, staging: Uint8Array) { this.pipe = pipe; this.staging = staging; }
  get name(): string { return `pipe:[${this.pipe.inode}]`; }
  stat(): Stat { return { mode: S_IFIFO | 0o600, ino: BigInt(this.pipe.inode), nlink: 1, blksize: 4096 }; }
  ioctl(request: number, argument: Va, memory: UserMemory): Result {
    if (request !== FIONREAD) return -ENOTTY;
    return memory.copyOut(argument, new Uint8Array(new Uint32Array([this.pipe.length]).buffer)) ? 0 : -EFAULT;
  }
}

export class PipeReader extends PipeEnd {
  constructor(pipe: Pipe, staging: Uint8Array) { super(pipe, staging); pipe.readers += 1; }
  read(to: UserBuffer): Result {
    if (to.length === 0) return 0;
    if (this.pipe.length === 0) return this.pipe.writers === 0 ? 0 : -EAGAIN;
    return copyOutPieces(to, this.staging, into => this.pipe.take(into));
  }
  poll(): number { return (this.pipe.length > 0 ? POLLIN : 0) | (this.pipe.writers === 0 ? POLLHUP : 0); }
  release(): void { this.pipe.readers -= 1; }
}

export class PipeWriter extends PipeEnd {
  constructor(pipe: Pipe, staging: Uint8Array) { super(pipe, staging); pipe.writers += 1; }
  write(from: UserBuffer): Result {
    if (this.pipe.readers === 0) return -EPIPE;
    if (from.length === 0) return 0;
    if (this.pipe.room === 0 || from.length <= ATOMIC_BYTES && this.pipe.room < from.length) return -EAGAIN;
    const fitting = { ...from, length: Math.min(from.length, this.pipe.room) };
    return copyInPieces(fitting, this.staging, bytes => this.pipe.put(bytes));
  }
  poll(): number { return (this.pipe.room >= ATOMIC_BYTES ? POLLOUT : 0) | (this.pipe.readers === 0 ? POLLERR : 0); }
  release(): void { this.pipe.writers -= 1; }
}
