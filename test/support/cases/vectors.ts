/** Recorded cases: an instruction a line, and a fingerprint of what a processor made of the states that belong to it. */
import { format } from '../../../src/decoder/format.ts';
import type { Row } from '../../../src/decoder/rows.ts';
import { Random } from '../random.ts';
import { bytesOf, hexOf } from '../sse-forms.ts';
import { compareAll, rowsOf } from './campaign.ts';
import { type CompareOptions, defined } from './compare.ts';
import { type Family, obeysMxcsr, type Snippet, snippetFrom, snippetOf } from './forms.ts';
import { EXTENDED_OF, SLOT_BYTES, SLOTS } from './layout.ts';
import { type CaseProgram, programOf } from './program.ts';
import { States } from './state.ts';
import { isApproximate, isReciprocal } from './undefined.ts';

/** States of an instruction, and where they come from: other ones are other vectors. The x87 has fewer instructions and more ways to go wrong. */
const roundsOf = (family: Family): number => (family === 'x87' ? 24 : 8);
const VECTOR_SEED = 20201;
export const optionsOf = (family: Family): CompareOptions => ({ extended: EXTENDED_OF[family], hasMxcsr: obeysMxcsr(family) });

/** FNV-1a, twice. */
function fingerprint(records: readonly Uint8Array[]): string {
  let a = 0x811c9dc5, b = 0x1000193;
  for (const bytes of records) for (let k = 0; k < bytes.length; k++) {
    const byte = bytes[k]!;
    a = Math.imul(a ^ byte, 0x01000193); b = Math.imul(b ^ byte, 0x85ebca6b) + 0x27d4eb2f | 0; b ^= b >>> 15;
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}
/** What gathers leave when they fault: as far as they came. */
const PARTIAL = /gather/;
const hashOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => Math.imul(sum, 31) + byte | 0, VECTOR_SEED);
/** One instruction of every row, exact ones only. */
export function newSnippets(family: Family): Snippet[] {
  // By what the row says, so that others may come and go.
  const textOf = ({ names, map, opcode, classes, digit, modrm, operands }: Row): string => [...names, map, opcode, classes, digit, modrm, ...operands.map(spec => spec.text)].join();
  return rowsOf(family).map(row => snippetOf(row, new Random(hashOf(new TextEncoder().encode(textOf(row)))))!).filter(snippet => snippet !== null && !isApproximate(snippet.i) && !isReciprocal(snippet.i) && !PARTIAL.test(snippet.i.operation));
}
export function vectorProgram(family: Family, snippets: readonly Snippet[], isPerformed?: (snippet: number) => boolean): CaseProgram {
  return programOf(family, snippets, roundsOf(family), new States(VECTOR_SEED, { family, hasMxcsr: obeysMxcsr(family) }), n => new Random(hashOf(snippets[n]!.encoding)), isPerformed);
}
/** `encoding fingerprint text` of each instruction. */
export function vectorLinesOf({ snippets, rounds, at, stride, before }: CaseProgram, after: Uint8Array, family: Family): string[] {
  return snippets.map((snippet, n) => {
    const records: Uint8Array[] = [];
    for (let k = 0; k < rounds; k++) {
      const from = at[n]! + k * stride[n]!, to = from + stride[n]!;
      records.push(defined(after.subarray(from, to), before.subarray(from, to), snippet, optionsOf(family)));
    }
    return `${hexOf(snippet.encoding)} ${fingerprint(records)} ${format(snippet.i, SLOTS + n * SLOT_BYTES, 'intel').replace(/ +/g, ' ')}`;
  });
}
export const snippetsOf = (lines: readonly string[]): Snippet[] => lines.map(line => snippetFrom(bytesOf(line.split(' ')[0]!))!);
/** Where two outcomes of the same cases differ, at most a few. */
export function differences(program: CaseProgram, host: Uint8Array, here: Uint8Array, family: Family): string[] {
  const lines: string[] = [];
  compareAll(program, host, here, optionsOf(family), line => { if (lines.length < 10) lines.push(line); });
  return lines;
}
