/** What an encoding says and an `Instruction` forgets: prefixes in their order, an unused REX, the shape of ModRM (SDM vol. 2 §2.1). */

export interface Spelling {
  /** Legacy prefix bytes in order. */
  readonly prefixes: readonly number[];
  /** The REX byte, or 0. */
  readonly rex: number;
  /** WAIT before an x87 instruction, which assemblers and objdump take for one instruction. */
  readonly wait: boolean;
  /** The first opcode byte after prefixes and REX: 0x0f for the longer maps. */
  readonly opcode: number;
  readonly modrm: number;
  /** The SIB byte, or -1. */
  readonly sib: number;
}

const LEGACY = new Set([0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65]);
const WAIT = 0x9b;

/** How many bytes lie between the first opcode byte (or VEX's) and ModRM. */
function opcodeLength(code: Uint8Array, at: number): number {
  switch (code[at]) {
    case 0x0f: return code[at + 1] === 0x38 || code[at + 1] === 0x3a ? 3 : 2;
    case 0xc5: return 3;
    case 0xc4: return 4;
    case 0x62: return 5;
    case 0x8f: return isXop(code, at) ? 4 : 1;
    default: return 1;
  }
}

/** 8F is POP, or XOP's prefix where a map of it follows. */
export function isXop(code: Uint8Array, at: number): boolean { return code[at] === 0x8f && ((code[at + 1] ?? 0) & 31) >= 8; }

export function spellingOf(code: Uint8Array): Spelling {
  let at = 0;
  const prefixes: number[] = [];
  const wait = code[0] === WAIT && code.length > 1;
  if (wait) at++;
  while (at < code.length && LEGACY.has(code[at] ?? 0)) prefixes.push(code[at++] ?? 0);
  const rex = ((code[at] ?? 0) & 0xf0) === 0x40 ? code[at++] ?? 0 : 0;
  const opcode = code[at] ?? 0;
  const modrmAt = at + opcodeLength(code, at);
  const modrm = code[modrmAt] ?? 0;
  const hasSib = (modrm & 7) === 4 && modrm < 0xc0;
  return { prefixes, rex, wait, opcode, modrm, sib: hasSib ? code[modrmAt + 1] ?? 0 : -1 };
}

/** Where the opcode begins, what it is, and whether there are bytes behind it. */
export function opcodeOf(code: Uint8Array): { readonly at: number; readonly opcode: number; readonly hasModrm: boolean } {
  let at = 0;
  while (at < code.length - 1 && (LEGACY.has(code[at] ?? 0) || isRex(code[at]))) at++;
  return { at, opcode: code[at] ?? 0, hasModrm: code.length > at + opcodeLength(code, at) };
}

/** Prefixes up to a REX that another prefix follows, and which so has no effect (SDM vol. 2 §2.2.1). */
export function vainPrefixesOf(code: Uint8Array): Uint8Array {
  let at = 0;
  while (at < code.length && LEGACY.has(code[at] ?? 0)) at++;
  const next = code[at + 1] ?? 0, isVain = isRex(code[at]) && (LEGACY.has(next) || isRex(next) || next === WAIT);
  return code.subarray(0, isVain ? at + 1 : 0);
}
/** The x87's. */
export const isFloat = (opcode: number): boolean => opcode >= 0xd8 && opcode <= 0xdf;
function isRex(byte: number | undefined): boolean { return byte !== undefined && (byte & 0xf0) === 0x40; }

/** Whether a displacement is in the bytes, be it 0. */
export function hasDisplacement(spelling: Spelling): boolean {
  const base = spelling.sib >= 0 ? spelling.sib & 7 : spelling.modrm & 7;
  return spelling.modrm >= 0x40 || base === 5;
}
