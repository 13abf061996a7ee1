/** Whole sections as text, one line an instruction, as `objdump -d` walks them. */
import type { Va } from '../base/types.ts';
import { decode } from './decode.ts';
import { prefixNames } from './format-prefixes.ts';
import { opcodeOf, spellingOf, vainPrefixesOf } from './format-spelling.ts';
import { format } from './format.ts';
import type { Symbols, Syntax } from './format.ts';
import type { Instruction } from './instruction.ts';

export interface Code { readonly address: Va; readonly bytes: Uint8Array }
/** The part of an ELF file's description that matters here. */
export interface Sectioned {
  readonly sections: readonly (Code & { readonly name: string; readonly isExecutable: boolean })[];
}
export interface DisasmOptions { readonly syntax?: Syntax; readonly symbol?: Symbols }

export interface Line { readonly address: Va; readonly bytes: Uint8Array; readonly text: string; readonly instruction: Instruction | null }

const WAIT = 0x9b;

/** Every instruction of `code` with its text. Bytes that the end cuts short are `(bad)`; a REX prefix before another prefix stands alone. */
export function* lines(code: Code, options: DisasmOptions = {}): Iterable<Line> {
  const { bytes, address } = code;
  const syntax = options.syntax ?? 'intel';
  for (let at = 0; at < bytes.length;) {
    const line = lineAt(bytes, at, address + at, syntax, options.symbol);
    yield line;
    at += line.bytes.length;
  }
}

function lineAt(bytes: Uint8Array, at: number, address: Va, syntax: Syntax, symbol: Symbols | undefined): Line {
  const vain = vainPrefixesOf(bytes.subarray(at, at + LONGEST));
  if (vain.length > 0) return { address, bytes: vain, text: prefixNames(vain), instruction: null };
  const lead = bytes[at] === WAIT && isFloat(bytes, at + 1) ? 1 : 0, instruction = decode(bytes, at + lead, bytes.length);
  if (instruction === null) return { address, bytes: bytes.subarray(at), text: '(bad)', instruction };
  const own = bytes.subarray(at, at + lead + instruction.length);
  if (instruction.mnemonic === 'ud') return badLine(own, address, instruction);
  return { address, bytes: own, text: format(instruction, address, syntax, symbol, own), instruction };
}

/** What is undefined for its ModRM ends with the first byte of its opcode: from there on it may be something else. */
function badLine(own: Uint8Array, address: Va, instruction: Instruction): Line {
  const { at, opcode, hasModrm } = opcodeOf(own), isFloat = opcode >= 0xd8 && opcode <= 0xdf;
  const bytes = own.subarray(0, hasModrm && !isFloat ? at + 1 : own.length);
  return { address, bytes, text: `${prefixNames(own.subarray(0, at))} (bad)`.trimStart(), instruction };
}

/** Whether an x87 instruction is at `at`, prefixes and all, which takes a WAIT before it for its own. */
function isFloat(bytes: Uint8Array, at: number): boolean {
  const own = bytes.subarray(at, at + LONGEST);
  const opcode = own.length === 0 ? 0 : spellingOf(own).opcode;
  return opcode >= 0xd8 && opcode <= 0xdf;
}
const LONGEST = 15;

/** `ADDRESS:<tab>BYTES<tab>TEXT` for every instruction of every section. */
export function* disassemble(sections: Iterable<Code>, syntax: Syntax = 'intel', symbol?: Symbols): Iterable<string> {
  const options = symbol === undefined ? { syntax } : { syntax, symbol };
  for (const section of sections) {
    for (const line of lines(section, options)) yield `${line.address.toString(16)}:\t${hexOf(line.bytes)}\t${line.text}`;
  }
}

/** The executable sections of an ELF file: what `tramp64 disasm FILE` prints. */
export function disasmElf(elf: Sectioned, options: DisasmOptions = {}): Iterable<string> {
  return disassemble(elf.sections.filter(section => section.isExecutable), options.syntax, options.symbol);
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += (at === 0 ? '' : ' ') + (HEX[bytes[at] ?? 0] ?? '');
  return text;
}
