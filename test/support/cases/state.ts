/** The state before a random case: values that like edges, and registers that make operands lie in the window. */
import { SLOT } from '../../../src/base/layout.ts';
import { NONE, type Operand } from '../../../src/decoder/instruction.ts';
import { Random } from '../random.ts';
import type { Kind } from '../sse-forms.ts';
import { Inputs } from '../sse-inputs.ts';
import { Random as X87Random, randomRegister } from '../x87-inputs.ts';
import type { Family, Snippet } from './forms.ts';
import { offsetFor } from './forms.ts';
import { AT, DATA, EXTENDED_OF, headerBytes, type Extended, TEXT, WINDOW } from './layout.ts';
import { BIT_OFFSET, COUNT_MAX, IMAGE_BYTES, IMPLIED, NUMBERS, STRINGS } from './rules.ts';

const POOL_BYTES = 1 << 15, POOL_SLACK = 2048;
const RAX = 0, RCX = 1, RDX = 2;
const ARITHMETIC = 0x8d5, DIRECTION = 0x400, FLAGS_AT_START = 0x202;
/** What ENTER has pushed when it faults, and what masked stores touch of what they do not store: these do not go wild. */
const LEFT_TO_THE_MODEL = /^(enter|v?maskmovdqu|maskmovq)$/;
/** One address in so many is wild. */
const WILD = 48;
const WILD_ADDRESSES = [0n, 8n, 0x7fff_ffff_ffffn, 0x8000_0000_0000n, 0xffff_8000_0000_0000n, -8n, -1n, 0x1234_5678_9abc_def0n, 0x40_0000n];

type Pools = Readonly<Record<Kind | 'word' | 'extended', Uint8Array>>;
/** What values are taken from: made once, read from anywhere. */
function makePools(seed: number): Pools {
  const random = new Random(seed), inputs = new Inputs(seed), x87 = new X87Random(seed);
  const fill = (stride: number, next: () => Uint8Array): Uint8Array => {
    const pool = new Uint8Array(POOL_BYTES + POOL_SLACK);
    for (let at = 0; at + stride <= pool.length; at += stride) pool.set(next(), at);
    return pool;
  };
  const word = new BigUint64Array(1), wordBytes = new Uint8Array(word.buffer);
  return {
    word: fill(8, () => { word[0] = random.operand(); return wordBytes; }),
    single: fill(16, () => inputs.vector('single')), double: fill(16, () => inputs.vector('double')), extreme: fill(16, () => inputs.vector('extreme')),
    integer: fill(16, () => inputs.vector('integer')), count: fill(16, () => inputs.vector('count')),
    extended: fill(16, () => Uint8Array.from(randomRegister(x87).padStart(32, '0').match(/../g)!, byte => parseInt(byte, 16)).reverse()),
  };
}

/** Reciprocals are right to some bits only, and each model has others. */
const APPROXIMATION = /^v?(rcp|rsqrt)/;
/** Which values suit an instruction's vectors, by its name; the first that matches. */
const SUITS: readonly (readonly [RegExp, Kind])[] = [
  [/^v?p?s(ll|rl|ra)/, 'count'], [/^v?(cvt.*)?(si2|pi2|dq2)/, 'integer'],
  [/^v?cvtt?(ps|ss|ph)/, 'single'], [/^v?cvtt?(pd|sd)/, 'double'], [/^v?p/, 'integer'], [/[ps]s$|ps[xy]?$/, 'single'], [/[ps]d$/, 'double'],
];
const kindFor = (mnemonic: string, random: Random): Kind => {
  if (APPROXIMATION.test(mnemonic)) return 'extreme';
  if (random.below(8) === 0) return random.pick(['single', 'double', 'integer']);
  return SUITS.find(([pattern]) => pattern.test(mnemonic))?.[1] ?? 'integer';
};

export interface StateOptions { readonly family: Family; readonly hasMxcsr: boolean }
const bigOf = (view: DataView, at: number): bigint => view.getBigUint64(at, true);

export class States {
  private readonly pools: Pools;
  private readonly extended: Extended;
  private readonly options: StateOptions;
  constructor(seed: number, options: StateOptions) {
    this.pools = makePools(seed);
    this.options = options; this.extended = EXTENDED_OF[options.family];
  }
  /** @param taken where a branch goes, as the program has it */
  write(record: Uint8Array, snippet: Snippet, taken: number, random: Random): void {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength), header = headerBytes(this.extended), { i } = snippet;
    this.copy(record, AT.gpr, 128, 'word', 8, random);
    this.copy(record, header, snippet.windowBytes, this.memoryPool(snippet, random), 1, random);
    view.setUint32(AT.flags, FLAGS_AT_START | random.word() & (ARITHMETIC | (STRINGS.test(i.operation) ? DIRECTION : 0)), true);
    view.setUint32(AT.mxcsr, this.options.hasMxcsr ? randomMxcsr(random) : 0x1f80, true);
    if (this.extended === 'xmm' || this.extended === 'ymm') this.vectors(record, header, snippet, random);
    if (this.extended === 'fxsave') this.image(record, view, snippet, random);
    this.address(view, snippet, random);
    this.suit(view, header, snippet, taken, random);
  }
  private copy(record: Uint8Array, at: number, bytes: number, pool: keyof Pools, step: number, random: Random): void {
    const from = random.below(POOL_BYTES / step) * step;
    record.set(this.pools[pool].subarray(from, from + bytes), at);
  }
  private memoryPool({ i }: Snippet, random: Random): keyof Pools {
    const { family } = this.options;
    if (family === 'integer') return 'word';
    if (family === 'x87') return random.below(3) === 0 ? random.pick(['word', 'integer']) : 'extended';
    return kindFor(i.mnemonic, random);
  }
  private vectors(record: Uint8Array, header: number, { i, windowBytes }: Snippet, random: Random): void {
    const kind = kindFor(i.mnemonic, random);
    this.copy(record, AT.extended, header - AT.extended, kind, 16, random);
    this.copy(record, header, windowBytes, kind, 16, random);
    if (kind !== 'count') return;
    // What is shifted is no count.
    const [to] = i.operands;
    if (to?.kind === 'reg' && i.operands.length > 1) this.copy(record, AT.extended + (this.extended === 'ymm' ? 32 : 16) * to.index, 16, 'integer', 16, random);
  }
  private image(record: Uint8Array, view: DataView, { i, windowBytes }: Snippet, random: Random): void {
    const at = AT.extended, masks = random.below(4) !== 0 ? 0x3f : random.pick([0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, 0, 0x27]), isMmx = this.options.family === 'mmx';
    record.fill(0, at, at + 512);
    // Old flags and conditions stay or go. One that is not masked is pending: few are.
    const keep = random.below(40) === 0 ? 0x3f : isMmx ? 0 : masks;
    view.setUint16(at, random.pick(CONTROLS) & ~0x3f | (isMmx ? 0x3f : masks), true);
    view.setUint16(at + 2, random.below(8) << 11 | (random.below(5) === 0 ? random.word() & 0x4700 : 0) | (random.below(5) === 0 ? random.word() & keep : 0), true);
    const depth = random.pick([0, 1, 2, 2, 2, 3, 3, 3, 3, 3, 5, 8]), top = view.getUint16(at + 2, true) >> 11 & 7;
    let tags = 0;
    for (let k = 0; k < depth; k++) if (random.below(30) !== 0) tags |= 1 << (top + k & 7);
    if (random.below(20) === 0) tags = random.below(256);
    record[at + 4] = tags;
    // Where the last instruction was.
    this.copy(record, at + 6, 18, 'word', 8, random);
    view.setUint32(at + 24, view.getUint32(AT.mxcsr, true), true);
    if (isMmx) { const kind = kindFor(i.mnemonic, random); for (let k = 0; k < 8; k++) { this.copy(record, at + 32 + 16 * k, 8, kind, 8, random); view.setUint16(at + 40 + 16 * k, random.pick([0xffff, 0xffff, 0x3fff]), true); } }
    else for (let k = 0; k < 8; k++) this.copy(record, at + 32 + 16 * k, 10, 'extended', 16, random);
    this.copy(record, at + 160, 256, kindFor(i.mnemonic, random), 16, random);
    const header = headerBytes(this.extended), window = record.subarray(header, header + windowBytes);
    if (!isMmx) near(record, at + 32, random);
    const bytes = i.operands.find(o => o.kind === 'mem')?.size ?? 0;
    if (i.operation === 'fbld' && random.below(4) !== 0) for (let k = 0; k < window.length; k++) window[k] = random.below(10) | random.below(10) << 4;
    else if (!isMmx && (bytes === 4 || bytes === 8) && random.below(2) === 0) this.copy(record, header, windowBytes, i.operation.startsWith('fi') ? 'word' : bytes === 4 ? 'single' : 'double', 16, random);
    if (i.operation.startsWith('fxrstor')) for (let k = 0; k + 28 <= window.length; k += 16) if (random.below(8) !== 0) { window.fill(0, k + 24, k + 28); window[k + 24] = 0x80; window[k + 25] = 0x1f; } else window[k + 26] &= ~2; // A bit that AMD's have.
  }

  /** Bases and indices; what implied registers address. */
  private address(view: DataView, { i, windowBytes }: Snippet, random: Random): void {
    const set = (n: number, value: bigint): void => view.setBigUint64(8 * n, BigInt.asUintN(64, value), true), get = (n: number): bigint => bigOf(view, 8 * n);
    for (const name of IMPLIED[i.operation] ?? []) set(NUMBERS[name]!, BigInt(this.impliedAddress(name, i.operation, i.size, windowBytes, random)));
    if (STRINGS.test(i.operation)) {
      if (i.rep !== null) set(RCX, BigInt(random.below(COUNT_MAX + 1)));
      if (i.addressSize === 4) for (const n of [RCX, 6, 7]) set(n, get(n) | BigInt(random.word()) << 32n);
    }
    for (const o of i.operands) if (o.kind === 'mem' && o.file !== 'gpr') this.gather(view, o, set, random);
    else if (o.kind === 'mem') this.base(o, i.operation, i.operands.at(-1)!, windowBytes, set, get, random);
  }
  /** Elements around the middle of the window, a few of them wild. */
  private gather(view: DataView, o: Operand, set: (n: number, v: bigint) => void, random: Random): void {
    if (o.base < 16) set(o.base, BigInt(WINDOW + 64 - o.disp));
    const at = AT.extended + 32 * o.index, isWide = random.below(2) === 0;
    // Whichever width the indices have: small numbers, with their signs, of 8 bytes or of 4.
    for (let k = 0; k < 32; k += isWide ? 8 : 4) {
      const index = random.below(random.below(4) === 0 ? 12 : 4) - 4;
      if (random.below(60) === 0) continue;
      if (isWide) view.setBigInt64(at + k, BigInt(index), true); else view.setInt32(at + k, index, true);
    }
  }
  private impliedAddress(name: string, operation: string, size: number, windowBytes: number, random: Random): number {
    if (!LEFT_TO_THE_MODEL.test(operation) && random.below(4 * WILD) === 0) return Number(random.pick(WILD_ADDRESSES.slice(0, 3)));
    if (name === 'rbx') return WINDOW + random.below(64);
    if (operation === 'enter') return WINDOW + 512 + 8 * random.below(48);
    if (name === 'rsp' || name === 'rbp') return WINDOW + 16 + (random.below(4) === 0 ? random.below(96) : 8 * random.below(12));
    if (STRINGS.test(operation)) return WINDOW + 96 + (random.below(2) === 0 ? random.below(56) : 8 * random.below(7));
    return WINDOW + offsetFor(size, windowBytes, random);
  }
  private base(o: Operand, operation: string, last: Operand, windowBytes: number, set: (n: number, v: bigint) => void, get: (n: number) => bigint, random: Random): void {
    const hasBase = o.base < 16, hasIndex = o.index < 16;
    const isFar = BIT_OFFSET.test(operation) && last.kind === 'reg';
    if (isFar) set(last.index, BigInt(random.below(600) - 300));
    if (!hasBase) { if (hasIndex) set(o.index, BigInt(random.below(2) * random.below(4))); return; }
    let goal = BigInt(WINDOW + offsetFor(IMAGE_BYTES[operation] ?? o.size, windowBytes, random));
    if (isFar) goal = BigInt(WINDOW + 40 + random.below(48));
    if (random.below(WILD) === 0) goal = random.pick(WILD_ADDRESSES);
    const disp = BigInt(o.disp), scale = BigInt(1 << o.shift);
    if (!hasIndex) set(o.base, goal - disp);
    else if (o.base !== o.index) set(o.base, goal - disp - get(o.index) * scale);
    else set(o.base, (goal - disp) / (1n + scale));
    if (o.addressSize === 4) { const low = BigInt.asUintN(32, get(o.base)); set(o.base, low | BigInt(random.word()) << 32n); }
  }

  /** What makes an instruction do more than fault, or do the rarer of two things. */
  private suit(view: DataView, header: number, snippet: Snippet, taken: number, random: Random): void {
    const { i } = snippet, set = (n: number, value: bigint): void => view.setBigUint64(8 * n, BigInt.asUintN(64, value), true), get = (n: number): bigint => bigOf(view, 8 * n);
    const isOften = random.below(3) !== 0, [to] = i.operands, bits = BigInt(8 * i.size);
    const inWindow = (at: bigint, bytes = 8n): number => (at >= BigInt(WINDOW) && at + bytes <= BigInt(WINDOW + snippet.windowBytes) ? header + Number(at) - WINDOW : -1);
    switch (i.operation) {
      case 'div': case 'idiv': {
        if (!isOften || to?.kind === 'reg' && to.index === RDX || [to?.base, to?.index].some(n => n === RAX || n === RDX)) return;
        const isNegative = i.operation === 'idiv' && (get(RAX) >> bits - 1n & 1n) === 1n;
        if (i.size === 1) view.setUint8(1, i.operation === 'idiv' && (get(RAX) & 0x80n) !== 0n ? 255 : 0);
        else set(RDX, isNegative ? -1n : random.below(3) === 0 ? BigInt(random.below(4)) : 0n);
        return;
      }
      case 'cmpxchg': {
        if (!isOften || to === undefined || to.kind === 'mem' && (to.base === RAX || to.index === RAX)) return;
        const at = to.kind === 'mem' ? inWindow(this.addressOf(view, to)) : -1;
        if (to.kind === 'reg') set(RAX, to.file === 'high8' ? get(to.index) >> 8n : get(to.index)); else if (at >= 0) set(RAX, bigOf(view, at));
        return;
      }
      case 'cmpxchg8b': case 'cmpxchg16b': {
        const at = inWindow(this.addressOf(view, to!), 16n), isWide = i.operation === 'cmpxchg16b';
        if (!isOften || at < 0 || to!.base === RAX || to!.base === RDX || to!.index === RAX || to!.index === RDX) return;
        set(RAX, bigOf(view, at)); set(RDX, isWide ? bigOf(view, at + 8) : bigOf(view, at) >> 32n);
        return;
      }
      case 'popf': {
        // No single steps, no checks of alignment, and what only the kernel may change.
        const at = inWindow(get(4));
        if (at >= 0) view.setBigUint64(at, bigOf(view, at) & 0xcd5n, true);
        return;
      }
      case 'ldmxcsr': case 'vldmxcsr': {
        // A bit that AMD's have.
        const at = inWindow(this.addressOf(view, to!), 4n);
        if (at >= 0) view.setUint8(at + 2, view.getUint8(at + 2) & ~2);
        return;
      }
      case 'ret': case 'call': case 'jmp': {
        // Nothing is fetched from where a stack may be, which lies elsewhere for each process, nor performed of this program but the case.
        const isText = (target: bigint): boolean => target >= BigInt(TEXT) && target < BigInt(DATA);
        const tame = (at: number): void => { const target = bigOf(view, at); if (target >> 36n === 0x7ffn || isText(target)) view.setBigUint64(at, 0n, true); };
        if (to?.kind === 'reg') tame(AT.gpr + 8 * to.index);
        else { const at = inWindow(to === undefined || i.flow === 'return' ? get(4) : this.addressOf(view, to)); if (at >= 0) tame(at); }
        if (i.flow === 'return') { const at = inWindow(get(4)); if (at >= 0 && isOften) view.setBigUint64(at, BigInt(taken), true); }
        // Where both the stack and the target are wrong, which one is told first is the model's.
        else if (to?.kind === 'reg' && (isOften || inWindow(get(4)) < 0)) set(to.index, BigInt(taken));
        else if (to?.kind === 'mem') { const at = inWindow(this.addressOf(view, to)); if (at >= 0 && (isOften || inWindow(get(4)) < 0)) view.setBigUint64(at, BigInt(taken), true); }
        return;
      }
      case 'loop': case 'loope': case 'loopne': case 'jrcxz': case 'jecxz':
        if (isOften) set(RCX, BigInt(random.below(3)) | (random.below(2) === 0 ? 0n : 1n << 32n));
    }
  }
  private addressOf(view: DataView, o: Operand): bigint {
    if (o.base === SLOT.rip) return BigInt(WINDOW + o.disp);
    const part = (n: number): bigint => (n === NONE ? 0n : bigOf(view, 8 * n));
    return BigInt.asUintN(8 * o.addressSize, part(o.base) + (part(o.index) << BigInt(o.shift)) + BigInt(o.disp));
  }
}

const CONTROLS = [0x37f, 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0xa7f, 0xe7f, 0x47f, 0x87f, 0xc7f, 0x17f];
function randomMxcsr(random: Random): number {
  const masks = random.below(4) === 0 ? random.word() & 0x1f80 : 0x1f80, sticky = random.below(3) === 0 ? random.word() & 0x3f : 0;
  return masks | (random.below(2) === 0 ? random.word() & 0x6000 : 0) | (random.below(4) === 0 ? random.word() & 0x8040 : 0) | sticky;
}
/** ST(1) near ST(0) now and then: mostly small distances, so that rounding and cancellation meet. */
function near(record: Uint8Array, at: number, random: Random): void {
  if (random.below(3) !== 0) return;
  const view = new DataView(record.buffer, record.byteOffset + at), exponent = (view.getUint16(8, true) & 0x7fff) - 66 + random.below(133);
  if (exponent < 1 || exponent > 0x7ffe) return;
  view.setUint16(24, (random.below(2) << 15) | exponent, true);
  record[at + 16 + 7]! |= 0x80;
}
