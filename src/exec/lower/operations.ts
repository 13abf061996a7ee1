/** Which WebAssembly instruction moves a value of a type between a local and memory, and how the TLB is asked. */
import { PAGE_MASK, TLB } from '../../base/layout.ts';
import type { Size } from '../../base/types.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP, TYPE, type ValueType } from '../../wasm/opcode.ts';

export function loadOperation(type: ValueType, size: Size): number {
  switch (type) {
    case TYPE.v128: return size === 16 ? OP['v128.load'] : size === 8 ? OP['v128.load64_zero'] : OP['v128.load32_zero'];
    case TYPE.f64: return OP['f64.load'];
    case TYPE.f32: return OP['f32.load'];
    case TYPE.i64: return OP['i64.load'];
    default: return size === 4 ? OP['i32.load'] : size === 2 ? OP['i32.load16_u'] : OP['i32.load8_u'];
  }
}
export function storeOperation(type: ValueType, size: Size): number {
  switch (type) {
    case TYPE.v128: return OP['v128.store'];
    case TYPE.f64: return OP['f64.store'];
    case TYPE.f32: return OP['f32.store'];
    case TYPE.i64: return OP['i64.store'];
    default: return size === 4 ? OP['i32.store'] : size === 2 ? OP['i32.store16'] : OP['i32.store8'];
  }
}

/** Leaves 0 on the stack if the TLB has a tag for the page of `at` and that of `last` + `more`, and the entry's offset in `entry`. */
export function writeLookUp(code: Code, at: Local, entry: Local, tag: number, last: Local, more = 0): void {
  code.get(at); code.i64(7); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']); code.tee(entry);
  code.get(entry); code.i32(10); code.op(OP['i32.shr_u']); code.i32(TLB.fold); code.op(OP['i32.and']); code.op(OP['i32.xor']); code.i32(TLB.mask); code.op(OP['i32.and']); code.tee(entry);
  code.memory(OP['i64.load'], TLB.at + tag);
  code.get(last);
  if (more > 0) { code.i64(more); code.op(OP['i64.add']); }
  code.i64(PAGE_MASK); code.op(OP['i64.and']);
  code.op(OP['i64.ne']);
}
/** Leaves on the stack where an address is in linear memory: what `writeLookUp` left in `entry` says which page. */
export function writePlace(code: Code, at: Local, entry: Local): void {
  code.get(at); code.op(OP['i32.wrap_i64']); code.get(entry); code.memory(OP['i32.load'], TLB.at + TLB.addend); code.op(OP['i32.add']);
}
