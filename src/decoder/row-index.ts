/** From opcode, prefixes and ModRM to the row they mean (SDM vol. 2, appendix A). Reads rows as opcodes are met. */
import { assert } from '../base/assert.ts';
import type { Cursor } from './cursor.ts';
import { CLASS, MAP, opcodesOf, type Row, RowReader } from './rows.ts';

const MOD_REGISTER = 0xc0;
/** REX bits. */
const W = 8, B = 1;
/** Better matches win: a mandatory prefix, then a whole ModRM byte, a digit, another condition. Equals: the first row. */
const WEIGHT = { prefix: 8, modrm: 4, digit: 2, other: 1 } as const;

/** The rows of one opcode of one map. */
export class Slot {
  readonly hasModrm: boolean;
  private readonly rows: readonly Row[];
  /** Whether all of ModRM matters, or only its reg and whether mod is 3. */
  private readonly isWhole: boolean;
  /** Remembered by all that chooses among the rows; undefined: not asked for yet. */
  private readonly answers: (Row | null | undefined)[];

  constructor(rows: readonly Row[]) {
    this.rows = rows;
    this.hasModrm = rows[0]!.hasModrm;
    let isWhole = false;
    for (const row of rows) {
      if (row.hasModrm !== this.hasModrm) assert(false, `${row.names[0]} and its neighbours disagree about ModRM`);
      if (row.modrm >= 0) isWhole = true;
    }
    this.isWhole = isWhole;
    this.answers = new Array<undefined>(this.isWhole ? 8 * 256 : rows[0]!.map >= MAP.vex ? 8 * 32 : 8 * 16);
  }
  /** The row of the instruction whose prefixes, opcode and ModRM the cursor has read. */
  find(c: Cursor): Row | null {
    const { modrm } = c;
    const low = this.isWhole ? modrm : this.hasModrm ? modrm >> 3 & 7 | (modrm >= MOD_REGISTER ? 8 : 0)
      : c.rex & B | (c.addressSize === 4 ? 2 : 0);
    const key = low << 3 | c.vexLength << 7 | c.classNumber << 1 | c.rex >> 3 & 1, known = this.answers[key];
    return known !== undefined ? known : this.answers[key] = this.choose(c);
  }
  private choose(c: Cursor): Row | null {
    let best: Row | null = null, most = -1;
    for (const row of this.rows) {
      const fits = matches(row, c)
        && (row.hasModrm ? matchesModrm(row, c.modrm) : !(row.needsNoRexB && (c.rex & B) !== 0) && (!row.isAddress32 || c.addressSize === 4));
      const weight = fits ? weightOf(row) : -1;
      if (weight > most) { best = row; most = weight; }
    }
    return best;
  }
}

function matches(row: Row, c: Cursor): boolean {
  const isWide = (c.rex & W) !== 0;
  return (row.classes & 1 << c.classNumber) !== 0 && (isWide ? !row.needsNoRexW : !row.needsRexW)
    && (row.vexLength < 0 || row.vexLength === c.vexLength);
}
function matchesModrm(row: Row, modrm: number): boolean {
  if (row.modrm >= 0) return row.modrm === (row.adds === 'stack' ? modrm & ~7 : modrm);
  if (row.digit >= 0 && row.digit !== (modrm >> 3 & 7)) return false;
  return row.needs === null || (row.needs === 'register') === (modrm >= MOD_REGISTER);
}

function weightOf(row: Row): number {
  const hasPrefix = row.classes !== CLASS.any && row.classes !== CLASS.noRepeat;
  return (hasPrefix ? WEIGHT.prefix : 0) + (row.modrm >= 0 ? WEIGHT.modrm : 0) + (row.digit >= 0 ? WEIGHT.digit : 0)
    + (row.needsRexW || row.isAddress32 || row.needsNoRexB ? WEIGHT.other : 0);
}

/** Which lines of the tables have which opcodes (map * 256 + opcode): line `lines[n]` has `opcodes[n]`. Opcodes ascend, and of one opcode lines do. */
export interface OpcodeLines { readonly opcodes: readonly number[]; readonly lines: readonly number[] }

export function opcodeLines(lines: readonly string[]): OpcodeLines {
  const byOpcode: (number[] | undefined)[] = new Array<undefined>(MAP.count << 8);
  const others: { readonly first: number; readonly line: number }[] = [];
  lines.forEach((text, line) => {
    const { first, count } = opcodesOf(text);
    if (count === 256) others.push({ first, line });
    else for (let opcode = first; opcode < first + count; opcode++) (byOpcode[opcode] ??= []).push(line);
  });
  // What takes all that no other line of its map does.
  for (const { first, line } of others) for (let opcode = first; opcode < first + 256; opcode++) byOpcode[opcode] ??= [line];
  const all = [...byOpcode.entries()].flatMap(([opcode, some = []]) => some.map(line => [opcode, line] as const));
  return { opcodes: all.map(([opcode]) => opcode), lines: all.map(([, line]) => line) };
}
/** In a bundle, its builder has looked (src/cli/known.ts): to look at every line takes as long as a program of some thousand instructions. */
declare const OPCODE_LINES: OpcodeLines | undefined;

export class RowIndex {
  private readonly reader = new RowReader();
  private readonly known: OpcodeLines = typeof OPCODE_LINES === 'undefined' ? opcodeLines(this.reader.lines) : OPCODE_LINES;
  private readonly slots: (Slot | null | undefined)[] = new Array<undefined>(MAP.count << 8);

  /** null: no row has this opcode. */
  slot(map: number, opcode: number): Slot | null {
    const at = (map << 8) | opcode, slot = this.slots[at];
    return slot !== undefined ? slot : this.slots[at] = this.build(at);
  }
  private build(opcode: number): Slot | null {
    const { opcodes, lines } = this.known, rows: Row[] = [];
    for (let n = firstOf(opcodes, opcode); opcodes[n] === opcode; n++) rows.push(this.reader.row(lines[n]!));
    return rows.length === 0 ? null : new Slot(rows);
  }
}
/** The first place in ascending numbers that has no less than this. */
function firstOf(numbers: readonly number[], least: number): number {
  let from = 0, to = numbers.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (numbers[middle]! < least) from = middle + 1; else to = middle;
  }
  return from;
}
