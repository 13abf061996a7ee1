/** Primitives as WebAssembly against what they do to scratch words: bit for bit, NaNs included, and what they raise under any MXCSR. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STATE } from '../src/base/layout.ts';
import { type Instruction, type Operand, register } from '../src/decoder/instruction.ts';
import { Support } from '../src/exec/generated/support.ts';
import { declareImports } from '../src/exec/lower/imports.ts';
import { Lowering } from '../src/exec/lower/lowering.ts';
import { lowerPrimitive, lowerWatched } from '../src/exec/lower/primitives.ts';
import { flagged, MXCSR_AT_START, PE, unmaskedOf, watchOf } from '../src/exec/mxcsr.ts';
import type { Temp } from '../src/exec/ops.ts';
import { type Primitive, Scratch } from '../src/exec/primitive.ts';
import * as bits from '../src/exec/primitives/bits.ts';
import * as convert from '../src/exec/primitives/convert.ts';
import * as crc from '../src/exec/primitives/crc.ts';
import * as crypto from '../src/exec/primitives/crypto.ts';
import * as extended from '../src/exec/primitives/extended.ts';
import * as float from '../src/exec/primitives/float.ts';
import * as fused from '../src/exec/primitives/fused.ts';
import * as half from '../src/exec/primitives/half.ts';
import * as integer from '../src/exec/primitives/integer.ts';
import * as round from '../src/exec/primitives/round.ts';
import * as shuffle from '../src/exec/primitives/shuffle.ts';
import * as text from '../src/exec/primitives/text.ts';
import * as vex from '../src/exec/primitives/vex.ts';
import { Code, type Local } from '../src/wasm/code.ts';
import { ModuleWriter } from '../src/wasm/module.ts';
import { OP, TYPE, type ValueType } from '../src/wasm/opcode.ts';
import { type Value, Values } from '../src/wasm/values.ts';
import { testSeed } from './support/random.ts';
import { Inputs } from './support/sse-inputs.ts';
import type { Kind } from './support/sse-forms.ts';
import { SseWorld } from './support/sse-world.ts';

const isPrimitive = (value: unknown): value is Primitive => typeof value === 'object' && value !== null && 'run' in value;
/** Every primitive the modules export, those in families of shapes included, once. */
const PRIMITIVES: readonly Primitive[] = [...new Set([bits, convert, crc, crypto, extended, float, fused, half, integer, round, shuffle, text, vex, { comparisons: vex.compareVex() }].flatMap(module =>
  Object.values(module as object).flatMap(value => isPrimitive(value) ? [value] : typeof value === 'object' ? Object.values(value as object).filter(isPrimitive) : [])))];

/**
 * What the operands are: v a vector, l eight bytes, w four, z a zero, c a count as eight bytes, n one as an immediate; i an immediate, p one of the eight
 * predicates, q one of VEX's 32. The first row that fits counts; a primitive may have several.
 */
const OPERANDS: readonly (readonly [RegExp, string])[] = [
  [/^f(32|64)\.convert_i32|^f64\.promote/, 'w'], [/^f(32|64)\.convert_i64|^f32\.demote/, 'l'],
  [/^f64\.sqrt/, 'l'], [/^f32\.(sqrt|reciprocal)/, 'w'], [/^f64\./, 'll'], [/^f32\./, 'ww'],
  [/^f..x.\.(sqrt|reciprocal|convert|promote|demote)|\.abs$|\.bitmask$|extract_lane|cvt.*dq|mov.*dup|phminposuw/, 'v'],
  [/x86\.lane32/, 'vw'], [/x86\.lane64/, 'vl'], [/x86\.(choose|vpermq)/, 'vvi'], [/x86\.clear_if/, 'vi'], [/x86\.vpermd/, 'vvv'], [/x86\.pdep|x86\.pext$/, 'll'], [/^i(8x16|16x8|32x4)\.splat/, 'w'],
  [/x86\.vps(ll|rl|ra)v/, 'vv'], [/vcmpsd/, 'llq'], [/vcmpss/, 'wwq'], [/vcmpp[sd]/, 'vvq'],
  [/^i64x2\.splat/, 'l'], [/halves/, 'll lz wz'],
  [/pmov.x(bd|bq|wq)/, 'l w'], [/pmov.x/, 'l'],
  [/x86\.cvtt?sd2/, 'l'], [/x86\.cvtt?ss2/, 'w'], [/comisd/, 'll'], [/comiss/, 'ww'],
  [/crc32\.64/, 'wl'], [/crc32/, 'ww'], [/aesimc/, 'v'], [/aeskeygen/, 'vi'], [/pclmul|sha1rnds4/, 'vvi'], [/sha256rnds2/, 'vvv'],
  [/pcmpistr/, 'vvi'], [/pcmpestr.\.?$/, 'vvw'], [/pcmpestr\.lengths/, 'lli'], [/pcmpstr\.mask/, 'li'],
  [/vcvtph2ps/, 'v'], [/vcvtps2ph/, 'vi'], [/fn?m\w+sd/, 'lll'], [/fn?m\w+ss/, 'www'], [/fn?m\w+p[sd]/, 'vvv'],
  [/roundsd/, 'li'], [/roundss/, 'wi'], [/cmpsd/, 'llp'], [/cmpss/, 'wwp'], [/cmpp[sd]/, 'vvp'],
  [/psll[wdq]$|psrl[wdq]$|psra/, 'vc vn'], [/ps[lr]ldq|pshufd|pshuf[lh]w|pextr|round|insertps\.source/, 'vi'],
  [/pinsrq/, 'vli'], [/pinsr|insertps/, 'vwi'], [/shufp|palignr|pblendw|blendp[sd]|mpsadbw|dpp/, 'vvi'], [/blendv/, 'vvv'],
  [/./, 'vv'],
];
const operandsOf = (primitive: Primitive): string[] => OPERANDS.flatMap(([pattern, operands]) => pattern.test(primitive.name) ? [operands.split(' ')] : [])[0];
const kindOf = (name: string): Kind => /f32|ps$|ss$|cvtt?(ps|ss)2/.test(name) ? 'single' : /f64|pd$|sd$|cvtt?(pd|sd)2/.test(name) ? 'double' : 'integer';

/** How a scalar arrives: from a general register, as a float, or as the low lane of a vector. `same`: a vector is both operands. */
type Arrival = 'integer' | 'float' | 'lane' | 'same';
/** An immediate that is null is not known when code is written. */
interface Case { readonly primitive: Primitive; readonly operands: string; readonly arrival: Arrival; readonly immediate: number | null }

/** Operands 1 to 3, the result and the one expected lie side by side in memory; a word says whether code gave up. */
const WORDS = 4, RESULT = 4, EXPECTED = 5, AT = 0x60000, GAVE_UP = AT + 0x100;
const at = (k: number): number => AT + 4 * WORDS * k;
const wordOf = (k: number): number => at(k) / 4;

/** Writes one primitive on operands from memory. */
class PrimitiveLowering extends Lowering {
  constructor(support: Support) { super(new Code(0), support.primitives); }
  writeCase(of: Case): Code {
    const code = new Code(0), result: Operand = of.primitive.size === 16 ? register('xmm', 0, 16) : register('gpr', 0, 8);
    this.into(code);
    this.perform(() => {
      const [a = -1, b = -1, c = -1] = operandValues(this.v, code, of);
      this.write(result, this.apply(of.primitive, a, b, c));
    }, {} as Instruction, 0);
    return code;
  }
  protected setVector(): void { this.keep(TYPE.v128, 'v128.store'); }
  protected setGeneral(): void { this.keep(TYPE.i64, 'i64.store'); }
  private keep(type: ValueType, store: keyof typeof OP): void {
    const { code } = this, local = code.local(type);
    code.set(local); code.i32(0); code.get(local); code.memory(OP[store], at(RESULT));
  }
  protected giveUp(): void {
    const { code } = this;
    code.if(); code.i32(0); code.i32(1); code.memory(OP['i32.store'], GAVE_UP); code.return(); code.end();
  }
  private none(): never { throw new Error('not of a primitive'); }
  protected general(): Value { return this.none(); }
  protected vector(): Value { return this.none(); }
  protected upperVector(): Value { return this.none(); }
  protected setUpper(): void { this.none(); }
  protected segmentBase(): Value { return this.none(); }
  protected immediate(): Value { return this.none(); }
  effective(): Temp { return this.none(); }
  next(): Temp { return this.none(); }
  target(): Temp { return this.none(); }
  protected writeCustom(): void { this.none(); }
  protected writeHelp(): void { this.none(); }
  protected writeJump(): void { this.none(); }
  protected writeBranch(): void { this.none(); }
}
function operandValues(v: Values, code: Code, of: Case): Value[] {
  const values = [...of.operands].map((letter, k) => operandValue(v, code, letter, k + 1, of));
  if (of.arrival === 'same') values[1] = values[0]!;
  return values;
}
function operandValue(v: Values, code: Code, letter: string, k: number, { arrival, immediate }: Case): Value {
  const loaded = (type: ValueType, name: keyof typeof OP): Value => {
    const local: Local = code.local(type);
    code.i32(0); code.memory(OP[name], at(k)); code.set(local);
    return v.variable(local, type);
  };
  switch (letter) {
    case 'v': return loaded(TYPE.v128, 'v128.load');
    case 'z': return v.constant64(0);
    case 'c': return loaded(TYPE.i64, 'i64.load');
    case 'i': case 'p': case 'q': case 'n': return immediate !== null ? v.constant32(immediate) : loaded(TYPE.i32, 'i32.load');
    default:
  }
  if (arrival === 'lane') return v.lane1(letter === 'l' ? OP['i64x2.extract_lane'] : OP['i32x4.extract_lane'], letter === 'l' ? TYPE.i64 : TYPE.i32, loaded(TYPE.v128, 'v128.load'), 0);
  if (letter === 'l') return arrival === 'float' ? loaded(TYPE.f64, 'f64.load') : loaded(TYPE.i64, 'i64.load');
  return arrival === 'float' ? loaded(TYPE.f32, 'f32.load') : loaded(TYPE.i32, 'i32.load');
}
/** Whether there is code for a primitive that does not only call it. */
function isLowered(of: Case): boolean {
  const code = new Code(0), v = new Values(code), [a = -1, b = -1, c = -1] = operandValues(v, code, of);
  return (of.primitive.raises ? lowerWatched(v, of.primitive, a, b, c) : lowerPrimitive(v, of.primitive, a, b, c)) !== null;
}

const PREDICATES = [0, 1, 2, 3, 4, 5, 6, 7], COUNTS = [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 65, 255], EDGES = [0, 1, 3, 15, 16, 17, 31, 32, 128, 255];
function immediatesOf(operands: string, inputs: Inputs): (number | null)[] {
  if (operands.includes('p')) return [...PREDICATES, 0xff, null];
  if (operands.includes('q')) return [...Array.from({ length: 32 }, (_, n) => n), null];
  if (operands.includes('n')) return [...COUNTS, null];
  return operands.includes('i') ? [...EDGES, ...Array.from({ length: 16 }, () => inputs.below(256)), null] : [null];
}
function casesOf(primitive: Primitive, inputs: Inputs): Case[] {
  return operandsOf(primitive).flatMap(operands => {
    const arrivals: Arrival[] = /[lw]/.test(operands) ? ['integer', 'float', 'lane'] : operands === 'vv' ? ['integer', 'same'] : ['integer'];
    return arrivals.flatMap(arrival => immediatesOf(operands, inputs).map(immediate => ({ primitive, operands, arrival, immediate })));
  });
}
/** Usual, with what is inexact flagged or not, or anything; unmasked exceptions now and then. */
function controlFrom(inputs: Inputs): number {
  const any = inputs.below(0x10000);
  switch (inputs.below(4)) {
    case 0: return MXCSR_AT_START;
    case 1: return MXCSR_AT_START | PE | any & 0x3f;
    case 2: return MXCSR_AT_START | any & 0xe07f;
    default: return inputs.below(2) === 0 ? MXCSR_AT_START & ~(0x80 << inputs.below(5)) | PE : any;
  }
}
/** A case with an immediate has many like it. */
const inputsOf = (of: Case): number => of.immediate === null ? 160 : 24;
class World {
  readonly sse = new SseWorld();
  readonly support = new Support(this.sse.interpreter, this.sse.mmu);
  readonly scratch = new Scratch(AT / 4 + 0x80, this.sse.state.memory.buffer);
  readonly inputs = new Inputs(testSeed());

  /** Operands as a performer stages them: scalars of four bytes have nothing above them. */
  fill({ primitive, operands, immediate, arrival }: Case): void {
    [...operands].forEach((letter, k) => {
      const word = wordOf(k + 1), kind = this.inputs.below(5) === 0 ? 'integer' : kindOf(primitive.name);
      this.scratch.u8.set(this.inputs.vector(letter === 'c' ? 'count' : kind), 4 * word);
      if (letter === 'w' && arrival !== 'lane') this.scratch.i32[word + 1] = 0;
      if (letter === 'z') this.scratch.i32.fill(0, word, word + WORDS);
      if ('ipqn'.includes(letter)) { this.scratch.i32[word] = immediate ?? this.inputs.below(256); this.scratch.i32[word + 1] = 0; }
    });
  }
  words(k: number, size: number): string { return Array.from(this.scratch.u32.subarray(wordOf(k), wordOf(k) + size / 4), word => word.toString(16).padStart(8, '0')).reverse().join(''); }
  /** What is wrong with one input, or null. */
  try(run: () => void, of: Case): string | null {
    const { primitive } = of, s = this.scratch, { state } = this.sse, control = controlFrom(this.inputs), view = state.memory.i32;
    this.fill(of);
    state.mxcsr = control;
    if (this.inputs.below(8) === 0) { view[STATE.floatCareful >> 2] = 1; view.fill(0, STATE.floatLimit >> 2, (STATE.floatLimit >> 2) + 4); }
    view[GAVE_UP >> 2] = 0;
    run();
    const got = `${view[GAVE_UP >> 2] !== 0 ? 'gave up' : this.words(RESULT, primitive.size)} ${state.mxcsr.toString(16)}`;
    // The lane of a vector is four bytes too.
    [...of.operands].forEach((letter, k) => { if (letter === 'w') s.i32[wordOf(k + 1) + 1] = 0; });
    s.begin(control, watchOf(control));
    primitive.run(s, wordOf(EXPECTED), wordOf(1), wordOf(of.arrival === 'same' ? 1 : 2), wordOf(3));
    const traps = (s.raised & unmaskedOf(control)) !== 0;
    const expected = `${traps ? 'gave up' : this.words(EXPECTED, primitive.size)} ${flagged(s.control, s.raised).toString(16)}`;
    if (got === expected) return null;
    return `${primitive.name} (${of.operands}, ${of.arrival}, ${of.immediate}) of ${[1, 2, 3].map(k => this.words(k, 16)).join(' ')} under ${control.toString(16)}: expected ${expected}, got ${got}; seed ${testSeed()}`;
  }
}

const lowering = suite('lower › primitives');
lowering('every primitive as WebAssembly gives the bits it gives as words, raises the same, and gives up where that is not masked', () => {
  const world = new World(), module = new ModuleWriter(), writer = new PrimitiveLowering(world.support);
  declareImports(module, 'usual');
  const type = module.type([], []), cases = PRIMITIVES.flatMap(primitive => casesOf(primitive, world.inputs)).filter(of => of.primitive.raises || isLowered(of));
  cases.forEach((of, k) => module.exportFunction(String(k), module.function(type, writer.writeCase(of))));
  const { exports } = world.support.instantiate(module.bytes());
  const wrong = cases.flatMap((of, k) => {
    const run = exports[k] as () => void;
    for (let n = 0; n < inputsOf(of); n++) {
      const difference = world.try(run, of);
      if (difference !== null) return [difference];
    }
    return [];
  });
  assert.equal(wrong, []);
});

lowering('only rare primitives are called, and those whose immediate is not known', () => {
  const isDone = (primitive: Primitive, knowsImmediate: boolean): boolean =>
    isLowered({ primitive, operands: operandsOf(primitive)[0]!, arrival: 'integer', immediate: knowsImmediate ? 1 : null });
  const called = PRIMITIVES.filter(primitive => !isDone(primitive, true)).map(({ name }) => name).sort();
  assert.equal(called, [
    'f32.reciprocal', 'f32.reciprocal_root', 'f32x4.reciprocal', 'f32x4.reciprocal_root',
    'x86.aeskeygenassist', 'x86.crc32.16', 'x86.crc32.32', 'x86.crc32.64', 'x86.crc32.8', 'x86.dppd', 'x86.dpps', 'x86.mpsadbw', 'x86.pcmpestri',
    'x86.pcmpestr.lengths', 'x86.pcmpestrm', 'x86.pcmpistri', 'x86.pcmpistrm', 'x86.pcmpstr.mask', 'x86.pdep', 'x86.pext', 'x86.phminposuw', 'x86.vcvtph2ps', 'x86.vcvtps2ph',
  ].sort());
  const known = PRIMITIVES.filter(primitive => !isDone(primitive, false) && isDone(primitive, true));
  assert.equal(known.filter(primitive => !/[ipq]$/.test(operandsOf(primitive)[0]!)).map(({ name }) => name), []);
});
lowering.run();
