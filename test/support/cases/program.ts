/** An ELF file that performs random cases one after the other, and writes their records to standard output (System V ABI, Linux). */
import { assemble } from '../../../src/decoder/assemble.ts';
import { writeElf } from '../../../src/loader/write-elf.ts';
import { Random } from '../random.ts';
import type { Family, Snippet } from './forms.ts';
import { AT, DATA, DESCRIPTOR_BYTES, DESCRIPTORS, EXTENDED_OF, type Extended, headerBytes, MARGIN_BYTES, RECORDS, SLOT_BYTES, SLOTS, SNIPPETS_MAX, STACK_END, TEXT, WINDOW, WORDS } from './layout.ts';
import type { States } from './state.ts';

const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const numbered = (count: number, line: (k: number) => string): string => Array.from({ length: count }, (_, k) => line(k)).join('\n');
const LOAD: Readonly<Record<Extended, string>> = {
  none: '', xmm: numbered(16, k => `movaps xmm${k}, [FIXED+${AT.extended + 16 * k}]`), ymm: numbered(16, k => `vmovups ymm${k}, [FIXED+${AT.extended + 32 * k}]`),
  fxsave: `fxrstor [FIXED+${AT.extended}]`,
};
const SAVE: Readonly<Record<Extended, string>> = {
  none: '', xmm: numbered(16, k => `movaps [FIXED+${AT.extended + 16 * k}], xmm${k}`), ymm: numbered(16, k => `vmovups [FIXED+${AT.extended + 32 * k}], ymm${k}`),
  fxsave: `fxsave [FIXED+${AT.extended}]`,
};
/** Bytes that one write(2) is asked for. */
const WRITE_BYTES = 1 << 20;

/** RDTSC keeps the harness out of what is compiled with a case: a block that ends with it is interpreted. */
const harness = (extended: Extended): string => `
  sub rsp, 64
  mov rdi, rsp
  mov qword ptr [rdi], STACK_END-0x4000
  mov qword ptr [rdi+8], 0
  mov qword ptr [rdi+16], 0x4000
  xor esi, esi
  mov eax, 131
  syscall
  ${[4, 7, 8, 11].map(signal => `mov edi, ${signal}\nlea rsi, [rip+action]\nxor edx, edx\nmov r10d, 8\nmov eax, 13\nsyscall`).join('\n')}
  mov dword ptr [ROUNDS], ROUND_COUNT
round:
  mov dword ptr [CURSOR], DESCRIPTORS
next:
  mov ebx, [CURSOR]
  mov eax, [rbx]
  mov [TARGET], rax
  mov esi, [rbx+4]
  mov ecx, [rbx+8]
  mov edi, FIXED
  cld
  rep movsq
  ${LOAD[extended]}
  ldmxcsr [FIXED+${AT.mxcsr}]
  mov esp, STACK_END-0x4000
  push qword ptr [FIXED+${AT.flags}]
  popf
  ${REGISTERS.map((name, k) => `mov ${name}, [FIXED+${8 * k}]`).join('\n')}
  jmp qword ptr [TARGET]
save:
  ${REGISTERS.map((name, k) => `mov [FIXED+${8 * k}], ${name}`).join('\n')}
  mov esp, STACK_END-0x4000
  pushf
  pop qword ptr [FIXED+${AT.flags}]
  stmxcsr [FIXED+${AT.mxcsr}]
  ${SAVE[extended]}
  rdtsc
  mov ebx, [CURSOR]
  mov esi, FIXED
  mov edi, [rbx+4]
  mov ecx, [rbx+8]
  cld
  rep movsq
  mov [rbx+4], edi
  add ebx, ${DESCRIPTOR_BYTES}
  mov [CURSOR], ebx
  cmp ebx, DESCRIPTORS_END
  jb next
  dec dword ptr [ROUNDS]
  jnz round
  mov esi, RECORDS
write:
  mov edi, 1
  mov edx, RECORDS_END
  sub edx, esi
  jz done
  cmp edx, ${WRITE_BYTES}
  jbe 1f
  mov edx, ${WRITE_BYTES}
1: mov eax, 1
  syscall
  test eax, eax
  jle done
  add esi, eax
  jmp write
done:
  xor edi, edi
  mov eax, 231
  syscall
handler:
  mov [FIXED+${AT.signal}], edi
  mov eax, [rsi+8]
  mov [FIXED+${AT.code}], eax
  mov rax, [rsi+16]
  mov [FIXED+${AT.address}], rax
  mov rax, [rdx+168]
  sub rax, [TARGET]
  mov [FIXED+${AT.rip}], rax
  lea rax, [rip+save]
  mov [rdx+168], rax
  ret
restorer:
  mov eax, 15
  syscall
.balign 8
action: .quad handler, 0x0c000004 | 0x40000000, restorer, 0
`;

/** Snippets, and how their records lie: round by round for each snippet, one snippet after the other. */
export interface CaseProgram {
  readonly elf: Uint8Array;
  readonly snippets: readonly Snippet[];
  readonly rounds: number;
  /** Records before the program ran. */
  readonly before: Uint8Array;
  /** Where the records of a snippet begin, and their size. */
  readonly at: readonly number[];
  readonly stride: readonly number[];
}

const addressOf = (n: number): number => SLOTS + n * SLOT_BYTES;
/** The snippet in its place, then a jump to the end of the case, then what a branch goes to. */
function writeSlot(text: Uint8Array, n: number, { encoding, i, patchAt }: Snippet, save: number, takenAt: number): void {
  const view = new DataView(text.buffer), at = n * SLOT_BYTES + (SLOTS - TEXT);
  text.set(encoding, at);
  if (patchAt >= 0) view.setInt32(at + patchAt, WINDOW + view.getInt32(at + patchAt, true) - (TEXT + at + encoding.length), true);
  const jump = (from: number): void => { text[from] = 0xe9; view.setInt32(from + 1, save - (TEXT + from + 5), true); };
  jump(at + i.length);
  // mov dword ptr [taken], 1
  text.set([0xc7, 0x04, 0x25], at + i.length + 5);
  view.setInt32(at + i.length + 8, takenAt, true); view.setInt32(at + i.length + 12, 1, true);
  jump(at + i.length + 16);
}


/** @param isPerformed the others only take their place */
export function programOf(family: Family, snippets: readonly Snippet[], rounds: number, states: States, randomFor: (snippet: number) => Random, isPerformed: (snippet: number) => boolean = () => true): CaseProgram {
  if (snippets.length > SNIPPETS_MAX) throw new Error(`${snippets.length} snippets`);
  const extended = EXTENDED_OF[family], header = headerBytes(extended), fixed = WINDOW - header;
  const stride = snippets.map(({ windowBytes }) => header + windowBytes), at: number[] = [];
  let bytes = 0;
  for (const one of stride) { at.push(bytes); bytes += one * rounds; }
  const symbols = {
    FIXED: fixed, TARGET: WORDS, CURSOR: WORDS + 8, ROUNDS: WORDS + 16, ROUND_COUNT: rounds, STACK_END, DESCRIPTORS, DESCRIPTORS_END: DESCRIPTORS + DESCRIPTOR_BYTES * snippets.filter((_, n) => isPerformed(n)).length,
    RECORDS, RECORDS_END: RECORDS + bytes,
  };
  const { bytes: code, labels } = assemble(harness(extended), { origin: TEXT, symbols });
  if (code.length > SLOTS - TEXT) throw new Error('the harness is too long');
  const text = new Uint8Array(SLOTS - TEXT + SLOT_BYTES * snippets.length);
  text.set(code);
  snippets.forEach((snippet, n) => writeSlot(text, n, snippet, labels.get('save')!, fixed + AT.taken));
  const data = new Uint8Array(RECORDS - DATA + bytes), view = new DataView(data.buffer), before = data.subarray(RECORDS - DATA);
  let descriptors = 0;
  snippets.forEach((snippet, n) => {
    if (!isPerformed(n)) return;
    const descriptor = DESCRIPTORS - DATA + DESCRIPTOR_BYTES * descriptors++, taken = addressOf(n) + snippet.i.length + 5;
    view.setUint32(descriptor, addressOf(n), true); view.setUint32(descriptor + 4, RECORDS + at[n]!, true); view.setUint32(descriptor + 8, stride[n]! / 8, true);
    const random = randomFor(n);
    for (let k = 0; k < rounds; k++) { const from = at[n]! + k * stride[n]!; states.write(before.subarray(from, from + stride[n]!), snippet, taken, random); }
  });
  const elf = writeElf({ text: { at: TEXT, bytes: text }, data: { at: DATA, bytes: data, size: data.length + MARGIN_BYTES }, entry: TEXT });
  return { elf, snippets, rounds, before: before.slice(), at, stride };
}
