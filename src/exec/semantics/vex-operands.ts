/**
 * How scores of VEX instructions differ from those of SSE (SDM vol. 1 §14.1): a destination of its own, memory at any address, 256 bits as
 * two halves, and zeros above what is written.
 */
import { type Instruction, type Operand, PREFIX, register } from '../../decoder/instruction.ts';
import { lane32, lane64 } from '../primitives/vex.ts';
import type { Ops, Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';

export function isVex(i: Instruction): boolean { return (i.prefixes & PREFIX.vex) !== 0; }
export function isWide(operand: Operand): boolean { return operand.size === 32; }
/** The register that an operand of fewer bytes is part of. */
const WHOLE = Array.from({ length: 16 }, (_, number) => register('xmm', number, 16));

/** An XMM register, and zeros above it. */
export function writeLower(m: Ops, target: Operand, value: Temp): void {
  m.write(target.size === 16 ? target : WHOLE[target.index], value);
  m.clearUpper(target);
}
export function writeBoth(m: Ops, target: Operand, lower: Temp, upper: Temp): void {
  m.write(target, lower);
  m.writeUpper(target, upper);
}
/** A value of 32 bytes. */
export function writeWide(m: Ops, target: Operand, value: Temp): void { writeBoth(m, target, value, m.upper(value)); }
/** The low lane is the value, the others are those of a register. */
export function writeLane(m: Ops, target: Operand, others: Operand, value: Temp, size: 4 | 8): void {
  writeLower(m, target, m.apply(size === 4 ? lane32 : lane64, m.read(others), value));
}
/** The same, and the others are the first source's. */
export function vexScalar(m: Ops, i: Instruction, value: Temp, size: 4 | 8): void { writeLane(m, i.operands[0], i.operands[1], value, size); }

// — shapes: destination, sources —

export function vexUnary(m: Ops, i: Instruction, primitive: Primitive): void {
  const target = i.operands[0], a = m.read(i.operands[1]);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, a, m.upper(a)));
  else writeLower(m, target, m.apply(primitive, a));
}
export function vexUnaryWithImmediate(m: Ops, i: Instruction, primitive: Primitive): void {
  const target = i.operands[0], a = m.read(i.operands[1]), immediate = m.read(i.operands[2]);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, a, m.upper(a), immediate, immediate));
  else writeLower(m, target, m.apply(primitive, a, immediate));
}
export function vexBinary(m: Ops, i: Instruction, primitive: Primitive): void {
  const target = i.operands[0], a = m.read(i.operands[1]), b = m.read(i.operands[2]);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, a, m.upper(a), b, m.upper(b)));
  else writeLower(m, target, m.apply(primitive, a, b));
}
/** Where WebAssembly's operands are the other way round. */
export function vexExchanged(m: Ops, i: Instruction, primitive: Primitive): void {
  const target = i.operands[0], a = m.read(i.operands[1]), b = m.read(i.operands[2]);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, b, m.upper(b), a, m.upper(a)));
  else writeLower(m, target, m.apply(primitive, b, a));
}
/** `shift`: the upper half has its own bits of the immediate, from this one on. */
export function vexBinaryWithImmediate(m: Ops, i: Instruction, primitive: Primitive, shift = 0): void {
  const target = i.operands[0], a = m.read(i.operands[1]), b = m.read(i.operands[2]), immediate = m.read(i.operands[3]);
  if (!isWide(target)) { writeLower(m, target, m.apply(primitive, a, b, immediate)); return; }
  const other = shift === 0 ? immediate : m.shiftRight(immediate, m.constant(shift), 4);
  writeWide(m, target, m.applyBoth(primitive, a, m.upper(a), b, m.upper(b), immediate, other));
}
/** Primitives of three vectors. */
export function vexTernary(m: Ops, i: Instruction, primitive: Primitive, first: Operand, second: Operand, third: Operand): void {
  const target = i.operands[0], a = m.read(first), b = m.read(second), c = m.read(third);
  if (isWide(target)) writeWide(m, target, m.applyBoth(primitive, a, m.upper(a), b, m.upper(b), c, m.upper(c)));
  else writeLower(m, target, m.apply(primitive, a, b, c));
}
