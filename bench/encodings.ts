/**
 * Which encodings programs have when they start: what src/decoder/usual-examples.ts lists, and more of the programs you give it, each with its arguments in one word:
 * `node --import tsx bench/encodings.ts /bin/true '/bin/bash -c :' > FILE; mv FILE src/decoder/usual-examples.ts`
 */
import { PAGE_BYTES } from '../src/base/layout.ts';
import { decode } from '../src/decoder/decode.ts';
import type { Instruction } from '../src/decoder/instruction.ts';
import { exampleOf } from '../src/decoder/usual.ts';
import { USUAL_EXAMPLES } from '../src/decoder/usual-examples.ts';
import type { Block } from '../src/exec/block.ts';
import { started } from './started.ts';

/** Of each program's start. */
const INSTRUCTIONS_MAX = 3_000_000;
const COLUMNS_MAX = 150;
/** What is private to BlockCache, which nobody else needs: what was executed, and, by physical pages, what the timing model looked ahead at. */
interface Inside {
  readonly blocks: { readonly byAddress: ReadonlyMap<number, Block>; readonly pages: ReadonlyMap<number, { readonly ahead: ReadonlyMap<number, readonly Instruction[]> }> };
}

const examples = new Map<number, string>();
/** Up to the end of a page: the next one may lie elsewhere. */
function add(u8: Uint8Array, from: number, end: number): void {
  const pageEnd = (Math.floor(from / PAGE_BYTES) + 1) * PAGE_BYTES;
  for (let at = from; at < end;) {
    const i = decode(u8, at, Math.min(at + 15, pageEnd));
    if (i === null) return;
    if (i.number !== 0 && i.mnemonic !== 'ud') examples.set(i.number, examples.get(i.number) ?? [...u8.subarray(at, at + i.length)].map(byte => byte.toString(16).padStart(2, '0')).join(''));
    at += i.length;
  }
}
for (const hex of USUAL_EXAMPLES) add(exampleOf(hex), 0, 1);
for (const words of process.argv.slice(2)) {
  const machine = started(words, { timing: 'fast' }, INSTRUCTIONS_MAX), { u8 } = machine.memory, { byAddress, pages } = (machine.cpu as unknown as Inside).blocks;
  for (const { pa, bytes } of byAddress.values()) add(u8, pa, pa + bytes);
  for (const [page, { ahead }] of pages) {
    for (const [va, instructions] of ahead) {
      const at = page * PAGE_BYTES + va % PAGE_BYTES;
      add(u8, at, at + instructions.reduce((sum, { length }) => sum + length, 0));
    }
  }
}

let lines = '', line = '';
for (const hex of [...examples.values()].sort()) {
  if (line.length + hex.length > COLUMNS_MAX) { lines += `${line.trimEnd()}\n`; line = ''; }
  line += `${hex} `;
}
process.stdout.write(`/** An instruction of every encoding that some programs have when they start, in hexadecimal. Made by bench/encodings.ts. */\nexport const USUAL_EXAMPLES = \`\n${lines}${line.trimEnd()}\n\`.trim().split(/\\s/);\n`);
process.stderr.write(`${examples.size} encodings\n`);
