/** getsockopt(2), setsockopt(2): socket(7), tcp(7), ip(7), ipv6(7). What nothing here acts on is kept and told. */
import { EDOM, EFAULT, EINVAL, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP, EPERM } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import { bytesOf } from '../../host/host.ts';
import type { Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { userStructure } from '../structure.ts';
import { nsOf, setTimeval, timevalAt } from '../time.ts';
import type { Socket } from './socket.ts';
import {
  AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, BUFFER_BYTES_MAX, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, SOCK_STREAM, SOL_NETLINK, SOL_SOCKET, SO_ACCEPTCONN,
  SO_DOMAIN, SO_ERROR, SO_LINGER, SO_PEERCRED, SO_PROTOCOL, SO_RCVBUF, SO_RCVBUFFORCE, SO_RCVTIMEO, SO_RCVTIMEO_NEW, SO_SNDBUF, SO_SNDBUFFORCE,
  SO_SNDTIMEO, SO_SNDTIMEO_NEW, SO_TYPE, TCP_CONGESTION, TCP_INFO,
} from './uapi.ts';

/** Options that are one int: `flag` ones are 0 or 1 when read back. By level and name, with what they are at first. */
interface IntRow { readonly level: number; readonly name: number; readonly initial: number; readonly isFlag: boolean }
const flag = (level: number, ...names: number[]): IntRow[] => names.map(name => ({ level, name, initial: 0, isFlag: true }));
const int = (level: number, name: number, initial: number): IntRow => ({ level, name, initial, isFlag: false });
const makeRows = (): IntRow[] => [
  // DEBUG REUSEADDR DONTROUTE BROADCAST KEEPALIVE OOBINLINE NO_CHECK REUSEPORT PASSCRED TIMESTAMP PASSSEC TIMESTAMPNS RXQ_OVFL ZEROCOPY
  ...flag(SOL_SOCKET, 1, 2, 5, 6, 9, 10, 11, 15, 16, 29, 34, 35, 40, 60),
  int(SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES_MAX), int(SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES_MAX),
  // PRIORITY RCVLOWAT SNDLOWAT MARK TIMESTAMPING PEEK_OFF BUSY_POLL INCOMING_CPU
  int(SOL_SOCKET, 12, 0), int(SOL_SOCKET, 18, 1), int(SOL_SOCKET, 19, 1), int(SOL_SOCKET, 36, 0), int(SOL_SOCKET, 37, 0), int(SOL_SOCKET, 42, -1),
  int(SOL_SOCKET, 46, 0), int(SOL_SOCKET, 49, 0),
  // NODELAY CORK QUICKACK FASTOPEN_CONNECT
  ...flag(IPPROTO_TCP, 1, 3, 30), int(IPPROTO_TCP, 12, 1),
  // MAXSEG KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2 DEFER_ACCEPT WINDOW_CLAMP USER_TIMEOUT FASTOPEN NOTSENT_LOWAT
  int(IPPROTO_TCP, 2, 536), int(IPPROTO_TCP, 4, 7200), int(IPPROTO_TCP, 5, 75), int(IPPROTO_TCP, 6, 9), int(IPPROTO_TCP, 7, 6), int(IPPROTO_TCP, 8, 60),
  int(IPPROTO_TCP, 9, 0), int(IPPROTO_TCP, 10, 0), int(IPPROTO_TCP, 18, 0), int(IPPROTO_TCP, 23, 0), int(IPPROTO_TCP, 25, 0),
  // RECVOPTS PKTINFO RECVERR RECVTTL RECVTOS FREEBIND TRANSPARENT BIND_ADDRESS_NO_PORT MULTICAST_LOOP MULTICAST_ALL; TOS TTL MTU_DISCOVER MULTICAST_TTL
  ...flag(IPPROTO_IP, 6, 8, 11, 12, 13, 15, 19, 24), int(IPPROTO_IP, 34, 1), int(IPPROTO_IP, 49, 1),
  int(IPPROTO_IP, 1, 0), int(IPPROTO_IP, 2, 64), int(IPPROTO_IP, 10, 1), int(IPPROTO_IP, 33, 1),
  // RECVERR V6ONLY RECVPKTINFO RECVHOPLIMIT RECVTCLASS; MTU_DISCOVER UNICAST_HOPS MULTICAST_HOPS MULTICAST_LOOP TCLASS
  ...flag(IPPROTO_IPV6, 25, 26, 49, 51, 66), int(IPPROTO_IPV6, 23, 1), int(IPPROTO_IPV6, 16, 64), int(IPPROTO_IPV6, 18, 1), int(IPPROTO_IPV6, 19, 1),
  int(IPPROTO_IPV6, 67, 0),
  // UDP_CORK UDP_SEGMENT UDP_GRO
  ...flag(IPPROTO_UDP, 1, 104), int(IPPROTO_UDP, 103, 0),
  // ADD_MEMBERSHIP DROP_MEMBERSHIP PKTINFO BROADCAST_ERROR NO_ENOBUFS CAP_ACK EXT_ACK GET_STRICT_CHK
  ...flag(SOL_NETLINK, 1, 2, 3, 4, 5, 10, 11, 12),
];
const keyOf = (level: number, name: number): number => level * 4096 + name;

export class SocketOptions {
  private static rows: ReadonlyMap<number, IntRow> | null = null;
  private readonly values = new Map<number, number>();
  /** SO_RCVTIMEO, SO_SNDTIMEO; null: for ever. */
  receiveTimeoutNs: number | null = null;
  sendTimeoutNs: number | null = null;
  /** SO_LINGER; null: off. */
  lingerSeconds: number | null = null;

  static row(level: number, name: number): IntRow | undefined {
    SocketOptions.rows ??= new Map(makeRows().map(row => [keyOf(row.level, row.name), row]));
    return SocketOptions.rows.get(keyOf(level, name));
  }
  get(level: number, name: number): number {
    const known = this.values.get(keyOf(level, name));
    if (known !== undefined || (level === SOL_SOCKET && (name === SO_SNDBUF || name === SO_RCVBUF))) return known ?? BUFFER_BYTES_MAX;
    return SocketOptions.row(level, name)?.initial ?? 0;
  }
  set(level: number, name: number, value: number): void { this.values.set(keyOf(level, name), value); }
  is(name: number): boolean { return (this.values.get(keyOf(SOL_SOCKET, name)) ?? 0) !== 0; }
  /** What an accepted socket has from the one that listens. */
  inherit(from: SocketOptions): void {
    for (const [key, value] of from.values) this.values.set(key, value);
    this.receiveTimeoutNs = from.receiveTimeoutNs; this.sendTimeoutNs = from.sendTimeoutNs; this.lingerSeconds = from.lingerSeconds;
  }
}

/** The levels a socket knows, beside SOL_SOCKET. */
function knows({ domain, type }: Socket['kind'], level: number): boolean {
  if (domain === AF_UNIX) return false;
  if (domain === AF_NETLINK) return level === SOL_NETLINK;
  if (level === IPPROTO_TCP) return type === SOCK_STREAM;
  if (level === IPPROTO_UDP) return type !== SOCK_STREAM;
  return level === IPPROTO_IP || (level === IPPROTO_IPV6 && domain === AF_INET6);
}
const refusal = (socket: Socket): Result => socket.kind.domain === AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;

// — setting —

const BUFFER_BYTES_MIN: { readonly [name: number]: number } = { [SO_SNDBUF]: 4608, [SO_RCVBUF]: 2304 };
/** "The kernel doubles this value (to allow space for bookkeeping overhead)": socket(7). */
function bufferBytes(name: number, value: number): number {
  return Math.max(2 * Math.min(value >>> 0, BUFFER_BYTES_MAX), BUFFER_BYTES_MIN[name] ?? 0);
}
const READ_ONLY = [SO_TYPE, SO_ERROR, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN, SO_PEERCRED];
export function setOption(task: KernelTask, socket: Socket, level: number, name: number, at: Va, length: number): Result {
  const { options } = socket;
  if (length < 0) return -EINVAL;
  if (level !== SOL_SOCKET && !knows(socket.kind, level)) return refusal(socket);
  if (level === SOL_SOCKET && READ_ONLY.includes(name)) return -ENOPROTOOPT;
  if (level === IPPROTO_TCP && name === TCP_CONGESTION) return 0;
  if (length < 4) return -EINVAL;
  const view = userStructure(task, at, 4);
  if (view === null) return -EFAULT;
  const value = view.getInt32(0, true);
  if (level === SOL_SOCKET) {
    switch (name) {
      case SO_SNDBUF: case SO_RCVBUF: options.set(level, name, bufferBytes(name, value)); return 0;
      case SO_SNDBUFFORCE: case SO_RCVBUFFORCE: return -EPERM;
      case SO_LINGER: return setLinger(task, socket, at, length);
      case SO_RCVTIMEO: case SO_RCVTIMEO_NEW: case SO_SNDTIMEO: case SO_SNDTIMEO_NEW:
        return setTimeout(task, socket, name === SO_RCVTIMEO || name === SO_RCVTIMEO_NEW, at, length);
    }
  }
  const row = SocketOptions.row(level, name);
  if (row === undefined) return -ENOPROTOOPT;
  options.set(level, name, row.isFlag ? Number(value !== 0) : value);
  return 0;
}
function setLinger(task: KernelTask, socket: Socket, at: Va, length: number): Result {
  const view = length < 8 ? -EINVAL : userStructure(task, at, 8) ?? -EFAULT;
  if (typeof view === 'number') return view;
  socket.options.lingerSeconds = view.getInt32(0, true) === 0 ? null : view.getInt32(4, true);
  return 0;
}
function setTimeout(task: KernelTask, { options }: Socket, isReceive: boolean, at: Va, length: number): Result {
  const view = length < 16 ? -EINVAL : userStructure(task, at, 16) ?? -EFAULT;
  if (typeof view === 'number') return view;
  const { seconds, microseconds } = timevalAt(view, 0);
  if (microseconds < 0 || microseconds >= 1e6) return -EDOM;
  const ns = seconds === 0 && microseconds === 0 ? null : Math.max(0, nsOf({ seconds, nanoseconds: microseconds * 1000 }));
  if (isReceive) options.receiveTimeoutNs = ns; else options.sendTimeoutNs = ns;
  return 0;
}

// — reading —

const intBytes = (...values: readonly number[]): Uint8Array => new Uint8Array(new Int32Array(values).buffer);
function timevalBytes(ns: number | null): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  setTimeval(view, 0, ns ?? 0);
  return new Uint8Array(view.buffer);
}
type Reader = (socket: Socket) => Uint8Array | Result;
const READERS: { readonly [key: number]: Reader } = {
  [keyOf(SOL_SOCKET, SO_TYPE)]: ({ kind }) => intBytes(kind.type),
  [keyOf(SOL_SOCKET, SO_PROTOCOL)]: ({ kind }) => intBytes(kind.protocol),
  [keyOf(SOL_SOCKET, SO_DOMAIN)]: ({ kind }) => intBytes(kind.domain),
  [keyOf(SOL_SOCKET, SO_ACCEPTCONN)]: ({ isListening }) => intBytes(Number(isListening)),
  [keyOf(SOL_SOCKET, SO_ERROR)]: socket => intBytes(socket.takeError()),
  [keyOf(SOL_SOCKET, SO_LINGER)]: ({ options }) => intBytes(Number(options.lingerSeconds !== null), options.lingerSeconds ?? 0),
  [keyOf(SOL_SOCKET, SO_RCVTIMEO)]: ({ options }) => timevalBytes(options.receiveTimeoutNs),
  [keyOf(SOL_SOCKET, SO_SNDTIMEO)]: ({ options }) => timevalBytes(options.sendTimeoutNs),
  [keyOf(SOL_SOCKET, SO_RCVTIMEO_NEW)]: ({ options }) => timevalBytes(options.receiveTimeoutNs),
  [keyOf(SOL_SOCKET, SO_SNDTIMEO_NEW)]: ({ options }) => timevalBytes(options.sendTimeoutNs),
  [keyOf(SOL_SOCKET, SO_PEERCRED)]: ({ peerCredentials: peer }) => intBytes(peer?.pid ?? 0, peer?.uid ?? -1, peer?.gid ?? -1),
  [keyOf(IPPROTO_TCP, TCP_CONGESTION)]: () => bytesOf('cubic'.padEnd(16, '\0')),
  [keyOf(IPPROTO_TCP, TCP_INFO)]: socket => {
    const TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10, bytes = new Uint8Array(232);
    bytes[0] = socket.isListening ? TCP_LISTEN : typeof socket.peerAddress() === 'number' ? TCP_CLOSE : TCP_ESTABLISHED;
    return bytes;
  },
  /* IP_MTU, IPV6_MTU */
  [keyOf(IPPROTO_IP, 14)]: socket => typeof socket.peerAddress() === 'number' ? -ENOTCONN : intBytes(65536),
  [keyOf(IPPROTO_IPV6, 24)]: socket => typeof socket.peerAddress() === 'number' ? -ENOTCONN : intBytes(65536),
};
export function getOption(task: KernelTask, socket: Socket, level: number, name: number, at: Va, lengthAt: Va): Result {
  if (level !== SOL_SOCKET && !knows(socket.kind, level)) return socket.kind.domain === AF_INET ? -EOPNOTSUPP : refusal(socket);
  const room = userStructure(task, lengthAt, 4)?.getInt32(0, true);
  if (room === undefined) return -EFAULT;
  if (room < 0) return -EINVAL;
  const read = READERS[keyOf(level, name)], isKnown = read !== undefined || SocketOptions.row(level, name) !== undefined;
  const value = !isKnown ? -ENOPROTOOPT : read === undefined ? intBytes(socket.options.get(level, name)) : read(socket);
  if (typeof value === 'number') return value;
  const told = value.subarray(0, room), { memory } = task.process;
  return memory.copyOut(at, told) && memory.copyOut(lengthAt, intBytes(told.length)) ? 0 : -EFAULT;
}
