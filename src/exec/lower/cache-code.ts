/** Caches as generated code sees them: it asks their filters in place, and calls what timing/caches-code.ts makes where they do not know a line. */
import { LOADS } from '../../base/layout.ts';
import type { i32 } from '../../base/types.ts';
import { FILTER, LINE_SHIFT } from '../../timing/caches-code.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import type { ClockCode } from './clock-code.ts';
import { IMPORTED } from './imports.ts';

const WORD_SHIFT = 2, WORD_BYTES = 4;

export class CacheCode {
  private readonly code: Code;
  private readonly clock: ClockCode;
  private readonly line: Local;
  private readonly last: Local;

  constructor(code: Code, clock: ClockCode) {
    this.code = code; this.clock = clock;
    this.line = code.local(TYPE.i32); this.last = code.local(TYPE.i32);
  }
  /** An access at an address; `pushNotes` pushes masks and kind. */
  touch(at: Local, pushNotes: () => void): void {
    const { code, line } = this;
    code.get(at); this.pushLine(); code.tee(line);
    this.pushKnown(FILTER.data);
    code.get(line); code.op(OP['i32.ne']);
    code.ifUnlikely();
    code.get(line); pushNotes(); code.call(IMPORTED.cacheData);
    code.end();
  }
  /** The line of an i64 on the stack. */
  private pushLine(): void { const { code } = this; code.i64(LINE_SHIFT); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); }
  /** The line that the filter knows for one on the stack. */
  private pushKnown(filter: number): void {
    const { code } = this;
    code.i32(FILTER.mask); code.op(OP['i32.and']); code.i32(WORD_SHIFT); code.op(OP['i32.shl']); code.memory(OP['i32.load'], filter);
  }
  /** A block begins: loads under way come nearer. `pushPassed` pushes its cost, its instructions, and the registers it has nothing of. */
  pass(pushPassed: () => void): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i32.load'], LOADS.late);
    code.ifUnlikely();
    pushPassed(); code.call(IMPORTED.cachePass);
    code.end();
  }
  /** Its code is fetched, from lines that are known now. */
  fetch(first: i32, last: i32): void {
    const { code } = this;
    const isUnknown = (line: i32): void => { code.i32(0); code.memory(OP['i32.load'], FILTER.code + WORD_BYTES * (line & FILTER.mask)); code.i32(line); code.op(OP['i32.ne']); };
    isUnknown(first);
    if (last !== first) { isUnknown(last); code.op(OP['i32.or']); }
    code.ifUnlikely();
    code.i32(first); code.i32(last);
    this.fetchLines();
    code.end();
  }
  /** From addresses that `pushFirst` and `pushLast` push. */
  fetchFrom(pushFirst: () => void, pushLast: () => void): void {
    const { code, line, last } = this;
    pushFirst(); this.pushLine(); code.tee(line); this.pushKnown(FILTER.code); code.get(line); code.op(OP['i32.ne']);
    pushLast(); this.pushLine(); code.tee(last); this.pushKnown(FILTER.code); code.get(last); code.op(OP['i32.ne']);
    code.op(OP['i32.or']);
    code.ifUnlikely();
    code.get(line); code.get(last);
    this.fetchLines();
    code.end();
  }
  private fetchLines(): void {
    const { code } = this;
    code.call(IMPORTED.cacheCode); code.set(this.line);
    code.i32(0); code.get(this.line); code.op(OP['i32.sub']);
    this.clock.advanceWord();
  }
  /** A branch was predicted wrong; `pushNotes` as above. */
  resolve(pushNotes: () => void): void { pushNotes(); this.code.call(IMPORTED.cacheResolve); }
}
