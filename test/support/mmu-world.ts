/** A small world for memory tests: a machine's memory, an address space, and a CPU that only loads, stores and fetches. */
import { LinearMemory, PAGE_BYTES } from '../../src/base/layout.ts';
import type { Pa, Va } from '../../src/base/types.ts';
import { hiOf, loOf } from '../../src/base/words.ts';
import { AddressSpace, type FaultVerdict, type MapRequest } from '../../src/mmu/address-space.ts';
import { Frames } from '../../src/mmu/frames.ts';
import { ACCESS, Mmu } from '../../src/mmu/mmu.ts';
import type { UserRegisters } from '../../src/mmu/user.ts';
import { type Mappable, PROT_READ, PROT_WRITE, type Vma } from '../../src/mmu/vma.ts';

export const NO_REGISTERS: UserRegisters = {
  rip: 0, rsp: 0, low: () => 0, high: () => 0, setWords() {}, get: () => 0n, set() {},
};
export const RW = PROT_READ | PROT_WRITE;

export class World {
  readonly memory: LinearMemory;
  readonly frames: Frames;
  readonly mmu: Mmu;
  space: AddressSpace;

  constructor({ memoryBytes = 4 << 20, limit = Infinity } = {}) {
    this.memory = new LinearMemory(memoryBytes);
    this.frames = new Frames(this.memory, limit);
    this.mmu = new Mmu(this.memory, this.frames);
    this.space = this.newSpace();
    this.space.activate();
  }
  newSpace(): AddressSpace {
    const space = AddressSpace.create(this.mmu);
    if (space === null) throw new Error('no frame for a root');
    return space;
  }
  /** Anonymous, private, read-write, anywhere: but for what `request` says. */
  map(request: Partial<MapRequest>): number {
    return this.space.map({
      at: 0, length: PAGE_BYTES, prot: RW, fixed: request.at !== undefined, shared: false, noReserve: true, object: null, offset: 0, ...request,
    });
  }
  /** One access as the CPU makes it, faults resolved and retried; a verdict where that does not help. */
  access(at: Va, access: number): Pa | Exclude<FaultVerdict, 'resume'> {
    for (let tries = 0; tries < 3; tries++) {
      const pa = this.mmu.probe(loOf(at), hiOf(at), access);
      if (pa !== -1) return pa;
      const verdict = this.space.resolve(this.mmu.fault, NO_REGISTERS);
      if (verdict !== 'resume') return verdict;
    }
    throw new Error(`the fault at 0x${at.toString(16)} comes again`);
  }
  load(at: Va): number | string {
    const pa = this.access(at, ACCESS.read);
    return typeof pa === 'number' ? this.memory.u8[pa]! : pa;
  }
  store(at: Va, byte: number): number | string {
    const pa = this.access(at, ACCESS.write);
    if (typeof pa !== 'number') return pa;
    this.mmu.beforeWrite(pa, 1);
    this.memory.u8[pa] = byte;
    return byte;
  }
  fetch(at: Va): number | string {
    const pa = this.access(at, ACCESS.execute);
    return typeof pa === 'number' ? this.memory.u8[pa]! : pa;
  }
}

/** A file of whole pages, in memory. */
export class TestObject implements Mappable {
  readonly name: string;
  readonly device = '08:01';
  readonly inode = 42;
  readonly pages: Pa[];
  /** Mappings that came, less those that went; and every word about them. */
  mappings = 0;
  readonly log: string[] = [];
  isOutOfMemory = false;
  private readonly world: World;
  constructor(world: World, name: string, pages: number) {
    this.world = world; this.name = name;
    this.pages = Array.from({ length: pages }, () => world.frames.allocate());
    for (const [k, pa] of this.pages.entries()) world.memory.u8.fill(0x10 + k, pa, pa + PAGE_BYTES);
  }
  page(offset: number): Pa | null | 'no-memory' { return this.isOutOfMemory ? 'no-memory' : this.pages[offset / PAGE_BYTES] ?? null; }
  mapped(vma: Vma): void { this.mappings += 1; this.log.push(`+${vma.start.toString(16)}-${vma.end.toString(16)}`); }
  unmapped(vma: Vma): void { this.mappings -= 1; this.log.push(`-${vma.start.toString(16)}-${vma.end.toString(16)}`); }
  release(): void { for (const pa of this.pages) this.world.frames.release(pa); }
}

/** `start-end rwxp offset name` of every mapping, addresses in pages from `base`. */
export function layout(space: AddressSpace, base: Va): string[] {
  return space.vmas.map(v => {
    const bits = (v.prot & 1 ? 'r' : '-') + (v.prot & 2 ? 'w' : '-') + (v.prot & 4 ? 'x' : '-') + (v.shared ? 's' : 'p');
    const offset = v.object === null || v.object.name.startsWith('/dev/zero') ? '' : ` ${v.object.name}+${v.offset / PAGE_BYTES}`;
    return `${(v.start - base) / PAGE_BYTES}-${(v.end - base) / PAGE_BYTES} ${bits}${offset}`;
  });
}
