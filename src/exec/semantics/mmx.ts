/**
 * MMX, and what SSE, SSE2 and SSSE3 added to it (SDM vol. 1 ch. 9): the registers are the significands of the x87's. The primitives are those of
 * vectors, on their low halves.
 */
import { STATE, VECTOR_BYTES } from '../../base/layout.ts';
import { FORM, memory, NONE, type Instruction, type Operand } from '../../decoder/instruction.ts';
import { and, andnot, or, signs8, xor } from '../primitives/bits.ts';
import * as convert from '../primitives/convert.ts';
import * as extended from '../primitives/extended.ts';
import * as integer from '../primitives/integer.ts';
import * as shuffle from '../primitives/shuffle.ts';
import { type Helper, type HelperContext, VECTOR } from '../ops.ts';
import { type Primitive, Scratch } from '../primitive.ts';
import type { CpuState } from '../state.ts';
import { helps, type Scores } from './scores.ts';
import { wait } from './x87-control.ts';

/** Words of the scratch: the result, the target and the source, of which only the low halves hold anything, and an immediate. */
const RESULT = 0, TARGET = 4, SOURCE = 8, IMMEDIATE = 12, WORDS = 16;
const scratch = new Scratch(WORDS), words = scratch.i32;
const WATCH = STATE.floatWatch >> 2;
const REGISTER_BYTES = 16;
const RDI = 7, ALL_IN_USE = 0xff, TOP_MASK = 0x3800;

/** Every instruction but EMMS marks all registers as in use, and the first as the top. */
function enter(c: HelperContext): void {
  wait(c);
  c.state.fpuTags = ALL_IN_USE;
  c.state.fpuStatus &= ~TOP_MASK;
}
function wordOf(register: number): number { return (STATE.fpu + REGISTER_BYTES * register) >> 2; }
/** Exponent and sign become ones: as an x87 number it is none. */
function writeRegister(s: CpuState, register: number, lo: number, hi: number): void {
  const at = wordOf(register);
  s.r32[at] = lo; s.r32[at + 1] = hi;
  s.view.setUint16(4 * at + 8, 0xffff, true);
}
function put(at: number, lo: number, hi: number): void { words[at] = lo; words[at + 1] = hi; words[at + 2] = words[at + 3] = 0; }
/** An operand becomes words: of an XMM register all of them. */
function fetch(c: HelperContext, o: Operand, at: number): void {
  if (o.file === 'mmx') { const from = wordOf(o.index); put(at, c.state.r32[from], c.state.r32[from + 1]); return; }
  if (o.size !== 16 || o.kind === 'imm') { const lo = c.read(o); put(at, lo, o.size === 8 ? c.high : 0); return; }
  if (o.form === FORM.vector) { for (let k = 0; k < 4; k++) words[at + k] = c.state.r32[((STATE.vector + VECTOR_BYTES * o.index) >> 2) + k]; return; }
  const from = c.address(o);
  if (from % 16 !== 0) c.trap(VECTOR.protection);
  c.load(from, scratch.u8.subarray(4 * at, 4 * at + 16));
}

/** What becomes of target and source; gives where the result begins. */
type Compute = () => number;
const run = (p: Primitive, a: number, b: number, c: number): number => { p.run(scratch, RESULT, a, b, c); return RESULT; };
const plain = (p: Primitive): Compute => () => run(p, TARGET, SOURCE, IMMEDIATE);
const exchanged = (p: Primitive): Compute => () => run(p, SOURCE, TARGET, IMMEDIATE);
/** The target is only written. */
const unary = (p: Primitive): Compute => () => run(p, SOURCE, IMMEDIATE, IMMEDIATE);
/** The upper halves are interleaved where the lower ones of all sixteen bytes would be. */
const upper = (p: Primitive): Compute => () => run(p, TARGET, SOURCE, IMMEDIATE) + 2;
/** The source is the target's upper half: for what goes through one operand and then the other. */
const joined = (p: Primitive): Compute => () => {
  words[TARGET + 2] = words[SOURCE]; words[TARGET + 3] = words[SOURCE + 1];
  return run(p, TARGET, TARGET, IMMEDIATE);
};
/** Indices count modulo 8. */
const pshufb: Compute = () => {
  words[TARGET + 2] = words[TARGET]; words[TARGET + 3] = words[TARGET + 1];
  return run(extended.pshufb, TARGET, SOURCE, IMMEDIATE);
};
/** Eight of the bytes of target:source; beyond them are zeros. */
const palignr: Compute = () => {
  words[SOURCE + 2] = words[TARGET]; words[SOURCE + 3] = words[TARGET + 1];
  put(TARGET, 0, 0);
  return run(extended.palignr, TARGET, SOURCE, IMMEDIATE);
};
/** PINSRW and PEXTRW have four places. */
const placed = (compute: Compute): Compute => () => { words[IMMEDIATE] &= 3; return compute(); };
const pextrw = placed(() => run(integer.extract16, SOURCE, IMMEDIATE, IMMEDIATE));

function compute(c: HelperContext, i: Instruction, how: Compute): number {
  const [target, source, last] = i.operands, { state } = c;
  if (target!.file === 'mmx') fetch(c, target!, TARGET);
  fetch(c, source!, SOURCE);
  put(IMMEDIATE, last?.lo ?? 0, 0);
  // Conversions go by MXCSR, and tell it what they raise.
  scratch.begin(state.mxcsr, state.r32[WATCH]);
  const at = how();
  if ((scratch.raised & scratch.watch) !== 0 && state.raise(scratch.control, scratch.raised)) c.trap(VECTOR.simd);
  return at;
}
const into = (how: Compute): Helper => function intoMmx(c, i) {
  wait(c);
  const at = compute(c, i, how);
  enter(c);
  writeRegister(c.state, i.operands[0]!.index, words[at], words[at + 1]);
};
/** PMOVMSKB, PEXTRW: to a general register. */
const out = (how: Compute): Helper => function fromMmx(c, i) {
  wait(c);
  const at = compute(c, i, how);
  enter(c);
  c.write(i.operands[0]!, words[at], 0);
};
/** CVTPI2PS, CVTPI2PD: from memory they do not touch the x87. */
const toVector = (p: Primitive): Helper => function mmxToVector(c, i) {
  const [target, source] = i.operands as [Operand, Operand];
  if (source.file === 'mmx') wait(c);
  const at = compute(c, i, unary(p)), to = (STATE.vector + VECTOR_BYTES * target.index) >> 2;
  if (source.file === 'mmx') enter(c);
  for (let k = 0; k < target.size >> 2; k++) c.state.r32[to + k] = words[at + k];
};

/** MOVD, MOVQ, MOVNTQ, MOVDQ2Q: what goes in is zero-extended. */
const move: Helper = function moveMmx(c, i) {
  const [target, source] = i.operands as [Operand, Operand];
  wait(c);
  fetch(c, source, SOURCE);
  const lo = words[SOURCE], hi = words[SOURCE + 1];
  // The store may fault.
  if (target.file !== 'mmx') c.write(target, lo, hi);
  enter(c);
  if (target.file === 'mmx') writeRegister(c.state, target.index, lo, hi);
};
const toWholeVector: Helper = function movq2dq(c, i) {
  const [target, source] = i.operands as [Operand, Operand], to = (STATE.vector + VECTOR_BYTES * target.index) >> 2, { r32 } = c.state;
  enter(c);
  fetch(c, source, SOURCE);
  r32[to] = words[SOURCE]; r32[to + 1] = words[SOURCE + 1]; r32[to + 2] = r32[to + 3] = 0;
};
/** Stores the bytes whose mask byte has its top bit set: each run of them once all are known to be writable. */
const maskedStore: Helper = function maskmovq(c, i) {
  const [source, mask] = i.operands as [Operand, Operand], at = c.address(memory(8, RDI, NONE, 0, 0, i.segment, i.addressSize));
  wait(c);
  fetch(c, source, SOURCE); fetch(c, mask, TARGET);
  const isSelected = (k: number): boolean => k < 8 && scratch.i8[4 * TARGET + k] < 0;
  for (const isWriting of [false, true]) for (let start = 0, end = 0; start < 8; start = end) {
    for (end = start + 1; isSelected(end) === isSelected(start) && end < 8;) end += 1;
    if (!isSelected(start)) continue;
    if (isWriting) c.store(at + start, scratch.u8.subarray(4 * SOURCE + start, 4 * SOURCE + end));
    else c.probe(at + start, end - start, true);
  }
  enter(c);
};
const emms: Helper = function emms(c) {
  enter(c);
  c.state.fpuTags = 0;
};

const computed = (make: (how: Compute) => Helper, rows: Readonly<Record<string, Compute>>): Scores => Object.entries(rows).flatMap(([name, how]) => [name, helps(make(how))]);
const each = (shape: (p: Primitive) => Compute, rows: Readonly<Record<string, Primitive>>): Record<string, Compute> =>
  Object.fromEntries(Object.entries(rows).map(([name, p]) => [name, shape(p)]));

/** What has an XMM namesake: the scores of instructions with an MMX register. */
export const mmxForms = (): Scores => [
  ...computed(into, {
    ...each(plain, {
      paddb: integer.i8x16add, paddw: integer.i16x8add, paddd: integer.i32x4add, paddq: integer.i64x2add,
      psubb: integer.i8x16sub, psubw: integer.i16x8sub, psubd: integer.i32x4sub, psubq: integer.i64x2sub,
      paddsb: integer.i8x16addSatS, paddsw: integer.i16x8addSatS, paddusb: integer.i8x16addSatU, paddusw: integer.i16x8addSatU,
      psubsb: integer.i8x16subSatS, psubsw: integer.i16x8subSatS, psubusb: integer.i8x16subSatU, psubusw: integer.i16x8subSatU,
      pcmpeqb: integer.i8x16eq, pcmpeqw: integer.i16x8eq, pcmpeqd: integer.i32x4eq,
      pcmpgtb: integer.i8x16gtS, pcmpgtw: integer.i16x8gtS, pcmpgtd: integer.i32x4gtS,
      pminub: integer.i8x16minU, pmaxub: integer.i8x16maxU, pminsw: integer.i16x8minS, pmaxsw: integer.i16x8maxS,
      pavgb: integer.i8x16avgr, pavgw: integer.i16x8avgr, psadbw: integer.psadbw,
      pmullw: integer.i16x8mul, pmulhw: integer.pmulhw, pmulhuw: integer.pmulhuw, pmuludq: integer.pmuludq, pmaddwd: integer.i32x4dot,
      pand: and, por: or, pxor: xor,
      psllw: integer.psllw, pslld: integer.pslld, psllq: integer.psllq, psrlw: integer.psrlw, psrld: integer.psrld, psrlq: integer.psrlq,
      psraw: integer.psraw, psrad: integer.psrad,
      punpcklbw: shuffle.unpackLow8, punpcklwd: shuffle.unpackLow16, punpckldq: shuffle.unpackLow32,
      pmaddubsw: extended.pmaddubsw, pmulhrsw: extended.pmulhrsw, psignb: extended.psignb, psignw: extended.psignw, psignd: extended.psignd,
    }),
    ...each(upper, { punpckhbw: shuffle.unpackLow8, punpckhwd: shuffle.unpackLow16, punpckhdq: shuffle.unpackLow32 }),
    ...each(joined, {
      packsswb: integer.i8x16narrowS, packuswb: integer.i8x16narrowU, packssdw: integer.i16x8narrowS,
      phaddw: extended.phaddw, phaddd: extended.phaddd, phaddsw: extended.phaddsw,
      phsubw: extended.phsubw, phsubd: extended.phsubd, phsubsw: extended.phsubsw,
    }),
    ...each(unary, { pabsb: extended.i8x16abs, pabsw: extended.i16x8abs, pabsd: extended.i32x4abs }),
    pandn: exchanged(andnot), pshufb, palignr, pinsrw: placed(plain(integer.insert16)),
  }),
  ...computed(out, { pmovmskb: unary(signs8), pextrw }),
  'movd', helps(move), 'movq', helps(move),
];
/** What has none. */
export const mmx = (): Scores => [
  ...computed(into, {
    pshufw: unary(shuffle.pshuflw),
    cvtps2pi: unary(convert.cvtps2dq), cvttps2pi: unary(convert.cvttps2dq), cvtpd2pi: unary(convert.cvtpd2dq), cvttpd2pi: unary(convert.cvttpd2dq),
  }),
  'cvtpi2ps', helps(toVector(convert.f32x4FromI32)), 'cvtpi2pd', helps(toVector(convert.f64x2FromI32)),
  'movntq', helps(move), 'movdq2q', helps(move), 'movq2dq', helps(toWholeVector), 'maskmovq', helps(maskedStore), 'emms', helps(emms),
];
