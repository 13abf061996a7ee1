/**
 * A processor of which nothing is known: what compilers assume. LLVM schedules so for an x86-64 that nobody named (X86SchedSandyBridge.td is the model of its `x86-64`):
 * four micro-operations a cycle, three ports that compute. *Fog*: Agner Fog, Instruction Tables, Sandy Bridge. *Derived*: argued.
 */
import type { Profile } from '../profile.ts';
import { sourced } from './sourced.ts';

const llvm = sourced('LLVM'), fog = sourced('Fog'), derived = sourced('derived');

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
    general: llvm('', 1, 'alu', 'WriteALU 1, port 015'),
    vector: llvm('', 1, 'fp*1.5', 'WriteVecALUX 1, port 15'),
    x87: llvm('', 3, 'fp fpAdd', 'WriteFAdd 3, port 1'),
  },
  rows: [
    llvm('nop endbr64 endbr32 prefetch* fnop vzeroupper', 0, '', 'WriteNop'),
    derived('mov movaps movups movapd movupd movdqa movdqu lddqu movnt*', 0, '', 'moves are renamed, as processors have done since'),
    llvm('xchg', 2, 'alu*3 slot*3', 'WriteXCHG 2'),
    llvm('lea', 1, 'alu', 'WriteLEA 1'),
    fog('lea3', 3, 'alu multiply', '3, port 1'),
    llvm('adc sbb', 2, 'alu*2 shift slot*2', 'WriteADC 2, two micro-operations'),
    fog('rcl rcr', 2, 'alu*3 shift slot*3', 'by one 2'),
    llvm('shl shr sar shlx shrx sarx rol ror rorx bt bts btr btc', 1, 'alu shift', 'WriteShift 1, port 05'),
    llvm('shld shrd', 2, 'alu*2 shift slot*2', 'WriteSHDrri 2'),
    llvm('imul', 3, 'alu multiply', 'WriteIMul64Reg 3, port 1'),
    llvm('mul mulx', 3, 'alu multiply slot*2', 'WriteMULX64 3, the high half 4'),
    llvm('div idiv', 25, 'alu divide*10 slot*10', 'WriteDiv64 25, one in 10'),
    llvm('bsf bsr tzcnt lzcnt popcnt crc32 pext pdep', 3, 'alu multiply', 'WriteBSF, WritePOPCNT, WriteCRC32 3, port 1'),
    llvm('bextr bswap', 2, 'alu*2 slot*2', 'WriteBEXTR, WriteBSWAP64 2'),
    llvm('cmovcc', 2, 'alu*2 select slot*2', 'WriteCMOV 2, two micro-operations'),
    fog('cmova', 3, 'alu*3 select slot*3', 'CMOVA and CMOVBE three micro-operations'),
    llvm('setcc lahf sahf', 1, 'alu select', 'WriteSETCC 1, port 05'),
    llvm('jcc', 1, 'branch', 'WriteJump 1, port 5'),
    llvm('jmp ret', 0, 'branch', 'WriteJump, port 5'),
    fog('call', 0, 'branch slot*3', 'three micro-operations'),
    fog('loop loope loopne jrcxz jecxz', 1, 'alu branch slot*7', 'LOOP is seven micro-operations'),
    llvm('push', 0, 'store', 'WriteStore'),
    llvm('pop', 0, 'load', 'WriteLoad'),
    fog('leave', 1, 'load alu slot*3', 'three micro-operations'),
    fog('enter', 0, 'store serial*8', 'ENTER a,0 8'),
    fog('pushf', 1, 'store slot*3', 'three micro-operations'),
    fog('popf', 1, 'load serial*18', '18'),
    llvm('cmpxchg cmpxchg8b cmpxchg16b', 5, 'alu*4 slot*4', 'WriteCMPXCHG 5, four micro-operations'),
    fog('xadd', 2, 'alu*3 slot*3', '2, three micro-operations'),
    fog('mfence', 0, 'serial*33', 'one in 33'),
    fog('lfence', 0, 'serial*4', 'one in 4'),
    fog('sfence', 0, 'store serial*5', 'one in 6'),
    fog('rdtsc', 0, 'serial*28', 'one in 28'),
    fog('rdtscp rdpmc', 0, 'serial*36', 'one in 36'),
    fog('pause', 0, 'serial*11', 'one in 11'),
    derived('rdpid rdfsbase rdgsbase wrfsbase wrgsbase xgetbv', 0, 'serial*10', 'microcode'),
    fog('cpuid', 0, 'serial*100', '100 to 250'),
    fog('cld std', 0, 'serial*4', '4'),
    derived('clflush clflushopt', 0, 'serial*300', 'to memory and back'),
    fog('fxsave fxsave64 fxrstor fxrstor64 xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64 xrstor xrstor64', 0, 'serial*100', 'FXSAVE, FXRSTOR, XSAVE and XRSTOR some 100 each'),
    fog('movs stos lods scas cmps', 0, 'alu*2 slot*5', 'three to five micro-operations'),
    // Vectors and floats.
    llvm('addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd minps minpd minss minsd maxps maxpd maxss maxsd round*', 3, 'fp fpAdd', 'WriteFAdd, WriteFCmp, WriteFRnd 3, port 1'),
    llvm('comiss comisd ucomiss ucomisd', 3, 'fp fpAdd', 'WriteFComX 3, port 1'),
    llvm('mulps mulpd mulss mulsd vfm* vfnm*', 5, 'fp fpMultiply', 'WriteFMul 5, port 0; fused ones as these'),
    llvm('divss divps', 14, 'fp fpDivide*14', 'WriteFDiv 14, one in 14'),
    llvm('divsd divpd', 22, 'fp fpDivide*22', 'WriteFDiv64 22, one in 22'),
    llvm('sqrtss sqrtps', 14, 'fp fpDivide*14', 'WriteFSqrt 14, one in 14'),
    llvm('sqrtsd sqrtpd', 21, 'fp fpDivide*21', 'WriteFSqrt64 21, one in 21'),
    llvm('rcpss rcpps rsqrtss rsqrtps', 5, 'fp fpMultiply', 'WriteFRcp 5, port 0'),
    fog('pmul* pmadd* psadbw phmin* mpsadbw', 5, 'fp fpMultiply', 'products of integers 5, port 0'),
    llvm('pshuf* punpck* unpck* shufp* pack* palignr psll* psrl* psra* pins* insertps movshdup movsldup movddup', 1, 'fp fpShuffle', 'WriteFShuffle 1, port 5'),
    llvm('blend* pblend*', 1, 'fp*1.5', 'WriteFBlend 1, port 05'),
    llvm('movss movsd movhps movlps movhpd movlpd movhlps movlhps', 1, 'fp fpShuffle', 'WriteFShuffle 1, port 5'),
    fog('movd movq pextr* pmovmskb movmskp* extractps', 2, 'fp', '1 to 3'),
    fog('cvt*', 4, 'fp fpAdd slot*2', '3 to 5, mostly two micro-operations'),
    fog('perm*', 2, 'fp fpShuffle', 'VPERM2F128 2, port 5'),
    fog('aes*', 7, 'fp*2 fpShuffle slot*2', '8, two micro-operations; 7 later'),
    fog('pclmul*', 14, 'fp*8 slot*18', '14, 18 micro-operations'),
    fog('haddps haddpd hsubps hsubpd phadd* phsub*', 5, 'fp*3 fpShuffle*2 slot*3', '5, three micro-operations'),
    llvm('dpps dppd', 12, 'fp*4 fpAdd*2 slot*4', 'WriteDPPS 12, four micro-operations'),
    // x87.
    fog('fld fild fld1 fldz fldpi', 3, 'fp', 'FLD of 64 bits 3'),
    derived('fst fstp fist fistp fisttp fxch ffree fchs fabs fninit fnst* fld*', 0, 'fp', 'as FLD'),
    llvm('fmul*', 5, 'fp fpMultiply', 'WriteFMul 5'),
    llvm('fdiv* fsqrt', 24, 'fp fpDivide*24', 'WriteFSqrt80 24'),
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
