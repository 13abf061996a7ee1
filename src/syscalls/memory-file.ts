/** Files that live in the emulator: memfd_create(2), the random devices. */
import { EBUSY, EFBIG, EINVAL, ENODEV, ENOSPC, ENOTTY, ENXIO, EPERM } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { ByteString } from '../host/host.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { PROT_ALL, PROT_WRITE } from '../mmu/vma.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import type { Entropy } from './entropy.ts';
import type { File, Result, Stat, UserBuffer } from './file.ts';
import { seekTo } from './host-file.ts';
import type { AnonymousPages } from './pages.ts';
import { S_IFREG, SEEK_DATA, SEEK_HOLE } from './uapi.ts';

const MEMFD_BYTES_MAX = 2 ** 40;
/** fcntl(2), "File sealing". A memfd made without MFD_ALLOW_SEALING has the first. */
export const F_SEAL_SEAL = 1, F_SEAL_EXEC = 0x20;
const F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8, F_SEAL_FUTURE_WRITE = 16, SEALS_KNOWN = 0x3f;

/** An open memfd: its pages are shared with every mapping and every other open of it. */
export class MemoryFile implements File {
  private readonly pages: AnonymousPages;
  private readonly staging: Uint8Array;
  constructor(pages: AnonymousPages, staging: Uint8Array) { this.pages = pages; this.staging = staging; pages.retain(); }
  get seals(): number { return this.pages.seals; }
  addSeals(seals: number): Result {
    const { pages } = this;
    if ((seals & ~SEALS_KNOWN) !== 0) return -EINVAL;
    if ((pages.seals & F_SEAL_SEAL) !== 0) return -EPERM;
    if ((seals & F_SEAL_WRITE) !== 0 && pages.writableMappings > 0) return -EBUSY;
    pages.seals |= seals;
    return 0;
  }
  get name(): string { return this.pages.name; }

  read(to: UserBuffer, at: number): Result {
    const available = { ...to, length: Math.max(0, Math.min(to.length, this.pages.length - at)) };
    return copyOutPieces(available, this.staging, (into, done) => { this.pages.read(at + done, into); return into.length; });
  }
  write(from: UserBuffer, at: number): Result {
    const { pages } = this;
    if (at + from.length > MEMFD_BYTES_MAX) return -EFBIG;
    if (from.length === 0) return 0;
    if ((pages.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -EPERM;
    if ((pages.seals & F_SEAL_GROW) !== 0 && at + from.length > pages.length) {
      // Page by page: those that end within the file can still be written.
      const whole = Math.floor(pages.length / PAGE_BYTES) * PAGE_BYTES;
      return at >= whole ? -EPERM : this.write({ ...from, length: whole - at }, at);
    }
    return copyInPieces(from, this.staging, (bytes, done) => this.pages.write(at + done, bytes) ? bytes.length : -ENOSPC);
  }
  seek(offset: number, whence: number, from: number): Result {
    const { length } = this.pages;
    if (whence !== SEEK_DATA && whence !== SEEK_HOLE || offset < 0 || offset >= length) return seekTo(offset, whence, from, length);
    const found = Math.max(offset, this.pages.seek(offset, whence === SEEK_DATA));
    return found < length ? found : whence === SEEK_DATA ? -ENXIO : length;
  }
  stat(): Stat {
    return {
      mode: S_IFREG | 0o777, ino: BigInt(this.pages.inode), nlink: 0, size: this.pages.length, blksize: 4096,
      blocks: this.pages.pageCount * 8,
    };
  }
  truncate(length: number): Result {
    const { seals } = this.pages;
    if (length > MEMFD_BYTES_MAX) return -EFBIG;
    if (length < this.pages.length && (seals & F_SEAL_SHRINK) !== 0 || length > this.pages.length && (seals & F_SEAL_GROW) !== 0) return -EPERM;
    this.pages.truncate(length);
    return 0;
  }
  zero(from: number, to: number): Result {
    if ((this.pages.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -EPERM;
    this.pages.punch(from, to);
    return 0;
  }
  map(request: MapRequest): MapRequest | Result {
    const isSealed = request.shared && (this.pages.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
    if (isSealed && (request.prot & PROT_WRITE) !== 0) return -EPERM;
    return { ...request, object: this.pages, ...isSealed ? { maxProt: (request.maxProt ?? PROT_ALL) & ~PROT_WRITE } : {} };
  }
  ioctl(): Result { return -ENOTTY; }
  sync(): Result { return 0; }
  reopen(): File { return new MemoryFile(this.pages, this.staging); }
  release(): void { this.pages.release(); }
}

/** /dev/random and /dev/urandom (random(4)), from the seed. Writes are welcome and forgotten. */
export class RandomDevice implements File {
  readonly name: ByteString;
  private readonly attributes: Stat;
  private readonly entropy: Entropy;
  private readonly staging: Uint8Array;
  constructor(name: ByteString, attributes: Stat, entropy: Entropy, staging: Uint8Array) { this.name = name; this.attributes = attributes; this.entropy = entropy; this.staging = staging; }
  read(to: UserBuffer): Result {
    return copyOutPieces(to, this.staging, into => { this.entropy.fill(into); return into.length; });
  }
  write(from: UserBuffer): Result { return from.length; }
  seek(): Result { return 0; }
  stat(): Stat { return this.attributes; }
  ioctl(): Result { return -EINVAL; }
  map(): Result { return -ENODEV; }
  reopen(): File { return this; }
}
