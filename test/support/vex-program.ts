/**
 * A guest that runs forms with VEX prefixes on a table of inputs and writes what they leave: the same ELF runs natively and emulated.
 * A state is sixteen YMM registers, then rax rcx rdx rbx r8 r9, RFLAGS, a spare word, then 64 bytes of memory at [rsi].
 */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { flagsAtOf, formSource, inputsOfKind, memoryAtOf, stateBytesOf, type StateLayout } from './form-program.ts';
import { Random } from './random.ts';
import { Inputs } from './sse-inputs.ts';
import { MEMORY_BYTES, type VexForm } from './vex-forms.ts';

const TEXT = 0x400000, DATA = 0x2000000;
const VECTORS = Array.from({ length: 16 }, (_, n) => n), REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'r8', 'r9'], REGISTERS_AT = 512;
const LAYOUT: StateLayout = {
  registersAt: REGISTERS_AT, memoryBytes: MEMORY_BYTES, registers: REGISTERS,
  load: [`ldmxcsr [${DATA}]`, ...VECTORS.map(n => `vmovdqu ymm${n}, [r12+${32 * n}]`)].join('\n  '),
  save: VECTORS.map(n => `vmovdqu [rdi+${32 * n}], ymm${n}`).join('\n  '),
};
const FLAGS_AT = flagsAtOf(LAYOUT), MEMORY_AT = memoryAtOf(LAYOUT);
export const STATE_BYTES = stateBytesOf(LAYOUT);
/** CF PF AF ZF SF DF OF. */
const COMPARED_FLAGS = 0xcd5;
const KINDS = ['integer', 'single', 'double', 'count', 'extreme'] as const;

export interface VexProgram { readonly elf: Uint8Array; readonly inputs: readonly Uint8Array[]; readonly outputBytes: number }

/** Each form gets the `inputCount` inputs of its kind. */
export function vexProgram(forms: readonly VexForm[], inputCount: number, seed: number): VexProgram {
  const random = new Random(seed), values = new Inputs(seed);
  const inputsAt = DATA + 0x1000, outputsAt = inputsAt + KINDS.length * inputCount * STATE_BYTES, outputBytes = forms.length * inputCount * STATE_BYTES;
  const { bytes, labels } = assemble(formSource(LAYOUT, KINDS, forms, { inputCount, inputsAt, outputsAt, outputBytes }), { origin: TEXT });
  const inputs = KINDS.flatMap(kind => Array.from({ length: inputCount }, () => input(random, values, kind)));
  const data = new Uint8Array(outputsAt - DATA);
  data.set([0x80, 0x1f]); // MXCSR as it is at the start.
  inputs.forEach((state, k) => data.set(state, inputsAt - DATA + k * STATE_BYTES));
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: data, size: data.length + outputBytes }, entry: labels.get('_start')! });
  return { elf, inputs, outputBytes };
}
function input(random: Random, values: Inputs, kind: VexForm['kind']): Uint8Array {
  const state = new Uint8Array(STATE_BYTES), view = new DataView(state.buffer);
  for (let at = 0; at < REGISTERS_AT; at += 16) state.set(values.vector(kind), at);
  REGISTERS.forEach((_, k) => view.setBigUint64(REGISTERS_AT + 8 * k, random.operand(), true));
  view.setBigUint64(FLAGS_AT, BigInt(random.word() & 0x8d5) | 0x202n, true);
  for (let at = MEMORY_AT; at < STATE_BYTES; at += 16) state.set(values.vector(kind), at);
  return state;
}
/** The states one form left, without what is nobody's. */
export function definedStates(output: Uint8Array, form: VexForm, index: number, inputCount: number): Uint8Array {
  const bytes = output.slice(index * inputCount * STATE_BYTES, (index + 1) * inputCount * STATE_BYTES), view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += STATE_BYTES) {
    view.setBigUint64(at + FLAGS_AT, BigInt(view.getUint32(at + FLAGS_AT, true) & COMPARED_FLAGS & ~form.undefinedFlags), true);
    view.setBigUint64(at + FLAGS_AT + 8, 0n, true);
  }
  return bytes;
}
/** Which part of a state lies at an offset. */
function placeOf(offset: number): string {
  if (offset >= MEMORY_AT) return `memory+${offset - MEMORY_AT}`;
  return offset >= REGISTERS_AT ? REGISTERS[(offset - REGISTERS_AT) >> 3] ?? 'flags' : `ymm${offset >> 5}+${offset % 32}`;
}
/** Where two runs first differ, in words. */
export function stateDifference(ours: Uint8Array, theirs: Uint8Array, inputs: readonly Uint8Array[]): string {
  const at = ours.findIndex((byte, k) => byte !== theirs[k]);
  if (at < 0) return '';
  const start = at & ~7, hex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  const number = Math.floor(at / STATE_BYTES), before = inputs[number]!;
  return `input ${number}: ${placeOf(start % STATE_BYTES)} is ${hex(ours.subarray(start, start + 8))}, the processor says ${hex(theirs.subarray(start, start + 8))}; `
    + `before: ${Array.from({ length: 16 }, (_, n) => `ymm${n} ${hex(before.subarray(32 * n, 32 * n + 32))}`).join(' ')} registers ${hex(before.subarray(REGISTERS_AT, FLAGS_AT + 8))} memory ${hex(before.subarray(MEMORY_AT))}`;
}
export function inputsOf(program: VexProgram, form: VexForm): readonly Uint8Array[] { return inputsOfKind(program.inputs, KINDS, form.kind); }
