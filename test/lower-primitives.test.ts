/** Primitives as WebAssembly against what they do to scratch words: bit for bit, NaNs included. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SuspectTest } from '../src/exec/lower/effect.ts';
import { lowerPrimitive } from '../src/exec/lower/primitives.ts';
import { type Primitive, Scratch } from '../src/exec/primitive.ts';
import * as bits from '../src/exec/primitives/bits.ts';
import * as convert from '../src/exec/primitives/convert.ts';
import * as crypto from '../src/exec/primitives/crypto.ts';
import * as extended from '../src/exec/primitives/extended.ts';
import * as float from '../src/exec/primitives/float.ts';
import * as integer from '../src/exec/primitives/integer.ts';
import * as round from '../src/exec/primitives/round.ts';
import * as shuffle from '../src/exec/primitives/shuffle.ts';
import * as text from '../src/exec/primitives/text.ts';
import { Code, type Local } from '../src/wasm/code.ts';
import { ModuleWriter } from '../src/wasm/module.ts';
import { OP, TYPE, type ValueType } from '../src/wasm/opcode.ts';
import { type Value, Values } from '../src/wasm/values.ts';
import { testSeed } from './support/random.ts';
import { Inputs } from './support/sse-inputs.ts';
import type { Kind } from './support/sse-forms.ts';

const isPrimitive = (value: unknown): value is Primitive => typeof value === 'object' && value !== null && 'run' in value;
/** Every primitive the modules export, those in families of shapes included, once. */
const PRIMITIVES: readonly Primitive[] = [...new Set([bits, convert, crypto, extended, float, integer, round, shuffle, text].flatMap(module =>
  Object.values(module as object).flatMap(value => isPrimitive(value) ? [value] : typeof value === 'object' ? Object.values(value as object).filter(isPrimitive) : [])))];

/**
 * What the operands are: v a vector, l eight bytes, w four, z a zero, c a count as eight bytes, n one as an immediate; i an immediate, p one of the eight
 * predicates. The first row that fits counts; a primitive may have several.
 */
const OPERANDS: readonly (readonly [RegExp, string])[] = [
  [/^f(32|64)\.convert_i32|^f64\.promote/, 'w'], [/^f(32|64)\.convert_i64|^f32\.demote/, 'l'],
  [/^f64\.sqrt/, 'l'], [/^f32\.(sqrt|reciprocal)/, 'w'], [/^f64\./, 'll'], [/^f32\./, 'ww'],
  [/^f..x.\.(sqrt|reciprocal|convert|promote|demote)|\.abs$|\.bitmask$|extract_lane|cvt.*dq|mov.*dup|phminposuw/, 'v'],
  [/^i64x2\.splat/, 'l'], [/halves/, 'll lz wz'],
  [/pmov.x(bd|bq|wq)/, 'l w'], [/pmov.x/, 'l'],
  [/x86\.cvtt?sd2/, 'l'], [/x86\.cvtt?ss2/, 'w'], [/ucomisd/, 'll'], [/ucomiss/, 'ww'],
  [/crc32\.64/, 'wl'], [/crc32/, 'ww'], [/aesimc/, 'v'], [/aeskeygen/, 'vi'], [/pclmul|sha1rnds4/, 'vvi'], [/sha256rnds2/, 'vvv'],
  [/pcmpistr/, 'vvi'], [/pcmpestr.\.?$/, 'vvw'], [/pcmpestr\.lengths/, 'lli'], [/pcmpstr\.mask/, 'li'],
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
/** `suspect`: what of the value is looked at for a NaN, in whose place the other result comes. */
interface Lowering { readonly of: Case; readonly suspect: SuspectTest | null }

/** Operands 1 to 3, the result, that of NaNs and the one expected lie side by side in memory. */
const WORDS = 4, RESULT = 4, NAN_RESULT = 5, EXPECTED = 6;
const at = (k: number): number => 4 * WORDS * k;

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
    case 'i': case 'p': case 'n': return immediate !== null ? v.constant32(immediate) : loaded(TYPE.i32, 'i32.load');
    default:
  }
  if (arrival === 'lane') return v.lane1(letter === 'l' ? OP['i64x2.extract_lane'] : OP['i32x4.extract_lane'], letter === 'l' ? TYPE.i64 : TYPE.i32, loaded(TYPE.v128, 'v128.load'), 0);
  if (letter === 'l') return arrival === 'float' ? loaded(TYPE.f64, 'f64.load') : loaded(TYPE.i64, 'i64.load');
  return arrival === 'float' ? loaded(TYPE.f32, 'f32.load') : loaded(TYPE.i32, 'i32.load');
}
const STORES: Readonly<Record<ValueType, keyof typeof OP>> = {
  [TYPE.v128]: 'v128.store', [TYPE.i64]: 'i64.store', [TYPE.i32]: 'i32.store', [TYPE.f64]: 'f64.store', [TYPE.f32]: 'f32.store',
};
const sizeOfType = (type: ValueType): number => type === TYPE.v128 ? 16 : type === TYPE.i64 || type === TYPE.f64 ? 8 : 4;
/** A function that loads the operands, and stores the lowered values. */
function writeCase(module: ModuleWriter, name: string, of: Case): Lowering | null {
  const code = new Code(0), v = new Values(code), none = -1;
  const [a = none, second = none, c = none] = [...of.operands].map((letter, k) => operandValue(v, code, letter, k + 1, of));
  const lowered = lowerPrimitive(v, of.primitive, a, of.arrival === 'same' ? a : second, c);
  if (lowered === null) return null;
  const { value, check } = lowered, type = v.type(value);
  assert.is(sizeOfType(type), of.primitive.size, `${of.primitive.name} gives a value of its size`);
  v.mark(value);
  if (check !== null) { assert.is(v.type(check.nan), type); v.mark(check.nan); }
  code.i32(0); v.push(value); code.memory(OP[STORES[type]], at(RESULT));
  if (check !== null) { code.i32(0); v.push(check.nan); code.memory(OP[STORES[type]], at(NAN_RESULT)); }
  module.exportFunction(name, module.function(module.type([], []), code));
  return { of, suspect: check === null ? null : check.suspect };
}

const PREDICATES = [0, 1, 2, 3, 4, 5, 6, 7], COUNTS = [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 65, 255], EDGES = [0, 1, 3, 15, 16, 17, 31, 32, 128, 255];
function immediatesOf(operands: string, inputs: Inputs): (number | null)[] {
  if (operands.includes('p')) return [...PREDICATES, 0xff, null];
  if (operands.includes('n')) return [...COUNTS, null];
  return operands.includes('i') ? [...EDGES, ...Array.from({ length: 16 }, () => inputs.below(256)), null] : [null];
}
function casesOf(primitive: Primitive, inputs: Inputs): Case[] {
  return operandsOf(primitive).flatMap(operands => {
    const arrivals: Arrival[] = /[lw]/.test(operands) ? ['integer', 'float', 'lane'] : operands === 'vv' ? ['integer', 'same'] : ['integer'];
    return arrivals.flatMap(arrival => immediatesOf(operands, inputs).map(immediate => ({ primitive, operands, arrival, immediate })));
  });
}
function hasNan(test: SuspectTest | null, s: Scratch, word: number): boolean {
  switch (test) {
    case 'f32': return Number.isNaN(s.f32[word]);
    case 'f64': return Number.isNaN(s.f64[word / 2]);
    case 'f32x4': return s.f32.subarray(word, word + 4).some(Number.isNaN);
    case 'f64x2': return s.f64.subarray(word / 2, word / 2 + 2).some(Number.isNaN);
    default: return false;
  }
}

/** A case with an immediate has many like it. */
const inputsOf = (of: Case): number => of.immediate === null ? 160 : 24;
class World {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  readonly scratch = new Scratch(0x4000, this.memory.buffer);
  readonly inputs = new Inputs(testSeed());

  /** Operands as a performer stages them: scalars of four bytes have nothing above them. */
  fill({ primitive, operands, immediate, arrival }: Case): void {
    [...operands].forEach((letter, k) => {
      const word = WORDS * (k + 1), kind = this.inputs.below(5) === 0 ? 'integer' : kindOf(primitive.name);
      this.scratch.u8.set(this.inputs.vector(letter === 'c' ? 'count' : kind), 4 * word);
      if (letter === 'w' && arrival !== 'lane') this.scratch.i32[word + 1] = 0;
      if (letter === 'z') this.scratch.i32.fill(0, word, word + WORDS);
      if ('ipn'.includes(letter)) { this.scratch.i32[word] = immediate ?? this.inputs.below(256); this.scratch.i32[word + 1] = 0; }
    });
  }
  words(k: number, size: number): string { return Array.from(this.scratch.u32.subarray(WORDS * k, WORDS * k + size / 4), word => word.toString(16).padStart(8, '0')).reverse().join(''); }
  /** What is wrong with one input, or null. */
  try(run: () => void, { of, suspect }: Lowering): string | null {
    const { primitive } = of, s = this.scratch;
    this.fill(of);
    run();
    const got = this.words(hasNan(suspect, s, WORDS * RESULT) ? NAN_RESULT : RESULT, primitive.size);
    // The lane of a vector is four bytes too.
    [...of.operands].forEach((letter, k) => { if (letter === 'w') s.i32[WORDS * (k + 1) + 1] = 0; });
    primitive.run(s, WORDS * EXPECTED, WORDS, of.arrival === 'same' ? WORDS : 2 * WORDS, 3 * WORDS);
    const expected = this.words(EXPECTED, primitive.size);
    if (got === expected) return null;
    return `${primitive.name} (${of.operands}, ${of.arrival}, ${of.immediate}) of ${[1, 2, 3].map(k => this.words(k, 16)).join(' ')}: expected ${expected}, got ${got}; seed ${testSeed()}`;
  }
}

const lowering = suite('lower › primitives');
lowering('every primitive that becomes WebAssembly gives the bits it gives as words', () => {
  const world = new World(), module = new ModuleWriter(), lowered: Lowering[] = [];
  module.importMemory('tramp64', 'memory', 1, 1);
  for (const of of PRIMITIVES.flatMap(primitive => casesOf(primitive, world.inputs))) {
    const written = writeCase(module, String(lowered.length), of);
    if (written !== null) lowered.push(written);
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { tramp64: { memory: world.memory } });
  const wrong = lowered.flatMap((one, k) => {
    const run = exports[k] as () => void;
    for (let n = 0; n < inputsOf(one.of); n++) {
      const difference = world.try(run, one);
      if (difference !== null) return [difference];
    }
    return [];
  });
  assert.equal(wrong, []);
});

lowering('only rare primitives are called, and those whose immediate is not known', () => {
  const isLowered = (primitive: Primitive, knowsImmediate: boolean): boolean => {
    const [operands] = operandsOf(primitive);
    return writeCase(new ModuleWriter(), 'one', { primitive, operands, arrival: 'integer', immediate: knowsImmediate ? 1 : null }) !== null;
  };
  const called = PRIMITIVES.filter(primitive => !isLowered(primitive, true)).map(({ name }) => name).sort();
  assert.equal(called, [
    'f32.reciprocal', 'f32.reciprocal_root', 'f32x4.reciprocal', 'f32x4.reciprocal_root', 'f64.reciprocal', 'f64.reciprocal_root', 'f64x2.reciprocal', 'f64x2.reciprocal_root',
    'x86.aeskeygenassist', 'x86.crc32.16', 'x86.crc32.32', 'x86.crc32.64', 'x86.crc32.8', 'x86.dppd', 'x86.dpps', 'x86.mpsadbw', 'x86.pcmpestri',
    'x86.pcmpestr.lengths', 'x86.pcmpestrm', 'x86.pcmpistri', 'x86.pcmpistrm', 'x86.pcmpstr.mask', 'x86.phminposuw',
  ].sort());
  const known = PRIMITIVES.filter(primitive => !isLowered(primitive, false) && !called.includes(primitive.name));
  assert.equal(known.filter(primitive => !/[ip]$/.test(operandsOf(primitive)[0])).map(({ name }) => name), []);
});
lowering.run();
