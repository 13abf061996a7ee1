/** The operands of an instruction, as a row says and a cursor reads them (SDM vol. 2 §2.1.5, §3.1.1.3). */
import type { Size } from '../base/types.ts';
import type { Cursor } from './cursor.ts';
import { immediate, memory, NONE, type Operand, PREFIX, relative, vectorMemory } from './instruction.ts';
import { ONE, registerOf, STACK_TOP } from './registers.ts';
import { PLACE, type OperandSpec, type Row, WIDTH } from './rows.ts';

/** SDM vol. 1 table 3-4; stack and branch instructions have no 4 ("default 64"). */
export function operandSize(c: Cursor, row: Row): Size {
  if ((c.rex & 8) !== 0 && !row.isMax32) return 8;
  if ((c.prefixes & PREFIX.operandSize) !== 0 && (c.rex & 8) === 0) return 2;
  return row.isDefault64 ? 8 : 4;
}

/** Bytes that a width of the notation means. */
export function widthOf(c: Cursor, width: number, size: Size): number {
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
export function operandOf(c: Cursor, spec: OperandSpec, size: Size): Operand | null {
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

