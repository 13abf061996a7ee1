/** Which prefixes the text of an instruction names: those that nothing else in it shows. */
import { isFar, isOffset, canonicalPrefixes, isShortBranch, isLoop, isVector, isPort } from './format-context.ts';
import type { Context } from './format-context.ts';
import { ALWAYS_64, ATT_HINT, MANDATORY, MASK_MOVES, REPEATED, SIZED_ALONE, STRINGS, WIDE_NAMED } from './format-names.ts';
import { isFloat, type Spelling } from './format-spelling.ts';

const SEGMENT_PREFIX: Readonly<Record<number, string>> = { 0x26: 'es', 0x2e: 'cs', 0x36: 'ss', 0x3e: 'ds', 0x64: 'fs', 0x65: 'gs' };

/** The prefixes that the rest of the text does not already say. */
export function prefixWords(c: Context): string[] {
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

/** HLE (SDM vol. 1 §16.3): F2 and F3 before a locked instruction, F3 before a store. */
function isLocking(c: Context, all: readonly number[]): boolean {
  const { mnemonic, operands } = c.i;
  return operands[0]?.kind === 'mem' && (all.includes(0xf0) || mnemonic === 'xchg') && !STRINGS.has(mnemonic) && mnemonic !== 'mov' && mnemonic !== 'movabs';
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

/** Prefixes with nothing behind them that they could belong to. */
export function prefixNames(bytes: Uint8Array): string {
  return Array.from(bytes, byte => BARE[byte] ?? SEGMENT_PREFIX[byte] ?? rexName(byte)).join(' ');
}
const BARE: Readonly<Record<number, string>> = { 0x66: 'data16', 0x67: 'addr32', 0xf0: 'lock', 0xf2: 'repnz', 0xf3: 'repz' };

function rexWord(c: Context, spelling: Spelling): string {
  const rex = spelling.rex;
  return rex === 0 || rexIsUsed(c, spelling) ? '' : rexName(rex);
}
function rexName(rex: number): string {
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
    if (operand.kind === 'mem' && !isOffset(c)) extended += (rex & 1) + (spelling.sib >= 0 ? (rex >> 1) & 1 : 0);
  }
  return extended >= (rex & 1) + ((rex >> 1) & 1) + ((rex >> 2) & 1);
}

function wideIsUsed(c: Context): boolean {
  const { operands, mnemonic, size } = c.i;
  if (WIDE_NAMED.has(mnemonic) || MASK_MOVES.has(mnemonic)) return true;
  if (operands.length === 0) return size === 8 && SIZED_ALONE.has(mnemonic);
  if (size !== 8 || ALWAYS_64.has(mnemonic) || c.i.flow === 'branch' || c.spelling !== null && isFloat(c.spelling.opcode)) return false;
  return operands.some(operand => operand.size === 8 && operand.file === 'gpr' && (operand.kind === 'reg' || !isVector(c.i)));
}
