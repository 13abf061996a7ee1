/** From opcode, prefixes and ModRM to the encoding they mean (SDM vol. 2, appendix A): what was met, what is usual, or what a row says. Reads rows as opcodes are met. */
import { assert } from '../base/assert.ts';
import { type Cursor, REX_W, REX_B } from './cursor.ts';
import { Encoding, encodingOf, type EncodingWords, MOD_REGISTER } from './encoding.ts';
import { PREFIX } from './instruction.ts';
import { CLASS, MAP, opcodesOf, type Row, RowReader } from './rows.ts';

/** Better matches win: a mandatory prefix, then a whole ModRM byte, a digit, another condition. Equals: the first row. */
const WEIGHT = { prefix: 8, modrm: 4, digit: 2, other: 1 } as const;

/** What order decides about among prefixes: of two of these the last counts. */
const REPEATS = PREFIX.rep | PREFIX.repne, SEGMENTS = PREFIX.fs | PREFIX.gs;
/** What of ModRM decides, beside whether mod is 3: reg, or all of it. Without ModRM it is REX.B. */
export const DECIDES = { nothing: 0, mod: 1, digit: 2, all: 3 } as const;
/** A key is all that decides: at its low end what DECIDES says, above it REX.W and whether there is REX, pp and L of a VEX prefix, and legacy prefixes. */
export const KEY = { rexB: 1, register: 8, rex: 0x48, rexBit: 5, vex: 7, vexBit: 12, prefixBit: 15 } as const;

/** Numbered, over all indexes: what others keep by them is of one process. */
let kinds = 0;

/** The encodings of one opcode of one map. */
export class Slot {
  /** One of DECIDES: nothing where there is no ModRM. */
  readonly decides: number;
  private readonly index: RowIndex;
  readonly opcode: number;
  private known: readonly Row[] | null = null;
  /** Those met, by all that decides. null: undefined. */
  private readonly met = new Map<number, Encoding | null>();

  constructor(index: RowIndex, opcode: number, decides: number) { this.index = index; this.opcode = opcode; this.decides = decides; }
  private get rows(): readonly Row[] { return this.known ??= this.index.rows(this.opcode); }
  /** Of the instruction whose prefixes, opcode and ModRM the cursor has read. */
  find(c: Cursor): Encoding | null {
    const encoding = this.met.get(c.key);
    return encoding !== undefined ? encoding : this.make(c);
  }
  private make(c: Cursor): Encoding | null {
    const { index, opcode } = this, { prefixes, key } = c, isKept = (prefixes & REPEATS) !== REPEATS && (prefixes & SEGMENTS) !== SEGMENTS && index.encodings < index.encodingsMax;
    if (isKept) { index.encodings += 1; kinds += 1; }
    const number = isKept ? kinds : 0, encoding = (isKept ? index.usual(opcode, key, number) : null) ?? this.encoding(c, number);
    if (isKept) this.met.set(key, encoding);
    return encoding;
  }
  private encoding(c: Cursor, number: number): Encoding | null {
    const words = this.wordsOf(c);
    return words === null ? null : new Encoding(words.mnemonic, words.operation, words.words, 0, number);
  }
  wordsOf(c: Cursor): EncodingWords | null {
    const row = this.choose(c);
    return row === null ? null : encodingOf(row, c);
  }
  private choose(c: Cursor): Row | null {
    let best: Row | null = null, most = -1;
    for (const row of this.rows) {
      const fits = matches(row, c)
        && (row.hasModrm ? matchesModrm(row, c.modrm) : !(row.needsNoRexB && (c.rex & REX_B) !== 0) && (!row.isAddress32 || c.addressSize === 4));
      const weight = fits ? weightOf(row) : -1;
      if (weight > most) { best = row; most = weight; }
    }
    return best;
  }
}

function matches(row: Row, c: Cursor): boolean {
  const isWide = (c.rex & REX_W) !== 0;
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

/**
 * Encodings that most programs have, as a builder writes them down: of `opcodes[n]` (they ascend), where `decides[n]` says what of ModRM decides, that which `keys[n]`
 * means begins at `starts[n]` in `words`, with its two names' numbers in `names`.
 */
export interface UsualEncodings {
  readonly opcodes: readonly number[];
  readonly decides: readonly number[];
  readonly keys: readonly number[];
  readonly starts: readonly number[];
  readonly words: readonly number[];
  readonly names: readonly string[];
}
const NOTHING_USUAL: UsualEncodings = { opcodes: [], decides: [], keys: [], starts: [], words: [], names: [] };
declare const USUAL_ENCODINGS: UsualEncodings | undefined;
/** A guest that makes instructions up is not to fill the memory. */
const ENCODINGS_MAX = 1 << 14;

export class RowIndex {
  private readonly usuals: UsualEncodings;
  readonly encodingsMax: number;
  /** How many are remembered. */
  encodings = 0;
  private reader: RowReader | null = null;
  /** By map * 256 + opcode, those that were met. */
  readonly slots: (Slot | undefined)[] = new Array<undefined>(MAP.count << 8);

  constructor(usual = typeof USUAL_ENCODINGS === 'undefined' ? NOTHING_USUAL : USUAL_ENCODINGS, encodingsMax = ENCODINGS_MAX) { this.usuals = usual; this.encodingsMax = encodingsMax; }
  /** A slot that is not among them. */
  build(opcode: number): Slot {
    const { opcodes, decides } = this.usuals, n = firstOf(opcodes, opcode);
    return this.slots[opcode] = new Slot(this, opcode, opcodes[n] === opcode ? decides[n]! : decidesFor(this.rows(opcode)));
  }
  rows(opcode: number): readonly Row[] {
    const reader = this.reader ??= new RowReader(), { opcodes, lines } = typeof OPCODE_LINES === 'undefined' ? this.lines ??= opcodeLines(reader.lines) : OPCODE_LINES, rows: Row[] = [];
    for (let n = firstOf(opcodes, opcode); opcodes[n] === opcode; n++) rows.push(reader.row(lines[n]!));
    return rows;
  }
  private lines: OpcodeLines | null = null;
  /** null: that is none of them. */
  usual(opcode: number, key: number, number: number): Encoding | null {
    const { opcodes, keys, starts, words, names } = this.usuals;
    for (let n = firstOf(opcodes, opcode); opcodes[n] === opcode; n++) if (keys[n] === key) {
      const at = starts[n]!;
      return new Encoding(names[words[at]!]!, names[words[at + 1]!]!, words, at + 2, number);
    }
    return null;
  }
}
function decidesFor(rows: readonly Row[]): number {
  const hasModrm = rows.length > 0 && rows[0]!.hasModrm;
  let decides: number = hasModrm ? DECIDES.mod : DECIDES.nothing;
  for (const row of rows) {
    if (row.hasModrm !== hasModrm) assert(false, `${row.names[0]} and its neighbours disagree about ModRM`);
    if (row.modrm >= 0) decides = DECIDES.all; else if (row.digit >= 0 && decides === DECIDES.mod) decides = DECIDES.digit;
  }
  return decides;
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
