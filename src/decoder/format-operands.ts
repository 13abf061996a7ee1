/** Operands as text: registers, values, targets and addresses, in Intel's and AT&T's syntax. */
import { SLOT } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { bigOf } from '../base/words.ts';
import { isFar, isOffset, immediateOf, isShortBranch, isPort, isStackTop } from './format-context.ts';
import type { Context, Syntax } from './format-context.ts';
import { ATT_IMPLICIT, IMPLICIT, MASK_MOVES, POINTERS, POINTER_EXCEPTIONS, SHIFTS, absorbed } from './format-names.ts';
import { GPR32, GPR64, registerName } from './format-registers.ts';
import { hasDisplacement } from './format-spelling.ts';
import { NONE } from './instruction.ts';
import type { Operand } from './instruction.ts';

export function operandTexts(c: Context): string[] {
  const { i, syntax } = c;
  const implicit = IMPLICIT[i.mnemonic];
  if (implicit !== undefined) return ordered(c, implicit.map(which => implicitText(c, which)));
  if (syntax === 'att' && i.mnemonic in ATT_IMPLICIT) return (ATT_IMPLICIT[i.mnemonic] ?? []).map(name => `%${name}`);
  const operands = absorbed(i.mnemonic, immediateOf(i)) === null ? i.operands : i.operands.slice(0, -1);
  const texts = operands.map((operand, at) => operandText(c, operand, at)).filter(text => text !== '');
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

/** Where a RIP-relative operand is. */
export function commentOf(c: Context): string {
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
  let index = operand.index === NONE ? null : operand.file === 'gpr' ? names[operand.index] ?? null : registerName(operand.file, operand.index, 16);
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
  const isUnsigned = operand.base === SLOT.rip || a.index === 'eiz' && a.base === null;
  const displacement = !a.hasDisplacement ? '' : isUnsigned ? `+0x${wholeDisplacement(operand)}` : signed(operand.disp, '+');
  return `${pointerOf(c, operand)}${segment}[${a.base ?? ''}${index}${displacement}]`;
}

function attMemory(c: Context, operand: Operand): string {
  const a = addressOf(c, operand);
  const segment = a.segment === null ? '' : `%${a.segment}:`;
  if (a.base === null && a.index === null) return `${segment}0x${wholeDisplacement(operand)}`;
  const isWhole = a.index === 'eiz' && a.base === null;
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
