/** Conversions as WebAssembly (SDM vol. 1 §11.4.1.6). Where WebAssembly saturates, x86 has the integer indefinite: from below they agree. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { instructions, repeated, type Row, type Rows, type Shape, shuffled, vector1, vector2 } from './row.ts';
import { anyTrue, isLimited, isUnusual, type Watched, type WatchedRow, type WatchedRows } from './watched.ts';

type From = 'f32' | 'f64';
type To = 'i32' | 'i64';
const TOP = 0x80000000 | 0;
/** The bits of 2^31 and 2^63, the least that does not fit: of a single, and of a double's high word. */
const LIMITS = { f32: { i32: 0x4f000000, i64: 0x5f000000 }, f64: { i32: 0x41e00000, i64: 0x43e00000 } } as const;

function limit(v: Values, from: From, to: To): Value {
  const bits = LIMITS[from][to];
  return from === 'f32' ? v.f32(v.constant32(bits)) : v.f64(v.constant64(0, bits));
}
/** CVTTSD2SI truncates, CVTSD2SI rounds to nearest. A NaN is not below the limit either. */
function toInteger(from: From, to: To, rounds: boolean): Row {
  return (v, a) => {
    const x = rounds ? v.op1(OP[`${from}.nearest`], TYPE[from], v[from](a)) : v[from](a);
    const fits = v.op2(OP[`${from}.lt`], TYPE.i32, x, limit(v, from, to));
    const indefinite = to === 'i32' ? v.constant32(TOP) : v.constant64(0, TOP);
    return v.op3(OP.select, TYPE[to], v.op1(OP[`${to}.trunc_sat_${from}_s`], TYPE[to], x), indefinite, fits);
  };
}
function singlesToI32(rounds: boolean): Row {
  return (v, a) => {
    const x = rounds ? vector1(v, 'f32x4.nearest', a) : a;
    const fits = vector2(v, 'f32x4.lt', x, repeated(v, 0, 0, 0, 0x4f));
    return v.op3(OP['v128.bitselect'], TYPE.v128, vector1(v, 'i32x4.trunc_sat_f32x4_s', x), repeated(v, 0, 0, 0, 0x80), fits);
  };
}
/** The upper half is zero, whether it fits or not. */
function doublesToI32(rounds: boolean): Row {
  return (v, a) => {
    const x = rounds ? vector1(v, 'f64x2.nearest', a) : a;
    const wide = vector2(v, 'f64x2.lt', x, repeated(v, 0, 0, 0, 0, 0, 0, 0xe0, 0x41));
    const fits = shuffled(v, 4, wide, wide, [0, 2, 0, 2]);
    const indefinite = repeated(v, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0);
    return v.op3(OP['v128.bitselect'], TYPE.v128, vector1(v, 'i32x4.trunc_sat_f64x2_s_zero', x), indefinite, fits);
  };
}
const fromInteger = (from: To, to: From): Row => (v, a) => v.op1(OP[`${to}.convert_${from}_s`], TYPE[to], v[from](a));

const NOBODY = { by: 'nobody' } as const;
/** Exact, or rounded to nearest. */
function watchedInteger(row: Row, isSeen: Shape): WatchedRow {
  return (v, a, b, c) => ({ fast: row(v, a, b, c)!, operands: [], numbers: false, tests: () => [isLimited(v)], seesLimit: true, isSeen, close: NOBODY });
}
/** Invalid where the result is the integer indefinite, though that may be a number. */
function watchedFloat(row: Row, isIndefinite: (v: Values, result: Value) => Value): WatchedRow {
  return (v, a, b, c) => ({ fast: row(v, a, b, c)!, operands: [], numbers: false, tests: result => [isLimited(v), isIndefinite(v, result)], seesLimit: true, isSeen: null, close: NOBODY });
}
const isIndefinite32 = (v: Values, n: Value): Value => v.op2(OP['i32.eq'], TYPE.i32, v.i32(n), v.constant32(TOP));
const isIndefinite64 = (v: Values, n: Value): Value => v.op2(OP['i64.eq'], TYPE.i32, v.i64(n), v.constant64(0, TOP));
const haveIndefinites = (v: Values, n: Value): Value => anyTrue(v, vector2(v, 'i32x4.eq', n, repeated(v, 0, 0, 0, 0x80)));
const scalars = (from: From, name: string, rounds: boolean): WatchedRows => ({
  [`x86.${name}32`]: watchedFloat(toInteger(from, 'i32', rounds), isIndefinite32), [`x86.${name}64`]: watchedFloat(toInteger(from, 'i64', rounds), isIndefinite64),
});
/** Exact. Of a vector the low two lanes count. */
function promoted(fast: Value, shape: 'f64' | 'f64x2', operand: Watched['operands'][number]): Watched {
  return { fast, operands: [operand], numbers: true, tests: () => [], seesLimit: false, isSeen: shape, close: NOBODY };
}
/** All that matters shows in the result: denormals become 0. */
const LOW_LANES = 3;
export const conversions = (): WatchedRows => ({
  ...scalars('f32', 'cvtss2si', true), ...scalars('f64', 'cvtsd2si', true), ...scalars('f32', 'cvttss2si', false), ...scalars('f64', 'cvttsd2si', false),
  'x86.cvtps2dq': watchedFloat(singlesToI32(true), haveIndefinites), 'x86.cvttps2dq': watchedFloat(singlesToI32(false), haveIndefinites),
  'x86.cvtpd2dq': watchedFloat(doublesToI32(true), haveIndefinites), 'x86.cvttpd2dq': watchedFloat(doublesToI32(false), haveIndefinites),
  'f32.convert_i32_s': watchedInteger(fromInteger('i32', 'f32'), 'f32'), 'f32.convert_i64_s': watchedInteger(fromInteger('i64', 'f32'), 'f32'),
  'f64.convert_i64_s': watchedInteger(fromInteger('i64', 'f64'), 'f64'),
  'f32x4.convert_i32x4_s': watchedInteger((v, a) => vector1(v, 'f32x4.convert_i32x4_s', a), 'f32x4'),
  'f64.promote_f32': (v, a) => promoted(v.op1(OP['f64.promote_f32'], TYPE.f64, v.f32(a)), 'f64', { shape: 'f32', value: a }),
  'f64x2.promote_low_f32x4': (v, a) => promoted(vector1(v, 'f64x2.promote_low_f32x4', a), 'f64x2', { shape: 'f32x4', value: shuffled(v, 4, a, a, [0, 1, 0, 1]) }),
  'f32.demote_f64': (v, a) => ({
    fast: v.op1(OP['f32.demote_f64'], TYPE.f32, v.f64(a)), operands: [], numbers: false, tests: result => [isUnusual(v, 'f32', result)], seesLimit: true, isSeen: 'f32', close: NOBODY,
  }),
  'f32x4.demote_f64x2_zero': (v, a) => ({
    fast: vector1(v, 'f32x4.demote_f64x2_zero', a), operands: [], numbers: false, tests: result => [isUnusual(v, 'f32x4', result, LOW_LANES)], seesLimit: true, isSeen: 'f32x4', close: NOBODY,
  }),
});
export const exactConversions = (): Rows => ({ 'f64.convert_i32_s': fromInteger('i32', 'f64'), ...instructions('f64x2.convert_low_i32x4_s') });
