/** Pipes (pipe(7)): a ring of bytes between two ends, counted in slots of a page each as Linux counts them. */
import { EAGAIN, EBUSY, EINVAL, ENOTTY, EPERM, EPIPE } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import type { Edges, File, Result, Stat, UserBuffer } from './file.ts';
import { putInt } from './structure.ts';
import { FIONREAD } from './terminal.ts';
import { O_ACCMODE, O_DIRECT, O_RDONLY, O_WRONLY, POLLERR, POLLHUP, POLLIN, POLLOUT, S_IFIFO } from './uapi.ts';

const SLOT_BYTES = 4096;
/** Writes of up to this many bytes happen whole or not at all. */
export const PIPE_BUF = SLOT_BYTES;
/** 64 KiB at first; up to a mebibyte by F_SETPIPE_SZ (/proc/sys/fs/pipe-max-size). */
const SLOTS_AT_FIRST = 16, SLOTS_MAX = 256;
/** All pipes together: beyond so many new ones are small and none grows (/proc/sys/fs/pipe-user-pages-soft), and beyond so many there are no more. */
const SLOTS_SOFT = 16_384, SLOTS_HARD = 32_768, SLOTS_SMALL = 2;
/** What all pipes of a machine may hold, in slots. */
export class PipeBudget {
  slots = 0;
  get isSpent(): boolean { return this.slots >= SLOTS_HARD; }
  get slotsForNew(): number { return this.slots + SLOTS_AT_FIRST > SLOTS_SOFT ? SLOTS_SMALL : SLOTS_AT_FIRST; }
  canGrow(by: number): boolean { return this.slots + by <= SLOTS_SOFT; }
}
const CAPACITY_ARGUMENT_MAX = 2 ** 31;

const NO_BYTES = new Uint8Array(0);

/** The buffer between the ends. */
export class Pipe {
  readonly inode: number;
  readers = 0;
  writers = 0;
  length = 0;
  /** Readers are woken by every write, writers where there was no room (epoll(7)). */
  readonly edges = { input: 0, output: 0 };
  /** Bytes; as long as was needed so far, at most `capacity`. */
  private ring = NO_BYTES;
  private readAt = 0;
  /** Of each slot in use, oldest first from `firstSlot`: bytes not yet read, where in its page they end, and whether it is a packet. */
  private slots: Int32Array;
  private firstSlot = 0;
  private slotsUsed = 0;

  private readonly budget: PipeBudget;

  constructor(inode: number, budget = new PipeBudget()) { this.inode = inode; this.budget = budget; this.slots = new Int32Array(3 * budget.slotsForNew); }
  private get isOpen(): boolean { return this.readers + this.writers > 0; }
  /** One end is opened once more: the pipe counts as long as somebody has one. */
  opens(end: 'readers' | 'writers'): void {
    if (!this.isOpen) this.budget.slots += this.slotsMax;
    this[end] += 1;
  }
  closes(end: 'readers' | 'writers'): void {
    this[end] -= 1;
    if (!this.isOpen) this.budget.slots -= this.slotsMax;
  }
  get slotsMax(): number { return this.slots.length / 3; }
  get capacity(): number { return this.slotsMax * SLOT_BYTES; }
  get isFull(): boolean { return this.slotsUsed === this.slotsMax; }
  private slotAt(index: number): number { return 3 * ((this.firstSlot + index) % this.slotsMax); }

  /** How many bytes of a write of `length` join the last slot: the part that fills no page, if it fits there. */
  joining(length: number, isPacket: boolean): number {
    if (this.slotsUsed === 0 || isPacket) return 0;
    const last = this.slotAt(this.slotsUsed - 1), part = length % SLOT_BYTES;
    return this.slots[last + 2] === 0 && this.slots[last + 1]! + part <= SLOT_BYTES ? part : 0;
  }
  /** How many bytes of a write of `length` there is room for now. */
  roomFor(length: number, isPacket = false): number {
    const joining = this.joining(length, isPacket);
    return joining + Math.min(length - joining, (this.slotsMax - this.slotsUsed) * SLOT_BYTES);
  }
  /** Puts in what there is room for: first what joins, then whole slots. Tells how much that was. */
  put(bytes: Uint8Array, isPacket = false): number {
    const joining = this.joining(bytes.length, isPacket), count = this.roomFor(bytes.length, isPacket);
    if (joining > 0) {
      const last = this.slotAt(this.slotsUsed - 1);
      this.slots[last]! += joining; this.slots[last + 1]! += joining;
    }
    for (let done = joining; done < count; done += SLOT_BYTES) {
      const slot = this.slotAt(this.slotsUsed), length = Math.min(SLOT_BYTES, count - done);
      this.slots[slot] = length; this.slots[slot + 1] = length; this.slots[slot + 2] = isPacket ? 1 : 0;
      this.slotsUsed += 1;
    }
    this.append(bytes, count);
    this.edges.input += 1;
    return count;
  }
  private append(bytes: Uint8Array, count: number): void {
    if (this.length + count > this.ring.length) this.lengthen(this.length + count);
    const { ring } = this, at = (this.readAt + this.length) % ring.length, toEnd = Math.min(count, ring.length - at);
    ring.set(bytes.subarray(0, toEnd), at);
    ring.set(bytes.subarray(toEnd, count), 0);
    this.length += count;
  }
  private lengthen(needed: number): void {
    const longer = new Uint8Array(Math.max(needed, Math.min(this.capacity, Math.max(SLOT_BYTES, 4 * this.ring.length))));
    this.look(longer, 0, this.length);
    this.ring = longer;
    this.readAt = 0;
  }
  /** Copies bytes out without taking them. */
  private look(into: Uint8Array, from: number, count: number): void {
    if (count === 0) return;
    const { ring } = this, at = (this.readAt + from) % ring.length, toEnd = Math.min(count, ring.length - at);
    into.set(ring.subarray(at, at + toEnd));
    into.set(ring.subarray(0, count - toEnd), toEnd);
  }
  /** Takes what is there; of a packet what does not fit is lost, and nothing comes after it in the same read. */
  take(into: Uint8Array): number {
    let done = 0, lost = 0;
    if (this.isFull) this.edges.output += 1;
    while (this.slotsUsed > 0 && done < into.length && lost === 0) {
      const slot = this.slotAt(0), left = this.slots[slot]!, part = Math.min(left, into.length - done), isPacket = this.slots[slot + 2] === 1;
      done += part;
      this.slots[slot] = isPacket ? 0 : left - part;
      if (this.slots[slot] === 0) { this.firstSlot = (this.firstSlot + 1) % this.slotsMax; this.slotsUsed -= 1; }
      if (!isPacket) continue;
      lost = left - part;
      break;
    }
    this.look(into, 0, done);
    if (done + lost > 0) this.readAt = (this.readAt + done + lost) % this.ring.length;
    this.length -= done + lost;
    return done;
  }
  /** What tee(2) copies: the first bytes, which stay. */
  peek(into: Uint8Array, from: number): number {
    const count = Math.max(0, Math.min(into.length, this.length - from));
    this.look(into, from, count);
    return count;
  }
  /** F_SETPIPE_SZ: a power of two of pages. The new capacity, or -errno. */
  resize(bytes: number): Result {
    if (bytes > CAPACITY_ARGUMENT_MAX) return -EINVAL;
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(bytes / SLOT_BYTES))));
    if (slots > SLOTS_MAX && slots > this.slotsMax) return -EPERM;
    if (slots < this.slotsUsed) return -EBUSY;
    if (slots > this.slotsMax && !this.budget.canGrow(slots - this.slotsMax)) return -EPERM;
    if (this.isOpen) this.budget.slots += slots - this.slotsMax;
    const moved = new Int32Array(3 * slots);
    for (let i = 0; i < this.slotsUsed; i++) moved.set(this.slots.subarray(this.slotAt(i), this.slotAt(i) + 3), 3 * i);
    this.slots = moved;
    this.firstSlot = 0;
    return this.capacity;
  }
}

abstract class PipeEnd implements File {
  readonly pipe: Pipe;
  get edges(): Edges { return this.pipe.edges; }
  protected readonly staging: Uint8Array;
  constructor(pipe: Pipe, staging: Uint8Array) { this.pipe = pipe; this.staging = staging; }
  get name(): string { return `pipe:[${this.pipe.inode}]`; }
  stat(): Stat { return { mode: S_IFIFO | 0o600, ino: BigInt(this.pipe.inode), nlink: 1, blksize: 4096 }; }
  ioctl(request: number, argument: Va, memory: UserMemory): Result {
    return request === FIONREAD ? putInt(memory, argument, this.pipe.length) : -ENOTTY;
  }
  /** /proc/self/fd/N: either end, whichever this is. */
  reopen(flags: number): File {
    const access = flags & O_ACCMODE, { pipe, staging } = this;
    return access === O_RDONLY ? new PipeReader(pipe, staging) : access === O_WRONLY ? new PipeWriter(pipe, staging) : new PipeEnds(pipe, staging);
  }
}

export class PipeReader extends PipeEnd {
  constructor(pipe: Pipe, staging: Uint8Array) { super(pipe, staging); pipe.opens('readers'); }
  read(to: UserBuffer): Result {
    if (to.length === 0) return 0;
    if (this.pipe.length === 0) return this.pipe.writers === 0 ? 0 : -EAGAIN;
    return copyOutPieces(to, this.staging, into => this.pipe.take(into));
  }
  poll(): number { return (this.pipe.length > 0 ? POLLIN : 0) | (this.pipe.writers === 0 ? POLLHUP : 0); }
  release(): void { this.pipe.closes('readers'); }
}

export class PipeWriter extends PipeEnd {
  readonly writesAll = true;
  private isPacket = false;
  constructor(pipe: Pipe, staging: Uint8Array) { super(pipe, staging); pipe.opens('writers'); }
  flagged(flags: number): void { this.isPacket = (flags & O_DIRECT) !== 0; }
  write(from: UserBuffer): Result {
    const { pipe, isPacket, staging } = this;
    if (from.length === 0) return 0;
    if (pipe.readers === 0) return -EPIPE;
    const count = pipe.roomFor(from.length, isPacket);
    if (count === 0) return -EAGAIN;
    const sink = (bytes: Uint8Array): Result => pipe.put(bytes, isPacket), joining = pipe.joining(from.length, isPacket);
    const joined = joining === 0 ? 0 : copyInPieces({ ...from, length: joining }, staging, sink);
    if (joined < joining || joined === count) return joined;
    const rest = copyInPieces({ ...from, address: from.address + joined, length: count - joined }, staging, sink);
    return rest < 0 && joined === 0 ? rest : joined + Math.max(0, rest);
  }
  poll(): number { return (this.pipe.isFull ? 0 : POLLOUT) | (this.pipe.readers === 0 ? POLLERR : 0); }
  release(): void { this.pipe.closes('writers'); }
}

/** Both ends as one file. */
class PipeEnds extends PipeEnd {
  readonly writesAll = true;
  private readonly reader: PipeReader;
  private readonly writer: PipeWriter;
  constructor(pipe: Pipe, staging: Uint8Array) { super(pipe, staging); this.reader = new PipeReader(pipe, staging); this.writer = new PipeWriter(pipe, staging); }
  flagged(flags: number): void { this.writer.flagged(flags); }
  read(to: UserBuffer): Result { return this.reader.read(to); }
  write(from: UserBuffer): Result { return this.writer.write(from); }
  poll(): number { return this.reader.poll() | this.writer.poll(); }
  release(): void { this.reader.release(); this.writer.release(); }
}
