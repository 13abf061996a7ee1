/** The operands of an instruction: how an encoding says they are found, and finding them (SDM vol. 2 §2.1.5, §3.1.1.3). */
import { SLOT } from '../base/layout.ts';
import type { Size } from '../base/types.ts';
import { type Cursor, REX_W, REX_R, REX_X, REX_B } from './cursor.ts';
import { immediate, type InstructionKind, memory, NONE, type Operand, type RegisterFile, relative, vectorMemory } from './instruction.ts';
import { ONE, type Registers, registersOf, STACK_TOP } from './registers.ts';
import { PLACE, type OperandSpec, WIDTH } from './rows.ts';

/** Ways to find an operand: registers by the number in a field; memory; values. */
const WAY = { reg: 0, rm: 1, opcode: 2, vvvv: 3, is4: 4, memory: 5, vectorMemory: 6, immediate: 7, relative: 8, offset: 9, known: 10 } as const;
/** Of a place of the rows, where ModRM names no memory. */
const WAYS: Readonly<Record<number, number>> = {
  [PLACE.reg]: WAY.reg, [PLACE.address]: WAY.rm, [PLACE.number]: WAY.rm, [PLACE.opcode]: WAY.opcode, [PLACE.vvvv]: WAY.vvvv, [PLACE.is4]: WAY.is4,
  [PLACE.immediate]: WAY.immediate, [PLACE.relative]: WAY.relative, [PLACE.offset]: WAY.offset, [PLACE.fixed]: WAY.known, [PLACE.one]: WAY.known,
};

/** What an encoding decides about an operand. */
export interface Finder {
  readonly way: number;
  /** By the number that the field has. */
  readonly registers: Registers;
  /** Of what is always the same. */
  readonly known: Operand | null;
  /** Bytes of memory or value that take part. */
  readonly size: Size;
  /** Bytes of the value in the encoding, and whether it is extended by its sign. */
  readonly bytes: number;
  readonly isSigned: boolean;
  /** Of memory whose index is a vector register. */
  readonly indexFile: 'xmm' | 'ymm' | null;
}
const NO_REGISTERS: Registers = [];
const FILES: readonly RegisterFile[] = ['gpr', 'high8', 'xmm', 'ymm', 'mmx', 'st', 'segment', 'control', 'debug', 'mask'];
/** Where a word has what: way, file, flags, bytes of the value (or, of what is known, 1: it is the number 1), number of the register, size. */
const BIT = { file: 4, hasRex: 8, isSigned: 9, isYmm: 10, bytes: 11, number: 15, size: 19 } as const;

/** The word that says how such an operand is found. @param c has prefixes, opcode and ModRM of such an instruction @param size the operand size @param hasMemory whether ModRM names memory */
export function wordOf(spec: OperandSpec, c: Cursor, size: Size, hasMemory: boolean): number {
  const { place } = spec, isMemory = place === PLACE.address && hasMemory, isValue = place === PLACE.immediate || place === PLACE.relative;
  const own = widthOf(c, isMemory || place === PLACE.offset ? spec.memory : spec.register, size), way = !isMemory ? WAYS[place]! : spec.vectorIndex === 0 ? WAY.memory : WAY.vectorMemory;
  const file = spec.file === 'xmm' && own === 32 ? 'ymm' : spec.file, isYmm = spec.vectorIndex !== 0 && widthOf(c, spec.vectorIndex, size) === 32;
  return way | FILES.indexOf(file) << BIT.file | (c.hasRex ? 1 << BIT.hasRex : 0) | (spec.isSigned ? 1 << BIT.isSigned : 0) | (isYmm ? 1 << BIT.isYmm : 0)
    | (isValue ? widthOf(c, spec.encoded, size) : place === PLACE.one ? 1 : 0) << BIT.bytes | (spec.number & 15) << BIT.number | (place === PLACE.relative ? size : own) << BIT.size;
}
/** By the word: encodings share them. */
const made = new Map<number, Finder>();
export function finderOf(word: number): Finder {
  const known = made.get(word);
  if (known !== undefined) return known;
  const finder = makeFinder(word);
  made.set(word, finder);
  return finder;
}
function makeFinder(word: number): Finder {
  const way = word & 15, file = FILES[word >> BIT.file & 15]!, bytes = word >> BIT.bytes & 15, size = word >>> BIT.size;
  const registers = way <= WAY.is4 || way === WAY.known ? registersOf(file, size, (word & 1 << BIT.hasRex) !== 0) : NO_REGISTERS;
  const known = way !== WAY.known ? null : bytes === 1 ? ONE : file === 'st' ? STACK_TOP : registers[word >> BIT.number & 15]!;
  return { way, registers, known, size: size as Size, bytes, isSigned: (word & 1 << BIT.isSigned) !== 0, indexFile: way !== WAY.vectorMemory ? null : (word & 1 << BIT.isYmm) !== 0 ? 'ymm' : 'xmm' };
}

/** Whether bytes behind ModRM, SIB and displacement say something of it. */
export function hasValue({ way }: Finder): boolean { return way === WAY.is4 || (way >= WAY.immediate && way <= WAY.offset); }

/** Bytes that a width of the notation means. */
export function widthOf(c: Cursor, width: number, size: Size): number {
  if (width >= 0) return width;
  switch (width) {
    case WIDTH.v: return size;
    case WIDTH.y: return (c.rex & REX_W) !== 0 ? 8 : 4;
    case WIDTH.far: return size === 2 ? 4 : 6;
    case WIDTH.z: return size === 2 ? 2 : 4;
    case WIDTH.x: return 16 << c.vexLength;
    case WIDTH.half: return 8 << c.vexLength;
    case WIDTH.quarter: return 4 << c.vexLength;
    default: return 2 << c.vexLength; // WIDTH.eighth
  }
}

/** Of the memory that ModRM names, which need not be an operand. */
export function addressFinder(finders: readonly Finder[]): Finder { return finders.find(({ way }) => way === WAY.memory || way === WAY.vectorMemory) ?? finderOf(WAY.memory); }
/** The operand in memory: reads SIB and displacement (SDM vol. 2 tables 2-2 and 2-3). Where its index is a vector register, there is one. */
export function addressOf(c: Cursor, { size, indexFile }: Finder, { segment, addressSize }: InstructionKind): Operand {
  const { code, rex } = c, mod = code >> 6 & 3;
  let low = code & 7, base: number = NONE, index: number = NONE, shift = 0, displacementBytes = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (low === 4) {
    const sib = c.byte(), number = sib >> 3 & 7 | ((rex & REX_X) === 0 ? 0 : 8);
    low = sib & 7;
    if (number !== 4 || indexFile !== null) { index = number; shift = sib >> 6; }
    if (low === 5 && mod === 0) displacementBytes = 4; else base = (rex & REX_B) === 0 ? low : low + 8;
  } else if (low === 5 && mod === 0) {
    base = SLOT.rip; displacementBytes = 4;
  } else base = (rex & REX_B) === 0 ? low : low + 8;
  const displacement = displacementBytes === 0 ? 0 : c.signed(displacementBytes);
  return indexFile === null ? memory(size, base, index, shift, displacement, segment, addressSize) : vectorMemory(size, base, indexFile, index, shift, displacement, segment, addressSize);
}
/** null: there is no such register. @param address the operand in memory, if there is one */
export function operandOf(c: Cursor, finder: Finder, kind: InstructionKind, address: Operand | null): Operand | null {
  switch (finder.way) {
    case WAY.reg: return finder.registers[c.code >> 3 & 7 | (c.rex & REX_R) << 1]!;
    case WAY.rm: return finder.registers[c.code & 7 | (c.rex & REX_B) << 3]!;
    case WAY.opcode: return finder.registers[c.code >> 8 & 7 | (c.rex & REX_B) << 3]!;
    case WAY.vvvv: return finder.registers[c.vvvv]!;
    case WAY.is4: return finder.registers[c.unsigned(1) >> 4]!;
    case WAY.memory: case WAY.vectorMemory: return address;
    case WAY.immediate: return immediateOf(c, finder);
    case WAY.relative: return relative(c.signed(finder.bytes), finder.size);
    case WAY.offset: return offsetOf(c, finder.size, kind);
    default: return finder.known;
  }
}
function immediateOf(c: Cursor, { size, bytes, isSigned }: Finder): Operand {
  if (bytes === 8) {
    const lo = c.signed(4);
    return immediate(size, lo, c.signed(4));
  }
  if (!isSigned) return immediate(size, c.unsigned(bytes), 0);
  const value = c.signed(bytes);
  return immediate(size, value, value >> 31);
}
/** MOV with a whole address in the instruction (SDM vol. 2 §2.2.1.4). */
function offsetOf(c: Cursor, size: Size, { segment, addressSize }: InstructionKind): Operand {
  const lo = c.signed(4);
  return memory(size, NONE, NONE, 0, lo, segment, addressSize, addressSize === 8 ? c.signed(4) : 0);
}
