/** The rows backwards: operands to bytes (SDM vol. 2 §2.1-2.2). No instruction is known here, only the notation of the rows. */
import { SLOT } from '../base/layout.ts';
import type { Size } from '../base/types.ts';
import { bigOf } from '../base/words.ts';
import type { Column, Shape, Width } from './encode-columns.ts';
import { NONE } from './instruction.ts';
import type { Operand } from './instruction.ts';

/** How to encode, beyond what and which operands. */
export interface Manner {
  /** A segment prefix byte, or 0. */
  readonly segment: number;
  readonly lock: boolean;
  /** A repeat prefix byte, or 0. */
  readonly repeat: number;
  /** Whether values may still change: then no short displacement, no short immediate. */
  readonly hasLooseDisplacement: boolean;
  readonly hasLooseImmediate: boolean;
  /** cc of a condition family, otherwise 0. */
  readonly condition: number;
}
export const PLAIN: Manner = { segment: 0, lock: false, repeat: 0, hasLooseDisplacement: false, hasLooseImmediate: false, condition: 0 };

/**
 * The operand size with which the row takes these operands, or null. An unsaid memory size (0) fits any, and the first that
 * fits is taken: whether others do is for the caller to ask, with `only`.
 */
export function fit(shape: Shape, operands: readonly Operand[], manner: Manner, only: Size | null = null): Size | null {
  if (operands.length !== shape.columns.length || manner.lock && !shape.isLockable) return null;
  for (const size of shape.sizes) {
    if (only !== null && only !== size) continue;
    if (shape.columns.every((column, n) => takes(column, operands[n], size, manner)) && isRexPossible(shape, operands, size)) return size;
  }
  return null;
}

/** Whether one operand column takes `operand` when the operand size is `size`. */
function takes(column: Column, operand: Operand | undefined, size: Size, manner: Manner): boolean {
  switch (operand?.kind) {
    case 'reg': {
      if (operand.file !== column.file && !(operand.file === 'high8' && column.file === 'gpr')) return false;
      return (column.fixed < 0 || column.fixed === operand.index && operand.file === column.file) && widthIs(column.register, operand.size, size);
    }
    case 'mem': {
      const isOffset = operand.base === NONE && operand.index === NONE;
      if (column.place === 'offset' && !isOffset) return false;
      return column.memory !== null && (operand.size === 0 && column.memory !== 'p' || widthIs(column.memory, operand.size, size));
    }
    case 'imm': return takesValue(column, operand, size, manner);
    case 'rel': return column.place === 'relative';
    default: return false;
  }
}

function widthIs(width: Width, bytes: number, size: Size): boolean {
  switch (width) {
    case null: return false;
    case 'any': return true;
    case 'v': return bytes === size;
    case 'y': return bytes === (size === 8 ? 8 : 4);
    case 'p': return bytes === size + 2;
    case 'wide': return bytes === 4 || bytes === 8;
    default: return bytes === width;
  }
}

function takesValue(column: Column, operand: Operand, size: Size, manner: Manner): boolean {
  if (column.immediate === null) return false;
  const value = BigInt.asIntN(64, bigOf(operand.lo, operand.hi));
  if (column.immediate === 0) return value === BigInt(column.fixed) && !manner.hasLooseImmediate;
  if (column.isSigned) {
    const cut = BigInt.asIntN(8 * (size === 0 ? 8 : size), value);
    return !manner.hasLooseImmediate && isWithin(value, size === 0 ? 8 : size) && cut >= -128n && cut <= 127n;
  }
  if (column.immediate !== 'z') return column.immediate === 8 || isWithin(value, column.immediate);
  return size === 8 ? value === BigInt.asIntN(32, value) : isWithin(value, size);
}

/** Whether `bytes` hold the value, be it signed or unsigned. */
function isWithin(value: bigint, bytes: number): boolean {
  const bits = BigInt(8 * bytes);
  return bytes >= 8 || value >= -(1n << bits - 1n) && value < 1n << bits;
}

/** ah, ch, dh and bh cannot be named beside a REX prefix. */
function isRexPossible(shape: Shape, operands: readonly Operand[], size: Size): boolean {
  return !operands.some(operand => operand.file === 'high8') || rexOf(shape, operands, size) === 0;
}

const BARE_REX = 0x40, W = 8, R = 4, X = 2, B = 1;

function rexOf(shape: Shape, operands: readonly Operand[], size: Size): number {
  let rex = shape.needsRexW || size === 8 && !shape.isDefault64 ? BARE_REX | W : 0;
  operands.forEach((operand, n) => {
    const place = shape.columns[n]?.place;
    if (operand.kind === 'mem') {
      if (operand.index >= 8 && operand.index < 16) rex |= BARE_REX | X;
      if (operand.base >= 8 && operand.base < 16) rex |= BARE_REX | B;
    } else if (operand.kind === 'reg' && place !== 'fixed') {
      if (operand.index >= 8) rex |= BARE_REX | (place === 'reg' ? R : B);
      if (operand.file === 'gpr' && operand.size === 1 && operand.index >= 4) rex |= BARE_REX;
    }
  });
  return rex;
}

/**
 * The bytes of a row with operands that fit it, at the operand size `fit` gave. A `rel` or RIP-relative operand's displacement
 * counts from the end of the instruction, as in a decoded one.
 */
export function encode(shape: Shape, operands: readonly Operand[], size: Size, manner: Manner = PLAIN): number[] {
  const bytes = prefixesOf(shape, operands, size, manner);
  const rex = rexOf(shape, operands, size);
  if (rex !== 0) bytes.push(rex);
  const opcode = [...shape.opcode];
  const last = opcode.length - 1;
  const inOpcode = operands.find((_, n) => shape.columns[n]?.place === 'opcode');
  opcode[last] = (opcode[last] ?? 0) + (shape.isCondition ? manner.condition : inOpcode === undefined ? 0 : inOpcode.index & 7);
  bytes.push(...opcode);
  if (shape.hasModrm) pushModrm(bytes, shape, operands, manner);
  operands.forEach((operand, n) => pushValue(bytes, shape.columns[n], operand, size, shape));
  return bytes;
}

const OPERAND_SIZE = 0x66, ADDRESS_SIZE = 0x67, LOCK = 0xf0;

/** In the order GNU as writes them. */
function prefixesOf(shape: Shape, operands: readonly Operand[], size: Size, manner: Manner): number[] {
  const isShortAddress = shape.isAddress32 || operands.some(operand => operand.kind === 'mem' && operand.addressSize === 4);
  return [
    manner.segment, isShortAddress ? ADDRESS_SIZE : 0,
    size === 2 || shape.prefix === OPERAND_SIZE ? OPERAND_SIZE : 0,
    shape.prefix === 0xf2 || shape.prefix === 0xf3 ? shape.prefix : manner.repeat, manner.lock ? LOCK : 0,
  ].filter(byte => byte !== 0);
}

/** The three bits of a register: ah, ch, dh and bh come after al, cl, dl and bl. */
function bitsOf(operand: Operand): number { return operand.file === 'high8' ? operand.index + 4 : operand.index & 7; }

function pushModrm(bytes: number[], shape: Shape, operands: readonly Operand[], manner: Manner): void {
  const inReg = operands.find((_, n) => shape.columns[n]?.place === 'reg');
  const rm = operands.find((_, n) => shape.columns[n]?.place === 'rm');
  const field = (shape.digit >= 0 ? shape.digit : inReg === undefined ? 0 : bitsOf(inReg)) << 3;
  if (rm === undefined) bytes.push(0xc0 | field);
  else if (rm.kind === 'mem') pushMemory(bytes, field, rm, manner.hasLooseDisplacement);
  else bytes.push(0xc0 | field | bitsOf(rm));
}

/** ModRM.rm 4 announces a SIB byte; SIB.index 4 is none; base 5 without displacement is none, or RIP without SIB. */
const SIB = 4, NO_INDEX = 4, NO_BASE = 5;

function pushMemory(bytes: number[], field: number, memory: Operand, isLoose: boolean): void {
  const { base, index, shift, disp } = memory;
  const indexBits = index === NONE ? NO_INDEX : index & 7;
  if (base === SLOT.rip) {
    bytes.push(field | NO_BASE);
    return pushLittle(bytes, disp, 4);
  }
  if (base === NONE) {
    bytes.push(field | SIB, shift << 6 | indexBits << 3 | NO_BASE);
    return pushLittle(bytes, disp, 4);
  }
  const needsDisplacement = disp !== 0 || (base & 7) === NO_BASE || isLoose;
  const isShort = disp >= -128 && disp <= 127 && !isLoose;
  const mod = !needsDisplacement ? 0 : isShort ? 0x40 : 0x80;
  if (index === NONE && (base & 7) !== SIB) bytes.push(mod | field | base & 7);
  else bytes.push(mod | field | SIB, shift << 6 | indexBits << 3 | base & 7);
  if (needsDisplacement) pushLittle(bytes, disp, isShort ? 1 : 4);
}

/** What follows ModRM: immediates, distances and whole addresses. */
function pushValue(bytes: number[], column: Column | undefined, operand: Operand, size: Size, shape: Shape): void {
  switch (column?.place) {
    case 'immediate': {
      const width = column.immediate === 'z' ? (size === 2 ? 2 : 4) : column.immediate ?? 0;
      pushLittle(bytes, operand.lo, Math.min(width, 4));
      if (width === 8) pushLittle(bytes, operand.hi, 4);
      return;
    }
    case 'relative': return pushLittle(bytes, operand.disp, shape.distanceBytes);
    case 'offset': {
      pushLittle(bytes, operand.disp, 4);
      if (operand.addressSize === 8) pushLittle(bytes, operand.dispHigh, 4);
    }
  }
}

function pushLittle(bytes: number[], value: number, width: number): void {
  for (let k = 0; k < width; k++) bytes.push(value >> 8 * k & 0xff);
}
