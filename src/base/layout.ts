/** The machine's one linear memory: CPU state, then the TLB, tables of predictor and caches, and decoded code, then guest physical pages. */
import { assert } from './assert.ts';

export const PAGE_BYTES = 4096;
export const PAGE_MASK = -4096;

/** Byte offsets of architectural state. Everything here is shared by every performer. */
export const STATE = {
  /** Sixteen general registers of 8 bytes, in encoding order. */
  gpr: 0,
  /** Always zero: the "no base, no index, no segment" register, slot 16. */
  zero: 128,
  /** Slot 17. Between instructions RIP; while one executes, the address of the next. */
  rip: 136,
  /** Lazy flags: which rule, and what it was computed from. `eflags` holds every bit the rule does not own. */
  flagsRule: 144,
  eflags: 148,
  flagsResult: 152,
  flagsA: 160,
  flagsB: 168,
  /** Slots 22 and 23. */
  fsBase: 176,
  gsBase: 184,
  mxcsr: 192,
  fpuControl: 196,
  fpuStatus: 200,
  /** One bit a physical register: 1 = in use (the abridged tag word of FXSAVE). */
  fpuTags: 204,
  /** Retired instructions and cycles, as doubles (both exact: cycles are multiples of 1/64). */
  instructions: 208,
  cycles: 216,
  /** Branches predicted wrong, as a double. */
  branchMisses: 232,
  /** Instructions generated code may still execute before it must come back. */
  left: 240,
  /** Why generated code came back; see src/exec/engine. */
  site: 244,
  /** The MMU's epoch: translations of earlier ones may be stale. */
  epoch: 248,
  /** How far execution is behind dispatch, in parts of a cycle (src/timing/pace.ts). */
  behind: 252,
  /** Sixteen vector registers, 32 bytes each (the upper half is AVX's). */
  vector: 256,
  /** Eight x87 registers by physical number, 16 bytes each: 8 of significand, 2 of sign and exponent. */
  fpu: 768,
  /** Instructions retired by threaded code, as a double: for --stats. */
  threaded: 896,
  /** The near page: one that can be read and written, its address and what to add (as the TLB has it). Code whose accesses stay close together asks here first. */
  near: 904,
  /** The page of an access that missed, for whoever asked. */
  met: 920,
  /** What float operations look for; it follows from MXCSR (src/exec/mxcsr.ts). */
  floatWatch: 936,
  /** There may be a denormal or a NaN in a register of which generated code believes otherwise. */
  floatCareful: 940,
  /** Below which limit results need no second look: four times the same word. */
  floatLimit: 944,
  /** Of the last x87 instruction and its operand in memory: offsets of 8 bytes, their selectors and the opcode of 2. */
  fpuInstruction: 960,
  fpuOperand: 968,
  fpuCode: 976,
  fpuInstructionSelector: 978,
  fpuOperandSelector: 980,
  /** Selectors of es, cs, ss, ds, fs, gs, 2 bytes each. */
  selectors: 1008,
  /** What the machine counted beside the architecture, to the block's end: no task's own. */
  causes: 1024,
  bytes: 1088,
} as const;

/** Where in STATE cycles are counted by cause, as doubles. What has no cause of these is issue: the clock (src/exec/clock.ts) need not count it twice. */
export const CYCLES_OF = { dependencies: 1024, branch: 1032, cache: 1040, tlb: 1048, syscall: 1056, fault: 1064, signal: 1072, trampfd: 1080 } as const;

/** CS and SS, which are not in STATE.selectors: they are always Linux's. */
export const SELECTOR = { code: 0x33, stack: 0x2b } as const;

/** A remembered page: offsets from STATE.near or met of its address, and of what to add to addresses there. */
export const NEAR = { page: 0, addend: 8 } as const;

/** From one vector register to the next in STATE: 16 bytes of XMM, then YMM's upper half. */
export const VECTOR_BYTES = 32;

/** Register numbers beyond the sixteen: slots of 8 bytes from STATE.gpr on. */
export const SLOT = { zero: 16, rip: 17, fs: 22, gs: 23 } as const;

/**
 * The software TLB: 1,024 direct-mapped entries of 32 bytes.
 * +0 read tag, +8 write tag, +16 execute tag (64-bit page addresses; 1 = invalid), +24 addend: pa = low32(va) + addend.
 * The offset of an address's entry is hashed, so that streams a power of two apart do not alias: with `n` the low word of va >> 7,
 * (n ^ n >>> 10 & fold) & mask. (Shifting by 7 leaves the page number where entries of 32 bytes want it; `fold` keeps neighbours apart, which
 * an access to both tells from each other by their tags: without it pages on either side of a multiple of 2 GiB would share an entry.)
 */
export const TLB = { at: 0x1000, entries: 1024, entryBytes: 32, mask: 0x7fe0, fold: 0x3fe0, read: 0, write: 8, execute: 16, addend: 24 } as const;

/** Branch predictor tables (src/timing). */
export const PREDICTOR = { at: 0x10000, bytes: 0x40000 } as const;

/**
 * Where generated code goes on at an address: direct-mapped entries of 32 bytes.
 * +0 the address, +8 the epoch it is good for, +12 the function's slot in the table of functions, +16 its argument.
 * The offset: with `n` the address's low word, (n ^ n >>> 12) << 5 & mask.
 */
export const LOOKUP = { at: 0x50000, entries: 4096, entryBytes: 32, mask: 0x1ffe0, address: 0, epoch: 8, slot: 12, argument: 16 } as const;

/** Where operands lie that do not go through registers: 16 bytes that straddle two pages, then the result and operands of a primitive, and whether it trapped. */
export const STAGING = { at: 0x70000, primitive: 0x70040, trapped: 0x70080, bytes: 0x100 } as const;

/**
 * What the near page is when there is none: one that no program has, because its address is not canonical, in front of a page that nobody uses.
 * (An address is compared to the page and nothing else, so that even a program that goes there finds only zeros.)
 */
export const NOWHERE_NEAR = { lo: 0, hi: 0x5a5a5000, addend: 0x72000 } as const;

/** Constants of vectors that generated code compares results and operands of float operations with; see src/exec/mxcsr.ts. */
export const FLOATS = { leastTwice32: 0x70100, leastTwice64: 0x70110, ones32: 0x70120, denormals32: 0x70130, least64: 0x70140 } as const;

/** Decoded code for the threaded interpreter (src/exec/threaded/record.ts). Pages of it that are never touched cost nothing. */
export const RECORDS = { at: 0x80000, end: 0x1800000 } as const;

/** Of every record, a quarter of its bytes: which registers its loads wait for and what waits for them (src/timing/notes.ts). With detailed timing only. */
export const NOTES = { at: 0x1800000, masks: 0, kind: 4 } as const;

/** Tables of caches and TLBs (src/timing/caches-code.ts), after what they counted and what they are waiting for. */
export const CACHES = { at: 0x1f00000, tables: 0x1f00100, bytes: 0x100000 } as const;

/** What was missed, as doubles: lines in each cache, pages in the TLBs of the first level, walks of page tables; and lines of code that were written where they had been fetched. */
export const COUNTS = {
  l1i: CACHES.at, l1d: CACHES.at + 8, l2: CACHES.at + 16, l3: CACHES.at + 24,
  itlb: CACHES.at + 32, dtlb: CACHES.at + 40, codeWalks: CACHES.at + 48, dataWalks: CACHES.at + 56, codeWritten: CACHES.at + 64,
} as const;

/** Loads under way, as words: how long after dispatch the last of all of them arrives, and of those of the block at hand; how many instructions fit behind them; registers that wait; the cause of the last one's being late, as its place in STATE. */
export const LOADS = { late: CACHES.at + 128, own: CACHES.at + 132, room: CACHES.at + 136, waiting: CACHES.at + 140, cause: CACHES.at + 144 } as const;

/** The first guest physical page. Below it is the emulator's own. */
export const PHYSICAL_AT = 0x2000000;
/** How much of it there may be: all addresses are positive as words; and in what steps (WebAssembly's pages). */
export const PHYSICAL_BYTES_MAX = 0x8000_0000 - PHYSICAL_AT, PHYSICAL_BYTES_STEP = 0x10000;

/**
 * One memory, initial size = maximum: views never detach, untouched pages cost nothing. It is shared, though nobody shares it: V8 takes the size of
 * other memory for garbage to be collected soon, and collects three times while a small program starts.
 */
export class LinearMemory {
  readonly buffer: SharedArrayBuffer;
  readonly wasm: WebAssembly.Memory;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly view: DataView;

  /** @param bytes size of guest physical memory, a multiple of PHYSICAL_BYTES_STEP */
  constructor(bytes: number) {
    assert(bytes > 0 && bytes % PHYSICAL_BYTES_STEP === 0 && bytes <= PHYSICAL_BYTES_MAX, `${bytes} bytes of physical memory`);
    const pages = (bytes + PHYSICAL_AT) / PHYSICAL_BYTES_STEP;
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.buffer = this.wasm.buffer;
    this.i32 = new Int32Array(this.buffer);
    this.u8 = new Uint8Array(this.buffer);
    this.view = new DataView(this.buffer);
  }
}
