/** A place in threaded code: the header of an address, as JavaScript sees it. */
import type { i32 } from '../../base/types.ts';
import type { Block } from '../block.ts';
import { HEADER } from './record.ts';

/** A limit under which no block may be executed. */
const CLOSED = 0;

export class Thread {
  /** Byte offset of the header. */
  readonly at: number;
  /** What is translated here. */
  block: Block | null = null;
  private readonly words: Int32Array;
  private readonly word: number;

  constructor(words: Int32Array, at: number, lo: i32, hi: i32) {
    this.words = words; this.at = at; this.word = at >> 2;
    words.fill(0, this.word, this.word + (HEADER.bytes >> 2));
    this.set(HEADER.address, lo); this.set(HEADER.address + 4, hi);
  }
  private get(field: number): number { return this.words[this.word + (field >> 2)]!; }
  private set(field: number, value: number): void { this.words[this.word + (field >> 2)] = value; }
  get runs(): number { return this.get(HEADER.runs); }
  set runs(value: number) { this.set(HEADER.runs, value); }
  /** At so many runs it has to come back. */
  get limit(): number { return this.get(HEADER.limit); }
  set limit(value: number) { this.set(HEADER.limit, value); }
  get epoch(): number { return this.get(HEADER.epoch); }
  set epoch(value: number) { this.set(HEADER.epoch, value); }
  get body(): number { return this.get(HEADER.body); }
  set body(at: number) { this.set(HEADER.body, at); }
  set count(value: number) { this.set(HEADER.count, value); }
  setCost(cycles: Float64Array): void { this.set(HEADER.cost, new Int32Array(cycles.buffer)[0]!); this.set(HEADER.cost + 4, new Int32Array(cycles.buffer)[1]!); }
  close(): void { this.limit = CLOSED; }
}
