/** What an instruction waits for and what waits for it: registers and flags read and written, by name rather than by meaning (SDM vol. 2). */
import { FORM, type Instruction, NONE, type Operand, PREFIX } from '../decoder/instruction.ts';

/** Registers here: sixteen general ones, sixteen vectors, then flags, the x87 stack as a whole, and MMX. */
export const GENERALS = 16, REGISTERS = 42;
const VECTORS = 16, FLAGS = 32, STACK = 33, MMX = 34;
const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R11 = 11;

export interface Use {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** The operand in memory that is loaded, stored, or both. */
  readonly loads: Operand | null;
  readonly stores: Operand | null;
  /** A move that renaming makes, or a result that needs no operand. */
  readonly isFree: boolean;
  /** TRAIT, as bits. */
  readonly traits: number;
  /** What it makes of the address in a general register, if that stays known. */
  readonly sum: Sum | null;
}
/** A register becomes another's value, or its own, and a constant. */
export interface Sum { readonly to: number; readonly from: number; readonly by: number }
/** What its name says of an instruction, as bits. */
export const TRAIT = {
  /** The first operand is only read; is only written; the second is written as well; an operand in memory is only an address. */
  readsFirst: 1, writesFirst: 2, writesSecond: 4, addressOnly: 8,
  readsFlags: 16, writesFlags: 32, writesFlagsOfGenerals: 64,
  /** Equal operands make it zero; between registers, renaming makes the move. */
  zeroes: 128, renames: 256,
  /** A move to a general register; XCHG; one of MOVSS and MOVSD. */
  moves: 512, exchanges: 1024, merges: 2048,
  /** What loads from the stack, and stores there. */
  pops: 4096, pushes: 8192,
  /** RDX has the high half, or the remainder. */
  hasTwoResults: 16384,
  /** REP counts in RCX. */
  repeats: 32768,
  /** The stack of the x87. */
  readsStack: 65536, writesStack: 131072,
  /** It may make a general register a sum. */
  adds: 262144,
  /** Of three operands with VEX, the first is read, too. */
  accumulates: 524288,
  /** Of the instruction, not of its name: it gives a vector register a value. */
  writesVector: 1048576,
} as const;

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));
const NAMES: readonly (readonly [trait: number, names: ReadonlySet<string>])[] = [
  [TRAIT.readsFirst, set('cmp test bt push jmp call mul div idiv comiss comisd ucomiss ucomisd vcomiss vcomisd vucomiss vucomisd ptest vptest vtestps vtestpd ret nop jcc prefetcht0 prefetcht1 prefetcht2 prefetchnta prefetchw fadd fsub fmul fdiv fcom fcomp fucom fucomp fcomi fcomip fucomi fucomip wrfsbase wrgsbase ldmxcsr clflush clflushopt fld fild')],
  [TRAIT.writesFirst, set('mov movzx movsx movsxd movabs lea pop movaps movups movapd movupd movdqa movdqu lddqu movd movq movntdq movnti movntps movbe bsf bsr tzcnt lzcnt popcnt andn blsr blsi blsmsk bextr bzhi shlx shrx sarx rorx pext pdep mulx pshufd pshufhw pshuflw sqrtps sqrtpd cvtdq2ps cvtdq2pd cvtps2pd cvtpd2ps cvttps2dq cvtps2dq cvttpd2dq cvttss2si cvttsd2si cvtss2si cvtsd2si cvtsi2sd cvtsi2ss pmovmskb movmskps movmskpd pextrq pextrd pextrb pextrw extractps rcpps rsqrtps pabsb pabsw pabsd movddup movshdup movsldup pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq rdfsbase rdgsbase rdpid stmxcsr aesimc aeskeygenassist roundps roundpd fst fstp fist fistp fisttp setcc')],
  [TRAIT.writesSecond, set('xchg xadd mulx')], [TRAIT.addressOnly, set('lea nop')],
  [TRAIT.readsFlags, set('jcc cmovcc setcc adc sbb rcl rcr lahf pushf cmc loope loopne adcx adox')],
  [TRAIT.writesFlags, set('comiss comisd ucomiss ucomisd ptest testps testpd pcmpistri pcmpestri pcmpistrm pcmpestrm')],
  [TRAIT.zeroes, set('xor sub pxor xorps xorpd psubb psubw psubd psubq pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd')],
  [TRAIT.renames, set('mov movaps movups movapd movupd movdqa movdqu')],
  [TRAIT.moves, set('mov movabs movzx movsx movsxd')], [TRAIT.exchanges, set('xchg')], [TRAIT.merges, set('movss movsd')],
  [TRAIT.pops, set('pop leave ret')], [TRAIT.pushes, set('push call')], [TRAIT.hasTwoResults, set('mul mulx div idiv')], [TRAIT.repeats, set('movs stos')],
  [TRAIT.adds, set('push call pop ret leave mov add sub inc dec lea')],
];
const NO_FLAGS = set('mov movzx movsx movsxd movabs movbe lea push pop nop bswap xchg not cmovcc setcc jcc jmp call ret shlx shrx sarx rorx pext pdep mulx movnti leave enter cdqe cqo lahf crc32 rdtsc rdtscp rdpmc cpuid rdpid pause lfence mfence sfence endbr64 endbr32 movs stos lods xlat rdfsbase rdgsbase wrfsbase wrgsbase adcx adox'), WRITES_VECTOR = /^(?:cvt|pmov|movmsk|pextr|movd|movq|extract)/;
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
/** A register's number here, -1 if it is none of those. */
function idOf({ file, index }: Operand): number { return file === 'mmx' ? MMX + index : file === 'st' ? STACK : -1; }

/** What a name says, and what is read and written besides operands. */
interface Named { readonly traits: number; readonly reads: readonly number[]; readonly writes: readonly number[] }
/** By operation. */
const NAMED = new Map<string, Named>();
function named(i: Instruction): Named {
  const name = baseName(i), isX87 = i.operation.startsWith('f') && !i.operation.startsWith('fx'), [reads, writes] = IMPLICIT[name] ?? NOTHING;
  let traits = !isX87 && !NO_FLAGS.has(name) && !WRITES_VECTOR.test(name) ? TRAIT.writesFlagsOfGenerals : 0;
  for (const [trait, names] of NAMES) if (names.has(name)) traits |= trait;
  if (name.startsWith('fm') || name.startsWith('fnm')) traits |= TRAIT.accumulates;
  if (isX87 && name !== 'fld' && name !== 'fild') traits |= TRAIT.readsStack;
  if (isX87 && !name.startsWith('fst') && !name.startsWith('fist')) traits |= TRAIT.writesStack;
  const made = { traits, reads, writes };
  NAMED.set(i.operation, made);
  return made;
}

export function useOf(i: Instruction): Use {
  const { traits, reads: implicitReads, writes: implicitWrites } = NAMED.get(i.operation) ?? named(i), { operands } = i, count = operands.length, isVex = (i.prefixes & PREFIX.vex) !== 0;
  const reads: number[] = [], writes: number[] = [];
  let loads: Operand | null = null, stores: Operand | null = null, vectors = 0;
  const isImul = i.operation === 'imul', isVexThree = isVex && count >= 3 && (traits & TRAIT.accumulates) === 0;
  const isZero = (traits & TRAIT.zeroes) !== 0 && areSame(operands, isVexThree ? 1 : 0);
  const writesFirst = (traits & TRAIT.readsFirst) === 0 && !(isImul && count === 1), writesOnly = (traits & TRAIT.writesFirst) !== 0 || isVexThree || (isImul && count === 3);
  for (let k = 0; k < count; k++) {
    const o = operands[k]!, { form } = o;
    if (form === FORM.immediate || form === FORM.relative) continue;
    const readsIt = k > 0 || !writesOnly || (traits & TRAIT.readsFirst) !== 0 || form <= FORM.gpr16;
    const writesIt = k === 0 ? writesFirst : k === 1 && (traits & TRAIT.writesSecond) !== 0;
    if (form === FORM.memory || (form === FORM.other && o.kind === 'mem')) {
      if ((traits & TRAIT.addressOnly) !== 0) {
        if (o.base < GENERALS) reads.push(o.base);
        if (o.index < GENERALS) reads.push(o.index);
        continue;
      }
      if (readsIt) loads = o;
      if (writesIt) stores = o;
      continue;
    }
    const id = form <= FORM.high8 ? o.index : form === FORM.vector ? VECTORS + o.index : idOf(o);
    if (id < 0) continue;
    if (readsIt && !isZero) reads.push(id);
    if (writesIt) { writes.push(id); if (form === FORM.vector) vectors = TRAIT.writesVector; }
  }
  // A merge into the lower part of a vector register; what comes from memory clears the rest.
  if ((traits & TRAIT.merges) !== 0 && count === 2 && (operands[1]!.kind === 'mem' || i.first.kind === 'mem')) {
    if (i.first.kind === 'reg') reads.length = 0; else loads = null;
  }
  if ((traits & TRAIT.readsStack) !== 0) reads.push(STACK);
  if ((traits & TRAIT.writesStack) !== 0) writes.push(STACK);
  for (let k = 0; k < implicitReads.length; k++) reads.push(implicitReads[k]!);
  for (let k = 0; k < implicitWrites.length; k++) writes.push(implicitWrites[k]!);
  if (isImul && count === 1) { reads.push(RAX); writes.push(RAX, RDX); }
  if ((traits & TRAIT.readsFlags) !== 0) reads.push(FLAGS);
  if ((traits & TRAIT.writesFlags) !== 0 || ((traits & TRAIT.writesFlagsOfGenerals) !== 0 && (count === 0 || i.first.form !== FORM.vector))) writes.push(FLAGS);
  if (i.rep !== null && (traits & TRAIT.repeats) !== 0) { reads.push(RCX); writes.push(RCX); }
  const isMove = (traits & TRAIT.renames) !== 0 && count === 2 && operands[1]!.kind === 'reg' && i.first.kind === 'reg' && i.first.file !== 'high8' && (i.first.file !== 'gpr' || i.first.size >= 4);
  return { reads, writes, loads, stores, isFree: isZero || isMove || ((traits & TRAIT.exchanges) !== 0 && loads === null), traits: traits | vectors, sum: (traits & TRAIT.adds) === 0 ? null : sumOf(i) };
}
const PUSHED: Sum = { to: RSP, from: RSP, by: -8 }, POPPED: Sum = { to: RSP, from: RSP, by: 8 }, LEFT: Sum = { to: RSP, from: RBP, by: 8 };
function sumOf({ operation, first, second }: Instruction): Sum | null {
  switch (operation) {
    case 'push': case 'call': return PUSHED;
    case 'pop': return first.form <= FORM.gpr64 && first.index === RSP ? null : POPPED;
    case 'ret': return POPPED;
    case 'leave': return LEFT;
    default:
  }
  if (first.form !== FORM.gpr64) return null;
  const to = first.index;
  switch (operation) {
    case 'mov': return second.kind === 'reg' ? { to, from: second.index, by: 0 } : null;
    case 'add': return second.kind === 'imm' ? { to, from: to, by: second.lo } : null;
    case 'sub': return second.kind === 'imm' ? { to, from: to, by: -second.lo } : null;
    case 'inc': return { to, from: to, by: 1 };
    case 'dec': return { to, from: to, by: -1 };
    default: return second.index === NONE && second.base < GENERALS ? { to, from: second.base, by: second.disp } : null;
  }
}
/** Whether operands, two at least, are one and the same register from a certain one on. */
function areSame(operands: readonly Operand[], from: number): boolean {
  const count = operands.length, last = operands[count - 1]!;
  for (let k = from; k < count; k++) if (operands[k]!.kind !== 'reg' || operands[k]!.index !== last.index) return false;
  return count >= 2;
}
