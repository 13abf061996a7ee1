/**
 * Names that the machine keeps itself, beside the host's: FIFOs (fifo(7)), the sockets that bind(2) makes (unix(7)), and all that is in /dev/shm
 * (shm_overview(7)). `GuestFiles` shows them where they belong, and the host under them never hears of them.
 */
import { EACCES, EEXIST, EINVAL, EISDIR, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY, ENXIO, EPERM, EXDEV } from '../base/errno.ts';
import type { ByteString, Host, HostResult, HostStat, HostVolume } from '../host/host.ts';
import { OverlayHost } from '../host/overlay-host.ts';
import { mayTakeName, permits } from '../host/overlay-node.ts';
import { absolute, joined, lastName, parentOf } from '../host/path.ts';
import { WrappedHost } from '../host/wrapped-host.ts';
import { O_CREAT, O_EXCL, S_IFDIR, S_IFIFO, S_IFMT, S_IFSOCK } from './uapi.ts';

const DEVICE = 0x2en, LINKS_MAX = 40;
/** So many names and no more: ENOSPC. */
const NODES_MAX = 16_384;
const SHM = '/dev/shm', SHM_FIRST_FD = 2 ** 31, SHM_BYTES_MAX = 256 << 20;
const W_OK = 2, X_OK = 1;

export interface SpecialNode {
  readonly kind: 'fifo' | 'socket';
  stat: HostStat;
  /** What is behind the name: a Fifo, or whatever bind(2) puts there. Null: nothing any more. */
  object: unknown;
}

/** By absolute path, without links. */
export class SpecialNodes {
  readonly nodes = new Map<ByteString, SpecialNode>();
  private readonly files: Host;
  private readonly nowNs: () => bigint;
  private inodes = 0;
  constructor(files: Host, nowNs: () => bigint) { this.files = files; this.nowNs = nowNs; }
  get isEmpty(): boolean { return this.nodes.size === 0; }

  /** A new name. `mode` without its kind; -EEXIST, -ENOENT, -EACCES … where there can be none. */
  make(path: ByteString, kind: SpecialNode['kind'], mode: number, object: unknown): SpecialNode | HostResult {
    const taken = this.files.stat(path, false);
    if (typeof taken !== 'number') return -EEXIST;
    if (taken !== -ENOENT) return taken;
    const key = this.keyOf(path, false), writable = this.files.access(parentOf(key ?? '/'), W_OK | X_OK);
    if (key === null || path.endsWith('/')) return -ENOENT;
    if (writable < 0) return writable;
    if (this.nodes.size >= NODES_MAX) return -ENOSPC;
    const { euid: uid, egid: gid } = this.files.user, now = this.nowNs();
    const stat = {
      dev: DEVICE, ino: BigInt(++this.inodes), mode: (kind === 'fifo' ? S_IFIFO : S_IFSOCK) | mode & 0o7777, nlink: 1, uid, gid, rdev: 0n, size: 0, blksize: 4096, blocks: 0,
      atimeNs: now, mtimeNs: now, ctimeNs: now,
    };
    const node: SpecialNode = { kind, stat, object };
    this.nodes.set(key, node);
    return node;
  }
  find(path: ByteString, followsLast = true): SpecialNode | null {
    const key = this.isEmpty ? null : this.keyOf(path, followsLast);
    return key === null ? null : this.nodes.get(key) ?? null;
  }
  /** Takes the name away, whoever asks. */
  remove(path: ByteString): void {
    const key = this.keyOf(path, false);
    if (key !== null) this.drop(key);
  }
  drop(key: ByteString): void {
    const node = this.nodes.get(key);
    if (node !== undefined) node.stat = { ...node.stat, nlink: Math.max(0, node.stat.nlink - 1), ctimeNs: this.nowNs() };
    this.nodes.delete(key);
  }
  change(node: SpecialNode, change: Partial<HostStat>): void { node.stat = { ...node.stat, ...change, ctimeNs: this.nowNs() }; }
  /** Names directly in a directory, or anywhere below it. */
  below(directory: ByteString, isDeep: boolean): readonly ByteString[] {
    const prefix = joined(directory, '');
    return [...this.nodes.keys()].filter(key => key.startsWith(prefix) && (isDeep || !key.slice(prefix.length).includes('/')));
  }
  /** Where a name is kept: its directory without links, and what the name itself leads to. Null: there is no such directory. */
  keyOf(path: ByteString, followsLast: boolean): ByteString | null {
    let at = path;
    for (let links = 0; links < LINKS_MAX; links++) {
      const name = lastName(at), real = name === '' || name === '.' || name === '..' ? null : this.files.realPath(parentOf(at));
      if (typeof real !== 'string') return null;
      const key = joined(real, name), target = followsLast && !this.nodes.has(key) ? this.files.readLink(key) : -EINVAL;
      if (typeof target === 'number') return key;
      at = absolute(real, target);
    }
    return null;
  }
}

/** The host's files, and those of the machine among them. */
export class GuestFiles extends WrappedHost {
  readonly special: SpecialNodes;
  private shm: OverlayHost | null = null;
  private nowNs: () => bigint = () => 0n;
  constructor(inner: Host) { super(inner); this.special = new SpecialNodes(this, () => this.nowNs()); }
  /** Puts something around the host's files. */
  wrap(around: (inner: Host) => Host): void { this.inner = around(this.inner); }
  override useClock(nowNs: () => bigint): void { this.nowNs = nowNs; super.useClock(nowNs); }

  // — which of them has it —

  private get memory(): OverlayHost {
    if (this.shm === null) { this.shm = new OverlayHost(this.inner, null, SHM_BYTES_MAX, SHM_FIRST_FD); this.shm.useClock(() => this.nowNs()); }
    return this.shm;
  }
  private with<T>(path: ByteString, run: (host: Host, path: ByteString) => T): T {
    return isShm(path) ? run(this.memory, path.slice(SHM.length) || '/') : run(this.inner, path);
  }
  private of(fd: number): Host { return fd >= SHM_FIRST_FD ? this.memory : this.inner; }
  private both(from: ByteString, to: ByteString, run: (host: Host, from: ByteString, to: ByteString) => HostResult): HostResult {
    return isShm(from) !== isShm(to) ? -EXDEV : this.with(from, (host, old) => this.with(to, (_, name) => run(host, old, name)));
  }
  private node(path: ByteString, followsLast: boolean): SpecialNode | null { return this.special.find(path, followsLast); }

  // — descriptors —

  override close(fd: number): void { this.of(fd).close(fd); }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult { return this.of(fd).read(fd, into, at); }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult { return this.of(fd).write(fd, from, at); }
  override position(fd: number): HostResult { return this.of(fd).position(fd); }
  override pathOf(fd: number): ByteString | HostResult {
    const path = this.of(fd).pathOf(fd);
    return typeof path === 'string' && fd >= SHM_FIRST_FD ? outside(path) : path;
  }
  override reopen(fd: number, flags: number): HostResult { return this.of(fd).reopen(fd, flags); }
  override fstat(fd: number): HostStat | HostResult { return this.of(fd).fstat(fd); }
  override ftruncate(fd: number, length: number): HostResult { return this.of(fd).ftruncate(fd, length); }
  override fchmod(fd: number, mode: number): HostResult { return this.of(fd).fchmod(fd, mode); }
  override fchown(fd: number, uid: number, gid: number): HostResult { return this.of(fd).fchown(fd, uid, gid); }
  override fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult { return this.of(fd).fsetTimes(fd, atimeNs, mtimeNs); }
  override fsync(fd: number): HostResult { return this.of(fd).fsync(fd); }
  override isTerminal(fd: number): boolean { return this.of(fd).isTerminal(fd); }

  // — names —

  override open(path: ByteString, flags: number, mode: number): HostResult {
    if (this.node(path, true) !== null) return (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL) ? -EEXIST : -ENXIO;
    return this.with(path, (host, inside) => host.open(inside, flags, mode));
  }
  override stat(path: ByteString, followsLinks: boolean): HostStat | HostResult {
    return this.node(path, followsLinks)?.stat ?? this.with(path, (host, inside) => host.stat(inside, followsLinks));
  }
  override volume(path: ByteString): HostVolume | HostResult {
    return this.with(this.node(path, true) === null ? path : parentOf(path), (host, inside) => host.volume(inside));
  }
  override access(path: ByteString, mode: number): HostResult {
    const node = this.node(path, true);
    return node !== null ? permits(node.stat, this.user, mode) : this.with(path, (host, inside) => host.access(inside, mode));
  }
  override list(path: ByteString): readonly ByteString[] | HostResult {
    const names = this.with(path, (host, inside) => host.list(inside));
    if (typeof names === 'number' || this.special.isEmpty) return this.node(path, true) === null ? names : -ENOTDIR;
    const real = this.realPath(path);
    return typeof real === 'number' ? names : [...names, ...this.special.below(real, false).map(lastName)];
  }
  override readLink(path: ByteString): ByteString | HostResult {
    return this.node(path, false) !== null ? -EINVAL : this.with(path, (host, inside) => host.readLink(inside));
  }
  override realPath(path: ByteString): ByteString | HostResult {
    const found = this.with(path, (host, inside) => host.realPath(inside));
    if (typeof found === 'string') return isShm(path) ? outside(found) : found;
    return this.node(path, true) === null ? found : this.special.keyOf(path, true) ?? found;
  }
  override mkdir(path: ByteString, mode: number): HostResult {
    return this.node(path, false) !== null ? -EEXIST : this.with(path, (host, inside) => host.mkdir(inside, mode));
  }
  override symlink(target: ByteString, path: ByteString): HostResult {
    return this.node(path, false) !== null ? -EEXIST : this.with(path, (host, inside) => host.symlink(target, inside));
  }
  override unlink(path: ByteString): HostResult {
    const node = this.node(path, false);
    if (node === null) return this.with(path, (host, inside) => host.unlink(inside));
    const allowed = this.mayTake(path, node);
    if (allowed === 0) this.special.remove(path);
    return allowed;
  }
  override rmdir(path: ByteString): HostResult {
    if (!this.special.isEmpty) {
      const real = this.realPath(path);
      if (this.node(path, false) !== null) return -ENOTDIR;
      if (typeof real === 'string' && this.special.below(real, false).length > 0) return -ENOTEMPTY;
    }
    return this.with(path, (host, inside) => host.rmdir(inside));
  }
  override rename(from: ByteString, to: ByteString): HostResult {
    if (this.special.isEmpty) return this.both(from, to, (host, old, name) => host.rename(old, name));
    const node = this.node(from, false), covered = this.node(to, false), source = this.special.keyOf(from, false), place = this.special.keyOf(to, false);
    if (node !== null && node === covered) return 0;
    if (source === null || place === null) return this.both(from, to, (host, old, name) => host.rename(old, name));
    if (node !== null) return this.renameNode(node, source, place);
    const moved = this.special.below(source, true), target = this.special.below(place, true);
    if (target.length > 0) return -ENOTEMPTY;
    const stat = covered === null ? -ENOENT : this.stat(from, false);
    if (typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFDIR) return -ENOTDIR;
    const result = this.both(from, to, (host, old, name) => host.rename(old, name));
    if (result < 0) return result;
    if (covered !== null) this.special.drop(place);
    for (const key of moved) {
      const other = this.special.nodes.get(key);
      this.special.nodes.delete(key);
      if (other !== undefined) this.special.nodes.set(place + key.slice(source.length), other);
    }
    return 0;
  }
  private renameNode(node: SpecialNode, source: ByteString, place: ByteString): HostResult {
    const old = this.stat(place, false), writable = this.mayTake(source, node) || this.access(parentOf(place), W_OK | X_OK);
    if (writable < 0) return writable;
    if (typeof old !== 'number') {
      if ((old.mode & S_IFMT) === S_IFDIR) return -EISDIR;
      const gone = this.unlink(place);
      if (gone < 0) return gone;
    }
    this.special.nodes.delete(source);
    this.special.nodes.set(place, node);
    this.special.change(node, {});
    return 0;
  }
  override link(from: ByteString, to: ByteString): HostResult {
    const node = this.node(from, false);
    if (this.node(to, false) !== null) return -EEXIST;
    if (node === null) return this.both(from, to, (host, old, name) => host.link(old, name));
    const taken = this.stat(to, false), place = this.special.keyOf(to, false);
    if (taken !== -ENOENT || place === null) return typeof taken === 'number' ? taken : -EEXIST;
    const writable = this.access(parentOf(place), W_OK | X_OK);
    if (writable < 0 || this.special.nodes.size >= NODES_MAX) return writable < 0 ? writable : -ENOSPC;
    this.special.nodes.set(place, node);
    this.special.change(node, { nlink: node.stat.nlink + 1 });
    return 0;
  }
  override truncate(path: ByteString, length: number): HostResult {
    return this.node(path, true) !== null ? -EINVAL : this.with(path, (host, inside) => host.truncate(inside, length));
  }
  override chmod(path: ByteString, mode: number): HostResult {
    const node = this.node(path, true);
    return node !== null ? this.changeNode(node, { mode: node.stat.mode & S_IFMT | mode }) : this.with(path, (host, inside) => host.chmod(inside, mode));
  }
  override chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    const node = this.node(path, followsLinks), { euid } = this.user;
    if (node === null) return this.with(path, (host, inside) => host.chown(inside, uid, gid, followsLinks));
    return euid !== 0 && uid !== node.stat.uid ? -EPERM : this.changeNode(node, { uid, gid });
  }
  override setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    const node = this.node(path, followsLinks);
    return node !== null ? this.changeNode(node, { atimeNs, mtimeNs }) : this.with(path, (host, inside) => host.setTimes(inside, atimeNs, mtimeNs, followsLinks));
  }
  private changeNode(node: SpecialNode, change: Partial<HostStat>): HostResult {
    const { euid } = this.user;
    if (euid !== 0 && euid !== node.stat.uid) return -EPERM;
    this.special.change(node, change);
    return 0;
  }
  /** May the name be taken away? */
  private mayTake(path: ByteString, node: SpecialNode): HostResult {
    const directory = parentOf(path), writable = this.access(directory, W_OK | X_OK), stat = this.stat(directory, true);
    if (writable < 0 || typeof stat === 'number') return writable < 0 ? writable : -EACCES;
    return mayTakeName(stat, node.stat, this.user);
  }
}

function isShm(path: ByteString): boolean { return path.startsWith(SHM) && (path.length === SHM.length || path[SHM.length] === '/'); }
function outside(path: ByteString): ByteString { return path === '/' ? SHM : SHM + path; }
