/** The instruction tables, read: one line of `table/` becomes one `Row` (notation: README.md; SDM vol. 2 §3.1.1). */
import { assert } from '../base/assert.ts';
import type { Flow, RegisterFile } from './instruction.ts';
import { avxRows } from './table/avx.ts';
import { bmiRows } from './table/bmi.ts';
import { evexRows } from './table/evex.ts';
import { fmaRows } from './table/fma.ts';
import { integerRows } from './table/integer.ts';
import { mmxRows } from './table/mmx.ts';
import { sseRows } from './table/sse.ts';
import { systemRows } from './table/system.ts';
import { x87Rows } from './table/x87.ts';
import { xopRows } from './table/xop.ts';

/**
 * Where an operand is kept. `address` is ModRM.rm with ModRM.mod; `number` is ModRM.rm, a register whatever ModRM.mod says;
 * `vvvv` is VEX.vvvv; `is4` the high half of an immediate byte.
 */
export const PLACE = { reg: 0, address: 1, number: 2, opcode: 3, fixed: 4, one: 5, immediate: 6, relative: 7, offset: 8, vvvv: 9, is4: 10 } as const;

/**
 * Widths are bytes (0: none is said), or: `v` the operand size, `y` 8 with REX.W and 4 without, `far` a far pointer of the
 * operand size, `z` 2 or 4 bytes of an immediate; `x` 16, or 32 with VEX.L, and `half`, `quarter`, `eighth` of it; `never`: not taken.
 */
export const WIDTH = { v: -1, y: -2, far: -3, z: -4, x: -5, half: -6, quarter: -7, eighth: -8, never: -9 } as const;

export interface OperandSpec {
  /** As the row has it: `xmm64/m64`. */
  readonly text: string;
  readonly place: number;
  readonly file: RegisterFile;
  /** Bytes of the register, the value or the distance that take part. */
  readonly register: number;
  /** Bytes of the memory operand. */
  readonly memory: number;
  /** `fixed`: which register. */
  readonly number: number;
  /** `immediate` and `relative`: bytes in the encoding. */
  readonly encoded: number;
  /** The value is shorter than its operand and extended by its sign. */
  readonly isSigned: boolean;
  /** Memory whose index is a vector register (VSIB): the width of that. 0: it is not. */
  readonly vectorIndex: number;
}

/** Classes of mandatory prefixes, as bits: none, 66, F3, F2. An encoding has one: F2 and F3 beat 66. */
export const CLASS = { none: 1, operandSize: 2, rep: 4, repne: 8, noRepeat: 3, any: 15 } as const;
/** Legacy opcode maps and, from 8 and 16 on, those of VEX and EVEX. XOP's, 8 to 10, are 12 to 14. */
export const MAP = { primary: 0, x0f: 1, x0f38: 2, x0f3a: 3, vex: 8, xop: 12, evex: 16, count: 24 } as const;

export interface Row {
  readonly index: number;
  /** As written: one name; or two, for operand size 2 and for others; or three, for 2, 4 and 8. `jcc` stands for sixteen. */
  readonly names: readonly string[];
  readonly operation: string;
  readonly map: number;
  /** -1: every opcode of the map that no other row has. */
  readonly opcode: number;
  /** What is added to the opcode, or (`stack`) to the ModRM byte. */
  readonly adds: 'register' | 'condition' | 'stack' | null;
  /** Bits of CLASS it takes. */
  readonly classes: number;
  /** REX.W or VEX.W has to be 1, or (VEX.W) 0. */
  readonly needsRexW: boolean;
  readonly needsNoRexW: boolean;
  /** What VEX.L has to be; -1: anything. */
  readonly vexLength: number;
  /** An operand is in VEX.vvvv; otherwise that has to be 1111. */
  readonly hasVvvv: boolean;
  readonly needsNoRexB: boolean;
  readonly isAddress32: boolean;
  readonly hasModrm: boolean;
  /** ModRM.reg where that is part of the opcode, or -1. */
  readonly digit: number;
  /** ModRM where all of it is part of the opcode (the first of eight with `stack`), or -1. */
  readonly modrm: number;
  /** 'memory': mod must not be 3. 'register': it must. */
  readonly needs: 'memory' | 'register' | null;
  /** ModRM.rm is a register whatever mod says: no SIB, no displacement. */
  readonly hasNoAddress: boolean;
  readonly operands: readonly OperandSpec[];
  /** Immediate bytes that no operand shows. */
  readonly hiddenBytes: number;
  readonly lock: boolean;
  readonly rep: boolean;
  /** The operand size is 8 without REX.W, and never 4. */
  readonly isDefault64: boolean;
  /** The operand size is never 8. */
  readonly isMax32: boolean;
  /** Instruction.size: a number, WIDTH.v or WIDTH.y. */
  readonly size: number;
  readonly condition: number;
  readonly flow: Flow;
}

type Draft = { -readonly [K in keyof OperandSpec]: OperandSpec[K] };

const FIXED: Readonly<Record<string, readonly [file: RegisterFile, number: number, width: number]>> = {
  al: ['gpr', 0, 1], cl: ['gpr', 1, 1], ax: ['gpr', 0, 2], dx: ['gpr', 2, 2], acc: ['gpr', 0, WIDTH.v],
  fs: ['segment', 4, 2], gs: ['segment', 5, 2], st: ['st', 0, 10], xmm0: ['xmm', 0, 16],
};
/** Width of the value, and whether it is extended by sign. */
const VALUES: Readonly<Record<string, readonly [width: number, isSigned: boolean]>> = {
  imm: [WIDTH.v, true], imm8: [1, false], imm8s: [WIDTH.v, true], imm16: [2, false], imm32: [4, false], imm64: [8, false],
};
/** The file a stem names, and the width of its registers where none is said. */
const STEMS: Readonly<Record<string, readonly [file: RegisterFile, width: number]>> = {
  r: ['gpr', WIDTH.v], rm: ['gpr', WIDTH.v], m: ['gpr', WIDTH.v], xmm: ['xmm', 16], mm: ['mmx', 8], sti: ['st', 10],
  sreg: ['segment', 2], cr: ['control', 8], dr: ['debug', 8], x: ['xmm', WIDTH.x], ymm: ['xmm', 32], k: ['mask', 8],
};
const STEM = /^(xmm|[a-z]+?)(\d+|[ypxhqe])?(?:\/m(\d+|[xhqe]))?(?:\.(rm|any|v|is4)|\[(x|xmm)\])?$/;
const WIDTHS: Readonly<Record<string, number>> = {
  y: WIDTH.y, p: WIDTH.far, x: WIDTH.x, h: WIDTH.half, q: WIDTH.quarter, e: WIDTH.eighth,
};
/** Bytes, or one of WIDTH. */
function widthNamed(text: string): number { return WIDTHS[text] ?? Number(text) / 8; }

/** @param encoded bytes of the immediate, where the operand needs one */
function operandSpec(text: string, adds: Row['adds'], encoded: number): OperandSpec {
  const spec: Draft = {
    text, place: PLACE.reg, file: 'gpr', register: WIDTH.never, memory: WIDTH.never, number: -1, encoded: 0, isSigned: false,
    vectorIndex: 0,
  };
  const fixed = FIXED[text], value = VALUES[text];
  if (fixed !== undefined) {
    spec.place = PLACE.fixed; [spec.file, spec.number, spec.register] = fixed;
  } else if (value !== undefined) {
    spec.place = PLACE.immediate; [spec.register, spec.isSigned] = value; spec.encoded = encoded;
  } else if (text === '1') {
    spec.place = PLACE.one; spec.register = 1;
  } else if (text === 'rel') {
    spec.place = PLACE.relative; spec.register = WIDTH.v; spec.encoded = encoded;
  } else if (text === 'moffs' || text === 'moffs8') {
    spec.place = PLACE.offset; spec.memory = text === 'moffs' ? WIDTH.v : 1;
  } else {
    readStem(spec, adds);
  }
  return spec;
}

/** `rm8`, `r/m16`, `xmm64/m64`, `m128`, `mm.rm`, `x.v`, `m32[x]`. */
function readStem(spec: Draft, adds: Row['adds']): void {
  const [, stem = '', width, memory, where, index] = STEM.exec(spec.text) ?? [];
  const known = STEMS[stem];
  assert(known !== undefined, `no operand is called ${spec.text}`);
  const own = width === undefined ? known[1] : widthNamed(width);
  spec.file = known[0];
  if (stem !== 'm') spec.register = own;
  if (memory !== undefined) spec.memory = widthNamed(memory);
  else if (stem === 'm' || stem === 'rm') spec.memory = own;
  if (index !== undefined) spec.vectorIndex = index === 'x' ? WIDTH.x : 16;
  if (where === 'any') spec.place = PLACE.number;
  else if (where === 'v') spec.place = PLACE.vvvv;
  else if (where === 'is4') spec.place = PLACE.is4;
  else if (where === 'rm' || spec.memory !== WIDTH.never) spec.place = PLACE.address;
  else if (stem === 'sti') spec.place = PLACE.number;
  else if (adds === 'register') spec.place = PLACE.opcode;
}

const CLASSES: ReadonlyMap<string, number> = new Map([['np', CLASS.none], ['nfx', CLASS.noRepeat], ['66', CLASS.operandSize], ['f3', CLASS.rep], ['f2', CLASS.repne]]);
const ESCAPES: ReadonlyMap<string, number> = new Map([['0f', MAP.x0f], ['38', MAP.x0f38], ['3a', MAP.x0f3a], ['map5', 5], ['map6', 6], ['map8', 4], ['map9', 5], ['map10', 6]]);

interface Encoding {
  classes: number; map: number; opcode: number; adds: Row['adds'];
  needsRexW: boolean; needsNoRexW: boolean; vexLength: number; needsNoRexB: boolean; isAddress32: boolean;
  hasModrm: boolean; digit: number; modrm: number;
  readonly encoded: number[];
}

function encodingOf(text: string): Encoding {
  const e: Encoding = {
    classes: CLASS.any, map: MAP.primary, opcode: -2, adds: null, needsRexW: false, needsNoRexW: false, vexLength: -1, needsNoRexB: false,
    isAddress32: false, hasModrm: false, digit: -1, modrm: -1, encoded: [],
  };
  for (const token of text.split(' ')) {
    const say = WORDS.get(token);
    if (say === undefined) readByte(e, token); else say(e);
  }
  return e;
}
/** What says something without being a byte. */
const WORDS: ReadonlyMap<string, (e: Encoding) => void> = new Map<string, (e: Encoding) => void>([
  ['vex', e => { e.map = MAP.vex; }], ['vex.128', e => { e.map = MAP.vex; e.vexLength = 0; }], ['vex.256', e => { e.map = MAP.vex; e.vexLength = 1; }],
  ['evex', e => { e.map = MAP.evex; }],
  ['rex.w', e => { e.needsRexW = true; }], ['w1', e => { e.needsRexW = true; }], ['w0', e => { e.needsNoRexW = true; }],
  ['!rex.b', e => { e.needsNoRexB = true; }], ['a32', e => { e.isAddress32 = true; }], ['/r', e => { e.hasModrm = true; }],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(digit => [`/${digit}`, (e: Encoding) => { e.hasModrm = true; e.digit = digit; }] as const),
  ...Object.entries({ ib: 1, is4: 1, iw: 2, id: 4, iq: 8, iz: WIDTH.z, jb: 1, jz: WIDTH.z }).map(([word, bytes]) => [word, (e: Encoding) => { e.encoded.push(bytes); }] as const),
]);

/** A mandatory prefix, an escape, the opcode, or a ModRM byte after it. */
function readByte(e: Encoding, token: string): void {
  if (e.opcode === -2) {
    const escape = ESCAPES.get(token), prefix = CLASSES.get(token), space = e.map & ~7;
    // After 66, F3 or F2 something else must follow; no row has one of them as its opcode.
    if (prefix !== undefined && e.map === space) { e.classes = prefix; return; }
    const before = token === '0f' || token.startsWith('map') ? space : space + MAP.x0f;
    if (escape !== undefined && e.map === before) { e.map = space + escape; return; }
  }
  const plus = token.indexOf('+'), byte = token === '*' ? -1 : parseInt(plus < 0 ? token : token.slice(0, plus), 16);
  if (e.opcode === -2) {
    e.opcode = byte;
    if (plus >= 0) e.adds = token.endsWith('cc') ? 'condition' : 'register';
  } else {
    e.modrm = byte; e.hasModrm = true;
    if (plus >= 0) e.adds = 'stack';
  }
}

/** The sixteen conditions (SDM vol. 2, appendix B, table B-10), by the names disassemblers prefer. */
export const CONDITIONS: readonly string[] = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const family = (stem: string): readonly string[] => CONDITIONS.map(condition => stem + condition);
/** Mnemonics of the rows that stand for sixteen. */
export const FAMILIES: Readonly<Record<string, readonly string[]>> = { jcc: family('j'), setcc: family('set'), cmovcc: family('cmov') };

const FLOWS: ReadonlySet<string> = new Set<Flow>(['jump', 'jump-indirect', 'branch', 'call', 'call-indirect', 'return', 'stop']);

function linesOf(tables: readonly string[]): string[] { return tables.join('').split('\n').filter(line => line !== '' && line[0] !== '#'); }

/** Reads rows when they are asked for: a program needs few, and reading all would cost more than starting does. */
export class RowReader {
  readonly lines = linesOf([integerRows, systemRows, sseRows, x87Rows, mmxRows, avxRows, fmaRows, bmiRows, evexRows, xopRows]);
  /** Operands recur: `rm8` is read once. */
  private readonly specs = new Map<string, OperandSpec>();

  row(index: number): Row {
    const [names = '', encoding = '', operands = '-', attributes = ''] = columnsOf(this.lines[index]!);
    const e = encodingOf(encoding), specs = operands === '-' ? [] : this.operands(operands, e);
    return rowOf(index, names.split('|'), e, specs, attributes === '' ? [] : attributes.split(' '));
  }
  private operands(text: string, e: Encoding): OperandSpec[] {
    return text.split(' ').map(word => {
      if (word in VALUES || word === 'rel' || word.endsWith('.is4')) {
        const encoded = e.encoded.shift()!;
        if (!word.endsWith('.is4')) return operandSpec(word, e.adds, encoded);
      }
      const key = e.adds === 'register' ? `+${word}` : word;
      let spec = this.specs.get(key);
      if (spec === undefined) this.specs.set(key, spec = operandSpec(word, e.adds, 0));
      return spec;
    });
  }
}
/** Two spaces and more stand between columns. */
function columnsOf(line: string): readonly string[] { return line.trimEnd().split(/ {2,}/); }

function rowOf(index: number, names: readonly string[], e: Encoding, operands: readonly OperandSpec[], attributes: readonly string[]): Row {
  const row = {
    index, names, operation: names[names.length - 1]!, map: e.map, opcode: e.opcode, adds: e.adds, classes: e.classes,
    needsRexW: e.needsRexW, needsNoRexW: e.needsNoRexW, vexLength: e.vexLength, hasVvvv: false,
    needsNoRexB: e.needsNoRexB, isAddress32: e.isAddress32, hasModrm: e.hasModrm, digit: e.digit, modrm: e.modrm,
    needs: null as Row['needs'], hasNoAddress: false, operands, hiddenBytes: 0,
    lock: false, rep: false, isDefault64: false, isMax32: false,
    size: sizeFrom(operands), condition: 0, flow: 'next' as Flow,
  };
  for (let n = 0; n < operands.length; n++) {
    const { place, register, memory } = operands[n]!;
    if (place === PLACE.vvvv) row.hasVvvv = true; else if (place === PLACE.number) row.hasNoAddress = true;
    else if (place === PLACE.address) row.needs = register === WIDTH.never ? 'memory' : memory === WIDTH.never ? 'register' : null;
  }
  for (const bytes of e.encoded) row.hiddenBytes += bytes;
  for (const word of attributes) {
    if (word === 'lock') row.lock = true;
    else if (word === 'rep') row.rep = true;
    else if (word === 'd64') { row.isDefault64 = true; row.size = WIDTH.v; }
    else if (word === 'max32') row.isMax32 = true;
    else if (word.startsWith('op=')) row.operation = word.slice(3);
    else if (word.startsWith('cc=')) row.condition = Number(word.slice(3));
    else if (word.startsWith('size=')) row.size = Number(word.slice(5));
    else { assert(FLOWS.has(word), `no attribute is called ${word}`); row.flow = word as Flow; }
  }
  return row;
}

/** The operand size if an operand has it, otherwise the size of the first operand that has one. */
function sizeFrom(operands: readonly OperandSpec[]): number {
  let first = 0, isY = false;
  for (const { place, register, memory } of operands) {
    if (register === WIDTH.v || memory === WIDTH.v || memory === WIDTH.far) return WIDTH.v;
    if (register === WIDTH.y || memory === WIDTH.y) isY = true;
    if (first === 0 && place !== PLACE.immediate) first = register === WIDTH.never ? memory : register;
  }
  return isY ? WIDTH.y : first === 0 ? WIDTH.v : first;
}

const PLACE_OF = /^\S+ +(?:(?:np|nfx|66|f2|f3|rex\.w|!rex\.b|a32) )*(?:(e?vex)(?:\.128|\.256)? (?:(?:np|66|f2|f3|w0|w1) )*)?(0f 38 |0f 3a |0f |map5 |map6 |map8 |map9 |map10 )?([0-9a-f]{2}|\*)(\+r |\+cc )?/;
const MAPS: Readonly<Record<string, number>> = { '0f ': MAP.x0f, '0f 38 ': MAP.x0f38, '0f 3a ': MAP.x0f3a, 'map5 ': 5, 'map6 ': 6, 'map8 ': 4, 'map9 ': 5, 'map10 ': 6 };
const SPACES: Readonly<Record<string, number>> = { vex: MAP.vex, evex: MAP.evex };

/** The opcodes of a line, without reading the rest of it: the first as map * 256 + opcode, and how many there are. */
export interface Opcodes { readonly first: number; readonly count: number }

export function opcodesOf(line: string): Opcodes {
  const match = PLACE_OF.exec(line);
  assert(match !== null, `a row without an opcode: ${line}`);
  const space = match[1], map = match[2], opcode = match[3]!, adds = match[4];
  const first = ((space === undefined ? 0 : SPACES[space]!) + (map === undefined ? 0 : MAPS[map]!)) << 8;
  if (opcode === '*') return { first, count: 256 };
  return { first: first + parseInt(opcode, 16), count: adds === undefined ? 1 : adds === '+r ' ? 8 : 16 };
}
