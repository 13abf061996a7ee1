/** The trampoline object (trampfd RFC v1): the file behind a descriptor, and behind a page that is never there: its fault is the call. */
import { EFAULT, EINVAL, ENOMEM, EOPNOTSUPP } from '../base/errno.ts';
import type { Pa } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { PF_FETCH, PF_USER, type PageFault } from '../mmu/fault.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import { type Mappable, type Vma } from '../mmu/vma.ts';
import type { File, Result, Stat, UserBuffer } from '../syscalls/file.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { SEEK_SET } from '../syscalls/uapi.ts';
import type { CodeMemory } from './code-pages.ts';
import {
  parseAllowedPcs, parseRegisters, parseStack, type AllowedPcs, type Contexts, type Parsed, type RegisterContext, type StackContext,
} from './context.ts';
import { Generated } from './generated.ts';
import { NO_SERVICES, type Services } from './services.ts';
import {
  ALLOWED_PCS_OFFSET, FAST_PROT, MAP_BYTES, MAP_OFFSET, OFFSETS, REGS, REGS_OFFSET, STACK, STACK_OFFSET, TYPE_NAMES, USER_MAP, VALUES, type Extent,
} from './uapi.ts';

const USER_FETCH = PF_USER | PF_FETCH;
export function isUserFetch(fault: PageFault): boolean { return (fault.code & USER_FETCH) === USER_FETCH; }
/** Told when an object's last reference goes. */
export type Gone = (object: TrampolineFile) => void;

/** One reference for the open file description, one for every mapping; `gone` is called when the last goes. */
export class TrampolineFile implements File, Mappable {
  readonly name = '[trampfd]';
  readonly origin = 'trampoline';
  readonly isAddressed = true;
  readonly type: number;
  registers: RegisterContext | null = null;
  stack: StackContext | null = null;
  allowedPcs: AllowedPcs | null = null;
  /** Calls that reached their target. */
  invocations = 0;
  services: Services = NO_SERVICES;
  private references = 1;
  private readonly gone: Gone;
  /** Null: calls fault, and no code exists. */
  private readonly generated: Generated | null;

  /** `code`: where the fast form has its code; null: it is the slow one. */
  constructor(type: number, gone: Gone, code: CodeMemory | null = null) {
    this.type = type; this.gone = gone;
    this.generated = code === null ? null : new Generated(code, this);
  }

  // — the mapping —
  page(): Pa | null { return null; }
  /** The RFC's fault handler. Registers are loaded before the push: if that fails they stay loaded, and the task gets its SIGSEGV. */
  denied(vma: Vma, fault: PageFault, registers: UserRegisters, memory: UserMemory): boolean {
    if (!isUserFetch(fault)) return false;
    if (registers.rip !== vma.start + USER_MAP.ioffset) return false;
    return this.invoke(registers, memory);
  }
  protected invoke(registers: UserRegisters, memory: UserMemory): boolean {
    if (this.registers === null) return false;
    load(this.registers, registers);
    if (this.stack !== null && !push(this.stack, registers, memory)) return false;
    this.invocations += 1;
    return true;
  }
  /** One reference more: an ID. `release` gives it back. */
  retain(): void { this.references += 1; }
  mapped(): void { this.references += 1; }
  /** What its mappings are mapped with. */
  get prot(): number { return this.generated === null ? USER_MAP.prot : FAST_PROT; }
  unmapped(): void { this.drop(); }
  release(): void { this.drop(); }
  private drop(): void {
    this.references -= 1;
    if (this.references > 0) return;
    this.generated?.release();
    this.gone(this);
  }

  // — the file —
  read(to: UserBuffer, at: number, _isExplicit?: boolean, task?: KernelTask): Result {
    if (to.address === 0 || to.length === 0) return -EINVAL;
    switch (at) {
      case MAP_OFFSET: return this.readMap(to, task ?? null);
      case REGS_OFFSET: return readContext(to, REGS, this.registers);
      case STACK_OFFSET: return readContext(to, STACK, this.stack);
      default: return -EINVAL;
    }
  }
  write(from: UserBuffer, at: number, _isExplicit?: boolean, task?: KernelTask): Result {
    if (from.address === 0 || from.length === 0) return -EINVAL;
    switch (at) {
      case REGS_OFFSET: return writeContext(from, REGS, parseRegisters, registers => this.setContexts({ registers }, task ?? null));
      case STACK_OFFSET: return writeContext(from, STACK, parseStack, stack => this.setContexts({ stack }, task ?? null));
      case ALLOWED_PCS_OFFSET: return writeContext(from, VALUES, parseAllowedPcs, list => this.setAllowedPcs(list));
      default: return -EINVAL;
    }
  }
  /** Both contexts at once, or the one that is given: 0 or -errno, and then nothing has changed. null removes. */
  setContexts({ registers = this.registers, stack = this.stack }: Partial<Contexts>, task: KernelTask | null): Result {
    if (registers !== null && registers !== this.registers && this.allowedPcs?.values.includes(registers.pc) === false) return -EINVAL;
    if (this.generated !== null && stack?.isMoving === true && lacksRorx(task)) return -EOPNOTSUPP;
    if (this.generated?.replace({ registers, stack }) === false) return -ENOMEM;
    this.registers = registers; this.stack = stack;
    this.services.work('contextWritten');
    return 0;
  }
  setAllowedPcs(list: AllowedPcs | null): Result {
    this.allowedPcs = list;
    this.services.work('contextWritten');
    return 0;
  }
  private readMap(to: UserBuffer, task: KernelTask | null): Result {
    if (to.length !== MAP_BYTES) return -EINVAL;
    if (this.generated === null || task === null) return putMap(to, this.prot, USER_MAP.ioffset);
    const instance = this.generated.instanceFor(task, this);
    return instance === null ? -ENOMEM : putMap(to, FAST_PROT, instance.ioffset);
  }
  seek(offset: number, whence: number): Result { return whence === SEEK_SET && offset >= 0 && offset < OFFSETS ? offset : -EINVAL; }
  /** An anonymous inode: readable and writable by its owner, and of no file type. */
  stat(): Stat { return { mode: 0o600, nlink: 1, blksize: 4096 }; }
  fdinfo(): string { return `type: ${TYPE_NAMES.get(this.type) ?? this.type}\n${this.generated === null ? '' : 'variant: fast\n'}`; }
  /** Only as the map context says. The mapping can never be given a permission, merged, resized or inherited. */
  map(request: MapRequest, flags: number, task: KernelTask): MapRequest | Result {
    if (request.length !== USER_MAP.size || request.offset !== USER_MAP.offset || flags !== USER_MAP.flags) return -EINVAL;
    const { generated, prot } = this;
    if (request.prot !== prot) return -EINVAL;
    const object = generated === null ? this : generated.instanceFor(task, this);
    return object === null ? -ENOMEM : { ...request, maxProt: prot, special: true, inherit: false, object };
  }
}

// — invocation: nothing here allocates or throws —

function load(context: RegisterContext, registers: UserRegisters): void {
  const { loads } = context;
  for (let k = 0; k < loads.length; k += 3) registers.setWords(loads[k]!, loads[k + 1]!, loads[k + 2]!);
  registers.rip = context.target;
}
/** `false` is EFAULT: [sp, rsp) is not all in user space, or the data cannot be written there. rsp is then as it was. */
function push(context: StackContext, registers: UserRegisters, memory: UserMemory): boolean {
  const { rsp } = registers;
  let sp = rsp - context.data.length - context.offset;
  if (context.isMoving) sp = sp - (sp & 15) - 8; // As after a CALL: rsp ≡ 8 (mod 16).
  if (sp < 0 || rsp > TASK_SIZE) return false;
  if (!memory.copyOut(sp, context.data)) return false;
  if (context.isMoving) registers.rsp = sp;
  return true;
}

// — contexts —

/** rsp is aligned by a BMI2 instruction: there is no other that leaves flags alone. */
function lacksRorx(task: KernelTask | null): boolean {
  const cpuid = task?.process.system.cpuid ?? null;
  return cpuid !== null && !cpuid.features.some(([, , , name]) => name === 'bmi2');
}
function putMap(to: UserBuffer, prot: number, ioffset: number): Result {
  const { size, flags, offset } = USER_MAP;
  const bytes = new Uint8Array(Uint32Array.of(size, prot, flags, offset, ioffset, 0).buffer);
  return to.memory.copyOut(to.address, bytes) ? to.length : -EFAULT;
}
/** At most what there is; without a context, a header of zeros. Either way the result is the count. */
function readContext(to: UserBuffer, extent: Extent, context: { readonly bytes: Uint8Array } | null): Result {
  if (to.length < extent.header || to.length > extent.most) return -EINVAL;
  const bytes = context?.bytes.subarray(0, to.length) ?? new Uint8Array(extent.header);
  return to.memory.copyOut(to.address, bytes) ? to.length : -EFAULT;
}
/** All or nothing: what is rejected leaves the old context in place. */
function writeContext<Context>(
  from: UserBuffer, extent: Extent, parse: (bytes: Uint8Array) => Parsed<Context>, swap: (context: Context | null) => Result,
): Result {
  if (from.length < extent.header || from.length > extent.most) return -EINVAL;
  const bytes = new Uint8Array(from.length);
  if (!from.memory.copyIn(from.address, bytes)) return -EFAULT;
  const parsed = parse(bytes);
  if (typeof parsed === 'number') return parsed;
  const result = swap(parsed);
  return result < 0 ? result : from.length;
}
