/** Terminals as programs set them (ioctl_tty(2), termios(3)): settings, size, whose they are. What bytes do is pty.ts's, or the host's. */
import { EFAULT, EINVAL, EIO, ENOTTY, EPERM, ERESTARTSYS, ESRCH } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Result } from './file.ts';
import { signalGroup } from './groups.ts';
import type { KernelTask } from './process.ts';
import { isBlocked, isIgnored, isOrphaned } from './signal.ts';
import { putInt } from './structure.ts';

export const TCGETS = 0x5401, TCSETS = 0x5402, TCSETSF = 0x5404, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413,
  FIONREAD = 0x541b, FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIOASYNC = 0x5452;
const TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e, TIOCOUTQ = 0x5411,
  TIOCSTI = 0x5412, TIOCSWINSZ = 0x5414, TIOCNOTTY = 0x5422, TIOCSETD = 0x5423, TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCGSID = 0x5429,
  TCGETS2 = 0x802c_542a, TCSETS2 = 0x402c_542b, TCSETSF2 = 0x402c_542d;
/** What a process in the background may not do. */
const CHANGING: ReadonlySet<number> = new Set([
  TCSETS, TCSETS + 1, TCSETSF, TCSETS2, TCSETS2 + 1, TCSETSF2, TCSBRK, TCSBRKP, TCXONC, TCFLSH, TIOCSPGRP, TIOCSETD,
]);
/** The process group in the foreground of the terminal a program is started on. */
export const FOREGROUND_GROUP = 1000;

/** c_iflag, c_oflag, c_cflag, c_lflag: as `stty sane` leaves them, and as a new pseudo-terminal has them. */
export const SANE_FLAGS: readonly number[] = [0x4500, 0x5, 0xbf, 0x8a3b], PTY_FLAGS: readonly number[] = [0x500, 0x5, 0xbf, 0x8a3b];
/** From VINTR on. */
const SANE_CHARACTERS: readonly number[] = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0];
/** struct termios, and termios2 with its two speeds. */
const TERMIOS_BYTES = 36, TERMIOS2_BYTES = 44;
const SPEED = 38400;

/** Settings, size and owner of one terminal. */
export class Terminal {
  readonly flags: Uint32Array;
  readonly characters = Uint8Array.from(SANE_CHARACTERS);
  private line = 0;
  rows = 0;
  columns = 0;
  /** The session it controls, 0: none; and the process group in its foreground. */
  session = 0;
  foreground = 0;

  constructor(flags: readonly number[]) { this.flags = Uint32Array.from(flags); }

  settings(length: number): Uint8Array {
    const bytes = new Uint8Array(length), view = new DataView(bytes.buffer);
    this.flags.forEach((flags, i) => view.setUint32(4 * i, flags, true));
    bytes[16] = this.line;
    bytes.set(this.characters, 17);
    if (length === TERMIOS2_BYTES) { view.setUint32(36, SPEED, true); view.setUint32(40, SPEED, true); }
    return bytes;
  }
  set(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < 4; i++) this.flags[i] = view.getUint32(4 * i, true);
    this.line = bytes[16] ?? 0;
    this.characters.set(bytes.subarray(17, TERMIOS_BYTES));
  }
}

/** What a terminal does beyond remembering. */
export interface TerminalActions {
  /** Settings have changed. `isFlushing`: input that was not read is dropped (TCSAFLUSH). */
  changed?(isFlushing: boolean): void;
  resized?(): void;
  /** TCFLSH: 0 input, 1 output, 2 both. */
  flush?(queue: number): void;
  /** Bytes there are to read, and bytes not yet taken. */
  waiting?(): number;
  unsent?(): number;
}

/** A terminal's ioctls. -ENOTTY: not one of them. */
export function terminalIoctl(
  terminal: Terminal, actions: TerminalActions, request: number, argument: Va, memory: UserMemory, task: KernelTask | null,
): Result {
  const put = (bytes: Uint8Array): Result => memory.copyOut(argument, bytes) ? 0 : -EFAULT;
  const tell = (value: number): Result => putInt(memory, argument, value);
  const take = (length: number): Uint8Array | null => { const bytes = new Uint8Array(length); return memory.copyIn(argument, bytes) ? bytes : null; };
  const set = (length: number, isFlushing: boolean): Result => {
    const bytes = take(length);
    if (bytes === null) return -EFAULT;
    terminal.set(bytes);
    actions.changed?.(isFlushing);
    return 0;
  };
  if (CHANGING.has(request)) {
    const allowed = jobControl(terminal, task, SIGTTOU);
    if (allowed < 0) return allowed === -EIO && request === TIOCSPGRP ? -ENOTTY : allowed;
  }
  if (request >= TCSETS && request <= TCSETSF) return set(TERMIOS_BYTES, request === TCSETSF);
  if (request >= TCSETS2 && request <= TCSETSF2) return set(TERMIOS2_BYTES, request === TCSETSF2);
  switch (request) {
    case TCGETS: return put(terminal.settings(TERMIOS_BYTES));
    case TCGETS2: return put(terminal.settings(TERMIOS2_BYTES));
    case TCSBRK: case TCSBRKP: case TCXONC: case TIOCEXCL: case TIOCNXCL: return 0;
    case TCFLSH: {
      if (argument > 2) return -EINVAL;
      actions.flush?.(argument);
      return 0;
    }
    case TIOCGWINSZ: return put(new Uint8Array(new Uint16Array([terminal.rows, terminal.columns, 0, 0]).buffer));
    case TIOCSWINSZ: {
      const bytes = take(8);
      if (bytes === null) return -EFAULT;
      const [rows = 0, columns = 0] = new Uint16Array(bytes.buffer), isChanged = rows !== terminal.rows || columns !== terminal.columns;
      terminal.rows = rows; terminal.columns = columns;
      if (isChanged) actions.resized?.();
      return 0;
    }
    case FIONREAD: return tell(actions.waiting?.() ?? 0);
    case TIOCOUTQ: return tell(actions.unsent?.() ?? 0);
    case TIOCGETD: return tell(0);
    case TIOCSETD: { const bytes = take(4); return bytes === null ? -EFAULT : bytes.some(byte => byte !== 0) ? -EINVAL : 0; }
    case TIOCSTI: return -EPERM;
    case TIOCGPGRP: return owns(terminal, task) ? tell(terminal.foreground) : -ENOTTY;
    case TIOCGSID: return owns(terminal, task) ? tell(terminal.session) : -ENOTTY;
    case TIOCSPGRP: {
      const bytes = take(4);
      return bytes === null ? -EFAULT : setForeground(terminal, task, new DataView(bytes.buffer).getInt32(0, true));
    }
    case TIOCSCTTY: return takeTerminal(terminal, task);
    case TIOCNOTTY: {
      if (!owns(terminal, task)) return -ENOTTY;
      if (task?.process.pid === terminal.session) { terminal.session = 0; terminal.foreground = 0; }
      return 0;
    }
    default: return -ENOTTY;
  }
}
const SIGTTIN = 21, SIGTTOU = 22, TOSTOP = 0x100;
/**
 * Whether a task may use the terminal now: not in the background (tty_ioctl(4), termios(3); Linux: __tty_check_change). Its group is told to stop, and the
 * call is made again when it goes on; -EIO where nobody could make it go on.
 */
function jobControl(terminal: Terminal, task: KernelTask | null, signal: number): Result {
  if (task === null || terminal.session !== task.process.session || terminal.foreground === 0 || terminal.foreground === task.process.group) return 0;
  if (isBlocked(task.signals, signal) || isIgnored(task.signals, signal)) return signal === SIGTTIN ? -EIO : 0;
  if (isOrphaned(task.process)) return -EIO;
  signalGroup(task.process.system, task.process.group, signal);
  return -ERESTARTSYS;
}
export function mayRead(terminal: Terminal, task: KernelTask | null): Result { return jobControl(terminal, task, SIGTTIN); }
export function mayWrite(terminal: Terminal, task: KernelTask | null): Result {
  return (terminal.flags[3]! & TOSTOP) === 0 ? 0 : jobControl(terminal, task, SIGTTOU);
}
/** Is it the terminal that controls the task's session? */
function owns(terminal: Terminal, task: KernelTask | null): boolean {
  return task === null || terminal.session !== 0 && terminal.session === task.process.session;
}
function setForeground(terminal: Terminal, task: KernelTask | null, group: number): Result {
  if (!owns(terminal, task)) return -ENOTTY;
  if (group < 0) return -EINVAL;
  if (task !== null && ![...task.process.system.processes.values()].some(process => process.group === group)) return -ESRCH;
  terminal.foreground = group;
  return 0;
}
/** TIOCSCTTY: a session's leader takes a terminal that is nobody's. */
export function takeTerminal(terminal: Terminal, task: KernelTask | null): Result {
  if (task === null) return 0;
  const session = task.process.session;
  if (terminal.session === session && task.process.pid === session) return 0;
  if (task.process.pid !== session || terminal.session !== 0) return -EPERM;
  terminal.session = session;
  terminal.foreground = task.process.group;
  return 0;
}
