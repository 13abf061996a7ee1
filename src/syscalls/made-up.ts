/** Files the kernel makes up, as a tree: links, texts and directories that exist when they are looked at (Linux: fs/proc/generic.c, fs/kernfs). */
import { EACCES, EINVAL, ENOTDIR, EISDIR, ENXIO, ENOTTY } from '../base/errno.ts';
import { byteString, bytesOf, type ByteString } from '../host/host.ts';
import { parentOf } from '../host/path.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import type { DirectoryEntry, File, FileDescription, Result, Stat, UserBuffer } from './file.ts';
import { seekTo } from './host-file.ts';
import { O_ACCMODE, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_TRUNC, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from './uapi.ts';

export type MadeUp = MadeUpLink | MadeUpFile | MadeUpDirectory;
export interface MadeUpLink { readonly kind: 'link'; readonly target: () => ByteString; /** What it leads to, if that is no name. */ readonly opens?: () => FileDescription | null; readonly mode?: number }
export interface MadeUpFile { readonly kind: 'file'; readonly stat: Stat; readonly open: (flags: number) => File | Result; /** What one reads there, if it is a text. */ readonly text?: () => ByteString }
export interface MadeUpDirectory {
  readonly kind: 'directory'; readonly stat: Stat;
  readonly names: () => readonly ByteString[];
  /** 'host': the host has it under the same path, or has not. */
  readonly child: (name: ByteString) => MadeUp | 'host' | null;
}
/** Device numbers of what has no device. */
export const DEV_PROC = 0x16n, DEV_DEV = 0x6n, DEV_SYS = 0x17n;
type Rows = { readonly [name: string]: () => MadeUp };

export function directory(rows: Rows, more: { readonly names: () => readonly ByteString[]; readonly child: (name: ByteString) => MadeUp | 'host' | null } | null = null): MadeUpDirectory {
  return {
    kind: 'directory', stat: { mode: S_IFDIR | 0o555, nlink: 2, blksize: 1024 },
    names: () => [...Object.keys(rows), ...more?.names() ?? []],
    child: name => Object.hasOwn(rows, name) ? rows[name]?.() ?? null : more?.child(name) ?? null,
  };
}
export function link(target: () => ByteString): MadeUpLink { return { kind: 'link', target }; }
/** A text, made when it is opened. With `set` it can be written: -errno refuses. */
export function text(make: () => ByteString, set?: (value: ByteString) => Result, mode = set === undefined ? 0o444 : 0o644): MadeUpFile {
  const stat = { mode: S_IFREG | mode, nlink: 1, blksize: 1024 };
  return { kind: 'file', stat, open: () => new TextFile(stat, make, set ?? null), text: make };
}
/** Texts by path, a line each: `a/b/c value`. What comes after the first space is the text. */
export function textTree(table: string): MadeUpDirectory {
  const rows: Record<string, string[]> = {};
  const found: Record<string, () => MadeUp> = {};
  for (const line of table.trim().split('\n')) {
    const at = line.search(/[ /]|$/), name = line.slice(0, at), rest = line.slice(at + 1);
    if (line[at] === '/') (rows[name] ??= []).push(rest); else found[name] = () => text(() => rest === '' ? '\n' : `${rest.replaceAll('\\t', '\t')}\n`);
  }
  for (const [name, below] of Object.entries(rows)) found[name] = () => textTree(below.join('\n'));
  return directory(found);
}

/** When the machine was made, as all made-up files tell it: 28 July 2020, 00:01:40. */
const MADE_NS = 1_595_894_500_000_000_000n;
const MADE = { atimeNs: MADE_NS, mtimeNs: MADE_NS, ctimeNs: MADE_NS };
/** A made-up file with the path it was found by: that gives it its inode. */
export function statOf(node: MadeUp, path: ByteString): Stat {
  const where = { dev: path.startsWith('/proc') ? DEV_PROC : path.startsWith('/sys') ? DEV_SYS : DEV_DEV, ino: inodeOf(path), ...MADE };
  return node.kind === 'link' ? { ...where, mode: S_IFLNK | (node.mode ?? 0o777), nlink: 1, size: 64, blksize: 1024 } : { ...where, ...node.stat };
}
/** FNV-1a: the same path has the same number in every run. */
function inodeOf(path: ByteString): bigint {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x0100_0193);
  return BigInt(hash >>> 0) + 1n;
}

/** open(2) of a node; links were followed, unless they were not to be. */
export function openMadeUp(node: MadeUp, path: ByteString, flags: number): File | Result {
  if ((flags & O_PATH) !== 0) {
    return (flags & O_DIRECTORY) !== 0 && node.kind !== 'directory' ? -ENOTDIR : new MadeUpName(node, path);
  }
  const writes = (flags & O_ACCMODE) !== O_RDONLY;
  if (node.kind === 'directory') return writes || (flags & O_CREAT) !== 0 ? -EISDIR : new MadeUpFolder(node, path);
  if (node.kind === 'link') return -ENXIO;
  if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
  if ((writes || (flags & O_TRUNC) !== 0) && ((node.stat.mode ?? 0) & 0o222) === 0) return -EACCES;
  const file = node.open(flags);
  if (file instanceof TextFile) file.found(path);
  return file;
}

/** O_PATH: a name, not a file. */
class MadeUpName implements File {
  readonly name: ByteString;
  readonly directory?: ByteString;
  private readonly node: MadeUp;
  constructor(node: MadeUp, path: ByteString) {
    this.node = node; this.name = path;
    if (node.kind === 'directory') this.directory = path;
  }
  stat(): Stat { return statOf(this.node, this.name); }
}

const WRITTEN_BYTES_MAX = 4096;
class TextFile implements File {
  name: ByteString = '';
  private bytes: Uint8Array | null = null;
  private readonly attributes: Stat;
  private readonly make: () => ByteString;
  private readonly set: ((value: ByteString) => Result) | null;
  constructor(attributes: Stat, make: () => ByteString, set: ((value: ByteString) => Result) | null) { this.attributes = attributes; this.make = make; this.set = set; }
  found(path: ByteString): void { this.name = path; }
  /** As it was at the first read; from the beginning it is made anew. */
  read(to: UserBuffer, at: number): Result {
    if (at === 0 || this.bytes === null) this.bytes = bytesOf(this.make());
    const rest = this.bytes.subarray(Math.min(at, this.bytes.length));
    return copyOutPieces({ ...to, length: Math.min(to.length, rest.length) }, new Uint8Array(Math.min(to.length, rest.length)), (into, done) => {
      into.set(rest.subarray(done, done + into.length));
      return into.length;
    });
  }
  write(from: UserBuffer): Result {
    const { set } = this, value = new Uint8Array(Math.min(from.length, WRITTEN_BYTES_MAX));
    if (set === null) return -EINVAL;
    const got = copyInPieces({ ...from, length: value.length }, new Uint8Array(value.length), (bytes, done) => { value.set(bytes, done); return bytes.length; });
    if (got < 0) return got;
    const result = set(byteString(value));
    return result < 0 ? result : got;
  }
  seek(offset: number, whence: number, from: number): Result { return whence === 2 ? -EINVAL : seekTo(offset, whence, from, 0); }
  stat(): Stat { return { dev: this.name.startsWith('/sys') ? DEV_SYS : DEV_PROC, ino: inodeOf(this.name), ...MADE, ...this.attributes }; }
  truncate(): Result { return 0; }
  ioctl(): Result { return -ENOTTY; }
  reopen(): File { const twin = new TextFile(this.attributes, this.make, this.set); twin.found(this.name); return twin; }
}

class MadeUpFolder implements File {
  readonly name: ByteString;
  readonly directory: ByteString;
  private readonly node: MadeUpDirectory;
  private known: readonly DirectoryEntry[] | null = null;
  constructor(node: MadeUpDirectory, path: ByteString) { this.node = node; this.name = path; this.directory = path; }
  entries(from: number): readonly DirectoryEntry[] {
    if (from > 0 && this.known !== null) return this.known;
    const rows: DirectoryEntry[] = [], dots: readonly (readonly [ByteString, ByteString])[] = [['.', this.name], ['..', parentOf(this.name)]];
    for (const [name, path] of dots) rows.push({ ino: inodeOf(path), type: S_IFDIR >> 12, name });
    for (const name of this.node.names()) {
      const child = this.node.child(name);
      if (child === null) continue;
      const mode = child === 'host' ? 0 : child.kind === 'link' ? S_IFLNK : child.stat.mode;
      rows.push({ ino: inodeOf(`${this.name}/${name}`), type: (mode & S_IFMT) >> 12, name });
    }
    this.known = rows;
    return rows;
  }
  seek(offset: number, whence: number, from: number): Result { return seekTo(offset, whence, from, this.known?.length ?? 0); }
  stat(): Stat { return statOf(this.node, this.name); }
  ioctl(): Result { return -ENOTTY; }
  sync(): Result { return 0; }
  reopen(): File { return new MadeUpFolder(this.node, this.name); }
}
