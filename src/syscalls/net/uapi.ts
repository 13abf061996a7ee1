/** Numbers of the socket interface on x86-64 (socket(2), socket(7), recv(2), send(2); asm-generic/socket.h, linux/socket.h). */

export const AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17, AF_MAX = 46;
export const SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_TYPES_MAX = 11, SOCK_TYPE_MASK = 0xf;
export const IPPROTO_IP = 0, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_IPV6 = 41;
export const SOL_SOCKET = 1, SOL_NETLINK = 270;

export const MSG_OOB = 1, MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80, MSG_WAITALL = 0x100,
  MSG_ERRQUEUE = 0x2000, MSG_NOSIGNAL = 0x4000, MSG_WAITFORONE = 0x10000, MSG_CMSG_CLOEXEC = 0x4000_0000;
export const SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
/** Descriptors one message may carry. */
export const SCM_FDS_MAX = 253;

export const SO_TYPE = 3, SO_REUSEADDR = 2, SO_ERROR = 4, SO_BROADCAST = 6, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_LINGER = 13, SO_REUSEPORT = 15, SO_PASSCRED = 16,
  SO_PEERCRED = 17, SO_RCVLOWAT = 18, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33,
  SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_PEERGROUPS = 59, SO_RCVTIMEO_NEW = 66, SO_SNDTIMEO_NEW = 67;
export const IPV6_V6ONLY = 26;
export const TCP_MAXSEG = 2, TCP_INFO = 11, TCP_CONGESTION = 13;

/** `shut` of a socket, as bits: what was shut down. */
export const SHUT_RECEIVE = 1, SHUT_SEND = 2, SHUT_BOTH = 3;

export const SIOCOUTQ = 0x5411, SIOCATMARK = 0x8905;
/** A struct sockaddr_storage: no address is longer. */
export const ADDRESS_BYTES_MAX = 128;
/** /proc/sys/net/core/somaxconn, and rmem_max, wmem_max. */
export const BACKLOG_MAX = 4096, BUFFER_BYTES_MAX = 212_992;
