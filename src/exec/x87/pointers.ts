/**
 * What the x87 remembers of its last instruction that is no control instruction: address, opcode and operand (SDM vol. 1 §8.1.8, §8.1.9).
 * Selectors are kept beside offsets; 64-bit images have room for offsets only, and leave none behind (vol. 1 table 10-2).
 */
import { SELECTOR, SLOT, STATE } from '../../base/layout.ts';
import { hiOf, loOf } from '../../base/words.ts';
import { type Instruction, NONE, type Operand } from '../../decoder/instruction.ts';
import type { CpuState } from '../state.ts';

const INSTRUCTION = STATE.fpuInstruction >> 2, OPERAND = STATE.fpuOperand >> 2, RIP = 2 * SLOT.rip;
const RSP = 4, RBP = 5, FS_INDEX = 4;
/** Opcodes are remembered by 11 bits: all of them begin with the same five. */
const CODE_BITS = 0x7ff;
/** Offsets have 48 bits. */
const highOf = (bits: number): number => bits << 16 >> 16;

/** While the instruction executes: RIP is behind it. */
export function rememberInstruction({ r32, view }: CpuState, i: Instruction): void {
  const low = r32[RIP]!;
  r32[INSTRUCTION] = low - i.length;
  r32[INSTRUCTION + 1] = r32[RIP + 1]! - (low >>> 0 < i.length ? 1 : 0);
  view.setInt32(STATE.fpuCode, (SELECTOR.code << 16) | (i.code & CODE_BITS), true);
}
/** @param at its linear address */
export function rememberOperand(s: CpuState, operand: Operand, at: number): void {
  const { segment } = operand, { r32 } = s, low = loOf(at), high = hiOf(at);
  if (segment === NONE) {
    r32[OPERAND] = low; r32[OPERAND + 1] = high;
    s.view.setUint16(STATE.fpuOperandSelector, operand.base === RSP || operand.base === RBP ? SELECTOR.stack : s.view.getUint16(STATE.selectors + 6, true), true);
    return;
  }
  const base = s.low(segment);
  r32[OPERAND] = low - base;
  r32[OPERAND + 1] = highOf(high - s.high(segment) - (low >>> 0 < base >>> 0 ? 1 : 0));
  s.view.setUint16(STATE.fpuOperandSelector, s.view.getUint16(STATE.selectors + 2 * (FS_INDEX + (segment === SLOT.gs ? 1 : 0)), true), true);
}
export function forgetPointers(s: CpuState): void { s.u8.fill(0, STATE.fpuInstruction, STATE.fpuOperandSelector + 2); }

/** Places of FXSAVE's image, and of FNSTENV's, in words. */
const IMAGE = { code: 6, instruction: 8, operand: 16 } as const, WORDS = { instruction: 3, instructionSelector: 4, operand: 5, operandSelector: 6 } as const;

/** Into FXSAVE's image. */
export function savePointers(s: CpuState, image: DataView, is64: boolean): void {
  const { view } = s;
  image.setUint16(IMAGE.code, view.getUint16(STATE.fpuCode, true), true);
  const save = (to: number, from: number, selector: number): void => {
    image.setInt32(to, view.getInt32(from, true), true);
    image.setInt32(to + 4, is64 ? view.getInt32(from + 4, true) : view.getUint16(selector, true), true);
  };
  save(IMAGE.instruction, STATE.fpuInstruction, STATE.fpuInstructionSelector);
  save(IMAGE.operand, STATE.fpuOperand, STATE.fpuOperandSelector);
}
export function loadPointers(s: CpuState, image: DataView, is64: boolean): void {
  const { view } = s;
  view.setUint16(STATE.fpuCode, image.getUint16(IMAGE.code, true) & CODE_BITS, true);
  const load = (from: number, to: number, selector: number): void => {
    const high = image.getUint16(from + 4, true);
    view.setInt32(to, image.getInt32(from, true), true);
    view.setInt32(to + 4, is64 ? highOf(high) : 0, true);
    view.setUint16(selector, is64 ? 0 : high, true);
  };
  load(IMAGE.instruction, STATE.fpuInstruction, STATE.fpuInstructionSelector);
  load(IMAGE.operand, STATE.fpuOperand, STATE.fpuOperandSelector);
}

/** Into FNSTENV's image, whose words have 4 or 2 bytes. The opcode is above a selector of 4 bytes, and nowhere otherwise. */
export function saveEnvironmentPointers({ view }: CpuState, image: DataView, wordBytes: 2 | 4): void {
  const save = (word: number, from: number): void => {
    image.setUint16(word * wordBytes, view.getUint16(from, true), true);
  };
  save(WORDS.instruction, STATE.fpuInstruction); save(WORDS.instructionSelector, STATE.fpuInstructionSelector);
  save(WORDS.operand, STATE.fpuOperand); save(WORDS.operandSelector, STATE.fpuOperandSelector);
  if (wordBytes === 2) return;
  const saveUpper = (word: number, from: number): void => { image.setUint16(4 * word + 2, view.getUint16(from, true), true); };
  saveUpper(WORDS.instruction, STATE.fpuInstruction + 2); saveUpper(WORDS.instructionSelector, STATE.fpuCode); saveUpper(WORDS.operand, STATE.fpuOperand + 2);
}
export function loadEnvironmentPointers({ view }: CpuState, image: DataView, wordBytes: 2 | 4): void {
  const isWide = wordBytes === 4, offset = (word: number): number => (isWide ? image.getInt32(4 * word, true) : image.getUint16(2 * word, true));
  const load = (word: number, to: number): void => { view.setInt32(to, offset(word), true); view.setInt32(to + 4, 0, true); };
  load(WORDS.instruction, STATE.fpuInstruction); load(WORDS.operand, STATE.fpuOperand);
  view.setUint16(STATE.fpuInstructionSelector, image.getUint16(WORDS.instructionSelector * wordBytes, true), true);
  view.setUint16(STATE.fpuOperandSelector, image.getUint16(WORDS.operandSelector * wordBytes, true), true);
  view.setUint16(STATE.fpuCode, isWide ? image.getUint16(4 * WORDS.instructionSelector + 2, true) & CODE_BITS : 0, true);
}
