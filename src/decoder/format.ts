/** Instruction to text, as objdump -d writes it (binutils), in Intel's and AT&T's syntax. The rules that are data are in format-names.ts. */
import { SLOT } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { bigOf } from '../base/words.ts';
import { ALWAYS_64, ATT_IMPLICIT, ATT_NAMES, ATT_SWAPPED, FLOAT_INTEGERS, FLOAT_INTEGER_SUFFIX, FLOAT_SUFFIX, FLOATS, IMPLICIT,
  INTEGER_SUFFIX, MANDATORY, MASK_MOVES, NO_WAIT, OLD_NAMES, POINTERS, POINTER_EXCEPTIONS, REPEATED, SHIFTS, SIZED, SIZED_ALONE, SIZED_BESIDE_REGISTER, SIZED_STRINGS, STRINGS,
  THIRD_IS_XMM0, WIDE_NAMED, WORD_MARKED, absorbed } from './format-names.ts';
import { GPR32, GPR64, registerName } from './format-registers.ts';
import { hasDisplacement, spellingOf } from './format-spelling.ts';
import type { Spelling } from './format-spelling.ts';
import { NONE, PREFIX } from './instruction.ts';
import type { Instruction, Operand } from './instruction.ts';

export type Syntax = 'intel' | 'att';
/** `name` or `name+0x10`: how an address is called, where it has a name. */
export type Symbols = (address: Va) => string | null;

/**
 * The instruction at `address` as text. `code`, its bytes, brings back what decoding forgets: repeated and useless prefixes,
 * a displacement of 0. Without it the text is what an assembler would need to be told.
 */
export function format(i: Instruction, address: Va, syntax: Syntax, symbol?: Symbols, code?: Uint8Array): string {
  const context: Context = { i, syntax, spelling: code === undefined ? null : spellingOf(code), next: address + (code?.length ?? i.length), symbol };
  if (i.mnemonic === 'ud') return '(bad)';
  const name = i.mnemonic === 'vex' || i.mnemonic === 'evex' ? `(${i.mnemonic})` : nameOf(context);
  const head = [...prefixWords(context), name].join(' ').padEnd(6);
  const operands = operandTexts(context);
  return `${head} ${operands.join(',')}`.trimEnd() + commentOf(context);
}

interface Context {
  readonly i: Instruction;
  readonly syntax: Syntax;
  readonly spelling: Spelling | null;
  readonly next: Va;
  readonly symbol: Symbols | undefined;
}

// — names —

function nameOf(c: Context): string {
  const i = c.i;
  let name = absorbed(i.mnemonic, immediateOf(i)) ?? i.mnemonic;
  if (c.spelling?.wait === true && NO_WAIT.has(name)) name = `f${name.slice(2)}`;
  if (name === 'movabs' && i.addressSize === 4 && isOffset(c)) return 'mov';
  if (name in OLD_NAMES) return OLD_NAMES[name] ?? name;
  return c.syntax === 'intel' ? name : attName(name, c);
}

function attName(name: string, c: Context): string {
  const i = c.i;
  const memory = i.operands.find(operand => operand.kind === 'mem');
  const [destination, source] = i.operands;
  if (name in ATT_NAMES) return ATT_NAMES[name] ?? name;
  if (name === 'movzx' || name === 'movsx') return `${name.slice(0, 4)}${INTEGER_SUFFIX[source?.size ?? 0] ?? ''}${INTEGER_SUFFIX[i.size] ?? ''}`;
  if (name === 'movsxd' && destination?.size === 8) return 'movslq';
  if (SIZED_STRINGS.has(name)) return name + (INTEGER_SUFFIX[i.size] ?? '');
  if (name in ATT_SWAPPED && destination?.kind === 'reg' && !isStackTop(c, destination, 0)) return ATT_SWAPPED[name] ?? name;
  if (isLoop(i) && i.addressSize === 4) return `${name}l${hintOf(c)}`;
  if (i.flow === 'branch') return name + hintOf(c);
  if (memory === undefined) return name;
  if (FLOATS.has(name)) return name + (FLOAT_SUFFIX[memory.size] ?? '');
  if (FLOAT_INTEGERS.has(name)) return name + (FLOAT_INTEGER_SUFFIX[memory.size] ?? '');
  if (SIZED.has(name) && (SIZED_BESIDE_REGISTER.has(name) || !i.operands.some(operand => operand.kind === 'reg'))) {
    return name + (INTEGER_SUFFIX[memory.size] ?? '');
  }
  if (isFar(i)) return `l${name}${i.size === 2 ? 'w' : ''}`;
  return WORD_MARKED.has(name) && memory.size === 2 ? `${name}w` : name;
}

/** A CS or DS prefix was once a hint which way a branch goes. */
function hintOf(c: Context): string {
  const prefixes = c.spelling?.prefixes ?? canonicalPrefixes(c.i);
  return ATT_HINT[prefixes.filter(byte => byte in ATT_HINT).pop() ?? 0] ?? '';
}

/** call and jmp through a far pointer. */
function isFar(i: Instruction): boolean {
  return i.operation === 'lcall' || i.operation === 'ljmp';
}

/** MOV with an address instead of ModRM. */
function isOffset(c: Context): boolean {
  return c.i.mnemonic === 'movabs' && c.i.operands.some(operand => operand.kind === 'mem');
}

function immediateOf(i: Instruction): number {
  const last = i.operands[i.operands.length - 1];
  return last?.kind === 'imm' ? last.lo & 0xff : -1;
}

// — prefixes —

const SEGMENT_PREFIX: Readonly<Record<number, string>> = { 0x26: 'es', 0x2e: 'cs', 0x36: 'ss', 0x3e: 'ds', 0x64: 'fs', 0x65: 'gs' };
const ATT_HINT: Readonly<Record<number, string>> = { 0x2e: ',pn', 0x3e: ',pt' };

/** The prefixes that the rest of the text does not already say. */
function prefixWords(c: Context): string[] {
  const bytes = c.spelling?.prefixes ?? canonicalPrefixes(c.i);
  const words: string[] = [];
  const shown = shownSegmentAt(c, bytes);
  bytes.forEach((byte, at) => {
    if (at === shown) return;
    const word = prefixWord(c, byte, bytes.indexOf(byte, at + 1) < 0, bytes);
    if (word !== null) words.push(word);
  });
  const rex = c.spelling === null ? '' : rexWord(c, c.spelling);
  if (rex !== '') words.push(rex);
  return words;
}

function canonicalPrefixes(i: Instruction): number[] {
  const bits = i.prefixes;
  const present: [number, number][] = [[PREFIX.lock, 0xf0], [PREFIX.repne, 0xf2], [PREFIX.rep, 0xf3], [PREFIX.operandSize, 0x66],
    [PREFIX.cs, 0x2e], [PREFIX.ss, 0x36], [PREFIX.ds, 0x3e], [PREFIX.es, 0x26], [PREFIX.fs, 0x64], [PREFIX.gs, 0x65], [PREFIX.addressSize, 0x67]];
  return present.filter(([bit]) => (bits & bit) !== 0).map(([, byte]) => byte);
}

/** `isLast`: no equal prefix follows, so this one has the effect. */
function prefixWord(c: Context, byte: number, isLast: boolean, all: readonly number[]): string | null {
  switch (byte) {
    case 0xf0: return 'lock';
    case 0x66: return isLast && operandSizeIsUsed(c) ? null : 'data16';
    case 0x67: return isLast && addressSizeIsUsed(c) ? null : 'addr32';
    case 0xf2: case 0xf3: return repeatWord(c, byte, isLast, all);
    default: return segmentWord(c, byte, isLast);
  }
}

function repeatWord(c: Context, byte: number, isLast: boolean, all: readonly number[]): string | null {
  const { mnemonic, flow, operation } = c.i;
  if (isLast && mandatoryPrefix(c) === byte) return null;
  if (byte === 0xf3) {
    if (isLast && REPEATED.has(mnemonic)) return 'rep';
    return isLast && isReleased(c, all) ? 'xrelease' : 'repz';
  }
  if (flow !== 'next' && flow !== 'stop' && (flow !== 'branch' || operation === 'jcc')) return isLast ? 'bnd' : 'repnz';
  return isLast && isLocking(c, all) ? 'xacquire' : 'repnz';
}

function isLocking(c: Context, all: readonly number[]): boolean {
  return c.i.operands[0]?.kind === 'mem' && (all.includes(0xf0) || c.i.mnemonic === 'xchg') && !STRINGS.has(c.i.mnemonic) && c.i.mnemonic !== 'mov';
}
function isReleased(c: Context, all: readonly number[]): boolean {
  const isStore = c.i.mnemonic === 'mov' && c.i.operands[0]?.kind === 'mem' && c.i.operands[1]?.file !== 'segment' && !isOffset(c);
  return isStore || isLocking(c, all);
}

function segmentWord(c: Context, byte: number, isLast: boolean): string | null {
  const flow = c.i.flow;
  if (byte === 0x3e && (flow === 'jump-indirect' || flow === 'call-indirect')) return 'notrack';
  if (c.syntax === 'att' && flow === 'branch' && byte in ATT_HINT && isLast) return null;
  return SEGMENT_PREFIX[byte] ?? '';
}

/** The segment prefix that an operand shows is the last of them, even where an earlier one is in force. */
function shownSegmentAt(c: Context, bytes: readonly number[]): number {
  const isShown = READS_SEGMENT.has(c.i.mnemonic)
    || !STRINGS.has(c.i.mnemonic) && bytes.some(byte => byte === 0x64 || byte === 0x65) && c.i.operands.some(operand => operand.kind === 'mem');
  if (!isShown) return -1;
  let at = bytes.length - 1;
  while (at >= 0 && !((bytes[at] ?? 0) in SEGMENT_PREFIX)) at--;
  return at;
}
const READS_SEGMENT: ReadonlySet<string> = new Set(['movs', 'cmps', 'lods', 'outs', 'xlat']);

function operandSizeIsUsed(c: Context): boolean {
  if (mandatoryPrefix(c) === 0x66) return true;
  const { mnemonic, operands, size } = c.i;
  if (size !== 2 || isVector(c.i) || isShortBranch(c)) return false;
  if (operands.length === 0) return SIZED_ALONE.has(mnemonic);
  if (isFar(c.i) || mnemonic === 'pushw' || mnemonic === 'popw') return true;
  const isFixed = FIXED_16.test(mnemonic) || operands[0]?.kind === 'mem' && (STORES_16.test(mnemonic) || operands[1]?.file === 'segment');
  return !isFixed && operands.some((operand, at) => operand.size === 2 && operand.file === 'gpr' && !isPort(c.i, operand, at));
}
/** Their operand, or their operand in memory, has 16 bits whatever the prefix says. */
const FIXED_16 = /^(f|lldt|ltr|lmsw|verr|verw)/, STORES_16 = /^(smsw|sldt|str)$/;
/** A branch with a distance of one byte goes by its own rules: the prefix has no say in its text. */
function isShortBranch(c: Context): boolean {
  if (c.i.operands[0]?.kind !== 'rel' || c.spelling === null) return false;
  return c.spelling.opcode !== 0x0f && c.spelling.opcode !== 0xe8 && c.spelling.opcode !== 0xe9;
}
function isLoop(i: Instruction): boolean { return i.flow === 'branch' && i.mnemonic.startsWith('loop'); }
function isVector(i: Instruction): boolean {
  return i.operands.some(operand => operand.file === 'xmm' || operand.file === 'mmx' || operand.file === 'ymm');
}
function addressSizeIsUsed(c: Context): boolean {
  const { operands, mnemonic } = c.i;
  if (isLoop(c.i) && c.syntax === 'att') return true;
  return STRINGS.has(mnemonic) || mnemonic === 'jecxz' || operands.some(operand => operand.kind === 'mem') && !isOffset(c);
}

/** The prefix that is part of the opcode, or 0. F2 and F3 beat 66, and the last of them the others. */
function mandatoryPrefix(c: Context): number {
  const fixed = MANDATORY[c.i.mnemonic];
  if (fixed !== undefined) return fixed;
  if (!isVector(c.i)) return 0;
  const repeats = (c.spelling?.prefixes ?? canonicalPrefixes(c.i)).filter(byte => byte === 0xf2 || byte === 0xf3);
  return repeats[repeats.length - 1] ?? 0x66;
}

function rexWord(c: Context, spelling: Spelling): string {
  const rex = spelling.rex;
  if (rex === 0 || rexIsUsed(c, spelling)) return '';
  const bits = ['W', 'R', 'X', 'B'].filter((_, bit) => (rex & (8 >> bit)) !== 0).join('');
  return bits === '' ? 'rex' : `rex.${bits}`;
}

/** Whether every bit of REX has an effect. A bare 0x40 has one where it turns ah, ch, dh, bh into spl, bpl, sil, dil. */
function rexIsUsed(c: Context, spelling: Spelling): boolean {
  const { operands } = c.i;
  const rex = spelling.rex;
  if (rex === 0x40) return operands.some(operand => operand.file === 'gpr' && operand.kind === 'reg' && operand.size === 1 && operand.index >= 4);
  if ((rex & 8) !== 0 && !wideIsUsed(c)) return false;
  let extended = 0;
  for (const operand of operands) {
    if (operand.kind === 'reg' && operand.index >= 8) extended++;
    if (operand.kind === 'mem') extended += (rex & 1) + (spelling.sib >= 0 ? (rex >> 1) & 1 : 0);
  }
  return extended >= (rex & 1) + ((rex >> 1) & 1) + ((rex >> 2) & 1);
}
function wideIsUsed(c: Context): boolean {
  const { operands, mnemonic, size } = c.i;
  if (WIDE_NAMED.has(mnemonic) || MASK_MOVES.has(mnemonic)) return true;
  if (operands.length === 0) return size === 8 && SIZED_ALONE.has(mnemonic);
  return size === 8 && !ALWAYS_64.has(mnemonic) && operands.some(operand => operand.size === 8 && operand.file === 'gpr' && (operand.kind === 'reg' || !isVector(c.i)));
}

// — operands —

function operandTexts(c: Context): string[] {
  const { i, syntax } = c;
  const implicit = IMPLICIT[i.mnemonic];
  if (implicit !== undefined) return ordered(c, implicit.map(which => implicitText(c, which)));
  if (syntax === 'att' && i.mnemonic in ATT_IMPLICIT) return (ATT_IMPLICIT[i.mnemonic] ?? []).map(name => `%${name}`);
  const operands = absorbed(i.mnemonic, immediateOf(i)) === null ? i.operands : i.operands.slice(0, -1);
  const texts = operands.map((operand, at) => operandText(c, operand, at)).filter(text => text !== '');
  if (THIRD_IS_XMM0.has(i.mnemonic) && texts.length === 2) texts.push(syntax === 'intel' ? 'xmm0' : '%xmm0');
  return ordered(c, texts);
}

/** AT&T writes the destination last, but for ENTER. */
function ordered(c: Context, texts: string[]): string[] {
  return c.syntax === 'intel' || c.i.operation === 'enter' ? texts : texts.reverse();
}

function implicitText(c: Context, which: string): string {
  const { i, syntax } = c;
  if (which === 'a') return named(syntax, registerName('gpr', 0, i.size));
  if (which === 'dx') return syntax === 'intel' ? 'dx' : '(%dx)';
  const segment = which === 'di' ? 'es' : segmentName(i.segment) ?? 'ds';
  const base = (i.addressSize === 4 ? 'e' : 'r') + which;
  if (syntax === 'att') return `%${segment}:(%${base})`;
  return `${POINTERS[which === 'bx' ? 1 : i.size] ?? ''} PTR ${segment}:[${base}]`;
}

function named(syntax: Syntax, name: string): string { return syntax === 'intel' ? name : `%${name}`; }
function segmentName(slot: number): string | null { return slot === SLOT.fs ? 'fs' : slot === SLOT.gs ? 'gs' : null; }

function operandText(c: Context, operand: Operand, at: number): string {
  const isIntel = c.syntax === 'intel';
  const star = !isIntel && (c.i.flow === 'jump-indirect' || c.i.flow === 'call-indirect' || isFar(c.i)) ? '*' : '';
  switch (operand.kind) {
    case 'imm': return immediateText(c, operand);
    case 'rel': return placeText(c, targetOf(c, operand));
    case 'mem': return star + (isIntel ? intelMemory(c, operand) : attMemory(c, operand));
    case 'reg': return star + registerText(c, operand, at);
  }
}

function registerText(c: Context, operand: Operand, at: number): string {
  if (c.syntax === 'att' && c.i.operands.length > 0 && isPort(c.i, operand, at)) return '(%dx)';
  if (c.syntax === 'att' && operand.file === 'debug') return `%db${operand.index}`;
  if (MASK_MOVES.has(c.i.mnemonic) && operand.file === 'gpr' && c.spelling !== null && (c.spelling.rex & 8) !== 0) {
    return named(c.syntax, registerName('gpr', operand.index, 8));
  }
  if (operand.file === 'st' && isStackTop(c, operand, at)) return named(c.syntax, 'st');
  return named(c.syntax, registerName(operand.file, operand.index, operand.size));
}

function isPort(i: Instruction, operand: Operand, at: number): boolean {
  return operand.file === 'gpr' && operand.index === 2 && (i.mnemonic === 'in' && at === 1 || i.mnemonic === 'out' && at === 0);
}

/** Of two x87 registers one is always the top of the stack, and is written without its number. */
function isStackTop(c: Context, operand: Operand, at: number): boolean {
  const operands = c.i.operands;
  if (operand.index !== 0 || operand.file !== 'st' || operands.length < 2) return false;
  if (operands[1 - at]?.index !== 0) return true;
  const destinationIsTop = c.spelling === null ? !c.i.mnemonic.endsWith('p') : (c.spelling.opcode & 4) === 0 || c.spelling.opcode === 0xdf;
  return destinationIsTop === (at === 0);
}

function immediateText(c: Context, operand: Operand): string {
  if (isShiftByOne(c, operand)) return c.syntax === 'intel' ? '1' : '';
  const size = operand.size === 0 ? 8 : operand.size;
  const value = bigOf(operand.lo, operand.hi) & ((1n << BigInt(8 * Math.min(size, 8))) - 1n);
  return `${c.syntax === 'intel' ? '' : '$'}0x${value.toString(16)}`;
}

/** Opcodes D0 and D1 have the 1 in them, and objdump shows it as such. */
function isShiftByOne(c: Context, operand: Operand): boolean {
  if (operand.lo !== 1 || !SHIFTS.has(c.i.mnemonic)) return false;
  return c.spelling === null || (c.spelling.opcode & 0xfe) === 0xd0;
}

function targetOf(c: Context, operand: Operand): Va {
  const target = c.next + operand.disp;
  return operand.size === 2 && !isShortBranch(c) ? target & 0xffff : target;
}

/** An address with its name, as objdump writes the target of a branch. */
function placeText(c: Context, place: Va): string {
  const name = c.symbol?.(place) ?? null;
  const digits = place < 0 ? BigInt.asUintN(64, BigInt(place)).toString(16) : place.toString(16);
  return name === null ? digits : `${digits} <${name}>`;
}
function hex64(lo: number, hi: number): string { return bigOf(lo, hi).toString(16); }

function commentOf(c: Context): string {
  const operand = c.i.operands.find(candidate => candidate.kind === 'mem' && candidate.base === SLOT.rip);
  return operand === undefined ? '' : `        # ${placeText(c, c.next + operand.disp)}`;
}

// — memory —

interface Address {
  readonly segment: string | null;
  readonly base: string | null;
  readonly index: string | null;
  readonly scale: number;
  readonly hasDisplacement: boolean;
}

function addressOf(c: Context, operand: Operand): Address {
  const names = operand.addressSize === 4 ? GPR32 : GPR64;
  const letter = operand.addressSize === 4 ? 'e' : 'r';
  const base = operand.base === SLOT.rip ? `${letter}ip` : operand.base === NONE ? null : names[operand.base] ?? null;
  let index = operand.index === NONE ? null : names[operand.index] ?? null;
  let shift = operand.shift;
  const spelling = isOffset(c) ? null : c.spelling;
  if (index === null && spelling !== null && spelling.sib >= 0) {
    shift = spelling.sib >> 6;
    if (shift > 0 || base !== null && (spelling.sib & 7) !== 4) index = `${letter}iz`;
  }
  if (index === null && base === null && operand.addressSize === 4 && !isOffset(c)) index = `${letter}iz`;
  const displaced = spelling === null ? operand.disp !== 0 || base === null || operand.base === SLOT.rip : hasDisplacement(spelling);
  return { segment: segmentName(operand.segment), base, index, scale: 1 << shift, hasDisplacement: displaced };
}

function pointerOf(c: Context, operand: Operand): string {
  if (isOffset(c)) return '';
  const size = POINTER_EXCEPTIONS[c.i.mnemonic] ?? POINTERS[operand.size] ?? '';
  return size === '' ? '' : `${size} PTR `;
}

function intelMemory(c: Context, operand: Operand): string {
  const a = addressOf(c, operand);
  const segment = a.segment === null ? '' : `${a.segment}:`;
  if (a.base === null && a.index === null) return `${pointerOf(c, operand)}${segment === '' ? 'ds:' : segment}0x${wholeDisplacement(operand)}`;
  const index = a.index === null ? '' : `${a.base === null ? '' : '+'}${a.index}*${a.scale}`;
  const isUnsigned = operand.base === SLOT.rip || a.index?.endsWith('iz') === true && a.base === null;
  const displacement = !a.hasDisplacement ? '' : isUnsigned ? `+0x${wholeDisplacement(operand)}` : signed(operand.disp, '+');
  return `${pointerOf(c, operand)}${segment}[${a.base ?? ''}${index}${displacement}]`;
}

function attMemory(c: Context, operand: Operand): string {
  const a = addressOf(c, operand);
  const segment = a.segment === null ? '' : `%${a.segment}:`;
  if (a.base === null && a.index === null) return `${segment}0x${wholeDisplacement(operand)}`;
  const isWhole = a.index?.endsWith('iz') === true && a.base === null;
  const displacement = !a.hasDisplacement ? '' : isWhole ? `0x${wholeDisplacement(operand)}` : signed(operand.disp, '');
  const index = a.index === null ? '' : `,%${a.index},${a.scale}`;
  return `${segment}${displacement}(${a.base === null ? '' : `%${a.base}`}${index})`;
}

function wholeDisplacement(operand: Operand): string {
  return operand.addressSize === 4 && operand.base !== SLOT.rip ? (operand.disp >>> 0).toString(16) : hex64(operand.disp, operand.dispHigh);
}
function signed(disp: number, plus: string): string {
  return disp < 0 ? `-0x${(-disp).toString(16)}` : `${plus}0x${disp.toString(16)}`;
}
