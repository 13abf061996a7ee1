/** Every rule of the trampfd RFC v1, call by call: creation, contexts, mapping, life time, and the fault that is an invocation. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EBADF, EFAULT, EINVAL, EMFILE, ENOTTY } from '../src/base/errno.ts';
import { LinearMemory } from '../src/base/layout.ts';
import { CpuState } from '../src/exec/state.ts';
import { PF_FETCH, PF_USER, PF_WRITE } from '../src/mmu/fault.ts';
import { TASK_SIZE } from '../src/mmu/vma-list.ts';
import { PROT_NONE } from '../src/mmu/vma.ts';
import { FAST } from '../src/trampfd/uapi.ts';
import { DATA_AT, TEXT_AT } from './support/kernel-world.ts';
import {
  MAP, NAME, PCS, REGS, SET_SP, STACK, TrampfdWorld, pcs, regs, stack, words, type Call, type Entry,
} from './support/trampfd-world.ts';

const BAD = 0x10, ZEROS = DATA_AT + 0x1000, O_APPEND = 0o2000, F_GETFD = 1, F_GETFL = 3, F_SETFL = 4, MAP_PRIVATE = 2;
const RBX = 3, RSI = 6, R10 = 10, R15 = 15;
const TARGET = 0x401000n;
type Arg = number | bigint | string;
type Row = readonly [call: Call, args: readonly Arg[], result: number];

/** Each row in a world of its own, where the descriptor 3 is a trampoline. */
function rows(title: string, table: readonly Row[]): void {
  const calls = suite(`trampfd › ${title}`);
  for (const [name, args, result] of table) {
    calls(`${name}(${args.map(arg => typeof arg === 'number' && arg > 0xffff ? `0x${arg.toString(16)}` : String(arg)).join(', ')}) = ${result}`, () => {
      const w = new TrampfdWorld();
      assert.is(w.create(), 3);
      assert.is(w.sys(name, ...args), result);
    });
  }
  calls.run();
}
type ContextRow = readonly [claim: string, offset: number, bytes: Uint8Array, result: number];
/** Each row written into a trampoline that has contexts; one that is rejected leaves them as they were. */
function contextRows(title: string, table: readonly ContextRow[]): void {
  const contexts = suite(`trampfd › ${title}`), before = regs(['rbx', 1n], ['rip', TARGET]), pushed = stack([1, 2, 3], SET_SP, 8);
  for (const [claim, offset, bytes, result] of table) {
    contexts(`${claim}: ${result < 0 ? 'EINVAL' : 'taken'}`, () => {
      const w = new TrampfdWorld(), fd = w.create();
      w.write(fd, REGS, before); w.write(fd, STACK, pushed);
      assert.is(w.write(fd, offset, bytes), result);
      if (result >= 0) return;
      assert.equal([w.read(fd, REGS, before.length), w.read(fd, STACK, pushed.length)], [before, pushed]);
      assert.is(w.write(fd, REGS, regs(['rip', 0x999n])), 24, 'no list of allowed PCs came to be');
    });
  }
  contexts.run();
}
const NAMES = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip'] as const;
/** The names as general register numbers, rip aside. */
const NUMBERS = [0, 3, 1, 2, 6, 7, 5, 8, 9, 10, 11, 12, 13, 14, 15];

rows('trampfd_create checks its arguments in order', [
  ['trampfd_create', [0, ZEROS, 0], 4],
  ['trampfd_create', [0, ZEROS, 1], -EINVAL],
  ['trampfd_create', [0, BAD, 1], -EINVAL],
  ['trampfd_create', [0, 0, 0], -EINVAL],
  ['trampfd_create', [1, ZEROS, 0], -EINVAL],
  ['trampfd_create', [0x105, ZEROS, 0], -EINVAL],
  ['trampfd_create', [-1, ZEROS, 0], -EINVAL],
  ['trampfd_create', [5, BAD, 0], -EINVAL],
  ['trampfd_create', [0, BAD, 0], -EFAULT],
  ['trampfd_create', [0, DATA_AT + 0x20000 - 4, 0], -EFAULT],
  ['trampfd_create', [0x1_0000_0000n, ZEROS, 0x1_0000_0000n], 4],
]);
const creation = suite('trampfd › creation');
creation('a flag of struct trampfd_user that is none, or its other field but zero, is EINVAL, also when no descriptor is free', () => {
  const w = new TrampfdWorld();
  for (let fd = 3; fd < 1024; fd++) assert.is(w.create(), fd);
  for (const [user, result] of [[words(1, 0), -EINVAL], [words(FAST | 1, 0), -EINVAL], [words(0, 1), -EINVAL], [words(FAST, 1), -EINVAL], [words(0, 0), -EMFILE], [words(FAST, 0), -EMFILE]] as const) {
    assert.is(w.sys('trampfd_create', 0, w.buffer(8, user), 0), result);
  }
  assert.is(w.objects.live, 1021, 'what could not be installed is gone');
});
creation('the descriptor is O_RDWR and close-on-exec; its file an anonymous inode without a terminal or a length', () => {
  const w = new TrampfdWorld(), fd = w.create(), at = w.buffer(144);
  assert.equal([w.sys('fcntl', fd, F_GETFD), w.sys('fcntl', fd, F_GETFL)], [1, 2]);
  assert.is(w.sys('readlink', `/proc/self/fd/${fd}`, at, 100), '[trampfd]'.length);
  assert.is(w.text(at, 9), '[trampfd]');
  assert.is(w.sys('fstat', fd, at), 0);
  assert.is(w.peek(at + 24, 4).getUint32(0, true), 0o600);
  assert.equal([w.call(16, fd, 0x5401, at), w.sys('ftruncate', fd, 0)], [-ENOTTY, -EINVAL]);
});
creation('fdinfo names the type', () => {
  const w = new TrampfdWorld(), fd = w.create();
  w.sys('lseek', fd, 2, 0);
  assert.match(w.slurp(`/proc/self/fdinfo/${fd}`), /^pos:\t2\nflags:\t02000002\n(.*\n)*type: TRAMPFD_USER\n$/);
});
creation.run();

rows('positions are symbolic', [
  ['lseek', [3, 0, 0], 0], ['lseek', [3, 3, 0], 3], ['lseek', [3, 4, 0], -EINVAL], ['lseek', [3, -1n, 0], -EINVAL],
  ['lseek', [3, 1n << 62n, 0], -EINVAL], ['lseek', [3, 0, 1], -EINVAL], ['lseek', [3, 0, 2], -EINVAL],
  ['pread', [3, ZEROS, 24, 0], 24], ['pread', [3, ZEROS, 24, 4], -EINVAL], ['pread', [3, ZEROS, 24, -1n], -EINVAL],
  ['pread', [3, 0, 24, 0], -EINVAL], ['pread', [3, ZEROS, 0, 0], -EINVAL], ['pread', [3, BAD, 0, 0], -EINVAL], ['read', [3, 0, 0], -EINVAL],
  ['pread', [3, ZEROS, 8, 1], 8], ['pread', [3, ZEROS, 16, 2], 16], ['pread', [3, ZEROS, 8, 3], -EINVAL], ['pread', [3, ZEROS, 136, 3], -EINVAL],
  ['pread', [3, BAD, 24, 0], -EFAULT], ['pread', [3, BAD, 8, 1], -EFAULT], ['pread', [3, BAD, 16, 2], -EFAULT], ['pread', [3, BAD, 8, 3], -EINVAL],
  ['pwrite', [3, ZEROS, 24, 0], -EINVAL], ['pwrite', [3, ZEROS, 8, 4], -EINVAL], ['pwrite', [3, ZEROS, 8, -1n], -EINVAL],
  ['pwrite', [3, 0, 8, 1], -EINVAL], ['pwrite', [3, ZEROS, 0, 1], -EINVAL], ['write', [3, ZEROS, 0], -EINVAL],
  ['pwrite', [3, BAD, 8, 1], -EFAULT], ['pwrite', [3, BAD, 16, 2], -EFAULT], ['pwrite', [3, BAD, 8, 3], -EFAULT],
  ['pwrite', [3, BAD, 7, 1], -EINVAL], ['pwrite', [3, BAD, 649, 1], -EINVAL], ['pwrite', [3, BAD, 15, 2], -EINVAL],
  ['pwrite', [3, BAD, 81, 2], -EINVAL], ['pwrite', [3, BAD, 7, 3], -EINVAL], ['pwrite', [3, BAD, 137, 3], -EINVAL],
  ['pwrite', [3, ZEROS, 1n << 62n, 1], -EFAULT], ['pread', [3, ZEROS, 1n << 62n, 1], -EFAULT], ['pwrite', [3, ZEROS, 1n << 40n, 1], -EINVAL], ['pread', [3, ZEROS, 1n << 40n, 1], -EINVAL],
  ['pread', [3, ZEROS, 23, 0], -EINVAL], ['pread', [3, ZEROS, 25, 0], -EINVAL],
  ['pread', [3, ZEROS, 7, 1], -EINVAL], ['pread', [3, ZEROS, 648, 1], 648], ['pread', [3, ZEROS, 649, 1], -EINVAL],
  ['pread', [3, ZEROS, 15, 2], -EINVAL], ['pread', [3, ZEROS, 80, 2], 80], ['pread', [3, ZEROS, 81, 2], -EINVAL],
  ['sendfile', [1, 3, 0, 24], -EINVAL], ['pread', [99, ZEROS, 24, 0], -EBADF],
]);
const positions = suite('trampfd › positions');
positions('read and write use the position and do not move it', () => {
  const w = new TrampfdWorld(), fd = w.create(), at = w.buffer(40, regs(['r10', 7n], ['rip', TARGET])), copy = w.buffer(40);
  assert.is(w.sys('lseek', fd, REGS, 0), REGS);
  assert.equal([w.sys('write', fd, at, 40), w.sys('write', fd, at, 40), w.sys('read', fd, copy, 40)], [40, 40, 40]);
  assert.equal(new Uint8Array(w.peek(copy, 40).buffer), new Uint8Array(w.peek(at, 40).buffer));
});
positions('O_APPEND has no end to append to', () => {
  const w = new TrampfdWorld(), fd = w.create();
  w.sys('fcntl', fd, F_SETFL, O_APPEND);
  assert.is(w.write(fd, REGS, regs(['rip', TARGET])), 24);
});
positions('readv and writev take one context a buffer', () => {
  const w = new TrampfdWorld(), fd = w.create(), one = w.buffer(24, regs(['rip', 1n])), two = w.buffer(24, regs(['rip', 2n])), half = w.buffer(24);
  assert.is(w.sys('pwritev', fd, w.words(one, 24, two, 24), 2, REGS), 48);
  assert.is(w.sys('pwritev', fd, w.words(one, 24, two, 12), 2, REGS), 24, 'the second is no context');
  assert.is(w.sys('pwritev', fd, w.words(0, 24), 1, REGS), -EINVAL);
  assert.is(w.sys('preadv', fd, w.words(half, 24), 1, REGS), 24);
  assert.is(w.peek(half + 16, 8).getBigUint64(0, true), 1n);
});
positions.run();

contextRows('register contexts', [
  ['one register, the PC', REGS, regs(['rip', TARGET]), 24],
  ['every register', REGS, regs(...NAMES.map(name => [name, 5n] as const)), 8 + 16 * 16],
  ['forty entries', REGS, regs(...new Array<Entry>(40).fill(['rip', TARGET])), 648],
  ['forty-one entries', REGS, regs(...new Array<Entry>(41).fill(['rip', TARGET])), -EINVAL],
  ['nregs says forty-one', REGS, words(41, 0, ...new Array<bigint>(80).fill(1n)), -EINVAL],
  ['nregs says 2^28 + 1, which wraps', REGS, words(0x1000_0001, 0, NAME.rip, 0, 1n), -EINVAL],
  ['no entry: removed', REGS, regs(), 8],
  ['no entry, and bytes after it', REGS, words(0, 0, NAME.rip, 0, 1n), -EINVAL],
  ['a reserved word in the header', REGS, words(1, 1, NAME.rip, 0, 1n), -EINVAL],
  ['a reserved word in the header of none', REGS, words(0, 1), -EINVAL],
  ['a reserved word in an entry', REGS, words(1, 0, NAME.rip, 1, 1n), -EINVAL],
  ['a reserved word in another entry', REGS, words(2, 0, NAME.rip, 0, 1n, NAME.rax, 1, 1n), -EINVAL],
  ['one byte too few', REGS, regs(['rip', TARGET]).subarray(0, 23), -EINVAL],
  ['one entry too few', REGS, words(2, 0, NAME.rip, 0, 1n), -EINVAL],
  ['no PC', REGS, regs(['rax', 1n]), -EINVAL],
  ['a PC of zero', REGS, regs(['rip', 0n]), -EINVAL],
  ['a PC of zero after one that is not', REGS, regs(['rip', 1n], ['rip', 0n]), 40],
  ['the 32-bit name of eax', REGS, regs(['eax', 1n], ['rip', 1n]), -EINVAL],
  ['the 32-bit name of eip, for the PC', REGS, regs(['eip', 1n]), -EINVAL],
  ['the name after the last', REGS, regs(['max', 1n], ['rip', 1n]), -EINVAL],
  ['a name with its top bit set', REGS, words(2, 0, 0x8000_0008, 0, 1n, NAME.rip, 0, 1n), -EINVAL],
]);
contextRows('stack contexts', [
  ['64 bytes, 256 below rsp', STACK, stack(new Array<number>(64).fill(1), SET_SP, 256), 80],
  ['one byte', STACK, stack([1]), 17],
  ['no bytes: removed', STACK, stack([]), 16],
  ['65 bytes', STACK, stack(new Array<number>(65).fill(1)), -EINVAL],
  ['size says 65', STACK, words(0, 0, 65, 0, 0n), -EINVAL],
  ['one byte too few', STACK, words(0, 0, 5, 0, 0), -EINVAL],
  ['one byte too many', STACK, words(0, 0, 3, 0, 0), -EINVAL],
  ['a reserved word', STACK, words(0, 0, 4, 1, 0), -EINVAL],
  ['an unknown flag', STACK, stack([1], 2), -EINVAL],
  ['an unknown flag beside the known', STACK, stack([1], 0x8000_0001), -EINVAL],
  ['257 below rsp', STACK, stack([1], 0, 257), -EINVAL],
  ['2^32 - 1 below rsp', STACK, stack([1], 0, 0xffff_ffff), -EINVAL],
]);
contextRows('lists of allowed PCs', [
  ['one', PCS, pcs(1n), 16],
  ['sixteen', PCS, pcs(...new Array<bigint>(16).fill(1n)), 136],
  ['none: removed', PCS, pcs(), 8],
  ['seventeen', PCS, pcs(...new Array<bigint>(17).fill(1n)), -EINVAL],
  ['nvalues says seventeen', PCS, words(17, 0, 1n), -EINVAL],
  ['a zero', PCS, pcs(1n, 0n), -EINVAL],
  ['a reserved word', PCS, words(1, 1, 1n), -EINVAL],
  ['one too few', PCS, words(2, 0, 1n), -EINVAL],
  ['one too many', PCS, words(1, 0, 1n, 1n), -EINVAL],
]);

const contexts = suite('trampfd › contexts');
contexts('the map context is the kernel\'s: 4096 bytes, PROT_NONE, MAP_PRIVATE, offsets 0', () => {
  const w = new TrampfdWorld();
  assert.equal(w.read(w.create(), MAP, 24), words(4096, 0, 2, 0, 0, 0));
});
contexts('without a context its header reads as zeros, and nothing after it is touched', () => {
  const w = new TrampfdWorld(), fd = w.create();
  assert.equal(w.read(fd, REGS, 12), new Uint8Array([...words(0, 0), 0xee, 0xee, 0xee, 0xee]));
  assert.equal(w.read(fd, STACK, 18), new Uint8Array([...words(0, 0, 0, 0), 0xee, 0xee]));
});
contexts('a read gives what was written, cut to the count; more than there is leaves the rest alone', () => {
  const w = new TrampfdWorld(), fd = w.create(), written = regs(['rip', 0xffff_ffff_ffff_ffffn], ['rax', 1n << 63n]), pushed = stack([1, 2, 3], SET_SP, 5);
  w.write(fd, REGS, written); w.write(fd, STACK, pushed);
  assert.equal(w.read(fd, REGS, 40), written);
  assert.equal(w.read(fd, REGS, 21), written.subarray(0, 21));
  assert.equal(w.read(fd, REGS, 42), new Uint8Array([...written, 0xee, 0xee]));
  assert.equal(w.read(fd, STACK, 17), pushed.subarray(0, 17));
  assert.equal(w.read(fd, STACK, 20), new Uint8Array([...pushed, 0xee]));
});
contexts('a removed context reads as zeros', () => {
  const w = new TrampfdWorld(), fd = w.create();
  w.write(fd, REGS, regs(['rip', TARGET])); w.write(fd, STACK, stack([1]));
  w.write(fd, REGS, regs()); w.write(fd, STACK, stack([]));
  assert.equal([w.read(fd, REGS, 8), w.read(fd, STACK, 16)], [new Uint8Array(8), new Uint8Array(16)]);
});
contexts('the PC must be among the allowed, the last one given counting, until the list is removed', () => {
  const w = new TrampfdWorld(), fd = w.create(), write = (...context: readonly Entry[]): number => w.write(fd, REGS, regs(...context));
  w.write(fd, PCS, pcs(0x10n, 1n << 63n));
  assert.equal([write(['rip', 0x10n]), write(['rip', 1n << 63n]), write(['rip', 0x11n])], [24, 24, -EINVAL]);
  assert.equal([write(['rip', 0x11n], ['rip', 0x10n]), write(['rip', 0x10n], ['rip', 0x11n]), write(['rip', 0x10n], ['rip', 0n])], [40, -EINVAL, -EINVAL]);
  assert.is(write(['rip', (1n << 63n) + 1n]), -EINVAL, 'all 64 bits count');
  assert.equal([write(), w.write(fd, PCS, pcs()), write(['rip', 0x11n])], [8, 8, 24]);
});
contexts('a register context that is there is not checked against a new list', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({ [REGS]: regs(['rip', TARGET]) });
  assert.is(w.write(fd, PCS, pcs(1n)), 16);
  assert.is(w.fault(at), 'resume');
  assert.is(w.write(fd, REGS, regs(['rip', TARGET])), -EINVAL);
});
contexts('a write that ends in unreadable memory is EFAULT and changes nothing', () => {
  const w = new TrampfdWorld(), fd = w.create(), written = regs(['rip', TARGET]), end = DATA_AT + 0x20000;
  w.write(fd, REGS, written);
  w.poke(end - 24, regs(['rip', 1n], ['rax', 2n]).subarray(0, 24));
  assert.is(w.sys('pwrite', fd, end - 24, 40, REGS), -EFAULT);
  assert.equal(w.read(fd, REGS, 24), written);
});
contexts.run();

const HINT = 0x1000_0000;
rows('mmap takes what the map context says and nothing else', [
  ['mmap', [HINT, 4096, 0, MAP_PRIVATE, 3, 0], HINT],
  ['mmap', [HINT, 8192, 0, MAP_PRIVATE, 3, 0], -EINVAL], ['mmap', [HINT, 1, 0, MAP_PRIVATE, 3, 0], -EINVAL], ['mmap', [HINT, 0, 0, MAP_PRIVATE, 3, 0], -EINVAL],
  ['mmap', [HINT, 4096, 0, MAP_PRIVATE, 3, 4096], -EINVAL], ['mmap', [HINT, 4096, 0, MAP_PRIVATE, 3, 1], -EINVAL],
  ['mmap', [HINT, 4096, 0, 1, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 0, 3, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 0, 0x12, 3, 0], -EINVAL],
  ['mmap', [HINT, 4096, 0, 0x4002, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 0, 0x100002, 3, 0], -EINVAL],
  ['mmap', [HINT, 4096, 1, MAP_PRIVATE, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 2, MAP_PRIVATE, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 4, MAP_PRIVATE, 3, 0], -EINVAL],
  ['mmap', [HINT, 4096, 5, MAP_PRIVATE, 3, 0], -EINVAL], ['mmap', [HINT, 4096, 8, MAP_PRIVATE, 3, 0], -EINVAL],
]);
const mapping = suite('trampfd › mapping');
mapping('shows in maps by its name, and takes neither a page nor a page table', () => {
  const w = new TrampfdWorld(), { memory } = w.task.process, fd = w.create(), tables = memory.tableBytes, pages = memory.residentBytes;
  const at = w.map(fd);
  assert.match(w.slurp('/proc/self/maps'), new RegExp(`^${at.toString(16)}-${(at + 4096).toString(16)} ---p 00000000 .*\\[trampfd\\]$`, 'm'));
  w.write(fd, REGS, regs(['rip', TARGET]));
  const before = memory.residentBytes;
  for (let k = 0; k < 10; k++) assert.is(w.fault(at), 'resume');
  assert.is(memory.residentBytes, before);
  assert.ok(before >= pages && memory.tableBytes >= tables);
});
mapping('can be given no permission', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({});
  for (const prot of [1, 2, 4, 7]) assert.is(w.sys('mprotect', at, 4096, prot), -EACCES);
  assert.is(w.sys('mprotect', at, 4096, 0), 0);
});
mapping('does not join its neighbour, and cannot grow', () => {
  const w = new TrampfdWorld(), fd = w.create(), one = w.map(fd), two = w.map(fd);
  assert.is(Math.abs(one - two), 4096);
  assert.is(w.task.process.memory.vmas.filter(vma => vma.label === '[trampfd]').length, 2);
  assert.is(w.sys('mremap', Math.max(one, two), 4096, 8192, 1), -EFAULT);
});
mapping('is not inherited by fork', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({}), child = w.task.process.memory.fork();
  assert.is(child?.find(at), null);
  assert.is(w.task.process.memory.find(at)?.prot, PROT_NONE);
});
mapping('is what invokes, whatever else bears its name', () => {
  const w = new TrampfdWorld(), fd = w.call(319, '[trampfd]', 0);
  assert.is(w.sys('ftruncate', Number(fd), 4096), 0);
  assert.is(w.fault(w.sys('mmap', 0, 4096, 0, MAP_PRIVATE, Number(fd), 0)), 'denied');
});
mapping.run();

const life = suite('trampfd › life time');
life('the object outlives its descriptor in a mapping, and its mapping in a descriptor', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({ [REGS]: regs(['rip', TARGET]) });
  assert.is(w.sys('close', fd), 0);
  assert.equal([w.objects.live, w.fault(at)], [1, 'resume']);
  assert.equal([w.sys('munmap', at, 4096), w.objects.live], [0, 0]);
  const other = w.trampoline({ [REGS]: regs(['rip', TARGET]) });
  w.sys('munmap', other.at, 4096);
  assert.equal([w.objects.live, w.fault(w.map(other.fd))], [1, 'resume']);
});
life('every descriptor and every mapping counts', () => {
  const w = new TrampfdWorld(), fd = w.create(), twin = w.sys('dup', fd), one = w.map(fd), two = w.map(twin);
  w.write(twin, REGS, regs(['rip', TARGET]));
  assert.equal([w.fault(one), w.fault(two)], ['resume', 'resume'], 'one object, mapped twice');
  w.sys('close', fd); w.sys('munmap', one, 4096); w.sys('close', twin);
  assert.is(w.objects.live, 1);
  w.sys('munmap', two, 4096);
  assert.is(w.objects.live, 0);
});
life('a mapping that is replaced is gone', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({});
  w.sys('close', fd);
  assert.is(w.sys('mmap', at, 4096, 3, 0x32, -1, 0), at);
  assert.is(w.objects.live, 0);
});
life('a process\'s end takes all', () => {
  const w = new TrampfdWorld();
  for (let k = 0; k < 5; k++) w.trampoline({});
  w.create();
  w.call(231, 0);
  w.task.process.memory.release();
  assert.is(w.objects.live, 0);
});
life('the kernel keeps the object and its contexts, and no more', () => {
  const w = new TrampfdWorld(), fd = w.create(), sizes = [w.objects.bytes];
  for (const [offset, context] of [[REGS, regs(['r10', 1n], ['rip', 2n])], [STACK, stack([1])], [PCS, pcs(2n)], [REGS, regs()]] as const) {
    w.write(fd, offset, context);
    sizes.push(w.objects.bytes);
  }
  w.map(fd);
  assert.equal([...sizes, w.objects.bytes], [136, 200, 232, 248, 184, 184]);
});
life.run();

const path = suite('trampfd › the fault path');
path('loads what is named and leaves the rest', () => {
  const w = new TrampfdWorld(), { registers } = w.task, { at } = w.trampoline({ [REGS]: regs(['r10', 0x1234_5678_9abc_def0n], ['rip', TARGET]) });
  for (let register = 0; register < 16; register++) if (register !== 4) registers.set(register, BigInt(register) * 0x1_0000_0001n);
  registers.rsp = 0x7000; registers.flags = 0x8d7;
  assert.is(w.fault(at), 'resume');
  assert.equal([registers.rip, registers.get(R10), registers.rsp, registers.flags], [0x401000, 0x1234_5678_9abc_def0n, 0x7000, 0x8d7]);
  for (let register = 0; register < 16; register++) {
    if (register !== 4 && register !== R10) assert.is(registers.get(register), BigInt(register) * 0x1_0000_0001n);
  }
});
path('every name is the register it says', () => {
  const w = new TrampfdWorld(), { registers } = w.task;
  const { at } = w.trampoline({ [REGS]: regs(...NAMES.map((name, k) => [name, 0xffff_0000_0000n + BigInt(k)] as const)) });
  assert.is(w.fault(at), 'resume');
  NUMBERS.forEach((register, k) => assert.is(registers.get(register), 0xffff_0000_0000n + BigInt(k), NAMES[k]));
  assert.is(registers.rip, 0xffff_0000_000f);
});
path('a register named twice has the last value, and so has the PC', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({ [REGS]: regs(['rbx', 1n], ['rip', 5n], ['rbx', 2n], ['rip', TARGET], ['r15', 3n]) });
  assert.is(w.fault(at), 'resume');
  assert.equal([w.task.registers.get(RBX), w.task.registers.get(R15), w.task.registers.rip], [2n, 3n, 0x401000]);
});
path('only a user\'s fetch at the first byte is an invocation', () => {
  const w = new TrampfdWorld(), { registers } = w.task, { at } = w.trampoline({ [REGS]: regs(['rsi', 1n], ['rip', TARGET]) });
  registers.set(RSI, 77n);
  for (const code of [PF_USER, PF_USER | PF_WRITE, PF_FETCH]) assert.is(w.fault(at, code), 'denied', `code ${code}`);
  for (const offset of [1, 16, 4095]) assert.is(w.fault(at + offset), 'denied', `offset ${offset}`);
  registers.rip = at - 2;
  assert.is(w.task.process.memory.resolve({ address: at, code: PF_USER | PF_FETCH }, registers), 'denied', 'an instruction that runs into the page');
  assert.is(registers.get(RSI), 77n);
  assert.is(w.fault(at), 'resume');
  assert.is(registers.get(RSI), 1n);
});
path('without a register context nothing happens, not even a push', () => {
  const w = new TrampfdWorld(), { registers } = w.task, { at } = w.trampoline({ [STACK]: stack([1], SET_SP) });
  registers.rsp = DATA_AT + 0x2000;
  assert.is(w.fault(at), 'denied');
  assert.equal([registers.rsp, registers.rip, w.peek(DATA_AT + 0x1ff7, 9).getUint8(8)], [DATA_AT + 0x2000, at, 0]);
});
path('the new context counts from the next invocation on', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({ [REGS]: regs(['rip', TARGET]) });
  w.fault(at);
  w.write(fd, REGS, regs(['rip', 0x500000n]));
  assert.equal([w.fault(at), w.task.registers.rip, w.objects.invocations], ['resume', 0x500000, 2]);
  w.write(fd, REGS, regs());
  assert.equal([w.fault(at), w.objects.invocations], ['denied', 2]);
});
path('a PC that is no address stays one that is none', () => {
  const w = new TrampfdWorld(), { fd, at } = w.trampoline({});
  for (const pc of [1n << 47n, (1n << 53n) + 1n, 0xffff_8000_0000_0001n, 0xffff_ffff_ffff_ffffn]) {
    w.write(fd, REGS, regs(['rip', pc]));
    assert.is(w.fault(at), 'resume');
    assert.ok(w.task.registers.rip >= TASK_SIZE && w.task.registers.rip < 2 ** 64, `0x${pc.toString(16)} became 0x${w.task.registers.rip.toString(16)}`);
  }
});
path.run();

/** rsp, size of the data, offset, flags → where the data is and what rsp is then, relative to the old rsp; or a failure. */
const PUSHES: readonly (readonly [rsp: number, size: number, flags: number, offset: number, at: number, rspAfter: number])[] = [
  [DATA_AT + 0x2000, 8, 0, 0, -8, 0],
  [DATA_AT + 0x2000, 8, 0, 256, -264, 0],
  [DATA_AT + 0x2003, 5, 0, 2, -7, 0],
  [DATA_AT + 0x2000, 8, SET_SP, 0, -24, -24],
  [DATA_AT + 0x2008, 8, SET_SP, 0, -16, -16],
  [DATA_AT + 0x2000, 16, SET_SP, 0, -24, -24],
  [DATA_AT + 0x2000, 1, SET_SP, 0, -24, -24],
  [DATA_AT + 0x2007, 64, SET_SP, 256, -335, -335],
  [DATA_AT + 0x2020, 64, 0, 0, -64, 0],
  [DATA_AT + 0x3000, 64, 0, 0xff, -0x13f, 0],
];
const pushes = suite('trampfd › the push');
for (const [rsp, size, flags, offset, at, rspAfter] of PUSHES) {
  pushes(`${size} bytes${flags === 0 ? '' : ', SET_SP'}, offset ${offset}, from rsp ≡ ${rsp % 16}: data at rsp${at}, rsp${rspAfter < 0 ? rspAfter : ' unchanged'}`, () => {
    const data = Array.from({ length: size }, (_, k) => k + 1);
    const w = new TrampfdWorld(), { registers } = w.task, t = w.trampoline({ [REGS]: regs(['rip', TARGET]), [STACK]: stack(data, flags, offset) });
    w.poke(rsp - 0x200, new Uint8Array(0x208).fill(0xcc));
    registers.rsp = rsp;
    assert.is(w.fault(t.at), 'resume');
    assert.is(registers.rsp, rsp + rspAfter);
    if (flags === SET_SP) assert.is(registers.rsp % 16, 8);
    const expected = new Uint8Array(0x208).fill(0xcc);
    expected.set(data, 0x200 + at);
    assert.equal(new Uint8Array(w.peek(rsp - 0x200, 0x208).buffer), expected);
  });
}
pushes('a stack that is not there yet comes as it is written, and grows', () => {
  const w = new TrampfdWorld(), { memory } = w.task.process, { registers } = w.task, { at } = w.trampoline({ [REGS]: regs(['rip', TARGET]), [STACK]: stack([9, 8, 7], SET_SP) });
  const vma = memory.find(registers.rsp), rsp = (vma?.start ?? 0) - 0x10000 + 8;
  assert.is(memory.find(rsp), null);
  registers.rsp = rsp;
  assert.is(w.fault(at), 'resume');
  assert.is(registers.rsp, rsp - 16);
  assert.equal(new Uint8Array(w.peek(rsp - 16, 3).buffer), new Uint8Array([9, 8, 7]));
});
/** An rsp from which 8 bytes cannot be pushed, with an offset of 256 where it says so. */
const FAILURES: readonly (readonly [claim: string, rsp: number, offset: number])[] = [
  ['nothing is mapped', 0x10000, 0], ['rsp is 0: below it is the top of the address space', 0, 0], ['rsp is 4', 4, 0], ['rsp is 260', 260, 256],
  ['the page is read-only', TEXT_AT + 0x800, 0], ['rsp is in the upper half', 0xffff_8000_0000_0000, 0], ['rsp is just above user space', TASK_SIZE + 8, 0],
  ['the data would be in user space, the gap above it not', TASK_SIZE + 8, 256], ['rsp is 2^64 - 8', 2 ** 64, 0], ['the data begins before the mapping', DATA_AT + 4, 0],
];
for (const [claim, rsp, offset] of FAILURES) {
  for (const flags of [0, SET_SP]) {
    pushes(`${claim}${flags === 0 ? '' : ' (SET_SP)'}: SIGSEGV, with the registers loaded and rsp as it was`, () => {
      const w = new TrampfdWorld(), { registers } = w.task;
      const { at } = w.trampoline({ [REGS]: regs(['rbx', 42n], ['rip', TARGET]), [STACK]: stack([1, 2, 3, 4, 5, 6, 7, 8], flags, offset) });
      assert.is(w.sys('mmap', TASK_SIZE - 4096, 4096, 3, 0x32, -1, 0), TASK_SIZE - 4096);
      registers.rsp = rsp;
      assert.is(w.fault(at), 'denied');
      assert.equal([registers.rsp, registers.rip, registers.get(RBX), w.objects.invocations], [rsp, 0x401000, 42n, 0]);
    });
  }
}
pushes('from the end of user space it succeeds', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({ [REGS]: regs(['rip', TARGET]), [STACK]: stack([1]) });
  w.sys('mmap', TASK_SIZE - 4096, 4096, 3, 0x32, -1, 0);
  w.task.registers.rsp = TASK_SIZE;
  assert.is(w.fault(at), 'resume');
});
pushes('into a trampoline it fails', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({ [REGS]: regs(['rip', TARGET]), [STACK]: stack([1]) });
  w.task.registers.rsp = at + 0x800;
  assert.is(w.fault(at), 'denied');
});
pushes('an invocation leaves the garbage collector at most the addresses V8 boxes where it does not inline', () => {
  const w = new TrampfdWorld(), { memory } = w.task.process, { at } = w.trampoline({ [REGS]: regs(['r10', 5n], ['rip', TARGET]), [STACK]: stack([1, 2], SET_SP, 8) });
  const registers = new CpuState(new LinearMemory(0x10000)), fault = { address: at, code: PF_USER | PF_FETCH }, COUNT = 20_000, BOXED_BYTES = 16;
  const bytesOfRound = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let k = 0; k < COUNT; k++) { registers.rip = at; registers.rsp = DATA_AT + 0x2000; memory.resolve(fault, registers); }
    return (process.memoryUsage().heapUsed - before) / COUNT;
  };
  // V8 optimises in a thread of its own, which may have to wait for a processor.
  let least = Infinity;
  for (let round = 0; round < 100 && least >= 6 * BOXED_BYTES; round++) {
    const bytes = bytesOfRound();
    if (bytes >= 0) least = Math.min(least, bytes);
  }
  assert.ok(least < 6 * BOXED_BYTES, `${least} bytes an invocation`);
});
pushes.run();
