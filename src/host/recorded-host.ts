/** A host whose answers are kept: who runs the same program again gets the same answers from the record, and nothing is done a second time. */
import type { ByteString, Host, HostResult, HostStat, HostVolume, WindowSize } from './host.ts';
import { WrappedHost } from './wrapped-host.ts';

interface Entry { readonly question: string; readonly answer: unknown; readonly bytes: Uint8Array | null }

/** What was asked, and what came of it: shared by all who run the program. */
export class HostRecord {
  readonly entries: Entry[] = [];
  /** Answers that were dropped because other questions came. */
  dropped = 0;
  /** Whose clock the host itself goes by. */
  clock: RecordedHost | null = null;
}

/** One run of the program: it asks from the first question on, at its own pace. Where the record ends, or other questions come, it asks the host. */
export class RecordedHost extends WrappedHost {
  private readonly record: HostRecord;
  private asked = 0;
  private nowNs: (() => bigint) | null = null;
  constructor(inner: Host, record: HostRecord) { super(inner); this.record = record; }

  /** Whether the next answer is the host's own. */
  get isLive(): boolean { return this.asked === this.record.entries.length; }

  private ask<Answer>(question: string, live: () => Answer): Answer { return this.entry(question, live, null).answer as Answer; }
  private entry(question: string, live: () => unknown, into: Uint8Array | null): Entry {
    const { entries } = this.record, known = entries[this.asked];
    if (known !== undefined && known.question === question) { this.asked += 1; return known; }
    this.record.dropped += entries.length - this.asked;
    entries.length = this.asked;
    this.lendClock();
    const answer = live(), entry = { question, answer, bytes: into === null || !((answer as number) > 0) ? null : into.slice(0, answer as number) };
    entries.push(entry);
    this.asked += 1;
    return entry;
  }
  private lendClock(): void {
    if (this.record.clock === this) return;
    this.record.clock = this;
    if (this.nowNs !== null) this.inner.useClock?.(this.nowNs);
  }
  override useClock(nowNs: () => bigint): void {
    this.nowNs = nowNs;
    if (this.record.clock === null || this.record.clock === this) { this.record.clock = this; this.inner.useClock?.(nowNs); }
  }

  override open(path: ByteString, flags: number, mode: number): HostResult { return this.ask(`open ${flags} ${mode} ${path}`, () => this.inner.open(path, flags, mode)); }
  override close(fd: number): void { this.ask(`close ${fd}`, () => { this.inner.close(fd); return 0; }); }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult {
    const { answer, bytes } = this.entry(`read ${fd} ${into.length} ${at ?? 'on'}`, () => this.inner.read(fd, into, at), into);
    if (bytes !== null) into.set(bytes);
    return answer as HostResult;
  }
  override readNow(fd: number, into: Uint8Array): HostResult {
    const { answer, bytes } = this.entry(`readNow ${fd} ${into.length}`, () => this.inner.readNow(fd, into), into);
    if (bytes !== null) into.set(bytes);
    return answer as HostResult;
  }
  /** Time that has passed once. */
  override pause(milliseconds: number): void { if (this.isLive) this.inner.pause(milliseconds); }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult {
    return this.ask(`write ${fd} ${from.length} ${at ?? 'on'} ${digest(from)}`, () => this.inner.write(fd, from, at));
  }
  override position(fd: number): HostResult { return this.ask(`position ${fd}`, () => this.inner.position(fd)); }
  override pathOf(fd: number): ByteString | HostResult { return this.ask(`pathOf ${fd}`, () => this.inner.pathOf(fd)); }
  override reopen(fd: number, flags: number): HostResult { return this.ask(`reopen ${fd} ${flags}`, () => this.inner.reopen(fd, flags)); }
  override fstat(fd: number): HostStat | HostResult { return this.ask(`fstat ${fd}`, () => this.inner.fstat(fd)); }
  override ftruncate(fd: number, length: number): HostResult { return this.ask(`ftruncate ${fd} ${length}`, () => this.inner.ftruncate(fd, length)); }
  override fchmod(fd: number, mode: number): HostResult { return this.ask(`fchmod ${fd} ${mode}`, () => this.inner.fchmod(fd, mode)); }
  override fchown(fd: number, uid: number, gid: number): HostResult { return this.ask(`fchown ${fd} ${uid} ${gid}`, () => this.inner.fchown(fd, uid, gid)); }
  override fsetTimes(fd: number, atimeNs: bigint, mtimeNs: bigint): HostResult {
    return this.ask(`fsetTimes ${fd} ${atimeNs} ${mtimeNs}`, () => this.inner.fsetTimes(fd, atimeNs, mtimeNs));
  }
  override fsync(fd: number): HostResult { return this.ask(`fsync ${fd}`, () => this.inner.fsync(fd)); }
  override stat(path: ByteString, followsLinks: boolean): HostStat | HostResult { return this.ask(`stat ${followsLinks} ${path}`, () => this.inner.stat(path, followsLinks)); }
  override volume(path: ByteString): HostVolume | HostResult { return this.ask(`volume ${path}`, () => this.inner.volume(path)); }
  override access(path: ByteString, mode: number): HostResult { return this.ask(`access ${mode} ${path}`, () => this.inner.access(path, mode)); }
  override list(path: ByteString): readonly ByteString[] | HostResult { return this.ask(`list ${path}`, () => this.inner.list(path)); }
  override readLink(path: ByteString): ByteString | HostResult { return this.ask(`readLink ${path}`, () => this.inner.readLink(path)); }
  override realPath(path: ByteString): ByteString | HostResult { return this.ask(`realPath ${path}`, () => this.inner.realPath(path)); }
  override unlink(path: ByteString): HostResult { return this.ask(`unlink ${path}`, () => this.inner.unlink(path)); }
  override rmdir(path: ByteString): HostResult { return this.ask(`rmdir ${path}`, () => this.inner.rmdir(path)); }
  override mkdir(path: ByteString, mode: number): HostResult { return this.ask(`mkdir ${mode} ${path}`, () => this.inner.mkdir(path, mode)); }
  override rename(from: ByteString, to: ByteString): HostResult { return this.ask(`rename ${from}\0${to}`, () => this.inner.rename(from, to)); }
  override link(from: ByteString, to: ByteString): HostResult { return this.ask(`link ${from}\0${to}`, () => this.inner.link(from, to)); }
  override symlink(target: ByteString, path: ByteString): HostResult { return this.ask(`symlink ${target}\0${path}`, () => this.inner.symlink(target, path)); }
  override truncate(path: ByteString, length: number): HostResult { return this.ask(`truncate ${length} ${path}`, () => this.inner.truncate(path, length)); }
  override chmod(path: ByteString, mode: number): HostResult { return this.ask(`chmod ${mode} ${path}`, () => this.inner.chmod(path, mode)); }
  override chown(path: ByteString, uid: number, gid: number, followsLinks: boolean): HostResult {
    return this.ask(`chown ${uid} ${gid} ${followsLinks} ${path}`, () => this.inner.chown(path, uid, gid, followsLinks));
  }
  override setTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint, followsLinks: boolean): HostResult {
    return this.ask(`setTimes ${atimeNs} ${mtimeNs} ${followsLinks} ${path}`, () => this.inner.setTimes(path, atimeNs, mtimeNs, followsLinks));
  }
  override isTerminal(fd: number): boolean { return this.ask(`isTerminal ${fd}`, () => this.inner.isTerminal(fd)); }
  override setRaw(fd: number, isRaw: boolean): HostResult { return this.ask(`setRaw ${fd} ${isRaw}`, () => this.inner.setRaw(fd, isRaw)); }
  override windowSize(fd: number): WindowSize | null { return this.ask(`windowSize ${fd}`, () => this.inner.windowSize(fd)); }
  override realTimeNs(): bigint { return this.ask('realTimeNs', () => this.inner.realTimeNs()); }
  override report(line: string): void { this.ask(`report ${line}`, () => { this.inner.report(line); return 0; }); }
}

/** 32 bits of FNV-1a (www.isthe.com/chongo/tech/comp/fnv). */
function digest(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < bytes.length; k++) hash = Math.imul(hash ^ bytes[k]!, 0x01000193);
  return hash >>> 0;
}
