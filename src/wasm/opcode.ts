/**
 * WebAssembly's instructions, by the names of its text format (WebAssembly Core Specification 2.0, appendix "Index of Instructions").
 * A number below 0x100 is the opcode byte; a greater one is `prefix << 16 | sub-opcode`.
 */

const SIMD = 0xfd0000, NUMERIC = 0xfc0000;

export const OP = {
  'unreachable': 0x00, 'nop': 0x01, 'return': 0x0f, 'drop': 0x1a, 'select': 0x1b,

  'i32.load': 0x28, 'i64.load': 0x29, 'f32.load': 0x2a, 'f64.load': 0x2b,
  'i32.load8_s': 0x2c, 'i32.load8_u': 0x2d, 'i32.load16_s': 0x2e, 'i32.load16_u': 0x2f,
  'i64.load8_u': 0x31, 'i64.load16_u': 0x33, 'i64.load32_s': 0x34, 'i64.load32_u': 0x35,
  'i32.store': 0x36, 'i64.store': 0x37, 'f32.store': 0x38, 'f64.store': 0x39,
  'i32.store8': 0x3a, 'i32.store16': 0x3b, 'i64.store8': 0x3c, 'i64.store16': 0x3d, 'i64.store32': 0x3e,

  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.gt_u': 0x4b,
  'i32.le_s': 0x4c, 'i32.le_u': 0x4d, 'i32.ge_s': 0x4e, 'i32.ge_u': 0x4f,
  'i64.eqz': 0x50, 'i64.eq': 0x51, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.lt_u': 0x54, 'i64.gt_s': 0x55, 'i64.gt_u': 0x56,
  'i64.le_s': 0x57, 'i64.le_u': 0x58, 'i64.ge_s': 0x59, 'i64.ge_u': 0x5a,
  'f32.eq': 0x5b, 'f32.ne': 0x5c, 'f32.lt': 0x5d, 'f32.gt': 0x5e, 'f32.le': 0x5f, 'f32.ge': 0x60,
  'f64.eq': 0x61, 'f64.ne': 0x62, 'f64.lt': 0x63, 'f64.gt': 0x64, 'f64.le': 0x65, 'f64.ge': 0x66,

  'i32.clz': 0x67, 'i32.ctz': 0x68, 'i32.popcnt': 0x69, 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.div_s': 0x6d, 'i32.div_u': 0x6e,
  'i32.rem_s': 0x6f, 'i32.rem_u': 0x70, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73, 'i32.shl': 0x74, 'i32.shr_s': 0x75, 'i32.shr_u': 0x76,
  'i32.rotl': 0x77, 'i32.rotr': 0x78,
  'i64.clz': 0x79, 'i64.ctz': 0x7a, 'i64.popcnt': 0x7b, 'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.mul': 0x7e, 'i64.div_s': 0x7f, 'i64.div_u': 0x80,
  'i64.rem_s': 0x81, 'i64.rem_u': 0x82, 'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85, 'i64.shl': 0x86, 'i64.shr_s': 0x87, 'i64.shr_u': 0x88,
  'i64.rotl': 0x89, 'i64.rotr': 0x8a,
  'f32.abs': 0x8b, 'f32.neg': 0x8c, 'f32.ceil': 0x8d, 'f32.floor': 0x8e, 'f32.trunc': 0x8f, 'f32.nearest': 0x90, 'f32.sqrt': 0x91,
  'f32.add': 0x92, 'f32.sub': 0x93, 'f32.mul': 0x94, 'f32.div': 0x95,
  'f64.abs': 0x99, 'f64.neg': 0x9a, 'f64.ceil': 0x9b, 'f64.floor': 0x9c, 'f64.trunc': 0x9d, 'f64.nearest': 0x9e, 'f64.sqrt': 0x9f,
  'f64.add': 0xa0, 'f64.sub': 0xa1, 'f64.mul': 0xa2, 'f64.div': 0xa3,
  'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad,
  'f32.convert_i32_s': 0xb2, 'f32.convert_i64_s': 0xb4, 'f32.demote_f64': 0xb6,
  'f64.convert_i32_s': 0xb7, 'f64.convert_i64_s': 0xb9, 'f64.convert_i64_u': 0xba, 'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc, 'i64.reinterpret_f64': 0xbd, 'f32.reinterpret_i32': 0xbe, 'f64.reinterpret_i64': 0xbf,
  'i32.extend8_s': 0xc0, 'i32.extend16_s': 0xc1, 'i64.extend8_s': 0xc2, 'i64.extend16_s': 0xc3, 'i64.extend32_s': 0xc4,

  'memory.copy': NUMERIC | 10,
  'i32.trunc_sat_f32_s': NUMERIC | 0, 'i32.trunc_sat_f64_s': NUMERIC | 2, 'i64.trunc_sat_f32_s': NUMERIC | 4, 'i64.trunc_sat_f64_s': NUMERIC | 6,

  'v128.load': SIMD | 0, 'v128.store': SIMD | 11, 'v128.const': SIMD | 12, 'i8x16.shuffle': SIMD | 13, 'i8x16.swizzle': SIMD | 14,
  'i8x16.splat': SIMD | 15, 'i16x8.splat': SIMD | 16, 'i32x4.splat': SIMD | 17, 'i64x2.splat': SIMD | 18, 'f32x4.splat': SIMD | 19, 'f64x2.splat': SIMD | 20,
  'i8x16.extract_lane_s': SIMD | 21, 'i8x16.extract_lane_u': SIMD | 22, 'i8x16.replace_lane': SIMD | 23,
  'i16x8.extract_lane_s': SIMD | 24, 'i16x8.extract_lane_u': SIMD | 25, 'i16x8.replace_lane': SIMD | 26,
  'i32x4.extract_lane': SIMD | 27, 'i32x4.replace_lane': SIMD | 28, 'i64x2.extract_lane': SIMD | 29, 'i64x2.replace_lane': SIMD | 30,
  'f32x4.extract_lane': SIMD | 31, 'f32x4.replace_lane': SIMD | 32, 'f64x2.extract_lane': SIMD | 33, 'f64x2.replace_lane': SIMD | 34,
  'i8x16.eq': SIMD | 35, 'i8x16.ne': SIMD | 36, 'i8x16.lt_s': SIMD | 37, 'i8x16.lt_u': SIMD | 38, 'i8x16.gt_s': SIMD | 39, 'i8x16.gt_u': SIMD | 40,
  'i16x8.eq': SIMD | 45, 'i16x8.ne': SIMD | 46, 'i16x8.lt_s': SIMD | 47, 'i16x8.gt_s': SIMD | 49,
  'i32x4.eq': SIMD | 55, 'i32x4.ne': SIMD | 56, 'i32x4.lt_s': SIMD | 57, 'i32x4.gt_s': SIMD | 59, 'i32x4.gt_u': SIMD | 60, 'i32x4.le_u': SIMD | 62, 'i32x4.ge_u': SIMD | 64,
  'f32x4.eq': SIMD | 65, 'f32x4.ne': SIMD | 66, 'f32x4.lt': SIMD | 67, 'f32x4.gt': SIMD | 68, 'f32x4.le': SIMD | 69, 'f32x4.ge': SIMD | 70,
  'f64x2.eq': SIMD | 71, 'f64x2.ne': SIMD | 72, 'f64x2.lt': SIMD | 73, 'f64x2.gt': SIMD | 74, 'f64x2.le': SIMD | 75, 'f64x2.ge': SIMD | 76,
  'v128.not': SIMD | 77, 'v128.and': SIMD | 78, 'v128.andnot': SIMD | 79, 'v128.or': SIMD | 80, 'v128.xor': SIMD | 81, 'v128.bitselect': SIMD | 82, 'v128.any_true': SIMD | 83,
  'v128.load32_zero': SIMD | 92, 'v128.load64_zero': SIMD | 93, 'f32x4.demote_f64x2_zero': SIMD | 94, 'f64x2.promote_low_f32x4': SIMD | 95,
  'i8x16.abs': SIMD | 96, 'i8x16.neg': SIMD | 97, 'i8x16.all_true': SIMD | 99, 'i8x16.bitmask': SIMD | 100,
  'i8x16.narrow_i16x8_s': SIMD | 101, 'i8x16.narrow_i16x8_u': SIMD | 102, 'f32x4.ceil': SIMD | 103, 'f32x4.floor': SIMD | 104, 'f32x4.trunc': SIMD | 105, 'f32x4.nearest': SIMD | 106,
  'i8x16.shl': SIMD | 107, 'i8x16.shr_s': SIMD | 108, 'i8x16.shr_u': SIMD | 109,
  'i8x16.add': SIMD | 110, 'i8x16.add_sat_s': SIMD | 111, 'i8x16.add_sat_u': SIMD | 112, 'i8x16.sub': SIMD | 113, 'i8x16.sub_sat_s': SIMD | 114, 'i8x16.sub_sat_u': SIMD | 115,
  'i8x16.min_s': SIMD | 118, 'i8x16.min_u': SIMD | 119, 'i8x16.max_s': SIMD | 120, 'i8x16.max_u': SIMD | 121, 'i8x16.avgr_u': SIMD | 123,
  'f64x2.ceil': SIMD | 116, 'f64x2.floor': SIMD | 117, 'f64x2.trunc': SIMD | 122, 'i16x8.extadd_pairwise_i8x16_u': SIMD | 125, 'i32x4.extadd_pairwise_i16x8_u': SIMD | 127,
  'i16x8.abs': SIMD | 128, 'i16x8.neg': SIMD | 129, 'i16x8.q15mulr_sat_s': SIMD | 130, 'i16x8.all_true': SIMD | 131, 'i16x8.bitmask': SIMD | 132, 'i16x8.narrow_i32x4_s': SIMD | 133, 'i16x8.narrow_i32x4_u': SIMD | 134,
  'i16x8.extend_low_i8x16_s': SIMD | 135, 'i16x8.extend_high_i8x16_s': SIMD | 136, 'i16x8.extend_low_i8x16_u': SIMD | 137, 'i16x8.extend_high_i8x16_u': SIMD | 138,
  'i16x8.shl': SIMD | 139, 'i16x8.shr_s': SIMD | 140, 'i16x8.shr_u': SIMD | 141,
  'i16x8.add': SIMD | 142, 'i16x8.add_sat_s': SIMD | 143, 'i16x8.add_sat_u': SIMD | 144, 'i16x8.sub': SIMD | 145, 'i16x8.sub_sat_s': SIMD | 146, 'i16x8.sub_sat_u': SIMD | 147, 'f64x2.nearest': SIMD | 148,
  'i16x8.mul': SIMD | 149, 'i16x8.min_s': SIMD | 150, 'i16x8.min_u': SIMD | 151, 'i16x8.max_s': SIMD | 152, 'i16x8.max_u': SIMD | 153, 'i16x8.avgr_u': SIMD | 155,
  'i16x8.extmul_low_i8x16_u': SIMD | 158, 'i16x8.extmul_high_i8x16_u': SIMD | 159,
  'i32x4.abs': SIMD | 160, 'i32x4.neg': SIMD | 161, 'i32x4.all_true': SIMD | 163, 'i32x4.bitmask': SIMD | 164,
  'i32x4.extend_low_i16x8_s': SIMD | 167, 'i32x4.extend_high_i16x8_s': SIMD | 168, 'i32x4.extend_low_i16x8_u': SIMD | 169, 'i32x4.extend_high_i16x8_u': SIMD | 170,
  'i32x4.shl': SIMD | 171, 'i32x4.shr_s': SIMD | 172, 'i32x4.shr_u': SIMD | 173, 'i32x4.add': SIMD | 174, 'i32x4.sub': SIMD | 177, 'i32x4.mul': SIMD | 181,
  'i32x4.min_s': SIMD | 182, 'i32x4.min_u': SIMD | 183, 'i32x4.max_s': SIMD | 184, 'i32x4.max_u': SIMD | 185, 'i32x4.dot_i16x8_s': SIMD | 186,
  'i32x4.extmul_low_i16x8_s': SIMD | 188, 'i32x4.extmul_high_i16x8_s': SIMD | 189, 'i32x4.extmul_low_i16x8_u': SIMD | 190, 'i32x4.extmul_high_i16x8_u': SIMD | 191,
  'i64x2.abs': SIMD | 192, 'i64x2.neg': SIMD | 193, 'i64x2.bitmask': SIMD | 196,
  'i64x2.extend_low_i32x4_s': SIMD | 199, 'i64x2.extend_high_i32x4_s': SIMD | 200, 'i64x2.extend_low_i32x4_u': SIMD | 201, 'i64x2.extend_high_i32x4_u': SIMD | 202,
  'i64x2.shl': SIMD | 203, 'i64x2.shr_s': SIMD | 204, 'i64x2.shr_u': SIMD | 205, 'i64x2.add': SIMD | 206, 'i64x2.sub': SIMD | 209, 'i64x2.mul': SIMD | 213,
  'i64x2.eq': SIMD | 214, 'i64x2.ne': SIMD | 215, 'i64x2.lt_s': SIMD | 216, 'i64x2.gt_s': SIMD | 217,
  'i64x2.extmul_low_i32x4_s': SIMD | 220, 'i64x2.extmul_high_i32x4_s': SIMD | 221, 'i64x2.extmul_low_i32x4_u': SIMD | 222, 'i64x2.extmul_high_i32x4_u': SIMD | 223,
  'f32x4.abs': SIMD | 224, 'f32x4.neg': SIMD | 225, 'f32x4.sqrt': SIMD | 227, 'f32x4.add': SIMD | 228, 'f32x4.sub': SIMD | 229, 'f32x4.mul': SIMD | 230, 'f32x4.div': SIMD | 231,
  'f32x4.min': SIMD | 232, 'f32x4.max': SIMD | 233, 'f32x4.pmin': SIMD | 234, 'f32x4.pmax': SIMD | 235,
  'f64x2.abs': SIMD | 236, 'f64x2.neg': SIMD | 237, 'f64x2.sqrt': SIMD | 239, 'f64x2.add': SIMD | 240, 'f64x2.sub': SIMD | 241, 'f64x2.mul': SIMD | 242, 'f64x2.div': SIMD | 243,
  'f64x2.min': SIMD | 244, 'f64x2.max': SIMD | 245, 'f64x2.pmin': SIMD | 246, 'f64x2.pmax': SIMD | 247,
  'i32x4.trunc_sat_f32x4_s': SIMD | 248, 'f32x4.convert_i32x4_s': SIMD | 250, 'i32x4.trunc_sat_f64x2_s_zero': SIMD | 252, 'f64x2.convert_low_i32x4_s': SIMD | 254,
} as const;

/** Value types as the binary format numbers them; `none` is the empty block type. */
export const TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, none: 0x40 } as const;
export type ValueType = 0x7f | 0x7e | 0x7d | 0x7c | 0x7b;
