/** 64-bit values as two 32-bit words, and the doubles that hold user addresses. */
import type { i32, Va } from './types.ts';

export const WORD = 0x1_0000_0000;

/** The address whose words are `lo` and `hi`; exact for every address below 2^53. */
export function vaOf(lo: i32, hi: i32): Va { return (hi >>> 0) * WORD + (lo >>> 0); }
/** The address whose words are `lo` and `hi`, less 2^64 in the upper half: exact for every canonical address. */
export function addressOf(lo: i32, hi: i32): Va { return hi * WORD + (lo >>> 0); }
/** Whether an address with this high word is canonical (SDM vol. 1 §3.3.7.1). */
export function isCanonical(hi: i32): boolean { return hi >> 15 === 0 || hi >> 15 === -1; }
/** Low word of an address below 2^53. */
export function loOf(va: Va): i32 { return va | 0; }
/** High word of an address below 2^53; negative ones are of the upper half. */
export function hiOf(va: Va): i32 { return Math.floor(va / WORD) | 0; }
/** The 64-bit unsigned value of two words. For cold paths: it allocates. */
export function bigOf(lo: i32, hi: i32): bigint { return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0); }
