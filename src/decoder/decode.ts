/** Bytes to instructions (SDM vol. 2, ch. 2): prefixes, opcode, ModRM, SIB, displacement, immediates. What they mean is in the rows. */
import type { Size } from '../base/types.ts';
import { SLOT } from '../base/layout.ts';
import { Cursor, LEGACY } from './cursor.ts';
import { type Decode, Instruction, NONE, type Operand, PREFIX } from './instruction.ts';
import { operandOf, operandSize, widthOf } from './operands.ts';
import { Patterns } from './pattern.ts';
import { RowIndex } from './row-index.ts';
import { FAMILIES, MAP, type Row } from './rows.ts';

/** "The maximum length of an Intel 64 and IA-32 instruction remains 15 bytes." — SDM vol. 2 §2.3.11 */
const LENGTH_MAX = 15;
export const UNDEFINED_ROW = -1;

const index = new RowIndex(), patterns = new Patterns();
/** One will do: nothing is decoded while something is. */
const cursor = new Cursor();

/** Legacy prefixes in any order, then REX; one that is not the last is ignored (SDM vol. 2 §2.2.1). */
export const decode: Decode = (bytes, start, end) => {
  const limit = end - start > LENGTH_MAX ? start + LENGTH_MAX : end;
  let at = start, prefixes = 0, rex = 0, repeat = 0, segment: number = NONE;
  for (; at < limit; at++) {
    const byte = bytes[at]!, legacy = LEGACY[byte]!;
    if (legacy !== 0) {
      prefixes |= legacy; rex = 0;
      if (byte >= 0xf2) repeat = byte; else if (byte === 0x64) segment = SLOT.fs; else if (byte === 0x65) segment = SLOT.gs;
    } else if ((byte & 0xf0) === 0x40) rex = byte; else break;
  }
  const known = patterns.find(cursor, bytes, start, at, limit, prefixes, rex);
  if (known !== null) return known;
  cursor.begin(bytes, start, at, limit, prefixes, rex, repeat, segment);
  const row = readOpcode(cursor), instruction = row === null ? null : instructionOf(cursor, row);
  if (cursor.isShort) return end - start < LENGTH_MAX ? null : undefinedInstruction(cursor);
  if (instruction === null) return undefinedInstruction(cursor);
  patterns.add(cursor, row!, instruction);
  return instruction;
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
  c.tail = c.at;
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

function nameOf(row: Row, size: Size, condition: number): string {
  const { names } = row;
  if (row.adds === 'condition') return FAMILIES[names[0]!]![condition]!;
  if (names.length === 1) return names[0]!;
  if (size === 2) return names[0]!;
  return names.length === 2 || size === 4 ? names[1]! : names[2]!;
}
