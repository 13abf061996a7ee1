/** AF_UNIX sockets: streams, datagrams, sequenced packets (unix(7)). */
import {
  EADDRINUSE, EAGAIN, ECONNREFUSED, ECONNRESET, EFAULT, EINVAL, EISCONN, EMSGSIZE, ENOBUFS, ENOTCONN, EOPNOTSUPP, EPERM, EPIPE, EPROTOTYPE,
} from '../../base/errno.ts';
import type { ByteString } from '../../host/host.ts';
import type { FileDescription, Result, UserBuffer } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLWRBAND } from '../uapi.ts';
import { familyOf, unixAddress, unixName, type RawAddress } from './address.ts';
import type { Network } from './network.ts';
import { bindPath, findPath, isTaken } from './paths.ts';
import { chargeOf, PacketQueue, type Credentials, type Packet } from './queue.ts';
import { Socket, type Outgoing, type Received, type SocketKind } from './socket.ts';
import {
  AF_UNIX, AF_UNSPEC, BACKLOG_MAX, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, SHUT_BOTH, SHUT_RECEIVE, SHUT_SEND, SO_PASSCRED, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM,
  SOL_SOCKET,
} from './uapi.ts';

/** A socket with more waiting to be received is full (net.unix.max_dgram_qlen). */
const DATAGRAMS_MAX = 10;
/** What a stream carries at a time: an sk_buff's worth. */
const PIECE_BYTES = 32768;

export function credentialsOf(task: KernelTask): Credentials {
  const { euid, egid } = task.process.system.host.user;
  return { pid: task.process.pid, uid: euid, gid: egid };
}

export class UnixSocket extends Socket {
  override readonly writesAll: boolean;
  private boundName: ByteString = '';
  /** What the network knows it by. */
  private key: ByteString | null = null;
  private state: 'closed' | 'listening' | 'connected' = 'closed';
  private peer: UnixSocket | null = null;
  private peerMaker: Credentials | null = null;
  private isGone = false;
  private readonly queue = new PacketQueue();
  /** Sockets whose other ends have connected, to be accepted. */
  private readonly arrivals: UnixSocket[] = [];
  private backlog = 0;

  constructor(network: Network, kind: SocketKind, maker: Credentials) {
    super(network, kind, maker);
    this.writesAll = this.isStream;
  }
  /** Both ends of a socketpair(2). */
  static pair(network: Network, kind: SocketKind, maker: Credentials): [UnixSocket, UnixSocket] {
    const a = new UnixSocket(network, kind, maker), b = new UnixSocket(network, kind, maker);
    a.join(b, maker);
    b.join(a, maker);
    return [a, b];
  }
  private join(peer: UnixSocket, credentials: Credentials): void {
    this.peer = peer;
    this.peerMaker = credentials;
    if (!this.isDatagram) this.state = 'connected';
  }
  private get isStream(): boolean { return this.kind.type === SOCK_STREAM; }
  private get isDatagram(): boolean { return this.kind.type === SOCK_DGRAM; }
  override get isListening(): boolean { return this.state === 'listening'; }
  override get peerCredentials(): Credentials | null { return this.peerMaker; }

  // — names —

  override bind(task: KernelTask, raw: RawAddress): Result {
    if (raw.byteLength === 2 && familyOf(raw) === AF_UNIX) return this.boundName !== '' ? 0 : this.autobind();
    const name = unixName(raw);
    if (typeof name === 'number') return name;
    if (this.boundName !== '') return !name.startsWith('\0') && isTaken(task, name) ? -EADDRINUSE : -EINVAL;
    if (!name.startsWith('\0')) return this.bindPath(task, name);
    const key = this.abstractKey(name);
    return this.network.unixNames.has(key) ? -EADDRINUSE : this.take(name, key);
  }
  /** Sockets of another type have other names. */
  private abstractKey(name: ByteString): ByteString { return `\0${this.kind.type}${name}`; }
  private autobind(): Result {
    const name = this.network.freeUnixName(name => this.abstractKey(name));
    return name === null ? -EADDRINUSE : this.take(name, this.abstractKey(name));
  }
  private bindPath(task: KernelTask, path: ByteString): Result {
    const key = bindPath(task, path);
    return typeof key === 'number' ? key : this.take(path, key);
  }
  private take(name: ByteString, key: ByteString): Result {
    this.boundName = name;
    this.key = key;
    this.network.unixNames.set(key, this);
    return 0;
  }
  private find(task: KernelTask, raw: RawAddress): UnixSocket | Result {
    const name = unixName(raw);
    if (typeof name === 'number') return name;
    const key = name.startsWith('\0') ? this.abstractKey(name) : findPath(task, name);
    if (typeof key === 'number') return key;
    const found = this.network.unixNames.get(key);
    if (!(found instanceof UnixSocket)) return -ECONNREFUSED;
    return found.kind.type === this.kind.type ? found : -EPROTOTYPE;
  }
  localAddress(): Uint8Array { return unixAddress(this.boundName); }
  peerAddress(): Uint8Array | Result { return this.peer === null ? -ENOTCONN : unixAddress(this.peer.boundName); }

  // — connections —

  override listen(task: KernelTask, backlog: number): Result {
    if (this.isDatagram) return -EOPNOTSUPP;
    if (this.boundName === '' || this.state === 'connected') return -EINVAL;
    this.backlog = Math.min(backlog >>> 0, BACKLOG_MAX);
    this.state = 'listening';
    this.peerMaker = credentialsOf(task);
    return 0;
  }
  override connect(task: KernelTask, raw: RawAddress): Result {
    if (this.isDatagram) return this.connectDatagram(task, raw);
    const name = unixName(raw);
    if (typeof name === 'number') return name;
    const listener = this.find(task, raw);
    if (typeof listener === 'number') return listener;
    if (!listener.isListening || (listener.shut & SHUT_RECEIVE) !== 0) return -ECONNREFUSED;
    if (listener.arrivals.length > listener.backlog) return -EAGAIN;
    if (this.state !== 'closed') return this.state === 'connected' ? -EISCONN : -EINVAL;
    const arrival = new UnixSocket(this.network, this.kind, listener.maker), credentials = credentialsOf(task);
    arrival.boundName = listener.boundName;
    arrival.join(this, credentials);
    this.join(arrival, listener.peerMaker ?? listener.maker);
    listener.arrivals.push(arrival);
    listener.wakeInput();
    this.wakeOutput();
    return 0;
  }
  private connectDatagram(task: KernelTask, raw: RawAddress): Result {
    const other = familyOf(raw) === AF_UNSPEC && raw.byteLength >= 2 ? null : this.find(task, raw);
    if (typeof other === 'number') return other;
    if (other !== null && !other.hears(this)) return -EPERM;
    const { peer } = this;
    this.peer = other;
    this.peerMaker = null;
    if (peer !== null && peer !== other && this.queue.length > 0) this.leave(peer);
    return 0;
  }
  /** It turns from its peer: what was not received is lost, and a peer that heard nobody else is told. */
  private leave(peer: UnixSocket): void {
    this.purge();
    if (peer.isGone || peer.peer !== this) return;
    peer.error = ECONNRESET;
    peer.wakeInput();
  }
  /** A connected datagram socket hears its peer only. */
  private hears(sender: UnixSocket): boolean { return this.peer === null || this.peer === sender; }
  override accept(waits: boolean): UnixSocket | Result {
    if (this.isDatagram) return -EOPNOTSUPP;
    if (this.state !== 'listening') return -EINVAL;
    const arrival = this.arrivals.shift();
    if (arrival === undefined) return waits && (this.shut & SHUT_RECEIVE) !== 0 ? -EINVAL : -EAGAIN;
    return arrival;
  }
  override shutdown(halves: number): Result {
    this.shut |= halves;
    const { peer } = this;
    if (peer !== null && !this.isDatagram) {
      peer.shut |= ((halves & SHUT_RECEIVE) !== 0 ? SHUT_SEND : 0) | ((halves & SHUT_SEND) !== 0 ? SHUT_RECEIVE : 0);
      peer.wakeInput(); peer.wakeOutput();
    }
    this.wakeInput(); this.wakeOutput();
    return 0;
  }
  release(): void {
    const { peer } = this;
    this.isGone = true;
    this.shut = SHUT_BOTH;
    if (this.key !== null && this.network.unixNames.get(this.key) === this) this.network.unixNames.delete(this.key);
    for (const arrival of this.arrivals.splice(0)) arrival.abandon();
    if (peer !== null && !this.isDatagram && !peer.isGone) {
      if (this.queue.length > 0) peer.error = ECONNRESET;
      peer.shut = SHUT_BOTH;
      peer.wakeInput(); peer.wakeOutput();
    }
    this.purge();
    if (this.isDatagram) this.peer = null;
    this.network.flight.collect();
  }
  /** It was never accepted. */
  private abandon(): void {
    if (this.peer !== null) this.peer.error = ECONNRESET;
    this.release();
  }
  override carried(): readonly FileDescription[] {
    const own = [...this.queue].flatMap(packet => packet.files);
    return [...own, ...this.arrivals.flatMap(arrival => arrival.carried())];
  }
  override purge(): void {
    for (let packet = this.queue.shift(); packet !== null; packet = this.queue.shift()) {
      const { files } = packet;
      packet.files = [];
      this.network.flight.drop(files);
    }
    for (const arrival of this.arrivals) arrival.purge();
  }

  // — sending —

  send(message: Outgoing): Result {
    if ((message.flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    return this.isStream ? this.sendStream(message) : this.sendPacket(message);
  }
  private sendStream(message: Outgoing): Result {
    const { peer } = this, { from } = message;
    if (message.to !== null) return this.state === 'connected' ? -EISCONN : -EOPNOTSUPP;
    if (peer === null) return -ENOTCONN;
    if ((this.shut & SHUT_SEND) !== 0 || peer.isGone || (peer.shut & SHUT_RECEIVE) !== 0) return -EPIPE;
    let done = 0, { files } = message;
    while (done < from.length) {
      const length = Math.min(from.length - done, PIECE_BYTES, this.options.get(SOL_SOCKET, SO_SNDBUF) >> 1);
      if (this.room < chargeOf(0)) break;
      const bytes = new Uint8Array(Math.min(length, Math.max(256, this.room)));
      if (!from.memory.copyIn(from.address + done, bytes)) return done > 0 ? done : -EFAULT;
      const error = peer.put(this, bytes, { ...message, files });
      if (error < 0) return done > 0 ? done : error;
      files = [];
      done += bytes.length;
    }
    return done === 0 && from.length > 0 ? -EAGAIN : done;
  }
  private sendPacket(message: Outgoing): Result {
    const { from } = message;
    if (!this.isDatagram && message.to !== null && this.state !== 'connected') return -ENOTCONN;
    const other = this.isDatagram ? this.receiver(message) : this.peer ?? -ENOTCONN;
    if (typeof other === 'number') return other;
    if ((this.shut & SHUT_SEND) !== 0) return -EPIPE;
    if (from.length > this.options.get(SOL_SOCKET, SO_SNDBUF) - 32) return -EMSGSIZE;
    if (other.isGone) {
      if (!this.isDatagram) return -EPIPE;
      if (message.to === null) this.peer = null;
      return -ECONNREFUSED;
    }
    if (!other.hears(this)) return -EPERM;
    if ((other.shut & SHUT_RECEIVE) !== 0) return -EPIPE;
    // Who sends to itself would wait for ever where the queue is full.
    const isFull = this.isDatagram && other.peer !== this && other.queue.length > DATAGRAMS_MAX;
    if (isFull || this.room < Math.min(chargeOf(from.length), this.options.get(SOL_SOCKET, SO_SNDBUF))) {
      return this.network.room <= 0 ? -ENOBUFS : -EAGAIN;
    }
    const bytes = new Uint8Array(from.length);
    if (bytes.length > 0 && !from.memory.copyIn(from.address, bytes)) return -EFAULT;
    const error = other.put(this, bytes, message);
    return error < 0 ? error : bytes.length;
  }
  private receiver({ to, task }: Outgoing): UnixSocket | Result {
    if (to === null || task === null) return this.peer ?? -ENOTCONN;
    return this.find(task, to);
  }
  /** A packet arrives. Who asked for credentials, on either side, gets them with each. */
  private put(sender: UnixSocket, bytes: Uint8Array, message: Outgoing): Result {
    const error = this.network.flight.takeOff(message.files, message.task?.process.files.limit ?? 0);
    if (error < 0) return error;
    const credentials = message.credentials ?? (message.task === null ? sender.maker : credentialsOf(message.task));
    this.queue.push({
      bytes, at: 0, end: bytes.length, from: sender.boundName === '' ? null : unixAddress(sender.boundName),
      credentials, files: message.files, account: sender.sent, charge: chargeOf(bytes.length),
    });
    this.senders.add(sender);
    this.wakeInput();
    return 0;
  }
  /** Who may be waiting for room here. */
  private readonly senders = new Set<UnixSocket>();
  private consumed(): void {
    for (const sender of this.senders) sender.wakeOutput();
    if (this.queue.length === 0) this.senders.clear();
  }

  // — receiving —

  receive(to: UserBuffer, flags: number): Received | Result {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (this.isStream) return this.receiveStream(to, flags);
    if (!this.isDatagram && this.state !== 'connected') return -ENOTCONN;
    const packet = this.queue.head();
    if (packet === null) return this.isDatagram && (flags & MSG_DONTWAIT) !== 0 && this.error === 0 ? -EAGAIN : this.nothing();
    const length = Math.min(to.length, packet.end);
    if (!to.memory.copyOut(to.address, packet.bytes.subarray(0, length))) { this.drop(packet, flags); return -EFAULT; }
    const isCut = length < packet.end;
    return {
      length, whole: packet.end, from: packet.from, flags: isCut ? MSG_TRUNC : 0, credentials: packet.credentials,
      files: this.takeFiles(packet, flags, true),
    };
  }
  /** A message that could not be told is lost. */
  private drop(packet: Packet, flags: number): void {
    for (const description of this.takeFiles(packet, flags, true)) description.release();
  }
  private nothing(): Received | Result {
    if (this.error !== 0) return -this.takeError();
    if ((this.shut & SHUT_RECEIVE) !== 0) return END;
    return -EAGAIN;
  }
  /** The files of a packet, held for the receiver; with the last of its bytes it leaves. */
  private takeFiles(packet: Packet, flags: number, leaves: boolean): readonly FileDescription[] {
    const { files } = packet;
    if ((flags & MSG_PEEK) !== 0) return files.map(description => description.retain());
    packet.files = [];
    this.network.flight.land(files);
    if (leaves) { this.queue.shift(); this.consumed(); }
    return files;
  }
  /** Bytes of several messages are one, unless they carry files or other people's credentials that are asked for. */
  private receiveStream(to: UserBuffer, flags: number): Received | Result {
    if (this.state !== 'connected') return -EINVAL;
    const first = this.queue.head(), isPeek = (flags & MSG_PEEK) !== 0;
    if (first === null) return this.nothing();
    let done = 0, files: readonly FileDescription[] = [], skipped = 0;
    const { credentials, from } = first;
    while (done < to.length || to.length === 0) {
      const packet = this.queue.head(skipped);
      if (packet === null || (done > 0 && this.options.is(SO_PASSCRED) && !isSame(packet.credentials, credentials))) break;
      const length = Math.min(to.length - done, packet.end - packet.at);
      if (!to.memory.copyOut(to.address + done, packet.bytes.subarray(packet.at, packet.at + length))) return done > 0 ? { length: done, whole: done, from, flags: 0, credentials, files } : -EFAULT;
      done += length;
      const carries = packet.files.length > 0, leaves = packet.at + length === packet.end;
      if (isPeek) skipped += 1;
      else { packet.at += length; this.queue.bytes -= length; }
      if (carries || (!isPeek && leaves)) files = this.takeFiles(packet, flags, leaves);
      if (carries || !leaves || to.length === 0) break;
    }
    return { length: done, whole: done, from, flags: 0, credentials, files };
  }
  readableBytes(): Result {
    if (this.isListening) return -EINVAL;
    const head = this.queue.head();
    return this.isDatagram ? (head === null ? 0 : head.end) : this.queue.bytes;
  }

  poll(): number {
    let bits = 0;
    if (this.error !== 0) bits |= POLLERR;
    if (this.shut === SHUT_BOTH) bits |= POLLHUP;
    if ((this.shut & SHUT_RECEIVE) !== 0) bits |= POLLRDHUP | POLLIN;
    if (this.queue.length > 0 || this.arrivals.length > 0) bits |= POLLIN;
    if (!this.isDatagram && this.state === 'closed') bits |= POLLHUP;
    const { peer } = this, isPeerFull = this.isDatagram && peer !== null && peer !== this && peer.peer !== this && peer.queue.length > DATAGRAMS_MAX;
    // Room for three quarters more, as Linux has it: a writer that waits is not woken for every byte.
    if (!this.isListening && !isPeerFull && this.sent.bytes * 4 <= this.options.get(SOL_SOCKET, SO_SNDBUF) && this.network.room > 0) bits |= POLLOUT | POLLWRBAND;
    return bits;
  }
}
const END: Received = { length: 0, whole: 0, from: null, flags: 0, credentials: null, files: [] };
function isSame(a: Credentials | null, b: Credentials | null): boolean { return a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid; }
