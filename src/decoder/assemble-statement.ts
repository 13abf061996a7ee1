/** One statement to bytes: which rows its mnemonic means, which of them take its operands, and the shortest of those. */
import { SLOT } from '../base/layout.ts';
import type { Size, Va } from '../base/types.ts';
import { AssembleError, valueOf } from './assemble-expression.ts';
import type { Expression, Lookup } from './assemble-expression.ts';
import { meaningsOf } from './assemble-names.ts';
import type { Meaning } from './assemble-names.ts';
import type { SourceMemory, SourceOperand } from './assemble-operand.ts';
import type { Statement } from './assemble-read.ts';
import { STRINGS } from './format-names.ts';
import { branchBytesOf, encode, fits, PLAIN } from './encode.ts';
import type { Manner } from './encode.ts';
import { immediate, memory, NONE, register, relative, vectorMemory } from './instruction.ts';
import type { Operand } from './instruction.ts';
import { MAP, PLACE, WIDTH } from './rows.ts';

/** An instruction whose form is chosen, and whose values may still move. */
export interface Encoder {
  readonly length: number;
  /** Takes the longer form of a branch if the present one does not reach from `at`. */
  lengthen(at: Va, lookup: Lookup): boolean;
  encode(at: Va, lookup: Lookup): number[];
}

interface Choice { readonly meaning: Meaning; readonly size: Size; readonly manner: Manner; readonly length: number }

export function encoderOf(statement: Statement): Encoder {
  const [value] = statement.operands;
  const isBreakpoint = statement.mnemonic === 'int' && value?.kind === 'value' && value.value.isConstant && valueOf(value.value) === 3n;
  return new StatementEncoder(isBreakpoint ? { ...statement, mnemonic: 'int3', operands: [] } : statement);
}

class StatementEncoder implements Encoder {
  private readonly statement: Statement;
  /** What fits, the shortest first. Only branches ever leave the first. */
  private readonly choices: readonly Choice[];
  private chosen = 0;

  constructor(source: Statement) {
    const manner = mannerOf(source);
    const statement = withoutImplied(source);
    const meanings = meaningsOf(statement.mnemonic, statement.operands.length);
    if (meanings.length === 0) throw new AssembleError(statement.line, `no such instruction: ${statement.mnemonic}`);
    const given = { ...statement, operands: operandsFor(statement, meanings) };
    const swapped = { ...given, operands: [...given.operands].reverse() };
    const direct = choicesFor(given, meanings, manner);
    const reversed = COMMUTATIVE.has(statement.mnemonic) ? choicesFor(swapped, meanings, manner) : [];
    const isReversed = direct.length === 0 || (reversed[0]?.length ?? Infinity) < (direct[0]?.length ?? 0);
    this.statement = isReversed ? swapped : given;
    this.choices = isReversed ? reversed : direct;
    if (this.choices.length === 0) throw new AssembleError(statement.line, noForm(given, meanings));
  }

  private get choice(): Choice {
    const choice = this.choices[this.chosen];
    if (choice === undefined) throw new AssembleError(this.statement.line, `${this.statement.mnemonic} has no form left`);
    return choice;
  }
  get length(): number { return this.choice.length; }

  lengthen(at: Va, lookup: Lookup): boolean {
    const bytes = branchBytesOf(this.choice.meaning.row);
    const target = this.statement.operands[0];
    if (bytes === 0 || bytes === 4 || target?.kind !== 'value' || target.isShort || this.chosen + 1 >= this.choices.length) return false;
    const distance = target.value.evaluate(lookup) - BigInt(at + this.length);
    if (distance >= -128n && distance <= 127n) return false;
    this.chosen++;
    return true;
  }

  encode(at: Va, lookup: Lookup): number[] {
    const { meaning, size, manner } = this.choice;
    const place: Place = { line: this.statement.line, next: at + this.length, lookup, distanceBytes: branchBytesOf(meaning.row) };
    const operands = [...this.statement.operands.map(operand => placed(operand, place)), ...meaning.extra];
    if (this.hasLoose() && !fits(meaning.row, operands, size, { ...manner, hasLooseDisplacement: false, hasLooseImmediate: false })) {
      throw new AssembleError(this.statement.line, `a value does not fit in ${this.statement.mnemonic}`);
    }
    return [...meaning.before, ...encode(meaning.row, operands, size, manner)];
  }

  private hasLoose(): boolean {
    return this.statement.operands.some(operand => operand.kind === 'value' && !operand.value.isConstant);
  }
}

/** Their operands may be written in either order. */
const COMMUTATIVE: ReadonlySet<string> = new Set(['xchg', 'test']);

// — operands —

const ELEMENT_NAMES: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'd', 8: 'q' };

/** String instructions may be written with the operands they have anyway: only their size says something. */
function withoutImplied(statement: Statement): Statement {
  const { mnemonic, operands, line } = statement;
  if (!STRINGS.has(mnemonic) || operands.length === 0) return statement;
  if (mnemonic === 'xlat') return { ...statement, operands: [] };
  const element = ELEMENT_NAMES[operands.map(elementBytes).find(size => size > 0) ?? 0];
  if (element === undefined) throw new AssembleError(line, `${mnemonic} needs a size: byte ptr, word ptr, dword ptr or qword ptr`);
  return { ...statement, mnemonic: mnemonic + element, operands: [] };
}

/** Memory says the size of an element, and so does the accumulator; dx does not. */
function elementBytes(operand: SourceOperand): number {
  if (operand.kind === 'mem') return operand.size;
  return operand.kind === 'reg' && operand.register.index === 0 ? operand.register.size : 0;
}

/** A symbol alone is memory, except where a branch goes. IMUL by a value with two operands means three. */
function operandsFor(statement: Statement, meanings: readonly Meaning[]): readonly SourceOperand[] {
  const isBranch = meanings.some(meaning => branchBytesOf(meaning.row) > 0);
  const operands = statement.operands.map(operand => operand.kind === 'value' && operand.isBare && !isBranch ? memoryAt(operand.value) : operand);
  const [first, second] = operands;
  if (statement.mnemonic === 'imul' && operands.length === 2 && first !== undefined && second?.kind === 'value') return [first, first, second];
  return operands;
}
function memoryAt(displacement: Expression): SourceMemory {
  return { kind: 'mem', size: 0, base: NONE, index: NONE, indexFile: 'gpr', shift: 0, segment: NONE, override: null, addressSize: 8, displacement };
}

interface Place {
  readonly line: number;
  readonly next: Va;
  readonly lookup: Lookup;
  /** Not 0: a value is where to branch to. */
  readonly distanceBytes: number;
}

function placed(operand: SourceOperand, place: Place): Operand {
  if (operand.kind === 'reg') return register(operand.register.file, operand.register.index, operand.register.size);
  if (operand.kind === 'mem') return placedMemory(operand, place);
  const value = operand.value.evaluate(place.lookup);
  if (place.distanceBytes > 0) return relative(distanceTo(value, place), 8);
  if (value < -(1n << 63n) || value >= 1n << 64n) throw new AssembleError(place.line, `${value} does not fit in 64 bits`);
  return immediate(8, lowOf(value), lowOf(value >> 32n));
}
function lowOf(value: bigint): number { return Number(BigInt.asIntN(32, value)); }

function distanceTo(target: bigint, place: Place): number {
  const distance = Number(target) - place.next;
  const limit = 2 ** (8 * place.distanceBytes - 1);
  if (distance < -limit || distance >= limit) throw new AssembleError(place.line, `the target is ${distance} bytes away: too far`);
  return distance;
}

function placedMemory(operand: SourceMemory, place: Place): Operand {
  const { size, base, index, shift, segment, addressSize } = operand;
  const isRelative = base === SLOT.rip && operand.displacement.addresses !== 0;
  const value = BigInt.asIntN(64, operand.displacement.evaluate(place.lookup) - (isRelative ? BigInt(place.next) : 0n));
  if (operand.indexFile === 'xmm' || operand.indexFile === 'ymm') {
    return vectorMemory(size, base, operand.indexFile, index, shift, lowOf(value), segment, addressSize);
  }
  return memory(size, base, index, shift, lowOf(value), segment, addressSize, lowOf(value >> 32n));
}

/** Whether a ModRM displacement can hold it: 32 bits, sign-extended; under a 67 prefix any 32 bits. */
function isReachable(operand: Operand): boolean {
  return operand.dispHigh === operand.disp >> 31 || operand.addressSize === 4 && operand.dispHigh === 0;
}

// — choice —

function choicesFor(statement: Statement, meanings: readonly Meaning[], manner: Manner): Choice[] {
  const place: Place = { line: statement.line, next: 0, lookup: () => 0n, distanceBytes: 0 };
  const isBranch = meanings.some(meaning => branchBytesOf(meaning.row) > 0);
  const operands = statement.operands.map(operand =>
    operand.kind === 'value' && isBranch && meanings.every(meaning => meaning.row.operands.length === 1) ? relative(0, 8) : placed(operand, place));
  const choices: Choice[] = [];
  for (const meaning of meanings) {
    const all = [...operands, ...meaning.extra];
    const own = { ...manner, condition: meaning.condition };
    for (const size of meaning.sizes) {
      if (!fits(meaning.row, all, size, own) || isNop(meaning, size, all) || !isMemoryReachable(meaning, all)) continue;
      choices.push({ meaning, size, manner: own, length: meaning.before.length + encode(meaning.row, all, size, own).length });
    }
  }
  checkSize(statement, choices);
  return defaultsOf(choices).sort((a, b) => a.length - b.length || immediateBytes(a) - immediateBytes(b));
}

/** Of two forms equally long, as takes the one with the shorter immediate. */
function immediateBytes(choice: Choice): number {
  return choice.meaning.row.operands.some(spec => spec.encoded === WIDTH.z) ? 4 : 0;
}

/** 90 is NOP, which does not clear the upper half: not what `xchg eax, eax` asks for. */
function isNop(meaning: Meaning, size: Size, operands: readonly Operand[]): boolean {
  return meaning.row.opcode === 0x90 && meaning.row.map === MAP.primary && size === 4 && operands[0]?.index === 0;
}

function isMemoryReachable(meaning: Meaning, operands: readonly Operand[]): boolean {
  return operands.every((operand, n) => operand.kind !== 'mem' || meaning.row.operands[n]?.place === PLACE.offset || isReachable(operand));
}

/** Of one row only the first size that fits: its default. */
function defaultsOf(choices: readonly Choice[]): Choice[] {
  return choices.filter((choice, n) => choices.findIndex(other => other.meaning === choice.meaning) === n);
}

/** `inc [rax]` could be four instructions. */
function checkSize(statement: Statement, choices: readonly Choice[]): void {
  const at = statement.operands.findIndex(operand => operand.kind === 'mem' && operand.size === 0);
  if (at < 0) return;
  const sizes = new Set(choices.map(choice => memoryBytes(choice, at)));
  if (sizes.size > 1 && !choices.some(choice => choice.meaning.row.isDefault64)) {
    throw new AssembleError(statement.line, `${statement.mnemonic} needs a size: byte ptr, word ptr, dword ptr or qword ptr`);
  }
}
function memoryBytes(choice: Choice, at: number): number {
  const width = choice.meaning.row.operands[at]?.memory ?? 0;
  return width === WIDTH.v || width === WIDTH.y ? choice.size : width;
}

const SEGMENT_BYTES: Readonly<Record<string, number>> = { es: 0x26, cs: 0x2e, ss: 0x36, ds: 0x3e, fs: 0x64, gs: 0x65 };
const REPEAT_BYTES: Readonly<Record<string, number>> = { rep: 0xf3, repe: 0xf3, repz: 0xf3, repne: 0xf2, repnz: 0xf2, bnd: 0xf2 };
const NOTRACK = 0x3e;
/** Stack pointer and frame pointer imply ss, everything else ds. */
const STACK_BASES: ReadonlySet<number> = new Set([4, 5]);

function mannerOf(statement: Statement): Manner {
  const { operands, prefixes } = statement;
  const isString = STRINGS.has(statement.mnemonic);
  // The destination of a string instruction is es whatever is said; its source can be overridden.
  const inMemory = operands.find((operand): operand is SourceMemory => operand.kind === 'mem' && !(isString && operand.override === 'es'));
  const override = inMemory?.override ?? null;
  const implied = inMemory !== undefined && STACK_BASES.has(inMemory.base) ? 'ss' : 'ds';
  const segment = prefixes.includes('notrack') ? NOTRACK : override === null || override === implied ? 0 : SEGMENT_BYTES[override] ?? 0;
  return {
    ...PLAIN, segment,
    isAddress32: isString && operands.some(operand => operand.kind === 'mem' && operand.addressSize === 4),
    lock: prefixes.includes('lock'),
    repeat: prefixes.map(prefix => REPEAT_BYTES[prefix] ?? 0).find(byte => byte !== 0) ?? 0,
    hasLooseDisplacement: operands.some(operand => operand.kind === 'mem' && !operand.displacement.isConstant),
    hasLooseImmediate: operands.some(operand => operand.kind === 'value' && !operand.value.isConstant),
  };
}

// — errors —

function noForm(statement: Statement, meanings: readonly Meaning[]): string {
  const { mnemonic, operands, prefixes } = statement;
  const lockable = prefixes.includes('lock') && !meanings.some(meaning => meaning.row.lock);
  if (lockable) return `${mnemonic} cannot be locked`;
  return operands.length === 0 ? `${mnemonic} needs operands` : `no form of ${mnemonic} takes ${operands.map(described).join(', ')}`;
}

function described(operand: SourceOperand): string {
  switch (operand.kind) {
    case 'reg': {
      const { file, size } = operand.register;
      return file === 'gpr' || file === 'high8' ? `a ${8 * size}-bit register` : `a register of ${file}`;
    }
    case 'mem': return operand.size === 0 ? 'memory' : `${8 * operand.size}-bit memory`;
    case 'value': return operand.value.isConstant ? `the value ${valueOf(operand.value)}` : 'an address';
  }
}
