/** Every row of the instruction tables; `Instruction.row` counts them. For the assembler and tests: reading all takes a while. */
import { RowReader, type Row } from './rows.ts';

function readAll(): readonly Row[] {
  const reader = new RowReader();
  return Object.freeze(reader.lines.map((_, index) => reader.row(index)));
}
export const ROWS: readonly Row[] = readAll();
