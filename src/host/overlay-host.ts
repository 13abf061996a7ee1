/**
 * A host whose files can be changed, in memory only: what is written, made, removed or renamed is forgotten at the end, and the host never hears of it.
 * As overlayfs does (Linux: Documentation/filesystems/overlayfs), but files are copied a piece at a time, and directories can be renamed.
 */
import { EACCES, EBADF, EBUSY, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV } from '../base/errno.ts';
import type { ByteString, Host, HostResult, HostStat, HostVolume } from './host.ts';
import { Budget, Content, DIRECTORY, LINK, mayTakeName, NODE_BYTES, OverlayNode, permits, R_OK, REGULAR, S_IFMT, W_OK, X_OK } from './overlay-node.ts';
import { cannotCreate, cannotRemove, joined, resolvePath, within, type Resolved, type Tree } from './path.ts';
import { WrappedHost } from './wrapped-host.ts';

const O_ACCMODE = 3, O_WRONLY = 1, O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000;
const S_ISGID = 0o2000, S_ISUID = 0o4000;
/** Descriptors of this host's own; the host's are smaller. */
const FIRST_FD = 2 ** 30;
const TMPFS_MAGIC = 0x1021994;
const DEVICE = 0x2fn;
const OVERLAY_BYTES_MAX = 256 << 20;

interface Open { readonly node: OverlayNode; readonly access: number; position: number }
type Found = Resolved<OverlayNode>;

export class OverlayHost extends WrappedHost implements Tree<OverlayNode> {
  readonly root: OverlayNode;
  private readonly outside: ByteString | null;
  private readonly firstFd: number;
  private readonly budget: Budget;
  private readonly opened = new Map<number, Open>();
  private nextFd: number;
  private inodes = 0;
  private nowNs: () => bigint = () => 0n;

  /** `outside`: the directory of the host that is the root here, without links; null: none, everything is in memory. */
  constructor(inner: Host, outside: ByteString | null = '/', bytes = OVERLAY_BYTES_MAX, firstFd = FIRST_FD) {
    super(inner);
    this.outside = outside;
    this.firstFd = this.nextFd = firstFd;
    this.budget = new Budget(bytes);
    const own: HostStat = { dev: DEVICE, ino: BigInt(++this.inodes), mode: DIRECTORY | 0o1777, nlink: 2, uid: 0, gid: 0, rdev: 0n, size: 4096, blksize: 4096, blocks: 0, atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n };
    this.root = new OverlayNode(DIRECTORY, outside, outside === null ? own : null, null, '');
  }
  override get directory(): ByteString { return this.outside === null ? '/' : within(this.outside, this.inner.directory) ?? '/'; }
  /** Files are dated by the guest's clock. */
  override useClock(nowNs: () => bigint): void { this.nowNs = nowNs; super.useClock(nowNs); }

  // — the tree that paths are resolved in —

  isDirectory(node: OverlayNode): boolean { return node.isDirectory; }
  linkTarget(node: OverlayNode): ByteString | null {
    if (node.kind !== LINK) return null;
    const target = node.lower === null ? node.target : this.inner.readLink(node.lower);
    return typeof target === 'number' ? '' : target;
  }
  parent(node: OverlayNode): OverlayNode { return node.parent; }
  search(directory: OverlayNode): HostResult {
    // The host looks at its own when it is asked for a name in it.
    return directory.own === null ? 0 : permits(directory.own, this.user, X_OK);
  }
  child(directory: OverlayNode, name: ByteString): OverlayNode | null | HostResult {
    const known = directory.entries?.get(name);
    if (known !== undefined || directory.lower === null) return known ?? null;
    const path = joined(directory.lower, name), stat = this.inner.stat(path, false);
    if (typeof stat === 'number') return stat === -ENOENT ? null : stat;
    return new OverlayNode(stat.mode & S_IFMT, path, null, directory, name);
  }

  // — open files —

  override open(path: ByteString, flags: number, mode: number): HostResult {
    if ((flags & O_CREAT) !== 0 && path.endsWith('/')) return cannotCreate<OverlayNode>(this, path, (flags & O_EXCL) !== 0);
    const isNew = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
    const found = resolvePath<OverlayNode>(this, path, isNew ? 'name' : (flags & O_NOFOLLOW) === 0 ? 'follow' : 'stay');
    if (typeof found === 'number') return found;
    if (found.node === null) {
      if ((flags & O_CREAT) === 0) return -ENOENT;
      const made = this.create(found, REGULAR | mode);
      return typeof made === 'number' ? made : this.newFd(made, flags);
    }
    return isNew ? -EEXIST : this.openNode(found.node, flags, mode);
  }
  private openNode(node: OverlayNode, flags: number, mode: number): HostResult {
    const access = flags & O_ACCMODE, writes = access !== 0 || (flags & O_TRUNC) !== 0;
    if (node.kind === LINK) return -ELOOP;
    if (node.isDirectory && (writes || (flags & O_CREAT) !== 0)) return -EISDIR;
    if (!node.isDirectory && (flags & O_DIRECTORY) !== 0) return -ENOTDIR;
    if (!node.isDirectory && node.kind !== REGULAR) return this.inner.open(node.lower ?? '', (flags & ~O_CREAT) | O_NOFOLLOW, mode);
    const allowed = this.mayOpen(node, flags);
    if (allowed < 0) return allowed;
    this.attach(node);
    return this.cutAndOpen(node, flags);
  }
  private mayOpen(node: OverlayNode, flags: number): HostResult {
    const access = flags & O_ACCMODE, writes = access !== 0 || (flags & O_TRUNC) !== 0;
    return this.allows(node, (access === O_WRONLY ? 0 : R_OK) | (writes ? W_OK : 0));
  }
  private cutAndOpen(node: OverlayNode, flags: number): HostResult {
    const cut = (flags & O_TRUNC) !== 0 && node.kind === REGULAR ? this.cut(node, 0) : 0;
    return cut < 0 ? cut : this.newFd(node, flags);
  }
  private newFd(node: OverlayNode, flags: number): number {
    node.opens += 1;
    this.opened.set(this.nextFd, { node, access: flags & O_ACCMODE, position: 0 });
    return this.nextFd++;
  }
  override close(fd: number): void {
    const open = this.opened.get(fd);
    if (open === undefined) { if (fd < this.firstFd) this.inner.close(fd); return; }
    const { node } = open;
    this.opened.delete(fd);
    node.opens -= 1;
    if (node.opens > 0) return;
    if (node.lowerFd >= 0) this.inner.close(node.lowerFd);
    node.lowerFd = -1;
    this.forget(node);
    if (node.isClean && node.isAttached && node.parent !== node) node.parent.entries?.delete(node.name);
  }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult {
    if (fd < this.firstFd) return this.inner.read(fd, into, at);
    const open = this.opened.get(fd);
    if (open === undefined || open.access === O_WRONLY) return -EBADF;
    const { node } = open, place = at ?? open.position;
    if (node.isDirectory) return -EISDIR;
    const got = node.content === null ? this.below(node, into, place) : node.content.read(into, place, (piece, from) => this.below(node, piece, from));
    if (at === null && got > 0) open.position += got;
    return got;
  }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult {
    if (fd < this.firstFd) return this.inner.write(fd, from, at);
    const open = this.opened.get(fd);
    if (open === undefined || open.access === 0) return -EBADF;
    const { node } = open, place = at ?? open.position, content = this.contentOf(node);
    if (typeof content === 'number') return content;
    const put = content.write(from, place, (piece, at) => this.below(node, piece, at));
    if (put > 0) this.touch(node, false);
    if (at === null && put > 0) open.position += put;
    return put;
  }
  override position(fd: number): HostResult { return fd < this.firstFd ? this.inner.position(fd) : this.opened.get(fd)?.position ?? -EBADF; }
  override reopen(fd: number, flags: number): HostResult {
    if (fd < this.firstFd) return (flags & O_ACCMODE) === 0 ? this.inner.reopen(fd, flags & ~O_TRUNC) : -EROFS;
    return this.onFd(fd, node => {
      const allowed = this.mayOpen(node, flags);
      return allowed < 0 ? allowed : this.cutAndOpen(node, flags);
    });
  }
  override fstat(fd: number): HostStat | HostResult { return fd < this.firstFd ? this.inner.fstat(fd) : this.onFd(fd, node => this.statOf(node)); }
  override pathOf(fd: number): ByteString | HostResult {
    if (fd >= this.firstFd) return this.onFd(fd, node => pathTo(node));
    const path = this.inner.pathOf(fd);
    return typeof path === 'number' ? path : within(this.outside ?? '', path) ?? -ENOENT;
  }
  override ftruncate(fd: number, length: number): HostResult {
    if (fd < this.firstFd) return this.inner.ftruncate(fd, length);
    const open = this.opened.get(fd);
    return open === undefined || open.access === 0 || open.node.kind !== REGULAR ? -EINVAL : this.cut(open.node, length);
  }
  // What is not a file of this host's own is the host's, and that does not change.
  override fchmod(fd: number, mode: number): HostResult { return fd < this.firstFd ? -EROFS : this.onFd(fd, node => this.setMode(node, mode)); }
  override fchown(fd: number, uid: number, gid: number): HostResult { return fd < this.firstFd ? -EROFS : this.onFd(fd, node => this.setOwner(node, uid, gid)); }
  override fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult {
    return fd < this.firstFd ? -EROFS : this.onFd(fd, node => this.setBothTimes(node, atimeNs, mtimeNs));
  }
  override fsync(fd: number): HostResult { return fd < this.firstFd ? this.inner.fsync(fd) : 0; }
  override isTerminal(fd: number): boolean { return fd < this.firstFd && this.inner.isTerminal(fd); }
  private onFd<T>(fd: number, run: (node: OverlayNode) => T | HostResult): T | HostResult {
    const open = this.opened.get(fd);
    return open === undefined ? -EBADF : run(open.node);
  }

  // — questions —

  override stat(path: ByteString, followsLinks: boolean): HostStat | HostResult { return this.on(path, followsLinks, node => this.statOf(node)); }
  override volume(path: ByteString): HostVolume | HostResult {
    return this.on(path, true, () => {
      const plain = { type: TMPFS_MAGIC, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 }, below = this.outside === null ? plain : this.inner.volume(this.outside), { bytes, used } = this.budget, free = Math.floor((bytes - used) / 4096);
      return typeof below === 'number' ? below : { ...below, bsize: 4096, blocks: bytes / 4096, bfree: free, bavail: free };
    });
  }
  override access(path: ByteString, mode: number): HostResult { return this.on(path, true, node => this.allows(node, mode)); }
  override list(path: ByteString): readonly ByteString[] | HostResult {
    return this.on<readonly ByteString[]>(path, true, node => {
      const allowed = this.allows(node, R_OK);
      return allowed < 0 ? allowed : this.namesIn(node);
    });
  }
  override readLink(path: ByteString): ByteString | HostResult { return this.on<ByteString>(path, false, node => this.linkTarget(node) ?? -EINVAL); }
  override realPath(path: ByteString): ByteString | HostResult {
    const found = resolvePath<OverlayNode>(this, path, 'follow');
    if (typeof found === 'number' || found.node === null) return typeof found === 'number' ? found : -ENOENT;
    return found.node.isDirectory ? pathOfDirectory(found.node) : joined(pathOfDirectory(found.directory), found.name);
  }

  // — changes —

  override mkdir(path: ByteString, mode: number): HostResult { return this.make(path, DIRECTORY | mode, ''); }
  override symlink(target: ByteString, path: ByteString): HostResult { return this.make(path, LINK | 0o777, target); }
  override unlink(path: ByteString): HostResult {
    return this.onName(path, (found, node) => {
      if (node.isDirectory || found.wantsDirectory) return node.isDirectory ? -EISDIR : -ENOTDIR;
      const allowed = this.allowsRemoval(found, node);
      if (allowed === 0) this.remove(found, node);
      return allowed;
    });
  }
  override rmdir(path: ByteString): HostResult {
    return this.onName(path, (found, node) => {
      if (!node.isDirectory) return -ENOTDIR;
      if (found.name === '') return cannotRemove(path);
      const allowed = this.allowsRemoval(found, node);
      if (allowed < 0) return allowed;
      const names = this.namesIn(node);
      if (typeof names === 'number') return names;
      if (names.length > 0) return -ENOTEMPTY;
      this.remove(found, node);
      return 0;
    });
  }
  override rename(from: ByteString, to: ByteString): HostResult {
    const old = resolvePath<OverlayNode>(this, from, 'name');
    if (typeof old === 'number') return old;
    this.attach(old.directory); // Two searches must not find two nodes for one directory that is then changed.
    const place = resolvePath<OverlayNode>(this, to, 'name'), { node } = old;
    if (typeof place === 'number') return place;
    if (old.name === '' || place.name === '') return -EBUSY;
    if (node === null) return -ENOENT;
    const wrong = this.mayReplace(node, old, place) || this.allowsRemoval(old, node)
      || (place.node === null ? this.allows(place.directory, W_OK | X_OK) : this.allowsRemoval(place, place.node));
    if (wrong < 0) return wrong;
    if (isSame(node, place.node)) return 0;
    this.attach(node);
    if (place.node !== null) this.remove(place, place.node);
    this.unname(old);
    this.putName(place, node);
    if (node.isDirectory) { this.countLinks(old.directory, -1); this.countLinks(place.directory, 1); }
    this.touch(node, true);
    return 0;
  }
  private mayReplace(node: OverlayNode, old: Found, place: Found): HostResult {
    if (!node.isDirectory && (old.wantsDirectory || place.wantsDirectory)) return -ENOTDIR;
    if (node.isDirectory && isBelow(place.directory, node)) return -EINVAL;
    if (place.node !== null && isBelow(old.directory, place.node)) return -ENOTEMPTY;
    if (place.node === null || isSame(node, place.node)) return 0;
    if (!node.isDirectory) return place.node.isDirectory ? -EISDIR : 0;
    if (!place.node.isDirectory) return -ENOTDIR;
    const names = this.namesIn(place.node);
    return typeof names === 'number' ? names : names.length > 0 ? -ENOTEMPTY : 0;
  }
  override link(from: ByteString, to: ByteString): HostResult {
    return this.on(from, false, node => {
      this.attach(node.parent);
      const place = resolvePath<OverlayNode>(this, to, 'name');
      if (typeof place === 'number') return place;
      if (place.node !== null || place.wantsDirectory) return place.node !== null ? -EEXIST : -ENOENT;
      if (node.isDirectory) return -EPERM;
      if (node.kind !== REGULAR && node.kind !== LINK) return -EXDEV; // A device of the host: it cannot be told that it has a name here.
      const allowed = this.allows(place.directory, W_OK | X_OK);
      if (allowed < 0) return allowed;
      const own = this.ownOf(node);
      if (typeof own === 'number') return own;
      if (!this.budget.take(NODE_BYTES)) return -ENOSPC;
      this.attach(node);
      node.own = { ...own, nlink: own.nlink + 1, ctimeNs: this.nowNs() };
      this.putName(place, node);
      return 0;
    });
  }
  override truncate(path: ByteString, length: number): HostResult {
    return this.on(path, true, node => {
      if (node.isDirectory) return -EISDIR;
      if (node.kind !== REGULAR) return -EINVAL;
      const allowed = this.allows(node, W_OK);
      return allowed < 0 ? allowed : this.cut(node, length);
    });
  }
  override chmod(path: ByteString, mode: number): HostResult { return this.on(path, true, node => this.setMode(node, mode)); }
  override chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    return this.on(path, followsLinks, node => this.setOwner(node, uid, gid));
  }
  override setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    return this.on(path, followsLinks, node => this.setBothTimes(node, atimeNs, mtimeNs));
  }

  // — finding —

  private on<T>(path: ByteString, followsLast: boolean, run: (node: OverlayNode) => T | HostResult): T | HostResult {
    const found = resolvePath<OverlayNode>(this, path, followsLast ? 'follow' : 'stay');
    if (typeof found === 'number') return found;
    return found.node === null ? -ENOENT : run(found.node);
  }
  private onName(path: ByteString, run: (found: Found, node: OverlayNode) => HostResult): HostResult {
    const found = resolvePath<OverlayNode>(this, path, 'name');
    if (typeof found === 'number') return found;
    return found.node === null ? -ENOENT : run(found, found.node);
  }
  private statOf(node: OverlayNode): HostStat | HostResult {
    if (node.own === null) return this.inner.stat(node.lower ?? '', false);
    const { content, own } = node;
    if (content !== null) return { ...own, size: content.size, blocks: Math.ceil(content.allocatedBytes / 512) };
    return own;
  }
  private namesIn(directory: OverlayNode): readonly ByteString[] | HostResult {
    const below = directory.lower === null ? [] : this.inner.list(directory.lower), { entries } = directory;
    if (typeof below === 'number' || entries === null) return typeof below === 'number' ? below : -ENOTDIR;
    const kept = below.filter(name => entries.get(name) !== null), known = new Set(kept);
    const added = [...entries].filter(([name, node]) => node !== null && !known.has(name));
    return [...kept, ...added.map(([name]) => name)];
  }
  /** 0: the user may. What nobody changed, the host knows best; that it could not be written there matters little. */
  private allows(node: OverlayNode, wanted: number): HostResult {
    if (node.own !== null) return permits(node.own, this.user, wanted);
    const allowed = this.inner.access(node.lower ?? '', wanted);
    return allowed === -EROFS ? 0 : allowed;
  }
  /** May the name be taken away? */
  private allowsRemoval({ directory }: Found, node: OverlayNode): HostResult {
    const allowed = this.allows(directory, W_OK | X_OK);
    if (allowed < 0) return allowed;
    const place = this.statOf(directory);
    if (typeof place === 'number') return place;
    const stat = this.statOf(node);
    return typeof stat === 'number' ? stat : mayTakeName(place, stat, this.user);
  }

  // — changing —

  /** From now on the tree itself has the node, and with it the directories on the way. What is only open gets no name back. */
  private attach(node: OverlayNode): void {
    for (let at = node; at.parent !== at && at.isJustFound; at = at.parent) at.parent.entries?.set(at.name, at);
  }
  private ownOf(node: OverlayNode): HostStat | HostResult {
    if (node.own !== null) return node.own;
    const stat = this.statOf(node);
    if (typeof stat === 'number') return stat;
    if (!this.budget.take(NODE_BYTES)) return -ENOSPC;
    node.own = stat;
    return stat;
  }
  private contentOf(node: OverlayNode): Content | HostResult {
    if (node.content !== null) return node.content;
    const own = this.ownOf(node);
    if (typeof own === 'number') return own;
    node.content = new Content(own.size, this.budget);
    return node.content;
  }
  private below(node: OverlayNode, into: Uint8Array, at: number): HostResult {
    if (node.lower === null) return 0;
    if (node.lowerFd < 0) node.lowerFd = this.inner.open(node.lower, O_NOFOLLOW, 0);
    return node.lowerFd < 0 ? node.lowerFd : this.inner.read(node.lowerFd, into, at);
  }
  private touch(node: OverlayNode, isMetadata: boolean): void {
    const own = this.ownOf(node), now = this.nowNs();
    if (typeof own !== 'number') node.own = isMetadata ? { ...own, ctimeNs: now } : { ...own, mtimeNs: now, ctimeNs: now };
  }
  private cut(node: OverlayNode, length: number): HostResult {
    this.attach(node);
    const content = this.contentOf(node);
    if (typeof content === 'number') return content;
    content.cut(length);
    this.touch(node, false);
    if (node.opens === 0 && node.lowerFd >= 0) { this.inner.close(node.lowerFd); node.lowerFd = -1; }
    return 0;
  }
  private make(path: ByteString, mode: number, target: ByteString): HostResult {
    const found = resolvePath<OverlayNode>(this, path, 'name');
    if (typeof found === 'number') return found;
    if (found.node !== null) return -EEXIST;
    if (found.wantsDirectory && (mode & S_IFMT) !== DIRECTORY) return -ENOENT;
    const made = this.create(found, mode, target);
    return typeof made === 'number' ? made : 0;
  }
  private create(found: Found, mode: number, target = ''): OverlayNode | HostResult {
    const { directory, name } = found, allowed = this.allows(directory, W_OK | X_OK), place = this.ownOf(directory);
    if (allowed < 0) return allowed;
    if (typeof place === 'number') return place;
    if (!this.budget.take(NODE_BYTES + target.length)) return -ENOSPC;
    const { euid, egid } = this.user, now = this.nowNs(), isDirectory = (mode & S_IFMT) === DIRECTORY, inherits = (place.mode & S_ISGID) !== 0;
    const own: HostStat = {
      dev: DEVICE, ino: BigInt(++this.inodes), mode: isDirectory && inherits ? mode | S_ISGID : mode, nlink: isDirectory ? 2 : 1, uid: euid,
      gid: inherits ? place.gid : egid, rdev: 0n, size: isDirectory ? 4096 : target.length, blksize: 4096, blocks: 0,
      atimeNs: now, mtimeNs: now, ctimeNs: now, btimeNs: now,
    };
    const node = new OverlayNode(mode & S_IFMT, null, own, directory, name, target);
    if (node.kind === REGULAR) node.content = new Content(0, this.budget);
    this.putName(found, node);
    if (isDirectory) this.countLinks(directory, 1);
    return node;
  }
  private putName({ directory, name }: Found, node: OverlayNode): void {
    this.attach(directory);
    directory.entries?.set(name, node);
    node.parent = directory; node.name = name;
    this.touch(directory, false);
  }
  /** A name that the host has is covered, one of ours is gone. */
  private unname({ directory, name }: Found): void {
    this.attach(directory);
    const isBelow = directory.lower !== null && typeof this.inner.stat(joined(directory.lower, name), false) !== 'number';
    if (isBelow) directory.entries?.set(name, null); else directory.entries?.delete(name);
    this.touch(directory, false);
  }
  private remove(found: Found, node: OverlayNode): void {
    this.unname(found);
    const own = this.ownOf(node);
    const left = typeof own === 'number' || node.isDirectory ? 0 : Math.max(0, own.nlink - 1);
    if (typeof own !== 'number') node.own = { ...own, nlink: left, ctimeNs: this.nowNs() };
    if (left > 0) this.budget.give(NODE_BYTES);
    if (node.isDirectory) this.countLinks(found.directory, -1);
    this.forget(node);
  }
  /** The memory of a file without a name goes when nobody has it open. */
  private forget(node: OverlayNode): void {
    if (node.opens > 0 || node.own === null || node.own.nlink > 0) return;
    node.content?.release();
    node.content = null;
    this.budget.give(NODE_BYTES + node.target.length);
    node.own = null; node.lower = null;
  }
  private countLinks(directory: OverlayNode, by: number): void {
    const own = this.ownOf(directory);
    if (typeof own !== 'number') directory.own = { ...own, nlink: own.nlink + by };
  }
  private change(node: OverlayNode, change: (own: HostStat) => HostStat | HostResult): HostResult {
    const stat = this.statOf(node), changed = typeof stat === 'number' ? stat : change(stat);
    if (typeof changed === 'number') return changed;
    this.attach(node);
    const own = this.ownOf(node);
    if (typeof own === 'number') return own;
    node.own = { ...changed, ctimeNs: this.nowNs() };
    return 0;
  }
  private isOwner({ uid }: HostStat): boolean { return this.user.euid === 0 || this.user.euid === uid; }
  private setMode(node: OverlayNode, mode: number): HostResult {
    return this.change(node, own => this.isOwner(own) ? { ...own, mode: (own.mode & S_IFMT) | mode } : -EPERM);
  }
  private setOwner(node: OverlayNode, uid: number, gid: number): HostResult {
    return this.change(node, own => {
      const { euid, egid, groups } = this.user, isRoot = euid === 0;
      if (!isRoot && (uid !== own.uid || !this.isOwner(own) || gid !== own.gid && gid !== egid && !groups.includes(gid))) return -EPERM;
      const bits = isRoot || node.isDirectory ? 0 : S_ISUID | S_ISGID;
      return { ...own, uid, gid, mode: own.mode & ~bits };
    });
  }
  private setBothTimes(node: OverlayNode, atimeNs: bigint, mtimeNs: bigint): HostResult {
    return this.change(node, own => this.isOwner(own) || permits(own, this.user, W_OK) === 0 ? { ...own, atimeNs, mtimeNs } : -EACCES);
  }
}

/** The same file, though one was found before the other was changed. */
function isSame(a: OverlayNode, b: OverlayNode | null): boolean { return a === b || b !== null && a.lower !== null && a.lower === b.lower; }
/** `directory` is `ancestor`, or lies somewhere in it. */
function isBelow(directory: OverlayNode, ancestor: OverlayNode): boolean {
  for (let at = directory; ; at = at.parent) {
    if (isSame(at, ancestor)) return true;
    if (at === at.parent) return false;
  }
}
function pathOfDirectory(directory: OverlayNode): ByteString {
  let path = '';
  for (let at = directory; at.parent !== at; at = at.parent) path = `/${at.name}${path}`;
  return path || '/';
}
function pathTo(node: OverlayNode): ByteString | HostResult {
  if (!node.isAttached) return -ENOENT;
  return node.parent === node ? '/' : joined(pathOfDirectory(node.parent), node.name);
}
