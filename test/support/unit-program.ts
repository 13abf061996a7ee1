/**
 * A guest that runs forms on a table of inputs and writes what they leave of everything a program sees: the same ELF runs natively and emulated.
 * A state is an FXSAVE image, then rax rbx rcx rdx r8 r9, RFLAGS, a spare word, then 64 bytes of memory at [rsi].
 */
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { flagsAtOf, formSource, inputsOfKind, memoryAtOf, stateBytesOf, type StateLayout } from './form-program.ts';
import { Random } from './random.ts';
import { Inputs } from './sse-inputs.ts';
import type { UnitForm } from './unit-forms.ts';

const TEXT = 0x400000, DATA = 0x800000;
const IMAGE_BYTES = 512, REGISTERS_AT = IMAGE_BYTES, REGISTERS = ['rax', 'rbx', 'rcx', 'rdx', 'r8', 'r9'];
const LAYOUT: StateLayout = { registersAt: REGISTERS_AT, memoryBytes: 64, registers: REGISTERS, load: 'fxrstor64 [r12]', save: 'fxsave64 [rdi]' };
const FLAGS_AT = flagsAtOf(LAYOUT), MEMORY_AT = memoryAtOf(LAYOUT);
export const STATE_BYTES = stateBytesOf(LAYOUT);
/** CF PF AF ZF SF DF OF. */
const COMPARED_FLAGS = 0xcd5;
const KINDS = ['integer', 'single', 'double', 'count', 'bytes'] as const;

export interface UnitProgram { readonly elf: Uint8Array; readonly inputs: readonly Uint8Array[]; readonly outputBytes: number }

/** Each form gets the `inputCount` inputs of its kind. */
export function unitProgram(forms: readonly UnitForm[], inputCount: number, seed: number): UnitProgram {
  const random = new Random(seed), values = new Inputs(seed);
  const inputsAt = DATA + 0x1000, outputsAt = inputsAt + KINDS.length * inputCount * STATE_BYTES, outputBytes = forms.length * inputCount * STATE_BYTES;
  const { bytes, labels } = assemble(formSource(LAYOUT, KINDS, forms, { inputCount, inputsAt, outputsAt, outputBytes }), { origin: TEXT });
  const inputs = KINDS.flatMap(kind => Array.from({ length: inputCount }, () => input(random, values, kind)));
  const data = new Uint8Array(outputsAt - DATA);
  inputs.forEach((state, k) => data.set(state, inputsAt - DATA + k * STATE_BYTES));
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: data, size: data.length + outputBytes }, entry: labels.get('_start')! });
  return { elf, inputs, outputBytes };
}
function input(random: Random, values: Inputs, kind: UnitForm['kind']): Uint8Array {
  const state = new Uint8Array(STATE_BYTES), view = new DataView(state.buffer);
  // Bytes of which some are zero and many are equal: strings.
  const vector = (): Uint8Array => kind !== 'bytes' ? values.vector(kind)
    : Uint8Array.from({ length: 16 }, (_, k) => random.below(12) === 0 ? 0 : random.below(3) === 0 ? 97 + random.below(4) : k % 2 === 0 ? 98 : random.pick([0, 0, 255, 128, 1]));
  view.setUint16(0, 0x37f, true);
  view.setUint16(2, random.word() & 0x7f00 & ~0x80, true);
  state[4] = random.word();
  // Every rounding mode, DAZ and FTZ, flags that are set or not.
  view.setUint32(24, 0x1f80 | (random.word() & 0xe07f), true);
  for (let k = 0; k < 8; k++) { state.set(vector().subarray(0, 8), 32 + 16 * k); view.setUint16(40 + 16 * k, random.pick([0, 0xffff, 0x3fff, random.word() & 0xffff]), true); }
  for (let k = 0; k < 16; k++) state.set(vector(), 160 + 16 * k);
  REGISTERS.forEach((_, k) => view.setBigUint64(REGISTERS_AT + 8 * k, kind === 'bytes' && k !== 1 ? BigInt.asUintN(64, BigInt(random.below(40) - 20)) : random.operand(), true));
  view.setBigUint64(FLAGS_AT, BigInt(random.word() & 0x8d5) | 0x202n, true);
  for (let at = MEMORY_AT; at < STATE_BYTES; at += 16) state.set(vector(), at);
  return state;
}
/** The states one form left, without what is nobody's: undefined flags, the x87's pointers, bytes FXSAVE keeps for others. */
export function definedStates(output: Uint8Array, form: UnitForm, index: number, inputCount: number): Uint8Array {
  const bytes = output.slice(index * inputCount * STATE_BYTES, (index + 1) * inputCount * STATE_BYTES), view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += STATE_BYTES) {
    bytes.fill(0, at + 6, at + 24); bytes.fill(0, at + 28, at + 32);
    bytes.fill(0, at + 416, at + IMAGE_BYTES);
    view.setBigUint64(at + FLAGS_AT, BigInt(view.getUint32(at + FLAGS_AT, true) & COMPARED_FLAGS & ~form.undefinedFlags), true);
    view.setBigUint64(at + FLAGS_AT + 8, 0n, true);
  }
  return bytes;
}
/** Which part of a state lies at an offset. */
export function placeOf(offset: number): string {
  if (offset >= MEMORY_AT) return `memory+${offset - MEMORY_AT}`;
  if (offset >= REGISTERS_AT) return REGISTERS[(offset - REGISTERS_AT) >> 3] ?? 'flags';
  if (offset >= 160) return `xmm${(offset - 160) >> 4}+${offset % 16}`;
  if (offset >= 32) return `mm${(offset - 32) >> 4}+${offset % 16}`;
  return offset < 8 ? ['fcw', 'fsw', 'ftw', 'fop'][offset >> 1]! : 'mxcsr';
}
/** Where two runs first differ, in words. */
export function stateDifference(ours: Uint8Array, theirs: Uint8Array, inputs: readonly Uint8Array[]): string {
  for (let at = 0; at < ours.length; at++) {
    if (ours[at] === theirs[at]) continue;
    const start = at & ~7, offset = start % STATE_BYTES, hex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
    const input = inputs[Math.floor(at / STATE_BYTES)]!;
    return `input ${Math.floor(at / STATE_BYTES)}: ${placeOf(offset)} is ${hex(ours.subarray(start, start + 8))}, the processor says ${hex(theirs.subarray(start, start + 8))}; `
      + `xmm0 ${hex(input.subarray(160, 176))} xmm1 ${hex(input.subarray(176, 192))} mm0 ${hex(input.subarray(32, 40))} mm1 ${hex(input.subarray(48, 56))} memory ${hex(input.subarray(MEMORY_AT, MEMORY_AT + 16))} registers ${hex(input.subarray(REGISTERS_AT, FLAGS_AT + 8))}`;
  }
  return '';
}
export function inputsOf(program: UnitProgram, form: UnitForm): readonly Uint8Array[] { return inputsOfKind(program.inputs, KINDS, form.kind); }
