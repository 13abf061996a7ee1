/**
 * Forms of instructions: what semantics may branch on, without register numbers, displacements and immediates. One handler serves all
 * instructions of a form, because it is made from a copy whose operands are registers that no semantics names.
 */
import type { Size } from '../../base/types.ts';
import { SLOT } from '../../base/layout.ts';
import { FORM, Instruction, NONE, Operand } from '../../decoder/instruction.ts';
import { type InstructionUse, KEPT_RULE, UNKNOWN_RULE, useOf } from '../lower/instruction-use.ts';
import { ARITHMETIC_FLAGS, type Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import { HANDLER } from './record.ts';

/** Register numbers of a canonical copy: those of operands 0 to 3, base and index. Vectors count alike. */
export const OPERAND_REGISTER = 8, BASE_REGISTER = 12, INDEX_REGISTER = 13;
const OPERANDS_MAX = 4, FIRST_OPERANDS = 3;
/** There is no handler for what has no number: it is called. */
const NO_KEY = -1;

/** A form, but for what depends on the neighbours. */
export class Shape {
  readonly key: number;
  readonly semantics: Semantics;
  readonly instruction: Instruction;
  /** The count of a shift is an immediate other than 0. */
  readonly isCounted: boolean;
  /** Immediates are part of the form: patterns of vectors. */
  readonly isFixed: boolean;
  readonly flagsRead: number;
  readonly flagsWritten: number;
  readonly mayGiveUp: boolean;
  readonly floats: readonly Primitive[];
  private readonly flagsTouched: number;
  private readonly rule: number;
  private readonly forms = new Map<number, Form>();

  constructor(key: number, semantics: Semantics, i: Instruction) {
    this.key = key; this.semantics = semantics;
    this.isCounted = hasCount(i);
    this.isFixed = hasPattern(i);
    this.instruction = canonical(i, this.isFixed);
    const use: InstructionUse = useOf(semantics, i);
    this.flagsRead = use.flagsRead; this.flagsWritten = use.flagsWritten; this.mayGiveUp = use.mayGiveUp; this.floats = use.floats;
    this.flagsTouched = use.flagsTouched; this.rule = use.rule;
  }
  isDead(live: number): boolean { return this.flagsTouched !== 0 && (this.flagsTouched & live) === 0; }
  /** The flags that are live before it. */
  liveBefore(live: number): number { return this.mayGiveUp ? ARITHMETIC_FLAGS : (live & ~this.flagsWritten) | this.flagsRead; }
  get touchesFlags(): boolean { return this.flagsTouched !== 0 || this.rule !== KEPT_RULE; }
  /** The rule word after it. Flags nobody reads are not written by all performers. */
  ruleAfter(rule: number, isDead: boolean): number { return isDead ? UNKNOWN_RULE : this.rule === KEPT_RULE ? rule : this.rule; }
  /** @param rule the rule word before it, as far as that is known, or `isGuess` if it is only likely */
  form(rule: number, isGuess: boolean, isDead: boolean, forms: FormTable): Form {
    const known = this.flagsRead === 0 ? UNKNOWN_RULE : rule, key = variantOf(known, isGuess, isDead);
    let form = this.forms.get(key);
    if (form === undefined) this.forms.set(key, form = forms.add(this, known, isGuess, isDead, null));
    return form;
  }
}

export class Form {
  /** Of its handler. */
  readonly number: number;
  readonly shape: Shape;
  /** The rule word before it, if it reads flags. */
  readonly rule: number;
  /** That is how it was when it was met: the handler has to look. */
  readonly isGuess: boolean;
  /** Nobody reads the flags it writes. */
  readonly isDead: boolean;
  /** What the handler does after it: the next record's. */
  readonly second: Form | null;
  /** A record has its handler. */
  isNeeded = false;
  isWritten = false;
  /** It has a handler that was made in advance. */
  isPrebuilt = false;
  private readonly pairs = new Map<Form, Form>();

  constructor(number: number, shape: Shape, rule: number, isGuess: boolean, isDead: boolean, second: Form | null) {
    this.number = number; this.shape = shape; this.rule = rule; this.isGuess = isGuess; this.isDead = isDead; this.second = second;
  }
  /** The form of both, performed by one handler. */
  with(second: Form, forms: FormTable): Form {
    let pair = this.pairs.get(second);
    if (pair === undefined) {
      this.pairs.set(second, pair = forms.add(this.shape, this.rule, this.isGuess, this.isDead, second));
      pair.isNeeded = true;
    }
    return pair;
  }
}

/** The words that say which form a number is of: the shape's key, what else there is to it, the number of the second form or 0, and the number. */
export const FORM_WORDS = 4;
/** All forms by their numbers, in the order in which they were met; but first those that were met in advance, of which most are missing. */
export class FormTable {
  readonly rows: (Form | undefined)[] = [];
  met = 0;
  /** By the shape's key: the other three words, again and again. */
  private readonly prebuilt = new Map<number, number[]>();

  /** Handlers for these exist. To be called before any form is added. */
  expect(words: ArrayLike<number>): void {
    let count = 0;
    for (let at = 0; at < words.length; at += FORM_WORDS) {
      const key = words[at]!, known = this.prebuilt.get(key);
      if (known === undefined) this.prebuilt.set(key, [words[at + 1]!, words[at + 2]!, words[at + 3]!]);
      else known.push(words[at + 1]!, words[at + 2]!, words[at + 3]!);
      if (words[at + 3]! >= count) count = words[at + 3]! + 1;
    }
    this.rows.length = Math.max(0, count - HANDLER.firstForm);
  }
  add(shape: Shape, rule: number, isGuess: boolean, isDead: boolean, second: Form | null): Form {
    const known = this.prebuiltNumber(shape.key, variantOf(rule, isGuess, isDead), second === null ? 0 : second.number);
    const form = new Form(known ?? HANDLER.firstForm + this.rows.length, shape, rule, isGuess, isDead, second);
    form.isPrebuilt = known !== null;
    this.rows[form.number - HANDLER.firstForm] = form;
    this.met += 1;
    return form;
  }
  /** What was made in advance is not in use any more: all is as if it had been met. */
  forget(): void {
    this.prebuilt.clear();
    for (const form of this.rows) if (form !== undefined) form.isPrebuilt = false;
  }
  private prebuiltNumber(key: number, variant: number, second: number): number | null {
    const known = this.prebuilt.get(key);
    if (known === undefined) return null;
    for (let at = 0; at < known.length; at += FORM_WORDS - 1) if (known[at] === variant && known[at + 1] === second) return known[at + 2]!;
    return null;
  }
}
export function variantOf(rule: number, isGuess: boolean, isDead: boolean): number { return 4 * rule + (isGuess ? 2 : 0) + (isDead ? 1 : 0); }

/** Finds the shape of an instruction; null: its like is called. */
export class Shapes {
  private readonly byKey = new Map<number, Shape>();
  private readonly onNew: (shape: Shape) => void;
  constructor(onNew: (shape: Shape) => void = () => { /* Nobody wants to know. */ }) { this.onNew = onNew; }
  of(semantics: Semantics, i: Instruction): Shape | null {
    const key = keyOf(i);
    if (key === NO_KEY) return null;
    let shape = this.byKey.get(key);
    if (shape === undefined) {
      this.byKey.set(key, shape = new Shape(key, semantics, i));
      this.onNew(shape);
    }
    return shape;
  }
}

const SHIFTS = new Set(['shl', 'sal', 'shr', 'sar', 'rol', 'ror', 'shld', 'shrd']);
const lastOf = (i: Instruction): Operand | undefined => i.operands[i.operands.length - 1];
const hasImmediate = (i: Instruction): boolean => lastOf(i)?.form === FORM.immediate;
const hasCount = (i: Instruction): boolean => SHIFTS.has(i.operation) && hasImmediate(i) && (lastOf(i)!.lo & (i.size === 8 ? 63 : 31)) !== 0;
const hasPattern = (i: Instruction): boolean => hasImmediate(i) && i.operands.some(o => o.form === FORM.vector);
/** Both registers are written, in parts, which may be halves of one. */
const SWAPS = new Set(['xchg', 'xadd', 'cmpxchg']);
/** Whether they write flags depends on the count, and in no simple way. */
const CARRY_ROTATES = new Set(['rcl', 'rcr']);

/**
 * A number for all that a shape depends on, below 2^53: the row, condition, size, REP and address size, each operand's code, and immediates
 * where they are part of it.
 */
export function keyOf(i: Instruction): number {
  const { operands } = i, count = operands.length;
  if (count > OPERANDS_MAX) return NO_KEY;
  if (count > 0 && SWAPS.has(i.operation) && i.size === 1 && operands[0]!.form !== FORM.memory) return NO_KEY;
  if (CARRY_ROTATES.has(i.operation) && hasImmediate(i)) return NO_KEY;
  const rep = i.rep === null ? 0 : i.rep === 'rep' ? 1 : 2;
  let key = ((i.row * 16 + i.condition) * 6 + sizeCode(i.size)) * 6 + 2 * rep + (i.addressSize === 4 ? 1 : 0);
  for (let k = 0; k < FIRST_OPERANDS; k++) {
    const code = k < count ? operandCode(operands[k]!) : 0;
    if (code === NO_KEY) return NO_KEY;
    key = key * OPERAND_CODES + code;
  }
  if (count === OPERANDS_MAX && !isFourth(operands[FIRST_OPERANDS]!)) return NO_KEY;
  key = key * FOURTH_CODES + (count === OPERANDS_MAX ? operandCode(operands[FIRST_OPERANDS]!) % FOURTH_CODES : 0);
  return key * 256 + (hasPattern(i) ? lastOf(i)!.lo & 0xff : hasCount(i) ? 1 : 0);
}
const OTHER_SIZE = 5;
function sizeCode(size: Size): number {
  switch (size) {
    case 1: return 0;
    case 2: return 1;
    case 4: return 2;
    case 8: return 3;
    case 16: return 4;
    default: return OTHER_SIZE;
  }
}
const REGISTERS = 1, IMMEDIATES = 9, RELATIVE = 15, MEMORY = 16, OPERAND_CODES = 128;
/** Above the codes of memory. */
const YMM = 124, BYTES_2 = 125, BYTE = 126;
function vectorCode(size: Size): number {
  switch (size) {
    case 32: return YMM;
    case 16: return REGISTERS + 5;
    case 8: return REGISTERS + 6;
    case 4: return REGISTERS + 7;
    case 2: return BYTES_2;
    default: return BYTE;
  }
}
/** A fourth operand is an immediate byte or a vector register: few codes do. */
const FOURTH_CODES = 16;
function isFourth(o: Operand): boolean { return o.form === FORM.vector || o.form === FORM.immediate; }
const NO_BASE = 0, BASE_ONLY = 1, INDEXED = 2;
function operandCode(o: Operand): number {
  switch (o.form) {
    case FORM.gpr8: case FORM.gpr16: case FORM.gpr32: case FORM.gpr64: case FORM.high8: return REGISTERS + o.form;
    case FORM.vector: return vectorCode(o.size);
    case FORM.immediate: return IMMEDIATES + sizeCode(o.size);
    case FORM.relative: return o.size === 8 ? RELATIVE : NO_KEY;
    case FORM.memory: {
      if (o.addressSize === 4) return NO_KEY;
      const addressing = o.index !== NONE ? INDEXED + o.shift : o.base === NONE || o.base === SLOT.rip ? NO_BASE : BASE_ONLY;
      const segment = o.segment === NONE ? 0 : o.segment === SLOT.fs ? 1 : 2;
      return MEMORY + (addressing * 3 + segment) * 6 + sizeCode(o.size);
    }
    default: return NO_KEY;
  }
}

function canonical(i: Instruction, isFixed: boolean): Instruction {
  return new Instruction(i.mnemonic, i.operation, i.length, i.size, i.operands.map((o, k) => canonicalOperand(o, k, isFixed)), i.condition, i.lock, i.rep, i.flow,
    i.prefixes, i.addressSize, i.segment, i.row, i.code);
}
function canonicalOperand(o: Operand, k: number, isFixed: boolean): Operand {
  const isMemory = o.form === FORM.memory, isIndexed = isMemory && o.index !== NONE;
  const index = isMemory ? (isIndexed ? INDEX_REGISTER : NONE) : o.form === FORM.immediate || o.form === FORM.relative ? 0 : OPERAND_REGISTER + k;
  // An index without a base has the register that is always zero for one.
  const base = isMemory && (isIndexed || (o.base !== NONE && o.base !== SLOT.rip)) ? BASE_REGISTER : NONE;
  const [lo, hi] = isFixed ? [o.lo, o.hi] : [0, 0];
  return new Operand(o.kind, o.form, o.size, o.file, index, base, o.shift, 0, 0, o.segment, o.addressSize, lo, hi);
}
