/** Watchpoints (as SDM vol. 3B §17.2 has in hardware): the MMU lets no access to a watched page pass unseen, and whoever asks finds out which bytes it was. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { i32, Va } from '../base/types.ts';
import { vaOf } from '../base/words.ts';
import { ACCESS, SEEN } from '../mmu/mmu.ts';

export type WatchKind = 'write' | 'read' | 'access';
/** Bytes [address, address + length) of a process. A write counts if it changes them. */
export interface Watchpoint { readonly pid: number; readonly kind: WatchKind; readonly address: Va; readonly length: number }
/** Where an access began, of a size its instruction knows. */
export interface Access { readonly at: Va; readonly isWrite: boolean }

const READS = 1, WRITES = 2;

export class Watches {
  /** `off`: nothing faults. `once`: accesses are noted. */
  mode: 'fault' | 'once' | 'off' = 'off';
  readonly accesses: Access[] = [];
  /** An access faulted because it is watched. To be cleared by the reader. */
  hasFaulted = false;
  /** By page number: what is to be seen. */
  private readonly pages = new Map<number, number>();

  set(points: Iterable<Watchpoint>): void {
    this.pages.clear();
    for (const { kind, address, length } of points) {
      for (let page = pageOf(address); page <= pageOf(address + length - 1); page++) {
        this.pages.set(page, (this.pages.get(page) ?? 0) | WRITES | (kind === 'write' ? 0 : READS));
      }
    }
  }
  get isEmpty(): boolean { return this.pages.size === 0; }
  see(lo: i32, hi: i32, access: number): number {
    const at = vaOf(lo, hi), wanted = this.pages.get(pageOf(at));
    if (wanted === undefined) return SEEN.not;
    if (access === ACCESS.execute || this.mode === 'off') return SEEN.once;
    if (this.mode === 'once') { this.accesses.push({ at, isWrite: access === ACCESS.write }); return SEEN.once; }
    if (access !== ACCESS.write && (wanted & READS) === 0) return SEEN.read;
    this.hasFaulted = true;
    return SEEN.fault;
  }
}
function pageOf(at: Va): number { return Math.floor(at / PAGE_BYTES); }
