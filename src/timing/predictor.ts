/**
 * Branch prediction, as far as trampolines need it (AMD, Software Optimization Guide for Family 19h, §2.8): conditional
 * branches by a history-hashed table of 2-bit counters, indirect ones by their last target, returns by a 32-entry stack.
 */
import { PREDICTOR, type LinearMemory } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { BRANCH_CYCLES } from './costs.ts';

const COUNTERS = 1 << 14;
const TARGETS = 1 << 12;
const RETURNS = 32;
const HISTORY_BITS = 12;

/** All tables live in linear memory, so that compiled code can keep them, too. */
export class Predictor {
  private readonly counters: Uint8Array;
  /** Pairs: the branch's address and its last target. */
  private readonly targets: Int32Array;
  private readonly returns: Int32Array;
  private history = 0;
  private top = 0;
  misses = 0;

  constructor(memory: LinearMemory) {
    this.counters = new Uint8Array(memory.buffer, PREDICTOR.at, COUNTERS);
    this.targets = new Int32Array(memory.buffer, PREDICTOR.at + COUNTERS, 2 * TARGETS);
    this.returns = new Int32Array(memory.buffer, PREDICTOR.at + COUNTERS + 8 * TARGETS, RETURNS);
  }
  /** Each method learns the outcome and returns its cost in cycles. Addresses are low words. */
  conditional(from: i32, isTaken: boolean): number {
    const slot = (from ^ (from >>> 13) ^ this.history) & (COUNTERS - 1);
    const counter = this.counters[slot];
    const isMiss = (counter >= 2) !== isTaken;
    if (isTaken) { if (counter < 3) this.counters[slot] = counter + 1; } else if (counter > 0) this.counters[slot] = counter - 1;
    this.history = ((this.history << 1) | (isTaken ? 1 : 0)) & ((1 << HISTORY_BITS) - 1);
    if (isMiss) this.misses += 1;
    return (isTaken ? BRANCH_CYCLES.taken : 0) + (isMiss ? BRANCH_CYCLES.conditionalMiss : 0);
  }
  direct(): number { return BRANCH_CYCLES.taken; }
  indirect(from: i32, to: i32): number {
    const slot = 2 * ((from ^ (from >>> 12)) & (TARGETS - 1));
    const isHit = this.targets[slot] === from && this.targets[slot + 1] === to;
    this.targets[slot] = from; this.targets[slot + 1] = to;
    if (!isHit) this.misses += 1;
    return BRANCH_CYCLES.taken + (isHit ? 0 : BRANCH_CYCLES.indirectMiss);
  }
  /** A call was made that should return to `next`. */
  called(next: i32): void {
    this.top = (this.top + 1) & (RETURNS - 1);
    this.returns[this.top] = next;
  }
  returned(to: i32): number {
    const isHit = this.returns[this.top] === to;
    this.top = (this.top - 1) & (RETURNS - 1);
    if (!isHit) this.misses += 1;
    return BRANCH_CYCLES.taken + (isHit ? 0 : BRANCH_CYCLES.returnMiss);
  }
}
