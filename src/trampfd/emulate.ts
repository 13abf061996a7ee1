/**
 * TRAMPFD_EMULATE: code that C libraries and compilers write into data pages is recognised where fetching it is forbidden, and done (PaX: EMUTRAMP).
 * The bytes are those of libffi 3.4 (its x86-64 closures) and of GCC's nested functions (x86-64 ABI: static chain in r10).
 */
import type { i32, Va } from '../base/types.ts';
import { hiOf, loOf } from '../base/words.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import type { PageFault } from '../mmu/fault.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import type { Vma } from '../mmu/vma.ts';
import type { Result } from '../syscalls/file.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { pcOf } from './context.ts';
import { GenerativeFile, isAllowed, wordAt } from './generative.ts';
import { isUserFetch, type Gone } from './trampoline.ts';

/** Which sequences: bits of struct trampfd_emulate.flags. */
export const EMULATE = { libffi: 1, gcc: 2, all: 3 } as const;

/** Bytes that must be there, in hexadecimal; `..` may be any. */
interface Sequence { readonly flag: number; readonly bytes: string }
const ENDBR64 = 'f30f1efa', IMM32 = '........', IMM64 = IMM32 + IMM32;
/** mov r11d, imm32 or movabs r11; mov r10d, imm32 or movabs r10; jmp r11; nop. The last four bytes are one store of the compiler's. */
const FUNCTIONS = [`49bb${IMM64}`, `41bb${IMM32}`], CHAINS = [`49ba${IMM64}`, `41ba${IMM32}`], JUMP = '49ffe390';
/** Made when the first object is. */
const sequences = (): readonly Sequence[] => [
  // endbr64; lea r10, [rip-0xb]; jmp [rip+7]; nop dword [rax+0]. The target's address follows.
  { flag: EMULATE.libffi, bytes: `${ENDBR64}4c8d15f5ffffffff25070000000f1f8000000000${IMM64}` },
  ...['', ENDBR64].flatMap(mark => FUNCTIONS.flatMap(load => CHAINS.map(chain => ({ flag: EMULATE.gcc, bytes: mark + load + chain + JUMP })))),
];
const ANY = -1, SEQUENCE_BYTES_MAX = 32;

/** A sequence read once: where its operands are, and how wide. */
interface Pattern {
  readonly flag: number;
  readonly bytes: Int16Array;
  readonly targetAt: number;
  readonly isTargetWide: boolean;
  /** Where the static chain is; -1: r10 is the sequence's own address, and r11 is left alone. */
  readonly chainAt: number;
  readonly isChainWide: boolean;
}
function patternOf({ flag, bytes }: Sequence): Pattern {
  const codes = Int16Array.from(bytes.match(/../g) ?? [], pair => pair === '..' ? ANY : parseInt(pair, 16));
  const targetAt = codes.indexOf(ANY), targetEnd = codes.findIndex((code, at) => at > targetAt && code !== ANY), isClosure = targetEnd === -1;
  const chainAt = isClosure ? -1 : codes.indexOf(ANY, targetEnd), chainEnd = codes.findIndex((code, at) => at > chainAt && code !== ANY);
  return { flag, bytes: codes, targetAt, isTargetWide: isClosure || targetEnd - targetAt === 8, chainAt, isChainWide: chainEnd - chainAt === 8 };
}
let patterns: readonly Pattern[] | null = null;

const R10 = 10, R11 = 11;

/** While it is mapped, sequences in a range, or anywhere in the process, are emulated. The mapping itself is no trampoline. */
export class EmulateFile extends GenerativeFile {
  readonly flags: number;
  readonly start: Va;
  readonly end: Va;
  private readonly bytes = new Uint8Array(SEQUENCE_BYTES_MAX);
  /** The first n bytes, for every n. */
  private readonly windows = Array.from({ length: SEQUENCE_BYTES_MAX + 1 }, (_, length) => this.bytes.subarray(0, length));
  private readonly patterns: readonly Pattern[];

  constructor(type: number, gone: Gone, flags: number, start: Va, end: Va) {
    super(type, gone);
    this.flags = flags; this.start = start; this.end = end;
    patterns ??= sequences().map(patternOf);
    this.patterns = patterns;
  }
  override denied(): boolean { return false; }
  /** A child's stack has its parent's sequences: it inherits the mapping. */
  override map(request: MapRequest, flags: number, task: KernelTask): MapRequest | Result {
    const complete = super.map(request, flags, task);
    return typeof complete === 'number' ? complete : { ...complete, inherit: true };
  }
  /** Of a fetch that another mapping forbids: private memory that can be read, and exactly the bytes of a sequence. */
  deniedElsewhere(vma: Vma, fault: PageFault, registers: UserRegisters, memory: UserMemory): boolean {
    const { rip } = registers;
    if (!isUserFetch(fault) || rip !== fault.address || rip < this.start || rip >= this.end) return false;
    if (vma.shared || vma.special) return false;
    const length = Math.min(SEQUENCE_BYTES_MAX, vma.end - rip);
    if (!memory.copyIn(rip, this.windows[length]!)) return false;
    for (const pattern of this.patterns) {
      if ((pattern.flag & this.flags) !== 0 && this.matches(pattern, length)) return this.emulate(pattern, registers);
    }
    return false;
  }
  private matches({ bytes }: Pattern, length: number): boolean {
    if (bytes.length > length) return false;
    for (let k = 0; k < bytes.length; k++) if (bytes[k] !== ANY && bytes[k] !== this.bytes[k]) return false;
    return true;
  }
  private emulate(pattern: Pattern, registers: UserRegisters): boolean {
    const { targetAt, chainAt } = pattern, lo = this.word(targetAt), hi = pattern.isTargetWide ? this.word(targetAt + 4) : 0, target = pcOf(lo, hi);
    if (!isAllowed(this.allowedPcs, target)) return false;
    if (chainAt === -1) registers.setWords(R10, loOf(registers.rip), hiOf(registers.rip));
    else {
      registers.setWords(R10, this.word(chainAt), pattern.isChainWide ? this.word(chainAt + 4) : 0);
      registers.setWords(R11, lo, hi);
    }
    registers.rip = target;
    this.invocations += 1;
    this.services.work('sequenceEmulated');
    return true;
  }
  private word(at: number): i32 { return wordAt(this.bytes, at); }
}
