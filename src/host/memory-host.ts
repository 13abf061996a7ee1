/** A host that is a table in memory: files, directories, links; three standard streams. For benches and tests, which need no disk. */
import {
  EACCES, EAGAIN, EBADF, EEXIST, EFBIG, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPIPE, ESPIPE,
} from '../base/errno.ts';
import { byteString, bytesOf, type ByteString, type Host, type HostResult, type HostStat, type HostVolume } from './host.ts';
import { absolute, parentOf } from './path.ts';

interface Node { readonly ino: number; kind: number; mode: number; bytes: Uint8Array; target: ByteString; mtimeNs: bigint }
interface Open { readonly node: Node; readonly path: ByteString; position: number }
/** Larger files would not fit into the emulator. */
const FILE_BYTES_MAX = 2 ** 30;
const DIRECTORY = 0o040000, REGULAR = 0o100000, LINK = 0o120000, PIPE = 0o010000;

export class MemoryHost implements Host {
  directory = '/home';
  environment: readonly ByteString[] = ['PATH=/bin', 'HOME=/home'];
  user = { uid: 1000, gid: 1000, euid: 1000, egid: 1000, groups: [1000] };
  umask = 0o022;
  input = '';
  /** What comes on standard input, and when, in nanoseconds from now on. */
  laterInput: { readonly afterNs: number; readonly text: ByteString }[] = [];
  private pausedNs = 0;
  output = '';
  /** Lines of the emulator's own. */
  readonly reports: string[] = [];
  /** true: writing to standard output fails as a pipe nobody reads. */
  isDeaf = false;
  readonly opened = new Map<number, Open>();
  private readonly nodes = new Map<ByteString, Node>();
  private inodes = 0;
  private nextFd = 10;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const path of ['/', '/home', '/tmp', '/bin', '/dev']) this.add(path, DIRECTORY | 0o755);
    for (const [path, contents] of Object.entries(files)) this.put(path, contents);
  }
  put(path: ByteString, contents: string | Uint8Array, mode = 0o755): void {
    this.add(path, REGULAR | mode).bytes = typeof contents === 'string' ? bytesOf(contents) : contents;
  }
  text(path: ByteString): string | null {
    const node = this.nodes.get(path);
    return node === undefined ? null : byteString(node.bytes);
  }
  private add(path: ByteString, mode: number, target = ''): Node {
    const node = { ino: ++this.inodes, kind: mode & 0o170000, mode, bytes: new Uint8Array(0), target, mtimeNs: 1_000_000_000n };
    this.nodes.set(path, node);
    return node;
  }
  /** The key of a path: links followed, dots and doubled slashes gone. */
  private resolve(path: ByteString, followsLast: boolean, links = 0): ByteString | HostResult {
    let at = '';
    const parts = path.split('/').filter(part => part !== '' && part !== '.');
    for (const [i, part] of parts.entries()) {
      if (part === '..') { at = at.slice(0, Math.max(0, at.lastIndexOf('/'))); continue; }
      const parent = this.nodes.get(at || '/');
      if (parent === undefined) return -ENOENT;
      if (parent.kind !== DIRECTORY) return -ENOTDIR;
      at += `/${part}`;
      const node = this.nodes.get(at), rest = parts.slice(i + 1);
      if (node?.kind !== LINK || (rest.length === 0 && !followsLast)) continue;
      const target = absolute(parentOf(at), node.target);
      return links > 8 ? -40 : this.resolve([target, ...rest].join('/'), followsLast, links + 1);
    }
    return at || '/';
  }
  private find(path: ByteString, followsLast = true): Node | HostResult {
    const key = this.resolve(path, followsLast);
    return typeof key === 'number' ? key : this.nodes.get(key) ?? -ENOENT;
  }
  private statOf(node: Node): HostStat {
    return {
      dev: 0x801n, ino: BigInt(node.ino), mode: node.mode, nlink: 1, uid: 1000, gid: 1000, rdev: 0n, size: node.bytes.length, blksize: 4096,
      blocks: Math.ceil(node.bytes.length / 512), atimeNs: 0n, mtimeNs: node.mtimeNs, ctimeNs: 0n,
    };
  }
  open(path: ByteString, flags: number, mode: number): HostResult {
    const key = this.resolve(path, (flags & 0o400000) === 0);
    if (typeof key === 'number') return key;
    let node = this.nodes.get(key);
    if (node?.kind === LINK) return -40;
    if (node !== undefined && (flags & 0o300) === 0o300) return -EEXIST;
    if (node === undefined) {
      if ((flags & 0o100) === 0) return -ENOENT;
      node = this.add(key, REGULAR | mode);
    }
    if (node.kind === DIRECTORY && (flags & 3) !== 0) return -EISDIR;
    if ((flags & 0o200000) !== 0 && node.kind !== DIRECTORY) return -ENOTDIR;
    if ((flags & 0o1000) !== 0) node.bytes = new Uint8Array(0);
    this.opened.set(this.nextFd, { node, path: key, position: 0 });
    return this.nextFd++;
  }
  close(fd: number): void { this.opened.delete(fd); }
  read(fd: number, into: Uint8Array, at: number | null): HostResult {
    if (fd === 0) {
      const next = this.laterInput[0];
      if (this.input === '' && next !== undefined) this.pausedNs = Math.max(this.pausedNs, next.afterNs);
      this.takeInput();
      const taken = bytesOf(this.input).subarray(0, into.length);
      into.set(taken);
      this.input = this.input.slice(taken.length);
      return taken.length;
    }
    const open = this.opened.get(fd);
    if (open === undefined) return -EBADF;
    if (open.node.kind === DIRECTORY) return -EISDIR;
    const from = at ?? open.position, piece = open.node.bytes.subarray(from, from + into.length);
    into.set(piece);
    if (at === null) open.position += piece.length;
    return piece.length;
  }
  write(fd: number, from: Uint8Array, at: number | null): HostResult {
    if (fd <= 2) {
      if (this.isDeaf) return -EPIPE;
      this.output += byteString(from);
      return from.length;
    }
    const open = this.opened.get(fd);
    if (open === undefined) return -EBADF;
    const to = at ?? open.position, bytes = new Uint8Array(Math.max(open.node.bytes.length, to + from.length));
    bytes.set(open.node.bytes); bytes.set(from, to);
    open.node.bytes = bytes;
    if (at === null) open.position += from.length;
    return from.length;
  }
  position(): HostResult { return -ESPIPE; }
  fstat(fd: number): HostStat | HostResult {
    if (fd <= 2) return this.statOf({ ino: 1 + fd, kind: PIPE, mode: PIPE | 0o600, bytes: new Uint8Array(0), target: '', mtimeNs: 0n });
    const open = this.opened.get(fd);
    return open === undefined ? -EBADF : this.statOf(open.node);
  }
  ftruncate(fd: number, length: number): HostResult { return this.cut(this.opened.get(fd)?.node ?? -EBADF, length); }
  truncate(path: ByteString, length: number): HostResult { return this.cut(this.find(path), length); }
  private cut(node: Node | HostResult, length: number): HostResult {
    if (typeof node === 'number') return node;
    if (length > FILE_BYTES_MAX) return -EFBIG;
    const bytes = new Uint8Array(length);
    bytes.set(node.bytes.subarray(0, length));
    node.bytes = bytes;
    return 0;
  }
  fsync(): HostResult { return 0; }
  reopen(fd: number, flags: number): HostResult {
    const path = this.pathOf(fd);
    return typeof path === 'string' ? this.open(path, flags, 0) : -ENOENT;
  }
  pathOf(fd: number): ByteString | HostResult {
    const node = this.opened.get(fd)?.node, known = [...this.nodes].find(([, candidate]) => candidate === node);
    return known === undefined ? -ENOENT : known[0];
  }
  fchmod(fd: number, mode: number): HostResult { return this.onPath(fd, path => this.chmod(path, mode)); }
  fchown(fd: number): HostResult { return this.onPath(fd, () => 0); }
  fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult { return this.onPath(fd, path => this.setTimes(path, atimeNs, mtimeNs)); }
  private onPath(fd: number, run: (path: ByteString) => HostResult): HostResult {
    const path = this.pathOf(fd);
    return typeof path === 'number' ? path : run(path);
  }
  stat(path: ByteString, followsLinks: boolean): HostStat | HostResult {
    const node = this.find(path, followsLinks);
    return typeof node === 'number' ? node : this.statOf(node);
  }
  volume(): HostVolume { return { type: 0x1021994, bsize: 4096, blocks: 100, bfree: 50, bavail: 50, files: 10, ffree: 5 }; }
  access(path: ByteString, mode: number): HostResult {
    const node = this.find(path);
    if (typeof node === 'number') return node;
    return ((node.mode >> 6) & mode & 7) === (mode & 7) ? 0 : -EACCES;
  }
  list(path: ByteString): readonly ByteString[] | HostResult {
    const key = this.resolve(path, true);
    if (typeof key === 'number') return key;
    const prefix = key === '/' ? '/' : `${key}/`;
    const below = [...this.nodes.keys()].filter(name => name !== '/' && name.startsWith(prefix)).map(name => name.slice(prefix.length));
    return below.filter(name => !name.includes('/'));
  }
  readLink(path: ByteString): ByteString | HostResult {
    const node = this.find(path, false);
    if (typeof node === 'number') return node;
    return node.kind === LINK ? node.target : -22;
  }
  realPath(path: ByteString): ByteString | HostResult { return this.resolve(path, true); }
  unlink(path: ByteString): HostResult {
    const key = this.resolve(path, false), node = typeof key === 'number' ? undefined : this.nodes.get(key);
    if (typeof key === 'number' || node === undefined) return typeof key === 'number' ? key : -ENOENT;
    if (node.kind === DIRECTORY) return -EISDIR;
    this.nodes.delete(key);
    return 0;
  }
  rmdir(path: ByteString): HostResult {
    const key = this.resolve(path, false), names = this.list(path);
    if (typeof key === 'number' || !this.nodes.has(key)) return -ENOENT;
    if (typeof names !== 'number' && names.length > 0) return -ENOTEMPTY;
    this.nodes.delete(key);
    return 0;
  }
  mkdir(path: ByteString, mode: number): HostResult { return this.create(path, DIRECTORY | mode, ''); }
  symlink(target: ByteString, path: ByteString): HostResult { return this.create(path, LINK | 0o777, target); }
  private create(path: ByteString, mode: number, target: ByteString): HostResult {
    const key = this.resolve(path, false);
    if (typeof key === 'number') return key;
    if (this.nodes.has(key)) return -EEXIST;
    this.add(key, mode, target);
    return 0;
  }
  rename(from: ByteString, to: ByteString): HostResult { return this.relink(from, to, true); }
  link(from: ByteString, to: ByteString): HostResult { return this.relink(from, to, false); }
  private relink(from: ByteString, to: ByteString, moves: boolean): HostResult {
    const key = this.resolve(from, false), target = this.resolve(to, false), node = this.find(from, false);
    if (typeof key === 'number' || typeof target === 'number' || typeof node === 'number') return -ENOENT;
    if (moves) this.nodes.delete(key);
    this.nodes.set(target, node);
    if (!moves || node.kind !== DIRECTORY) return 0;
    for (const [path, below] of [...this.nodes]) {
      if (!path.startsWith(`${key}/`)) continue;
      this.nodes.delete(path);
      this.nodes.set(target + path.slice(key.length), below);
    }
    return 0;
  }
  chmod(path: ByteString, mode: number): HostResult {
    const node = this.find(path);
    if (typeof node === 'number') return node;
    node.mode = node.kind | mode;
    return 0;
  }
  chown(): HostResult { return 0; }
  setTimes(path: ByteString, _atimeNs: bigint, mtimeNs: bigint): HostResult {
    const node = this.find(path);
    if (typeof node === 'number') return node;
    node.mtimeNs = mtimeNs;
    return 0;
  }
  isTerminal(): boolean { return false; }
  setRaw(): HostResult { return -25; }
  windowSize(): null { return null; }
  readNow(fd: number, into: Uint8Array): HostResult {
    this.takeInput();
    return fd === 0 && this.input === '' && this.laterInput.length > 0 ? -EAGAIN : this.read(fd, into, null);
  }
  private takeInput(): void { while ((this.laterInput[0]?.afterNs ?? Infinity) <= this.pausedNs) this.input += this.laterInput.shift()!.text; }
  /** Time passes only here. */
  realTimeNs(): bigint { return 1_700_000_000_000_000_000n + BigInt(this.pausedNs); }
  pause(milliseconds: number): void { this.pausedNs += Math.round(milliseconds * 1e6); }
  report(line: string): void { this.reports.push(line); }
}
