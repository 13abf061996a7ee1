/** The clock of generated code: what exec/clock.ts does, in locals. Times are parts of a cycle. */
import { CYCLES_OF, STATE } from '../../base/layout.ts';
import { CYCLE_PARTS, type Pace } from '../../timing/pace.ts';
import type { Profile } from '../../timing/profile.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';

export class ClockCode {
  private readonly code: Code;
  private readonly behindMax: number;
  /** Since the function was entered, by cause: they are added up when it is left. */
  private readonly issued: Local;
  private readonly waited: Local;
  private readonly resteered: Local;
  private readonly behind: Local;
  private readonly word: Local;

  constructor(code: Code, { behind }: Profile) {
    this.code = code; this.behindMax = Math.round(behind * CYCLE_PARTS);
    this.issued = code.local(TYPE.i64); this.waited = code.local(TYPE.i64); this.resteered = code.local(TYPE.i64);
    this.behind = code.local(TYPE.i32); this.word = code.local(TYPE.i32);
  }
  /** At the function's beginning, and after code that may have changed it otherwise. */
  load(): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i32.load'], STATE.behind); code.set(this.behind);
  }
  storeBehind(): void {
    const { code } = this;
    code.i32(0); code.get(this.behind); code.memory(OP['i32.store'], STATE.behind);
  }
  store(): void {
    const { code } = this;
    this.storeBehind();
    this.count(STATE.cycles, () => { code.get(this.issued); code.get(this.waited); code.op(OP['i64.add']); code.get(this.resteered); code.op(OP['i64.add']); });
    this.count(CYCLES_OF.dependencies, () => { code.get(this.waited); });
    this.count(CYCLES_OF.branch, () => { code.get(this.resteered); });
  }
  /** Adds parts of a cycle, an i64, to a double. */
  private count(at: number, push: () => void): void {
    const { code } = this;
    code.i32(0);
    code.i32(0); code.memory(OP['f64.load'], at);
    push(); code.op(OP['f64.convert_i64_s']); code.f64(1 / CYCLE_PARTS); code.op(OP['f64.mul']); code.op(OP['f64.add']);
    code.memory(OP['f64.store'], at);
  }
  charge(parts: number): void {
    if (parts === 0) return;
    this.code.i64(parts);
    this.addTo(this.issued);
  }
  /** The same of an i32 on the stack. */
  chargeWord(): void { this.addWordTo(this.issued); }
  /** The front end was led to the wrong place. */
  resteer(parts: number): void {
    if (parts === 0) return;
    this.code.i64(parts);
    this.addTo(this.resteered);
  }
  resteerWord(): void { this.addWordTo(this.resteered); }
  /** Adds an i64 on the stack. */
  private addTo(cycles: Local): void {
    const { code } = this;
    code.get(cycles); code.op(OP['i64.add']); code.set(cycles);
  }
  private addWordTo(cycles: Local): void { this.code.op(OP['i64.extend_i32_s']); this.addTo(cycles); }
  advance(by: number, behindMax = this.behindMax): void {
    if (by === 0) return;
    const { code, behind } = this;
    code.get(behind); code.i32(by); code.op(OP['i32.add']); code.tee(behind);
    if (by < 0) {
      code.i32(0); code.get(behind); code.i32(0); code.op(OP['i32.gt_s']); code.op(OP.select); code.set(behind);
      return;
    }
    code.i32(behindMax); code.op(OP['i32.gt_s']);
    code.ifUnlikely();
    this.hold(() => { code.i32(behindMax); });
    code.end();
  }
  /** Too far behind: dispatch waits. */
  private hold(push: () => void): void {
    const { code, behind } = this;
    code.get(behind); push(); code.op(OP['i32.sub']);
    this.addWordTo(this.waited);
    push(); code.set(behind);
  }
  /** By an i32 on the stack. */
  advanceWord(push: () => void = () => { this.code.i32(this.behindMax); }): void {
    const { code, behind, word } = this;
    code.tee(word);
    code.get(behind); code.op(OP['i32.add']); code.tee(behind);
    // As unsigned, what is negative is too much as well.
    push(); code.op(OP['i32.gt_u']);
    code.ifUnlikely();
    code.get(behind); code.i32(0); code.op(OP['i32.lt_s']);
    code.if();
    code.i32(0); code.set(behind);
    code.else();
    code.get(word); code.i32(0); code.op(OP['i32.gt_s']);
    code.if(); this.hold(push); code.end();
    code.end();
    code.end();
  }
  /** A branch was predicted wrong. */
  missed(pace: Pace): void {
    if (pace.drains) this.drain(); else this.advance(-pace.miss);
    this.resteer(pace.miss);
  }
  /** The front end waits; execution catches up. */
  delay(parts: number): void { this.advance(-parts); this.resteer(parts); }
  /** The same of parts on the stack. */
  delayWord(): void {
    const { code, behind, word } = this;
    code.tee(word);
    this.resteerWord();
    code.get(behind); code.get(word); code.op(OP['i32.sub']); code.tee(behind);
    code.i32(0); code.get(behind); code.i32(0); code.op(OP['i32.gt_s']); code.op(OP.select); code.set(behind);
  }
  /** What was behind is nothing that what follows waits for. */
  forget(): void { this.code.i32(0); this.code.set(this.behind); }
  drain(): void {
    const { code, behind } = this;
    code.get(behind);
    this.addWordTo(this.waited);
    code.i32(0); code.set(behind);
  }
}
