/** Every SSE form that MXCSR governs, between registers; each on the kind of values it is worth trying on. */
import type { Instruction } from '../../src/decoder/instruction.ts';
import { MXCSR_AT_START } from '../../src/exec/mxcsr.ts';
import { VECTOR } from '../../src/exec/ops.ts';
import type { Answer } from './float-host.ts';
import { hexOf, type Kind } from './sse-forms.ts';
import type { Inputs } from './sse-inputs.ts';
import type { SseWorld } from './sse-world.ts';

export interface FloatForm { readonly text: string; readonly kind: Kind }
const each = (kind: Kind, names: string, operands: string, ...immediates: number[]): FloatForm[] => names.trim().split(/\s+/)
  .flatMap(name => immediates.length === 0 ? [{ text: `${name} ${operands}`, kind }] : immediates.map(value => ({ text: `${name} ${operands}, ${value}`, kind })));
const PREDICATES = [0, 1, 2, 3, 4, 5, 6, 7], ROUNDINGS = [0, 1, 2, 3, 4, 8, 9, 10, 11, 12];

export const FLOAT_FORMS: readonly FloatForm[] = [
  ...each('single', 'addps subps mulps divps minps maxps sqrtps addss subss mulss divss minss maxss sqrtss addsubps haddps hsubps', 'xmm0, xmm1'),
  ...each('double', 'addpd subpd mulpd divpd minpd maxpd sqrtpd addsd subsd mulsd divsd minsd maxsd sqrtsd addsubpd haddpd hsubpd', 'xmm0, xmm1'),
  ...each('single', 'cmpps cmpss', 'xmm0, xmm1', ...PREDICATES), ...each('double', 'cmppd cmpsd', 'xmm0, xmm1', ...PREDICATES),
  ...each('single', 'ucomiss comiss', 'xmm0, xmm1'), ...each('double', 'ucomisd comisd', 'xmm0, xmm1'),
  ...each('single', 'cvtps2pd cvtps2dq cvttps2dq cvtss2sd', 'xmm0, xmm1'), ...each('double', 'cvtpd2ps cvtpd2dq cvttpd2dq cvtsd2ss', 'xmm0, xmm1'),
  ...each('integer', 'cvtdq2ps cvtdq2pd', 'xmm0, xmm1'), ...each('integer', 'cvtsi2ss cvtsi2sd', 'xmm0, ecx'), ...each('integer', 'cvtsi2ss cvtsi2sd', 'xmm0, rcx'),
  ...each('single', 'cvtss2si cvttss2si', 'eax, xmm1'), ...each('single', 'cvtss2si cvttss2si', 'rax, xmm1'),
  ...each('double', 'cvtsd2si cvttsd2si', 'eax, xmm1'), ...each('double', 'cvtsd2si cvttsd2si', 'rax, xmm1'),
  ...each('single', 'roundps roundss', 'xmm0, xmm1', ...ROUNDINGS), ...each('double', 'roundpd roundsd', 'xmm0, xmm1', ...ROUNDINGS),
  ...each('single', 'dpps', 'xmm0, xmm1', 0x11, 0x7f, 0xe5, 0xff), ...each('double', 'dppd', 'xmm0, xmm1', 0x11, 0x32, 0x23),
  // What looks like arithmetic and raises nothing.
  ...each('extreme', 'rcpps rsqrtps rcpss rsqrtss', 'xmm0, xmm1'), ...each('single', 'andps xorps movss unpcklps', 'xmm0, xmm1'),
];

/** As at the start; any rounding, DAZ, FTZ and flags; or anything, unmasked exceptions included. */
export function mxcsrFrom(inputs: Inputs): number {
  const any = inputs.below(0x10000);
  switch (inputs.below(4)) {
    case 0: return MXCSR_AT_START;
    case 1: return MXCSR_AT_START & ~(0x80 << inputs.below(6)) | any & 0xe040;
    case 2: return any;
    default: return MXCSR_AT_START | any & 0xe07f;
  }
}
const RAX = 0, RCX = 1, COMPARES = /comi/, FLAGS_COMPARED = 0x8d5;
/** What an instruction on two registers makes of them, as text: MXCSR, then xmm0, rax and flags that comparisons write, or `trap`. */
export function answerHere(world: SseWorld, text: string, i: Instruction, mxcsr: number, vectors: readonly Uint8Array[]): string {
  const { state } = world, words = new DataView(vectors[1]!.buffer, vectors[1]!.byteOffset);
  world.xmm(0).set(vectors[0]!); world.xmm(1).set(vectors[1]!);
  state.setWords(RAX, 0, 0); state.setWords(RCX, words.getInt32(0, true), words.getInt32(4, true));
  state.mxcsr = mxcsr;
  const trouble = world.perform(i), isUntouched = hexOf(world.xmm(0)) === hexOf(vectors[0]!) && state.low(RAX) === 0;
  if (trouble !== null) return answerOf(text, { mxcsr: state.mxcsr, trap: trouble === `trap ${VECTOR.simd}` && isUntouched ? 1 : -1, flags: 0, rax: vectors[0]!, xmm0: vectors[0]! });
  return answerOf(text, { mxcsr: state.mxcsr, flags: state.flags, rax: state.u8.subarray(0, 8), xmm0: world.xmm(0), trap: null });
}
export function answerOf(text: string, { mxcsr, flags, rax, xmm0, trap }: Answer): string {
  if (trap !== null) return `${mxcsr.toString(16)} ${trap < 0 ? 'something else' : 'trap'}`;
  return `${mxcsr.toString(16)} ${hexOf(xmm0)}${/ [er]ax,/.test(text) ? ` ${hexOf(rax)}` : ''}${COMPARES.test(text) ? ` ${(flags & FLAGS_COMPARED).toString(16)}` : ''}`;
}
