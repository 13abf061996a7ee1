/** Writes float operations, and calls of primitives: what is as usual in place, everything else where it is hardly ever executed. */
import { STAGING } from '../../base/layout.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP, TYPE, type ValueType } from '../../wasm/opcode.ts';
import type { Values } from '../../wasm/values.ts';
import { writeCare } from './close.ts';
import type { Called, Effect } from './effect.ts';
import { IMPORTED } from './imports.ts';
import { loadOperation } from './operations.ts';
import type { PrimitiveNumbers } from './primitive-numbers.ts';
import { NONE } from './primitives/row.ts';
import { vectorShape } from './primitives/watched.ts';

export class FloatCode {
  private code: Code;
  private readonly v: Values;
  private readonly primitives: PrimitiveNumbers;
  private readonly giveUp: () => void;
  /** @param giveUp where the i32 on the stack is not 0, the interpreter takes over */
  constructor(code: Code, v: Values, primitives: PrimitiveNumbers, giveUp: () => void) { this.code = code; this.v = v; this.primitives = primitives; this.giveUp = giveUp; }
  into(code: Code): void { this.code = code; }

  /** Leaves the result on the stack. */
  call({ primitive, operands }: Called, type: ValueType): void {
    const { v, code } = this;
    operands.forEach((n, k) => {
      code.i32(0); v.push(n);
      code.memory(v.type(n) === TYPE.v128 ? OP['v128.store'] : OP['i64.store'], STAGING.primitive + 16 * (k + 1));
    });
    code.i32(this.primitives.of(primitive));
    code.call(IMPORTED.primitive);
    if (primitive.raises) this.giveUp(); else code.op(OP.drop);
    code.i32(0);
    code.memory(loadOperation(type, primitive.size), STAGING.primitive);
  }
  /** Where the result is as usual, nothing is called: what is called on the other way costs this one nothing. */
  write(effect: Effect & { kind: 'float' }): void {
    const { v, code } = this, { fast, tests, excuse, to } = effect, local = v.temporary(v.type(to)), last = tests[tests.length - 1]!;
    v.push(fast);
    code.set(local);
    v.keptIn(to, local);
    v.keepBefore(effect.before);
    if (tests.length === 1 && excuse === NONE) {
      v.push(last);
      code.ifUnlikely();
      this.lookClosely(effect, local);
      code.end();
      return;
    }
    const usual = code.block(), unusual = code.block();
    for (const test of tests) if (test !== last) { v.push(test); code.brIfUnlikely(unusual); }
    v.push(last);
    if (excuse === NONE) { code.op(OP['i32.eqz']); code.brIf(usual); } else {
      code.ifUnlikely();
      v.push(excuse); code.brIf(usual);
      code.br(unusual);
      code.end();
      code.br(usual);
    }
    code.end();
    this.lookClosely(effect, local);
    code.end();
  }
  private lookClosely({ close, operands, called, odd, to }: Effect & { kind: 'float' }, local: Local): void {
    const { v, code } = this, type = v.type(to), isVector = type === TYPE.v128;
    for (const n of operands) v.push(n);
    switch (close.by) {
      case 'operation': {
        const shape = vectorShape(close.shape);
        code.get(local); if (!isVector) code.op(OP[`${shape}.splat`]);
        code.i32(this.primitives.of(close.primitive));
        code.call(IMPORTED[`${shape}.${close.operation}`]);
        if (!isVector) code.lane(OP[`${shape}.extract_lane`], 0);
        code.set(local);
        code.i32(0); code.memory(OP['i32.load'], STAGING.trapped);
        this.giveUp();
        return;
      }
      case 'comparison':
        code.i32(close.isAny ? 1 : 0);
        code.call(IMPORTED[`${vectorShape(close.shape)}.comparison`]);
        code.if();
        this.call(called, type); code.set(local);
        code.end();
        return;
      default:
        this.call(called, type); code.set(local);
        for (const n of odd) { v.push(n); code.if(); writeCare(code); code.end(); }
    }
  }
}
