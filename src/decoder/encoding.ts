/**
 * Encodings: what instructions have in common that differ only in registers, addresses and values (SDM vol. 2 §2.1). A row leaves sizes and kinds of operands
 * open; prefixes, opcode and, of ModRM, mod and a digit close them. Made when the first such instruction is met; the others cost a look, and reading their operands.
 */
import { SLOT } from '../base/layout.ts';
import type { Size } from '../base/types.ts';
import { type Cursor, REX_W, REX_R, VVVV } from './cursor.ts';
import { type Flow, Instruction, type InstructionKind, NONE, type Operand, PREFIX } from './instruction.ts';
import { addressFinder, addressOf, type Finder, finderOf, hasValue, operandOf, widthOf, wordOf } from './operands.ts';
import { FAMILIES, type Row } from './rows.ts';

/** ModRM from here on: mod is 3. */
export const MOD_REGISTER = 0xc0;

const FLOWS: readonly Flow[] = ['next', 'jump', 'jump-indirect', 'branch', 'call', 'call-indirect', 'return', 'stop'];
const REPS = [null, 'rep', 'repne'] as const, SEGMENTS: readonly number[] = [NONE, SLOT.fs, SLOT.gs];
/** Where the first word has what. */
const BIT = { condition: 10, flow: 14, rep: 17, lock: 19, isRefused: 20, hasMemory: 21, hasVvvv: 22, isShortAddress: 23, segment: 24, hiddenBytes: 26 } as const;
/** The second: the row, and how many operands there are. */
const COUNT_BIT = 12;
/** What is no operand comes first: flags and small numbers, row, prefixes. */
const HEAD_WORDS = 3;
/** Where a key of register numbers has REX's three and what VEX has; the opcode and ModRM are below. */
const REX_BIT = 16, VEX_BIT = 19, REX_NUMBERS = 7;
/** A guest that makes instructions up is not to fill the memory. */
const MET_MAX = 1 << 14;
let metCount = 0;

/** An encoding as names and numbers: what a builder can write down. */
export interface EncodingWords { readonly mnemonic: string; readonly operation: string; readonly words: readonly number[] }

/** @param c has prefixes, opcode and ModRM of such an instruction */
export function encodingOf(row: Row, c: Cursor): EncodingWords {
  const size = operandSize(c, row), condition = row.adds === 'condition' ? c.opcode & 15 : row.condition, { repeat, prefixes, segment } = c;
  const hasMemory = row.hasModrm && c.modrm < MOD_REGISTER && !row.hasNoAddress, lock = (prefixes & PREFIX.lock) !== 0, rep = !row.rep || repeat === 0 ? 0 : repeat === 0xf3 ? 1 : 2;
  const flag = (is: boolean, bit: number): number => is ? 1 << bit : 0;
  const head = widthOf(c, row.size, size) | condition << BIT.condition | FLOWS.indexOf(row.flow) << BIT.flow | rep << BIT.rep | flag(lock, BIT.lock) | flag(lock && !(row.lock && hasMemory), BIT.isRefused)
    | flag(hasMemory, BIT.hasMemory) | flag(row.hasVvvv, BIT.hasVvvv) | flag(c.addressSize === 4, BIT.isShortAddress) | SEGMENTS.indexOf(segment) << BIT.segment | row.hiddenBytes << BIT.hiddenBytes;
  return { mnemonic: nameOf(row, size, condition), operation: row.operation, words: [head, row.index | row.operands.length << COUNT_BIT, prefixes, ...row.operands.map(spec => wordOf(spec, c, size, hasMemory))] };
}

export class Encoding {
  /** Of all its instructions. */
  private readonly kind: InstructionKind;
  private readonly finders: readonly Finder[];
  /** Of the memory that ModRM names, if it does. */
  private readonly address: Finder | null;
  private readonly hasVvvv: boolean;
  private readonly hiddenBytes: number;
  /** LOCK is where it may not be. */
  private readonly isRefused: boolean;
  /** Instructions of registers alone, by those. null: there are none. */
  private readonly met: Map<number, Instruction> | null;

  /** @param at where its words begin @param number InstructionKind.number */
  constructor(mnemonic: string, operation: string, words: readonly number[], at: number, number: number) {
    const head = words[at]!, row = words[at + 1]!, finders: Finder[] = [], is = (bit: number): boolean => (head & 1 << bit) !== 0;
    for (let n = 0; n < row >> COUNT_BIT; n++) finders.push(finderOf(words[at + HEAD_WORDS + n]!));
    this.kind = {
      mnemonic, operation, size: (head & (1 << BIT.condition) - 1) as Size, condition: head >> BIT.condition & 15, lock: is(BIT.lock), rep: REPS[head >> BIT.rep & 3]!, flow: FLOWS[head >> BIT.flow & 7]!,
      prefixes: words[at + 2]!, addressSize: is(BIT.isShortAddress) ? 4 : 8, segment: SEGMENTS[head >> BIT.segment & 3]!, row: row & (1 << COUNT_BIT) - 1, number,
    };
    this.address = is(BIT.hasMemory) ? addressFinder(finders) : null; this.hasVvvv = is(BIT.hasVvvv); this.hiddenBytes = head >> BIT.hiddenBytes; this.isRefused = is(BIT.isRefused);
    this.finders = finders;
    this.met = number === 0 || this.address !== null || this.hiddenBytes !== 0 || finders.some(hasValue) ? null : new Map();
  }
  /** The one whose opcode and ModRM the cursor has read. null: undefined after all, or not all there. */
  instruction(c: Cursor): Instruction | null {
    const { met } = this;
    let registers = 0;
    if (met !== null) {
      registers = c.code | (c.rex & REX_NUMBERS) << REX_BIT | c.vex << VEX_BIT;
      const known = met.get(registers);
      if (known !== undefined && known.length === c.at - c.start) return known;
    }
    const { finders, kind, address } = this, count = finders.length, memory = address === null ? null : addressOf(c, address, kind);
    if ((c.vex & VVVV) !== 0 && !this.hasVvvv) return null;
    if (memory !== null && address!.indexFile !== null && !isGather(c, memory)) return null;
    // Nearly all have one or two.
    const first = count > 0 ? operandOf(c, finders[0]!, kind, memory) : undefined, second = count > 1 ? operandOf(c, finders[1]!, kind, memory) : undefined;
    if (first === null || second === null) return null;
    const operands = count === 1 ? [first] : count === 2 ? [first, second] : count === 0 ? [] : withOthers(c, first, second, finders, kind, memory);
    if (count > 2 && operands.includes(null)) return null;
    if (this.hiddenBytes !== 0) c.skip(this.hiddenBytes);
    if (this.isRefused || c.isShort) return null;
    const made = new Instruction(kind, c.at - c.start, operands as Operand[], c.code, first, second);
    if (met !== null && metCount < MET_MAX) { metCount += 1; met.set(registers, made); }
    return made;
  }
}
function withOthers(c: Cursor, first: Operand | undefined, second: Operand | undefined, finders: readonly Finder[], kind: InstructionKind, memory: Operand | null): (Operand | null | undefined)[] {
  return finders.map((finder, n) => n === 0 ? first : n === 1 ? second : operandOf(c, finder, kind, memory));
}

/** SDM vol. 1 table 3-4; stack and branch instructions have no 4 ("default 64"). */
function operandSize(c: Cursor, row: Row): Size {
  if ((c.rex & REX_W) !== 0 && !row.isMax32) return 8;
  if ((c.prefixes & PREFIX.operandSize) !== 0 && (c.rex & REX_W) === 0) return 2;
  return row.isDefault64 ? 8 : 4;
}

/** Gathers have a SIB byte, and three different vector registers (SDM vol. 2 §2.3.12). */
function isGather({ modrm, rex, vvvv }: Cursor, { index }: Operand): boolean {
  const target = modrm >> 3 & 7 | (rex & REX_R) << 1;
  return (modrm & 7) === 4 && target !== index && target !== vvvv && index !== vvvv;
}

function nameOf(row: Row, size: Size, condition: number): string {
  const { names } = row;
  if (row.adds === 'condition') return FAMILIES[names[0]!]![condition]!;
  if (names.length === 1) return names[0]!;
  if (size === 2) return names[0]!;
  return names.length === 2 || size === 4 ? names[1]! : names[2]!;
}
