/** Pages of kernel-generated code, each an address space's own, in slots that trampolines share (trampfd, the mail's "multiple instances per page"). */
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import type { PhysicalMemory } from '../syscalls/pages.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { NO_CODE } from './codegen.ts';

/** ENDBR64, two MOVABS, JMP and the aligned eight bytes it goes through are 40; a page holds 102 of them (so do the RFC v2's pages). */
export const SLOT_BYTES = 40, SLOTS = Math.floor(PAGE_BYTES / SLOT_BYTES);

/** Who has slots of a page. */
export interface Resident {
  /** The address space ends. */
  spaceGone(): void;
  /** RIP is `at` bytes into the page at `base`: what is left of an invocation is done. */
  finish(at: number, base: number, registers: UserRegisters, memory: UserMemory): void;
}
/** The slot that is called, and `count` slots for the rest, which begin with it if they can. */
export interface Place { readonly page: CodePage; readonly head: number; readonly body: number; readonly count: number }

export class CodePage {
  readonly frame: Pa;
  readonly owners: (Resident | null)[] = new Array<Resident | null>(SLOTS).fill(null);
  used = 0;
  constructor(frame: Pa) { this.frame = frame; }

  /** Nobody's, or `resident`'s. */
  isFree(from: number, count: number, resident: Resident): boolean {
    if (from + count > SLOTS) return false;
    for (let slot = from; slot < from + count; slot++) if (this.owners[slot] !== null && this.owners[slot] !== resident) return false;
    return true;
  }
  /** The first so many in a row without slot number `but`, or -1. */
  run(count: number, resident: Resident, but = -1): number {
    for (let from = 0, length = 0; from + length < SLOTS;) {
      const slot = from + length, owner = this.owners[slot];
      if (slot === but || owner !== null && owner !== resident) { from = slot + 1; length = 0; continue; }
      length += 1;
      if (length === count) return from;
    }
    return -1;
  }
}

function has({ head, body, count }: Place, slot: number): boolean { return slot === head || slot >= body && slot < body + count; }

/** The pages of one address space. Nobody else's process ever maps them. */
export class CodeSpace {
  readonly space: AddressSpace;
  readonly memory: PhysicalMemory;
  readonly pages = new Set<CodePage>();
  readonly residents = new Set<Resident>();

  constructor(space: AddressSpace, memory: PhysicalMemory) { this.space = space; this.memory = memory; }

  /** Slots in a row for somebody new, in the oldest page that has them, so that the youngest empty; null: no memory. */
  take(resident: Resident, count: number): Place | null {
    for (const page of this.pages) {
      const head = page.used + count > SLOTS ? -1 : page.run(count, resident);
      if (head !== -1) return this.hold(resident, { page, head, body: head, count });
    }
    const page = this.newPage();
    return page === null ? null : this.hold(resident, { page, head: 0, body: 0, count });
  }
  /** More slots for who has some, called at the same byte of a page: the same page, if there is room. The old ones stay until they are given back. */
  grow(resident: Resident, old: Place, count: number): Place | null {
    const here = placeIn(old.page, resident, old.head, count);
    if (here !== null) return this.hold(resident, here);
    for (const page of this.pages) {
      const place = placeIn(page, resident, old.head, count);
      if (place !== null) return this.hold(resident, place);
    }
    const page = this.newPage(), place = page === null ? null : placeIn(page, resident, old.head, count);
    return place === null ? null : this.hold(resident, place);
  }
  private newPage(): CodePage | null {
    const frame = this.memory.frames.allocate();
    if (frame === -1) return null;
    this.memory.write(frame, new Uint8Array(PAGE_BYTES).fill(NO_CODE));
    const page = new CodePage(frame);
    this.pages.add(page);
    return page;
  }
  private hold(resident: Resident, place: Place): Place {
    const { page } = place;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (page.owners[slot] !== null || !has(place, slot)) continue;
      page.owners[slot] = resident;
      page.used += 1;
    }
    this.residents.add(resident);
    return place;
  }
  /** The slots of a place that are not those of `kept`; a page without any goes. */
  give(place: Place, kept: Place | null): void {
    const { page } = place;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!has(place, slot) || kept !== null && kept.page === page && has(kept, slot)) continue;
      page.owners[slot] = null;
      page.used -= 1;
      this.memory.write(page.frame + slot * SLOT_BYTES, new Uint8Array(SLOT_BYTES).fill(NO_CODE));
    }
    if (page.used > 0) return;
    this.pages.delete(page);
    this.memory.frames.release(page.frame);
  }
  gone(): void { for (const resident of [...this.residents]) resident.spaceGone(); }
}

/** Called at slot `head`: the rest follows, or lies elsewhere in the page. */
function placeIn(page: CodePage, resident: Resident, head: number, count: number): Place | null {
  if (page.isFree(head, count, resident)) return { page, head, body: head, count };
  const body = page.isFree(head, 1, resident) ? page.run(count, resident, head) : -1;
  return body === -1 ? null : { page, head, body, count };
}

/** struct code_page: owners 8 * 102, list 16, page 8, count 8, of kmalloc-1k. */
const PAGE_STRUCT_BYTES = 1024;
/** An instance: object, mm, page 24, two list heads 32, slots 8, steps' offsets up to 32: kmalloc-96. */
const INSTANCE_BYTES = 96;

/** All generated code of a machine. */
export class CodeMemory {
  private readonly spaces = new Map<AddressSpace, CodeSpace>();

  /** The pages of the address space a task runs in. */
  of({ process: { memory, system } }: KernelTask): CodeSpace {
    let pages = this.spaces.get(memory);
    if (pages === undefined) {
      const made = pages = new CodeSpace(memory, system.memory);
      this.spaces.set(memory, made);
      memory.atRelease(() => { made.gone(); this.spaces.delete(memory); });
    }
    return pages;
  }
  /** Frames of code. */
  get frames(): readonly Pa[] { return [...this.spaces.values()].flatMap(({ pages }) => Array.from(pages, ({ frame }) => frame)); }
  get instances(): number {
    let sum = 0;
    for (const { residents } of this.spaces.values()) sum += residents.size;
    return sum;
  }
  /** What the kernel keeps for it beside the frames. */
  get bytes(): number { return this.frames.length * PAGE_STRUCT_BYTES + this.instances * INSTANCE_BYTES; }
}
