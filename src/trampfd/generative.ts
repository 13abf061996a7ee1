/** What the types have in common for which the kernel does more than load registers: no register or stack context, only allowed PCs, if that. */
import { EINVAL } from '../base/errno.ts';
import type { i32, Va } from '../base/types.ts';
import type { Result } from '../syscalls/file.ts';
import type { AllowedPcs } from './context.ts';
import { TrampolineFile } from './trampoline.ts';

/** Whether control may go there. An address beyond 2^53 is nobody's, and whether it is in a list does not matter. */
export function isAllowed(list: AllowedPcs | null, target: Va): boolean {
  if (list === null) return true;
  for (const value of list.values) if (Number(value) === target) return true;
  return false;
}

export function wordAt(b: Uint8Array, at: number): i32 { return b[at]! | b[at + 1]! << 8 | b[at + 2]! << 16 | b[at + 3]! << 24; }

export class GenerativeFile extends TrampolineFile {
  /** There is nothing to load or to push. */
  override setContexts(): Result { return -EINVAL; }
}
