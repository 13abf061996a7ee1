/** The bits of MXCSR (SDM vol. 1 §10.2.3): flags, DAZ, masks, rounding control, FTZ. */

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
