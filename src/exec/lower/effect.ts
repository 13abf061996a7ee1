/** What an instruction does besides computing values, in its order: recorded first, written as code once it is known what is used. */
import type { Size } from '../../base/types.ts';
import type { Instruction, Operand } from '../../decoder/instruction.ts';
import type { Helper } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Close } from './primitives/watched.ts';
import type { Value } from '../../wasm/values.ts';

export type Effect =
  /** `to` = memory at `address`. `keepsPlace`: it is checked for writing, and `store-back` writes there. */
  | { readonly kind: 'load'; readonly address: Value; readonly size: Size; readonly aligned: boolean; readonly to: Value; readonly keepsPlace: boolean }
  /** 32 bytes, in two parts. */
  | { readonly kind: 'load-wide'; readonly address: Value; readonly aligned: boolean; readonly lower: Value; readonly upper: Value }
  | { readonly kind: 'store'; readonly address: Value; readonly value: Value; readonly size: Size; readonly aligned: boolean }
  | { readonly kind: 'store-wide'; readonly address: Value; readonly lower: Value; readonly upper: Value; readonly aligned: boolean }
  | { readonly kind: 'store-back'; readonly value: Value; readonly size: Size }
  | { readonly kind: 'probe'; readonly address: Value; readonly size: Size }
  /** A general register becomes a value of 64 bits. */
  | { readonly kind: 'register'; readonly index: number; readonly value: Value }
  | { readonly kind: 'vector'; readonly index: number; readonly value: Value }
  | { readonly kind: 'upper'; readonly index: number; readonly value: Value }
  | { readonly kind: 'clear-uppers' }
  | { readonly kind: 'flags'; readonly rule: number; readonly size: Size; readonly result: Value; readonly a: Value; readonly b: Value }
  /** All six flags are computed into `eflags`. */
  | { readonly kind: 'settle' }
  | { readonly kind: 'eflags'; readonly mask: number; readonly value: Value }
  | { readonly kind: 'when'; readonly condition: Value; readonly before: Value }
  | { readonly kind: 'end'; readonly isConditional: boolean }
  /** Leaves to the interpreter where the condition holds: it knows what to raise. */
  | { readonly kind: 'give-up'; readonly condition: Value }
  /** Calls a primitive that has no instructions of its own. */
  | { readonly kind: 'primitive'; readonly called: Called; readonly to: Value }
  /** `to` = `fast`; where one of `tests` is not 0, what `close` makes of it and `operands`, or the primitive. Nodes from `before` on are the operation's own. */
  | {
    readonly kind: 'float'; readonly fast: Value; readonly tests: readonly Value[]; readonly close: Close; readonly operands: readonly Value[]; readonly called: Called;
    /** What makes a failed last test none, or -1. */
    readonly excuse: Value;
    /** Whether what the primitive gave is a denormal or a NaN that has to be remembered. */
    readonly odd: readonly Value[];
    readonly before: Value; readonly to: Value;
  }
  /** 64-bit division, where the dividend may not fit 64 bits. */
  | { readonly kind: 'divide'; readonly high: Value; readonly low: Value; readonly divisor: Value; readonly size: Size; readonly isSigned: boolean; readonly to: Value }
  | { readonly kind: 'help'; readonly helper: Helper; readonly instruction: Instruction }
  | { readonly kind: 'jump'; readonly to: Value }
  | { readonly kind: 'branch'; readonly condition: Value; readonly operand: Operand };

/** A primitive and its operands, vectors or wide. */
export interface Called { readonly primitive: Primitive; readonly operands: readonly Value[] }
