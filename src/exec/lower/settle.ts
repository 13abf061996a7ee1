/** The function that computes the six arithmetic flags from any rule: for where the rule is not known when code is written. */
import type { Size } from '../../base/types.ts';
import { Code, type Label } from '../../wasm/code.ts';
import type { ModuleWriter } from '../../wasm/module.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { ARITHMETIC_FLAGS, RULE } from '../ops.ts';
import { FlagValues } from './flag-values.ts';
import { type Value, Values } from '../../wasm/values.ts';
import { ruleWord, WRITTEN_SHIFT } from '../flags.ts';

const SIZES: readonly Size[] = [1, 2, 4, 8];
const RULES = Math.max(...Object.values(RULE)) + 1;
/** The parameters. */
const WORD = 0, EFLAGS = 1, RESULT = 2, A = 3, B = 4;

/** Writes `settle` (see imports.ts). Its cases are numbered as the rule word is, sizes by their logarithms. */
export function writeSettle(module: ModuleWriter): void {
  const code = new Code(5), values = new Values(code);
  const type = module.type([TYPE.i32, TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i64], [TYPE.i32]);
  code.get(WORD); code.i32(0xf0); code.op(OP['i32.and']); code.op(OP['i32.eqz']); // RULE.known has no size.
  code.if();
  code.get(EFLAGS); code.return();
  code.end();
  const unknown = code.block();
  const cases: Label[] = Array.from({ length: RULES * SIZES.length }, () => code.block()).reverse();
  code.get(WORD); code.i32(2); code.op(OP['i32.shr_u']); code.i32(0x3c); code.op(OP['i32.and']);
  code.get(WORD); code.i32(15); code.op(OP['i32.and']); code.op(OP['i32.ctz']); code.op(OP['i32.or']);
  code.brTable(cases, unknown);
  for (let k = 0; k < cases.length; k++) {
    code.end();
    writeCase(code, values, Math.floor(k / SIZES.length), SIZES[k % SIZES.length]!);
  }
  code.end();
  code.get(EFLAGS);
  module.exportFunction('settle', module.function(type, code));
}
/** The flags a rule gives are taken where they were not written since. */
function writeCase(code: Code, v: Values, rule: number, size: Size): void {
  v.begin();
  const eflags = v.variable(EFLAGS, TYPE.i32);
  const and = (a: Value, b: Value): Value => v.op2(OP['i32.and'], TYPE.i32, a, b);
  const from = { eflags: v.constant32(0), result: v.variable(RESULT, TYPE.i64), a: v.variable(A, TYPE.i64), b: v.variable(B, TYPE.i64) };
  const written = v.shift32(OP['i32.shr_u'], v.variable(WORD, TYPE.i32), WRITTEN_SHIFT);
  const kept = v.op2(OP['i32.or'], TYPE.i32, written, v.constant32(~ARITHMETIC_FLAGS));
  const computed = and(new FlagValues(v, ruleWord(rule, size), from).settled(), v.op2(OP['i32.xor'], TYPE.i32, kept, v.constant32(-1)));
  const all = v.op2(OP['i32.or'], TYPE.i32, and(eflags, kept), computed);
  v.mark(all);
  v.push(all);
  code.return();
}
