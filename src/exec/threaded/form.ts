/**
 * Forms of instructions: what semantics may branch on, without register numbers, displacements and immediates. One handler serves all
 * instructions of a form, because it is made from a copy whose operands are registers that no semantics names.
 */
import type { Size } from '../../base/types.ts';
import { SLOT } from '../../base/layout.ts';
import { FORM, Instruction, NONE, Operand } from '../../decoder/instruction.ts';
import { type InstructionUse, KEPT_RULE, UNKNOWN_RULE, useOf } from '../lower/instruction-use.ts';
import { ARITHMETIC_FLAGS, type Semantics } from '../ops.ts';
import { HANDLER } from './record.ts';

/** Register numbers of a canonical copy: those of operands 0 to 3, base and index. Vectors count alike. */
export const OPERAND_REGISTER = 8, BASE_REGISTER = 12, INDEX_REGISTER = 13;
const OPERANDS_MAX = 4, FIRST_OPERANDS = 3;
/** There is no handler for what has no number: it is called. */
const NO_KEY = -1;
/** No form's number. */
const NO_SECOND = 0;

/** What is known of a shape in advance, as words: its head and tail, whether it may give up, flags read and written, flags touched, the rule word, and where its forms begin and end. */
const SHAPE_WORDS = 8;
/** Of a form: its variant, the number of its second or NO_SECOND, and its own. */
const FORM_WORDS = 3;
const WRITTEN_SHIFT = 16, MASK = 0xffff;
/** Shapes, each where `rowOf` looks for it, and those of their forms that have handlers. */
export interface KnownForms { readonly shapes: Int32Array; readonly forms: Int32Array }
export const NONE_KNOWN: KnownForms = { shapes: new Int32Array(SHAPE_WORDS).fill(NO_KEY), forms: new Int32Array(0) };

/** As a table with twice the room. */
export function knownForms(kept: readonly Form[]): KnownForms {
  const all = new Set(kept.map(form => form.shape)), rows = 2 ** Math.ceil(Math.log2(2 * all.size));
  const shapes = new Int32Array(SHAPE_WORDS * rows).fill(NO_KEY), forms: number[] = [];
  for (const shape of all) {
    const from = forms.length;
    for (const form of kept) if (form.shape === shape) forms.push(form.variant, form.second === null ? NO_SECOND : form.second.number, form.number);
    shapes.set([...shape.facts, from, forms.length], rowOf(shapes, shape.head, shape.tail));
  }
  return { shapes, forms: Int32Array.from(forms) };
}
/** Where a shape's words are, or a row of NO_KEY where there are none. */
function rowOf(shapes: Int32Array, head: number, tail: number): number {
  const mask = shapes.length / SHAPE_WORDS - 1;
  for (let row = Math.imul(head ^ Math.imul(tail, SPREAD), SPREAD) >>> SPREAD_SHIFT; ; row += 1) {
    const at = (row & mask) * SHAPE_WORDS, found = shapes[at]!;
    if (found === NO_KEY || (found === head && shapes[at + 1]! === tail)) return at;
  }
}
/** 2^32 divided by the golden ratio: what is multiplied by it is spread over the upper bits. */
const SPREAD = 0x9e3779b1 | 0, SPREAD_SHIFT = 16;

/** A form, but for what depends on the neighbours. */
export class Shape {
  readonly head: number;
  readonly tail: number;
  readonly semantics: Semantics;
  readonly flagsRead: number;
  readonly flagsWritten: number;
  readonly mayGiveUp: boolean;
  /** Of the same head. */
  readonly next: Shape | null;
  private readonly flagsTouched: number;
  private readonly rule: number;
  private readonly sample: Instruction;
  private copy: Instruction | null = null;
  /** Where it is, or would be, among those known in advance. */
  private readonly row: number;
  private firstForm: Form | null = null;

  constructor(head: number, tail: number, semantics: Semantics, i: Instruction, next: Shape | null, { shapes }: KnownForms) {
    this.head = head; this.tail = tail; this.semantics = semantics; this.sample = i; this.next = next;
    const row = this.row = rowOf(shapes, head, tail), mayGiveUp = shapes[row + 2]!, flags = shapes[row + 3]!;
    const use: InstructionUse | null = mayGiveUp === NO_KEY ? useOf(semantics, i) : null;
    this.flagsRead = use === null ? flags & MASK : use.flagsRead; this.flagsWritten = use === null ? flags >>> WRITTEN_SHIFT : use.flagsWritten;
    this.flagsTouched = use === null ? shapes[row + 4]! : use.flagsTouched; this.rule = use === null ? shapes[row + 5]! : use.rule;
    this.mayGiveUp = use === null ? mayGiveUp !== 0 : use.mayGiveUp;
  }
  /** The words of its row, but for where its forms are. */
  get facts(): readonly number[] {
    return [this.head, this.tail, this.mayGiveUp ? 1 : 0, this.flagsRead | this.flagsWritten << WRITTEN_SHIFT, this.flagsTouched, this.rule];
  }
  /** What handlers are made from: few shapes need it where those exist. */
  get instruction(): Instruction { return this.copy ??= canonical(this.sample, this.isFixed); }
  /** The count of a shift is an immediate other than 0. */
  get isCounted(): boolean { return hasCount(this.sample); }
  /** Immediates are part of the form: patterns of vectors. */
  get isFixed(): boolean { return hasPattern(this.sample); }
  isDead(live: number): boolean { return this.flagsTouched !== 0 && (this.flagsTouched & live) === 0; }
  /** The flags that are live before it. */
  liveBefore(live: number): number { return this.mayGiveUp ? ARITHMETIC_FLAGS : (live & ~this.flagsWritten) | this.flagsRead; }
  get touchesFlags(): boolean { return this.flagsTouched !== 0 || this.rule !== KEPT_RULE; }
  /** The rule word after it. Flags nobody reads are not written by all performers. */
  ruleAfter(rule: number, isDead: boolean): number { return isDead ? UNKNOWN_RULE : this.rule === KEPT_RULE ? rule : this.rule; }
  /**
   * @param rule the rule word before it, as far as that is known, or `isGuess` if it is only likely
   * @param second what its handler does after it
   */
  form(rule: number, isGuess: boolean, isDead: boolean, second: Form | null, forms: FormTable): Form {
    const known = this.flagsRead === 0 ? UNKNOWN_RULE : rule, variant = variantOf(known, isGuess, isDead);
    for (let form = this.firstForm; form !== null; form = form.next) if (form.variant === variant && form.second === second) return form;
    return this.firstForm = forms.add(this, known, isGuess, isDead, second, this.firstForm);
  }
  /** The number of a form that has a handler in advance, or none. */
  prebuiltNumber(variant: number, second: number, { shapes, forms }: KnownForms): number {
    for (let at = shapes[this.row + 6]!, end = shapes[this.row + 7]!; at < end; at += FORM_WORDS) {
      if (forms[at] === variant && forms[at + 1] === second) return forms[at + 2]!;
    }
    return NO_KEY;
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
  /** All three. */
  readonly variant: number;
  /** What the handler does after it: the next record's. */
  readonly second: Form | null;
  /** Of the same shape. */
  readonly next: Form | null;
  /** A record has its handler. */
  isNeeded = false;
  isWritten = false;
  /** It has a handler that was made in advance. */
  isPrebuilt: boolean;

  constructor(number: number, shape: Shape, rule: number, isGuess: boolean, isDead: boolean, second: Form | null, next: Form | null, isPrebuilt: boolean) {
    this.number = number; this.shape = shape; this.rule = rule; this.isGuess = isGuess; this.isDead = isDead; this.variant = variantOf(rule, isGuess, isDead);
    this.second = second; this.next = next; this.isPrebuilt = isPrebuilt;
  }
  /** The form of both, performed by one handler. */
  with(second: Form, forms: FormTable): Form {
    const both = this.shape.form(this.rule, this.isGuess, this.isDead, second, forms);
    both.isNeeded = true;
    return both;
  }
}

/** All forms by their numbers, in the order in which they were met; but first those that were met in advance, of which most are missing. */
export class FormTable {
  readonly rows: (Form | undefined)[] = [];
  met = 0;
  /** What has handlers already. */
  private known: KnownForms | null = null;

  /** Handlers for these exist. To be called before any form is added. */
  expect(known: KnownForms): void {
    let count = 0;
    for (let at = FORM_WORDS - 1; at < known.forms.length; at += FORM_WORDS) if (known.forms[at]! >= count) count = known.forms[at]! + 1;
    this.rows.length = Math.max(0, count - HANDLER.firstForm);
    this.known = known;
  }
  add(shape: Shape, rule: number, isGuess: boolean, isDead: boolean, second: Form | null, next: Form | null): Form {
    const known = this.known === null ? NO_KEY : shape.prebuiltNumber(variantOf(rule, isGuess, isDead), second === null ? NO_SECOND : second.number, this.known), isPrebuilt = known !== NO_KEY;
    const form = new Form(isPrebuilt ? known : HANDLER.firstForm + this.rows.length, shape, rule, isGuess, isDead, second, next, isPrebuilt);
    this.rows[form.number - HANDLER.firstForm] = form;
    this.met += 1;
    return form;
  }
  /** What was made in advance is not in use any more: all is as if it had been met. */
  forget(): void {
    this.known = null;
    for (const form of this.rows) if (form !== undefined) form.isPrebuilt = false;
  }
}
/** A number for a form but for its shape and its second. */
export function variantOf(rule: number, isGuess: boolean, isDead: boolean): number { return 4 * rule + (isGuess ? 2 : 0) + (isDead ? 1 : 0); }

/** Finds the shape of an instruction; null: its like is called. */
export class Shapes {
  private readonly byHead = new Map<number, Shape>();
  private known = NONE_KNOWN;
  /** These are known. To be called before any is looked for. */
  expect(known: KnownForms): void { this.known = known; }
  of(semantics: Semantics, i: Instruction): Shape | null {
    const head = headOf(i), tail = tailOf(i);
    if (head === NO_KEY || tail === NO_KEY) return null;
    const first = this.byHead.get(head) ?? null;
    for (let shape = first; shape !== null; shape = shape.next) if (shape.tail === tail) return shape;
    const made = new Shape(head, tail, semantics, i, first, this.known);
    this.byHead.set(head, made);
    return made;
  }
}

const SHIFTS = new Set(['shl', 'sal', 'shr', 'sar', 'rol', 'ror', 'shld', 'shrd']);
/** Of an immediate, the last operand; otherwise null. */
const immediateOf = ({ operands }: Instruction): Operand | null => {
  const last = operands.length > 0 ? operands[operands.length - 1]! : null;
  return last !== null && last.form === FORM.immediate ? last : null;
};
const hasCount = (i: Instruction, immediate = immediateOf(i)): boolean => immediate !== null && SHIFTS.has(i.kind.operation) && (immediate.lo & (i.kind.size === 8 ? 63 : 31)) !== 0;
const hasPattern = (i: Instruction, immediate = immediateOf(i)): boolean => immediate !== null && i.operands.some(o => o.form === FORM.vector);
/** Both registers are written, in parts, which may be halves of one. */
const SWAPS = new Set(['xchg', 'xadd', 'cmpxchg']);
/** Whether they write flags depends on the count, and in no simple way. */
const CARRY_ROTATES = new Set(['rcl', 'rcr']);

/** A number for what a shape depends on beside its first three operands: the row, condition, size, REP and address size, and the fourth operand's code. */
export function headOf({ kind: { row, condition, size, rep, addressSize }, operands }: Instruction): number {
  let fourth = 0;
  if (operands.length >= OPERANDS_MAX) {
    if (operands.length > OPERANDS_MAX || !isFourth(operands[FIRST_OPERANDS]!)) return NO_KEY;
    fourth = operandCode(operands[FIRST_OPERANDS]!) % FOURTH_CODES;
  }
  return (((row * 16 + condition) * 6 + sizeCode(size)) * 6 + (rep === null ? 0 : rep === 'rep' ? 2 : 4) + (addressSize === 4 ? 1 : 0)) * FOURTH_CODES + fourth;
}
/** A number for these, each operand's code, and immediates where they are part of it. */
export function tailOf(i: Instruction): number {
  const { kind, operands } = i, { length } = operands, immediate = immediateOf(i);
  let tail = 0;
  for (let k = 0; k < FIRST_OPERANDS; k++) {
    const code = k < length ? operandCode(operands[k]!) : 0;
    if (code === NO_KEY) return NO_KEY;
    tail = tail * OPERAND_CODES + code;
  }
  if (kind.size === 1 && SWAPS.has(kind.operation) && operands[0]!.form !== FORM.memory) return NO_KEY;
  if (immediate === null) return tail * 256;
  if (CARRY_ROTATES.has(kind.operation)) return NO_KEY;
  return tail * 256 + (hasPattern(i, immediate) ? immediate.lo & 0xff : hasCount(i, immediate) ? 1 : 0);
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
  return new Instruction(i.kind, i.length, i.operands.map((o, k) => canonicalOperand(o, k, isFixed)), i.code);
}
function canonicalOperand(o: Operand, k: number, isFixed: boolean): Operand {
  const isMemory = o.form === FORM.memory, isIndexed = isMemory && o.index !== NONE;
  const index = isMemory ? (isIndexed ? INDEX_REGISTER : NONE) : o.form === FORM.immediate || o.form === FORM.relative ? 0 : OPERAND_REGISTER + k;
  // An index without a base has the register that is always zero for one.
  const base = isMemory && (isIndexed || (o.base !== NONE && o.base !== SLOT.rip)) ? BASE_REGISTER : NONE;
  const [lo, hi] = isFixed ? [o.lo, o.hi] : [0, 0];
  return new Operand(o.kind, o.form, o.size, o.file, index, base, o.shift, 0, 0, o.segment, o.addressSize, lo, hi);
}
