/** Moving bytes between files and guest memory in pieces: a read of 2^40 bytes must not allocate 2^40 (read(2): short counts are allowed). */
import { EFAULT } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Result, UserBuffer } from './file.ts';

export const CHUNK_BYTES = 65536;

/** Fills guest memory from `source`, which answers for one piece at a time; a short piece, an error or a fault ends it. */
export function copyOutPieces(to: UserBuffer, staging: Uint8Array, source: (into: Uint8Array, done: number) => Result): Result {
  let done = 0;
  while (done < to.length) {
    const want = Math.min(staging.length, to.length - done);
    const got = source(staging.subarray(0, want), done);
    if (got < 0) return done > 0 ? done : got;
    if (got > 0 && !to.memory.copyOut(to.address + done, staging.subarray(0, got))) {
      const reached = done + prefix(got, (from, count) => to.memory.copyOut(to.address + done + from, staging.subarray(from, from + count)));
      return reached > 0 ? reached : -EFAULT;
    }
    done += got;
    if (got < want) break;
  }
  return done;
}
/** How much of a piece that cannot be copied whole lies before the first bad address. */
function prefix(length: number, copies: (from: number, count: number) => boolean): number {
  let done = 0;
  for (let step = 2 ** Math.floor(Math.log2(length)); step >= 1; step /= 2) if (done + step <= length && copies(done, step)) done += step;
  return done;
}

/** Empties guest memory into `sink`, likewise. */
export function copyInPieces(from: UserBuffer, staging: Uint8Array, sink: (bytes: Uint8Array, done: number) => Result): Result {
  let done = 0;
  while (done < from.length) {
    const piece = staging.subarray(0, Math.min(staging.length, from.length - done));
    if (!from.memory.copyIn(from.address + done, piece)) {
      const there = prefix(piece.length, (at, count) => from.memory.copyIn(from.address + done + at, piece.subarray(at, at + count)));
      const put = there === 0 ? -EFAULT : sink(piece.subarray(0, there), done);
      return put < 0 && done > 0 ? done : done + put;
    }
    const put = sink(piece, done);
    if (put < 0) return done > 0 ? done : put;
    done += put;
    if (put < piece.length) break;
  }
  return done;
}

export interface Range { readonly at: Va; readonly length: number }

/** The buffers of readv and writev as one: addresses count from 0 through all of them. */
export class GatheredMemory implements UserMemory {
  readonly length: number;
  private readonly memory: UserMemory;
  readonly ranges: readonly Range[];
  constructor(memory: UserMemory, ranges: readonly Range[]) {
    this.memory = memory; this.ranges = ranges;
    this.length = ranges.reduce((sum, range) => sum + range.length, 0);
  }
  copyIn(from: Va, into: Uint8Array): boolean {
    return this.each(from, into.length, (at, done, length) => this.memory.copyIn(at, into.subarray(done, done + length)));
  }
  copyOut(to: Va, bytes: Uint8Array): boolean {
    return this.each(to, bytes.length, (at, done, length) => this.memory.copyOut(at, bytes.subarray(done, done + length)));
  }
  private each(from: number, total: number, part: (at: Va, done: number, length: number) => boolean): boolean {
    let start = 0, done = 0;
    for (const range of this.ranges) {
      const skip = Math.max(0, from + done - start), length = Math.min(range.length - skip, total - done);
      if (length > 0) {
        if (!part(range.at + skip, done, length)) return false;
        done += length;
      }
      start += range.length;
    }
    return done === total;
  }
}

/** The kernel's own bytes in the place of the guest's: sendfile reads and writes through it. */
export class KernelMemory implements UserMemory {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) { this.bytes = bytes; }
  copyIn(from: Va, into: Uint8Array): boolean { into.set(this.bytes.subarray(from, from + into.length)); return true; }
  copyOut(to: Va, bytes: Uint8Array): boolean { this.bytes.set(bytes, to); return true; }
}
