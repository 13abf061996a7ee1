/** Bytes to instructions (SDM vol. 2, ch. 2): prefixes, opcode, ModRM, SIB, displacement, immediates. What they mean is in the rows. */
import type { Size } from '../base/types.ts';
import { Cursor } from './cursor.ts';
import { type Decode, immediate, Instruction, memory, NONE, type Operand, PREFIX, relative, vectorMemory } from './instruction.ts';
import { ONE, registerOf, STACK_TOP } from './registers.ts';
import { RowIndex } from './row-index.ts';
import { FAMILIES, MAP, PLACE, type OperandSpec, type Row, WIDTH } from './rows.ts';

/** "The maximum length of an Intel 64 and IA-32 instruction remains 15 bytes." — SDM vol. 2 §2.3.11 */
const LENGTH_MAX = 15;
export const UNDEFINED_ROW = -1;

const index = new RowIndex();
/** One will do: nothing is decoded while something is. */
const cursor = new Cursor();

export const decode: Decode = (bytes, start, end) => {
  cursor.begin(bytes, start, end - start > LENGTH_MAX ? start + LENGTH_MAX : end);
  const row = readOpcode(cursor);
  const instruction = row === null ? null : instructionOf(cursor, row);
  if (cursor.isShort) return end - start < LENGTH_MAX ? null : undefinedInstruction(cursor);
  return instruction ?? undefinedInstruction(cursor);
};

function undefinedInstruction(c: Cursor): Instruction {
  const length = Math.max(c.at - c.start, 1);
  return new Instruction('ud', 'ud', length, 0, [], 0, false, null, 'stop', c.prefixes, c.addressSize, c.segment, UNDEFINED_ROW, 0);
}

/** Escapes, opcode, and ModRM where there is one. null: no row. */
function readOpcode(c: Cursor): Row | null {
  let opcode = c.byte(), map: number = MAP.primary;
  if (opcode === 0x0f) {
    opcode = c.byte(); map = MAP.x0f;
    if (opcode === 0x38) { opcode = c.byte(); map = MAP.x0f38; } else if (opcode === 0x3a) { opcode = c.byte(); map = MAP.x0f3a; }
  } else if (opcode === 0xc4 || opcode === 0xc5 || opcode === 0x62) {
    map = opcode === 0xc5 ? c.readShortVex() : opcode === 0xc4 ? c.readVex() : c.readEvex();
    if (map < 0) return null;
    opcode = c.byte();
  } else if (opcode === 0x8f && c.isXop) {
    map = c.readXop();
    if (map < 0) return null;
    opcode = c.byte();
  }
  if (c.isShort) return null;
  c.opcode = opcode;
  const slot = index.slot(map, opcode);
  if (slot === null) return null;
  if (slot.hasModrm) c.modrm = c.byte();
  return slot.find(c);
}

/** null: undefined after all. */
function instructionOf(c: Cursor, row: Row): Instruction | null {
  const size = operandSize(c, row);
  if (row.hasModrm) c.readAddress(row);
  if (c.vvvv !== 0 && !row.hasVvvv) return null;
  if (row.isGather && !isGather(c)) return null;
  const specs = row.operands, operands: Operand[] = [];
  for (let n = 0; n < specs.length; n++) {
    const operand = operandOf(c, specs[n]!, size);
    if (operand === null) return null;
    operands.push(operand);
  }
  c.skip(row.hiddenBytes);
  const lock = (c.prefixes & PREFIX.lock) !== 0;
  if (lock && (!row.lock || operands[0]!.kind !== 'mem')) return null;
  const condition = row.adds === 'condition' ? c.opcode & 15 : row.condition;
  const rep = !row.rep ? null : c.repeat === 0xf3 ? 'rep' : c.repeat === 0xf2 ? 'repne' : null;
  const mnemonic = nameOf(row, size, condition), width = widthOf(c, row.size, size) as Size;
  return new Instruction(mnemonic, row.operation, c.at - c.start, width, operands, condition, lock, rep, row.flow,
    c.prefixes, c.addressSize, c.segment, row.index, c.opcode << 8 | c.modrm);
}

/** Gathers have a SIB byte, and three different vector registers (SDM vol. 2 §2.3.12). */
function isGather(c: Cursor): boolean {
  const target = c.modrm >> 3 & 7 | (c.rex & 4) << 1;
  return (c.modrm & 7) === 4 && target !== c.index && target !== c.vvvv && c.index !== c.vvvv;
}

/** SDM vol. 1 table 3-4; stack and branch instructions have no 4 ("default 64"). */
function operandSize(c: Cursor, row: Row): Size {
  if ((c.rex & 8) !== 0 && !row.isMax32) return 8;
  if ((c.prefixes & PREFIX.operandSize) !== 0 && (c.rex & 8) === 0) return 2;
  return row.isDefault64 ? 8 : 4;
}

function nameOf(row: Row, size: Size, condition: number): string {
  const { names } = row;
  if (row.adds === 'condition') return FAMILIES[names[0]!]![condition]!;
  if (names.length === 1) return names[0]!;
  if (size === 2) return names[0]!;
  return names.length === 2 || size === 4 ? names[1]! : names[2]!;
}

/** Bytes that a width of the notation means. */
function widthOf(c: Cursor, width: number, size: Size): number {
  if (width >= 0) return width;
  switch (width) {
    case WIDTH.v: return size;
    case WIDTH.y: return (c.rex & 8) !== 0 ? 8 : 4;
    case WIDTH.far: return size === 2 ? 4 : 6;
    case WIDTH.z: return size === 2 ? 2 : 4;
    case WIDTH.x: return 16 << c.vexLength;
    case WIDTH.half: return 8 << c.vexLength;
    case WIDTH.quarter: return 4 << c.vexLength;
    default: return 2 << c.vexLength; // WIDTH.eighth
  }
}

/** null: there is no such register. */
function operandOf(c: Cursor, spec: OperandSpec, size: Size): Operand | null {
  switch (spec.place) {
    case PLACE.reg: return c.register(spec.file, (c.modrm >> 3) & 7, c.rex & 4, widthOf(c, spec.register, size));
    case PLACE.address:
      if (spec.vectorIndex !== 0) return gathered(c, spec, size);
      if (c.modrm < 0xc0) return memory(widthOf(c, spec.memory, size) as Size, c.base, c.index, c.shift, c.disp, c.segment, c.addressSize);
      return c.register(spec.file, c.modrm & 7, c.rex & 1, widthOf(c, spec.register, size));
    case PLACE.number: return c.register(spec.file, c.modrm & 7, c.rex & 1, widthOf(c, spec.register, size));
    case PLACE.opcode: return c.register(spec.file, c.opcode & 7, c.rex & 1, widthOf(c, spec.register, size));
    case PLACE.fixed: return spec.file === 'st' ? STACK_TOP : registerOf(spec.file, spec.number, widthOf(c, spec.register, size));
    case PLACE.one: return ONE;
    case PLACE.immediate: return immediateOf(c, spec, size);
    case PLACE.vvvv: return c.register(spec.file, c.vvvv & 7, c.vvvv & 8, widthOf(c, spec.register, size));
    case PLACE.is4: return selected(c, spec, size);
    case PLACE.relative: return relative(c.signed(widthOf(c, spec.encoded, size)), size);
    default: return offsetOf(c, widthOf(c, spec.memory, size) as Size); // PLACE.offset
  }
}

/** Memory whose index is a vector register. */
function gathered(c: Cursor, spec: OperandSpec, size: Size): Operand {
  const file = widthOf(c, spec.vectorIndex, size) === 32 ? 'ymm' : 'xmm';
  return vectorMemory(spec.memory as Size, c.base, file, c.index, c.shift, c.disp, c.segment, c.addressSize);
}
/** A register in the upper half of an immediate byte. */
function selected(c: Cursor, spec: OperandSpec, size: Size): Operand | null {
  const byte = c.unsigned(1);
  return c.register(spec.file, byte >> 4 & 7, byte >> 4 & 8, widthOf(c, spec.register, size));
}

function immediateOf(c: Cursor, spec: OperandSpec, size: Size): Operand {
  const width = widthOf(c, spec.register, size) as Size;
  if (spec.encoded === 8) {
    const lo = c.signed(4);
    return immediate(width, lo, c.signed(4));
  }
  const bytes = widthOf(c, spec.encoded, size);
  if (!spec.isSigned) return immediate(width, c.unsigned(bytes), 0);
  const value = c.signed(bytes);
  return immediate(width, value, value >> 31);
}

/** MOV with a whole address in the instruction (SDM vol. 2 §2.2.1.4). */
function offsetOf(c: Cursor, size: Size): Operand {
  const lo = c.signed(4);
  return memory(size, NONE, NONE, 0, lo, c.segment, c.addressSize, c.addressSize === 8 ? c.signed(4) : 0);
}

