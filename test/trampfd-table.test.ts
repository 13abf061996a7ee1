/** The table form of the trampfd RFC v2, system call 441: layouts, the order of checks, the entries byte by byte, and a guest that calls them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EEXIST, EFAULT, EINVAL, EMFILE } from '../src/base/errno.ts';
import { decode } from '../src/decoder/decode.ts';
import { format } from '../src/decoder/format.ts';
import { KernelProcess } from '../src/syscalls/process.ts';
import { entryOf } from '../src/trampfd/table.ts';
import { OUT, run, slot, sys } from './support/trampfd-program.ts';
import { TrampfdWorld, words } from './support/trampfd-world.ts';
import { DATA_AT } from './support/kernel-world.ts';

const BAD = 0x10, CODE = 0, DATA = 1, RAX = 7, R15 = 21, R10 = 16, R11 = 17, AT = 0x1000_0000, CODE_TABLE = 0x1122_3344_5566n, DATA_TABLE = 0x7fff_0000_1000n;
const code = (count: number, reg: number, table = CODE_TABLE): Uint8Array => words(count, reg, table), data = (reg: number, table = DATA_TABLE, reserved = 0): Uint8Array => words(reg, reserved, table);
function make(w: TrampfdWorld): number { return w.sys('trampfd', w.buffer(16)); }
/** With both tables. */
function initialised(w: TrampfdWorld, count = 102): number {
  const fd = make(w);
  assert.equal([w.write(fd, CODE, code(count, R10)), w.write(fd, DATA, data(R11))], [16, 16]);
  return fd;
}

const creation = suite('trampfd › table › creation');
creation('trampfd(info) says 102 entries of 40 bytes, mapped at offset 4096, and gives a descriptor: O_RDWR, close-on-exec, [trampfd]', () => {
  const w = new TrampfdWorld(), info = w.buffer(20, new Uint8Array(20).fill(0xee)), name = w.buffer(100);
  assert.is(w.sys('trampfd', info), 3);
  assert.equal(new Uint8Array(w.peek(info, 20).buffer), new Uint8Array([...words(102, 40, 4096, 0), 0xee, 0xee, 0xee, 0xee]));
  assert.equal([w.sys('fcntl', 3, 1), w.sys('fcntl', 3, 3), w.sys('readlink', '/proc/self/fd/3', name, 100)], [1, 2, 9]);
  assert.is(w.text(name, 9), '[trampfd]');
  assert.is(w.objects.live, 1);
});
for (const [what, at] of [['NULL', 0], ['where nothing is', BAD], ['across the end', DATA_AT + 0x20000 - 8]] as const) {
  creation(`an info ${what} is EFAULT, and there is no object`, () => {
    const w = new TrampfdWorld();
    assert.equal([w.sys('trampfd', at), w.objects.live, w.create()], [-EFAULT, 0, 3]);
  });
}
creation('without a free descriptor: EMFILE, but EFAULT first', () => {
  const w = new TrampfdWorld();
  for (let fd = 3; fd < 1024; fd++) make(w);
  assert.equal([make(w), w.sys('trampfd', BAD), w.objects.live], [-EMFILE, -EFAULT, 1021]);
});
creation.run();

const writes = suite('trampfd › table › tables');
/** Each written to an object of its own: at an offset, so many bytes, the result. */
const WRITES: readonly (readonly [claim: string, offset: number, bytes: Uint8Array, result: number])[] = [
  ['one entry', CODE, code(1, R10), 16], ['102 entries', CODE, code(102, R10), 16], ['no entry', CODE, code(0, R10), -EINVAL], ['103 entries', CODE, code(103, R10), -EINVAL],
  ['rax', CODE, code(1, RAX), 16], ['r15', CODE, code(1, R15), 16], ['the 32-bit ebp', CODE, code(1, 6), -EINVAL], ['the 32-bit eax', CODE, code(1, 0), -EINVAL],
  ['the name after r15', CODE, code(1, 22), -EINVAL], ['2^31 + rax', CODE, code(1, 0x8000_0007), -EINVAL], ['no table', CODE, code(1, R10, 0n), -EINVAL],
  ['15 bytes', CODE, code(1, R10).subarray(0, 15), -EINVAL], ['17 bytes', CODE, new Uint8Array([...code(1, R10), 0]), -EINVAL],
  ['rax for data', DATA, data(RAX), 16], ['r15 for data', DATA, data(R15), 16], ['ebp for data', DATA, data(6), -EINVAL], ['the name after r15 for data', DATA, data(22), -EINVAL],
  ['a reserved word', DATA, data(RAX, DATA_TABLE, 1), -EINVAL], ['no table of data', DATA, data(RAX, 0n), -EINVAL], ['15 bytes of data', DATA, data(RAX).subarray(0, 15), -EINVAL],
  ['17 bytes of data', DATA, new Uint8Array([...data(RAX), 0]), -EINVAL], ['another offset', 2, data(RAX), -EINVAL], ['a context of RFC v1', 3, data(RAX), -EINVAL],
];
for (const [claim, offset, bytes, result] of WRITES) {
  writes(`${claim}: ${result < 0 ? 'EINVAL, and another may be written' : 'taken, once: then it is EEXIST'}`, () => {
    const w = new TrampfdWorld(), fd = make(w), again = offset === CODE ? code(5, R10) : data(R11);
    assert.is(w.write(fd, offset, bytes), result);
    if (offset <= DATA) assert.is(w.write(fd, offset, again), result < 0 ? 16 : -EEXIST);
  });
}
writes('after a table is there, even a bad one is EEXIST; but unreadable memory is EFAULT, and a bad count EINVAL, before that', () => {
  const w = new TrampfdWorld(), fd = initialised(w);
  assert.equal([w.write(fd, CODE, code(0, 0)), w.write(fd, DATA, data(0)), w.sys('pwrite', fd, BAD, 16, CODE), w.sys('pwrite', fd, BAD, 15, CODE), w.sys('pwrite', fd, 0, 16, CODE), w.sys('pwrite', fd, BAD, 0, CODE)],
    [-EEXIST, -EEXIST, -EFAULT, -EINVAL, -EINVAL, -EINVAL]);
});
writes('one register for both is EINVAL: the jump would go to the data', () => {
  for (const [first, second] of [[CODE, DATA], [DATA, CODE]] as const) {
    const w = new TrampfdWorld(), fd = make(w), bytes = [code(1, R10), data(R10)];
    assert.equal([w.write(fd, first, bytes[first]!), w.write(fd, second, bytes[second]!)], [16, -EINVAL]);
  }
});
writes('positions are symbolic and do not move; nothing can be read', () => {
  const w = new TrampfdWorld(), fd = make(w), at = w.buffer(16, data(R11));
  assert.equal([w.sys('lseek', fd, DATA, 0), w.sys('lseek', fd, 2, 0), w.sys('lseek', fd, 0, 1), w.sys('lseek', fd, -1, 0)], [1, -EINVAL, -EINVAL, -EINVAL]);
  assert.equal([w.sys('write', fd, at, 16), w.sys('write', fd, at, 16), w.sys('read', fd, at, 16), w.sys('pread', fd, at, 16, 0)], [16, -EEXIST, -EINVAL, -EINVAL]);
});
writes.run();

const entries = suite('trampfd › table › entries');
const REGISTERS = [0, 3, 1, 2, 6, 7, 5, 8, 9, 10, 11, 12, 13, 14, 15], NAMES = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
entries('entry X: endbr64; movabs; mov; movabs; mov; jmp; nopl, for every pair of registers, in at most 40 bytes', () => {
  for (let c = 0; c < 15; c++) for (let d = 0; d < 15; d++) {
    if (c === d) continue;
    const bytes = Uint8Array.from(entryOf({ count: 102, register: REGISTERS[c]!, at: CODE_TABLE }, { register: REGISTERS[d]!, at: DATA_TABLE }, 101)), lines: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const i = decode(bytes, at, bytes.length)!;
      lines.push(format(i, at, 'att').replace(/ +/g, ' '));
      at += i.length;
    }
    const [creg, dreg] = [NAMES[c]!, NAMES[d]!], load = (reg: string): string => `mov (%${reg}),%${reg}`;
    assert.equal(lines.map(line => line.replace('0x0(', '(')), [
      'endbr64', `movabs $0x${(CODE_TABLE + 808n).toString(16)},%${creg}`, load(creg), `movabs $0x${(DATA_TABLE + 808n).toString(16)},%${dreg}`, load(dreg), `jmp *%${creg}`, 'nopl (%rax)',
    ]);
    assert.ok(bytes.length <= 40);
  }
});
entries('r10 and r11, in hexadecimal', () => {
  const bytes = entryOf({ count: 1, register: 10, at: CODE_TABLE }, { register: 11, at: DATA_TABLE }, 1);
  assert.is(bytes.map(byte => byte.toString(16).padStart(2, '0')).join(' '),
    'f3 0f 1e fa 49 ba 6e 55 44 33 22 11 00 00 4d 8b 12 49 bb 08 10 00 00 ff 7f 00 00 4d 8b 1b 41 ff e2 0f 1f 00');
});
entries('the page holds as many as were asked for, one every 40 bytes, and INT3', () => {
  const w = new TrampfdWorld(), at = w.sys('mmap', 0, 4096, 5, 2, initialised(w, 3), 4096), page = [...w.task.process.memory.peek(at, 4096)];
  for (const index of [0, 1, 2]) {
    const entry = entryOf({ count: 3, register: 10, at: CODE_TABLE }, { register: 11, at: DATA_TABLE }, index);
    assert.equal(page.slice(40 * index, 40 * index + 40), [...entry, ...new Array<number>(40 - entry.length).fill(0xcc)]);
  }
  assert.equal(page.slice(120), new Array(4096 - 120).fill(0xcc));
});
entries.run();

const mapping = suite('trampfd › table › mapping');
const MMAPS: readonly (readonly [args: readonly number[], result: number])[] = [
  [[AT, 4096, 5, 2, 3, 4096], AT], [[AT, 4096, 5, 2, 3, 0], -EINVAL], [[AT, 4096, 5, 2, 3, 8192], -EINVAL], [[AT, 8192, 5, 2, 3, 4096], -EINVAL], [[AT, 4095, 5, 2, 3, 4096], -EINVAL],
  [[AT, 0, 5, 2, 3, 4096], -EINVAL], [[AT, 4096, 5, 1, 3, 4096], -EINVAL], [[AT, 4096, 5, 0x12, 3, 4096], -EINVAL], [[AT, 4096, 5, 3, 3, 4096], -EINVAL],
  ...[0, 1, 2, 3, 4, 6, 7].map(prot => [[AT, 4096, prot, 2, 3, 4096], -EINVAL] as const),
];
for (const [args, result] of MMAPS) {
  mapping(`mmap(${args.join(', ')}) = ${result}`, () => {
    const w = new TrampfdWorld();
    initialised(w);
    assert.is(w.sys('mmap', ...args), result);
    assert.is(w.objects.codeFrames.length, result < 0 ? 0 : 1);
  });
}
mapping('before both tables are there it is EINVAL', () => {
  const w = new TrampfdWorld(), fd = make(w), map = (): number => w.sys('mmap', AT, 4096, 5, 2, fd, 4096);
  assert.equal([map(), w.write(fd, CODE, code(102, R10)), map(), w.write(fd, DATA, data(R11)), map()], [-EINVAL, 16, -EINVAL, 16, AT]);
});
mapping('a second one is EEXIST, until the first is gone', () => {
  const w = new TrampfdWorld(), fd = initialised(w), map = (): number => w.sys('mmap', AT, 4096, 5, 2, fd, 4096);
  assert.equal([map(), map(), w.sys('mmap', 0, 4096, 5, 2, w.sys('dup', fd), 4096), w.sys('munmap', AT, 4096), map()], [AT, -EEXIST, -EEXIST, 0, AT]);
});
mapping('another process than its maker is EINVAL, mapped or not; another thread is welcome', () => {
  const w = new TrampfdWorld(), fd = initialised(w), { process } = w.task, { pid, memory, files, system, executable, fs, name, group, session } = process;
  const child = new KernelProcess({ pid: pid + 1, parent: process, memory, files, system, executable, fs, name, group, session });
  const map = (): number => w.sys('mmap', AT, 4096, 5, 2, fd, 4096), as = (who: KernelProcess): void => { (w.task as { process: KernelProcess }).process = who; };
  as(child);
  assert.is(map(), -EINVAL);
  as(process);
  (w.task as { tid: number }).tid += 100;
  assert.is(map(), AT);
  as(child);
  assert.is(map(), -EINVAL);
});
mapping('is not inherited by fork, cannot be written, nor become so', () => {
  const w = new TrampfdWorld(), at = w.sys('mmap', 0, 4096, 5, 2, initialised(w), 4096), { memory } = w.task.process;
  assert.is(memory.fork()!.find(at), null);
  assert.equal([w.sys('mprotect', at, 4096, 7), w.sys('mprotect', at, 4096, 5), memory.copyOut(at, new Uint8Array(1)), memory.poke(at, new Uint8Array(1)), w.sys('mremap', at, 4096, 8192, 1)], [-EACCES, 0, false, false, -EFAULT]);
});
mapping('frames and objects are back after munmap and close, in either order, and after a process\'s end', () => {
  const w = new TrampfdWorld();
  for (const closesFirst of [true, false]) {
    const fd = initialised(w), at = w.sys('mmap', AT, 4096, 5, 2, fd, 4096);
    assert.equal([at, w.objects.live, w.objects.codeFrames.length], [AT, 1, 1]);
    if (closesFirst) w.sys('close', fd);
    w.sys('munmap', at, 4096);
    assert.is(w.objects.codeFrames.length, 0);
    if (!closesFirst) w.sys('close', fd);
    assert.equal([w.objects.live, w.objects.bytes], [0, 0]);
  }
  const used = w.mmu.frames.used;
  w.sys('mmap', AT, 4096, 5, 2, initialised(w), 4096);
  w.sys('munmap', AT, 4096);
  assert.is(w.mmu.frames.used, used);
  w.sys('mmap', AT, 4096, 5, 2, 3, 4096);
  w.call(231, 0);
  w.task.process.memory.release();
  assert.equal([w.objects.live, w.objects.codeFrames.length], [0, 0]);
});
mapping.run();

const guests = suite('trampfd › table › a guest');
guests('fills tables, calls all 102 entries, changes what they find, and its child may not map them', () => {
  const CODES = OUT + 0x1000, DATAS = OUT + 0x2000;
  const { out, stderr } = run(`
    ${sys('trampfd', OUT + 0x800)}
    mov r14, rax
    ${sys('pwrite', 'r14', 'offset code', 16, 0)}
    ${sys('pwrite', 'r14', 'offset data', 16, 1)}
    ${sys('mmap', 0, 4096, 5, 2, 'r14', 4096)}
    mov rbx, rax
    xor ecx, ecx
  1: lea rax, [rip+first]
    mov [${CODES}+rcx*8], rax
    mov [${DATAS}+rcx*8], rcx
    inc ecx
    cmp ecx, 102
    jb 1b
    mov r12d, 2
  round:
    xor ebp, ebp
  2: imul eax, ebp, 40
    add rax, rbx
    mov rdi, rbp
    call rax
    inc ebp
    cmp ebp, 102
    jb 2b
    lea rax, [rip+second]
    mov [${CODES}+8*101], rax
    mov qword ptr [${DATAS}], 1000
    dec r12d
    jnz round
    ${sys('fork')}
    test eax, eax
    jnz parent
    ${sys('mmap', 0, 4096, 5, 2, 'r14', 4096)}
    neg eax
    ${sys('exit', 'rax')}
  parent: ${sys('wait4', -1, OUT + 8, 0, 0)}
    ${sys('close', 'r14')}
    xor ebp, ebp
    call rbx
    jmp finish
  first: add ${slot(0)}, r11
    ret
  second: mov ${slot(2)}, r11
    ret
  .balign 8
  code: .long 102, ${R10}
    .quad ${CODES}
  data: .long ${R11}, 0
    .quad ${DATAS}`, 3);
  assert.is(stderr, '');
  const sum = 101 * 102 / 2;
  assert.equal(out.map(Number), [sum + sum - 101 + 1000 + 1000, EINVAL << 8, 101]);
});
guests.run();
