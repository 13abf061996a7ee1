/** gdb reads the guest's files (GDB manual, appendix E.8, "Host I/O Packets"; E.13.7 for struct stat and error numbers). It may not write them. */
import { EBADF, EINVAL, ENAMETOOLONG, ENOENT, EROFS } from '../../base/errno.ts';
import { byteString, type ByteString, type Host, type HostResult, type HostStat } from '../../host/host.ts';
import { numberOfHex, textOfHex } from '../hex.ts';
import { escaped } from './packets.ts';

const O_ACCMODE = 3, STAT_BYTES = 64, READ_BYTES_MAX = 0x8000, OPEN_MAX = 64;
/** Of the protocol's own: the others are Linux's. */
const ERRNO: Readonly<Record<number, number>> = { [ENAMETOOLONG]: 91 };
function failed(error: number): string { return `F-1,${(ERRNO[error] ?? error).toString(16)}`; }
function ok(result: number, data?: ByteString): string { return data === undefined ? `F${result.toString(16)}` : `F${result.toString(16)};${escaped(data)}`; }

export class GuestFileReader {
  private readonly host: Host;
  private readonly opened = new Map<number, number>();
  private last = 2;
  constructor(host: Host) { this.host = host; }

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
      return this.result(this.host.open(this.absolute(name), 0, 0), fd => { this.opened.set(this.last += 1, fd); return ok(this.last); });
    },
    close: ([fd]) => {
      const number = numberOfHex(fd) ?? -1, own = this.opened.get(number);
      if (own === undefined) return failed(EBADF);
      this.opened.delete(number);
      this.host.close(own);
      return ok(0);
    },
    pread: ([fd, count, offset]) => {
      const own = this.opened.get(numberOfHex(fd) ?? -1), length = numberOfHex(count), at = numberOfHex(offset);
      if (own === undefined) return failed(EBADF);
      if (length === null || at === null) return failed(EINVAL);
      const bytes = new Uint8Array(Math.min(length, READ_BYTES_MAX));
      return this.result(this.host.read(own, bytes, at), got => ok(got, byteString(bytes.subarray(0, got))));
    },
    fstat: ([fd]) => {
      const own = this.opened.get(numberOfHex(fd) ?? -1), stat = own === undefined ? -EBADF : this.host.fstat(own);
      return typeof stat === 'number' ? failed(-stat) : ok(STAT_BYTES, statText(stat));
    },
    readlink: ([path = '']) => {
      const name = textOfHex(path), target = name === null ? -ENOENT : this.host.readLink(this.absolute(name));
      return typeof target === 'number' ? failed(-target) : ok(target.length, target);
    },
    pwrite: () => failed(EROFS),
    unlink: () => failed(EROFS),
  };
  private absolute(path: ByteString): ByteString { return path.startsWith('/') ? path : `${this.host.directory}/${path}`; }
  private result(result: HostResult, good: (result: number) => string): string { return result < 0 ? failed(-result) : good(result); }
  closeAll(): void {
    for (const fd of this.opened.values()) this.host.close(fd);
    this.opened.clear();
  }
}
/** struct stat of the protocol: big-endian words, sizes of eight bytes. */
function statText(s: HostStat): ByteString {
  const bytes = new Uint8Array(STAT_BYTES), view = new DataView(bytes.buffer), seconds = (ns: bigint): number => Number(ns / 1_000_000_000n);
  [Number(s.dev & 0xffff_ffffn), Number(s.ino & 0xffff_ffffn), s.mode, s.nlink, s.uid, s.gid, Number(s.rdev & 0xffff_ffffn)].forEach((value, k) => { view.setUint32(4 * k, value); });
  [s.size, s.blksize, s.blocks].forEach((value, k) => { view.setBigUint64(28 + 8 * k, BigInt(value)); });
  [s.atimeNs, s.mtimeNs, s.ctimeNs].forEach((value, k) => { view.setUint32(52 + 4 * k, seconds(value)); });
  return byteString(bytes);
}
