/** The instruction tables, read: one line of `table/` becomes one `Row` (notation: README.md; SDM vol. 2 §3.1.1). */
import { assert } from '../base/assert.ts';
import type { Size } from '../base/types.ts';
import type { Flow, RegisterFile } from './instruction.ts';
import { integerRows } from './table/integer.ts';
import { mmxRows } from './table/mmx.ts';
import { sseRows } from './table/sse.ts';
import { systemRows } from './table/system.ts';
import { vexRows } from './table/vex.ts';
import { x87Rows } from './table/x87.ts';

/** Where an operand is kept. `address` is ModRM.rm with ModRM.mod; `number` is ModRM.rm, a register whatever ModRM.mod says. */
export const PLACE = { reg: 0, address: 1, number: 2, opcode: 3, fixed: 4, one: 5, immediate: 6, relative: 7, offset: 8 } as const;

/**
 * Widths are bytes (0: none is said), or: `v` the operand size, `y` 8 with REX.W and 4 without, `far` a far pointer of the
 * operand size, `z` 2 or 4 bytes of an immediate; `never`: not taken.
 */
export const WIDTH = { v: -1, y: -2, far: -3, z: -4, never: -9 } as const;

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
}

/** Classes of mandatory prefixes, as bits: none, 66, F3, F2. An encoding has one: F2 and F3 beat 66. */
export const CLASS = { none: 1, operandSize: 2, rep: 4, repne: 8, noRepeat: 3, any: 15 } as const;
/** Legacy opcode maps and, from 8 and 16 on, those of VEX and EVEX. */
export const MAP = { primary: 0, x0f: 1, x0f38: 2, x0f3a: 3, vex: 8, evex: 16, count: 24 } as const;

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
  readonly needsRexW: boolean;
  readonly needsNoRexB: boolean;
  readonly isAddress32: boolean;
  readonly hasModrm: boolean;
  /** ModRM.reg where that is part of the opcode, or -1. */
  readonly digit: number;
  /** ModRM where all of it is part of the opcode (the first of eight with `stack`), or -1. */
  readonly modrm: number;
  /** 'memory': mod must not be 3. 'register': it must. */
  readonly needs: 'memory' | 'register' | null;
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
  imm: [WIDTH.v, true], imm8: [1, false], imm8s: [WIDTH.v, true], imm16: [2, false], imm64: [8, false],
};
/** The file a stem names, and the width of its registers where none is said. */
const STEMS: Readonly<Record<string, readonly [file: RegisterFile, width: number]>> = {
  r: ['gpr', WIDTH.v], rm: ['gpr', WIDTH.v], m: ['gpr', WIDTH.v], xmm: ['xmm', 16], mm: ['mmx', 8], sti: ['st', 10],
  sreg: ['segment', 2], cr: ['control', 8], dr: ['debug', 8],
};
const STEM = /^([a-z]+?)(\d+|y|p)?(?:\/m(\d+))?(?:\.(rm|any))?$/;
const WIDTHS: Readonly<Record<string, number>> = { y: WIDTH.y, p: WIDTH.far };

/** @param encoded bytes that are left for immediates, the first taken away by an operand that needs one */
function operandSpec(text: string, adds: Row['adds'], encoded: number[]): OperandSpec {
  const spec: Draft = { text, place: PLACE.reg, file: 'gpr', register: WIDTH.never, memory: WIDTH.never, number: -1, encoded: 0, isSigned: false };
  const fixed = FIXED[text], value = VALUES[text];
  if (fixed !== undefined) {
    spec.place = PLACE.fixed; [spec.file, spec.number, spec.register] = fixed;
  } else if (value !== undefined) {
    spec.place = PLACE.immediate; [spec.register, spec.isSigned] = value; spec.encoded = encoded.shift()!;
  } else if (text === '1') {
    spec.place = PLACE.one; spec.register = 1;
  } else if (text === 'rel') {
    spec.place = PLACE.relative; spec.register = WIDTH.v; spec.encoded = encoded.shift()!;
  } else if (text === 'moffs' || text === 'moffs8') {
    spec.place = PLACE.offset; spec.memory = text === 'moffs' ? WIDTH.v : 1;
  } else {
    readStem(spec, adds);
  }
  return spec;
}

/** `rm8`, `r/m16`, `xmm64/m64`, `m128`, `mm.rm`. */
function readStem(spec: Draft, adds: Row['adds']): void {
  const [, stem = '', width, memory, where] = STEM.exec(spec.text) ?? [];
  const known = STEMS[stem];
  assert(known !== undefined, `no operand is called ${spec.text}`);
  const own = width === undefined ? known[1] : WIDTHS[width] ?? Number(width) / 8;
  spec.file = known[0];
  if (stem !== 'm') spec.register = own;
  if (memory !== undefined) spec.memory = Number(memory) / 8;
  else if (stem === 'm' || stem === 'rm') spec.memory = own;
  if (where === 'any') spec.place = PLACE.number;
  else if (where === 'rm' || spec.memory !== WIDTH.never) spec.place = PLACE.address;
  else if (stem === 'sti') spec.place = PLACE.number;
  else if (adds === 'register') spec.place = PLACE.opcode;
}

const CLASSES: Readonly<Record<string, number>> = {
  np: CLASS.none, nfx: CLASS.noRepeat, 66: CLASS.operandSize, f3: CLASS.rep, f2: CLASS.repne,
};
const IMMEDIATE_BYTES: Readonly<Record<string, number>> = { ib: 1, iw: 2, id: 4, iq: 8, iz: WIDTH.z, cb: 1, cz: WIDTH.z };
const ESCAPES: Readonly<Record<string, number>> = { '0f': MAP.x0f, '38': MAP.x0f38, '3a': MAP.x0f3a, map5: 5, map6: 6 };

interface Encoding {
  classes: number; map: number; opcode: number; adds: Row['adds'];
  needsRexW: boolean; needsNoRexB: boolean; isAddress32: boolean; hasModrm: boolean; digit: number; modrm: number;
  readonly encoded: number[];
}

function encodingOf(text: string): Encoding {
  const e: Encoding = {
    classes: CLASS.any, map: MAP.primary, opcode: -2, adds: null, needsRexW: false, needsNoRexB: false, isAddress32: false,
    hasModrm: false, digit: -1, modrm: -1, encoded: [],
  };
  for (const token of text.split(' ')) {
    const bytes = IMMEDIATE_BYTES[token];
    if (bytes !== undefined) e.encoded.push(bytes);
    else if (token === 'vex') e.map = MAP.vex;
    else if (token === 'evex') e.map = MAP.evex;
    else if (token === 'rex.w') e.needsRexW = true;
    else if (token === 'b0') e.needsNoRexB = true;
    else if (token === 'a32') e.isAddress32 = true;
    else if (token[0] === '/') { e.hasModrm = true; if (token !== '/r') e.digit = Number(token[1]); }
    else readByte(e, token);
  }
  return e;
}

/** A mandatory prefix, an escape, the opcode, or a ModRM byte after it. */
function readByte(e: Encoding, token: string): void {
  const escape = ESCAPES[token], space = e.map & ~7, prefix = CLASSES[token];
  if (e.opcode === -2) {
    // After 66, F3 or F2 something else must follow; no row has one of them as its opcode.
    if (prefix !== undefined && e.map === space) { e.classes = prefix; return; }
    if (escape !== undefined && (token === '0f' || token.startsWith('map') ? e.map === space : e.map === space + MAP.x0f)) { e.map = space + escape; return; }
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

const FLOWS: ReadonlySet<string> = new Set<Flow>(['jump', 'jump-indirect', 'branch', 'call', 'call-indirect', 'return', 'stop']);

function rowOf(line: string, index: number): Row {
  const [name = '', encoding = '', operandText = '-', attributeText = ''] = line.split(/ {2,}/);
  const { encoded, ...e } = encodingOf(encoding);
  const operands = operandText === '-' ? [] : operandText.split(' ').map(text => operandSpec(text, e.adds, encoded));
  const names = name.split('|'), attributes = attributeText === '' ? [] : attributeText.split(' ');
  const valueOf = (key: string): string | undefined => attributes.find(word => word.startsWith(key))?.slice(key.length);
  const has = (word: string): boolean => attributes.includes(word);
  const address = operands.find(spec => spec.place === PLACE.address), said = valueOf('size=');
  return {
    index, names, operation: valueOf('op=') ?? names[names.length - 1]!, ...e, operands, hiddenBytes: encoded.reduce((sum, bytes) => sum + bytes, 0),
    needs: address === undefined ? null : address.register === WIDTH.never ? 'memory' : address.memory === WIDTH.never ? 'register' : null,
    lock: has('lock'), rep: has('rep'), isDefault64: has('d64'), isMax32: has('max32'),
    size: said !== undefined ? Number(said) : has('d64') ? WIDTH.v : sizeFrom(operands),
    condition: Number(valueOf('cc=') ?? 0), flow: (attributes.find(word => FLOWS.has(word)) ?? 'next') as Flow,
  };
}

/** The operand size if an operand has it, otherwise the size of the first operand that has one. */
function sizeFrom(operands: readonly OperandSpec[]): number {
  const widths = operands.flatMap(spec => [spec.register, spec.memory]);
  if (widths.includes(WIDTH.v) || widths.includes(WIDTH.far)) return WIDTH.v;
  if (widths.includes(WIDTH.y)) return WIDTH.y;
  const first = operands.find(spec => spec.place !== PLACE.immediate);
  if (first === undefined) return WIDTH.v;
  return (first.register === WIDTH.never ? first.memory : first.register) as Size;
}

const TABLES = [integerRows, systemRows, sseRows, x87Rows, mmxRows, vexRows];

function readTables(): readonly Row[] {
  const rows: Row[] = [];
  for (const line of TABLES.join('').split('\n')) if (line !== '' && line[0] !== '#') rows.push(rowOf(line, rows.length));
  return Object.freeze(rows);
}

/** Every row; `Instruction.row` counts them. */
export const ROWS: readonly Row[] = readTables();
