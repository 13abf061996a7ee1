/** Virtual memory areas (Linux: struct vm_area_struct, vm_operations_struct; gVisor: memmap.Mappable). */
import type { Pa, Va } from '../base/types.ts';
import type { PageFault } from './fault.ts';
import type { UserMemory, UserRegisters } from './user.ts';

/** Bits as mmap(2) numbers them. */
export const PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
export const PROT_ALL = 7;

/** Where an object's bytes come from: no file, a file made in memory, a file of the file system, the kernel itself. */
export type Origin = 'memory' | 'memfd' | 'file' | 'trampoline';

/** A mapped object, as the memory manager sees it. */
export interface Mappable {
  /** What /proc/self/maps shows in its last column. */
  readonly name: string;
  /** For security policies; absent: 'memory'. */
  readonly origin?: Origin;
  /** The device and inode columns of /proc/self/maps; absent: 00:00 and 0. */
  readonly device?: string;
  readonly inode?: number;
  /**
   * The physical page behind byte `offset` (page-aligned) of the object, or null where the object ends (SIGBUS), or
   * 'no-memory'. The object keeps its own reference to the page; the caller takes another for each mapping of it.
   */
  page(offset: number, forWrite: boolean): Pa | null | 'no-memory';
  /** Offered every access the mapping's protection forbids. `true`: taken, resume the task. Neither allocates nor throws. */
  denied?(vma: Vma, fault: PageFault, registers: UserRegisters, memory: UserMemory): boolean;
  /** Offered a task that a signal or others' turns interrupt with RIP in the mapping: it may move it on to where it can be interrupted. */
  leave?(vma: Vma, registers: UserRegisters, memory: UserMemory): void;
  /** Offered, while it is mapped anywhere in the address space, every fetch that another mapping `vma` forbids and its object does not take. As `denied`. */
  deniedElsewhere?(vma: Vma, fault: PageFault, registers: UserRegisters, memory: UserMemory): boolean;
  /** MADV_REMOVE: bytes [from, to) are to be zero, in every mapping. Absent: it cannot. */
  punch?(from: number, to: number): void;
  /** A mapping of it came to be (mmap, a split, fork) or went away (munmap, exit). */
  mapped?(vma: Vma): void;
  unmapped?(vma: Vma): void;
}

export interface Vma {
  readonly start: Va;
  readonly end: Va;
  /** PROT_* bits. */
  readonly prot: number;
  /** What mprotect may grant at most. */
  readonly maxProt: number;
  readonly shared: boolean;
  /** Shared, and there was a time when it could be written. */
  readonly wasWritable?: boolean;
  /** false: fork does not copy it. */
  readonly inherit: boolean;
  /** Never merged with a neighbour, never resized or moved (Linux: VM_SPECIAL). */
  readonly special: boolean;
  /** Grows down on a fault just below it (MAP_GROWSDOWN; the stack). */
  readonly growsDown: boolean;
  /** A child of fork finds zeros here (MADV_WIPEONFORK). */
  readonly wipes?: boolean;
  readonly object: Mappable | null;
  /** Byte offset into the object of `start`. */
  readonly offset: number;
  /** `[heap]`, `[stack]`; otherwise the object's name, or empty. */
  readonly label: string;
}
