/** Caches and TLBs of detailed timing in small worlds: what a chain of loads takes by how far it goes, what overlaps, and what writing code costs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTS, PAGE_BYTES } from '../src/base/layout.ts';
import type { Va } from '../src/base/types.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import { PROT_ALL } from '../src/mmu/vma.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { decode } from '../src/decoder/decode.ts';
import { FED, notesOf, WAITS } from '../src/timing/notes.ts';
import { ZEN3 } from '../src/timing/profiles/zen3.ts';
import { CODE, CpuWorld } from './support/cpu-world.ts';
import { Random } from './support/random.ts';

const FIELD = 0x1000000, LINE = 64, UNROLLED = 16, LOADS_MIN = 64, BUDGET = 1_000_000;
const { load, memories } = ZEN3, L1 = load.general, L2 = L1 + memories.second.cycles;
const INTERPRETED: CpuOptions = { engine: 'interpret', timing: 'detailed' };

/** `loads` loads, each of which finds the address of the next: a chain that is closed. */
const chase = (loads: number): string => `again: mov ecx, ${loads / UNROLLED}\nround:\n${'mov rax, [rax]\n'.repeat(UNROLLED)}dec ecx\njnz round\nsyscall\njmp again`;
/** The same that nobody waits for: addresses come from a register that counts. */
const stride = (loads: number, bytes: number): string => `again: mov rsi, rbx\nmov ecx, ${loads / UNROLLED}\nround:\n${Array.from({ length: UNROLLED }, (_, k) => `mov rdx, [rsi+${k * bytes}]\n`).join('')}add rsi, ${UNROLLED * bytes}\ndec ecx\njnz round\nsyscall\njmp again`;

function worldOf(source: string, pages: number, options = INTERPRETED): CpuWorld {
  const w = new CpuWorld(source, CODE, options);
  w.map(FIELD, pages);
  w.set('rax', FIELD); w.set('rbx', FIELD);
  return w;
}
/** Chains the places to each other in an order: as they come, or none. */
function link(w: CpuWorld, places: readonly Va[], isShuffled = true): void {
  const random = new Random(7), order = [...places];
  if (isShuffled) for (let n = order.length - 1; n > 0; n--) { const k = random.below(n + 1), kept = order[n]!; order[n] = order[k]!; order[k] = kept; }
  const bytes = new Uint8Array(8), view = new DataView(bytes.buffer);
  order.forEach((at, n) => { view.setUint32(0, order[(n + 1) % order.length]!, true); w.poke(at, bytes); });
}
const rows = (count: number, bytes: number): Va[] => Array.from({ length: count }, (_, n) => FIELD + n * bytes);
/** Cycles of a round, once all was gone through twice. */
function warm(w: CpuWorld): number {
  let before = 0;
  for (let k = 0; k < 3; k++) {
    before = w.cpu.state.cycles;
    assert.is(w.run(BUDGET), 'syscall');
    w.cpu.state.drain(); // As a system call does.
  }
  return w.cpu.state.cycles - before;
}
const counted = (w: CpuWorld, name: keyof typeof COUNTS): number => w.memory.view.getFloat64(COUNTS[name], true);
function isAbout(measured: number, expected: number, what: string): void {
  assert.ok(Math.abs(measured / expected - 1) < 0.06, `${what}: ${measured.toFixed(2)} for ${expected.toFixed(2)}`);
}

const data = suite('caches › data');
function chain(places: readonly Va[], pages: number, options?: CpuOptions): { readonly w: CpuWorld; readonly each: number } {
  const loads = places.length * Math.ceil(LOADS_MIN / places.length) * UNROLLED, w = worldOf(chase(loads), pages, options);
  link(w, places);
  return { w, each: warm(w) / loads };
}
data('a chain of loads within L1 takes its latency', () => { isAbout(chain(rows(128, LINE), 2).each, L1, '8 KiB'); });
data('one that is larger takes that of L2, and every load misses', () => {
  const { w, each } = chain(rows(1536, LINE), 24), before = counted(w, 'l1d');
  isAbout(each, L2, '96 KiB');
  w.run(BUDGET);
  assert.is(counted(w, 'l1d') - before, UNROLLED * 1536);
});
data('a line a page: L1 holds them, the first TLB does not', () => {
  const { w, each } = chain(rows(96, PAGE_BYTES + LINE), 98), before = counted(w, 'dtlb'), walks = counted(w, 'dataWalks');
  isAbout(each, L1 + memories.secondPages, '96 pages');
  w.run(BUDGET);
  assert.is(counted(w, 'dtlb') - before, UNROLLED * 96);
  assert.is(counted(w, 'dataWalks'), walks);
});
data('what was never there comes from memory, page by page', () => {
  const w = worldOf(chase(64), 64);
  link(w, rows(64, PAGE_BYTES + LINE));
  w.run(BUDGET);
  w.cpu.state.drain();
  assert.ok(w.cpu.state.cycles > 64 * (memories.memory.cycles + w.cpu.costs.environment.pageWalk), `${w.cpu.state.cycles}`);
});
data('loads that nobody waits for overlap', () => {
  const w = worldOf(stride(1536, LINE * 5 % 4096), 120), each = warm(w) / 1536;
  assert.ok(each < L2 / 3, each.toFixed(2));
});
data('lines in a row are foreseen', () => {
  const w = worldOf(chase(1536), 24);
  link(w, rows(1536, LINE), false);
  const each = warm(w) / 1536;
  assert.ok(each < L1 + memories.second.cycles / 2, each.toFixed(2));
});
data('another address space finds nothing in the first level', () => {
  const { w } = chain(rows(128, LINE), 2), before = counted(w, 'l1d');
  w.run(BUDGET);
  assert.is(counted(w, 'l1d'), before);
  w.mmu.root = w.mmu.root; // The same again is no other.
  w.run(BUDGET);
  assert.is(counted(w, 'l1d'), before);
  const { root } = w.mmu;
  w.mmu.root = 0;
  w.mmu.root = root;
  w.run(BUDGET);
  assert.is(counted(w, 'l1d') - before, 128);
});
data('every performer misses the same lines and takes the same time', () => {
  const expected = chain(rows(1000, LINE * 3), 48);
  for (const engine of ['threaded', 'compile', 'auto'] as const) {
    const { w, each } = chain(rows(1000, LINE * 3), 48, { engine, timing: 'detailed', hotRuns: 2, threaded: { runs: 1, wait: 1 } });
    assert.is(each, expected.each, engine);
    for (const name of Object.keys(COUNTS) as (keyof typeof COUNTS)[]) assert.is(counted(w, name), counted(expected.w, name), `${engine}: ${name}`);
  }
});
data('without detailed timing nothing of it is counted, and all is in L1', () => {
  const { w, each } = chain(rows(1536, LINE), 24, { engine: 'interpret', timing: 'fast' });
  isAbout(each, L1, '96 KiB');
  assert.is(counted(w, 'l1d'), 0);
});
data.run();

const code = suite('caches › code');
/** So many functions at a distance, called one after the other. */
function functions(count: number, bytes: number): { readonly w: CpuWorld; readonly each: number } {
  const pages = Math.ceil(count * bytes / PAGE_BYTES), w = new CpuWorld('again: mov ebx, 0x1000000\nmov ecx, COUNT\nround: call rbx\nadd rbx, BYTES\ndec ecx\njnz round\nsyscall\njmp again'.replace('COUNT', `${count}`).replace('BYTES', `${bytes}`), CODE, INTERPRETED);
  w.map(FIELD, pages, PROT_ALL);
  for (let n = 0; n < count; n++) w.poke(FIELD + n * bytes, [0xc3]);
  return { w, each: warm(w) / count };
}
code('more of it than L1 holds is fetched again every time', () => {
  const few = functions(64, 3 * LINE), many = functions(1024, 3 * LINE), before = counted(many.w, 'l1i');
  assert.ok(many.each > few.each + memories.second.cycles / 2, `${few.each} ${many.each}`);
  many.w.run(BUDGET);
  assert.ok(counted(many.w, 'l1i') - before >= 1024);
});
const WRITER = 'again: mov ecx, 50\nround:\ninc dword ptr [rsi]\ncall f\ndec ecx\njnz round\nsyscall\njmp again\n.balign 64\nf: mov eax, 0\nret\n.balign 64\ndata: .quad 0';
code('to write what was fetched costs as much as it costs to begin anew; what was not, nothing', () => {
  const cycles = (label: string, by: number): number => { const w = new CpuWorld(WRITER, CODE, INTERPRETED); w.set('rsi', w.label(label) + by); return warm(w) / 50; };
  const written = cycles('f', 1), beside = cycles('data', 0);
  assert.ok(written - beside > memories.codeWritten, `${written} ${beside}`);
  assert.ok(beside < 20, `${beside}`);
});
code.run();

const notes = suite('caches › who waits for whom');
function notesFor(source: string): { readonly masks: readonly number[]; readonly kinds: readonly number[]; readonly killed: number } {
  const { bytes } = assemble(source, { origin: CODE }), instructions = [];
  for (let at = 0; at < bytes.length;) { const i = decode(bytes, at, bytes.length)!; instructions.push(i); at += i.length; }
  const { words, killed } = notesOf(instructions);
  return { masks: instructions.map((_, k) => words[2 * k]!), kinds: instructions.map((_, k) => words[2 * k + 1]!), killed };
}
const RAX = 1, RCX = 2, RDX = 4, RBX = 8, END = 16;
notes('a chain: a register waits for itself', () => {
  const { masks, kinds, killed } = notesFor('mov rax, [rax]\nmov rax, [rax+8]');
  assert.equal(masks, [RAX | RAX << END, RAX | RAX << END]);
  assert.equal(kinds, [0, FED]);
  assert.is(killed, 0);
});
notes('through arithmetic and moves; what is overwritten waits for nothing', () => {
  const { masks, kinds, killed } = notesFor('mov rcx, [rbx+rdx*8]\nshl rcx, 4\nlea rax, [rcx+rbx]\nmov rdx, [rax]\nmov ecx, 5');
  assert.equal(masks, [RBX | RDX | (RAX | RDX) << END, 0, 0, RBX | RDX | RDX << END, 0]);
  assert.equal(kinds, [0, 0, 0, FED, 0]);
  assert.is(killed, RAX | RCX);
});
notes('a branch waits for what it compares', () => {
  const { masks, kinds } = notesFor('cmp rax, [rbx]\nnop\njz 0x400000');
  assert.is(masks[2], RAX | RBX);
  assert.equal(kinds, [0, 0, WAITS]);
  assert.equal(notesFor('cmp rax, rcx\njz 0x400000').kinds, [0, 0]);
  assert.equal(notesFor('mov rax, [rbx]\nret').kinds, [0, 0], 'a return finds its address on the stack');
});
notes.run();
