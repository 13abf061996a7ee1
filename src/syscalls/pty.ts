/** Pseudo-terminals (pty(7), ptmx(4)): a master that types and sees, a slave that programs take for a terminal. */
import { EAGAIN, EFAULT, EINVAL, EIO } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import { copyInPieces, copyOutPieces } from './buffers.ts';
import { FileDescription, type File, type Result, type Stat, type UserBuffer } from './file.ts';
import { signalGroup } from './groups.ts';
import { LineDiscipline } from './line-discipline.ts';
import { DEV_DEV } from './made-up.ts';
import { LineReader } from './line-reader.ts';
import type { KernelTask, System } from './process.ts';
import { putInt } from './structure.ts';
import { FIONREAD, mayRead, mayWrite, PTY_FLAGS, Terminal, terminalIoctl, TIOCGPGRP, type TerminalActions } from './terminal.ts';
import { O_ACCMODE, O_CLOEXEC, O_NONBLOCK, POLLERR, POLLHUP, POLLIN, POLLOUT, S_IFCHR } from './uapi.ts';

const TIOCPKT = 0x5420, TIOCGPTN = 0x8004_5430, TIOCSPTLCK = 0x4004_5431, TIOCGPTLCK = 0x8004_5439, TIOCGPTPEER = 0x5441, TIOCSIG = 0x4004_5436;
/** Major of slaves (Unix98). */
const SLAVE_MAJOR = 136n;
export const PTMX_STAT: Stat = { mode: S_IFCHR | 0o666, ino: 2n, nlink: 1, rdev: 0x502n, blksize: 1024 };
const SIGHUP = 1, SIGCONT = 18, SIGWINCH = 28, SIGNAL_MAX = 64;

/** Both ends. */
export class Pty implements TerminalActions {
  readonly index: number;
  readonly system: System;
  readonly terminal = new Terminal(PTY_FLAGS);
  readonly line: LineDiscipline;
  isLocked = true;
  isHungUp = false;
  slaves = 0;
  /** A slave was open once: without one now, the master reads EIO. */
  hadSlave = false;
  constructor(system: System, index: number) {
    this.system = system; this.index = index;
    this.line = new LineDiscipline(this.terminal, signal => this.signal(signal));
  }
  /** To whoever is in the foreground. */
  signal(signal: number): void { if (this.terminal.foreground !== 0) signalGroup(this.system, this.terminal.foreground, signal); }
  changed(isFlushing: boolean): void { if (isFlushing) this.line.flushInput(); this.line.changed(); }
  resized(): void { this.signal(SIGWINCH); }
  flush(queue: number): void {
    if (queue !== 1) this.line.flushInput();
    if (queue !== 0) this.line.output.clear();
  }
  waiting(): number { return this.line.waiting; }
  hangUp(): void {
    this.isHungUp = true;
    this.system.shared.ptys.delete(this.index);
    this.leave();
  }
  /** The session's leader has gone, or the master: the foreground hears of it, and the terminal is nobody's. */
  leave(): void {
    this.signal(SIGHUP);
    this.signal(SIGCONT);
    this.terminal.session = this.terminal.foreground = 0;
  }
  slaveStat(): Stat {
    const { user } = this.system.host;
    // ttyname(3) compares this with what its name in /dev/pts tells.
    return { dev: DEV_DEV, mode: S_IFCHR | 0o620, ino: BigInt(this.index + 3), nlink: 1, uid: user.uid, gid: user.gid, rdev: SLAVE_MAJOR << 8n | BigInt(this.index), blksize: 1024 };
  }
}

/** What /dev/ptmx opens. */
export class PtyMaster implements File {
  readonly name = '/dev/ptmx';
  readonly pty: Pty;
  private hasPackets = false;
  constructor(pty: Pty) { this.pty = pty; }
  read(to: UserBuffer): Result {
    const { pty } = this, { output } = pty.line, skip = this.hasPackets ? 1 : 0;
    if (to.length === 0) return 0;
    if (output.length === 0) return pty.hadSlave && pty.slaves === 0 ? -EIO : -EAGAIN;
    // In packet mode a byte goes before the data: 0, TIOCPKT_DATA.
    const first = { ...to, length: Math.min(to.length, pty.system.staging.length) };
    return copyOutPieces(first, pty.system.staging, into => { if (skip > 0) into[0] = 0; return output.take(into.subarray(skip)) + skip; });
  }
  write(from: UserBuffer): Result {
    if (from.length === 0) return 0;
    const typed = copyInPieces(from, this.pty.system.staging, bytes => this.pty.line.type(bytes));
    return typed === 0 ? -EAGAIN : typed;
  }
  readonly writesAll = true;
  poll(): number {
    const { pty } = this;
    return (pty.line.output.length > 0 ? POLLIN : 0) | POLLOUT | (pty.hadSlave && pty.slaves === 0 ? POLLHUP : 0);
  }
  ioctl(request: number, argument: Va, memory: UserMemory, task: KernelTask | null = null): Result {
    const { pty } = this;
    const put = (value: number): Result => putInt(memory, argument, value);
    const take = (): number | null => { const bytes = new Uint8Array(4); return memory.copyIn(argument, bytes) ? new DataView(bytes.buffer).getInt32(0, true) : null; };
    switch (request) {
      case TIOCGPTN: return put(pty.index);
      case TIOCGPTLCK: return put(pty.isLocked ? 1 : 0);
      case TIOCSPTLCK: case TIOCPKT: {
        const value = take();
        if (value === null) return -EFAULT;
        if (request === TIOCPKT) this.hasPackets = value !== 0; else pty.isLocked = value !== 0;
        return 0;
      }
      case TIOCGPTPEER: return task === null ? -EINVAL : openPeer(pty, task, argument);
      case TIOCSIG:
        if (argument < 1 || argument > SIGNAL_MAX) return -EINVAL;
        pty.signal(argument);
        return 0;
      case FIONREAD: return put(pty.line.output.length);
      // The master may ask whose the slave is, though it controls nobody.
      case TIOCGPGRP: return terminalIoctl(pty.terminal, pty, request, argument, memory, null);
      default: return terminalIoctl(pty.terminal, pty, request, argument, memory, task);
    }
  }
  stat(): Stat { return { dev: DEV_DEV, ...PTMX_STAT }; }
  fdinfo(): string { return `tty-index:\t${this.pty.index}\n`; }
  release(): void { this.pty.hangUp(); }
}
function openPeer(pty: Pty, task: KernelTask, flags: number): Result {
  return task.process.files.install(new FileDescription(new PtySlave(pty), flags & (O_ACCMODE | O_NONBLOCK)), (flags & O_CLOEXEC) !== 0);
}

/** What /dev/pts/N opens. */
export class PtySlave implements File {
  readonly pty: Pty;
  private waits = true;
  private readonly reader = new LineReader();
  constructor(pty: Pty) { this.pty = pty; pty.slaves += 1; pty.hadSlave = true; }
  flagged(flags: number): void { this.waits = (flags & O_NONBLOCK) === 0; }
  get name(): string { return `/dev/pts/${this.pty.index}`; }
  read(to: UserBuffer, _at: number, _isExplicit?: boolean, task: KernelTask | null = null): Result {
    const { pty } = this;
    if (pty.isHungUp || to.length === 0) return 0;
    const allowed = mayRead(pty.terminal, task);
    if (allowed < 0) return allowed;
    const { staging } = pty.system, into = staging.subarray(0, Math.min(to.length, staging.length));
    const got = this.reader.read(pty.line, pty.system, into, this.waits, task);
    if (got === null) return -EAGAIN;
    return to.memory.copyOut(to.address, into.subarray(0, got)) ? got : -EFAULT;
  }
  write(from: UserBuffer, _at: number, _isExplicit?: boolean, task: KernelTask | null = null): Result {
    if (this.pty.isHungUp) return -EIO;
    const allowed = from.length === 0 ? 0 : mayWrite(this.pty.terminal, task);
    if (allowed < 0 || from.length === 0) return allowed;
    const shown = copyInPieces(from, this.pty.system.staging, bytes => this.pty.line.write(bytes));
    return shown === 0 ? -EAGAIN : shown;
  }
  readonly writesAll = true;
  poll(): number {
    const { line, isHungUp } = this.pty;
    if (isHungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP;
    return (line.readable > 0 ? POLLIN : 0) | (line.canWrite ? POLLOUT : 0);
  }
  ioctl(request: number, argument: Va, memory: UserMemory, task: KernelTask | null = null): Result {
    if (this.pty.isHungUp) return -EIO;
    return terminalIoctl(this.pty.terminal, this.pty, request, argument, memory, task);
  }
  stat(): Stat { return this.pty.slaveStat(); }
  sync(): Result { return -EINVAL; }
  reopen(): File | Result { return this.pty.isHungUp ? -EIO : new PtySlave(this.pty); }
  release(): void { this.pty.slaves -= 1; }
}
