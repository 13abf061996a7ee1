/** Which registers and flags an instruction reads and writes, and whether its code may give up: found by performing its score on nothing. */
import { SLOT } from '../../base/layout.ts';
import type { Size } from '../../base/types.ts';
import { FORM, type Instruction, type Operand } from '../../decoder/instruction.ts';
import { afterWriting, ruleWord } from '../flags.ts';
import { ARITHMETIC_FLAGS, CF, type Ops, type Rule, RULE, type Semantics, type Temp, TF } from '../ops.ts';
import type { Primitive } from '../primitive.ts';

/** A rule word: what the flags come from is not known when code is written. */
export const UNKNOWN_RULE = -1;
/** A rule word: the one from before. */
export const KEPT_RULE = -2;

/** A Temp here is what is known of a value: a small constant, or nothing. */
const UNKNOWN = -1;

/** Masks: registers by number, flags as in RFLAGS. What is written only sometimes is not among `flagsWritten`. */
export interface InstructionUse {
  readonly flagsRead: number; readonly flagsWritten: number;
  /** The same with what is written only sometimes. */
  readonly flagsTouched: number;
  /** The rule word after it, whoever performs it. */
  readonly rule: number;
  readonly generals: number; readonly generalsWritten: number;
  readonly vectors: number; readonly vectorsWritten: number;
  /** Operations on floats. */
  readonly floats: readonly Primitive[];
  /** Code may leave to the interpreter, or call a helper, before anything of the instruction is done. */
  readonly mayGiveUp: boolean;
}

class Uses implements Ops, InstructionUse {
  flagsRead = 0;
  flagsWritten = 0;
  flagsTouched = 0;
  rule = KEPT_RULE;
  generals = 0;
  generalsWritten = 0;
  vectors = 0;
  vectorsWritten = 0;
  mayGiveUp = false;
  floats: Primitive[] = [];
  /** One bit for every open `when`: whether its body may be skipped. */
  private conditions = 0;

  begin(): void {
    this.rule = KEPT_RULE;
    this.flagsRead = this.flagsWritten = this.flagsTouched = this.generals = this.generalsWritten = this.vectors = this.vectorsWritten = this.conditions = 0;
    this.mayGiveUp = false;
    if (this.floats.length > 0) this.floats = [];
  }
  constant(value: number): Temp { return value >= 0 ? value : UNKNOWN; }
  private touch(o: Operand): void {
    switch (o.form) {
      case FORM.memory: this.mayGiveUp = true; this.effective(o); return;
      case FORM.vector: this.vectors |= 1 << o.index; return;
      case FORM.gpr8: case FORM.gpr16: case FORM.gpr32: case FORM.gpr64: case FORM.high8: this.generals |= 1 << o.index; return;
      default:
    }
  }
  read(o: Operand): Temp {
    this.touch(o);
    return o.form === FORM.immediate && o.hi === 0 && o.lo >= 0 ? o.lo : UNKNOWN;
  }
  modify(o: Operand): Temp { this.touch(o); return UNKNOWN; }
  write(o: Operand): void {
    this.touch(o);
    if (o.form === FORM.vector) this.vectorsWritten |= 1 << o.index;
    else if (o.form !== FORM.memory) this.generalsWritten |= 1 << o.index;
  }
  /** Upper halves are in memory, whoever performs. */
  upper(): Temp { return UNKNOWN; }
  writeUpper(): void { /* Nothing that is kept elsewhere. */ }
  clearUpper(): void { /* As above. */ }
  clearUppers(): void { /* As above. */ }
  effective(o: Operand): Temp {
    if (o.base < SLOT.zero) this.generals |= 1 << o.base;
    if (o.index < SLOT.zero) this.generals |= 1 << o.index;
    return UNKNOWN;
  }
  address(o: Operand): Temp { return this.effective(o); }
  load(): Temp { this.mayGiveUp = true; return UNKNOWN; }
  store(): void { this.mayGiveUp = true; }
  storeWide(): void { this.mayGiveUp = true; }
  probe(): void { this.mayGiveUp = true; }
  add(): Temp { return UNKNOWN; }
  sub(): Temp { return UNKNOWN; }
  and(a: Temp, b: Temp): Temp { return a >= 0 && b >= 0 ? a & b : UNKNOWN; }
  or(): Temp { return UNKNOWN; }
  xor(): Temp { return UNKNOWN; }
  not(): Temp { return UNKNOWN; }
  divide(): Temp { this.mayGiveUp = true; return UNKNOWN; }
  multiply(): Temp { return UNKNOWN; }
  multiplyHigh(): Temp { return UNKNOWN; }
  shiftLeft(): Temp { return UNKNOWN; }
  shiftRight(): Temp { return UNKNOWN; }
  shiftRightSigned(): Temp { return UNKNOWN; }
  rotateLeft(): Temp { return UNKNOWN; }
  zeroExtend(): Temp { return UNKNOWN; }
  signExtend(): Temp { return UNKNOWN; }
  byteSwap(): Temp { return UNKNOWN; }
  lowestBit(): Temp { return UNKNOWN; }
  highestBit(): Temp { return UNKNOWN; }
  countOnes(): Temp { return UNKNOWN; }
  isZero(): Temp { return UNKNOWN; }
  equal(): Temp { return UNKNOWN; }
  lessUnsigned(): Temp { return UNKNOWN; }
  lessSigned(): Temp { return UNKNOWN; }
  select(): Temp { return UNKNOWN; }
  /** Of a known condition the body is performed or not; of another one it may be. */
  when(condition: Temp): boolean {
    if (condition === 0) return false;
    this.conditions = this.conditions << 1 | (condition === UNKNOWN ? 1 : 0);
    return true;
  }
  end(): void { this.conditions >>= 1; }
  flags(rule: Rule, size: Size): void {
    this.rule = this.conditions === 0 ? ruleWord(rule, size) : UNKNOWN_RULE;
    this.wroteFlags(ARITHMETIC_FLAGS);
  }
  condition(): Temp { this.readsFlags(ARITHMETIC_FLAGS); return UNKNOWN; }
  carry(): Temp { this.readsFlags(CF); return UNKNOWN; }
  readFlags(): Temp { this.readsFlags(ARITHMETIC_FLAGS); return UNKNOWN; }
  writeFlags(mask: number): void {
    if ((mask & TF) !== 0) this.mayGiveUp = true;
    const written = mask & ARITHMETIC_FLAGS;
    if (written === 0) return;
    if (written === ARITHMETIC_FLAGS && this.conditions === 0) this.rule = RULE.known;
    else this.rule = this.conditions === 0 && this.rule >= 0 ? afterWriting(this.rule, written) : UNKNOWN_RULE;
    this.wroteFlags(written);
  }
  private wroteFlags(mask: number): void {
    this.flagsTouched |= mask;
    if (this.conditions === 0) this.flagsWritten |= mask;
  }
  private readsFlags(mask: number): void { this.flagsRead |= mask & ~this.flagsWritten; }
  next(): Temp { return UNKNOWN; }
  target(): Temp { return UNKNOWN; }
  canonical(): void { this.mayGiveUp = true; }
  jump(): void { /* What follows is another block. */ }
  branch(): void { /* What follows is another block. */ }
  trap(): void { this.mayGiveUp = true; }
  syscall(): void { this.mayGiveUp = true; }
  apply(primitive: Primitive): Temp {
    if (primitive.raises) { this.mayGiveUp = true; this.floats.push(primitive); }
    return UNKNOWN;
  }
  applyBoth(primitive: Primitive): Temp { return this.apply(primitive); }
  help(): void { this.mayGiveUp = true; this.rule = UNKNOWN_RULE; }
}

const uses = new Uses();
/** Of one instruction; good until the next call. */
export function useOf(semantics: Semantics, i: Instruction): InstructionUse {
  uses.begin();
  semantics(uses, i);
  return uses;
}

/** What a run of instructions does; masks as above. */
export interface BlockUse {
  /**
   * For each instruction, the flags that somebody may see after it: a later reader, whoever takes over where code gives up, or whatever follows
   * the block.
   */
  readonly liveFlags: Int32Array;
  readonly generals: number; readonly generalsWritten: number;
  readonly vectors: number; readonly vectorsWritten: number;
}
export function blockUseOf(instructions: readonly Instruction[], semantics: readonly Semantics[]): BlockUse {
  const liveFlags = new Int32Array(instructions.length);
  let after = ARITHMETIC_FLAGS, generals = 0, generalsWritten = 0, vectors = 0, vectorsWritten = 0;
  for (let k = instructions.length - 1; k >= 0; k--) {
    liveFlags[k] = after;
    const use = useOf(semantics[k]!, instructions[k]!);
    after = use.mayGiveUp ? ARITHMETIC_FLAGS : (after & ~use.flagsWritten) | use.flagsRead;
    generals |= use.generals; generalsWritten |= use.generalsWritten; vectors |= use.vectors; vectorsWritten |= use.vectorsWritten;
  }
  return { liveFlags, generals, generalsWritten, vectors, vectorsWritten };
}
