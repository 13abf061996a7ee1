/**
 * 10,000 trampolines at once: called, changed, freed and made anew at random by four threads, every value checked, and nothing left of them.
 * TRAMPOLINE_OPERATIONS=1000000 does more, and 10,000 of every kind.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TYPES } from '../src/trampfd/uapi.ts';
import { OUT, run, slot, SPARE, sys, type Ran } from './support/trampfd-program.ts';
import { NAME, SET_REGS } from './support/trampfd-world.ts';

const COUNT = 10_000, THREADS = 4, OPERATIONS = Number(process.env['TRAMPOLINE_OPERATIONS'] ?? 3_000), isThorough = OPERATIONS >= 1_000_000;
/** An entry a trampoline: { u64 lock, address, value, unused }. */
const TABLE = OUT + 0x20000, ENTRY_BYTES = 32;
/** A structure of contexts a thread, at 64 bytes each; its r10 is at VALUE. */
const BUFFERS = OUT + 0x1000, VALUE = 24;
const OUTPUTS = 5;

/** How trampolines of a kind live. The entry is at rbx, its value there; r15 is the thread's structure; rbx, rbp, r12 to r15 stay. Results, errors are negative, in rax. */
interface Kind {
  /** Once, before and after all. */
  readonly setUp?: string; readonly tearDown?: string;
  /** Ends with `ret`. */
  readonly create: string;
  readonly change: string; readonly free: string;
  /** Calls go through the kernel, which counts them. */
  readonly isCounted: boolean;
}
const WANTS_FAST = 32, GATED = 64;
const TAKE_VALUE = `mov rax, [rbx+16]\nmov [r15+${VALUE}], rax`, NOTHING = 'xor eax, eax', freed = sys('tramp_free', '[rbx+8]', 0);
const changed = `${TAKE_VALUE}\n${sys('tramp_set', '[rbx+8]', SET_REGS, 'r15')}`;
const byCall = (flags: number, isCounted: boolean): Kind => ({ create: `${TAKE_VALUE}\n${sys('tramp_create', 0, flags, 'r15', 0)}\nmov [rbx+8], rax\nret`, change: changed, free: freed, isCounted });
/** `map`: from the descriptor at [rsp] to the address in rax. */
const byDescriptor = (user: string, map: string, isCounted: boolean): Kind => ({
  create: `${TAKE_VALUE}
    ${sys('trampfd_create', 0, `offset ${user}`, 0)}
    push rax
    lea rsi, [r15+8]
    mov dword ptr [rsi], 2
    ${sys('pwrite', 'rax', 'rsi', 40, 1)}
    mov dword ptr [r15+8], 0
    ${map}
    mov [rbx+8], rax
    ${sys('close', '[rsp]')}
    pop rax
    ret`,
  change: changed, free: freed, isCounted,
});
/** Memory that is the entry's: rdx. */
const BYTES = OUT + 0x80000, OWN = `mov rdx, rbx\nsub rdx, ${TABLE}\nimul rdx, rdx, 24\nshr rdx, 5\nadd rdx, ${BYTES}`;
const DATA_TABLES = BYTES + 0x1000, PAGES = 0x1000_0000, INDEX = `mov rax, rbx\nsub rax, ${TABLE}\nshr rax, 5`;
const KINDS: Readonly<Record<string, Kind>> = {
  'tramp_create': byCall(0, true),
  'trampfd_create, pwrite, mmap, close': byDescriptor('zeros', sys('mmap', 0, 4096, 0, 2, '[rsp]', 0), true),
  'tramp_create, fast': byCall(WANTS_FAST, false),
  'trampfd_create, fast': byDescriptor('fast_info', `sub rsp, 24
    ${sys('pread', '[rsp+24]', 'rsp', 24, 0)}
    ${sys('mmap', 0, 4096, 5, 2, '[rsp+24]', 0)}
    mov ecx, dword ptr [rsp+16]
    add rax, rcx
    add rsp, 24`, false),
  'tramp_create, a system call': byCall(GATED, true),
  'trampfd, 99 tables': {
    setUp: `mov edi, ${BYTES}
    mov ecx, 102
    lea rax, [rip+target]
    rep stosq
    xor r12d, r12d
  table: ${sys('trampfd', SPARE)}
    mov r13, rax
    mov dword ptr [${SPARE}], 102
    mov dword ptr [${SPARE + 4}], 17
    mov qword ptr [${SPARE + 8}], ${BYTES}
    ${sys('pwrite', 'r13', SPARE, 16, 0)}
    imul rax, r12, ${8 * 102}
    add rax, ${DATA_TABLES}
    mov qword ptr [${SPARE}], 16
    mov [${SPARE + 8}], rax
    ${sys('pwrite', 'r13', SPARE, 16, 1)}
    mov rdi, r12
    shl rdi, 12
    add rdi, ${PAGES}
    ${sys('mmap', 'rdi', 4096, 5, 2, 'r13', 4096)}
    ${sys('close', 'r13')}
    inc r12d
    cmp r12d, 99
    jb table`,
    tearDown: sys('munmap', PAGES, 99 * 4096),
    create: `${INDEX}
    mov rcx, [rbx+16]
    mov [rax*8+${DATA_TABLES}], rcx
    xor edx, edx
    mov ecx, 102
    div ecx
    shl eax, 12
    imul edx, edx, 40
    lea rax, [rax+rdx+${PAGES}]
    mov [rbx+8], rax
    ret`,
    change: `${INDEX}\nmov rcx, [rbx+16]\nmov [rax*8+${DATA_TABLES}], rcx\n${NOTHING}`, free: `${INDEX}\nmov qword ptr [rax*8+${DATA_TABLES}], 0\n${NOTHING}`, isCounted: false,
  },
  'TRAMPFD_INTERPRET': {
    create: `${OWN}
    mov word ptr [rdx], 0xb848
    mov rax, [rbx+16]
    mov [rdx+2], rax
    mov byte ptr [rdx+10], 0xc3
    mov [r15], rdx
    mov rax, ${11 + 8 * 2 ** 32}
    mov [r15+8], rax
    mov qword ptr [r15+16], 0
    ${sys('tramp_create', TYPES.INTERPRET, 0, 'r15', 0)}
    mov [rbx+8], rax
    ret`,
    change: `${OWN}\nmov rax, [rbx+16]\nmov [rdx+2], rax\n${NOTHING}`, free: freed, isCounted: true,
  },
  'TRAMPFD_EMULATE': {
    setUp: `mov qword ptr [${SPARE}], 2\nmov qword ptr [${SPARE + 8}], 0\nmov qword ptr [${SPARE + 16}], 0\n${sys('tramp_create', TYPES.EMULATE, 0, SPARE, PAGES)}`,
    tearDown: sys('tramp_free', PAGES, 0),
    create: `${OWN}
    mov [rbx+8], rdx
    lea rax, [rip+target]
    mov word ptr [rdx], 0xbb49
    mov [rdx+2], rax
    mov rax, [rbx+16]
    mov word ptr [rdx+10], 0xba49
    mov [rdx+12], rax
    mov dword ptr [rdx+20], 0x90e3ff49
    mov eax, 1
    ret`,
    change: `${OWN}\nmov rax, [rbx+16]\nmov [rdx+12], rax\n${NOTHING}`, free: `${OWN}\nmov dword ptr [rdx], 0\n${NOTHING}`, isCounted: true,
  },
  'TRAMPFD_KERNEL': {
    create: `mov qword ptr [r15], 0\n${sys('tramp_create', TYPES.KERNEL, 0, 'r15', 0)}\nmov [rbx+8], rax\n${sys('getpid')}\nmov [rbx+16], rax\nret`,
    change: `${sys('getpid')}\nmov [rbx+16], rax`, free: freed, isCounted: true,
  },
};
/** Slots: what calls gave, what they were to give, mismatches, errors, calls. */
const program = (kind: Kind, count: number, operations: number, frees: boolean): string => `
    mov edi, ${TABLE}
    mov ecx, ${COUNT * ENTRY_BYTES / 8}
    xor eax, eax
    rep stosq
    mov r15d, ${BUFFERS}
    call prepare
    ${kind.setUp ?? ''}
    mov ebx, ${TABLE}
    mov r12d, ${count}
    test r12d, r12d
    jz made
  each: imul rax, r12, 77
    mov [rbx+16], rax
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
    jz freed
    ${kind.free}
    test rax, rax
    js failed
    add rbx, ${ENTRY_BYTES}
    dec r12d
    jmp free
  freed: ${frees ? kind.tearDown ?? '' : ''}
    jmp finish
  failed: mov ${slot(3)}, rax
    jmp finish
  target: mov rax, r10
    ret
  create: ${kind.create}
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
    imul rbx, rbx, ${count}
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
  anew: ${kind.free}
    mov [rbx+16], rbp
    test rax, rax
    js bad
    call create
    jmp check
  change: mov [rbx+16], rbp
    ${kind.change}
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
const measured = (kind: string, count: number, operations: number, frees: boolean, seed: number): Ran => run(program(KINDS[kind]!, count, operations, frees), OUTPUTS, { seed });
const bytesOf = ({ counters }: Ran): number => counters.codeBytes + counters.dataBytes + counters.tableBytes;
const mappingsOf = ({ machine }: Ran): number => machine.kernel.first?.memory.vmas.length ?? -1;

const many = suite('trampfd › 10,000 at once');
for (const [kind, { isCounted }] of Object.entries(KINDS)) {
  const count = isThorough || kind === 'tramp_create' ? COUNT : 1000;
  many(`${kind}: ${OPERATIONS.toLocaleString('en')} random operations on ${count.toLocaleString('en')} by four threads, and nothing is left`, () => {
    const ran = measured(kind, count, OPERATIONS, true, OPERATIONS), none = measured(kind, 0, 0, true, 1), [got, wanted, mismatches, errors, calls = 0n] = ran.out;
    assert.is(ran.stderr, '');
    assert.equal([mismatches, errors], [0n, 0n]);
    assert.ok(got === wanted && got !== 0n);
    assert.is(BigInt(ran.invocations), isCounted ? calls : 0n);
    assert.ok(calls > OPERATIONS / 2);
    // The threads' stacks are one mapping.
    assert.equal([ran.live, ran.machine.trampolines.bytes, mappingsOf(ran)], [0, 0, mappingsOf(none) + 1]);
    assert.is(ran.counters.codeBytes, none.counters.codeBytes, 'no frame of code is left');
  });
}
for (const [kind, count] of [['tramp_create', COUNT], ['trampfd_create, pwrite, mmap, close', COUNT / 10]] as const) {
  many(`${kind}: ${count.toLocaleString('en')} take no physical memory, page tables included`, () => {
    const ran = measured(kind, count, 0, false, 1), none = measured(kind, 0, 0, false, 1);
    assert.equal([ran.stderr, ran.live, none.live], ['', count, 0]);
    assert.is(bytesOf(ran) - bytesOf(none), 0);
    assert.is(mappingsOf(ran) - mappingsOf(none), count);
  });
}
for (const kind of ['tramp_create, fast', 'trampfd_create, fast']) {
  many(`${kind}: a page of code has 102`, () => {
    const ran = measured(kind, 1020, 0, false, 1), none = measured(kind, 0, 0, true, 1);
    assert.is((ran.counters.codeBytes - none.counters.codeBytes) / 4096, 10);
  });
}
many.run();
