/** What was sent and not yet received (Linux: sk_receive_queue, sk_wmem_alloc). */
import type { FileDescription, UserBuffer } from '../file.ts';

/** Who sent a message (credentials(7), SCM_CREDENTIALS). */
export interface Credentials { readonly pid: number; readonly uid: number; readonly gid: number }
export interface Packet {
  readonly bytes: Uint8Array;
  /** Of a stream: what was received already, and what there is. */
  at: number;
  end: number;
  /** The sender's address as recvfrom tells it. */
  readonly from: Uint8Array | null;
  readonly credentials: Credentials | null;
  files: readonly FileDescription[];
  /** Whose buffer it fills until it is received, and by how much. */
  readonly account: Account;
  readonly charge: number;
}
/** All that is on its way: the kernel's memory has a limit, whoever fills it. */
export class Account {
  bytes = 0;
  private readonly total: Account | null;
  constructor(total: Account | null) { this.total = total; }
  add(bytes: number): void { this.bytes += bytes; if (this.total !== null) this.total.bytes += bytes; }
}

/** Bytes without borders: what TCP carries. Small writes share a piece. */
export class ByteQueue {
  private pieces: { readonly bytes: Uint8Array; at: number; end: number }[] = [];
  length = 0;
  private readonly account: Account;
  constructor(account: Account) { this.account = account; }

  /** Takes `count` bytes from `skip` on, as far as memory is there: how many. */
  append(from: UserBuffer, skip: number, count: number): number {
    let done = 0;
    while (done < count) {
      const last = this.pieces[this.pieces.length - 1];
      const piece = last !== undefined && last.end < last.bytes.length ? last : { bytes: new Uint8Array(Math.min(Math.max(count - done, 2048), 65536)), at: 0, end: 0 };
      const into = piece.bytes.subarray(piece.end, piece.end + count - done);
      if (!from.memory.copyIn(from.address + skip + done, into)) break;
      piece.end += into.length;
      done += into.length;
      if (piece !== last) this.pieces.push(piece);
    }
    this.length += done;
    this.account.add(done);
    return done;
  }
  /** Copies the first `count` bytes: how many there was memory for. */
  copy(to: UserBuffer, count: number): number {
    let done = 0;
    for (const { bytes, at, end } of this.pieces) {
      if (done >= count) break;
      const part = bytes.subarray(at, Math.min(end, at + count - done));
      if (!to.memory.copyOut(to.address + done, part)) break;
      done += part.length;
    }
    return done;
  }
  drop(count: number): void {
    let left = count;
    while (left > 0) {
      const [piece] = this.pieces;
      if (piece === undefined) break;
      const part = Math.min(left, piece.end - piece.at);
      piece.at += part; left -= part;
      if (piece.at === piece.end) this.pieces.shift();
    }
    this.length -= count - left;
    this.account.add(left - count);
  }
  clear(): void { this.drop(this.length); this.pieces = []; }
}

/** A packet costs more than its bytes, as an sk_buff does. */
export const PACKET_OVERHEAD_BYTES = 768;
export function chargeOf(length: number): number { return PACKET_OVERHEAD_BYTES + Math.max(0, length - 256); }

export class PacketQueue {
  private readonly packets: Packet[] = [];
  private first = 0;
  /** Bytes not yet received. */
  bytes = 0;
  get length(): number { return this.packets.length - this.first; }
  head(after = 0): Packet | null { return this.packets[this.first + after] ?? null; }
  get tail(): Packet | null { return this.length === 0 ? null : this.packets[this.packets.length - 1] ?? null; }
  push(packet: Packet): void {
    this.packets.push(packet);
    this.bytes += packet.end - packet.at;
    packet.account.add(packet.charge);
  }
  /** The first packet leaves; its files are the caller's. */
  shift(): Packet | null {
    const packet = this.head();
    if (packet === null) return null;
    this.first += 1;
    if (this.first >= 64 && this.first * 2 >= this.packets.length) { this.packets.splice(0, this.first); this.first = 0; }
    this.bytes -= packet.end - packet.at;
    packet.account.add(-packet.charge);
    return packet;
  }
  *[Symbol.iterator](): Iterator<Packet> { for (let i = this.first; i < this.packets.length; i++) { const packet = this.packets[i]; if (packet) yield packet; } }
}
