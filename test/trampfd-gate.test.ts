/** The system-call route: a page of code that all its trampolines share, and the call in it, which finds its trampoline by where it comes from. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TYPES } from '../src/trampfd/uapi.ts';
import { ACTION, catchSignal, contexts, OUT, run, slot, SPARE, sys } from './support/trampfd-program.ts';
import { ATTACH, BY_ID, NAME, SET_REGS, SET_STACK } from './support/trampfd-world.ts';

const EINVAL = 22, EACCES = 13, SIGSEGV = 11, SEGV_ACCERR = 2, WANTS_FAST = 32, GATED = 64, PLACE = 0x90_0000, ENTER = 423;
const create = (label: string, type = 0, flags = GATED, where: number | string = 0): string => sys('tramp_create', type, flags, `offset ${label}`, where);
const enterBy = (number: number): string => `mov eax, ${number}\nsyscall`;

const gate = suite('trampfd › the system-call route');
gate('is its bytes: endbr64; push rax, rcx, r11; mov eax, 423; syscall; the rest is HLT, and one frame for all', () => {
  const { out, counters, live } = run(`
    ${create('one', 0, GATED, PLACE)}
    ${create('one', 0, GATED, PLACE + 4096)}
    mov rax, [${PLACE}]
    mov ${slot(0)}, rax
    mov rax, [${PLACE + 8}]
    mov ${slot(1)}, rax
    mov rax, [${PLACE + 4096}]
    cmp rax, [${PLACE}]
    sete al
    movzx eax, al
    mov ${slot(2)}, rax
    mov rax, [${PLACE + 4088}]
    mov ${slot(3)}, rax
    jmp finish
  ${contexts('one', ['rip', 'finish'])}`, 4), without = run('jmp finish', 4);
  assert.equal(out.map(word => BigInt.asUintN(64, word).toString(16)), ['53415150fa1e0ff3', 'f4050f000001a7b8', '1', 'f4f4f4f4f4f4f4f4']);
  assert.equal([live, counters.codeBytes - without.counters.codeBytes], [2, 4096]);
});
gate('pushes its stack and moves rsp as a fault does, changed at once by who has its address', () => {
  const { out, stderr } = run(`
    ${create('one')}
    mov rbx, rax
    ${sys('tramp_set', 'rbx', SET_REGS | SET_STACK, 'offset two')}
    and rsp, -16
    mov rbp, rsp
    call rbx
    jmp finish
  target: mov ${slot(0)}, r10
    mov rax, rsp
    sub rax, rbp
    mov ${slot(1)}, rax
    mov rax, [rsp]
    mov ${slot(2)}, rax
    mov rax, [rsp+8]
    mov ${slot(3)}, rax
    lea rsp, [rbp-8]
    ret
  ${contexts('one', ['r10', 5], ['rip', 'finish'])}
  .balign 8
  two: .long 2, 16, 1, 32
    .long ${NAME.r10}, 0
    .quad 6
    .long ${NAME.rip}, 0
    .quad target
    .quad 0x1234, 0x5678`, 4);
  assert.equal([stderr, ...out.map(Number)], ['', 6, -8 - 48 - 16, 0x1234, 0x5678]);
});
gate('names rcx, r11 and rax like any other register', () => {
  const { out } = run(`
    ${create('one')}
    mov rcx, 1
    call rax
    jmp finish
  target: mov ${slot(0)}, rax
    mov ${slot(1)}, rcx
    mov ${slot(2)}, r11
    ret
  ${contexts('one', ['rax', -1], ['rcx', '0x8000000000000000'], ['r11', 3], ['rip', 'target'])}`, 3);
  assert.equal(out, [-1n, -0x8000_0000_0000_0000n, 3n]);
});
for (const [claim, rip, code] of [['without registers', 'rbx', `${create('none')}\nmov rbx, rax\nmov rbp, rsp\njmp rbx`], ['whose stack cannot be pushed', 'offset finish', `${create('below')}\nmov rbx, rax\nlea rbp, [${OUT + 8 * 4}]\nmov rsp, rbp\njmp rbx`]] as const) {
  gate(`${claim}, it is a SIGSEGV at its address, rsp as it was, RIP ${rip === 'rbx' ? 'too' : 'the target'}`, () => {
    const { out, stderr, live } = run(`
      mov r10d, 1
      ${sys('sigaltstack', 'offset alternate', 0)}
      ${catchSignal(SIGSEGV)}
      ${code}
    handler: movsxd rax, dword ptr [rsi+8]
      mov ${slot(0)}, rax
      mov rax, [rsi+16]
      sub rax, rbx
      mov ${slot(1)}, rax
      mov rax, [rdx+160]
      sub rax, rbp
      mov ${slot(2)}, rax
      mov rax, [rdx+168]
      mov rcx, ${rip}
      sub rax, rcx
      mov ${slot(3)}, rax
      ${sys('tramp_free', 'rbx', 0)}
      jmp finish
    ${ACTION.replace(/handler, \d+/, 'handler, 0xc000004')}
    .balign 8
    alternate: .quad ${SPARE}, 0, 0x8000
    none: .quad 0, 0
    below: .long 1, 64, 0, 256
      .long ${NAME.rip}, 0
      .quad finish
      .quad 1, 2, 3, 4, 5, 6, 7, 8`, 4);
    assert.equal([stderr, ...out.map(Number), live], ['', SEGV_ACCERR, 0, 0, 0, 0]);
  });
}
gate('answers nobody else (EINVAL); types that have no code have none of this; who jumps to the call itself has entered; and mprotect gives nothing', () => {
  const { out, stderr } = run(`
    ${enterBy(ENTER)}
    mov ${slot(0)}, rax
    ${create('one', 0, GATED | WANTS_FAST)}
    mov ${slot(1)}, rax
    ${create('one', TYPES.KERNEL, GATED)}
    mov ${slot(2)}, rax
    ${create('one', 0, 128)}
    mov ${slot(3)}, rax
    ${create('one', TYPES.FAULT, GATED, PLACE)}
    mov eax, ${PLACE}
    call rax
    ${create('one', 0, GATED, PLACE + 4096)}
    mov r12, rsp
    lea rcx, [rip+1f]
    push rcx
    push 0
    push 0
    push 0
    mov ebx, ${PLACE + 4096 + 13}
    mov eax, ${ENTER}
    jmp rbx
  1: mov ${slot(5)}, rsp
    sub ${slot(5)}, r12
    ${sys('mprotect', PLACE + 4096, 4096, 7)}
    mov ${slot(4)}, rax
    jmp finish
  target: ret
  ${contexts('one', ['rip', 'target'])}`, 6);
  assert.equal([stderr, ...out.map(Number)], ['', -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EACCES, 0]);
});
gate('is shared by ID, gone after fork, and its frame goes with the last of it', () => {
  const { out, stderr, live, machine } = run(`
    ${create('one', 0, GATED | BY_ID, 0o700)}
    mov r13, rax
    ${sys('tramp_share', 'r13', BY_ID | ATTACH, 0)}
    mov rbx, rax
    xor r12d, r12d
    call rbx
    mov ${slot(0)}, r12
    ${sys('fork')}
    test eax, eax
    jz child
    ${sys('wait4', -1, OUT + 0x100, 0, 0)}
    mov eax, dword ptr [${OUT + 0x100}]
    mov ${slot(1)}, rax
    ${sys('tramp_free', 'rbx', 0)}
    ${sys('tramp_free', 'r13', BY_ID)}
    mov ${slot(2)}, rax
    jmp finish
  child: ${sys('tramp_share', 'r13', BY_ID | ATTACH, PLACE)}
    call rax
    cmp r12, 2
    jne finish
    call rbx
    jmp finish
  target: inc r12
    ret
  ${contexts('one', ['rip', 'target'])}`, 3);
  assert.equal([stderr, ...out.map(Number), live, machine.trampolines.gate.frame], ['', 1, SIGSEGV, 0, 0, null]);
});
gate('costs less than a fault, and more than getpid()', () => {
  const cyclesOf = (flags: number): number => {
    const guest = (calls: number): string => `${create('one', 0, flags)}\nmov rbx, rax\ncall rbx\nmov ebp, ${calls}\n1: test ebp, ebp\njz finish\ncall rbx\ndec ebp\njmp 1b\ntarget: ret\n${contexts('one', ['rip', 'target'])}`;
    return (run(guest(100)).counters.cycles - run(guest(0)).counters.cycles) / 100;
  };
  const faulting = cyclesOf(0), gated = cyclesOf(GATED);
  assert.ok(gated < faulting * 0.6 && gated > 440, `${gated} and ${faulting} cycles`);
});
gate.run();
