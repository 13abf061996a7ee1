/** The register stack and the status word (SDM vol. 1 §8.1.2 to §8.1.4): ST(i) is a physical register counted from TOP. */
import { STATE } from '../../base/layout.ts';
import type { CpuState } from '../state.ts';
import { DE, IE, SF, ZE, type Environment } from './environment.ts';
import { type Float80, loadFloat80, storeFloat80 } from './float80.ts';

/** Bits of the status word above the exceptions. */
export const ES = 0x80, C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000, BUSY = 0x8000;
const TOP_SHIFT = 11, TOP_MASK = 0x3800;

export const topOf = (s: CpuState): number => (s.fpuStatus >>> TOP_SHIFT) & 7;
export function setTop(s: CpuState, top: number): void {
  s.fpuStatus = (s.fpuStatus & ~TOP_MASK) | ((top & 7) << TOP_SHIFT);
}
/** Where ST(i) lies in the state block. */
const at = (s: CpuState, i: number): number => STATE.fpu + 16 * ((topOf(s) + i) & 7);
const bitOf = (s: CpuState, i: number): number => 1 << ((topOf(s) + i) & 7);

export const isEmpty = (s: CpuState, i: number): boolean => (s.fpuTags & bitOf(s, i)) === 0;
export const readRegister = (s: CpuState, i: number): Float80 => loadFloat80(s.view, at(s, i));
/** Writes ST(i) and marks it as in use. */
export function writeRegister(s: CpuState, i: number, v: Float80): void {
  storeFloat80(s.view, at(s, i), v);
  s.fpuTags |= bitOf(s, i);
}
export function free(s: CpuState, i: number): void { s.fpuTags &= ~bitOf(s, i); }
export function pop(s: CpuState): void {
  free(s, 0);
  setTop(s, topOf(s) + 1);
}
export function push(s: CpuState, v: Float80): void {
  setTop(s, topOf(s) - 1);
  writeRegister(s, 0, v);
}

/** A register that should hold a value is empty, or the one to push into is not (§8.5.1.1): C1 tells which. */
export function stackFault(e: Environment, isOverflow: boolean): void {
  e.raised |= IE | SF;
  e.isUp = isOverflow;
}
/** What aborts an instruction before it changes anything, when unmasked. */
const BEFORE = IE | DE | ZE;

/** Records the exceptions of an operation. False: an unmasked one forbids the result. */
export function record(s: CpuState, e: Environment): boolean {
  const isAborted = e.traps(BEFORE);
  const raised = isAborted ? e.raised & (BEFORE | SF) : e.raised;
  const up = e.isUp && (!isAborted || (e.raised & SF) !== 0) ? C1 : 0;
  s.fpuStatus = (s.fpuStatus & ~C1) | up | raised;
  summarise(s);
  return !isAborted;
}
/** ES and its double B are set while an unmasked exception is pending (§8.1.3.3). */
export function summarise(s: CpuState): void {
  const isPending = (s.fpuStatus & ~s.fpuControl & 0x3f) !== 0;
  s.fpuStatus = isPending ? s.fpuStatus | ES | BUSY : s.fpuStatus & ~(ES | BUSY);
}
