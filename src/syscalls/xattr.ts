/** Extended attributes (xattr(7)): those of `user.` are kept by the machine, by device and inode, and end with it; files have no others. */
import { E2BIG, EACCES, EBADF, EEXIST, EFAULT, EINVAL, ENODATA, ENOSPC, EOPNOTSUPP, EPERM, ERANGE } from '../base/errno.ts';
import { byteString, bytesOf, fileKey, type ByteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';
import type { Result, Stat } from './file.ts';
import { descriptionOf } from './io.ts';
import type { KernelTask } from './process.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { AT_FDCWD, S_IFDIR, S_IFMT, S_IFREG } from './uapi.ts';
import { locate, pathArgument } from './walk.ts';

const NAME_BYTES_MAX = 255, VALUE_BYTES_MAX = 65_536, LIST_BYTES_MAX = 65_536;
/** Of all files together. */
const BYTES_MAX = 16 << 20;
const XATTR_CREATE = 1, XATTR_REPLACE = 2;

/** What attributes there are. */
export class Attributes {
  private readonly files = new Map<string, Map<ByteString, Uint8Array>>();
  private bytes = 0;
  of(key: string): ReadonlyMap<ByteString, Uint8Array> { return this.files.get(key) ?? NONE; }
  set(key: string, name: ByteString, value: Uint8Array): Result {
    const file = this.files.get(key) ?? new Map<ByteString, Uint8Array>(), grown = name.length + value.length - (file.get(name)?.length ?? -name.length);
    if (this.bytes + grown > BYTES_MAX) return -ENOSPC;
    this.bytes += grown;
    this.files.set(key, file.set(name, value));
    return 0;
  }
  forget(key: string): void { for (const name of [...this.of(key).keys()]) this.remove(key, name); }
  remove(key: string, name: ByteString): void {
    const file = this.files.get(key), old = file?.get(name);
    if (file === undefined || old === undefined) return;
    this.bytes -= name.length + old.length;
    file.delete(name);
    if (file.size === 0) this.files.delete(key);
  }
}
const NONE: ReadonlyMap<ByteString, Uint8Array> = new Map();

/** A file that may have attributes; its path is asked whether it may be written. */
interface Target { readonly key: string; readonly mode: number; readonly path: ByteString | null; readonly isMadeUp: boolean }
type Find = (task: KernelTask, a: Args) => Target | Result;
function target(stat: Stat | Result, path: ByteString | null, isMadeUp: boolean): Target | Result {
  return typeof stat === 'number' ? stat : { key: fileKey(stat), mode: stat.mode, path, isMadeUp };
}
const byPath = (followsLast: boolean): Find => (task, a) => {
  const path = pathArgument(task, a.pointer(0));
  if (typeof path === 'number') return path;
  const place = locate(task, AT_FDCWD, path, followsLast);
  if (typeof place === 'number') return place;
  if (place.kind === 'host') return target(task.process.system.host.stat(place.path, followsLast), place.path, false);
  if (place.kind === 'open') return target(place.description.file.stat?.() ?? -EOPNOTSUPP, place.description.file.hostPath ?? null, false);
  return target({ mode: 0 }, null, true);
};
const byDescriptor: Find = (task, a) => {
  const description = descriptionOf(task.process, a.int(0));
  if (description === null) return -EBADF;
  return target(description.file.stat?.() ?? -EOPNOTSUPP, description.file.hostPath ?? null, false);
};
function nameArgument(task: KernelTask, at: Va): ByteString | Result {
  const bytes = task.process.memory.copyInString(at, NAME_BYTES_MAX + 1);
  if (typeof bytes === 'number') return bytes === -EFAULT ? -EFAULT : -ERANGE;
  return bytes.length === 0 ? -ERANGE : byteString(bytes);
}
/** Which names a file can have: `user.` and something, on files and directories (xattr(7), "User extended attributes"). */
function refusal(found: Target, name: ByteString, isChange: boolean): Result {
  if (found.isMadeUp) return -EOPNOTSUPP;
  if (name.startsWith('trusted.') || name.startsWith('security.')) return isChange ? -EPERM : -ENODATA;
  if (!name.startsWith('user.')) return -EOPNOTSUPP;
  if (name === 'user.') return -EINVAL;
  const kind = found.mode & S_IFMT;
  return kind === S_IFREG || kind === S_IFDIR ? 0 : isChange ? -EPERM : -ENODATA;
}
function mayWrite(task: KernelTask, { path }: Target): boolean { return path === null || task.process.system.host.access(path, 2) === 0; }
function tell(task: KernelTask, at: Va, room: number, bytes: Uint8Array): Result {
  if (room === 0) return bytes.length;
  if (bytes.length > room) return -ERANGE;
  return task.process.memory.copyOut(at, bytes) ? bytes.length : -EFAULT;
}

const setOf = (find: Find) => (task: KernelTask, a: Args): Result => {
  const length = a.size(3), flags = a.uint(4), name = nameArgument(task, a.pointer(1)), { attributes } = task.process.system.shared;
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
  if (typeof name === 'number') return name;
  if (length > VALUE_BYTES_MAX) return -E2BIG;
  const value = new Uint8Array(length);
  if (length > 0 && !task.process.memory.copyIn(a.pointer(2), value)) return -EFAULT;
  const found = find(task, a);
  if (typeof found === 'number') return found;
  const refused = refusal(found, name, true);
  if (refused < 0) return refused;
  if (!mayWrite(task, found)) return -EACCES;
  const isThere = attributes.of(found.key).has(name);
  if (isThere ? (flags & XATTR_CREATE) !== 0 : (flags & XATTR_REPLACE) !== 0) return isThere ? -EEXIST : -ENODATA;
  return attributes.set(found.key, name, value);
};
const getOf = (find: Find) => (task: KernelTask, a: Args): Result => {
  const name = nameArgument(task, a.pointer(1));
  if (typeof name === 'number') return name;
  const found = find(task, a);
  if (typeof found === 'number') return found;
  const refused = refusal(found, name, false);
  if (refused < 0) return refused;
  const value = task.process.system.shared.attributes.of(found.key).get(name);
  return value === undefined ? -ENODATA : tell(task, a.pointer(2), a.size(3), value);
};
const listOf = (find: Find) => (task: KernelTask, a: Args): Result => {
  const found = find(task, a);
  if (typeof found === 'number') return found;
  const names = [...task.process.system.shared.attributes.of(found.key).keys()].map(name => `${name}\0`).join('');
  return names.length > LIST_BYTES_MAX ? -E2BIG : tell(task, a.pointer(1), a.size(2), bytesOf(names));
};
const removeOf = (find: Find) => (task: KernelTask, a: Args): Result => {
  const name = nameArgument(task, a.pointer(1)), { attributes } = task.process.system.shared;
  if (typeof name === 'number') return name;
  const found = find(task, a);
  if (typeof found === 'number') return found;
  const refused = refusal(found, name, true);
  if (refused < 0) return refused;
  if (!mayWrite(task, found)) return -EACCES;
  if (!attributes.of(found.key).has(name)) return -ENODATA;
  attributes.remove(found.key, name);
  return 0;
};

/** The family's three ways to name a file, in the order of their numbers. */
const WAYS: readonly (readonly [string, string, Find])[] = [['', 'path', byPath(true)], ['l', 'path', byPath(false)], ['f', 'fd', byDescriptor]];
const partial = 'user. only; kept by the machine, not by the file';
export const xattrCalls: SyscallRows<KernelTask> = WAYS.flatMap(([letter, word, find], i) => [
  call(188 + i, `${letter}setxattr`, `${word} path ptr size xattr → int`, setOf(find), partial),
  call(191 + i, `${letter}getxattr`, `${word} path ptr size → size`, getOf(find), partial),
  call(194 + i, `${letter}listxattr`, `${word} ptr size → size`, listOf(find), partial),
  call(197 + i, `${letter}removexattr`, `${word} path → int`, removeOf(find), partial),
]);
