/** Random x87 cases that favour the edges: denormals, ties, NaNs, unsupported encodings, empty registers, unmasked exceptions. */
import type { Form, World } from './x87-forms.ts';

/** Deterministic and small (xorshift32). */
export class Random {
  private state: number;
  constructor(seed: number) { this.state = (seed * 0x9e37_79b9) | 1; }
  word(): number {
    this.state ^= this.state << 13; this.state ^= this.state >>> 17; this.state ^= this.state << 5;
    return this.state >>> 0;
  }
  below(count: number): number { return Math.floor((this.word() / 0x1_0000_0000) * count); }
  chance(percent: number): boolean { return this.below(100) < percent; }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
}
export interface Case { readonly code: string; readonly before: World }

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');
/** Twenty digits each: zero, one, infinity, NaNs of both kinds, the unsupported, denormals, the largest and the smallest. */
const EDGES = `
  00000000000000000000 3fff8000000000000000 7fff8000000000000000 7fffc000000000000000 7fffa000000000000000 7fffe000000000000001
  7fff8000000000000001 7fff0000000000000000 7fff4000000000000000 40000000000000000001 3fff7fffffffffffffff 00000000000000000001
  00007fffffffffffffff 00008000000000000000 0000ffffffffffffffff 00018000000000000000 0001ffffffffffffffff 7ffeffffffffffffffff
  7ffeffffff7fffffffff 7ffefffffffffffff400 3fffffffffffffffffff 3ffe8000000000000000 3ffeffffffffffffffff 40008000000000000000
  4000c90fdaa22168c235 3ffec000000000000000 3fff8000000000000001 3fff8000000000000400 3fff8000008000000000 3fff8000000000000c00
  403effffffffffffffff 403e8000000000000000 403d8000000000000000 403dffffffffffffffff 401dffffffff00000000 401e8000000000000000
  400d8000000000000000 400dfffe000000000000 400dffff000000000000 3f818000000000000000 3f6a8000000000000000 407effffff8000000000
  3c018000000000000000 43fefffffffffffffc00 3bcd8000000000000001 403ade0b6b3a763ffff0 403ade0b6b3a76400000
`.trim().split(/\s+/);
const SIGNIFICANDS = [
  '8000000000000000', 'ffffffffffffffff', '8000000000000001', 'c000000000000000',
  'fffffffffffffc00', '8000000000000400', 'ffffff0000000000', '8000008000000000',
];

function exponent(random: Random): number {
  switch (random.below(6)) {
    case 0: return random.below(0x8000);
    case 1: return 0x3fff - 70 + random.below(140);
    case 2: return random.pick([0x3f81, 0x3c01, 0x407e, 0x43fe, 1, 0x7ffe]) - 3 + random.below(7) & 0x7fff;
    case 3: return random.below(70);
    default: return 0x3fff - 3 + random.below(7);
  }
}
const randomSignificand = (random: Random): string =>
  hex(random.word() | 0x8000_0000, 8) + hex(random.chance(30) ? random.word() & 0xffff_f800 : random.word(), 8);
export function randomRegister(random: Random): string {
  const sign = random.chance(40) ? 0x8000 : 0;
  if (random.chance(35)) {
    const edge = random.pick(EDGES);
    return hex(Number.parseInt(edge.slice(0, 4), 16) | sign, 4) + edge.slice(4);
  }
  const field = exponent(random);
  const bits = random.chance(40) ? random.pick(SIGNIFICANDS) : randomSignificand(random);
  return hex(field | sign, 4) + (field === 0 && random.chance(70) ? hex(Number.parseInt(bits[0]!, 16) & 7, 1) + bits.slice(1) : bits);
}
/** Mostly small distances, so that rounding and cancellation meet. */
function near(random: Random, other: string): string {
  const top = Number.parseInt(other.slice(0, 4), 16);
  const field = (top & 0x7fff) - 66 + random.below(133);
  if (field < 1 || field > 0x7ffe) return randomRegister(random);
  return hex((random.chance(50) ? 0x8000 : 0) | field, 4) + randomRegister(random).slice(4).replace(/^[0-7]/, '8');
}

/** Images of narrow reals and of integers, in memory order. */
const IMAGES: Readonly<Record<number, readonly string[]>> = {
  2: ['0000', '0100', 'ffff', '0080', 'ff7f'],
  4: ['00000000', '00000080', '0000803f', '0000807f', '000080ff', '0000c07f', '0100807f', '0000a0ff', '01000000', 'ffff7f00',
    '00008000', 'ffff7f7f', '00000040', 'ffffffff'],
  8: ['0000000000000000', '0000000000000080', '000000000000f03f', '000000000000f07f', '000000000000f8ff', '010000000000f07f',
    '000000000000f4ff', '0100000000000000', 'ffffffffffff0f00', '0000000000001000', 'ffffffffffffef7f',
    'ffffffffffffffff', 'ffffffffffffff7f', '0000008000000000'],
};
const randomImage = (random: Random): string => randomRegister(random).match(/../g)!.reverse().join('');
function randomMemory(random: Random, form: Form): string {
  const bytes = form.memoryBytes;
  if (form.operation === 'fldcw') return random.pick(['7f03', '7f0f', '7f02', '0000', '4000', 'ffff', '3f1c', '7e03']);
  if (form.operation === 'fbld') return Array.from({ length: 18 }, () => random.below(10)).join('') + (random.chance(50) ? '80' : '00');
  const isNarrow = form.code.startsWith('66');
  switch (form.operation) {
    case 'fldenv': return randomEnvironment(random, isNarrow);
    case 'frstor': return randomEnvironment(random, isNarrow) + Array.from({ length: 8 }, () => randomImage(random)).join('');
    case 'fnstenv': return '00'.repeat(isNarrow ? 14 : 28);
    case 'fnsave': return '00'.repeat(isNarrow ? 94 : 108);
  }
  if (bytes === 10) return randomImage(random);
  const edges = IMAGES[bytes];
  if (edges !== undefined && random.chance(45)) return random.pick(edges);
  return Array.from({ length: bytes }, () => hex(random.below(256), 2)).join('');
}
/** Pending exceptions would kill the oracle at its next instruction that waits; there is none before its FNSAVE. */
function randomEnvironment(random: Random, isNarrow: boolean): string {
  const pad = isNarrow ? '' : 'ffff';
  const word = (value: number): string => hex(value & 0xff, 2) + hex(value >> 8, 2) + pad;
  const rest = isNarrow ? '00'.repeat(8) : '00'.repeat(16);
  return word(random.pick([0x37f, 0x27f, 0x340])) + word(random.word() & 0x7f7f) + word(random.word() & 0xffff) + rest;
}

const CONTROLS = [0x37f, 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0xa7f, 0xe7f, 0x47f, 0x87f, 0xc7f, 0x17f];
export function randomCase(random: Random, form: Form): Case {
  const masks = random.chance(75) ? 0x3f : random.pick([0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, 0, 0x27]);
  const control = (random.pick(CONTROLS) & ~0x3f) | masks;
  const top = random.below(8);
  // Old flags and conditions stay or go; an old flag that is unmasked now would be pending.
  const status = (top << 11) | (random.chance(20) ? random.word() & 0x4700 : 0) | (random.chance(20) ? random.word() & masks : 0);
  const depth = random.pick([0, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 8]);
  const stack: (string | null)[] = Array.from({ length: 8 }, () => null);
  for (let i = 0; i < depth; i++) {
    if (random.chance(4)) continue;
    stack[i] = i === 1 && stack[0] && random.chance(40) ? near(random, stack[0]) : randomRegister(random);
  }
  const usesFlags = /^fcmov|comi/.test(form.operation);
  return {
    code: form.code,
    before: { control, status, stack, memory: randomMemory(random, form), flags: usesFlags ? random.word() & 0x8d5 : 0, ax: 0 },
  };
}
