/** What waits for what: when registers and what was stored are ready, as instructions are performed one after the other and each as soon as it can. Times are hundredths of a cycle. */
import { SLOT } from '../base/layout.ts';
import { NONE, type Operand } from '../decoder/instruction.ts';
import { hundredths, type Profile } from './profile.ts';
import { GENERALS, NO_REGISTERS, REGISTER, REGISTER_BITS, type Registers, REGISTERS, TRAIT, type Use } from './use.ts';

const RSP = 4, RDX = 2;
/** What the high half of a product takes beyond the low one, and a remainder beyond the quotient. */
const SECOND_RESULT = hundredths(1);
/** From an address to what is stored there. */
const STORED = hundredths(1);
/** Rounds of a loop that are performed until it is steady, and then so many more. */
export const ROUNDS = 2;

/** By register: 1, it is one of them. */
export type RegisterSet = Uint8Array;
const isOneOf = (registers: Registers, of: RegisterSet): boolean => {
  for (let left = registers; left !== NO_REGISTERS; left >>= REGISTER_BITS) if (of[left & REGISTER] === 1) return true;
  return false;
};
/** Of an address's parts: others than these are numbers of nothing here. */
const isGeneral = (r: number, of: RegisterSet): boolean => r < GENERALS && of[r] === 1;
/** Whether an instruction waits for one of these; then what it writes belongs to them from now on, else no longer. */
export function feed({ reads, writes, memory, loads }: Use, waiting: RegisterSet): boolean {
  const isFed = isOneOf(reads, waiting) || (memory !== null && loads && (isGeneral(memory.base, waiting) || isGeneral(memory.index, waiting)));
  for (let left = writes; left !== NO_REGISTERS; left >>= REGISTER_BITS) waiting[left & REGISTER] = isFed ? 1 : 0;
  return isFed;
}
/** Registers that a loop reads as they were before it. */
export function askedOf(steps: readonly Use[]): RegisterSet {
  const asked = new Uint8Array(REGISTERS), written = new Uint8Array(REGISTERS);
  const ask = (r: number): void => { if (written[r] === 0) asked[r] = 1; };
  for (const { reads, writes, memory } of steps) {
    for (let left = reads; left !== NO_REGISTERS; left >>= REGISTER_BITS) ask(left & REGISTER);
    if (memory !== null) { if (memory.base < GENERALS) ask(memory.base); if (memory.index < GENERALS) ask(memory.index); }
    for (let left = writes; left !== NO_REGISTERS; left >>= REGISTER_BITS) written[left & REGISTER] = 1;
  }
  return asked;
}

/** What was stored, and when it can be loaded. */
interface Stored { ready: number; size: number; byStack: boolean }
/** What addresses are compared by is one number: something unknown in so many units, and an offset below half of one. */
const UNKNOWN = 2 ** 36, UNKNOWN_MAX = 2 ** 17;
/** General registers have something unknown each; then there is nothing at all, where the code is, and what comes up later. */
const NOTHING = GENERALS, CODE = GENERALS + 1, NEW = GENERALS + 2;

const addressOf = ({ base, index }: Operand, ready: Int32Array): number => {
  const atBase = base < GENERALS ? ready[base]! : 0, atIndex = index < GENERALS ? ready[index]! : 0;
  return atBase > atIndex ? atBase : atIndex;
};

export class Dataflow {
  private readonly ready = new Int32Array(REGISTERS);
  /** As it was when it was marked. */
  private readonly before = new Int32Array(REGISTERS);
  /** Registers that are written at all: others are ready all the time. */
  private readonly written = new Uint8Array(REGISTERS);
  private writtenCount = 0;
  private readonly isWritten: RegisterSet = new Uint8Array(REGISTERS);
  /** Which general registers hold addresses that an operation on memory waits for, too: as bits. */
  private asked = 0;
  /** Whether there are both loads and stores: only then it matters what was stored. */
  private remembers = false;
  /** A register's value as something unknown plus an offset. */
  private readonly symbols = new Int32Array(GENERALS + 1);
  private readonly offsets = new Int32Array(GENERALS + 1);
  private nextSymbol = NEW;
  private readonly firstSymbols = Int32Array.from(this.symbols, (_, r) => r);
  /** What is unknown together with an index, or in a segment; numbered from above. */
  private readonly sums = new Map<number, number>();
  private readonly stored = new Map<number, Stored>();
  /** In hundredths. */
  readonly load: Profile['load'];

  constructor({ load: { general, vector, scaled, forwarded, forwardedVector, renamed, blocked, second } }: Profile) {
    this.load = {
      general: hundredths(general), vector: hundredths(vector), scaled: hundredths(scaled), forwarded: hundredths(forwarded),
      forwardedVector: hundredths(forwardedVector), renamed: hundredths(renamed), blocked: hundredths(blocked), second: hundredths(second),
    };
  }
  /** Before anything is performed: all is ready. */
  begin(steps: readonly Use[]): this {
    const { ready, written, isWritten } = this;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; ready[r] = 0; isWritten[r] = 0; }
    let count = 0, traits = 0;
    for (let k = 0; k < steps.length; k++) {
      const use = steps[k]!;
      traits |= use.traits;
      for (let left = use.writes; left !== NO_REGISTERS; left >>= REGISTER_BITS) {
        const r = left & REGISTER;
        if (isWritten[r] === 0) { isWritten[r] = 1; written[count++] = r; }
      }
    }
    this.writtenCount = count;
    this.asked = 0;
    if (this.remembers) { this.stored.clear(); this.sums.clear(); }
    this.remembers = (traits & (TRAIT.loads | TRAIT.pops)) !== 0 && (traits & (TRAIT.stores | TRAIT.pushes)) !== 0;
    if (this.remembers) {
      this.offsets.fill(0); this.symbols.set(this.firstSymbols);
      this.nextSymbol = NEW;
    }
    return this;
  }
  /** When all of these are ready; when an address is. */
  readyOf(registers: Registers): number {
    const { ready } = this;
    let latest = 0;
    for (let left = registers; left !== NO_REGISTERS; left >>= REGISTER_BITS) { const at = ready[left & REGISTER]!; if (at > latest) latest = at; }
    return latest;
  }
  addressOf(o: Operand): number { return addressOf(o, this.ready); }
  /** The first so many, one after the other. */
  perform(steps: readonly Use[], count: number): void {
    const { ready, symbols, offsets, remembers } = this;
    let { nextSymbol: symbol, asked } = this;
    for (let k = 0; k < count; k++) {
      const { reads, writes, memory, traits, latency, sum } = steps[k]!, loads = (traits & TRAIT.loads) !== 0, stores = (traits & TRAIT.stores) !== 0;
      let start = 0;
      for (let left = reads; left !== NO_REGISTERS; left >>= REGISTER_BITS) { const at = ready[left & REGISTER]!; if (at > start) start = at; }
      if (memory !== null && loads) {
        const { base } = memory, address = addressOf(memory, ready), isMove = (traits & TRAIT.moves) !== 0, isSecond = isMove && (asked >> base & 1) !== 0 && ready[base] === address;
        const loaded = this.loaded(memory, isSecond ? address + this.load.second : address, stores ? latency : 0, traits);
        if (loaded > start) start = loaded;
        if (!isMove && !stores && base < GENERALS) asked |= 1 << base;
      } else if ((traits & TRAIT.pops) !== 0) {
        const popped = this.popped(sum === null ? RSP : sum.from);
        if (popped > start) start = popped;
      }
      const end = start + latency;
      if (memory !== null && stores && remembers) this.store(this.keyOf(memory), Math.max(end, addressOf(memory, ready) + STORED), memory.size, memory.base === RSP);
      const becomesSum = remembers && sum !== null, from = becomesSum ? symbols[sum.from]! : 0, offset = becomesSum ? offsets[sum.from]! + sum.by : 0;
      for (let left = writes; left !== NO_REGISTERS; left >>= REGISTER_BITS) {
        const r = left & REGISTER;
        ready[r] = r === RDX && (traits & TRAIT.hasTwoResults) !== 0 ? end + SECOND_RESULT : end;
        if (r < GENERALS) {
          asked &= ~(1 << r);
          if (remembers) { symbols[r] = symbol++; offsets[r] = 0; }
        }
      }
      if (becomesSum) { symbols[sum.to] = from; offsets[sum.to] = offset; }
      if (remembers && (traits & TRAIT.pushes) !== 0) this.store(this.stackKey(RSP), start, 8, true);
    }
    this.nextSymbol = symbol; this.asked = asked;
  }
  private keyOf({ base, index, shift, disp, segment }: Operand): number {
    if (base === SLOT.rip) return CODE * UNKNOWN + disp;
    const { symbols, offsets } = this, from = base < GENERALS ? base : NOTHING;
    let symbol = symbols[from]!, offset = offsets[from]! + disp;
    if (index < GENERALS) {
      symbol = this.sumOf(symbol, symbols[index]!, shift, segment);
      offset += offsets[index]! * (1 << shift);
    } else if (segment !== NONE) symbol = this.sumOf(symbol, NOTHING, 0, segment);
    return symbol * UNKNOWN + offset;
  }
  private sumOf(base: number, index: number, shift: number, segment: number): number {
    const sum = ((base * UNKNOWN_MAX + index) * 4 + shift) * 2 + (segment === NONE ? 0 : 1);
    let symbol = this.sums.get(sum);
    if (symbol === undefined) this.sums.set(sum, symbol = UNKNOWN_MAX - 1 - this.sums.size);
    return symbol;
  }
  private stackKey(register: number): number { return this.symbols[register]! * UNKNOWN + this.offsets[register]!; }
  private store(key: number, ready: number, size: number, byStack: boolean): void {
    const known = this.stored.get(key);
    if (known === undefined) this.stored.set(key, { ready, size, byStack }); else { known.ready = ready; known.size = size; known.byStack = byStack; }
  }
  private popped(register: number): number {
    const known = this.remembers ? this.stored.get(this.stackKey(register)) : undefined, { load } = this;
    if (known === undefined) return this.ready[register]! + load.general;
    return register === RSP && known.byStack ? known.ready + load.renamed : Math.max(known.ready, this.ready[register]!) + load.forwarded;
  }
  /** @param address when it is ready @param latency of who stores there again */
  private loaded(o: Operand, address: number, latency: number, traits: number): number {
    const known = this.remembers ? this.stored.get(this.keyOf(o)) : undefined, { load } = this, isVector = (traits & TRAIT.writesVector) !== 0;
    const usual = address + (isVector ? load.vector : load.general) + (o.index !== NONE && o.shift > 0 ? load.scaled : 0);
    if (known === undefined) return usual;
    if (known.size < o.size) return Math.max(usual, known.ready + load.blocked);
    if (known.byStack && o.base === RSP && !isVector) return Math.max(usual - load.general, known.ready + load.renamed - latency);
    return Math.max(usual, known.ready + (isVector ? load.forwardedVector : load.forwarded) - latency);
  }
  /** What ROUNDS rounds take, once that is steady. */
  rounds(steps: readonly Use[]): number {
    const count = steps.length;
    this.begin(steps);
    for (let n = 0; n < ROUNDS; n++) this.perform(steps, count);
    const stored = this.latestStore();
    this.mark();
    for (let n = 0; n < ROUNDS; n++) this.perform(steps, count);
    return Math.max(this.latestStore() - stored, this.grown());
  }
  /** The registers that take as long as those rounds. */
  chain(grown: number): RegisterSet {
    const { ready, before, written } = this, chain = new Uint8Array(REGISTERS);
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; if (ready[r]! - before[r]! >= grown) chain[r] = 1; }
    return chain;
  }
  private latestStore(): number {
    let latest = 0;
    if (this.remembers) for (const { ready } of this.stored.values()) if (ready > latest) latest = ready;
    return latest;
  }
  /** From now on it is asked how much later registers become. */
  mark(): void {
    const { ready, before, written } = this;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; before[r] = ready[r]!; }
  }
  /** How much later the latest of what was ready has become. */
  grown(): number {
    const { ready, before, written } = this;
    let most = 0;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!, more = ready[r]! - before[r]!; if (more > most) most = more; }
    return most;
  }
}
