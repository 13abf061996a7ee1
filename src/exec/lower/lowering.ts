/**
 * The performer that writes WebAssembly: an instruction's semantics become values and effects, and those become code. What an operand is — a constant
 * and a local, or a field of a record — its heirs say. What goes wrong is left to the interpreter: code gives up before the first write.
 */
import { assert } from '../../base/assert.ts';
import { PAGE_BYTES, STAGING, STATE, TLB, VECTOR_BYTES } from '../../base/layout.ts';
import type { Size } from '../../base/types.ts';
import { FORM, type Instruction, NONE, type Operand } from '../../decoder/instruction.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { afterWriting, ruleWord, WRITTEN_SHIFT } from '../flags.ts';
import { ARITHMETIC_FLAGS, type Helper, type Ops, type Rule, RULE, type Semantics, type Temp, TF } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import { writeDivide } from './divide-code.ts';
import type { Called, Effect } from './effect.ts';
import { FloatCode } from './float-code.ts';
import type { FlagLocals } from './flag-locals.ts';
import { FlagValues, multiplyHigh64, signed64 } from './flag-values.ts';
import { IMPORTED } from './imports.ts';
import { loadNear, type Near } from './near.ts';
import { UNKNOWN_RULE } from './instruction-use.ts';
import { loadOperation, storeOperation, writeLookUp, writePlace } from './operations.ts';
import type { PrimitiveNumbers } from './primitive-numbers.ts';
import { lowerPrimitive, lowerWatched } from './primitives.ts';
import type { Shape } from './primitives/row.ts';
import { floatEffect, type Watched } from './primitives/watched.ts';
import { type Value, Values } from '../../wasm/values.ts';

const NO_VALUE = -1;
const ZEROS: readonly number[] = new Array<number>(16).fill(0);
/** The exceptions that are masked, where all are. */
const MXCSR_MASKS = 0x1f80;
const VECTOR_COUNT = 16;

export abstract class Lowering implements Ops {
  protected code: Code;
  protected readonly v: Values;
  protected flagLocals: FlagLocals = { rule: 0, eflags: 0, result: 0, a: 0, b: 0 };
  /** What the flags come from: a rule word, or UNKNOWN_RULE. */
  protected rule: number = UNKNOWN_RULE;
  private effects: Effect[] = [];
  /** The other halves of values of 32 bytes. */
  private readonly uppers = new Map<Value, Value>();
  private readonly floats: FloatCode;
  /** Where `modify` found what `write` replaces, and what a probe of the TLB works with. */
  private place: Local = 0;
  private entry: Local = 0;
  private at: Local = 0;
  /** Bytes of the function that are written again and again; see `repeat`. */
  private readonly phrases = new Map<string, Uint8Array>();
  private liveFlags = 0;
  /** The rule word where the body of a `when` was not performed. */
  private ruleOtherwise: number = UNKNOWN_RULE;

  constructor(code: Code, primitives: PrimitiveNumbers) {
    this.code = code; this.v = new Values(code); this.floats = new FloatCode(code, this.v, primitives, () => this.giveUp());
    this.v.customLeaf = (into, id) => this.writeCustom(into, id);
  }

  /** Writes into another function from now on. */
  protected into(code: Code): void {
    this.code = code;
    this.v.into(code); this.floats.into(code);
    this.phrases.clear();
    this.place = code.local(TYPE.i32); this.entry = code.local(TYPE.i32); this.at = code.local(TYPE.i64);
    this.flagLocals = { rule: code.local(TYPE.i32), eflags: code.local(TYPE.i32), result: code.local(TYPE.i64), a: code.local(TYPE.i64), b: code.local(TYPE.i64) };
  }

  // — what heirs know —
  /** A general register's 64 bits. */
  protected abstract general(index: number): Value;
  /** Makes what is on the stack the register's value. */
  protected abstract setGeneral(index: number): void;
  protected abstract vector(index: number): Value;
  protected abstract setVector(index: number): void;
  /** Upper halves of vector registers stay in memory. */
  protected abstract upperVector(index: number): Value;
  protected abstract setUpper(index: number): void;
  protected abstract segmentBase(slot: number): Value;
  protected abstract immediate(operand: Operand): Value;
  abstract effective(operand: Operand): Temp;
  abstract next(): Temp;
  /** The target of a relative operand of 8 bytes. */
  abstract target(operand: Operand): Temp;
  /** An i32 is on the stack: where it is not 0, the interpreter takes over before this instruction. */
  protected abstract giveUp(): void;
  /** The page that an access is likely to be on, if there is such a one. */
  protected nearOf(_address: Value, _isWrite: boolean): Near | null { return null; }
  /** An access at an address, before anything else of it. Heirs may count what it takes. */
  protected touch(_at: Local, _isStore: boolean): void { /* Without caches it takes nothing. */ }
  /** Pushes a leaf that the heir made with `Values.custom`. */
  protected abstract writeCustom(code: Code, id: number): void;
  protected abstract writeHelp(helper: Helper, instruction: Instruction): void;
  protected abstract writeJump(to: Value): void;
  protected abstract writeBranch(condition: Value, operand: Operand): void;

  /** Writes one instruction. `liveFlags`: those that may be read afterwards. */
  protected perform(semantics: Semantics, i: Instruction, liveFlags: number): void {
    this.v.begin();
    this.effects = [];
    this.uppers.clear();
    this.liveFlags = liveFlags;
    semantics(this, i);
    for (const effect of this.effects) this.mark(effect);
    for (const effect of this.effects) this.emit(effect);
  }

  // — operands —
  constant(value: number): Temp { return this.v.constant64(value); }
  read(o: Operand): Temp {
    const { v } = this;
    switch (o.form) {
      case FORM.gpr64: return this.general(o.index);
      case FORM.gpr32: return v.i32(this.general(o.index));
      case FORM.gpr16: return v.and32(v.i32(this.general(o.index)), v.constant32(0xffff));
      case FORM.gpr8: return v.and32(v.i32(this.general(o.index)), v.constant32(0xff));
      case FORM.high8: return v.and32(v.shift32(OP['i32.shr_u'], v.i32(this.general(o.index)), 8), v.constant32(0xff));
      case FORM.immediate: return this.cut(this.immediate(o), o.size);
      case FORM.memory: return this.load(this.address(o), o.size);
      case FORM.vector: return this.readVector(o);
      default: assert(false, 'an operand only helpers read'); return NO_VALUE;
    }
  }
  private readVector(o: Operand): Value {
    const whole = this.vector(o.index);
    if (o.size === 32) this.uppers.set(whole, this.upperVector(o.index));
    if (o.size >= 16) return whole;
    return o.size === 8 ? this.v.lane1(OP['i64x2.extract_lane'], TYPE.i64, whole, 0) : this.v.lane1(OP['i32x4.extract_lane'], TYPE.i32, whole, 0);
  }
  modify(o: Operand): Temp { return o.form === FORM.memory ? this.loadFrom(this.address(o), o.size, false, true) : this.read(o); }
  write(o: Operand, value: Temp): void {
    const { v } = this;
    switch (o.form) {
      case FORM.gpr64: this.toRegister(o.index, v.i64(value)); return;
      case FORM.gpr32: this.toRegister(o.index, v.i64(v.i32(value))); return;
      case FORM.gpr16: this.toRegister(o.index, this.merge(o.index, 0xffff, 0, value)); return;
      case FORM.gpr8: this.toRegister(o.index, this.merge(o.index, 0xff, 0, value)); return;
      case FORM.high8: this.toRegister(o.index, this.merge(o.index, 0xff, 8, value)); return;
      case FORM.memory: this.toMemory(o, value); return;
      case FORM.vector: this.toVector(o, value); return;
      default: assert(false, 'an operand only helpers write');
    }
  }
  private toRegister(index: number, value: Value): void { this.effects.push({ kind: 'register', index, value }); }
  /** The register with some of its low bits replaced. */
  private merge(index: number, mask: number, shift: number, value: Value): Value {
    const { v } = this;
    const bits = v.i64(v.shift32(OP['i32.shl'], v.and32(v.i32(value), v.constant32(mask)), shift));
    return v.op2(OP['i64.or'], TYPE.i64, v.and64(this.written(index) ?? this.general(index), v.constant64(~(mask << shift))), bits);
  }
  /** What this instruction has made of a register already: XCHG AL, AH writes both halves. Of two conditional writes only one takes place. */
  private written(index: number): Value | null {
    for (let k = this.effects.length - 1; k >= 0; k--) {
      const effect = this.effects[k]!;
      if (effect.kind === 'end') return null;
      if (effect.kind === 'register' && effect.index === index) return effect.value;
    }
    return null;
  }
  private toMemory(o: Operand, value: Value): void {
    const isPlaced = this.effects.some(e => e.kind === 'load' && e.keepsPlace);
    if (isPlaced) this.effects.push({ kind: 'store-back', value: this.storable(value, o.size), size: o.size });
    else this.store(this.address(o), value, o.size);
  }
  private toVector(o: Operand, value: Value): void {
    const { v } = this;
    this.effects.push({ kind: 'vector', index: o.index, value: o.size >= 16 ? value : this.lanes(this.vector(o.index), value, o.size) });
    assert(o.size < 16 || v.type(value) === TYPE.v128, 'an integer is not a vector');
  }
  /** The vector with its lowest lane replaced. */
  private lanes(whole: Value, value: Value, size: Size): Value {
    const { v } = this;
    if (size === 8) return v.type(value) === TYPE.f64 ? v.lane2(OP['f64x2.replace_lane'], TYPE.v128, whole, value, 0) : v.lane2(OP['i64x2.replace_lane'], TYPE.v128, whole, v.i64(value), 0);
    return v.type(value) === TYPE.f32 ? v.lane2(OP['f32x4.replace_lane'], TYPE.v128, whole, value, 0) : v.lane2(OP['i32x4.replace_lane'], TYPE.v128, whole, v.i32(value), 0);
  }
  upper(lower: Temp): Temp {
    const upper = this.uppers.get(lower);
    assert(upper !== undefined, 'a value without an upper half');
    return upper;
  }
  writeUpper(o: Operand, value: Temp): void { this.effects.push({ kind: 'upper', index: o.index, value }); }
  clearUpper(o: Operand): void { this.writeUpper(o, this.v.constant128(ZEROS)); }
  clearUppers(): void { this.effects.push({ kind: 'clear-uppers' }); }
  address(o: Operand): Temp {
    const at = this.effective(o);
    return o.segment === NONE ? at : this.v.add64(at, this.segmentBase(o.segment));
  }

  // — memory —
  load(at: Temp, size: Size, aligned = false): Temp { return size === 32 ? this.loadWide(at, aligned) : this.loadFrom(at, size, aligned, false); }
  private loadWide(address: Value, aligned: boolean): Value {
    const lower = this.v.result(TYPE.v128), upper = this.v.result(TYPE.v128);
    this.effects.push({ kind: 'load-wide', address: this.v.i64(address), aligned, lower, upper });
    this.uppers.set(lower, upper);
    return lower;
  }
  private loadFrom(address: Value, size: Size, aligned: boolean, keepsPlace: boolean): Value {
    const to = this.v.result(size === 16 ? TYPE.v128 : size === 8 ? TYPE.i64 : TYPE.i32);
    this.effects.push({ kind: 'load', address: this.v.i64(address), size, aligned, to, keepsPlace });
    return to;
  }
  store(at: Temp, value: Temp, size: Size, aligned = false): void {
    this.effects.push({ kind: 'store', address: this.v.i64(at), value: this.storable(value, size), size, aligned });
  }
  storeWide(at: Temp, lower: Temp, upper: Temp, aligned = false): void {
    this.effects.push({ kind: 'store-wide', address: this.v.i64(at), lower, upper, aligned });
  }
  probe(at: Temp, size: Size): void { this.effects.push({ kind: 'probe', address: this.v.i64(at), size }); }
  /** As the store instruction of this size wants it; a lane goes out as a float, without a detour through a general register. */
  private storable(value: Value, size: Size): Value {
    const { v } = this;
    if (size === 16) return value;
    if (size === 8) return v.isOperation(value, OP['i64x2.extract_lane']) || v.type(value) === TYPE.f64 ? v.f64(value) : v.i64(value);
    if (size === 4 && (v.isOperation(value, OP['i32x4.extract_lane']) || v.type(value) === TYPE.f32)) return v.f32(value);
    return v.i32(value);
  }

  // — integers: of 8 bytes in i64, of fewer in i32 —
  private binary(narrow: number, wide: number, a: Value, b: Value, size: Size): Value {
    const { v } = this;
    if (size === 8) return v.op2(wide, TYPE.i64, v.i64(a), v.i64(b));
    return this.cut(v.op2(narrow, TYPE.i32, v.i32(a), v.i32(b)), size);
  }
  private cut(a: Value, size: Size): Value {
    const { v } = this;
    switch (size) {
      case 8: return v.i64(a);
      case 4: return v.i32(a);
      default: return v.and32(v.i32(a), v.constant32(size === 2 ? 0xffff : 0xff));
    }
  }
  private isWide(a: Value, b: Value): boolean { return this.v.type(a) === TYPE.i64 || this.v.type(b) === TYPE.i64; }
  add(a: Temp, b: Temp, size: Size): Temp {
    const { v } = this;
    return size === 8 ? v.add64(v.i64(a), v.i64(b)) : this.cut(v.add32(v.i32(a), v.i32(b)), size);
  }
  sub(a: Temp, b: Temp, size: Size): Temp { return this.binary(OP['i32.sub'], OP['i64.sub'], a, b, size); }
  /** Of a 32-bit value and a constant the constant's low word counts: Temps are zero-extended. */
  and(a: Temp, b: Temp): Temp {
    const { v } = this;
    if (v.isConstant(a) && v.isConstant(b)) return v.and64(v.i64(a), v.i64(b));
    if (v.type(a) === TYPE.i32 || v.type(b) === TYPE.i32) return v.and32(v.i32(a), v.i32(b));
    return v.and64(v.i64(a), v.i64(b));
  }
  private either(narrow: number, wide: number, a: Value, b: Value): Value {
    const { v } = this;
    return this.isWide(a, b) ? v.op2(wide, TYPE.i64, v.i64(a), v.i64(b)) : v.op2(narrow, TYPE.i32, v.i32(a), v.i32(b));
  }
  or(a: Temp, b: Temp): Temp { return this.either(OP['i32.or'], OP['i64.or'], a, b); }
  xor(a: Temp, b: Temp): Temp { return this.either(OP['i32.xor'], OP['i64.xor'], a, b); }
  not(a: Temp, size: Size): Temp { return this.binary(OP['i32.xor'], OP['i64.xor'], a, this.v.constant64(-1), size); }
  multiply(a: Temp, b: Temp, size: Size): Temp { return this.binary(OP['i32.mul'], OP['i64.mul'], a, b, size); }
  multiplyHigh(a: Temp, b: Temp, size: Size, isSigned: boolean): Temp {
    const { v } = this;
    if (size === 8) return multiplyHigh64(v, v.i64(a), v.i64(b), isSigned);
    const extend = (n: Value): Value => isSigned ? signed64(v, v.i64(n), size) : v.i64(n);
    const whole = v.op2(OP['i64.mul'], TYPE.i64, extend(a), extend(b));
    return this.cut(v.op2(OP['i64.shr_u'], TYPE.i64, whole, v.constant64(8 * size)), size);
  }
  divide(high: Temp, low: Temp, divisor: Temp, size: Size, isSigned: boolean): Temp {
    const { v } = this, to = v.result(size === 8 ? TYPE.i64 : TYPE.i32);
    this.effects.push({ kind: 'divide', high: v.i64(high), low: v.i64(low), divisor: v.i64(divisor), size, isSigned, to });
    return to;
  }
  /** Counts below 64. In an i32 those from 32 on would wrap, so narrow operands are shifted as wide ones unless the count is known. */
  private shift(narrow: number, wide: number, a: Value, count: Value, size: Size): Value {
    const { v } = this;
    if (size === 8) return v.op2(wide, TYPE.i64, v.i64(a), v.i64(count));
    if (v.isConstant(count)) {
      if (v.low(count) < 32) return this.cut(v.shift32(narrow, v.i32(a), v.low(count)), size);
    } else if (size === 4 && v.isBelow32(count)) return v.op2(narrow, TYPE.i32, v.i32(a), v.i32(count));
    return this.cut(v.i32(v.op2(wide, TYPE.i64, v.i64(a), v.i64(count))), size);
  }
  shiftLeft(a: Temp, count: Temp, size: Size): Temp { return this.shift(OP['i32.shl'], OP['i64.shl'], a, count, size); }
  shiftRight(a: Temp, count: Temp, size: Size): Temp {
    const { v } = this;
    if (size === 4 && v.isConstant(a) && v.isConstant(count)) return v.constant32(v.low(a) >>> v.low(count)); // Parts of an immediate.
    return this.shift(OP['i32.shr_u'], OP['i64.shr_u'], a, count, size);
  }
  shiftRightSigned(a: Temp, count: Temp, size: Size): Temp {
    const { v } = this;
    if (size === 8) return v.op2(OP['i64.shr_s'], TYPE.i64, v.i64(a), v.i64(count));
    if (size === 4 && (v.isConstant(count) ? v.low(count) < 32 : v.isBelow32(count))) return v.op2(OP['i32.shr_s'], TYPE.i32, v.i32(a), v.i32(count));
    return this.cut(v.i32(v.op2(OP['i64.shr_s'], TYPE.i64, signed64(v, v.i64(a), size), v.i64(count))), size);
  }
  rotateLeft(a: Temp, count: Temp, size: Size): Temp {
    const { v } = this;
    if (size === 8) return v.op2(OP['i64.rotl'], TYPE.i64, v.i64(a), v.i64(count));
    if (size === 4) return v.op2(OP['i32.rotl'], TYPE.i32, v.i32(a), v.i32(count));
    // Two copies, or four, side by side rotate like one.
    let copies = v.op2(OP['i32.mul'], TYPE.i32, v.i32(a), v.constant32(size === 2 ? 0x10001 : 0x1010101));
    copies = v.op2(OP['i32.rotl'], TYPE.i32, copies, v.i32(count));
    return this.cut(copies, size);
  }
  zeroExtend(a: Temp, from: Size): Temp { return this.cut(a, from); }
  signExtend(a: Temp, from: Size, to: Size): Temp {
    const { v } = this;
    if (to === 8) return from === 8 ? v.i64(a) : v.isConstant(a) ? this.extendConstant(a, from) : signed64(v, v.i64(a), from);
    if (from === 4) return this.cut(a, to);
    const extended = from === 1 ? v.op1(OP['i32.extend8_s'], TYPE.i32, v.i32(a)) : from === 2 ? v.op1(OP['i32.extend16_s'], TYPE.i32, v.i32(a)) : v.i32(a);
    return this.cut(extended, to);
  }
  private extendConstant(a: Value, from: Size): Value {
    const up = 32 - 8 * from;
    return this.v.constant64((this.v.low(a) << up) >> up);
  }
  byteSwap(a: Temp, size: Size): Temp {
    const { v } = this;
    const bits = (n: Value, mask: number, left: number, right: number): Value => v.op2(OP['i32.or'], TYPE.i32,
      v.op2(OP['i32.and'], TYPE.i32, v.op2(OP['i32.rotl'], TYPE.i32, n, v.constant32(left)), v.constant32(mask)),
      v.op2(OP['i32.and'], TYPE.i32, v.op2(OP['i32.rotl'], TYPE.i32, n, v.constant32(right)), v.constant32(~mask)));
    const swap = (n: Value): Value => bits(n, 0x00ff00ff, 8, 24);
    if (size === 8) {
      const low = swap(v.i32(a)), high = swap(v.i32(v.op2(OP['i64.shr_u'], TYPE.i64, v.i64(a), v.constant64(32))));
      return v.op2(OP['i64.or'], TYPE.i64, v.op2(OP['i64.shl'], TYPE.i64, v.i64(low), v.constant64(32)), v.i64(high));
    }
    return size === 4 ? swap(v.i32(a)) : v.shift32(OP['i32.shr_u'], swap(v.i32(a)), 16);
  }
  lowestBit(a: Temp): Temp { return this.v.op1(OP['i64.ctz'], TYPE.i64, this.v.i64(a)); }
  highestBit(a: Temp): Temp { return this.v.op2(OP['i64.xor'], TYPE.i64, this.v.op1(OP['i64.clz'], TYPE.i64, this.v.i64(a)), this.v.constant64(63)); }
  countOnes(a: Temp): Temp { return this.v.op1(OP['i64.popcnt'], TYPE.i64, this.v.i64(a)); }

  // — truth —
  isZero(a: Temp): Temp { return this.v.eqz(a); }
  equal(a: Temp, b: Temp): Temp {
    const { v } = this;
    return this.isWide(a, b) ? v.op2(OP['i64.eq'], TYPE.i32, v.i64(a), v.i64(b)) : v.op2(OP['i32.eq'], TYPE.i32, v.i32(a), v.i32(b));
  }
  lessUnsigned(a: Temp, b: Temp): Temp {
    const { v } = this;
    if (v.isConstant(a) && v.isConstant(b)) return v.constant32(v.low(a) >>> 0 < v.low(b) >>> 0 ? 1 : 0); // Counts: they have one word.
    return this.isWide(a, b) ? v.op2(OP['i64.lt_u'], TYPE.i32, v.i64(a), v.i64(b)) : v.op2(OP['i32.lt_u'], TYPE.i32, v.i32(a), v.i32(b));
  }
  lessSigned(a: Temp, b: Temp, size: Size): Temp {
    const { v } = this;
    return v.op2(OP['i64.lt_s'], TYPE.i32, signed64(v, v.i64(a), size), signed64(v, v.i64(b), size));
  }
  select(condition: Temp, then: Temp, otherwise: Temp): Temp {
    const { v } = this;
    if (v.isConstant(condition)) return v.low(condition) !== 0 || v.high(condition) !== 0 ? then : otherwise;
    const test = v.type(condition) === TYPE.i32 ? condition : v.op2(OP['i64.ne'], TYPE.i32, condition, v.constant64(0));
    return this.isWide(then, otherwise) ? v.op3(OP.select, TYPE.i64, v.i64(then), v.i64(otherwise), test) : v.op3(OP.select, TYPE.i32, v.i32(then), v.i32(otherwise), test);
  }
  when(condition: Temp): boolean {
    const { v } = this;
    if (v.isConstant(condition)) {
      if (v.low(condition) === 0 && v.high(condition) === 0) return false;
      this.effects.push({ kind: 'when', condition: NO_VALUE, before: NO_VALUE });
      return true;
    }
    const test = v.type(condition) === TYPE.i32 ? condition : v.op2(OP['i64.ne'], TYPE.i32, condition, v.constant64(0));
    this.effects.push({ kind: 'when', condition: test, before: v.size });
    return true;
  }
  end(): void {
    const opened = [...this.effects].reverse().find(e => e.kind === 'when');
    this.effects.push({ kind: 'end', isConditional: opened?.kind === 'when' && opened.condition !== NO_VALUE });
  }

  // — flags —
  flags(rule: Rule, size: Size, result: Temp, a: Temp, b: Temp): void {
    const { v } = this;
    this.effects.push({ kind: 'flags', rule, size, result: v.i64(result), a: v.i64(a), b: v.i64(b) });
  }
  private flagValues(): FlagValues {
    const { v, flagLocals: at } = this;
    if (this.rule === UNKNOWN_RULE) { this.effects.push({ kind: 'settle' }); this.rule = RULE.known; }
    return new FlagValues(v, this.rule, {
      eflags: v.variable(at.eflags, TYPE.i32), result: v.variable(at.result, TYPE.i64), a: v.variable(at.a, TYPE.i64), b: v.variable(at.b, TYPE.i64),
    });
  }
  condition(cc: number): Temp { return this.flagValues().condition(cc); }
  carry(): Temp { return this.flagValues().carry(); }
  readFlags(): Temp { return this.flagValues().settled(); }
  /** Single steps are the interpreter's. */
  writeFlags(mask: number, value: Temp): void {
    const { v } = this, bits = v.i32(value);
    if ((mask & TF) !== 0) this.effects.push({ kind: 'give-up', condition: v.and32(bits, v.constant32(TF)) });
    this.effects.push({ kind: 'eflags', mask, value: bits });
  }

  // — control —
  canonical(at: Temp): void {
    const { v } = this;
    if (v.isConstant(at)) {
      const top = v.high(at) >> 15;
      if (top !== 0 && top !== -1) this.effects.push({ kind: 'give-up', condition: v.constant32(1) });
      return;
    }
    // Bits 47 to 63 are equal where adding bit 47 to them gives 0.
    const wide = v.i64(at), top = v.op2(OP['i64.shr_s'], TYPE.i64, wide, v.constant64(47));
    const isOutside = v.op2(OP['i64.gt_u'], TYPE.i32, v.op2(OP['i64.add'], TYPE.i64, top, v.constant64(1)), v.constant64(1));
    this.effects.push({ kind: 'give-up', condition: isOutside });
  }
  jump(to: Temp): void { this.effects.push({ kind: 'jump', to: this.v.i64(to) }); }
  branch(condition: Temp, operand: Operand): void {
    const { v } = this;
    this.effects.push({ kind: 'branch', condition: v.type(condition) === TYPE.i32 ? condition : v.op2(OP['i64.ne'], TYPE.i32, condition, v.constant64(0)), operand });
  }
  trap(_vector: number): void { this.effects.push({ kind: 'give-up', condition: this.v.constant32(1) }); }
  syscall(): void { assert(false, 'a system call is left to the interpreter'); }

  apply(primitive: Primitive, a: Temp, b: Temp = NO_VALUE, c: Temp = NO_VALUE): Temp {
    const { v } = this, before = v.size;
    if (primitive.raises) {
      const watched = lowerWatched(v, primitive, a, b, c);
      if (watched !== null) return this.applyWatched(watched, before, primitive, a, b, c);
    }
    const value = lowerPrimitive(v, primitive, a, b, c);
    if (value !== null) return value;
    const to = v.result(primitive.size === 16 ? TYPE.v128 : primitive.size === 8 ? TYPE.i64 : TYPE.i32);
    this.effects.push({ kind: 'primitive', called: this.calledWith(primitive, a, b, c), to });
    return to;
  }
  /** Where an exception is not masked, that of one half is raised with the flags of both: it is for the interpreter to say. */
  applyBoth(primitive: Primitive, a: Temp, upperA: Temp, b?: Temp, upperB?: Temp, c?: Temp, upperC?: Temp): Temp {
    const { v } = this;
    if (primitive.raises) {
      const masks = v.and32(v.loaded(OP['i32.load'], TYPE.i32, STATE.mxcsr), v.constant32(MXCSR_MASKS));
      this.effects.push({ kind: 'give-up', condition: v.op2(OP['i32.ne'], TYPE.i32, masks, v.constant32(MXCSR_MASKS)) });
    }
    const lower = this.apply(primitive, a, b, c);
    this.uppers.set(lower, this.apply(primitive, upperA, upperB, upperC));
    return lower;
  }
  private applyWatched(watched: Watched, before: Value, primitive: Primitive, a: Value, b: Value, c: Value): Value {
    const unseen = watched.operands.filter(({ shape, value }) => !this.isSeen(shape, value)), isOperation = watched.close.by === 'operation';
    const effect = floatEffect(this.v, watched, unseen, before, isOperation ? this.calledWith(primitive) : this.calledWith(primitive, a, b, c));
    this.effects.push(effect);
    if (watched.close.by !== 'nobody') for (const { shape, value } of unseen) this.nowSeen(shape, value);
    if (watched.isSeen !== null) this.nowSeen(watched.isSeen, effect.to);
    return effect.to;
  }
  /** Operands of a primitive are vectors, or 64 bits wide. */
  private calledWith(primitive: Primitive, ...operands: readonly Value[]): Called {
    const { v } = this;
    return { primitive, operands: operands.filter(n => n !== NO_VALUE).map(n => v.type(n) === TYPE.v128 ? n : v.i64(n)) };
  }
  /** Whether a value is known to be no denormal, unless STATE.floatLimit is 0. */
  protected isSeen(_shape: Shape, _value: Value): boolean { return false; }
  protected nowSeen(_shape: Shape, _value: Value): void { /* Heirs may remember it. */ }
  protected writesVector(_index: number, _value: Value): void { /* Heirs may remember it. */ }
  help(helper: Helper, instruction: Instruction): void { this.effects.push({ kind: 'help', helper, instruction }); }

  // — from effects to code —

  private isDead(effect: Effect): boolean {
    if (effect.kind === 'flags') return (this.liveFlags & ARITHMETIC_FLAGS) === 0;
    return effect.kind === 'eflags' && (effect.mask & ~ARITHMETIC_FLAGS) === 0 && (effect.mask & this.liveFlags) === 0;
  }
  private mark(effect: Effect): void {
    const { v } = this;
    if (this.isDead(effect)) return;
    switch (effect.kind) {
      case 'load': case 'load-wide': v.mark(effect.address); return;
      case 'store-wide': v.mark(effect.address); v.mark(effect.lower); v.mark(effect.upper); return;
      case 'store': v.mark(effect.address); v.mark(effect.value); return;
      case 'probe': v.mark(effect.address); return;
      case 'store-back': case 'register': case 'vector': case 'upper': case 'eflags': v.mark(effect.value); return;
      case 'flags': for (const n of this.sourcesOf(effect)) if (n !== NO_VALUE) v.mark(n); return;
      case 'when': case 'give-up': v.mark(effect.condition); return;
      case 'primitive': for (const n of effect.called.operands) v.mark(n); return;
      case 'float': for (const n of [effect.fast, ...effect.tests, effect.excuse, ...effect.odd, ...effect.operands, ...effect.called.operands]) v.mark(n); return;
      case 'divide': v.mark(effect.high); v.mark(effect.low); v.mark(effect.divisor); return;
      case 'jump': v.mark(effect.to); return;
      case 'branch': v.mark(effect.condition); return;
      default:
    }
  }
  private emit(effect: Effect): void {
    const { v, code } = this;
    if (this.isDead(effect)) return;
    switch (effect.kind) {
      case 'load': this.emitLoad(effect); return;
      case 'store': this.emitStore(effect.address, effect.value, effect.size, effect.aligned); return;
      case 'load-wide': this.emitLoadWide(effect); return;
      case 'store-wide': this.emitStoreWide(effect); return;
      case 'store-back': code.get(this.place); v.push(effect.value); this.storeAt(effect.value, effect.size); return;
      case 'probe': this.translate(effect.address, effect.size, false, 'modify', true); code.op(OP.drop); return;
      case 'register': v.push(effect.value); this.setGeneral(effect.index); return;
      case 'vector': this.writesVector(effect.index, effect.value); v.push(effect.value); this.setVector(effect.index); return;
      case 'upper': v.push(effect.value); this.setUpper(effect.index); return;
      case 'clear-uppers': this.emitClearUppers(); return;
      case 'flags': this.emitFlags(effect); return;
      case 'settle': this.emitSettle(); return;
      case 'eflags': this.emitEflags(effect.mask, effect.value); return;
      case 'when': if (effect.condition !== NO_VALUE) this.emitWhen(effect.condition, effect.before); return;
      case 'end': if (effect.isConditional) { code.end(); if (this.rule !== this.ruleOtherwise) this.rule = UNKNOWN_RULE; } return;
      case 'give-up': v.push(effect.condition); this.giveUp(); return;
      case 'primitive': this.emitPrimitive(effect); return;
      case 'float': this.floats.write(effect); return;
      case 'divide': writeDivide(code, this.v, effect, () => { this.giveUp(); }); return;
      case 'help': this.writeHelp(effect.helper, effect.instruction); return;
      case 'jump': this.writeJump(effect.to); return;
      case 'branch': this.writeBranch(effect.condition, effect.operand); return;
    }
  }
  private emitWhen(condition: Value, before: Value): void {
    this.v.keep(condition);
    this.v.keepAll(before);
    this.v.push(condition);
    this.code.if();
    this.ruleOtherwise = this.rule;
  }

  // — memory: the TLB is asked in place, everything else is a call —
  /** Leaves on the stack where an address is in linear memory. */
  private translate(address: Value, size: Size, aligned: boolean, slow: 'load' | 'modify', isStore = false): void {
    const { code } = this;
    const near = this.lookUp(address, size, aligned, slow === 'load' ? TLB.read : TLB.write, isStore);
    code.ifUnlikely(TYPE.i32);
    this.callChecked(near, slow, size);
    if (near !== null) loadNear(code, near);
    code.get(this.entry);
    code.else();
    this.hit(near);
    code.end();
  }
  /** Sets `entry` to where the bytes are. */
  private callChecked(near: Near | null, slow: 'load' | 'modify', size: Size): void {
    const { code } = this;
    code.get(this.at); code.i32(size);
    this.callSlow(near, slow);
    code.tee(this.entry);
    code.op(OP['i32.eqz']);
    this.giveUp();
  }
  private callSlow(near: Near | null, slow: 'load' | 'modify' | 'store'): void {
    const { code } = this;
    if (near === null) { code.call(IMPORTED[slow]); return; }
    code.i32(near.at);
    code.call(IMPORTED[slow === 'load' && near.isWritable ? 'loadWritable' : SLOW_PATH_NEAR[slow]]);
  }
  /** Sets `at` to the address, of an access that may go there. */
  private locate(address: Value, size: Size, aligned: boolean, isStore: boolean): void {
    const { code } = this;
    this.v.push(address);
    code.set(this.at);
    this.touch(this.at, isStore);
    if (aligned) { code.get(this.at); code.op(OP['i32.wrap_i64']); code.i32(size - 1); code.op(OP['i32.and']); this.giveUp(); }
  }
  /** Leaves 0 on the stack if the page is known: it is the near one that is returned, or `entry` is the TLB entry's offset. */
  private lookUp(address: Value, size: Size, aligned: boolean, tag: number, isStore: boolean): Near | null {
    const { code } = this, near = this.nearOf(address, tag === TLB.write);
    this.locate(address, size, aligned, isStore);
    if (near === null) this.repeat(`${tag} ${aligned ? 1 : size}`, () => writeLookUp(code, this.at, this.entry, tag, this.at, aligned ? 0 : size - 1));
    else { code.get(this.at); code.get(near.page); code.op(OP['i64.sub']); code.i64(PAGE_BYTES - size); code.op(OP['i64.gt_u']); }
    return near;
  }
  private hit(near: Near | null): void {
    const { code } = this;
    if (near !== null) { code.get(this.at); code.op(OP['i32.wrap_i64']); code.get(near.addend); code.op(OP['i32.add']); return; }
    this.repeat('hit', () => { writePlace(code, this.at, this.entry); });
  }
  /** The same bytes again: what is written often and depends on this function's locals only, no branches. */
  private repeat(key: string, write: () => void): void {
    const { code } = this, known = this.phrases.get(key);
    if (known !== undefined) { code.append(known); return; }
    const from = code.length;
    write();
    this.phrases.set(key, code.bytes.slice(from, code.length));
  }
  private emitLoad(effect: Effect & { kind: 'load' }): void {
    const { v, code } = this;
    this.translate(effect.address, effect.size, effect.aligned, effect.keepsPlace ? 'modify' : 'load');
    if (effect.keepsPlace) code.tee(this.place);
    code.memory(loadOperation(v.type(effect.to), effect.size), 0);
    v.take(effect.to);
  }
  private emitLoadWide({ address, aligned, lower, upper }: Effect & { kind: 'load-wide' }): void {
    const { v, code } = this;
    this.translate(address, 32, aligned, 'load');
    code.tee(this.entry);
    code.memory(OP['v128.load'], 0);
    v.take(lower);
    code.get(this.entry); code.memory(OP['v128.load'], 16);
    v.take(upper);
  }
  private emitStoreWide({ address, lower, upper, aligned }: Effect & { kind: 'store-wide' }): void {
    const { code } = this, holdLower = this.held(lower), holdUpper = this.held(upper);
    this.storeWith(address, 32, aligned, () => {
      code.i32(0); holdLower(); code.memory(OP['v128.store'], STAGING.at);
      code.i32(0); holdUpper(); code.memory(OP['v128.store'], STAGING.at + 16);
    }, () => {
      code.tee(this.entry);
      holdLower(); code.memory(OP['v128.store'], 0);
      code.get(this.entry); holdUpper(); code.memory(OP['v128.store'], 16);
    });
  }
  /** `stage` stores to STAGING, `store` to the place on the stack. */
  private storeWith(address: Value, size: Size, aligned: boolean, stage: () => void, store: () => void): void {
    const { code } = this, near = this.lookUp(address, size, aligned, TLB.write, true);
    code.ifUnlikely();
    stage();
    code.get(this.at); code.i32(size);
    this.callSlow(near, 'store');
    code.op(OP['i32.eqz']);
    this.giveUp();
    if (near !== null) loadNear(code, near);
    code.else();
    this.hit(near);
    store();
    code.end();
  }
  private emitClearUppers(): void {
    const { code, v } = this, zeros = v.temporary(TYPE.v128);
    code.bytes16(OP['v128.const'], ZEROS); code.set(zeros);
    for (let k = 0; k < VECTOR_COUNT; k++) { code.i32(0); code.get(zeros); code.memory(OP['v128.store'], STATE.vector + VECTOR_BYTES * k + 16); }
  }
  private storeAt(value: Value, size: Size): void { this.code.memory(storeOperation(this.v.type(value), size), 0); }
  /** The value is computed before the branch, and stored on either side of it. */
  private emitStore(address: Value, value: Value, size: Size, aligned: boolean): void {
    const { v, code } = this, held = this.held(value);
    this.storeWith(address, size, aligned, () => {
      code.i32(0); held(); code.memory(storeOperation(v.type(value), size), STAGING.at);
    }, () => {
      held();
      this.storeAt(value, size);
    });
  }
  /** A way to push a value twice. */
  private held(value: Value): () => void {
    const { v, code } = this;
    const local = v.home(value);
    return () => code.get(local);
  }

  /** What a rule computes from, in the order of the locals; NO_VALUE: it does not matter. */
  private sourcesOf({ rule, result, a, b }: Effect & { kind: 'flags' }): readonly [result: Value, a: Value, b: Value] {
    switch (rule) {
      case RULE.add: case RULE.sub: return [NO_VALUE, a, b];
      case RULE.logic: return [result, NO_VALUE, NO_VALUE];
      case RULE.inc: case RULE.dec: return [result, NO_VALUE, b];
      default: return [result, a, b];
    }
  }
  private emitFlags(effect: Effect & { kind: 'flags' }): void {
    const { v, code, flagLocals: to } = this;
    const locals = [to.result, to.a, to.b], sources = this.sourcesOf(effect);
    const isSet = (k: number): boolean => sources[k] !== NO_VALUE;
    for (let k = 0; k < 3; k++) if (isSet(k)) v.push(sources[k]!);
    for (let k = 2; k >= 0; k--) if (isSet(k)) { v.clobber(locals[k]!); code.set(locals[k]!); }
    this.setRule(ruleWord(effect.rule, effect.size));
  }
  private setRule(word: number): void {
    this.code.i32(word);
    this.code.set(this.flagLocals.rule);
    this.rule = word;
  }
  private emitSettle(): void {
    const { code, flagLocals: at } = this;
    code.get(at.rule); code.get(at.eflags); code.get(at.result); code.get(at.a); code.get(at.b);
    code.call(IMPORTED.settle);
    code.set(at.eflags);
    this.setRule(RULE.known);
  }
  /** Flags written one by one lie in `eflags`, and the rule word says so. */
  private emitEflags(mask: number, value: Value): void {
    const { v, code, flagLocals: at } = this;
    code.get(at.eflags); code.i32(~mask); code.op(OP['i32.and']);
    v.push(value); code.i32(mask); code.op(OP['i32.and']); code.op(OP['i32.or']);
    v.clobber(at.eflags);
    code.set(at.eflags);
    const arithmetic = mask & ARITHMETIC_FLAGS;
    if (arithmetic === 0) return;
    if (this.rule !== UNKNOWN_RULE || arithmetic === ARITHMETIC_FLAGS) { this.setRule(afterWriting(Math.max(this.rule, 0), mask)); return; }
    code.get(at.rule); code.i32(arithmetic << WRITTEN_SHIFT); code.op(OP['i32.or']); code.set(at.rule);
  }

  private emitPrimitive({ called, to }: Effect & { kind: 'primitive' }): void {
    this.floats.call(called, this.v.type(to));
    this.v.take(to);
  }
}

/** Those of near accesses ask the TLB, and say which page it was. */
const SLOW_PATH_NEAR = { load: 'loadNear', modify: 'modifyNear', store: 'storeNear' } as const;
