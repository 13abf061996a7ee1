/** Floating-point instructions on the host processor, with any MXCSR: results, exceptions, and the SIGFPE of those that are not masked. */
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a form is tried on: rcx is as the low half of xmm1, and rax 0. */
export interface Question { readonly form: number; readonly mxcsr: number; readonly vectors: readonly Uint8Array[] }
/** MXCSR after it; and RFLAGS, rax and xmm0, or the code of the SIGFPE. */
export interface Answer { readonly mxcsr: number; readonly flags: number; readonly rax: Uint8Array; readonly xmm0: Uint8Array; readonly trap: number | null }
/** Form, MXCSR, xmm0, xmm1, xmm2. MXCSR, RFLAGS, rax, xmm0; after a signal RFLAGS is its code, negative. */
const QUESTION_BYTES = 56, VECTORS_AT = 8, ANSWER_BYTES = 32;

export class FloatHost {
  private readonly directory = mkdtempSync(join(tmpdir(), 'tramp64-float-'));
  constructor(forms: readonly string[]) {
    const routines = forms.map((text, k) => `
f${k}: mov r8, rdi
  mov r9, rsi
  movups xmm0, [r8+8]
  movups xmm1, [r8+24]
  movups xmm2, [r8+40]
  mov rcx, [r8+24]
  xor eax, eax
  ldmxcsr [r8+4]
  ${text}
  stmxcsr [r9]
  pushfq
  pop rdx
  mov [r9+4], edx
  mov [r9+8], rax
  movups [r9+16], xmm0
  ret`);
    const table = forms.map((_, k) => `.quad f${k}`).join('\n');
    writeFileSync(join(this.directory, 'forms.s'), `.intel_syntax noprefix\n.text\n${routines.join('\n')}\n.section .data.rel.ro\n.globl forms\nforms:\n${table}\n`);
    writeFileSync(join(this.directory, 'main.c'), MAIN);
    const built = spawnSync('gcc', ['-O1', '-z', 'noexecstack', '-o', 'host', 'main.c', 'forms.s'], { cwd: this.directory });
    assert.is(built.status, 0, new TextDecoder().decode(built.stderr));
  }
  ask(questions: readonly Question[]): Answer[] {
    const input = new Uint8Array(questions.length * QUESTION_BYTES), view = new DataView(input.buffer);
    questions.forEach(({ form, mxcsr, vectors }, k) => {
      view.setUint32(k * QUESTION_BYTES, form, true); view.setUint32(k * QUESTION_BYTES + 4, mxcsr, true);
      vectors.forEach((vector, n) => input.set(vector, k * QUESTION_BYTES + VECTORS_AT + 16 * n));
    });
    const ran = spawnSync(join(this.directory, 'host'), [], { input, maxBuffer: 1 << 30 });
    assert.is(ran.status, 0, `the host program ended with ${ran.status ?? ran.signal}`);
    const output: Uint8Array = ran.stdout, answers = new DataView(output.buffer, output.byteOffset, output.length);
    return questions.map((_, k) => {
      const at = k * ANSWER_BYTES, flags = answers.getInt32(at + 4, true);
      return { mxcsr: answers.getUint32(at, true), flags, rax: output.subarray(at + 8, at + 16), xmm0: output.subarray(at + 16, at + 32), trap: flags < 0 ? -flags : null };
    });
  }
  close(): void { rmSync(this.directory, { recursive: true }); }
}
const MAIN = `#include <signal.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
extern void (*forms[])(void *, void *);
static sigjmp_buf back;
static unsigned answer[${ANSWER_BYTES} / 4];
static void caught(int signal, siginfo_t *info, void *context) {
  memset(answer, 0, sizeof answer);
  answer[0] = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
  answer[1] = -info->si_code;
  siglongjmp(back, 1);
}
int main(void) {
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};
  static unsigned question[${QUESTION_BYTES} / 4];
  unsigned start = 0x1f80;
  sigaction(SIGFPE, &action, 0);
  while (fread(question, sizeof question, 1, stdin) == 1) {
    if (sigsetjmp(back, 0) == 0) forms[question[0]](question, answer);
    __asm__ volatile("ldmxcsr %0" : : "m"(start));
    fwrite(answer, sizeof answer, 1, stdout);
  }
  return 0;
}
`;
