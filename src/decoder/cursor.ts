/** Where decoding stands in an instruction: prefixes seen, fields read (SDM vol. 2 §2.1-2.3, §2.7). */
import { SLOT } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { NONE, PREFIX } from './instruction.ts';
import { MAP } from './rows.ts';

/** What byte b is as a legacy prefix: its bits of PREFIX, or 0. */
export const LEGACY = new Uint16Array(256);
LEGACY[0x66] = PREFIX.operandSize; LEGACY[0x67] = PREFIX.addressSize;
LEGACY[0xf0] = PREFIX.lock; LEGACY[0xf2] = PREFIX.repne; LEGACY[0xf3] = PREFIX.rep;
LEGACY[0x2e] = PREFIX.cs; LEGACY[0x36] = PREFIX.ss; LEGACY[0x3e] = PREFIX.ds; LEGACY[0x26] = PREFIX.es;
LEGACY[0x64] = PREFIX.fs; LEGACY[0x65] = PREFIX.gs;

/** Prefix classes as VEX.pp numbers them. */
const NONE_66_F3_F2 = { none: 0, operandSize: 1, rep: 2, repne: 3 } as const;
/** REX bits. */
export const REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1;
/** XOP's first map. */
const XOP_MAP = 8;
/** Where `vex` has L and vvvv; pp is below. */
const PP_MASK = 3, L_BIT = 2, VVVV_BIT = 3;
export const VVVV = 15 << VVVV_BIT;
/** What must not stand before VEX or EVEX. */
const NOT_BEFORE_VEX = PREFIX.lock | PREFIX.operandSize | PREFIX.rep | PREFIX.repne | PREFIX.rex;

/** 8F, and then this: XOP's prefix, not POP. */
export function isXop(byte: number): boolean { return (byte & 31) >= XOP_MAP; }

export class Cursor {
  private bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** Where it has to end by. */
  end = 0;
  at = 0;
  /** More was read than there is: everything read is worthless. */
  isShort = false;
  /** Of PREFIX. VEX and EVEX are added when they are read. */
  prefixes = 0;
  /** The byte of a REX prefix that counts, otherwise 0. VEX and EVEX fill in what they have of it. */
  rex = 0;
  /** What a VEX or EVEX prefix has beside; 0 without one. */
  vex = 0;
  /** The opcode's last byte, and ModRM or 0 below it. */
  code = 0;
  /** Of all that was read, what decides among the encodings of the opcode. */
  key = 0;

  /** At another instruction, with these prefixes; what was read of the last is forgotten. */
  begin(bytes: Uint8Array, start: number, end: number, prefixes: number, rex: number): void {
    this.bytes = bytes; this.start = start; this.end = end; this.rex = rex;
    this.prefixes = prefixes | (rex === 0 ? 0 : (rex & REX_W) === 0 ? PREFIX.rex : PREFIX.rex | PREFIX.rexW);
    this.isShort = false; this.vex = 0;
  }
  get opcode(): number { return this.code >> 8; }
  get modrm(): number { return this.code & 0xff; }
  get isVex(): boolean { return (this.prefixes & (PREFIX.vex | PREFIX.evex)) !== 0; }
  /** VEX.L: 0, or 1 for 256 bits. */
  get vexLength(): number { return this.vex >> L_BIT & 1; }
  /** The register that VEX.vvvv names; 0 is also none. */
  get vvvv(): number { return this.vex >> VVVV_BIT; }
  get hasRex(): boolean { return (this.prefixes & PREFIX.rex) !== 0; }
  get addressSize(): 4 | 8 { return (this.prefixes & PREFIX.addressSize) !== 0 ? 4 : 8; }
  /** The last of F2 and F3, or 0. */
  get repeat(): number { return this.lastOf(0xf2, 0xf3); }
  /** The last of FS and GS that prefixes name. */
  get segment(): number {
    const last = this.lastOf(0x64, 0x65);
    return last === 0 ? NONE : last === 0x64 ? SLOT.fs : SLOT.gs;
  }
  private lastOf(a: number, b: number): number {
    let last = 0;
    for (let n = this.start; n < this.end; n++) {
      const byte = this.bytes[n]!;
      if (LEGACY[byte] === 0 && (byte & 0xf0) !== 0x40) break;
      if (byte === a || byte === b) last = byte;
    }
    return last;
  }
  /** VEX.pp, or what stands for it: of the prefixes 66, F3 and F2 one that counts. */
  get classNumber(): number {
    if (this.isVex) return this.vex & PP_MASK;
    const { repeat } = this;
    return repeat === 0xf3 ? NONE_66_F3_F2.rep : repeat === 0xf2 ? NONE_66_F3_F2.repne : (this.prefixes & PREFIX.operandSize) !== 0 ? NONE_66_F3_F2.operandSize : NONE_66_F3_F2.none;
  }
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
    if (this.at + length > this.end) this.isShort = true; else this.at += length;
  }
  /** One, two or four bytes. */
  unsigned(length: number): i32 { return this.signed(length) & (length === 1 ? 0xff : length === 2 ? 0xffff : -1); }

  /** C5: one byte more. Like the two below it gives the map, or -1 where the prefix is undefined. */
  readShortVex(): number {
    const last = this.byte();
    return this.beginVex(PREFIX.vex, ~last >> 5 & REX_R, vexOf(last)) ? MAP.vex + MAP.x0f : -1;
  }
  readVex(): number {
    const map = this.readLongVex();
    return map >= MAP.x0f && map <= MAP.x0f3a ? MAP.vex + map : -1;
  }
  /** XOP's prefix is like VEX's but for the maps. */
  readXop(): number {
    const map = this.readLongVex();
    return map >= XOP_MAP && map < XOP_MAP + 3 ? MAP.xop + map - XOP_MAP : -1;
  }
  private readLongVex(): number {
    const first = this.byte(), last = this.byte();
    return this.beginVex(PREFIX.vex, ~first >> 5 & (REX_R | REX_X | REX_B) | last >> 4 & REX_W, vexOf(last)) ? first & 31 : -1;
  }
  readEvex(): number {
    const first = this.byte(), middle = this.byte();
    this.byte();
    // Bit 3 of the first byte is 0 and bit 2 of the second 1, or it is not EVEX.
    if (!this.beginVex(PREFIX.evex, ~first >> 5 & (REX_R | REX_X | REX_B) | middle >> 4 & REX_W, middle & PP_MASK)) return -1;
    return (first & 8) === 0 && (middle & 4) !== 0 ? MAP.evex + (first & 7) : -1;
  }
  private beginVex(kind: number, rex: number, vex: number): boolean {
    const isAllowed = (this.prefixes & NOT_BEFORE_VEX) === 0;
    this.prefixes |= kind; this.rex = rex; this.vex = vex;
    return isAllowed;
  }
}
/** Of VEX's last byte: vvvv is there upside down. */
function vexOf(byte: number): number { return byte & (PP_MASK | 1 << L_BIT) | (~byte & VVVV); }
