/** One process's memory: VMAs over a page-table root (Linux: struct mm_struct). */
import type { Pa, Va } from '../base/types.ts';
import type { PageFault } from './fault.ts';
import type { UserMemory, UserRegisters } from './user.ts';
import type { Mappable, Vma } from './vma.ts';

export type Access = 'read' | 'write' | 'execute';
export type FaultVerdict = 'resume' | 'no-mapping' | 'denied' | 'past-end' | 'no-memory';

export interface MapRequest {
  /** A hint, or the place itself if `fixed`. */
  readonly at: Va;
  /** Bytes; rounded up to pages. */
  readonly length: number;
  readonly prot: number;
  /** PROT_* bits that mprotect may later grant; PROT_ALL but for shared mappings of files opened read-only. */
  readonly maxProt?: number;
  readonly fixed: boolean;
  /** With `fixed`: -EEXIST instead of replacing what is there (MAP_FIXED_NOREPLACE). */
  readonly keep?: boolean;
  readonly shared: boolean;
  readonly special?: boolean;
  readonly growsDown?: boolean;
  readonly inherit?: boolean;
  readonly object: Mappable | null;
  readonly offset: number;
  readonly label?: string;
}
/** Results below zero are -errno. */
export interface AddressSpace extends UserMemory {
  /** Makes this the space the CPU sees: loads CR3, flushes the TLB. */
  activate(): void;
  /** The slow path of a fault: page in, or offer it to the mapped object, or refuse. Neither allocates nor throws when the object takes it. */
  resolve(fault: PageFault, registers: UserRegisters): FaultVerdict;
  map(request: MapRequest): Va | number;
  unmap(start: Va, length: number): number;
  protect(start: Va, length: number, prot: number): number;
  remap(old: Va, oldLength: number, newLength: number, mayMove: boolean, fixedAt: Va | null): Va | number;
  /** brk(2): the break after the call, which is the old one where it cannot move. */
  setBreak(to: Va): Va;
  find(address: Va): Vma | null;
  readonly vmas: readonly Vma[];
  /** Reads past protection, for debuggers and reports: bytes up to the first that is not mapped. Pages nothing in. */
  peek(at: Va, length: number): Uint8Array;
  /** Writes past protection (copying a private page first). */
  poke(at: Va, bytes: Uint8Array): boolean;
  /** A NUL-terminated string of at most `limit` bytes: its bytes, or -EFAULT, or -ENAMETOOLONG. */
  copyInString(from: Va, limit: number): Uint8Array | number;
  fork(): AddressSpace | null;
  /** Drops every mapping, frame and table. */
  release(): void;
  /** Bytes of page tables, and of data pages mapped. */
  readonly tableBytes: number;
  readonly residentBytes: number;
  translate(address: Va, access: Access): Pa;
}
