/**
 * Intel Skylake (client). Nothing of it was measured here. *LLVM*: X86SchedSkylakeClient.td, whose latencies and ports were measured for it. *Fog*: Agner Fog, Instruction
 * Tables and Microarchitecture, the chapters on Skylake. *Intel*: Optimization Reference Manual, on Skylake. Port 0 and 6 are `shift` and `select`, port 1 is
 * `multiply`, port 0 and 1 are `fpAdd`, port 5 is `fpShuffle`, port 0 alone `fpDivide`. *Derived*: argued from these, or from what a Zen 3 does where nobody published a figure.
 */
import type { Profile } from '../profile.ts';
import { sourced } from './sourced.ts';

const llvm = sourced('LLVM'), fog = sourced('Fog'), intel = sourced('Intel'), derived = sourced('derived');

export const SKYLAKE: Profile = {
  name: 'skylake',
  capacities: {
    slot: 4, // Intel: four micro-operations are allocated and retired a cycle
    alu: 4, shift: 2, select: 2, multiply: 1, divide: 1, branch: 2, // LLVM: ports 0156, 06, 06, 1, 0, 06
    load: 2, vectorLoad: 2, store: 1, vectorStore: 1, // LLVM: ports 23; 4
    fp: 3, fpAdd: 2, fpMultiply: 2, fpShuffle: 1, fpDivide: 1, // LLVM: ports 015, 01, 01, 5, 0
    serial: 1,
  },
  otherwise: {
    general: llvm('', 1, 'alu', 'WriteALU, port 0156'),
    vector: llvm('', 1, 'fp', 'WriteVecLogicX, port 015'),
    x87: llvm('', 3, 'fp fpShuffle', 'ADD_FPrST0 3, port 5'),
  },
  rows: [
    llvm('nop endbr64 endbr32 prefetch* fnop', 0, '', 'WriteNop, no port'),
    fog('mov movaps movups movapd movupd movdqa movdqu lddqu movnt* vzeroupper', 0, '', 'moves between registers are eliminated; VZEROUPPER is four micro-operations without a port'),
    llvm('xchg', 2, 'alu*3 slot*3', 'WriteXCHG 2, three micro-operations'),
    llvm('lea', 1, 'alu', 'WriteLEA, port 15'),
    fog('lea3', 3, 'alu multiply', 'base, index and displacement 3, port 1'),
    llvm('adc sbb', 1, 'alu shift', 'WriteADC 1, port 06'),
    llvm('rcl rcr', 2, 'alu*3 shift slot*3', 'RCL64r1 2, three micro-operations'),
    llvm('shl shr sar rol ror shlx shrx sarx rorx bt bts btr btc', 1, 'alu shift', 'WriteShift, WriteBitTest 1, port 06; by CL three micro-operations, which is not modelled'),
    llvm('shld shrd', 3, 'alu multiply', 'WriteSHDrri 3, port 1'),
    llvm('imul', 3, 'alu multiply', 'WriteIMul64Reg 3, port 1'),
    llvm('mul mulx', 3, 'alu multiply slot*2', 'WriteMULX64 3, ports 1 and 5; the high half 4'),
    fog('div idiv', 26, 'alu*10 divide*6 slot*10', 'of 32 bits 26, one in 6, ten micro-operations; of 64 bits 35 to 88, which is not modelled'),
    llvm('bsf bsr tzcnt lzcnt popcnt', 3, 'alu multiply', 'WriteBSF, WriteTZCNT, WritePOPCNT 3, port 1'),
    llvm('blsr blsi blsmsk bzhi andn', 1, 'alu', 'WriteBLS, WriteBZHI 1, port 15'),
    llvm('bextr', 2, 'alu*2 slot*2', 'WriteBEXTR 2'),
    llvm('bswap', 2, 'alu*2 slot*2', 'WriteBSWAP64 2'),
    llvm('pext pdep crc32', 3, 'alu multiply', 'PDEP64rr, WriteCRC32 3, port 1'),
    llvm('cmovcc setcc lahf sahf', 1, 'alu select', 'WriteCMOV, WriteSETCC 1, port 06'),
    llvm('cmova', 2, 'alu*2 select*2 slot*2', 'CMOVA and CMOVBE 2, two micro-operations'),
    llvm('jcc', 1, 'branch', 'WriteJump 1, port 06'),
    llvm('jmp', 0, 'branch', 'WriteJump, port 06'),
    llvm('call', 0, 'branch alu slot*3', 'CALL64pcrel32, a branch, an addition and a store'),
    llvm('ret', 0, 'branch slot*2', 'RET64, a load and a branch'),
    fog('loop loope loopne jrcxz jecxz', 1, 'alu*2 branch slot*7', 'LOOP is seven micro-operations'),
    llvm('push', 0, 'store', 'PUSH64r, ports 4 and 237'),
    llvm('pop', 0, 'load', 'POP64r, port 23'),
    llvm('leave', 1, 'load alu*2 slot*3', 'LEAVE64 three micro-operations, 7 with its load'),
    fog('enter', 0, 'store serial*8', 'ENTER a,0 8'),
    llvm('pushf', 1, 'alu*4 store slot*6', 'PUSHF64 six micro-operations'),
    fog('popf', 1, 'load serial*20', 'POPF 20'),
    llvm('cmpxchg', 5, 'alu*5 slot*5', 'WriteCMPXCHG 5, five micro-operations'),
    llvm('cmpxchg8b', 11, 'alu*11 slot*14', 'CMPXCHG8B 16 with its load, 14 micro-operations'),
    llvm('cmpxchg16b', 18, 'alu*16 slot*19', 'CMPXCHG16B 23 with its load, 19 micro-operations'),
    llvm('xadd', 2, 'alu*3 slot*3', 'XADD64rm 7 with its load'),
    fog('xlat', 2, 'load alu*2 slot*3', 'XLAT 7, three micro-operations'),
    fog('mfence', 0, 'serial*33', 'one in 33'),
    fog('lfence', 0, 'serial*4', 'one in 4'),
    fog('sfence', 0, 'store serial*5', 'one in 6'),
    fog('rdtsc', 0, 'serial*25', 'one in 25'),
    fog('rdtscp', 0, 'serial*32', 'one in 32'),
    derived('rdpmc', 0, 'serial*34', 'as RDTSCP, which is as many micro-operations'),
    intel('pause', 0, 'serial*140', 'as many as 140'),
    derived('rdpid rdfsbase rdgsbase', 0, 'serial*3.75', 'as a Zen 3\'s'),
    derived('wrfsbase wrgsbase', 0, 'serial*43.5', 'as a Zen 3\'s'),
    fog('xgetbv', 0, 'serial*9', 'one in 9'),
    fog('cpuid', 0, 'serial*100', '100 to 250'),
    llvm('cld', 0, 'serial*3', 'CLD 3'),
    llvm('std', 0, 'serial*6', 'STD 6'),
    derived('clflush clflushopt', 0, 'serial*775', 'as a Zen 3\'s: memory is as far'),
    llvm('fxsave fxsave64 fxrstor fxrstor64', 0, 'serial*63', 'FXRSTOR64 63'),
    llvm('xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64', 0, 'serial*42', 'XSAVE 42, XSAVEOPT 46'),
    llvm('xrstor xrstor64', 0, 'serial*37', 'XRSTOR64 37'),
    fog('movs', 0, 'alu*3 slot*5', 'MOVS five micro-operations; repeated, see strings'),
    llvm('stos lods', 0, 'alu slot*3', 'STOSQ three micro-operations'),
    llvm('scas cmps', 0, 'alu*2 slot*4', 'SCASQ three micro-operations; CMPS five (Fog)'),
    // Vectors and floats.
    llvm('addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd minps minpd minss minsd maxps maxpd maxss maxsd', 4, 'fp fpAdd', 'WriteFAdd, WriteFCmp 4, port 01'),
    llvm('mulps mulpd mulss mulsd vfm* vfnm*', 4, 'fp fpAdd', 'WriteFMul, WriteFMA 4, port 01'),
    llvm('divss divps', 11, 'fp fpDivide*3', 'WriteFDiv 11, one in 3'),
    llvm('divsd divpd', 14, 'fp fpDivide*4', 'WriteFDiv64 14, one in 4'),
    llvm('sqrtss sqrtps', 12, 'fp fpDivide*3', 'WriteFSqrt 12, one in 3'),
    llvm('sqrtsd sqrtpd', 18, 'fp fpDivide*6', 'WriteFSqrt64 18, one in 6'),
    llvm('rcpss rcpps rsqrtss rsqrtps', 4, 'fp fpDivide', 'WriteFRcp 4, port 0'),
    llvm('comiss comisd ucomiss ucomisd', 2, 'fp fpDivide', 'WriteFComX 2, port 0'),
    llvm('pmulld', 10, 'fp*2 fpAdd*2 slot*2', 'WritePMULLD 10, twice port 01'),
    llvm('pmul* pmadd*', 5, 'fp fpAdd', 'WriteVecIMulX 5, port 01'),
    llvm('psadbw', 3, 'fp fpShuffle', 'WritePSADBWX 3, port 5'),
    llvm('mpsadbw', 4, 'fp*2 fpShuffle*2 slot*2', 'WriteMPSAD 4, twice port 5'),
    llvm('phmin*', 4, 'fp fpAdd', 'WritePHMINPOS 4, port 01'),
    llvm('psll* psrl* psra*', 1, 'fp fpAdd', 'WriteVecShiftImmX 1, port 01'),
    llvm('pslldq psrldq', 1, 'fp fpShuffle', 'WriteShuffleX 1, port 5'),
    llvm('pins* insertps', 2, 'fp*2 fpShuffle*2 slot*2', 'WriteVecInsert 2, twice port 5'),
    llvm('blendv* pblendv*', 2, 'fp*2 slot*2', 'WriteVarBlend 2, twice port 015'),
    llvm('pshuf* punpck* unpck* shufp* pack* palignr pblendw movshdup movsldup movddup', 1, 'fp fpShuffle', 'WriteShuffleX, WriteBlend 1, port 5'),
    fog('movss movsd movhps movlps movhpd movlpd movhlps movlhps', 1, 'fp fpShuffle', 'merges of lanes 1, port 5'),
    fog('movd movq', 2, 'fp', 'either way 2'),
    llvm('pmovmskb movmskp*', 2, 'fp fpDivide', 'WriteVecMOVMSK 2, port 0'),
    llvm('pextr* extractps ptest testp*', 3, 'fp*2 fpShuffle slot*2', 'WriteVecExtract, WriteVecTest 3, ports 0 and 5'),
    llvm('cvtsi2sd cvtsi2ss', 5, 'fp*2 fpShuffle slot*2', 'CVTSI642SDrr 5, two micro-operations'),
    llvm('cvttsd2si cvttss2si cvtsd2si cvtss2si', 6, 'fp*2 fpAdd slot*2', 'CVTTSD2SI64rr 6, two micro-operations'),
    llvm('cvtdq2ps cvtps2dq cvttps2dq', 4, 'fp fpAdd', 'CVTDQ2PSrr 4, port 01'),
    llvm('cvt*', 5, 'fp*2 fpShuffle slot*2', 'CVTSS2SDrr, CVTPD2DQrr 5, two micro-operations'),
    llvm('round*', 8, 'fp*2 fpAdd*2 slot*2', 'WriteFRnd 8, twice port 01'),
    llvm('perm* insertf128 inserti128 extractf128 extracti128 pbroadcast*', 3, 'fp fpShuffle', 'WriteShuffle256 3, port 5'),
    llvm('pcmpgtq', 3, 'fp fpShuffle', 'PCMPGTQrr 3, port 5'),
    llvm('aesimc', 8, 'fp*2 fpDivide*2 slot*2', 'WriteAESIMC 8, twice port 0'),
    llvm('aeskeygenassist', 20, 'fp*11 fpShuffle*6 slot*11', 'WriteAESKeyGen 20, eleven micro-operations'),
    llvm('aes*', 4, 'fp fpDivide', 'WriteAESDecEnc 4, port 0'),
    llvm('pclmul*', 6, 'fp fpShuffle', 'WriteCLMul 6, port 5'),
    llvm('pcmpistri pcmpistrm', 10, 'fp*3 fpDivide*3 slot*3', 'WritePCmpIStrI 10, thrice port 0'),
    llvm('pcmpestri pcmpestrm', 18, 'fp*8 fpDivide*4 slot*8', 'WritePCmpEStrI 18, eight micro-operations'),
    llvm('haddps haddpd hsubps hsubpd', 6, 'fp*3 fpShuffle*2 slot*3', 'WriteFHAdd 6, twice port 5'),
    llvm('phadd* phsub*', 3, 'fp*3 fpShuffle*2 slot*3', 'WritePHAddX 3, twice port 5'),
    llvm('dpps', 13, 'fp*4 fpAdd*3 slot*4', 'WriteDPPS 13, four micro-operations'),
    llvm('dppd', 9, 'fp*3 fpAdd*2 slot*3', 'WriteDPPD 9, three micro-operations'),
    // x87.
    fog('fld fild fld1 fldz fldpi', 3, 'fp', 'FLD of 64 bits 3'),
    derived('fst fstp fist fistp fisttp fxch ffree fchs fabs fnst* fld*', 0, 'fp', 'as FLD'),
    llvm('fninit', 0, 'serial*75', 'FNINIT 75'),
    llvm('fadd* fsub*', 3, 'fp fpShuffle', 'ADD_FPrST0 3, port 5'),
    llvm('fmul*', 4, 'fp fpDivide', 'MUL_FPrST0 4, port 0'),
    llvm('fdiv*', 15, 'fp fpDivide*4', 'DIVR_FPrST0 15; one in 4 to 5 (Fog)'),
    llvm('fsqrt', 21, 'fp fpDivide*7', 'WriteFSqrt80 21, one in 7'),
  ],
  taken: { jump: 1, call: 2, return: 1 }, // Fog: one in 1 to 2, 2 and 1
  refill: { conditional: 15, indirect: 16, return: 16 }, // LLVM: 14; Fog: 15 to 20. 16 with the branch's own cycle.
  override: 0, redirected: 0, // not published
  branchTargets: { first: { bytes: 16, sets: 1024, ways: 4 }, second: { bytes: 16, sets: 1, ways: 1 }, fromSecond: 0, missed: 8 }, // Fog: one level, of 4,096 as in its forerunners; a direct branch that is not in it is found as it is decoded, some 8 later: derived
  load: { general: 5, vector: 6, scaled: 0, forwarded: 4.5, forwardedVector: 6, renamed: 4.5, blocked: 13, second: 0 }, // LLVM: 5, 6; 4 where one pointer leads to the next (Intel). Fog: forwarded 4 to 5, vectors 6; where that fails some 13. Memory is not renamed.
  locked: 17, // Fog: LOCK ADD 18
  window: 48, // Intel: a scheduler of 97, half of it as for Zen 3
  behind: 56, // LLVM, Intel: 224 micro-operations, four a cycle
  strings: {
    // Intel: with fast strings some 35 to begin with, then 32 bytes a cycle.
    move: { short: 35, perElement: 0, shortMax: 64, long: 35, perByte: 0.03125 },
    store: { short: 35, perElement: 0, shortMax: 64, long: 35, perByte: 0.03125 },
    compare: 2, // Fog: REPNE SCAS at least 2 each
  },
  memories: {
    // Intel: L1 32 KiB in 8 ways, 4 cycles; L2 256 KiB in 4, 12; L3 2 MiB a core (four of them) in up to 16, 44. Memory: 44 and some 51 ns at 4 GHz; streams: derived.
    code: { sets: 64, ways: 8 }, data: { sets: 64, ways: 8 },
    second: { sets: 1024, ways: 4, cycles: 8, foreseen: 1 }, third: { sets: 8192, ways: 16, cycles: 40, foreseen: 3 }, memory: { cycles: 244, foreseen: 12 },
    // Intel: ITLB 128 in 8 ways, DTLB 64 in 4, second 1,536 in 12, which code and data share (here each has it alone); its 9 cycles: Intel, as for Haswell.
    codePages: { sets: 16, ways: 8 }, dataPages: { sets: 16, ways: 4 }, secondCodePages: { sets: 128, ways: 12 }, secondDataPages: { sets: 128, ways: 12 }, secondPages: 9,
    ahead: 30, // derived
    window: 224, // Intel: the reorder buffer
    codeWritten: 150, // Fog: self-modifying code, 150 to 300 on earlier ones
  },
  fuses: 'cmp test add sub inc dec and', // Intel: macro-fusion
};
