/** What an instruction waits for and what waits for it: registers and flags read and written, by name rather than by meaning (SDM vol. 2). */
import { assert } from '../base/assert.ts';
import { FORM, type Instruction, NONE, type Operand, PREFIX } from '../decoder/instruction.ts';

/** Registers here: sixteen general ones, sixteen vectors, flags, the x87 stack as a whole, and MMX. */
export const GENERALS = 16, REGISTERS = 56;
const VECTORS = 16, FLAGS = 32, STACK = 33, MMX = 48;
const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R11 = 11;

/**
 * Up to five registers in one number, so that an instruction's are neither allocated nor looked up. Six bits are a register; behind the last all are ones:
 * `for (let left = registers; left !== NO_REGISTERS; left >>= REGISTER_BITS) … left & REGISTER …`
 */
export type Registers = number;
export const NO_REGISTERS: Registers = -1, REGISTER_BITS = 6, REGISTER = 63;
const REGISTERS_MAX = 5;
const registersOf = (list: readonly number[]): Registers => list.reduce((registers, r) => registers << REGISTER_BITS | r, NO_REGISTERS);

/** Of an instruction with its registers. */
export class Use {
  readonly reads: Registers;
  readonly writes: Registers;
  /** The operand in memory that is loaded, stored, or both: traits say so. */
  readonly memory: Operand | null;
  /** TRAIT, as bits. */
  readonly traits: number;
  /** How long its results take, in hundredths of a cycle. */
  readonly latency: number;
  /** What it makes of the address in a general register, if that stays known. */
  readonly sum: Sum | null;
  constructor(reads: Registers, writes: Registers, memory: Operand | null, traits: number, latency: number, sum: Sum | null) {
    this.reads = reads; this.writes = writes; this.memory = memory; this.traits = traits; this.latency = latency; this.sum = sum;
  }
  get loads(): boolean { return (this.traits & TRAIT.loads) !== 0; }
  get stores(): boolean { return (this.traits & TRAIT.stores) !== 0; }
}
/** A register becomes another's value, or its own, and a constant. */
interface Sum { readonly to: number; readonly from: number; readonly by: number }
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
  /** Of the instruction, not of its name: it gives a vector register a value; it is a move that renaming makes, or its result needs no operand. */
  writesVector: 1048576, isFree: 2097152,
  /** It leaves flags as they are. */
  keepsFlags: 4194304,
  /** An operand in memory is loaded; one is stored. */
  loads: 8388608, stores: 16777216,
} as const;

const NAMES: readonly (readonly [trait: number, names: string])[] = [
  [TRAIT.readsFirst, 'cmp test bt push jmp call mul div idiv comiss comisd ucomiss ucomisd vcomiss vcomisd vucomiss vucomisd ptest vptest vtestps vtestpd ret nop jcc prefetcht0 prefetcht1 prefetcht2 prefetchnta prefetchw fadd fsub fmul fdiv fcom fcomp fucom fucomp fcomi fcomip fucomi fucomip wrfsbase wrgsbase ldmxcsr clflush clflushopt fld fild'],
  [TRAIT.writesFirst, 'mov movzx movsx movsxd movabs lea pop movaps movups movapd movupd movdqa movdqu lddqu movd movq movntdq movnti movntps movbe bsf bsr tzcnt lzcnt popcnt andn blsr blsi blsmsk bextr bzhi shlx shrx sarx rorx pext pdep mulx pshufd pshufhw pshuflw sqrtps sqrtpd cvtdq2ps cvtdq2pd cvtps2pd cvtpd2ps cvttps2dq cvtps2dq cvttpd2dq cvttss2si cvttsd2si cvtss2si cvtsd2si cvtsi2sd cvtsi2ss pmovmskb movmskps movmskpd pextrq pextrd pextrb pextrw extractps rcpps rsqrtps pabsb pabsw pabsd movddup movshdup movsldup pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq rdfsbase rdgsbase rdpid stmxcsr aesimc aeskeygenassist roundps roundpd fst fstp fist fistp fisttp setcc'],
  [TRAIT.writesSecond, 'xchg xadd mulx'], [TRAIT.addressOnly, 'lea nop'],
  [TRAIT.readsFlags, 'jcc cmovcc setcc adc sbb rcl rcr lahf pushf cmc loope loopne adcx adox'],
  [TRAIT.writesFlags, 'comiss comisd ucomiss ucomisd ptest testps testpd pcmpistri pcmpestri pcmpistrm pcmpestrm'],
  [TRAIT.zeroes, 'xor sub pxor xorps xorpd psubb psubw psubd psubq pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd'],
  [TRAIT.renames, 'mov movaps movups movapd movupd movdqa movdqu'],
  [TRAIT.moves, 'mov movabs movzx movsx movsxd'], [TRAIT.exchanges, 'xchg'], [TRAIT.merges, 'movss movsd'],
  [TRAIT.pops, 'pop leave ret'], [TRAIT.pushes, 'push call'], [TRAIT.hasTwoResults, 'mul mulx div idiv'], [TRAIT.repeats, 'movs stos'],
  [TRAIT.adds, 'push call pop ret leave mov add sub inc dec lea'],
  [TRAIT.keepsFlags, 'mov movzx movsx movsxd movabs movbe lea push pop nop bswap xchg not cmovcc setcc jcc jmp call ret shlx shrx sarx rorx pext pdep mulx movnti leave enter cdqe cqo lahf crc32 rdtsc rdtscp rdpmc cpuid rdpid pause lfence mfence sfence endbr64 endbr32 movs stos lods xlat rdfsbase rdgsbase wrfsbase wrgsbase adcx adox'],
];
const WRITES_VECTOR = /^(?:cvt|pmov|movmsk|pextr|movd|movq|extract)/;
/** By name; filled when it is first asked, because without timing nobody asks. */
const TRAITS = new Map<string, number>();
function traitsOf(name: string): number {
  if (TRAITS.size === 0) for (const [trait, names] of NAMES) for (const each of names.split(' ')) TRAITS.set(each, (TRAITS.get(each) ?? 0) | trait);
  return TRAITS.get(name) ?? 0;
}
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

/** What a name says, and what is read and written besides operands. */
interface Named { readonly traits: number; readonly reads: Registers; readonly writes: Registers }
/** By operation. */
const NAMED = new Map<string, Named>();
function named(i: Instruction): Named {
  const name = baseName(i), isX87 = i.operation.startsWith('f') && !i.operation.startsWith('fx'), [reads, writes] = IMPLICIT[name] ?? NOTHING;
  let traits = traitsOf(name);
  if (!isX87 && (traits & TRAIT.keepsFlags) === 0 && !WRITES_VECTOR.test(name)) traits |= TRAIT.writesFlagsOfGenerals;
  if (name.startsWith('fm') || name.startsWith('fnm')) traits |= TRAIT.accumulates;
  if (isX87 && name !== 'fld' && name !== 'fild') traits |= TRAIT.readsStack;
  if (isX87 && !name.startsWith('fst') && !name.startsWith('fist')) traits |= TRAIT.writesStack;
  const made = { traits, reads: registersOf(reads), writes: registersOf(writes) };
  NAMED.set(i.operation, made);
  return made;
}

/**
 * What becomes of an operand, as bits: a register or memory is read, is written; it is memory, of which only the address counts if it is neither; what is written
 * leaves the rest of a register as it was, unless it is one of AH, CH, DH and BH. Above them where a register's file begins, in sixteens.
 */
const ROLE = { reads: 1, writes: 2, isMemory: 4, keepsRest: 8, file: 0x30 } as const;
const ROLE_BITS = 6;
/** What an instruction uses, but for which registers and numbers it has. */
interface Plan {
  /** ROLE_BITS an operand, the first lowest; nothing else follows where they are zero. */
  readonly roles: number;
  /** Besides operands. */
  readonly reads: Registers;
  readonly writes: Registers;
  readonly traits: number;
  /** Operands that make it zero where they are equal: from this one on. */
  readonly zeroesFrom: number;
  readonly sum: SumKind;
}
/** Which sum a general register becomes: of the stack pointer, of another, of itself and a number or one, of an address. */
const SUM = { none: 0, pushed: 1, popped: 2, left: 3, copied: 4, more: 5, less: 6, next: 7, previous: 8, address: 9 } as const;
type SumKind = (typeof SUM)[keyof typeof SUM];

/** By the number of an instruction's kind. */
const PLANS: (Plan | undefined)[] = [];
function planOf(i: Instruction): Plan {
  const { number } = i.kind, plan = makePlan(i);
  if (number !== 0) PLANS[number] = plan;
  return plan;
}
function makePlan(i: Instruction): Plan {
  const { operation, prefixes, rep } = i.kind, { operands, first } = i, count = operands.length, isImul = operation === 'imul', isWide = isImul && count === 1;
  let { traits, reads, writes } = NAMED.get(operation) ?? named(i), roles = 0, hasMemory = false, readsStack = (traits & TRAIT.readsStack) !== 0, writesStack = (traits & TRAIT.writesStack) !== 0;
  const isVexThree = (prefixes & PREFIX.vex) !== 0 && count >= 3 && (traits & TRAIT.accumulates) === 0;
  const writesFirst = (traits & TRAIT.readsFirst) === 0 && !isWide, readsFirst = (traits & TRAIT.readsFirst) !== 0 || !((traits & TRAIT.writesFirst) !== 0 || isVexThree || (isImul && count === 3));
  for (let k = 0; k < count; k++) {
    const { kind, form, file } = operands[k]!;
    if (form === FORM.immediate || form === FORM.relative) continue;
    const isRead = k > 0 || readsFirst || form === FORM.gpr16, isWritten = k === 0 ? writesFirst : k === 1 && (traits & TRAIT.writesSecond) !== 0;
    let role = (isRead ? ROLE.reads : 0) | (isWritten ? ROLE.writes : 0);
    if (kind === 'mem') {
      hasMemory = true;
      role = (traits & TRAIT.addressOnly) !== 0 ? ROLE.isMemory : role | ROLE.isMemory;
    } else if (form === FORM.gpr8 || form === FORM.high8) role |= isRead ? 0 : ROLE.keepsRest;
    else if (form === FORM.vector) {
      role |= VECTORS;
      if (isWritten) traits |= TRAIT.writesVector;
    } else if (file === 'mmx') role |= MMX;
    else if (form > FORM.high8) {
      readsStack ||= file === 'st' && isRead; writesStack ||= file === 'st' && isWritten;
      role = 0;
    }
    // A merge into the lower part of a vector register; what comes from memory clears the rest.
    if (k === 0 && (traits & TRAIT.merges) !== 0 && count === 2 && (hasMemory || i.second.kind === 'mem')) role &= ~ROLE.reads;
    if ((role & ROLE.isMemory) !== 0) traits |= ((role & ROLE.reads) !== 0 ? TRAIT.loads : 0) | ((role & ROLE.writes) !== 0 ? TRAIT.stores : 0);
    roles |= role << (k * ROLE_BITS);
  }
  if (readsStack) reads = reads << REGISTER_BITS | STACK;
  if (writesStack) writes = writes << REGISTER_BITS | STACK;
  if (isWide) { reads = reads << REGISTER_BITS | RAX; writes = (writes << REGISTER_BITS | RAX) << REGISTER_BITS | RDX; }
  if ((traits & TRAIT.readsFlags) !== 0) reads = reads << REGISTER_BITS | FLAGS;
  if ((traits & TRAIT.writesFlags) !== 0 || ((traits & TRAIT.writesFlagsOfGenerals) !== 0 && (count === 0 || first.form !== FORM.vector))) writes = writes << REGISTER_BITS | FLAGS;
  if (rep !== null && (traits & TRAIT.repeats) !== 0) { reads = reads << REGISTER_BITS | RCX; writes = writes << REGISTER_BITS | RCX; }
  const left = (REGISTERS_MAX - count) * REGISTER_BITS;
  assert(reads >> left === NO_REGISTERS && writes >> left === NO_REGISTERS, `more registers than there is room for: ${operation}`);
  const isMove = (traits & TRAIT.renames) !== 0 && count === 2 && i.second.kind === 'reg' && first.kind === 'reg' && first.file !== 'high8' && (first.file !== 'gpr' || first.size >= 4);
  if (isMove || ((traits & TRAIT.exchanges) !== 0 && !hasMemory)) traits |= TRAIT.isFree;
  return { roles, reads, writes, traits, zeroesFrom: isVexThree ? 1 : 0, sum: (traits & TRAIT.adds) === 0 ? SUM.none : sumKindOf(i) };
}
function sumKindOf({ operation, first, second }: Instruction): SumKind {
  switch (operation) {
    case 'push': case 'call': return SUM.pushed;
    case 'pop': case 'ret': return SUM.popped;
    case 'leave': return SUM.left;
    default:
  }
  if (first.form !== FORM.gpr64) return SUM.none;
  switch (operation) {
    case 'mov': return second.kind === 'reg' ? SUM.copied : SUM.none;
    case 'add': return second.kind === 'imm' ? SUM.more : SUM.none;
    case 'sub': return second.kind === 'imm' ? SUM.less : SUM.none;
    case 'inc': return SUM.next;
    case 'dec': return SUM.previous;
    default: return SUM.address;
  }
}

const PUSHED: Sum = { to: RSP, from: RSP, by: -8 }, POPPED: Sum = { to: RSP, from: RSP, by: 8 }, LEFT: Sum = { to: RSP, from: RBP, by: 8 };
function sumOf(kind: SumKind, { first, second }: Instruction): Sum | null {
  switch (kind) {
    case SUM.pushed: return PUSHED;
    case SUM.popped: return first !== undefined && first.form <= FORM.gpr64 && first.index === RSP ? null : POPPED;
    case SUM.left: return LEFT;
    case SUM.copied: return { to: first.index, from: second.index, by: 0 };
    case SUM.more: return { to: first.index, from: first.index, by: second.lo };
    case SUM.less: return { to: first.index, from: first.index, by: -second.lo };
    case SUM.next: return { to: first.index, from: first.index, by: 1 };
    case SUM.previous: return { to: first.index, from: first.index, by: -1 };
    case SUM.address: return second.index === NONE && second.base < GENERALS ? { to: first.index, from: second.base, by: second.disp } : null;
    default: return null;
  }
}
/** @param latency how long results take, in hundredths of a cycle */
export function useOf(i: Instruction, latency = 0): Use {
  const plan = PLANS[i.kind.number] ?? planOf(i), { operands } = i;
  let { reads, writes, traits } = plan, memory: Operand | null = null;
  const isZero = (traits & TRAIT.zeroes) !== 0 && areSame(operands, plan.zeroesFrom);
  if (isZero) traits |= TRAIT.isFree;
  for (let left = plan.roles, k = 0; left !== 0; left >>>= ROLE_BITS, k++) {
    const o = operands[k]!;
    if ((left & ROLE.isMemory) === 0) {
      const register = (left & ROLE.file) + o.index;
      if (((left & ROLE.reads) !== 0 && !isZero) || ((left & ROLE.keepsRest) !== 0 && o.form !== FORM.high8)) reads = reads << REGISTER_BITS | register;
      if ((left & ROLE.writes) !== 0) writes = writes << REGISTER_BITS | register;
    } else if ((left & (ROLE.reads | ROLE.writes)) === 0) {
      if (o.base < GENERALS) reads = reads << REGISTER_BITS | o.base;
      if (o.index < GENERALS) reads = reads << REGISTER_BITS | o.index;
    } else memory = o;
  }
  return new Use(reads, writes, memory, traits, latency, plan.sum === SUM.none ? null : sumOf(plan.sum, i));
}
/** Whether operands, two at least, are one and the same register from a certain one on. */
function areSame(operands: readonly Operand[], from: number): boolean {
  const count = operands.length, last = operands[count - 1]!;
  for (let k = from; k < count; k++) if (operands[k]!.kind !== 'reg' || operands[k]!.index !== last.index) return false;
  return count >= 2;
}
