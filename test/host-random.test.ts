/** Hosts that are not the disk, beside one that is: whatever is done to a tree of files, an overlay over it and a root inside it answer as Linux does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bytesOf, byteString, type Host, type HostStat } from '../src/host/host.ts';
import { NodeHost } from '../src/host/node-host.ts';
import { OverlayHost } from '../src/host/overlay-host.ts';
import { RootedHost } from '../src/host/rooted-host.ts';
import { Random } from './support/random.ts';

const CASES = Number(process.env['CASES'] ?? 25), SEED = Number(process.env['SEED'] ?? 1), STEPS = 40;
const NAMES = ['a', 'b', 'd', 'e', 'l', 'm'];
const disk = new NodeHost();
const folder = mkdtempSync(join(tmpdir(), 'tramp64-host-'));

/** A host whose root is `prefix` by way of spelling alone: links and `..` are Linux's own business. */
interface Prefixed { readonly host: Host; readonly prefix: string }
const O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000;

/** The tree everything starts from: files, directories in directories, links that lead somewhere, nowhere and in circles. */
function plant(at: string): void {
  disk.mkdir(dirname(at), 0o755);
  disk.mkdir(at, 0o755);
  // `..` of the root is the root: beside it, its names are there once more.
  for (const name of NAMES) disk.symlink(`root/${name}`, `${dirname(at)}/${name}`);
  for (const directory of ['/d', '/d/e', '/e']) disk.mkdir(at + directory, 0o755);
  for (const [path, text] of [['/a', 'file a\n'], ['/d/a', 'x'.repeat(40_000)], ['/d/e/b', ''], ['/e/m', 'm']] as const) {
    const fd = disk.open(at + path, O_CREAT | 1, 0o644);
    disk.write(fd, bytesOf(text), 0);
    disk.close(fd);
  }
  for (const [path, target] of [['/l', 'd'], ['/d/l', '../a'], ['/d/m', 'm'], ['/e/l', '../d/e/'], ['/e/a', 'nothing']] as const) disk.symlink(target, at + path);
}
type Answer = string | number | readonly string[];
/** What of an answer must be the same everywhere. */
function told(answer: HostStat | Answer): Answer {
  if (typeof answer === 'object' && 'mode' in answer) {
    const isDirectory = (answer.mode & 0o170000) === 0o040000;
    return `${answer.mode.toString(8)} ${isDirectory ? '' : `${answer.size} ${answer.nlink} ${answer.mtimeNs > 2_000_000_000n ? '' : answer.mtimeNs}`}`;
  }
  return Array.isArray(answer) ? [...answer as readonly string[]].sort() : answer as Answer;
}
/** One thing that is done to a host: the same to every one. `fds`: what it has open. */
type Step = (world: Prefixed, fds: number[]) => HostStat | Answer;

function randomStep(random: Random): { readonly text: string; readonly run: Step } {
  const name = (): string => NAMES[random.below(NAMES.length)]!;
  const part = (): string => random.below(12) === 0 ? '..' : random.below(20) === 0 ? '.' : name();
  const path = (): string => {
    const depth = 1 + random.below(3);
    // `..` at the beginning would leave a root that is only a prefix.
    return `/${name()}${Array.from({ length: depth - 1 }, () => `/${part()}`).join('')}${random.below(15) === 0 ? '/' : ''}`.replace(/^\/(\w)\/\.\.(.*\.\.)/, '/$1/.$2');
  };
  const p = path(), q = path(), mode = [0o600, 0o644, 0o755][random.below(3)]!, size = random.below(3) === 0 ? random.below(60_000) : random.below(50), which = random.below(4);
  const flags = [0, 2, 2, 2 | O_CREAT, 2 | O_CREAT | O_TRUNC, 2 | O_CREAT | O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_CREAT, 2 | O_NOFOLLOW][random.below(10)]!;
  const follows = random.below(2) === 0, target = random.below(3) === 0 ? name() : `../${name()}`;
  const fdOf = (fds: readonly number[]): number => fds[which] ?? -1;
  const steps: readonly (readonly [string, Step])[] = [
    [`open ${p} ${flags.toString(8)}`, ({ host, prefix }, fds) => {
      const fd = host.open(prefix + p, flags, mode);
      if (fd < 0) return fd;
      if (fds.length === 4) host.close(fds.shift()!);
      fds.push(fd);
      return 'opened';
    }],
    [`write #${which} ${size}`, ({ host }, fds) => {
      const stat = host.fstat(fdOf(fds));
      return typeof stat === 'number' || (stat.mode & 0o170000) !== 0o100000 ? 'none' : Math.max(0, host.write(fdOf(fds), bytesOf('w'.repeat(size)), size));
    }],
    [`ftruncate #${which} ${size}`, ({ host }, fds) => {
      const stat = host.fstat(fdOf(fds));
      return typeof stat === 'number' || (stat.mode & 0o170000) !== 0o100000 ? 'none' : host.ftruncate(fdOf(fds), size);
    }],
    [`fchmod #${which}`, ({ host }, fds) => fdOf(fds) < 0 ? 'none' : host.fchmod(fdOf(fds), mode)],
    [`read #${which} ${size}`, ({ host }, fds) => {
      const bytes = new Uint8Array(100), got = host.read(fdOf(fds), bytes, size);
      return got <= 0 ? got : byteString(bytes.subarray(0, got));
    }],
    [`fstat #${which}`, ({ host }, fds) => fdOf(fds) < 0 ? 'none' : host.fstat(fdOf(fds))],
    [`pathOf #${which}`, ({ host, prefix }, fds) => {
      const stat = host.fstat(fdOf(fds));
      // Of several names, Linux tells the one it was opened by.
      if (typeof stat === 'number' || stat.nlink > 1 && (stat.mode & 0o170000) !== 0o040000) return 'none';
      const found = host.pathOf(fdOf(fds));
      return typeof found === 'string' ? found.slice(found.startsWith(prefix) ? prefix.length : 0) || '/' : found;
    }],
    [`close #${which}`, ({ host }, fds) => { const [fd] = fds.splice(which, 1); if (fd !== undefined) host.close(fd); return 0; }],
    [`stat ${p} ${follows}`, ({ host, prefix }) => host.stat(prefix + p, follows)],
    [`list ${p}`, ({ host, prefix }) => host.list(prefix + p)],
    [`readLink ${p}`, ({ host, prefix }) => host.readLink(prefix + p)],
    [`realPath ${p}`, ({ host, prefix }) => { const real = host.realPath(prefix + p); return typeof real === 'string' ? real.slice(prefix.length) || '/' : real; }],
    [`access ${p}`, ({ host, prefix }) => host.access(prefix + p, 6)],
    [`mkdir ${p}`, ({ host, prefix }) => host.mkdir(prefix + p, mode)],
    [`rmdir ${p}`, ({ host, prefix }) => host.rmdir(prefix + p)],
    [`unlink ${p}`, ({ host, prefix }) => host.unlink(prefix + p)],
    [`rename ${p} ${q}`, ({ host, prefix }) => host.rename(prefix + p, prefix + q)],
    [`rename ${p} ${q}`, ({ host, prefix }) => host.rename(prefix + p, prefix + q)],
    [`link ${p} ${q}`, ({ host, prefix }) => host.link(prefix + p, prefix + q)],
    [`symlink ${target} ${p}`, ({ host, prefix }) => host.symlink(target, prefix + p)],
    [`truncate ${p} ${size}`, ({ host, prefix }) => host.truncate(prefix + p, size)],
    [`chmod ${p}`, ({ host, prefix }) => host.chmod(prefix + p, mode)],
    [`setTimes ${p}`, ({ host, prefix }) => host.setTimes(prefix + p, 1_000_000_000n, 1_000_000_000n, follows)],
  ];
  const [text, run] = steps[random.below(steps.length)]!;
  return { text, run };
}
/** Every name below the root with what it is: how a tree ended. */
function everything({ host, prefix }: Prefixed, path = ''): string[] {
  const names = host.list(`${prefix}${path}/`);
  return typeof names === 'number' ? [`${path}: ${names}`] : [...names].sort().flatMap(name => {
    const stat = host.stat(`${prefix}${path}/${name}`, false), line = `${path}/${name} ${String(told(stat))}`;
    return typeof stat !== 'number' && (stat.mode & 0o170000) === 0o040000 ? [line, ...everything({ host, prefix }, `${path}/${name}`)] : [line];
  });
}

const random = suite('hosts › at random');
random('an overlay and a root answer as the disk does, and the disk below an overlay stays as it was', () => {
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const rng = new Random(seed), [plain, inside, below] = ['plain', 'inside', 'below'].map(name => join(folder, `${name}${seed}`, 'root')) as [string, string, string];
    for (const at of [plain, inside, below]) plant(at);
    const overlay = new OverlayHost(disk, below), before = everything({ host: disk, prefix: below });
    const worlds = [{ host: disk, prefix: plain }, { host: new RootedHost(disk, inside), prefix: '' }, { host: overlay, prefix: '' }];
    overlay.useClock(() => 3_000_000_000n);
    const fds: number[][] = worlds.map(() => []), done: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      const { text, run } = randomStep(rng), [first, ...others] = worlds.map((world, i) => told(run(world, fds[i]!)));
      done.push(text);
      others.forEach((answer, i) => assert.equal(answer, first, `seed ${seed}, ${['rooted', 'overlay'][i]!}:\n${done.join('\n')}`));
    }
    const [ends, ...endings] = worlds.map(world => everything(world));
    for (const ending of endings) assert.equal(ending, ends, `seed ${seed}:\n${done.join('\n')}`);
    assert.equal(everything({ host: disk, prefix: below }), before, `seed ${seed}: the disk below`);
    worlds.forEach((world, i) => { for (const fd of fds[i]!) world.host.close(fd); });
  }
});
random.after(() => rmSync(folder, { recursive: true, force: true }));
random.run();
