/** Who has a trampoline, and how long there is one: descriptors in sockets, fork, execve, threads, IDs between processes, and files that only have its name. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SecurityPolicy } from '../src/syscalls/policy.ts';
import { DATA_AT } from './support/kernel-world.ts';
import { ACTION, catchSignal, contexts, make, OUT, regs, run, slot, SPARE, sys } from './support/trampfd-program.ts';
import { ATTACH, BY_ID, PERSIST, REGS, regs as regsOf, SET_REGS, TrampfdWorld, words } from './support/trampfd-world.ts';

const SIGSEGV = 11, F_SETFD = 2, FCNTL = 72;
/** A message of one byte and one descriptor (unix(7), SCM_RIGHTS): the descriptor is at `passed`. */
const MESSAGE = `.balign 8
message: .quad 0, 0, vector, 1, control, 24, 0
vector: .quad byte_sent, 1
control: .quad 20
  .long 1, 1
passed: .long 0, 0
byte_sent: .quad 0x78`;
/** In writable memory, for the kernel writes into it: `at` of a label there. */
const MOVED = `mov edi, ${SPARE}
  mov esi, offset message
  mov ecx, 112
  rep movsb
  mov qword ptr [${SPARE + 16}], ${SPARE + 56}
  mov qword ptr [${SPARE + 32}], ${SPARE + 72}
  mov qword ptr [${SPARE + 56}], ${SPARE + 96}`;
const PASSED = `dword ptr [${SPARE + 88}]`;
const PAIR = `${MOVED}\n${sys('socketpair', 1, 1, 0, OUT + 0x800)}\nmov r12d, dword ptr [${OUT + 0x800}]\nmov r13d, dword ptr [${OUT + 0x804}]`;
const MAP = (fd: string): string => sys('mmap', 0, 4096, 0, 2, fd, 0);
const CONTEXT = regs('context', ['r10', 40], ['rip', 'target']), TARGET = 'target: lea rax, [rdi+r10]\n ret';
const child = (code: string): string => `${sys('fork')}\ntest eax, eax\njnz 1f\n${code}\n${sys('exit_group', 0)}\n1: ${sys('wait4', -1, OUT + 0x810, 0, 0)}`;

const sockets = suite('trampfd › descriptors in sockets');
sockets('the receiver maps and calls what a process sent that has closed it and ended', () => {
  const { out, stderr, live, invocations } = run(`
    ${PAIR}
    ${child(`
      ${make('context')}
      mov ${PASSED}, r14d
      ${sys('sendmsg', 'r12', SPARE, 0)}
      ${sys('munmap', 'rax', 4096)}
      ${sys('close', 'r14')}`)}
    mov ${PASSED}, 99
    ${sys('recvmsg', 'r13', SPARE, 0)}
    mov ${slot(1)}, rax
    mov r15d, ${PASSED}
    ${MAP('r15')}
    mov rbx, rax
    ${sys('close', 'r15')}
    mov edi, 2
    call rbx
    mov ${slot(0)}, rax
    jmp finish
  ${TARGET}
  ${CONTEXT}
  ${MESSAGE}`, 2);
  assert.equal([stderr, ...out, live, invocations], ['', 42n, 1n, 1, 1]);
});
sockets('what is in flight lives: until the message is read, or nobody can read it any more', () => {
  const SOCKETPAIR = 53, SENDMSG = 46, RECVMSG = 47;
  for (const end of ['read', 'thrown away'] as const) {
    const w = new TrampfdWorld(), pair = w.buffer(8), { fd, at } = w.trampoline({ [REGS]: regsOf(['rip', 0x401000n]) });
    w.call(SOCKETPAIR, 1, 1, 0, pair);
    const [from, to] = [w.peek(pair, 8).getInt32(0, true), w.peek(pair, 8).getInt32(4, true)], control = w.buffer(24, words(20n, 1, 1, fd, 0));
    const message = w.words(0, 0, w.words(w.string('x'), 1), 1, control, 24, 0);
    assert.is(w.call(SENDMSG, from, message, 0), 1);
    assert.equal([w.sys('close', fd), w.sys('munmap', at, 4096), w.objects.live], [0, 0, 1]);
    if (end === 'thrown away') {
      assert.equal([w.sys('close', from), w.objects.live, w.sys('close', to)], [0, 1, 0]);
    } else {
      assert.is(w.call(RECVMSG, to, message, 0), 1);
      const received = w.peek(control + 16, 4).getInt32(0, true), mapped = w.map(received);
      assert.equal([w.fault(mapped), w.sys('close', received), w.objects.live, w.sys('munmap', mapped, 4096)], ['resume', 0, 1, 0]);
    }
    assert.is(w.objects.live, 0, end);
  }
});
sockets('who has the descriptor changes what all have mapped', () => {
  const { out, stderr } = run(`
    ${make('context')}
    mov rbx, rax
    ${child(sys('pwrite', 'r14', 'offset other', 24, 1))}
    call rbx
    mov ${slot(0)}, rax
    jmp finish
  target: mov eax, 1
    ret
  second: mov eax, 2
    ret
  ${CONTEXT}
  ${regs('other', ['rip', 'second'])}`, 1);
  assert.equal([stderr, ...out], ['', 2n]);
});
sockets.run();

const forks = suite('trampfd › fork and execve');
forks('a child has the descriptor and not the mapping', () => {
  const { out, stderr, live } = run(`
    ${make('context')}
    mov rbx, rax
    ${child('call rbx')}
    mov eax, dword ptr [${OUT + 0x810}]
    mov ${slot(0)}, rax
    ${child(`${MAP('r14')}\nmov edi, 2\ncall rax\n${sys('exit_group', 'rax')}`)}
    mov eax, dword ptr [${OUT + 0x810}]
    mov ${slot(1)}, rax
    jmp finish
  ${TARGET}
  ${CONTEXT}`, 2);
  assert.equal([stderr, out[0]! & 0x7fn, out[1], live], ['', BigInt(SIGSEGV), 42n << 8n, 1]);
});
forks('a child\'s mapping and descriptor keep the object, and its end gives them back', () => {
  const { out, stderr, live } = run(`
    ${make('context')}
    mov rbx, rax
    ${child(MAP('r14'))}
    ${sys('munmap', 'rbx', 4096)}
    ${sys('close', 'r14')}
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    ${sys('close', 'rax')}
    jmp finish
  ${TARGET}
  ${CONTEXT}`);
  assert.equal([stderr, out, live], ['', [], 0]);
});
/** The same program again: the second time argc is 2, and `again` runs. */
const again = (first: string, second: string, data: string): string => `
    cmp qword ptr [rsp], 2
    je again
    ${first}
    ${sys('execve', 'offset path', 'offset argv', 0)}
    hlt
  again: ${second}
    jmp finish
  path: .asciz "/guest"
  .balign 8
  argv: .quad path, path, 0
  ${data}`;
forks('execve takes mappings and descriptors', () => {
  const { stderr, live, out } = run(again(`${make('context')}\n${sys('tramp_create', 0, 0, 'offset both', 0)}`, `
    mov r14d, 3
    ${MAP('r14')}
    mov ${slot(0)}, rax`, `${TARGET}\n${CONTEXT}\n${contexts('both', ['rip', 'target'])}`), 1);
  assert.equal([stderr, live, ...out], ['', 0, -9n]);
});
forks('but not a descriptor that is to stay, nor IDs', () => {
  const { stderr, out, live } = run(again(`
    ${make('context')}
    mov edi, r14d
    mov esi, ${F_SETFD}
    xor edx, edx
    mov eax, ${FCNTL}
    syscall
    ${sys('tramp_create', 0, BY_ID, 'offset both', 0o700)}`, `
    ${MAP('3')}
    mov edi, 2
    call rax
    mov ${slot(0)}, rax
    ${sys('tramp_share', 0, BY_ID | ATTACH, 0)}
    call rax
    mov ${slot(1)}, rax`, `${TARGET}\n${CONTEXT}\n${contexts('both', ['r10', 5], ['rip', 'target'])}`), 2);
  assert.equal([stderr, ...out, live], ['', 42n, 5n, 2]);
});
forks.run();

const ids = suite('trampfd › IDs between processes');
const BOTH = contexts('both', ['r10', 40], ['rip', 'target']);
ids('a process that is told the number maps it and calls it', () => {
  const { out, stderr, live } = run(`
    ${sys('tramp_create', 0, BY_ID, 'offset both', 0o700)}
    mov rbx, rax
    ${child(`${sys('tramp_share', 'rbx', BY_ID | ATTACH, 0)}\nmov edi, 2\ncall rax\n${sys('exit_group', 'rax')}`)}
    mov eax, dword ptr [${OUT + 0x810}]
    mov ${slot(0)}, rax
    ${sys('tramp_free', 'rbx', BY_ID)}
    mov ${slot(1)}, rax
    ${child(`${sys('tramp_share', 'rbx', BY_ID | ATTACH, 0)}\nneg rax\n${sys('exit_group', 'rax')}`)}
    mov eax, dword ptr [${OUT + 0x810}]
    mov ${slot(2)}, rax
    jmp finish
  ${TARGET}
  ${BOTH}`, 3);
  assert.equal([stderr, ...out, live], ['', 42n << 8n, 0n, 22n << 8n, 0]);
});
for (const persists of [false, true]) {
  ids(`an ID whose maker has ended is ${persists ? 'there, if it persists, until it is removed' : 'gone, but what is mapped stays'}`, () => {
    const { out, stderr, live } = run(`
      ${sys('mmap', SPARE, 4096, 3, 0x31, -1, 0)}
      ${sys('fork')}
      test eax, eax
      jnz parent
      ${sys('tramp_create', 0, persists ? BY_ID | PERSIST : BY_ID, 'offset both', 0o700)}
      mov qword ptr [${SPARE + 8}], rax
      mov qword ptr [${SPARE}], 1
    told: ${sys('yield')}
      cmp qword ptr [${SPARE}], 2
      jne told
      ${sys('exit_group', 0)}
    parent: ${sys('yield')}
      cmp qword ptr [${SPARE}], 1
      jne parent
      mov rbx, qword ptr [${SPARE + 8}]
      ${persists ? '' : `${sys('tramp_share', 'rbx', BY_ID | ATTACH, 0)}\nmov r12, rax`}
      mov qword ptr [${SPARE}], 2
      ${sys('wait4', -1, 0, 0, 0)}
      ${sys('tramp_share', 'rbx', BY_ID | ATTACH, 0)}
      mov ${slot(0)}, rax
      ${persists ? 'mov r12, rax' : ''}
      mov edi, 2
      call r12
      mov ${slot(1)}, rax
      ${sys('tramp_free', 'rbx', BY_ID)}
      mov ${slot(2)}, rax
      ${sys('tramp_free', 'r12', 0)}
      jmp finish
    ${TARGET}
    ${BOTH}`, 3);
    assert.equal([stderr, out[0]! > 0n, out[1], out[2], live], ['', persists, 42n, persists ? 0n : -22n, 0]);
  });
}
ids('sharing again makes it the sharer\'s to keep', () => {
  const { out, stderr, live } = run(`
    ${sys('mmap', SPARE, 4096, 3, 0x31, -1, 0)}
    ${child(`${sys('tramp_create', 0, BY_ID | PERSIST, 'offset both', 0o700)}\nmov qword ptr [${SPARE}], rax`)}
    mov rbx, qword ptr [${SPARE}]
    ${sys('tramp_share', 'rbx', BY_ID, 0o700)}
    mov ${slot(0)}, rax
    jmp finish
  ${TARGET}
  ${BOTH}`, 1);
  assert.equal([stderr, ...out, live], ['', 0n, 0]);
});
ids.run();

// — every order of letting go —
const orders = suite('trampfd › the last reference');
function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.length < 2 ? [items] : items.flatMap((item, k) => permutations(items.filter((_, n) => n !== k)).map(rest => [item, ...rest]));
}
orders('descriptor, its copy, two mappings and an ID, in all 120 orders: the object goes with the last', () => {
  const w = new TrampfdWorld();
  w.poke(DATA_AT, new Uint8Array(0x20000));
  const frames = w.mmu.frames.used, mappings = w.task.process.memory.vmas.length;
  for (const order of permutations(['fd', 'dup', 'map', 'attached', 'id'] as const)) {
    const { fd, at } = w.trampoline({ [REGS]: regsOf(['rip', 0x401000n]) }), dup = w.sys('dup', fd), id = w.sys('tramp_share', at, 0, 0o700);
    const other = w.sys('tramp_share', id, BY_ID | ATTACH, 0);
    const letGo = {
      fd: () => w.sys('close', fd), dup: () => w.sys('close', dup), map: () => w.sys('munmap', at, 4096), attached: () => w.sys('tramp_free', other, 0), id: () => w.sys('tramp_free', id, BY_ID),
    };
    for (const what of order) {
      assert.is(w.objects.live, 1, `${order.join(' ')}: before ${what}`);
      assert.is(letGo[what](), 0);
    }
    assert.equal([w.objects.live, w.objects.bytes], [0, 0], order.join(' '));
  }
  assert.equal([w.mmu.frames.used, w.task.process.memory.vmas.length], [frames, mappings]);
});
orders('a mapping is replaced, cut and covered like any other', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({ [REGS]: regsOf(['rip', 0x401000n]) });
  w.sys('close', fd);
  assert.is(w.sys('mmap', at, 4096, 3, 0x32, -1, 0), at);
  assert.is(w.objects.live, 0);
});
orders.run();

// — the name alone —
const names = suite('trampfd › a file that is merely named [trampfd]');
names('a file, or a memfd, of that name is no trampoline', () => {
  const w = new TrampfdWorld(), memfd = Number(w.call(319, '[trampfd]', 0)), file = Number(w.call(2, '/tmp/[trampfd]', 0o102, 0o600)), context = regsOf(['rip', 0x401000n]);
  for (const fd of [memfd, file]) {
    assert.ok(fd >= 3);
    assert.is(w.sys('ftruncate', fd, 4096), 0);
    assert.is(w.write(fd, REGS, context), context.length, 'plain bytes');
    const at = w.map(fd);
    assert.ok(at > 0);
    assert.is(w.fault(at), 'denied');
    assert.equal([w.sys('tramp_set', at, SET_REGS, DATA_AT), w.sys('tramp_share', at, 0, 0o700), w.sys('tramp_free', at, 0)], [-22, -22, -22]);
    assert.is(w.sys('mprotect', at, 4096, 1), 0, 'and has a file\'s rights');
  }
  assert.is(w.objects.live, 0);
});
names('a guest that calls such a mapping dies', () => {
  const { signal, invocations } = run(`
    ${sys('memfd_create', 'offset name', 0)}
    mov r14, rax
    ${sys('ftruncate', 'r14', 4096)}
    ${sys('pwrite', 'r14', 'offset context', 24, 1)}
    ${MAP('r14')}
    call rax
  target: jmp finish
  name: .asciz "[trampfd]"
  ${regs('context', ['rip', 'target'])}`);
  assert.equal([signal, invocations], [SIGSEGV, 0]);
});
names.run();

const permission = suite('trampfd › the permission exectramp');
permission('who does not have it has no trampoline of any form or type: EACCES', () => {
  const policy = SecurityPolicy.of('deny-all'), CALLS = ['trampfd_create', 'tramp_create', 'tramp_set', 'tramp_get', 'tramp_allow', 'tramp_share', 'tramp_free'] as const;
  if (typeof policy === 'string') throw new Error(policy);
  const { out, live } = run(CALLS.map((call, k) => `${sys(call, 0, 0, 'offset zeros', 0)}\nmov ${slot(k)}, rax`).join('\n'), CALLS.length, { policy });
  assert.equal([live, ...out.map(Number)], [0, ...CALLS.map(() => -13)]);
});
permission.run();

// — threads —
const threads = suite('trampfd › threads');
/** Starts a thread at a label, on a stack of its own. */
const start = (label: string): string => `${sys('mmap', 0, 65_536, 3, 0x22, -1, 0)}\nlea rsi, [rax+65536]\n${sys('clone', 0x10f00, 'rsi', 0, 0, 0)}\ntest eax, eax\njz ${label}`;
threads('one maps, another calls, a third closes', () => {
  const { out, stderr } = run(`
    ${make('context')}
    mov qword ptr [${SPARE}], rax
    ${start('caller')}
    ${start('closer')}
  wait: ${sys('yield')}
    cmp qword ptr [${SPARE + 8}], 2
    jne wait
    jmp finish
  closer: ${sys('close', 'r14')}
    lock inc qword ptr [${SPARE + 8}]
    ${sys('exit', 0)}
  caller: mov edi, 2
    call qword ptr [${SPARE}]
    mov ${slot(0)}, rax
    lock inc qword ptr [${SPARE + 8}]
    ${sys('exit', 0)}
  ${TARGET}
  ${CONTEXT}`, 1);
  assert.equal([stderr, ...out], ['', 42n]);
});
for (const seed of [1, 2, 3]) {
  threads(`who calls while another changes it sees one context whole (seed ${seed})`, () => {
    const { out, stderr } = run(`
      ${sys('tramp_create', 0, 0, 'offset one', 0)}
      mov rbx, rax
      xor ebp, ebp
      ${start('changer')}
      mov r13d, 2000
    call: xor r10d, r10d
      xor r11d, r11d
      call rbx
      test r13d, 7
      jnz 1f
      ${sys('yield')}
    1: dec r13d
      jnz call
      mov ${slot(0)}, rbp
      mov rax, qword ptr [${SPARE + 8}]
      cmp rax, 10
      seta al
      movzx eax, al
      mov ${slot(1)}, rax
      mov eax, r12d
      mov ${slot(2)}, rax
      jmp finish
    changer: ${sys('tramp_set', 'rbx', SET_REGS, 'offset two')}
      ${sys('yield')}
      ${sys('tramp_set', 'rbx', SET_REGS, 'offset one')}
      ${sys('yield')}
      inc qword ptr [${SPARE + 8}]
      jmp changer
    first: cmp r10, 1
      jne wrong
      cmp r11, 10
      jne wrong
      or r12d, 1
      ret
    second: cmp r10, 2
      jne wrong
      cmp r11, 20
      jne wrong
      or r12d, 2
      ret
    wrong: inc rbp
      ret
    ${contexts('one', ['r10', 1], ['r11', 10], ['rip', 'first'])}
    ${contexts('two', ['r10', 2], ['r11', 20], ['rip', 'second'])}`, 3, { seed });
    assert.equal([stderr, ...out], ['', 0n, 1n, 3n]);
  });
}
threads('one that frees what another is about to call: a SIGSEGV that can be handled, or a call', () => {
  const { out, stderr } = run(`
    ${catchSignal(SIGSEGV)}
    ${sys('tramp_create', 0, 0, 'offset both', 0x700000)}
    mov rbx, rax
    ${start('freer')}
    mov r13d, 3000
  call: mov edi, 2
    mov rbp, rsp
    call rbx
  next: dec r13d
    jnz call
    jmp finish
  freer: ${sys('tramp_free', 'rbx', 0)}
    ${sys('tramp_create', 0, 0, 'offset both', 0x700000)}
    cmp rax, rbx
    jne stray
    jmp freer
  stray: hlt
  handler: inc ${slot(1)}
    mov rax, qword ptr [rdx+120]
    mov qword ptr [rdx+160], rax
    lea rax, [rip+next]
    mov qword ptr [rdx+168], rax
    ret
  target: inc ${slot(0)}
    ret
  ${ACTION}
  ${BOTH}`, 2, { seed: 5 });
  assert.is(stderr, '');
  assert.is(out[0]! + out[1]!, 3000n);
});
threads.run();
