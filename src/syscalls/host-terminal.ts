/**
 * The host's terminal as a program sets it (termios(3)). As long as it is to edit lines and show what is typed, the host's own does it; a program that wants
 * it otherwise makes the host's raw, and the line discipline here does what is left to do: signals, echo, VMIN.
 */
import { EAGAIN, ERESTARTSYS } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import type { Result } from './file.ts';
import { signalGroup } from './groups.ts';
import type { HostInput } from './host-input.ts';
import { LineDiscipline } from './line-discipline.ts';
import { LineReader } from './line-reader.ts';
import type { KernelTask } from './process.ts';
import { hasPending } from './signal.ts';
import { Terminal } from './terminal.ts';

const ISIG = 1, ICANON = 2, ECHO = 8, PLAIN = ISIG | ICANON | ECHO;

export class HostTerminal extends Terminal {
  private discipline: LineDiscipline | null = null;
  private readonly reader = new LineReader();
  private isRaw = false;

  /** Settings have changed: is the host's to be raw? */
  changed(host: Host, fd: number, isFlushing: boolean, task: KernelTask | null): void {
    const isRaw = (this.flags[3]! & PLAIN) !== PLAIN;
    if (isFlushing) this.discipline?.flushInput();
    if (isRaw !== this.isRaw && host.setRaw(fd, isRaw) === 0) this.isRaw = isRaw;
    if (this.isRaw && task !== null) this.discipline ??= new LineDiscipline(this, signal => signalGroup(task.process.system, this.foreground, signal));
    this.discipline?.changed();
  }
  /** What a read gets of what was typed; null: the host's terminal has it as it is to be. -EAGAIN: nothing yet. */
  read(host: Host, fd: number, input: HostInput, into: Uint8Array, task: KernelTask, waits: boolean): Result | null {
    const line = this.discipline, { system } = task.process;
    if (line === null || !this.isRaw && line.waiting === 0) return null;
    for (let mayBlock = false; ; mayBlock = waits && system.life.mayBlock) {
      const count = this.isRaw ? this.take(host, fd, input, line, mayBlock) : 0;
      if (hasPending(task.signals)) return -ERESTARTSYS;
      const got = this.reader.read(line, system, into, waits, task);
      if (got !== null) return got;
      if (count !== -EAGAIN && count <= 0) return count;
      if (!waits || !system.life.mayBlock) return -EAGAIN;
    }
  }
  /** Whether a read would not wait; null: the host's terminal knows. */
  look(host: Host, fd: number, input: HostInput): boolean | null {
    const line = this.discipline;
    if (line === null || !this.isRaw && line.waiting === 0) return null;
    const count = line.readable === 0 && this.isRaw ? this.take(host, fd, input, line, false) : -EAGAIN;
    return line.readable > 0 || count === 0;
  }
  /** Types what was typed; shows what that shows. */
  private take(host: Host, fd: number, input: HostInput, line: LineDiscipline, mayBlock: boolean): Result {
    const typed = new Uint8Array(256), count = input.read(fd, typed, mayBlock);
    if (count <= 0) return count;
    line.type(typed.subarray(0, count));
    const shown = new Uint8Array(1024);
    for (let length = line.output.take(shown); length > 0; length = line.output.take(shown)) host.write(fd, shown.subarray(0, length), null);
    return count;
  }
  get waiting(): number { return this.discipline?.waiting ?? 0; }
}
