/**
 * Writes the threaded interpreter as one WebAssembly function: a loop around a table of handlers, one for every form. Operands are fields of the
 * record at hand, registers are in memory, flags in locals. `(header) -> status`; see LEFT in ../generated/ground.ts.
 */
import { LOOKUP, NOTES, RECORDS, STATE, VECTOR_BYTES } from '../../base/layout.ts';
import { type Instruction, NONE, type Operand } from '../../decoder/instruction.ts';
import { STORES } from '../../timing/notes.ts';
import { type PredictorFunction, PredictionCode } from '../../timing/predictor.ts';
import { PREDICTED } from '../../timing/predictor-tables.ts';
import type { Profile } from '../../timing/profile.ts';
import { Code, type Label, type Local, type Piece } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import type { Value } from '../../wasm/values.ts';
import { LEFT, writeFind } from '../generated/ground.ts';
import type { Support } from '../generated/support.ts';
import { CacheCode } from '../lower/cache-code.ts';
import { ClockCode } from '../lower/clock-code.ts';
import { loadFlags, storeFlags } from '../lower/flag-locals.ts';
import { IMPORTED } from '../lower/imports.ts';
import { UNKNOWN_RULE } from '../lower/instruction-use.ts';
import { Lowering } from '../lower/lowering.ts';
import { ARITHMETIC_FLAGS, type Helper, type Temp } from '../ops.ts';
import { BASE_REGISTER, type Form, INDEX_REGISTER, OPERAND_REGISTER } from './form.ts';
import { HEADER, RECORD } from './record.ts';

/** What a custom leaf is: a general register by its canonical number, a vector register 64 above that, its upper half 96 above, or one of these. */
const VECTORS = 64, UPPERS = 96, IMMEDIATE = 128, DISPLACEMENT = 129, NEXT = 130, TARGET = 131, SEGMENTS = 192;
/** What performing an instruction by a call came to. */
export const CALLED = { next: 0, jumped: 1, gaveUp: -1 } as const;
/** The parameter: a header at first, then the record at hand. */
const PC: Local = 0;

export class ThreadedLowering extends Lowering {
  private readonly functionType: number;
  private readonly slot: number;
  private readonly isTimed: boolean;
  private readonly profile: Profile | null;
  private left: Local = 0;
  private clock: ClockCode | null = null;
  private prediction: PredictionCode | null = null;
  private caches: CacheCode | null = null;
  private readonly isDetailed: boolean;
  private goal: Local = 0;
  private goalLow: Local = 0;
  private from: Local = 0;
  private taken: Local = 0;
  private found: Local = 0;
  private nextLabel: Label = 0;
  private enterLabel: Label = 0;
  private branchedLabel: Label = 0;
  private goOnLabel: Label = 0;
  private callLabel: Label = 0;
  private stopLabel: Label = 0;
  /** In the order in which they were first written. A later one lies within the blocks of all before, so that it can be written again as it is. */
  private readonly handlers: { readonly form: Form; piece: Piece | null }[] = [];
  private form!: Form;
  /** Registers that the instruction at hand has read, as custom leaves. */
  private readonly used: number[] = [];
  /** The handler has gone elsewhere. */
  private hasLeft = false;

  constructor(support: Pick<Support, 'primitives' | 'functionType'>, slot: number, profile: Profile | null, isDetailed = false) {
    super(new Code(1, 1 << 14), support.primitives);
    this.functionType = support.functionType; this.slot = slot; this.isTimed = profile !== null; this.profile = profile; this.isDetailed = isDetailed;
    this.start();
  }

  get handlerCount(): number { return this.handlers.length; }
  private start(): void {
    const { code } = this;
    this.into(code);
    this.left = code.local(TYPE.i32); this.goal = code.local(TYPE.i64); this.goalLow = code.local(TYPE.i32);
    this.from = code.local(TYPE.i32); this.taken = code.local(TYPE.i32); this.found = code.local(TYPE.i32);
    this.clock = this.profile === null ? null : new ClockCode(code, this.profile);
    this.prediction = this.profile === null ? null : new PredictionCode(code, this.profile.branchTargets, IMPORTED);
    this.caches = this.clock !== null && this.isDetailed ? new CacheCode(code, this.clock) : null;
  }

  /** With handlers for all that are needed. */
  writeFunction(forms: readonly (Form | undefined)[]): Code {
    const { code } = this;
    code.reset();
    code.i32(0); code.memory(OP['i32.load'], STATE.left); code.set(this.left);
    loadFlags(code, this.flagLocals);
    this.clock?.load();
    this.countThreaded(OP['f64.add']);
    this.stopLabel = code.block();
    const refused = code.block();
    this.enterLabel = code.loop();
    this.writeEntry(refused);
    this.goOnLabel = code.block();
    this.branchedLabel = code.block();
    this.nextLabel = code.loop();
    this.writeHandlers(forms);
    code.end();
    code.end();
    this.writeBranched();
    code.end();
    this.writeGoOn();
    code.end();
    code.op(OP.unreachable);
    code.end();
    this.writeRefused();
    code.end();
    this.spill();
    code.i32(0); code.get(PC); code.memory(OP['i32.store'], STATE.site);
    code.i32(LEFT.gaveUpAtRecord);
    return code;
  }

  // — heads and tails —
  private spill(): void {
    const { code } = this;
    storeFlags(code, this.flagLocals);
    code.i32(0); code.get(this.left); code.memory(OP['i32.store'], STATE.left);
    this.clock?.store();
    this.countThreaded(OP['f64.sub']);
  }
  /** What was left at the beginning, less what is left at the end: from memory, lest it be computed before it is needed. */
  private countThreaded(operation: number): void {
    const { code } = this;
    code.i32(0); code.i32(0); code.memory(OP['f64.load'], STATE.threaded);
    code.i32(0); code.memory(OP['i32.load'], STATE.left); code.op(OP['f64.convert_i32_s']); code.op(operation);
    code.memory(OP['f64.store'], STATE.threaded);
  }
  /** PC is a header: its block is counted in advance, and PC becomes its first record. Whoever takes over takes back what was not done. */
  private writeEntry(refused: Label): void {
    const { code } = this;
    const field = (offset: number, operation: number = OP['i32.load']): void => { code.get(PC); code.memory(operation, offset); };
    // Each of the three is negative where something stands against it.
    code.get(this.left); field(HEADER.count); code.op(OP['i32.sub']); code.tee(this.taken);
    field(HEADER.countdown); code.i32(1); code.op(OP['i32.sub']); code.tee(this.found);
    code.op(OP['i32.or']);
    code.i32(0); field(HEADER.epoch); code.i32(0); code.memory(OP['i32.load'], STATE.epoch); code.op(OP['i32.xor']); code.op(OP['i32.sub']);
    code.op(OP['i32.or']);
    code.i32(0); code.op(OP['i32.lt_s']);
    code.ifUnlikely();
    code.br(refused);
    code.end();
    code.get(PC); code.get(this.found); code.memory(OP['i32.store'], HEADER.countdown);
    code.get(this.taken); code.set(this.left);
    if (this.clock !== null) {
      field(HEADER.cost); this.clock.chargeWord();
      this.caches?.pass(() => { field(HEADER.cost); field(HEADER.count); field(HEADER.killed); });
      this.caches?.fetchFrom(() => field(HEADER.address, OP['i64.load']), () => {
        field(HEADER.address, OP['i64.load']); field(HEADER.length); code.i32(1); code.op(OP['i32.sub']); code.op(OP['i64.extend_i32_u']); code.op(OP['i64.add']);
      });
      field(HEADER.behind); this.clock.advanceWord();
    }
    field(HEADER.body); code.set(PC);
  }
  /** The block at PC may be compiled; otherwise JavaScript has to see to it. */
  private writeRefused(): void {
    const { code } = this;
    code.get(PC); code.memory(OP['i64.load'], HEADER.address); code.set(this.goal);
    writeFind(code, this.goal, this.found);
    code.if();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot); code.i32(this.slot); code.op(OP['i32.ne']);
    code.if();
    this.leaveFor();
    code.end();
    code.end();
    this.leave();
  }
  /** RIP becomes `goal`: another header, another function's code, or whatever the caller makes of it. */
  private writeGoOn(): void {
    const { code } = this;
    writeFind(code, this.goal, this.found);
    code.if();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot); code.i32(this.slot); code.op(OP['i32.eq']);
    code.if();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument); code.set(PC);
    code.br(this.enterLabel);
    code.end();
    this.leaveFor();
    code.end();
    this.leave();
  }
  private leaveFor(): void {
    const { code } = this;
    this.spill();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument);
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot);
    code.returnCallIndirect(this.functionType);
  }
  private leave(): void {
    const { code } = this;
    this.spill();
    code.i32(0); code.get(this.goal); code.memory(OP['i64.store'], STATE.rip);
    code.i32(LEFT.toUnknown);
    code.return();
  }

  // — handlers —
  private writeHandlers(forms: readonly (Form | undefined)[]): void {
    const { code, handlers } = this;
    for (const form of forms) if (form?.isNeeded === true && !form.isWritten) { form.isWritten = true; handlers.push({ form, piece: null }); }
    this.callLabel = code.block();
    const goOn = code.block(), labels = new Map(handlers.map(({ form }) => [form, code.block()]));
    code.get(PC); code.memory(OP['i32.load16_u'], RECORD.handler);
    code.brTable([this.callLabel, goOn, ...Array.from(forms, form => form === undefined ? this.callLabel : labels.get(form) ?? this.callLabel)], this.callLabel);
    for (let k = handlers.length - 1; k >= 0; k--) {
      const handler = handlers[k]!;
      code.end();
      if (handler.piece === null) handler.piece = this.writeForm(handler.form); else code.again(handler.piece);
    }
    code.end();
    this.link(RECORD.taken);
    code.end();
    this.writeCall();
    this.toNext();
    code.br(this.nextLabel);
  }
  private writeForm(form: Form): Piece {
    const start = this.code.length;
    this.writeFrom(form, form.second);
    return this.code.since(start);
  }
  private writeFrom(form: Form, then: Form | null): void {
    const { code } = this;
    if (form.isGuess) {
      code.get(this.flagLocals.rule); code.i32(form.rule); code.op(OP['i32.ne']);
      code.ifUnlikely();
      this.writeWith(UNKNOWN_RULE, form, then);
      code.end();
    }
    this.writeWith(form.rule, form, then);
  }
  private writeWith(rule: number, form: Form, then: Form | null): void {
    this.writeSingle(form, rule);
    if (this.hasLeft) return;
    this.toNext();
    if (then !== null) this.writeFrom(then, null); else this.code.br(this.nextLabel);
  }
  private writeSingle(form: Form, rule: number): void {
    const { shape } = form;
    this.used.length = 0;
    this.form = form; this.hasLeft = false; this.rule = rule;
    this.perform(shape.semantics, shape.instruction, form.isDead ? 0 : ARITHMETIC_FLAGS);
  }
  private toNext(): void {
    const { code } = this;
    code.get(PC); code.i32(RECORD.bytes); code.op(OP['i32.add']); code.set(PC);
  }
  /** Goes to the block whose header a field of the record names. */
  private link(field: number): void {
    const { code } = this;
    code.get(PC); code.memory(OP['i32.load'], field); code.set(PC);
    code.br(this.enterLabel);
  }
  private writeCall(): void {
    const { code } = this;
    storeFlags(code, this.flagLocals);
    this.clock?.storeBehind();
    code.get(PC);
    code.call(IMPORTED.perform);
    code.set(this.taken);
    loadFlags(code, this.flagLocals);
    this.clock?.load();
    code.get(this.taken);
    code.if();
    code.get(this.taken); code.i32(CALLED.gaveUp); code.op(OP['i32.eq']); code.brIf(this.stopLabel);
    code.i32(0); code.memory(OP['i64.load'], STATE.rip); code.set(this.goal);
    code.br(this.goOnLabel);
    code.end();
  }
  /** `taken` says where to go. */
  private writeBranched(): void {
    const { code } = this;
    if (this.clock !== null) {
      code.get(PC); code.memory(OP['i32.load'], RECORD.nextAddress); code.set(this.from);
      this.predict('conditional', this.from, this.taken);
      code.get(this.taken);
      code.if();
      this.took();
      code.get(PC); code.memory(OP['i32.load16_u'], RECORD.takenCost); this.clock.chargeWord();
      this.round();
      code.else();
      code.get(PC); code.memory(OP['i32.load16_u'], RECORD.override); code.i32(1); code.op(OP['i32.and']);
      code.if(); this.clock.forget(); code.end();
      code.end();
    }
    code.get(PC); code.memory(OP['i32.load'], RECORD.taken);
    code.get(PC); code.memory(OP['i32.load'], RECORD.next);
    code.get(this.taken); code.op(OP.select); code.set(PC);
    code.br(this.enterLabel);
  }
  /** Lets the predictor learn, and charges what it says. */
  private predict(name: PredictorFunction, ...parameters: readonly Local[]): void {
    const { code, clock, found } = this;
    this.writePredicted(name, ...parameters);
    code.tee(found);
    code.ifUnlikely();
    if (name !== 'returned') {
      code.get(found); code.i32(PREDICTED.byHistory); code.op(OP['i32.eq']);
      code.if();
      code.get(PC); code.memory(OP['i32.load16_u'], RECORD.override); code.i32(1); code.op(OP['i32.shr_u']); clock?.delayWord();
      code.else();
    }
    this.caches?.resolve(() => this.pushNotes(0));
    code.get(PC); code.memory(OP['i32.load16_u'], RECORD.miss); code.tee(found); code.i32(1); code.op(OP['i32.and']);
    code.if();
    clock?.drain();
    code.else();
    code.i32(0); code.get(found); code.op(OP['i32.sub']); clock?.advanceWord();
    code.end();
    code.get(found); code.i32(-2); code.op(OP['i32.and']); clock?.resteerWord();
    if (name !== 'returned') code.end();
    code.end();
  }
  private writePredicted(name: PredictorFunction, ...parameters: readonly Local[]): void {
    this.prediction?.write(name, ...parameters);
  }
  /** A direct branch was taken. */
  private took(): void {
    const { code } = this;
    code.get(PC); code.memory(OP['i32.load'], RECORD.nextAddress); code.set(this.from);
    this.writePredicted('direct', this.from);
    code.tee(this.found);
    code.ifUnlikely(); code.get(this.found); this.clock?.delayWord(); code.end();
  }
  private round(): void {
    const { code } = this;
    code.get(PC); code.memory(OP['i32.load'], RECORD.round);
    this.clock?.advanceWord(() => { code.get(PC); code.memory(OP['i32.load16_u'], RECORD.behindMax); });
  }
  private called(): void {
    const { code } = this;
    if (!this.isTimed) return;
    code.get(PC); code.memory(OP['i32.load'], RECORD.nextAddress); code.set(this.from);
    this.writePredicted('called', this.from);
  }

  protected writeJump(to: Value): void {
    const { code, v, form } = this, { flow } = form.shape.instruction;
    this.hasLeft = true;
    if (flow === 'call' || flow === 'jump') {
      if (this.isTimed) {
        if (flow === 'call') this.called();
        this.took();
        if (flow === 'jump') this.round();
      }
      this.link(RECORD.taken);
      return;
    }
    v.push(to);
    code.set(this.goal);
    if (this.isTimed) {
      code.get(this.goal); code.op(OP['i32.wrap_i64']); code.set(this.goalLow);
      if (flow === 'call-indirect') this.called();
      code.get(PC); code.memory(OP['i32.load'], RECORD.nextAddress); code.set(this.from);
      if (flow === 'return') this.predict('returned', this.goalLow); else this.predict('indirect', this.from, this.goalLow);
    }
    code.br(this.goOnLabel);
  }
  protected writeBranch(condition: Value): void {
    const { code, v } = this;
    this.hasLeft = true;
    v.push(condition);
    code.set(this.taken);
    code.br(this.branchedLabel);
  }

  /** Those of the record at hand: a quarter as far from their beginning. */
  private pushNotes(more: number): void {
    const { code } = this, at = (field: number): void => {
      code.get(PC); code.i32(2); code.op(OP['i32.shr_u']); code.memory(OP['i32.load'], NOTES.at - RECORDS.at / 4 + field);
    };
    at(NOTES.masks); at(NOTES.kind);
    if (more !== 0) { code.i32(more); code.op(OP['i32.or']); }
  }

  // — what Lowering asks —
  protected override touch(at: Local, isStore: boolean): void { this.caches?.touch(at, () => this.pushNotes(isStore ? STORES : 0)); }
  protected general(index: number): Value { return index === NONE ? this.v.constant64(0) : this.register(index, TYPE.i64); }
  protected vector(index: number): Value { return this.register(VECTORS + index, TYPE.v128); }
  protected upperVector(index: number): Value { return this.register(UPPERS + index, TYPE.v128); }
  private register(id: number, type: typeof TYPE.i64 | typeof TYPE.v128): Value {
    if (!this.used.includes(id)) this.used.push(id);
    return this.v.custom(id, type);
  }
  protected segmentBase(slot: number): Value { return this.v.custom(SEGMENTS + slot, TYPE.i64); }
  protected immediate(o: Operand): Value { return this.form.shape.isFixed ? this.v.constant64(o.lo, o.hi) : this.v.custom(IMMEDIATE, TYPE.i64); }
  override effective(o: Operand): Temp {
    const { v } = this, displacement = v.custom(DISPLACEMENT, TYPE.i64);
    if (o.base === NONE) return displacement;
    const base = this.general(o.base);
    if (o.index === NONE) return v.add64(base, displacement);
    const index = this.general(o.index);
    return v.add64(v.add64(base, o.shift === 0 ? index : v.op2(OP['i64.shl'], TYPE.i64, index, v.constant64(o.shift))), displacement);
  }
  override next(): Temp { return this.v.custom(NEXT, TYPE.i64); }
  /** Records have only targets that are canonical, and headers for them. */
  override target(): Temp { return this.v.custom(TARGET, TYPE.i64); }
  /** Of flags that nobody reads it does not matter which carry they keep. */
  override carry(): Temp { return this.form.isDead && KEEPS_CARRY.has(this.form.shape.instruction.operation) ? this.v.constant32(0) : super.carry(); }
  override when(condition: Temp): boolean { return super.when(this.form.shape.isCounted ? this.v.constant32(1) : condition); }

  /** Pushes the offset of a register in STATE. */
  private offsetOf(index: number): void {
    const { code } = this;
    const field = index === BASE_REGISTER ? RECORD.base : index === INDEX_REGISTER ? RECORD.index
      : index === OPERAND_REGISTER + 3 ? RECORD.fourth : RECORD.operands + 2 * (index - OPERAND_REGISTER);
    code.get(PC); code.memory(OP['i32.load16_u'], field);
  }
  protected override writeCustom(code: Code, id: number): void {
    if (id >= SEGMENTS) { code.i32(0); code.memory(OP['i64.load'], 8 * (id - SEGMENTS)); return; }
    switch (id) {
      case IMMEDIATE: code.get(PC); code.memory(OP['i64.load'], RECORD.immediate); return;
      case DISPLACEMENT: code.get(PC); code.memory(OP['i64.load'], RECORD.displacement); return;
      case NEXT: code.get(PC); code.memory(OP['i64.load'], RECORD.nextAddress); return;
      default:
    }
    const index = indexOf(id), operation = id >= VECTORS ? OP['v128.load'] : OP['i64.load'];
    if (index >= OPERAND_REGISTER) { this.offsetOf(index); code.memory(operation, fileOf(id) === UPPERS ? 16 : 0); } else { code.i32(0); code.memory(operation, fixedOffset(id)); }
  }
  protected setGeneral(index: number): void { this.assign(index, TYPE.i64); }
  protected setVector(index: number): void { this.assign(VECTORS + index, TYPE.v128); }
  protected setUpper(index: number): void { this.assign(UPPERS + index, TYPE.v128); }
  /** Makes what is on the stack the value of a register. Operands may be the same one, or one that semantics name. */
  private assign(id: number, type: typeof TYPE.i64 | typeof TYPE.v128): void {
    const { code, v } = this, file = fileOf(id), isOperand = indexOf(id) >= OPERAND_REGISTER, value = v.temporary(type);
    code.set(value);
    for (const other of this.used) if (fileOf(other) === file && (other === id || isOperand || indexOf(other) >= OPERAND_REGISTER)) v.clobberCustom(other);
    if (isOperand) this.offsetOf(indexOf(id)); else code.i32(0);
    code.get(value);
    code.memory(type === TYPE.v128 ? OP['v128.store'] : OP['i64.store'], !isOperand ? fixedOffset(id) : file === UPPERS ? 16 : 0);
  }
  protected giveUp(): void {
    const { code } = this;
    code.ifUnlikely();
    code.br(this.stopLabel);
    code.end();
  }
  protected writeHelp(_helper: Helper, _instruction: Instruction): void {
    this.code.br(this.callLabel);
    this.hasLeft = true;
  }
}

const KEEPS_CARRY = new Set(['inc', 'dec']);
/** Of a register that semantics name. */
function fixedOffset(id: number): number {
  const index = indexOf(id);
  return id < VECTORS ? STATE.gpr + 8 * index : STATE.vector + VECTOR_BYTES * index + (id >= UPPERS ? 16 : 0);
}
/** Of a leaf that is a register: which kind it is, and its number. */
function fileOf(id: number): number { return id >= UPPERS ? UPPERS : id >= VECTORS ? VECTORS : 0; }
function indexOf(id: number): number { return id - fileOf(id); }
