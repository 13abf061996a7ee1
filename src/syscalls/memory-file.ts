/** Files that live in the emulator: memfd_create(2), text made for /proc, the random devices, listings of made-up directories. */
import { EFBIG, EINVAL, ENODEV, ENOSPC, ENOTTY } from '../base/errno.ts';
import type { ByteString } from '../host/host.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import type { Entropy } from './entropy.ts';
import type { DirectoryEntry, File, Result, Stat, UserBuffer } from './file.ts';
import { seekTo } from './host-file.ts';
import type { AnonymousPages } from './pages.ts';
import { S_IFCHR, S_IFDIR, S_IFREG } from './uapi.ts';

const MEMFD_BYTES_MAX = 2 ** 40;

/** An open memfd: its pages are shared with every mapping and every other open of it. */
export class MemoryFile implements File {
  private readonly pages: AnonymousPages;
  private readonly staging: Uint8Array;
  constructor(pages: AnonymousPages, staging: Uint8Array) { this.pages = pages; this.staging = staging; pages.retain(); }
  get name(): string { return this.pages.name; }

  read(to: UserBuffer, at: number): Result {
    const available = { ...to, length: Math.max(0, Math.min(to.length, this.pages.length - at)) };
    return copyOutPieces(available, this.staging, (into, done) => { this.pages.read(at + done, into); return into.length; });
  }
  write(from: UserBuffer, at: number): Result {
    if (at + from.length > MEMFD_BYTES_MAX) return -EFBIG;
    return copyInPieces(from, this.staging, (bytes, done) => this.pages.write(at + done, bytes) ? bytes.length : -ENOSPC);
  }
  seek(offset: number, whence: number, from: number): Result { return seekTo(offset, whence, from, this.pages.length); }
  stat(): Stat {
    return {
      mode: S_IFREG | 0o777, ino: BigInt(this.pages.inode), nlink: 0, size: this.pages.length, blksize: 4096,
      blocks: this.pages.pageCount * 8,
    };
  }
  truncate(length: number): Result {
    if (length > MEMFD_BYTES_MAX) return -EFBIG;
    this.pages.truncate(length);
    return 0;
  }
  map(request: MapRequest): MapRequest { return { ...request, object: this.pages }; }
  ioctl(): Result { return -ENOTTY; }
  sync(): Result { return 0; }
  reopen(): File { return new MemoryFile(this.pages, this.staging); }
  release(): void { this.pages.release(); }
}

/** A text as it was when the file was opened. */
export class SnapshotFile implements File {
  readonly name: ByteString;
  private readonly bytes: Uint8Array;
  constructor(name: ByteString, bytes: Uint8Array) { this.name = name; this.bytes = bytes; }
  read(to: UserBuffer, at: number): Result {
    const rest = this.bytes.subarray(Math.min(at, this.bytes.length));
    return copyOutPieces(to, new Uint8Array(Math.min(to.length, rest.length + 1)), (into, done) => {
      const piece = rest.subarray(done, done + into.length);
      into.set(piece);
      return piece.length;
    });
  }
  seek(offset: number, whence: number, from: number): Result { return seekTo(offset, whence, from, this.bytes.length); }
  stat(): Stat { return { mode: S_IFREG | 0o444, nlink: 1, blksize: 1024 }; }
  reopen(): File { return this; }
}

/** /dev/random and /dev/urandom (random(4)), from the seed. Writes are welcome and forgotten. */
export class RandomDevice implements File {
  readonly name: ByteString;
  private readonly entropy: Entropy;
  private readonly staging: Uint8Array;
  constructor(name: ByteString, entropy: Entropy, staging: Uint8Array) { this.name = name; this.entropy = entropy; this.staging = staging; }
  read(to: UserBuffer): Result {
    return copyOutPieces(to, this.staging, into => { this.entropy.fill(into); return into.length; });
  }
  write(from: UserBuffer): Result { return from.length; }
  seek(): Result { return 0; }
  stat(): Stat { return { mode: S_IFCHR | 0o666, nlink: 1, rdev: 0x109n, blksize: 4096 }; }
  ioctl(): Result { return -EINVAL; }
  map(): Result { return -ENODEV; }
  reopen(): File { return this; }
}

/** A directory the kernel makes up: /proc/self and what is in it. */
export class ListingDirectory implements File {
  readonly name: ByteString;
  readonly directory: ByteString;
  private readonly list: () => readonly ByteString[];
  private known: readonly DirectoryEntry[] | null = null;
  constructor(name: ByteString, list: () => readonly ByteString[]) { this.name = name; this.directory = name; this.list = list; }
  entries(from: number): readonly DirectoryEntry[] {
    if (from > 0 && this.known !== null) return this.known;
    this.known = ['.', '..', ...this.list()].map((name, i) => ({ ino: BigInt(i + 1), type: 0, name }));
    return this.known;
  }
  seek(offset: number, whence: number, from: number): Result { return seekTo(offset, whence, from, this.known?.length ?? 0); }
  stat(): Stat { return { mode: S_IFDIR | 0o555, nlink: 2, blksize: 1024 }; }
  reopen(): File { return new ListingDirectory(this.name, this.list); }
}
