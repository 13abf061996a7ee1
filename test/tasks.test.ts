/** Tasks as guests make them: fork, threads, wait, signals between processes, execve, turns. Where the host is Linux, it runs them too. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GuestOptions, isNativeHost, runGuest, runNative } from './support/guest.ts';
import { build as buildGuest, DATA, slot, systemCall, values as valuesOf } from './support/guest-program.ts';

const DATA_BYTES = 0x40000, STACK = DATA + DATA_BYTES;
const SYS = {
  write: 1, close: 3, mmap: 9, sigaction: 13, pipe: 22, yield: 24, nanosleep: 35, setitimer: 38, clone: 56, fork: 57, vfork: 58, execve: 59, exit: 60, wait4: 61, kill: 62,
  sigsuspend: 130, futex: 202, setTidAddress: 218, group: 231, getpid: 39, getppid: 110, prctl: 157, read: 0,
} as const;
const SIGALRM = 14, SIGCHLD = 17, SIGTERM = 15;
const THREAD = 0x10f00, CHILD_CLEARTID = 0x200000, SA_RESTORER = 0x400_0000, SA_RESTART = 0x1000_0000;
const sys = (call: keyof typeof SYS, ...args: readonly (string | number)[]): string => systemCall(SYS[call], ...args);
const build = (source: string): Uint8Array => buildGuest(`_start:\n${source}`, DATA_BYTES);
const values = (bytes: Uint8Array): number[] => valuesOf(bytes).map(Number);
/** Puts out so many slots and ends the process. */
const finish = (slots: number): string => `${sys('write', 1, DATA, 8 * slots)}\n${sys('group', 0)}`;

const tasks = suite('tasks');
/** A claim about what a guest puts out, here and on a real kernel. */
function claim(name: string, source: string, expected: readonly number[], options: GuestOptions = {}): void {
  tasks(name, () => {
    const elf = build(source), here = runGuest(elf, options);
    assert.equal(values(here.stdout), expected, here.stderr);
    assert.is(here.status, 0);
    if (isNativeHost) assert.equal(values(runNative(elf).stdout), expected, 'natively');
  });
}

claim('fork gives 0 and a number; what one writes, the other does not see; wait4 tells the status', `
  mov ${slot(0)}, 5
  ${sys('fork')}
  test eax, eax
  jnz parent
  mov ${slot(0)}, 6
  ${sys('group', 7)}
parent:
  mov rbx, rax
  ${sys('wait4', -1, DATA + 8, 0, 0)}
  cmp rax, rbx
  sete cl
  movzx ecx, cl
  mov ${slot(2)}, rcx
  ${sys('wait4', -1, 0, 0, 0)}
  mov ${slot(3)}, rax
  ${finish(4)}`, [5, 0x700, 1, -10]);

claim('a thread shares memory; its end clears a word and wakes who waits for it', `
  mov dword ptr [${DATA + 0x100}], 1
  ${sys('clone', THREAD | CHILD_CLEARTID, STACK - 64, 0, DATA + 0x100, 0)}
  test eax, eax
  jnz first
  mov ${slot(0)}, 42
  ${sys('exit', 3)}
first:
  mov eax, dword ptr [${DATA + 0x100}]
  test eax, eax
  jz joined
  ${sys('futex', DATA + 0x100, 0, 1, 0)}
  jmp first
joined:
  mov eax, dword ptr [${DATA + 0x100}]
  mov ${slot(1)}, rax
  ${finish(2)}`, [42, 0]);

claim('a vfork parent goes on when the child has ended, and sees what it wrote', `
  ${sys('vfork')}
  test eax, eax
  jnz parent
  mov ${slot(0)}, 9
  ${sys('exit', 0)}
parent:
  mov rcx, ${slot(0)}
  mov ${slot(1)}, rcx
  ${finish(2)}`, [9, 9]);

claim('a signal from another process ends a sleep, and kills who does not catch it', `
  ${sys('fork')}
  test eax, eax
  jnz parent
wait:
  ${sys('sigsuspend', `${DATA + 0x200}`, 8)}
  jmp wait
parent:
  mov rbx, rax
  ${sys('kill', 'rbx', SIGTERM)}
  mov ${slot(0)}, rax
  ${sys('wait4', 'rbx', DATA + 8, 0, 0)}
  ${sys('kill', 'rbx', 0)}
  mov ${slot(2)}, rax
  ${finish(3)}`, [0, SIGTERM, -3]);

/** A handler that counts in slot 9. */
const CATCH = (signal: number, flags: number): string => `
  lea rax, [rip+handler]
  mov qword ptr [${DATA + 0x300}], rax
  mov qword ptr [${DATA + 0x308}], ${flags | SA_RESTORER}
  lea rax, [rip+restorer]
  mov qword ptr [${DATA + 0x310}], rax
  ${sys('sigaction', signal, DATA + 0x300, 0, 8)}
  jmp caught
handler:
  inc ${slot(9)}
  ret
restorer:
  mov eax, 15
  syscall
caught:`;
claim('SIGCHLD comes with a child\'s end; a call that it interrupts fails, or is made again with SA_RESTART', `
  ${CATCH(SIGCHLD, 0)}
  ${sys('pipe', DATA + 0x400)}
  ${sys('fork')}
  test eax, eax
  jnz one
  mov qword ptr [${DATA + 0x600}], 0
  mov qword ptr [${DATA + 0x608}], 50000000
  ${sys('nanosleep', DATA + 0x600, 0)}
  ${sys('group', 0)}
one:
  mov edi, dword ptr [${DATA + 0x400}]
  ${sys('read', 'rdi', DATA + 0x500, 1)}
  mov ${slot(0)}, rax
  or qword ptr [${DATA + 0x308}], ${SA_RESTART}
  ${sys('sigaction', SIGCHLD, DATA + 0x300, 0, 8)}
  ${sys('fork')}
  test eax, eax
  jnz two
  ${sys('fork')}
  test eax, eax
  jnz quick
  mov qword ptr [${DATA + 0x600}], 0
  mov qword ptr [${DATA + 0x608}], 50000000
  ${sys('nanosleep', DATA + 0x600, 0)}
  mov edi, dword ptr [${DATA + 0x404}]
  ${sys('write', 'rdi', DATA, 1)}
quick:
  ${sys('group', 0)}
two:
  mov edi, dword ptr [${DATA + 0x400}]
  ${sys('read', 'rdi', DATA + 0x500, 1)}
  mov ${slot(1)}, rax
  mov rax, ${slot(9)}
  mov ${slot(2)}, rax
  ${finish(3)}`, [-4, 1, 2]);

claim('a descriptor closed by another thread stays open for the read that waits on it', `
  ${sys('pipe', DATA + 0x400)}
  ${sys('clone', THREAD | CHILD_CLEARTID, STACK - 64, 0, DATA + 0x100, 0)}
  mov dword ptr [${DATA + 0x100}], 1
  test eax, eax
  jnz first
  mov edi, dword ptr [${DATA + 0x400}]
  ${sys('read', 'rdi', DATA + 0x500, 1)}
  mov ${slot(0)}, rax
  ${sys('exit', 0)}
first:
  mov qword ptr [${DATA + 0x608}], 20000000
  ${sys('nanosleep', DATA + 0x600, 0)}
  mov edi, dword ptr [${DATA + 0x400}]
  ${sys('close', 'rdi')}
  mov edi, dword ptr [${DATA + 0x404}]
  ${sys('write', 'rdi', DATA, 1)}
  mov ${slot(1)}, rax
  ${sys('nanosleep', DATA + 0x600, 0)}
  ${finish(2)}`, [1, 1]);
claim('a vfork parent is killed by a signal that nobody catches, though it waits', `
  ${sys('fork')}
  test eax, eax
  jnz parent
  ${sys('vfork')}
  test eax, eax
  jnz gone
  mov qword ptr [${DATA + 0x608}], 50000000
  ${sys('nanosleep', DATA + 0x600, 0)}
gone:
  ${sys('group', 3)}
parent:
  mov rbx, rax
  mov qword ptr [${DATA + 0x608}], 20000000
  ${sys('nanosleep', DATA + 0x600, 0)}
  ${sys('kill', 'rbx', SIGTERM)}
  ${sys('wait4', 'rbx', DATA + 8, 0, 0)}
  ${finish(2)}`, [0, SIGTERM]);

claim('an alarm interrupts a loop that calls nothing', `
  ${CATCH(SIGALRM, 0)}
  mov qword ptr [${DATA + 0x618}], 20000
  ${sys('setitimer', 0, DATA + 0x600, 0)}
again:
  cmp ${slot(9)}, 0
  je again
  mov rax, ${slot(9)}
  mov ${slot(0)}, rax
  ${finish(1)}`, [1]);

claim('two threads that wait for each other\'s writes both go on: turns end', `
  ${sys('clone', THREAD, STACK - 64, 0, 0, 0)}
  test eax, eax
  jnz first
ping:
  cmp ${slot(0)}, 1
  jne ping
  mov ${slot(0)}, 2
  ${sys('exit', 0)}
first:
  mov ${slot(0)}, 1
pong:
  cmp ${slot(0)}, 2
  jne pong
  ${finish(1)}`, [2]);

claim('who loses its parent is not waited for, and goes on', `
  ${sys('pipe', DATA + 0x400)}
  ${sys('fork')}
  test eax, eax
  jnz first
  ${sys('fork')}
  test eax, eax
  jnz middle
  ${sys('yield')}
  mov edi, dword ptr [${DATA + 0x404}]
  ${sys('write', 'rdi', DATA, 1)}
  ${sys('group', 0)}
middle:
  ${sys('group', 4)}
first:
  ${sys('wait4', -1, DATA, 0, 0)}
  mov edi, dword ptr [${DATA + 0x400}]
  ${sys('read', 'rdi', DATA + 0x500, 1)}
  mov ${slot(1)}, rax
  ${sys('wait4', -1, 0, 0, 0)}
  mov ${slot(2)}, rax
  ${finish(3)}`, [0x400, 1, -10]);

tasks('execve starts the program anew in the same process', () => {
  // argc is 1 at first; the second time it is 2.
  const elf = build(`
    cmp qword ptr [rsp], 2
    je second
    mov rbp, rsp
    mov rax, [rbp+8]
    mov qword ptr [${DATA + 0x100}], rax
    mov qword ptr [${DATA + 0x108}], rax
    mov qword ptr [${DATA + 0x110}], 0
    ${sys('getpid')}
    lea rdi, [rip+path]
    ${sys('execve', 'rdi', DATA + 0x100, 0)}
    mov ${slot(0)}, rax
    ${finish(1)}
  second:
    ${sys('getpid')}
    mov ${slot(0)}, rax
    mov rax, ${slot(1)}
    ${finish(2)}
  path: .asciz "/guest"`);
  const { stdout, stderr } = runGuest(elf);
  assert.equal(values(stdout), [1000, 0], stderr);
});
tasks('processes that wait for each other are a deadlock, told in a line', () => {
  const { status, stderr } = runGuest(build(`${sys('pipe', DATA + 0x400)}\n${sys('fork')}\nmov edi, dword ptr [${DATA + 0x400}]\n${sys('read', 'rdi', DATA, 1)}\n${finish(0)}`));
  assert.is(status, 2);
  assert.match(stderr, /^tramp64: deadlock/);
});
tasks('whoever performs, turns end at the same instructions; another seed gives other turns', () => {
  // Four threads add to a word without a lock until each has done so 60,000 times: how much gets lost depends on the turns.
  const source = `
    mov r15d, 3
  more:
    mov rsi, r15
    shl rsi, 12
    add rsi, ${DATA + 0x10000}
    ${sys('clone', THREAD, 'rsi', 0, 0, 0)}
    test eax, eax
    jz work
    dec r15d
    jnz more
  work:
    mov r14d, 60000
  loop:
    mov rax, ${slot(0)}
    xor ecx, ecx
    add rax, 1
    imul rdx, rax, 3
    mov ${slot(0)}, rax
    dec r14d
    jnz loop
    lock inc ${slot(1)}
    cmp ${slot(1)}, 4
    jne gone
    ${finish(1)}
  gone:
    ${sys('exit', 0)}`;
  const elf = build(source);
  const outcome = (options: GuestOptions): string => {
    const { stdout, counters } = runGuest(elf, options);
    return `${values(stdout).join()} ${counters.instructions} ${counters.cycles}`;
  };
  const once = outcome({ cpu: { engine: 'interpret' } });
  for (const engine of ['threaded', 'auto'] as const) assert.is(outcome({ cpu: { engine } }), once, engine);
  assert.is(outcome({ cpu: { engine: 'auto', hotRuns: 10 } }), once, 'compiled at once');
  assert.is(outcome({ seed: 5 }), outcome({ seed: 5 }));
  assert.is.not(outcome({ seed: 5 }), outcome({ seed: 6 }));
});
tasks('a process that forks for ever is refused, not served', () => {
  const { stdout, status } = runGuest(build(`
    xor ebx, ebx
  again:
    ${sys('fork')}
    test eax, eax
    jz child
    js refused
    inc ebx
    jmp again
  child:
    ${sys('pipe', DATA + 0x400)}
    mov edi, dword ptr [${DATA + 0x400}]
    ${sys('read', 'rdi', DATA, 1)}
  refused:
    neg eax
    mov ${slot(0)}, rax
    ${sys('write', 1, DATA, 8)}
    ${sys('kill', 0, 9)}`), { memoryBytes: 16 << 20 });
  assert.is(status, 137);
  assert.ok([11, 12].includes(values(stdout)[0]!), `errno ${values(stdout)[0]}`);
});
tasks('the world is as before when all have ended: no frame, no task, no descriptor is left', () => {
  const { machine } = runGuest(build(`
    mov r15d, 20
  again:
    ${sys('fork')}
    test eax, eax
    jz child
    ${sys('wait4', -1, 0, 0, 0)}
    dec r15d
    jnz again
    ${finish(0)}
  child:
    ${sys('pipe', DATA + 0x400)}
    ${sys('mmap', 0, 65536, 3, 0x22, -1, 0)}
    mov qword ptr [rax], 1
    ${sys('group', 0)}`));
  const { frames } = machine.mmu, { processes, tasks: running } = machine.kernel.system;
  machine.kernel.first!.memory.release();
  assert.equal([processes.size, running.size, machine.kernel.first!.files.open().length], [0, 0, 0]);
  assert.ok(frames.used <= 1 + 8, `${frames.used} frames in use`); // The zero frame, and the program's own pages in the cache.
});
tasks.run();
