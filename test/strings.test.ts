/** String instructions against a model that goes element by element, and the rules a model does not show (SDM vol. 2, REP). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Instruction, NONE } from '../src/decoder/instruction.ts';
import { instructionOf } from './support/instruction.ts';
import { SLOT } from '../src/base/layout.ts';
import { ARITHMETIC_FLAGS, CF, DF, OF, ZF } from '../src/exec/ops.ts';
import { scoreIn } from '../src/exec/semantics/scores.ts';
import { strings } from '../src/exec/semantics/strings.ts';
import { FakeContext, FakeFault, FakeTrap } from './support/x87-context.ts';
import { Random } from './support/x87-inputs.ts';

const suiteOf = suite('strings');
const scores = strings();
const RAX = 0, RCX = 1, RSI = 6, RDI = 7;
type Element = 1 | 2 | 4 | 8;
type Rep = 'rep' | 'repne' | null;

const instruction = (operation: string, size: Element, rep: Rep, addressSize: 4 | 8 = 8, segment: number = NONE): Instruction =>
  instructionOf(operation, { size, rep, addressSize, segment });
function world(registers: Readonly<Record<number, bigint>>, isDown = false): FakeContext {
  const c = new FakeContext();
  for (const [register, value] of Object.entries(registers)) c.state.set(Number(register), value);
  if (isDown) c.state.eflags |= DF;
  return c;
}
const run = (c: FakeContext, i: Instruction): number => c.run(scoreIn(scores, i.operation)!, i);
function thrown(run: () => void): unknown {
  try { run(); } catch (error) { return error; }
  return null;
}
const text = (c: FakeContext, at: number, length: number): string => String.fromCharCode(...c.bytes.subarray(at, at + length));
const put = (c: FakeContext, at: number, words: string): void => { c.bytes.set([...words].map(letter => letter.charCodeAt(0)), at); };

// — the model —

interface Model { readonly memory: Uint8Array; rax: bigint; rcx: bigint; rsi: bigint; rdi: bigint; flags: number | null }
function element(memory: Uint8Array, at: bigint, size: Element): bigint {
  let value = 0n;
  for (let k = size - 1; k >= 0; k--) value = (value << 8n) | BigInt(memory[Number(at) + k]!);
  return value;
}
function setElement(memory: Uint8Array, at: bigint, size: Element, value: bigint): void {
  for (let k = 0; k < size; k++) memory[Number(at) + k] = Number((value >> BigInt(8 * k)) & 0xffn);
}
function flagsOf(a: bigint, b: bigint, size: Element): number {
  const bits = BigInt(8 * size), top = 1n << (bits - 1n), d = BigInt.asUintN(Number(bits), a - b);
  const ones = (d & 0xffn).toString(2).replaceAll('0', '').length;
  return (a < b ? 1 : 0) | (ones % 2 === 0 ? 4 : 0) | ((a & 15n) < (b & 15n) ? 16 : 0) | (d === 0n ? 64 : 0) | ((d & top) !== 0n ? 128 : 0)
    | (((a ^ b) & (a ^ d) & top) !== 0n ? 0x800 : 0);
}
function step(m: Model, operation: string, size: Element, by: bigint): boolean {
  const accumulator = BigInt.asUintN(8 * size, m.rax);
  switch (operation) {
    case 'movs': setElement(m.memory, m.rdi, size, element(m.memory, m.rsi, size)); break;
    case 'stos': setElement(m.memory, m.rdi, size, accumulator); break;
    case 'lods': m.rax = (size === 4 ? 0n : m.rax - accumulator) + element(m.memory, m.rsi, size); break;
    case 'cmps': m.flags = flagsOf(element(m.memory, m.rsi, size), element(m.memory, m.rdi, size), size); break;
    case 'scas': m.flags = flagsOf(accumulator, element(m.memory, m.rdi, size), size); break;
  }
  if (/movs|lods|cmps/.test(operation)) m.rsi += by;
  if (operation !== 'lods') m.rdi += by;
  return m.flags !== null && (m.flags & 64) !== 0;
}
function model(m: Model, operation: string, size: Element, rep: Rep, isDown: boolean): void {
  const by = BigInt(isDown ? -size : size);
  if (rep === null) { step(m, operation, size, by); return; }
  while (m.rcx > 0n) {
    const isEqual = step(m, operation, size, by);
    m.rcx -= 1n;
    if (/cmps|scas/.test(operation) && isEqual === (rep === 'repne')) break;
  }
}

suiteOf('4,000 random ones: memory, registers and flags are those of going element by element', () => {
  const random = new Random(7);
  const c = new FakeContext(), before = new Uint8Array(c.bytes.length);
  const words = new Int32Array(before.buffer), actual = new Int32Array(c.bytes.buffer, c.bytes.byteOffset);
  for (let round = 0; round < 4000; round++) {
    const operation = random.pick(['movs', 'movs', 'stos', 'lods', 'cmps', 'scas']), size = random.pick<Element>([1, 2, 4, 8]);
    const rep = random.pick<Rep>(['rep', 'rep', 'repne', null]), isDown = random.chance(40);
    const count = random.pick([0, 1, 2, 3, random.below(40), random.below(1500)]);
    const rdi = 0x1_0000 + random.below(0x3000), rsi = random.chance(60) ? rdi + random.below(41) - 20 : 0x1_0000 + random.below(0x3000);
    // Few letters, so that comparisons go on for a while; long runs of one, so that they go on for long.
    const letters = random.chance(50) ? 1 : 2;
    c.bytes.fill(1, 0xc000, 0x1_8000);
    for (let k = 0; k < 300; k++) c.bytes[0xf000 + random.below(0x6000)] = 1 + random.below(letters) * random.below(200);
    const rax = random.chance(50) ? 0x0101_0101_0101_0101n : BigInt(random.word()) << 20n;
    const m: Model = { memory: before, rax, rcx: BigInt(count), rsi: BigInt(rsi), rdi: BigInt(rdi), flags: null };
    before.set(c.bytes.subarray(0xc000, 0x1_8000), 0xc000);
    c.state.set(RAX, m.rax); c.state.set(RCX, m.rcx); c.state.set(RSI, m.rsi); c.state.set(RDI, m.rdi);
    c.state.eflags = 0x202 | (isDown ? DF : 0) | ARITHMETIC_FLAGS;
    model(m, operation, size, rep, isDown);
    run(c, instruction(operation, size, rep));
    const way = `rsi ${rsi.toString(16)}, rdi ${rdi.toString(16)}${isDown ? ', down' : ''}`;
    const what = `seed 7, round ${round}: ${rep ?? ''} ${operation} of ${size} x ${count}, ${way}`;
    assert.equal([c.state.get(RAX), c.state.get(RCX), c.state.get(RSI), c.state.get(RDI)], [m.rax, m.rcx, m.rsi, m.rdi], what);
    assert.is(c.readFlags() & ARITHMETIC_FLAGS, m.flags ?? ARITHMETIC_FLAGS, what);
    for (let k = 0xc000 >> 2; k < 0x1_8000 >> 2; k++) if (actual[k] !== words[k]) assert.unreachable(`${what}: at ${(4 * k).toString(16)}`);
  }
});

suiteOf('`rep movsb` to the byte after its source repeats that byte', () => {
  const c = world({ [RSI]: 0x1000n, [RDI]: 0x1001n, [RCX]: 9000n });
  put(c, 0x1000, 'x');
  run(c, instruction('movs', 1, 'rep'));
  assert.ok(c.bytes.subarray(0x1000, 0x1000 + 9001).every(byte => byte === 120));
  assert.is(c.bytes[0x1000 + 9001], 0);
});
suiteOf('a count of 0 changes nothing, not even flags, and touches no memory', () => {
  for (const operation of ['movs', 'stos', 'lods', 'cmps', 'scas']) {
    const c = world({ [RSI]: 0xffff_ffff_0000_0000n, [RDI]: 0xffff_ffff_0000_0000n, [RCX]: 0n, [RAX]: 5n });
    const before = c.state.u8.slice();
    run(c, instruction(operation, 8, 'rep'));
    assert.equal(c.state.u8, before, operation);
  }
});
suiteOf('a fault in the middle leaves the registers after the last whole iteration, and the rest can be done later', () => {
  const c = world({ [RSI]: 0x1ffcn, [RDI]: 0x4ff0n, [RCX]: 10n });
  for (let k = 0; k < 80; k++) c.bytes[0x1ffc + k] = k;
  c.readOnly.add(5);
  const fault = thrown(() => run(c, instruction('movs', 8, 'rep')));
  assert.ok(fault instanceof FakeFault && fault.isWrite && fault.at === 0x5000);
  assert.equal([c.state.get(RCX), c.state.get(RSI), c.state.get(RDI)], [8n, 0x200cn, 0x5000n]);
  c.readOnly.clear();
  run(c, instruction('movs', 8, 'rep'));
  assert.is(c.bytes[0x4ff0 + 79], 79);
  assert.is(c.state.get(RCX), 0n);
});
suiteOf('an element across a page that may not be written is not written at all', () => {
  const c = world({ [RDI]: 0x4ffcn, [RCX]: 2n, [RAX]: -1n });
  c.readOnly.add(5);
  assert.ok(thrown(() => run(c, instruction('stos', 8, 'rep'))) instanceof FakeFault);
  assert.equal([...c.bytes.subarray(0x4ffc, 0x5000)], [0, 0, 0, 0]);
  assert.equal([c.state.get(RCX), c.state.get(RDI)], [2n, 0x4ffcn]);
});
suiteOf('`cmps` reads at rdi first, `movs` at rsi', () => {
  for (const [operation, at] of [['cmps', 0x6000], ['movs', 0x4000]] as const) for (const [rsi, rdi] of [[0x4000n, 0x6000n], [0x4000n, 0x5fffn], [0x3fffn, 0x6000n], [0x3fffn, 0x5fffn]] as const) {
    const c = world({ [RCX]: 2n, [RSI]: rsi, [RDI]: rdi });
    c.forbidden.add(4).add(6);
    for (const rep of [null, 'rep'] as const) {
      const fault = thrown(() => run(c, instruction(operation, 2, rep)));
      assert.ok(fault instanceof FakeFault && fault.at === at, `${operation} ${rsi} ${rdi}`);
    }
  }
});
suiteOf('a fault inside `repe cmpsb` leaves the flags as they were', () => {
  const c = world({ [RSI]: 0x1ff0n, [RDI]: 0x3000n, [RCX]: 100n });
  c.forbidden.add(2);
  c.state.eflags = 0x202 | CF;
  assert.ok(thrown(() => run(c, instruction('cmps', 1, 'rep'))) instanceof FakeFault);
  assert.is(c.readFlags() & ARITHMETIC_FLAGS, CF);
  assert.is(c.state.get(RCX), 84n);
});
suiteOf('`repne scasb` finds the end of a string', () => {
  const c = world({ [RDI]: 0x1ffdn, [RCX]: -1n });
  put(c, 0x1ffd, 'trampoline');
  run(c, instruction('scas', 1, 'repne'));
  assert.is(c.state.get(RCX), BigInt.asUintN(64, -12n));
  assert.is(c.state.get(RDI), 0x1ffdn + 11n);
  assert.is(c.readFlags() & ZF, ZF);
});
suiteOf('65,536 iterations a call at most: a long `rep stosb` asks to go on', () => {
  const c = world({ [RDI]: 0x1000n, [RCX]: 200_000n, [RAX]: 7n });
  assert.is(run(c, instruction('stos', 1, 'rep')), 4);
  assert.ok(c.bytes.subarray(0x1000, 0x1000 + 200_000).every(byte => byte === 7));
  assert.is(c.state.get(RCX), 0n);
});
suiteOf('a segment override moves the source and not the destination, modulo 2^64', () => {
  const c = world({ [RSI]: -8n, [RDI]: 0x2000n });
  c.state.set(SLOT.fs, 0x1008n);
  put(c, 0x1000, 'thread');
  run(c, instruction('movs', 8, null, 8, SLOT.fs));
  assert.is(text(c, 0x2000, 6), 'thread');
  assert.is(c.state.get(RSI), 0n);
});
suiteOf('with 32-bit addresses the upper halves are ignored and then cleared', () => {
  const c = world({ [RSI]: 0x77_0000_1000n, [RDI]: 0x77_0000_2000n, [RCX]: 0x77_0000_0003n });
  put(c, 0x1000, 'abc');
  run(c, instruction('movs', 1, 'rep', 4));
  assert.is(text(c, 0x2000, 4), 'abc\0');
  assert.equal([c.state.get(RSI), c.state.get(RDI), c.state.get(RCX)], [0x1003n, 0x2003n, 0n]);
});
suiteOf('a non-canonical pointer is #GP', () => {
  const c = world({ [RSI]: 0x8000_0000_0000n, [RDI]: 0x2000n, [RCX]: 1n });
  const error = thrown(() => run(c, instruction('movs', 8, 'rep')));
  assert.ok(error instanceof FakeTrap && error.vector === 13);
});
suiteOf('`ins` and `outs` are #GP in user mode', () => {
  for (const operation of ['ins', 'outs']) {
    const error = thrown(() => run(world({ [RCX]: 0n }), instruction(operation, 1, 'rep')));
    assert.ok(error instanceof FakeTrap && error.vector === 13, operation);
  }
});
suiteOf('`cmpsb` of 0x80 and 1 overflows', () => {
  const c = world({ [RSI]: 0x1000n, [RDI]: 0x1001n });
  c.bytes.set([0x80, 1], 0x1000);
  run(c, instruction('cmps', 1, null));
  assert.is(c.readFlags() & (OF | CF), OF);
});

suiteOf.run();
