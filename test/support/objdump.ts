/** objdump (binutils) as the judge of text: of bytes at an address, and of whole files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Syntax } from '../../src/decoder/format.ts';

export interface Dumped { readonly length: number; readonly text: string }

const LINE = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*(?:\t(.*))?$/;
/** What differs by taste: objdump names every target it can, and writes 0x before one it cannot. */
function plain(text: string): string {
  return text.replace(/ <[^>]*>/g, '').replace(/\b((?:call|jmp|j[a-z]+|loop[a-z]*|xbegin)w?(?:,p[nt])? +)0x/, '$1').replace('# 0x', '# ').trimEnd();
}

function dump(args: readonly string[], syntax: Syntax): Map<number, Dumped> {
  const ran = spawnSync('objdump', ['-z', '--insn-width=16', ...(syntax === 'intel' ? ['-M', 'intel'] : []), ...args], { maxBuffer: 1 << 30 });
  if (ran.status !== 0) throw new Error(`objdump: ${new TextDecoder().decode(ran.stderr)}`);
  const lines = new Map<number, Dumped>();
  for (const line of new TextDecoder().decode(ran.stdout).split('\n')) {
    const [, address, bytes, text] = LINE.exec(line) ?? [];
    if (address !== undefined && bytes !== undefined) lines.set(parseInt(address, 16), { length: bytes.split(' ').length, text: plain(text ?? '') });
  }
  return lines;
}

/** The executable sections of an ELF file, by address. */
export function dumpFile(path: string, syntax: Syntax): Map<number, Dumped> { return dump(['-d', path], syntax); }

export const SLOT_BYTES = 32, SLOTS_AT = 0x401000;
/** Instructions each on its own: the n-th stands at SLOTS_AT + n * SLOT_BYTES, with NOPs behind it. */
export function dumpEach(codes: readonly Uint8Array[], syntax: Syntax): (Dumped | null)[] {
  const directory = mkdtempSync(join(tmpdir(), 'tramp64-objdump-'));
  try {
    const bytes = new Uint8Array(codes.length * SLOT_BYTES).fill(0x90);
    codes.forEach((code, n) => bytes.set(code, n * SLOT_BYTES));
    writeFileSync(join(directory, 'code'), bytes);
    const lines = dump(['-D', '-b', 'binary', '-m', 'i386:x86-64', `--adjust-vma=${SLOTS_AT}`, join(directory, 'code')], syntax);
    return codes.map((_, n) => lines.get(SLOTS_AT + n * SLOT_BYTES) ?? null);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
