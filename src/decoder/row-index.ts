/** From opcode, prefixes and ModRM to the row they mean (SDM vol. 2, appendix A). Fills itself as opcodes are met. */
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

export class RowIndex {
  private readonly reader = new RowReader();
  /** Numbers of the rows of each slot (map * 256 + opcode). */
  private readonly numbers: (number[] | undefined)[] = new Array<undefined>(MAP.count << 8);
  /** By map: the row that takes all other opcodes. */
  private readonly others = new Map<number, number[]>();
  private readonly slots: (Slot | null | undefined)[] = new Array<undefined>(MAP.count << 8);


  constructor() { this.index(0); }
  /** The lines from number `from` on. */
  private index(from: number): void {
    const { lines } = this.reader;
    for (let number = from; number < lines.length; number++) {
      const { first, count } = opcodesOf(lines[number]!);
      if (count === 256) this.others.set(first >> 8, [number]);
      else for (let slot = first; slot < first + count; slot++) this.add(slot, number);
    }
  }
  /** false: there are no more rows. */
  private addMore(): boolean {
    const from = this.reader.lines.length, isMore = this.reader.addMore();
    this.index(from);
    return isMore;
  }
  private add(slot: number, number: number): void {
    const known = this.numbers[slot];
    if (known === undefined) this.numbers[slot] = [number];
    else known.push(number);
  }
  /** null: no row has this opcode. */
  slot(map: number, opcode: number): Slot | null {
    const at = (map << 8) | opcode, slot = this.slots[at];
    return slot !== undefined ? slot : this.slots[at] = this.build(at);
  }
  private numbersAt(at: number): readonly number[] | undefined { return this.numbers[at] ?? this.others.get(at >> 8); }
  private build(at: number): Slot | null {
    let numbers = this.numbersAt(at);
    while (numbers === undefined && at >= MAP.vex << 8 && this.addMore()) numbers = this.numbersAt(at);
    return numbers === undefined ? null : new Slot(numbers.map(number => this.reader.row(number)));
  }
}
