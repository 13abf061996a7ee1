/** Data movement and the stack (SDM vol. 2: MOV, MOVSX, MOVZX, LEA, XCHG, BSWAP, MOVBE, PUSH, POP, ENTER, LEAVE, XLAT, CMOVcc, SETcc). */
import type { Size } from '../../base/types.ts';
import { hiOf, loOf, WORD } from '../../base/words.ts';
import { NONE, register } from '../../decoder/instruction.ts';
import type { Helper, Ops, Semantics, Temp } from '../ops.ts';
import { RSP } from '../state.ts';
import { helps, type Scores } from './scores.ts';

const STACK_POINTER = register('gpr', RSP, 8);
const FRAME_POINTER = register('gpr', 5, 8);
const AL = register('gpr', 0, 1);

/** PUSH of a value: the store comes before RSP moves, so a fault leaves it alone. */
export function push(m: Ops, value: Temp, size: Size): void {
  const top = m.sub(m.read(STACK_POINTER), m.constant(size), 8);
  m.store(top, value, size);
  m.write(STACK_POINTER, top);
}
export function pop(m: Ops, size: Size): Temp {
  const top = m.read(STACK_POINTER);
  const value = m.load(top, size);
  m.write(STACK_POINTER, m.add(top, m.constant(size), 8));
  return value;
}
const mov: Semantics = (m, i) => { m.write(i.first, m.read(i.second)); };
const movzx: Semantics = mov; // Temps are zero-extended already.
const movsx: Semantics = (m, i) => {
  const to = i.first, from = i.second;
  m.write(to, m.signExtend(m.read(from), from.size, to.size));
};
const lea: Semantics = (m, i) => { m.write(i.first, m.effective(i.second)); };
const xchg: Semantics = (m, i) => {
  const a = m.modify(i.first), b = m.read(i.second);
  m.write(i.first, b);
  m.write(i.second, a);
};
/** BSWAP r16 is undefined; the processors clear the register's low word. */
const bswap: Semantics = (m, i) => {
  const a = m.read(i.first);
  m.write(i.first, i.size === 2 ? m.constant(0) : m.byteSwap(a, i.size));
};
const movbe: Semantics = (m, i) => { m.write(i.first, m.byteSwap(m.read(i.second), i.size)); };
const pushOperand: Semantics = (m, i) => { push(m, m.read(i.first), i.size); };
const popOperand: Semantics = (m, i) => {
  const to = i.first;
  if (to.kind === 'mem') m.help(popMemory, i);
  else m.write(to, pop(m, i.size));
};
/** POP to memory: an address that uses RSP uses it after the increment, and a fault of the store takes it back. */
const popMemory: Helper = function popMemory(context, i) {
  const { state } = context, top = state.rsp, value = new Uint8Array(i.size);
  context.load(top, value);
  const lo = state.low(RSP), hi = state.high(RSP), raised = top + i.size;
  state.setWords(RSP, loOf(raised), hiOf(raised));
  const at = context.address(i.first);
  state.setWords(RSP, lo, hi);
  context.store(at, value);
  state.setWords(RSP, loOf(raised), hiOf(raised));
};
const leave: Semantics = (m, i) => {
  const frame = m.read(FRAME_POINTER);
  const value = m.load(frame, i.size);
  m.write(STACK_POINTER, m.add(frame, m.constant(i.size), 8));
  m.write(i.size === 8 ? FRAME_POINTER : register('gpr', 5, i.size), value);
};
/** ENTER: RBP is pushed, `level - 1` outer frame pointers are copied, RBP and RSP set up the new frame. */
const enter: Helper = function enter(context, i) {
  const { state } = context;
  const bytes = context.read(i.first) & 0xffff, level = context.read(i.second) & 31;
  const rbp = state.low(5), frame = state.rsp - i.size;
  const outer = Number(BigInt.asIntN(64, state.get(5))), words = new Uint8Array(i.size * (1 + level));
  const view = new DataView(words.buffer);
  // Lowest address first: the new frame pointer, the copied ones, the saved RBP on top.
  const place = (k: number, low: number, high: number): void => {
    const at = words.length - i.size * (k + 1);
    if (i.size === 2) view.setInt16(at, low, true);
    else { view.setInt32(at, low, true); view.setInt32(at + 4, high, true); }
  };
  place(0, rbp, state.high(5));
  const copied = new Uint8Array(i.size), copiedView = new DataView(copied.buffer);
  for (let k = 1; k < level; k++) {
    const from = outer - i.size * k, start = frame - i.size * level;
    context.load(from, copied);
    // One push after the other: what was pushed before is read again.
    for (let n = 0; n < i.size; n++) if (from + n > frame - i.size * k + i.size - 1 && from + n < frame + i.size) copied[n] = words[from + n - start]!;
    if (i.size === 2) place(k, copiedView.getInt16(0, true), 0);
    else place(k, copiedView.getInt32(0, true), copiedView.getInt32(4, true));
  }
  if (level > 0) place(level, loOf(frame), hiOf(frame));
  const top = frame - i.size * level - bytes;
  // Where the frame ends something must be writable, too.
  context.probe(frame, i.size, true);
  context.probe(frame - i.size * level, words.length, true);
  context.probe(top, i.size, true);
  context.store(frame - i.size * level, words);
  if (i.size === 2) context.write(register('gpr', 5, 2), loOf(frame), 0);
  else state.setWords(5, loOf(frame), hiOf(frame));
  state.setWords(RSP, loOf(top), Math.floor(top / WORD) | 0);
};
/** XLAT: al = [rbx + al]. */
const xlat: Helper = function xlat(context, i) {
  const { state } = context, byte = new Uint8Array(1);
  let at = i.addressSize === 4 ? state.low(3) >>> 0 : Number(BigInt.asIntN(64, state.get(3)));
  at += state.low(0) & 0xff;
  if (i.addressSize === 4) at %= WORD;
  if (i.segment !== NONE) at = Number(BigInt.asIntN(64, BigInt(at) + state.get(i.segment)));
  context.load(at, byte);
  context.write(AL, byte[0], 0);
};
/** The 32-bit form clears the upper half even when nothing moves: the old value is written back. */
const cmovcc: Semantics = (m, i) => {
  const value = m.read(i.second);
  m.write(i.first, m.select(m.condition(i.condition), value, m.read(i.first)));
};
const setcc: Semantics = (m, i) => { m.write(i.first, m.condition(i.condition)); };

export const moves = (): Scores => [
  'mov', mov, 'movzx', movzx, 'movsx', movsx, 'movsxd', movsx, 'lea', lea, 'xchg', xchg, 'bswap', bswap, 'movbe', movbe, 'push', pushOperand, 'pop', popOperand, 'leave', leave,
  'enter', helps(enter), 'xlat', helps(xlat), 'cmovcc', cmovcc, 'setcc', setcc,
];
