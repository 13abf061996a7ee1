/** Names for addresses and addresses for names: the symbols of a process's program and of the files mapped into it (System V gABI ch. 4, "Symbol Table"). */
import type { Va } from '../base/types.ts';
import { lastName } from '../host/path.ts';
import { type ElfImage, type ElfSymbol, parseElf } from '../loader/elf.ts';
import type { Mappable } from '../mmu/vma.ts';
import { HostPages } from '../syscalls/pages.ts';
import type { KernelProcess } from '../syscalls/process.ts';

/** A file in memory: what was added to its addresses, and its symbols by address. */
export interface Module { readonly image: ElfImage; readonly bias: number; readonly name: string; readonly symbols: readonly ElfSymbol[] }
export interface Named { readonly name: string; readonly start: Va; readonly size: number }

/** Symbols of size 0 reach up to the next; of others that overlap, this many are looked at. */
const OVERLAPS_MAX = 16;

function sorted(image: ElfImage): readonly ElfSymbol[] {
  return [...image.symbols].sort((a, b) => a.address - b.address || Number(a.isFunction) - Number(b.isFunction));
}

export class Names {
  private readonly symbols = new WeakMap<ElfImage, readonly ElfSymbol[]>();
  private readonly images = new WeakMap<Mappable, ElfImage | string>();

  /** The program first. */
  modules(process: KernelProcess): readonly Module[] {
    const { image, bias, path } = process.executable, seen = new Set<Mappable>();
    const modules = [this.module(image, bias, lastName(path))];
    for (const { object, start, offset } of process.memory.vmas) {
      if (!(object instanceof HostPages) || object.name === path || seen.has(object)) continue;
      seen.add(object);
      const file = this.imageOf(object), segment = typeof file === 'string' ? undefined : file.segments.find(s => offset >= s.offset && offset < s.offset + s.fileBytes);
      if (typeof file !== 'string' && segment !== undefined) modules.push(this.module(file, start - (segment.address + offset - segment.offset), lastName(object.name)));
    }
    return modules;
  }
  private imageOf(pages: HostPages): ElfImage | string {
    let image = this.images.get(pages);
    if (image === undefined) this.images.set(pages, image = parseElf({ length: pages.stat.size, read: (at, length) => pages.bytes(at, length) }, 'read'));
    return image;
  }
  private module(image: ElfImage, bias: number, name: string): Module {
    let symbols = this.symbols.get(image);
    if (symbols === undefined) this.symbols.set(image, symbols = sorted(image));
    return { image, bias, name, symbols };
  }
  moduleAt(process: KernelProcess, at: Va): Module | null {
    return this.modules(process).find(({ image, bias }) => image.segments.some(s => at - bias >= s.address && at - bias < s.address + s.memoryBytes)) ?? null;
  }
  /** The symbol an address belongs to. */
  around(process: KernelProcess, at: Va): Named | null {
    const module = this.moduleAt(process, at);
    if (module === null) return null;
    const { symbols, bias } = module, address = at - bias;
    let low = 0, high = symbols.length;
    while (low < high) { const middle = (low + high) >> 1; if (symbols[middle]!.address <= address) low = middle + 1; else high = middle; }
    for (let k = low - 1; k >= Math.max(0, low - OVERLAPS_MAX); k--) {
      const { name, address: start, size } = symbols[k]!;
      if (size === 0 || address < start + size) return { name, start: start + bias, size };
    }
    return null;
  }
  /** `main+0x10`, or where in a library; null: nothing is known. */
  at(process: KernelProcess, at: Va): string | null {
    const named = this.around(process, at);
    if (named !== null) return at === named.start ? named.name : `${named.name}+0x${(at - named.start).toString(16)}`;
    const module = this.moduleAt(process, at);
    return module === null || module.image === process.executable.image ? null : `${module.name}+0x${(at - module.bias).toString(16)}`;
  }
  find(process: KernelProcess, name: string): Named | null {
    for (const { symbols, bias } of this.modules(process)) {
      const symbol = symbols.find(each => each.name === name && each.isFunction) ?? symbols.find(each => each.name === name);
      if (symbol !== undefined) return { name, start: symbol.address + bias, size: symbol.size };
    }
    return null;
  }
  /** Those that begin like this, in order. */
  beginning(process: KernelProcess, prefix: string): readonly string[] {
    const found = new Set<string>();
    for (const { symbols } of this.modules(process)) for (const { name } of symbols) if (name.startsWith(prefix)) found.add(name);
    return [...found].sort();
  }
}
