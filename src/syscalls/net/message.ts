/** struct msghdr and what comes with a message: descriptors, credentials (sendmsg(2), recvmsg(2), cmsg(3), unix(7)). */
import { EBADF, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, EPERM } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import { GatheredMemory } from '../buffers.ts';
import type { FileDescription, Result } from '../file.ts';
import type { KernelTask } from '../process.ts';
import { userStructure } from '../structure.ts';
import { IOVECS_MAX, TRANSFER_BYTES_MAX } from '../uapi.ts';
import type { Credentials } from './queue.ts';
import type { Received } from './socket.ts';
import { ADDRESS_BYTES_MAX, MSG_CTRUNC, SCM_CREDENTIALS, SCM_FDS_MAX, SCM_RIGHTS, SOL_SOCKET } from './uapi.ts';

export const MSGHDR_BYTES = 56;
const CMSG_BYTES = 16, CREDENTIAL_BYTES = 12, CONTROL_BYTES_MAX = 0x7fff_ffff;
/** What one call lays out of control data at most; beyond is ENOBUFS, as optmem_max has it. */
const CONTROL_READ_BYTES_MAX = 131_072;

export interface Header {
  readonly at: Va;
  readonly nameAt: Va;
  readonly nameBytes: number;
  readonly data: GatheredMemory;
  readonly controlAt: Va;
  readonly controlBytes: number;
}
/** A struct msghdr of the guest's, or -errno. */
export function headerAt(task: KernelTask, at: Va): Header | Result {
  const view = userStructure(task, at, MSGHDR_BYTES);
  if (view === null) return -EFAULT;
  const word = (offset: number): number => Number(view.getBigUint64(offset, true));
  const nameBytes = view.getInt32(8, true), count = word(24), controlBytes = word(40);
  if (nameBytes < 0) return -EINVAL;
  if (count > IOVECS_MAX) return -EMSGSIZE;
  if (controlBytes > CONTROL_BYTES_MAX) return -ENOBUFS;
  const data = vectorsAt(task, word(16), count);
  if (typeof data === 'number') return data;
  return { at, nameAt: word(0), nameBytes: word(0) === 0 ? 0 : Math.min(nameBytes, ADDRESS_BYTES_MAX), data, controlAt: word(32), controlBytes };
}
function vectorsAt(task: KernelTask, at: Va, count: number): GatheredMemory | Result {
  const view = userStructure(task, at, 16 * count);
  if (view === null) return -EFAULT;
  const ranges: { at: Va; length: number }[] = [];
  let left = TRANSFER_BYTES_MAX;
  for (let i = 0; i < count; i++) {
    if (view.getInt32(16 * i + 12, true) < 0) return -EINVAL;
    const length = Math.min(left, Number(view.getBigUint64(16 * i + 8, true)));
    ranges.push({ at: Number(view.getBigUint64(16 * i, true)), length });
    left -= length;
  }
  return new GatheredMemory(task.process.memory, ranges);
}

// — sending —

export interface Attached { readonly files: readonly FileDescription[]; readonly credentials: Credentials | null }
export const NOTHING_ATTACHED: Attached = { files: [], credentials: null };
/** The control messages a message is sent with. Those of other levels are nobody's here. */
export function attachedTo(task: KernelTask, header: Header): Attached | Result {
  if (header.controlBytes === 0 || header.controlAt === 0) return NOTHING_ATTACHED;
  if (header.controlBytes > CONTROL_READ_BYTES_MAX) return -ENOBUFS;
  const view = userStructure(task, header.controlAt, header.controlBytes);
  if (view === null) return -EFAULT;
  const files: FileDescription[] = [];
  let credentials: Credentials | null = null;
  for (let at = 0; at + CMSG_BYTES <= view.byteLength;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < CMSG_BYTES || at + length > view.byteLength) return -EINVAL;
    if (view.getInt32(at + 8, true) === SOL_SOCKET) {
      const type = view.getInt32(at + 12, true), data = new DataView(view.buffer, at + CMSG_BYTES, length - CMSG_BYTES);
      if (type === SCM_RIGHTS) {
        const error = addFiles(task, files, data);
        if (error < 0) return error;
      } else if (type === SCM_CREDENTIALS) {
        const given = credentialsIn(task, data);
        if (typeof given === 'number') return given;
        credentials = given;
      } else return -EINVAL;
    }
    at += Math.ceil(length / 8) * 8;
  }
  return { files, credentials };
}
function addFiles(task: KernelTask, files: FileDescription[], data: DataView): Result {
  const count = Math.floor(data.byteLength / 4);
  if (files.length + count > SCM_FDS_MAX) return -EINVAL;
  for (let i = 0; i < count; i++) {
    const description = task.process.files.get(data.getInt32(4 * i, true));
    if (description === null) return -EBADF;
    files.push(description);
  }
  return 0;
}
/** Only the superuser may say that it is somebody else. */
function credentialsIn(task: KernelTask, data: DataView): Credentials | Result {
  if (data.byteLength !== CREDENTIAL_BYTES) return -EINVAL;
  const { user } = task.process.system.host, pid = data.getInt32(0, true), uid = data.getUint32(4, true), gid = data.getUint32(8, true);
  const isOwn = pid === task.process.pid && (uid === user.uid || uid === user.euid) && (gid === user.gid || gid === user.egid);
  return isOwn || user.euid === 0 ? { pid, uid, gid } : -EPERM;
}

// — receiving —

/** Lays out what came with a message: files become descriptors. What does not fit is lost, which MSG_CTRUNC says. */
export class ControlWriter {
  flags = 0;
  used = 0;
  private readonly task: KernelTask;
  private readonly header: Header;
  constructor(task: KernelTask, header: Header) { this.task = task; this.header = header; }

  private get room(): number { return this.header.controlAt === 0 ? 0 : this.header.controlBytes - this.used; }
  put(level: number, type: number, data: Uint8Array): void {
    if (this.room < CMSG_BYTES) { this.flags |= MSG_CTRUNC; return; }
    const length = Math.min(CMSG_BYTES + data.length, this.room), bytes = new Uint8Array(length), view = new DataView(bytes.buffer);
    if (length < CMSG_BYTES + data.length) this.flags |= MSG_CTRUNC;
    view.setBigUint64(0, BigInt(length), true);
    view.setInt32(8, level, true); view.setInt32(12, type, true);
    bytes.set(data.subarray(0, length - CMSG_BYTES), CMSG_BYTES);
    if (this.task.process.memory.copyOut(this.header.controlAt + this.used, bytes)) this.used += Math.min(this.room, Math.ceil(length / 8) * 8);
  }
  credentials({ pid, uid, gid }: Credentials): void {
    this.put(SOL_SOCKET, SCM_CREDENTIALS, new Uint8Array(new Int32Array([pid, uid, gid]).buffer));
  }
  /** The files are the process's from here on, or closed. */
  rights(received: Received, closeOnExec: boolean): void {
    const { files } = this.task.process, most = Math.max(0, Math.floor((this.room - CMSG_BYTES) / 4)), fds: number[] = [];
    let isFull = false;
    for (const description of received.files) {
      const fd = isFull || fds.length >= most ? -1 : files.install(description, closeOnExec);
      if (fd >= 0) fds.push(fd);
      else if (isFull || fds.length >= most) description.release();
      else isFull = true; // The table has let go of it.
    }
    if (fds.length > 0) this.put(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(new Int32Array(fds).buffer));
    if (fds.length < received.files.length) this.flags |= MSG_CTRUNC;
  }
}
