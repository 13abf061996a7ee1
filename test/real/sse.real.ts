/**
 * SSE against the host processor: every form of test/support/sse-forms.ts runs natively and emulated on the same inputs.
 * UPDATE=1 also records test/vectors/sse.txt, which `npm test` replays without a host.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MXCSR_AT_START } from '../../src/exec/mxcsr.ts';
import { AT, bytesOf, changes, FORMS, hexOf, STATE_BYTES, stateOf, type Form, type Kind } from '../support/sse-forms.ts';
import { testSeed } from '../support/random.ts';
import { Inputs } from '../support/sse-inputs.ts';
import { SseWorld } from '../support/sse-world.ts';
import { vectorFile } from '../support/vectors.ts';

const CASES = Number(process.env['CASES'] ?? 200);

interface Case { readonly form: number; readonly state: Uint8Array }
/** The forms, assembled into a program that answers 68-byte questions (form, state) by 64-byte states. */
class Host {
  private readonly directory = mkdtempSync(join(tmpdir(), 'tramp64-sse-'));
  /** The encoding of each form, in hex. */
  readonly encodings: readonly string[];

  constructor(forms: readonly Form[]) {
    writeFileSync(join(this.directory, 'forms.s'), assembly(forms));
    writeFileSync(join(this.directory, 'main.c'), MAIN);
    const built = spawnSync('gcc', ['-O1', '-z', 'noexecstack', '-o', 'host', 'main.c', 'forms.s'], { cwd: this.directory });
    assert.is(built.status, 0, new TextDecoder().decode(built.stderr));
    this.encodings = new TextDecoder().decode(this.run(['encodings'], new Uint8Array(0))).trim().split('\n');
  }
  private run(args: readonly string[], input: Uint8Array): Uint8Array {
    const ran = spawnSync(join(this.directory, 'host'), args, { input, maxBuffer: 1 << 28 });
    assert.is(ran.status, 0, `the host program ended with ${ran.status ?? ran.signal}`);
    return ran.stdout;
  }
  ask(cases: readonly Case[]): Uint8Array[] {
    const questions = new Uint8Array(cases.length * (4 + STATE_BYTES));
    const view = new DataView(questions.buffer);
    cases.forEach(({ form, state }, k) => {
      view.setUint32(k * (4 + STATE_BYTES), form, true);
      questions.set(state, k * (4 + STATE_BYTES) + 4);
    });
    const answers = this.run([], questions);
    return cases.map((_, k) => answers.subarray(k * STATE_BYTES, (k + 1) * STATE_BYTES));
  }
  close(): void { rmSync(this.directory, { recursive: true }); }
}
function assembly(forms: readonly Form[]): string {
  const routines = forms.map(({ text }, k) => `
f${k}: mov rsi, rdi
  lea rdi, [rsi+${AT.memory}]
  mov rcx, rdi
  movups xmm0, [rsi]
  movups xmm1, [rsi+${AT.xmm1}]
  mov rax, [rsi+${AT.rax}]
  push qword ptr [rsi+${AT.flags}]
  popfq
  ldmxcsr [rip+start]
b${k}: ${text}
e${k}: pushfq
  pop qword ptr [rsi+${AT.flags}]
  movups [rsi], xmm0
  movups [rsi+${AT.xmm1}], xmm1
  mov [rsi+${AT.rax}], rax
  ret`);
  const table = forms.map((_, k) => `.quad f${k}, b${k}, e${k}`);
  return `.intel_syntax noprefix\n.text\n${routines.join('\n')}\n.section .data.rel.ro\n.globl forms, count\nforms:\n${table.join('\n')}
count: .quad ${forms.length}\nstart: .long ${MXCSR_AT_START}\n`;
}
const MAIN = `#include <stdio.h>
extern struct { void (*run)(void *); unsigned char *from, *to; } forms[];
extern long count;
int main(int argc, char **argv) {
  struct { unsigned form; unsigned char state[${STATE_BYTES}]; } question;
  static _Alignas(64) unsigned char state[${STATE_BYTES}];
  if (argc > 1) {
    for (long k = 0; k < count; k++, putchar('\\n')) for (unsigned char *p = forms[k].from; p < forms[k].to; p++) printf("%02x", *p);
    return 0;
  }
  while (fread(&question, sizeof question, 1, stdin) == 1) {
    __builtin_memcpy(state, question.state, sizeof state);
    forms[question.form].run(state);
    fwrite(state, sizeof state, 1, stdout);
  }
  return 0;
}
`;

const sse = suite('sse on the host');
const host = new Host(FORMS);
sse.after(() => host.close());

const seed = testSeed();
sse(`every form does what the host processor does (TEST_SEED=${seed}, ${CASES} inputs each)`, () => {
  const inputs = new Inputs(seed), world = new SseWorld();
  const cases = FORMS.flatMap((form, index) => Array.from({ length: CASES }, () =>
    ({ form: index, state: stateOf(inputs.vector(form.kind === 'count' ? 'integer' : form.kind), inputs.vector(form.kind)) })));
  const encodings = host.encodings.map(bytesOf), answers = host.ask(cases);
  const wrong = new Map<string, string>();
  for (const [k, { form, state }] of cases.entries()) {
    const expected = changes(state, answers[k]), got = changes(state, world.run(encodings[form], state));
    if (got !== expected) wrong.set(FORMS[form].text, `of ${hexOf(state.subarray(0, 32))}: host ${expected}, here ${got}`);
  }
  assert.equal([...wrong], []);
});

/** Groups of lines: the form with its encoding, then `first second > what changed`, inputs by number. */
function record(): string[] {
  const kinds = ['integer', 'single', 'double', 'count', 'extreme'] as const;
  const inputs = new Inputs(1), perKind = 18;
  const values = kinds.flatMap(kind => Array.from({ length: perKind }, () => inputs.vector(kind)));
  const firstOf = (kind: Kind): number => perKind * kinds.indexOf(kind);
  const cases = FORMS.flatMap((form, index) => {
    const isPlain = form.text.includes('[') || form.text.startsWith('mov') || /, \d+$/.test(form.text) || !form.text.includes(' ');
    return Array.from({ length: isPlain ? 3 : 12 }, (_, k) => {
      const first = firstOf(form.kind === 'count' ? 'integer' : form.kind) + (isPlain ? inputs.below(perKind) : k);
      const second = firstOf(form.kind) + inputs.below(perKind);
      return { form: index, first, second, state: stateOf(values[first], values[second]) };
    });
  });
  const answers = host.ask(cases);
  return values.map((value, k) => `input ${k} ${hexOf(value)}`).concat(cases.flatMap(({ form, first, second, state }, k) => {
    const line = `${first} ${second} > ${changes(state, answers[k])}`;
    return k > 0 && cases[k - 1].form === form ? [line] : [`${FORMS[form].text} | ${host.encodings[form]}`, line];
  }));
}
sse('test/vectors/sse.txt is what the host answers', () => vectorFile('sse.txt', record(), true));

sse.run();
