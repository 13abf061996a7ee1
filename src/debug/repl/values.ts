/** Numbers, memory and registers as text: the formats of print and x (GDB manual, "Output Formats", "Examining Memory"). */
import { byteString } from '../../host/host.ts';
import { fail } from '../mistake.ts';
import { flagNames, numberOf, type Register, type Registers } from '../registers.ts';

export interface Format { readonly count: number; readonly letter: string; readonly bytes: number }
const LETTERS = 'xduotcasif', UNITS: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };

/** `4xw` after a slash: how many, how, and of how many bytes. */
export function formatOf(text: string, defaults: Format): Format {
  const match = /^(\d*)([a-z]*)$/.exec(text);
  if (match === null) return fail(`no such format: /${text}`);
  let { letter, bytes } = defaults;
  for (const each of match[2]!) {
    if (Object.hasOwn(UNITS, each)) bytes = UNITS[each]!;
    else if (LETTERS.includes(each)) letter = each;
    else fail(`no such format: /${text} (letters ${LETTERS}, sizes ${Object.keys(UNITS).join('')})`);
  }
  return { count: match[1] === '' ? defaults.count : Number(match[1]), letter, bytes };
}
export function hex(value: number | bigint): string { return value < 0 ? `-0x${(-BigInt(value)).toString(16)}` : `0x${value.toString(16)}`; }

/** @param name names an address */
export function shown(value: bigint, letter: string, bytes: number, name: (at: bigint) => string | null): string {
  const bits = Math.max(8 * bytes, 64 < 8 * bytes ? 8 * bytes : 8), unsigned = BigInt.asUintN(bits, value), signed = BigInt.asIntN(bits, value);
  switch (letter) {
    case 'x': return hex(unsigned);
    case 'd': return String(signed);
    case 'u': return String(unsigned);
    case 'o': return `0${unsigned === 0n ? '' : unsigned.toString(8)}`;
    case 't': return unsigned.toString(2);
    case 'c': return `${signed} '${character(Number(unsigned & 0xffn))}'`;
    case 'a': { const text = name(unsigned); return text === null ? hex(unsigned) : `${hex(unsigned)} <${text}>`; }
    case 'f': return bytes === 4 ? String(new DataView(Uint32Array.of(Number(unsigned)).buffer).getFloat32(0, true)) : String(new DataView(BigUint64Array.of(unsigned).buffer).getFloat64(0, true));
    default: return fail(`/${letter} is not for this`);
  }
}
export function character(byte: number): string {
  if (byte === 0x27 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
}
export function quoted(bytes: Uint8Array): string {
  return `"${byteString(bytes).replace(/[^ -~]|["\\]/g, c => c === '\n' ? '\\n' : c === '"' || c === '\\' ? `\\${c}` : `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`;
}

// — registers —

const MXCSR = ['IE', 'DE', 'ZE', 'OE', 'UE', 'PE', 'DAZ', 'IM', 'DM', 'ZM', 'OM', 'UM', 'PM', '', '', 'FZ'];
const EFLAGS_BITS: Readonly<Record<string, number>> = { cf: 0, pf: 2, af: 4, zf: 6, sf: 7, tf: 8, if: 9, df: 10, of: 11, ac: 18, id: 21 };
/** The double nearest to 80 bits (SDM vol. 1 §4.2.2). */
function extended(value: bigint): number {
  const exponent = Number(value >> 64n & 0x7fffn), significand = value & 0xffff_ffff_ffff_ffffn, sign = (value >> 79n & 1n) === 1n ? -1 : 1;
  if (exponent === 0x7fff) return significand << 1n & 0xffff_ffff_ffff_ffffn ? NaN : sign * Infinity;
  return sign * Number(significand) * 2 ** (Math.max(exponent, 1) - 16383 - 63);
}
/** What a register holds beside its number: names of flags, of an address, a float. */
export function gloss({ name, group, feature }: Register, value: bigint, nameOf: (at: bigint) => string | null): string {
  if (name === 'eflags') return flagNames(Number(value));
  if (name === 'mxcsr') return MXCSR.filter((flag, bit) => flag !== '' && (value >> BigInt(bit) & 1n) !== 0n).join(' ');
  if (group === 'x87' && name.startsWith('st')) return String(extended(value));
  if (feature !== 'core' || group !== 'general') return '';
  const text = nameOf(value);
  return text === null ? '' : `<${text}>`;
}

/** Names that are parts of registers, or other words for them: the register, how many bits from which bit on. */
function part(name: string): readonly [register: string, at: number, bits: number] | null {
  const other = { pc: 'rip', sp: 'rsp', fp: 'rbp', rflags: 'eflags' }[name];
  if (other !== undefined) return [other, 0, 64];
  if (Object.hasOwn(EFLAGS_BITS, name)) return ['eflags', EFLAGS_BITS[name]!, 1];
  const numbered = /^(r\d+)([dwb])$/.exec(name);
  if (numbered !== null) return [numbered[1]!, 0, { d: 32, w: 16, b: 8 }[numbered[2]!]!];
  const letter = /^(e?)([abcd])x$/.exec(name);
  if (letter !== null) return [`r${letter[2]!}x`, 0, letter[1] === 'e' ? 32 : 16];
  const half = /^([abcd])([lh])$/.exec(name);
  if (half !== null) return [`r${half[1]!}x`, half[2] === 'h' ? 8 : 0, 8];
  const index = /^(e?)(si|di|bp|sp|ip)(l?)$/.exec(name);
  return index === null ? null : [`r${index[2]!}`, 0, index[1] === 'e' ? 32 : index[3] === 'l' ? 8 : 16];
}
export interface Slice { readonly register: Register; readonly at: number; readonly bits: number }
/** null: there is no such register. */
export function sliceOf(registers: Registers, name: string): Slice | null {
  const whole = registers.find(name);
  if (whole !== null) return { register: whole, at: 0, bits: 8 * whole.bytes };
  const [other, at, bits] = part(name) ?? ['', 0, 0], register = registers.find(other);
  return register === null ? null : { register, at, bits: Math.min(bits, 8 * register.bytes) };
}
export function sliceValue({ at, bits }: Slice, bytes: Uint8Array): bigint { return BigInt.asUintN(bits, numberOf(bytes) >> BigInt(at)); }
/** Bits above a 32-bit part become zero, as where an instruction writes one (SDM vol. 1 §3.4.1.1). */
export function withSlice({ register, at, bits }: Slice, old: bigint, value: bigint): bigint {
  const mask = (1n << BigInt(bits)) - 1n << BigInt(at), kept = bits === 32 && register.bytes === 8 ? 0n : old & ~mask;
  return kept | value << BigInt(at) & mask;
}
