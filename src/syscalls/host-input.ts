/** What comes from outside when it comes: terminals, pipes and sockets of the host as standard input (read(2), poll(2)). */
import { EAGAIN, EBADF } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import type { Result } from './file.ts';
import type { System } from './process.ts';

/** Whether somebody waits for what is outside, for those who decide what happens meanwhile. */
export interface Outside {
  /** A sleeper has asked in vain. */
  isAwaited: boolean;
  /**
   * How long the whole machine waits for a pipe before others go on without what comes by it. Whoever feeds the pipe is seldom as late as that: so two runs with
   * the same input are the same. 0 where time is the host's own.
   */
  readonly patienceMilliseconds: number;
}

const PAUSE_MILLISECONDS = 0.25, PAUSE_MILLISECONDS_MAX = 4, LINE_FEED = 10;

/** One stream of the host, whoever has it open. A look whether there is something takes a byte, which is kept for the next read. */
export class HostInput {
  private readonly kept = new Uint8Array(1);
  private hasKept = false;
  private isOver = false;
  /** It was waited for in vain, and has not come. */
  private isLate = false;
  private readonly host: Host;
  private readonly outside: Outside;
  private readonly isTerminal: boolean;
  constructor(host: Host, outside: Outside, isTerminal: boolean) { this.host = host; this.outside = outside; this.isTerminal = isTerminal; }

  /** @param mayBlock nobody else could do anything meanwhile; -EAGAIN: others are to go on */
  read(fd: number, into: Uint8Array, mayBlock: boolean): Result {
    if (into.length === 0) return 0;
    if (this.hasKept) {
      into[0] = this.kept[0]!;
      this.hasKept = false;
      // A line ends a terminal's read.
      const more = into[0] === LINE_FEED || into.length === 1 ? 0 : this.host.readNow(fd, into.subarray(1));
      if (more === 0 && into[0] !== LINE_FEED && into.length > 1) this.isOver = true;
      return 1 + Math.max(0, more);
    }
    if (this.isOver) { this.isOver = false; return 0; }
    return mayBlock ? this.host.read(fd, into, null) : this.now(fd, into);
  }
  /** 'later': nothing yet; 'end': no more will come; 'never': it is no input. */
  look(fd: number): 'now' | 'later' | 'end' | 'never' {
    if (this.hasKept) return 'now';
    if (this.isOver) return 'end';
    const got = this.now(fd, this.kept);
    if (got < 0) return got === -EAGAIN ? 'later' : got === -EBADF ? 'never' : 'now';
    if (got > 0) this.hasKept = true; else this.isOver = true;
    return got === 0 ? 'end' : 'now';
  }
  private now(fd: number, into: Uint8Array): Result {
    const { host, outside } = this;
    let got = host.readNow(fd, into);
    for (let left = this.isTerminal || this.isLate ? 0 : outside.patienceMilliseconds; got === -EAGAIN && left > 0; left -= PAUSE_MILLISECONDS) {
      host.pause(PAUSE_MILLISECONDS);
      got = host.readNow(fd, into);
    }
    this.isLate = got === -EAGAIN;
    if (this.isLate) outside.isAwaited = true;
    return got;
  }
}

/** While all sleep, and some of them wait for what is outside: looks, ever less often, up to the next moment that somebody waits for. */
export class Vigil {
  private fromNs = -1n;
  private clockNs = 0;
  private milliseconds = PAUSE_MILLISECONDS;
  private readonly system: System;
  constructor(system: System) { this.system = system; }

  /** Sleepers are asked afterwards: who still waits says so again. @param at the next moment on the monotonic clock, if any */
  wait(at: number | undefined): void {
    const { clock, host, outside } = this.system;
    outside.isAwaited = false;
    if (this.fromNs < 0n) {
      this.fromNs = host.realTimeNs(); this.clockNs = clock.monotonicNs();
      return;
    }
    const leftMs = at === undefined ? Infinity : (at - this.clockNs - Number(host.realTimeNs() - this.fromNs)) / 1e6;
    if (leftMs > 0) {
      host.pause(Math.min(this.milliseconds, leftMs));
      this.milliseconds = Math.min(2 * this.milliseconds, PAUSE_MILLISECONDS_MAX);
      return;
    }
    clock.advanceTo(at!);
    this.fromNs = -1n;
  }
}
