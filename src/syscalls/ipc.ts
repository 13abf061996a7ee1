/** What System V objects have in common (sysvipc(7); Linux: ipc/util.c): keys, identifiers, owners, rights. */
import { EACCES, EEXIST, EINVAL, EIDRM, ENOENT, ENOSPC, EPERM } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { setWord } from './structure.ts';

export const IPC_PRIVATE = 0, IPC_CREAT = 0o1000, IPC_EXCL = 0o2000, IPC_NOWAIT = 0o4000;
export const IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3;
/** struct ipc64_perm. */
export const PERM_BYTES = 48;
const INDEX_BITS = 15, INDEX_MASK = (1 << INDEX_BITS) - 1;

export interface IpcObject {
  readonly id: number;
  readonly key: number;
  uid: number; gid: number;
  readonly creatorUid: number; readonly creatorGid: number;
  /** Rights, and what a family keeps there too. */
  mode: number;
  isRemoved: boolean;
}
export type IpcFields = Pick<IpcObject, 'id' | 'key' | 'uid' | 'gid' | 'creatorUid' | 'creatorGid' | 'mode' | 'isRemoved'>;

export class IpcTable<T extends IpcObject> {
  private readonly objects: (T | null)[] = [];
  private readonly max: number;
  private sequence = 0;
  private lastIndex = -1;
  constructor(max: number) { this.max = max; }

  all(): readonly T[] { return this.objects.filter(object => object !== null); }
  /** The highest index in use, as *_INFO tell it. */
  get highest(): number { return Math.max(0, ...this.all().map(object => object.id & INDEX_MASK)); }
  atIndex(index: number): T | null { return this.objects[index] ?? null; }
  /** EINVAL: there never was one. EIDRM: its place is another's now. */
  find(id: number): T | Result {
    const object = id < 0 ? null : this.atIndex(id & INDEX_MASK);
    if (object === null) return -EINVAL;
    return object.id === id ? object : -EIDRM;
  }
  withKey(key: number): T | null { return this.objects.find(object => object?.key === key) ?? null; }
  add(task: KernelTask, key: number, flags: number, make: (fields: IpcFields) => T | Result): Result {
    let index = this.objects.indexOf(null);
    if (index === -1) index = this.objects.length;
    if (index >= this.max) return -ENOSPC;
    const { user } = task.process.system.host, sequence = this.sequence + (index <= this.lastIndex ? 1 : 0);
    const object = make({
      id: (sequence % 0x10000) * 2 ** INDEX_BITS + index, key, uid: user.euid, gid: user.egid, creatorUid: user.euid, creatorGid: user.egid,
      mode: flags & 0o777, isRemoved: false,
    });
    if (typeof object === 'number') return object;
    this.sequence = sequence;
    this.lastIndex = index;
    this.objects[index] = object;
    return object.id;
  }
  remove(object: T): void {
    object.isRemoved = true;
    this.objects[object.id & INDEX_MASK] = null;
  }
  /** shmget, semget, msgget. `check`: whether what is there will do. */
  get(task: KernelTask, key: number, flags: number, check: (object: T) => Result, make: (fields: IpcFields) => T | Result): Result {
    const known = key === IPC_PRIVATE ? null : this.withKey(key);
    if (known === null) return key !== IPC_PRIVATE && (flags & IPC_CREAT) === 0 ? -ENOENT : this.add(task, key, flags, make);
    if ((flags & (IPC_CREAT | IPC_EXCL)) === (IPC_CREAT | IPC_EXCL)) return -EEXIST;
    const checked = check(known);
    if (checked < 0) return checked;
    return mayUse(task, known, flags) ? known.id : -EACCES;
  }
}

/** Rights wanted, as the bits of a mode in any of its three places. */
export function mayUse(task: KernelTask, object: IpcObject, flags: number): boolean {
  const { user } = task.process.system.host, wanted = (flags >> 6 | flags >> 3 | flags) & 7;
  const isOwner = user.euid === object.uid || user.euid === object.creatorUid;
  const isGroup = [user.egid, ...user.groups].some(group => group === object.gid || group === object.creatorGid);
  const granted = object.mode >> (isOwner ? 6 : isGroup ? 3 : 0);
  return user.euid === 0 || (wanted & ~granted & 7) === 0;
}
export const IPC_READ = 0o444, IPC_WRITE = 0o222;
/** IPC_SET and IPC_RMID are the owner's. */
export function mayControl(task: KernelTask, object: IpcObject): Result {
  const { euid } = task.process.system.host.user;
  return euid === 0 || euid === object.uid || euid === object.creatorUid ? 0 : -EPERM;
}
export function putPermissions(view: DataView, object: IpcObject): void {
  [object.key, object.uid, object.gid, object.creatorUid, object.creatorGid, object.mode].forEach((value, i) => view.setUint32(4 * i, value, true));
  view.setUint16(24, object.id >>> INDEX_BITS, true);
}
/** IPC_SET: user, group and rights, as struct ipc64_perm has them. */
export function setPermissions(view: DataView, object: IpcObject): void {
  object.uid = view.getUint32(4, true);
  object.gid = view.getUint32(8, true);
  object.mode = object.mode & ~0o777 | view.getUint32(20, true) & 0o777;
}
/** Seconds since 1970, as these structures have them. */
export function now(task: KernelTask): number { return task.process.system.clock.realSeconds(); }
export function setWords(view: DataView, at: number, values: readonly number[]): void { values.forEach((value, i) => setWord(view, at + 8 * i, value)); }
