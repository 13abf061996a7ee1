/**
 * What instructions have in common that differ in displacement and immediate only: prefixes, opcode, ModRM and SIB decide all the rest (SDM vol. 2 §2.1).
 * What was met in another instruction costs a look and the numbers. A program's start, which no compiler has optimised yet, has most of its instructions
 * many times over: everything here is in local variables.
 */
import type { Size } from '../base/types.ts';
import type { Cursor } from './cursor.ts';
import { Instruction, memory, type Operand, PREFIX } from './instruction.ts';
import { operandOf, operandSize } from './operands.ts';
import { MAP, type OperandSpec, PLACE, type Row } from './rows.ts';

/** A guest that makes instructions up is not to fill the memory. */
const PATTERNS_MAX = 1 << 14;
/** Of two of these the last counts. */
const REPEATS = PREFIX.rep | PREFIX.repne, SEGMENTS = PREFIX.fs | PREFIX.gs;
/** Legacy prefixes, in PREFIX's bits; and where they, REX and SIB stand in a key. ModRM is below. */
const LEGACY = PREFIX.rex - 1, LEGACY_BIT = 21, REX_BIT = 16, SIB_BIT = 8;
/** What is known of an opcode: nothing; that no ModRM follows it; that one does. */
const OPCODE = { unknown: 0, alone: 1, withModrm: 2 } as const;
/** What may stand between prefixes and displacement: three bytes of opcode, ModRM and SIB. */
const BYTES_MAX = 5;

/** All but the opcode that decides. */
function keyOf(prefixes: number, rex: number, modrm: number, sib: number): number {
  return modrm | sib << SIB_BIT | (rex & 15 | rex >> 2 & 16) << REX_BIT | (prefixes & LEGACY) << LEGACY_BIT;
}
const isAmbiguous = (prefixes: number): boolean => (prefixes & REPEATS) === REPEATS || (prefixes & SEGMENTS) === SEGMENTS;

class Pattern {
  readonly example: Instruction;
  /** Of displacement and value. */
  readonly bytes: number;
  /** The operand with the displacement, and how many bytes that has. */
  private readonly memoryAt: number;
  private readonly displacementBytes: number;
  /** The operand that is an immediate or a distance, if there is one. */
  private readonly valueAt: number;
  private readonly value: OperandSpec | null;
  private readonly size: Size;
  constructor(example: Instruction, bytes: number, memoryAt: number, displacementBytes: number, valueAt: number, value: OperandSpec | null, size: Size) {
    this.example = example; this.bytes = bytes; this.memoryAt = memoryAt; this.displacementBytes = displacementBytes;
    this.valueAt = valueAt; this.value = value; this.size = size;
  }
  /** Those of the example, with the numbers at the cursor. */
  operands(c: Cursor): readonly Operand[] {
    const operands = this.example.operands.slice();
    if (this.displacementBytes !== 0) {
      const o = operands[this.memoryAt]!;
      operands[this.memoryAt] = memory(o.size, o.base, o.index, o.shift, c.signed(this.displacementBytes), o.segment, o.addressSize);
    }
    if (this.value !== null) operands[this.valueAt] = operandOf(c, this.value, this.size)!;
    return operands;
  }
}

export class Patterns {
  /** By map * 256 + opcode. What VEX, EVEX and XOP begin is left out: it decides in other ways. */
  private readonly kinds = new Uint8Array(MAP.vex << 8);
  private readonly byOpcode: (Map<number, Pattern> | undefined)[] = new Array<undefined>(MAP.vex << 8);
  private count = 0;

  /** @param at where the opcode begins. null: no such instruction was met, or it does not end before `end`. */
  find(c: Cursor, bytes: Uint8Array, start: number, at: number, end: number, prefixes: number, rex: number): Instruction | null {
    if (at + BYTES_MAX > end || (prefixes !== 0 && isAmbiguous(prefixes))) return null;
    let opcode = bytes[at++]!, modrm = 0, sib = 0;
    if (opcode === 0x0f) {
      const next = bytes[at++]!;
      opcode = next === 0x38 ? MAP.x0f38 << 8 | bytes[at++]! : next === 0x3a ? MAP.x0f3a << 8 | bytes[at++]! : MAP.x0f << 8 | next;
    }
    const kind = this.kinds[opcode]!;
    if (kind === OPCODE.unknown) return null;
    if (kind === OPCODE.withModrm) {
      modrm = bytes[at++]!;
      if ((modrm & 7) === 4 && modrm < 0xc0) sib = bytes[at++]!;
    }
    const pattern = this.byOpcode[opcode]!.get(keyOf(prefixes, rex, modrm, sib));
    if (pattern === undefined) return null;
    const { example: e, bytes: more } = pattern, length = at + more - start;
    if (at + more > end) return null;
    if (more === 0 && length === e.length) return e;
    c.goTo(bytes, at, end);
    return new Instruction(e.mnemonic, e.operation, length, e.size, pattern.operands(c), e.condition, e.lock, e.rep, e.flow, e.prefixes, e.addressSize, e.segment, e.row, e.code);
  }
  /** Of an instruction that was decoded: the cursor is behind it. Those with more numbers than a displacement and one immediate are left out. */
  add(c: Cursor, row: Row, example: Instruction): void {
    const { operands: specs } = row;
    if (row.map >= MAP.vex || row.hiddenBytes !== 0 || row.hasNoAddress || isAmbiguous(c.prefixes) || this.count === PATTERNS_MAX) return;
    let memoryAt = -1, valueAt = -1;
    for (let n = 0; n < specs.length; n++) {
      const { place } = specs[n]!;
      if (place === PLACE.immediate || place === PLACE.relative) {
        if (valueAt !== -1) return;
        valueAt = n;
      } else if (place === PLACE.offset || place === PLACE.is4) return;
      else if (place === PLACE.address && example.operands[n]!.kind === 'mem') memoryAt = n;
    }
    const opcode = row.map << 8 | c.opcode, value = valueAt === -1 ? null : specs[valueAt]!;
    let known = this.byOpcode[opcode];
    if (known === undefined) {
      this.kinds[opcode] = row.hasModrm ? OPCODE.withModrm : OPCODE.alone;
      this.byOpcode[opcode] = known = new Map();
    }
    known.set(keyOf(c.prefixes, c.rex, c.modrm, c.sib), new Pattern(example, c.at - c.tail, memoryAt, c.displacementBytes, valueAt, value, operandSize(c, row)));
    this.count += 1;
  }
}
