/** Which loads of a block wait for which registers, and which registers wait for them: where a load comes late, only what waits for it does. */
import { type Instruction, type Operand } from '../decoder/instruction.ts';
import { NO_REGISTERS, REGISTER, REGISTER_BITS, REGISTERS, type Use, useOf } from './use.ts';

/** What kind of access it is: it only stores; its address comes from an earlier load of its block; the branch is known only when such a load is. */
export const STORES = 1, FED = 2, WAITS = 4;
const GENERALS = 16, LOADS_MAX = 31, ALL_GENERALS = 0xffff;
const POPS: ReadonlySet<string> = new Set(['pop', 'leave', 'ret']);

/** By instruction two words: general registers, as they were at the block's beginning, that a load's address or a branch comes from, and above them those that come from its value at the end; its kind. */
export interface Notes {
  readonly words: Int32Array;
  /** Registers that the block gives values that do not come from what they were: what becomes of other registers is not followed from block to block. */
  readonly killed: number;
}
/** Nothing is known of who waits for whom. */
export const NO_MASKS = 0;

/** Where a value comes from: registers at the block's beginning, and loads of the block. */
interface Origin { readonly registers: number; readonly loads: number }
const NONE: Origin = { registers: 0, loads: 0 };
const both = (a: Origin, b: Origin): Origin => ({ registers: a.registers | b.registers, loads: a.loads | b.loads });

export function notesOf(instructions: readonly Instruction[]): Notes {
  const words = new Int32Array(2 * instructions.length), loaders: number[] = [];
  const origins: Origin[] = Array.from({ length: REGISTERS }, (_, r) => r < GENERALS ? { registers: 1 << r, loads: 0 } : NONE);
  const addressOf = (o: Operand | null): Origin => o === null ? NONE : both(o.base < GENERALS ? origins[o.base]! : NONE, o.index < GENERALS ? origins[o.index]! : NONE);
  instructions.forEach((i, k) => {
    const use: Use = useOf(i), loads = use.loads || POPS.has(i.operation), address = addressOf(use.loads ? use.memory : null);
    let value = address;
    for (let left = use.reads; left !== NO_REGISTERS; left >>= REGISTER_BITS) value = both(value, origins[left & REGISTER]!);
    if (loads) value = both(value, { registers: 0, loads: 1 << Math.min(loaders.push(k) - 1, LOADS_MAX) });
    // What a return goes back to was just stored: it is there, whatever else of its block is late.
    const isBranch = i.flow !== 'next' && i.flow !== 'stop';
    words[2 * k] = (isBranch ? value : address).registers;
    words[2 * k + 1] = (address.loads !== 0 ? FED : 0) | (isBranch && i.flow !== 'return' && value.loads !== 0 ? WAITS : 0);
    for (let left = use.writes; left !== NO_REGISTERS; left >>= REGISTER_BITS) origins[left & REGISTER] = value;
  });
  let killed = 0;
  for (let r = 0; r < GENERALS; r++) {
    const { registers, loads } = origins[r]!;
    if ((registers >> r & 1) === 0) killed |= 1 << r;
    loaders.forEach((k, n) => { if ((loads >> Math.min(n, LOADS_MAX) & 1) !== 0) words[2 * k] |= 1 << (GENERALS + r); });
  }
  return { words, killed: killed & ALL_GENERALS };
}
