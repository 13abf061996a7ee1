/** Writes blocks as records: which handler performs an instruction, and with which registers, values and links. */
import { SLOT, STATE, VECTOR_BYTES } from '../../base/layout.ts';
import type { i32 } from '../../base/types.ts';
import { isCanonical } from '../../base/words.ts';
import { FORM, type Instruction, NONE } from '../../decoder/instruction.ts';
import { type Block, ENDING } from '../block.ts';
import type { Prebuilt } from '../generated/support.ts';
import { UNKNOWN_RULE } from '../lower/instruction-use.ts';
import { ARITHMETIC_FLAGS, type Semantics } from '../ops.ts';
import { implicitNumber } from '../semantics/implicit.ts';
import { nextOf, targetOf } from '../targets.ts';
import { type Form, FormTable, type Shape, Shapes } from './form.ts';
import { HANDLER, RECORD } from './record.ts';

const HALF_MAX = 0xffff;
const NO_HEADER = 0;

/** Where records lie, whether what branches cost is written, and where branches to an address go. */
export interface Places { readonly words: Int32Array; readonly halves: Uint16Array; readonly isTimed: boolean; readonly headerAt: (lo: i32, hi: i32) => number }

export class Translator {
  readonly forms = new FormTable();
  /** Handlers that there are before anything is generated. */
  readonly firstHandlers: number;
  private readonly shapes = new Shapes();
  private readonly words: Int32Array;
  private readonly halves: Uint16Array;
  private readonly isTimed: boolean;
  private readonly headerAt: (lo: i32, hi: i32) => number;
  /** In the block that was written last two handlers do what one will when there is another generation. */
  private isApart = false;

  /** @param prebuilt null: there are no handlers yet */
  constructor({ words, halves, isTimed, headerAt }: Places, prebuilt: Prebuilt | null) {
    this.words = words; this.halves = halves; this.isTimed = isTimed; this.headerAt = headerAt;
    if (prebuilt !== null) {
      const { known } = prebuilt;
      this.shapes.expect(known);
      this.forms.expect(known);
    }
    this.firstHandlers = this.forms.rows.length;
  }
  /** The shape of an instruction, null: its like is called. */
  shapeOf(semantics: Semantics, i: Instruction): Shape | null { return this.shapes.of(semantics, i); }

  /**
   * A block's records, and the one behind them, from `body` on. false: two handlers do there what one will when there is another generation.
   * @param entryRule the rule word it was once entered with
   */
  write(body: number, block: Block, entryRule: number): boolean {
    const { instructions, nextHi } = block, { forms, shapesAt, liveAt } = this, count = instructions.length, second = secondOf(instructions);
    this.isApart = false;
    this.findShapes(block);
    let lo = block.lo, rule: number = UNKNOWN_RULE, guess = entryRule, before: Form | null = null;
    for (let k = 0; k < count; k++) {
      const i = instructions[k]!, shape = shapesAt[k]!, record = body + k * RECORD.bytes;
      lo = (lo + i.length) | 0;
      this.writeRecord(record, k, i, lo, nextHi);
      let form: Form | null = null;
      if (shape === null) guess = rule = UNKNOWN_RULE;
      else {
        const isDead = shape.isDead(liveAt[k]!), isGuess = shape.flagsRead !== 0 && rule === UNKNOWN_RULE && guess !== UNKNOWN_RULE;
        form = shape.form(isGuess ? guess : rule, isGuess, isDead, null, forms);
        if (shape.touchesFlags) guess = UNKNOWN_RULE;
        rule = shape.ruleAfter(rule, isDead);
        if (k === second && before !== null) this.setHandler(record - RECORD.bytes, this.together(before, form));
        else if (k + 1 !== second) form.isNeeded = true;
      }
      this.setHandler(record, form);
      before = form;
    }
    this.writeEnd(body, block);
    return !this.isApart;
  }
  /** What performs an instruction and the next. Where that is not prebuilt, two handlers that are do as well. */
  private together(first: Form, second: Form): Form {
    const both = first.with(second, this.forms);
    if (both.isPrebuilt || !first.isPrebuilt || !second.isPrebuilt) return both;
    first.isNeeded = second.isNeeded = true;
    this.isApart = true;
    return first;
  }
  private readonly shapesAt: (Shape | null)[] = [];
  private readonly liveAt: number[] = [];
  /** Shapes, and the flags that are live after each. */
  private findShapes({ instructions, semantics }: Block): void {
    const { shapes, shapesAt, liveAt } = this;
    let live = ARITHMETIC_FLAGS;
    for (let k = instructions.length - 1; k >= 0; k--) {
      const shape = shapes.of(semantics[k]!, instructions[k]!);
      shapesAt[k] = shape; liveAt[k] = live;
      live = shape === null ? ARITHMETIC_FLAGS : shape.liveBefore(live);
    }
  }
  private setHandler(record: number, form: Form | null): void { this.halves[(record + RECORD.handler) >> 1] = form === null ? HANDLER.call : form.number; }
  private writeRecord(record: number, place: number, i: Instruction, nextLo: i32, nextHi: i32): void {
    const { halves, words } = this, { operands } = i, h = record >> 1, w = record >> 2;
    halves[h + RECORD.place / 2] = place; halves[h + RECORD.implicit / 2] = implicitNumber(i);
    words[w + RECORD.nextAddress / 4] = nextLo; words[w + RECORD.nextAddress / 4 + 1] = nextHi;
    for (let k = 0; k < operands.length; k++) {
      const o = operands[k]!;
      switch (o.form) {
        case FORM.vector: halves[h + (k === 3 ? RECORD.fourth : RECORD.operands + 2 * k) / 2] = STATE.vector + VECTOR_BYTES * o.index; break;
        case FORM.immediate: words[w + RECORD.immediate / 4] = o.lo; words[w + RECORD.immediate / 4 + 1] = o.hi; break;
        case FORM.memory: {
          const isRelative = o.base === SLOT.rip, lo = isRelative ? (o.disp + nextLo) | 0 : o.disp;
          halves[h + RECORD.base / 2] = 8 * (isRelative ? NONE : o.base); halves[h + RECORD.index / 2] = 8 * o.index;
          words[w + RECORD.displacement / 4] = lo;
          words[w + RECORD.displacement / 4 + 1] = isRelative ? (o.dispHigh + nextHi + (lo >>> 0 < nextLo >>> 0 ? 1 : 0)) | 0 : o.dispHigh;
          break;
        }
        case FORM.relative: case FORM.other: break;
        default: halves[h + RECORD.operands / 2 + k] = STATE.gpr + 8 * o.index;
      }
    }
  }
  /** Where the last record goes, and the one behind it that just goes on. */
  private writeEnd(body: number, block: Block): void {
    const { words, halves } = this, last = body + (block.instructions.length - 1) * RECORD.bytes, end = last + RECORD.bytes;
    const next = nextOf(block), following = this.headerAt(next.lo, next.hi);
    halves[(end + RECORD.handler) >> 1] = HANDLER.goOn; halves[(end + RECORD.place) >> 1] = block.instructions.length;
    words[(end + RECORD.taken) >> 2] = following;
    this.writePace(last, block);
    if (block.ending !== ENDING.branch && block.ending !== ENDING.jump && block.ending !== ENDING.call) return;
    const target = targetOf(block);
    if (!isCanonical(target.hi)) { // #GP when it is taken.
      for (let record = body; record <= last; record += RECORD.bytes) this.setHandler(record, null);
      words[(last + RECORD.taken) >> 2] = words[(last + RECORD.next) >> 2] = NO_HEADER;
      return;
    }
    words[(last + RECORD.taken) >> 2] = this.headerAt(target.lo, target.hi);
    words[(last + RECORD.next) >> 2] = following;
  }
  /** What the branch at the end costs. */
  private writePace(last: number, { ending, pace }: Block): void {
    if (!this.isTimed || ending === ENDING.next || ending === ENDING.call) return;
    if (ending !== ENDING.jump) this.halves[(last + RECORD.miss) >> 1] = (Math.min(pace.miss, HALF_MAX) & ~1) | (pace.drains ? 1 : 0);
    if (ending === ENDING.branch) this.halves[(last + RECORD.takenCost) >> 1] = pace.taken;
    if (ending === ENDING.branch || ending === ENDING.jumpIndirect || ending === ENDING.callIndirect) { this.halves[(last + RECORD.override) >> 1] = 2 * pace.override + (pace.breaks ? 1 : 0); }
    if (ending === ENDING.branch || ending === ENDING.jump) { this.words[(last + RECORD.round) >> 2] = pace.round; this.halves[(last + RECORD.behindMax) >> 1] = pace.behindMax; }
  }
}
/** Which instruction is performed by the handler of the one before it: a conditional jump at the end. -1: none. */
function secondOf(instructions: readonly Instruction[]): number {
  const last = instructions.length - 1;
  return last > 0 && instructions[last]!.kind.operation === 'jcc' ? last : -1;
}
