/** All architectural state, in linear memory that every performer shares. */
import { CYCLES_OF, LOADS, STATE, SLOT, type LinearMemory } from '../base/layout.ts';
import { addressOf, hiOf, loOf } from '../base/words.ts';
import type { Va } from '../base/types.ts';
import type { SwitchedRegisters } from '../mmu/user.ts';
import { CYCLE_PARTS } from '../timing/pace.ts';
import { settle } from './flags.ts';
import { DE, FLOAT_CONSTANTS, flagged, IE, limitOf, MXCSR_AT_START, MXCSR_MASK, unmaskedOf, watchOf } from './mxcsr.ts';
import { fxrstorImage, fxsaveImage, mxcsrOfImage } from './x87/fxsave.ts';
import { AVX, restoreComponents, XCR0, xrstorImage, xsaveImage } from './x87/xsave.ts';

export const RSP = 4;

/** Bits of RFLAGS user code starts with: bit 1 is always set, IF is what user mode runs with. */
export const EFLAGS_AT_START = 0x202;
/** Extended precision, round to nearest, all exceptions masked: FNINIT's value (SDM vol. 1 §8.1.5). */
export const FPU_CONTROL_AT_START = 0x37f;

export const FXSAVE_BYTES = 512;
const NO_IMAGE = new Uint8Array(0);
/** What of the state block is a task's own: the rest counts what the machine did, or belongs to generated code. */
const CONTEXT: readonly (readonly [from: number, to: number])[] = [[0, STATE.instructions], [STATE.vector, STATE.threaded], [STATE.floatWatch, STATE.causes]];
const CONTEXT_BYTES = CONTEXT.reduce((sum, [from, to]) => sum + to - from, 0);

export class CpuState implements SwitchedRegisters {
  readonly memory: LinearMemory;
  /** Words of the state block: register n is words 2n and 2n + 1. */
  readonly r32: Int32Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  /** Alignment-free view of the state block. */
  readonly view: DataView;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.r32 = new Int32Array(memory.buffer, 0, STATE.bytes >> 2);
    this.u8 = new Uint8Array(memory.buffer, 0, STATE.bytes);
    this.f64 = new Float64Array(memory.buffer, 0, STATE.bytes >> 3);
    this.view = new DataView(memory.buffer, 0, STATE.bytes);
    for (const [at, low, high] of FLOAT_CONSTANTS) memory.i32.set([low, high, low, high], at >> 2);
    this.reset();
  }
  /** As at the entry of a program: everything zero but flags and control words. The counters behind the registers are kept. */
  reset(): void {
    this.u8.fill(0, 0, STATE.instructions);
    this.u8.fill(0, STATE.vector, STATE.threaded);
    this.u8.fill(0, STATE.fpuInstruction, STATE.selectors + 12);
    this.eflags = EFLAGS_AT_START; this.mxcsr = MXCSR_AT_START; this.fpuControl = FPU_CONTROL_AT_START;
  }
  get rip(): Va { return addressOf(this.r32[2 * SLOT.rip], this.r32[2 * SLOT.rip + 1]); }
  set rip(value: Va) { this.r32[2 * SLOT.rip] = loOf(value); this.r32[2 * SLOT.rip + 1] = hiOf(value); }
  get rsp(): Va { return addressOf(this.r32[2 * RSP], this.r32[2 * RSP + 1]); }
  set rsp(value: Va) { this.r32[2 * RSP] = loOf(value); this.r32[2 * RSP + 1] = hiOf(value); }
  low(register: number): number { return this.r32[2 * register]; }
  high(register: number): number { return this.r32[2 * register + 1]; }
  setWords(register: number, lo: number, hi: number): void { this.r32[2 * register] = lo; this.r32[2 * register + 1] = hi; }
  get(register: number): bigint { return this.view.getBigUint64(8 * register, true); }
  set(register: number, value: bigint): void { this.view.setBigUint64(8 * register, value, true); }

  get flags(): number { return settle(this.r32); }
  set flags(value: number) { settle(this.r32); this.eflags = value; }
  /** Bytes of what signal frames save: FXSAVE's image, or XSAVE's. */
  extendedBytes = FXSAVE_BYTES;
  saveExtended(into: Uint8Array): void { if (into.length > FXSAVE_BYTES) xsaveImage(this, into); else fxsaveImage(this, into, true); }
  restoreExtended(from: Uint8Array, components: number): boolean {
    if (from.length > FXSAVE_BYTES) {
      // What the frame does not have begins anew.
      if (!xrstorImage(this, from, components & XCR0, true)) return false;
      restoreComponents(this, from, 0, XCR0 & ~components, null, true);
      return true;
    }
    if ((mxcsrOfImage(from) & ~MXCSR_MASK) !== 0) return false;
    fxrstorImage(this, from, true);
    restoreComponents(this, from, 0, AVX, null, true);
    return true;
  }
  resetExtended(): void { restoreComponents(this, NO_IMAGE, 0, XCR0, MXCSR_AT_START, true); }
  segmentBase(isGs: boolean): bigint { return this.get(isGs ? SLOT.gs : SLOT.fs); }
  setSegmentBase(isGs: boolean, value: bigint): void { this.set(isGs ? SLOT.gs : SLOT.fs, value); }

  readonly contextBytes = CONTEXT_BYTES;
  saveContext(into: Uint8Array): void {
    let at = 0;
    for (const [from, to] of CONTEXT) { into.set(this.u8.subarray(from, to), at); at += to - from; }
  }
  loadContext(bytes: Uint8Array): void {
    let at = 0;
    for (const [from, to] of CONTEXT) { this.u8.set(bytes.subarray(at, at + to - from), from); at += to - from; }
  }

  /** RFLAGS bits the lazy rule does not own; all of them once the rule is `known`. */
  get eflags(): number { return this.r32[STATE.eflags >> 2]; }
  set eflags(value: number) { this.r32[STATE.eflags >> 2] = value; }
  get mxcsr(): number { return this.r32[STATE.mxcsr >> 2]; }
  set mxcsr(value: number) {
    this.r32[STATE.mxcsr >> 2] = value;
    this.r32[STATE.floatWatch >> 2] = watchOf(value); this.r32[STATE.floatCareful >> 2] = 0;
    this.limit(limitOf(value));
  }
  private limit(word: number): void { this.r32.fill(word, STATE.floatLimit >> 2, (STATE.floatLimit >> 2) + 4); }
  /** Flags exceptions in MXCSR, which was `before`. Gives whether one of them is not masked: the instruction is not to be finished then. */
  raise(before: number, raised: number): boolean {
    const mxcsr = flagged(before, raised), isCareful = this.r32[STATE.floatCareful >> 2] !== 0;
    this.mxcsr = mxcsr;
    if (isCareful && (watchOf(mxcsr) & (DE | IE)) !== 0) { this.r32[STATE.floatCareful >> 2] = 1; this.limit(0); }
    return (raised & unmaskedOf(mxcsr)) !== 0;
  }
  get fpuControl(): number { return this.r32[STATE.fpuControl >> 2]; }
  set fpuControl(value: number) { this.r32[STATE.fpuControl >> 2] = value; }
  get fpuStatus(): number { return this.r32[STATE.fpuStatus >> 2]; }
  set fpuStatus(value: number) { this.r32[STATE.fpuStatus >> 2] = value; }
  get fpuTags(): number { return this.r32[STATE.fpuTags >> 2]; }
  set fpuTags(value: number) { this.r32[STATE.fpuTags >> 2] = value; }
  /** Dispatch waits until all is executed (src/timing/pace.ts). */
  drain(): void {
    const { f64, r32 } = this, behind = r32[STATE.behind >> 2]!, w = this.memory.i32, late = w[LOADS.late >> 2]!;
    f64[STATE.cycles >> 3] += Math.max(behind, late) / CYCLE_PARTS;
    f64[CYCLES_OF.dependencies >> 3] += behind / CYCLE_PARTS;
    r32[STATE.behind >> 2] = 0;
    if (late === 0) return;
    if (late > behind) f64[w[LOADS.cause >> 2]! >> 3] += (late - behind) / CYCLE_PARTS;
    w[LOADS.late >> 2] = w[LOADS.own >> 2] = w[LOADS.waiting >> 2] = 0;
  }
  get instructions(): number { return this.f64[STATE.instructions >> 3]; }
  set instructions(value: number) { this.f64[STATE.instructions >> 3] = value; }
  get cycles(): number { return this.f64[STATE.cycles >> 3]; }
  set cycles(value: number) { this.f64[STATE.cycles >> 3] = value; }
}
