/** How strace prints what epoll, sockets and descriptors of events take: events, addresses, messages, options (strace(1)). */
import { byteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';
import { NameTable } from './strace-names.ts';
import {
  buffer, choice, ELEMENTS_MAX, failed, flags, hex, pointer, quote, read, structure, timeval, told, view, type Printer, type TracedCall,
} from './strace-pieces.ts';

const EPOLL = new NameTable(`
  EPOLLIN=1 EPOLLPRI=2 EPOLLOUT=4 EPOLLERR=8 EPOLLHUP=16 EPOLLRDNORM=64 EPOLLRDBAND=128 EPOLLWRNORM=256 EPOLLWRBAND=512 EPOLLMSG=1024
  EPOLLRDHUP=0x2000 EPOLLEXCLUSIVE=0x10000000 EPOLLWAKEUP=0x20000000 EPOLLONESHOT=0x40000000 EPOLLET=0x80000000`);
const FAMILIES = new NameTable('AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_INET6=10 AF_NETLINK=16 AF_PACKET=17 AF_ALG=38 AF_VSOCK=40');
const TYPES = new NameTable('SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 SOCK_DCCP=6 SOCK_PACKET=10');
const TYPE_FLAGS = new NameTable('SOCK_CLOEXEC=0x80000 SOCK_NONBLOCK=0x800');
const PROTOCOLS = new NameTable('IPPROTO_IP=0 IPPROTO_ICMP=1 IPPROTO_TCP=6 IPPROTO_UDP=17 IPPROTO_IPV6=41 IPPROTO_ICMPV6=58 IPPROTO_RAW=255');
const MESSAGE = new NameTable(`
  MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_PROBE=0x10 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 MSG_EOR=0x80 MSG_WAITALL=0x100 MSG_FIN=0x200
  MSG_SYN=0x400 MSG_CONFIRM=0x800 MSG_RST=0x1000 MSG_ERRQUEUE=0x2000 MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000 MSG_WAITFORONE=0x10000
  MSG_FASTOPEN=0x20000000 MSG_CMSG_CLOEXEC=0x40000000`);
const LEVELS = new NameTable('SOL_IP=0 SOL_SOCKET=1 SOL_TCP=6 SOL_UDP=17 SOL_IPV6=41 SOL_NETLINK=270');
const OPTIONS: { readonly [level: number]: NameTable } = {
  0: new NameTable('IP_TOS=1 IP_TTL=2 IP_OPTIONS=4 IP_RECVOPTS=6 IP_PKTINFO=8 IP_MTU_DISCOVER=10 IP_RECVERR=11 IP_RECVTTL=12 IP_RECVTOS=13 IP_MTU=14 IP_FREEBIND=15'),
  1: new NameTable(`
    SO_DEBUG=1 SO_REUSEADDR=2 SO_TYPE=3 SO_ERROR=4 SO_DONTROUTE=5 SO_BROADCAST=6 SO_SNDBUF=7 SO_RCVBUF=8 SO_KEEPALIVE=9 SO_OOBINLINE=10 SO_NO_CHECK=11
    SO_PRIORITY=12 SO_LINGER=13 SO_REUSEPORT=15 SO_PASSCRED=16 SO_PEERCRED=17 SO_RCVLOWAT=18 SO_SNDLOWAT=19 SO_RCVTIMEO_OLD=20 SO_SNDTIMEO_OLD=21
    SO_BINDTODEVICE=25 SO_PEERNAME=28 SO_TIMESTAMP_OLD=29 SO_ACCEPTCONN=30 SO_PEERSEC=31 SO_SNDBUFFORCE=32 SO_RCVBUFFORCE=33 SO_PASSSEC=34
    SO_MARK=36 SO_PROTOCOL=38 SO_DOMAIN=39 SO_PEEK_OFF=42 SO_BUSY_POLL=46 SO_INCOMING_CPU=49 SO_PEERGROUPS=59 SO_PEERPIDFD=77`),
  6: new NameTable(`
    TCP_NODELAY=1 TCP_MAXSEG=2 TCP_CORK=3 TCP_KEEPIDLE=4 TCP_KEEPINTVL=5 TCP_KEEPCNT=6 TCP_SYNCNT=7 TCP_LINGER2=8 TCP_DEFER_ACCEPT=9
    TCP_WINDOW_CLAMP=10 TCP_INFO=11 TCP_QUICKACK=12 TCP_CONGESTION=13 TCP_USER_TIMEOUT=18 TCP_FASTOPEN=23`),
  41: new NameTable('IPV6_UNICAST_HOPS=16 IPV6_MTU=24 IPV6_RECVERR=25 IPV6_V6ONLY=26 IPV6_RECVPKTINFO=49 IPV6_PKTINFO=50 IPV6_TCLASS=67'),
  270: new NameTable('NETLINK_ADD_MEMBERSHIP=1 NETLINK_DROP_MEMBERSHIP=2 NETLINK_PKTINFO=3 NETLINK_EXT_ACK=11 NETLINK_GET_STRICT_CHK=12'),
};
const SO_LINGER = 13, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_PEERCRED = 17;

// — epoll —

const eventText = (fields: DataView, at: number): string => {
  const data = fields.getBigUint64(at + 4, true), low = fields.getUint32(at + 4, true);
  return `{events=${EPOLL.flags(fields.getUint32(at, true))}, data=${data <= 0xffff_ffffn ? `{u32=${low}, u64=${data}}` : `{u32=${low}, u64=0x${data.toString(16)}}`}}`;
};
const events: Printer = (call, i) => {
  const count = Math.min(call.result ?? 0, ELEMENTS_MAX), fields = view(call, call.args.pointer(i), 12 * count);
  if (fields === null) return pointer(call.args.pointer(i));
  return `[${Array.from({ length: count }, (_, k) => eventText(fields, 12 * k)).join(', ')}]`;
};
/** select's sets, after the call: the descriptors that are ready. */
const fdset: Printer = (call, i) => {
  const at = call.args.pointer(i), count = Math.max(0, Math.min(call.args.int(0), 1024)), bits = read(call, at, Math.ceil(count / 8));
  if (at === 0 || bits === null) return pointer(at);
  const fds = Array.from({ length: count }, (_, fd) => fd).filter(fd => ((bits[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0);
  return `[${fds.join(' ')}]`;
};
const maskPointer = structure(16, fields => `{sigmask=${pointer(Number(fields.getBigUint64(0, true)))}, sigsetsize=${fields.getBigUint64(8, true)}}`);

// — addresses —

const port = (fields: DataView): string => `htons(${fields.getUint16(2)})`;
function ipv6Text(fields: DataView): string {
  const groups = Array.from({ length: 8 }, (_, k) => fields.getUint16(8 + 2 * k));
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff) return `::ffff:${Array.from({ length: 4 }, (_, k) => fields.getUint8(20 + k)).join('.')}`;
  const words = groups.map(group => group.toString(16)).join(':'), zeros = [...words.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (zeros === undefined) return words;
  return `${words.slice(0, zeros.index).replace(/:$/, '')}::${words.slice(zeros.index + zeros[0].length).replace(/^:/, '')}`;
}
const ADDRESSES: { readonly [family: number]: (fields: DataView) => string } = {
  1: fields => {
    const name = byteString(new Uint8Array(fields.buffer, 2)), end = name.indexOf('\0');
    if (name === '') return '';
    return name.startsWith('\0') ? `, sun_path=@${quote(name.slice(1))}` : `, sun_path=${quote(end < 0 ? name : name.slice(0, end))}`;
  },
  2: fields => `, sin_port=${port(fields)}, sin_addr=inet_addr("${Array.from({ length: 4 }, (_, k) => fields.getUint8(4 + k)).join('.')}")`,
  10: fields => `, sin6_port=${port(fields)}, sin6_flowinfo=htonl(${fields.getUint32(4)}), inet_pton(AF_INET6, "${ipv6Text(fields)}", &sin6_addr), `
    + `sin6_scope_id=${fields.getUint32(24, true)}`,
  16: fields => `, nl_pid=${fields.getUint32(4, true)}, nl_groups=${fields.getUint32(8, true).toString(16).padStart(8, '0')}`,
};
const ADDRESS_BYTES_MIN: { readonly [family: number]: number } = { 1: 2, 2: 16, 10: 28, 16: 12 };
function address(call: TracedCall, at: Va, length: number): string {
  if (at === 0 || length < 2) return pointer(at);
  const fields = view(call, at, Math.min(length, 128));
  if (fields === null) return pointer(at);
  const family = fields.getUint16(0, true), print = fields.byteLength >= (ADDRESS_BYTES_MIN[family] ?? Infinity) ? ADDRESSES[family] : undefined;
  const rest = print?.(fields) ?? `, sa_data=${quote(byteString(new Uint8Array(fields.buffer, 2)))}`;
  return `{sa_family=${FAMILIES.of(family) ?? hex(family)}${rest}}`;
}
/** An address that is told, its length behind the next pointer. */
const addressOut: Printer = (call, i) => {
  const at = call.args.pointer(i), length = call.args.pointer(i + 1) === 0 ? null : view(call, call.args.pointer(i + 1), 4);
  return failed(call) || length === null ? pointer(at) : address(call, at, length.getUint32(0, true));
};
const lengthPointer = structure(4, fields => `[${fields.getInt32(0, true)}]`);

// — messages —

function headerText(call: TracedCall, at: Va, most: number): string {
  const fields = view(call, at, 56);
  if (fields === null || at === 0) return pointer(at);
  const word = (offset: number): number => Number(fields.getBigUint64(offset, true));
  const count = Math.min(word(24), ELEMENTS_MAX), vector = view(call, word(16), 16 * count);
  let left = most;
  const parts = vector === null ? null : Array.from({ length: count }, (_, k) => {
    const length = Number(vector.getBigUint64(16 * k + 8, true)), shown = Math.min(left, length);
    left -= shown;
    return `{iov_base=${buffer(call, Number(vector.getBigUint64(16 * k, true)), shown)}, iov_len=${length}}`;
  });
  const nameBytes = fields.getUint32(8, true), controlBytes = word(40);
  return [
    `{msg_name=${address(call, word(0), nameBytes)}`, `msg_namelen=${nameBytes}`, `msg_iov=${parts === null ? pointer(word(16)) : `[${parts.join(', ')}]`}`,
    `msg_iovlen=${word(24)}`, ...controlBytes === 0 ? [] : [`msg_control=${controlText(call, word(32), controlBytes)}`], `msg_controllen=${controlBytes}`,
    `msg_flags=${MESSAGE.flags(fields.getUint32(48, true))}}`,
  ].join(', ');
}
function controlText(call: TracedCall, at: Va, length: number): string {
  const fields = view(call, at, Math.min(length, 1024));
  if (fields === null) return pointer(at);
  const parts: string[] = [];
  for (let k = 0; k + 16 <= fields.byteLength;) {
    const bytes = Number(fields.getBigUint64(k, true)), level = fields.getInt32(k + 8, true), type = fields.getInt32(k + 12, true);
    if (bytes < 16 || k + bytes > fields.byteLength) break;
    const ints = Array.from({ length: Math.floor((bytes - 16) / 4) }, (_, n) => fields.getInt32(k + 16 + 4 * n, true));
    const data = level === 1 && type === 1 ? `, cmsg_data=[${ints.join(', ')}]`
      : level === 1 && type === 2 ? `, cmsg_data={pid=${ints[0] ?? 0}, uid=${ints[1] ?? 0}, gid=${ints[2] ?? 0}}` : '';
    const name = level === 1 ? ['SCM_RIGHTS', 'SCM_CREDENTIALS'][type - 1] ?? hex(type) : hex(type);
    parts.push(`{cmsg_len=${bytes}, cmsg_level=${LEVELS.of(level) ?? hex(level)}, cmsg_type=${name}${data}}`);
    k += Math.ceil(bytes / 8) * 8;
  }
  return `[${parts.join(', ')}]`;
}
const messages: Printer = (call, i) => {
  const at = call.args.pointer(i), count = Math.min(failed(call) ? 0 : call.result ?? 0, ELEMENTS_MAX), parts: string[] = [];
  if (count === 0) return pointer(at);
  for (let k = 0; k < count; k++) {
    const length = view(call, at + 64 * k + 56, 4)?.getUint32(0, true) ?? 0;
    parts.push(`{msg_hdr=${headerText(call, at + 64 * k, length)}, msg_len=${length}}`);
  }
  return `[${parts.join(', ')}]`;
};

// — options —

const optionName: Printer = (call, i) => OPTIONS[call.args.int(i - 1)]?.of(call.args.int(i)) ?? hex(call.args.uint(i));
function optionText(call: TracedCall, i: number, length: number): string {
  const at = call.args.pointer(i), name = call.args.int(1) === 1 ? call.args.int(2) : -1, fields = at === 0 ? null : view(call, at, Math.min(length, 64));
  if (fields === null) return pointer(at);
  if (name === SO_LINGER && length === 8) return `{l_onoff=${fields.getInt32(0, true)}, l_linger=${fields.getInt32(4, true)}}`;
  if (name === SO_PEERCRED && length === 12) return `{pid=${fields.getInt32(0, true)}, uid=${fields.getInt32(4, true)}, gid=${fields.getInt32(8, true)}}`;
  if ((name === SO_RCVTIMEO || name === SO_SNDTIMEO) && length === 16) return timeval(call, i) ?? '';
  return length === 4 ? `[${fields.getInt32(0, true)}]` : buffer(call, at, length);
}
const optionOut: Printer = (call, i) => optionText(call, i, view(call, call.args.pointer(i + 1), 4)?.getUint32(0, true) ?? 0);
const socketType: Printer = (call, i) => {
  const value = call.args.uint(i), rest = TYPE_FLAGS.flags(value & ~0xf, '');
  return [TYPES.of(value & 0xf) ?? hex(value & 0xf), ...rest === '' ? [] : [rest]].join('|');
};
const protocol: Printer = (call, i) => [2, 10].includes(call.args.int(0)) ? PROTOCOLS.of(call.args.int(i)) ?? hex(call.args.uint(i)) : String(call.args.int(i));

// — descriptors of events —

const timerText = (fields: DataView): string => {
  const one = (at: number): string => `{tv_sec=${fields.getBigInt64(at, true)}, tv_nsec=${fields.getBigInt64(at + 8, true)}}`;
  return `{it_interval=${one(0)}, it_value=${one(16)}}`;
};

export const NET_ARGUMENTS: { readonly [word: string]: Printer } = {
  address: (call, i) => address(call, call.args.pointer(i), call.args.uint(i + 1)),
  addressout: addressOut,
  efd: flags(new NameTable('EFD_SEMAPHORE=1 EFD_CLOEXEC=0x80000 EFD_NONBLOCK=0x800')),
  epollbits: flags(new NameTable('EPOLL_CLOEXEC=0x80000')),
  epollctl: choice(new NameTable('EPOLL_CTL_ADD=1 EPOLL_CTL_DEL=2 EPOLL_CTL_MOD=3')),
  epollevent: structure(12, fields => eventText(fields, 0)),
  epollevents: told(events),
  family: choice(FAMILIES), fdset,
  lengthp: told(lengthPointer),
  level: choice(LEVELS),
  message: (call, i) => headerText(call, call.args.pointer(i), Infinity),
  messageout: told((call, i) => headerText(call, call.args.pointer(i), call.result ?? 0)),
  messages,
  msg: flags(MESSAGE),
  option: optionName, optionin: (call, i) => optionText(call, i, call.args.uint(i + 1)), optionout: told(optionOut),
  pidfd: flags(new NameTable('PIDFD_NONBLOCK=0x800')),
  protocol,
  sfd: flags(new NameTable('SFD_CLOEXEC=0x80000 SFD_NONBLOCK=0x800')),
  shut: choice(new NameTable('SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2')),
  sigmaskp: maskPointer, sockflags: flags(TYPE_FLAGS),
  siginfo: structure(48, fields => `{si_signo=${fields.getInt32(0, true)}, si_code=${fields.getInt32(8, true)}}`),
  socktype: socketType,
  tfd: flags(new NameTable('TFD_CLOEXEC=0x80000 TFD_NONBLOCK=0x800')),
  tfdset: flags(new NameTable('TFD_TIMER_ABSTIME=1 TFD_TIMER_CANCEL_ON_SET=2')),
  timersetting: structure(32, timerText), timersettingout: told(structure(32, timerText)),
  timevalin: timeval,
};
