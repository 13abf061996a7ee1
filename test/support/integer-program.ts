/** A guest that runs every integer form on a table of inputs and writes registers, flags and memory of each to stdout: the same ELF runs natively and emulated. */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import type { FormCase } from './integer-forms.ts';
import { writeAndExit } from './guest.ts';
import { Random } from './random.ts';

const TEXT = 0x400000, DATA = 0x800000;
const SCRATCH_BYTES = 48;
/** rax rbx rcx rdx r8 r9 flags, a spare word, then the scratch memory. */
export const RECORD_BYTES = 64 + SCRATCH_BYTES;
const REGISTERS = ['rax', 'rbx', 'rcx', 'rdx', 'r8', 'r9'];
const FLAG_BITS: Readonly<Record<string, number>> = { c: 1, p: 4, a: 16, z: 64, s: 128, o: 0x800 };
/** CF PF AF ZF SF DF OF: what a form may leave behind. */
const COMPARED_FLAGS = 0xcd5;

export interface IntegerProgram { readonly elf: Uint8Array; readonly outputBytes: number }

export function integerProgram(forms: readonly FormCase[], inputCount: number, seed: number): IntegerProgram {
  const random = new Random(seed);
  const inputsAt = DATA + 0x1000, pointersAt = inputsAt + inputCount * RECORD_BYTES, outputsAt = (pointersAt + 8 * (forms.length + 1) + 0xfff) & ~0xfff;
  const outputBytes = forms.length * inputCount * RECORD_BYTES;
  const { bytes, labels } = assemble(sourceOf(forms, inputCount, { inputsAt, pointersAt, outputsAt, outputBytes }), { origin: TEXT });
  const data = new Uint8Array(outputsAt - DATA), view = new DataView(data.buffer);
  for (let n = 0; n < inputCount; n++) {
    const at = inputsAt - DATA + n * RECORD_BYTES;
    for (let k = 0; k < RECORD_BYTES / 8; k++) view.setBigUint64(at + 8 * k, random.operand(), true);
    view.setBigUint64(at + 48, BigInt(random.word() & 0x8d5) | 0x202n, true);
  }
  forms.forEach((_, n) => view.setBigUint64(pointersAt - DATA + 8 * n, BigInt(labels.get(`form_${n}`)!), true));
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: data, size: data.length + outputBytes }, entry: labels.get('_start')! });
  return { elf, outputBytes };
}

interface Places { readonly inputsAt: number; readonly pointersAt: number; readonly outputsAt: number; readonly outputBytes: number }

function sourceOf(forms: readonly FormCase[], inputCount: number, at: Places): string {
  const copy = (from: string, to: string): string => Array.from({ length: SCRATCH_BYTES / 8 }, (_, k) =>
    `mov r10, [${from}+${8 * k}]\nmov [${to}+${8 * k}], r10`).join('\n');
  return `
_start:
  mov r13d, ${at.pointersAt}
  mov r15d, ${at.outputsAt}
next_form:
  cmp qword ptr [r13], 0
  je done
  mov r12d, ${at.inputsAt}
  mov r14d, ${inputCount}
next_input:
  mov esi, ${DATA}
  lea r11, [r12+64]
  ${copy('r11', 'rsi')}
  ${REGISTERS.map((name, k) => `mov ${name}, [r12+${8 * k}]`).join('\n  ')}
  push qword ptr [r12+48]
  popf
  call qword ptr [r13]
  pushf
  ${REGISTERS.map((name, k) => `mov [r15+${8 * k}], ${name}`).join('\n  ')}
  pop qword ptr [r15+48]
  mov esi, ${DATA}
  lea r11, [r15+64]
  ${copy('rsi', 'r11')}
  add r15, ${RECORD_BYTES}
  add r12, ${RECORD_BYTES}
  dec r14
  jnz next_input
  add r13, 8
  jmp next_form
done:
${writeAndExit(at.outputsAt, at.outputBytes)}
${forms.map((f, n) => `form_${n}:\n${f.body}\nret`).join('\n')}
`;
}

/** One form's outputs with undefined flags cleared. */
export function definedOutput(output: Uint8Array, form: FormCase, index: number, inputCount: number): Uint8Array {
  const bytes = output.slice(index * inputCount * RECORD_BYTES, (index + 1) * inputCount * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  const mask = [...form.undefined].reduce((m, letter) => m & ~FLAG_BITS[letter], COMPARED_FLAGS);
  for (let n = 0; n < inputCount; n++) {
    view.setUint32(n * RECORD_BYTES + 48, view.getUint32(n * RECORD_BYTES + 48, true) & mask, true);
    view.setUint32(n * RECORD_BYTES + 52, 0, true);
    view.setBigUint64(n * RECORD_BYTES + 56, 0n, true);
  }
  return bytes;
}
/** FNV-1a, 32 bits, as hex. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
