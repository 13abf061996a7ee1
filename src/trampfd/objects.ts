/** The trampoline objects alive in a machine, and what they take of kernel memory (RFC v1: struct trampfd and its kmalloc'ed contexts). */
import type { Pa, Va } from '../base/types.ts';
import type { Result } from '../syscalls/file.ts';
import { IpcTable } from '../syscalls/ipc.ts';
import type { Task } from '../syscalls/task.ts';
import { CodeMemory } from './code-pages.ts';
import { Gate } from './gate.ts';
import type { Handle } from './handles.ts';
import { NO_SERVICES, type Services } from './services.ts';
import { TableFile } from './table.ts';
import type { TrampolineFile } from './trampoline.ts';
import { makeTrampoline, type Variant } from './types.ts';

/**
 * struct trampfd on x86-64: mutex 32, type 4 (+4), data 8, map 24, three pointers 24 = 96; its cache aligns to a line of 64.
 * A copy of struct trampfd_user hangs on it: 8. Not counted: what every open file and mapping has (struct file, dentry, vm_area_struct).
 */
const OBJECT_BYTES = 128 + 8;
/** The RFC v2's: mutex 32, creator and page 16, two structures of 16, counts 8; aligned to a line of 64. */
const TABLE_OBJECT_BYTES = 128;
/** Sizes kmalloc hands out (mm/slab_common.c), as far as contexts reach. */
const KMALLOC_BYTES: readonly number[] = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024];

function allocated(context: { readonly bytes: Uint8Array } | null): number {
  return context === null ? 0 : KMALLOC_BYTES.find(size => size >= context.bytes.length) ?? context.bytes.length;
}

/** In all, as of System V's objects. */
const IDS_MAX = 4096;

export class TrampolineObjects {
  /** What the kernel has generated. */
  readonly code = new CodeMemory();
  /** The page of those that call the kernel. */
  readonly gate = new Gate();
  private readonly all = new Set<TrampolineFile>();
  private readonly tables = new Set<TableFile>();
  /** Invocations of objects that are gone. */
  private pastInvocations = 0;

  services: Services = NO_SERVICES;
  /** Those that go by a number, too. */
  readonly ids = new IpcTable<Handle>(IDS_MAX);

  /** A new object of a type, with the parameter at an address or with zeros for one; or -errno. `atEnd`: told when it is gone. */
  create(task: Task, type: number, parameterAt: Va | null, variant: Variant = 'slow', atEnd?: () => void): TrampolineFile | Result {
    const object = makeTrampoline(task, type, parameterAt, variant, this, gone => {
      this.all.delete(gone);
      this.pastInvocations += gone.invocations;
      atEnd?.();
    });
    if (typeof object === 'number') return object;
    object.services = this.services;
    this.all.add(object);
    return object;
  }
  createTable(owner: object): TableFile {
    const object = new TableFile(owner, gone => { this.tables.delete(gone); });
    this.tables.add(object);
    return object;
  }
  get live(): number { return this.all.size + this.tables.size; }
  get objects(): readonly (TrampolineFile | TableFile)[] { return [...this.all, ...this.tables]; }
  /** Frames that hold code. */
  get codeFrames(): readonly Pa[] { return [...this.code.frames, ...[this.gate, ...this.tables].map(({ frame }) => frame).filter(frame => frame !== null)]; }
  /** An estimate from the structures' sizes: what is allocated for the live objects and their contexts. */
  get bytes(): number {
    let sum = this.code.bytes + this.tables.size * TABLE_OBJECT_BYTES;
    for (const { registers, stack, allowedPcs } of this.all) {
      sum += OBJECT_BYTES + allocated(registers) + allocated(stack) + allocated(allowedPcs);
    }
    return sum;
  }
  /** Through all objects there have been. */
  get invocations(): number {
    let sum = this.pastInvocations;
    for (const { invocations } of this.all) sum += invocations;
    return sum;
  }
}
