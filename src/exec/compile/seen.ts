/**
 * Vector registers that hold no denormals and NaNs as far as generated code knows, so that operations need not look: what was an operand or a result.
 * Which they are is known when code is written; where that is not so (STATE.floatLimit is 0) every operation looks closely.
 */
import { FORM, type Instruction, PREFIX } from '../../decoder/instruction.ts';
import type { Local } from '../../wasm/code.ts';
import { OP } from '../../wasm/opcode.ts';
import type { Value, Values } from '../../wasm/values.ts';
import type { Block } from '../block.ts';
import type { Shape } from '../lower/primitives/row.ts';

const REGISTERS = 16;
/** The low single, the low double, all singles, all doubles. */
const SEEN: Readonly<Record<Shape, number>> = { f32: 1, f64: 2, f32x4: 1 | 4, f64x2: 2 | 8 };
const SINGLES = SEEN.f32x4, DOUBLES = SEEN.f64x2, ALL = SINGLES | DOUBLES;
const SHAPES = Object.keys(SEEN) as Shape[];

/** Masks by register. */
export type Registers = Uint8Array;
export const nothingSeen = (): Registers => new Uint8Array(REGISTERS);

export class Seen {
  registers: Registers = nothingSeen();
  private readonly v: Values;
  private readonly values = new Map<Value, number>();
  private readonly numbers = new Map<Local, number>();
  constructor(v: Values) { this.v = v; }

  /** For a new function, whose vector registers are these locals. */
  start(locals: readonly Local[]): void {
    this.numbers.clear();
    locals.forEach((local, number) => this.numbers.set(local, number));
    this.registers = nothingSeen();
  }
  /** For a new instruction. */
  begin(): void { this.values.clear(); }
  has(shape: Shape, value: Value): boolean { return (SEEN[shape] & ~this.of(value)) === 0; }
  add(shape: Shape, value: Value): void {
    const { v } = this, number = v.isVariable(value) ? this.numbers.get(v.low(value)) : undefined;
    if (number !== undefined) this.registers[number]! |= SEEN[shape];
    else if (this.isLowLane(value)) this.add(shape, v.child(value));
    else this.values.set(value, (this.values.get(value) ?? 0) | SEEN[shape]);
  }
  /** A register becomes a value. */
  wrote(register: number, value: Value): void { this.registers[register] = this.of(value); }

  private isLowLane(n: Value): boolean { return LANES.some(operation => this.v.isOperation(n, operation)) && this.v.laneOf(n) === 0; }
  private of(n: Value): number {
    const { v } = this, known = this.values.get(n);
    if (known !== undefined) return known;
    if (v.isVariable(n)) { const number = this.numbers.get(v.low(n)); return number === undefined ? 0 : this.registers[number]!; }
    if (this.isLowLane(n)) return this.of(v.child(n));
    if (MOVES.some(operation => v.isOperation(n, operation))) return this.of(v.child(n));
    if (v.isOperation(n, OP['v128.xor'])) return v.child(n) === v.second(n) ? ALL : 0;
    if (v.isOperation(n, OP['f64.convert_i32_s'])) return SEEN.f64;
    const isDouble = v.isOperation(n, OP['f64x2.replace_lane']) || v.isOperation(n, OP['i64x2.replace_lane']);
    if (isDouble) return this.replaced(n, SEEN.f64, DOUBLES);
    return v.isOperation(n, OP['f32x4.replace_lane']) || v.isOperation(n, OP['i32x4.replace_lane']) ? this.replaced(n, SEEN.f32, SINGLES) : 0;
  }
  /** The low lane comes from a scalar, the others from a vector. */
  private replaced(n: Value, low: number, all: number): number {
    const { v } = this, whole = this.of(v.child(n)) & all, lane = this.of(v.second(n)) & low;
    if (v.laneOf(n) !== 0) return whole & low;
    return lane === 0 ? 0 : low | (whole === all ? all : 0);
  }
}
const LANES = [OP['i64x2.extract_lane'], OP['f64x2.extract_lane'], OP['i32x4.extract_lane'], OP['f32x4.extract_lane']];
const MOVES = [OP['f64.reinterpret_i64'], OP['i64.reinterpret_f64'], OP['f32.reinterpret_i32'], OP['i32.reinterpret_f32']];

/** What of a mask is missing, as shapes. */
export function shapesOf(mask: number): Shape[] {
  return SHAPES.filter(shape => (mask & SEEN[shape]) === SEEN[shape] && !SHAPES.some(wider => wider !== shape && (SEEN[wider] & SEEN[shape]) === SEEN[shape] && (mask & SEEN[wider]) === SEEN[wider]));
}

/** What a block does: registers that are operands of float operations before it writes them, and the bits of those it writes. */
interface Operands { readonly used: Registers; readonly written: number }
function operandsOf({ instructions }: Block): Operands {
  const used = nothingSeen();
  let written = 0;
  for (const i of instructions) {
    const shape = shapeOf(i), [target] = i.operands;
    if (shape !== null) i.operands.forEach((o, k) => {
      if (o.form === FORM.vector && (written >> o.index & 1) === 0 && !(k === 0 && ((i.prefixes & PREFIX.vex) !== 0 || UNARY.test(i.operation)))) used[o.index]! |= SEEN[shape];
    });
    if (target?.form === FORM.vector) written |= 1 << target.index;
  }
  return { used, written };
}
/**
 * Registers that are operands of float operations somewhere in a loop with the value they have at its beginning. `nodes` are its nodes, the first one
 * first; others hold something else by the time they are operands, which need not be a float now.
 */
export function operandsOfLoop(nodes: readonly number[], blockOf: (node: number) => Block, next: (node: number) => readonly number[]): Registers {
  const all = new Map(nodes.map(node => [node, operandsOf(blockOf(node))])), live = new Map(nodes.map(node => [node, all.get(node)!.used.slice()]));
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const [node, here] of [...live].reverse()) for (const to of next(node)) live.get(to)?.forEach((mask, register) => {
      const more = here[register]! | ((all.get(node)!.written >> register & 1) !== 0 ? 0 : mask);
      if (more !== here[register]) { here[register] = more; isChanged = true; }
    });
  }
  return live.get(nodes[0]!)!;
}
const ARITHMETIC = /^v?(?:add|sub|mul|div|sqrt|min|max|u?comi|cmp|hadd|hsub|addsub)(ss|sd|ps|pd)$/;
const UNARY = /^v?sqrt/;
const SHAPE_OF_SUFFIX: Readonly<Record<string, Shape>> = { ss: 'f32', sd: 'f64', ps: 'f32x4', pd: 'f64x2' };
function shapeOf(i: Instruction): Shape | null {
  const suffix = ARITHMETIC.exec(i.operation)?.[1];
  return suffix === undefined ? null : SHAPE_OF_SUFFIX[suffix]!;
}
