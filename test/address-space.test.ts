/** mmap, munmap, mprotect, mremap and brk as the man pages tell them; paging; the kernel's accesses; fork. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EEXIST, EFAULT, EINVAL, ENAMETOOLONG, ENOMEM, EOVERFLOW, EPERM } from '../src/base/errno.ts';
import { PAGE_BYTES } from '../src/base/layout.ts';
import type { AddressSpace, MapRequest } from '../src/mmu/address-space.ts';
import { MMAP_BASE, TASK_SIZE } from '../src/mmu/vma-list.ts';
import { PF_FETCH, PF_USER, PF_WRITE } from '../src/mmu/fault.ts';
import type { Vma } from '../src/mmu/vma.ts';
import { layout, NO_REGISTERS, RW, TestObject, World } from './support/mmu-world.ts';

const BASE = 0x1000_0000;
const KiB4 = PAGE_BYTES;
const page = (k: number): number => BASE + k * PAGE_BYTES;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

// — where mappings go —
const placing = suite('mmap: where');
placing('the first mapping lies just below the documented base, the next below it', () => {
  const w = new World();
  assert.equal([w.map({ length: 5000 }), w.map({})], [MMAP_BASE - 2 * KiB4, MMAP_BASE - 3 * KiB4]);
});
placing('a hole is used again when it is large enough, the highest first', () => {
  const w = new World();
  const [, b] = [w.map({}), w.map({ length: 2 * KiB4, prot: 1 }), w.map({})] as [number, number, number];
  w.space.unmap(b, 2 * KiB4);
  assert.equal([w.map({ length: 3 * KiB4, prot: 4 }), w.map({ prot: 4 }), w.map({ prot: 1 })], [b - 4 * KiB4, b + KiB4, b]);
});
placing('a free hint is taken, rounded down; one that is taken is ignored', () => {
  const w = new World();
  assert.is(w.map({ at: page(0) + 5, fixed: false }), page(0));
  assert.is(w.map({ at: page(0), fixed: false }), MMAP_BASE - KiB4);
  assert.is(w.map({ at: TASK_SIZE, fixed: false }), MMAP_BASE - 2 * KiB4);
});
placing('what does not fit below the base goes above a third of the address space', () => {
  const w = new World();
  w.map({ at: 2 ** 46, length: KiB4 });
  w.map({ at: 2 ** 45, length: KiB4 });
  w.map({ at: 2 ** 44, length: KiB4 });
  assert.is(w.map({ length: 2 ** 47 - 2 ** 46 }), -ENOMEM);
  assert.is(w.map({ length: 2 ** 45 }), MMAP_BASE - 2 ** 45);
});
placing('a gap of 1 MiB is kept below a mapping that grows down', () => {
  const w = new World();
  const stack = w.map({ at: MMAP_BASE - KiB4, growsDown: true });
  assert.is(w.map({}), stack - 0x100000 - KiB4);
});
placing('MAP_FIXED replaces the parts it covers; with keep it is EEXIST', () => {
  const w = new World();
  w.map({ at: page(0), length: 4 * KiB4 });
  w.store(page(1), 1); w.store(page(2), 2);
  assert.is(w.map({ at: page(1), prot: 1 }), page(1));
  assert.equal(layout(w.space, BASE), ['0-1 rw-p', '1-2 r--p', '2-4 rw-p']);
  assert.equal([w.load(page(1)), w.load(page(2))], [0, 2]);
  assert.is(w.map({ at: page(3), length: 2 * KiB4, keep: true }), -EEXIST);
  assert.is(w.map({ at: page(4), keep: true }), page(4));
});

// — what is refused —
type Refusal = readonly [name: string, run: (w: World) => number, errno: number];
/** At page 0: anonymous memory, and a mapping like a trampoline's. */
const plain = (w: World, request: Partial<MapRequest> = {}): AddressSpace => { w.map({ at: page(0), ...request }); return w.space; };
const empty = (w: World): TestObject => new TestObject(w, '[trampfd]', 0);
const special = (w: World, request: Partial<MapRequest> = {}): AddressSpace => plain(w, { special: true, object: empty(w), ...request });
/** Two pages, of two mappings. */
const pair = (w: World): AddressSpace => { w.map({ at: page(1), prot: 1 }); return plain(w); };
const REFUSALS: readonly Refusal[] = [
  ['mmap of no bytes', w => w.map({ length: 0 }), EINVAL],
  ['mmap of more than there is', w => w.map({ length: 2 ** 47 }), ENOMEM],
  ['mmap of 2^64 - 1 bytes', w => w.map({ length: 2 ** 64 }), ENOMEM],
  ['mmap at an offset within a page', w => w.map({ offset: 7, object: empty(w) }), EINVAL],
  ['mmap beyond the largest offset', w => w.map({ offset: 2 ** 63, object: empty(w) }), EOVERFLOW],
  ['MAP_FIXED within a page', w => w.map({ at: page(0) + 1 }), EINVAL],
  ['MAP_FIXED at 0', w => w.map({ at: 0, fixed: true }), EPERM],
  ['MAP_FIXED below vm.mmap_min_addr', w => w.map({ at: 0xf000 }), EPERM],
  ['MAP_FIXED over the end of the address space', w => w.map({ at: TASK_SIZE - KiB4, length: 2 * KiB4 }), ENOMEM],
  ['a protection that the mapping may never have', w => w.map({ prot: RW, maxProt: 1 }), EACCES],
  ['munmap within a page', w => w.space.unmap(page(0) + 8, KiB4), EINVAL],
  ['munmap of no bytes', w => w.space.unmap(page(0), 0), EINVAL],
  ['munmap beyond the end', w => w.space.unmap(TASK_SIZE, KiB4), EINVAL],
  ['munmap of 2^64 bytes', w => w.space.unmap(page(0), 2 ** 64), EINVAL],
  ['munmap of nothing', w => w.space.unmap(page(0), KiB4), 0],
  ['mprotect within a page', w => w.space.protect(page(0) + 8, KiB4, 1), EINVAL],
  ['mprotect of no bytes', w => w.space.protect(page(0), 0, 1), 0],
  ['mprotect with an unknown bit', w => plain(w).protect(page(0), KiB4, 0x10), EINVAL],
  ['mprotect with PROT_SEM', w => plain(w).protect(page(0), KiB4, 9), 0],
  ['mprotect of a hole', w => w.space.protect(page(0), KiB4, 1), ENOMEM],
  ['mprotect of 2^64 bytes', w => plain(w).protect(page(0), 2 ** 64, 1), ENOMEM],
  ['mprotect beyond maxProt', w => plain(w, { prot: 1, maxProt: 1 }).protect(page(0), KiB4, RW), EACCES],
  ['PROT_GROWSDOWN where nothing does', w => plain(w).protect(page(0), KiB4, 0x0100_0001), EINVAL],
  ['permissions for a special mapping', w => special(w, { prot: 0, maxProt: 0 }).protect(page(0), KiB4, 4), EACCES],
  ['mremap within a page', w => w.space.remap(page(0) + 1, KiB4, KiB4, true, null), EINVAL],
  ['mremap to no bytes', w => plain(w).remap(page(0), KiB4, 0, true, null), EINVAL],
  ['mremap of a hole', w => w.space.remap(page(0), KiB4, 2 * KiB4, true, null), EFAULT],
  ['mremap across mappings', w => pair(w).remap(page(0), 2 * KiB4, 3 * KiB4, true, null), EFAULT],
  ['a second view of private memory', w => plain(w).remap(page(0), 0, KiB4, true, null), EINVAL],
  ['mremap that would have to move', w => pair(w).remap(page(0), KiB4, 2 * KiB4, false, null), ENOMEM],
  ['MREMAP_FIXED without MAYMOVE', w => plain(w).remap(page(0), KiB4, KiB4, false, page(9)), EINVAL],
  ['MREMAP_FIXED within a page', w => plain(w).remap(page(0), KiB4, KiB4, true, page(9) + 1), EINVAL],
  ['MREMAP_FIXED onto itself', w => plain(w, { length: 2 * KiB4 }).remap(page(0), 2 * KiB4, 2 * KiB4, true, page(1)), EINVAL],
  ['MREMAP_FIXED beyond the end', w => plain(w).remap(page(0), KiB4, KiB4, true, TASK_SIZE), EINVAL],
  ['mremap that lengthens a special mapping', w => special(w).remap(page(0), KiB4, 2 * KiB4, true, null), EFAULT],
  ['mremap that moves a special mapping', w => special(w).remap(page(0), KiB4, KiB4, true, page(9)), EINVAL],
  ['MADV_DONTNEED of a hole', w => w.space.discard(page(0), KiB4), ENOMEM],
  ['MADV_DONTNEED within a page', w => w.space.discard(page(0) + 1, KiB4), EINVAL],
];
const refusals = suite('what is refused');
for (const [name, run, errno] of REFUSALS) refusals(`${name} gives ${errno === 0 ? 0 : -errno}`, () => {
  assert.is(run(new World()), errno === 0 ? 0 : -errno);
});
refusals('mprotect stops with ENOMEM at a gap, and with EACCES at a forbidden part: what lies before has changed', () => {
  const w = new World();
  w.map({ at: page(0), length: 2 * KiB4 }); w.map({ at: page(3) }); w.map({ at: page(4), prot: 1, maxProt: 1 });
  assert.is(w.space.protect(page(1), 3 * KiB4, 1), -ENOMEM);
  assert.is(w.space.protect(page(3), 2 * KiB4, 7), -EACCES);
  assert.equal(layout(w.space, BASE), ['0-1 rw-p', '1-2 r--p', '3-4 rwxp', '4-5 r--p']);
});
refusals('mapping number 65,531 is ENOMEM, and so is the cut that would make it', () => {
  const w = new World(), { space } = w;
  for (let k = 0; k < 65_529; k++) w.map({ at: page(k), prot: k % 2 });
  assert.is(w.map({ length: 3 * KiB4, prot: 7 }), MMAP_BASE - 3 * KiB4);
  assert.is(space.vmas.length, 65_530);
  assert.is(w.map({ prot: 3 }), -ENOMEM);
  assert.is(space.unmap(MMAP_BASE - 2 * KiB4, KiB4), -ENOMEM);
  assert.is(space.protect(MMAP_BASE - 2 * KiB4, KiB4, 1), -ENOMEM);
  assert.is(space.unmap(MMAP_BASE - KiB4, KiB4), 0);
  assert.is(space.vmas.length, 65_530);
});

// — split and merge —
interface Step {
  readonly map?: readonly [number, number, string?];
  readonly cut?: readonly [number, number];
  readonly protect?: readonly [number, number, number];
}
/** [what it shows, steps (first page, pages, …; 'f+3' is the file from its page 3), the mappings that result] */
const SHAPES: readonly (readonly [string, readonly Step[], readonly string[]])[] = [
  ['anonymous neighbours join', [{ map: [0, 2] }, { map: [2, 2] }], ['0-4 rw-p']],
  ['the mapping between two joins all three', [{ map: [0, 1] }, { map: [2, 1] }, { map: [1, 1] }], ['0-3 rw-p']],
  ['munmap in the middle splits', [{ map: [0, 4] }, { cut: [1, 2] }], ['0-1 rw-p', '3-4 rw-p']],
  ['munmap over several trims the first and the last',
    [{ map: [0, 2] }, { map: [3, 1] }, { map: [5, 3] }, { cut: [1, 5] }], ['0-1 rw-p', '6-8 rw-p']],
  ['mprotect in the middle splits in three', [{ map: [0, 3] }, { protect: [1, 1, 1] }], ['0-1 rw-p', '1-2 r--p', '2-3 rw-p']],
  ['mprotect back joins them', [{ map: [0, 3] }, { protect: [1, 1, 1] }, { protect: [1, 1, 3] }], ['0-3 rw-p']],
  ['mprotect of an end joins the neighbour', [{ map: [0, 2] }, { protect: [0, 1, 1] }, { protect: [1, 1, 1] }], ['0-2 r--p']],
  ['mprotect over many', [{ map: [0, 2] }, { map: [2, 2, 'f+0'] }, { protect: [1, 2, 4] }],
    ['0-1 rw-p', '1-2 --xp', '2-3 --xp f+0', '3-4 rw-p f+1']],
  ['file mappings join where the offset goes on', [{ map: [0, 2, 'f+0'] }, { map: [2, 1, 'f+2'] }], ['0-3 rw-p f+0']],
  ['and not where it does not', [{ map: [0, 2, 'f+0'] }, { map: [2, 1, 'f+3'] }], ['0-2 rw-p f+0', '2-3 rw-p f+3']],
  ['a cut file mapping keeps its offsets', [{ map: [0, 4, 'f+0'] }, { cut: [1, 1] }], ['0-1 rw-p f+0', '2-4 rw-p f+2']],
  ['file and anonymous do not join', [{ map: [0, 1] }, { map: [1, 1, 'f+0'] }], ['0-1 rw-p', '1-2 rw-p f+0']],
  ['special mappings never join', [{ map: [0, 1, '!+0'] }, { map: [1, 1, '!+1'] }], ['0-1 rw-p f+0', '1-2 rw-p f+1']],
];
const shapes = suite('split and merge');
for (const [name, steps, expected] of SHAPES) shapes(name, () => {
  const w = new World(), file = new TestObject(w, 'f', 8);
  for (const { map, cut, protect } of steps) {
    const [at, pages, source = ''] = map ?? [0, 0];
    const object = source === '' ? null : file;
    if (map) w.map({ at: page(at), length: pages * KiB4, object, offset: Number(source.slice(2)) * KiB4, special: source[0] === '!' });
    if (cut) w.space.unmap(page(cut[0]), cut[1] * KiB4);
    if (protect) w.space.protect(page(protect[0]), protect[1] * KiB4, protect[2]);
  }
  assert.equal(layout(w.space, BASE), expected);
  assert.is(file.mappings, w.space.vmas.filter(v => v.object === file).length);
});
shapes('an object hears of the parts of a split before it hears that the whole is gone', () => {
  const w = new World(), file = new TestObject(w, 'f', 8);
  w.map({ at: page(0), length: 3 * KiB4, object: file });
  w.space.unmap(page(1), KiB4);
  assert.equal(file.log, ['+10000000-10003000', '+10000000-10001000', '+10002000-10003000', '-10000000-10003000']);
  w.space.release();
  assert.is(file.mappings, 0);
});

// — mremap and brk —
const resize = suite('mremap and brk');
resize('grows in place where there is room, and the new pages are zero', () => {
  const w = new World();
  w.map({ at: page(0) }); w.store(page(0), 5);
  assert.is(w.space.remap(page(0), KiB4, 3 * KiB4, false, null), page(0));
  assert.equal([w.load(page(0)), w.load(page(2))], [5, 0]);
  assert.equal(layout(w.space, BASE), ['0-3 rw-p']);
});
resize('shrinks in place, giving the pages back', () => {
  const w = new World();
  w.map({ at: page(0), length: 3 * KiB4 }); w.store(page(2), 5);
  assert.is(w.space.remap(page(0), 3 * KiB4, KiB4, false, null), page(0));
  assert.equal([w.load(page(2)), w.space.residentBytes], ['no-mapping', 0]);
});
resize('moves bytes and permissions, copying nothing; the old place is gone, and gone from the TLB', () => {
  const w = new World();
  w.map({ at: page(0), length: 2 * KiB4 }); w.map({ at: page(2), prot: 1 });
  w.store(page(1), 7);
  const frame = w.space.translate(page(1), 'read'), used = w.frames.used;
  const at = w.space.remap(page(0), 2 * KiB4, 4 * KiB4, true, null);
  assert.is(at, MMAP_BASE - 4 * KiB4);
  assert.equal([w.space.translate(at + KiB4, 'read'), w.load(at + KiB4), w.load(at + 3 * KiB4)], [frame, 7, 0]);
  assert.equal([w.load(page(1)), w.store(page(1), 1)], ['no-mapping', 'no-mapping']);
  assert.ok(w.frames.used <= used + 2, 'only tables were added');
});
resize('a part in the middle of a file mapping moves with its offset', () => {
  const w = new World(), file = new TestObject(w, 'f', 8);
  w.map({ at: page(0), length: 4 * KiB4, object: file });
  assert.is(w.space.remap(page(1), KiB4, 2 * KiB4, true, page(9)), page(9));
  assert.equal(layout(w.space, BASE), ['0-1 rw-p f+0', '2-4 rw-p f+2', '9-11 rw-p f+1']);
  assert.equal([w.load(page(9)), w.load(page(10))], [0x11, 0x12]);
});
resize('MREMAP_FIXED replaces what is there, and shrinks', () => {
  const w = new World();
  w.map({ at: page(0), length: 3 * KiB4 }); w.map({ at: page(8), length: 4 * KiB4, prot: 7 });
  w.store(page(0), 1); w.store(page(9), 9);
  assert.is(w.space.remap(page(0), 3 * KiB4, 2 * KiB4, true, page(9)), page(9));
  assert.equal(layout(w.space, BASE), ['8-9 rwxp', '9-11 rw-p', '11-12 rwxp']);
  assert.is(w.load(page(9)), 1);
});
resize('an old length of 0 makes a second view of shared memory', () => {
  const w = new World();
  w.map({ at: page(0), shared: true }); w.store(page(0), 4);
  const second = w.space.remap(page(0), 0, KiB4, true, null);
  w.store(second, 6);
  assert.equal([w.load(page(0)), w.space.vmas.length], [6, 2]);
});
resize('a special mapping may shrink, as on Linux', () => {
  const w = new World();
  assert.is(special(w, { length: 2 * KiB4 }).remap(page(0), 2 * KiB4, KiB4, false, null), page(0));
});
resize('brk: the break is where it was put, its pages come and go, and a mapping ahead stops it a page before', () => {
  const w = new World(), { space } = w;
  assert.is(space.setBreak(page(4)), 0);
  space.startBreak(page(0) + 100);
  assert.equal([space.setBreak(0), space.setBreak(page(0) + 200), space.vmas.length], [page(0) + 100, page(0) + 200, 0]);
  assert.is(space.setBreak(page(2) + 1), page(2) + 1);
  assert.equal(layout(space, BASE), ['1-3 rw-p']);
  w.store(page(2), 3);
  assert.is(space.setBreak(page(2)), page(2));
  assert.is(space.setBreak(page(3)), page(3));
  assert.is(w.load(page(2)), 0);
  assert.match(space.procMaps(), /\[heap\]\n$/);
  w.map({ at: page(6) });
  assert.equal([space.setBreak(page(6)), space.setBreak(page(5))], [page(3), page(5)]);
  assert.is(space.setBreak(page(0)), page(5));
  assert.is(space.setBreak(2 ** 64), page(5));
});

// — paging —
const paging = suite('paging');
paging('an untouched private page reads as zero without a frame of its own; a store gives it one', () => {
  const w = new World();
  w.map({ at: page(0), length: 2 ** 30 });
  for (let k = 0; k < 100; k++) assert.is(w.load(page(k)), 0);
  assert.equal([w.space.residentBytes, w.frames.references(w.frames.zero)], [0, 101]);
  w.store(page(7), 1);
  assert.equal([w.load(page(7)), w.load(page(8)), w.space.residentBytes], [1, 0, KiB4]);
  assert.is(w.space.minorFaults, 101);
});
paging('a private file page is the file\'s until it is written', () => {
  const w = new World(), file = new TestObject(w, 'f', 2);
  w.map({ at: page(0), length: 3 * KiB4, object: file });
  assert.equal([w.load(page(1)), w.load(page(2))], [0x11, 'past-end']);
  assert.is(w.space.translate(page(1), 'read'), file.pages[1]);
  w.store(page(1), 0xee);
  assert.equal([w.load(page(1)), w.memory.u8[file.pages[1]!], w.load(page(1) + 1)], [0xee, 0x11, 0x11]);
  assert.equal(file.pages.map(pa => w.frames.references(pa)), [1, 1]);
});
paging('a shared file page is the file\'s, written through, seen by the other view', () => {
  const w = new World(), file = new TestObject(w, 'f', 2);
  w.map({ at: page(0), object: file, shared: true }); w.map({ at: page(4), object: file, prot: 1 });
  assert.is(w.load(page(4)), 0x10);
  w.store(page(0), 0xee);
  assert.equal([w.load(page(4)), w.memory.u8[file.pages[0]!], w.frames.references(file.pages[0]!)], [0xee, 0xee, 3]);
});
paging('an object learns of the first store to a shared page, not of loads', () => {
  const w = new World(), file = new TestObject(w, 'f', 2), asked: boolean[] = [];
  const object = { name: 'g', page: (offset: number, forWrite: boolean) => { asked.push(forWrite); return file.page(offset); } };
  w.map({ at: page(0), object, shared: true });
  w.load(page(0)); w.store(page(0), 1); w.store(page(0), 2);
  w.map({ at: page(1), object });
  w.store(page(1), 1);
  assert.equal(asked, [false, true, false]);
});
/** What each protection lets a program do, on x86. */
const RIGHTS = [[0, '---'], [1, 'r--'], [2, 'rw-'], [3, 'rw-'], [4, 'r-x'], [5, 'r-x'], [6, 'rwx'], [7, 'rwx']] as const;
for (const [prot, rights] of RIGHTS) paging(`protection ${prot} allows ${rights}, mapped so or changed so`, () => {
  for (const isChanged of [false, true]) {
    const w = new World();
    w.map({ at: page(0), prot: isChanged ? 7 : prot });
    if (isChanged) { w.store(page(0), 0); w.fetch(page(0)); w.space.protect(page(0), KiB4, prot); }
    const got = [w.load(page(0)), w.store(page(0), 0), w.fetch(page(0))].map((r, k) => (r === 0 ? 'rwx'[k] : '-')).join('');
    assert.is(got, rights);
    const byte = new Uint8Array(1);
    assert.equal([w.space.copyIn(page(0), byte), w.space.copyOut(page(0), byte)], [rights[0] === 'r', rights[1] === 'w']);
    const can = (['read', 'write', 'execute'] as const).map((a, k) => (w.space.translate(page(0), a) === -1 ? '-' : 'rwx'[k])).join('');
    assert.is(can, rights);
  }
});
paging('PROT_NONE keeps the bytes for when the protection comes back; writing back is not a fault', () => {
  const w = new World();
  w.map({ at: page(0) }); w.store(page(0), 9);
  w.space.protect(page(0), KiB4, 0);
  assert.equal([w.load(page(0)), w.space.residentBytes], ['denied', KiB4]);
  w.space.protect(page(0), KiB4, 3);
  const faults = w.space.minorFaults;
  assert.equal([w.load(page(0)), w.store(page(0), 8)], [9, 8]);
  assert.is(w.space.minorFaults, faults);
});
paging('a fault that is none any more resumes', () => {
  const w = new World();
  w.map({ at: page(0) }); w.store(page(0), 1);
  assert.is(w.space.resolve({ address: page(0), code: PF_USER | PF_WRITE }, NO_REGISTERS), 'resume');
  assert.is(w.load(page(0)), 1);
});
paging('faults at -1, in the upper half and past the end have no mapping', () => {
  const w = new World();
  w.map({ at: TASK_SIZE - KiB4, growsDown: true }); w.map({ at: 0x10000, growsDown: true });
  for (const address of [-1, 0, 0xfff, 0xf000, TASK_SIZE, 2 ** 63, 2 ** 64 - 2048]) {
    assert.is(w.space.resolve({ address, code: PF_USER }, NO_REGISTERS), 'no-mapping', address.toString(16));
  }
});
paging('a forbidden access is offered to the object, with the fault; only true resumes', () => {
  const w = new World(), offered: string[] = [];
  const object = {
    name: '[trampfd]', page: () => null,
    denied: (vma: Vma, fault: { address: number; code: number }) => {
      offered.push(`${(fault.address - vma.start).toString(16)} ${fault.code}`);
      return (fault.code & PF_FETCH) !== 0;
    },
  };
  w.map({ at: page(0), prot: 0, maxProt: 0, special: true, object });
  assert.is(w.space.resolve({ address: page(0) + 0x10, code: PF_USER | PF_FETCH }, NO_REGISTERS), 'resume');
  assert.equal([w.load(page(0) + 1), w.store(page(0), 1)], ['denied', 'denied']);
  assert.equal([w.space.copyIn(page(0), new Uint8Array(1)), w.space.copyOut(page(0), new Uint8Array(1))], [false, false]);
  assert.equal(offered, ['10 20', '1 4', '0 6']);
  assert.equal([w.space.minorFaults, w.space.residentBytes, w.space.tableBytes], [0, 0, KiB4]);
});
paging('a stack grows down to a fault, to 8 MiB, and keeps 1 MiB from what lies below', () => {
  const w = new World(), top = 0x2000_0000;
  w.map({ at: top - KiB4, growsDown: true, label: '[stack]' });
  assert.is(w.store(top - 0x50000, 1), 1);
  assert.is(w.space.vmas[0]!.start, top - 0x50000);
  assert.is(w.store(top - 0x80_0000, 2), 2);
  assert.is(w.store(top - 0x80_0001, 3), 'no-mapping');
  assert.is(w.space.residentBytes, 2 * KiB4);
  const second = 0x3000_0000;
  w.map({ at: second - KiB4, growsDown: true }); w.map({ at: second - 0x20_0000 });
  assert.equal([w.load(second - 0xff000), w.load(second - 0x100000)], [0, 'no-mapping']);
});
paging('a kernel write grows the stack as a store does', () => {
  const w = new World();
  w.map({ at: 0x2000_0000 - KiB4, growsDown: true });
  assert.ok(w.space.copyOut(0x2000_0000 - 3 * KiB4 - 4, text('abcdefgh')));
  assert.is(w.load(0x2000_0000 - 3 * KiB4), 'e'.charCodeAt(0));
});
paging('a mapping gone from under the TLB is gone', () => {
  const w = new World();
  w.map({ at: page(0), length: 64 * KiB4 });
  for (const k of [0, 63]) { w.store(page(k), 1); w.fetch(page(k)); }
  w.space.unmap(page(0), KiB4);
  assert.is(w.load(page(0)), 'no-mapping');
  w.space.unmap(page(1), 63 * KiB4);
  assert.is(w.load(page(63)), 'no-mapping');
});
paging('unmapping gives back pages and tables', () => {
  const w = new World(), before = w.frames.used;
  w.map({ at: page(0), length: 2 ** 40 });
  for (let k = 0; k < 40; k++) w.store(BASE + k * 2 ** 34, 1);
  assert.is(w.space.residentBytes, 40 * KiB4);
  assert.is(w.space.tableBytes / KiB4 + 40, w.frames.used - before + 1);
  w.space.unmap(page(0), 2 ** 40);
  assert.equal([w.space.residentBytes, w.space.tableBytes, w.frames.used], [0, KiB4, before]);
  assert.is(w.space.peakResidentBytes, 40 * KiB4);
});
paging('when frames run out the verdict says so, nothing leaks, and it goes on once there are some', () => {
  for (let limit = 3; limit < 9; limit++) {
    const w = new World({ limit }), file = new TestObject(w, 'f', 1);
    w.map({ at: page(0), length: 16 * KiB4 }); w.map({ at: page(16), object: file });
    const results = Array.from({ length: 17 }, (_, k) => w.store(page(16 - k), k));
    assert.ok(results.includes('no-memory'), `limit ${limit}`);
    assert.equal([w.space.copyOut(page(0), new Uint8Array(2)), w.frames.used <= limit], [false, true]);
    w.space.unmap(page(0), 32 * KiB4);
    assert.equal([w.frames.used, w.space.residentBytes], [3, 0]);
  }
  const w = new World();
  w.map({ at: page(0), object: Object.assign(new TestObject(w, 'f', 1), { isOutOfMemory: true }) });
  assert.is(w.load(page(0)), 'no-memory');
});
paging('MADV_DONTNEED makes anonymous pages zero again and file pages the file\'s; shared bytes stay', () => {
  const w = new World(), file = new TestObject(w, 'f', 1);
  w.map({ at: page(0) }); w.map({ at: page(1), object: file }); w.map({ at: page(2), shared: true });
  for (let k = 0; k < 3; k++) w.store(page(k), 9);
  assert.is(w.space.discard(page(0), 3 * KiB4), 0);
  assert.equal([0, 1, 2].map(k => w.load(page(k))), [0, 0x10, 9]);
});
paging('truncation takes the pages beyond from every mapping of the object', () => {
  const w = new World(), file = new TestObject(w, 'f', 4);
  w.map({ at: page(0), length: 3 * KiB4, object: file, offset: KiB4, shared: true });
  assert.is(w.load(page(2)), 0x13);
  w.frames.release(file.pages.pop()!);
  w.space.invalidate(file, 3 * KiB4, Infinity);
  assert.equal([w.load(page(1)), w.load(page(2))], [0x12, 'past-end']);
});

// — the kernel's accesses —
const copies = suite('copyIn and copyOut');
copies('bytes cross page borders, by loops and by views', () => {
  const w = new World();
  w.map({ at: page(0), length: 4 * KiB4 });
  for (const length of [0, 1, 8, 64, 65, 5000, 3 * KiB4]) {
    const out = Uint8Array.from({ length }, (_, k) => k * 7 + length), into = new Uint8Array(length);
    assert.ok(w.space.copyOut(page(0) + 4090, out));
    assert.ok(w.space.copyIn(page(0) + 4090, into));
    assert.equal(into, out);
    if (length > 8) assert.is(w.load(page(1)), out[6]);
  }
});
copies('the first page that may not be touched ends it: EFAULT', () => {
  const w = new World();
  w.map({ at: page(0) }); w.map({ at: page(1), prot: 1 }); w.map({ at: page(3) });
  const two = new Uint8Array(2).fill(5);
  assert.equal([w.space.copyOut(page(1) - 1, two), w.load(page(1) - 1)], [false, 5]);
  assert.equal([w.space.copyIn(page(2) - 1, two), w.space.copyIn(page(1) - 1, two)], [false, true]);
  for (const at of [-1, 0, TASK_SIZE - 1, TASK_SIZE, 2 ** 63, 2 ** 64]) {
    assert.equal([w.space.copyIn(at, two), w.space.copyOut(at, two)], [false, false], String(at));
  }
});
copies('a string ends at its NUL, wherever that is', () => {
  const w = new World();
  w.map({ at: page(0), length: 2 * KiB4 });
  w.space.copyOut(page(1) - 3, text('abcdef\0'));
  const { space } = w;
  assert.equal(space.copyInString(page(1) - 3, 4096), text('abcdef'));
  assert.equal(space.copyInString(page(1) + 3, 1), text(''));
  assert.equal([space.copyInString(page(1) - 3, 6), space.copyInString(page(1) - 3, 7)], [-ENAMETOOLONG, text('abcdef')]);
  space.copyOut(page(2) - 2, text('xy'));
  assert.is(space.copyInString(page(2) - 2, 4096), -EFAULT);
  assert.is(space.copyInString(page(2) - 2, 2), -ENAMETOOLONG);
});
copies('work on a space that is not the active one', () => {
  const w = new World(), other = w.newSpace();
  const request: MapRequest = { at: page(0), length: KiB4, prot: 3, fixed: true, shared: false, object: null, offset: 0 };
  other.map(request); w.space.map(request);
  w.store(page(0), 1);
  assert.ok(other.copyOut(page(0), text('z')));
  assert.is(w.load(page(0)), 1);
  w.space = other; other.activate();
  assert.is(w.load(page(0)), 'z'.charCodeAt(0));
});
copies('a kernel write to translated code is told before the bytes change', () => {
  const w = new World(), told: string[] = [];
  w.map({ at: page(0), prot: 7 }); w.store(page(0), 0x90);
  const pa = w.space.translate(page(0), 'read');
  w.mmu.markCode(pa);
  w.mmu.onCodeWrite = (at, length) => { told.push(`${at - pa}+${length} ${w.memory.u8[pa]}`); };
  w.space.copyOut(page(0), text('ab')); w.space.poke(page(0) + 4, text('c'));
  w.space.unmap(page(0), KiB4);
  assert.equal(told, ['0+2 144', '4+1 97', '0+4096 97']);
});
copies('peek reads past protection and pages nothing in; poke writes a private copy past protection', () => {
  const w = new World(), file = new TestObject(w, 'f', 1);
  w.map({ at: page(0), prot: 0, object: file }); w.map({ at: page(1), prot: 1 });
  assert.equal(w.space.peek(page(1) - 1, 9999), Uint8Array.from([0x10, ...new Uint8Array(KiB4)]));
  assert.equal([w.space.residentBytes, w.space.tableBytes], [0, KiB4]);
  assert.ok(w.space.poke(page(1) - 1, text('hi')));
  assert.equal(w.space.peek(page(1) - 1, 2), text('hi'));
  assert.equal([w.load(page(1)), w.store(page(1), 0), w.load(page(0))], [0x69, 'denied', 'denied']);
  assert.is(w.memory.u8[file.pages[0]! + 4095], 0x10);
  assert.equal([w.space.poke(page(2), text('x')), w.space.peek(page(2), 4).length, w.space.peek(2 ** 60, 4).length], [false, 0, 0]);
  w.map({ at: page(4), object: file, shared: true, prot: 1, maxProt: 1 });
  assert.not.ok(w.space.poke(page(4), text('x')));
});

// — memory that could not be held —
const held = suite('memory that could not be held');
held('private memory larger than what is free is refused, by mmap, brk and mprotect of what was inaccessible; but not if it need not be reserved', () => {
  const w = new World(), { frames } = w.mmu, free = (frames.limit - frames.used) * PAGE_BYTES, length = free + PAGE_BYTES;
  assert.is(w.map({ length, noReserve: false }), -ENOMEM);
  assert.ok(w.map({ length: free, noReserve: false }) > 0);
  assert.ok(w.map({ length, noReserve: true }) > 0);
  const at = w.map({ length, prot: 0, noReserve: false });
  assert.ok(at > 0);
  assert.is(w.space.protect(at, length, 3), -ENOMEM);
  assert.is(w.space.protect(at, PAGE_BYTES, 3), 0);
  w.space.startBreak(page(0));
  assert.is(w.space.setBreak(page(0) + length), page(0));
});
held.run();

// — fork —
const forks = suite('fork');
function forked(prepare: (w: World) => void): { w: World; parent: AddressSpace; child: AddressSpace; be: (s: AddressSpace) => World } {
  const w = new World();
  prepare(w);
  const parent = w.space, child = parent.fork();
  if (child === null) throw new Error('no memory to fork');
  return { w, parent, child, be: s => { w.space = s; s.activate(); return w; } };
}
forks('what the parent writes afterwards, the child does not see; and the other way round', () => {
  const { w, parent, child, be } = forked(p => {
    p.map({ at: page(0), length: 3 * KiB4 });
    for (let k = 0; k < 3; k++) p.store(page(k), k + 1);
  });
  w.store(page(0), 10);
  be(child).store(page(1), 20);
  assert.equal([0, 1, 2].map(k => w.load(page(k))), [1, 20, 3]);
  assert.equal([0, 1, 2].map(k => be(parent).load(page(k))), [10, 2, 3]);
  assert.is(parent.translate(page(2), 'read'), child.translate(page(2), 'read'));
});
forks('the last holder of a page writes it in place', () => {
  const { w, parent, child } = forked(p => { p.map({ at: page(0) }); p.store(page(0), 1); });
  const frame = parent.translate(page(0), 'read');
  child.release();
  w.store(page(0), 2);
  assert.is(parent.translate(page(0), 'write'), frame);
});
forks('shared mappings stay one memory; mappings not inherited are not there; the break is', () => {
  const { w, child, be } = forked(p => {
    p.map({ at: page(0), shared: true }); p.store(page(0), 1);
    p.map({ at: page(1), inherit: false }); p.space.startBreak(page(8));
  });
  w.store(page(0), 5);
  assert.equal([be(child).load(page(0)), w.load(page(1)), child.setBreak(0)], [5, 'no-mapping', page(8)]);
});
forks('memory kept from access stays kept, and private', () => {
  const { w, parent, child, be } = forked(p => {
    p.map({ at: page(0) }); p.store(page(0), 1); p.space.protect(page(0), KiB4, 0);
  });
  for (const space of [parent, child]) space.protect(page(0), KiB4, 3);
  w.store(page(0), 2);
  assert.is(be(child).load(page(0)), 1);
});
forks('objects count the child\'s mappings; releasing both gives back every frame', () => {
  const w = new World();
  const file = new TestObject(w, 'f', 2);
  w.map({ at: page(0), length: 2 * KiB4, object: file }); w.map({ at: page(4), shared: true });
  w.store(page(0), 1); w.store(page(4), 1);
  const child = w.space.fork();
  assert.is(file.mappings, 2);
  child?.copyOut(page(0), text('x')); child?.copyOut(page(4), text('y'));
  w.space.release(); child?.release(); file.release();
  assert.equal([file.mappings, w.frames.used], [0, 1]);
});
forks('a fork without memory is null and takes nothing', () => {
  for (let limit = 6; limit < 10; limit++) {
    const w = new World({ limit });
    w.map({ at: page(0) }); w.store(page(0), 1);
    const used = w.frames.used, child = w.space.fork();
    if (child !== null) { child.release(); continue; }
    assert.equal([w.frames.used, w.load(page(0)), w.store(page(0), 2)], [used, 1, 2]);
  }
});

const reports = suite('what debuggers see');
reports('/proc/PID/maps has Linux\'s columns', () => {
  const w = new World(), file = new TestObject(w, '/bin/a\nb', 2);
  w.map({ at: 0x400000, length: 2 * KiB4, prot: 5, object: file, offset: KiB4 });
  w.map({ at: 0x7fff_0000_0000, growsDown: true, label: '[stack]' });
  w.map({ at: 0x10000, prot: 0, shared: true });
  assert.is(w.space.procMaps(), [
    '00010000-00011000 ---s 00000000 00:01 1                                  /dev/zero (deleted)',
    '00400000-00402000 r-xp 00001000 08:01 42                                 /bin/a\\012b',
    '7fff00000000-7fff00001000 rw-p 00000000 00:00 0                          [stack]',
    '',
  ].join('\n'));
});
reports('a walk shows four entries with their bits', () => {
  const w = new World();
  w.map({ at: page(0) });
  assert.equal(w.space.walk(page(0)).map(s => s.level), [4]);
  w.store(page(0), 1);
  const steps = w.space.walk(page(0));
  assert.equal(steps.map(s => `${s.level} ${(s.entry & 0xfffn).toString(16)} ${s.entry >> 63n}`), ['4 27 0', '3 27 0', '2 27 0', '1 67 1']);
});

placing.run();
refusals.run();
shapes.run();
resize.run();
paging.run();
copies.run();
forks.run();
reports.run();
