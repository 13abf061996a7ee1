/** Addresses of sockets: struct sockaddr_un, sockaddr_in, sockaddr_in6, sockaddr_nl (unix(7), ip(7), ipv6(7), netlink(7)). */
import { EFAULT, EINVAL } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import { byteString, bytesOf, type ByteString } from '../../host/host.ts';
import type { Result } from '../file.ts';
import { userStructure } from '../structure.ts';
import type { Task } from '../task.ts';
import { ADDRESS_BYTES_MAX, AF_INET, AF_INET6, AF_NETLINK, AF_UNIX } from './uapi.ts';

/** A struct sockaddr as it lies in memory. Which parts count is for the socket to say. */
export type RawAddress = DataView;
export function familyOf(raw: RawAddress): number { return raw.byteLength >= 2 ? raw.getUint16(0, true) : 0; }

/** An address the guest gives, or -errno. */
export function addressArgument(task: Task, at: Va, length: number): RawAddress | Result {
  if (length < 0 || length > ADDRESS_BYTES_MAX) return -EINVAL;
  return userStructure(task, at, length) ?? -EFAULT;
}
/** Tells an address: what of it fits, and how long it is. */
export function tellAddress(task: Task, address: Uint8Array, at: Va, lengthAt: Va): Result {
  const room = userStructure(task, lengthAt, 4), { memory } = task.process;
  if (room === null) return -EFAULT;
  const length = Math.min(room.getInt32(0, true), address.length);
  if (length < 0) return -EINVAL;
  if (!memory.copyOut(at, address.subarray(0, length))) return -EFAULT;
  return memory.copyOut(lengthAt, new Uint8Array(new Int32Array([address.length]).buffer)) ? 0 : -EFAULT;
}

// — unix —

const UNIX_BYTES_MAX = 110, PATH_AT = 2;
/** '' has no name, a leading NUL marks an abstract one, all else is a path. */
export function unixName(raw: RawAddress): ByteString | Result {
  if (raw.byteLength <= PATH_AT || raw.byteLength > UNIX_BYTES_MAX || familyOf(raw) !== AF_UNIX) return -EINVAL;
  const text = byteString(new Uint8Array(raw.buffer, PATH_AT));
  if (text.startsWith('\0')) return text;
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
export function unixAddress(name: ByteString): Uint8Array {
  const text = name === '' || name.startsWith('\0') ? name : `${name}\0`;
  return new Uint8Array([AF_UNIX, 0, ...bytesOf(text)]);
}

// — internet —

/** `ip` has 4 bytes, or 16 where it is no IPv4 address in IPv6's clothes. */
export interface Endpoint { readonly ip: ByteString; readonly port: number }
export const ANY_IPV4: ByteString = '\0\0\0\0', LOOPBACK_IPV4: ByteString = '\x7f\0\0\x01';
export const ANY_IPV6: ByteString = '\0'.repeat(16), LOOPBACK_IPV6: ByteString = `${'\0'.repeat(15)}\x01`;
const MAPPED_PREFIX: ByteString = `${'\0'.repeat(10)}\xff\xff`;
const INET_BYTES = 16, INET6_BYTES_MIN = 24, INET6_BYTES = 28;

export const isAny = (ip: ByteString): boolean => ip === ANY_IPV4 || ip === ANY_IPV6;
/** Is it an address of this machine? It has lo, and nothing else. */
export const isLocal = (ip: ByteString): boolean => ip === LOOPBACK_IPV6 || (ip.length === 4 && ip.startsWith('\x7f'));

/** null: too short. The family is the caller's to check. */
export function endpointOf(raw: RawAddress, family: number): Endpoint | null {
  if (raw.byteLength < (family === AF_INET ? INET_BYTES : INET6_BYTES_MIN)) return null;
  const port = raw.getUint16(2);
  if (family === AF_INET) return { ip: byteString(new Uint8Array(raw.buffer, 4, 4)), port };
  const ip = byteString(new Uint8Array(raw.buffer, 8, 16));
  return { ip: ip.startsWith(MAPPED_PREFIX) ? ip.slice(12) : ip, port };
}
export function inetAddress(family: number, { ip, port }: Endpoint): Uint8Array {
  const view = new DataView(new ArrayBuffer(family === AF_INET ? INET_BYTES : INET6_BYTES)), bytes = new Uint8Array(view.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (family === AF_INET6) bytes.set(bytesOf(ip.length === 4 ? (ip === ANY_IPV4 ? ANY_IPV6 : MAPPED_PREFIX + ip) : ip), 8);
  else bytes.set(bytesOf(ip), 4);
  return bytes;
}

// — netlink —

export function netlinkAddress(port: number, groups: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint16(0, AF_NETLINK, true); view.setUint32(4, port, true); view.setUint32(8, groups, true);
  return new Uint8Array(view.buffer);
}
