/** Files of an overlay (overlay-host.ts): what was changed in memory, over what is on the host. */
import { EACCES, ENOSPC, EPERM } from '../base/errno.ts';
import type { ByteString, HostResult, HostStat, HostUser } from './host.ts';
import { joined } from './path.ts';

export const S_IFMT = 0o170000, DIRECTORY = 0o040000, REGULAR = 0o100000, LINK = 0o120000, S_ISVTX = 0o1000;
export const R_OK = 4, W_OK = 2, X_OK = 1;

/** Memory there is for what the guest writes: whatever is over it is refused. */
export class Budget {
  readonly bytes: number;
  used = 0;
  constructor(bytes: number) { this.bytes = bytes; }
  take(bytes: number): boolean {
    if (this.used + bytes > this.bytes) return false;
    this.used += bytes;
    return true;
  }
  give(bytes: number): void { this.used = Math.max(0, this.used - bytes); }
}
/** What a name, a node and its maps cost, roughly. */
export const NODE_BYTES = 1024;
const CHUNK_BYTES = 16384;

export class OverlayNode {
  /** S_IFMT's part of the mode. */
  readonly kind: number;
  /** Where it is on the host; null: nowhere. A directory's other names come from there, a file's unwritten bytes. */
  lower: ByteString | null;
  /** Owner, mode and times, once they were changed; null: the host's. */
  own: HostStat | null;
  /** Where it was found last. */
  parent: OverlayNode;
  name: ByteString;
  /** A directory's changes: null is a name that was removed. */
  readonly entries: Map<ByteString, OverlayNode | null> | null;
  readonly target: ByteString;
  /** A file that was written. */
  content: Content | null = null;
  opens = 0;
  lowerFd = -1;

  constructor(kind: number, lower: ByteString | null, own: HostStat | null, parent: OverlayNode | null, name: ByteString, target = '') {
    this.kind = kind; this.lower = lower; this.own = own; this.parent = parent ?? this; this.name = name; this.target = target;
    this.entries = kind === DIRECTORY ? new Map() : null;
  }
  get isDirectory(): boolean { return this.entries !== null; }
  /** A name still leads here: one that is in the tree because it was changed or opened. */
  get isAttached(): boolean { return this.parent === this || this.parent.entries?.get(this.name) === this; }
  /** It was found on the host by its name, which nothing here has taken since: who is neither this nor attached was removed. */
  get isJustFound(): boolean {
    const { parent, name } = this;
    return parent.lower !== null && this.lower === joined(parent.lower, name) && parent.entries?.get(name) === undefined;
  }
  /** Nothing would be lost if it were found on the host anew. */
  get isClean(): boolean { return this.own === null && this.opens === 0 && (this.entries === null || this.entries.size === 0); }
}

/** A file's bytes: pieces that were written, and below `base` those of the host where no piece is. */
export class Content {
  size: number;
  private base: number;
  private readonly chunks = new Map<number, Uint8Array>();
  private readonly budget: Budget;
  constructor(size: number, budget: Budget) { this.size = size; this.base = size; this.budget = budget; }
  get allocatedBytes(): number { return this.chunks.size * CHUNK_BYTES + this.base; }

  read(into: Uint8Array, at: number, below: (into: Uint8Array, at: number) => HostResult): HostResult {
    const total = Math.max(0, Math.min(into.length, this.size - at));
    for (let done = 0; done < total;) {
      const place = at + done, index = Math.floor(place / CHUNK_BYTES), inChunk = place % CHUNK_BYTES, length = Math.min(CHUNK_BYTES - inChunk, total - done);
      const chunk = this.chunks.get(index), piece = into.subarray(done, done + length);
      if (chunk !== undefined) piece.set(chunk.subarray(inChunk, inChunk + length));
      else {
        const error = this.fromBelow(piece, place, below);
        if (error < 0) return done > 0 ? done : error;
      }
      done += length;
    }
    return total;
  }
  write(from: Uint8Array, at: number, below: (into: Uint8Array, at: number) => HostResult): HostResult {
    for (let done = 0; done < from.length;) {
      const place = at + done, index = Math.floor(place / CHUNK_BYTES), inChunk = place % CHUNK_BYTES, length = Math.min(CHUNK_BYTES - inChunk, from.length - done);
      const chunk = this.chunks.get(index) ?? this.newChunk(index, length === CHUNK_BYTES, below);
      if (typeof chunk === 'number') return done > 0 ? done : chunk;
      chunk.set(from.subarray(done, done + length), inChunk);
      done += length;
      this.size = Math.max(this.size, at + done);
    }
    return from.length;
  }
  cut(size: number): void {
    if (size < this.size) {
      for (const index of this.chunks.keys()) if (index * CHUNK_BYTES >= size) this.drop(index);
      this.chunks.get(Math.floor(size / CHUNK_BYTES))?.fill(0, size % CHUNK_BYTES);
      this.base = Math.min(this.base, size);
    }
    this.size = size;
  }
  release(): void { for (const index of this.chunks.keys()) this.drop(index); }

  private newChunk(index: number, isWhole: boolean, below: (into: Uint8Array, at: number) => HostResult): Uint8Array | HostResult {
    if (!this.budget.take(CHUNK_BYTES)) return -ENOSPC;
    const chunk = new Uint8Array(CHUNK_BYTES), error = isWhole ? 0 : this.fromBelow(chunk, index * CHUNK_BYTES, below);
    if (error < 0) { this.budget.give(CHUNK_BYTES); return error; }
    this.chunks.set(index, chunk);
    return chunk;
  }
  private fromBelow(piece: Uint8Array, at: number, below: (into: Uint8Array, at: number) => HostResult): HostResult {
    const known = Math.max(0, Math.min(piece.length, this.base - at));
    let got = 0;
    while (got < known) {
      const more = below(piece.subarray(got, known), at + got);
      if (more < 0) return more;
      if (more === 0) break;
      got += more;
    }
    piece.fill(0, got);
    return 0;
  }
  private drop(index: number): void { this.chunks.delete(index); this.budget.give(CHUNK_BYTES); }
}

/** May a name be taken from a directory one can write: in a sticky one only by an owner (unlink(2), EPERM). */
export function mayTakeName(directory: HostStat, file: HostStat, { euid }: HostUser): HostResult {
  return (directory.mode & S_ISVTX) === 0 || [0, directory.uid, file.uid].includes(euid) ? 0 : -EPERM;
}
/** access(2) by owner, group and mode alone (path_resolution(7), "Permissions"). */
export function permits({ mode, uid, gid }: HostStat, user: HostUser, wanted: number): HostResult {
  if (user.euid === 0) return (wanted & X_OK) === 0 || (mode & S_IFMT) === DIRECTORY || (mode & 0o111) !== 0 ? 0 : -EACCES;
  const shift = uid === user.euid ? 6 : gid === user.egid || user.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted ? 0 : -EACCES;
}
