/** Numbers and layouts of the trampfd RFC v1 (28 July 2020, include/uapi/linux/trampfd.h). Little-endian, without padding. */
import { PROT_EXEC, PROT_NONE, PROT_READ } from '../mmu/vma.ts';
import { MAP_PRIVATE } from '../syscalls/uapi.ts';

/** Types by number. The RFC has the first alone, and would count on from there: those it does not have are far away, so that it refuses what it always refused. */
export const TYPES = { USER: 0, FAULT: 0x101, EMULATE: 0x102, INTERPRET: 0x103, KERNEL: 0x104 } as const;
export const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, type]): [number, string] => [type, `TRAMPFD_${name}`]));
/** struct trampfd_user { u32 flags; u32 reserved }. */
export const USER_BYTES = 8;
/** Its one flag, which the RFC does not have, and which is far from those it might get: the kernel generates code (*fast*; it takes memory) instead of serving a fault (*slow*; none). */
export const FAST = 0x1_0000;

/** Contexts are files within the file: each at a symbolic offset. */
export const MAP_OFFSET = 0, REGS_OFFSET = 1, STACK_OFFSET = 2, ALLOWED_PCS_OFFSET = 3, OFFSETS = 4;

/** struct trampfd_map { u32 size, prot, flags, offset, ioffset, reserved }: how a TRAMPFD_USER is to be mapped. */
export const MAP_BYTES = 24;
export const USER_MAP = { size: 4096, prot: PROT_NONE, flags: MAP_PRIVATE, offset: 0, ioffset: 0 } as const;
/** The same with FAST; ioffset is whatever byte of the page the trampoline has. */
export const FAST_PROT = PROT_READ | PROT_EXEC;

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

// — the table form (RFC v2, 22 September 2020) —

/** struct trampfd_info { u32 ntrampolines, code_size, code_offset, reserved }: what the kernel generates on x86-64. */
export const INFO_BYTES = 16;
export const TABLE = { entryBytes: 40, entries: 102, offset: 4096 } as const;
/** struct trampfd_code { u32 ntrampolines, reg; u64 table } and struct trampfd_data { u32 reg, reserved; u64 table }, at their offsets. */
export const CODE_OFFSET = 0, DATA_OFFSET = 1, TABLE_OFFSETS = 2, TABLE_BYTES = 16;
/** Names as in RFC v1 without eip and rip: 0 … 6 are 32-bit ones, rax is 7, r15 21. */
export const FIRST_TABLE_NAME = 7;

// — the system-call form, 442 to 447 —

export const CALL_FLAGS = {
  /** The target is an ID, not an address; for tramp_create: so is the result. */
  BY_ID: 1,
  /** tramp_set: which contexts to replace. */
  SET_REGS: 2, SET_STACK: 4,
  /** tramp_share: map it here. */
  ATTACH: 8,
  /** tramp_create and tramp_share: the ID outlives who made it. */
  PERSIST: 16,
  /** tramp_create: code is generated, as FAST asks of a descriptor's. */
  WANTS_FAST: 32,
  /** tramp_create: the trampoline's code is a system call, ENTER_CALL. */
  WANTS_GATE: 64,
} as const;
/** As the bits of a mode: to read contexts, to change them, to map it and so to call it; and all bits there are. */
export const CALL_RIGHTS = { READ: 4, WRITE: 2, EXECUTE: 1, MODE: 0o777 } as const;
/** struct tramp_context { u32 nregs, stack_size, stack_flags, stack_offset; { u32 name, reserved; u64 value } regs[nregs]; u8 data[stack_size] }. */
export const CONTEXT_HEADER_BYTES = 16;
/** tramp_enter. Linux's table for x86-64 leaves 387 to 423 free for good ("don't use numbers 387 through 423"). */
export const ENTER_CALL = 423;
