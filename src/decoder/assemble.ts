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

class Layout {
  readonly labels = new Map<string, Va>();
  private readonly items: readonly Item[];
  private readonly encoders: readonly (Encoder | null)[];
  private readonly origin: Va;
  /** Address of every item, and behind the last the end. */
  private readonly places: Va[] = [];
  private readonly symbols = new Map<string, bigint>();
  private readonly declared: ReadonlySet<string>;

  constructor(items: readonly Item[], origin: Va) {
    this.items = items;
    this.origin = origin;
    this.encoders = items.map(item => item.kind === 'code' ? encoderOf(item.statement) : null);
    this.declared = new Set(items.flatMap(item => item.kind === 'label' || item.kind === 'set' ? [item.name] : []));
    let pass = 0;
    while (this.place() || this.lengthen()) {
      if (++pass > PASSES_MAX) throw new AssembleError(items[0]?.line ?? 1, 'the addresses never settle: an alignment or a size depends on itself');
    }
  }

  /** Gives every item its address. True if one moved. */
  private place(): boolean {
    let at = this.origin;
    let hasMoved = false;
    this.items.forEach((item, n) => {
      hasMoved ||= this.places[n] !== at;
      this.places[n] = at;
      if (item.kind === 'label') this.name(item.name, at);
      if (item.kind === 'set') this.symbols.set(item.name, item.value.evaluate(this.lookup(item, at)));
      at += this.lengthOf(item, n, at);
    });
    hasMoved ||= this.places[this.items.length] !== at;
    this.places[this.items.length] = at;
    return hasMoved;
  }

  private name(name: string, at: Va): void {
    this.labels.set(name, at);
    this.symbols.set(name, BigInt(at));
  }

  /** Lengthens branches that do not reach. True if there were any. */
  private lengthen(): boolean {
    let any = false;
    this.encoders.forEach((encoder, n) => {
      const item = this.items[n];
      const at = this.places[n] ?? 0;
      if (encoder !== null && item !== undefined && encoder.lengthen(at, this.lookup(item, at))) any = true;
    });
    return any;
  }

  private lookup(item: Item, at: Va): Lookup {
    return name => {
      if (name === '.') return BigInt(at);
      const value = this.symbols.get(name);
      if (value === undefined && !this.declared.has(name)) throw new AssembleError(item.line, `no such symbol: ${name}`);
      return value ?? BigInt(this.origin);
    };
  }

    private lengthOf(item: Item, n: number, at: Va): number {
    switch (item.kind) {
      case 'label': case 'set': return 0;
      case 'code': return this.encoders[n]?.length ?? 0;
      case 'data': return item.width * item.values.length;
      case 'bytes': return item.bytes.length;
      case 'fill': case 'org': return Math.max(this.wanted(item, at), 0);
      case 'align': return paddingOf(at, item.boundary, item.most);
    }
  }

  /** Bytes that .skip or .org ask for; negative only while addresses still move, or by mistake. */
  private wanted(item: Item & { readonly kind: 'fill' | 'org' }, at: Va): number {
    const lookup = this.lookup(item, at);
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
      case 'code': return room.set(this.encoders[n]?.encode(at, this.lookup(item, at)) ?? []);
      case 'bytes': return room.set(item.bytes);
      case 'data': return item.values.forEach((value, k) => {
        const lookup = this.lookup(item, at + k * item.width);
        emitData(item.line, room.subarray(k * item.width), item.width, value.evaluate(lookup));
      });
      case 'fill': case 'org': {
        const wanted = this.wanted(item, at);
        if (wanted < 0) throw new AssembleError(item.line, item.kind === 'org' ? `.org goes back by ${-wanted} bytes` : `${wanted} bytes cannot be reserved`);
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
