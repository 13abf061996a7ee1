/**
 * Where a program of random cases keeps things. A case is a record: registers, flags, what went wrong, extended state, and a window of memory that
 * its operands lie in. The record is copied to fixed addresses, loaded, and written back with what the instruction made of it.
 */
import type { Family } from './forms.ts';

/** Byte offsets in a record. */
export const AT = {
  gpr: 0, flags: 128,
  /** What a signal handler was told (0: there was no signal), and how far RIP was from the instruction. */
  signal: 136, code: 140, address: 144, rip: 160,
  mxcsr: 152,
  /** 1: control went where the branch says. */
  taken: 156,
  extended: 192,
} as const;
/** 0: none; sixteen XMM registers; sixteen YMM registers; FXSAVE's image. */
export type Extended = 'none' | 'xmm' | 'ymm' | 'fxsave';
export const EXTENDED_OF: Readonly<Record<Family, Extended>> = { integer: 'none', sse: 'xmm', avx: 'ymm', x87: 'fxsave', mmx: 'fxsave' };
const EXTENDED_BYTES: Readonly<Record<Extended, number>> = { none: 0, xmm: 256, ymm: 512, fxsave: 512 };
export const headerBytes = (extended: Extended): number => AT.extended + EXTENDED_BYTES[extended];

export const TEXT = 0x400000, SLOTS = 0x401000, SLOT_BYTES = 48;
/** Where the signal handler's and the harness's stack ends; then the harness's own words. */
export const STACK_END = 0x10008000, WORDS = 0x10008000;
export const DATA = 0x10000000;
/** The window begins so many bytes before a page ends: operands may straddle. */
export const WINDOW = 0x1000a000 - 64;
export const DESCRIPTORS = 0x1000c000, DESCRIPTOR_BYTES = 16;
export const SNIPPETS_MAX = 2000;
export const RECORDS = 0x10014000;
/** Behind the records: what goes wild at the end of memory touches no record. */
export const MARGIN_BYTES = 0x2000;
