/** Instructions that no bytes were decoded to: what a test says of them, and nothing else. */
import { Instruction, type InstructionKind, NONE, type Operand } from '../../src/decoder/instruction.ts';

interface Said extends Partial<InstructionKind> { readonly length?: number; readonly operands?: readonly Operand[]; readonly code?: number }

export function instructionOf(operation: string, { length = 2, operands = [], code = 0, ...said }: Said): Instruction {
  const kind: InstructionKind = { mnemonic: operation, operation, size: 8, condition: 0, lock: false, rep: null, flow: 'next', prefixes: 0, addressSize: 8, segment: NONE, row: 0, number: 0 };
  return new Instruction({ ...kind, ...said }, length, operands, code);
}
