/** socket(2), bind(2), listen(2), accept(2), connect(2), shutdown(2), getsockopt(2) … : the calls on sockets. */
import {
  EACCES, EAFNOSUPPORT, EAGAIN, EINPROGRESS, EINVAL, EOPNOTSUPP, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT,
} from '../../base/errno.ts';
import { FileDescription, type Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { putStructure } from '../structure.ts';
import { type Args, call, type Control, type SyscallRows } from '../task.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../uapi.ts';
import { addressArgument, tellAddress } from './address.ts';
import { NetlinkSocket } from './netlink.ts';
import { getOption, setOption } from './options.ts';
import type { Socket, SocketKind } from './socket.ts';
import { TcpSocket } from './tcp.ts';
import { patiently, receivePatience, recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendPatience, sendto, socketOf } from './transfer.ts';
import {
  AF_INET, AF_INET6, AF_MAX, AF_NETLINK, AF_PACKET, AF_UNIX, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
  SOCK_TYPE_MASK, SOCK_TYPES_MAX, SHUT_BOTH,
} from './uapi.ts';
import { UdpSocket } from './udp.ts';
import { credentialsOf, UnixSocket } from './unix.ts';

type Outcome = Result | Control;
const SOCK_FLAGS = O_CLOEXEC | O_NONBLOCK;

// — making —

function kindOf(domain: number, type: number, protocol: number): SocketKind | Result {
  if (domain < 0 || domain >= AF_MAX) return -EAFNOSUPPORT;
  if (type >= SOCK_TYPES_MAX || type < 0) return -EINVAL;
  switch (domain) {
    case AF_UNIX:
      if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
      if (type === SOCK_RAW) return { domain, type: SOCK_DGRAM, protocol: 0 };
      return type === SOCK_STREAM || type === SOCK_DGRAM || type === SOCK_SEQPACKET ? { domain, type, protocol: 0 } : -ESOCKTNOSUPPORT;
    case AF_INET: case AF_INET6: {
      if (protocol < 0 || protocol > 262) return -EINVAL;
      if (type === SOCK_RAW) return protocol === IPPROTO_IP ? -EPROTONOSUPPORT : -EPERM;
      if (type !== SOCK_STREAM && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
      const own = type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
      if (protocol === IPPROTO_IP || protocol === own) return { domain, type, protocol: own };
      // Ping sockets are for groups nobody is in (net.ipv4.ping_group_range).
      return type === SOCK_DGRAM && (protocol === 1 || protocol === 58) ? -EACCES : -EPROTONOSUPPORT;
    }
    case AF_NETLINK:
      if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
      return protocol === 0 ? { domain, type, protocol } : -EPROTONOSUPPORT;
    case AF_PACKET: return -EPERM;
    default: return -EAFNOSUPPORT;
  }
}
function make(task: KernelTask, kind: SocketKind): Socket {
  const { network } = task.process.system, maker = credentialsOf(task);
  if (kind.domain === AF_UNIX) return new UnixSocket(network, kind, maker);
  if (kind.domain === AF_NETLINK) return new NetlinkSocket(network, kind, maker);
  return kind.type === SOCK_STREAM ? new TcpSocket(network, kind, maker) : new UdpSocket(network, kind, maker);
}
function install(task: KernelTask, socket: Socket, flags: number): Result {
  return task.process.files.install(new FileDescription(socket, O_RDWR | flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
}
/** The kind and the flags of a call's first three arguments. */
function asked(a: Args): { readonly kind: SocketKind; readonly flags: number } | Result {
  const flags = a.int(1) & ~SOCK_TYPE_MASK;
  if ((flags & ~SOCK_FLAGS) !== 0) return -EINVAL;
  const kind = kindOf(a.int(0), a.int(1) & SOCK_TYPE_MASK, a.int(2));
  return typeof kind === 'number' ? kind : { kind, flags };
}
function socket(task: KernelTask, a: Args): Result {
  const wanted = asked(a);
  return typeof wanted === 'number' ? wanted : install(task, make(task, wanted.kind), wanted.flags);
}
function socketpair(task: KernelTask, a: Args): Result {
  const wanted = asked(a), at = a.pointer(3), { files, system } = task.process;
  if (typeof wanted === 'number') return wanted;
  if (wanted.kind.domain !== AF_UNIX) return -EOPNOTSUPP;
  const [one, other] = UnixSocket.pair(system.network, wanted.kind, credentialsOf(task));
  const first = install(task, one, wanted.flags);
  if (first < 0) { other.release(); return first; }
  const second = install(task, other, wanted.flags);
  const told = second < 0 ? second : putStructure(task, at, 8, view => { view.setInt32(0, first, true); view.setInt32(4, second, true); });
  if (told >= 0) return 0;
  files.close(first);
  if (second >= 0) files.close(second);
  return told;
}

// — names and connections —

type OnSocket = (task: KernelTask, socket: Socket, a: Args) => Result;
const onSocket = (run: OnSocket) => (task: KernelTask, a: Args): Result => {
  const open = socketOf(task, a.int(0));
  return typeof open === 'number' ? open : run(task, open.socket, a);
};
const bind = onSocket((task, socket, a) => {
  const address = addressArgument(task, a.pointer(1), a.int(2));
  return typeof address === 'number' ? address : socket.bind(task, address);
});
const listen = onSocket((task, socket, a) => socket.listen(task, a.int(1)));
const shutdown = onSocket((_task, socket, a) => {
  const how = a.int(1);
  // SHUT_RD, SHUT_WR, SHUT_RDWR are 0, 1, 2.
  return how < 0 || how > 2 ? -EINVAL : socket.shutdown((how + 1) & SHUT_BOTH);
});
const getsockname = onSocket((task, socket, a) => {
  const address = socket.localAddress();
  return typeof address === 'number' ? address : tellAddress(task, address, a.pointer(1), a.pointer(2));
});
const getpeername = onSocket((task, socket, a) => {
  const address = socket.peerAddress();
  return typeof address === 'number' ? address : tellAddress(task, address, a.pointer(1), a.pointer(2));
});

function connect(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0));
  if (typeof open === 'number') return open;
  const address = addressArgument(task, a.pointer(1), a.int(2)), { socket } = open, patience = sendPatience(open, 0);
  if (typeof address === 'number') return address;
  let hasBegun = false;
  return patiently(task, { ...patience, late: socket.kind.domain === AF_UNIX ? -EAGAIN : -EINPROGRESS }, () => {
    const result = hasBegun ? -EINPROGRESS : socket.connect(task, address);
    if (result !== -EINPROGRESS) return result;
    hasBegun = true;
    return patience.isPatient ? socket.connected() ?? -EAGAIN : result;
  });
}
function accept(task: KernelTask, fd: number, addressAt: number, lengthAt: number, flags: number): Outcome {
  if ((flags & ~SOCK_FLAGS) !== 0) return -EINVAL;
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const { socket } = open, { files } = task.process, patience = receivePatience(open, 0);
  return patiently(task, patience, () => {
    const free = files.lowestFree();
    if (free < 0) return free;
    const accepted = socket.accept(patience.isPatient);
    if (typeof accepted === 'number') return accepted;
    if (addressAt !== 0) {
      const address = accepted.peerAddress(), told = tellAddress(task, typeof address === 'number' ? new Uint8Array([socket.kind.domain, 0]) : address, addressAt, lengthAt);
      if (told < 0) { accepted.release(); return told; }
    }
    return install(task, accepted, flags);
  });
}

const setsockopt = onSocket((task, socket, a) => setOption(task, socket, a.int(1), a.int(2), a.pointer(3), a.int(4)));
const getsockopt = onSocket((task, socket, a) => getOption(task, socket, a.int(1), a.int(2), a.pointer(3), a.pointer(4)));

const INSIDE = 'loopback inside the emulated machine', CONTROL = 'no MSG_OOB; control messages: SCM_RIGHTS, SCM_CREDENTIALS';
export const netCalls: SyscallRows<KernelTask> = [
  call(41, 'socket', 'family socktype protocol → fd', socket, `AF_UNIX, AF_INET and AF_INET6 (${INSIDE}), AF_NETLINK (lo)`),
  call(42, 'connect', 'fd address uint → int', connect, INSIDE),
  call(43, 'accept', 'fd addressout lengthp → fd', (task, a) => accept(task, a.int(0), a.pointer(1), a.pointer(2), 0)),
  call(44, 'sendto', 'fd data size msg address uint → size', sendto, 'no MSG_OOB'),
  call(45, 'recvfrom', 'fd bytes size msg addressout lengthp → size', recvfrom, 'no MSG_OOB'),
  call(46, 'sendmsg', 'fd message msg → size', sendmsg, CONTROL),
  call(47, 'recvmsg', 'fd messageout msg → size', recvmsg, CONTROL),
  call(48, 'shutdown', 'fd shut → int', shutdown),
  call(49, 'bind', 'fd address uint → int', bind),
  call(50, 'listen', 'fd int → int', listen),
  call(51, 'getsockname', 'fd addressout lengthp → int', getsockname),
  call(52, 'getpeername', 'fd addressout lengthp → int', getpeername),
  call(53, 'socketpair', 'family socktype protocol fds → int', socketpair),
  call(54, 'setsockopt', 'fd level option optionin uint → int', setsockopt, 'many options are kept and told, and do nothing'),
  call(55, 'getsockopt', 'fd level option optionout lengthp → int', getsockopt),
  call(288, 'accept4', 'fd addressout lengthp sockflags → fd', (task, a) => accept(task, a.int(0), a.pointer(1), a.pointer(2), a.int(3))),
  call(299, 'recvmmsg', 'fd messages uint msg timespec → int', recvmmsg, CONTROL),
  call(307, 'sendmmsg', 'fd messages uint msg → int', sendmmsg, CONTROL),
];
