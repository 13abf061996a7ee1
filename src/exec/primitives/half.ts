/** Half-precision numbers become singles and singles halves (SDM: VCVTPH2PS, VCVTPS2PH). DAZ does not concern halves, and FTZ does not make them zero. */
import { DAZ, FTZ, RC, RC_SHIFT } from '../mxcsr.ts';
import type { Scratch } from '../primitive.ts';
import { floatVector } from './lanes.ts';
import { bitsAt, HALF, putBits, SINGLE, softConvert } from './soft-float.ts';

/** All halves are singles, denormals too: they raise nothing, but signalling NaNs do. */
function promote(s: Scratch, r: number, half: number): void {
  const sign = (half & 0x8000) << 16, magnitude = half & 0x7fff;
  if (magnitude < 0x7c00) { s.f32[r] = (magnitude < 0x400 ? magnitude : 0x400 | magnitude & 0x3ff) * 2 ** (Math.max(magnitude >> 10, 1) - 25); s.i32[r] |= sign; return; }
  const { control } = s;
  s.control &= ~DAZ;
  putBits(s, SINGLE, r, softConvert(s, HALF, BigInt(half), SINGLE));
  s.control = control;
}
/** Four singles of the halves in the low 64 bits. */
export const f32x4FromF16 = floatVector('x86.vcvtph2ps', (s, r, a) => { for (let k = 0; k < 4; k++) promote(s, r + k, s.u16[2 * a + k]!); });

/** Bits 1:0 of the immediate are the rounding mode, bit 2 asks for MXCSR's. */
const ASKS_MXCSR = 4;
/** Four halves in the low 64 bits, zeros above; b is the immediate. */
export const f16x4FromF32 = floatVector('x86.vcvtps2ph', (s, r, a, b) => {
  const { control } = s, immediate = s.i32[b]!;
  s.control &= ~FTZ;
  if ((immediate & ASKS_MXCSR) === 0) s.control = s.control & ~RC | (immediate & 3) << RC_SHIFT;
  s.i32[r] = s.i32[r + 1] = s.i32[r + 2] = s.i32[r + 3] = 0;
  for (let k = 0; k < 4; k++) s.u16[2 * r + k] = Number(softConvert(s, SINGLE, bitsAt(s, SINGLE, a + k), HALF));
  s.control = control;
});
