/**
 * Decoded code as it lies in linear memory: a header for every address that code goes to, and a record for every instruction of its block.
 * Headers stay where they are, so that branches point to them from the beginning, whether or not there is a block behind.
 */
import type { Va } from '../../base/types.ts';
import { vaOf } from '../../base/words.ts';
import { ENDING } from '../block.ts';

/** The place of threaded code in the table of functions. */
export const SLOT_OF_THREADS = 1;

/** Byte offsets in a header. */
export const HEADER = {
  /** How often the block may still be executed: 0 where there is none. Of what is kept and stands alone: how often it was, as a negative number. */
  countdown: 0,
  /** The MMU's epoch in which its translation was last found good. */
  epoch: 4,
  /** How many instructions there are, and the first record. Of what is kept and stands alone: its number (semantics/implicit.ts). */
  count: 8, body: 12,
  /** Of all: what dispatching takes, and how far execution falls behind, in parts of a cycle. Of what is kept and stands alone: what dispatching takes but for going elsewhere. */
  cost: 16, behind: 20, whole: 20,
  address: 24,
  /** Bytes of its code; registers it has nothing of (src/timing/notes.ts). */
  length: 32, killed: 36,
  /** Of code that an earlier run left (kept-code.ts), until this one has made a block of it: 1 and the block's ending, and maybe LOOKS_FAR. */
  origin: 40,
  /** A multiple of 16, as a record's: of what lies beside records (NOTES) there are quarters. */
  bytes: 48,
} as const;

/** In `origin`: it is entered only where code of other pages is what its times were worked out from, or what it goes on with. */
export const LOOKS_FAR = 0x10, ORIGIN_OF_STOP = ENDING.stop + 1;
export const endingOf = (origin: number): number => (origin & ~LOOKS_FAR) - 1;

/** The address that a header is of. */
export function vaOfHeader(words: Int32Array, header: number): Va { return vaOf(words[(header + HEADER.address) >> 2]!, words[(header + HEADER.address + 4) >> 2]!); }

/** Byte offsets in a record. Registers are byte offsets in STATE. */
export const RECORD = {
  /** The number of its handler, in 2 bytes as the next six. */
  handler: 0,
  /** The registers that are operand 0, 1 and 2; or, odd, the number of an instruction without operands (semantics/implicit.ts). */
  operands: 2, implicit: 2,
  base: 8, index: 10,
  /** The register that is operand 3; of a branch, what it costs to have predicted it wrong, in parts of a cycle; odd: execution is drained first. */
  fourth: 12, miss: 12,
  /** Of a conditional branch that is taken: what more dispatching takes, how far execution falls behind, and how far it may be. */
  takenCost: 2, round: 8, behindMax: 6,
  /** What it costs to have predicted a branch by its history or path, times two; odd: where it is not taken, what was behind is forgotten. */
  override: 4,
  /** Which instruction of the block it is (PLACE_MASK); above it, how often it was called, up to CALLS_COUNTED_MAX. */
  place: 14,
  /** A displacement of 8 bytes (relative to RIP: the address), or the headers that a branch goes to: taken and not. */
  displacement: 16, taken: 16, next: 20,
  /** An immediate operand of 8 bytes; where there is none, the address of the next instruction. */
  immediate: 24, nextAddress: 24,
  bytes: 32,
} as const;

/** Of a record's place: a block has at most 64 instructions, and a record behind them. */
export const PLACE_MASK = 0x7f, CALL_COUNTED = 0x80, CALLS_COUNTED_MAX = 256;

/** Handlers that are not those of a form. */
export const HANDLER = {
  /** Has the TypeScript interpreter perform the instruction. */
  call: 0,
  /** Goes on with another block: what stands at the end of one that no branch ends. */
  goOn: 1,
  firstForm: 2,
} as const;
