/**
 * A processor of which nothing is known: what compilers assume. LLVM schedules so for an x86-64 that nobody named (X86SchedSandyBridge.td is the model of its `x86-64`):
 * four micro-operations a cycle, three ports that compute. *Fog*: Agner Fog, Instruction Tables, Sandy Bridge. *Derived*: argued.
 */
import type { Profile } from '../profile.ts';

const LLVM = 'LLVM', FOG = 'Fog', DERIVED = 'derived';

export const GENERIC: Profile = {
  name: 'generic',
  capacities: {
    slot: 4, // LLVM: IssueWidth
    alu: 3, shift: 2, select: 2, multiply: 1, divide: 1, branch: 1, // LLVM: ports 015, 05, 05, 1, 0, 5
    load: 2, vectorLoad: 2, store: 1, vectorStore: 1, // LLVM: ports 23; 4
    fp: 3, fpAdd: 1, fpMultiply: 1, fpShuffle: 1, fpDivide: 1, // LLVM: ports 015, 1, 0, 5, 0
    serial: 1,
  },
  otherwise: {
    general: { operations: '', latency: 1, uses: 'alu', source: `${LLVM}: WriteALU 1, port 015` },
    vector: { operations: '', latency: 1, uses: 'fp*1.5', source: `${LLVM}: WriteVecALUX 1, port 15` },
    x87: { operations: '', latency: 3, uses: 'fp fpAdd', source: `${LLVM}: WriteFAdd 3, port 1` },
  },
  rows: [
    { operations: 'nop endbr64 endbr32 prefetch* fnop vzeroupper', latency: 0, uses: '', source: `${LLVM}: WriteNop` },
    { operations: 'mov movaps movups movapd movupd movdqa movdqu lddqu movnt*', latency: 0, uses: '', source: `${DERIVED}: moves are renamed, as processors have done since` },
    { operations: 'xchg', latency: 2, uses: 'alu*3 slot*3', source: `${LLVM}: WriteXCHG 2` },
    { operations: 'lea', latency: 1, uses: 'alu', source: `${LLVM}: WriteLEA 1` },
    { operations: 'lea3', latency: 3, uses: 'alu multiply', source: `${FOG}: 3, port 1` },
    { operations: 'adc sbb', latency: 2, uses: 'alu*2 shift slot*2', source: `${LLVM}: WriteADC 2, two micro-operations` },
    { operations: 'rcl rcr', latency: 2, uses: 'alu*3 shift slot*3', source: `${FOG}: by one 2` },
    { operations: 'shl shr sar shlx shrx sarx rol ror rorx bt bts btr btc', latency: 1, uses: 'alu shift', source: `${LLVM}: WriteShift 1, port 05` },
    { operations: 'shld shrd', latency: 2, uses: 'alu*2 shift slot*2', source: `${LLVM}: WriteSHDrri 2` },
    { operations: 'imul', latency: 3, uses: 'alu multiply', source: `${LLVM}: WriteIMul64Reg 3, port 1` },
    { operations: 'mul mulx', latency: 3, uses: 'alu multiply slot*2', source: `${LLVM}: WriteMULX64 3, the high half 4` },
    { operations: 'div idiv', latency: 25, uses: 'alu divide*10 slot*10', source: `${LLVM}: WriteDiv64 25, one in 10` },
    { operations: 'bsf bsr tzcnt lzcnt popcnt crc32 pext pdep', latency: 3, uses: 'alu multiply', source: `${LLVM}: WriteBSF, WritePOPCNT, WriteCRC32 3, port 1` },
    { operations: 'bextr bswap', latency: 2, uses: 'alu*2 slot*2', source: `${LLVM}: WriteBEXTR, WriteBSWAP64 2` },
    { operations: 'cmovcc', latency: 2, uses: 'alu*2 select slot*2', source: `${LLVM}: WriteCMOV 2, two micro-operations` },
    { operations: 'cmova', latency: 3, uses: 'alu*3 select slot*3', source: `${FOG}: CMOVA and CMOVBE three micro-operations` },
    { operations: 'setcc lahf sahf', latency: 1, uses: 'alu select', source: `${LLVM}: WriteSETCC 1, port 05` },
    { operations: 'jcc', latency: 1, uses: 'branch', source: `${LLVM}: WriteJump 1, port 5` },
    { operations: 'jmp ret', latency: 0, uses: 'branch', source: `${LLVM}: WriteJump, port 5` },
    { operations: 'call', latency: 0, uses: 'branch slot*3', source: `${FOG}: three micro-operations` },
    { operations: 'loop loope loopne jrcxz jecxz', latency: 1, uses: 'alu branch slot*7', source: `${FOG}: LOOP is seven micro-operations` },
    { operations: 'push', latency: 0, uses: 'store', source: `${LLVM}: WriteStore` },
    { operations: 'pop', latency: 0, uses: 'load', source: `${LLVM}: WriteLoad` },
    { operations: 'leave', latency: 1, uses: 'load alu slot*3', source: `${FOG}: three micro-operations` },
    { operations: 'enter', latency: 0, uses: 'store serial*8', source: `${FOG}: ENTER a,0 8` },
    { operations: 'pushf', latency: 1, uses: 'store slot*3', source: `${FOG}: three micro-operations` },
    { operations: 'popf', latency: 1, uses: 'load serial*18', source: `${FOG}: 18` },
    { operations: 'cmpxchg cmpxchg8b cmpxchg16b', latency: 5, uses: 'alu*4 slot*4', source: `${LLVM}: WriteCMPXCHG 5, four micro-operations` },
    { operations: 'xadd', latency: 2, uses: 'alu*3 slot*3', source: `${FOG}: 2, three micro-operations` },
    { operations: 'mfence', latency: 0, uses: 'serial*33', source: `${FOG}: one in 33` },
    { operations: 'lfence', latency: 0, uses: 'serial*4', source: `${FOG}: one in 4` },
    { operations: 'sfence', latency: 0, uses: 'store serial*5', source: `${FOG}: one in 6` },
    { operations: 'rdtsc', latency: 0, uses: 'serial*28', source: `${FOG}: one in 28` },
    { operations: 'rdtscp rdpmc', latency: 0, uses: 'serial*36', source: `${FOG}: one in 36` },
    { operations: 'pause', latency: 0, uses: 'serial*11', source: `${FOG}: one in 11` },
    { operations: 'rdpid rdfsbase rdgsbase wrfsbase wrgsbase xgetbv', latency: 0, uses: 'serial*10', source: `${DERIVED}: microcode` },
    { operations: 'cpuid', latency: 0, uses: 'serial*100', source: `${FOG}: 100 to 250` },
    { operations: 'cld std', latency: 0, uses: 'serial*4', source: `${FOG}: 4` },
    { operations: 'clflush clflushopt', latency: 0, uses: 'serial*300', source: `${DERIVED}: to memory and back` },
    { operations: 'fxsave fxsave64 fxrstor fxrstor64 xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64 xrstor xrstor64', latency: 0, uses: 'serial*100', source: `${FOG}: FXSAVE, FXRSTOR, XSAVE and XRSTOR some 100 each` },
    { operations: 'movs stos lods scas cmps', latency: 0, uses: 'alu*2 slot*5', source: `${FOG}: three to five micro-operations` },
    // Vectors and floats.
    { operations: 'addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd minps minpd minss minsd maxps maxpd maxss maxsd round*', latency: 3, uses: 'fp fpAdd', source: `${LLVM}: WriteFAdd, WriteFCmp, WriteFRnd 3, port 1` },
    { operations: 'comiss comisd ucomiss ucomisd', latency: 3, uses: 'fp fpAdd', source: `${LLVM}: WriteFComX 3, port 1` },
    { operations: 'mulps mulpd mulss mulsd vfm* vfnm*', latency: 5, uses: 'fp fpMultiply', source: `${LLVM}: WriteFMul 5, port 0; fused ones as these` },
    { operations: 'divss divps', latency: 14, uses: 'fp fpDivide*14', source: `${LLVM}: WriteFDiv 14, one in 14` },
    { operations: 'divsd divpd', latency: 22, uses: 'fp fpDivide*22', source: `${LLVM}: WriteFDiv64 22, one in 22` },
    { operations: 'sqrtss sqrtps', latency: 14, uses: 'fp fpDivide*14', source: `${LLVM}: WriteFSqrt 14, one in 14` },
    { operations: 'sqrtsd sqrtpd', latency: 21, uses: 'fp fpDivide*21', source: `${LLVM}: WriteFSqrt64 21, one in 21` },
    { operations: 'rcpss rcpps rsqrtss rsqrtps', latency: 5, uses: 'fp fpMultiply', source: `${LLVM}: WriteFRcp 5, port 0` },
    { operations: 'pmul* pmadd* psadbw phmin* mpsadbw', latency: 5, uses: 'fp fpMultiply', source: `${FOG}: products of integers 5, port 0` },
    { operations: 'pshuf* punpck* unpck* shufp* pack* palignr psll* psrl* psra* pins* insertps movshdup movsldup movddup', latency: 1, uses: 'fp fpShuffle', source: `${LLVM}: WriteFShuffle 1, port 5` },
    { operations: 'blend* pblend*', latency: 1, uses: 'fp*1.5', source: `${LLVM}: WriteFBlend 1, port 05` },
    { operations: 'movss movsd movhps movlps movhpd movlpd movhlps movlhps', latency: 1, uses: 'fp fpShuffle', source: `${LLVM}: WriteFShuffle 1, port 5` },
    { operations: 'movd movq pextr* pmovmskb movmskp* extractps', latency: 2, uses: 'fp', source: `${FOG}: 1 to 3` },
    { operations: 'cvt*', latency: 4, uses: 'fp fpAdd slot*2', source: `${FOG}: 3 to 5, mostly two micro-operations` },
    { operations: 'perm*', latency: 2, uses: 'fp fpShuffle', source: `${FOG}: VPERM2F128 2, port 5` },
    { operations: 'aes*', latency: 7, uses: 'fp*2 fpShuffle slot*2', source: `${FOG}: 8, two micro-operations; 7 later` },
    { operations: 'pclmul*', latency: 14, uses: 'fp*8 slot*18', source: `${FOG}: 14, 18 micro-operations` },
    { operations: 'haddps haddpd hsubps hsubpd phadd* phsub*', latency: 5, uses: 'fp*3 fpShuffle*2 slot*3', source: `${FOG}: 5, three micro-operations` },
    { operations: 'dpps dppd', latency: 12, uses: 'fp*4 fpAdd*2 slot*4', source: `${LLVM}: WriteDPPS 12, four micro-operations` },
    // x87.
    { operations: 'fld fild fld1 fldz fldpi', latency: 3, uses: 'fp', source: `${FOG}: FLD of 64 bits 3` },
    { operations: 'fst fstp fist fistp fisttp fxch ffree fchs fabs fninit fnst* fld*', latency: 0, uses: 'fp', source: `${DERIVED}: as FLD` },
    { operations: 'fmul*', latency: 5, uses: 'fp fpMultiply', source: `${LLVM}: WriteFMul 5` },
    { operations: 'fdiv* fsqrt', latency: 24, uses: 'fp fpDivide*24', source: `${LLVM}: WriteFSqrt80 24` },
  ],
  taken: { jump: 1, call: 2, return: 2 }, // Fog: one in 2, which later processors halved
  refill: { conditional: 15, indirect: 15, return: 15 }, // LLVM: MispredictPenalty 16, the branch's own cycle with it
  override: 0, redirected: 0,
  branchTargets: { first: { bytes: 16, sets: 1024, ways: 4 }, second: { bytes: 16, sets: 1, ways: 1 }, fromSecond: 0, missed: 8 }, // as Skylake
  load: { general: 5, vector: 6, scaled: 0, forwarded: 5, forwardedVector: 6, renamed: 5, blocked: 13, second: 0 }, // LLVM: 5, 6; Fog: forwarded 5, where that fails some 12 more
  locked: 20, // Fog: LOCK ADD 20
  window: 30, // Intel: a scheduler of 60, half of it as for Zen 3
  behind: 42, // LLVM: MicroOpBufferSize 168, four a cycle
  strings: {
    // Fog: REP MOVS 1/16 of a cycle a byte at best, some 35 to begin with; REPNE SCAS 2 each.
    move: { short: 35, perElement: 0, shortMax: 64, long: 35, perByte: 0.0625 },
    store: { short: 35, perElement: 0, shortMax: 64, long: 35, perByte: 0.0625 },
    compare: 2,
  },
  memories: {
    // Intel, Sandy Bridge: L1 32 KiB in 8 ways, 4 cycles; L2 256 KiB in 8, 12; L3 8 MiB in 16, 26 to 31. Memory: 30 and some 53 ns at 3.4 GHz (7-cpu.com, Ivy Bridge); streams: derived.
    code: { sets: 64, ways: 8 }, data: { sets: 64, ways: 8 },
    second: { sets: 512, ways: 8, cycles: 8, foreseen: 1 }, third: { sets: 8192, ways: 16, cycles: 26, foreseen: 3 }, memory: { cycles: 206, foreseen: 12 },
    // Intel: ITLB 128 in 4 ways, DTLB 64 in 4, second 512 in 4, which code and data share (here each has it alone), 7 cycles.
    codePages: { sets: 32, ways: 4 }, dataPages: { sets: 16, ways: 4 }, secondCodePages: { sets: 128, ways: 4 }, secondDataPages: { sets: 128, ways: 4 }, secondPages: 7,
    ahead: 20, // derived
    window: 168, // Intel: the reorder buffer
    codeWritten: 150, // Fog: self-modifying code, 150 to 300
  },
  fuses: 'cmp test add sub inc dec and', // Fog
};
