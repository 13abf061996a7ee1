/**
 * 10,000 trampolines at once: called, changed, freed and made anew at random by four threads, every value checked, and nothing left of them.
 * TRAMPOLINE_OPERATIONS=1000000 does more.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OUT, run, slot, sys, type Ran } from './support/trampfd-program.ts';
import { NAME, SET_REGS } from './support/trampfd-world.ts';

const COUNT = 10_000, THREADS = 4, OPERATIONS = Number(process.env['TRAMPOLINE_OPERATIONS'] ?? 50_000);
/** An entry a trampoline: { u64 lock, address, value, unused }. */
const TABLE = OUT + 0x20000, ENTRY_BYTES = 32;
/** A structure of contexts a thread, at 64 bytes each; its r10 is at VALUE. */
const BUFFERS = OUT + 0x1000, VALUE = 24;
const OUTPUTS = 5;

/** Makes the trampoline of the entry at rbx from the structure at r15, whose value it has. */
const MAKERS = {
  'tramp_create': `${sys('tramp_create', 0, 0, 'r15', 0)}\nmov [rbx+8], rax\nret`,
  'trampfd_create, pwrite, mmap, close': `
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    push rax
    lea rsi, [r15+8]
    mov dword ptr [rsi], 2
    ${sys('pwrite', 'rax', 'rsi', 40, 1)}
    ${sys('mmap', 0, 4096, 0, 2, '[rsp]', 0)}
    mov [rbx+8], rax
    ${sys('close', '[rsp]')}
    mov dword ptr [r15+8], 0
    pop rax
    ret`,
} as const;
type Maker = keyof typeof MAKERS;
/** Slots: what calls gave, what they were to give, mismatches, errors, calls. */
const program = (maker: Maker, count: number, operations: number, frees: boolean): string => `
    mov edi, ${TABLE}
    mov ecx, ${COUNT * ENTRY_BYTES / 8}
    xor eax, eax
    rep stosq
    mov r15d, ${BUFFERS}
    call prepare
    mov ebx, ${TABLE}
    mov r12d, ${count}
    test r12d, r12d
    jz made
  each: imul rax, r12, 77
    mov [rbx+16], rax
    mov [r15+${VALUE}], rax
    call create
    test rax, rax
    js failed
    add rbx, ${ENTRY_BYTES}
    dec r12d
    jnz each
  made: mov r14d, ${operations === 0 ? 0 : THREADS}
  more: test r14d, r14d
    jz wait
    ${sys('mmap', 0, 65_536, 3, 0x22, -1, 0)}
    lea rsi, [rax+65536]
    mov r13, r14
    ${sys('clone', 0x10f00, 'rsi', 0, 0, 0)}
    test eax, eax
    jz thread
    dec r14d
    jmp more
  wait: ${sys('yield')}
    cmp dword ptr [${OUT + 0x800}], ${operations === 0 ? 0 : THREADS}
    jne wait
    mov ebx, ${TABLE}
    mov r12d, ${frees ? count : 0}
  free: test r12d, r12d
    jz finish
    ${sys('tramp_free', '[rbx+8]', 0)}
    test rax, rax
    js failed
    add rbx, ${ENTRY_BYTES}
    dec r12d
    jmp free
  failed: mov ${slot(3)}, rax
    jmp finish
  target: mov rax, r10
    ret
  create: ${MAKERS[maker]}
  prepare: mov dword ptr [r15], 2
    mov dword ptr [r15+16], ${NAME.r10}
    mov dword ptr [r15+32], ${NAME.rip}
    lea rax, [rip+target]
    mov [r15+40], rax
    ret

  thread: mov r15, r13
    shl r15, 6
    add r15, ${BUFFERS}
    call prepare
    imul rbp, r13, 0x12345677
    mov r12d, ${Math.floor(operations / THREADS)}
    xor r13d, r13d
    xor r14d, r14d
  operation: mov rax, rbp
    shl rax, 13
    xor rbp, rax
    mov rax, rbp
    shr rax, 7
    xor rbp, rax
    mov rax, rbp
    shl rax, 17
    xor rbp, rax
    mov rbx, rbp
    shr rbx, 32
    imul rbx, rbx, ${COUNT}
    shr rbx, 32
    shl rbx, 5
    add rbx, ${TABLE}
  lock: mov eax, 1
    xchg eax, [rbx]
    test eax, eax
    jz locked
    ${sys('yield')}
    jmp lock
  locked: mov eax, ebp
    and eax, 15
    jz anew
    cmp eax, 5
    jb change
    call qword ptr [rbx+8]
    add r13, rax
    mov rcx, [rbx+16]
    add r14, rcx
    lock inc ${slot(4)}
    cmp rax, rcx
    je unlock
    lock inc ${slot(2)}
    jmp unlock
  anew: ${sys('tramp_free', '[rbx+8]', 0)}
    mov [rbx+16], rbp
    mov [r15+${VALUE}], rbp
    test rax, rax
    js bad
    call create
    jmp check
  change: mov [rbx+16], rbp
    mov [r15+${VALUE}], rbp
    ${sys('tramp_set', '[rbx+8]', SET_REGS, 'r15')}
  check: test rax, rax
    jns unlock
  bad: mov ${slot(3)}, rax
  unlock: mov qword ptr [rbx], 0
    dec r12d
    jnz operation
    lock add ${slot(0)}, r13
    lock add ${slot(1)}, r14
    lock inc dword ptr [${OUT + 0x800}]
    ${sys('exit', 0)}`;
const measured = (maker: Maker, count: number, operations: number, frees: boolean, seed: number): Ran => run(program(maker, count, operations, frees), OUTPUTS, { seed });
const bytesOf = ({ counters }: Ran): number => counters.codeBytes + counters.dataBytes + counters.tableBytes;
const mappingsOf = ({ machine }: Ran): number => machine.kernel.first?.memory.vmas.length ?? -1;

/** Who makes them, how many operations, and how many are made where only memory is looked at. */
const ROWS: readonly (readonly [maker: Maker, operations: number, count: number])[] = [
  ['tramp_create', OPERATIONS, COUNT], ['trampfd_create, pwrite, mmap, close', Math.ceil(OPERATIONS / 5), COUNT / 10],
];
const many = suite('trampfd › 10,000 at once');
for (const [maker, operations, count] of ROWS) {
  many(`by ${maker}: ${operations.toLocaleString('en')} random operations by four threads, and nothing is left`, () => {
    const ran = measured(maker, COUNT, operations, true, operations), [got, wanted, mismatches, errors, calls] = ran.out;
    assert.is(ran.stderr, '');
    assert.equal([mismatches, errors], [0n, 0n]);
    assert.ok(got === wanted && got !== 0n);
    assert.is(BigInt(ran.invocations), calls);
    assert.ok(ran.invocations > operations / 2);
    // The threads' stacks are one mapping.
    assert.equal([ran.live, ran.machine.trampolines.bytes, mappingsOf(ran)], [0, 0, mappingsOf(measured(maker, 0, 0, true, 1)) + 1]);
  });
  many(`by ${maker}: ${count.toLocaleString('en')} take no physical memory, page tables included`, () => {
    const ran = measured(maker, count, 0, false, 1), none = measured(maker, 0, 0, false, 1);
    assert.equal([ran.stderr, ran.live, none.live], ['', count, 0]);
    assert.is(bytesOf(ran) - bytesOf(none), 0);
    assert.is(mappingsOf(ran) - mappingsOf(none), count);
  });
}
many.run();
