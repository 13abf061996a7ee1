/** Bytes between the kernel and a program (Linux: copy_from_user, copy_to_user, strncpy_from_user; ptrace's access_process_vm). */
import { EFAULT, ENAMETOOLONG } from '../base/errno.ts';
import { PAGE_BYTES, type LinearMemory } from '../base/layout.ts';
import type { Pa, Va } from '../base/types.ts';
import type { Mmu } from './mmu.ts';

/** Up to here a loop is faster than making a view; and it does not allocate. */
const LOOP_BYTES_MAX = 64;

/** How the bytes are found: each gives the physical address of one byte, good to the end of its page, or -1. */
export interface Reach {
  /** As the program could, paging in. */
  reach(at: Va, isWrite: boolean): Pa;
  /** Whatever the protection: to look without paging in, and to write. */
  reachToPeek(at: Va): Pa;
  reachToPoke(at: Va): Pa;
}

function bytesToPageEnd(pa: Pa, most: number): number { return Math.min(most, PAGE_BYTES - (pa & (PAGE_BYTES - 1))); }

export class UserCopy {
  private readonly mmu: Mmu;
  private readonly memory: LinearMemory;
  private readonly space: Reach;

  constructor(mmu: Mmu, space: Reach) { this.mmu = mmu; this.memory = mmu.memory; this.space = space; }

  in(from: Va, into: Uint8Array): boolean {
    for (let done = 0; done < into.length;) {
      const pa = this.space.reach(from + done, false);
      if (pa === -1) return false;
      const length = bytesToPageEnd(pa, into.length - done);
      this.load(pa, into, done, length);
      done += length;
    }
    return true;
  }
  out(to: Va, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length;) {
      const pa = this.space.reach(to + done, true);
      if (pa === -1) return false;
      done += this.store(pa, bytes, done);
    }
    return true;
  }
  poke(to: Va, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length;) {
      const pa = this.space.reachToPoke(to + done);
      if (pa === -1) return false;
      done += this.store(pa, bytes, done);
    }
    return true;
  }
  peek(at: Va, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const pa = this.space.reachToPeek(at + done);
      if (pa === -1) return out.slice(0, done);
      const part = bytesToPageEnd(pa, length - done);
      this.load(pa, out, done, part);
      done += part;
    }
    return out;
  }
  string(from: Va, limit: number): Uint8Array | number {
    const parts: Uint8Array[] = [];
    for (let done = 0; done < limit;) {
      const pa = this.space.reach(from + done, false);
      if (pa === -1) return -EFAULT;
      const length = bytesToPageEnd(pa, limit - done), part = this.memory.u8.subarray(pa, pa + length), end = part.indexOf(0);
      parts.push(end === -1 ? part : part.subarray(0, end));
      if (end !== -1) return concatenated(parts);
      done += length;
    }
    return -ENAMETOOLONG;
  }

  private load(pa: Pa, into: Uint8Array, at: number, length: number): void {
    const u8 = this.memory.u8;
    if (length > LOOP_BYTES_MAX) { into.set(u8.subarray(pa, pa + length), at); return; }
    for (let k = 0; k < length; k++) into[at + k] = u8[pa + k]!;
  }
  /** Stores what fits in the page, and says how much that was. */
  private store(pa: Pa, bytes: Uint8Array, from: number): number {
    const u8 = this.memory.u8, length = bytesToPageEnd(pa, bytes.length - from);
    this.mmu.beforeWrite(pa, length);
    if (length > LOOP_BYTES_MAX) u8.set(bytes.subarray(from, from + length), pa);
    else for (let k = 0; k < length; k++) u8[pa + k] = bytes[from + k]!;
    return length;
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}
