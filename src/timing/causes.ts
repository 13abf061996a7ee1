/** Why cycles pass, from the top down (A. Yasin, "A Top-Down Method for Performance Analysis", 2014, with the kernel by what it was entered for). */
import type { CYCLES_OF } from '../base/layout.ts';

/** What a program enters the kernel for. */
export type KernelCause = 'syscall' | 'fault' | 'signal' | 'trampfd';
export type Cause = 'issue' | keyof typeof CYCLES_OF;
export type Causes = Readonly<Record<Cause, number>>;

/** What each is called, and what it means. They add up to all cycles. */
export const CAUSES: readonly { readonly cause: Cause; readonly name: string; readonly what: string; readonly isKernel: boolean }[] = [
  { cause: 'issue', name: 'issue', what: 'instructions are dispatched, microcode works', isKernel: false },
  { cause: 'dependencies', name: 'dependencies', what: 'dispatch waits for execution: operands or units are not ready', isKernel: false },
  { cause: 'branch', name: 'branches', what: 'a branch was predicted wrong, or late', isKernel: false },
  { cause: 'cache', name: 'caches', what: 'data or code is further away than in the first level', isKernel: false },
  { cause: 'tlb', name: 'TLB', what: 'a translation is looked for', isKernel: false },
  { cause: 'syscall', name: 'system calls', what: 'the kernel answers them', isKernel: true },
  { cause: 'trampfd', name: 'trampolines', what: 'the kernel serves one', isKernel: true },
  { cause: 'fault', name: 'faults', what: 'the kernel brings pages, or makes signals of exceptions', isKernel: true },
  { cause: 'signal', name: 'signals', what: 'handlers are entered', isKernel: true },
];
export const kernelCycles = (causes: Causes): number => CAUSES.reduce((sum, { cause, isKernel }) => isKernel ? sum + causes[cause] : sum, 0);

/** Rows for people, in whole cycles that add up to the whole of `cycles`: what is rounded off is issue's. */
export function topDown(causes: Causes, cycles: number): readonly (readonly [name: string, cycles: number])[] {
  const whole = CAUSES.map(({ cause }) => Math.round(causes[cause]));
  whole[0]! += Math.round(cycles) - whole.reduce((sum, value) => sum + value, 0);
  const rows = (inKernel: boolean): readonly (readonly [string, number])[] => CAUSES.flatMap(({ name, isKernel }, k) => isKernel === inKernel ? [[`  ${inKernel ? '  ' : ''}${name}`, whole[k]!] as const] : []);
  const kernel = rows(true);
  return [['cycles', Math.round(cycles)], ...rows(false), ['  kernel', kernel.reduce((sum, [, value]) => sum + value, 0)], ...kernel];
}
