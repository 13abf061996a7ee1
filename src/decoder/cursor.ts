/** Where decoding stands in an instruction: prefixes seen, fields read (SDM vol. 2 §2.1-2.3, §2.7). */
import { SLOT } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { NONE, type Operand, PREFIX, type RegisterFile } from './instruction.ts';
import { registerOf } from './registers.ts';
import { MAP, type Row } from './rows.ts';

/** What byte b is as a legacy prefix: its bits of PREFIX, or 0. */
export const LEGACY = new Uint16Array(256);
LEGACY[0x66] = PREFIX.operandSize; LEGACY[0x67] = PREFIX.addressSize;
LEGACY[0xf0] = PREFIX.lock; LEGACY[0xf2] = PREFIX.repne; LEGACY[0xf3] = PREFIX.rep;
LEGACY[0x2e] = PREFIX.cs; LEGACY[0x36] = PREFIX.ss; LEGACY[0x3e] = PREFIX.ds; LEGACY[0x26] = PREFIX.es;
LEGACY[0x64] = PREFIX.fs; LEGACY[0x65] = PREFIX.gs;

/** Prefix classes as VEX.pp and `Slot.find` number them. */
const NONE_66_F3_F2 = { none: 0, operandSize: 1, rep: 2, repne: 3 } as const;
/** REX bits. */
const W = 8, R = 4, X = 2, B = 1;
/** XOP's first map. */
const XOP_MAP = 8;
/** What must not stand before VEX or EVEX. */
const NOT_BEFORE_VEX = PREFIX.lock | PREFIX.operandSize | PREFIX.rep | PREFIX.repne | PREFIX.rex;

export class Cursor {
  private bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  at = 0;
  /** More was read than there is: everything read is worthless. */
  isShort = false;
  prefixes = 0;
  /** The byte of a REX prefix that counts, otherwise 0. VEX and EVEX fill in what they have of it. */
  rex = 0;
  /** The last of F2 and F3, or 0. */
  repeat = 0;
  classNumber: number = NONE_66_F3_F2.none;
  /** VEX.L: 0, or 1 for 256 bits. */
  vexLength = 0;
  /** The register that VEX.vvvv names; 0 is also none. */
  vvvv = 0;
  segment: number = NONE;
  addressSize: 4 | 8 = 8;
  opcode = 0;
  modrm = 0;
  sib = 0;
  /** Where displacement and immediates begin. */
  tail = 0;
  base: number = NONE;
  index: number = NONE;
  shift = 0;
  disp: i32 = 0;
  displacementBytes = 0;

  /** Goes to an opcode, whose prefixes are these; what was read of another instruction is forgotten. */
  begin(bytes: Uint8Array, start: number, at: number, end: number, prefixes: number, rex: number, repeat: number, segment: number): void {
    this.bytes = bytes; this.start = start; this.end = end; this.at = at;
    this.isShort = false; this.vexLength = 0; this.vvvv = 0; this.modrm = 0; this.sib = 0; this.displacementBytes = 0;
    this.rex = rex; this.repeat = repeat; this.segment = segment;
    this.prefixes = prefixes | (rex === 0 ? 0 : PREFIX.rex) | ((rex & W) === 0 ? 0 : PREFIX.rexW);
    this.addressSize = (prefixes & PREFIX.addressSize) !== 0 ? 4 : 8;
    this.classNumber = repeat === 0xf3 ? NONE_66_F3_F2.rep : repeat === 0xf2 ? NONE_66_F3_F2.repne
      : (prefixes & PREFIX.operandSize) !== 0 ? NONE_66_F3_F2.operandSize : NONE_66_F3_F2.none;
  }
  /** Goes to a number of an instruction that is all there. */
  goTo(bytes: Uint8Array, at: number, end: number): void { this.bytes = bytes; this.at = at; this.end = end; }
  byte(): number {
    if (this.at < this.end) return this.bytes[this.at++]!;
    this.isShort = true;
    return 0;
  }
  signed(length: number): i32 {
    const { bytes, at } = this;
    if (at + length > this.end) { this.isShort = true; return 0; }
    this.at = at + length;
    if (length === 1) return bytes[at]! << 24 >> 24;
    if (length === 2) return (bytes[at]! | bytes[at + 1]! << 8) << 16 >> 16;
    return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
  }
  skip(length: number): void {
    if (this.at + length > this.end) this.isShort = true;
    else this.at += length;
  }
  /** One, two or four bytes. */
  unsigned(length: number): i32 { return this.signed(length) & (length === 1 ? 0xff : length === 2 ? 0xffff : -1); }

  /** C5: one byte more. Like the two below it gives the map, or -1 where the prefix is undefined. */
  readShortVex(): number {
    const last = this.byte();
    this.vexLength = last >> 2 & 1; this.vvvv = ~last >> 3 & 15;
    return this.beginVex(PREFIX.vex, ~last >> 5 & R, last & 3) ? MAP.vex + MAP.x0f : -1;
  }
  readVex(): number {
    const map = this.readLongVex();
    return map >= MAP.x0f && map <= MAP.x0f3a ? MAP.vex + map : -1;
  }
  /** 8F: POP, or XOP's prefix, which is like VEX's but for the maps. */
  get isXop(): boolean { return this.at < this.end && (this.bytes[this.at]! & 31) >= XOP_MAP; }
  readXop(): number {
    const map = this.readLongVex();
    return map >= XOP_MAP && map < XOP_MAP + 3 ? MAP.xop + map - XOP_MAP : -1;
  }
  private readLongVex(): number {
    const first = this.byte(), last = this.byte();
    this.vexLength = last >> 2 & 1; this.vvvv = ~last >> 3 & 15;
    return this.beginVex(PREFIX.vex, ~first >> 5 & (R | X | B) | last >> 4 & W, last & 3) ? first & 31 : -1;
  }
  readEvex(): number {
    const first = this.byte(), middle = this.byte();
    this.byte();
    // Bit 3 of the first byte is 0 and bit 2 of the second 1, or it is not EVEX.
    if (!this.beginVex(PREFIX.evex, ~first >> 5 & (R | X | B) | middle >> 4 & W, middle & 3)) return -1;
    return (first & 8) === 0 && (middle & 4) !== 0 ? MAP.evex + (first & 7) : -1;
  }
  private beginVex(kind: number, rex: number, pp: number): boolean {
    const isAllowed = (this.prefixes & NOT_BEFORE_VEX) === 0;
    this.prefixes |= kind; this.rex = rex; this.classNumber = pp;
    return isAllowed;
  }

  /** A register field: three bits and their extension from REX. null: there is no such register. */
  register(file: RegisterFile, low: number, extension: number, size: number): Operand | null {
    if (file === 'gpr') {
      if (size === 1 && low >= 4 && (this.prefixes & PREFIX.rex) === 0) return registerOf('high8', low - 4, 1);
      return registerOf('gpr', extension === 0 ? low : low + 8, size);
    }
    if (file === 'xmm') return registerOf(size === 32 ? 'ymm' : 'xmm', extension === 0 ? low : low + 8, size);
    const isExtended = extension !== 0 && (file === 'control' || file === 'debug');
    return registerOf(file, isExtended ? low + 8 : low, size);
  }

  /** SIB and displacement, where ModRM asks for them (SDM vol. 2 tables 2-2 and 2-3). */
  readAddress(row: Row): void {
    const { modrm } = this, mod = modrm >> 6;
    this.base = this.index = NONE; this.shift = this.disp = 0;
    if (mod === 3 || row.hasNoAddress) return;
    let low = modrm & 7, hasBase = true;
    if (low === 4) {
      const sib = this.sib = this.byte(), number = sib >> 3 & 7 | ((this.rex & X) === 0 ? 0 : 8);
      this.tail = this.at;
      low = sib & 7;
      if (number !== 4 || row.isGather) { this.index = number; this.shift = sib >> 6; }
      if (low === 5 && mod === 0) hasBase = false;
    } else if (low === 5 && mod === 0) {
      hasBase = false; this.base = SLOT.rip;
    }
    if (hasBase) this.base = (this.rex & B) === 0 ? low : low + 8;
    this.displacementBytes = mod === 1 ? 1 : mod === 2 || !hasBase ? 4 : 0;
    if (this.displacementBytes !== 0) this.disp = this.signed(this.displacementBytes);
  }
}
