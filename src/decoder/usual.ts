/** Encodings that most programs have when they start, by an example of each (bench/encodings.ts finds them); and as a builder writes them down (row-index.ts). */
import { assert } from '../base/assert.ts';
import { Cursor } from './cursor.ts';
import { decode, readOpcode } from './decode.ts';
import type { Instruction } from './instruction.ts';
import { RowIndex, type UsualEncodings } from './row-index.ts';

const BYTES_MAX = 32;
/** An instruction written in hexadecimal. */
export function decodeExample(hex: string): Instruction {
  const instruction = decode(exampleOf(hex), 0, BYTES_MAX);
  assert(instruction !== null && 2 * instruction.length === hex.length, `no instruction: ${hex}`);
  return instruction;
}
/** The same, and zeros. */
export function exampleOf(hex: string): Uint8Array { return Uint8Array.from({ length: BYTES_MAX }, (_, n) => parseInt(hex.slice(2 * n, 2 * n + 2), 16) || 0); }

/** What the decoder knows of such instructions once it has met them. @param examples in hexadecimal */
export function usualEncodings(examples: readonly string[]): UsualEncodings {
  const index = new RowIndex(), c = new Cursor(), numbers = new Map<string, number>(), found = new Map<string, { readonly opcode: number; readonly key: number; readonly decides: number; readonly words: readonly number[] }>();
  const numberOf = (name: string): number => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  };
  for (const hex of examples) {
    const slot = readOpcode(index, c, exampleOf(hex), 0, BYTES_MAX), said = slot?.wordsOf(c);
    if (slot == null || said == null) continue;
    const { opcode, decides } = slot, { key } = c;
    found.set(`${opcode} ${key}`, { opcode, key, decides, words: [numberOf(said.mnemonic), numberOf(said.operation), ...said.words] });
  }
  const rows = [...found.values()].sort((a, b) => a.opcode - b.opcode || a.key - b.key), starts: number[] = [], words: number[] = [];
  for (const row of rows) { starts.push(words.length); words.push(...row.words); }
  return { opcodes: rows.map(({ opcode }) => opcode), decides: rows.map(({ decides }) => decides), keys: rows.map(({ key }) => key), starts, words, names: [...numbers.keys()] };
}
