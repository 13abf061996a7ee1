/** Values that modules declare and the builder of a bundle writes into it, because they are the same for every run (src/host/script.ts). */
import { opcodeLines } from '../decoder/row-index.ts';
import { RowReader } from '../decoder/rows.ts';
import { usualEncodings } from '../decoder/usual.ts';
import { USUAL_EXAMPLES } from '../decoder/usual-examples.ts';

export const KNOWN: Readonly<Record<string, unknown>> = { OPCODE_LINES: opcodeLines(new RowReader().lines), USUAL_ENCODINGS: usualEncodings(USUAL_EXAMPLES) };
