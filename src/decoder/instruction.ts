/** What decoding yields: plain data in Intel's words. It knows no address, no machine and no semantics (SDM vol. 2, ch. 2). */
import type { i32, Size } from '../base/types.ts';
import { SLOT } from '../base/layout.ts';

export type OperandKind = 'reg' | 'mem' | 'imm' | 'rel';
/** `gpr` counts rax=0 … r15=15; `high8` counts ah=0, ch=1, dh=2, bh=3; `segment` es cs ss ds fs gs; `mask` k0 … k7. */
export type RegisterFile = 'gpr' | 'high8' | 'xmm' | 'ymm' | 'mmx' | 'st' | 'segment' | 'control' | 'debug' | 'mask';

/** "No base", "no index", "no segment": a register that is always zero. */
export const NONE = SLOT.zero;

/**
 * How an operand is accessed, as one small number, so that a performer can switch on it.
 * Register forms are FORM.gpr8 … FORM.vector; every memory operand is FORM.memory whatever its size.
 */
export const FORM = {
  gpr8: 0, gpr16: 1, gpr32: 2, gpr64: 3, high8: 4,
  immediate: 5, relative: 6, memory: 7,
  /** An XMM register of which `size` bytes take part (16 or fewer), or a YMM register (32). */
  vector: 8,
  /** MMX, x87, segment, control and debug registers, memory with a vector index: only helpers touch them. */
  other: 9,
} as const;

/** One shape for all operands: whoever reads them stays monomorphic. Fields a kind does not use hold 0 or NONE. */
export class Operand {
  readonly kind: OperandKind;
  readonly form: number;
  /** Bytes that take part. */
  readonly size: Size;
  /** mem: of the index, which is a vector register in gathers. */
  readonly file: RegisterFile;
  /** reg: its number in its file. mem: the index register, or NONE. */
  readonly index: number;
  /** mem: base register, SLOT.rip (relative to the *next* instruction) or NONE. */
  readonly base: number;
  /** mem: log2 of the scale. */
  readonly shift: number;
  /** mem: sign-extended displacement. rel: the distance from the next instruction. */
  readonly disp: i32;
  /** mem with a 64-bit moffs address: the high word of `disp`; otherwise disp >> 31. */
  readonly dispHigh: i32;
  /** mem: SLOT.fs, SLOT.gs or NONE. */
  readonly segment: number;
  /** mem: 8, or 4 under an address-size prefix. */
  readonly addressSize: 4 | 8;
  /** imm: the value, already sign- or zero-extended to 64 bits as its instruction demands. */
  readonly lo: i32;
  readonly hi: i32;

  constructor(kind: OperandKind, form: number, size: Size, file: RegisterFile, index: number, base: number, shift: number,
    disp: i32, dispHigh: i32, segment: number, addressSize: 4 | 8, lo: i32, hi: i32) {
    this.kind = kind; this.form = form; this.size = size; this.file = file; this.index = index; this.base = base;
    this.shift = shift; this.disp = disp; this.dispHigh = dispHigh; this.segment = segment; this.addressSize = addressSize;
    this.lo = lo; this.hi = hi;
  }
}

const FILE_FORM: Partial<Record<RegisterFile, number>> = { high8: FORM.high8, xmm: FORM.vector, ymm: FORM.vector };

export function register(file: RegisterFile, index: number, size: Size): Operand {
  const form = file === 'gpr' ? (size === 8 ? FORM.gpr64 : size === 4 ? FORM.gpr32 : size === 2 ? FORM.gpr16 : FORM.gpr8)
    : FILE_FORM[file] ?? FORM.other;
  return new Operand('reg', form, size, file, index, NONE, 0, 0, 0, NONE, 8, 0, 0);
}
export function memory(size: Size, base: number, index: number, shift: number, disp: i32, segment: number, addressSize: 4 | 8, dispHigh: i32 = disp >> 31): Operand {
  return new Operand('mem', FORM.memory, size, 'gpr', index, base, shift, disp, dispHigh, segment, addressSize, 0, 0);
}
/** Memory of a gather: an element of `size` bytes, of as many as the index has. */
export function vectorMemory(size: Size, base: number, file: 'xmm' | 'ymm', index: number, shift: number, disp: i32, segment: number, addressSize: 4 | 8): Operand {
  return new Operand('mem', FORM.other, size, file, index, base, shift, disp, disp >> 31, segment, addressSize, 0, 0);
}
export function immediate(size: Size, lo: i32, hi: i32): Operand {
  return new Operand('imm', FORM.immediate, size, 'gpr', 0, NONE, 0, 0, 0, NONE, 8, lo, hi);
}
export function relative(disp: i32, size: Size): Operand {
  return new Operand('rel', FORM.relative, size, 'gpr', 0, NONE, 0, disp, disp >> 31, NONE, 8, 0, 0);
}

/** How control leaves an instruction. Blocks end after anything but `next`. */
export type Flow =
  | 'next' | 'jump' | 'jump-indirect' | 'branch' | 'call' | 'call-indirect' | 'return'
  /** Hands over to the kernel, faults on purpose or must see exact counters: syscall, int3, ud2, hlt, rdtsc, cpuid ... */
  | 'stop';

/** What an instruction has in common with all that differ from it in registers, addresses and values alone. */
export interface InstructionKind {
  /** Intel's name, in lower case, as the manual's heading has it: `add`, `jne`, `cmovae`, `movsd`. String forms are `movs`, `cmps` ... `ud` is an undefined encoding. */
  readonly mnemonic: string;
  /** The key of its semantics. The mnemonic, but for condition families: `jcc`, `setcc`, `cmovcc`. */
  readonly operation: string;
  /** The operand size in bytes (1, 2, 4, 8; 16 for whole vectors). */
  readonly size: Size;
  /** cc of jcc, setcc and cmovcc (0 = o, 1 = no, 2 = b ... 15 = nle); otherwise 0. */
  readonly condition: number;
  readonly lock: boolean;
  readonly rep: 'rep' | 'repne' | null;
  readonly flow: Flow;
  /** Prefixes as bits (see PREFIX): what text needs and meaning does not. */
  readonly prefixes: number;
  /** 8, or 4 under an address-size prefix: what implicit memory operands (string instructions) use. */
  readonly addressSize: 4 | 8;
  /** The data segment of implicit memory operands: SLOT.fs, SLOT.gs or NONE. */
  readonly segment: number;
  /** Number of the row it was decoded from: equal rows share semantics, costs and text rules. */
  readonly row: number;
  /** Kinds are numbered from 1 on; 0 is none that is remembered. */
  readonly number: number;
}

/** One decoded instruction. A program has many of few kinds. */
export class Instruction implements InstructionKind {
  readonly kind: InstructionKind;
  /** Bytes it occupies: 1 to 15. */
  readonly length: number;
  readonly operands: readonly Operand[];
  /** The first two of them: performers ask for these all the time. */
  readonly first: Operand;
  readonly second: Operand;
  /** The opcode's last byte, and ModRM or 0 below it: what the x87 remembers of its instructions. */
  readonly code: number;

  constructor(kind: InstructionKind, length: number, operands: readonly Operand[], code: number, first = operands[0]!, second = operands[1]!) {
    this.kind = kind; this.length = length; this.operands = operands; this.first = first; this.second = second; this.code = code;
  }
  get mnemonic(): string { return this.kind.mnemonic; }
  get operation(): string { return this.kind.operation; }
  get size(): Size { return this.kind.size; }
  get condition(): number { return this.kind.condition; }
  get lock(): boolean { return this.kind.lock; }
  get rep(): 'rep' | 'repne' | null { return this.kind.rep; }
  get flow(): Flow { return this.kind.flow; }
  get prefixes(): number { return this.kind.prefixes; }
  get addressSize(): 4 | 8 { return this.kind.addressSize; }
  get segment(): number { return this.kind.segment; }
  get row(): number { return this.kind.row; }
  get number(): number { return this.kind.number; }
}

/** Bits of Instruction.prefixes. */
export const PREFIX = { operandSize: 1, addressSize: 2, lock: 4, rep: 8, repne: 16, cs: 32, ss: 64, ds: 128, es: 256, fs: 512, gs: 1024, rex: 2048, rexW: 4096, vex: 8192, evex: 16384 } as const;
