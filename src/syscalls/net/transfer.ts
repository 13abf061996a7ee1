/** send(2), recv(2) and their family: messages between guest memory and sockets, and waiting for them. */
import { EAGAIN, EBADF, EFAULT, EINTR, ENOTSOCK, EPIPE } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import { GatheredMemory } from '../buffers.ts';
import type { FileDescription, Result, UserBuffer } from '../file.ts';
import { descriptionOf } from '../io.ts';
import type { KernelTask } from '../process.ts';
import { raise } from '../signal.ts';
import type { Args, Control } from '../task.ts';
import { timespec } from '../time.ts';
import { O_NONBLOCK, SIGPIPE, TRANSFER_BYTES_MAX } from '../uapi.ts';
import { addressArgument, tellAddress, type RawAddress } from './address.ts';
import { attachedTo, ControlWriter, headerAt, NOTHING_ATTACHED, type Attached, type Header } from './message.ts';
import { Socket, type Received } from './socket.ts';
import {
  AF_UNIX, MSG_CMSG_CLOEXEC, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_WAITFORONE, SO_PASSCRED, SOCK_STREAM,
} from './uapi.ts';

type Outcome = Result | Control;
export interface OpenSocket { readonly socket: Socket; readonly description: FileDescription }

export function socketOf(task: KernelTask, fd: number): OpenSocket | Result {
  const description = descriptionOf(task.process, fd);
  if (description === null) return -EBADF;
  return description.file instanceof Socket ? { socket: description.file, description } : -ENOTSOCK;
}

interface Patience { readonly isPatient: boolean; readonly holds: FileDescription; readonly timeoutNs: number | null; /** What a timeout says; -EAGAIN where not given. */ readonly late?: Result }
const patienceOf = (description: FileDescription, flags: number, timeoutNs: number | null): Patience =>
  ({ isPatient: (description.flags & O_NONBLOCK) === 0 && (flags & MSG_DONTWAIT) === 0, timeoutNs, holds: description });
export const sendPatience = ({ socket, description }: OpenSocket, flags: number): Patience => patienceOf(description, flags, socket.options.sendTimeoutNs);
export const receivePatience = ({ socket, description }: OpenSocket, flags: number): Patience => patienceOf(description, flags, socket.options.receiveTimeoutNs);
/** Tries until it is something else than -EAGAIN. `done`: how far it is; if that is more than 0, a signal or the end of time leaves `early`. */
export function patiently(task: KernelTask, patience: Patience, attempt: () => Result, done: () => number = () => 0, early: () => Result = done): Outcome {
  const now = attempt();
  if (now !== -EAGAIN) return now;
  const late = (): Result => done() > 0 ? early() : patience.late ?? -EAGAIN;
  if (!patience.isPatient) return late();
  const { clock } = task.process.system, { timeoutNs } = patience, wakesAtNs = timeoutNs === null ? undefined : clock.monotonicNs() + timeoutNs;
  const until = (): Result | null => {
    const before = done(), result = attempt();
    if (result !== -EAGAIN) return result;
    if (done() > before) task.process.system.life.stir();
    return wakesAtNs !== undefined && clock.monotonicNs() >= wakesAtNs ? late() : null;
  };
  // "If a blocking call is interrupted after a timeout was set, it fails with EINTR": signal(7), socket interfaces.
  const onSignal = (): Result | null => done() > 0 ? early() : timeoutNs !== null ? -EINTR : null;
  return { then: 'sleep', until, wakesAtNs, onSignal, failsAfterStop: timeoutNs !== null, holds: patience.holds };
}

// — sending —

interface Message { readonly from: UserBuffer; readonly to: RawAddress | null; readonly attached: Attached }
/** One message as far as it goes now, in steps: `step` is asked until it is not -EAGAIN. */
class Sending {
  private done = 0;
  private files: readonly FileDescription[];
  readonly sent = (): number => this.done;
  private readonly task: KernelTask; private readonly open: OpenSocket; private readonly message: Message; private readonly flags: number;
  constructor(task: KernelTask, open: OpenSocket, message: Message, flags: number) {
    this.task = task; this.open = open; this.message = message; this.flags = flags;
    this.files = message.attached.files;
  }
  readonly step = (): Result => {
    const { task, flags, open: { socket }, message: { from, to, attached: { credentials } } } = this;
    const rest = { ...from, address: from.address + this.done, length: from.length - this.done };
    const result = socket.send({ from: rest, to, flags, credentials, files: this.files, task });
    if (result === -EAGAIN) return -EAGAIN;
    if (result < 0) {
      if (this.done > 0) return this.done;
      if (result === -EPIPE && socket.kind.type === SOCK_STREAM && (flags & MSG_NOSIGNAL) === 0) raise(task, { signal: SIGPIPE, code: 0, address: 0 });
      return result;
    }
    this.done += result;
    this.files = [];
    return socket.writesAll && result > 0 && this.done < from.length ? this.step() : this.done;
  };
}
function send(task: KernelTask, open: OpenSocket, message: Message, flags: number): Outcome {
  const sending = new Sending(task, open, message, flags);
  return patiently(task, sendPatience(open, flags), sending.step, sending.sent);
}
export function sendto(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0));
  if (typeof open === 'number') return open;
  const to = a.pointer(4) === 0 ? null : addressArgument(task, a.pointer(4), a.int(5));
  if (typeof to === 'number') return to;
  const from = { memory: task.process.memory, address: a.pointer(1), length: Math.min(a.size(2), TRANSFER_BYTES_MAX) };
  return send(task, open, { from, to, attached: NOTHING_ATTACHED }, a.uint(3));
}
function messageAt(task: KernelTask, { socket }: OpenSocket, at: Va): Message | Result {
  const header = headerAt(task, at);
  if (typeof header === 'number') return header;
  const to = header.nameBytes === 0 ? null : addressArgument(task, header.nameAt, header.nameBytes);
  if (typeof to === 'number') return to;
  const attached = socket.kind.domain === AF_UNIX ? attachedTo(task, header) : NOTHING_ATTACHED;
  if (typeof attached === 'number') return attached;
  return { from: { memory: header.data, address: 0, length: header.data.length }, to, attached };
}
export function sendmsg(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0)), flags = a.uint(2);
  if (typeof open === 'number') return open;
  const message = messageAt(task, open, a.pointer(1));
  return typeof message === 'number' ? message : send(task, open, message, flags);
}
const MMSGHDR_BYTES = 64, MESSAGES_MAX = 1024;
/** "The number of messages sent"; an error is told if it is the first that fails: sendmmsg(2). */
export function sendmmsg(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0)), at = a.pointer(1), count = Math.min(a.uint(2), MESSAGES_MAX), flags = a.uint(3);
  if (typeof open === 'number') return open;
  let done = 0, current: Sending | null = null;
  return patiently(task, sendPatience(open, flags), () => {
    while (done < count) {
      if (current === null) {
        const message = messageAt(task, open, at + MMSGHDR_BYTES * done);
        if (typeof message === 'number') return done > 0 ? done : message;
        current = new Sending(task, open, message, flags);
      }
      const result = current.step();
      if (result === -EAGAIN) return -EAGAIN;
      if (result < 0) return done > 0 ? done : result;
      if (!tellLength(task, at + MMSGHDR_BYTES * done, result)) return done > 0 ? done : -EFAULT;
      current = null;
      done += 1;
    }
    return done;
  }, () => done);
}
function tellLength(task: KernelTask, headerAt: Va, length: number): boolean {
  return task.process.memory.copyOut(headerAt + 56, new Uint8Array(new Uint32Array([length]).buffer));
}

// — receiving —

/** Receives into `to`; with MSG_WAITALL a stream goes on until all of it is full. */
class Receiving {
  private done = 0;
  private last: Received | null = null;
  readonly got = (): number => this.done;
  private readonly socket: Socket; private readonly to: UserBuffer; private readonly flags: number;
  constructor(socket: Socket, to: UserBuffer, flags: number) { this.socket = socket; this.to = to; this.flags = flags; }

  step(): Received | Result {
    const { to, flags } = this, isWhole = (flags & MSG_WAITALL) !== 0 && (flags & MSG_PEEK) === 0 && this.socket.kind.type === SOCK_STREAM;
    for (;;) {
      const received = this.socket.receive({ ...to, address: to.address + this.done, length: to.length - this.done }, flags);
      if (typeof received === 'number') {
        if (received !== -EAGAIN && this.last !== null && this.done > 0) return { ...this.last, length: this.done, whole: this.done };
        return received;
      }
      this.last = received;
      this.done += received.length;
      if (isWhole && received.length > 0 && received.files.length === 0 && this.done < to.length) continue;
      return this.done === received.length ? received : { ...received, length: this.done, whole: this.done };
    }
  }
  /** What there is when waiting ends early. */
  get sofar(): Received | null { return this.last === null ? null : { ...this.last, length: this.done, whole: this.done }; }
}
type Tell = (received: Received) => Result;
function receive(task: KernelTask, open: OpenSocket, to: UserBuffer, flags: number, tell: Tell): Outcome {
  if ((flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
  const patience = receivePatience(open, flags), receiving = new Receiving(open.socket, to, patience.isPatient ? flags : flags | MSG_DONTWAIT);
  return patiently(task, patience, () => {
    const received = receiving.step();
    return typeof received === 'number' ? received : tell(received);
  }, receiving.got, () => { const { sofar } = receiving; return sofar === null ? 0 : tell(sofar); });
}
const resultOf = (received: Received, flags: number): number => (flags & MSG_TRUNC) !== 0 ? received.whole : received.length;

export function recvfrom(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0)), flags = a.uint(3), fromAt = a.pointer(4), lengthAt = a.pointer(5);
  if (typeof open === 'number') return open;
  const to = { memory: task.process.memory, address: a.pointer(1), length: Math.min(a.size(2), TRANSFER_BYTES_MAX) };
  return receive(task, open, to, flags, received => {
    for (const description of received.files) description.release();
    if (fromAt !== 0) {
      const told = tellAddress(task, received.from ?? new Uint8Array(0), fromAt, lengthAt);
      if (told < 0) return told;
    }
    return resultOf(received, flags);
  });
}
/** Tells a message by its header: name, control data, flags. */
function tellMessage(task: KernelTask, { socket }: OpenSocket, header: Header, flags: number, received: Received): Result {
  const control = new ControlWriter(task, header), { memory } = task.process;
  if (socket.kind.domain === AF_UNIX && socket.options.is(SO_PASSCRED)) control.credentials(received.credentials ?? { pid: 0, uid: 65534, gid: 65534 });
  if (received.files.length > 0) control.rights(received, (flags & MSG_CMSG_CLOEXEC) !== 0);
  if (header.nameAt !== 0) {
    const { from } = received, length = from?.length ?? 0;
    if (from !== null && !memory.copyOut(header.nameAt, from.subarray(0, header.nameBytes))) return -EFAULT;
    if (!memory.copyOut(header.at + 8, new Uint8Array(new Int32Array([length]).buffer))) return -EFAULT;
  }
  const tail = new DataView(new ArrayBuffer(12)), shown = flags & MSG_CMSG_CLOEXEC;
  tail.setBigUint64(0, BigInt(control.used), true);
  tail.setUint32(8, (received.flags | control.flags | shown) >>> 0, true);
  return memory.copyOut(header.at + 40, new Uint8Array(tail.buffer)) ? resultOf(received, flags) : -EFAULT;
}
const bufferOf = (data: GatheredMemory): UserBuffer => ({ memory: data, address: 0, length: data.length });
export function recvmsg(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0)), flags = a.uint(2);
  if (typeof open === 'number') return open;
  const header = headerAt(task, a.pointer(1));
  if (typeof header === 'number') return header;
  return receive(task, open, bufferOf(header.data), flags, received => tellMessage(task, open, header, flags, received));
}
/** "The timeout is checked only after the receipt of each datagram": recvmmsg(2), BUGS. */
export function recvmmsg(task: KernelTask, a: Args): Outcome {
  const open = socketOf(task, a.int(0)), at = a.pointer(1), count = Math.min(a.uint(2), MESSAGES_MAX), flags = a.uint(3);
  const timeoutNs = a.pointer(4) === 0 ? null : timespec(task, a.pointer(4));
  if (typeof open === 'number') return open;
  if (timeoutNs !== null && timeoutNs < 0) return timeoutNs;
  const { clock } = task.process.system, endsNs = timeoutNs === null ? Infinity : clock.monotonicNs() + timeoutNs;
  const patience = receivePatience(open, flags);
  let done = 0;
  return patiently(task, patience, () => {
    while (done < count) {
      const header = headerAt(task, at + MMSGHDR_BYTES * done);
      if (typeof header === 'number') return done > 0 ? done : header;
      const received = new Receiving(open.socket, bufferOf(header.data), flags & ~MSG_WAITALL).step();
      if (received === -EAGAIN) return done > 0 && (!patience.isPatient || (flags & MSG_WAITFORONE) !== 0) ? done : -EAGAIN;
      if (typeof received === 'number') return done > 0 ? done : received;
      const told = tellMessage(task, open, header, flags, received);
      if (told < 0 || !tellLength(task, at + MMSGHDR_BYTES * done, told)) return done > 0 ? done : -EFAULT;
      done += 1;
      if (clock.monotonicNs() >= endsNs) break;
    }
    return done;
  }, () => done);
}
