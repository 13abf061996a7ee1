/** Writes the body of a WebAssembly function straight into bytes (WebAssembly Core Specification 2.0, §5.4). Knows no x86. */
import { assert } from '../base/assert.ts';
import { OP, TYPE, type ValueType } from './opcode.ts';

/** Where a branch goes: the nesting depth at which its block was opened. Valid while that block is open. */
export type Label = number;
export type Local = number;

const BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b, BR = 0x0c, BR_IF = 0x0d, BR_TABLE = 0x0e;
const CALL = 0x10, CALL_INDIRECT = 0x11, RETURN_CALL = 0x12, RETURN_CALL_INDIRECT = 0x13;
const LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22, I32_CONST = 0x41, I64_CONST = 0x42, F64_CONST = 0x44;

/** Bytes that grow. Reused: `reset` keeps the room. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  constructor(capacity = 1 << 12) { this.bytes = new Uint8Array(capacity); }
  reset(): void { this.length = 0; }
  private grow(room: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + room));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length] = value;
    this.length += 1;
  }
  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
  /** LEB128 of an unsigned 32-bit number. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) { this.byte((rest & 0x7f) | 0x80); rest >>>= 7; }
    this.byte(rest);
  }
  /** LEB128 of a signed 32-bit number. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest > 63 || rest < -64) { this.byte((rest & 0x7f) | 0x80); rest >>= 7; }
    this.byte(rest & 0x7f);
  }
  /** LEB128 of a signed 64-bit number in two words. */
  signed64(lo: number, hi: number): void {
    let low = lo | 0, high = hi | 0;
    while (high !== low >> 31) {
      this.byte((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    this.signed(low);
  }
  text(value: string): void {
    this.unsigned(value.length);
    for (let k = 0; k < value.length; k++) this.byte(value.charCodeAt(k));
  }
}

/** A part of a function's body, with the offsets in it of branches that are hardly ever taken. */
export interface Piece { readonly bytes: Uint8Array; readonly unlikely: readonly number[] }

/** One function's body. Locals are numbered from the parameters on; `local` makes more. */
export class Code extends ByteWriter {
  private readonly parameters: number;
  private readonly types: ValueType[] = [];
  private open = 0;
  /** Offsets of branches that are hardly ever taken, in ascending order. */
  readonly unlikely: number[] = [];
  constructor(parameters: number, capacity?: number) { super(capacity); this.parameters = parameters; }
  /** A new local, zero at first. */
  local(type: ValueType): Local {
    this.types.push(type);
    return this.parameters + this.types.length - 1;
  }
  /** Begins anew, with the same locals. */
  override reset(): void { super.reset(); this.unlikely.length = 0; }
  /** What was written from an offset on: `again` writes it where as many blocks are open. */
  since(start: number): Piece { return { bytes: this.bytes.slice(start, this.length), unlikely: this.unlikely.filter(at => at >= start).map(at => at - start) }; }
  again({ bytes, unlikely }: Piece): void {
    for (const at of unlikely) this.unlikely.push(this.length + at);
    this.append(bytes);
  }
  get localTypes(): readonly ValueType[] { return this.types; }
  /** Open blocks. */
  get depth(): number { return this.open; }

  op(code: number): void {
    if (code < 0x100) { this.byte(code); return; }
    this.byte(code >>> 16);
    this.unsigned(code & 0xffff);
  }
  /** An instruction with a lane number. */
  lane(code: number, lane: number): void { this.op(code); this.byte(lane); }
  get(local: Local): void { this.byte(LOCAL_GET); this.unsigned(local); }
  set(local: Local): void { this.byte(LOCAL_SET); this.unsigned(local); }
  tee(local: Local): void { this.byte(LOCAL_TEE); this.unsigned(local); }
  i32(value: number): void { this.byte(I32_CONST); this.signed(value); }
  i64(lo: number, hi: number = lo >> 31): void { this.byte(I64_CONST); this.signed64(lo, hi); }
  f64(value: number): void {
    this.byte(F64_CONST);
    this.append(new Uint8Array(Float64Array.of(value).buffer));
  }
  /** v128.const, or the sixteen lanes of i8x16.shuffle. */
  bytes16(code: number, bytes: ArrayLike<number>): void {
    this.op(code);
    for (let k = 0; k < 16; k++) this.byte(bytes[k]!);
  }
  /** A load or store; the address is on the stack. Any alignment is allowed. */
  memory(code: number, offset: number): void { this.op(code); this.byte(0); this.unsigned(offset); }

  /** (to, from, length) on the stack: bytes of the one memory. */
  copyMemory(): void { this.op(OP['memory.copy']); this.byte(0); this.byte(0); }

  block(result: ValueType | 0x40 = TYPE.none): Label { this.byte(BLOCK); this.byte(result); return this.open++; }
  loop(): Label { this.byte(LOOP); this.byte(TYPE.none); return this.open++; }
  if(result: ValueType | 0x40 = TYPE.none): Label { this.byte(IF); this.byte(result); return this.open++; }
  /** An `if` whose body is hardly ever executed: what is needed only there stays out of the way of the rest. */
  ifUnlikely(result: ValueType | 0x40 = TYPE.none): Label { this.unlikely.push(this.length); return this.if(result); }
  /** A `brIf` that is hardly ever taken. */
  brIfUnlikely(label: Label): void { this.unlikely.push(this.length); this.brIf(label); }
  else(): void { this.byte(ELSE); }
  end(): void { this.open -= 1; this.byte(END); }
  private distance(label: Label): number {
    assert(label < this.open, 'a branch to a block that is closed');
    return this.open - 1 - label;
  }
  br(label: Label): void { const d = this.distance(label); this.byte(BR); this.unsigned(d); }
  brIf(label: Label): void { const d = this.distance(label); this.byte(BR_IF); this.unsigned(d); }
  brTable(labels: readonly Label[], otherwise: Label): void {
    this.byte(BR_TABLE);
    this.unsigned(labels.length);
    for (const label of labels) this.unsigned(this.distance(label));
    this.unsigned(this.distance(otherwise));
  }
  call(functionIndex: number): void { this.byte(CALL); this.unsigned(functionIndex); }
  callIndirect(type: number): void { this.byte(CALL_INDIRECT); this.unsigned(type); this.byte(0); }
  returnCall(functionIndex: number): void { this.byte(RETURN_CALL); this.unsigned(functionIndex); }
  returnCallIndirect(type: number): void { this.byte(RETURN_CALL_INDIRECT); this.unsigned(type); this.byte(0); }
  return(): void { this.byte(OP.return); }
}
