/** Documentation types: they cost nothing and say what a number means. */
export type u8 = number;
export type u16 = number;
export type u32 = number;
export type i32 = number;
/** A guest virtual address in user space: below 2^47, so a double holds it exactly. */
export type Va = number;
/** A guest physical address: a byte offset into the machine's one linear memory. */
export type Pa = number;
/** Operand sizes, in bytes (0: the operand has no memory size, as LEA's or INVLPG's). */
export type Size = 0 | 1 | 2 | 4 | 6 | 8 | 10 | 16 | 28 | 32 | 512;
