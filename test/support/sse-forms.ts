/** Every XMM form of SSE, SSE2, SSE3, SSSE3 and SSE4.1 as assembler text, with the kind of values it is worth trying on (SDM vol. 2). */

/** What the inputs look like: packed integers, singles, doubles, shift counts, or singles of which a reciprocal is exact. */
export type Kind = 'integer' | 'single' | 'double' | 'count' | 'extreme';
export interface Form { readonly text: string; readonly kind: Kind }

const split = (names: string): string[] => names.trim().split(/\s+/);
const each = (kind: Kind, names: string, ...operands: string[]): Form[] =>
  split(names).flatMap(name => operands.map(operand => ({ text: `${name} ${operand}`, kind })));
/** The same with every immediate. */
const withImmediates = (kind: Kind, names: string, immediates: readonly number[], ...operands: string[]): Form[] =>
  immediates.flatMap(value => each(kind, names, ...operands.map(operand => `${operand}, ${value}`)));

const BOTH = ['xmm0, xmm1', 'xmm0, [rcx]'];
const PATTERNS = [0x00, 0x1b, 0x4e, 0xb1, 0xff];
const SHIFTS = [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 255];

export const FORMS: readonly Form[] = [
  ...each('integer', 'movaps movapd movdqa movups movupd movdqu', ...BOTH, '[rcx], xmm0'),
  ...each('integer', 'movntps movntpd movntdq movlps movlpd movhps movhpd', '[rcx], xmm0'),
  ...each('integer', 'movlps movlpd movhps movhpd lddqu', 'xmm0, [rcx]'),
  ...each('integer', 'movhlps movlhps', 'xmm0, xmm1'),
  ...each('integer', 'movss movsd movq', ...BOTH, '[rcx], xmm0'),
  ...each('integer', 'movd', 'xmm0, eax', 'eax, xmm0', 'xmm0, dword ptr [rcx]', 'dword ptr [rcx], xmm0'),
  ...each('integer', 'movq', 'xmm0, rax', 'rax, xmm0'),
  ...each('integer', 'movnti', 'dword ptr [rcx], eax', 'qword ptr [rcx], rax'),
  ...each('integer', 'movmskps movmskpd pmovmskb', 'eax, xmm0', 'rax, xmm0'),
  ...each('integer', 'maskmovdqu', 'xmm0, xmm1'),
  ...each('integer', 'movddup movsldup movshdup', ...BOTH),

  ...each('single', 'addps subps mulps divps minps maxps sqrtps addss subss mulss divss minss maxss sqrtss', ...BOTH),
  ...each('double', 'addpd subpd mulpd divpd minpd maxpd sqrtpd addsd subsd mulsd divsd minsd maxsd sqrtsd', ...BOTH),
  ...each('extreme', 'rcpps rsqrtps rcpss rsqrtss', ...BOTH),
  ...each('single', 'addsubps haddps hsubps', ...BOTH), ...each('double', 'addsubpd haddpd hsubpd', ...BOTH),
  ...each('integer', 'andps andpd andnps andnpd orps orpd xorps xorpd', ...BOTH),
  ...withImmediates('single', 'cmpps cmpss', [0, 1, 2, 3, 4, 5, 6, 7], ...BOTH),
  ...withImmediates('double', 'cmppd cmpsd', [0, 1, 2, 3, 4, 5, 6, 7], ...BOTH),
  ...each('single', 'ucomiss comiss', ...BOTH), ...each('double', 'ucomisd comisd', ...BOTH),

  ...each('single', 'cvtps2pd cvtps2dq cvttps2dq cvtss2sd', ...BOTH),
  ...each('double', 'cvtpd2ps cvtpd2dq cvttpd2dq cvtsd2ss', ...BOTH),
  ...each('integer', 'cvtdq2ps cvtdq2pd', ...BOTH),
  ...each('integer', 'cvtsi2ss cvtsi2sd', 'xmm0, eax', 'xmm0, rax', 'xmm0, dword ptr [rcx]', 'xmm0, qword ptr [rcx]'),
  ...each('single', 'cvtss2si cvttss2si', 'eax, xmm1', 'rax, xmm1', 'eax, [rcx]', 'rax, [rcx]'),
  ...each('double', 'cvtsd2si cvttsd2si', 'eax, xmm1', 'rax, xmm1', 'eax, [rcx]', 'rax, [rcx]'),

  ...each('integer', `paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddsw paddusb paddusw psubsb psubsw psubusb psubusw
    pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd pminub pmaxub pminsw pmaxsw pavgb pavgw psadbw
    pmullw pmulhw pmulhuw pmuludq pmaddwd packsswb packuswb packssdw pand pandn por pxor
    punpcklbw punpckhbw punpcklwd punpckhwd punpckldq punpckhdq punpcklqdq punpckhqdq unpcklps unpckhps unpcklpd unpckhpd`, ...BOTH),
  ...each('count', 'psllw pslld psllq psrlw psrld psrlq psraw psrad', ...BOTH),
  ...withImmediates('integer', 'psllw pslld psllq psrlw psrld psrlq psraw psrad pslldq psrldq', SHIFTS, 'xmm0'),
  ...withImmediates('integer', 'pshufd pshuflw pshufhw shufps shufpd', PATTERNS, ...BOTH),
  ...withImmediates('integer', 'pinsrw', [0, 5, 255], 'xmm0, eax', 'xmm0, word ptr [rcx]'),
  ...withImmediates('integer', 'pextrw', [0, 5, 255], 'eax, xmm0'),

  ...['stmxcsr [rcx]', 'lfence', 'mfence', 'sfence', 'pause', 'clflush [rcx]', 'prefetcht0 [rcx]', 'prefetchnta [rcx]', 'prefetchw [rcx]']
    .map(text => ({ text, kind: 'integer' } as const)),

  ...each('integer', `pshufb phaddw phaddd phaddsw phsubw phsubd phsubsw pmaddubsw pmulhrsw psignb psignw psignd pabsb pabsw pabsd
    pminsb pmaxsb pminuw pmaxuw pminsd pmaxsd pminud pmaxud pmulld pmuldq packusdw pcmpeqq pcmpgtq phminposuw ptest
    pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq`, ...BOTH),
  ...each('integer', 'movntdqa', 'xmm0, [rcx]'),
  ...each('integer', 'pblendvb blendvps blendvpd', 'xmm1, xmm0, xmm0', 'xmm1, [rcx], xmm0'),
  ...withImmediates('integer', 'palignr', [0, 5, 16, 21, 32, 255], ...BOTH),
  ...withImmediates('integer', 'pblendw blendps blendpd mpsadbw', [0, 5, 6, 255], ...BOTH),
  ...withImmediates('single', 'dpps', [0x11, 0x7f, 0xe5, 0xff], ...BOTH), ...withImmediates('double', 'dppd', [0x11, 0x32, 0x23], ...BOTH),
  ...withImmediates('integer', 'insertps', [0x00, 0xd2, 0x64, 0xff], ...BOTH),
  ...withImmediates('integer', 'pextrb pextrw pextrd extractps', [0, 1, 6, 255], 'eax, xmm0'),
  ...withImmediates('integer', 'pextrb', [7], 'byte ptr [rcx], xmm0'),
  ...withImmediates('integer', 'pextrw', [7], 'word ptr [rcx], xmm0'),
  ...withImmediates('integer', 'pextrd extractps', [3], 'dword ptr [rcx], xmm0'),
  ...withImmediates('integer', 'pextrq', [1], 'qword ptr [rcx], xmm0', 'rax, xmm0'),
  ...withImmediates('integer', 'pinsrb', [0, 7, 255], 'xmm0, eax', 'xmm0, byte ptr [rcx]'),
  ...withImmediates('integer', 'pinsrd', [0, 2, 255], 'xmm0, eax', 'xmm0, dword ptr [rcx]'),
  ...withImmediates('integer', 'pinsrq', [0, 255], 'xmm0, rax', 'xmm0, qword ptr [rcx]'),
  ...withImmediates('single', 'roundps roundss', [0, 1, 2, 3, 4], ...BOTH),
  ...withImmediates('double', 'roundpd roundsd', [0, 1, 2, 3, 4], ...BOTH),
];

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
