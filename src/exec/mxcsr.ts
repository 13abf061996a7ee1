/** The bits of MXCSR (SDM vol. 1 §10.2.3): flags, DAZ, masks, rounding control, FTZ. */
import { FLOATS } from '../base/layout.ts';

/** Invalid, denormal, divide by zero, overflow, underflow, precision. The mask of each is seven bits further up. */
export const IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32;
export const FLAGS = 0x3f, MASKS_SHIFT = 7;
export const DAZ = 0x40, FTZ = 0x8000;
/** Rounding control, and its values. */
export const RC = 0x6000, RC_SHIFT = 13;
export const NEAREST = 0, DOWN = 1, UP = 2, TOWARDS_ZERO = 3;

/** Every bit that exists: what FXSAVE reports as MXCSR_MASK. A 1 anywhere else is #GP. */
export const MXCSR_MASK = 0xffff;
/** Round to nearest, all exceptions masked. */
export const MXCSR_AT_START = 0x1f80;

export function roundingOf(mxcsr: number): number { return (mxcsr & RC) >> RC_SHIFT; }
/** The exceptions that are not masked. */
export function unmaskedOf(mxcsr: number): number { return ~(mxcsr >> MASKS_SHIFT) & FLAGS; }
/** MXCSR with what was raised flagged: an exception of operands that is not masked comes before all of results (SDM vol. 1 §11.5.2). */
export function flagged(mxcsr: number, raised: number): number {
  const ofOperands = raised & (IE | DE | ZE);
  return mxcsr | ((ofOperands & unmaskedOf(mxcsr)) !== 0 ? ofOperands : raised);
}

/**
 * What an operation has to look for: exceptions that are not flagged yet or not masked, all that depends on DAZ (as DE) and on rounding (as PE), and
 * whether exact sums matter that are tiny, or 0.
 */
export const WATCH_TINY = 0x40, WATCH_ZERO = 0x80;
export function watchOf(mxcsr: number): number {
  const unmasked = unmaskedOf(mxcsr);
  const matters = ((mxcsr & DAZ) !== 0 ? DE : 0) | ((mxcsr & RC) !== 0 ? PE : 0) | ((mxcsr & FTZ) !== 0 ? UE | WATCH_TINY : 0) | ((unmasked & UE) !== 0 ? WATCH_TINY : 0)
    | (roundingOf(mxcsr) === DOWN ? WATCH_ZERO : 0);
  return (~mxcsr & FLAGS) | unmasked | matters;
}

/**
 * Generated code shifts out the sign of a single, or of a double's high word, takes away that of the least normal number, and compares with this as
 * unsigned: all normal singles but the least are below it, and all such doubles below 2^1009. 0: nothing is, and every operation is looked at closely.
 */
export const LIMIT = 0xfdfffffd | 0;
/** Twice the least normal number after the first: a single, and the high word of a double. */
export const LEAST_TWICE = { f32: 0x01000002, f64: 0x00200002 } as const;
/** Vectors of them, and of what tells denormals: 1, twice the greatest denormal single less 1, the least normal double. Two words of each. */
export const FLOAT_CONSTANTS: readonly (readonly [at: number, low: number, high: number])[] = [
  [FLOATS.leastTwice32, LEAST_TWICE.f32, LEAST_TWICE.f32], [FLOATS.leastTwice64, LEAST_TWICE.f64, LEAST_TWICE.f64],
  [FLOATS.ones32, 1, 1], [FLOATS.denormals32, 0x00fffffe - 1, 0x00fffffe - 1], [FLOATS.least64, 0, 0x00100000],
];
export function limitOf(mxcsr: number): number {
  return (watchOf(mxcsr) & PE) === 0 ? LIMIT : 0;
}
