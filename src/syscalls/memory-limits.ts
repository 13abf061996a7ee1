/** RLIMIT_AS and RLIMIT_DATA (getrlimit(2)): how much a process may map. Counted only where there is a limit. */
import { ENOMEM } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';
import { RLIMIT_AS, RLIMIT_DATA, UNLIMITED, type KernelProcess } from './process.ts';

/** Private, writable, and no stack (Linux: is_data_mapping). */
export function isData(vma: Pick<Vma, 'shared' | 'prot' | 'growsDown'>): boolean {
  return !vma.shared && (vma.prot & PROT_WRITE) !== 0 && !vma.growsDown;
}
function mappedBytes(vmas: readonly Vma[], counts: (vma: Vma) => boolean, from: Va, to: Va): number {
  return vmas.reduce((sum, vma) => counts(vma) ? sum + Math.max(0, Math.min(to, vma.end) - Math.max(from, vma.start)) : sum, 0);
}
/** 0 if `length` more bytes may be mapped, or -ENOMEM. What is mapped in [at, at + replaced) goes. */
export function withinMemoryLimits(process: KernelProcess, length: number, isDataMapping: boolean, at: Va = 0, replaced = 0): Result {
  const { limits, memory } = process, all = limits[RLIMIT_AS]?.soft ?? UNLIMITED, data = limits[RLIMIT_DATA]?.soft ?? UNLIMITED;
  const exceeds = (limit: bigint, counts: (vma: Vma) => boolean): boolean => limit !== UNLIMITED
    && mappedBytes(memory.vmas, counts, 0, Infinity) - mappedBytes(memory.vmas, counts, at, at + replaced) + length > Number(limit);
  return exceeds(all, () => true) || isDataMapping && exceeds(data, isData) ? -ENOMEM : 0;
}
