/** Which sockets have which ports, of TCP or of UDP (ip(7), ip_local_port_range; socket(7), SO_REUSEADDR, SO_REUSEPORT). */
import { EACCES, EADDRINUSE } from '../../base/errno.ts';
import type { ByteString } from '../../host/host.ts';
import type { Result } from '../file.ts';
import { ANY_IPV4, ANY_IPV6 } from './address.ts';

export interface PortHolder {
  readonly localIp: ByteString;
  /** Bound to :: it hears IPv4 as well. */
  readonly isDual: boolean;
  readonly isListening: boolean;
  readonly reusesAddress: boolean;
  readonly reusesPort: boolean;
}
export const EPHEMERAL_FIRST = 32768, EPHEMERAL_LAST = 60999, PRIVILEGED_PORTS = 1024;

/** Would the holder hear what is sent to `ip`? */
export function hears(holder: PortHolder, ip: ByteString): boolean {
  const { localIp } = holder;
  if (localIp === ip || (localIp === ANY_IPV4 && ip.length === 4)) return true;
  return localIp === ANY_IPV6 && (ip.length === 16 || holder.isDual);
}
function overlaps(a: PortHolder, b: PortHolder): boolean { return hears(a, b.localIp) || hears(b, a.localIp); }

export class Ports {
  private readonly holders = new Map<number, PortHolder[]>();
  private next = EPHEMERAL_FIRST;

  at(port: number): readonly PortHolder[] { return this.holders.get(port) ?? []; }
  /** Gives `port`, or with 0 one that is free. The port, or -errno. */
  bind(holder: PortHolder, port: number, isPrivileged: boolean): Result {
    if (port === 0) return this.bindFree(holder);
    if (port < PRIVILEGED_PORTS && !isPrivileged) return -EACCES;
    if (this.at(port).some(other => conflicts(holder, other))) return -EADDRINUSE;
    this.add(holder, port);
    return port;
  }
  private bindFree(holder: PortHolder): Result {
    for (let tries = EPHEMERAL_FIRST; tries <= EPHEMERAL_LAST; tries++) {
      const port = this.next;
      this.next = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1;
      if (this.at(port).length > 0) continue;
      this.add(holder, port);
      return port;
    }
    return -EADDRINUSE;
  }
  add(holder: PortHolder, port: number): void { this.holders.set(port, [...this.at(port), holder]); }
  remove(holder: PortHolder, port: number): void {
    const left = this.at(port).filter(other => other !== holder);
    if (left.length === 0) this.holders.delete(port); else this.holders.set(port, left);
  }
  /** May `holder` begin to listen where others have the port too? */
  mayListen(holder: PortHolder, port: number): boolean {
    return !this.at(port).some(other => other !== holder && other.isListening && overlaps(holder, other) && !(holder.reusesPort && other.reusesPort));
  }
}
function conflicts(holder: PortHolder, other: PortHolder): boolean {
  if (!overlaps(holder, other) || (holder.reusesPort && other.reusesPort)) return false;
  return !(holder.reusesAddress && other.reusesAddress && !other.isListening);
}
