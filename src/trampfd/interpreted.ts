/** TRAMPFD_INTERPRET: the trampoline runs a buffer of instructions, in data pages, on the caller's registers until RIP leaves it. */
import type { Va } from '../base/types.ts';
import type { PageFault } from '../mmu/fault.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import type { Vma } from '../mmu/vma.ts';
import { GenerativeFile, isAllowed } from './generative.ts';
import { isUserFetch, type Gone } from './trampoline.ts';

/** struct trampfd_interpret: the most `size` and `limit` may be. */
export const CODE_BYTES_MAX = 65_536, INSTRUCTIONS_MAX = 65_536;

export class InterpretFile extends GenerativeFile {
  readonly start: Va;
  readonly end: Va;
  /** How many instructions an invocation may take. */
  readonly instructionsMax: number;

  constructor(type: number, gone: Gone, start: Va, bytes: number, instructionsMax: number) {
    super(type, gone);
    this.start = start; this.end = start + bytes; this.instructionsMax = instructionsMax;
  }
  override denied(vma: Vma, fault: PageFault, registers: UserRegisters): boolean {
    if (!isUserFetch(fault) || registers.rip !== vma.start) return false;
    registers.rip = this.start;
    return this.run(registers);
  }
  /** What left the buffer may come back: a called function returns, a signal handler that has mended what was wrong does. */
  deniedElsewhere(_vma: Vma, fault: PageFault, registers: UserRegisters, _memory: UserMemory): boolean {
    const { rip } = registers;
    return isUserFetch(fault) && rip === fault.address && rip >= this.start && rip < this.end && this.run(registers);
  }
  private run(registers: UserRegisters): boolean {
    if (!this.services.interpret(this.start, this.end, this.instructionsMax)) return false;
    if (!isAllowed(this.allowedPcs, registers.rip)) return false;
    this.invocations += 1;
    return true;
  }
}
