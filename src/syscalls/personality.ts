/** What of personality(2) does something: READ_IMPLIES_EXEC. */
import { PROT_EXEC, PROT_READ } from '../mmu/vma.ts';
import type { KernelTask } from './process.ts';

const READ_IMPLIES_EXEC = 0x40_0000;
/** Who may read may execute. */
export function impliedProt(task: KernelTask, prot: number): number {
  return (prot & PROT_READ) !== 0 && (task.process.personality & READ_IMPLIES_EXEC) !== 0 ? prot | PROT_EXEC : prot;
}
/** execve(2) of a 64-bit program forgets it (Linux: set_personality_64bit). */
export function personalityAfterExec(personality: number): number { return personality & ~READ_IMPLIES_EXEC; }
