/**
 * AMD Zen 3. *Measured*: on an AMD EPYC 7003 ("Milan") guest, in core cycles (bench/reference). *Published*: LLVM's X86ScheduleZnver3.td, which cites
 * AMD's Software Optimization Guide for Family 19h, Agner Fog and AnandTech. Capacities are what was reached, not what the guide promises.
 */
import type { Profile } from '../profile.ts';
import { sourced } from './sourced.ts';

const measured = sourced('measured'), published = sourced('published'), derived = sourced('derived');

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
    general: measured('', 1, 'alu', 'add, and, or, xor 0.99'),
    vector: measured('', 1, 'fp', 'pand, paddd, pcmpeqd 0.98; four pipes'),
    x87: measured('', 7, 'fp', 'fadd st 6.9'),
  },
  rows: [
    measured('nop endbr64 endbr32 prefetch* fnop', 0, '', 'endbr64 0.184, dispatched and never executed'),
    measured('mov movaps movups movapd movupd movdqa movdqu lddqu movnt* vzeroupper xchg', 0, '', 'between registers 0.18 to 0.20 in chains, renamed'),
    measured('lea', 1, 'alu', '0.99 with every form of address'),
    measured('lea3', 1, 'alu shift', 'base, index and displacement 0.99, throughput 0.54'),
    measured('adc sbb rcl rcr', 1, 'alu', '0.99'),
    measured('shl shr sar rol ror shlx shrx sarx rorx', 1, 'alu shift', '0.99, throughput 0.52'),
    measured('shld shrd', 2.05, 'alu*2 shift*2 slot*4', '2.04 to 2.18; published, 4 micro-operations'),
    measured('imul', 2.97, 'alu multiply', '2.97, throughput 1.02'),
    measured('mul mulx', 2.97, 'alu multiply slot*2', 'low half 2.97, high half 3.96 (mulx), throughput 1.03'),
    measured('div idiv', 9.4, 'alu divide*6 slot*2', '9.0 and one more for 9 bits of quotient, up to 15; the remainder one later; one in 6.0'),
    measured('bsf', 3.2, 'alu shift*2 slot*4', '3.15 to 3.41'),
    measured('bsr', 4.3, 'alu shift*2 slot*6', '4.20 to 4.60'),
    measured('tzcnt blsr blsi blsmsk', 1.99, 'alu*2 slot*2', '1.99'),
    measured('pext pdep', 2.97, 'alu multiply', '2.97'),
    measured('crc32', 2.96, 'alu multiply', '2.96'),
    measured('cmovcc setcc', 1, 'alu select', '1.00, throughput 0.54'),
    measured('jcc', 1, 'branch', 'not taken 0.54'),
    derived('jmp call ret', 0, 'branch', 'what they cost is where they go'),
    published('loop loope loopne jrcxz jecxz', 1, 'alu branch', 'one operation'),
    derived('cmova', 2, 'alu*2 select', 'CMOVA and CMOVBE need two flags; Adler-32, two of them in a chain, 4.0 a round'),
    measured('push', 0, 'store', '0.75'),
    measured('pop', 0, 'load store*0.33', 'push and pop 1.01 a pair'),
    published('leave', 0, 'load slot*2', 'two operations'),
    measured('enter', 0, 'store serial*19', 'enter and leave 19.7 to 20.4'),
    measured('pushf', 1, 'store serial*3', 'pushfq and popfq 22.1 to 23.3'),
    measured('popf', 1, 'load serial*18', 'pushfq and popfq 22.1 to 23.3'),
    measured('cmpxchg cmpxchg8b cmpxchg16b', 4, 'alu slot*5 serial*2.9', 'cmpxchg [m] chain 9.0'),
    measured('xadd', 1, 'alu slot*2', 'lock xadd 8.04, as lock add'),
    measured('xlat', 0, 'load slot*2 serial*0.5', 'chain 6.0'),
    measured('mfence', 0, 'serial*60.8', '60.8 to 61.6'),
    measured('lfence', 0, 'serial*10', '10.2 to 10.4'),
    measured('sfence', 0, 'store serial*0.3', '1.13'),
    measured('rdtsc', 0, 'serial*36.2', '36.3 to 36.5'),
    derived('rdpmc', 0, 'serial*36.2', 'as RDTSC'),
    measured('rdtscp', 0, 'serial*69.7', '69.7 to 70.5'),
    measured('pause', 0, 'serial*83.3', '83.2 to 84.2'),
    measured('rdpid', 0, 'serial*1.8', '2.02'),
    measured('rdfsbase rdgsbase', 0, 'serial*3.75', '3.97'),
    measured('wrfsbase wrgsbase', 0, 'serial*43.5', '43.6 to 44.4'),
    measured('xgetbv', 0, 'serial*47.5', '47.7'),
    published('cpuid', 0, 'serial*100', 'about 100 on bare metal; a guest traps, which is not modelled'),
    measured('cld', 0, 'serial*2.95', '3.11 to 3.26'),
    measured('std', 0, 'serial*116', 'std and cld 119 to 121'),
    measured('clflush clflushopt', 0, 'serial*775', 'clflush and the load that misses 775 to 800'),
    measured('fxsave fxsave64', 0, 'serial*130', 'fxsave and fxrstor 294 to 300, halved by what is written'),
    measured('fxrstor fxrstor64', 0, 'serial*162', 'as fxsave'),
    measured('xsave xsave64 xsaveopt xsaveopt64 xsavec xsavec64', 0, 'serial*250', 'xsave and xrstor 527 to 544'),
    measured('xrstor xrstor64', 0, 'serial*275', 'as xsave'),
    measured('movs', 0, 'serial*3', 'movsb 3.1 to 4.4; repeated, see strings'),
    derived('stos lods', 0, 'serial*2', 'as movs'),
    derived('scas cmps', 0, 'serial*3', 'as movs'),
    // Vectors and floats.
    measured('addps addpd addss addsd subps subpd subss subsd addsubps addsubpd cmpps cmppd cmpss cmpsd', 2.97, 'fp fpAdd', '2.97, throughput 0.49'),
    measured('mulps mulpd mulss mulsd', 2.95, 'fp fpMultiply', '2.95, throughput 0.49'),
    measured('minps minpd minss minsd maxps maxpd maxss maxsd', 0.99, 'fp fpAdd', '0.98, throughput 0.49'),
    measured('vfm* vfnm*', 3.93, 'fp fpMultiply', '3.93, throughput 0.49'),
    measured('divss', 10.8, 'fp fpDivide*3', '10.8, throughput 3.0'),
    measured('divsd', 12.87, 'fp fpDivide*7.4', '12.9, throughput 7.3 to 7.5'),
    measured('divpd', 12.87, 'fp fpDivide*5', '12.9, throughput 4.5 to 7.5'),
    measured('divps', 15.1, 'fp fpDivide*5.5', '15.1, throughput 5.5'),
    measured('sqrtss', 14.7, 'fp fpDivide*4.9', '14.7, throughput 4.9'),
    published('sqrtps', 15, 'fp fpDivide*5', '15, 5'),
    measured('sqrtsd sqrtpd', 20.6, 'fp fpDivide*8.4', '20.6, throughput 8.4'),
    measured('rcpss rcpps rsqrtss rsqrtps', 2.94, 'fp fpMultiply', '2.93'),
    measured('comiss comisd ucomiss ucomisd', 1, 'fp fpAdd*2', 'throughput 1.01; latency published as 3, of which flags show 1'),
    measured('pmul* pmadd* psadbw phmin* mpsadbw', 2.95, 'fp fpMultiply', '2.93 to 2.97, throughput 0.49'),
    measured('pshuf* punpck* unpck* shufp* pack* palignr psll* psrl* psra* pins* blend* pblend* movshdup movsldup movddup insertps', 0.99, 'fp fpShuffle', '0.99, throughput 0.49'),
    published('movss movsd movhps movlps movhpd movlpd movhlps movlhps', 1, 'fp', 'a merge of lanes'),
    measured('movd movq', 2.97, 'fp', 'there and back 5.9'),
    measured('pextr* pmovmskb movmskp* extractps', 2.97, 'fp fpShuffle', 'pmovmskb and movd 5.9'),
    measured('cvtsi2sd cvtsi2ss cvttsd2si cvttss2si cvtsd2si cvtss2si', 6.4, 'fp fpAdd slot*2', 'cvtsi2sd and cvttsd2si 12.8'),
    measured('cvt* round*', 2.96, 'fp fpAdd', '2.96'),
    measured('perm2f128 perm2i128', 2.97, 'fp fpShuffle', '2.97'),
    measured('permd permps permq permpd', 7.9, 'fp fpShuffle*2 slot*2', 'vpermd 7.9'),
    measured('aes*', 3.95, 'fp fpMultiply', '3.95'),
    measured('pclmul*', 3.97, 'fp fpMultiply slot*4', '3.97'),
    measured('haddps haddpd hsubps hsubpd phadd* phsub*', 6.35, 'fp*3 fpAdd slot*4', 'haddps 6.29 to 6.43'),
    measured('dpps dppd', 14.75, 'fp*5 fpAdd*2 slot*8', 'dpps 14.7'),
    published('sha*', 2, 'fp fpMultiply slot*2', '2'),
    // x87.
    measured('fld fild fld1 fldz fldpi', 7.2, 'fp', 'fld and fstp of 64 bits through memory 13.4'),
    derived('fst fstp fist fistp fisttp fxch ffree fchs fabs fninit fnst* fld*', 0, 'fp', 'as fld'),
    measured('fmul* fadd* fsub*', 6.85, 'fp fpAdd', '6.8 to 6.9'),
    measured('fdiv* fsqrt', 14.85, 'fp fpDivide*6', '14.8 to 14.9'),
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
