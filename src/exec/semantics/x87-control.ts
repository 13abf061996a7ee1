/** x87 control and state (SDM vol. 2, FNINIT to FXRSTOR): what has an N in its name does not wait for pending exceptions. */
import { type Instruction, PREFIX } from '../../decoder/instruction.ts';
import { NOT_CANONICAL } from '../../mmu/fault.ts';
import { type Helper, type HelperContext, VECTOR } from '../ops.ts';
import {
  controlOf, fxrstorImage, FXSAVE_BYTES_WRITTEN, fxsaveImage, initialise, is64, mxcsrOfImage, restoreEnvironment, restoreRegisters,
  saveEnvironment, saveRegisters,
} from '../x87/fxsave.ts';
import { MXCSR_MASK } from '../mxcsr.ts';
import { BUSY, ES, summarise } from '../x87/stack.ts';

/** Waiting instructions first raise what an earlier one left pending (§8.7.1). */
export function wait(c: HelperContext): void {
  if ((c.state.fpuStatus & ES) !== 0) c.trap(VECTOR.x87);
}

const storeStatus: Helper = (c, i) => c.write(i.operands[0]!, c.state.fpuStatus, 0);
const storeControl: Helper = (c, i) => c.write(i.operands[0]!, c.state.fpuControl, 0);
const loadControl: Helper = (c, i) => {
  wait(c);
  c.state.fpuControl = controlOf(c.read(i.operands[0]!));
  summarise(c.state);
};
const clearExceptions: Helper = c => { c.state.fpuStatus &= ~(0x7f | ES | BUSY); };
const wordBytesOf = (i: Instruction): 2 | 4 => ((i.prefixes & PREFIX.operandSize) !== 0 ? 2 : 4);
/** Images are accessed word by word: a fault is the first word's, then what is behind counts. */
function storeImage(c: HelperContext, i: Instruction, image: Uint8Array): void {
  const at = c.address(i.operands[0]!);
  c.probe(at, wordBytesOf(i), true);
  c.store(at, image);
}
function loadImage(c: HelperContext, i: Instruction, image: Uint8Array): void {
  const at = c.address(i.operands[0]!);
  c.probe(at, wordBytesOf(i), false);
  c.load(at, image);
}
const storeEnvironment: Helper = (c, i) => {
  const wordBytes = wordBytesOf(i), image = new Uint8Array(7 * wordBytes);
  saveEnvironment(c.state, image, wordBytes);
  storeImage(c, i, image);
  c.state.fpuControl |= 0x3f;
  summarise(c.state);
};
const loadEnvironment: Helper = (c, i) => {
  wait(c);
  const wordBytes = wordBytesOf(i), image = new Uint8Array(7 * wordBytes);
  loadImage(c, i, image);
  restoreEnvironment(c.state, image, wordBytes);
};
const save: Helper = (c, i) => {
  const wordBytes = wordBytesOf(i), image = new Uint8Array(7 * wordBytes + 80);
  saveEnvironment(c.state, image, wordBytes);
  saveRegisters(c.state, image, 7 * wordBytes);
  storeImage(c, i, image);
  initialise(c.state);
};
const restore: Helper = (c, i) => {
  wait(c);
  const wordBytes = wordBytesOf(i), image = new Uint8Array(7 * wordBytes + 80);
  loadImage(c, i, image);
  restoreEnvironment(c.state, image, wordBytes);
  restoreRegisters(c.state, image, 7 * wordBytes);
};

const isCanonical = (at: number): boolean => at >= -NOT_CANONICAL && at < NOT_CANONICAL;
/** Whether the first piece is where addresses are canonical comes before whether the image is aligned. */
function checkImage(c: HelperContext, at: number): void {
  if (!isCanonical(at) || !isCanonical(at + 1)) c.probe(at, 2, false);
  if (at % 16 !== 0) c.trap(VECTOR.protection);
}
/** #GP unless 16-byte aligned; the image's last 96 bytes are the program's own. */
const fxsave: Helper = (c, i) => {
  const at = c.address(i.operands[0]!);
  checkImage(c, at);
  const image = new Uint8Array(FXSAVE_BYTES_WRITTEN);
  fxsaveImage(c.state, image, is64(i));
  // From the end, as processors do: which of two pages a fault names depends on it.
  c.probe(at + 511, 1, true);
  c.probe(at, 512, true);
  c.store(at, image);
};
const fxrstor: Helper = (c, i) => {
  const at = c.address(i.operands[0]!), image = new Uint8Array(512);
  checkImage(c, at);
  c.probe(at + 511, 1, false);
  c.load(at, image);
  if ((mxcsrOfImage(image) & ~MXCSR_MASK) !== 0) c.trap(VECTOR.protection);
  fxrstorImage(c.state, image, is64(i));
};

export const CONTROL: Readonly<Record<string, Helper>> = {
  fwait: wait, fninit: c => initialise(c.state), fnclex: clearExceptions,
  fnstcw: storeControl, fldcw: loadControl, fnstsw: storeStatus,
  fnstenv: storeEnvironment, fldenv: loadEnvironment, fnsave: save, frstor: restore,
  fxsave, fxsave64: fxsave, fxrstor, fxrstor64: fxrstor,
};
