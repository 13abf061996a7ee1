/** GNU as beside the project's assembler: the same source through both. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where recorded programs start. */
export const ORIGIN = 0x401000;
/** Lines of a program that is written in one line of a vector file. */
export const linesOf = (program: string): string => program.split(' // ').join('\n');
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

/** What as and ld make of an Intel-syntax program whose text starts at `origin`, or null where as refuses. */
export function gnuAssemble(source: string, origin: number, symbols: Readonly<Record<string, number | bigint>> = {}): Uint8Array | null {
  const directory = mkdtempSync(join(tmpdir(), 'tramp64-as-'));
  const run = (program: string, ...args: string[]): boolean => spawnSync(program, args, { cwd: directory }).status === 0;
  const definitions = Object.entries(symbols).map(([name, value]) => `.set ${name}, ${value}\n`).join('');
  try {
    writeFileSync(join(directory, 'a.s'), `.intel_syntax noprefix\n${definitions}${source}\n`);
    const isMade = run('as', '-o', 'a.o', 'a.s') && run('ld', '-e', '0', '-Ttext', `0x${origin.toString(16)}`, '-o', 'a.elf', 'a.o')
      && run('objcopy', '-O', 'binary', '-j', '.text', 'a.elf', 'a.bin');
    return isMade ? readFileSync(join(directory, 'a.bin')) : null;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** As many one-line programs at once, each at a multiple of 32. */
export function gnuAssembleEach(lines: readonly string[]): string[] {
  const SLOT = 32, END = 0xcc;
  const bytes = gnuAssemble(lines.map(line => `.balign ${SLOT}, ${END}\n${line}`).join('\n') + `\n.byte ${END}\n.balign ${SLOT}, ${END}`, ORIGIN);
  if (bytes === null) throw new Error('as refuses a line of the vectors');
  return lines.map((_, n) => hexOf(bytes.subarray(SLOT * n, SLOT * (n + 1))).replace(/(cc)+$/, ''));
}
