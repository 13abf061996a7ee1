/** The types of trampolines for which the kernel does the work: fault path only, emulate, interpret, kernel function. Guests, and what creation refuses. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EFAULT, EINVAL } from '../src/base/errno.ts';
import { KERNEL_FUNCTIONS } from '../src/trampfd/kernel-function.ts';
import { FAST, TYPES } from '../src/trampfd/uapi.ts';
import { DATA_AT } from './support/kernel-world.ts';
import { ACTION, catchSignal, OUT, regs, run, slot, SPARE, sys } from './support/trampfd-program.ts';
import { pcs, PCS, REGS, regs as regsOf, STACK, stack, TrampfdWorld, words } from './support/trampfd-world.ts';

const { FAULT, EMULATE, INTERPRET, KERNEL } = TYPES;
const SIGILL = 4, SIGTRAP = 5, SIGFPE = 8, SIGSEGV = 11, SIGXCPU = 24;
const TOP = 1n << 47n;

// — creation —
const creation = suite('trampfd › types: creation');
const ROWS: readonly (readonly [type: number, parameter: Uint8Array, result: number])[] = [
  [FAULT, words(0, 0), 3], [FAULT, words(FAST, 0), 3], [FAULT, words(1, 0), -EINVAL], [FAULT, words(FAST | 2, 0), -EINVAL], [FAULT, words(0, 1), -EINVAL],
  [EMULATE, words(3, 0, 0n, 0n), 3], [EMULATE, words(1, 0, 0x1000n, 0x1000n), 3], [EMULATE, words(0, 0, 0n, 0n), -EINVAL], [EMULATE, words(4, 0, 0n, 0n), -EINVAL],
  [EMULATE, words(1, 1, 0n, 0n), -EINVAL], [EMULATE, words(1, 0, 1n, 0n), -EINVAL], [EMULATE, words(1, 0, TOP, 1n), -EINVAL], [EMULATE, words(1, 0, -1n, 2n), -EINVAL],
  [INTERPRET, words(0x1000n, 16, 16, 0, 0), 3], [INTERPRET, words(0x1000n, 65_536, 65_536, 0, 0), 3], [INTERPRET, words(0n, 16, 16, 0, 0), -EINVAL], [INTERPRET, words(0x1000n, 0, 16, 0, 0), -EINVAL],
  [INTERPRET, words(0x1000n, 65_537, 16, 0, 0), -EINVAL], [INTERPRET, words(0x1000n, 16, 0, 0, 0), -EINVAL], [INTERPRET, words(0x1000n, 16, 65_537, 0, 0), -EINVAL],
  [INTERPRET, words(0x1000n, 16, 16, 1, 0), -EINVAL], [INTERPRET, words(0x1000n, 16, 16, 0, 1), -EINVAL], [INTERPRET, words(TOP, 16, 16, 0, 0), -EINVAL],
  [KERNEL, words(0, 0), 3], [KERNEL, words(KERNEL_FUNCTIONS.length - 1, 0), 3], [KERNEL, words(KERNEL_FUNCTIONS.length, 0), -EINVAL], [KERNEL, words(0, 1), -EINVAL],
];
for (const [type, parameter, result] of ROWS) {
  creation(`type ${type} with ${[...parameter].join(' ')}: ${result}`, () => {
    const w = new TrampfdWorld();
    assert.is(w.sys('trampfd_create', type, w.buffer(parameter.length, parameter), 0), result);
    assert.is(w.objects.live, result < 0 ? 0 : 1);
  });
}
creation('the parameter must be readable to its end', () => {
  const w = new TrampfdWorld(), end = DATA_AT + 0x20000;
  assert.equal([FAULT, EMULATE, INTERPRET, KERNEL].map(type => w.sys('trampfd_create', type, end - 4, 0)), [-EFAULT, -EFAULT, -EFAULT, -EFAULT]);
  assert.equal([EMULATE, INTERPRET].map(type => w.sys('trampfd_create', type, end - 16, 0)), [-EFAULT, -EFAULT]);
});
creation('which contexts a type has', () => {
  const PARAMETERS: readonly (readonly [type: number, parameter: Uint8Array, hasContexts: boolean, hasList: boolean])[] = [
    [FAULT, words(FAST, 0), true, true], [EMULATE, words(3, 0, 0n, 0n), false, true], [INTERPRET, words(0x1000n, 16, 16, 0, 0), false, true], [KERNEL, words(0, 0), false, false],
  ];
  for (const [type, parameter, hasContexts, hasList] of PARAMETERS) {
    const w = new TrampfdWorld(), fd = w.sys('trampfd_create', type, w.buffer(parameter.length, parameter), 0);
    assert.equal([w.write(fd, REGS, regsOf(['rip', 1n])), w.write(fd, STACK, stack([1])), w.write(fd, PCS, pcs(1n))],
      [hasContexts ? 24 : -EINVAL, hasContexts ? 17 : -EINVAL, hasList ? 16 : -EINVAL], `type ${type}`);
    assert.equal(w.read(fd, REGS, 8), words(hasContexts ? 1 : 0, 0));
    const at = w.map(fd);
    assert.ok(at > 0 && w.sys('mprotect', at, 4096, 5) < 0);
    assert.match(w.slurp(`/proc/self/fdinfo/${fd}`), /type: TRAMPFD_(FAULT|EMULATE|INTERPRET|KERNEL)\n/);
  }
});
creation.run();

/** Creates an object of a type, whose parameter is at a label, and maps it: rax is its address, r14 its descriptor. */
const object = (type: number, parameter: string): string => `
  ${sys('trampfd_create', type, `offset ${parameter}`, 0)}
  mov r14, rax
  ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}`;

const fault = suite('trampfd › TRAMPFD_FAULT');
fault('never has code, whatever is asked: every call is a fault, and no memory is there', () => {
  const { out, invocations, stderr } = run(`
    ${object(FAULT, 'fast')}
    mov rbx, rax
    ${sys('pwrite', 'r14', 'offset context', 40, 1)}
    call rbx
    call rbx
    mov ${slot(0)}, r10
    mov al, byte ptr [rbx]
    jmp finish
  target: ret
  .balign 8
  fast: .long ${FAST}, 0
  ${regs('context', ['r10', 6], ['rip', 'target'])}`, 1);
  assert.equal([out, invocations], [[], 2]);
  assert.match(stderr, /SIGSEGV/);
});
fault.run();

// — emulate —
const emulate = suite('trampfd › TRAMPFD_EMULATE');
const bytes = (hex: string): string => `.byte ${(hex.match(/../g) ?? []).map(pair => `0x${pair}`).join(', ')}`;
const ENDBR = 'f30f1efa', LIBFFI = `${ENDBR}4c8d15f5ffffffff25070000000f1f8000000000`;
/** What compilers write: name, and a sequence with r10 = 0x1234_5678 and the target at a label. */
const SEQUENCES: readonly (readonly [name: string, code: string, chain: bigint, r11: 'target' | 'kept'])[] = [
  ['libffi 3.4', `${bytes(LIBFFI)}\n.quad target`, 0n, 'kept'],
  ...['', ENDBR].flatMap(mark => [true, false].flatMap(wideTarget => [true, false].map(wideChain => [
    `GCC${mark === '' ? '' : ', endbr64'}, ${wideTarget ? 'movabs' : 'mov'} r11, ${wideChain ? 'movabs' : 'mov'} r10`,
    `${mark === '' ? '' : bytes(mark)}\n.byte ${wideTarget ? '0x49' : '0x41'}, 0xbb\n${wideTarget ? '.quad' : '.long'} target
    .byte ${wideChain ? '0x49' : '0x41'}, 0xba\n${wideChain ? '.quad 0x1122334455667788' : '.long 0x89abcdef'}\n${bytes('49ffe390')}`,
    wideChain ? 0x1122_3344_5566_7788n : 0x89ab_cdefn, 'target',
  ] as const))),
];
/** Copies a sequence to SPARE, which is not executable, with emulation on, and calls it. */
const emulated = (code: string, parameter: string, before = '', at: number = SPARE): string => `
  ${object(EMULATE, 'parameter')}
  ${before}
  mov edi, ${at}
  mov esi, offset code
  mov ecx, offset code_end - code
  rep movsb
  mov r11d, 77
  mov r10d, 78
  stc
  mov eax, ${at}
  call rax
  setc cl
  movzx ecx, cl
  mov ${slot(3)}, rcx
  jmp finish
target:
  mov ${slot(0)}, r10
  mov ${slot(1)}, r11
  lea rdx, [rip+target]
  mov ${slot(2)}, rdx
  ret
code: ${code}
code_end:
.balign 8
parameter: ${parameter}
list: .long 1, 0
  .quad target
other: .long 1, 0
  .quad finish`;
const PROCESS = '.long 3, 0\n.quad 0, 0';
for (const [name, code, chain, r11] of SEQUENCES) {
  emulate(`${name}: as if it had been executed`, () => {
    const { out, stderr, invocations } = run(emulated(code, PROCESS), 4);
    assert.is(stderr, '');
    assert.equal(out.slice(0, 2), [name === 'libffi 3.4' ? BigInt(SPARE) : chain, r11 === 'kept' ? 77n : out[2]]);
    assert.equal([out[3], invocations], [1n, 1]);
  });
}
const GCC = SEQUENCES[1]![1];
/** What must stay a SIGSEGV. */
const REFUSED: readonly (readonly [claim: string, program: string])[] = [
  ['libffi only asked, GCC found', emulated(GCC, '.long 1, 0\n.quad 0, 0')],
  ['GCC only asked, libffi found', emulated(SEQUENCES[0]![1], '.long 2, 0\n.quad 0, 0')],
  ['outside the range', emulated(GCC, `.long 3, 0\n.quad ${SPARE + 1}, 4096`)],
  ['the range ends before', emulated(GCC, `.long 3, 0\n.quad ${SPARE - 4096}, 4096`)],
  ['the switch is closed and unmapped', emulated(GCC, PROCESS, `${sys('munmap', 'rax', 4096)}\n${sys('close', 'r14')}`)],
  ['the switch was never mapped', emulated(GCC, PROCESS, sys('munmap', 'rax', 4096))],
  ['the target is not among allowed PCs', emulated(GCC, PROCESS, sys('pwrite', 'r14', 'offset other', 16, 3))],
  ['one byte is another', emulated(GCC.replace('0x49, 0xff, 0xe3', '0x49, 0xff, 0xe2'), PROCESS)],
  ['the last byte is another', emulated(GCC.replace('0xe3, 0x90', '0xe3, 0x91'), PROCESS)],
  ['a page that cannot be read', emulated(GCC, PROCESS, '', SPARE).replace('mov r11d, 77', `${sys('mprotect', SPARE, 4096, 0)}\nmov r11d, 77`)],
  ['a shared mapping', emulated(GCC, PROCESS, sys('mmap', SPARE, 4096, 3, 0x31, -1, 0))],
  ['any other code', emulated('ret', PROCESS)],
];
for (const [claim, program] of REFUSED) {
  emulate(`not where ${claim}: SIGSEGV`, () => {
    const { signal, invocations } = run(program, 4);
    assert.equal([signal, invocations], [SIGSEGV, 0]);
  });
}
emulate('within a range, with the target allowed, at the very end of a mapping', () => {
  const length = 27, at = SPARE + 4096 - 24, program = emulated(GCC, `.long 2, 0\n.quad ${SPARE}, 4096`, `${sys('pwrite', 'r14', 'offset list', 16, 3)}\n${sys('mprotect', SPARE + 4096, 4096, 0)}`, at);
  assert.ok(length > 0);
  const { stderr, invocations, out } = run(program, 4);
  assert.equal([stderr, invocations, out[0]], ['', 1, 0x1122_3344_5566_7788n]);
});
emulate('in the page of the stack, as nested functions are; and in a child of fork', () => {
  const { out, stderr } = run(`
    ${object(EMULATE, 'parameter')}
    sub rsp, 64
    mov rdi, rsp
    mov esi, offset code
    mov ecx, 24
    rep movsb
    call rsp
    mov ${slot(0)}, r10
    ${sys('fork')}
    test eax, eax
    jz child
    ${sys('wait4', -1, OUT + 8, 0, 0)}
    jmp finish
  child:
    xor r10d, r10d
    call rsp
    ${sys('exit_group', 'r10')}
  target: ret
  code: ${GCC.replace('0x1122334455667788', '42')}
  .balign 8
  parameter: ${PROCESS}`, 2);
  assert.equal([stderr, ...out], ['', 42n, 0x2a00n]);
});
emulate.run();

// — interpret —
const interpret = suite('trampfd › TRAMPFD_INTERPRET');
/** A program whose buffer of instructions lies in data, and is called through a trampoline in rax; rbp counts what is outside. */
const interpreted = (buffer: string, limit: number | string, use: string, rest = '', size = 'buffer_end - buffer'): string => `
  mov edi, ${SPARE}
  mov esi, offset buffer
  mov ecx, offset buffer_end - buffer
  rep movsb
  ${object(INTERPRET, 'parameter')}
  mov rbx, rax
  xor ebp, ebp
  ${use}
  jmp finish
${rest}
buffer: ${buffer}
buffer_end:
.balign 8
parameter: .quad ${SPARE}
  .long ${size}, ${limit}, 0, 0`;
interpret('the buffer runs on the registers of the caller until it returns', () => {
  const { out, stderr, invocations } = run(interpreted(`
    lea rax, [rdi+rsi*2]
    imul rax, rdx
    cmp rax, 100
    jg 1f
    add rax, 1000
  1: push rax
    pop rcx
    ret`, 100, `
    mov edi, 3
    mov esi, 4
    mov edx, 5
    call rbx
    mov ${slot(0)}, rax
    mov edx, 50
    call rbx
    mov ${slot(1)}, rcx`), 2);
  assert.equal([stderr, ...out, invocations], ['', 1055n, 550n, 2]);
});
interpret('loops, vectors, strings, and jumps out of the buffer', () => {
  const { out, stderr } = run(interpreted(`
    xor eax, eax
  2: add rax, rdi
    dec rdi
    jnz 2b
    movq xmm0, rax
    paddq xmm0, xmm0
    movq rax, xmm0
    mov edi, ${OUT + 64}
    mov ecx, 5
    rep stosq
    mov r8d, ${SPARE + 0x800}
    jmp r9`, 400, `
    lea r9, [rip+outside]
    mov edi, 100
    jmp rbx`, `outside: mov ${slot(0)}, rax
    mov rax, ${slot(12)}
    mov ${slot(1)}, rax
    mov ${slot(2)}, rcx
    jmp finish`), 3);
  assert.equal([stderr, ...out], ['', 10100n, 10100n, 0n]);
});
interpret('a function outside is called, and returns into the buffer', () => {
  const { out, stderr, invocations } = run(interpreted(`
    call r12
    call r12
    lea rax, [rbp+rbp*4]
    ret`, 10, `lea r12, [rip+function]
    call rbx
    mov ${slot(0)}, rax`, 'function: inc rbp\nret'), 1);
  assert.equal([stderr, ...out, invocations], ['', 10n, 3]);
});
interpret('what is written into the buffer is what runs next time, and it may write itself', () => {
  const { out, stderr } = run(interpreted(`
    mov byte ptr [rip+1f+1], dl
  1: mov eax, 0
    ret`, 10, `
    mov edx, 5
    call rbx
    mov ${slot(0)}, rax
    mov edx, 6
    call rbx
    mov ${slot(1)}, rax
    mov byte ptr [${SPARE}], 0xc3
    mov eax, 9
    call rbx
    mov ${slot(2)}, rax`), 3);
  assert.equal([stderr, ...out], ['', 5n, 6n, 9n]);
});
interpret('pages of data come as they are touched', () => {
  const { out, stderr } = run(interpreted('mov rax, [rdi]\nmov qword ptr [rdi+4096], 7\nadd rax, [rdi+4096]\nret', 10, `
    mov edi, ${SPARE + 0x10ff0}
    add rdi, 16
    call rbx
    mov ${slot(0)}, rax`), 1);
  assert.equal([stderr, ...out], ['', 7n]);
});
/** What ends interpretation: the signal, and what si_code, si_addr and RIP say, relative to the buffer. */
interface Stop { readonly claim: string; readonly code: string; readonly signal: number; readonly si: number; readonly address: bigint | 'rip'; readonly rip: number; readonly limit?: number; readonly before?: string; readonly size?: string }
const STOPS: readonly Stop[] = [
  { claim: 'more instructions than the limit', code: '1: jmp 1b', signal: SIGXCPU, si: 128, address: 0n, rip: 0, limit: 1000 },
  { claim: 'one instruction too many', code: 'nop\nnop\nret', signal: SIGXCPU, si: 128, address: 0n, rip: 2, limit: 2 },
  { claim: 'a load from nowhere', code: 'nop\nmov rax, [0x10]', signal: SIGSEGV, si: 1, address: 0x10n, rip: 1 },
  { claim: 'a store into text', code: 'mov byte ptr [0x400000], 1', signal: SIGSEGV, si: 2, address: 0x400000n, rip: 0 },
  { claim: 'a system call', code: 'mov eax, 39\nsyscall', signal: SIGILL, si: 2, address: 'rip', rip: 5 },
  { claim: 'an undefined instruction', code: 'ud2', signal: SIGILL, si: 2, address: 'rip', rip: 0 },
  { claim: 'a privileged one', code: 'nop\nhlt', signal: SIGSEGV, si: 128, address: 0n, rip: 1 },
  { claim: 'a division by zero', code: 'xor ecx, ecx\ndiv ecx', signal: SIGFPE, si: 1, address: 'rip', rip: 2 },
  { claim: 'a breakpoint', code: 'int3', signal: SIGTRAP, si: 128, address: 0n, rip: 1 },
  { claim: 'an instruction that the buffer cuts off', code: 'nop\n.byte 0x48, 0xb8, 1', signal: SIGILL, si: 2, address: 'rip', rip: 1 },
  { claim: 'a buffer that cannot be read', code: 'nop', signal: SIGSEGV, si: 2, address: 'rip', rip: 0, before: sys('mprotect', SPARE, 4096, 0) },
  { claim: 'a buffer that is not there', code: 'nop', signal: SIGSEGV, si: 1, address: 'rip', rip: 0, before: sys('munmap', SPARE, 4096) },
  { claim: 'a target that is not allowed', code: 'jmp r9', signal: SIGSEGV, si: 2, address: 'rip', rip: -1, before: `${sys('pwrite', 'r14', 'offset list', 16, 3)}\nlea r9, [rip+outside]` },
];
for (const { claim, code, signal, si, address, rip, limit = 100, before = '' } of STOPS) {
  interpret(`${claim} is ${['SIGILL', 'SIGTRAP', 'SIGFPE', 'SIGSEGV', 'SIGXCPU'][[SIGILL, SIGTRAP, SIGFPE, SIGSEGV, SIGXCPU].indexOf(signal)]}, with the registers at that instruction`, () => {
    const { out, stderr } = run(interpreted(code, limit, `
      ${catchSignal(signal)}
      ${before}
      call rbx`, `
    outside: jmp finish
    handler:
      mov ${slot(0)}, rdi
      movsxd rax, dword ptr [rsi+8]
      mov ${slot(1)}, rax
      mov rax, [rsi+16]
      mov ${slot(2)}, rax
      mov rax, [rdx+168]
      mov ${slot(3)}, rax
      lea rax, [rip+outside]
      mov ${slot(4)}, rax
      mov ${slot(5)}, rbx
      jmp finish
    ${ACTION}
    list: .long 1, 0
      .quad finish`), 6);
    assert.is(stderr, '');
    const wanted = rip < 0 ? out[4]! : BigInt(SPARE + rip), where = rip < 0 ? out[5]! : wanted;
    assert.equal(out.slice(0, 2).map(Number), [signal, si]);
    if (si !== 128) assert.is(out[2], address === 'rip' ? where : address, 'si_addr');
    assert.is(out[3], wanted, 'rip');
  });
}
interpret('a handler mends what was wrong, and the buffer goes on', () => {
  const { out, stderr } = run(interpreted('mov rax, [rdi]\nadd rax, 1\nret', 10, `
    ${catchSignal(SIGSEGV)}
    mov edi, 0x10
    call rbx
    mov ${slot(0)}, rax`, `
  handler: mov qword ptr [rdx+104], ${OUT + 64}
    mov ${slot(8)}, 41
    ret
  ${ACTION}`), 1);
  assert.equal([stderr, ...out], ['', 42n]);
});
interpret('without a handler the limit kills, and the report says with what', () => {
  const { signal, stderr } = run(interpreted('1: jmp 1b', 65_536, 'call rbx'));
  assert.is(signal, SIGXCPU);
  assert.match(stderr, /SIGXCPU at rip 0x610000/);
});
interpret('a buffer that leads back to its own trampoline lets others run, and the user stop it', () => {
  const { status, stderr } = run(interpreted('jmp rbx', 10, 'jmp rbx'), 0, { maxInstructions: 100_000 });
  assert.is(status, 124);
  assert.match(stderr, /stopped after 100,000 instructions/);
});
interpret('interpreted instructions count as the program\'s', () => {
  const count = (limit: number): number => run(interpreted('1: dec edi\njnz 1b\nret', 65_536, `mov edi, ${limit}\ncall rbx`)).counters.instructions;
  assert.is(count(1100) - count(100), 2000);
});
interpret.run();

// — kernel function —
const kernel = suite('trampfd › TRAMPFD_KERNEL');
const service = (name: string): number => KERNEL_FUNCTIONS.findIndex(row => row.name === name);
const parameterOf = (name: string): string => `.balign 8\n${name}: .long ${service(name)}, 0`;
for (const [name, call] of [['getpid', 39], ['gettid', 186], ['getppid', 110]] as const) {
  kernel(`${name}() is the call's result, in rax alone`, () => {
    const { out, stderr, invocations } = run(`
      ${object(KERNEL, name)}
      mov rbx, rax
      mov eax, ${call}
      syscall
      mov ${slot(0)}, rax
      mov ecx, 11
      mov r11d, 12
      mov rbp, rsp
      call rbx
      mov ${slot(1)}, rax
      add rcx, r11
      mov ${slot(2)}, rcx
      sub rbp, rsp
      mov ${slot(3)}, rbp
      jmp finish
    ${parameterOf(name)}`, 4);
    assert.equal([stderr, out[1] === out[0], out[2], out[3], invocations], ['', true, 23n, 0n, 1]);
  });
}
kernel('clock_gettime(clock, timespec) fills the structure; a bad one is -EFAULT, a bad clock -EINVAL', () => {
  const { out, stderr } = run(`
    ${object(KERNEL, 'clock_gettime')}
    mov rbx, rax
    mov edi, 1
    mov esi, ${OUT}
    call rbx
    mov ${slot(2)}, rax
    mov edi, 1
    mov esi, 16
    call rbx
    mov ${slot(3)}, rax
    mov edi, 99
    call rbx
    mov ${slot(4)}, rax
    jmp finish
  ${parameterOf('clock_gettime')}`, 5);
  assert.is(stderr, '');
  assert.ok(out[0]! + out[1]! > 0n);
  assert.equal(out.slice(2), [0n, -14n, -22n]);
});
kernel('futex_wake(word, count) wakes a thread that waits', () => {
  const { out, stderr } = run(`
    ${object(KERNEL, 'futex_wake')}
    mov rbx, rax
    ${sys('mmap', 0, 65_536, 3, 0x22, -1, 0)}
    lea rsi, [rax+65536]
    ${sys('clone', 0x10f00, 'rsi', 0, 0, 0)}
    test eax, eax
    jz thread
  again:
    mov edi, ${OUT + 64}
    mov esi, 5
    call rbx
    test rax, rax
    jnz woken
    ${sys('yield')}
    jmp again
  woken: mov ${slot(0)}, rax
  wait: ${sys('yield')}
    cmp ${slot(1)}, 0
    je wait
    jmp finish
  thread:
    ${sys('futex', OUT + 64, 0, 0, 0)}
    lea rcx, [rax+7]
    mov ${slot(1)}, rcx
    ${sys('exit', 0)}
  ${parameterOf('futex_wake')}`, 2);
  assert.equal([stderr, ...out], ['', 1n, 7n]);
});
kernel('in a thread it is that thread that asks; without a stack to return by it is a SIGSEGV and nothing is done', () => {
  const { signal, invocations } = run(`
    ${object(KERNEL, 'getpid')}
    mov esp, 16
    jmp rax
  ${parameterOf('getpid')}`);
  assert.equal([signal, invocations], [SIGSEGV, 0]);
});
kernel.run();
