/** Writes divisions (SDM vol. 2, DIV and IDIV). */
import type { Code } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import type { Values } from '../../wasm/values.ts';
import type { Effect } from './effect.ts';

/** Dividends of 128 bits that are not the extension of their lower half are left to the interpreter, as errors are. */
export function writeDivide(code: Code, v: Values, { high, low, divisor, size, isSigned, to }: Effect & { kind: 'divide' }, giveUp: () => void): void {
  const at = v.home(divisor), dividend = v.temporary(TYPE.i64), quotient = v.temporary(TYPE.i64);
  const extend = (): void => { if (isSigned && size < 8) code.op(size === 4 ? OP['i64.extend32_s'] : size === 2 ? OP['i64.extend16_s'] : OP['i64.extend8_s']); };
  if (size === 8) {
    v.push(low); code.tee(dividend);
    if (isSigned) { code.i64(63); code.op(OP['i64.shr_s']); } else { code.op(OP.drop); code.i64(0); }
    v.push(high);
    code.op(OP['i64.ne']);
    giveUp();
  } else {
    v.push(high); code.i64(8 * size); code.op(OP['i64.shl']); v.push(low); code.op(OP['i64.or']);
    if (isSigned && size < 4) code.op(size === 2 ? OP['i64.extend32_s'] : OP['i64.extend16_s']);
    code.set(dividend);
  }
  // 0 has no quotient; -1 may have one too large, which WebAssembly would trap on.
  code.get(at); code.op(OP['i64.eqz']);
  if (isSigned) { code.get(at); extend(); code.i64(-1); code.op(OP['i64.eq']); code.op(OP['i32.or']); }
  giveUp();
  code.get(dividend); code.get(at); extend(); code.op(isSigned ? OP['i64.div_s'] : OP['i64.div_u']); code.set(quotient);
  if (size < 8) {
    code.get(quotient);
    if (isSigned) { code.get(quotient); extend(); code.op(OP['i64.ne']); } else { code.i64(8 * size); code.op(OP['i64.shr_u']); code.i64(0); code.op(OP['i64.ne']); }
    giveUp();
  }
  code.get(quotient);
  if (size < 8) code.op(OP['i32.wrap_i64']);
  if (size < 4) { code.i32(size === 2 ? 0xffff : 0xff); code.op(OP['i32.and']); }
  v.take(to);
}
