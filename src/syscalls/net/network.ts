/** What the sockets of a machine share: names, ports, memory, descriptors on their way. Nothing of it leaves the emulator. */
import type { ByteString } from '../../host/host.ts';
import { Flight } from './flight.ts';
import { Ports } from './ports.ts';
import { Account } from './queue.ts';
import type { Socket } from './socket.ts';

/** What may be on its way in all sockets together. */
const BUFFERED_BYTES_MAX = 64 << 20;

export class Network {
  readonly buffered = new Account(null);
  readonly flight = new Flight();
  /** AF_UNIX: an abstract name begins with NUL; all others are of nodes of the file system. */
  readonly unixNames = new Map<ByteString, Socket>();
  readonly tcp = new Ports();
  readonly udp = new Ports();
  readonly newInode: () => number;
  /** Netlink: port numbers in use. */
  readonly netlinkPorts = new Set<number>();
  private autobound = 0;
  constructor(newInode: () => number) { this.newInode = newInode; }
  get room(): number { return BUFFERED_BYTES_MAX - this.buffered.bytes; }
  /** "5 bytes in the character set [0-9a-f]": unix(7), autobind. null: all 2^20 are taken. */
  freeUnixName(keyOf: (name: ByteString) => ByteString): ByteString | null {
    for (let tries = 0; tries < 1 << 20; tries++) {
      this.autobound = (this.autobound + 1) & 0xfffff;
      const name = `\0${this.autobound.toString(16).padStart(5, '0')}`;
      if (!this.unixNames.has(keyOf(name))) return name;
    }
    return null;
  }
}
