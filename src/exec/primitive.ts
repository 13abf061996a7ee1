/**
 * Operations on values that are not integers: floats and vectors. Each is a row: a name (that of the WebAssembly
 * instruction where one exists), the size of its result, and what it does to scratch words.
 */
import { MXCSR_AT_START, watchOf } from './mxcsr.ts';

/** Dot products have products, sums, and sums of sums. */
export const STAGES_MAX = 2;

/** Views over one small buffer in which an interpreter's Temps live. A Temp is the index of its first 32-bit word; it is even. */
export class Scratch {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  /** MXCSR as floats are to be computed, what it makes them look for, and the exceptions they raised since somebody cleared it. */
  control: number = MXCSR_AT_START;
  watch = watchOf(MXCSR_AT_START);
  raised = 0;
  /** How many times an operation of several stages may go on to the next. */
  stages: number = STAGES_MAX;
  constructor(words: number, buffer: ArrayBufferLike = new ArrayBuffer(words * 4), at = 0) {
    this.i32 = new Int32Array(buffer, at, words); this.u32 = new Uint32Array(buffer, at, words);
    this.i16 = new Int16Array(buffer, at, 2 * words); this.u16 = new Uint16Array(buffer, at, 2 * words);
    this.i8 = new Int8Array(buffer, at, 4 * words); this.u8 = new Uint8Array(buffer, at, 4 * words);
    this.f32 = new Float32Array(buffer, at, words); this.f64 = new Float64Array(buffer, at, words >> 1);
  }
  /** Before every operation on floats. */
  begin(control: number, watch: number, stages: number = STAGES_MAX): void {
    this.control = control; this.watch = watch; this.raised = 0; this.stages = stages;
  }
}

export interface Primitive {
  readonly name: string;
  /** Bytes of the result: 4, 8 (an integer or scalar Temp) or 16 (a vector Temp). */
  readonly size: 4 | 8 | 16;
  /** It reads `control` and may set bits of `raised`. */
  readonly raises: boolean;
  /** `r`, `a`, `b`, `c` index 32-bit words of the scratch. `r` never overlaps an input. Results of 4 bytes clear the second word. */
  readonly run: (s: Scratch, r: number, a: number, b: number, c: number) => void;
}
