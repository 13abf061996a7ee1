/**
 * The system-call route (A. Lutomirski in the trampfd discussion, 28 July 2020): no fault and no generated code, but one page for all trampolines, mapped for each of
 * them, with a system call in it, after which the kernel does what it otherwise does on the fault. (Linux's uretprobe(2) enters from a page of its own in the like way.)
 */
import { EINVAL, ENOMEM } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import type { Result } from '../syscalls/file.ts';
import type { PhysicalMemory } from '../syscalls/pages.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { raise } from '../syscalls/signal.ts';
import type { Control } from '../syscalls/task.ts';
import { ENDBR64, NO_CODE } from './codegen.ts';
import { wordAt } from './generative.ts';
import { TrampolineFile, type Gone } from './trampoline.ts';
import { ENTER_CALL, FAST_PROT } from './uapi.ts';

/** PUSH RAX, as rax has the number; PUSH RCX, PUSH R11, as SYSCALL overwrites them (SDM vol. 2, SYSCALL); MOV EAX, imm32; SYSCALL. */
const CODE: readonly number[] = [...ENDBR64, 0x50, 0x51, 0x41, 0x53, 0xb8, ENTER_CALL & 255, ENTER_CALL >> 8, 0, 0, 0x0f, 0x05];
const RAX = 0, RCX = 1, R11 = 11;
/** In the order in which they are popped. */
const SAVED: readonly number[] = [R11, RCX, RAX], SAVED_BYTES = 8 * SAVED.length;
const SIGSEGV = 11, SEGV_ACCERR = 2, REPLACED: Control = { then: 'registers-replaced' };

/** The page, which is there while an object is that may need it. */
export class Gate {
  frame: Pa | null = null;
  private objects = 0;
  private memory: PhysicalMemory | null = null;

  hold(): void { this.objects += 1; }
  drop(): void {
    this.objects -= 1;
    if (this.objects > 0 || this.frame === null) return;
    this.memory?.frames.release(this.frame);
    this.frame = null;
  }
  /** `false`: no memory. */
  open(memory: PhysicalMemory): boolean {
    if (this.frame !== null) return true;
    const frame = memory.frames.allocate();
    if (frame === -1) return false;
    const page = new Uint8Array(PAGE_BYTES).fill(NO_CODE);
    page.set(CODE);
    memory.write(frame, page);
    this.memory = memory; this.frame = frame;
    return true;
  }
}

export class GatedFile extends TrampolineFile {
  private readonly gate: Gate;
  private readonly saved = new Uint8Array(SAVED_BYTES);

  constructor(type: number, gone: Gone, gate: Gate) {
    super(type, object => { gate.drop(); gone(object); });
    this.gate = gate;
    gate.hold();
  }
  override get prot(): number { return FAST_PROT; }
  override page(): Pa | null { return this.gate.frame; }
  override map(request: MapRequest, flags: number, task: KernelTask): MapRequest | Result {
    const complete = super.map(request, flags, task);
    return typeof complete === 'number' || this.gate.open(task.process.system.memory) ? complete : -ENOMEM;
  }
  /** Back to what the trampoline was called with, and on from there as from a fault. */
  enter(task: KernelTask, start: number): Control {
    const { registers, process: { memory } } = task, { saved } = this;
    const isReadable = memory.copyIn(registers.rsp, saved);
    registers.rip = start;
    if (isReadable) {
      SAVED.forEach((register, k) => { registers.setWords(register, wordAt(saved, 8 * k), wordAt(saved, 8 * k + 4)); });
      registers.rsp += SAVED_BYTES;
    }
    if (!isReadable || !this.invoke(registers, memory)) raise(task, { signal: SIGSEGV, code: SEGV_ACCERR, address: start });
    return REPLACED;
  }
}

/** tramp_enter(): nobody's call but the page's. */
export function enterGate(task: KernelTask): Result | Control {
  const { registers: { rip }, process: { memory } } = task, vma = memory.find(rip), object = vma?.object;
  return vma !== null && object instanceof GatedFile && rip === vma.start + CODE.length ? object.enter(task, vma.start) : -EINVAL;
}
