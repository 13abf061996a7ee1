/** Trampolines as programs use them (trampfd RFC v1): assembled guests that create, map, call, rewrite and misuse them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { byteString } from '../src/host/host.ts';
import { runGuest } from './support/guest.ts';
import { DESCRIPTOR_FORMS, type Form, FORMS, make, OUT, program, regs, run, slot, sys } from './support/trampfd-program.ts';
import { NAME } from './support/trampfd-world.ts';

const SIGSEGV = 11, SEGV_ACCERR = 2, TRAP_PAGE_FAULT = 14, USER_FETCH = 0x14;
const EACCES = 13, EBADF = 9, EINVAL = 22;

const FORTY_ENTRIES = 648;

/** Ways to get to the trampoline whose address is in rax. */
const WAYS: readonly (readonly [string, string])[] = [
  ['call rax', 'call rax'],
  ['call through memory', 'push rax\ncall qword ptr [rsp]\npop rax'],
  ['jmp rax', 'lea rcx, [rip+1f]\npush rcx\njmp rax\n1:'],
  ['ret', 'lea rcx, [rip+1f]\npush rcx\npush rax\nret\n1:'],
];
function reaches({ make, context }: Form, code: string): void {
  const { out, stderr } = run(`
    ${make('context')}
    xor ebx, ebx
    ${code}
    mov ${slot(0)}, rbx
    jmp finish
  target: inc rbx
    ret
  ${context('context', ['rip', 'target'])}`, 1);
  assert.equal([...out, stderr], [1n, '']);
}
for (const form of FORMS) {
  const forms = suite(`trampfd › a guest calls a trampoline ${form.name}`);
  for (const [way, code] of WAYS) forms(`by ${way}`, () => reaches(form, code));
  forms(`and finds flags, rsp and every register that is not named as they were`, () => {
    const kept = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r11', 'r12', 'r13', 'r14', 'r15'];
    const { out } = run(`
      ${form.make('context')}
      mov ${slot(40)}, rax
      ${kept.map((register, k) => `mov ${register}, ${0x1111_1111_1111 * (k + 1)}`).join('\n')}
      mov ${slot(41)}, rsp
      push 0x8d7
      popf
      jmp ${slot(40)}
    target:
      pushf
      ${kept.map((register, k) => `mov ${slot(k)}, ${register}`).join('\n')}
      pop ${slot(kept.length)}
      mov ${slot(kept.length + 1)}, r10
      sub rsp, ${slot(41)}
      mov ${slot(kept.length + 2)}, rsp
      cld
      jmp finish
    ${form.context('context', ['r10', '0x8000000000000001'], ['rip', 'target'])}`, kept.length + 3);
    assert.equal(out, [...kept.map((_, k) => BigInt(0x1111_1111_1111 * (k + 1))), 0xad7n, -0x7fff_ffff_ffff_ffffn, 0n]);
  });
  forms.run();
}
const pushes = suite('trampfd › what a trampoline pushes');
for (const { name, make, context } of DESCRIPTOR_FORMS) {
  pushes(`one ${name}: the target finds it, rsp as after a CALL, and flags as they were`, () => {
    const { out } = run(`
      ${make('context')}
      mov rbx, rax
      ${sys('pwrite', 'r14', 'offset pushed', 32, 2)}
      mov ${slot(0)}, rax
      and rsp, -16
      mov rbp, rsp
      push 0x8d7
      popf
      jmp rbx
    target:
      pushf
      pop ${slot(5)}
      cld
      mov rax, rsp
      and eax, 15
      mov ${slot(1)}, rax
      sub rbp, rsp
      mov ${slot(2)}, rbp
      pop rax
      mov ${slot(3)}, rax
      ret
    returned:
      mov ${slot(4)}, r10
      jmp finish
    ${context('context', ['r10', 7], ['rip', 'target'])}
    pushed: .long 1, 0, 16, 0
      .quad 0x1234, returned`, 6);
    assert.equal(out, [32n, 8n, 24n, 0x1234n, 7n, 0xad7n]);
  });
}
pushes.run();

const FAULTING = DESCRIPTOR_FORMS[0]!;
const calls = suite('trampfd › a guest calls');
calls('a closure through a trampoline, which loads its context, and gets its return value', () => {
  const { out } = run(`
    ${make('context')}
    mov edi, 2
    call rax
    mov ${slot(0)}, rax
    jmp finish
  target: lea rax, [rdi+r10]
    ret
  ${regs('context', ['r10', 40], ['rip', 'target'])}`, 1);
  assert.equal(out, [42n]);
});
/** And to one that is mapped where the program wants it. */
const WAYS_TO_A_PLACE: readonly (readonly [string, string])[] = [
  ['a direct call to a fixed place', `${sys('mmap', 0x500000, 4096, 0, 2, 'r14', 0)}\ncall 0x500000`],
  ['a conditional jump', `${sys('mmap', 0x500000, 4096, 0, 2, 'r14', 0)}\nlea rcx, [rip+1f]\npush rcx\ncmp eax, 0x500000\nje 0x500000\nhlt\n1:`],
  ['an instruction that ends just below it',
    `${sys('mmap', 0x500000, 4096, 0, 2, 'r14', 0)}\n${sys('mmap', 0x4ff000, 4096, 7, 0x32, -1, 0)}\nmov byte ptr [0x4fffff], 0x90\nmov eax, 0x4fffff\ncall rax`],
];
for (const [way, code] of WAYS_TO_A_PLACE) calls(`by ${way}`, () => reaches(FAULTING, code));
calls('500 of them, 20,000 times, and every result is right', () => {
  const { out, invocations, live, status } = run(`
    mov ebp, 500
    mov r13d, ${OUT + 0x1000}
  new:
    lea rax, [rbp+rbp*2]
    mov qword ptr [${OUT + 0x200 + 16}], rax
    mov esi, ${OUT + 0x200}
    mov dword ptr [rsi], 2
    mov dword ptr [rsi+8], ${NAME.r10}
    mov dword ptr [rsi+24], ${NAME.rip}
    lea rax, [rip+target]
    mov [rsi+32], rax
    lea rdi, [rsi+40]
    call make_faulting
    mov [r13], rax
    add r13, 8
    dec ebp
    jnz new
    xor r12d, r12d
    mov ebx, 40
  round:
    mov ebp, 500
    mov r13d, ${OUT + 0x1000}
  next:
    mov rdi, rbp
    call qword ptr [r13]
    lea rcx, [rbp+rbp*4]
    cmp rax, rcx
    setne cl
    movzx ecx, cl
    add r12, rcx
    add r13, 8
    dec ebp
    jnz next
    dec ebx
    jnz round
    mov ${slot(0)}, r12
    jmp finish
  target: lea rax, [r10+rdi*2]
    ret`, 1);
  assert.equal({ out, invocations, live, status }, { out: [0n], invocations: 20_000, live: 500, status: 0 });
});
calls('after the descriptor is closed, and the new target after its context was rewritten', () => {
  const { out, live } = run(`
    ${make('one')}
    mov rbx, rax
    call rbx
    mov ${slot(0)}, rax
    ${sys('pwrite', 'r14', 'offset two', 24, 1)}
    ${sys('close', 'r14')}
    call rbx
    mov ${slot(1)}, rax
    ${sys('munmap', 'rbx', 4096)}
    jmp finish
  first: mov eax, 1
    ret
  second: mov eax, 2
    ret
  ${regs('one', ['rip', 'first'])}
  ${regs('two', ['rip', 'second'])}`, 2);
  assert.equal([...out, live], [1n, 2n, 0]);
});
calls('one that leads to another that leads to a function', () => {
  const { out, invocations } = run(`
    ${make('inner')}
    mov rbx, rax
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    mov r14, rax
    mov dword ptr [${OUT + 0x200}], 2
    mov dword ptr [${OUT + 0x208}], ${NAME.r11}
    mov qword ptr [${OUT + 0x210}], 2
    mov dword ptr [${OUT + 0x218}], ${NAME.rip}
    mov qword ptr [${OUT + 0x220}], rbx
    ${sys('pwrite', 'r14', OUT + 0x200, 40, 1)}
    ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}
    call rax
    mov ${slot(0)}, rax
    jmp finish
  target: lea rax, [r10+r11]
    ret
  ${regs('inner', ['r10', 40], ['rip', 'target'])}`, 1);
  assert.equal([...out, invocations], [42n, 2]);
});
calls.run();

/** What a guest does with the trampoline at rax (descriptor r14), and how it dies of it. */
const DEATHS: readonly (readonly [claim: string, code: string, report: RegExp])[] = [
  ['a call of the byte after its first', 'inc rax\ncall rax', /SIGSEGV at rip (0x[0-9a-f]+1), address \1$/],
  ['a call of its last byte', 'add rax, 4095\ncall rax', /SIGSEGV at rip (0x[0-9a-f]+fff), address \1$/],
  ['a load', 'mov rax, [rax]', /SIGSEGV at rip 0x40.*, address 0x[0-9a-f]+000$/],
  ['a call without a register context', `push rax\nmov ${slot(0)}, 0\n${sys('pwrite', 'r14', OUT, 8, 1)}\npop rax\ncall rax`, /SIGSEGV at rip (0x[0-9a-f]+000), address \1$/],
  ['an instruction that runs into it', `${sys('mmap', 0x500000, 4096, 0, 2, 'r14', 0)}\n${sys('mmap', 0x4ff000, 4096, 7, 0x32, -1, 0)}
    mov byte ptr [0x4fffff], 0x0f\nmov eax, 0x4fffff\ncall rax`, /SIGSEGV at rip 0x4fffff, address 0x500000$/],
];
/** The same, of any with a descriptor. */
const DEATHS_OF_ANY: typeof DEATHS = [
  ['a store', 'mov byte ptr [rax], 0x90', /SIGSEGV at rip 0x40.*, address 0x[0-9a-f]+000$/],
  ['a call after munmap', `push rax\n${sys('munmap', 'rax', 4096)}\npop rax\ncall rax`, /SIGSEGV at rip (0x[0-9a-f]+000), address \1$/],
];
const deaths = suite('trampfd › a guest dies of');
for (const { name, make, context } of DESCRIPTOR_FORMS) {
  for (const [claim, code, report] of name === FAULTING.name ? [...DEATHS, ...DEATHS_OF_ANY] : DEATHS_OF_ANY) {
    deaths(`${claim}, one ${name}`, () => {
      const { status, stderr } = run(`${make('context')}\n${code}\njmp finish\ntarget: ret\n${context('context', ['rip', 'target'])}`);
      assert.is(status, 128 + SIGSEGV);
      assert.match(stderr, report);
    });
  }
}
/** PCs that are nowhere. */
const NOWHERE: readonly (readonly [string, string])[] = [
  ['nothing is mapped', '0x1000'], ['user space ends', '0x7ffffffff000'], ['no address is canonical', '0x800000000000'],
  ['2^64 - 1', '0xffffffffffffffff'], ['the kernel is', '0xffff800000000000'],
];
for (const [where, pc] of NOWHERE) {
  deaths(`a target where ${where}`, () => {
    const { status } = run(`${make('context')}\ncall rax\njmp finish\n${regs('context', ['rip', pc])}`);
    assert.is(status, 128 + SIGSEGV);
  });
}
deaths.run();

const SA_SIGINFO_RESTORER_ONSTACK = 0xc000004;
const UCONTEXT = { r10: 56, rbx: 128, rsp: 160, rip: 168, error: 192, trap: 200, address: 216 };
const faults = suite('trampfd › a handler of SIGSEGV');
faults('learns of a failed push: the trampoline\'s address, registers and RIP loaded, rsp as it was; and may repair it', () => {
  const { out, stderr } = run(`
    ${sys('rt_sigaction', SIGSEGV, 'offset action', 0, 8)}
    ${sys('sigaltstack', 'offset alternate', 0)}
    ${make('context')}
    mov rbx, rax
    mov ${slot(20)}, rax
    ${sys('pwrite', 'r14', 'offset pushed', 24, 2)}
    mov rbp, rsp
    mov esp, 0x10008
    jmp rbx
  handler:
    mov rax, [rsi]
    mov ${slot(0)}, rax
    movsxd rax, dword ptr [rsi+8]
    mov ${slot(1)}, rax
    mov rax, [rsi+16]
    sub rax, ${slot(20)}
    mov ${slot(2)}, rax
    mov rax, [rdx+${UCONTEXT.r10}]
    mov ${slot(3)}, rax
    mov rax, [rdx+${UCONTEXT.rip}]
    lea rcx, [rip+target]
    sub rax, rcx
    mov ${slot(4)}, rax
    mov rax, [rdx+${UCONTEXT.rsp}]
    mov ${slot(5)}, rax
    mov rax, [rdx+${UCONTEXT.trap}]
    mov ${slot(6)}, rax
    mov rax, [rdx+${UCONTEXT.error}]
    mov ${slot(7)}, rax
    mov rax, [rdx+${UCONTEXT.address}]
    sub rax, ${slot(20)}
    mov ${slot(8)}, rax
    mov [rdx+${UCONTEXT.rsp}], rbp
    ret
  target:
    mov ${slot(9)}, r10
    sub rbp, rsp
    mov ${slot(10)}, rbp
    jmp finish
  restorer: ${sys('rt_sigreturn')}
  ${regs('context', ['r10', 77], ['rip', 'target'])}
  pushed: .long 1, 0, 8, 0
    .quad 1
  action: .quad handler, ${SA_SIGINFO_RESTORER_ONSTACK}, restorer, 0
  alternate: .quad ${OUT + 0x10000}, 0, 0x8000`, 11);
  assert.is(stderr, '');
  assert.equal(out.map(Number), [SIGSEGV, SEGV_ACCERR, 0, 77, 0, 0x10008, TRAP_PAGE_FAULT, USER_FETCH, 0, 77, 0]);
});
faults('may give the trampoline its context and try again', () => {
  const { out, stderr, invocations } = run(`
    ${sys('rt_sigaction', SIGSEGV, 'offset action', 0, 8)}
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    mov r14, rax
    ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}
    call rax
    mov ${slot(0)}, rax
    jmp finish
  handler: ${sys('pwrite', 'r14', 'offset context', 24, 1)}
    ret
  restorer: ${sys('rt_sigreturn')}
  target: mov eax, 5
    ret
  ${regs('context', ['rip', 'target'])}
  action: .quad handler, ${SA_SIGINFO_RESTORER_ONSTACK}, restorer, 0`, 1);
  assert.equal([...out, stderr, invocations], [5n, '', 1]);
});
faults.run();

const seen = suite('trampfd › a guest sees');
seen('errors as negative numbers in rax', () => {
  const { out } = run(`
    ${make('context')}
    mov rbx, rax
    ${[
      sys('trampfd_create', 5, 'offset zeros', 0), sys('trampfd_create', 0, 'offset zeros', 1), sys('pwrite', 'r14', 'offset context', 25, 1),
      sys('pwrite', 'r14', 'offset context', FORTY_ENTRIES + 16, 1), sys('pwrite', 'r14', 0, 24, 1), sys('mmap', 0, 8192, 0, 2, 'r14', 0),
      sys('mmap', 0, 4096, 4, 2, 'r14', 0), sys('mprotect', 'rbx', 4096, 5), sys('close', 'r14'), sys('pwrite', 'r14', 'offset context', 24, 1),
    ].map((call, k) => `${call}\nmov ${slot(k)}, rax`).join('\n')}
    jmp finish
  ${regs('context', ['rip', 'finish'])}`, 10);
  assert.equal(out.map(Number), [-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EACCES, 0, -EBADF]);
});
seen('[trampfd] among its mappings, without permissions', () => {
  const MAPS_AT = OUT + 0x2000, { stdout } = runGuest(program(`
    ${make('context')}
    ${sys('open', 'offset maps', 0)}
    ${sys('read', 'rax', MAPS_AT, 0x2000)}
    ${sys('write', 1, MAPS_AT, 'rax')}
    jmp finish
    ${regs('context', ['rip', '_start'])}
    maps: .asciz "/proc/self/maps"
    .balign 8`, 0));
  assert.match(byteString(stdout), /^[0-9a-f]+-[0-9a-f]+ ---p 00000000 .* +\[trampfd\]$/m);
});
seen.run();
