/** Around every contender the same guest: contexts, creation, a loop of changes, a checked loop of invocations, release; exit 0 only if the sum is right. */
import { assemble } from '../decoder/assemble.ts';
import { writeElf } from '../loader/write-elf.ts';
import { LAP_BYTES } from '../machine.ts';
import type { AssemblyContender } from './contenders/common.ts';

const TEXT = 0x400000, DATA = 0x800000;
const COUNT_MAX = 16384;
/** Where a contender keeps a few words of its own; then the pointers, a word for each of them, and the contexts {value, value after a change}. */
const PLACES = { SCRATCH: DATA, FUNCTIONS: DATA + 0x1000, KEPT: DATA + 0x1000 + 8 * COUNT_MAX, CONTEXTS: DATA + 0x1000 + 16 * COUNT_MAX };

/** What a guest does, in this order. */
export interface Work {
  /** Trampolines it creates. */
  readonly count: number;
  /** How often it binds one of them, in turn, to another context: once around, or in several rounds of so many. */
  readonly changes: number | readonly number[];
  /** How often it calls one of them, in turn. */
  readonly invocations: number | readonly number[];
  /** Whether it gives them back. */
  readonly releases: boolean;
  /** From each trampoline to that so many places further; 1, where it is absent. Shares no divisor with `count`. */
  readonly step?: number;
}
/** Rounds until the branch predictor knows where one ends. */
const LEARNING = 7;
/** Rounds of changes or invocations: the first has been everywhere, those that follow are learned from, and the last does so many more than the one before it. */
export const rounds = (everywhere: number, warm: number, repeated: number): readonly number[] => [everywhere, ...new Array<number>(LEARNING).fill(warm), warm + repeated];
const roundsOf = (times: number | readonly number[]): readonly number[] => (typeof times === 'number' ? [times] : times).filter(each => each > 0);
const sumOf = (times: number | readonly number[]): number => roundsOf(times).reduce((a, b) => a + b, 0);
/** Laps a guest tells: at its beginning, when all are created, at the beginning of changes and after each of their rounds, the same for invocations, and when all are released. */
export function lapsOf({ changes, invocations }: Work): { readonly created: number; readonly changed: number; readonly invoked: number; readonly released: number } {
  const changed = 2 + roundsOf(changes).length, invoked = changed + 1 + roundsOf(invocations).length;
  return { created: 1, changed, invoked, released: invoked + 1 };
}

const LAP = `.byte ${LAP_BYTES.join(', ')}`;
/** Pages of code are the same in all of a contender's guests. */
const templates = new WeakMap<AssemblyContender, Uint8Array>();
function templateOf(contender: AssemblyContender): Uint8Array | null {
  if (contender.template === undefined) return null;
  const known = templates.get(contender) ?? assemble(contender.template).bytes;
  templates.set(contender, known);
  return known;
}

/** A static executable. */
export function guestProgram(contender: AssemblyContender, work: Work): Uint8Array {
  const { count, changes, invocations, releases, step = 1 } = work, template = templateOf(contender);
  const advance = step === 1 ? 'add rbx, 8\n  cmp rbx, r13\n  cmove rbx, r12' : 'add rbx, 8*STEP\n  lea rax, [rbx-8*COUNT]\n  cmp rbx, r13\n  cmovae rbx, rax';
  const { bytes, labels } = assemble(`
_start:
  ${LAP}
  mov rcx, CONTEXTS
  mov edx, COUNT
  mov eax, 1
bind:
  mov [rcx], rax
  lea rsi, [rax+rax]
  mov [rcx+8], rsi
  add rax, 3
  add rcx, 16
  dec edx
  jnz bind
  call create
  lea r12, [FUNCTIONS]
  lea r13, [r12+8*COUNT]
  ${LAP}
  mov rbx, r12
  lea rsi, [rip+changes]
  ${LAP}
  jmp change_round
.balign 64
change_again:
  lea rsi, [rbx+rbx+CONTEXTS+8-2*FUNCTIONS]
  ${contender.change ?? ''}
  ${advance}
  dec rbp
  jnz change_again
  ${LAP}
  pop rsi
change_round:
  mov rbp, [rsi]
  add rsi, 8
  push rsi
  test rbp, rbp
  jnz change_again
  pop rsi
  xor edi, edi
  mov rbx, r12
  lea rsi, [rip+invocations]
  ${LAP}
  jmp round
.balign 64
again:
  ${contender.invoke}
  mov rdi, rax
  ${advance}
  dec rbp
  jnz again
  ${LAP}
  pop rsi
round:
  mov rbp, [rsi]
  add rsi, 8
  push rsi
  test rbp, rbp
  jnz again
  pop rsi
  push rdi
  mov eax, RELEASES
  test eax, eax
  jz released
  call release
  ${LAP}
released:
  pop rdi
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
release: ${contender.release ?? 'ret'}
.balign 64
${contender.code ?? ''}
.balign 8
changes: .quad ${[...roundsOf(changes), 0].join(', ')}
invocations: .quad ${[...roundsOf(invocations), 0].join(', ')}
${tell([contender.create, contender.change, contender.invoke, contender.release, contender.code].join('\n'))}
${template === null ? '' : `.balign ${template.length}, 0xcc\ntemplate: .org template+${template.length}`}
`, { origin: TEXT, symbols: { ...PLACES, TEXT, COUNT: count, STEP: step, RELEASES: releases ? 1 : 0, EXPECTED: expectedSum(contender, work) } });
  if (template !== null) bytes.set(template, (labels.get('template') ?? 0) - TEXT);
  return writeElf({
    ...(contender.hasExecutableStack === true ? { hasExecutableStack: true } : {}),
    text: { at: TEXT, bytes }, entry: labels.get('_start')!,
    data: { at: DATA, bytes: new Uint8Array(0), size: PLACES.CONTEXTS + 16 * COUNT_MAX - DATA },
  });
}

/** A record of a refused call: its number, or -1, and what it returned; 8 bytes each. */
export const REFUSAL_BYTES = 16;
const STATUS_REFUSED = 2;
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

/** The same work for a compiled program, in words: a round is six digits and a comma, so that reading one costs the same. */
export function compiledWork(way: string, { count, invocations, changes, releases }: Work): readonly string[] {
  const digits = (number: number): string => `${number}`.padStart(6, '0'), word = (times: number | readonly number[]): string => roundsOf(times).map(each => `${digits(each)},`).join('');
  return [way, digits(count), word(invocations), word(changes), releases ? '1' : '0'];
}

/** What the closures add up to when called in turn: the k-th binds 3k + 1, and after a change twice that. */
function expectedSum(contender: AssemblyContender, { count, changes, invocations, step = 1 }: Work): number {
  const changed = new Uint8Array(count);
  if (contender.change !== undefined) for (let n = 0; n < Math.min(sumOf(changes), count); n++) changed[n * step % count] = 1;
  let sum = 0;
  for (let n = 0, k = 0; n < sumOf(invocations); n++, k = (k + step) % count) sum += (3 * k + 1) * (changed[k] === 1 ? 2 : 1);
  return sum;
}
