/** Bits of a paging-structure entry (SDM 3A §4.5.5, table 4-20), and what protections become in it. */
import type { i32 } from '../base/types.ts';
import { PROT_EXEC, PROT_NONE, PROT_WRITE } from './vma.ts';

/** Bits of the low word. */
export const PTE = { present: 1, writable: 2, user: 4, accessed: 0x20, dirty: 0x40, large: 0x80, frame: 0x7ffff000 } as const;
/** Bit 63, in the high word. */
export const NX_HIGH = 0x8000_0000 | 0;
/** Bits 51:32 hold an address: zero, because there are less than 2^31 bytes of physical memory. */
export const RESERVED_HIGH = 0x000f_ffff;

/** An upper-level entry grants everything; the leaf decides. */
export const TABLE_BITS = PTE.present | PTE.writable | PTE.user;

/**
 * The low bits of a leaf. x86 has no page that can be written or executed but not read. PROT_NONE is a leaf
 * that keeps its frame but is not present (as Linux's _PAGE_PROTNONE): only an entry of 0 holds nothing.
 */
export function leafBits(prot: number, mayWrite: boolean): i32 {
  if (prot === PROT_NONE) return PTE.user;
  return PTE.present | PTE.user | (mayWrite && (prot & PROT_WRITE) !== 0 ? PTE.writable : 0);
}
export function leafHigh(prot: number): i32 { return (prot & PROT_EXEC) === 0 ? NX_HIGH : 0; }

/** Indices of an address into the four tables, times the two words of an entry. */
export function wordInPml4(hi: i32): number { return ((hi >>> 7) & 511) << 1; }
export function wordInPdpt(lo: i32, hi: i32): number { return (((hi << 2) | (lo >>> 30)) & 511) << 1; }
export function wordInDirectory(lo: i32): number { return ((lo >>> 21) & 511) << 1; }
export function wordInTable(lo: i32): number { return ((lo >>> 12) & 511) << 1; }
