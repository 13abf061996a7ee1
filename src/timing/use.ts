/** What an instruction waits for and what waits for it: registers and flags read and written, by name rather than by meaning (SDM vol. 2). */
import { FORM, type Instruction, NONE, type Operand, PREFIX } from '../decoder/instruction.ts';

/** Registers here: sixteen general ones, sixteen vectors, then flags, the x87 stack as a whole, and MMX. */
const VECTORS = 16;
export const FLAGS = 32, STACK = 33, MMX = 34, REGISTERS = 42;
const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R11 = 11;

export interface Use {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** The operand in memory that is loaded, stored, or both. */
  readonly loads: Operand | null;
  readonly stores: Operand | null;
  /** A move that renaming makes, or a result that needs no operand. */
  readonly isFree: boolean;
}

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));
/** The first operand is only read. */
const READS_FIRST = set('cmp test bt push jmp call mul div idiv comiss comisd ucomiss ucomisd vcomiss vcomisd vucomiss vucomisd ptest vptest vtestps vtestpd ret nop jcc prefetcht0 prefetcht1 prefetcht2 prefetchnta prefetchw fadd fsub fmul fdiv fcom fcomp fucom fucomp fcomi fcomip fucomi fucomip wrfsbase wrgsbase ldmxcsr clflush clflushopt fld fild');
/** The first operand is only written. */
const WRITES_FIRST = set('mov movzx movsx movsxd movabs lea pop movaps movups movapd movupd movdqa movdqu lddqu movd movq movntdq movnti movntps movbe bsf bsr tzcnt lzcnt popcnt andn blsr blsi blsmsk bextr bzhi shlx shrx sarx rorx pext pdep mulx pshufd pshufhw pshuflw sqrtps sqrtpd cvtdq2ps cvtdq2pd cvtps2pd cvtpd2ps cvttps2dq cvtps2dq cvttpd2dq cvttss2si cvttsd2si cvtss2si cvtsd2si cvtsi2sd cvtsi2ss pmovmskb movmskps movmskpd pextrq pextrd pextrb pextrw extractps rcpps rsqrtps pabsb pabsw pabsd movddup movshdup movsldup pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq rdfsbase rdgsbase rdpid stmxcsr aesimc aeskeygenassist roundps roundpd fst fstp fist fistp fisttp setcc');
const NO_FLAGS = set('mov movzx movsx movsxd movabs movbe lea push pop nop bswap xchg not cmovcc setcc jcc jmp call ret shlx shrx sarx rorx pext pdep mulx movnti leave enter cdqe cqo lahf crc32 rdtsc rdtscp rdpmc cpuid rdpid pause lfence mfence sfence endbr64 endbr32 movs stos lods xlat rdfsbase rdgsbase wrfsbase wrgsbase adcx adox');
const READS_FLAGS = set('jcc cmovcc setcc adc sbb rcl rcr lahf pushf cmc loope loopne adcx adox');
const VECTOR_FLAGS = set('comiss comisd ucomiss ucomisd ptest testps testpd pcmpistri pcmpestri pcmpistrm pcmpestrm');
const ZEROING = set('xor sub pxor xorps xorpd psubb psubw psubd psubq pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd');
const MOVES = set('mov movaps movups movapd movupd movdqa movdqu');
/** What is written and read besides operands. */
const IMPLICIT: Readonly<Record<string, readonly [reads: readonly number[], writes: readonly number[]]>> = {
  mul: [[RAX], [RAX, RDX]], div: [[RAX, RDX], [RAX, RDX]], idiv: [[RAX, RDX], [RAX, RDX]], cqo: [[RAX], [RDX]], cdqe: [[RAX], [RAX]], mulx: [[RDX], []],
  cmpxchg: [[RAX], [RAX]], xlat: [[RAX, RBX], [RAX]], leave: [[RBP], [RBP, RSP]], enter: [[RBP, RSP], [RBP, RSP]], lahf: [[], [RAX]], sahf: [[RAX], []],
  movs: [[RSI, RDI], [RSI, RDI]], stos: [[RAX, RDI], [RDI]], lods: [[RSI], [RAX, RSI]], scas: [[RAX, RDI], [RDI]], cmps: [[RSI, RDI], [RSI, RDI]],
  rdtsc: [[], [RAX, RDX]], rdtscp: [[], [RAX, RCX, RDX]], rdpmc: [[RCX], [RAX, RDX]], cpuid: [[RAX, RCX], [RAX, RBX, RCX, RDX]], xgetbv: [[RCX], [RAX, RDX]], syscall: [[], [RAX, RCX, R11]],
  loop: [[RCX], [RCX]], loope: [[RCX], [RCX]], loopne: [[RCX], [RCX]], jrcxz: [[RCX], []], jecxz: [[RCX], []],
};
const NOTHING: readonly [readonly number[], readonly number[]] = [[], []];

export const baseName = (i: Instruction): string => (i.prefixes & PREFIX.vex) !== 0 && i.operation.startsWith('v') ? i.operation.slice(1) : i.operation;
function idOf(o: Operand): number {
  if (o.kind !== 'reg') return -1;
  switch (o.file) {
    case 'gpr': return o.index;
    case 'high8': return o.index;
    case 'xmm': case 'ymm': return VECTORS + o.index;
    case 'mmx': return MMX + o.index;
    case 'st': return STACK;
    default: return -1;
  }
}

export function useOf(i: Instruction): Use {
  const name = baseName(i), { operands } = i, [first] = operands, reads: number[] = [], writes: number[] = [];
  const isVex = (i.prefixes & PREFIX.vex) !== 0, [implicitReads, implicitWrites] = IMPLICIT[name] ?? NOTHING;
  const isX87 = i.operation.startsWith('f') && !i.operation.startsWith('fx');
  let loads: Operand | null = null, stores: Operand | null = null;
  const isImul3 = name === 'imul' && operands.length === 3, isOneOperandImul = name === 'imul' && operands.length === 1;
  const isVexThree = isVex && operands.length >= 3 && !name.startsWith('fm') && !name.startsWith('fnm');
  const isZero = ZEROING.has(name) && operands.length >= 2 && operands.slice(isVexThree ? 1 : 0).every(o => o.kind === 'reg' && o.index === operands[operands.length - 1]!.index);
  operands.forEach((o, k) => {
    const readsIt = k > 0 || READS_FIRST.has(name) || !(WRITES_FIRST.has(name) || isImul3 || isVexThree) || (o.kind === 'reg' && o.size < 4 && o.file === 'gpr');
    const writesIt = k === 0 ? !READS_FIRST.has(name) && !isOneOperandImul : (name === 'xchg' || name === 'xadd' || (name === 'mulx' && k === 1));
    if (o.kind === 'mem') {
      if (name === 'lea' || name === 'nop') {
        if (o.base < 16) reads.push(o.base);
        if (o.index !== NONE && o.index < 16) reads.push(o.index);
        return;
      }
      if (readsIt) loads = o;
      if (writesIt) stores = o;
      return;
    }
    const id = idOf(o);
    if (id < 0) return;
    if (readsIt && !isZero) reads.push(id);
    if (writesIt) writes.push(id);
  });
  // A merge into the lower part of a vector register; what comes from memory clears the rest.
  if ((name === 'movss' || name === 'movsd') && operands.length === 2 && (operands[1]!.kind === 'mem' || first!.kind === 'mem')) {
    if (first!.kind === 'reg') reads.length = 0; else loads = null;
  }
  if (isX87) { if (name !== 'fld' && name !== 'fild') reads.push(STACK); writes.push(STACK); if (name.startsWith('fst') || name.startsWith('fist')) writes.pop(); }
  reads.push(...implicitReads); writes.push(...implicitWrites);
  if (isOneOperandImul) { reads.push(RAX); writes.push(RAX, RDX); }
  if (READS_FLAGS.has(name)) reads.push(FLAGS);
  const isGeneral = first === undefined || first.form !== FORM.vector;
  if (VECTOR_FLAGS.has(name) || (isGeneral && !isX87 && !NO_FLAGS.has(name) && !WRITES_VECTOR.test(name))) writes.push(FLAGS);
  if (i.rep !== null && (name === 'movs' || name === 'stos')) { reads.push(RCX); writes.push(RCX); }
  const isMove = MOVES.has(name) && operands.length === 2 && operands[1]!.kind === 'reg' && first!.kind === 'reg' && first!.file !== 'high8' && (first!.file !== 'gpr' || first!.size >= 4);
  return { reads, writes, loads, stores, isFree: isZero || isMove || (name === 'xchg' && loads === null) };
}
const WRITES_VECTOR = /^(?:cvt|pmov|movmsk|pextr|movd|movq|extract)/;
