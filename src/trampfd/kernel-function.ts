/** TRAMPFD_KERNEL: calling the trampoline calls a kernel service with the registers of the C calling convention (psABI §3.2.3), and returns to the caller. */
import { EINVAL } from '../base/errno.ts';
import type { i32 } from '../base/types.ts';
import { hiOf, loOf } from '../base/words.ts';
import type { PageFault } from '../mmu/fault.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import type { Vma } from '../mmu/vma.ts';
import { CallArgs } from '../syscalls/args.ts';
import type { Result } from '../syscalls/file.ts';
import { pcOf } from './context.ts';
import { GenerativeFile, wordAt } from './generative.ts';
import { isUserFetch, type Gone } from './trampoline.ts';

/** A service: a system call that never sleeps, and its arguments: registers by number, or constants. */
interface Row { readonly name: string; readonly call: number; readonly args: readonly (Register | Constant)[] }
interface Register { readonly register: number }
interface Constant { readonly value: i32 }
const RDI: Register = { register: 7 }, RSI: Register = { register: 6 }, NULL: Constant = { value: 0 }, FUTEX_WAKE: Constant = { value: 1 };
/** By struct trampfd_kernel.function. */
export const KERNEL_FUNCTIONS: readonly Row[] = [
  { name: 'getpid', call: 39, args: [] },
  { name: 'gettid', call: 186, args: [] },
  { name: 'getppid', call: 110, args: [] },
  // getcpu(cpu, node), clock_gettime(clock, timespec), futex_wake(word, count)
  { name: 'getcpu', call: 309, args: [RDI, RSI, NULL] },
  { name: 'clock_gettime', call: 228, args: [RDI, RSI] },
  { name: 'futex_wake', call: 202, args: [RDI, FUTEX_WAKE, RSI, NULL, NULL, NULL] },
];

const RAX = 0, ARGUMENTS = 6;

export class KernelFunctionFile extends GenerativeFile {
  readonly row: Row;
  private readonly args = new CallArgs();
  private readonly returnAddress = new Uint8Array(8);

  constructor(type: number, gone: Gone, row: Row) {
    super(type, gone);
    this.row = row;
  }
  /** The return address is read first: where it cannot be, nothing has happened. */
  override denied(vma: Vma, fault: PageFault, registers: UserRegisters, memory: UserMemory): boolean {
    const { rsp } = registers, b = this.returnAddress;
    if (!isUserFetch(fault) || registers.rip !== vma.start) return false;
    if (rsp > TASK_SIZE || !memory.copyIn(rsp, b)) return false;
    this.takeArgs(registers);
    const result = this.services.serve(this.row.call, this.args);
    registers.setWords(RAX, loOf(result), hiOf(result));
    registers.rip = pcOf(wordAt(b, 0), wordAt(b, 4));
    registers.rsp = rsp + 8;
    this.invocations += 1;
    return true;
  }
  private takeArgs(registers: UserRegisters): void {
    const { row } = this;
    for (let i = 0; i < ARGUMENTS; i++) {
      const arg = row.args[i];
      if (arg === undefined) this.args.put(i, 0, 0);
      else if ('register' in arg) this.args.put(i, registers.low(arg.register), registers.high(arg.register));
      else this.args.put(i, arg.value, 0);
    }
  }
  override setAllowedPcs(): Result { return -EINVAL; }
  override fdinfo(): string { return `${super.fdinfo()}function: ${this.row.name}\n`; }
}
