/** Guests that want the machine to hang, starve or grow: they are refused, told in a line, or served in turn. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EMFILE, ENFILE, EPERM, ETXTBSY } from '../src/base/errno.ts';
import { Epoll } from '../src/syscalls/epoll.ts';
import { DescriptorTable } from '../src/syscalls/fd-table.ts';
import { FileDescription } from '../src/syscalls/file.ts';
import { Pipe, PipeBudget, PipeReader, PipeWriter } from '../src/syscalls/pipe.ts';
import { VmaList, VMAS_MAX } from '../src/mmu/vma-list.ts';
import { runGuest } from './support/guest.ts';
import { build as buildGuest, DATA, systemCall as call } from './support/guest-program.ts';
import { KernelWorld } from './support/kernel-world.ts';

const SA_RESTORER = 0x400_0000, SIGALRM = 14;
const build = (source: string): Uint8Array => buildGuest(`_start:\n${source}`, 0x20000);
/** SIGALRM's action, and a timer that rings every nanosecond. */
const RING = (handler: string): string => `
  lea rax, [rip+handler]
  mov qword ptr [${DATA}], ${handler}
  mov qword ptr [${DATA + 8}], ${SA_RESTORER}
  lea rax, [rip+restorer]
  mov qword ptr [${DATA + 16}], rax
  ${call(13, SIGALRM, DATA, 0, 8)}
  ${call(222, 1, 0, DATA + 0x100)}
  mov qword ptr [${DATA + 0x128}], 1
  mov qword ptr [${DATA + 0x138}], 1
  ${call(223, 0, 0, DATA + 0x120, 0)}
  jmp begin
handler:
  lock inc qword ptr [${DATA + 0x200}]
  ret
restorer:
  mov eax, 15
  syscall
begin:`;

const time = suite('hostile › time');
time('a timer of 1 ns whose signal is ignored wakes nobody: who waits for no more is deadlocked, and who sleeps wakes', () => {
  const dead = runGuest(build(`${RING('1')}\n${call(34)}`));
  assert.is(dead.status, 2);
  assert.match(dead.stderr, /deadlock/);
  const asleep = runGuest(build(`${RING('1')}\nmov qword ptr [${DATA + 0x300}], 1000\n${call(35, DATA + 0x300, 0)}\n${call(231, 3)}`));
  assert.is(asleep.status, 3, asleep.stderr);
  assert.ok(asleep.counters.instructions < 100);
});
time('nor does one whose signal is blocked and pending', () => {
  const { status, stderr } = runGuest(build(`${RING('rax')}\nmov qword ptr [${DATA + 0x300}], ${1 << SIGALRM - 1}\n${call(14, 0, DATA + 0x300, 0, 8)}\n${call(34)}`));
  assert.is(status, 2);
  assert.match(stderr, /deadlock/);
});
time('a timer of 1 ns with a handler lets a loop go on, and a sleep that begins anew each time ends', () => {
  const { status, counters } = runGuest(build(`${RING('rax')}
    mov ecx, 1000000
  loop:
    dec ecx
    jnz loop
    mov qword ptr [${DATA + 0x308}], 100000
  again:
    ${call(35, DATA + 0x300, DATA + 0x300)}
    test eax, eax
    js again
    ${call(231, 4)}`));
  assert.is(status, 4);
  assert.ok(counters.systemCalls < 500);
});
time('centuries from now, where a nanosecond is less than the clock can tell, timers and sleeps still end', () => {
  const { status } = runGuest(build(`
    mov rax, 3000000000
    mov qword ptr [${DATA + 0x300}], rax
    ${call(35, DATA + 0x300, 0)}
    mov qword ptr [${DATA + 0x300}], 0
    mov qword ptr [${DATA + 0x308}], 1
    ${RING('rax')}
    mov r15d, 20
  again:
    ${call(35, DATA + 0x300, 0)}
    ${call(34)}
    dec r15d
    jnz again
    ${call(231, 5)}`), { maxInstructions: 100_000 });
  assert.is(status, 5);
});
time.run();

const limits = suite('hostile › limits');
limits('descriptors of all tables together are limited: ENFILE', () => {
  const total = { count: 262_143 }, table = new DescriptorTable(total), file = (): FileDescription => new FileDescription(new Epoll(), 0);
  assert.is(table.install(file(), false), 0);
  assert.is(table.install(file(), false), -ENFILE);
  assert.not(table.canCopy);
  assert.is(table.close(0), 0);
  assert.is(total.count, 262_143);
});
limits('pipes hold 64 MiB together: then new ones are small, and none grows', () => {
  const budget = new PipeBudget(), staging = new Uint8Array(0);
  const open = (): Pipe => { const pipe = new Pipe(1, budget); new PipeReader(pipe, staging); new PipeWriter(pipe, staging); return pipe; };
  const first = open(), grown = Array.from({ length: 64 }, open).map(pipe => pipe.resize(1 << 20));
  assert.is(grown[0], 1 << 20);
  assert.is(grown[63], -EPERM);
  while (budget.slots + 16 <= 16_384) open();
  assert.is(open().capacity, 8192);
  const before = budget.slots;
  first.closes('readers'); first.closes('writers');
  assert.is(budget.slots, before - 16);
});
limits('mappings of all address spaces together are limited', () => {
  const total = { count: (1 << 20) - 2 }, list = new VmaList(total);
  assert.ok(list.hasRoomFor(2));
  assert.not(list.hasRoomFor(3));
  assert.not(new VmaList().hasRoomFor(VMAS_MAX + 1));
});
limits('POSIX timers and real-time signals are 4,096 in all processes', () => {
  const w = new KernelWorld();
  for (let i = 0; i < 4096; i++) assert.is(w.call(222, 1, 0, w.buffer(0) + 0x8000), 0);
  assert.is(w.call(222, 1, 0, w.buffer(0) + 0x8000), -EAGAIN);
  w.call(14, 0, w.words(-1n), 0, 8);
  const info = w.words(34 | 0, 0xffff_ffffn, 0, 0);
  let sent = 0;
  while (sent < 5000 && w.call(129, w.task.process.pid, 34, info) === 0) sent += 1;
  assert.is(sent, 4096);
});
limits('a program that runs is not written', () => {
  const w = new KernelWorld();
  assert.is(w.call(2, '/proc/self/exe', 1), -ETXTBSY);
  assert.is(w.call(2, '/bin/program', 2), -ETXTBSY);
  assert.is(w.call(2, '/bin/program', 0), 3);
});
limits('a process has 1,024 descriptors', () => {
  const w = new KernelWorld();
  let last = 0, made = 0;
  for (; made < 2000; made++) { last = Number(w.call(290, 0, 0)); if (last < 0) break; }
  assert.equal([last, w.kernel.first?.files.openInAll], [-EMFILE, 1024]);
});
limits.run();
