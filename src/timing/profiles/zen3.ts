/**
 * AMD Zen 3. *Measured*: on an AMD EPYC 7003 ("Milan") guest, in core cycles (bench/reference). *Published*: LLVM's X86ScheduleZnver3.td, which cites
 * AMD's Software Optimization Guide for Family 19h, Agner Fog and AnandTech. Capacities are what was reached, not what the guide promises.
 */
import type { Profile } from '../profile.ts';

const MEASURED = 'measured', PUBLISHED = 'published', DERIVED = 'derived';

export const ZEN3: Profile = {
  name: 'zen3',
  capacities: {
    slot: 5.6, // 6 published; `mov r64, r64` 0.178
    alu: 3.65, // 4 published; `add r64, r64` 0.271 to 0.298
    shift: 1.92, select: 1.85, multiply: 0.97, divide: 1, branch: 1.87, // `shl` 0.52, `cmovne` 0.54, `imul` 1.02, `jz` not taken 0.54
    load: 2.5, vectorLoad: 1.9, // 3 published; `add r64, [m]` 0.39, `movaps x, [m]` 0.52
    store: 1.3, vectorStore: 1, // 2 published, if into one line; `mov [m], r64` 0.76, `movaps [m], x` 1.00
    fp: 3.65, fpAdd: 2.02, fpMultiply: 2.02, fpShuffle: 2.02, fpDivide: 1,
    serial: 1,
  },
  otherwise: {
    general: { operations: '', latency: 1, uses: 'alu', source: `${MEASURED}: add, and, or, xor 0.99` },
    vector: { operations: '', latency: 1, uses: 'fp', source: `${MEASURED}: pand, paddd, pcmpeqd 0.98; four pipes` },
    x87: { operations: '', latency: 7, uses: 'fp', source: `${MEASURED}: fadd st 6.9` },
  },
  rows: [
    { operations: 'nop endbr64 endbr32 prefetch* fnop', latency: 0, uses: '', source: `${MEASURED}: endbr64 0.184, dispatched and never executed` },
    { operations: 'mov movaps movups movapd movupd movdqa movdqu lddqu movnt* vzeroupper xchg', latency: 0, uses: '', source: `${MEASURED}: between registers 0.18 to 0.20 in chains, renamed` },
    { operations: 'lea', latency: 1, uses: 'alu', source: `${MEASURED}: 0.99 with every form of address` },
    { operations: 'lea3', latency: 1, uses: 'alu shift', source: `${MEASURED}: base, index and displacement 0.99, throughput 0.54` },
    { operations: 'adc sbb rcl rcr', latency: 1, uses: 'alu', source: `${MEASURED}: 0.99` },
    { operations: 'shl shr sar rol ror shlx shrx sarx rorx', latency: 1, uses: 'alu shift', source: `${MEASURED}: 0.99, throughput 0.52` },
    { operations: 'shld shrd', latency: 2.05, uses: 'alu*2 shift*2 slot*4', source: `${MEASURED}: 2.04 to 2.18; published, 4 micro-operations` },
    { operations: 'imul', latency: 2.97, uses: 'alu multiply', source: `${MEASURED}: 2.97, throughput 1.02` },
    { operations: 'mul mulx', latency: 2.97, uses: 'alu multiply slot*2', source: `${MEASURED}: low half 2.97, high half 3.96 (mulx), throughput 1.03` },
    { operations: 'div idiv', latency: 9.4, uses: 'alu divide*6 slot*2', source: `${MEASURED}: 9.0 and one more for 9 bits of quotient, up to 15; the remainder one later; one in 6.0` },
    { operations: 'bsf', latency: 3.2, uses: 'alu shift*2 slot*4', source: `${MEASURED}: 3.15 to 3.41` },
    { operations: 'bsr', latency: 4.3, uses: 'alu shift*2 slot*6', source: `${MEASURED}: 4.20 to 4.60` },
    { operations: 'tzcnt blsr blsi blsmsk', latency: 1.99, uses: 'alu*2 slot*2', source: `${MEASURED}: 1.99` },
    { operations: 'pext pdep', latency: 2.97, uses: 'alu multiply', source: `${MEASURED}: 2.97` },
    { operations: 'crc32', latency: 2.96, uses: 'alu multiply', source: `${MEASURED}: 2.96` },
    { operations: 'cmovcc setcc', latency: 1, uses: 'alu select', source: `${MEASURED}: 1.00, throughput 0.54` },
    { operations: 'jcc', latency: 1, uses: 'branch', source: `${MEASURED}: not taken 0.54` },
    { operations: 'jmp call ret', latency: 0, uses: 'branch', source: `${DERIVED}: what they cost is where they go` },
    { operations: 'loop loope loopne jrcxz jecxz', latency: 1, uses: 'alu branch', source: `${PUBLISHED}: one operation` },
    { operations: 'cmova', latency: 2, uses: 'alu*2 select', source: `${DERIVED}: CMOVA and CMOVBE need two flags; Adler-32, two of them in a chain, 4.0 a round` },
    { operations: 'push', latency: 0, uses: 'store', source: `${MEASURED}: 0.75` },
    { operations: 'pop', latency: 0, uses: 'load store*0.33', source: `${MEASURED}: push and pop 1.01 a pair` },
    { operations: 'leave', latency: 0, uses: 'load slot*2', source: `${PUBLISHED}: two operations` },
    { operations: 'enter', latency: 0, uses: 'store serial*19', source: `${MEASURED}: enter and leave 19.7 to 20.4` },
    { operations: 'pushf', latency: 1, uses: 'store serial*3', source: `${MEASURED}: pushfq and popfq 22.1 to 23.3` },
    { operations: 'popf', latency: 1, uses: 'load serial*18', source: `${MEASURED}: pushfq and popfq 22.1 to 23.3` },
    { operations: 'cmpxchg cmpxchg8b cmpxchg16b', latency: 4, uses: 'alu slot*5 serial*2.9', source: `${MEASURED}: cmpxchg [m] chain 9.0` },
    { operations: 'xadd', latency: 1, uses: 'alu slot*2', source: `${MEASURED}: lock xadd 8.04, as lock add` },
    { operations: 'xlat', latency: 0, uses: 'load slot*2 serial*0.5', source: `${MEASURED}: chain 6.0` },
    { operations: 'mfence', latency: 0, uses: 'serial*60.8', source: `${MEASURED}: 60.8 to 61.6` },
    { operations: 'lfence', latency: 0, uses: 'serial*10', source: `${MEASURED}: 10.2 to 10.4` },
    { operations: 'sfence', latency: 0, uses: 'store serial*0.3', source: `${MEASURED}: 1.13` },
    { operations: 'rdtsc', latency: 0, uses: 'serial*36.2', source: `${MEASURED}: 36.3 to 36.5` },
    { operations: 'rdpmc', latency: 0, uses: 'serial*36.2', source: `${DERIVED}: as RDTSC` },
    { operations: 'rdtscp', latency: 0, uses: 'serial*69.7', source: `${MEASURED}: 69.7 to 70.5` },
    { operations: 'pause', latency: 0, uses: 'serial*83.3', source: `${MEASURED}: 83.2 to 84.2` },
    { operations: 'rdpid', latency: 0, uses: 'serial*1.8', source: `${MEASURED}: 2.02` },
    { operations: 'rdfsbase rdgsbase', latency: 0, uses: 'serial*3.75', source: `${MEASURED}: 3.97` },
    { operations: 'wrfsbase wrgsbase', latency: 0, uses: 'serial*43.5', source: `${MEASURED}: 43.6 to 44.4` },
    { operations: 'xgetbv', latency: 0, uses: 'serial*47.5', source: `${MEASURED}: 47.7` },
    { operations: 'cpuid', latency: 0, uses: 'serial*100', source: `${PUBLISHED}: about 100 on bare metal; a guest traps, which is not modelled` },
    { operations: 'cld', latency: 0, uses: 'serial*2.95', source: `${MEASURED}: 3.11 to 3.26` },
    { operations: 'std', latency: 0, uses: 'serial*116', source: `${MEASURED}: std and cld 119 to 121` },
    { operations: 'clflush clflushopt', latency: 0, uses: 'serial*775', source: `${MEASURED}: clflush and the load that misses 775 to 800` },
    { operations: 'fxsave fxsave64', latency: 0, uses: 'serial*130', source: `${MEASURED}: fxsave and fxrstor 294 to 300, halved by what is written` },
    { operations: 'fxrstor fxrstor64', latency: 0, uses: 'serial*162', source: `${MEASURED}: as fxsave` },
    { operations: 'xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64', latency: 0, uses: 'serial*250', source: `${MEASURED}: xsave and xrstor 527 to 544` },
    { operations: 'xrstor xrstor64', latency: 0, uses: 'serial*275', source: `${MEASURED}: as xsave` },
    { operations: 'movs', latency: 0, uses: 'serial*3', source: `${MEASURED}: movsb 3.1 to 4.4; repeated, see strings` },
    { operations: 'stos lods', latency: 0, uses: 'serial*2', source: `${DERIVED}: as movs` },
    { operations: 'scas cmps', latency: 0, uses: 'serial*3', source: `${DERIVED}: as movs` },
    // Vectors and floats.
    { operations: 'addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd', latency: 2.97, uses: 'fp fpAdd', source: `${MEASURED}: 2.97, throughput 0.49` },
    { operations: 'mulps mulpd mulss mulsd', latency: 2.95, uses: 'fp fpMultiply', source: `${MEASURED}: 2.95, throughput 0.49` },
    { operations: 'minps minpd minss minsd maxps maxpd maxss maxsd', latency: 0.99, uses: 'fp fpAdd', source: `${MEASURED}: 0.98, throughput 0.49` },
    { operations: 'vfm* vfnm*', latency: 3.93, uses: 'fp fpMultiply', source: `${MEASURED}: 3.93, throughput 0.49` },
    { operations: 'divss', latency: 10.8, uses: 'fp fpDivide*3', source: `${MEASURED}: 10.8, throughput 3.0` },
    { operations: 'divsd', latency: 12.87, uses: 'fp fpDivide*7.4', source: `${MEASURED}: 12.9, throughput 7.3 to 7.5` },
    { operations: 'divpd', latency: 12.87, uses: 'fp fpDivide*5', source: `${MEASURED}: 12.9, throughput 4.5 to 7.5` },
    { operations: 'divps', latency: 15.1, uses: 'fp fpDivide*5.5', source: `${MEASURED}: 15.1, throughput 5.5` },
    { operations: 'sqrtss', latency: 14.7, uses: 'fp fpDivide*4.9', source: `${MEASURED}: 14.7, throughput 4.9` },
    { operations: 'sqrtps', latency: 15, uses: 'fp fpDivide*5', source: `${PUBLISHED}: 15, 5` },
    { operations: 'sqrtsd sqrtpd', latency: 20.6, uses: 'fp fpDivide*8.4', source: `${MEASURED}: 20.6, throughput 8.4` },
    { operations: 'rcpss rcpps rsqrtss rsqrtps', latency: 2.94, uses: 'fp fpMultiply', source: `${MEASURED}: 2.93` },
    { operations: 'comiss comisd ucomiss ucomisd', latency: 1, uses: 'fp fpAdd*2', source: `${MEASURED}: throughput 1.01; latency published as 3, of which flags show 1` },
    { operations: 'pmul* pmadd* psadbw phmin* mpsadbw', latency: 2.95, uses: 'fp fpMultiply', source: `${MEASURED}: 2.93 to 2.97, throughput 0.49` },
    { operations: 'pshuf* punpck* unpck* shufp* pack* palignr psll* psrl* psra* pins* blend* pblend* movshdup movsldup movddup insertps', latency: 0.99, uses: 'fp fpShuffle', source: `${MEASURED}: 0.99, throughput 0.49` },
    { operations: 'movss movsd movhps movlps movhpd movlpd movhlps movlhps', latency: 1, uses: 'fp', source: `${PUBLISHED}: a merge of lanes` },
    { operations: 'movd movq', latency: 2.97, uses: 'fp', source: `${MEASURED}: there and back 5.9` },
    { operations: 'pextr* pmovmskb movmskp* extractps', latency: 2.97, uses: 'fp fpShuffle', source: `${MEASURED}: pmovmskb and movd 5.9` },
    { operations: 'cvtsi2sd cvtsi2ss cvttsd2si cvttss2si cvtsd2si cvtss2si', latency: 6.4, uses: 'fp fpAdd slot*2', source: `${MEASURED}: cvtsi2sd and cvttsd2si 12.8` },
    { operations: 'cvt* round*', latency: 2.96, uses: 'fp fpAdd', source: `${MEASURED}: 2.96` },
    { operations: 'perm2f128 perm2i128', latency: 2.97, uses: 'fp fpShuffle', source: `${MEASURED}: 2.97` },
    { operations: 'permd permps permq permpd', latency: 7.9, uses: 'fp fpShuffle*2 slot*2', source: `${MEASURED}: vpermd 7.9` },
    { operations: 'aes*', latency: 3.95, uses: 'fp fpMultiply', source: `${MEASURED}: 3.95` },
    { operations: 'pclmul*', latency: 3.97, uses: 'fp fpMultiply slot*4', source: `${MEASURED}: 3.97` },
    { operations: 'haddps haddpd hsubps hsubpd phadd* phsub*', latency: 6.35, uses: 'fp*3 fpAdd slot*4', source: `${MEASURED}: haddps 6.29 to 6.43` },
    { operations: 'dpps dppd', latency: 14.75, uses: 'fp*5 fpAdd*2 slot*8', source: `${MEASURED}: dpps 14.7` },
    { operations: 'sha*', latency: 2, uses: 'fp fpMultiply slot*2', source: `${PUBLISHED}: 2` },
    // x87.
    { operations: 'fld fild fld1 fldz fldpi', latency: 7.2, uses: 'fp', source: `${MEASURED}: fld and fstp of 64 bits through memory 13.4` },
    { operations: 'fst fstp fist fistp fisttp fxch ffree fchs fabs fninit fnst* fld*', latency: 0, uses: 'fp', source: `${DERIVED}: as fld` },
    { operations: 'fmul* fadd* fsub*', latency: 6.85, uses: 'fp fpAdd', source: `${MEASURED}: 6.8 to 6.9` },
    { operations: 'fdiv* fsqrt', latency: 14.85, uses: 'fp fpDivide*6', source: `${MEASURED}: 14.8 to 14.9` },
  ],
  // Loop of call and return 4.96, of which the branch around it takes 1: 4 for both; jumps 16 bytes apart 1.00.
  taken: { jump: 1, call: 2, return: 2 },
  // xorshift and a test of its bits: 17.0 a miss, of which the test and the branch behind the chain are 2; indirect 21.7, with 4 behind the chain;
  // a call that is dropped 22.9 for 4.96.
  refill: { conditional: 15, indirect: 16, return: 18 },
  // Random bits with a period of 2,048 to 16,384: 3.0 a round, where 64 take 1.4, and the counter is wrong of half of them: 3.2 each; programs that know their branches by heart, 1.3 to 3.
  override: 2.3,
  redirected: 3.5, // two and four targets in turn that are learned 7.9 to 9.5, one 5.0
  // Jumps in a row: 1.00 up to 1,024 of them, 3.0 to 4.9 up to 5,120, 11.6 to 13 from 6,144 on.
  branchTargets: { first: { bytes: 16, sets: 256, ways: 4 }, second: { bytes: 16, sets: 512, ways: 11 }, fromSecond: 2.7, missed: 11 },
  // Pointer chase 4.03, scaled 5.01; store and load of one address 6.05 to 6.25, of vectors 8.8 to 9.0, by RSP 1.01; two stores of 4 bytes under a load of 8: 19.0; `add rdx, [rax+8]` before `mov rax, [rax]` 4.84 to 4.91.
  load: { general: 4.03, vector: 7, scaled: 1, forwarded: 6.15, forwardedVector: 8.85, renamed: 1, blocked: 17.7, second: 0.85 },
  locked: 7.35, // lock add [m] 7.8 to 8.1, xchg [m] 8.3 to 8.7
  behind: 40, // 256 published
  window: 48, // search of a binary tree, nine instructions a round: 36 cycles for 11 rounds that wait 6 each; four schedulers of 24 published
  strings: {
    // rep movsb of 1 to 64 bytes 23.6 to 28, 128: 41 to 47, 4096: 201 to 214; rep stosb of 1: 21, 16: 43 to 48, 64: 104 to 117, 128: 70 to 75, 4096: 245 to 272.
    move: { short: 23, perElement: 0, shortMax: 64, long: 33, perByte: 0.0415 },
    store: { short: 19.3, perElement: 1.3, shortMax: 64, long: 63, perByte: 0.0437 },
    compare: 3.9, // repne scasb of 16: 64.5
  },
  memories: {
    // Sizes as CPUID reports them, but where fewer were found. Random chains: 4.03 to 24 KiB, 11.7 to 12.1 to 128 KiB, 42 to 56 to 2 MiB, 480 to 700 beyond; the guest has 2 to 4 MiB of L3 for itself.
    code: { sets: 64, ways: 8 }, data: { sets: 64, ways: 8 },
    second: { sets: 1024, ways: 8, cycles: 8, foreseen: 1 }, third: { sets: 4096, ways: 12, cycles: 42, foreseen: 3 }, memory: { cycles: 546, foreseen: 12 },
    // A line a page: 3.97 to 48 pages, 11.4 from 60 on; 19.9 to 1,024, which is L2 and 7; 104 to 120 at 4,096 to 8,192.
    codePages: { sets: 1, ways: 64 }, dataPages: { sets: 1, ways: 56 }, secondCodePages: { sets: 32, ways: 16 }, secondDataPages: { sets: 128, ways: 16 }, secondPages: 7,
    // Jumps in no order, 128 and 192 KiB of them, which the predictor knows: no slower than those in order.
    ahead: 30,
    window: 256, // published
    codeWritten: 305, // a trampoline written before each call: 321 a call
  },
  fuses: 'cmp test add sub inc dec and or xor',
};
