/**
 * Encodings that raise #UD as objdump 2.40 writes them, which knows no processor: how many bytes it takes, and what it calls them. Its rules were
 * found by trying (test/real/disasm.real.ts).
 */
import type { Va } from '../base/types.ts';
import { decode } from './decode.ts';
import { prefixNames } from './format-prefixes.ts';
import { isFloat, isXop, opcodeOf } from './format-spelling.ts';
import { evexName } from './format-evex.ts';
import { format } from './format.ts';
import type { Symbols, Syntax } from './format.ts';
import type { Instruction } from './instruction.ts';

/** What a line is about: bytes of a section, from where the line begins. */
export interface Place { readonly bytes: Uint8Array; readonly address: Va; readonly syntax: Syntax; readonly symbol: Symbols | undefined }
export interface Bad { readonly length: number; readonly text: string }

const LOCK = 0xf0, OPERAND_SIZE = 0x66, REP = 0xf3, REPNE = 0xf2;
/** What is cut short may be defined. */
const isUndefined = (i: Instruction | null): boolean => i?.mnemonic === 'ud';

/** The line of an encoding of `length` bytes that is none. */
export function badLine(place: Place, length: number): Bad {
  const { bytes } = place, own = bytes.subarray(0, length), { at, opcode } = opcodeOf(own);
  const named = lineWithout(place, at, isVexLike(bytes, at) ? BEFORE_NO_VEX : [LOCK]);
  if (named !== null) return named;
  const strange = isVexLike(bytes, at) ? null : strangeLine(place, at);
  if (strange !== null) return strange;
  if (isFloat(opcode)) return (bytes[at + 1] ?? 0xff) < 0xc0 ? nameless(place, at) ?? plain(place, at, at + 2) : plain(place, at, at + 2);
  if (opcode === 0x8c || opcode === 0x8e) return withoutSegment(place, at) ?? plain(place, at, at + 1);
  return plain(place, at, Math.min(bytes.length, at + takenOf(bytes, at)));
}

const isVexLike = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xc4 || bytes[at] === 0xc5 || bytes[at] === 0x62 || isXop(bytes, at);
const REX = 0x40;
const BEFORE_NO_VEX: readonly number[] = [LOCK, OPERAND_SIZE, REP, REPNE, ...Array.from({ length: 16 }, (_, n) => REX + n)];

/** Prefixes that may not be there are words like others. */
function lineWithout({ bytes, address, syntax, symbol }: Place, at: number, refused: readonly number[]): Bad | null {
  const prefixes = bytes.subarray(0, at).filter(byte => !refused.includes(byte)), free = Uint8Array.from([...prefixes, ...bytes.subarray(at)]);
  const i = prefixes.length === at ? null : decode(free, 0, free.length);
  if (i === null || i.mnemonic === 'ud' || isUnknown(i, free)) return null;
  const own = bytes.subarray(0, i.length + at - prefixes.length);
  if (!isVexLike(bytes, at)) return { length: own.length, text: format(i, address, syntax, symbol, own) };
  const words = prefixNames(bytes.subarray(0, at).filter(byte => refused.includes(byte)));
  return { length: own.length, text: `${words} ${format(i, address + at - prefixes.length, syntax, symbol, free.subarray(0, i.length)).replace(/ +/, ' ')}` };
}

/** Bytes from the opcode's first to its last; what is not even a prefix of an opcode is a byte, or two. */
function takenOf(bytes: Uint8Array, at: number): number {
  const [first = 0, second = 0, third = 0] = bytes.subarray(at), map = second & 31;
  switch (first) {
    case 0x0f: return second === 0x38 || second === 0x3a ? 3 : 2;
    case 0xc5: return 3;
    case 0xc4: return map >= 1 && map <= 3 ? 4 : 1;
    case 0x8f: return map >= 8 && map <= 10 ? 4 : 1;
    case 0x62: return (second & 8) !== 0 || !EVEX_MAPS.has(second & 7) ? 1 : (third & 4) === 0 ? 2 : 5;
    default: return 1;
  }
}
const EVEX_MAPS: ReadonlySet<number> = new Set([1, 2, 3, 5, 6]);

/**
 * Prefixes by name, but not always: those that choose among opcodes, and REX then, are not named where another choice would be an instruction; before
 * VEX nothing is if vvvv names a register, and no REX before what only begins like VEX, unless that has R, X or B.
 */
function plain({ bytes, syntax }: Place, at: number, end: number): Bad {
  let prefixes = [...bytes.subarray(0, at)];
  if (isVexLike(bytes, at)) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at);
    if (end > at + 2) { if (((first === 0xc5 ? second : third) & 0x78) !== 0x78) prefixes = []; }
    else if ((second & 0xe0) === 0xe0) prefixes = prefixes.filter(byte => !isRex(byte));
  }
  else if (bytes[at] === 0x0f && PREFIXES.some(prefix => !isUndefined(decodeWith(bytes, at, prefixes, prefix)))) {
    const mandatory = mandatoryAt(prefixes);
    prefixes = prefixes.filter((byte, n) => n !== mandatory && !isRex(byte));
  }
  const text = `${prefixNames(Uint8Array.from(prefixes))} (bad)`.trimStart();
  return { length: end, text: `${text.padEnd(6)} ${maskOf(bytes, at, end, syntax)}`.trimEnd() };
}
/** EVEX shows its mask whatever it belongs to. */
function maskOf(bytes: Uint8Array, at: number, end: number, syntax: Syntax): string {
  const [first = 0, , third = 0, last = 0] = bytes.subarray(at), mask = last & 7;
  return first === 0x62 && end === at + 5 && (third & 0x78) === 0x78 && mask > 0 ? `{${syntax === 'att' ? '%' : ''}k${mask}}${last >> 7 === 1 ? '{z}' : ''}` : '';
}
const isRex = (byte: number): boolean => (byte & 0xf0) === REX;
const PREFIXES: readonly (readonly number[])[] = [[], [OPERAND_SIZE], [REP], [REPNE]];
function mandatoryAt(prefixes: readonly number[]): number {
  const repeat = Math.max(prefixes.lastIndexOf(REP), prefixes.lastIndexOf(REPNE));
  return repeat >= 0 ? repeat : prefixes.lastIndexOf(OPERAND_SIZE);
}
function decodeWith(bytes: Uint8Array, at: number, prefixes: readonly number[], mandatory: readonly number[]): Instruction | null {
  const others = prefixes.filter(byte => byte !== OPERAND_SIZE && byte !== REP && byte !== REPNE && byte !== LOCK);
  const code = Uint8Array.from([...mandatory, ...others, ...bytes.subarray(at)]);
  return decode(code, 0, code.length);
}

/** The text of the same bytes with another ModRM.reg. */
function withRegister({ bytes, address, syntax, symbol }: Place, opcode: number, at: number, reg: number): Bad | null {
  const code = Uint8Array.from(bytes);
  code[at] = opcode; code[at + 1] = bytes[at + 1]! & 0xc7 | reg << 3;
  const free = code.filter((byte, n) => n >= at || byte !== LOCK), i = decode(free, 0, free.length), length = (i?.length ?? 0) + code.length - free.length;
  return i === null || i.mnemonic === 'ud' ? null : { length, text: format(i, address, syntax, symbol, code.subarray(0, length)) };
}
/** Of the x87 with an operand in memory: that is shown. */
function nameless(place: Place, at: number): Bad | null {
  const line = withRegister(place, 0xd9, at, 4), [, head = '', operand = ''] = /^(.*?)fldenvw? +(.*)$/.exec(line?.text ?? '') ?? [];
  return line === null ? null : { length: line.length, text: `${`${head}(bad)`.padEnd(6)} ${operand}` };
}
/** MOV of a segment register that does not exist. */
function withoutSegment(place: Place, at: number): Bad | null {
  if (((place.bytes[at + 1] ?? 0) >> 3 & 7) < 6) return null;
  const line = withRegister(place, place.bytes[at]!, at, 0);
  return line === null ? null : { length: line.length, text: line.text.replace(/(?<=[ ,%])es(?=,| |$)/, '?') };
}


/** The last byte of 3DNow!, and its name. */
const AMD_3DNOW: Readonly<Record<number, string>> = {
  0x0c: 'pi2fw', 0x0d: 'pi2fd', 0x1c: 'pf2iw', 0x1d: 'pf2id', 0x8a: 'pfnacc', 0x8e: 'pfpnacc', 0x90: 'pfcmpge', 0x94: 'pfmin', 0x96: 'pfrcp', 0x97: 'pfrsqrt',
  0x9a: 'pfsub', 0x9e: 'pfadd', 0xa0: 'pfcmpgt', 0xa4: 'pfmax', 0xa6: 'pfrcpit1', 0xa7: 'pfrsqit1', 0xaa: 'pfsubr', 0xae: 'pfacc', 0xb0: 'pfcmpeq', 0xb4: 'pfmul',
  0xb6: 'pfrcpit2', 0xb7: 'pmulhrw', 0xbb: 'pswapd', 0xbf: 'pavgusb',
};
/** VIA's, by ModRM.reg; with any other ModRM but 11 and 000 they stop at their first byte. */
const PADLOCK: Readonly<Record<number, readonly string[]>> = {
  0xa6: ['montmul', 'xsha1', 'xsha256'], 0xa7: ['xstore-rng', 'xcrypt-ecb', 'xcrypt-cbc', 'xcrypt-ctr', 'xcrypt-cfb', 'xcrypt-ofb'],
};
const PADDB = 0xfc;
/** Instructions of other processors. */
function strangeLine(place: Place, at: number): Bad | null {
  const { bytes } = place, [first = 0, second = 0, modrm = 0] = bytes.subarray(at), words = prefixNames(bytes.subarray(0, at)), head = words === '' ? '' : `${words} `;
  if (first === 0xdb && second === 0xe5) return { length: at + 2, text: `${head}frstpm(287 only)` };
  if (first !== 0x0f) return null;
  if (second === 0x0e) return { length: at + 2, text: `${head}femms` };
  if (second === 0x37) return { length: at + 2, text: `${head}getsec` };
  const padlock = PADLOCK[second]?.[modrm >> 3 & 7];
  if (padlock !== undefined) return (modrm & 0xc7) === 0xc0 ? { length: at + 3, text: head + padlock } : { length: at + 1, text: `${head}${padlock.padEnd(head === '' ? 6 : 0)} (bad)` };
  if (second !== 0x0f) return null;
  // Operands like PADDB's, and the opcode behind them.
  const code = Uint8Array.from(bytes);
  code[at + 1] = PADDB;
  const i = decode(code, 0, code.length), name = i === null || i.mnemonic === 'ud' ? undefined : AMD_3DNOW[bytes[i.length] ?? 0];
  if (i === null || name === undefined) return { length: at + 1, text: `${head}(bad)` };
  const own = code.subarray(0, i.length), text = format(i, place.address + 1, place.syntax, place.symbol, own);
  return { length: i.length + 1, text: text.replace(/paddb +/, text.startsWith('paddb') ? `${name.padEnd(6)} ` : `${name} `) };
}

/** MPX is nothing but hints here. */
const MPX: Readonly<Record<number, string>> = { 0x1a: 'bndldx', 0x1b: 'bndstx' };
export function boundsLine(bytes: Uint8Array, address: Va, syntax: Syntax, symbol: Symbols | undefined): Bad | null {
  const { at } = opcodeOf(bytes), name = bytes[at] === 0x0f ? MPX[bytes[at + 1]!] : undefined, modrm = bytes[at + 2] ?? 0xff, reg = modrm >> 3 & 7;
  if (name === undefined || modrm >= 0xc0 || at > 0) return null;
  const code = Uint8Array.from(bytes);
  // As FXSAVE: an operand without a size.
  code[1] = 0xae; code[2] = modrm & 0xc7;
  const i = decode(code, 0, code.length), operand = i === null ? '' : format(i, address, syntax, symbol, code).replace(/^fxsave +/, '');
  const bound = reg > 3 ? '(bad)' : `${syntax === 'att' ? '%' : ''}bnd${reg}`, isLoad = (name === 'bndldx') === (syntax === 'intel');
  return { length: bytes.length, text: `${name} ${isLoad ? `${bound},${operand}` : `${operand},${bound}`}` };
}

/** Other encodings of x87 instructions, which processors perform: opcode, and ModRM without its last three bits. */
const ALIASES: ReadonlySet<number> = new Set([0xd9d8, 0xdcd0, 0xdcd8, 0xddc8, 0xded0, 0xdfc8, 0xdfd0, 0xdfd8]);
export function isAlias(own: Uint8Array): boolean {
  const { at, opcode } = opcodeOf(own);
  return isFloat(opcode) && ALIASES.has(opcode << 8 | (own[at + 1] ?? 0) & 0xf8);
}
/** AVX-512 decodes to its length whatever it is. */
export const isUnknown = (i: Instruction, own: Uint8Array): boolean => i.mnemonic === 'evex' && evexName(own, opcodeOf(own).at) === null;
