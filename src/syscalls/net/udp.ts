/** UDP between sockets of one machine (udp(7), RFC 768). */
import { EADDRNOTAVAIL, EAGAIN, ECONNREFUSED, EDESTADDRREQ, EFAULT, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPIPE } from '../../base/errno.ts';
import type { Result, UserBuffer } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLWRBAND } from '../uapi.ts';
import { familyOf, inetAddress, type Endpoint, type RawAddress } from './address.ts';
import { InetSocket } from './inet.ts';
import type { Network } from './network.ts';
import { Account, chargeOf, PacketQueue, type Credentials } from './queue.ts';
import type { Outgoing, Received, SocketKind } from './socket.ts';
import { AF_UNSPEC, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, SHUT_BOTH, SHUT_RECEIVE, SHUT_SEND, SO_RCVBUF, SOL_SOCKET } from './uapi.ts';

/** 65535, less the headers of IPv4 and UDP. */
const DATAGRAM_BYTES_MAX = 65507;

export class UdpSocket extends InetSocket {
  private readonly queue = new PacketQueue();
  /** What waits here: SO_RCVBUF limits it, and what is beyond is lost. */
  private readonly held: Account;

  constructor(network: Network, kind: SocketKind, maker: Credentials) {
    super(network, kind, maker, network.udp);
    this.held = new Account(network.buffered);
  }
  override connect(_task: KernelTask, raw: RawAddress): Result {
    if (raw.byteLength < 2) return -EINVAL;
    if (familyOf(raw) === AF_UNSPEC) {
      this.remote = null;
      if (!this.isBound) this.leavePort();
      return 0;
    }
    const to = this.target(raw);
    if (typeof to === 'number') return to;
    const source = this.sourceFor(to.ip);
    if (this.localPort === 0 && this.take(source, 0) < 0) return -EADDRNOTAVAIL;
    this.localIp = source;
    this.remote = to;
    return 0;
  }
  override accept(): Result { return -EOPNOTSUPP; }
  override shutdown(halves: number): Result {
    this.shut |= halves;
    this.wakeInput(); this.wakeOutput();
    return this.remote === null ? -ENOTCONN : 0;
  }
  release(): void {
    for (let packet = this.queue.shift(); packet !== null; packet = this.queue.shift());
    this.leavePort();
  }

  send({ from, to: raw, flags }: Outgoing): Result {
    if (this.localPort === 0 && this.take(this.localIp, 0) < 0) return -EAGAIN;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (from.length > DATAGRAM_BYTES_MAX) return -EMSGSIZE;
    const to = raw === null || (raw.byteLength >= 2 && familyOf(raw) === AF_UNSPEC && this.remote !== null) ? this.remote : this.target(raw);
    if (to === null) return -EDESTADDRREQ;
    if (typeof to === 'number') return to;
    if (to.port === 0) return -EINVAL;
    if (this.error !== 0) return -this.takeError();
    if ((this.shut & SHUT_SEND) !== 0) return -EPIPE;
    const bytes = new Uint8Array(from.length);
    if (bytes.length > 0 && !from.memory.copyIn(from.address, bytes)) return -EFAULT;
    const source = { ip: this.sourceFor(to.ip), port: this.localPort }, hearer = this.hearer(to, source);
    if (hearer === null) {
      // ICMP's answer reaches who is connected (udp(7), "Error handling").
      if (this.remote !== null) { this.error = ECONNREFUSED; this.wakeInput(); }
    } else hearer.arrive(bytes, source);
    return bytes.length;
  }
  private hearer(to: Endpoint, source: Endpoint): UdpSocket | null {
    const sockets = this.hearers(to).filter((holder): holder is UdpSocket => holder instanceof UdpSocket);
    const isFrom = ({ remote }: UdpSocket): boolean => remote !== null && remote.ip === source.ip && remote.port === source.port;
    return sockets.find(isFrom) ?? sockets.find(({ remote }) => remote === null) ?? null;
  }
  private arrive(bytes: Uint8Array, source: Endpoint): void {
    if (this.held.bytes > this.options.get(SOL_SOCKET, SO_RCVBUF) || this.network.room <= 0) return;
    this.queue.push({
      bytes, at: 0, end: bytes.length, from: inetAddress(this.kind.domain, source), credentials: null, files: [], account: this.held,
      charge: chargeOf(bytes.length),
    });
    this.wakeInput();
  }
  receive(to: UserBuffer, flags: number): Received | Result {
    if (this.error !== 0) return -this.takeError();
    const packet = this.queue.head();
    if (packet === null) return (this.shut & SHUT_RECEIVE) !== 0 && (flags & MSG_DONTWAIT) === 0 ? { length: 0, whole: 0, from: null, flags: 0, credentials: null, files: [] } : -EAGAIN;
    const length = Math.min(to.length, packet.end);
    const isTold = to.memory.copyOut(to.address, packet.bytes.subarray(0, length));
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    if (!isTold) return -EFAULT;
    return { length, whole: packet.end, from: packet.from, flags: length < packet.end ? MSG_TRUNC : 0, credentials: null, files: [] };
  }
  readableBytes(): Result { return this.queue.head()?.end ?? 0; }
  poll(): number {
    return (this.error !== 0 ? POLLERR : 0) | (this.shut === SHUT_BOTH ? POLLHUP : 0) | ((this.shut & SHUT_RECEIVE) !== 0 ? POLLIN | POLLRDHUP : 0)
      | (this.queue.length > 0 ? POLLIN : 0) | POLLOUT | POLLWRBAND;
  }
}
