/**
 * The contenders: every way of the trampfd discussion (kernel-hardening, July 2020) to call a closure through a plain
 * function pointer. Each is guest assembly (Intel syntax) around one common loop; see program.ts for what surrounds it.
 *
 * All call `target(argument)` in rdi, the closure's context in r10, as GCC's static chain: it returns argument + bound value.
 */
import type { Contender } from './contenders/common.ts';
import { COMPILED } from './contenders/compiled.ts';
import { KERNEL } from './contenders/kernel.ts';
import { CODE_PAGES, RETURN_TRAMPOLINES } from './contenders/pages.ts';
import { PLAIN } from './contenders/plain.ts';

export type { Contender };
export const CONTENDERS: readonly Contender[] = [...PLAIN, ...RETURN_TRAMPOLINES, ...CODE_PAGES, ...COMPILED, ...KERNEL];

/** Told what is measured now, for those who wait; may throw, to end it. */
export type Progress = (what: string) => Promise<void>;
export async function ofEach<Result>(progress: Progress, run: (contender: Contender) => Result): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [n, contender] of CONTENDERS.entries()) {
    await progress(`${n + 1}/${CONTENDERS.length} ${contender.name}`);
    results.push(run(contender));
  }
  return results;
}
