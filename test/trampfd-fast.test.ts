/** Fast trampolines, call by call: what they may be told, how they share pages of code, and that nothing of them is left. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP } from '../src/base/errno.ts';
import { PF_FETCH, PF_USER } from '../src/mmu/fault.ts';
import { DATA_AT } from './support/kernel-world.ts';
import { FAST } from '../src/trampfd/uapi.ts';
import { MAP, PCS, REGS, SET_SP, STACK, TrampfdWorld, pcs, regs, stack, words } from './support/trampfd-world.ts';

const TARGET = 0x401000n, USUAL = regs(['r10', 0x1234_5678_9abc_def0n], ['rbx', 1n << 63n], ['rip', TARGET]), SLOT = 40, SLOTS = 102;
const LARGE = [regs(['rax', 1n << 40n], ['rcx', 1n << 40n], ['rdx', 1n << 40n], ['rip', TARGET]), stack(new Array<number>(64).fill(7))] as const;

const rules = suite('trampfd › fast › rules');
rules('the map context: 4096 bytes, R-X, MAP_PRIVATE, and where in the page it is called', () => {
  const w = new TrampfdWorld(), one = w.createFast(), two = w.createFast();
  assert.equal(w.read(one, MAP, 24), words(4096, 5, 2, 0, 0, 0));
  assert.equal(w.read(two, MAP, 24), words(4096, 5, 2, 0, SLOT, 0));
  assert.equal([w.read(one, MAP, 23), w.read(one, MAP, 25)], [-EINVAL, -EINVAL]);
  assert.equal([w.ioffset(one), w.ioffset(two)], [0, SLOT], 'asked again, it says the same');
});
const MMAPS: readonly (readonly [args: readonly (number | bigint)[], result: number])[] = [
  [[0x1000_0000, 4096, 5, 2, 3, 0], 0x1000_0000],
  ...[0, 1, 2, 3, 4, 6, 7, 13].map(prot => [[0x1000_0000, 4096, prot, 2, 3, 0], -EINVAL] as const),
  ...[1, 3, 0x12, 0x4002, 0x8002].map(flags => [[0x1000_0000, 4096, 5, flags, 3, 0], -EINVAL] as const),
  ...[0, 1, 4095, 4097, 8192].map(length => [[0x1000_0000, length, 5, 2, 3, 0], -EINVAL] as const),
  [[0x1000_0000, 4096, 5, 2, 3, 4096], -EINVAL], [[0x1000_0000, 4096, 5, 2, 3, 40], -EINVAL],
];
for (const [args, result] of MMAPS) {
  rules(`mmap(${args.join(', ')}) = ${result}`, () => {
    const w = new TrampfdWorld();
    assert.is(w.createFast(), 3);
    assert.is(w.sys('mmap', ...args), result);
    assert.is(w.sys('close', 3), 0);
    assert.is(w.objects.code.instances, result < 0 ? 0 : 1);
  });
}
rules('the slow form is mapped without permissions as ever, and has no code', () => {
  const w = new TrampfdWorld(), fd = w.create();
  assert.equal([w.mapFast(fd), w.ioffset(fd), w.map(fd) > 0, w.objects.code.frames.length], [-EINVAL, 0, true, 0]);
});
rules('it is not writable, neither by its process nor by who writes to its memory, and can be given no more permissions', () => {
  const w = new TrampfdWorld(), at = w.mapFast(w.createFast()), { memory } = w.task.process;
  assert.equal([2, 3, 6, 7].map(prot => w.sys('mprotect', at, 4096, prot)), new Array(4).fill(-EACCES));
  assert.equal([w.sys('mprotect', at, 4096, 0), w.sys('mprotect', at, 4096, 5)], [0, 0]);
  assert.equal([memory.translate(at, 'write'), memory.copyOut(at, new Uint8Array(1)), memory.poke(at, new Uint8Array(1))], [-1, false, false]);
  assert.is(w.sys('process_vm_writev', w.task.process.pid, w.words(DATA_AT, 8), 1, w.words(at, 8), 1, 0), -EFAULT);
  assert.is(w.sys('pread', 0, at, 1, 0) < 0, true);
});
rules('its fault is no invocation', () => {
  const w = new TrampfdWorld(), { at } = w.trampoline({}), fd = w.createFast();
  w.write(fd, REGS, USUAL);
  const fast = w.mapFast(fd);
  w.sys('mprotect', fast, 4096, 0);
  assert.is(w.fault(fast + w.ioffset(fd), PF_USER | PF_FETCH), 'denied');
  assert.is(w.objects.invocations, 0);
  assert.ok(at > 0);
});
rules('contexts keep their rules: bounds, reserved words, allowed PCs, all or nothing', () => {
  const w = new TrampfdWorld(), fd = w.createFast();
  w.mapFast(fd);
  assert.equal([
    w.write(fd, REGS, regs(['rax', 1n])), w.write(fd, REGS, words(1, 1, 23, 0, 1n)), w.write(fd, REGS, regs(['eax', 1n], ['rip', 1n])), w.write(fd, STACK, stack([1], 2)),
    w.write(fd, STACK, stack([1], 0, 257)), w.write(fd, PCS, pcs(0n)), w.write(fd, MAP, USUAL), w.write(fd, PCS, pcs(TARGET)), w.write(fd, REGS, regs(['rip', 1n])), w.write(fd, REGS, USUAL),
  ], [-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, 16, -EINVAL, USUAL.length]);
  assert.equal(w.read(fd, REGS, USUAL.length), USUAL);
});
rules('SET_SP needs BMI2: without it a stack context that moves rsp is EOPNOTSUPP, one that does not is taken', () => {
  const w = new TrampfdWorld(), fd = w.createFast(), slow = w.create();
  (w.kernel.system as { cpuid: unknown }).cpuid = { brand: '', features: [[1, 0, 0, 'sse2']] };
  assert.equal([w.write(fd, STACK, stack([1], SET_SP)), w.write(fd, STACK, stack([1])), w.write(slow, STACK, stack([1], SET_SP))], [-EOPNOTSUPP, 17, 17]);
  (w.kernel.system as { cpuid: unknown }).cpuid = { brand: '', features: [[7, 0, 0, 'bmi2']] };
  assert.is(w.write(fd, STACK, stack([1], SET_SP)), 17);
});
rules('fdinfo says that it is fast', () => {
  const w = new TrampfdWorld(), fd = w.createFast();
  assert.match(w.slurp(`/proc/self/fdinfo/${fd}`), /type: TRAMPFD_USER\nvariant: fast\n$/);
});
rules('maps shows it by its name, r-xp', () => {
  const w = new TrampfdWorld(), at = w.mapFast(w.createFast());
  assert.match(w.slurp('/proc/self/maps'), new RegExp(`^${at.toString(16)}-${(at + 4096).toString(16)} r-xp 00000000 .*\\[trampfd\\]$`, 'm'));
});
rules.run();

/** The bytes at a trampoline's address. */
function codeAt(w: TrampfdWorld, at: number, length = SLOT): number[] { return [...w.task.process.memory.peek(at, length)]; }

const sharing = suite('trampfd › fast › pages');
sharing(`${SLOTS} usual trampolines share a frame, each where no other is; the next has another`, () => {
  const w = new TrampfdWorld(), places = new Set<number>(), pages: number[] = [], { memory } = w.task.process;
  for (let k = 0; k <= SLOTS; k++) {
    const fd = w.createFast();
    w.write(fd, REGS, USUAL);
    const at = w.mapFast(fd), ioffset = w.ioffset(fd);
    places.add(memory.translate(at, 'execute') + ioffset);
    pages.push(memory.translate(at, 'execute'));
    assert.is(ioffset % SLOT, 0);
    assert.equal(codeAt(w, at + ioffset).slice(0, 6), [0xf3, 0x0f, 0x1e, 0xfa, 0x49, 0xba]);
  }
  assert.equal([places.size, new Set(pages.slice(0, SLOTS)).size, new Set(pages).size, w.objects.codeFrames.length], [SLOTS + 1, 1, 2, 2]);
});
sharing('the page is there from the start: a first call does not fault', () => {
  const w = new TrampfdWorld(), at = w.mapFast(w.createFast());
  assert.ok(w.task.process.memory.translate(at, 'execute') !== -1);
});
sharing('without a register context there is no code, only HLT; it comes and goes with the context', () => {
  const w = new TrampfdWorld(), fd = w.createFast(), at = w.mapFast(fd), hlt = new Array<number>(SLOT).fill(0xf4);
  assert.equal(codeAt(w, at), hlt);
  w.write(fd, STACK, stack([1, 2]));
  assert.equal(codeAt(w, at), hlt);
  w.write(fd, REGS, USUAL);
  assert.is(codeAt(w, at)[0], 0xf3);
  w.write(fd, REGS, regs());
  assert.equal(codeAt(w, at), hlt);
});
sharing('a slot that is free is HLT again, and the next one\'s', () => {
  const w = new TrampfdWorld(), fds = [0, 1, 2].map(() => { const fd = w.createFast(); w.write(fd, REGS, USUAL); return fd; }), maps = fds.map(fd => w.mapFast(fd));
  w.sys('munmap', maps[1]!, 4096);
  assert.is(codeAt(w, maps[0]! + SLOT)[0], 0xf3, 'as long as its descriptor is open');
  w.sys('close', fds[1]!);
  assert.equal(codeAt(w, maps[0]! + SLOT), new Array(SLOT).fill(0xf4));
  assert.is(w.ioffset(w.createFast()), SLOT);
});
sharing('large contexts take slots in a row', () => {
  const w = new TrampfdWorld(), large = w.createFast(), small = w.createFast();
  w.write(large, REGS, LARGE[0]); w.write(large, STACK, LARGE[1]);
  assert.equal([w.ioffset(large), w.ioffset(small)], [0, 5 * SLOT]);
});
sharing('a context that outgrows its slots moves to where there are more, and is called at the same address', () => {
  const w = new TrampfdWorld(), { memory } = w.task.process, fds = [0, 1].map(() => { const fd = w.createFast(); w.write(fd, REGS, USUAL); return fd; });
  const [at, other] = fds.map(fd => w.mapFast(fd)) as [number, number], ioffset = w.ioffset(fds[0]!), before = codeAt(w, other + w.ioffset(fds[1]!));
  w.write(fds[0]!, STACK, LARGE[1]); w.write(fds[0]!, REGS, LARGE[0]);
  assert.is(w.ioffset(fds[0]!), ioffset);
  const entry = codeAt(w, at + ioffset);
  assert.equal([...entry.slice(0, 5), ...entry.slice(9)], [0xf3, 0x0f, 0x1e, 0xfa, 0xe9, ...new Array(SLOT - 9).fill(0xf4)], 'its neighbour is in the way: a jump to the body');
  assert.equal(codeAt(w, other + w.ioffset(fds[1]!)), before);
  assert.is(memory.translate(at, 'execute'), memory.translate(other, 'execute'));
});
sharing('where its page is full, it has another page, at the same byte of it; its old slot is the next one\'s', () => {
  const w = new TrampfdWorld(), { memory } = w.task.process, fds = Array.from({ length: SLOTS }, () => { const fd = w.createFast(); w.write(fd, REGS, USUAL); return fd; });
  const maps = fds.map(fd => w.mapFast(fd)), last = SLOTS - 1, ioffset = last * SLOT;
  assert.is(w.ioffset(fds[last]!), ioffset);
  w.write(fds[last]!, STACK, LARGE[1]);
  assert.is(w.ioffset(fds[last]!), ioffset);
  assert.is(w.objects.codeFrames.length, 2);
  assert.is(codeAt(w, maps[last]! + ioffset)[4], 0xe9, 'after the last slot is no room either');
  assert.equal(codeAt(w, maps[0]! + ioffset), new Array(SLOT).fill(0xf4));
  assert.not.equal(memory.reach(maps[last]!, false), memory.reach(maps[0]!, false));
  w.sys('close', fds[1]!); w.sys('munmap', maps[1]!, 4096);
  assert.equal([w.ioffset(w.createFast()), w.ioffset(w.createFast())], [SLOT, ioffset]);
});
sharing('two mappings of one object show the same code', () => {
  const w = new TrampfdWorld(), fd = w.createFast(), one = w.mapFast(fd), two = w.mapFast(fd);
  w.write(fd, REGS, USUAL);
  assert.equal([one !== two, codeAt(w, one)], [true, codeAt(w, two)]);
  w.write(fd, STACK, LARGE[1]);
  assert.equal(codeAt(w, one, 200), codeAt(w, two, 200));
});
sharing('a child of fork does not have the mapping, and makes its own, in a page that is not its parent\'s', () => {
  const w = new TrampfdWorld(), fd = w.createFast(), at = w.mapFast(fd), parent = w.task.process.memory, child = parent.fork()!, { process } = w.task;
  w.write(fd, REGS, USUAL);
  assert.is(child.find(at), null);
  process.memory = child;
  w.createFast();
  const own = w.mapFast(fd);
  assert.not.equal(child.translate(own, 'execute'), parent.translate(at, 'execute'));
  assert.equal(codeAt(w, own + w.ioffset(fd)).slice(0, 14), [...parent.peek(at, 14)]);
  w.write(fd, REGS, regs(['rax', 5n], ['rip', TARGET]));
  assert.equal([[...parent.peek(at, 9)], codeAt(w, own + w.ioffset(fd), 9)], [[0xf3, 0x0f, 0x1e, 0xfa, 0xb8, 5, 0, 0, 0], [0xf3, 0x0f, 0x1e, 0xfa, 0xb8, 5, 0, 0, 0]], 'a new context counts in both');
  assert.is(w.objects.code.instances, 2);
  process.memory = parent;
  child.release();
  assert.equal([w.objects.code.instances, w.objects.codeFrames.length], [1, 1]);
});
sharing.run();

const leaks = suite('trampfd › fast › nothing is left');
/** What may leak. */
const held = (w: TrampfdWorld): readonly number[] => [w.mmu.frames.used, w.task.process.memory.vmas.length, w.objects.live, w.objects.bytes, w.objects.code.instances, w.objects.codeFrames.length];
/** The page tables of the region where mappings come to be are there. */
function warm(): TrampfdWorld {
  const w = new TrampfdWorld(), at = w.mapFast(w.createFast());
  w.sys('munmap', at, 4096); w.sys('close', 3);
  return w;
}
const WAYS: readonly (readonly [string, (w: TrampfdWorld, fd: number) => void])[] = [
  ['never mapped', (w, fd) => { w.sys('close', fd); }],
  ['asked for its place and never mapped', (w, fd) => { w.ioffset(fd); w.sys('close', fd); }],
  ['unmapped, then closed', (w, fd) => { w.sys('munmap', w.mapFast(fd), 4096); w.sys('close', fd); }],
  ['closed, then unmapped', (w, fd) => { const at = w.mapFast(fd); w.sys('close', fd); w.sys('munmap', at, 4096); }],
  ['mapped twice', (w, fd) => { const maps = [w.mapFast(fd), w.mapFast(fd)]; w.sys('close', fd); for (const at of maps) w.sys('munmap', at, 4096); }],
  ['mapped over', (w, fd) => { const at = w.mapFast(fd); w.sys('close', fd); w.sys('mmap', at, 4096, 0, 0x32, -1, 0); w.sys('munmap', at, 4096); }],
  ['grown', (w, fd) => { const at = w.mapFast(fd); w.write(fd, STACK, LARGE[1]); w.write(fd, REGS, LARGE[0]); w.sys('close', fd); w.sys('munmap', at, 4096); }],
  ['refused', (w, fd) => { w.sys('mmap', 0, 4096, 7, 2, fd, 0); w.sys('close', fd); }],
  ['moved in vain', (w, fd) => { const at = w.mapFast(fd); w.sys('mremap', at, 4096, 8192, 1); w.sys('close', fd); w.sys('munmap', at, 4096); }],
];
for (const [way, use] of WAYS) {
  leaks(`of one that is ${way}`, () => {
    const w = warm(), before = held(w);
    for (let k = 0; k < 3; k++) {
      const fd = w.createFast();
      if (k > 0) w.write(fd, REGS, USUAL);
      use(w, fd);
      assert.equal(held(w), before);
    }
  });
}
leaks('of 500 after a process\'s end', () => {
  const w = new TrampfdWorld();
  for (let k = 0; k < 500; k++) { const fd = w.createFast(); w.write(fd, REGS, USUAL); if (k % 3 > 0) w.mapFast(fd); else w.ioffset(fd); }
  assert.is(w.objects.codeFrames.length, Math.ceil(500 / SLOTS));
  w.call(231, 0);
  w.task.process.memory.release();
  assert.equal([w.objects.live, w.objects.code.instances, w.objects.codeFrames.length, w.objects.bytes], [0, 0, 0, 0]);
});
leaks('of mappings after execve; a descriptor that stays open can be mapped again', () => {
  const w = new TrampfdWorld(), fd = w.createFast(), F_SETFD = 2;
  w.write(fd, REGS, USUAL);
  w.mapFast(fd); w.mapFast(w.createFast());
  assert.is(w.sys('fcntl', fd, F_SETFD, 0), 0);
  assert.is(w.kernel.execute(w.task, { path: '/bin/program', directory: '/', argv: ['program'], envp: [] }), 0);
  assert.equal([w.objects.live, w.objects.code.instances, w.objects.codeFrames.length], [1, 0, 0]);
  const at = w.mapFast(fd) + w.ioffset(fd);
  assert.equal([codeAt(w, at)[0], w.objects.code.instances], [0xf3, 1]);
});
leaks('where memory ends: ENOMEM, and all is as it was', () => {
  const w = warm(), fds = Array.from({ length: SLOTS }, () => { const fd = w.createFast(); w.write(fd, REGS, USUAL); return fd; });
  const maps = fds.map(fd => w.mapFast(fd)), more = w.createFast(), buffer = w.buffer(100, LARGE[1]), { frames } = w.mmu, before = codeAt(w, maps[5]!, 4096), taken: number[] = [];
  w.ioffset(fds[0]!);
  for (let pa = frames.allocate(); pa !== -1; pa = frames.allocate()) taken.push(pa);
  assert.equal([w.sys('pwrite', fds[5]!, buffer, LARGE[1].length, STACK), w.mapFast(more), w.ioffset(more)], [-ENOMEM, -ENOMEM, -ENOMEM]);
  for (const pa of taken) frames.release(pa);
  assert.equal(codeAt(w, maps[5]!, 4096), before);
  assert.equal(w.read(fds[5]!, STACK, 16), new Uint8Array(16), 'the stack context is not there');
  assert.is(w.sys('pwrite', fds[5]!, buffer, LARGE[1].length, STACK), LARGE[1].length);
});
leaks('through 3,000 chances', () => {
  const w = warm(), before = held(w), live: { fd: number; maps: number[] }[] = [];
  let seed = 12345;
  const below = (n: number): number => { seed = Math.imul(seed, 1103515245) + 12345 >>> 0; return (seed >>> 8) % n; };
  const SHAPES = [USUAL, regs(['rip', TARGET]), LARGE[0], regs()], STACKS = [stack([]), LARGE[1], stack([1], SET_SP), stack([1, 2, 3], 0, 200)];
  const buffers = [...SHAPES, ...STACKS].map(bytes => w.buffer(bytes.length, bytes)), options = w.words(FAST);
  for (let k = 0; k < 3000; k++) {
    const pick = live[below(Math.max(1, live.length))], what = below(6), shape = below(4);
    if (what === 0 || pick === undefined) { if (live.length < 400) live.push({ fd: w.sys('trampfd_create', 0, options, 0), maps: [] }); }
    else if (what === 1) pick.maps.push(w.mapFast(pick.fd));
    else if (what === 2) assert.is(w.sys('pwrite', pick.fd, buffers[shape]!, SHAPES[shape]!.length, REGS), SHAPES[shape]!.length);
    else if (what === 3) assert.is(w.sys('pwrite', pick.fd, buffers[4 + shape]!, STACKS[shape]!.length, STACK), STACKS[shape]!.length);
    else if (what === 4 && pick.maps.length > 0) w.sys('munmap', pick.maps.pop()!, 4096);
    else if (what === 5 && below(3) === 0) { live.splice(live.indexOf(pick), 1); w.sys('close', pick.fd); for (const at of pick.maps) w.sys('munmap', at, 4096); }
  }
  assert.ok(live.length > 50 && w.objects.codeFrames.length > 1);
  for (const { fd, maps } of live) { w.sys('close', fd); for (const at of maps) w.sys('munmap', at, 4096); }
  const after = held(w);
  assert.equal(after.slice(1), before.slice(1));
  assert.ok(after[0]! - before[0]! <= 2, 'page tables aside');
});
leaks.run();


