/** Puts an executable into an address space as execve does (fs/binfmt_elf.c's order of things; elf(5)). */
import type { AddressSpace } from '../mmu/address-space.ts';
import type { Mappable } from '../mmu/vma.ts';
import { PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE } from '../mmu/vma.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import { ENOMEM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { PF_R, PF_W, PF_X, type ElfImage, type Segment } from './elf.ts';

/** Where position-independent programs with an interpreter go: two thirds of user space, Linux's ELF_ET_DYN_BASE without randomisation. */
export const PIE_BASE: Va = 0x5555_5555_4000;
/** Where the heap of those without begins (ELF_ET_DYN_BASE again, as a page's end): they themselves lie where mmap puts things. */
const HEAP_BASE: Va = PIE_BASE + PAGE_BYTES;
export const STACK_TOP: Va = 0x7fff_ffff_f000;
/** What is mapped below the first RSP; the rest grows on demand. */
const STACK_SPARE_BYTES = 0x20000;

export interface Loaded {
  /** What was added to every address of the file. */
  readonly bias: number;
  readonly entry: Va;
  /** Where the heap starts. */
  readonly heap: Va;
}

/** Maps every PT_LOAD; -errno where the address space refuses. The interpreter of another program goes wherever mmap puts it. */
export function mapImage(space: AddressSpace, image: ElfImage, file: Mappable, role: 'program' | 'interpreter'): Loaded | number {
  const first = pageFloor(image.segments[0]?.address ?? 0);
  const end = image.segments.reduce((most, { address, memoryBytes }) => Math.max(most, pageCeiling(address + memoryBytes)), 0);
  const isPlaced = image.isPositionIndependent && (role === 'interpreter' || image.interpreter === null);
  const at = isPlaced ? placeOf(space, end - first, role === 'interpreter' ? PAGE_BYTES : image.alignment)
    : image.isPositionIndependent ? floorTo(PIE_BASE, image.alignment) : first;
  if (at < 0) return at;
  const bias = at - first;
  for (const segment of image.segments) {
    const error = mapSegment(space, segment, bias, file);
    if (error < 0) return error;
  }
  return { bias, entry: bias + image.entry, heap: isPlaced ? HEAP_BASE : bias + end };
}
/** Where mmap would put so many bytes. */
function placeOf(space: AddressSpace, length: number, alignment: number): Va | number {
  const spare = alignment - PAGE_BYTES;
  const at = space.map({ at: 0, length: length + spare, prot: PROT_NONE, fixed: false, shared: false, object: null, offset: 0 });
  if (at >= 0) space.unmap(at, length + spare);
  return at < 0 ? at : floorTo(at + spare, alignment);
}

function mapSegment(space: AddressSpace, s: Segment, bias: number, file: Mappable): number {
  const start = pageFloor(bias + s.address), fileEnd = bias + s.address + s.fileBytes, end = bias + s.address + s.memoryBytes;
  const prot = (s.flags & PF_R ? PROT_READ : 0) | (s.flags & PF_W ? PROT_WRITE : 0) | (s.flags & PF_X ? PROT_EXEC : 0);
  let zeroFrom = start;
  if (s.fileBytes > 0) {
    zeroFrom = pageCeiling(fileEnd);
    const offset = pageFloor(s.offset);
    const mapped = space.map({ at: start, length: zeroFrom - start, prot, fixed: true, shared: false, object: file, offset });
    if (mapped < 0) return mapped;
    // The last page of the file's part may hold bytes that belong to something else in the file. What lies beyond the segment is the program's, too:
    // glibc's ld.so begins its heap there.
    if (end > fileEnd && zeroFrom > fileEnd) space.poke(fileEnd, new Uint8Array(zeroFrom - fileEnd));
  }
  if (pageCeiling(end) <= zeroFrom) return 0;
  const length = pageCeiling(end) - zeroFrom;
  return Math.min(0, space.map({ at: zeroFrom, length, prot, fixed: true, shared: false, object: null, offset: 0 }));
}

/** Maps the stack and copies its first contents in. */
export function mapStack(space: AddressSpace, pointer: Va, contents: Uint8Array, isExecutable: boolean): number {
  const start = pageFloor(pointer) - STACK_SPARE_BYTES;
  const prot = PROT_READ | PROT_WRITE | (isExecutable ? PROT_EXEC : 0);
  const mapped = space.map({
    at: start, length: STACK_TOP - start, prot, fixed: true, shared: false, growsDown: true, object: null, offset: 0, label: '[stack]',
  });
  if (mapped < 0) return mapped;
  return space.copyOut(pointer, contents) ? 0 : -ENOMEM;
}

function floorTo(address: number, alignment: number): number { return Math.floor(address / alignment) * alignment; }
function pageFloor(address: number): number { return floorTo(address, PAGE_BYTES); }
function pageCeiling(address: number): number { return Math.ceil(address / PAGE_BYTES) * PAGE_BYTES; }
