/** What TCP and UDP share: addresses of this machine, ports (ip(7), ipv6(7)). */
import { EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENETUNREACH, ENOTCONN } from '../../base/errno.ts';
import type { ByteString } from '../../host/host.ts';
import type { Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { ANY_IPV4, ANY_IPV6, endpointOf, familyOf, inetAddress, isAny, isLocal, LOOPBACK_IPV4, LOOPBACK_IPV6, type Endpoint, type RawAddress } from './address.ts';
import type { Network } from './network.ts';
import { hears, type PortHolder, type Ports } from './ports.ts';
import type { Credentials } from './queue.ts';
import { Socket, type SocketKind } from './socket.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, IPPROTO_IPV6, IPV6_V6ONLY, SO_BROADCAST, SO_REUSEADDR, SO_REUSEPORT } from './uapi.ts';

const BROADCAST: ByteString = '\xff\xff\xff\xff';

export abstract class InetSocket extends Socket implements PortHolder {
  localIp: ByteString;
  localPort = 0;
  /** bind(2) gave the port or the address: disconnecting leaves it. */
  protected isBound = false;
  protected remote: Endpoint | null = null;
  protected readonly ports: Ports;

  constructor(network: Network, kind: SocketKind, maker: Credentials, ports: Ports) {
    super(network, kind, maker);
    this.ports = ports;
    this.localIp = this.anyIp;
  }
  private get anyIp(): ByteString { return this.kind.domain === AF_INET ? ANY_IPV4 : ANY_IPV6; }
  get isDual(): boolean { return this.kind.domain === AF_INET6 && this.options.get(IPPROTO_IPV6, IPV6_V6ONLY) === 0; }
  get reusesAddress(): boolean { return this.options.is(SO_REUSEADDR); }
  get reusesPort(): boolean { return this.options.is(SO_REUSEPORT); }

  override bind(task: KernelTask, raw: RawAddress): Result {
    const { domain } = this.kind, endpoint = endpointOf(raw, domain), family = familyOf(raw);
    if (endpoint === null) return -EINVAL;
    const isUnspecified = family === AF_UNSPEC && domain === AF_INET && endpoint.ip === ANY_IPV4;
    if (family !== domain && !isUnspecified) return -EAFNOSUPPORT;
    if (domain === AF_INET6 && endpoint.ip.length === 4 && !this.isDual) return -EINVAL;
    if (!isAny(endpoint.ip) && !isLocal(endpoint.ip)) return -EADDRNOTAVAIL;
    if (this.localPort !== 0 || this.remote !== null) return -EINVAL;
    const bound = this.take(endpoint.ip, endpoint.port, task.process.system.host.user.euid === 0);
    if (bound >= 0) this.isBound = true;
    return Math.min(bound, 0);
  }
  /** Has a port from here on; 0: any that is free. */
  protected take(ip: ByteString, port: number, isPrivileged = false): Result {
    const before = this.localIp;
    this.localIp = ip;
    const given = this.ports.bind(this, port, isPrivileged);
    if (given < 0) this.localIp = before; else this.localPort = given;
    return given;
  }
  protected leavePort(): void {
    if (this.localPort !== 0) this.ports.remove(this, this.localPort);
    this.localPort = 0;
    this.localIp = this.anyIp;
    this.isBound = false;
  }
  /** Where a connect or a datagram goes to, or -errno: lo is all there is. */
  protected target(raw: RawAddress): Endpoint | Result {
    const { domain } = this.kind, family = familyOf(raw), isV4 = family === AF_INET || (family === AF_UNSPEC && domain === AF_INET);
    if (domain === AF_INET6 && isV4 && family === AF_INET) {
      const mapped = endpointOf(raw, AF_INET);
      return mapped === null ? -EINVAL : this.reachable(mapped);
    }
    const endpoint = endpointOf(raw, domain);
    if (endpoint === null) return -EINVAL;
    return family === domain || isV4 ? this.reachable(endpoint) : -EAFNOSUPPORT;
  }
  private reachable({ ip, port }: Endpoint): Endpoint | Result {
    if (this.kind.domain === AF_INET6 && ip.length === 4 && !this.isDual) return -ENETUNREACH;
    if (isAny(ip)) return { ip: ip.length === 4 ? LOOPBACK_IPV4 : LOOPBACK_IPV6, port };
    if (ip === BROADCAST && !this.options.is(SO_BROADCAST)) return -EACCES;
    return isLocal(ip) ? { ip, port } : -ENETUNREACH;
  }
  protected sourceFor(ip: ByteString): ByteString {
    if (!isAny(this.localIp)) return this.localIp;
    return ip.length === 4 ? LOOPBACK_IPV4 : LOOPBACK_IPV6;
  }
  /** Those that have the port and would hear what is sent to `ip`; who named the address comes first, then who came last. */
  protected hearers(to: Endpoint): readonly PortHolder[] {
    const all = this.ports.at(to.port).filter(holder => hears(holder, to.ip)).reverse();
    return [...all.filter(holder => holder.localIp === to.ip), ...all.filter(holder => holder.localIp !== to.ip)];
  }
  localAddress(): Uint8Array { return inetAddress(this.kind.domain, { ip: this.localIp, port: this.localPort }); }
  peerAddress(): Uint8Array | Result { return this.remote === null ? -ENOTCONN : inetAddress(this.kind.domain, this.remote); }
}
