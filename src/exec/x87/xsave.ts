/** The XSAVE area (SDM vol. 1 ch. 13): FXSAVE's image, a header that says which components are in it, and the upper halves of YMM registers. */
import { STATE, VECTOR_BYTES } from '../../base/layout.ts';
import type { CpuState } from '../state.ts';
import { FXSAVE_BYTES_WRITTEN, fxrstorImage, fxsaveImage, mxcsrOfImage } from './fxsave.ts';
import { MXCSR_AT_START, MXCSR_MASK } from '../mxcsr.ts';

/** State components, and what XCR0 enables of them: all there are. */
export const X87 = 1, SSE = 2, AVX = 4, XCR0 = X87 | SSE | AVX;
/** Offsets; XSAVEC puts the only extended component where XSAVE does. */
export const AREA = { control: 0, mxcsr: 24, registers: 32, vectors: 160, header: 512, compacted: 520, reserved: 528, avx: 576, bytes: 832 } as const;
/** Bytes of the area that these components take. */
export const bytesOf = (components: number): number => ((components & AVX) !== 0 ? AREA.bytes : AREA.avx);
/** XCOMP_BV bit 63: the area is XSAVEC's. Its upper word, and that the lower word does not show. */
export const COMPACTED_HIGH = 0x8000_0000 | 0;

const HALF_BYTES = 16, REGISTERS = 16;
const FPU_CONTROL_AT_START = 0x37f;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const highHalf = (register: number): number => STATE.vector + VECTOR_BYTES * register + HALF_BYTES;

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (bytes[k] !== 0) return false;
  return true;
}
/** XINUSE: the components that are not as they begin. By what they hold; a processor may take longer to notice. */
export function inUse(s: CpuState): number {
  const image = new Uint8Array(AREA.header), view = viewOf(image);
  fxsaveImage(s, image, true);
  const isX87 = view.getUint16(AREA.control, true) !== FPU_CONTROL_AT_START || !isZero(image, 2, AREA.mxcsr) || !isZero(image, AREA.registers, AREA.vectors);
  let isAvx = false;
  for (let k = 0; k < REGISTERS && !isAvx; k++) isAvx = !isZero(s.u8, highHalf(k), highHalf(k) + HALF_BYTES);
  return (isX87 ? X87 : 0) | (isZero(image, AREA.vectors, FXSAVE_BYTES_WRITTEN) ? 0 : SSE) | (isAvx ? AVX : 0);
}

/** Writes these components, and MXCSR if told to; nothing of the header. */
export function saveComponents(s: CpuState, area: Uint8Array, components: number, withMxcsr: boolean, is64: boolean): void {
  const image = new Uint8Array(AREA.header);
  fxsaveImage(s, image, is64);
  const copy = (from: number, to: number): void => area.set(image.subarray(from, to), from);
  if ((components & X87) !== 0) { copy(0, AREA.mxcsr); copy(AREA.registers, AREA.vectors); }
  if (withMxcsr) copy(AREA.mxcsr, AREA.registers);
  if ((components & SSE) !== 0) copy(AREA.vectors, FXSAVE_BYTES_WRITTEN);
  if ((components & AVX) !== 0) for (let k = 0; k < REGISTERS; k++) area.set(s.u8.subarray(highHalf(k), highHalf(k) + HALF_BYTES), AREA.avx + HALF_BYTES * k);
}
/** Loads the components of `loaded`, and those of `cleared` as they begin. `mxcsr`: its new value, or null. */
export function restoreComponents(s: CpuState, area: Uint8Array, loaded: number, cleared: number, mxcsr: number | null, is64: boolean): void {
  const image = new Uint8Array(AREA.header), view = viewOf(image);
  fxsaveImage(s, image, is64);
  const pointers = s.u8.slice(STATE.fpuInstruction, STATE.selectors);
  const part = (component: number, from: number, to: number): void => {
    if ((loaded & component) !== 0) image.set(area.subarray(from, to), from);
    else if ((cleared & component) !== 0) image.fill(0, from, to);
  };
  part(X87, 0, AREA.mxcsr); part(X87, AREA.registers, AREA.vectors); part(SSE, AREA.vectors, FXSAVE_BYTES_WRITTEN);
  if ((cleared & ~loaded & X87) !== 0) view.setUint16(AREA.control, FPU_CONTROL_AT_START, true);
  if (mxcsr !== null) view.setUint32(AREA.mxcsr, mxcsr, true);
  fxrstorImage(s, image, is64);
  // These are not always in the image that was made above.
  if (((loaded | cleared) & X87) === 0) s.u8.set(pointers, STATE.fpuInstruction);
  if (((loaded | cleared) & AVX) === 0) return;
  for (let k = 0; k < REGISTERS; k++) {
    if ((loaded & AVX) !== 0) s.u8.set(area.subarray(AREA.avx + HALF_BYTES * k, AREA.avx + HALF_BYTES * (k + 1)), highHalf(k));
    else s.u8.fill(0, highHalf(k), highHalf(k) + HALF_BYTES);
  }
}

/** A whole area as XSAVE writes it. */
export function xsaveImage(s: CpuState, area: Uint8Array): void {
  area.fill(0);
  saveComponents(s, area, XCR0, true, true);
  viewOf(area).setUint32(AREA.header, inUse(s), true);
}
/** XRSTOR of these components; `false`: the area is none it takes, and nothing is changed. */
export function xrstorImage(s: CpuState, area: Uint8Array, components: number, is64: boolean): boolean {
  const view = viewOf(area), present = view.getUint32(AREA.header, true), compacted = view.getUint32(AREA.compacted, true), high = view.getInt32(AREA.compacted + 4, true);
  if (view.getInt32(AREA.header + 4, true) !== 0 || (present & ~XCR0) !== 0) return false;
  const isCompacted = high === COMPACTED_HIGH;
  if (isCompacted ? (compacted & ~XCR0) !== 0 || (present & ~compacted) !== 0 || !isZero(area, AREA.reserved, AREA.avx) : compacted !== 0 || high !== 0 || !isZero(area, AREA.reserved, AREA.reserved + 8)) return false;
  const loaded = present & components;
  // The standard form has MXCSR whether or not it has the registers.
  const takesMxcsr = isCompacted ? (loaded & SSE) !== 0 : (components & (SSE | AVX)) !== 0, mxcsr = mxcsrOfImage(area);
  if (takesMxcsr && (mxcsr & ~MXCSR_MASK) !== 0) return false;
  restoreComponents(s, area, loaded, components & ~loaded, takesMxcsr ? mxcsr : isCompacted && (components & SSE) !== 0 ? MXCSR_AT_START : null, is64);
  return true;
}
