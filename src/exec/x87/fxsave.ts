/** State images in memory: FXSAVE's 512 bytes (SDM vol. 1 §10.5.1, 64-bit mode) and FNSTENV's 28 or 14 (§8.1.10). */
import { STATE } from '../../base/layout.ts';
import { type Instruction, PREFIX } from '../../decoder/instruction.ts';
import { MXCSR_MASK } from '../mxcsr.ts';
import type { CpuState } from '../state.ts';
import { KIND, kindOf, loadFloat80, storeFloat80 } from './float80.ts';
import { forgetPointers, loadEnvironmentPointers, loadPointers, saveEnvironmentPointers, savePointers } from './pointers.ts';
import { ES, summarise, topOf } from './stack.ts';

const FXSAVE = { control: 0, status: 2, tags: 4, mxcsr: 24, mxcsrMask: 28, registers: 32, vectors: 160, end: 416 } as const;
/** FXSAVE writes no byte from here on; software may keep things there. */
export const FXSAVE_BYTES_WRITTEN = FXSAVE.end;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether the image that an instruction names has addresses of 64 bits. */
export const is64 = (i: Instruction): boolean => (i.prefixes & PREFIX.rexW) !== 0;
/**
 * Writes the first 416 bytes of the image.
 * Where the last instruction was is told only while it has an exception pending, as on AMD's (APM vol. 2 §11.4.4).
 * @param is64 whether addresses have 64 bits, or 32 and a selector
 */
export function fxsaveImage(s: CpuState, into: Uint8Array, is64: boolean): void {
  const view = viewOf(into);
  into.fill(0, 0, FXSAVE.end);
  view.setUint16(FXSAVE.control, s.fpuControl, true);
  view.setUint16(FXSAVE.status, s.fpuStatus, true);
  view.setUint8(FXSAVE.tags, s.fpuTags);
  if ((s.fpuStatus & ES) !== 0) savePointers(s, view, is64);
  view.setUint32(FXSAVE.mxcsr, s.mxcsr, true);
  view.setUint32(FXSAVE.mxcsrMask, MXCSR_MASK, true);
  for (let i = 0; i < 8; i++) {
    const from = STATE.fpu + 16 * ((topOf(s) + i) & 7);
    into.set(s.u8.subarray(from, from + 10), FXSAVE.registers + 16 * i);
  }
  for (let i = 0; i < 16; i++) into.set(s.u8.subarray(STATE.vector + 32 * i, STATE.vector + 32 * i + 16), FXSAVE.vectors + 16 * i);
}

/** Loads the image; MXCSR bits that do not exist are cleared (the instruction refuses them before). */
export function fxrstorImage(s: CpuState, from: Uint8Array, is64: boolean): void {
  const view = viewOf(from);
  s.fpuControl = controlOf(view.getUint16(FXSAVE.control, true));
  s.fpuStatus = view.getUint16(FXSAVE.status, true);
  s.fpuTags = view.getUint8(FXSAVE.tags);
  loadPointers(s, view, is64);
  s.mxcsr = view.getUint32(FXSAVE.mxcsr, true) & MXCSR_MASK;
  for (let i = 0; i < 8; i++) {
    const at = FXSAVE.registers + 16 * i;
    s.u8.set(from.subarray(at, at + 10), STATE.fpu + 16 * ((topOf(s) + i) & 7));
  }
  for (let i = 0; i < 16; i++) s.u8.set(from.subarray(FXSAVE.vectors + 16 * i, FXSAVE.vectors + 16 * i + 16), STATE.vector + 32 * i);
  summarise(s);
}
export const mxcsrOfImage = (image: Uint8Array): number => viewOf(image).getUint32(FXSAVE.mxcsr, true);

/** The control word as the unit keeps it: bit 6 always reads as 1, the reserved ones as 0. */
export const controlOf = (word: number): number => (word & 0x1f7f) | 0x40;

/** The environment as FNSTENV stores it: words of 4 bytes whose upper half is all ones, or of 2 under an operand-size prefix. */
export function saveEnvironment(s: CpuState, into: Uint8Array, wordBytes: 2 | 4): void {
  const view = viewOf(into);
  const words = [s.fpuControl, s.fpuStatus, fullTags(s)];
  into.fill(0, 0, 7 * wordBytes);
  words.forEach((word, k) => {
    view.setUint16(k * wordBytes, word, true);
    if (wordBytes === 4) view.setUint16(4 * k + 2, 0xffff, true);
  });
  saveEnvironmentPointers(s, view, wordBytes);
  if (wordBytes === 4) view.setUint16(26, 0xffff, true);
}
export function restoreEnvironment(s: CpuState, from: Uint8Array, wordBytes: 2 | 4): void {
  const view = viewOf(from);
  s.fpuControl = controlOf(view.getUint16(0, true));
  s.fpuStatus = view.getUint16(wordBytes, true);
  s.fpuTags = abridged(view.getUint16(2 * wordBytes, true));
  loadEnvironmentPointers(s, view, wordBytes);
  summarise(s);
}
/** Eight registers of ten bytes, ST(0) first, behind the environment. */
export function saveRegisters(s: CpuState, into: Uint8Array, at: number): void {
  for (let i = 0; i < 8; i++) {
    const from = STATE.fpu + 16 * ((topOf(s) + i) & 7);
    into.set(s.u8.subarray(from, from + 10), at + 10 * i);
  }
}
export function restoreRegisters(s: CpuState, from: Uint8Array, at: number): void {
  const view = viewOf(from);
  for (let i = 0; i < 8; i++) storeFloat80(s.view, STATE.fpu + 16 * ((topOf(s) + i) & 7), loadFloat80(view, at + 10 * i));
}

/** Two bits a physical register: valid 0, zero 1, special 2, empty 3 (§8.1.7). */
function fullTags(s: CpuState): number {
  let word = 0;
  for (let register = 0; register < 8; register++) word |= tagOf(s, register) << (2 * register);
  return word;
}
function tagOf(s: CpuState, register: number): number {
  if ((s.fpuTags & (1 << register)) === 0) return 3;
  const kind = kindOf(loadFloat80(s.view, STATE.fpu + 16 * register));
  return kind === KIND.normal ? 0 : kind === KIND.zero ? 1 : 2;
}
function abridged(word: number): number {
  let tags = 0;
  for (let register = 0; register < 8; register++) if (((word >> (2 * register)) & 3) !== 3) tags |= 1 << register;
  return tags;
}

/** FNINIT (§8.1.11). */
export function initialise(s: CpuState): void {
  s.fpuControl = 0x37f; s.fpuStatus = 0; s.fpuTags = 0;
  forgetPointers(s);
}
