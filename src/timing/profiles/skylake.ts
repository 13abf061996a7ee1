/**
 * Intel Skylake (client). Nothing of it was measured here. *LLVM*: X86SchedSkylakeClient.td, whose latencies and ports were measured for it. *Fog*: Agner Fog, Instruction
 * Tables and Microarchitecture, the chapters on Skylake. *Intel*: Optimization Reference Manual, on Skylake. Port 0 and 6 are `shift` and `select`, port 1 is
 * `multiply`, port 0 and 1 are `fpAdd`, port 5 is `fpShuffle`, port 0 alone `fpDivide`. *Derived*: argued from these, or from what a Zen 3 does where nobody published a figure.
 */
import type { Profile } from '../profile.ts';

const LLVM = 'LLVM', FOG = 'Fog', INTEL = 'Intel', DERIVED = 'derived';

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
    general: { operations: '', latency: 1, uses: 'alu', source: `${LLVM}: WriteALU, port 0156` },
    vector: { operations: '', latency: 1, uses: 'fp', source: `${LLVM}: WriteVecLogicX, port 015` },
    x87: { operations: '', latency: 3, uses: 'fp fpShuffle', source: `${LLVM}: ADD_FPrST0 3, port 5` },
  },
  rows: [
    { operations: 'nop endbr64 endbr32 prefetch* fnop', latency: 0, uses: '', source: `${LLVM}: WriteNop, no port` },
    { operations: 'mov movaps movups movapd movupd movdqa movdqu lddqu movnt* vzeroupper', latency: 0, uses: '', source: `${FOG}: moves between registers are eliminated; VZEROUPPER is four micro-operations without a port` },
    { operations: 'xchg', latency: 2, uses: 'alu*3 slot*3', source: `${LLVM}: WriteXCHG 2, three micro-operations` },
    { operations: 'lea', latency: 1, uses: 'alu', source: `${LLVM}: WriteLEA, port 15` },
    { operations: 'lea3', latency: 3, uses: 'alu multiply', source: `${FOG}: base, index and displacement 3, port 1` },
    { operations: 'adc sbb', latency: 1, uses: 'alu shift', source: `${LLVM}: WriteADC 1, port 06` },
    { operations: 'rcl rcr', latency: 2, uses: 'alu*3 shift slot*3', source: `${LLVM}: RCL64r1 2, three micro-operations` },
    { operations: 'shl shr sar rol ror shlx shrx sarx rorx bt bts btr btc', latency: 1, uses: 'alu shift', source: `${LLVM}: WriteShift, WriteBitTest 1, port 06; by CL three micro-operations, which is not modelled` },
    { operations: 'shld shrd', latency: 3, uses: 'alu multiply', source: `${LLVM}: WriteSHDrri 3, port 1` },
    { operations: 'imul', latency: 3, uses: 'alu multiply', source: `${LLVM}: WriteIMul64Reg 3, port 1` },
    { operations: 'mul mulx', latency: 3, uses: 'alu multiply slot*2', source: `${LLVM}: WriteMULX64 3, ports 1 and 5; the high half 4` },
    { operations: 'div idiv', latency: 26, uses: 'alu*10 divide*6 slot*10', source: `${FOG}: of 32 bits 26, one in 6, ten micro-operations; of 64 bits 35 to 88, which is not modelled` },
    { operations: 'bsf bsr tzcnt lzcnt popcnt', latency: 3, uses: 'alu multiply', source: `${LLVM}: WriteBSF, WriteTZCNT, WritePOPCNT 3, port 1` },
    { operations: 'blsr blsi blsmsk bzhi andn', latency: 1, uses: 'alu', source: `${LLVM}: WriteBLS, WriteBZHI 1, port 15` },
    { operations: 'bextr', latency: 2, uses: 'alu*2 slot*2', source: `${LLVM}: WriteBEXTR 2` },
    { operations: 'bswap', latency: 2, uses: 'alu*2 slot*2', source: `${LLVM}: WriteBSWAP64 2` },
    { operations: 'pext pdep crc32', latency: 3, uses: 'alu multiply', source: `${LLVM}: PDEP64rr, WriteCRC32 3, port 1` },
    { operations: 'cmovcc setcc lahf sahf', latency: 1, uses: 'alu select', source: `${LLVM}: WriteCMOV, WriteSETCC 1, port 06` },
    { operations: 'cmova', latency: 2, uses: 'alu*2 select*2 slot*2', source: `${LLVM}: CMOVA and CMOVBE 2, two micro-operations` },
    { operations: 'jcc', latency: 1, uses: 'branch', source: `${LLVM}: WriteJump 1, port 06` },
    { operations: 'jmp', latency: 0, uses: 'branch', source: `${LLVM}: WriteJump, port 06` },
    { operations: 'call', latency: 0, uses: 'branch alu slot*3', source: `${LLVM}: CALL64pcrel32, a branch, an addition and a store` },
    { operations: 'ret', latency: 0, uses: 'branch slot*2', source: `${LLVM}: RET64, a load and a branch` },
    { operations: 'loop loope loopne jrcxz jecxz', latency: 1, uses: 'alu*2 branch slot*7', source: `${FOG}: LOOP is seven micro-operations` },
    { operations: 'push', latency: 0, uses: 'store', source: `${LLVM}: PUSH64r, ports 4 and 237` },
    { operations: 'pop', latency: 0, uses: 'load', source: `${LLVM}: POP64r, port 23` },
    { operations: 'leave', latency: 1, uses: 'load alu*2 slot*3', source: `${LLVM}: LEAVE64 three micro-operations, 7 with its load` },
    { operations: 'enter', latency: 0, uses: 'store serial*8', source: `${FOG}: ENTER a,0 8` },
    { operations: 'pushf', latency: 1, uses: 'alu*4 store slot*6', source: `${LLVM}: PUSHF64 six micro-operations` },
    { operations: 'popf', latency: 1, uses: 'load serial*20', source: `${FOG}: POPF 20` },
    { operations: 'cmpxchg', latency: 5, uses: 'alu*5 slot*5', source: `${LLVM}: WriteCMPXCHG 5, five micro-operations` },
    { operations: 'cmpxchg8b', latency: 11, uses: 'alu*11 slot*14', source: `${LLVM}: CMPXCHG8B 16 with its load, 14 micro-operations` },
    { operations: 'cmpxchg16b', latency: 18, uses: 'alu*16 slot*19', source: `${LLVM}: CMPXCHG16B 23 with its load, 19 micro-operations` },
    { operations: 'xadd', latency: 2, uses: 'alu*3 slot*3', source: `${LLVM}: XADD64rm 7 with its load` },
    { operations: 'xlat', latency: 2, uses: 'load alu*2 slot*3', source: `${FOG}: XLAT 7, three micro-operations` },
    { operations: 'mfence', latency: 0, uses: 'serial*33', source: `${FOG}: one in 33` },
    { operations: 'lfence', latency: 0, uses: 'serial*4', source: `${FOG}: one in 4` },
    { operations: 'sfence', latency: 0, uses: 'store serial*5', source: `${FOG}: one in 6` },
    { operations: 'rdtsc', latency: 0, uses: 'serial*25', source: `${FOG}: one in 25` },
    { operations: 'rdtscp', latency: 0, uses: 'serial*32', source: `${FOG}: one in 32` },
    { operations: 'rdpmc', latency: 0, uses: 'serial*34', source: `${DERIVED}: as RDTSCP, which is as many micro-operations` },
    { operations: 'pause', latency: 0, uses: 'serial*140', source: `${INTEL}: as many as 140` },
    { operations: 'rdpid rdfsbase rdgsbase', latency: 0, uses: 'serial*3.75', source: `${DERIVED}: as a Zen 3's` },
    { operations: 'wrfsbase wrgsbase', latency: 0, uses: 'serial*43.5', source: `${DERIVED}: as a Zen 3's` },
    { operations: 'xgetbv', latency: 0, uses: 'serial*9', source: `${FOG}: one in 9` },
    { operations: 'cpuid', latency: 0, uses: 'serial*100', source: `${FOG}: 100 to 250` },
    { operations: 'cld', latency: 0, uses: 'serial*3', source: `${LLVM}: CLD 3` },
    { operations: 'std', latency: 0, uses: 'serial*6', source: `${LLVM}: STD 6` },
    { operations: 'clflush clflushopt', latency: 0, uses: 'serial*775', source: `${DERIVED}: as a Zen 3's: memory is as far` },
    { operations: 'fxsave fxsave64 fxrstor fxrstor64', latency: 0, uses: 'serial*63', source: `${LLVM}: FXRSTOR64 63` },
    { operations: 'xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64', latency: 0, uses: 'serial*42', source: `${LLVM}: XSAVE 42, XSAVEOPT 46` },
    { operations: 'xrstor xrstor64', latency: 0, uses: 'serial*37', source: `${LLVM}: XRSTOR64 37` },
    { operations: 'movs', latency: 0, uses: 'alu*3 slot*5', source: `${FOG}: MOVS five micro-operations; repeated, see strings` },
    { operations: 'stos lods', latency: 0, uses: 'alu slot*3', source: `${LLVM}: STOSQ three micro-operations` },
    { operations: 'scas cmps', latency: 0, uses: 'alu*2 slot*4', source: `${LLVM}: SCASQ three micro-operations; CMPS five (Fog)` },
    // Vectors and floats.
    { operations: 'addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd minps minpd minss minsd maxps maxpd maxss maxsd', latency: 4, uses: 'fp fpAdd', source: `${LLVM}: WriteFAdd, WriteFCmp 4, port 01` },
    { operations: 'mulps mulpd mulss mulsd vfm* vfnm*', latency: 4, uses: 'fp fpAdd', source: `${LLVM}: WriteFMul, WriteFMA 4, port 01` },
    { operations: 'divss divps', latency: 11, uses: 'fp fpDivide*3', source: `${LLVM}: WriteFDiv 11, one in 3` },
    { operations: 'divsd divpd', latency: 14, uses: 'fp fpDivide*4', source: `${LLVM}: WriteFDiv64 14, one in 4` },
    { operations: 'sqrtss sqrtps', latency: 12, uses: 'fp fpDivide*3', source: `${LLVM}: WriteFSqrt 12, one in 3` },
    { operations: 'sqrtsd sqrtpd', latency: 18, uses: 'fp fpDivide*6', source: `${LLVM}: WriteFSqrt64 18, one in 6` },
    { operations: 'rcpss rcpps rsqrtss rsqrtps', latency: 4, uses: 'fp fpDivide', source: `${LLVM}: WriteFRcp 4, port 0` },
    { operations: 'comiss comisd ucomiss ucomisd', latency: 2, uses: 'fp fpDivide', source: `${LLVM}: WriteFComX 2, port 0` },
    { operations: 'pmulld', latency: 10, uses: 'fp*2 fpAdd*2 slot*2', source: `${LLVM}: WritePMULLD 10, twice port 01` },
    { operations: 'pmul* pmadd*', latency: 5, uses: 'fp fpAdd', source: `${LLVM}: WriteVecIMulX 5, port 01` },
    { operations: 'psadbw', latency: 3, uses: 'fp fpShuffle', source: `${LLVM}: WritePSADBWX 3, port 5` },
    { operations: 'mpsadbw', latency: 4, uses: 'fp*2 fpShuffle*2 slot*2', source: `${LLVM}: WriteMPSAD 4, twice port 5` },
    { operations: 'phmin*', latency: 4, uses: 'fp fpAdd', source: `${LLVM}: WritePHMINPOS 4, port 01` },
    { operations: 'psll* psrl* psra*', latency: 1, uses: 'fp fpAdd', source: `${LLVM}: WriteVecShiftImmX 1, port 01` },
    { operations: 'pslldq psrldq', latency: 1, uses: 'fp fpShuffle', source: `${LLVM}: WriteShuffleX 1, port 5` },
    { operations: 'pins* insertps', latency: 2, uses: 'fp*2 fpShuffle*2 slot*2', source: `${LLVM}: WriteVecInsert 2, twice port 5` },
    { operations: 'blendv* pblendv*', latency: 2, uses: 'fp*2 slot*2', source: `${LLVM}: WriteVarBlend 2, twice port 015` },
    { operations: 'pshuf* punpck* unpck* shufp* pack* palignr pblendw movshdup movsldup movddup', latency: 1, uses: 'fp fpShuffle', source: `${LLVM}: WriteShuffleX, WriteBlend 1, port 5` },
    { operations: 'movss movsd movhps movlps movhpd movlpd movhlps movlhps', latency: 1, uses: 'fp fpShuffle', source: `${FOG}: merges of lanes 1, port 5` },
    { operations: 'movd movq', latency: 2, uses: 'fp', source: `${FOG}: either way 2` },
    { operations: 'pmovmskb movmskp*', latency: 2, uses: 'fp fpDivide', source: `${LLVM}: WriteVecMOVMSK 2, port 0` },
    { operations: 'pextr* extractps ptest testp*', latency: 3, uses: 'fp*2 fpShuffle slot*2', source: `${LLVM}: WriteVecExtract, WriteVecTest 3, ports 0 and 5` },
    { operations: 'cvtsi2sd cvtsi2ss', latency: 5, uses: 'fp*2 fpShuffle slot*2', source: `${LLVM}: CVTSI642SDrr 5, two micro-operations` },
    { operations: 'cvttsd2si cvttss2si cvtsd2si cvtss2si', latency: 6, uses: 'fp*2 fpAdd slot*2', source: `${LLVM}: CVTTSD2SI64rr 6, two micro-operations` },
    { operations: 'cvtdq2ps cvtps2dq cvttps2dq', latency: 4, uses: 'fp fpAdd', source: `${LLVM}: CVTDQ2PSrr 4, port 01` },
    { operations: 'cvt*', latency: 5, uses: 'fp*2 fpShuffle slot*2', source: `${LLVM}: CVTSS2SDrr, CVTPD2DQrr 5, two micro-operations` },
    { operations: 'round*', latency: 8, uses: 'fp*2 fpAdd*2 slot*2', source: `${LLVM}: WriteFRnd 8, twice port 01` },
    { operations: 'perm* insertf128 inserti128 extractf128 extracti128 pbroadcast*', latency: 3, uses: 'fp fpShuffle', source: `${LLVM}: WriteShuffle256 3, port 5` },
    { operations: 'pcmpgtq', latency: 3, uses: 'fp fpShuffle', source: `${LLVM}: PCMPGTQrr 3, port 5` },
    { operations: 'aesimc', latency: 8, uses: 'fp*2 fpDivide*2 slot*2', source: `${LLVM}: WriteAESIMC 8, twice port 0` },
    { operations: 'aeskeygenassist', latency: 20, uses: 'fp*11 fpShuffle*6 slot*11', source: `${LLVM}: WriteAESKeyGen 20, eleven micro-operations` },
    { operations: 'aes*', latency: 4, uses: 'fp fpDivide', source: `${LLVM}: WriteAESDecEnc 4, port 0` },
    { operations: 'pclmul*', latency: 6, uses: 'fp fpShuffle', source: `${LLVM}: WriteCLMul 6, port 5` },
    { operations: 'pcmpistri pcmpistrm', latency: 10, uses: 'fp*3 fpDivide*3 slot*3', source: `${LLVM}: WritePCmpIStrI 10, thrice port 0` },
    { operations: 'pcmpestri pcmpestrm', latency: 18, uses: 'fp*8 fpDivide*4 slot*8', source: `${LLVM}: WritePCmpEStrI 18, eight micro-operations` },
    { operations: 'haddps haddpd hsubps hsubpd', latency: 6, uses: 'fp*3 fpShuffle*2 slot*3', source: `${LLVM}: WriteFHAdd 6, twice port 5` },
    { operations: 'phadd* phsub*', latency: 3, uses: 'fp*3 fpShuffle*2 slot*3', source: `${LLVM}: WritePHAddX 3, twice port 5` },
    { operations: 'dpps', latency: 13, uses: 'fp*4 fpAdd*3 slot*4', source: `${LLVM}: WriteDPPS 13, four micro-operations` },
    { operations: 'dppd', latency: 9, uses: 'fp*3 fpAdd*2 slot*3', source: `${LLVM}: WriteDPPD 9, three micro-operations` },
    // x87.
    { operations: 'fld fild fld1 fldz fldpi', latency: 3, uses: 'fp', source: `${FOG}: FLD of 64 bits 3` },
    { operations: 'fst fstp fist fistp fisttp fxch ffree fchs fabs fnst* fld*', latency: 0, uses: 'fp', source: `${DERIVED}: as FLD` },
    { operations: 'fninit', latency: 0, uses: 'serial*75', source: `${LLVM}: FNINIT 75` },
    { operations: 'fadd* fsub*', latency: 3, uses: 'fp fpShuffle', source: `${LLVM}: ADD_FPrST0 3, port 5` },
    { operations: 'fmul*', latency: 4, uses: 'fp fpDivide', source: `${LLVM}: MUL_FPrST0 4, port 0` },
    { operations: 'fdiv*', latency: 15, uses: 'fp fpDivide*4', source: `${LLVM}: DIVR_FPrST0 15; one in 4 to 5 (Fog)` },
    { operations: 'fsqrt', latency: 21, uses: 'fp fpDivide*7', source: `${LLVM}: WriteFSqrt80 21, one in 7` },
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
