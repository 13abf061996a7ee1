/**
 * The language instruction semantics are written in. One score, several performers: `interpret` does it now,
 * `print` writes it down, and generated WebAssembly performs the same text.
 *
 * The rules that make this possible:
 * - Semantics branch in TypeScript only on the *form*: operation, operand kinds and sizes, prefixes, condition.
 *   Never on register numbers, immediates or values; those are Temps, and choices between them are `select` or `when`.
 * - Every access that may fault comes before the first architectural write (registers, flags, memory). An instruction
 *   that writes memory twice, or needs anything else the rule forbids, is a helper.
 * - A Temp lives until its instruction ends. Integer Temps hold 64 bits, zero-extended from their size; vector Temps 128.
 *   Of 256 bits there are two: what was read is the lower half, `upper` gives the other.
 */
import type { Size } from '../base/types.ts';
import type { Instruction, Operand } from '../decoder/instruction.ts';
import type { Profile } from '../timing/profile.ts';
import type { CpuModel } from './cpuid.ts';
import type { CpuState } from './state.ts';
import type { Primitive } from './primitive.ts';

/** A temporary: a scratch slot when interpreted, a local when compiled, a name when printed. */
export type Temp = number;

/** What the flags are computed from (SDM vol. 1 §3.4.3). `result`, `a` and `b` are as the column says. */
export const RULE = {
  /** All six are in `eflags`. */
  known: 0,
  /** ADD, XADD: result = a + b. */
  add: 1,
  /** SUB, CMP, NEG (a = 0), CMPXCHG: result = a - b. */
  sub: 2,
  /** AND, OR, XOR, TEST: CF = OF = AF = 0. */
  logic: 3,
  /** INC, DEC: b = the CF to keep. */
  inc: 4,
  dec: 5,
  /** SHL, SHR, SAR: a = the operand, b = the masked count, not zero. */
  shl: 6,
  shr: 7,
  sar: 8,
  /** MUL, IMUL: result = the low half of a * b; CF = OF = whether that is not all of it; ZF as the host processor leaves it. */
  mulUnsigned: 9,
  mulSigned: 10,
  /** ADC: result = a + b + carry. SBB: result = a - b - borrow. */
  adc: 11,
  sbb: 12,
} as const;
export type Rule = (typeof RULE)[keyof typeof RULE];

/** Bits of RFLAGS (SDM vol. 1 §3.4.3). */
export const CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, TF = 0x100, DF = 0x400, OF = 0x800;
export const ARITHMETIC_FLAGS = CF | PF | AF | ZF | SF | OF;

export interface Ops {
  /** A constant of the form: 1 for INC, 8 for PUSH. Sign-extended to 64 bits. */
  constant(value: number): Temp;

  // — operands —
  /** The operand's value: register, immediate (cut to `size` bytes of the operand) or memory. Operands of 16 and 32 bytes give vector Temps. */
  read(operand: Operand): Temp;
  /** As `read`, of an operand that `write` will follow: memory is checked for writing now. */
  modify(operand: Operand): Temp;
  /** Writes a register (32-bit writes clear the upper half, 8- and 16-bit ones and XMM lanes of 4 or 8 bytes keep the rest) or memory. */
  write(operand: Operand, value: Temp): void;
  /** The upper half of what `read`, `load` or `applyBoth` gave of 32 bytes. */
  upper(lower: Temp): Temp;
  /** Writes the upper half of a YMM register, whatever half of it the operand names. `write` leaves it alone. */
  writeUpper(operand: Operand, value: Temp): void;
  /** Clears it, as every VEX instruction of 128 bits does. */
  clearUpper(operand: Operand): void;
  /** Clears those of all registers: VZEROUPPER. */
  clearUppers(): void;
  /** base + index * scale + disp, cut to the address size: LEA's value. */
  effective(operand: Operand): Temp;
  /** The same plus the segment base: where `load` and `store` go. */
  address(operand: Operand): Temp;
  /** `size` 16 gives and takes vector Temps, 32 gives one. `aligned`: #GP unless the address is a multiple of the size. */
  load(at: Temp, size: Size, aligned?: boolean): Temp;
  store(at: Temp, value: Temp, size: Size, aligned?: boolean): void;
  /** Stores 32 bytes, or faults before any is. */
  storeWide(at: Temp, lower: Temp, upper: Temp, aligned?: boolean): void;
  /** Faults now if the store that will follow would: what `modify` does for an operand. */
  probe(at: Temp, size: Size): void;

  // — integers; results are cut to `size` bytes —
  add(a: Temp, b: Temp, size: Size): Temp;
  sub(a: Temp, b: Temp, size: Size): Temp;
  and(a: Temp, b: Temp): Temp;
  or(a: Temp, b: Temp): Temp;
  xor(a: Temp, b: Temp): Temp;
  /** One's complement. */
  not(a: Temp, size: Size): Temp;
  /**
   * The quotient of `high:low` (each of `size` bytes; of bytes, AX is low and high) by `divisor`, rounded towards zero.
   * #DE where the divisor is 0 or the quotient does not fit: before anything is written.
   */
  divide(high: Temp, low: Temp, divisor: Temp, size: Size, isSigned: boolean): Temp;
  /** The low `size` bytes of the product. */
  multiply(a: Temp, b: Temp, size: Size): Temp;
  /** The high `size` bytes of the double-width product. */
  multiplyHigh(a: Temp, b: Temp, size: Size, isSigned: boolean): Temp;
  /** Shifts by `count` < 64: counts of 8 * size and more give 0, or the sign. */
  shiftLeft(a: Temp, count: Temp, size: Size): Temp;
  shiftRight(a: Temp, count: Temp, size: Size): Temp;
  shiftRightSigned(a: Temp, count: Temp, size: Size): Temp;
  /** By `count` modulo 8 * size. */
  rotateLeft(a: Temp, count: Temp, size: Size): Temp;
  zeroExtend(a: Temp, from: Size): Temp;
  /** From `from` bytes to `to` bytes. */
  signExtend(a: Temp, from: Size, to: Size): Temp;
  byteSwap(a: Temp, size: Size): Temp;
  /** Index of the lowest / highest set bit; undefined for 0. */
  lowestBit(a: Temp): Temp;
  highestBit(a: Temp): Temp;
  countOnes(a: Temp): Temp;

  // — truth: 0 or 1 —
  isZero(a: Temp): Temp;
  equal(a: Temp, b: Temp): Temp;
  lessUnsigned(a: Temp, b: Temp): Temp;
  lessSigned(a: Temp, b: Temp, size: Size): Temp;
  select(condition: Temp, then: Temp, otherwise: Temp): Temp;
  /**
   * `if (m.when(c)) { ...; m.end(); }` performs the body where `c` is not 0. A performer that acts returns the
   * condition; one that writes always returns true. No faulting access inside.
   */
  when(condition: Temp): boolean;
  end(): void;

  // — flags: remembered, not computed —
  flags(rule: Rule, size: Size, result: Temp, a: Temp, b: Temp): void;
  /** Condition `cc` of jcc, setcc, cmovcc: 0 or 1. */
  condition(cc: number): Temp;
  carry(): Temp;
  /** RFLAGS as PUSHF stores it. */
  readFlags(): Temp;
  /** Replaces the bits of `mask` by those of `value`; the others keep their values. With TF among them it is the first write. */
  writeFlags(mask: number, value: Temp): void;

  // — control —
  /** The address of the next instruction. */
  next(): Temp;
  /** The target of a relative operand, cut to the operand's size (2 or 8 bytes); #GP where it is not canonical. */
  target(operand: Operand): Temp;
  /** #GP unless `at` is canonical: what a branch checks before anything of it is written. */
  canonical(at: Temp): void;
  /** Goes there, after everything else of this instruction. */
  jump(to: Temp): void;
  /** Goes to `operand` if the condition holds, on to the next instruction otherwise. */
  branch(condition: Temp, operand: Operand): void;
  /** Raises an exception; nothing of this instruction may have been written. */
  trap(vector: number): void;
  /** SYSCALL: ends the run with everything of this instruction done. */
  syscall(): void;

  // — values that are not integers; see primitive.ts —
  apply(primitive: Primitive, a: Temp, b?: Temp, c?: Temp): Temp;
  /** To both halves of 32 bytes: gives the lower one, and `upper` the other. Exceptions of floats are those of all lanes. */
  applyBoth(primitive: Primitive, a: Temp, upperA: Temp, b?: Temp, upperB?: Temp, c?: Temp, upperC?: Temp): Temp;

  // — the long tail —
  /** Calls a TypeScript function that performs the whole instruction on the state in memory. Nothing else may be in the score. */
  help(helper: Helper, instruction: Instruction): void;
}

/** What an instruction does. */
export type Semantics = (m: Ops, i: Instruction) => void;

/** Exception vectors (SDM 3A §6.3.1). */
export const VECTOR = { divide: 0, debug: 1, breakpoint: 3, overflow: 4, undefined: 6, stack: 12, protection: 13, page: 14, x87: 16, alignment: 17, simd: 19 } as const;

/** Traps are reported after their instruction, faults before (SDM 3A §6.5). #DB is one here: there are no debug registers. */
export const isTrap = (vector: number): boolean => vector === VECTOR.debug || vector === VECTOR.breakpoint || vector === VECTOR.overflow;

/**
 * What a helper may touch. Addresses are doubles; accesses are checked, and one that faults does not return: the
 * performer unwinds, so every access comes before the first write to `state`, or is made restartable (string instructions).
 */
export interface HelperContext {
  readonly state: CpuState;
  /** What the processor is. */
  readonly model: CpuModel;
  /** Linear address of a memory operand: negative in the upper half (less 2^64), ≥ 2^47 when not canonical; any access there faults. */
  address(operand: Operand): number;
  load(at: number, into: Uint8Array): void;
  /** Checks the whole range, then writes it. */
  store(at: number, bytes: Uint8Array): void;
  /** Faults now if any byte of the range could not be read (or written). */
  probe(at: number, length: number, isWrite: boolean): void;
  /** The byte offset in `state.memory` of a range that lies within one page, or a fault. Writes must follow at once: translated code there is dropped now. */
  span(at: number, length: number, isWrite: boolean): number;
  /** Integer value of a register, immediate or memory operand, as words: low is returned, high in `high`. */
  read(operand: Operand): number;
  high: number;
  /** Writes an integer register or memory operand of up to 8 bytes. */
  write(operand: Operand, lo: number, hi: number): void;
  readFlags(): number;
  writeFlags(mask: number, value: number): void;
  /** Does not return. `error`: the code that comes with #GP. */
  trap(vector: number, error?: number): never;
  /** A trap: the instruction is done, and RIP behind it. */
  trapAfter(vector: number): void;
  /** 32 random bits, from the machine's seed. */
  random(): number;
  /** The instruction is not finished (a long REP): execute it again. */
  again(): void;
  /** What the micro-architecture is. */
  readonly profile: Profile;
  /** Cycles to add to this instruction's. */
  charge(cycles: number): void;
}
export type Helper = (context: HelperContext, i: Instruction) => void;
