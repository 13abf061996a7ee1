/** Advisory locks (flock(2); fcntl(2), "Advisory record locking" and "Open file description locks"): who holds what, who waits for whom. */
import { EAGAIN, EDEADLK, ENOLCK } from '../base/errno.ts';
import type { FileDescription, Result } from './file.ts';
import type { DescriptorTable } from './fd-table.ts';

/** Which file: its device and inode. */
export type LockKey = string;
/** Record locks are a process's, that is its descriptors'; OFD locks and flock's are a description's. */
export type LockOwner = DescriptorTable | FileDescription;
export interface RecordLock {
  readonly owner: LockOwner;
  /** What F_GETLK tells; -1 for OFD locks. */
  readonly pid: number;
  readonly isExclusive: boolean;
  /** Bytes [start, end). */
  readonly start: number;
  readonly end: number;
}
interface Wait { readonly owner: LockOwner; readonly holder: LockOwner }

/** Locks there may be at once, of every kind. */
const LOCKS_MAX = 65_536;

export class LockTable {
  private readonly records = new Map<LockKey, readonly RecordLock[]>();
  private readonly whole = new Map<LockKey, Map<FileDescription, boolean>>();
  private readonly waits = new Set<Wait>();
  private count = 0;
  /** Locks held. */
  get size(): number { return this.count; }

  // — flock —
  /** Takes or converts a lock on the whole file. A conversion gives up the old lock first (flock(2)). */
  lockWhole(key: LockKey, owner: FileDescription, isExclusive: boolean): Result {
    const held = this.whole.get(key) ?? new Map<FileDescription, boolean>();
    if (held.get(owner) === isExclusive) return 0;
    if (held.delete(owner)) this.count -= 1;
    for (const other of held.values()) if (other || isExclusive) return -EAGAIN;
    if (this.count >= LOCKS_MAX) return -ENOLCK;
    held.set(owner, isExclusive);
    this.whole.set(key, held);
    this.count += 1;
    return 0;
  }
  unlockWhole(key: LockKey, owner: FileDescription): void {
    const held = this.whole.get(key);
    if (held?.delete(owner) !== true) return;
    this.count -= 1;
    if (held.size === 0) this.whole.delete(key);
  }

  // — records —
  /** The first lock of somebody else that stands in the way, or null. */
  conflict(key: LockKey, wanted: RecordLock): RecordLock | null {
    return this.records.get(key)?.find(lock => lock.owner !== wanted.owner && lock.start < wanted.end && lock.end > wanted.start
      && (lock.isExclusive || wanted.isExclusive)) ?? null;
  }
  lock(key: LockKey, wanted: RecordLock): Result {
    if (this.conflict(key, wanted) !== null) return -EAGAIN;
    if (this.count >= LOCKS_MAX) return -ENOLCK;
    const alike = (lock: RecordLock): boolean => lock.isExclusive === wanted.isExclusive && lock.owner === wanted.owner;
    // Neighbours that are alike become one.
    let { start, end } = wanted;
    for (const lock of this.records.get(key) ?? []) {
      if (!alike(lock) || lock.end < start || lock.start > end) continue;
      start = Math.min(start, lock.start); end = Math.max(end, lock.end);
    }
    this.put(key, [...this.without(key, wanted.owner, start, end), { ...wanted, start, end }]);
    return 0;
  }
  unlock(key: LockKey, owner: LockOwner, start: number, end: number): void { this.put(key, this.without(key, owner, start, end)); }
  /** All locks but the owner's in [start, end), of which parts may stay. */
  private without(key: LockKey, owner: LockOwner, start: number, end: number): RecordLock[] {
    return (this.records.get(key) ?? []).flatMap(lock => {
      if (lock.owner !== owner || lock.end <= start || lock.start >= end) return [lock];
      const parts: RecordLock[] = [];
      if (lock.start < start) parts.push({ ...lock, end: start });
      if (lock.end > end) parts.push({ ...lock, start: end });
      return parts;
    });
  }
  private put(key: LockKey, locks: readonly RecordLock[]): void {
    this.count += locks.length - (this.records.get(key)?.length ?? 0);
    if (locks.length === 0) this.records.delete(key);
    else this.records.set(key, [...locks].sort((a, b) => a.start - b.start));
  }

  // — waiting —
  /** Would `owner`, waiting for `holder`, wait for itself? */
  private isCircle(owner: LockOwner, holder: LockOwner): boolean {
    const seen = new Set<LockOwner>(), left = [holder];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (next === owner) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      for (const wait of this.waits) if (wait.owner === next) left.push(wait.holder);
    }
    return false;
  }
  /** F_SETLKW, asked until it answers. `forget` when nobody asks any more. */
  waiter(key: LockKey, wanted: RecordLock): { readonly until: () => Result | null; readonly forget: () => void } {
    let wait: Wait | null = null;
    const forget = (): void => { if (wait !== null) this.waits.delete(wait); wait = null; };
    const until = (): Result | null => {
      const result = this.lock(key, wanted), holder = result === -EAGAIN ? this.conflict(key, wanted)?.owner : undefined;
      if (holder === undefined) { forget(); return result; }
      if (wait?.holder === holder && this.waits.has(wait)) return null;
      forget();
      if (this.isCircle(wanted.owner, holder)) return -EDEADLK;
      wait = { owner: wanted.owner, holder };
      this.waits.add(wait);
      return null;
    };
    return { until, forget };
  }
  /** Nobody waits for, or by, one that is gone. */
  forgetWaits(owner: LockOwner): void {
    for (const wait of this.waits) if (wait.owner === owner) this.waits.delete(wait);
  }
}
