/** Whole sections as text, one line an instruction, as `objdump -d` walks them. */
import type { Va } from '../base/types.ts';
import { decode } from './decode.ts';
import { prefixNames } from './format-prefixes.ts';
import { badLine, boundsLine, isAlias, isUnknown } from './disasm-bad.ts';
import { isFloat, spellingOf, vainPrefixesOf } from './format-spelling.ts';
import { format } from './format.ts';
import type { Symbols, Syntax } from './format.ts';
import type { Instruction } from './instruction.ts';

export interface Code {
  readonly address: Va;
  readonly bytes: Uint8Array;
  /** Where symbols begin, in order: no instruction goes on behind one. */
  readonly breaks?: readonly Va[];
}
/** The part of an ELF file's description that matters here. */
export interface Sectioned {
  readonly sections: readonly (Code & { readonly name: string; readonly isExecutable: boolean })[];
  readonly symbols: readonly { readonly address: Va }[];
}
export interface DisasmOptions { readonly syntax?: Syntax; readonly symbol?: Symbols }

export interface Line { readonly address: Va; readonly bytes: Uint8Array; readonly text: string; readonly instruction: Instruction | null }

const WAIT = 0x9b;

/** Every instruction of `code` with its text. Bytes that the end cuts short are `(bad)`; a REX prefix before another prefix stands alone. */
export function* lines(code: Code, options: DisasmOptions = {}): Iterable<Line> {
  const { bytes, address, breaks = [] } = code;
  const syntax = options.syntax ?? 'intel';
  let next = 0;
  for (let at = 0; at < bytes.length;) {
    while (next < breaks.length && breaks[next]! <= address + at) next++;
    const whole = lineAt(bytes, at, address + at, syntax, options.symbol), isCut = next < breaks.length && breaks[next]! < address + at + whole.bytes.length;
    const line = isCut ? { address: address + at, bytes: bytes.subarray(at, at + 1), text: `.byte 0x${bytes[at]!.toString(16)}`, instruction: null } : whole;
    yield line;
    at += line.bytes.length;
  }
}

function lineAt(bytes: Uint8Array, at: number, address: Va, syntax: Syntax, symbol: Symbols | undefined): Line {
  const vain = vainPrefixesOf(bytes.subarray(at, at + LONGEST));
  if (vain.length > 0) return { address, bytes: vain, text: prefixNames(vain), instruction: null };
  // A slip of objdump's.
  const waited = bytes[at] === WAIT ? vainPrefixesOf(bytes.subarray(at + 1, at + LONGEST)) : vain;
  if (waited.length > 0) return { address, bytes: bytes.subarray(at, at + 1), text: prefixNames(waited), instruction: null };
  const lead = bytes[at] === WAIT && isFloatAt(bytes, at + 1) ? 1 : 0, instruction = decode(bytes, at + lead, bytes.length);
  if (instruction === null) return { address, bytes: bytes.subarray(at), text: '(bad)', instruction };
  const own = bytes.subarray(at, at + lead + instruction.length);
  if (instruction.mnemonic === 'ud' || isAlias(own) || isUnknown(instruction, own)) {
    const { length, text } = badLine({ bytes: bytes.subarray(at, at + LONGEST), address, syntax, symbol }, own.length);
    return { address, bytes: bytes.subarray(at, at + length), text, instruction };
  }
  const bounds = instruction.operation === 'nop' ? boundsLine(own, address, syntax, symbol) : null;
  return { address, bytes: own, text: bounds?.text ?? format(instruction, address, syntax, symbol, own), instruction };
}
/** Whether an x87 instruction is at `at`, prefixes and all, which takes a WAIT before it for its own. */
function isFloatAt(bytes: Uint8Array, at: number): boolean {
  const own = bytes.subarray(at, at + LONGEST);
  return own.length > 0 && isFloat(spellingOf(own).opcode);
}
const LONGEST = 15;

/** `ADDRESS:<tab>BYTES<tab>TEXT` for every instruction of every section. */
export function* disassemble(sections: Iterable<Code>, syntax: Syntax = 'intel', symbol?: Symbols): Iterable<string> {
  const options = symbol === undefined ? { syntax } : { syntax, symbol };
  for (const section of sections) {
    for (const line of lines(section, options)) yield `${line.address.toString(16)}:\t${hexOf(line.bytes)}\t${line.text}`;
  }
}

/** The executable sections of an ELF file. */
export function codeOf(elf: Sectioned): readonly Code[] {
  const sections = elf.sections.filter(section => section.isExecutable), all = sections.length === 0 ? [] : elf.symbols.map(symbol => symbol.address).sort((a, b) => a - b);
  return sections.map(({ address, bytes }) => ({ address, bytes, breaks: all.filter(at => at > address && at < address + bytes.length) }));
}
/** What `tramp64 disasm FILE` prints. */
export function disasmElf(elf: Sectioned, options: DisasmOptions = {}): Iterable<string> { return disassemble(codeOf(elf), options.syntax, options.symbol); }

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += (at === 0 ? '' : ' ') + (HEX[bytes[at] ?? 0] ?? '');
  return text;
}
