/** Conversions as WebAssembly (SDM vol. 1 §11.4.1.6). Where WebAssembly saturates, x86 has the integer indefinite: from below they agree. */
import { OP, TYPE } from '../../../wasm/opcode.ts';
import type { Value, Values } from '../../../wasm/values.ts';
import { checked, type CheckedRows, demotedNan, demotedNans, promotedNan, promotedNans } from './nan.ts';
import { instructions, repeated, type Row, type Rows, shuffled, vector1, vector2 } from './row.ts';

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

export const CONVERT: Rows = {
  'x86.cvtss2si32': toInteger('f32', 'i32', true), 'x86.cvtss2si64': toInteger('f32', 'i64', true),
  'x86.cvtsd2si32': toInteger('f64', 'i32', true), 'x86.cvtsd2si64': toInteger('f64', 'i64', true),
  'x86.cvttss2si32': toInteger('f32', 'i32', false), 'x86.cvttss2si64': toInteger('f32', 'i64', false),
  'x86.cvttsd2si32': toInteger('f64', 'i32', false), 'x86.cvttsd2si64': toInteger('f64', 'i64', false),
  'x86.cvtps2dq': singlesToI32(true), 'x86.cvttps2dq': singlesToI32(false), 'x86.cvtpd2dq': doublesToI32(true), 'x86.cvttpd2dq': doublesToI32(false),
  'f32.convert_i32_s': fromInteger('i32', 'f32'), 'f32.convert_i64_s': fromInteger('i64', 'f32'),
  'f64.convert_i32_s': fromInteger('i32', 'f64'), 'f64.convert_i64_s': fromInteger('i64', 'f64'),
  ...instructions('f32x4.convert_i32x4_s', 'f64x2.convert_low_i32x4_s'),
};
export const CONVERT_CHECKED: CheckedRows = {
  f32: { 'f32.demote_f64': (v, a) => ({ fast: v.op1(OP['f32.demote_f64'], TYPE.f32, v.f64(a)), nan: demotedNan(v, a) }) },
  f64: { 'f64.promote_f32': (v, a) => ({ fast: v.op1(OP['f64.promote_f32'], TYPE.f64, v.f32(a)), nan: promotedNan(v, a) }) },
  f32x4: { 'f32x4.demote_f64x2_zero': (v, a) => checked(v, 'f32x4', vector1(v, 'f32x4.demote_f64x2_zero', a), demotedNans(v, a)) },
  f64x2: { 'f64x2.promote_low_f32x4': (v, a) => checked(v, 'f64x2', vector1(v, 'f64x2.promote_low_f32x4', a), promotedNans(v, a)) },
};
