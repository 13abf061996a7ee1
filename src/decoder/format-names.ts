/** Spelling rules of objdump (binutils) as data: names per syntax, suffixes, operands that the encoding only implies. */

/** AT&T has other names for these whatever their operands (as(1), "i386-Mnemonics"). */
export const ATT_NAMES: Readonly<Record<string, string>> = {
  cbw: 'cbtw', cwde: 'cwtl', cdqe: 'cltq', cwd: 'cwtd', cdq: 'cltd', cqo: 'cqto',
  retf: 'lret', retfw: 'lretw', retfq: 'lretq', sysretd: 'sysretl', sysexitd: 'sysexitl',
};

/** CS and DS before a branch were once hints which way it goes. */
export const ATT_HINT: Readonly<Record<number, string>> = { 0x2e: ',pn', 0x3e: ',pt' };

/** With no register operand that tells the size, AT&T appends b, w, l or q to these. */
export const SIZED: ReadonlySet<string> = new Set((
  'add or adc sbb and sub xor cmp mov test not neg mul imul div idiv inc dec rol ror rcl rcr shl shr sar bt bts btr btc nop crc32 '
  + 'cvtsi2ss cvtsi2sd vcvtsi2ss vcvtsi2sd').split(' '));
export const SHIFTS: ReadonlySet<string> = new Set('rol ror rcl rcr shl shr sar'.split(' '));
/** Of those, the ones whose register operand does not tell the size of the memory operand. */
export const SIZED_BESIDE_REGISTER: ReadonlySet<string> = new Set(['crc32', 'cvtsi2ss', 'cvtsi2sd', 'vcvtsi2ss', 'vcvtsi2sd', ...SHIFTS]);
/** AT&T appends the size of the element: movsb, cmpsq, insl. */
export const SIZED_STRINGS: ReadonlySet<string> = new Set(['movs', 'cmps', 'ins', 'outs']);
/** With a memory operand of 2 bytes AT&T appends w to these; 8 is what they are made for. */
export const WORD_MARKED: ReadonlySet<string> = new Set(['push', 'pop', 'call', 'jmp']);
/** Their result has one size for both sizes of a memory operand: AT&T appends x or y. */
export const VECTOR_MARKED: ReadonlySet<string> = new Set(['vcvtpd2ps', 'vcvtpd2dq', 'vcvttpd2dq']);

export const INTEGER_SUFFIX: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };
/** x87 memory operands that are floating point, and those that are integers. */
export const FLOAT_SUFFIX: Readonly<Record<number, string>> = { 4: 's', 8: 'l', 10: 't' };
export const FLOAT_INTEGER_SUFFIX: Readonly<Record<number, string>> = { 2: 's', 4: 'l', 8: 'll' };
export const FLOATS: ReadonlySet<string> = new Set('fld fst fstp fadd fmul fcom fcomp fsub fsubr fdiv fdivr'.split(' '));
export const FLOAT_INTEGERS: ReadonlySet<string> = new Set(
  'fild fist fistp fisttp fiadd fimul ficom ficomp fisub fisubr fidiv fidivr'.split(' '));
/** After WAIT these lose their n: fnstcw is fstcw. */
export const NO_WAIT: ReadonlySet<string> = new Set('fnstcw fnstsw fnclex fninit fnstenv fnsave'.split(' '));
/** AT&T swaps the two where the destination is not st: an old bug of assemblers that everyone keeps. */
export const ATT_SWAPPED: Readonly<Record<string, string>> = {
  fsub: 'fsubr', fsubr: 'fsub', fdiv: 'fdivr', fdivr: 'fdiv', fsubp: 'fsubrp', fsubrp: 'fsubp', fdivp: 'fdivrp', fdivrp: 'fdivp',
};

export const POINTERS: Readonly<Record<number, string>> = {
  1: 'BYTE', 2: 'WORD', 4: 'DWORD', 6: 'FWORD', 8: 'QWORD', 10: 'TBYTE', 16: 'XMMWORD', 32: 'YMMWORD',
};
/** Intel syntax gives the memory operand of these another size than the one it has, or none. */
export const POINTER_EXCEPTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries((
    'lea lddqu vlddqu sgdt sidt lgdt lidt fxsave fxrstor fxsave64 fxrstor64 xsave xrstor xsave64 xrstor64 xsaveopt xsaveopt64 xsavec xsavec64 '
    + 'xsaves xsaves64 xrstors xrstors64 fldenv fnstenv fstenv frstor fnsave fsave invpcid movdir64b wrssd wrssq wrussd wrussq enqcmd enqcmds '
    + 'bndldx bndstx').split(' ').map(name => [name, ''])),
  ...Object.fromEntries((
    'prefetch prefetchw prefetchwt1 prefetchnta prefetcht0 prefetcht1 prefetcht2 invlpg clflush clflushopt clwb cldemote'
  ).split(' ').map(name => [name, 'BYTE'])),
  cmpxchg8b: 'QWORD', cmpxchg16b: 'OWORD', invept: 'OWORD', invvpid: 'OWORD', lss: 'FWORD', lfs: 'FWORD', lgs: 'FWORD',
  rstorssp: 'QWORD', clrssbsy: 'QWORD', vmptrld: 'QWORD', vmptrst: 'QWORD', vmclear: 'QWORD', vmxon: 'QWORD',
};

/** Operands that no byte names. `di`, `si` and `bx` are memory there, `a` the accumulator of the operand size. */
export const IMPLICIT: Readonly<Record<string, readonly string[]>> = {
  movs: ['di', 'si'], cmps: ['si', 'di'], stos: ['di', 'a'], lods: ['a', 'si'], scas: ['a', 'di'], ins: ['di', 'dx'], outs: ['dx', 'si'],
  xlat: ['bx'],
};
/** ... and those that only AT&T writes. */
export const ATT_IMPLICIT: Readonly<Record<string, readonly string[]>> = {
  monitor: ['rax', 'ecx', 'edx'], mwait: ['eax', 'ecx'], monitorx: ['rax', 'ecx', 'edx'], mwaitx: ['eax', 'ecx', 'ebx'],
};

/** The immediate of these becomes part of the name: cmpps xmm0,xmm1,0 is cmpeqps xmm0,xmm1. */
const COMPARISONS = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];
/** VEX has more of them: SDM vol. 2, CMPPD, table 3-1. */
const MORE_COMPARISONS = [
  'eq_uq', 'nge', 'ngt', 'false', 'neq_oq', 'ge', 'gt', 'true', 'eq_os', 'lt_oq', 'le_oq', 'unord_s', 'neq_us', 'nlt_uq', 'nle_uq', 'ord_s',
  'eq_us', 'nge_uq', 'ngt_uq', 'false_os', 'neq_os', 'ge_oq', 'gt_oq', 'true_us',
];
export const VEX_COMPARISONS: readonly string[] = [...COMPARISONS, ...MORE_COMPARISONS];
const PRODUCTS: Readonly<Record<number, string>> = { 0: 'lql', 1: 'hql', 2: 'lqh', 3: 'hqh', 0x10: 'lqh', 0x11: 'hqh' };

export const XOP_COMPARISONS: readonly string[] = ['lt', 'le', 'gt', 'ge', 'eq', 'neq', 'false', 'true'];

/** The name that absorbs `immediate`, or null. */
export function absorbed(mnemonic: string, immediate: number): string | null {
  const comparison = /^(v?)cmp([ps][sd])$/.exec(mnemonic);
  if (comparison !== null) {
    const [, vex = '', type = ''] = comparison, condition = (vex === '' ? COMPARISONS : VEX_COMPARISONS)[immediate];
    return condition === undefined ? null : `${vex}cmp${condition}${type}`;
  }
  const integers = /^vpcmp(u?[bwdq])$/.exec(mnemonic);
  if (integers !== null) return immediate >= 0 && immediate < 8 && immediate % 4 !== 3 ? `vpcmp${COMPARISONS[immediate]}${integers[1]}` : null;
  const compared = /^vpcom(u?[bwdq])$/.exec(mnemonic), order = XOP_COMPARISONS[immediate];
  if (compared !== null) return order === undefined ? null : `vpcom${order}${compared[1]}`;
  if (mnemonic !== 'pclmulqdq' && mnemonic !== 'vpclmulqdq') return null;
  const product = PRODUCTS[immediate];
  return product === undefined ? null : mnemonic.replace('qdq', `${product}qdq`);
}

export const REPEATED: ReadonlySet<string> = new Set(['movs', 'stos', 'lods', 'ins', 'outs']);
export const STRINGS: ReadonlySet<string> = new Set([...REPEATED, 'cmps', 'scas', 'xlat']);
/** A 64-bit operand size is what they have anyway, so REX.W says nothing. */
export const ALWAYS_64: ReadonlySet<string> = new Set('push pop call jmp rdpid'.split(' '));
/** Without operands, but not without a size: their names say it. */
export const SIZED_ALONE: ReadonlySet<string> = new Set((
  'movs cmps stos lods scas ins outs cbw cwde cdqe cwd cdq cqo pushfw popfw leavew retw retfw retfq iretw iretq sysretq sysexitq'
).split(' '));
/** Their REX.W is in the name, or in a memory operand that is not a vector. */
export const WIDE_NAMED: ReadonlySet<string> = new Set((
  'cmpxchg16b fxsave64 fxrstor64 xsave64 xrstor64 xsaveopt64 xsavec64 xsaves64 xrstors64 pinsrq pextrq movq cvtsi2ss cvtsi2sd rdsspq incsspq retfq pcmpestriq pcmpestrmq'
).split(' '));
/** They clear the upper half of a 32-bit register; REX.W changes nothing but what the register is called. */
export const MASK_MOVES: ReadonlySet<string> = new Set(['movmskps', 'movmskpd', 'pmovmskb', 'pextrw']);
/** What coprocessors before the 80387 had. */
export const OLD_NAMES: Readonly<Record<string, string>> = {
  fneni: 'fneni(8087 only)', fndisi: 'fndisi(8087 only)', fnsetpm: 'fnsetpm(287 only)', frstpm: 'frstpm(287 only)',
};

/** Prefixes that are part of the opcode, where no operand is a vector register (where one is, every such prefix is). */
export const MANDATORY: Readonly<Record<string, number>> = {
  ...Object.fromEntries((
    'popcnt tzcnt lzcnt adox pause endbr64 endbr32 rdfsbase rdgsbase wrfsbase wrgsbase rdpid rdsspd rdsspq incsspd incsspq wbnoinvd vmxon'
  ).split(' ').map(name => [name, 0xf3])),
  crc32: 0xf2, cvtss2si: 0xf3, cvttss2si: 0xf3, cvtsd2si: 0xf2, cvttsd2si: 0xf2,
  ...Object.fromEntries('adcx clflushopt clwb invpcid invept invvpid vmclear'.split(' ').map(name => [name, 0x66])),
};
