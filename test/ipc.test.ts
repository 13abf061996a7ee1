/** System V objects, message queues and memory between processes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EAGAIN, EEXIST, EIDRM, EINVAL, ENOMEM, ENOMSG, EPERM, ESRCH, ETIMEDOUT } from '../src/base/errno.ts';
import { bytesOf } from '../src/host/host.ts';
import { answer, child, interrupted, sleeping } from './support/asking.ts';
import { KernelWorld } from './support/kernel-world.ts';

type World = { w: KernelWorld; call: (name: string, ...args: (number | bigint | string)[]) => number };
const world = (): World => {
  const w = new KernelWorld();
  return { w, call: (name, ...args) => answer(w, w.task, name, ...args) };
};
const CREAT = 0o1000, EXCL = 0o2000, NOWAIT = 0o4000, RMID = 0, STAT = 2;
/** struct sembuf's. */
const operations = (w: KernelWorld, ...triples: readonly (readonly [number, number, number])[]): number =>
  w.buffer(6 * triples.length, new Uint8Array(new Uint16Array(triples.flat().map(value => value & 0xffff)).buffer));

const shm = suite('ipc › shared memory');
shm('a segment is found by its key, is one memory wherever it is attached, and outlives its removal while it is', () => {
  const { w, call } = world(), id = call('shmget', 77, 10_000, CREAT | 0o600), at = w.buffer(112);
  assert.equal([call('shmget', 77, 10_000, CREAT | EXCL), call('shmget', 77, 20_000, 0), call('shmget', 77, 0, 0)], [-EEXIST, -EINVAL, id]);
  const first = call('shmat', id, 0, 0), second = call('shmat', id, 0, 0o10000);
  w.poke(first + 8000, bytesOf('shared'));
  assert.is(w.text(second + 8000, 6), 'shared');
  assert.is(call('mprotect', second, 4096, 3), -EACCES);
  assert.match(w.slurp('/proc/self/maps'), /rw-s 00000000 00:00 \d+ +\/SYSV0000004d \(deleted\)/);
  assert.equal([call('shmctl', id, RMID, 0), call('shmctl', id, STAT, at), w.peek(at, 112).getUint32(20, true)], [0, 0, 0o1600]);
  assert.equal([call('shmdt', first), call('shmdt', first), w.text(second + 8000, 6)], [0, -EINVAL, 'shared']);
  const used = w.kernel.system.memory.frames.used;
  assert.is(call('shmdt', second), 0);
  assert.ok(w.kernel.system.memory.frames.used < used);
  assert.equal([call('shmat', id, 0, 0), call('shmget', 77, 100, 0)], [-EINVAL, -2]);
});
shm('an identifier is not given twice in a row', () => {
  const { call } = world(), first = call('shmget', 0, 1, 0o600);
  call('shmctl', first, RMID, 0);
  const second = call('shmget', 0, 1, 0o600);
  assert.equal([second === first, call('shmctl', first, RMID, 0), call('shmctl', second, RMID, 0)], [false, -EIDRM, 0]);
});
shm.run();

const sem = suite('ipc › semaphores');
sem('operations are all done or none, and wait for the first that cannot be', () => {
  const { w, call } = world(), id = call('semget', 0, 2, 0o600), other = child(w, 1001);
  call('semctl', id, 0, 16, 1);
  const sleep = sleeping(w, w.task, 'semop', id, operations(w, [0, -1, 0], [1, -1, 0]), 2);
  assert.equal([sleep.until(), call('semctl', id, 0, 12), call('semctl', id, 1, 14), call('semctl', id, 1, 15)], [null, 1, 1, 0]);
  assert.is(answer(w, other, 'semop', id, operations(w, [1, 1, 0]), 1), 0);
  assert.equal([sleep.until(), call('semctl', id, 0, 12), call('semctl', id, 1, 12), call('semctl', id, 1, 14), call('semctl', id, 0, 11)], [0, 0, 0, 0, 1000]);
});
sem('a removed set wakes with EIDRM, a signal with EINTR, time with EAGAIN', () => {
  const { w, call } = world(), id = call('semget', 0, 1, 0o600), one = operations(w, [0, -1, 0]), sleep = sleeping(w, w.task, 'semop', id, one, 1);
  assert.is(interrupted(sleep), 'fail');
  const timed = sleeping(w, w.task, 'semtimedop', id, one, 1, w.words(2, 0));
  assert.ok(timed.wakesAtNs !== undefined);
  w.kernel.system.clock.advanceTo(timed.wakesAtNs);
  assert.is(timed.until(), -EAGAIN);
  call('semctl', id, 0, RMID);
  assert.is(sleep.until(), -EIDRM);
});
sem('SEM_UNDO is undone when the process ends', () => {
  const { w, call } = world(), id = call('semget', 0, 1, 0o600), other = child(w, 1001);
  call('semctl', id, 0, 16, 3);
  answer(w, other, 'semop', id, operations(w, [0, -2, 0o10000]), 1);
  assert.is(call('semctl', id, 0, 12), 1);
  w.kernel.system.shared.exited(other.process);
  assert.is(call('semctl', id, 0, 12), 3);
});
sem.run();

const queues = suite('ipc › message queues');
queues('a receiver waits for its type, a sender for room, and both for the queue', () => {
  const { w, call } = world(), id = call('msgget', 0, 0o600), at = w.buffer(64), big = w.buffer(9000), other = child(w, 1001);
  const waiting = sleeping(w, other, 'msgrcv', id, at, 56, 7, 0);
  call('msgsnd', id, w.words(5, 0x35), 8, 0);
  assert.is(waiting.until(), null);
  call('msgsnd', id, w.words(7, 0x37), 8, 0);
  assert.equal([waiting.until(), Number(w.peek(at, 16).getBigUint64(0, true)), w.text(at + 8, 1)], [8, 7, '7']);
  w.poke(big, new Uint8Array([1]));
  assert.equal([call('msgsnd', id, big, 8192, 0), call('msgsnd', id, big, 8192, NOWAIT)], [0, -EAGAIN]);
  const full = sleeping(w, w.task, 'msgsnd', id, big, 8192, 0), never = sleeping(w, other, 'msgrcv', id, at, 56, 99, 0);
  assert.is(call('msgrcv', id, big + 0, 8192, 5, 0), 8);
  assert.is(full.until(), 0);
  call('msgctl', id, RMID, 0);
  assert.equal([never.until(), call('msgrcv', id, at, 56, 0, NOWAIT)], [-EIDRM, -EINVAL]);
});
queues('nothing of the type is ENOMSG without waiting', () => {
  const { w, call } = world(), id = call('msgget', 0, 0o600);
  assert.is(call('msgrcv', id, w.buffer(16), 8, 0, NOWAIT), -ENOMSG);
});
queues('POSIX queues give the highest priority first, tell of a first message by a signal, and end waits by the clock', () => {
  const { w, call } = world(), fd = call('mq_open', 'queue', 2 | 0o100, 0o600, w.words(0, 4, 16)), at = w.buffer(32), priority = w.buffer(4);
  assert.is(call('mq_notify', fd, w.words(0x1234, 10)), 0);
  call('mq_timedsend', fd, 'low', 3, 1, 0);
  assert.equal(w.task.signals.pending.map(({ signal, code, value }) => [signal, code, value]), [[10, -3, 0x1234n]]);
  call('mq_timedsend', fd, 'high', 4, 8, 0);
  assert.equal([call('mq_timedreceive', fd, at, 32, priority, 0), w.text(at, 4), w.peek(priority, 4).getUint32(0, true)], [4, 'high', 8]);
  call('mq_timedreceive', fd, at, 32, 0, 0);
  const sleep = sleeping(w, w.task, 'mq_timedreceive', fd, at, 32, 0, w.words(1_595_894_600, 0));
  assert.ok(sleep.wakesAtNs !== undefined);
  w.kernel.system.clock.advanceTo(sleep.wakesAtNs);
  assert.is(sleep.until(), -ETIMEDOUT);
  assert.equal([call('mq_unlink', 'queue'), call('mq_open', 'queue', 2)], [0, -2]);
});
queues.run();

const memory = suite('ipc › memory');
memory('process_vm_readv and _writev reach another process, and count what was reached', () => {
  const { w, call } = world(), other = child(w, 1001), from = call('mmap', 0, 8192, 3, 0x22, -1, 0), to = w.buffer(64);
  call('munmap', from + 4096, 4096);
  w.poke(from + 4090, bytesOf('sixsix'));
  assert.equal([answer(w, other, 'process_vm_readv', 1000, w.words(to, 20), 1, w.words(from + 4090, 20), 1, 0), w.text(to, 6)], [6, 'sixsix']);
  assert.equal([call('process_vm_writev', 1001, w.words(to, 3), 1, w.words(from, 3), 1, 0), w.text(from, 3)], [3, 'six']);
  assert.is(call('process_vm_readv', 4, w.words(to, 1), 1, w.words(from, 1), 1, 0), -ESRCH);
});
memory('a child finds zeros where it was told so, and nothing where it was told that', () => {
  const { w, call } = world(), map = call('mmap', 0, 3 * 4096, 3, 0x22, -1, 0);
  for (const page of [0, 1, 2]) w.poke(map + 4096 * page, bytesOf('x'));
  assert.equal([call('madvise', map, 4096, 18), call('madvise', map + 4096, 4096, 10)], [0, 0]);
  const space = w.task.process.memory.fork(), byte = new Uint8Array([7]);
  assert.ok(space !== null);
  assert.equal([space.copyIn(map, byte), byte[0], space.copyIn(map + 4096, byte), space.copyIn(map + 8192, byte), byte[0]], [true, 0, false, true, 0x78]);
  space.release();
});
memory('RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK are kept to', () => {
  const { w, call } = world();
  assert.is(call('setrlimit', 2, w.words(1 << 20, 1 << 20)), 0);
  assert.equal([call('mmap', 0, 1 << 20, 3, 0x22, -1, 0), call('mmap', 0, 1 << 20, 1, 0x22, -1, 0) > 0], [-ENOMEM, true]);
  const end = call('brk', 0);
  assert.equal([call('brk', end + (1 << 20)), call('brk', end + 4096)], [end, end + 4096]);
  assert.is(call('setrlimit', 9, w.words(64 << 20, 64 << 20)), 0);
  assert.equal([call('mmap', 0, 64 << 20, 0, 0x22, -1, 0), call('mmap', 0, 32 << 20, 0, 0x22, -1, 0) > 0], [-ENOMEM, true]);
});
memory('MREMAP_DONTUNMAP moves pages and leaves the mapping', () => {
  const { w, call } = world(), map = call('mmap', 0, 8192, 3, 0x22, -1, 0);
  w.poke(map, bytesOf('moved'));
  const at = call('mremap', map, 8192, 8192, 5);
  assert.equal([at > 0 && at !== map, w.text(at, 5), w.text(map, 5)], [true, 'moved', '\0'.repeat(5)]);
  const there = call('mremap', at, 8192, 8192, 7, 0x3000_0000);
  assert.equal([there, w.text(there, 5), w.text(at, 5)], [0x3000_0000, 'moved', '\0'.repeat(5)]);
  assert.is(call('mremap', map, 4096, 8192, 5), -EINVAL);
});
memory('MAP_32BIT maps below 2 GiB, until it is full', () => {
  const { call } = world();
  const places = [0, 0, 0].map(() => call('mmap', 0, 400 << 20, 0, 0x62, -1, 0));
  assert.equal([places[0]! + (400 << 20) === 2 ** 31, places[1]! + (400 << 20) === places[0], places[2]], [true, true, -ENOMEM]);
});
memory('MADV_REMOVE and MAP_POPULATE', () => {
  const { w, call } = world(), shared = call('mmap', 0, 8192, 3, 0x21, -1, 0), at = w.buffer(8);
  w.poke(shared, bytesOf('gone'));
  assert.equal([call('madvise', shared, 4096, 9), w.text(shared, 4)], [0, '\0\0\0\0']);
  const full = call('mmap', 0, 8192, 3, 0x8022, -1, 0);
  call('mincore', full, 8192, at);
  assert.is(w.peek(at, 2).getUint16(0, true), 0x0101);
  assert.is(call('membarrier', 8, 0), -EPERM);
});
memory.run();
