/** Fast trampolines as programs use them: called, interrupted by signals and others' turns, rewritten by threads meanwhile, by thousands. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../src/machine.ts';
import { bytesOf } from '../src/host/host.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { values } from './support/guest-program.ts';
import { Random } from './support/random.ts';
import { makeFast, OUT, program, regs, run, slot, sys } from './support/trampfd-program.ts';

const SIGSEGV = 11, SIGALRM = 14, SA_SIGINFO_RESTORER_ONSTACK = 0xc000004, UCONTEXT = { r10: 56, rsp: 160, rip: 168 };

const calls = suite('trampfd › fast › a guest calls');
calls('a closure, which finds its context, without a fault', () => {
  const { out, counters, machine } = run(`
    ${makeFast('context')}
    mov rbx, rax
    mov ebp, 1000
  more: mov edi, 2
    call rbx
    add ${slot(0)}, rax
    dec ebp
    jnz more
    jmp finish
  target: lea rax, [rdi+r10]
    ret
  ${regs('context', ['r10', 40], ['rip', 'target'])}`, 1);
  assert.equal([...out, machine.trampolines.invocations], [42_000n, 0]);
  assert.ok(counters.pageFaults < 10, `${counters.pageFaults} page faults`);
});
calls('the new target, and the new shape, after its context was rewritten, with hot code behind it', () => {
  const { out } = run(`
    ${makeFast('one')}
    mov rbx, rax
    mov r13d, 30
  round:
    ${sys('pwrite', 'r14', 'offset one', 24, 1)}
    mov ebp, 500
  1: call rbx
    add ${slot(0)}, rax
    dec ebp
    jnz 1b
    ${sys('pwrite', 'r14', 'offset two', 72, 1)}
    mov ebp, 500
  2: call rbx
    add ${slot(1)}, rax
    dec ebp
    jnz 2b
    dec r13d
    jnz round
    jmp finish
  first: mov eax, 1
    ret
  second: lea rax, [rcx+rdx]
    add rax, rsi
    ret
  ${regs('one', ['rip', 'first'])}
  ${regs('two', ['rcx', '0x7fffffffffffffff'], ['rdx', '0x8000000000000001'], ['rsi', 2], ['rip', 'second'])}`, 2);
  assert.equal(out, [15_000n, 30_000n]);
});
calls('hot ones that outgrow their page and move to others, where they were', () => {
  const AT = OUT + 0x2000, FDS = OUT + 0x3000, COUNT = 102;
  const { out, machine } = run(`
    xor ebx, ebx
  new:
    ${makeFast('small')}
    mov [${AT}+rbx*8], rax
    mov [${FDS}+rbx*8], r14
    inc ebx
    cmp ebx, ${COUNT}
    jb new
    xor ebx, ebx
  next:
    mov ebp, 200
  1: call qword ptr [${AT}+rbx*8]
    add ${slot(0)}, rax
    dec ebp
    jnz 1b
    ${sys('pwrite', `[${FDS}+rbx*8]`, 'offset large', 104, 1)}
    mov ebp, 200
  2: call qword ptr [${AT}+rbx*8]
    add ${slot(1)}, rax
    dec ebp
    jnz 2b
    inc ebx
    cmp ebx, ${COUNT}
    jb next
    jmp finish
  first: lea rax, [r10+1]
    ret
  second: lea rax, [rcx+rdx]
    add rax, rsi
    add rax, r8
    sub rax, r9
    ret
  ${regs('small', ['r10', 4], ['rip', 'first'])}
  ${regs('large', ['rcx', '0x7fffffffffffffff'], ['rdx', '0x8000000000000001'], ['rsi', 2], ['r8', '0x123456789abcdef'], ['r9', '0x123456789abcdee'], ['rip', 'second'])}`, 2);
  assert.equal(out, [BigInt(COUNT * 200 * 5), BigInt(COUNT * 200 * 3)]);
  assert.ok(machine.trampolines.codeFrames.length >= 2);
});
calls('one that was forked away in its child, where it is not mapped until the child maps it', () => {
  const { out } = run(`
    ${makeFast('context')}
    ${sys('fork')}
    test eax, eax
    jnz parent
    ${sys('mmap', 'r15', 4096, 5, 2, 'r14', 0)}
    mov rbx, rax
    sub rsp, 24
    ${sys('pread', 'r14', 'rsp', 24, 0)}
    mov ecx, dword ptr [rsp+16]
    add rbx, rcx
    call rbx
    ${sys('exit', 'rax')}
  parent: ${sys('wait4', -1, OUT, 0, 0)}
    jmp finish
  target: mov eax, r10d
    ret
  ${regs('context', ['r10', 42], ['rip', 'target'])}`, 1);
  assert.equal(out, [BigInt(42 << 8)]);
});
calls.run();

/** What a guest does with the trampoline at rax (descriptor r14, page r15), and how it dies of it. */
const DEATHS: readonly (readonly [claim: string, code: string, report: RegExp])[] = [
  ['a call of a slot that is nobody\'s', 'add rax, 80\ncall rax', /SIGSEGV at rip 0x[0-9a-f]+050/],
  ['a call of the page\'s last byte', 'add rax, 4095\ncall rax', /SIGSEGV at rip 0x[0-9a-f]+fff/],
  ['a call without a register context', `push rax\nmov ${slot(0)}, 0\n${sys('pwrite', 'r14', OUT, 8, 1)}\npop rax\ncall rax`, /SIGSEGV at rip 0x[0-9a-f]+000/],
  ['a call after mprotect', `push rax\n${sys('mprotect', 'rax', 4096, 0)}\npop rax\ncall rax`, /SIGSEGV at rip (0x[0-9a-f]+000), address \1$/],
  ['a push to where nothing is', `push rax\n${sys('pwrite', 'r14', 'offset pushed', 24, 2)}\npop rax\nmov esp, 0x10008\njmp rax\npushed: .long 0, 0, 8, 0\n.quad 1`, /SIGSEGV at rip 0x[0-9a-f]+004, address 0x10000$/],
];
const deaths = suite('trampfd › fast › a guest dies of');
for (const [claim, code, report] of DEATHS) {
  deaths(claim, () => {
    const { status, stderr } = run(`${makeFast('context')}\n${code}\njmp finish\ntarget: ret\n${regs('context', ['rip', 'target'])}`);
    assert.is(status, 128 + SIGSEGV);
    assert.match(stderr, report);
  });
}
deaths.run();

const signals = suite('trampfd › fast › a handler');
signals('of SIGSEGV learns of a failed push: the stack\'s address, RIP at the trampoline, nothing loaded; and may repair the stack and call again', () => {
  const { out, stderr } = run(`
    ${sys('rt_sigaction', SIGSEGV, 'offset action', 0, 8)}
    ${sys('sigaltstack', 'offset alternate', 0)}
    ${makeFast('context')}
    mov rbx, rax
    mov ${slot(20)}, rax
    ${sys('pwrite', 'r14', 'offset pushed', 24, 2)}
    mov rbp, rsp
    mov r10d, 5
    mov esp, 0x10010
    jmp rbx
  handler:
    mov rax, [rsi+16]
    mov ${slot(0)}, rax
    mov rax, [rdx+${UCONTEXT.rip}]
    sub rax, ${slot(20)}
    mov ${slot(1)}, rax
    mov rax, [rdx+${UCONTEXT.r10}]
    mov ${slot(2)}, rax
    mov rax, [rdx+${UCONTEXT.rsp}]
    mov ${slot(3)}, rax
    mov [rdx+${UCONTEXT.rsp}], rbp
    ret
  target:
    mov ${slot(4)}, r10
    sub rbp, rsp
    mov ${slot(5)}, rbp
    mov rax, [rsp-24]
    mov ${slot(6)}, rax
    jmp finish
  restorer: ${sys('rt_sigreturn')}
  ${regs('context', ['r10', 77], ['rip', 'target'])}
  pushed: .long 0, 16, 8, 0
    .quad 1
  action: .quad handler, ${SA_SIGINFO_RESTORER_ONSTACK}, restorer, 0
  alternate: .quad ${OUT + 0x10000}, 0, 0x8000`, 7);
  assert.is(stderr, '');
  assert.equal(out.map(Number), [0xfff8, 0, 5, 0x10010, 77, 0, 1]);
});
signals('never sees a RIP within a trampoline, however often it interrupts one', () => {
  // A call loads fifteen registers, so that most signals come on the way through it. Interval 1 us: 3000 cycles or so.
  const { out } = run(`
    ${sys('rt_sigaction', SIGALRM, 'offset action', 0, 8)}
    ${makeFast('context')}
    mov rbx, rax
    mov ${slot(20)}, rax
    mov ${slot(22)}, rsp
    ${sys('setitimer', 0, 'offset interval', 0)}
  again:
    mov rbx, ${slot(20)}
    mov rsp, ${slot(22)}
    call rbx
    inc ${slot(3)}
    cmp ${slot(0)}, 400
    jb again
    jmp finish
  handler:
    inc ${slot(0)}
    mov rax, [rdx+${UCONTEXT.rip}]
    sub rax, ${slot(20)}
    dec rax
    cmp rax, 3000
    ja 1f
    inc ${slot(1)}
  1: ret
  target:
    ${['rax', 'rcx', 'rdx', 'rbx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'].map((register, k) => `sub ${register}, ${k + 1}\njnz wrong`).join('\n')}
    ret
  wrong: inc ${slot(2)}
    ret
  restorer: ${sys('rt_sigreturn')}
  ${regs('context', ...(['rax', 'rcx', 'rdx', 'rbx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const).map((name, k) => [name, k + 1] as const), ['rip', 'target'])}
  action: .quad handler, ${0x4000004}, restorer, 0
  interval: .quad 0, 7, 0, 7`, 4);
  assert.equal(out.slice(1, 3), [0n, 0n]);
  assert.ok(out[0]! >= 400n && out[3]! > 100n, `${out[0]} signals, ${out[3]} calls`);
});
signals('that steps through a program finds a trampoline to be one step', () => {
  const { out } = run(`
    ${sys('rt_sigaction', 5, 'offset action', 0, 8)}
    ${makeFast('context')}
    mov ${slot(20)}, rax
    mov rbx, rax
    pushf
    or dword ptr [rsp], 0x100
    popf
    nop
    call rbx
    pushf
    and dword ptr [rsp], -0x101
    popf
    jmp finish
  handler:
    inc ${slot(0)}
    mov rax, [rdx+${UCONTEXT.rip}]
    sub rax, ${slot(20)}
    cmp rax, 4096
    ja 1f
    inc ${slot(1)}
    add ${slot(2)}, rax
  1: ret
  target: nop
    mov ${slot(3)}, r10
    ret
  restorer: ${sys('rt_sigreturn')}
  ${regs('context', ['r10', 7], ['r11', 8], ['rip', 'target'])}
  action: .quad handler, ${0x4000004}, restorer, 0`, 4);
  // The steps end after NOP (POPF's own, too), at the trampoline, at its target, twice in it, after it, and three times more.
  assert.equal(out.slice(1), [1n, 0n, 7n]);
  assert.ok(out[0]! >= 8n && out[0]! <= 10n, `${out[0]} steps`);
});
signals.run();

const THREAD_FLAGS = 0x10f00 | 0x40000, THREADS = 4, STACK_BYTES = 0x1000;
/**
 * Threads that write a shared trampoline's context and call it, `rounds` times each: odd ones write short contexts, even ones long ones with a push. All a
 * target is given must come from one context.
 */
function contenders(rounds: number): string {
  const NAMES = ['rbx', 'rcx', 'r8', 'r9', 'r12'] as const;
  return `
    ${makeFast('context')}
    mov ${slot(8)}, rax
    mov ${slot(9)}, r14
    ${Array.from({ length: THREADS - 1 }, (_, k) => `
    ${sys('clone', THREAD_FLAGS, OUT + 0x8000 + (k + 1) * STACK_BYTES, 0, 0, 0)}
    mov ebp, ${k + 1}
    test eax, eax
    jz thread`).join('\n')}
    mov ebp, 0
  thread:
    mov r13d, ebp
    shl r13d, 8
    add r13d, ${OUT + 0x1000}
    mov r14d, ${rounds}
    imul rax, rbp, 0x1000001
    mov [r13+0xf0], rax
  next:
    mov rax, [r13+0xf0]
    imul rax, rax, 1103515245
    add rax, 12345
    mov [r13+0xf0], rax
    shr rax, 3
    mov rcx, rax
    test r14d, 1
    jz long
    mov dword ptr [r13], 2
    mov dword ptr [r13+8], 9
    mov [r13+16], rax
    mov dword ptr [r13+24], 23
    lea rax, [rip+short_target]
    mov [r13+32], rax
    ${sys('pwrite', slot(9), 'r13', 40, 1)}
    jmp call
  long:
    mov dword ptr [r13], 6
    ${NAMES.map((name, k) => `mov dword ptr [r13+${8 + 16 * k}], ${{ rbx: 9, rcx: 10, r8: 15, r9: 16, r12: 19 }[name]}\nmov [r13+${16 + 16 * k}], rcx\ninc rcx`).join('\n')}
    mov dword ptr [r13+88], 23
    lea rax, [rip+long_target]
    mov [r13+96], rax
    ${sys('pwrite', slot(9), 'r13', 104, 1)}
  call:
    cmp rax, 0
    jl failed
    ${NAMES.map(name => `mov ${name}d, 0x77`.replace('rbxd', 'ebx').replace('rcxd', 'ecx')).join('\n')}
    call ${slot(8)}
    dec r14d
    jnz next
    lock inc ${slot(0)}
  wait:
    test ebp, ebp
    jnz 1f
    cmp ${slot(0)}, ${THREADS}
    jb spin
    jmp finish
  spin: ${sys('yield')}
    jmp wait
  1: ${sys('exit', 0)}
  failed: lock inc ${slot(1)}
    jmp finish
  short_target:
    lock inc ${slot(2)}
    cmp ecx, 0x77
    jne wrong
    cmp r8d, 0x77
    jne wrong
    cmp r9d, 0x77
    jne wrong
    cmp r12d, 0x77
    jne wrong
    ret
  long_target:
    lock inc ${slot(3)}
    inc rbx
    cmp rbx, rcx
    jne wrong
    inc rbx
    cmp rbx, r8
    jne wrong
    inc rbx
    cmp rbx, r9
    jne wrong
    inc rbx
    cmp rbx, r12
    jne wrong
    ret
  wrong: lock inc ${slot(1)}
    ret
  ${regs('context', ['rbx', 1], ['rip', 'short_target'])}`;
}
/** Runs a guest in turns of a few instructions, so that many end within a trampoline. How many did is counted. */
function runInTurns(elf: Uint8Array, most: number, seed: number): { readonly out: readonly bigint[]; readonly within: number; readonly machine: Machine } {
  const host = new MemoryHost({ '/guest': elf }), machine = new Machine({ host, memoryBytes: 64 << 20 }), random = new Random(seed);
  assert.is(machine.exec('/guest', ['guest'], []), null);
  let within = 0;
  for (let ending = machine.turn(1); ending === null; ending = machine.turn(1 + random.below(most))) {
    const { task, kernel } = machine;
    if (task === null) continue;
    if (task.process.memory.find(task.registers.rip)?.label === '[trampfd]') within += 1;
    kernel.preempt();
    kernel.settle();
  }
  return { out: values(bytesOf(host.output)), within, machine };
}
const races = suite('trampfd › fast › four threads');
races('rewrite and call one trampoline, in turns that end anywhere: each call is of one context', () => {
  const ROUNDS = Number(process.env['TEST_ROUNDS'] ?? 700), { out, within } = runInTurns(program(contenders(ROUNDS), 4), 30, 5);
  assert.equal([out[1], out[2]! + out[3]!], [0n, BigInt(THREADS * ROUNDS)]);
  assert.ok(within > 100, `only ${within} turns ended within the trampoline`);
  assert.ok(out[2]! > 100n && out[3]! > 100n);
});
races('and with compiled code and turns of the usual length', () => {
  const ROUNDS = Number(process.env['TEST_ROUNDS'] ?? 1500), { out } = run(contenders(ROUNDS), 4);
  assert.equal([out[1], out[2]! + out[3]!], [0n, BigInt(THREADS * ROUNDS)]);
});
races.run();

/**
 * Four threads, each with `count` trampolines whose descriptors are closed; then, `rounds` times each, one by chance is called, another is called or freed and
 * made anew, and one whose descriptor is open is given other data. In the end all are freed.
 */
function many(count: number, rounds: number): string {
  const entry = '[r13+rbx*8+0x100]', BLOCK_BYTES = 0x8000, CONTEXT_BYTES = 40;
  return `
    ${Array.from({ length: THREADS - 1 }, (_, k) => `
    ${sys('clone', THREAD_FLAGS, OUT + 0x8000 + (k + 1) * STACK_BYTES, 0, 0, 0)}
    mov r13d, ${OUT + 0x10000 + (k + 1) * BLOCK_BYTES}
    test eax, eax
    jz thread`).join('\n')}
    mov r13d, ${OUT + 0x10000}
  thread:
    imul r12, r13, 0x1234567
    mov dword ptr [r13], 2
    mov dword ptr [r13+8], 17
    mov dword ptr [r13+24], 23
    lea rax, [rip+target]
    mov [r13+32], rax
    xor ebx, ebx
  new: call fill
    inc ebx
    cmp ebx, ${count}
    jb new
    mov rax, r13
    mov [r13+16], rax
    mov rsi, r13
    lea rdi, [rsi+${CONTEXT_BYTES}]
    call make_fast
    mov [r13+0x40], rax
    mov [r13+0x48], r14
    mov [r13+0x50], r15
    lock inc ${slot(30)}
  2: ${sys('yield')}
    cmp ${slot(30)}, ${THREADS}
    jb 2b
    mov ebp, ${rounds}
  round:
    call chance
    call check
    call chance
    test r12d, 0x700
    jnz again
    call empty
    call fill
  again:
    call check
    mov [r13+16], r12
    ${sys('pwrite', '[r13+0x48]', 'r13', CONTEXT_BYTES, 1)}
    call qword ptr [r13+0x40]
    cmp r10, r12
    jne wrong
    dec ebp
    jnz round
    xor ebx, ebx
  old: call empty
    inc ebx
    cmp ebx, ${count}
    jb old
    ${sys('close', '[r13+0x48]')}
    ${sys('munmap', '[r13+0x50]', 4096)}
    lock inc ${slot(2)}
    cmp r13d, ${OUT + 0x10000}
    je 1f
    ${sys('exit', 0)}
  1: ${sys('yield')}
    cmp ${slot(2)}, ${THREADS}
    jb 1b
    jmp finish
  wrong: mov ${slot(0)}, 1
    jmp finish
  check:
    mov rax, ${entry}
    call rax
    lea rax, [r13+rbx*8]
    cmp r10, rax
    jne wrong
    ret
  chance:
    imul r12, r12, 1103515245
    add r12, 12345
    mov rax, r12
    shr rax, 16
    and eax, 0xfffffff
    mov ecx, ${count}
    xor edx, edx
    div ecx
    mov ebx, edx
    ret
  fill:
    lea rax, [r13+rbx*8]
    mov [r13+16], rax
    mov rsi, r13
    lea rdi, [rsi+${CONTEXT_BYTES}]
    call make_fast
    mov ${entry}, rax
    ${sys('close', 'r14')}
    ret
  empty:
    mov rdi, ${entry}
    and rdi, -4096
    ${sys('munmap', 'rdi', 4096)}
    ret
  target: lock inc ${slot(1)}
    ret`;
}
const thousands = suite('trampfd › fast › thousands');
thousands('10,000 of four threads are made, called by chance, changed and freed: each has its own data, and nothing is left', () => {
  const COUNT = 10_000, ROUNDS = Number(process.env['TEST_ROUNDS'] ?? 500), PAGES = Math.ceil(COUNT / 102);
  const host = new MemoryHost({ '/guest': program(many(COUNT / THREADS, ROUNDS), 3) }), machine = new Machine({ host, memoryBytes: 64 << 20 });
  assert.is(machine.exec('/guest', ['guest'], []), null);
  const mappings = machine.task!.process.memory.vmas.length;
  let peak: ReturnType<Machine['counters']> | null = null, used = 0;
  for (let ending = machine.turn(20_000); ending === null; ending = machine.turn(20_000)) {
    if (used === 0) used = machine.mmu.frames.used - machine.trampolines.codeFrames.length;
    if (peak === null && machine.trampolines.live >= COUNT) peak = machine.counters();
  }
  assert.equal(values(bytesOf(host.output)).map(Number), [0, 3 * THREADS * ROUNDS, THREADS]);
  const { trampolines, kernel: { first } } = machine, { codeBytes = 0, kernelBytes = 0 } = peak ?? {};
  assert.ok(codeBytes >= PAGES * 4096 && codeBytes <= (PAGES + 3) * 4096, `${codeBytes} bytes of code`);
  assert.ok(kernelBytes > 200 * COUNT, `${kernelBytes} bytes in the kernel`);
  assert.equal([trampolines.live, trampolines.bytes, trampolines.code.instances, trampolines.codeFrames.length, first!.memory.vmas.length], [0, 0, 0, 0, mappings]);
  // What was touched meanwhile, and page tables, are the program's.
  const { tableBytes, residentBytes } = first!.memory;
  assert.ok(machine.mmu.frames.used * 4096 < tableBytes + residentBytes + (used << 12), 'frames');
});
thousands.run();
