/** `--fs` and `--root`: what a program gets to see of the files, and what it can do to them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EACCES, EBADF, EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOSPC, ENOTDIR, EPERM, EROFS } from '../src/base/errno.ts';
import { ClosedHost } from '../src/host/closed-host.ts';
import { confine } from '../src/host/confine.ts';
import { byteString, bytesOf, type Host } from '../src/host/host.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { NodeHost } from '../src/host/node-host.ts';
import { OverlayHost } from '../src/host/overlay-host.ts';
import { ReadOnlyHost } from '../src/host/read-only-host.ts';
import { RootedHost } from '../src/host/rooted-host.ts';

const O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000;
const files = { '/home/a.txt': 'hello\n', '/home/d/b.txt': 'b' };
function memory(): MemoryHost {
  const host = new MemoryHost();
  host.mkdir('/home/d', 0o755);
  for (const [path, text] of Object.entries(files)) host.put(path, text, 0o644);
  host.symlink('a.txt', '/home/link');
  return host;
}
function slurp(host: Host, path: string): string | number {
  const fd = host.open(path, 0, 0), bytes = new Uint8Array(256);
  if (fd < 0) return fd;
  const got = host.read(fd, bytes, 0);
  host.close(fd);
  return got < 0 ? got : byteString(bytes.subarray(0, got));
}
function spill(host: Host, path: string, text: string, flags = O_WRONLY | O_CREAT | O_TRUNC): number {
  const fd = host.open(path, flags, 0o644);
  if (fd < 0) return fd;
  const put = host.write(fd, bytesOf(text), 0);
  host.close(fd);
  return put;
}

const readOnly = suite('confine › read-only');
/** Calls by name, with their arguments and what they return. */
const ROFS: readonly (readonly [keyof Host, readonly unknown[], number])[] = [
  ['open', ['/home/a.txt', O_RDWR, 0], -EROFS], ['open', ['/home/a.txt', O_TRUNC, 0], -EROFS], ['open', ['/home/new', O_CREAT, 0o644], -EROFS],
  ['open', ['/none/new', O_CREAT, 0o644], -ENOENT], ['open', ['/home/a.txt', O_CREAT | O_EXCL, 0o644], -EEXIST], ['open', ['/home/d', O_RDWR, 0], -EISDIR],
  ['mkdir', ['/home/new', 0o755], -EROFS], ['mkdir', ['/home/d', 0o755], -EEXIST], ['mkdir', ['/none/new', 0o755], -ENOENT], ['rmdir', ['/home/d'], -EROFS],
  ['unlink', ['/home/a.txt'], -EROFS], ['unlink', ['/home/none'], -EROFS], ['rename', ['/home/a.txt', '/home/c'], -EROFS], ['rename', ['/none/a', '/home/c'], -ENOENT],
  ['link', ['/home/a.txt', '/home/c'], -EROFS], ['link', ['/home/none', '/home/c'], -ENOENT], ['symlink', ['x', '/home/c'], -EROFS], ['symlink', ['x', '/home/link'], -EEXIST],
  ['truncate', ['/home/a.txt', 0], -EROFS], ['truncate', ['/home/d', 0], -EISDIR], ['chmod', ['/home/a.txt', 0o600], -EROFS], ['chmod', ['/home/none', 0o600], -ENOENT],
  ['chown', ['/home/a.txt', 1, 1, true], -EROFS], ['setTimes', ['/home/a.txt', 0n, 0n, true], -EROFS], ['access', ['/home/a.txt', 2], -EROFS], ['access', ['/home/a.txt', 4], 0],
];
for (const [name, args, result] of ROFS) {
  readOnly(`${name}(${args.map(String).join(', ')}) = ${result}`, () => {
    const host = memory(), guarded = new ReadOnlyHost(host) as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
    assert.is(guarded[name]!(...args), result);
    assert.equal(Object.keys(files).map(path => host.text(path)), Object.values(files));
  });
}
readOnly('files are read, and standard output is written', () => {
  const host = memory(), guarded = new ReadOnlyHost(host);
  assert.is(slurp(guarded, '/home/link'), 'hello\n');
  assert.is(guarded.write(1, bytesOf('out'), null), 3);
  assert.is(host.output, 'out');
});
readOnly.run();

const closed = suite('confine › none');
closed('before it is sealed everything is there, afterwards an empty root', () => {
  const host = memory(), sealing = new ClosedHost(host), guarded: Host = sealing, fd = guarded.open('/home/a.txt', 0, 0);
  sealing.seal();
  assert.is(guarded.read(fd, new Uint8Array(10), 0), 6);
  assert.equal([slurp(guarded, '/home/a.txt'), guarded.stat('/home', true), guarded.access('/home/a.txt', 0), guarded.list('/home')], [-ENOENT, -ENOENT, -ENOENT, -ENOENT]);
  assert.equal([guarded.list('/'), guarded.realPath('/.'), guarded.directory], [[], '/', '/']);
  assert.equal([guarded.open('/new', O_CREAT, 0o644), guarded.mkdir('/new', 0o755), guarded.mkdir('/', 0o755), guarded.rename('/a', '/b'), guarded.chmod('/', 0)], [-EROFS, -EROFS, -EEXIST, -EROFS, -EROFS]);
  assert.equal([guarded.open('/', O_RDWR, 0), guarded.access('/', 2)], [-EISDIR, -EACCES]);
});
closed('the root can be opened, and is no file', () => {
  const guarded = new ClosedHost(memory());
  guarded.seal();
  const fd = guarded.open('/', O_DIRECTORY, 0), stat = guarded.fstat(fd);
  assert.ok(fd > 2 && typeof stat !== 'number' && stat.mode === 0o040555);
  assert.equal([guarded.read(fd, new Uint8Array(1), null), guarded.write(fd, new Uint8Array(1), null), guarded.pathOf(fd)], [-EISDIR, -EBADF, '/']);
  assert.is(guarded.write(1, bytesOf('out'), null), 3);
});
closed.run();

const overlay = suite('confine › overlay');
overlay('what is written is read back, and the host keeps what it had', () => {
  const host = memory(), over = new OverlayHost(host);
  assert.is(spill(over, '/home/a.txt', 'HELL', O_WRONLY), 4);
  assert.is(spill(over, '/home/new', 'new'), 3);
  assert.equal([slurp(over, '/home/a.txt'), slurp(over, '/home/link'), slurp(over, '/home/new')], ['HELLo\n', 'HELLo\n', 'new']);
  assert.equal([host.text('/home/a.txt'), host.text('/home/new')], ['hello\n', null]);
});
overlay('an open file sees what is written through another descriptor, before and after the first write', () => {
  const over = new OverlayHost(memory()), reader = over.open('/home/a.txt', 0, 0), bytes = new Uint8Array(6);
  over.read(reader, bytes, 0);
  spill(over, '/home/a.txt', 'J', O_WRONLY);
  assert.is(over.read(reader, bytes, 0), 6);
  assert.is(byteString(bytes), 'Jello\n');
});
overlay('an unlinked file lives as long as it is open; a new one of its name is another', () => {
  const over = new OverlayHost(memory()), fd = over.open('/home/a.txt', O_RDWR, 0), bytes = new Uint8Array(6);
  assert.is(over.unlink('/home/a.txt'), 0);
  assert.is(slurp(over, '/home/a.txt'), -ENOENT);
  spill(over, '/home/a.txt', 'other');
  assert.equal([over.read(fd, bytes, 0), byteString(bytes)], [6, 'hello\n']);
  assert.is(over.pathOf(fd), -ENOENT);
  over.close(fd);
  assert.is(slurp(over, '/home/a.txt'), 'other');
});
for (const path of ['/home/a.txt', '/home/made']) {
  overlay(`${path} gets no name back when it is changed by its descriptor`, () => {
    const over = new OverlayHost(memory()), fd = over.open(path, O_RDWR | O_CREAT, 0o644);
    assert.is(over.unlink(path), 0);
    assert.equal([over.ftruncate(fd, 100), over.fchmod(fd, 0o600), over.fsetTimes(fd, 1n, 1n)], [0, 0, 0]);
    assert.equal([over.stat(path, false), over.pathOf(fd)], [-ENOENT, -ENOENT]);
    spill(over, '/home/other', 'other');
    const covered = over.open('/home/other', O_RDWR, 0);
    spill(over, '/home/new', 'new');
    assert.equal([over.rename('/home/new', '/home/other'), over.ftruncate(covered, 0), slurp(over, '/home/other')], [0, 0, 'new']);
  });
}
overlay('a renamed directory takes what the host has in it along', () => {
  const host = memory(), over = new OverlayHost(host);
  assert.is(over.rename('/home/d', '/tmp/e'), 0);
  assert.equal([slurp(over, '/tmp/e/b.txt'), over.stat('/home/d', true), over.list('/tmp'), host.text('/home/d/b.txt')], ['b', -ENOENT, ['e'], 'b']);
  assert.is(over.mkdir('/home/d', 0o755), 0);
  assert.equal([over.list('/home/d'), over.realPath('/tmp/e/b.txt')], [[], '/tmp/e/b.txt']);
});
overlay('a file keeps its inode when it is changed or renamed', () => {
  const over = new OverlayHost(memory()), ino = (path: string): bigint => { const stat = over.stat(path, true); return typeof stat === 'number' ? -1n : stat.ino; };
  const before = ino('/home/a.txt');
  spill(over, '/home/a.txt', 'x');
  over.rename('/home/a.txt', '/home/z');
  assert.is(ino('/home/z'), before);
});
overlay('memory is bounded: ENOSPC, and room again when files go', () => {
  const over = new OverlayHost(memory(), '/', 1 << 20), fd = over.open('/home/big', O_RDWR | O_CREAT, 0o644), piece = new Uint8Array(1 << 16);
  let at = 0;
  for (let put = 1; put > 0; at += Math.max(0, put)) put = over.write(fd, piece, at);
  assert.is(over.write(fd, piece, at), -ENOSPC);
  assert.ok(at > 900_000 && at <= 1 << 20);
  over.close(fd);
  over.unlink('/home/big');
  assert.is(spill(over, '/home/other', 'fits'), 4);
  let made = 0;
  for (let result = 0; result === 0; made++) result = over.mkdir(`/home/n${made}`, 0o755);
  assert.ok(made < 1100 && over.mkdir('/home/more', 0o755) === -ENOSPC);
  assert.is(over.unlink('/home/link'), 0);
});
overlay('files are dated by the clock it is given', () => {
  const over = new OverlayHost(memory());
  over.useClock(() => 42n);
  spill(over, '/home/new', 'x');
  const stat = over.stat('/home/new', true);
  assert.ok(typeof stat !== 'number' && stat.mtimeNs === 42n);
});
overlay('owners and modes are kept, and obeyed by everyone but root', () => {
  const host = memory(), over = new OverlayHost(host);
  assert.is(over.chmod('/home/a.txt', 0o200), 0);
  assert.equal([slurp(over, '/home/a.txt'), over.access('/home/a.txt', 4), over.access('/home/a.txt', 2)], [-EACCES, -EACCES, 0]);
  assert.is(over.chown('/home/a.txt', 0, 0, true), -EPERM);
  host.user = { ...host.user, euid: 0 };
  assert.equal([over.chown('/home/a.txt', 7, 7, true), slurp(over, '/home/a.txt')], [0, 'hello\n']);
  host.user = { ...host.user, euid: 1000 };
  assert.equal([over.chmod('/home/a.txt', 0o777), over.mkdir('/tmp/x', 0o500), over.mkdir('/tmp/x/y', 0o755)], [-EPERM, 0, -EACCES]);
});
overlay.run();

const folder = mkdtempSync(join(tmpdir(), 'tramp64-confine-')), disk = new NodeHost();
const rooted = suite('confine › root');
rooted.before(() => {
  for (const path of ['/root', '/root/d', '/root/d/e', '/outside']) disk.mkdir(folder + path, 0o755);
  spill(disk, `${folder}/secret`, 'secret');
  spill(disk, `${folder}/root/secret`, 'inside');
  for (const [path, target] of [['up', '../secret'], ['far', '../../../../../../secret'], ['absolute', '/secret'], ['out', `${folder}/secret`], ['loop', 'loop'], ['d/up', '../../../secret'], ['dir', '/d/..']] as const) {
    disk.symlink(target, `${folder}/root/${path}`);
  }
});
const inside = (): RootedHost => new RootedHost(disk, `${folder}/root`);
rooted('`..` and links end at the root, however far they would lead', () => {
  for (const path of ['/secret', '/../secret', '/d/../../../secret', '/up', '/far', '/absolute', '/d/up', '/dir/secret', '/dir/../../secret', '/d/e/../../far']) assert.is(slurp(inside(), path), 'inside', path);
  assert.is(slurp(inside(), '/out'), -ENOENT);
});
rooted('circles are ELOOP, long names ENAMETOOLONG, files on the way ENOTDIR', () => {
  const host = inside();
  assert.equal([slurp(host, '/loop'), slurp(host, '/loop/x'), host.open('/up', O_NOFOLLOW, 0)], [-ELOOP, -ELOOP, -ELOOP]);
  assert.equal([slurp(host, `/${'n'.repeat(256)}`), slurp(host, `/${'d/../'.repeat(900)}`), slurp(host, '/secret/x'), slurp(host, '/secret/..'), slurp(host, '/secret/')], [-ENAMETOOLONG, -ENAMETOOLONG, -ENOTDIR, -ENOTDIR, -ENOTDIR]);
  for (let i = 0; i < 42; i++) host.symlink(i === 0 ? 'secret' : `n${i - 1}`, `/n${i}`);
  assert.equal([slurp(host, '/n39'), slurp(host, '/n40')], ['inside', -ELOOP]);
});
rooted('changes through links stay inside', () => {
  const host = inside();
  host.symlink('/made', '/through');
  assert.is(spill(host, '/through', 'text'), 4);
  assert.equal([slurp(disk, `${folder}/root/made`), slurp(disk, '/made')], ['text', -ENOENT]);
  assert.equal([host.open('/through', O_WRONLY | O_CREAT | O_EXCL, 0o644), host.realPath('/through'), host.truncate('/far', 0), slurp(disk, `${folder}/secret`)], [-EEXIST, '/made', 0, 'secret']);
  assert.equal([host.rename('/d/up', '/../../up2'), host.readLink('/up2'), host.readLink('/made')], [0, '../../../secret', -EINVAL]);
  spill(host, '/secret', 'inside');
});
rooted('a descriptor knows where its file is, as it is called inside', () => {
  const host = inside(), fd = host.open('/d/e/../e', O_DIRECTORY, 0);
  assert.is(host.pathOf(fd), '/d/e');
  host.close(fd);
});
rooted('an overlay can be inside a root', () => {
  const found = confine(disk, 'overlay', `${folder}/root`);
  if (typeof found === 'string') throw new Error(found);
  assert.equal([slurp(found.host, '/far'), spill(found.host, '/far', 'changed'), slurp(found.host, '/secret'), slurp(disk, `${folder}/root/secret`)], ['inside', 7, 'changed', 'inside']);
});
rooted('what is no directory is no root', () => {
  assert.match(String(confine(disk, 'host', `${folder}/none`)), /no such directory$/);
  assert.match(String(confine(disk, 'host', `${folder}/secret`)), /not a directory$/);
  assert.is(new TextDecoder().decode(readFileSync(`${folder}/secret`)), 'secret');
});
rooted.after(() => rmSync(folder, { recursive: true, force: true }));
rooted.run();
