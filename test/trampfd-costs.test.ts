/** What the two forms of trampolines cost, and that src/trampfd/README.md says so (`UPDATE=1` rewrites its table): differences of deterministic runs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contexts, OUT, regs, run, slot, SPARE, sys } from './support/trampfd-program.ts';
import { ATTACH, BY_ID, SET_REGS, SET_STACK } from './support/trampfd-world.ts';

const README = join(dirname(fileURLToPath(import.meta.url)), '../src/trampfd/README.md');
/** Trampolines that are there before, and operations on them. */
const COUNT = 100;
/** An entry a trampoline, at rbx: { u64 descriptor or ID, address }. */
const TABLE = OUT + 0x20000;
const MAP = (fd: string): string => `${sys('mmap', 0, 4096, 0, 2, fd, 0)}\nmov [rbx+8], rax`;

interface Form {
  readonly create: string; readonly change: string; readonly both: string; readonly share: string; readonly free: string;
  readonly before?: string;
}
const FORMS: Readonly<Record<'descriptors' | 'calls', Form>> = {
  descriptors: {
    before: `${sys('socketpair', 1, 2, 0, OUT + 0x800)}
      mov r12d, dword ptr [${OUT + 0x800}]
      mov r13d, dword ptr [${OUT + 0x804}]
      mov edi, ${SPARE}
      mov esi, offset message
      mov ecx, 112
      rep movsb
      mov qword ptr [${SPARE + 16}], ${SPARE + 56}
      mov qword ptr [${SPARE + 32}], ${SPARE + 72}
      mov qword ptr [${SPARE + 56}], ${SPARE + 96}`,
    create: `${sys('trampfd_create', 0, 'offset zeros', 0)}\nmov [rbx], rax\n${sys('pwrite', 'rax', 'offset context', 40, 1)}\n${MAP('[rbx]')}`,
    change: sys('pwrite', '[rbx]', 'offset context', 40, 1),
    both: `${sys('pwrite', '[rbx]', 'offset context', 40, 1)}\n${sys('pwrite', '[rbx]', 'offset pushed', 24, 2)}`,
    share: `mov rax, [rbx]
      mov dword ptr [${SPARE + 88}], eax
      ${sys('sendmsg', 'r12', SPARE, 0)}
      ${sys('recvmsg', 'r13', SPARE, 0)}
      mov eax, dword ptr [${SPARE + 88}]
      mov r9d, eax
      mov r15d, eax
      ${MAP('r15')}`,
    free: `${sys('close', '[rbx]')}\n${sys('munmap', '[rbx+8]', 4096)}`,
  },
  calls: {
    create: `${sys('tramp_create', 0, 0, 'offset both', 0)}\nmov [rbx+8], rax`,
    change: sys('tramp_set', '[rbx+8]', SET_REGS, 'offset both'),
    both: sys('tramp_set', '[rbx+8]', SET_REGS | SET_STACK, 'offset both'),
    share: `${sys('tramp_share', '[rbx+8]', 0, 0o700)}\nmov [rbx], rax\n${sys('tramp_share', 'rax', BY_ID | ATTACH, 0)}`,
    free: sys('tramp_free', '[rbx+8]', 0),
  },
};
type Operation = Exclude<keyof Form, 'before'>;
const loop = (count: number, label: string, body: string): string => count === 0 ? '' : `
  mov ebx, ${TABLE}
  mov ebp, ${count}
  ${label}: ${body}
  test rax, rax
  js failed
  add rbx, 16
  dec ebp
  jnz ${label}`;
interface Cost { readonly calls: number; readonly cycles: number; readonly descriptors: number }
function measured(form: Form, operation: Operation, count: number): Cost {
  const { counters, stderr, status, out } = run(`
    mov edi, ${TABLE}
    mov ecx, ${2 * COUNT}
    xor eax, eax
    rep stosq
    ${form.before ?? ''}
    ${loop(operation === 'create' ? 0 : COUNT, 'prepare', form.create)}
    ${loop(count, 'operation', form[operation])}
    ${sys('dup', 1)}
    mov ${slot(0)}, rax
    jmp finish
  failed: mov edi, 99
    mov eax, 231
    syscall
  target: ret
  .balign 8
  message: .quad 0, 0, vector, 1, control, 24, 0
  vector: .quad byte_sent, 1
  control: .quad 20
    .long 1, 1, 0, 0
  byte_sent: .quad 0x78
  pushed: .long 0, 0, 8, 0
    .quad 5
  ${regs('context', ['r10', 6], ['rip', 'target'])}
  ${contexts('both', ['r10', 6], ['rip', 'target'])}`, 1);
  assert.equal([stderr, status], ['', 0]);
  return { calls: counters.systemCalls, cycles: counters.cycles, descriptors: Number(out[0]) };
}
function cost(form: Form, operation: Operation): Cost {
  const without = measured(form, operation, 0), having = measured(form, operation, COUNT);
  const each = (of: (c: Cost) => number): number => Math.round((of(having) - of(without)) / COUNT);
  return { calls: each(c => c.calls), cycles: each(c => c.cycles), descriptors: each(c => c.descriptors) };
}
const OPERATIONS: readonly (readonly [operation: Operation, what: string])[] = [
  ['create', 'create, with two registers, and map'], ['change', 'change the registers'], ['both', 'change registers and stack'],
  ['share', 'share, and map a second time'], ['free', 'free'],
];
function table(): string {
  const number = (value: number): string => value.toLocaleString('en');
  const rows = OPERATIONS.map(([operation, what]) => {
    const cells = [FORMS.descriptors, FORMS.calls].map(form => cost(form, operation));
    return `| ${what} | ${cells.map(c => `${c.calls} | ${number(c.cycles)} | ${c.descriptors > 0 ? `+${c.descriptors}` : c.descriptors}`).join(' | ')} |\n`;
  });
  return `| | descriptors: calls | cycles | descriptors held | calls: calls | cycles | descriptors held |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n${rows.join('')}`;
}
const costs = suite('trampfd › what the forms cost');
costs('is what the README says', () => {
  const text = readFileSync(README, 'utf8'), wanted = text.replace(/<!-- forms -->\n[^]*<!-- end -->/, () => `<!-- forms -->\n${table()}<!-- end -->`);
  if (process.env['UPDATE'] === '1') writeFileSync(README, wanted);
  else assert.is(text, wanted, 'UPDATE=1 rewrites it');
});
costs('calls are fewer and cheaper, and hold no descriptor', () => {
  for (const [operation] of OPERATIONS) {
    const fd = cost(FORMS.descriptors, operation), call = cost(FORMS.calls, operation);
    assert.ok(call.cycles <= fd.cycles && call.calls <= fd.calls && call.descriptors === 0, `${operation}: ${fd.cycles} and ${call.cycles} cycles`);
  }
});
costs.run();
