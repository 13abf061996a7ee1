/** An assembler for tests and benches: the Intel syntax of GNU as, encoded by the decoder's own rows, branches as short as they can be. */
import type { Va } from '../base/types.ts';
import { AssembleError } from './assemble-expression.ts';
import type { Lookup } from './assemble-expression.ts';
import { encoderOf } from './assemble-statement.ts';
import type { Encoder } from './assemble-statement.ts';
import { readSource } from './assemble-read.ts';
import type { Item } from './assemble-read.ts';

export { AssembleError };

export interface AssembleOptions {
  /** Where the first byte goes. */
  readonly origin?: Va;
  /** Constants by name. */
  readonly symbols?: Readonly<Record<string, number | bigint>>;
}
export interface Assembly {
  readonly bytes: Uint8Array;
  /** Addresses of labels, numeric ones aside. */
  readonly labels: ReadonlyMap<string, Va>;
  readonly origin: Va;
}

export function assemble(source: string, options: AssembleOptions = {}): Assembly {
  const origin = options.origin ?? 0;
  const layout = new Layout(readSource(source, options.symbols ?? {}), origin);
  const bytes = layout.emit();
  const labels = new Map([...layout.labels].filter(([name]) => !name.includes('#')));
  return { bytes, labels, origin };
}

/** More passes than any source needs: every pass but the last makes some branch longer. */
const PASSES_MAX = 100;
const RESERVED_MAX = 0x4000_0000;

/** Addresses found by passes over the items: branches begin short and only grow, as GNU as has it. */
class Layout {
  readonly labels = new Map<string, Va>();
  private readonly items: readonly Item[];
  private readonly encoders: readonly (Encoder | null)[];
  private readonly origin: Va;
  /** Address of every item, and behind the last the end. */
  private readonly places: Va[] = [];
  private readonly symbols = new Map<string, bigint>();
  /** Which item gives a symbol its value. */
  private readonly declared: ReadonlyMap<string, number>;
  /** Per item, how many alignments and .orgs are before it: they take up what earlier items grow by. */
  private readonly regions: readonly number[];

  constructor(items: readonly Item[], origin: Va) {
    this.items = items;
    this.origin = origin;
    this.encoders = items.map(item => item.kind === 'code' ? encoderOf(item.statement) : null);
    this.declared = new Map(items.flatMap((item, n) => item.kind === 'label' || item.kind === 'set' ? [[item.name, n]] : []));
    let region = 0;
    this.regions = items.map(item => item.kind === 'align' || item.kind === 'org' ? ++region : region);
    for (let pass = 0; this.place(pass > 0); pass++) {
      if (pass > PASSES_MAX) throw new AssembleError(items[0]?.line ?? 1, 'the addresses never settle: an alignment or a size depends on itself');
    }
  }

  /** Gives every item its address, lengthening branches that do not reach. True if anything changed. */
  private place(mayLengthen: boolean): boolean {
    let at = this.origin;
    let hasChanged = false;
    this.items.forEach((item, n) => {
      const moved = at - (this.places[n] ?? NaN);
      this.places[n] = at;
      hasChanged ||= moved !== 0;
      if (item.kind === 'label') this.labels.set(item.name, at);
      if (item.kind === 'label') this.symbols.set(item.name, BigInt(at));
      if (item.kind === 'set') hasChanged = this.set(item.name, item.value.evaluate(this.lookup(n, at))) || hasChanged;
      if (mayLengthen && this.encoders[n]?.lengthen(at, this.expected(n, at, moved)) === true) hasChanged = true;
      at += this.lengthOf(item, n, at);
    });
    if (at - this.origin > RESERVED_MAX) throw new AssembleError(this.items.at(-1)?.line ?? 1, 'the program is too long');
    hasChanged ||= this.places[this.items.length] !== at;
    this.places[this.items.length] = at;
    return hasChanged;
  }

  private set(name: string, value: bigint): boolean {
    const isNew = this.symbols.get(name) !== value;
    this.symbols.set(name, value);
    return isNew;
  }

  /** What symbols are worth to item `n` at address `at`. */
  private lookup(n: number, at: Va): Lookup {
    return name => {
      if (name === '.') return BigInt(at);
      const value = this.symbols.get(name);
      if (value === undefined && !this.declared.has(name)) throw new AssembleError(this.items[n]?.line ?? 0, `no such symbol: ${name}`);
      return value ?? BigInt(this.origin);
    };
  }

  /**
   * The same during a pass: what is still ahead will move as this item has; behind an alignment it is where it was, as far as
   * is known, but not behind us.
   */
  private expected(n: number, at: Va, moved: number): Lookup {
    const lookup = this.lookup(n, at);
    return name => {
      const value = lookup(name), target = this.declared.get(name) ?? -1;
      if (target <= n || this.items[target]?.kind !== 'label') return value;
      if (moved < 0 || this.regions[target] === this.regions[n]) return value + BigInt(moved);
      return value < BigInt(at) ? BigInt(at) : value;
    };
  }

  private lengthOf(item: Item, n: number, at: Va): number {
    switch (item.kind) {
      case 'label': case 'set': return 0;
      case 'code': return this.encoders[n]?.length ?? 0;
      case 'data': return item.width * item.values.length;
      case 'bytes': return item.bytes.length;
      case 'fill': case 'org': return Math.max(this.wanted(item, n, at), 0);
      case 'align': return paddingOf(at, item.boundary, item.most);
    }
  }

  /** Bytes that .skip or .org ask for; negative only while addresses still move, or by mistake. */
  private wanted(item: Item & { readonly kind: 'fill' | 'org' }, n: number, at: Va): number {
    const lookup = this.lookup(n, at);
    // A number for .org counts from the origin, as from a section's start.
    const bytes = item.kind === 'fill' ? Number(item.count.evaluate(lookup))
      : Number(item.place.evaluate(lookup)) + (item.place.addresses === 0 ? this.origin : 0) - at;
    if (bytes > RESERVED_MAX) throw new AssembleError(item.line, `${bytes} bytes are too many`);
    return bytes;
  }

  emit(): Uint8Array {
    const end = this.places[this.items.length] ?? this.origin;
    const bytes = new Uint8Array(end - this.origin);
    this.items.forEach((item, n) => {
      const at = this.places[n] ?? 0;
      const room = bytes.subarray(at - this.origin, (this.places[n + 1] ?? end) - this.origin);
      this.emitItem(item, n, at, room);
    });
    return bytes;
  }

  private emitItem(item: Item, n: number, at: Va, room: Uint8Array): void {
    switch (item.kind) {
      case 'label': case 'set': return;
      case 'code': return room.set(this.encoders[n]?.encode(at, this.lookup(n, at)) ?? []);
      case 'bytes': return room.set(item.bytes);
      case 'data': return item.values.forEach((value, k) => {
        const lookup = this.lookup(n, at + k * item.width);
        emitData(item.line, room.subarray(k * item.width), item.width, value.evaluate(lookup));
      });
      case 'fill': case 'org': {
        const wanted = this.wanted(item, n, at);
        if (wanted < 0 && item.kind === 'org') throw new AssembleError(item.line, `.org goes back by ${-wanted} bytes`);
        if (wanted < 0) throw new AssembleError(item.line, `${wanted} bytes cannot be reserved`);
        room.fill(item.fill);
        return;
      }
      case 'align': if (item.fill === null) fillWithNops(room); else room.fill(item.fill);
    }
  }
}

function emitData(line: number, room: Uint8Array, width: number, value: bigint): void {
  const bits = BigInt(8 * width);
  if (value < -(1n << bits - 1n) || value >= 1n << bits) throw new AssembleError(line, `${value} does not fit in ${width} bytes`);
  for (let k = 0; k < width; k++) room[k] = Number(value >> BigInt(8 * k) & 0xffn);
}

function paddingOf(at: Va, boundary: number, most: number): number {
  const bytes = (boundary - at % boundary) % boundary;
  return bytes > most ? 0 : bytes;
}

/** The NOPs that GNU as pads code with, by length (SDM vol. 2, NOP: recommended multi-byte sequences, and longer with prefixes). */
const NOPS: readonly (readonly number[])[] = [
  [], [0x90], [0x66, 0x90], [0x0f, 0x1f, 0x00], [0x0f, 0x1f, 0x40, 0], [0x0f, 0x1f, 0x44, 0, 0], [0x66, 0x0f, 0x1f, 0x44, 0, 0],
  [0x0f, 0x1f, 0x80, 0, 0, 0, 0], [0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], [0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
  [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], [0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
];

/** The longest first, then what is left. */
export function fillWithNops(room: Uint8Array): void {
  const longest = NOPS.length - 1;
  for (let at = 0; at < room.length;) {
    const nop = NOPS[Math.min(longest, room.length - at)] ?? [];
    room.set(nop, at);
    at += nop.length;
  }
}
