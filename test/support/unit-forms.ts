/** What lies beside integers, XMM arithmetic and the x87: MMX, string comparison, cryptography, and the rest of the system's user instructions (SDM vol. 2). */

/** `kind`: what inputs it is worth trying on; bytes are small, so that they are often equal. */
export interface UnitForm { readonly body: string; readonly kind: 'integer' | 'single' | 'double' | 'count' | 'bytes'; readonly undefinedFlags: number }

const split = (names: string): string[] => names.trim().split(/\s+/);
const each = (kind: UnitForm['kind'], names: string, ...operands: string[]): UnitForm[] =>
  split(names).flatMap(name => operands.map(operand => ({ body: `${name} ${operand}`.trim(), kind, undefinedFlags: 0 })));
const withImmediates = (kind: UnitForm['kind'], names: string, immediates: readonly number[], ...operands: string[]): UnitForm[] =>
  immediates.flatMap(value => each(kind, names, ...operands.map(operand => `${operand}, ${value}`)));
const one = (body: string, kind: UnitForm['kind'] = 'integer'): UnitForm => ({ body, kind, undefinedFlags: 0 });

const BOTH = ['mm0, mm1', 'mm3, mm3', 'mm1, [rsi]'];
const SHIFTS = [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 255];

const MMX: readonly UnitForm[] = [
  ...each('integer', `paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddsw paddusb paddusw psubsb psubsw psubusb psubusw
    pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd pminub pmaxub pminsw pmaxsw pavgb pavgw psadbw
    pmullw pmulhw pmulhuw pmuludq pmaddwd packsswb packuswb packssdw pand pandn por pxor
    punpcklbw punpckhbw punpcklwd punpckhwd punpckldq punpckhdq movq
    pshufb phaddw phaddd phaddsw phsubw phsubd phsubsw pmaddubsw pmulhrsw psignb psignw psignd pabsb pabsw pabsd`, ...BOTH),
  ...each('count', 'psllw pslld psllq psrlw psrld psrlq psraw psrad', ...BOTH),
  ...withImmediates('integer', 'psllw pslld psllq psrlw psrld psrlq psraw psrad', SHIFTS, 'mm5'),
  ...withImmediates('integer', 'pshufw', [0x00, 0x1b, 0x4e, 0xb1, 0xff], ...BOTH),
  ...withImmediates('integer', 'palignr', [0, 3, 7, 8, 11, 16, 255], ...BOTH),
  ...withImmediates('integer', 'pinsrw', [0, 3, 6, 255], 'mm0, eax', 'mm0, word ptr [rsi+2]'), ...withImmediates('integer', 'pextrw', [0, 3, 6, 255], 'eax, mm0', 'r9d, mm7'),
  ...each('integer', 'movd', 'mm0, eax', 'ecx, mm7', 'mm0, dword ptr [rsi]', 'dword ptr [rsi+5], mm1'),
  ...each('integer', 'movq', 'mm0, rax', 'rcx, mm7', '[rsi+5], mm1'), ...each('integer', 'pmovmskb', 'eax, mm0', 'r9d, mm6'),
  ...['movntq [rsi+8], mm2', 'movq2dq xmm1, mm3', 'movdq2q mm4, xmm0', 'emms'].map(body => one(body)),
  one('mov r9, rdi\nlea rdi, [rsi+3]\nmaskmovq mm0, mm1\nmov rdi, r9\nxor r9d, r9d'),
  ...each('single', 'cvtps2pi cvttps2pi', 'mm2, xmm1', 'mm2, qword ptr [rsi]'), ...each('double', 'cvtpd2pi cvttpd2pi', 'mm2, xmm1', 'mm2, [rsi]'),
  ...each('integer', 'cvtpi2ps cvtpi2pd', 'xmm0, mm2', 'xmm0, qword ptr [rsi+4]'),
];

const VECTORS = ['xmm0, xmm1', 'xmm2, xmm2', 'xmm1, [rsi]'];
/** Every combination of format, aggregation, polarity and output is another instruction. */
const EVERY_CONTROL = Array.from({ length: 128 }, (_, k) => k);
const TEXT: readonly UnitForm[] = [
  ...withImmediates('bytes', 'pcmpistri pcmpistrm pcmpestri pcmpestrm', EVERY_CONTROL, 'xmm1, xmm2'),
  ...withImmediates('bytes', 'pcmpestriq pcmpestrmq', [0x00, 0x05, 0x48, 0x3a, 0x7d, 0x8c], 'xmm1, xmm2', 'xmm1, [rsi+5]'),
  ...withImmediates('integer', 'pcmpistri pcmpistrm pcmpestri pcmpestrm pcmpestriq pcmpestrmq', [0x00, 0x05, 0x1a, 0x49, 0xff], 'xmm1, xmm0', 'xmm0, xmm0', 'xmm0, [rsi+3]'),
];
const CRYPTO: readonly UnitForm[] = [
  ...each('integer', 'aesenc aesenclast aesdec aesdeclast aesimc sha1msg1 sha1msg2 sha1nexte sha256msg1 sha256msg2', ...VECTORS),
  ...withImmediates('integer', 'aeskeygenassist', [0, 1, 0x1b, 0x36, 0xff], ...VECTORS), ...withImmediates('integer', 'pclmulqdq', [0, 1, 0x10, 0x11, 0xee, 0xff], ...VECTORS),
  ...withImmediates('integer', 'sha1rnds4', [0, 1, 2, 3, 0xfe], ...VECTORS), ...each('integer', 'sha256rnds2', 'xmm1, xmm2, xmm0', 'xmm0, xmm1, xmm0', 'xmm1, xmm1, xmm0', 'xmm1, [rsi], xmm0'),
];

const SELECTORS = [0, 3, 8, 0x10, 0x20, 0x23, 0x28, 0x2b, 0x30, 0x33, 0x3b, 0x40, 0x5b, 0x63, 0x78, 0x7b, 0x7f, 0x2f, 0x1000, 0xffff];
const SYSTEM: readonly UnitForm[] = [
  ...SELECTORS.flatMap(selector => ['lar eax, ecx', 'lar r9, rcx', 'lar ax, cx', 'lsl ebx, ecx', 'lsl rdx, rcx', 'lsl bx, cx', 'verr cx', 'verw cx'].map(body => `mov ecx, ${selector}\n${selector >= 0x78 && body.startsWith('lsl') ? 'verr cx' : body}`)),
  ...['lar eax, word ptr [rsi]', 'lsl rax, word ptr [rsi]', 'verr word ptr [rsi]', 'mov word ptr [rsi+2], 0x33\nlar r8d, word ptr [rsi+2]'],
  ...[0, 3, 0x23, 0x2b, 0x28, 0x33, 0x7b].flatMap(selector => ['ds', 'es', 'fs', 'gs'].map(name => `mov ecx, ${selector}\nmov ${name}, ecx\nmov rax, -1\nmov ax, ${name}\nmov rbx, ${name}\nmov [rsi+1], ${name}\nxor edx, edx\nmov ${name}, edx`)),
  ...['fs', 'gs'].flatMap(name => [`mov ecx, 0x2b\nmov ${name}, ecx\npush ${name}\npop rax\npush 0x33\npop ${name}\nmov ebx, ${name}\npush 0\npop ${name}`,
    `shl rax, 17\nshr rax, 17\nwr${name}base rax\nrd${name}base rbx\nwr${name}base ecx\nrd${name}base rdx\nmov ecx, 0x2b\nmov ${name}, ecx\nrd${name}base r8\nwr${name}base rax\nxor ecx, ecx\nmov ${name}, ecx\nrd${name}base r9\nrd${name}base r9d`,
    `mov dword ptr [rsi+4], 0x2b\nl${name} eax, [rsi]\nmov ebx, ${name}\nmov word ptr [rsi+2], 0x33\nl${name} cx, [rsi]\nmov edx, ${name}\nxor r8d, r8d\nmov ${name}, r8d`]),
  'mov dword ptr [rsi+4], 0x2b\nlss eax, [rsi]\nmov ebx, ss', 'mov eax, 0x2b\nmov ss, eax\nmov ecx, ss',
  'rdpid rax\nmov eax, 0', 'rdrand rax\nmov rax, 0', 'rdrand ecx\nmov ecx, 0', 'rdrand dx\nmov dx, 0', 'rdseed rax\nmov rax, 0', 'rdseed ecx\nmov ecx, 0',
  'mov r8, rsp\npush 0x2b\npush r8\nmov eax, 0x8d7\npush rax\npush 0x33\nlea rbx, [rip+1f]\npush rbx\n.byte 0x48, 0xcf\nmov rcx, 1\n1: sub r8, rsp\nmov ebx, 0',
  'mov r8, rsp\npush 0x33\nlea rbx, [rip+1f]\npush rbx\n.byte 0x48, 0xcb\nmov rcx, 1\n1: sub r8, rsp\nmov ebx, 0', 'mov r8, rsp\npush 5\npush 6\npush 0x33\nlea rbx, [rip+1f]\npush rbx\n.byte 0x48, 0xca, 16, 0\nmov rcx, 1\n1: sub r8, rsp\nmov ebx, 0',
  'sgdt [rsi+1]', 'sidt [rsi+1]', 'sldt eax', 'str word ptr [rsi]', 'smsw eax', 'smsw word ptr [rsi+3]',
  'crc32 eax, cl', 'crc32 ebx, cx', 'crc32 eax, edx', 'crc32 rbx, rcx', 'crc32 rax, byte ptr [rsi]', 'crc32 r9d, dword ptr [rsi+3]', 'crc32 r8, qword ptr [rsi+3]', 'crc32 eax, al', 'crc32 eax, ah',
  'movbe rax, [rsi+1]', 'movbe [rsi+3], cx', 'movbe r9d, [rsi]', 'adcx rax, rcx', 'adox r9, [rsi+3]', 'adcx ecx, ecx', 'adox ebx, edx', 'lock cmpxchg8b [rsi+4]', 'mov rax, [rsi]\nmov edx, [rsi+4]\ncmpxchg8b [rsi]',
  'and rsi, -16\nlock cmpxchg16b [rsi]', 'popcnt rax, rcx', 'lzcnt ecx, [rsi]', 'tzcnt r9w, cx', 'popcnt bx, word ptr [rsi+1]',
  'clflush [rsi]', 'clflushopt [rsi+3]', 'clwb [rsi+63]', 'prefetchw [rsi]', 'prefetcht1 [0]', 'lfence', 'mfence', 'sfence', 'pause',
].map(body => one(body));

export const UNIT_FORMS: Readonly<Record<string, readonly UnitForm[]>> = { mmx: MMX, text: TEXT, crypto: CRYPTO, system: SYSTEM };
