/**
 * The host's terminal as a program sets it (termios(3)). As long as it is to edit lines and show what is typed, the host's own does it; a program that wants
 * it otherwise makes the host's raw, and the line discipline here does what is left to do: signals, echo, VMIN.
 */
import type { Host } from '../host/host.ts';
import type { Result } from './file.ts';
import { signalGroup } from './groups.ts';
import { LineDiscipline } from './line-discipline.ts';
import type { KernelTask } from './process.ts';
import { hasPending } from './signal.ts';
import { Terminal } from './terminal.ts';
import { ERESTARTSYS } from '../base/errno.ts';

const ISIG = 1, ICANON = 2, ECHO = 8, PLAIN = ISIG | ICANON | ECHO;

export class HostTerminal extends Terminal {
  private discipline: LineDiscipline | null = null;
  private isRaw = false;

  /** Settings have changed: is the host's to be raw? */
  changed(host: Host, fd: number, isFlushing: boolean, task: KernelTask | null): void {
    const isRaw = (this.flags[3]! & PLAIN) !== PLAIN;
    if (isFlushing) this.discipline?.flushInput();
    if (isRaw !== this.isRaw && host.setRaw(fd, isRaw) === 0) this.isRaw = isRaw;
    if (this.isRaw && task !== null) this.discipline ??= new LineDiscipline(this, signal => signalGroup(task.process.system, this.foreground, signal));
    this.discipline?.changed();
  }
  /** What a read gets that may wait for what is typed; null: the host's terminal has it as it is to be. */
  read(host: Host, fd: number, into: Uint8Array, task: KernelTask | null): Result | null {
    const line = this.discipline;
    if (line === null || !this.isRaw && line.waiting === 0) return null;
    for (;;) {
      const got = line.read(into, true);
      if (got !== null || !this.isRaw) return got ?? 0;
      const typed = new Uint8Array(256), count = host.read(fd, typed, null);
      if (count <= 0) return count;
      line.type(typed.subarray(0, count));
      const shown = new Uint8Array(1024);
      for (let length = line.output.take(shown); length > 0; length = line.output.take(shown)) host.write(fd, shown.subarray(0, length), null);
      if (task !== null && hasPending(task.signals)) return -ERESTARTSYS;
    }
  }
  get waiting(): number { return this.discipline?.waiting ?? 0; }
}
