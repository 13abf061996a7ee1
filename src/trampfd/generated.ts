/** The fast form of a trampoline object: code in a page of every address space that maps it, made anew when a context is written. */
import type { Pa, Va } from '../base/types.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import type { Mappable, Vma } from '../mmu/vma.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { SLOT_BYTES, type CodeMemory, type CodeSpace, type Place, type Resident } from './code-pages.ts';
import { bodyOf, bytesFor, bytesOf, entry, entryTo, NO_CODE, offsetsOf, type Step } from './codegen.ts';
import type { Contexts } from './context.ts';
import type { Services } from './services.ts';

/** The object, which lives while it is mapped. */
export interface Holder { readonly services: Services; mapped(): void; unmapped(): void }

function slotsFor({ registers, stack }: Contexts): number { return Math.max(1, Math.ceil(bytesFor(registers, stack) / SLOT_BYTES)); }

export class Generated {
  private readonly instances = new Map<AddressSpace, Instance>();
  private readonly code: CodeMemory;
  private readonly holder: Holder;
  constructor(code: CodeMemory, holder: Holder) { this.code = code; this.holder = holder; }

  /** The code in the space a task runs in, made if there is none; null: no memory. */
  instanceFor(task: KernelTask, contexts: Contexts): Instance | null {
    const space = task.process.memory, known = this.instances.get(space);
    if (known !== undefined) return known;
    const instance = new Instance(this.code.of(task), this.holder, () => { this.instances.delete(space); });
    if (!instance.plan(slotsFor(contexts))) return null;
    instance.commit(contexts);
    this.instances.set(space, instance);
    return instance;
  }
  /** Every instance has the new code, or (`false`: no memory) every one the old. */
  replace(contexts: Contexts): boolean {
    const slots = slotsFor(contexts), planned: Instance[] = [];
    for (const instance of this.instances.values()) {
      if (!instance.plan(slots)) { for (const other of planned) other.abandon(); return false; }
      planned.push(instance);
    }
    for (const instance of planned) instance.commit(contexts);
    return true;
  }
  release(): void { for (const instance of [...this.instances.values()]) instance.release(); }
}

/** The code of an object in one address space: what its mappings there show. */
export class Instance implements Mappable, Resident {
  readonly name = '[trampfd]';
  readonly origin = 'trampoline' as const;
  private readonly pages: CodeSpace;
  /** Whose code it is. */
  readonly holder: Holder;
  private readonly gone: () => void;
  private place: Place | null = null;
  private next: Place | null = null;
  private steps: readonly Step[] = [];
  private offsets: readonly number[] = [];

  constructor(pages: CodeSpace, holder: Holder, gone: () => void) {
    this.pages = pages; this.holder = holder; this.gone = gone;
  }
  /** Where in the page it is called. It never changes. */
  get ioffset(): number { return (this.place?.head ?? 0) * SLOT_BYTES; }

  // — the mapping —
  page(): Pa | null { return this.place === null ? null : this.place.page.frame; }
  /** The page is there at once (vm_insert_page): calls do not fault. */
  mapped(vma: Vma): void {
    this.holder.mapped();
    this.pages.space.reach(vma.start, false);
  }
  unmapped(): void { this.holder.unmapped(); }
  /**
   * The task is about to be interrupted, by a signal or by others' turns: if it is on its way through a trampoline, it goes through now. So code is
   * only ever rewritten when nobody is in it, and no signal frame holds an address in it but the first.
   */
  leave(vma: Vma, registers: UserRegisters, memory: UserMemory): void {
    const at = registers.rip - vma.start;
    this.place?.page.owners[Math.floor(at / SLOT_BYTES)]?.finish(at, vma.start, registers, memory);
  }
  finish(at: number, base: Va, registers: UserRegisters, memory: UserMemory): void {
    const begun = this.offsets.indexOf(at);
    if (begun < 1) return;
    for (let k = begun; k < this.steps.length; k++) {
      if (this.steps[k]!.perform(registers, memory)) continue;
      registers.rip = base + this.ioffset; // A push that fails, so no named register is loaded: whoever repairs the stack calls again.
      return;
    }
  }

  // — the code —
  /** Sees to the slots for code that is to come: more than before, or the same. */
  plan(slots: number): boolean {
    const { place } = this;
    this.next = place === null ? this.pages.take(this, slots) : slots <= place.count ? place : this.pages.grow(this, place, slots);
    return this.next !== null;
  }
  abandon(): void { if (this.next !== null && this.next !== this.place) this.pages.give(this.next, this.place); }
  commit({ registers, stack }: Contexts): void {
    const { place: old, next } = this;
    if (next === null) return;
    const head = next.head * SLOT_BYTES, body = next.body * SLOT_BYTES;
    const first = registers === null ? [] : head === body ? entry : entryTo(body, head), firstAt = offsetsOf(first, head);
    const bodyAt = head === body ? head + bytesOf(first) : body;
    const rest = registers === null ? [] : bodyOf(registers, stack, bodyAt);
    this.steps = [...first, ...rest];
    this.offsets = [...firstAt, ...offsetsOf(rest, bodyAt)];
    this.write(next, body, next.count);
    if (head !== body) this.write(next, head, 1);
    this.place = next;
    if (old !== null && old !== next) {
      if (old.page !== next.page) this.pages.space.invalidate(this, 0, Infinity);
      this.pages.give(old, next);
    }
    this.holder.services.work('codeGenerated');
  }
  private write({ page }: Place, from: number, slots: number): void {
    const image = new Uint8Array(slots * SLOT_BYTES).fill(NO_CODE);
    this.steps.forEach(({ bytes }, k) => {
      const at = this.offsets[k]! - from;
      if (at >= 0 && at < image.length) image.set(bytes, at);
    });
    this.pages.memory.write(page.frame + from, image);
  }

  // — the end —
  spaceGone(): void { this.release(); }
  release(): void {
    if (this.place !== null) this.pages.give(this.place, null);
    this.place = null;
    this.pages.residents.delete(this);
    this.gone();
  }
}
