/** The locals a function keeps the flags in, and how they go to memory and back. */
import { STATE } from '../../base/layout.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP } from '../../wasm/opcode.ts';
import { RULE } from '../ops.ts';

export interface FlagLocals { readonly rule: Local; readonly eflags: Local; readonly result: Local; readonly a: Local; readonly b: Local }

export function loadFlags(code: Code, f: FlagLocals): void {
  const from = (local: Local, operation: number, offset: number): void => { code.i32(0); code.memory(operation, offset); code.set(local); };
  from(f.rule, OP['i32.load'], STATE.flagsRule); from(f.eflags, OP['i32.load'], STATE.eflags);
  from(f.result, OP['i64.load'], STATE.flagsResult); from(f.a, OP['i64.load'], STATE.flagsA); from(f.b, OP['i64.load'], STATE.flagsB);
}
export function storeFlags(code: Code, f: FlagLocals): void {
  const to = (local: Local, operation: number, offset: number): void => { code.i32(0); code.get(local); code.memory(operation, offset); };
  completeResult(code, f);
  to(f.rule, OP['i32.store'], STATE.flagsRule); to(f.eflags, OP['i32.store'], STATE.eflags);
  to(f.result, OP['i64.store'], STATE.flagsResult); to(f.a, OP['i64.store'], STATE.flagsA); to(f.b, OP['i64.store'], STATE.flagsB);
}
/** Locals leave out what follows from the operands of a sum or difference; memory has it. */
function completeResult(code: Code, f: FlagLocals): void {
  code.get(f.rule); code.i32(4); code.op(OP['i32.shr_u']); code.i32(15); code.op(OP['i32.and']); code.i32(RULE.add); code.op(OP['i32.sub']);
  code.i32(RULE.sub - RULE.add); code.op(OP['i32.le_u']);
  code.if();
  code.get(f.a);
  code.i64(0); code.get(f.b); code.op(OP['i64.sub']); code.get(f.b);
  code.get(f.rule); code.i32(4); code.op(OP['i32.shr_u']); code.i32(15); code.op(OP['i32.and']); code.i32(RULE.sub); code.op(OP['i32.eq']);
  code.op(OP.select);
  code.op(OP['i64.add']);
  // Cut to the size: all ones, shifted right by what is too much.
  code.i64(-1); code.i64(64); code.get(f.rule); code.i32(15); code.op(OP['i32.and']); code.i32(3); code.op(OP['i32.shl']); code.op(OP['i64.extend_i32_u']);
  code.op(OP['i64.sub']); code.op(OP['i64.shr_u']);
  code.op(OP['i64.and']);
  code.set(f.result);
  code.end();
}
