/** Forms whose whole value is one primitive: fused multiply-adds, with the order of their operands (SDM: VFMADD132SD), and halves. */
import { watchOf } from '../../src/exec/mxcsr.ts';
import { Scratch, type Primitive } from '../../src/exec/primitive.ts';
import { fused } from '../../src/exec/primitives/fused.ts';
import * as half from '../../src/exec/primitives/half.ts';
import type { Inputs } from './sse-inputs.ts';
import { hexOf } from './sse-forms.ts';

/** `order`: which of xmm0, xmm1 and xmm2 the primitive's operands are. */
export interface FusedForm { readonly text: string; readonly primitive: Primitive; readonly order: readonly number[]; readonly kind: 'single' | 'double'; readonly immediate: number }
const ORDERS = { 132: [0, 2, 1], 213: [1, 0, 2], 231: [1, 2, 0] } as const;
const SHAPES = [['sd', 'f64', 'double'], ['ss', 'f32', 'single'], ['pd', 'f64x2', 'double'], ['ps', 'f32x4', 'single']] as const;
const families: Readonly<Record<string, Partial<Record<'f64' | 'f32' | 'f64x2' | 'f32x4', Primitive>>>> = fused();
export const FUSED_FORMS: readonly FusedForm[] = [
  ...Object.entries(families).flatMap(([name, shapes]) => Object.entries(ORDERS).flatMap(([digits, order]) => SHAPES.flatMap(([suffix, shape, kind]): FusedForm[] => {
    const primitive = shapes[shape];
    return primitive === undefined ? [] : [{ text: `v${name}${digits}${suffix} xmm0, xmm1, xmm2`, primitive, order, kind, immediate: 0 }];
  }))),
  { text: 'vcvtph2ps xmm0, xmm0', primitive: half.f32x4FromF16, order: [0], kind: 'single', immediate: 0 },
  ...Array.from({ length: 8 }, (_, immediate): FusedForm => ({ text: `vcvtps2ph xmm0, xmm0, ${immediate}`, primitive: half.f16x4FromF32, order: [0], kind: 'single', immediate })),
];

/** Three vectors; the third is often close to where the sum is 0, and singles to where halves are. */
export function fusedInputs(inputs: Inputs, form: FusedForm): Uint8Array[] {
  const vectors = [0, 1, 2].map(() => inputs.vector(form.kind)), [a, b, c] = form.order.map(k => new DataView(vectors[k]!.buffer));
  const isDouble = form.kind === 'double', step = isDouble ? 8 : 4;
  for (let at = 0; at < 16; at += step) {
    if (inputs.below(3) !== 0) continue;
    if (c === undefined || b === undefined) a!.setUint32(at, (inputs.below(0x7fffff) & -1024) | (0x66 + inputs.below(0x2c)) << 23 | inputs.below(3), true);
    else if (isDouble) c.setFloat64(at, -a!.getFloat64(at, true) * b.getFloat64(at, true), true);
    else c.setFloat32(at, -a!.getFloat32(at, true) * b.getFloat32(at, true), true);
    if (c !== undefined) c.setUint32(at, c.getUint32(at, true) + inputs.below(5) - 2, true);
  }
  return vectors;
}
const scratch = new Scratch(24);
/** The result and the exceptions, in hex. */
export function runFused({ primitive, order, immediate }: FusedForm, control: number, vectors: readonly Uint8Array[]): string {
  vectors.forEach((vector, k) => scratch.u8.set(vector, 16 * (k + 1)));
  scratch.i32[16] = immediate; scratch.i32[17] = 0;
  scratch.begin(control, watchOf(control));
  const [a, b = 16, c = 16] = order.map(k => 4 * (k + 1));
  primitive.run(scratch, 0, a!, b, c);
  return `${hexOf(scratch.u8.subarray(0, primitive.size))} ${scratch.raised.toString(16)}`;
}
