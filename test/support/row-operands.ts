/** Random operands for a row of the tables: what a round trip through encoder and decoder starts from. */
import { SLOT } from '../../src/base/layout.ts';
import type { Size } from '../../src/base/types.ts';
import { isGather } from '../../src/decoder/encode.ts';
import { immediate, memory, NONE, register, relative, vectorMemory, type Operand } from '../../src/decoder/instruction.ts';
import { PLACE, WIDTH, type OperandSpec, type Row } from '../../src/decoder/rows.ts';
import type { Random } from './random.ts';

/** Operands that the row takes at this operand size, but for combinations that cannot be encoded (ah beside r8). */
export function randomOperands(row: Row, size: Size, random: Random): Operand[] {
  for (;;) {
    const operands = row.operands.map(spec => randomOperand(row, spec, size, random));
    if (!isGather(row) || new Set(operands.map(operand => operand.index)).size === operands.length) return operands;
  }
}

function randomOperand(row: Row, spec: OperandSpec, size: Size, random: Random): Operand {
  switch (spec.place) {
    case PLACE.fixed: return register(spec.file, spec.number, widthOf(spec.register, size));
    case PLACE.one: return immediate(1, 1, 0);
    case PLACE.immediate: return randomValue(spec, size, random);
    case PLACE.relative: return relative(spec.encoded === 1 ? (random.word() << 24) >> 24 : random.word() >> 12, 8);
    case PLACE.is4: return register(widthOf(spec.register, size) === 32 ? 'ymm' : 'xmm', random.below(16), widthOf(spec.register, size));
    case PLACE.offset: return memory(widthOf(spec.memory, size), NONE, NONE, 0, random.word() | 0, NONE, 8, random.word() | 0);
  }
  if (spec.vectorIndex !== 0) return randomGather(spec, size, random);
  const canBeMemory = spec.memory !== WIDTH.never, canBeRegister = spec.register !== WIDTH.never;
  if (canBeMemory && (!canBeRegister || random.below(2) === 0)) return randomMemory(widthOf(spec.memory, size), random);
  return randomRegister(row, spec, size, random);
}

function widthOf(width: number, size: Size): Size {
  if (width === WIDTH.v) return size;
  if (width === WIDTH.y) return size === 8 ? 8 : 4;
  if (width <= WIDTH.x && width >= WIDTH.eighth) return size >> (WIDTH.x - width) as Size;
  return (width === WIDTH.far ? size + 2 : width) as Size;
}

const COUNTS: Readonly<Record<string, number>> = { mmx: 8, st: 8, segment: 6, mask: 8 };
function randomRegister(row: Row, spec: OperandSpec, size: Size, random: Random): Operand {
  const width = widthOf(spec.register, size);
  if (width === 1 && spec.file === 'gpr' && random.below(4) === 0) return register('high8', random.below(4), 1);
  if (spec.file === 'control') return register('control', random.pick([0, 2, 3, 4, 8]), 8);
  if (spec.file === 'debug') return register('debug', random.below(8), 8);
  // CS cannot be loaded.
  if (spec.file === 'segment' && spec === row.operands[0]) return register('segment', random.pick([0, 2, 3, 4, 5]), 2);
  if (spec.file === 'xmm' && width === 32) return register('ymm', random.below(16), 32);
  return register(spec.file, random.below(COUNTS[spec.file] ?? 16), width);
}

function randomGather(spec: OperandSpec, size: Size, random: Random): Operand {
  const base = random.below(6) === 0 ? NONE : random.below(16);
  return vectorMemory(spec.memory as Size, base, widthOf(spec.vectorIndex, size) === 32 ? 'ymm' : 'xmm', random.below(16), random.below(4), random.word() | 0, NONE, 8);
}

function randomMemory(size: Size, random: Random): Operand {
  const addressSize = random.below(8) === 0 ? 4 : 8;
  const disp = random.pick([0, random.word() & 0x7f, -(random.word() & 0x7f), random.word() | 0]);
  if (random.below(6) === 0) return memory(size, SLOT.rip, NONE, 0, disp, NONE, addressSize);
  const index = random.pick([NONE, ...Array.from({ length: 16 }, (_, n) => n).filter(n => n !== 4)]);
  const base = random.below(6) === 0 ? NONE : random.below(16);
  return memory(size, base, index, index === NONE ? 0 : random.below(4), disp, NONE, addressSize);
}

function randomValue(spec: OperandSpec, size: Size, random: Random): Operand {
  const bytes = spec.encoded === WIDTH.z ? (size === 2 ? 2 : 4) : spec.encoded;
  if (bytes === 8) return immediate(8, random.word() | 0, random.word() | 0);
  const value = BigInt.asIntN(8 * bytes, BigInt(random.word()));
  return immediate(8, Number(BigInt.asIntN(32, value)), value < 0n ? -1 : 0);
}
