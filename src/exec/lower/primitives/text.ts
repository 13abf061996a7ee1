/** String comparison as WebAssembly, where it takes no loop: element against element, as strcmp does (SDM vol. 2 §4.1). */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { CF, OF, SF, ZF } from '../../ops.ts';
import { type Rows, vector2, zeros } from './row.ts';

const WORDS = 1, AGGREGATION = 12, EQUAL_EACH = 8, NEGATIVE = 16, MASKED = 32, LAST = 64;

/** The index, and bits of RFLAGS above it. */
function equalEach(v: Values, a: Value, b: Value, immediate: number): Value {
  const lanes = (immediate & WORDS) !== 0 ? 'i16x8' : 'i8x16', count = lanes === 'i16x8' ? 8 : 16, full = v.constant32((1 << count) - 1), end = v.constant32(1 << count);
  const two = (name: 'i32.and' | 'i32.or' | 'i32.xor' | 'i32.sub', x: Value, y: Value): Value => v.op2(OP[name], TYPE.i32, x, y);
  const equal = (x: Value, y: Value): Value => v.op1(OP[`${lanes}.bitmask`], TYPE.i32, vector2(v, `${lanes}.eq`, x, y));
  const endsA = equal(a, zeros(v)), endsB = equal(b, zeros(v));
  /** A bit for every element before the string's end. */
  const before = (ends: Value): Value => {
    const stop = two('i32.or', ends, end);
    return two('i32.sub', two('i32.and', stop, two('i32.sub', v.constant32(0), stop)), v.constant32(1));
  };
  const inA = before(endsA), inB = before(endsB);
  // Behind both ends elements are equal, behind one they are not.
  const same = two('i32.or', two('i32.and', equal(a, b), two('i32.and', inA, inB)), two('i32.xor', two('i32.or', inA, inB), full));
  const bits = (immediate & NEGATIVE) === 0 ? same : two('i32.xor', same, (immediate & MASKED) !== 0 ? inB : full);
  const none = v.eqz(bits);
  const index = (immediate & LAST) !== 0
    ? v.op3(OP.select, TYPE.i32, v.constant32(count), two('i32.xor', v.op1(OP['i32.clz'], TYPE.i32, bits), v.constant32(31)), none)
    : v.op1(OP['i32.ctz'], TYPE.i32, two('i32.or', bits, end));
  const flag = (condition: Value, mask: number): Value => v.op2(OP['i32.mul'], TYPE.i32, condition, v.constant32(mask));
  const isSome = (x: Value): Value => v.eqz(v.eqz(x));
  const flags = two('i32.or', two('i32.or', flag(v.eqz(none), CF), flag(isSome(endsB), ZF)), two('i32.or', flag(isSome(endsA), SF), flag(two('i32.and', bits, v.constant32(1)), OF)));
  return v.op2(OP['i64.or'], TYPE.i64, v.i64(index), v.op2(OP['i64.shl'], TYPE.i64, v.i64(flags), v.constant64(32)));
}

export const texts = (): Rows => ({
  'x86.pcmpistri': (v, a, b, c) => v.isConstant(c) && (v.low(c) & AGGREGATION) === EQUAL_EACH ? equalEach(v, a, b, v.low(c)) : null,
});
