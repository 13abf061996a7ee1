/**
 * Marks: places where a program says that a part of it begins or ends, in an instruction that does nothing anywhere (SDM vol. 2, NOP: `0F 1F /0` names memory and
 * does not touch it). `0f 1f 84 37 't' '6' '4' KIND` is `nop dword ptr [rdi+rsi+disp32]`: its operand names the registers with what the mark says.
 */
import type { Instruction } from '../decoder/instruction.ts';

/** `begin`: RDI is the address of a name. `end`: RSI is how often the part did what it does, too. `lap`: a place in a run, no more. */
export const MARK = { begin: 1, end: 2, lap: 3 } as const;
const MAGIC = 0x343674, KIND_SHIFT = 24, RDI = 7, RSI = 6;

/** A lap, as it stands in code; other marks have another last byte. */
export const LAP_BYTES: readonly number[] = [0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, MARK.lap];
const KINDS: readonly number[] = Object.values(MARK), BYTES = LAP_BYTES.length;

export function isMark({ operation, operands, length }: Instruction): boolean {
  const operand = operation === 'nop' && length === BYTES ? operands[0] : undefined;
  return operand !== undefined && operand.base === RDI && operand.index === RSI && (operand.disp & 0xffffff) === MAGIC && KINDS.includes(operand.disp >>> KIND_SHIFT);
}
/** The kind of the mark that these bytes are; 0: they are none. */
export function markIn(bytes: Uint8Array): number {
  const kind = bytes[BYTES - 1] ?? 0;
  return KINDS.includes(kind) && LAP_BYTES.every((byte, n) => n === BYTES - 1 || bytes[n] === byte) ? kind : 0;
}
