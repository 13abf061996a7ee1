/** Around every contender the same guest: contexts, creation, a checked loop of invocations, exit 0 only if the sum is right. */
import { assemble } from '../decoder/assemble.ts';
import { writeElf } from '../loader/write-elf.ts';
import type { Contender } from './contenders.ts';

const TEXT = 0x400000, DATA = 0x800000;
const COUNT_MAX = 16384;
/** Where a contender keeps a word of its own; then the pointers, then the contexts {value, 0}. */
const PLACES = { SCRATCH: DATA, FUNCTIONS: DATA + 0x1000, CONTEXTS: DATA + 0x1000 + 8 * COUNT_MAX };

/** A static executable that creates `count` trampolines and invokes them `invocations` times in turn. */
export function guestProgram(contender: Contender, count: number, invocations: number): Uint8Array {
  const { bytes, labels } = assemble(`
_start:
  mov rcx, CONTEXTS
  mov edx, COUNT
  mov eax, 1
bind:
  mov [rcx], rax
  add rax, 3
  add rcx, 16
  dec edx
  jnz bind
  call create
  xor edi, edi
  mov rbp, INVOCATIONS
  mov r12, FUNCTIONS
  lea r13, [r12+8*COUNT]
  mov rbx, r12
  test rbp, rbp
  jz checked
.balign 64
again:
  ${contender.invoke}
  mov rdi, rax
  add rbx, 8
  cmp rbx, r13
  cmove rbx, r12
  dec rbp
  jnz again
checked:
  mov rax, EXPECTED
  xor rdi, rax
  setnz dil
  movzx edi, dil
  mov eax, 60
  syscall
.balign 64
target:
  mov rax, [r10]
  add rax, rdi
  ret
.balign 64
create: ${contender.create}
.balign 64
${contender.code ?? ''}
${tell(`${contender.create}\n${contender.invoke}\n${contender.code ?? ''}`)}
`, { origin: TEXT, symbols: { ...PLACES, COUNT: count, INVOCATIONS: invocations, EXPECTED: expectedSum(count, invocations) } });
  return writeElf({
    ...(contender.hasExecutableStack === true ? { hasExecutableStack: true } : {}),
    text: { at: TEXT, bytes }, entry: labels.get('_start')!,
    data: { at: DATA, bytes: new Uint8Array(0), size: PLACES.CONTEXTS + 16 * COUNT_MAX - DATA },
  });
}

/** A record of a refused call: its number, or -1, and what it returned; 8 bytes each. */
export const REFUSAL_BYTES = 16, STATUS_REFUSED = 2;
/**
 * `failed_N`: system call N gave the error in rax; tells it and ends with STATUS_REFUSED. `failed`: the same, without a call. `refused`, to be called with the call's
 * number in rbx, tells it on standard output and returns: there is another way to try.
 */
function tell(code: string): string {
  const numbers = new Set([...code.matchAll(/\bfailed_(\d+)\b/g)].map(([, number]) => number));
  return `.balign 64
${[...numbers].map(number => `failed_${number}:\n  mov ebx, ${number}\n  jmp failed_call`).join('\n')}
failed:
  mov rbx, -1
failed_call:
  call refused
  mov edi, ${STATUS_REFUSED}
  mov eax, 60
  syscall
refused:
  push rax
  push rbx
  mov edi, 1
  mov rsi, rsp
  mov edx, ${REFUSAL_BYTES}
  mov eax, 1
  syscall
  pop rbx
  pop rax
  ret`;
}

/** What the closures add up to when called in turn: the k-th binds 3k + 1. */
function expectedSum(count: number, invocations: number): number {
  let sum = 0;
  for (let n = 0; n < invocations; n++) sum += 3 * (n % count) + 1;
  return sum;
}
