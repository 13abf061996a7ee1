/** gdb reads the guest's files (GDB manual, appendix E.8, "Host I/O Packets"; E.13.7 for struct stat and error numbers). It may not write them. */
import { EBADF, EINVAL, ENAMETOOLONG, ENOENT, EROFS } from '../../base/errno.ts';
import { byteString, bytesOf, type ByteString, type Host, type HostResult } from '../../host/host.ts';
import { numberOfHex, textOfHex } from '../hex.ts';
import type { Stat } from '../../syscalls/file.ts';
import { statOf } from '../../syscalls/made-up.ts';
import type { KernelTask } from '../../syscalls/process.ts';
import { AT_FDCWD } from '../../syscalls/uapi.ts';
import { locate, type Place } from '../../syscalls/walk.ts';
import { escaped } from './packets.ts';

const O_ACCMODE = 3, STAT_BYTES = 64, READ_BYTES_MAX = 0x8000, OPEN_MAX = 64;
/** Of the protocol's own: the others are Linux's. */
const ERRNO: Readonly<Record<number, number>> = { [ENAMETOOLONG]: 91 };
function failed(error: number): string { return `F-1,${(ERRNO[error] ?? error).toString(16)}`; }
function ok(result: number, data?: ByteString): string { return data === undefined ? `F${result.toString(16)}` : `F${result.toString(16)};${escaped(data)}`; }

/** A file of the host's; or what the kernel makes up, as it was when it was opened. */
type Opened = number | { readonly bytes: Uint8Array; readonly stat: Stat };

export class GuestFileReader {
  private readonly host: Host;
  /** Who sees files. */
  private readonly viewer: () => KernelTask | null;
  private readonly opened = new Map<number, Opened>();
  private last = 2;
  constructor(host: Host, viewer: () => KernelTask | null) { this.host = host; this.viewer = viewer; }

  /** What comes after `vFile:`. null: no such packet. */
  answer(rest: string): string | null {
    const at = rest.indexOf(':'), row = at === -1 ? undefined : this.rows[rest.slice(0, at)];
    return row?.(rest.slice(at + 1).split(',')) ?? null;
  }
  private readonly rows: Readonly<Record<string, (args: readonly string[]) => string>> = {
    setfs: () => ok(0),
    open: ([path = '', flags = '']) => {
      const name = textOfHex(path), mode = numberOfHex(flags);
      if (name === null || mode === null) return failed(EINVAL);
      if ((mode & O_ACCMODE) !== 0 || mode > O_ACCMODE) return failed(EROFS);
      if (this.opened.size >= OPEN_MAX) return failed(24);
      const place = this.place(name, true), made = this.made(place);
      if (typeof made === 'number') return failed(-made);
      const opened = made ?? this.host.open(this.pathOf(place, name), 0, 0);
      if (typeof opened === 'number' && opened < 0) return failed(-opened);
      this.opened.set(this.last += 1, opened);
      return ok(this.last);
    },
    close: ([fd]) => {
      const number = numberOfHex(fd) ?? -1, own = this.opened.get(number);
      if (own === undefined) return failed(EBADF);
      this.opened.delete(number);
      if (typeof own === 'number') this.host.close(own);
      return ok(0);
    },
    pread: ([fd, count, offset]) => {
      const own = this.opened.get(numberOfHex(fd) ?? -1), length = numberOfHex(count), at = numberOfHex(offset);
      if (own === undefined) return failed(EBADF);
      if (length === null || at === null) return failed(EINVAL);
      if (typeof own === 'object') { const part = own.bytes.subarray(at, at + Math.min(length, READ_BYTES_MAX)); return ok(part.length, byteString(part)); }
      const bytes = new Uint8Array(Math.min(length, READ_BYTES_MAX));
      return this.result(this.host.read(own, bytes, at), got => ok(got, byteString(bytes.subarray(0, got))));
    },
    fstat: ([fd]) => {
      const own = this.opened.get(numberOfHex(fd) ?? -1), stat = own === undefined ? -EBADF : typeof own === 'object' ? own.stat : this.host.fstat(own);
      return typeof stat === 'number' ? failed(-stat) : ok(STAT_BYTES, statText(stat));
    },
    readlink: ([path = '']) => {
      const name = textOfHex(path), place = name === null ? -ENOENT : this.place(name, false);
      const target = typeof place === 'number' ? place : place?.kind === 'made-up' ? place.node.kind === 'link' ? place.node.target() : -EINVAL : this.host.readLink(this.pathOf(place, name!));
      return typeof target === 'number' ? failed(-target) : ok(target.length, target);
    },
    pwrite: () => failed(EROFS),
    unlink: () => failed(EROFS),
  };
  /** What the program would find; null: there is nobody to ask, and the host knows. */
  private place(name: ByteString, followsLast: boolean): Place | number | null {
    const viewer = this.viewer();
    return viewer === null ? null : locate(viewer, AT_FDCWD, name, followsLast);
  }
  /** What is made up, or -errno; null: that is the host's. */
  private made(place: Place | number | null): Opened | null {
    if (typeof place === 'number') return place;
    if (place === null || place.kind === 'host') return null;
    if (place.kind === 'open') return -EINVAL;
    const { node, path } = place;
    if (node.kind !== 'file' || node.text === undefined) return -EINVAL;
    return { bytes: bytesOf(node.text()), stat: statOf(node, path) };
  }
  private pathOf(place: Place | number | null, name: ByteString): ByteString { return typeof place === 'object' && place?.kind === 'host' ? place.path : name.startsWith('/') ? name : `${this.host.directory}/${name}`; }
  private result(result: HostResult, good: (result: number) => string): string { return result < 0 ? failed(-result) : good(result); }
  closeAll(): void {
    for (const own of this.opened.values()) if (typeof own === 'number') this.host.close(own);
    this.opened.clear();
  }
}
/** struct stat of the protocol: big-endian words, sizes of eight bytes. */
function statText({ dev = 0n, ino = 0n, mode, nlink = 1, uid = 0, gid = 0, rdev = 0n, size = 0, blksize = 0, blocks = 0, atimeNs = 0n, mtimeNs = 0n, ctimeNs = 0n }: Stat): ByteString {
  const bytes = new Uint8Array(STAT_BYTES), view = new DataView(bytes.buffer), seconds = (ns: bigint): number => Number(ns / 1_000_000_000n);
  [Number(dev & 0xffff_ffffn), Number(ino & 0xffff_ffffn), mode, nlink, uid, gid, Number(rdev & 0xffff_ffffn)].forEach((value, k) => { view.setUint32(4 * k, value); });
  [size, blksize, blocks].forEach((value, k) => { view.setBigUint64(28 + 8 * k, BigInt(value)); });
  [atimeNs, mtimeNs, ctimeNs].forEach((value, k) => { view.setUint32(52 + 4 * k, seconds(value)); });
  return byteString(bytes);
}
