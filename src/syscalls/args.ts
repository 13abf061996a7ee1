/** The arguments of the system call a task is making (x86-64 ABI: number in rax; rdi, rsi, rdx, r10, r8, r9). Cut out at the call, reused. */
import { bigOf, vaOf } from '../base/words.ts';
import type { i32, Va } from '../base/types.ts';
import type { UserRegisters } from '../mmu/user.ts';
import type { Args } from './task.ts';

/** Register numbers in argument order. */
const REGISTERS: readonly number[] = [7, 6, 2, 10, 8, 9];
export const RAX = 0;
const TOO_LARGE = 2 ** 53;

/** One per kernel: a call reads its arguments before anything else can make another. */
export class CallArgs implements Args {
  private readonly words = new Int32Array(12);

  take(registers: UserRegisters): void {
    for (let i = 0; i < 6; i++) {
      const register = REGISTERS[i] ?? 0;
      this.words[2 * i] = registers.low(register);
      this.words[2 * i + 1] = registers.high(register);
    }
  }
  /** For calls the kernel makes on a program's behalf. */
  put(i: number, lo: i32, hi: i32): void { this.words[2 * i] = lo; this.words[2 * i + 1] = hi; }
  /** For calls that sleep. */
  copy(): CallArgs {
    const copy = new CallArgs();
    copy.words.set(this.words);
    return copy;
  }
  int(i: number): number { return this.words[2 * i] ?? 0; }
  uint(i: number): number { return this.int(i) >>> 0; }
  size(i: number): number { return vaOf(this.int(i), this.words[2 * i + 1] ?? 0); }
  long(i: number): number { return (this.words[2 * i + 1] ?? 0) * 0x1_0000_0000 + this.uint(i); }
  /** Beyond 2^53 doubles round; no address there is anybody's, so any such number will do. */
  pointer(i: number): Va { const at = this.size(i); return at >= TOO_LARGE ? TOO_LARGE : at; }
  big(i: number): bigint { return bigOf(this.int(i), this.words[2 * i + 1] ?? 0); }
}
