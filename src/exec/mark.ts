/**
 * Marks: places where a program says that a part of it begins or ends, in an instruction that does nothing anywhere (SDM vol. 2, NOP: `0F 1F /0` names memory and
 * does not touch it). `0f 1f 84 37 't' '6' '4' KIND` is `nop dword ptr [rdi+rsi+disp32]`: its operand names the registers with what the mark says.
 */
import type { Instruction } from '../decoder/instruction.ts';
import { SLOT } from '../base/layout.ts';

/** `begin`: RDI is the address of a name. `end`: RSI is how often the part did what it does, too. `lap`: a place in a run, no more. */
export const MARK = { begin: 1, end: 2, lap: 3 } as const;
const MAGIC = 0x343674, KIND_SHIFT = 24, RDI = 7, RSI = 6;

/** The kind of a mark; 0: the instruction is none. */
export function markOf({ operation, operands }: Instruction): number {
  const operand = operation === 'nop' ? operands[0] : undefined;
  if (operand === undefined || operand.kind !== 'mem' || operand.base !== RDI || operand.index !== RSI || operand.segment === SLOT.fs || operand.segment === SLOT.gs) return 0;
  const kind = operand.disp >>> KIND_SHIFT;
  return (operand.disp & 0xffffff) === MAGIC && kind <= MARK.lap ? kind : 0;
}
/** A lap, as it stands in code. */
export const LAP_BYTES: readonly number[] = [0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, MARK.lap];
