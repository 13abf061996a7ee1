/** A place in threaded code: the header of an address, as JavaScript sees it. */
import type { i32 } from '../../base/types.ts';
import type { Block } from '../block.ts';
import { HEADER } from './record.ts';

export class Thread {
  /** Byte offset of the header. */
  readonly at: number;
  /** What is translated here. */
  block: Block | null = null;
  private limit = 0;
  private readonly words: Int32Array;
  private readonly word: number;

  /** A header that is there already: whatever it has goes on. */
  constructor(words: Int32Array, at: number) { this.words = words; this.at = at; this.word = at >> 2; }
  /** A new one. */
  static of(words: Int32Array, at: number, lo: i32, hi: i32): Thread {
    const thread = new Thread(words, at);
    words.fill(0, thread.word, thread.word + (HEADER.bytes >> 2));
    thread.set(HEADER.address, lo); thread.set(HEADER.address + 4, hi);
    return thread;
  }
  /** What an earlier run left here becomes a block's, which may be executed until `limit` runs; or nobody's. */
  takeOver(block: Block | null, limit: number): void {
    this.set(HEADER.origin, 0);
    this.block = block; this.limit = limit;
    if (block === null) this.set(HEADER.countdown, 0);
  }
  private get(field: number): number { return this.words[this.word + (field >> 2)]!; }
  private set(field: number, value: number): void { this.words[this.word + (field >> 2)] = value; }
  /** How often the block was executed. */
  get runs(): number { return this.limit - this.get(HEADER.countdown); }
  /** It has to come back at `limit` runs. */
  open(runs: number, limit: number): void { this.limit = limit; this.set(HEADER.countdown, limit - runs); }
  close(): void { this.open(this.runs, this.runs); }
  get isClosed(): boolean { return this.get(HEADER.countdown) <= 0; }
  set epoch(value: number) { this.set(HEADER.epoch, value); }
  place(block: Block, body: number): void {
    this.set(HEADER.body, body); this.set(HEADER.count, block.instructions.length);
    this.set(HEADER.cost, block.pace.cost); this.set(HEADER.behind, block.pace.behind);
    this.set(HEADER.length, block.bytes);
    this.block = block;
  }
  get body(): number { return this.get(HEADER.body); }
  set killed(value: number) { this.set(HEADER.killed, value); }
}
