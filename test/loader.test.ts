/** ELF files, right and wrong, and the stack a program finds: what the parser says, and what execve makes of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { byteString } from '../src/host/host.ts';
import { E2BIG, EACCES, EIO, ELIBBAD, ELOOP, ENOENT, ENOEXEC, EPERM, ETXTBSY } from '../src/base/errno.ts';
import { parseScript } from '../src/loader/script.ts';
import type { KernelTask } from '../src/syscalls/process.ts';
import { parseElf, symbolise, type ElfImage } from '../src/loader/elf.ts';
import { layStack } from '../src/loader/stack.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { KernelWorld, PROGRAM, TEXT_AT, DATA_AT } from './support/kernel-world.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { Random, testSeed } from './support/random.ts';

const TEXT = writeElf({ text: { at: 0x400000, bytes: new Uint8Array(16).fill(0x90) }, data: { at: 0x500000, bytes: new Uint8Array(100).fill(7), size: 9000 }, entry: 0x400004 });
type Edit = (view: DataView) => void;
const edited = (edit: Edit): Uint8Array => { const bytes = TEXT.slice(); edit(new DataView(bytes.buffer)); return bytes; };
const PHDR = 64;

const right = suite('loader › a file that is right');
const image = parseElf(TEXT) as ElfImage;
right('its segments are told by address, with file and memory sizes', () => {
  assert.equal(image.segments.map(s => [s.address, s.fileBytes, s.memoryBytes, s.flags]), [[0x400000, 16, 16, 5], [0x500000, 100, 9000, 6]]);
  assert.equal([image.entry, image.isPositionIndependent, image.interpreter, image.hasExecutableStack], [0x400004, false, null, false]);
});
right('its stack is executable only if PT_GNU_STACK says so', () => {
  const stackOf = (edit: Edit): boolean | null => { const elf = parseElf(edited(edit)); return typeof elf === 'string' ? null : elf.hasExecutableStack; };
  assert.is(stackOf(view => view.setUint32(PHDR + 2 * 56, 0, true)), false);
  assert.is(stackOf(view => view.setUint32(PHDR + 2 * 56 + 4, 7, true)), true);
});
right('without sections it has no symbols', () => {
  assert.equal([image.sections, image.symbols, symbolise(image, 0x400000)], [[], [], null]);
});
right.run();

/** Field by field: what is written where, and the sentence that answers. */
const WRONG: readonly (readonly [string, Edit | Uint8Array, RegExp])[] = [
  ['an empty file', new Uint8Array(0), /^not an ELF file$/],
  ['text', new TextEncoder().encode('#!/bin/sh\necho hello\n'), /^not an ELF file$/],
  ['three bytes of the magic', TEXT.slice(0, 3), /^not an ELF file$/],
  ['half a header', TEXT.slice(0, 40), /^truncated ELF header: 40 bytes of 64$/],
  ['a header and no more', TEXT.slice(0, 64), /^truncated ELF file: the program headers/],
  ['a file cut in its last segment', TEXT.slice(0, 0x2010), /^truncated ELF file: the segment at 0x500000 lies beyond/],
  ['class 32', view => view.setUint8(4, 1), /32-bit/],
  ['class 9', view => view.setUint8(4, 9), /unknown class/],
  ['big-endian', view => view.setUint8(5, 2), /big-endian/],
  ['byte order 0', view => view.setUint8(5, 0), /unknown byte order/],
  ['version 2', view => view.setUint8(6, 2), /unknown version/],
  ['AArch64', view => view.setUint16(18, 183, true), /another architecture \(machine 183\)/],
  ['an object file', view => view.setUint16(16, 1, true), /not an executable: ELF type 1/],
  ['a core file', view => view.setUint16(16, 4, true), /not an executable: ELF type 4/],
  ['a header of 52 bytes', view => view.setUint16(52, 52, true), /it says it is 52 bytes/],
  ['program headers of 32 bytes', view => view.setUint16(54, 32, true), /program headers of 32 bytes/],
  ['no program headers', view => view.setUint16(56, 0, true), /no program headers/],
  ['65,535 program headers', view => view.setUint16(56, 65535, true), /65535 program headers/],
  ['program headers far away', view => view.setBigUint64(32, 1n << 62n, true), /beyond its end/],
  ['nothing to load', view => { view.setUint32(PHDR, 0, true); view.setUint32(PHDR + 56, 0, true); }, /nothing to load/],
  ['more in the file than in memory', view => view.setBigUint64(PHDR + 40, 8n, true), /larger in the file than in memory/],
  ['a segment past the end of the file', view => view.setBigUint64(PHDR + 8, 0x100000n, true), /lies beyond its end/],
  ['a segment of 2^64 - 1 bytes', view => view.setBigUint64(PHDR + 40, 0xffff_ffff_ffff_ffffn, true), /does not fit/],
  ['a segment in kernel space', view => view.setBigUint64(PHDR + 16, 0xffff_8000_0000_0000n, true), /does not fit/],
  ['segments that overlap', view => view.setBigUint64(PHDR + 16, 0x500000n, true), /overlap at 0x500000/],
  ['a segment out of step with its pages', view => view.setBigUint64(PHDR + 16, 0x400001n, true), /not aligned/],
  ['an entry point outside', view => view.setBigUint64(24, 0x300000n, true), /entry point 0x300000/],
  ['an entry point at 2^64 - 1', view => view.setBigUint64(24, 0xffff_ffff_ffff_ffffn, true), /entry point 0xffffffffffffffff lies/],
  ['an entry point in data', view => view.setBigUint64(24, 0x500000n, true), /no executable segment/],
];
const wrong = suite('loader › a file that is wrong gets one clear sentence');
for (const [name, change, sentence] of WRONG) {
  wrong(name, () => {
    const answer = parseElf(change instanceof Uint8Array ? change : edited(change));
    assert.type(answer, 'string');
    assert.match(String(answer), sentence);
  });
}
wrong('to be read only, an object file and one whose entry point is nowhere are as good as any; garbage is not', () => {
  for (const name of ['an object file', 'an entry point in data']) {
    const change = WRONG.find(row => row[0] === name)?.[1];
    assert.type(parseElf(edited(change as Edit), 'read'), 'object');
  }
  assert.is(parseElf(new Uint8Array(0), 'read'), 'not an ELF file');
});
wrong.run();

const mutated = suite('loader › mutated files');
mutated('2,000 mutations of headers parse or are refused, and load or are refused', () => {
  const seed = testSeed(), random = new Random(seed);
  const host = new MemoryHost(), w = new KernelWorld({}, host);
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < 2000; round++) {
    const bytes = PROGRAM.slice();
    for (let edits = 1 + random.below(4); edits > 0; edits--) bytes[random.below(240)] = random.pick([0, 1, 0xff, 0x80, random.below(256)]);
    host.put('/bin/mutant', random.below(8) === 0 ? bytes.slice(0, random.below(bytes.length)) : bytes);
    const task = w.kernel.exec('/bin/mutant', ['mutant'], []);
    if ('sentence' in task) {
      outcomes.refused += 1;
      assert.match(task.sentence, /^\/bin\/mutant: [^\n]+$/, `seed ${seed}, round ${round}`);
      assert.ok(task.status === 2 || task.status === 126, `seed ${seed}, round ${round}: status ${task.status}`);
    } else {
      outcomes.loaded += 1;
      task.process.memory.release();
    }
  }
  assert.ok(outcomes.loaded > 100 && outcomes.refused > 500, JSON.stringify(outcomes));
});
mutated.run();

const stack = suite('loader › the initial stack');
stack('argc, argv, envp and the auxiliary vector lie as the psABI draws them', () => {
  const top = 0x7ffffffff000;
  const { pointer, bytes } = layStack({ top, path: '/bin/p', argv: ['p', 'a b'], envp: ['X=1'], auxiliary: [[6, 4096]], random: new Uint8Array(16).fill(9) });
  const view = new DataView(bytes.buffer), word = (i: number): number => Number(view.getBigUint64(8 * i, true));
  const text = (at: number): string => byteString(bytes.subarray(at - pointer, bytes.indexOf(0, at - pointer)));
  assert.is(pointer % 16, 0);
  assert.is(pointer + bytes.length, top);
  assert.equal([word(0), text(word(1)), text(word(2)), word(3), text(word(4)), word(5)], [2, 'p', 'a b', 0, 'X=1', 0]);
  const auxiliary = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [word(6 + 2 * i), word(7 + 2 * i)]));
  assert.equal([auxiliary[6], text(auxiliary[31] ?? 0), text(auxiliary[15] ?? 0)], [4096, '/bin/p', 'x86_64']);
  assert.equal(bytes.subarray((auxiliary[25] ?? 0) - pointer, (auxiliary[25] ?? 0) - pointer + 16), new Uint8Array(16).fill(9));
});
for (const count of [0, 1, 2, 3, 4, 5]) {
  stack(`rsp is a multiple of 16 with ${count} arguments`, () => {
    const argv = Array.from({ length: count }, (_, i) => 'x'.repeat(i));
    assert.is(layStack({ top: 0x7ffffffff000, path: '/p', argv, envp: [], auxiliary: [], random: new Uint8Array(16) }).pointer % 16, 0);
  });
}
stack.run();

const exec = suite('loader › a loaded program');
exec('starts at its entry with every register zero', () => {
  const { task } = new KernelWorld();
  assert.is(task.registers.rip, TEXT_AT);
  for (let register = 0; register < 16; register++) if (register !== 4) assert.is(task.registers.get(register), 0n);
});
exec('finds the rest of its data\'s last page zero', () => {
  const host = new MemoryHost(), w = new KernelWorld({}, host), file = TEXT.slice();
  file.fill(0xee, 0x2000 + 100); // What follows the data in the file is not the program's.
  host.put('/bin/bss', file);
  const task = w.kernel.exec('/bin/bss', [], []);
  if ('sentence' in task) throw new Error(task.sentence);
  const bytes = new Uint8Array(9000);
  assert.ok(task.process.memory.copyIn(0x500000, bytes));
  assert.equal([bytes[99], bytes[100], bytes[4095], bytes[8999]], [7, 0, 0, 0]);
});
/** TEXT as a position-independent file from address 0 on; `more` changes it further. */
const movable = (more: Edit = () => {}): Uint8Array => edited(view => {
  view.setUint16(16, 3, true); view.setBigUint64(24, 4n, true); view.setBigUint64(PHDR + 16, 0n, true); view.setBigUint64(PHDR + 56 + 16, 0x100000n, true);
  more(view);
});
/** In place of PT_GNU_STACK the name of the dynamic loader, behind the headers. */
const INTERPRETED: Edit = view => {
  const name = '/bin/ld.so\0';
  [...name].forEach((c, k) => view.setUint8(0x800 + k, c.charCodeAt(0)));
  view.setUint32(PHDR + 2 * 56, 3, true); view.setBigUint64(PHDR + 2 * 56 + 8, 0x800n, true); view.setBigUint64(PHDR + 2 * 56 + 32, BigInt(name.length), true);
};
const MMAP_BASE = 0x7ffff7fff000, MOVABLE_BYTES = 0x103000;
const loaded = (w: KernelWorld, path: string, ...argv: string[]): KernelTask => {
  const task = w.kernel.exec(path, argv, []);
  if ('sentence' in task) throw new Error(task.sentence);
  return task;
};
exec('that is position-independent and has no dynamic loader goes where mmap puts things, its heap to 0x555555555000', () => {
  const w = new KernelWorld({ '/bin/pie': movable() }), task = loaded(w, '/bin/pie');
  assert.is(task.registers.rip, MMAP_BASE - MOVABLE_BYTES + 4);
  assert.is(task.process.memory.setBreak(0), 0x555555555000);
});
exec('that is position-independent and aligned to 2 MiB goes to such an address', () => {
  const w = new KernelWorld({ '/bin/pie': movable(view => view.setBigUint64(PHDR + 48, 0x200000n, true)) });
  assert.is(loaded(w, '/bin/pie').registers.rip, 0x7ffff7e00004);
});
exec('with a dynamic loader goes to 0x555555554000, its heap behind it; the loader starts, and is told where everything is', () => {
  const w = new KernelWorld({ '/bin/dynamic': movable(INTERPRETED), '/bin/ld.so': movable() }), task = loaded(w, '/bin/dynamic');
  assert.is(task.registers.rip, MMAP_BASE - MOVABLE_BYTES + 4);
  assert.is(task.process.memory.setBreak(0), 0x555555554000 + MOVABLE_BYTES);
  const { auxiliary } = task.process.executable, view = new DataView(auxiliary.buffer, auxiliary.byteOffset), told = new Map<number, number>();
  for (let at = 0; at < auxiliary.length; at += 16) told.set(Number(view.getBigUint64(at, true)), Number(view.getBigUint64(at + 8, true)));
  const BASE = 7, ENTRY = 9, SECURE = 23, SYSINFO_EHDR = 33;
  assert.equal([BASE, ENTRY, SECURE, SYSINFO_EHDR].map(key => told.get(key)), [MMAP_BASE - MOVABLE_BYTES, 0x555555554004, 0, undefined]);
});
exec('has the same pages when it is started again, until the file is another', () => {
  const w = new KernelWorld({ '/bin/pie': movable() });
  const places = [0, 1].map(() => {
    const { memory } = loaded(w, '/bin/pie').process, at = MMAP_BASE - MOVABLE_BYTES;
    memory.copyIn(at, new Uint8Array(1));
    const pa = memory.translate(at, 'read');
    memory.release();
    return pa;
  });
  assert.is(places[0], places[1]);
  w.host.put('/bin/pie', movable(view => view.setUint8(0x1004, 0xcc)));
  const { memory } = loaded(w, '/bin/pie').process, byte = new Uint8Array(1);
  memory.copyIn(MMAP_BASE - MOVABLE_BYTES + 4, byte);
  assert.is(byte[0], 0xcc);
});
exec('cannot be written while it runs, nor started while it is written: ETXTBSY', () => {
  const w = new KernelWorld({ '/bin/other': PROGRAM }), OPEN = 2, CLOSE = 3, EXECVE = 59, TRUNCATE = 76, WRITE_ONLY = 1, TRUNCATED = 0x200;
  assert.equal([w.call(OPEN, '/bin/program', WRITE_ONLY), w.call(OPEN, '/bin/program', TRUNCATED), w.call(TRUNCATE, '/bin/program', 0)], [-ETXTBSY, -ETXTBSY, -ETXTBSY]);
  const fd = Number(w.call(OPEN, '/bin/other', WRITE_ONLY));
  assert.is(w.call(EXECVE, '/bin/other', 0, 0), -ETXTBSY);
  w.call(CLOSE, fd);
  assert.type(w.call(EXECVE, '/bin/other', 0, 0), 'object');
});
exec('gives way to what needs memory, once it is over', () => {
  const w = new KernelWorld({ '/bin/big': writeElf({ text: { at: 0x400000, bytes: new Uint8Array(4 << 20) }, entry: 0x400000 }) });
  const { memory } = loaded(w, '/bin/big').process, idle = w.mmu.frames.used;
  assert.ok(memory.copyIn(0x400000, new Uint8Array(4 << 20)));
  memory.release();
  assert.ok(w.mmu.frames.used > idle + 1000);
  const taken: number[] = [];
  for (let pa = w.mmu.frames.allocate(); pa !== -1; pa = w.mmu.frames.allocate()) taken.push(pa);
  assert.ok(taken.length >= w.mmu.frames.limit - idle, `${taken.length} of ${w.mmu.frames.limit}`);
  for (const pa of taken) w.mmu.frames.release(pa);
});

const scripts = suite('loader › scripts');
scripts('are programs for their interpreter: its name, one word more, the script, the rest', () => {
  const w = new KernelWorld({ '/home/script': '#! /bin/program  two words \nrest' }), { process } = loaded(w, './script', 'zero', 'one');
  assert.equal([process.executable.argv, process.executable.path, process.name], [['/bin/program', 'two words', './script', 'one'], '/bin/program', 'script']);
});
scripts('can have scripts as interpreters, five deep', () => {
  const nest = Object.fromEntries([1, 2, 3, 4, 5, 6].map(n => [`/bin/s${n}`, `#!${n === 1 ? '/bin/program' : `/bin/s${n - 1}`}\n`]));
  const w = new KernelWorld(nest);
  assert.equal(loaded(w, '/bin/s5', 'x', 'y').process.executable.argv, ['/bin/program', '/bin/s1', '/bin/s2', '/bin/s3', '/bin/s4', '/bin/s5', 'y']);
  const refusal = w.kernel.exec('/bin/s6', [], []);
  assert.is('errno' in refusal && refusal.errno, ELOOP);
});
const HEADS: readonly (readonly [string, ReturnType<typeof parseScript>])[] = [
  ['#!/bin/sh', { interpreter: '/bin/sh', argument: null }],
  ['#!/bin/sh\n-x', { interpreter: '/bin/sh', argument: null }],
  ['#!\t /bin/sh \t\n', { interpreter: '/bin/sh', argument: null }],
  ['#!/bin/sh -e\t-x \nfoo', { interpreter: '/bin/sh', argument: '-e\t-x' }],
  ['#!/bin/sh\0 -x\n', { interpreter: '/bin/sh', argument: null }],
  ['#!/bin/sh -a\0b\n', { interpreter: '/bin/sh', argument: '-a' }],
  [`#!/bin/sh ${'x'.repeat(300)}`, { interpreter: '/bin/sh', argument: 'x'.repeat(245) }],
  [`#!/${'x'.repeat(252)}\n`, { interpreter: `/${'x'.repeat(252)}`, argument: null }],
  [`#!/${'x'.repeat(253)}\n`, 'malformed'], [`#!/${'x'.repeat(400)} -x\n`, 'malformed'],
  ['#!', 'malformed'], ['#!\n', 'malformed'], ['#!  \n/bin/sh\n', 'malformed'], [`#!${' '.repeat(400)}/bin/sh\n`, 'malformed'], ['# !/bin/sh\n', null], ['', null], ['#', null],
];
for (const [text, script] of HEADS) {
  scripts(`${JSON.stringify(text.length > 40 ? `${text.slice(0, 12)}… (${text.length})` : text)} asks for ${JSON.stringify(script).slice(0, 60)}`, () => {
    assert.equal(parseScript(new TextEncoder().encode(text).subarray(0, 256)), script);
  });
}
scripts.run();

const REFUSED: readonly (readonly [string, (host: MemoryHost) => void, RegExp, number, number])[] = [
  ['does not exist', () => {}, /^\/bin\/x: no such program$/, 127, ENOENT],
  ['may not be executed', host => host.put('/bin/x', PROGRAM, 0o644), /permission denied/, 126, EACCES],
  ['is a directory', host => { host.mkdir('/bin/x', 0o755); }, /not a regular file/, 126, EACCES],
  ['is no ELF file', host => host.put('/bin/x', 'text'), /^\/bin\/x: not an ELF file$/, 2, ENOEXEC],
  ['is a script without an interpreter', host => host.put('/bin/x', '#!\n'), /^\/bin\/x: .*script/, 2, ENOEXEC],
  ['is a script whose interpreter is not there', host => host.put('/bin/x', '#!/bin/none\n'), /^\/bin\/none: no such program$/, 127, ENOENT],
  ['lies where no program may', host => host.put('/bin/x', edited(view => {
    view.setBigUint64(24, 0n, true); view.setBigUint64(PHDR + 16, 0n, true);
  })), /segments lie where no program may/, 126, EPERM],
  ['needs a dynamic loader whose name is cut', host => host.put('/bin/x', movable(view => { INTERPRETED(view); view.setUint8(PHDR + 2 * 56 + 32, 4); })), /dynamic loader/, 2, ENOEXEC],
  ['needs a dynamic loader that is not there', host => host.put('/bin/x', movable(INTERPRETED)), /^\/bin\/x: its dynamic loader cannot run: \/bin\/ld.so: no such/, 127, ENOENT],
  ['needs a dynamic loader that is text', host => { host.put('/bin/x', movable(INTERPRETED)); host.put('/bin/ld.so', 'x'.repeat(99)); }, /: not an ELF file$/, 2, ELIBBAD],
  ['needs a dynamic loader that is empty', host => { host.put('/bin/x', movable(INTERPRETED)); host.put('/bin/ld.so', ''); }, /: not an ELF file$/, 2, EIO],
];
for (const [name, prepare, sentence, status, errno] of REFUSED) {
  exec(`is refused with a sentence and status ${status} when it ${name}`, () => {
    const host = new MemoryHost(), w = new KernelWorld({}, host);
    prepare(host);
    const used = w.mmu.frames.used, refusal = w.kernel.exec('/bin/x', ['x'], []);
    if (!('sentence' in refusal)) throw new Error('it was loaded');
    assert.match(refusal.sentence, sentence);
    assert.equal([refusal.status, refusal.errno], [status, errno]);
    assert.is(w.mmu.frames.used, used);
  });
}
exec('with too many arguments is refused', () => {
  const w = new KernelWorld(), refusal = w.kernel.exec('/bin/program', new Array<string>(300_000).fill('x'), []);
  assert.match('sentence' in refusal ? refusal.sentence : '', /too long/);
  assert.is('errno' in refusal && refusal.errno, E2BIG);
});
exec('can have arguments of 100,000 bytes', () => {
  const w = new KernelWorld(), task = w.kernel.exec('/bin/program', ['x'.repeat(100_000), 'y'.repeat(100_000)], []);
  assert.not.ok('sentence' in task);
});
exec('has its heap after its data', () => {
  const w = new KernelWorld();
  assert.is(w.call(12, 0), DATA_AT + 0x20000);
});
exec.run();
