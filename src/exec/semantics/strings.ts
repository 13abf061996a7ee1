/**
 * String instructions (SDM vol. 2, MOVS CMPS STOS LODS SCAS INS OUTS, REP; vol. 1 §7.3.9). A helper works a page at a time on linear
 * memory. Registers move with every finished piece, so that a fault or a long REP leaves an instruction that can simply go on.
 */
import { PAGE_BYTES } from '../../base/layout.ts';
import { once } from '../../base/once.ts';
import type { i32, Va } from '../../base/types.ts';
import { addressOf, vaOf, WORD } from '../../base/words.ts';
import { type Instruction, NONE } from '../../decoder/instruction.ts';
import { AF, ARITHMETIC_FLAGS, CF, DF, type Helper, type HelperContext, OF, PF, type Semantics, SF, TF, VECTOR, ZF } from '../ops.ts';
import type { CpuState } from '../state.ts';
import { helps, type Scores } from './scores.ts';

const RAX = 0, RCX = 1, RSI = 6, RDI = 7;
/** Iterations before the machine may look at other things. */
const ITERATIONS_MAX = 65_536;

/** A piece of work: elements in a row at offsets into `u8`, travelling by `step` bytes. */
class Piece {
  readonly i: Instruction;
  readonly state: CpuState;
  readonly size: number;
  readonly step: number;
  u8: Uint8Array;
  view: DataView;
  /** Where the first element lies. */
  from = 0;
  to = 0;
  /** The last two elements compared. */
  aLow: i32 = 0;
  aHigh: i32 = 0;
  bLow: i32 = 0;
  bHigh: i32 = 0;
  constructor(state: CpuState, i: Instruction) {
    this.i = i; this.state = state; this.size = i.size;
    this.step = (state.eflags & DF) !== 0 ? -i.size : i.size;
    this.u8 = state.memory.u8; this.view = state.memory.view;
  }
}

interface Kind {
  readonly hasSource: boolean;
  readonly destination: 'none' | 'read' | 'write';
  /** MOVS, STOS and LODS take either prefix for REP; CMPS and SCAS stop by ZF. */
  readonly compares: boolean;
  /** Performs `count` elements; returns how many, fewer if a comparison ended the repetition. */
  readonly run: (p: Piece, count: number) => number;
}

// — pointers and counts, in 8 or 4 bytes —

function pointer(s: CpuState, register: number, segment: number, addressSize: number): Va {
  const low = (s.low(register) >>> 0) + (s.low(segment) >>> 0);
  const high = (addressSize === 4 ? 0 : s.high(register)) + s.high(segment) + (low >= WORD ? 1 : 0);
  return addressOf(low | 0, high | 0);
}
function advance(s: CpuState, register: number, by: number, addressSize: number): void {
  const low = (s.low(register) >>> 0) + by;
  s.setWords(register, low | 0, addressSize === 4 ? 0 : (s.high(register) + Math.floor(low / WORD)) | 0);
}
const countOf = (s: CpuState, addressSize: number): number => vaOf(s.low(RCX), addressSize === 4 ? 0 : s.high(RCX));

/** Elements from `at` on that lie within its page; 0: the first one reaches into the next. */
function room(at: Va, step: number): number {
  const offset = at & (PAGE_BYTES - 1);
  if (step > 0) return Math.floor((PAGE_BYTES - offset) / step);
  return offset - step > PAGE_BYTES ? 0 : Math.floor(offset / -step) + 1;
}

const perform = (kind: Kind): Helper => (c, i) => {
  const s = c.state, p = new Piece(s, i);
  const repeats = i.rep !== null;
  // With TF set every iteration is a step.
  const total = repeats ? Math.min(countOf(s, i.addressSize), (s.eflags & TF) !== 0 ? 1 : ITERATIONS_MAX) : 1;
  let left = total, isFirst = true;
  while (left > 0) {
    const count = place(c, kind, p, left);
    const done = count === 0 ? throughCopy(c, kind, p) : kind.run(p, count);
    left -= done;
    finish(c, kind, p, done, repeats, isFirst ? total : 0);
    isFirst = false;
    if (kind.compares && repeats && isEnded(p)) break;
    if (left === 0 && repeats && countOf(s, i.addressSize) > 0) return c.again();
  }
  if (kind.compares && total > 0) c.writeFlags(ARITHMETIC_FLAGS, differenceFlags(p));
};

/** Finds the first elements; returns how many lie in one page, or 0 for one that straddles two. Faults before anything is done. */
function place(c: HelperContext, kind: Kind, p: Piece, left: number): number {
  const { i, step, size, state } = p;
  const source = kind.hasSource ? pointer(state, RSI, i.segment, i.addressSize) : 0;
  const target = kind.destination === 'none' ? 0 : pointer(state, RDI, NONE, i.addressSize);
  const count = Math.min(left, kind.hasSource ? room(source, step) : left, kind.destination === 'none' ? left : room(target, step));
  if (count === 0) return 0;
  p.u8 = state.memory.u8; p.view = state.memory.view;
  // The span of a downward run starts at its last element; a fault tells of the first.
  const back = step < 0 ? (count - 1) * size : 0;
  // What is only compared is read before the source is.
  if (kind.destination === 'read') {
    if (back > 0) c.probe(target, size, false);
    p.to = c.span(target - back, count * size, false) + back;
  }
  if (back > 0) {
    if (kind.hasSource) c.probe(source, size, false);
    if (kind.destination === 'write') c.probe(target, size, true);
  }
  if (kind.hasSource) p.from = c.span(source - back, count * size, false) + back;
  if (kind.destination === 'write') p.to = c.span(target - back, count * size, true) + back;
  return count;
}
/** One element, of which a side lies in two pages: in a copy. */
function throughCopy(c: HelperContext, kind: Kind, p: Piece): number {
  const { i, size, state } = p, copy = new Uint8Array(16);
  const target = pointer(state, RDI, NONE, i.addressSize);
  if (kind.destination === 'read') c.load(target, copy.subarray(8, 8 + size));
  if (kind.hasSource) c.load(pointer(state, RSI, i.segment, i.addressSize), copy.subarray(0, size));
  p.u8 = copy; p.view = new DataView(copy.buffer);
  p.from = 0; p.to = 8;
  kind.run(p, 1);
  if (kind.destination === 'write') c.store(target, copy.subarray(8, 8 + size));
  return 1;
}
/** The registers after `done` elements, and their time. `total`: of the instruction, where they are its first ones. */
function finish(c: HelperContext, kind: Kind, p: Piece, done: number, repeats: boolean, total: number): void {
  const { i, state } = p;
  if (kind.hasSource) advance(state, RSI, done * p.step, i.addressSize);
  if (kind.destination !== 'none') advance(state, RDI, done * p.step, i.addressSize);
  if (!repeats) return;
  advance(state, RCX, -done, i.addressSize);
  const { strings } = c.profile;
  if (kind.destination !== 'write') { c.charge(done * strings.compare); return; }
  const costs = kind.hasSource ? strings.move : strings.store, isShort = total > 0 && (costs.perElement > 0 ? total : total * p.size) <= costs.shortMax;
  c.charge(isShort ? costs.short + done * costs.perElement : (total > 0 ? costs.long : 0) + done * p.size * costs.perByte);
}

// — what happens to the elements —

/** As element by element: a destination just ahead of its source repeats what was written there before. */
function copyElements(p: Piece, count: number): number {
  const { u8, size, step } = p, bytes = count * size;
  const ahead = step > 0 ? p.to - p.from : p.from - p.to;
  // Pieces no longer than the distance read nothing that this instruction wrote.
  const stride = ahead <= 0 || ahead >= bytes ? bytes : Math.max(size, ahead - (ahead % size));
  for (let done = 0; done < bytes; done += stride) {
    const length = Math.min(stride, bytes - done);
    const offset = step > 0 ? done : size - done - length;
    u8.copyWithin(p.to + offset, p.from + offset, p.from + offset + length);
  }
  return count;
}
function storeElements(p: Piece, count: number): number {
  const { u8, state, size } = p, bytes = count * size;
  const at = p.step > 0 ? p.to : p.to - bytes + size;
  if (size === 1) {
    u8.fill(state.low(RAX), at, at + bytes);
    return count;
  }
  if (size === 2) p.view.setInt16(at, state.low(RAX), true);
  else p.view.setInt32(at, state.low(RAX), true);
  if (size === 8) p.view.setInt32(at + 4, state.high(RAX), true);
  // Doubles what is there.
  for (let done = size; done < bytes; done *= 2) u8.copyWithin(at + done, at, at + Math.min(done, bytes - done));
  return count;
}
/** Only the last element stays. */
function loadElements(p: Piece, count: number): number {
  const at = p.from + (count - 1) * p.step, { state, size } = p, low = lowOf(p, at);
  if (size === 1) state.u8[8 * RAX] = low;
  else if (size === 2) state.view.setUint16(8 * RAX, low, true);
  else state.setWords(RAX, low, size === 8 ? p.view.getInt32(at + 4, true) : 0);
  return count;
}
function compareElements(p: Piece, count: number): number {
  const { step } = p;
  for (let k = 0; k < count; k++) {
    p.aLow = lowOf(p, p.from + k * step);
    p.aHigh = p.size === 8 ? p.view.getInt32(p.from + k * step + 4, true) : 0;
    compareWith(p, p.to + k * step);
    if (isEnded(p)) return k + 1;
  }
  return count;
}
function scanElements(p: Piece, count: number): number {
  const { state, size } = p, mask = size === 1 ? 0xff : size === 2 ? 0xffff : -1;
  p.aLow = state.low(RAX) & mask;
  p.aHigh = size === 8 ? state.high(RAX) : 0;
  for (let k = 0; k < count; k++) {
    compareWith(p, p.to + k * p.step);
    if (isEnded(p)) return k + 1;
  }
  return count;
}
function compareWith(p: Piece, at: number): void {
  p.bLow = lowOf(p, at);
  p.bHigh = p.size === 8 ? p.view.getInt32(at + 4, true) : 0;
}
function lowOf(p: Piece, at: number): i32 {
  switch (p.size) {
    case 1: return p.u8[at]!;
    case 2: return p.view.getUint16(at, true);
    default: return p.view.getInt32(at, true);
  }
}
/** REPE ends at the first difference, REPNE at the first equality. */
const isEnded = (p: Piece): boolean => (p.aLow === p.bLow && p.aHigh === p.bHigh) === (p.i.rep === 'repne');

/** The flags of a - b (SDM vol. 1 §3.4.3.1). */
function differenceFlags(p: Piece): number {
  const { size, aLow, bLow } = p, shift = size === 8 ? 0 : 32 - 8 * size;
  const a = (size === 8 ? p.aHigh : aLow) << shift, b = (size === 8 ? p.bHigh : bLow) << shift;
  const low = (aLow - bLow) | 0, borrow = size === 8 && aLow >>> 0 < bLow >>> 0 ? 1 : 0;
  const top = (a - b - borrow) | 0;
  const isBelow = a >>> 0 < b >>> 0 || (borrow === 1 && a === b);
  return (isBelow ? CF : 0) | (isEvenParity(low) ? PF : 0) | ((aLow ^ bLow ^ low) & AF)
    | (aLow === bLow && p.aHigh === p.bHigh ? ZF : 0) | (top < 0 ? SF : 0) | (((a ^ b) & (a ^ top)) < 0 ? OF : 0);
}
function isEvenParity(value: number): boolean {
  const folded = value ^ (value >> 4);
  return ((0x9669 >> (folded & 15)) & 1) !== 0;
}

/** I/O is not for user mode (SDM vol. 1 §19.5). */
const refused: Semantics = m => m.trap(VECTOR.protection);

export const strings = once((): Scores => [
  'movs', helps(perform({ hasSource: true, destination: 'write', compares: false, run: copyElements })),
  'stos', helps(perform({ hasSource: false, destination: 'write', compares: false, run: storeElements })),
  'lods', helps(perform({ hasSource: true, destination: 'none', compares: false, run: loadElements })),
  'cmps', helps(perform({ hasSource: true, destination: 'read', compares: true, run: compareElements })),
  'scas', helps(perform({ hasSource: false, destination: 'read', compares: true, run: scanElements })),
  'ins', refused, 'outs', refused,
]);
