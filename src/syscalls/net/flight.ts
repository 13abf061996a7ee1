/**
 * Descriptors on their way in messages (SCM_RIGHTS, unix(7)). Sockets that are only held by messages to one another
 * would stay for ever: they are found and emptied (Linux: net/unix/garbage.c).
 */
import { ETOOMANYREFS } from '../../base/errno.ts';
import type { FileDescription, Result } from '../file.ts';
import { Socket } from './socket.ts';

export class Flight {
  /** How many messages hold each. */
  private readonly held = new Map<FileDescription, number>();
  private total = 0;
  /** How many are on their way. */
  get size(): number { return this.total; }
  private readonly falling: FileDescription[] = [];
  private isDropping = false;

  /** The message takes hold of the files. "ETOOMANYREFS: this error can occur for sendmsg(2) when sending a file descriptor": unix(7). */
  takeOff(files: readonly FileDescription[], limit: number): Result {
    if (files.length === 0) return 0;
    if (this.total + files.length > limit) this.collect();
    if (this.total + files.length > limit) return -ETOOMANYREFS;
    for (const description of files) this.held.set(description.retain(), (this.held.get(description) ?? 0) + 1);
    this.total += files.length;
    return 0;
  }
  /** They are no longer in a message; what held them is the caller's. */
  land(files: readonly FileDescription[]): void {
    for (const description of files) {
      const left = (this.held.get(description) ?? 1) - 1;
      if (left === 0) this.held.delete(description); else this.held.set(description, left);
    }
    this.total -= files.length;
  }
  /** Nobody receives them. A file that is closed thereby may hold others: one after the other, for chains may be long. */
  drop(files: readonly FileDescription[]): void {
    this.land(files);
    this.falling.push(...files);
    if (this.isDropping) return;
    this.isDropping = true;
    for (let next = this.falling.pop(); next !== undefined; next = this.falling.pop()) next.release();
    this.isDropping = false;
  }

  /** Empties sockets that nobody can reach: in messages only, and those all in sockets of that kind. */
  collect(): void {
    if (this.total === 0 || this.isDropping) return;
    const carriedBy = new Map<FileDescription, readonly FileDescription[]>();
    for (const [description, held] of this.held) {
      if (description.references === held && description.file instanceof Socket) carriedBy.set(description, description.file.carried());
    }
    const within = new Map<FileDescription, number>();
    for (const carried of carriedBy.values()) for (const description of carried) within.set(description, (within.get(description) ?? 0) + 1);
    const reachable = [...carriedBy.keys()].filter(description => description.references > (within.get(description) ?? 0)), seen = new Set(reachable);
    for (let next = reachable.pop(); next !== undefined; next = reachable.pop()) {
      for (const description of carriedBy.get(next) ?? []) if (carriedBy.has(description) && !seen.has(description)) { seen.add(description); reachable.push(description); }
    }
    for (const description of carriedBy.keys()) if (!seen.has(description) && description.file instanceof Socket) description.file.purge();
  }
}
