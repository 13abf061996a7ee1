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

/** What a signal frame saves beyond the general registers (SDM vol. 1 §10.5, ch. 13: FXSAVE's image, or XSAVE's area). exec implements it. */
export interface SignalRegisters extends UserRegisters {
  /** RFLAGS as PUSHF would store it. */
  flags: number;
  /** 512 where there is only FXSAVE; more: XSAVE's area in its standard form. */
  readonly extendedBytes: number;
  /** Writes an image of that many bytes, or of 512. */
  saveExtended(into: Uint8Array): void;
  /** Loads it back, those of these components of which it has anything, and makes the others as they are at a program's start. `false`: it is refused, and nothing changed. */
  restoreExtended(from: Uint8Array, components: number): boolean;
  /** As at a program's start. */
  resetExtended(): void;
  /** fs (false) or gs (true) base: arch_prctl, CLONE_SETTLS. */
  segmentBase(isGs: boolean): bigint;
  setSegmentBase(isGs: boolean, value: bigint): void;
}

/** The processor's registers, which tasks take turns to have: everything of a task's that it holds can be put aside. */
export interface SwitchedRegisters extends SignalRegisters {
  readonly contextBytes: number;
  /** As at a program's start. */
  reset(): void;
  saveContext(into: Uint8Array): void;
  loadContext(from: Uint8Array): void;
}
