/** System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
import { E2BIG, EACCES, EAGAIN, EFAULT, EIDRM, EINVAL, ENOMSG, ENOSYS, EPERM } from '../base/errno.ts';
import type { Result } from './file.ts';
import {
  IPC_INFO, IPC_NOWAIT, IPC_READ, IPC_RMID, IPC_SET, IPC_STAT, IPC_WRITE, mayControl, mayUse, now, PERM_BYTES, putPermissions, setPermissions,
  setWords, type IpcFields, type IpcObject,
} from './ipc.ts';
import type { KernelTask } from './process.ts';
import { getWord, putStructure, setWord, userStructure } from './structure.ts';
import { type Args, call, type Control, type SyscallRows } from './task.ts';

/** Queues (fewer than there could be: each may hold 16 KiB), bytes of a message and of a queue. */
export const QUEUES_MAX = 512;
const MESSAGE_BYTES_MAX = 8192, QUEUE_BYTES_MAX = 16_384;
const MSG_NOERROR = 0o10000, MSG_EXCEPT = 0o20000, MSG_COPY = 0o40000;
const MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13;

interface Message { readonly type: number; readonly bytes: Uint8Array }

export class MessageQueue implements IpcObject {
  readonly id: number; readonly key: number; uid: number; gid: number; readonly creatorUid: number; readonly creatorGid: number;
  mode: number;
  isRemoved = false;
  readonly messages: Message[] = [];
  bytes = 0;
  bytesMax = QUEUE_BYTES_MAX;
  sentAt = 0; receivedAt = 0; changedAt: number; sender = 0; receiver = 0;
  constructor(task: KernelTask, fields: IpcFields) {
    this.id = fields.id; this.key = fields.key; this.uid = fields.uid; this.gid = fields.gid;
    this.creatorUid = fields.creatorUid; this.creatorGid = fields.creatorGid; this.mode = fields.mode;
    this.changedAt = now(task);
  }
  hasRoomFor(length: number): boolean { return this.bytes + length <= this.bytesMax && this.messages.length < this.bytesMax; }
  /** Which message msgrcv's type chooses, or -1. */
  find(type: number, isExcept: boolean): number {
    if (type === 0) return this.messages.length === 0 ? -1 : 0;
    if (type > 0) return this.messages.findIndex(message => isExcept ? message.type !== type : message.type === type);
    let best = -1;
    for (const [i, message] of this.messages.entries()) {
      if (message.type <= -type && (best === -1 || message.type < this.messages[best]!.type)) best = i;
    }
    return best;
  }
}

const queues = (task: KernelTask) => task.process.system.shared.queues;

function msgget(task: KernelTask, a: Args): Result {
  return queues(task).get(task, a.int(0), a.int(1), () => 0, fields => new MessageQueue(task, fields));
}

function msgsnd(task: KernelTask, a: Args): Result | Control {
  const length = a.size(2), { pid, system } = task.process, type = userStructure(task, a.pointer(1), 8);
  if (type === null) return -EFAULT;
  if (length > MESSAGE_BYTES_MAX || a.int(0) < 0 || getWord(type, 0) < 1) return -EINVAL;
  const text = userStructure(task, a.pointer(1) + 8, length), queue = queues(task).find(a.int(0));
  if (text === null) return -EFAULT;
  if (typeof queue === 'number') return queue;
  if (!mayUse(task, queue, IPC_WRITE)) return -EACCES;
  const message = { type: getWord(type, 0), bytes: new Uint8Array(text.buffer) };
  const until = (): Result | null => {
    if (queue.isRemoved) return -EIDRM;
    if (!queue.hasRoomFor(length)) return null;
    queue.messages.push(message);
    queue.bytes += length;
    queue.sender = pid;
    queue.sentAt = system.clock.realSeconds();
    return 0;
  };
  return until() ?? ((a.int(3) & IPC_NOWAIT) !== 0 ? -EAGAIN : { then: 'sleep', until, onSignal: 'fail' });
}

function msgrcv(task: KernelTask, a: Args): Result | Control {
  const at = a.pointer(1), room = a.size(2), type = a.long(3), flags = a.int(4), { process } = task;
  if (a.int(0) < 0 || room > Number.MAX_SAFE_INTEGER) return -EINVAL;
  if ((flags & MSG_COPY) !== 0) return (flags & MSG_EXCEPT) !== 0 || (flags & IPC_NOWAIT) === 0 ? -EINVAL : -ENOSYS;
  const queue = queues(task).find(a.int(0));
  if (typeof queue === 'number') return queue;
  if (!mayUse(task, queue, IPC_READ)) return -EACCES;
  const until = (): Result | null => {
    if (queue.isRemoved) return -EIDRM;
    const index = queue.find(type, (flags & MSG_EXCEPT) !== 0), message = queue.messages[index];
    if (message === undefined) return null;
    if (message.bytes.length > room && (flags & MSG_NOERROR) === 0) return -E2BIG;
    queue.messages.splice(index, 1);
    queue.bytes -= message.bytes.length;
    queue.receiver = process.pid;
    queue.receivedAt = process.system.clock.realSeconds();
    const told = message.bytes.subarray(0, room), bytes = new Uint8Array(8 + told.length);
    setWord(new DataView(bytes.buffer), 0, message.type);
    bytes.set(told, 8);
    return process.memory.copyOut(at, bytes) ? told.length : -EFAULT;
  };
  return until() ?? ((flags & IPC_NOWAIT) !== 0 ? -ENOMSG : { then: 'sleep', until, onSignal: 'fail' });
}

const MSQID_BYTES = 120, INFO_BYTES = 32;
function msgctl(task: KernelTask, a: Args): Result {
  const id = a.int(0), command = a.int(1), at = a.pointer(2), table = queues(task);
  if (id < 0 || command < 0) return -EINVAL;
  if (command === IPC_INFO || command === MSG_INFO) {
    const all = table.all(), count = all.reduce((sum, queue) => sum + queue.messages.length, 0), bytes = all.reduce((sum, queue) => sum + queue.bytes, 0);
    const [pool, map, headers] = command === MSG_INFO ? [all.length, count, bytes] : [QUEUES_MAX * QUEUE_BYTES_MAX / 1024, QUEUE_BYTES_MAX, QUEUE_BYTES_MAX];
    const words = [pool, map, MESSAGE_BYTES_MAX, QUEUE_BYTES_MAX, QUEUES_MAX, 16, headers];
    const told = putStructure(task, at, INFO_BYTES, view => { words.forEach((word, i) => view.setInt32(4 * i, word, true)); view.setUint16(28, 0xffff, true); });
    return told < 0 ? told : table.highest;
  }
  const isByIndex = command === MSG_STAT || command === MSG_STAT_ANY;
  const queue = isByIndex ? table.atIndex(id) ?? -EINVAL : table.find(id);
  if (typeof queue === 'number') return queue;
  if (command === IPC_STAT || isByIndex) {
    if (command !== MSG_STAT_ANY && !mayUse(task, queue, IPC_READ)) return -EACCES;
    const told = putStructure(task, at, MSQID_BYTES, view => {
      putPermissions(view, queue);
      setWords(view, PERM_BYTES, [queue.sentAt, queue.receivedAt, queue.changedAt, queue.bytes, queue.messages.length, queue.bytesMax]);
      view.setInt32(96, queue.sender, true);
      view.setInt32(100, queue.receiver, true);
    });
    return told < 0 ? told : isByIndex ? queue.id : 0;
  }
  if (command !== IPC_RMID && command !== IPC_SET) return -EINVAL;
  const error = mayControl(task, queue);
  if (error < 0) return error;
  if (command === IPC_RMID) { table.remove(queue); return 0; }
  const view = userStructure(task, at, MSQID_BYTES);
  if (view === null) return -EFAULT;
  // Beyond what a queue has at first only the superuser may go, and here nobody.
  if (getWord(view, 88) > QUEUE_BYTES_MAX) return -EPERM;
  setPermissions(view, queue);
  queue.bytesMax = getWord(view, 88);
  queue.changedAt = now(task);
  return 0;
}

export const msgCalls: SyscallRows<KernelTask> = [
  call(68, 'msgget', 'hex ipc → int', msgget),
  call(69, 'msgsnd', 'int ptr size ipc → int', msgsnd),
  call(70, 'msgrcv', 'int ptr size int ipc → size', msgrcv, 'no MSG_COPY'),
  call(71, 'msgctl', 'int int ptr → int', msgctl),
];
