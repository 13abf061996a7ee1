/** TCP between sockets of one machine (tcp(7), RFC 9293): connections are made at once, and nothing is lost on the way. */
import {
  EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EALREADY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EFAULT, EINPROGRESS, EISCONN, EINVAL, ENOTCONN, EOPNOTSUPP, EPIPE,
} from '../../base/errno.ts';
import type { Result, UserBuffer } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../uapi.ts';
import { familyOf, type Endpoint, type RawAddress } from './address.ts';
import { InetSocket } from './inet.ts';
import type { Network } from './network.ts';
import { ByteQueue, type Credentials } from './queue.ts';
import type { Outgoing, Received, SocketKind } from './socket.ts';
import { AF_UNSPEC, BACKLOG_MAX, MSG_OOB, MSG_PEEK, MSG_TRUNC, SHUT_BOTH, SHUT_RECEIVE, SHUT_SEND, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from './uapi.ts';

/** Between two ends: what they are told to buffer, or this where nobody told them. */
const WINDOW_BYTES = 1 << 20;
/** What getsockopt tells (tcp_wmem, tcp_rmem). */
const SEND_BYTES = 16384, RECEIVE_BYTES = 131072;

export class TcpSocket extends InetSocket {
  override readonly writesAll: boolean = true;
  /** 'waiting': the other end listens, but has no room. */
  private state: 'closed' | 'listening' | 'waiting' | 'connected' = 'closed';
  private peer: TcpSocket | null = null;
  /** A connect has begun whose end nobody was told. */
  private isConnecting = false;
  private isGone = false;
  /** It was connected, and was reset. */
  private isSpent = false;
  /** The other end sends no more. */
  private isEnded = false;
  /** This side has said that it has no more to say. */
  private hasEnded = false;
  private readonly incoming: ByteQueue;
  private readonly arrivals: TcpSocket[] = [];
  private readonly waiting: TcpSocket[] = [];
  private backlog = 0;
  /** The writer on the other side met a full window. */
  private isShort = false;

  constructor(network: Network, kind: SocketKind, maker: Credentials) {
    super(network, kind, maker, network.tcp);
    this.incoming = new ByteQueue(network.buffered);
    this.options.set(SOL_SOCKET, SO_SNDBUF, SEND_BYTES);
    this.options.set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  }
  override get isListening(): boolean { return this.state === 'listening'; }

  // — connections —

  override listen(_task: KernelTask, backlog: number): Result {
    if (this.state !== 'closed' && this.state !== 'listening') return -EINVAL;
    if (this.localPort === 0) {
      const port = this.take(this.localIp, 0);
      if (port < 0) return port;
    }
    if (!this.isListening && !this.ports.mayListen(this, this.localPort)) return -EADDRINUSE;
    this.backlog = Math.min(backlog >>> 0, BACKLOG_MAX);
    this.state = 'listening';
    return 0;
  }
  override connect(_task: KernelTask, raw: RawAddress): Result {
    if (raw.byteLength < 2) return -EINVAL;
    if (familyOf(raw) === AF_UNSPEC) return this.disconnect();
    if (this.isConnecting) return this.connected() ?? -EALREADY;
    if (this.state !== 'closed' || this.isSpent) return -EISCONN;
    const to = this.target(raw);
    if (typeof to === 'number') return to;
    const isNew = this.localPort === 0, source = this.sourceFor(to.ip);
    const port = isNew ? this.take(source, 0) : this.localPort;
    if (port < 0) return -EADDRNOTAVAIL;
    this.localIp = source;
    this.error = 0;
    this.isEnded = this.hasEnded = false;
    this.isConnecting = true;
    const listener = this.hearers(to).find(holder => holder.isListening);
    if (!(listener instanceof TcpSocket)) { this.fail(ECONNREFUSED); return -EINPROGRESS; }
    this.remote = to;
    if (listener.arrivals.length <= listener.backlog) listener.welcome(this, to);
    else { this.state = 'waiting'; listener.waiting.push(this); }
    return -EINPROGRESS;
  }
  override connected(): Result | null {
    if (this.state === 'waiting') return null;
    if (!this.isConnecting) return 0;
    this.isConnecting = false;
    if (this.state === 'connected') return 0;
    const error = this.takeError() || ECONNABORTED;
    this.shut = 0;
    if (!this.isBound) this.leavePort();
    return -error;
  }
  /** A connection to this socket, which listens; `to`: the address it was reached by. */
  private welcome(client: TcpSocket, to: Endpoint): void {
    const arrival = new TcpSocket(this.network, this.kind, this.maker);
    arrival.options.inherit(this.options);
    arrival.shut = this.shut;
    arrival.localIp = to.ip; arrival.localPort = to.port;
    this.ports.add(arrival, to.port);
    arrival.remote = { ip: client.localIp, port: client.localPort };
    arrival.peer = client; client.peer = arrival;
    arrival.state = 'connected'; client.state = 'connected';
    this.arrivals.push(arrival);
    this.wakeInput();
    client.wakeOutput();
  }
  override accept(): TcpSocket | Result {
    if (!this.isListening) return -EINVAL;
    const arrival = this.arrivals.shift();
    if (arrival === undefined) return -EAGAIN;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (next.state !== 'waiting' || next.remote === null) continue;
      this.welcome(next, next.remote);
      break;
    }
    return arrival;
  }
  private disconnect(): Result {
    this.stopListening();
    if (this.state === 'connected') this.peer?.reset();
    this.state = 'closed';
    this.peer = null; this.remote = null;
    this.isConnecting = false; this.isEnded = this.hasEnded = false; this.isSpent = false;
    this.shut = 0;
    this.incoming.clear();
    if (!this.isBound) this.leavePort();
    return 0;
  }
  private stopListening(): void {
    for (const arrival of this.arrivals.splice(0)) { arrival.peer?.reset(); arrival.release(); }
    for (const client of this.waiting.splice(0)) if (client.state === 'waiting') client.fail(ECONNREFUSED);
  }
  private fail(error: number): void {
    this.state = 'closed';
    this.remote = null; this.peer = null;
    this.error = error;
    this.shut = SHUT_BOTH;
    this.wakeInput(); this.wakeOutput();
  }
  /** The other end has gone, and there was more to say. */
  private reset(): void {
    if (this.state !== 'connected') return;
    const isCloseWait = this.isEnded && (this.shut & SHUT_SEND) === 0;
    this.isSpent = true;
    this.fail(isCloseWait ? EPIPE : ECONNRESET);
  }
  private end(): void {
    this.isEnded = true;
    this.shut |= SHUT_RECEIVE;
    this.wakeInput();
  }
  override shutdown(halves: number): Result {
    if (this.state === 'listening' && (halves & SHUT_RECEIVE) !== 0) {
      this.stopListening();
      this.state = 'closed';
      this.shut = SHUT_BOTH;
      this.wakeInput();
      return 0;
    }
    // It stays, as on Linux. Where both have said all, there is no connection any more.
    if (this.state !== 'connected' || this.isEnded && this.hasEnded) { this.shut |= halves; return -ENOTCONN; }
    if ((halves & SHUT_SEND) !== 0 && (this.shut & SHUT_SEND) === 0) { this.hasEnded = true; this.peer?.end(); }
    this.shut |= halves;
    this.wakeInput(); this.wakeOutput();
    return 0;
  }
  release(): void {
    const { peer } = this;
    this.isGone = true;
    this.stopListening();
    if (this.state === 'connected' && peer?.peer === this) {
      if (this.incoming.length > 0 || this.options.lingerSeconds === 0) peer.reset();
      else if ((this.shut & SHUT_SEND) === 0) peer.end();
    }
    this.incoming.clear();
    this.state = 'closed';
    this.leavePort();
  }

  // — bytes —

  private get window(): number {
    const sends = this.options.get(SOL_SOCKET, SO_SNDBUF), holds = this.peer?.options.get(SOL_SOCKET, SO_RCVBUF) ?? RECEIVE_BYTES;
    return sends === SEND_BYTES && holds === RECEIVE_BYTES ? WINDOW_BYTES : sends + holds;
  }
  override get room(): number {
    const { peer } = this;
    return peer === null || peer.isGone ? WINDOW_BYTES : Math.min(this.window - peer.incoming.length, this.network.room);
  }
  send({ from, flags }: Outgoing): Result {
    const { peer } = this;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (this.state === 'waiting') return -EAGAIN;
    if (this.error !== 0) return -this.takeError();
    if ((this.shut & SHUT_SEND) !== 0 || peer === null || this.state !== 'connected') return -EPIPE;
    if (from.length === 0) return 0;
    if (peer.isGone) { this.reset(); return from.length; } // What nobody expects is answered by a reset.
    const { room } = this;
    if (room <= 0) { peer.isShort = true; return -EAGAIN; }
    const done = peer.incoming.append(from, 0, Math.min(from.length, room));
    if (done === 0) return -EFAULT;
    if (done < from.length) peer.isShort = true;
    peer.wakeInput();
    return done;
  }
  receive(to: UserBuffer, flags: number): Received | Result {
    if ((flags & MSG_OOB) !== 0) return -EINVAL;
    if (this.isListening) return -ENOTCONN;
    if (this.incoming.length === 0) {
      if (this.isEnded) return received(0);
      if (this.error !== 0) return -this.takeError();
      if ((this.shut & SHUT_RECEIVE) !== 0) return received(0);
      return this.state === 'closed' ? -ENOTCONN : -EAGAIN;
    }
    const count = Math.min(to.length, this.incoming.length);
    // "The number of bytes is returned, and they are discarded": tcp(7), MSG_TRUNC.
    const done = (flags & MSG_TRUNC) !== 0 ? count : this.incoming.copy(to, count);
    if (done === 0 && count > 0) return -EFAULT;
    if ((flags & MSG_PEEK) === 0) {
      this.incoming.drop(done);
      if (this.isShort && this.peer !== null && this.peer.isWritable) { this.isShort = false; this.peer.wakeOutput(); }
    }
    return received(done);
  }
  readableBytes(): Result { return this.isListening ? -EINVAL : this.incoming.length; }
  /** A third of the window must be free: a writer that waits is not woken for every byte. */
  private get isWritable(): boolean { return this.room * 3 >= this.window || this.room >= WINDOW_BYTES; }

  poll(): number {
    if (this.isListening) return this.arrivals.length > 0 ? POLLIN : 0;
    let bits = this.error !== 0 ? POLLERR : 0;
    if (this.shut === SHUT_BOTH || this.state === 'closed') bits |= POLLHUP;
    if ((this.shut & SHUT_RECEIVE) !== 0) bits |= POLLIN | POLLRDHUP;
    if (this.state === 'waiting') return bits;
    if (this.incoming.length > 0) bits |= POLLIN;
    if ((this.shut & SHUT_SEND) !== 0 || this.isWritable) bits |= POLLOUT; else if (this.peer !== null) this.peer.isShort = true;
    return bits;
  }
}
function received(length: number): Received { return { length, whole: length, from: null, flags: 0, credentials: null, files: [] }; }
