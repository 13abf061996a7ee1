/** What all sockets have (socket(2), socket(7); Linux: struct sock): options, an error, two halves that can be shut; and what they lack. */
import { EFAULT, EINVAL, ENOTTY, EOPNOTSUPP } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import type { UserMemory } from '../../mmu/user.ts';
import type { File, FileDescription, Result, Stat, UserBuffer } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { FIONREAD } from '../terminal.ts';
import { S_IFSOCK } from '../uapi.ts';
import type { RawAddress } from './address.ts';
import { interfaceIoctl } from './interfaces.ts';
import type { Network } from './network.ts';
import { SocketOptions } from './options.ts';
import { Account, type Credentials } from './queue.ts';
import { SIOCATMARK, SIOCOUTQ, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET } from './uapi.ts';

/** A message to send. A stream may take part of it. */
export interface Outgoing {
  readonly from: UserBuffer;
  readonly to: RawAddress | null;
  readonly flags: number;
  /** null: nobody asked; the socket's maker is the sender. */
  readonly credentials: Credentials | null;
  readonly files: readonly FileDescription[];
  /** Who sends; null: the kernel, for somebody. */
  readonly task: KernelTask | null;
}
/** What a receive found. `length`: bytes put into memory; `whole`: bytes the message had. */
export interface Received {
  readonly length: number;
  readonly whole: number;
  /** null: no address is told, and msg_namelen is left. */
  readonly from: Uint8Array | null;
  readonly flags: number;
  readonly credentials: Credentials | null;
  /** Held for the receiver. */
  readonly files: readonly FileDescription[];
}
export interface SocketKind { readonly domain: number; readonly type: number; readonly protocol: number }

/** Where a call finds nothing to do yet it answers -EAGAIN: the caller waits, or not. */
export abstract class Socket implements File {
  readonly network: Network;
  readonly kind: SocketKind;
  readonly maker: Credentials;
  readonly inode: number;
  readonly options = new SocketOptions();
  readonly edges = { input: 0, output: 0 };
  readonly sent: Account;
  readonly writesAll: boolean = false;
  get breaksQuietly(): boolean { return this.kind.type !== SOCK_STREAM; }
  get timeouts(): SocketOptions { return this.options; }
  /** SO_ERROR: what is told once, by the next call. */
  error = 0;
  /** SHUT_RECEIVE | SHUT_SEND. */
  shut = 0;

  constructor(network: Network, kind: SocketKind, maker: Credentials) {
    this.network = network; this.kind = kind; this.maker = maker;
    this.inode = network.newInode();
    this.sent = new Account(network.buffered);
  }
  get name(): string { return `socket:[${this.inode}]`; }
  /** SO_ACCEPTCONN. */
  get isListening(): boolean { return false; }
  get peerCredentials(): Credentials | null { return null; }

  bind(_task: KernelTask, _address: RawAddress): Result { return -EOPNOTSUPP; }
  listen(_task: KernelTask, _backlog: number): Result { return -EOPNOTSUPP; }
  /** -EAGAIN: there is no room for it yet, ask again; -EINPROGRESS: it has begun, `connected` will know. */
  connect(_task: KernelTask, _address: RawAddress): Result { return -EOPNOTSUPP; }
  /** How a connect that began has ended; null: not yet. */
  connected(): Result | null { return 0; }
  /** `waits`: whoever asks would wait for one. */
  accept(_waits: boolean): Socket | Result { return -EOPNOTSUPP; }
  shutdown(_halves: number): Result { return -EOPNOTSUPP; }
  abstract localAddress(): Uint8Array | Result;
  abstract peerAddress(): Uint8Array | Result;
  abstract send(message: Outgoing): Result;
  abstract receive(to: UserBuffer, flags: number): Received | Result;
  abstract poll(): number;
  abstract release(): void;
  /** Files of messages nobody has received yet (unix(7), SCM_RIGHTS). */
  carried(): readonly FileDescription[] { return []; }
  /** Forgets such messages. */
  purge(): void {}
  /** FIONREAD. */
  abstract readableBytes(): Result;

  takeError(): number { const { error } = this; this.error = 0; return error; }
  /** Somebody who waits for input, or for room, has reason to look. */
  wakeInput(): void { this.edges.input += 1; }
  wakeOutput(): void { this.edges.output += 1; }
  /** What may still be sent. */
  get room(): number {
    return Math.min(this.options.get(SOL_SOCKET, SO_SNDBUF) - this.sent.bytes, this.network.room);
  }

  read(to: UserBuffer): Result {
    if (to.length === 0) return 0;
    const received = this.receive(to, 0);
    if (typeof received === 'number') return received;
    for (const description of received.files) description.release();
    return received.length;
  }
  write(from: UserBuffer, _at?: number, _isExplicit?: boolean, task: KernelTask | null = null): Result {
    return this.send({ from, to: null, flags: 0, credentials: null, files: [], task });
  }
  stat(): Stat { return { mode: S_IFSOCK | 0o777, ino: BigInt(this.inode), nlink: 1, blksize: 4096 }; }
  ioctl(request: number, argument: Va, memory: UserMemory): Result {
    const value = request === FIONREAD ? this.readableBytes() : request === SIOCOUTQ ? (this.isListening ? -EINVAL : this.sent.bytes) : request === SIOCATMARK ? 0 : null;
    if (value === null) return interfaceIoctl(request, argument, memory) ?? -ENOTTY;
    if (value < 0) return value;
    return memory.copyOut(argument, new Uint8Array(new Int32Array([value]).buffer)) ? 0 : -EFAULT;
  }
}
