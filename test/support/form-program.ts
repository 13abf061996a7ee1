/** What guests have in common that run forms on a table of states: memory at [rsi], registers and flags before and after; the same ELF runs natively and emulated. */
import { writeAndExit } from './guest.ts';

/** A state: an image of `registersAt` bytes that `load` and `save` know, then the registers, RFLAGS, a spare word, and memory. */
export interface StateLayout {
  readonly registersAt: number;
  readonly memoryBytes: number;
  readonly registers: readonly string[];
  /** Assembly: the image at [r12] becomes the machine's, and the machine's that at [rdi]. May spoil rax. */
  readonly load: string;
  readonly save: string;
}
interface Form { readonly kind: string; readonly body: string }
export interface FormTables { readonly inputCount: number; readonly inputsAt: number; readonly outputsAt: number; readonly outputBytes: number }

export const flagsAtOf = ({ registersAt, registers }: StateLayout): number => registersAt + 8 * registers.length;
export const memoryAtOf = (layout: StateLayout): number => flagsAtOf(layout) + 16;
export const stateBytesOf = (layout: StateLayout): number => memoryAtOf(layout) + layout.memoryBytes;

/** Assembly of the guest. Each form gets the inputs of its kind, which lie kind by kind. */
export function formSource(layout: StateLayout, kinds: readonly string[], forms: readonly Form[], { inputCount, inputsAt, outputsAt, outputBytes }: FormTables): string {
  const { registersAt, registers } = layout, flagsAt = flagsAtOf(layout), memoryAt = memoryAtOf(layout), stateBytes = stateBytesOf(layout);
  return `
_start:
  mov edi, ${outputsAt}
${forms.map((form, n) => `
  mov r12d, ${inputsAt + kinds.indexOf(form.kind) * inputCount * stateBytes}
  mov r14d, ${inputCount}
  lea r13, [rip+form_${n}]
  call each_input`).join('')}
${writeAndExit(outputsAt, outputBytes)}
each_input:
  ${layout.load}
  ${Array.from({ length: layout.memoryBytes / 8 }, (_, k) => `mov rax, [r12+${memoryAt + 8 * k}]\n  mov [rdi+${memoryAt + 8 * k}], rax`).join('\n  ')}
  lea rsi, [rdi+${memoryAt}]
  ${registers.map((name, k) => `mov ${name}, [r12+${registersAt + 8 * k}]`).join('\n  ')}
  push qword ptr [r12+${flagsAt}]
  popf
  call r13
  pushf
  pop qword ptr [rdi+${flagsAt}]
  ${registers.map((name, k) => `mov [rdi+${registersAt + 8 * k}], ${name}`).join('\n  ')}
  ${layout.save}
  add rdi, ${stateBytes}
  add r12, ${stateBytes}
  dec r14
  jnz each_input
  ret
${forms.map((form, n) => `form_${n}:\n${form.body}\nret`).join('\n')}
`;
}
/** The inputs that a form of this kind gets. */
export function inputsOfKind(inputs: readonly Uint8Array[], kinds: readonly string[], kind: string): readonly Uint8Array[] {
  const each = inputs.length / kinds.length, first = each * kinds.indexOf(kind);
  return inputs.slice(first, first + each);
}
/** FNV-1a, 32 bits, as hex. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
