/** The types of trampolines by number: what `trampfd_create` and `tramp_create` take as their parameter, checked, and the object that becomes of it. */
import { EFAULT, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import type { Result } from '../syscalls/file.ts';
import { userStructure } from '../syscalls/structure.ts';
import type { Task } from '../syscalls/task.ts';
import type { CodeMemory } from './code-pages.ts';
import { EMULATE, EmulateFile } from './emulate.ts';
import { GatedFile, type Gate } from './gate.ts';
import { CODE_BYTES_MAX, INSTRUCTIONS_MAX, InterpretFile } from './interpreted.ts';
import { KERNEL_FUNCTIONS, KernelFunctionFile } from './kernel-function.ts';
import { TrampolineFile, type Gone } from './trampoline.ts';
import { FAST, TYPES, USER_BYTES } from './uapi.ts';

/** An object, or -EINVAL where a field breaks a rule. `code`: where those that are fast have theirs. */
type Make = (type: number, parameter: DataView, gone: Gone, code: CodeMemory) => TrampolineFile | Result;
/** How a call is served: by a fault; by code of its own; by a system call (gate.ts). */
export type Variant = 'slow' | 'fast' | 'gated';
interface TypeRow {
  /** Bytes of its parameter structure. */
  readonly bytes: number;
  readonly make: Make;
  /** It has register and stack contexts: tramp_create then takes those instead of the parameter. */
  readonly hasContexts: boolean;
  /** Its calls need not fault. */
  readonly mayHaveCode?: boolean;
}
const word = (view: DataView, at: number): number => view.getUint32(at, true);
/** Addresses and lengths; what is beyond any address is not told apart. */
const long = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));
/** struct trampfd_user { u32 flags, reserved }. `mayBeFast`: otherwise to ask for that is no mistake, but nothing comes of it. */
const plain = (mayBeFast: boolean): Make => (type, view, gone, code) => {
  const flags = word(view, 0), reserved = word(view, 4);
  if ((flags & ~FAST) !== 0 || reserved !== 0) return -EINVAL;
  return new TrampolineFile(type, gone, mayBeFast && (flags & FAST) !== 0 ? code : null);
};
const isInside = (start: Va, bytes: number): boolean => start + bytes <= TASK_SIZE;

const ROWS: Readonly<Record<number, TypeRow>> = {
  [TYPES.USER]: { bytes: USER_BYTES, hasContexts: true, mayHaveCode: true, make: plain(true) },
  [TYPES.FAULT]: { bytes: USER_BYTES, hasContexts: true, make: plain(false) },
  [TYPES.EMULATE]: {
    // struct trampfd_emulate { u32 flags, reserved; u64 start, length }; a length of 0: the whole process.
    bytes: 24, hasContexts: false,
    make: (type, view, gone) => {
      const flags = word(view, 0), start = long(view, 8), length = long(view, 16);
      if (flags === 0 || (flags & ~EMULATE.all) !== 0 || word(view, 4) !== 0 || !isInside(start, length) || (length === 0 && start !== 0)) return -EINVAL;
      return new EmulateFile(type, gone, flags, start, length === 0 ? TASK_SIZE : start + length);
    },
  },
  [TYPES.INTERPRET]: {
    // struct trampfd_interpret { u64 code; u32 size, limit, flags, reserved }.
    bytes: 24, hasContexts: false,
    make: (type, view, gone) => {
      const code = long(view, 0), size = word(view, 8), limit = word(view, 12);
      if (word(view, 16) !== 0 || word(view, 20) !== 0 || code === 0 || !isInside(code, size)) return -EINVAL;
      if (size === 0 || size > CODE_BYTES_MAX || limit === 0 || limit > INSTRUCTIONS_MAX) return -EINVAL;
      return new InterpretFile(type, gone, code, size, limit);
    },
  },
  [TYPES.KERNEL]: {
    // struct trampfd_kernel { u32 function, reserved }.
    bytes: 8, hasContexts: false,
    make: (type, view, gone) => {
      const row = KERNEL_FUNCTIONS[word(view, 0)];
      return row === undefined || word(view, 4) !== 0 ? -EINVAL : new KernelFunctionFile(type, gone, row);
    },
  },
};

/** Where those that do not fault have their code. */
export interface Pages { readonly code: CodeMemory; readonly gate: Gate }
export function isType(type: number): boolean { return ROWS[type] !== undefined; }
export function hasContexts(type: number): boolean { return ROWS[type]?.hasContexts ?? false; }
/** A new object from the parameter at an address; where there is none, from zeros, of a variant if the type has it. */
export function makeTrampoline(task: Task, type: number, parameterAt: Va | null, variant: Variant, { code, gate }: Pages, gone: Gone): TrampolineFile | Result {
  const row = ROWS[type];
  if (row === undefined) return -EINVAL;
  const parameter = parameterAt === null ? new DataView(new ArrayBuffer(row.bytes)) : userStructure(task, parameterAt, row.bytes);
  if (parameter === null) return -EFAULT;
  if (variant === 'gated' && row.mayHaveCode === true) return new GatedFile(type, gone, gate);
  if (variant === 'fast') parameter.setUint32(0, FAST, true);
  return row.make(type, parameter, gone, code);
}
