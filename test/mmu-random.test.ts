/** Random mappings, accesses and forks against a model that keeps one record a page. SEED and STEPS choose another run. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_BYTES } from '../src/base/layout.ts';
import type { AddressSpace } from '../src/mmu/address-space.ts';
import { PTE } from '../src/mmu/entry.ts';
import { canJoin } from '../src/mmu/vma-list.ts';
import { TestObject, World } from './support/mmu-world.ts';

const SEED = Number(process.env['SEED'] ?? 20200728), STEPS = Number(process.env['STEPS'] ?? 20_000);
const BASE = 0x7fff_ff00_0000, PAGES = 48, FILE_PAGES = 24, SPACES_MAX = 3;

/** What a page of a shared object, or of a file, holds: the model looks at one byte a page. */
type Bytes = number[];
/** `own`: the private byte, null while the page is still the object's (or zero). */
interface ModelPage { prot: number; shared: boolean; object: Bytes | null; index: number; own: number | null }
type Model = (ModelPage | null)[];
interface Pair { readonly space: AddressSpace; readonly model: Model }

class Random {
  private state: number;
  constructor(seed: number) { this.state = seed >>> 0; }
  /** mulberry32. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }
}

class Duel {
  readonly world = new World({ memoryBytes: 8 << 20 });
  private readonly random: Random;
  private readonly file = new TestObject(this.world, 'f', FILE_PAGES);
  private readonly fileBytes: Bytes = Array.from({ length: FILE_PAGES }, (_, k) => 0x10 + k);
  private readonly pairs: Pair[] = [{ space: this.world.space, model: new Array<ModelPage | null>(PAGES).fill(null) }];
  private current = this.pairs[0]!;
  constructor(seed: number) { this.random = new Random(seed); }

  private at(k: number): number { return BASE + k * PAGE_BYTES; }
  private value(p: ModelPage): number | string {
    if (p.object !== null && p.index >= p.object.length && p.own === null) return 'past-end';
    return p.own ?? p.object?.[p.index] ?? 0;
  }

  step(): void {
    const r = this.random;
    // A new root flushes the TLB, which would hide that something else did not: stay with one for a while.
    if (r.below(32) === 0 || !this.pairs.includes(this.current)) this.current = this.pairs[r.below(this.pairs.length)]!;
    const pair = this.current;
    this.world.space = pair.space; pair.space.activate();
    const start = r.below(PAGES), length = 1 + r.below(Math.min(10, PAGES - start));
    switch (r.below(20)) {
      case 0: case 1: this.map(pair, start, length); break;
      case 2: this.unmap(pair, start, length); break;
      case 3: case 4: this.protect(pair, start, length); break;
      case 5: this.remap(pair, start, length); break;
      case 6: this.discard(pair, start, length); break;
      case 7: if (r.below(8) === 0) this.forkOrEnd(pair); break;
      case 8: case 9: this.kernelAccess(pair, start); break;
      case 10: this.truncate(); break;
      default: this.cpuAccess(pair, start);
    }
  }
  private map({ space, model }: Pair, start: number, length: number): void {
    const r = this.random, shared = r.below(3) === 0, prot = r.below(8), isFile = r.below(2) === 0, first = r.below(FILE_PAGES);
    const at = this.world.map({
      at: this.at(start), length: length * PAGE_BYTES - r.below(PAGE_BYTES), prot, shared,
      object: isFile ? this.file : null, offset: isFile ? first * PAGE_BYTES : 0,
    });
    assert.is(at, this.at(start));
    const memory: Bytes | null = isFile ? this.fileBytes : shared ? new Array<number>(length).fill(0) : null;
    for (let k = 0; k < length; k++) model[start + k] = { prot, shared, object: memory, index: (isFile ? first : 0) + k, own: null };
    assert.ok(space.find(at));
  }
  private unmap({ space, model }: Pair, start: number, length: number): void {
    assert.is(space.unmap(this.at(start), length * PAGE_BYTES), 0);
    model.fill(null, start, start + length);
  }
  private protect({ space, model }: Pair, start: number, length: number): void {
    const prot = this.random.below(8), result = space.protect(this.at(start), length * PAGE_BYTES, prot);
    for (let k = start; k < start + length; k++) {
      const p = model[k]!;
      if (p === null) { assert.ok(result < 0); return; }
      p.prot = prot;
    }
    assert.is(result, 0);
  }
  private remap({ space, model }: Pair, start: number, length: number): void {
    const to = this.random.below(PAGES), newLength = 1 + this.random.below(Math.min(10, PAGES - to));
    const vma = space.find(this.at(start));
    if (to < start + length && start < to + newLength) return;
    const result = space.remap(this.at(start), length * PAGE_BYTES, newLength * PAGE_BYTES, true, this.at(to));
    const kept = Math.min(length, newLength), moved = model.slice(start, start + kept), first = moved[0] ?? null;
    model.fill(null, to, to + newLength);
    if (newLength < length) model.fill(null, start + newLength, start + length);
    if (vma === null || vma.end < this.at(start + kept)) { assert.ok(result < 0); return; }
    assert.is(result, this.at(to));
    model.fill(null, start, start + kept);
    for (let k = 0; k < newLength; k++) {
      model[to + k] = moved[k] ?? (first === null ? null : { ...first, index: first.index + k, own: null });
    }
  }
  private discard({ space, model }: Pair, start: number, length: number): void {
    const result = space.discard(this.at(start), length * PAGE_BYTES), range = model.slice(start, start + length);
    assert.is(result === 0, !range.includes(null));
    for (const p of range) if (p !== null) p.own = null;
  }
  /** The file's last page goes, or comes back as zeros. */
  private truncate(): void {
    const { file, fileBytes, world } = this;
    if (fileBytes.length < FILE_PAGES) { fileBytes.push(0); file.pages.push(world.frames.allocate()); return; }
    fileBytes.pop();
    world.frames.release(file.pages.pop()!);
    for (const { space, model } of this.pairs) {
      space.invalidate(file, fileBytes.length * PAGE_BYTES, Infinity);
      for (const p of model) if (p !== null && p.object === fileBytes && p.index >= fileBytes.length) p.own = null;
    }
  }
  private forkOrEnd(pair: Pair): void {
    const isEnd = this.pairs.length === SPACES_MAX || (this.pairs.length > 1 && this.random.below(2) === 0);
    if (isEnd) {
      pair.space.release();
      this.pairs.splice(this.pairs.indexOf(pair), 1);
      return;
    }
    const space = pair.space.fork();
    if (space === null) throw new Error('no frame left to fork');
    this.pairs.push({ space, model: pair.model.map(p => (p === null ? null : { ...p })) });
  }

  private expected(p: ModelPage | null, isAllowed: (p: ModelPage) => boolean): number | string {
    if (p === null) return 'no-mapping';
    return isAllowed(p) ? this.value(p) : 'denied';
  }
  private written(p: ModelPage, byte: number): void {
    if (p.shared && p.object !== null) p.object[p.index] = byte; else p.own = byte;
  }
  private cpuAccess({ model }: Pair, k: number): void {
    const { world, random } = this, p = model[k] ?? null, byte = random.below(256);
    switch (random.below(3)) {
      case 0: assert.is(world.load(this.at(k)), this.expected(p, q => q.prot !== 0)); return;
      case 1: assert.is(world.fetch(this.at(k)), this.expected(p, q => (q.prot & 4) !== 0)); return;
      default: {
        const before = this.expected(p, q => (q.prot & 2) !== 0), got = world.store(this.at(k), byte);
        assert.is(got, typeof before === 'string' ? before : byte);
        if (p !== null && typeof got === 'number') this.written(p, byte);
      }
    }
  }
  private kernelAccess({ space, model }: Pair, k: number): void {
    const p = model[k] ?? null, byte = Uint8Array.of(this.random.below(256)), into = new Uint8Array(1);
    if (this.random.below(2) === 0) {
      const before = this.expected(p, q => q.prot !== 0), isThere = space.copyIn(this.at(k), into);
      assert.is(isThere ? into[0] : 'EFAULT', typeof before === 'string' ? 'EFAULT' : before);
      return;
    }
    const before = this.expected(p, q => (q.prot & 2) !== 0), isThere = space.copyOut(this.at(k), byte);
    assert.is(isThere, typeof before === 'number');
    if (p !== null && isThere) this.written(p, byte[0]!);
  }

  /** The mappings are the model's, joined where they can be; counters are what a count gives. */
  check(): void {
    for (const { space, model } of this.pairs) {
      const { vmas } = space;
      for (const [k, vma] of vmas.entries()) {
        assert.ok(vma.start < vma.end && (k === 0 || vmas[k - 1]!.end <= vma.start), 'in order');
        assert.not.ok(k > 0 && canJoin(vmas[k - 1]!, vma), 'joined');
      }
      let resident = 0;
      for (const [k, p] of model.entries()) {
        const vma = space.find(this.at(k));
        assert.equal(vma === null ? null : [vma.prot, vma.shared], p === null ? null : [p.prot, p.shared]);
        const leaf = space.walk(this.at(k))[3]?.entry ?? 0n, frame = Number(leaf & BigInt(PTE.frame));
        if (frame !== 0 && frame !== this.world.frames.zero) resident += PAGE_BYTES;
        if (vma === null) assert.is(frame, 0);
        if (p !== null) {
          const byte = this.value(p), seen = space.peek(this.at(k), 1);
          assert.equal(seen, typeof byte === 'string' ? new Uint8Array(0) : Uint8Array.of(byte));
        }
      }
      assert.is(space.residentBytes, resident);
    }
    const mappings = this.pairs.reduce((sum, { space }) => sum + space.vmas.filter(v => v.object === this.file).length, 0);
    assert.is(this.file.mappings, mappings);
  }
  end(): void {
    for (const { space } of this.pairs) space.release();
    this.file.release();
    assert.is(this.world.frames.used, 1, 'only the zero frame is left');
    assert.is(this.world.frames.references(this.world.frames.zero), 1);
  }
}

const random = suite('random memory');
random(`${STEPS} random steps from seed ${SEED} do what one record a page says, and leak no frame`, () => {
  const duel = new Duel(SEED);
  for (let k = 1; k <= STEPS; k++) {
    try {
      duel.step();
      if (k % 50 === 0) duel.check();
    } catch (error) {
      console.error(`step ${k} of SEED=${SEED}`);
      throw error;
    }
  }
  duel.check();
  duel.end();
});
random(`no arguments of any call end the emulator, ${STEPS} tries from seed ${SEED}`, () => {
  const world = new World({ memoryBytes: 8 << 20, limit: 300 }), { space } = world, r = new Random(SEED), used = world.frames.used;
  space.startBreak(0x5555_5555_6000);
  const edges = [0, 1, 4095, 4096, 0x10000, 0x5555_5555_6000, BASE, 2 ** 31, 2 ** 32, 2 ** 46, 2 ** 47 - 4096, 2 ** 47, 2 ** 63, 2 ** 64];
  const number = (): number => Math.max(0, edges[r.below(edges.length)]! + (r.below(3) - 1) * [0, 1, 4096, 12_288][r.below(4)]!);
  const bytes = new Uint8Array(9000);
  for (let k = 0; k < STEPS; k++) {
    switch (r.below(11)) {
      case 0: case 1: case 2:
        world.map({
          at: number(), length: number(), prot: r.below(8),
          fixed: r.below(2) === 0, shared: r.below(3) === 0, growsDown: r.below(4) === 0,
        });
        break;
      case 3: space.unmap(number(), number()); break;
      case 4: space.protect(number(), number(), r.below(2) === 0 ? r.below(8) : number()); break;
      case 5: space.remap(number(), number(), number(), true, r.below(2) === 0 ? number() : null); break;
      case 6: space.setBreak(number()); break;
      case 7: space.discard(number(), number()); break;
      case 8: space.copyOut(number(), bytes); break;
      case 9: space.copyIn(number(), bytes); space.copyInString(number(), 9000); space.peek(number(), 9000); break;
      default: for (const access of [0, 1, 2]) world.access(number(), access);
    }
  }
  space.procMaps();
  space.release();
  assert.is(world.frames.used, used - 1);
});
random.run();
