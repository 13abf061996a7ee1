/** A host whose standard input is another file or nothing, and whose standard output goes elsewhere: for a program beside which somebody else has the terminal. */
import { ENOTTY } from '../base/errno.ts';
import type { ByteString, Host, HostResult, HostStat, WindowSize } from './host.ts';
import { WrappedHost } from './wrapped-host.ts';

export interface Redirection {
  /** A descriptor of the host's in place of standard input; null: an empty one; absent: its own. */
  readonly input?: number | null;
  /** In place of standard output: a descriptor, or who gets the bytes. (Standard error stays, if it is a descriptor.) */
  readonly output?: number | ((bytes: Uint8Array, fd: number) => void);
}
const STDIN = 0, STDOUT = 1, STDERR = 2;

export class RedirectedHost extends WrappedHost {
  private readonly redirection: Redirection;
  constructor(inner: Host, redirection: Redirection) { super(inner); this.redirection = redirection; }

  private get hasNoInput(): boolean { return this.redirection.input === null; }
  private own(fd: number): number {
    const { input, output } = this.redirection;
    if (fd === STDIN && typeof input === 'number') return input;
    return fd === STDOUT && typeof output === 'number' ? output : fd;
  }
  override close(fd: number): void { if (fd > STDERR) super.close(fd); }
  override read(fd: number, into: Uint8Array, at: number | null): HostResult { return fd === STDIN && this.hasNoInput ? 0 : super.read(this.own(fd), into, at); }
  override readNow(fd: number, into: Uint8Array): HostResult { return fd === STDIN && this.hasNoInput ? 0 : super.readNow(this.own(fd), into); }
  override write(fd: number, from: Uint8Array, at: number | null): HostResult {
    const { output } = this.redirection;
    if ((fd !== STDOUT && fd !== STDERR) || typeof output !== 'function') return super.write(this.own(fd), from, at);
    output(from, fd);
    return from.length;
  }
  override position(fd: number): HostResult { return super.position(this.own(fd)); }
  override pathOf(fd: number): ByteString | HostResult { return super.pathOf(this.own(fd)); }
  override reopen(fd: number, flags: number): HostResult { return super.reopen(this.own(fd), flags); }
  override fstat(fd: number): HostStat | HostResult { return super.fstat(this.own(fd)); }
  override ftruncate(fd: number, length: number): HostResult { return super.ftruncate(this.own(fd), length); }
  override fsync(fd: number): HostResult { return super.fsync(this.own(fd)); }
  override isTerminal(fd: number): boolean { return !this.isElsewhere(fd) && super.isTerminal(fd); }
  override setRaw(fd: number, isRaw: boolean): HostResult { return this.isElsewhere(fd) ? -ENOTTY : super.setRaw(fd, isRaw); }
  override windowSize(fd: number): WindowSize | null { return this.isElsewhere(fd) ? null : super.windowSize(fd); }
  private isElsewhere(fd: number): boolean {
    const { input, output } = this.redirection;
    return fd === STDIN ? input !== undefined : fd === STDOUT ? output !== undefined : fd === STDERR && typeof output === 'function';
  }
}
