/** x87 transcendentals by recorded answers of a processor; waiting, faults, FXSAVE (SDM vol. 1 ch. 8, §10.5). What is exact is in random.test.ts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STATE } from '../src/base/layout.ts';
import { memory, NONE } from '../src/decoder/instruction.ts';
import { instructionOf } from './support/instruction.ts';
import type { Size } from '../src/base/types.ts';
import { scoreIn } from '../src/exec/semantics/scores.ts';
import { x87 } from '../src/exec/semantics/x87.ts';
import { fxrstorImage, fxsaveImage } from '../src/exec/x87/fxsave.ts';
import { FakeContext, FakeFault, FakeTrap } from './support/x87-context.ts';
import { bytesOf, hexOf, isClose, parseWorld, perform, printWorld, registerBytes, registerHex, type World } from './support/x87-forms.ts';

const fpu = suite('x87');
const scores = x87();
const MEMORY = 0x2000;
const ONE = '3fff8000000000000000', TWO = '40008000000000000000';

interface Vector { readonly code: string; readonly before: World; readonly after: World }
function vectors(name: string): Vector[] {
  const text = readFileSync(fileURLToPath(new URL(`vectors/${name}`, import.meta.url).href), 'utf8');
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => {
    const [first, after] = line.split(' : ') as [string, string];
    const space = first.indexOf(' ');
    return { code: first.slice(0, space), before: parseWorld(first.slice(space)), after: parseWorld(after) };
  });
}

fpu('every recorded transcendental is within one unit in the last place of the processor’s', () => {
  const c = new FakeContext();
  const wrong: string[] = [];
  for (const { code, before, after } of vectors('x87-transcendental.txt')) {
    const actual = perform(c, code, before);
    if (!isClose(actual, after)) wrong.push(`${code} ${printWorld(before)}\n  host ${printWorld(after)}\n  here ${printWorld(actual)}`);
  }
  assert.is(wrong.slice(0, 10).join('\n'), '');
});

/** A context with ST(0) and so on set, and one instruction with a memory operand at MEMORY. */
function world(...stack: string[]): FakeContext {
  const c = new FakeContext();
  c.state.fpuStatus = ((8 - stack.length) & 7) << 11;
  stack.forEach((hex, i) => {
    const register = (8 - stack.length + i) & 7;
    c.state.fpuTags |= 1 << register;
    c.state.u8.set(registerBytes(hex), STATE.fpu + 16 * register);
  });
  return c;
}
const top = (c: FakeContext): string => {
  const at = STATE.fpu + 16 * ((c.state.fpuStatus >> 11) & 7);
  return registerHex(c.state.u8.slice(at, at + 10));
};
function run(c: FakeContext, operation: string, bytes: Size | null = null, at = MEMORY): void {
  const operands = bytes === null ? [] : [memory(bytes, NONE, NONE, 0, at, NONE, 8)];
  c.run(scoreIn(scores, operation)!, instructionOf(operation, { operands }));
}
function thrown(run: () => void): unknown {
  try { run(); } catch (error) { return error; }
  return null;
}
const unitOf = ({ state }: FakeContext): string =>
  hexOf(state.u8.slice(STATE.fpuControl, STATE.fpuTags + 4)) + hexOf(state.u8.slice(STATE.fpu, STATE.fpu + 128));

fpu('an unmasked `fdiv` by zero is pending until the next waiting instruction raises #MF', () => {
  const c = world(ONE, '00000000000000000000');
  c.state.fpuControl = 0x37b;
  run(c, 'fdivrp');
  assert.is(top(c), ONE);
  for (const patient of ['fnop', 'fwait', 'fld1', 'fchs', 'fincstp']) {
    const error = thrown(() => run(c, patient));
    assert.ok(error instanceof FakeTrap && error.vector === 16, patient);
  }
  run(c, 'fnstsw', 2);
  assert.is(c.bytes[MEMORY]! & 0xff, 0x84);
  run(c, 'fnclex');
  run(c, 'fwait');
});
fpu('unmasking a flag that is already set makes it pending', () => {
  const c = world(ONE, '00000000000000000000');
  run(c, 'fdivrp');
  c.bytes.set([0x7b, 0x03], MEMORY);
  run(c, 'fldcw', 2);
  assert.is(c.state.fpuStatus & 0x8080, 0x8080);
});
fpu('a fault on the operand leaves the unit as it was', () => {
  const accesses = [
    ['fld', 8], ['fadd', 4], ['fstp', 10], ['fistp', 8], ['fbstp', 10], ['fcomp', 8],
    ['fnsave', 0], ['fldenv', 0], ['fxsave', 512], ['fxrstor', 512],
  ] as const;
  for (const [operation, bytes] of accesses) {
    const c = world(TWO, ONE);
    c.forbidden.add(3);
    const before = unitOf(c);
    // The last page that may be touched ends inside the operand.
    const at = bytes === 512 ? 0x2f00 : 0x2ffe;
    assert.ok(thrown(() => run(c, operation, bytes, at)) instanceof FakeFault, operation);
    assert.is(unitOf(c), before, operation);
    assert.ok(c.bytes.subarray(at, 0x3000).every(byte => byte === 0), operation);
  }
});
fpu('operands may lie across pages', () => {
  const c = world('4000c90fdaa22168c235');
  run(c, 'fstp', 10, 0x2ffb);
  assert.is(hexOf(c.bytes.slice(0x2ffb, 0x3005)), '35c26821a2da0fc90040');
  run(c, 'fld', 10, 0x2ffb);
  assert.is(top(c), '4000c90fdaa22168c235');
});

fpu('`fxsave` then `fxrstor` brings back registers, control words and XMM', () => {
  const c = world(ONE, TWO, '7fffc000000000000000');
  c.state.fpuControl = 0x27f; c.state.mxcsr = 0x1fa0;
  for (let k = 0; k < 512; k++) if (k % 32 < 16) c.state.u8[STATE.vector + k] = k * 7;
  const saved = new Uint8Array(512).fill(0xee);
  fxsaveImage(c.state, saved, true);
  assert.is(hexOf(saved.subarray(0, 32)), '7f020028e0000000000000000000000000000000000000' + '00' + 'a01f0000ffff0000');
  assert.is(hexOf(saved.subarray(32, 48)), '0000000000000080ff3f000000000000');
  assert.ok(saved.subarray(416).every(byte => byte === 0xee), 'the last 96 bytes are the program’s');
  const before = hexOf(c.state.u8);
  const other = new FakeContext();
  fxrstorImage(other.state, saved, true);
  const { rip, instructions } = c.state;
  other.state.rip = rip; other.state.instructions = instructions;
  assert.is(hexOf(other.state.u8), before);
});
fpu('`fxrstor` refuses a reserved bit of MXCSR, and both refuse an unaligned image', () => {
  const c = world(ONE);
  c.bytes.set(bytesOf('00000100'), MEMORY + 24);
  for (const [operation, at] of [['fxrstor', MEMORY], ['fxsave', MEMORY + 8], ['fxrstor', MEMORY + 8]] as const) {
    const error = thrown(() => run(c, operation, 512, at));
    assert.ok(error instanceof FakeTrap && error.vector === 13, operation);
  }
});

fpu.run();
