/** ioctls of terminals (ioctl_tty(2), termios(3)): what programs ask to learn whether they talk to a person. */
import { EFAULT, EINVAL, ENOTTY } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { Host } from '../host/host.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Result } from './file.ts';

export const TCGETS = 0x5401, TCSETS = 0x5402, TCSETSF = 0x5404, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413,
  FIONREAD = 0x541b, FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451;
/** The process group in the foreground: the one there is. */
export const FOREGROUND_GROUP = 1000;

/** A terminal as `stty sane` leaves it: c_iflag, c_oflag, c_cflag, c_lflag, then c_line and the control characters from VINTR on. */
const SANE_FLAGS = [0x4500, 0x5, 0xbf, 0x8a3b] as const;
const SANE_CHARACTERS = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0] as const;
const TERMIOS_BYTES = 36;

export function terminalIoctl(host: Host, fd: number, request: number, argument: Va, memory: UserMemory): Result {
  if (!host.isTerminal(fd)) return -ENOTTY;
  const put = (bytes: Uint8Array): Result => memory.copyOut(argument, bytes) ? 0 : -EFAULT;
  if (request === TCGETS) return put(saneTermios());
  if (request >= TCSETS && request <= TCSETSF) return 0;
  if (request === TIOCGPGRP) return put(new Uint8Array(new Uint32Array([FOREGROUND_GROUP]).buffer));
  if (request === TIOCSPGRP) return 0;
  if (request === FIONREAD) return put(new Uint8Array(4));
  if (request === TIOCGWINSZ) {
    const size = host.windowSize(fd) ?? { columns: 80, rows: 24 };
    return put(new Uint8Array(new Uint16Array([size.rows, size.columns, 0, 0]).buffer));
  }
  return -EINVAL;
}

function saneTermios(): Uint8Array {
  const bytes = new Uint8Array(TERMIOS_BYTES);
  bytes.set(new Uint8Array(new Uint32Array(SANE_FLAGS).buffer));
  bytes.set(SANE_CHARACTERS, 17);
  return bytes;
}
