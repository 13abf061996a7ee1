/** What helpers see of the interpreter: checked memory, operands and flags, on the state in linear memory. */
import { PAGE_BYTES, STATE } from '../base/layout.ts';
import type { i32, Pa } from '../base/types.ts';
import { addressOf, hiOf, loOf } from '../base/words.ts';
import type { Operand } from '../decoder/instruction.ts';
import { ACCESS } from '../mmu/mmu.ts';
import { CYCLE_PARTS } from '../timing/pace.ts';
import type { Profile } from '../timing/profile.ts';
import type { CpuModel } from './cpuid.ts';
import { settle } from './flags.ts';
import { FAULT, type Interpreter, OUTCOME, TRAP } from './interpret.ts';
import { type HelperContext, TF } from './ops.ts';
import type { CpuState } from './state.ts';

const CANONICAL_END = 2 ** 47, LINE_BYTES = 64;

export class HelperPort implements HelperContext {
  readonly state: CpuState;
  high = 0;
  private readonly m: Interpreter;

  constructor(interpreter: Interpreter) { this.m = interpreter; this.state = interpreter.state; }

  get model(): CpuModel { return this.m.model; }
  address(operand: Operand): number {
    const t = this.m.address(operand), words = this.m.scratch.i32;
    return addressOf(words[t], words[t + 1]);
  }
  span(at: number, length: number, isWrite: boolean): Pa {
    if (at >= CANONICAL_END) this.m.raiseNotCanonical();
    this.touch(at, length, isWrite);
    const pa = this.translate(at, isWrite);
    if (isWrite) this.m.beforeWrite(pa, length, loOf(at), hiOf(at));
    return pa;
  }
  private translate(at: number, isWrite: boolean): Pa {
    const pa = this.m.mmu.probe(loOf(at), hiOf(at), isWrite ? ACCESS.write : ACCESS.read);
    if (pa === -1) throw FAULT;
    return pa;
  }
  /** All lines of an access, before anything else of it. */
  private touch(at: number, length: number, isWrite: boolean): void {
    const { caches } = this.m;
    if (caches === null) return;
    for (let line = at - at % LINE_BYTES; line < at + length; line += LINE_BYTES) caches.touch(loOf(line), hiOf(line), isWrite);
  }
  probe(at: number, length: number, isWrite: boolean): void {
    if (at < CANONICAL_END && at + length > CANONICAL_END) this.m.raiseNotCanonical();
    this.translate(at, isWrite);
    for (let page = at + PAGE_BYTES - (at % PAGE_BYTES); page < at + length; page += PAGE_BYTES) this.translate(page, isWrite);
  }
  load(at: number, into: Uint8Array): void {
    this.touch(at, into.length, false);
    this.probe(at, into.length, false);
    for (let done = 0; done < into.length;) {
      const pa = this.translate(at + done, false);
      const length = Math.min(into.length - done, PAGE_BYTES - (pa % PAGE_BYTES));
      into.set(this.state.memory.u8.subarray(pa, pa + length), done);
      done += length;
    }
  }
  store(at: number, bytes: Uint8Array): void {
    this.touch(at, bytes.length, true);
    this.probe(at, bytes.length, true);
    for (let done = 0; done < bytes.length;) {
      const pa = this.translate(at + done, true);
      const length = Math.min(bytes.length - done, PAGE_BYTES - (pa % PAGE_BYTES));
      this.m.beforeWrite(pa, length, loOf(at + done), hiOf(at + done));
      this.state.memory.u8.set(bytes.subarray(done, done + length), pa);
      done += length;
    }
  }
  read(operand: Operand): i32 {
    const t = this.m.read(operand), words = this.m.scratch.i32;
    this.high = words[t + 1];
    return words[t];
  }
  write(operand: Operand, lo: i32, hi: i32): void {
    const t = this.m.constant(0), words = this.m.scratch.i32;
    words[t] = lo; words[t + 1] = hi;
    this.m.write(operand, t);
  }
  readFlags(): number { return settle(this.state.r32); }
  writeFlags(mask: number, value: number): void {
    this.state.eflags = (settle(this.state.r32) & ~mask) | (value & mask);
    if ((value & mask & TF) !== 0) this.m.outcome = OUTCOME.codeWritten; // The block ends: what follows is stepped through.
  }
  trap(vector: number, error = 0): never { this.m.vector = vector; this.m.error = error; throw TRAP; }
  trapAfter(vector: number): void { this.m.trap(vector); }
  random(): number { return this.m.random(); }
  again(): void { this.m.outcome = OUTCOME.again; }
  get profile(): Profile { return this.m.profile; }
  /** To the next part of a cycle, so that sums are exact. */
  charge(cycles: number): void { if (this.m.isTimed) this.state.f64[STATE.cycles >> 3] += Math.round(cycles * CYCLE_PARTS) / CYCLE_PARTS; }
}
