/**
 * Segment registers in 64-bit mode, and the descriptors Linux gives user code (SDM vol. 3A §3.4; Linux: arch/x86/include/asm/segment.h).
 * Of a segment only its selector, and the base of FS and GS, can be seen.
 */
import { SELECTOR, SLOT, STATE } from '../../base/layout.ts';
import { hiOf, loOf, isCanonical } from '../../base/words.ts';
import { FORM, type Instruction } from '../../decoder/instruction.ts';
import { type Helper, type HelperContext, VECTOR, ZF } from '../ops.ts';
import { type CpuState, RSP } from '../state.ts';
import { helps, type Scores } from './scores.ts';

const CS = 1, SS = 2, FS = 4;
const USER_CODE = SELECTOR.code, USER_DATA = SELECTOR.stack, PRIVILEGE = 3;
/** By selector without its privilege: access rights as LAR has them, limit, and whether it may be written. The last one tells the processor's number. */
interface Descriptor { readonly rights: number; readonly limit: number; readonly isWritable: boolean }
const DESCRIPTORS: Readonly<Record<number, Descriptor>> = {
  0x20: { rights: 0xcffb00, limit: -1, isWritable: false }, // 32-bit code
  0x28: { rights: 0xcff300, limit: -1, isWritable: true },
  0x30: { rights: 0xaffb00, limit: -1, isWritable: false }, // 64-bit code
  0x78: { rights: 0x40f500, limit: 0, isWritable: false },
};
const descriptorOf = (selector: number): Descriptor | undefined => DESCRIPTORS[selector & ~PRIVILEGE];

const FLAGS_RESTORED = 0x244dd5, RIP_SIZE = 8;

function selectorOf(s: CpuState, index: number): number {
  return index === CS ? USER_CODE : index === SS ? USER_DATA : s.view.getUint16(STATE.selectors + 2 * index, true);
}
/** #GP names the selector. Bases are 0, those of null selectors too (AMD since Zen 3). */
function loadSelector(c: HelperContext, index: number, selector: number): void {
  if (index === CS) c.trap(VECTOR.undefined);
  const isNull = selector <= PRIVILEGE, descriptor = descriptorOf(selector);
  if (index === SS ? selector !== USER_DATA : !isNull && descriptor === undefined) c.trap(VECTOR.protection, selector & ~PRIVILEGE);
  c.state.view.setUint16(STATE.selectors + 2 * index, selector, true);
  if (index >= FS) c.state.setWords(index === FS ? SLOT.fs : SLOT.gs, 0, 0);
}

const move: Helper = function movSegment(c, i) {
  const to = i.operands[0]!, from = i.operands[1]!;
  if (to.file === 'segment') { loadSelector(c, to.index, c.read(from) & 0xffff); return; }
  if (from.file !== 'segment' || to.form === FORM.other) c.trap(VECTOR.protection); // Control and debug registers.
  c.write(to, selectorOf(c.state, from.index), 0);
};
/** The bytes above the selector are zero. */
const push: Helper = function pushSegment(c, i) {
  const { state } = c, top = state.rsp - i.size, bytes = new Uint8Array(i.size);
  new DataView(bytes.buffer).setUint16(0, selectorOf(state, i.operands[0]!.index), true);
  c.store(top, bytes);
  state.setWords(RSP, loOf(top), hiOf(top));
};
const pop: Helper = function popSegment(c, i) {
  const { state } = c, top = state.rsp, value = new Uint8Array(i.size);
  c.load(top, value);
  loadSelector(c, i.operands[0]!.index, value[0]! | value[1]! << 8);
  state.setWords(RSP, loOf(top + i.size), hiOf(top + i.size));
};
/** LSS, LFS, LGS: an offset of 2 or 4 bytes (AMD has no longer one), then a selector. */
const loadPointer = (index: number): Helper => function loadPointer(c, i) {
  const size = i.size === 2 ? 2 : 4, bytes = new Uint8Array(size + 2), view = new DataView(bytes.buffer);
  c.load(c.address(i.operands[1]!), bytes);
  loadSelector(c, index, view.getUint16(size, true));
  c.write(i.operands[0]!, size === 2 ? view.getUint16(0, true) : view.getInt32(0, true), 0);
};

/** LAR, LSL: ZF says whether there is something to load; otherwise the register stays. */
const look = (of: (d: Descriptor) => number): Helper => function look(c, i) {
  const descriptor = descriptorOf(c.read(i.operands[1]!) & 0xffff);
  if (descriptor !== undefined) c.write(i.operands[0]!, of(descriptor), 0);
  c.writeFlags(ZF, descriptor === undefined ? 0 : ZF);
};
const verify = (isGood: (d: Descriptor) => boolean): Helper => function verify(c, i) {
  const descriptor = descriptorOf(c.read(i.operands[0]!) & 0xffff);
  c.writeFlags(ZF, descriptor !== undefined && isGood(descriptor) ? ZF : 0);
};

/** What a kernel with UMIP tells user code of its tables (Linux: arch/x86/kernel/umip.c). */
const storeTable = (base: number): Helper => function storeTable(c, i) {
  const bytes = new Uint8Array(10), view = new DataView(bytes.buffer);
  view.setInt32(2, base, true); view.setInt32(6, -1, true);
  c.store(c.address(i.operands[0]!), bytes);
};
/** To a register, it writes no more than four bytes. */
const storeWord = (word: number): Helper => function storeWord(c, i) {
  const to = i.operands[0]!;
  if (to.kind === 'reg' && to.size >= 4) c.state.setWords(to.index, word, c.state.high(to.index));
  else c.write(to, word, 0);
};

/** IRET, RETF: only to the code segment we are in. What comes from the stack is read before anything is written. */
function far(c: HelperContext, i: Instruction, words: number): DataView {
  const bytes = new Uint8Array(words * i.size), view = new DataView(bytes.buffer);
  c.load(c.state.rsp, bytes);
  if (view.getUint16(i.size, true) !== USER_CODE) c.trap(VECTOR.protection, view.getUint16(i.size, true) & ~PRIVILEGE);
  const hi = i.size === RIP_SIZE ? view.getInt32(4, true) : 0;
  if (!isCanonical(hi)) c.trap(VECTOR.protection);
  return view;
}
const wordAt = (view: DataView, i: Instruction, k: number): readonly [lo: number, hi: number] =>
  i.size === 8 ? [view.getInt32(8 * k, true), view.getInt32(8 * k + 4, true)] : i.size === 4 ? [view.getInt32(4 * k, true), 0] : [view.getUint16(2 * k, true), 0];
const ret: Helper = function retf(c, i) {
  const { state } = c, view = far(c, i, 2), dropped = i.operands.length === 0 ? 0 : c.read(i.operands[0]!) & 0xffff, top = state.rsp + 2 * i.size + dropped;
  state.setWords(SLOT.rip, ...wordAt(view, i, 0));
  state.setWords(RSP, loOf(top), hiOf(top));
};
const interruptReturn: Helper = function iret(c, i) {
  const { state } = c, view = far(c, i, 5);
  if (wordAt(view, i, 4)[0] !== USER_DATA) c.trap(VECTOR.protection, wordAt(view, i, 4)[0] & 0xfffc);
  const [flags] = wordAt(view, i, 2);
  c.writeFlags(i.size === 2 ? FLAGS_RESTORED & 0xffff : FLAGS_RESTORED, flags);
  state.setWords(SLOT.rip, ...wordAt(view, i, 0));
  state.setWords(RSP, ...wordAt(view, i, 3));
};

export const segments = (): Scores => [
  'lss', helps(loadPointer(SS)), 'lfs', helps(loadPointer(FS)), 'lgs', helps(loadPointer(FS + 1)),
  'lar', helps(look(d => d.rights)), 'lsl', helps(look(d => d.limit)), 'verr', helps(verify(() => true)), 'verw', helps(verify(d => d.isWritable)),
  'sgdt', helps(storeTable(-0x2_0000)), 'sidt', helps(storeTable(-0x1_0000)), 'sldt', helps(storeWord(0)), 'str', helps(storeWord(0x40)), 'smsw', helps(storeWord(0x8005_0033)),
  'iret', helps(interruptReturn), 'retf', helps(ret),
];
/** MOV, PUSH and POP with a segment, control or debug register. */
export const segmentMoves: Scores = ['mov', helps(move), 'push', helps(push), 'pop', helps(pop)];
