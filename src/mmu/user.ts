/**
 * The registers and the memory a fault or a system call may see and change (Linux: struct pt_regs, uaccess).
 * exec implements the first; mmu only names it.
 */
import type { i32, Va } from '../base/types.ts';

/** General registers count rax=0, rcx=1, rdx=2, rbx=3, rsp=4 … r15=15. */
export interface UserRegisters {
  rip: Va;
  rsp: Va;
  low(register: number): i32;
  high(register: number): i32;
  /** Sets a register without allocating. */
  setWords(register: number, lo: i32, hi: i32): void;
  /** For cold paths: a BigInt a call. */
  get(register: number): bigint;
  set(register: number, value: bigint): void;
}

/** Guest memory as the kernel touches it: checked against the guest's protection, paging in, never throwing. `false` is EFAULT. */
export interface UserMemory {
  copyIn(from: Va, into: Uint8Array): boolean;
  copyOut(to: Va, bytes: Uint8Array): boolean;
}

/** What a signal frame saves beyond the general registers (SDM vol. 1 §10.5: the FXSAVE image). exec implements it. */
export interface SignalRegisters extends UserRegisters {
  /** RFLAGS as PUSHF would store it. */
  flags: number;
  /** Writes the 512-byte FXSAVE64 image. */
  saveExtended(into: Uint8Array): void;
  /** Loads it back; reserved MXCSR bits are cleared. */
  restoreExtended(from: Uint8Array): void;
  /** fs (false) or gs (true) base: arch_prctl, CLONE_SETTLS. */
  segmentBase(isGs: boolean): bigint;
  setSegmentBase(isGs: boolean, value: bigint): void;
}
