/** The trampoline objects alive in a machine, and what they take of kernel memory (RFC v1: struct trampfd and its kmalloc'ed contexts). */
import { TrampolineFile } from './trampoline.ts';

/**
 * struct trampfd on x86-64: mutex 32, type 4 (+4), data 8, map 24, three pointers 24 = 96; its cache aligns to a line of 64.
 * A copy of struct trampfd_user hangs on it: 8. Not counted: what every open file and mapping has (struct file, dentry, vm_area_struct).
 */
const OBJECT_BYTES = 128 + 8;
/** Sizes kmalloc hands out (mm/slab_common.c), as far as contexts reach. */
const KMALLOC_BYTES: readonly number[] = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024];

function allocated(context: { readonly bytes: Uint8Array } | null): number {
  return context === null ? 0 : KMALLOC_BYTES.find(size => size >= context.bytes.length) ?? context.bytes.length;
}

export class TrampolineObjects {
  private readonly all = new Set<TrampolineFile>();
  /** Invocations of objects that are gone. */
  private pastInvocations = 0;

  create(type: number): TrampolineFile {
    const object = new TrampolineFile(type, gone => {
      this.all.delete(gone);
      this.pastInvocations += gone.invocations;
    });
    this.all.add(object);
    return object;
  }
  get live(): number { return this.all.size; }
  /** An estimate from the structures' sizes: what is allocated for the live objects and their contexts. */
  get bytes(): number {
    let sum = 0;
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
