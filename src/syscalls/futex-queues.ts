/** Who waits on which futex word, in the order they came (Linux: kernel/futex.c, struct futex_q). Words of shared memory are known by their object, others by their address. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import type { AddressSpace } from '../mmu/address-space.ts';

export interface Waiter {
  readonly tid: number;
  /** Of which word: changed by a requeue. */
  key: string;
  /** FUTEX_WAKE_BITSET wakes whom it shares a bit with. */
  readonly bitset: number;
  /** Waits for a lock that is handed over to it, not just to be woken. */
  isPi: boolean;
  isWoken: boolean;
  /** Where the word is that it waits to own, in its own address space. */
  at: Va;
  readonly space: AddressSpace;
  /** FUTEX_WAIT_REQUEUE_PI: the lock it is to be moved to. */
  readonly target: string | null;
}

export class Futexes {
  private readonly queues = new Map<string, Waiter[]>();
  private readonly numbers = new WeakMap<object, number>();
  private lastNumber = 0;
  private readonly rouse: (tid: number) => void;
  /** @param rouse told of everybody who is woken */
  constructor(rouse: (tid: number) => void = () => {}) { this.rouse = rouse; }

  /** What a word is known by. A private one (FUTEX_PRIVATE_FLAG) is another than the shared one at the same place. */
  keyOf(space: AddressSpace, at: Va, isPrivate: boolean): string {
    if (isPrivate) return `own ${this.numberOf(space)}:${at}`;
    const vma = space.find(at);
    if (vma === null || !vma.shared || vma.object === null) return `${this.numberOf(space)}:${at}`;
    return `${this.numberOf(vma.object)}:${vma.offset + (at - vma.start)}`;
  }
  private numberOf(object: object): number {
    const known = this.numbers.get(object);
    if (known !== undefined) return known;
    this.lastNumber += PAGE_BYTES; // Whatever: only that they differ.
    this.numbers.set(object, this.lastNumber);
    return this.lastNumber;
  }
  add(waiter: Waiter): void {
    const queue = this.queues.get(waiter.key);
    if (queue === undefined) this.queues.set(waiter.key, [waiter]); else queue.push(waiter);
  }
  remove(waiter: Waiter): void {
    const queue = this.queues.get(waiter.key), i = queue?.indexOf(waiter) ?? -1;
    if (queue === undefined || i < 0) return;
    queue.splice(i, 1);
    if (queue.length === 0) this.queues.delete(waiter.key);
  }
  /** Words that somebody waits for. */
  get size(): number { return this.queues.size; }
  waiting(key: string): readonly Waiter[] { return this.queues.get(key) ?? NOBODY; }
  /** Wakes up to `count` of those that share a bit with `bitset`; how many. */
  wake(key: string, count: number, bitset = -1): number {
    let woken = 0;
    for (const waiter of [...this.waiting(key)]) {
      if (woken >= count) break;
      if ((waiter.bitset & bitset) === 0) continue;
      this.wakeOne(waiter);
      woken += 1;
    }
    return woken;
  }
  wakeOne(waiter: Waiter): void { this.remove(waiter); waiter.isWoken = true; this.rouse(waiter.tid); }
  /** It waits for another word from now on, behind who is there. */
  move(waiter: Waiter, key: string, at: Va): void {
    this.remove(waiter);
    waiter.key = key; waiter.at = at;
    this.add(waiter);
  }
  /** Everybody who waits to own something. */
  lockWaiters(): readonly Waiter[] { return [...this.queues.values()].flatMap(queue => queue.filter(({ isPi }) => isPi)); }
}
const NOBODY: readonly Waiter[] = [];
