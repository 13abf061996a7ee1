/** The hardware's part of paging: walk, access rights, accessed and dirty bits, page-fault codes, TLB (SDM 3A §4.5-4.10). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LinearMemory, PAGE_BYTES, PHYSICAL_AT, TLB } from '../src/base/layout.ts';
import { hiOf, loOf } from '../src/base/words.ts';
import { NOT_CANONICAL } from '../src/mmu/fault.ts';
import { NX_HIGH, PTE } from '../src/mmu/entry.ts';
import { Frames } from '../src/mmu/frames.ts';
import { ACCESS, Mmu, tlbSlot } from '../src/mmu/mmu.ts';

const { present: P, writable: W, user: U, accessed: A, dirty: D, large: PS } = PTE;
const ALL = P | W | U;

/** Four tables by hand: `entry[level]` is the word index of each level's entry for `at`. */
function handmade(at: number) {
  const memory = new LinearMemory(1 << 20), frames = new Frames(memory), mmu = new Mmu(memory, frames), w = memory.i32;
  const root = frames.allocate(), table3 = frames.allocate(), table2 = frames.allocate(), table1 = frames.allocate();
  const page = frames.allocate();
  const index = (level: number): number => Math.floor(at / 2 ** (12 + 9 * (level - 1))) % 512;
  const entry = [0, (table1 >> 2) + 2 * index(1), (table2 >> 2) + 2 * index(2), (table3 >> 2) + 2 * index(3), (root >> 2) + 2 * index(4)];
  w[entry[4]!] = table3 | ALL; w[entry[3]!] = table2 | ALL; w[entry[2]!] = table1 | ALL; w[entry[1]!] = page | ALL;
  mmu.root = root;
  const fill = (access: number, address = at): number => mmu.fill(loOf(address), hiOf(address), access);
  const probe = (access: number, address = at): number => mmu.probe(loOf(address), hiOf(address), access);
  return { memory, frames, mmu, w, entry, page, fill, probe };
}
const AT = 0x7ead_beef_5123;

const walk = suite('walk');
walk('a load finds the byte through four tables, at the address\'s offset in the page', () => {
  const { fill, page } = handmade(AT);
  assert.is(fill(ACCESS.read), page + 0x123);
});
walk('a load sets A in all four entries and D in none', () => {
  const { fill, w, entry } = handmade(AT);
  fill(ACCESS.read);
  for (let level = 1; level <= 4; level++) assert.is(w[entry[level]!]! & (A | D), A, `level ${level}`);
});
walk('a store sets D too, in the leaf only', () => {
  const { fill, w, entry } = handmade(AT);
  fill(ACCESS.write);
  assert.equal([1, 2, 3, 4].map(level => w[entry[level]!]! & (A | D)), [A | D, A, A, A]);
});
walk('a store after a load still walks, and sets D', () => {
  const { probe, w, entry } = handmade(AT);
  probe(ACCESS.read); probe(ACCESS.write);
  assert.is(w[entry[1]!]! & D, D);
});
walk('an access that faults sets neither', () => {
  const { fill, w, entry } = handmade(AT);
  w[entry[2]!]! &= ~W;
  fill(ACCESS.write);
  assert.equal([1, 2, 3, 4].map(level => w[entry[level]!]! & (A | D)), [0, 0, 0, 0]);
});

const codes = suite('page-fault codes');
/** [what is wrong with an entry, low bits to clear, high bits to set, codes of read, write, fetch; -1: no fault] */
const CODES: readonly (readonly [string, number, number, readonly [number, number, number]])[] = [
  ['P=0', P, 0, [0b00100, 0b00110, 0b10100]],
  ['W=0', W, 0, [-1, 0b00111, -1]],
  ['U=0', U, 0, [0b00101, 0b00111, 0b10101]],
  ['NX=1', 0, NX_HIGH, [-1, -1, 0b10101]],
  ['W=0 and NX=1', W, NX_HIGH, [-1, 0b00111, 0b10101]],
  ['an address bit beyond physical memory', 0, 1, [0b01101, 0b01111, 0b11101]],
];
for (const [name, clear, high, expected] of CODES) for (let level = 1; level <= 4; level++) {
  codes(`${name} at level ${level}: read, write and fetch fault with ${expected.join(', ')}`, () => {
    for (const [access, code] of expected.entries()) {
      const { fill, mmu, w, entry } = handmade(AT);
      w[entry[level]!]! &= ~clear; w[entry[level]! + 1] = high;
      assert.is(fill(access) === -1, code !== -1);
      if (code !== -1) assert.equal(mmu.fault, { address: AT, code });
    }
  });
}
codes('a large-page bit at levels 2 to 4 is reserved, and the leaf\'s PAT bit is not', () => {
  for (const level of [2, 3, 4]) {
    const { fill, mmu, w, entry } = handmade(AT);
    w[entry[level]!]! |= PS;
    assert.is(fill(ACCESS.read), -1);
    assert.is(mmu.fault.code, 0b01101);
  }
  const { fill, w, entry } = handmade(AT);
  w[entry[1]!]! |= PS;
  assert.is.not(fill(ACCESS.read), -1);
});
codes('non-canonical addresses fault with one of their own and code 0; those of the upper half with theirs, less 2^64', () => {
  const { mmu } = handmade(AT);
  for (const hi of [0x8000, 0x7fff_ffff, -0x8001, -0x8000_0000]) {
    mmu.fault.code = 99;
    assert.is(mmu.fill(0, hi, ACCESS.read), -1);
    assert.equal(mmu.fault, { address: NOT_CANONICAL, code: 0 });
  }
  assert.is(mmu.fill(0xff60_0000 | 0, -1, ACCESS.execute), -1);
  assert.equal(mmu.fault, { address: -0xa0_0000, code: 0b10100 });
});
codes('without a root every access faults as not present', () => {
  const { mmu, fill } = handmade(AT);
  mmu.root = 0;
  assert.is(fill(ACCESS.write), -1);
  assert.equal(mmu.fault, { address: AT, code: 0b00110 });
});

const tlb = suite('TLB');
/** Which tags of an address's entry are valid. */
function tags(w: Int32Array, at: number): string {
  const slot = tlbSlot(loOf(at), hiOf(at));
  return ['r', 'w', 'x'].map((c, k) => (w[slot + 2 * k] === (loOf(at) & -4096) && w[slot + 2 * k + 1] === hiOf(at) ? c : '-')).join('');
}
tlb('the index is that of the interpreter\'s inline probe', () => {
  for (const [lo, hi] of [[0, 0], [0x1000, 0], [-4096, 0x7fff], [0x1234_5000, 0x55]] as const) {
    const page = (hi * 0x100000 + (lo >>> 12)), index = Number(BigInt(page) ^ ((BigInt(page) >> 10n) & 511n)) & 1023;
    assert.is(tlbSlot(lo, hi), (TLB.at + index * TLB.entryBytes) / 4);
  }
});
tlb('no page shares an entry with its neighbour: an access across both asks that of the first for the tag of the second', () => {
  for (let bit = 12; bit < 47; bit++) {
    const next = 2 ** bit, page = next - 4096;
    assert.is.not(tlbSlot(loOf(page), hiOf(page)), tlbSlot(loOf(next), hiOf(next)), `at 2^${bit}`);
  }
});
tlb('the epoch moves when a page code was fetched from is flushed, or everything is; a page of data does not matter', () => {
  const { mmu, fill } = handmade(AT), epochs = [mmu.epoch];
  const after = (change: () => void): void => { change(); epochs.push(mmu.epoch); };
  fill(ACCESS.read);
  after(() => mmu.flushPage(AT));
  mmu.noteFetch(loOf(AT), hiOf(AT));
  after(() => mmu.flushPage(AT + 4096));
  after(() => mmu.flushPage(AT));
  after(() => mmu.flush());
  after(() => mmu.flushData());
  after(() => mmu.flushRange(AT + 4096, AT + 0x100000));
  after(() => mmu.flushRange(AT - 4096, AT + 0x100000));
  assert.equal(epochs.map(epoch => epoch - epochs[0]!), [0, 0, 0, 1, 2, 2, 2, 3]);
});
tlb('a space has its epoch again when it is entered again, unless it changed meanwhile, or too much code was seen', () => {
  const { mmu } = handmade(AT), a = { root: mmu.root, epoch: mmu.newEpoch(), era: 0 }, b = { root: mmu.root + 4096, epoch: mmu.newEpoch(), era: 0 };
  const entered = (space: typeof a): number => { mmu.enter(space); return mmu.epoch; };
  const first = entered(a), second = entered(b);
  assert.is.not(first, second);
  assert.is(entered(a), first);
  mmu.noteFetch(loOf(AT), hiOf(AT));
  mmu.flushPage(AT);
  const changed = mmu.epoch;
  assert.not.ok([first, second].includes(changed));
  assert.is(entered(b), second);
  assert.is(entered(a), changed);
  for (let page = 0; page <= 1 << 16; page++) mmu.noteFetch(page << 12, 1);
  assert.not.ok([first, second, changed].includes(mmu.epoch), 'the era is over');
  assert.ok(mmu.isExecuted((1 << 16) * 4096 - 4096 + 2 ** 32), 'and what ended it belongs to the next');
  assert.not.ok([first, second, changed, mmu.epoch].includes(entered(b)));
});
tlb('tags come with the accesses: read always, write once D is set, execute by a fetch', () => {
  const { fill, w } = handmade(AT);
  const seen = [tags(w, AT)];
  for (const access of [ACCESS.read, ACCESS.write, ACCESS.read, ACCESS.execute, ACCESS.read]) { fill(access); seen.push(tags(w, AT)); }
  assert.equal(seen, ['---', 'r--', 'rw-', 'rw-', 'rwx', 'rwx']);
});
tlb('a page known dirty gets its write tag from a load', () => {
  const { fill, mmu, w } = handmade(AT);
  fill(ACCESS.write); mmu.flush(); fill(ACCESS.read);
  assert.is(tags(w, AT), 'rw-');
});
tlb('lo + addend is the physical address', () => {
  const { fill, w, page } = handmade(AT);
  fill(ACCESS.read);
  assert.is((loOf(AT) + w[tlbSlot(loOf(AT), hiOf(AT)) + TLB.addend / 4]!) | 0, page + 0x123);
});
tlb('a hit is not a miss: only walks for pages not held are counted, faulting ones too', () => {
  const { probe, mmu } = handmade(AT);
  probe(ACCESS.read); probe(ACCESS.read); probe(ACCESS.write); probe(ACCESS.execute);
  assert.is(mmu.misses, 1);
  probe(ACCESS.read, AT + PAGE_BYTES); probe(ACCESS.read, AT + PAGE_BYTES);
  assert.is(mmu.misses, 3);
});
tlb('two pages of one slot take turns, with all tags', () => {
  const other = AT - 0x40_1000; // Both bits are set in AT; bit 22, shifted by ten more, meets bit 12.
  assert.is(tlbSlot(loOf(AT), hiOf(AT)), tlbSlot(loOf(other), hiOf(other)));
  const { fill, w, memory, frames, entry } = handmade(AT);
  const table = frames.allocate(), page = frames.allocate();
  w[(w[entry[3]!]! & PTE.frame) / 4 + 2 * (Math.floor(other / 2 ** 21) % 512)] = table | ALL;
  memory.i32[table / 4 + 2 * (Math.floor(other / 4096) % 512)] = page | ALL;
  fill(ACCESS.write); fill(ACCESS.execute);
  assert.is(tags(w, AT), 'rwx');
  assert.is(fill(ACCESS.read, other), page + 0x123);
  assert.equal([tags(w, AT), tags(w, other)], ['---', 'r--']);
});
tlb('an entry outlives a change of the tables until it is flushed', () => {
  const { probe, mmu, w, entry, page } = handmade(AT);
  probe(ACCESS.read);
  w[entry[1]!] = 0;
  assert.is(probe(ACCESS.read), page + 0x123);
  mmu.flushPage(AT + PAGE_BYTES);
  assert.is(probe(ACCESS.read), page + 0x123);
  mmu.flushPage(AT);
  assert.is(probe(ACCESS.read), -1);
});
tlb('a new root flushes', () => {
  const { probe, mmu, frames } = handmade(AT);
  probe(ACCESS.read);
  mmu.root = frames.allocate();
  assert.is(probe(ACCESS.read), -1);
});

const code = suite('code pages');
code('a frame with translated code loses its write tags and gets none', () => {
  const { fill, mmu, w, page } = handmade(AT);
  fill(ACCESS.write);
  mmu.markCode(page);
  assert.is(tags(w, AT), 'r--');
  assert.is(fill(ACCESS.write), page + 0x123);
  assert.is(tags(w, AT), 'r--');
  mmu.clearCode(page); fill(ACCESS.write);
  assert.is(tags(w, AT), 'rw-');
});
code('freeing a frame tells whoever translated it, once, while the bytes are there', () => {
  const { frames, mmu, memory } = handmade(AT);
  const pa = frames.allocate(), told: string[] = [];
  memory.u8[pa] = 0xc3;
  mmu.onCodeWrite = (at, length) => { told.push(`${at - pa}+${length} ${memory.u8[at]}`); };
  mmu.markCode(pa);
  frames.retain(pa); frames.release(pa);
  assert.equal(told, []);
  frames.release(pa);
  assert.equal(told, ['0+4096 195']);
  assert.is(mmu.code[pa >>> 12], 0);
});

const framesSuite = suite('frames');
framesSuite('frames count up from the first physical page; one released comes next, zeroed', () => {
  const memory = new LinearMemory(1 << 20), frames = new Frames(memory);
  assert.is(frames.zero, PHYSICAL_AT);
  const [a, b] = [frames.allocate(), frames.allocate()];
  assert.equal([a, b], [PHYSICAL_AT + 4096, PHYSICAL_AT + 8192]);
  memory.u8.fill(7, a, a + 4096);
  frames.release(a);
  assert.is(frames.allocate(), a);
  assert.ok(memory.u8.subarray(a, a + 4096).every(byte => byte === 0));
});
framesSuite('as many frames as the limit says, then -1', () => {
  const frames = new Frames(new LinearMemory(1 << 20), 5);
  assert.equal(Array.from({ length: 6 }, () => frames.allocate() === -1), [false, false, false, false, true, true]);
  assert.equal([frames.used, frames.limit, frames.total], [5, 5, 256]);
});
framesSuite('a frame with two references is freed by the second release; a third is our bug', () => {
  const frames = new Frames(new LinearMemory(1 << 20)), pa = frames.allocate();
  frames.retain(pa); frames.release(pa);
  assert.equal([frames.references(pa), frames.used], [1, 2]);
  frames.release(pa);
  assert.equal([frames.references(pa), frames.used], [0, 1]);
  assert.throws(() => frames.release(pa), /freed twice/);
  assert.throws(() => frames.retain(pa), /free frame/);
});
framesSuite('a copy has the bytes, in a fresh frame or a used one', () => {
  const memory = new LinearMemory(1 << 20), frames = new Frames(memory), pa = frames.allocate();
  memory.u8.fill(9, pa, pa + 4096);
  const fresh = frames.allocateCopy(pa);
  memory.u8.fill(1, fresh, fresh + 4096);
  frames.release(fresh);
  for (const [of, byte] of [[pa, 9], [frames.zero, 0]] as const) {
    const copy = frames.allocateCopy(of);
    assert.ok(memory.u8.subarray(copy, copy + 4096).every(b => b === byte));
    frames.release(copy);
  }
});

walk.run();
codes.run();
tlb.run();
code.run();
framesSuite.run();
