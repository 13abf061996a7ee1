/** Trampolines as programs use them (trampfd RFC v1): assembled guests that create, map, call, rewrite and misuse them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../src/decoder/assemble.ts';
import { byteString } from '../src/host/host.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { runGuest } from './support/guest.ts';
import { NAME, type Name } from './support/trampfd-world.ts';

const TEXT = 0x400000, OUT = 0x600000, DATA_BYTES = 0x20000;
/** Where the 64-bit values that a guest puts out lie, until it ends. */
const slot = (n: number): string => `qword ptr [${OUT + 8 * n}]`;
const SIGSEGV = 11, SEGV_ACCERR = 2, TRAP_PAGE_FAULT = 14, USER_FETCH = 0x14;
const EACCES = 13, EBADF = 9, EINVAL = 22;

/** struct trampfd_regs; values may name labels. */
function regs(label: string, ...entries: readonly (readonly [Name, string | number])[]): string {
  return `.balign 8\n${label}: .long ${entries.length}, 0\n${entries.map(([name, value]) => `.long ${NAME[name]}, 0\n.quad ${value}`).join('\n')}\n${label}_end:`;
}
function syscall(number: number, ...args: readonly (string | number)[]): string {
  const registers = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
  return `${args.map((arg, i) => `mov ${registers[i]}, ${arg}`).join('\n')}\nmov eax, ${number}\nsyscall`;
}
const CREATE = 440, PWRITE = 18, MMAP = 9, MPROTECT = 10, MUNMAP = 11, CLOSE = 3, FORTY_ENTRIES = 648;
/** `make` turns the register context from rsi to rdi into a trampoline: rax is its address, r14 its descriptor. */
const MAKE = `
make:
  push rsi
  push rdi
  ${syscall(CREATE, 0, 'offset zero', 0)}
  mov r14, rax
  pop rdx
  pop rsi
  sub rdx, rsi
  mov rdi, r14
  mov r10d, 1
  ${syscall(PWRITE)}
  ${syscall(MMAP, 0, 4096, 0, 2, 'r14', 0)}
  ret
.balign 8
zero: .quad 0`;
const make = (context: string): string => `lea rsi, [rip+${context}]\nlea rdi, [rip+${context}_end]\ncall make`;

/** Runs a guest: what it put out, its status, what was reported of it. */
function run(code: string, outputs = 0): { readonly out: readonly bigint[]; readonly status: number; readonly stderr: string; readonly invocations: number; readonly live: number } {
  const source = `_start:\n${code}\nfinish:\n${syscall(1, 1, OUT, 8 * outputs)}\n${syscall(231, 0)}\n${MAKE}`;
  const { bytes, labels } = assemble(source, { origin: TEXT });
  const elf = writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: DATA_BYTES }, entry: labels.get('_start') ?? 0 });
  const { stdout, status, stderr, machine } = runGuest(elf);
  const view = new DataView(stdout.buffer, stdout.byteOffset), { invocations, live } = machine.trampolines;
  return { out: Array.from({ length: stdout.length >> 3 }, (_, k) => view.getBigInt64(8 * k, true)), status, stderr, invocations, live };
}

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
/** Ways to get to the trampoline whose address is in rax. */
const WAYS: readonly (readonly [string, string])[] = [
  ['call rax', 'call rax'],
  ['call through memory', 'push rax\ncall qword ptr [rsp]\npop rax'],
  ['jmp rax', 'lea rcx, [rip+1f]\npush rcx\njmp rax\n1:'],
  ['ret', 'lea rcx, [rip+1f]\npush rcx\npush rax\nret\n1:'],
  ['a direct call to a fixed place', `${syscall(MMAP, 0x500000, 4096, 0, 2, 'r14', 0)}\ncall 0x500000`],
  ['a conditional jump', `${syscall(MMAP, 0x500000, 4096, 0, 2, 'r14', 0)}\nlea rcx, [rip+1f]\npush rcx\ncmp eax, 0x500000\nje 0x500000\nhlt\n1:`],
  ['an instruction that ends just below it',
    `${syscall(MMAP, 0x500000, 4096, 0, 2, 'r14', 0)}\n${syscall(MMAP, 0x4ff000, 4096, 7, 0x32, -1, 0)}\nmov byte ptr [0x4fffff], 0x90\nmov eax, 0x4fffff\ncall rax`],
];
for (const [way, code] of WAYS) {
  calls(`by ${way}`, () => {
    const { out, stderr } = run(`
      ${make('context')}
      xor ebx, ebx
      ${code}
      mov ${slot(0)}, rbx
      jmp finish
    target: inc rbx
      ret
    ${regs('context', ['rip', 'target'])}`, 1);
    assert.equal([...out, stderr], [1n, '']);
  });
}
calls('and finds flags, rsp and every register that is not named as they were', () => {
  const kept = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r11', 'r12', 'r13', 'r14', 'r15'];
  const { out } = run(`
    ${make('context')}
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
  ${regs('context', ['r10', '0x8000000000000001'], ['rip', 'target'])}`, kept.length + 3);
  assert.equal(out, [...kept.map((_, k) => BigInt(0x1111_1111_1111 * (k + 1))), 0xad7n, -0x7fff_ffff_ffff_ffffn, 0n]);
});
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
    call make
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
calls('and the target finds what was pushed, rsp as after a CALL', () => {
  const { out } = run(`
    ${make('context')}
    mov rbx, rax
    ${syscall(PWRITE, 'r14', 'offset pushed', 32, 2)}
    mov ${slot(0)}, rax
    and rsp, -16
    mov rbp, rsp
    jmp rbx
  target:
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
  ${regs('context', ['r10', 7], ['rip', 'target'])}
  pushed: .long 1, 0, 16, 0
    .quad 0x1234, returned`, 5);
  assert.equal(out, [32n, 8n, 24n, 0x1234n, 7n]);
});
calls('after the descriptor is closed, and the new target after its context was rewritten', () => {
  const { out, live } = run(`
    ${make('one')}
    mov rbx, rax
    call rbx
    mov ${slot(0)}, rax
    ${syscall(PWRITE, 'r14', 'offset two', 24, 1)}
    ${syscall(CLOSE, 'r14')}
    call rbx
    mov ${slot(1)}, rax
    ${syscall(MUNMAP, 'rbx', 4096)}
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
    ${syscall(CREATE, 0, 'offset zero', 0)}
    mov r14, rax
    mov dword ptr [${OUT + 0x200}], 2
    mov dword ptr [${OUT + 0x208}], ${NAME.r11}
    mov qword ptr [${OUT + 0x210}], 2
    mov dword ptr [${OUT + 0x218}], ${NAME.rip}
    mov qword ptr [${OUT + 0x220}], rbx
    ${syscall(PWRITE, 'r14', OUT + 0x200, 40, 1)}
    ${syscall(MMAP, 0, 4096, 0, 2, 'r14', 0)}
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
  ['a store', 'mov byte ptr [rax], 0x90', /SIGSEGV at rip 0x40.*, address 0x[0-9a-f]+000$/],
  ['a call without a register context', `push rax\nmov ${slot(0)}, 0\n${syscall(PWRITE, 'r14', OUT, 8, 1)}\npop rax\ncall rax`, /SIGSEGV at rip (0x[0-9a-f]+000), address \1$/],
  ['a call after munmap', `push rax\n${syscall(MUNMAP, 'rax', 4096)}\npop rax\ncall rax`, /SIGSEGV at rip (0x[0-9a-f]+000), address \1$/],
  ['an instruction that runs into it', `${syscall(MMAP, 0x500000, 4096, 0, 2, 'r14', 0)}\n${syscall(MMAP, 0x4ff000, 4096, 7, 0x32, -1, 0)}
    mov byte ptr [0x4fffff], 0x0f\nmov eax, 0x4fffff\ncall rax`, /SIGSEGV at rip 0x4fffff, address 0x500000$/],
];
const deaths = suite('trampfd › a guest dies of');
for (const [claim, code, report] of DEATHS) {
  deaths(claim, () => {
    const { status, stderr } = run(`${make('context')}\n${code}\njmp finish\ntarget: ret\n${regs('context', ['rip', 'target'])}`);
    assert.is(status, 128 + SIGSEGV);
    assert.match(stderr, report);
  });
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

const RT_SIGACTION = 13, RT_SIGRETURN = 15, SIGALTSTACK = 131, SA_SIGINFO_RESTORER_ONSTACK = 0xc000004;
const UCONTEXT = { r10: 56, rbx: 128, rsp: 160, rip: 168, error: 192, trap: 200, address: 216 };
const faults = suite('trampfd › a handler of SIGSEGV');
faults('learns of a failed push: the trampoline\'s address, registers and RIP loaded, rsp as it was; and may repair it', () => {
  const { out, stderr } = run(`
    ${syscall(RT_SIGACTION, SIGSEGV, 'offset action', 0, 8)}
    ${syscall(SIGALTSTACK, 'offset alternate', 0)}
    ${make('context')}
    mov rbx, rax
    mov ${slot(20)}, rax
    ${syscall(PWRITE, 'r14', 'offset pushed', 24, 2)}
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
  restorer: ${syscall(RT_SIGRETURN)}
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
    ${syscall(RT_SIGACTION, SIGSEGV, 'offset action', 0, 8)}
    ${syscall(CREATE, 0, 'offset zero', 0)}
    mov r14, rax
    ${syscall(MMAP, 0, 4096, 0, 2, 'r14', 0)}
    call rax
    mov ${slot(0)}, rax
    jmp finish
  handler: ${syscall(PWRITE, 'r14', 'offset context', 24, 1)}
    ret
  restorer: ${syscall(RT_SIGRETURN)}
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
      syscall(CREATE, 5, 'offset zero', 0), syscall(CREATE, 0, 'offset zero', 1), syscall(PWRITE, 'r14', 'offset context', 25, 1),
      syscall(PWRITE, 'r14', 'offset context', FORTY_ENTRIES + 16, 1), syscall(PWRITE, 'r14', 0, 24, 1), syscall(MMAP, 0, 8192, 0, 2, 'r14', 0),
      syscall(MMAP, 0, 4096, 4, 2, 'r14', 0), syscall(MPROTECT, 'rbx', 4096, 5), syscall(CLOSE, 'r14'), syscall(PWRITE, 'r14', 'offset context', 24, 1),
    ].map((call, k) => `${call}\nmov ${slot(k)}, rax`).join('\n')}
    jmp finish
  ${regs('context', ['rip', 'finish'])}`, 10);
  assert.equal(out.map(Number), [-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EACCES, 0, -EBADF]);
});
seen('[trampfd] among its mappings, without permissions', () => {
  const OPEN = 2, READ = 0, WRITE = 1, MAPS_AT = OUT + 0x2000;
  const source = `_start: ${make('context')}
    ${syscall(OPEN, 'offset maps', 0)}
    ${syscall(READ, 'rax', MAPS_AT, 0x2000)}
    ${syscall(WRITE, 1, MAPS_AT, 'rax')}
    ${syscall(231, 0)}
    ${regs('context', ['rip', '_start'])}
    maps: .asciz "/proc/self/maps"
    ${MAKE}`;
  const { bytes, labels } = assemble(source, { origin: TEXT });
  const { stdout } = runGuest(writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: DATA_BYTES }, entry: labels.get('_start') ?? 0 }));
  assert.match(byteString(stdout), /^[0-9a-f]+-[0-9a-f]+ ---p 00000000 .* +\[trampfd\]$/m);
});
seen.run();
