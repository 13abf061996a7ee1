/** The program's code as text, with symbols: instructions from an address on, and back to one. */
import type { Va } from '../base/types.ts';
import { lines, type Line } from '../decoder/disasm.ts';
import type { KernelProcess } from '../syscalls/process.ts';
import { TrampolineFile } from '../trampfd/trampoline.ts';
import type { Names } from './names.ts';
import type { Target } from './target.ts';

const INSTRUCTION_BYTES_MAX = 15;

/** A page of a trampoline whose call is a fault has nothing to decode: says what is there. */
function trampolineAt({ memory }: KernelProcess, at: Va): string | null {
  const vma = memory.find(at), object = vma?.object;
  return vma !== null && object instanceof TrampolineFile && object.page() === null && at === vma.start ? object.fdinfo().split('\n')[0]!.replace('type: ', '') : null;
}

/** Instructions from `at` on, fewer where memory ends; at a trampoline that faults, one line that says so. */
export function codeAt(target: Target, names: Names, process: KernelProcess, at: Va, count: number): readonly Line[] {
  const trampoline = trampolineAt(process, at);
  if (trampoline !== null) return [{ address: at, bytes: new Uint8Array(0), text: `(trampoline: ${trampoline})`, instruction: null }];
  const bytes = target.readMemory(process.pid, at, INSTRUCTION_BYTES_MAX * count), found: Line[] = [];
  for (const line of lines({ address: at, bytes }, { symbol: address => names.at(process, address) })) {
    if (found.length >= count) break;
    found.push({ ...line, text: line.text.trimEnd().replace(/\s+/g, ' ') });
  }
  return found;
}
/** `count` instructions that lead to `at`, from the function's beginning if that is near: fewer if none fit. */
export function codeBefore(target: Target, names: Names, process: KernelProcess, at: Va, count: number): readonly Line[] {
  const start = names.around(process, at)?.start, far = INSTRUCTION_BYTES_MAX * count;
  const from = start !== undefined && at - start <= 4 * far ? [start] : [];
  for (let distance = far; distance > 0 && count > 0; distance--) from.push(at - distance);
  for (const address of from) {
    if (address >= at || (start !== undefined && address < start && from[0] === start)) continue;
    const bytes = target.readMemory(process.pid, address, at - address);
    if (bytes.length < at - address) continue;
    const all = [...lines({ address, bytes }, { symbol: where => names.at(process, where) })];
    if (all.every(({ instruction }) => instruction !== null && instruction.mnemonic !== 'ud')) return all.slice(Math.max(0, all.length - count)).map(line => ({ ...line, text: line.text.trimEnd().replace(/\s+/g, ' ') }));
  }
  return [];
}
