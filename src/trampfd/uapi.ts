/** Numbers and layouts of the trampfd RFC v1 (28 July 2020, include/uapi/linux/trampfd.h). Little-endian, without padding. */
import { PROT_NONE } from '../mmu/vma.ts';
import { MAP_PRIVATE } from '../syscalls/uapi.ts';

/** Types by number. */
export const TYPE_NAMES = ['TRAMPFD_USER'] as const;
/** struct trampfd_user { u32 flags; u32 reserved }. */
export const USER_BYTES = 8;

/** Contexts are files within the file: each at a symbolic offset. */
export const MAP_OFFSET = 0, REGS_OFFSET = 1, STACK_OFFSET = 2, ALLOWED_PCS_OFFSET = 3, OFFSETS = 4;

/** struct trampfd_map { u32 size, prot, flags, offset, ioffset, reserved }: how a TRAMPFD_USER is to be mapped. */
export const MAP_BYTES = 24;
export const USER_MAP = { size: 4096, prot: PROT_NONE, flags: MAP_PRIVATE, offset: 0, ioffset: 0 } as const;

export const MAX_REGS = 40, MAX_DATA_SIZE = 64, MAX_STACK_OFFSET = 256, MAX_PCS = 16;
/** struct trampfd_stack, flags: rsp moves to the pushed data. */
export const SET_SP = 1;

/** A structure of a header and so many elements: what a read or a write of it may count. */
export interface Extent { readonly header: number; readonly element: number; readonly most: number }
const extent = (header: number, element: number, elements: number): Extent => ({ header, element, most: header + element * elements });
/** struct trampfd_regs { u32 nregs, reserved; { u32 name, reserved; u64 value } regs[] }. */
export const REGS = extent(8, 16, MAX_REGS);
/** struct trampfd_stack { u32 flags, offset, size, reserved; u8 data[] }. */
export const STACK = extent(16, 1, MAX_DATA_SIZE);
/** struct trampfd_values { u32 nvalues, reserved; u64 values[] }. */
export const VALUES = extent(8, 8, MAX_PCS);

/**
 * enum reg_64_name, after the eight 32-bit names: rax rbx rcx rdx rsi rdi rbp r8 … r15 rip. There is no name for rsp.
 * Here as general register numbers; rip, the last, has none.
 */
export const FIRST_NAME = 8, RIP_NAME = 23;
export const REGISTER_OF_NAME: readonly number[] = [0, 3, 1, 2, 6, 7, 5, 8, 9, 10, 11, 12, 13, 14, 15];
