/** How SSE scores name their operands: XMM registers as views of 4, 8 or 16 bytes, and memory that must be aligned (SDM vol. 1 §4.1.1). */
import { FORM, register, type Instruction, type Operand } from '../../decoder/instruction.ts';
import type { Ops, Semantics, Temp } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import { isVex, vexBinary, vexBinaryWithImmediate, vexExchanged, vexScalar, vexUnary, vexUnaryWithImmediate } from './vex-operands.ts';

export type LaneSize = 4 | 8;
const REGISTERS = Array.from({ length: 16 }, (_, number) => number);
const VIEWS: Readonly<Record<4 | 8 | 16, readonly Operand[]>> = {
  4: REGISTERS.map(number => register('xmm', number, 4)),
  8: REGISTERS.map(number => register('xmm', number, 8)),
  16: REGISTERS.map(number => register('xmm', number, 16)),
};

export const first = (i: Instruction): Operand => i.operands[0];
export const second = (i: Instruction): Operand => i.operands[1];
export const third = (i: Instruction): Operand => i.operands[2];
export const fourth = (i: Instruction): Operand => i.operands[3];

/** The whole XMM register an operand names. */
export function whole(operand: Operand): Operand { return operand.size === 16 ? operand : VIEWS[16][operand.index]; }
/** Its low lane of `size` bytes. */
export function lane(operand: Operand, size: LaneSize): Operand { return operand.size === size ? operand : VIEWS[size][operand.index]; }
export function isXmm(operand: Operand): boolean { return operand.form === FORM.vector; }
export function isMemory(operand: Operand): boolean { return operand.form === FORM.memory; }

/** XMM register or 16 bytes of memory, which legacy SSE wants aligned. */
export function vectorOf(m: Ops, operand: Operand): Temp {
  return isMemory(operand) ? m.load(m.address(operand), 16, true) : m.read(whole(operand));
}
/** The same where any address will do. */
export function unalignedVectorOf(m: Ops, operand: Operand): Temp {
  return isMemory(operand) ? m.load(m.address(operand), 16) : m.read(whole(operand));
}
/** The low `size` bytes of an XMM register, or as many of memory: an integer Temp. */
export function laneOf(m: Ops, operand: Operand, size: LaneSize): Temp {
  return isMemory(operand) ? m.load(m.address(operand), size) : m.read(lane(operand, size));
}

// — the shapes most instructions have; the destination is operand 0 and always a vector register. VEX has one source more —

/** destination = primitive(destination, source), whole vectors. */
export function binary(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexBinary(m, i, primitive); return; }
    const target = first(i), source = second(i);
    const a = m.read(whole(target));
    const b = vectorOf(m, source);
    m.write(whole(target), m.apply(primitive, a, b));
  };
}
/** destination = primitive(source, destination): where WebAssembly's operands are the other way round. */
export function exchanged(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexExchanged(m, i, primitive); return; }
    const target = first(i), source = second(i);
    const a = m.read(whole(target));
    const b = vectorOf(m, source);
    m.write(whole(target), m.apply(primitive, b, a));
  };
}
/** destination = primitive(destination, source, immediate). */
export function binaryWithImmediate(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexBinaryWithImmediate(m, i, primitive); return; }
    const target = first(i), source = second(i), pattern = third(i);
    const a = m.read(whole(target));
    const b = vectorOf(m, source);
    m.write(whole(target), m.apply(primitive, a, b, m.read(pattern)));
  };
}
/** destination = primitive(source). */
export function unary(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) vexUnary(m, i, primitive);
    else m.write(whole(first(i)), m.apply(primitive, vectorOf(m, second(i))));
  };
}
/** destination = primitive(source, immediate). */
export function unaryWithImmediate(primitive: Primitive): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexUnaryWithImmediate(m, i, primitive); return; }
    const target = first(i), source = second(i), pattern = third(i);
    m.write(whole(target), m.apply(primitive, vectorOf(m, source), m.read(pattern)));
  };
}
/** Low lane = primitive(low lane, source); the rest stays. */
export function scalar(primitive: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexScalar(m, i, m.apply(primitive, m.read(lane(second(i), size)), laneOf(m, third(i), size)), size); return; }
    const target = first(i), source = second(i);
    const a = m.read(lane(target, size));
    const b = laneOf(m, source, size);
    m.write(lane(target, size), m.apply(primitive, a, b));
  };
}
/** Low lane = primitive(source, low lane). */
export function scalarExchanged(primitive: Primitive, size: LaneSize): Semantics {
  return (m, i) => {
    if (isVex(i)) { vexScalar(m, i, m.apply(primitive, laneOf(m, third(i), size), m.read(lane(second(i), size))), size); return; }
    const target = first(i), source = second(i);
    const a = m.read(lane(target, size));
    const b = laneOf(m, source, size);
    m.write(lane(target, size), m.apply(primitive, b, a));
  };
}
/** Low lane of `to` bytes = primitive(source of `from` bytes); the rest stays. */
export function scalarUnary(primitive: Primitive, from: LaneSize, to: LaneSize = from): Semantics {
  return (m, i) => {
    if (isVex(i)) vexScalar(m, i, m.apply(primitive, laneOf(m, third(i), from)), to);
    else m.write(lane(first(i), to), m.apply(primitive, laneOf(m, second(i), from)));
  };
}
