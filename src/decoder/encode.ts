/** The rows backwards: operands to bytes (SDM vol. 2 §2.1-2.3). No instruction is known here, only the notation of the rows. */
import { REX_W, REX_R, REX_X, REX_B } from './cursor.ts';
import { SLOT } from '../base/layout.ts';
import type { Size } from '../base/types.ts';
import { bigOf } from '../base/words.ts';
import { ROWS } from './all-rows.ts';
import { NONE } from './instruction.ts';
import type { Operand } from './instruction.ts';
import { CLASS, MAP, PLACE, WIDTH } from './rows.ts';
import type { OperandSpec, Row } from './rows.ts';

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
  /** Whether implied memory is addressed with 32 bits. */
  readonly isAddress32: boolean;
  /** cc of a condition family, otherwise 0. */
  readonly condition: number;
}
export const PLAIN: Manner = {
  segment: 0, isAddress32: false, lock: false, repeat: 0, hasLooseDisplacement: false, hasLooseImmediate: false, condition: 0,
};

/** Operand sizes that a row has to offer, its default first; 0: its operands fix everything. For some rows of VEX it is the vector's size. */
export function sizesOf(row: Row): readonly Size[] {
  if (loadsSegment(row)) return [0];
  if (row.operands.some(hasVectorWidth)) return row.vexLength < 0 ? [16, 32] : [row.vexLength === 0 ? 16 : 32];
  const widths = row.operands.flatMap(spec => [spec.register, spec.memory]);
  const isOpen = row.names.length > 1 || row.rep && row.size === WIDTH.v || widths.includes(WIDTH.v) || widths.includes(WIDTH.far);
  if (!isOpen) return widths.includes(WIDTH.y) ? [4, 8] : [0];
  if (branchBytesOf(row) > 0) return [row.isDefault64 ? 8 : 4];
  if (row.isDefault64) return [8, 2];
  return row.isMax32 || hasWiderSibling(row) ? [4, 2] : [4, 8, 2];
}

function hasVectorWidth(spec: OperandSpec): boolean {
  const isOfVector = (width: number): boolean => width <= WIDTH.x && width >= WIDTH.eighth;
  return isOfVector(spec.register) || isOfVector(spec.memory) || isOfVector(spec.vectorIndex);
}

function loadsSegment(row: Row): boolean { return row.operands[0]?.file === 'segment' && row.operands[0].place === PLACE.reg; }

/** B8+r with REX.W has an 8-byte immediate: another row. */
function hasWiderSibling(row: Row): boolean {
  return row.adds === 'register' && ROWS.some(other => other.needsRexW && other.map === row.map && other.opcode === row.opcode);
}

/**
 * Whether the row takes these operands with operand size `size`. A memory operand of size 0 fits any: what it would be
 * otherwise is for the caller to ask.
 */
export function fits(row: Row, operands: readonly Operand[], size: Size, manner: Manner = PLAIN): boolean {
  if (operands.length !== row.operands.length || manner.lock && !row.lock) return false;
  return row.operands.every((spec, n) => takes(row, spec, operands[n], size, manner)) && isRexPossible(row, operands, size)
    && !(isGather(row) && new Set(operands.map(operand => operand.index)).size < operands.length);
}

/** Operand, mask and index have to be different registers there. */
export function isGather({ operands }: Row): boolean { return operands.some(({ vectorIndex }) => vectorIndex !== 0); }

/** Whether one operand of the row takes `operand` when the operand size is `size`. */
function takes(row: Row, spec: OperandSpec, operand: Operand | undefined, size: Size, manner: Manner): boolean {
  switch (operand?.kind) {
    case 'reg': return takesRegister(row, spec, operand, size);
    case 'mem': {
      const isOffset = operand.base === NONE && operand.index === NONE;
      if (spec.memory === WIDTH.never || spec.place === PLACE.offset && !isOffset) return false;
      if (spec.vectorIndex !== 0 ? !widthIs(spec.vectorIndex, VECTOR_BYTES[operand.file] ?? 0, size) : operand.file !== 'gpr') return false;
      return operand.size === 0 || widthIs(spec.memory, operand.size, size);
    }
    case 'imm': return takesValue(spec, operand, size, manner);
    case 'rel': return spec.place === PLACE.relative;
    default: return false;
  }
}

const VECTOR_BYTES: Readonly<Record<string, number>> = { xmm: 16, ymm: 32 };

function takesRegister(row: Row, spec: OperandSpec, operand: Operand, size: Size): boolean {
  if (spec.register === WIDTH.never || spec.place === PLACE.immediate || spec.place === PLACE.relative || spec.place === PLACE.one) return false;
  if (spec.place === PLACE.fixed && (spec.number !== operand.index || spec.file !== operand.file)) return false;
  if (spec.file === 'xmm') return operand.file === (widthIs(spec.register, 32, size) ? 'ymm' : 'xmm');
  if (spec.file !== 'gpr') return spec.file === operand.file;
  if (operand.file !== 'gpr' && operand.file !== 'high8') return false;
  // Into a segment register every source is 16 bits. MOVMSKPS and its like clear the upper half, so a 64-bit name does as well.
  if (loadsSegment(row)) return operand.size !== 1;
  if (spec.text === 'r32') return operand.size === 4 || operand.size === 8;
  return widthIs(spec.register, operand.size, size);
}

/** Whether `width` of a row means `bytes`. */
function widthIs(width: number, bytes: number, size: Size): boolean {
  switch (width) {
    case 0: return true;
    case WIDTH.v: return bytes === size;
    case WIDTH.y: return bytes === (size === 8 ? 8 : 4);
    case WIDTH.x: return bytes === size;
    case WIDTH.half: return 2 * bytes === size;
    case WIDTH.quarter: return 4 * bytes === size;
    case WIDTH.eighth: return 8 * bytes === size;
    case WIDTH.far: return bytes === 6 || bytes === 10 && size === 8; // FWORD, whatever the operand size.
    default: return bytes === width;
  }
}

function takesValue(spec: OperandSpec, operand: Operand, size: Size, manner: Manner): boolean {
  const value = BigInt.asIntN(64, bigOf(operand.lo, operand.hi));
  if (spec.place === PLACE.one) return value === 1n && !manner.hasLooseImmediate;
  if (spec.place !== PLACE.immediate) return false;
  const width = spec.register === WIDTH.v ? size : spec.register;
  if (!isWithin(value, width)) return false;
  if (spec.encoded === 1 && spec.register === WIDTH.v) {
    const cut = BigInt.asIntN(8 * width, value);
    return !manner.hasLooseImmediate && cut >= -128n && cut <= 127n;
  }
  return width < 8 || spec.encoded === 8 || value === BigInt.asIntN(32, value);
}

/** Whether `bytes` hold the value, be it signed or unsigned. */
function isWithin(value: bigint, bytes: number): boolean {
  const bits = BigInt(8 * bytes);
  return bytes >= 8 || value >= -(1n << bits - 1n) && value < 1n << bits;
}

/** ah, ch, dh and bh cannot be named beside a REX prefix. */
function isRexPossible(row: Row, operands: readonly Operand[], size: Size): boolean {
  return !operands.some(operand => operand.file === 'high8') || rexOf(row, operands, size) === 0;
}

const BARE_REX = 0x40;

function rexOf(row: Row, operands: readonly Operand[], size: Size): number {
  let rex = row.needsRexW || size === 8 && !row.isDefault64 ? BARE_REX | REX_W : 0;
  operands.forEach((operand, n) => {
    const place = row.operands[n]?.place;
    if (operand.kind === 'mem') {
      if (operand.index >= 8 && operand.index < 16) rex |= BARE_REX | REX_X;
      if (operand.base >= 8 && operand.base < 16) rex |= BARE_REX | REX_B;
    } else if (operand.kind === 'reg' && place !== PLACE.fixed && place !== PLACE.vvvv && place !== PLACE.is4) {
      if (operand.index >= 8) rex |= BARE_REX | (place === PLACE.reg ? REX_R : REX_B);
      if (operand.file === 'gpr' && operand.size === 1 && operand.index >= 4) rex |= BARE_REX;
    }
  });
  return rex;
}

const ESCAPES: Readonly<Record<number, readonly number[]>> = {
  [MAP.primary]: [], [MAP.x0f]: [0x0f], [MAP.x0f38]: [0x0f, 0x38], [MAP.x0f3a]: [0x0f, 0x3a],
};

/** Rows of EVEX are there for their length only. */
export function isEncodable(row: Row): boolean { return row.map < MAP.evex && row.opcode >= 0; }

/**
 * The bytes of a row with operands that fit it. A `rel` or RIP-relative operand's displacement counts from the end of the
 * instruction, as in a decoded one.
 */
export function encode(row: Row, operands: readonly Operand[], size: Size, manner: Manner = PLAIN): number[] {
  const bytes = prefixesOf(row, operands, size, manner);
  const rex = rexOf(row, operands, size);
  if (row.map >= MAP.vex) pushVex(bytes, row, operands, size, rex);
  else if (rex !== 0) bytes.push(rex);
  bytes.push(...ESCAPES[row.map] ?? [], row.opcode + addedToOpcode(row, operands, manner));
  if (row.modrm >= 0) bytes.push(row.modrm + (row.adds === 'stack' ? numberOf(row, operands, PLACE.number) : 0));
  else if (row.hasModrm) pushModrm(bytes, row, operands, manner);
  operands.forEach((operand, n) => pushValue(bytes, row.operands[n], operand, size));
  return bytes;
}

/** Three bytes, or two where only R, vvvv, L and the mandatory prefix have something to say (SDM vol. 2 figure 2-9). */
function pushVex(bytes: number[], row: Row, operands: readonly Operand[], size: Size, rex: number): void {
  const vvvv = operands.find((_, n) => row.operands[n]?.place === PLACE.vvvv)?.index ?? 0;
  const length = row.vexLength < 0 ? (size === 32 ? 1 : 0) : row.vexLength;
  const last = (rex & REX_W) << 4 | (~vvvv & 15) << 3 | length << 2 | PP[row.classes]!, map = row.map - MAP.vex;
  if (row.map >= MAP.xop) bytes.push(0x8f, (~rex & (REX_R | REX_X | REX_B)) << 5 | map + 4, last);
  else if (map === MAP.x0f && (rex & (REX_W | REX_X | REX_B)) === 0) bytes.push(0xc5, last | (~rex & REX_R) << 5);
  else bytes.push(0xc4, (~rex & (REX_R | REX_X | REX_B)) << 5 | map, last);
}
const PP: Readonly<Record<number, number>> = { [CLASS.none]: 0, [CLASS.operandSize]: 1, [CLASS.rep]: 2, [CLASS.repne]: 3 };

const OPERAND_SIZE = 0x66, REP = 0xf3, REPNE = 0xf2, ADDRESS_SIZE = 0x67, LOCK = 0xf0;

/** In the order GNU as writes them. */
function prefixesOf(row: Row, operands: readonly Operand[], size: Size, manner: Manner): number[] {
  const isShortAddress = row.isAddress32 || manner.isAddress32 || operands.some(operand => operand.kind === 'mem' && operand.addressSize === 4);
  if (row.map >= MAP.vex) return [manner.segment, isShortAddress ? ADDRESS_SIZE : 0].filter(byte => byte !== 0);
  const repeat = row.classes === CLASS.rep ? REP : row.classes === CLASS.repne ? REPNE : manner.repeat;
  return [
    manner.segment, isShortAddress ? ADDRESS_SIZE : 0, size === 2 || row.classes === CLASS.operandSize ? OPERAND_SIZE : 0,
    repeat, manner.lock ? LOCK : 0,
  ].filter(byte => byte !== 0);
}

function addedToOpcode(row: Row, operands: readonly Operand[], manner: Manner): number {
  return row.adds === 'condition' ? manner.condition : row.adds === 'register' ? numberOf(row, operands, PLACE.opcode) : 0;
}

/** The three bits of the register that the encoding keeps at `place`: ah, ch, dh and bh come after al, cl, dl and bl. */
function numberOf(row: Row, operands: readonly Operand[], place: number): number {
  const operand = operands.find((_, n) => row.operands[n]?.place === place);
  if (operand === undefined) return 0;
  return operand.file === 'high8' ? operand.index + 4 : operand.index & 7;
}

function pushModrm(bytes: number[], row: Row, operands: readonly Operand[], manner: Manner): void {
  const field = (row.digit >= 0 ? row.digit : numberOf(row, operands, PLACE.reg)) << 3;
  const at = row.operands.findIndex(spec => spec.place === PLACE.address || spec.place === PLACE.number);
  const operand = operands[at];
  if (operand?.kind === 'mem') pushMemory(bytes, field, operand, manner.hasLooseDisplacement);
  else bytes.push(0xc0 | field | (at < 0 ? 0 : numberOf(row, operands, row.operands[at]?.place ?? 0)));
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
function pushValue(bytes: number[], spec: OperandSpec | undefined, operand: Operand, size: Size): void {
  switch (spec?.place) {
    case PLACE.immediate: {
      const width = spec.encoded === WIDTH.z ? (size === 2 ? 2 : 4) : spec.encoded;
      pushLittle(bytes, operand.lo, Math.min(width, 4));
      if (width === 8) pushLittle(bytes, operand.hi, 4);
      return;
    }
    case PLACE.is4: bytes.push(operand.index << 4); return;
    case PLACE.relative: return pushLittle(bytes, operand.disp, distanceBytesOf(spec));
    case PLACE.offset: {
      pushLittle(bytes, operand.disp, 4);
      if (operand.addressSize === 8) pushLittle(bytes, operand.dispHigh, 4);
    }
  }
}

/** Bytes of a distance: branches of 16 bits are not written. */
function distanceBytesOf(spec: OperandSpec): number { return spec.encoded === WIDTH.z ? 4 : spec.encoded; }
export function branchBytesOf(row: Row): number {
  const spec = row.operands.find(candidate => candidate.place === PLACE.relative);
  return spec === undefined ? 0 : distanceBytesOf(spec);
}

function pushLittle(bytes: number[], value: number, width: number): void {
  for (let k = 0; k < width; k++) bytes.push(value >> 8 * k & 0xff);
}
