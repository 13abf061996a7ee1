/** The arithmetic flags as values, from a rule known when code is written (SDM vol. 1 §3.4.3.1; vol. 2, "Flags Affected"; appendix B.1.4.7 for conditions). */
import type { Size } from '../../base/types.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { isWritten, ruleOf, sizeOf, WRITTEN_SHIFT } from '../flags.ts';
import { AF, ARITHMETIC_FLAGS, CF, OF, PF, RULE, SF, ZF } from '../ops.ts';
import type { Value, Values } from '../../wasm/values.ts';

/** What a rule computes from; see `RULE`. All 64 bits wide, but `eflags`. Of sums and differences `result` does not count: it is computed. */
export interface FlagSources { readonly eflags: Value; readonly result: Value; readonly a: Value; readonly b: Value }

/** The flags under one rule word, each as an i32 of 0 or 1. */
export class FlagValues {
  private readonly v: Values;
  private readonly word: number;
  private readonly rule: number;
  private readonly size: Size;
  private readonly from: FlagSources;
  private computed: Value | null = null;

  constructor(v: Values, word: number, from: FlagSources) {
    this.v = v; this.word = word; this.rule = ruleOf(word); this.size = sizeOf(word) as Size; this.from = from;
  }
  private isWritten(flags: number): boolean { return isWritten(this.word, flags); }
  // — the sources, as wide as the operation —
  private get isWide(): boolean { return this.size === 8; }
  private narrow(n: Value): Value { return this.isWide ? n : this.v.i32(n); }
  private get result(): Value { return this.computed ??= this.resultOfRule(); }
  private resultOfRule(): Value {
    const { v } = this;
    if (this.rule !== RULE.add && this.rule !== RULE.sub) return this.narrow(this.from.result);
    const whole = this.rule === RULE.add ? this.op2(OP['i32.add'], OP['i64.add'], this.a, this.b) : this.op2(OP['i32.sub'], OP['i64.sub'], this.a, this.b);
    return this.size >= 4 ? whole : v.and32(whole, v.constant32(this.size === 2 ? 0xffff : 0xff));
  }
  private get a(): Value { return this.narrow(this.from.a); }
  private get b(): Value { return this.narrow(this.from.b); }
  private constant(value: number): Value { return this.isWide ? this.v.constant64(value) : this.v.constant32(value); }
  /** An operation of both widths: i32 and i64 opcodes lie a fixed distance apart in every family. */
  private op2(narrow: number, wide: number, a: Value, b: Value): Value {
    return this.isWide ? this.v.op2(wide, TYPE.i64, a, b) : this.v.op2(narrow, TYPE.i32, a, b);
  }
  private compare(narrow: number, wide: number, a: Value, b: Value): Value { return this.v.op2(this.isWide ? wide : narrow, TYPE.i32, a, b); }
  private and(a: Value, b: Value): Value { return this.op2(OP['i32.and'], OP['i64.and'], a, b); }
  private xor(a: Value, b: Value): Value { return this.op2(OP['i32.xor'], OP['i64.xor'], a, b); }
  private or(a: Value, b: Value): Value { return this.op2(OP['i32.or'], OP['i64.or'], a, b); }
  /** The top bit of a value of the operation's size. */
  private top(n: Value): Value {
    const { v } = this;
    if (this.isWide) return v.i32(v.op2(OP['i64.shr_u'], TYPE.i64, n, v.constant64(63)));
    const shifted = v.op2(OP['i32.shr_u'], TYPE.i32, n, v.constant32(8 * this.size - 1));
    return this.size === 4 ? shifted : v.op2(OP['i32.and'], TYPE.i32, shifted, v.constant32(1));
  }
  /** Sign-extended to i32 (or i64), for signed comparison. */
  private signed(n: Value): Value {
    if (this.size === 1) return this.v.op1(OP['i32.extend8_s'], TYPE.i32, n);
    return this.size === 2 ? this.v.op1(OP['i32.extend16_s'], TYPE.i32, n) : n;
  }
  private known(bit: number): Value {
    const { v } = this;
    return v.op2(OP['i32.and'], TYPE.i32, v.shift32(OP['i32.shr_u'], this.from.eflags, bit), v.constant32(1));
  }
  private not(n: Value): Value { return this.v.eqz(n); }
  private zeroValue(): Value { return this.v.constant32(0); }
  /** Bit `n` of the 64-bit operand: `n` is an i64 below 64. */
  private operandBit(n: Value): Value {
    const { v } = this;
    return v.i32(v.op2(OP['i64.and'], TYPE.i64, v.op2(OP['i64.shr_u'], TYPE.i64, this.from.a, n), v.constant64(1)));
  }

  carry(): Value { return this.isWritten(CF) ? this.known(0) : this.carryByRule(); }
  private carryByRule(): Value {
    const { v, from } = this;
    switch (this.rule) {
      case RULE.add: return this.compare(OP['i32.lt_u'], OP['i64.lt_u'], this.result, this.a);
      case RULE.sub: return this.compare(OP['i32.lt_u'], OP['i64.lt_u'], this.a, this.b);
      // With a carry in, the sum may come round to the operand: the bits tell.
      case RULE.adc: return this.top(this.or(this.and(this.a, this.b), this.and(this.or(this.a, this.b), this.complement(this.result))));
      case RULE.sbb: return this.top(this.or(this.and(this.complement(this.a), this.b), this.and(this.or(this.complement(this.a), this.b), this.result)));
      case RULE.inc: case RULE.dec: return v.i32(from.b);
      case RULE.shl: {
        const place = v.op2(OP['i64.sub'], TYPE.i64, v.constant64(8 * this.size), from.b);
        if (this.size >= 4) return this.operandBit(place);
        // A count may exceed the operand: nothing is left to carry.
        return v.op2(OP['i32.and'], TYPE.i32, this.operandBit(place), v.op2(OP['i64.le_u'], TYPE.i32, from.b, v.constant64(8 * this.size)));
      }
      case RULE.shr: return this.operandBit(v.op2(OP['i64.sub'], TYPE.i64, from.b, v.constant64(1)));
      case RULE.sar: {
        if (this.size >= 4) return this.operandBit(v.op2(OP['i64.sub'], TYPE.i64, from.b, v.constant64(1)));
        const filled = v.op1(this.size === 1 ? OP['i64.extend8_s'] : OP['i64.extend16_s'], TYPE.i64, from.a);
        const moved = v.op2(OP['i64.shr_s'], TYPE.i64, filled, v.op2(OP['i64.sub'], TYPE.i64, from.b, v.constant64(1)));
        return v.i32(v.op2(OP['i64.and'], TYPE.i64, moved, v.constant64(1)));
      }
      case RULE.mulUnsigned: case RULE.mulSigned: return this.isExcessive();
      default: return this.zeroValue();
    }
  }
  private complement(n: Value): Value { return this.xor(n, this.constant(-1)); }
  /** Whether a product needs more than the operation's size. */
  private isExcessive(): Value {
    const { v, from } = this, isSigned = this.rule === RULE.mulSigned;
    if (this.isWide) {
      const high = multiplyHigh64(v, from.a, from.b, isSigned);
      const spill = isSigned ? v.op2(OP['i64.shr_s'], TYPE.i64, from.result, v.constant64(63)) : v.constant64(0);
      return v.op2(OP['i64.ne'], TYPE.i32, high, spill);
    }
    const x = isSigned ? signed64(v, from.a, this.size) : from.a, y = isSigned ? signed64(v, from.b, this.size) : from.b;
    const whole = v.op2(OP['i64.mul'], TYPE.i64, x, y);
    const fits = isSigned ? signed64(v, from.result, this.size) : from.result;
    return v.op2(OP['i64.ne'], TYPE.i32, whole, fits);
  }
  zero(): Value {
    return this.isWritten(ZF) ? this.known(6) : this.rule === RULE.sub ? this.compare(OP['i32.eq'], OP['i64.eq'], this.a, this.b) : this.v.eqz(this.result);
  }
  sign(): Value { return this.isWritten(SF) ? this.known(7) : this.top(this.result); }
  parity(): Value {
    if (this.isWritten(PF)) return this.known(2);
    const { v } = this, low = v.op2(OP['i32.and'], TYPE.i32, v.i32(this.result), v.constant32(0xff));
    const odd = v.op2(OP['i32.and'], TYPE.i32, v.op1(OP['i32.popcnt'], TYPE.i32, low), v.constant32(1));
    return this.not(odd);
  }
  adjust(): Value {
    const { v, from } = this;
    const low = (n: Value): Value => v.i32(n);
    const bit4 = (n: Value): Value => v.op2(OP['i32.and'], TYPE.i32, v.op2(OP['i32.shr_u'], TYPE.i32, n, v.constant32(4)), v.constant32(1));
    if (this.isWritten(AF)) return this.known(4);
    const nibble = v.op2(OP['i32.and'], TYPE.i32, low(this.result), v.constant32(15));
    switch (this.rule) {
      case RULE.add: case RULE.adc: case RULE.sub: case RULE.sbb:
        return bit4(v.op2(OP['i32.xor'], TYPE.i32, v.op2(OP['i32.xor'], TYPE.i32, low(from.a), low(from.b)), low(this.result)));
      case RULE.inc: return v.eqz(nibble);
      case RULE.dec: return v.op2(OP['i32.eq'], TYPE.i32, nibble, v.constant32(15));
      case RULE.shl: case RULE.shr: case RULE.sar: return v.constant32(1);
      default: return this.zeroValue();
    }
  }
  overflow(): Value {
    const { v } = this;
    if (this.isWritten(OF)) return this.known(11);
    switch (this.rule) {
      case RULE.add: case RULE.adc: return this.top(this.and(this.xor(this.a, this.result), this.xor(this.b, this.result)));
      case RULE.sub: case RULE.sbb: return this.top(this.and(this.xor(this.a, this.b), this.xor(this.a, this.result)));
      case RULE.inc: return this.isResult(false);
      case RULE.dec: return this.isResult(true);
      case RULE.shl: return v.op2(OP['i32.xor'], TYPE.i32, this.top(this.result), this.carryByRule());
      case RULE.shr: return v.op2(OP['i32.and'], TYPE.i32, this.top(this.a), v.op2(OP['i64.eq'], TYPE.i32, this.from.b, v.constant64(1)));
      case RULE.mulUnsigned: case RULE.mulSigned: return this.carryByRule();
      default: return this.zeroValue();
    }
  }
  /** Whether the result is the smallest (or the greatest) signed number. */
  private isResult(isGreatest: boolean): Value {
    const { v } = this;
    if (this.isWide) return v.op2(OP['i64.eq'], TYPE.i32, this.result, isGreatest ? v.constant64(-1, 0x7fffffff) : v.constant64(0, 1 << 31));
    const smallest = 1 << (8 * this.size - 1);
    return v.op2(OP['i32.eq'], TYPE.i32, this.result, v.constant32(isGreatest ? smallest - 1 : smallest));
  }

  /** Condition `cc`. Comparisons become comparisons again. */
  condition(cc: number): Value {
    const isNegated = (cc & 1) === 1;
    const value = this.direct(cc >> 1, isNegated);
    if (value !== null) return value;
    const plain = this.plain(cc >> 1);
    return isNegated ? this.not(plain) : plain;
  }
  /** The conditions a comparison of operands (or of the result with zero) answers, negation included. */
  private direct(kind: number, isNegated: boolean): Value | null {
    if (((this.word >> WRITTEN_SHIFT) & CONDITION_FLAGS[kind]!) !== 0 || this.rule === RULE.known) return null;
    const pick = (a: number, b: number): number => isNegated ? b : a;
    const signs = (narrow: number, narrowNot: number, wide: number, wideNot: number, x: Value, y: Value): Value =>
      this.compare(pick(narrow, narrowNot), pick(wide, wideNot), this.signed(x), this.signed(y));
    const isSub = this.rule === RULE.sub, isLogic = this.rule === RULE.logic;
    switch (kind) {
      case 1: return isSub ? this.compare(pick(OP['i32.lt_u'], OP['i32.ge_u']), pick(OP['i64.lt_u'], OP['i64.ge_u']), this.a, this.b) : null;
      case 2:
        if (isSub) return this.compare(pick(OP['i32.eq'], OP['i32.ne']), pick(OP['i64.eq'], OP['i64.ne']), this.a, this.b);
        return this.compare(pick(OP['i32.eq'], OP['i32.ne']), pick(OP['i64.eq'], OP['i64.ne']), this.result, this.constant(0));
      case 3:
        if (isSub) return this.compare(pick(OP['i32.le_u'], OP['i32.gt_u']), pick(OP['i64.le_u'], OP['i64.gt_u']), this.a, this.b);
        return isLogic ? this.direct(2, isNegated) : null;
      case 4: return signs(OP['i32.lt_s'], OP['i32.ge_s'], OP['i64.lt_s'], OP['i64.ge_s'], this.result, this.constant(0));
      case 6:
        if (isSub) return signs(OP['i32.lt_s'], OP['i32.ge_s'], OP['i64.lt_s'], OP['i64.ge_s'], this.a, this.b);
        return isLogic ? this.direct(4, isNegated) : null;
      case 7:
        if (isSub) return signs(OP['i32.le_s'], OP['i32.gt_s'], OP['i64.le_s'], OP['i64.gt_s'], this.a, this.b);
        return isLogic ? signs(OP['i32.le_s'], OP['i32.gt_s'], OP['i64.le_s'], OP['i64.gt_s'], this.result, this.constant(0)) : null;
      default: return null;
    }
  }
  private plain(kind: number): Value {
    const { v } = this;
    const or = (a: Value, b: Value): Value => v.op2(OP['i32.or'], TYPE.i32, a, b);
    switch (kind) {
      case 0: return this.overflow();
      case 1: return this.carry();
      case 2: return this.zero();
      case 3: return or(this.carry(), this.zero());
      case 4: return this.sign();
      case 5: return this.parity();
      case 6: return v.op2(OP['i32.xor'], TYPE.i32, this.sign(), this.overflow());
      default: return or(v.op2(OP['i32.xor'], TYPE.i32, this.sign(), this.overflow()), this.zero());
    }
  }
  /** RFLAGS with all six at their places. */
  settled(): Value {
    const { v } = this;
    if (this.rule === RULE.known) return this.from.eflags;
    const lazy = ARITHMETIC_FLAGS & ~(this.word >> WRITTEN_SHIFT);
    const at = (flag: number, bit: number, value: () => Value): Value[] => (lazy & flag) === 0 ? [] : [v.shift32(OP['i32.shl'], value(), bit)];
    return [
      ...at(CF, 0, () => this.carry()), ...at(PF, 2, () => this.parity()), ...at(AF, 4, () => this.adjust()),
      ...at(ZF, 6, () => this.zero()), ...at(SF, 7, () => this.sign()), ...at(OF, 11, () => this.overflow()),
    ].reduce((sum, n) => v.op2(OP['i32.or'], TYPE.i32, sum, n), v.and32(this.from.eflags, v.constant32(~lazy)));
  }
}
/** What conditions o, b, z, be, s, p, l and le look at. */
const CONDITION_FLAGS = [OF, CF, ZF, CF | ZF, SF, PF, SF | OF, SF | OF | ZF] as const;

/** A value of `size` bytes, zero-extended in an i64, sign-extended. */
export function signed64(v: Values, n: Value, size: Size): Value {
  switch (size) {
    case 1: return v.op1(OP['i64.extend8_s'], TYPE.i64, n);
    case 2: return v.op1(OP['i64.extend16_s'], TYPE.i64, n);
    case 4: return v.op1(OP['i64.extend32_s'], TYPE.i64, n);
    default: return n;
  }
}
/** The high 64 bits of a product: the schoolbook way, by four products of halves. */
export function multiplyHigh64(v: Values, a: Value, b: Value, isSigned: boolean): Value {
  const mask = v.constant64(-1, 0), half = v.constant64(32);
  const add = (x: Value, y: Value): Value => v.op2(OP['i64.add'], TYPE.i64, x, y);
  const mul = (x: Value, y: Value): Value => v.op2(OP['i64.mul'], TYPE.i64, x, y);
  const low = (x: Value): Value => v.op2(OP['i64.and'], TYPE.i64, x, mask);
  const shift = isSigned ? OP['i64.shr_s'] : OP['i64.shr_u'];
  const high = (x: Value): Value => v.op2(shift, TYPE.i64, x, half);
  const al = low(a), ah = high(a), bl = low(b), bh = high(b);
  const middle = add(mul(ah, bl), v.op2(OP['i64.shr_u'], TYPE.i64, mul(al, bl), half));
  const other = add(mul(al, bh), low(middle));
  return add(add(mul(ah, bh), high(middle)), high(other));
}
