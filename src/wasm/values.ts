/**
 * A graph of WebAssembly operations, written out as expression trees (WebAssembly Core Specification 2.0, §2.4): what is used once is computed
 * where it is used, what is used twice goes through a local, what nobody uses is never computed. Knows no x86.
 */
import { assert } from '../base/assert.ts';
import { hiOf, loOf } from '../base/words.ts';
import type { Code, Local } from './code.ts';
import { OP, TYPE, type ValueType } from './opcode.ts';

/** A node's number. */
export type Value = number;

/** Operations that are not WebAssembly's. */
const CONSTANT = -1, VARIABLE = -2, RESULT = -3, CUSTOM = -4;
const NOTHING = -1, NOT_KEPT = -1;
const CAPACITY = 4096;
/** What an instruction with an immediate after its opcode has there: lanes, a memory offset, sixteen lanes, 128 bits. */
const PLAIN = 0, LANE = 1, SHUFFLE = 2, LOAD = 3;

/** A number for a sum of two variables, apart from those of single ones. */
export function pairOf(base: Local, index: Local): number { return base + 1024 * (1 + index); }

export class Values {
  private count = 0;
  private readonly operation = new Int32Array(CAPACITY);
  private readonly types = new Uint8Array(CAPACITY);
  private readonly a = new Int32Array(CAPACITY);
  private readonly b = new Int32Array(CAPACITY);
  private readonly c = new Int32Array(CAPACITY);
  /** Constants: the words. Variables: the local in `lo`. Lanes: the lane in `lo`. */
  private readonly lo = new Int32Array(CAPACITY);
  private readonly hi = new Int32Array(CAPACITY);
  private readonly shape = new Uint8Array(CAPACITY);
  /** Uses not yet written. */
  private readonly uses = new Int32Array(CAPACITY);
  private readonly kept = new Int32Array(CAPACITY);
  private patterns: (readonly number[])[] = [];
  /** Variables whose leaf is still what the variable holds. */
  private readonly leaves = new Map<Local, Value>();
  private code: Code;
  private readonly pools = new Map<ValueType, Local[]>();
  private readonly taken = new Map<ValueType, number>();
  /** Writes a leaf that only the performer knows. */
  customLeaf: (code: Code, id: number) => void = () => assert(false, 'no custom leaves here');

  constructor(code: Code) { this.code = code; }
  /** Writes into another function from now on. */
  into(code: Code): void { this.code = code; this.pools.clear(); this.begin(); }
  /** Forgets the graph; locals for temporaries may be used again. */
  begin(): void { this.count = 0; this.leaves.clear(); this.taken.clear(); this.patterns = []; }

  // — making nodes —
  private fresh(operation: number, type: ValueType, a: Value, b: Value, c: Value): Value {
    const n = this.count;
    assert(n < CAPACITY, 'an instruction of more than 4,096 values');
    this.count = n + 1;
    this.operation[n] = operation; this.types[n] = type;
    this.a[n] = a; this.b[n] = b; this.c[n] = c;
    this.uses[n] = 0; this.kept[n] = NOT_KEPT; this.shape[n] = PLAIN;
    this.lo[n] = 0; this.hi[n] = 0;
    return n;
  }
  type(n: Value): ValueType { return this.types[n] as ValueType; }
  op1(operation: number, type: ValueType, a: Value): Value { return this.fresh(operation, type, a, NOTHING, NOTHING); }
  op2(operation: number, type: ValueType, a: Value, b: Value): Value { return this.fresh(operation, type, a, b, NOTHING); }
  op3(operation: number, type: ValueType, a: Value, b: Value, c: Value): Value { return this.fresh(operation, type, a, b, c); }
  lane1(operation: number, type: ValueType, a: Value, lane: number): Value {
    const n = this.op1(operation, type, a);
    this.lo[n] = lane; this.shape[n] = LANE;
    return n;
  }
  lane2(operation: number, type: ValueType, a: Value, b: Value, lane: number): Value {
    const n = this.op2(operation, type, a, b);
    this.lo[n] = lane; this.shape[n] = LANE;
    return n;
  }
  /** i8x16.shuffle: lanes 0-15 are a's bytes, 16-31 b's. */
  shuffle(a: Value, b: Value, lanes: readonly number[]): Value {
    const n = this.op2(OP['i8x16.shuffle'], TYPE.v128, a, b);
    this.lo[n] = this.patterns.push(lanes) - 1; this.shape[n] = SHUFFLE;
    return n;
  }
  constant32(value: number): Value {
    const n = this.fresh(CONSTANT, TYPE.i32, NOTHING, NOTHING, NOTHING);
    this.lo[n] = value | 0;
    return n;
  }
  constant64(lo: number, hi: number = lo >> 31): Value {
    const n = this.fresh(CONSTANT, TYPE.i64, NOTHING, NOTHING, NOTHING);
    this.lo[n] = lo; this.hi[n] = hi;
    return n;
  }
  constant128(bytes: readonly number[]): Value {
    const n = this.fresh(CONSTANT, TYPE.v128, NOTHING, NOTHING, NOTHING);
    this.lo[n] = this.patterns.push(bytes) - 1;
    return n;
  }
  /** What a local that may be assigned later holds now. */
  variable(local: Local, type: ValueType): Value {
    const known = this.leaves.get(local);
    if (known !== undefined) return known;
    const n = this.fresh(VARIABLE, type, NOTHING, NOTHING, NOTHING);
    this.lo[n] = local;
    this.leaves.set(local, n);
    return n;
  }
  /** Something the performer writes. Two with the same id are the same value until `clobberCustom`. */
  custom(id: number, type: ValueType): Value {
    const key = -1 - id, known = this.leaves.get(key);
    if (known !== undefined) return known;
    const n = this.fresh(CUSTOM, type, NOTHING, NOTHING, NOTHING);
    this.lo[n] = id;
    this.leaves.set(key, n);
    return n;
  }
  /** A value that an effect will compute and put into a local of its own. */
  result(type: ValueType): Value { return this.fresh(RESULT, type, NOTHING, NOTHING, NOTHING); }

  /** What lies at a fixed place in memory when the value is written. */
  loaded(operation: number, type: ValueType, offset: number): Value {
    const n = this.fresh(operation, type, NOTHING, NOTHING, NOTHING);
    this.lo[n] = offset; this.shape[n] = LOAD;
    return n;
  }

  // — looking at nodes —
  isConstant(n: Value): boolean { return this.operation[n] === CONSTANT; }
  isVariable(n: Value): boolean { return this.operation[n] === VARIABLE; }
  isResult(n: Value): boolean { return this.operation[n] === RESULT; }
  isOperation(n: Value, operation: number): boolean { return this.operation[n] === operation; }
  low(n: Value): number { return this.lo[n]!; }
  high(n: Value): number { return this.hi[n]!; }
  child(n: Value): Value { return this.a[n]!; }
  /**
   * The variable that a value is, or `pairOf` it and another one that was added, shifted or not; constants that were added do not matter. -1: it is
   * something else.
   */
  baseOf(n: Value): number {
    const a = this.a[n]!, b = this.b[n]!;
    if (this.operation[n] === VARIABLE) return this.lo[n]!;
    if (this.operation[n] !== OP['i64.add'] && this.operation[n] !== OP['i64.sub']) return -1;
    if (this.isConstant(b)) return this.baseOf(a);
    const index = this.operation[b] === OP['i64.shl'] ? this.a[b]! : b;
    return this.operation[n] === OP['i64.add'] && this.operation[a] === VARIABLE && this.operation[index] === VARIABLE ? pairOf(this.lo[a]!, this.lo[index]!) : -1;
  }
  second(n: Value): Value { return this.b[n]!; }
  laneOf(n: Value): number { return this.lo[n]!; }
  /** For results not yet written. */
  retype(n: Value, type: ValueType): void { this.types[n] = type; }

  /** Whether an i32 or i64 is certainly below 32: a count that was masked. */
  isBelow32(n: Value): boolean {
    const o = this.operation[n];
    if (o === OP['i64.extend_i32_u'] || o === OP['i32.wrap_i64']) return this.isBelow32(this.a[n]!);
    const mask = this.b[n]!;
    return (o === OP['i32.and'] || o === OP['i64.and']) && this.isConstant(mask) && this.lo[mask]! >>> 0 < 32 && this.hi[mask] === 0;
  }

  // — from type to type —
  i32(n: Value): Value {
    switch (this.types[n]) {
      case TYPE.i32: return n;
      case TYPE.i64:
        if (this.isConstant(n)) return this.constant32(this.lo[n]!);
        if (this.operation[n] === OP['i64.extend_i32_u']) return this.a[n]!;
        return this.op1(OP['i32.wrap_i64'], TYPE.i32, n);
      case TYPE.f32: return this.op1(OP['i32.reinterpret_f32'], TYPE.i32, n);
      default: return this.i32(this.i64(n));
    }
  }
  /** Zero-extends. */
  i64(n: Value): Value {
    switch (this.types[n]) {
      case TYPE.i64: return n;
      case TYPE.i32: return this.isConstant(n) ? this.constant64(this.lo[n]!, 0) : this.op1(OP['i64.extend_i32_u'], TYPE.i64, n);
      case TYPE.f64: return this.op1(OP['i64.reinterpret_f64'], TYPE.i64, n);
      case TYPE.f32: return this.i64(this.i32(n));
      default: assert(false, 'a vector where an integer belongs'); return n;
    }
  }
  f64(n: Value): Value {
    if (this.types[n] === TYPE.f64) return n;
    if (this.operation[n] === OP['i64x2.extract_lane']) return this.lane1(OP['f64x2.extract_lane'], TYPE.f64, this.a[n]!, this.lo[n]!);
    if (this.operation[n] === RESULT && this.types[n] === TYPE.i64 && this.uses[n] === 0) { this.retype(n, TYPE.f64); return n; }
    return this.op1(OP['f64.reinterpret_i64'], TYPE.f64, this.i64(n));
  }
  f32(n: Value): Value {
    if (this.types[n] === TYPE.f32) return n;
    if (this.operation[n] === OP['i32x4.extract_lane']) return this.lane1(OP['f32x4.extract_lane'], TYPE.f32, this.a[n]!, this.lo[n]!);
    if (this.operation[n] === RESULT && this.types[n] === TYPE.i32 && this.uses[n] === 0) { this.retype(n, TYPE.f32); return n; }
    return this.op1(OP['f32.reinterpret_i32'], TYPE.f32, this.i32(n));
  }

  // — arithmetic with folding of constants —
  add32(a: Value, b: Value): Value {
    if (this.isConstant(a) && this.isConstant(b)) return this.constant32((this.lo[a]! + this.lo[b]!) | 0);
    if (this.isConstant(b) && this.lo[b] === 0) return a;
    return this.op2(OP['i32.add'], TYPE.i32, a, b);
  }
  add64(a: Value, b: Value): Value {
    if (this.isConstant(a)) { const t = a; a = b; b = t; }
    if (this.isConstant(b)) {
      if (this.lo[b] === 0 && this.hi[b] === 0) return a;
      if (this.isConstant(a)) {
        const lo = (this.lo[a]! + this.lo[b]!) | 0;
        return this.constant64(lo, (this.hi[a]! + this.hi[b]! + ((lo >>> 0) < (this.lo[a]! >>> 0) ? 1 : 0)) | 0);
      }
    }
    return this.op2(OP['i64.add'], TYPE.i64, a, b);
  }
  and32(a: Value, b: Value): Value {
    if (this.isConstant(a) && this.isConstant(b)) return this.constant32(this.lo[a]! & this.lo[b]!);
    if (this.isConstant(b) && this.lo[b] === -1) return a;
    return this.op2(OP['i32.and'], TYPE.i32, a, b);
  }
  and64(a: Value, b: Value): Value {
    if (this.isConstant(a) && this.isConstant(b)) return this.constant64(this.lo[a]! & this.lo[b]!, this.hi[a]! & this.hi[b]!);
    return this.op2(OP['i64.and'], TYPE.i64, a, b);
  }
  /** Shifts by a constant. */
  shift32(operation: number, a: Value, count: number): Value {
    return count === 0 ? a : this.op2(operation, TYPE.i32, a, this.constant32(count));
  }
  eqz(n: Value): Value {
    if (this.isConstant(n)) return this.constant32(this.lo[n] === 0 && this.hi[n] === 0 ? 1 : 0);
    return this.op1(this.types[n] === TYPE.i64 ? OP['i64.eqz'] : OP['i32.eqz'], TYPE.i32, n);
  }

  // — writing —
  /** Counts uses from an effect down: to be called for everything that will be written, before anything is. */
  mark(n: Value): void {
    if (n === NOTHING) return;
    this.uses[n]! += 1;
    if (this.uses[n]! > 1) return;
    this.mark(this.a[n]!); this.mark(this.b[n]!); this.mark(this.c[n]!);
  }
  isUsed(n: Value): boolean { return this.uses[n]! > 0; }
  /** A local of this type for the rest of the instruction. */
  temporary(type: ValueType): Local {
    let pool = this.pools.get(type);
    if (pool === undefined) this.pools.set(type, pool = []);
    const used = this.taken.get(type) ?? 0;
    this.taken.set(type, used + 1);
    return pool[used] ??= this.code.local(type);
  }
  /** Puts the value on the stack. */
  push(n: Value): void {
    this.uses[n]! -= 1;
    if (this.kept[n] !== NOT_KEPT) { this.code.get(this.kept[n]!); return; }
    const isAgain = this.uses[n]! > 0;
    this.write(n);
    if (isAgain && this.isWorthKeeping(n)) {
      this.kept[n] = this.temporary(this.type(n));
      this.code.tee(this.kept[n]!);
    }
  }
  private isWorthKeeping(n: Value): boolean { return this.operation[n]! >= 0 || this.operation[n] === CUSTOM; }
  private write(n: Value): void {
    const code = this.code, operation = this.operation[n]!;
    switch (operation) {
      case CONSTANT: this.writeConstant(n); return;
      case VARIABLE: code.get(this.lo[n]!); return;
      case CUSTOM: this.customLeaf(code, this.lo[n]!); return;
      case RESULT: assert(false, 'a value is used before it is computed'); return;
      default:
    }
    if (this.a[n] !== NOTHING) this.push(this.a[n]!);
    if (this.b[n] !== NOTHING) this.push(this.b[n]!);
    if (this.c[n] !== NOTHING) this.push(this.c[n]!);
    if (this.shape[n] === LOAD) { code.i32(0); code.memory(operation, this.lo[n]!); }
    else if (this.shape[n] === PLAIN) code.op(operation);
    else if (this.shape[n] === LANE) code.lane(operation, this.lo[n]!);
    else code.bytes16(operation, this.patterns[this.lo[n]!]!);
  }
  private writeConstant(n: Value): void {
    if (this.types[n] === TYPE.i32) this.code.i32(this.lo[n]!);
    else if (this.types[n] === TYPE.i64) this.code.i64(this.lo[n]!, this.hi[n]!);
    else this.code.bytes16(OP['v128.const'], this.patterns[this.lo[n]!]!);
  }
  /** Takes what is on the stack as the value of a result: into a local, or away if nobody wants it. */
  take(n: Value): void {
    if (this.uses[n] === 0) { this.code.op(OP.drop); return; }
    this.kept[n] = this.temporary(this.type(n));
    this.code.set(this.kept[n]!);
  }
  /** A local that holds the value, computed now if need be. Counts as one use, however often it is read. */
  home(n: Value): Local {
    if (this.kept[n] === NOT_KEPT && this.operation[n] !== VARIABLE) {
      this.uses[n]! += 1;
      this.write(n);
      this.uses[n]! -= 1;
      this.kept[n] = this.temporary(this.type(n));
      this.code.set(this.kept[n]!);
    }
    this.uses[n]! -= 1;
    return this.kept[n] === NOT_KEPT ? this.lo[n]! : this.kept[n]!;
  }
  /** The value is in this local from now on, and stays there. */
  keptIn(n: Value, local: Local): void { this.kept[n] = local; }
  /** Computes now what later code uses, so that it is there on every path. Constants and variables need no help. */
  keep(n: Value): void {
    if (n === NOTHING || this.uses[n] === 0 || this.kept[n] !== NOT_KEPT || !this.isWorthKeeping(n)) return;
    this.uses[n]! += 1;
    this.push(n);
    this.code.op(OP.drop);
  }
  /** Every node made so far that is still to be used, before a branch that may not come by. */
  keepBefore(end: Value): void { for (let n = 0; n < end; n++) if (this.operation[n] !== RESULT) this.keep(n); }
  /** The same where variables may change on one side of it. */
  keepAll(end: Value): void {
    this.keepBefore(end);
    for (const key of [...this.leaves.keys()]) this.save(key);
  }
  get size(): number { return this.count; }
  /** A variable is about to change: what its old value is still needed for gets a copy. */
  clobber(local: Local): void {
    this.save(local);
    this.leaves.delete(local);
  }
  clobberCustom(id: number): void { this.clobber(-1 - id); }
  private save(key: number): void {
    const n = this.leaves.get(key);
    if (n === undefined || this.uses[n] === 0 || this.kept[n] !== NOT_KEPT) return;
    const copy = this.temporary(this.type(n));
    this.write(n);
    this.code.set(copy);
    this.kept[n] = copy;
  }
  /** A constant address or count as a double's halves. */
  address(value: number): Value { return this.constant64(loOf(value), hiOf(value)); }
}
