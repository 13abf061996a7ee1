/** Netlink sockets of the routing family (netlink(7), rtnetlink(7)): what getifaddrs(3) asks for. There is lo. */
import { EADDRINUSE, EAGAIN, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, EOPNOTSUPP, EPERM } from '../../base/errno.ts';
import type { Result, UserBuffer } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { POLLIN, POLLOUT, POLLWRBAND } from '../uapi.ts';
import { familyOf, netlinkAddress, type RawAddress } from './address.ts';
import { LO } from './interfaces.ts';
import { Account, chargeOf, PacketQueue } from './queue.ts';
import { Socket, type Outgoing, type Received } from './socket.ts';
import { AF_INET, AF_INET6, AF_NETLINK, MSG_OOB, MSG_PEEK, MSG_TRUNC, SO_RCVBUF, SOL_SOCKET } from './uapi.ts';

const HEADER_BYTES = 16, REQUEST_BYTES_MAX = 65536;
const NLMSG_NOOP = 1, NLMSG_ERROR = 2, NLMSG_DONE = 3, FIRST_REQUEST = 16;
const NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_DUMP = 0x300;
const RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22, RTM_GETROUTE = 26, RTM_GETNEIGH = 30, RTM_GETRULE = 34;

// — what is told —

const u8 = (...values: number[]): number[] => values;
const u16 = (value: number): number[] => [value & 0xff, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const text = (value: string): number[] => [...Array.from(value, letter => letter.charCodeAt(0)), 0];
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
/** struct rtattr: length, type, data; to a multiple of 4. */
function attribute(type: number, data: readonly number[]): number[] {
  const length = 4 + data.length;
  return [...u16(length), ...u16(type), ...data, ...zeros(-length & 3)];
}
function link(): number[] {
  return [
    ...u8(0, 0), ...u16(LO.hardware), ...u32(LO.index), ...u32(LO.flags | 0x10000), ...u32(0), // struct ifinfomsg; IFF_LOWER_UP
    ...attribute(3, text(LO.name)), ...attribute(13, u32(LO.queue)), ...attribute(16, u8(0)), ...attribute(17, u8(0)), ...attribute(4, u32(LO.mtu)),
    ...attribute(27, u32(0)), ...attribute(6, text('noqueue')), ...attribute(1, zeros(6)), ...attribute(2, zeros(6)),
    ...attribute(7, zeros(96)), ...attribute(23, zeros(192)), // IFLA_STATS, IFLA_STATS64: nothing was counted
  ];
}
const PERMANENT = 0x80, SCOPE_HOST = 254;
function address(family: number): number[] {
  const ip = family === AF_INET ? [127, 0, 0, 1] : [...zeros(15), 1], prefix = family === AF_INET ? 8 : 128;
  const named = family === AF_INET ? [...attribute(1, ip), ...attribute(2, ip), ...attribute(3, text(LO.name))] : attribute(1, ip);
  return [...u8(family, prefix, PERMANENT, SCOPE_HOST), ...u32(LO.index), ...named, ...attribute(8, u32(PERMANENT)), ...attribute(6, [...u32(-1), ...u32(-1), ...zeros(8)])];
}
/** By request: the messages of a dump. The first byte of a request's body is the family it wants; 0: all. */
const DUMPS: { readonly [request: number]: (family: number) => { readonly type: number; readonly body: readonly number[] }[] } = {
  [RTM_GETLINK]: () => [{ type: RTM_NEWLINK, body: link() }],
  [RTM_GETADDR]: wanted => [AF_INET, AF_INET6].filter(family => wanted === 0 || wanted === family).map(family => ({ type: RTM_NEWADDR, body: address(family) })),
  [RTM_GETROUTE]: () => [], [RTM_GETNEIGH]: () => [], [RTM_GETRULE]: () => [],
};

export class NetlinkSocket extends Socket {
  private port = 0;
  private groups = 0;
  private readonly queue = new PacketQueue();
  private readonly held = new Account(this.network.buffered);

  override bind(task: KernelTask, raw: RawAddress): Result {
    if (raw.byteLength < 12 || familyOf(raw) !== AF_NETLINK) return -EINVAL;
    const port = raw.getUint32(4, true);
    if (this.port !== 0 && port !== this.port) return -EINVAL;
    const error = this.port === 0 ? this.take(task, port) : 0;
    if (error === 0) this.groups = raw.getUint32(8, true);
    return error;
  }
  /** The kernel gives the first socket of a process its pid (netlink(7), "Address formats"). */
  private take(task: KernelTask | null, wanted: number): Result {
    const { netlinkPorts } = this.network;
    if (wanted !== 0 && netlinkPorts.has(wanted)) return -EADDRINUSE;
    let port = wanted !== 0 ? wanted : task?.process.pid ?? this.maker.pid;
    for (let other = 0xffff_f000; netlinkPorts.has(port); other--) port = other;
    netlinkPorts.add(port);
    this.port = port;
    return 0;
  }
  override connect(_task: KernelTask, raw: RawAddress): Result {
    if (raw.byteLength < 12 || familyOf(raw) !== AF_NETLINK) return -EINVAL;
    return raw.getUint32(4, true) === 0 ? 0 : -EPERM;
  }
  localAddress(): Uint8Array { return netlinkAddress(this.port, this.groups); }
  peerAddress(): Uint8Array { return netlinkAddress(0, 0); }
  release(): void {
    this.network.netlinkPorts.delete(this.port);
    while (this.queue.shift() !== null);
  }

  send({ from, to, flags, task }: Outgoing): Result {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (to !== null && (to.byteLength < 12 || familyOf(to) !== AF_NETLINK)) return -EINVAL;
    if (to !== null && (to.getUint32(4, true) !== 0 || to.getUint32(8, true) !== 0)) return -EPERM;
    if (from.length > REQUEST_BYTES_MAX) return -EMSGSIZE;
    if (this.held.bytes > this.options.get(SOL_SOCKET, SO_RCVBUF) || this.network.room <= 0) return -ENOBUFS;
    if (this.port === 0) this.take(task, 0);
    const bytes = new Uint8Array(from.length);
    if (!from.memory.copyIn(from.address, bytes)) return -EFAULT;
    this.answerAll(new DataView(bytes.buffer));
    return bytes.length;
  }
  private answerAll(requests: DataView): void {
    for (let at = 0; at + HEADER_BYTES <= requests.byteLength;) {
      const length = requests.getUint32(at, true);
      if (length < HEADER_BYTES || at + length > requests.byteLength) return;
      if (this.held.bytes <= this.options.get(SOL_SOCKET, SO_RCVBUF)) this.answer(new DataView(requests.buffer, at, length));
      at += Math.ceil(length / 4) * 4;
    }
  }
  private answer(request: DataView): void {
    const type = request.getUint16(4, true), flags = request.getUint16(6, true), sequence = request.getUint32(8, true);
    if ((flags & NLM_F_REQUEST) === 0 || type < FIRST_REQUEST || type === NLMSG_NOOP) return;
    const family = request.byteLength > HEADER_BYTES ? request.getUint8(HEADER_BYTES) : 0;
    const dump = DUMPS[type], isGetLink = type === RTM_GETLINK && (flags & NLM_F_DUMP) !== NLM_F_DUMP;
    if (dump === undefined || ((flags & NLM_F_DUMP) !== NLM_F_DUMP && !isGetLink)) {
      this.refuse(request, dump === undefined && (type & 3) !== 2 ? -EPERM : -EOPNOTSUPP);
      return;
    }
    if (isGetLink) {
      this.queueAll([this.message(RTM_NEWLINK, 0, sequence, link())]);
      if ((flags & NLM_F_ACK) !== 0) this.refuse(request, 0);
      return;
    }
    const parts = dump(family).map(({ type: told, body }) => this.message(told, NLM_F_MULTI, sequence, body));
    if (parts.length > 0) this.queueAll(parts);
    this.queueAll([this.message(NLMSG_DONE, NLM_F_MULTI, sequence, u32(0))]);
  }
  private refuse(request: DataView, error: Result): void {
    const asked = Array.from(new Uint8Array(request.buffer, request.byteOffset, error === 0 ? HEADER_BYTES : request.byteLength));
    this.queueAll([this.message(NLMSG_ERROR, 0, request.getUint32(8, true), [...u32(error), ...asked])]);
  }
  private message(type: number, flags: number, sequence: number, body: readonly number[]): number[] {
    const length = HEADER_BYTES + body.length;
    return [...u32(length), ...u16(type), ...u16(flags), ...u32(sequence), ...u32(this.port), ...body, ...zeros(-length & 3)];
  }
  private queueAll(messages: readonly number[][]): void {
    const bytes = new Uint8Array(messages.flat());
    this.queue.push({ bytes, at: 0, end: bytes.length, from: netlinkAddress(0, 0), credentials: null, files: [], account: this.held, charge: chargeOf(bytes.length) });
    this.wakeInput();
  }
  receive(to: UserBuffer, flags: number): Received | Result {
    const packet = this.queue.head();
    if (packet === null) return -EAGAIN;
    const length = Math.min(to.length, packet.end);
    if (!to.memory.copyOut(to.address, packet.bytes.subarray(0, length))) return -EFAULT;
    if ((flags & MSG_PEEK) === 0) this.queue.shift();
    return { length, whole: packet.end, from: packet.from, flags: length < packet.end ? MSG_TRUNC : 0, credentials: null, files: [] };
  }
  readableBytes(): Result { return this.queue.head()?.end ?? 0; }
  poll(): number { return (this.queue.length > 0 ? POLLIN : 0) | POLLOUT | POLLWRBAND; }
}
